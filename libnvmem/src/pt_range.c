/* SPDX-License-Identifier: MIT */
/* What is mapped in a range: holes, pages split at its ends, entries emptied, pages joined. */
#include <errno.h>
#include <string.h>

#include "pt_priv.h"

uint64_t
nvmem_pt_hole(struct nvmem_pt *pt, uint64_t va, uint64_t end)
{
    const struct format *f = pt->format;

    while (va < end) {
        const struct spot s = nvmem_pt_spot(pt, va);
        const uint64_t page = entry_bytes(f, s.table->level);
        uint32_t i = s.index;

        if (!s.word)
            return va;
        va = (va & -page) + page;
        if (s.table->level > last_dir(f))
            while (va < end && ++i < entry_count(f, s.table->level) && s.table->words[i])
                va += page;
    }
    return end;
}

bool
nvmem_pt_empty(struct nvmem_pt *pt, uint64_t va, uint64_t end)
{
    while (va < end) {
        const struct spot s = nvmem_pt_spot(pt, va);

        if (s.word)
            return false;
        va = (va | (entry_bytes(pt->format, s.table->level) - 1)) + 1;
    }
    return true;
}

/* Split */

/* A directory's page becomes a table full of the next smaller pages. */
static int
split_dir(struct nvmem_pt *pt, struct table *t, uint32_t i)
{
    const struct format *f = pt->format;
    const uint64_t word = *entry_word(f, t, i);
    const unsigned level = t->level + 1u;
    const bool sparse = !(word & f->valid);
    const struct field addr = f->addr[field_get(f->aperture, word)];
    const uint64_t step = sparse ? 0 : field_put(addr, entry_bytes(f, level));
    const uint64_t first = sparse && level > last_dir(f) ? f->sparse : word;
    int rc;
    struct table *child = nvmem_pt_table_new(pt, level, &rc);

    if (!child)
        return rc;
    for (uint32_t k = 0; k < entry_count(f, level); k++)
        *entry_word(f, child, k) = first + k * step;
    child->live = entry_count(f, level);
    nvmem_pt_push(pt, child, 0, entry_count(f, level) * f->level[level].words);
    *child_slot(f, t, i, level) = child;
    nvmem_pt_link(pt, t, i, child);
    return 0;
}

/* A 64K page becomes 16 of 4K in the table beside. */
static int
split_big(struct nvmem_pt *pt, struct table *big, uint32_t i, uint64_t va)
{
    const struct format *f = pt->format;
    const unsigned level = f->levels - 1u, ratio = f->level[level - 1].shift - 12u;
    struct table *dir = nvmem_pt_find(pt, va, last_dir(f)), *small;
    const uint32_t k = entry_index(f, dir->level, va), from = i << ratio;
    const uint64_t word = big->words[i];
    const struct field addr = f->addr[field_get(f->aperture, word)];
    const uint64_t step = word & f->valid ? field_put(addr, entry_bytes(f, level)) : 0;
    int rc;

    small = nvmem_pt_child(pt, dir, k, level, &rc);
    if (!small)
        return rc;
    for (uint32_t n = 0; n < 1u << ratio; n++)
        small->words[from + n] = word + n * step;
    small->live += 1u << ratio;
    nvmem_pt_push(pt, small, from, 1u << ratio);
    if (!small->linked)
        nvmem_pt_link(pt, dir, k, small);
    big->words[i] = 0;
    big->live--;
    nvmem_pt_push(pt, big, i, 1);
    return 0;
}

/* The page at va, which is not one of 4K, once. */
static int
split_spot(struct nvmem_pt *pt, const struct spot *s, uint64_t va)
{
    const struct format *f = pt->format;
    const uint64_t page = entry_bytes(f, s->table->level), start = va & -page;
    const int rc = s->table->level > last_dir(f) ? split_big(pt, s->table, s->index, va)
                                                 : split_dir(pt, s->table, s->index);

    if (!rc)
        nvmem_pt_dirty(pt, start, start + page, true);
    return rc;
}

int
nvmem_pt_split(struct nvmem_pt *pt, uint64_t va)
{
    for (;;) {
        const struct spot s = nvmem_pt_spot(pt, va);
        int rc;

        if (!s.word || !(va & (entry_bytes(pt->format, s.table->level) - 1)))
            return 0;
        rc = split_spot(pt, &s, va);
        if (rc < 0)
            return rc;
    }
}

