/* SPDX-License-Identifier: MIT */
/*
 * One control RPC there and back, both ends in one thread: ours, which marshals straight into
 * the ring, and a peer that does what CPU-RM does: build the message in a staging buffer, pad
 * it, XOR it word by word, copy it element by element; and the same on receipt. "round trip" is
 * the queues alone, "call" adds what gsp_rpc_call() does around them.
 */
#include <stdlib.h>

#include <gsp/rpc.h>

#include "bench.h"

enum {
    RPC_CONTROL = 76,
    CONTROL_BYTES = 24, /* control header of 570.144 */
    PARAMS_MAX = 61440,
    ELEM_HDR = 48,
};

struct control {
    uint32_t hClient, hObject, cmd, status, paramsSize, flags;
};

/* Ours */

struct ours {
    struct gsp_msgq *cpu, *gsp;           /* both ends of one pair */
    struct gsp_msgq *call_cpu, *call_gsp; /* and of another, under rpc */
    struct gsp_rpc *rpc;
    uint32_t params_bytes;
    uint8_t *params, *served;
};

static void
must(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "bench_rpc: %d\n", rc);
        exit(1);
    }
}

static void
ours_send(struct gsp_msgq *q, uint32_t result, uint32_t sequence, const struct control *control,
          const void *params, uint32_t bytes)
{
    const struct gsp_rpc_header rpc = {
        .header_version = GSP_RPC_VERSION,
        .signature = GSP_RPC_SIGNATURE,
        .length = GSP_RPC_HEADER_BYTES + CONTROL_BYTES + bytes,
        .function = RPC_CONTROL,
        .rpc_result = result,
        .rpc_result_private = result,
        .sequence = sequence,
    };
    struct gsp_msgq_tx tx;

    must(gsp_msgq_tx_begin(q, &rpc, &tx, NULL));
    gsp_msgq_tx_put(&tx, control, sizeof(*control));
    gsp_msgq_tx_put(&tx, params, bytes);
    gsp_msgq_tx_commit(&tx);
}

static uint32_t
ours_receive(struct gsp_msgq *q, struct control *control, void *params, uint32_t bytes)
{
    struct gsp_msgq_rx rx;

    must(gsp_msgq_rx_begin(q, &rx, NULL));
    if (rx.rpc.function != RPC_CONTROL || gsp_msgq_rx_left(&rx) != CONTROL_BYTES + bytes)
        must(-1);
    gsp_msgq_rx_get(&rx, control, sizeof(*control));
    gsp_msgq_rx_get(&rx, params, bytes);
    must(gsp_msgq_rx_end(&rx, NULL));
    return rx.rpc.sequence;
}

static void
ours_round_trip(void *ctx)
{
    struct ours *o = ctx;
    struct control control = {1, 2, 3, 0, o->params_bytes, 0};

    ours_send(o->cpu, GSP_RPC_PENDING, 0, &control, o->params, o->params_bytes);
    ours_receive(o->gsp, &control, o->served, o->params_bytes);
    ours_send(o->gsp, 0, 0, &control, o->served, o->params_bytes);
    ours_receive(o->cpu, &control, o->params, o->params_bytes);
    bench_use(o->params);
}

/* Ours with all that gsp_rpc_call() adds: matching, deadline, history with two time stamps. */

static void
ours_serve(void *ctx)
{
    struct ours *o = ctx;
    struct control control;
    const uint32_t sequence = ours_receive(o->call_gsp, &control, o->served, o->params_bytes);

    ours_send(o->call_gsp, 0, sequence, &control, o->served, o->params_bytes);
}

static void
ours_call(void *ctx)
{
    struct ours *o = ctx;
    const struct control control = {1, 2, 3, 0, o->params_bytes, 0};
    struct control answer;
    const struct gsp_piece send[] = {
        {&control,  sizeof(control)},
        {o->params, o->params_bytes}
    };
    const struct gsp_slice reply[] = {
        {&answer,   sizeof(answer) },
        {o->params, o->params_bytes}
    };
    struct gsp_rpc_call call = {
        .function = RPC_CONTROL,
        .sends = 2,
        .slices = 2,
        .send = send,
        .reply = reply,
        .continued = true,
        .echo_bytes = 8,
        .data = {3, 2}
    };

    must(gsp_rpc_call(o->rpc, &call, NULL));
    bench_use(o->params);
}

