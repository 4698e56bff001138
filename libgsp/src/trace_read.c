/* SPDX-License-Identifier: MIT */
/*
 * Reading traces, from any file descriptor or from memory, through one buffer that is as large
 * as the largest record.
 *
 * A file may be cut off anywhere, hold garbage, or be made to do harm. A header counts when its
 * own checksum is right, a record when both are. After a bad header the next sound one is
 * looked for; inside a record whose payload is bad only a section may begin, because that is
 * what follows where a writer was killed and another one appended. So every byte is looked at
 * a bounded number of times.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "trace_priv.h"

enum { CHUNK = 256 << 10 };

struct gsp_trace_reader {
    struct gsp_trace_reader_config config;
    int fd; /* -1: memory */
    bool own_fd, eof;
    const uint8_t *data; /* bytes at file offset `base` */
    size_t have;         /* bytes at data */
    size_t at;           /* of the next record */
    uint64_t base;
    uint8_t *buffer; /* what data points to, unless memory was given */
    size_t cap;
    size_t last; /* bytes of the record handed out last, still to be passed over */
    uint64_t records, damaged;
    uint64_t bad_from; /* start of the damage being looked over, with bad_what */
    const char *bad_what;
    struct gsp_trace_section section;
    struct nvrm_abi abi;
    unsigned sections;
};

/* Bytes */

static int
grow(struct gsp_trace_reader *r, size_t cap)
{
    uint8_t *more;

    if (cap <= r->cap)
        return 0;
    more = gsp_host_realloc(r->config.host, r->buffer, cap);
    if (!more)
        return -ENOMEM;
    r->buffer = more;
    r->cap = cap;
    return 0;
}

/* Make `bytes` bytes from the current place available; 1 when they are, 0 when the file ends
 * before. */
