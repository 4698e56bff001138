/* SPDX-License-Identifier: MIT */
/*
 * The schema in memory: releases, and for every section a list of entries with their variants
 * and the variant that each release has.
 */
#ifndef GEN_MODEL_H
#define GEN_MODEL_H

#include "gen.h"
#include "node.h"

#define GEN_RELEASES_MAX 254
#define GEN_NO_VARIANT   0xff
#define GEN_DIMS         4

enum gen_section {
    GEN_STRUCTS,
    GEN_ENUMS,
    GEN_CONSTANTS,
    GEN_RANGES,
    GEN_CLASSES,
    GEN_CONTROLS,
    GEN_FUNCTIONS,
    GEN_EVENTS,
    GEN_STATUS,
    GEN_ESCAPES,
    GEN_CHIPS,
    GEN_PCI,
    GEN_SECTIONS,
};

struct gen_agg;

/** A member's type: a scalar (enum nvrm_type), a name to be looked up, or an aggregate written
 * in place. */
struct gen_type {
    const char *name;    /* struct, union or enum; NULL for the others */
    struct gen_agg *agg; /* in place */
    uint8_t scalar;      /* enum nvrm_type when neither */
    uint8_t bits;        /* bit-field width or 0 */
    uint8_t dims;        /* 0: no array */
    uint32_t dim[GEN_DIMS];
};

struct gen_member {
    const char *name;
    struct gen_pos pos;
    struct gen_type type;
};

/** A struct or union: the members in order. */
struct gen_agg {
    bool is_union;
    uint32_t n, cap;
    struct gen_member *p;
};

struct gen_struct {
    struct gen_agg agg;
    uint64_t size;
    uint32_t pack; /* 0: natural */
    int64_t tail;  /* -1: not given */
};

struct gen_named_value {
    const char *name;
    uint64_t value;
};

struct gen_enum {
    uint32_t n, cap;
    struct gen_named_value *p;
};

struct gen_list {
    uint32_t n, cap;
    const char **p;
};

struct gen_class {
    uint32_t id;
    const char *impl, *params;
    bool multi, optional;
    struct gen_list parents, flags, access;
};

struct gen_control {
    uint32_t id;
    const char *params, *on;
    struct gen_list flags, access;
};

struct gen_rpc {
    uint32_t id;
    const char *params;
};

struct gen_variant {
    const struct gen_node *node; /* the whole value */
    struct gen_pos pos;
    struct gen_list since;
    bool gone;
    const char *header; /* vendor header the entry stands in, or NULL */
    union {
        struct gen_struct *strukt;
        struct gen_enum *enumeration;
        struct gen_class *klass;
        struct gen_control *control;
        struct gen_rpc *rpc;   /* functions, events, escapes (id is the value) */
        struct gen_list *list; /* chips: classes */
        const char *text;      /* pci */
        uint64_t value;        /* constants, status */
        uint8_t range[2];      /* hi, lo */
    };
};

struct gen_entry {
    const char *name;
    struct gen_pos pos;
    uint32_t n, cap;
    struct gen_variant *p;
    uint8_t *at; /* per release: index into p, or GEN_NO_VARIANT */
};

struct gen_table {
    uint32_t n, cap;
    struct gen_entry *p; /* by name once loaded */
    struct gen_map by_name;
};

struct gen_release {
    const char *name;
    struct gen_pos pos;
    uint32_t parent; /* index, or UINT32_MAX */
};

struct gen_core {
    struct gen_list types, controls, classes;
    struct gen_map pos; /* name -> line */
    const char *file;
};

struct gen_model {
    uint32_t n, cap;
    struct gen_release *p; /* in number order */
    struct gen_map by_name;
    struct gen_table t[GEN_SECTIONS];
    struct gen_core core;
    struct gen_map enumerators; /* name -> enum entry */
    struct {
        uint32_t n, cap;
        struct gen_node **p;
    } overlays;
};

/** Fill the release tree from versions.yaml's document. */
void gen_load_versions(struct gen *g, struct gen_model *m, const struct gen_node *root);
/** Add one file of schemas/rm. */
void gen_load_rm(struct gen *g, struct gen_model *m, const struct gen_node *root);
/** Add core.yaml. */
void gen_load_core(struct gen *g, struct gen_model *m, const struct gen_node *root);
/** Sort, check and give every release its variants. After the last gen_load_rm(). */
void gen_model_finish(struct gen *g, struct gen_model *m);
/** Read DIR/versions.yaml, DIR/rm, DIR/overlay and DIR/core.yaml. */
void gen_load_dir(struct gen *g, struct gen_model *m, const char *dir);

/** Parse one entry's value; section files. */
void gen_parse_struct(struct gen *g, struct gen_variant *v);
void gen_parse_enum(struct gen *g, struct gen_variant *v);
void gen_parse_class(struct gen *g, struct gen_variant *v);
void gen_parse_control(struct gen *g, struct gen_variant *v);
void gen_parse_rpc(struct gen *g, struct gen_variant *v);
void gen_parse_chip(struct gen *g, struct gen_variant *v);

/** Entry by interned name, or NULL. */
struct gen_entry *gen_find(const struct gen_model *m, enum gen_section s, const char *name);
/** The variant at a release, or NULL. */
const struct gen_variant *gen_at(const struct gen_entry *e, uint32_t release);
/** Compare "570.144" and "570.86.15" by number. */
int gen_release_order(const char *a, const char *b);

#endif
