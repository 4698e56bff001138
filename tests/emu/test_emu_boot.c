/* SPDX-License-Identifier: MIT */
/* The card from reset to GSP_INIT_DONE and back, through its registers alone. */
#include "boot_client.h"
#include "test.h"

static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                    "GH100", "GB100", "GB202"};

static void
notes(const struct boot *b)
{
    const char *note;

    for (unsigned i = 0; (note = emu_gpu_note_at(b->raw.gpu, i)); i++)
        print_message("card: %s\n", note);
}

static void
must_boot(struct boot *b)
{
    const char *step = boot_run(b);

    if (step)
        notes(b);
    assert_null(step);
    if (!boot_finish(b)) {
        notes(b);
        fail_msg("no INIT_DONE");
    }
}

static void
every_chip_boots_and_unloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct boot b;
        const char *step;

        boot_open(&b, "570.144", chips[i], NULL);
        must_boot(&b);
        assert_int_equal(b.steps, b.family != BOOT_FSP);
        assert_int_equal(b.lockdown_notices, b.family == BOOT_FSP ? 2 : 0);
        step = boot_unload(&b);
        if (step) {
            notes(&b);
            fail_msg("%s: unload fails at %s", chips[i], step);
        }
        boot_close(&b);
    }
}

static void
every_release_boots_on_every_chip_that_it_knows(void **state)
{
    static const char *const releases[] = {"535.113.01", "580.126.20", "595.45.04"};

    (void)state;
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < 7; i++) {
            struct boot b;

            if (r == 0 && i >= 5) /* Blackwell is younger */
                continue;
            boot_open(&b, releases[r], chips[i], NULL);
            must_boot(&b);
            assert_int_equal(b.steps, b.family != BOOT_FSP);
            assert_null(boot_unload(&b));
            boot_close(&b);
        }
}

static void
a_card_boots_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct boot b, again;

        boot_open(&b, "570.144", chips[i], NULL);
        must_boot(&b);
        assert_null(boot_unload(&b));
        boot_open(&again, "570.144", chips[i], NULL);
        boot_close(&again);
        b.raw.tx_seq = b.raw.rx_seq = 0;
        memset(b.raw.cmd + 16, 0, 4);
        memset(b.raw.cmd + 32, 0, 4);
        memset(b.raw.stat, 0, RAW_QUEUE_BYTES);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.radix3);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.sig);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.bl);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.meta);
        if (b.fmc.cpu) {
            b.raw.bus->ops->dma_free(b.raw.bus, &b.fmc);
            b.raw.bus->ops->dma_free(b.raw.bus, &b.params);
        }
        must_boot(&b);
        boot_close(&b);
    }
}

/* A crash leaves a report: DEBUGINFO, scratch group B, and packets in DMEM. */
static void
a_crash_leaves_a_report(void **state)
{
    struct boot b;
    uint32_t l1, put, word[4];

    (void)state;
    boot_open(&b, "570.144", "AD102", "fn:GET_GSP_STATIC_INFO=crash");
    must_boot(&b);
    assert_int_equal(boot_rd(&b, 0x110094), 0);
    raw_send(&b.raw, RAW_FN_STATIC_INFO, NULL, 0);
    assert_int_equal(boot_rd(&b, 0x110008) & 0x10, 0x10);
    assert_false(boot_riscv_active(&b));
    assert_int_equal(boot_rd(&b, 0x110094), 0xdead | 1 << 16 | 2 << 20);
    l1 = boot_rd(&b, 0x110300);
    put = boot_rd(&b, 0x110308);
    assert_int_equal(l1 & 7, 2);      /* DMEM */
    assert_int_equal(l1 >> 3 & 3, 1); /* in KiB */
    assert_int_equal(boot_rd(&b, 0x11030c), 0);
    assert_in_range(put, 64, ((l1 >> 6 & 0xf) + 1) * 1024);
    boot_wr(&b, 0x1101c0, (l1 >> 10) * 1024 | 1u << 25);
    for (unsigned i = 0; i < 4; i++)
        word[i] = boot_rd(&b, 0x1101c4);
    assert_int_equal(word[0], 0xdead | 1 << 16 | 6 << 22);
    assert_int_equal(word[1], 0); /* a report */
    assert_memory_equal(&word[2], "1.3SOBIL", 8);
    boot_close(&b);
}

/* Registers */

