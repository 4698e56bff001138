/* SPDX-License-Identifier: MIT */
/*
 * Mappings into address spaces: both classes of virtual memory, and what RM_MAP_MEMORY_DMA and
 * its opposite look at first. Numbers are spelled out (nvos.h, nvstatuscodes.h).
 */
#include <emu/walk.h>

#include "kmod_host.h"
#include "kmod_priv.h"
#include "object.h"
#include "test.h"

enum {
    MEMORY = 0x5c000010,
    OTHER,
    VAS,
    ANY,  /* NV01_MEMORY_VIRTUAL */
    HELD, /* NV50_MEMORY_VIRTUAL */
    AGAIN,
    MIB = 1 << 20,
    FIXED = 1 << 15,
    OK = 0,
    INSUFFICIENT_RESOURCES = 0x1a,
    INVALID_ARGUMENT = 0x1f,
    INVALID_CLIENT = 0x23,
    INVALID_LIMIT = 0x2e,
    INVALID_OBJECT = 0x31,
    INVALID_OBJECT_HANDLE = 0x33,
    INVALID_OFFSET = 0x37,
    NO_MEMORY = 0x51,
    NOT_SUPPORTED = 0x56,
    NOT_FOUND = 0x57,
};
#define VA UINT64_C(0x300000000)

static const char *const releases[] = {"535.113.01", "570.144", "595.45.04"};

struct bed {
    struct host h;
    struct tree t;
};

static uint32_t
make(struct bed *b, uint32_t handle, uint32_t class_id, struct arg *a)
{
    return rm_alloc(&b->h, b->t.ctl, b->t.client, b->t.device, handle, class_id, a->data,
                    a->layout->size);
}

/* Addresses from `at` on, 0: from anywhere. */
static uint32_t
hold(struct bed *b, uint32_t handle, uint64_t at, uint64_t bytes, struct arg *a)
{
    arg_init(&b->h, a, "NV_MEMORY_ALLOCATION_PARAMS");
    arg_set(a, "flags", 0x80000 | (at ? 0x10 : 0));
    arg_set(a, "offset", at);
    arg_set(a, "size", bytes);
    arg_set(a, "hVASpace", VAS);
    return make(b, handle, 0x50a0, a);
}

static void
open_bed_of(struct bed *b, const char *release, const char *chip)
{
    struct arg a;

    memset(b, 0, sizeof(*b));
    host_open(&b->h, release, chip, 1, false);
    tree_open(&b->h, &b->t, 0);
    assert_int_equal(
        rm_memory(&b->h, b->t.ctl, b->t.client, b->t.device, MEMORY, false, 4 * MIB), OK);
    assert_int_equal(rm_memory(&b->h, b->t.ctl, b->t.client, b->t.device, OTHER, true, 65536),
                     OK);
    arg_init(&b->h, &a, "NV_VASPACE_ALLOCATION_PARAMETERS");
    assert_int_equal(make(b, VAS, 0x90f1, &a), OK);
    arg_init(&b->h, &a, "NV_MEMORY_VIRTUAL_ALLOCATION_PARAMS");
    arg_set(&a, "hVASpace", VAS);
    assert_int_equal(make(b, ANY, 0x70, &a), OK);
}

static void
open_bed(struct bed *b, const char *release)
{
    open_bed_of(b, release, NULL);
}

struct dma {
    uint32_t mapper, memory, flags;
    uint64_t offset, bytes, at;
    uint32_t context; /* 0: the device */
};

static uint32_t
map(struct bed *b, struct dma *m)
{
    struct arg a;

    arg_init(&b->h, &a, "NVOS46_PARAMETERS");
    arg_set(&a, "hClient", b->t.client);
    arg_set(&a, "hDevice", m->context ? m->context : b->t.device);
    arg_set(&a, "hDma", m->mapper);
    arg_set(&a, "hMemory", m->memory);
    arg_set(&a, "offset", m->offset);
    arg_set(&a, "length", m->bytes);
    arg_set(&a, "flags", m->flags);
    arg_set(&a, "dmaOffset", m->at);
    assert_int_equal(host_call(&b->h, b->t.ctl, "NV_ESC_RM_MAP_MEMORY_DMA", &a), 0);
    m->at = arg_get(&a, "dmaOffset");
    return (uint32_t)arg_get(&a, "status");
}

