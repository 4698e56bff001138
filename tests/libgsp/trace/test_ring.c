/* SPDX-License-Identifier: MIT */
/* The ring between traced threads and their reader. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <trace/ring.h>

#include "test.h"

struct fixture {
    int fd;
    struct ring *ring;
    struct ring_reader *reader;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    return !f || ring_create(&f->fd, &f->ring) < 0 ||
           ring_reader_create(f->ring, &f->reader) < 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    ring_reader_destroy(f->reader);
    ring_detach(f->ring);
    close(f->fd);
    free(f);
    return 0;
}

static bool
write_one(struct ring *ring, struct ring_lane *lane, uint64_t number, size_t bytes)
{
    static uint8_t data[RING_LANE_BYTES];
    struct gsp_trace_record r = {.type = GSP_TRACE_IOCTL, .tid = 7, .args = 2, .pieces = 2};

    r.arg[0] = number;
    r.arg[1] = bytes;
    data[0] = (uint8_t)number;
    r.piece[0] = (struct gsp_trace_piece){"/dev/nvidiactl", 14};
    r.piece[1] = (struct gsp_trace_piece){data, bytes};
    return ring_write(ring, lane, 42, &r);
}

static void
a_record_comes_out_as_it_went_in(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane = ring_claim(f->ring, 42, 7);
    struct gsp_trace_record r;
    uint32_t pid;

    assert_int_equal(ring_read(f->reader, false, &r, &pid), -EAGAIN);
    for (uint64_t i = 0; i < 5000; i++) { /* several times around */
        assert_true(write_one(f->ring, lane, i, (size_t)(i * 37 % 1000 + 1)));
        assert_int_equal(ring_read(f->reader, false, &r, &pid), 0);
        assert_int_equal(pid, 42);
        assert_int_equal(r.tid, 7);
        assert_int_equal(r.arg[0], i);
        assert_int_equal(r.piece[1].bytes, i * 37 % 1000 + 1);
        assert_int_equal(*(const uint8_t *)r.piece[1].data, (uint8_t)i);
        assert_memory_equal(r.piece[0].data, "/dev/nvidiactl", 14);
    }
    assert_int_equal(ring_read(f->reader, false, &r, &pid), -EAGAIN);
    assert_int_equal(ring_lost(f->reader), 0);
    assert_int_equal(ring_damaged(f->reader), 0);
}

static void
lanes_come_out_in_the_order_of_calls(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane[3];
    struct gsp_trace_record r;
    uint32_t pid;

    for (uint32_t i = 0; i < 3; i++)
        lane[i] = ring_claim(f->ring, 42, i + 1);
    for (uint64_t i = 0; i < 300; i++)
        assert_true(write_one(f->ring, lane[i * i % 3], i, 10));
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(ring_read(f->reader, false, &r, &pid), 0);
        assert_int_equal(r.arg[0], i);
    }
}

static void
a_record_that_a_killed_thread_owes_is_not_waited_for_long(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane = ring_claim(f->ring, 42, 1);
    struct gsp_trace_record r;
    unsigned turns = 0;
    uint32_t pid;

    atomic_fetch_add(&f->ring->sequence, 1); /* somebody's, who never published */
    assert_true(write_one(f->ring, lane, 1, 10));
    while (ring_read(f->reader, false, &r, &pid) < 0 && ++turns < 1000)
        usleep(1000);
    assert_in_range(turns, 1, 900);
    assert_int_equal(r.arg[0], 1);
}

static void
a_full_lane_without_a_reader_loses_and_counts(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane = ring_claim(f->ring, 42, 1);
    struct gsp_trace_record r;
    uint64_t kept = 0, lost = 0;
    uint32_t pid;

    for (unsigned i = 0; i < 2000; i++)
        *(write_one(f->ring, lane, i, 1000) ? &kept : &lost) += 1;
    assert_true(kept > 400);
    assert_true(lost > 400);
    assert_int_equal(ring_lost(f->reader), lost);
    for (uint64_t i = 0; i < kept; i++)
        assert_int_equal(ring_read(f->reader, false, &r, &pid), 0);
    ring_rest(f->reader, 0);
    assert_true(write_one(f->ring, lane, 1, 1000)); /* the reader is back */
}

static void *
write_many(void *arg)
{
    struct fixture *f = arg;
    struct ring_lane *lane = ring_claim(f->ring, 42, 9);

    for (uint64_t i = 0; i < 20000; i++)
        (void)write_one(f->ring, lane, i, 500);
    ring_leave(lane);
    return NULL;
}

