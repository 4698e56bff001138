/* SPDX-License-Identifier: MIT */
/*
 * The client: one RM root, the handles below it, and the calls in wire bytes. The table in
 * objects.c follows what RM accepted; a call that RM refuses leaves it as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rm/name.h>

#include "client_priv.h"

/* RM hands out client handles from 0xc1d00000 and GSP-RM its internal ones from 0xc1e00000, so
 * ours stay away from both. Objects count up from the root's handle + 0x10000. */
#define RM_ROOT_HANDLE   0xcaf00000u
#define RM_CLASS_UNKNOWN 0xffffffffu /* a dup of another client's object */

enum {
    NV01_ROOT_ID = 0,
    ROOT_TRIES = 64, /* other clients of the same card took the ones before */
};

int
rm_no_memory(struct gsp_error *err, const char *what)
{
    return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory", what);
}

const char *
rm_class_name(struct nvrm_abi abi, uint32_t class_id)
{
    const struct nvrm_class *cls = nvrm_class_by_id(abi, class_id);

    return cls ? nvrm_str(abi.schema, cls->name) : "?";
}

/* Say what was refused in RM's words and, where the overlay knows, what the status means. */
static int
explain_refusal(struct rm_client *c, int rc, struct gsp_error *err, const char *what)
{
    const struct nvrm_abi abi = c->backend->abi;
    const struct nvrm_const *status;
    const char *name;

    if (rc != -EREMOTEIO || !err || err->origin != GSP_ORIGIN_RM)
        return rc;
    gsp_fail_rm(err, abi, what, err->nv_status);
    name = nvrm_status_name(abi, err->nv_status);
    status = name ? nvrm_status_find(abi, name) : NULL;
    if (status && status->doc)
        gsp_hint(err, "%s", nvrm_str(abi.schema, status->doc));
    return rc;
}

/* The root's parameters: 0, or an error when the release has no such struct. */
static int
root_params(struct rm_client *c, rm_handle root, void **wire_out, uint32_t *bytes_out,
            struct gsp_error *err)
{
    const struct nvrm_abi abi = c->backend->abi;
    const struct nvrm_layout *layout;
    void *wire;
    int rc = rm_name_struct(abi, "NV0000_ALLOC_PARAMETERS", &layout, err);

    if (rc < 0)
        return rc;
    wire = gsp_host_alloc(c->host, layout->size);
    if (!wire)
        return rm_no_memory(err, "client");
    rc = gsp_field_set(abi, layout, wire, layout->size, "hClient", root, err);
    if (rc == 0)
        rc = gsp_field_set(abi, layout, wire, layout->size, "processID", (uint64_t)getpid(),
                           err);
    if (rc < 0) {
        gsp_host_free(c->host, wire);
        return rc;
    }
    *wire_out = wire;
    *bytes_out = layout->size;
    return 0;
}

static int
try_root(struct rm_client *c, rm_handle root, struct gsp_error *err)
{
    void *wire = NULL;
    uint32_t bytes = 0;
    struct rm_node *node;
    int rc = root_params(c, root, &wire, &bytes, err);

    if (rc < 0)
        return rc;
    node = rm_objects_new(c, NV01_ROOT_ID, wire, bytes);
    rc = node
             ? c->backend->ops->alloc(c->backend, root, 0, root, NV01_ROOT_ID, wire, bytes, err)
             : rm_no_memory(err, "client");
    gsp_host_free(c->host, wire);
    if (rc < 0)
        gsp_host_free(c->host, node);
    else
        rm_objects_insert(c, node, NULL, root);
    return rc;
}

static bool
handle_taken(const struct rm_client *c, int rc, const struct gsp_error *err)
{
    const char *name =
        rc == -EREMOTEIO ? nvrm_status_name(c->backend->abi, err->nv_status) : NULL;

    return name && !strcmp(name, "NV_ERR_INSERT_DUPLICATE_NAME");
}

/* RM chose the handle of the client itself. */
static int
given_root(struct rm_client *c, struct gsp_error *err)
{
    uint32_t root = 0;
    struct rm_node *node;
    int rc = c->backend->ops->open_client(c->backend, &root, err);

    if (rc < 0)
        return rc;
    node = rm_objects_new(c, NV01_ROOT_ID, NULL, 0);
    if (!node) {
        /* Out of memory is the news. */
        const int undone = c->backend->ops->free(c->backend, root, 0, root, NULL);

        (void)undone;
        return rm_no_memory(err, "client");
    }
    rm_objects_insert(c, node, NULL, root);
    return 0;
}

