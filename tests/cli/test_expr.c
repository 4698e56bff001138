/* SPDX-License-Identifier: MIT */
/* Expressions: values, precedence, exact integers, errors with a column, bounds. */
#include <errno.h>
#include <stdbool.h>

#include "expr.h"
#include "test.h"

static json_t *
get(void *ctx, const char *path, struct gsp_error *err)
{
    json_t *value = json_object_get(ctx, path);

    if (!value)
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "nothing is called '%s'", path);
    return json_incref(value);
}

static bool
constant(void *ctx, const char *name, uint64_t *value_out)
{
    (void)ctx;
    *value_out = 7;
    return !strcmp(name, "NV_SEVEN");
}

static json_t *
names(void)
{
    return json_pack("{s:i, s:s, s:s, s:[iii], s:i, s:i, s:{s:i}}", "a", 5, "va", "0x200000",
                     "name", "NVIDIA", "list", 10, 20, 30, "fb.list[2].data", 9, "odd-name", 3,
                     "o", "k", 1);
}

static void
expect(const char *text, const char *wanted)
{
    json_t *ctx = names();
    const struct expr_env env = {ctx, get, constant};
    struct gsp_error err = {0};
    json_t *value = expr_eval(text, &env, &err);
    char *got = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    if (!got || strcmp(got, wanted))
        print_error("%s\nis %s, wanted %s (%s)\n", text, got ? got : "nothing", wanted,
                    err.text);
    assert_string_equal(got, wanted);
    free(got);
    json_decref(value);
    json_decref(ctx);
}

static void
expect_error(const char *text, int rc, const char *wanted)
{
    json_t *ctx = names();
    const struct expr_env env = {ctx, get, constant};
    struct gsp_error err = {0};
    json_t *value = expr_eval(text, &env, &err);

    if (value || !strstr(err.text, wanted))
        print_error("%s\nsays '%s', wanted '%s'\n", text, err.text, wanted);
    assert_null(value);
    assert_int_equal(err.rc, rc);
    assert_non_null(strstr(err.text, wanted));
    json_decref(ctx);
}

static void
numbers_and_text_are_values(void **state)
{
    (void)state;
    expect("0x10", "16");
    expect(" 12 ", "12");
    expect("1.5", "1.5");
    expect("'it\\'s'", "\"it's\"");
    expect("\"a\\nb\"", "\"a\\nb\"");
    expect("[1, 'b', [true]]", "[1,\"b\",[true]]");
    expect("null", "null");
    expect("18446744073709551615", "\"0xffffffffffffffff\"");
}

static void
operators_bind_as_people_expect(void **state)
{
    (void)state;
    expect("1 + 2 * 3", "7");
    expect("(1 + 2) * 3", "9");
    expect("10 - 3 - 2", "5");
    expect("1 | 2 == 3", "true"); /* bits before comparison, unlike C */
    expect("0xf0 & 0x3c >> 2", "0");
    expect("not 1 == 2", "false");
    expect("!(1 == 2)", "true");
    expect("-2 * -3", "6");
    expect("7 / 2", "3");
    expect("7 / 2.0", "3.5");
    expect("7 % 4", "3");
    expect("1 < 2 and 2 < 3 or false", "true");
    expect("a > 3 ? 'big' : 'small'", "\"big\"");
    expect("a > 9 ? 'big' : a > 4 ? 'mid' : 'small'", "\"mid\"");
    expect("'a' + 1", "\"a1\"");
}

static void
integers_are_exact_to_64_bits(void **state)
{
    (void)state;
    expect("0xffffffffffffffff == 0xfffffffffffffffe", "false");
    expect("~0", "\"0xffffffffffffffff\"");
    expect("0xffffffffffffffff - 0xfffffffffffffffe", "1");
    expect("1 << 63", "\"0x8000000000000000\"");
    expect("va + 0x1000", "2101248");
    expect("hex(va + 4096, 8)", "\"0x00201000\"");
    expect_error("0xffffffffffffffff + 1", -ERANGE, "does not fit 64 bits");
    expect_error("0 - 0xffffffffffffffff", -ERANGE, "does not fit 64 bits");
    expect_error("0xffffffffffffffff * 0xffffffffffffffff", -ERANGE, "does not fit");
    expect_error("99999999999999999999", -ERANGE, "does not fit");
    expect_error("2 << 63", -ERANGE, "does not fit");
    expect_error("1 << 64", -EINVAL, "a shift is from 0 to 63");
    expect_error("1 / 0", -EINVAL, "division by zero");
    expect_error("1 % (a - 5)", -EINVAL, "division by zero");
    expect("int('0x10') + int(2.9)", "18");
}

