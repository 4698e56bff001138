/* SPDX-License-Identifier: MIT */
/*
 * Eight threads on one heap, its caches, a slab, pages and page tables. Each marks what it
 * holds in a map that all share: nothing is held twice. Built with -fsanitize=thread this is
 * the race test (docs/memory.md).
 */
#include <errno.h>
#include <pthread.h>

#include <nvmem/cache.h>
#include <nvmem/pages.h>
#include <nvmem/report.h>
#include <nvmem/slab.h>

#include "test.h"

#define MIB  (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)

enum { THREADS = 8, LIVE = 64, STEPS = 4000, HEAP_PAGES = 64 * 256 };

struct shared {
    struct nvmem_heap *heap;
    struct nvmem_slab *slab;
    struct nvmem_pages *pages;
    struct nvmem_pt *pt;
    uint8_t held[HEAP_PAGES];        /* by a thread's number */
    struct nvmem_range handed[LIVE]; /* from one thread to another */
    pthread_mutex_t lock;
};

struct worker {
    struct shared *s;
    unsigned number;
    uint64_t seed;
    unsigned wrong;
};

static uint32_t
next(struct worker *w)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(w->seed >> 33);
}

static void
hold(struct worker *w, const struct nvmem_range *r, uint8_t was, uint8_t is)
{
    for (uint64_t p = r->addr / PAGE; p < (r->addr + r->bytes) / PAGE; p++) {
        uint8_t expected = was;

        w->wrong += !__atomic_compare_exchange_n(&w->s->held[p], &expected, is, false,
                                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
}

/* Swap a range with whatever another thread left. */
static void
hand_over(struct worker *w, struct nvmem_range *r)
{
    struct nvmem_range *slot = &w->s->handed[next(w) % LIVE], other;

    hold(w, r, (uint8_t)(w->number + 1), 0xff);
    pthread_mutex_lock(&w->s->lock);
    other = *slot;
    *slot = *r;
    pthread_mutex_unlock(&w->s->lock);
    *r = other;
    if (r->id)
        hold(w, r, 0xff, (uint8_t)(w->number + 1));
}

static int
see(void *ctx, const struct nvmem_span *span)
{
    *(uint64_t *)ctx += span->bytes;
    return 0;
}

static void
use_ranges(struct worker *w, struct nvmem_cache *cache, struct nvmem_range *live)
{
    struct nvmem_range *r = &live[next(w) % LIVE];
    const struct nvmem_request q = {.bytes = 1 + next(w) % (next(w) % 8 ? 4 * PAGE : 64 * PAGE),
                                    .owner = w->number};

    if (r->id && next(w) % 16 == 0)
        hand_over(w, r);
    if (r->id) {
        const bool direct = next(w) % 4 == 0;
        const struct nvmem_range old = *r;

        hold(w, r, (uint8_t)(w->number + 1), 0);
        r->id = 0;
        w->wrong += (direct ? nvmem_heap_free(w->s->heap, &old, NULL)
                            : nvmem_cache_free(cache, &old, NULL)) != 0;
        return;
    }
    if ((next(w) % 4 ? nvmem_cache_alloc(cache, &q, r, NULL)
                     : nvmem_heap_alloc(w->s->heap, &q, r, NULL)) != 0)
        r->id = 0;
    else
        hold(w, r, 0, (uint8_t)(w->number + 1));
}

static void
use_the_rest(struct worker *w, struct nvmem_range *object)
{
    const struct nvmem_target t = {.addr = MIB};
    const uint64_t va = (uint64_t)(w->number + 1) << 30;
    struct nvmem_page_list list;
    struct nvmem_heap_stat stat;
    uint64_t seen = 0;

    if (object->id)
        w->wrong += nvmem_slab_free(w->s->slab, object, NULL) != 0;
    w->wrong += nvmem_slab_alloc(w->s->slab, object, NULL) != 0;
    w->wrong += nvmem_pages_alloc(w->s->pages, 9 * PAGE, PAGE, &list, NULL) != 0;
    w->wrong += nvmem_pages_free(w->s->pages, &list, NULL) != 0;
    w->wrong += nvmem_pt_map(w->s->pt, va, 3 * PAGE, &t, NULL) != 0;
    w->wrong += nvmem_pt_unmap(w->s->pt, va, 3 * PAGE, NULL) != 0;
    w->wrong += nvmem_pt_flush(w->s->pt, NULL) != 0;
    nvmem_heap_stat(w->s->heap, &stat);
    nvmem_heap_each(w->s->heap, see, &seen);
    w->wrong += seen != HEAP_PAGES * PAGE;
}

static void *
work(void *ctx)
{
    struct worker *w = ctx;
    struct nvmem_range live[LIVE] = {0}, object = {0};
    struct nvmem_cache *cache;

    if (nvmem_cache_create(w->s->heap, &cache, NULL) != 0)
        return NULL;
    for (unsigned i = 0; i < STEPS; i++) {
        use_ranges(w, cache, live);
        if (i % 64 == 0)
            use_the_rest(w, &object);
        if (i % 1024 == 0)
            nvmem_cache_trim(cache);
    }
    for (unsigned i = 0; i < LIVE; i++)
        if (live[i].id) {
            hold(w, &live[i], (uint8_t)(w->number + 1), 0);
            w->wrong += nvmem_cache_free(cache, &live[i], NULL) != 0;
        }
    w->wrong += nvmem_slab_free(w->s->slab, &object, NULL) != 0;
    nvmem_cache_destroy(cache);
    return w;
}

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    (void)ctx;
    *memory_out = (struct nvmem_pt_memory){.addr = 4096, .cpu = calloc(1, bytes + align)};
    return memory_out->cpu ? 0 : -ENOMEM;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    (void)ctx;
    free(memory->cpu);
}

static const struct nvmem_pt_ops ops = {.table_alloc = table_alloc, .table_free = table_free};

static void
eight_threads_never_hold_the_same(void **state)
{
    static struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct nvmem_heap_config heap = {.threads = true, .times = true};
    const struct nvmem_region region = {.bytes = HEAP_PAGES * PAGE};
    const struct nvmem_pages_config pages = {.bytes = 16 * MIB, .threads = true};
    const struct nvmem_pt_config pt = {.ops = &ops, .threads = true};
    struct nvmem_slab_config slab = {.object_bytes = 256, .threads = true};
    struct nvmem_heap *objects;
    struct nvmem_heap_stat stat;
    struct worker w[THREADS];
    pthread_t thread[THREADS];

    (void)state;
    assert_int_equal(nvmem_heap_create(&heap, &region, 1, &s.heap, NULL), 0);
    assert_int_equal(nvmem_heap_create(&heap, &region, 1, &objects, NULL), 0);
    slab.heap = objects;
    assert_int_equal(nvmem_slab_create(&slab, &s.slab, NULL), 0);
    assert_int_equal(nvmem_pages_create(&pages, &s.pages, NULL), 0);
    assert_int_equal(nvmem_pt_create(&pt, &s.pt, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct worker){.s = &s, .number = i, .seed = i};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *done;

        assert_int_equal(pthread_join(thread[i], &done), 0);
        assert_non_null(done);
        assert_int_equal(w[i].wrong, 0);
    }
    for (unsigned i = 0; i < LIVE; i++)
        if (s.handed[i].id)
            assert_int_equal(nvmem_heap_free(s.heap, &s.handed[i], NULL), 0);
    nvmem_heap_stat(s.heap, &stat);
    assert_int_equal(stat.used_bytes, 0);
    assert_int_equal(stat.free_ranges, 1);
    nvmem_pt_destroy(s.pt);
    nvmem_pages_destroy(s.pages);
    nvmem_slab_destroy(s.slab);
    nvmem_heap_destroy(objects);
    nvmem_heap_destroy(s.heap);
}

static void
a_cache_sees_what_is_freed_twice(void **state)
{
    const struct nvmem_heap_config config = {.threads = true};
    const struct nvmem_region region = {.bytes = 16 * MIB};
    const struct nvmem_request q = {.bytes = PAGE, .owner = 3};
    struct nvmem_heap_stat stat;
    struct nvmem_range r, again;
    struct nvmem_leak leak;
    struct nvmem_cache *cache;
    struct nvmem_heap *heap;

    (void)state;
    assert_int_equal(nvmem_heap_create(&config, &region, 1, &heap, NULL), 0);
    assert_int_equal(nvmem_cache_create(heap, &cache, NULL), 0);
    assert_int_equal(nvmem_cache_alloc(cache, &q, &r, NULL), 0);
    assert_int_equal(nvmem_cache_free(cache, &r, NULL), 0);
    assert_int_equal(nvmem_cache_free(cache, &r, NULL), -EALREADY);
    assert_int_equal(nvmem_cache_alloc(cache, &q, &again, NULL), 0);
    assert_int_equal(again.addr, r.addr);
    assert_int_equal(nvmem_heap_free(heap, &r, NULL), -EALREADY);
    assert_true(nvmem_cache_trim(cache) > 0);
    assert_int_equal(nvmem_heap_leaks(heap, &leak, 1), 1);
    assert_int_equal(leak.owner, 3);
    assert_int_equal(leak.bytes, PAGE);
    assert_int_equal(nvmem_cache_free(cache, &again, NULL), 0);
    nvmem_cache_destroy(cache);
    nvmem_cache_destroy(NULL);
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.used_bytes, 0);
    nvmem_heap_destroy(heap);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_threads_never_hold_the_same),
        cmocka_unit_test(a_cache_sees_what_is_freed_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
