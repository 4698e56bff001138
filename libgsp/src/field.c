/* SPDX-License-Identifier: MIT */
/*
 * Fields by path: NAME, NAME[INDEX], and dots for what is inside. Bytes that hold another
 * struct (the params of a control RPC) are entered by a dot as well.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include <gsp/codec.h>

#include "place_priv.h"

/* The path being walked. */
struct walk {
    const char *path, *p;
    struct gsp_error *err;
    struct gsp_place *place;
};

static const char *
layout_name(const struct walk *w)
{
    return nvrm_str(w->place->view.abi.schema, w->place->view.layout->name);
}

static int
no_such_field(struct walk *w, const char *name)
{
    const struct gsp_view *v = &w->place->view;
    const char *near = nvrm_nearest_field(v->abi.schema, v->layout, name);

    gsp_fail(w->err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %s has no field '%s' at %s", w->path,
             layout_name(w), name, nvrm_release_name(v->abi.schema, v->abi.release));
    if (near)
        gsp_hint(w->err, "did you mean '%s'?", near);
    return -EINVAL;
}

/* Takes a name and finds its field. */
static int
walk_name(struct walk *w)
{
    struct gsp_place *place = w->place;
    char name[96];
    size_t n = 0;

    while (w->p[n] && w->p[n] != '.' && w->p[n] != '[' && n < sizeof(name) - 1) {
        name[n] = w->p[n];
        n++;
    }
    name[n] = '\0';
    place->field = nvrm_field_find(place->view.abi.schema, place->view.layout, name);
    if (!place->field)
        return no_such_field(w, name);
    w->p += n;
    place->start = 0;
    place->count = 1;
    place->one = true;
    if (gsp_field_is_array(place->field) || place->field->type == NVRM_STRUCT) {
        gsp_view_elems(&place->view, place->field, &place->elems);
        place->one = !gsp_field_is_array(place->field);
        place->count = place->elems.room;
    }
    return 0;
}

/* Takes one [INDEX]. */
static int
walk_index(struct walk *w, uint32_t stride)
{
    struct gsp_place *place = w->place;
    const uint32_t room = stride ? place->count / stride : 0;
    unsigned long index;
    char *end;

    if (!isdigit((unsigned char)w->p[1]))
        return gsp_fail(w->err, GSP_ORIGIN_INPUT, -EINVAL, "%s: a number must follow '['",
                        w->path);
    index = strtoul(w->p + 1, &end, 0);
    if (*end != ']')
        return gsp_fail(w->err, GSP_ORIGIN_INPUT, -EINVAL, "%s: ']' is missing", w->path);
    if (index >= room)
        return gsp_fail(w->err, GSP_ORIGIN_INPUT, -ERANGE,
                        "%s: index %lu is out of range: %s holds %u elements", w->path, index,
                        nvrm_str(place->view.abi.schema, place->field->name), room);
    place->start += (uint32_t)index * stride;
    place->count = stride;
    w->p = end + 1;
    return 0;
}

static int
walk_indexes(struct walk *w)
{
    struct gsp_place *place = w->place;
    int rc = 0;

    if (*w->p == '[' && place->one)
        return gsp_fail(w->err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %s is not an array", w->path,
                        nvrm_str(place->view.abi.schema, place->field->name));
    if (*w->p == '[' && place->elems.inner)
        rc = walk_index(w, place->elems.inner);
    if (rc == 0 && *w->p == '[') {
        rc = walk_index(w, 1);
        place->one = true;
    }
    return rc;
}

/* Goes inside what was found, behind a dot. */
static int
walk_inside(struct walk *w)
{
    struct gsp_place *place = w->place;
    const struct nvrm_layout *as;
    struct gsp_view inner;

    w->p++;
    if (place->field->type == NVRM_STRUCT && place->one && place->elems.layout) {
        gsp_view_enter(&place->view, place->field, &place->elems, place->start, &inner);
        place->view = inner;
        return 0;
    }
    as = gsp_view_as(&place->view, place->field);
    if (as && !place->one && as->size <= place->elems.room) {
        gsp_view_init(&inner, place->view.abi, as, place->elems.at, place->elems.room);
        place->view = inner;
        return 0;
    }
    return gsp_fail(w->err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %s has no fields%s", w->path,
                    nvrm_str(place->view.abi.schema, place->field->name),
                    place->field->type == NVRM_STRUCT ? " without an index" : "");
}

int
gsp_place_find(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
               size_t wire_bytes, const char *path, struct gsp_place *place,
               struct gsp_error *err)
{
    struct walk w = {.path = path, .p = path, .err = err, .place = place};
    int rc;

    if (wire_bytes < layout->size)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s is %u bytes at %s, only %zu are there",
                        nvrm_str(abi.schema, layout->name), layout->size,
                        nvrm_release_name(abi.schema, abi.release), wire_bytes);
    gsp_view_init(&place->view, abi, layout, wire, wire_bytes);
    for (;;) {
        rc = walk_name(&w);
        if (rc == 0)
            rc = walk_indexes(&w);
        if (rc < 0 || *w.p == '\0')
            return rc;
        if (*w.p != '.')
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                            "%s: '.' or the end was expected at '%s'", path, w.p);
        rc = walk_inside(&w);
        if (rc < 0)
            return rc;
    }
}

bool
gsp_place_is_scalar(const struct gsp_place *place)
{
    return place->one && place->field->type != NVRM_STRUCT;
}

uint8_t *
gsp_place_at(const struct gsp_place *place)
{
    const uint32_t bytes = nvrm_field_elem_bytes(place->view.abi.schema, place->field);

    return (uint8_t *)(uintptr_t)(place->view.base + place->field->offset +
                                  (size_t)place->start * bytes);
}

static int
find_scalar(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
            size_t wire_bytes, const char *path, struct gsp_place *place, struct gsp_error *err)
{
    const int rc = gsp_place_find(abi, layout, wire, wire_bytes, path, place, err);

    if (rc == 0 && !gsp_place_is_scalar(place))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s is %s, not one number", path,
                        place->one ? "a struct" : "an array");
    return rc;
}

int
gsp_field_get(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
              size_t wire_bytes, const char *path, uint64_t *value_out, struct gsp_error *err)
{
    struct gsp_place place;
    const int rc = find_scalar(abi, layout, wire, wire_bytes, path, &place, err);

    if (rc == 0)
        *value_out = gsp_field_load(place.field, gsp_place_at(&place));
    return rc;
}

/* Whether value survives being stored; signed fields take both spellings of a negative number.
 */
static bool
fits(const struct nvrm_field *f, uint64_t value)
{
    const unsigned bits = gsp_field_bits(f);

    if (value <= gsp_mask(bits) && f->type != NVRM_BOOL)
        return true;
    return f->type == NVRM_BOOL
               ? value <= 1
               : gsp_type_signed(f->type) && gsp_sign_extend(value, bits) == value;
}

int
gsp_field_set(struct nvrm_abi abi, const struct nvrm_layout *layout, void *wire,
              size_t wire_bytes, const char *path, uint64_t value, struct gsp_error *err)
{
    struct gsp_place place;
    const int rc = find_scalar(abi, layout, wire, wire_bytes, path, &place, err);

    if (rc < 0)
        return rc;
    if (!fits(place.field, value))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE, "%s: 0x%llx is out of range 0..0x%llx",
                        path, (unsigned long long)value,
                        (unsigned long long)(place.field->type == NVRM_BOOL
                                                 ? 1
                                                 : gsp_mask(gsp_field_bits(place.field))));
    gsp_field_store(place.field, gsp_place_at(&place), value);
    return 0;
}
