/* SPDX-License-Identifier: MIT */
/*
 * A falcon that is started: which image of the synthetic set lies in its memories, and is it
 * whole, in its place and signed for this card? Only then does what it stands for happen.
 *
 * Three ways of loading: by the boot ROM from GA10x on (secure blocks through DMA, the boot
 * ROM's registers), direct on Turing and GA100 (a part that is not secure, then one that is),
 * and FWSEC there through the generic bootloader, which fetches it from system memory.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

/* What a falcon must hold. */
struct image {
    const char *name;
    struct emu_blob imem, dmem;
    uint32_t imem_virt, ns_bytes; /* ns_bytes: not secure, from 0 on */
    uint32_t sig_at, sig_bytes;   /* in DMEM */
    uint32_t free_at, free_bytes; /* in DMEM: a command goes here */
    uint32_t free2_at, free2_bytes;
    uint8_t sig[EMU_HS_SIGNATURE_MAX];
    uint32_t engine_id, ucode_id;
    bool sig_known; /* there is a signature for the fused version */
};

static void
image_fini(struct image *m)
{
    emu_blob_fini(&m->imem);
    emu_blob_fini(&m->dmem);
}

/* Fuses hold one bit for each version that is over; the highest counts. */
static unsigned
fused_version(uint32_t fuse)
{
    unsigned n = 0;

    for (; fuse; fuse >>= 1)
        n++;
    return n;
}

/* Application code alone through the boot ROM; with the part before it where none is. */
static void
make_hs(struct emu_gpu *gpu, enum emu_synth_kind kind, struct image *m)
{
    const struct emu_synth_key *key = &gpu->hw->key;
    const bool brom = emu_family_has_brom(key->family);
    const unsigned fused = fused_version(gpu->card->sec2_fuse);
    struct emu_blob all = {.mem = &gpu->mem};
    struct emu_hs_desc d;
    uint32_t from;

    emu_hs_desc(key, kind, &d);
    emu_hs_image(key, kind, &all);
    from = brom ? d.app_code_off : 0;
    *m = (struct image){.name = emu_synth_kind_name(kind),
                        .imem = {.mem = &gpu->mem},
                        .dmem = {.mem = &gpu->mem},
                        .imem_virt = from,
                        .ns_bytes = brom ? 0 : d.os_code_bytes,
                        .sig_at = d.patch_off - d.data_off,
                        .sig_bytes = d.sig_bytes,
                        .engine_id = d.engine_id,
                        .ucode_id = d.ucode_id};
    m->sig_known = d.sig_count == 1 || fused < d.sig_count;
    if (m->sig_known)
        emu_hs_signature(key, kind, d.sig_count == 1 ? 0 : d.sig_count - 1 - fused, m->sig,
                         d.sig_bytes);
    if (!all.failed) {
        emu_blob_add(&m->imem, all.p + from, d.app_code_off + d.app_code_bytes - from);
        emu_blob_add(&m->dmem, all.p + d.data_off, d.data_bytes);
    }
    emu_blob_fini(&all);
}

static void
make_fwsec(struct emu_gpu *gpu, struct image *m)
{
    const unsigned fused = fused_version(gpu->card->gsp_fuse);
    struct emu_fwsec d;
    unsigned index = 0;

    emu_fwsec_desc(gpu->card, &d);
    *m = (struct image){.name = "FWSEC",
                        .imem = {.mem = &gpu->mem},
                        .dmem = {.mem = &gpu->mem},
                        .imem_virt = d.imem_virt,
                        .ns_bytes = d.ns_bytes,
                        .sig_at = d.pkc_off,
                        .sig_bytes = d.version == 3 ? 384 : 0,
                        .free_at = d.mapper_off + 44, /* init_cmd */
                        .free_bytes = 4,
                        .free2_at = d.cmd_in_off,
                        .free2_bytes = d.cmd_in_bytes,
                        .engine_id = d.engine_id,
                        .ucode_id = d.ucode_id,
                        .sig_known = true};
    if (d.version == 3) {
        m->sig_known = d.signature_versions >> fused & 1;
        for (unsigned v = 0; v < fused; v++)
            index += d.signature_versions >> v & 1;
        emu_fwsec_signature(gpu->card, gpu->hw->key.debug, index, m->sig);
    }
    emu_fwsec_imem(gpu->card, gpu->hw->key.debug, &m->imem);
    emu_fwsec_dmem(gpu->card, &m->dmem);
}

