/* SPDX-License-Identifier: MIT */
/**
 * Page tables of the GPU's MMU, version 2 (Turing to Ada) and 3 (Hopper on).
 *
 * What is in the tables is kept here as well, so that nothing is ever read back from the
 * device. The tables' own memory comes from the caller, in local or system memory. Entries are
 * written child first and made known to the directory last; a call that fails changes no
 * mapping. The caller decides when translations that the MMU may hold are dropped:
 * nvmem_pt_flush(), once for any number of calls; tables that went out of use are given back
 * there and no earlier.
 *
 * One caller at a time, unless config.threads.
 */
#ifndef NVMEM_PT_H
#define NVMEM_PT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_pt;

enum nvmem_pt_format {
    NVMEM_PT_V2,      /* Turing: 49 bits; pages of 4K, 64K, 2M */
    NVMEM_PT_V3,      /* Hopper: 57 bits; and 512M */
    NVMEM_PT_V3_256G, /* Blackwell: and 256G */
    NVMEM_PT_V2_512M, /* Ampere, Ada: as V2, and 512M */
    NVMEM_PT_FORMATS,
};

enum nvmem_aperture {
    NVMEM_VRAM,
    NVMEM_PEER,   /* another GPU's memory; target.peer says whose */
    NVMEM_SYSTEM, /* system memory, the CPU's caches are snooped */
    NVMEM_SYSTEM_NONCOHERENT,
};

enum nvmem_map_flags {
    NVMEM_MAP_READ_ONLY = 1 << 0,
    NVMEM_MAP_VOLATILE = 1 << 1,   /* not kept in the GPU's L2 cache */
    NVMEM_MAP_PRIVILEGED = 1 << 2, /* for privileged channels alone */
    NVMEM_MAP_NO_ATOMICS = 1 << 3,
    NVMEM_MAP_NO_COUNTERS = 1 << 4, /* v3: accesses are not counted; v2 has no such bit */
    NVMEM_MAP_SPARSE = 1 << 5,      /* no memory: reads give 0, writes are lost */
};

/** Kinds that every chip from Turing on has (NV_MMU_PTE_KIND_*); any other number will do. */
enum nvmem_kind { NVMEM_KIND_PITCH = 0x00, NVMEM_KIND_GENERIC = 0x06 };

/** Where addresses lead. */
struct nvmem_target {
    enum nvmem_aperture aperture;
    uint64_t addr;       /* offset into VRAM, or bus address; of the first byte */
    uint32_t flags;      /* enum nvmem_map_flags */
    uint8_t kind;        /* NV_MMU_PTE_KIND_* */
    uint8_t peer;        /* NVMEM_PEER: 0 to 7 */
    uint64_t page_bytes; /* no page is larger; 0: the largest that fit */
};

/** A stretch of memory behind consecutive addresses. */
struct nvmem_extent {
    uint64_t addr, bytes;
};

/** Memory of one table. */
struct nvmem_pt_memory {
    enum nvmem_aperture aperture; /* not NVMEM_PEER */
    uint64_t addr;                /* aligned as was asked for */
    void *cpu;                    /* where it can be written, or NULL: ops->write */
    uint64_t cookie[3];           /* the callbacks' own, such as a struct nvmem_range */
};

/** What one flush has to reach. */
struct nvmem_pt_invalidate {
    uint64_t root; /* the page directory */
    enum nvmem_aperture root_aperture;
    uint64_t va, bytes; /* every address that changed is in here */
    bool directories;   /* directories changed as well, not page entries alone */
};

struct nvmem_pt_ops {
    /** Memory for a table: 0, -ENOMEM or -ENOSPC. Zeroed or not. */
    int (*table_alloc)(void *ctx, uint32_t bytes, uint32_t align,
                       struct nvmem_pt_memory *memory_out);
    void (*table_free)(void *ctx, const struct nvmem_pt_memory *memory);
    /** Write words of a table that has no cpu address; in order of calls. May be NULL when all
     * have one. */
    void (*write)(void *ctx, const struct nvmem_pt_memory *memory, uint32_t offset_bytes,
                  const uint64_t *words, size_t count);
    /** Optional. Drop what the MMU holds; 0 or what nvmem_pt_flush() shall return. */
    int (*invalidate)(void *ctx, const struct nvmem_pt_invalidate *what);
};

struct nvmem_pt_config {
    const struct gsp_host *host; /* borrowed; NULL: libc's memory */
    enum nvmem_pt_format format;
    const struct nvmem_pt_ops *ops; /* borrowed */
    void *ctx;                      /* passed to ops */
    bool threads;                   /* several threads call: take a lock */
};

/** The page at an address. */
struct nvmem_pt_entry {
    uint64_t va, bytes; /* the page, or the run of like pages */
    struct nvmem_target target;
    uint64_t word; /* as in the table */
};

struct nvmem_pt_stat {
    uint64_t tables, table_bytes, shadow_bytes;
    uint64_t mapped_bytes, sparse_bytes;
    uint64_t words_written, flushes;
    uint64_t retired; /* tables that wait for a flush */
};

/** 0, -EINVAL (unknown format, ops missing), -ENOMEM or what table_alloc() said. */
GSP_MUST_CHECK int nvmem_pt_create(const struct nvmem_pt_config *config,
                                   struct nvmem_pt **pt_out, struct gsp_error *err);
/** Gives every table back, without an invalidate: the MMU must not use them any more. */
void nvmem_pt_destroy(struct nvmem_pt *pt);

