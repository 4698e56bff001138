/* SPDX-License-Identifier: MIT */
/*
 * The client and its object table, shared by the files of rm-api.
 */
#ifndef RM_CLIENT_PRIV_H
#define RM_CLIENT_PRIV_H

#include <rm/rm.h>

/* One live object. Siblings are linked oldest first. */
struct rm_node {
    rm_handle handle;
    uint32_t class_id;
    struct rm_node *parent, *first, *last, *prev, *next;
    struct rm_node *chain; /* same hash bucket */
    uint32_t params_bytes;
    uint8_t params[];
};

struct rm_client {
    struct gsp_backend *backend;
    const struct gsp_host *host;
    struct gsp_codec *codec; /* made on the first typed call */
    struct rm_node *root;
    struct rm_node **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;        /* live objects, the root included */
    rm_handle next_handle;
};

/* objects.c: the table knows nothing of RM. */
int rm_objects_init(struct rm_client *c);
void rm_objects_fini(struct rm_client *c);
struct rm_node *rm_objects_find(const struct rm_client *c, rm_handle handle);
/* A free handle, or 0 when all are taken. */
rm_handle rm_objects_pick(struct rm_client *c);
/* Memory first, so that a live RM object never lacks its row. */
struct rm_node *rm_objects_new(struct rm_client *c, uint32_t class_id, const void *params,
                               uint32_t params_bytes);
void rm_objects_insert(struct rm_client *c, struct rm_node *node, struct rm_node *parent,
                       rm_handle handle);
/* Removes the node and everything below it. */
void rm_objects_remove(struct rm_client *c, struct rm_node *node);
/* The node after `node` in tree order below `top`; NULL at the end. */
struct rm_node *rm_objects_next(const struct rm_node *node, const struct rm_node *top);

/* map.c: the device or subdevice above an object; NULL: none */
const struct rm_node *rm_device_of(const struct rm_node *node);
/* "NV01_DEVICE_0", or "?" */
const char *rm_class_name(struct nvrm_abi abi, uint32_t class_id);
int rm_no_memory(struct gsp_error *err, const char *what);

#endif
