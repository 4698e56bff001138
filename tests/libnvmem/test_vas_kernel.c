/* SPDX-License-Identifier: MIT */
/*
 * Address spaces that nvidia.ko keeps: against a backend that knows what RM has mapped, page by
 * page, and refuses what RM would refuse.
 */
#include <errno.h>

#include <gsp/backend.h>
#include <nvmem/vas.h>

#include "test.h"

#define PAGE  UINT64_C(4096)
#define BASE  UINT64_C(0x200000000)
#define PAGES 512

enum { MAPPINGS = 4096, HMEMORY = 0x50 };

/* What RM has: whole mappings, none over another. */
struct module {
    struct gsp_backend b;
    struct gsp_map_dma row[MAPPINGS];
    unsigned count;
    long fail_after; /* < 0: never */
    uint64_t shift;  /* it maps elsewhere */
};

static int
module_map(struct gsp_backend *b, struct gsp_map_dma *map, struct gsp_error *err)
{
    struct module *m = (struct module *)b;

    assert_true(map->flags & 1 << 15); /* a fixed address */
    assert_int_equal(map->hDma, 0x70);
    for (unsigned i = 0; i < m->count; i++)
        assert_false(map->gpu_va < m->row[i].gpu_va + m->row[i].bytes &&
                     m->row[i].gpu_va < map->gpu_va + map->bytes);
    if (!m->fail_after || m->count == MAPPINGS)
        return gsp_fail_rm(err, b->abi, "map to the GPU", 0x51);
    m->fail_after -= m->fail_after > 0;
    map->gpu_va += m->shift;
    m->row[m->count++] = *map;
    return 0;
}

static int
module_unmap(struct gsp_backend *b, const struct gsp_map_dma *map, struct gsp_error *err)
{
    struct module *m = (struct module *)b;
    unsigned i = 0;

    while (i < m->count && m->row[i].gpu_va != map->gpu_va)
        i++;
    if (i == m->count || m->row[i].hMemory != map->hMemory)
        return gsp_fail_rm(err, b->abi, "unmap from the GPU", 0x57);
    m->row[i] = m->row[--m->count];
    return 0;
}

static const struct gsp_backend_ops module_ops = {
    .name = "module", .map_dma = module_map, .unmap_dma = module_unmap};

static struct nvmem_vas *
open_space(struct module *m)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvmem_vas_kernel config = {
        .space = {.name = "kernel", .base = BASE, .bytes = 1 << 30},
        .backend = &m->b,
        .hClient = 1,
        .hDevice = 2,
        .hDma = 0x70
    };
    struct nvmem_vas *vas;

    memset(m, 0, sizeof(*m));
    m->b.ops = &module_ops;
    m->b.abi = (struct nvrm_abi){s, nvrm_release_find(s, "570.144")};
    m->fail_after = -1;
    assert_int_equal(nvmem_vas_create_kernel(&config, &vas, NULL), 0);
    return vas;
}

static void
close_space(struct module *m, struct nvmem_vas *vas)
{
    nvmem_vas_destroy(vas);
    assert_int_equal(m->count, 0);
}

/* Where RM says the page is; memory is called by its handle and offset. */
static bool
find(const struct module *m, uint64_t va, uint32_t *memory_out, uint64_t *offset_out)
{
    for (unsigned i = 0; i < m->count; i++)
        if (va >= m->row[i].gpu_va && va < m->row[i].gpu_va + m->row[i].bytes) {
            *memory_out = m->row[i].hMemory;
            *offset_out = m->row[i].offset + (va - m->row[i].gpu_va);
            return true;
        }
    return false;
}

struct page {
    uint32_t memory; /* 0: none */
    uint64_t offset;
};

static void
check_pages(const struct module *m, struct nvmem_vas *vas, const struct nvmem_range *r,
            const struct page *page)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const uint64_t va = r->addr + i * PAGE;
        struct nvmem_pt_entry e;
        uint64_t offset = 0;
        uint32_t memory = 0;
        const bool mapped = find(m, va, &memory, &offset);

        assert_int_equal(memory, page[i].memory);
        assert_int_equal(mapped, nvmem_vas_walk(vas, va, &e));
        if (mapped) {
            assert_int_equal(offset, page[i].offset);
            assert_int_equal(e.word, memory);
            assert_int_equal(e.target.addr + (va - e.va), offset);
        }
    }
}

static uint32_t
next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*seed >> 33);
}

