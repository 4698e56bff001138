/* SPDX-License-Identifier: MIT */
/*
 * The image of GSP-RM, its bootloader and the FMC.
 *
 * gsp_*.bin: ELF64 RISC-V with .fwimage, .fwversion and a .fwsignature_ of a page for each chip
 * family (nv-firmware.h); for Turing and GA100 the image is an ELF of its own. Bootloader:
 * nvfw wrapper around RM_RISCV_UCODE_DESC (rmRiscvUcode.h), 19 words before Ampere's GA10x and
 * 21 from it on. FMC: ELF32 with hash, signature, public key and image.
 */
#include <stdio.h>
#include <string.h>

#include "fw_synth.h"

enum { SHT_PROGBITS_ = 1, SHT_NOTE_ = 7, EM_RISCV_ = 243 };

static bool
old_libos(const struct emu_synth_key *key)
{
    return key->family <= EMU_GA100;
}

/* More than 512 pages, so that the second level of radix3 has two; and no whole number of
 * pages, so that the last one is padded. */
size_t
emu_gsp_image_bytes(const struct emu_synth_key *key)
{
    return old_libos(key) ? 0x212ea0 + 0x1000 : 0x243210;
}

/* The name of the image, not of the chip: chips of one file must find the same bytes. */
static const char *
image_name(const struct emu_synth_key *key)
{
    return old_libos(key) ? "gsp_tu10x" : "gsp_ga10x";
}

void
emu_gsp_image(const struct emu_synth_key *key, struct emu_blob *out)
{
    const size_t bytes = emu_gsp_image_bytes(key);
    struct emu_blob code = {.mem = out->mem};
    struct emu_elf_section text = {".text", NULL, 0, SHT_PROGBITS_};

    if (!old_libos(key)) {
        emu_blob_noise(out, bytes, image_name(key), key->release);
        return;
    }
    emu_blob_noise(&code, bytes - 0x2000, image_name(key), key->release);
    text.data = code.p;
    text.bytes = code.n;
    if (code.failed)
        out->failed = true;
    else
        emu_elf(out, 2, 2, EM_RISCV_, &text, 1);
    emu_blob_fini(&code);
    if (!out->failed && out->n < bytes)
        emu_blob_grow(out, bytes - out->n);
}

void
emu_gsp_signature(const struct emu_synth_key *key, const char *family,
                  uint8_t out[EMU_GSP_SIGNATURE_BYTES])
{
    char name[48];

    snprintf(name, sizeof(name), "fwsignature_%s", family);
    emu_noise(out, EMU_GSP_SIGNATURE_BYTES, name, key->release);
}

static const char *const old_families[] = {"ga100", "tu11x", "tu10x", NULL};
static const char *const families_535[] = {"cc_gh100", "gh100", "ad10x", "ga10x", NULL};
static const char *const families_560[] = {"cc_gb10x", "gb10x", "cc_gh100", "gh100",
                                           "ad10x",    "ga10x", NULL};
static const char *const families_570[] = {"gb20x", "cc_gb10x", "gb10x", "cc_gh100",
                                           "gh100", "ad10x",    "ga10x", NULL};

static const char *const *
families_of(const struct emu_synth_key *key)
{
    if (old_libos(key))
        return old_families;
    if (key->branch >= 570)
        return families_570;
    return key->branch >= 560 ? families_560 : families_535;
}

/* A GNU build id note of 20 bytes. */
static void
build_id(const struct emu_synth_key *key, uint8_t out[36])
{
    const uint32_t sizes[] = {4, 20, 3};

    memcpy(out, sizes, sizeof(sizes));
    memcpy(out + 12, "GNU", 4);
    emu_noise(out + 16, 20, "build-id", key->release);
}

void
emu_gsp_file(const struct emu_synth_key *key, struct emu_blob *out)
{
    enum { MAX = 8 };
    const char *const *family = families_of(key);
    struct emu_blob image = {.mem = out->mem}, sigs = {.mem = out->mem};
    char names[MAX][48];
    uint8_t note[36];
    struct emu_elf_section s[MAX + 3];
    unsigned n = 2;

    emu_gsp_image(key, &image);
    emu_blob_grow(&sigs, (size_t)MAX * EMU_GSP_SIGNATURE_BYTES);
    out->failed = image.failed || sigs.failed;
    s[0] = (struct emu_elf_section){".fwimage", image.p, image.n, SHT_PROGBITS_};
    s[1] = (struct emu_elf_section){".fwversion", key->release, strlen(key->release) + 1,
                                    SHT_PROGBITS_};
    for (unsigned i = 0; family[i] && i < MAX && !out->failed; i++) {
        uint8_t *sig = sigs.p + (size_t)i * EMU_GSP_SIGNATURE_BYTES;

        emu_gsp_signature(key, family[i], sig);
        snprintf(names[i], sizeof(names[i]), ".fwsignature_%s", family[i]);
        s[n++] =
            (struct emu_elf_section){names[i], sig, EMU_GSP_SIGNATURE_BYTES, SHT_PROGBITS_};
    }
    build_id(key, note);
    if (key->branch >= 570)
        s[n++] = (struct emu_elf_section){".note.gnu.build-id", note, sizeof(note), SHT_NOTE_};
    if (!out->failed)
        emu_elf(out, 2, 1, EM_RISCV_, s, n);
    emu_blob_fini(&image);
    emu_blob_fini(&sigs);
}

