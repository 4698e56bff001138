/* SPDX-License-Identifier: MIT */
/* Ranges: where they come from, that they never overlap, what misuse says. */
#include <errno.h>

#include <nvmem/heap.h>
#include <nvmem/report.h>

#include "test.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static struct nvmem_heap *
heap_of(uint64_t base, uint64_t bytes)
{
    const struct nvmem_heap_config config = {.name = "vram", .times = true};
    const struct nvmem_region region = {.base = base, .bytes = bytes};
    struct nvmem_heap *heap;

    assert_int_equal(nvmem_heap_create(&config, &region, 1, &heap, NULL), 0);
    return heap;
}

static struct nvmem_range
take(struct nvmem_heap *heap, struct nvmem_request q)
{
    struct gsp_error err = {0};
    struct nvmem_range r;

    if (nvmem_heap_alloc(heap, &q, &r, &err) != 0)
        fail_msg("%s", err.text);
    return r;
}

static void
give(struct nvmem_heap *heap, struct nvmem_range r)
{
    assert_int_equal(nvmem_heap_free(heap, &r, NULL), 0);
}

static uint32_t
next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*seed >> 33);
}

static void
ranges_are_aligned_and_whole_pages(void **state)
{
    struct nvmem_heap *heap = heap_of(0x1000, GIB);

    (void)state;
    for (unsigned shift = 12; shift <= 24; shift++) {
        const uint64_t page = UINT64_C(1) << shift;
        const struct nvmem_range a =
            take(heap, (struct nvmem_request){.bytes = 5, .page_bytes = page});
        const struct nvmem_range b =
            take(heap, (struct nvmem_request){.bytes = 5, .align = page});

        assert_int_equal(a.addr % page, 0);
        assert_int_equal(a.bytes, page);
        assert_int_equal(b.addr % page, 0);
        assert_int_equal(b.bytes, 4096);
        assert_true(a.addr + a.bytes <= b.addr || b.addr + b.bytes <= a.addr);
    }
    nvmem_heap_destroy(heap);
}

static void
what_comes_back_becomes_one_range_again(void **state)
{
    struct nvmem_heap *heap = heap_of(0, 64 * MIB);
    struct nvmem_range r[64], all;
    struct nvmem_heap_stat stat;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        r[i] = take(heap, (struct nvmem_request){.bytes = MIB});
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.used_bytes, 64 * MIB);
    assert_int_equal(stat.free_ranges, 0);
    for (unsigned i = 0; i < 64; i += 2)
        give(heap, r[i]);
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.free_ranges, 32);
    assert_int_equal(stat.largest_free_bytes, MIB);
    for (unsigned i = 1; i < 64; i += 2)
        give(heap, r[i]);
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.free_ranges, 1);
    assert_int_equal(stat.used_bytes, 0);
    assert_int_equal(stat.peak_bytes, 64 * MIB);
    all = take(heap, (struct nvmem_request){.bytes = 64 * MIB});
    assert_int_equal(all.addr, 0);
    nvmem_heap_destroy(heap);
}

static void
limits_fixed_addresses_and_directions_hold(void **state)
{
    struct nvmem_heap *heap = heap_of(0, GIB);
    struct nvmem_request q = {.bytes = MIB, .flags = NVMEM_TOP_DOWN};
    struct nvmem_range r = take(heap, q);
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(r.addr, GIB - MIB);
    r = take(heap, (struct nvmem_request){.bytes = MIB});
    assert_int_equal(r.addr, 0);
    q = (struct nvmem_request){.bytes = MIB, .flags = NVMEM_FIXED, .fixed_addr = 512 * MIB};
    r = take(heap, q);
    assert_int_equal(r.addr, 512 * MIB);
    assert_int_equal(nvmem_heap_alloc(heap, &q, &r, &err), -EEXIST);
    assert_string_equal(err.text, "vram: 0x20000000 .. 0x200fffff is not free");
    q = (struct nvmem_request){
        .bytes = MIB, .min_addr = 511 * MIB + 1, .max_addr = 514 * MIB - 1};
    r = take(heap, q);
    assert_int_equal(r.addr, 513 * MIB);
    assert_int_equal(nvmem_heap_alloc(heap, &q, &r, &err), -ENOSPC);
    assert_string_equal(err.hint, "the request is limited to 0x1ff00001 .. 0x201fffff");
    nvmem_heap_destroy(heap);
}

