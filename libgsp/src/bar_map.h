/* SPDX-License-Identifier: MIT */
/*
 * BARs mapped into this process, and the registers in them.
 */
#ifndef BAR_MAP_H
#define BAR_MAP_H

#include <stddef.h>
#include <stdint.h>

enum { BAR_MAPS = 6 };

struct bar_map {
    volatile uint8_t *base; /* NULL: not mapped */
    size_t bytes;
};

/** Map all of a file's range. 0 or a negative errno. */
int bar_map(struct bar_map *m, int fd, uint64_t offset, uint64_t bytes);
void bar_unmap(struct bar_map *m);
/** UINT32_MAX for what is not there, as PCI answers. */
uint32_t bar_rd32(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off);
void bar_wr32(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off,
              uint32_t value);

/** Bytes of a BAR; NULL when it does not reach as far. */
void *bar_bytes(const struct bar_map maps[BAR_MAPS], unsigned bar, uint64_t bar_off,
                uint64_t bytes);

#endif
