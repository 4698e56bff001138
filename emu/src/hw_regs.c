/* SPDX-License-Identifier: MIT */
/*
 * Registers beside falcons and FSP: scratch, fuses, WPR2, PRAMIN, PROM, the virtual function's
 * interrupts, MMU and doorbell.
 *
 * Offsets from the vendor's published headers (src/common/inc/swref/published): dev_bus.h,
 * dev_fb.h, dev_fuse.h, dev_gc6_island.h, dev_therm.h, dev_vm.h, pri_nv_xal_ep.h.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    PROM_AT = 0x300000,
    PROM_BYTES = 0x100000,
    PRAMIN_AT = 0x700000,
    PRAMIN_BYTES = 0x100000,
    VF = 0xb80000,
};

struct row {
    uint32_t first, last;
    uint32_t families; /* bits of enum emu_family */
    uint32_t (*read)(struct emu_gpu *gpu, uint32_t off);
    void (*write)(struct emu_gpu *gpu, uint32_t off, uint32_t value);
};

enum {
    ALL = 0x7f,
    TURING = 1 << EMU_TU10X,
    ADA = 1 << EMU_AD10X,
    FSP = 1 << EMU_GH100 | 1 << EMU_GB10X | 1 << EMU_GB20X,
    NO_FSP = ALL & ~FSP,
    GH100 = 1 << EMU_GH100,
    GB10X = 1 << EMU_GB10X,
    GB20X = 1 << EMU_GB20X,
};

/* Scratch */

static uint32_t
read_pbus_scratch(struct emu_gpu *gpu, uint32_t off)
{
    return gpu->hw->pbus_scratch[(off - 0x1400) / 4];
}

static void
write_pbus_scratch(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    gpu->hw->pbus_scratch[(off - 0x1400) / 4] = value;
}

static uint32_t
read_progress(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return emu_hw_fault(gpu, EMU_BOOT_GFW_STUCK) ? 0x12 : 0xff;
}

static uint32_t
read_bsi_14(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return gpu->hw->bsi_scratch_14;
}

static uint32_t
read_bsi_15(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return gpu->hw->bsi_scratch_15;
}

/* NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS */
static uint32_t
read_debug_dis(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return !gpu->hw->key.debug;
}

/* Fuses: one bit a version. */
static uint32_t
read_gsp_fuse(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return gpu->card->gsp_fuse;
}

static uint32_t
read_sec2_fuse(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return gpu->card->sec2_fuse;
}

static uint32_t
read_one(struct emu_gpu *gpu, uint32_t off)
{
    (void)gpu;
    (void)off;
    return 1;
}

static uint32_t
read_zero(struct emu_gpu *gpu, uint32_t off)
{
    (void)gpu;
    (void)off;
    return 0;
}

/* Memory */

static uint32_t
read_wpr2(struct emu_gpu *gpu, uint32_t off)
{
    return off & 8 ? gpu->hw->wpr2_hi : gpu->hw->wpr2_lo; /* 0x..824, 0x..828 */
}

static uint32_t
read_window(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return gpu->hw->window;
}

static void
write_window(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    const enum emu_family family = gpu->hw->key.family;

    (void)off;
    gpu->hw->window = value & (family == EMU_GH100          ? 0x3fffff
                               : emu_family_has_fsp(family) ? 0x7fffff
                                                            : 0x3ffffff);
}

/* NULL where PRAMIN shows nothing: behind the end of memory, or write-protected. */
static void *
pramin_at(struct emu_gpu *gpu, uint32_t off)
{
    const struct emu_hw *hw = gpu->hw;
    const bool old = !emu_family_has_fsp(hw->key.family);
    const uint64_t base = (uint64_t)(old ? hw->window & 0xffffff : hw->window) << 16;
    const unsigned target = old ? hw->window >> 24 & 3 : 0;
    const uint64_t addr = base + (off - PRAMIN_AT);

    if (target == 1 || (target == 0 && emu_hw_in_wpr2(hw, addr)))
        return NULL;
    return emu_hw_target(gpu, target ? 1 : 0, addr, 4);
}

