/* SPDX-License-Identifier: MIT */
/*
 * The VBIOS: expansion ROM images, the BIOS Information Table, the falcon ucode table and
 * FWSEC behind it.
 *
 * Pointers in the falcon tables count as if the extension image followed the first one; an EFI
 * image may lie between them. Up to GA100 FWSEC has the version 2 descriptor and is loaded by a
 * bootloader; from GA10x on version 3, with one signature for each fused version.
 */
#include "fw_synth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    BASE_BYTES = 0x2000,
    EFI_BYTES = 0x1400,
    BIT_AT = 0x1b0,
    PCIR_AT = 0x40,
    TABLE_AT = 0x100, /* in the extension image */
    DESC_AT = 0x180,
    APP_FWSEC_PROD = 0x85,
    APP_FWSEC_DEBUG = 0x45,
    APP_OTHER = 0x01,
};

/* FWSEC */

/* A card leaves the factory with the newest version that its VBIOS is signed for fused: a
 * driver that takes the last signature (tinygrad's does) works on those that are sold. */
static unsigned
fused_version(uint32_t fuse)
{
    unsigned version = 0;

    for (; fuse; fuse >>= 1)
        version++;
    return version;
}

void
emu_fwsec_desc(const struct emu_card *card, struct emu_fwsec *out)
{
    *out = (struct emu_fwsec){.version = 2,
                              .imem_bytes = 0x2f00,
                              .ns_bytes = 0x200,
                              .dmem_bytes = 0xc00,
                              .interface_off = 0x400,
                              .mapper_off = 0x440,
                              .cmd_in_off = 0x500,
                              .cmd_in_bytes = 0x80,
                              .cmd_out_off = 0x580,
                              .cmd_out_bytes = 0x40,
                              .engine_id = 0x400,
                              .ucode_id = 9};
    if (!emu_family_has_brom(emu_family_of(card)))
        return;
    out->version = 3;
    out->imem_virt = 0x100;
    out->pkc_off = 0x200;
    out->signature_count = fused_version(card->gsp_fuse) + 1;
    out->signature_versions = (1u << out->signature_count) - 1;
}

void
emu_fwsec_imem(const struct emu_card *card, bool debug, struct emu_blob *out)
{
    struct emu_fwsec d;

    emu_fwsec_desc(card, &d);
    emu_blob_noise(out, d.imem_bytes, card->pub.name,
                   debug ? "fwsec debug code" : "fwsec code");
}

static void
put_mapper(struct emu_blob *out, size_t at, const struct emu_fwsec *d)
{
    if (out->failed)
        return;
    memset(out->p + at, 0, 64);
    memcpy(out->p + at, "DMAP", 4);
    emu_blob_put16(out, at + 4, 3);
    emu_blob_put16(out, at + 6, 64);
    emu_blob_put32(out, at + 8, d->cmd_in_off);
    emu_blob_put32(out, at + 12, d->cmd_in_bytes);
    emu_blob_put32(out, at + 16, d->cmd_out_off);
    emu_blob_put32(out, at + 20, d->cmd_out_bytes);
    emu_blob_put32(out, at + 48, 0xffffffff); /* features */
    emu_blob_put32(out, at + 52, 1u << 0x15 | 1u << 0x19);
}

/* As it lies in the ROM: no command, no signature. */
void
emu_fwsec_dmem(const struct emu_card *card, struct emu_blob *out)
{
    const size_t at = out->n;
    struct emu_fwsec d;

    emu_fwsec_desc(card, &d);
    emu_blob_noise(out, d.dmem_bytes, card->pub.name, "fwsec data");
    if (out->failed)
        return;
    if (d.version == 3)
        memset(out->p + at + d.pkc_off, 0, 384);
    memset(out->p + at + d.interface_off, 0, 0x40);
    out->p[at + d.interface_off] = 1;     /* version */
    out->p[at + d.interface_off + 1] = 4; /* header, entry, entries */
    out->p[at + d.interface_off + 2] = 8;
    out->p[at + d.interface_off + 3] = 2;
    emu_blob_put32(out, at + d.interface_off + 4, 1);
    emu_blob_put32(out, at + d.interface_off + 8, 0x480);
    emu_blob_put32(out, at + d.interface_off + 12, 4); /* DMEM mapper */
    emu_blob_put32(out, at + d.interface_off + 16, d.mapper_off);
    put_mapper(out, at + d.mapper_off, &d);
    memset(out->p + at + d.cmd_in_off, 0, d.cmd_in_bytes + d.cmd_out_bytes);
}

