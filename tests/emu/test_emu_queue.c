/* SPDX-License-Identifier: MIT */
/* The queue pair: wrapping, checksums, sequence numbers, continuation records, and hostile
 * memory. */
#include "raw_client.h"
#include "test.h"

static void
boot(struct raw *r)
{
    raw_boot(r, "570.144", NULL, NULL);
}

static const char *
last_note(struct raw *r)
{
    const char *note = "";

    for (unsigned i = 0; emu_gpu_note_at(r->gpu, i); i++)
        note = emu_gpu_note_at(r->gpu, i);
    return note;
}

/* The card answers a good request. */
static void
assert_alive(struct raw *r)
{
    assert_int_equal(raw_rpc(r, RAW_FN_STATIC_INFO, NULL, 0), 0);
    assert_int_equal(r->payload_bytes, 1656);
}

static void
assert_silent(struct raw *r)
{
    raw_put(r, raw_make(r, RAW_FN_STATIC_INFO, NULL, 0));
    raw_ring(r);
    assert_false(raw_receive(r));
}

static void
both_queues_wrap_many_times(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    for (int i = 0; i < 300; i++)
        assert_alive(&r);
    raw_close(&r);
}

static void
requests_may_be_queued_up_before_the_doorbell(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    for (int i = 0; i < 50; i++)
        raw_put(&r, raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0));
    raw_ring(&r);
    for (int i = 0; i < 50; i++)
        assert_true(raw_answer(&r, RAW_FN_STATIC_INFO, 0));
    assert_false(raw_receive(&r));
    raw_close(&r);
}

/* 94 answers of one element each against 62 free slots. */
static void
answers_wait_for_room_in_the_status_queue(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 47; i++) {
            raw_put(&r, raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0));
            raw_ring(&r);
        }
    for (int i = 0; i < 94; i++)
        assert_true(raw_answer(&r, RAW_FN_STATIC_INFO, 0));
    assert_false(raw_receive(&r));
    raw_close(&r);
}

static void
the_reply_repeats_function_and_sequence(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    r.sequence = 0x1234;
    assert_alive(&r);
    assert_int_equal(r.reply_sequence, 0x1234);
    raw_close(&r);
}

static void
a_bad_checksum_drops_the_record_and_nothing_else(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    raw_put(&r, raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0));
    r.cmd[RAW_PAGE + 2 * RAW_PAGE + 0x40] ^= 1;
    raw_ring(&r);
    assert_false(raw_receive(&r));
    assert_non_null(strstr(last_note(&r), "checksum"));
    assert_alive(&r);
    raw_close(&r);
}

static void
an_old_record_is_skipped_and_a_future_one_dropped(void **state)
{
    struct raw r;
    uint32_t n;

    (void)state;
    boot(&r);
    r.tx_seq = 0;
    assert_silent(&r);
    assert_non_null(strstr(last_note(&r), "again"));
    r.tx_seq = 2;
    assert_alive(&r);
    r.tx_seq = 9; /* 3 is awaited */
    n = raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0);
    raw_put(&r, n);
    raw_ring(&r);
    assert_false(raw_receive(&r));
    assert_non_null(strstr(last_note(&r), "ahead"));
    r.tx_seq = 4;
    assert_alive(&r);
    raw_close(&r);
}

static void
element_counts_that_firmware_would_overrun_halt_it(void **state)
{
    static const uint32_t counts[] = {0, 17, 0xffffffff, 16, 2};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct raw r;
        uint32_t n;

        boot(&r);
        n = raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0);
        memcpy(r.out + 40, &counts[i], 4);
        raw_seal(&r);
        raw_put(&r, n);
        raw_ring(&r);
        assert_false(raw_receive(&r));
        assert_int_equal(r.bus->ops->rd32(r.bus, 0, 0x110008) & 0x10, 0x10); /* HALT */
        assert_silent(&r);
        raw_close(&r);
    }
}

static void
lengths_out_of_range_drop_the_record(void **state)
{
    static const uint32_t lengths[] = {0, 31, 0xffd1, 0x10000, 0xffffffe0, 5000};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct raw r;
        uint32_t n;

        boot(&r);
        n = raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0);
        memcpy(r.out + 0x30 + 8, &lengths[i], 4);
        raw_put(&r, n);
        raw_ring(&r);
        assert_false(raw_receive(&r));
        assert_alive(&r);
        raw_close(&r);
    }
}

static void
rpc_headers_of_another_protocol_are_dropped(void **state)
{
    (void)state;
    for (uint32_t offset = 0x30; offset < 0x38; offset += 4) {
        struct raw r;
        uint32_t n;

        boot(&r);
        n = raw_make(&r, RAW_FN_STATIC_INFO, NULL, 0);
        r.out[offset] ^= 0x10;
        raw_seal(&r);
        raw_put(&r, n);
        raw_ring(&r);
        assert_false(raw_receive(&r));
        assert_alive(&r);
        raw_close(&r);
    }
}

static void
a_write_pointer_outside_the_ring_is_not_followed(void **state)
{
    const uint32_t outside = RAW_SLOTS;
    uint32_t good;
    struct raw r;

    (void)state;
    boot(&r);
    memcpy(&good, r.cmd + 16, 4);
    memcpy(r.cmd + 16, &outside, 4);
    raw_ring(&r);
    assert_false(raw_receive(&r));
    memcpy(r.cmd + 16, &good, 4);
    assert_alive(&r);
    raw_close(&r);
}

