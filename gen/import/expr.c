/* SPDX-License-Identifier: MIT */
/* Precedence climbing over tokens. Anything that is not an integer constant expression is a
 * quiet false. */
#include "expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct eval {
    const struct imp_tok *t, *end;
    const struct imp_scope *scope;
    int depth;
};

static bool ternary(struct eval *e, struct imp_value *v);
static bool unary(struct eval *e, struct imp_value *v);

static struct imp_value
make(uint64_t bits, bool is_unsigned, bool is_long)
{
    if (!is_long)
        bits = is_unsigned ? (uint32_t)bits : (uint64_t)(int64_t)(int32_t)(uint32_t)bits;
    return (struct imp_value){bits, is_unsigned, is_long};
}

static bool
at(const struct eval *e, const char *text)
{
    return e->t < e->end && e->t->kind == TOK_PUNCT && imp_tok_is(e->t, text);
}

static bool
number(const struct imp_tok *t, struct imp_value *v)
{
    char text[64], *end;
    bool u = false, hex = t->len > 1 && t->s[0] == '0';
    int longs = 0;
    uint64_t n;

    if (t->len >= sizeof(text))
        return false;
    memcpy(text, t->s, t->len);
    text[t->len] = '\0';
    if (t->len > 2 && t->s[0] == '0' && (t->s[1] == 'b' || t->s[1] == 'B'))
        n = strtoull(text + 2, &end, 2);
    else
        n = strtoull(text, &end, 0);
    for (; *end; end++) {
        if (*end == 'u' || *end == 'U')
            u = true;
        else if (*end == 'l' || *end == 'L')
            longs++;
        else
            return false;
    }
    if (!longs && n > UINT32_MAX)
        longs = 1;
    if (!longs && n > INT32_MAX) {
        u = u || hex;
        longs = !u;
    }
    if (n > INT64_MAX)
        u = true;
    *v = make(n, u, longs > 0);
    return true;
}

static bool
character(const struct imp_tok *t, struct imp_value *v)
{
    if (t->len == 3)
        *v = make((unsigned char)t->s[1], false, false);
    else if (t->len == 4 && t->s[1] == '\\' && t->s[2] == '0')
        *v = make(0, false, false);
    else
        return false;
    return true;
}

/* Length of the parenthesised group that starts at e->t, without the parentheses; -1 if
 * unbalanced. */
static ptrdiff_t
group_length(const struct eval *e)
{
    int depth = 0;

    for (const struct imp_tok *t = e->t; t < e->end; t++) {
        if (t->kind != TOK_PUNCT)
            continue;
        if (imp_tok_is(t, "("))
            depth++;
        else if (imp_tok_is(t, ")") && --depth == 0)
            return t - e->t - 1;
    }
    return -1;
}

static bool
cast(struct eval *e, size_t inner, uint64_t size, bool is_unsigned, struct imp_value *v)
{
    e->t += inner + 2;
    if (!unary(e, v))
        return false;
    if (size == 1)
        *v = make(is_unsigned ? (uint8_t)v->bits : (uint64_t)(int64_t)(int8_t)v->bits, false,
                  false);
    else if (size == 2)
        *v = make(is_unsigned ? (uint16_t)v->bits : (uint64_t)(int64_t)(int16_t)v->bits, false,
                  false);
    else if (size == 4 || size == 8)
        *v = make(v->bits, is_unsigned, size == 8);
    else
        return false;
    return true;
}

static bool
sizeof_value(struct eval *e, struct imp_value *v)
{
    ptrdiff_t n;
    uint64_t size;
    bool u;

    e->t++;
    n = at(e, "(") ? group_length(e) : -1;
    if (n < 1)
        return false;
    if (n == 1 && e->t[1].kind == TOK_STR)
        size = e->t[1].len - 1;
    else if (!e->scope || !e->scope->type ||
             !e->scope->type(e->scope->ctx, e->t + 1, (size_t)n, &size, &u))
        return false;
    e->t += n + 2;
    *v = make(size, true, true);
    return true;
}

static bool
primary(struct eval *e, struct imp_value *v)
{
    ptrdiff_t n;
    uint64_t size;
    bool u;

    if (e->t >= e->end)
        return false;
    if (e->t->kind == TOK_NUM)
        return number(e->t++, v);
    if (e->t->kind == TOK_CHAR)
        return character(e->t++, v);
    if (e->t->kind == TOK_IDENT && imp_tok_is(e->t, "sizeof"))
        return sizeof_value(e, v);
    if (e->t->kind == TOK_IDENT) {
        const struct imp_tok *t = e->t++;

        return e->scope && e->scope->lookup && e->scope->lookup(e->scope->ctx, t->s, t->len, v);
    }
    if (!at(e, "("))
        return false;
    n = group_length(e);
    if (n > 0 && e->t[1].kind == TOK_IDENT && e->scope && e->scope->type &&
        e->scope->type(e->scope->ctx, e->t + 1, (size_t)n, &size, &u))
        return cast(e, (size_t)n, size, u, v);
    e->t++;
    if (!ternary(e, v) || !at(e, ")"))
        return false;
    e->t++;
    return true;
}

static bool
unary(struct eval *e, struct imp_value *v)
{
    char op;
    bool ok;

    if (++e->depth > 200)
        return false;
    if (at(e, "-") || at(e, "+") || at(e, "~") || at(e, "!")) {
        op = *e->t++->s;
        ok = unary(e, v);
        if (ok && op == '!')
            *v = make(v->bits == 0, false, false);
        else if (ok && op != '+')
            *v = make(op == '-' ? 0 - v->bits : ~v->bits, v->is_unsigned, v->is_long);
    } else {
        ok = primary(e, v);
    }
    e->depth--;
    return ok;
}

