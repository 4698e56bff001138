/* SPDX-License-Identifier: MIT */
/* How VRAM is split: what clients may use, and what GSP-RM keeps at the top. */
#ifndef EMU_REGION_H
#define EMU_REGION_H

#include "card.h"
#include "wire.h"

/** Bytes from 0 on that clients may use. */
uint64_t emu_region_usable_bytes(const struct emu_card *card);
/** Fills NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS. */
void emu_region_fill(const struct emu_wire *w, const struct emu_card *card);

#endif
