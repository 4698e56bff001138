/* SPDX-License-Identifier: MIT */
/* Tables read back from the emulated card: walks, fields by name, runs, and what is wrong. */
#include <errno.h>

#include <nvmem/pt_read.h>

#include "pt_model.h"
#include "test.h"

#define KiB *UINT64_C(1024)
#define MiB *UINT64_C(1048576)
#define GiB *UINT64_C(1073741824)

static const struct {
    const char *chip;
    enum nvmem_pt_format format;
    uint32_t architecture;
} chips[4] = {
    {"TU102", NVMEM_PT_V2,      0x160},
    {"AD102", NVMEM_PT_V2_512M, 0x190},
    {"GH100", NVMEM_PT_V3,      0x180},
    {"GB202", NVMEM_PT_V3_256G, 0x1b0},
};

struct rig {
    struct pt_card card;
    struct nvmem_pt *pt;
    struct nvmem_pt_reader reader;
};

/* System memory of the card's, or local memory. */
static int
read_words(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
           size_t count)
{
    struct pt_card *c = ctx;
    struct nvmem_pt_memory m = {.aperture = aperture, .addr = addr};

    if (aperture != NVMEM_VRAM) {
        if (addr < c->sys.bus_addr || addr + count * 8 > c->sys.bus_addr + c->sys.bytes)
            return -EFAULT;
        m.cpu = (char *)c->sys.cpu + (addr - c->sys.bus_addr);
    } else if (addr > 256 MiB) {
        return -EFAULT;
    }
    return pt_card_read(c, &m, words, count);
}

static void
rig_open(struct rig *r, unsigned chip)
{
    pt_card_open(&r->card, chips[chip].chip);
    r->card.mixed = true;
    r->pt = pt_card_tables(&r->card, chips[chip].format);
    r->reader = (struct nvmem_pt_reader){.format = chips[chip].format,
                                         .root_aperture = nvmem_pt_root(r->pt)->aperture,
                                         .root = nvmem_pt_root(r->pt)->addr,
                                         .read = read_words,
                                         .ctx = &r->card};
}

static void
rig_close(struct rig *r)
{
    nvmem_pt_destroy(r->pt);
    pt_card_close(&r->card);
}

static void
map(struct rig *r, uint64_t va, uint64_t bytes, struct nvmem_target t)
{
    assert_int_equal(nvmem_pt_map(r->pt, va, bytes, &t, NULL), 0);
}

static void
formats_follow_from_chips(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(nvmem_pt_format_for(chips[i].architecture), chips[i].format);
    assert_int_equal(nvmem_pt_format_for(0x170), NVMEM_PT_V2_512M);
    assert_int_equal(nvmem_pt_format_for(0x1a0), NVMEM_PT_V3_256G);
}

/* Some of everything. */
static void
fill(struct rig *r)
{
    map(r, 0x200000, 6 MiB, (struct nvmem_target){.addr = 2 MiB, .kind = NVMEM_KIND_GENERIC});
    map(r, 0x1000000, 64 KiB, (struct nvmem_target){.addr = 64 KiB, .kind = 0x08});
    map(r, 0x1010000, 12 KiB,
        (struct nvmem_target){.aperture = NVMEM_SYSTEM,
                              .addr = 0x123456000,
                              .flags = NVMEM_MAP_READ_ONLY | NVMEM_MAP_VOLATILE});
    map(r, 0x40000000, 1 GiB, (struct nvmem_target){.flags = NVMEM_MAP_SPARSE});
    map(r, 0x80000000, 1 GiB,
        (struct nvmem_target){.aperture = NVMEM_SYSTEM_NONCOHERENT,
                              .addr = 4 GiB,
                              .flags = NVMEM_MAP_PRIVILEGED | NVMEM_MAP_NO_ATOMICS});
    map(r, 0x1ffff000, 4 KiB,
        (struct nvmem_target){.aperture = NVMEM_PEER, .peer = 5, .addr = 0x7000});
}

