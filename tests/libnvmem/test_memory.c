/* SPDX-License-Identifier: MIT */
/* Small objects, scattered pages, and memory of any kind in page tables. */
#include <errno.h>

#include <nvmem/memory.h>
#include <nvmem/slab.h>

#include "pt_model.h"
#include "test.h"

#define MIB  (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)
#define SLOT UINT64_C(65536)

static struct nvmem_heap *
heap_of(uint64_t bytes)
{
    const struct nvmem_heap_config config = {.name = "vram"};
    const struct nvmem_region region = {.bytes = bytes};
    struct nvmem_heap *heap;

    assert_int_equal(nvmem_heap_create(&config, &region, 1, &heap, NULL), 0);
    return heap;
}

static struct nvmem_pages *
pages_of(uint64_t base, uint64_t bytes)
{
    const struct nvmem_pages_config config = {.base = base, .bytes = bytes};
    struct nvmem_pages *pages;

    assert_int_equal(nvmem_pages_create(&config, &pages, NULL), 0);
    return pages;
}

static void
objects_are_apart_and_chunks_come_and_go(void **state)
{
    enum { COUNT = 2000, BYTES = 96 };
    struct nvmem_heap *heap = heap_of(64 * MIB);
    const struct nvmem_slab_config config = {.heap = heap, .object_bytes = BYTES, .align = 32};
    static struct nvmem_range r[COUNT];
    static uint8_t map[COUNT * BYTES * 2];
    struct nvmem_heap_stat heap_stat;
    struct nvmem_slab_stat stat;
    struct nvmem_slab *slab;

    (void)state;
    memset(map, 0, sizeof(map));
    assert_int_equal(nvmem_slab_create(&config, &slab, NULL), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(nvmem_slab_alloc(slab, &r[i], NULL), 0);
        assert_int_equal(r[i].addr % 32, 0);
        assert_true(r[i].addr + BYTES <= sizeof(map));
        for (unsigned k = 0; k < BYTES; k++)
            assert_int_equal(map[r[i].addr + k]++, 0);
    }
    nvmem_slab_stat(slab, &stat);
    assert_int_equal(stat.objects, COUNT);
    assert_int_equal(stat.chunks, 4);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(nvmem_slab_free(slab, &r[i], NULL), 0);
    nvmem_slab_stat(slab, &stat);
    assert_int_equal(stat.objects, 0);
    assert_int_equal(stat.chunks, 1);
    assert_true(nvmem_slab_trim(slab) > 0);
    nvmem_heap_stat(heap, &heap_stat);
    assert_int_equal(heap_stat.used_bytes, 0);
    assert_int_equal(nvmem_slab_alloc(slab, &r[0], NULL), 0);
    nvmem_slab_destroy(slab);
    nvmem_heap_stat(heap, &heap_stat);
    assert_int_equal(heap_stat.used_bytes, 0);
    nvmem_heap_destroy(heap);
}

static void
misuse_of_a_slab_is_named(void **state)
{
    struct nvmem_heap *heap = heap_of(SLOT);
    struct nvmem_slab_config config = {.heap = heap, .object_bytes = 32768};
    struct nvmem_range a, b, forged;
    struct gsp_error err = {0};
    struct nvmem_slab *slab;

    (void)state;
    config.align = 3;
    assert_int_equal(nvmem_slab_create(&config, &slab, &err), -EINVAL);
    config.align = 0;
    config.chunk_bytes = SLOT;
    assert_int_equal(nvmem_slab_create(&config, &slab, &err), 0);
    assert_int_equal(nvmem_slab_alloc(slab, &a, &err), 0);
    assert_int_equal(nvmem_slab_alloc(slab, &b, &err), 0);
    assert_int_equal(nvmem_slab_alloc(slab, &forged, &err), -ENOSPC);
    forged = a;
    forged.addr++;
    assert_int_equal(nvmem_slab_free(slab, &forged, &err), -ENOENT);
    forged.id = 5;
    assert_int_equal(nvmem_slab_free(slab, &forged, &err), -ENOENT);
    assert_int_equal(nvmem_slab_free(slab, &a, &err), 0);
    assert_int_equal(nvmem_slab_free(slab, &a, &err), -EALREADY);
    assert_string_equal(err.text, "the object at 0x0 was freed before");
    nvmem_slab_destroy(slab);
    nvmem_slab_destroy(NULL);
    nvmem_heap_destroy(heap);
}

