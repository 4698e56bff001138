/* SPDX-License-Identifier: MIT */
/*
 * Signed falcon ucode: booter load, booter unload, scrubber, in linux-firmware's second header
 * format. Before GA10x the ucode starts in a part that is not secure and carries one
 * signature; from GA10x on the boot ROM checks the one of two that fits the fuses.
 */
#include <stdio.h>
#include <string.h>

#include "fw_synth.h"

void
emu_hs_desc(const struct emu_synth_key *key, enum emu_synth_kind kind, struct emu_hs_desc *out)
{
    const bool brom = emu_family_has_brom(key->family);
    const uint32_t extra = kind == EMU_SYNTH_BOOTER_LOAD ? 0x2000 : 0;

    *out = (struct emu_hs_desc){.os_code_bytes = brom ? 0x100 : 0x280, .engine_id = 1};
    out->app_code_off = (out->os_code_bytes + 0xff) & ~0xffu;
    out->app_code_bytes = 0x2700 + extra;
    out->data_off = out->app_code_off + out->app_code_bytes;
    out->data_bytes = 0x1200;
    out->image_bytes = out->data_off + out->data_bytes;
    out->patch_off = out->data_off + (brom ? 0x10 : 0x20);
    out->sig_bytes = key->family == EMU_TU10X ? 16 : 384;
    out->sig_count = brom ? 2 : 1;
    out->fuse_version = brom ? 1 : 0;
    out->ucode_id = key->family == EMU_TU10X || kind == EMU_SYNTH_SCRUBBER ? 13 : 3;
}

static void
scope_of(const struct emu_synth_key *key, enum emu_synth_kind kind, char out[64])
{
    snprintf(out, 64, "%s %s", emu_synth_kind_name(kind), key->release);
}

/* The place of the signature is zero until a client patches it. */
void
emu_hs_image(const struct emu_synth_key *key, enum emu_synth_kind kind, struct emu_blob *out)
{
    const size_t at = out->n;
    struct emu_hs_desc d;
    char scope[64];

    emu_hs_desc(key, kind, &d);
    scope_of(key, kind, scope);
    emu_blob_noise(out, d.image_bytes, emu_family_name(key->family), scope);
    if (!out->failed)
        memset(out->p + at + d.patch_off, 0, d.sig_bytes);
}

void
emu_hs_signature(const struct emu_synth_key *key, enum emu_synth_kind kind, unsigned index,
                 uint8_t *out, uint32_t bytes)
{
    char scope[64], name[64];

    scope_of(key, kind, scope);
    snprintf(name, sizeof(name), "%s %ssignature %u", emu_family_name(key->family),
             key->debug ? "debug " : "", index);
    emu_noise(out, bytes, name, scope);
}

/* Everything that the header points at lies behind it, in this order. */
void
emu_hs_file(const struct emu_synth_key *key, enum emu_synth_kind kind, struct emu_blob *out)
{
    enum { WRAPPER = 24, HEADER = 9 * 4, SIGS = WRAPPER + HEADER, META = 12, LOAD = 9 * 4 };
    uint8_t sig[EMU_HS_SIGNATURE_MAX];
    struct emu_hs_desc d;
    uint32_t loc, data_off;

    emu_hs_desc(key, kind, &d);
    loc = SIGS + d.sig_bytes * d.sig_count;
    data_off = (loc + 8 + META + 4 + LOAD + 255) & ~255u;
    {
        const uint32_t wrapper[] = {0x10de,  1,        (data_off + d.image_bytes + 255) & ~255u,
                                    WRAPPER, data_off, d.image_bytes};
        const uint32_t header[] = {
            SIGS,           d.sig_bytes * d.sig_count, loc, loc + 4, loc + 8, META,
            loc + 8 + META, loc + 8 + META + 4,        LOAD};

        emu_blob_add(out, wrapper, sizeof(wrapper));
        emu_blob_add(out, header, sizeof(header));
    }
    for (unsigned i = 0; i < d.sig_count; i++) {
        emu_hs_signature(key, kind, i, sig, d.sig_bytes);
        emu_blob_add(out, sig, d.sig_bytes);
    }
    {
        const uint32_t tail[] = {d.patch_off,
                                 0,
                                 d.fuse_version,
                                 d.engine_id,
                                 d.ucode_id,
                                 d.sig_count,
                                 0,
                                 d.os_code_bytes,
                                 d.data_off,
                                 d.data_bytes,
                                 1,
                                 d.app_code_off,
                                 d.app_code_bytes,
                                 0,
                                 0};

        emu_blob_add(out, tail, sizeof(tail));
    }
    emu_blob_align(out, 256);
    emu_hs_image(key, kind, out);
}
