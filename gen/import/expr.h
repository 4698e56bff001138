/* SPDX-License-Identifier: MIT */
/** Integer constant expressions over tokens, with C's widths and signs (int, unsigned, long,
 * unsigned long). */
#ifndef IMP_EXPR_H
#define IMP_EXPR_H

#include "lex.h"

struct imp_value {
    uint64_t bits; /* sign-extended when !is_unsigned */
    bool is_unsigned, is_long;
};

/** What an expression may name. Either may be NULL. */
struct imp_scope {
    void *ctx;
    /** Value of an enumerator. */
    bool (*lookup)(void *ctx, const char *name, size_t len, struct imp_value *out);
    /**
     * Tokens t[0..n) inside parentheses: is it a type? Gives its size (0 for void and
     * functions), whether it is unsigned, and whether it is a scalar.
     */
    bool (*type)(void *ctx, const struct imp_tok *t, size_t n, uint64_t *size_out,
                 bool *unsigned_out);
};

/** Evaluate all of t[0..n). False when it is not an integer constant expression (no error
 * text). */
bool imp_eval(const struct imp_tok *t, size_t n, const struct imp_scope *scope,
              struct imp_value *out);
/** "12", "-1", "0x1000": decimal below 256 and for small negatives, hex otherwise. */
void imp_value_print(const struct imp_value *v, struct imp_buf *out);

#endif
