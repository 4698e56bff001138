/* SPDX-License-Identifier: MIT */
/*
 * RPC against a peer made of raw bytes that answers when it is kicked, well or badly.
 */
#include "test.h"

#include <errno.h>

#include <gsp/rpc.h>

#include "fake_gsp.h"

enum { CONTROL = 76, ALLOC = 103, ROOM = 0xffd0 - 32 /* payload of one record */ };

/** What the peer does with a message. */
enum manner {
    ANSWER,
    SILENT,
    HOLD,         /* answer at the next message */
    EVENTS_FIRST, /* three events, then the answer */
    WRONG_SEQUENCE,
    BAD_CHECKSUM, /* once */
    TWICE,        /* the answer's record again */
    GAP,
    NO_SECOND_PIECE,
    STRAY_PIECE, /* a continuation record out of nowhere */
    DEAF,        /* never reads its queue */
    REFUSE,      /* rpc_result 0x56 and an empty payload */
};

struct held {
    uint32_t function, sequence, bytes;
    uint8_t payload[64];
};

struct fixture {
    uint8_t *block;
    struct fake_gsp gsp;
    struct gsp_msgq *queue;
    struct gsp_rpc *rpc;
    enum manner manner;
    uint32_t total; /* payload bytes of a message; 0: one record */
    struct held held;
    uint32_t function, sequence; /* of the message being put together */
    uint32_t have;
    int sleep_rc, health_rc;
    bool fail_events;
    uint8_t *message, *record;
    struct fake_record taken;
};

static const uint8_t event_text[] = "event";

static void
post_answer(struct fixture *f, uint32_t function, uint32_t sequence, const uint8_t *payload,
            uint32_t bytes)
{
    uint32_t all = fake_gsp_build(&f->gsp, f->record, function, 0, sequence, payload, bytes);

    if (f->manner == BAD_CHECKSUM) {
        f->record[200 % all] ^= 1;
        f->manner = ANSWER;
    }
    fake_gsp_post(&f->gsp, f->record, (all + FAKE_PAGE - 1) / FAKE_PAGE);
    if (f->manner == TWICE)
        fake_gsp_post(&f->gsp, f->record, (all + FAKE_PAGE - 1) / FAKE_PAGE);
}

/* The whole answer, as many records as the question had. */
static void
answer(struct fixture *f)
{
    uint32_t sequence = f->sequence;

    for (uint32_t i = 0; i < f->have; i++)
        f->message[i] ^= i < 8 ? 0 : 0xff; /* the first words are echoed */
    for (uint32_t at = 0; at < f->have || at == 0; at += ROOM) {
        const uint32_t part = f->have - at < ROOM ? f->have - at : ROOM;

        if (at && f->manner == NO_SECOND_PIECE)
            break;
        post_answer(f, at ? 71 : f->function, sequence, f->message + at, part);
        sequence += sequence != 0;
    }
}

static void
release_held(struct fixture *f)
{
    if (f->held.function)
        fake_gsp_send(&f->gsp, f->held.function, 0, f->held.sequence, f->held.payload,
                      f->held.bytes);
    f->held.function = 0;
}

static void
serve_message(struct fixture *f)
{
    release_held(f);
    switch (f->manner) {
    case SILENT:
        break;
    case HOLD:
        f->held = (struct held){f->function, f->sequence, f->have, {0}};
        memcpy(f->held.payload, f->message, f->have);
        break;
    case EVENTS_FIRST:
        for (unsigned i = 0; i < 3; i++)
            fake_gsp_send(&f->gsp, 0x1003 + i, i, 0, event_text, sizeof(event_text));
        answer(f);
        break;
    case WRONG_SEQUENCE:
        f->sequence ^= 0x5a5a;
        answer(f);
        break;
    case GAP:
        f->gsp.seq += 3;
        answer(f);
        break;
    case STRAY_PIECE:
        fake_gsp_send(&f->gsp, 71, 0, f->sequence + 1, event_text, 4);
        break;
    case REFUSE:
        fake_gsp_send(&f->gsp, f->function, 0x56, f->sequence, NULL, 0);
        break;
    default:
        answer(f);
    }
}

static void
on_kick(void *ctx)
{
    struct fixture *f = ctx;

    while (f->manner != DEAF && fake_gsp_take(&f->gsp, &f->taken)) {
        if (f->taken.function != 71) {
            f->function = f->taken.function;
            f->sequence = f->taken.sequence;
            f->have = 0;
        }
        memcpy(f->message + f->have, f->taken.payload, f->taken.payload_bytes);
        f->have += f->taken.payload_bytes;
        if (f->have >= f->total)
            serve_message(f);
    }
}

