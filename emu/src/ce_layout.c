/* SPDX-License-Identifier: MIT */
/*
 * Block-linear surfaces of Turing and later: GOBs of 64 bytes by 8 lines, stacked into blocks
 * of 2^n GOBs in height and depth, blocks one GOB wide in rows.
 *
 * Within a GOB come two halves of 32 bytes, in each two groups of 4 lines, in each two columns
 * of 16 bytes, in each 4 lines.
 */
#include "ce.h"

#include "host_methods.h"

static uint64_t
divide_up(uint64_t n, uint64_t by)
{
    return (n + by - 1) / by;
}

static uint64_t
in_gob(uint64_t x, uint64_t y)
{
    return (x / 32 % 2) * 256 + (y / 4 % 2) * 128 + (x / 16 % 2) * 64 + (y % 4) * 16 + x % 16;
}

uint64_t
emu_surface_offset(const struct emu_surface *s, uint64_t x, uint64_t y)
{
    const uint64_t lines = (uint64_t)EMU_GOB_HEIGHT << s->block_h;
    const uint64_t slices = UINT64_C(1) << s->block_d;
    const uint64_t block_bytes = EMU_GOB_BYTES * slices << s->block_h;
    const uint64_t across = divide_up(s->width, EMU_GOB_WIDTH);
    const uint64_t down = divide_up(s->height, lines);
    uint64_t block, gob;

    if (!s->blocks)
        return x + y * (uint64_t)s->pitch;
    x += s->x;
    y += s->y;
    block = (s->layer / slices * down + y / lines) * across + x / EMU_GOB_WIDTH;
    gob = ((s->layer % slices) << s->block_h) + y % lines / EMU_GOB_HEIGHT;
    return block * block_bytes + gob * EMU_GOB_BYTES + in_gob(x, y);
}

void
emu_surface_read(struct emu_surface *s, const uint32_t *regs)
{
    s->blocks = true;
    s->block_h = regs[0] >> 4 & 0xf;
    s->block_d = regs[0] >> 8 & 0xf;
    s->width = regs[CE_SURFACE_WIDTH / 4];
    s->height = regs[CE_SURFACE_HEIGHT / 4];
    s->depth = regs[CE_SURFACE_DEPTH / 4];
    s->layer = regs[CE_SURFACE_LAYER / 4];
}