static int
need(struct gsp_trace_reader *r, size_t bytes)
{
    int rc;

    if (r->have - r->at >= bytes)
        return 1;
    if (r->fd < 0 || r->eof)
        return 0;
    rc = grow(r, bytes + CHUNK);
    if (rc < 0)
        return rc;
    memmove(r->buffer, r->buffer + r->at, r->have - r->at);
    r->base += r->at;
    r->have -= r->at;
    r->at = 0;
    r->data = r->buffer;
    while (r->have < bytes && !r->eof) {
        const ssize_t n = read(r->fd, r->buffer + r->have, r->cap - r->have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        r->eof = n == 0;
        r->have += (size_t)n;
    }
    return r->have >= bytes;
}

/* Damage */

static void
begin_damage(struct gsp_trace_reader *r, const char *what)
{
    if (r->bad_what)
        return;
    r->bad_what = what;
    r->bad_from = r->base + r->at;
}

static void
end_damage(struct gsp_trace_reader *r)
{
    const struct gsp_trace_damage damage = {.offset = r->bad_from,
                                            .bytes = r->base + r->at - r->bad_from,
                                            .after = r->records,
                                            .what = r->bad_what};

    if (!r->bad_what)
        return;
    r->bad_what = NULL;
    if (!damage.bytes)
        return;
    r->damaged += damage.bytes;
    if (r->config.damage)
        r->config.damage(r->config.ctx, &damage);
}

/* Frames */

static bool
sound_header(const uint8_t *at, struct trace_frame *f)
{
    memcpy(f, at, sizeof(*f));
    return f->sync == TRACE_SYNC && f->length <= GSP_TRACE_PAYLOAD_MAX &&
           f->length >= sizeof(struct trace_counts) && f->length % 8 == 0 &&
           f->header_crc == trace_crc(at + offsetof(struct trace_frame, payload_crc),
                                      sizeof(*f) - offsetof(struct trace_frame, payload_crc));
}

/* Counts and lengths against what is there. */
static bool
sound_payload(const uint8_t *at, size_t bytes, struct gsp_trace_record *r)
{
    struct trace_counts counts;
    size_t numbers, used;

    memcpy(&counts, at, sizeof(counts));
    if (counts.args > GSP_TRACE_ARGS || counts.pieces > GSP_TRACE_PIECES)
        return false;
    numbers = (size_t)counts.args * 8;
    used = sizeof(counts) + numbers + trace_pad((size_t)counts.pieces * 4);
    if (used > bytes)
        return false;
    r->args = counts.args;
    r->pieces = counts.pieces;
    memcpy(r->arg, at + sizeof(counts), numbers);
    for (unsigned i = 0; i < counts.pieces; i++) {
        uint32_t n;

        memcpy(&n, at + sizeof(counts) + numbers + (size_t)i * 4, 4);
        if (n > bytes - used || trace_pad(n) > bytes - used)
            return false;
        r->piece[i] = (struct gsp_trace_piece){at + used, n};
        used += trace_pad(n);
    }
    return used == bytes;
}

/* The record at the current place: 1 when it is sound, 0 when it is not. */
static int
take(struct gsp_trace_reader *r, const struct trace_frame *f, struct gsp_trace_record *out)
{
    const uint8_t *payload;
    int rc = need(r, sizeof(*f) + f->length);

    if (rc <= 0) {
        if (rc == 0)
            begin_damage(r, "a record is cut off");
        return rc;
    }
    payload = r->data + r->at + sizeof(*f);
    memset(out, 0, sizeof(*out));
    if (trace_crc(payload, f->length) != f->payload_crc ||
        !sound_payload(payload, f->length, out)) {
        begin_damage(r, "a record's checksum is wrong");
        return 0;
    }
    out->type = f->type;
    out->flags = f->flags;
    out->tid = f->tid;
    out->time_ns = f->time_ns;
    out->duration_ns = f->duration_ns;
    out->rc = f->rc;
    out->status = f->status;
    out->bytes = sizeof(*f) + f->length;
    return 1;
}

/* Past the record whose payload is bad, or to the section that begins inside it. */
static int
skip_bad(struct gsp_trace_reader *r, const struct trace_frame *bad,
         struct gsp_trace_record *out)
{
    size_t left = sizeof(*bad) + bad->length;
    struct trace_frame f;
    int rc = 0;

    while (left > 8) {
        r->at += 8;
        left -= 8;
        rc = need(r, sizeof(f));
        if (rc <= 0)
            break;
        memcpy(&f.sync, r->data + r->at, sizeof(f.sync));
        if (f.sync != TRACE_SYNC || !sound_header(r->data + r->at, &f) ||
            f.type != GSP_TRACE_SECTION || f.length > GSP_TRACE_SECTION_MAX)
            continue;
        rc = take(r, &f, out);
        if (rc != 0)
            return rc;
    }
    if (rc < 0)
        return rc;
    r->at += r->have - r->at < left ? r->have - r->at : left;
    return 0;
}

/* The next sound record. 0, -ENODATA. */
static int
find(struct gsp_trace_reader *r, struct gsp_trace_record *out)
{
    struct trace_frame f;
    int rc;

    for (;;) {
        rc = need(r, sizeof(f));
        if (rc < 0)
            return rc;
        if (rc == 0)
            break;
        if (!sound_header(r->data + r->at, &f)) {
            begin_damage(r, "this is no record");
            r->at += 8;
            continue;
        }
        rc = take(r, &f, out);
        if (rc == 0)
            rc = skip_bad(r, &f, out);
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
    if (r->have > r->at)
        begin_damage(r, "a record is cut off");
    r->at = r->have;
    end_damage(r);
    return -ENODATA;
}

/* Sections */

static void
copy_text(char *to, size_t room, const struct gsp_trace_piece *from)
{
    const size_t n = from->bytes < room - 1 ? from->bytes : room - 1;

    if (n)
        memcpy(to, from->data, n);
    to[n] = '\0';
}

static void
enter_section(struct gsp_trace_reader *r, const struct gsp_trace_record *rec)
{
    struct gsp_trace_section *s = &r->section;

    *s = (struct gsp_trace_section){.major = (uint16_t)rec->arg[0],
                                    .minor = (uint16_t)rec->arg[1],
                                    .levels = (uint32_t)rec->arg[2],
                                    .start_unix_ns = rec->arg[3],
                                    .start_ns = rec->arg[4],
                                    .schema_hash = rec->arg[5],
                                    .pid = (uint32_t)rec->arg[6]};
    copy_text(s->release, sizeof(s->release), &rec->piece[0]);
    copy_text(s->chip, sizeof(s->chip), &rec->piece[1]);
    copy_text(s->transport, sizeof(s->transport), &rec->piece[2]);
    copy_text(s->program, sizeof(s->program), &rec->piece[3]);
    r->abi.release =
        r->abi.schema ? nvrm_release_find(r->abi.schema, s->release) : NVRM_NO_RELEASE;
    r->sections++;
}

static int
check_version(const struct gsp_trace_section *s, struct gsp_error *err)
{
    if (s->major == GSP_TRACE_MAJOR)
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
             "the trace has format %u.%u, this program reads %d.x", s->major, s->minor,
             GSP_TRACE_MAJOR);
    gsp_hint(err, "use the program that wrote it%s%s", s->program[0] ? ": " : "", s->program);
    return -EOPNOTSUPP;
}

static int
fail_read(int rc, struct gsp_error *err)
{
    if (rc == -ENODATA || rc >= 0)
        return rc;
    return gsp_fail(err, rc == -EISDIR ? GSP_ORIGIN_INPUT : GSP_ORIGIN_LOCAL, rc,
                    "reading the trace: %s", strerrordesc_np(-rc));
}

int
gsp_trace_next(struct gsp_trace_reader *r, struct gsp_trace_record *record_out,
               struct gsp_error *err)
{
    int rc;

    r->at += r->last;
    r->last = 0;
    rc = find(r, record_out);
    if (rc < 0)
        return fail_read(rc, err);
    end_damage(r);
    record_out->offset = r->base + r->at;
    record_out->number = ++r->records;
    record_out->raw = r->data + r->at;
    r->last = record_out->bytes;
    if (record_out->type != GSP_TRACE_SECTION)
        return 0;
    enter_section(r, record_out);
    return check_version(&r->section, err);
}

/* Opening */

static int
fail_format(const struct gsp_trace_reader *r, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EBADMSG, "this is not a trace: %s",
             !r->have ? "it is empty" : "no section of one is in it");
    gsp_hint(err, "--record FILE makes traces");
    return -EBADMSG;
}

