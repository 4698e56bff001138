/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: page tables in video memory, written as the card's MMU reads them.
 *
 * Formats from dev_mmu.h: version 2 (Turing to Ada) has 49 bits and entries that hold addresses
 * shifted by 4; version 3 (Hopper on) has 57 bits and one level more. Pages of 2 MiB and 64
 * KiB where the mapping, its memory and its addresses allow it, of 4 KiB elsewhere; a larger
 * one is split when a part of it changes.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "hw.h"
#include "kmod_priv.h"
#include "status.h"

enum {
    LEVELS = 4,
    TABLE = 4096,
    VALID = 1,
    SPARSE = 1 << 3,
    SMALL = KMOD_PAGE_SMALL,
    BIG = KMOD_PAGE_BIG,
    LARGE = KMOD_PAGE_HUGE,
    DUAL = 4, /* the level above the last */
};

/* As far as tables for it are made; the real module has coarser entries for more. */
#define SPARSE_MAX (UINT64_C(1) << 40)

/* A table, and what its words point to. */
struct table {
    uint64_t at; /* in video memory */
    uint64_t *entries;
    struct table *below[512];
};

struct range {
    uint64_t va, bytes;
    struct kmod_memory *memory; /* NULL: sparse, or only reserved */
    struct kmod_vas_owner owner;
    struct range *next;
};

/* Addresses that an NV50_MEMORY_VIRTUAL keeps for itself. */
struct kmod_hold {
    unsigned refs;
    uint64_t va, bytes;
    struct kmod_hold *next;
};

struct kmod_vas {
    unsigned refs;
    struct kmod_card *card;
    struct table *root;
    uint64_t next_va; /* where RM's own choice goes on */
    struct range *ranges;
    struct kmod_hold *holds;
};

/* Index of a level: the root first. Version 3 has a level of two entries above. */
static const struct {
    unsigned shift, bits;
} levels[LEVELS + 2] = {
    {56, 1},
    {47, 9},
    {38, 9},
    {29, 9},
    {21, 8},
    {12, 9},
};

static unsigned
first_level(const struct kmod_vas *v)
{
    return v->card->gpu->card->mmu_version == 2 ? 1 : 0;
}

static struct table *
new_table(struct kmod_vas *v)
{
    struct table *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    if (!kmod_vram_alloc(v->card, TABLE, TABLE, &t->at)) {
        free(t);
        return NULL;
    }
    t->entries = emu_hw_vram(v->card->gpu, t->at, TABLE);
    memset(t->entries, 0, TABLE);
    return t;
}

static void
free_table(struct kmod_vas *v, struct table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < 512; i++)
        free_table(v, t->below[i]);
    kmod_vram_free(v->card, t->at);
    free(t);
}

static uint64_t
directory_entry(const struct kmod_vas *v, uint64_t at)
{
    return (v->card->gpu->card->mmu_version == 2 ? at >> 4 : at) | 1 << 1; /* video memory */
}

static uint64_t
page_entry(const struct kmod_vas *v, const struct kmod_memory *m, uint64_t addr, bool read_only)
{
    const uint64_t aperture = m->system ? 2 : 0;

    if (v->card->gpu->card->mmu_version == 2)
        return addr >> 4 | (read_only ? 1 << 6 : 0) | (m->system ? 1 << 3 : 0) | aperture << 1 |
               1;
    return addr | (uint64_t)(read_only ? 0x1c : 0x10) << 3 | aperture << 1 | 1;
}

/* A page, or a sparse one, as `count` pages of `bytes` that it is made of. */
static void
fill_split(const struct kmod_vas *v, uint64_t *entries, unsigned count, uint64_t bytes,
           uint64_t page)
{
    const uint64_t step = v->card->gpu->card->mmu_version == 2 ? bytes >> 4 : bytes;

    for (unsigned i = 0; page && i < count; i++)
        entries[i] = page & VALID ? page + i * step : page;
}

/* The table that word i leads to, made when it is not there. */
static struct table *
table_below(struct kmod_vas *v, struct table *t, size_t i)
{
    if (t->below[i])
        return t->below[i];
    t->below[i] = new_table(v);
    if (t->below[i])
        t->entries[i] = directory_entry(v, t->below[i]->at);
    return t->below[i];
}

/* Dual entries have two words: the first is a page of 2 MiB or leads to the table of 64 KiB
 * pages, the second to that of 4 KiB pages. */
static size_t
big_word(uint64_t va)
{
    return 2 * (va >> levels[DUAL].shift & ((1u << levels[DUAL].bits) - 1));
}