static void
interrupts_follow_the_tree(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "AD102", NULL);
    must_boot(&b);
    boot_wr(&b, 0xb81200 + 4 * 4, 1 << 27); /* vector 155 */
    boot_wr(&b, 0xb81608, 0xffffffff);
    assert_int_equal(boot_rd(&b, 0x110008) & 0x40, 0x40);
    assert_int_equal(boot_rd(&b, 0xb81600), 1 << 2); /* leaf 4 is in the third subtree */
    boot_wr(&b, 0xb81610, 0xffffffff);
    assert_int_equal(boot_rd(&b, 0xb81608), 0);
    assert_int_equal(boot_rd(&b, 0xb81010), 1 << 27);
    boot_wr(&b, 0x110004, 0x40);
    boot_wr(&b, 0xb81010, 1 << 27);
    boot_wr(&b, 0x1103e8, 1);
    assert_int_equal(boot_rd(&b, 0xb81010), 0);
    assert_int_equal(boot_rd(&b, 0xb81600), 0);
    boot_wr(&b, 0xb81640, 35); /* raised by software */
    assert_int_equal(boot_rd(&b, 0xb81004), 1 << 3);
    assert_int_equal(boot_rd(&b, 0xb81600), 0); /* not enabled */
    boot_wr(&b, 0xb81204, 8);
    assert_int_equal(boot_rd(&b, 0xb81600), 1);
    boot_close(&b);
}

static int
wait_now(struct boot *b)
{
    return b->raw.bus->ops->irq_wait(b->raw.bus, 0);
}

/* INIT_DONE raised the line; then one message an edge, whatever comes before it is taken. */
static void
the_gsp_sends_one_message_a_batch(void **state)
{
    static const struct {
        const char *chip;
        bool pulse;
    } rows[] = {
        {"TU102", false},
        {"GA100", true },
        {"AD102", true },
        {"GH100", true }
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const uint32_t leaf = 0xb81010, bit = 1 << 27;
        struct boot b;

        boot_open(&b, "570.144", rows[i].chip, NULL);
        must_boot(&b);
        assert_int_equal(wait_now(&b), -110); /* nothing is enabled */
        boot_wr(&b, leaf + 0x200, bit);
        assert_int_equal(wait_now(&b), -110);
        boot_wr(&b, 0xb81608, 1 << 2);
        assert_int_equal(wait_now(&b), 0);
        assert_int_equal(wait_now(&b), -110); /* it was told */
        boot_wr(&b, 0xb81610, 1 << 2);
        boot_wr(&b, leaf, bit);
        assert_int_equal(boot_rd(&b, leaf), rows[i].pulse ? 0 : bit); /* the line is up */
        boot_wr(&b, 0xb81608, 1 << 2);
        assert_int_equal(wait_now(&b), rows[i].pulse ? -110 : 0);
        boot_wr(&b, 0x1103e8, 1);
        assert_int_equal(wait_now(&b), rows[i].pulse ? 0 : -110);
        boot_wr(&b, 0xb81610, 1 << 2);
        boot_wr(&b, 0x110004, 0x40);
        boot_wr(&b, leaf, bit);
        boot_wr(&b, 0x1103e8, 1);
        boot_wr(&b, 0xb81608, 1 << 2);
        assert_int_equal(wait_now(&b), -110); /* all is taken */
        assert_int_equal(boot_rd(&b, leaf), 0);
        boot_close(&b);
    }
}

static void
pramin_and_bar1_show_the_same_memory(void **state)
{
    static const struct {
        const char *chip;
        uint32_t window;
    } rows[] = {
        {"TU102", 0x1700  },
        {"AD102", 0x1700  },
        {"GB202", 0x10fd40}
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct boot b;

        boot_open(&b, "570.144", rows[i].chip, NULL);
        boot_wr(&b, rows[i].window, 0x1234000 >> 16);
        boot_wr(&b, 0x700000 + 0x4010, 0xcafe0000 + (uint32_t)i);
        assert_int_equal(b.raw.bus->ops->rd32(b.raw.bus, 1, 0x1234010),
                         0xcafe0000 + (uint32_t)i);
        b.raw.bus->ops->wr32(b.raw.bus, 1, 0x1230000, 77);
        assert_int_equal(boot_rd(&b, 0x700000), 77);
        boot_wr(&b, rows[i].window, 0xffffff);
        assert_int_equal(boot_rd(&b, 0x7ffffc) >> 8, 0xbad0fb);
        boot_wr(&b, 0xb830b0, 0x80000043);
        assert_int_equal(boot_rd(&b, 0xb830b0) >> 31, 0);
        boot_close(&b);
    }
}

/* Eight bytes into memory through PRAMIN. */
static void
poke(struct boot *b, uint64_t addr, uint64_t value)
{
    boot_wr(b, b->family == BOOT_FSP ? 0x10fd40 : 0x1700, (uint32_t)(addr >> 16));
    boot_wr(b, 0x700000 + (addr & 0xffff), (uint32_t)value);
    boot_wr(b, 0x700004 + (addr & 0xffff), (uint32_t)(value >> 32));
}

