/* SPDX-License-Identifier: MIT */
/*
 * Any file: what kind it is, parsed, and the parts that it can be taken apart into.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "fw_nvfw_priv.h"

enum { PEEK = 16384 };

static const char *const kinds[GSP_FW_KINDS] = {
    [GSP_FW_KIND_UNKNOWN] = "unknown",
    [GSP_FW_KIND_GSP] = "gsp",
    [GSP_FW_KIND_BOOTLOADER] = "bootloader",
    [GSP_FW_KIND_HS] = "signed ucode",
    [GSP_FW_KIND_GENERIC_BL] = "generic bootloader",
    [GSP_FW_KIND_FMC] = "fmc",
    [GSP_FW_KIND_ARRAYS] = "ucode arrays",
    [GSP_FW_KIND_RUN] = "run archive",
    [GSP_FW_KIND_NVFW] = "other nvfw wrapper",
};

const char *
gsp_fw_kind_name(enum gsp_fw_kind kind)
{
    return kinds[(unsigned)kind < GSP_FW_KINDS ? kind : 0];
}

/* The header of an nvfw wrapper has no type: its first words tell, or its exact size. */
static bool
is_hs(const uint8_t *h, uint32_t bytes, uint32_t header_off)
{
    return bytes > HS_HEADER_BYTES &&
           (fw_u32(h) == header_off + HS_HEADER_BYTES ||
            (fw_u32(h + 20) == HS_META_BYTES && fw_u32(h + 32) == HS_LOAD_BYTES));
}

static bool
is_bootloader(const uint8_t *h, uint32_t bytes)
{
    return nvfw_is_riscv_desc(bytes) ||
           (bytes > RISCV_DESC_V4 && fw_u32(h) >= RISCV_DESC_OLDEST_VERSION &&
            fw_u32(h) <= RISCV_DESC_LAST_VERSION);
}

/* A tag that fits IMEM, data that loads at 0, and code. */
static bool
is_generic(const uint8_t *h, uint32_t bytes)
{
    return bytes == GENERIC_DESC_BYTES ||
           (bytes > GENERIC_DESC_BYTES && fw_u32(h) && fw_u32(h) < 0x1000 && !fw_u32(h + 4) &&
            fw_u32(h + 12));
}

static enum gsp_fw_kind
wrapped_kind(const struct gsp_fw_source *src)
{
    const uint32_t header_off = fw_u32(src->data + 12), data_off = fw_u32(src->data + 16);
    const uint32_t bytes = data_off - header_off;
    const uint8_t *h = src->data + header_off;

    if (header_off < NVFW_BYTES || data_off < header_off || !fw_has(src, header_off, bytes))
        return GSP_FW_KIND_NVFW;
    if (is_hs(h, bytes, header_off))
        return GSP_FW_KIND_HS;
    if (is_bootloader(h, bytes))
        return GSP_FW_KIND_BOOTLOADER;
    return is_generic(h, bytes) ? GSP_FW_KIND_GENERIC_BL : GSP_FW_KIND_NVFW;
}

enum gsp_fw_kind
gsp_fw_kind_of(const struct gsp_fw_source *src)
{
    static const char arrays[] = "BINDATA_INCLUDE";
    const uint64_t peek = src->bytes < PEEK ? src->bytes : PEEK;

    if (fw_has(src, 0, 5) && !memcmp(src->data,
                                     "\x7f"
                                     "ELF",
                                     4))
        return src->data[4] == 1 ? GSP_FW_KIND_FMC : GSP_FW_KIND_GSP;
    if (fw_has(src, 0, NVFW_BYTES) && fw_u32(src->data) == NVFW_MAGIC)
        return wrapped_kind(src);
    if (fw_has(src, 0, 2) && !memcmp(src->data, "#!", 2))
        return GSP_FW_KIND_RUN;
    if (peek && memmem(src->data, peek, arrays, sizeof(arrays) - 1))
        return GSP_FW_KIND_ARRAYS;
    return GSP_FW_KIND_UNKNOWN;
}

/* ---- parts ---- */

static void
add(struct gsp_fw_file *f, const char *name, const struct gsp_fw_slice *data)
{
    struct gsp_fw_part *part = &f->parts[f->part_count];

    if (!data->bytes || f->part_count == GSP_FW_PARTS_MAX)
        return;
    snprintf(part->name, sizeof(part->name), "%s", name);
    part->data = *data;
    f->part_count++;
}