static void
pages_serve_until_the_last_one(void **state)
{
    enum { LISTS = 4 * 512 };
    struct nvmem_pages *pages = pages_of(5, 10 * MIB); /* 4 whole blocks */
    static struct nvmem_page_list list[LISTS];
    struct nvmem_page_list all, none;
    struct nvmem_pages_stat stat;

    (void)state;
    for (unsigned i = 0; i < LISTS; i++)
        assert_int_equal(nvmem_pages_alloc(pages, 1, PAGE, &list[i], NULL), 0);
    assert_int_equal(nvmem_pages_alloc(pages, 1, PAGE, &none, NULL), -ENOSPC);
    for (unsigned i = 0; i < LISTS; i += 2)
        assert_int_equal(nvmem_pages_free(pages, &list[i], NULL), 0);
    /* Every other page: half of the memory, and no two of them are neighbours. */
    assert_int_equal(nvmem_pages_alloc(pages, 1, SLOT, &none, NULL), -ENOSPC);
    assert_int_equal(nvmem_pages_alloc(pages, 4 * MIB, PAGE, &all, NULL), 0);
    assert_int_equal(all.count, 1024);
    assert_int_equal(nvmem_pages_free(pages, &all, NULL), 0);
    for (unsigned i = 1; i < LISTS; i += 2)
        assert_int_equal(nvmem_pages_free(pages, &list[i], NULL), 0);
    nvmem_pages_stat(pages, &stat);
    assert_int_equal(stat.used_bytes, 0);
    assert_int_equal(stat.free_2m, 4);
    assert_int_equal(stat.free_64k, 128);
    assert_int_equal(nvmem_pages_alloc(pages, 8 * MIB, 2 * MIB, &all, NULL), 0);
    assert_int_equal(all.extents[0].addr % (2 * MIB), 0);
    assert_int_equal(nvmem_pages_free(pages, &all, NULL), 0);
    nvmem_pages_destroy(pages);
    nvmem_pages_destroy(NULL);
}

