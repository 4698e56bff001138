/* SPDX-License-Identifier: MIT */
/*
 * Eight threads in one address space: each reserves, maps, exchanges, splits, joins and takes
 * away, and looks whether its own addresses lead where it put them. Tables come from memory
 * that the threads share as well. NVMEM_STEPS=1000000 for a long run.
 */
#include <pthread.h>

#include <nvmem/mmu.h>

#include "test.h"

#define PAGE UINT64_C(4096)
#define GIB  (UINT64_C(1) << 30)

enum { THREADS = 8, HELD = 64, FLOOR = 10000 };

/* A card that takes registers and has system memory. */
static uint32_t
rd32(void *ctx, uint32_t reg)
{
    (void)ctx, (void)reg;
    return 0;
}

static void
wr32(void *ctx, uint32_t reg, uint32_t value)
{
    (void)reg;
    __atomic_store_n((uint32_t *)ctx, value, __ATOMIC_RELAXED);
}

static int
dma_alloc(void *ctx, size_t bytes, struct gsp_dma *dma_out)
{
    (void)ctx;
    dma_out->cpu = aligned_alloc(4096, bytes);
    if (!dma_out->cpu)
        return -12;
    memset(dma_out->cpu, 0, bytes);
    dma_out->bus_addr = (uint64_t)(uintptr_t)dma_out->cpu;
    dma_out->bytes = bytes;
    return 0;
}

static void
dma_free(void *ctx, struct gsp_dma *dma)
{
    (void)ctx;
    free(dma->cpu);
}

struct space {
    uint32_t reg;
    struct nvmem_mmu *mmu;
    struct nvmem_vas *vas;
};

static void
space_open(struct space *s, enum nvmem_pt_format format)
{
    const struct nvmem_mmu_config mmu = {
        .io = {.ctx = &s->reg,
               .rd32 = rd32,
               .wr32 = wr32,
               .dma_alloc = dma_alloc,
               .dma_free = dma_free}
    };
    struct nvmem_vas_direct direct = {
        .space = {.base = GIB, .bytes = 256 * GIB, .threads = true},
        .format = format,
        .tables = nvmem_mmu_ops()
    };

    assert_int_equal(nvmem_mmu_create(&mmu, &s->mmu, NULL), 0);
    direct.ctx = s->mmu;
    assert_int_equal(nvmem_vas_create_direct(&direct, &s->vas, NULL), 0);
}

static void
space_close(struct space *s)
{
    struct nvmem_mmu_stat stat;

    nvmem_vas_destroy(s->vas);
    nvmem_mmu_stat(s->mmu, &stat);
    assert_int_equal(stat.tables, 0);
    nvmem_mmu_destroy(s->mmu);
}

/* A thread's own ranges. Memory carries the thread's number, so that a strange hand shows. */
struct worker {
    struct space *s;
    unsigned number;
    unsigned long steps, wrong;
    uint64_t seed;
    struct {
        struct nvmem_range range;
        uint64_t memory; /* 0: nothing is mapped */
    } held[HELD];
};

static uint32_t
next(struct worker *w)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(w->seed >> 33);
}

static struct nvmem_vas_memory
any_memory(struct worker *w, uint64_t bytes, struct nvmem_extent *x)
{
    const uint64_t align = bytes >= 2 << 20 ? 2 << 20 : 64 << 10;

    *x = (struct nvmem_extent){((uint64_t)w->number + 1) << 32 | (next(w) % 512 + 1) * align,
                               bytes};
    return (struct nvmem_vas_memory){.bytes = bytes, .extents = x, .extent_count = 1};
}

static void
check(struct worker *w, unsigned i, bool mapped)
{
    const uint64_t at = next(w) % w->held[i].range.bytes & -PAGE;
    struct nvmem_pt_entry e;
    const bool found = nvmem_vas_walk(w->s->vas, w->held[i].range.addr + at, &e);

    if (found != mapped || (found && e.target.addr + (w->held[i].range.addr + at - e.va) !=
                                         w->held[i].memory + at))
        w->wrong++;
}

