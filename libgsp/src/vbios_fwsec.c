/* SPDX-License-Identifier: MIT */
/*
 * FWSEC: its descriptor in either version, where its command goes, and which signature a chip's
 * fuses ask for.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "vbios_priv.h"

enum {
    DESC_V2 = 60,
    DESC_V3 = 44,
    BLOCK = 256,
    INTERFACE_HEADER = 4,
    INTERFACE_ROW = 8,
    INTERFACE_DMEMMAPPER = 4,
    MAPPER_BYTES = 64,
    MAPPER_INIT_CMD = 44,
    READ_VBIOS_BYTES = 24,
    REGION_BYTES = 20,
    REGION_PAGES = 0x100, /* 1 MiB */
    MEDIA_FB = 2,
};

static uint64_t
at_of(const struct gsp_vbios *v, const struct gsp_fw_slice *s)
{
    return s->off - v->src.base;
}

/* Loaded [phys, phys+bytes) has to fit the whole blocks that are set aside for it. */
static int
check_load(const struct gsp_vbios *v, const struct gsp_fwsec *f, const char *what,
           uint32_t phys, uint64_t bytes, struct gsp_error *err)
{
    const uint64_t room = (bytes + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);

    if (phys + bytes > room)
        return fw_bad(&v->src, err, at_of(v, &f->desc),
                      "%s loads at 0x%x, past its 0x%llx bytes", what, phys,
                      (unsigned long long)room);
    return 0;
}

static int
read_v2(const struct gsp_vbios *v, uint64_t image, struct gsp_fwsec *f, struct gsp_error *err)
{
    const uint8_t *d = f->desc.data;
    const uint32_t load = fw_u32(d + 24), sec_base = fw_u32(d + 32);
    int rc;

    f->virtual_entry = fw_u32(d + 12);
    f->interface_off = fw_u32(d + 16);
    f->imem_phys = fw_u32(d + 20);
    f->imem_virt = fw_u32(d + 28);
    f->imem_sec_bytes = fw_u32(d + 36);
    f->dmem_phys = fw_u32(d + 44);
    if (f->imem_sec_bytes > load || sec_base < f->imem_virt)
        return fw_bad(&v->src, err, at_of(v, &f->desc),
                      "secure code 0x%x+0x%x does not fit code at 0x%x of 0x%x bytes", sec_base,
                      f->imem_sec_bytes, f->imem_virt, load);
    f->imem_ns_bytes = load - f->imem_sec_bytes;
    f->imem_sec_off = sec_base - f->imem_virt + f->imem_phys;
    rc = vbios_take(v, image, load, "FWSEC code", &f->imem, err);
    if (rc == 0)
        rc = vbios_take(v, image + fw_u32(d + 40), fw_u32(d + 48), "FWSEC data", &f->dmem, err);
    if (rc == 0)
        rc = check_load(v, f, "code", f->imem_phys, f->imem.bytes, err);
    return rc < 0 ? rc : check_load(v, f, "data", f->dmem_phys, f->dmem.bytes, err);
}

static int
read_signatures(const struct gsp_vbios *v, struct gsp_fwsec *f, struct gsp_error *err)
{
    const uint64_t bytes = (uint64_t)f->signature_count * GSP_FWSEC_SIGNATURE_BYTES;
    int rc =
        fw_take_in(&v->src, &f->desc, DESC_V3, bytes, "FWSEC signatures", &f->signatures, err);

    if (rc < 0)
        return rc;
    if (!f->signature_count || __builtin_popcount(f->signature_versions) != f->signature_count)
        return fw_bad(&v->src, err, at_of(v, &f->desc), "%u signatures for the versions 0x%04x",
                      f->signature_count, f->signature_versions);
    if (f->pkc_data_off > f->dmem.bytes ||
        GSP_FWSEC_SIGNATURE_BYTES > f->dmem.bytes - f->pkc_data_off)
        return fw_bad(&v->src, err, at_of(v, &f->desc),
                      "the signature goes to 0x%x, past 0x%llx bytes of data", f->pkc_data_off,
                      (unsigned long long)f->dmem.bytes);
    return 0;
}

