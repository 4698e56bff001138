/* SPDX-License-Identifier: MIT */
/*
 * Fields of the JSON reader: arrays with their counts, flexible tails, pointers, unions and
 * bytes that another field gives a meaning to.
 */
#include <errno.h>

#include "json_read_priv.h"

enum { POINTEE_MAX_BYTES = 64 << 20 };

static const char *
name_of(const struct gsp_reader *r, const struct nvrm_field *f)
{
    return nvrm_str(r->abi.schema, f->name);
}

static void
reach(struct gsp_reader *r, uint8_t *end)
{
    if (end > r->extent)
        r->extent = end;
}

/* What a count field says when `rows` elements are in the array. */
static uint64_t
count_value(const struct gsp_elems *e, uint64_t rows)
{
    return (e->note->flags & NVRM_NOTE_BYTES) ? rows * e->bytes * (e->inner ? e->inner : 1)
                                              : rows;
}

/* A count that goes with an array of `rows` elements: the same number, or less when the whole
 * array was given. */
static bool
count_agrees(const struct gsp_elems *e, uint64_t rows, uint64_t count)
{
    const uint64_t all = e->inner ? e->room / e->inner : e->room;

    return count == count_value(e, rows) ||
           (e->at && rows == all && count <= count_value(e, rows));
}

/* Checks the count that was given, or takes it from the array. e->room is 0 where there is no
 * declared length. */
static bool
settle_count(struct gsp_reader *r, struct gsp_object *o, const struct gsp_elems *e,
             uint64_t rows)
{
    const struct nvrm_field *counter;
    uint8_t *at;

    if (!e->note || e->note->count == NVRM_NONE)
        return true;
    counter = &o->fields[e->note->count];
    at = o->base + counter->offset;
    if (gsp_bit_get(o->seen, e->note->count) || gsp_bit_get(o->filled, e->note->count)) {
        const uint64_t count = gsp_field_load(counter, at);

        if (count_agrees(e, rows, count))
            return true;
        return gsp_read_fail(r, -EINVAL, "%llu elements are given, but %s says %llu",
                             (unsigned long long)rows, name_of(r, counter),
                             (unsigned long long)count);
    }
    if (count_value(e, rows) > gsp_mask(gsp_field_bits(counter)))
        return gsp_read_fail(r, -ERANGE, "%llu elements do not fit into %s",
                             (unsigned long long)rows, name_of(r, counter));
    gsp_field_store(counter, at, count_value(e, rows));
    gsp_bit_set(o->filled, e->note->count);
    return true;
}

/* A count that comes after its array must agree with it. */
static bool
check_late_count(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *counter,
                 uint64_t old, uint64_t value)
{
    const uint16_t index = (uint16_t)(counter - o->fields);
    struct gsp_view v;

    if (value == old)
        return true;
    gsp_object_view(r, o, &v);
    for (uint32_t i = 0; i < o->layout->fields; i++) {
        const struct nvrm_note *note = gsp_field_note(r->abi, &o->fields[i]);
        struct gsp_elems e;
        uint64_t rows;

        if (!note || note->count != index || !gsp_bit_get(o->seen, i) ||
            o->fields[i].type == NVRM_PTR)
            continue;
        gsp_view_elems(&v, &o->fields[i], &e);
        rows = (note->flags & NVRM_NOTE_BYTES) && e.bytes ? old / e.bytes : old;
        if (o->fields[i].count && count_agrees(&e, rows, value))
            return true;
        break;
    }
    return gsp_read_fail(r, -EINVAL, "%llu is wrong: %llu are given", (unsigned long long)value,
                         (unsigned long long)old);
}