static int
on_sleep(void *ctx, uint64_t timeout_ns)
{
    const struct fixture *f = ctx;

    (void)timeout_ns;
    return f->sleep_rc;
}

static int
on_health(void *ctx, struct gsp_error *err)
{
    const struct fixture *f = ctx;

    if (!f->health_rc)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_LOST, f->health_rc, "the GPU has fallen off the bus");
}

static void *
no_events(void *ctx, void *old, size_t bytes)
{
    const struct fixture *f = ctx;

    if (bytes && f->fail_events)
        return NULL;
    if (bytes)
        return realloc(old, bytes);
    free(old);
    return NULL;
}

static struct nvrm_abi
abi_of(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, release)};

    assert_int_not_equal(abi.release, NVRM_NO_RELEASE);
    return abi;
}

static struct gsp_host host;

static struct fixture *
open_fixture(const char *release)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct gsp_msgq_config queue = {
        .block = f ? aligned_alloc(FAKE_PAGE, FAKE_BLOCK) : NULL,
        .geometry = {48, 32, 36, 40, false},
        .kick = on_kick,
        .sleep = on_sleep,
        .ctx = f,
    };
    struct gsp_rpc_config config = {.host = &host,
                                    .abi = abi_of(release),
                                    .timeout_ns = 50000000,
                                    .health = on_health,
                                    .ctx = f};

    assert_non_null(f);
    assert_non_null(queue.block);
    host = (struct gsp_host){.ctx = f, .realloc = no_events};
    f->block = queue.block;
    f->message = calloc(1, 1 << 20);
    f->record = calloc(1, FAKE_RECORD);
    f->sleep_rc = -ETIMEDOUT;
    memset(f->block, 0, FAKE_BLOCK);
    fake_gsp_init(&f->gsp, f->block, 48);
    assert_int_equal(gsp_msgq_create(&queue, &f->queue, NULL), 0);
    assert_int_equal(gsp_msgq_link(f->queue, NULL), 0);
    config.queue = f->queue;
    assert_int_equal(gsp_rpc_create(&config, &f->rpc, NULL), 0);
    return f;
}

static void
close_fixture(struct fixture *f)
{
    gsp_rpc_destroy(f->rpc);
    gsp_msgq_destroy(f->queue);
    free(f->block);
    free(f->message);
    free(f->record);
    free(f);
}

/* Call with `bytes` of params and look whether they came back as the peer makes them. */
static int
call(struct fixture *f, uint32_t function, uint32_t bytes, struct gsp_error *err)
{
    static uint8_t sent[1 << 20], got[1 << 20];
    static uint32_t calls;
    const struct gsp_piece send[] = {
        {sent,      24        },
        {sent + 24, bytes - 24}
    };
    const struct gsp_slice reply[] = {
        {got,      10        },
        {got + 10, bytes - 10}
    };
    struct gsp_rpc_call c = {
        .function = function,
        .sends = 2,
        .slices = 2,
        .send = send,
        .reply = reply,
        .continued = function == CONTROL,
        .echo_bytes = 8,
        .data = {0x20800a5c, 0xc1e00004}
    };
    int rc;

    calls++;
    for (uint32_t i = 0; i < bytes; i++)
        sent[i] = (uint8_t)(i * 37 + (i >> 8) + (i < 8 ? calls : 0));
    f->total = bytes;
    rc = gsp_rpc_call(f->rpc, &c, err);
    if (rc < 0 || c.rpc_result)
        return rc < 0 ? rc : (int)c.rpc_result;
    assert_int_equal(c.reply_bytes, bytes);
    for (uint32_t i = 0; i < bytes; i++)
        if (got[i] != (uint8_t)(sent[i] ^ (i < 8 ? 0 : 0xff)))
            fail_msg("byte %u of %u", i, bytes);
    return 0;
}

static void
expect(struct fixture *f, enum manner manner, int want, const char *text)
{
    struct gsp_error err = {0};

    f->manner = manner;
    assert_int_equal(call(f, CONTROL, 64, &err), want);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" lacks \"%s\"", err.text, text);
}

