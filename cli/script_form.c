/* SPDX-License-Identifier: MIT */
/*
 * The shape of a script, checked by the tables of script_keys.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"
#include "script.h"
#include "script_keys.h"

enum { DEEPEST = 8, MOST_KEYS = 40 };

/* Where the check stands: the step for people, and the pointer for finding its line. */
struct form {
    char label[160];
    char pointer[256];
    struct gsp_error *err;
};

static void
enter(struct form *f, const char *key)
{
    const size_t n = strlen(f->pointer);

    snprintf(f->pointer + n, sizeof(f->pointer) - n, "%s%s", n ? "/" : "", key);
}

static void
leave(struct form *f, size_t n)
{
    f->pointer[n] = '\0';
}

static unsigned
type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return SCRIPT_TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return SCRIPT_NUMBER;
    case JSON_OBJECT:
        return SCRIPT_OBJECT;
    case JSON_ARRAY:
        return SCRIPT_LIST | SCRIPT_STEPS | SCRIPT_TEXTS;
    case JSON_NULL:
        return SCRIPT_NULL;
    default:
        return SCRIPT_BOOL;
    }
}

static const char *
types_text(unsigned types, char *buf, size_t bytes)
{
    static const char *const names[] = {
        "text",          "a number", "an object",       "a list",
        "true or false", "null",     "a list of steps", "a list of texts"};

    buf[0] = '\0';
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const size_t used = strlen(buf);

        if (types >> i & 1)
            snprintf(buf + used, bytes - used, "%s%s", used ? " or " : "", names[i]);
    }
    return buf;
}

static int bad(struct form *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int
bad(struct form *f, const char *format, ...)
{
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return gsp_fail(f->err, GSP_ORIGIN_INPUT, -EINVAL, "%s%s", f->label, what);
}

static int
unknown_key(struct form *f, const struct script_key *keys, const char *key)
{
    const char *names[MOST_KEYS] = {0};
    const char *nearest;

    for (unsigned i = 0; keys[i].name && i < MOST_KEYS - 1; i++)
        names[i] = keys[i].name;
    nearest = cli_nearest(key, names);
    bad(f, ": there is no key '%s'", key);
    if (nearest)
        gsp_hint(f->err, "did you mean %s?", nearest);
    return -EINVAL;
}

static int
unknown_word(struct form *f, const struct script_key *k, const char *word)
{
    char legal[96] = "";

    for (const char *const *w = k->words; *w; w++) {
        const size_t used = strlen(legal);

        snprintf(legal + used, sizeof(legal) - used, "%s%s", used ? ", " : "", *w);
    }
    bad(f, ": %s cannot be '%s'", k->name, word);
    gsp_hint(f->err, "legal: %s", legal);
    return -EINVAL;
}

static bool
is_word(const char *const *words, const char *text)
{
    for (; *words; words++) {
        if (!strcmp(*words, text))
            return true;
    }
    return false;
}

static int check_keys(struct form *f, const struct script_key *keys, const json_t *object);

/* Every key of the tables, so that a plain value is not taken for a declaration. */
static bool
has_only(const struct script_key *keys, const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        const struct script_key *k = keys;

        while (k->name && strcmp(k->name, name))
            k++;
        if (!k->name)
            return false;
    }
    return json_object_size(object) > 0;
}

/* The values of an object whose keys are free. A value that is no object of the table's keys is
 * a plain value. */
static int
check_values(struct form *f, const struct script_key *k, const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        const size_t n = strlen(f->pointer);
        int rc = 0;

        enter(f, name);
        if (json_is_object(value) && k->value->keys && has_only(k->value->keys, value))
            rc = check_keys(f, k->value->keys, value);
        if (rc < 0)
            return rc;
        leave(f, n);
    }
    return 0;
}

static int
check_texts(struct form *f, const struct script_key *k, const json_t *list)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return bad(f, ": %s must be a list of texts", k->name);
    }
    return 0;
}

static int
check_value(struct form *f, const struct script_key *k, const json_t *value)
{
    char types[128];

    if (!(k->types & type_of(value)))
        return bad(f, ": %s must be %s", k->name, types_text(k->types, types, sizeof(types)));
    if (json_is_number(value) && k->max > 0 &&
        (json_number_value(value) < k->min || json_number_value(value) > k->max))
        return bad(f, ": %s must be %g to %g", k->name, k->min, k->max);
    if (json_is_string(value) && k->words && !is_word(k->words, json_string_value(value)))
        return unknown_word(f, k, json_string_value(value));
    if (json_is_array(value) && !(k->types & SCRIPT_LIST) && (k->types & SCRIPT_TEXTS))
        return check_texts(f, k, value);
    if (json_is_object(value) && k->keys)
        return check_keys(f, k->keys, value);
    return json_is_object(value) && k->value ? check_values(f, k, value) : 0;
}

