/* SPDX-License-Identifier: MIT */
/*
 * A trace file of any bytes. Every byte of it ends up in a record or is told as damage; every
 * record that comes out can be shown, as text, as JSON and as bytes, and none of its pointers
 * lead outside. The first bytes may be broken checksums: they are put right first, so that
 * what is behind them is reached.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/trace.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 64, HEADER_SUM = 4, PAYLOAD_SUM = 8, LENGTH = 12 };

static void
put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
}

/* Make the checksums right wherever a record seems to begin. */
static void
mend(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + GSP_TRACE_HEADER <= size; at += 8) {
        uint32_t length;

        if (memcmp(data + at, "NVT1", 4) != 0)
            continue;
        memcpy(&length, data + at + LENGTH, 4);
        if (length > size - at - GSP_TRACE_HEADER)
            length = (uint32_t)(size - at - GSP_TRACE_HEADER) & ~7u;
        put32(data + at + LENGTH, length);
        put32(data + at + PAYLOAD_SUM,
              (uint32_t)crc32_z(0, data + at + GSP_TRACE_HEADER, length));
        put32(data + at + HEADER_SUM,
              (uint32_t)crc32_z(0, data + at + PAYLOAD_SUM, GSP_TRACE_HEADER - PAYLOAD_SUM));
        at += GSP_TRACE_HEADER + length - 8;
    }
}

static void
show(struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    struct gsp_text text = {0};

    if (gsp_trace_record_text(abi, r, 0, &text, NULL) < 0 ||
        gsp_trace_record_json(abi, r, 0, &text, NULL) < 0 ||
        gsp_trace_record_json(abi, r, GSP_TRACE_SHOW_RAW, &text, NULL) < 0)
        abort();
    gsp_text_fini(&text);
}

static void
note(void *ctx, const struct gsp_trace_damage *d)
{
    *(uint64_t *)ctx += d->bytes;
}

static void
read_all(const uint8_t *data, size_t size)
{
    uint64_t damaged = 0, used = 0;
    const struct gsp_trace_reader_config config = {
        .schema = nvrm_schema_builtin(), .damage = note, .ctx = &damaged};
    struct gsp_trace_reader *r;
    struct gsp_trace_record record;
    struct gsp_error err = {0};
    int rc;

    if (gsp_trace_open_memory(data, size, &config, &r, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    for (unsigned n = 0; (rc = gsp_trace_next(r, &record, &err)) == 0; n++) {
        used += record.bytes;
        if (n < RECORDS)
            show(gsp_trace_abi(r), &record);
    }
    if (rc == -ENODATA && (used + damaged != size || damaged != gsp_trace_damaged_bytes(r)))
        abort();
    gsp_trace_close(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (!copy)
        abort();
    read_all(data, size);
    memcpy(copy, data, size);
    mend(copy, size);
    read_all(copy, size);
    free(copy);
    return 0;
}
