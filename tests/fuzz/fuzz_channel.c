/* SPDX-License-Identifier: MIT */
/*
 * Hostile work for the emulated engines: the input picks a chip, then is a list of things that
 * a client may do to a channel: any dwords as push buffer, any GPFIFO entry or GPPut, page
 * tables and instance blocks that change under it, launches with any parameters.
 */
#include <stdlib.h>
#include <string.h>

#include "exec_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_STEPS = 200, MAX_DWORDS = 16, PUSH_DWORDS = 0x2000, TABLES = 0x100000 };

struct input {
    const uint8_t *p;
    size_t left;
};

static uint32_t
take(struct input *in, unsigned bytes)
{
    uint32_t v = 0;

    if (bytes > in->left)
        bytes = (unsigned)in->left;
    if (bytes)
        memcpy(&v, in->p, bytes);
    in->p += bytes;
    in->left -= bytes;
    return v;
}

static uint64_t
take64(struct input *in)
{
    const uint64_t low = take(in, 4);

    return low | (uint64_t)take(in, 4) << 32;
}

/* Addresses that lead somewhere often enough, and anything else. */
static uint64_t
take_va(struct input *in)
{
    const uint32_t kind = take(in, 1), off = take(in, 4);

    switch (kind & 3) {
    case 0:
        return EXEC_VA + EXEC_DATA + (off & 0xffffff);
    case 1:
        return EXEC_SYS + off % (2 * EXEC_SYS_BYTES);
    case 2:
        return UINT64_C(0x4000000000) + (off & 0x3fffff); /* sparse, read-only and holes */
    default:
        return (uint64_t)kind << 32 | off;
    }
}

static void
push_raw(struct exec_channel *c, struct input *in)
{
    const uint32_t n = take(in, 1) % MAX_DWORDS;

    for (uint32_t i = 0; i < n; i++)
        exec_push(c, take(in, 4));
}

/* A launch whose lines stay short: a long one is only slow. */
static void
push_launch(struct exec_channel *c, struct input *in)
{
    const uint64_t from = take_va(in), to = take_va(in), sem = take_va(in);

    EXEC_METHOD(c, 4, 0x400, (uint32_t)(from >> 32), (uint32_t)from, (uint32_t)(to >> 32),
                (uint32_t)to, take(in, 4), take(in, 4), take(in, 2) & 0xfff,
                take(in, 2) & 0xff);
    EXEC_METHOD(c, 4, 0x240, (uint32_t)(sem >> 32), (uint32_t)sem, take(in, 4));
    EXEC_METHOD(c, 4, 0x700, take(in, 4), take(in, 4), take(in, 4));
    EXEC_METHOD(c, 4, 0x70c, take(in, 2), take(in, 2), take(in, 2), take(in, 1), take(in, 1));
    EXEC_METHOD(c, 4, 0x728, take(in, 2), take(in, 2), take(in, 2), take(in, 1), take(in, 1));
    EXEC_METHOD(c, 4, 0x744, take(in, 2), take(in, 2), take(in, 2), take(in, 2));
    EXEC_METHOD(c, 4, 0x300, take(in, 4));
}

static void
push_semaphore(struct exec_channel *c, struct input *in)
{
    const uint64_t va = take_va(in);

    EXEC_METHOD(c, 0, 0x5c, (uint32_t)va, (uint32_t)(va >> 32), take(in, 4), take(in, 4),
                take(in, 4));
}

static void
push_inline(struct exec_channel *c, struct input *in)
{
    const uint64_t va = take_va(in);

    EXEC_METHOD(c, 1, 0x180, take(in, 1), take(in, 1), (uint32_t)(va >> 32), (uint32_t)va,
                take(in, 2), take(in, 2), take(in, 2), take(in, 2));
    EXEC_METHOD(c, 1, 0x1b0, take(in, 2));
    exec_push(c, 3u << 29 | 2 << 16 | 1 << 13 | 0x1b4 >> 2);
    exec_push(c, take(in, 4));
    exec_push(c, take(in, 4));
}

static void
step(struct exec *x, struct exec_channel *c, struct input *in)
{
    switch (take(in, 1) % 10) {
    case 0:
        push_raw(c, in);
        break;
    case 1:
    case 2:
        push_launch(c, in);
        break;
    case 3:
        push_semaphore(c, in);
        break;
    case 4:
        push_inline(c, in);
        break;
    case 5:
        exec_entry(c, take64(in));
        exec_ring(c);
        break;
    case 6: /* an entry of a page table, a directory or the instance block */
        exec_wr64(x, (take(in, 1) & 1 ? c->instance : TABLES) + (take(in, 2) & 0xfff8),
                  take64(in));
        break;
    case 7:
        exec_wr(x, c->userd + 0x8c, take(in, 1));
        exec_ring(c);
        break;
    case 8:
        x->r.bus->ops->wr32(x->r.bus, 0, 0xbb0090, take(in, 4));
        break;
    default:
        exec_kick(c);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    const uint32_t choice = take(&in, 1);
    struct exec_channel c[2];
    struct exec x;

    exec_open(&x, exec_chips[choice & 3].name, choice & 4 ? "stale-tlb" : NULL);
    exec_map(&x, UINT64_C(0x4000000000), 12, 0, 0, EXEC_SPARSE);
    exec_map(&x, UINT64_C(0x4000001000), 12, 0, EXEC_DATA, EXEC_READ_ONLY);
    exec_map(&x, UINT64_C(0x4000200000), 16, 1, x.sys.bus_addr, 0);
    exec_channel(&x, &c[0], EXEC_COPY2, choice & 8 ? 1 << 5 : 0);
    exec_channel(&x, &c[1], EXEC_GR0, 0);
    for (unsigned i = 0; i < 2; i++)
        exec_bind_copy(&c[i]);
    EXEC_METHOD(&c[1], 1, 0, x.chip.compute);
    for (unsigned i = 0; i < MAX_STEPS && in.left; i++) {
        struct exec_channel *one = &c[take(&in, 1) & 1];

        if (one->dwords > PUSH_DWORDS)
            one->dwords = one->start = 0;
        step(&x, one, &in);
    }
    exec_kick(&c[0]);
    exec_kick(&c[1]);
    exec_close(&x);
    return 0;
}
