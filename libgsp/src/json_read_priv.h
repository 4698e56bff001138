/* SPDX-License-Identifier: MIT */
/*
 * The reader's state, shared by json_read.c (objects and their rules), json_value.c (values)
 * and json_explain.c (errors that teach).
 */
#ifndef GSP_JSON_READ_PRIV_H
#define GSP_JSON_READ_PRIV_H

#include <gsp/json.h>

#include "json_lex.h"
#include "shape_priv.h"

/** One step of the path to the value being read. */
struct gsp_frame {
    const struct gsp_frame *up;
    const char *name; /* NULL for an element of an array */
    uint32_t index;
};

struct gsp_reader {
    struct nvrm_abi abi;
    struct gsp_lex lex;
    struct gsp_arena *arena;
    struct gsp_error *err;
    const struct nvrm_layout *root; /* the struct that the path below `base` starts from */
    const struct gsp_frame
        *base; /* NULL, or the frame that holds bytes read as another struct */
    const struct gsp_frame *top;
    struct gsp_shapes *shapes;
    struct gsp_set_memo memo;
    const uint8_t *zeroed; /* what was zeroed when the call began */
    size_t zeroed_bytes;
    uint8_t *extent; /* end of what was filled, tails included */
    int rc;          /* 0, or what gsp_json_read() returns */
};

enum { GSP_OBJECT_WORDS = 16, GSP_OBJECT_FIELDS = GSP_OBJECT_WORDS * 64 };

/** A struct being filled. */
struct gsp_object {
    const struct nvrm_layout *layout;
    const struct nvrm_field *fields;
    const struct gsp_known *shape; /* or NULL */
    uint8_t *base;
    size_t cap; /* bytes at base */
    /* Bit sets over field indexes. */
    uint64_t seen[GSP_OBJECT_WORDS]; /* given in the text */
    uint64_t
        filled[GSP_OBJECT_WORDS]; /* counts taken from an array, tags taken from a member */
};

static inline bool
gsp_bit_get(const uint64_t *set, uint32_t bit)
{
    return bit < GSP_OBJECT_FIELDS && (set[bit / 64] >> (bit % 64) & 1);
}

static inline void
gsp_bit_set(uint64_t *set, uint32_t bit)
{
    if (bit < GSP_OBJECT_FIELDS)
        set[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void
gsp_object_init(struct gsp_object *o, struct nvrm_abi abi, const struct nvrm_layout *layout,
                uint8_t *base, size_t cap)
{
    for (uint32_t i = 0; i * 64 < layout->fields && i < GSP_OBJECT_WORDS; i++)
        o->seen[i] = o->filled[i] = 0;
    o->layout = layout;
    o->fields = nvrm_layout_fields(abi.schema, layout);
    o->shape = NULL;
    o->base = base;
    o->cap = cap;
}

static inline void
gsp_object_view(const struct gsp_reader *r, const struct gsp_object *o, struct gsp_view *v)
{
    v->abi = r->abi;
    v->layout = o->layout;
    v->fields = o->fields;
    v->base = o->base;
    v->bytes = o->cap;
}

/** What is known of field `i`. */
static inline const struct gsp_known *
gsp_object_known(const struct gsp_reader *r, const struct gsp_object *o, uint32_t i,
                 struct gsp_known *room)
{
    return gsp_known_at(o->shape, r->abi, o->fields, i, room);
}

/* json_read.c */

/** Fills o from the object that comes next. */
bool gsp_read_object(struct gsp_reader *r, struct gsp_object *o);

/* json_field.c */

/** Reads the value of field i, whatever it is, into its place in o. */
bool gsp_read_known(struct gsp_reader *r, struct gsp_object *o, uint32_t i,
                    const struct gsp_known *k);
/** The same for a field of which nothing was looked up yet. */
bool gsp_read_field(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f);
/** Reads one element of an array or of what a pointer points to; f may be NULL, else o holds
 * it. */
bool gsp_read_element(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f,
                      const struct gsp_elems *e, uint8_t *at);
/** What is left to do once all keys were read: counts within their arrays, room for what RM
 * writes. */
bool gsp_read_finish(struct gsp_reader *r, struct gsp_object *o);
/** Reads a union: an object with one member. Its tag, when it has one, is in `owner`. */
bool gsp_read_union(struct gsp_reader *r, struct gsp_object *o, struct gsp_object *owner,
                    const struct nvrm_note *note);

/* json_value.c */

/** Reads one scalar of the given type and width. */
bool gsp_read_scalar(struct gsp_reader *r, const struct nvrm_note *note, uint8_t type,
                     unsigned bits, uint64_t *value_out);
/** The overlay's min and max of a scalar field. */
bool gsp_read_within(struct gsp_reader *r, const struct nvrm_note *note, uint64_t value);
/**
 * Reads plain numbers of an array in one tight loop, as long as they are simple; returns how
 * many were read. The reader then stands before an element, or behind the closing bracket when
 * *closed_out is set.
 */
uint32_t gsp_read_numbers(struct gsp_reader *r, uint8_t type, uint32_t bytes, uint8_t *at,
                          uint32_t room, bool *closed_out);
/** Takes a plain number up to max that a comma or brace follows; false, and nothing taken, for
 * anything else. */
bool gsp_read_simple(struct gsp_reader *r, uint64_t max, uint64_t *value_out);
/** Reads text into `room` bytes at e->at, NUL-padded; *count_out is its length. */
bool gsp_read_text(struct gsp_reader *r, const struct gsp_elems *e, uint8_t *at,
                   uint32_t *count_out);
/** Reads "0x..." as opaque bytes; *count_out is their number. */
bool gsp_read_blob(struct gsp_reader *r, uint8_t *at, size_t room, size_t *count_out);

/* json_explain.c */

/** Sets the error: "STRUCT: path: what". Returns false; the first error stays. */
bool gsp_read_fail(struct gsp_reader *r, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The error of a key that the layout lacks. */
bool gsp_read_unknown_key(struct gsp_reader *r, const struct nvrm_layout *layout,
                          const char *key, size_t bytes);
/** The error of a name that a set lacks. */
bool gsp_read_unknown_name(struct gsp_reader *r, struct gsp_set set, const char *name,
                           size_t bytes);
/** Turns what the lexer said into the error. */
void gsp_read_syntax_error(struct gsp_reader *r);

#endif
