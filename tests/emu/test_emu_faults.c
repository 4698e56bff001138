/* SPDX-License-Identifier: MIT */
/* Fault injection: every row of the table does what it says, once, and bad rows are named. */
#include <stdbool.h>

#include <emu/fault.h>

#include "raw_client.h"
#include "test.h"

static uint32_t
word(const uint8_t *p, uint32_t offset)
{
    uint32_t v;

    memcpy(&v, p + offset, 4);
    return v;
}

static uint32_t
pending_elements(struct raw *r)
{
    const uint32_t read = word(r->cmd, 0x20), write = word(r->stat, 16);

    return (write + RAW_SLOTS - read) % RAW_SLOTS;
}

/* The answer's first element, taken without the raw client's checks. */
static const uint8_t *
peek(struct raw *r)
{
    return r->stat + RAW_PAGE + word(r->cmd, 0x20) * RAW_PAGE;
}

static void
ask(struct raw *r, const char *inject)
{
    raw_boot(r, "570.144", NULL, inject);
    raw_put(r, raw_make(r, RAW_FN_STATIC_INFO, NULL, 0));
    raw_ring(r);
}

static uint32_t
sum(const uint8_t *p, uint32_t bytes)
{
    uint64_t total = 0, v;

    for (uint32_t i = 0; i < bytes; i += 8) {
        memcpy(&v, p + i, 8);
        total ^= v;
    }
    return (uint32_t)(total >> 32) ^ (uint32_t)total;
}

static void
a_bad_checksum_is_sent_once(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "rpc:1=bad-checksum");
    assert_int_equal(pending_elements(&r), 1);
    assert_int_not_equal(sum(peek(&r), 0x30 + word(peek(&r), 0x38)), 0);
    memcpy(r.cmd + 0x20, r.stat + 16, 4); /* skip it */
    r.rx_seq++;
    assert_int_equal(raw_rpc(&r, RAW_FN_STATIC_INFO, NULL, 0), 0);
    raw_close(&r);
}

static void
sequence_numbers_can_be_wrong(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "fn:GET_GSP_STATIC_INFO=wrong-seq");
    assert_int_equal(word(peek(&r), 36), 6); /* 1 is due */
    assert_int_equal(sum(peek(&r), 0x30 + word(peek(&r), 0x38)), 0);
    raw_close(&r);
    ask(&r, "rpc:1=wrong-sequence");
    assert_int_not_equal(word(peek(&r), 0x30 + 24), r.sequence - 1);
    raw_close(&r);
}

static void
a_duplicate_has_the_number_of_its_original(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "duplicate");
    assert_true(raw_answer(&r, RAW_FN_STATIC_INFO, 0));
    assert_int_equal(pending_elements(&r), 1);
    assert_int_equal(word(peek(&r), 36), r.rx_seq - 1);
    raw_close(&r);
}

static void
element_counts_can_lie_under_a_good_checksum(void **state)
{
    static const char *const inject[] = {"rpc:1=elements:0", "rpc:1=elements:17"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct raw r;

        ask(&r, inject[i]);
        assert_int_equal(word(peek(&r), 40), i ? 17 : 0);
        assert_int_equal(sum(peek(&r), 0x30 + word(peek(&r), 0x38)), 0);
        raw_close(&r);
    }
}

static void
hostile_lengths_are_sent_as_such(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "rpc:1=hostile-length");
    assert_int_equal(word(peek(&r), 0x38), 0xfffffff0);
    raw_close(&r);
}

static void
lost_answers_leave_no_gap_in_the_numbers(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "rpc:1=lost");
    assert_false(raw_receive(&r));
    assert_int_equal(raw_rpc(&r, RAW_FN_STATIC_INFO, NULL, 0), 0);
    raw_close(&r);
}

static void
slow_answers_come_when_they_are_due(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "rpc:1=slow:30");
    r.bus->ops->wr32(r.bus, 0, 0x110004, 0x40); /* clear SWGEN0 of INIT_DONE */
    r.bus->ops->wr32(r.bus, 0, 0xb81010, 1 << 27);
    raw_enable_interrupt(&r);
    assert_false(raw_receive(&r));
    assert_int_equal(r.bus->ops->irq_wait(r.bus, 1000000), -110);
    assert_int_equal(r.bus->ops->irq_wait(r.bus, 10000000000u), 0);
    assert_true(raw_answer(&r, RAW_FN_STATIC_INFO, 0));
    raw_close(&r);
}

