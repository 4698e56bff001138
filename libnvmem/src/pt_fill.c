/* SPDX-License-Identifier: MIT */
/*
 * Mapping a stretch in two passes over the same runs of equal pages: the first makes tables
 * and can fail, the second writes entries and cannot.
 */
#include <errno.h>
#include <string.h>

#include "pt_priv.h"

/* Pages of one size that follow each other: [va, end) at `level`. */
struct run {
    uint64_t va, end;
    unsigned level;
};

static bool
may_be_page(const struct format *f, unsigned level, const struct nvmem_target *t)
{
    if (t->flags & NVMEM_MAP_SPARSE) /* directories' entries can be sparse too */
        return !t->page_bytes || entry_bytes(f, level) <= t->page_bytes;
    return f->level[level].page && (!t->page_bytes || entry_bytes(f, level) <= t->page_bytes);
}

/* The largest pages that the stretch can begin with at va, as far as they go. Where a still
 * larger page fits later on, the run ends there. */
static struct run
next_run(const struct format *f, const struct stretch *s, uint64_t va)
{
    const bool sparse = s->target->flags & NVMEM_MAP_SPARSE;
    const uint64_t apart = sparse ? 0 : va ^ (s->addr + (va - s->va));
    uint64_t end = s->end;

    for (unsigned level = 0; level < f->levels - 1u; level++) {
        const uint64_t page = entry_bytes(f, level);
        const uint64_t first = (va + page - 1) & -page;

        if (!may_be_page(f, level, s->target) || (apart & (page - 1)))
            continue;
        if (first == va && end - va >= page)
            return (struct run){va, end & -page, level};
        if (first < end && s->end - first >= page)
            end = first;
    }
    return (struct run){va, end, f->levels - 1u};
}

/* The table of the run's level for va; tables on the way are made. */
static struct table *
reserve_table(struct nvmem_pt *pt, const struct stretch *s, uint64_t va, unsigned leaf,
              int *rc_out)
{
    const struct format *f = pt->format;
    struct table *t = pt->root;

    while (t && t->level != leaf) {
        const uint32_t i = entry_index(f, t->level, va);

        if (!s->replace && is_leaf(f, t, i)) {
            *rc_out = -EEXIST;
            return NULL;
        }
        t = nvmem_pt_child(pt, t, i, step_to(f, t->level, leaf), rc_out);
    }
    return t;
}

/* The first entry of [i, end) of a table of pages that is in use; end when none is. */
static uint32_t
used_page(const struct table *t, uint32_t i, uint32_t end)
{
    while (i < end && !t->words[i])
        i++;
    return i;
}

/* The 64K and 4K tables of one directory entry: what the one wants must be free in both. */
static bool
twin_is_free(const struct format *f, struct table *dir, uint64_t va, uint64_t end,
             unsigned leaf, uint64_t *at_out)
{
    const unsigned big = last_dir(f) + 1, small = big + 1;
    const unsigned other = leaf == big ? small : big;
    const struct table *twin = *child_slot(f, dir, entry_index(f, dir->level, va), other);
    uint32_t from, to, i;

    if (!twin || !twin->live)
        return true;
    from = entry_index(f, other, va);
    to = entry_index(f, other, end - 1) + 1;
    i = used_page(twin, from, to);
    if (i == to)
        return true;
    *at_out = (va & -entry_bytes(f, last_dir(f))) + ((uint64_t)i << f->level[other].shift);
    if (*at_out < va)
        *at_out = va;
    return false;
}

/* Whether entries of one table are free for [va, end). */
static bool
is_free(struct nvmem_pt *pt, struct table *t, uint64_t va, uint64_t end, uint64_t *at_out)
{
    const struct format *f = pt->format;
    const uint32_t from = entry_index(f, t->level, va);
    const uint32_t to = entry_index(f, t->level, end - 1) + 1;
    uint32_t i = from;

    if (t->level > last_dir(f)) {
        if (t->live)
            i = used_page(t, from, to);
        else
            i = to;
        if (i == to)
            return twin_is_free(f, nvmem_pt_find(pt, va, last_dir(f)), va, end, t->level,
                                at_out);
    } else {
        while (i < to && !*entry_word(f, t, i) && !*child_slot(f, t, i, t->level + 1u) &&
               !*child_slot(f, t, i, f->levels - 1u))
            i++;
        if (i == to)
            return true;
    }
    *at_out = va + ((uint64_t)(i - from) << f->level[t->level].shift);
    return false;
}

/* The end of what one table of this level holds from va on. */
static uint64_t
table_end(const struct format *f, unsigned level, uint64_t va, uint64_t end)
{
    const uint64_t span = entry_bytes(f, level) << f->level[level].bits;
    const uint64_t to = (va & -span) + span;

    return to < end ? to : end;
}

