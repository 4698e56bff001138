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

#endif
