/* SPDX-License-Identifier: MIT */
/*
 * Records as text and as JSON. A trace may have millions of them: everything is formatted in
 * place.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gsp/bus_record.h>

#include "names_priv.h"
#include "number_priv.h"
#include "text_priv.h"
#include "trace_priv.h"

enum { NUMBER_COLUMN = 7, SECONDS_COLUMN = 4, TYPE_COLUMN = 9 };

struct show {
    struct nvrm_abi abi;
    const struct gsp_trace_record *r;
    const struct gsp_trace_type_info *info; /* NULL: of a later version */
    struct gsp_text *out;
    unsigned flags;
    struct gsp_error *err;
};

const char *
gsp_trace_result(struct nvrm_abi abi, const struct gsp_trace_record *record, char room[64])
{
    const bool local = record->rc < 0 && record->rc != -EREMOTEIO;
    const char *name = NULL;

    if (!record->rc && (record->type == GSP_TRACE_BUS || record->type > GSP_TRACE_UVM))
        return "ok"; /* RM has no part in it */
    if (local)
        name = record->rc > -4096 ? strerrorname_np(-record->rc) : NULL;
    else if (abi.release != NVRM_NO_RELEASE)
        name = nvrm_status_name(abi, record->status);
    else if (!record->status)
        name = "NV_OK";
    if (name)
        return name;
    if (local)
        (void)snprintf(room, 64, "%d", record->rc);
    else
        (void)snprintf(room, 64, "0x%x", record->status);
    return room;
}

/* Columns */

static void
put_right(struct gsp_text *out, const char *digits, size_t n, size_t column)
{
    static const char spaces[16] = "               ";

    if (n < column)
        gsp_text_add(out, spaces, column - n);
    gsp_text_add(out, digits, n);
}

static void
put_count(struct gsp_text *out, uint64_t value, size_t column)
{
    char digits[GSP_DEC_MAX];

    put_right(out, digits, (size_t)(gsp_put_u64(digits, value) - digits), column);
}

/* Six digits behind the point. */
static char *
put_millionths(char *p, uint32_t value)
{
    *p++ = '.';
    p = gsp_put_pair(p, value / 10000);
    return gsp_put_four(p, value % 10000);
}

static void
put_seconds(struct gsp_text *out, uint64_t ns, size_t column)
{
    char digits[GSP_DEC_MAX + 8];
    char *p = gsp_put_u64(digits, ns / 1000000000u);
    const size_t whole = (size_t)(p - digits);

    p = put_millionths(p, (uint32_t)(ns % 1000000000u / 1000));
    put_right(out, digits, (size_t)(p - digits), column ? column + 7 : whole + 7);
}

/* Microseconds with one digit behind the point. */
static void
put_us(struct gsp_text *out, uint64_t ns)
{
    char digits[GSP_DEC_MAX + 4];
    char *p = gsp_put_u64(digits, ns / 1000);

    *p++ = '.';
    *p++ = (char)('0' + ns % 1000 / 100);
    gsp_text_add(out, digits, (size_t)(p - digits));
}

/* Numbers of a record */

static bool
is_name(enum gsp_trace_kind kind)
{
    return kind == GSP_TRACE_CLASS || kind == GSP_TRACE_CONTROL_ID ||
           kind == GSP_TRACE_FUNCTION || kind == GSP_TRACE_BUS_OP;
}

static void
put_value(struct gsp_text *out, enum gsp_trace_kind kind, uint64_t value)
{
    char digits[GSP_DEC_MAX + 1], *p = digits;

    switch (kind) {
    case GSP_TRACE_DEC:
        p = gsp_put_u64(p, value);
        break;
    case GSP_TRACE_FD:
        p = gsp_put_s64(p, value);
        break;
    case GSP_TRACE_HANDLE:
        *p++ = '0';
        *p++ = 'x';
        for (int shift = 28; shift >= 0; shift -= 4)
            *p++ = "0123456789abcdef"[value >> shift & 15];
        break;
    default:
        p = gsp_put_hex(p, value);
    }
    gsp_text_add(out, digits, (size_t)(p - digits));
}

static const struct gsp_trace_arg *
arg_info(const struct show *s, unsigned i)
{
    static const struct gsp_trace_arg unknown = {"number", GSP_TRACE_HEX};

    return s->info && s->info->arg[i].name ? &s->info->arg[i] : &unknown;
}

