/* SPDX-License-Identifier: MIT */
/*
 * The shape of a script, as tables of keys.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum { DEEPEST = 8, MOST_STEPS = 100000 };

/* What a key may hold, as a mask. */
enum { TEXT = 1, NUMBER = 2, OBJECT = 4, LIST = 8, BOOL = 16, ANY = 31 };

struct key {
    const char *name;
    unsigned types;
    bool needed;
};

static const struct key script_keys[] = {
    {"$schema",     TEXT,   false},
    {"name",        TEXT,   false},
    {"description", TEXT,   false},
    {"vars",        OBJECT, false},
    {"on_error",    TEXT,   false},
    {"steps",       LIST,   true },
    {NULL,          0,      false},
};

static const struct key step_keys[] = {
    {"name",     TEXT,          false},
    {"doc",      TEXT,          false},
    {"as",       TEXT,          false},
    {"expect",   OBJECT,        false},
    {"on_error", TEXT,          false},
    {"if",       OBJECT,        false},
    {"alloc",    OBJECT,        false},
    {"ctl",      OBJECT,        false},
    {"free",     TEXT,          false},
    {"dup",      OBJECT,        false},
    {"rpc",      OBJECT,        false},
    {"tree",     BOOL,          false},
    {"event",    OBJECT,        false},
    {"set",      OBJECT,        false},
    {"print",    TEXT,          false},
    {"repeat",   NUMBER | TEXT, false},
    {"for",      TEXT,          false},
    {"in",       LIST | TEXT,   false},
    {"steps",    LIST,          false},
    {NULL,       0,             false},
};

static const struct key alloc_keys[] = {
    {"parent", TEXT,          true },
    {"class",  TEXT | NUMBER, true },
    {"params", OBJECT,        false},
    {"handle", TEXT | NUMBER, false},
    {NULL,     0,             false},
};

static const struct key ctl_keys[] = {
    {"object",  TEXT,          true },
    {"control", TEXT | NUMBER, true },
    {"params",  OBJECT,        false},
    {NULL,      0,             false},
};

static const struct key dup_keys[] = {
    {"parent", TEXT,          true },
    {"object", TEXT,          true },
    {"client", TEXT | NUMBER, false},
    {NULL,     0,             false},
};

static const struct key rpc_keys[] = {
    {"function", TEXT | NUMBER, true },
    {"params",   OBJECT,        false},
    {NULL,       0,             false},
};

static const struct key event_keys[] = {
    {"subscribe", TEXT | NUMBER, false},
    {"object",    TEXT,          false},
    {"wait",      BOOL,          false},
    {"timeout",   NUMBER,        false},
    {NULL,        0,             false},
};

static const struct key if_keys[] = {
    {"has",   TEXT | LIST, false},
    {"lacks", TEXT | LIST, false},
    {"from",  TEXT,        false},
    {"to",    TEXT,        false},
    {NULL,    0,           false},
};

/* Kinds in the order of enum script_kind; keys of the kind's own object. */
static const struct {
    const char *name;
    const struct key *keys;
} kinds[SCRIPT_KINDS] = {
    {"alloc",  alloc_keys},
    {"ctl",    ctl_keys  },
    {"free",   NULL      },
    {"dup",    dup_keys  },
    {"rpc",    rpc_keys  },
    {"tree",   NULL      },
    {"event",  event_keys},
    {"set",    NULL      },
    {"print",  NULL      },
    {"repeat", NULL      },
    {"for",    NULL      },
};

static unsigned
type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return NUMBER;
    case JSON_OBJECT:
        return OBJECT;
    case JSON_ARRAY:
        return LIST;
    case JSON_TRUE:
    case JSON_FALSE:
        return BOOL;
    default:
        return 0;
    }
}

static const char *
types_text(unsigned types, char *buf, size_t bytes)
{
    static const char *const names[] = {"text", "a number", "an object", "a list",
                                        "true or false"};

    buf[0] = '\0';
    for (unsigned i = 0; i < 5; i++) {
        const size_t used = strlen(buf);

        if (types >> i & 1)
            snprintf(buf + used, bytes - used, "%s%s", used ? " or " : "", names[i]);
    }
    return buf;
}

static int
unknown_key(const struct key *keys, const char *key, const char *where, struct gsp_error *err)
{
    const char *names[32] = {0};
    const char *nearest;

    for (unsigned i = 0; keys[i].name && i < 31; i++)
        names[i] = keys[i].name;
    nearest = cli_nearest(key, names);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: there is no key '%s'", where, key);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    return -EINVAL;
}

static int
check_keys(const json_t *object, const struct key *keys, const char *where,
           struct gsp_error *err)
{
    char types[96];
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        const struct key *k = keys;

