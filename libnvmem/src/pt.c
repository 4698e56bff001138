/* SPDX-License-Identifier: MIT */
/*
 * Page tables: requests are checked here and put together from what pt_fill.c (tables and
 * entries of a stretch) and pt_range.c (holes, splits, clearing, joining) do.
 */
#include <errno.h>
#include <inttypes.h>

#include "pt_priv.h"

#define PAGE UINT64_C(4096)

/* Creation */

int
nvmem_pt_create(const struct nvmem_pt_config *config, struct nvmem_pt **pt_out,
                struct gsp_error *err)
{
    struct nvmem_pt *pt;
    int rc;

    if ((unsigned)config->format >= NVMEM_PT_FORMATS || !config->ops ||
        !config->ops->table_alloc || !config->ops->table_free)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "page tables need a known format, table_alloc and table_free");
    pt = gsp_host_alloc(config->host, sizeof(*pt));
    if (!pt)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for page tables");
    pt->config = *config;
    pt->format = &nvmem_pt_formats[config->format];
    pt->root = nvmem_pt_table_new(pt, 0, &rc);
    if (!pt->root) {
        gsp_host_free(config->host, pt);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no memory for a page directory");
    }
    pt->root->linked = true;
    pthread_mutex_init(&pt->lock, NULL);
    *pt_out = pt;
    return 0;
}

static void
free_retired(struct nvmem_pt *pt)
{
    while (pt->retired) {
        struct table *t = pt->retired;

        pt->retired = t->next;
        nvmem_pt_table_free(pt, t);
    }
    pt->stat.retired = 0;
}

void
nvmem_pt_destroy(struct nvmem_pt *pt)
{
    if (!pt)
        return;
    free_retired(pt);
    nvmem_pt_tables_free(pt, pt->root);
    pthread_mutex_destroy(&pt->lock);
    gsp_host_free(pt->config.host, pt);
}

const struct nvmem_pt_memory *
nvmem_pt_root(const struct nvmem_pt *pt)
{
    return &pt->root->memory;
}

uint32_t
nvmem_pt_root_entries(const struct nvmem_pt *pt)
{
    return entry_count(pt->format, 0);
}

uint64_t
nvmem_pt_va_limit(const struct nvmem_pt *pt)
{
    return UINT64_C(1) << pt->format->va_bits;
}

void
nvmem_pt_stat(struct nvmem_pt *pt, struct nvmem_pt_stat *stat_out)
{
    pt_lock(pt);
    *stat_out = pt->stat;
    pt_unlock(pt);
}

/* Requests */

static int
check_range(const struct nvmem_pt *pt, uint64_t va, uint64_t bytes, struct gsp_error *err)
{
    if (!bytes || (va | bytes) & (PAGE - 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "0x%" PRIx64 ", 0x%" PRIx64 " bytes: both must be multiples of 4 KiB",
                        va, bytes);
    if (va >= nvmem_pt_va_limit(pt) || bytes > nvmem_pt_va_limit(pt) - va)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "0x%" PRIx64 ", 0x%" PRIx64 " bytes: addresses have %u bits", va, bytes,
                        pt->format->va_bits);
    return 0;
}

