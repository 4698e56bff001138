/* SPDX-License-Identifier: MIT */
/*
 * Checks of a submission before the card sees it: every word is decoded as the card would, with
 * the classes that the channel has bound so far. Methods must be known, and what semaphores and
 * copies reach must be mapped, and writable where it is written.
 */
#include <errno.h>
#include <inttypes.h>

#include <nvrm/cl/clc7b5.h>

#include "channel_priv.h"

#define GET(word, method, field)                                                               \
    (((word)&NVC7B5_##method##_##field##__MASK) >> NVC7B5_##method##_##field##__SHIFT)

/* What is being looked at. */
struct look {
    struct nvmem_channel *ch;
    struct nvmem_lint *l;
    const struct nvmem_push_call *call;
    struct gsp_error *err;
};

/* Mapped */

static int
refuse_range(const struct look *k, const char *what, uint64_t va, const char *why)
{
    return gsp_fail(k->err, GSP_ORIGIN_INPUT, -EINVAL,
                    "channel '%s': method 0x%x at word %zu: %s 0x%" PRIx64 " %s", k->ch->name,
                    k->call->method, k->call->word, what, va, why);
}

static int
check_range(const struct look *k, const char *what, uint64_t va, uint64_t bytes, bool write)
{
    struct nvmem_device *dev = k->ch->dev;
    struct nvmem_pt_entry e;
    const uint64_t end = va + bytes;
    int rc = 0;

    nvmem_space_enter(dev);
    while (va < end && rc == 0) {
        if (!nvmem_vas_walk(dev->vas, va, &e))
            rc = refuse_range(k, what, va, "is not mapped");
        else if (write && e.target.flags & NVMEM_MAP_READ_ONLY)
            rc = refuse_range(k, what, va, "is mapped read-only");
        else
            va = e.va + e.bytes;
    }
    nvmem_space_leave(dev);
    return rc;
}

/* Copies */

static uint32_t
reg(const struct look *k, uint32_t method)
{
    return k->l->copy[method / 4];
}

static uint64_t
address(const struct look *k, uint32_t upper)
{
    return (uint64_t)reg(k, upper) << 32 | reg(k, upper + 4);
}

/* The bytes that one side of a pitch transfer touches. */
static int
check_side(const struct look *k, uint32_t launch, bool to)
{
    const uint32_t remap = reg(k, NVC7B5_SET_REMAP_COMPONENTS);
    const uint32_t components = to ? GET(remap, SET_REMAP_COMPONENTS, NUM_DST_COMPONENTS)
                                   : GET(remap, SET_REMAP_COMPONENTS, NUM_SRC_COMPONENTS);
    const bool remaps = launch & NVC7B5_LAUNCH_DMA_REMAP_ENABLE__MASK;
    const uint64_t element = remaps ? (uint64_t)(components + 1) *
                                          (GET(remap, SET_REMAP_COMPONENTS, COMPONENT_SIZE) + 1)
                                    : 1;
    const uint64_t line = reg(k, NVC7B5_LINE_LENGTH_IN) * element;
    const bool lines = launch & NVC7B5_LAUNCH_DMA_MULTI_LINE_ENABLE__MASK;
    const uint64_t more =
        lines && reg(k, NVC7B5_LINE_COUNT) ? reg(k, NVC7B5_LINE_COUNT) - 1 : 0;
    const int64_t pitch = (int32_t)reg(k, to ? NVC7B5_PITCH_OUT : NVC7B5_PITCH_IN);
    const uint64_t va = address(k, to ? NVC7B5_OFFSET_OUT_UPPER : NVC7B5_OFFSET_IN_UPPER);
    const int64_t rest = (int64_t)more * pitch;

    if (rest < 0)
        return check_range(k, to ? "destination" : "source", va + (uint64_t)rest,
                           (uint64_t)-rest + line, to);
    return check_range(k, to ? "destination" : "source", va, (uint64_t)rest + line, to);
}

/* Constants alone: nothing is read. */
static bool
reads(const struct look *k, uint32_t launch)
{
    const uint32_t remap = reg(k, NVC7B5_SET_REMAP_COMPONENTS);
    const unsigned n = GET(remap, SET_REMAP_COMPONENTS, NUM_DST_COMPONENTS) + 1;

    if (!(launch & NVC7B5_LAUNCH_DMA_REMAP_ENABLE__MASK))
        return true;
    for (unsigned i = 0; i < n; i++)
        if ((remap >> 4 * i & 7) <= NVC7B5_SET_REMAP_COMPONENTS_DST_X_SRC_W)
            return true;
    return false;
}

static int
check_launch(const struct look *k, uint32_t launch)
{
    int rc = 0;

    if (launch & NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE__MASK)
        rc = check_range(k, "semaphore", address(k, NVC7B5_SET_SEMAPHORE_A), 4, true);
    if (rc < 0 || !(launch & NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE__MASK))
        return rc;
    if (launch & NVC7B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT__MASK &&
        !(launch & NVC7B5_LAUNCH_DMA_SRC_TYPE__MASK) && reads(k, launch))
        rc = check_side(k, launch, false);
    if (rc == 0 && launch & NVC7B5_LAUNCH_DMA_DST_MEMORY_LAYOUT__MASK &&
        !(launch & NVC7B5_LAUNCH_DMA_DST_TYPE__MASK))
        rc = check_side(k, launch, true);
    return rc;
}

static int
look_at_copy(const struct look *k)
{
    if (k->call->method / 4 < NVMEM_LINT_WORDS)
        k->l->copy[k->call->method / 4] = k->call->data;
    return k->call->method == NVC7B5_LAUNCH_DMA ? check_launch(k, k->call->data) : 0;
}

/* Host */

static int
look_at_host(const struct look *k)
{
    const uint32_t operation = k->call->data & NVC46F_SEM_EXECUTE_OPERATION__MASK;
    uint64_t va;

    switch (k->call->method) {
    case NVC46F_SET_OBJECT:
        if (!nvrm_hw_class(k->call->data & NVC46F_SET_OBJECT_NVCLASS__MASK))
            return refuse_range(k, "class", k->call->data, "is none that a card has");
        return 0;
    case NVC46F_SEM_ADDR_LO:
        k->l->sem_lo = k->call->data;
        return 0;
    case NVC46F_SEM_ADDR_HI:
        k->l->sem_hi = k->call->data;
        return 0;
    case NVC46F_SEM_EXECUTE:
        va = (uint64_t)k->l->sem_hi << 32 | k->l->sem_lo;
        return check_range(k, "semaphore", va, 4,
                           operation == NVC46F_SEM_EXECUTE_OPERATION_RELEASE ||
                               operation == NVC46F_SEM_EXECUTE_OPERATION_REDUCTION);
    default:
        return 0;
    }
}

/* Words */

static int
look_at_call(const struct look *k)
{
    const struct nvmem_push_call *c = k->call;

    if (c->method < 0x100)
        return c->item ? look_at_host(k)
                       : gsp_fail(k->err, GSP_ORIGIN_INPUT, -EINVAL,
                                  "channel '%s': word %zu: the channel has no method 0x%x",
                                  k->ch->name, c->word, c->method);
    if (!c->cl)
        return gsp_fail(k->err, GSP_ORIGIN_INPUT, -EINVAL,
                        "channel '%s': word %zu: method 0x%x on subchannel %u, which has no "
                        "class",
                        k->ch->name, c->word, c->method, c->subch);
    if (!c->item)
        return gsp_fail(k->err, GSP_ORIGIN_INPUT, -EINVAL,
                        "channel '%s': word %zu: %s has no method 0x%x", k->ch->name, c->word,
                        nvrm_hw_text(c->cl->name), c->method);
    return (c->cl->id & 0xff) == (NVMEM_COPY_CLASS & 0xff) ? look_at_copy(k) : 0;
}

static int
look(const struct look *k)
{
    switch (k->call->kind) {
    case NVMEM_PUSH_CALL:
        return look_at_call(k);
    case NVMEM_PUSH_BAD:
        return gsp_fail(k->err, GSP_ORIGIN_INPUT, -EINVAL, "channel '%s': word %zu: 0x%08x: %s",
                        k->ch->name, k->call->word, k->call->raw,
                        k->call->why ? k->call->why : "behind a header that makes no sense");
    case NVMEM_PUSH_SEGMENT:
        return gsp_fail(k->err, GSP_ORIGIN_INPUT, -EINVAL,
                        "channel '%s': word %zu ends the segment: the fence behind it would "
                        "never be passed",
                        k->ch->name, k->call->word);
    default:
        return 0;
    }
}

static int
look_through(struct nvmem_channel *ch, struct nvmem_lint *l, const uint32_t *words,
             uint64_t count, struct gsp_error *err)
{
    struct nvmem_push_reader r;
    struct nvmem_push_call call;
    const struct look k = {ch, l, &call, err};
    int rc = 0;

    nvmem_push_open(&r, &l->state, words, count);
    while (rc == 0 && nvmem_push_next(&r, &call))
        rc = look(&k);
    return rc;
}

/* Entries that were made already, and what follows them; a submission that is refused binds
 * nothing. */
int
nvmem_lint_submission(struct nvmem_channel *ch, struct gsp_error *err)
{
    struct nvmem_lint next = *ch->lint_state;
    int rc = 0;

    for (uint64_t i = ch->published; i < ch->put && rc == 0; i++) {
        const uint64_t entry = ch->ring[i & (ch->entries - 1)];
        const uint64_t va = entry & ((UINT64_C(1) << 40) - 4), dwords = entry >> 42 & 0x1fffff;

        rc = look_through(ch, &next, ch->push + (va - ch->push_va) / 4, dwords, err);
    }
    if (rc == 0)
        rc = look_through(ch, &next, ch->push + (ch->start & (ch->push_dwords - 1)),
                          ch->head - ch->start, err);
    if (rc == 0)
        *ch->lint_state = next;
    return rc;
}

int
nvmem_lint_create(struct nvmem_channel *ch, struct gsp_error *err)
{
    ch->lint_state = gsp_host_alloc(ch->dev->host, sizeof(*ch->lint_state));
    if (!ch->lint_state)
        return nvmem_no_memory(err, "lint");
    ch->lint_state->state.host = nvrm_hw_class(ch->dev->chip.channel_class);
    return 0;
}
