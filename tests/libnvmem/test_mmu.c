/* SPDX-License-Identifier: MIT */
/*
 * Our page tables on the emulated card, used by a channel: the copy engine reads through them,
 * and with translations that the card keeps until it is told, no invalidation may be missing.
 */
#include <errno.h>

#include <emu/walk.h>
#include <gsp/session.h>
#include <nvmem/mmu.h>
#include <rm/calls.h>

#include "../emu/exec_client.h"
#include "test.h"

#define MiB    *UINT64_C(1048576)
#define TABLES (EXEC_DATA + 64 MiB) /* of ours, in local memory */
#define SPOT   UINT64_C(0x6000000000)

struct rig {
    struct exec x;
    struct exec_channel c;
    struct nvmem_heap *vram;
    struct nvmem_mmu *mmu;
    struct nvmem_vas *vas;
    struct nvmem_range fixed[2];
    enum mutant { HONEST, DEAF, SHALLOW } mutant; /* no invalidation, or of pages alone */
};

/* The io of a bus, and a switch that swallows invalidations. */

static uint32_t
io_rd32(void *ctx, uint32_t reg)
{
    struct rig *r = ctx;

    return nvmem_mmu_bus_io(r->x.r.bus).rd32(r->x.r.bus, reg);
}

static void
io_wr32(void *ctx, uint32_t reg, uint32_t value)
{
    struct rig *r = ctx;

    if (reg == 0xb830b0 && r->mutant == DEAF)
        return;
    if (reg == 0xb830b0 && r->mutant == SHALLOW)
        value = (value & ~(7u << 24)) | 1u << 24;
    nvmem_mmu_bus_io(r->x.r.bus).wr32(r->x.r.bus, reg, value);
}

static void
io_write(void *ctx, uint64_t fb_off, const uint64_t *words, size_t count)
{
    struct rig *r = ctx;

    nvmem_mmu_bus_io(r->x.r.bus).write(r->x.r.bus, fb_off, words, count);
}

static void
io_read(void *ctx, uint64_t fb_off, uint64_t *words, size_t count)
{
    struct rig *r = ctx;

    nvmem_mmu_bus_io(r->x.r.bus).read(r->x.r.bus, fb_off, words, count);
}

static int
io_dma_alloc(void *ctx, size_t bytes, struct gsp_dma *dma_out)
{
    struct rig *r = ctx;

    return nvmem_mmu_bus_io(r->x.r.bus).dma_alloc(r->x.r.bus, bytes, dma_out);
}

static void
io_dma_free(void *ctx, struct gsp_dma *dma)
{
    struct rig *r = ctx;

    nvmem_mmu_bus_io(r->x.r.bus).dma_free(r->x.r.bus, dma);
}

/* Rig: a card, a channel, and the channel's address space in our tables */

static struct nvmem_range
map_fixed(struct rig *r, uint64_t va, enum nvmem_aperture aperture, struct nvmem_extent x)
{
    const struct nvmem_request q = {.bytes = x.bytes, .flags = NVMEM_FIXED, .fixed_addr = va};
    const struct nvmem_vas_memory m = {
        .bytes = x.bytes, .aperture = aperture, .extents = &x, .extent_count = 1};
    struct nvmem_range range;

    assert_int_equal(nvmem_vas_alloc(r->vas, &q, &m, NULL, &range, NULL), 0);
    return range;
}

static void
give_directory(struct rig *r)
{
    const struct nvmem_pt_memory *root = nvmem_pt_root(nvmem_vas_pt(r->vas));
    uint32_t p[12] = {RAW_CLIENT, RAW_DEVICE, 0xffffffff};

    memcpy(&p[4], &root->addr, 8);
    p[6] = nvmem_pt_root_entries(nvmem_vas_pt(r->vas));
    p[7] = 8 | (root->aperture == NVMEM_SYSTEM ? 1 : 0);
    p[8] = EXEC_CLIENT_VAS;
    p[10] = 1;
    p[11] = 0xffffffff;
    assert_int_equal(raw_rpc(&r->x.r, RAW_FN_SET_PAGE_DIRECTORY, p, sizeof(p)), 0);
}

