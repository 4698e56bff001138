/* SPDX-License-Identifier: MIT */
/*
 * The object table of a client: a hash of handles over a tree of parents and children. It keeps
 * books only; client.c decides what RM is asked.
 */
#include <errno.h>
#include <string.h>

#include "client_priv.h"

enum {
    FIRST_HANDLE_OFFSET = 0x10000,
    FIRST_BUCKETS = 64,
};

static uint32_t
bucket_of(const struct rm_client *c, rm_handle handle)
{
    uint32_t h = handle * 0x9e3779b1u;

    return (h ^ (h >> 15)) & (c->bucket_count - 1);
}

int
rm_objects_init(struct rm_client *c)
{
    c->bucket_count = FIRST_BUCKETS;
    c->buckets = gsp_host_alloc(c->host, c->bucket_count * sizeof(struct rm_node *));
    return c->buckets ? 0 : -ENOMEM;
}

void
rm_objects_fini(struct rm_client *c)
{
    if (c->root)
        rm_objects_remove(c, c->root);
    gsp_host_free(c->host, c->buckets);
    c->buckets = NULL;
}

struct rm_node *
rm_objects_find(const struct rm_client *c, rm_handle handle)
{
    struct rm_node *node = c->buckets[bucket_of(c, handle)];

    while (node && node->handle != handle)
        node = node->chain;
    return node;
}

rm_handle
rm_objects_pick(struct rm_client *c)
{
    const rm_handle root = c->root->handle;

    for (uint32_t tries = 0; tries <= c->count; tries++) {
        rm_handle handle;

        if (c->next_handle < root + FIRST_HANDLE_OFFSET)
            c->next_handle = root + FIRST_HANDLE_OFFSET;
        handle = c->next_handle++;
        if (!rm_objects_find(c, handle))
            return handle;
    }
    return 0;
}

struct rm_node *
rm_objects_new(struct rm_client *c, uint32_t class_id, const void *params,
               uint32_t params_bytes)
{
    struct rm_node *node = gsp_host_alloc(c->host, sizeof(*node) + params_bytes);

    if (!node)
        return NULL;
    node->class_id = class_id;
    node->params_bytes = params_bytes;
    if (params_bytes)
        memcpy(node->params, params, params_bytes);
    return node;
}

/* Growing is only about speed: when memory is short the chains get longer. */
static void
grow(struct rm_client *c)
{
    const uint32_t old_count = c->bucket_count;
    struct rm_node **old = c->buckets;
    struct rm_node **buckets =
        gsp_host_alloc(c->host, (size_t)old_count * 2 * sizeof(struct rm_node *));

    if (!buckets)
        return;
    c->buckets = buckets;
    c->bucket_count = old_count * 2;
    for (uint32_t i = 0; i < old_count; i++) {
        struct rm_node *node = old[i];

        while (node) {
            struct rm_node *chain = node->chain;
            const uint32_t b = bucket_of(c, node->handle);

            node->chain = buckets[b];
            buckets[b] = node;
            node = chain;
        }
    }
    gsp_host_free(c->host, old);
}

static void
link_child(struct rm_node *parent, struct rm_node *node)
{
    node->parent = parent;
    node->prev = parent->last;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
}

static void
unlink_child(struct rm_node *node)
{
    struct rm_node *parent = node->parent;

    if (node->prev)
        node->prev->next = node->next;
    else if (parent)
        parent->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else if (parent)
        parent->last = node->prev;
}

void
rm_objects_insert(struct rm_client *c, struct rm_node *node, struct rm_node *parent,
                  rm_handle handle)
{
    uint32_t b;

    node->handle = handle;
    if (parent)
        link_child(parent, node);
    else
        c->root = node;
    if (c->count >= c->bucket_count)
        grow(c);
    b = bucket_of(c, handle);
    node->chain = c->buckets[b];
    c->buckets[b] = node;
    c->count++;
}

static void
drop(struct rm_client *c, struct rm_node *node)
{
    struct rm_node **link = &c->buckets[bucket_of(c, node->handle)];

    while (*link != node)
        link = &(*link)->chain;
    *link = node->chain;
    unlink_child(node);
    if (c->root == node)
        c->root = NULL;
    c->count--;
    gsp_host_free(c->host, node);
}

void
rm_objects_remove(struct rm_client *c, struct rm_node *node)
{
    struct rm_node *n = node;

    for (;;) {
        struct rm_node *parent = n->parent;

        if (n->first) {
            n = n->first;
            continue;
        }
        drop(c, n);
        if (n == node)
            return;
        n = parent;
    }
}

struct rm_node *
rm_objects_next(const struct rm_node *node, const struct rm_node *top)
{
    if (node->first)
        return node->first;
    while (node != top) {
        if (node->next)
            return node->next;
        node = node->parent;
    }
    return NULL;
}
