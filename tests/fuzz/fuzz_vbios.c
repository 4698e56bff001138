/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a ROM: what opens keeps its ranges inside the input, and a FWSEC that is found
 * can be prepared for every command.
 */
#include <errno.h>
#include <stdlib.h>

#include <gsp/vbios.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void
touch(const struct gsp_fw_slice *s, const uint8_t *data, size_t size)
{
    if (!s->bytes)
        return;
    if (s->data < data || s->bytes > size || (size_t)(s->data - data) > size - s->bytes)
        abort();
    sink = s->data[0] ^ s->data[s->bytes - 1];
}

static void
try_commands(const struct gsp_fwsec *f, const uint8_t *data, size_t size)
{
    uint8_t *dmem = malloc(f->dmem.bytes);
    struct gsp_fw_slice s;

    if (!dmem)
        abort();
    for (unsigned version = 0; version < 18; version++) {
        if (gsp_fwsec_signature(f, version, &s, NULL) < 0)
            continue;
        touch(&s, data, size);
        if (gsp_fwsec_dmem(f, GSP_FWSEC_FRTS, 0x1000, &s, dmem, NULL) == 0)
            sink = dmem[f->dmem.bytes - 1];
    }
    if (gsp_fwsec_dmem(f, GSP_FWSEC_SB, 0, NULL, dmem, NULL) == 0)
        sink = dmem[0];
    free(dmem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gsp_fw_source src = {"fuzz", data, size, 0};
    struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
    struct gsp_error err = {0};
    struct gsp_vbios v;
    struct gsp_fwsec f;
    int rc = gsp_vbios_open(&src, &v, &err);

    if (rc != 0 && (rc != -EBADMSG || !err.text[0]))
        abort();
    if (rc != 0)
        return 0;
    touch(&v.rom, data, size);
    for (unsigned i = 0; i < v.image_count; i++)
        touch(&v.images[i].data, data, size);
    if (gsp_vbios_verify(&v, checks, GSP_FW_CHECKS_MAX) > GSP_FW_CHECKS_MAX)
        abort();
    for (unsigned debug = 0; debug < 2; debug++) {
        if (gsp_vbios_fwsec(&v, debug, &f, NULL) < 0)
            continue;
        touch(&f.desc, data, size);
        touch(&f.imem, data, size);
        touch(&f.dmem, data, size);
        try_commands(&f, data, size);
    }
    return 0;
}
