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

/* What may be an entry of a page table is read in one piece: its owner may write it meanwhile.
 */
static void
copy_out(uint8_t *to, const uint8_t *from, uint64_t bytes)
{
    if (bytes > 16 || ((uintptr_t)from | bytes) % sizeof(uint64_t)) {
        memcpy(to, from, bytes);
        return;
    }
    for (uint64_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        const uint64_t word = __atomic_load_n((const uint64_t *)(from + i), __ATOMIC_RELAXED);

        memcpy(to + i, &word, sizeof(word));
    }
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
        copy_out(to, p, step);
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

/* BAR windows */

/* A BAR's block register: physical or virtual mode, and where the window or the instance block
 * lies. From Hopper on it is in the virtual function. */
struct block {
    bool virtual_mode;
    unsigned target;
    uint64_t addr;
};

static struct block
block_of(const struct emu_gpu *gpu, unsigned bar)
{
    const uint32_t old = gpu->regs.bar_block[bar == 3];
    const uint32_t at = bar == 1 ? 0xf60 : 0xf70;
    const uint32_t low = emu_hw_vf(gpu, at);

    if (emu_family_has_fsp(gpu->hw->key.family))
        return (struct block){low >> 9 & 1, low >> 10 & 3 ? 1 : 0,
                              (uint64_t)emu_hw_vf(gpu, at + 4) << 32 | (low & 0xfffff000)};
    return (struct block){old >> 31, old >> 28 & 3 ? 1 : 0, (uint64_t)(old & 0x0fffffff) << 12};
}

bool
emu_hw_in_wpr2(const struct emu_hw *hw, uint64_t addr)
{
    const uint64_t lo = (uint64_t)(hw->wpr2_lo >> 4) << 12;
    const uint64_t hi = (uint64_t)(hw->wpr2_hi >> 4) << 12;

    return hi && addr >= lo && addr < hi;
}

uint32_t
emu_hw_no_memory(struct emu_gpu *gpu)
{
    return UINT32_C(0xbad0fb00) | (gpu->hw->refused++ & 0xff);
}

/* A word of memory for the CPU. What WPR2 protects it does not see. */
static void *
window(struct emu_gpu *gpu, unsigned target, uint64_t addr)
{
    if (target == 0 && emu_hw_in_wpr2(gpu->hw, addr))
        return NULL;
    return emu_hw_target(gpu, target, addr, 4);
}

static void *
bar_at(struct emu_gpu *gpu, unsigned bar, uint64_t off, bool write)
{
    struct emu_mapping m;
    struct block b;

    if ((bar != 1 && bar != 3) || (bar == 1 && off >= emu_config_bar1_bytes(gpu)))
        return NULL;
    b = block_of(gpu, bar);
    if (!b.virtual_mode)
        return window(gpu, b.target, b.addr + off);
    if (!emu_mmu_map(gpu, b.target, b.addr, off, &m) || (write && m.read_only))
        return NULL;
    return window(gpu, m.target, m.addr);
}

void *
emu_hw_bar_at(struct emu_gpu *gpu, unsigned bar, uint64_t off)
{
    return bar_at(gpu, bar, off, true);
}

static void *
unprotected(struct emu_gpu *gpu, uint64_t addr, uint64_t bytes)
{
    if (emu_hw_in_wpr2(gpu->hw, addr) || emu_hw_in_wpr2(gpu->hw, addr + bytes - 1))
        return NULL;
    return emu_hw_vram(gpu, addr, bytes);
}

/** Bytes of local memory where BAR1 shows it as it is; NULL in virtual mode. */
void *
emu_hw_bar_span(struct emu_gpu *gpu, uint64_t off, uint64_t bytes)
{
    const uint64_t size = emu_config_bar1_bytes(gpu);
    const struct block b = block_of(gpu, 1);

    if (!bytes || off >= size || bytes > size - off || b.virtual_mode || b.target)
        return NULL;
    return unprotected(gpu, b.addr + off, bytes);
}

/* A request to an address of the card's own BAR1 goes up to the bridge and comes back to the
 * card: drivers boot from images that they put into memory through BAR1 (tinygrad with a large
 * one). Only what ends in local memory: nothing turns around twice. */
static void *
own_bar1(void *ctx, uint64_t bus_addr, size_t bytes)
{
    struct emu_gpu *gpu = ctx;
    const uint64_t base = emu_config_bar(gpu, 1);
    const uint64_t size = emu_config_bar1_bytes(gpu), off = bus_addr - base;
    struct emu_mapping m = {0};
    struct block b;

    if (!gpu->hw || gpu->hw->turning || !base || bus_addr < base || off >= size ||
        bytes > size - off || !emu_config_memory_space(gpu))
        return NULL;
    b = block_of(gpu, 1);
    if (!b.virtual_mode)
        return b.target ? NULL : unprotected(gpu, b.addr + off, bytes);
    if (off % EMU_PAGE_BYTES + bytes > EMU_PAGE_BYTES)
        return NULL;
    gpu->hw->turning = true;
    if (!emu_mmu_map(gpu, b.target, b.addr, off, &m))
        m.target = 1;
    gpu->hw->turning = false;
    return m.target ? NULL : unprotected(gpu, m.addr, bytes);
}

void
emu_hw_attach(struct emu_gpu *gpu)
{
    gpu->ram.own = own_bar1;
    gpu->ram.own_ctx = gpu;
}

uint32_t
emu_hw_bar_rd32(struct emu_gpu *gpu, unsigned bar, uint64_t off)
{
    const void *p = bar_at(gpu, bar, off, false);
    uint32_t value;

    if (!p)
        return bar == 1 || bar == 3 ? emu_hw_no_memory(gpu) : UINT32_MAX;
    memcpy(&value, p, sizeof(value));
    return value;
}

void
emu_hw_bar_wr32(struct emu_gpu *gpu, unsigned bar, uint64_t off, uint32_t value)
{
    void *p = bar_at(gpu, bar, off, true);

    if (p)
        memcpy(p, &value, sizeof(value));
}