static int
read_v3(const struct gsp_vbios *v, uint64_t image, struct gsp_fwsec *f, struct gsp_error *err)
{
    const uint8_t *d = f->desc.data;
    const uint64_t load = fw_u32(d + 20), data = fw_u32(d + 32);
    const uint64_t stored = ((uint64_t)f->stored_bytes + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
    int rc;

    f->pkc_data_off = fw_u32(d + 8);
    f->interface_off = fw_u32(d + 12);
    f->imem_phys = fw_u32(d + 16);
    f->imem_virt = fw_u32(d + 24);
    f->dmem_phys = fw_u32(d + 28);
    f->engine_id_mask = fw_u16(d + 36);
    f->ucode_id = d[38];
    f->signature_count = d[39];
    f->signature_versions = fw_u16(d + 40);
    if (load + data > stored)
        return fw_bad(&v->src, err, at_of(v, &f->desc),
                      "code 0x%llx and data 0x%llx exceed the stored 0x%x bytes",
                      (unsigned long long)load, (unsigned long long)data, f->stored_bytes);
    rc = vbios_take(v, image, load, "FWSEC code", &f->imem, err);
    if (rc == 0)
        rc = vbios_take(v, image + load, data, "FWSEC data", &f->dmem, err);
    return rc < 0 ? rc : read_signatures(v, f, err);
}

static int
read_desc(const struct gsp_vbios *v, uint64_t off, struct gsp_fwsec *f, struct gsp_error *err)
{
    struct gsp_fw_slice s;
    uint32_t header, bytes;
    int rc = vbios_take(v, off, 8, "FWSEC descriptor", &s, err);

    if (rc < 0)
        return rc;
    header = fw_u32(s.data);
    bytes = header >> 16;
    f->desc_version = header & 1 ? header >> 8 & 0xff : 0;
    f->encrypted = header & 4;
    f->stored_bytes = fw_u32(s.data + 4);
    if ((f->desc_version != 2 || bytes < DESC_V2) && (f->desc_version != 3 || bytes < DESC_V3))
        return fw_bad(&v->src, err, at_of(v, &s),
                      "FWSEC descriptor version %u of %u bytes; 2 and 3 are known",
                      f->desc_version, bytes);
    rc = vbios_take(v, off, bytes, "FWSEC descriptor", &f->desc, err);
    if (rc < 0)
        return rc;
    return f->desc_version == 2 ? read_v2(v, off + bytes, f, err)
                                : read_v3(v, off + bytes, f, err);
}

/* ---- the application interface in DMEM ---- */

static int
read_mapper(const struct gsp_vbios *v, uint32_t off, struct gsp_fwsec *f, struct gsp_error *err)
{
    struct gsp_fwsec_mapper *m = &f->mapper;
    struct gsp_fw_slice s, unused;
    int rc = fw_take_in(&v->src, &f->dmem, off, MAPPER_BYTES, "DMEM mapper", &s, err);

    if (rc < 0)
        return rc;
    m->off = off;
    memcpy(m->signature, s.data, 4);
    m->version = fw_u16(s.data + 4);
    m->bytes = fw_u16(s.data + 6);
    m->cmd_in_off = fw_u32(s.data + 8);
    m->cmd_in_bytes = fw_u32(s.data + 12);
    m->cmd_out_off = fw_u32(s.data + 16);
    m->cmd_out_bytes = fw_u32(s.data + 20);
    m->init_cmd_off = off + MAPPER_INIT_CMD;
    return fw_take_in(&v->src, &f->dmem, m->cmd_in_off, m->cmd_in_bytes, "command buffer",
                      &unused, err);
}

static int
read_interface(const struct gsp_vbios *v, struct gsp_fwsec *f, struct gsp_error *err)
{
    struct gsp_fw_slice s, rows;
    unsigned header_bytes, row_bytes, count;
    int rc = fw_take_in(&v->src, &f->dmem, f->interface_off, INTERFACE_HEADER,
                        "application interface", &s, err);

    if (rc < 0)
        return rc;
    header_bytes = s.data[1];
    row_bytes = s.data[2];
    count = s.data[3];
    if (header_bytes < INTERFACE_HEADER || row_bytes < INTERFACE_ROW || count < 2)
        return fw_bad(&v->src, err, at_of(v, &s),
                      "application interface: header %u bytes, %u rows of %u", header_bytes,
                      count, row_bytes);
    rc = fw_take_in(&v->src, &f->dmem, (uint64_t)f->interface_off + header_bytes,
                    (uint64_t)row_bytes * count, "application interface", &rows, err);
    for (unsigned i = 0; rc == 0 && i < count; i++) {
        const uint8_t *row = rows.data + (uint64_t)i * row_bytes;

        if (fw_u32(row) == INTERFACE_DMEMMAPPER)
            return read_mapper(v, fw_u32(row + 4), f, err);
    }
    return rc < 0 ? rc
                  : fw_bad(&v->src, err, at_of(v, &s), "no DMEM mapper among %u interfaces",
                           count);
}

static const struct gsp_vbios_ucode *
find_ucode(const struct gsp_vbios *v, bool debug)
{
    const uint8_t want = debug ? GSP_FWSEC_APP_DEBUG : GSP_FWSEC_APP_PROD;

    for (unsigned i = 0; i < v->ucode_count; i++) {
        if (v->ucodes[i].app_id == want || v->ucodes[i].app_id == GSP_FWSEC_APP_LEGACY)
            return &v->ucodes[i];
    }
    return NULL;
}

int
gsp_vbios_fwsec(const struct gsp_vbios *vbios, bool debug, struct gsp_fwsec *out,
                struct gsp_error *err)
{
    const struct gsp_vbios_ucode *ucode = find_ucode(vbios, debug);
    struct gsp_fwsec f = {0};
    int rc;

    memset(out, 0, sizeof(*out));
    if (!ucode)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: no %s-signed FWSEC%s",
                        fw_name(&vbios->src), debug ? "debug" : "production",
                        vbios->truncated ? ": the ROM is cut before its extension image" : "");
    f.app_id = ucode->app_id;
    rc = read_desc(vbios, (uint64_t)vbios->expansion_off + ucode->desc_ptr, &f, err);
    if (rc == 0)
        rc = read_interface(vbios, &f, err);
    if (rc == 0)
        *out = f;
    return rc;
}