static bool
read_scalar_field(struct gsp_reader *r, struct gsp_object *o, uint32_t i,
                  const struct gsp_known *k)
{
    const struct nvrm_field *f = &o->fields[i];
    const unsigned bits = f->bit_len ? f->bit_len : k->bytes * 8;
    const bool plain = f->type != NVRM_BOOL && !gsp_type_signed(f->type);
    uint8_t *at = o->base + f->offset;
    uint64_t value;

    if (!(plain && gsp_read_simple(r, gsp_mask(bits), &value)) &&
        !gsp_read_scalar(r, k->note, f->type, bits, &value))
        return false;
    if (k->note && !gsp_read_within(r, k->note, value))
        return false;
    if (gsp_bit_get(o->filled, i) && !check_late_count(r, o, f, gsp_field_load(f, at), value))
        return false;
    if (f->bit_len)
        gsp_field_store(f, at, value);
    else
        gsp_store(at, k->bytes, value);
    return true;
}

/* A struct element: zeroed first unless it is part of what the call began with. */
static bool
read_struct(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
            const struct gsp_elems *e, uint8_t *at)
{
    const bool tail = f && !gsp_field_is_array(f) && (e->layout->flags & NVRM_LAYOUT_TAIL);
    struct gsp_object inner;

    if ((uintptr_t)at - (uintptr_t)r->zeroed >= r->zeroed_bytes)
        memset(at, 0, e->bytes);
    gsp_object_init(&inner, r->abi, e->layout, at, tail ? o->cap - f->offset : e->bytes);
    inner.shape = e->shape;
    if (e->layout->flags & NVRM_LAYOUT_UNION)
        return gsp_read_union(r, &inner, o, e->note);
    return gsp_read_object(r, &inner);
}

bool
gsp_read_element(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
                 const struct gsp_elems *e, uint8_t *at)
{
    uint64_t value;

    if (e->layout)
        return read_struct(r, o, f, e, at);
    if (!gsp_read_scalar(r, e->note, e->type, e->bytes * 8, &value))
        return false;
    gsp_store(at, e->bytes, value);
    return true;
}

/* Elements up to the closing bracket; the opening one was taken. */
static bool
read_elements(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
              const struct gsp_elems *e, uint8_t *at, uint32_t room, uint32_t *count)
{
    struct gsp_frame frame = {r->top, NULL, 0};

    do {
        if (*count == room)
            return gsp_read_fail(r, -ERANGE, "too many elements: at most %u fit", room);
        frame.index = *count;
        r->top = &frame;
        if (!gsp_read_element(r, o, f, e, at + (size_t)*count * e->bytes)) {
            gsp_read_syntax_error(r);
            r->top = frame.up;
            return false;
        }
        r->top = frame.up;
        ++*count;
    } while (gsp_lex_take(&r->lex, ','));
    return gsp_lex_take(&r->lex, ']') || gsp_lex_fail(&r->lex, "',' or ']' was expected");
}

/* Up to `room` elements of an array into `at`. */
static bool
read_list(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
          struct gsp_elems *e, uint8_t *at, uint32_t room, uint32_t *count)
{
    const uint32_t mark = r->shapes->used;
    bool closed = false, ok;

    *count = 0;
    if (!gsp_lex_take(&r->lex, '['))
        return gsp_lex_fail(&r->lex, "an array was expected");
    if (gsp_lex_take(&r->lex, ']'))
        return true;
    if (e->type == NVRM_STRUCT)
        e->shape = gsp_shape_push(r->shapes, r->abi, e->layout);
    else if (gsp_set_of(e->note, e->type).kind == NVRM_SET_NONE)
        *count = gsp_read_numbers(r, e->type, e->bytes, at, room, &closed);
    ok = closed || read_elements(r, o, f, e, at, room, count);
    r->shapes->used = mark;
    return ok;
}

/* Text, opaque bytes or a list: one row of an array. */
static bool
read_row(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
         struct gsp_elems *e, uint8_t *at, uint32_t room, uint32_t *count)
{
    const bool string = gsp_lex_peek(&r->lex) == '"';
    struct gsp_elems row = *e;
    size_t bytes;

    if (string && e->text) {
        row.room = room;
        return gsp_read_text(r, &row, at, count);
    }
    if (!string || e->bytes != 1 || e->type == NVRM_STRUCT)
        return read_list(r, o, f, e, at, room, count);
    if (!gsp_read_blob(r, at, room, &bytes))
        return false;
    *count = (uint32_t)bytes;
    return true;
}

