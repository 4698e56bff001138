/* SPDX-License-Identifier: MIT */
/*
 * Suspend and resume before Hopper: WPR2, where GSP-RM lives, is written to system memory by
 * booter_unload and taken back from there by booter_load. Follows gpu_suspend.c,
 * kgspPrepareSuspendResumeData_TU102 and kgspBootstrap_TU102 with KGSP_BOOT_MODE_SR_RESUME.
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
    return w.rc;
}

/* Pages for all of WPR2, which FRTS ends, and the meta that leads to them. */
static int
prepare(struct gsp_boot *b, struct gsp_error *err)
{
    const uint64_t bytes = b->layout.wpr_end - b->layout.wpr_start;
    int rc = boot_dma(b, gsp_radix3_bytes(bytes), &b->sr_data, err);

    if (rc == 0)
        rc = boot_dma(b, 4096, &b->sr_meta, err);
    if (rc < 0)
        return rc;
    gsp_radix3_fill(b->sr_data.cpu, b->sr_data.bus_addr, NULL, bytes);
    return fill_meta(b, bytes, err);
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

/* GFW must be through: it runs again after power was off. FWSEC, scrubber, the GSP's mailboxes
 * and the queues are left alone: booter and GSP-RM restore them. */
static int
resume(struct gsp_boot *b, struct gsp_error *err)
{
    uint64_t mailbox = b->sr_meta.bus_addr;
    int rc = gsprm_resume_args(b->rm, STANDBY, err);

    if (rc == 0)
        rc = boot_identify(b, err);
    if (rc == 0)
        rc = boot_wait_ready(b, err);
    if (rc == 0)
        rc = boot_wpr2_down(b, err);
    if (rc == 0)
        rc = boot_run_hs(b, &boot_sec2, &b->files.load, "booter_load", &mailbox, err);
    if (rc == 0)
        rc = boot_riscv_active(b, err);
    if (rc < 0)
        return rc;
    b->rm->started = true;
    b->suspended = b->rm->suspended = false;
    boot_dma_free(b, &b->sr_meta);
    boot_dma_free(b, &b->sr_data);
    return 0;
}

int
gsp_boot_suspend(struct gsp_boot *b, struct gsp_error *err)
{
    static const struct boot_state state = {
        {"suspend", "GSP-RM is saved in system memory and power may go",
         "gpu_suspend.c gpuPowerManagementEnter, kernel_gsp_tu102.c kgspTeardown", 10000},
        suspend
    };

    if (!b->rm || !b->rm->started || b->next < b->chip->state_count)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTCONN, "GSP-RM does not run");
    if (b->chip->fsp)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP,
                        "suspend through FSP is not there: family %s can only be unloaded",
                        gsp_fw_family_info(b->family)->name);
    return boot_run_once(b, &state, err);
}

int
gsp_boot_resume(struct gsp_boot *b, struct gsp_error *err)
{
    static const struct boot_state state = {
        {"resume", "booter has brought GSP-RM back and it runs",
         "gpu_suspend.c gpuPowerManagementResume, kernel_gsp_tu102.c kgspBootstrap", 10000},
        resume
    };

    if (!b->suspended)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTCONN, "GSP-RM is not suspended");
    return boot_run_once(b, &state, err);
}
