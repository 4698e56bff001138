/* SPDX-License-Identifier: MIT */
/*
 * msgq against a peer made of raw bytes, and against itself.
 */
#include "test.h"

#include <errno.h>

#include <gsp/msgq.h>

#include "../../libgsp/src/sum_priv.h"
#include "fake_gsp.h"

static const struct gsp_msgq_geometry old_geometry = {8, 0, 4, GSP_MSGQ_NO_FIELD, false};
static const struct gsp_msgq_geometry whole_geometry = {48, 32, 36, 40, true};
static const struct gsp_msgq_geometry new_geometry = {48, 32, 36, 40, false};

struct fixture {
    uint8_t *block;
    struct fake_gsp gsp;
    struct gsp_msgq *cpu;
    uint8_t record[FAKE_RECORD], data[FAKE_RECORD], got[FAKE_RECORD];
    struct fake_record taken;
};

static struct gsp_msgq *
open_end(struct fixture *f, enum gsp_msgq_end end, const struct gsp_msgq_geometry *g)
{
    const struct gsp_msgq_config config = {.block = f->block, .end = end, .geometry = *g};
    struct gsp_msgq *q;

    assert_int_equal(gsp_msgq_create(&config, &q, NULL), 0);
    return q;
}

static struct fixture *
open_fixture(const struct gsp_msgq_geometry *g)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->block = aligned_alloc(FAKE_PAGE, FAKE_BLOCK);
    assert_non_null(f->block);
    memset(f->block, 0, FAKE_BLOCK);
    for (size_t i = 0; i < sizeof(f->data); i++)
        f->data[i] = (uint8_t)(i * 131 + (i >> 8));
    fake_gsp_init(&f->gsp, f->block, g->elem_hdr_bytes);
    f->gsp.whole_sum = g->whole_sum;
    f->cpu = open_end(f, GSP_MSGQ_CPU, g);
    assert_int_equal(gsp_msgq_link(f->cpu, NULL), 0);
    return f;
}

static void
close_fixture(struct fixture *f)
{
    gsp_msgq_destroy(f->cpu);
    free(f->block);
    free(f);
}

static int
send_record(struct gsp_msgq *q, uint32_t function, const void *data, uint32_t bytes,
            struct gsp_error *err)
{
    const struct gsp_rpc_header rpc = {GSP_RPC_VERSION,
                                       GSP_RPC_SIGNATURE,
                                       GSP_RPC_HEADER_BYTES + bytes,
                                       function,
                                       GSP_RPC_PENDING,
                                       GSP_RPC_PENDING,
                                       7,
                                       0};
    const uint8_t *from = data;
    struct gsp_msgq_tx tx;
    int rc = gsp_msgq_tx_begin(q, &rpc, &tx, err);

    if (rc < 0)
        return rc;
    /* In odd pieces, so that words lie across them. */
    for (uint32_t at = 0, step = 1; at < bytes; at += step, step = step * 3 + 2) {
        if (step > bytes - at)
            step = bytes - at;
        gsp_msgq_tx_put(&tx, from + at, step);
    }
    gsp_msgq_tx_commit(&tx);
    return 0;
}

static int
receive_record(struct gsp_msgq *q, struct gsp_msgq_rx *rx, void *data, struct gsp_error *err)
{
    uint8_t *to = data;
    int rc = gsp_msgq_rx_begin(q, rx, err);

    if (rc < 0)
        return rc;
    for (uint32_t step = 3; gsp_msgq_rx_left(rx); to += step, step = step * 2 + 1) {
        if (step > gsp_msgq_rx_left(rx))
            step = gsp_msgq_rx_left(rx);
        gsp_msgq_rx_get(rx, to, step);
    }
    return gsp_msgq_rx_end(rx, err);
}

/* The receive path must refuse what was posted, and say why. */
static void
expect_fault(struct fixture *f, int want, const char *text)
{
    struct gsp_error err = {0};
    struct gsp_msgq_rx rx;

    assert_int_equal(receive_record(f->cpu, &rx, f->got, &err), want);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" lacks \"%s\"", err.text, text);
    assert_int_equal(err.origin, GSP_ORIGIN_PROTOCOL);
}

