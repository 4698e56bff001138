/* SPDX-License-Identifier: MIT */
/*
 * Two-level segregated lists of free ranges: which list a size belongs to, and which range
 * serves a request. First a list whose every range is large enough, found by two bit scans;
 * only when there is none (or addresses are limited), the ranges that may do one by one.
 */
#include "heap_priv.h"

enum { ALIGNED_TRIES = 4 }; /* ranges that are looked at for one that happens to be aligned */

/* The class whose smallest range has `size` granules or more. */
static struct size_class
class_above(uint64_t size)
{
    if (size >= SL_COUNT)
        size += (UINT64_C(1) << (63 - __builtin_clzll(size) - SL_BITS)) - 1;
    return class_of(size);
}

/* The first class from *c on that has a range. */
static bool
next_class(const struct region *region, struct size_class *c)
{
    uint32_t sl = region->sl[c->fl] & ~UINT32_C(0) << c->sl;

    if (!sl) {
        const uint64_t fl = region->fl & ~UINT64_C(1) << c->fl;

        if (!fl)
            return false;
        c->fl = (unsigned)__builtin_ctzll(fl);
        sl = region->sl[c->fl];
    }
    c->sl = (unsigned)__builtin_ctz(sl);
    return true;
}

/* Where the request lies in the free range. */
static inline bool
place(const struct node *n, const struct fit *fit, uint64_t *addr_out)
{
    const uint64_t mask = fit->align - 1;
    uint64_t from = node_addr(n), to = from + node_size(n);

    from = from < fit->min ? fit->min : from;
    to = to > fit->max ? fit->max : to;
    if (to < from || to - from < fit->size)
        return false;
    *addr_out = fit->top_down ? (to - fit->size) & ~mask : (from + mask) & ~mask;
    return *addr_out >= from && *addr_out <= to - fit->size;
}

/* Some ranges of a list, for one that takes the request. */
static inline uint32_t
try_list(const struct nvmem_heap *heap, uint32_t i, const struct fit *fit, unsigned tries,
         uint64_t *addr_out)
{
    for (; i != NO_NODE && tries; tries--) {
        const struct node *n = heap_node(heap, i);

        if (place(n, fit, addr_out))
            return i;
        i = n->list.next;
    }
    return NO_NODE;
}

/* Every range that may do, smallest class first. */
static uint32_t
try_all(const struct nvmem_heap *heap, const struct region *region, const struct fit *fit,
        uint64_t *addr_out)
{
    struct size_class c = class_of(fit->size);

    while (next_class(region, &c)) {
        const uint32_t i = try_list(heap, region->head[c.fl][c.sl], fit, UINT32_MAX, addr_out);

        if (i != NO_NODE)
            return i;
        if (++c.sl == SL_COUNT) {
            c.sl = 0;
            if (++c.fl == FL_COUNT)
                break;
        }
    }
    return NO_NODE;
}

uint32_t
nvmem_heap_find(const struct nvmem_heap *heap, const struct region *region,
                const struct fit *fit, uint64_t *addr_out)
{
    struct size_class c = class_above(fit->size);
    uint32_t i;

    if (next_class(region, &c)) {
        i = try_list(heap, region->head[c.fl][c.sl], fit, ALIGNED_TRIES, addr_out);
        if (i != NO_NODE)
            return i;
        c = class_above(fit->size + fit->align - 1);
        if (fit->align > 1 && next_class(region, &c)) {
            i = try_list(heap, region->head[c.fl][c.sl], fit, 1, addr_out);
            if (i != NO_NODE)
                return i;
        }
    }
    return try_all(heap, region, fit, addr_out);
}

uint32_t
nvmem_heap_find_at(const struct nvmem_heap *heap, const struct region *region, uint64_t addr,
                   uint64_t size)
{
    const struct fit fit = {.size = size, .align = 1, .min = addr, .max = addr + size};
    uint64_t found;

    return try_all(heap, region, &fit, &found);
}

uint64_t
nvmem_heap_largest(const struct nvmem_heap *heap, const struct region *region)
{
    uint64_t most = 0;
    unsigned fl;

    if (!region->fl)
        return 0;
    fl = 63u - (unsigned)__builtin_clzll(region->fl);
    for (uint32_t i = region->head[fl][31 - __builtin_clz(region->sl[fl])]; i != NO_NODE;
         i = heap_node(heap, i)->list.next)
        if (node_size(heap_node(heap, i)) > most)
            most = node_size(heap_node(heap, i));
    return most;
}
