/* SPDX-License-Identifier: MIT */
/*
 * The functions of expressions, and patterns whose cost has a bound.
 */
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr_priv.h"

enum { MOST_NODES = 4096 };

static json_t *
fn_len(const struct expr_call *c, const json_t *args)
{
    const json_t *value = json_array_get(args, 0);

    if (json_is_string(value))
        return json_integer((json_int_t)strlen(json_string_value(value)));
    if (json_is_array(value) || json_is_object(value))
        return expr_integer((expr_wide)json_array_size(value) + json_object_size(value));
    return expr_bad_operands(c, "len() wants text, a list or an object", value, NULL);
}

/* A whole number among the arguments; `otherwise` when it was not given. */
static bool
integer_arg(const struct expr_call *c, const json_t *args, size_t i, expr_wide otherwise,
            expr_wide *out)
{
    const json_t *value = json_array_get(args, i);
    struct expr_number n;

    *out = otherwise;
    if (!value)
        return true;
    if (!expr_number(c->env, value, &n) || n.real) {
        expr_bad_operands(c, "a whole number is wanted", value, NULL);
        return false;
    }
    *out = n.i;
    return true;
}

/* hex(value), hex(value, digits) */
static json_t *
fn_hex(const struct expr_call *c, const json_t *args)
{
    expr_wide value, digits;
    char text[32];

    if (!integer_arg(c, args, 0, 0, &value) || !integer_arg(c, args, 1, 1, &digits))
        return NULL;
    digits = digits < 1 ? 1 : digits > 16 ? 16 : digits;
    snprintf(text, sizeof(text), "0x%0*llx", (int)digits, (unsigned long long)value);
    return json_string(text);
}

static json_t *
fn_int(const struct expr_call *c, const json_t *args)
{
    struct expr_number n;

    if (!expr_number(c->env, json_array_get(args, 0), &n))
        return expr_bad_operands(c, "int() wants a number", json_array_get(args, 0), NULL);
    if (n.real && (n.d < -0x1p63 || n.d >= 0x1p64))
        return expr_integer_result(c, (expr_wide)UINT64_MAX + 1);
    return expr_integer_result(c, n.real ? (expr_wide)n.d : n.i);
}

static json_t *
fn_text(const struct expr_call *c, const json_t *args)
{
    char *text = expr_text(json_array_get(args, 0));
    json_t *value = text ? json_string(text) : NULL;

    (void)c;
    free(text);
    return value;
}

/* bits(value, high, low) */
static json_t *
fn_bits(const struct expr_call *c, const json_t *args)
{
    expr_wide value, high, low;

    if (!integer_arg(c, args, 0, 0, &value) || !integer_arg(c, args, 1, 0, &high) ||
        !integer_arg(c, args, 2, 0, &low))
        return NULL;
    if (low < 0 || high < low || high > 63)
        return expr_bad_operands(c, "bits() wants 63 >= high >= low >= 0",
                                 json_array_get(args, 1), json_array_get(args, 2));
    return expr_integer(((uint64_t)value >> (unsigned)low) &
                        (UINT64_MAX >> (63 - (unsigned)(high - low))));
}

/* The list that min(), max() and sum() work on: their one argument, or all of them. */
static const json_t *
values_of(const json_t *args)
{
    const json_t *first = json_array_get(args, 0);

    return json_array_size(args) == 1 && json_is_array(first) ? first : args;
}

static json_t *
extreme(const struct expr_call *c, const json_t *args, int sign)
{
    const json_t *values = values_of(args), *best = json_array_get(values, 0), *item;
    size_t i;
    int order;

    if (!best) {
        gsp_fail(c->err, GSP_ORIGIN_INPUT, -EINVAL, "an empty list has no extreme");
        return NULL;
    }
    json_array_foreach(values, i, item)
    {
        if (!expr_ordered(c, item, best, &order))
            return NULL;
        if (order * sign > 0)
            best = item;
    }
    return json_incref((json_t *)best);
}

static json_t *
fn_min(const struct expr_call *c, const json_t *args)
{
    return extreme(c, args, -1);
}

static json_t *
fn_max(const struct expr_call *c, const json_t *args)
{
    return extreme(c, args, 1);
}

static json_t *
fn_sum(const struct expr_call *c, const json_t *args)
{
    const json_t *values = values_of(args), *item;
    json_t *sum = json_integer(0);
    size_t i;

    json_array_foreach(values, i, item)
    {
        struct expr_number n;
        json_t *next = expr_number(c->env, item, &n)
                           ? expr_add(c, sum, item)
                           : expr_bad_operands(c, "sum() wants numbers", item, NULL);

        json_decref(sum);
        sum = next;
        if (!sum)
            break;
    }
    return sum;
}

