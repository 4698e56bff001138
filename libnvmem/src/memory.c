/* SPDX-License-Identifier: MIT */
/* Memory of any kind: a row for each kind says where it comes from and where it goes. */
#include <errno.h>
#include <inttypes.h>

#include <nvmem/memory.h>

#define PAGE UINT64_C(4096)

static int
lacks_source(const char *what, struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP, "there is no source of %s here", what);
}

static int
contiguous_alloc(const struct nvmem_sources *s, const struct nvmem_request *q,
                 struct nvmem_memory *m, struct gsp_error *err)
{
    int rc;

    if (!s->heap)
        return lacks_source("contiguous VRAM", err);
    rc = nvmem_heap_alloc(s->heap, q, &m->range, err);
    m->one = (struct nvmem_extent){m->range.addr, m->range.bytes};
    return rc;
}

static int
contiguous_free(const struct nvmem_sources *s, struct nvmem_memory *m, struct gsp_error *err)
{
    return nvmem_heap_free(s->heap, &m->range, err);
}

static int
scattered_alloc(const struct nvmem_sources *s, const struct nvmem_request *q,
                struct nvmem_memory *m, struct gsp_error *err)
{
    if (!s->pages)
        return lacks_source("scattered VRAM", err);
    return nvmem_pages_alloc(s->pages, q->bytes, q->page_bytes ? q->page_bytes : PAGE, &m->list,
                             err);
}

static int
scattered_free(const struct nvmem_sources *s, struct nvmem_memory *m, struct gsp_error *err)
{
    return nvmem_pages_free(s->pages, &m->list, err);
}

static int
round_up(const struct nvmem_request *q, uint64_t *bytes_out, struct gsp_error *err)
{
    const uint64_t page = q->page_bytes > PAGE ? q->page_bytes : PAGE;

    if (!q->bytes || q->bytes > UINT64_MAX - page || (page & (page - 1)))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%" PRIu64 " bytes in pages of %" PRIu64 " cannot be allocated",
                        q->bytes, page);
    *bytes_out = (q->bytes + page - 1) & -page;
    return 0;
}

static int
sysmem_alloc(const struct nvmem_sources *s, const struct nvmem_request *q,
             struct nvmem_memory *m, struct gsp_error *err)
{
    uint64_t bytes = 0;
    int rc = round_up(q, &bytes, err);

    if (rc < 0)
        return rc;
    if (!s->sys_alloc || !s->sys_free)
        return lacks_source("system memory", err);
    rc = s->sys_alloc(s->ctx, bytes, &m->one, &m->cpu, &m->cookie);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no system memory of %" PRIu64 " bytes",
                        bytes);
    return 0;
}

static int
sysmem_free(const struct nvmem_sources *s, struct nvmem_memory *m, struct gsp_error *err)
{
    (void)err;
    s->sys_free(s->ctx, m->cookie);
    return 0;
}

static int
sparse_alloc(const struct nvmem_sources *s, const struct nvmem_request *q,
             struct nvmem_memory *m, struct gsp_error *err)
{
    (void)s;
    return round_up(q, &m->one.bytes, err);
}

static int
sparse_free(const struct nvmem_sources *s, struct nvmem_memory *m, struct gsp_error *err)
{
    (void)s, (void)m, (void)err;
    return 0;
}

static const struct {
    enum nvmem_aperture aperture;
    int (*alloc)(const struct nvmem_sources *s, const struct nvmem_request *q,
                 struct nvmem_memory *m, struct gsp_error *err);
    int (*free)(const struct nvmem_sources *s, struct nvmem_memory *m, struct gsp_error *err);
} kinds[] = {
    [NVMEM_CONTIGUOUS] = {NVMEM_VRAM,   contiguous_alloc, contiguous_free},
    [NVMEM_SCATTERED] = {NVMEM_VRAM,   scattered_alloc,  scattered_free },
    [NVMEM_SYSMEM] = {NVMEM_SYSTEM, sysmem_alloc,     sysmem_free    },
    [NVMEM_SPARSE] = {NVMEM_VRAM,   sparse_alloc,     sparse_free    },
};

int
nvmem_memory_alloc(const struct nvmem_sources *sources, enum nvmem_memory_kind kind,
                   const struct nvmem_request *request, struct nvmem_memory *memory_out,
                   struct gsp_error *err)
{
    struct nvmem_memory m = {.kind = kind};
    int rc;

    if ((unsigned)kind >= sizeof(kinds) / sizeof(kinds[0]))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "memory of kind %d is not known", kind);
    rc = kinds[kind].alloc(sources, request, &m, err);
    if (rc < 0)
        return rc;
    m.aperture = kinds[kind].aperture;
    m.bytes = kind == NVMEM_SCATTERED ? m.list.bytes : m.one.bytes;
    *memory_out = m;
    return 0;
}

int
nvmem_memory_free(const struct nvmem_sources *sources, struct nvmem_memory *memory,
                  struct gsp_error *err)
{
    int rc;

    if (!memory->bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EALREADY, "this memory was freed before");
    rc = kinds[memory->kind].free(sources, memory, err);
    if (!rc)
        *memory = (struct nvmem_memory){0};
    return rc;
}

const struct nvmem_extent *
nvmem_memory_extents(const struct nvmem_memory *memory, size_t *count_out)
{
    const bool list = memory->kind == NVMEM_SCATTERED;

    *count_out = list ? memory->list.count : memory->bytes > 0;
    return list ? memory->list.extents : &memory->one;
}

int
nvmem_memory_map(const struct nvmem_memory *memory, struct nvmem_pt *pt, uint64_t va,
                 const struct nvmem_target *how, struct gsp_error *err)
{
    struct nvmem_target t = *how;
    size_t count;
    const struct nvmem_extent *extents = nvmem_memory_extents(memory, &count);

    t.aperture = memory->aperture;
    if (memory->kind == NVMEM_SPARSE)
        t.flags |= NVMEM_MAP_SPARSE;
    return nvmem_pt_map_extents(pt, va, extents, count, &t, err);
}