unsigned
gsp_fwsec_fuse_version(uint32_t fuse)
{
    return fuse ? 32 - (unsigned)__builtin_clz(fuse) : 0;
}

int
gsp_fwsec_signature(const struct gsp_fwsec *fwsec, unsigned fuse_version,
                    struct gsp_fw_slice *signature_out, struct gsp_error *err)
{
    const unsigned bit = fuse_version < 16 ? 1u << fuse_version : 0;
    uint64_t off;

    *signature_out = (struct gsp_fw_slice){0};
    if (!(fwsec->signature_versions & bit))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "FWSEC has no signature for fuse version %u (versions 0x%04x)",
                        fuse_version, fwsec->signature_versions);
    off = (uint64_t)__builtin_popcount(fwsec->signature_versions & (bit - 1)) *
          GSP_FWSEC_SIGNATURE_BYTES;
    if (off + GSP_FWSEC_SIGNATURE_BYTES > fwsec->signatures.bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE, "FWSEC has too few signatures");
    *signature_out = (struct gsp_fw_slice){
        fwsec->signatures.data + off, GSP_FWSEC_SIGNATURE_BYTES, fwsec->signatures.off + off};
    return 0;
}

/* READ_VBIOS, and for FRTS the region behind it. */
static unsigned
write_command(uint8_t *to, enum gsp_fwsec_command command, uint64_t frts_off)
{
    const uint32_t words[] = {
        1,
        READ_VBIOS_BYTES,
        0,
        0,
        0,
        2, /* version, size, offset, size, flags */
        1,
        REGION_BYTES,
        (uint32_t)(frts_off >> 12),
        REGION_PAGES,
        MEDIA_FB,
    };
    const unsigned bytes = command == GSP_FWSEC_FRTS ? sizeof(words) : READ_VBIOS_BYTES;

    for (unsigned i = 0; i < bytes / 4; i++)
        fw_put_u32(to + (size_t)4 * i, words[i]);
    return bytes;
}

static int
check_request(const struct gsp_fwsec *f, enum gsp_fwsec_command command, uint64_t frts_off,
              const struct gsp_fw_slice *signature, struct gsp_error *err)
{
    if (command != GSP_FWSEC_FRTS && command != GSP_FWSEC_SB)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "FWSEC has no command 0x%x", command);
    if (command == GSP_FWSEC_FRTS &&
        (!frts_off || frts_off & 0xfff || frts_off >> 12 > UINT32_MAX))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "FRTS cannot lie at 0x%llx",
                        (unsigned long long)frts_off);
    if (f->desc_version == 3 && (!signature || signature->bytes != GSP_FWSEC_SIGNATURE_BYTES))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "FWSEC needs a signature");
    return 0;
}

int
gsp_fwsec_dmem(const struct gsp_fwsec *fwsec, enum gsp_fwsec_command command, uint64_t frts_off,
               const struct gsp_fw_slice *signature, uint8_t *dmem_out, struct gsp_error *err)
{
    uint8_t words[GSP_FWSEC_COMMAND_MAX];
    unsigned bytes;
    int rc = check_request(fwsec, command, frts_off, signature, err);

    if (rc < 0)
        return rc;
    bytes = write_command(words, command, frts_off);
    if (bytes > fwsec->mapper.cmd_in_bytes)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "FWSEC's command buffer holds %u of %u bytes",
                        fwsec->mapper.cmd_in_bytes, bytes);
    memcpy(dmem_out, fwsec->dmem.data, fwsec->dmem.bytes);
    fw_put_u32(dmem_out + fwsec->mapper.init_cmd_off, (uint32_t)command);
    memcpy(dmem_out + fwsec->mapper.cmd_in_off, words, bytes);
    if (fwsec->desc_version == 3)
        memcpy(dmem_out + fwsec->pkc_data_off, signature->data, signature->bytes);
    return 0;
}
