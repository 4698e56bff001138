/* SPDX-License-Identifier: MIT */
/* An address space whose page tables are ours. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "vas_priv.h"

enum { EXTENTS_AT_HAND = 16 };

/* The extents that a map covers: the memory's own where it is all of it, else a copy. */
static int
map_extents(struct nvmem_vas *vas, const struct vas_map *m, const struct nvmem_target *t,
            struct gsp_error *err)
{
    const struct nvmem_vas_memory *memory = m->memory;
    struct nvmem_extent few[EXTENTS_AT_HAND], *x = few;
    const size_t count =
        nvmem_vas_slice(memory->extents, memory->extent_count, m->how->offset, m->bytes, NULL);
    int rc;

    if (!count)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: the extents of the memory have less than its 0x%" PRIx64 " bytes",
                        vas->name, memory->bytes);
    if (count > EXTENTS_AT_HAND)
        x = gsp_host_alloc(vas->host, count * sizeof(*x));
    if (!x)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory for %zu extents",
                        vas->name, count);
    nvmem_vas_slice(memory->extents, memory->extent_count, m->how->offset, m->bytes, x);
    rc = m->replace ? nvmem_pt_remap_extents(vas->pt, m->va, x, count, t, err)
                    : nvmem_pt_map_extents(vas->pt, m->va, x, count, t, err);
    if (x != few)
        gsp_host_free(vas->host, x);
    return rc;
}

static int
direct_map(struct nvmem_vas *vas, const struct vas_map *m, struct gsp_error *err)
{
    const struct nvmem_target t = {.aperture = m->memory ? m->memory->aperture : NVMEM_VRAM,
                                   .flags = m->how->flags,
                                   .kind = m->how->kind,
                                   .peer = m->memory ? m->memory->peer : 0,
                                   .page_bytes = m->how->page_bytes};

    if (m->memory)
        return map_extents(vas, m, &t, err);
    return m->replace ? nvmem_pt_remap(vas->pt, m->va, m->bytes, &t, err)
                      : nvmem_pt_map(vas->pt, m->va, m->bytes, &t, err);
}

static int
direct_unmap(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, bool holes,
             struct gsp_error *err)
{
    return holes ? nvmem_pt_clear_range(vas->pt, va, bytes, err)
                 : nvmem_pt_unmap(vas->pt, va, bytes, err);
}

static int
direct_merge(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, uint64_t *pages_out,
             struct gsp_error *err)
{
    return nvmem_pt_merge(vas->pt, va, bytes, pages_out, err);
}

static int
direct_split(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, uint64_t page_bytes,
             struct gsp_error *err)
{
    return nvmem_pt_split_pages(vas->pt, va, bytes, page_bytes, err);
}

static int
direct_flush(struct nvmem_vas *vas, struct gsp_error *err)
{
    return nvmem_pt_flush(vas->pt, err);
}

static bool
direct_walk(struct nvmem_vas *vas, uint64_t va, struct nvmem_pt_entry *entry_out)
{
    return nvmem_pt_walk(vas->pt, va, entry_out);
}

static int
direct_each(struct nvmem_vas *vas, int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
            void *ctx)
{
    return nvmem_pt_each(vas->pt, fn, ctx);
}

static void
direct_stat(struct nvmem_vas *vas, struct nvmem_vas_stat *stat_out)
{
    struct nvmem_pt_stat s;

    nvmem_pt_stat(vas->pt, &s);
    stat_out->mapped_bytes = s.mapped_bytes;
    stat_out->sparse_bytes = s.sparse_bytes;
    stat_out->flushes = s.flushes;
    stat_out->table_bytes = s.table_bytes;
    stat_out->words_written = s.words_written;
}

static void
direct_destroy(struct nvmem_vas *vas)
{
    nvmem_pt_destroy(vas->pt);
    nvmem_vas_fini(vas);
    gsp_host_free(vas->host, vas);
}

static const struct vas_ops direct_ops = {
    .map = direct_map,
    .unmap = direct_unmap,
    .merge = direct_merge,
    .split = direct_split,
    .flush = direct_flush,
    .walk = direct_walk,
    .each = direct_each,
    .stat = direct_stat,
    .destroy = direct_destroy,
};

int
nvmem_vas_create_direct(const struct nvmem_vas_direct *config, struct nvmem_vas **vas_out,
                        struct gsp_error *err)
{
    const struct gsp_host *host = config->space.host;
    const struct nvmem_pt_config tables = {.host = host,
                                           .format = config->format,
                                           .ops = config->tables,
                                           .ctx = config->ctx,
                                           .threads = config->space.threads};
    struct nvmem_vas *vas = gsp_host_alloc(host, sizeof(*vas));
    int rc;

    if (!vas)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for an address space");
    rc = nvmem_pt_create(&tables, &vas->pt, err);
    if (!rc)
        rc = nvmem_vas_init(vas, &config->space, nvmem_pt_va_limit(vas->pt), &direct_ops, err);
    if (rc < 0) {
        nvmem_pt_destroy(vas->pt);
        gsp_host_free(host, vas);
        return rc;
    }
    *vas_out = vas;
    return 0;
}
