/* SPDX-License-Identifier: MIT */
/*
 * The reader's side of the ring. A record is copied before anything in it is looked at, and
 * read once: its writer may change it at any time.
 */
#include <trace/ring.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PIECES = 5, GAP_MS = 20 };

/* What the reader has of a lane: the record at its front, copied. */
struct front {
    uint64_t tail;
    bool there;
    struct ring_frame frame;
    uint8_t *copy; /* all of the record */
    size_t cap;
};

struct ring_reader {
    struct ring *ring;
    uint64_t next;   /* sequence that comes next */
    uint64_t gap_ms; /* since when it is missing; 0: it is not */
    uint64_t damaged;
    unsigned last;   /* lane whose front was given out, + 1 */
    unsigned recent; /* lane of the last record */
    struct front front[RING_LANES];
};

int
ring_reader_create(struct ring *ring, struct ring_reader **reader_out)
{
    struct ring_reader *r = calloc(1, sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->ring = ring;
    *reader_out = r;
    return 0;
}

void
ring_reader_destroy(struct ring_reader *reader)
{
    if (!reader)
        return;
    for (unsigned i = 0; i < RING_LANES; i++)
        free(reader->front[i].copy);
    free(reader);
}

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
get(const uint8_t *data, uint64_t at, void *to, size_t bytes)
{
    const size_t offset = (size_t)(at % RING_LANE_BYTES);
    const size_t first = bytes < RING_LANE_BYTES - offset ? bytes : RING_LANE_BYTES - offset;

    memcpy(to, data + offset, first);
    memcpy((uint8_t *)to + first, data, bytes - first);
}

/* A lane's contents make no sense: all of it is passed over. */
static void
give_up(struct ring_reader *r, unsigned i, uint64_t head)
{
    struct front *f = &r->front[i];

    r->damaged += head - f->tail <= RING_LANE_BYTES ? head - f->tail : RING_LANE_BYTES;
    f->tail = head;
    f->there = false;
    atomic_store_explicit(&r->ring->lane[i].tail, head, memory_order_release);
}

static bool
frame_is_sound(const struct ring_frame *f, uint64_t available)
{
    uint64_t bytes = sizeof(*f) + 8 * (uint64_t)f->args;

    if (f->bytes % 8 || f->bytes > RING_RECORD_MAX || f->bytes > available ||
        f->args > GSP_TRACE_ARGS || f->pieces > PIECES || f->type < GSP_TRACE_RPC)
        return false;
    for (unsigned i = 0; i < f->pieces; i++)
        bytes += ((uint64_t)f->piece_bytes[i] + 7) & ~(uint64_t)7;
    return bytes == f->bytes;
}

/* Copy the record at the front of a lane, when there is one. */
static void
look(struct ring_reader *r, unsigned i)
{
    struct front *f = &r->front[i];
    const uint64_t head = atomic_load_explicit(&r->ring->lane[i].head, memory_order_acquire);
    const uint64_t available = head - f->tail;

    if (f->there || !available)
        return;
    if (available > RING_LANE_BYTES || available < sizeof(f->frame)) {
        give_up(r, i, head);
        return;
    }
    get(r->ring->data[i], f->tail, &f->frame, sizeof(f->frame));
    if (!frame_is_sound(&f->frame, available)) {
        give_up(r, i, head);
        return;
    }
    if (f->frame.bytes > f->cap) {
        uint8_t *more = realloc(f->copy, 2 * (size_t)f->frame.bytes);

        if (!more) /* it stays where it is until there is memory */
            return;
        f->copy = more;
        f->cap = 2 * (size_t)f->frame.bytes;
    }
    get(r->ring->data[i], f->tail, f->copy, f->frame.bytes);
    f->there = true;
}

/* The last record given out is done with. */
static void
pass_last(struct ring_reader *r)
{
    struct front *f;

    if (!r->last)
        return;
    f = &r->front[r->last - 1];
    f->there = false;
    f->tail += f->frame.bytes;
    atomic_store_explicit(&r->ring->lane[r->last - 1].tail, f->tail, memory_order_release);
    r->last = 0;
}

/* The lane whose record ended first; -1: none has any. */
static int
first_lane(struct ring_reader *r)
{
    int best = -1;

    for (unsigned i = 0; i < RING_LANES; i++) {
        look(r, i);
        if (r->front[i].there &&
            (best < 0 || r->front[i].frame.sequence < r->front[best].frame.sequence))
            best = (int)i;
    }
    return best;
}

/* The one after the last is mostly in the same lane. */
static int
next_lane(struct ring_reader *r)
{
    const unsigned i = r->recent;

    look(r, i);
    return r->front[i].there && r->front[i].frame.sequence == r->next ? (int)i : first_lane(r);
}

/* Whether to wait for a record that has a number and is not there yet: its writer is about to
 * publish it, unless it was killed. */
static bool
in_order(struct ring_reader *r, uint64_t sequence, bool finish)
{
    if (sequence <= r->next || finish) {
        r->gap_ms = 0;
        return true;
    }
    if (!r->gap_ms)
        r->gap_ms = now_ms();
    if (now_ms() - r->gap_ms < GAP_MS)
        return false;
    r->gap_ms = 0;
    return true;
}

static void
give(struct ring_reader *r, unsigned lane, struct gsp_trace_record *out, uint32_t *pid_out)
{
    const struct front *f = &r->front[lane];
    const uint8_t *at = f->copy + sizeof(f->frame);

    *out = (struct gsp_trace_record){.type = f->frame.type,
                                     .flags = f->frame.flags,
                                     .tid = f->frame.tid,
                                     .time_ns = f->frame.time_ns,
                                     .duration_ns = f->frame.duration_ns,
                                     .rc = f->frame.rc,
                                     .status = f->frame.status,
                                     .args = f->frame.args,
                                     .pieces = f->frame.pieces};
    *pid_out = f->frame.pid;
    memcpy(out->arg, at, 8 * (size_t)f->frame.args);
    at += 8 * (size_t)f->frame.args;
    for (unsigned i = 0; i < f->frame.pieces; i++) {
        out->piece[i] = (struct gsp_trace_piece){at, f->frame.piece_bytes[i]};
        at += ((size_t)f->frame.piece_bytes[i] + 7) & ~(size_t)7;
    }
}

int
ring_read(struct ring_reader *r, bool finish, struct gsp_trace_record *record_out,
          uint32_t *pid_out)
{
    int lane;

    pass_last(r);
    lane = next_lane(r);
    if (lane < 0 || !in_order(r, r->front[lane].frame.sequence, finish))
        return -EAGAIN;
    r->next = r->front[lane].frame.sequence + 1;
    r->last = (unsigned)lane + 1;
    r->recent = (unsigned)lane;
    give(r, (unsigned)lane, record_out, pid_out);
    return 0;
}

void
ring_rest(struct ring_reader *r, unsigned timeout_ms)
{
    const struct timespec wait = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    const uint32_t bell = atomic_load(&r->ring->doorbell);

    pass_last(r);
    atomic_fetch_add(&r->ring->progress, 1);
    atomic_store(&r->ring->stalled, 0);
    if (atomic_load(&r->ring->waiting))
        syscall(SYS_futex, &r->ring->progress, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    if (!timeout_ms)
        return;
    atomic_store(&r->ring->asleep, 1);
    syscall(SYS_futex, &r->ring->doorbell, FUTEX_WAIT, bell, &wait, NULL, 0);
    atomic_store(&r->ring->asleep, 0);
}

void
ring_reap(struct ring_reader *r)
{
    for (unsigned i = 0; i < RING_LANES; i++) {
        uint64_t owner = atomic_load(&r->ring->lane[i].owner);
        const pid_t pid = (pid_t)(owner >> 32);

        if (owner && (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH)))
            (void)atomic_compare_exchange_strong(&r->ring->lane[i].owner, &owner, 0);
    }
}

uint64_t
ring_lost(const struct ring_reader *r)
{
    uint64_t lost = atomic_load(&r->ring->lost);

    for (unsigned i = 0; i < RING_LANES; i++)
        lost += atomic_load(&r->ring->lane[i].lost);
    return lost;
}

uint64_t
ring_damaged(const struct ring_reader *r)
{
    return r->damaged;
}
