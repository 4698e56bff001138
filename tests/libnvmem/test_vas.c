/* SPDX-License-Identifier: MIT */
/* Address spaces with page tables of their own, as the emulated card's walk sees them. */
#include <errno.h>

#include <nvmem/report.h>
#include <nvmem/vas.h>

#include "pt_model.h"
#include "test.h"

#define KiB      *UINT64_C(1024)
#define MiB      *UINT64_C(1048576)
#define GiB      *UINT64_C(1073741824)
#define VRAM(at) (UINT64_C(0x40000000) + (at))

struct space {
    struct pt_card card;
    struct nvmem_vas *vas;
};

static void
space_open(struct space *s, const char *chip, enum nvmem_pt_format format)
{
    const struct nvmem_vas_direct config = {
        .space = {.name = "space", .base = 1 GiB, .bytes = 64 GiB},
        .format = format,
        .tables = &pt_card_ops,
        .ctx = &s->card,
    };

    pt_card_open(&s->card, chip);
    assert_int_equal(nvmem_vas_create_direct(&config, &s->vas, NULL), 0);
}

static void
space_close(struct space *s)
{
    nvmem_vas_destroy(s->vas);
    pt_card_close(&s->card);
}

static bool
card_walk(struct space *s, uint64_t va, struct emu_walk *w)
{
    return pt_card_walk(&s->card, nvmem_vas_pt(s->vas), va, w);
}

static struct nvmem_vas_memory
memory_of(const struct nvmem_extent *x, size_t count)
{
    struct nvmem_vas_memory m = {.aperture = NVMEM_VRAM, .extents = x, .extent_count = count};

    for (size_t i = 0; i < count; i++)
        m.bytes += x[i].bytes;
    return m;
}

static void
scattered_memory_is_mapped_in_the_largest_pages_that_fit(void **state)
{
    const struct nvmem_extent x[] = {
        {VRAM(0),                2 MiB },
        {VRAM(1 GiB),            64 KiB},
        {VRAM(2 GiB) + 4096 * 3, 8 KiB },
    };
    const struct nvmem_vas_memory m = memory_of(x, 3);
    struct nvmem_range r;
    struct emu_walk w;
    struct space s;

    (void)state;
    space_open(&s, "AD102", NVMEM_PT_V2);
    assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &m, NULL, &r, NULL), 0);
    assert_int_equal(r.addr % (2 MiB), 0);
    assert_true(card_walk(&s, r.addr + 5, &w));
    assert_int_equal(w.addr, VRAM(5));
    assert_int_equal(w.page_bytes, 2 MiB);
    assert_true(card_walk(&s, r.addr + 2 MiB, &w));
    assert_int_equal(w.page_bytes, 64 KiB);
    assert_true(card_walk(&s, r.addr + 2 MiB + 64 KiB + 4096, &w));
    assert_int_equal(w.addr, VRAM(2 GiB) + 4096 * 4);
    assert_int_equal(w.page_bytes, 4096);
    assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
    assert_false(card_walk(&s, r.addr, &w));
    space_close(&s);
}

static void
parts_of_memory_go_to_parts_of_a_reservation(void **state)
{
    const struct nvmem_extent x[] = {
        {VRAM(0),       64 KiB},
        {VRAM(256 MiB), 64 KiB},
    };
    const struct nvmem_vas_memory m = memory_of(x, 2);
    const struct nvmem_vas_how how = {
        .offset = 60 KiB, .bytes = 8 KiB, .flags = NVMEM_MAP_READ_ONLY};
    const struct nvmem_request q = {.bytes = 1 MiB};
    struct nvmem_range r;
    struct emu_walk w;
    struct space s;

    (void)state;
    space_open(&s, "GH100", NVMEM_PT_V3);
    assert_int_equal(nvmem_vas_reserve(s.vas, &q, &r, NULL), 0);
    assert_int_equal(nvmem_vas_map(s.vas, &r, 128 KiB, &m, &how, NULL), 0);
    assert_true(card_walk(&s, r.addr + 128 KiB, &w));
    assert_int_equal(w.addr, VRAM(60 KiB));
    assert_true(w.read_only);
    assert_true(card_walk(&s, r.addr + 132 KiB, &w));
    assert_int_equal(w.addr, VRAM(256 MiB));
    assert_false(card_walk(&s, r.addr + 136 KiB, &w));
    assert_int_equal(nvmem_vas_map(s.vas, &r, 132 KiB, &m, NULL, NULL), -EEXIST);
    assert_int_equal(nvmem_vas_unmap(s.vas, &r, 132 KiB, 8 KiB, NULL), -ENOENT);
    assert_int_equal(nvmem_vas_unmap(s.vas, &r, 132 KiB, 4 KiB, NULL), 0);
    assert_false(card_walk(&s, r.addr + 132 KiB, &w));
    assert_true(card_walk(&s, r.addr + 128 KiB, &w));
    assert_int_equal(nvmem_vas_unmap(s.vas, &r, 0, 0, NULL), 0); /* holes are fine */
    assert_false(card_walk(&s, r.addr + 128 KiB, &w));
    assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
    space_close(&s);
}

