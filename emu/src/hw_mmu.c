/* SPDX-License-Identifier: MIT */
/*
 * Page tables as the card's MMU walks them, for channels and for what BAR1 and BAR3 show in
 * virtual mode.
 *
 * Version 2 (Turing to Ada): 49 bits, directories of 4, 512 and 512 entries, then 256 dual ones
 * of 16 bytes whose low half leads to 64 KiB pages and whose high half to 4 KiB pages. Version
 * 3 (Hopper on) has one level more, 57 bits, and addresses that start at bit 12 in every entry.
 * A directory entry can be a page itself: 2 MiB at the dual level, 512 MiB above it from Ampere
 * on, 256 GiB above that on Blackwell. Formats from dev_mmu.h, instance block from dev_ram.h.
 */
#include <string.h>

#include <emu/walk.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    IS_PTE = 1, /* in a directory; in a page's entry the same bit says that it is valid */
    V2_SPARSE = 1 << 3, /* VOL of an entry that is not valid */
    V2_PRIVILEGE = 1 << 5,
    V2_READ_ONLY = 1 << 6,
    V2_ATOMIC_DISABLE = 1 << 7,
    V3_PRIVILEGE = 1 << 1, /* bits of PCF, 7:3 */
    V3_READ_ONLY = 1 << 2,
    V3_NO_ATOMIC = 1 << 3,
    V3_PTE_SPARSE = 1, /* PCF of an entry that is not valid */
    V3_NO_VALID_4KB_PAGE = 3,
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

/* What a directory entry that leads nowhere means for everything below it. */
static enum emu_mmu_fault
nowhere(unsigned version, uint64_t entry, unsigned shift, struct emu_mapping *out)
{
    out->sparse = version == 2 ? entry & V2_SPARSE : bits(entry, 5, 3) & 1;
    out->bytes = UINT64_C(1) << shift;
    return out->sparse ? EMU_FAULT_NONE : EMU_FAULT_PDE;
}

static bool
is_sparse_page(unsigned version, uint64_t entry)
{
    return version == 2 ? entry & V2_SPARSE : bits(entry, 7, 3) == V3_PTE_SPARSE;
}

static void
set_rights(unsigned version, uint64_t entry, struct emu_mapping *out)
{
    const uint64_t pcf = bits(entry, 7, 3);

    out->privileged = version == 2 ? entry & V2_PRIVILEGE : pcf & V3_PRIVILEGE;
    out->read_only = version == 2 ? entry & V2_READ_ONLY : pcf & V3_READ_ONLY;
    out->no_atomics = version == 2 ? entry & V2_ATOMIC_DISABLE : pcf & V3_NO_ATOMIC;
}

/* The entry of a page: 0 local memory, 2 and 3 system memory; 1 is another card's. */
static enum emu_mmu_fault
page(unsigned version, uint64_t entry, uint64_t va, unsigned shift, struct emu_mapping *out)
{
    const unsigned aperture = (unsigned)bits(entry, 2, 1);

    out->bytes = UINT64_C(1) << shift;
    if (!(entry & 1)) {
        out->sparse = is_sparse_page(version, entry);
        return out->sparse ? EMU_FAULT_NONE : EMU_FAULT_PTE;
    }
    if (aperture == 1)
        return EMU_FAULT_UNSUPPORTED_APERTURE;
    out->target = aperture ? 1 : 0;
    if (version == 2)
        out->addr = bits(entry, aperture ? 53 : 32, 8) << 12;
    else
        out->addr = bits(entry, 51, 12) << 12;
    out->addr += va & (out->bytes - 1);
    out->run = out->bytes - (va & (out->bytes - 1));
    set_rights(version, entry, out);
    return EMU_FAULT_NONE;
}

/* Does the table of 64 KiB pages decide, so that the one of 4 KiB pages is not looked at? */
static bool
big_decides(unsigned version, uint64_t entry)
{
    return entry & 1 || is_sparse_page(version, entry) ||
           (version == 3 && bits(entry, 7, 3) == V3_NO_VALID_4KB_PAGE);
}

/* Pages that follow in the same table, with memory that follows and the same rights, are one
 * run: their entries differ by the page's size alone. Entries up to `last` are looked at. */
static void
extend(struct emu_gpu *gpu, unsigned version, const struct table *t, uint64_t index,
       uint64_t last, unsigned shift, struct emu_mapping *out)
{
    const uint64_t step = version == 2 ? UINT64_C(1) << (shift - 4) : UINT64_C(1) << shift;
    const uint64_t *entries = emu_hw_target(gpu, t->target, t->addr, (last + 1) * 8);

    while (!out->sparse && entries && index < last &&
           entries[index + 1] == entries[index] + step) {
        out->run += out->bytes;
        index++;
    }
}

