/* SPDX-License-Identifier: MIT */
/*
 * Calls: splits a message into records, sends them, and puts the answer together. Receiving is
 * in rpc_receive.c.
 */
#include <errno.h>
#include <string.h>

#include "msgq_priv.h"
#include "rpc_priv.h"

enum { MS = 1000000, DEFAULT_TIMEOUT_MS = 6000 }; /* RM waits 1.5 times its default of 4 s */

/* A walk over the pieces of a message. */
struct source {
    const struct gsp_piece *piece;
    size_t off;
};

static void
put_from(struct source *s, struct gsp_msgq_tx *tx, size_t bytes)
{
    while (bytes) {
        size_t part = s->piece->bytes - s->off;

        if (!part) {
            s->piece++;
            s->off = 0;
            continue;
        }
        if (part > bytes)
            part = bytes;
        gsp_msgq_tx_put(tx, (const uint8_t *)s->piece->data + s->off, part);
        s->off += part;
        bytes -= part;
    }
}

static int
fail_full(struct gsp_rpc *rpc, uint32_t function, struct gsp_error *err)
{
    const int health = rpc->config.health ? rpc->config.health(rpc->config.ctx, err) : 0;

    if (health < 0)
        return health;
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -ETIMEDOUT,
                    "command queue is full for %llu ms: %s (%u) not sent",
                    (unsigned long long)(rpc->config.timeout_ns / 1000000),
                    rpc_name(rpc->config.abi, function), function);
}

/* Room for one record. While the ring is full, what the peer sends is taken in: it may itself
 * be waiting for room. */
static int
begin_record(struct gsp_rpc *rpc, const struct gsp_rpc_header *h, struct gsp_msgq_tx *tx,
             uint64_t deadline_ns, struct gsp_error *err)
{
    for (;;) {
        int rc = gsp_msgq_tx_begin(rpc->config.queue, h, tx, err);

        if (rc != -EAGAIN)
            return rc;
        rc = rpc_receive(rpc, NULL, err);
        if (rc < 0 && rc != -EAGAIN)
            return rc;
        if (gsp_host_now_ns(rpc->config.host) >= deadline_ns)
            return fail_full(rpc, h->function, err);
        /* The wait lets the peer run, where it runs in our own accesses to the card. */
        if (rc == -EAGAIN &&
            rpc_wait(rpc, gsp_host_now_ns(rpc->config.host) + MS, err) == -ENODEV)
            return fail_full(rpc, h->function, err);
    }
}

/* Send a whole message; *sequence_out is that of its first record. */
static int
send_message(struct gsp_rpc *rpc, uint32_t function, const struct gsp_piece *pieces,
             size_t bytes, bool numbered, uint64_t deadline_ns, struct gsp_error *err)
{
    struct source from = {pieces, 0};
    bool first = true;

    do {
        const size_t room = rpc->record_cap - GSP_RPC_HEADER_BYTES;
        const size_t part = bytes < room ? bytes : room;
        const struct gsp_rpc_header h = {
            GSP_RPC_VERSION,
            GSP_RPC_SIGNATURE,
            (uint32_t)(GSP_RPC_HEADER_BYTES + part),
            first ? function : GSP_RPC_CONTINUATION,
            GSP_RPC_PENDING,
            GSP_RPC_PENDING,
            numbered ? rpc->sequence : 0,
            0,
        };
        struct gsp_msgq_tx tx;
        int rc = begin_record(rpc, &h, &tx, deadline_ns, err);

        if (rc < 0) {
            rpc->broken = rpc->broken || !first;
            return rc;
        }
        put_from(&from, &tx, part);
        gsp_msgq_tx_commit(&tx);
        rpc->sequence++;
        bytes -= part;
        first = false;
    } while (bytes);
    return 0;
}

static int
message_bytes(const struct gsp_piece *send, unsigned sends, size_t *bytes_out,
              struct gsp_error *err)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < sends; i++) {
        if (send[i].bytes > GSP_RPC_PAYLOAD_MAX || bytes > GSP_RPC_PAYLOAD_MAX)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EMSGSIZE, "message of more than %d bytes",
                            GSP_RPC_PAYLOAD_MAX);
        bytes += send[i].bytes;
    }
    *bytes_out = bytes;
    return 0;
}

static int
check_usable(const struct gsp_rpc *rpc, struct gsp_error *err)
{
    if (!rpc->broken)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_LOST, -EIO,
                    "an earlier message was sent only in part: GSP-RM must be restarted");
}

/* The bus says that nothing will come any more. */
static int
fail_gone(struct gsp_rpc *rpc, struct gsp_error *err)
{
    const int health = rpc->config.health ? rpc->config.health(rpc->config.ctx, err) : 0;

    return health < 0 ? health : gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV, "the device is gone");
}

