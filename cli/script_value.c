/* SPDX-License-Identifier: MIT */
/*
 * Values of a script: $name and ${path}, paths into results, conditions, and what "expect"
 * means.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "script_priv.h"

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

/* Whether text may be a path; names of steps may have dashes, so that a-b may be one. */
static bool
is_path(const char *text)
{
    return !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-.[]")];
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
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "nothing is called '%.100s'", path);
    nearest = cli_nearest(path, names);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    return -ENOENT;
}

/* The first name is known and has no such part: say what it has. */
static int
unknown_part(const json_t *whole, const char *name, const char *path, struct gsp_error *err)
{
    const char *names[64] = {0};
    const char *nearest, *key, *part = path + strlen(name);
    unsigned n = 0;
    json_t *value;

    part += *part == '.';
    json_object_foreach((json_t *)whole, key, value)
    {
        if (n < 63)
            names[n++] = key;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "'%.60s' has no %.80s", name, part);
    nearest = cli_nearest(part, names);
    if (nearest)
        gsp_hint(err, "did you mean %.60s.%s?", name, nearest);
    else if (n)
        gsp_hint(err, "its first field is %s", names[0]);
    else if (json_is_array(whole))
        gsp_hint(err, "it is a list of %zu, counted from 0", json_array_size(whole));
    return -ENOENT;
}

/* What a path stands for: a variable, a step's result, an object of the session. New reference.
 */
static json_t *
look_up(void *ctx, const char *path, struct gsp_error *err)
{
    struct script_env *env = ctx;
    json_t *value = script_path(env->vars, path);
    char first[LONGEST_PATH];
    rm_handle handle;

    if (!value)
        value = script_path(env->results, path);
    if (value)
        return json_incref(value);
    if (env->session && !path[name_bytes(path)] &&
        session_object(env->session, path, &handle, NULL) == 0)
        return cli_hex32(handle);
    snprintf(first, sizeof(first), "%.*s", (int)strcspn(path, ".["), path);
    value = json_object_get(env->results, first);
    if (value && env->session && session_is_dry(env->session))
        return json_integer(0); /* nothing was sent, so nothing came back */
    if (!value)
        value = json_object_get(env->vars, first);
    if (value && strcmp(first, path) != 0)
        unknown_part(value, first, path, err);
    else
        unknown_name(env, path, err);
    return NULL;
}

static bool
constant(void *ctx, const char *name, uint64_t *value_out)
{
    const struct script_env *env = ctx;
    uint32_t status;

    if (!env->abi.schema)
        return false;
    if (nvrm_constant_find(env->abi, name, value_out))
        return true;
    if (strncmp(name, "NV_", 3) || rm_name_status(env->abi, name, &status, NULL) < 0)
        return false;
    *value_out = status;
    return true;
}

struct expr_env
script_names(struct script_env *env)
{
    return (struct expr_env){env, look_up, constant};
}

/* A path as a whole first: the dash of "wrong-parent" is no minus. */
static json_t *
value_of(struct script_env *env, const char *text, struct gsp_error *err)
{
    const struct expr_env names = script_names(env);

    if (is_path(text) &&
        (!strchr(text, '-') || script_path(env->vars, text) || script_path(env->results, text)))
        return look_up(env, text, err);
    return expr_eval(text, &names, err);
}

/* The brace that closes the one before `text`; quotes and inner braces are skipped. */
static const char *
closing_brace(const char *text)
{
    int depth = 1;
    char quote = '\0';

    for (; *text; text++) {
        if (quote && *text == '\\' && text[1])
            text++;
        else if (quote && *text != quote)
            continue;
        else if (quote)
            quote = '\0';
        else if (*text == '\'' || *text == '"')
            quote = *text;
        else if (*text == '{')
            depth++;
        else if (*text == '}' && --depth == 0)
            return text;
    }
    return NULL;
}

/* Copies what stands behind '$' at `text` and returns the bytes it takes, 0 when it is no
 * reference, -1 when it is broken. */
