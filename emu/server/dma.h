/* SPDX-License-Identifier: MIT */
/*
 * The client's memory: what DMA_MAP made known, mapped into this process, by bus address.
 *
 * A client may shrink the file behind a map at any time, and touching the lost part raises
 * SIGBUS. vu_dma_guard() installs a handler that puts anonymous memory in the map's place: the
 * client loses its data and nobody else is hurt. One thread; the guard is per process.
 */
#ifndef VU_DMA_H
#define VU_DMA_H

#include <stddef.h>
#include <stdint.h>

struct vu_map {
    uint64_t bus_addr, bytes;
    uint8_t *cpu; /* NULL: the client sent no descriptor, so that the card cannot reach it */
};

struct vu_dma {
    struct vu_map *maps; /* by bus address */
    unsigned count, cap;
};

/**
 * Map [offset, offset + bytes) of fd at bus_addr.
 *
 * @param fd     borrowed; -1 when the client sent none
 * @param flags  VU_DMA_*; memory that is not writeable is private to the card's writes
 * @return 0, -EINVAL, -EEXIST (overlaps a map), -ENOSPC (too many), -ENOMEM, or mmap()'s errno
 */
int vu_dma_map(struct vu_dma *dma, int fd, uint64_t offset, uint64_t bus_addr, uint64_t bytes,
               uint32_t flags);
/** 0, or -ENOENT unless exactly this was mapped. */
int vu_dma_unmap(struct vu_dma *dma, uint64_t bus_addr, uint64_t bytes);
void vu_dma_fini(struct vu_dma *dma);

/** The bytes at [bus_addr, bus_addr + bytes); NULL unless one map covers them all. */
void *vu_dma_at(const struct vu_dma *dma, uint64_t bus_addr, uint64_t bytes);

/** Install the SIGBUS handler. 0 or a negative errno. */
int vu_dma_guard(void);

#endif
