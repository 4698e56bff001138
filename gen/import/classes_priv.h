/* SPDX-License-Identifier: MIT */
/** One class header as read: sheets of methods and records, each with fields and values. */
#ifndef IMP_CLASSES_PRIV_H
#define IMP_CLASSES_PRIV_H

#include "classes.h"

/** c + ci * i + cj * j */
struct imp_lin {
    uint64_t c, ci, cj;
};

struct imp_hw_field {
    const char *name;
    struct imp_lin hi, lo;
    bool is_float;         /* an IEEE 754 single */
    uint64_t n, m;         /* elements in i and j; 1 without an array */
    struct imp_map values; /* name -> uint64_t * */
};

/** A method (at is its address) or a record (at is unused). */
struct imp_hw_item {
    const char *name;
    struct imp_lin at;
    uint64_t n, m;
    const char *prefix;    /* records: what stands before the field in the header's name */
    struct imp_map fields; /* name -> struct imp_hw_field * */
};

/** One header of the list. */
struct imp_hw_unit {
    const char *path;   /* in its tree */
    const char *out;    /* "classes/c7b5" */
    const char *parent; /* the unit's out that it differs from, or NULL */
    uint16_t id;
    bool sdk;         /* from open-gpu-kernel-modules */
    bool partial;     /* the header lists only what its users need: the parent's rest stays */
    const char *also; /* a header of the sdk with methods that the first lacks, or NULL */
    const char *records; /* names of records, apart by blanks; NULL: from the comments */
};
extern const struct imp_hw_unit imp_hw_units[]; /* ends with path NULL; parents first */

struct imp_hw_sheet {
    const struct imp_hw_unit *unit;
    const struct imp_hw_sheet *parent;
    const char *name;         /* "AMPERE_DMA_COPY_B"; NULL for sheets of records */
    struct imp_map methods;   /* name -> struct imp_hw_item * */
    struct imp_map records;   /* name -> struct imp_hw_item * */
    struct imp_map constants; /* name -> uint64_t * */
    size_t defines;           /* lines "#define NVxxxx_" that have a number */
    struct imp_class_counts counts;
};

/** The text of one header, which is taken apart in place. */
bool imp_hw_parse(struct imp_arena *a, struct imp_hw_sheet *s, char *text, const char *path,
                  struct imp_error *err);
/** Read one header. Every numeric definition ends up in the sheet, or it fails. */
bool imp_hw_read(struct imp_arena *a, struct imp_hw_sheet *s, const char *path,
                 struct imp_error *err);
/** Element counts of arrays, which headers do not give: as many as fit before something else.
 */
void imp_hw_arrays(struct imp_hw_sheet *s);
/** Which fields are floats, which headers do not say. */
void imp_hw_floats(struct imp_hw_sheet *s);
/** What from has and s lacks, into s. Both own it: from must live as long. */
void imp_hw_merge(struct imp_hw_sheet *s, const struct imp_hw_sheet *from);
void imp_hw_count(struct imp_hw_sheet *s);
/** Whether every numeric definition of the header is in the (counted, unmerged) sheet. */
bool imp_hw_complete(const struct imp_hw_sheet *s, struct imp_error *err);
void imp_hw_fini(struct imp_hw_sheet *s);

bool imp_hw_field_same(const struct imp_hw_field *a, const struct imp_hw_field *b);
bool imp_hw_item_same(const struct imp_hw_item *a, const struct imp_hw_item *b);

/** The sheet as YAML, as differences from its parent. earlier: sheets whose records may serve
 * as the base of one. */
void imp_hw_render(struct imp_arena *a, const struct imp_hw_sheet *s,
                   struct imp_hw_sheet *const *earlier, size_t earlier_count,
                   const char *source, struct imp_buf *out);

#endif
