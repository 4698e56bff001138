/* SPDX-License-Identifier: MIT */
/*
 * Frames of a remote backend: a line of JSON each, read into one buffer and taken apart in
 * place.
 */
#include <errno.h>
#include <string.h>

#include "json_lex.h"
#include "remote_priv.h"
#include "text_priv.h"

enum { SLICE_MS = 100, FIRST_BYTES = 64 << 10 };

enum kind { NUMBER, TEXT, BYTES };

/* A row per key of a frame. */
static const struct {
    const char *key;
    enum kind kind;
    size_t at;      /* in struct remote_frame */
    size_t room_at; /* TEXT: bytes there; BYTES: where the length is */
} keys[] = {
#define NUM(key, field)                                                                        \
    {                                                                                          \
        key, NUMBER, offsetof(struct remote_frame, field), 0                                   \
    }
#define TXT(key, field)                                                                        \
    {                                                                                          \
        key, TEXT, offsetof(struct remote_frame, field),                                       \
            sizeof(((struct remote_frame *)0)->field)                                          \
    }
#define HEX(key, field)                                                                        \
    {                                                                                          \
        key, BYTES, offsetof(struct remote_frame, field),                                      \
            offsetof(struct remote_frame, field##_bytes)                                       \
    }
    NUM("nvrm", version),    NUM("id", id),         NUM("rc", rc),
    NUM("status", status),   NUM("origin", origin), TXT("op", op),
    TXT("text", text),       TXT("hint", hint),     TXT("ops", ops),
    TXT("release", release), TXT("chip", chip),     TXT("transport", transport),
    NUM("gpu", gpu),         TXT("schema", schema), HEX("params", params),
    HEX("memory", memory),
#undef NUM
#undef TXT
#undef HEX
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int
nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits a byte, over themselves. */
static bool
unhex(const struct gsp_lex_string *s, uint8_t **at_out, size_t *bytes_out)
{
    uint8_t *to = (uint8_t *)s->s;

    if (s->bytes % 2 || s->escaped)
        return false;
    for (size_t i = 0; i < s->bytes; i += 2) {
        const int high = nibble(s->s[i]), low = nibble(s->s[i + 1]);

        if (high < 0 || low < 0)
            return false;
        to[i / 2] = (uint8_t)(high << 4 | low);
    }
    *at_out = to;
    *bytes_out = s->bytes / 2;
    return true;
}

/* Text for people and names: a line without control characters, cut where room ends. */
static void
take_text(const struct gsp_lex_string *s, char *out, size_t room)
{
    size_t n = gsp_lex_unescape(s, out, room - 1);

    n = n < room - 1 ? n : room - 1;
    out[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)out[i] < 0x20 || (unsigned char)out[i] >= 0x7f)
            out[i] = '.';
    }
}

static bool
take_number(struct gsp_lex *l, uint64_t *value)
{
    bool negative = false;

    return gsp_lex_number(l, value, &negative) && !negative;
}

static bool
take_args(struct gsp_lex *l, struct remote_frame *f)
{
    if (!gsp_lex_take(l, '['))
        return false;
    f->args = 0;
    if (gsp_lex_take(l, ']'))
        return true;
    do {
        if (f->args == REMOTE_ARGS || !take_number(l, &f->arg[f->args++]))
            return false;
    } while (gsp_lex_take(l, ','));
    return gsp_lex_take(l, ']');
}

static bool
take_value(struct gsp_lex *l, unsigned row, struct remote_frame *f)
{
    uint8_t *const at = (uint8_t *)f + keys[row].at;
    struct gsp_lex_string s;

    if (keys[row].kind == NUMBER)
        return take_number(l, (uint64_t *)(void *)at);
    if (!gsp_lex_string(l, &s))
        return false;
    if (keys[row].kind == BYTES)
        return unhex(&s, (uint8_t **)(void *)at,
                     (size_t *)(void *)((uint8_t *)f + keys[row].room_at));
    take_text(&s, (char *)at, keys[row].room_at);
    return true;
}

/* Keys of a later version are passed over. */
static bool
take_key(struct gsp_lex *l, struct remote_frame *f)
{
    struct gsp_lex_string name;

    if (!gsp_lex_string(l, &name) || !gsp_lex_take(l, ':'))
        return false;
    if (name.bytes == 4 && !memcmp(name.s, "args", 4))
        return take_args(l, f);
    for (unsigned i = 0; i < KEYS; i++) {
        if (strlen(keys[i].key) == name.bytes && !memcmp(keys[i].key, name.s, name.bytes))
            return take_value(l, i, f);
    }
    return gsp_lex_skip(l);
}

bool
remote_parse(char *line, size_t bytes, /* NOLINT(readability-non-const-parameter) */
             struct remote_frame *f)
{
    struct gsp_lex l = {.text = line, .p = line, .end = line + bytes};

    memset(f, 0, sizeof(*f));
    if (!gsp_lex_take(&l, '{'))
        return false;
    if (!gsp_lex_take(&l, '}')) {
        do {
            if (!take_key(&l, f))
                return false;
        } while (gsp_lex_take(&l, ','));
        if (!gsp_lex_take(&l, '}'))
            return false;
    }
    return gsp_lex_peek(&l) == '\0' && l.p == l.end;
}

/* Reading */