static int
take_reference(const char *text, char out[EXPR_LONGEST])
{
    const char *close;
    size_t bytes;

    if (text[0] != '$')
        return 0;
    if (text[1] == '{') {
        close = closing_brace(text + 2);
        bytes = close ? (size_t)(close - text - 2) : 0;
        if (!bytes || bytes >= EXPR_LONGEST)
            return -1;
        memcpy(out, text + 2, bytes);
        out[bytes] = '\0';
        return (int)bytes + 3;
    }
    bytes = name_bytes(text + 1);
    if (!bytes || bytes >= LONGEST_PATH)
        return 0;
    memcpy(out, text + 1, bytes);
    out[bytes] = '\0';
    return (int)bytes + 1;
}

static void
add_value(struct gsp_text *out, const json_t *value)
{
    char *text = expr_text(value);

    gsp_text_puts(out, text ? text : "");
    free(text);
}

static json_t *
broken_reference(const char *text, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%.60s' is no reference", text);
    gsp_hint(err, "write $name or ${step.field + 1}; $$ stands for a dollar sign");
    return NULL;
}

/* Text with references inside: "$$" is a dollar, a lone reference keeps its type. */
static json_t *
substitute_text(struct script_env *env, const char *text, struct gsp_error *err)
{
    struct gsp_text out = {0};
    char inner[EXPR_LONGEST];
    json_t *value;
    int bytes = take_reference(text, inner);

    if (bytes > 0 && !text[bytes])
        return value_of(env, inner, err);
    for (; *text; text += bytes) {
        bytes = take_reference(text, inner);
        value = bytes > 0 ? value_of(env, inner, err) : NULL;
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
    char inner[EXPR_LONGEST];

    while (*text) {
        const int bytes = take_reference(text, inner);
        int rc = 0;

        if (bytes > 0)
            rc = is_path(inner) ? fn(ctx, inner) : expr_walk(inner, fn, ctx, NULL);
        if (rc > 0)
            return rc;
        text += bytes > 0 ? bytes : text[0] == '$' && text[1] == '$' ? 2 : 1;
    }
    return 0;
}

static int
text_syntax(const char *text, struct gsp_error *err)
{
    char inner[EXPR_LONGEST];

    while (*text) {
        const int bytes = take_reference(text, inner);
        int rc = 0;

        if (bytes < 0)
            broken_reference(text, err);
        if (bytes > 0 && !is_path(inner))
            rc = expr_walk(inner, NULL, NULL, err);
        if (rc < 0 || bytes < 0)
            return -EINVAL;
        text += bytes > 0 ? bytes : text[0] == '$' && text[1] == '$' ? 2 : 1;
    }
    return 0;
}

int
script_syntax(const json_t *value, struct gsp_error *err)
{
    const char *key;
    json_t *item;
    size_t i;
    int rc = json_is_string(value) ? text_syntax(json_string_value(value), err) : 0;

    json_array_foreach(value, i, item) rc = rc < 0 ? rc : script_syntax(item, err);
    json_object_foreach((json_t *)value, key, item) rc = rc < 0 ? rc : script_syntax(item, err);
    return rc;
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
script_integer(const json_t *value, long long *out)
{
    const char *text = json_string_value(value);
    char *end;

    if (!text) {
        *out = (long long)json_number_value(value);
        return json_is_number(value);
    }
    errno = 0;
    *out = strtoll(text, &end, 0);
    return end != text && !*end && errno == 0;
}

bool
script_applies(struct nvrm_abi abi, const json_t *step)
{
    const json_t *cond = json_object_get(step, "if"); /* text is an expression */
    const char *release = nvrm_release_name(abi.schema, abi.release);
    const char *from = cli_str(cond, "from"), *to = cli_str(cond, "to");

    if (*from && compare_releases(release, from) < 0)
        return false;
    if (*to && compare_releases(release, to) > 0 && !is_branch_of(release, to))
        return false;
    return all_names(abi, json_object_get(cond, "has"), true) &&
           all_names(abi, json_object_get(cond, "lacks"), false);
}

const char *
script_condition(const json_t *step)
{
    const json_t *cond = json_object_get(step, "if");

    return json_string_value(json_is_object(cond) ? json_object_get(cond, "when") : cond);
}
