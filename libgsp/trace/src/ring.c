/* SPDX-License-Identifier: MIT */
/*
 * The writer's side of the ring, and the ring itself.
 */
#include <trace/ring.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAGIC = 0x31474e52, VERSION = 1, PIECES = 5, WAIT_MS = 20 };

static size_t
pad(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

int
ring_create(int *fd_out, struct ring **ring_out)
{
    const int fd = memfd_create("nvrm-trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct ring *ring = MAP_FAILED;
    int rc;

    if (fd >= 0 && ftruncate(fd, sizeof(*ring)) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    rc = -errno;
    if (ring == MAP_FAILED) {
        if (fd >= 0)
            close(fd);
        return rc;
    }
    ring->magic = MAGIC;
    ring->version = VERSION;
    *fd_out = fd;
    *ring_out = ring;
    return 0;
}

struct ring *
ring_attach(int fd)
{
    struct ring *ring;
    struct stat st;

    if (fstat(fd, &st) < 0 || st.st_size != sizeof(*ring))
        return NULL;
    ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED)
        return NULL;
    if (ring->magic == MAGIC && ring->version == VERSION)
        return ring;
    munmap(ring, sizeof(*ring));
    return NULL;
}

void
ring_detach(struct ring *ring)
{
    if (ring)
        munmap(ring, sizeof(*ring));
}

struct ring_lane *
ring_claim(struct ring *ring, uint32_t pid, uint32_t tid)
{
    const uint64_t me = (uint64_t)pid << 32 | tid;

    for (unsigned i = 0; i < RING_LANES; i++) {
        struct ring_lane *lane = &ring->lane[(tid + i) % RING_LANES];
        uint64_t nobody = 0;

        if (atomic_load(&lane->owner) == me)
            return lane; /* of the program before exec() */
        if (atomic_compare_exchange_strong(&lane->owner, &nobody, me))
            return lane;
    }
    return NULL;
}

void
ring_leave(struct ring_lane *lane)
{
    if (lane)
        atomic_store(&lane->owner, 0);
}

/* Writing */

static size_t
frame_bytes(const struct gsp_trace_record *r, unsigned pieces)
{
    size_t bytes = sizeof(struct ring_frame) + (size_t)8 * r->args;

    for (unsigned i = 0; i < pieces; i++)
        bytes += pad(r->piece[i].bytes);
    return bytes;
}

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
wake_reader(struct ring *ring)
{
    atomic_fetch_add(&ring->doorbell, 1);
    if (atomic_load(&ring->asleep))
        syscall(SYS_futex, &ring->doorbell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static bool
has_room(const struct ring_lane *lane, uint64_t head, size_t bytes)
{
    const uint64_t used = head - atomic_load_explicit(&lane->tail, memory_order_acquire);

    return used <= RING_LANE_BYTES && RING_LANE_BYTES - used >= bytes;
}

/* Wait for room as long as the reader does something. */
static bool
wait_for_room(struct ring *ring, const struct ring_lane *lane, uint64_t head, size_t bytes)
{
    const struct timespec step = {0, WAIT_MS * 1000000L};
    uint32_t seen = atomic_load(&ring->progress);
    uint64_t since = now_ms();

    while (!atomic_load(&ring->stalled) && !has_room(lane, head, bytes)) {
        const uint32_t now = atomic_load(&ring->progress);

        if (now != seen)
            since = now_ms();
        seen = now;
        if (now_ms() - since > RING_STALL_MS) {
            atomic_store(&ring->stalled, 1);
            break;
        }
        atomic_fetch_add(&ring->waiting, 1);
        wake_reader(ring);
        syscall(SYS_futex, &ring->progress, FUTEX_WAIT, now, &step, NULL, 0);
        atomic_fetch_sub(&ring->waiting, 1);
    }
    return has_room(lane, head, bytes);
}

static uint64_t
put(uint8_t *data, uint64_t at, const void *from, size_t bytes)
{
    const size_t offset = (size_t)(at % RING_LANE_BYTES);
    const size_t first = bytes < RING_LANE_BYTES - offset ? bytes : RING_LANE_BYTES - offset;

    if (bytes) {
        memcpy(data + offset, from, first);
        memcpy(data, (const uint8_t *)from + first, bytes - first);
    }
    return at + pad(bytes);
}

static bool
lose(struct ring *ring, struct ring_lane *lane)
{
    atomic_fetch_add_explicit(lane ? &lane->lost : &ring->lost, 1, memory_order_relaxed);
    return false;
}

bool
ring_write(struct ring *ring, struct ring_lane *lane, uint32_t pid,
           const struct gsp_trace_record *r)
{
    unsigned pieces = r->pieces < PIECES ? r->pieces : PIECES;
    struct ring_frame frame = {.type = r->type,
                               .flags = r->flags,
                               .pid = pid,
                               .tid = r->tid,
                               .time_ns = r->time_ns,
                               .duration_ns = r->duration_ns,
                               .rc = r->rc,
                               .status = r->status,
                               .args = (uint16_t)r->args};
    uint64_t head, at;
    uint8_t *data;

    if (!lane)
        return lose(ring, NULL);
    if (frame_bytes(r, pieces) > RING_RECORD_MAX && pieces > 3)
        pieces = 3; /* without what pointers lead to */
    frame.bytes = (uint32_t)frame_bytes(r, pieces);
    frame.pieces = (uint16_t)pieces;
    head = atomic_load_explicit(&lane->head, memory_order_relaxed);
    if (frame.bytes > RING_RECORD_MAX ||
        (!has_room(lane, head, frame.bytes) && !wait_for_room(ring, lane, head, frame.bytes)))
        return lose(ring, lane);
    for (unsigned i = 0; i < pieces; i++)
        frame.piece_bytes[i] = (uint32_t)r->piece[i].bytes;
    frame.sequence = atomic_fetch_add_explicit(&ring->sequence, 1, memory_order_relaxed);
    data = ring->data[lane - ring->lane];
    at = put(data, head, &frame, sizeof(frame));
    at = put(data, at, r->arg, (size_t)8 * r->args);
    for (unsigned i = 0; i < pieces; i++)
        at = put(data, at, r->piece[i].data, r->piece[i].bytes);
    atomic_store_explicit(&lane->head, at, memory_order_release);
    if (at - atomic_load_explicit(&lane->tail, memory_order_relaxed) > RING_LANE_BYTES / 4 &&
        atomic_load_explicit(&ring->asleep, memory_order_relaxed))
        wake_reader(ring);
    return true;
}