static void
a_sent_record_has_the_bytes_that_the_facts_ask_for(void **state)
{
    const struct gsp_msgq_geometry *all[] = {&old_geometry, &whole_geometry, &new_geometry};

    (void)state;
    for (unsigned g = 0; g < 3; g++) {
        struct fixture *f = open_fixture(all[g]);

        for (uint32_t bytes = 0; bytes < 5000; bytes += 1 + bytes / 7) {
            assert_int_equal(send_record(f->cpu, 76, f->data, bytes, NULL), 0);
            assert_true(fake_gsp_take(&f->gsp, &f->taken));
            assert_int_equal(f->taken.function, 76);
            assert_int_equal(f->taken.sequence, 7);
            assert_int_equal(f->taken.result, 0xffffffff);
            assert_int_equal(f->taken.payload_bytes, bytes);
            assert_memory_equal(f->taken.payload, f->data, bytes);
        }
        close_fixture(f);
    }
}

static void
records_wrap_in_both_directions_and_count_up(void **state)
{
    const struct gsp_msgq_geometry *all[] = {&old_geometry, &whole_geometry, &new_geometry};

    (void)state;
    for (unsigned g = 0; g < 3; g++) {
        struct fixture *f = open_fixture(all[g]);
        uint32_t bytes = 1;

        for (uint32_t i = 0; i < 200; i++, bytes = (bytes * 5 + 977) % 65000) {
            struct gsp_msgq_rx rx;

            assert_int_equal(send_record(f->cpu, i, f->data, bytes, NULL), 0);
            assert_true(fake_gsp_take(&f->gsp, &f->taken));
            assert_int_equal(f->taken.seq, i);
            assert_memory_equal(f->taken.payload, f->data, bytes);
            fake_gsp_send(&f->gsp, i, 0, i, f->data, bytes);
            assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
            assert_int_equal(rx.rpc.function, i);
            assert_int_equal(rx.rpc.length, bytes + 32);
            assert_memory_equal(f->got, f->data, bytes);
        }
        assert_int_equal(gsp_msgq_stats(f->cpu)->sent, 200);
        assert_int_equal(gsp_msgq_stats(f->cpu)->received, 200);
        close_fixture(f);
    }
}

static void
our_two_ends_understand_each_other(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_msgq *gsp = open_end(f, GSP_MSGQ_GSP, &new_geometry);
    struct gsp_msgq_rx rx;

    (void)state;
    assert_int_equal(gsp_msgq_link(gsp, NULL), 0);
    for (uint32_t i = 0, bytes = 11; i < 300; i++, bytes = (bytes * 7 + 4093) % 65440) {
        assert_int_equal(send_record(f->cpu, i, f->data, bytes, NULL), 0);
        assert_int_equal(receive_record(gsp, &rx, f->got, NULL), 0);
        assert_memory_equal(f->got, f->data, bytes);
        assert_int_equal(send_record(gsp, i + 1, f->got, bytes, NULL), 0);
        assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
        assert_int_equal(rx.rpc.function, i + 1);
    }
    gsp_msgq_destroy(gsp);
    close_fixture(f);
}

static void
the_largest_record_is_64_kib_and_one_byte_more_is_refused(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    const uint32_t most = gsp_msgq_record_cap(&new_geometry) - GSP_RPC_HEADER_BYTES;
    struct gsp_error err;

    (void)state;
    assert_int_equal(most, 0xffd0 - 32);
    assert_int_equal(send_record(f->cpu, 1, f->data, most, NULL), 0);
    assert_true(fake_gsp_take(&f->gsp, &f->taken));
    assert_int_equal(f->taken.count, 16);
    assert_int_equal(send_record(f->cpu, 1, f->data, most + 1, &err), -EMSGSIZE);
    close_fixture(f);
}

static void
a_full_ring_says_so_and_goes_on_when_the_peer_has_read(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_error err;

    (void)state;
    for (unsigned i = 0; i < 62; i++)
        assert_int_equal(send_record(f->cpu, i, f->data, 100, NULL), 0);
    assert_int_equal(send_record(f->cpu, 62, f->data, 100, &err), -EAGAIN);
    assert_non_null(strstr(err.text, "command queue is full"));
    assert_true(fake_gsp_take(&f->gsp, &f->taken));
    assert_int_equal(send_record(f->cpu, 62, f->data, 5000, NULL), -EAGAIN);
    assert_int_equal(send_record(f->cpu, 62, f->data, 100, NULL), 0);
    for (unsigned i = 1; i <= 62; i++) {
        assert_true(fake_gsp_take(&f->gsp, &f->taken));
        assert_int_equal(f->taken.function, i);
    }
    close_fixture(f);
}

