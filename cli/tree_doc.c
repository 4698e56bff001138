/* SPDX-License-Identifier: MIT */
/*
 * Making, filtering and summing up the document of a tree.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "tree_doc.h"

enum { DEEPEST = 64 };

/* Fields that say how much memory an object is, by name: the first that is there and not 0. */
static uint64_t
own_bytes(const json_t *node)
{
    static const char *const fields[] = {"size", "memSize", "length"};
    const json_t *params = json_object_get(node, "params");

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const json_t *value = json_object_get(params, fields[i]);
        const uint64_t bytes = json_is_integer(value)
                                   ? (uint64_t)json_integer_value(value)
                                   : strtoull(cli_str(params, fields[i]), NULL, 0);

        if (bytes && strstr(cli_str(node, "class"), "MEMORY"))
            return bytes;
    }
    return 0;
}

uint64_t
tree_bytes(const json_t *node)
{
    uint64_t bytes = (uint64_t)json_integer_value(json_object_get(node, "bytes"));
    const json_t *child;
    size_t i;

    json_array_foreach(json_object_get(node, "children"), i, child) bytes += tree_bytes(child);
    return bytes;
}

static const char *
name_of(struct cli_session *s, const char *handle)
{
    const char *name;
    rm_handle number;

    for (unsigned i = 0; (name = session_name_at(s, i)); i++) {
        if (session_name_get(s, name, &number) && number == strtoul(handle, NULL, 0))
            return name;
    }
    return NULL;
}

static void
annotate(struct cli *cli, struct cli_session *s, json_t *node)
{
    const char *name = name_of(s, cli_str(node, "handle"));
    const json_t *owner = json_object_get(cli->owners, cli_str(node, "handle"));
    const uint64_t bytes = own_bytes(node);
    json_t *children = json_object_get(node, "children"), *child;
    size_t i;

    if (name)
        json_object_set_new(node, "name", json_string(name));
    if (owner)
        json_object_update_missing(node, (json_t *)owner);
    else if (name && (!strcmp(name, "device") || !strcmp(name, "subdevice")))
        json_object_set_new(node, "owner", json_string("session"));
    if (bytes)
        json_object_set_new(node, "bytes", json_integer((json_int_t)bytes));
    json_array_foreach(children, i, child) annotate(cli, s, child);
}

json_t *
tree_of_session(struct cli *cli, struct cli_session *s, struct gsp_error *err)
{
    struct gsp_text text = {0};
    json_t *root;

    if (rm_tree_json(session_client(s), 0, &text, err) < 0) {
        gsp_text_fini(&text);
        return NULL;
    }
    root = cli_json_of(&text);
    if (root)
        annotate(cli, s, root);
    else
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    return root;
}

static bool
is_tree(const json_t *node, unsigned depth)
{
    const json_t *child;
    size_t i;

    if (depth > DEEPEST || !*cli_str(node, "handle") || !*cli_str(node, "class"))
        return false;
    json_array_foreach(json_object_get(node, "children"), i, child)
    {
        if (!is_tree(child, depth + 1))
            return false;
    }
    return true;
}

json_t *
tree_of_file(const char *path, struct gsp_error *err)
{
    json_t *root = cli_load_file(path, err);

    if (!root || is_tree(root, 0))
        return root;
    json_decref(root);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s is not a dump of an object tree", path);
    gsp_hint(err, "nvrm-cli -j tree writes such a dump");
    return NULL;
}

bool
tree_filter_is_empty(const struct tree_filter *f)
{
    return !f->cls && !f->name && !f->owner && !f->word_count;
}

static bool
is_wanted(const json_t *node, const struct tree_filter *f)
{
    static const char *const keys[] = {"class", "name", "owner", "handle"};
    bool any = !f->word_count;

    if ((f->cls && !describe_match(f->cls, cli_str(node, "class"))) ||
        (f->name && !describe_match(f->name, cli_str(node, "name"))) ||
        (f->owner && !describe_match(f->owner, cli_str(node, "owner"))))
        return false;
    for (int i = 0; i < f->word_count && !any; i++) {
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]) && !any; k++)
            any = describe_match(f->words[i], cli_str(node, keys[k]));
    }
    return any;
}