void
emu_fwsec_signature(const struct emu_card *card, bool debug, unsigned index, uint8_t out[384])
{
    const char scope[] = {
        'f', 'w', 's', 'e', 'c', ' ', debug ? 'd' : 's', 'i', 'g', ' ', (char)('0' + index),
        '\0'};

    emu_noise(out, 384, card->pub.name, scope);
}

/* Sixty bytes in fifteen words. */
static void
put_desc_v2(struct emu_blob *out, const struct emu_fwsec *d)
{
    const uint32_t stored = d->imem_bytes + d->dmem_bytes;
    const uint32_t words[15] = {60u << 16 | 2u << 8 | 1,
                                stored,
                                stored,
                                0,
                                d->interface_off,
                                0,
                                d->imem_bytes,
                                0,
                                d->ns_bytes,
                                d->imem_bytes - d->ns_bytes,
                                d->imem_bytes,
                                0,
                                d->dmem_bytes,
                                d->imem_bytes,
                                d->dmem_bytes};

    emu_blob_add(out, words, sizeof(words));
}

static void
put_desc_v3(struct emu_blob *out, const struct emu_card *card, bool debug,
            const struct emu_fwsec *d)
{
    const uint32_t bytes = 44 + d->signature_count * 384;
    const uint32_t words[11] = {bytes << 16 | 3u << 8 | 1,
                                d->imem_bytes + d->dmem_bytes,
                                d->pkc_off,
                                d->interface_off,
                                0,
                                d->imem_bytes,
                                d->imem_virt,
                                0,
                                d->dmem_bytes,
                                d->engine_id | d->ucode_id << 16 | d->signature_count << 24,
                                d->signature_versions};
    uint8_t sig[384];

    emu_blob_add(out, words, sizeof(words));
    for (unsigned i = 0; i < d->signature_count; i++) {
        emu_fwsec_signature(card, debug, i, sig);
        emu_blob_add(out, sig, sizeof(sig));
    }
}

static void
put_fwsec(struct emu_blob *out, const struct emu_card *card, bool debug,
          enum emu_vbios_knob knob)
{
    const size_t at = out->n;
    struct emu_fwsec d;

    emu_fwsec_desc(card, &d);
    if (knob == EMU_VBIOS_BAD_INTERFACE)
        d.interface_off = d.dmem_bytes + 0x1000;
    if (knob == EMU_VBIOS_OLD_SIGNATURES && d.version == 3) {
        d.signature_versions = 0x40;
        d.signature_count = 1;
    }
    if (d.version == 2)
        put_desc_v2(out, &d);
    else
        put_desc_v3(out, card, debug, &d);
    if (knob == EMU_VBIOS_WRONG_DESC)
        emu_blob_put32(out, at, (d.version == 2 ? 44u : 60u) << 16 | (5 - d.version) << 8 | 1);
    emu_fwsec_imem(card, debug, out);
    emu_fwsec_dmem(card, out);
    if (knob == EMU_VBIOS_NO_MAPPER && !out->failed)
        emu_blob_put32(out, out->n - d.dmem_bytes + d.interface_off + 12, 5);
}

/* Images */

static void
put_image_header(struct emu_blob *out, size_t at, const struct emu_card *card, size_t bytes,
                 uint8_t code_type, bool last)
{
    uint8_t *p = out->failed ? NULL : out->p + at;

    if (!p)
        return;
    p[0] = 0x55;
    p[1] = 0xaa;
    p[2] = (uint8_t)(bytes / 512);
    emu_blob_put16(out, at + 0x18, PCIR_AT);
    emu_blob_put32(out, at + PCIR_AT, 0x52494350); /* PCIR */
    emu_blob_put16(out, at + PCIR_AT + 4, 0x10de);
    emu_blob_put16(out, at + PCIR_AT + 6, card->pub.device);
    emu_blob_put16(out, at + PCIR_AT + 0xa, 0x18);
    p[PCIR_AT + 0xc] = 3;
    emu_blob_put32(out, at + PCIR_AT + 0xd, card->pci_class);
    emu_blob_put16(out, at + PCIR_AT + 0x10, (uint32_t)(bytes / 512));
    p[PCIR_AT + 0x14] = code_type;
    p[PCIR_AT + 0x15] = last ? 0x80 : 0;
    emu_blob_put32(out, at + PCIR_AT + 0x20, 0x4544504e); /* NPDE */
    emu_blob_put16(out, at + PCIR_AT + 0x24, 0x100);
    emu_blob_put16(out, at + PCIR_AT + 0x26, 11);
    emu_blob_put16(out, at + PCIR_AT + 0x28, (uint32_t)(bytes / 512));
    p[PCIR_AT + 0x2a] = last ? 0x80 : 0;
}

