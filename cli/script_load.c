/* SPDX-License-Identifier: MIT */
/*
 * Reading scripts: the file, what it includes, and where in them a step stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum { DEEPEST_INCLUDE = 8, MOST_FILES = 64 };

/* One file on its way in; `outer` are those that include it. */
struct loading {
    struct script *script;
    const char *path;
    const struct loading *outer;
    int depth;
};

static json_t *load_text(struct loading *l, const char *text, size_t bytes,
                         struct gsp_error *err);

static const char *
where_in(const struct script *s, const char *path, const char *pointer, char *buf, size_t bytes)
{
    const json_t *text = json_object_get(s->texts, path);
    unsigned line, column;

    snprintf(buf, bytes, "%s", path);
    if (text && cli_yaml_where(json_string_value(text), json_string_length(text), pointer,
                               &line, &column))
        snprintf(buf, bytes, "%s:%u:%u", path, line, column);
    return buf;
}

/* Put "file:line:column: " before what the error says. */
static void
add_place(const struct loading *l, const char *pointer, struct gsp_error *err)
{
    char place[96], what[sizeof(err->text)], hint[sizeof(err->hint)];

    snprintf(what, sizeof(what), "%s", err->text);
    snprintf(hint, sizeof(hint), "%s", err->hint);
    where_in(l->script, l->path, pointer, place, sizeof(place));
    gsp_fail(err, err->origin, err->rc, "%s: %s", place, what);
    gsp_hint(err, "%s", *hint ? hint : "docs/scripts.md explains every key");
}

/* "lib/open.yaml" as seen from "examples/a.yaml" is "examples/lib/open.yaml". */
static char *
beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    char *full = NULL;

    if (asprintf(&full, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name) < 0)
        full = NULL;
    return full;
}

static int
refuse_include(const struct loading *l, const char *name, const char *full,
               struct gsp_error *err)
{
    if (*name == '/') {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "include '%s' is not relative", name);
        gsp_hint(err, "write it as seen from the folder of %s", l->path);
        return -EINVAL;
    }
    if (l->depth >= DEEPEST_INCLUDE || json_object_size(l->script->texts) >= MOST_FILES)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "includes are at most %d deep and %d files", DEEPEST_INCLUDE,
                        MOST_FILES);
    for (const struct loading *o = l; o; o = o->outer) {
        if (!strcmp(o->path, full))
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s includes itself", full);
    }
    return 0;
}

/* The step at `pointer` gets the script that it names. */
static int
include(struct loading *l, json_t *step, const char *pointer, struct gsp_error *err)
{
    const char *name = json_string_value(json_object_get(step, "include"));
    char *full = beside(l->path, name), *text = NULL;
    struct loading inner = {l->script, full, l, l->depth + 1};
    json_t *doc = NULL;
    size_t bytes = 0;
    int rc = full ? refuse_include(l, name, full, err) : -ENOMEM;

    if (rc == 0) {
        text = cli_read_file(full, &bytes, err);
        rc = text ? 0 : -EINVAL;
    }
    if (rc < 0)
        add_place(l, pointer, err);
    else
        doc = load_text(&inner, text, bytes, err);
    if (doc && (json_object_set_new(step, SCRIPT_INCLUDED, doc) ||
                json_object_set_new(step, SCRIPT_FILE, json_string(full))))
        doc = NULL;
    free(text);
    free(full);
    return doc ? 0 : -EINVAL;
}