static const struct {
    const char *chip;
    enum nvmem_pt_format format;
} chips[4] = {
    {"TU102", NVMEM_PT_V2     },
    {"AD102", NVMEM_PT_V2     },
    {"GH100", NVMEM_PT_V3     },
    {"GB202", NVMEM_PT_V3_256G},
};

static void
rig_open(struct rig *r, unsigned chip, bool in_sysmem, const char *inject)
{
    const struct nvmem_region region = {.base = TABLES, .bytes = 256 MiB};
    struct nvmem_mmu_config mmu = {
        .io = {r, io_rd32, io_wr32, io_write, io_read, io_dma_alloc, io_dma_free}
    };
    struct nvmem_vas_direct vas = {
        .space = {.name = "channels"}, .format = chips[chip].format, .tables = nvmem_mmu_ops()};

    memset(r, 0, sizeof(*r));
    exec_open(&r->x, chips[chip].chip, inject);
    assert_int_equal(
        nvmem_heap_create(&(struct nvmem_heap_config){0}, &region, 1, &r->vram, NULL), 0);
    mmu.vram = in_sysmem ? NULL : r->vram;
    assert_int_equal(nvmem_mmu_create(&mmu, &r->mmu, NULL), 0);
    vas.ctx = r->mmu;
    assert_int_equal(nvmem_vas_create_direct(&vas, &r->vas, NULL), 0);
    r->fixed[0] = map_fixed(r, EXEC_VA, NVMEM_VRAM, (struct nvmem_extent){0, 64 MiB});
    r->fixed[1] = map_fixed(r, EXEC_SYS, NVMEM_SYSTEM,
                            (struct nvmem_extent){r->x.sys.bus_addr, EXEC_SYS_BYTES});
    assert_int_equal(nvmem_vas_flush(r->vas, NULL), 0);
    give_directory(r);
    exec_channel(&r->x, &r->c, EXEC_COPY2, 0);
    exec_bind_copy(&r->c);
}

static void
rig_close(struct rig *r)
{
    struct nvmem_mmu_stat stat;

    nvmem_vas_destroy(r->vas);
    nvmem_mmu_stat(r->mmu, &stat);
    assert_int_equal(stat.tables, 0);
    nvmem_mmu_destroy(r->mmu);
    nvmem_heap_destroy(r->vram);
    exec_close(&r->x);
}

/* What the copy engine finds at an address. */
static uint32_t
engine_reads(struct rig *r, uint64_t va)
{
    exec_wr(&r->x, EXEC_DATA, 0xdead);
    exec_copy(&r->c, va, DATA, 4, 0, 0);
    exec_kick(&r->c);
    return exec_rd(&r->x, EXEC_DATA);
}

static void
a_channel_works_through_our_tables(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct rig r;

        rig_open(&r, i / 2, i % 2, NULL);
        exec_wr(&r.x, EXEC_DATA + 0x5678, 0x1234 + i);
        assert_int_equal(engine_reads(&r, DATA + 0x5678), 0x1234 + i);
        assert_int_equal(nvmem_pt_check(nvmem_vas_pt(r.vas), nvmem_mmu_read, r.mmu, NULL), 0);
        rig_close(&r);
    }
}

/* Random changes of what lies at some pages; after a flush the engine finds what it should. */

enum { PAGES = 1024, STEPS = 300 };

struct work {
    struct rig r;
    struct nvmem_range window;
    uint16_t behind[PAGES]; /* which page of local memory, 0: none */
    uint64_t seed;
    unsigned wrong;
};

static uint32_t
next(struct work *w)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(w->seed >> 33);
}

/* Pages of local memory from 32 MiB on say which they are. */
static uint64_t
page_at(unsigned page)
{
    return (32 MiB) + (uint64_t)page * 4096;
}

static void
put_behind(struct work *w, unsigned from, unsigned count, unsigned page)
{
    const struct nvmem_extent x = {page_at(page), (uint64_t)count * 4096};
    const struct nvmem_vas_memory m = {.bytes = x.bytes, .extents = &x, .extent_count = 1};
    unsigned mapped = 0;
    int rc;

    for (unsigned i = 0; i < count; i++)
        mapped += w->behind[from + i] != 0;
    if (mapped == count)
        rc = nvmem_vas_remap(w->r.vas, &w->window, (uint64_t)from * 4096, &m, NULL, NULL);
    else if (mapped)
        rc = nvmem_vas_unmap(w->r.vas, &w->window, 0, 0, NULL);
    else
        rc = nvmem_vas_map(w->r.vas, &w->window, (uint64_t)from * 4096, &m, NULL, NULL);
    assert_int_equal(rc, 0);
    if (mapped && mapped != count)
        memset(w->behind, 0, sizeof(w->behind));
    else
        for (unsigned i = 0; i < count; i++)
            w->behind[from + i] = (uint16_t)(page + i);
}