bool
tree_prune(json_t *node, const struct tree_filter *f)
{
    json_t *children = json_object_get(node, "children");

    for (size_t i = json_array_size(children); i-- > 0;) {
        if (!tree_prune(json_array_get(children, i), f))
            json_array_remove(children, i);
    }
    return json_array_size(children) || is_wanted(node, f);
}

/* The owner's row of the list, made when it is new. */
static json_t *
row_of(json_t *list, const char *owner)
{
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        if (!strcmp(cli_str(row, "owner"), owner))
            return row;
    }
    row = json_pack("{s:s, s:[], s:i}", "owner", owner, "objects", "bytes", 0);
    json_array_append_new(list, row);
    return row;
}

static void
collect_leaks(const json_t *node, json_t *list)
{
    const json_t *child;
    size_t i;

    if (json_is_true(json_object_get(node, "owner_gone"))) {
        json_t *row = row_of(list, cli_str(node, "owner"));
        json_t *object = json_copy((json_t *)node);
        const json_int_t bytes = json_integer_value(json_object_get(node, "bytes"));

        json_object_del(object, "children");
        json_object_del(object, "owner");
        json_object_del(object, "owner_gone");
        json_array_append_new(json_object_get(row, "objects"), object);
        json_object_set_new(
            row, "bytes",
            json_integer(json_integer_value(json_object_get(row, "bytes")) + bytes));
    }
    json_array_foreach(json_object_get(node, "children"), i, child) collect_leaks(child, list);
}

json_t *
tree_leaks(const json_t *root)
{
    json_t *list = json_array();

    collect_leaks(root, list);
    return list;
}

struct owning {
    struct cli *cli;
    const char *owner;
    bool gone;
};

/* device and subdevice stay for the next line, whoever spoke of them first. */
static bool
is_sessions(struct cli_session *s, rm_handle handle)
{
    rm_handle known;

    return (session_name_get(s, "device", &known) && known == handle) ||
           (session_name_get(s, "subdevice", &known) && known == handle);
}

static int
own_object(void *ctx, const struct rm_object *o)
{
    const struct owning *own = ctx;
    const bool session = is_sessions(own->cli->session, o->handle);
    char handle[16];

    snprintf(handle, sizeof(handle), "0x%08x", o->handle);
    if (o->depth && !json_object_get(own->cli->owners, handle))
        json_object_set_new(own->cli->owners, handle,
                            json_pack("{s:s, s:b}", "owner", session ? "session" : own->owner,
                                      "owner_gone", own->gone && !session));
    return 0;
}

/* What is gone may come again under the same handle, of another owner. */
static void
forget_freed(struct cli *cli)
{
    const char *handle;
    json_t *value;
    void *next;

    json_object_foreach_safe(cli->owners, next, handle, value)
    {
        struct rm_object o;

        if (!rm_object_get(session_client(cli->session), (rm_handle)strtoul(handle, NULL, 0),
                           &o))
            json_object_del(cli->owners, handle);
    }
}

void
tree_own(struct cli *cli, const char *owner, bool gone)
{
    struct owning own = {cli, owner, gone};

    if (!cli->session)
        return;
    if (!cli->owners)
        cli->owners = json_object();
    forget_freed(cli);
    rm_tree_walk(session_client(cli->session), own_object, &own);
}

void
tree_own_one(struct cli *cli, const char *handle, const char *owner)
{
    if (!cli->owners)
        cli->owners = json_object();
    if (*handle)
        json_object_set_new(cli->owners, handle,
                            json_pack("{s:s, s:b}", "owner", owner, "owner_gone", 0));
}
