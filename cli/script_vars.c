/* SPDX-License-Identifier: MIT */
/*
 * The variables that a script begins with: from the script, --var and the environment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script_priv.h"

bool
script_is_declaration(const json_t *value)
{
    return json_is_object(value) && json_is_boolean(json_object_get(value, "secret"));
}

static int
unknown_variable(const json_t *vars, const char *name, struct gsp_error *err)
{
    const char *names[64] = {0};
    const char *nearest, *key;
    unsigned n = 0;
    json_t *value;

    json_object_foreach((json_t *)vars, key, value)
    {
        if (n < 63)
            names[n++] = key;
    }
    nearest = cli_nearest(name, names);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "--var: the script has no variable '%.80s'", name);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    else
        gsp_hint(err, n ? "it has %s" : "it has none; vars declares them", names[0]);
    return -EINVAL;
}

/* Where the value of a variable comes from: --var, the environment, the script. New reference.
 */
static json_t *
value_of(const char *name, const json_t *declared, const json_t *given)
{
    const json_t *value = json_object_get(given, name);
    const char *env = cli_str(declared, "env");
    const char *text = *env ? getenv(env) : NULL;

    if (value)
        return json_incref((json_t *)value);
    if (!script_is_declaration(declared))
        return json_deep_copy(declared);
    if (text)
        return json_string(text);
    value = json_object_get(declared, "value");
    return value ? json_deep_copy(value) : json_null();
}

static int
set_variable(struct script_env *env, const char *name, const json_t *declared,
             const json_t *given, struct gsp_error *err)
{
    const bool secret =
        script_is_declaration(declared) && json_is_true(json_object_get(declared, "secret"));
    json_t *value = value_of(name, declared, given);

    if (json_is_null(value)) {
        json_decref(value);
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "the variable '%.80s' has no value", name);
        gsp_hint(err, "give it with --var %.60s=VALUE", name);
        return -EINVAL;
    }
    if (secret)
        script_secret(env, value);
    json_object_set_new(env->vars, name, value);
    return 0;
}

int
script_vars_known(const json_t *doc, const json_t *given, struct gsp_error *err)
{
    const json_t *vars = json_object_get(doc, "vars");
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)given, name, value)
    {
        if (!json_object_get(vars, name))
            return unknown_variable(vars, name, err);
    }
    return 0;
}

int
script_vars(struct script_env *env, const json_t *doc, const json_t *given,
            struct gsp_error *err)
{
    json_t *vars = json_object_get(doc, "vars"), *value;
    const char *name;
    int rc = script_vars_known(doc, given, err);

    if (rc < 0)
        return rc;
    json_object_foreach(vars, name, value)
    {
        if (json_object_get(env->vars, name))
            continue;
        rc = set_variable(env, name, value, given, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