static void
a_walk_ends_where_the_cards_does(void **state)
{
    static const uint64_t places[] = {0x0,        0x200000,   0x7fffff,         0x1000000,
                                      0x100ffff,  0x1010000,  0x1012fff,        0x1013000,
                                      0x40001000, 0x80000000, UINT64_C(1) << 48};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct rig r;

        rig_open(&r, i);
        fill(&r);
        for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
            struct nvmem_pt_step step[NVMEM_PT_STEPS];
            const struct nvmem_pt_step *last;
            struct emu_walk walk;
            unsigned count;

            assert_int_equal(nvmem_pt_read_walk(&r.reader, places[k], step, &count, NULL), 0);
            last = &step[count - 1];
            pt_card_walk(&r.card, r.pt, places[k], &walk);
            assert_int_equal(walk.mapped,
                             last->is == NVMEM_IS_PAGE || last->is == NVMEM_IS_SPARSE);
            assert_int_equal(walk.sparse, last->is == NVMEM_IS_SPARSE);
            if (last->is != NVMEM_IS_PAGE)
                continue;
            assert_int_equal(walk.addr, last->target.addr + (places[k] - last->va));
            assert_int_equal(walk.page_bytes, last->bytes);
            assert_int_equal(walk.read_only, (last->target.flags & NVMEM_MAP_READ_ONLY) != 0);
        }
        rig_close(&r);
    }
}

static int
same_run(void *ctx, const struct nvmem_pt_entry *run)
{
    struct nvmem_pt_entry **expect = ctx;
    const struct nvmem_pt_entry *e = (*expect)++;

    assert_int_equal(run->va, e->va);
    assert_int_equal(run->bytes, e->bytes);
    assert_int_equal(run->word, e->word);
    assert_memory_equal(&run->target, &e->target, sizeof(run->target));
    return 0;
}

static int
keep_run(void *ctx, const struct nvmem_pt_entry *run)
{
    struct nvmem_pt_entry **to = ctx;

    *(*to)++ = *run;
    return 0;
}

static int
no_finding(void *ctx, const struct nvmem_pt_finding *f)
{
    (void)ctx;
    fail_msg("%s at 0x%llx: %s", f->rule, (unsigned long long)f->step.va, f->text);
    return 1;
}

static void
runs_are_those_that_were_mapped_and_nothing_is_wrong(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct nvmem_pt_entry rows[32], *end = rows, *next = rows;
        uint64_t tables, entries;
        struct nvmem_pt_stat stat;
        struct rig r;

        rig_open(&r, i);
        fill(&r);
        assert_int_equal(nvmem_pt_each(r.pt, keep_run, &end), 0);
        assert_int_equal(end - rows, 6);
        assert_int_equal(nvmem_pt_read_each(&r.reader, same_run, &next, NULL), 0);
        assert_ptr_equal(next, end);
        assert_int_equal(
            nvmem_pt_read_check(&r.reader, no_finding, NULL, &tables, &entries, NULL), 0);
        nvmem_pt_stat(r.pt, &stat);
        assert_int_equal(tables, stat.tables);
        rig_close(&r);
    }
}

static const char *
text_of(const struct nvmem_pt_field *f, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(f[i].name, name))
            return f[i].text;
    fail_msg("no field %s", name);
    return NULL;
}

static uint64_t
value_of(const struct nvmem_pt_field *f, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(f[i].name, name))
            return f[i].value;
    fail_msg("no field %s", name);
    return 0;
}

static void
fields_have_the_vendors_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct nvmem_pt_step step[NVMEM_PT_STEPS];
        struct nvmem_pt_field f[NVMEM_PT_FIELDS];
        const bool v3 = i >= 2;
        unsigned count, n;
        struct rig r;

        rig_open(&r, i);
        fill(&r);
        assert_int_equal(nvmem_pt_read_walk(&r.reader, 0x1010000, step, &count, NULL), 0);
        assert_int_equal(count, v3 ? 7 : 6);
        assert_string_equal(step[0].name, v3 ? "PDE4" : "PDE3");
        assert_string_equal(step[count - 3].name, "PDE0");
        assert_string_equal(step[count - 1].name, "PTE_4K");
        n = nvmem_pt_fields(r.reader.format, &step[0], f);
        assert_string_equal(text_of(f, n, "APERTURE"),
                            step[1].aperture == NVMEM_VRAM     ? "VIDEO_MEMORY"
                            : step[1].aperture == NVMEM_SYSTEM ? "SYSTEM_COHERENT_MEMORY"
                                                               : "SYSTEM_NON_COHERENT_MEMORY");
        assert_int_equal(value_of(f, n, "ADDRESS"), step[1].table);
        n = nvmem_pt_fields(r.reader.format, &step[count - 3], f);
        assert_int_equal(value_of(f, n, "ADDRESS_BIG"), step[count - 2].table);
        assert_int_equal(value_of(f, n, "ADDRESS_SMALL"), step[count - 1].table);
        n = nvmem_pt_fields(r.reader.format, &step[count - 1], f);
        assert_string_equal(text_of(f, n, "APERTURE"), "SYSTEM_COHERENT_MEMORY");
        assert_string_equal(text_of(f, n, "KIND"), "PITCH");
        assert_int_equal(value_of(f, n, v3 ? "ADDRESS" : "ADDRESS_SYS"), 0x123456000);
        if (v3)
            assert_string_equal(text_of(f, n, "PCF"), "REGULAR_RO_ATOMIC_UNCACHED_ACE");
        else
            assert_string_equal(text_of(f, n, "READ_ONLY"), "TRUE");
        rig_close(&r);
    }
}

