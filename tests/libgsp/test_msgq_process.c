/* SPDX-License-Identifier: MIT */
/*
 * The two ends in two processes over shared memory: spin, then block in poll() on an eventfd.
 */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gsp/msgq.h>

enum { ROUND_TRIPS = 5000, STOP = 0xffff, PAYLOAD_MAX = 65400 };

/** One end with its two doorbells. */
struct end {
    struct gsp_msgq *q;
    int mine, theirs; /* eventfds: waited on, rung */
    uint8_t data[PAYLOAD_MAX];
};

static void
kick(void *ctx)
{
    const struct end *e = ctx;
    const uint64_t one = 1;

    if (write(e->theirs, &one, sizeof(one)) != sizeof(one))
        abort();
}

static int
sleep_on_doorbell(void *ctx, uint64_t timeout_ns)
{
    const struct end *e = ctx;
    struct pollfd fd = {.fd = e->mine, .events = POLLIN};
    uint64_t rings;

    if (poll(&fd, 1, (int)(timeout_ns / 1000000 + 1)) <= 0)
        return -ETIMEDOUT;
    return read(e->mine, &rings, sizeof(rings)) == sizeof(rings) ? 0 : -EIO;
}

static int
open_end(struct end *e, void *block, enum gsp_msgq_end which, int mine, int theirs)
{
    const struct gsp_msgq_config config = {
        .block = block,
        .end = which,
        .geometry = {48, 32, 36, 40, false},
        .kick = kick,
        .sleep = sleep_on_doorbell,
        .ctx = e,
        .spin_ns = 20000,
    };

    e->mine = mine;
    e->theirs = theirs;
    return gsp_msgq_create(&config, &e->q, NULL);
}

static uint64_t
deadline(void)
{
    return gsp_host_now_ns(NULL) + 20000000000u;
}

static int
link_ends(struct end *e)
{
    const uint64_t until = deadline();

    while (gsp_msgq_link(e->q, NULL) < 0)
        if (gsp_host_now_ns(NULL) > until)
            return -ETIMEDOUT;
    return 0;
}

static int
send_record(struct end *e, uint32_t function, uint32_t bytes)
{
    const struct gsp_rpc_header rpc = {
        GSP_RPC_VERSION, GSP_RPC_SIGNATURE, GSP_RPC_HEADER_BYTES + bytes, function, 0, 0, 0, 0};
    struct gsp_msgq_tx tx;
    int rc;

    while ((rc = gsp_msgq_tx_begin(e->q, &rpc, &tx, NULL)) == -EAGAIN)
        ;
    if (rc < 0)
        return rc;
    gsp_msgq_tx_put(&tx, e->data, bytes);
    gsp_msgq_tx_commit(&tx);
    return 0;
}

static int
receive_record(struct end *e, struct gsp_msgq_rx *rx, uint32_t *bytes_out)
{
    int rc = gsp_msgq_wait(e->q, deadline());

    if (rc < 0)
        return rc;
    rc = gsp_msgq_rx_begin(e->q, rx, NULL);
    if (rc < 0)
        return rc;
    *bytes_out = gsp_msgq_rx_left(rx);
    if (*bytes_out > sizeof(e->data))
        return -E2BIG;
    gsp_msgq_rx_get(rx, e->data, *bytes_out);
    return gsp_msgq_rx_end(rx, NULL);
}

/* The other process: invert every payload and send it back. */
static int
serve(void *block, int mine, int theirs)
{
    static struct end e;
    struct gsp_msgq_rx rx;
    uint32_t bytes;
    int rc = open_end(&e, block, GSP_MSGQ_GSP, mine, theirs);

    if (!rc)
        rc = link_ends(&e);
    while (!rc) {
        rc = receive_record(&e, &rx, &bytes);
        if (rc || rx.rpc.function == STOP)
            break;
        for (uint32_t i = 0; i < bytes; i++)
            e.data[i] = (uint8_t)~e.data[i];
        rc = send_record(&e, rx.rpc.function, bytes);
    }
    gsp_msgq_destroy(e.q);
    return rc ? 1 : 0;
}

