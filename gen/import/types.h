/* SPDX-License-Identifier: MIT */
/** C types as the importer sees them, with LP64 layout. Built by decl.c. */
#ifndef IMP_TYPES_H
#define IMP_TYPES_H

#include "expr.h"

#define IMP_MAX_DIMS 4

enum imp_type_kind {
    TYPE_BAD,  /* unknown: `why` says what */
    TYPE_PRIM, /* prim is the schema's name: "u32", "handle", ... */
    TYPE_VOID,
    TYPE_ENUM,
    TYPE_AGG,
    TYPE_PTR,
    TYPE_FUNC,
};

struct imp_agg;
struct imp_enum;

struct imp_type {
    enum imp_type_kind kind;
    const char *prim, *why;
    struct imp_agg *agg;
    struct imp_enum *en;
    const char *alias; /* TYPE_AGG: the second typedef name that was written, or NULL */
    uint16_t alias_file;
    uint64_t dim[IMP_MAX_DIMS]; /* outermost first */
    uint8_t dims;
    uint8_t size;   /* TYPE_PRIM */
    uint16_t align; /* attribute aligned(), 0 = none */
    bool flexible;  /* outermost dimension is [] or [0] */
};

struct imp_field {
    const char *name; /* NULL: anonymous struct or union member */
    struct imp_type type;
    uint64_t offset;
    unsigned bits; /* width of a bit-field, 0 otherwise */
    unsigned bit_off;
    uint32_t line;
};

struct imp_agg {
    const char *name; /* typedef name, else tag, else NULL */
    const char *tag;
    struct imp_field *fields;
    size_t count, cap;
    uint64_t size, flex_offset;
    unsigned align;
    uint8_t pack;
    uint16_t file;
    uint32_t line;
    bool is_union, complete, packed, has_flex;
    bool typedef_named; /* name came from a typedef */
    bool nested;        /* defined inside another aggregate */
    bool wanted;        /* goes into the schema */
    const char *why;    /* not NULL: cannot be laid out, and why */
};

struct imp_enumerator {
    const char *name;
    struct imp_value value;
};

struct imp_enum {
    const char *name, *tag;
    struct imp_enumerator *items;
    size_t count, cap;
    uint16_t file;
    uint32_t line;
    bool typedef_named, wanted, complete;
};

/** Bytes and alignment of a type, arrays included; false for what has no size. */
bool imp_type_layout(const struct imp_type *t, uint64_t *size_out, unsigned *align_out);
/** Offsets, size and alignment of an aggregate whose fields are known. Sets agg->why when a
 * field has no size. */
void imp_agg_layout(struct imp_agg *agg, struct imp_arena *a);
/** The same with attributes and packing left out; true when it changes nothing. */
bool imp_agg_is_natural(const struct imp_agg *agg);

#endif