/* Why an answer did not come. */
static int
fail_wait(struct gsp_rpc *rpc, int rc, const struct gsp_rpc_record *r, const char *what,
          uint64_t timeout_ns, struct gsp_error *err)
{
    char before[200];
    int health;

    if (rc != -ETIMEDOUT && rc != -ENODEV)
        return rc;
    health = rpc->config.health ? rpc->config.health(rpc->config.ctx, err) : 0;
    if (health < 0)
        return health;
    if (rc == -ENODEV)
        return fail_gone(rpc, err);
    gsp_fail(err, GSP_ORIGIN_PROTOCOL, -ETIMEDOUT,
             "%s %s (%u) sequence %u (0x%x 0x%x) within %llu ms", what,
             rpc_name(rpc->config.abi, r->function), r->function, r->sequence, r->data[0],
             r->data[1], (unsigned long long)(timeout_ns / 1000000));
    rpc_history_text(&rpc->history, rpc->config.abi, r, before, sizeof(before));
    if (before[0])
        gsp_hint(err, "before it: %s", before);
    gsp_host_log(rpc->config.host, GSP_LOG_ERROR, "%s", err ? err->text : "RPC timeout");
    return -ETIMEDOUT;
}

static bool
echo_differs(const struct gsp_rpc_call *call, const void *echo)
{
    return call->echo_bytes && call->slices && call->reply[0].bytes >= call->echo_bytes &&
           memcmp(call->reply[0].data, echo, call->echo_bytes) != 0;
}

/* The first record of the answer. Where sequence numbers are not matched, the echo tells the
 * answer to an older call of the same function from ours. */
static int
receive_first(struct gsp_rpc *rpc, struct rpc_want *want, const struct gsp_rpc_call *call,
              const void *echo, uint64_t deadline_ns, struct gsp_error *err)
{
    for (;;) {
        int rc = rpc_receive_until(rpc, want, deadline_ns, err);

        if (rc < 0 || rpc->facts.match_sequence || want->header.rpc_result ||
            !echo_differs(call, echo))
            return rc;
        rpc->stats.late++;
        if (gsp_host_now_ns(rpc->config.host) >= deadline_ns)
            return -ETIMEDOUT;
    }
}

/* The rest of an answer that did not fit into one record: it is as long as the question. */
static int
receive_rest(struct gsp_rpc *rpc, struct rpc_want *want, size_t total, uint64_t deadline_ns,
             struct gsp_error *err)
{
    while (want->header.length == rpc->record_cap && want->at < total) {
        int rc;

        want->function = GSP_RPC_CONTINUATION;
        want->sequence++;
        rc = rpc_receive_until(rpc, want, deadline_ns, err);
        if (rc < 0)
            return rc;
        want->at += want->header.length - GSP_RPC_HEADER_BYTES;
    }
    return 0;
}

static int
receive_answer(struct gsp_rpc *rpc, struct gsp_rpc_call *call, size_t sent_bytes,
               const void *echo, struct gsp_rpc_record *r, uint64_t deadline_ns,
               struct gsp_error *err)
{
    struct rpc_want want = {.function = call->function,
                            .sequence = r->sequence,
                            .match_sequence = rpc->facts.match_sequence,
                            .slices = call->reply,
                            .count = call->slices};
    int rc = receive_first(rpc, &want, call, echo, deadline_ns, err);

    if (rc < 0)
        return fail_wait(rpc, rc, r, "no reply to", rpc->config.timeout_ns, err);
    call->rpc_result = want.header.rpc_result;
    want.at = want.header.length - GSP_RPC_HEADER_BYTES;
    if (call->continued)
        rc = receive_rest(rpc, &want, sent_bytes, deadline_ns, err);
    if (rc < 0)
        return fail_wait(rpc, rc, r, "missing continuation record of the reply to",
                         rpc->config.timeout_ns, err);
    call->reply_bytes = want.at;
    r->result = call->rpc_result;
    r->end_ns = gsp_host_now_ns(rpc->config.host);
    return 0;
}

static void
tell_sent(const struct gsp_rpc *rpc, uint32_t function, const struct gsp_piece *send,
          unsigned sends)
{
    if (rpc->config.tap)
        rpc->config.tap->sent(rpc->config.tap->ctx, function, send, sends);
}

static int
tell_done(const struct gsp_rpc *rpc, int rc, const struct gsp_rpc_record *r,
          const struct gsp_rpc_call *call)
{
    const struct gsp_rpc_tap *tap = rpc->config.tap;

    if (tap && call)
        tap->done(tap->ctx, rc, r, true, call->reply, call->slices, call->reply_bytes);
    else if (tap)
        tap->done(tap->ctx, rc, r, false, NULL, 0, 0);
    return rc;
}

