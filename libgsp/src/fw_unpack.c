/* SPDX-License-Identifier: MIT */
/*
 * Arrays to bytes. A packed array is raw deflate with gzip's trailer: CRC-32 and length of what
 * it unpacks to, both checked.
 */
#include <errno.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "fw_arrays_priv.h"

enum { TRAILER_BYTES = 8, CHUNK = 4096 };

struct unpack {
    const struct gsp_fw_array *array;
    struct fw_numbers numbers;
    uint32_t left; /* packed bytes not yet handed out */
};

/* Up to `most` bytes of the array. */
static int
take_bytes(struct unpack *u, uint8_t *to, uint32_t most, struct gsp_error *err)
{
    uint32_t n = 0, value;

    while (n < most && u->left) {
        const int rc = fw_numbers_next(&u->numbers, &value, err);

        if (rc <= 0)
            return rc < 0 ? rc : fw_bad(u->numbers.src, err, u->numbers.at, "the array ends");
        for (unsigned i = 0; i < u->array->element_bytes; i++, u->left--)
            to[n++] = (uint8_t)(value >> (8 * i));
    }
    return (int)n;
}

static void *
zlib_alloc(void *host, unsigned items, unsigned bytes)
{
    return gsp_host_alloc(host, (size_t)items * bytes);
}

static void
zlib_free(void *host, void *p)
{
    gsp_host_free(host, p);
}

static int
bad_array(const struct unpack *u, struct gsp_error *err, const char *why)
{
    return fw_bad(u->numbers.src, err, u->array->text.off - u->numbers.src->base, "%s %s",
                  u->array->label, why);
}

/* Feed everything but the trailer; the stream has to end exactly there and fill the output. */
static int
inflate_all(struct unpack *u, z_stream *z, struct gsp_error *err)
{
    uint8_t chunk[CHUNK];
    int status = Z_OK;

    while (u->left > TRAILER_BYTES && status == Z_OK) {
        const uint32_t body = u->left - TRAILER_BYTES;
        const int n = take_bytes(u, chunk, body < CHUNK ? body : CHUNK, err);

        if (n < 0)
            return n;
        z->next_in = chunk;
        z->avail_in = (unsigned)n;
        status = inflate(z, Z_NO_FLUSH);
    }
    if (status == Z_MEM_ERROR)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    if (status != Z_STREAM_END || z->avail_in || u->left != TRAILER_BYTES)
        return bad_array(u, err, "is not one deflate stream");
    return z->avail_out ? bad_array(u, err, "unpacks to fewer bytes than it says") : 0;
}

static int
check_trailer(struct unpack *u, const void *data, size_t data_bytes, struct gsp_error *err)
{
    uint8_t trailer[TRAILER_BYTES];
    const int n = take_bytes(u, trailer, TRAILER_BYTES, err);

    if (n < 0)
        return n;
    if (fw_u32(trailer + 4) != data_bytes)
        return bad_array(u, err, "has another length in its trailer");
    if (fw_u32(trailer) != (uint32_t)crc32(0, data, (unsigned)data_bytes))
        return bad_array(u, err, "has a wrong CRC-32");
    return 0;
}

static int
unpack_deflate(struct unpack *u, const struct gsp_host *host, void *data, size_t data_bytes,
               struct gsp_error *err)
{
    z_stream z = {.zalloc = zlib_alloc,
                  .zfree = zlib_free,
                  .opaque = (void *)host,
                  .next_out = data,
                  .avail_out = (unsigned)data_bytes};
    int rc;

    if (u->left <= TRAILER_BYTES)
        return bad_array(u, err, "is too short to be packed");
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = inflate_all(u, &z, err);
    inflateEnd(&z);
    return rc < 0 ? rc : check_trailer(u, data, data_bytes, err);
}

int
gsp_fw_array_unpack(const struct gsp_fw_source *src, const struct gsp_fw_array *array,
                    const struct gsp_host *host, void *data, size_t data_bytes,
                    struct gsp_error *err)
{
    const uint64_t at = array->text.off - src->base;
    struct unpack u = {
        array,
        {src, at, at + array->text.bytes, array->element_bytes == 1 ? 0xff : 0xffffffff, 0},
        array->packed_bytes
    };
    int rc;

    if (data_bytes != array->data_bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s needs %u bytes, not %zu",
                        array->label, array->data_bytes, data_bytes);
    if (array->compressed)
        return unpack_deflate(&u, host, data, data_bytes, err);
    rc = take_bytes(&u, data, (uint32_t)data_bytes, err);
    return rc < 0 ? rc : 0;
}