static void *
shared_block(void)
{
    void *block = mmap(NULL, GSP_MSGQ_BLOCK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(block, MAP_FAILED);
    return block;
}

static void
check_round_trip(struct end *e, uint32_t i, uint32_t bytes)
{
    struct gsp_msgq_rx rx;
    uint32_t got;

    for (uint32_t k = 0; k < bytes; k++)
        e->data[k] = (uint8_t)(k * 7 + i);
    assert_int_equal(send_record(e, i % 1000, bytes), 0);
    assert_int_equal(receive_record(e, &rx, &got), 0);
    assert_int_equal(rx.rpc.function, i % 1000);
    assert_int_equal(got, bytes);
    for (uint32_t k = 0; k < bytes; k++)
        if (e->data[k] != (uint8_t) ~(k * 7 + i))
            fail_msg("round trip %u of %u bytes: byte %u is wrong", i, bytes, k);
}

static void
two_processes_talk_over_shared_memory(void **state)
{
    static struct end e;
    void *block = shared_block();
    const int to_gsp = eventfd(0, 0), to_cpu = eventfd(0, 0);
    pid_t child = fork();
    int status;

    (void)state;
    if (!child)
        _exit(serve(block, to_gsp, to_cpu));
    assert_true(child > 0);
    assert_int_equal(open_end(&e, block, GSP_MSGQ_CPU, to_cpu, to_gsp), 0);
    assert_int_equal(link_ends(&e), 0);
    for (uint32_t i = 0, bytes = 1; i < ROUND_TRIPS; i++) {
        check_round_trip(&e, i, i % 16 ? bytes % 600 : bytes);
        bytes = (bytes * 1103 + 977) % PAYLOAD_MAX;
    }
    assert_int_equal(send_record(&e, STOP, 0), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(gsp_msgq_stats(e.q)->received, ROUND_TRIPS);
    assert_true(gsp_msgq_stats(e.q)->spun + gsp_msgq_stats(e.q)->slept > 0);
    gsp_msgq_destroy(e.q);
    munmap(block, GSP_MSGQ_BLOCK_BYTES);
    close(to_gsp);
    close(to_cpu);
}

/* Overwrite words all over the block, headers more often than the rest. */
static void
scribble(uint32_t *words)
{
    uint32_t x = 0x12345678;

    for (;;) {
        uint32_t at;

        x = x * 1664525 + 1013904223;
        at = x >> 8 & 1 ? (x >> 9) % (GSP_MSGQ_BLOCK_BYTES / 4)
                        : GSP_MSGQ_STAT_OFF / 4 + (x >> 9) % 16;
        x = x * 1664525 + 1013904223;
        __atomic_store_n(words + at, x >> 10 & 1 ? x >> 26 : x, __ATOMIC_RELAXED);
    }
}

static void
a_peer_that_scribbles_all_over_the_block_only_causes_errors(void **state)
{
    static struct end e;
    void *block = shared_block();
    const int bell = eventfd(0, EFD_NONBLOCK);
    unsigned refused = 0;
    pid_t child;

    (void)state;
    assert_int_equal(open_end(&e, block, GSP_MSGQ_GSP, bell, bell), 0);
    gsp_msgq_destroy(e.q);
    assert_int_equal(open_end(&e, block, GSP_MSGQ_CPU, bell, bell), 0);
    assert_int_equal(link_ends(&e), 0);
    child = fork();
    if (!child)
        scribble(block);
    assert_true(child > 0);
    for (unsigned i = 0; i < 100000; i++) {
        const struct gsp_rpc_header rpc = {.header_version = GSP_RPC_VERSION,
                                           .signature = GSP_RPC_SIGNATURE,
                                           .length = GSP_RPC_HEADER_BYTES + i % 5000};
        struct gsp_msgq_tx tx;
        struct gsp_msgq_rx rx;

        if (gsp_msgq_tx_begin(e.q, &rpc, &tx, NULL) == 0) {
            gsp_msgq_tx_put(&tx, e.data, i % 5000);
            gsp_msgq_tx_commit(&tx);
        }
        if (gsp_msgq_rx_begin(e.q, &rx, NULL) == 0) {
            gsp_msgq_rx_get(&rx, e.data,
                            gsp_msgq_rx_left(&rx) > sizeof(e.data) ? sizeof(e.data)
                                                                   : gsp_msgq_rx_left(&rx));
            refused += gsp_msgq_rx_end(&rx, NULL) < 0;
        } else {
            refused++;
        }
        gsp_msgq_rx_discard(e.q);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(refused > 0);
    gsp_msgq_destroy(e.q);
    munmap(block, GSP_MSGQ_BLOCK_BYTES);
    close(bell);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_talk_over_shared_memory),
        cmocka_unit_test(a_peer_that_scribbles_all_over_the_block_only_causes_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
