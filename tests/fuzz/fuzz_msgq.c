/* SPDX-License-Identifier: MIT */
/*
 * A hostile peer, as a program: the input is a list of steps that send records, overwrite words
 * of the shared block and let RPC receive. Nothing may be read or written outside the block,
 * and everything must end.
 */
#include <stdlib.h>
#include <string.h>

#include <gsp/rpc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step { SEND, POKE, POKE_HEADER, POKE_RECORD, CALL, CALL_LARGE, EVENT, AWAIT, POST, STEPS };

struct input {
    const uint8_t *at;
    size_t left;
};

struct peers {
    uint8_t *block;
    struct gsp_msgq *cpu, *gsp;
    struct gsp_rpc *rpc;
    uint64_t clock_ns;
    uint8_t payload[200000];
};

static uint32_t
take(struct input *in, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes && in->left; i++, in->left--)
        value |= (uint32_t)*in->at++ << (8 * i);
    return value;
}

/* A clock that runs a millisecond each time it is read: deadlines pass without waiting. */
static uint64_t
now_ns(void *ctx)
{
    struct peers *p = ctx;

    return p->clock_ns += 1000000;
}

static void
no_sleep(void *ctx, uint64_t ns)
{
    (void)ctx;
    (void)ns;
}

static void
send_record(struct peers *p, struct input *in)
{
    const uint32_t function = take(in, 2), bytes = take(in, 2) % 65400;
    const struct gsp_rpc_header rpc = {GSP_RPC_VERSION,
                                       GSP_RPC_SIGNATURE,
                                       GSP_RPC_HEADER_BYTES + bytes,
                                       function,
                                       take(in, 1),
                                       0,
                                       take(in, 1),
                                       0};
    struct gsp_msgq_tx tx;

    if (gsp_msgq_tx_begin(p->gsp, &rpc, &tx, NULL) < 0)
        return;
    gsp_msgq_tx_put(&tx, p->payload, bytes);
    gsp_msgq_tx_commit(&tx);
}

static void
poke(struct peers *p, uint32_t offset, uint32_t value)
{
    offset = offset % (GSP_MSGQ_BLOCK_BYTES - 3) & ~3u;
    memcpy(p->block + offset, &value, 4);
}

static void
call(struct peers *p, uint32_t function, uint32_t bytes)
{
    static uint8_t reply[sizeof(p->payload)];
    const struct gsp_piece piece = {p->payload, bytes};
    const struct gsp_slice slices[] = {
        {reply,      24                         },
        {reply + 24, bytes < 24 ? 0 : bytes - 24}
    };
    struct gsp_rpc_call c = {.function = function,
                             .sends = 1,
                             .slices = 2,
                             .send = &piece,
                             .reply = slices,
                             .continued = true,
                             .echo_bytes = bytes < 8 ? 0 : 8};
    struct gsp_error err;

    if (gsp_rpc_call(p->rpc, &c, &err) == 0 && c.reply_bytes > GSP_RPC_PAYLOAD_MAX)
        abort();
}

static void
one_step(struct peers *p, struct input *in)
{
    struct gsp_error err;
    struct gsp_event event;
    uint32_t result;

    switch (take(in, 1) % STEPS) {
    case SEND:
        send_record(p, in);
        break;
    case POKE:
        poke(p, take(in, 3), take(in, 4));
        break;
    case POKE_HEADER:
        poke(p, GSP_MSGQ_STAT_OFF + take(in, 1) % 40, take(in, 4));
        break;
    case POKE_RECORD:
        poke(p, GSP_MSGQ_STAT_OFF + GSP_MSGQ_PAGE * (1 + take(in, 1) % 63) + take(in, 1) % 96,
             take(in, 4));
        break;
    case CALL:
        call(p, take(in, 2), take(in, 2) % 5000);
        break;
    case CALL_LARGE:
        call(p, 76, 60000 + take(in, 2) * 2);
        break;
    case EVENT:
        if (gsp_rpc_event_next(p->rpc, &event, 0, &err) == 0 && event.payload_bytes)
            p->payload[0] ^= ((const uint8_t *)event.payload)[event.payload_bytes - 1];
        break;
    case AWAIT:
        if (gsp_rpc_wait_event(p->rpc, take(in, 2), 1000000, &result, &err) < 0)
            break;
        break;
    case POST:
        if (gsp_rpc_post(p->rpc, 73, &(struct gsp_piece){p->payload, take(in, 2)}, 1, &err) < 0)
            break;
        break;
    }
}

static void
open_end(struct peers *p, const struct gsp_host *host, unsigned kind, enum gsp_msgq_end end,
         struct gsp_msgq **out)
{
    static const struct gsp_msgq_geometry geometries[] = {
        {48, 32, 36, 40,                false},
        {48, 32, 36, 40,                true },
        {8,  0,  4,  GSP_MSGQ_NO_FIELD, false},
    };
    const struct gsp_msgq_config config = {
        .block = p->block, .end = end, .geometry = geometries[kind % 3], .host = host};

    if (gsp_msgq_create(&config, out, NULL) < 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct peers *p = calloc(1, sizeof(*p));
    const unsigned kind = take(&in, 1);
    const struct gsp_host host = {.ctx = p, .now_ns = now_ns, .sleep_ns = no_sleep};
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct gsp_rpc_config config = {
        .host = &host,
        .abi = {s, kind & 0x80 ? nvrm_release_newest(s) : 0},
        .timeout_ns = 30000000,
    };

    if (!p || !(p->block = aligned_alloc(GSP_MSGQ_PAGE, GSP_MSGQ_BLOCK_BYTES)))
        abort();
    memset(p->block, 0, GSP_MSGQ_BLOCK_BYTES);
    memset(p->payload, 0x11, sizeof(p->payload));
    open_end(p, &host, kind, GSP_MSGQ_CPU, &p->cpu);
    open_end(p, &host, kind, GSP_MSGQ_GSP, &p->gsp);
    config.queue = p->cpu;
    if (gsp_msgq_link(p->cpu, NULL) < 0 || gsp_rpc_create(&config, &p->rpc, NULL) < 0)
        abort();
    for (unsigned i = 0; i < 200 && in.left; i++)
        one_step(p, &in);
    gsp_rpc_destroy(p->rpc);
    gsp_msgq_destroy(p->gsp);
    gsp_msgq_destroy(p->cpu);
    free(p->block);
    free(p);
    return 0;
}