/* A two-dimensional array: a list of rows. */
static bool
read_rows(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
          struct gsp_elems *e, uint8_t *at, uint32_t *rows)
{
    const uint32_t room = e->room / e->inner;
    struct gsp_frame frame = {r->top, NULL, 0};
    uint32_t count;

    *rows = 0;
    if (!gsp_lex_take(&r->lex, '['))
        return gsp_lex_fail(&r->lex, "an array was expected");
    if (gsp_lex_take(&r->lex, ']'))
        return true;
    do {
        if (*rows == room)
            return gsp_read_fail(r, -ERANGE, "too many rows: at most %u fit", room);
        frame.index = *rows;
        r->top = &frame;
        if (!read_row(r, o, f, e, at + (size_t)*rows * e->inner * e->bytes, e->inner, &count)) {
            gsp_read_syntax_error(r);
            r->top = frame.up;
            return false;
        }
        r->top = frame.up;
        ++*rows;
    } while (gsp_lex_take(&r->lex, ','));
    return gsp_lex_take(&r->lex, ']') || gsp_lex_fail(&r->lex, "',' or ']' was expected");
}

static bool
read_array(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
           struct gsp_elems *e)
{
    uint8_t *at = o->base + f->offset;
    uint32_t rows;

    if (!(e->inner ? read_rows(r, o, f, e, at, &rows)
                   : read_row(r, o, f, e, at, e->room, &rows)))
        return false;
    if (f->count == 0) {
        if (rows)
            reach(r, o->base + o->layout->size + (size_t)rows * e->bytes);
        e->at = NULL; /* no declared length that a count could stay below */
    }
    if (e->text && e->note && e->note->count != NVRM_NONE &&
        gsp_bit_get(o->seen, e->note->count))
        return true; /* a length may or may not count the NUL */
    return settle_count(r, o, e, rows);
}

/* An array of plain numbers. */
static bool
read_numbers(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
             const struct gsp_known *k)
{
    uint8_t *at = o->base + f->offset;
    struct gsp_elems e = {
        .note = k->note, .at = at, .bytes = k->bytes, .room = f->count, .type = f->type};
    bool closed = false;
    uint32_t count = 0;

    if (f->count == 0)
        e.room = (uint32_t)((o->cap - f->offset) / k->bytes);
    if (!gsp_lex_take(&r->lex, '['))
        return gsp_lex_fail(&r->lex, "an array was expected");
    if (!gsp_lex_take(&r->lex, ']')) {
        count = gsp_read_numbers(r, f->type, k->bytes, at, e.room, &closed);
        if (!closed && !read_elements(r, o, f, &e, at, e.room, &count))
            return false;
    }
    if (f->count == 0 && count)
        reach(r, o->base + o->layout->size + (size_t)count * k->bytes);
    if (f->count == 0)
        e.at = NULL;
    return !k->note || settle_count(r, o, &e, count);
}

/* Bytes that hold another struct, as a sibling says. */
static bool
read_bytes_as(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
              struct gsp_elems *e)
{
    const struct nvrm_layout *outer_root = r->root, *layout;
    const struct gsp_frame *outer_base = r->base;
    uint8_t *at = o->base + f->offset, *outer_extent = r->extent;
    struct gsp_object inner;
    struct gsp_view v;
    uint64_t bytes;
    bool ok;

