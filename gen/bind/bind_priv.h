/* SPDX-License-Identifier: MIT */
/*
 * What was chosen, resolved: a type per distinct layout in order of dependency, a number per
 * distinct value, and the rows that say which release has which.
 */
#ifndef BIND_PRIV_H
#define BIND_PRIV_H

#include <nvrm/bind.h>

#include "gen.h"

enum { BIND_RELEASES = 256 };

struct bind_set {
    uint64_t bits[BIND_RELEASES / 64];
};

/* One layout of a struct or union that has a name of its own. */
struct bind_type {
    const char *name;  /* NVIDIA's, interned */
    const char *ident; /* with a suffix where releases differ */
    const struct nvrm_layout *layout;
    uint64_t hash;
    struct bind_set in;
    nvrm_release first;
    bool inside; /* other types hold it by value */
};

enum bind_kind {
    BIND_CONTROL,
    BIND_CLASS,
    BIND_RPC,
    BIND_STATUS,
    BIND_ESCAPE,
    BIND_CONSTANT, /* the last: those before it are ids, and rows of the table */
    BIND_RANGE
};

struct bind_number {
    enum bind_kind kind;
    const char *name;  /* as programs spell it: NV_VGPU_MSG_FUNCTION_..., interned */
    const char *ident; /* with a suffix where releases differ */
    uint64_t value;
    uint8_t hi, lo; /* BIND_RANGE */
    uint32_t doc;
    uint16_t params; /* struct name row, or NVRM_NONE */
    bool implied;    /* only because a field takes it */
    struct bind_set in;
    nvrm_release first;
};

struct bind_types {
    struct bind_type *p;
    uint32_t n, cap;
};
struct bind_numbers {
    struct bind_number *p;
    uint32_t n, cap;
};
struct bind_words {
    const char **p;
    uint32_t n, cap;
};

struct nvrm_bind {
    struct gen g;
    const struct nvrm_schema *schema;
    nvrm_release releases[BIND_RELEASES]; /* sorted */
    unsigned release_count;
    struct bind_words asked; /* the names as they were given */
    struct bind_types types;
    struct bind_numbers numbers;
    struct gen_map type_of;   /* "NAME#hash" -> types.p */
    struct gen_map number_of; /* "NAME#value" -> numbers.p */
    uint64_t *hashes;         /* by layout row; 0: not computed */
    uint16_t *seen;           /* by layout row: release + 1 that it was collected for last */
    struct bind_set used_at;  /* of the name being added: releases that have it */
};

bool bind_set_has(const struct bind_set *s, nvrm_release r);
void bind_set_add(struct bind_set *s, nvrm_release r);

/* select.c */
void bind_select(struct nvrm_bind *b, const char *name);
uint64_t bind_layout_hash(struct nvrm_bind *b, const struct nvrm_layout *l);
uint64_t bind_hash(uint64_t h, const uint64_t *words, size_t n);
uint64_t bind_hash_text(uint64_t h, const char *text);
/* The type of a named layout at a release; NULL when it was not collected. */
struct bind_type *bind_type_of(struct nvrm_bind *b, const struct nvrm_layout *l);
/* Give everything its identifier; before each text. */
void bind_name_all(struct nvrm_bind *b);

/* text.c: what the languages share. */
bool bind_in_place(const struct nvrm_schema *s, const struct nvrm_layout *l);
/* Does natural alignment explain the layout? */
bool bind_is_packed(const struct nvrm_schema *s, const struct nvrm_layout *l);
/* "unit: doc" of a field on one line; "" for none. */
const char *bind_field_doc(struct nvrm_bind *b, const struct nvrm_field *f);
/* A name that is no keyword of the language. */
bool bind_is_word_of(const char *const *words, const char *name);
/* The notice, each line behind `prefix`: what this is, from where, whose. */
void bind_notice(struct nvrm_bind *b, const char *command, const char *prefix,
                 struct gen_text *out);
/* Rows of the table, in order. A row holds from one release to another, both chosen, and for
 * every chosen one between them. */
struct bind_row {
    const char *kind, *name;
    const struct bind_number *id;   /* NULL: a struct */
    const struct bind_type *params; /* NULL: none */
    unsigned from, to;              /* indices of chosen releases */
};
void bind_rows(struct nvrm_bind *b,
               void (*fn)(struct nvrm_bind *b, const struct bind_row *row,
                          struct gen_text *out),
               struct gen_text *out);

/* One file each. */
void bind_emit_c(struct nvrm_bind *b, struct gen_text *out);
void bind_emit_rust(struct nvrm_bind *b, struct gen_text *out);
void bind_emit_python(struct nvrm_bind *b, struct gen_text *out);
void bind_emit_json_schema(struct nvrm_bind *b, struct gen_text *out);

#endif
