/* SPDX-License-Identifier: MIT */
/*
 * Parked ranges: free ones that wait a while for a request of their size before they are joined
 * with their neighbours. Whatever needs the whole picture (a request that found no room,
 * limits, a fixed address, figures) has them joined first.
 */
#include "heap_priv.h"

/* The first region that a request without needs is served from. */
static unsigned
common_region(const struct nvmem_heap *heap)
{
    unsigned r = 0;

    while (r < heap->region_count &&
           heap->region[r].given.flags & (NVMEM_RESERVED | NVMEM_PROTECTED))
        r++;
    return r;
}

void
nvmem_heap_park_init(struct nvmem_heap *heap)
{
    heap->parked_region = common_region(heap);
    heap->parked_max = (heap->stat.total_bytes >> heap->shift) >> PARKED_SHARE;
}

bool
nvmem_heap_unpark(struct nvmem_heap *heap)
{
    const bool any = heap->parked_granules != 0;

    for (unsigned size = 0; size < PARKED_SIZES && heap->parked_granules; size++)
        while (heap->parked[size].count) {
            const uint32_t i = heap_take_parked(heap, size, 1);

            nvmem_heap_set_free(heap, &heap->region[heap->parked_region], i);
        }
    return any;
}