static void
step(struct worker *w)
{
    static const uint64_t sizes[] = {4 << 10, 12 << 10, 64 << 10, 192 << 10, 2 << 20, 6 << 20};
    const unsigned i = next(w) % HELD, what = next(w) % 8;
    const struct nvmem_request q = {.bytes = sizes[next(w) % 6]};
    struct nvmem_range *r = &w->held[i].range;
    struct nvmem_vas_memory m;
    struct nvmem_extent x;
    int rc = 0;

    if (!r->id) {
        rc = nvmem_vas_reserve(w->s->vas, &q, r, NULL);
    } else if (!w->held[i].memory) {
        check(w, i, false);
        m = any_memory(w, r->bytes, &x);
        rc = nvmem_vas_map(w->s->vas, r, 0, &m, NULL, NULL);
        w->held[i].memory = x.addr;
    } else if (what < 3) {
        m = any_memory(w, r->bytes, &x);
        rc = nvmem_vas_remap(w->s->vas, r, 0, &m, NULL, NULL);
        w->held[i].memory = x.addr;
    } else if (what == 3) {
        rc = nvmem_vas_split(w->s->vas, r, next(w) % 2 ? 4096 : 65536, NULL);
    } else if (what == 4) {
        rc = nvmem_vas_merge(w->s->vas, r, NULL, NULL);
    } else if (what == 5) {
        rc = nvmem_vas_unmap(w->s->vas, r, 0, r->bytes, NULL);
        w->held[i].memory = 0;
    } else if (what == 6) {
        rc = nvmem_vas_flush(w->s->vas, NULL);
    } else {
        rc = nvmem_vas_release(w->s->vas, r, NULL);
        *r = (struct nvmem_range){0};
        w->held[i].memory = 0;
    }
    w->wrong += rc != 0;
    if (r->id)
        check(w, i, w->held[i].memory != 0);
}

static void *
work(void *ctx)
{
    struct worker *w = ctx;

    for (unsigned long i = 0; i < w->steps; i++)
        step(w);
    for (unsigned i = 0; i < HELD; i++)
        if (w->held[i].range.id)
            w->wrong += nvmem_vas_release(w->s->vas, &w->held[i].range, NULL) != 0;
    return NULL;
}

static unsigned long
steps_wanted(void)
{
    const char *text = getenv("NVMEM_STEPS");

    return text ? strtoul(text, NULL, 0) / THREADS : 2000;
}

static void
threads_do_not_meet_in_each_others_addresses(void **state)
{
    static struct worker w[THREADS];
    pthread_t thread[THREADS];
    struct nvmem_vas_stat stat;
    struct space s;

    (void)state;
    for (unsigned format = 0; format < NVMEM_PT_FORMATS; format++) {
        memset(w, 0, sizeof(w));
        space_open(&s, (enum nvmem_pt_format)format);
        for (unsigned i = 0; i < THREADS; i++) {
            w[i] = (struct worker){
                .s = &s, .number = i, .steps = steps_wanted(), .seed = i + format};
            assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(thread[i], NULL), 0);
            assert_int_equal(w[i].wrong, 0);
        }
        nvmem_vas_stat(s.vas, &stat);
        assert_int_equal(stat.reserved_bytes, 0);
        assert_int_equal(stat.mapped_bytes, 0);
        assert_int_equal(nvmem_vas_flush(s.vas, NULL), 0);
        space_close(&s);
    }
}

static void
ten_thousand_mappings_are_held_at_once(void **state)
{
    static struct nvmem_range r[FLOOR];
    struct nvmem_vas_stat stat;
    struct space s;

    (void)state;
    space_open(&s, NVMEM_PT_V3);
    for (uint64_t i = 0; i < FLOOR; i++) {
        const struct nvmem_extent x = {i << 21 | (i % 3) << 12, (1 + i % 5) * PAGE};
        const struct nvmem_vas_memory m = {.bytes = x.bytes, .extents = &x, .extent_count = 1};

        assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &m, NULL, &r[i], NULL), 0);
    }
    nvmem_vas_stat(s.vas, &stat);
    assert_int_equal(stat.reservations, FLOOR);
    for (uint64_t i = 0; i < FLOOR; i++) {
        struct nvmem_pt_entry e;

        assert_true(nvmem_vas_walk(s.vas, r[i].addr, &e));
        assert_int_equal(e.target.addr, i << 21 | (i % 3) << 12);
    }
    for (uint64_t i = 0; i < FLOOR; i++)
        assert_int_equal(nvmem_vas_release(s.vas, &r[i * 7919 % FLOOR], NULL), 0);
    nvmem_vas_stat(s.vas, &stat);
    assert_int_equal(stat.mapped_bytes, 0);
    space_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_meet_in_each_others_addresses),
        cmocka_unit_test(ten_thousand_mappings_are_held_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