/* Checks */

static bool
refuse(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m, const char *what,
       uint32_t at)
{
    emu_note(gpu, "%s: %s is refused: %s (0x%x)", f->name, m->name, what, at);
    return false;
}

/* What a lenient card goes on with: the image is still known, and does what it stands for. */
static bool
accept(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m, const char *what,
       uint32_t at)
{
    return gpu->lenient ? emu_accepts(gpu, "%s: %s: %s (0x%x)", f->name, m->name, what, at)
                        : refuse(gpu, f, m, what, at);
}

static uint32_t
first_difference(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t i = 0;

    while (i < n && a[i] == b[i])
        i++;
    return (uint32_t)i;
}

/* One run of blocks: contents, tags that count up, secure or not. */
static bool
check_code(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m,
           uint32_t from, uint32_t bytes, uint32_t tag, bool secure)
{
    const uint32_t diff = first_difference(f->imem + from, m->imem.p + from, bytes);
    const char *wrong = NULL;
    uint32_t at = 0;

    for (uint32_t i = bytes; i > 0;) { /* from the end: the first one is told of */
        const uint32_t off = (i - 1) / EMU_FALCON_BLOCK * EMU_FALCON_BLOCK;
        const uint32_t block = (from + off) / EMU_FALCON_BLOCK;

        i = off;
        if (!f->loaded[block])
            return refuse(gpu, f, m, "a block of IMEM was not loaded", from + off);
        if (f->tag[block] == (tag >> 8) + off / EMU_FALCON_BLOCK && f->secure[block] == secure)
            continue;
        wrong = f->secure[block] == secure ? "tag of an IMEM block"
                : secure                   ? "an IMEM block is not secure"
                                           : "secure block";
        at = from + off;
    }
    if (wrong && !accept(gpu, f, m, wrong, at))
        return false;
    return diff == bytes || accept(gpu, f, m, "IMEM holds other code", from + diff);
}

static bool
is_free(const struct image *m, uint32_t at)
{
    return at - m->sig_at < m->sig_bytes || at - m->free_at < m->free_bytes ||
           at - m->free2_at < m->free2_bytes;
}

static bool
check_data(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m,
           const uint8_t *dmem)
{
    uint32_t i = 0;

    while (i < m->dmem.n && (dmem[i] == m->dmem.p[i] || is_free(m, i)))
        i++;
    if (i < m->dmem.n && !accept(gpu, f, m, "DMEM holds other data", i))
        return false;
    if (!m->sig_known)
        return accept(gpu, f, m, "no signature fits the fused version", 0);
    return !memcmp(dmem + m->sig_at, m->sig, m->sig_bytes) ||
           accept(gpu, f, m, "the signature is not the fused version's", m->sig_at);
}

static bool
check_brom(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m)
{
    if ((f->mod_sel & 0xff) != 1 && !accept(gpu, f, m, "MOD_SEL is not RSA-3K", f->mod_sel))
        return false;
    if ((f->ucode_id & 0xff) != m->ucode_id &&
        !accept(gpu, f, m, "BROM_CURR_UCODE_ID", f->ucode_id))
        return false;
    if (f->engine_id_mask != m->engine_id &&
        !accept(gpu, f, m, "BROM_ENGIDMASK", f->engine_id_mask))
        return false;
    if (f->paraaddr != m->sig_at && !accept(gpu, f, m, "BROM_PARAADDR", f->paraaddr))
        return false;
    if (f->bootvec != m->imem_virt)
        return refuse(gpu, f, m, "BOOTVEC", f->bootvec);
    if (f->bcr_ctrl & 0x10)
        return refuse(gpu, f, m, "the RISC-V core is selected", f->bcr_ctrl);
    return true;
}

