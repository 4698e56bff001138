/* SPDX-License-Identifier: MIT */
/* Surfaces as copy engines and inline writes address them. */
#ifndef EMU_CE_H
#define EMU_CE_H

#include <stdbool.h>
#include <stdint.h>

/** Lines of bytes: at a pitch, or in blocks of GOBs. */
struct emu_surface {
    bool blocks;
    int64_t pitch;                 /* bytes from line to line */
    uint32_t block_h, block_d;     /* log2 of GOBs */
    uint32_t width, height, depth; /* bytes, lines, slices */
    uint32_t layer, x, y;          /* where the rectangle starts: slice, byte, line */
};

enum { EMU_GOB_WIDTH = 64, EMU_GOB_HEIGHT = 8, EMU_GOB_BYTES = 512, EMU_GOB_LINE = 16 };

/** Offset of a byte; x and y count from the rectangle's origin. Up to the next multiple of
 * EMU_GOB_LINE in x, bytes follow each other. */
uint64_t emu_surface_offset(const struct emu_surface *s, uint64_t x, uint64_t y);

/** SET_*_BLOCK_SIZE and the registers behind it. regs: of the block size's method. */
void emu_surface_read(struct emu_surface *s, const uint32_t *regs);

#endif