static void
names_paths_and_constants_are_found(void **state)
{
    (void)state;
    expect("$a + a", "10");
    expect("${odd-name} + 1", "4");
    expect("fb.list[1 + 1].data", "9");
    expect("NV_SEVEN + 1", "8");
    expect("7 == 'NV_SEVEN'", "true");
    expect_error("nobody + 1", -ENOENT, "nothing is called 'nobody'");
    expect_error("${odd-name", -EINVAL, "a reference is not closed");
}

static void
the_undecided_side_alone_is_evaluated(void **state)
{
    (void)state;
    expect("false and nobody", "false");
    expect("true or 1 / 0", "true");
    expect("a ? 1 : nobody", "1");
    expect_error("true and nobody", -ENOENT, "nobody");
}

static void
functions_do_what_they_say(void **state)
{
    (void)state;
    expect("len(list) + len('ab') + len(o)", "6");
    expect("min(3, 1, 2)", "1");
    expect("max(list)", "30");
    expect("sum(list)", "60");
    expect("bits(0xabcd, 11, 4)", "188");
    expect("bits(0xffffffffffffffff, 63, 0)", "\"0xffffffffffffffff\"");
    expect("range(2, 5)", "[2,3,4]");
    expect("20 in list", "true");
    expect("'0x14' in list", "true");
    expect("'VID' in name", "true");
    expect("'k' in o", "true");
    expect("match(name, '^NV.*A$')", "true");
    expect("glob(name, 'NV?DIA')", "true");
    expect("text(list)", "\"[10,20,30]\"");
    expect_error("len(5)", -EINVAL, "len() wants");
    expect_error("len()", -EINVAL, "takes 1 to 1");
    expect_error("frob(1)", -EINVAL, "no function frob()");
    expect_error("range(1000000)", -ERANGE, "at most 100000");
    expect_error("match(name, '(a')", -EINVAL, "is broken");
    expect_error("min([])", -EINVAL, "empty list");
}

static void
errors_quote_the_expression_and_the_column(void **state)
{
    (void)state;
    expect_error("1 +", -EINVAL, "ends too early in '1 +', column 4");
    expect_error("1 2", -EINVAL, "'2' is not expected here in '1 2', column 3");
    expect_error("(1", -EINVAL, "a parenthesis is not closed");
    expect_error("'abc", -EINVAL, "a quote is not closed");
    expect_error("a ? 1", -EINVAL, "':' of a choice");
    expect_error("[1, ", -EINVAL, "ends too early");
    expect_error("12ab", -EINVAL, "a broken number");
    expect_error("list + o", -EINVAL, "numbers are wanted");
    expect_error("list < o", -EINVAL, "no order");
    expect_error("", -EINVAL, "ends too early");
}

static void
costs_are_bounded(void **state)
{
    char deep[EXPR_LONGEST + 8];

    (void)state;
    memset(deep, '(', sizeof(deep));
    deep[100] = '\0';
    expect_error(deep, -EINVAL, "nested too deeply");
    memset(deep, '-', sizeof(deep));
    deep[1000] = '\0';
    expect_error(deep, -EINVAL, "nested too deeply");
    memset(deep, '1', sizeof(deep));
    deep[EXPR_LONGEST] = '\0';
    expect_error(deep, -EINVAL, "longer than");
    expect_error("match(name, '((a{99}){99}){99}')", -EINVAL, "too costly");
    expect_error("match(name, 'a?*')", -EINVAL, "too costly");
    expect("match(name, '^[A-Z]+(D.*)?A{1,3}$')", "true");
    expect_error("match(name, '(a)\\\\1')", -EINVAL, "too costly");
}

static int
note(void *ctx, const char *path)
{
    strcat(ctx, path);
    strcat(ctx, " ");
    return !strcmp(path, "stop");
}

static void
walking_finds_every_name_and_evaluates_nothing(void **state)
{
    struct gsp_error err = {0};
    char seen[256] = "";

    (void)state;
    assert_int_equal(expr_walk("true or b / 0 + ${x-y} + len(l[k].m) + $z", note, seen, &err),
                     0);
    assert_string_equal(seen, "b x-y k l[0].m z ");
    assert_int_equal(expr_walk("a + stop + b", note, seen, &err), 1);
    assert_int_equal(expr_walk("a +", NULL, NULL, &err), -EINVAL);
    assert_non_null(strstr(err.text, "column 4"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_text_are_values),
        cmocka_unit_test(operators_bind_as_people_expect),
        cmocka_unit_test(integers_are_exact_to_64_bits),
        cmocka_unit_test(names_paths_and_constants_are_found),
        cmocka_unit_test(the_undecided_side_alone_is_evaluated),
        cmocka_unit_test(functions_do_what_they_say),
        cmocka_unit_test(errors_quote_the_expression_and_the_column),
        cmocka_unit_test(costs_are_bounded),
        cmocka_unit_test(walking_finds_every_name_and_evaluates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