static void
change(struct work *w)
{
    const unsigned from = next(w) % PAGES, what = next(w) % 8;
    unsigned count = 1 + next(w) % 600;

    count = count < PAGES - from ? count : PAGES - from;
    if (what < 5) {
        const unsigned aligned = (from & 511) + 512; /* so that large pages come to be */

        put_behind(w, from, count, next(w) % 2 ? aligned : 1 + next(w) % 3000);
    } else if (what == 5) {
        assert_int_equal(
            nvmem_vas_split(w->r.vas, &w->window, next(w) % 2 ? 4096 : 65536, NULL), 0);
    } else {
        assert_int_equal(nvmem_vas_merge(w->r.vas, &w->window, NULL, NULL), 0);
    }
}

static void
look(struct work *w)
{
    for (unsigned i = 0; i < 12; i++) {
        const unsigned p = next(w) % PAGES;

        if (w->behind[p] && engine_reads(&w->r, SPOT + p * UINT64_C(4096)) != w->behind[p])
            w->wrong++;
    }
}

static bool
has_note(const struct rig *r, const char *text)
{
    for (unsigned i = 0; emu_gpu_note_at(r->x.r.gpu, i); i++)
        if (strstr(emu_gpu_note_at(r->x.r.gpu, i), text))
            return true;
    return false;
}

static void
run(unsigned chip, enum mutant mutant, unsigned *wrong_out, unsigned *notes_out)
{
    const struct nvmem_request q = {
        .bytes = PAGES * UINT64_C(4096), .flags = NVMEM_FIXED, .fixed_addr = SPOT};
    struct work *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->seed = 5 + chip;
    rig_open(&w->r, chip, chip & 1, "stale-tlb");
    w->r.mutant = mutant;
    for (unsigned p = 1; p < 4096; p++)
        exec_wr(&w->r.x, page_at(p), p);
    assert_int_equal(nvmem_vas_reserve(w->r.vas, &q, &w->window, NULL), 0);
    for (unsigned i = 0; i < STEPS && !(mutant && w->wrong); i++) {
        change(w);
        assert_int_equal(nvmem_vas_flush(w->r.vas, NULL), 0);
        look(w);
    }
    *wrong_out = w->wrong;
    *notes_out = has_note(&w->r, "stale translation");
    rig_close(&w->r);
    free(w);
}

static void
no_invalidation_is_missing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned wrong, notes;

        run(i, HONEST, &wrong, &notes);
        assert_int_equal(wrong, 0);
        assert_int_equal(notes, 0);
    }
}

static void
without_invalidations_old_memory_is_reached(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned wrong, notes;

        run(i, DEAF, &wrong, &notes);
        assert_true(wrong > 0);
        assert_int_equal(notes, 1);
    }
}

static void
directories_that_are_kept_lead_to_old_tables(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned wrong, notes;

        run(i, SHALLOW, &wrong, &notes);
        assert_true(wrong > 0);
        assert_int_equal(notes, 1);
    }
}

/* RM is told through rm-api */

