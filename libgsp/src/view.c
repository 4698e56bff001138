/* SPDX-License-Identifier: MIT */
/*
 * Views over wire bytes: see view_priv.h. Counts and tags are data from outside; every answer
 * is cut to what is there.
 */
#include "shape_priv.h"
#include "view_priv.h"

uint64_t
gsp_scalar_load(uint8_t type, const uint8_t *at)
{
    const uint32_t bytes = nvrm_type_bytes(type);
    const uint64_t value = gsp_load(at, bytes);

    return gsp_type_signed(type) ? gsp_sign_extend(value, bytes * 8) : value;
}

unsigned
gsp_field_bits(const struct nvrm_field *f)
{
    return f->bit_len ? f->bit_len : nvrm_type_bytes(f->type) * 8;
}

uint64_t
gsp_field_load(const struct nvrm_field *f, const uint8_t *at)
{
    uint64_t value = gsp_scalar_load(f->type, at);

    if (!f->bit_len)
        return value;
    value = (value >> f->bit_off) & gsp_mask(f->bit_len);
    return gsp_type_signed(f->type) ? gsp_sign_extend(value, f->bit_len) : value;
}

void
gsp_field_store(const struct nvrm_field *f, uint8_t *at, uint64_t value)
{
    const uint32_t bytes = nvrm_type_bytes(f->type);

    if (f->bit_len) {
        const uint64_t mask = gsp_mask(f->bit_len) << f->bit_off;

        value = (gsp_load(at, bytes) & ~mask) | ((value << f->bit_off) & mask);
    }
    gsp_store(at, bytes, value);
}

void
gsp_view_init(struct gsp_view *v, struct nvrm_abi abi, const struct nvrm_layout *layout,
              const void *base, size_t bytes)
{
    v->abi = abi;
    v->layout = layout;
    v->fields = nvrm_layout_fields(abi.schema, layout);
    v->base = base;
    v->bytes = bytes;
}

uint64_t
gsp_view_value(const struct gsp_view *v, uint16_t index)
{
    const struct nvrm_field *f = v->fields + index;

    if (index >= v->layout->fields || f->type == NVRM_STRUCT || f->count != 1)
        return 0;
    return gsp_field_load(f, v->base + f->offset);
}

bool
gsp_view_count(const struct gsp_view *v, const struct nvrm_field *f, uint64_t *count_out)
{
    const struct nvrm_note *note = gsp_field_note(v->abi, f);

    if (!note || note->count == NVRM_NONE)
        return false;
    *count_out = gsp_view_value(v, note->count);
    return true;
}

uint32_t
gsp_view_used(const struct gsp_view *v, const struct gsp_elems *e)
{
    const uint64_t unit = (e->note->flags & NVRM_NOTE_BYTES) && e->bytes ? e->bytes : 1;
    const uint32_t rows = e->inner ? e->inner : 1;
    const uint64_t count = gsp_view_value(v, e->note->count);

    if (unit == 1 && rows == 1)
        return count < e->room ? (uint32_t)count : e->room;
    return count / unit < e->room / rows ? (uint32_t)(count / unit) * rows : e->room;
}

void
gsp_view_elems(const struct gsp_view *v, const struct nvrm_field *f, struct gsp_elems *e)
{
    struct gsp_known k;

    gsp_know(v->abi, f, &k);
    gsp_known_elems(v, f, &k, e);
}

