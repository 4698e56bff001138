/* SPDX-License-Identifier: MIT */
/**
 * Memory of any kind as one description: where it is, in which extents, and how it goes into
 * page tables. Contiguous VRAM comes from a heap, scattered VRAM from a page map, system memory
 * from the caller's callbacks; sparse memory is nowhere.
 */
#ifndef NVMEM_MEMORY_H
#define NVMEM_MEMORY_H

#include <nvmem/heap.h>
#include <nvmem/pages.h>
#include <nvmem/pt.h>

#ifdef __cplusplus
extern "C" {
#endif

enum nvmem_memory_kind {
    NVMEM_CONTIGUOUS, /* VRAM, one extent */
    NVMEM_SCATTERED,  /* VRAM, many */
    NVMEM_SYSMEM,
    NVMEM_SPARSE,
};

/** Where memory comes from. A source that is missing refuses its kind with -ENOTSUP. */
struct nvmem_sources {
    struct nvmem_heap *heap;   /* borrowed */
    struct nvmem_pages *pages; /* borrowed */
    /** System memory that the device reaches: one extent on the bus, a multiple of 4 KiB.
     * cookie_out is handed to sys_free(). 0 or -ENOMEM. */
    int (*sys_alloc)(void *ctx, uint64_t bytes, struct nvmem_extent *extent_out, void **cpu_out,
                     void **cookie_out);
    void (*sys_free)(void *ctx, void *cookie);
    void *ctx;
};

struct nvmem_memory {
    enum nvmem_memory_kind kind;
    enum nvmem_aperture aperture;
    uint64_t bytes;
    void *cpu; /* system memory alone */

    /* How it is held: see nvmem_memory_extents(). */
    struct nvmem_extent one;
    struct nvmem_page_list list;
    struct nvmem_range range;
    void *cookie;
};

/**
 * @param request     bytes and page_bytes (0: 4 KiB) for every kind; the rest for
 *                    NVMEM_CONTIGUOUS
 * @param memory_out  set on success only; give it back with nvmem_memory_free()
 * @return 0, -ENOTSUP, or what the source said
 */
GSP_MUST_CHECK int nvmem_memory_alloc(const struct nvmem_sources *sources,
                                      enum nvmem_memory_kind kind,
                                      const struct nvmem_request *request,
                                      struct nvmem_memory *memory_out, struct gsp_error *err);
/** 0, and *memory is nothing any more; or -EALREADY, -ENOENT as its source says. */
GSP_MUST_CHECK int nvmem_memory_free(const struct nvmem_sources *sources,
                                     struct nvmem_memory *memory, struct gsp_error *err);
/** Its extents. Borrowed; good until *memory moves or is freed. */
const struct nvmem_extent *nvmem_memory_extents(const struct nvmem_memory *memory,
                                                size_t *count_out);
/** Map all of it. how: flags, kind and page_bytes; the rest is of the memory. As
 * nvmem_pt_map(). */
GSP_MUST_CHECK int nvmem_memory_map(const struct nvmem_memory *memory, struct nvmem_pt *pt,
                                    uint64_t va, const struct nvmem_target *how,
                                    struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