/* Every include of the steps is replaced by what it names. */
static int
include_all(struct loading *l, json_t *steps, const char *outer, struct gsp_error *err)
{
    json_t *step;
    size_t i;
    int rc = 0;

    json_array_foreach(steps, i, step)
    {
        char pointer[256];

        snprintf(pointer, sizeof(pointer), "%.220s/%zu", outer, i);
        if (json_object_get(step, "include"))
            rc = include(l, step, pointer, err);
        snprintf(pointer, sizeof(pointer), "%.220s/%zu/steps", outer, i);
        if (rc == 0 && json_object_get(step, "steps"))
            rc = include_all(l, json_object_get(step, "steps"), pointer, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static json_t *
load_text(struct loading *l, const char *text, size_t bytes, struct gsp_error *err)
{
    static const char *const sections[] = {"steps", "cleanup", "finally"};
    json_t *doc = cli_load_text(text, bytes, l->path, err);
    char pointer[256];
    int rc;

    if (!doc) {
        gsp_hint(err, "files hold one JSON or YAML document");
        return NULL;
    }
    json_object_set_new(l->script->texts, l->path, json_stringn(text, bytes));
    rc = script_form(doc, pointer, sizeof(pointer), err);
    if (rc < 0)
        add_place(l, pointer, err);
    for (unsigned i = 0; rc == 0 && i < 3; i++)
        rc = include_all(l, json_object_get(doc, sections[i]), sections[i], err);
    if (rc == 0)
        return doc;
    json_decref(doc);
    return NULL;
}

int
script_load_text(const char *text, size_t bytes, const char *path, struct script *out,
                 struct gsp_error *err)
{
    struct gsp_error own = {0};
    struct loading l = {.script = out};

    *out = (struct script){.texts = json_object(), .path = strdup(path)};
    if (!out->texts || !out->path) {
        script_fini(out);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    l.path = out->path;
    out->doc = load_text(&l, text, bytes, &own);
    if (out->doc)
        return 0;
    script_fini(out);
    if (own.rc >= 0)
        gsp_fail(&own, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    if (err)
        *err = own;
    return own.rc;
}

int
script_load(const char *path, struct script *out, struct gsp_error *err)
{
    struct gsp_error own = {0};
    size_t bytes = 0;
    char *text = cli_read_file(path, &bytes, &own);
    int rc = own.rc;

    *out = (struct script){0};
    if (text)
        rc = script_load_text(text, bytes, strcmp(path, "-") ? path : "stdin", out, &own);
    free(text);
    if (err)
        *err = own;
    return rc;
}

void
script_fini(struct script *s)
{
    json_decref(s->doc);
    json_decref(s->texts);
    free(s->path);
    *s = (struct script){0};
}

struct place {
    const json_t *doc, *list; /* list NULL: at the document itself */
    const char *path;
    char pointer[256];
};

static void
go_down(struct place *at, const char *key)
{
    const size_t n = strlen(at->pointer);

    snprintf(at->pointer + n, sizeof(at->pointer) - n, "%s%s", n ? "/" : "", key);
}

static void
enter_section(struct place *at, const char *section)
{
    at->list = json_object_get(at->doc, section);
    go_down(at, section);
}

/* To what a step holds: an included script begins anew in its own file. */
static void
enter_step(struct place *at, const json_t *step)
{
    if (json_object_get(step, SCRIPT_INCLUDED)) {
        at->path = cli_str(step, SCRIPT_FILE);
        at->doc = json_object_get(step, SCRIPT_INCLUDED);
        at->list = NULL;
        at->pointer[0] = '\0';
    } else {
        at->list = json_object_get(step, "steps");
        go_down(at, "steps");
    }
}

const char *
script_where(const struct script *s, const char *number, char *buf, size_t bytes)
{
    struct place at = {.doc = s->doc, .path = s->path};
    const json_t *step = NULL;
    char word[32];

    for (; *number; number += number[0] == '.') {
        const size_t n = strcspn(number, ".");
        const unsigned long i = strtoul(number, NULL, 10);

        if (step)
            enter_step(&at, step);
        step = NULL;
        snprintf(word, sizeof(word), "%.*s", (int)(n < 15 ? n : 15), number);
        number += n;
        if (!i) {
            enter_section(&at, word);
            continue;
        }
        if (!at.list)
            enter_section(&at, "steps");
        step = json_array_get(at.list, i - 1);
        snprintf(word, sizeof(word), "%lu", i - 1);
        go_down(&at, word);
    }
    return where_in(s, at.path, at.pointer, buf, bytes);
}

const char *
script_title(const struct script *s)
{
    const char *name = cli_str(s->doc, "name"), *slash = strrchr(s->path, '/');

    return *name ? name : slash ? slash + 1 : s->path;
}
