/* SPDX-License-Identifier: MIT */
/*
 * Translations that are kept until an invalidation: a mode of the card that finds the missing
 * ones. Hardware may keep a translation for any time; this keeps it forever, and says when the
 * page tables have changed under it.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    FIRST_ROOM = 256,
    INVALIDATE_ALL_PDB = 1 << 1,
    CACHE_LEVEL_SHIFT = 24, /* bits 26:24 */
    CACHE_LEVEL_PTE_ONLY = 1,
};

static uint32_t
slot_of(const struct emu_tlb *tlb, const struct emu_space *space, uint64_t page, uint64_t bytes)
{
    uint64_t h = page ^ space->pdb * 0x9e3779b97f4a7c15u ^ bytes ^ space->target;

    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 32) & (tlb->room - 1);
}

static bool
same(const struct emu_space *a, const struct emu_space *b)
{
    return a->target == b->target && a->pdb == b->pdb;
}

/* Where the page's entry is, or would go. */
static struct emu_tlb_entry *
find(struct emu_tlb *tlb, const struct emu_space *space, uint64_t page, uint64_t bytes)
{
    uint32_t i = slot_of(tlb, space, page, bytes);

    while (tlb->entries[i].used &&
           !(same(&tlb->entries[i].space, space) && tlb->entries[i].page == page &&
             tlb->entries[i].map.bytes == bytes))
        i = (i + 1) & (tlb->room - 1);
    return &tlb->entries[i];
}

static bool
grow(struct emu_gpu *gpu)
{
    struct emu_tlb *tlb = &gpu->host.tlb, grown = *tlb;

    if (tlb->count * 2 < tlb->room)
        return true;
    grown.room = tlb->room ? tlb->room * 2 : FIRST_ROOM;
    grown.entries = emu_alloc(&gpu->mem, grown.room * sizeof(*grown.entries));
    if (!grown.entries)
        return false;
    for (uint32_t i = 0; i < tlb->room; i++) {
        const struct emu_tlb_entry *e = &tlb->entries[i];

        if (e->used)
            *find(&grown, &e->space, e->page, e->map.bytes) = *e;
    }
    emu_free(&gpu->mem, tlb->entries);
    *tlb = grown;
    return true;
}

static struct emu_tlb_entry *
lookup(struct emu_tlb *tlb, const struct emu_space *space, uint64_t va)
{
    for (unsigned shift = 12; tlb->room && tlb->sizes >> shift; shift++) {
        struct emu_tlb_entry *e;

        if (!(tlb->sizes >> shift & 1))
            continue;
        e = find(tlb, space, va >> shift << shift, UINT64_C(1) << shift);
        if (e->used)
            return e;
    }
    return NULL;
}

static void
keep(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
     const struct emu_mapping *m)
{
    struct emu_tlb *tlb = &gpu->host.tlb;
    const uint64_t page = va & ~(m->bytes - 1);
    struct emu_tlb_entry *e;

    if (!grow(gpu))
        return;
    e = find(tlb, space, page, m->bytes);
    *e = (struct emu_tlb_entry){.space = *space, .page = page, .map = *m, .used = true};
    e->map.addr -= va - page;
    tlb->sizes |= m->bytes;
    tlb->count++;
}

/* Directories' entries, kept in the same way */

static struct emu_tlb_dual *
find_dual(struct emu_tlb *tlb, const struct emu_space *space, uint64_t va)
{
    uint64_t h = (va >> 21) * 0x9e3779b97f4a7c15u ^ space->pdb ^ space->target;
    uint32_t i;

    h ^= h >> 31;
    for (i = (uint32_t)h & (tlb->dual_room - 1);
         tlb->duals[i].used &&
         !(same(&tlb->duals[i].space, space) && tlb->duals[i].va == va >> 21);)
        i = (i + 1) & (tlb->dual_room - 1);
    return &tlb->duals[i];
}

static bool
grow_duals(struct emu_gpu *gpu)
{
    struct emu_tlb *tlb = &gpu->host.tlb, grown = *tlb;

    if (tlb->dual_count * 2 < tlb->dual_room)
        return true;
    grown.dual_room = tlb->dual_room ? tlb->dual_room * 2 : FIRST_ROOM;
    grown.duals = emu_alloc(&gpu->mem, grown.dual_room * sizeof(*grown.duals));
    if (!grown.duals)
        return false;
    for (uint32_t i = 0; i < tlb->dual_room; i++)
        if (tlb->duals[i].used)
            *find_dual(&grown, &tlb->duals[i].space, tlb->duals[i].va << 21) = tlb->duals[i];
    emu_free(&gpu->mem, tlb->duals);
    *tlb = grown;
    return true;
}

/* An entry that leads to tables; pages and nothing are not kept here. */
static void
keep_dual(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
          const struct emu_dual *dual)
{
    struct emu_tlb *tlb = &gpu->host.tlb;

    if (dual->low & 1 || !((dual->low | dual->high) & 6) || !grow_duals(gpu))
        return;
    *find_dual(tlb, space, va) = (struct emu_tlb_dual){*space, va >> 21, *dual, true};
    tlb->dual_count++;
}

