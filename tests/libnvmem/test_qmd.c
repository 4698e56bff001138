/* SPDX-License-Identifier: MIT */
/* QMDs and bank 0: what is written is read back by the names of NVIDIA's class headers. */
#include <errno.h>
#include <math.h>

#include <nvmem/compute.h>
#include <nvmem/push_text.h>
#include <nvmem/qmd.h>
#include <nvrm/hw.h>

#include "test.h"

static const struct generation {
    uint32_t compute_class;
    unsigned sm, sass;
    const char *record;
    bool late, blackwell; /* Hopper on */
} generations[] = {
    {0xc5c0, 75,  0x75, "QMDV02_03", false, false},
    {0xc6c0, 80,  0x80, "QMDV03_00", false, false},
    {0xc7c0, 86,  0x86, "QMDV03_00", false, false},
    {0xc9c0, 89,  0x89, "QMDV03_00", false, false},
    {0xcbc0, 90,  0x90, "QMDV04_00", true,  false},
    {0xcdc0, 100, 0xa0, "QMDV05_00", true,  true },
    {0xcec0, 120, 0xa4, "QMDV05_00", true,  true },
};

enum { GENERATIONS = sizeof(generations) / sizeof(*generations) };

static const struct nvmem_qmd usual = {
    .program_va = 0x123456780080,
    .program_bytes = 0x1234,
    .registers = 40,
    .barriers = 3,
    .grid = {100000, 7,                5},
    .block = {                       128,     2,                3 },
    .shared_bytes = 0x5001,
    .local_bytes = 0x250,
    .bank = { {0x223344556600, 0x184},   {0}, {0},  {0x12340, 0x10000}},
};

struct reader {
    const struct nvrm_hw_item *record;
    uint32_t qmd[NVMEM_QMD_BYTES_MAX / 4];
};

static uint64_t
at(const struct reader *r, const char *name, unsigned i)
{
    const struct nvrm_hw_field *f = nvrm_hw_field_named(r->record, name);

    if (!f)
        fail_msg("no field %s", name);
    return nvrm_hw_get(f, r->qmd, i, 0);
}

static void
open_reader(struct reader *r, const struct generation *g, const struct nvmem_qmd *q)
{
    struct gsp_error err = {0};

    memset(r->qmd, 0xa5, sizeof(r->qmd));
    if (nvmem_qmd_write(g->compute_class, g->sm, q, r->qmd, &err) < 0)
        fail_msg("%s", err.text);
    r->record = nvrm_hw_record(nvrm_hw_class(g->compute_class), g->record);
    assert_non_null(r->record);
    assert_int_equal(nvmem_qmd_bytes(g->compute_class), r->record->words * 4);
}

static void
check_sizes(const struct reader *r, const struct generation *g)
{
    assert_int_equal(at(r, g->late ? "GRID_WIDTH" : "CTA_RASTER_WIDTH", 0), 100000);
    assert_int_equal(at(r, g->late ? "GRID_HEIGHT" : "CTA_RASTER_HEIGHT", 0), 7);
    assert_int_equal(at(r, g->late ? "GRID_DEPTH" : "CTA_RASTER_DEPTH", 0), 5);
    assert_int_equal(at(r, "CTA_THREAD_DIMENSION0", 0), 128);
    assert_int_equal(at(r, "CTA_THREAD_DIMENSION1", 0), 2);
    assert_int_equal(at(r, "CTA_THREAD_DIMENSION2", 0), 3);
    assert_int_equal(at(r, g->late ? "REGISTER_COUNT" : "REGISTER_COUNT_V", 0), 40);
    assert_int_equal(at(r, "BARRIER_COUNT", 0), 3);
    assert_int_equal(at(r, "QMD_MAJOR_VERSION", 0), (uint64_t)(g->record[5] - '0'));
    assert_int_equal(at(r, g->late ? "QMD_MINOR_VERSION" : "QMD_VERSION", 0),
                     (uint64_t)(g->record[8] - '0'));
    if (g->late) {
        assert_int_equal(at(r, "QMD_TYPE", 0), 2);
        assert_int_equal(at(r, "GPC_CGA_WIDTH", 0), 0);
    }
}

static void
check_memory(const struct reader *r, const struct generation *g)
{
    const uint64_t low =
        at(r, g->blackwell ? "PROGRAM_ADDRESS_LOWER_SHIFTED4" : "PROGRAM_ADDRESS_LOWER", 0);
    const uint64_t high =
        at(r, g->blackwell ? "PROGRAM_ADDRESS_UPPER_SHIFTED4" : "PROGRAM_ADDRESS_UPPER", 0);

    assert_int_equal((high << 32 | low) << (g->blackwell ? 4 : 0), usual.program_va);
    assert_int_equal(at(r, "PROGRAM_PREFETCH_SIZE", 0), 0x12);
    if (g->blackwell) {
        assert_int_equal(at(r, "SHARED_MEMORY_SIZE_SHIFTED7", 0), 0x5100 >> 7);
        assert_int_equal(at(r, "SHADER_LOCAL_MEMORY_HIGH_SIZE_SHIFTED4", 0), 0x25);
    } else {
        assert_int_equal(at(r, "SHARED_MEMORY_SIZE", 0), 0x5100);
        assert_int_equal(at(r, "SHADER_LOCAL_MEMORY_HIGH_SIZE", 0), 0x250);
    }
    assert_int_equal(at(r, "MIN_SM_CONFIG_SHARED_MEM_SIZE", 0), 32 / 4 + 1);
    assert_int_equal(at(r, "MAX_SM_CONFIG_SHARED_MEM_SIZE", 0),
                     nvmem_compute_limits_of(g->sm)->shared_per_sm / 4096 + 1);
}

