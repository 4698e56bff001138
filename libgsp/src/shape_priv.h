/* SPDX-License-Identifier: MIT */
/*
 * What a walk needs to know of a layout's fields, looked up once: names, notes, element sizes.
 * An array of structs shares one shape among its elements. Shapes live on a small stack in the
 * walker; when it is full, fields are looked up one by one.
 */
#ifndef GSP_SHAPE_PRIV_H
#define GSP_SHAPE_PRIV_H

#include "names_priv.h"
#include "view_priv.h"

struct gsp_known {
    const char *name;
    const struct nvrm_note *note;     /* or NULL */
    const struct nvrm_layout *layout; /* NVRM_STRUCT: of one element */
    uint32_t bytes;                   /* of one element */
    uint16_t name_bytes;
    bool array;
    bool numbers; /* an array of numbers without names or another meaning */
    struct gsp_set set;
};

enum { GSP_SHAPE_FIELDS = 256 };

struct gsp_shapes {
    uint32_t used;
    struct gsp_known known[GSP_SHAPE_FIELDS];
};

static inline void
gsp_know(struct nvrm_abi abi, const struct nvrm_field *f, struct gsp_known *k)
{
    k->name = nvrm_str(abi.schema, f->name);
    k->name_bytes = (uint16_t)strlen(k->name);
    k->note = gsp_field_note(abi, f);
    k->layout = f->type == NVRM_STRUCT ? nvrm_layout_at(abi.schema, f->ref) : NULL;
    k->bytes = k->layout ? k->layout->size : nvrm_type_bytes(f->type);
    k->array = gsp_field_is_array(f);
    k->set = gsp_set_of(k->note, f->type);
    k->numbers = k->array && k->bytes > 1 && f->type != NVRM_STRUCT && !f->inner &&
                 k->set.kind == NVRM_SET_NONE && (!k->note || k->note->as == NVRM_NONE);
}

/** The fields of a layout; NULL when the stack is full. Give back with `used` as it was before.
 */
static inline const struct gsp_known *
gsp_shape_push(struct gsp_shapes *s, struct nvrm_abi abi, const struct nvrm_layout *layout)
{
    const struct nvrm_field *fields = nvrm_layout_fields(abi.schema, layout);
    struct gsp_known *known = s->known + s->used;

    if (layout->fields > GSP_SHAPE_FIELDS - s->used)
        return NULL;
    for (uint16_t i = 0; i < layout->fields; i++)
        gsp_know(abi, &fields[i], &known[i]);
    s->used += layout->fields;
    return known;
}

/** Field i of a shape; looked up into *room when there is no shape. */
static inline const struct gsp_known *
gsp_known_at(const struct gsp_known *shape, struct nvrm_abi abi,
             const struct nvrm_field *fields, uint32_t i, struct gsp_known *room)
{
    if (shape)
        return &shape[i];
    gsp_know(abi, &fields[i], room);
    return room;
}

/** What field f of the view can hold: all but `used`. */
static inline void
gsp_known_room(const struct gsp_view *v, const struct nvrm_field *f, const struct gsp_known *k,
               struct gsp_elems *e)
{
    const bool note_text = k->note && (k->note->flags & NVRM_NOTE_TEXT);
    const bool note_hex = k->note && (k->note->flags & NVRM_NOTE_HEX);

    e->type = f->type;
    e->layout = k->layout;
    e->note = k->note;
    e->shape = NULL;
    e->bytes = k->bytes;
    e->inner = f->inner;
    e->room = f->count;
    e->at = v->base + f->offset;
    if (f->count == 0 && e->bytes)
        e->room = f->offset < v->bytes ? (uint32_t)((v->bytes - f->offset) / e->bytes) : 0;
    e->text = k->array &&
              (f->type == NVRM_CHAR || (e->bytes == 1 && f->type != NVRM_STRUCT && note_text));
    e->blob = k->array && f->type == NVRM_U8 && !e->text && (f->count == 0 || note_hex);
    e->used = e->room;
}

/** What field f of the view holds (see gsp_view_elems()). */
static inline void
gsp_known_elems(const struct gsp_view *v, const struct nvrm_field *f, const struct gsp_known *k,
                struct gsp_elems *e)
{
    gsp_known_room(v, f, k, e);
    if (k->note && k->note->count != NVRM_NONE)
        e->used = gsp_view_used(v, e);
}

#endif
