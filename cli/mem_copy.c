/* SPDX-License-Identifier: MIT */
/*
 * mem copy and mem fill: a copy engine does it, and it is timed; with --verify the bytes are
 * looked at afterwards.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "mem.h"
#include "work.h"

enum { PIECE = 1 << 20 };

int
mem_check_words(struct cli *cli, int *argc, char **argv, int least, int most)
{
    int rc = cli_check_args(cli, &cmd_mem, argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (*argc < least)
        return cli_usage(cli, "nvrm-cli help mem", "mem %s needs more words", argv[1]);
    if (*argc > most)
        return cli_usage(cli, "nvrm-cli help mem", "mem %s: '%s' is one word too many", argv[1],
                         argv[most]);
    return CLI_OK;
}

static int
digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

uint8_t *
mem_parse_bytes(const char *text, size_t *bytes_out)
{
    uint8_t *data;
    size_t n;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    n = strlen(text);
    if (!n || n % 2)
        return NULL;
    data = malloc(n / 2);
    for (size_t i = 0; data && i < n / 2; i++) {
        const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            free(data);
            return NULL;
        }
        data[i] = (uint8_t)(high << 4 | low);
    }
    *bytes_out = n / 2;
    return data;
}

/* Work that was written goes, and is waited for. Nanoseconds. */
static int
run(struct cli *cli, struct nvmem_channel *ch, uint64_t *ns_out, struct gsp_error *err)
{
    const uint64_t start = gsp_host_now_ns(NULL);
    struct nvmem_fence f;
    int rc = nvmem_channel_submit(ch, &f, err);

    if (rc == 0)
        rc = nvmem_fence_wait(&f, cli->options.timeout_ns, err);
    *ns_out = gsp_host_now_ns(NULL) - start;
    return rc;
}

static json_t *
speed(uint64_t bytes, uint64_t ns)
{
    return json_real(ns ? (double)bytes / (double)ns : 0.0);
}

/* Piece by piece; fn says what the bytes at an offset should be. */
struct verify {
    const struct work_place *place;
    int (*fill)(void *ctx, uint64_t at, uint8_t *bytes, size_t n, struct gsp_error *err);
    void *ctx;
};

static int
compare(const struct verify *v, uint8_t *is, uint8_t *should, uint64_t bytes,
        struct gsp_error *err)
{
    for (uint64_t at = 0; at < bytes; at += PIECE) {
        const size_t n = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;
        int rc = nvmem_buffer_read(v->place->item->buffer, v->place->offset + at, is, n, err);

        if (rc == 0)
            rc = v->fill(v->ctx, at, should, n, err);
        if (rc < 0)
            return rc;
        for (size_t i = 0; i < n; i++)
            if (is[i] != should[i])
                return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                                "byte 0x%" PRIx64 " of '%s' is 0x%02x and should be 0x%02x",
                                v->place->offset + at + i, v->place->item->name, is[i],
                                should[i]);
    }
    return 0;
}

static int
verify(const struct verify *v, uint64_t bytes, struct gsp_error *err)
{
    uint8_t *is = malloc(PIECE), *should = malloc(PIECE);
    int rc = is && should ? compare(v, is, should, bytes, err)
                          : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");

    free(is);
    free(should);
    return rc;
}

/* copy */

struct copy {
    struct work_place to, from;
    uint64_t bytes, ns;
    bool verify;
};

static int
source_bytes(void *ctx, uint64_t at, uint8_t *bytes, size_t n, struct gsp_error *err)
{
    const struct copy *c = ctx;

    return nvmem_buffer_read(c->from.item->buffer, c->from.offset + at, bytes, n, err);
}

static uint64_t
room(const struct work_place *p)
{
    const uint64_t bytes = nvmem_buffer_bytes(p->item->buffer);

    return bytes > p->offset ? bytes - p->offset : 0;
}

static int
do_copy(struct cli *cli, struct work *w, struct copy *c, struct gsp_error *err)
{
    struct nvmem_channel *ch;
    int rc = work_copies(w, &ch, err);

    if (rc == 0)
        rc = nvmem_copy(ch, c->to.item->buffer, c->to.offset, c->from.item->buffer,
                        c->from.offset, c->bytes, 0, err);
    if (rc == 0)
        rc = run(cli, ch, &c->ns, err);
    if (rc == 0 && c->verify)
        rc = verify(&(struct verify){&c->to, source_bytes, c}, c->bytes, err);
    return rc;
}

