/* SPDX-License-Identifier: MIT */
/*
 * The tar behind a .run's script, unpacked and read as a stream: memory stays small whatever
 * the archive claims. gzip, xz and zstd; bzip2 is refused by name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "fw_file.h"

enum {
    BLOCK = 512,
    CHUNK = 1 << 16,
    NAME_MAX_BYTES = 256,
    XZ_MEMORY = 256 << 20,
    ZSTD_WINDOW_LOG = 27,
};

/* ---- tar ---- */

struct tar {
    const struct fw_tar_reader *reader;
    uint8_t header[BLOCK];
    unsigned header_bytes;
    uint64_t left;    /* bytes of the member */
    uint64_t padding; /* behind them */
    bool wanted, ended;
    struct gsp_error *err;
    const char *file;
};

static int
bad_tar(const struct tar *t, const char *why)
{
    return gsp_fail(t->err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s: the archive inside %s", t->file,
                    why);
}

/* Octal text, or base 256 when the first bit is set. */
static int
tar_number(const uint8_t *field, unsigned bytes, uint64_t *value_out)
{
    uint64_t value = field[0] & 0x80 ? field[0] & 0x7f : 0;

    for (unsigned i = field[0] & 0x80 ? 1 : 0; i < bytes; i++) {
        if (value >> 55)
            return -EBADMSG;
        if (field[0] & 0x80)
            value = value << 8 | field[i];
        else if (field[i] >= '0' && field[i] <= '7')
            value = value << 3 | (uint64_t)(field[i] - '0');
        else if (field[i] != ' ' && field[i] != 0)
            return -EBADMSG;
    }
    *value_out = value;
    return 0;
}

