/* SPDX-License-Identifier: MIT */
/*
 * Before Hopper: VBIOS from PROM, the memory layout with its WPR meta, scrubber, FWSEC, and
 * booter, which starts GSP-RM. Follows kernel_gsp_tu102.c, kernel_gsp_vbios_tu102.c,
 * kernel_gsp_frts_tu102.c, kernel_gsp_booter_tu102.c and kernel_gsp_ad102.c.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

enum {
    PCI_IDS = 0x00,
    PCI_SUBSYSTEM = 0x2c,
    BOARD_WITHOUT_BOOST = 0x20bb10de,
    BOARD_WITHOUT_BOOST_SUBSYSTEM = 0x14a110de,
    FLAGS_CLOCK_BOOST = 1 << 0, /* GSP_FW_FLAGS_CLOCK_BOOST */
};

enum {
    FRTS_BYTES = NV_PGC6_AON_FRTS_INPUT_WPR_SIZE_SECURE_SCRATCH_GROUP_03_0_WPR_SIZE_1MB_IN_4K
                 << 12,
    /* VBIOS's scratch words for FWSEC: kernel_gsp_frts_tu102.c */
    SCRATCH_FRTS = 0x0e,
    FRTS_ERROR_SHIFT = 16,
    FIRST_READ_BYTES = 0x10000, /* of PROM; doubles */
};

/* VBIOS */

/* A part of the window, as the bus does it best; what reads as an error is kept as it is. */
static void
read_prom(struct gsp_boot *b, uint32_t from, uint32_t to)
{
    boot_rd(b, NV_PROM_DATA(from)); /* for the report: one register, many reads */
    if (b->bus->ops->rd_block) {
        b->bus->ops->rd_block(b->bus, 0, NV_PROM_DATA(from),
                              (uint32_t *)(void *)(b->rom + from), (to - from) / 4);
        return;
    }
    for (uint32_t at = from; at < to; at += 4) {
        const uint32_t word = b->bus->ops->rd32(b->bus, 0, NV_PROM_DATA(at));

        memcpy(b->rom + at, &word, sizeof(word));
    }
    b->report.reads += (to - from) / 4;
}

/* Fused for production: debug ucode is refused. */
static bool
wants_debug(struct gsp_boot *b)
{
    return !NVRM_GET(boot_rd(b, b->chip->debug_fuse), NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS_DATA);
}

/* The card's own ROM is nothing that the caller gave us. */
int
boot_blame_card(int rc, struct gsp_error *err)
{
    if (rc < 0 && err && err->origin == GSP_ORIGIN_INPUT)
        err->origin = GSP_ORIGIN_PROTOCOL;
    return rc;
}

/* FWSEC in the first `bytes` of the ROM. */
static int
find_fwsec(struct gsp_boot *b, uint32_t bytes, bool debug, struct gsp_error *err)
{
    const struct gsp_fw_source src = {.name = "PROM", .data = b->rom, .bytes = bytes};
    int rc = gsp_vbios_open(&src, b->vbios, err);

    if (rc == 0 && b->vbios->truncated && bytes < GSP_VBIOS_PROM_BYTES)
        return -EAGAIN;
    return rc < 0 ? rc : gsp_vbios_fwsec(b->vbios, debug, &b->fwsec, err);
}

/* Most ROMs end long before the window does, and a read takes a microsecond: read on only while
 * what is there is not a whole ROM. */
int
boot_read_vbios(struct gsp_boot *b, struct gsp_error *err)
{
    const bool debug = wants_debug(b);
    uint32_t bytes = 0;
    int rc;

    b->rom = gsp_host_alloc(b->host, GSP_VBIOS_PROM_BYTES);
    b->vbios = gsp_host_alloc(b->host, sizeof(*b->vbios));
    if (!b->rom || !b->vbios)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for the VBIOS");
    do {
        const uint32_t more = bytes ? 2 * bytes : FIRST_READ_BYTES;

        if (err)
            *err = (struct gsp_error){0};
        read_prom(b, bytes, more);
        bytes = more;
        rc = find_fwsec(b, bytes, debug, err);
    } while (rc < 0 && bytes < GSP_VBIOS_PROM_BYTES);
    b->has_fwsec = rc == 0;
    return boot_blame_card(rc, err);
}

