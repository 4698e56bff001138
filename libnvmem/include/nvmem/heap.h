/* SPDX-License-Identifier: MIT */
/**
 * Ranges of addresses (VRAM, GPU virtual addresses) that are given out and taken back; the
 * memory behind them is never touched.
 *
 * Two-level segregated fit with its bookkeeping beside the heap: allocation and free take the
 * same few steps however many ranges are out. Three kinds of request may walk free ranges
 * instead: a fixed address, limits on the address, and one that would fail otherwise. A heap is
 * made of regions ("banks") with attributes, as the firmware's fbRegionInfo lists them.
 *
 * Sizes are in bytes and rounded up to the granule. With config.threads any thread may call at
 * any time; without it, one at a time. Lock order: docs/memory.md.
 */
#ifndef NVMEM_HEAP_H
#define NVMEM_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_heap;

/** What a region can do; also what a request needs. */
enum nvmem_region_flags {
    NVMEM_COMPRESSED = 1 << 0, /* supportCompressed */
    NVMEM_ISO = 1 << 1,        /* supportISO: display may scan out of it */
    NVMEM_PROTECTED = 1 << 2,  /* bProtected: given out to requests that need it alone */
    NVMEM_RESERVED = 1 << 3,   /* listed and drawn, never given out */
};

struct nvmem_region {
    uint64_t base, bytes;
    uint32_t flags;       /* enum nvmem_region_flags */
    uint32_t performance; /* regions with more are tried first */
};

struct nvmem_heap_config {
    const struct gsp_host *host; /* borrowed; NULL: libc's memory and clock */
    const char *name;            /* for messages; copied; NULL: "heap" */
    uint64_t granule_bytes;      /* a power of two; 0 means 4096 */
    bool threads;                /* several threads call: take a lock */
    bool times;                  /* note when each range was given out: costs a clock read */
};

enum nvmem_request_flags {
    NVMEM_FIXED = 1 << 0,    /* at fixed_addr or not at all */
    NVMEM_TOP_DOWN = 1 << 1, /* from the high end of the free range that is taken */
};

struct nvmem_request {
    uint64_t bytes;
    uint64_t align;      /* a power of two; 0 means the granule */
    uint64_t page_bytes; /* size and address become multiples of it; 0: none */
    uint64_t min_addr;   /* no byte below */
    uint64_t max_addr;   /* no byte above; 0 means no limit */
    uint64_t fixed_addr; /* with NVMEM_FIXED */
    uint32_t flags;      /* enum nvmem_request_flags */
    uint32_t need;       /* enum nvmem_region_flags: of the region */
    uint32_t owner;      /* any number; nvmem_owner_add() gives numbers with names */
};

/** A range that was given out. The caller's to keep; plain data. */
struct nvmem_range {
    uint64_t addr, bytes;
    uint64_t id; /* which bookkeeping it has; never 0 */
};

struct nvmem_heap_stat {
    uint64_t total_bytes; /* of regions that are not reserved */
    uint64_t used_bytes, peak_bytes, largest_free_bytes;
    uint64_t used_ranges, free_ranges;
    uint64_t allocs, frees, failures; /* calls since creation */
    uint64_t metadata_bytes;
};

/** A stretch of a region, used or free. */
struct nvmem_span {
    uint64_t addr, bytes;
    bool used, reserved;
    uint32_t owner;   /* of a used one */
    uint64_t time_ns; /* on the host's clock, to the millisecond; 0 without config.times */
    unsigned region;  /* as given to nvmem_heap_create() */
};

/**
 * A heap over some regions.
 *
 * @param regions  copied; ends that are no multiple of the granule are cut off
 * @return 0, -EINVAL (no region, overlap, a granule that is no power of two), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_heap_create(const struct nvmem_heap_config *config,
                                     const struct nvmem_region *regions, unsigned count,
                                     struct nvmem_heap **heap_out, struct gsp_error *err);
/** Ranges that are still out are forgotten: see nvmem_heap_leaks() first. */
void nvmem_heap_destroy(struct nvmem_heap *heap);

/**
 * Give out a range.
 *
 * @param range_out  set on success only
 * @return 0, -EINVAL (no size, an alignment that is no power of two, fixed_addr off its
 *         alignment), -ENOSPC (no free range does; err says what is free), -EEXIST (something
 *         is at the fixed address), -ENOMEM (for the bookkeeping)
 */
GSP_MUST_CHECK int nvmem_heap_alloc(struct nvmem_heap *heap,
                                    const struct nvmem_request *request,
                                    struct nvmem_range *range_out, struct gsp_error *err);
/**
 * Take a range back.
 *
 * @return 0, -EALREADY (freed before), -ENOENT (not a range of this heap). Nothing changes
 *         unless 0
 */
GSP_MUST_CHECK int nvmem_heap_free(struct nvmem_heap *heap, const struct nvmem_range *range,
                                   struct gsp_error *err);

/** Whether the range is out: 0, -EALREADY, -ENOENT as nvmem_heap_free() would say. */
GSP_MUST_CHECK int nvmem_heap_check(struct nvmem_heap *heap, const struct nvmem_range *range,
                                    struct gsp_error *err);

void nvmem_heap_stat(struct nvmem_heap *heap, struct nvmem_heap_stat *stat_out);
uint64_t nvmem_heap_granule(const struct nvmem_heap *heap);
/** Give unused bookkeeping back to the host. Returns how many bytes. */
size_t nvmem_heap_trim(struct nvmem_heap *heap);
/** Every span in order of regions and addresses; stops when fn returns other than 0, with that.
 * fn must not call the heap. */
int nvmem_heap_each(struct nvmem_heap *heap,
                    int (*fn)(void *ctx, const struct nvmem_span *span), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
