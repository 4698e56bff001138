/* SPDX-License-Identifier: MIT */
/* Tokeniser for preprocessed C. Handles line markers, #define kept by -dD, #pragma pack; knows
 * no grammar. */
#include "lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct lexer {
    struct imp_unit *u;
    const char *p;
    uint32_t line;
    uint16_t file;
    uint8_t pack;
    struct imp_error *err;
};

bool
imp_tok_is(const struct imp_tok *t, const char *text)
{
    return t->kind != TOK_STR && strlen(text) == t->len && memcmp(t->s, text, t->len) == 0;
}

static uint16_t
file_number(struct imp_unit *u, const char *path, size_t len)
{
    const size_t dot = len > 2 && path[0] == '.' && path[1] == '/' ? 2 : 0;
    char *name = imp_strndup(u->arena, path + dot, len - dot);
    void **at = imp_map_at(&u->file_index, name);
    size_t *number = *at;

    if (!number) {
        u->files = imp_grow(u->files, u->file_count, &u->file_cap, sizeof(*u->files));
        u->files[u->file_count++] = name;
        number = imp_alloc(u->arena, sizeof(*number));
        *number = u->file_count - 1;
        *at = number;
    }
    return (uint16_t)*number;
}

static bool
word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static const char *
skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* `# 12 "path" flags`: what follows is line 12 of path. */
static void
line_marker(struct lexer *x, const char *p, const char *end)
{
    const char *quote = memchr(p, '"', (size_t)(end - p));
    const char *close = quote ? memchr(quote + 1, '"', (size_t)(end - quote - 1)) : NULL;

    x->line = (uint32_t)strtoul(p, NULL, 10) - 1;
    if (close)
        x->file = file_number(x->u, quote + 1, (size_t)(close - quote - 1));
}

static void
define(struct lexer *x, const char *p, const char *end)
{
    struct imp_unit *u = x->u;
    const char *name = skip_blanks(p);
    const char *after = name;
    struct imp_macro m = {.line = x->line, .file = x->file};

    while (word_char(*after))
        after++;
    m.name = imp_strndup(u->arena, name, (size_t)(after - name));
    m.function_like = *after == '(';
    m.body = skip_blanks(after);
    m.body_len = m.body < end ? (uint32_t)(end - m.body) : 0;
    u->macros = imp_grow(u->macros, u->macro_count, &u->macro_cap, sizeof(m));
    u->macros[u->macro_count++] = m;
}

/* pack(), pack(1), pack(push, 1), pack(pop): one level of nesting is all that the vendor uses.
 */
static bool
pragma_pack(struct lexer *x, const char *p, const char *end)
{
    for (; p < end; p++)
        if (isdigit((unsigned char)*p)) {
            x->pack = (uint8_t)strtoul(p, NULL, 10);
            return true;
        }
    x->pack = 0;
    return true;
}

static bool
directive(struct lexer *x)
{
    const char *p = skip_blanks(x->p + 1), *end = strchr(p, '\n');

    if (!end)
        end = p + strlen(p);
    if (isdigit((unsigned char)*p))
        line_marker(x, p, end);
    else if (imp_has_prefix(p, "line "))
        line_marker(x, p + 5, end);
    else if (imp_has_prefix(p, "define "))
        define(x, p + 7, end);
    else if (imp_has_prefix(p, "pragma ") && imp_has_prefix(skip_blanks(p + 7), "pack"))
        pragma_pack(x, p, end);
    else if (!imp_has_prefix(p, "undef") && !imp_has_prefix(p, "pragma") &&
             !imp_has_prefix(p, "ident"))
        return imp_fail(x->err, x->u->files[x->file], x->line, "unknown directive '#%.*s'",
                        (int)(end - p), p);
    x->p = end;
    return true;
}

static void
push(struct lexer *x, enum imp_tok_kind kind, size_t len)
{
    struct imp_unit *u = x->u;

    u->toks = imp_grow(u->toks, u->tok_count, &u->tok_cap, sizeof(*u->toks));
    u->toks[u->tok_count++] = (struct imp_tok){
        .s = x->p,
        .len = (uint32_t)len,
        .line = x->line,
        .file = x->file,
        .kind = (uint8_t)kind,
        .pack = x->pack,
    };
    x->p += len;
}

static size_t
punct_length(const char *p)
{
    static const char *const two[] = {
        "<<", ">>", "&&", "||", "==", "!=", "<=", ">=", "->", "++",
        "--", "+=", "-=", "*=", "/=", "|=", "&=", "^=", "##"};

    if (strncmp(p, "...", 3) == 0)
        return 3;
    for (size_t i = 0; i < sizeof(two) / sizeof(*two); i++)
        if (p[0] == two[i][0] && p[1] == two[i][1])
            return 2;
    return 1;
}

static bool
quoted(struct lexer *x)
{
    const char q = *x->p;
    const char *p = x->p + 1;

    while (*p && *p != q && *p != '\n')
        p += p[0] == '\\' && p[1] ? 2 : 1;
    if (*p != q)
        return imp_fail(x->err, x->u->files[x->file], x->line, "unterminated %c", q);
    push(x, q == '"' ? TOK_STR : TOK_CHAR, (size_t)(p + 1 - x->p));
    return true;
}

static bool
token(struct lexer *x)
{
    const char *p = x->p;

    if (*p == '"' || *p == '\'')
        return quoted(x);
    if (word_char(*p)) {
        while (word_char(*p) || (*p == '.' && isdigit((unsigned char)*x->p)))
            p++;
        push(x, isdigit((unsigned char)*x->p) ? TOK_NUM : TOK_IDENT, (size_t)(p - x->p));
        return true;
    }
    push(x, TOK_PUNCT, punct_length(p));
    return true;
}

bool
imp_lex(struct imp_unit *u, struct imp_arena *a, const char *text, const char *name,
        struct imp_error *err)
{
    struct lexer x = {.u = u, .p = text, .line = 1, .err = err};
    bool bol = true, ok = true;

    *u = (struct imp_unit){.arena = a, .text = text};
    x.file = file_number(u, name, strlen(name));
    while (*x.p && ok) {
        if (*x.p == '\n') {
            x.line++;
            x.p++;
            bol = true;
        } else if (isspace((unsigned char)*x.p)) {
            x.p++;
        } else if (*x.p == '#' && bol) {
            ok = directive(&x);
        } else {
            bol = false;
            ok = token(&x);
        }
    }
    push(&x, TOK_END, 0);
    return ok;
}

void
imp_unit_fini(struct imp_unit *u)
{
    free(u->toks);
    free(u->macros);
    free(u->files);
    imp_map_fini(&u->file_index);
    *u = (struct imp_unit){0};
}
