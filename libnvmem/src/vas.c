/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: requests are checked here, and addresses reserved; how memory gets behind
 * them is in vas_direct.c and vas_kernel.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "vas_priv.h"

#define PAGE UINT64_C(4096)

static const struct nvmem_vas_how all_of_it;

static void
lock(struct nvmem_vas *vas)
{
    if (vas->threads)
        pthread_mutex_lock(&vas->lock);
}

static void
unlock(struct nvmem_vas *vas)
{
    if (vas->threads)
        pthread_mutex_unlock(&vas->lock);
}

/* Creation */

int
nvmem_vas_init(struct nvmem_vas *vas, const struct nvmem_vas_config *config, uint64_t limit,
               const struct vas_ops *ops, struct gsp_error *err)
{
    const char *name = config->name ? config->name : "vas";
    const uint64_t bytes =
        config->bytes || config->base >= limit ? config->bytes : limit - config->base;
    const struct nvmem_heap_config heap = {.host = config->host,
                                           .name = name,
                                           .granule_bytes = PAGE,
                                           .threads = config->threads,
                                           .times = config->times};
    int rc;

    if (!bytes || (config->base | bytes) & (PAGE - 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: addresses from 0x%" PRIx64 ", 0x%" PRIx64
                        " bytes: both must be multiples of 4 KiB, and there must be some",
                        name, config->base, bytes);
    if (config->base >= limit || bytes > limit - config->base)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "%s: addresses from 0x%" PRIx64 ", 0x%" PRIx64
                        " bytes: the space ends at 0x%" PRIx64,
                        name, config->base, bytes, limit);
    rc = nvmem_heap_create(&heap, &(struct nvmem_region){.base = config->base, .bytes = bytes},
                           1, &vas->heap, err);
    if (rc < 0)
        return rc;
    vas->ops = ops;
    vas->host = config->host;
    vas->threads = config->threads;
    snprintf(vas->name, sizeof(vas->name), "%s", name);
    pthread_mutex_init(&vas->lock, NULL);
    return 0;
}

void
nvmem_vas_fini(struct nvmem_vas *vas)
{
    nvmem_heap_destroy(vas->heap);
    pthread_mutex_destroy(&vas->lock);
}

void
nvmem_vas_destroy(struct nvmem_vas *vas)
{
    if (vas)
        vas->ops->destroy(vas);
}

struct nvmem_heap *
nvmem_vas_heap(struct nvmem_vas *vas)
{
    return vas->heap;
}

struct nvmem_pt *
nvmem_vas_pt(struct nvmem_vas *vas)
{
    return vas->pt;
}

const char *
nvmem_vas_name(const struct nvmem_vas *vas)
{
    return vas->name;
}

/* Addresses */

/* A start that large pages can begin at, for whoever did not ask for one. */
static uint64_t
natural_align(uint64_t bytes)
{
    return bytes >= 2 << 20 ? 2 << 20 : bytes >= 64 << 10 ? 64 << 10 : 0;
}

int
nvmem_vas_reserve(struct nvmem_vas *vas, const struct nvmem_request *request,
                  struct nvmem_range *range_out, struct gsp_error *err)
{
    struct nvmem_request q = *request;
    int rc;

    if (!q.align && !q.page_bytes && !(q.flags & NVMEM_FIXED)) {
        q.align = natural_align(q.bytes);
        rc = nvmem_heap_alloc(vas->heap, &q, range_out, NULL);
        if (rc != -ENOSPC)
            return rc < 0 ? nvmem_heap_alloc(vas->heap, &q, range_out, err) : 0;
        q.align = 0;
    }
    return nvmem_heap_alloc(vas->heap, &q, range_out, err);
}

int
nvmem_vas_release(struct nvmem_vas *vas, const struct nvmem_range *range, struct gsp_error *err)
{
    int rc;

    lock(vas);
    rc = nvmem_heap_check(vas->heap, range, err);
    if (!rc)
        rc = vas->ops->unmap(vas, range->addr, range->bytes, true, err);
    if (!rc)
        rc = nvmem_heap_free(vas->heap, range, err);
    unlock(vas);
    return rc;
}

/* A part of a live reservation. The lock is held. */
static int
check_part(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t at, uint64_t bytes,
           struct gsp_error *err)
{
    const int rc = nvmem_heap_check(vas->heap, range, err);

    if (rc < 0)
        return rc;
    if (!bytes || (at | bytes) & (PAGE - 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: 0x%" PRIx64 " bytes at offset 0x%" PRIx64
                        " of a reservation: both must be multiples of 4 KiB",
                        vas->name, bytes, at);
    if (at > range->bytes || bytes > range->bytes - at)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "%s: offset 0x%" PRIx64 ", 0x%" PRIx64
                        " bytes: the reservation at 0x%" PRIx64 " has 0x%" PRIx64,
                        vas->name, at, bytes, range->addr, range->bytes);
    return 0;
}

/* Mapping */

static int
check_memory(const struct nvmem_vas *vas, const struct nvmem_vas_memory *memory,
             const struct nvmem_vas_how *how, uint64_t *bytes_out, struct gsp_error *err)
{
    *bytes_out = how->bytes;
    if (how->flags & NVMEM_MAP_SPARSE) {
        if (!how->bytes && memory)
            *bytes_out = memory->bytes;
        return 0;
    }
    if (!memory)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: no memory to map; only sparse addresses go without", vas->name);
    if (how->offset & (PAGE - 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: offset 0x%" PRIx64 " of the memory is no multiple of 4 KiB",
                        vas->name, how->offset);
    if (how->offset >= memory->bytes || how->bytes > memory->bytes - how->offset)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "%s: offset 0x%" PRIx64 ", 0x%" PRIx64
                        " bytes: the memory has 0x%" PRIx64,
                        vas->name, how->offset, how->bytes, memory->bytes);
    if (!how->bytes)
        *bytes_out = (memory->bytes - how->offset + PAGE - 1) & ~(PAGE - 1);
    return 0;
}