static void
a_storm_of_events_comes_before_the_answer(void **state)
{
    struct raw r;
    unsigned events = 0;

    (void)state;
    ask(&r, "rpc:1=storm:200"); /* more than the queue holds */
    while (raw_receive(&r) && r.function == RAW_EV_OS_ERROR_LOG)
        events++;
    assert_int_equal(events, 200);
    assert_int_equal(r.function, RAW_FN_STATIC_INFO);
    raw_close(&r);
}

static void
the_last_continuation_record_can_be_missing(void **state)
{
    uint8_t *params = calloc(1, 200000);
    const uint32_t client = RAW_CLIENT, subdevice = RAW_SUBDEVICE, cmd = 0x2080ffff,
                   bytes = 200000 - 24;
    struct raw r;
    unsigned records = 0;

    (void)state;
    raw_boot(&r, "570.144", NULL, "ctl:0x2080ffff=missing-continuation");
    raw_tree(&r);
    memcpy(params, &client, 4);
    memcpy(params + 4, &subdevice, 4);
    memcpy(params + 8, &cmd, 4);
    memcpy(params + 16, &bytes, 4);
    raw_send(&r, RAW_FN_CONTROL, params, 200000);
    while (raw_receive(&r))
        records++;
    assert_int_equal(records, 3); /* of four */
    raw_close(&r);
    free(params);
}

static void
an_xid_is_reported_as_an_event(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "xid:79");
    assert_true(raw_receive(&r));
    assert_int_equal(r.function, RAW_EV_OS_ERROR_LOG);
    assert_int_equal(word(r.payload, 0), 79);
    assert_true(raw_receive(&r));
    assert_int_equal(r.function, RAW_FN_STATIC_INFO);
    raw_close(&r);
}

static void
after_a_crash_there_are_no_answers_and_the_halt_bit(void **state)
{
    struct raw r;

    (void)state;
    ask(&r, "rpc:1=crash");
    assert_false(raw_receive(&r));
    assert_int_equal(r.bus->ops->rd32(r.bus, 0, 0x110008) & 0x10, 0x10);
    assert_int_equal(r.bus->ops->reset(r.bus), 0);
    assert_int_equal(r.bus->ops->rd32(r.bus, 0, 0x110008), 0);
    raw_close(&r);
}

static void
off_the_bus_everything_reads_all_ones(void **state)
{
    uint32_t id;
    struct raw r;

    (void)state;
    ask(&r, "rpc:1=off-bus");
    assert_false(raw_receive(&r));
    assert_int_equal(r.bus->ops->rd32(r.bus, 0, 0), UINT32_MAX);
    assert_int_equal(r.bus->ops->config_read(r.bus, 0, 4, &id), 0);
    assert_int_equal(id, UINT32_MAX);
    assert_int_equal(r.bus->ops->irq_wait(r.bus, 0), -19);
    raw_close(&r);
}

static void
a_status_is_given_every_time(void **state)
{
    uint32_t mask = 0;
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL,
             "ctl:NV2080_CTRL_CMD_GPU_GET_FERMI_GPC_INFO=NV_ERR_GPU_IS_LOST,cls:0xa06c=0x65");
    raw_tree(&r);
    for (int i = 0; i < 3; i++)
        assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_SUBDEVICE, 0x20800137, &mask, 4),
                         0x0f);
    assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 9, 0xa06c, NULL, 0), 0x65);
    raw_close(&r);
}

static void
start_up_can_fail_in_every_way(void **state)
{
    static const char *const inject[] = {"init=lost", "init=crash", "init=bad-checksum",
                                         "init=off-bus"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct raw r;

        raw_open(&r, "570.144", NULL, inject[i]);
        raw_send_system_info(&r);
        raw_send_registry(&r);
        assert_int_equal(raw_start(&r), 0);
        if (i == 2)
            assert_int_not_equal(sum(peek(&r), 0x30 + word(peek(&r), 0x38)), 0);
        else
            assert_int_equal(pending_elements(&r), 0);
        raw_close(&r);
    }
}

