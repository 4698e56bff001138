/* SPDX-License-Identifier: MIT */
/*
 * Wire bytes to JSON, straight over the descriptors: no tree is built, text is written in
 * place.
 *
 * Arrays are cut to their count and unions to their live member unless GSP_JSON_ALL is set.
 * Nothing is read outside the bytes given, except behind pointers when GSP_JSON_POINTERS says
 * that this process made them.
 */
#include <errno.h>

#include <gsp/json.h>

#include "copy_priv.h"
#include "names_priv.h"
#include "number_priv.h"
#include "shape_priv.h"
#include "text_priv.h"

struct writer {
    struct nvrm_abi abi;
    struct gsp_text *out;
    struct gsp_set_memo memo;
    struct gsp_shapes *shapes;
    unsigned flags;
    unsigned depth;
};

static void write_object(struct writer *w, const struct gsp_view *v,
                         const struct gsp_known *shape, const struct nvrm_field *f,
                         const struct gsp_view *owner);

static void
put_char(struct writer *w, char c)
{
    char *p = gsp_text_room(w->out, 1);

    if (p) {
        *p = c;
        w->out->bytes++;
    }
}

static void
new_line(struct writer *w)
{
    const size_t n = 1 + (size_t)w->depth * 2;
    char *p;

    if (!(w->flags & GSP_JSON_PRETTY) || !(p = gsp_text_room(w->out, n)))
        return;
    *p = '\n';
    memset(p + 1, ' ', n - 1);
    w->out->bytes += n;
}

static void
put_key(struct writer *w, const struct gsp_known *k, bool first)
{
    char *p;

    if (w->flags & GSP_JSON_PRETTY) {
        if (!first)
            put_char(w, ',');
        first = true;
        new_line(w);
    }
    p = gsp_text_room(w->out, (size_t)k->name_bytes + 5);
    if (!p)
        return;
    *p = ',';
    p += !first;
    *p++ = '"';
    gsp_copy(p, k->name, k->name_bytes);
    p += k->name_bytes;
    *p++ = '"';
    *p++ = ':';
    *p = ' ';
    p += (w->flags & GSP_JSON_PRETTY) != 0;
    w->out->bytes = (size_t)(p - w->out->data);
}

static void
put_name(struct writer *w, const char *name)
{
    const size_t n = strlen(name);
    char *p = gsp_text_room(w->out, n + 2);

    if (!p)
        return;
    *p = '"';
    gsp_copy(p + 1, name, n);
    p[n + 1] = '"';
    w->out->bytes += n + 2;
}

/* A handle keeps its eight digits, so that one search finds it everywhere. */
static char *
put_handle(char *p, uint32_t handle)
{
    memcpy(p, "\"0x", 3);
    p += 3;
    for (int shift = 28; shift >= 0; shift -= 4)
        *p++ = "0123456789abcdef"[handle >> shift & 15];
    *p++ = '"';
    return p;
}

/* Numbers in the form their type asks for; at most GSP_HEX_MAX + 2 characters. */
static char *
format_number(char *p, uint8_t type, uint64_t value)
{
    switch (type) {
    case NVRM_U64:
    case NVRM_S64:
    case NVRM_PTR:
        *p++ = '"';
        p = gsp_put_hex(p, value);
        *p++ = '"';
        return p;
    case NVRM_HANDLE:
        return put_handle(p, (uint32_t)value);
    case NVRM_BOOL:
        if (value > 1)
            return gsp_put_u32(p, (uint32_t)value);
        memcpy(p, value ? "true" : "false", 5);
        return p + (value ? 4 : 5);
    default:
        return gsp_type_signed(type) ? gsp_put_s64(p, value) : gsp_put_u32(p, (uint32_t)value);
    }
}

static void
put_number(struct writer *w, uint8_t type, uint64_t value)
{
    char *p = gsp_text_room(w->out, GSP_DEC_MAX + 4);

    if (p)
        w->out->bytes += (size_t)(format_number(p, type, value) - p);
}

static void
put_bits(struct writer *w, uint16_t set, uint64_t value)
{
    struct gsp_bits_term term;
    struct gsp_bits bits;
    bool first = true;

    gsp_bits_init(&bits, w->abi, set, value);
    put_char(w, '[');
    for (; gsp_bits_next(&bits, &term); first = false) {
        if (term.number)
            gsp_text_printf(w->out, "%s\"%s=0x%llx\"", first ? "" : ",", term.name,
                            (unsigned long long)term.value);
        else
            gsp_text_printf(w->out, "%s\"%s\"", first ? "" : ",", term.name);
    }
    if (bits.rest)
        gsp_text_printf(w->out, "%s\"0x%llx\"", first ? "" : ",",
                        (unsigned long long)bits.rest);
    put_char(w, ']');
}