static uint32_t
unmap(struct bed *b, uint32_t mapper, uint64_t at, uint64_t bytes)
{
    struct arg a;

    arg_init(&b->h, &a, "NVOS47_PARAMETERS");
    arg_set(&a, "hClient", b->t.client);
    arg_set(&a, "hDevice", b->t.device);
    arg_set(&a, "hDma", mapper);
    arg_set(&a, "dmaOffset", at);
    if (arg_has(&a, "size"))
        arg_set(&a, "size", bytes);
    assert_int_equal(host_call(&b->h, b->t.ctl, "NV_ESC_RM_UNMAP_MEMORY_DMA", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

static void
calls_are_checked_in_the_order_of_rm(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
        struct bed b;

        open_bed(&b, releases[i]);
        const struct {
            struct dma call;
            uint32_t status;
        } rows[] = {
            {{1, 2, 0, 0, 0, 0, 3},                           INVALID_LIMIT        },
            {{1, MEMORY, 0, 0, 4096, 0, 0},                   NOT_FOUND            },
            {{ANY, 2, 0, 0, 4096, 0, 0},                      NOT_FOUND            },
            {{ANY, MEMORY, 0, 0, 4096, 0, 3},                 NOT_FOUND            },
            {{ANY, ANY, 0, 0, 4096, 0, VAS},                  INVALID_OBJECT       },
            {{ANY, ANY, 0, 0, 8 * MIB, 0, 0},                 INVALID_OBJECT_HANDLE},
            {{VAS, MEMORY, 0, 0, 4 * MIB + 1, 0, 0},          INVALID_LIMIT        },
            {{ANY, MEMORY, 0, 4 * MIB, 1, 0, 0},              INVALID_LIMIT        },
            {{ANY, MEMORY, 0, UINT64_MAX, 2, 0, 0},           INVALID_LIMIT        },
            {{VAS, MEMORY, 0, 0, 4096, 0, 0},                 INVALID_OBJECT_HANDLE},
            {{ANY, MEMORY, 0, 0, 4096, 0, b.t.subdevice},     OK                   },
            {{ANY, MEMORY, FIXED, 0, 4 * MIB, VA, 0},         OK                   },
            {{ANY, OTHER, FIXED, 0, 4096, VA + 2 * MIB, 0},   NO_MEMORY            },
            {{ANY, OTHER, FIXED, 0x234, 16, VA + 4 * MIB, 0}, OK                   },
        };
        for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
            struct dma m = rows[row].call;

            assert_int_equal(map(&b, &m), rows[row].status);
            if (m.offset == 0x234) /* the place in the page comes with the address */
                assert_int_equal(m.at, VA + 4 * MIB + 0x234);
        }
        assert_int_equal(unmap(&b, 1, VA, 0), NOT_FOUND);
        assert_int_equal(unmap(&b, VAS, VA, 0), NOT_FOUND);
        assert_int_equal(unmap(&b, ANY, VA + 4096, 0), NOT_FOUND);
        assert_int_equal(unmap(&b, ANY, VA, 0), OK);
        assert_int_equal(unmap(&b, ANY, VA, 0), NOT_FOUND);
        assert_int_equal(unmap(&b, ANY, VA + 4 * MIB + 0x234, 0), OK);
        host_close(&b.h);
    }
}

static void
a_virtual_object_keeps_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
        struct bed b;
        struct dma m;
        struct arg a;
        uint64_t at;

        open_bed(&b, releases[i]);
        assert_int_equal(hold(&b, HELD, 0, 3 * MIB + 1, &a), OK);
        at = arg_get(&a, "offset");
        assert_true(at && !(at & 0xffff));
        assert_int_equal(arg_get(&a, "size"), 3 * MIB + 65536);
        assert_int_equal(arg_get(&a, "limit"), 3 * MIB + 65535);
        assert_int_equal(hold(&b, AGAIN, at + 2 * MIB, MIB, &a), INSUFFICIENT_RESOURCES);
        assert_int_equal(hold(&b, AGAIN, VA, 0, &a), INVALID_ARGUMENT);
        assert_int_equal(hold(&b, AGAIN, VA, MIB, &a), OK);
        assert_int_equal(arg_get(&a, "offset"), VA);
        /* Relative to it, unless said otherwise; never beside it. */
        m = (struct dma){HELD, MEMORY, 0, 0, MIB, MIB, 0};
        assert_int_equal(map(&b, &m), OK);
        assert_int_equal(m.at, at + MIB);
        m = (struct dma){HELD, MEMORY, FIXED, 0, MIB, at, 0};
        assert_int_equal(map(&b, &m), OK);
        m = (struct dma){HELD, MEMORY, FIXED, 0, MIB, VA, 0};
        assert_int_equal(map(&b, &m), INVALID_OFFSET);
        m = (struct dma){HELD, MEMORY, 0, 0, 4 * MIB, 0, 0};
        assert_int_equal(map(&b, &m), INVALID_ARGUMENT);
        m = (struct dma){HELD, MEMORY, 0, 0, MIB, 0, b.t.subdevice};
        assert_int_equal(map(&b, &m), NOT_SUPPORTED);
        /* What another keeps is not for NV01_MEMORY_VIRTUAL. */
        m = (struct dma){ANY, MEMORY, FIXED, 0, MIB, VA, 0};
        assert_int_equal(map(&b, &m), NO_MEMORY);
        assert_int_equal(rm_free(&b.h, b.t.ctl, b.t.client, AGAIN), OK);
        assert_int_equal(map(&b, &m), OK);
        host_close(&b.h);
    }
}