/* WPR meta */

static uint64_t
vga_workspace(struct gsp_boot *b)
{
    const uint32_t fuse = b->chip->brom || b->family == GSP_FW_GA100
                              ? NV_FUSE_STATUS_OPT_DISPLAY__GA100
                              : NV_FUSE_STATUS_OPT_DISPLAY__GM107;
    uint32_t base;

    if (NVRM_GET(boot_rd(b, fuse), NV_FUSE_STATUS_OPT_DISPLAY_DATA) !=
        NV_FUSE_STATUS_OPT_DISPLAY_DATA_ENABLE)
        return 0;
    base = boot_rd(b, NV_PDISP_VGA_WORKSPACE_BASE);
    if (base >> 16 == 0xbadf || !NVRM_GET(base, NV_PDISP_VGA_WORKSPACE_BASE_STATUS))
        return 0;
    return (uint64_t)NVRM_GET(base, NV_PDISP_VGA_WORKSPACE_BASE_ADDR) << 16;
}

/* GA100 alone has memory that VBIOS locks in the MMU: memmgrReadMmuLock_GA100. */
static uint64_t
mmu_lock(struct gsp_boot *b)
{
    uint32_t mask, lo, hi;

    if (b->family != GSP_FW_GA100)
        return 0;
    mask = boot_rd(b, NV_PFB_PRI_MMU_LOCK_CFG_PRIV_LEVEL_MASK);
    if (mask >> 16 == 0xbadf ||
        !NVRM_GET(mask, NV_PFB_PRI_MMU_LOCK_CFG_PRIV_LEVEL_MASK_READ_PROTECTION_LEVEL0))
        return 0;
    lo = NVRM_GET(boot_rd(b, NV_PFB_PRI_MMU_LOCK_ADDR_LO), NV_PFB_PRI_MMU_LOCK_ADDR_LO_VAL);
    hi = NVRM_GET(boot_rd(b, NV_PFB_PRI_MMU_LOCK_ADDR_HI), NV_PFB_PRI_MMU_LOCK_ADDR_HI_VAL);
    return hi >= lo ? (uint64_t)lo << NV_PFB_PRI_MMU_LOCK_ADDR_LO_ALIGNMENT : 0;
}

static int
fill_offsets(struct gsp_boot *b, struct wire *w)
{
    const struct gsp_fb_layout *l = &b->layout;

    wire_set(w, "gspFwRsvdStart", l->reserved_start);
    wire_set(w, "nonWprHeapOffset", l->non_wpr_offset);
    wire_set(w, "nonWprHeapSize", l->non_wpr_bytes);
    wire_set(w, "gspFwWprStart", l->wpr_start);
    wire_set(w, "gspFwHeapOffset", l->heap_offset);
    wire_set(w, "gspFwHeapSize", l->heap_bytes);
    wire_set(w, "gspFwOffset", l->fw_offset);
    wire_set(w, "bootBinOffset", l->boot_offset);
    wire_set(w, "frtsOffset", l->frts_offset);
    wire_set(w, "frtsSize", b->chip->frts ? FRTS_BYTES : 0);
    wire_set(w, "gspFwWprEnd", l->wpr_end);
    wire_set(w, "fbSize", b->fb_bytes);
    wire_set(w, "vgaWorkspaceOffset", l->vga_offset);
    wire_set(w, "vgaWorkspaceSize", l->vga_bytes);
    return w->rc;
}

/* Booter starts GSP-RM with raised clocks when it is told to: from 545.23.06 on the vendor's
 * client does, on all boards but one (kgspPopulateWprMeta_TU102). */
static bool
wants_boost(struct gsp_boot *b)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    uint32_t ids = 0, subsystem = 0;

    if (!boot_boost_is_wanted(b) || abi.release < nvrm_release_find(abi.schema, "545.23.06"))
        return false;
    return b->bus->ops->config_read(b->bus, PCI_IDS, 4, &ids) == 0 &&
           b->bus->ops->config_read(b->bus, PCI_SUBSYSTEM, 4, &subsystem) == 0 &&
           !(ids == BOARD_WITHOUT_BOOST && subsystem == BOARD_WITHOUT_BOOST_SUBSYSTEM);
}

