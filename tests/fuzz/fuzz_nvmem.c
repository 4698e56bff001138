/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as calls of four: op, slot, and two numbers. Ranges, objects, scattered pages and
 * page tables are judged by a map of pages each; memory for bookkeeping and tables may run out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/cache.h>
#include <nvmem/pages.h>
#include <nvmem/pt.h>
#include <nvmem/slab.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGE UINT64_C(4096)
#define VA   ((UINT64_C(1) << 29) - 1024 * PAGE)

enum { SLOTS = 64, HEAP_PAGES = 1024, VA_PAGES = 2048 };

struct state {
    long budget; /* allocations until one fails; < 0: never */
    struct nvmem_heap *heap;
    struct nvmem_cache *cache;
    struct nvmem_slab *slab;
    struct nvmem_pages *pages;
    struct nvmem_pt *pt;
    struct nvmem_range range[SLOTS], object[SLOTS];
    struct nvmem_page_list list[SLOTS];
    uint8_t held[HEAP_PAGES];
    struct {
        bool mapped, sparse;
        uint64_t addr;
    } va[VA_PAGES];
};

static void
must(bool truth)
{
    if (!truth)
        abort();
}

static void *
limited_realloc(void *ctx, void *old, size_t bytes)
{
    struct state *s = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    if (s->budget == 0)
        return NULL;
    s->budget -= s->budget > 0;
    return realloc(old, bytes);
}

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    (void)align;
    *memory_out =
        (struct nvmem_pt_memory){.addr = 4096, .cpu = limited_realloc(ctx, NULL, bytes)};
    return memory_out->cpu ? 0 : -ENOMEM;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    (void)ctx;
    free(memory->cpu);
}

static int
table_read(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out, size_t count)
{
    (void)ctx;
    memcpy(words_out, memory->cpu, count * 8);
    return 0;
}

static const struct nvmem_pt_ops ops = {.table_alloc = table_alloc, .table_free = table_free};

static void
hold(struct state *s, const struct nvmem_range *r, uint8_t was, uint8_t is)
{
    for (uint64_t p = r->addr / PAGE; p < (r->addr + r->bytes) / PAGE; p++) {
        must(p < HEAP_PAGES && s->held[p] == was);
        s->held[p] = is;
    }
}

static void
range_alloc(struct state *s, unsigned slot, uint8_t a, uint8_t b)
{
    const struct nvmem_request q = {
        .bytes = a * 512u,
        .align = b & 1 ? PAGE << (b >> 5) : 0,
        .flags = (b & 2 ? NVMEM_FIXED : 0) | (b & 4 ? NVMEM_TOP_DOWN : 0),
        .fixed_addr = (b >> 3) * 32 * PAGE,
        .min_addr = b & 8 ? a * PAGE : 0,
    };
    struct nvmem_range r;
    int rc;

    if (s->range[slot].id)
        return;
    rc = b & 16 ? nvmem_cache_alloc(s->cache, &q, &r, NULL)
                : nvmem_heap_alloc(s->heap, &q, &r, NULL);
    if (rc < 0)
        return;
    must(r.bytes >= q.bytes && r.addr >= q.min_addr && !(r.addr & (q.align ? q.align - 1 : 0)));
    hold(s, &r, 0, (uint8_t)(slot + 1));
    s->range[slot] = r;
}

static void
range_free(struct state *s, unsigned slot, uint8_t a, uint8_t b)
{
    struct nvmem_range r = s->range[slot];
    int rc;

    if (a & 1)
        r.id ^= (uint64_t)b << (a >> 2);
    rc = a & 2 ? nvmem_cache_free(s->cache, &r, NULL) : nvmem_heap_free(s->heap, &r, NULL);
    if (rc == 0) {
        must(r.id == s->range[slot].id); /* a forged name frees nothing */
        hold(s, &r, (uint8_t)(slot + 1), 0);
        must(nvmem_heap_free(s->heap, &r, NULL) < 0);
        s->range[slot].id = 0;
    } else {
        must(!s->range[slot].id || r.id != s->range[slot].id);
    }
}

static void
object(struct state *s, unsigned slot, uint8_t a, uint8_t b)
{
    struct nvmem_range *r = &s->object[slot];

    (void)b;
    if (!r->id) {
        if (nvmem_slab_alloc(s->slab, r, NULL) < 0)
            r->id = 0;
        return;
    }
    must(nvmem_slab_free(s->slab, r, NULL) == 0);
    must(nvmem_slab_free(s->slab, r, NULL) < 0);
    r->id = 0;
    if (a & 1)
        nvmem_slab_trim(s->slab);
}

static void
scattered(struct state *s, unsigned slot, uint8_t a, uint8_t b)
{
    static const uint64_t sizes[4] = {PAGE, 65536, 2 << 20, 12};
    struct nvmem_page_list *list = &s->list[slot];

    if (list->count)
        must(nvmem_pages_free(s->pages, list, NULL) == 0);
    else if (nvmem_pages_alloc(s->pages, a * (b >> 2) * PAGE, sizes[b & 3], list, NULL) < 0)
        must(!list->count);
}