static void
text_args(const struct show *s)
{
    for (unsigned i = 0; i < s->r->args; i++) {
        const struct gsp_trace_arg *a = arg_info(s, i);

        if (is_name(a->kind))
            continue;
        gsp_text_add(s->out, " ", 1);
        gsp_text_puts(s->out, a->name);
        gsp_text_add(s->out, "=", 1);
        put_value(s->out, a->kind, s->r->arg[i]);
    }
}

static void
json_args(const struct show *s)
{
    for (unsigned i = 0; i < s->r->args; i++) {
        const struct gsp_trace_arg *a = arg_info(s, i);
        const bool text = a->kind != GSP_TRACE_DEC && a->kind != GSP_TRACE_FD;

        gsp_text_add(s->out, i ? ",\"" : "\"", i ? 2 : 1);
        gsp_text_puts(s->out, a->name);
        if (a->kind == GSP_TRACE_HEX && !s->info)
            put_value(s->out, GSP_TRACE_DEC, i);
        gsp_text_add(s->out, text ? "\":\"" : "\":", text ? 3 : 2);
        put_value(s->out, a->kind, s->r->arg[i]);
        gsp_text_add(s->out, "\"", text);
    }
}

/* Byte strings of a record */

static void
put_bytes(struct gsp_text *out, const uint8_t *at, size_t bytes)
{
    char *p = gsp_text_room(out, 2 * bytes);

    if (!p)
        return;
    for (size_t i = 0; i < bytes; i++) {
        *p++ = "0123456789abcdef"[at[i] >> 4];
        *p++ = "0123456789abcdef"[at[i] & 15];
    }
    out->bytes += 2 * bytes;
}

static int
put_params(const struct show *s, enum gsp_trace_exchange which)
{
    const struct gsp_trace_piece piece = gsp_trace_exchanged(s->r, which);

    if (!(s->flags & GSP_TRACE_SHOW_RAW))
        return gsp_trace_params_json(s->abi, s->r, which, s->out, s->err);
    gsp_text_add(s->out, "\"0x", 3);
    put_bytes(s->out, piece.data, piece.bytes);
    gsp_text_add(s->out, "\"", 1);
    return 0;
}

/* What an ioctl carries, decoded; its own pointers are not followed. */
static int
put_inner(const struct show *s, enum gsp_trace_exchange which, const char *before,
          const char *after)
{
    struct gsp_trace_inner inner;
    int rc = 0;

    if ((s->flags & GSP_TRACE_SHOW_RAW) || !gsp_trace_inner(s->abi, s->r, which, &inner) ||
        !inner.params.bytes || !inner.layout || inner.params.bytes < inner.layout->size)
        return 0;
    gsp_text_puts(s->out, before);
    rc = gsp_json_write(s->abi, inner.layout, inner.params.data, inner.params.bytes, 0, s->out,
                        s->err);
    gsp_text_puts(s->out, after);
    return rc;
}

static int
text_exchange(const struct show *s)
{
    const struct gsp_trace_piece error = gsp_trace_exchanged(s->r, GSP_TRACE_ERROR);
    int rc = 0;

    for (unsigned i = GSP_TRACE_IN; i <= GSP_TRACE_OUT && rc == 0; i++) {
        if (!gsp_trace_exchanged(s->r, i).bytes)
            continue;
        if (i == GSP_TRACE_OUT && (s->r->flags & GSP_TRACE_OUT_SAME))
            continue;
        gsp_text_puts(s->out, i == GSP_TRACE_IN ? "          in  " : "          out ");
        rc = put_params(s, i);
        gsp_text_add(s->out, "\n", 1);
        if (rc == 0)
            rc = put_inner(s, i, "              params ", "\n");
    }
    if (error.bytes && rc == 0) {
        gsp_text_puts(s->out, "          ");
        gsp_text_json_string(s->out, error.data, error.bytes);
        gsp_text_add(s->out, "\n", 1);
    }
    return rc;
}

static int
json_exchange(const struct show *s)
{
    int rc = 0;

    for (unsigned i = GSP_TRACE_IN; i <= GSP_TRACE_OUT && rc == 0; i++) {
        if (!gsp_trace_exchanged(s->r, i).bytes)
            continue;
        gsp_text_puts(s->out, i == GSP_TRACE_IN ? ",\"in\":" : ",\"out\":");
        rc = put_params(s, i);
        if (rc == 0)
            rc =
                put_inner(s, i, i == GSP_TRACE_IN ? ",\"in_params\":" : ",\"out_params\":", "");
    }
    return rc;
}

/* Pieces that are text: the section's names, paths, notes. */
static bool
is_text_piece(const struct show *s, unsigned i)
{
    return !s->info || !s->info->exchange ? i == 0 || s->r->type == GSP_TRACE_SECTION
                                          : i == GSP_TRACE_ERROR;
}

