/* SPDX-License-Identifier: MIT */
/* The card as a PCI device, by raw accesses: what gates them, windows onto memory, resets. */
#include "boot_client.h"
#include "test.h"

static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102", "GH100", "GB202"};
enum { CHIPS = 6, COMMAND = 4, MEMORY = 2, MASTER = 4, BAR1_AT = 0x14 };

static uint32_t
cfg(struct boot *b, uint32_t offset, uint32_t width)
{
    uint32_t value = 0;

    assert_int_equal(b->raw.bus->ops->config_read(b->raw.bus, offset, width, &value), 0);
    return value;
}

static void
set_cfg(struct boot *b, uint32_t offset, uint32_t width, uint32_t value)
{
    assert_int_equal(b->raw.bus->ops->config_write(b->raw.bus, offset, width, value), 0);
}

static uint32_t
bar_rd(struct boot *b, unsigned bar, uint64_t off)
{
    return b->raw.bus->ops->rd32(b->raw.bus, bar, off);
}

static void
bar_wr(struct boot *b, unsigned bar, uint64_t off, uint32_t value)
{
    b->raw.bus->ops->wr32(b->raw.bus, bar, off, value);
}

static bool
has_fsp(const struct boot *b)
{
    return b->family == BOOT_FSP;
}

static uint64_t
bar1(struct boot *b)
{
    return (uint64_t)cfg(b, BAR1_AT + 4, 4) << 32 | (cfg(b, BAR1_AT, 4) & ~0xfu);
}

/* PRAMIN shows 64 KiB-aligned memory; before Hopper system memory too. */
static void
set_window(struct boot *b, unsigned target, uint64_t addr)
{
    boot_wr(b, has_fsp(b) ? 0x10fd40 : 0x1700, (uint32_t)(addr >> 16) | target << 24);
}

static void
without_memory_space_every_bar_reads_all_ones_and_drops_writes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct boot b;

        boot_open(&b, "570.144", chips[i], NULL);
        bar_wr(&b, 1, 0x100, 0x1234);
        set_cfg(&b, COMMAND, 2, MASTER);
        for (unsigned bar = 0; bar < 4; bar++)
            assert_int_equal(bar_rd(&b, bar, 0), UINT32_MAX);
        bar_wr(&b, 1, 0x100, 0x5678);
        bar_wr(&b, 0, 0x1400, 0x5678);
        set_cfg(&b, COMMAND, 2, MASTER | MEMORY);
        assert_int_equal(bar_rd(&b, 1, 0x100), 0x1234);
        assert_int_equal(bar_rd(&b, 0, 0x1400), 0);
        assert_int_not_equal(bar_rd(&b, 0, 0), UINT32_MAX);
        boot_close(&b);
    }
}

static void
without_bus_mastering_the_card_reaches_no_system_memory(void **state)
{
    struct gsp_dma page;
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "GA102", NULL);
    assert_int_equal(b.raw.bus->ops->dma_alloc(b.raw.bus, 65536, &page), 0);
    memcpy(page.cpu, "seen", 4);
    boot_wr(&b, 0x1704, (uint32_t)(page.bus_addr >> 12) | 2u << 28); /* BAR1: system memory */
    assert_memory_equal(&(uint32_t){bar_rd(&b, 1, 0)}, "seen", 4);
    set_cfg(&b, COMMAND, 2, MEMORY);
    assert_int_equal(bar_rd(&b, 1, 0) >> 8, 0xbad0fb);
    bar_wr(&b, 1, 0, 0);
    set_cfg(&b, COMMAND, 2, MEMORY | MASTER);
    assert_memory_equal(&(uint32_t){bar_rd(&b, 1, 0)}, "seen", 4);
    b.raw.bus->ops->dma_free(b.raw.bus, &page);
    boot_close(&b);
}

/* GSP-RM's answers wait for bus mastering, and are not lost. */
static void
requests_wait_until_the_card_may_master_the_bus(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "AD102", NULL);
    assert_null(boot_run(&b));
    set_cfg(&b, COMMAND, 2, MEMORY);
    boot_wr(&b, 0x110c00, 0);
    set_cfg(&b, COMMAND, 2, MEMORY | MASTER);
    assert_true(boot_finish(&b));
    boot_close(&b);
}

