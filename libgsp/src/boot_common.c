/* SPDX-License-Identifier: MIT */
/*
 * The states that all families have: who the card is, whether it is ready and unused, what to
 * boot it with, and what happens once GSP-RM's core runs.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"

enum {
    MIB_SHIFT = 20,
    ECC_OF_16 = 15, /* usable sixteenths of memory with ECC */
    SLEEP_NS = 1000000,
};
#define SUSPENDED 0x80000000u /* in MAILBOX0: GSP-RM waits for the CPU */

/* Is it there, ready and unused? */

static int
enable_bus(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t want = BOOT_PCI_MEMORY | BOOT_PCI_MASTER;
    uint32_t command = 0;
    int rc = b->bus->ops->config_read(b->bus, BOOT_PCI_COMMAND, 4, &command);

    command &= 0xffff; /* the status half clears what is written to it */
    if (rc == 0 && (command & want) != want)
        rc = b->bus->ops->config_write(b->bus, BOOT_PCI_COMMAND, 2, command | want);
    return rc < 0 ? gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc,
                             "memory and bus mastering of bus %s cannot be enabled",
                             b->bus->ops->name)
                  : 0;
}

int
boot_identify(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = enable_bus(b, err);

    if (rc < 0)
        return rc;
    if (boot_rd(b, NV_PMC_BOOT_42) != b->boot42)
        return boot_fail_reg(b, NV_PMC_BOOT_42, -ENODEV, "the card is another than before",
                             err);
    return 0;
}

bool
boot_is_ready(struct gsp_boot *b)
{
    const struct boot_chip *c = b->chip;

    if (c->ready_plm &&
        !NVRM_GET(boot_rd(b, c->ready_plm),
                  NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK_READ_PROTECTION_LEVEL0))
        return false;
    return NVRM_GET(boot_rd(b, c->ready),
                    NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT_PROGRESS) ==
           NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT_PROGRESS_COMPLETED;
}

int
boot_wait_ready(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t done = NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT_PROGRESS__MASK;
    const char *what = b->chip->fsp ? "FSP has not booted" : "GFW has not booted";
    int rc = 0;

    if (b->chip->ready_plm)
        rc = boot_poll(
            b, b->chip->ready_plm,
            NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK_READ_PROTECTION_LEVEL0__MASK, 1,
            "GFW's progress cannot be read", err);
    if (rc == 0)
        rc = boot_poll(b, b->chip->ready, done,
                       NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT_PROGRESS_COMPLETED, what,
                       err);
    if (rc == 0 && b->chip->fuse_error && boot_rd(b, b->chip->fuse_error))
        rc = boot_fail_reg(b, b->chip->fuse_error, -EIO, "FSP reports a fuse error", err);
    /* With FSP, the GSP may not be read yet. */
    if (rc == 0 && !b->chip->fsp &&
        !NVRM_GET(boot_rd(b, boot_gsp.base + NV_PFALCON_FALCON_HWCFG2),
                  NV_PFALCON_FALCON_HWCFG2_RISCV))
        rc = boot_fail_reg(b, boot_gsp.base + NV_PFALCON_FALCON_HWCFG2, -ENOTSUP,
                           "the GSP has no RISC-V core", err);
    return rc;
}

bool
boot_wpr2_is_up(struct gsp_boot *b)
{
    return NVRM_GET(boot_rd(b, b->chip->wpr2_hi), NV_PFB_PRI_MMU_WPR2_ADDR_HI_VAL) != 0;
}

int
boot_wpr2_down(struct gsp_boot *b, struct gsp_error *err)
{
    int rc;

    if (!boot_wpr2_is_up(b))
        return 0;
    rc = boot_fail_reg(b, b->chip->wpr2_hi, -EBUSY,
                       "WPR2 is up: another driver runs the card, or left it so", err);
    gsp_hint(err, "stop the other driver, then reset the card: echo 1 > "
                  "/sys/bus/pci/devices/ADDRESS/reset");
    return rc;
}

/* VRAM */

static uint64_t
local_memory_range(uint32_t reg)
{
    const uint64_t mag = NVRM_GET(reg, NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_LOWER_MAG__GP102);
    const uint32_t scale = NVRM_GET(reg, NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_LOWER_SCALE);
    const uint64_t bytes = mag << (scale + MIB_SHIFT);

    return NVRM_GET(reg, NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_ECC_MODE) ? bytes / 16 * ECC_OF_16
                                                                     : bytes;
}