/* Mistakes, one at a time */

struct found {
    const char *rule;
    unsigned count;
    uint64_t va;
};

static int
keep_finding(void *ctx, const struct nvmem_pt_finding *f)
{
    struct found *found = ctx;

    found->rule = f->rule;
    found->va = f->step.va;
    found->count++;
    return found->count > 1000;
}

/* Overwrites a word of the last step but `up` for va. */
static void
spoil(struct rig *r, uint64_t va, unsigned up, unsigned half, uint64_t clear, uint64_t set)
{
    struct nvmem_pt_step step[NVMEM_PT_STEPS];
    struct nvmem_pt_memory m = {0};
    unsigned count;
    uint64_t at, word;

    assert_int_equal(nvmem_pt_read_walk(&r->reader, va, step, &count, NULL), 0);
    assert_true(count > up);
    at = step[count - 1 - up].index * step[count - 1 - up].words * UINT64_C(8) + half * 8;
    m.aperture = step[count - 1 - up].aperture;
    m.addr = step[count - 1 - up].table;
    word = (step[count - 1 - up].word[half] & ~clear) | set;
    if (m.aperture == NVMEM_VRAM)
        pt_card_ops.write(&r->card, &m, (uint32_t)at, &word, 1);
    else
        memcpy((char *)r->card.sys.cpu + (m.addr + at - r->card.sys.bus_addr), &word, 8);
}

static void
every_mistake_has_a_rule(void **state)
{
    static const struct {
        const char *rule;
        uint64_t va;
        unsigned up, half;
        uint64_t clear[2], set[2]; /* of v2, v3 */
        unsigned count;
    } rows[] = {
        {"reserved-bits", 0x1010000, 0, 0, {0, 0},                       {UINT64_C(1) << 54, UINT64_C(1) << 55}, 1},
        {"reserved-bits", 0x200000,  2, 0, {0, 0},                       {UINT64_C(1) << 60, UINT64_C(1) << 60}, 1},
        {"stray-bits",    0x1013000, 0, 0, {0, 0},                       {1 << 20, 1 << 20},                     1},
        {"misaligned",    0x200000,  0, 0, {0, 0},                       {1 << 8, 1 << 12},                      1},
        {"bad-kind",      0x1000000, 0, 0, {0, 0xf00},                   {UINT64_C(0x77) << 56, 0x700},          1},
        {"page-size",     0x200000,  2, 0, {UINT64_MAX, UINT64_MAX},     {1, 1},                                 1},
        {"hidden-table",  0x200000,  0, 1, {0, 0},                       {2, 2},                                 1},
        {"no-memory",
         0x200000,                   2,
         0,                                {UINT64_C(0x1fffff) << 8, 0},
         {UINT64_C(0xfffff) << 8, UINT64_C(0xff) << 40},
         1                                                                                                        },
        {"outside",       0x200000,  0, 0, {0, 0},                       {UINT64_C(1) << 32, UINT64_C(1) << 44}, 1},
    };

    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
        for (unsigned i = 0; i < 4; i++) {
            const bool v3 = i >= 2;
            struct found found = {0};
            struct rig r;

            if (!strcmp(rows[k].rule, "page-size") && i == 3)
                continue;
            rig_open(&r, i);
            r.card.mixed = false;
            fill(&r);
            r.reader.vram_bytes = 24 GiB;
            spoil(&r, rows[k].va, rows[k].up, rows[k].half, rows[k].clear[v3], rows[k].set[v3]);
            assert_int_equal(
                nvmem_pt_read_check(&r.reader, keep_finding, &found, NULL, NULL, NULL), 0);
            if (found.count != rows[k].count || strcmp(found.rule, rows[k].rule) != 0)
                fail_msg("%s on %s: %u findings, %s", rows[k].rule, chips[i].chip, found.count,
                         found.count ? found.rule : "none");
            rig_close(&r);
        }
}