int
mem_copy(struct cli *cli, int argc, char **argv)
{
    struct copy c = {.verify = cli_flag(&argc, argv, "--verify")};
    struct gsp_error err = {0};
    struct work *w;
    int rc = mem_check_words(cli, &argc, argv, 4, 5);

    if (rc != CLI_OK)
        return rc;
    if (argc > 4 && !work_size(argv[4], &c.bytes))
        return cli_usage(cli, "for example mem copy b2 b1 64K",
                         "mem copy: '%s' is no number of bytes", argv[4]);
    if (work_get(cli, &w, &err) < 0 || work_place(w, argv[2], &c.to, &err) < 0 ||
        work_place(w, argv[3], &c.from, &err) < 0)
        return cli_fail(cli, &err);
    if (argc <= 4)
        c.bytes = room(&c.to) < room(&c.from) ? room(&c.to) : room(&c.from);
    if (do_copy(cli, w, &c, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:s, s:s, s:I, s:I, s:o, s:b}", "to",
                                                 c.to.item->name, "from", c.from.item->name,
                                                 "bytes", (json_int_t)c.bytes, "ns",
                                                 (json_int_t)c.ns, "gb_per_s",
                                                 speed(c.bytes, c.ns), "verified", c.verify)});
}

/* fill */

struct fill {
    struct work_place to;
    uint64_t bytes, pattern, ns;
    unsigned pattern_bytes;
    bool verify;
};

static int
pattern_at(void *ctx, uint64_t at, uint8_t *bytes, size_t n, struct gsp_error *err)
{
    const struct fill *f = ctx;

    (void)err;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(f->pattern >> 8 * ((at + i) % f->pattern_bytes));
    return 0;
}

/* As many bytes as there are digits; in memory the last ones come first. */
static bool
parse_pattern(const char *text, struct fill *f)
{
    size_t bytes = 0;
    uint8_t *data = mem_parse_bytes(text, &bytes);

    if (!data || bytes > 8 || bytes & (bytes - 1)) {
        free(data);
        return false;
    }
    for (size_t i = 0; i < bytes; i++)
        f->pattern = f->pattern << 8 | data[i];
    f->pattern_bytes = (unsigned)bytes;
    free(data);
    return true;
}

static int
do_fill(struct cli *cli, struct work *w, struct fill *f, struct gsp_error *err)
{
    struct nvmem_channel *ch;
    int rc = work_copies(w, &ch, err);

    if (rc == 0)
        rc = nvmem_fill(ch, f->to.item->buffer, f->to.offset, f->bytes, f->pattern,
                        f->pattern_bytes, err);
    if (rc == 0)
        rc = run(cli, ch, &f->ns, err);
    if (rc == 0 && f->verify)
        rc = verify(&(struct verify){&f->to, pattern_at, f}, f->bytes, err);
    return rc;
}

int
mem_fill(struct cli *cli, int argc, char **argv)
{
    struct fill f = {.verify = cli_flag(&argc, argv, "--verify")};
    struct gsp_error err = {0};
    struct work *w;
    int rc = mem_check_words(cli, &argc, argv, 4, 5);

    if (rc != CLI_OK)
        return rc;
    if (!parse_pattern(argv[3], &f))
        return cli_usage(cli, "2, 4, 8 or 16 hex digits, for example 0xdeadbeef",
                         "mem fill: '%s' is no pattern", argv[3]);
    if (argc > 4 && !work_size(argv[4], &f.bytes))
        return cli_usage(cli, "for example mem fill b1 0xff 64K",
                         "mem fill: '%s' is no number of bytes", argv[4]);
    if (work_get(cli, &w, &err) < 0 || work_place(w, argv[2], &f.to, &err) < 0)
        return cli_fail(cli, &err);
    if (argc <= 4)
        f.bytes = room(&f.to) / f.pattern_bytes * f.pattern_bytes;
    if (do_fill(cli, w, &f, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:s, s:I, s:I, s:o, s:b}", "to",
                                                 f.to.item->name, "bytes", (json_int_t)f.bytes,
                                                 "ns", (json_int_t)f.ns, "gb_per_s",
                                                 speed(f.bytes, f.ns), "verified", f.verify)});
}