static uint32_t
read_pramin(struct emu_gpu *gpu, uint32_t off)
{
    const void *p = pramin_at(gpu, off);
    uint32_t value;

    if (!p)
        return emu_hw_no_memory(gpu);
    memcpy(&value, p, sizeof(value));
    return value;
}

static void
write_pramin(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    void *p = pramin_at(gpu, off);

    if (p)
        memcpy(p, &value, sizeof(value));
}

/* The flash behind the VBIOS is erased. */
static uint32_t
read_prom(struct emu_gpu *gpu, uint32_t off)
{
    struct emu_hw *hw = gpu->hw;
    const uint32_t knob = emu_hw_fault(gpu, EMU_BOOT_VBIOS) ? hw->fault_arg[EMU_BOOT_VBIOS] : 0;
    uint32_t value = UINT32_MAX;

    if (!hw->prom.n) {
        hw->prom.failed = false;
        emu_vbios_make(gpu->card, (enum emu_vbios_knob)knob, &hw->prom);
    }
    off -= PROM_AT;
    if (off < hw->prom.n)
        memcpy(&value, hw->prom.p + off, hw->prom.n - off < 4 ? hw->prom.n - off : 4);
    return value;
}

static uint32_t
read_flush(struct emu_gpu *gpu, uint32_t off)
{
    return gpu->hw->flush[off == 0x100c40 || off == 0x100a38];
}

static void
write_flush(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    gpu->hw->flush[off == 0x100c40 || off == 0x100a38] = value;
}

/* Virtual function */

static uint32_t *
vf_word(struct emu_gpu *gpu, uint32_t off)
{
    off -= VF;
    return &gpu->hw->vf[off < 0x1000 ? (off - 0xf00) / 4 : 64 + (off - 0x3000) / 4];
}

uint32_t
emu_hw_vf(const struct emu_gpu *gpu, uint32_t off)
{
    return gpu->hw->vf[off < 0x1000 ? (off - 0xf00) / 4 : 64 + (off - 0x3000) / 4];
}

static uint32_t
read_vf(struct emu_gpu *gpu, uint32_t off)
{
    return *vf_word(gpu, off);
}

/* An invalidation is over when the write returns: its trigger bit never shows. */
static void
write_vf(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    if (off == VF + 0xf60 || off == VF + 0xf70) /* BAR1's and BAR2's block: status bits */
        value &= ~0x1ffu;
    *vf_word(gpu, off) = off == VF + 0x30b0 ? value & 0x7fffffff : value;
    if (off == VF + 0x30b0 && value >> 31)
        emu_tlb_reg(gpu, value);
}

void
emu_hw_set_vf(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    *vf_word(gpu, VF + off) = value;
}

static uint32_t
read_msix(struct emu_gpu *gpu, uint32_t off)
{
    uint32_t value;

    return emu_msix_rd32(gpu, off, &value) ? value : (uint32_t)EMU_NO_ANSWER;
}

static uint32_t
read_vf_time(struct emu_gpu *gpu, uint32_t off)
{
    const uint64_t now = emu_now_ns() - gpu->regs.reset_ns;

    return off & 4 ? (uint32_t)(now >> 32) : (uint32_t)now & ~31u;
}

static void
write_channel_doorbell(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    (void)off;
    emu_host_doorbell(gpu, value);
}

