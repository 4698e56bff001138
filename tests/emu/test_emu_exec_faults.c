/* SPDX-License-Identifier: MIT */
/* Faults of the execution, by their names in the fault table: what a client sees of each. */
#include <emu/fault.h>

#include "exec_client.h"
#include "test.h"

#define DATA  (EXEC_VA + EXEC_DATA)
#define HI(v) (uint32_t)((uint64_t)(v) >> 32)
#define LO(v) (uint32_t)(v)

static const uint64_t page = UINT64_C(0x4000000000);

static void
open_with(struct exec *x, struct exec_channel *c, const char *inject)
{
    exec_open(x, "AD102", inject);
    exec_channel(x, c, EXEC_COPY2, 0);
    exec_bind_copy(c);
    exec_wr(x, EXEC_DATA, 0x1234);
}

/* A copy of one word, and its semaphore: did both arrive? */
static bool
copies(struct exec *x, struct exec_channel *c, uint32_t value)
{
    exec_wr(x, EXEC_DATA, value);
    exec_copy(c, DATA, DATA + 0x100, 4, DATA + 0x200, value);
    exec_kick(c);
    return exec_rd(x, EXEC_DATA + 0x100) == value && exec_rd(x, EXEC_DATA + 0x200) == value;
}

/* The channel stops with this Xid, and another one takes over. */
static void
stops_with(const char *inject, uint32_t before, uint32_t xid, const char *says)
{
    char text[256] = "";
    struct exec_channel c, other;
    uint32_t chid = 99;
    struct exec x;

    open_with(&x, &c, inject);
    for (uint32_t i = 0; i < before; i++)
        assert_true(copies(&x, &c, i + 1));
    assert_false(copies(&x, &c, 0x77));
    assert_int_equal(exec_error(&x, &chid, text, sizeof(text)), xid);
    assert_int_equal(chid, c.chid);
    if (!strstr(text, says))
        fail_msg("'%s' does not say '%s'", text, says);
    assert_int_equal(exec_rd(&x, c.notifier + 8), xid);
    assert_false(copies(&x, &c, 0x78));
    exec_channel(&x, &other, EXEC_COPY2, 0);
    exec_bind_copy(&other);
    assert_true(copies(&x, &other, 0x79));
    exec_close(&x);
}

static void
a_mapped_page_can_fault(void **state)
{
    (void)state;
    stops_with("mmu-fault", 0, 31, "CE2 faulted @ 0x1_01000100. Fault is of type FAULT_PTE");
    stops_with("mmu-fault:3", 2, 31, "MMU Fault");
}

static void
a_header_can_be_none(void **state)
{
    (void)state;
    stops_with("pbdma-error", 0, 32, "no method header");
    stops_with("pbdma-error:6", 1, 32, "no method header"); /* a bind and four, then one */
}

static void
an_entry_can_be_illegal(void **state)
{
    (void)state;
    stops_with("bad-gpfifo-entry", 0, 32, "GPFIFO entry");
    stops_with("bad-gpfifo-entry:2", 1, 32, "GPFIFO entry");
}

static void
a_line_count_can_be_0(void **state)
{
    (void)state;
    stops_with("ce-line-count", 0, 41, "COPY2 launch error, class 0xc7b5: line count 0");
    stops_with("ce-line-count:2", 1, 41, "line count 0");
}

static void
an_acquire_that_holds_can_give_up(void **state)
{
    char text[256] = "";
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_with(&x, &c, "sem-timeout");
    EXEC_METHOD(&c, 0, 0x5c, LO(DATA), HI(DATA), 0x1234, 0, 0); /* acquire */
    exec_kick(&c);
    assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 32);
    assert_non_null(strstr(text, "acquire timeout"));
    exec_close(&x);
}

static void
a_channel_can_stay_off_its_runlist(void **state)
{
    struct exec_channel c;
    uint16_t on = 1;
    struct exec x;

    (void)state;
    open_with(&x, &c, "not-scheduled");
    assert_false(copies(&x, &c, 5));
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
    assert_non_null(strstr(exec_last_note(&x), "not scheduled"));
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0103, &on, 2), 0);
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x100), 5);
    exec_close(&x);
}

static void
a_doorbell_can_be_lost(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_with(&x, &c, "lost-doorbell:2");
    assert_true(copies(&x, &c, 5));
    assert_false(copies(&x, &c, 6));
    assert_int_equal(exec_get(&c), 1);
    exec_ring(&c); /* a client that rings again gets on */
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x200), 6);
    exec_close(&x);
}

static void
interrupts_can_be_lost_or_come_for_nothing(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_with(&x, &c, "lost-interrupt");
    for (uint32_t i = 0; i < 2; i++) {
        EXEC_METHOD(&c, 0, 0x20, 0);
        exec_kick(&c);
        assert_int_equal(x.r.bus->ops->rd32(x.r.bus, 0, 0xb81000), i ? 1 << 3 : 0);
    }
    exec_close(&x);
    open_with(&x, &c, "spurious-interrupt");
    assert_true(copies(&x, &c, 1));
    assert_int_equal(x.r.bus->ops->rd32(x.r.bus, 0, 0xb81000), 1 << 7); /* not COPY2's */
    exec_close(&x);
}

/* Cached translations */

