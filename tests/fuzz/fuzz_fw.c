/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a firmware file: whatever opens must hold its slices inside the input, can be
 * verified, and unpacks without reading or writing past anything.
 */
#include <errno.h>
#include <stdlib.h>

#include <gsp/fw.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

/* Touch both ends, so that a sanitizer sees a slice that is too long. */
static void
touch(const struct gsp_fw_slice *s, const uint8_t *data, size_t size)
{
    if (!s->bytes)
        return;
    if (s->data < data || s->bytes > size || (size_t)(s->data - data) > size - s->bytes ||
        s->off != (uint64_t)(s->data - data))
        abort();
    sink = s->data[0] ^ s->data[s->bytes - 1];
}

static void
walk_elf(const struct gsp_fw_elf *elf, const uint8_t *data, size_t size)
{
    struct gsp_fw_section section;
    struct gsp_fw_segment segment;

    for (unsigned i = 0; i < elf->sections && i < 64; i++) {
        if (gsp_fw_elf_section(elf, i, &section, NULL) == 0)
            touch(&section.data, data, size);
    }
    for (unsigned i = 0; i < elf->segments && i < 64; i++) {
        if (gsp_fw_elf_segment(elf, i, &segment, NULL) == 0)
            touch(&segment.data, data, size);
    }
}

static void
try_signatures(const struct gsp_fw_hs *hs, const uint8_t *data, size_t size)
{
    struct gsp_fw_slice s;

    for (unsigned v = 0; v < 40; v++) {
        if (gsp_fw_hs_signature(hs, v, &s, NULL) == 0)
            touch(&s, data, size);
    }
}

static void
unpack_all(const struct gsp_fw_source *src)
{
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array array;
    struct gsp_fw_archive_id id;
    uint8_t *out;
    size_t out_bytes;

    gsp_fw_arrays_init(src, &arrays);
    while (gsp_fw_arrays_next(&arrays, &array, NULL) == 0) {
        gsp_fw_archive_identify(array.archive, &id);
        out = malloc(array.data_bytes ? array.data_bytes : 1);
        if (out && gsp_fw_array_unpack(src, &array, NULL, out, array.data_bytes, NULL) == 0 &&
            array.data_bytes)
            sink = out[array.data_bytes - 1];
        free(out);
    }
    for (unsigned debug = 0; debug < 2; debug++) {
        if (gsp_fw_arrays_pack(src, debug, NULL, &out, &out_bytes, NULL) == 0)
            gsp_host_free(NULL, out);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gsp_fw_source src = {"fuzz", data, size, 0};
    struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
    struct gsp_error err = {0};
    struct gsp_fw_file file;
    int rc = gsp_fw_open(&src, &file, &err);

    if (rc != 0 && (rc != -EBADMSG || !err.text[0]))
        abort();
    for (unsigned i = 0; i < file.part_count; i++)
        touch(&file.parts[i].data, data, size);
    if (rc != 0)
        return 0;
    if (gsp_fw_verify(&file, checks, GSP_FW_CHECKS_MAX) > GSP_FW_CHECKS_MAX)
        abort();
    if (file.kind == GSP_FW_KIND_GSP)
        walk_elf(&file.gsp.elf, data, size);
    else if (file.kind == GSP_FW_KIND_HS)
        try_signatures(&file.hs, data, size);
    else if (file.kind == GSP_FW_KIND_ARRAYS)
        unpack_all(&src);
    return 0;
}
