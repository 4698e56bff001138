/* SPDX-License-Identifier: MIT */
/*
 * Signed ucode on a falcon, from load to halt, in the three ways there are: by DMA with the
 * signature checked by the boot ROM (GA102 on), word by word through the ports (booter on
 * Turing and GA100), and by a generic bootloader that fetches it (FWSEC there). Follows
 * kernel_gsp_falcon_{tu102,ga102}.c and kernel_gsp_fwsec.c.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"

enum {
    BLOCK = 256,
    BL_APERTURE = 4, /* which the generic bootloader uses */
    IMEM_TAG_SHIFT = 8,
};

/* RM_FLCN_BL_DMEM_DESC: what the generic bootloader reads at the bottom of DMEM. It belongs to
 * the ucode, not to a release. */
struct bl_dmem_desc {
    uint32_t reserved[4], signature[4];
    uint32_t ctxDma;
    uint32_t codeDmaBase, codeDmaBase1;
    uint32_t nonSecureCodeOff, nonSecureCodeSize;
    uint32_t secureCodeOff, secureCodeSize;
    uint32_t codeEntryPoint;
    uint32_t dataDmaBase, dataDmaBase1;
    uint32_t dataSize;
    uint32_t argc, argv;
};
_Static_assert(sizeof(struct bl_dmem_desc) == 84, "as rmflcnbl.h has it");

static uint64_t
round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

void
boot_pkc(struct gsp_boot *b, const struct falcon *f, const struct boot_pkc *pkc)
{
    boot_wr(b, f->second + NV_PFALCON2_FALCON_BROM_PARAADDR(0), pkc->sig_dmem_off);
    boot_wr(b, f->second + NV_PFALCON2_FALCON_BROM_ENGIDMASK, pkc->engine_mask);
    boot_wr(b, f->second + NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID,
            NVRM_FIELD(NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID_VAL, pkc->ucode_id));
    boot_wr(b, f->second + NV_PFALCON2_FALCON_MOD_SEL,
            NVRM_FIELD(NV_PFALCON2_FALCON_MOD_SEL_ALGO, NV_PFALCON2_FALCON_MOD_SEL_ALGO_RSA3K));
}

/* Start, wait for the halt, and hand the mailboxes over both ways. */
static int
run_to_halt(struct gsp_boot *b, const struct falcon *f, uint64_t *mailbox,
            struct gsp_error *err)
{
    int rc;

    if (mailbox)
        falcon_mailboxes(b, f, *mailbox);
    falcon_start(b, f);
    rc = falcon_wait_halt(b, f, err);
    if (rc == 0 && mailbox)
        *mailbox = boot_rd(b, f->base + NV_PFALCON_FALCON_MAILBOX0) |
                   (uint64_t)boot_rd(b, f->base + NV_PFALCON_FALCON_MAILBOX1) << 32;
    return rc;
}

/* By DMA */

/* An image in system memory, ready for the boot ROM. */
struct brom_image {
    struct gsp_dma *memory;
    uint32_t code_off, code_bytes, imem_pa, imem_va;
    uint32_t data_off, data_bytes, dmem_pa;
    struct boot_pkc pkc;
};

static int
load_brom(struct gsp_boot *b, const struct falcon *f, const struct brom_image *image,
          struct gsp_error *err)
{
    const uint64_t base = image->memory->bus_addr;
    const struct falcon_dma code = {
        .source = base + image->code_off - image->imem_va,
        .falcon_off = image->imem_pa,
        .memory_off = image->imem_va,
        .bytes = image->code_bytes,
        .imem = true,
    };
    const struct falcon_dma data = {
        .source = base + image->data_off,
        .falcon_off = image->dmem_pa,
        .bytes = image->data_bytes,
    };
    int rc;

    falcon_disable_ctx(b, f);
    falcon_aperture(b, f, 0, NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM);
    rc = falcon_dma_load(b, f, &code, err);
    if (rc == 0)
        rc = falcon_dma_load(b, f, &data, err);
    if (rc < 0)
        return rc;
    boot_pkc(b, f, &image->pkc);
    boot_wr(b, f->base + NV_PFALCON_FALCON_BOOTVEC, image->imem_va);
    return 0;
}

/* The signature that the fuses ask for, of a ucode that runs on SEC2. */
static int
choose_signature(struct gsp_boot *b, const struct gsp_fw_hs *hs, struct gsp_fw_slice *out,
                 struct gsp_error *err)
{
    enum { STRIDE = NV_FUSE_OPT_FPF_SEC2_UCODE2_VERSION - NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION };
    uint32_t fuse = 0;

    if (hs->signature_count > 1 && hs->ucode_id)
        fuse = boot_rd(b, NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION + (hs->ucode_id - 1) * STRIDE);
    return gsp_fw_hs_signature(hs, gsp_fwsec_fuse_version(fuse), out, err);
}

