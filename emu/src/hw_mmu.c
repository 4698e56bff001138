/* SPDX-License-Identifier: MIT */
/*
 * Page tables as the card's MMU walks them, for what BAR1 and BAR3 show in virtual mode.
 *
 * Version 2 (Turing to Ada): 49 bits, directories of 4, 512 and 512 entries, then 256 dual ones
 * of 16 bytes whose low half leads to 64 KiB pages and whose high half to 4 KiB pages. Version
 * 3 (Hopper on) has one level more, 57 bits, and addresses that start at bit 12 in every entry.
 * A directory entry can be a page itself: 2 MiB at the dual level, 512 MiB above it. Formats
 * from dev_mmu.h, instance block from dev_ram.h.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    IS_PTE = 1, /* in a directory; in a page's entry the same bit says that it is valid */
    V2_READ_ONLY = 1 << 6,
    INSTANCE_PDB = 0x200,
    LEVELS = 5,
};

/* One level: where its index lies in an address, how many entries, whether they are dual. */
struct level {
    unsigned shift, bits;
    bool dual;
};
static const struct level levels[LEVELS] = {
    {56, 1, false},
    {47, 9, false},
    {38, 9, false},
    {29, 9, false},
    {21, 8, true }
};

struct table {
    unsigned target; /* as emu_hw_target() */
    uint64_t addr;
};

static bool
load(struct emu_gpu *gpu, const struct table *t, uint64_t off, uint64_t *out)
{
    return emu_hw_copy(gpu, t->target, t->addr + off, out, sizeof(*out));
}

static uint64_t
bits(uint64_t v, unsigned high, unsigned low)
{
    return v >> low & ((UINT64_C(1) << (high - low + 1)) - 1);
}

/* Aperture of a directory entry: 0 leads nowhere. `shift` is what its address counts in, from
 * bit 8 on in version 2. */
static bool
follow(unsigned version, uint64_t entry, unsigned shift, struct table *out)
{
    const unsigned aperture = (unsigned)bits(entry, 2, 1);

    if (!aperture)
        return false;
    out->target = aperture == 1 ? 0 : 1;
    if (version == 2)
        out->addr = bits(entry, aperture == 1 ? 32 : 53, shift == 12 ? 8 : 4) << shift;
    else
        out->addr = bits(entry, 51, shift) << shift;
    return true;
}

/* The entry of a page: 0 local memory, 2 and 3 system memory; 1 is another card's. */
static bool
page(unsigned version, uint64_t entry, uint64_t offset, struct emu_mapping *out)
{
    const unsigned aperture = (unsigned)bits(entry, 2, 1);

    if (!(entry & 1) || aperture == 1)
        return false;
    out->target = aperture ? 1 : 0;
    if (version == 2)
        out->addr = (bits(entry, aperture ? 53 : 32, 8) << 12) + offset;
    else
        out->addr = (bits(entry, 51, 12) << 12) + offset;
    out->read_only = version == 2 && entry & V2_READ_ONLY;
    return true;
}

/* The two tables below a dual entry: 64 KiB pages, then 4 KiB pages. */
static bool
walk_dual(struct emu_gpu *gpu, unsigned version, const struct table *t, uint64_t va,
          struct emu_mapping *out)
{
    const uint64_t at = bits(va, 28, 21) * 16;
    struct table below;
    uint64_t low, high, entry;

    if (!load(gpu, t, at, &low) || !load(gpu, t, at + 8, &high))
        return false;
    if (low & IS_PTE)
        return page(version, low, bits(va, 20, 0), out);
    if (follow(version, low, 8, &below) && load(gpu, &below, bits(va, 20, 16) * 8, &entry) &&
        page(version, entry, bits(va, 15, 0), out))
        return true;
    return follow(version, high, 12, &below) &&
           load(gpu, &below, bits(va, 20, 12) * 8, &entry) &&
           page(version, entry, bits(va, 11, 0), out);
}

static bool
walk(struct emu_gpu *gpu, struct table t, uint64_t va, struct emu_mapping *out)
{
    const unsigned version = gpu->card->mmu_version;
    uint64_t entry;

    for (unsigned i = version == 2 ? 1 : 0; !levels[i].dual; i++) {
        const struct level *l = &levels[i];
        const unsigned index_bits = version == 2 && i == 1 ? 2 : l->bits;

        if (!load(gpu, &t, bits(va, l->shift + index_bits - 1, l->shift) * 8, &entry))
            return false;
        if (entry & IS_PTE)
            return l->shift == 29 && page(version, entry, bits(va, 28, 0), out);
        if (!follow(version, entry, 12, &t))
            return false;
    }
    return walk_dual(gpu, version, &t, va, out);
}

bool
emu_mmu_map(struct emu_gpu *gpu, unsigned target, uint64_t instance, uint64_t va,
            struct emu_mapping *out)
{
    const struct table block = {target, instance};
    uint64_t pdb;
    struct table top;

    if (va >> (gpu->card->mmu_version == 2 ? 49 : 57) || !load(gpu, &block, INSTANCE_PDB, &pdb))
        return false;
    top = (struct table){pdb & 3 ? 1 : 0, pdb & ~UINT64_C(0xfff)};
    return walk(gpu, top, va, out);
}
