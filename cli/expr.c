/* SPDX-License-Identifier: MIT */
/*
 * Expressions: the parser, which evaluates as it goes. What is not to be evaluated (the other
 * side of "and", or everything when only the syntax is asked for) is read all the same.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr_priv.h"

enum { DEEPEST = 48 };

struct parser {
    const char *text, *at;
    struct expr_call call;
    int (*fn)(void *ctx, const char *path);
    void *ctx;
    int skip, depth, rc;
};

static json_t *ternary(struct parser *p);

__attribute__((format(printf, 3, 4))) static json_t *
fail(struct parser *p, int rc, const char *format, ...)
{
    char what[100];
    va_list args;

    if (p->rc)
        return NULL;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    p->rc = rc;
    gsp_fail(p->call.err, GSP_ORIGIN_INPUT, rc, "%.90s in '%.40s', column %zu", what, p->text,
             (size_t)(p->at - p->text) + 1);
    gsp_hint(p->call.err, "docs/scripts.md lists the operators and functions");
    return NULL;
}

/* A value that could not be computed: the operator filled *err, the place is added here. */
static json_t *
result(struct parser *p, json_t *value)
{
    struct gsp_error *err = p->call.err;
    char what[sizeof(err->text)];

    if (value || p->rc)
        return value;
    snprintf(what, sizeof(what), "%s", err->text[0] ? err->text : "out of memory");
    return fail(p, err->rc < 0 ? err->rc : -ENOMEM, "%.90s", what);
}