/* Bootloader */

void
emu_bl_desc(const struct emu_synth_key *key, struct emu_bl_desc *out)
{
    const uint32_t manifest = key->family >= EMU_GB10X ? 0xa00 : 0x800;

    *out = (struct emu_bl_desc){.version = 4, .app_version = key->branch << 16 | 1};
    if (old_libos(key)) {
        out->image_bytes = 0x1000;
        return;
    }
    out->version = 5;
    out->manifest_bytes = manifest;
    out->data_off = manifest;
    out->data_bytes = 0x1000;
    out->code_off = out->data_off + out->data_bytes;
    out->code_bytes = 0x2900;
    out->bl_off = (out->code_off + out->code_bytes + 0xfff) & ~0xfffu;
    out->bl_bytes = 0x1000;
    out->image_bytes = out->bl_off + out->bl_bytes;
}

void
emu_bl_image(const struct emu_synth_key *key, struct emu_blob *out)
{
    struct emu_bl_desc d;

    emu_bl_desc(key, &d);
    emu_blob_noise(out, d.image_bytes, emu_family_name(key->family), "bootloader");
}

/* nvfw wrapper: magic, version, total size, header, data (both offset and size). */
static void
wrap(struct emu_blob *out, uint32_t header_off, uint32_t data_off, uint32_t data_bytes)
{
    emu_blob_u32(out, 0x10de);
    emu_blob_u32(out, 1);
    emu_blob_u32(out, (data_off + data_bytes + 255) & ~255u);
    emu_blob_u32(out, header_off);
    emu_blob_u32(out, data_off);
    emu_blob_u32(out, data_bytes);
}

void
emu_bl_file(const struct emu_synth_key *key, struct emu_blob *out)
{
    struct emu_bl_desc d;
    uint32_t words;

    emu_bl_desc(key, &d);
    words = d.version == 4 ? EMU_BL_WORDS_V4 : EMU_BL_WORDS_V5;
    {
        const uint32_t desc[EMU_BL_WORDS_V5] = {d.version,
                                                d.bl_off,
                                                d.bl_bytes,
                                                0,
                                                0,
                                                0,
                                                0,
                                                d.app_version,
                                                d.manifest_off,
                                                d.manifest_bytes,
                                                d.data_off,
                                                d.data_bytes,
                                                d.code_off,
                                                d.code_bytes,
                                                0};

        wrap(out, 24, 256, d.image_bytes);
        emu_blob_add(out, desc, words * sizeof(desc[0]));
    }
    emu_blob_align(out, 256);
    emu_bl_image(key, out);
}

void
emu_generic_bl_image(const struct emu_synth_key *key, struct emu_blob *out)
{
    emu_blob_noise(out, EMU_GENERIC_BL_CODE + EMU_GENERIC_BL_DATA, emu_family_name(key->family),
                   "generic bootloader");
}

/* Start tag, DMEM load offset, code and data. */
void
emu_generic_bl_file(const struct emu_synth_key *key, struct emu_blob *out)
{
    const uint32_t desc[] = {EMU_GENERIC_BL_TAG, 0, 0, EMU_GENERIC_BL_CODE, EMU_GENERIC_BL_CODE,
                             EMU_GENERIC_BL_DATA};

    wrap(out, 24, 256, EMU_GENERIC_BL_CODE + EMU_GENERIC_BL_DATA);
    emu_blob_add(out, desc, sizeof(desc));
    emu_blob_align(out, 256);
    emu_generic_bl_image(key, out);
}

/* FMC */

void
emu_fmc_image(const struct emu_synth_key *key, struct emu_blob *out)
{
    emu_blob_noise(out, 0x8648, emu_family_name(key->family), "fmc");
}

bool
emu_fmc_keys(const struct emu_synth_key *key, const struct emu_mem *mem, struct emu_fmc *out)
{
    const bool rsa = key->family == EMU_GH100;
    struct emu_blob image = {.mem = mem};

    *out = (struct emu_fmc){.signature_bytes = rsa ? 384 : 96, .key_bytes = rsa ? 384 : 97};
    emu_fmc_image(key, &image);
    if (!image.failed)
        emu_sha384(image.p, image.n, out->hash);
    emu_noise(out->signature, out->signature_bytes, emu_family_name(key->family),
              key->debug ? "fmc debug signature" : "fmc signature");
    emu_noise(out->public_key, out->key_bytes, emu_family_name(key->family), "fmc key");
    if (!rsa)
        out->public_key[0] = 4; /* an uncompressed point */
    emu_blob_fini(&image);
    return !image.failed;
}

void
emu_fmc_file(const struct emu_synth_key *key, struct emu_blob *out)
{
    struct emu_blob image = {.mem = out->mem};
    struct emu_fmc fmc;

    emu_fmc_image(key, &image);
    if (image.failed || !emu_fmc_keys(key, out->mem, &fmc)) {
        out->failed = true;
    } else {
        const struct emu_elf_section s[] = {
            {"hash",      fmc.hash,       sizeof(fmc.hash),    SHT_PROGBITS_},
            {"signature", fmc.signature,  fmc.signature_bytes, SHT_PROGBITS_},
            {"publickey", fmc.public_key, fmc.key_bytes,       SHT_PROGBITS_},
            {"image",     image.p,        image.n,             SHT_PROGBITS_},
        };

        emu_elf(out, 1, 0, 0, s, 4);
    }
    emu_blob_fini(&image);
}