static void
mappings_end_with_either_object(void **state)
{
    struct bed b;
    struct dma m = {ANY, OTHER, FIXED, 0, 65536, VA, 0};
    struct arg a;

    (void)state;
    open_bed(&b, "580.65.06");
    assert_int_equal(map(&b, &m), OK);
    assert_int_equal(rm_free(&b.h, b.t.ctl, b.t.client, OTHER), OK);
    assert_int_equal(unmap(&b, ANY, VA, 0), NOT_FOUND);
    assert_int_equal(hold(&b, HELD, VA, MIB, &a), OK);
    m = (struct dma){HELD, MEMORY, 0, 0, MIB, 0, 0};
    assert_int_equal(map(&b, &m), OK);
    assert_int_equal(unmap(&b, ANY, VA, 0), NOT_FOUND); /* not its own */
    assert_int_equal(unmap(&b, HELD, VA + 65536, 65536), OK);
    assert_int_equal(unmap(&b, HELD, VA + 65536, 65536), OK); /* nothing there */
    assert_int_equal(rm_dup(&b.h, b.t.ctl, b.t.client, b.t.device, AGAIN, b.t.client, HELD),
                     OK);
    assert_int_equal(rm_free(&b.h, b.t.ctl, b.t.client, HELD), OK);
    m = (struct dma){ANY, MEMORY, FIXED, 0, MIB, VA, 0};
    assert_int_equal(map(&b, &m), NO_MEMORY); /* its duplicate keeps them */
    assert_int_equal(rm_free(&b.h, b.t.ctl, b.t.client, AGAIN), OK);
    assert_int_equal(map(&b, &m), OK);
    host_close(&b.h);
}

/* Page sizes. The numbers of NVOS32_ATTR_PAGE_SIZE and NVOS46_FLAGS_PAGE_SIZE are not the same.
 */
enum { SMALL = 4096, BIG = 65536, HUGE = 2 * MIB, SIZED = 0x5c000030 };

static void
make_sized(struct bed *b, uint32_t handle, uint64_t bytes, unsigned page)
{
    struct arg a;

    arg_init(&b->h, &a, "NV_MEMORY_ALLOCATION_PARAMS");
    arg_set(&a, "size", bytes);
    arg_set(&a, "attr", page << 23);
    assert_int_equal(make(b, handle, 0x40, &a), OK);
}

/* What the card finds at va of the memory: the page's size; 0: nothing. The place is checked.
 */
static uint64_t
page_at(struct bed *b, uint32_t memory, uint64_t va, uint64_t offset)
{
    struct emu_gpu *gpu = b->h.kmod->card[0].gpu;
    const struct emu_object *vas = emu_object_find(gpu, b->t.client, VAS);
    const struct kmod_object *o = kmod_object(kmod_client_any(b->h.kmod, b->t.client), memory);
    struct emu_walk w;

    if (!emu_gpu_walk(gpu, false, vas->u.vaspace.tables.pdb, va, &w))
        return 0;
    assert_int_equal(w.addr, o->u.memory->addr + offset);
    return w.page_bytes;
}

static const struct {
    const char *release, *chip;
} cards[] = {
    {"580.65.06", "TU102"},
    {"570.144",   "GH100"},
    {"595.45.04", "GB202"},
};
#define CARDS (sizeof(cards) / sizeof(*cards))

