/* SPDX-License-Identifier: MIT */
/**
 * Buffers: memory of the card or of the system, with a GPU address, CPU mappings, and owners.
 *
 * A buffer is counted: create and import give the first reference. What a channel was told to
 * use (nvmem_channel_use(), and everything in nvmem/copy.h) cannot be freed or unmapped before
 * that work is done: the call names the fence and leaves the buffer as it was. Any thread may
 * call; two threads must not free and use the same reference.
 */
#ifndef NVMEM_BUFFER_H
#define NVMEM_BUFFER_H

#include <nvmem/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_buffer;

enum nvmem_placement {
    NVMEM_PLACE_VRAM,   /* the card's memory */
    NVMEM_PLACE_SYSTEM, /* system memory; through nvidia.ko the CPU's caches are not snooped */
    NVMEM_PLACE_COHERENT, /* system memory, snooped: rings, semaphores, read-back */
};

enum nvmem_buffer_flags {
    NVMEM_BUFFER_CONTIGUOUS = 1 << 0, /* one extent */
    NVMEM_BUFFER_READ_ONLY = 1 << 1,  /* for the GPU */
    NVMEM_BUFFER_NO_VA = 1 << 2,      /* no GPU address yet: nvmem_buffer_map_gpu() */
    NVMEM_BUFFER_UNCACHED = 1 << 3,   /* not kept in the GPU's L2 cache */
    NVMEM_BUFFER_FIXED_VA = 1 << 4,   /* at config.gpu_va */
    NVMEM_BUFFER_PRIVILEGED = 1 << 5, /* for privileged channels alone (direct) */
    NVMEM_BUFFER_LOW_VA = 1 << 6, /* below 1 TiB, as rings, push buffers, semaphores must be */
};

struct nvmem_buffer_config {
    const char *name; /* who holds it, for reports; copied; NULL: "buffer" */
    uint64_t bytes;
    enum nvmem_placement placement;
    uint32_t flags;      /* enum nvmem_buffer_flags */
    uint64_t align;      /* of the GPU address and of contiguous memory; 0: a page */
    uint64_t page_bytes; /* 4K, 64K or 2M; 0: as the size suggests */
    uint64_t gpu_va;     /* with NVMEM_BUFFER_FIXED_VA */
    uint8_t kind;        /* NV_MMU_PTE_KIND_*; enum nvmem_kind */
};

/**
 * Memory with a GPU address in the device's address space. Zeroed on the kernel path; as it was
 * on the direct path (system memory is zeroed on both).
 *
 * @return 0; -EINVAL (no size, flags that contradict), -ENOSPC (no video memory, no address),
 *         -EEXIST (the fixed address is in use), -EREMOTEIO (RM refused), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_buffer_create(struct nvmem_device *dev,
                                       const struct nvmem_buffer_config *config,
                                       struct nvmem_buffer **buffer_out, struct gsp_error *err);
struct nvmem_buffer *nvmem_buffer_ref(struct nvmem_buffer *b);
/**
 * Give a reference back; the last one frees memory and address. NULL is fine.
 *
 * @return 0; -EBUSY (work in flight uses it: err names channel and fence; the reference stays
 *         the caller's), -EREMOTEIO
 */
int nvmem_buffer_unref(struct nvmem_buffer *b, struct gsp_error *err);

uint64_t nvmem_buffer_bytes(const struct nvmem_buffer *b);
uint64_t nvmem_buffer_gpu_va(const struct nvmem_buffer *b); /* 0: none */
enum nvmem_placement nvmem_buffer_placement(const struct nvmem_buffer *b);
const char *nvmem_buffer_name(const struct nvmem_buffer *b);
struct nvmem_device *nvmem_buffer_device(const struct nvmem_buffer *b);
/** The memory object (kernel path); 0 on the direct path. */
rm_handle nvmem_buffer_handle(const struct nvmem_buffer *b);
/** Where the memory is: offsets into VRAM or bus addresses (direct path). NULL on the kernel
 * path. Borrowed. */