static struct table *
dual_table(struct kmod_vas *v, uint64_t va)
{
    struct table *t = v->root;

    for (unsigned l = first_level(v); t && l < DUAL; l++)
        t = table_below(v, t, va >> levels[l].shift & ((1u << levels[l].bits) - 1));
    return t;
}

/* The table of the pages of 64 KiB or 4 KiB around va; a page of 2 MiB there becomes such ones.
 */
static struct table *
page_table(struct kmod_vas *v, struct table *dual, uint64_t va, uint64_t bytes)
{
    const size_t i = big_word(va);
    const bool has_big = dual->below[i];
    const uint64_t whole = dual->entries[i];
    struct table *t = table_below(v, dual, bytes == BIG ? i : i + 1);

    if (!t || has_big || !whole)
        return t;
    fill_split(v, t->entries, (unsigned)(LARGE / bytes), bytes, whole);
    if (bytes == SMALL)
        dual->entries[i] = 0;
    return t;
}

static uint64_t *
big_entry(struct kmod_vas *v, struct table *dual, uint64_t va)
{
    struct table *big = page_table(v, dual, va, BIG), *small = dual->below[big_word(va) + 1];

    if (big && small) /* nothing is left below it */
        memset(&small->entries[va >> 12 & 0x1f0], 0, 16 * sizeof(*small->entries));
    return big ? &big->entries[va >> 16 & 31] : NULL;
}

static uint64_t *
small_entry(struct kmod_vas *v, struct table *dual, uint64_t va)
{
    struct table *small = page_table(v, dual, va, SMALL), *big = dual->below[big_word(va)];
    uint64_t *above = big ? &big->entries[va >> 16 & 31] : NULL;

    if (!small)
        return NULL;
    if (above) {
        fill_split(v, &small->entries[va >> 12 & 0x1f0], 16, SMALL, *above);
        *above = 0;
    }
    return &small->entries[va >> 12 & 511];
}

/* The entry of the page of `bytes` at va, with tables made on the way. */
static uint64_t *
entry_at(struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    struct table *t = dual_table(v, va);

    if (!t)
        return NULL;
    if (bytes == LARGE)
        return &t->entries[big_word(va)];
    return bytes == BIG ? big_entry(v, t, va) : small_entry(v, t, va);
}

/* The dual table for va; NULL when nothing was mapped near: *span_out is then how far around, a
 * power of two. */
static const struct table *
find_dual(const struct kmod_vas *v, uint64_t va, uint64_t *span_out)
{
    const struct table *t = v->root;

    for (unsigned l = first_level(v); t && l < DUAL; l++) {
        *span_out = UINT64_C(1) << levels[l].shift;
        t = t->below[va >> levels[l].shift & ((1u << levels[l].bits) - 1)];
    }
    return t;
}

/* What one call writes. */
struct content {
    const struct kmod_memory *memory; /* NULL: `entry` everywhere */
    uint64_t offset, entry, page;
    bool read_only;
};

static bool
fits(uint64_t page, const struct content *what, uint64_t va, uint64_t addr, uint64_t bytes)
{
    return what->page >= page && bytes >= page && !((va | addr) & (page - 1));
}

/* The page that is written at va. One of 2 MiB has no tables below it; for taking away no table
 * is made. */
static uint64_t
page_at(const struct kmod_vas *v, const struct content *what, uint64_t va, uint64_t addr,
        uint64_t bytes)
{
    uint64_t span;
    const struct table *t = find_dual(v, va, &span);
    const bool big = t && t->below[big_word(va)], small = t && t->below[big_word(va) + 1];

    if (!big && !small && fits(LARGE, what, va, addr, bytes))
        return LARGE;
    if ((what->memory || big || !small) && fits(BIG, what, va, addr, bytes))
        return BIG;
    return SMALL;
}

static bool
write_entry(struct kmod_vas *v, uint64_t va, uint64_t page, const struct content *what,
            uint64_t addr)
{
    uint64_t *e = entry_at(v, va, page);

    if (e)
        *e = what->memory ? page_entry(v, what->memory, addr, what->read_only) : what->entry;
    return e;
}

/* An entry at a time; taking away leaps over what no table was made for. */
static bool
write_pages(struct kmod_vas *v, uint64_t va, uint64_t bytes, const struct content *what)
{
    const bool nothing = !what->memory && !what->entry;
    uint64_t offset = what->offset, span = LARGE;

    while (bytes) {
        const uint64_t addr = what->memory ? what->memory->addr + offset : 0;
        const uint64_t page = page_at(v, what, va, addr, bytes);
        uint64_t step = page;

        if (nothing && !find_dual(v, va, &span))
            step = span - (va & (span - 1));
        else if (!write_entry(v, va, page, what, addr))
            return false;
        step = step < bytes ? step : bytes;
        va += step;
        offset += step;
        bytes -= step;
    }
    return true;
}

