/* SPDX-License-Identifier: MIT */
/*
 * What "expect" means: a value, or an object of rules.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* One comparison. `env` has the constants; which values have names differs between releases,
 * and a script does not notice. */
struct judge {
    struct expr_env env;
    const json_t *actual;
    struct gsp_error *err;
};

static bool
rule_min(const struct judge *j, const json_t *rule)
{
    int order;

    return expr_order(&j->env, j->actual, rule, &order) && order >= 0;
}

static bool
rule_max(const struct judge *j, const json_t *rule)
{
    int order;

    return expr_order(&j->env, j->actual, rule, &order) && order <= 0;
}

static bool
in_list(const struct judge *j, const json_t *list, const json_t *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (expr_equal(&j->env, item, value))
            return true;
    }
    return false;
}

static bool
rule_in(const struct judge *j, const json_t *rule)
{
    return in_list(j, rule, j->actual);
}

static bool
rule_has(const struct judge *j, const json_t *rule)
{
    return in_list(j, j->actual, rule);
}

static bool
rule_not(const struct judge *j, const json_t *rule)
{
    return !expr_equal(&j->env, rule, j->actual);
}

static bool
rule_re(const struct judge *j, const json_t *rule)
{
    return json_is_string(j->actual) &&
           expr_match(json_string_value(rule), json_string_value(j->actual), j->err);
}

static bool
rule_glob(const struct judge *j, const json_t *rule)
{
    return json_is_string(j->actual) &&
           !fnmatch(json_string_value(rule), json_string_value(j->actual), 0);
}

static bool
rule_len(const struct judge *j, const json_t *rule)
{
    const size_t length = json_is_string(j->actual)
                              ? strlen(json_string_value(j->actual))
                              : json_array_size(j->actual) + json_object_size(j->actual);

    json_t *actual = json_integer((json_int_t)length);
    const bool yes = expr_equal(&j->env, rule, actual);

    json_decref(actual);
    return yes;
}

/* The name "value" in front of the names of the environment. */
static json_t *
get_value(void *ctx, const char *path, struct gsp_error *err)
{
    const struct judge *j = ctx;
    json_t *outer = json_pack("{s:O}", "value", j->actual);
    json_t *value = json_incref(script_path(outer, path));

    json_decref(outer);
    if (!value)
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "nothing is called '%.80s', only value", path);
    return value;
}

static bool
get_constant(void *ctx, const char *name, uint64_t *value_out)
{
    const struct judge *j = ctx;

    return j->env.constant(j->env.ctx, name, value_out);
}

static bool
rule_that(const struct judge *j, const json_t *rule)
{
    const struct expr_env env = {(void *)j, get_value, get_constant};
    json_t *value = expr_eval(json_string_value(rule), &env, j->err);
    const bool yes = expr_true(value);

    json_decref(value);
    return yes;
}

static const struct {
    const char *key, *say;
    bool (*fits)(const struct judge *j, const json_t *rule);
    bool text; /* the rule itself must be text */
} rules[] = {
    {"min",  "at least ",            rule_min,  false},
    {"max",  "at most ",             rule_max,  false},
    {"in",   "one of ",              rule_in,   false},
    {"re",   "a match of ",          rule_re,   true },
    {"glob", "a match of ",          rule_glob, true },
    {"not",  "anything but ",        rule_not,  false},
    {"len",  "a length of ",         rule_len,  false},
    {"has",  "to contain ",          rule_has,  false},
    {"that", "something for which ", rule_that, true },
};
enum { RULES = sizeof(rules) / sizeof(rules[0]) };

/* An object whose keys are all rules is a rule; any other value is compared. */
static bool
is_rule(const json_t *expected)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)expected, key, value)
    {
        bool known = false;

        for (unsigned i = 0; i < RULES; i++)
            known = known || !strcmp(rules[i].key, key);
        if (!known)
            return false;
    }
    return json_object_size(expected) > 0;
}

static char *
say(const char *what, const json_t *expected, const json_t *actual, const char *because)
{
    char *want = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT);
    char *got = actual ? json_dumps(actual, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    char *text = NULL;

    if (asprintf(&text, "is %.120s, expected %s%.120s%s%s", got ? got : "missing", what,
                 want ? want : "?", *because ? ": " : "", because) < 0)
        text = NULL;
    free(want);
    free(got);
    return text ? text : strdup("differs");
}

char *
script_mismatch(struct nvrm_abi abi, const json_t *expected, const json_t *actual)
{
    struct script_env constants = {.abi = abi};
    struct gsp_error err = {0};
    const struct judge j = {script_names(&constants), actual, &err};

    if (!is_rule(expected))
        return actual && expr_equal(&j.env, expected, actual) ? NULL
                                                              : say("", expected, actual, "");
    for (unsigned i = 0; i < RULES; i++) {
        const json_t *rule = json_object_get(expected, rules[i].key);

        if (rule &&
            (!actual || (rules[i].text && !json_is_string(rule)) || !rules[i].fits(&j, rule)))
            return say(rules[i].say, rule, actual, err.text);
    }
    return NULL;
}
