/* SPDX-License-Identifier: MIT */
/**
 * Tokens and macro definitions of preprocessed C (`cc -E -dD`), each with the file and line it
 * came from.
 *
 * All pointers lead into the text, which must outlive the unit.
 */
#ifndef IMP_LEX_H
#define IMP_LEX_H

#include "util.h"

enum imp_tok_kind { TOK_END, TOK_IDENT, TOK_NUM, TOK_CHAR, TOK_STR, TOK_PUNCT };

struct imp_tok {
    const char *s;
    uint32_t len;
    uint32_t line;
    uint16_t file; /* index into files */
    uint8_t kind;
    uint8_t pack; /* #pragma pack in force, 0 = natural */
};

struct imp_macro {
    const char *name, *body; /* body is not NUL-terminated */
    uint32_t body_len, line;
    uint16_t file;
    bool function_like;
};

struct imp_unit {
    struct imp_arena *arena;
    const char *text;     /* all of it */
    struct imp_tok *toks; /* ends with TOK_END */
    size_t tok_count, tok_cap;
    struct imp_macro *macros;
    size_t macro_count, macro_cap;
    const char **files;
    size_t file_count, file_cap;
    struct imp_map file_index;
};

/** Tokenise. `name` is the file of text that comes before the first line marker. */
bool imp_lex(struct imp_unit *u, struct imp_arena *a, const char *text, const char *name,
             struct imp_error *err);
void imp_unit_fini(struct imp_unit *u);
bool imp_tok_is(const struct imp_tok *t, const char *text);
/** A failure at a token. */
#define imp_fail_at(err, unit, tok, ...)                                                       \
    imp_fail((err), (unit)->files[(tok)->file], (tok)->line, __VA_ARGS__)

#endif