    if (gsp_lex_peek(&r->lex) != '{')
        return read_array(r, o, f, e);
    gsp_object_view(r, o, &v);
    layout = gsp_view_as(&v, f);
    if (!layout)
        return gsp_read_fail(r, -EINVAL,
                             "no struct is known for %s 0x%llx: give bytes as \"0x...\"",
                             name_of(r, &o->fields[e->note->as]),
                             (unsigned long long)gsp_view_value(&v, e->note->as));
    if (layout->size > (size_t)e->room * e->bytes)
        return gsp_read_fail(r, -ENOSPC, "%s is %u bytes, only %llu fit",
                             nvrm_str(r->abi.schema, layout->name), layout->size,
                             (unsigned long long)e->room * e->bytes);
    memset(at, 0, layout->size);
    gsp_object_init(&inner, r->abi, layout, at, (size_t)e->room * e->bytes);
    r->root = layout;
    r->base = r->top;
    r->extent = at + layout->size;
    ok = gsp_read_object(r, &inner);
    if (!ok)
        gsp_read_syntax_error(r);
    bytes = (uint64_t)(r->extent - at);
    r->root = outer_root;
    r->base = outer_base;
    r->extent = outer_extent;
    if (!ok)
        return false;
    reach(r, at + bytes);
    e->at = NULL;
    return settle_count(r, o, e, bytes);
}

/* How many elements the text gives for a pointee. */
static bool
count_given(struct gsp_reader *r, const struct gsp_elems *e, size_t *count)
{
    struct gsp_lex l = r->lex;
    struct gsp_lex_string string;
    const char c = gsp_lex_peek(&l);

    if (c == '[')
        return gsp_lex_count(&l, count) || gsp_lex_fail(&r->lex, "the array does not end");
    if (c == '"') {
        if (!gsp_lex_string(&l, &string))
            return gsp_lex_string(&r->lex, &string);
        *count = e->text ? string.bytes + 1 : string.bytes / 2;
        return true;
    }
    *count = 1;
    return true;
}

/* Room for `count` elements behind pointer field f. */
static uint8_t *
make_pointee(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
             const struct gsp_elems *e, uint64_t count)
{
    uint8_t *p = NULL;

    if (!r->arena)
        gsp_read_fail(r, -EINVAL, "an embedded pointer cannot be given here");
    else if ((e->note->flags & NVRM_NOTE_MAX) && count > e->note->max)
        gsp_read_fail(r, -ERANGE, "%llu elements, at most %u are allowed",
                      (unsigned long long)count, e->note->max);
    else if (count * e->bytes > POINTEE_MAX_BYTES || count > POINTEE_MAX_BYTES)
        gsp_read_fail(r, -ERANGE, "%llu elements of %u bytes are too many",
                      (unsigned long long)count, e->bytes);
    else if (!(p = gsp_arena_alloc(r->arena, count ? (size_t)count * e->bytes : 1)))
        gsp_read_fail(r, -ENOMEM, "out of memory");
    if (p)
        gsp_store(o->base + f->offset, 8, (uint64_t)(uintptr_t)p);
    return p;
}

static bool
read_pointee(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
             struct gsp_elems *e)
{
    size_t count = 0;
    uint32_t rows;
    uint8_t *at;

    if (!count_given(r, e, &count) || !(at = make_pointee(r, o, f, e, count)))
        return false;
    if (e->note->count == NVRM_NONE && e->layout)
        return gsp_read_element(r, o, NULL, e, at);
    if (e->note->count == NVRM_NONE && !e->text && count != 1)
        return gsp_read_fail(r, -EINVAL, "%zu elements are given, one is wanted", count);
    e->room = (uint32_t)count;
    if (!read_row(r, o, NULL, e, at, e->room, &rows))
        return false;
    e->at = NULL;
    return settle_count(r, o, e, e->text && e->note->count != NVRM_NONE ? rows + 1 : rows);
}

/* A number where something is pointed to: 0 is null, anything else would be a wild pointer. */
static bool
read_address(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f)
{
    uint64_t value;
    bool negative;

    if (!gsp_lex_number(&r->lex, &value, &negative))
        return false;
    if (value)
        return gsp_read_fail(r, -EINVAL,
                             "an address means nothing here: give what it points to, or null");
    gsp_store(o->base + f->offset, 8, 0);
    return true;
}