const struct nvmem_extent *nvmem_buffer_extents(const struct nvmem_buffer *b,
                                                size_t *count_out);

/** A GPU address for a buffer without one, or a way to lose it. -EBUSY as unref. */
GSP_MUST_CHECK int nvmem_buffer_map_gpu(struct nvmem_buffer *b, struct gsp_error *err);
GSP_MUST_CHECK int nvmem_buffer_unmap_gpu(struct nvmem_buffer *b, struct gsp_error *err);

/**
 * The whole buffer for the CPU: system memory everywhere, video memory where the module or the
 * bus maps it. Counted: as many unmaps as maps; the address stays the same between.
 *
 * @return 0; -EOPNOTSUPP (video memory of a card whose BAR1 this bus cannot map: use
 *         nvmem_buffer_read() and _write()), -EREMOTEIO
 */
GSP_MUST_CHECK int nvmem_buffer_map(struct nvmem_buffer *b, void **cpu_out,
                                    struct gsp_error *err);
void nvmem_buffer_unmap(struct nvmem_buffer *b);

/** Bytes, wherever they are; not ordered with work in flight. -ERANGE past the end. */
GSP_MUST_CHECK int nvmem_buffer_read(struct nvmem_buffer *b, uint64_t offset, void *to,
                                     uint64_t bytes, struct gsp_error *err);
GSP_MUST_CHECK int nvmem_buffer_write(struct nvmem_buffer *b, uint64_t offset, const void *from,
                                      uint64_t bytes, struct gsp_error *err);

/* Sharing */

/** A descriptor that another client or process can import (kernel path). The caller closes it.
 * -EOPNOTSUPP on the direct path, where nobody else could know the memory. */
GSP_MUST_CHECK int nvmem_buffer_export(struct nvmem_buffer *b, int *fd_out,
                                       struct gsp_error *err);
/** The reverse; config says name, bytes, placement and flags. fd stays the caller's. */
GSP_MUST_CHECK int nvmem_buffer_import(struct nvmem_device *dev, int fd,
                                       const struct nvmem_buffer_config *config,
                                       struct nvmem_buffer **buffer_out, struct gsp_error *err);
/** The same memory for another device of the same card, with an address of its own. The memory
 * lives until the last of them is gone. */
GSP_MUST_CHECK int nvmem_buffer_dup(struct nvmem_device *dev, struct nvmem_buffer *b,
                                    struct nvmem_buffer **buffer_out, struct gsp_error *err);

/** Every buffer of a device in order of age; stops when fn returns other than 0, with that. fn
 * must not create or free buffers. */
int nvmem_buffer_each(struct nvmem_device *dev,
                      int (*fn)(void *ctx, const struct nvmem_buffer *b), void *ctx);

/* Pieces of one buffer */

struct nvmem_pool;

/** Give out pieces of a buffer, which the pool holds a reference of. */
GSP_MUST_CHECK int nvmem_pool_create(struct nvmem_buffer *b, uint64_t granule_bytes,
                                     struct nvmem_pool **pool_out, struct gsp_error *err);
/** -EBUSY as nvmem_buffer_unref(). Pieces that are out are forgotten. */
int nvmem_pool_destroy(struct nvmem_pool *pool, struct gsp_error *err);

struct nvmem_piece {
    struct nvmem_buffer *buffer; /* borrowed */
    uint64_t offset, bytes, gpu_va;
    uint64_t id;
};

/** 0, -ENOSPC, -EINVAL, -ENOMEM. */
GSP_MUST_CHECK int nvmem_pool_alloc(struct nvmem_pool *pool, uint64_t bytes, uint64_t align,
                                    struct nvmem_piece *piece_out, struct gsp_error *err);
/** 0, -EALREADY, -ENOENT. */
GSP_MUST_CHECK int nvmem_pool_free(struct nvmem_pool *pool, const struct nvmem_piece *piece,
                                   struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
