/* SPDX-License-Identifier: MIT */
/*
 * BAR0: one row per register. What no row covers answers like the hardware's error response,
 * 0xbadf5040.
 *
 * Offsets and names from the vendor's published headers (src/common/inc/swref/published):
 * dev_boot.h, dev_timer.h, dev_bus.h, dev_gsp.h, dev_falcon_v4.h, dev_gc6_island.h, dev_fb.h.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum { NO_ANSWER = 0xbadf5040u };

struct reg {
    uint32_t first, last; /* offsets, inclusive */
    uint32_t (*read)(struct emu_gpu *gpu, uint32_t offset);
    void (*write)(struct emu_gpu *gpu, uint32_t offset, uint32_t value);
    const char *name;
};

/* PMC */

/* Chip id, high then low part of it, and the revision: the field layout of NV_PMC_BOOT_0. */
static uint32_t
read_boot_0(struct emu_gpu *gpu, uint32_t offset)
{
    const struct emu_card *c = gpu->card;

    (void)offset;
    return c->architecture << 24 | c->implementation << 20 | c->revision;
}

static uint32_t
read_boot_42(struct emu_gpu *gpu, uint32_t offset)
{
    const struct emu_card *c = gpu->card;

    (void)offset;
    return c->architecture << 24 | c->implementation << 20 | (c->revision >> 4) << 16 |
           (c->revision & 0xf) << 12;
}

static uint32_t
read_zero(struct emu_gpu *gpu, uint32_t offset)
{
    (void)gpu;
    (void)offset;
    return 0;
}

/* PTIMER */

static uint64_t
gpu_time_ns(struct emu_gpu *gpu)
{
    return emu_now_ns() - gpu->regs.reset_ns;
}

static uint32_t
read_time_0(struct emu_gpu *gpu, uint32_t offset)
{
    (void)offset;
    return (uint32_t)gpu_time_ns(gpu) & ~31u; /* in steps of 32 ns */
}

static uint32_t
read_time_1(struct emu_gpu *gpu, uint32_t offset)
{
    (void)offset;
    return (uint32_t)(gpu_time_ns(gpu) >> 32);
}

/* PBUS */

static uint32_t
read_bar_block(struct emu_gpu *gpu, uint32_t offset)
{
    return gpu->regs.bar_block[offset == 0x1714];
}

static void
write_bar_block(struct emu_gpu *gpu, uint32_t offset, uint32_t value)
{
    gpu->regs.bar_block[offset == 0x1714] = value;
}

static uint32_t
read_config_mirror(struct emu_gpu *gpu, uint32_t offset)
{
    uint32_t value = NO_ANSWER;

    if (offset - gpu->card->config_mirror < EMU_CONFIG_BYTES)
        emu_config_read(gpu, offset - gpu->card->config_mirror, 4, &value);
    return value;
}

/* An MSI of the chips before Hopper is over when this is written, whatever the value
 * (kernel_bif_gm107.c). Nothing else of configuration space can be written here. */
static void
write_config_mirror(struct emu_gpu *gpu, uint32_t offset, uint32_t value)
{
    enum { CYA_2 = 0x704 };

    if (offset - gpu->card->config_mirror != CYA_2 || emu_family_has_fsp(gpu->hw->key.family))
        emu_note(gpu, "write of 0x%08x to BAR0 0x%06x, read-only: NV_PCFG", value, offset);
}

/* GFW, VRAM */

static uint32_t
read_fb_mib(struct emu_gpu *gpu, uint32_t offset)
{
    (void)offset;
    return (uint32_t)(gpu->card->pub.fb_bytes >> 20);
}

/* size = magnitude << (scale + 20): the largest magnitude that fits its six bits */
static uint32_t
read_local_memory(struct emu_gpu *gpu, uint32_t offset)
{
    uint32_t mib = (uint32_t)(gpu->card->pub.fb_bytes >> 20), scale = 0;

    (void)offset;
    while (mib > 0x3f) {
        mib >>= 1;
        scale++;
    }
    return scale | mib << 4;
}

/* GSP */

static bool
gsp_runs(const struct emu_gpu *gpu)
{
    return gpu->gsp.state == EMU_GSP_STARTING || gpu->gsp.state == EMU_GSP_RUNNING;
}

/* Heartbeats of GSP-RM and of its operating system: milliseconds while they run. */
static uint32_t
read_heartbeat(struct emu_gpu *gpu, uint32_t offset)
{
    (void)offset;
    return gsp_runs(gpu) ? (uint32_t)(gpu_time_ns(gpu) / 1000000u) - gpu->gsp.hung_ms : 0;
}

/* The doorbell itself does nothing, unless a fault keeps it from being heard: every access lets
 * GSP-RM look at its queue. */
static void
write_doorbell(struct emu_gpu *gpu, uint32_t offset, uint32_t value)
{
    gpu->gsp.deaf = emu_fault_on_doorbell(gpu);
    (void)offset;
    (void)value;
}

