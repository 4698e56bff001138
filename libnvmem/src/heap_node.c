/* SPDX-License-Identifier: MIT */
/*
 * Storage for the heap's nodes: chunks that double in size and never move, so that growing
 * copies nothing and a node can be read while another thread makes the heap grow.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "heap_priv.h"

static uint32_t
chunk_nodes(unsigned k)
{
    return 1u << (k + CHUNK_BITS);
}

static uint32_t
chunk_first(unsigned k)
{
    return chunk_nodes(k) - chunk_nodes(0);
}

/* Large chunks are walked at random: with pages of 2 MiB that costs no TLB miss as well. */
static void
advise(const struct node *chunk, size_t bytes)
{
    const uintptr_t huge = 2 << 20, from = ((uintptr_t)chunk + huge - 1) & -huge;
    const uintptr_t to = ((uintptr_t)chunk + bytes) & -huge;

    if (from < to && madvise((void *)from, to - from, MADV_HUGEPAGE) != 0)
        return; /* it was advice */
}

/* Nodes, and their generations behind them. */
static size_t
chunk_bytes(unsigned k)
{
    return chunk_nodes(k) * (sizeof(struct node) + sizeof(uint16_t));
}

static int
add_chunk(struct nvmem_heap *heap)
{
    unsigned k = 0;
    uintptr_t generations;

    while (k < CHUNKS - 1 && heap->chunk[k])
        k++;
    if (heap->chunk[k])
        return -ENOMEM;
    heap->chunk[k] = gsp_host_alloc(heap->host, chunk_bytes(k));
    if (!heap->chunk[k])
        return -ENOMEM;
    advise(heap->chunk[k], chunk_bytes(k));
    generations = (uintptr_t)(heap->chunk[k] + chunk_nodes(k));
    heap->origin[k] = (uintptr_t)heap->chunk[k] - chunk_first(k) * sizeof(struct node);
    heap->gen_origin[k] = generations - chunk_first(k) * sizeof(uint16_t);
    heap->capacity += chunk_nodes(k);
    heap->stat.metadata_bytes += chunk_bytes(k);
    return 0;
}

int
nvmem_heap_nodes_reserve(struct nvmem_heap *heap, uint32_t count)
{
    while (heap->capacity - heap->fresh + heap->unused_count < count)
        if (add_chunk(heap) < 0)
            return -ENOMEM;
    return 0;
}

uint32_t
nvmem_heap_node_fresh(struct nvmem_heap *heap)
{
    const uint32_t i = heap->fresh;

    __atomic_store_n(heap_gen(heap, i), heap->generation[heap_chunk(i)], __ATOMIC_RELAXED);
    __atomic_store_n(&heap->fresh, i + 1, __ATOMIC_RELAXED); /* nvmem_heap_out() reads it */
    return i;
}

void
nvmem_heap_nodes_free(struct nvmem_heap *heap)
{
    for (unsigned k = 0; k < CHUNKS; k++)
        gsp_host_free(heap->host, heap->chunk[k]);
}

/* Whether no node of the chunk is in a region's list; `newest` is the youngest generation. */
static bool
chunk_is_unused(const struct nvmem_heap *heap, unsigned k, uint16_t *newest)
{
    for (uint32_t i = 0; i < chunk_nodes(k) && chunk_first(k) + i < heap->fresh; i++) {
        const struct node *n = &heap->chunk[k][i];

        if (node_state(n) != NODE_UNUSED)
            return false;
        if ((uint16_t)(heap_generation(heap, chunk_first(k) + i) - *newest) < 0x8000)
            *newest = heap_generation(heap, chunk_first(k) + i);
    }
    return true;
}

static void
relist_unused(struct nvmem_heap *heap)
{
    heap->unused = NO_NODE;
    heap->unused_count = 0;
    for (uint32_t i = heap->fresh; i-- > 0;)
        if (node_state(heap_node(heap, i)) == NODE_UNUSED)
            heap_node_drop(heap, i);
}

size_t
nvmem_heap_trim(struct nvmem_heap *heap)
{
    size_t freed = 0;

    heap_lock(heap);
    nvmem_heap_unpark(heap);
    for (unsigned k = CHUNKS; k-- > 1;) {
        uint16_t newest = heap->generation[k];

        if (!heap->chunk[k])
            continue;
        if (!chunk_is_unused(heap, k, &newest))
            break;
        gsp_host_free(heap->host, heap->chunk[k]);
        heap->chunk[k] = NULL;
        heap->generation[k] = (uint16_t)(newest + 1); /* old ids stay recognizable */
        heap->capacity = chunk_first(k);
        if (heap->fresh > heap->capacity)
            __atomic_store_n(&heap->fresh, heap->capacity, __ATOMIC_RELAXED);
        freed += chunk_bytes(k);
    }
    if (freed)
        relist_unused(heap);
    heap->stat.metadata_bytes -= freed;
    heap_unlock(heap);
    return freed;
}