static void
a_request_to_its_own_bar1_comes_back_to_the_card(void **state)
{
    static const char *const names[] = {"TU102", "GA102", "AD102"};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct boot b;

        boot_open(&b, "570.144", names[i], NULL);
        bar_wr(&b, 1, 0x230010, 0xcafe);
        set_window(&b, 2, bar1(&b) + 0x230000);
        assert_int_equal(boot_rd(&b, 0x700010), 0xcafe);
        boot_wr(&b, 0x700010, 0xbeef);
        assert_int_equal(bar_rd(&b, 1, 0x230010), 0xbeef);
        /* BAR1 onto system memory that is BAR1: nobody answers, nobody turns in circles. */
        boot_wr(&b, 0x1704, (uint32_t)(bar1(&b) >> 12 & 0xfffffff) | 2u << 28);
        assert_int_equal(bar_rd(&b, 1, 0) >> 8, 0xbad0fb);
        boot_wr(&b, 0x1704, (uint32_t)(bar1(&b) >> 12 & 0xfffffff) | 0xau << 28);
        assert_int_equal(bar_rd(&b, 1, 0) >> 8, 0xbad0fb);
        boot_close(&b);
    }
}

static void
the_cpu_does_not_see_what_wpr2_protects(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        const bool small_bar1 = i == 0 || i == 2;
        const uint32_t hi = 0x1fa828, lo = 0x1fa824;
        struct boot b;
        uint64_t first;

        boot_open(&b, "570.144", chips[i], NULL);
        assert_null(boot_run(&b));
        assert_int_not_equal(boot_rd(&b, hi) >> 4, 0);
        first = (uint64_t)(boot_rd(&b, lo) >> 4) << 12;
        set_window(&b, 0, first & ~UINT64_C(0xffff));
        boot_wr(&b, (uint32_t)(0x700000 + (first & 0xffff)), 0x1111);
        assert_int_equal(boot_rd(&b, (uint32_t)(0x700000 + (first & 0xffff))) >> 8, 0xbad0fb);
        if (!small_bar1) {
            bar_wr(&b, 1, first, 0x1111);
            assert_int_equal(bar_rd(&b, 1, first) >> 8, 0xbad0fb);
            bar_wr(&b, 1, first - 4, 0x2222);
            assert_int_equal(bar_rd(&b, 1, first - 4), 0x2222);
        }
        boot_close(&b);
    }
}

static void
a_window_has_the_width_of_its_chip(void **state)
{
    static const uint32_t masks[] = {0x3ffffff, 0x3ffffff, 0x3ffffff,
                                     0x3ffffff, 0x3fffff,  0x7fffff};

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct boot b;
        uint32_t at;

        boot_open(&b, "570.144", chips[i], NULL);
        at = has_fsp(&b) ? 0x10fd40 : 0x1700;
        boot_wr(&b, at, UINT32_MAX);
        assert_int_equal(boot_rd(&b, at), masks[i]);
        set_window(&b, 0, 0x1230000);
        bar_wr(&b, 1, 0x123fffc, 0x77);
        assert_int_equal(boot_rd(&b, 0x70fffc), 0x77);
        boot_close(&b);
    }
}

static void
restore(struct boot *b, const uint32_t header[16])
{
    for (unsigned i = 4; i < 10; i++)
        set_cfg(b, 4 * i, 4, header[i]);
    set_cfg(b, COMMAND, 2, header[1] & 0xffff);
}

static void
a_function_level_reset_leaves_a_card_that_boots_once_it_is_set_up_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        uint32_t header[16], express = 0;
        struct boot b;

        boot_open(&b, "570.144", chips[i], NULL);
        for (unsigned w = 0; w < 16; w++)
            header[w] = cfg(&b, 4 * w, 4);
        for (uint32_t at = cfg(&b, 0x34, 1); at && !express; at = cfg(&b, at + 1, 1))
            if (cfg(&b, at, 1) == 0x10)
                express = at;
        assert_int_not_equal(express, 0);
        assert_true(cfg(&b, express + 4, 4) >> 28 & 1); /* it can */
        assert_null(boot_run(&b));
        assert_true(boot_wpr2_up(&b));
        set_cfg(&b, express + 8, 2, cfg(&b, express + 8, 2) | 0x8000);
        assert_int_equal(cfg(&b, COMMAND, 2), 0);
        assert_int_equal(cfg(&b, BAR1_AT, 4) & ~0xfu, 0);
        assert_int_equal(cfg(&b, express + 8, 2) & 0x8000, 0);
        assert_int_equal(bar_rd(&b, 0, 0), UINT32_MAX);
        restore(&b, header);
        assert_false(boot_wpr2_up(&b));
        boot_close(&b);

        boot_open(&b, "570.144", chips[i], NULL);
        set_cfg(&b, express + 9, 1, 0x80 | 0x20); /* byte-wise */
        restore(&b, header);
        set_cfg(&b, COMMAND, 2, MEMORY | MASTER);
        assert_null(boot_run(&b));
        assert_true(boot_finish(&b));
        boot_close(&b);
    }
}

