/* SPDX-License-Identifier: MIT */
/* Page tables, judged by the emulated card's own walk, which shares nothing with them. */
#include <errno.h>

#include "pt_model.h"
#include "test.h"

#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)
#define PAGE UINT64_C(4096)

static const struct {
    const char *chip;
    enum nvmem_pt_format format;
} chips[] = {
    {"TU102", NVMEM_PT_V2     },
    {"AD102", NVMEM_PT_V2     },
    {"GH100", NVMEM_PT_V3     },
    {"GB202", NVMEM_PT_V3_256G},
};
enum { CHIPS = 4 };

static void
map(struct nvmem_pt *pt, uint64_t va, uint64_t bytes, struct nvmem_target t)
{
    struct gsp_error err = {0};

    if (nvmem_pt_map(pt, va, bytes, &t, &err) != 0)
        fail_msg("%s", err.text);
}

static void
every_page_size_is_used_where_it_fits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++)
        for (unsigned shift = 12; shift < 40; shift++) {
            const uint64_t page = UINT64_C(1) << shift, va = UINT64_C(1) << 46;
            struct emu_walk w;
            struct pt_card c;
            struct nvmem_pt *pt;

            if (!(nvmem_pt_page_sizes(chips[i].format) >> shift & 1))
                continue;
            pt_card_open(&c, chips[i].chip);
            pt = pt_card_tables(&c, chips[i].format);
            map(pt, va, page, (struct nvmem_target){.kind = NVMEM_KIND_GENERIC});
            assert_true(pt_card_walk(&c, pt, va + page - 1, &w));
            assert_int_equal(w.page_bytes, page);
            assert_int_equal(w.addr, page - 1);
            assert_false(pt_card_walk(&c, pt, va + page, &w));
            assert_false(pt_card_walk(&c, pt, va - 1, &w));
            nvmem_pt_destroy(pt);
            pt_card_close(&c);
        }
}

static void
a_range_takes_the_largest_pages_that_fit_and_no_larger_than_asked(void **state)
{
    const uint64_t va = 64 * GIB + 60 * 1024, bytes = 6 * MIB;
    static const struct {
        uint64_t offset, page;
    } rows[] = {
        {0,                   PAGE   },
        {4096,                65536  },
        {2 * MIB - 60 * 1024, 2 * MIB},
        {4 * MIB - 60 * 1024, 2 * MIB},
        {6 * MIB - 60 * 1024, 4096   },
    };
    struct nvmem_pt_entry e;
    struct emu_walk w;
    struct pt_card c;
    struct nvmem_pt *pt;

    (void)state;
    pt_card_open(&c, "AD102");
    pt = pt_card_tables(&c, NVMEM_PT_V2);
    map(pt, va, bytes, (struct nvmem_target){.addr = 8 * MIB + 60 * 1024});
    for (unsigned i = 0; i < 5; i++) {
        assert_true(pt_card_walk(&c, pt, va + rows[i].offset, &w));
        assert_int_equal(w.page_bytes, rows[i].page);
        assert_int_equal(w.addr, 8 * MIB + 60 * 1024 + rows[i].offset);
        assert_true(nvmem_pt_walk(pt, va + rows[i].offset, &e));
        assert_int_equal(e.bytes, rows[i].page);
    }
    assert_int_equal(nvmem_pt_unmap(pt, va, bytes, NULL), 0);
    map(pt, va, bytes, (struct nvmem_target){.addr = 8 * MIB + 60 * 1024, .page_bytes = 65536});
    assert_true(pt_card_walk(&c, pt, va + rows[3].offset, &w));
    assert_int_equal(w.page_bytes, 65536);
    nvmem_pt_destroy(pt);
    pt_card_close(&c);
}