/* Spaces */

struct kmod_vas *
kmod_vas_create(struct kmod_card *card)
{
    struct kmod_vas *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    *v = (struct kmod_vas){.refs = 1, .card = card, .next_va = UINT64_C(0x7f0000000000) >> 4};
    v->root = new_table(v);
    if (v->root)
        return v;
    free(v);
    return NULL;
}

/** GSP-RM's address space (or device) gets these page tables. */
void
kmod_vas_bind(struct kmod_vas *v, uint32_t client, uint32_t handle)
{
    struct emu_object *o = emu_object_find(v->card->gpu, client, handle);

    if (o)
        emu_host_set_tables(
            v->card->gpu, o,
            &(struct emu_page_tables){.set = true, .target = 0, .pdb = v->root->at});
}

static void
drop_range(struct kmod_vas *v, struct range **where)
{
    struct range *r = *where;

    *where = r->next;
    kmod_memory_unref(r->memory);
    free(r);
    (void)v;
}

void
kmod_vas_unref(struct kmod_vas *v)
{
    if (!v || --v->refs)
        return;
    while (v->ranges)
        drop_range(v, &v->ranges);
    free_table(v, v->root);
    emu_tlb_invalidate(v->card->gpu, NULL);
    free(v);
}

void
kmod_vas_ref(struct kmod_vas *v)
{
    v->refs++;
}

/* The end of something that is in the way of [va, va + bytes); 0: nothing is. */
static uint64_t
in_the_way(const struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    for (const struct range *r = v->ranges; r; r = r->next)
        if (r->va < va + bytes && va < r->va + r->bytes)
            return r->va + r->bytes;
    for (const struct kmod_hold *h = v->holds; h; h = h->next)
        if (h->va < va + bytes && va < h->va + h->bytes)
            return h->va + h->bytes;
    return 0;
}

bool
kmod_vas_is_free(const struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    return !in_the_way(v, va, bytes);
}

static uint64_t
find_free(const struct kmod_vas *v, uint64_t from, uint64_t bytes, uint64_t align)
{
    uint64_t at = (from + align - 1) & ~(align - 1);

    for (uint64_t end; (end = in_the_way(v, at, bytes));)
        at = (end + align - 1) & ~(align - 1);
    return at;
}

uint64_t
kmod_vas_choose(struct kmod_vas *v, uint64_t bytes)
{
    const uint64_t at = find_free(v, v->next_va, bytes, LARGE);

    v->next_va = at + ((bytes + LARGE - 1) & ~(uint64_t)(LARGE - 1));
    return at;
}

static bool
add_range(struct kmod_vas *v, struct range what)
{
    struct range *r = malloc(sizeof(*r));

    if (!r)
        return false;
    if (what.memory)
        what.memory->refs++;
    *r = what;
    r->next = v->ranges;
    v->ranges = r;
    return true;
}

/* Ranges of one space never overlap; what lies over [va, va + bytes) shrinks, or goes. A range
 * that is cut in its middle keeps its end as one of its own. */
static bool
clear_ranges(struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    for (struct range **where = &v->ranges; *where;) {
        struct range *r = *where;
        const uint64_t end = r->va + r->bytes;

        if (end <= va || r->va >= va + bytes) {
            where = &r->next;
            continue;
        }
        if (end > va + bytes && !add_range(v, (struct range){va + bytes, end - (va + bytes),
                                                             r->memory, r->owner, NULL}))
            return false;
        if (r->va < va) {
            r->bytes = va - r->va;
            where = &r->next;
        } else {
            while (*where != r) /* the new range went in front */
                where = &(*where)->next;
            drop_range(v, where);
        }
    }
    return true;
}

static uint32_t
put(struct kmod_vas *v, const struct range *r, const struct content *what)
{
    uint32_t status = NV_ERR_NO_MEMORY;

    if (clear_ranges(v, r->va, r->bytes) && add_range(v, *r) &&
        write_pages(v, r->va, r->bytes, what))
        status = NV_OK;
    if (status != NV_OK)
        (void)kmod_vas_unmap(v, r->va, r->bytes);
    emu_tlb_invalidate(v->card->gpu, NULL);
    return status;
}

static bool
in_space(const struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    const uint64_t end = UINT64_C(1) << (v->card->gpu->card->mmu_version == 2 ? 49 : 57);

    return bytes && !((va | bytes) & 0xfff) && va < end && bytes <= end - va;
}