static void
bar1_can_be_resized_to_what_the_card_offers(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "GA102", NULL);
    assert_int_equal(cfg(&b, 0x180, 2), 0x15);
    assert_int_equal(cfg(&b, 0x184, 4), 0x3ffu << 10); /* 64 MiB to 32 GiB */
    assert_int_equal(cfg(&b, 0x188, 4), 8 << 8 | 0x21);
    assert_int_equal(bar_rd(&b, 1, UINT64_C(0x40000000)) >> 8, 0xbad0fb);
    set_cfg(&b, 0x188, 4, 15 << 8);
    assert_int_equal(cfg(&b, 0x188, 4), 15 << 8 | 0x21);
    bar_wr(&b, 1, UINT64_C(0x40000000), 0x99);
    assert_int_equal(bar_rd(&b, 1, UINT64_C(0x40000000)), 0x99);
    set_cfg(&b, BAR1_AT + 4, 4, UINT32_MAX);
    set_cfg(&b, BAR1_AT, 4, UINT32_MAX);
    assert_int_equal(cfg(&b, BAR1_AT, 4), 0xc);
    assert_int_equal(cfg(&b, BAR1_AT + 4, 4), 0xfffffff8);
    set_cfg(&b, 0x188, 4, 20 << 8); /* 1 TiB is not offered */
    assert_int_equal(cfg(&b, 0x188, 4), 15 << 8 | 0x21);
    assert_int_equal(b.raw.bus->ops->reset(b.raw.bus), 0);
    assert_int_equal(cfg(&b, 0x188, 4), 8 << 8 | 0x21);
    boot_close(&b);
}

static void
status_bits_of_a_bar_block_are_read_only(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "GH100", NULL);
    boot_wr(&b, 0xb80f60, 0x12345fff);
    assert_int_equal(boot_rd(&b, 0xb80f60), 0x12345e00);
    boot_wr(&b, 0xb80f70, 0x1ff);
    assert_int_equal(boot_rd(&b, 0xb80f70), 0);
    boot_close(&b);
}

/* The order of an interrupt service routine; two leaves make a bit of the top. */
static void
the_interrupt_tree_shows_sets_and_clears(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct boot b;

        boot_open(&b, "570.144", chips[i], NULL);
        boot_wr(&b, 0xb81640, 3 * 32 + 7); /* trigger vector 103 */
        assert_int_equal(boot_rd(&b, 0xb8100c), 1 << 7);
        assert_int_equal(boot_rd(&b, 0xb81600), 0); /* not enabled */
        boot_wr(&b, 0xb8120c, 1 << 7);
        assert_int_equal(boot_rd(&b, 0xb81600), 1 << 1);
        boot_wr(&b, 0xb81608, 0xff);
        boot_wr(&b, 0xb81610, 2);
        assert_int_equal(boot_rd(&b, 0xb81608), 0xfd);
        boot_wr(&b, 0xb8100c, 1 << 7); /* one clears */
        assert_int_equal(boot_rd(&b, 0xb8100c), 0);
        assert_int_equal(boot_rd(&b, 0xb81600), 0);
        boot_wr(&b, 0xb8140c, 1 << 7);
        assert_int_equal(boot_rd(&b, 0xb8120c), 0);
        boot_close(&b);
    }
}

static void
time_runs_and_nothing_answers_where_nothing_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct boot b;
        uint64_t before, after;

        boot_open(&b, "570.144", chips[i], NULL);
        before = (uint64_t)boot_rd(&b, 0x9410) << 32 | boot_rd(&b, 0x9400);
        do
            after = (uint64_t)boot_rd(&b, 0x9410) << 32 | boot_rd(&b, 0x9400);
        while (after == before);
        assert_true(after > before);
        assert_int_equal(after % 32, 0);
        assert_int_equal(boot_rd(&b, 0x00f000) >> 16, 0xbadf);
        assert_int_equal(boot_rd(&b, 0xfffffc) >> 16, 0xbadf);
        assert_int_equal(bar_rd(&b, 0, 2), UINT32_MAX); /* not a word's address */
        boot_close(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_space_every_bar_reads_all_ones_and_drops_writes),
        cmocka_unit_test(without_bus_mastering_the_card_reaches_no_system_memory),
        cmocka_unit_test(requests_wait_until_the_card_may_master_the_bus),
        cmocka_unit_test(a_request_to_its_own_bar1_comes_back_to_the_card),
        cmocka_unit_test(the_cpu_does_not_see_what_wpr2_protects),
        cmocka_unit_test(a_window_has_the_width_of_its_chip),
        cmocka_unit_test(
            a_function_level_reset_leaves_a_card_that_boots_once_it_is_set_up_again),
        cmocka_unit_test(bar1_can_be_resized_to_what_the_card_offers),
        cmocka_unit_test(status_bits_of_a_bar_block_are_read_only),
        cmocka_unit_test(the_interrupt_tree_shows_sets_and_clears),
        cmocka_unit_test(time_runs_and_nothing_answers_where_nothing_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
