/* SPDX-License-Identifier: MIT */
/*
 * Memory objects in this process: which device an object hangs from and where its memory lies
 * is in the tree, so that a caller names the object alone.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "client_priv.h"

enum {
    ACCESS_READ_ONLY = 1, /* NVOS33_FLAGS_ACCESS */
    DEVICE = 0x80,
    SUBDEVICE = 0x2080,
};

/* Mapped through the control node: memory of the machine, under whichever class. */
static bool
is_system(struct nvrm_abi abi, uint32_t class_id)
{
    return strstr(rm_class_name(abi, class_id), "_SYSTEM") != NULL;
}

const struct rm_node *
rm_device_of(const struct rm_node *node)
{
    while (node && node->class_id != DEVICE && node->class_id != SUBDEVICE)
        node = node->parent;
    return node;
}

static int
no_mappings(const struct gsp_backend *b, struct gsp_error *err)
{
    const int rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                            "backend %s maps nothing into this process", b->ops->name);

    gsp_hint(err, "nvidia.ko does: -t nvidia");
    return rc;
}

int
rm_map(struct rm_client *c, rm_handle memory, uint64_t offset, uint64_t bytes, bool writable,
       void **at_out, struct gsp_error *err)
{
    const struct rm_node *node = rm_objects_find(c, memory);
    const struct rm_node *device = rm_device_of(node);
    struct gsp_map map = {
        .hClient = rm_client_handle(c),
        .hMemory = memory,
        .offset = offset,
        .bytes = bytes,
        .flags = writable ? 0 : ACCESS_READ_ONLY,
    };

    if (!c->backend->ops->map)
        return no_mappings(c->backend, err);
    if (!node)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "map: 0x%08x is no live object",
                        memory);
    if (!device)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "map: %s 0x%08x is not below a device: it has no memory",
                        rm_class_name(c->backend->abi, node->class_id), memory);
    map.hDevice = device->handle;
    map.system = is_system(c->backend->abi, node->class_id);
    return c->backend->ops->map(c->backend, &map, at_out, err);
}

int
rm_unmap(struct rm_client *c, void *at, struct gsp_error *err)
{
    return c->backend->ops->unmap ? c->backend->ops->unmap(c->backend, at, err)
                                  : no_mappings(c->backend, err);
}