static void
rm_takes_the_page_directory(void **state)
{
    static const char *const releases[] = {"535.113.01", "570.144", "595.45.04"};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const struct nvrm_schema *s = nvrm_schema_builtin();
        const struct nvrm_abi abi = {s, nvrm_release_find(s, releases[i])};
        const struct emu_config config = {.chip = "GA102", .abi = abi};
        const struct nvmem_region region = {.base = 16 MiB, .bytes = 256 MiB};
        const struct nvmem_request window = {.bytes = 512 MiB, .align = 512 MiB, .min_addr = 1};
        struct nvmem_vas_direct direct = {.format = NVMEM_PT_V2, .tables = nvmem_mmu_ops()};
        struct NV_VASPACE_ALLOCATION_PARAMETERS rm_space = {0};
        struct gsp_rm_config rm = {.abi = abi};
        struct nvmem_mmu_config mmu_config = {0};
        struct NV0080_ALLOC_PARAMETERS device = {0};
        rm_handle dev = 0, vaspace = 0, own = 0;
        struct gsp_backend *backend;
        struct nvmem_mmu *mmu;
        struct nvmem_vas *vas;
        struct nvmem_range r;
        struct rm_client *c;
        struct emu_gpu *gpu;

        assert_int_equal(emu_gpu_create(&config, &gpu, NULL, 0), 0);
        rm.bus = emu_gpu_bus(gpu);
        assert_int_equal(gsp_rm_open(&rm, &backend, NULL), 0);
        assert_int_equal(rm_client_open(backend, NULL, &c, NULL), 0);
        assert_int_equal(rm_alloc_NV01_DEVICE_0(c, rm_client_handle(c), &device, &dev, NULL),
                         0);
        rm.bus->ops->wr32(rm.bus, 0, 0x1704, 0);
        mmu_config.io = nvmem_mmu_bus_io(rm.bus);
        assert_int_equal(nvmem_heap_create(&(struct nvmem_heap_config){0}, &region, 1,
                                           &mmu_config.vram, NULL),
                         0);
        assert_int_equal(nvmem_mmu_create(&mmu_config, &mmu, NULL), 0);
        direct.ctx = mmu;
        assert_int_equal(nvmem_vas_create_direct(&direct, &vas, NULL), 0);
        assert_int_equal(nvmem_vas_attach(vas, c, dev, &vaspace, NULL), 0);
        assert_int_not_equal(vaspace, 0);
        assert_int_equal(rm_alloc_FERMI_VASPACE_A(c, dev, &rm_space, &own, NULL), 0);
        assert_int_equal(nvmem_vas_reserve(vas, &window, &r, NULL), 0);
        assert_int_equal(nvmem_vas_share(vas, &r, c, own, NULL), 0);
        r.bytes /= 2;
        assert_int_equal(nvmem_vas_share(vas, &r, c, own, NULL), -EINVAL);
        assert_int_equal(nvmem_vas_detach(vas, c, dev, vaspace, NULL), 0);
        nvmem_vas_destroy(vas);
        nvmem_mmu_destroy(mmu);
        nvmem_heap_destroy(mmu_config.vram);
        rm_client_close(c, NULL);
        backend->ops->close(backend);
        emu_gpu_destroy(gpu);
    }
}

/* The MMU's registers */

static uint32_t
stuck(void *ctx, uint32_t reg)
{
    (void)reg;
    return *(const uint32_t *)ctx;
}

static void
nothing(void *ctx, uint32_t reg, uint32_t value)
{
    (void)ctx, (void)reg, (void)value;
}

static int
no_memory(void *ctx, size_t bytes, struct gsp_dma *dma_out)
{
    (void)ctx, (void)bytes, (void)dma_out;
    return -ENOMEM;
}

static void
a_card_that_does_not_answer_has_a_deadline(void **state)
{
    uint32_t answer = 1u << 31;
    const struct nvmem_mmu_config config = {
        .io = {.ctx = &answer, .rd32 = stuck, .wr32 = nothing, .dma_alloc = no_memory},
        .timeout_ns = 1000000
    };
    struct nvmem_mmu_config nothing_at_all = {0};
    struct nvmem_mmu *mmu;

    (void)state;
    assert_int_equal(nvmem_mmu_create(&nothing_at_all, &mmu, NULL), -EINVAL);
    assert_int_equal(nvmem_mmu_create(&config, &mmu, NULL), 0);
    assert_int_equal(nvmem_mmu_invalidate(mmu, 0x1000, NVMEM_VRAM, true), -ETIMEDOUT);
    answer = UINT32_MAX;
    assert_int_equal(nvmem_mmu_invalidate(mmu, 0x1000, NVMEM_VRAM, true), -ENODEV);
    nvmem_mmu_destroy(mmu);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_works_through_our_tables),
        cmocka_unit_test(no_invalidation_is_missing),
        cmocka_unit_test(without_invalidations_old_memory_is_reached),
        cmocka_unit_test(directories_that_are_kept_lead_to_old_tables),
        cmocka_unit_test(rm_takes_the_page_directory),
        cmocka_unit_test(a_card_that_does_not_answer_has_a_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