static int
open_gsp(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_gsp_open(src, &f->gsp, err);

    add(f, "image", &f->gsp.image);
    add(f, "version", &f->gsp.version_data);
    add(f, "build-id", &f->gsp.build_id);
    add(f, "logging", &f->gsp.logging);
    for (unsigned i = 0; i < f->gsp.signature_count; i++)
        add(f, f->gsp.signatures[i].section + strlen(".fw"), &f->gsp.signatures[i].data);
    return rc;
}

/* The header of a wrapper that was opened before. */
static void
add_header(const struct gsp_fw_source *src, struct gsp_fw_file *f, const char *name)
{
    struct gsp_fw_nvfw n;

    if (gsp_fw_nvfw_open(src, &n, NULL) == 0)
        add(f, name, &n.header);
}

static int
open_bootloader(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_bootloader_open(src, &f->bootloader, err);

    if (rc < 0)
        return rc;
    add_header(src, f, "descriptor");
    add(f, "image", &f->bootloader.image);
    return 0;
}

static int
open_generic(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_generic_bl_open(src, &f->generic_bl, err);

    if (rc < 0)
        return rc;
    add_header(src, f, "descriptor");
    add(f, "image", &f->generic_bl.image);
    add(f, "code", &f->generic_bl.code);
    add(f, "data", &f->generic_bl.data);
    return 0;
}

/* A range of the image that gsp_fw_hs_open() checked. */
static void
add_range(struct gsp_fw_file *f, const char *name, uint32_t off, uint32_t bytes)
{
    const struct gsp_fw_slice *image = &f->hs.image;

    add(f, name, &(struct gsp_fw_slice){image->data + off, bytes, image->off + off});
}

static int
open_hs(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_hs_open(src, &f->hs, err);

    if (rc < 0)
        return rc;
    add_header(src, f, "header");
    add(f, "signatures", &f->hs.signatures);
    add(f, "image", &f->hs.image);
    add_range(f, "os-code", f->hs.os_code_off, f->hs.os_code_bytes);
    add_range(f, "os-data", f->hs.os_data_off, f->hs.os_data_bytes);
    add_range(f, "app-code", f->hs.app_code_off, f->hs.app_code_bytes);
    add_range(f, "app-data", f->hs.app_data_off, f->hs.app_data_bytes);
    return 0;
}

static int
open_fmc(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_fmc_open(src, &f->fmc, err);

    add(f, "hash", &f->fmc.hash);
    add(f, "signature", &f->fmc.signature);
    add(f, "publickey", &f->fmc.public_key);
    add(f, "image", &f->fmc.image);
    return rc;
}

static int
open_other(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_nvfw_open(src, &f->nvfw, err);

    add(f, "header", &f->nvfw.header);
    add(f, "data", &f->nvfw.data);
    return rc;
}

static int
open_run(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    int rc = gsp_fw_run_open(src, &f->run, err);

    add(f, "script", &f->run.script);
    add(f, "payload", &f->run.payload);
    return rc;
}

/* Every array of the file has to parse. */
static int
open_arrays(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    struct gsp_fw_array array;
    unsigned count = 0;
    int rc;

    gsp_fw_arrays_init(src, &f->arrays);
    while ((rc = gsp_fw_arrays_next(&f->arrays, &array, err)) == 0)
        count++;
    if (rc != -ENOENT)
        return rc;
    gsp_fw_arrays_init(src, &f->arrays);
    return count ? 0 : fw_bad(src, err, 0, "no array of ucode");
}

static int
open_unknown(const struct gsp_fw_source *src, struct gsp_fw_file *f, struct gsp_error *err)
{
    (void)f;
    return fw_bad(src, err, 0, "not a firmware file of a known kind");
}

int
gsp_fw_open(const struct gsp_fw_source *src, struct gsp_fw_file *out, struct gsp_error *err)
{
    static int (*const open[GSP_FW_KINDS])(const struct gsp_fw_source *, struct gsp_fw_file *,
                                           struct gsp_error *) = {
        [GSP_FW_KIND_UNKNOWN] = open_unknown,
        [GSP_FW_KIND_GSP] = open_gsp,
        [GSP_FW_KIND_BOOTLOADER] = open_bootloader,
        [GSP_FW_KIND_HS] = open_hs,
        [GSP_FW_KIND_GENERIC_BL] = open_generic,
        [GSP_FW_KIND_FMC] = open_fmc,
        [GSP_FW_KIND_ARRAYS] = open_arrays,
        [GSP_FW_KIND_RUN] = open_run,
        [GSP_FW_KIND_NVFW] = open_other,
    };
    int rc;

    memset(out, 0, sizeof(*out));
    out->kind = gsp_fw_kind_of(src);
    rc = open[out->kind](src, out, err);
    if (rc < 0)
        memset(out, 0, sizeof(*out));
    return rc;
}