static void
pages_that_another_hides_are_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct found found = {0};
        struct nvmem_pt_step step[NVMEM_PT_STEPS];
        unsigned count;
        struct rig r;

        rig_open(&r, i);
        map(&r, 0x1000000, 64 KiB, (struct nvmem_target){.addr = 64 KiB});
        map(&r, 0x1010000, 4 KiB, (struct nvmem_target){.addr = 8 KiB});
        assert_int_equal(nvmem_pt_read_walk(&r.reader, 0x1010000, step, &count, NULL), 0);
        spoil(&r, 0x1010000, 1, 0, 0, 1); /* the 64K entry beside becomes valid */
        assert_int_equal(nvmem_pt_read_check(&r.reader, keep_finding, &found, NULL, NULL, NULL),
                         0);
        assert_int_equal(found.count, 1);
        assert_string_equal(found.rule, "hidden-page");
        assert_int_equal(found.va, 0x1010000);
        rig_close(&r);
        found = (struct found){0};
        rig_open(&r, i);
        map(&r, 0x1000000, 64 KiB, (struct nvmem_target){.addr = 64 KiB});
        spoil(&r, 0x1000000, 1, 1, 0, 1 << 3); /* sparse, of no consequence */
        assert_int_equal(nvmem_pt_read_check(&r.reader, keep_finding, &found, NULL, NULL, NULL),
                         0);
        assert_int_equal(found.count, 1);
        assert_string_equal(found.rule, "dual-sparse");
        rig_close(&r);
    }
}

/* Every entry of every table leads to the same table. */
static int
read_loop(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words, size_t count)
{
    (void)aperture, (void)addr;
    for (size_t i = 0; i < count; i++)
        words[i] = *(const uint64_t *)ctx;
    return 0;
}

/* Every table is another one, and full. */
static int
read_forest(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
            size_t count)
{
    (void)ctx;
    (void)aperture;
    for (size_t i = 0; i < count; i++)
        words[i] = ((addr * 3 + i * 8 + 1) << 12 & UINT64_C(0x1fffff000)) | 2;
    return 0;
}

static int
no_memory(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words, size_t count)
{
    (void)ctx, (void)aperture, (void)addr, (void)words, (void)count;
    return -EFAULT;
}

static void
hostile_tables_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t self = i < 2 ? (0x5000 >> 12) << 8 | 2 : 0x5000 | 2;
        struct nvmem_pt_reader r = {.format = chips[i].format,
                                    .root = 0x5000,
                                    .read = read_loop,
                                    .ctx = &self,
                                    .max_tables = 5000};
        struct found found = {0};
        struct gsp_error err = {0};
        struct nvmem_pt_step step[NVMEM_PT_STEPS];
        struct nvmem_pt_entry rows[4], *end = rows;
        unsigned count;

        assert_int_equal(nvmem_pt_read_check(&r, keep_finding, &found, NULL, NULL, &err), 0);
        assert_string_equal(found.rule, "loop");
        assert_int_equal(nvmem_pt_read_each(&r, keep_run, &end, &err), 0);
        assert_ptr_equal(end, rows);
        r.read = read_forest;
        assert_int_equal(nvmem_pt_read_each(&r, keep_run, &end, &err), -E2BIG);
        assert_non_null(strstr(err.text, "more than 5000 tables"));
        r.read = no_memory;
        assert_int_equal(nvmem_pt_read_each(&r, keep_run, &end, &err), -EIO);
        assert_int_equal(nvmem_pt_read_walk(&r, 0x1000, step, &count, &err), -EIO);
        assert_int_equal(nvmem_pt_read_walk(&r, UINT64_C(1) << 60, step, &count, &err),
                         -ERANGE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_follow_from_chips),
        cmocka_unit_test(a_walk_ends_where_the_cards_does),
        cmocka_unit_test(runs_are_those_that_were_mapped_and_nothing_is_wrong),
        cmocka_unit_test(fields_have_the_vendors_names),
        cmocka_unit_test(every_mistake_has_a_rule),
        cmocka_unit_test(pages_that_another_hides_are_found),
        cmocka_unit_test(hostile_tables_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