static void
a_call_gets_its_answer_and_is_remembered(void **state)
{
    struct fixture *f = open_fixture("570.144");
    struct gsp_rpc_record records[4];

    (void)state;
    assert_int_equal(call(f, CONTROL, 40, NULL), 0);
    assert_int_equal(call(f, ALLOC, 100, NULL), 0);
    assert_int_equal(gsp_rpc_history(f->rpc, records, 4), 2);
    assert_int_equal(records[0].function, CONTROL);
    assert_int_equal(records[0].bytes, 40);
    assert_int_equal(records[1].function, ALLOC);
    assert_int_equal(records[1].data[0], 0x20800a5c);
    assert_int_equal(records[1].result, 0);
    assert_true(records[1].end_ns >= records[1].start_ns && records[1].start_ns);
    assert_int_equal(gsp_rpc_history(f->rpc, records, 1), 1);
    assert_int_equal(records[0].function, ALLOC);
    close_fixture(f);
}

static void
sequence_numbers_are_sent_where_the_release_matches_them(void **state)
{
    static const struct {
        const char *release;
        bool numbered;
    } rows[] = {
        {"535.54.03",  false},
        {"545.29.06",  false},
        {"570.144",    false},
        {"570.172.08", false},
        {"570.190",    true },
        {"575.64.05",  false},
        {"580.76.05",  false},
        {"580.82.07",  true },
        {"590.48.01",  true },
        {"595.45.04",  true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct nvrm_schema *s = nvrm_schema_builtin();
        struct fixture *f;

        if (nvrm_release_find(s, rows[i].release) == NVRM_NO_RELEASE)
            continue; /* a schema of fewer releases */
        f = open_fixture(rows[i].release);
        for (uint32_t k = 0; k < 3; k++) {
            assert_int_equal(call(f, CONTROL, 64, NULL), 0);
            assert_int_equal(f->taken.sequence, rows[i].numbered ? k : 0);
        }
        close_fixture(f);
    }
}

static void
large_messages_travel_in_continuation_records_both_ways(void **state)
{
    static const uint32_t sizes[] = {ROOM - 1, ROOM, ROOM + 1, 2 * ROOM, 2 * ROOM + 7, 200001};
    static const char *const releases[] = {"570.144", "595.45.04"};

    (void)state;
    for (unsigned r = 0; r < 2; r++) {
        struct fixture *f = open_fixture(releases[r]);

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            assert_int_equal(call(f, CONTROL, sizes[i], NULL), 0);
        assert_int_equal(call(f, CONTROL, 64, NULL), 0);
        close_fixture(f);
    }
}

static void
a_refused_large_message_is_answered_by_one_short_record(void **state)
{
    struct fixture *f = open_fixture("595.45.04");

    (void)state;
    f->manner = REFUSE;
    assert_int_equal(call(f, CONTROL, 150000, NULL), 0x56);
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 150000, NULL), 0);
    close_fixture(f);
}

static void
events_before_the_answer_are_kept_in_order(void **state)
{
    struct fixture *f = open_fixture("570.144");
    struct gsp_event e;

    (void)state;
    f->manner = EVENTS_FIRST;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(gsp_rpc_event_next(f->rpc, &e, 0, NULL), 0);
        assert_int_equal(e.function, 0x1003 + i);
        assert_int_equal(e.rpc_result, i);
        assert_int_equal(e.lost, 0);
        assert_int_equal(e.payload_bytes, sizeof(event_text));
        assert_memory_equal(e.payload, event_text, sizeof(event_text));
    }
    assert_int_equal(gsp_rpc_event_next(f->rpc, &e, 0, NULL), -EAGAIN);
    assert_int_equal(gsp_rpc_event_next(f->rpc, &e, 1000, NULL), -EAGAIN);
    close_fixture(f);
}

static void
events_that_nobody_reads_are_counted_and_reported(void **state)
{
    struct fixture *f = open_fixture("570.144");
    struct gsp_event e;
    unsigned seen = 0;

    (void)state;
    f->manner = EVENTS_FIRST;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    assert_int_equal(gsp_rpc_stats(f->rpc)->events, 300);
    assert_int_equal(gsp_rpc_stats(f->rpc)->events_lost, 300 - GSP_RPC_EVENTS_MAX);
    while (gsp_rpc_event_next(f->rpc, &e, 0, NULL) == 0)
        assert_int_equal(e.function, 0x1003 + seen++ % 3);
    assert_int_equal(seen, GSP_RPC_EVENTS_MAX);
    fake_gsp_send(&f->gsp, 0x1006, 0, 0, event_text, 4);
    assert_int_equal(gsp_rpc_event_next(f->rpc, &e, 0, NULL), 0);
    assert_int_equal(e.lost, 300 - GSP_RPC_EVENTS_MAX);
    close_fixture(f);
}

static void
without_memory_an_event_is_lost_and_the_call_goes_on(void **state)
{
    struct fixture *f = open_fixture("570.144");

    (void)state;
    f->manner = EVENTS_FIRST;
    f->fail_events = true;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    assert_int_equal(gsp_rpc_stats(f->rpc)->events_lost, 3);
    close_fixture(f);
}

