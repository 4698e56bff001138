/* SPDX-License-Identifier: MIT */
/*
 * The card below GSP-RM: its parts, the state after a reset, and which part a register belongs
 * to.
 */
#include "hw.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "emu_priv.h"

enum { FSP_BASE = 0x8f0000, FSP_LAST = 0x8f3fff };

bool
emu_hw_fault(const struct emu_gpu *gpu, enum emu_boot_fault fault)
{
    return gpu->hw->faults >> fault & 1;
}

/* Bits of the state that a reset does not bring back: memory's contents, the VBIOS. The falcons
 * are all zero when this begins. */
static void
set_reset_state(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    hw->window = hw->refused = 0;
    hw->wpr2_lo = hw->wpr2_hi = 0;
    memset(hw->pbus_scratch, 0, sizeof(hw->pbus_scratch));
    hw->bsi_scratch_14 = hw->bsi_scratch_15 = 0;
    memset(hw->vf, 0, sizeof(hw->vf));
    memset(hw->leaf, 0, sizeof(hw->leaf));
    memset(hw->leaf_en, 0, sizeof(hw->leaf_en));
    hw->top_en = 0;
    hw->line = hw->message = false;
    if (gpu->gsp.state != EMU_GSP_PARKED)
        hw->crash_addr = 0;
    hw->booted = hw->resumable = false;
    hw->gsp_visible = !emu_family_has_fsp(hw->key.family);
    hw->lockdown = 0;
    hw->visible_in = 0;
    hw->seq = EMU_SEQ_NONE;
    emu_falcon_start(gpu, &hw->gsp);
    emu_falcon_start(gpu, &hw->sec2);
    hw->gsp.scrub = hw->sec2.scrub = 0; /* long ago */
    hw->gsp.fresh = hw->sec2.fresh = false;
    emu_fsp_reset(gpu);
}

/* What a previous driver that died leaves behind. */
static void
leave_wpr2_up(struct emu_hw *hw)
{
    const uint64_t end = hw->vram_bytes - 0x100000;

    hw->wpr2_lo = (uint32_t)((end - 0x100000) >> 12) << 4;
    hw->wpr2_hi = (uint32_t)(end >> 12) << 4;
}

int
emu_hw_init(struct emu_gpu *gpu)
{
    struct emu_hw *hw = emu_alloc(&gpu->mem, sizeof(*hw));
    const char *release = nvrm_release_name(gpu->abi.schema, gpu->abi.release);

    if (!hw)
        return -ENOMEM;
    gpu->hw = hw;
    if (emu_synth_key(gpu->card->pub.name, release, &hw->key) < 0) {
        hw->key.card = gpu->card;
        hw->key.family = emu_family_of(gpu->card);
    }
    hw->gsp.name = "GSP";
    hw->gsp.base = EMU_GSP_BASE;
    hw->sec2.name = "SEC2";
    hw->sec2.base = EMU_SEC2_BASE;
    hw->prom.mem = &gpu->mem;
    hw->vram_bytes = gpu->card->pub.fb_bytes;
    emu_hw_attach(gpu);
    set_reset_state(gpu);
    return 0;
}

void
emu_hw_fini(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    if (!hw)
        return;
    if (hw->vram)
        munmap(hw->vram, hw->vram_bytes);
    emu_blob_fini(&hw->prom);
    emu_free(&gpu->mem, hw);
    gpu->hw = NULL;
}

void
emu_hw_reset(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    hw->faults = 0;
    emu_blob_fini(&hw->prom);
    emu_falcon_clear(&hw->gsp);
    emu_falcon_clear(&hw->sec2);
    set_reset_state(gpu);
}

uint32_t
emu_gpu_rom_offset(const struct emu_gpu *gpu)
{
    return emu_vbios_images_at(gpu->card);
}

void
emu_hw_set_fault(struct emu_gpu *gpu, enum emu_boot_fault fault, uint32_t arg)
{
    gpu->hw->faults |= UINT64_C(1) << fault;
    gpu->hw->fault_arg[fault] = arg;
    if (fault == EMU_BOOT_WPR2_UP)
        leave_wpr2_up(gpu->hw);
    if (fault == EMU_BOOT_SLOW_LINK)
        emu_config_slow_link(gpu);
}

