/* SPDX-License-Identifier: MIT */
/* Memory for bookkeeping runs out at every allocation in turn: the call says so, what was held
 * stays held, nothing leaks. */
#include <errno.h>

#include <nvmem/cache.h>
#include <nvmem/memory.h>
#include <nvmem/report.h>
#include <nvmem/slab.h>

#include "budget.h"
#include "test.h"

#define MIB  (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    (void)align;
    memset(memory_out, 0, sizeof(*memory_out));
    memory_out->cpu = counting_realloc(ctx, NULL, bytes);
    return memory_out->cpu ? 0 : -ENOMEM;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    counting_realloc(ctx, memory->cpu, 0);
}

static const struct nvmem_pt_ops ops = {.table_alloc = table_alloc, .table_free = table_free};

static int
write_nothing(void *ctx, const char *text, size_t bytes)
{
    (void)ctx, (void)text, (void)bytes;
    return 0;
}

/* Each step either works or says -ENOMEM. Returns whether all did. */
static bool
said(int rc, bool *ok)
{
    assert_true(rc == 0 || rc == -ENOMEM);
    *ok &= rc == 0;
    return rc == 0;
}

static void
use_heap(struct nvmem_heap *heap, const struct gsp_host *host, bool *ok)
{
    enum { COUNT = 300 };
    const struct nvmem_request q = {.bytes = PAGE};
    const struct nvmem_slab_config slab_config = {
        .heap = heap, .host = host, .object_bytes = 4096, .chunk_bytes = 16 * PAGE};
    struct nvmem_range r[COUNT] = {0}, object[40] = {0};
    struct nvmem_owners *owners;
    struct nvmem_cache *cache;
    struct nvmem_slab *slab;
    uint32_t owner;

    for (unsigned i = 0; i < COUNT; i++)
        if (!said(nvmem_heap_alloc(heap, &q, &r[i], NULL), ok))
            r[i].id = 0;
    for (unsigned i = 0; i < COUNT; i++)
        if (r[i].id)
            assert_int_equal(nvmem_heap_free(heap, &r[i], NULL), 0);
    said(nvmem_heap_svg(heap, NULL, write_nothing, NULL, NULL), ok);
    if (said(nvmem_cache_create(heap, &cache, NULL), ok)) {
        if (said(nvmem_cache_alloc(cache, &q, &r[0], NULL), ok))
            assert_int_equal(nvmem_cache_free(cache, &r[0], NULL), 0);
        nvmem_cache_destroy(cache);
    }
    if (said(nvmem_owners_create(host, &owners, NULL), ok)) {
        for (char name[2] = "a"; name[0] < 'z'; name[0]++)
            said(nvmem_owner_add(owners, name, &owner, NULL), ok);
        nvmem_owners_destroy(owners);
    }
    if (said(nvmem_slab_create(&slab_config, &slab, NULL), ok)) {
        for (unsigned i = 0; i < 40; i++)
            if (!said(nvmem_slab_alloc(slab, &object[i], NULL), ok))
                object[i].id = 0;
        for (unsigned i = 0; i < 40; i++)
            if (object[i].id)
                assert_int_equal(nvmem_slab_free(slab, &object[i], NULL), 0);
        nvmem_slab_destroy(slab);
    }
}

static void
use_pages(const struct gsp_host *host, bool *ok)
{
    const struct nvmem_pages_config config = {.host = host, .bytes = 4 * MIB};
    struct nvmem_page_list a, b;
    struct nvmem_pages_stat stat;
    struct nvmem_pages *pages;

    if (!said(nvmem_pages_create(&config, &pages, NULL), ok))
        return;
    if (said(nvmem_pages_alloc(pages, 3 * PAGE, PAGE, &a, NULL), ok)) {
        if (said(nvmem_pages_alloc(pages, 2 * MIB + 70 * PAGE, PAGE, &b, NULL), ok))
            assert_int_equal(nvmem_pages_free(pages, &b, NULL), 0);
        assert_int_equal(nvmem_pages_free(pages, &a, NULL), 0);
    }
    nvmem_pages_stat(pages, &stat);
    assert_int_equal(stat.used_bytes, 0);
    nvmem_pages_destroy(pages);
}

static void
use_tables(const struct gsp_host *host, struct budget *b, bool *ok)
{
    const struct nvmem_pt_config config = {.host = host, .ops = &ops, .ctx = b};
    const struct nvmem_target t = {0};
    struct nvmem_pt *pt;

    if (!said(nvmem_pt_create(&config, &pt, NULL), ok))
        return;
    if (said(nvmem_pt_map(pt, 2 * MIB, 4 * MIB, &t, NULL), ok)) {
        said(nvmem_pt_unmap(pt, 2 * MIB + PAGE, PAGE, NULL), ok);
        said(nvmem_pt_remap(pt, 4 * MIB, PAGE, &t, NULL), ok);
    }
    assert_int_equal(nvmem_pt_flush(pt, NULL), 0);
    nvmem_pt_destroy(pt);
}

static bool
session(struct budget *b)
{
    const struct gsp_host host = {.ctx = b, .realloc = counting_realloc};
    const struct nvmem_heap_config config = {.host = &host};
    const struct nvmem_region region = {.bytes = 64 * MIB};
    struct nvmem_heap_stat stat;
    struct nvmem_heap *heap;
    bool ok = true;

    if (said(nvmem_heap_create(&config, &region, 1, &heap, NULL), &ok)) {
        use_heap(heap, &host, &ok);
        nvmem_heap_stat(heap, &stat);
        assert_int_equal(stat.used_bytes, 0);
        nvmem_heap_destroy(heap);
    }
    use_pages(&host, &ok);
    use_tables(&host, b, &ok);
    return ok;
}

static void
every_allocation_may_fail_once(void **state)
{
    struct budget b = {0};
    long n = 0;

    (void)state;
    for (bool ok = false; !ok; n++) {
        b.left = n;
        ok = session(&b);
        assert_int_equal(b.live, 0);
    }
    assert_true(n > 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
