/* SPDX-License-Identifier: MIT */
/*
 * The two ways into a falcon's memories: ports, word by word, and its DMA engine.
 *
 * IMEM is kept in blocks of 256 bytes, each with a tag (its virtual address) and a secure bit.
 * Through a port the tag is what IMEMT held when the block's first word was written; through
 * DMA it is the offset in memory.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    IMEMC = 0x180, /* 16 bytes a port: control, data, tag */
    DMEMC = 0x1c0, /* 8 bytes a port: control, data */
    OFFS_MASK = 0xfffc,
    AINCW = 1 << 24,
    AINCR = 1 << 25,
    SECURE = 1 << 28,
    CMD_SECURE = 3 << 2,
    CMD_IMEM = 1 << 4,
    CMD_WRITE = 1 << 5,
};

static void
increment(uint32_t *control, uint32_t bit)
{
    const uint32_t at = *control & OFFS_MASK;

    if (*control & bit)
        *control = (*control & ~(uint32_t)OFFS_MASK) | ((at + 4) & OFFS_MASK);
}

static void
write_imem(struct emu_falcon *f, unsigned port, uint32_t value)
{
    const uint32_t at = f->imemc[port] & OFFS_MASK, block = at / EMU_FALCON_BLOCK;

    if (at % EMU_FALCON_BLOCK == 0) {
        f->tag[block] = f->imemt[port];
        f->secure[block] = f->imemc[port] & SECURE;
        f->loaded[block] = true;
    }
    memcpy(f->imem + at, &value, sizeof(value));
    increment(&f->imemc[port], AINCW);
}

/* A secure block reads as zero to the CPU. */
static uint32_t
read_imem(struct emu_falcon *f, unsigned port)
{
    const uint32_t at = f->imemc[port] & OFFS_MASK;
    uint32_t value = 0;

    if (!f->secure[at / EMU_FALCON_BLOCK])
        memcpy(&value, f->imem + at, sizeof(value));
    increment(&f->imemc[port], AINCR);
    return value;
}

static uint32_t
read_dmem(struct emu_falcon *f, unsigned port)
{
    uint32_t value;

    memcpy(&value, f->dmem + (f->dmemc[port] & OFFS_MASK), sizeof(value));
    increment(&f->dmemc[port], AINCR);
    return value;
}

bool
emu_falcon_port_rd32(struct emu_falcon *f, uint32_t reg, uint32_t *value_out)
{
    const unsigned imem = (reg - IMEMC) / 16, dmem = (reg - DMEMC) / 8;

    if (reg >= DMEMC)
        *value_out = reg & 4 ? read_dmem(f, dmem) : f->dmemc[dmem];
    else if ((reg & 0xc) == 0)
        *value_out = f->imemc[imem];
    else if ((reg & 0xc) == 4)
        *value_out = read_imem(f, imem);
    else if ((reg & 0xc) == 8)
        *value_out = f->imemt[imem];
    else
        return false;
    return true;
}

bool
emu_falcon_port_wr32(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t reg, uint32_t value)
{
    const unsigned imem = (reg - IMEMC) / 16, dmem = (reg - DMEMC) / 8;
    const bool data = reg & 4;

    if (data && f->scrub) {
        if (!f->complained)
            emu_note(gpu, "%s: writes to its memory are lost, scrubbing is not over", f->name);
        f->complained = true;
        return true;
    }
    if (reg >= DMEMC && data) {
        memcpy(f->dmem + (f->dmemc[dmem] & OFFS_MASK), &value, sizeof(value));
        increment(&f->dmemc[dmem], AINCW);
    } else if (reg >= DMEMC) {
        f->dmemc[dmem] = value;
    } else if ((reg & 0xc) == 0) {
        f->imemc[imem] = value;
    } else if ((reg & 0xc) == 4) {
        write_imem(f, imem, value);
    } else if ((reg & 0xc) == 8) {
        f->imemt[imem] = value;
    } else {
        return false;
    }
    return true;
}

/* DMA */

/* Why a transfer cannot be: a context is wanted, or the port is not set to physical memory. */
static const char *
objection(const struct emu_gpu *gpu, const struct emu_falcon *f, uint32_t transcfg)
{
    if ((transcfg & 3) && !emu_hw_bus_master(gpu))
        return "the card is not a bus master";
    if (f->scrub)
        return "scrubbing is not over";
    if (f->dmactl & 1)
        return "DMACTL asks for a context";
    if (!(f->fbif_ctl >> 7 & 1))
        return "FBIF_CTL does not allow physical transfers without a context";
    if (!(transcfg >> 2 & 1))
        return "the port is not set to physical addresses";
    return NULL;
}

static void
load_imem(struct emu_falcon *f, uint32_t at, const void *p, uint32_t bytes, bool secure)
{
    memcpy(f->imem + at, p, bytes);
    for (uint32_t i = 0; i < bytes; i += EMU_FALCON_BLOCK) {
        const uint32_t block = (at + i) / EMU_FALCON_BLOCK;

        f->tag[block] = (f->dma_fboffs + i) >> 8;
        f->secure[block] = secure;
        f->loaded[block] = true;
    }
}

void
emu_falcon_dma(struct emu_gpu *gpu, struct emu_falcon *f, uint32_t cmd)
{
    const uint32_t bytes = 4u << (cmd >> 8 & 7), transcfg = f->transcfg[cmd >> 12 & 7];
    const uint64_t base = (uint64_t)(f->dma_base1 & 0x1ff) << 40 | (uint64_t)f->dma_base << 8;
    const uint32_t at = f->dma_moffs;
    const char *why = objection(gpu, f, transcfg);
    void *p;

    f->dma_cmd = cmd;
    if (!why && (bytes > EMU_FALCON_BLOCK || at % bytes || at >= EMU_FALCON_MEM))
        why = "size or offset";
    p = why ? NULL : emu_hw_target(gpu, transcfg & 3, base + f->dma_fboffs, bytes);
    if (!p) {
        emu_note(gpu, "%s: DMA of 0x%llx + 0x%x hangs: %s", f->name, (unsigned long long)base,
                 f->dma_fboffs, why ? why : "no memory there");
        f->dma_hangs = true;
        return;
    }
    if (cmd & CMD_IMEM)
        load_imem(f, at, p, bytes, cmd & CMD_SECURE);
    else if (cmd & CMD_WRITE)
        memcpy(p, f->dmem + at, bytes);
    else
        memcpy(f->dmem + at, p, bytes);
}