        while (k->name && strcmp(k->name, name))
            k++;
        if (!k->name)
            return unknown_key(keys, name, where, err);
        if (!(k->types & type_of(value)))
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %s must be %s", where, name,
                            types_text(k->types, types, sizeof(types)));
    }
    for (const struct key *k = keys; k->name; k++) {
        if (k->needed && !json_object_get(object, k->name))
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: the key %s is missing", where,
                            k->name);
    }
    return 0;
}

enum script_kind
script_step_kind(const json_t *step)
{
    for (unsigned i = 0; i < SCRIPT_KINDS; i++) {
        if (json_object_get(step, kinds[i].name))
            return (enum script_kind)i;
    }
    return SCRIPT_KINDS;
}

const char *
script_kind_name(enum script_kind kind)
{
    return kinds[kind].name;
}

const char *
script_step_label(const json_t *step, const char *number, char *buf, size_t bytes)
{
    const char *name = cli_str(step, "name");

    snprintf(buf, bytes, *name ? "step %s \"%s\"" : "step %s", number, name);
    return buf;
}

static int
check_on_error(const json_t *object, const char *where, struct gsp_error *err)
{
    const char *word = cli_str(object, "on_error");

    if (!*word || !strcmp(word, "stop") || !strcmp(word, "continue"))
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: on_error cannot be '%s'", where, word);
    gsp_hint(err, "legal: stop, continue");
    return -EINVAL;
}

static int check_steps(const json_t *steps, const char *outer, int depth,
                       struct gsp_error *err);

static int
check_loop(const json_t *step, enum script_kind kind, const char *number, const char *where,
           int depth, struct gsp_error *err)
{
    const json_t *steps = json_object_get(step, "steps");
    const json_t *repeat = json_object_get(step, "repeat");

    if (!steps)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: a loop needs steps", where);
    if (kind == SCRIPT_FOR && !json_object_get(step, "in"))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: for needs in", where);
    if (json_is_number(repeat) && (!json_is_integer(repeat) || json_integer_value(repeat) < 0 ||
                                   json_integer_value(repeat) > MOST_STEPS))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: repeat must be 0 to %d", where,
                        MOST_STEPS);
    return check_steps(steps, number, depth + 1, err);
}

static int
check_kind(const json_t *step, const char *number, const char *where, int depth,
           struct gsp_error *err)
{
    const enum script_kind kind = script_step_kind(step);
    unsigned found = 0;

    for (unsigned i = 0; i < SCRIPT_KINDS; i++)
        found += json_object_get(step, kinds[i].name) != NULL;
    if (found != 1) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                 found ? "%s does more than one thing" : "%s does nothing", where);
        gsp_hint(err, "a step has exactly one of alloc, ctl, free, dup, rpc, tree, event, set, "
                      "print, repeat, for");
        return -EINVAL;
    }
    if (kind == SCRIPT_REPEAT || kind == SCRIPT_FOR)
        return check_loop(step, kind, number, where, depth, err);
    if (json_object_get(step, "steps") || json_object_get(step, "in"))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: only loops have steps and in",
                        where);
    if (kinds[kind].keys)
        return check_keys(json_object_get(step, kinds[kind].name), kinds[kind].keys, where,
                          err);
    return 0;
}

static int
check_step(const json_t *step, const char *number, int depth, struct gsp_error *err)
{
    char where[160];
    int rc;

    script_step_label(step, number, where, sizeof(where));
    if (!json_is_object(step))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s is not an object", where);
    rc = check_keys(step, step_keys, where, err);
    if (rc == 0)
        rc = check_on_error(step, where, err);
    if (rc == 0 && json_object_get(step, "if"))
        rc = check_keys(json_object_get(step, "if"), if_keys, where, err);
    return rc < 0 ? rc : check_kind(step, number, where, depth, err);
}

static int
check_steps(const json_t *steps, const char *outer, int depth, struct gsp_error *err)
{
    const json_t *step;
    size_t i;

    if (depth > DEEPEST)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "step %s: loops nest too deeply",
                        outer);
    json_array_foreach(steps, i, step)
    {
        char number[96];
        int rc;

        snprintf(number, sizeof(number), "%s%s%zu", outer, *outer ? "." : "", i + 1);
        rc = check_step(step, number, depth, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int
script_form(const json_t *doc, struct gsp_error *err)
{
    int rc;

    if (!json_is_object(doc)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "a script is an object");
        gsp_hint(err, "for example {\"steps\": [{\"tree\": true}]}");
        return -EINVAL;
    }
    rc = check_keys(doc, script_keys, "the script", err);
    if (rc == 0)
        rc = check_on_error(doc, "the script", err);
    return rc < 0 ? rc : check_steps(json_object_get(doc, "steps"), "", 0, err);
}