static void
an_empty_queue_has_nothing_and_says_nothing(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_error err = {.origin = GSP_ORIGIN_NONE};
    struct gsp_msgq_rx rx;

    (void)state;
    assert_int_equal(gsp_msgq_rx_begin(f->cpu, &rx, &err), -EAGAIN);
    assert_int_equal(err.origin, GSP_ORIGIN_NONE);
    close_fixture(f);
}

static void
a_bad_checksum_is_named_and_the_record_can_be_read_again(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    uint8_t *byte = f->block + FAKE_STAT + FAKE_PAGE + 100;
    struct gsp_msgq_rx rx;

    (void)state;
    fake_gsp_send(&f->gsp, 76, 0, 0, f->data, 300);
    *byte ^= 1;
    expect_fault(f, -EBADMSG, "bad checksum in record 0");
    expect_fault(f, -EBADMSG, "bad checksum in record 0");
    *byte ^= 1;
    assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
    assert_memory_equal(f->got, f->data, 300);
    close_fixture(f);
}

static void
a_checksum_over_whole_elements_sees_the_bytes_after_the_payload(void **state)
{
    struct fixture *f = open_fixture(&whole_geometry);

    (void)state;
    fake_gsp_send(&f->gsp, 76, 0, 0, f->data, 300);
    f->block[FAKE_STAT + FAKE_PAGE + 4000] ^= 0x40;
    expect_fault(f, -EBADMSG, "bad checksum");
    close_fixture(f);
    f = open_fixture(&new_geometry);
    fake_gsp_send(&f->gsp, 76, 0, 0, f->data, 300);
    f->block[FAKE_STAT + FAKE_PAGE + 4000] ^= 0x40;
    struct gsp_msgq_rx rx;
    assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
    close_fixture(f);
}

/* Post a record with one word changed; the checksum is right. */
static void
post_changed(struct fixture *f, uint32_t offset, uint32_t value, uint32_t elems)
{
    const uint32_t bytes = fake_gsp_build(&f->gsp, f->record, 76, 0, 0, f->data, 300);

    fake_put(f->record + offset, value);
    fake_gsp_seal(&f->gsp, f->record, bytes);
    fake_gsp_post(&f->gsp, f->record, elems);
}

static void
every_header_that_cannot_be_is_named(void **state)
{
    static const struct {
        uint32_t offset, value, elems;
        const char *text;
    } faults[] = {
        {40,     0,          1, "elemCount out of range (got, limit) (0, 16)"           },
        {40,     17,         1, "elemCount out of range (got, limit) (17, 16)"          },
        {40,     0xffffffff, 1, "elemCount out of range"                                },
        {40,     2,          1, "elemCount does not fit the length (got, needed) (2, 1)"},
        {40,     16,         1, "elemCount does not fit the length"                     },
        {48 + 8, 0,          1, "RPC length out of range (got, limit) (0, 65488)"       },
        {48 + 8, 31,         1, "RPC length out of range"                               },
        {48 + 8, 65489,      1, "RPC length out of range"                               },
        {48 + 8, 0xffffffff, 1, "RPC length out of range"                               },
        {48 + 8, 0x80000000, 1, "RPC length out of range"                               },
        {48 + 8, 5000,       1, "elemCount does not fit the length (got, needed) (1, 2)"},
        {48 + 4, 0x12345678, 1, "RPC header with signature 0x12345678"                  },
        {48,     0x02000000, 1, "version 0x2000000"                                     },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct fixture *f = open_fixture(&new_geometry);
        struct gsp_msgq_rx rx;

        post_changed(f, faults[i].offset, faults[i].value, faults[i].elems);
        expect_fault(f, -EBADMSG, faults[i].text);
        gsp_msgq_rx_discard(f->cpu);
        assert_int_equal(gsp_msgq_stats(f->cpu)->discarded, 1);
        fake_gsp_send(&f->gsp, 77, 0, 0, f->data, 10);
        assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
        assert_int_equal(rx.rpc.function, 77);
        close_fixture(f);
    }
}

static void
a_record_that_is_only_partly_there_is_incomplete_until_it_is_whole(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_msgq_rx rx;

    (void)state;
    fake_gsp_send(&f->gsp, 76, 0, 0, f->data, 9000);
    fake_put(fake_stat_word(&f->gsp, 16), 2);
    expect_fault(f, -EBADMSG, "incomplete record (elements needed, there) (3, 2)");
    fake_put(fake_stat_word(&f->gsp, 16), 3);
    assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
    assert_memory_equal(f->got, f->data, 9000);
    close_fixture(f);
}

