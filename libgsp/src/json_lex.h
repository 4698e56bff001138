/* SPDX-License-Identifier: MIT */
/*
 * The lexical half of the JSON reader: where the next token is and what it spells. It knows no
 * schema, never allocates and never reads past the end of the text.
 */
#ifndef GSP_JSON_LEX_H
#define GSP_JSON_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gsp_lex {
    const char *text; /* start, for line numbers */
    const char *p;
    const char *end;
    const char *trouble; /* what is wrong at p, once something was */
};

/** A string token between its quotes, escapes still in it. */
struct gsp_lex_string {
    const char *s;
    size_t bytes;
    bool escaped;
};

static inline char
gsp_lex_peek(struct gsp_lex *l)
{
    while (l->p < l->end && (*l->p == ' ' || *l->p == '\n' || *l->p == '\t' || *l->p == '\r'))
        l->p++;
    if (l->p < l->end)
        return *l->p;
    return '\0';
}

/** Takes `c` when it comes next. */
static inline bool
gsp_lex_take(struct gsp_lex *l, char c)
{
    if (gsp_lex_peek(l) != c || l->p == l->end)
        return false;
    l->p++;
    return true;
}

enum { GSP_LEX_SIMPLE_BYTES = 20 }; /* what gsp_lex_simple() may look at */

/**
 * The digits at p, at most 16. Returns how many there are: 0 when this is no plain number (none
 * at all, a leading zero, or more than 16). Written out because a counted loop costs twice as
 * much.
 */
static inline __attribute__((always_inline)) unsigned
gsp_lex_simple(const char *p, uint64_t *value_out)
{
    uint64_t value = (uint64_t)(unsigned char)*p - '0';
    unsigned digit;

    if (value > 9)
        return 0;
#define STEP(n)                                                                                \
    digit = (unsigned)(unsigned char)p[n] - '0';                                               \
    if (digit > 9) {                                                                           \
        *value_out = value;                                                                    \
        return (n) > 1 && *p == '0' ? 0 : (n);                                                 \
    }                                                                                          \
    value = value * 10 + digit
    STEP(1);
    STEP(2);
    STEP(3);
    STEP(4);
    STEP(5);
    STEP(6);
    STEP(7);
    STEP(8);
    STEP(9);
    STEP(10);
    STEP(11);
    STEP(12);
    STEP(13);
    STEP(14);
    STEP(15);
    STEP(16);
#undef STEP
    return 0;
}

/** Sets trouble (the first one stays) and returns false. */
bool gsp_lex_fail(struct gsp_lex *l, const char *trouble);
/** A string; the escapes in it are well-formed. */
bool gsp_lex_string(struct gsp_lex *l, struct gsp_lex_string *string_out);
/** A whole number: digits with an optional minus, nothing like 1.5 or 1e3. */
bool gsp_lex_number(struct gsp_lex *l, uint64_t *magnitude_out, bool *negative_out);
/** One of true, false, null; returns its first letter, or '\0'. */
char gsp_lex_word(struct gsp_lex *l);
/** Steps over one value of any kind and depth. */
bool gsp_lex_skip(struct gsp_lex *l);
/** Number of elements of the array that starts at p (which stays where it is). */
bool gsp_lex_count(const struct gsp_lex *l, size_t *count_out);
/** Unescapes into out (at most cap bytes); returns the full length. \u0080 to \u00ff are single
 * bytes. */
size_t gsp_lex_unescape(const struct gsp_lex_string *string, char *out, size_t cap);
/** "line 3, column 14" of p. */
void gsp_lex_where(const struct gsp_lex *l, unsigned *line_out, unsigned *column_out);

#endif