static void
put_texts(const struct show *s, bool json)
{
    for (unsigned i = 0; s->info && i < s->r->pieces && s->info->piece[i]; i++) {
        if (!is_text_piece(s, i) || !s->r->piece[i].bytes ||
            (!json && i == GSP_TRACE_ERROR && s->info->exchange))
            continue;
        gsp_text_puts(s->out, json ? ",\"" : " ");
        gsp_text_puts(s->out, s->info->piece[i]);
        gsp_text_puts(s->out, json ? "\":" : "=");
        gsp_text_json_string(s->out, s->r->piece[i].data, s->r->piece[i].bytes);
    }
}

static int
finish(const struct show *s, int rc)
{
    if (rc == 0 && s->out->rc < 0)
        rc = gsp_fail(s->err, GSP_ORIGIN_LOCAL, s->out->rc, "out of memory for text");
    return rc;
}

/* Has a result of its own: section, end and note have none. */
static bool
is_operation(const struct show *s)
{
    return s->r->type >= GSP_TRACE_RPC;
}

int
gsp_trace_record_text(struct nvrm_abi abi, const struct gsp_trace_record *record,
                      unsigned flags, struct gsp_text *out, struct gsp_error *err)
{
    const struct show s = {abi, record, gsp_trace_type_info(record->type), out, flags, err};
    const char *type = s.info ? s.info->name : "?";
    char room[64], reg[96];

    put_count(out, record->number, NUMBER_COLUMN);
    gsp_text_add(out, " ", 1);
    put_seconds(out, record->time_ns, SECONDS_COLUMN);
    gsp_text_add(out, "  ", 2);
    gsp_text_puts(out, type);
    gsp_text_add(out, "         ", strlen(type) < TYPE_COLUMN ? TYPE_COLUMN - strlen(type) : 1);
    if (is_operation(&s)) {
        const char *name = gsp_trace_name(abi, record, room);

        const char *escape = gsp_trace_escape(abi, record);

        if (escape && strcmp(name, escape) != 0) {
            gsp_text_puts(out, escape);
            gsp_text_add(out, " ", 1);
        }
        if (strcmp(name, type) != 0)
            gsp_text_puts(out, name);
        if (gsp_trace_register(record, reg)) {
            gsp_text_add(out, " ", 1);
            gsp_text_puts(out, reg);
        }
    }
    text_args(&s);
    put_texts(&s, false);
    if (is_operation(&s)) {
        gsp_text_puts(out, " = ");
        gsp_text_puts(out, gsp_trace_result(abi, record, room));
        gsp_text_add(out, "  ", 2);
        put_us(out, record->duration_ns);
        gsp_text_puts(out, " us");
    }
    gsp_text_add(out, "\n", 1);
    return finish(&s, text_exchange(&s));
}

int
gsp_trace_record_json(struct nvrm_abi abi, const struct gsp_trace_record *record,
                      unsigned flags, struct gsp_text *out, struct gsp_error *err)
{
    const struct show s = {abi, record, gsp_trace_type_info(record->type), out, flags, err};
    char room[64], reg[96];
    int rc;

    gsp_text_puts(out, "{\"number\":");
    put_count(out, record->number, 0);
    gsp_text_puts(out, ",\"time_s\":");
    put_seconds(out, record->time_ns, 0);
    gsp_text_puts(out, ",\"type\":\"");
    gsp_text_puts(out, s.info ? s.info->name : "?");
    gsp_text_puts(out, "\",\"name\":\"");
    gsp_text_puts(out, gsp_trace_name(abi, record, room));
    if (gsp_trace_register(record, reg)) {
        gsp_text_puts(out, "\",\"register\":\"");
        gsp_text_puts(out, reg);
    }
    if (gsp_trace_escape(abi, record)) {
        gsp_text_puts(out, "\",\"escape\":\"");
        gsp_text_puts(out, gsp_trace_escape(abi, record));
    }
    gsp_text_puts(out, "\",\"args\":{");
    json_args(&s);
    gsp_text_puts(out, "}");
    put_texts(&s, true);
    if (is_operation(&s)) {
        gsp_text_puts(out, ",\"result\":\"");
        gsp_text_puts(out, gsp_trace_result(abi, record, room));
        gsp_text_puts(out, "\",\"duration_us\":");
        put_us(out, record->duration_ns);
    }
    rc = json_exchange(&s);
    gsp_text_puts(out, "}");
    return finish(&s, rc);
}