static const struct reg regs[] = {
    {0x000000, 0x000000, read_boot_0,        NULL,                "NV_PMC_BOOT_0"                    },
    {0x000004, 0x000004, read_zero,          NULL,                "NV_PMC_BOOT_1"                    },
    {0x000a00, 0x000a00, read_boot_42,       NULL,                "NV_PMC_BOOT_42"                   },
    {0x001704, 0x001704, read_bar_block,     write_bar_block,     "NV_PBUS_BAR1_BLOCK"               },
    {0x001714, 0x001714, read_bar_block,     write_bar_block,     "NV_PBUS_BAR2_BLOCK"               },
    {0x009400, 0x009400, read_time_0,        NULL,                "NV_PTIMER_TIME_0"                 },
    {0x009410, 0x009410, read_time_1,        NULL,                "NV_PTIMER_TIME_1"                 },
    {0x088000, 0x092fff, read_config_mirror, write_config_mirror, "NV_PCFG"                          },
    {0x100ce0, 0x100ce0, read_local_memory,  NULL,                "NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE"},
    {0x110804, 0x110808, read_heartbeat,     NULL,                "NV_PGSP_MAILBOX"                  },
    {0x110c00, 0x110c00, read_zero,          write_doorbell,      "NV_PGSP_QUEUE_HEAD"               },
    {0x1183a4, 0x1183a4, read_fb_mib,        NULL,                "NV_USABLE_FB_SIZE_IN_MB"          },
};

static const struct reg *
find_reg(uint64_t offset)
{
    size_t low = 0, high = sizeof(regs) / sizeof(regs[0]);

    while (low < high) {
        const size_t mid = (low + high) / 2;

        if (regs[mid].last < offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low < sizeof(regs) / sizeof(regs[0]) && regs[low].first <= offset ? &regs[low]
                                                                             : NULL;
}

/* Where what is not written must not be read back: a one does something there, or a read. */
static bool
takes_ones(uint64_t off)
{
    static const struct {
        uint32_t first, last;
    } rows[] = {
        {0x000000, 0x000014}, /* a falcon's IRQSSET, IRQSCLR, IRQMSET, IRQMCLR; not IRQSTAT */
        {0x000180, 0x0001ff}, /* its ports, which count */
        {0x8f2ac4, 0x8f2ac4}, /* FSP's, too */
        {0xb81000, 0xb8103f}, /* LEAF */
        {0xb81200, 0xb8123f}, /* LEAF_EN_SET, LEAF_EN_CLEAR */
        {0xb81400, 0xb8143f},
        {0xb81608, 0xb8160b}, /* TOP_EN_SET, TOP_EN_CLEAR */
        {0xb81610, 0xb81613},
    };
    const bool falcon =
        off - EMU_GSP_BASE < EMU_FALCON_SPAN || off - EMU_SEC2_BASE < EMU_FALCON_SPAN;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint64_t at = i < 2 ? off & 0xffff : off;

        if (at >= rows[i].first && at <= rows[i].last && (i >= 2 || falcon))
            return true;
    }
    return false;
}

void
emu_gpu_wr_bytes(struct emu_gpu *gpu, unsigned bar, uint64_t bar_off, const void *bytes,
                 unsigned count)
{
    const struct gsp_bus_ops *ops = gpu->bus.ops;
    const unsigned within = (unsigned)(bar_off & 3);
    uint32_t word = 0;

    if (within + count > sizeof(word))
        return;
    bar_off -= within;
    if (count < sizeof(word) && (bar || !takes_ones(bar_off)))
        word = ops->rd32(&gpu->bus, bar, bar_off);
    memcpy((uint8_t *)&word + within, bytes, count);
    ops->wr32(&gpu->bus, bar, bar_off, word);
}

void
emu_regs_reset(struct emu_gpu *gpu)
{
    gpu->regs = (struct emu_regs){.reset_ns = emu_now_ns()};
}

uint32_t
emu_reg_rd32(struct emu_gpu *gpu, uint64_t bar_off)
{
    const struct reg *r = find_reg(bar_off);
    uint32_t value;

    if (bar_off <= UINT32_MAX && emu_hw_rd32(gpu, (uint32_t)bar_off, &value))
        return value;
    return r ? r->read(gpu, (uint32_t)bar_off) : NO_ANSWER;
}

void
emu_reg_wr32(struct emu_gpu *gpu, uint64_t bar_off, uint32_t value)
{
    const struct reg *r = find_reg(bar_off);

    if (bar_off <= UINT32_MAX && emu_hw_wr32(gpu, (uint32_t)bar_off, value))
        return;
    if (r && r->write)
        r->write(gpu, (uint32_t)bar_off, value);
    else
        emu_note(gpu, "write of 0x%08x to BAR0 0x%06llx%s%s", value,
                 (unsigned long long)bar_off, r ? ", read-only: " : "", r ? r->name : "");
}
