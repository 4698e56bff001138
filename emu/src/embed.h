/* SPDX-License-Identifier: MIT */
/*
 * GSP-RM for a host that speaks to it without queues: the emulated kernel module calls the
 * emu_rm_*() functions of object.h itself.
 */
#ifndef EMU_EMBED_H
#define EMU_EMBED_H

#include "emu_priv.h"

/** GSP-RM runs, with no queues: 0 or -ENOMEM. */
int emu_embed_start(struct emu_gpu *gpu);

/** What GSP-RM would put into the status queue goes to `take` instead, with its name and the
 * payload in the release's layout. NULL: nowhere. */
void emu_embed_events(struct emu_gpu *gpu,
                      void (*take)(void *ctx, const char *name, const void *payload,
                                   uint32_t bytes),
                      void *ctx);

/** Which of several cards of one chip this is: ids, UUID and bus number follow from it. */
void emu_embed_number(struct emu_gpu *gpu, uint8_t number);

#endif