static int
check_addr(const struct nvmem_pt *pt, const struct nvmem_target *t, uint64_t addr,
           uint64_t bytes, struct gsp_error *err)
{
    if (t->flags & NVMEM_MAP_SPARSE)
        return 0;
    if (addr & (PAGE - 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "memory at 0x%" PRIx64 " is no multiple of 4 KiB", addr);
    if (bytes - 1 > UINT64_MAX - addr ||
        !field_holds(pt->format->addr[t->aperture], addr + bytes - 1))
        return gsp_fail(
            err, GSP_ORIGIN_INPUT, -ERANGE,
            "memory up to 0x%" PRIx64 ": an entry holds %d bits of it", addr + bytes - 1,
            pt->format->addr[t->aperture].bits + pt->format->addr[t->aperture].drop);
    return 0;
}

static int
check_target(const struct nvmem_pt *pt, const struct nvmem_target *t, struct gsp_error *err)
{
    const uint64_t sizes = nvmem_pt_page_sizes(pt->config.format);

    if ((unsigned)t->aperture > NVMEM_SYSTEM_NONCOHERENT || t->peer > 7 || t->flags >> 6)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "aperture %d, peer %u, flags 0x%x: not all of them are known",
                        t->aperture, t->peer, t->flags);
    if (!field_holds(pt->format->kind, t->kind))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "kind 0x%x: this MMU has kinds of %d bits", t->kind,
                        pt->format->kind.bits);
    if ((t->page_bytes & (t->page_bytes - 1)) || (t->page_bytes && !(t->page_bytes & sizes)))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "this MMU has no pages of 0x%" PRIx64 " bytes", t->page_bytes);
    return 0;
}

/* A page entry of the target but for its address. */
static uint64_t
base_of(const struct format *f, const struct nvmem_target *t)
{
    uint64_t word =
        f->valid | field_put(f->aperture, t->aperture) | field_put(f->kind, t->kind);

    if (t->aperture == NVMEM_PEER)
        word |= field_put(f->peer, t->peer);
    for (unsigned i = 0; i < 5; i++)
        if (t->flags & 1u << i)
            word |= f->flag[i];
    return word;
}

static int
reserve_failed(int rc, uint64_t at, struct gsp_error *err)
{
    if (rc == -EEXIST)
        return gsp_fail(err, GSP_ORIGIN_INPUT, rc, "something is mapped at 0x%" PRIx64, at);
    return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no memory for the page table of 0x%" PRIx64,
                    at);
}

/* The i-th stretch of a mapping. */
static struct stretch
stretch_of(const struct nvmem_pt *pt, uint64_t va, const struct nvmem_extent *x,
           const struct nvmem_target *t, bool replace)
{
    return (struct stretch){.va = va,
                            .end = va + x->bytes,
                            .addr = x->addr,
                            .target = t,
                            .base = base_of(pt->format, t),
                            .replace = replace};
}

static int
reserve_all(struct nvmem_pt *pt, uint64_t va, const struct nvmem_extent *x, size_t count,
            const struct nvmem_target *t, bool replace, struct gsp_error *err)
{
    for (size_t i = 0; i < count; va += x[i++].bytes) {
        const struct stretch s = stretch_of(pt, va, &x[i], t, replace);
        uint64_t at = va;
        const int rc = nvmem_pt_reserve(pt, &s, &at);

        if (rc < 0)
            return reserve_failed(rc, at, err);
    }
    return 0;
}

static void
fill_all(struct nvmem_pt *pt, uint64_t va, const struct nvmem_extent *x, size_t count,
         const struct nvmem_target *t)
{
    for (size_t i = 0; i < count; va += x[i++].bytes) {
        const struct stretch s = stretch_of(pt, va, &x[i], t, false);

        nvmem_pt_fill(pt, &s);
    }
}

static int
check_extents(const struct nvmem_pt *pt, uint64_t va, const struct nvmem_extent *x,
              size_t count, const struct nvmem_target *t, uint64_t *end_out,
              struct gsp_error *err)
{
    int rc = check_target(pt, t, err);

    *end_out = va;
    if (!rc && !count)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "nothing to map at 0x%" PRIx64, va);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = check_range(pt, *end_out, x[i].bytes, err);
        if (!rc)
            rc = check_addr(pt, t, x[i].addr, x[i].bytes, err);
        *end_out += x[i].bytes;
    }
    return rc;
}

