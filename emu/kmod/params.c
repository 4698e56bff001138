/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a control with what their pointers point to: taken from the program, and given
 * back. The schema says which fields are pointers, how many elements they have and which way
 * the data goes.
 */
#include <stdlib.h>
#include <string.h>

#include "kmod_priv.h"
#include "status.h"

enum { POINTEE_MAX = 1 << 20 };

static uint64_t
load(const uint8_t *at, uint32_t bytes)
{
    uint64_t v = 0;

    memcpy(&v, at, bytes < 8 ? bytes : 8);
    return v;
}

/* Bytes behind one pointer field, by its count at the moment. */
static uint64_t
pointee_bytes(const struct kmod_params *p, const struct nvrm_layout *l,
              const struct nvrm_note *note)
{
    const struct nvrm_schema *s = p->abi.schema;
    const struct nvrm_layout *to = nvrm_layout_at(s, note->ptr_ref);
    const uint64_t each = to ? to->size : nvrm_type_bytes(note->ptr_type);
    const struct nvrm_field *count;

    if (note->count == NVRM_NONE)
        return each;
    count = &nvrm_layout_fields(s, l)[note->count];
    return load(p->data + count->offset, nvrm_field_elem_bytes(s, count)) *
           (note->flags & NVRM_NOTE_BYTES ? 1 : each);
}

static uint32_t
take_pointee(struct kmod_params *p, const struct nvrm_layout *l, const struct nvrm_field *f,
             const struct nvrm_note *note)
{
    const uint64_t user = load(p->data + f->offset, 8), bytes = pointee_bytes(p, l, note);
    const uint64_t at = (p->bytes + 7) & ~UINT64_C(7);
    uint8_t *grown;

    if (!user)
        return NV_OK;
    if (bytes > POINTEE_MAX || p->pointers == KMOD_POINTERS_MAX)
        return NV_ERR_INVALID_PARAM_STRUCT;
    grown = realloc(p->data, at + bytes);
    if (!grown)
        return NV_ERR_NO_MEMORY;
    memset(grown + p->bytes, 0, at + bytes - p->bytes);
    p->data = grown;
    p->bytes = (uint32_t)(at + bytes);
    if (kmod_copy_in(p->data + at, user, bytes) < 0)
        return NV_ERR_INVALID_ADDRESS;
    memcpy(p->data + f->offset, &at, 8);
    p->pointer[p->pointers++] = (struct kmod_pointer){f->offset, (uint32_t)at, (uint32_t)bytes,
                                                      user, note->dir != NVRM_DIR_IN};
    return NV_OK;
}

uint32_t
kmod_params_take(struct kmod_params *p, struct nvrm_abi abi, const struct nvrm_layout *l,
                 uint64_t user, uint32_t bytes)
{
    uint32_t status = NV_OK;

    *p = (struct kmod_params){.abi = abi, .bytes = bytes};
    p->data = calloc(1, bytes ? bytes : 1);
    if (!p->data)
        return NV_ERR_NO_MEMORY;
    if (bytes && kmod_copy_in(p->data, user, bytes) < 0)
        return NV_ERR_INVALID_ADDRESS;
    if (!l || l->size != bytes || !(l->flags & NVRM_LAYOUT_PTR))
        return NV_OK;
    for (unsigned i = 0; i < l->fields && status == NV_OK; i++) {
        const struct nvrm_field *f = &nvrm_layout_fields(abi.schema, l)[i];
        const struct nvrm_note *note = nvrm_note_at(abi.schema, f->note);

        if (f->type == NVRM_PTR && note && note->flags & NVRM_NOTE_PTR)
            status = take_pointee(p, l, f, note);
    }
    return status;
}

uint32_t
kmod_params_give(struct kmod_params *p, uint64_t user, uint32_t bytes)
{
    for (unsigned i = 0; i < p->pointers; i++) {
        const struct kmod_pointer *to = &p->pointer[i];

        memcpy(p->data + to->field, &to->user, 8);
        if (to->out && kmod_copy_out(to->user, p->data + to->at, to->bytes) < 0)
            return NV_ERR_INVALID_ADDRESS;
    }
    return bytes && kmod_copy_out(user, p->data, bytes) < 0 ? NV_ERR_INVALID_ADDRESS : NV_OK;
}

void
kmod_params_free(struct kmod_params *p)
{
    free(p->data);
    p->data = NULL;
}