static void
apertures_rights_and_sparse_reach_the_card(void **state)
{
    static const struct {
        enum nvmem_aperture aperture;
        uint32_t flags;
    } rows[] = {
        {NVMEM_VRAM,               0                                                   },
        {NVMEM_VRAM,               NVMEM_MAP_READ_ONLY                                 },
        {NVMEM_SYSTEM,             NVMEM_MAP_PRIVILEGED                                },
        {NVMEM_SYSTEM_NONCOHERENT, NVMEM_MAP_NO_ATOMICS | NVMEM_MAP_VOLATILE           },
        {NVMEM_VRAM,               NVMEM_MAP_READ_ONLY | NVMEM_MAP_PRIVILEGED | NVMEM_MAP_NO_ATOMICS |
                         NVMEM_MAP_VOLATILE | NVMEM_MAP_NO_COUNTERS},
        {NVMEM_VRAM,               NVMEM_MAP_SPARSE                                    },
    };

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++)
        for (unsigned k = 0; k < 6; k++)
            for (uint64_t page = PAGE; page <= 2 * MIB; page *= 512) {
                const uint32_t flags = rows[k].flags;
                struct emu_walk w;
                struct pt_card c;
                struct nvmem_pt *pt;

                pt_card_open(&c, chips[i].chip);
                pt = pt_card_tables(&c, chips[i].format);
                map(pt, 2 * GIB, page,
                    (struct nvmem_target){
                        .aperture = rows[k].aperture, .addr = 4 * MIB, .flags = flags});
                assert_true(pt_card_walk(&c, pt, 2 * GIB + 5, &w));
                assert_int_equal(w.sparse, flags == NVMEM_MAP_SPARSE);
                if (!w.sparse) {
                    assert_int_equal(w.addr, 4 * MIB + 5);
                    assert_int_equal(w.system, rows[k].aperture != NVMEM_VRAM);
                    assert_int_equal(w.read_only, (flags & NVMEM_MAP_READ_ONLY) != 0);
                    assert_int_equal(w.privileged, (flags & NVMEM_MAP_PRIVILEGED) != 0);
                    assert_int_equal(w.no_atomics, (flags & NVMEM_MAP_NO_ATOMICS) != 0);
                }
                nvmem_pt_destroy(pt);
                pt_card_close(&c);
            }
}

/* Words spelled out by hand from dev_mmu.h. */
static void
words_are_those_of_the_vendor_header(void **state)
{
    static const struct {
        enum nvmem_pt_format format;
        struct nvmem_target t;
        uint64_t word;
    } rows[] = {
        {NVMEM_PT_V2,      {NVMEM_VRAM, 0x123456000, 0, 6, 0, 0},          0x0600000012345601},
        {NVMEM_PT_V2,      {NVMEM_PEER, 0x3000, 0, 0, 5, 0},               0x0000000a00000303},
        {NVMEM_PT_V2,      {NVMEM_SYSTEM, 0x3000, 0x0f, 0xa0, 0, 0},       0xa0000000000003ed},
        {NVMEM_PT_V3,      {NVMEM_VRAM, 0x123456000, 0, 6, 0, 0},          0x0000000123456601},
        {NVMEM_PT_V3,      {NVMEM_PEER, 0x3000, 0x1f, 0, 5, 0},            0xa0000000000030fb},
        {NVMEM_PT_V3_256G, {NVMEM_SYSTEM_NONCOHERENT, 0x3000, 1, 0, 0, 0}, 0x3027            },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct nvmem_target t;
        struct nvmem_pt_entry e;
        struct pt_card c;
        struct nvmem_pt *pt;

        pt_card_open(&c, "AD102");
        pt = pt_card_tables(&c, rows[i].format);
        map(pt, PAGE, PAGE, rows[i].t);
        assert_true(nvmem_pt_walk(pt, PAGE, &e));
        assert_int_equal(e.word, rows[i].word);
        assert_true(nvmem_pt_decode(rows[i].format, e.word, &t));
        assert_memory_equal(&t, &rows[i].t, sizeof(t));
        assert_false(nvmem_pt_decode(rows[i].format, 0, &t));
        nvmem_pt_destroy(pt);
        pt_card_close(&c);
    }
}