static bool
read_pointer(struct gsp_reader *r, struct gsp_object *o, uint32_t i, const struct gsp_known *k)
{
    const struct nvrm_field *f = &o->fields[i];
    struct gsp_elems e;
    struct gsp_view v;
    char c;

    gsp_object_view(r, o, &v);
    if (!gsp_view_pointee(&v, f, &e))
        return read_scalar_field(r, o, i, k);
    c = gsp_lex_peek(&r->lex);
    if (c == 'n')
        return read_scalar_field(r, o, i, k);
    if (c >= '0' && c <= '9')
        return read_address(r, o, f);
    if (c != '[' && (c != '"' || (e.bytes != 1 && !e.text)) && (c != '{' || !e.layout))
        return gsp_read_fail(r, -EINVAL, "an array is wanted, or null");
    return read_pointee(r, o, f, &e);
}

bool
gsp_read_known(struct gsp_reader *r, struct gsp_object *o, uint32_t i,
               const struct gsp_known *k)
{
    const struct nvrm_field *f = &o->fields[i];
    struct gsp_elems e;
    struct gsp_view v;

    if (!k->array && f->type == NVRM_PTR)
        return read_pointer(r, o, i, k);
    if (!k->array && f->type != NVRM_STRUCT)
        return read_scalar_field(r, o, i, k);
    if (k->numbers)
        return read_numbers(r, o, f, k);
    gsp_object_view(r, o, &v);
    gsp_known_room(&v, f, k, &e);
    if (e.type == NVRM_STRUCT && !e.layout)
        return gsp_read_fail(r, -EINVAL, "the schema does not say what it holds");
    if (e.note && e.note->as != NVRM_NONE && e.bytes == 1)
        return read_bytes_as(r, o, f, &e);
    if (k->array)
        return read_array(r, o, f, &e);
    return gsp_read_element(r, o, f, &e, o->base + f->offset);
}

bool
gsp_read_field(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f)
{
    struct gsp_known known;

    gsp_know(r->abi, f, &known);
    return gsp_read_known(r, o, (uint32_t)(f - o->fields), &known);
}

/* A count without its array: it must not exceed the array, and RM needs room behind a pointer
 * that it writes through. */
static bool
finish_counted(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
               const struct nvrm_note *note, uint64_t count)
{
    const struct nvrm_field *counter = &o->fields[note->count];
    struct gsp_elems e;
    struct gsp_view v;
    uint64_t rows;

    gsp_object_view(r, o, &v);
    if (f->type == NVRM_PTR) {
        if ((note->dir != NVRM_DIR_OUT && note->dir != NVRM_DIR_INOUT) || !r->arena ||
            !gsp_view_pointee(&v, f, &e))
            return true;
        rows = (note->flags & NVRM_NOTE_BYTES) && e.bytes ? count / e.bytes : count;
        return make_pointee(r, o, f, &e, rows) != NULL;
    }
    if (f->count == 0)
        return true;
    gsp_view_elems(&v, f, &e);
    rows = e.inner ? e.room / e.inner : e.room;
    if (count <= count_value(&e, rows))
        return true;
    return gsp_read_fail(r, -ERANGE, "%s: %llu is out of range: %s holds at most %llu",
                         name_of(r, counter), (unsigned long long)count, name_of(r, f),
                         (unsigned long long)count_value(&e, rows));
}

bool
gsp_read_finish(struct gsp_reader *r, struct gsp_object *o)
{
    if (o->layout->fields - 1u < 64 && o->seen[0] == gsp_mask(o->layout->fields))
        return true; /* every array was given, and its count checked with it */
    for (uint32_t i = 0; i < o->layout->fields; i++) {
        struct gsp_known room;
        const struct nvrm_note *note = gsp_object_known(r, o, i, &room)->note;
        const struct nvrm_field *counter;
        uint64_t count;

        if (!note || note->count == NVRM_NONE || gsp_bit_get(o->seen, i))
            continue;
        counter = &o->fields[note->count];
        count = gsp_field_load(counter, o->base + counter->offset);
        if (count && !finish_counted(r, o, &o->fields[i], note, count))
            return false;
    }
    return true;
}
