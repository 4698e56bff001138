/* SPDX-License-Identifier: MIT */
/* What a heap says about itself: figures, its spans in order, what each owner holds. */
#include <string.h>

#include <nvmem/report.h>

#include "heap_priv.h"

void
nvmem_heap_stat(struct nvmem_heap *heap, struct nvmem_heap_stat *stat_out)
{
    heap_lock(heap);
    nvmem_heap_unpark(heap);
    *stat_out = heap->stat;
    stat_out->largest_free_bytes = 0;
    for (unsigned r = 0; r < heap->region_count; r++) {
        const uint64_t bytes = nvmem_heap_largest(heap, &heap->region[r]) << heap->shift;

        if (bytes > stat_out->largest_free_bytes)
            stat_out->largest_free_bytes = bytes;
    }
    heap_unlock(heap);
}

static struct nvmem_span
span_of(const struct nvmem_heap *heap, const struct node *n)
{
    struct nvmem_span s = {
        .addr = node_addr(n) << heap->shift,
        .bytes = node_size(n) << heap->shift,
        .used = node_state(n) == NODE_USED,
        .reserved = node_state(n) == NODE_RESERVED,
        .region = heap->region[node_region(n)].index,
    };

    if (s.used) {
        const uint32_t ms = __atomic_load_n(&n->use.time_ms, __ATOMIC_RELAXED);

        s.owner = __atomic_load_n(&n->use.owner, __ATOMIC_RELAXED);
        s.time_ns = ms ? heap->base_ns + (uint64_t)(ms - 1) * 1000000 : 0;
    }
    return s;
}

int
nvmem_heap_each(struct nvmem_heap *heap, int (*fn)(void *ctx, const struct nvmem_span *span),
                void *ctx)
{
    int rc = 0;

    heap_lock(heap);
    nvmem_heap_unpark(heap);
    for (unsigned r = 0; r < heap->region_count && !rc; r++)
        for (uint32_t i = heap->region[r].first; i != NO_NODE && !rc;
             i = heap_node(heap, i)->next) {
            const struct nvmem_span span = span_of(heap, heap_node(heap, i));

            rc = fn(ctx, &span);
        }
    heap_unlock(heap);
    return rc;
}

/* Leaks: two passes for each owner, in order of their numbers, so that no memory is needed. */

struct leaks {
    struct nvmem_leak *leaks;
    unsigned count, room;
    uint32_t above; /* the owner that was done last */
    uint32_t least; /* the smallest number past it */
    bool found;
};

static void
add_to_leak(struct nvmem_leak *l, const struct nvmem_span *span)
{
    if (!l->ranges || span->time_ns < l->oldest_ns) {
        l->oldest_ns = span->time_ns;
        l->first_addr = span->addr;
    }
    l->ranges++;
    l->bytes += span->bytes;
    if (span->bytes > l->largest_bytes)
        l->largest_bytes = span->bytes;
}

/* The next owner in order of numbers. */
static int
see_owner(void *ctx, const struct nvmem_span *span)
{
    struct leaks *s = ctx;

    if (span->used && (!s->count || span->owner > s->above) &&
        (!s->found || span->owner < s->least)) {
        s->least = span->owner;
        s->found = true;
    }
    return 0;
}

static int
sum_owner(void *ctx, const struct nvmem_span *span)
{
    struct nvmem_leak *leak = ctx;

    if (span->used && span->owner == leak->owner)
        add_to_leak(leak, span);
    return 0;
}

/* Keep the largest, in order. */
static void
keep(struct leaks *s, const struct nvmem_leak *leak)
{
    unsigned k = s->count < s->room ? s->count : s->room;

    if (k == s->room) {
        if (!k || s->leaks[k - 1].bytes >= leak->bytes)
            return;
        k--;
    }
    for (; k && s->leaks[k - 1].bytes < leak->bytes; k--)
        s->leaks[k] = s->leaks[k - 1];
    s->leaks[k] = *leak;
}

unsigned
nvmem_heap_leaks(struct nvmem_heap *heap, struct nvmem_leak *leaks_out, unsigned room)
{
    struct leaks s = {.leaks = leaks_out, .room = room};

    for (;; s.count++) {
        struct nvmem_leak leak = {0};

        s.found = false;
        nvmem_heap_each(heap, see_owner, &s);
        if (!s.found)
            return s.count;
        s.above = s.least;
        leak.owner = s.least;
        nvmem_heap_each(heap, sum_owner, &leak);
        keep(&s, &leak);
    }
}
