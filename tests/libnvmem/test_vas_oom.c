/* SPDX-License-Identifier: MIT */
/* Address spaces and memory for tables when memory runs out at every allocation in turn. */
#include <errno.h>

#include <gsp/backend.h>
#include <nvmem/mmu.h>

#include "budget.h"
#include "test.h"

#define PAGE UINT64_C(4096)
#define MIB  (UINT64_C(1) << 20)

static uint32_t
rd32(void *ctx, uint32_t reg)
{
    (void)ctx, (void)reg;
    return 0;
}

static void
wr32(void *ctx, uint32_t reg, uint32_t value)
{
    (void)ctx, (void)reg, (void)value;
}

static int
dma_alloc(void *ctx, size_t bytes, struct gsp_dma *dma_out)
{
    struct budget *b = ctx;

    dma_out->cpu = b->left ? aligned_alloc(4096, bytes) : NULL;
    if (!dma_out->cpu)
        return -ENOMEM;
    b->left--;
    b->live++;
    dma_out->bus_addr = (uint64_t)(uintptr_t)dma_out->cpu;
    dma_out->bytes = bytes;
    return 0;
}

static void
dma_free(void *ctx, struct gsp_dma *dma)
{
    ((struct budget *)ctx)->live--;
    free(dma->cpu);
}

static bool
said(int rc, bool *ok)
{
    assert_true(rc == 0 || rc == -ENOMEM);
    *ok &= rc == 0;
    return rc == 0;
}

/* Some of every call; what one says is what the space then holds. */
static void
use(struct nvmem_vas *vas, bool direct, bool *ok)
{
    struct nvmem_extent x[40];
    struct nvmem_vas_memory m = {.extents = x, .extent_count = 40, .hMemory = 5};
    const struct nvmem_request q = {.bytes = 4 * MIB};
    struct nvmem_range r, other;
    struct nvmem_vas_stat stat;

    for (unsigned i = 0; i < 40; i++, m.bytes += PAGE)
        x[i] = (struct nvmem_extent){(i * 3 + 1) * MIB, PAGE};
    if (!said(nvmem_vas_reserve(vas, &q, &r, NULL), ok))
        return;
    if (said(nvmem_vas_map(vas, &r, MIB, &m, NULL, NULL), ok)) {
        said(nvmem_vas_remap(vas, &r, MIB + 4 * PAGE, &m,
                             &(struct nvmem_vas_how){.bytes = 20 * PAGE}, NULL),
             ok);
        said(nvmem_vas_unmap(vas, &r, MIB + 7 * PAGE, 5 * PAGE, NULL), ok);
        if (direct)
            said(nvmem_vas_split(vas, &r, PAGE, NULL), ok);
        assert_int_equal(nvmem_vas_merge(vas, &r, NULL, NULL), 0);
    }
    if (said(nvmem_vas_alloc(vas, NULL, &m, NULL, &other, NULL), ok))
        assert_int_equal(nvmem_vas_release(vas, &other, NULL), 0);
    said(nvmem_vas_release(vas, &r, NULL), ok);
    assert_int_equal(nvmem_vas_flush(vas, NULL), 0);
    nvmem_vas_stat(vas, &stat);
    if (*ok)
        assert_int_equal(stat.mapped_bytes, 0);
}

static bool
direct_session(struct budget *b)
{
    const struct gsp_host host = {.ctx = b, .realloc = counting_realloc};
    const struct nvmem_mmu_config mmu_config = {
        .host = &host, .io = {b, rd32, wr32, NULL, NULL, dma_alloc, dma_free}
    };
    struct nvmem_vas_direct config = {
        .space = {.host = &host, .base = MIB, .bytes = 1024 * MIB},
          .tables = nvmem_mmu_ops()
    };
    struct nvmem_mmu *mmu;
    struct nvmem_vas *vas;
    bool ok = true;

    if (!said(nvmem_mmu_create(&mmu_config, &mmu, NULL), &ok))
        return false;
    config.ctx = mmu;
    if (said(nvmem_vas_create_direct(&config, &vas, NULL), &ok)) {
        use(vas, true, &ok);
        nvmem_vas_destroy(vas);
    }
    nvmem_mmu_destroy(mmu);
    return ok;
}

/* A module that never runs out. */

struct module {
    struct gsp_backend backend;
    unsigned mapped;
};

static int
module_map(struct gsp_backend *backend, struct gsp_map_dma *map, struct gsp_error *err)
{
    (void)map, (void)err;
    ((struct module *)backend)->mapped++;
    return 0;
}

static int
module_unmap(struct gsp_backend *backend, const struct gsp_map_dma *map, struct gsp_error *err)
{
    (void)map, (void)err;
    ((struct module *)backend)->mapped--;
    return 0;
}

static bool
kernel_session(struct budget *b)
{
    static const struct gsp_backend_ops ops = {
        .name = "module", .map_dma = module_map, .unmap_dma = module_unmap};
    const struct gsp_host host = {.ctx = b, .realloc = counting_realloc};
    struct module module = {.backend = {.ops = &ops}};
    const struct nvmem_vas_kernel config = {
        .space = {.host = &host, .base = MIB, .bytes = 1024 * MIB},
          .backend = &module.backend
    };
    struct nvmem_vas *vas;
    bool ok = true;

    if (said(nvmem_vas_create_kernel(&config, &vas, NULL), &ok)) {
        use(vas, false, &ok);
        nvmem_vas_destroy(vas);
    }
    assert_int_equal(module.mapped, 0);
    return ok;
}

static void
fail_each(bool (*session)(struct budget *b), long at_least)
{
    struct budget b = {0};
    long n = 0;

    for (bool ok = false; !ok; n++) {
        b.left = n;
        ok = session(&b);
        assert_int_equal(b.live, 0);
    }
    assert_true(n > at_least);
}

static void
every_allocation_of_tables_may_fail_once(void **state)
{
    (void)state;
    fail_each(direct_session, 15);
}

static void
every_allocation_beside_the_module_may_fail_once(void **state)
{
    (void)state;
    fail_each(kernel_session, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_tables_may_fail_once),
        cmocka_unit_test(every_allocation_beside_the_module_may_fail_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
