/* SPDX-License-Identifier: MIT */
/**
 * A GPU address space: which addresses are given out, and what memory is behind them.
 *
 * One API over two ways: `direct`, where the page tables are ours (nvmem/pt.h) and the card is
 * told of them (nvmem/vas_rm.h); and `kernel`, where nvidia.ko keeps the tables and is asked to
 * map its memory objects. The core knows neither buffers nor devices: memory is a list of
 * extents, or the handle of RM's object.
 *
 * Addresses are reserved first, then memory is mapped into the reservation, whole or in parts,
 * and exchanged or taken away as often as wanted. What the MMU may still hold of older tables
 * is dropped by nvmem_vas_flush(), once for any number of calls: call it before the next work
 * that uses the changed addresses is handed to the card.
 *
 * With config.threads any thread may call at any time. Lock order: the space's lock, then those
 * of its heap and tables (docs/memory.md).
 */
#ifndef NVMEM_VAS_H
#define NVMEM_VAS_H

#include <nvmem/heap.h>
#include <nvmem/pt.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gsp_backend;
struct nvmem_vas;

/** What both kinds of space need. */
struct nvmem_vas_config {
    const struct gsp_host *host; /* borrowed; NULL: libc */
    const char *name;            /* for messages; copied; NULL: "vas" */
    uint64_t base, bytes;        /* the addresses that are given out; bytes 0: to the end */
    bool threads;                /* several threads call: take a lock */
    bool times;                  /* note when addresses were given out, for leak reports */
};

struct nvmem_vas_direct {
    struct nvmem_vas_config space;
    enum nvmem_pt_format format;
    const struct nvmem_pt_ops *tables; /* borrowed: memory for tables, invalidation */
    void *ctx;                         /* passed to them */
};

struct nvmem_vas_kernel {
    struct nvmem_vas_config space; /* bytes must be given */
    struct gsp_backend *backend;   /* borrowed; one with map_dma; called by one at a time */
    uint32_t hClient, hDevice;
    uint32_t hDma; /* NV01_MEMORY_VIRTUAL over the address space */
};

/** Memory that can be mapped. Borrowed for the call. */
struct nvmem_vas_memory {
    uint64_t bytes;
    enum nvmem_aperture aperture;
    uint8_t peer;                       /* NVMEM_PEER: 0 to 7 */
    const struct nvmem_extent *extents; /* direct: they add up to `bytes` */
    size_t extent_count;
    uint32_t hMemory; /* kernel: RM's object */
};

/** How it is mapped. NULL: all of it, read and write, as NVMEM_KIND_PITCH. */
struct nvmem_vas_how {
    uint64_t offset;     /* of the first byte in the memory; a multiple of 4 KiB */
    uint64_t bytes;      /* 0: to the end of the memory */
    uint32_t flags;      /* enum nvmem_map_flags; NVMEM_MAP_SPARSE: memory may be NULL */
    uint8_t kind;        /* NV_MMU_PTE_KIND_*; kernel: the memory object has its own */
    uint64_t page_bytes; /* no page is larger; 0: the largest that fit */
};

struct nvmem_vas_stat {
    uint64_t reserved_bytes, reservations; /* addresses that are out */
    uint64_t mapped_bytes, sparse_bytes;
    uint64_t maps, unmaps, remaps, flushes; /* calls that did something */
    uint64_t table_bytes, words_written;    /* direct */
    uint64_t mappings;                      /* kernel: that RM has now */
};

/** 0, -EINVAL (a window that is empty or off 4 KiB), -ERANGE (past the format's addresses),
 * -ENOMEM, or what table_alloc() said. */
GSP_MUST_CHECK int nvmem_vas_create_direct(const struct nvmem_vas_direct *config,
                                           struct nvmem_vas **vas_out, struct gsp_error *err);
/** 0, -EINVAL, -EOPNOTSUPP (the backend maps nothing), -ENOMEM. */
GSP_MUST_CHECK int nvmem_vas_create_kernel(const struct nvmem_vas_kernel *config,
                                           struct nvmem_vas **vas_out, struct gsp_error *err);
/** Whatever is mapped or reserved goes; the card must not use the space any more. */
void nvmem_vas_destroy(struct nvmem_vas *vas);

/**
 * Reserve addresses.
 *
 * @param request    as for nvmem_heap_alloc(): size, alignment, limits, a fixed address, owner.
 *                   Where it names no alignment, addresses begin on a page of the largest
 *                   common size that the length has room for (64 KiB, 2 MiB)
 * @param range_out  set on success only
 * @return 0, -EINVAL, -ENOSPC (no such range is free), -EEXIST (fixed, and taken), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_vas_reserve(struct nvmem_vas *vas, const struct nvmem_request *request,
                                     struct nvmem_range *range_out, struct gsp_error *err);
/** Give a reservation back; what is mapped in it goes. 0, -EALREADY (given back before),
 * -ENOENT (none of this space), or RM's refusal: then it is still out. */