/* The peer: one staging buffer an end. */

struct stage {
    uint8_t *ring;        /* 63 elements that this end writes */
    const uint8_t *other; /* 63 elements that this end reads */
    uint64_t *buffer;     /* 64 KiB and an element */
    volatile uint32_t *write, *their_write, *read, *their_read;
    uint32_t tx_seq, rx_seq;
};

struct element {
    uint8_t tag[16], aad[16];
    uint32_t sum, seq, count, pad;
    struct gsp_rpc_header rpc;
    struct control control;
    uint8_t params[];
};

struct peer {
    struct stage cpu, gsp;
    uint32_t pointers[4 * 16]; /* a cache line each */
    uint32_t params_bytes;
    uint8_t *params;
};

typedef uint64_t __attribute__((may_alias)) sum_word;

__attribute__((noinline)) static uint32_t
stage_sum(const void *data, uint32_t bytes)
{
    const sum_word *p = data;
    const sum_word *end = (const sum_word *)(const void *)((const uint8_t *)data + bytes);
    uint64_t sum = 0;

    while (p < end)
        sum ^= *p++;
    return (uint32_t)(sum >> 32) ^ (uint32_t)sum;
}

static void
stage_send(struct stage *s)
{
    struct element *e = (struct element *)(void *)s->buffer;
    const uint32_t bytes = ELEM_HDR + e->rpc.length;
    uint32_t slot = *s->write;

    if (bytes & 7)
        memset((uint8_t *)e + bytes, 0, 8 - (bytes & 7));
    e->seq = s->tx_seq++;
    e->count = (bytes + GSP_MSGQ_PAGE - 1) / GSP_MSGQ_PAGE;
    e->sum = 0;
    e->sum = stage_sum(s->buffer, bytes);
    for (uint32_t i = 0; i < e->count; i++) {
        if ((*s->their_read + GSP_MSGQ_ELEMENTS - slot - 1) % GSP_MSGQ_ELEMENTS == 0)
            must(-1);
        memcpy(s->ring + (size_t)slot * GSP_MSGQ_PAGE, (uint8_t *)e + (size_t)i * GSP_MSGQ_PAGE,
               GSP_MSGQ_PAGE);
        slot = (slot + 1) % GSP_MSGQ_ELEMENTS;
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *s->write = slot;
}

static struct element *
stage_receive(struct stage *s)
{
    struct element *e = (struct element *)(void *)s->buffer;
    uint32_t slot = *s->read, count = 1;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < count; i++) {
        if (slot == *s->their_write)
            must(-1);
        memcpy((uint8_t *)e + (size_t)i * GSP_MSGQ_PAGE,
               s->other + (size_t)slot * GSP_MSGQ_PAGE, GSP_MSGQ_PAGE);
        slot = (slot + 1) % GSP_MSGQ_ELEMENTS;
        if (i == 0)
            count = e->count;
    }
    if (stage_sum(s->buffer, ELEM_HDR + e->rpc.length) || e->seq != s->rx_seq)
        must(-1);
    s->rx_seq++;
    *s->read = slot;
    return e;
}

static void
peer_round_trip(void *ctx)
{
    struct peer *p = ctx;
    struct element *e = (struct element *)(void *)p->cpu.buffer;

    memset(e, 0, offsetof(struct element, params));
    e->rpc = (struct gsp_rpc_header){
        0x03000000,  0x43505256, GSP_RPC_HEADER_BYTES + CONTROL_BYTES + p->params_bytes,
        RPC_CONTROL, 0xffffffff, 0xffffffff,
        0,           0};
    e->control = (struct control){1, 2, 3, 0, p->params_bytes, 0};
    memcpy(e->params, p->params, p->params_bytes);
    stage_send(&p->cpu);
    stage_receive(&p->gsp); /* served in place, answered from the same buffer */
    stage_send(&p->gsp);
    e = stage_receive(&p->cpu);
    memcpy(p->params, e->params, p->params_bytes);
    bench_use(p->params);
}

