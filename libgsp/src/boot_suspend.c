/* SPDX-License-Identifier: MIT */
/*
 * Suspend and resume: WPR2, where GSP-RM lives, is written to system memory and taken back from
 * there. Before Hopper booter_unload and booter_load do it. From Hopper on the FMC does, at the
 * unload RPC and at the next chain of trust command, and the memory that GSP-RM has outside of
 * WPR2 goes with it. Follows gpu_suspend.c, kgspPrepareSuspendResumeData_TU102, and with
 * KGSP_BOOT_MODE_SR_RESUME kgspBootstrap_TU102, kgspSetupGspFmcArgs_GH100 and
 * kgspBootstrap_GH100.
 */
#include <errno.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

enum { STANDBY = 3 }; /* NV2080_CTRL_GPU_SET_POWER_STATE_GPU_LEVEL_3 */

static int
fill_meta(struct gsp_boot *b, uint64_t data_bytes, struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    uint64_t magic, revision;
    struct wire w;

    if (!nvrm_constant_find(abi, "GSP_FW_SR_META_MAGIC", &magic) ||
        !nvrm_constant_find(abi, "GSP_FW_SR_META_REVISION", &revision))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no GspFwSRMeta",
                        nvrm_release_name(abi.schema, abi.release));
    wire_init(&w, abi, "GspFwSRMeta", b->sr_meta.cpu, b->sr_meta.bytes, err);
    wire_set(&w, "magic", magic);
    wire_set(&w, "revision", revision);
    wire_set(&w, "sysmemAddrOfSuspendResumeData", b->sr_data.bus_addr);
    wire_set(&w, "sizeOfSuspendResumeData", data_bytes);
    wire_set_if(&w, "flags", boot_wpr_meta_flags(b));
    return w.rc;
}

/* Pages for all of WPR2, which FRTS ends, and the meta that leads to them. */
static int
prepare(struct gsp_boot *b, struct gsp_error *err)
{
    struct boot_saved saved;
    int rc = boot_saved(b, &saved, err);

    if (rc == 0)
        rc = boot_dma(b, gsp_radix3_bytes(saved.end - saved.start), &b->sr_data, err);
    if (rc == 0)
        rc = boot_dma(b, 4096, &b->sr_meta, err);
    if (rc < 0)
        return rc;
    gsp_radix3_fill(b->sr_data.cpu, b->sr_data.bus_addr, NULL, saved.end - saved.start);
    rc = fill_meta(b, saved.end - saved.start, err);
    return rc < 0 || !boot_fbsr_takes_meta(b) ? rc : boot_fbsr_init(b, &saved, err);
}

static int
suspend(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = prepare(b, err);

    if (rc == 0)
        rc = boot_suspend_card(b, STANDBY, b->sr_meta.bus_addr, err);
    b->suspended = b->rm->suspended = rc == 0;
    return rc;
}

/* Before Hopper. FWSEC, the GSP's mailboxes and the queues are left alone: booter and GSP-RM
 * restore them. From 580.65.06 on the scrubber runs once more. */
static int
resume_by_booter(struct gsp_boot *b, struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    uint64_t mailbox = b->sr_meta.bus_addr;
    int rc = 0;

    if (b->chip->scrubber && abi.release >= nvrm_release_find(abi.schema, "580.65.06"))
        rc = boot_scrubber(b, err);
    return rc < 0 ? rc
                  : boot_run_hs(b, &boot_sec2, &b->files.load, "booter_load", &mailbox, err);
}

static int
resume_by_fmc(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = boot_fmc_resume_args(b, err);

    if (rc == 0)
        rc = boot_cot(b, err);
    if (rc == 0)
        rc = boot_target_mask(b, err);
    return rc < 0 ? rc : boot_lockdown(b, err);
}

/* GSP-RM runs and says so, as at a cold start; what was lent to it comes back. */
static int
pick_up(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = boot_riscv_active(b, err);

    b->rm->started = rc == 0;
    if (rc == 0)
        rc = boot_init_done(b, err);
    if (rc < 0)
        return rc;
    b->suspended = b->rm->suspended = false;
    boot_dma_free(b, &b->sr_meta);
    boot_dma_free(b, &b->sr_data);
    return boot_fbsr_done(b, err);
}

/* GFW, or FSP, must be through: it runs again after power was off. No init RPC is sent. */
static int
resume(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = gsprm_resume_args(b->rm, STANDBY, err);

    if (rc == 0)
        rc = boot_identify(b, err);
    if (rc == 0)
        rc = boot_wait_ready(b, err);
    if (rc == 0)
        rc = boot_wpr2_down(b, err);
    if (rc == 0)
        boot_flush_program(b);
    if (rc == 0)
        rc = b->chip->fsp ? resume_by_fmc(b, err) : resume_by_booter(b, err);
    return rc < 0 ? rc : pick_up(b, err);
}

/* Refused by name before anything is touched: GSP-RM runs on. */
static int
check_release(struct gsp_boot *b, struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    int rc;

    if (!b->chip->fsp || boot_fbsr_takes_meta(b))
        return 0;
    rc = gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOTSUP,
                  "%s cannot suspend family %s: its INTERNAL_FBSR_INIT has no "
                  "sysmemAddrOfSuspendResumeData (fbsr_gm107.c _fbsrInitGsp)",
                  nvrm_release_name(abi.schema, abi.release),
                  gsp_fw_family_info(b->family)->name);
    gsp_hint(err, "releases from 570.86.15 on can; boot unload works on all of them");
    return rc;
}

int
gsp_boot_suspend(struct gsp_boot *b, struct gsp_error *err)
{
    static const struct boot_state state = {
        {"suspend", "GSP-RM is saved in system memory and power may go",
         "gpu_suspend.c gpuPowerManagementEnter, kernel_gsp_{tu102,gh100}.c kgspTeardown", 10000},
        suspend
    };
    int rc;

    if (!b->rm || !b->rm->started || b->next < b->chip->state_count)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTCONN, "GSP-RM does not run");
    rc = check_release(b, err);
    return rc < 0 ? rc : boot_run_once(b, &state, err);
}

int
gsp_boot_resume(struct gsp_boot *b, struct gsp_error *err)
{
    static const struct boot_state state = {
        {"resume", "booter, or the FMC, has brought GSP-RM back and it runs",
         "gpu_suspend.c gpuPowerManagementResume, kernel_gsp_{tu102,gh100}.c kgspBootstrap", 30000},
        resume
    };

    if (!b->suspended)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTCONN, "GSP-RM is not suspended");
    return boot_run_once(b, &state, err);
}