static void
check_banks(const struct reader *r, const struct generation *g)
{
    const char *low =
        g->late ? "CONSTANT_BUFFER_ADDR_LOWER_SHIFTED6" : "CONSTANT_BUFFER_ADDR_LOWER";
    const char *high =
        g->late ? "CONSTANT_BUFFER_ADDR_UPPER_SHIFTED6" : "CONSTANT_BUFFER_ADDR_UPPER";

    for (unsigned i = 0; i < NVMEM_QMD_BANKS; i++) {
        const struct nvmem_qmd_bank *b = &usual.bank[i];

        assert_int_equal(at(r, "CONSTANT_BUFFER_VALID", i), b->bytes != 0);
        if (!b->bytes)
            continue;
        assert_int_equal((at(r, high, i) << 32 | at(r, low, i)) << (g->late ? 6 : 0),
                         b->gpu_va);
        assert_int_equal(at(r, "CONSTANT_BUFFER_SIZE_SHIFTED4", i), (b->bytes + 15) / 16);
        assert_int_equal(at(r, "CONSTANT_BUFFER_INVALIDATE", i), 1);
    }
}

static void
every_generation_reads_what_was_asked_for_by_its_own_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GENERATIONS; i++) {
        struct reader r;

        open_reader(&r, &generations[i], &usual);
        check_sizes(&r, &generations[i]);
        check_memory(&r, &generations[i]);
        check_banks(&r, &generations[i]);
    }
}

static void
clusters_are_written_where_they_exist(void **state)
{
    struct nvmem_qmd q = usual;

    (void)state;
    q.cluster[0] = 2, q.cluster[1] = 1, q.cluster[2] = 4;
    for (unsigned i = 0; i < GENERATIONS; i++) {
        struct reader r;

        open_reader(&r, &generations[i], &q);
        if (!generations[i].late)
            continue;
        assert_int_equal(at(&r, "GPC_CGA_WIDTH", 0), 2);
        assert_int_equal(at(&r, "GPC_CGA_HEIGHT", 0), 1);
        assert_int_equal(at(&r, "GPC_CGA_DEPTH", 0), 4);
    }
}

static void
a_value_that_its_field_cannot_hold_is_named(void **state)
{
    uint32_t out[NVMEM_QMD_BYTES_MAX / 4];
    struct nvmem_qmd q = usual;
    struct gsp_error err;

    (void)state;
    q.block[0] = 70000;
    assert_int_equal(nvmem_qmd_write(0xc7c0, 86, &q, out, &err), -EINVAL);
    assert_string_equal(err.text, "block x 0x11170 does not fit into a QMD");
    q = usual;
    q.barriers = 99;
    assert_int_equal(nvmem_qmd_write(0xcec0, 120, &q, out, &err), -EINVAL);
    assert_string_equal(err.text, "barriers 0x63 does not fit into a QMD");
    assert_int_equal(nvmem_qmd_write(0xa0c0, 30, &q, out, &err), -ENOTSUP);
    assert_int_equal(nvmem_qmd_bytes(0xa0c0), 0);
}

/* ---- bank 0 ---- */

static uint32_t
word(const uint8_t *bank, unsigned at_byte)
{
    uint32_t v;

    memcpy(&v, bank + at_byte, 4);
    return v;
}

static const struct nvmem_bank0 bank_usual = {
    .grid = {60,  7, 5},
    .block = {128, 2, 3},
    .shared_window = 0x729400000000,
    .local_window = 0x729300000000,
    .own_va = 0x10000,
    .bank3_va = 0x20000,
    .dynamic_shared = 0x123,
    .shared_bytes = 0x523,
    .sm_count = 84,
};

