/* SPDX-License-Identifier: MIT */
/*
 * The way back: GSP-RM is told to go, for good or for a suspend, and before Hopper FWSEC-SB and
 * booter_unload put the card back so that WPR2 is down. Follows kgspUnloadRm,
 * kgspTeardown_{TU102,GH100} and kgspExecuteBooterUnloadIfNeeded_TU102.
 */
#include <errno.h>

#include "boot_priv.h"

enum {
    SCRATCH_SB = 0x15, /* VBIOS's scratch word for FWSEC-SB */
    SB_ERROR_MASK = 0xffff,
};
#define SUSPENDED     0x80000000u
#define UNLOAD_NORMAL (0xff | UINT64_C(0xff) << 32) /* in the mailboxes: no suspend */

static int
tell_rm(struct gsp_boot *b, uint32_t level, struct gsp_error *err)
{
    int rc = b->rm->dead ? gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV, "GSP-RM no longer answers")
                         : gsprm_check_health(b->rm, err);

    gsprm_irq_disarm(b->rm);
    b->rm->riscv_cpuctl = 0; /* from here on it may halt */
    if (rc == 0)
        rc = gsprm_unload(b->rm, level, err);
    if (rc == 0)
        rc = boot_poll(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0, SUSPENDED, SUSPENDED,
                       "GSP-RM does not give up its core", err);
    b->rm->started = false;
    return rc;
}

static int
fwsec_sb(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t scratch = NV_PBUS_VBIOS_SCRATCH(SCRATCH_SB);
    int rc = boot_run_fwsec(b, GSP_FWSEC_SB, err);

    if (rc < 0)
        return rc;
    if (!boot_is_ready(b))
        return boot_fail_reg(b, b->chip->ready, -EPROTO,
                             "FWSEC-SB ran and GFW's progress is not complete", err);
    if (boot_rd(b, scratch) & SB_ERROR_MASK)
        return boot_fail_reg(b, scratch, -EPROTO, "FWSEC-SB failed", err);
    return 0;
}

static int
booter_unload(struct gsp_boot *b, uint64_t mailbox, struct gsp_error *err)
{
    int rc;

    if (!boot_wpr2_is_up(b))
        return 0;
    rc = boot_run_hs(b, &boot_sec2, &b->files.unload, "booter_unload", &mailbox, err);
    if (rc == 0 && boot_wpr2_is_up(b))
        rc = boot_fail_reg(b, b->chip->wpr2_hi, -EPROTO,
                           "booter_unload ran and WPR2 is still up", err);
    return rc;
}

static int
wait_halt(struct gsp_boot *b, struct gsp_error *err)
{
    return boot_poll(b, boot_gsp.second + b->chip->riscv_cpuctl,
                     NV_PRISCV_RISCV_CPUCTL_HALTED__MASK, NV_PRISCV_RISCV_CPUCTL_HALTED__MASK,
                     "the GSP does not halt", err);
}

/* The FMC's error word tells why a core that has to save WPR2 does not halt. */
static int
wait_saved(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = wait_halt(b, err);

    if (boot_rd(b, NV_PBUS_SW_SCRATCH_GSP_FMC_ERROR))
        rc = boot_fail_reg(b, NV_PBUS_SW_SCRATCH_GSP_FMC_ERROR, -EPROTO,
                           "the FMC could not save WPR2", err);
    return rc;
}

/* The memory may be given back once nothing on the card can read it any more. */
int
boot_unload_card(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = tell_rm(b, 0, err);

    if (rc < 0)
        return rc;
    if (b->chip->fsp) {
        rc = wait_halt(b, err);
        boot_clock_boost_end(b);
        return rc;
    }
    if (b->has_fwsec)
        rc = fwsec_sb(b, err);
    return rc < 0 ? rc : booter_unload(b, UNLOAD_NORMAL, err);
}

int
boot_suspend_card(struct gsp_boot *b, uint32_t level, uint64_t sr_meta, struct gsp_error *err)
{
    int rc = tell_rm(b, level, err);

    if (rc == 0 && b->chip->fsp)
        return wait_saved(b, err);
    if (rc == 0 && b->has_fwsec)
        rc = fwsec_sb(b, err);
    return rc < 0 ? rc : booter_unload(b, sr_meta, err);
}