static void
what_cannot_be_mapped_is_named(void **state)
{
    static const struct {
        uint64_t va, bytes;
        struct nvmem_target t;
        int rc;
        const char *text;
    } rows[] = {
        {12,                PAGE,      {0},                         -EINVAL, "0xc, 0x1000 bytes: both must be multiples of 4 KiB"},
        {0,                 0,         {0},                         -EINVAL, "0x0, 0x0 bytes: both must be multiples of 4 KiB"   },
        {UINT64_C(1) << 49,
         PAGE,                         {0},
         -ERANGE,
         "0x2000000000000, 0x1000 bytes: addresses have 49 bits"                                                                 },
        {0,                 PAGE,      {.addr = 5},                 -EINVAL, "memory at 0x5 is no multiple of 4 KiB"             },
        {0,
         PAGE,                         {.addr = UINT64_C(1) << 37},
         -ERANGE,
         "memory up to 0x2000000fff: an entry holds 37 bits of it"                                                               },
        {0,
         PAGE,                         {.page_bytes = 512 * MIB},
         -EINVAL,
         "this MMU has no pages of 0x20000000 bytes"                                                                             },
        {0,
         PAGE,                         {.peer = 8},
         -EINVAL,
         "aperture 0, peer 8, flags 0x0: not all of them are known"                                                              },
        {16 * MIB,          2 * PAGE,  {0},                         -EEXIST, "something is mapped at 0x1001000"                  },
        {16 * MIB - PAGE,   64 * PAGE, {0},                         -EEXIST, "something is mapped at 0x1001000"                  },
        {32 * MIB,          65536,     {0},                         -EEXIST, "something is mapped at 0x2005000"                  },
        {48 * MIB + PAGE,   PAGE,      {0},                         -EEXIST, "something is mapped at 0x3001000"                  },
    };
    struct nvmem_pt_stat before, after;
    struct pt_card c;
    struct nvmem_pt *pt;

    (void)state;
    pt_card_open(&c, "AD102");
    pt = pt_card_tables(&c, NVMEM_PT_V2);
    map(pt, 16 * MIB + PAGE, PAGE, (struct nvmem_target){0});
    map(pt, 32 * MIB + 5 * PAGE, PAGE, (struct nvmem_target){0});
    map(pt, 48 * MIB, 2 * MIB, (struct nvmem_target){0});
    nvmem_pt_stat(pt, &before);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gsp_error err = {0};

        assert_int_equal(nvmem_pt_map(pt, rows[i].va, rows[i].bytes, &rows[i].t, &err),
                         rows[i].rc);
        assert_string_equal(err.text, rows[i].text);
    }
    nvmem_pt_stat(pt, &after);
    assert_int_equal(before.tables, after.tables);
    assert_int_equal(before.mapped_bytes, after.mapped_bytes);
    assert_int_equal(nvmem_pt_unmap(pt, 16 * MIB, 2 * PAGE, NULL), -ENOENT);
    assert_int_equal(
        nvmem_pt_remap(pt, 16 * MIB + PAGE, 2 * PAGE, &(struct nvmem_target){0}, NULL),
        -ENOENT);
    nvmem_pt_destroy(pt);
    pt_card_close(&c);
}

static void
pages_split_where_they_are_cut_and_merge_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        const uint64_t va = UINT64_C(1) << 40;
        const uint64_t huge = chips[i].format == NVMEM_PT_V2 ? 2 * MIB : 512 * MIB;
        struct emu_walk w;
        uint64_t pages;
        struct pt_card c;
        struct nvmem_pt *pt;

        pt_card_open(&c, chips[i].chip);
        pt = pt_card_tables(&c, chips[i].format);
        map(pt, va, huge, (struct nvmem_target){.addr = 0, .kind = 6});
        assert_int_equal(nvmem_pt_unmap(pt, va + 5 * PAGE, PAGE, NULL), 0);
        assert_false(pt_card_walk(&c, pt, va + 5 * PAGE, &w));
        assert_true(pt_card_walk(&c, pt, va + 4 * PAGE, &w) && w.page_bytes == PAGE);
        assert_true(pt_card_walk(&c, pt, va + 65536, &w) && w.page_bytes == 65536);
        assert_true(pt_card_walk(&c, pt, va + huge - 1, &w) && w.addr == huge - 1);
        map(pt, va + 5 * PAGE, PAGE, (struct nvmem_target){.addr = 5 * PAGE, .kind = 6});
        assert_int_equal(nvmem_pt_merge(pt, va, huge, &pages, NULL), 0);
        assert_int_equal(pages, huge == 2 * MIB ? 2 : 3);
        assert_true(pt_card_walk(&c, pt, va + 77, &w));
        assert_int_equal(w.page_bytes, huge);
        assert_int_equal(w.addr, 77);
        assert_int_equal(nvmem_pt_check(pt, pt_card_read, &c, NULL), 0);
        assert_int_equal(nvmem_pt_unmap(pt, va, huge, NULL), 0);
        assert_int_equal(nvmem_pt_flush(pt, NULL), 0);
        assert_int_equal(c.tables, 1);
        nvmem_pt_destroy(pt);
        pt_card_close(&c);
    }
}