static void
a_writer_waits_for_a_reader_that_reads(void **state)
{
    struct fixture *f = *state;
    struct gsp_trace_record r;
    uint64_t next = 0;
    pthread_t thread;
    uint32_t pid;

    assert_int_equal(pthread_create(&thread, NULL, write_many, f), 0);
    while (next < 20000) {
        if (ring_read(f->reader, false, &r, &pid) < 0) {
            ring_rest(f->reader, 1);
            continue;
        }
        assert_int_equal(r.arg[0], next);
        next++;
    }
    pthread_join(thread, NULL);
    assert_int_equal(ring_lost(f->reader), 0);
}

static void
memory_that_does_not_fit_is_left_out(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane = ring_claim(f->ring, 42, 1);
    static const uint8_t large[RING_LANE_BYTES];
    struct gsp_trace_record r = {.type = GSP_TRACE_IOCTL, .pieces = 5};
    uint32_t pid;

    r.piece[1] = (struct gsp_trace_piece){"in", 2};
    r.piece[3] = (struct gsp_trace_piece){large, sizeof(large)};
    assert_true(ring_write(f->ring, lane, 42, &r));
    assert_int_equal(ring_read(f->reader, false, &r, &pid), 0);
    assert_int_equal(r.pieces, 3);
    assert_memory_equal(r.piece[1].data, "in", 2);
    r.piece[1] = (struct gsp_trace_piece){large, sizeof(large)};
    assert_false(ring_write(f->ring, lane, 42, &r));
    assert_int_equal(ring_lost(f->reader), 1);
}

static void
lanes_of_dead_processes_are_taken_back(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    int status;

    if (child == 0) {
        for (uint32_t i = 0; i < RING_LANES; i++)
            if (!ring_claim(f->ring, (uint32_t)getpid(), i + 1))
                _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_null(ring_claim(f->ring, (uint32_t)getpid(), 1));
    assert_false(write_one(f->ring, NULL, 1, 1));
    assert_int_equal(ring_lost(f->reader), 1);
    ring_reap(f->reader);
    assert_non_null(ring_claim(f->ring, (uint32_t)getpid(), 1));
}

static void
a_thread_finds_its_lane_again(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane = ring_claim(f->ring, 42, 1);

    assert_ptr_equal(ring_claim(f->ring, 42, 1), lane);
    assert_ptr_not_equal(ring_claim(f->ring, 42, 2), lane);
}

static void
rubbish_in_a_lane_is_skipped_and_told(void **state)
{
    struct fixture *f = *state;
    struct ring_lane *lane = ring_claim(f->ring, 42, 1);
    struct gsp_trace_record r;
    uint32_t pid;

    memset(f->ring->data[lane - f->ring->lane], 0xff, 4096);
    atomic_store(&lane->head, 4096);
    assert_int_equal(ring_read(f->reader, false, &r, &pid), -EAGAIN);
    assert_int_equal(ring_damaged(f->reader), 4096);
    assert_true(write_one(f->ring, lane, 5, 10));
    assert_int_equal(ring_read(f->reader, true, &r, &pid), 0);
    atomic_store(&lane->head, UINT64_MAX);
    assert_int_equal(ring_read(f->reader, false, &r, &pid), -EAGAIN);
    assert_true(ring_damaged(f->reader) > 4096);
}

static void
another_file_is_no_ring(void **state)
{
    struct fixture *f = *state;
    int fd = memfd_create("other", 0);
    struct ring *again = ring_attach(f->fd);

    assert_non_null(again);
    ring_detach(again);
    assert_null(ring_attach(fd));
    assert_int_equal(ftruncate(fd, sizeof(struct ring)), 0);
    assert_null(ring_attach(fd));
    close(fd);
    assert_int_equal(ftruncate(f->fd, 4096), -1); /* its reader would die of it */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_record_comes_out_as_it_went_in),
        TEST(lanes_come_out_in_the_order_of_calls),
        TEST(a_record_that_a_killed_thread_owes_is_not_waited_for_long),
        TEST(a_full_lane_without_a_reader_loses_and_counts),
        TEST(a_writer_waits_for_a_reader_that_reads),
        TEST(memory_that_does_not_fit_is_left_out),
        TEST(lanes_of_dead_processes_are_taken_back),
        TEST(a_thread_finds_its_lane_again),
        TEST(rubbish_in_a_lane_is_skipped_and_told),
        TEST(another_file_is_no_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
