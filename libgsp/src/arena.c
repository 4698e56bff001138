/* SPDX-License-Identifier: MIT */
/*
 * Memory that is released as a whole: blocks in a list, each at least 4 KiB, filled from the
 * front.
 */
#include <stdint.h>

#include <gsp/json.h>

enum { BLOCK_BYTES = 4096 };

struct gsp_arena_block {
    struct gsp_arena_block *next;
    size_t used, cap;
    _Alignas(16) unsigned char bytes[];
};

static struct gsp_arena_block *
add_block(struct gsp_arena *a, size_t bytes)
{
    const size_t cap = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct gsp_arena_block *block = gsp_host_alloc(a->host, sizeof(*block) + cap);

    if (!block)
        return NULL;
    block->cap = cap;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

void *
gsp_arena_alloc(struct gsp_arena *a, size_t bytes)
{
    const size_t rounded = (bytes + 15) & ~(size_t)15;
    struct gsp_arena_block *block = a->blocks;
    void *p;

    if (rounded < bytes || rounded > SIZE_MAX / 2)
        return NULL;
    if (!block || block->cap - block->used < rounded)
        block = add_block(a, rounded);
    if (!block)
        return NULL;
    p = block->bytes + block->used;
    block->used += rounded;
    return p;
}

void
gsp_arena_fini(struct gsp_arena *a)
{
    struct gsp_arena_block *block = a->blocks;

    while (block) {
        struct gsp_arena_block *next = block->next;

        gsp_host_free(a->host, block);
        block = next;
    }
    a->blocks = NULL;
}