static void
pointers_out_of_range_are_named_and_touch_nothing(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_error err;

    (void)state;
    fake_put(fake_stat_word(&f->gsp, 16), 63);
    assert_true(gsp_msgq_rx_ready(f->cpu));
    expect_fault(f, -EBADMSG, "status queue: write pointer 63 out of range 0..62");
    fake_put(fake_stat_word(&f->gsp, 16), 0xffffffff);
    expect_fault(f, -EBADMSG, "out of range");
    gsp_msgq_rx_discard(f->cpu);
    fake_put(fake_stat_word(&f->gsp, 32), 0x80000000);
    for (unsigned i = 0; i < 62; i++)
        assert_int_equal(send_record(f->cpu, i, f->data, 1, NULL), 0);
    assert_int_equal(send_record(f->cpu, 62, f->data, 1, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "peer's read pointer 2147483648 out of range"));
    close_fixture(f);
}

static void
an_older_sequence_number_is_dropped_and_a_gap_is_an_error(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_msgq_rx rx;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fake_gsp_send(&f->gsp, 1, 0, 0, f->data, 8);
        assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
    }
    f->gsp.seq = 1; /* a duplicate */
    fake_gsp_send(&f->gsp, 1, 0, 0, f->data, 8);
    expect_fault(f, -ESTALE, "record 1 is older than 2");
    assert_int_equal(gsp_msgq_stats(f->cpu)->stale, 1);
    fake_gsp_send(&f->gsp, 2, 0, 0, f->data, 8);
    assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
    f->gsp.seq = 9;
    fake_gsp_send(&f->gsp, 3, 0, 0, f->data, 8);
    expect_fault(f, -EPROTO, "gap in sequence numbers: record 9, expected 3");
    fake_gsp_send(&f->gsp, 4, 0, 0, f->data, 8);
    assert_int_equal(receive_record(f->cpu, &rx, f->got, NULL), 0);
    assert_int_equal(rx.rpc.function, 4);
    close_fixture(f);
}

static void
linking_waits_for_the_header_and_names_a_wrong_field(void **state)
{
    static const struct {
        uint32_t offset;
        const char *name;
    } words[] = {
        {0,  "version" },
        {4,  "size"    },
        {8,  "msgSize" },
        {12, "msgCount"},
        {20, "flags"   },
        {24, "rxHdrOff"},
        {28, "entryOff"},
    };
    struct fixture *f = open_fixture(&new_geometry);
    struct gsp_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        fake_put(fake_stat_word(&f->gsp, words[i].offset), 0x12345);
        assert_int_equal(gsp_msgq_link(f->cpu, &err), -EBADMSG);
        assert_non_null(strstr(err.text, words[i].name));
        fake_gsp_init(&f->gsp, f->block, 48);
        assert_int_equal(gsp_msgq_link(f->cpu, NULL), 0);
    }
    fake_put(fake_stat_word(&f->gsp, 4), 0);
    assert_int_equal(gsp_msgq_link(f->cpu, &err), -EAGAIN);
    close_fixture(f);
}

static void
the_page_table_lists_every_page_of_the_block(void **state)
{
    uint64_t table[512] = {0};

    (void)state;
    gsp_msgq_page_table(table, 0x7000000000);
    assert_true(table[0] == 0x7000000000);
    assert_true(table[128] == 0x7000080000);
    assert_true(table[129] == 0);
}

static void
every_release_has_a_geometry(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    unsigned small = 0, whole = 0;

    (void)state;
    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        const struct nvrm_abi abi = {s, (nvrm_release)r};
        struct gsp_msgq_geometry g;

        assert_int_equal(gsp_msgq_geometry_at(abi, &g, NULL), 0);
        assert_true(g.elem_hdr_bytes == 48 || g.elem_hdr_bytes == 8);
        assert_true((g.elem_hdr_bytes == 8) == (g.count_off == GSP_MSGQ_NO_FIELD));
        small += g.elem_hdr_bytes == 8;
        whole += g.whole_sum;
    }
    assert_in_range(small, 0, 1); /* 535.54.03 alone */
    assert_true(nvrm_release_count(s) < 94 || whole == 14);
}

static void
a_geometry_that_cannot_be_is_refused(void **state)
{
    static const struct gsp_msgq_geometry bad[] = {
        {0,  0,  4,  GSP_MSGQ_NO_FIELD, false},
        {64, 32, 36, 40,                false},
        {48, 44, 48, 40,                false},
        {48, 32, 40, 40,                false},
        {48, 32, 36, 48,                false},
        {44, 32, 36, 40,                false},
    };
    uint8_t *block = aligned_alloc(FAKE_PAGE, FAKE_BLOCK);
    struct gsp_msgq *q;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct gsp_msgq_config config = {.block = block, .geometry = bad[i]};

        assert_int_equal(gsp_msgq_create(&config, &q, NULL), -EINVAL);
    }
    free(block);
}