int
nvmem_pt_split_to(struct nvmem_pt *pt, uint64_t va, uint64_t end, uint64_t page_bytes)
{
    while (va < end) {
        const struct spot s = nvmem_pt_spot(pt, va);
        const uint64_t page = entry_bytes(pt->format, s.table->level);
        int rc;

        if (!(s.word & pt->format->valid) || page <= page_bytes) {
            va = (va | (page - 1)) + 1;
            continue;
        }
        rc = split_spot(pt, &s, va);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Clear */

static void
count_out(struct nvmem_pt *pt, uint64_t word, uint64_t bytes)
{
    if (word & pt->format->valid)
        pt->stat.mapped_bytes -= bytes;
    else
        pt->stat.sparse_bytes -= bytes;
}

static void
clear_pages(struct nvmem_pt *pt, struct table *t, uint32_t from, uint32_t to)
{
    const uint64_t page = entry_bytes(pt->format, t->level);

    if (!t->live)
        return;
    for (uint32_t i = from; i < to; i++)
        if (t->words[i]) {
            count_out(pt, t->words[i], page);
            t->words[i] = 0;
            t->live--;
        }
    nvmem_pt_push(pt, t, from, to - from);
}

static void
clear(struct nvmem_pt *pt, struct table *t, uint64_t va, uint64_t end)
{
    const struct format *f = pt->format;
    const uint64_t page = entry_bytes(f, t->level);

    if (t->level > last_dir(f)) {
        clear_pages(pt, t, entry_index(f, t->level, va), entry_index(f, t->level, end - 1) + 1);
        return;
    }
    for (uint64_t next; va < end; va = next) {
        const uint32_t i = entry_index(f, t->level, va);

        next = (va & -page) + page;
        if (is_leaf(f, t, i)) {
            count_out(pt, *entry_word(f, t, i), page);
            *entry_word(f, t, i) = 0;
            t->live--;
            nvmem_pt_push(pt, t, i * f->level[t->level].words, f->level[t->level].words);
        }
        for (unsigned level = t->level + 1u; level < f->levels; level++) {
            struct table *child = *child_slot(f, t, i, level);

            if (child && child->level == level)
                clear(pt, child, va, next < end ? next : end);
        }
    }
}

void
nvmem_pt_clear(struct nvmem_pt *pt, uint64_t va, uint64_t end)
{
    clear(pt, pt->root, va, end);
    nvmem_pt_dirty(pt, va, end, false);
}

/* Join */

/* Whether `count` entries are pages of one larger page, or all sparse. */
static bool
is_one_page(const struct format *f, const uint64_t *words, uint32_t count, unsigned stride,
            unsigned level)
{
    const struct field addr = f->addr[field_get(f->aperture, words[0])];
    const bool valid = words[0] & f->valid;
    const uint64_t step = valid ? field_put(addr, entry_bytes(f, level)) : 0;

    if (!words[0] || (valid && field_get(addr, words[0]) & (entry_bytes(f, level) * count - 1)))
        return false;
    for (uint32_t k = 1; k < count; k++)
        if (words[(size_t)k * stride] != words[0] + k * step)
            return false;
    return true;
}

/* 16 pages of 4K become one of 64K. */
static bool
join_small(struct nvmem_pt *pt, struct table *dir, uint32_t i, uint32_t slot)
{
    const struct format *f = pt->format;
    const unsigned big = last_dir(f) + 1, ratio = f->level[big].shift - 12u;
    struct table *small = *child_slot(f, dir, i, big + 1), *t;
    const uint32_t from = slot << ratio, count = 1u << ratio;
    int rc;

    if (!is_one_page(f, &small->words[from], count, 1, big + 1))
        return false;
    t = nvmem_pt_child(pt, dir, i, big, &rc);
    if (!t)
        return false;
    t->words[slot] = small->words[from];
    t->live++;
    nvmem_pt_push(pt, t, slot, 1);
    if (!t->linked)
        nvmem_pt_link(pt, dir, i, t);
    memset(&small->words[from], 0, (size_t)count * 8);
    small->live -= count;
    nvmem_pt_push(pt, small, from, count);
    return true;
}

/* A whole table of pages becomes one page of its directory. */
static bool
join_table(struct nvmem_pt *pt, struct table *t, uint32_t i)
{
    const struct format *f = pt->format;
    struct table *child = *child_slot(f, t, i, t->level + 1u);
    struct table *small = t->level == last_dir(f) ? t->child[2 * i + 1] : NULL;
    uint64_t word;

    if (!child || !child->linked || child->live != entry_count(f, child->level) ||
        (small && small->live))
        return false;
    for (uint32_t k = 0; child->level <= last_dir(f) && k < child->live; k++)
        if (!is_leaf(f, child, k))
            return false;
    word = child->words[0];
    if (!is_one_page(f, child->words, child->live, f->level[child->level].words, child->level))
        return false;
    if (!(word & f->valid))
        word = f->pde_sparse;
    else if (!f->level[t->level].page)
        return false;
    *entry_word(f, t, i) = word;
    if (f->level[t->level].words == 2)
        entry_word(f, t, i)[1] = 0;
    nvmem_pt_push(pt, t, i * f->level[t->level].words, f->level[t->level].words);
    t->live++;
    nvmem_pt_retire(pt, t, i, child->level);
    if (small)
        nvmem_pt_retire(pt, t, i, small->level);
    return true;
}

static uint64_t
join(struct nvmem_pt *pt, struct table *t, uint64_t va, uint64_t end)
{
    const struct format *f = pt->format;
    const unsigned big = last_dir(f) + 1;
    const uint64_t page = entry_bytes(f, t->level), slot = entry_bytes(f, big);
    uint64_t made = 0;

    for (uint64_t next; va < end; va = next) {
        const uint32_t i = entry_index(f, t->level, va);
        const uint64_t start = va & -page, to = start + page < end ? start + page : end;

        next = start + page;
        if (t->level < last_dir(f)) {
            if (t->child[i])
                made += join(pt, t->child[i], va, to);
        } else if (t->child[2 * i + 1]) {
            for (uint64_t at = (va + slot - 1) & -slot; at + slot <= to; at += slot)
                made += join_small(pt, t, i, entry_index(f, big, at));
        }
        if (start == va && to == next)
            made += join_table(pt, t, i);
    }
    return made;
}

uint64_t
nvmem_pt_join(struct nvmem_pt *pt, uint64_t va, uint64_t end)
{
    const uint64_t made = join(pt, pt->root, va, end);

    if (made)
        nvmem_pt_dirty(pt, va, end, true);
    return made;
}
