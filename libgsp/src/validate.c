/* SPDX-License-Identifier: MIT */
/*
 * Checks wire bytes against what the schema says about them: enum and bool values, ranges,
 * counts within their arrays, known bits, terminated text. Ids (classes, controls, statuses)
 * are not checked: an unknown one is news, not damage.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <gsp/codec.h>

#include "names_priv.h"
#include "view_priv.h"

struct checker {
    struct nvrm_abi abi;
    struct gsp_error *err;
    const char *root;
    struct gsp_set_memo memo;
    int rc;
    char path[200];
};

static void check_struct(struct checker *c, const struct gsp_view *v,
                         const struct nvrm_field *f, const struct gsp_view *owner);

static void bad(struct checker *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
bad(struct checker *c, const char *format, ...)
{
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    c->rc = gsp_fail(c->err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s.%s: %s (release %s)", c->root,
                     c->path, what, nvrm_release_name(c->abi.schema, c->abi.release));
}

static void
check_set(struct checker *c, struct gsp_set set, uint64_t value)
{
    struct gsp_bits_term term;
    struct gsp_bits bits;

    if (set.kind == NVRM_SET_ENUM && nvrm_set_count(c->abi.schema, set.row) > 0 &&
        !gsp_set_name(c->abi, set, value, &c->memo))
        bad(c, "0x%llx is none of its values", (unsigned long long)value);
    if (set.kind != NVRM_SET_BITS)
        return;
    gsp_bits_init(&bits, c->abi, set.row, value);
    while (gsp_bits_next(&bits, &term))
        continue;
    if (bits.rest)
        bad(c, "bits 0x%llx have no meaning", (unsigned long long)bits.rest);
}

static void
check_scalar(struct checker *c, uint8_t type, const struct nvrm_note *note, uint64_t value,
             bool ranged)
{
    if (type == NVRM_BOOL && value > 1)
        bad(c, "%llu is neither false nor true", (unsigned long long)value);
    else if (note && ranged && (note->flags & NVRM_NOTE_MAX) &&
             !(note->flags & NVRM_NOTE_PTR) && value > note->max)
        bad(c, "%llu is above %u", (unsigned long long)value, note->max);
    else if (note && ranged && (note->flags & NVRM_NOTE_MIN) && value < note->min)
        bad(c, "%llu is below %u", (unsigned long long)value, note->min);
    else
        check_set(c, gsp_set_of(note, type), value);
}

/* The count that belongs to field f must stay within it. */
static void
check_count(struct checker *c, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_elems *e)
{
    const uint32_t rows = e->inner ? e->room / e->inner : e->room;
    const bool bytes = e->note && (e->note->flags & NVRM_NOTE_BYTES);
    const uint64_t max = bytes ? (uint64_t)e->room * e->bytes : rows;
    uint64_t count;

    if (e->note && gsp_view_count(v, f, &count) && count > max)
        bad(c, "%s says %llu, at most %llu fit",
            nvrm_str(c->abi.schema, v->fields[e->note->count].name), (unsigned long long)count,
            (unsigned long long)max);
}

static void
check_list(struct checker *c, const struct gsp_view *v, const struct nvrm_field *f,
           const struct gsp_elems *e, uint32_t start, uint32_t count)
{
    const uint8_t *at = e->at + (size_t)start * e->bytes;
    const size_t end = strlen(c->path);
    struct gsp_view inner;

    if (e->text) {
        if (count > 1 && !memchr(at, 0, count) && e->used == e->room)
            bad(c, "text is not terminated");
        return;
    }
    if (e->type != NVRM_STRUCT && e->type != NVRM_BOOL &&
        gsp_set_of(e->note, e->type).kind == NVRM_SET_NONE)
        return;
    for (uint32_t i = 0; i < count && c->rc == 0; i++, at += e->bytes) {
        snprintf(c->path + end, sizeof(c->path) - end, "[%u]", i);
        if (e->type == NVRM_STRUCT) {
            gsp_view_enter(v, f, e, start + i, &inner);
            check_struct(c, &inner, f, v);
        } else {
            check_scalar(c, e->type, e->note, gsp_scalar_load(e->type, at), false);
        }
    }
    if (c->rc == 0)
        c->path[end] = '\0';
}

