/* SPDX-License-Identifier: MIT */
/*
 * A view: a layout laid over bytes. Everything that walks wire bytes (JSON, text, validation,
 * paths, FINN) asks its questions here: how many elements are there, how many are in use, which
 * union member is live, what do opaque bytes hold.
 *
 * Answers are always within the bytes of the view, whatever the bytes say.
 */
#ifndef GSP_VIEW_PRIV_H
#define GSP_VIEW_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <nvrm/schema.h>

struct gsp_view {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    const struct nvrm_field *fields;
    const uint8_t *base;
    size_t bytes; /* at base, at least layout->size; the rest is the flexible tail */
};

/** What a field holds, element by element; also what a pointer points to. */
struct gsp_elems {
    const struct nvrm_layout *layout; /* of one element, when type is NVRM_STRUCT */
    const struct nvrm_note *note;     /* or NULL */
    const struct gsp_known *shape;    /* of layout, when it was looked up before; or NULL */
    const uint8_t *at;                /* NULL when there are none */
    uint32_t bytes;                   /* of one element */
    uint32_t room;                    /* elements at `at` */
    uint32_t used;                    /* elements that count; <= room */
    uint32_t inner;                   /* two-dimensional: inner length; else 0 */
    uint8_t type;                     /* enum nvrm_type */
    bool text;                        /* NUL-padded text */
    bool blob;                        /* opaque bytes */
};

/* Little-endian hosts only, like the device. */
static inline uint64_t
gsp_load(const uint8_t *at, uint32_t bytes)
{
    uint64_t v8;
    uint32_t v4;
    uint16_t v2;

    switch (bytes) {
    case 1:
        return at[0];
    case 2:
        memcpy(&v2, at, 2);
        return v2;
    case 4:
        memcpy(&v4, at, 4);
        return v4;
    default:
        memcpy(&v8, at, 8);
        return v8;
    }
}

static inline void
gsp_store(uint8_t *at, uint32_t bytes, uint64_t value)
{
    const uint16_t v2 = (uint16_t)value;
    const uint32_t v4 = (uint32_t)value;

    switch (bytes) {
    case 1:
        at[0] = (uint8_t)value;
        break;
    case 2:
        memcpy(at, &v2, 2);
        break;
    case 4:
        memcpy(at, &v4, 4);
        break;
    default:
        memcpy(at, &value, 8);
    }
}

static inline bool
gsp_type_signed(uint8_t type)
{
    return (type >= NVRM_S8 && type <= NVRM_S64) || type == NVRM_FD;
}

static inline uint64_t
gsp_sign_extend(uint64_t value, unsigned bits)
{
    const unsigned shift = 64 - bits;

    return (uint64_t)((int64_t)(value << shift) >> shift);
}

static inline uint64_t
gsp_mask(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/** One scalar of `type` at `at`; signed types are sign-extended. */
uint64_t gsp_scalar_load(uint8_t type, const uint8_t *at);
/** Element `i` of scalar field f whose first element is at `at`; knows bit-fields. */
uint64_t gsp_field_load(const struct nvrm_field *f, const uint8_t *at);
void gsp_field_store(const struct nvrm_field *f, uint8_t *at, uint64_t value);
/** Width of a scalar field in bits. */
unsigned gsp_field_bits(const struct nvrm_field *f);

void gsp_view_init(struct gsp_view *v, struct nvrm_abi abi, const struct nvrm_layout *layout,
                   const void *base, size_t bytes);
/** The value of scalar field `index`; 0 when it is not a scalar. */
uint64_t gsp_view_value(const struct gsp_view *v, uint16_t index);
/** What field f of the view holds. */
void gsp_view_elems(const struct gsp_view *v, const struct nvrm_field *f,
                    struct gsp_elems *e_out);
/** Elements in use: what the sibling in e's note says, within e's room. */
uint32_t gsp_view_used(const struct gsp_view *v, const struct gsp_elems *e);
/** What pointer field f points to; at is NULL for a null pointer. False when nothing is known
 * about it. */
bool gsp_view_pointee(const struct gsp_view *v, const struct nvrm_field *f,
                      struct gsp_elems *e_out);
/** A view of a struct-typed single element at `at` that belongs to field f of v (its tail may
 * reach to v's end). */
void gsp_view_enter(const struct gsp_view *v, const struct nvrm_field *f,
                    const struct gsp_elems *e, uint32_t index, struct gsp_view *inner_out);
/** The number of elements or bytes that f's count sibling speaks of; false when it has none. */
bool gsp_view_count(const struct gsp_view *v, const struct nvrm_field *f, uint64_t *count_out);
/** Layout of the bytes in field f as its sibling names it ("as"); NULL when unknown. */
const struct nvrm_layout *gsp_view_as(const struct gsp_view *v, const struct nvrm_field *f);
/** Layout that `id` of the given kind (control, class, RPC) stands for; NULL when unknown. */
const struct nvrm_layout *gsp_params_layout(struct nvrm_abi abi, uint8_t set_kind, uint64_t id);

/** Index of the union member to show: by tag when the union field of v has one and it is known,
 * else the largest. */
uint16_t gsp_view_member(const struct gsp_view *v, const struct nvrm_field *f,
                         const struct nvrm_layout *u);
uint16_t gsp_largest_member(struct nvrm_abi abi, const struct nvrm_layout *u);
/** The case for a tag value, or NULL. */
const struct nvrm_case *gsp_case_of(const struct nvrm_schema *s, const struct nvrm_note *note,
                                    uint64_t value);

static inline const struct nvrm_note *
gsp_field_note(struct nvrm_abi abi, const struct nvrm_field *f)
{
    return f->note == NVRM_NONE ? NULL : nvrm_note_at(abi.schema, f->note);
}

static inline bool
gsp_field_is_array(const struct nvrm_field *f)
{
    return f->count != 1 || (f->flags & NVRM_FIELD_ARRAY);
}

#endif