/* The two tables below a dual entry: 64 KiB pages, then 4 KiB pages. */
static enum emu_mmu_fault
walk_dual(struct emu_gpu *gpu, unsigned version, const struct emu_dual *dual, uint64_t va,
          struct emu_mapping *out)
{
    const uint64_t low = dual->low, high = dual->high, small = bits(va, 20, 12);
    enum emu_mmu_fault fault;
    struct table below;
    uint64_t entry;
    bool big;

    if (low & IS_PTE)
        return page(version, low, va, 21, out);
    big = follow(version, low, 8, &below);
    if (big && load(gpu, &below, bits(va, 20, 16) * 8, &entry) && big_decides(version, entry)) {
        fault = page(version, entry, va, 16, out);
        extend(gpu, version, &below, bits(va, 20, 16), 31, 16, out);
        return fault;
    }
    if (follow(version, high, 12, &below) && load(gpu, &below, small * 8, &entry)) {
        fault = page(version, entry, va, 12, out);
        extend(gpu, version, &below, small, big ? small | 15 : 511, 12, out);
        return fault;
    }
    if (big)
        return EMU_FAULT_PTE;
    return nowhere(version, low, 21, out) == EMU_FAULT_NONE ? EMU_FAULT_NONE
                                                            : nowhere(version, high, 21, out);
}

/* Above the dual level: 512 MiB pages from Ampere on, 256 GiB ones on Blackwell. */
static bool
may_be_page(const struct emu_gpu *gpu, unsigned shift)
{
    return (shift == 29 && gpu->card->architecture >= 0x17) ||
           (shift == 38 && gpu->card->architecture >= 0x1a);
}

enum emu_mmu_fault
emu_mmu_walk_below(struct emu_gpu *gpu, const struct emu_dual *dual, uint64_t va,
                   struct emu_mapping *out)
{
    *out = (struct emu_mapping){0};
    return walk_dual(gpu, gpu->card->mmu_version, dual, va, out);
}

enum emu_mmu_fault
emu_mmu_walk_by(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
                struct emu_mapping *out, struct emu_dual *dual_out)
{
    const unsigned version = gpu->card->mmu_version;
    struct table t = {space->target, space->pdb};
    uint64_t entry;

    *out = (struct emu_mapping){0};
    *dual_out = (struct emu_dual){0};
    if (va >> (version == 2 ? 49 : 57))
        return EMU_FAULT_VA_LIMIT;
    for (unsigned i = version == 2 ? 1 : 0; !levels[i].dual; i++) {
        const struct level *l = &levels[i];
        const unsigned index_bits = version == 2 && i == 1 ? 2 : l->bits;

        if (!load(gpu, &t, bits(va, l->shift + index_bits - 1, l->shift) * 8, &entry))
            return EMU_FAULT_PDE;
        if (entry & IS_PTE)
            return may_be_page(gpu, l->shift) ? page(version, entry, va, l->shift, out)
                                              : EMU_FAULT_PDE_SIZE;
        if (!follow(version, entry, 12, &t))
            return nowhere(version, entry, l->shift, out);
    }
    if (!load(gpu, &t, bits(va, 28, 21) * 16, &dual_out->low) ||
        !load(gpu, &t, bits(va, 28, 21) * 16 + 8, &dual_out->high))
        return EMU_FAULT_PDE;
    return walk_dual(gpu, version, dual_out, va, out);
}

enum emu_mmu_fault
emu_mmu_walk(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
             struct emu_mapping *out)
{
    struct emu_dual dual;

    return emu_mmu_walk_by(gpu, space, va, out, &dual);
}

bool
emu_mmu_space(struct emu_gpu *gpu, unsigned target, uint64_t instance, struct emu_space *out)
{
    const struct table block = {target, instance};
    uint64_t pdb;

    if (!load(gpu, &block, INSTANCE_PDB, &pdb))
        return false;
    *out = (struct emu_space){pdb & 3 ? 1 : 0, pdb & ~UINT64_C(0xfff)};
    return true;
}

bool
emu_mmu_map(struct emu_gpu *gpu, unsigned target, uint64_t instance, uint64_t va,
            struct emu_mapping *out)
{
    struct emu_space space;

    return emu_mmu_space(gpu, target, instance, &space) &&
           emu_mmu_walk(gpu, &space, va, out) == EMU_FAULT_NONE && !out->sparse;
}

bool
emu_gpu_walk(struct emu_gpu *gpu, bool system, uint64_t page_directory, uint64_t va,
             struct emu_walk *walk_out)
{
    const struct emu_space space = {system, page_directory};
    struct emu_mapping m;
    const enum emu_mmu_fault fault = emu_mmu_walk(gpu, &space, va, &m);

    *walk_out = (struct emu_walk){.mapped = fault == EMU_FAULT_NONE,
                                  .sparse = m.sparse,
                                  .system = m.target,
                                  .read_only = m.read_only,
                                  .privileged = m.privileged,
                                  .no_atomics = m.no_atomics,
                                  .addr = m.addr,
                                  .page_bytes = m.bytes};
    if (fault != EMU_FAULT_NONE)
        walk_out->fault = emu_fault_type_name(fault);
    return walk_out->mapped;
}
