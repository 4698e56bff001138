/* SPDX-License-Identifier: MIT */
/*
 * Memory behind buffers: ranges of the card's heap and pieces of system memory (direct), or
 * RM's memory objects (kernel).
 */
#include <errno.h>
#include <string.h>

#include <nvrm/ids.h>
#include <nvrm/types.h>

#include "buffer_priv.h"

#define KIB_64 (UINT64_C(64) << 10)
#define MIB_2  (UINT64_C(2) << 20)

enum { /* NVOS32_* (nvos.h) */
       TYPE_IMAGE = 0,
       ATTR_PAGE_4KB = 1u << 23,
       ATTR_PAGE_BIG = 2u << 23,
       ATTR_PAGE_HUGE = 3u << 23,
       ATTR_LOCATION_PCI = 1u << 25,
       ATTR_NONCONTIGUOUS = 1u << 27,
       ATTR_CONTIGUOUS = 2u << 27,
       ATTR_ALLOW_NONCONTIGUOUS = 3u << 27,
       ATTR_WRITE_COMBINE = 2u << 29,
       ATTR2_CACHEABLE_YES = 1 << 2,
       ATTR2_CACHEABLE_NO = 2 << 2,
       ATTR2_HUGE_2MB = 1 << 20,
       ALLOC_IGNORE_BANK = 0x1,
       ALLOC_ALIGNMENT_FORCE = 0x100,
       ALLOC_HANDLE_PROVIDED = 0x4000,
       ALLOC_MAP_NOT_REQUIRED = 0x8000,
       ALLOC_PERSISTENT = 0x10000,
};
#define ATTR_WRITE_BACK (5u << 29)

/* Direct: video memory */

/* The largest page that the size has room for. */
static uint64_t
natural_page(uint64_t bytes)
{
    return bytes >= MIB_2 ? MIB_2 : bytes >= KIB_64 ? KIB_64 : NVMEM_PAGE;
}

static int
add_range(struct nvmem_backing *m, const struct nvmem_range *r)
{
    struct nvmem_range *ranges =
        gsp_host_realloc(m->card->host, m->ranges, (m->count + 1) * sizeof(*ranges));
    struct nvmem_extent *extents;

    if (!ranges)
        return -ENOMEM;
    m->ranges = ranges;
    extents = gsp_host_realloc(m->card->host, m->extents, (m->count + 1) * sizeof(*extents));
    if (!extents)
        return -ENOMEM;
    m->extents = extents;
    m->ranges[m->count] = *r;
    m->extents[m->count++] = (struct nvmem_extent){r->addr, r->bytes};
    return 0;
}

static int
take_range(struct nvmem_backing *m, const struct nvmem_request *request, struct gsp_error *err)
{
    struct nvmem_range range;
    int rc = nvmem_heap_alloc(m->card->vram, request, &range, err);

    if (rc < 0)
        return rc;
    rc = add_range(m, &range);
    if (rc < 0) {
        (void)!nvmem_heap_free(m->card->vram, &range, NULL);
        return nvmem_no_memory(err, "buffer");
    }
    return 0;
}

/* Pieces of what is free, the largest first. */
static int
gather(struct nvmem_backing *m, struct nvmem_request request, struct gsp_error *err)
{
    const uint64_t smallest = request.page_bytes;
    uint64_t left = request.bytes, piece = left;
    int rc = 0;

    while (left) {
        const uint64_t page = natural_page(piece);

        request.bytes = piece < left ? piece : left;
        request.page_bytes = smallest;
        request.align = page;
        rc = take_range(m, &request, err);
        if (rc == 0) {
            left -= request.bytes;
        } else if (rc != -ENOSPC || piece == smallest) {
            return rc;
        } else {
            piece = piece / 2 & ~(smallest - 1);
            piece = piece ? piece : smallest;
        }
    }
    return 0;
}

static int
make_video(struct nvmem_buffer *b, struct nvmem_backing *m, struct gsp_error *err)
{
    const uint64_t page = b->page_bytes ? b->page_bytes : natural_page(b->bytes);
    const uint64_t granule = b->page_bytes ? b->page_bytes : page < KIB_64 ? page : KIB_64;
    const struct nvmem_request request = {
        .bytes = b->bytes,
        .align = b->align > page ? b->align : page,
        .page_bytes = granule,
        .owner = b->owner,
    };
    struct nvmem_heap_stat stat;
    int rc = take_range(m, &request, err);

    if (rc != -ENOSPC || b->flags & NVMEM_BUFFER_CONTIGUOUS || granule >= b->bytes)
        return rc;
    nvmem_heap_stat(m->card->vram, &stat);
    if (stat.total_bytes - stat.used_bytes < b->bytes)
        return rc; /* there is not as much in pieces either */
    return gather(m, request, err);
}

