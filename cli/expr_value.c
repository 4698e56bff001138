/* SPDX-License-Identifier: MIT */
/*
 * The operators of expressions, and how values compare.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr_priv.h"

enum { LONGEST_TEXT = 1 << 16 };

/* Text as a number: decimal, hexadecimal or real. Nothing may follow. */
static bool
number_of_text(const char *text, struct expr_number *out)
{
    const bool negative = *text == '-';
    const char *digits = text + negative;
    uint64_t value;
    char *end;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    value = strtoull(digits, &end, digits[0] == '0' && (digits[1] | 32) == 'x' ? 16 : 10);
    if (!*end && errno == 0) {
        out->i = negative ? -(expr_wide)value : (expr_wide)value;
        out->d = (double)out->i;
        return true;
    }
    out->real = true;
    out->d = strtod(text, &end);
    return !*end && (digits[1] | 32) != 'x' && isfinite(out->d);
}

bool
expr_number(const struct expr_env *env, const json_t *value, struct expr_number *out)
{
    const char *text = json_string_value(value);
    uint64_t constant;

    memset(out, 0, sizeof(*out));
    if (json_is_real(value)) {
        out->real = true;
        out->d = json_real_value(value);
        return true;
    }
    if (json_is_integer(value) || json_is_boolean(value)) {
        out->i = json_is_integer(value) ? json_integer_value(value) : json_is_true(value);
        out->d = (double)out->i;
        return true;
    }
    if (!text)
        return false;
    if (number_of_text(text, out))
        return true;
    memset(out, 0, sizeof(*out));
    if (!*text || !env || !env->constant || !env->constant(env->ctx, text, &constant))
        return false;
    out->i = constant;
    out->d = (double)constant;
    return true;
}

json_t *
expr_integer(expr_wide i)
{
    char text[24];

    if (i >= INT64_MIN && i <= INT64_MAX)
        return json_integer((json_int_t)i);
    if (i < 0 || i > UINT64_MAX)
        return NULL;
    snprintf(text, sizeof(text), "0x%llx", (unsigned long long)i);
    return json_string(text);
}

