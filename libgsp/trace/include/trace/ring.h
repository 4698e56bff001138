/* SPDX-License-Identifier: MIT */
/**
 * Records on their way from traced threads to the program that decodes them: shared memory with
 * a lane for every thread.
 *
 * A lane has one writer and one reader and no locks: what a killed thread was just writing was
 * never published. A writer whose lane is full waits for the reader as long as the reader makes
 * progress; without any for half a second records are counted as lost until it comes back. The
 * reader believes nothing that it finds: a traced program may write anything into this memory.
 */
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/trace.h>

enum {
    RING_LANES = 128,
    RING_LANE_BYTES = 512 << 10,
    RING_RECORD_MAX = RING_LANE_BYTES / 2, /* larger ones lose the memory behind pointers */
    RING_STALL_MS = 500,                   /* a reader that does nothing for so long is gone */
};

/** A record in a lane: this, the numbers, and the byte strings, each padded to 8 bytes. */
struct ring_frame {
    uint32_t bytes; /* of all of it; a multiple of 8 */
    uint16_t type, flags;
    uint64_t sequence; /* over all lanes, in the order in which calls ended */
    uint32_t pid, tid;
    uint64_t time_ns, duration_ns; /* CLOCK_MONOTONIC */
    int32_t rc;
    uint32_t status;
    uint16_t args, pieces;
    uint32_t piece_bytes[5];
};
_Static_assert(sizeof(struct ring_frame) == 72, "no padding");

struct ring_lane {
    _Alignas(64) _Atomic uint64_t owner; /* pid << 32 | tid; 0: nobody */
    _Atomic uint64_t lost;
    _Alignas(64) _Atomic uint64_t head; /* bytes ever written; the writer's */
    _Alignas(64) _Atomic uint64_t tail; /* bytes ever read; the reader's */
};

/** The shared memory. */
struct ring {
    uint32_t magic, version;
    _Atomic uint64_t sequence; /* of the next record */
    _Atomic uint64_t lost;     /* by threads that found no lane */
    _Atomic uint32_t doorbell; /* the reader sleeps on it */
    _Atomic uint32_t progress; /* writers sleep on it */
    _Atomic uint32_t waiting;  /* writers that sleep */
    _Atomic uint32_t asleep;   /* the reader does */
    _Atomic uint32_t stalled;  /* the reader does nothing: do not wait for it */
    _Atomic uint32_t release;  /* of the kernel module, + 1; 0: not known */
    _Atomic uint32_t attached; /* programs that found the ring */
    struct ring_lane lane[RING_LANES];
    _Alignas(4096) uint8_t data[RING_LANES][RING_LANE_BYTES];
};

/* Writing */

/** Make a ring: a memory file that cannot be shrunk under its reader. 0 or a negative errno. */
GSP_MUST_CHECK int ring_create(int *fd_out, struct ring **ring_out);
/** Find it again in another process: NULL when the file is no ring. */
struct ring *ring_attach(int fd);
void ring_detach(struct ring *ring);
/** A lane for this thread; NULL when all have owners. */
struct ring_lane *ring_claim(struct ring *ring, uint32_t pid, uint32_t tid);
void ring_leave(struct ring_lane *lane);
/** Publish a record; time_ns is absolute, at most 5 pieces. False: lost, and counted. */
bool ring_write(struct ring *ring, struct ring_lane *lane, uint32_t pid,
                const struct gsp_trace_record *record);

/* Reading */

struct ring_reader;

GSP_MUST_CHECK int ring_reader_create(struct ring *ring, struct ring_reader **reader_out);
void ring_reader_destroy(struct ring_reader *reader);
/** The next record in order, valid until the next call. 0, or -EAGAIN: none now. `finish` does
 * not wait for records that should come before those that are there. */
int ring_read(struct ring_reader *reader, bool finish, struct gsp_trace_record *record_out,
              uint32_t *pid_out);
/** Let writers go on, and sleep until there is something to do. */
void ring_rest(struct ring_reader *reader, unsigned timeout_ms);
/** Take lanes of processes that are gone back. */
void ring_reap(struct ring_reader *reader);
/** Records that writers counted as lost, and bytes that made no sense. */
uint64_t ring_lost(const struct ring_reader *reader);
uint64_t ring_damaged(const struct ring_reader *reader);

#endif
