/* SPDX-License-Identifier: MIT */
/*
 * The object tree as a walk, as JSON and drawn for people.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "client_priv.h"

static unsigned
depth_of(const struct rm_node *node)
{
    unsigned depth = 0;

    while ((node = node->parent))
        depth++;
    return depth;
}

static struct rm_object
describe(const struct rm_client *c, const struct rm_node *node)
{
    return (struct rm_object){
        .handle = node->handle,
        .parent = node->parent ? node->parent->handle : 0,
        .class_id = node->class_id,
        .class_name = rm_class_name(c->backend->abi, node->class_id),
        .params = node->params_bytes ? node->params : NULL,
        .params_bytes = node->params_bytes,
        .depth = depth_of(node),
    };
}

int
rm_tree_walk(struct rm_client *c, int (*fn)(void *ctx, const struct rm_object *o), void *ctx)
{
    for (const struct rm_node *n = c->root; n; n = rm_objects_next(n, c->root)) {
        const struct rm_object o = describe(c, n);
        int rc = fn(ctx, &o);

        if (rc)
            return rc;
    }
    return 0;
}

bool
rm_object_get(struct rm_client *c, rm_handle handle, struct rm_object *object_out)
{
    const struct rm_node *node = rm_objects_find(c, handle);

    if (node)
        *object_out = describe(c, node);
    return node;
}

/* The node's parameters as one JSON object, "{}" when it has none or nobody knows their layout.
 */
static int
write_params(const struct rm_client *c, const struct rm_node *node, struct gsp_text *out,
             struct gsp_error *err)
{
    const struct nvrm_abi abi = c->backend->abi;
    const struct nvrm_class *cls = nvrm_class_by_id(abi, node->class_id);
    const struct nvrm_layout *layout = rm_class_layout(abi, cls);

    if (!node->params_bytes || !layout || node->params_bytes < layout->size) {
        gsp_text_puts(out, "{}");
        return 0;
    }
    return gsp_json_write(abi, layout, node->params, node->params_bytes, 0, out, err);
}

static void
newline(struct gsp_text *out, unsigned flags, unsigned depth)
{
    if (!(flags & GSP_JSON_PRETTY))
        return;
    gsp_text_puts(out, "\n");
    for (unsigned i = 0; i < depth * 2; i++)
        gsp_text_puts(out, "  ");
}

static int
open_node(const struct rm_client *c, const struct rm_node *node, struct gsp_text *out,
          struct gsp_error *err)
{
    const char *name = rm_class_name(c->backend->abi, node->class_id);
    int rc;

    gsp_text_printf(out, "{\"handle\": \"0x%08x\", \"class\": ", node->handle);
    gsp_text_json_string(out, name, strlen(name));
    gsp_text_printf(out, ", \"class_id\": \"0x%x\", \"params\": ", node->class_id);
    rc = write_params(c, node, out, err);
    gsp_text_puts(out, ", \"children\": [");
    return rc;
}

/* Close `node` and every ancestor (below the root's end) whose last child it was. */
static const struct rm_node *
close_nodes(const struct rm_node *node, const struct rm_node *root, struct gsp_text *out)
{
    for (;;) {
        gsp_text_puts(out, "]}");
        if (node == root)
            return NULL;
        if (node->next) {
            gsp_text_puts(out, ",");
            return node->next;
        }
        node = node->parent;
    }
}

int
rm_tree_json(struct rm_client *c, unsigned flags, struct gsp_text *out, struct gsp_error *err)
{
    const struct rm_node *node = c->root;

    while (node) {
        int rc = open_node(c, node, out, err);

        if (rc < 0)
            return rc;
        node = node->first ? node->first : close_nodes(node, c->root, out);
        if (node)
            newline(out, flags, depth_of(node));
    }
    return out->rc < 0 ? rm_no_memory(err, "tree") : 0;
}

/* The lines in front of a node: a bar for every ancestor that has more siblings to come. */
static void
draw_indent(const struct rm_node *node, struct gsp_text *out)
{
    const unsigned depth = depth_of(node);

    for (unsigned level = 1; level < depth; level++) {
        const struct rm_node *at = node;

        for (unsigned up = depth - level; up; up--)
            at = at->parent;
        gsp_text_puts(out, at->next ? "\u2502  " : "   ");
    }
    if (depth)
        gsp_text_puts(out, node->next ? "\u251c\u2500 " : "\u2514\u2500 ");
}

int
rm_tree_text(struct rm_client *c, bool with_params, struct gsp_text *out, struct gsp_error *err)
{
    const struct nvrm_abi abi = c->backend->abi;

    for (const struct rm_node *n = c->root; n; n = rm_objects_next(n, c->root)) {
        int rc = 0;

        draw_indent(n, out);
        gsp_text_printf(out, "0x%08x %s", n->handle, rm_class_name(abi, n->class_id));
        if (!nvrm_class_by_id(abi, n->class_id))
            gsp_text_printf(out, " (0x%x)", n->class_id);
        if (with_params && n->params_bytes) {
            gsp_text_puts(out, " ");
            rc = write_params(c, n, out, err);
        }
        gsp_text_puts(out, "\n");
        if (rc < 0)
            return rc;
    }
    return out->rc < 0 ? rm_no_memory(err, "tree") : 0;
}
