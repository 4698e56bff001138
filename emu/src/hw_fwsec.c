/* SPDX-License-Identifier: MIT */
/*
 * What FWSEC does when it runs: FRTS (make the region that booter needs, protected by WPR2) and
 * SB (put the secure state back before the card is given away).
 *
 * The command lies in DMEM where the DMEM mapper says. Results are in the scratch registers
 * that the vendor's client reads: 0x1438 bits 31:16 for FRTS, 0x1454 bits 15:0 for SB. Its
 * error codes are not public; ours are small numbers, listed in docs/emulator.md.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    COMMAND_FRTS = 0x15,
    COMMAND_SB = 0x19,
    SCRATCH_FRTS = 0x0e,
    SCRATCH_SB = 0x15,
    FRTS_PAGES = 0x100,
    MEDIA_FB = 2,
};

enum fwsec_error {
    FWSEC_OK,
    FWSEC_COMMAND = 0x31, /* init_cmd names no command that it has */
    FWSEC_READ_VBIOS,     /* the first part of the command */
    FWSEC_REGION,         /* the second */
    FWSEC_ADDRESS,        /* the region is not in memory, or not aligned */
    FWSEC_WPR2_UP,
    FWSEC_INJECTED,
};

/* version, size, VBIOS offset (two words) and size: 0, it reads the flash; flags: 2 */
static bool
good_read_vbios(const uint32_t *c)
{
    return c[0] == 1 && c[1] == 24 && !c[2] && !c[3] && !c[4] && c[5] == 2;
}

static uint32_t
frts(struct emu_gpu *gpu, const uint32_t *c)
{
    struct emu_hw *hw = gpu->hw;
    uint64_t at = (uint64_t)c[8] << 12;

    if (c[6] != 1 || c[7] != 20 || c[9] != FRTS_PAGES || c[10] != MEDIA_FB)
        return FWSEC_REGION;
    if (at & 0x1ffff || at + (FRTS_PAGES << 12) > hw->vram_bytes)
        return FWSEC_ADDRESS;
    if (hw->wpr2_hi)
        return FWSEC_WPR2_UP;
    if (emu_hw_fault(gpu, EMU_BOOT_FRTS_MISSING))
        return FWSEC_OK;
    if (emu_hw_fault(gpu, EMU_BOOT_FRTS_WRONG))
        at -= 0x100000;
    hw->wpr2_lo = (uint32_t)(at >> 12) << 4;
    hw->wpr2_hi = (uint32_t)((at + (FRTS_PAGES << 12)) >> 12) << 4;
    return FWSEC_OK;
}

void
emu_fwsec_run(struct emu_gpu *gpu, const uint8_t *dmem)
{
    struct emu_hw *hw = gpu->hw;
    uint32_t command[11], init_cmd, error;
    struct emu_fwsec d;

    emu_fwsec_desc(gpu->card, &d);
    memcpy(&init_cmd, dmem + d.mapper_off + 44, sizeof(init_cmd));
    memcpy(command, dmem + d.cmd_in_off, sizeof(command));
    if (init_cmd != COMMAND_FRTS && init_cmd != COMMAND_SB)
        error = FWSEC_COMMAND;
    else if (!good_read_vbios(command))
        error = FWSEC_READ_VBIOS;
    else
        error = init_cmd == COMMAND_FRTS ? frts(gpu, command) : FWSEC_OK;
    if (init_cmd == COMMAND_SB) {
        if (emu_hw_fault(gpu, EMU_BOOT_SB_ERROR))
            error = FWSEC_INJECTED;
        hw->pbus_scratch[SCRATCH_SB] = (hw->pbus_scratch[SCRATCH_SB] & 0xffff0000) | error;
    } else {
        if (emu_hw_fault(gpu, EMU_BOOT_FWSEC_ERROR))
            error = hw->fault_arg[EMU_BOOT_FWSEC_ERROR];
        hw->pbus_scratch[SCRATCH_FRTS] = (hw->pbus_scratch[SCRATCH_FRTS] & 0xffff) | error
                                                                                         << 16;
    }
    if (error)
        emu_note(gpu, "FWSEC: command 0x%x ends with error 0x%x", init_cmd, error);
}