static int
check_keys(struct form *f, const struct script_key *keys, const json_t *object)
{
    const size_t n = strlen(f->pointer);
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        const struct script_key *k = keys;
        int rc;

        while (k->name && strcmp(k->name, name))
            k++;
        enter(f, name);
        rc = k->name ? check_value(f, k, value) : unknown_key(f, keys, name);
        if (rc < 0)
            return rc;
        leave(f, n);
    }
    for (const struct script_key *k = keys; k->name; k++) {
        if (k->needed && !json_object_get(object, k->name))
            return bad(f, ": the key %s is missing", k->name);
    }
    return 0;
}

enum script_kind
script_step_kind(const json_t *step)
{
    for (unsigned i = 0; i < SCRIPT_KINDS; i++) {
        if (json_object_get(step, script_kinds[i].name))
            return (enum script_kind)i;
    }
    return SCRIPT_KINDS;
}

const char *
script_kind_name(enum script_kind kind)
{
    return script_kinds[kind].name;
}

const char *
script_step_label(const json_t *step, const char *number, char *buf, size_t bytes)
{
    const char *name = cli_str(step, "name");

    snprintf(buf, bytes, *name ? "step %s \"%s\"" : "step %s", number, name);
    return buf;
}

/* Keys that belong to some kinds only. */
static int
check_company(struct form *f, const json_t *step, enum script_kind kind)
{
    const struct script_kind_row *own = &script_kinds[kind];

    for (unsigned i = 0; own->needs[i]; i++) {
        if (!json_object_get(step, own->needs[i]))
            return bad(f, ": %s needs %s", own->name, own->needs[i]);
    }
    for (unsigned i = 0; i < SCRIPT_KINDS; i++) {
        const char *const keys[] = {script_kinds[i].needs[0], script_kinds[i].needs[1],
                                    script_kinds[i].may[0]};

        for (unsigned k = 0; k < 3; k++) {
            const bool ours = keys[k] && ((own->needs[0] && !strcmp(own->needs[0], keys[k])) ||
                                          (own->needs[1] && !strcmp(own->needs[1], keys[k])) ||
                                          (own->may[0] && !strcmp(own->may[0], keys[k])));

            if (keys[k] && !ours && json_object_get(step, keys[k]))
                return bad(f, ": %s does not go with %s", keys[k], own->name);
        }
    }
    return 0;
}

static int
check_expression(struct form *f, const char *key, const json_t *value)
{
    struct gsp_error err = {0};

    if (!json_is_string(value) || expr_walk(json_string_value(value), NULL, NULL, &err) == 0)
        return 0;
    bad(f, ": %s: %s", key, err.text);
    gsp_hint(f->err, "%s", err.hint);
    return -EINVAL;
}

/* Texts that are expressions as a whole. */
static int
check_expressions(struct form *f, const json_t *step)
{
    const json_t *cond = json_object_get(step, "if"), *all = json_object_get(step, "assert");
    const json_t *item;
    size_t i;
    int rc = check_expression(f, "while", json_object_get(step, "while"));

    if (rc == 0)
        rc = check_expression(f, "assert", all);
    if (rc == 0)
        rc = check_expression(f, "if",
                              json_is_object(cond) ? json_object_get(cond, "when") : cond);
    json_array_foreach(all, i, item)
    {
        if (rc == 0)
            rc = check_expression(f, "assert", item);
    }
    return rc;
}

/* Values in which $name and ${expression} are replaced. */
static int
check_references(struct form *f, const json_t *step, enum script_kind kind)
{
    const bool plain = kind == SCRIPT_WHILE || kind == SCRIPT_FOR || kind == SCRIPT_INCLUDE ||
                       kind == SCRIPT_ASSERT;
    const char *const keys[] = {"expect", "in", "with",
                                plain ? "expect" : script_kinds[kind].name};

    for (unsigned i = 0; i < 4; i++) {
        struct gsp_error err = {0};
        const json_t *value = json_object_get(step, keys[i]);

        if (!value || script_syntax(value, &err) == 0)
            continue;
        enter(f, keys[i]);
        bad(f, ": %s", err.text);
        gsp_hint(f->err, "%s", err.hint);
        return -EINVAL;
    }
    return 0;
}