static int
precedence(const struct eval *e)
{
    static const struct {
        const char *op;
        int level;
    } table[] = {
        {"*",  10},
        {"/",  10},
        {"%",  10},
        {"+",  9 },
        {"-",  9 },
        {"<<", 8 },
        {">>", 8 },
        {"<",  7 },
        {">",  7 },
        {"<=", 7 },
        {">=", 7 },
        {"==", 6 },
        {"!=", 6 },
        {"&",  5 },
        {"^",  4 },
        {"|",  3 },
        {"&&", 2 },
        {"||", 1 },
    };

    if (e->t >= e->end || e->t->kind != TOK_PUNCT)
        return 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (imp_tok_is(e->t, table[i].op))
            return table[i].level;
    return 0;
}

static bool
divide(char op, struct imp_value a, struct imp_value b, bool u, uint64_t *r)
{
    if (b.bits == 0 || (!u && (int64_t)b.bits == -1))
        return false;
    if (u)
        *r = op == '/' ? a.bits / b.bits : a.bits % b.bits;
    else
        *r = (uint64_t)(op == '/' ? (int64_t)a.bits / (int64_t)b.bits
                                  : (int64_t)a.bits % (int64_t)b.bits);
    return true;
}

static bool
compare(const struct imp_tok *op, struct imp_value a, struct imp_value b, bool u)
{
    bool less = u ? a.bits < b.bits : (int64_t)a.bits < (int64_t)b.bits;
    bool same = a.bits == b.bits;

    if (imp_tok_is(op, "=="))
        return same;
    if (imp_tok_is(op, "!="))
        return !same;
    if (imp_tok_is(op, "<"))
        return less;
    if (imp_tok_is(op, "<="))
        return less || same;
    return imp_tok_is(op, ">") ? !less && !same : !less;
}

static bool
shift(const struct imp_tok *op, struct imp_value a, struct imp_value b, struct imp_value *v)
{
    if (b.bits >= (a.is_long ? 64u : 32u))
        return false;
    if (op->s[0] == '<')
        *v = make(a.bits << b.bits, a.is_unsigned, a.is_long);
    else if (a.is_unsigned)
        *v = make(a.bits >> b.bits, true, a.is_long);
    else
        *v = make((uint64_t)((int64_t)a.bits >> b.bits), false, a.is_long);
    return true;
}

static bool
apply(const struct imp_tok *op, int level, struct imp_value a, struct imp_value b,
      struct imp_value *v)
{
    bool u =
        (a.is_unsigned && a.is_long >= b.is_long) || (b.is_unsigned && b.is_long >= a.is_long);
    bool l = a.is_long || b.is_long;
    uint64_t r = 0;

    if (level <= 2) {
        bool t = level == 2 ? a.bits && b.bits : a.bits || b.bits;

        *v = make(t, false, false);
        return true;
    }
    if (level == 8)
        return shift(op, a, b, v);
    a = make(a.bits, u, l);
    b = make(b.bits, u, l);
    if (level == 7 || level == 6) {
        *v = make(compare(op, a, b, u), false, false);
        return true;
    }
    switch (op->s[0]) {
    case '*':
        r = a.bits * b.bits;
        break;
    case '+':
        r = a.bits + b.bits;
        break;
    case '-':
        r = a.bits - b.bits;
        break;
    case '&':
        r = a.bits & b.bits;
        break;
    case '^':
        r = a.bits ^ b.bits;
        break;
    case '|':
        r = a.bits | b.bits;
        break;
    default:
        if (!divide(op->s[0], a, b, u, &r))
            return false;
        break;
    }
    *v = make(r, u, l);
    return true;
}

static bool
binary(struct eval *e, int min_level, struct imp_value *v)
{
    struct imp_value rhs;
    int level;

    if (!unary(e, v))
        return false;
    while ((level = precedence(e)) >= min_level && level > 0) {
        const struct imp_tok *op = e->t++;

        if (!binary(e, level + 1, &rhs) || !apply(op, level, *v, rhs, v))
            return false;
    }
    return true;
}

static bool
ternary(struct eval *e, struct imp_value *v)
{
    struct imp_value yes, no;

    if (++e->depth > 200 || !binary(e, 1, v))
        return false;
    if (at(e, "?")) {
        e->t++;
        if (!ternary(e, &yes) || !at(e, ":"))
            return false;
        e->t++;
        if (!ternary(e, &no))
            return false;
        *v = v->bits ? yes : no;
    }
    e->depth--;
    return true;
}

bool
imp_eval(const struct imp_tok *t, size_t n, const struct imp_scope *scope,
         struct imp_value *out)
{
    struct eval e = {.t = t, .end = t + n, .scope = scope};

    return n > 0 && ternary(&e, out) && e.t == e.end;
}

void
imp_value_print(const struct imp_value *v, struct imp_buf *out)
{
    int64_t s = (int64_t)v->bits;

    if (!v->is_unsigned && s < 0 && s >= -65536)
        imp_buf_printf(out, "%lld", (long long)s);
    else if (v->bits < 256)
        imp_buf_printf(out, "%llu", (unsigned long long)v->bits);
    else
        imp_buf_printf(out, "0x%llx",
                       (unsigned long long)(v->is_long ? v->bits : (uint32_t)v->bits));
}
