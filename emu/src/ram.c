/* SPDX-License-Identifier: MIT */
/*
 * Memory of the emulated card and of the system behind its bus: allocation, bus addresses,
 * look-ups.
 */
#include "ram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES ((size_t)4096)
#define FIRST_ADDR                                                                             \
    UINT64_C(0x100000000) /* above 4 GiB: a client that truncates addresses fails early */

void *
emu_realloc(const struct emu_mem *mem, void *old, size_t bytes)
{
    if (mem->realloc)
        return mem->realloc(mem->ctx, old, bytes);
    if (bytes)
        return realloc(old, bytes);
    free(old);
    return NULL;
}

void *
emu_alloc(const struct emu_mem *mem, size_t bytes)
{
    void *p;

    /* libc hands out large blocks as fresh pages, which are zero until they are touched. */
    if (!mem->realloc)
        return calloc(1, bytes ? bytes : 1);
    p = emu_realloc(mem, NULL, bytes ? bytes : 1);
    return p ? memset(p, 0, bytes) : NULL;
}

void
emu_free(const struct emu_mem *mem, void *p)
{
    if (p)
        emu_realloc(mem, p, 0);
}

static int
make_room(const struct emu_mem *mem, struct emu_ram *ram)
{
    unsigned cap = ram->cap ? ram->cap * 2 : 8;
    struct emu_ram_block *grown;

    if (ram->count < ram->cap)
        return 0;
    grown = emu_realloc(mem, ram->blocks, cap * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    ram->blocks = grown;
    ram->cap = cap;
    return 0;
}

int
emu_ram_alloc(const struct emu_mem *mem, struct emu_ram *ram, size_t bytes,
              struct emu_ram_block *block_out)
{
    struct emu_ram_block block = {.bytes = bytes};

    if (!bytes || bytes > SIZE_MAX - PAGE_BYTES || make_room(mem, ram) < 0)
        return -ENOMEM;
    block.raw = emu_alloc(mem, bytes + PAGE_BYTES);
    if (!block.raw)
        return -ENOMEM;
    block.cpu =
        (uint8_t *)block.raw + (PAGE_BYTES - (uintptr_t)block.raw % PAGE_BYTES) % PAGE_BYTES;
    if (!ram->next_addr)
        ram->next_addr = FIRST_ADDR;
    block.bus_addr = ram->next_addr;
    ram->next_addr += bytes + PAGE_BYTES;
    ram->blocks[ram->count++] = block;
    *block_out = block;
    return 0;
}

/* Index of the last block at or below bus_addr, or count when there is none. */
static unsigned
find_block(const struct emu_ram *ram, uint64_t bus_addr)
{
    unsigned low = 0, high = ram->count;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (ram->blocks[mid].bus_addr <= bus_addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? low - 1 : ram->count;
}

bool
emu_ram_free(const struct emu_mem *mem, struct emu_ram *ram, uint64_t bus_addr)
{
    unsigned i = find_block(ram, bus_addr);

    if (i == ram->count || ram->blocks[i].bus_addr != bus_addr)
        return false;
    emu_free(mem, ram->blocks[i].raw);
    memmove(&ram->blocks[i], &ram->blocks[i + 1],
            (ram->count - i - 1) * sizeof(ram->blocks[0]));
    ram->count--;
    return true;
}

void
emu_ram_fini(const struct emu_mem *mem, struct emu_ram *ram)
{
    for (unsigned i = 0; i < ram->count; i++)
        emu_free(mem, ram->blocks[i].raw);
    emu_free(mem, ram->blocks);
    *ram = (struct emu_ram){0};
}

void *
emu_ram_at(const struct emu_ram *ram, uint64_t bus_addr, size_t bytes)
{
    unsigned i;
    const struct emu_ram_block *block;
    void *own;

    if (ram->blocked)
        return NULL;
    own = ram->own ? ram->own(ram->own_ctx, bus_addr, bytes) : NULL;
    if (own)
        return own;
    if (ram->lookup)
        return ram->lookup(ram->lookup_ctx, bus_addr, bytes);
    i = find_block(ram, bus_addr);
    block = i < ram->count ? &ram->blocks[i] : NULL;
    if (!block || bus_addr - block->bus_addr >= block->bytes ||
        bytes > block->bytes - (bus_addr - block->bus_addr))
        return NULL;
    return block->cpu + (bus_addr - block->bus_addr);
}