int
boot_read_vram(struct gsp_boot *b, uint64_t *bytes_out, struct gsp_error *err)
{
    const uint32_t reg =
        b->chip->usable_fb ? NV_USABLE_FB_SIZE_IN_MB : NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE__GP102;
    const uint32_t value = boot_rd(b, reg);

    if (!value || value == 0xffffffff || value >> 16 == 0xbadf)
        return boot_fail_reg(b, reg, -EIO, "the size of video memory cannot be read", err);
    *bytes_out = b->chip->usable_fb ? (uint64_t)value << MIB_SHIFT : local_memory_range(value);
    return 0;
}

int
boot_vram(struct gsp_boot *b, struct gsp_error *err)
{
    return boot_read_vram(b, &b->fb_bytes, err);
}

/* Firmware */

static int
open_role(struct gsp_boot *b, enum gsp_fw_role role, const struct gsp_fw_source *src,
          struct gsp_error *err)
{
    struct boot_files *f = &b->files;

    switch (role) {
    case GSP_FW_ROLE_GSP:
        return gsp_fw_gsp_open(src, &f->gsp, err);
    case GSP_FW_ROLE_BOOTLOADER:
        return gsp_fw_bootloader_open(src, &f->bootloader, err);
    case GSP_FW_ROLE_BOOTER_LOAD:
        return gsp_fw_hs_open(src, &f->load, err);
    case GSP_FW_ROLE_BOOTER_UNLOAD:
        return gsp_fw_hs_open(src, &f->unload, err);
    case GSP_FW_ROLE_GENERIC_BL:
        return gsp_fw_generic_bl_open(src, &f->generic_bl, err);
    case GSP_FW_ROLE_SCRUBBER:
        return gsp_fw_hs_open(src, &f->scrubber, err);
    case GSP_FW_ROLE_FMC:
        return gsp_fw_fmc_open(src, &f->fmc, err);
    default:
        return 0;
    }
}

static int
not_found(struct gsp_boot *b, enum gsp_fw_role role, const char *release, struct gsp_error *err)
{
    int rc;

    if (err && err->text[0])
        return -ENOENT;
    rc = gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "no %s of family %s, release %s",
                  gsp_fw_role_name(role), gsp_fw_family_info(b->family)->name, release);
    gsp_hint(err, "firmware of the same release is needed; NVRM_FW_DIR names its folder");
    return rc;
}

/* Only the scrubber may be missing: memory may already be scrubbed. */
static int
find_role(struct gsp_boot *b, enum gsp_fw_role role, const char *release, struct gsp_error *err)
{
    const struct gsp_boot_firmware *fw = &b->config.firmware;
    struct gsp_fw_source src = {0};
    int rc = fw->find ? fw->find(fw->ctx, role, b->family, release, &src, err) : -ENOENT;

    if (rc == -ENOENT && role == GSP_FW_ROLE_SCRUBBER) {
        if (err)
            *err = (struct gsp_error){0};
        return 0;
    }
    if (rc == -ENOENT)
        return not_found(b, role, release, err);
    return rc < 0 ? rc : open_role(b, role, &src, err);
}

static int
check_release(struct gsp_boot *b, const char *release, struct gsp_error *err)
{
    const char *version = b->files.gsp.version;
    int rc;

    if (!strcmp(version, release))
        return 0;
    rc = gsp_fail(err, GSP_ORIGIN_RELEASE, -EPROTO,
                  "the firmware is of release %s, the session of %s", version, release);
    gsp_hint(err, "choose the release with -F %s, or give firmware of %s", version, release);
    return rc;
}

int
boot_firmware(struct gsp_boot *b, struct gsp_error *err)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(b->family);
    const struct nvrm_abi abi = b->config.rm.abi;
    const char *release = nvrm_release_name(abi.schema, abi.release);
    int rc = 0;

    memset(&b->files, 0, sizeof(b->files));
    for (unsigned role = 0; role < GSP_FW_ROLES && rc == 0; role++)
        if (info->folder[role])
            rc = find_role(b, (enum gsp_fw_role)role, release, err);
    if (rc == 0)
        rc = check_release(b, release, err);
    if (rc == 0)
        rc = gsp_fw_gsp_signature(&b->files.gsp, b->family, false, &b->files.signature, err);
    return rc;
}