static void
blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static size_t
word_bytes(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static bool
take(struct parser *p, const char *word)
{
    const size_t n = strlen(word);

    blanks(p);
    if (strncmp(p->at, word, n) || (word_bytes(word) && word_bytes(p->at) != n))
        return false;
    p->at += n;
    return true;
}

static json_t *
number(struct parser *p)
{
    char *end, *real_end;
    uint64_t value;
    double real;

    errno = 0;
    if (p->at[0] == '0' && (p->at[1] == 'x' || p->at[1] == 'X')) {
        value = strtoull(p->at, &end, 16);
        real_end = end;
        real = 0;
    } else {
        value = strtoull(p->at, &end, 10);
        if (*end == '.' || *end == 'e' || *end == 'E')
            errno = 0; /* whole parts of any length are fine in a real number */
        real = strtod(p->at, &real_end);
    }
    if (errno == ERANGE)
        return fail(p, -ERANGE, "a number does not fit 64 bits");
    if (word_bytes(real_end) || !(real < 1e300))
        return fail(p, -EINVAL, "a broken number");
    p->at = real_end;
    return result(p, real_end > end ? json_real(real) : expr_integer((expr_wide)value));
}

static char
escaped(char c)
{
    if (c == 'n')
        return '\n';
    if (c == 't')
        return '\t';
    return c;
}

static json_t *
quoted(struct parser *p)
{
    const char quote = *p->at++;
    char buf[EXPR_LONGEST];
    size_t n = 0;
    json_t *value;

    while (*p->at && *p->at != quote) {
        char c = *p->at++;

        if (c == '\\' && *p->at)
            c = escaped(*p->at++);
        buf[n++] = c; /* never longer than the expression */
    }
    if (!*p->at)
        return fail(p, -EINVAL, "a quote is not closed");
    p->at++;
    value = json_stringn(buf, n);
    return value ? value : fail(p, -EINVAL, "text is not UTF-8");
}

static json_t *
get(struct parser *p, const char *path)
{
    const struct expr_env *env = p->call.env;
    struct gsp_error err = {0};
    json_t *value = NULL;
    uint64_t constant;

    if (p->fn && !p->rc)
        p->rc = p->fn(p->ctx, path);
    if (p->skip || p->rc)
        return p->rc ? NULL : json_null();
    if (env->get)
        value = env->get(env->ctx, path, &err);
    if (!value && env->constant && env->constant(env->ctx, path, &constant))
        value = expr_integer((expr_wide)constant);
    if (value)
        return value;
    p->rc = err.rc < 0 ? err.rc : -ENOENT;
    if (err.rc < 0 && p->call.err)
        *p->call.err = err;
    else
        gsp_fail(p->call.err, GSP_ORIGIN_INPUT, -ENOENT, "nothing is called '%.100s'", path);
    return NULL;
}

/* The number between brackets, as the path writes it. */
static bool
add_index(struct parser *p, char *path, size_t *n)
{
    json_t *value;
    int written;

    p->at++;
    value = ternary(p);
    if (!value)
        return false;
    if (!p->skip && (!json_is_integer(value) || json_integer_value(value) < 0)) {
        json_decref(value);
        fail(p, -EINVAL, "an index that is no number from 0 up");
        return false;
    }
    written = snprintf(path + *n, EXPR_LONGEST_PATH - *n, "[%lld]",
                       (long long)json_integer_value(value));
    json_decref(value);
    *n += (size_t)written;
    if (*n < EXPR_LONGEST_PATH && take(p, "]"))
        return true;
    fail(p, -EINVAL, "a bracket is not closed");
    return false;
}

/* name, name.field, name[index].field */
static json_t *
path(struct parser *p)
{
    char buf[EXPR_LONGEST_PATH];
    size_t n = 0, bytes;

    for (;;) {
        bytes = word_bytes(p->at);
        if (!bytes || n + bytes + 2 >= sizeof(buf))
            return fail(p, -EINVAL, bytes ? "a path is too long" : "a name is missing");
        memcpy(buf + n, p->at, bytes);
        n += bytes;
        buf[n] = '\0';
        p->at += bytes;
        while (*p->at == '[') {
            if (!add_index(p, buf, &n))
                return NULL;
        }
        if (*p->at != '.')
            return get(p, buf);
        if (n + 2 >= sizeof(buf))
            return fail(p, -EINVAL, "a path is too long");
        buf[n++] = '.';
        p->at++;
    }
}

/* ${...}: a path as it stands, so that any name can be written; $name. */
static json_t *
reference(struct parser *p)
{
    char buf[EXPR_LONGEST_PATH];
    size_t bytes;

    p->at++;
    if (*p->at != '{')
        return path(p);
    bytes = strcspn(p->at + 1, "}");
    if (!bytes || bytes >= sizeof(buf) || p->at[1 + bytes] != '}')
        return fail(p, -EINVAL, "a reference is not closed");
    memcpy(buf, p->at + 1, bytes);
    buf[bytes] = '\0';
    p->at += bytes + 2;
    return get(p, buf);
}

/* Values up to `close`, separated by commas. */
static json_t *
list(struct parser *p, const char *close)
{
    json_t *values = json_array();

    if (take(p, close))
        return values;
    for (;;) {
        json_t *value = ternary(p);

        if (!value || json_array_append_new(values, value))
            break;
        if (take(p, close))
            return values;
        if (!take(p, ",")) {
            fail(p, -EINVAL, "a comma or %s is missing", close);
            break;
        }
    }
    json_decref(values);
    return NULL;
}

static json_t *
function(struct parser *p, const struct expr_function *f)
{
    json_t *args, *value;
    size_t n;

    p->at += strlen(f->name);
    take(p, "(");
    args = list(p, ")");
    if (!args)
        return NULL;
    n = json_array_size(args);
    if (n < f->min_args || n > f->max_args)
        value =
            fail(p, -EINVAL, "%s() takes %u to %u values", f->name, f->min_args, f->max_args);
    else
        value = p->skip ? json_null() : result(p, f->run(&p->call, args));
    json_decref(args);
    return value;
}

static json_t *
word(struct parser *p)
{
    const size_t n = word_bytes(p->at);
    const char *after = p->at + n + strspn(p->at + n, " \t");

    if (take(p, "true"))
        return json_true();
    if (take(p, "false"))
        return json_false();
    if (take(p, "null"))
        return json_null();
    if (*after != '(')
        return path(p);
    for (const struct expr_function *f = expr_functions; f->name; f++) {
        if (strlen(f->name) == n && !strncmp(f->name, p->at, n))
            return function(p, f);
    }
    return fail(p, -EINVAL, "there is no function %.*s()", (int)(n < 32 ? n : 32), p->at);
}

static json_t *
primary(struct parser *p)
{
    json_t *value;

    blanks(p);
    if (*p->at == '(') {
        p->at++;
        value = ternary(p);
        if (value && !take(p, ")")) {
            json_decref(value);
            return fail(p, -EINVAL, "a parenthesis is not closed");
        }
        return value;
    }
    if (*p->at == '[') {
        p->at++;
        return list(p, "]");
    }
    if (*p->at == '\'' || *p->at == '"')
        return quoted(p);
    if (*p->at == '$')
        return reference(p);
    if (*p->at >= '0' && *p->at <= '9')
        return number(p);
    if (word_bytes(p->at))
        return word(p);
    return fail(p, -EINVAL, *p->at ? "a value is missing" : "the expression ends too early");
}

static json_t *
unary(struct parser *p)
{
    json_t *value, *changed = NULL;
    char sign;

    blanks(p);
    sign = *p->at;
    if (take(p, "not"))
        sign = '!';
    else if (sign && strchr("!-~", sign))
        p->at++;
    else
        return primary(p);
    if (++p->depth > DEEPEST)
        return fail(p, -EINVAL, "it is nested too deeply");
    value = unary(p);
    p->depth--;
    if (!value || p->skip)
        return value;
    if (sign == '!')
        changed = json_boolean(!expr_true(value));
    else
        changed = result(p, (sign == '-' ? expr_negate : expr_invert)(&p->call, value));
    json_decref(value);
    return changed;
}

static const struct expr_op *
peek_op(struct parser *p)
{
    blanks(p);
    for (const struct expr_op *op = expr_ops; op->word; op++) {
        const size_t n = strlen(op->word);

        if (!strncmp(p->at, op->word, n) && (!word_bytes(op->word) || word_bytes(p->at) == n))
            return op;
    }
    return NULL;
}

static json_t *binary(struct parser *p, int precedence);

/* "and" and "or": the right side is evaluated only when it decides. */
static json_t *
logical(struct parser *p, const struct expr_op *op, json_t *left)
{
    const bool so_far = expr_true(left), is_or = op->word[0] == '|' || op->word[0] == 'o';
    const bool decided = so_far == is_or;
    json_t *right;
    bool value;

    json_decref(left);
    p->skip += decided;
    right = binary(p, op->precedence + 1);
    p->skip -= decided;
    if (!right)
        return NULL;
    value = decided ? so_far : expr_true(right);
    json_decref(right);
    return json_boolean(value);
}

static json_t *
binary(struct parser *p, int precedence)
{
    json_t *left = unary(p), *right;
    const struct expr_op *op;

    while (left && (op = peek_op(p)) && op->precedence >= precedence) {
        json_t *value = NULL;

        p->at += strlen(op->word);
        if (!op->run) {
            left = logical(p, op, left);
            continue;
        }
        right = binary(p, op->precedence + 1);
        if (right)
            value = p->skip ? json_null() : result(p, op->run(&p->call, left, right));
        json_decref(left);
        json_decref(right);
        left = value;
    }
    return left;
}

/* condition ? value : other */
static json_t *
choose(struct parser *p, json_t *condition)
{
    const bool yes = expr_true(condition);
    json_t *a, *b = NULL;

    json_decref(condition);
    p->skip += !yes;
    a = ternary(p);
    p->skip -= !yes;
    if (a && !take(p, ":"))
        fail(p, -EINVAL, "the ':' of a choice is missing");
    p->skip += yes;
    if (a && !p->rc)
        b = ternary(p);
    p->skip -= yes;
    json_decref(b && yes ? b : a);
    return b ? (yes ? a : b) : NULL;
}

static json_t *
ternary(struct parser *p)
{
    json_t *value;

    if (++p->depth > DEEPEST)
        return fail(p, -EINVAL, "it is nested too deeply");
    value = binary(p, 1);
    if (value && take(p, "?"))
        value = choose(p, value);
    p->depth--;
    return value;
}

static json_t *
parse(struct parser *p)
{
    json_t *value;

    if (strlen(p->text) >= EXPR_LONGEST)
        return fail(p, -EINVAL, "the expression is longer than %d bytes", EXPR_LONGEST - 1);
    value = ternary(p);
    blanks(p);
    if (value && *p->at) {
        json_decref(value);
        return fail(p, -EINVAL, "'%.20s' is not expected here", p->at);
    }
    return value;
}

json_t *
expr_eval(const char *text, const struct expr_env *env, struct gsp_error *err)
{
    static const struct expr_env nothing;
    struct gsp_error own = {0};
    struct parser p = {
        .text = text, .at = text, .call = {env ? env : &nothing, &own}
    };
    json_t *value = parse(&p);

    if (!value && err)
        *err = own;
    return value;
}

int
expr_walk(const char *text, int (*fn)(void *ctx, const char *path), void *ctx,
          struct gsp_error *err)
{
    static const struct expr_env nothing;
    struct gsp_error own = {0};
    struct parser p = {
        .text = text, .at = text, .call = {&nothing, &own},
                .fn = fn, .ctx = ctx, .skip = 1
    };
    json_t *value = parse(&p);

    if (!value && err && own.rc < 0)
        *err = own;
    json_decref(value);
    return p.rc;
}