static int
map(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t at,
    const struct nvmem_vas_memory *memory, const struct nvmem_vas_how *how, bool replace,
    struct gsp_error *err)
{
    struct vas_map m = {.memory = memory, .how = how ? how : &all_of_it, .replace = replace};
    int rc = check_memory(vas, memory, m.how, &m.bytes, err);

    if (rc < 0)
        return rc;
    if (m.how->flags & NVMEM_MAP_SPARSE)
        m.memory = NULL;
    lock(vas);
    rc = check_part(vas, range, at, m.bytes, err);
    if (!rc) {
        m.va = range->addr + at;
        rc = vas->ops->map(vas, &m, err);
    }
    if (!rc) {
        vas->stat.maps += !replace;
        vas->stat.remaps += replace;
    }
    unlock(vas);
    return rc;
}

int
nvmem_vas_map(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t at,
              const struct nvmem_vas_memory *memory, const struct nvmem_vas_how *how,
              struct gsp_error *err)
{
    return map(vas, range, at, memory, how, false, err);
}

int
nvmem_vas_remap(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t at,
                const struct nvmem_vas_memory *memory, const struct nvmem_vas_how *how,
                struct gsp_error *err)
{
    return map(vas, range, at, memory, how, true, err);
}

int
nvmem_vas_unmap(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t at,
                uint64_t bytes, struct gsp_error *err)
{
    const bool holes = !bytes;
    int rc;

    if (!bytes && at < range->bytes)
        bytes = range->bytes - at;
    lock(vas);
    rc = check_part(vas, range, at, bytes, err);
    if (!rc)
        rc = vas->ops->unmap(vas, range->addr + at, bytes, holes, err);
    if (!rc)
        vas->stat.unmaps++;
    unlock(vas);
    return rc;
}

int
nvmem_vas_alloc(struct nvmem_vas *vas, const struct nvmem_request *request,
                const struct nvmem_vas_memory *memory, const struct nvmem_vas_how *how,
                struct nvmem_range *range_out, struct gsp_error *err)
{
    struct nvmem_request q = request ? *request : (struct nvmem_request){0};
    struct nvmem_range range;
    int rc = check_memory(vas, memory, how ? how : &all_of_it, &q.bytes, err);

    if (rc < 0)
        return rc;
    rc = nvmem_vas_reserve(vas, &q, &range, err);
    if (rc < 0)
        return rc;
    rc = nvmem_vas_map(vas, &range, 0, memory, how, err);
    if (rc < 0) {
        if (nvmem_heap_free(vas->heap, &range, NULL) < 0)
            return rc; /* cannot be: it was reserved above */
        return rc;
    }
    *range_out = range;
    return 0;
}

int
nvmem_vas_merge(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t *pages_out,
                struct gsp_error *err)
{
    uint64_t pages = 0;
    int rc;

    lock(vas);
    rc = nvmem_heap_check(vas->heap, range, err);
    if (!rc)
        rc = vas->ops->merge(vas, range->addr, range->bytes, &pages, err);
    unlock(vas);
    if (pages_out)
        *pages_out = pages;
    return rc;
}

int
nvmem_vas_split(struct nvmem_vas *vas, const struct nvmem_range *range, uint64_t page_bytes,
                struct gsp_error *err)
{
    int rc;

    lock(vas);
    rc = nvmem_heap_check(vas->heap, range, err);
    if (!rc)
        rc = vas->ops->split(vas, range->addr, range->bytes, page_bytes, err);
    unlock(vas);
    return rc;
}

int
nvmem_vas_flush(struct nvmem_vas *vas, struct gsp_error *err)
{
    int rc;

    lock(vas);
    rc = vas->ops->flush(vas, err);
    unlock(vas);
    return rc;
}

/* Reports */

bool
nvmem_vas_walk(struct nvmem_vas *vas, uint64_t va, struct nvmem_pt_entry *entry_out)
{
    bool mapped;

    lock(vas);
    mapped = vas->ops->walk(vas, va, entry_out);
    unlock(vas);
    return mapped;
}

int
nvmem_vas_each(struct nvmem_vas *vas, int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
               void *ctx)
{
    int rc;

    lock(vas);
    rc = vas->ops->each(vas, fn, ctx);
    unlock(vas);
    return rc;
}

void
nvmem_vas_stat(struct nvmem_vas *vas, struct nvmem_vas_stat *stat_out)
{
    struct nvmem_heap_stat heap;

    lock(vas);
    nvmem_heap_stat(vas->heap, &heap);
    *stat_out = vas->stat;
    stat_out->reserved_bytes = heap.used_bytes;
    stat_out->reservations = heap.used_ranges;
    vas->ops->stat(vas, stat_out);
    unlock(vas);
}

/* Extents */

size_t
nvmem_vas_slice(const struct nvmem_extent *x, size_t count, uint64_t offset, uint64_t bytes,
                struct nvmem_extent *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count && bytes; i++) {
        uint64_t here;

        if (offset >= x[i].bytes) {
            offset -= x[i].bytes;
            continue;
        }
        here = x[i].bytes - offset < bytes ? x[i].bytes - offset : bytes;
        if (out)
            out[n] = (struct nvmem_extent){x[i].addr + offset, here};
        n++;
        bytes -= here;
        offset = 0;
    }
    return bytes ? 0 : n;
}