int
boot_memory(struct gsp_boot *b, struct gsp_error *err)
{
    const struct gsp_fw_slice *image = &b->files.gsp.image;
    const struct gsp_fw_slice *loader = &b->files.bootloader.image;
    const struct gsp_fw_slice *signature = &b->files.signature->data;
    int rc = boot_dma(b, gsp_radix3_bytes(image->bytes), &b->radix3, err);

    if (rc == 0)
        gsp_radix3_fill(b->radix3.cpu, b->radix3.bus_addr, image->data, image->bytes);
    if (rc == 0)
        rc = boot_dma_copy(b, loader->data, loader->bytes, &b->bootloader, err);
    if (rc == 0)
        rc = boot_dma_copy(b, signature->data, signature->bytes, &b->signature, err);
    if (rc == 0)
        rc = boot_dma(b,
                      nvrm_struct_find(b->config.rm.abi, "GspFwWprMeta")
                          ? nvrm_struct_find(b->config.rm.abi, "GspFwWprMeta")->size
                          : 1,
                      &b->wpr_meta, err);
    if (rc == 0)
        rc = gsprm_create(&b->config.rm, &b->rm, err);
    if (rc == 0)
        rc = boot_crash_queue(b, err);
    return rc < 0 ? rc : boot_flush_page(b, err);
}

/* GSP-RM's core runs */

int
boot_init_rpcs(struct gsp_boot *b, struct gsp_error *err)
{
    b->rm->started = true; /* the doorbell is answered from here on */
    return gsprm_post_init(b->rm, err);
}

int
boot_riscv_active(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t mailbox = boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0;

    boot_wr(b, boot_gsp.base + NV_PFALCON_FALCON_OS, b->files.bootloader.desc.appVersion);
    for (;;) {
        const bool late = boot_is_late(b);

        if (falcon_riscv_active(b, &boot_gsp))
            return 0;
        if (!b->chip->fsp && boot_rd(b, mailbox) & SUSPENDED)
            return 0;
        if (late && gsprm_check_health(b->rm, err) < 0)
            return -ENODEV;
        if (late)
            return boot_fail_reg(b,
                                 boot_gsp.second +
                                     (b->chip->riscv_cpuctl
                                          ? b->chip->riscv_cpuctl
                                          : NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS),
                                 -ETIMEDOUT, "the GSP's RISC-V core is not active", err);
        gsp_host_sleep_ns(b->host, SLEEP_NS);
    }
}

int
boot_link(struct gsp_boot *b, struct gsp_error *err)
{
    for (;;) {
        const bool late = boot_is_late(b);
        const int rc = gsprm_link(b->rm, err);
        int health;

        if (rc == 0 && b->chip->riscv_cpuctl)
            b->rm->riscv_cpuctl = boot_gsp.second + b->chip->riscv_cpuctl;
        if (rc == 0)
            return 0;
        health = gsprm_check_health(b->rm, err);
        if (health < 0)
            return health;
        if (late)
            return rc == -EAGAIN ? boot_fail_reg(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0,
                                                 -ETIMEDOUT,
                                                 "GSP-RM did not set up its status queue", err)
                                 : rc;
        gsp_host_sleep_ns(b->host, SLEEP_NS);
    }
}

/* One event, or the reason why none will come. */
static int
next_event(struct gsp_boot *b, struct gsp_event *event, struct gsp_error *err)
{
    const uint64_t now_ns = boot_now_ns(b);
    const uint64_t left_ns = b->deadline_ns > now_ns ? b->deadline_ns - now_ns : 0;
    int rc = gsp_rpc_event_next(b->rm->rpc, event, left_ns, err);

    if (rc != -EAGAIN)
        return rc;
    rc = gsprm_check_health(b->rm, err);
    if (rc < 0)
        return rc;
    return boot_now_ns(b) < b->deadline_ns
               ? -EAGAIN
               : boot_fail_reg(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0, -ETIMEDOUT,
                               "GSP_INIT_DONE did not come", err);
}

int
boot_init_done(struct gsp_boot *b, struct gsp_error *err)
{
    for (;;) {
        struct gsp_event event;
        int rc = next_event(b, &event, err);

        if (rc == 0 && event.function == GSP_RPC_INIT_DONE)
            return event.rpc_result
                       ? gsp_fail_rm(err, b->config.rm.abi, "GSP_INIT_DONE", event.rpc_result)
                       : 0;
        if (rc == 0)
            rc = boot_event(b, &event, err);
        if (rc == -EAGAIN)
            gsp_host_sleep_ns(b->host, SLEEP_NS);
        else if (rc < 0)
            return rc;
    }
}

int
boot_static_info(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = gsprm_send_guest_info(b->rm, err);

    if (rc == 0)
        rc = gsprm_fetch_static_info(b->rm, err);
    return rc < 0 ? rc : gsprm_send_trace_buffer(b->rm, err);
}
