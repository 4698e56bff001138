/* SPDX-License-Identifier: MIT */
/*
 * Expressions over values: what stands in ${...}, in "while", "when" and "assert" of a script,
 * and behind a variable of the shell. docs/scripts.md is the language.
 *
 * The language is total: no loops, no assignment, no calls out. Text, nesting, lists and text
 * results are bounded, integers are exact from -2^63 to 2^64-1, and what goes past them, a
 * division by zero or a shift by 64 is an error and never a wrong number.
 */
#ifndef NVRM_CLI_EXPR_H
#define NVRM_CLI_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <gsp/error.h>

enum { EXPR_LONGEST = 4096, EXPR_LONGEST_PATH = 256, EXPR_LONGEST_LIST = 100000 };

/** Where the names of an expression come from. Either may be NULL: nothing has a name then. */
struct expr_env {
    void *ctx;
    /** The value at a path such as "fb.fbInfoList[0].data": a new reference, or NULL with *err.
     */
    json_t *(*get)(void *ctx, const char *path, struct gsp_error *err);
    /** The number of a constant, for bare words that are no variable and for comparisons. */
    bool (*constant)(void *ctx, const char *name, uint64_t *value_out);
};

/** The value of an expression: a new reference. NULL with *err (-EINVAL, -ENOENT, -ERANGE,
 * -ENOMEM), whose text quotes the expression and the column. */
json_t *expr_eval(const char *text, const struct expr_env *env, struct gsp_error *err);
/** Syntax alone. Every path that the text refers to goes to fn (may be NULL; computed indices
 * stand as 0), which returns non-zero to stop. 0, -EINVAL with *err, or what fn returned. */
int expr_walk(const char *text, int (*fn)(void *ctx, const char *path), void *ctx,
              struct gsp_error *err);

/** What counts as true: true, a number that is not 0, text, lists and objects that are not
 * empty. NULL is false. */
bool expr_true(const json_t *value);
/** Equal as numbers (written as numbers, as text such as "0x10", or as a constant's name), else
 * equal as values. */
bool expr_equal(const struct expr_env *env, const json_t *a, const json_t *b);
/** *order_out is below, at or above 0. False when the two cannot be ordered: only numbers and
 * texts can. */
bool expr_order(const struct expr_env *env, const json_t *a, const json_t *b, int *order_out);
/** Whether text matches a POSIX extended regular expression. Patterns without a bound on their
 * cost (back references, huge repetitions) are refused: false with *err filled. */
bool expr_match(const char *pattern, const char *text, struct gsp_error *err);
/** A value as text: text itself, everything else as JSON. NULL when out of memory. */
char *expr_text(const json_t *value);

#endif