static uint8_t
sum(const uint8_t *p, size_t n)
{
    uint8_t total = 0;

    while (n--)
        total = (uint8_t)(total + *p++);
    return total;
}

/* "95.02.18.80.01": four bytes in a word, then one. */
static void
put_version(struct emu_blob *out, size_t at, const char *version)
{
    uint32_t bytes[5] = {0};

    for (unsigned i = 0; i < 5; i++) {
        char *end;

        bytes[i] = (uint32_t)strtoul(version, &end, 16) & 0xff;
        version = *end == '.' ? end + 1 : end;
    }
    emu_blob_put32(out, at, bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
    if (!out->failed)
        out->p[at + 4] = (uint8_t)bytes[4];
}

/* Header and three tokens of six bytes: BIOS data, internal data, falcon data. */
static void
put_bit(struct emu_blob *out, size_t base, const struct emu_card *card,
        enum emu_vbios_knob knob)
{
    static const struct {
        uint8_t id, version, bytes;
        uint16_t at;
    } tokens[] = {
        {'B', 2, 0x1a, 0x240},
        {'i', 2, 0x20, 0x280},
        {'p', 2, 4,    0x2c0}
    };
    const size_t at = base + BIT_AT;
    const uint32_t table = knob == EMU_VBIOS_TABLE_OUTSIDE ? 0x00fffff0 : BASE_BYTES + TABLE_AT;

    if (out->failed || knob == EMU_VBIOS_NO_BIT)
        return;
    emu_blob_put16(out, at, 0xb8ff);
    memcpy(out->p + at + 2, "BIT", 4);
    emu_blob_put16(out, at + 6, 0x0100);
    out->p[at + 8] = 12;
    out->p[at + 9] = 6;
    out->p[at + 10] = sizeof(tokens) / sizeof(tokens[0]);
    out->p[at + 11] = (uint8_t)(0x100 - sum(out->p + at, 11));
    if (knob == EMU_VBIOS_BAD_CHECKSUM)
        out->p[at + 11]++;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        const size_t t = at + 12 + 6 * i;

        out->p[t] = tokens[i].id;
        out->p[t + 1] = tokens[i].version;
        emu_blob_put16(out, t + 2, tokens[i].bytes);
        emu_blob_put16(out, t + 4, tokens[i].at);
    }
    put_version(out, base + 0x240, card->vbios_version);
    put_version(out, base + 0x280, card->vbios_version);
    emu_blob_put32(out, base + 0x2c0, table);
}

static void
put_base(struct emu_blob *out, const struct emu_card *card, enum emu_vbios_knob knob)
{
    static const char marker[] =
        "SYNTHETIC VBIOS of the nvrm emulator. Not an NVIDIA video BIOS.";
    const size_t at = emu_blob_grow(out, BASE_BYTES);

    if (out->failed)
        return;
    put_image_header(out, at, card, BASE_BYTES, 0x00, false);
    memcpy(out->p + at + 0x100, marker, sizeof(marker));
    put_bit(out, at, card, knob);
    out->p[at + BASE_BYTES - 1] = (uint8_t)(0x100 - sum(out->p + at, BASE_BYTES - 1));
    if (knob == EMU_VBIOS_BAD_SIGNATURE)
        out->p[at] = out->p[at + 1] = 0;
}

static void
put_efi(struct emu_blob *out, const struct emu_card *card)
{
    const size_t at = out->n;

    emu_blob_noise(out, EFI_BYTES, card->pub.name, "efi image");
    if (!out->failed)
        memset(out->p + at, 0, 0x80);
    put_image_header(out, at, card, EFI_BYTES, 0x03, false);
}

/* The falcon ucode table: something else first, then FWSEC, signed for debugging and for
 * production. */
