/* SPDX-License-Identifier: MIT */
/*
 * Work: room in the push buffer, entries of the ring, the doorbell.
 *
 * The push buffer is a ring of dwords. A piece of work lies in it without a break, so what was
 * written before the end of the buffer becomes an entry of its own when the next piece does not
 * fit there. Room comes back as the timeline moves: marks say how far each of its values frees
 * buffer and ring. The card sees nothing of a submission before GP_PUT moves.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <nvrm/regs.h>

#include "channel_priv.h"

#define ENTRY(va, dwords) ((va) | (uint64_t)(dwords) << 42)
#define DOORBELL_REG      (NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET__BASE + NV_VIRTUAL_FUNCTION_DOORBELL)

enum {
    WRAP_ENTRIES = 2, /* of one submission, at most: before and after the end of the buffer */
    RELEASE = NVC46F_SEM_EXECUTE_OPERATION_RELEASE |
              NVC46F_SEM_EXECUTE_PAYLOAD_SIZE_64BIT << NVC46F_SEM_EXECUTE_PAYLOAD_SIZE__SHIFT,
    ACQUIRE = NVC46F_SEM_EXECUTE_OPERATION_ACQ_STRICT_GEQ |
              NVC46F_SEM_EXECUTE_ACQUIRE_SWITCH_TSG__MASK |
              NVC46F_SEM_EXECUTE_PAYLOAD_SIZE_64BIT << NVC46F_SEM_EXECUTE_PAYLOAD_SIZE__SHIFT,
};

static uint64_t
place(const struct nvmem_channel *ch, uint64_t at)
{
    return at & (ch->push_dwords - 1);
}

/* Room */

static uint64_t
done(const struct nvmem_channel *ch)
{
    return atomic_load_explicit(&ch->timeline.cpu[0], memory_order_acquire);
}

static struct nvmem_mark *
mark_of(struct nvmem_channel *ch, uint64_t value)
{
    return &ch->marks[value & (ch->entries - 1)];
}

/* How far head may go: to what is not free yet, or to the end of the buffer. Returns what was
 * done then. */
static uint64_t
set_limit(struct nvmem_channel *ch)
{
    const uint64_t value = done(ch);
    const uint64_t end = (ch->head | (ch->push_dwords - 1)) + 1;
    uint64_t taken;

    if (value)
        ch->tail = mark_of(ch, value)->push;
    taken = ch->tail + ch->push_dwords;
    ch->limit = (taken < end ? taken : end) - NVMEM_TAIL_DWORDS;
    return value;
}

static uint64_t
entries_used(struct nvmem_channel *ch, uint64_t value)
{
    return ch->put - (value ? mark_of(ch, value)->entry : 0);
}

/* One value more than `value`, which leaves too little room. */
static int
wait_step(struct nvmem_channel *ch, uint64_t value, struct gsp_error *err)
{
    int rc;

    ch->waits++;
    if (value == atomic_load_explicit(&ch->submitted, memory_order_relaxed))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOSPC,
                        "channel '%s': the work does not fit into the push buffer or ring; "
                        "submit more often",
                        ch->name);
    rc = nvmem_wait_value(ch->dev, &ch->timeline.cpu[0], value + 1, ch, 0);
    if (rc == -EIO)
        return nvmem_channel_explain(ch, err);
    if (rc == -ETIMEDOUT)
        gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc,
                 "channel '%s' is full and does not move: at %" PRIu64 " of %" PRIu64, ch->name,
                 value, atomic_load(&ch->submitted));
    return rc;
}

/* What was written so far as an entry that the card does not see yet. */
static void
put_entry(struct nvmem_channel *ch)
{
    const uint64_t dwords = ch->head - ch->start;

    if (!dwords)
        return;
    ch->ring[ch->put & (ch->entries - 1)] =
        ENTRY(ch->push_va + place(ch, ch->start) * 4, dwords);
    ch->put++;
    ch->start = ch->head;
}

static int
wait_entries(struct nvmem_channel *ch, uint32_t wanted, struct gsp_error *err)
{
    uint64_t value = done(ch);
    int rc = 0;

    for (; rc == 0 && entries_used(ch, value) + wanted >= ch->entries; value = done(ch))
        rc = wait_step(ch, value, err);
    return rc;
}

/* On to the start of the buffer. */
static int
wrap(struct nvmem_channel *ch, struct gsp_error *err)
{
    const int rc = wait_entries(ch, WRAP_ENTRIES + 1, err);

    if (rc < 0)
        return rc;
    put_entry(ch);
    ch->head = (ch->head | (ch->push_dwords - 1)) + 1;
    ch->start = ch->head;
    return 0;
}