static void
requests_that_make_no_sense_are_refused(void **state)
{
    const struct nvmem_region twice[] = {
        {0,    8192, 0, 0},
        {4096, 4096, 0, 0},
    };
    const struct nvmem_heap_config odd = {.granule_bytes = 3000}, plain = {0};
    const struct nvmem_request rows[] = {
        {0,          0, 0,    0, 0, 0,  0,           0, 0},
        {UINT64_MAX, 0, 0,    0, 0, 0,  0,           0, 0},
        {1,          3, 0,    0, 0, 0,  0,           0, 0},
        {1,          0, 5000, 0, 0, 0,  0,           0, 0},
        {1,          0, 0,    0, 0, 12, NVMEM_FIXED, 0, 0},
    };
    struct nvmem_heap *heap = heap_of(0, GIB), *other = NULL;
    struct nvmem_range r = {.id = 7};
    struct gsp_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(nvmem_heap_alloc(heap, &rows[i], &r, &err), -EINVAL);
        assert_int_equal(err.origin, GSP_ORIGIN_INPUT);
        assert_int_equal(r.id, 7);
    }
    assert_int_equal(nvmem_heap_create(&plain, twice, 2, &other, &err), -EINVAL);
    assert_string_equal(err.text, "heap: regions 0 and 1 overlap at 0x1000");
    assert_int_equal(nvmem_heap_create(&odd, twice, 1, &other, &err), -EINVAL);
    assert_int_equal(nvmem_heap_create(&plain, twice, 0, &other, &err), -EINVAL);
    assert_null(other);
    nvmem_heap_destroy(heap);
    nvmem_heap_destroy(NULL);
}

static void
hostile_frees_are_named_and_change_nothing(void **state)
{
    struct nvmem_heap *heap = heap_of(0, GIB), *other = heap_of(0, GIB);
    const struct nvmem_range a = take(heap, (struct nvmem_request){.bytes = MIB});
    const struct nvmem_range b = take(other, (struct nvmem_request){.bytes = MIB});
    struct nvmem_range forged = a;
    struct nvmem_heap_stat stat;
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(nvmem_heap_free(heap, &b, &err), -ENOENT);
    assert_string_equal(err.text, "vram: 0x0 (1048576 bytes) is no range of this heap");
    forged.addr += 4096;
    assert_int_equal(nvmem_heap_free(heap, &forged, &err), -ENOENT);
    forged.id |= 0xffffffff;
    assert_int_equal(nvmem_heap_free(heap, &forged, &err), -ENOENT);
    give(heap, a);
    assert_int_equal(nvmem_heap_free(heap, &a, &err), -EALREADY);
    assert_string_equal(err.text, "vram: 0x0 (1048576 bytes) was freed before");
    /* The place is given out again: the old name still is an old name. */
    forged = take(heap, (struct nvmem_request){.bytes = MIB});
    assert_int_equal(forged.addr, a.addr);
    assert_int_equal(nvmem_heap_free(heap, &a, &err), -EALREADY);
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.used_bytes, MIB);
    nvmem_heap_destroy(heap);
    nvmem_heap_destroy(other);
}

static void
regions_serve_what_they_can(void **state)
{
    const struct nvmem_region regions[] = {
        {0,        4 * MIB,  NVMEM_RESERVED,               0},
        {4 * MIB,  8 * MIB,  NVMEM_ISO,                    1},
        {16 * MIB, 16 * MIB, NVMEM_COMPRESSED | NVMEM_ISO, 9},
        {64 * MIB, 4 * MIB,  NVMEM_PROTECTED,              5},
    };
    const struct nvmem_heap_config config = {.name = "fb"};
    struct nvmem_request q = {.bytes = 16 * MIB};
    struct gsp_error err = {0};
    struct nvmem_heap_stat stat;
    struct nvmem_heap *heap;
    struct nvmem_range r;

    (void)state;
    assert_int_equal(nvmem_heap_create(&config, regions, 4, &heap, NULL), 0);
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.total_bytes, 28 * MIB);
    assert_int_equal(take(heap, q).addr, 16 * MIB); /* the fastest first */
    q.bytes = MIB;
    assert_int_equal(take(heap, q).addr, 4 * MIB); /* then the next; never the protected one */
    q.need = NVMEM_PROTECTED;
    assert_int_equal(take(heap, q).addr, 64 * MIB);
    q.need = NVMEM_COMPRESSED;
    assert_int_equal(nvmem_heap_alloc(heap, &q, &r, &err), -ENOSPC);
    q.need = NVMEM_COMPRESSED | NVMEM_PROTECTED;
    assert_int_equal(nvmem_heap_alloc(heap, &q, &r, &err), -ENOSPC);
    assert_string_equal(err.hint, "no region has all of the attributes 0x5 that are needed");
    nvmem_heap_destroy(heap);
}

