/* SPDX-License-Identifier: MIT */
/*
 * The receiving half of RPC: reads records, sorts them into what is awaited, events, and late
 * replies, and names what is none of these.
 */
#include <errno.h>
#include <string.h>

#include "rpc_priv.h"

static bool
is_wanted(const struct rpc_want *want, const struct gsp_rpc_header *h)
{
    return want && h->function == want->function &&
           (!want->match_sequence || h->sequence == want->sequence);
}

/* The payload into the slices from want->at on; what does not fit is skipped by rx_end. */
static void
read_into_slices(struct gsp_msgq_rx *rx, const struct rpc_want *want)
{
    size_t skip = want->at;

    for (unsigned i = 0; i < want->count && gsp_msgq_rx_left(rx); i++) {
        size_t room = want->slices[i].bytes;

        if (skip >= room) {
            skip -= room;
            continue;
        }
        room -= skip;
        if (room > gsp_msgq_rx_left(rx))
            room = gsp_msgq_rx_left(rx);
        gsp_msgq_rx_get(rx, (uint8_t *)want->slices[i].data + skip, room);
        skip = 0;
    }
}

static int
queue_event(struct gsp_rpc *rpc, struct rpc_event *e, const struct gsp_rpc_header *h)
{
    rpc->stats.events++;
    if (!e) {
        rpc->stats.events_lost++;
        rpc->events.lost++;
        gsp_host_log(rpc->config.host, GSP_LOG_WARN, "event 0x%x lost: the event queue is full",
                     h->function);
        return 0;
    }
    e->event.function = h->function;
    e->event.rpc_result = h->rpc_result;
    e->event.time_ns = gsp_host_now_ns(rpc->config.host);
    if (rpc->config.tap)
        rpc->config.tap->event(rpc->config.tap->ctx, &e->event);
    rpc_events_push(&rpc->events, e);
    return 0;
}

/* A verified record that is neither awaited nor an event. */
static int
stray_reply(struct gsp_rpc *rpc, const struct rpc_want *want, const struct gsp_rpc_header *h,
            struct gsp_error *err)
{
    struct gsp_rpc_record *r = rpc_history_unanswered(&rpc->history, h->function,
                                                      rpc->facts.match_sequence, h->sequence);

    if (r && !(want && want->function == h->function && r->sequence == want->sequence)) {
        r->end_ns = gsp_host_now_ns(rpc->config.host);
        r->result = h->rpc_result;
        rpc->stats.late++;
        gsp_host_log(rpc->config.host, GSP_LOG_WARN, "late reply to %s (%u) sequence %u",
                     rpc_name(rpc->config.abi, h->function), h->function, h->sequence);
        return 0;
    }
    if (want && want->function == h->function)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                        "reply to unknown call: %s (%u) sequence %u, awaited sequence %u",
                        rpc_name(rpc->config.abi, h->function), h->function, h->sequence,
                        want->sequence);
    if (h->function == GSP_RPC_CONTINUATION)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                        "continuation record (sequence %u) without a first piece", h->sequence);
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                    "reply to unknown call: %s (%u) sequence %u, nothing like it is awaited",
                    rpc_name(rpc->config.abi, h->function), h->function, h->sequence);
}

/* One attempt. The headers decide where bytes go before they are verified; nothing counts until
 * they are. */
static int
receive_once(struct gsp_rpc *rpc, struct rpc_want *want, struct gsp_error *err)
{
    struct gsp_msgq_rx rx;
    struct rpc_event *e = NULL;
    bool wanted, event;
    int rc = gsp_msgq_rx_begin(rpc->config.queue, &rx, err);

    if (rc < 0)
        return rc;
    wanted = is_wanted(want, &rx.rpc);
    event = !wanted && rx.rpc.function >= GSP_RPC_EVENT_FIRST;
    if (wanted) {
        read_into_slices(&rx, want);
    } else if (event) {
        e = rpc_events_reserve(&rpc->events, rpc->config.host, gsp_msgq_rx_left(&rx));
        if (e)
            gsp_msgq_rx_get(&rx, e->payload, gsp_msgq_rx_left(&rx));
    }
    rc = gsp_msgq_rx_end(&rx, err);
    if (rc < 0) {
        gsp_host_free(rpc->config.host, e);
        return rc;
    }
    if (wanted) {
        want->header = rx.rpc;
        return 1;
    }
    if (event)
        return queue_event(rpc, e, &rx.rpc);
    return stray_reply(rpc, want, &rx.rpc, err);
}

int
rpc_receive(struct gsp_rpc *rpc, struct rpc_want *want, struct gsp_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < GSP_RPC_TRIES; i++) {
        if (i) {
            rpc->stats.retries++;
            gsp_host_sleep_ns(rpc->config.host, 1000);
        }
        rc = receive_once(rpc, want, err);
        if (rc == -ESTALE) /* dropped, and not an error */
            return 0;
        if (rc != -EBADMSG)
            return rc;
    }
    gsp_msgq_rx_discard(rpc->config.queue);
    if (err)
        gsp_hint(err, "read %d times and given up", GSP_RPC_TRIES);
    return rc;
}

int
rpc_wait(struct gsp_rpc *rpc, uint64_t deadline_ns, struct gsp_error *err)
{
    const int rc = gsp_msgq_wait(rpc->config.queue, deadline_ns);

    if (rc == -EINTR)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "interrupted while waiting for GSP-RM");
    if (rc == 0 || rc == -ETIMEDOUT || rc == -ENODEV)
        return rc;
    return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "waiting for GSP-RM: %s",
                    strerrordesc_np(-rc));
}

int
rpc_receive_until(struct gsp_rpc *rpc, struct rpc_want *want, uint64_t deadline_ns,
                  struct gsp_error *err)
{
    for (unsigned i = 1;; i++) {
        int rc = rpc_receive(rpc, want, err);

        if (rc > 0)
            return 0;
        if (rc == -EAGAIN)
            rc = rpc_wait(rpc, deadline_ns, err);
        if (rc < 0)
            return rc;
        /* A peer that never stops talking must not keep us past the deadline. */
        if (i % 64 == 0 && gsp_host_now_ns(rpc->config.host) >= deadline_ns)
            return -ETIMEDOUT;
    }
}
