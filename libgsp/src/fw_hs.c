/* SPDX-License-Identifier: MIT */
/*
 * Signed falcon ucodes in an nvfw wrapper (nvfw_hs_header_v2): booters and the scrubber.
 * Several values stand behind file offsets in the header, one indirection each.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "fw_nvfw_priv.h"

enum { SIGNATURE_AES = 16, SIGNATURE_RSA3K = 384 };

/* The word that stands at the file offset in header word i. */
static int
read_behind(const struct gsp_fw_source *src, const uint8_t *header, unsigned i,
            const char *what, uint32_t *value_out, struct gsp_error *err)
{
    struct gsp_fw_slice s;
    int rc = fw_take(src, fw_u32(header + (size_t)4 * i), 4, what, &s, err);

    if (rc == 0)
        *value_out = fw_u32(s.data);
    return rc;
}

static int
read_meta(const struct gsp_fw_source *src, const uint8_t *header, struct gsp_fw_hs *hs,
          struct gsp_error *err)
{
    struct gsp_fw_slice s;
    int rc;

    if (fw_u32(header + 20) != HS_META_BYTES)
        return fw_bad(src, err, (uint64_t)(header - src->data) + 20,
                      "patch metadata of %u bytes, not %u", fw_u32(header + 20), HS_META_BYTES);
    rc = fw_take(src, fw_u32(header + 16), HS_META_BYTES, "patch metadata", &s, err);
    if (rc < 0)
        return rc;
    hs->fuse_version = fw_u32(s.data);
    hs->engine_id = fw_u32(s.data + 4);
    hs->ucode_id = fw_u32(s.data + 8);
    return 0;
}

static int
read_signatures(const struct gsp_fw_source *src, const uint8_t *header, struct gsp_fw_hs *hs,
                struct gsp_error *err)
{
    const uint64_t at = fw_u32(header);
    int rc = fw_take(src, at, fw_u32(header + 4), "signatures", &hs->signatures, err);

    if (rc == 0)
        rc = read_behind(src, header, 2, "patch location", &hs->patch_off, err);
    if (rc == 0)
        rc = read_behind(src, header, 3, "patch signature", &hs->patch_signature, err);
    if (rc == 0)
        rc = read_meta(src, header, hs, err);
    if (rc == 0)
        rc = read_behind(src, header, 6, "number of signatures", &hs->signature_count, err);
    if (rc < 0)
        return rc;
    if (!hs->signature_count || hs->signatures.bytes % hs->signature_count)
        return fw_bad(src, err, at, "%u signatures in %llu bytes", hs->signature_count,
                      (unsigned long long)hs->signatures.bytes);
    hs->signature_bytes = (uint32_t)(hs->signatures.bytes / hs->signature_count);
    if (hs->signature_bytes != SIGNATURE_AES && hs->signature_bytes != SIGNATURE_RSA3K)
        return fw_bad(src, err, at, "signatures of %u bytes; 16 and 384 are known",
                      hs->signature_bytes);
    if (hs->patch_signature)
        return fw_bad(src, err, fw_u32(header + 12), "patch signature index %u, not 0",
                      hs->patch_signature);
    return 0;
}

static int
read_load_header(const struct gsp_fw_source *src, const uint8_t *header, struct gsp_fw_hs *hs,
                 struct gsp_error *err)
{
    const uint64_t at = fw_u32(header + 28);
    struct gsp_fw_slice s;
    int rc;

    if (fw_u32(header + 32) != HS_LOAD_BYTES)
        return fw_bad(src, err, (uint64_t)(header - src->data) + 32,
                      "load header of %u bytes, not %u", fw_u32(header + 32), HS_LOAD_BYTES);
    rc = fw_take(src, at, HS_LOAD_BYTES, "load header", &s, err);
    if (rc < 0)
        return rc;
    if (fw_u32(s.data + 16) != 1)
        return fw_bad(src, err, at + 16, "%u applications, not 1", fw_u32(s.data + 16));
    hs->os_code_off = fw_u32(s.data);
    hs->os_code_bytes = fw_u32(s.data + 4);
    hs->os_data_off = fw_u32(s.data + 8);
    hs->os_data_bytes = fw_u32(s.data + 12);
    hs->app_code_off = fw_u32(s.data + 20);
    hs->app_code_bytes = fw_u32(s.data + 24);
    hs->app_data_off = fw_u32(s.data + 28);
    hs->app_data_bytes = fw_u32(s.data + 32);
    return 0;
}

static int
check_image(const struct gsp_fw_source *src, struct gsp_fw_hs *hs, struct gsp_error *err)
{
    const struct {
        const char *what;
        uint32_t off, bytes;
    } ranges[] = {
        {"OS code",            hs->os_code_off,  hs->os_code_bytes  },
        {"OS data",            hs->os_data_off,  hs->os_data_bytes  },
        {"application code",   hs->app_code_off, hs->app_code_bytes },
        {"application data",   hs->app_data_off, hs->app_data_bytes },
        {"the patch location", hs->patch_off,    hs->signature_bytes},
    };
    struct gsp_fw_slice unused;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].bytes)
            rc = fw_take_in(src, &hs->image, ranges[i].off, ranges[i].bytes, ranges[i].what,
                            &unused, err);
    }
    if (rc < 0)
        return rc;
    if (!hs->app_code_bytes || !hs->os_data_bytes)
        return fw_bad(src, err, hs->image.off - src->base, "no secure code or no data");
    if (hs->patch_off < hs->os_data_off)
        return fw_bad(src, err, hs->image.off - src->base,
                      "the patch location 0x%x lies below the data at 0x%x", hs->patch_off,
                      hs->os_data_off);
    hs->pkc_data_off = hs->patch_off - hs->os_data_off;
    return 0;
}

int
gsp_fw_hs_open(const struct gsp_fw_source *src, struct gsp_fw_hs *out, struct gsp_error *err)
{
    struct gsp_fw_hs hs = {0};
    struct gsp_fw_slice header;
    struct gsp_fw_nvfw n;
    int rc = gsp_fw_nvfw_open(src, &n, err);

    memset(out, 0, sizeof(*out));
    if (rc == 0)
        rc = fw_take_in(src, &n.header, 0, HS_HEADER_BYTES, "signed ucode's header", &header,
                        err);
    if (rc)
        return rc;
    hs.image = n.data;
    rc = read_signatures(src, header.data, &hs, err);
    if (rc == 0)
        rc = read_load_header(src, header.data, &hs, err);
    if (rc == 0)
        rc = check_image(src, &hs, err);
    if (rc == 0)
        *out = hs;
    return rc;
}

int
gsp_fw_hs_signature(const struct gsp_fw_hs *hs, unsigned fuse_version,
                    struct gsp_fw_slice *signature_out, struct gsp_error *err)
{
    unsigned index = 0;
    uint64_t off;

    *signature_out = (struct gsp_fw_slice){0};
    if (hs->signature_count > 1) {
        if (fuse_version > hs->signature_count - 1)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                            "no signature for fuse version %u: the image has %u", fuse_version,
                            hs->signature_count);
        index = hs->signature_count - 1 - fuse_version;
    }
    off = (uint64_t)index * hs->signature_bytes;
    *signature_out = (struct gsp_fw_slice){hs->signatures.data + off, hs->signature_bytes,
                                           hs->signatures.off + off};
    return 0;
}