static int
grow(struct remote_link *l)
{
    size_t cap = l->cap ? l->cap * 2 : FIRST_BYTES;
    char *more;

    if (l->end - l->start >= GSP_REMOTE_FRAME_MAX)
        return -EMSGSIZE;
    if (l->start) { /* room in front */
        memmove(l->in, l->in + l->start, l->end - l->start);
        l->end -= l->start;
        l->start = 0;
        return 0;
    }
    more = gsp_host_realloc(l->host, l->in, cap);
    if (!more)
        return -ENOMEM;
    l->in = more;
    l->cap = cap;
    return 0;
}

static bool
too_late(const struct remote_link *l, uint64_t deadline_ns)
{
    return deadline_ns && gsp_host_now_ns(l->host) >= deadline_ns;
}

/* More bytes. */
static int
fill(struct remote_link *l, uint64_t deadline_ns)
{
    ssize_t got;
    int rc = l->end == l->cap ? grow(l) : 0;

    if (rc < 0)
        return rc;
    for (;;) {
        got = l->io.read(l->io.ctx, l->in + l->end, l->cap - l->end, SLICE_MS);
        if (got > 0) {
            l->end += (size_t)got;
            return 0;
        }
        if (got == 0)
            return l->end == l->start ? -EPIPE : -EBADMSG;
        if (got != -EAGAIN)
            return (int)got;
        if (too_late(l, deadline_ns))
            return -ETIMEDOUT;
    }
}

int
remote_receive(struct remote_link *l, struct remote_frame *f, uint64_t deadline_ns)
{
    size_t seen = 0; /* bytes without an end of line */
    char *line, *end = NULL;
    int rc;

    if (l->start == l->end)
        l->start = l->end = 0;
    for (;;) {
        if (l->end - l->start > seen)
            end = memchr(l->in + l->start + seen, '\n', l->end - l->start - seen);
        if (end)
            break;
        seen = l->end - l->start;
        rc = fill(l, deadline_ns);
        if (rc < 0)
            return rc;
    }
    line = l->in + l->start;
    l->start += (size_t)(end - line) + 1;
    return remote_parse(line, (size_t)(end - line), f) ? 0 : -EBADMSG;
}

/* Writing */

static void
put_hex(struct gsp_text *t, const uint8_t *at, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *to = gsp_text_room(t, bytes * 2);

    if (!to)
        return;
    for (size_t i = 0; i < bytes; i++) {
        *to++ = digits[at[i] >> 4];
        *to++ = digits[at[i] & 0xf];
    }
    *to = '\0';
    t->bytes += bytes * 2;
}

static void
put_key(struct gsp_text *t, unsigned row, const struct remote_frame *f)
{
    const uint8_t *at = (const uint8_t *)f + keys[row].at;
    const uint8_t *bytes;
    size_t n;

    switch (keys[row].kind) {
    case NUMBER:
        if (*(const uint64_t *)(const void *)at)
            gsp_text_printf(t, ",\"%s\":%llu", keys[row].key,
                            (unsigned long long)*(const uint64_t *)(const void *)at);
        break;
    case TEXT:
        if (!*at)
            break;
        gsp_text_printf(t, ",\"%s\":", keys[row].key);
        gsp_text_json_string(t, (const char *)at, strlen((const char *)at));
        break;
    case BYTES:
        bytes = *(uint8_t *const *)(const void *)at;
        n = *(const size_t *)(const void *)((const uint8_t *)f + keys[row].room_at);
        if (!n)
            break;
        gsp_text_printf(t, ",\"%s\":\"", keys[row].key);
        put_hex(t, bytes, n);
        gsp_text_puts(t, "\"");
        break;
    }
}

static int
write_all(struct remote_link *l, uint64_t deadline_ns)
{
    size_t done = 0;

    while (done < l->out.bytes) {
        const ssize_t put =
            l->io.write(l->io.ctx, l->out.data + done, l->out.bytes - done, SLICE_MS);

        if (put > 0)
            done += (size_t)put;
        else if (put == 0)
            return -EPIPE;
        else if (put != -EAGAIN)
            return (int)put;
        else if (too_late(l, deadline_ns))
            return -ETIMEDOUT;
    }
    return 0;
}

int
remote_send(struct remote_link *l, const struct remote_frame *f, uint64_t deadline_ns)
{
    struct gsp_text *t = &l->out;
    int rc;

    t->host = l->host;
    t->bytes = 0;
    gsp_text_puts(t, "{\"args\":[");
    for (unsigned i = 0; i < f->args; i++)
        gsp_text_printf(t, "%s%llu", i ? "," : "", (unsigned long long)f->arg[i]);
    gsp_text_puts(t, "]");
    for (unsigned i = 0; i < KEYS; i++)
        put_key(t, i, f);
    gsp_text_puts(t, "}\n");
    rc = t->rc;
    if (rc == 0 && t->bytes > GSP_REMOTE_FRAME_MAX)
        rc = -EMSGSIZE;
    if (rc == 0)
        rc = write_all(l, deadline_ns);
    if (t->rc < 0)
        gsp_text_fini(t);
    return rc;
}

void
remote_link_fini(struct remote_link *l)
{
    gsp_host_free(l->host, l->in);
    gsp_text_fini(&l->out);
}
