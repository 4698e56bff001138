/* SPDX-License-Identifier: MIT */
/*
 * Booter: what the ucode on SEC2 does once it runs. Loading checks everything that the client
 * prepared, puts WPR2 around it and starts GSP-RM; unloading takes WPR2 down. With a
 * GspFwSRMeta in the mailboxes the two are resume and suspend.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

/* The GSP was reset after FWSEC and, where there is a switch, set to its RISC-V core. */
static bool
core_ready(const struct emu_gpu *gpu)
{
    const struct emu_falcon *f = &gpu->hw->gsp;

    if (!f->fresh || f->in_reset)
        return false;
    return !emu_family_has_brom(gpu->hw->key.family) || emu_falcon_is_riscv(f);
}

uint32_t
emu_hw_launch(struct emu_gpu *gpu, uint64_t libos_args)
{
    struct emu_hw *hw = gpu->hw;

    hw->libos_args = libos_args;
    hw->booted = true;
    if (emu_hw_fault(gpu, EMU_BOOT_GSP_SILENT) || emu_hw_fault(gpu, EMU_BOOT_RISCV_DEAD))
        return EMU_CHAIN_OK;
    if (emu_gsp_start(gpu, libos_args) < 0) {
        hw->booted = false;
        return EMU_CHAIN_ARGS;
    }
    return EMU_CHAIN_OK;
}

static bool
is_scrubbed(struct emu_gpu *gpu)
{
    if (gpu->hw->key.family != EMU_AD10X || gpu->hw->bsi_scratch_15 >> 29 >= 3)
        return true;
    return emu_accepts(gpu, "booter: memory was not scrubbed");
}

static uint32_t
check_state(struct emu_gpu *gpu)
{
    const struct emu_hw *hw = gpu->hw;

    if (gpu->gsp.state == EMU_GSP_STARTING || gpu->gsp.state == EMU_GSP_RUNNING) {
        emu_note(gpu, "booter: GSP-RM runs already");
        return EMU_CHAIN_STATE;
    }
    if (!core_ready(gpu) &&
        !emu_accepts(gpu, "booter: the GSP was not reset into its RISC-V core (BCR_CTRL 0x%x)",
                     hw->gsp.bcr_ctrl))
        return EMU_CHAIN_CORE;
    return EMU_CHAIN_OK;
}

static void
set_wpr2(struct emu_hw *hw, const struct emu_meta *m)
{
    hw->wpr2_lo = (uint32_t)(m->wpr_start >> 12) << 4;
    hw->wpr2_hi = (uint32_t)(m->wpr_end >> 12) << 4;
}

/* What the client set up for a cold start is not wanted again: kernel_gsp_tu102.c kgspBootstrap
 * of 570.144 resets no core, sets no mailbox and runs neither FWSEC nor scrubber. The scrubber
 * it runs again from 580.65.06 on. */
static uint32_t
resume(struct emu_gpu *gpu, uint64_t addr)
{
    const nvrm_release scrubbing = nvrm_release_find(gpu->abi.schema, "580.65.06");
    uint32_t error = EMU_CHAIN_OK;

    if (gpu->abi.release >= scrubbing && !is_scrubbed(gpu))
        error = EMU_CHAIN_SCRUBBER;
    if (!error)
        error = emu_suspend_restore(gpu, addr);
    if (error)
        return error;
    gpu->hw->booted = true;
    if (emu_gsp_resume(gpu, gpu->hw->libos_args) < 0)
        emu_note(gpu, "booter: GSP-RM did not resume");
    return EMU_CHAIN_OK;
}

uint32_t
emu_booter_load(struct emu_gpu *gpu, uint64_t addr)
{
    struct emu_hw *hw = gpu->hw;
    const uint64_t args = (uint64_t)gpu->regs.mailbox[1] << 32 | gpu->regs.mailbox[0];
    struct emu_meta meta;
    uint32_t error;

    if (emu_hw_fault(gpu, EMU_BOOT_BOOTER_ERROR))
        return hw->fault_arg[EMU_BOOT_BOOTER_ERROR];
    if (emu_suspend_is_meta(gpu, addr))
        return resume(gpu, addr);
    error = check_state(gpu);
    if (!error)
        error = emu_meta_check_images(gpu, addr, &meta);
    if (!error)
        error = emu_meta_check_layout(gpu, &meta);
    if (error)
        return error;
    set_wpr2(hw, &meta);
    hw->meta_flags = meta.p[0xf1];
    memset(emu_ram_at(&gpu->ram, addr + 0xf8, 8), 0xa0, 8); /* verified */
    error = emu_hw_launch(gpu, args);
    if (error)
        emu_note(gpu, "booter: GSP-RM did not start");
    return EMU_CHAIN_OK; /* booter is done either way; the GSP tells how it went on */
}

/* 0xff in both mailboxes: for good; the address of a GspFwSRMeta: suspend; 0xdeaddead: power
 * goes off soon, and WPR2 with it. */
uint32_t
emu_booter_unload(struct emu_gpu *gpu, uint64_t argument)
{
    struct emu_hw *hw = gpu->hw;
    uint32_t error = EMU_CHAIN_OK;

    if (emu_hw_fault(gpu, EMU_BOOT_UNLOAD_ERROR))
        return hw->fault_arg[EMU_BOOT_UNLOAD_ERROR];
    if (gpu->gsp.state == EMU_GSP_STARTING || gpu->gsp.state == EMU_GSP_RUNNING ||
        !hw->wpr2_hi) {
        emu_note(gpu, "booter: nothing to unload, or GSP-RM still runs");
        return EMU_CHAIN_STATE;
    }
    if ((uint32_t)argument == 0xdeaddead)
        return EMU_CHAIN_OK;
    if (emu_suspend_is_meta(gpu, argument))
        error = emu_suspend_save(gpu, argument);
    else if (argument != UINT64_C(0xff000000ff)) {
        emu_note(gpu, "booter: unload with 0x%llx in the mailboxes",
                 (unsigned long long)argument);
        error = EMU_CHAIN_META_ADDRESS;
    } else if (gpu->gsp.state == EMU_GSP_PARKED) {
        emu_gsp_drop(gpu); /* WPR2 goes and was not saved */
    }
    if (error)
        return error;
    hw->booted = false;
    if (!emu_hw_fault(gpu, EMU_BOOT_WPR2_STAYS))
        hw->wpr2_lo = hw->wpr2_hi = 0;
    return EMU_CHAIN_OK;
}