static void
memory_behind_addresses_is_exchanged(void **state)
{
    const struct nvmem_extent a = {VRAM(0), 4 MiB};
    const struct nvmem_extent b[] = {
        {VRAM(16 MiB),        1 MiB},
        {VRAM(32 MiB) + 4096, 1 MiB},
        {VRAM(64 MiB),        2 MiB},
    };
    const struct nvmem_vas_memory ma = memory_of(&a, 1), mb = memory_of(b, 3);
    struct nvmem_range r;
    struct emu_walk w;
    struct space s;

    (void)state;
    space_open(&s, "GB202", NVMEM_PT_V3_256G);
    assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &ma, NULL, &r, NULL), 0);
    assert_int_equal(nvmem_vas_remap(s.vas, &r, 0, &mb, NULL, NULL), 0);
    for (uint64_t at = 0; at < 4 MiB; at += 4096) {
        const uint64_t want = at < 1 MiB   ? b[0].addr + at
                              : at < 2 MiB ? b[1].addr + at - 1 MiB
                                           : b[2].addr + at - 2 MiB;

        assert_true(card_walk(&s, r.addr + at, &w));
        assert_int_equal(w.addr, want);
    }
    assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
    space_close(&s);
}

static void
pages_are_split_and_joined_again(void **state)
{
    const struct nvmem_extent x = {VRAM(0), 4 MiB};
    const struct nvmem_vas_memory m = memory_of(&x, 1);
    static const struct {
        const char *chip;
        enum nvmem_pt_format format;
    } rows[] = {
        {"TU102", NVMEM_PT_V2     },
        {"GH100", NVMEM_PT_V3     },
        {"GB202", NVMEM_PT_V3_256G},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct nvmem_range r;
        struct emu_walk w;
        struct space s;
        uint64_t pages;

        space_open(&s, rows[i].chip, rows[i].format);
        assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &m, NULL, &r, NULL), 0);
        for (uint64_t page = 64 KiB;; page = 4096) {
            assert_int_equal(nvmem_vas_split(s.vas, &r, page, NULL), 0);
            for (uint64_t at = 0; at < 4 MiB; at += 4096) {
                assert_true(card_walk(&s, r.addr + at, &w));
                assert_int_equal(w.addr, VRAM(at));
                assert_int_equal(w.page_bytes, page);
            }
            if (page == 4096)
                break;
        }
        assert_int_equal(nvmem_vas_split(s.vas, &r, 8192, NULL), -EINVAL);
        assert_int_equal(nvmem_vas_merge(s.vas, &r, &pages, NULL), 0);
        assert_int_equal(pages, 64 + 2);
        assert_true(card_walk(&s, r.addr + 3 MiB, &w));
        assert_int_equal(w.page_bytes, 2 MiB);
        assert_int_equal(w.addr, VRAM(3 MiB));
        assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
        space_close(&s);
    }
}