/* CPU-RM keeps a history too: an entry with a time stamp when sent, one more when answered. */
static void
peer_call(void *ctx)
{
    static struct gsp_rpc_record history[GSP_RPC_HISTORY];
    static unsigned next;
    struct gsp_rpc_record *r = &history[next++ % GSP_RPC_HISTORY];

    *r = (struct gsp_rpc_record){.start_ns = bench_now_ns(), .function = RPC_CONTROL};
    peer_round_trip(ctx);
    r->end_ns = bench_now_ns();
    bench_use(r);
}

/* Cases */

static void *
pages(size_t bytes)
{
    void *p = aligned_alloc(GSP_MSGQ_PAGE, bytes);

    if (!p)
        must(-1);
    memset(p, 0, bytes);
    return p;
}

static struct gsp_msgq *
open_end(void *block, enum gsp_msgq_end end, void (*kick)(void *ctx), void *ctx)
{
    const struct gsp_msgq_config config = {
        .block = block,
        .end = end,
        .geometry = {ELEM_HDR, 32, 36, 40, false},
        .kick = kick,
        .ctx = ctx
    };
    struct gsp_msgq *q;

    must(gsp_msgq_create(&config, &q, NULL));
    return q;
}

static void
ours_init(struct ours *o)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct gsp_rpc_config config = {
        .abi = {s, nvrm_release_newest(s)}
    };
    void *block = pages(GSP_MSGQ_BLOCK_BYTES), *call_block = pages(GSP_MSGQ_BLOCK_BYTES);

    o->params = pages(PARAMS_MAX);
    o->served = pages(PARAMS_MAX);
    o->cpu = open_end(block, GSP_MSGQ_CPU, NULL, NULL);
    o->gsp = open_end(block, GSP_MSGQ_GSP, NULL, NULL);
    o->call_cpu = open_end(call_block, GSP_MSGQ_CPU, ours_serve, o);
    o->call_gsp = open_end(call_block, GSP_MSGQ_GSP, NULL, NULL);
    must(gsp_msgq_link(o->cpu, NULL));
    must(gsp_msgq_link(o->gsp, NULL));
    must(gsp_msgq_link(o->call_cpu, NULL));
    must(gsp_msgq_link(o->call_gsp, NULL));
    config.queue = o->call_cpu;
    must(gsp_rpc_create(&config, &o->rpc, NULL));
}

static void
peer_init(struct peer *p, uint8_t *params)
{
    uint8_t *cmd = pages(GSP_MSGQ_QUEUE_BYTES), *stat = pages(GSP_MSGQ_QUEUE_BYTES);
    const size_t stage_bytes = GSP_MSGQ_RECORD_BYTES + GSP_MSGQ_PAGE;
    uint32_t *w = p->pointers;

    p->cpu = (struct stage){cmd, stat, pages(stage_bytes), w, w + 16, w + 32, w + 48, 0, 0};
    p->gsp = (struct stage){stat, cmd, pages(stage_bytes), w + 16, w, w + 48, w + 32, 0, 0};
    p->params = params;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint32_t bytes;
    } cases[] = {
        {"16 B",   16   },
        {"4 KiB",  4096 },
        {"60 KiB", 61440},
    };
    const struct bench b = bench_init("rpc", argc, argv);
    static struct ours ours;
    static struct peer peer;

    ours_init(&ours);
    peer_init(&peer, ours.params);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench_side sides[] = {
            {.name = "ours",           .run = ours_round_trip, .ctx = &ours},
            {.name = "stage-sum-copy", .run = peer_round_trip, .ctx = &peer},
        };
        char name[32];

        ours.params_bytes = peer.params_bytes = cases[i].bytes;
        snprintf(name, sizeof(name), "round trip %s", cases[i].name);
        bench_compare(&b, name, sides, 2);
        sides[0].run = ours_call;
        sides[1].run = peer_call;
        snprintf(name, sizeof(name), "call %s", cases[i].name);
        bench_compare(&b, name, sides, 2);
    }
    return 0;
}
