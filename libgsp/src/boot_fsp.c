/* SPDX-License-Identifier: MIT */
/*
 * From Hopper on: FSP boots the GSP. One command carries where the FMC lies, how it is signed
 * and where it finds its arguments; the FMC sets up WPR2 and starts GSP-RM. Follows
 * kernel_gsp_gh100.c and kern_fsp_gh100.c.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

enum {
    FRTS_BYTES = NV_PGC6_AON_FRTS_INPUT_WPR_SIZE_SECURE_SCRATCH_GROUP_03_0_WPR_SIZE_1MB_IN_4K
                 << 12,
    VGA_BYTES = 0x20000,
    PMU_GAP_BYTES = 0x1000,
    FRTS_ALIGN = 0x200000, /* WPR's 128 KiB do from 580.65.06 on, these everywhere */
    NVDM_COT = 0x14,
    NVDM_CAPS_QUERY = 0x16,
    NVDM_CLOCK_BOOST = 0x20,
    BOOST_OFF = 0, /* FSP_CLOCK_BOOST_FEATURE_*_SUBMESSAGE_ID */
    BOOST_ON = 1,
    COT_BYTES_MAX = 1016, /* what fits behind the headers of one packet */
    TARGET_COHERENT = 1,  /* GSP_DMA_TARGET_COHERENT_SYSTEM */
    SLEEP_NS = 20000,
};

/* What a register of the GSP reads while FSP alone may touch it. */
#define TARGET_LOCKED      0xbadf4100u
#define TARGET_LOCKED_MASK 0xffffff00u

int
boot_wpr_meta_fsp(struct gsp_boot *b, struct gsp_error *err)
{
    struct wire w;
    int rc = boot_wpr_meta_common(b, &w, err);

    if (rc < 0)
        return rc;
    wire_set(&w, "vgaWorkspaceSize", VGA_BYTES);
    wire_set_if(&w, "pmuReservedSize", b->chip->pmu_bytes);
    wire_set(&w, "nonWprHeapSize", b->chip->non_wpr_heap_bytes);
    wire_set(&w, "gspFwHeapSize", gsp_fb_heap_bytes(b->config.rm.abi, b->fb_bytes, 3, true));
    wire_set(&w, "frtsSize", FRTS_BYTES);
    return w.rc;
}

/* Clocks */

/* RmBootGspRmWithBoostClocks, a key that the vendor's client has too, turns it off. */
bool
boot_boost_is_wanted(const struct gsp_boot *b)
{
    const struct gsp_rm_config *rm = &b->config.rm;

    for (unsigned i = 0; i < rm->regkey_count; i++)
        if (!strcmp(rm->regkeys[i].name, "RmBootGspRmWithBoostClocks"))
            return rm->regkeys[i].value != 0;
    return true;
}

/* Whether FSP can, it says by taking the question; then it is told before every chain of trust
 * command. Follows kfspCheckForClockBoostCapability_GB100 and kfspPrepareBootCommands_GH100. */
static int
clock_boost(struct gsp_boot *b, struct gsp_error *err)
{
    const uint8_t query = NVDM_CLOCK_BOOST;
    const uint8_t set = boot_boost_is_wanted(b) ? BOOST_ON : BOOST_OFF;

    if (!b->chip->clock_boost)
        return 0;
    if (!b->suspended)
        b->rm->clock_boost = fsp_command(b, NVDM_CAPS_QUERY, &query, 1, NULL) == 0;
    return b->rm->clock_boost ? fsp_command(b, NVDM_CLOCK_BOOST, &set, 1, err) : 0;
}

void
boot_clock_boost_end(struct gsp_boot *b)
{
    const uint8_t off = BOOST_OFF;

    if (b->rm->clock_boost && fsp_command(b, NVDM_CLOCK_BOOST, &off, 1, NULL) < 0)
        gsp_host_log(b->host, GSP_LOG_WARN, "FSP does not end the clock boost");
}

/* Arguments */