static void
put_table(struct emu_blob *out, size_t at, size_t prod_at, enum emu_vbios_knob knob)
{
    static const uint8_t header[] = {1, 6, 6, 3, 1, 1};
    const bool none = knob == EMU_VBIOS_NO_FWSEC;
    const uint32_t desc =
        knob == EMU_VBIOS_DESC_OUTSIDE ? 0x00ffff00 : BASE_BYTES + (uint32_t)prod_at;

    if (out->failed)
        return;
    memcpy(out->p + at, header, sizeof(header));
    out->p[at + 6] = APP_OTHER;
    out->p[at + 7] = 1;
    emu_blob_put32(out, at + 8, BASE_BYTES + 0x80);
    out->p[at + 12] = none ? APP_OTHER : APP_FWSEC_DEBUG;
    out->p[at + 13] = 7;
    emu_blob_put32(out, at + 14, BASE_BYTES + DESC_AT);
    out->p[at + 18] = none ? APP_OTHER : APP_FWSEC_PROD;
    out->p[at + 19] = 7;
    emu_blob_put32(out, at + 20, desc);
}

static void
put_extension(struct emu_blob *out, const struct emu_card *card, enum emu_vbios_knob knob)
{
    const size_t at = emu_blob_grow(out, DESC_AT);

    put_fwsec(out, card, true, EMU_VBIOS_SOUND);
    put_table(out, at + TABLE_AT, out->n - at, knob);
    put_fwsec(out, card, false, knob);
    emu_blob_grow(out, (512 - (out->n - at) % 512) % 512);
    put_image_header(out, at, card, out->n - at, 0xe0, true);
}

/* Behind the inforom header. */
uint32_t
emu_vbios_images_at(const struct emu_card *card)
{
    if (!card->ifr)
        return 0;
    return card->ifr == 3 ? 0x1800 : 0x800;
}

/* Inforom header. Versions 1 and 2 keep the offset of the images in a table behind the fixed
 * words; version 3 keeps it in the ROM directory, a page behind the flash status. */
static void
put_ifr(struct emu_blob *out, const struct emu_card *card)
{
    const uint32_t v3_status = 0x400, v3_directory = v3_status + 4096;
    const uint32_t image = emu_vbios_images_at(card);

    if (!card->ifr)
        return;
    emu_blob_grow(out, image);
    emu_blob_put32(out, 0, 0x4947564e);                   /* NVGI */
    emu_blob_put32(out, 4, 0x20u << 16 | card->ifr << 8); /* fixed data, version */
    emu_blob_put32(out, 8, 0x30);                         /* all data */
    if (card->ifr < 3) {
        emu_blob_put32(out, 0x24, image);
        return;
    }
    emu_blob_put32(out, 0x30, v3_status);
    emu_blob_put32(out, v3_directory, 0x44524652); /* RFRD */
    emu_blob_put32(out, v3_directory + 8, image);
}

void
emu_vbios_make(const struct emu_card *card, enum emu_vbios_knob knob, struct emu_blob *out)
{
    put_ifr(out, card);
    put_base(out, card, knob);
    if (card->efi_image)
        put_efi(out, card);
    put_extension(out, card, knob);
    if (knob == EMU_VBIOS_TRUNCATED && !out->failed)
        out->n -= 0x2000;
}

static const char *const knob_names[EMU_VBIOS_KNOBS] = {
    [EMU_VBIOS_SOUND] = "sound",
    [EMU_VBIOS_NO_BIT] = "no-bit",
    [EMU_VBIOS_BAD_CHECKSUM] = "bad-checksum",
    [EMU_VBIOS_TABLE_OUTSIDE] = "table-outside",
    [EMU_VBIOS_DESC_OUTSIDE] = "desc-outside",
    [EMU_VBIOS_WRONG_DESC] = "wrong-desc",
    [EMU_VBIOS_NO_FWSEC] = "no-fwsec",
    [EMU_VBIOS_TRUNCATED] = "truncated",
    [EMU_VBIOS_BAD_INTERFACE] = "bad-interface",
    [EMU_VBIOS_NO_MAPPER] = "no-mapper",
    [EMU_VBIOS_BAD_SIGNATURE] = "bad-signature",
    [EMU_VBIOS_OLD_SIGNATURES] = "old-signatures",
};

const char *
emu_vbios_knob_name(enum emu_vbios_knob knob)
{
    return (unsigned)knob < EMU_VBIOS_KNOBS ? knob_names[knob] : NULL;
}

int
emu_vbios(const char *chip, enum emu_vbios_knob knob, uint8_t **bytes_out, size_t *size_out)
{
    const struct emu_mem libc = {0};
    const struct emu_card *card = emu_card_find(chip);
    struct emu_blob blob = {.mem = &libc};

    if (!card)
        return -ENOENT;
    emu_vbios_make(card, knob, &blob);
    if (blob.failed)
        return -ENOMEM;
    *bytes_out = blob.p;
    *size_out = blob.n;
    return 0;
}