static void
check_elems(struct checker *c, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_elems *e)
{
    const size_t end = strlen(c->path);

    check_count(c, v, f, e);
    if (!e->inner && c->rc == 0)
        check_list(c, v, f, e, 0, e->used);
    for (uint32_t i = 0; e->inner && i + e->inner <= e->used && c->rc == 0; i += e->inner) {
        snprintf(c->path + end, sizeof(c->path) - end, "[%u]", i / e->inner);
        check_list(c, v, f, e, i, e->inner);
        if (c->rc == 0)
            c->path[end] = '\0';
    }
}

static void
check_aggregate(struct checker *c, const struct gsp_view *v, const struct nvrm_field *f)
{
    const struct nvrm_layout *as = gsp_view_as(v, f);
    struct gsp_view inner;
    struct gsp_elems e;

    gsp_view_elems(v, f, &e);
    if (as && e.type == NVRM_U8 && e.used) {
        check_count(c, v, f, &e);
        if (c->rc == 0 && e.used < as->size) {
            bad(c, "%u bytes are too few for %s", e.used, nvrm_str(c->abi.schema, as->name));
        } else if (c->rc == 0) {
            gsp_view_init(&inner, v->abi, as, e.at, e.used);
            check_struct(c, &inner, NULL, NULL);
        }
    } else if (gsp_field_is_array(f)) {
        check_elems(c, v, f, &e);
    } else {
        gsp_view_enter(v, f, &e, 0, &inner);
        check_struct(c, &inner, f, v);
    }
}

/* Pointers: only their count; what they point to may be another process's. */
static void
check_pointer(struct checker *c, const struct gsp_view *v, const struct nvrm_field *f)
{
    const struct nvrm_note *note = gsp_field_note(v->abi, f);
    uint64_t count;

    if (note && (note->flags & NVRM_NOTE_MAX) && gsp_view_count(v, f, &count) &&
        count > note->max)
        bad(c, "%s says %llu, at most %u are allowed",
            nvrm_str(c->abi.schema, v->fields[note->count].name), (unsigned long long)count,
            note->max);
}

static void
check_struct(struct checker *c, const struct gsp_view *v, const struct nvrm_field *f,
             const struct gsp_view *owner)
{
    const bool is_union = v->layout->flags & NVRM_LAYOUT_UNION;
    const size_t end = strlen(c->path);
    uint16_t first = 0, last = v->layout->fields;

    if (is_union && last > 0) {
        const struct nvrm_note *note = owner && f ? gsp_field_note(v->abi, f) : NULL;

        if (!note || note->tag == NVRM_NONE)
            return; /* nobody can tell which member is live */
        first = gsp_view_member(owner, f, v->layout);
        last = first + 1;
    }
    for (uint16_t i = first; i < last && c->rc == 0; i++) {
        const struct nvrm_field *field = &v->fields[i];

        snprintf(c->path + end, sizeof(c->path) - end, "%s%s", end ? "." : "",
                 nvrm_str(v->abi.schema, field->name));
        if (gsp_field_is_array(field) || field->type == NVRM_STRUCT)
            check_aggregate(c, v, field);
        else if (field->type == NVRM_PTR)
            check_pointer(c, v, field);
        else
            check_scalar(c, field->type, gsp_field_note(v->abi, field),
                         gsp_field_load(field, v->base + field->offset), true);
    }
    if (c->rc == 0)
        c->path[end] = '\0';
}

int
gsp_validate(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
             size_t wire_bytes, struct gsp_error *err)
{
    struct checker c = {
        .abi = abi,
        .err = err,
        .root = nvrm_str(abi.schema, layout->name),
        .memo = {NVRM_NONE, 0}
    };
    struct gsp_view v;

    if (wire_bytes < layout->size)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s is %u bytes at %s, only %zu are there", c.root, layout->size,
                        nvrm_release_name(abi.schema, abi.release), wire_bytes);
    gsp_view_init(&v, abi, layout, wire, wire_bytes);
    check_struct(&c, &v, NULL, NULL);
    return c.rc;
}