char *
expr_text(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

bool
expr_true(const json_t *value)
{
    if (json_is_number(value))
        return json_number_value(value) != 0;
    if (json_is_string(value))
        return *json_string_value(value) != '\0';
    return json_is_true(value) || json_array_size(value) || json_object_size(value);
}

static int
compare_numbers(const struct expr_number *a, const struct expr_number *b)
{
    if (a->real || b->real)
        return (a->d > b->d) - (a->d < b->d);
    return (a->i > b->i) - (a->i < b->i);
}

bool
expr_order(const struct expr_env *env, const json_t *a, const json_t *b, int *order_out)
{
    struct expr_number x, y;

    if (expr_number(env, a, &x) && expr_number(env, b, &y)) {
        *order_out = compare_numbers(&x, &y);
        return true;
    }
    if (!json_is_string(a) || !json_is_string(b))
        return false;
    *order_out = strcmp(json_string_value(a), json_string_value(b));
    return true;
}

bool
expr_equal(const struct expr_env *env, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    if (json_is_string(a) && json_is_string(b) &&
        !strcmp(json_string_value(a), json_string_value(b)))
        return true;
    if (expr_number(env, a, &x) && expr_number(env, b, &y))
        return compare_numbers(&x, &y) == 0;
    return json_equal((json_t *)a, (json_t *)b);
}

json_t *
expr_bad_operands(const struct expr_call *c, const char *what, const json_t *a, const json_t *b)
{
    char *x = expr_text(a), *y = b ? expr_text(b) : NULL;

    gsp_fail(c->err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %.24s%s%.24s", what, x ? x : "?",
             b ? " and " : "", y ? y : "");
    free(x);
    free(y);
    return NULL;
}

json_t *
expr_integer_result(const struct expr_call *c, expr_wide i)
{
    json_t *value = expr_integer(i);

    if (!value)
        gsp_fail(c->err, GSP_ORIGIN_INPUT, -ERANGE, "the result does not fit 64 bits");
    return value;
}

static json_t *
real_result(const struct expr_call *c, double d)
{
    if (isfinite(d))
        return json_real(d);
    gsp_fail(c->err, GSP_ORIGIN_INPUT, -ERANGE, "the result is not finite");
    return NULL;
}

static bool
two_numbers(const struct expr_call *c, const json_t *a, const json_t *b, struct expr_number *x,
            struct expr_number *y)
{
    if (expr_number(c->env, a, x) && expr_number(c->env, b, y))
        return true;
    expr_bad_operands(c, "numbers are wanted", a, b);
    return false;
}

static json_t *
join(const struct expr_call *c, const json_t *a, const json_t *b)
{
    char *x = expr_text(a), *y = expr_text(b), *both = NULL;
    json_t *value = NULL;

    if (x && y && strlen(x) + strlen(y) > LONGEST_TEXT)
        gsp_fail(c->err, GSP_ORIGIN_INPUT, -ERANGE, "the text gets longer than %d bytes",
                 LONGEST_TEXT);
    else if (x && y && asprintf(&both, "%s%s", x, y) >= 0)
        value = json_string(both);
    free(both);
    free(x);
    free(y);
    return value;
}

json_t *
expr_add(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    if ((json_is_string(a) || json_is_string(b)) &&
        (!expr_number(c->env, a, &x) || !expr_number(c->env, b, &y)))
        return join(c, a, b);
    if (!two_numbers(c, a, b, &x, &y))
        return NULL;
    return x.real || y.real ? real_result(c, x.d + y.d) : expr_integer_result(c, x.i + y.i);
}

static json_t *
op_subtract(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    if (!two_numbers(c, a, b, &x, &y))
        return NULL;
    return x.real || y.real ? real_result(c, x.d - y.d) : expr_integer_result(c, x.i - y.i);
}

static json_t *
op_multiply(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;
    expr_wide product;

    if (!two_numbers(c, a, b, &x, &y))
        return NULL;
    if (x.real || y.real)
        return real_result(c, x.d * y.d);
    if (__builtin_mul_overflow(x.i, y.i, &product))
        product = (expr_wide)UINT64_MAX + 1;
    return expr_integer_result(c, product);
}

/* Whole numbers divide to whole numbers. */
static json_t *
op_divide(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    if (!two_numbers(c, a, b, &x, &y))
        return NULL;
    if (y.d == 0)
        return expr_bad_operands(c, "a division by zero", a, b);
    return x.real || y.real ? real_result(c, x.d / y.d) : expr_integer_result(c, x.i / y.i);
}

static bool
two_integers(const struct expr_call *c, const json_t *a, const json_t *b, struct expr_number *x,
             struct expr_number *y)
{
    if (expr_number(c->env, a, x) && expr_number(c->env, b, y) && !x->real && !y->real)
        return true;
    expr_bad_operands(c, "whole numbers are wanted", a, b);
    return false;
}

static json_t *
op_modulo(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    if (!two_integers(c, a, b, &x, &y))
        return NULL;
    if (y.i == 0)
        return expr_bad_operands(c, "a division by zero", a, b);
    return expr_integer_result(c, x.i % y.i);
}

/* Bit operators work on 64 bits; a negative number is its two's complement. */
static json_t *
op_and(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    return two_integers(c, a, b, &x, &y) ? expr_integer((uint64_t)x.i & (uint64_t)y.i) : NULL;
}

static json_t *
op_or(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    return two_integers(c, a, b, &x, &y) ? expr_integer((uint64_t)x.i | (uint64_t)y.i) : NULL;
}

static json_t *
op_xor(const struct expr_call *c, const json_t *a, const json_t *b)
{
    struct expr_number x, y;

    return two_integers(c, a, b, &x, &y) ? expr_integer((uint64_t)x.i ^ (uint64_t)y.i) : NULL;
}

static json_t *
shift(const struct expr_call *c, const json_t *a, const json_t *b, bool left)
{
    struct expr_number x, y;
    uint64_t value;

    if (!two_integers(c, a, b, &x, &y))
        return NULL;
    if (y.i < 0 || y.i > 63)
        return expr_bad_operands(c, "a shift is from 0 to 63", a, b);
    value = (uint64_t)x.i;
    if (left && y.i && value >> (64 - (unsigned)y.i))
        return expr_integer_result(c, (expr_wide)UINT64_MAX + 1);
    return expr_integer(left ? value << (unsigned)y.i : value >> (unsigned)y.i);
}

static json_t *
op_shift_left(const struct expr_call *c, const json_t *a, const json_t *b)
{
    return shift(c, a, b, true);
}

static json_t *
op_shift_right(const struct expr_call *c, const json_t *a, const json_t *b)
{
    return shift(c, a, b, false);
}

static json_t *
op_equal(const struct expr_call *c, const json_t *a, const json_t *b)
{
    return json_boolean(expr_equal(c->env, a, b));
}

static json_t *
op_differs(const struct expr_call *c, const json_t *a, const json_t *b)
{
    return json_boolean(!expr_equal(c->env, a, b));
}

bool
expr_ordered(const struct expr_call *c, const json_t *a, const json_t *b, int *order)
{
    if (expr_order(c->env, a, b, order))
        return true;
    expr_bad_operands(c, "these have no order", a, b);
    return false;
}

static json_t *
op_below(const struct expr_call *c, const json_t *a, const json_t *b)
{
    int order;

    return expr_ordered(c, a, b, &order) ? json_boolean(order < 0) : NULL;
}

static json_t *
op_above(const struct expr_call *c, const json_t *a, const json_t *b)
{
    int order;

    return expr_ordered(c, a, b, &order) ? json_boolean(order > 0) : NULL;
}

static json_t *
op_at_most(const struct expr_call *c, const json_t *a, const json_t *b)
{
    int order;

    return expr_ordered(c, a, b, &order) ? json_boolean(order <= 0) : NULL;
}

static json_t *
op_at_least(const struct expr_call *c, const json_t *a, const json_t *b)
{
    int order;

    return expr_ordered(c, a, b, &order) ? json_boolean(order >= 0) : NULL;
}

/* An element of a list, a key of an object, a part of a text. */
static json_t *
op_in(const struct expr_call *c, const json_t *a, const json_t *b)
{
    const char *part = json_string_value(a);
    const json_t *item;
    size_t i;

    if (json_is_object(b) && part)
        return json_boolean(json_object_get(b, part) != NULL);
    if (json_is_string(b) && part)
        return json_boolean(strstr(json_string_value(b), part) != NULL);
    if (!json_is_array(b))
        return expr_bad_operands(c, "'in' wants a list, an object or text", a, b);
    json_array_foreach(b, i, item)
    {
        if (expr_equal(c->env, a, item))
            return json_true();
    }
    return json_false();
}

const struct expr_op expr_ops[] = {
    {"||",  1, NULL          },
    {"or",  1, NULL          },
    {"&&",  2, NULL          },
    {"and", 2, NULL          },
    {"==",  3, op_equal      },
    {"!=",  3, op_differs    },
    {"<=",  3, op_at_most    },
    {">=",  3, op_at_least   },
    {"<<",  7, op_shift_left },
    {">>",  7, op_shift_right},
    {"<",   3, op_below      },
    {">",   3, op_above      },
    {"in",  3, op_in         },
    {"|",   4, op_or         },
    {"^",   5, op_xor        },
    {"&",   6, op_and        },
    {"+",   8, expr_add      },
    {"-",   8, op_subtract   },
    {"*",   9, op_multiply   },
    {"/",   9, op_divide     },
    {"%",   9, op_modulo     },
    {NULL,  0, NULL          },
};

json_t *
expr_negate(const struct expr_call *c, const json_t *value)
{
    struct expr_number x;

    if (!expr_number(c->env, value, &x))
        return expr_bad_operands(c, "a number is wanted", value, NULL);
    return x.real ? real_result(c, -x.d) : expr_integer_result(c, -x.i);
}

json_t *
expr_invert(const struct expr_call *c, const json_t *value)
{
    struct expr_number x;

    if (!expr_number(c->env, value, &x) || x.real)
        return expr_bad_operands(c, "a whole number is wanted", value, NULL);
    return expr_integer(~(uint64_t)x.i);
}
