/* SPDX-License-Identifier: MIT */
/**
 * A thread's own store of small ranges of a heap: most allocations and frees touch no lock.
 *
 * Each thread makes one for itself and uses it alone. Ranges may be freed through another
 * thread's cache, or straight to the heap, than they came from; to the heap, what a cache holds
 * counts as used. Requests that ask for more than a size (a fixed address, limits, attributes,
 * pages, an alignment) and sizes past 32 granules go to the heap.
 */
#ifndef NVMEM_CACHE_H
#define NVMEM_CACHE_H

#include <nvmem/heap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_cache;

/** The heap is borrowed and should have config.threads. 0 or -ENOMEM. */
GSP_MUST_CHECK int nvmem_cache_create(struct nvmem_heap *heap, struct nvmem_cache **cache_out,
                                      struct gsp_error *err);
/** What it holds goes back to the heap. */
void nvmem_cache_destroy(struct nvmem_cache *cache);
/** As nvmem_heap_alloc(). */
GSP_MUST_CHECK int nvmem_cache_alloc(struct nvmem_cache *cache,
                                     const struct nvmem_request *request,
                                     struct nvmem_range *range_out, struct gsp_error *err);
/** As nvmem_heap_free(). */
GSP_MUST_CHECK int nvmem_cache_free(struct nvmem_cache *cache, const struct nvmem_range *range,
                                    struct gsp_error *err);
/** Give everything that it holds back. Returns how many bytes. */
uint64_t nvmem_cache_trim(struct nvmem_cache *cache);

#ifdef __cplusplus
}
#endif
#endif