static int
make_system(struct nvmem_buffer *b, struct nvmem_backing *m, struct gsp_error *err)
{
    const struct nvmem_range none = {0};
    int rc = nvmem_card_dma_alloc(m->card, b->bytes, &m->dma, err);

    if (rc == 0 && add_range(m, &none) < 0)
        rc = nvmem_no_memory(err, "buffer");
    if (rc == 0)
        m->extents[0] = (struct nvmem_extent){m->dma.bus_addr, b->bytes};
    return rc;
}

void
nvmem_backing_unref(struct nvmem_backing *m)
{
    const struct gsp_host *host;

    if (!m || atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    host = m->card->host;
    for (size_t i = 0; i < m->count && !m->dma.cpu; i++)
        (void)!nvmem_heap_free(m->card->vram, &m->ranges[i], NULL);
    nvmem_card_dma_free(m->card, &m->dma);
    gsp_host_free(host, m->ranges);
    gsp_host_free(host, m->extents);
    nvmem_card_unref(m->card);
    gsp_host_free(host, m);
}

int
nvmem_backing_create(struct nvmem_buffer *b, struct gsp_error *err)
{
    struct nvmem_backing *m = gsp_host_alloc(b->dev->host, sizeof(*m));
    int rc;

    if (!m)
        return nvmem_no_memory(err, "buffer");
    atomic_init(&m->refs, 1);
    m->card = nvmem_card_ref(b->dev->card);
    rc = b->placement == NVMEM_PLACE_VRAM ? make_video(b, m, err) : make_system(b, m, err);
    if (rc < 0) {
        nvmem_backing_unref(m);
        return rc;
    }
    b->backing = m;
    return 0;
}

/* Kernel: RM's object */

static uint32_t
attributes(const struct nvmem_buffer *b)
{
    const uint64_t page = b->page_bytes ? b->page_bytes : natural_page(b->bytes);
    const bool whole = b->flags & NVMEM_BUFFER_CONTIGUOUS;

    if (b->placement != NVMEM_PLACE_VRAM)
        return ATTR_LOCATION_PCI | (whole ? ATTR_CONTIGUOUS : ATTR_NONCONTIGUOUS) |
               ATTR_PAGE_4KB |
               (b->placement == NVMEM_PLACE_COHERENT ? ATTR_WRITE_BACK : ATTR_WRITE_COMBINE);
    return (whole ? ATTR_CONTIGUOUS : ATTR_ALLOW_NONCONTIGUOUS) | ATTR_WRITE_COMBINE |
           (page == MIB_2    ? ATTR_PAGE_HUGE
            : page == KIB_64 ? ATTR_PAGE_BIG
                             : ATTR_PAGE_4KB);
}

static uint32_t
more_attributes(const struct nvmem_buffer *b)
{
    const uint64_t page = b->page_bytes ? b->page_bytes : natural_page(b->bytes);
    const bool cached = b->placement == NVMEM_PLACE_VRAM && !(b->flags & NVMEM_BUFFER_UNCACHED);

    return (cached ? ATTR2_CACHEABLE_YES : ATTR2_CACHEABLE_NO) |
           (b->placement == NVMEM_PLACE_VRAM && page == MIB_2 ? ATTR2_HUGE_2MB : 0);
}

static int
make_object(struct nvmem_buffer *b, struct gsp_error *err)
{
    const bool video = b->placement == NVMEM_PLACE_VRAM;
    const struct NV_MEMORY_ALLOCATION_PARAMS p = {
        .owner = rm_client_handle(b->dev->client),
        .type = TYPE_IMAGE,
        .flags = ALLOC_IGNORE_BANK | ALLOC_HANDLE_PROVIDED | ALLOC_MAP_NOT_REQUIRED |
                 (video ? ALLOC_PERSISTENT : 0) | (b->align ? ALLOC_ALIGNMENT_FORCE : 0),
        .attr = attributes(b),
        .attr2 = more_attributes(b),
        .size = b->bytes,
        .alignment = b->align,
    };

    return nvmem_rm_alloc(b->dev, b->dev->device,
                          video ? NV01_MEMORY_LOCAL_USER : NV01_MEMORY_SYSTEM, &p, &b->memory,
                          err);
}

int
nvmem_buffer_memory_alloc(struct nvmem_buffer *b, struct gsp_error *err)
{
    return b->dev->bus ? nvmem_backing_create(b, err) : make_object(b, err);
}

void
nvmem_buffer_memory_free(struct nvmem_buffer *b)
{
    nvmem_backing_unref(b->backing);
    nvmem_rm_free(b->dev, b->memory);
    b->backing = NULL;
    b->memory = 0;
}