static void
pages_are_as_large_as_the_memory_or_the_mapping_asks(void **state)
{
    static const struct {
        uint64_t bytes;
        unsigned memory, mapping;
        uint64_t page;
    } rows[] = {
        {4 * MIB,           0, 0, HUGE },
        {4 * MIB,           1, 0, SMALL},
        {4 * MIB,           2, 0, BIG  },
        {4 * MIB,           3, 0, HUGE },
        {4 * MIB,           0, 2, BIG  },
        {4 * MIB,           0, 1, SMALL},
        {4 * MIB,           2, 1, SMALL},
        {3 * MIB,           2, 4, BIG  },
        {BIG,               0, 0, BIG  },
        {3 * MIB + 2 * BIG, 2, 0, BIG  },
    };

    (void)state;
    for (size_t i = 0; i < CARDS * (sizeof(rows) / sizeof(*rows)); i++) {
        const size_t row = i / CARDS;
        struct dma m = {ANY, SIZED, FIXED | rows[row].mapping << 8, 0, rows[row].bytes, VA, 0};
        struct bed b;

        open_bed_of(&b, cards[i % CARDS].release, cards[i % CARDS].chip);
        make_sized(&b, SIZED, rows[row].bytes, rows[row].memory);
        assert_int_equal(map(&b, &m), OK);
        for (uint64_t at = 0; at < rows[row].bytes; at += BIG)
            assert_int_equal(page_at(&b, SIZED, VA + at + 7, at + 7), rows[row].page);
        assert_int_equal(page_at(&b, SIZED, VA + rows[row].bytes, 0), 0);
        assert_int_equal(unmap(&b, ANY, VA, 0), OK);
        for (uint64_t at = 0; at < rows[row].bytes; at += BIG)
            assert_int_equal(page_at(&b, SIZED, VA + at, 0), 0);
        m.flags = FIXED | 6 << 8;
        assert_int_equal(map(&b, &m), INVALID_ARGUMENT);
        host_close(&b.h);
    }
}

static void
pages_of_all_sizes_lie_beside_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < CARDS; i++) {
        struct dma m = {ANY, SIZED, FIXED | 2 << 8, 0, 2 * MIB, VA, 0};
        struct arg a;
        struct bed b;

        open_bed_of(&b, cards[i].release, cards[i].chip);
        make_sized(&b, SIZED, 2 * MIB, 0);
        assert_int_equal(hold(&b, HELD, VA, 4 * MIB, &a), OK);
        m.mapper = HELD;
        m.at = VA;
        assert_int_equal(map(&b, &m), OK);
        /* One 4 KiB page out of the middle of a page of 64 KiB. */
        assert_int_equal(unmap(&b, HELD, VA + 3 * BIG + SMALL, SMALL), OK);
        assert_int_equal(page_at(&b, SIZED, VA + 3 * BIG, 3 * BIG), SMALL);
        assert_int_equal(page_at(&b, SIZED, VA + 3 * BIG + SMALL, 0), 0);
        assert_int_equal(page_at(&b, SIZED, VA + 4 * BIG - 1, 4 * BIG - 1), SMALL);
        assert_int_equal(page_at(&b, SIZED, VA + 4 * BIG, 4 * BIG), BIG);
        assert_int_equal(page_at(&b, SIZED, VA + 3 * BIG - 1, 3 * BIG - 1), BIG);
        /* A large one in their place again, then nothing. */
        m = (struct dma){HELD, SIZED, FIXED | 2 << 8, 0, BIG, VA + 3 * BIG, 0};
        assert_int_equal(map(&b, &m), OK);
        assert_int_equal(page_at(&b, SIZED, VA + 3 * BIG + SMALL, SMALL), BIG);
        assert_int_equal(unmap(&b, HELD, VA + 3 * BIG, BIG), OK);
        for (uint64_t at = 0; at < BIG; at += SMALL)
            assert_int_equal(page_at(&b, SIZED, VA + 3 * BIG + at, 0), 0);
        /* Part of a page of 2 MiB. */
        m = (struct dma){HELD, SIZED, FIXED, 0, 2 * MIB, VA + 2 * MIB, 0};
        assert_int_equal(map(&b, &m), OK);
        assert_int_equal(page_at(&b, SIZED, VA + 2 * MIB, 0), HUGE);
        assert_int_equal(unmap(&b, HELD, VA + 2 * MIB, BIG), OK);
        assert_int_equal(page_at(&b, SIZED, VA + 2 * MIB, 0), 0);
        assert_int_equal(page_at(&b, SIZED, VA + 2 * MIB + BIG, BIG), BIG);
        host_close(&b.h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_checked_in_the_order_of_rm),
        cmocka_unit_test(a_virtual_object_keeps_addresses),
        cmocka_unit_test(mappings_end_with_either_object),
        cmocka_unit_test(pages_are_as_large_as_the_memory_or_the_mapping_asks),
        cmocka_unit_test(pages_of_all_sizes_lie_beside_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