bool
emu_hw_riscv_active(const struct emu_gpu *gpu)
{
    const struct emu_hw *hw = gpu->hw;

    if (hw->gsp.in_reset || emu_hw_fault(gpu, EMU_BOOT_RISCV_DEAD))
        return false;
    if (hw->resumable) /* it let go of its core */
        return false;
    if (hw->booted && emu_hw_fault(gpu, EMU_BOOT_GSP_SILENT))
        return true;
    if (gpu->gsp.state == EMU_GSP_UNLOADED &&
        (emu_hw_fault(gpu, EMU_BOOT_SUSPEND_STUCK) || emu_fmc_failed(gpu)))
        return true;
    return gpu->gsp.state == EMU_GSP_STARTING || gpu->gsp.state == EMU_GSP_RUNNING;
}

static struct emu_falcon *
falcon_at(struct emu_hw *hw, uint32_t off)
{
    if (off - EMU_GSP_BASE < EMU_FALCON_SPAN)
        return &hw->gsp;
    if (off - EMU_SEC2_BASE < EMU_FALCON_SPAN)
        return &hw->sec2;
    return NULL;
}

static bool
gsp_lives(const struct emu_gpu *gpu)
{
    return gpu->gsp.state != EMU_GSP_OFF && gpu->gsp.state != EMU_GSP_PARKED;
}

/* Until FSP has accepted a boot, the GSP's registers are not for the CPU. A session that was
 * started without the boot chain shows them. */
static bool
gsp_locked(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    if (emu_hw_fault(gpu, EMU_BOOT_TARGET_LOCKED))
        return true;
    if (hw->gsp_visible)
        return false;
    if (!hw->visible_in)
        return !gsp_lives(gpu);
    hw->gsp_visible = --hw->visible_in == 0;
    return true;
}

/* Once GSP-RM is gone, the FMC takes WPR2 down and halts the core; for a suspend it saves it
 * first. Before Hopper that is booter's work. */
static void
settle(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;

    if (gpu->gsp.state != EMU_GSP_UNLOADED || !hw->booted ||
        !emu_family_has_fsp(hw->key.family) || emu_hw_fault(gpu, EMU_BOOT_SUSPEND_STUCK) ||
        gpu->gsp.pending)
        return;
    if (gpu->gsp.suspending && !emu_fmc_save(gpu))
        return;
    hw->booted = false;
    if (!emu_hw_fault(gpu, EMU_BOOT_WPR2_STAYS))
        hw->wpr2_lo = hw->wpr2_hi = 0;
}

bool
emu_hw_rd32(struct emu_gpu *gpu, uint32_t off, uint32_t *value_out)
{
    struct emu_hw *hw = gpu->hw;
    struct emu_falcon *f = falcon_at(hw, off);

    settle(gpu);
    if (f == &hw->gsp && gsp_locked(gpu)) {
        *value_out = (uint32_t)EMU_GSP_LOCKED;
        return true;
    }
    if (f)
        return emu_falcon_rd32(gpu, f, off - f->base, value_out);
    if (off >= FSP_BASE && off <= FSP_LAST)
        return emu_fsp_rd32(gpu, off, value_out);
    return emu_hw_simple_rd32(gpu, off, value_out);
}

bool
emu_hw_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    struct emu_hw *hw = gpu->hw;
    struct emu_falcon *f = falcon_at(hw, off);
    bool mine;

    if (f == &hw->gsp && gsp_locked(gpu)) {
        emu_note(gpu, "write of 0x%08x to 0x%06x: FSP has not released the GSP", value, off);
        return true;
    }
    if (f)
        mine = emu_falcon_wr32(gpu, f, off - f->base, value);
    else if (off >= FSP_BASE && off <= FSP_LAST)
        mine = emu_fsp_wr32(gpu, off, value);
    else
        mine = emu_hw_simple_wr32(gpu, off, value);
    settle(gpu);
    return mine;
}