int
nvmem_pt_reserve(struct nvmem_pt *pt, const struct stretch *s, uint64_t *at_out)
{
    const struct format *f = pt->format;

    for (uint64_t va = s->va; va < s->end;) {
        const struct run run = next_run(f, s, va);

        for (; va < run.end; va = table_end(f, run.level, va, run.end)) {
            const uint64_t end = table_end(f, run.level, va, run.end);
            int rc = 0;
            struct table *t = reserve_table(pt, s, va, run.level, &rc);

            *at_out = va;
            if (!t)
                return rc;
            if (!s->replace && !is_free(pt, t, va, end, at_out))
                return -EEXIST;
        }
    }
    return 0;
}

/* Tables that were made for the run are made known, the lowest first. */
static void
link_path(struct nvmem_pt *pt, struct table *t, uint64_t va, unsigned leaf)
{
    const struct format *f = pt->format;
    const uint32_t i = entry_index(f, t->level, va);
    struct table *child;

    if (t->level == leaf)
        return;
    child = *child_slot(f, t, i, step_to(f, t->level, leaf));
    link_path(pt, child, va, leaf);
    if (!child->linked)
        nvmem_pt_link(pt, t, i, child);
}

static void
write_pages(struct nvmem_pt *pt, struct table *t, uint32_t i, uint32_t count, uint64_t word,
            uint64_t step)
{
    uint64_t *restrict words = &t->words[i];

    for (uint32_t k = 0; k < count; k++)
        words[k] = word + k * step;
    t->live += count;
    nvmem_pt_push(pt, t, i, count);
}

/* Entries of a directory, one by one: they have one or two words. */
static void
write_entries(struct nvmem_pt *pt, struct table *t, uint32_t i, uint32_t count, uint64_t word,
              uint64_t step)
{
    const unsigned words = pt->format->level[t->level].words;

    for (uint32_t k = 0; k < count; k++) {
        t->words[(size_t)(i + k) * words] = word + k * step;
        if (words == 2)
            t->words[(i + k) * words + 1] = 0;
    }
    t->live += count;
    nvmem_pt_push(pt, t, i * words, count * words);
}

/* Directory entries that become pages lose what is behind them: it is empty. */
static void
drop_children(struct nvmem_pt *pt, struct table *t, uint32_t i, uint32_t count)
{
    const struct format *f = pt->format;

    for (uint32_t k = i; k < i + count; k++)
        for (unsigned level = t->level + 1u; level < f->levels; level++) {
            struct table **slot = child_slot(f, t, k, level);

            if (*slot && (*slot)->level == level)
                nvmem_pt_retire(pt, t, k, level);
        }
}

static void
fill_table(struct nvmem_pt *pt, const struct stretch *s, struct table *t, uint64_t va,
           uint64_t end)
{
    const struct format *f = pt->format;
    const bool sparse = s->target->flags & NVMEM_MAP_SPARSE;
    const bool dir = t->level <= last_dir(f);
    const uint32_t i = entry_index(f, t->level, va);
    const uint32_t count = (uint32_t)((end - va) >> f->level[t->level].shift);
    const struct field addr = f->addr[s->target->aperture];
    const uint64_t word = sparse ? (dir ? f->pde_sparse : f->sparse)
                                 : s->base | field_put(addr, s->addr + (va - s->va));
    const uint64_t step = sparse ? 0 : field_put(addr, entry_bytes(f, t->level));

    if (sparse)
        pt->stat.sparse_bytes += end - va;
    else
        pt->stat.mapped_bytes += end - va;
    if (dir) {
        write_entries(pt, t, i, count, word, step);
        drop_children(pt, t, i, count);
    } else {
        write_pages(pt, t, i, count, word, step);
    }
}

void
nvmem_pt_fill(struct nvmem_pt *pt, const struct stretch *s)
{
    const struct format *f = pt->format;

    for (uint64_t va = s->va; va < s->end;) {
        const struct run run = next_run(f, s, va);

        for (; va < run.end; va = table_end(f, run.level, va, run.end)) {
            fill_table(pt, s, nvmem_pt_find(pt, va, run.level), va,
                       table_end(f, run.level, va, run.end));
            link_path(pt, pt->root, va, run.level);
        }
    }
    nvmem_pt_dirty(pt, s->va, s->end, true);
}

/* Emptiness, from the bottom up. Returns whether t is of no use any more. */
static bool
prune(struct nvmem_pt *pt, struct table *t, uint64_t va, uint64_t end)
{
    const struct format *f = pt->format;

    for (; t->level <= last_dir(f) && va < end;
         va = (va | (entry_bytes(f, t->level) - 1)) + 1) {
        const uint32_t i = entry_index(f, t->level, va);
        const uint64_t next = (va | (entry_bytes(f, t->level) - 1)) + 1;

        for (unsigned level = t->level + 1u; level < f->levels; level++) {
            struct table *child = *child_slot(f, t, i, level);

            if (child && child->level == level && prune(pt, child, va, next < end ? next : end))
                nvmem_pt_retire(pt, t, i, level);
        }
    }
    return !t->live && !t->pinned;
}

void
nvmem_pt_prune(struct nvmem_pt *pt, uint64_t va, uint64_t end)
{
    prune(pt, pt->root, va, end);
}