static int
alloc_root(struct rm_client *c, struct gsp_error *err)
{
    struct gsp_error own = {0};
    int rc = -EBUSY;

    if (c->backend->ops->open_client)
        return given_root(c, err);
    for (uint32_t i = 0; i < ROOT_TRIES; i++) {
        rc = try_root(c, RM_ROOT_HANDLE + i, &own);
        if (!handle_taken(c, rc, &own))
            break;
    }
    if (rc < 0)
        explain_refusal(c, rc, &own, "alloc NV01_ROOT");
    if (rc < 0 && err)
        *err = own;
    return rc;
}

int
rm_client_open(struct gsp_backend *backend, const struct gsp_host *host,
               struct rm_client **client_out, struct gsp_error *err)
{
    struct rm_client *c = gsp_host_alloc(host, sizeof(*c));
    int rc;

    if (!c)
        return rm_no_memory(err, "client");
    c->backend = backend;
    c->host = host;
    rc = rm_objects_init(c);
    if (rc < 0) {
        rm_no_memory(err, "client");
        goto free_client;
    }
    rc = alloc_root(c, err);
    if (rc < 0)
        goto fini_objects;
    *client_out = c;
    return 0;

fini_objects:
    rm_objects_fini(c);
free_client:
    gsp_host_free(host, c);
    return rc;
}

static void
report_leaks(const struct rm_client *c, struct gsp_text *leaks)
{
    const struct rm_node *node = c->root;

    while ((node = rm_objects_next(node, c->root)))
        gsp_text_printf(leaks, "0x%08x %s under 0x%08x\n", node->handle,
                        rm_class_name(c->backend->abi, node->class_id), node->parent->handle);
}

void
rm_client_close(struct rm_client *c, struct gsp_text *leaks)
{
    struct gsp_error ignored;

    if (!c)
        return;
    if (leaks)
        report_leaks(c, leaks);
    /* A card that is gone cannot free anything; there is nobody left to tell. */
    (void)c->backend->ops->free(c->backend, c->root->handle, 0, c->root->handle, &ignored);
    gsp_codec_destroy(c->codec);
    rm_objects_fini(c);
    gsp_host_free(c->host, c);
}

rm_handle
rm_client_handle(const struct rm_client *c)
{
    return c->root->handle;
}

struct gsp_backend *
rm_client_backend(struct rm_client *c)
{
    return c->backend;
}

struct nvrm_abi
rm_client_abi(const struct rm_client *c)
{
    return c->backend->abi;
}

/* Handles that are not ours are RM's to judge, but a parent must be in the tree to have
 * children. */
static struct rm_node *
find_parent(struct rm_client *c, rm_handle parent, struct gsp_error *err)
{
    struct rm_node *node = rm_objects_find(c, parent);

    if (!node) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "no live object has the handle 0x%08x",
                 parent);
        gsp_hint(err, "the tree shows what is alive");
    }
    return node;
}

static int
choose_handle(struct rm_client *c, rm_handle wanted, rm_handle *handle_out,
              struct gsp_error *err)
{
    if (wanted && rm_objects_find(c, wanted)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EEXIST, "handle 0x%08x is already in use", wanted);
        gsp_hint(err, "leave the handle out and one is picked");
        return -EEXIST;
    }
    *handle_out = wanted ? wanted : rm_objects_pick(c);
    if (!*handle_out)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOSPC, "no free handle is left");
    return 0;
}

int
rm_alloc(struct rm_client *c, rm_handle parent, uint32_t class_id, void *params,
         uint32_t params_bytes, rm_handle *handle_out, struct gsp_error *err)
{
    struct rm_node *parent_node = find_parent(c, parent, err);
    struct rm_node *node;
    rm_handle handle;
    char what[128];
    int rc;

    if (!parent_node)
        return -ENOENT;
    rc = choose_handle(c, *handle_out, &handle, err);
    if (rc < 0)
        return rc;
    snprintf(what, sizeof(what), "alloc %s (0x%x) under 0x%08x",
             rm_class_name(c->backend->abi, class_id), class_id, parent);
    node = rm_objects_new(c, class_id, params, params_bytes);
    if (!node)
        return rm_no_memory(err, what);
    rc = c->backend->ops->alloc(c->backend, c->root->handle, parent, handle, class_id, params,
                                params_bytes, err);
    if (rc < 0) {
        gsp_host_free(c->host, node);
        return explain_refusal(c, rc, err, what);
    }
    rm_objects_insert(c, node, parent_node, handle);
    *handle_out = handle;
    return 0;
}

int
rm_control(struct rm_client *c, rm_handle object, uint32_t cmd, void *params,
           uint32_t params_bytes, struct gsp_error *err)
{
    const struct nvrm_control *control = nvrm_control_by_id(c->backend->abi, cmd);
    char what[160];
    int rc = c->backend->ops->control(c->backend, c->root->handle, object, cmd, params,
                                      params_bytes, err);

    if (rc == 0)
        return 0;
    snprintf(what, sizeof(what), "control %s (0x%08x) on 0x%08x",
             control ? nvrm_str(c->backend->abi.schema, control->name) : "without a name", cmd,
             object);
    return explain_refusal(c, rc, err, what);
}