static int
make_room(struct nvmem_channel *ch, uint32_t dwords, struct gsp_error *err)
{
    uint64_t value;
    int rc = 0;

    if (dwords > ch->push_dwords / 2)
        return gsp_fail(
            err, GSP_ORIGIN_INPUT, -EINVAL,
            "channel '%s': %u dwords in one piece, and the push buffer takes %" PRIu64,
            ch->name, dwords, ch->push_dwords / 2);
    for (value = set_limit(ch); rc == 0 && ch->head + dwords > ch->limit;
         value = set_limit(ch)) {
        const uint64_t end = (ch->head | (ch->push_dwords - 1)) + 1;

        if (ch->head + dwords + NVMEM_TAIL_DWORDS > end)
            rc = wrap(ch, err);
        else
            rc = wait_step(ch, value, err);
    }
    return rc;
}

/* make_room() where that is needed, and where to write. */
static int
get_room(struct nvmem_channel *ch, uint32_t dwords, uint32_t **at_out, struct gsp_error *err)
{
    int rc = 0;

    if (ch->head + dwords > ch->limit)
        rc = make_room(ch, dwords, err);
    *at_out = ch->push + place(ch, ch->head);
    return rc;
}

uint32_t *
nvmem_channel_begin(struct nvmem_channel *ch, uint32_t dwords, struct gsp_error *err)
{
    if (__builtin_expect(ch->head + dwords > ch->limit, 0) && make_room(ch, dwords, err) < 0)
        return NULL;
    return ch->push + place(ch, ch->head);
}

void
nvmem_channel_end(struct nvmem_channel *ch, const uint32_t *end)
{
    ch->head += (uint64_t)(end - (ch->push + place(ch, ch->head)));
    atomic_store_explicit(&ch->dirty, true, memory_order_relaxed);
}

int
nvmem_channel_push(struct nvmem_channel *ch, const uint32_t *dwords, uint32_t count,
                   struct gsp_error *err)
{
    uint32_t *to;
    const int rc = get_room(ch, count, &to, err);

    if (rc < 0)
        return rc;
    memcpy(to, dwords, (size_t)count * 4);
    nvmem_channel_end(ch, to + count);
    return 0;
}

/* Methods of host */

int
nvmem_channel_bind(struct nvmem_channel *ch, uint32_t subchannel, uint32_t class_id,
                   struct gsp_error *err)
{
    const uint32_t dwords[] = {
        nvmem_push_header(NVMEM_PUSH_INC, subchannel, NVC46F_SET_OBJECT, 1), class_id};

    return nvmem_channel_push(ch, dwords, 2, err);
}

static uint32_t *
write_semaphore(uint32_t *at, uint64_t va, uint64_t value, uint32_t execute)
{
    *at++ = nvmem_push_header(NVMEM_PUSH_INC, 0, NVC46F_SEM_ADDR_LO, 5);
    *at++ = (uint32_t)va;
    *at++ = (uint32_t)(va >> 32);
    *at++ = (uint32_t)value;
    *at++ = (uint32_t)(value >> 32);
    *at++ = execute;
    return at;
}

/* Engines come to rest, and what they wrote is where the CPU can see it. */
static uint32_t *
write_barrier(uint32_t *at)
{
    *at++ = nvmem_push_header(NVMEM_PUSH_INC, 0, NVC46F_WFI, 1);
    *at++ = 0;
    *at++ = nvmem_push_header(NVMEM_PUSH_INC, 0, NVC46F_MEM_OP_A, 4);
    *at++ = 0;
    *at++ = 0;
    *at++ = NVC46F_MEM_OP_C_MEMBAR_TYPE_SYS_MEMBAR;
    *at++ = (uint32_t)NVC46F_MEM_OP_D_OPERATION_MEMBAR << NVC46F_MEM_OP_D_OPERATION__SHIFT;
    return at;
}

int
nvmem_channel_acquire(struct nvmem_channel *ch, const struct nvmem_semaphore *s, uint64_t value,
                      struct gsp_error *err)
{
    uint32_t *at;
    const int rc = get_room(ch, 6, &at, err);

    if (rc < 0)
        return rc;
    nvmem_channel_end(ch, write_semaphore(at, s->gpu_va, value, ACQUIRE));
    return 0;
}

int
nvmem_channel_release(struct nvmem_channel *ch, const struct nvmem_semaphore *s, uint64_t value,
                      uint32_t flags, struct gsp_error *err)
{
    const uint32_t execute =
        RELEASE | (flags & NVMEM_RELEASE_TIME ? NVC46F_SEM_EXECUTE_RELEASE_TIMESTAMP__MASK : 0);
    uint32_t *at;
    const int rc = get_room(ch, 13, &at, err);

    if (rc < 0)
        return rc;
    if (!(flags & NVMEM_RELEASE_NO_WAIT))
        at = write_barrier(at);
    nvmem_channel_end(ch, write_semaphore(at, s->gpu_va, value, execute));
    return 0;
}

int
nvmem_channel_wait_fence(struct nvmem_channel *ch, const struct nvmem_fence *f,
                         struct gsp_error *err)
{
    if (nvmem_fence_done(f) || f->channel == ch)
        return 0;
    if (f->semaphore->dev != ch->dev)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "channel '%s': the fence is of another device", ch->name);
    return nvmem_channel_acquire(ch, f->semaphore, f->value, err);
}