/* The first record is read and given back, so that the section is known before it is asked
 * for. */
static int
begin(struct gsp_trace_reader *r, struct gsp_error *err)
{
    struct gsp_trace_record first;
    uint32_t sync = 0;
    int rc = need(r, sizeof(sync));

    if (rc > 0)
        memcpy(&sync, r->data + r->at, sizeof(sync));
    if (rc >= 0 && sync != TRACE_SYNC)
        return fail_format(r, err);
    if (rc >= 0)
        rc = find(r, &first);
    if (rc == -ENODATA)
        return fail_format(r, err);
    if (rc < 0)
        return fail_read(rc, err);
    if (first.type != GSP_TRACE_SECTION)
        return 0;
    enter_section(r, &first);
    r->sections = 0;
    return check_version(&r->section, err);
}

static int
open_reader(const struct gsp_trace_reader *like, struct gsp_trace_reader **reader_out,
            struct gsp_error *err)
{
    struct gsp_trace_reader *r = gsp_host_alloc(like->config.host, sizeof(*r));
    int rc;

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a trace");
    *r = *like;
    r->abi = (struct nvrm_abi){r->config.schema, NVRM_NO_RELEASE};
    rc = begin(r, err);
    if (rc < 0) {
        r->own_fd = false;
        gsp_trace_close(r);
        return rc;
    }
    *reader_out = r;
    return 0;
}

int
gsp_trace_open_fd(int fd, const struct gsp_trace_reader_config *config,
                  struct gsp_trace_reader **reader_out, struct gsp_error *err)
{
    const struct gsp_trace_reader like = {.config = *config, .fd = fd};

    return open_reader(&like, reader_out, err);
}

int
gsp_trace_open_memory(const void *data, size_t bytes,
                      const struct gsp_trace_reader_config *config,
                      struct gsp_trace_reader **reader_out, struct gsp_error *err)
{
    const struct gsp_trace_reader like = {
        .config = *config, .fd = -1, .eof = true, .data = data, .have = bytes};

    return open_reader(&like, reader_out, err);
}

int
gsp_trace_open(const char *path, const struct gsp_trace_reader_config *config,
               struct gsp_trace_reader **reader_out, struct gsp_error *err)
{
    struct gsp_trace_reader like = {
        .config = *config, .fd = open(path, O_RDONLY | O_CLOEXEC), .own_fd = true};
    int rc;

    if (like.fd < 0) {
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -errno, "%s: %s", path, strerrordesc_np(errno));
        gsp_hint(err, "name a trace that --record made");
        return rc;
    }
    rc = open_reader(&like, reader_out, err);
    if (rc < 0)
        close(like.fd);
    return rc;
}

void
gsp_trace_close(struct gsp_trace_reader *r)
{
    if (!r)
        return;
    if (r->own_fd)
        close(r->fd);
    gsp_host_free(r->config.host, r->buffer);
    gsp_host_free(r->config.host, r);
}

const struct gsp_trace_section *
gsp_trace_section(const struct gsp_trace_reader *r)
{
    return &r->section;
}

unsigned
gsp_trace_section_number(const struct gsp_trace_reader *r)
{
    return r->sections;
}

struct nvrm_abi
gsp_trace_abi(const struct gsp_trace_reader *r)
{
    return r->abi;
}

uint64_t
gsp_trace_damaged_bytes(const struct gsp_trace_reader *r)
{
    return r->damaged;
}