int
rm_free(struct rm_client *c, rm_handle object, struct gsp_error *err)
{
    struct rm_node *node = find_parent(c, object, err);
    char what[128];
    int rc;

    if (!node)
        return -ENOENT;
    if (node == c->root) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "0x%08x is the client itself", object);
        gsp_hint(err, "it is freed when the client is closed");
        return -EINVAL;
    }
    rc = c->backend->ops->free(c->backend, c->root->handle, node->parent->handle, object, err);
    if (rc < 0) {
        snprintf(what, sizeof(what), "free 0x%08x", object);
        return explain_refusal(c, rc, err, what);
    }
    rm_objects_remove(c, node);
    return 0;
}

/* The object leaves as a descriptor and comes back under another handle. */
static int
pass(struct rm_client *c, rm_handle parent, rm_handle handle, rm_handle src_object,
     struct gsp_error *err)
{
    const struct gsp_backend_ops *ops = c->backend->ops;
    const struct rm_node *device = rm_device_of(rm_objects_find(c, src_object));
    const rm_handle root = c->root->handle;
    int fd, rc;

    if (!ops->export_fd || !ops->import_fd) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP, "backend %s has no descriptors of objects",
                 ops->name);
        gsp_hint(err, "nvidia.ko does: -t nvidia");
        return -EOPNOTSUPP;
    }
    if (!device)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "0x%08x is not a live object below a device", src_object);
    rc = ops->export_fd(c->backend, root, device->handle, src_object, &fd, err);
    if (rc < 0)
        return rc;
    rc = ops->import_fd(c->backend, fd, root, device->handle, parent, handle, err);
    (void)close(fd);
    return rc;
}

static int
duplicate(struct rm_client *c, rm_handle parent, rm_handle src_client, rm_handle src_object,
          bool by_descriptor, rm_handle *handle_out, struct gsp_error *err)
{
    struct rm_node *parent_node = find_parent(c, parent, err);
    const struct rm_node *src = rm_objects_find(c, src_object);
    struct rm_node *node;
    rm_handle handle;
    char what[128];
    int rc;

    if (!parent_node)
        return -ENOENT;
    if (src_client != c->root->handle)
        src = NULL;
    rc = choose_handle(c, *handle_out, &handle, err);
    if (rc < 0)
        return rc;
    snprintf(what, sizeof(what), "dup 0x%08x of client 0x%08x under 0x%08x", src_object,
             src_client, parent);
    node = rm_objects_new(c, src ? src->class_id : RM_CLASS_UNKNOWN, src ? src->params : NULL,
                          src ? src->params_bytes : 0);
    if (!node)
        return rm_no_memory(err, what);
    rc = by_descriptor ? pass(c, parent, handle, src_object, err)
                       : c->backend->ops->dup(c->backend, c->root->handle, parent, handle,
                                              src_client, src_object, 0, err);
    if (rc < 0) {
        gsp_host_free(c->host, node);
        return explain_refusal(c, rc, err, what);
    }
    rm_objects_insert(c, node, parent_node, handle);
    *handle_out = handle;
    return 0;
}

int
rm_dup(struct rm_client *c, rm_handle parent, rm_handle src_client, rm_handle src_object,
       rm_handle *handle_out, struct gsp_error *err)
{
    return duplicate(c, parent, src_client, src_object, false, handle_out, err);
}

int
rm_import(struct rm_client *c, rm_handle device, int fd, uint32_t class_id,
          rm_handle *handle_out, struct gsp_error *err)
{
    struct rm_node *parent = find_parent(c, device, err);
    struct rm_node *node;
    rm_handle handle;
    int rc;

    if (!parent)
        return -ENOENT;
    if (!c->backend->ops->import_fd)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "backend %s has no descriptors of objects", c->backend->ops->name);
    rc = choose_handle(c, *handle_out, &handle, err);
    if (rc < 0)
        return rc;
    node = rm_objects_new(c, class_id, NULL, 0);
    if (!node)
        return rm_no_memory(err, "import");
    rc = c->backend->ops->import_fd(c->backend, fd, c->root->handle, device, device, handle,
                                    err);
    if (rc < 0) {
        gsp_host_free(c->host, node);
        return explain_refusal(c, rc, err, "import from a descriptor");
    }
    rm_objects_insert(c, node, parent, handle);
    *handle_out = handle;
    return 0;
}

int
rm_dup_by_descriptor(struct rm_client *c, rm_handle parent, rm_handle src_object,
                     rm_handle *handle_out, struct gsp_error *err)
{
    return duplicate(c, parent, c->root->handle, src_object, true, handle_out, err);
}