uint32_t
kmod_vas_map_for(struct kmod_vas *v, const struct kmod_vas_owner *owner, uint64_t va,
                 uint64_t bytes, struct kmod_memory *m, uint64_t offset,
                 const struct kmod_vas_how *how)
{
    const struct content what = {
        .memory = m, .offset = offset, .page = how->page, .read_only = how->read_only};
    const struct range r = {.va = va, .bytes = bytes, .memory = m, .owner = *owner};

    if (!in_space(v, va, bytes) || offset & 0xfff || offset > m->bytes ||
        bytes > m->bytes - offset)
        return NV_ERR_INVALID_ARGUMENT;
    return put(v, &r, &what);
}

uint32_t
kmod_vas_map(struct kmod_vas *v, uint64_t va, uint64_t bytes, struct kmod_memory *m,
             uint64_t offset, const struct kmod_vas_how *how)
{
    return kmod_vas_map_for(v, &(struct kmod_vas_owner){0}, va, bytes, m, offset, how);
}

uint32_t
kmod_vas_map_sparse(struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    const struct content what = {.entry = SPARSE, .page = LARGE};
    const struct range r = {.va = va, .bytes = bytes};

    if (!in_space(v, va, bytes))
        return NV_ERR_INVALID_ARGUMENT;
    return bytes > SPARSE_MAX ? NV_ERR_NO_MEMORY : put(v, &r, &what);
}

uint32_t
kmod_vas_unmap(struct kmod_vas *v, uint64_t va, uint64_t bytes)
{
    const struct content nothing = {.page = LARGE};

    if (!in_space(v, va, bytes))
        return NV_ERR_INVALID_ARGUMENT;
    if (!write_pages(v, va, bytes, &nothing) || !clear_ranges(v, va, bytes))
        return NV_ERR_NO_MEMORY;
    emu_tlb_invalidate(v->card->gpu, NULL);
    return NV_OK;
}

/* Whether the range is one of this owner, as far as the owner says who it is. */
static bool
is_of(const struct range *r, const struct kmod_vas_owner *owner)
{
    return (!owner->mapper || r->owner.mapper == owner->mapper) &&
           (!owner->memory || r->owner.memory == owner->memory);
}

/* A part of a range that lies over [va, end); false when there is none (any more). */
static bool
next_part(const struct kmod_vas *v, const struct kmod_vas_owner *owner, uint64_t *va,
          uint64_t end, uint64_t *bytes_out)
{
    for (const struct range *r = v->ranges; r; r = r->next) {
        const uint64_t from = r->va > *va ? r->va : *va;
        const uint64_t to = r->va + r->bytes < end ? r->va + r->bytes : end;

        if (from >= to || !is_of(r, owner))
            continue;
        *va = from;
        *bytes_out = to - from;
        return true;
    }
    return false;
}

uint32_t
kmod_vas_unmap_of(struct kmod_vas *v, const struct kmod_vas_owner *owner, uint64_t va,
                  uint64_t bytes)
{
    const uint64_t end = bytes > UINT64_MAX - va ? UINT64_MAX : va + bytes;
    uint64_t at = va, part;
    uint32_t status = NV_OK;

    for (; status == NV_OK && next_part(v, owner, &at, end, &part); at = va)
        status = kmod_vas_unmap(v, at, part);
    return status;
}

uint64_t
kmod_vas_mapped_at(const struct kmod_vas *v, const struct kmod_vas_owner *owner, uint64_t va)
{
    for (const struct range *r = v->ranges; r; r = r->next)
        if (r->va == va && is_of(r, owner))
            return r->bytes;
    return 0;
}

/* Reserved addresses */

struct kmod_hold *
kmod_vas_hold(struct kmod_vas *v, const struct kmod_hold_wish *wish)
{
    const uint64_t at =
        wish->fixed ? wish->va
                    : find_free(v, wish->va ? wish->va : v->next_va, wish->bytes, wish->align);
    struct kmod_hold *h;

    if (!in_space(v, at, wish->bytes) || in_the_way(v, at, wish->bytes) ||
        (wish->limit && (at > wish->limit || wish->bytes - 1 > wish->limit - at)))
        return NULL;
    h = malloc(sizeof(*h));
    if (!h)
        return NULL;
    *h = (struct kmod_hold){1, at, wish->bytes, v->holds};
    v->holds = h;
    return h;
}

uint64_t
kmod_hold_at(const struct kmod_hold *h, uint64_t *bytes_out)
{
    *bytes_out = h->bytes;
    return h->va;
}

void
kmod_hold_ref(struct kmod_hold *h)
{
    if (h)
        h->refs++;
}

void
kmod_hold_unref(struct kmod_vas *v, struct kmod_hold *h)
{
    if (!h || --h->refs)
        return;
    for (struct kmod_hold **where = &v->holds; *where; where = &(*where)->next)
        if (*where == h) {
            *where = h->next;
            break;
        }
    free(h);
}
