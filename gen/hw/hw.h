/* SPDX-License-Identifier: MIT */
/* schemas/hw as read, inheritance resolved. */
#ifndef GEN_HW_H
#define GEN_HW_H

#include "node.h"

struct hw_lin {
    uint64_t at, step_i, step_j, n, m; /* n and m: at least 1 */
};

struct hw_value {
    const char *name;
    uint64_t value;
};

struct hw_values {
    struct hw_value *p;
    uint32_t n, cap;
};

struct hw_field {
    const char *name;
    struct hw_lin lo;
    uint64_t hi;
    struct hw_values values;
    bool is_float; /* an IEEE 754 single */
};

/* A method or a record. */
struct hw_item {
    const char *name;
    struct gen_pos pos;
    const char *prefix; /* of fields in C names */
    bool high_first;    /* records: the last word comes first in memory */
    struct hw_lin at;
    struct {
        struct hw_field *p;
        uint32_t n, cap;
    } fields;
};

struct hw_items {
    struct hw_item *p;
    uint32_t n, cap;
};

/* One file. */
struct hw_sheet {
    const char *file, *kind, *stem; /* "schemas/hw/qmd/c6c0.yaml", "qmd", "c6c0" */
    const char *name;               /* "" in files of records */
    const struct gen_node *root;
    uint64_t id;
    struct hw_sheet *parent;
    bool resolved, resolving;
    struct hw_items methods, records;
    struct hw_values constants;
};

struct hw_set {
    struct hw_sheet *p; /* one per file */
    uint32_t n;
};

/* Read and resolve all files. Errors are reported in g. */
void hw_load(struct gen *g, struct hw_set *set, char **files, uint32_t count);
/* The sheet of a kind and stem, or NULL. */
struct hw_sheet *hw_find(const struct hw_set *set, const char *kind, const char *stem);

/* nvrm/cl/clXXXX.h of a class: its own sheet and the records of its id. */
void hw_emit_header(struct gen *g, const struct hw_set *set, uint64_t id, struct gen_text *out);
/* Static asserts on the vendor header at path; partial: on what it has. Returns how many. */
unsigned hw_emit_asserts(struct gen *g, const struct hw_sheet *s, const char *path,
                         bool partial, struct gen_text *out);
/* The tables that gen/src/hw.c reads. */
void hw_emit_tables(struct gen *g, const struct hw_set *set, struct gen_text *out);

#endif
