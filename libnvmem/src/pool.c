/* SPDX-License-Identifier: MIT */
/*
 * Pieces of one buffer: a heap over its offsets.
 */
#include <errno.h>

#include "buffer_priv.h"

struct nvmem_pool {
    struct nvmem_buffer *buffer; /* a reference */
    struct nvmem_heap *heap;
};

int
nvmem_pool_create(struct nvmem_buffer *b, uint64_t granule_bytes, struct nvmem_pool **pool_out,
                  struct gsp_error *err)
{
    const struct nvmem_heap_config config = {
        .host = b->dev->host, .name = b->name, .granule_bytes = granule_bytes, .threads = true};
    struct nvmem_pool *p = gsp_host_alloc(b->dev->host, sizeof(*p));
    int rc;

    if (!p)
        return nvmem_no_memory(err, "pool");
    rc =
        nvmem_heap_create(&config, &(struct nvmem_region){.bytes = b->bytes}, 1, &p->heap, err);
    if (rc < 0) {
        gsp_host_free(b->dev->host, p);
        return rc;
    }
    p->buffer = nvmem_buffer_ref(b);
    *pool_out = p;
    return 0;
}

int
nvmem_pool_destroy(struct nvmem_pool *p, struct gsp_error *err)
{
    const struct gsp_host *host;
    int rc;

    if (!p)
        return 0;
    host = p->buffer->dev->host;
    rc = nvmem_buffer_unref(p->buffer, err);
    if (rc < 0)
        return rc;
    nvmem_heap_destroy(p->heap);
    gsp_host_free(host, p);
    return 0;
}

int
nvmem_pool_alloc(struct nvmem_pool *p, uint64_t bytes, uint64_t align,
                 struct nvmem_piece *piece_out, struct gsp_error *err)
{
    const struct nvmem_request request = {.bytes = bytes, .align = align};
    struct nvmem_range range;
    int rc = nvmem_heap_alloc(p->heap, &request, &range, err);

    if (rc < 0)
        return rc;
    *piece_out = (struct nvmem_piece){
        .buffer = p->buffer,
        .offset = range.addr,
        .bytes = range.bytes,
        .gpu_va = p->buffer->mapped ? p->buffer->va.addr + range.addr : 0,
        .id = range.id,
    };
    return 0;
}

int
nvmem_pool_free(struct nvmem_pool *p, const struct nvmem_piece *piece, struct gsp_error *err)
{
    const struct nvmem_range range = {piece->offset, piece->bytes, piece->id};

    return nvmem_heap_free(p->heap, &range, err);
}