static bool
tar_sum_is_right(const uint8_t *h)
{
    uint64_t said;
    unsigned sum = 0;

    for (unsigned i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : h[i];
    return tar_number(h + 148, 8, &said) == 0 && said == sum;
}

static int
tar_header(struct tar *t)
{
    const uint8_t *h = t->header;
    char name[NAME_MAX_BYTES + 8];
    uint64_t bytes;
    int rc;

    if (!h[0]) {
        t->ended = true;
        return 0;
    }
    if (!tar_sum_is_right(h))
        return bad_tar(t, "has a member with a wrong checksum");
    if (tar_number(h + 124, 12, &bytes) < 0)
        return bad_tar(t, "has a member of no legal size");
    if (!memcmp(h + 257, "ustar", 6) && h[345])
        snprintf(name, sizeof(name), "%.155s/%.100s", (const char *)h + 345, (const char *)h);
    else
        snprintf(name, sizeof(name), "%.100s", (const char *)h);
    t->left = bytes;
    t->padding = (BLOCK - bytes % BLOCK) % BLOCK;
    t->wanted = false;
    if (h[156] != '0' && h[156] != 0)
        return 0;
    rc = t->reader->want(t->reader->ctx, name, bytes);
    t->wanted = rc > 0;
    return rc < 0 ? rc : 0;
}

static size_t
take_header(struct tar *t, const uint8_t *data, size_t bytes, int *rc)
{
    const size_t room = BLOCK - t->header_bytes, n = bytes < room ? bytes : room;

    memcpy(t->header + t->header_bytes, data, n);
    t->header_bytes += (unsigned)n;
    if (t->header_bytes == BLOCK) {
        t->header_bytes = 0;
        *rc = tar_header(t);
    }
    return n;
}

/* Any number of bytes of the archive, in order. */
static int
tar_feed(struct tar *t, const uint8_t *data, size_t bytes)
{
    int rc = 0;

    while (bytes && rc == 0 && !t->ended) {
        size_t n;

        if (t->left) {
            n = bytes < t->left ? bytes : (size_t)t->left;
            if (t->wanted)
                rc = t->reader->data(t->reader->ctx, data, n);
            t->left -= n;
        } else if (t->padding) {
            n = bytes < t->padding ? bytes : (size_t)t->padding;
            t->padding -= n;
        } else {
            n = take_header(t, data, bytes, &rc);
        }
        data += n;
        bytes -= n;
    }
    return rc;
}

/* ---- packings: each feeds the tar until it ends ---- */

static int
read_plain(const struct gsp_fw_slice *in, struct tar *t)
{
    return tar_feed(t, in->data, in->bytes);
}

static int
read_gzip(const struct gsp_fw_slice *in, struct tar *t)
{
    z_stream z = {.next_in = (uint8_t *)in->data, .avail_in = (unsigned)in->bytes};
    uint8_t out[CHUNK];
    int status = inflateInit2(&z, MAX_WBITS + 16), rc = 0;

    while (status == Z_OK && rc == 0 && !t->ended) {
        z.next_out = out;
        z.avail_out = CHUNK;
        status = inflate(&z, Z_NO_FLUSH);
        rc = tar_feed(t, out, CHUNK - z.avail_out);
    }
    inflateEnd(&z);
    if (rc == 0 && !t->ended && status != Z_STREAM_END)
        rc = bad_tar(t, "is no sound gzip stream");
    return rc;
}

static int
read_xz(const struct gsp_fw_slice *in, struct tar *t)
{
    lzma_stream z = LZMA_STREAM_INIT;
    uint8_t out[CHUNK];
    lzma_ret status = lzma_stream_decoder(&z, XZ_MEMORY, 0);
    int rc = 0;

    z.next_in = in->data;
    z.avail_in = in->bytes;
    while (status == LZMA_OK && rc == 0 && !t->ended) {
        z.next_out = out;
        z.avail_out = CHUNK;
        status = lzma_code(&z, LZMA_RUN);
        rc = tar_feed(t, out, CHUNK - z.avail_out);
    }
    lzma_end(&z);
    if (rc == 0 && !t->ended && status != LZMA_STREAM_END)
        rc = bad_tar(t, status == LZMA_MEMLIMIT_ERROR ? "needs more than 256 MiB to unpack"
                                                      : "is no sound xz stream");
    return rc;
}

static int
read_zstd(const struct gsp_fw_slice *in, struct tar *t)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer from = {in->data, in->bytes, 0};
    uint8_t out[CHUNK];
    size_t left = 1;
    int rc = 0;

    if (!z)
        return gsp_fail(t->err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    while (rc == 0 && !t->ended && left) {
        ZSTD_outBuffer to = {out, CHUNK, 0};

        left = ZSTD_decompressStream(z, &to, &from);
        if (ZSTD_isError(left) || (left && from.pos == from.size && to.pos < to.size))
            rc = bad_tar(t, "is no sound zstd stream");
        else
            rc = tar_feed(t, out, to.pos);
    }
    ZSTD_freeDStream(z);
    return rc;
}

int
fw_tar_read(const struct gsp_fw_source *src, const struct gsp_fw_run *run,
            const struct fw_tar_reader *reader, struct gsp_error *err)
{
    static int (*const readers[])(const struct gsp_fw_slice *, struct tar *) = {
        [GSP_FW_PACKED_TAR] = read_plain,
        [GSP_FW_PACKED_GZIP] = read_gzip,
        [GSP_FW_PACKED_XZ] = read_xz,
        [GSP_FW_PACKED_ZSTD] = read_zstd,
    };
    struct tar t = {.reader = reader, .err = err, .file = src->name};
    int rc;

    if (!readers[run->packing]) {
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP, "%s: packed with %s", src->name,
                      gsp_fw_packing_name(run->packing));
        gsp_hint(err, "gzip, xz and zstd can be unpacked here; sh FILE.run -x unpacks any");
        return rc;
    }
    rc = readers[run->packing](&run->payload, &t);
    if (rc == 0 && !t.ended && (t.left || t.padding || t.header_bytes))
        rc = bad_tar(&t, "ends inside a member");
    return rc;
}