static void
drop_duals(struct emu_gpu *gpu, const struct emu_space *space)
{
    struct emu_tlb *tlb = &gpu->host.tlb, old = *tlb;

    tlb->duals = NULL;
    tlb->dual_room = tlb->dual_count = 0;
    for (uint32_t i = 0; space && i < old.dual_room; i++)
        if (old.duals[i].used && !same(&old.duals[i].space, space))
            keep_dual(gpu, &old.duals[i].space, old.duals[i].va << 21, &old.duals[i].dual);
    emu_free(&gpu->mem, old.duals);
}

/* A walk that begins at a directory's entry where one is kept. */
static enum emu_mmu_fault
walk(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va, struct emu_mapping *out)
{
    struct emu_tlb *tlb = &gpu->host.tlb;
    const struct emu_tlb_dual *kept =
        tlb->on && tlb->dual_room ? find_dual(tlb, space, va) : NULL;
    struct emu_dual dual;
    enum emu_mmu_fault f;

    if (kept && kept->used)
        return emu_mmu_walk_below(gpu, &kept->dual, va, out);
    f = emu_mmu_walk_by(gpu, space, va, out, &dual);
    if (tlb->on)
        keep_dual(gpu, space, va, &dual);
    return f;
}

/* A developer wants to know at once: the client changed tables and did not invalidate. */
static void
compare(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
        enum emu_mmu_fault fault, const struct emu_mapping *kept)
{
    struct emu_mapping now;
    const enum emu_mmu_fault f = emu_mmu_walk(gpu, space, va, &now);

    if (fault != EMU_FAULT_NONE && f == fault)
        return;
    if (f == fault && now.addr == kept->addr && now.target == kept->target &&
        now.sparse == kept->sparse && now.read_only == kept->read_only)
        return;
    emu_note(gpu, "stale translation of 0x%llx: the page tables changed, nobody invalidated",
             (unsigned long long)va);
}

enum emu_mmu_fault
emu_tlb_walk(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
             struct emu_mapping *out)
{
    struct emu_tlb *tlb = &gpu->host.tlb;
    const struct emu_tlb_entry *e = tlb->on ? lookup(tlb, space, va) : NULL;
    enum emu_mmu_fault f;

    if (e) {
        *out = e->map;
        out->addr += va - e->page;
        compare(gpu, space, va, EMU_FAULT_NONE, out);
        return EMU_FAULT_NONE;
    }
    f = walk(gpu, space, va, out);
    if (!tlb->on)
        return f;
    if (f == EMU_FAULT_NONE)
        keep(gpu, space, va, out);
    compare(gpu, space, va, f, out);
    return f;
}

void
emu_tlb_invalidate_pages(struct emu_gpu *gpu, const struct emu_space *space)
{
    struct emu_tlb *tlb = &gpu->host.tlb, old = *tlb;

    if (!tlb->entries)
        return;
    tlb->entries = NULL;
    tlb->room = tlb->count = 0;
    tlb->sizes = 0;
    for (uint32_t i = 0; space && i < old.room; i++) {
        const struct emu_tlb_entry *e = &old.entries[i];
        struct emu_mapping m = e->map;

        if (e->used && !same(&e->space, space))
            keep(gpu, &e->space, e->page, &m);
    }
    emu_free(&gpu->mem, old.entries);
}

void
emu_tlb_invalidate(struct emu_gpu *gpu, const struct emu_space *space)
{
    emu_tlb_invalidate_pages(gpu, space);
    drop_duals(gpu, space);
}

void
emu_tlb_fini(struct emu_gpu *gpu)
{
    emu_free(&gpu->mem, gpu->host.tlb.entries);
    emu_free(&gpu->mem, gpu->host.tlb.duals);
    gpu->host.tlb = (struct emu_tlb){.on = gpu->host.tlb.on};
}

void
emu_tlb_level(struct emu_gpu *gpu, const struct emu_space *space, unsigned level)
{
    if (level == CACHE_LEVEL_PTE_ONLY)
        emu_tlb_invalidate_pages(gpu, space);
    else
        emu_tlb_invalidate(gpu, space);
}

/* The page directory is in INVALIDATE_PDB and INVALIDATE_UPPER_PDB: bit 1 says system memory,
 * bits 31:4 and the upper word count pages. */
void
emu_tlb_reg(struct emu_gpu *gpu, uint32_t value)
{
    const uint32_t low = emu_hw_vf(gpu, 0x30a0), high = emu_hw_vf(gpu, 0x30a4) & 0xfffff;
    const struct emu_space space = {low >> 1 & 1, ((uint64_t)high << 28 | low >> 4) << 12};

    emu_tlb_level(gpu, value & INVALIDATE_ALL_PDB ? NULL : &space,
                  value >> CACHE_LEVEL_SHIFT & 7);
}