int
nvmem_channel_use(struct nvmem_channel *ch, struct nvmem_buffer *b, struct gsp_error *err)
{
    int rc;

    if (b->dev != ch->dev || !b->mapped)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "channel '%s': buffer '%s' %s",
                        ch->name, b->name,
                        b->dev != ch->dev ? "is of another device" : "has no address");
    pthread_mutex_lock(&ch->dev->lock);
    rc = nvmem_buffer_add_user(b, ch->id, atomic_load(&ch->submitted) + 1);
    pthread_mutex_unlock(&ch->dev->lock);
    return rc < 0 ? nvmem_no_memory(err, "users of a buffer") : 0;
}

/* Sending */

static int
refuse(struct nvmem_channel *ch, struct gsp_error *err)
{
    if (nvmem_channel_xid(ch))
        return nvmem_channel_explain(ch, err);
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                    "channel '%s': nothing was written since the last submission", ch->name);
}

static int
flush_space(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct nvmem_device *dev = ch->dev;
    int rc;

    if (!atomic_exchange(&dev->space_changed, false))
        return 0;
    nvmem_space_enter(dev);
    rc = nvmem_vas_flush(dev->vas, err);
    nvmem_space_leave(dev);
    if (rc < 0)
        atomic_store(&dev->space_changed, true);
    return rc;
}

/* The ring's entries are in memory before GP_PUT, and GP_PUT before the doorbell. */
static void
ring_doorbell(struct nvmem_channel *ch)
{
    atomic_store_explicit(ch->gp_put, (uint32_t)ch->put & (ch->entries - 1),
                          memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    if (ch->doorbell)
        *ch->doorbell = ch->token;
    else
        nvmem_card_wr32(ch->dev->card, DOORBELL_REG, ch->token);
}

static int
check_submission(struct nvmem_channel *ch, struct gsp_error *err)
{
    int rc = 0;

    if (ch->put == ch->published && ch->head == ch->start)
        return refuse(ch, err);
    if (nvmem_channel_xid(ch))
        rc = nvmem_channel_explain(ch, err);
    if (rc == 0 && entries_used(ch, done(ch)) + WRAP_ENTRIES >= ch->entries)
        rc = wait_entries(ch, WRAP_ENTRIES, err);
    if (rc == 0)
        rc = flush_space(ch, err);
    if (rc == 0 && ch->lint_state)
        rc = nvmem_lint_submission(ch, err);
    return rc;
}

int
nvmem_channel_submit(struct nvmem_channel *ch, struct nvmem_fence *fence_out,
                     struct gsp_error *err)
{
    const uint64_t value = atomic_load_explicit(&ch->submitted, memory_order_relaxed) + 1;
    const int rc = check_submission(ch, err);
    uint32_t *at;

    if (rc < 0) {
        nvmem_channel_abandon(ch);
        return rc;
    }
    at = ch->push + place(ch, ch->head); /* limit keeps room for this */
    at = write_semaphore(write_barrier(at), ch->timeline.gpu_va, value, RELEASE);
    if (ch->vector != UINT32_MAX) {
        *at++ = nvmem_push_header(NVMEM_PUSH_INC, 0, NVC46F_NON_STALL_INTERRUPT, 1);
        *at++ = 0;
    }
    nvmem_channel_end(ch, at);
    put_entry(ch);
    *mark_of(ch, value) = (struct nvmem_mark){ch->head, ch->put};
    ch->published = ch->put;
    atomic_store_explicit(&ch->submitted, value, memory_order_release);
    atomic_store_explicit(&ch->dirty, false, memory_order_relaxed);
    ring_doorbell(ch);
    if (fence_out)
        *fence_out = (struct nvmem_fence){&ch->timeline, ch, value};
    return 0;
}

/* Back to where the last submission ended; entries that were made since are taken back. */
void
nvmem_channel_abandon(struct nvmem_channel *ch)
{
    const uint64_t value = atomic_load_explicit(&ch->submitted, memory_order_relaxed);

    ch->put = ch->published;
    ch->head = ch->start = value ? mark_of(ch, value)->push : 0;
    atomic_store_explicit(&ch->dirty, false, memory_order_relaxed);
    (void)set_limit(ch);
}

struct nvmem_fence
nvmem_channel_last(const struct nvmem_channel *ch)
{
    struct nvmem_channel *c = (struct nvmem_channel *)(uintptr_t)ch;

    return (struct nvmem_fence){&c->timeline, c, atomic_load(&ch->submitted)};
}

int
nvmem_channel_idle(struct nvmem_channel *ch, uint64_t timeout_ns, struct gsp_error *err)
{
    const struct nvmem_fence f = nvmem_channel_last(ch);

    return nvmem_fence_wait(&f, timeout_ns, err);
}