static void
a_timeout_names_the_call_and_what_went_before(void **state)
{
    struct fixture *f = open_fixture("580.126.20");
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(call(f, ALLOC, 64, NULL), 0);
    f->manner = SILENT;
    assert_int_equal(call(f, CONTROL, 64, &err), -ETIMEDOUT);
    assert_int_equal(err.origin, GSP_ORIGIN_PROTOCOL);
    assert_non_null(strstr(
        err.text,
        "no reply to GSP_RM_CONTROL (76) sequence 1 (0x20800a5c 0xc1e00004) within 50 ms"));
    assert_non_null(strstr(err.hint, "before it: GSP_RM_ALLOC (103) 0x20800a5c"));
    assert_int_equal(call(f, CONTROL, 64, &err), -ETIMEDOUT);
    assert_non_null(strstr(err.hint, "GSP_RM_CONTROL (76) 0x20800a5c unanswered"));
    close_fixture(f);
}

static void
a_better_reason_than_a_timeout_is_given(void **state)
{
    struct fixture *f = open_fixture("570.144");

    (void)state;
    f->health_rc = -ENODEV;
    expect(f, SILENT, -ENODEV, "fallen off the bus");
    f->health_rc = 0;
    f->sleep_rc = -ENODEV;
    expect(f, SILENT, -ENODEV, "the device is gone");
    close_fixture(f);
}

static void
an_interrupted_call_ends_and_its_answer_is_dropped(void **state)
{
    struct fixture *f = open_fixture("595.45.04");
    struct gsp_error err = {0};
    struct gsp_event e;

    (void)state;
    f->sleep_rc = -EINTR;
    expect(f, HOLD, -EINTR, "interrupted while waiting for GSP-RM");
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    assert_int_equal(gsp_rpc_stats(f->rpc)->late, 1);
    f->sleep_rc = -EBADF;
    assert_int_equal(gsp_rpc_event_next(f->rpc, &e, 1000000, &err), -EBADF);
    assert_non_null(strstr(err.text, "waiting for GSP-RM: Bad file descriptor"));
    close_fixture(f);
}

static void
a_late_reply_is_not_taken_for_the_next_one(void **state)
{
    static const char *const releases[] = {"570.144", "595.45.04"};

    (void)state;
    for (unsigned r = 0; r < 2; r++) {
        struct fixture *f = open_fixture(releases[r]);

        expect(f, HOLD, -ETIMEDOUT, "no reply to GSP_RM_CONTROL");
        f->manner = ANSWER;
        assert_int_equal(call(f, CONTROL, 64, NULL), 0);
        assert_int_equal(gsp_rpc_stats(f->rpc)->late, 1);
        close_fixture(f);
    }
}

static void
a_reply_to_an_unknown_sequence_is_named_where_sequences_are_matched(void **state)
{
    struct fixture *f = open_fixture("595.45.04");

    (void)state;
    expect(f, WRONG_SEQUENCE, -EPROTO,
           "reply to unknown call: GSP_RM_CONTROL (76) sequence 23130, awaited sequence 0");
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    close_fixture(f);
    f = open_fixture("570.144");
    expect(f, WRONG_SEQUENCE, 0, "");
    close_fixture(f);
}

static void
a_missing_continuation_record_is_named(void **state)
{
    struct fixture *f = open_fixture("595.45.04");
    struct gsp_error err = {0};

    (void)state;
    f->manner = NO_SECOND_PIECE;
    assert_int_equal(call(f, CONTROL, 3 * ROOM, &err), -ETIMEDOUT);
    assert_non_null(strstr(err.text, "missing continuation record of the reply to"));
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    expect(f, STRAY_PIECE, -EPROTO, "continuation record (sequence 5) without a first piece");
    close_fixture(f);
}

static void
a_broken_record_is_read_three_times_and_costs_one_call(void **state)
{
    struct fixture *f = open_fixture("570.144");

    (void)state;
    expect(f, BAD_CHECKSUM, -EBADMSG, "bad checksum");
    assert_int_equal(gsp_rpc_stats(f->rpc)->retries, 2);
    assert_int_equal(gsp_msgq_stats(f->queue)->discarded, 1);
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    close_fixture(f);
}

static void
a_duplicate_is_dropped_and_a_gap_is_an_error(void **state)
{
    struct fixture *f = open_fixture("570.144");

    (void)state;
    f->manner = TWICE;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    assert_int_equal(gsp_msgq_stats(f->queue)->stale, 1);
    expect(f, GAP, -EPROTO, "gap in sequence numbers: record 5, expected 2");
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 64, NULL), 0);
    close_fixture(f);
}