/* Word by word, the slow way. */
static uint64_t
plain_sum(const uint8_t *src, size_t bytes)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum ^= (uint64_t)src[i] << (8 * (i % 8));
    return sum;
}

static void
the_fused_copy_sums_and_copies_at_every_size_and_alignment(void **state)
{
    uint8_t src[700], dst[700];
    gsp_sum_fn fn = gsp_sum_pick();

    (void)state;
    for (size_t i = 0; i < sizeof(src); i++)
        src[i] = (uint8_t)(i * 167 + 13);
    for (size_t bytes = 0; bytes < 600; bytes++) {
        const size_t from = bytes * 5 % 67, to = bytes * 3 % 61;

        memset(dst, 0xee, sizeof(dst));
        assert_true(fn(dst + to, src + from, bytes) == plain_sum(src + from, bytes));
        assert_memory_equal(dst + to, src + from, bytes);
        assert_int_equal(dst[to + bytes], 0xee);
        assert_true(fn(NULL, src + from, bytes) == plain_sum(src + from, bytes));
        assert_true(gsp_sum_small(NULL, src + from, bytes) == plain_sum(src + from, bytes));
    }
    assert_int_equal(gsp_sum_fold(gsp_sum_at(0x0102030405060708, 3)),
                     gsp_sum_fold(0x0405060708010203));
}

static void *
no_memory(void *ctx, void *old, size_t bytes)
{
    (void)ctx;
    (void)old;
    (void)bytes;
    return NULL;
}

static void
without_memory_there_is_no_queue(void **state)
{
    const struct gsp_host host = {.realloc = no_memory};
    uint8_t *block = aligned_alloc(FAKE_PAGE, FAKE_BLOCK);
    const struct gsp_msgq_config config = {
        .block = block, .geometry = new_geometry, .host = &host};
    struct gsp_msgq *q;

    (void)state;
    assert_int_equal(gsp_msgq_create(&config, &q, NULL), -ENOMEM);
    free(block);
}

static void
waiting_ends_at_the_deadline_or_when_something_came(void **state)
{
    struct fixture *f = open_fixture(&new_geometry);

    (void)state;
    assert_int_equal(gsp_msgq_wait(f->cpu, gsp_host_now_ns(NULL) + 1000000), -ETIMEDOUT);
    fake_gsp_send(&f->gsp, 1, 0, 0, f->data, 8);
    assert_int_equal(gsp_msgq_wait(f->cpu, gsp_host_now_ns(NULL)), 0);
    close_fixture(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sent_record_has_the_bytes_that_the_facts_ask_for),
        cmocka_unit_test(records_wrap_in_both_directions_and_count_up),
        cmocka_unit_test(our_two_ends_understand_each_other),
        cmocka_unit_test(the_largest_record_is_64_kib_and_one_byte_more_is_refused),
        cmocka_unit_test(a_full_ring_says_so_and_goes_on_when_the_peer_has_read),
        cmocka_unit_test(an_empty_queue_has_nothing_and_says_nothing),
        cmocka_unit_test(a_bad_checksum_is_named_and_the_record_can_be_read_again),
        cmocka_unit_test(a_checksum_over_whole_elements_sees_the_bytes_after_the_payload),
        cmocka_unit_test(every_header_that_cannot_be_is_named),
        cmocka_unit_test(a_record_that_is_only_partly_there_is_incomplete_until_it_is_whole),
        cmocka_unit_test(pointers_out_of_range_are_named_and_touch_nothing),
        cmocka_unit_test(an_older_sequence_number_is_dropped_and_a_gap_is_an_error),
        cmocka_unit_test(linking_waits_for_the_header_and_names_a_wrong_field),
        cmocka_unit_test(the_page_table_lists_every_page_of_the_block),
        cmocka_unit_test(every_release_has_a_geometry),
        cmocka_unit_test(a_geometry_that_cannot_be_is_refused),
        cmocka_unit_test(the_fused_copy_sums_and_copies_at_every_size_and_alignment),
        cmocka_unit_test(without_memory_there_is_no_queue),
        cmocka_unit_test(waiting_ends_at_the_deadline_or_when_something_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