/* Random calls; the list of pages foretells what each returns. Sometimes RM refuses. */
static void
random_calls_leave_what_the_list_says(void **state)
{
    const struct nvmem_request q = {.bytes = PAGES * PAGE};
    struct page page[PAGES] = {0};
    struct nvmem_range r;
    struct module m;
    struct nvmem_vas *vas = open_space(&m);
    uint64_t seed = 3;

    (void)state;
    assert_int_equal(nvmem_vas_reserve(vas, &q, &r, NULL), 0);
    for (unsigned n = 0; n < 4000; n++) {
        const unsigned from = next(&seed) % PAGES, what = next(&seed) % 6;
        unsigned count = 1 + next(&seed) % 60, mapped = 0;
        const uint64_t offset = (next(&seed) % 1024) * PAGE;
        const struct nvmem_vas_memory memory = {.bytes = 16 << 20,
                                                .hMemory = HMEMORY + next(&seed) % 4};
        struct nvmem_vas_how how = {.offset = offset};
        int rc, want;

        count = count < PAGES - from ? count : PAGES - from;
        how.bytes = count * PAGE;
        for (unsigned i = 0; i < count; i++)
            mapped += page[from + i].memory != 0;
        if (what < 3) {
            rc = nvmem_vas_map(vas, &r, from * PAGE, &memory, &how, NULL);
            want = mapped ? -EEXIST : 0;
        } else if (what == 3) {
            rc = nvmem_vas_remap(vas, &r, from * PAGE, &memory, &how, NULL);
            want = mapped == count ? 0 : -ENOENT;
        } else {
            rc = nvmem_vas_unmap(vas, &r, from * PAGE, count * PAGE, NULL);
            want = mapped == count ? 0 : -ENOENT;
        }
        assert_int_equal(rc, want);
        for (unsigned i = 0; i < count && !rc; i++)
            page[from + i] =
                what < 4 ? (struct page){memory.hMemory, offset + i * PAGE} : (struct page){0};
        if (n % 16 == 0)
            check_pages(&m, vas, &r, page);
    }
    check_pages(&m, vas, &r, page);
    assert_int_equal(nvmem_vas_release(vas, &r, NULL), 0);
    assert_int_equal(m.count, 0);
    close_space(&m, vas);
}

static void
what_was_there_is_put_back_when_rm_refuses_the_new(void **state)
{
    const struct nvmem_vas_memory a = {.bytes = 64 * PAGE, .hMemory = HMEMORY};
    const struct nvmem_vas_memory b = {.bytes = 8 * PAGE, .hMemory = HMEMORY + 1};
    struct gsp_error err = {0};
    struct nvmem_range r;
    struct module m;
    struct nvmem_vas *vas = open_space(&m);
    uint64_t offset;
    uint32_t memory;

    (void)state;
    assert_int_equal(nvmem_vas_alloc(vas, NULL, &a, NULL, &r, NULL), 0);
    m.fail_after = 2; /* both ends of what is cut; then the new one fails, then no more */
    assert_int_equal(nvmem_vas_remap(vas, &r, 16 * PAGE, &b, NULL, &err), -EREMOTEIO);
    assert_non_null(strstr(err.hint, "could not be mapped again"));
    m.fail_after = -1;
    assert_int_equal(nvmem_vas_unmap(vas, &r, 0, 0, NULL), 0);
    assert_int_equal(nvmem_vas_map(vas, &r, 0, &a, NULL, NULL), 0);
    assert_int_equal(nvmem_vas_remap(vas, &r, 16 * PAGE, &b, NULL, &err), 0);
    assert_true(find(&m, r.addr + 17 * PAGE, &memory, &offset));
    assert_int_equal(memory, HMEMORY + 1);
    assert_true(find(&m, r.addr + 24 * PAGE, &memory, &offset));
    assert_int_equal(memory, HMEMORY);
    assert_int_equal(offset, 24 * PAGE);
    close_space(&m, vas);
}

static void
what_clients_may_not_ask_for_is_named(void **state)
{
    static const struct {
        struct nvmem_vas_how how;
        int rc;
        const char *says;
    } rows[] = {
        {{.flags = NVMEM_MAP_PRIVILEGED}, -ENOTSUP, "that is privileged"    },
        {{.flags = NVMEM_MAP_VOLATILE},   -ENOTSUP, "that is volatile"      },
        {{.flags = NVMEM_MAP_NO_ATOMICS}, -ENOTSUP, "that is no atomics"    },
        {{.flags = 1 << 6},               -EINVAL,  "not all are known"     },
        {{.page_bytes = 8192},            -EINVAL,  "no pages of 0x2000"    },
        {{.flags = NVMEM_MAP_SPARSE},     -ENOTSUP, "that is sparse"        },
        {{.offset = 64 * PAGE},           -ERANGE,  "the memory has 0x40000"},
    };
    const struct nvmem_vas_memory a = {.bytes = 64 * PAGE, .hMemory = HMEMORY};
    struct module m;
    struct nvmem_vas *vas = open_space(&m);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gsp_error err = {0};
        struct nvmem_range r;

        assert_int_equal(nvmem_vas_alloc(vas, NULL, &a, &rows[i].how, &r, &err), rows[i].rc);
        if (!strstr(err.text, rows[i].says))
            fail_msg("%s", err.text);
    }
    close_space(&m, vas);
}

