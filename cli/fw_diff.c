/* SPDX-License-Identifier: MIT */
/*
 * fw diff: two documents of files side by side. Parts are matched by name, everything else by
 * key; a row names what differs.
 */
#include <stdlib.h>
#include <string.h>

#include "fw_diff.h"

enum { PATH = 256, DEEPEST = 8 };

static void
row(json_t *rows, const char *what, const json_t *a, const json_t *b)
{
    json_t *o = json_object();

    json_object_set_new(o, "what", json_string(what));
    json_object_set(o, "a", a ? (json_t *)a : json_null());
    json_object_set(o, "b", b ? (json_t *)b : json_null());
    json_array_append_new(rows, o);
}

static void compare(json_t *rows, const char *what, const json_t *a, const json_t *b,
                    unsigned depth);

static void
join(char *to, const char *prefix, const char *name)
{
    snprintf(to, PATH, "%.120s%s%.120s", prefix, *prefix ? "." : "", name);
}

static void
compare_objects(json_t *rows, const char *prefix, const json_t *a, const json_t *b,
                unsigned depth)
{
    char path[PATH];
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)a, key, value)
    {
        join(path, prefix, key);
        compare(rows, path, value, json_object_get(b, key), depth + 1);
    }
    json_object_foreach((json_t *)b, key, value)
    {
        if (json_object_get(a, key))
            continue;
        join(path, prefix, key);
        row(rows, path, NULL, value);
    }
}

static const json_t *
named(const json_t *list, const char *name)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (!strcmp(cli_str(item, "name"), name))
            return item;
    }
    return NULL;
}

static void
compare_named(json_t *rows, const char *prefix, const json_t *a, const json_t *b,
              unsigned depth)
{
    char path[PATH];
    const json_t *item;
    size_t i;

    json_array_foreach(a, i, item)
    {
        join(path, prefix, cli_str(item, "name"));
        compare(rows, path, item, named(b, cli_str(item, "name")), depth + 1);
    }
    json_array_foreach(b, i, item)
    {
        if (named(a, cli_str(item, "name")))
            continue;
        join(path, prefix, cli_str(item, "name"));
        row(rows, path, NULL, item);
    }
}

static bool
is_named_list(const json_t *value)
{
    return json_is_array(value) && *cli_str(json_array_get(value, 0), "name");
}

static void
compare(json_t *rows, const char *what, const json_t *a, const json_t *b, unsigned depth)
{
    if (json_equal(a, b) || depth > DEEPEST)
        return;
    if (json_is_object(a) && json_is_object(b))
        compare_objects(rows, what, a, b, depth);
    else if (is_named_list(a) && is_named_list(b))
        compare_named(rows, what, a, b, depth);
    else
        row(rows, what, a, b);
}

json_t *
fw_diff(const json_t *a, const json_t *b)
{
    json_t *rows = json_array();
    json_t *left = json_deep_copy(a), *right = json_deep_copy(b);

    json_object_del(left, "file");
    json_object_del(right, "file");
    compare(rows, "", left, right, 0);
    json_decref(left);
    json_decref(right);
    return rows;
}