/* The FMC tells a resume by the magic of what it finds at gspRmDescOffset. */
static int
fill_params(struct gsp_boot *b, struct gsp_error *err)
{
    const char *name = b->suspended ? "GspFwSRMeta" : "GspFwWprMeta";
    const struct nvrm_layout *desc = nvrm_struct_find(b->config.rm.abi, name);
    struct wire w;

    wire_init(&w, b->config.rm.abi, "GSP_FMC_BOOT_PARAMS", b->fmc_params.cpu,
              b->fmc_params.bytes, err);
    wire_set(&w, "bootGspRmParams.target", TARGET_COHERENT);
    wire_set(&w, "bootGspRmParams.gspRmDescSize", desc ? desc->size : 0);
    wire_set(&w, "bootGspRmParams.gspRmDescOffset",
             b->suspended ? b->sr_meta.bus_addr : b->wpr_meta.bus_addr);
    wire_set(&w, "bootGspRmParams.bIsGspRmBoot", 1);
    wire_set(&w, "gspRmParams.target", TARGET_COHERENT);
    wire_set(&w, "gspRmParams.bootArgsOffset", b->rm->libos.bus_addr);
    return w.rc;
}

/* VBIOS reads from these scratch words where FSP is to copy FRTS to. */
static void
tell_frts(struct gsp_boot *b)
{
    boot_wr(b, NV_PBUS_SW_FRTS_INSECURE_ADDR_LO32, (uint32_t)b->frts.bus_addr);
    boot_wr(b, NV_PBUS_SW_FRTS_INSECURE_ADDR_HI32, (uint32_t)(b->frts.bus_addr >> 32));
    boot_wr(b, NV_PBUS_SW_FRTS_INSECURE_CONFIG,
            NVRM_FIELD(NV_PBUS_SW_FRTS_INSECURE_CONFIG_MEDIA_TYPE,
                       NV_PBUS_SW_FRTS_INSECURE_CONFIG_MEDIA_TYPE_SYSMEM) |
                NVRM_FIELD(NV_PBUS_SW_FRTS_INSECURE_CONFIG_SIZE_4K,
                           FRTS_BYTES >> NV_PBUS_SW_FRTS_INSECURE_CONFIG_SIZE_4K_SHIFT));
}

int
boot_fmc_args(struct gsp_boot *b, struct gsp_error *err)
{
    const struct gsp_fw_slice *image = &b->files.fmc.image;
    const struct nvrm_layout *l = nvrm_struct_find(b->config.rm.abi, "GSP_FMC_BOOT_PARAMS");
    int rc = boot_dma_copy(b, image->data, image->bytes, &b->fmc, err);

    if (rc == 0)
        rc = boot_dma(b, l ? l->size : 1, &b->fmc_params, err);
    if (rc == 0)
        rc = boot_dma(b, FRTS_BYTES, &b->frts, err);
    return rc < 0 ? rc : boot_fmc_resume_args(b, err);
}

int
boot_fmc_resume_args(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = fill_params(b, err);

    if (rc == 0)
        rc = clock_boost(b, err);
    if (rc < 0)
        return rc;
    b->touched = true;
    boot_wr(b, NV_PBUS_SW_SCRATCH_GSP_FMC_ERROR, 0);
    tell_frts(b);
    return 0;
}

/* Chain of trust */

static uint64_t
frts_from_end(const struct boot_chip *chip)
{
    uint64_t bytes = chip->fb_end_reserve;

    if (chip->pmu_bytes)
        bytes += PMU_GAP_BYTES + chip->pmu_bytes;
    return chip->pmu_bytes ? (bytes + FRTS_ALIGN - 1) / FRTS_ALIGN * FRTS_ALIGN : bytes;
}

/* Bytes of the FMC's file into an array of the message. */
static void
put_bytes(struct wire *w, const char *field, const struct gsp_fw_slice *from)
{
    const struct nvrm_field *f =
        w->rc < 0 ? NULL : nvrm_field_find(w->abi.schema, w->layout, field);
    const uint64_t room = f ? (uint64_t)nvrm_field_elem_bytes(w->abi.schema, f) * f->count : 0;

    if (w->rc < 0)
        return;
    if (!f || from->bytes > room) {
        w->rc = gsp_fail(w->err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                         "the FMC's %s has %llu bytes, %s has room for %llu", field,
                         (unsigned long long)from->bytes, w->name, (unsigned long long)room);
        return;
    }
    memcpy(w->data + f->offset, from->data, (size_t)from->bytes);
}

