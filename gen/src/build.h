/* SPDX-License-Identifier: MIT */
/*
 * From model to tables. The result is a struct nvrm_schema in memory, so that everything that
 * reads tables at run time (and the generator's own JSON Schema and Markdown) works on it
 * before a line of C has been written.
 */
#ifndef GEN_BUILD_H
#define GEN_BUILD_H

#include "model.h"
#include "overlay.h"
#include "schema_priv.h"

/** Rows of one kind, each distinct row once. */
struct gen_rows {
    uint32_t n, cap;
    size_t bytes; /* of one row */
    char *p;
    uint32_t *hash; /* row + 1 */
    uint32_t hash_cap;
};

struct gen_words {
    uint32_t n, cap;
    uint32_t *p;
};

/** nvrm_names under construction. */
struct gen_names {
    struct gen_words name, first;
};

/** One constant, enumerator or bit range over all releases. */
struct gen_number {
    const char *name;
    uint32_t *row; /* per release: const row or NVRM_RUN_NONE */
};

struct gen_build {
    struct gen *g;
    const struct gen_model *m;
    struct gen_meaning *o;

    struct gen_text strings;
    struct gen_map string_at;
    struct gen_words runs;

    struct gen_rows layouts, notes, controls, classes, rpcs, consts;
    struct {
        uint32_t n, cap;
        struct nvrm_field *p;
    } fields;
    struct {
        uint32_t n, cap;
        struct nvrm_case *p;
    } cases;
    struct {
        uint32_t n, cap;
        struct nvrm_list *p;
    } lists;
    struct {
        uint32_t n, cap;
        struct nvrm_pci *p;
    } pci;
    struct {
        uint32_t n, cap;
        struct nvrm_id *p;
    } ids[4]; /* controls, classes, rpcs, statuses */
    struct gen_words list_rows, parents, flag_names;
    struct gen_names structs, control_names, class_names, rpc_names, numbers, statuses, escapes,
        chips;
    uint16_t *canon;
    struct gen_map canon_rows;    /* struct name -> canonical layout row, also names that only
                                     another type's union knows */
    struct gen_words canon_order; /* canonical layout rows, nested ones first */
    struct nvrm_release_row *releases;

    /* working state */
    struct gen_map struct_row; /* struct name -> name row */
    uint16_t **layout_memo;    /* per struct entry, per release */
    struct {
        uint32_t n, cap;
        struct gen_number *p;
    } number;
    struct gen_map number_at;
    struct gen_map sets[2]; /* prefix -> set, for enum and for bits; C enums by name in [0] */
    struct gen_list control_flags, class_flags, access;
    uint32_t set_count;
    bool bad_types;          /* a member's type was unknown */
    struct gen_map reported; /* members whose type was reported as unknown */

    struct nvrm_schema schema;
};

/** Build everything. Stops the run on errors. */
struct gen_build *gen_build(struct gen *g, const struct gen_model *m, struct gen_meaning *o);

/** Read a schema folder and build its tables. */
struct gen_build *gen_compile(struct gen *g, const char *dir);
/** Apply the overlays of a loaded model and build its tables. */
struct gen_build *gen_compile_model(struct gen *g, struct gen_model *m);

/* Pieces of it, in the order they run. */
void gen_build_numbers(struct gen_build *b);
void gen_build_sets(struct gen_build *b);
void gen_build_structs(struct gen_build *b);
void gen_build_canon(struct gen_build *b);
void gen_build_rows(struct gen_build *b);

/* Shared */
uint32_t gen_str(struct gen_build *b, const char *text);
uint32_t gen_row(struct gen *g, struct gen_rows *rows, const void *row);
/** Add a name whose row per release is given. Names must come in strcmp() order, one list after
 * the other. */
void gen_name_add(struct gen_build *b, struct gen_names *names, const char *name,
                  const uint32_t *row);
/** Value of a constant, enumerator, class or control at a release. */
bool gen_value_at(const struct gen_build *b, const char *name, uint32_t release,
                  uint64_t *value_out);
/** Struct name row of params, or NVRM_NONE; reports a name that no release has. */
uint16_t gen_params_row(struct gen_build *b, const struct gen_variant *v, const char *name);
/** The set of a prefix (kind NVRM_SET_ENUM or NVRM_SET_BITS), or of a C enum. */
uint16_t gen_set_of_prefix(struct gen_build *b, uint8_t kind, const char *prefix,
                           struct gen_pos pos);
uint16_t gen_set_of_enum(struct gen_build *b, const struct gen_entry *e);
/** Layout row of a struct at a release; NVRM_NONE when it is not there. */
uint16_t gen_layout_of(struct gen_build *b, const struct gen_entry *e, uint32_t release);

/** How gen_layout_agg() finds the layouts of named members. */
struct gen_scope {
    uint32_t release; /* values and, unless canonical, structs are those of this release */
    bool canonical;
};
/** Lay out one aggregate; `owner` is its name, `o` what the overlay says (or NULL). */
uint16_t gen_layout_agg(struct gen_build *b, const struct gen_scope *scope,
                        const struct gen_agg *agg, uint32_t pack, const char *owner,
                        struct gen_overlay *o);

#endif