GSP_MUST_CHECK int nvmem_vas_release(struct nvmem_vas *vas, const struct nvmem_range *range,
                                     struct gsp_error *err);

/**
 * Map memory into a reservation, `at` bytes from its start.
 *
 * @param memory  may be NULL for sparse addresses: how->bytes says how many
 * @return 0, -EINVAL, -ERANGE (past the reservation, or past the memory), -EEXIST (something is
 *         mapped there; err says where), -EALREADY or -ENOENT (no live reservation), -ENOTSUP
 *         (nvidia.ko cannot be asked for it), -ENOMEM, -EREMOTEIO. Nothing changed unless 0
 */
GSP_MUST_CHECK int nvmem_vas_map(struct nvmem_vas *vas, const struct nvmem_range *range,
                                 uint64_t at, const struct nvmem_vas_memory *memory,
                                 const struct nvmem_vas_how *how, struct gsp_error *err);
/** The same for addresses that are mapped, each of them: they lead elsewhere now. -ENOENT names
 * the first that is not. The range may have no translation for the time of the call. */
GSP_MUST_CHECK int nvmem_vas_remap(struct nvmem_vas *vas, const struct nvmem_range *range,
                                   uint64_t at, const struct nvmem_vas_memory *memory,
                                   const struct nvmem_vas_how *how, struct gsp_error *err);
/** Take mappings away; the addresses stay reserved. bytes 0: to the end of the reservation, and
 * holes are fine then. Else 0, -ENOENT (something in it is not mapped), as above. */
GSP_MUST_CHECK int nvmem_vas_unmap(struct nvmem_vas *vas, const struct nvmem_range *range,
                                   uint64_t at, uint64_t bytes, struct gsp_error *err);

/** nvmem_vas_reserve() for the size of the memory, and nvmem_vas_map(). request may be NULL;
 * its bytes are ignored. Ends with nvmem_vas_release(). */
GSP_MUST_CHECK int nvmem_vas_alloc(struct nvmem_vas *vas, const struct nvmem_request *request,
                                   const struct nvmem_vas_memory *memory,
                                   const struct nvmem_vas_how *how,
                                   struct nvmem_range *range_out, struct gsp_error *err);

/** Runs of like pages become larger pages where memory follows memory: 4K to 64K to 2M and so
 * on. pages_out (may be NULL): how many. Kernel: RM chose, 0. */
GSP_MUST_CHECK int nvmem_vas_merge(struct nvmem_vas *vas, const struct nvmem_range *range,
                                   uint64_t *pages_out, struct gsp_error *err);
/** Larger pages of the reservation become pages of page_bytes. 0, -EINVAL (no such size),
 * -ENOMEM, -ENOTSUP (kernel). */
GSP_MUST_CHECK int nvmem_vas_split(struct nvmem_vas *vas, const struct nvmem_range *range,
                                   uint64_t page_bytes, struct gsp_error *err);

/** Drop what the MMU may hold of what changed since the last flush; cheap when nothing did. 0
 * or what the device said. */
GSP_MUST_CHECK int nvmem_vas_flush(struct nvmem_vas *vas, struct gsp_error *err);

/** What is at an address: false, or the page (direct) or the mapping (kernel) in entry_out. */
bool nvmem_vas_walk(struct nvmem_vas *vas, uint64_t va, struct nvmem_pt_entry *entry_out);
/** What is mapped, in order of addresses; stops when fn returns other than 0, with that. fn
 * must not call the space. */
int nvmem_vas_each(struct nvmem_vas *vas,
                   int (*fn)(void *ctx, const struct nvmem_pt_entry *run), void *ctx);
void nvmem_vas_stat(struct nvmem_vas *vas, struct nvmem_vas_stat *stat_out);

/** Addresses given out and free, for reports (nvmem/report.h): leaks by owner, a picture.
 * Borrowed; allocate through the space, not here. */
struct nvmem_heap *nvmem_vas_heap(struct nvmem_vas *vas);
/** Its page tables; NULL for kernel. Borrowed, for nvmem_pt_root(), nvmem_pt_check(). */
struct nvmem_pt *nvmem_vas_pt(struct nvmem_vas *vas);
const char *nvmem_vas_name(const struct nvmem_vas *vas);

#ifdef __cplusplus
}
#endif
#endif