int
gsp_rpc_call(struct gsp_rpc *rpc, struct gsp_rpc_call *call, struct gsp_error *err)
{
    const uint64_t now = gsp_host_now_ns(rpc->config.host);
    const uint64_t deadline_ns = now + rpc->config.timeout_ns;
    struct gsp_rpc_record *r;
    uint8_t echo[32];
    size_t bytes = 0;
    int rc = check_usable(rpc, err);

    if (rc == 0)
        rc = message_bytes(call->send, call->sends, &bytes, err);
    if (rc < 0)
        return rc;
    if (call->echo_bytes > sizeof(echo))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -EINVAL, "echo of %zu bytes", call->echo_bytes);
    if (call->echo_bytes)
        memcpy(echo, call->send[0].data, call->echo_bytes);
    r = rpc_history_add(&rpc->history, call->function, rpc->sequence, (uint32_t)bytes,
                        call->data, now);
    rpc->stats.calls++;
    tell_sent(rpc, call->function, call->send, call->sends);
    rc = send_message(rpc, call->function, call->send, bytes, rpc->facts.match_sequence,
                      deadline_ns, err);
    if (rc == 0)
        rc = receive_answer(rpc, call, bytes, echo, r, deadline_ns, err);
    return tell_done(rpc, rc, r, call);
}

int
gsp_rpc_post(struct gsp_rpc *rpc, uint32_t function, const struct gsp_piece *send,
             unsigned sends, struct gsp_error *err)
{
    const uint64_t now = gsp_host_now_ns(rpc->config.host);
    static const uint32_t no_data[2];
    struct gsp_rpc_record *r;
    size_t bytes = 0;
    int rc = check_usable(rpc, err);

    if (rc == 0)
        rc = message_bytes(send, sends, &bytes, err);
    if (rc < 0)
        return rc;
    r = rpc_history_add(&rpc->history, function, rpc->sequence, (uint32_t)bytes, no_data, now);
    tell_sent(rpc, function, send, sends);
    rc = send_message(rpc, function, send, bytes, false, now + rpc->config.timeout_ns, err);
    if (rc == 0) {
        r->result = 0;
        r->end_ns = gsp_host_now_ns(rpc->config.host);
    }
    return tell_done(rpc, rc, r, NULL);
}

int
gsp_rpc_wait_event(struct gsp_rpc *rpc, uint32_t function, uint64_t timeout_ns,
                   uint32_t *rpc_result_out, struct gsp_error *err)
{
    const uint64_t now = gsp_host_now_ns(rpc->config.host);
    const struct gsp_rpc_record awaited = {.function = function};
    struct rpc_want want = {.function = function};
    int rc = rpc_receive_until(rpc, &want, now + timeout_ns, err);

    if (rc < 0)
        return fail_wait(rpc, rc, &awaited, "no event", timeout_ns, err);
    *rpc_result_out = want.header.rpc_result;
    return 0;
}

int
gsp_rpc_event_next(struct gsp_rpc *rpc, struct gsp_event *event_out, uint64_t timeout_ns,
                   struct gsp_error *err)
{
    const uint64_t deadline_ns = gsp_host_now_ns(rpc->config.host) + timeout_ns;

    while (!rpc->events.first) {
        int rc = rpc_receive(rpc, NULL, err);

        if (rc == -EAGAIN) {
            if (!timeout_ns)
                return -EAGAIN;
            rc = rpc_wait(rpc, deadline_ns, err);
            if (rc == -ETIMEDOUT)
                return -EAGAIN;
            if (rc == -ENODEV)
                return fail_gone(rpc, err);
        }
        if (rc < 0)
            return rc;
    }
    rpc_events_pop(&rpc->events, rpc->config.host, event_out);
    return 0;
}

int
gsp_rpc_create(const struct gsp_rpc_config *config, struct gsp_rpc **rpc_out,
               struct gsp_error *err)
{
    struct gsp_rpc *rpc = gsp_host_alloc(config->host, sizeof(*rpc));

    if (!rpc)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for RPC");
    rpc->config = *config;
    if (!rpc->config.timeout_ns)
        rpc->config.timeout_ns = DEFAULT_TIMEOUT_MS * UINT64_C(1000000);
    rpc->facts = gsp_wire_facts_at(config->abi);
    rpc->record_cap = gsp_msgq_record_cap(&config->queue->geometry);
    *rpc_out = rpc;
    return 0;
}

void
gsp_rpc_destroy(struct gsp_rpc *rpc)
{
    if (!rpc)
        return;
    rpc_events_fini(&rpc->events, rpc->config.host);
    gsp_host_free(rpc->config.host, rpc);
}

const struct gsp_rpc_stats *
gsp_rpc_stats(const struct gsp_rpc *rpc)
{
    return &rpc->stats;
}

unsigned
gsp_rpc_history(const struct gsp_rpc *rpc, struct gsp_rpc_record *records_out, unsigned max)
{
    return rpc_history_copy(&rpc->history, records_out, max);
}