/*
 * Page tables by hand: instance block at 16 MiB, directories behind it, one page each. Version
 * 2 keeps an address in bits 8 and up (in 4 KiB), version 3 in place.
 */
static void
bar1_walks_page_tables(void **state)
{
    static const char *const names[] = {"TU102", "AD102", "GH100", "GB202"};
    const uint64_t base = 16 << 20, page = 0x2345000, big = 0x2560000, huge = 0x4000000;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct boot b;
        const bool v3 = i >= 2;
        const unsigned shift = v3 ? 0 : 4; /* from an address to its place in an entry */
        const struct gsp_bus_ops *ops;
        struct gsp_dma sysmem;
        uint64_t at = base + 0x1000;

        boot_open(&b, "570.144", names[i], NULL);
        ops = b.raw.bus->ops;
        assert_int_equal(ops->dma_alloc(b.raw.bus, 4096, &sysmem), 0);
        memcpy(sysmem.cpu, "memory!", 8);
        poke(&b, base + 0x200, at);
        for (unsigned level = 0; level < (v3 ? 4u : 3u); level++, at += 0x1000)
            poke(&b, at, (at + 0x1000) >> shift | 1 << 1);
        /* First dual entry: big pages at +0x1000, small ones at +0x2000. Big tables are counted
         * in 256 bytes: four bits lower. The second is a page of 2 MiB. */
        poke(&b, at, (v3 ? at + 0x1000 : (at + 0x1000) >> 4) | 1 << 1);
        poke(&b, at + 8, (at + 0x2000) >> shift | 1 << 1);
        poke(&b, at + 16, huge >> shift | 1);
        poke(&b, at + 0x1000 + 8, big >> shift | 1);
        poke(&b, at + 0x2000, page >> shift | 1);
        poke(&b, at + 0x2000 + 8, sysmem.bus_addr >> shift | 2 << 1 | 1);
        poke(&b, at + 0x2000 + 16, page >> shift | (v3 ? 0 : 1 << 6) | 1);
        if (v3)
            boot_wr(&b, 0xb80f60, (uint32_t)base | 1 << 9);
        else
            boot_wr(&b, 0x1704, (uint32_t)(base >> 12) | 1u << 31);
        ops->wr32(b.raw.bus, 1, 0x10, 0x1111);     /* 4 KiB page */
        ops->wr32(b.raw.bus, 1, 0x10020, 0x2222);  /* 64 KiB page */
        ops->wr32(b.raw.bus, 1, 0x230000, 0x3333); /* 2 MiB page */
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x1000), 0x6f6d656d);
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x10), 0x1111);
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x3000) >> 8, 0xbad0fb);
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x600000) >> 8, 0xbad0fb);
        if (!v3) {
            ops->wr32(b.raw.bus, 1, 0x2010, 5); /* read-only */
            assert_int_equal(ops->rd32(b.raw.bus, 1, 0x2010), 0x1111);
        }
        boot_wr(&b, v3 ? 0xb80f60 : 0x1704, 0); /* physical again */
        assert_int_equal(ops->rd32(b.raw.bus, 1, page + 0x10), 0x1111);
        assert_int_equal(ops->rd32(b.raw.bus, 1, big + 0x20), 0x2222);
        assert_int_equal(ops->rd32(b.raw.bus, 1, huge + 0x30000), 0x3333);
        ops->dma_free(b.raw.bus, &sysmem);
        boot_close(&b);
    }
}

static void
wpr2_is_not_for_pramin(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "AD102", NULL);
    must_boot(&b);
    boot_wr(&b, 0x1700, (boot_rd(&b, 0x1fa824) >> 4) >> 4);
    boot_wr(&b, 0x700000 + 0x10000, 5);
    assert_int_equal(boot_rd(&b, 0x700000 + 0x10000) >> 8, 0xbad0fb);
    boot_close(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_boots_and_unloads),
        cmocka_unit_test(every_release_boots_on_every_chip_that_it_knows),
        cmocka_unit_test(a_card_boots_twice),
        cmocka_unit_test(a_crash_leaves_a_report),
        cmocka_unit_test(interrupts_follow_the_tree),
        cmocka_unit_test(the_gsp_sends_one_message_a_batch),
        cmocka_unit_test(pramin_and_bar1_show_the_same_memory),
        cmocka_unit_test(bar1_walks_page_tables),
        cmocka_unit_test(wpr2_is_not_for_pramin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
