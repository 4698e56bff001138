/* SPDX-License-Identifier: MIT */
/* What the two kinds of address space share: addresses, and a table of what differs. */
#ifndef NVMEM_VAS_PRIV_H
#define NVMEM_VAS_PRIV_H

#include <nvmem/vas.h>
#include <pthread.h>

/** A map that was checked: [va, va + bytes) leads to the memory from how->offset on. */
struct vas_map {
    uint64_t va, bytes;
    const struct nvmem_vas_memory *memory; /* NULL: sparse */
    const struct nvmem_vas_how *how;
    bool replace; /* everything there is mapped, and goes */
};

/** Called with the space's lock held. */
struct vas_ops {
    int (*map)(struct nvmem_vas *vas, const struct vas_map *m, struct gsp_error *err);
    /** holes: what is not mapped is passed over. */
    int (*unmap)(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, bool holes,
                 struct gsp_error *err);
    int (*merge)(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, uint64_t *pages_out,
                 struct gsp_error *err);
    int (*split)(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, uint64_t page_bytes,
                 struct gsp_error *err);
    int (*flush)(struct nvmem_vas *vas, struct gsp_error *err);
    bool (*walk)(struct nvmem_vas *vas, uint64_t va, struct nvmem_pt_entry *entry_out);
    int (*each)(struct nvmem_vas *vas, int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
                void *ctx);
    void (*stat)(struct nvmem_vas *vas, struct nvmem_vas_stat *stat_out);
    void (*destroy)(struct nvmem_vas *vas);
};

/** First in both kinds. */
struct nvmem_vas {
    const struct vas_ops *ops;
    const struct gsp_host *host;
    struct nvmem_heap *heap;
    struct nvmem_pt *pt; /* direct */
    struct nvmem_vas_stat stat;
    char name[32];
    bool threads;
    pthread_mutex_t lock;
};

/** Sets up what both share; limit is the first address past the space. */
int nvmem_vas_init(struct nvmem_vas *vas, const struct nvmem_vas_config *config, uint64_t limit,
                   const struct vas_ops *ops, struct gsp_error *err);
void nvmem_vas_fini(struct nvmem_vas *vas);

/** The part of extents that [offset, offset + bytes) is: how many, into out (may be NULL). */
size_t nvmem_vas_slice(const struct nvmem_extent *x, size_t count, uint64_t offset,
                       uint64_t bytes, struct nvmem_extent *out);

#endif