static const struct row rows[] = {
    {0x001400,     0x0014fc,     ALL,           read_pbus_scratch,     write_pbus_scratch    },
    {0x001700,     0x001700,     NO_FSP,        read_window,           write_window          },
    {0x0200bc,     0x0200bc,     FSP & ~GB20X,  read_progress,         NULL                  },
    {0x02174c,     0x02174c,     TURING,        read_debug_dis,        NULL                  },
    {0x100a34,     0x100a38,     GH100,         read_flush,            write_flush           },
    {0x100c10,     0x100c10,     ALL,           read_flush,            write_flush           },
    {0x100c40,     0x100c40,     ALL,           read_flush,            write_flush           },
    {0x10fd40,     0x10fd40,     FSP,           read_window,           write_window          },
    {0x1180f8,     0x1180f8,     NO_FSP,        read_bsi_14,           NULL                  },
    {0x1180fc,     0x1180fc,     ADA,           read_bsi_15,           NULL                  },
    {0x118128,     0x118128,     NO_FSP,        read_one,              NULL                  },
    {0x118234,     0x118234,     NO_FSP,        read_progress,         NULL                  },
    {0x1fa824,     0x1fa828,     ALL & ~GB10X,  read_wpr2,             NULL                  },
    {0x300000,     0x3ffffc,     ALL,           read_prom,             NULL                  },
    {0x700000,     0x7ffffc,     ALL,           read_pramin,           write_pramin          },
    {0x82074c,     0x82074c,     ALL & ~TURING, read_debug_dis,        NULL                  },
    {0x820c04,     0x820c04,     ALL & ~TURING, read_zero,             NULL                  },
    {0x824140,     0x82417c,     ALL & ~TURING, read_sec2_fuse,        NULL                  },
    {0x8241c0,     0x8241fc,     ALL & ~TURING, read_gsp_fuse,         NULL                  },
    {0x88a824,     0x88a828,     GB10X,         read_wpr2,             NULL                  },
    {0xad00bc,     0xad00bc,     GB20X,         read_progress,         NULL                  },
    {VF + 0x0f00,  VF + 0x0ffc,  ALL,           read_vf,               write_vf              },
    {VF + 0x1000,  VF + 0x103c,  ALL,           emu_intr_read_leaf,    emu_intr_write_leaf   },
    {VF + 0x1200,  VF + 0x123c,  ALL,           emu_intr_read_leaf_en, emu_intr_write_leaf_en},
    {VF + 0x1400,  VF + 0x143c,  ALL,           emu_intr_read_leaf_en, emu_intr_write_leaf_en},
    {VF + 0x1600,  VF + 0x1600,  ALL,           emu_intr_read_top,     NULL                  },
    {VF + 0x1608,  VF + 0x1608,  ALL,           emu_intr_read_top_en,  emu_intr_write_top_en },
    {VF + 0x1610,  VF + 0x1610,  ALL,           emu_intr_read_top_en,  emu_intr_write_top_en },
    {VF + 0x1640,  VF + 0x1640,  ALL,           read_zero,             emu_intr_write_trigger},
    {VF + 0x3000,  VF + 0x31fc,  ALL,           read_vf,               write_vf              },
    {VF + 0x10000, VF + 0x1005c, ALL,           read_msix,             emu_msix_wr32         },
    {VF + 0x20000, VF + 0x20004, ALL,           read_msix,             NULL                  },
    {VF + 0x30080, VF + 0x30084, ALL,           read_vf_time,          NULL                  },
    {VF + 0x30090, VF + 0x30090, ALL,           read_zero,             write_channel_doorbell},
};

static const struct row *
find(const struct emu_gpu *gpu, uint32_t off)
{
    size_t low = 0, high = sizeof(rows) / sizeof(rows[0]);

    while (low < high) {
        const size_t mid = (low + high) / 2;

        if (rows[mid].last < off)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == sizeof(rows) / sizeof(rows[0]) || rows[low].first > off ||
        !(rows[low].families >> gpu->hw->key.family & 1))
        return NULL;
    return &rows[low];
}

bool
emu_hw_simple_rd32(struct emu_gpu *gpu, uint32_t off, uint32_t *value_out)
{
    const struct row *r = find(gpu, off);

    if (r)
        *value_out = r->read(gpu, off);
    return r != NULL;
}

bool
emu_hw_simple_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    const struct row *r = find(gpu, off);

    if (!r)
        return false;
    if (r->write)
        r->write(gpu, off, value);
    else
        emu_note(gpu, "write of 0x%08x to BAR0 0x%06x, read-only", value, off);
    return true;
}
