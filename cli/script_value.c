/* SPDX-License-Identifier: MIT */
/*
 * Values of a script: $name and ${path}, paths into results, conditions, and what "expect"
 * means.
 */
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "script.h"

enum { LONGEST_PATH = 256, DEEPEST = 64 };

json_t *
script_path(const json_t *from, const char *path)
{
    json_t *at = (json_t *)from;
    char key[LONGEST_PATH];

    while (at && *path) {
        const size_t bytes = strcspn(path, ".[");

        if (*path == '[') {
            char *end;
            const unsigned long i = strtoul(path + 1, &end, 10);

            if (*end != ']' || end == path + 1)
                return NULL;
            at = json_array_get(at, i);
            path = end + 1;
        } else if (bytes && bytes < sizeof(key)) {
            memcpy(key, path, bytes);
            key[bytes] = '\0';
            at = json_object_get(at, key);
            path += bytes;
        } else {
            return NULL;
        }
        if (*path == '.' && !*++path)
            return NULL;
    }
    return at;
}

/* A name is letters, digits and underscores. */
static size_t
name_bytes(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static int
unknown_name(struct script_env *env, const char *path, struct gsp_error *err)
{
    const char *names[64] = {0};
    const char *nearest, *key;
    unsigned n = 0;
    json_t *value;

    json_object_foreach(env->vars, key, value)
    {
        if (n < 60)
            names[n++] = key;
    }
    json_object_foreach(env->results, key, value)
    {
        if (n < 63)
            names[n++] = key;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "nothing is called '%s'", path);
    nearest = cli_nearest(path, names);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    return -ENOENT;
}

/* What a path stands for: a variable, a step's result, an object of the session. New reference.
 */
static json_t *
look_up(struct script_env *env, const char *path, struct gsp_error *err)
{
    rm_handle handle;
    json_t *value = script_path(env->vars, path);

    if (!value)
        value = script_path(env->results, path);
    if (value)
        return json_incref(value);
    if (env->session && !path[name_bytes(path)] &&
        session_object(env->session, path, &handle, NULL) == 0)
        return cli_hex32(handle);
    unknown_name(env, path, err);
    return NULL;
}

/* Copies the path behind '$' at `text` and returns the bytes it takes, 0 when it is no
 * reference, -1 when it is broken. */
static int
take_reference(const char *text, char *path)
{
    const char *close;
    size_t bytes;

    if (text[0] != '$')
        return 0;
    if (text[1] == '{') {
        close = strchr(text, '}');
        bytes = close ? (size_t)(close - text - 2) : 0;
        if (!bytes || bytes >= LONGEST_PATH)
            return -1;
        memcpy(path, text + 2, bytes);
        path[bytes] = '\0';
        return (int)bytes + 3;
    }
    bytes = name_bytes(text + 1);
    if (!bytes || bytes >= LONGEST_PATH)
        return 0;
    memcpy(path, text + 1, bytes);
    path[bytes] = '\0';
    return (int)bytes + 1;
}

static void
add_value(struct gsp_text *out, const json_t *value)
{
    char *text;

    if (json_is_string(value)) {
        gsp_text_puts(out, json_string_value(value));
        return;
    }
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    gsp_text_puts(out, text ? text : "");
    free(text);
}

static json_t *
broken_reference(const char *text, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%.60s' is no reference", text);
    gsp_hint(err, "write $name or ${step.field}; $$ stands for a dollar sign");
    return NULL;
}

/* Text with references inside: "$$" is a dollar, a lone reference keeps its type. */
static json_t *
substitute_text(struct script_env *env, const char *text, struct gsp_error *err)
{
    struct gsp_text out = {0};
    char path[LONGEST_PATH];
    json_t *value;
    int bytes = take_reference(text, path);

    if (bytes > 0 && !text[bytes])
        return look_up(env, path, err);
    for (; *text; text += bytes) {
        bytes = take_reference(text, path);
        value = bytes > 0 ? look_up(env, path, err) : NULL;
        if (bytes < 0)
            broken_reference(text, err);
        if (bytes < 0 || (bytes > 0 && !value)) {
            gsp_text_fini(&out);
            return NULL;
        }
        if (value) {
            add_value(&out, value);
            json_decref(value);
        } else {
            bytes = text[0] == '$' && text[1] == '$' ? 2 : 1;
            gsp_text_add(&out, text, 1);
        }
    }
    value = json_string(out.data ? out.data : "");
    gsp_text_fini(&out);
    return value;
}

static json_t *
substitute(struct script_env *env, const json_t *value, int depth, struct gsp_error *err)
{
    json_t *copy, *item, *one;
    const char *key;
    size_t i;

    if (json_is_string(value))
        return substitute_text(env, json_string_value(value), err);
    if (depth > DEEPEST || (!json_is_object(value) && !json_is_array(value)))
        return json_deep_copy(value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_array_foreach(value, i, item)
    {
        one = substitute(env, item, depth + 1, err);
        if (!one || json_array_append_new(copy, one))
            goto fail;
    }
    json_object_foreach((json_t *)value, key, item)
    {
        one = substitute(env, item, depth + 1, err);
        if (!one || json_object_set_new(copy, key, one))
            goto fail;
    }
    return copy;

fail:
    json_decref(copy);
    return NULL;
}

json_t *
script_substitute(struct script_env *env, const json_t *value, struct gsp_error *err)
{
    return substitute(env, value, 0, err);
}

static int
text_references(const char *text, int (*fn)(void *ctx, const char *path), void *ctx)
{
    char path[LONGEST_PATH];

    while (*text) {
        const int bytes = take_reference(text, path);
        int rc = bytes > 0 ? fn(ctx, path) : 0;

        if (rc)
            return rc;
        text += bytes > 0 ? bytes : text[0] == '$' && text[1] == '$' ? 2 : 1;
    }
    return 0;
}

int
script_references(const json_t *value, int (*fn)(void *ctx, const char *path), void *ctx)
{
    const char *key;
    json_t *item;
    size_t i;
    int rc = 0;

    if (json_is_string(value))
        return text_references(json_string_value(value), fn, ctx);
    json_array_foreach(value, i, item)
    {
        rc = script_references(item, fn, ctx);
        if (rc)
            return rc;
    }
    json_object_foreach((json_t *)value, key, item)
    {
        rc = script_references(item, fn, ctx);
        if (rc)
            return rc;
    }
    return rc;
}

static bool
release_has(struct nvrm_abi abi, const char *name)
{
    uint64_t value;

    return nvrm_control_find(abi, name) || nvrm_class_find(abi, name) ||
           nvrm_struct_find(abi, name) || nvrm_rpc_find(abi, name) ||
           nvrm_constant_find(abi, name, &value);
}

/* Whether the release has every (or, with want false, none) of the names. */
static bool
all_names(struct nvrm_abi abi, const json_t *names, bool want)
{
    const json_t *name;
    size_t i;

    if (json_is_string(names))
        return release_has(abi, json_string_value(names)) == want;
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);

        if (text && release_has(abi, text) != want)
            return false;
    }
    return true;
}