/* Both ways: the request is longer than a record, and so is the answer that mirrors it. */
static void
large_controls_are_continued_both_ways(void **state)
{
    static const uint32_t sizes[] = {0xffd0 - 32 - 24, 0xffd0 - 32 - 24 + 1, 200000, 700000};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *params = malloc(sizes[i]), *copy = malloc(sizes[i]);
        struct raw r;

        boot(&r);
        raw_tree(&r);
        for (uint32_t k = 0; k < sizes[i]; k++)
            params[k] = (uint8_t)(k * 7 + k / 4096);
        memcpy(copy, params, sizes[i]);
        assert_int_equal(
            raw_control(&r, RAW_CLIENT, RAW_SUBDEVICE, 0x2080ffff, params, sizes[i]), 0x56);
        assert_memory_equal(params, copy, sizes[i]);
        assert_alive(&r);
        raw_close(&r);
        free(params);
        free(copy);
    }
}

static void
a_continuation_record_alone_continues_nothing(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    raw_send(&r, RAW_FN_CONTINUATION, "abcd", 4);
    assert_false(raw_receive(&r));
    assert_non_null(strstr(last_note(&r), "continues nothing"));
    assert_alive(&r);
    raw_close(&r);
}

static void
a_request_that_never_ends_is_forgotten_with_the_next_one(void **state)
{
    uint8_t *payload = calloc(1, 0xffd0);
    const uint32_t bytes = 100000;
    struct raw r;

    (void)state;
    boot(&r);
    memcpy(payload + 16, &bytes, 4); /* paramsSize */
    raw_put(&r, raw_make(&r, RAW_FN_CONTROL, payload, 0xffd0 - 32));
    raw_ring(&r);
    assert_false(raw_receive(&r));
    assert_alive(&r);
    assert_non_null(strstr(last_note(&r), "never completed"));
    raw_close(&r);
    free(payload);
}

static void
params_sizes_that_the_message_does_not_hold_are_refused(void **state)
{
    uint8_t payload[64] = {0};
    const uint32_t bytes = 0xffffff00;
    struct raw r;

    (void)state;
    boot(&r);
    memcpy(payload + 16, &bytes, 4);
    assert_int_equal(raw_rpc(&r, RAW_FN_CONTROL, payload, sizeof(payload)), 0);
    assert_int_equal(r.payload[12], 0x3a);
    memcpy(payload + 20, &bytes, 4);
    assert_int_equal(raw_rpc(&r, RAW_FN_ALLOC, payload, sizeof(payload)), 0x3a);
    raw_close(&r);
}

static void
memory_that_goes_away_stops_the_queue_and_nothing_else(void **state)
{
    struct raw r;

    (void)state;
    boot(&r);
    r.bus->ops->dma_free(r.bus, &r.block);
    raw_ring(&r);
    assert_int_equal(r.bus->ops->rd32(r.bus, 0, 0x000000), 0x192000a1);
    raw_close(&r);
}

/* The block's pages need not be neighbours. */
static void
pages_may_lie_anywhere(void **state)
{
    struct gsp_dma page;
    struct raw r;

    (void)state;
    raw_open(&r, "570.144", NULL, NULL);
    assert_int_equal(r.bus->ops->dma_alloc(r.bus, RAW_PAGE, &page), 0);
    memcpy(page.cpu, r.stat, RAW_PAGE);
    memcpy((uint8_t *)r.block.cpu + 65 * 8, &page.bus_addr, 8); /* status queue header */
    assert_int_equal(raw_start(&r), 0);
    assert_int_equal(*(uint32_t *)((uint8_t *)page.cpu + 12), RAW_SLOTS);
    assert_int_equal(*(uint32_t *)(r.stat + 12), 0);
    r.bus->ops->dma_free(r.bus, &page);
    raw_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_queues_wrap_many_times),
        cmocka_unit_test(requests_may_be_queued_up_before_the_doorbell),
        cmocka_unit_test(answers_wait_for_room_in_the_status_queue),
        cmocka_unit_test(the_reply_repeats_function_and_sequence),
        cmocka_unit_test(a_bad_checksum_drops_the_record_and_nothing_else),
        cmocka_unit_test(an_old_record_is_skipped_and_a_future_one_dropped),
        cmocka_unit_test(element_counts_that_firmware_would_overrun_halt_it),
        cmocka_unit_test(lengths_out_of_range_drop_the_record),
        cmocka_unit_test(rpc_headers_of_another_protocol_are_dropped),
        cmocka_unit_test(a_write_pointer_outside_the_ring_is_not_followed),
        cmocka_unit_test(large_controls_are_continued_both_ways),
        cmocka_unit_test(a_continuation_record_alone_continues_nothing),
        cmocka_unit_test(a_request_that_never_ends_is_forgotten_with_the_next_one),
        cmocka_unit_test(params_sizes_that_the_message_does_not_hold_are_refused),
        cmocka_unit_test(memory_that_goes_away_stops_the_queue_and_nothing_else),
        cmocka_unit_test(pages_may_lie_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