/** The page directory, for SET_PAGE_DIRECTORY or an instance block. Borrowed. */
const struct nvmem_pt_memory *nvmem_pt_root(const struct nvmem_pt *pt);
/** How many entries it has. */
uint32_t nvmem_pt_root_entries(const struct nvmem_pt *pt);
/** First address past the space. */
uint64_t nvmem_pt_va_limit(const struct nvmem_pt *pt);
/** The format of a chip, by NV2080_CTRL_MC_ARCH_INFO_ARCHITECTURE_* (0x160 is Turing); of an
 * unknown one the newest. */
enum nvmem_pt_format nvmem_pt_format_for(uint32_t architecture);
/** The page sizes of a format as a set: bit 12 for 4 KiB ... */
uint64_t nvmem_pt_page_sizes(enum nvmem_pt_format format);

/**
 * Map addresses that are free.
 *
 * @return 0, -EINVAL (va, bytes or target->addr is no multiple of 4 KiB, a page size that the
 *         format lacks, flags or kind that do not fit the format), -ERANGE (past the end of the
 *         space, or of what an entry can hold), -EEXIST (something is mapped there; err says
 *         where), -ENOMEM, or what table_alloc() said
 */
GSP_MUST_CHECK int nvmem_pt_map(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
                                const struct nvmem_target *target, struct gsp_error *err);
/** The same for scattered memory: target->addr is ignored, extents follow each other in va. */
GSP_MUST_CHECK int nvmem_pt_map_extents(struct nvmem_pt *pt, uint64_t va,
                                        const struct nvmem_extent *extents, size_t count,
                                        const struct nvmem_target *target,
                                        struct gsp_error *err);
/** Point addresses that are mapped, each of them, elsewhere. -ENOENT names the first that is
 * not; else as nvmem_pt_map(). */
GSP_MUST_CHECK int nvmem_pt_remap(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
                                  const struct nvmem_target *target, struct gsp_error *err);
/** The same for scattered memory, as nvmem_pt_map_extents(). */
GSP_MUST_CHECK int nvmem_pt_remap_extents(struct nvmem_pt *pt, uint64_t va,
                                          const struct nvmem_extent *extents, size_t count,
                                          const struct nvmem_target *target,
                                          struct gsp_error *err);
/** Pages that the range cuts are split. 0, -EINVAL, -ERANGE, -ENOENT (something in it is not
 * mapped), -ENOMEM (for a split). */
GSP_MUST_CHECK int nvmem_pt_unmap(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
                                  struct gsp_error *err);
/** As nvmem_pt_unmap(), for whatever is mapped in the range: holes are fine. */
GSP_MUST_CHECK int nvmem_pt_clear_range(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
                                        struct gsp_error *err);
/** Pages in the range that are larger become pages of page_bytes; sparse ones stay. 0, -EINVAL
 * (this MMU has no such pages), -ERANGE, -ENOMEM (some may have been split). */
GSP_MUST_CHECK int nvmem_pt_split_pages(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
                                        uint64_t page_bytes, struct gsp_error *err);
/**
 * Replace runs of like pages that follow each other by larger pages.
 *
 * @param pages_out  how many larger pages came to be; may be NULL
 * @return 0, -EINVAL, -ERANGE. What lacks memory for a table stays as it is
 */
GSP_MUST_CHECK int nvmem_pt_merge(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
                                  uint64_t *pages_out, struct gsp_error *err);
/** A directory on the way to an address. */
struct nvmem_pt_level {
    struct nvmem_pt_memory memory;
    uint32_t bytes; /* of the table */
    uint8_t shift;  /* one entry covers 2^shift bytes */
};

/**
 * The directories above an address, from the root down to the one whose entries cover
 * entry_bytes: made where they are missing, and kept until nvmem_pt_destroy(). For somebody
 * else (RM) who maps there with tables of his own.
 *
 * @return 0, -EINVAL (no directory has such entries, or more than `room` levels), -ERANGE,
 *         -EEXIST (a page lies there), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_pt_levels(struct nvmem_pt *pt, uint64_t va, uint64_t entry_bytes,
                                   struct nvmem_pt_level *levels_out, unsigned room,
                                   unsigned *count_out, struct gsp_error *err);
/** One invalidate for all that changed since the last, then the retired tables go back. 0, or
 * what ops->invalidate() returned: then nothing was given back. */
GSP_MUST_CHECK int nvmem_pt_flush(struct nvmem_pt *pt, struct gsp_error *err);

/** What is at an address. Returns whether it is mapped. */
bool nvmem_pt_walk(struct nvmem_pt *pt, uint64_t va, struct nvmem_pt_entry *entry_out);
/** Runs of like pages in order of addresses; stops when fn returns other than 0, with that. fn
 * must not call pt. */
int nvmem_pt_each(struct nvmem_pt *pt, int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
                  void *ctx);
void nvmem_pt_stat(struct nvmem_pt *pt, struct nvmem_pt_stat *stat_out);

/**
 * Compare the tables on the device with what they should hold: finds who else writes there.
 * Entries of ours that are empty in tables of nvmem_pt_levels() may hold anything.
 *
 * @param read  reads words of a table
 * @return 0, -EBADMSG (err names the first address whose entry differs), or what read returned
 */
GSP_MUST_CHECK int nvmem_pt_check(struct nvmem_pt *pt,
                                  int (*read)(void *ctx, const struct nvmem_pt_memory *memory,
                                              uint64_t *words_out, size_t count),
                                  void *ctx, struct gsp_error *err);

/** A page entry's word taken apart, for whoever has words from elsewhere. False when it is
 * neither valid nor sparse. Fills target_out but for page_bytes. */
bool nvmem_pt_decode(enum nvmem_pt_format format, uint64_t word,
                     struct nvmem_target *target_out);

#ifdef __cplusplus
}
#endif
#endif