/* At a resume FRTS comes back with the rest of WPR2: FSP is to make none. */
static int
fill_cot(struct gsp_boot *b, struct wire *w)
{
    wire_set(w, "version", b->chip->cot_version);
    wire_set(w, "size", w->layout ? w->layout->size : 0);
    wire_set(w, "gspFmcSysmemOffset", b->fmc.bus_addr);
    wire_set(w, "frtsSysmemOffset", b->frts.bus_addr);
    wire_set(w, "frtsSysmemSize", FRTS_BYTES);
    wire_set(w, "frtsVidmemOffset", b->suspended ? 0 : frts_from_end(b->chip));
    wire_set(w, "frtsVidmemSize", b->suspended ? 0 : FRTS_BYTES);
    wire_set(w, "gspBootArgsSysmemOffset", b->fmc_params.bus_addr);
    put_bytes(w, "hash384", &b->files.fmc.hash);
    put_bytes(w, "publicKey", &b->files.fmc.public_key);
    put_bytes(w, "signature", &b->files.fmc.signature);
    return w->rc;
}

int
boot_cot(struct gsp_boot *b, struct gsp_error *err)
{
    uint8_t message[COT_BYTES_MAX] = {0};
    struct wire w;
    int rc;

    wire_init(&w, b->config.rm.abi, "NVDM_PAYLOAD_COT", message, sizeof(message), err);
    rc = fill_cot(b, &w);
    return rc < 0 ? rc : fsp_command(b, NVDM_COT, message, w.layout->size, err);
}

/* The FMC's way */

/* What the FMC left behind, when it did. */
static int
check_fmc_error(struct gsp_boot *b, struct gsp_error *err)
{
    if (boot_rd(b, NV_PBUS_SW_SCRATCH_GSP_FMC_ERROR))
        return boot_fail_reg(b, NV_PBUS_SW_SCRATCH_GSP_FMC_ERROR, -EPROTO,
                             "the FMC reports an error", err);
    return 0;
}

int
boot_target_mask(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t reg = boot_gsp.base + NV_PFALCON_FALCON_HWCFG2;

    for (;;) {
        const bool late = boot_is_late(b);
        const uint32_t value = boot_rd(b, reg);
        int rc;

        if (value && (value & TARGET_LOCKED_MASK) != TARGET_LOCKED && value != 0xffffffff)
            return 0;
        rc = check_fmc_error(b, err);
        if (rc < 0)
            return rc;
        if (late)
            return boot_fail_reg(b, reg, -ETIMEDOUT, "FSP does not release the GSP", err);
        gsp_host_sleep_ns(b->host, SLEEP_NS);
    }
}

/* While the lock holds, MAILBOX0 may still carry the address of the arguments; anything else in
 * it is the FMC's error. */
static bool
fmc_failed(struct gsp_boot *b)
{
    const uint32_t lo = boot_rd(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0);

    return lo && !(lo == (uint32_t)b->fmc_params.bus_addr &&
                   boot_rd(b, boot_gsp.base + NV_PFALCON_FALCON_MAILBOX1) ==
                       (uint32_t)(b->fmc_params.bus_addr >> 32));
}

int
boot_lockdown(struct gsp_boot *b, struct gsp_error *err)
{
    const uint32_t mailbox0 = boot_gsp.base + NV_PFALCON_FALCON_MAILBOX0;
    const uint32_t hwcfg2 = boot_gsp.base + NV_PFALCON_FALCON_HWCFG2;

    for (;;) {
        const bool late = boot_is_late(b);
        int rc = check_fmc_error(b, err);

        if (rc < 0)
            return rc;
        if (fmc_failed(b))
            return boot_fail_reg(b, mailbox0, -EPROTO, "the FMC reports an error", err);
        if (!NVRM_GET(boot_rd(b, hwcfg2), NV_PFALCON_FALCON_HWCFG2_RISCV_BR_PRIV_LOCKDOWN))
            return 0;
        if (late)
            return boot_fail_reg(b, hwcfg2, -ETIMEDOUT, "the GSP stays locked down", err);
        gsp_host_sleep_ns(b->host, SLEEP_NS);
    }
}
