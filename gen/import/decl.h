/* SPDX-License-Identifier: MIT */
/**
 * Declarations of a preprocessed translation unit: structs, unions, enums and typedefs.
 *
 * Files the caller wants must parse completely, anything unknown there is an error with its
 * place. In other files what the parser does not know is skipped, and only becomes an error
 * when a wanted struct needs it.
 */
#ifndef IMP_DECL_H
#define IMP_DECL_H

#include "types.h"

struct imp_alias {
    const char *name;
    struct imp_agg *agg;
    uint16_t file;
};

struct imp_decls {
    struct imp_unit *unit;
    struct imp_arena *arena;
    struct imp_error *err;
    struct imp_map typedefs; /* name -> struct imp_type */
    struct imp_map
        tags; /* tag -> struct imp_agg or imp_enum, by "struct x"/"union x"/"enum x" */
    struct imp_map values; /* enumerator -> struct imp_value */
    struct imp_agg **aggs;
    size_t agg_count, agg_cap;
    struct imp_enum **enums;
    size_t enum_count, enum_cap;
    struct imp_alias *aliases; /* second names of aggregates */
    size_t alias_count, alias_cap;
    bool *file_wanted;       /* by file number */
    const struct imp_tok *t; /* next token */
    int nesting;
};

/** `wanted` is asked once per file of the unit. */
bool imp_parse(struct imp_decls *d, struct imp_unit *u, struct imp_arena *a,
               bool (*wanted)(void *ctx, const char *file), void *ctx, struct imp_error *err);
void imp_decls_fini(struct imp_decls *d);
/** Scope for imp_eval: enumerators, sizeof and casts over these declarations. */
struct imp_scope imp_decls_scope(struct imp_decls *d);

#endif