static void
flags_are_those_of_rm(void **state)
{
    static const struct {
        uint32_t flags;
        enum nvmem_aperture aperture;
        uint64_t page_bytes;
        uint32_t want;
    } rows[] = {
        {0,                   NVMEM_VRAM,               0,         0x8000},
        {NVMEM_MAP_READ_ONLY, NVMEM_VRAM,               4096,      0x8101},
        {0,                   NVMEM_SYSTEM,             64 << 10,  0x8210},
        {0,                   NVMEM_SYSTEM_NONCOHERENT, 2 << 20,   0x8400},
        {0,                   NVMEM_VRAM,               512 << 20, 0x8500},
    };
    struct module m;
    struct nvmem_vas *vas = open_space(&m);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct nvmem_vas_memory memory = {
            .bytes = PAGE, .aperture = rows[i].aperture, .hMemory = HMEMORY};
        const struct nvmem_vas_how how = {.flags = rows[i].flags,
                                          .page_bytes = rows[i].page_bytes};
        struct nvmem_range r;

        assert_int_equal(nvmem_vas_alloc(vas, NULL, &memory, &how, &r, NULL), 0);
        assert_int_equal(m.row[0].flags, rows[i].want);
        assert_int_equal(nvmem_vas_release(vas, &r, NULL), 0);
    }
    close_space(&m, vas);
}

static void
a_module_that_maps_elsewhere_is_not_believed(void **state)
{
    const struct nvmem_vas_memory a = {.bytes = PAGE, .hMemory = HMEMORY};
    struct gsp_error err = {0};
    struct nvmem_range r;
    struct module m;
    struct nvmem_vas *vas = open_space(&m);

    (void)state;
    m.shift = 0x10000;
    assert_int_equal(nvmem_vas_alloc(vas, NULL, &a, NULL, &r, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "instead of"));
    close_space(&m, vas);
}

static void
a_backend_without_mappings_is_refused(void **state)
{
    static const struct gsp_backend_ops none = {.name = "gsp"};
    struct gsp_backend b = {.ops = &none};
    const struct nvmem_vas_kernel config = {
        .space = {.base = BASE, .bytes = PAGE},
          .backend = &b
    };
    struct gsp_error err = {0};
    struct nvmem_vas *vas;

    (void)state;
    assert_int_equal(nvmem_vas_create_kernel(&config, &vas, &err), -EOPNOTSUPP);
    assert_non_null(strstr(err.text, "use a direct space"));
}

static int
count_runs(void *ctx, const struct nvmem_pt_entry *run)
{
    struct nvmem_pt_entry *sum = ctx;

    assert_true(run->va >= sum->va);
    sum->va = run->va + run->bytes;
    sum->bytes++;
    return 0;
}

static void
thousands_of_mappings_are_kept_in_order(void **state)
{
    enum { MANY = 4000 };
    const struct nvmem_vas_memory a = {.bytes = PAGE, .hMemory = HMEMORY};
    const struct nvmem_request q = {.bytes = MANY * 2 * PAGE};
    struct nvmem_pt_entry sum = {0};
    struct nvmem_vas_stat stat;
    struct nvmem_range r;
    struct module m;
    struct nvmem_vas *vas = open_space(&m);

    (void)state;
    assert_int_equal(nvmem_vas_reserve(vas, &q, &r, NULL), 0);
    for (uint64_t i = 0; i < MANY; i++)
        assert_int_equal(nvmem_vas_map(vas, &r, (i * 1237 % MANY) * 2 * PAGE, &a, NULL, NULL),
                         0);
    nvmem_vas_stat(vas, &stat);
    assert_int_equal(stat.mappings, MANY);
    assert_int_equal(stat.mapped_bytes, MANY * PAGE);
    assert_int_equal(nvmem_vas_each(vas, count_runs, &sum), 0);
    assert_int_equal(sum.bytes, MANY);
    assert_int_equal(nvmem_vas_unmap(vas, &r, 0, 0, NULL), 0);
    assert_int_equal(m.count, 0);
    close_space(&m, vas);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_calls_leave_what_the_list_says),
        cmocka_unit_test(what_was_there_is_put_back_when_rm_refuses_the_new),
        cmocka_unit_test(what_clients_may_not_ask_for_is_named),
        cmocka_unit_test(flags_are_those_of_rm),
        cmocka_unit_test(a_module_that_maps_elsewhere_is_not_believed),
        cmocka_unit_test(a_backend_without_mappings_is_refused),
        cmocka_unit_test(thousands_of_mappings_are_kept_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