int
boot_wpr_meta(struct gsp_boot *b, struct gsp_error *err)
{
    const struct gsp_fb_inputs in = {
        .fb_bytes = b->fb_bytes,
        .vga_workspace = vga_workspace(b),
        .mmu_lock = mmu_lock(b),
        .bootloader_bytes = b->bootloader.bytes,
        .image_bytes = b->files.gsp.image.bytes,
        .frts_bytes = b->chip->frts ? FRTS_BYTES : 0,
        .non_wpr_heap_bytes = b->chip->non_wpr_heap_bytes,
        .prescrubbed_bytes = b->chip->prescrubbed_bytes,
        .libos = gsp_fw_family_info(b->family)->libos,
    };
    struct wire w;
    int rc = gsp_fb_layout(b->config.rm.abi, &in, &b->layout, err);

    if (rc == 0)
        rc = boot_wpr_meta_common(b, &w, err);
    if (rc < 0)
        return rc;
    wire_set_if(&w, "flags", wants_boost(b) ? FLAGS_CLOCK_BOOST : 0);
    return fill_offsets(b, &w);
}

/* Ucode */

static bool
is_scrubbed(struct gsp_boot *b)
{
    return NVRM_GET(boot_rd(b, NV_PGC6_BSI_SECURE_SCRATCH_15),
                    NV_PGC6_BSI_VPR_SECURE_SCRATCH_15_SCRUBBER_HANDOFF) >=
           NV_PGC6_BSI_VPR_SECURE_SCRATCH_15_SCRUBBER_HANDOFF_DONE;
}

int
boot_scrubber(struct gsp_boot *b, struct gsp_error *err)
{
    int rc;

    if (is_scrubbed(b))
        return 0;
    if (!b->files.scrubber.image.bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT,
                        "memory is not scrubbed and the firmware set has no scrubber");
    rc = boot_run_hs(b, &boot_sec2, &b->files.scrubber, "the scrubber", NULL, err);
    if (rc == 0 && !is_scrubbed(b))
        rc = boot_fail_reg(b, NV_PGC6_BSI_SECURE_SCRATCH_15, -EPROTO,
                           "the scrubber ran and memory is not scrubbed", err);
    return rc;
}

/* FWSEC says what went wrong in a scratch word, and what it did in WPR2's registers. */
static int
check_frts(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t scratch = NV_PBUS_VBIOS_SCRATCH(SCRATCH_FRTS);
    const uint64_t lo =
        (uint64_t)NVRM_GET(boot_rd(b, b->chip->wpr2_lo), NV_PFB_PRI_MMU_WPR2_ADDR_LO_VAL)
        << NV_PFB_PRI_MMU_WPR2_ADDR_LO_ALIGNMENT;

    if (boot_rd(b, scratch) >> FRTS_ERROR_SHIFT)
        return boot_fail_reg(b, scratch, -EPROTO, "FWSEC-FRTS failed", err);
    if (!boot_wpr2_is_up(b))
        return boot_fail_reg(b, b->chip->wpr2_hi, -EPROTO, "FWSEC-FRTS ran and WPR2 is not up",
                             err);
    if (lo == b->layout.frts_offset)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                    "FWSEC-FRTS put WPR2 at 0x%llx instead of 0x%llx", (unsigned long long)lo,
                    (unsigned long long)b->layout.frts_offset);
}

int
boot_fwsec_frts(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = boot_run_fwsec(b, GSP_FWSEC_FRTS, err);

    return rc < 0 ? rc : check_frts(b, err);
}

int
boot_riscv_reset(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = falcon_reset_into_riscv(b, &boot_gsp, err);

    if (rc == 0)
        falcon_mailboxes(b, &boot_gsp, b->rm->libos.bus_addr);
    return rc;
}

int
boot_booter_load(struct gsp_boot *b, struct gsp_error *err)
{
    uint64_t mailbox = b->wpr_meta.bus_addr;

    return boot_run_hs(b, &boot_sec2, &b->files.load, "booter_load", &mailbox, err);
}
