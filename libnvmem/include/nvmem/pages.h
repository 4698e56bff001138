/* SPDX-License-Identifier: MIT */
/**
 * Memory in pages that need not follow each other, for whoever maps it anyway: any mixture of
 * used and free pages serves until the last one.
 *
 * One bit for each 4 KiB, and lists of 2 MiB blocks by what is free in them, so that taking and
 * giving a page are a few steps and whole blocks stay whole as long as possible. With
 * config.threads any thread may call at any time.
 */
#ifndef NVMEM_PAGES_H
#define NVMEM_PAGES_H

#include <nvmem/heap.h>
#include <nvmem/pt.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_pages;

struct nvmem_pages_config {
    const struct gsp_host *host; /* borrowed; NULL: libc's memory */
    const char *name;            /* for messages; borrowed; NULL: "pages" */
    uint64_t base, bytes;        /* cut to whole blocks of 2 MiB */
    bool threads;
};

/** Pages that were given out, in order of the addresses they should be mapped at. */
struct nvmem_page_list {
    struct nvmem_extent *extents; /* of the list; neighbours are one extent */
    size_t count;
    uint64_t bytes;
};

struct nvmem_pages_stat {
    uint64_t total_bytes, used_bytes;
    uint64_t free_2m, free_64k; /* pages that could be given out of each size */
    uint64_t metadata_bytes;
};

/** 0, -EINVAL (less than one block), -ENOMEM. */
GSP_MUST_CHECK int nvmem_pages_create(const struct nvmem_pages_config *config,
                                      struct nvmem_pages **pages_out, struct gsp_error *err);
void nvmem_pages_destroy(struct nvmem_pages *pages);
/**
 * Give out pages: 2 MiB and 64 KiB ones as long as there are any and the size has room for
 * them, the largest first.
 *
 * @param page_bytes  no page is smaller: 4 KiB, 64 KiB or 2 MiB; the size is rounded up to it
 * @return 0, -EINVAL, -ENOSPC (nothing was taken then), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_pages_alloc(struct nvmem_pages *pages, uint64_t bytes,
                                     uint64_t page_bytes, struct nvmem_page_list *list_out,
                                     struct gsp_error *err);
/** 0 and the list is empty, -EALREADY (a page of it is free), -ENOENT (one is no page of
 * these); nothing changes then. */
GSP_MUST_CHECK int nvmem_pages_free(struct nvmem_pages *pages, struct nvmem_page_list *list,
                                    struct gsp_error *err);
void nvmem_pages_stat(struct nvmem_pages *pages, struct nvmem_pages_stat *stat_out);

#ifdef __cplusplus
}
#endif
#endif
