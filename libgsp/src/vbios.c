/* SPDX-License-Identifier: MIT */
/*
 * The ROM as a chain of images: past the IFR header, then from one PCI data structure to the
 * next. BIT and the ucode table are read by vbios_bit.c.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "vbios_priv.h"

enum {
    IFR_SIGNATURE = 0x4947564e,           /* "NVGI" */
    ROM_DIRECTORY_SIGNATURE = 0x44524652, /* "RFRD" */
    ROM_DIRECTORY_GAP = 4096,             /* behind the flash status */
    NPDE_SIGNATURE = 0x4544504e,
    PCI_BLOCK = 512,
    PCIR_BYTES = 0x18,
    NPDE_BYTES = 10, /* without the last-image byte */
    LAST_IMAGE = 0x80,
};

static bool
is_rom_signature(uint16_t value)
{
    return value == 0xaa55 || value == 0x4e56 || value == 0xbb77;
}

static bool
is_data_signature(const uint8_t *p)
{
    return !memcmp(p, "PCIR", 4) || !memcmp(p, "NPDS", 4) || !memcmp(p, "RGIS", 4);
}

static int
read_word(const struct gsp_fw_source *src, uint64_t off, const char *what, uint32_t *value_out,
          struct gsp_error *err)
{
    struct gsp_fw_slice s;
    int rc = fw_take(src, off, 4, what, &s, err);

    if (rc == 0)
        *value_out = fw_u32(s.data);
    return rc;
}

/* IFR 3: flash status, 4 KiB on the ROM directory, in it the first image. */
static int
find_in_directory(const struct gsp_fw_source *src, uint32_t fixed2, uint32_t *off_out,
                  struct gsp_error *err)
{
    uint32_t status_off = 0, signature = 0;
    uint64_t directory;
    int rc = read_word(src, fixed2 & 0xfffff, "flash status", &status_off, err);

    if (rc < 0)
        return rc;
    directory = (uint64_t)status_off + ROM_DIRECTORY_GAP;
    rc = read_word(src, directory, "ROM directory", &signature, err);
    if (rc < 0)
        return rc;
    if (signature != ROM_DIRECTORY_SIGNATURE)
        return fw_bad(src, err, directory, "no ROM directory (0x%08x)", signature);
    return read_word(src, directory + 8, "ROM directory", off_out, err);
}

/* Where the first image stands behind an IFR header. */
static int
find_behind_ifr(struct gsp_vbios *v, uint32_t *off_out, struct gsp_error *err)
{
    struct gsp_fw_slice s;
    uint32_t fixed1;
    int rc = fw_take(&v->src, 0, 12, "IFR header", &s, err);

    if (rc < 0)
        return rc;
    if (fw_u32(s.data) != IFR_SIGNATURE)
        return fw_bad(&v->src, err, 0, "neither a PCI expansion ROM nor an IFR header");
    fixed1 = fw_u32(s.data + 4);
    v->ifr_version = fixed1 >> 8 & 0xff;
    if (v->ifr_version == 1 || v->ifr_version == 2)
        rc = read_word(&v->src, (fixed1 >> 16 & 0x7fff) + 4, "IFR data", off_out, err);
    else if (v->ifr_version == 3)
        rc = find_in_directory(&v->src, fw_u32(s.data + 8), off_out, err);
    else
        rc = fw_bad(&v->src, err, 4, "IFR version %u; 1 to 3 are known", v->ifr_version);
    if (rc == 0 && *off_out % 4)
        rc = fw_bad(&v->src, err, 0, "the first image at 0x%x is not 4-byte aligned", *off_out);
    return rc;
}

static int
find_rom(struct gsp_vbios *v, uint32_t *off_out, struct gsp_error *err)
{
    struct gsp_fw_slice s;
    int rc = fw_take(&v->src, 0, 2, "ROM signature", &s, err);

    *off_out = 0;
    if (rc < 0 || is_rom_signature(fw_u16(s.data)))
        return rc;
    rc = find_behind_ifr(v, off_out, err);
    if (rc == 0)
        rc = fw_take(&v->src, *off_out, 2, "ROM signature", &s, err);
    if (rc == 0 && !is_rom_signature(fw_u16(s.data)))
        rc = fw_bad(&v->src, err, *off_out, "no ROM signature (0x%04x)", fw_u16(s.data));
    return rc;
}

