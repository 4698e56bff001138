/* SPDX-License-Identifier: MIT */
/*
 * Between the parser of expressions and their arithmetic.
 */
#ifndef NVRM_CLI_EXPR_PRIV_H
#define NVRM_CLI_EXPR_PRIV_H

#include "expr.h"

__extension__ typedef __int128 expr_wide;

struct expr_number {
    bool real;
    expr_wide i; /* when not real */
    double d;    /* always */
};

/* Reads a value as a number; false when it is none. */
bool expr_number(const struct expr_env *env, const json_t *value, struct expr_number *out);
/* An integer as a value: a JSON integer, or "0x..." text above 2^63-1. NULL past 64 bits. */
json_t *expr_integer(expr_wide i);

/* What operators and functions get. They return a new reference, or NULL with *err filled. */
struct expr_call {
    const struct expr_env *env;
    struct gsp_error *err;
};
typedef json_t *(*expr_operator)(const struct expr_call *c, const json_t *a, const json_t *b);

struct expr_op {
    const char *word;
    int precedence;
    expr_operator run; /* NULL: "and", "or" */
};
/* The binary operators; longer words first. word is NULL past the end. */
extern const struct expr_op expr_ops[];

struct expr_function {
    const char *name;
    unsigned min_args, max_args;
    json_t *(*run)(const struct expr_call *c, const json_t *args);
};
extern const struct expr_function expr_functions[]; /* name is NULL past the end */

/* Shared by operators and functions; NULL or false with *err filled. */
json_t *expr_bad_operands(const struct expr_call *c, const char *what, const json_t *a,
                          const json_t *b);
json_t *expr_integer_result(const struct expr_call *c, expr_wide i);
bool expr_ordered(const struct expr_call *c, const json_t *a, const json_t *b, int *order);
json_t *expr_add(const struct expr_call *c, const json_t *a, const json_t *b);

json_t *expr_negate(const struct expr_call *c, const json_t *value);
json_t *expr_invert(const struct expr_call *c, const json_t *value);

#endif