/* A copy of the image with the signature in place. */
static int
sign(struct gsp_boot *b, const struct gsp_fw_hs *hs, void *to, struct gsp_error *err)
{
    struct gsp_fw_slice signature;
    int rc = choose_signature(b, hs, &signature, err);

    if (rc < 0)
        return rc;
    memcpy(to, hs->image.data, (size_t)hs->image.bytes);
    memcpy((uint8_t *)to + hs->patch_off, signature.data, (size_t)signature.bytes);
    return 0;
}

static int
run_hs_brom(struct gsp_boot *b, const struct falcon *f, const struct gsp_fw_hs *hs,
            uint64_t *mailbox, struct gsp_error *err)
{
    struct gsp_dma memory = {0};
    const struct brom_image image = {
        .memory = &memory,
        .code_off = hs->app_code_off,
        .code_bytes = hs->app_code_bytes,
        .imem_va = hs->app_code_off,
        .data_off = hs->os_data_off,
        .data_bytes = hs->os_data_bytes,
        .pkc = {hs->pkc_data_off, hs->engine_id, hs->ucode_id},
    };
    int rc = boot_dma(b, round_up(hs->image.bytes, BLOCK), &memory, err);

    if (rc == 0)
        rc = sign(b, hs, memory.cpu, err);
    if (rc == 0)
        rc = load_brom(b, f, &image, err);
    if (rc == 0)
        rc = run_to_halt(b, f, mailbox, err);
    boot_dma_free(b, &memory);
    return rc;
}

/* Through the ports */

static int
run_hs_ports(struct gsp_boot *b, const struct falcon *f, const struct gsp_fw_hs *hs,
             uint64_t *mailbox, struct gsp_error *err)
{
    uint8_t *image = gsp_host_alloc(b->host, (size_t)hs->image.bytes);
    int rc;

    if (!image)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for signed ucode");
    rc = sign(b, hs, image, err);
    if (rc == 0) {
        falcon_disable_ctx(b, f);
        falcon_imem_write(b, f, 0, image + hs->os_code_off, hs->os_code_bytes, false,
                          hs->os_code_off);
        falcon_imem_write(b, f, (uint32_t)round_up(hs->os_code_bytes, BLOCK),
                          image + hs->app_code_off, hs->app_code_bytes, true, hs->app_code_off);
        falcon_dmem_write(b, f, 0, image + hs->os_data_off, hs->os_data_bytes);
        boot_wr(b, f->base + NV_PFALCON_FALCON_BOOTVEC, 0);
        rc = run_to_halt(b, f, mailbox, err);
    }
    gsp_host_free(b->host, image);
    return rc;
}

int
boot_run_hs(struct gsp_boot *b, const struct falcon *f, const struct gsp_fw_hs *hs,
            const char *what, uint64_t *mailbox, struct gsp_error *err)
{
    int rc = falcon_reset(b, f, err);

    if (rc == 0)
        rc = b->chip->brom ? run_hs_brom(b, f, hs, mailbox, err)
                           : run_hs_ports(b, f, hs, mailbox, err);
    if (rc == 0 && mailbox && (uint32_t)*mailbox) {
        rc = gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                      "%s failed: %s MAILBOX0 reads 0x%x, MAILBOX1 0x%x", what, f->name,
                      (uint32_t)*mailbox, (uint32_t)(*mailbox >> 32));
        gsp_hint(err, "the ucode refused its arguments or its signature; was it made for this "
                      "chip and release?");
    }
    return rc;
}

/* FWSEC */

/* The generic bootloader goes to the top of IMEM, as many blocks as it has. */
int
boot_load_generic_bl(struct gsp_boot *b, const struct falcon *f, const void *dmem_desc,
                     uint32_t dmem_desc_bytes, struct gsp_error *err)
{
    const struct gsp_fw_generic_bl *bl = &b->files.generic_bl;
    const uint32_t va = bl->start_tag << IMEM_TAG_SHIFT;
    const uint32_t blocks = (uint32_t)round_up(bl->code.bytes, BLOCK) / BLOCK;
    const uint32_t size = NVRM_GET(boot_rd(b, f->base + NV_PFALCON_FALCON_HWCFG),
                                   NV_PFALCON_FALCON_HWCFG_IMEM_SIZE);

    if (!bl->code.bytes || blocks > size)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "the generic bootloader has %u blocks, %s has IMEM for %u", blocks,
                        f->name, size);
    falcon_dmem_write(b, f, 0, dmem_desc, dmem_desc_bytes);
    falcon_imem_write(b, f, (size - blocks) * BLOCK, bl->code.data, (uint32_t)bl->code.bytes,
                      false, va);
    boot_wr(b, f->base + NV_PFALCON_FALCON_BOOTVEC, va);
    return 0;
}