/* NVIDIA's extension behind the data structure overrides length and end. */
static void
read_extension(const struct gsp_fw_source *src, uint64_t pcir, unsigned pcir_bytes,
               struct gsp_vbios_image *image, uint32_t *blocks)
{
    const uint64_t at = (pcir + pcir_bytes + 15) & ~(uint64_t)15;
    struct gsp_fw_slice s;
    uint16_t revision, sub_blocks;

    if (fw_take(src, at, NPDE_BYTES, "NPDE", &s, NULL) < 0 || fw_u32(s.data) != NPDE_SIGNATURE)
        return;
    revision = fw_u16(s.data + 4);
    if (revision != 0x100 && revision != 0x101)
        return;
    image->extended = true;
    sub_blocks = fw_u16(s.data + 8);
    if (fw_u16(s.data + 6) > NPDE_BYTES && fw_has(src, at, NPDE_BYTES + 1))
        image->last = s.data[NPDE_BYTES] & LAST_IMAGE;
    else if (sub_blocks < *blocks)
        image->last = false;
    *blocks = sub_blocks;
}

static int
read_image(const struct gsp_fw_source *src, uint64_t off, struct gsp_vbios_image *image,
           struct gsp_error *err)
{
    struct gsp_fw_slice s;
    uint32_t blocks;
    uint64_t pcir;
    int rc = fw_take(src, off, 0x1a, "image header", &s, err);

    if (rc < 0)
        return rc;
    pcir = off + fw_u16(s.data + 0x18);
    rc = fw_take(src, pcir, PCIR_BYTES, "PCI data structure", &s, err);
    if (rc < 0)
        return rc;
    if (!is_data_signature(s.data))
        return fw_bad(src, err, pcir, "no PCI data structure (0x%08x)", fw_u32(s.data));
    memcpy(image->signature, s.data, 4);
    image->vendor = fw_u16(s.data + 4);
    image->device = fw_u16(s.data + 6);
    image->code_type = s.data[0x14];
    image->last = s.data[0x15] & LAST_IMAGE;
    blocks = fw_u16(s.data + 0x10);
    read_extension(src, pcir, fw_u16(s.data + 0x0a), image, &blocks);
    if (!blocks)
        return fw_bad(src, err, pcir, "an image of no length");
    return fw_take(src, off, (uint64_t)blocks * PCI_BLOCK, "image", &image->data, err);
}

/* All images up to the last one; a file that ends between two of them is cut, not broken. */
static int
read_images(struct gsp_vbios *v, uint64_t first, struct gsp_error *err)
{
    uint64_t at = first;

    for (;;) {
        struct gsp_vbios_image *image = &v->images[v->image_count];
        int rc;

        if (v->image_count == GSP_VBIOS_IMAGES_MAX)
            return fw_bad(&v->src, err, at, "more than %d images", GSP_VBIOS_IMAGES_MAX);
        rc = read_image(&v->src, at, image, err);
        if (rc < 0)
            return rc;
        v->image_count++;
        at += image->data.bytes;
        v->truncated = !image->last && at == v->src.bytes;
        if (image->last || v->truncated)
            return fw_take(&v->src, first, at - first, "ROM", &v->rom, err);
    }
}

static const struct gsp_vbios_image *
first_of(const struct gsp_vbios *v, uint8_t code_type)
{
    for (unsigned i = 0; i < v->image_count; i++) {
        if (v->images[i].code_type == code_type)
            return &v->images[i];
    }
    return NULL;
}

/* Falcon pointers count as if the extension stood right behind the base image. */
static void
find_expansion(struct gsp_vbios *v)
{
    const struct gsp_vbios_image *base = first_of(v, GSP_VBIOS_CODE_BASE);
    const struct gsp_vbios_image *ext = first_of(v, GSP_VBIOS_CODE_EXT);

    if (base && ext && ext->data.off > v->rom.off)
        v->expansion_off = (uint32_t)(ext->data.off - v->rom.off - base->data.bytes);
}

static int
read_rom(struct gsp_vbios *v, struct gsp_error *err)
{
    uint32_t first;
    int rc = find_rom(v, &first, err);

    if (rc == 0)
        rc = read_images(v, first, err);
    if (rc < 0)
        return rc;
    find_expansion(v);
    return vbios_read_bit(v, err);
}

int
gsp_vbios_open(const struct gsp_fw_source *src, struct gsp_vbios *out, struct gsp_error *err)
{
    int rc;

    memset(out, 0, sizeof(*out));
    out->src = *src;
    rc = read_rom(out, err);
    if (rc < 0)
        memset(out, 0, sizeof(*out));
    return rc;
}
