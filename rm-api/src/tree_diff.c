/* SPDX-License-Identifier: MIT */
/*
 * The difference of two tree dumps: objects are matched by handle.
 */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "client_priv.h"

enum { DEEPEST = 64 };

/* Flattened: handle -> {"class", "parent", "params"}, in tree order. */
static int
flatten(const json_t *node, const char *parent, json_t *out, unsigned depth)
{
    const char *handle = json_string_value(json_object_get(node, "handle"));
    const char *cls = json_string_value(json_object_get(node, "class"));
    json_t *params = json_object_get(node, "params");
    const json_t *children = json_object_get(node, "children");
    const json_t *child;
    json_t *flat;
    size_t i;

    if (!handle || !cls || depth > DEEPEST)
        return -EINVAL;
    flat = json_pack("{s:s, s:s, s:O?}", "class", cls, "parent", parent, "params", params);
    if (!flat || json_object_set_new(out, handle, flat))
        return -ENOMEM;
    json_array_foreach(children, i, child)
    {
        int rc = flatten(child, handle, out, depth + 1);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int
load(const char *text, const char *which, json_t **flat_out, struct gsp_error *err)
{
    json_t *root = json_loads(text, 0, NULL);
    json_t *flat = json_object();
    int rc = root && flat ? flatten(root, "none", flat, 0) : root ? -ENOMEM : -EINVAL;

    json_decref(root);
    if (rc == 0) {
        *flat_out = flat;
        return 0;
    }
    json_decref(flat);
    if (rc == -ENOMEM)
        return rm_no_memory(err, "tree diff");
    return gsp_fail(err, GSP_ORIGIN_INPUT, rc, "%s is not a dump of an object tree", which);
}

static const char *
text_of(const json_t *flat, const char *key)
{
    const char *text = json_string_value(json_object_get(flat, key));

    return text ? text : "?";
}

static void
line(char mark, const char *handle, const json_t *flat, struct gsp_text *out)
{
    gsp_text_printf(out, "%c %s %s under %s\n", mark, handle, text_of(flat, "class"),
                    text_of(flat, "parent"));
}

/* Name the parameters that differ; a key missing on one side counts. */
static void
changed_params(const json_t *was, const json_t *is, struct gsp_text *out)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)is, key, value)
    {
        json_t *old = json_object_get(was, key);
        char *from, *to;

        if (old && json_equal(old, value))
            continue;
        from = old ? json_dumps(old, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        to = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        gsp_text_printf(out, " %s: %s -> %s", key, from ? from : "none", to ? to : "?");
        free(from);
        free(to);
    }
    json_object_foreach((json_t *)was, key, value)
    {
        if (!json_object_get(is, key))
            gsp_text_printf(out, " %s: gone", key);
    }
}

static void
compare(const char *handle, const json_t *was, const json_t *is, struct gsp_text *out)
{
    if (json_equal((json_t *)was, (json_t *)is))
        return;
    gsp_text_printf(out, "~ %s %s under %s", handle, text_of(is, "class"),
                    text_of(is, "parent"));
    if (strcmp(text_of(was, "class"), text_of(is, "class")))
        gsp_text_printf(out, " class: %s -> %s", text_of(was, "class"), text_of(is, "class"));
    if (strcmp(text_of(was, "parent"), text_of(is, "parent")))
        gsp_text_printf(out, " parent: %s -> %s", text_of(was, "parent"),
                        text_of(is, "parent"));
    changed_params(json_object_get(was, "params"), json_object_get(is, "params"), out);
    gsp_text_puts(out, "\n");
}

int
rm_tree_diff(const char *before_json, const char *after_json, struct gsp_text *out,
             struct gsp_error *err)
{
    json_t *before = NULL, *after = NULL, *value;
    const char *handle;
    int rc = load(before_json, "the first text", &before, err);

    if (rc == 0)
        rc = load(after_json, "the second text", &after, err);
    if (rc < 0)
        goto done;
    json_object_foreach(before, handle, value)
    {
        if (!json_object_get(after, handle))
            line('-', handle, value, out);
    }
    json_object_foreach(after, handle, value)
    {
        const json_t *was = json_object_get(before, handle);

        if (was)
            compare(handle, was, value, out);
        else
            line('+', handle, value, out);
    }
    rc = out->rc < 0 ? rm_no_memory(err, "tree diff") : 0;
done:
    json_decref(before);
    json_decref(after);
    return rc;
}
