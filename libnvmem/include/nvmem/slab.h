/* SPDX-License-Identifier: MIT */
/**
 * Many small objects of one size, cut from larger ranges of a heap: descriptors, semaphores,
 * queries, page tables of 256 bytes. What is below the heap's granule is found here.
 *
 * With config.threads any thread may call at any time. Lock order: a slab's lock before its
 * heap's.
 */
#ifndef NVMEM_SLAB_H
#define NVMEM_SLAB_H

#include <nvmem/heap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_slab;

struct nvmem_slab_config {
    struct nvmem_heap *heap;     /* borrowed */
    const struct gsp_host *host; /* borrowed; NULL: libc's memory */
    uint32_t object_bytes;       /* a multiple of align, see there */
    uint32_t align;              /* a power of two; 0 means 1 */
    uint64_t chunk_bytes;        /* asked of the heap at a time; 0 means 64 KiB or 64 objects */
    uint32_t need;               /* enum nvmem_region_flags */
    uint32_t owner;              /* of the chunks */
    bool threads;
};

struct nvmem_slab_stat {
    uint64_t objects, chunks, chunk_bytes;
    uint64_t empty_chunks; /* one is kept; nvmem_slab_trim() gives it back too */
};

/** 0, -EINVAL (sizes that make no sense), -ENOMEM. */
GSP_MUST_CHECK int nvmem_slab_create(const struct nvmem_slab_config *config,
                                     struct nvmem_slab **slab_out, struct gsp_error *err);
/** Every chunk goes back to the heap, whatever is in it. */
void nvmem_slab_destroy(struct nvmem_slab *slab);
/** 0, -ENOSPC or -ENOMEM as nvmem_heap_alloc(). */
GSP_MUST_CHECK int nvmem_slab_alloc(struct nvmem_slab *slab, struct nvmem_range *range_out,
                                    struct gsp_error *err);
/** 0, -EALREADY (freed before), -ENOENT (no object of this slab). */
GSP_MUST_CHECK int nvmem_slab_free(struct nvmem_slab *slab, const struct nvmem_range *range,
                                   struct gsp_error *err);
/** Empty chunks go back to the heap. Returns how many bytes. */
uint64_t nvmem_slab_trim(struct nvmem_slab *slab);
void nvmem_slab_stat(struct nvmem_slab *slab, struct nvmem_slab_stat *stat_out);

#ifdef __cplusplus
}
#endif
#endif