/* Releases are numbered by their number, so "from 570" may name one that is not public. */
static int
compare_releases(const char *a, const char *b)
{
    return strverscmp(a, b);
}

/* "570" takes in 570.211.01. */
static bool
is_branch_of(const char *release, const char *branch)
{
    const size_t bytes = strlen(branch);

    return !strncmp(release, branch, bytes) && release[bytes] == '.';
}

bool
script_applies(struct nvrm_abi abi, const json_t *step)
{
    const json_t *cond = json_object_get(step, "if");
    const char *release = nvrm_release_name(abi.schema, abi.release);
    const char *from = cli_str(cond, "from"), *to = cli_str(cond, "to");

    if (*from && compare_releases(release, from) < 0)
        return false;
    if (*to && compare_releases(release, to) > 0 && !is_branch_of(release, to))
        return false;
    return all_names(abi, json_object_get(cond, "has"), true) &&
           all_names(abi, json_object_get(cond, "lacks"), false);
}

/* Numbers may be written as numbers, as text, or as the name of a constant: which values have
 * names differs between releases, and a script should not notice. */
static bool
number_of(struct nvrm_abi abi, const json_t *value, double *out)
{
    const char *text = json_string_value(value);
    uint64_t constant;
    char *end;

    if (json_is_number(value)) {
        *out = json_number_value(value);
        return true;
    }
    if (json_is_boolean(value)) {
        *out = json_is_true(value);
        return true;
    }
    if (!text || !*text)
        return false;
    if (nvrm_constant_find(abi, text, &constant)) {
        *out = (double)constant;
        return true;
    }
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        *out = (double)strtoull(text, &end, 16);
    else
        *out = strtod(text, &end);
    return !*end;
}

