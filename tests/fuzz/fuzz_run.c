/* SPDX-License-Identifier: MIT */
/*
 * A .run archive of any bytes: the first one picks the packing, the rest is what stands behind
 * the script. Reading ends, and members come in the sizes that were announced.
 */
#include <stdlib.h>
#include <string.h>

#include "../../cli/fw_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct member {
    uint64_t left;
    uint64_t all;
};

static int
want(void *ctx, const char *name, uint64_t bytes)
{
    struct member *m = ctx;

    m->left = bytes;
    return strlen(name) & 1;
}

/* No more bytes than the header said; and a fuzzer need not unpack gigabytes. */
static int
take(void *ctx, const void *data, size_t bytes)
{
    struct member *m = ctx;

    if (!data || bytes > m->left)
        abort();
    m->left -= bytes;
    m->all += bytes;
    return m->all > 1 << 20 ? -1 : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct member m = {0};
    const struct fw_tar_reader reader = {&m, want, take};
    struct gsp_fw_source src = {"fuzz", data, size, 0};
    struct gsp_fw_run run = {0};
    struct gsp_error err = {0};

    if (!size)
        return 0;
    run.packing = (enum gsp_fw_packing)(data[0] % (GSP_FW_PACKED_ZSTD + 1));
    run.payload = (struct gsp_fw_slice){data + 1, size - 1, 1};
    if (fw_tar_read(&src, &run, &reader, &err) < 0 && m.all <= 1 << 20 && !err.text[0])
        abort();
    return 0;
}