/* A pattern that is whole already, so that it can be tried. */
static bool
is_literal(const char *text)
{
    for (const char *at = text; (at = strchr(at, '$')); at++) {
        if (at[1] == '{' || at[1] == '_' || (unsigned)((at[1] | 32) - 'a') < 26)
            return false;
    }
    return true;
}

/* Expressions and patterns among the rules of expect. */
static int
check_rules(struct form *f, const json_t *step)
{
    const char *path;
    json_t *rule;

    json_object_foreach(json_object_get(step, "expect"), path, rule)
    {
        const char *that = cli_str(rule, "that"), *re = cli_str(rule, "re");
        struct gsp_error err = {0};

        if (*that)
            (void)expr_walk(that, NULL, NULL, &err);
        if (*re && is_literal(re))
            (void)expr_match(re, "", &err);
        if (err.rc >= 0)
            continue;
        enter(f, "expect");
        enter(f, path);
        bad(f, ": expect %.60s: %s", path, err.text);
        gsp_hint(f->err, "%s", err.hint);
        return -EINVAL;
    }
    return 0;
}

static int
check_kind(struct form *f, const json_t *step)
{
    const enum script_kind kind = script_step_kind(step);
    char list[160] = "";
    unsigned found = 0;
    int rc;

    for (unsigned i = 0; i < SCRIPT_KINDS; i++) {
        const size_t used = strlen(list);

        found += json_object_get(step, script_kinds[i].name) != NULL;
        snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "",
                 script_kinds[i].name);
    }
    if (found != 1) {
        bad(f, found ? " does more than one thing" : " does nothing");
        gsp_hint(f->err, "a step has exactly one of %s", list);
        return -EINVAL;
    }
    rc = check_company(f, step, kind);
    if (rc == 0)
        rc = check_references(f, step, kind);
    if (rc == 0)
        rc = check_rules(f, step);
    return rc < 0 ? rc : check_expressions(f, step);
}

static int check_steps(struct form *f, const json_t *steps, const char *outer, int depth);

static int
check_step(struct form *f, const json_t *step, const char *number, int depth)
{
    int rc;

    script_step_label(step, number, f->label, sizeof(f->label));
    if (!json_is_object(step))
        return bad(f, " is not an object");
    rc = check_keys(f, script_step_keys, step);
    if (rc == 0)
        rc = check_kind(f, step);
    if (rc < 0 || !json_object_get(step, "steps"))
        return rc;
    enter(f, "steps");
    return check_steps(f, json_object_get(step, "steps"), number, depth + 1);
}

static int
check_steps(struct form *f, const json_t *steps, const char *outer, int depth)
{
    const size_t n = strlen(f->pointer);
    const json_t *step;
    size_t i;

    if (depth > DEEPEST)
        return bad(f, ": loops nest too deeply");
    json_array_foreach(steps, i, step)
    {
        char number[96], index[24];
        int rc;

        snprintf(number, sizeof(number), "%s%s%zu", outer, *outer ? "." : "", i + 1);
        snprintf(index, sizeof(index), "%zu", i);
        enter(f, index);
        rc = check_step(f, step, number, depth);
        if (rc < 0)
            return rc;
        leave(f, n);
    }
    return 0;
}

/* steps, cleanup and finally; the latter two are part of the number. */
static int
check_sections(struct form *f, const json_t *doc)
{
    static const char *const sections[] = {"steps", "cleanup", "finally"};

    for (unsigned i = 0; i < 3; i++) {
        int rc;

        leave(f, 0);
        enter(f, sections[i]);
        rc = check_steps(f, json_object_get(doc, sections[i]), i ? sections[i] : "", 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int
script_form(const json_t *doc, char *pointer, size_t pointer_bytes, struct gsp_error *err)
{
    struct form f = {.label = "the script", .err = err};
    int rc;

    if (!json_is_object(doc)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "a script is an object");
        gsp_hint(err, "for example {\"steps\": [{\"tree\": true}]}");
        rc = -EINVAL;
    } else {
        rc = check_keys(&f, script_keys, doc);
        if (rc == 0)
            rc = check_sections(&f, doc);
    }
    if (pointer)
        snprintf(pointer, pointer_bytes, "%s", rc < 0 ? f.pointer : "");
    return rc;
}
