/* SPDX-License-Identifier: MIT */
/*
 * Parked ranges: free ones that wait a while for a request of their size before they are joined
 * with their neighbours. Joining and cutting touch five to ten cache lines of nodes; parking
 * and taking touch none, as id and generation are enough to believe a range. Whatever needs the
 * whole picture (a request that found no room, limits, a fixed address, figures) has them
 * joined first.
 */
#include <errno.h>

#include "heap_priv.h"

/* Smaller heaps have few lines to touch, and no room to waste on this. */
#define WORTHWHILE UINT64_C(4096)

/* The first region that a request without needs is served from. */
static struct region *
common_region(struct nvmem_heap *heap)
{
    for (unsigned r = 0; r < heap->region_count; r++)
        if (!(heap->region[r].given.flags & (NVMEM_RESERVED | NVMEM_PROTECTED)))
            return &heap->region[r];
    return NULL;
}

int
nvmem_heap_park_init(struct nvmem_heap *heap)
{
    struct region *region = common_region(heap);
    const uint64_t granules = heap->stat.total_bytes >> heap->shift;

    if (!region || granules < WORTHWHILE)
        return 0;
    heap->parked = gsp_host_alloc(heap->host, sizeof(*heap->parked));
    if (!heap->parked)
        return -ENOMEM;
    heap->parked->region = region;
    heap->parked->first = region->given.base >> heap->shift;
    heap->parked->end = (region->given.base + region->given.bytes) >> heap->shift;
    heap->parked->max = granules >> PARKED_SHARE;
    heap->stat.metadata_bytes += sizeof(*heap->parked);
    return 0;
}

bool
nvmem_heap_unpark(struct nvmem_heap *heap)
{
    struct parked *p = heap->parked;
    const bool any = p && p->granules;
    uint64_t addr;

    for (unsigned size = 0; any && size < PARKED_SIZES && p->granules; size++)
        while (p->count[size])
            nvmem_heap_set_free(heap, p->region, heap_take_parked(heap, size, 1, &addr));
    return any;
}