static void
sparse_ranges_take_whole_directory_entries(void **state)
{
    const uint64_t va = UINT64_C(3) << 38, bytes = (UINT64_C(2) << 38) + 3 * MIB;
    struct nvmem_pt_stat stat;
    struct emu_walk w;
    struct pt_card c;
    struct nvmem_pt *pt;

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        pt_card_open(&c, chips[i].chip);
        pt = pt_card_tables(&c, chips[i].format);
        map(pt, va, bytes, (struct nvmem_target){.flags = NVMEM_MAP_SPARSE});
        nvmem_pt_stat(pt, &stat);
        assert_int_equal(stat.sparse_bytes, bytes);
        assert_true(stat.tables < 8);
        assert_true(pt_card_walk(&c, pt, va + 12345678, &w) && w.sparse);
        assert_true(pt_card_walk(&c, pt, va + bytes - 1, &w) && w.sparse);
        assert_false(pt_card_walk(&c, pt, va + bytes, &w));
        assert_int_equal(
            nvmem_pt_remap(pt, va + 77 * PAGE, PAGE, &(struct nvmem_target){.addr = MIB}, NULL),
            0);
        assert_true(pt_card_walk(&c, pt, va + 77 * PAGE, &w) && !w.sparse && w.addr == MIB);
        assert_true(pt_card_walk(&c, pt, va + 76 * PAGE, &w) && w.sparse);
        assert_true(pt_card_walk(&c, pt, va + 78 * PAGE, &w) && w.sparse);
        nvmem_pt_destroy(pt);
        pt_card_close(&c);
    }
}

struct totals {
    uint64_t end, bytes;
    unsigned runs;
};

static int
total(void *ctx, const struct nvmem_pt_entry *run)
{
    struct totals *t = ctx;

    assert_true(run->va >= t->end);
    t->end = run->va + run->bytes;
    t->bytes += run->bytes;
    t->runs++;
    return t->runs == 99;
}

static void
scattered_memory_becomes_runs(void **state)
{
    static const struct nvmem_extent extents[] = {
        {8 * MIB,  2 * MIB},
        {32 * MIB, 65536  },
        {5 * PAGE, PAGE   },
        {6 * PAGE, PAGE   }
    };
    static const struct nvmem_extent bad[] = {
        {0,  PAGE},
        {12, PAGE}
    };
    const uint64_t va = 12 * MIB;
    struct totals t = {0};
    struct emu_walk w;
    struct pt_card c;
    struct nvmem_pt *pt;

    (void)state;
    pt_card_open(&c, "GB202");
    pt = pt_card_tables(&c, NVMEM_PT_V3_256G);
    assert_int_equal(nvmem_pt_map_extents(pt, va, extents, 4, &(struct nvmem_target){0}, NULL),
                     0);
    assert_int_equal(nvmem_pt_map_extents(pt, GIB, bad, 2, &(struct nvmem_target){0}, NULL),
                     -EINVAL);
    assert_int_equal(nvmem_pt_map_extents(pt, GIB, bad, 0, &(struct nvmem_target){0}, NULL),
                     -EINVAL);
    assert_true(pt_card_walk(&c, pt, va + 2 * MIB + 65536 + PAGE + 1, &w));
    assert_int_equal(w.addr, 6 * PAGE + 1);
    assert_int_equal(nvmem_pt_each(pt, total, &t), 0);
    assert_int_equal(t.runs, 3);
    assert_int_equal(t.bytes, 2 * MIB + 65536 + 2 * PAGE);
    nvmem_pt_destroy(pt);
    pt_card_close(&c);
}

static void
one_flush_covers_all_changes_and_frees_tables(void **state)
{
    struct nvmem_pt_stat stat;
    struct pt_card c;
    struct nvmem_pt *pt;

    (void)state;
    pt_card_open(&c, "AD102");
    pt = pt_card_tables(&c, NVMEM_PT_V2);
    assert_int_equal(nvmem_pt_flush(pt, NULL), 0);
    assert_int_equal(c.invalidates, 0);
    map(pt, GIB, PAGE, (struct nvmem_target){0});
    map(pt, 3 * GIB, PAGE, (struct nvmem_target){0});
    assert_int_equal(nvmem_pt_flush(pt, NULL), 0);
    assert_int_equal(c.invalidates, 1);
    assert_int_equal(c.last.va, GIB);
    assert_int_equal(c.last.bytes, 2 * GIB + PAGE);
    assert_true(c.last.directories);
    assert_int_equal(c.last.root, nvmem_pt_root(pt)->addr);
    assert_int_equal(nvmem_pt_unmap(pt, GIB, PAGE, NULL), 0);
    nvmem_pt_stat(pt, &stat);
    assert_true(stat.retired > 0);
    assert_int_equal(c.tables, stat.tables);
    assert_int_equal(nvmem_pt_flush(pt, NULL), 0);
    assert_int_equal(c.tables, stat.tables - stat.retired);
    nvmem_pt_destroy(pt);
    nvmem_pt_destroy(NULL);
    pt_card_close(&c);
}