/* Version 2: code and data in memory of their own, each at its physical base. */
static int
run_fwsec_loader(struct gsp_boot *b, const uint8_t *dmem, struct gsp_error *err)
{
    const struct gsp_fwsec *s = &b->fwsec;
    struct gsp_dma code = {0}, data = {0};
    struct bl_dmem_desc desc;
    int rc = boot_dma(b, s->imem_phys + round_up(s->imem.bytes, BLOCK) + BLOCK, &code, err);

    if (rc == 0)
        rc = boot_dma(b, s->dmem_phys + round_up(s->dmem.bytes, BLOCK), &data, err);
    if (rc == 0) {
        memcpy((uint8_t *)code.cpu + s->imem_phys, s->imem.data, (size_t)s->imem.bytes);
        memcpy((uint8_t *)data.cpu + s->dmem_phys, dmem, (size_t)s->dmem.bytes);
        desc = (struct bl_dmem_desc){
            .ctxDma = BL_APERTURE,
            .codeDmaBase = (uint32_t)code.bus_addr,
            .codeDmaBase1 = (uint32_t)(code.bus_addr >> 32),
            .nonSecureCodeOff = s->imem_phys,
            .nonSecureCodeSize = s->imem_ns_bytes,
            .secureCodeOff = s->imem_sec_off,
            .secureCodeSize = (uint32_t)round_up(s->imem_sec_bytes, BLOCK),
            .dataDmaBase = (uint32_t)data.bus_addr,
            .dataDmaBase1 = (uint32_t)(data.bus_addr >> 32),
            .dataSize = (uint32_t)s->dmem.bytes,
        };
        falcon_disable_ctx(b, &boot_gsp);
        falcon_aperture(b, &boot_gsp, BL_APERTURE,
                        NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM);
        rc = boot_load_generic_bl(b, &boot_gsp, &desc, sizeof(desc), err);
    }
    if (rc == 0)
        rc = run_to_halt(b, &boot_gsp, NULL, err);
    boot_dma_free(b, &data);
    boot_dma_free(b, &code);
    return rc;
}

static int
run_fwsec_brom(struct gsp_boot *b, const uint8_t *dmem, struct gsp_error *err)
{
    const struct gsp_fwsec *s = &b->fwsec;
    struct gsp_dma memory = {0};
    const struct brom_image image = {
        .memory = &memory,
        .code_bytes = (uint32_t)s->imem.bytes,
        .imem_pa = s->imem_phys,
        .imem_va = s->imem_virt,
        .data_off = (uint32_t)s->imem.bytes,
        .data_bytes = (uint32_t)s->dmem.bytes,
        .dmem_pa = s->dmem_phys,
        .pkc = {s->pkc_data_off, s->engine_id_mask, s->ucode_id},
    };
    int rc = boot_dma(b, round_up(s->imem.bytes + s->dmem.bytes, BLOCK), &memory, err);

    if (rc == 0) {
        memcpy(memory.cpu, s->imem.data, (size_t)s->imem.bytes);
        memcpy((uint8_t *)memory.cpu + s->imem.bytes, dmem, (size_t)s->dmem.bytes);
        rc = load_brom(b, &boot_gsp, &image, err);
    }
    if (rc == 0)
        rc = run_to_halt(b, &boot_gsp, NULL, err);
    boot_dma_free(b, &memory);
    return rc;
}

static int
fwsec_signature(struct gsp_boot *b, struct gsp_fw_slice *out, struct gsp_error *err)
{
    enum { STRIDE = NV_FUSE_OPT_FPF_GSP_UCODE2_VERSION - NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION };
    uint32_t fuse = 0;

    if (b->fwsec.ucode_id)
        fuse =
            boot_rd(b, NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION + (b->fwsec.ucode_id - 1u) * STRIDE);
    return boot_blame_card(
        gsp_fwsec_signature(&b->fwsec, gsp_fwsec_fuse_version(fuse), out, err), err);
}

int
boot_run_fwsec(struct gsp_boot *b, enum gsp_fwsec_command command, struct gsp_error *err)
{
    const struct gsp_fwsec *s = &b->fwsec;
    const bool brom = s->desc_version == 3;
    struct gsp_fw_slice signature;
    uint8_t *dmem;
    int rc = 0;

    if (brom != b->chip->brom)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "VBIOS: FWSEC's descriptor is version %u, which family %s cannot start",
                        s->desc_version, gsp_fw_family_info(b->family)->name);
    dmem = gsp_host_alloc(b->host, (size_t)s->dmem.bytes);
    if (!dmem)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for FWSEC");
    if (brom)
        rc = fwsec_signature(b, &signature, err);
    if (rc == 0)
        rc = gsp_fwsec_dmem(s, command, b->layout.frts_offset, brom ? &signature : NULL, dmem,
                            err);
    if (rc == 0)
        rc = falcon_reset(b, &boot_gsp, err);
    if (rc == 0)
        rc = brom ? run_fwsec_brom(b, dmem, err) : run_fwsec_loader(b, dmem, err);
    gsp_host_free(b->host, dmem);
    return rc;
}
