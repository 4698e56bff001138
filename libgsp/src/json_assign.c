/* SPDX-License-Identifier: MIT */
/*
 * FIELD=VALUE: the reader let loose on one place of a wire struct. A value that does not start
 * like JSON is taken as a bare string, so that names and hex numbers need no quotes.
 */
#include <errno.h>
#include <stdio.h>

#include "json_read_priv.h"
#include "place_priv.h"
#include "scratch_priv.h"

/* The struct that holds the place; it lies in the scratch copy, which may be written. */
static void
open_object(const struct gsp_reader *r, const struct gsp_place *place, struct gsp_object *o)
{
    uint8_t *base = r->extent - (r->extent - place->view.base);

    gsp_object_init(o, r->abi, place->view.layout, base, place->view.bytes);
}

/* A count must cover an element that was assigned. */
static void
raise_count(struct gsp_reader *r, struct gsp_object *o, const struct gsp_place *place)
{
    const struct nvrm_note *note = gsp_field_note(r->abi, place->field);
    const struct nvrm_field *counter;
    uint64_t need;

    if (!note || note->count == NVRM_NONE || !gsp_field_is_array(place->field))
        return;
    counter = &o->fields[note->count];
    need =
        place->elems.inner ? place->start / place->elems.inner + 1 : (uint64_t)place->start + 1;
    if (note->flags & NVRM_NOTE_BYTES)
        need *= place->elems.bytes;
    if (gsp_field_load(counter, o->base + counter->offset) < need &&
        need <= gsp_mask(gsp_field_bits(counter)))
        gsp_field_store(counter, o->base + counter->offset, need);
}

static bool
assign_element(struct gsp_reader *r, struct gsp_object *o, const struct gsp_place *place)
{
    if (!gsp_read_element(r, o, place->field, &place->elems, gsp_place_at(place)))
        return false;
    raise_count(r, o, place);
    return true;
}

/* A whole field: what was there goes away, so that a shorter array leaves nothing behind. */
static bool
assign_field(struct gsp_reader *r, struct gsp_object *o, const struct gsp_place *place)
{
    const struct nvrm_field *f = place->field;
    const struct nvrm_note *note = gsp_field_note(r->abi, f);
    const size_t bytes = (size_t)place->count * nvrm_field_elem_bytes(r->abi.schema, f);

    if (gsp_field_is_array(f) || f->type == NVRM_STRUCT)
        memset(gsp_place_at(place), 0, bytes);
    if (note && note->tag != NVRM_NONE &&
        gsp_field_load(&o->fields[note->tag], o->base + o->fields[note->tag].offset))
        gsp_bit_set(o->seen, note->tag);
    return gsp_read_field(r, o, f);
}

static int
assign(struct gsp_reader *r, const struct gsp_place *place)
{
    struct gsp_object o;
    bool ok;

    open_object(r, place, &o);
    if (place->one && gsp_field_is_array(place->field))
        ok = assign_element(r, &o, place);
    else if (!place->one && place->elems.inner && place->count == place->elems.inner)
        ok = gsp_read_fail(r, -EINVAL, "assign the whole array, or one element of the row");
    else
        ok = assign_field(r, &o, place);
    if (ok && gsp_lex_peek(&r->lex) == '\0' && r->lex.p == r->lex.end)
        return 0;
    gsp_lex_fail(&r->lex, "something follows the value");
    gsp_read_syntax_error(r);
    return r->rc;
}

/* The value as JSON: as it is, or quoted. */
static int
spell(const struct gsp_place *place, const char *value, struct gsp_text *out)
{
    const bool text = gsp_field_is_array(place->field) && !place->one && place->elems.text;

    while (*value == ' ')
        value++;
    if (*value == '"' || ((*value == '[' || *value == '{') && !text) ||
        (place->field->type == NVRM_PTR && strcmp(value, "null") == 0))
        gsp_text_puts(out, value);
    else
        gsp_text_json_string(out, value, strlen(value));
    return out->rc;
}

/* "list[2].item[1].x" also reaches into list[2] and item[1]. */
static void
raise_outer_counts(struct gsp_reader *r, const char *path, uint8_t *bytes, size_t wire_bytes)
{
    struct gsp_place place;
    struct gsp_object o;
    char outer[256];

    for (const char *p = strstr(path, "]."); p; p = strstr(p + 1, "].")) {
        snprintf(outer, sizeof(outer), "%.*s", (int)(p + 1 - path), path);
        if (gsp_place_find(r->abi, r->root, bytes, wire_bytes, outer, &place, NULL) < 0 ||
            !place.one)
            continue;
        open_object(r, &place, &o);
        raise_count(r, &o, &place);
    }
}

static int
assign_in(struct gsp_reader *r, const char *path, const char *value, uint8_t *bytes,
          size_t wire_bytes)
{
    const struct gsp_frame frame = {NULL, path, 0};
    struct gsp_text text = {.host = r->arena ? r->arena->host : NULL};
    struct gsp_place place;
    int rc = gsp_place_find(r->abi, r->root, bytes, wire_bytes, path, &place, r->err);

    if (rc == 0 && spell(&place, value, &text) < 0)
        rc = gsp_fail(r->err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    if (rc == 0) {
        r->lex =
            (struct gsp_lex){.text = text.data, .p = text.data, .end = text.data + text.bytes};
        r->top = r->base = &frame;
        rc = assign(r, &place);
    }
    if (rc == 0)
        raise_outer_counts(r, path, bytes, wire_bytes);
    gsp_text_fini(&text);
    return rc;
}

int
gsp_json_assign(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *path,
                const char *value, void *wire, size_t wire_bytes, struct gsp_arena *arena,
                struct gsp_error *err)
{
    struct gsp_shapes shapes;
    struct gsp_reader r = {
        .abi = abi, .arena = arena, .shapes = &shapes, .err = err, .root = layout};
    struct gsp_scratch scratch;
    int rc;

    shapes.used = 0;
    r.memo.row = NVRM_NONE;
    if (!gsp_scratch_init(&scratch, arena ? arena->host : NULL, wire_bytes))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for %zu bytes",
                        wire_bytes);
    memcpy(scratch.bytes, wire, wire_bytes);
    r.extent = scratch.bytes + wire_bytes;
    rc = assign_in(&r, path, value, scratch.bytes, wire_bytes);
    if (rc == 0)
        memcpy(wire, scratch.bytes, wire_bytes);
    gsp_scratch_fini(&scratch);
    return rc;
}