bool
gsp_view_pointee(const struct gsp_view *v, const struct nvrm_field *f, struct gsp_elems *e)
{
    const struct nvrm_note *note = gsp_field_note(v->abi, f);
    const uint8_t *at;
    uint64_t count = 1;

    if (!note || !(note->flags & NVRM_NOTE_PTR) || f->type != NVRM_PTR)
        return false;
    memset(e, 0, sizeof(*e));
    e->type = note->ptr_type;
    e->layout =
        note->ptr_type == NVRM_STRUCT ? nvrm_layout_at(v->abi.schema, note->ptr_ref) : NULL;
    if (note->ptr_type == NVRM_STRUCT && !e->layout)
        return false;
    e->note = note;
    e->bytes = e->layout ? e->layout->size : nvrm_type_bytes(note->ptr_type);
    if (gsp_view_count(v, f, &count) && (note->flags & NVRM_NOTE_BYTES) && e->bytes)
        count /= e->bytes;
    if ((note->flags & NVRM_NOTE_MAX) && count > note->max)
        count = note->max;
    memcpy(&at, v->base + f->offset, sizeof(at));
    e->at = at;
    e->room = e->used = !at ? 0 : count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    e->text = note->ptr_type == NVRM_CHAR || (e->bytes == 1 && (note->flags & NVRM_NOTE_TEXT));
    e->blob = note->ptr_type == NVRM_U8 && !e->text;
    return true;
}

void
gsp_view_enter(const struct gsp_view *v, const struct nvrm_field *f, const struct gsp_elems *e,
               uint32_t index, struct gsp_view *inner)
{
    const uint8_t *at = e->at + (size_t)index * e->bytes;
    size_t bytes = e->bytes;

    if (f && !gsp_field_is_array(f) && (e->layout->flags & NVRM_LAYOUT_TAIL))
        bytes = v->bytes - f->offset;
    gsp_view_init(inner, v->abi, e->layout, at, bytes);
}

const struct nvrm_layout *
gsp_params_layout(struct nvrm_abi abi, uint8_t set_kind, uint64_t id)
{
    const struct nvrm_control *control;
    const struct nvrm_class *class;
    const struct nvrm_rpc *rpc;

    if (id > UINT32_MAX)
        return NULL;
    switch (set_kind) {
    case NVRM_SET_CONTROL:
        control = nvrm_control_by_id(abi, (uint32_t)id);
        return control ? nvrm_struct_at(abi, control->params) : NULL;
    case NVRM_SET_CLASS:
        class = nvrm_class_by_id(abi, (uint32_t)id);
        return class ? nvrm_struct_at(abi, class->params) : NULL;
    case NVRM_SET_RPC:
        rpc = nvrm_rpc_by_id(abi, (uint32_t)id);
        return rpc ? nvrm_struct_at(abi, rpc->params) : NULL;
    default:
        return NULL;
    }
}

const struct nvrm_layout *
gsp_view_as(const struct gsp_view *v, const struct nvrm_field *f)
{
    const struct nvrm_note *note = gsp_field_note(v->abi, f);

    if (!note || note->as == NVRM_NONE)
        return NULL;
    return gsp_params_layout(v->abi, note->as_kind, gsp_view_value(v, note->as));
}

const struct nvrm_case *
gsp_case_of(const struct nvrm_schema *s, const struct nvrm_note *note, uint64_t value)
{
    for (uint16_t i = 0; i < note->cases; i++) {
        const struct nvrm_case *c = nvrm_case_at(s, (uint16_t)(note->first_case + i));

        if (c && c->value == value)
            return c;
    }
    return NULL;
}

uint16_t
gsp_largest_member(struct nvrm_abi abi, const struct nvrm_layout *u)
{
    const struct nvrm_field *fields = nvrm_layout_fields(abi.schema, u);
    uint64_t best_bytes = 0;
    uint16_t best = 0;

    for (uint16_t i = 0; i < u->fields; i++) {
        const uint64_t bytes =
            (uint64_t)nvrm_field_elem_bytes(abi.schema, &fields[i]) * fields[i].count;

        if (bytes > best_bytes) {
            best_bytes = bytes;
            best = i;
        }
    }
    return best;
}

uint16_t
gsp_view_member(const struct gsp_view *v, const struct nvrm_field *f,
                const struct nvrm_layout *u)
{
    const struct nvrm_note *note = f ? gsp_field_note(v->abi, f) : NULL;
    const struct nvrm_case *c = NULL;

    if (note && note->tag != NVRM_NONE)
        c = gsp_case_of(v->abi.schema, note, gsp_view_value(v, note->tag));
    return c && c->member < u->fields ? c->member : gsp_largest_member(v->abi, u);
}
