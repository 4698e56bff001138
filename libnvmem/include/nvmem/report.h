/* SPDX-License-Identifier: MIT */
/**
 * Who holds what of a heap: names for owners, what was never given back, a picture.
 */
#ifndef NVMEM_REPORT_H
#define NVMEM_REPORT_H

#include <nvmem/heap.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names of owners, for several heaps together. Any thread may call. */
struct nvmem_owners;

GSP_MUST_CHECK int nvmem_owners_create(const struct gsp_host *host,
                                       struct nvmem_owners **owners_out, struct gsp_error *err);
void nvmem_owners_destroy(struct nvmem_owners *owners);
/** The number of a name, the same for the same name; for nvmem_request.owner.
 * 0 or -ENOMEM. */
GSP_MUST_CHECK int nvmem_owner_add(struct nvmem_owners *owners, const char *name,
                                   uint32_t *owner_out, struct gsp_error *err);
/** "" for a number that has no name. Borrowed. */
const char *nvmem_owner_name(const struct nvmem_owners *owners, uint32_t owner);

/** What one owner has out. */
struct nvmem_leak {
    uint32_t owner;
    uint64_t ranges, bytes, largest_bytes;
    uint64_t first_addr; /* of its oldest range that is out */
    uint64_t oldest_ns;  /* when that was given out; 0 without config.times */
};

/**
 * What is out, by owner, most bytes first.
 *
 * @param leaks_out  room for `room` owners; those with fewer bytes are left out
 * @return how many owners have something out; may be more than room
 */
unsigned nvmem_heap_leaks(struct nvmem_heap *heap, struct nvmem_leak *leaks_out, unsigned room);

/** Takes some text; 0 to go on, anything else ends the writing. */
typedef int nvmem_write_fn(void *ctx, const char *text, size_t bytes);

/**
 * The heap as an SVG picture: a row of cells for each region, darker where more of a cell is in
 * use, and its figures below. Cells have the colour of the owner with the most bytes in them.
 *
 * @param owners  for the legend; NULL: numbers
 * @return 0, -ENOMEM, or what `write` returned
 */
GSP_MUST_CHECK int nvmem_heap_svg(struct nvmem_heap *heap, const struct nvmem_owners *owners,
                                  nvmem_write_fn *write, void *ctx, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