static void
put_scalar(struct writer *w, struct gsp_set set, uint8_t type, uint64_t value)
{
    const char *name;

    if (set.kind == NVRM_SET_BITS) {
        put_bits(w, set.row, value);
        return;
    }
    name = set.kind == NVRM_SET_NONE ? NULL : gsp_set_name(w->abi, set, value, &w->memo);
    if (name)
        put_name(w, name);
    else
        put_number(w, type, value);
}

static void
put_text(struct writer *w, const uint8_t *at, uint32_t bytes)
{
    char *p = gsp_text_room(w->out, (size_t)bytes + 2);
    uint32_t n = 0;

    if (!p)
        return;
    for (p++; n < bytes && gsp_json_plain(at[n]); n++)
        p[n] = (char)at[n];
    if (n == bytes || at[n] == 0) {
        p[-1] = p[n] = '"';
        w->out->bytes += n + 2;
        return;
    }
    while (n < bytes && at[n])
        n++;
    gsp_text_json_string(w->out, (const char *)at, n);
}

/* Opaque bytes: one string of hex digits. */
static void
put_blob(struct writer *w, const uint8_t *at, uint32_t bytes)
{
    char *p = gsp_text_room(w->out, (size_t)bytes * 2 + 4);

    if (!p)
        return;
    *p++ = '"';
    *p++ = '0';
    *p++ = 'x';
    for (uint32_t i = 0; i < bytes; i++) {
        *p++ = "0123456789abcdef"[at[i] >> 4];
        *p++ = "0123456789abcdef"[at[i] & 15];
    }
    *p++ = '"';
    w->out->bytes = (size_t)(p - w->out->data);
}

/* Numbers of 32 bits: by far the most. */
static char *
put_words(char *p, const uint8_t *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++, at += 4) {
        p = gsp_put_u32(p, (uint32_t)gsp_load(at, 4));
        *p++ = ',';
    }
    return p;
}

static char *
put_others(char *p, uint8_t type, uint32_t bytes, const uint8_t *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++, at += bytes) {
        p = format_number(p, type, gsp_scalar_load(type, at));
        *p++ = ',';
    }
    return p;
}

/* Plain numbers: reserved in one go, formatted in place. */
static void
put_numbers(struct writer *w, const struct gsp_elems *e, const uint8_t *at, uint32_t count)
{
    static const uint8_t most[] = {[1] = 6, [2] = 7, [4] = 13, [8] = GSP_DEC_MAX + 3};
    char *start = gsp_text_room(w->out, (size_t)count * most[e->bytes] + 2), *p = start;

    if (!p)
        return;
    *p++ = '[';
    if (e->bytes == 4 && e->type != NVRM_HANDLE && !gsp_type_signed(e->type))
        p = put_words(p, at, count);
    else
        p = put_others(p, e->type, e->bytes, at, count);
    p -= count > 0;
    *p++ = ']';
    w->out->bytes += (size_t)(p - start);
}

static void
put_scalars(struct writer *w, const struct gsp_elems *e, struct gsp_set set, const uint8_t *at,
            uint32_t count)
{
    if (set.kind == NVRM_SET_NONE) {
        put_numbers(w, e, at, count);
        return;
    }
    put_char(w, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            put_char(w, ',');
        put_scalar(w, set, e->type, gsp_scalar_load(e->type, at + (size_t)i * e->bytes));
    }
    put_char(w, ']');
}

static void
put_structs(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_elems *e, uint32_t start, uint32_t count)
{
    const uint32_t mark = w->shapes->used;
    const struct gsp_known *shape = gsp_shape_push(w->shapes, w->abi, e->layout);
    struct gsp_view inner;

    gsp_view_enter(v, f, e, start, &inner);
    put_char(w, '[');
    w->depth++;
    for (uint32_t i = 0; i < count; i++, inner.base += e->bytes) {
        if (i)
            put_char(w, ',');
        new_line(w);
        write_object(w, &inner, shape, f, v);
    }
    w->depth--;
    if (count)
        new_line(w);
    put_char(w, ']');
    w->shapes->used = mark;
}

/* `count` elements from `start`, as one JSON value. */
static void
write_row(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f,
          const struct gsp_elems *e, uint32_t start, uint32_t count)
{
    const uint8_t *at = e->at + (size_t)start * e->bytes;

    if (e->text)
        put_text(w, at, count);
    else if (e->blob)
        put_blob(w, at, count);
    else if (e->type == NVRM_STRUCT)
        put_structs(w, v, f, e, start, count);
    else
        put_scalars(w, e, gsp_set_of(e->note, e->type), at, count);
}