int
nvmem_pt_map_extents(struct nvmem_pt *pt, uint64_t va, const struct nvmem_extent *extents,
                     size_t count, const struct nvmem_target *target, struct gsp_error *err)
{
    uint64_t end;
    int rc = check_extents(pt, va, extents, count, target, &end, err);

    if (rc < 0)
        return rc;
    pt_lock(pt);
    rc = reserve_all(pt, va, extents, count, target, false, err);
    if (rc < 0)
        nvmem_pt_prune(pt, va, end);
    else
        fill_all(pt, va, extents, count, target);
    pt_unlock(pt);
    return rc;
}

int
nvmem_pt_map(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
             const struct nvmem_target *target, struct gsp_error *err)
{
    const struct nvmem_extent all = {target->addr, bytes};

    return nvmem_pt_map_extents(pt, va, &all, 1, target, err);
}

/* Pages end where the range does. */
static int
cut_ends(struct nvmem_pt *pt, uint64_t va, uint64_t end, struct gsp_error *err)
{
    int rc = nvmem_pt_split(pt, va);

    if (!rc && end < nvmem_pt_va_limit(pt))
        rc = nvmem_pt_split(pt, end);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc,
                        "no memory for the table that splits a page of 0x%" PRIx64
                        " .. 0x%" PRIx64,
                        va, end - 1);
    return 0;
}

/* The same, and everything is mapped. */
static int
cut_out(struct nvmem_pt *pt, uint64_t va, uint64_t end, struct gsp_error *err)
{
    const uint64_t hole = nvmem_pt_hole(pt, va, end);

    if (hole != end)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "nothing is mapped at 0x%" PRIx64,
                        hole);
    return cut_ends(pt, va, end, err);
}

int
nvmem_pt_unmap(struct nvmem_pt *pt, uint64_t va, uint64_t bytes, struct gsp_error *err)
{
    int rc = check_range(pt, va, bytes, err);

    if (rc < 0)
        return rc;
    pt_lock(pt);
    rc = cut_out(pt, va, va + bytes, err);
    if (!rc)
        nvmem_pt_clear(pt, va, va + bytes);
    nvmem_pt_prune(pt, va, va + bytes);
    pt_unlock(pt);
    return rc;
}

int
nvmem_pt_clear_range(struct nvmem_pt *pt, uint64_t va, uint64_t bytes, struct gsp_error *err)
{
    int rc = check_range(pt, va, bytes, err);

    if (rc < 0)
        return rc;
    pt_lock(pt);
    if (!nvmem_pt_empty(pt, va, va + bytes)) {
        rc = cut_ends(pt, va, va + bytes, err);
        if (!rc)
            nvmem_pt_clear(pt, va, va + bytes);
        nvmem_pt_prune(pt, va, va + bytes);
    }
    pt_unlock(pt);
    return rc;
}

int
nvmem_pt_remap(struct nvmem_pt *pt, uint64_t va, uint64_t bytes,
               const struct nvmem_target *target, struct gsp_error *err)
{
    const struct nvmem_extent all = {target->addr, bytes};

    return nvmem_pt_remap_extents(pt, va, &all, 1, target, err);
}

int
nvmem_pt_remap_extents(struct nvmem_pt *pt, uint64_t va, const struct nvmem_extent *extents,
                       size_t count, const struct nvmem_target *target, struct gsp_error *err)
{
    uint64_t end;
    int rc = check_extents(pt, va, extents, count, target, &end, err);

    if (rc < 0)
        return rc;
    pt_lock(pt);
    rc = cut_out(pt, va, end, err);
    if (!rc)
        rc = reserve_all(pt, va, extents, count, target, true, err);
    if (!rc) {
        nvmem_pt_clear(pt, va, end);
        fill_all(pt, va, extents, count, target);
    }
    nvmem_pt_prune(pt, va, end);
    pt_unlock(pt);
    return rc;
}

int
nvmem_pt_split_pages(struct nvmem_pt *pt, uint64_t va, uint64_t bytes, uint64_t page_bytes,
                     struct gsp_error *err)
{
    int rc = check_range(pt, va, bytes, err);