static void
who_else_writes_there_is_found(void **state)
{
    const uint64_t foreign = 0xdead;
    struct gsp_error err = {0};
    struct pt_card c;
    struct nvmem_pt *pt;

    (void)state;
    pt_card_open(&c, "AD102");
    pt = pt_card_tables(&c, NVMEM_PT_V2);
    map(pt, 0, PAGE, (struct nvmem_target){0});
    assert_int_equal(nvmem_pt_check(pt, pt_card_read, &c, &err), 0);
    pt_card_ops.write(&c, nvmem_pt_root(pt), 8, &foreign, 1);
    assert_int_equal(nvmem_pt_check(pt, pt_card_read, &c, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "the entry for 0x800000000000 "));
    assert_non_null(strstr(err.text, "is 0xdead on the device and should be 0x0"));
    nvmem_pt_destroy(pt);
    pt_card_close(&c);
}

static void
a_call_without_memory_changes_nothing(void **state)
{
    static const struct nvmem_target there = {.addr = 64 * MIB}, other = {.addr = PAGE};
    const uint64_t va = GIB - 2 * MIB;

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++)
        for (long n = 0;; n++) {
            int rc[3];
            struct nvmem_pt_stat stat;
            struct emu_walk w;
            struct pt_card c;
            struct nvmem_pt *pt;

            pt_card_open(&c, chips[i].chip);
            pt = pt_card_tables(&c, chips[i].format);
            map(pt, va, 2 * MIB, there);
            c.fail_after = n;
            rc[0] = nvmem_pt_map(pt, va + 2 * MIB, 3 * MIB + PAGE, &there, NULL);
            assert_int_equal(pt_card_walk(&c, pt, va + 2 * MIB, &w), rc[0] == 0);
            rc[1] = nvmem_pt_remap(pt, va + 2 * PAGE, MIB, &other, NULL);
            assert_true(pt_card_walk(&c, pt, va + 2 * PAGE, &w));
            assert_int_equal(w.addr, rc[1] ? 64 * MIB + 2 * PAGE : PAGE);
            rc[2] = nvmem_pt_unmap(pt, va + PAGE, PAGE, NULL);
            assert_int_equal(pt_card_walk(&c, pt, va + PAGE, &w), rc[2] != 0);
            assert_true(pt_card_walk(&c, pt, va, &w) && w.addr == 64 * MIB);
            assert_int_equal(nvmem_pt_check(pt, pt_card_read, &c, NULL), 0);
            nvmem_pt_stat(pt, &stat);
            assert_int_equal(stat.mapped_bytes,
                             2 * MIB + (rc[0] ? 0 : 3 * MIB + PAGE) - (rc[2] ? 0 : PAGE));
            c.fail_after = -1;
            nvmem_pt_destroy(pt);
            pt_card_close(&c);
            if (!rc[0] && !rc[1] && !rc[2])
                break;
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_size_is_used_where_it_fits),
        cmocka_unit_test(a_range_takes_the_largest_pages_that_fit_and_no_larger_than_asked),
        cmocka_unit_test(apertures_rights_and_sparse_reach_the_card),
        cmocka_unit_test(words_are_those_of_the_vendor_header),
        cmocka_unit_test(what_cannot_be_mapped_is_named),
        cmocka_unit_test(pages_split_where_they_are_cut_and_merge_again),
        cmocka_unit_test(sparse_ranges_take_whole_directory_entries),
        cmocka_unit_test(scattered_memory_becomes_runs),
        cmocka_unit_test(one_flush_covers_all_changes_and_frees_tables),
        cmocka_unit_test(who_else_writes_there_is_found),
        cmocka_unit_test(a_call_without_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