static bool
check_loaded(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m)
{
    const uint32_t all = (uint32_t)m->imem.n, secure_at = (m->ns_bytes + 0xff) & ~0xffu;

    if (!f->fresh && !accept(gpu, f, m, "the falcon was not reset", 0))
        return false;
    if (emu_family_has_brom(gpu->hw->key.family))
        return check_brom(gpu, f, m) && check_code(gpu, f, m, 0, all, m->imem_virt, true) &&
               check_data(gpu, f, m, f->dmem);
    if (f->bootvec)
        return refuse(gpu, f, m, "BOOTVEC", f->bootvec);
    return check_code(gpu, f, m, 0, m->ns_bytes, 0, false) &&
           check_code(gpu, f, m, secure_at, all - secure_at, secure_at, true) &&
           check_data(gpu, f, m, f->dmem);
}

/* FWSEC through the generic bootloader */

/* RM_FLCN_BL_DMEM_DESC, in words. */
enum {
    BL_CTX_DMA = 8,
    BL_CODE_BASE = 9,
    BL_NS_OFF = 11,
    BL_NS_SIZE,
    BL_SEC_OFF,
    BL_SEC_SIZE,
    BL_ENTRY,
    BL_DATA_BASE,
    BL_DATA_SIZE = 18,
    BL_WORDS = 21,
};

bool
emu_falcon_has_bootloader(struct emu_gpu *gpu, const struct emu_falcon *f)
{
    const uint32_t at = EMU_FALCON_MEM - EMU_GENERIC_BL_CODE;
    struct image m = {.name = "the generic bootloader", .imem = {.mem = &gpu->mem}};
    bool good = false;

    emu_blob_grow(&m.imem, at);
    emu_generic_bl_image(&gpu->hw->key, &m.imem);
    if (!f->fresh && !accept(gpu, f, &m, "the falcon was not reset", 0))
        good = false;
    else if (f->bootvec != EMU_GENERIC_BL_TAG << 8)
        refuse(gpu, f, &m, "BOOTVEC", f->bootvec);
    else if (f->dmactl & 1 || !(f->fbif_ctl >> 7 & 1))
        refuse(gpu, f, &m, "transfers need a context", f->dmactl);
    else
        good = !m.imem.failed &&
               check_code(gpu, f, &m, at, EMU_GENERIC_BL_CODE, EMU_GENERIC_BL_TAG << 8, false);
    emu_blob_fini(&m.imem);
    return good;
}

static bool
fetch(struct emu_gpu *gpu, const struct emu_falcon *f, const uint32_t *desc, unsigned base,
      struct emu_blob *out, size_t bytes)
{
    const uint32_t transcfg = f->transcfg[desc[BL_CTX_DMA] & 7];
    const uint64_t addr = (uint64_t)desc[base + 1] << 32 | desc[base];

    if (desc[BL_CTX_DMA] > 7 || !(transcfg >> 2 & 1) || addr % EMU_FALCON_BLOCK ||
        ((transcfg & 3) && !emu_hw_bus_master(gpu)))
        return false;
    emu_blob_grow(out, bytes);
    return !out->failed && emu_hw_copy(gpu, transcfg & 3, addr, out->p, bytes);
}

static bool
check_sizes(const uint32_t *desc, const struct image *m)
{
    return desc[BL_NS_OFF] == 0 && desc[BL_NS_SIZE] == m->ns_bytes &&
           desc[BL_SEC_OFF] == m->ns_bytes && desc[BL_SEC_SIZE] == m->imem.n - m->ns_bytes &&
           desc[BL_ENTRY] == 0 && desc[BL_DATA_SIZE] == m->dmem.n;
}