/* Against a map of pages, with every way to ask. */
static void
random_work_agrees_with_a_map_of_pages(void **state)
{
    enum { PAGES = 4096, LIVE = 512 };
    struct nvmem_heap *heap = heap_of(0, PAGES * UINT64_C(4096));
    static uint16_t map[PAGES];
    static struct nvmem_range live[LIVE];
    uint64_t seed = 7, used = 0;

    (void)state;
    memset(live, 0, sizeof(live));
    memset(map, 0, sizeof(map));
    for (unsigned step = 0; step < 60000; step++) {
        const unsigned i = next(&seed) % LIVE;
        struct nvmem_range *r = &live[i];
        struct nvmem_request q = {.bytes = 1 + next(&seed) % (16 * 4096)};
        struct nvmem_heap_stat stat;

        if (r->id) {
            for (uint64_t p = r->addr / 4096; p < (r->addr + r->bytes) / 4096; p++) {
                assert_int_equal(map[p], i + 1);
                map[p] = 0;
            }
            used -= r->bytes;
            give(heap, *r);
            r->id = 0;
            continue;
        }
        q.align = next(&seed) % 3 ? 0 : UINT64_C(4096) << next(&seed) % 5;
        q.flags = next(&seed) % 4 ? 0 : NVMEM_TOP_DOWN;
        if (next(&seed) % 8 == 0) {
            q.min_addr = next(&seed) % (PAGES * 4096u);
            q.max_addr = q.min_addr + 100 * 4096;
        }
        if (nvmem_heap_alloc(heap, &q, r, NULL) != 0)
            continue;
        if (q.max_addr)
            assert_true(r->addr >= q.min_addr && r->addr + r->bytes - 1 <= q.max_addr);
        if (q.align)
            assert_int_equal(r->addr % q.align, 0);
        for (uint64_t p = r->addr / 4096; p < (r->addr + r->bytes) / 4096; p++) {
            assert_int_equal(map[p], 0);
            map[p] = (uint16_t)(i + 1);
        }
        used += r->bytes;
        if (step % 64 == 0) {
            nvmem_heap_stat(heap, &stat);
            assert_int_equal(stat.used_bytes, used);
        }
    }
    nvmem_heap_destroy(heap);
}

/* Sizes of a game's buffers; a buddy of powers of two fails before 75 %. */
static void
eighty_five_percent_fit_without_a_failure(void **state)
{
    enum { LIVE = 20000 };
    struct nvmem_heap *heap = heap_of(0, 4 * GIB);
    static struct nvmem_range live[LIVE];
    struct nvmem_heap_stat stat;
    uint64_t seed = 3;
    unsigned count = 0;

    (void)state;
    for (unsigned step = 0; step < 200000; step++) {
        nvmem_heap_stat(heap, &stat);
        if (count == LIVE || stat.used_bytes >= stat.total_bytes / 100 * 85) {
            const unsigned i = next(&seed) % count;

            give(heap, live[i]);
            live[i] = live[--count];
        } else {
            const uint64_t bytes = UINT64_C(4096) << next(&seed) % 8;

            live[count++] =
                take(heap, (struct nvmem_request){.bytes = bytes + next(&seed) % bytes});
        }
    }
    nvmem_heap_stat(heap, &stat);
    assert_int_equal(stat.failures, 0);
    nvmem_heap_destroy(heap);
}

static void
leaks_name_owner_size_and_time(void **state)
{
    struct nvmem_heap *heap = heap_of(0, GIB);
    uint32_t ring, texture, again;
    struct nvmem_owners *owners;
    struct nvmem_leak leaks[4];
    struct nvmem_range r;

    (void)state;
    assert_int_equal(nvmem_owners_create(NULL, &owners, NULL), 0);
    assert_int_equal(nvmem_owner_add(owners, "ring", &ring, NULL), 0);
    assert_int_equal(nvmem_owner_add(owners, "texture", &texture, NULL), 0);
    assert_int_equal(nvmem_owner_add(owners, "ring", &again, NULL), 0);
    assert_int_equal(ring, again);
    assert_int_equal(nvmem_heap_leaks(heap, leaks, 4), 0);
    take(heap, (struct nvmem_request){.bytes = 4096, .owner = ring});
    take(heap, (struct nvmem_request){.bytes = 8192, .owner = ring});
    r = take(heap, (struct nvmem_request){.bytes = MIB, .owner = texture});
    take(heap, (struct nvmem_request){.bytes = 4096});
    assert_int_equal(nvmem_heap_leaks(heap, leaks, 4), 3);
    assert_string_equal(nvmem_owner_name(owners, leaks[0].owner), "texture");
    assert_string_equal(nvmem_owner_name(owners, leaks[1].owner), "ring");
    assert_int_equal(leaks[1].ranges, 2);
    assert_int_equal(leaks[1].bytes, 12288);
    assert_int_equal(leaks[1].largest_bytes, 8192);
    assert_true(leaks[1].oldest_ns > 0);
    assert_int_equal(leaks[2].owner, 0);
    assert_string_equal(nvmem_owner_name(owners, 0), "");
    give(heap, r);
    assert_int_equal(nvmem_heap_leaks(heap, leaks, 1), 2);
    assert_int_equal(leaks[0].owner, ring);
    nvmem_owners_destroy(owners);
    nvmem_heap_destroy(heap);
}

