/* SPDX-License-Identifier: MIT */
/*
 * Local memory: address space of the chip's size, backed by pages that come when they are
 * touched.
 */
#include <string.h>
#include <sys/mman.h>

#include "emu_priv.h"
#include "hw.h"

static bool
map(struct emu_hw *hw)
{
    void *p;

    if (hw->vram)
        return true;
    p = mmap(NULL, hw->vram_bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    hw->vram = p == MAP_FAILED ? NULL : p;
    return hw->vram != NULL;
}

void *
emu_hw_vram(struct emu_gpu *gpu, uint64_t addr, uint64_t bytes)
{
    struct emu_hw *hw = gpu->hw;

    if (addr >= hw->vram_bytes || bytes > hw->vram_bytes - addr)
        return NULL;
    if (!map(hw)) {
        emu_note(gpu, "local memory: the host gives no address space for it");
        return NULL;
    }
    return hw->vram + addr;
}

void *
emu_hw_target(struct emu_gpu *gpu, unsigned target, uint64_t addr, uint64_t bytes)
{
    if (target == 0)
        return emu_hw_vram(gpu, addr, bytes);
    return target < 3 ? emu_ram_at(&gpu->ram, addr, bytes) : NULL;
}

bool
emu_hw_copy(struct emu_gpu *gpu, unsigned target, uint64_t addr, void *out, uint64_t bytes)
{
    uint8_t *to = out;

    while (bytes) {
        const uint64_t room = EMU_PAGE_BYTES - addr % EMU_PAGE_BYTES;
        const uint64_t step = bytes < room ? bytes : room;
        const void *p = emu_hw_target(gpu, target, addr, step);

        if (!p)
            return false;
        memcpy(to, p, step);
        to += step;
        addr += step;
        bytes -= step;
    }
    return true;
}

bool
emu_hw_holds(struct emu_gpu *gpu, uint64_t addr, const void *wanted, uint64_t bytes)
{
    const uint8_t *w = wanted;
    uint8_t page[EMU_PAGE_BYTES];

    while (bytes) {
        const uint64_t step = bytes < sizeof(page) ? bytes : sizeof(page);

        if (!emu_hw_copy(gpu, 1, addr, page, step) || memcmp(page, w, step) != 0)
            return false;
        addr += step;
        w += step;
        bytes -= step;
    }
    return true;
}

bool
emu_hw_bus_master(const struct emu_gpu *gpu)
{
    return gpu->config[4] >> 2 & 1;
}

/* Virtual modes of BAR1 and BAR3 need page tables of GSP-RM's: what is mapped there is not
 * modelled here. Physical mode starts at the block register's address. */
static void *
bar_at(struct emu_gpu *gpu, unsigned bar, uint64_t off)
{
    const uint32_t block = gpu->regs.bar_block[bar == 3];
    const unsigned target = block >> 28 & 3 ? 1 : 0;
    const uint64_t base = (uint64_t)(block & 0x0fffffff) << 12;

    if (bar != 1 && bar != 3)
        return NULL;
    if (block >> 31) /* virtual */
        return NULL;
    return emu_hw_target(gpu, target, base + off, 4);
}

uint32_t
emu_hw_bar_rd32(struct emu_gpu *gpu, unsigned bar, uint64_t off)
{
    const void *p = bar_at(gpu, bar, off);
    uint32_t value = bar == 1 || bar == 3 ? (uint32_t)EMU_NO_ANSWER : UINT32_MAX;

    if (p)
        memcpy(&value, p, sizeof(value));
    return value;
}

void
emu_hw_bar_wr32(struct emu_gpu *gpu, unsigned bar, uint64_t off, uint32_t value)
{
    void *p = bar_at(gpu, bar, off);

    if (p)
        memcpy(p, &value, sizeof(value));
}