/* What the bootloader fetches; DMEM stays in `data`. */
static bool
check_fetched(struct emu_gpu *gpu, const struct emu_falcon *f, const struct image *m,
              struct emu_blob *data)
{
    struct emu_blob code = {.mem = &gpu->mem};
    uint32_t desc[BL_WORDS];
    bool good = false;

    memcpy(desc, f->dmem, sizeof(desc));
    if (!check_sizes(desc, m))
        refuse(gpu, f, m, "the bootloader's descriptor", 0);
    else if (!fetch(gpu, f, desc, BL_CODE_BASE, &code, m->imem.n) ||
             !fetch(gpu, f, desc, BL_DATA_BASE, data, m->dmem.n))
        refuse(gpu, f, m, "the bootloader cannot fetch it", desc[BL_CTX_DMA]);
    else if (!memcmp(code.p, m->imem.p, m->imem.n) ||
             accept(gpu, f, m, "other code in system memory", 0))
        good = check_data(gpu, f, m, data->p);
    emu_blob_fini(&code);
    return good;
}

static void
run_gsp(struct emu_gpu *gpu, struct emu_falcon *f)
{
    const bool brom = emu_family_has_brom(gpu->hw->key.family);
    struct emu_blob fetched = {.mem = &gpu->mem};
    const uint8_t *data = NULL;
    struct image m;

    make_fwsec(gpu, &m);
    if (m.imem.failed || m.dmem.failed)
        emu_note(gpu, "GSP: out of memory");
    else if (brom)
        data = check_loaded(gpu, f, &m) ? f->dmem : NULL;
    else if (emu_falcon_has_bootloader(gpu, f) && check_fetched(gpu, f, &m, &fetched))
        data = fetched.p;
    if (data)
        emu_fwsec_run(gpu, data);
    emu_blob_fini(&fetched);
    image_fini(&m);
}

/* SEC2 */

/* The image whose first block this is. */
static bool
resembles(const struct emu_falcon *f, const struct image *m)
{
    return m->imem.n >= 128 && m->dmem.n && memcmp(f->imem, m->imem.p, 128) == 0;
}

static void
act(struct emu_gpu *gpu, struct emu_falcon *f, enum emu_synth_kind kind)
{
    const uint64_t argument =
        (uint64_t)emu_falcon_mailbox(gpu, f, 1) << 32 | emu_falcon_mailbox(gpu, f, 0);

    if (kind == EMU_SYNTH_SCRUBBER) {
        if (!emu_hw_fault(gpu, EMU_BOOT_SCRUBBER_FAILS))
            gpu->hw->bsi_scratch_15 = 3u << 29;
        return;
    }
    emu_falcon_set_mailbox(gpu, f, 0,
                           kind == EMU_SYNTH_BOOTER_LOAD ? emu_booter_load(gpu, argument)
                                                         : emu_booter_unload(gpu, argument));
}

static void
run_sec2(struct emu_gpu *gpu, struct emu_falcon *f)
{
    static const enum emu_synth_kind kinds[] = {EMU_SYNTH_BOOTER_LOAD, EMU_SYNTH_BOOTER_UNLOAD,
                                                EMU_SYNTH_SCRUBBER};
    bool known = false;

    for (unsigned i = 0; i < 3 && !known; i++) {
        struct image m;

        if (!emu_synth_has(&gpu->hw->key, kinds[i]))
            continue;
        make_hs(gpu, kinds[i], &m);
        known = resembles(f, &m);
        if (known && check_loaded(gpu, f, &m))
            act(gpu, f, kinds[i]);
        image_fini(&m);
    }
    if (!known)
        emu_note(gpu, "SEC2: what lies in IMEM is no ucode of this card and release");
}

void
emu_falcon_run(struct emu_gpu *gpu, struct emu_falcon *f)
{
    if (f == &gpu->hw->gsp && emu_seq_run(gpu, f))
        return;
    if (f == &gpu->hw->gsp)
        run_gsp(gpu, f);
    else
        run_sec2(gpu, f);
}