static void
a_full_command_queue_ends_in_a_named_error(void **state)
{
    struct fixture *f = open_fixture("570.144");
    struct gsp_error err = {0};
    static uint8_t data[4096];

    (void)state;
    f->manner = DEAF;
    for (unsigned i = 0; i < 31; i++)
        assert_int_equal(gsp_rpc_post(f->rpc, 73, &(struct gsp_piece){data, 4096}, 1, NULL), 0);
    assert_int_equal(gsp_rpc_post(f->rpc, 73, &(struct gsp_piece){data, 4096}, 1, &err),
                     -ETIMEDOUT);
    assert_non_null(strstr(err.text, "command queue is full for 50 ms: SET_REGISTRY (73)"));
    close_fixture(f);
}

static void
a_message_sent_in_part_ends_the_conversation(void **state)
{
    struct fixture *f = open_fixture("570.144");
    struct gsp_error err = {0};

    (void)state;
    f->manner = DEAF;
    assert_int_equal(call(f, CONTROL, 400000, &err), -ETIMEDOUT);
    f->manner = ANSWER;
    assert_int_equal(call(f, CONTROL, 64, &err), -EIO);
    assert_int_equal(err.origin, GSP_ORIGIN_LOST);
    assert_non_null(strstr(err.text, "sent only in part"));
    close_fixture(f);
}

static void
waiting_for_one_event_keeps_the_others(void **state)
{
    struct fixture *f = open_fixture("570.144");
    struct gsp_error err = {0};
    struct gsp_event e;
    uint32_t result;

    (void)state;
    fake_gsp_send(&f->gsp, 0x100c, 0, 0, event_text, 4);
    fake_gsp_send(&f->gsp, GSP_RPC_INIT_DONE, 0x1f, 0, NULL, 0);
    assert_int_equal(gsp_rpc_wait_event(f->rpc, GSP_RPC_INIT_DONE, 1000, &result, NULL), 0);
    assert_int_equal(result, 0x1f);
    assert_int_equal(gsp_rpc_event_next(f->rpc, &e, 0, NULL), 0);
    assert_int_equal(e.function, 0x100c);
    assert_int_equal(gsp_rpc_wait_event(f->rpc, GSP_RPC_INIT_DONE, 1000, &result, &err),
                     -ETIMEDOUT);
    assert_non_null(strstr(err.text, "no event GSP_INIT_DONE (4097)"));
    close_fixture(f);
}

static void
a_message_of_more_than_16_mib_is_refused(void **state)
{
    struct fixture *f = open_fixture("570.144");
    static uint8_t byte;
    const struct gsp_piece piece = {&byte, GSP_RPC_PAYLOAD_MAX + (size_t)1};

    (void)state;
    assert_int_equal(gsp_rpc_post(f->rpc, 73, &piece, 1, NULL), -EMSGSIZE);
    close_fixture(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_gets_its_answer_and_is_remembered),
        cmocka_unit_test(sequence_numbers_are_sent_where_the_release_matches_them),
        cmocka_unit_test(large_messages_travel_in_continuation_records_both_ways),
        cmocka_unit_test(a_refused_large_message_is_answered_by_one_short_record),
        cmocka_unit_test(events_before_the_answer_are_kept_in_order),
        cmocka_unit_test(events_that_nobody_reads_are_counted_and_reported),
        cmocka_unit_test(without_memory_an_event_is_lost_and_the_call_goes_on),
        cmocka_unit_test(a_timeout_names_the_call_and_what_went_before),
        cmocka_unit_test(a_better_reason_than_a_timeout_is_given),
        cmocka_unit_test(an_interrupted_call_ends_and_its_answer_is_dropped),
        cmocka_unit_test(a_late_reply_is_not_taken_for_the_next_one),
        cmocka_unit_test(a_reply_to_an_unknown_sequence_is_named_where_sequences_are_matched),
        cmocka_unit_test(a_missing_continuation_record_is_named),
        cmocka_unit_test(a_broken_record_is_read_three_times_and_costs_one_call),
        cmocka_unit_test(a_duplicate_is_dropped_and_a_gap_is_an_error),
        cmocka_unit_test(a_full_command_queue_ends_in_a_named_error),
        cmocka_unit_test(a_message_sent_in_part_ends_the_conversation),
        cmocka_unit_test(waiting_for_one_event_keeps_the_others),
        cmocka_unit_test(a_message_of_more_than_16_mib_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
