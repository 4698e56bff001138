/* SPDX-License-Identifier: MIT */
/*
 * Per-thread caches: for each small size a stack of ranges that the heap counts as used. What
 * is stacked gets a new generation at once, so that a second free of the old name is seen.
 * Half a stack at a time moves under the heap's lock.
 */
#include <errno.h>

#include <nvmem/cache.h>

#include "heap_priv.h"

enum { SIZES = 32, DEPTH = 32, BATCH = DEPTH / 2 };

/* Owner of what lies in a cache, for leak reports. */
#define CACHED_OWNER UINT32_MAX

struct stack {
    unsigned count;
    struct nvmem_range range[DEPTH];
};

struct nvmem_cache {
    struct nvmem_heap *heap;
    struct stack stack[SIZES];
};

int
nvmem_cache_create(struct nvmem_heap *heap, struct nvmem_cache **cache_out,
                   struct gsp_error *err)
{
    struct nvmem_cache *cache = gsp_host_alloc(heap->host, sizeof(*cache));

    if (!cache)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a cache of %s",
                        heap->name);
    cache->heap = heap;
    *cache_out = cache;
    return 0;
}

/* Give the `count` newest of a stack back. The lock is held. */
static uint64_t
give_back(struct nvmem_cache *cache, struct stack *s, unsigned count)
{
    uint64_t bytes = 0;

    while (count--) {
        const struct nvmem_range *r = &s->range[--s->count];

        bytes += r->bytes;
        if (nvmem_heap_free_locked(cache->heap, r, NULL) < 0)
            bytes -= r->bytes; /* somebody freed it by a name that he had forged */
    }
    return bytes;
}

uint64_t
nvmem_cache_trim(struct nvmem_cache *cache)
{
    uint64_t bytes = 0;

    heap_lock(cache->heap);
    for (unsigned i = 0; i < SIZES; i++)
        bytes += give_back(cache, &cache->stack[i], cache->stack[i].count);
    heap_unlock(cache->heap);
    return bytes;
}

void
nvmem_cache_destroy(struct nvmem_cache *cache)
{
    if (!cache)
        return;
    nvmem_cache_trim(cache);
    gsp_host_free(cache->heap->host, cache);
}

static void
name_anew(struct nvmem_heap *heap, struct nvmem_range *r, uint32_t owner)
{
    const uint32_t i = (uint32_t)r->id;

    heap_renew(heap, i);
    __atomic_store_n(&heap_node(heap, i)->use.owner, owner, __ATOMIC_RELAXED);
    r->id = heap_id(heap, i, r->addr, r->bytes);
}

/* Half a stack of ranges for one size, in one go. */
static int
refill(struct nvmem_cache *cache, struct stack *s, const struct nvmem_request *q,
       struct gsp_error *err)
{
    struct nvmem_request each = *q;
    int rc = 0;

    each.owner = CACHED_OWNER;
    heap_lock(cache->heap);
    while (s->count < BATCH && !rc) {
        rc = nvmem_heap_alloc_locked(cache->heap, &each, &s->range[s->count],
                                     s->count ? NULL : err);
        s->count += !rc;
    }
    heap_unlock(cache->heap);
    return s->count ? 0 : rc;
}

static struct stack *
stack_of(struct nvmem_cache *cache, uint64_t bytes)
{
    const uint64_t granules =
        (bytes >> cache->heap->shift) + ((bytes & (nvmem_heap_granule(cache->heap) - 1)) != 0);

    return granules && granules <= SIZES ? &cache->stack[granules - 1] : NULL;
}

int
nvmem_cache_alloc(struct nvmem_cache *cache, const struct nvmem_request *q,
                  struct nvmem_range *range_out, struct gsp_error *err)
{
    struct nvmem_heap *heap = cache->heap;
    struct stack *s = stack_of(cache, q->bytes);
    int rc;

    if (!s || q->align > nvmem_heap_granule(heap) || q->page_bytes || q->min_addr ||
        q->max_addr || q->flags || q->need || (q->align & (q->align - 1)))
        return nvmem_heap_alloc(heap, q, range_out, err);
    if (!s->count) {
        rc = refill(cache, s, q, err);
        if (rc < 0)
            return rc;
    }
    *range_out = s->range[--s->count];
    name_anew(heap, range_out, q->owner);
    __atomic_store_n(&heap_node(heap, (uint32_t)range_out->id)->use.time_ms,
                     nvmem_heap_time_ms(heap), __ATOMIC_RELAXED);
    return 0;
}

static bool
is_protected(const struct nvmem_heap *heap, uint64_t addr)
{
    for (unsigned r = 0; heap->any_protected && r < heap->region_count; r++) {
        const struct nvmem_region *g = &heap->region[r].given;

        if (addr >= g->base && addr - g->base < g->bytes)
            return g->flags & NVMEM_PROTECTED;
    }
    return false;
}

int
nvmem_cache_free(struct nvmem_cache *cache, const struct nvmem_range *range,
                 struct gsp_error *err)
{
    struct nvmem_heap *heap = cache->heap;
    struct stack *s = stack_of(cache, range->bytes);
    int rc;

    if (!s)
        return nvmem_heap_free(heap, range, err);
    rc = nvmem_heap_out(heap, range);
    if (rc < 0)
        return nvmem_heap_free_error(heap, range, rc, err);
    /* Ranges of a region that only some requests may have go straight back. */
    if (is_protected(heap, range->addr))
        return nvmem_heap_free(heap, range, err);
    if (s->count == DEPTH) {
        heap_lock(heap);
        give_back(cache, s, BATCH);
        heap_unlock(heap);
    }
    s->range[s->count] = *range;
    name_anew(heap, &s->range[s->count], CACHED_OWNER);
    s->count++;
    return 0;
}