struct text {
    char bytes[200000];
    size_t used;
    unsigned left; /* calls until it gives up */
};

static int
append(void *ctx, const char *bytes, size_t count)
{
    struct text *t = ctx;

    if (!t->left--)
        return -EPIPE;
    assert_true(t->used + count < sizeof(t->bytes));
    memcpy(t->bytes + t->used, bytes, count);
    t->bytes[t->used += count] = 0;
    return 0;
}

static void
the_picture_shows_regions_and_owners(void **state)
{
    const struct nvmem_region regions[] = {
        {0,       4 * MIB, NVMEM_RESERVED, 0},
        {4 * MIB, 8 * MIB, 0,              0},
    };
    const struct nvmem_heap_config config = {.name = "a<b"};
    static struct text t;
    struct nvmem_owners *owners;
    struct nvmem_heap *heap;
    uint32_t owner;

    (void)state;
    assert_int_equal(nvmem_heap_create(&config, regions, 2, &heap, NULL), 0);
    assert_int_equal(nvmem_owners_create(NULL, &owners, NULL), 0);
    assert_int_equal(nvmem_owner_add(owners, "q&a", &owner, NULL), 0);
    take(heap, (struct nvmem_request){.bytes = MIB, .owner = owner});
    t = (struct text){.left = UINT32_MAX};
    assert_int_equal(nvmem_heap_svg(heap, owners, append, &t, NULL), 0);
    assert_non_null(strstr(t.bytes, "a&#60;b"));
    assert_non_null(strstr(t.bytes, "q&#38;a (1): 1 ranges, 1048576 bytes"));
    assert_non_null(strstr(t.bytes, "region 0: 0x0, 4194304 bytes, reserved"));
    assert_non_null(strstr(t.bytes, "fill=\"#1b6ca8\" fill-opacity=\"1.00\""));
    assert_string_equal(t.bytes + t.used - 7, "</svg>\n");
    t.left = 3;
    assert_int_equal(nvmem_heap_svg(heap, owners, append, &t, NULL), -EPIPE);
    nvmem_owners_destroy(owners);
    nvmem_heap_destroy(heap);
}

static void
trimming_gives_bookkeeping_back_and_keeps_old_names_old(void **state)
{
    enum { LIVE = 5000 };
    struct nvmem_heap *heap = heap_of(0, GIB);
    static struct nvmem_range live[LIVE];
    struct nvmem_heap_stat before, after;
    struct nvmem_range r;

    (void)state;
    for (unsigned i = 0; i < LIVE; i++)
        live[i] = take(heap, (struct nvmem_request){.bytes = 4096});
    nvmem_heap_stat(heap, &before);
    for (unsigned i = LIVE; i-- > 10;)
        give(heap, live[i]);
    assert_true(nvmem_heap_trim(heap) > 0);
    nvmem_heap_stat(heap, &after);
    assert_true(after.metadata_bytes < before.metadata_bytes / 2);
    for (unsigned i = 10; i < LIVE; i++) {
        r = take(heap, (struct nvmem_request){.bytes = 4096});
        assert_true(nvmem_heap_free(heap, &live[i], NULL) < 0);
    }
    for (unsigned i = 0; i < 10; i++)
        give(heap, live[i]);
    give(heap, r);
    nvmem_heap_destroy(heap);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_aligned_and_whole_pages),
        cmocka_unit_test(what_comes_back_becomes_one_range_again),
        cmocka_unit_test(limits_fixed_addresses_and_directions_hold),
        cmocka_unit_test(requests_that_make_no_sense_are_refused),
        cmocka_unit_test(hostile_frees_are_named_and_change_nothing),
        cmocka_unit_test(regions_serve_what_they_can),
        cmocka_unit_test(random_work_agrees_with_a_map_of_pages),
        cmocka_unit_test(eighty_five_percent_fit_without_a_failure),
        cmocka_unit_test(leaks_name_owner_size_and_time),
        cmocka_unit_test(the_picture_shows_regions_and_owners),
        cmocka_unit_test(trimming_gives_bookkeeping_back_and_keeps_old_names_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