static void
write_elems(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_elems *e)
{
    const uint32_t count = (w->flags & GSP_JSON_ALL) ? e->room : e->used;

    if (!e->inner) {
        write_row(w, v, f, e, 0, count);
        return;
    }
    put_char(w, '[');
    w->depth++;
    for (uint32_t i = 0; i + e->inner <= count; i += e->inner) {
        if (i)
            put_char(w, ',');
        new_line(w);
        write_row(w, v, f, e, i, e->inner);
    }
    w->depth--;
    new_line(w);
    put_char(w, ']');
}

static void
write_struct(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f,
             const struct gsp_elems *e)
{
    struct gsp_view inner;

    gsp_view_enter(v, f, e, 0, &inner);
    write_object(w, &inner, NULL, f, v);
}

/* A pointer of which more is known is never a string of digits: that would read as what it
 * points to. */
static void
write_pointer(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f)
{
    struct gsp_elems e;

    if (!gsp_view_pointee(v, f, &e))
        put_number(w, NVRM_PTR, gsp_load(v->base + f->offset, 8));
    else if (!e.at)
        gsp_text_puts(w->out, "null");
    else if (!(w->flags & GSP_JSON_POINTERS))
        gsp_text_printf(w->out, "%llu", (unsigned long long)(uintptr_t)e.at);
    else if (e.note->count != NVRM_NONE || e.text || !e.layout)
        write_elems(w, v, NULL, &e);
    else
        write_struct(w, v, NULL, &e);
}

/* Bytes that a sibling gives a meaning to: an object when they are enough for it, else hex
 * digits. */
static void
write_bytes_as(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f,
               const struct gsp_elems *e)
{
    const struct nvrm_layout *layout = gsp_view_as(v, f);
    const size_t bytes = (size_t)e->used * e->bytes;
    struct gsp_view inner;

    if (layout && e->type == NVRM_U8 && bytes >= layout->size && bytes > 0) {
        gsp_view_init(&inner, v->abi, layout, e->at, bytes);
        write_object(w, &inner, NULL, NULL, NULL);
    } else {
        write_elems(w, v, f, e);
    }
}

static void
write_value(struct writer *w, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_known *k)
{
    struct gsp_elems e;

    if (!k->array && f->type == NVRM_PTR) {
        write_pointer(w, v, f);
    } else if (!k->array && f->type != NVRM_STRUCT) {
        put_scalar(w, k->set, f->type, gsp_field_load(f, v->base + f->offset));
    } else {
        gsp_known_elems(v, f, k, &e);
        if (k->numbers)
            put_numbers(w, &e, e.at, (w->flags & GSP_JSON_ALL) ? e.room : e.used);
        else if (k->note && k->note->as != NVRM_NONE)
            write_bytes_as(w, v, f, &e);
        else if (k->array)
            write_elems(w, v, f, &e);
        else
            write_struct(w, v, f, &e);
    }
}

static void
write_members(struct writer *w, const struct gsp_view *v, const struct gsp_known *shape,
              uint16_t first, uint16_t end)
{
    for (uint16_t i = first; i < end && w->out->rc == 0; i++) {
        struct gsp_known room;
        const struct gsp_known *k = gsp_known_at(shape, v->abi, v->fields, i, &room);

        put_key(w, k, i == first);
        write_value(w, v, &v->fields[i], k);
    }
}

/* `f` is the field of `owner` that holds this object: it knows the tag of a union. Both may be
 * NULL, and so may shape. */
static void
write_object(struct writer *w, const struct gsp_view *v, const struct gsp_known *shape,
             const struct nvrm_field *f, const struct gsp_view *owner)
{
    const bool is_union = v->layout->flags & NVRM_LAYOUT_UNION;
    uint16_t first = 0, end = v->layout->fields;

    if (is_union && !(w->flags & GSP_JSON_ALL) && end > 0) {
        first = owner ? gsp_view_member(owner, f, v->layout)
                      : gsp_largest_member(v->abi, v->layout);
        end = first + 1;
    }
    put_char(w, '{');
    w->depth++;
    write_members(w, v, shape, first, end);
    w->depth--;
    if (end > first)
        new_line(w);
    put_char(w, '}');
}

int
gsp_json_write(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
               size_t wire_bytes, unsigned flags, struct gsp_text *out, struct gsp_error *err)
{
    struct gsp_shapes shapes;
    struct writer w = {.abi = abi, .out = out, .shapes = &shapes, .flags = flags};
    struct gsp_view v;

    if (wire_bytes < layout->size)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s is %u bytes at %s, only %zu are there",
                        nvrm_str(abi.schema, layout->name), layout->size,
                        nvrm_release_name(abi.schema, abi.release), wire_bytes);
    w.memo.row = NVRM_NONE;
    shapes.used = 0;
    gsp_view_init(&v, abi, layout, wire, wire_bytes);
    write_object(&w, &v, NULL, NULL, NULL);
    if (out->rc == 0)
        gsp_text_add(out, "", 0);
    if (out->rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, out->rc, "out of memory for JSON text");
    return 0;
}