static bool
same(struct nvrm_abi abi, const json_t *a, const json_t *b)
{
    double x, y;

    if (json_is_string(a) && json_is_string(b) &&
        !strcmp(json_string_value(a), json_string_value(b)))
        return true;
    if (number_of(abi, a, &x) && number_of(abi, b, &y))
        return x == y;
    return json_equal((json_t *)a, (json_t *)b);
}

static char *
say(const char *what, const json_t *expected, const json_t *actual)
{
    char *want = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT);
    char *got = actual ? json_dumps(actual, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    char *text = NULL;

    if (asprintf(&text, "is %.120s, expected %s%.120s", got ? got : "missing", what,
                 want ? want : "?") < 0)
        text = NULL;
    free(want);
    free(got);
    return text ? text : strdup("differs");
}

static bool
matches_re(struct nvrm_abi abi, const json_t *pattern, const json_t *actual)
{
    const char *text = json_string_value(actual);
    regex_t re;
    bool ok;

    (void)abi;
    if (!json_is_string(pattern) || !text ||
        regcomp(&re, json_string_value(pattern), REG_EXTENDED | REG_NOSUB))
        return false;
    ok = !regexec(&re, text, 0, NULL, 0);
    regfree(&re);
    return ok;
}

static bool
in_list(struct nvrm_abi abi, const json_t *list, const json_t *actual)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (same(abi, item, actual))
            return true;
    }
    return false;
}

static bool
rule_min(struct nvrm_abi abi, const json_t *rule, const json_t *actual)
{
    double limit, value;

    return number_of(abi, rule, &limit) && number_of(abi, actual, &value) && value >= limit;
}

static bool
rule_max(struct nvrm_abi abi, const json_t *rule, const json_t *actual)
{
    double limit, value;

    return number_of(abi, rule, &limit) && number_of(abi, actual, &value) && value <= limit;
}

static bool
rule_not(struct nvrm_abi abi, const json_t *rule, const json_t *actual)
{
    return !same(abi, rule, actual);
}

static bool
rule_len(struct nvrm_abi abi, const json_t *rule, const json_t *actual)
{
    const size_t length =
        json_is_string(actual) ? strlen(json_string_value(actual)) : json_array_size(actual);

    (void)abi;
    return json_integer_value(rule) == (json_int_t)length;
}

static bool
rule_has(struct nvrm_abi abi, const json_t *rule, const json_t *actual)
{
    return in_list(abi, actual, rule);
}

static const struct {
    const char *key, *say;
    bool (*fits)(struct nvrm_abi abi, const json_t *rule, const json_t *actual);
} rules[] = {
    {"min", "at least ",     rule_min  },
    {"max", "at most ",      rule_max  },
    {"in",  "one of ",       in_list   },
    {"re",  "a match of ",   matches_re},
    {"not", "anything but ", rule_not  },
    {"len", "a length of ",  rule_len  },
    {"has", "to contain ",   rule_has  },
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

char *
script_mismatch(struct nvrm_abi abi, const json_t *expected, const json_t *actual)
{
    if (!is_rule(expected))
        return same(abi, expected, actual) ? NULL : say("", expected, actual);
    for (unsigned i = 0; i < RULES; i++) {
        const json_t *rule = json_object_get(expected, rules[i].key);

        if (rule && (!actual || !rules[i].fits(abi, rule, actual)))
            return say(rules[i].say, rule, actual);
    }
    return NULL;
}