static uint32_t
read_page(struct exec *x, struct exec_channel *c)
{
    exec_copy(c, page, DATA + 0x1000, 4, 0, 0);
    exec_kick(c);
    return exec_rd(x, EXEC_DATA + 0x1000);
}

static void
set_up_pages(struct exec *x, struct exec_channel *c, const char *inject)
{
    open_with(x, c, inject);
    exec_wr(x, EXEC_DATA + 0x2000, 0xaaaa);
    exec_wr(x, EXEC_DATA + 0x3000, 0xbbbb);
    exec_map(x, page, 12, 0, EXEC_DATA + 0x2000, 0);
    assert_int_equal(read_page(x, c), 0xaaaa);
    exec_map(x, page, 12, 0, EXEC_DATA + 0x3000, 0);
}

static void
a_missing_invalidation_is_found(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    set_up_pages(&x, &c, NULL);
    assert_int_equal(read_page(&x, &c), 0xbbbb); /* without the fault nothing is kept */
    exec_close(&x);
    set_up_pages(&x, &c, "stale-tlb");
    assert_int_equal(read_page(&x, &c), 0xaaaa);
    assert_non_null(strstr(exec_last_note(&x), "stale translation of 0x4000000000"));
    exec_invalidate(&x);
    assert_int_equal(read_page(&x, &c), 0xbbbb);
    exec_unmap(&x, page, 12);
    assert_int_equal(read_page(&x, &c), 0xbbbb); /* also what is gone is still there */
    exec_invalidate(&x);
    exec_wr(&x, EXEC_DATA + 0x1000, 0);
    read_page(&x, &c);
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 31);
    exec_close(&x);
}

static void
channels_invalidate_as_well(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    set_up_pages(&x, &c, "stale-tlb");
    EXEC_METHOD(&c, 0, 0x28, 0, 0, 2, 5u << 27); /* a barrier is none */
    assert_int_equal(read_page(&x, &c), 0xaaaa);
    EXEC_METHOD(&c, 0, 0x28, 0, 0, (uint32_t)x.root + 0x5000, 9u << 27); /* other tables */
    assert_int_equal(read_page(&x, &c), 0xaaaa);
    EXEC_METHOD(&c, 0, 0x28, 0, 0, (uint32_t)x.root, 9u << 27); /* these */
    assert_int_equal(read_page(&x, &c), 0xbbbb);
    exec_map(&x, page, 12, 0, EXEC_DATA + 0x2000, 0);
    EXEC_METHOD(&c, 0, 0x28, 0, 0, 1, 9u << 27); /* all */
    assert_int_equal(read_page(&x, &c), 0xaaaa);
    exec_close(&x);
}

static void
registers_invalidate_one_address_space(void **state)
{
    struct exec_channel c;
    struct gsp_bus *bus;
    struct exec x;

    (void)state;
    set_up_pages(&x, &c, "stale-tlb");
    bus = x.r.bus;
    bus->ops->wr32(bus, 0, 0xb830a0, (uint32_t)((x.root + 0x5000) >> 12) << 4);
    bus->ops->wr32(bus, 0, 0xb830b0, 1u << 31 | 1);
    assert_int_equal(read_page(&x, &c), 0xaaaa);
    bus->ops->wr32(bus, 0, 0xb830a0, (uint32_t)(x.root >> 12) << 4);
    bus->ops->wr32(bus, 0, 0xb830b0, 1u << 31 | 1);
    assert_int_equal(read_page(&x, &c), 0xbbbb);
    exec_close(&x);
}

/* These, and no others: a new row needs a test here. */
static void
the_table_has_every_one_of_them(void **state)
{
    static const char *const names[] = {"mmu-fault", "stale-tlb", "pbdma-error", "sem-timeout",
                                        "bad-gpfifo-entry", "ce-line-count", "not-scheduled",
                                        "lost-doorbell", "lost-interrupt", "spurious-interrupt",
                                        /* of launches: sm/test_sm_errors.c */
                                        "sm-illegal-instruction", "sm-misaligned-address",
                                        "sm-out-of-range", "sm-endless", "sm-mmu-fault"};
    struct emu_fault_row row;
    size_t rows = 0;

    (void)state;
    for (unsigned k = 0; emu_fault_row_at(k, &row); k++) {
        bool known = false;

        if (strcmp(row.group, "execution"))
            continue;
        rows++;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            known |= !strcmp(row.name, names[i]);
        if (!known)
            fail_msg("no test here meets %s", row.name);
    }
    assert_int_equal(rows, sizeof(names) / sizeof(names[0]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapped_page_can_fault),
        cmocka_unit_test(a_header_can_be_none),
        cmocka_unit_test(an_entry_can_be_illegal),
        cmocka_unit_test(a_line_count_can_be_0),
        cmocka_unit_test(an_acquire_that_holds_can_give_up),
        cmocka_unit_test(a_channel_can_stay_off_its_runlist),
        cmocka_unit_test(a_doorbell_can_be_lost),
        cmocka_unit_test(interrupts_can_be_lost_or_come_for_nothing),
        cmocka_unit_test(a_missing_invalidation_is_found),
        cmocka_unit_test(channels_invalidate_as_well),
        cmocka_unit_test(registers_invalidate_one_address_space),
        cmocka_unit_test(the_table_has_every_one_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