static void
large_pages_come_first_and_small_ones_leave_them_whole(void **state)
{
    struct nvmem_pages *pages = pages_of(0, 8 * MIB);
    struct nvmem_page_list small[3], list;
    struct nvmem_pages_stat stat;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(nvmem_pages_alloc(pages, PAGE, PAGE, &small[i], NULL), 0);
    nvmem_pages_stat(pages, &stat);
    assert_int_equal(stat.free_2m, 3);
    assert_int_equal(stat.free_64k, 127);
    assert_int_equal(nvmem_pages_alloc(pages, 2 * MIB + SLOT + 1, PAGE, &list, NULL), 0);
    assert_int_equal(list.bytes, 2 * MIB + SLOT + PAGE);
    assert_int_equal(list.extents[0].addr % (2 * MIB), 0);
    nvmem_pages_stat(pages, &stat);
    assert_int_equal(stat.free_2m, 2);
    assert_int_equal(nvmem_pages_free(pages, &list, NULL), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(nvmem_pages_free(pages, &small[i], NULL), 0);
    nvmem_pages_destroy(pages);
}

static void
misuse_of_pages_is_named_and_changes_nothing(void **state)
{
    struct nvmem_pages *pages = pages_of(2 * MIB, 4 * MIB);
    struct nvmem_extent twice[2] = {0};
    struct nvmem_page_list list, bad = {.extents = twice, .count = 2};
    struct nvmem_pages_stat stat;
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(nvmem_pages_alloc(pages, 0, PAGE, &list, &err), -EINVAL);
    assert_int_equal(nvmem_pages_alloc(pages, 1, 8192, &list, &err), -EINVAL);
    assert_int_equal(nvmem_pages_alloc(pages, 3 * PAGE, PAGE, &list, &err), 0);
    twice[0] = twice[1] = list.extents[0];
    assert_int_equal(nvmem_pages_free(pages, &bad, &err), -EALREADY);
    assert_string_equal(err.text, "pages: the page at 0x200000 was freed before");
    twice[0].addr = 0;
    assert_int_equal(nvmem_pages_free(pages, &bad, &err), -ENOENT);
    nvmem_pages_stat(pages, &stat);
    assert_int_equal(stat.used_bytes, 3 * PAGE);
    assert_int_equal(nvmem_pages_free(pages, &list, &err), 0);
    nvmem_pages_destroy(pages);
}

static int
sys_alloc(void *ctx, uint64_t bytes, struct nvmem_extent *extent_out, void **cpu_out,
          void **cookie_out)
{
    struct pt_card *c = ctx;
    struct gsp_dma *dma = malloc(sizeof(*dma));

    assert_non_null(dma);
    assert_int_equal(c->bus->ops->dma_alloc(c->bus, bytes, dma), 0);
    *extent_out = (struct nvmem_extent){dma->bus_addr, bytes};
    *cpu_out = dma->cpu;
    *cookie_out = dma;
    return 0;
}

static void
sys_free(void *ctx, void *cookie)
{
    struct pt_card *c = ctx;

    c->bus->ops->dma_free(c->bus, cookie);
    free(cookie);
}

static void
memory_of_any_kind_is_mapped_the_same_way(void **state)
{
    const struct nvmem_target how = {.kind = NVMEM_KIND_GENERIC};
    const struct nvmem_request q = {.bytes = 3 * MIB + 1};
    struct pt_card c;
    struct nvmem_sources s = {.sys_alloc = sys_alloc, .sys_free = sys_free, .ctx = &c};
    struct nvmem_pt *pt;

    (void)state;
    pt_card_open(&c, "AD102");
    pt = pt_card_tables(&c, NVMEM_PT_V2);
    s.heap = heap_of(64 * MIB);
    s.pages = pages_of(64 * MIB, 64 * MIB);
    for (int kind = NVMEM_CONTIGUOUS; kind <= NVMEM_SPARSE; kind++) {
        const uint64_t va = (uint64_t)(kind + 1) << 32;
        struct nvmem_memory m;
        struct gsp_error err = {0};
        struct emu_walk w;

        assert_int_equal(nvmem_memory_alloc(&s, (enum nvmem_memory_kind)kind, &q, &m, &err), 0);
        assert_int_equal(m.bytes, 3 * MIB + PAGE);
        assert_int_equal(nvmem_memory_map(&m, pt, va, &how, &err), 0);
        assert_true(pt_card_walk(&c, pt, va + m.bytes - 1, &w));
        assert_int_equal(w.sparse, kind == NVMEM_SPARSE);
        assert_int_equal(w.system, kind == NVMEM_SYSMEM);
        assert_int_equal(nvmem_pt_unmap(pt, va, m.bytes, &err), 0);
        assert_int_equal(nvmem_memory_free(&s, &m, &err), 0);
        assert_int_equal(nvmem_memory_free(&s, &m, &err), -EALREADY);
    }
    nvmem_heap_destroy(s.heap);
    nvmem_pages_destroy(s.pages);
    nvmem_pt_destroy(pt);
    pt_card_close(&c);
}

static void
a_missing_source_is_named(void **state)
{
    const struct nvmem_sources none = {0};
    const struct nvmem_request q = {.bytes = 1}, nothing = {0};
    struct gsp_error err = {0};
    struct nvmem_memory m;

    (void)state;
    for (int kind = NVMEM_CONTIGUOUS; kind < NVMEM_SPARSE; kind++)
        assert_int_equal(nvmem_memory_alloc(&none, (enum nvmem_memory_kind)kind, &q, &m, &err),
                         -ENOTSUP);
    assert_string_equal(err.text, "there is no source of system memory here");
    assert_int_equal(nvmem_memory_alloc(&none, NVMEM_SPARSE, &nothing, &m, &err), -EINVAL);
    assert_int_equal(nvmem_memory_alloc(&none, (enum nvmem_memory_kind)9, &q, &m, &err),
                     -EINVAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_apart_and_chunks_come_and_go),
        cmocka_unit_test(misuse_of_a_slab_is_named),
        cmocka_unit_test(pages_serve_until_the_last_one),
        cmocka_unit_test(large_pages_come_first_and_small_ones_leave_them_whole),
        cmocka_unit_test(misuse_of_pages_is_named_and_changes_nothing),
        cmocka_unit_test(memory_of_any_kind_is_mapped_the_same_way),
        cmocka_unit_test(a_missing_source_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
