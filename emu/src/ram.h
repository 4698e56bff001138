/* SPDX-License-Identifier: MIT */
/*
 * Memory: what the card allocates for itself, and the system memory that its DMA can reach.
 *
 * Bus addresses are handed out once and never again, with an unmapped page between blocks, so
 * that a stale or out-of-range address is a fault and never somebody else's data.
 */
#ifndef EMU_RAM_H
#define EMU_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The allocator of one card: realloc semantics, bytes 0 frees. */
struct emu_mem {
    void *(*realloc)(void *ctx, void *old, size_t bytes); /* NULL: libc's */
    void *ctx;
};
void *emu_alloc(const struct emu_mem *mem, size_t bytes); /* zeroed; NULL when out of memory */
void *emu_realloc(const struct emu_mem *mem, void *old, size_t bytes);
void emu_free(const struct emu_mem *mem, void *p);

struct emu_ram_block {
    uint64_t bus_addr;
    size_t bytes;
    uint8_t *cpu;
    void *raw; /* what the allocator gave: cpu is aligned within it */
};

struct emu_ram {
    struct emu_ram_block *blocks; /* by bus address */
    unsigned count, cap;
    uint64_t next_addr;
    /* Set when the system's memory is somebody else's: asked instead of the blocks. */
    void *(*lookup)(void *ctx, uint64_t bus_addr, size_t bytes);
    void *lookup_ctx;
    /* Asked first, when set: addresses that lead back into the card. NULL: they do not. */
    void *(*own)(void *ctx, uint64_t bus_addr, size_t bytes);
    void *own_ctx;
    bool blocked; /* the card may not master the bus: it reaches nothing */
};

/** 0 or -ENOMEM. bytes is a multiple of 4096. */
int emu_ram_alloc(const struct emu_mem *mem, struct emu_ram *ram, size_t bytes,
                  struct emu_ram_block *block_out);
/** False when no block starts at bus_addr. */
bool emu_ram_free(const struct emu_mem *mem, struct emu_ram *ram, uint64_t bus_addr);
void emu_ram_fini(const struct emu_mem *mem, struct emu_ram *ram);

/** The bytes that a DMA to [bus_addr, bus_addr + bytes) reaches; NULL when any of them is not
 * mapped, or the card may not master the bus. */
void *emu_ram_at(const struct emu_ram *ram, uint64_t bus_addr, size_t bytes);

#endif
