/* SPDX-License-Identifier: MIT */
/* Constructors of RM's classes. */
#ifndef EMU_CLASS_H
#define EMU_CLASS_H

#include "emu_priv.h"
#include "wire.h"

/** Binds the allocation's params to the class's struct; false when there are none. */
bool emu_class_params(const struct emu_gpu *gpu, const struct emu_object *object,
                      const struct emu_alloc *a, struct emu_wire *w);

/* class_channel.c */
uint32_t emu_channel_construct(struct emu_gpu *gpu, struct emu_object *object,
                               const struct emu_alloc *a);
uint32_t emu_group_construct(struct emu_gpu *gpu, struct emu_object *object,
                             const struct emu_alloc *a);
uint32_t emu_share_construct(struct emu_gpu *gpu, struct emu_object *object,
                             const struct emu_alloc *a);

/* ctl_debug.c */
uint32_t emu_debugger_construct(struct emu_gpu *gpu, struct emu_object *object,
                                const struct emu_alloc *a);

#endif
