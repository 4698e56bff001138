/* SPDX-License-Identifier: MIT */
/** Object-like macros as constants and bit ranges: the preprocessor expands them, expr.c
 * evaluates. */
#ifndef IMP_MACROS_H
#define IMP_MACROS_H

#include "decl.h"
#include "tree.h"

struct imp_macro_value {
    const struct imp_macro *macro;
    const char *path;
    enum { MACRO_OTHER, MACRO_VALUE, MACRO_RANGE } kind;
    struct imp_value value;  /* MACRO_VALUE */
    struct imp_value hi, lo; /* MACRO_RANGE */
};

/**
 * Evaluate the unit's macros for whose file `take` says yes. text and driver are those of the
 * unit. One result per name (the first definition), in order; allocated in the tree's arena.
 */
bool imp_eval_macros(struct imp_tree *t, struct imp_decls *d, const char *name,
                     const char *text, bool driver,
                     bool (*take)(struct imp_tree *t, const char *file),
                     struct imp_macro_value **out, size_t *count_out);

#endif
