/* SPDX-License-Identifier: MIT */
/*
 * Checks on a ROM that parses: what a boot would miss in it.
 */
#include <string.h>

#include "fw_bytes_priv.h"
#include "fw_report_priv.h"
#include "vbios_priv.h"

enum { NVIDIA = 0x10de };

/* PCI asks that a base image's bytes add up to zero; NVIDIA's extensions need not. */
static void
verify_image(struct fw_report *r, const struct gsp_vbios_image *image)
{
    unsigned sum = 0;

    for (uint64_t i = 0; i < image->data.bytes; i++)
        sum += image->data.data[i];
    if (image->code_type == GSP_VBIOS_CODE_BASE)
        fw_note(r, "checksum", (sum & 0xff) == 0, "base image: bytes add up to 0x%02x",
                sum & 0xff);
    fw_note(r, "image", image->vendor == NVIDIA, "%s, type 0x%02x, %04x:%04x", image->signature,
            image->code_type, image->vendor, image->device);
}

static void
verify_fwsec(struct fw_report *r, const struct gsp_vbios *v, bool debug)
{
    struct gsp_error err = {0};
    struct gsp_fwsec f;

    if (gsp_vbios_fwsec(v, debug, &f, &err) < 0) {
        fw_note(r, debug ? "FWSEC, debug" : "FWSEC", debug && err.origin == GSP_ORIGIN_INPUT,
                "%s", err.text);
        return;
    }
    fw_note(r, debug ? "FWSEC, debug" : "FWSEC", true,
            "descriptor version %u, code 0x%llx, data 0x%llx", f.desc_version,
            (unsigned long long)f.imem.bytes, (unsigned long long)f.dmem.bytes);
    fw_note(r, "DMEM mapper", !strcmp(f.mapper.signature, "DMAP") && f.mapper.version == 3,
            "at 0x%x, version %u, signature %.4s", f.mapper.off, f.mapper.version,
            f.mapper.signature);
    fw_note(r, "command buffer", f.mapper.cmd_in_bytes >= GSP_FWSEC_COMMAND_MAX,
            "0x%x bytes at 0x%x", f.mapper.cmd_in_bytes, f.mapper.cmd_in_off);
}

unsigned
gsp_vbios_verify(const struct gsp_vbios *vbios, struct gsp_fw_check *checks,
                 unsigned checks_max)
{
    struct fw_report r = {checks, 0, checks_max};

    for (unsigned i = 0; i < vbios->image_count; i++)
        verify_image(&r, &vbios->images[i]);
    fw_note(&r, "whole", !vbios->truncated, "%u images, 0x%llx bytes%s", vbios->image_count,
            (unsigned long long)vbios->rom.bytes,
            vbios->truncated ? ", and the last one says that more follow" : "");
    fw_note(&r, "BIT", vbios->has_bit, "%u tokens at 0x%x", vbios->token_count, vbios->bit_off);
    fw_note(&r, "version", vbios->version[0] != '\0', "%s", vbios->version);
    fw_note(&r, "ucode table", vbios->has_ucodes, "%u ucodes at 0x%x", vbios->ucode_count,
            vbios->ucode_table_off);
    verify_fwsec(&r, vbios, false);
    verify_fwsec(&r, vbios, true);
    return r.count;
}