static void
sparse_addresses_need_no_memory(void **state)
{
    const struct nvmem_vas_how how = {.bytes = 32 GiB, .flags = NVMEM_MAP_SPARSE};
    const struct nvmem_extent x = {VRAM(0), 64 KiB};
    const struct nvmem_vas_memory m = memory_of(&x, 1);
    struct nvmem_vas_stat stat;
    struct nvmem_range r;
    struct emu_walk w;
    struct space s;

    (void)state;
    space_open(&s, "AD102", NVMEM_PT_V2);
    assert_int_equal(nvmem_vas_alloc(s.vas, NULL, NULL, &how, &r, NULL), 0);
    assert_true(card_walk(&s, r.addr + 31 GiB, &w) && w.sparse);
    assert_int_equal(nvmem_vas_remap(s.vas, &r, 1 GiB, &m, NULL, NULL), 0);
    assert_true(card_walk(&s, r.addr + 1 GiB, &w) && !w.sparse);
    assert_true(card_walk(&s, r.addr + 1 GiB + 64 KiB, &w) && w.sparse);
    nvmem_vas_stat(s.vas, &stat);
    assert_int_equal(stat.sparse_bytes, 32 GiB - 64 KiB);
    assert_int_equal(stat.mapped_bytes, 64 KiB);
    assert_int_equal(stat.reservations, 1);
    assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
    space_close(&s);
}

static void
misuse_has_a_name(void **state)
{
    const struct nvmem_extent x = {VRAM(0), 64 KiB};
    const struct nvmem_vas_memory m = memory_of(&x, 1);
    struct nvmem_vas_memory longer = m;
    struct nvmem_vas_how how = {0};
    struct gsp_error err = {0};
    struct nvmem_range r, other;
    struct space s;

    (void)state;
    space_open(&s, "AD102", NVMEM_PT_V2);
    assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &m, NULL, &r, NULL), 0);
    other = r;
    other.bytes *= 2;
    assert_int_equal(nvmem_vas_unmap(s.vas, &other, 0, 4096, &err), -ENOENT);
    assert_int_equal(nvmem_vas_unmap(s.vas, &r, 1, 4096, &err), -EINVAL);
    assert_int_equal(nvmem_vas_unmap(s.vas, &r, 4096, 64 KiB, &err), -ERANGE);
    assert_non_null(strstr(err.text, "the reservation at 0x40000000 has 0x10000"));
    how.offset = 64 KiB;
    assert_int_equal(nvmem_vas_remap(s.vas, &r, 0, &m, &how, &err), -ERANGE);
    how.offset = 12;
    assert_int_equal(nvmem_vas_remap(s.vas, &r, 0, &m, &how, &err), -EINVAL);
    longer.bytes = 128 KiB; /* its extents have less */
    assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &longer, NULL, &other, &err), -EINVAL);
    assert_int_equal(nvmem_vas_map(s.vas, &r, 0, NULL, NULL, &err), -EINVAL);
    assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
    assert_int_equal(nvmem_vas_release(s.vas, &r, &err), -EALREADY);
    assert_int_equal(nvmem_vas_map(s.vas, &r, 0, &m, NULL, &err), -EALREADY);
    assert_non_null(strstr(err.text, "was freed before"));
    space_close(&s);
}

static void
a_window_outside_of_the_format_is_refused(void **state)
{
    struct pt_card card;
    struct nvmem_vas_direct config = {
        .format = NVMEM_PT_V2, .tables = &pt_card_ops, .ctx = &card};
    struct nvmem_vas *vas;

    (void)state;
    pt_card_open(&card, "AD102");
    config.space.base = UINT64_C(1) << 49;
    assert_true(nvmem_vas_create_direct(&config, &vas, NULL) < 0);
    config.space.base = 4096;
    config.space.bytes = UINT64_C(1) << 49;
    assert_int_equal(nvmem_vas_create_direct(&config, &vas, NULL), -ERANGE);
    config.space.base = 4095;
    assert_int_equal(nvmem_vas_create_direct(&config, &vas, NULL), -EINVAL);
    pt_card_close(&card);
}