static void
compare(struct state *s, unsigned i)
{
    struct nvmem_pt_entry e;
    const uint64_t va = VA + i * PAGE;

    must(nvmem_pt_walk(s->pt, va, &e) == s->va[i].mapped);
    if (!s->va[i].mapped)
        return;
    must(s->va[i].sparse == (e.target.flags == NVMEM_MAP_SPARSE));
    must(s->va[i].sparse || e.target.addr + (va - e.va) == s->va[i].addr);
}

static void
note(struct state *s, unsigned i, unsigned count, const struct nvmem_target *t)
{
    for (unsigned k = 0; k < count; k++) {
        s->va[i + k].mapped = t;
        s->va[i + k].sparse = t && t->flags;
        s->va[i + k].addr = t ? t->addr + k * PAGE : 0;
    }
}

static void
tables(struct state *s, unsigned slot, uint8_t a, uint8_t b)
{
    const unsigned i = slot * 32 + (b >> 3), most = VA_PAGES - i;
    const unsigned count = a * (b & 1 ? 8u : 1u) < most ? a * (b & 1 ? 8u : 1u) : most;
    const struct nvmem_target t = {.addr = b & 16 ? i * PAGE : (i + 3) * PAGE,
                                   .flags = b & 8 ? NVMEM_MAP_SPARSE : 0};
    const uint64_t va = VA + i * PAGE;
    unsigned mapped = 0;
    int rc;

    for (unsigned k = 0; k < count; k++)
        mapped += s->va[i + k].mapped;
    if (b & 4) {
        rc = b & 2 ? nvmem_pt_remap(s->pt, va, count * PAGE, &t, NULL)
                   : nvmem_pt_unmap(s->pt, va, count * PAGE, NULL);
        must(rc != -ENOENT || mapped < count);
        must(rc || (count && mapped == count));
        if (!rc)
            note(s, i, count, b & 2 ? &t : NULL);
    } else if (b & 2) {
        must(nvmem_pt_merge(s->pt, va, count * PAGE, NULL, NULL) == (count ? 0 : -EINVAL));
    } else {
        rc = nvmem_pt_map(s->pt, va, count * PAGE, &t, NULL);
        must(rc != -EEXIST || mapped);
        must(rc || (count && !mapped));
        if (!rc)
            note(s, i, count, &t);
    }
    for (unsigned k = 0; k < count; k += count / 8 + 1)
        compare(s, i + k);
    compare(s, i ? i - 1 : 0);
    compare(s, i + count < VA_PAGES ? i + count : i);
}

static void
settle(struct state *s, unsigned slot, uint8_t a, uint8_t b)
{
    s->budget = a == 0 ? b : -1;
    if (a & 1)
        must(nvmem_pt_flush(s->pt, NULL) == 0);
    if (a & 2)
        must(nvmem_pt_check(s->pt, table_read, NULL, NULL) == 0);
    if (a & 4)
        nvmem_cache_trim(s->cache);
    if (a & 8)
        nvmem_heap_trim(s->heap);
    compare(s, slot * 32);
}

static void (*const calls[8])(struct state *s, unsigned slot, uint8_t a, uint8_t b) = {
    range_alloc, range_free, object, scattered, tables, tables, range_free, settle};

static void
close_all(struct state *s)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (s->list[i].count)
            must(nvmem_pages_free(s->pages, &s->list[i], NULL) == 0);
    nvmem_pt_destroy(s->pt);
    nvmem_pages_destroy(s->pages);
    nvmem_slab_destroy(s->slab);
    nvmem_cache_destroy(s->cache);
    nvmem_heap_destroy(s->heap);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state s;
    const struct gsp_host host = {.ctx = &s, .realloc = limited_realloc};
    const struct nvmem_region region = {.bytes = HEAP_PAGES * PAGE};
    struct nvmem_slab_config slab = {.host = &host, .object_bytes = 192};

    memset(&s, 0, sizeof(s));
    s.budget = -1;
    if (size < 1)
        return 0;
    if (nvmem_heap_create(&(struct nvmem_heap_config){.host = &host}, &region, 1, &s.heap,
                          NULL) < 0 ||
        nvmem_cache_create(s.heap, &s.cache, NULL) < 0)
        abort();
    slab.heap = s.heap;
    if (nvmem_slab_create(&slab, &s.slab, NULL) < 0 ||
        nvmem_pages_create(&(struct nvmem_pages_config){.host = &host, .bytes = 16 << 20},
                           &s.pages, NULL) < 0 ||
        nvmem_pt_create(&(struct nvmem_pt_config){.host = &host,
                                                  .format = (enum nvmem_pt_format)(data[0] % 3),
                                                  .ops = &ops,
                                                  .ctx = &s},
                        &s.pt, NULL) < 0)
        abort();
    for (size_t i = 1; i + 4 <= size && i < 40000; i += 4)
        calls[data[i] % 8](&s, data[i + 1] % SLOTS, data[i + 2], data[i + 3]);
    must(nvmem_pt_check(s.pt, table_read, NULL, NULL) == 0);
    close_all(&s);
    return 0;
}