    if (rc < 0)
        return rc;
    if ((page_bytes & (page_bytes - 1)) ||
        !(page_bytes & nvmem_pt_page_sizes(pt->config.format)))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "this MMU has no pages of 0x%" PRIx64 " bytes", page_bytes);
    pt_lock(pt);
    rc = nvmem_pt_split_to(pt, va, va + bytes, page_bytes);
    pt_unlock(pt);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no memory for a table that splits pages");
    return 0;
}

int
nvmem_pt_merge(struct nvmem_pt *pt, uint64_t va, uint64_t bytes, uint64_t *pages_out,
               struct gsp_error *err)
{
    int rc = check_range(pt, va, bytes, err);
    uint64_t made;

    if (rc < 0)
        return rc;
    pt_lock(pt);
    made = nvmem_pt_join(pt, va, va + bytes);
    nvmem_pt_prune(pt, va, va + bytes);
    pt_unlock(pt);
    if (pages_out)
        *pages_out = made;
    return 0;
}

/* Which level has entries of that size; the count of levels when none has. */
static unsigned
level_with(const struct format *f, uint64_t bytes)
{
    unsigned level = 0;

    while (level <= last_dir(f) && entry_bytes(f, level) != bytes)
        level++;
    return level <= last_dir(f) ? level : f->levels;
}

/* Tables from the root to `leaf`, pinned. */
static int
pin_levels(struct nvmem_pt *pt, uint64_t va, unsigned leaf, struct nvmem_pt_level *levels_out)
{
    const struct format *f = pt->format;
    struct table *t = pt->root;
    int rc = 0;

    for (unsigned level = 0;; level++) {
        const uint32_t i = entry_index(f, level, va);
        struct table *child;

        levels_out[level] = (struct nvmem_pt_level){
            t->memory, entry_count(f, level) * f->level[level].words * 8,
            f->level[level].shift};
        t->pinned = true;
        if (level == leaf)
            return 0;
        if (is_leaf(f, t, i))
            return -EEXIST;
        child = nvmem_pt_child(pt, t, i, level + 1, &rc);
        if (!child)
            return rc;
        if (!child->linked)
            nvmem_pt_link(pt, t, i, child);
        t = child;
    }
}

int
nvmem_pt_levels(struct nvmem_pt *pt, uint64_t va, uint64_t entry_size,
                struct nvmem_pt_level *levels_out, unsigned room, unsigned *count_out,
                struct gsp_error *err)
{
    const unsigned leaf = level_with(pt->format, entry_size);
    int rc = check_range(pt, va, PAGE, err);

    if (rc < 0)
        return rc;
    if (leaf >= room || leaf == pt->format->levels)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "no directory has entries of 0x%" PRIx64 " bytes, or it takes more"
                        " than %u levels",
                        entry_size, room);
    pt_lock(pt);
    rc = pin_levels(pt, va, leaf, levels_out);
    nvmem_pt_dirty(pt, va, va + PAGE, true);
    pt_unlock(pt);
    if (rc < 0)
        return reserve_failed(rc, va, err);
    *count_out = leaf + 1;
    return 0;
}

int
nvmem_pt_flush(struct nvmem_pt *pt, struct gsp_error *err)
{
    int rc = 0;

    pt_lock(pt);
    if (pt->dirty_to && pt->config.ops->invalidate) {
        const struct nvmem_pt_invalidate what = {.root = pt->root->memory.addr,
                                                 .root_aperture = pt->root->memory.aperture,
                                                 .va = pt->dirty_from,
                                                 .bytes = pt->dirty_to - pt->dirty_from,
                                                 .directories = pt->directories};

        rc = pt->config.ops->invalidate(pt->config.ctx, &what);
    }
    if (!rc) {
        pt->stat.flushes += pt->dirty_to != 0;
        pt->dirty_from = pt->dirty_to = 0;
        pt->directories = false;
        free_retired(pt);
    }
    pt_unlock(pt);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "the MMU did not drop its translations");
    return rc;
}