static void
leaks_of_addresses_have_owners(void **state)
{
    const struct nvmem_request q = {.bytes = 3 MiB, .owner = 7};
    struct nvmem_leak leak;
    struct nvmem_range r;
    struct space s;

    (void)state;
    space_open(&s, "AD102", NVMEM_PT_V2);
    assert_int_equal(nvmem_vas_reserve(s.vas, &q, &r, NULL), 0);
    assert_int_equal(nvmem_heap_leaks(nvmem_vas_heap(s.vas), &leak, 1), 1);
    assert_int_equal(leak.owner, 7);
    assert_int_equal(leak.bytes, 3 MiB);
    space_close(&s); /* takes it along */
}

static void
one_flush_serves_many_calls(void **state)
{
    const struct nvmem_extent x = {VRAM(0), 64 KiB};
    const struct nvmem_vas_memory m = memory_of(&x, 1);
    struct nvmem_range r[8];
    struct space s;

    (void)state;
    space_open(&s, "AD102", NVMEM_PT_V2);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(nvmem_vas_alloc(s.vas, NULL, &m, NULL, &r[i], NULL), 0);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(nvmem_vas_unmap(s.vas, &r[i], 0, 64 KiB, NULL), 0);
    assert_int_equal(nvmem_vas_flush(s.vas, NULL), 0);
    assert_int_equal(nvmem_vas_flush(s.vas, NULL), 0);
    assert_int_equal(s.card.invalidates, 1);
    space_close(&s);
}

static void
directories_can_be_made_for_somebody_else(void **state)
{
    static const struct {
        const char *chip;
        enum nvmem_pt_format format;
        unsigned levels;
    } rows[] = {
        {"AD102", NVMEM_PT_V2_512M, 3},
        {"GH100", NVMEM_PT_V3,      4},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct nvmem_extent x = {VRAM(0), 64 KiB};
        const struct nvmem_vas_memory m = memory_of(&x, 1);
        const uint64_t va = 32 GiB, foreign = UINT64_C(0x1234502);
        struct nvmem_pt_level level[6];
        struct nvmem_pt_stat before, after;
        struct nvmem_range r;
        struct space s;
        unsigned count;

        space_open(&s, rows[i].chip, rows[i].format);
        assert_int_equal(
            nvmem_pt_levels(nvmem_vas_pt(s.vas), va, 512 MiB, level, 6, &count, NULL), 0);
        assert_int_equal(count, rows[i].levels);
        assert_int_equal(level[count - 1].shift, 29);
        assert_int_equal(level[0].memory.addr, nvmem_pt_root(nvmem_vas_pt(s.vas))->addr);
        nvmem_pt_stat(nvmem_vas_pt(s.vas), &before);
        assert_int_equal(
            nvmem_vas_alloc(s.vas, &(struct nvmem_request){.min_addr = va}, &m, NULL, &r, NULL),
            0);
        assert_int_equal(nvmem_vas_release(s.vas, &r, NULL), 0);
        assert_int_equal(nvmem_vas_flush(s.vas, NULL), 0);
        nvmem_pt_stat(nvmem_vas_pt(s.vas), &after);
        assert_int_equal(after.tables, before.tables); /* empty, and still there */
        pt_card_ops.write(&s.card, &level[count - 1].memory, 8 * 100, &foreign, 1);
        assert_int_equal(nvmem_pt_check(nvmem_vas_pt(s.vas), pt_card_read, &s.card, NULL), 0);
        assert_int_equal(nvmem_pt_levels(nvmem_vas_pt(s.vas), va, 4096, level, 6, &count, NULL),
                         -EINVAL);
        space_close(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scattered_memory_is_mapped_in_the_largest_pages_that_fit),
        cmocka_unit_test(parts_of_memory_go_to_parts_of_a_reservation),
        cmocka_unit_test(memory_behind_addresses_is_exchanged),
        cmocka_unit_test(pages_are_split_and_joined_again),
        cmocka_unit_test(sparse_addresses_need_no_memory),
        cmocka_unit_test(misuse_has_a_name),
        cmocka_unit_test(a_window_outside_of_the_format_is_refused),
        cmocka_unit_test(leaks_of_addresses_have_owners),
        cmocka_unit_test(one_flush_serves_many_calls),
        cmocka_unit_test(directories_can_be_made_for_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