static void
code_of_every_sm_finds_its_words(void **state)
{
    static const struct {
        unsigned sm, block, grid, windows, stack, params, own, bank3;
    } rows[] = {
        {75,  0x000, 0x00c, 0x018, 0x028, 0x160, 0x40,  0x50 },
        {80,  0x000, 0x00c, 0x018, 0x028, 0x160, 0x40,  0x50 },
        {86,  0x000, 0x00c, 0x018, 0x028, 0x160, 0x40,  0x50 },
        {89,  0x000, 0x00c, 0x018, 0x028, 0x160, 0x40,  0x50 },
        {90,  0x000, 0x00c, 0x018, 0x028, 0x210, 0x198, 0xd0 },
        {100, 0x360, 0x370, 0x2f0, 0x37c, 0x380, 0x348, 0x120},
        {120, 0x360, 0x370, 0x2f0, 0x37c, 0x380, 0x348, 0x120},
    };
    static const uint32_t params[3] = {1, 2, 3};

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct nvmem_bank0 b = bank_usual;
        uint8_t out[2048];

        b.sm = rows[i].sm;
        b.param_off = rows[i].params;
        b.params = params;
        b.param_bytes = sizeof(params);
        assert_int_equal(nvmem_bank0_bytes(&b), (rows[i].params + 12 + 15) / 16 * 16);
        memset(out, 0xa5, sizeof(out));
        nvmem_bank0_write(&b, out);
        assert_int_equal(word(out, rows[i].block), 128);
        assert_int_equal(word(out, rows[i].block + 8), 3);
        assert_int_equal(word(out, rows[i].grid), 60);
        assert_int_equal(word(out, rows[i].grid + 4), 7);
        assert_int_equal(word(out, rows[i].windows + 4), 0x7294);
        assert_int_equal(word(out, rows[i].windows + 12), 0x7293);
        assert_int_equal(word(out, rows[i].stack), 0xfffdc0);
        assert_int_equal(word(out, rows[i].params + 8), 3);
        assert_int_equal(word(out, rows[i].own), 0x10000 + (b.sm >= 90 ? b.param_off : 0));
        assert_int_equal(word(out, rows[i].bank3), 0x20000);
        assert_int_equal(out[nvmem_bank0_bytes(&b)], 0xa5);
    }
}

static void
code_that_divides_by_the_cluster_gets_whole_numbers(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 16; n++) {
        struct nvmem_bank0 b = bank_usual;
        uint8_t out[0x210];
        uint32_t bits;
        float r;

        b.sm = 90;
        b.cluster[0] = n, b.cluster[1] = b.cluster[2] = 1;
        b.grid[0] = 40000 * n;
        nvmem_bank0_write(&b, out);
        assert_int_equal(word(out, 0x140), 1);
        assert_int_equal(word(out, 0x144), n);
        assert_int_equal(word(out, 0x15c), 40000);
        assert_int_equal(word(out, 0x188), n);
        assert_int_equal(word(out, 0x13c), 0x523);
        bits = word(out, 0x150);
        memcpy(&r, &bits, sizeof(r));
        for (uint32_t id = 0; id < b.grid[0]; id++)
            assert_int_equal((uint32_t)truncf((float)id * r), id / n);
    }
}

static void
carve_outs_hold_what_they_are_asked_for(void **state)
{
    (void)state;
    assert_int_equal(nvmem_shared_carveout_kib(75, 0), 32);
    assert_int_equal(nvmem_shared_carveout_kib(75, 33 * 1024), 64);
    assert_int_equal(nvmem_shared_carveout_kib(86, 99 * 1024), 100);
    assert_int_equal(nvmem_shared_carveout_kib(90, 1024), 8);
    assert_int_equal(nvmem_shared_carveout_kib(90, UINT32_MAX), 228);
    assert_int_equal(nvmem_shared_carveout_kib(30, 0), 0);
}

static void
chips_have_the_sm_that_they_have(void **state)
{
    (void)state;
    assert_int_equal(nvmem_compute_sm_of(0x160, 2), 75);
    assert_int_equal(nvmem_compute_sm_of(0x170, 0), 80);
    assert_int_equal(nvmem_compute_sm_of(0x170, 2), 86);
    assert_int_equal(nvmem_compute_sm_of(0x180, 0), 90);
    assert_int_equal(nvmem_compute_sm_of(0x190, 2), 89);
    assert_int_equal(nvmem_compute_sm_of(0x1a0, 0), 100);
    assert_int_equal(nvmem_compute_sm_of(0x1b0, 2), 120);
    assert_int_equal(nvmem_compute_sm_of(0x140, 0), 0);
    assert_null(nvmem_compute_limits_of(70));
}

static int
no_finding(void *ctx, const struct nvmem_push_finding *f)
{
    fail_msg("%s: %s", (const char *)ctx, f->text);
    return 1;
}

static void
the_linter_has_nothing_to_say_about_any_generation(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GENERATIONS; i++) {
        char name[] = "class c5c0";
        struct reader r;

        open_reader(&r, &generations[i], &usual);
        snprintf(name, sizeof(name), "class %04x", generations[i].compute_class);
        assert_int_equal(nvmem_push_lint_records(r.record, r.qmd, 1, no_finding, name), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_generation_reads_what_was_asked_for_by_its_own_names),
        cmocka_unit_test(clusters_are_written_where_they_exist),
        cmocka_unit_test(a_value_that_its_field_cannot_hold_is_named),
        cmocka_unit_test(code_of_every_sm_finds_its_words),
        cmocka_unit_test(code_that_divides_by_the_cluster_gets_whole_numbers),
        cmocka_unit_test(the_linter_has_nothing_to_say_about_any_generation),
        cmocka_unit_test(carve_outs_hold_what_they_are_asked_for),
        cmocka_unit_test(chips_have_the_sm_that_they_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