/* range(end), range(start, end): whole numbers, the end left out. */
static json_t *
fn_range(const struct expr_call *c, const json_t *args)
{
    const bool one = json_array_size(args) == 1;
    expr_wide from, to;
    json_t *list;

    if (!integer_arg(c, args, 0, 0, &from) || !integer_arg(c, args, 1, 0, &to))
        return NULL;
    if (one) {
        to = from;
        from = 0;
    }
    if (to - from > EXPR_LONGEST_LIST) {
        gsp_fail(c->err, GSP_ORIGIN_INPUT, -ERANGE, "a range has at most %d numbers",
                 EXPR_LONGEST_LIST);
        return NULL;
    }
    list = json_array();
    for (expr_wide i = from; list && i < to; i++)
        json_array_append_new(list, expr_integer(i));
    return list;
}

/* The end of a bracket expression, whose inside holds no operators. */
static const char *
skip_bracket(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']';
    at += strcspn(at, "]");
    return *at ? at : at - 1;
}

/* How often the operator at *at_io unfolds what stands before it. */
static unsigned long
repeats_at(const char **at_io)
{
    const char *at = *at_io;
    unsigned long most, other;

    if (*at != '{')
        return 2;
    most = strtoul(at + 1, NULL, 10);
    at += strcspn(at, ",}");
    other = *at == ',' ? strtoul(at + 1, NULL, 10) : 0;
    *at_io = *at ? at : at - 1;
    return (most > other ? most : other) + 1;
}

/* regcomp() unfolds repetitions, and a repetition of a repetition multiplies: the size of the
 * unfolded pattern is kept small before it is tried. Back references cost exponential time, and
 * one operator right behind another is never needed. */
static bool
pattern_is_bounded(const char *pattern)
{
    unsigned long size = 1, factor = 1;
    char before = '\0'; /* '*' stands for any operator */

    if (strlen(pattern) > 512)
        return false;
    for (const char *at = pattern; *at; at++) {
        if (at[0] == '\\' && at[1] >= '1' && at[1] <= '9')
            return false;
        if (strchr("+*?{", *at)) {
            const unsigned long n = repeats_at(&at);

            if (before == '*')
                return false;
            if (before == ')')
                factor *= n;
            else
                size += n;
            before = '*';
        } else {
            before = *at;
            at += at[0] == '\\' && at[1];
            at = *at == '[' && before == '[' ? skip_bracket(at) : at;
            size++;
        }
        if (factor > MOST_NODES || size > MOST_NODES || factor * size > MOST_NODES)
            return false;
    }
    return true;
}

bool
expr_match(const char *pattern, const char *text, struct gsp_error *err)
{
    regex_t re;
    char why[80];
    bool matches;
    int rc;

    if (!pattern_is_bounded(pattern)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "the pattern '%.40s' is too costly", pattern);
        return false;
    }
    rc = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);
    if (rc) {
        regerror(rc, &re, why, sizeof(why));
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "the pattern '%.40s' is broken: %s", pattern,
                 why);
        return false;
    }
    matches = !regexec(&re, text, 0, NULL, 0);
    regfree(&re);
    return matches;
}

static bool
two_texts(const struct expr_call *c, const json_t *args, const char **a, const char **b)
{
    *a = json_string_value(json_array_get(args, 0));
    *b = json_string_value(json_array_get(args, 1));
    if (*a && *b)
        return true;
    expr_bad_operands(c, "text and a pattern are wanted", json_array_get(args, 0),
                      json_array_get(args, 1));
    return false;
}

static json_t *
fn_match(const struct expr_call *c, const json_t *args)
{
    struct gsp_error err = {0};
    const char *text, *pattern;
    bool matches;

    if (!two_texts(c, args, &text, &pattern))
        return NULL;
    matches = expr_match(pattern, text, &err);
    if (err.rc < 0)
        *c->err = err;
    return err.rc < 0 ? NULL : json_boolean(matches);
}

static json_t *
fn_glob(const struct expr_call *c, const json_t *args)
{
    const char *text, *pattern;

    if (!two_texts(c, args, &text, &pattern))
        return NULL;
    return json_boolean(!fnmatch(pattern, text, 0));
}

const struct expr_function expr_functions[] = {
    {"len",   1, 1,  fn_len  },
    {"hex",   1, 2,  fn_hex  },
    {"int",   1, 1,  fn_int  },
    {"text",  1, 1,  fn_text },
    {"bits",  3, 3,  fn_bits },
    {"min",   1, 64, fn_min  },
    {"max",   1, 64, fn_max  },
    {"sum",   1, 64, fn_sum  },
    {"range", 1, 2,  fn_range},
    {"match", 2, 2,  fn_match},
    {"glob",  2, 2,  fn_glob },
    {NULL,    0, 0,  NULL    },
};
