/* SPDX-License-Identifier: MIT */
/*
 * Registers behind mmap(). One access is one load or store of 32 bits; x86 and Arm keep the
 * order of accesses to device memory, the fences keep the compiler and normal memory to it.
 */
#include "bar_map.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/types.h>

int
bar_map(struct bar_map *m, int fd, uint64_t offset, uint64_t bytes)
{
    void *p;

    if (!bytes || bytes > SIZE_MAX)
        return -EINVAL;
    p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    if (p == MAP_FAILED)
        return -errno;
    *m = (struct bar_map){p, bytes};
    return 0;
}

void
bar_unmap(struct bar_map *m)
{
    if (m->base)
        munmap((void *)m->base, m->bytes);
    *m = (struct bar_map){0};
}

static volatile uint32_t *
word(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off)
{
    if (bar >= BAR_MAPS || !maps[bar].base || bar_off % 4 || maps[bar].bytes < 4 ||
        bar_off > maps[bar].bytes - 4)
        return NULL;
    return (volatile uint32_t *)(maps[bar].base + bar_off);
}

uint32_t
bar_rd32(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off)
{
    const volatile uint32_t *w = word(maps, bar, bar_off);
    uint32_t value = w ? *w : UINT32_MAX;

    atomic_thread_fence(memory_order_acquire);
    return value;
}

void
bar_wr32(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off, uint32_t value)
{
    volatile uint32_t *w = word(maps, bar, bar_off);

    atomic_thread_fence(memory_order_seq_cst); /* DMA memory first, then the doorbell */
    if (w)
        *w = value;
}

void *
bar_bytes(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off, uint64_t bytes)
{
    if (bar >= BAR_MAPS || !maps[bar].base || bar_off > maps[bar].bytes ||
        bytes > maps[bar].bytes - bar_off)
        return NULL;
    return (void *)(uintptr_t)(maps[bar].base + bar_off);
}