static void
rows_that_are_not_in_the_table_are_named(void **state)
{
    static const char *const inject[] = {
        "nonsense",
        "rpc:1=nonsense",
        "rpc:x=lost",
        "ctl:NO_SUCH_CONTROL=lost",
        "rpc:1=slow:abc",
        "=lost",
        "rpc:1=",
        "lost,,lost",
        "init=NV_ERR_GENERIC",
    };
    char message[256];

    (void)state;
    for (size_t i = 0; i < sizeof(inject) / sizeof(inject[0]); i++) {
        const struct emu_config config = {.abi = raw_abi("570.144"), .inject = inject[i]};
        struct emu_gpu *gpu = NULL;

        assert_int_equal(emu_gpu_create(&config, &gpu, message, sizeof(message)), -22);
        assert_non_null(strstr(message, "fault"));
        assert_null(gpu);
    }
}

static bool
is_group(const char *name)
{
    static const char *const groups[] = {"boot", "vbios",     "queue",
                                         "rm",   "execution", "suspend"};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (!strcmp(name, groups[i]))
            return true;
    return false;
}

static void
every_row_of_the_table_is_complete_and_holds_for_some_card(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct emu_fault_row row;

    (void)state;
    for (unsigned i = 0; emu_fault_row_at(i, &row); i++) {
        unsigned cards = 0;

        for (unsigned c = 0; c < emu_chip_count(); c++)
            for (unsigned r = 0; r < nvrm_release_count(s); r++)
                cards += emu_fault_applies(&row, emu_chip_at(c)->name,
                                           (struct nvrm_abi){s, (nvrm_release)r});
        if (!cards || !is_group(row.group) || !*row.trigger || !*row.effect || !*row.run ||
            !*row.says || !!*row.argument != !!*row.examples)
            fail_msg("row %u, %s: %u cards", i, row.name, cards);
    }
}

static void
rows_of_one_name_exclude_each_other(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct emu_fault_row a, b;

    (void)state;
    for (unsigned i = 0; emu_fault_row_at(i, &a); i++)
        for (unsigned k = i + 1; emu_fault_row_at(k, &b); k++)
            for (unsigned c = 0; !strcmp(a.name, b.name) && c < emu_chip_count(); c++)
                for (unsigned r = 0; r < nvrm_release_count(s); r++) {
                    const struct nvrm_abi abi = {s, (nvrm_release)r};

                    if (emu_fault_applies(&a, emu_chip_at(c)->name, abi) &&
                        emu_fault_applies(&b, emu_chip_at(c)->name, abi))
                        fail_msg("%s stands twice for %s", a.name, emu_chip_at(c)->name);
                }
}

static void
a_fault_of_other_cards_is_refused_with_the_cards_it_is_for(void **state)
{
    const struct emu_config config = {
        .chip = "GH100", .abi = raw_abi("570.144"), .inject = "booter-error"};
    struct emu_gpu *gpu = NULL;
    char message[256];

    (void)state;
    assert_int_equal(emu_gpu_create(&config, &gpu, message, sizeof(message)), -22);
    assert_non_null(strstr(message, "not for GH100"));
    assert_non_null(strstr(message, "Turing to Ada"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_checksum_is_sent_once),
        cmocka_unit_test(sequence_numbers_can_be_wrong),
        cmocka_unit_test(a_duplicate_has_the_number_of_its_original),
        cmocka_unit_test(element_counts_can_lie_under_a_good_checksum),
        cmocka_unit_test(hostile_lengths_are_sent_as_such),
        cmocka_unit_test(lost_answers_leave_no_gap_in_the_numbers),
        cmocka_unit_test(slow_answers_come_when_they_are_due),
        cmocka_unit_test(a_storm_of_events_comes_before_the_answer),
        cmocka_unit_test(the_last_continuation_record_can_be_missing),
        cmocka_unit_test(an_xid_is_reported_as_an_event),
        cmocka_unit_test(after_a_crash_there_are_no_answers_and_the_halt_bit),
        cmocka_unit_test(off_the_bus_everything_reads_all_ones),
        cmocka_unit_test(a_status_is_given_every_time),
        cmocka_unit_test(start_up_can_fail_in_every_way),
        cmocka_unit_test(rows_that_are_not_in_the_table_are_named),
        cmocka_unit_test(every_row_of_the_table_is_complete_and_holds_for_some_card),
        cmocka_unit_test(rows_of_one_name_exclude_each_other),
        cmocka_unit_test(a_fault_of_other_cards_is_refused_with_the_cards_it_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
