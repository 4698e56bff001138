/* SPDX-License-Identifier: MIT */
/*
 * Events that wait for somebody to read them: in order, bounded, with a count of what was lost.
 */
#include <string.h>

#include "rpc_priv.h"

struct rpc_event *
rpc_events_reserve(struct rpc_events *q, const struct gsp_host *host, size_t payload_bytes)
{
    struct rpc_event *e = NULL;

    if (q->count < GSP_RPC_EVENTS_MAX && q->bytes + payload_bytes <= GSP_RPC_EVENT_BYTES_MAX)
        e = gsp_host_realloc(host, NULL, sizeof(*e) + payload_bytes);
    if (!e)
        return NULL;
    *e = (struct rpc_event){.event = {.payload_bytes = payload_bytes}};
    e->event.payload = e->payload;
    return e;
}

void
rpc_events_push(struct rpc_events *q, struct rpc_event *e)
{
    e->event.lost = q->lost;
    q->lost = 0;
    if (q->last)
        q->last->next = e;
    else
        q->first = e;
    q->last = e;
    q->count++;
    q->bytes += e->event.payload_bytes;
}

bool
rpc_events_pop(struct rpc_events *q, const struct gsp_host *host, struct gsp_event *event_out)
{
    struct rpc_event *e = q->first;

    gsp_host_free(host, q->current);
    q->current = e;
    if (!e)
        return false;
    q->first = e->next;
    if (!q->first)
        q->last = NULL;
    q->count--;
    q->bytes -= e->event.payload_bytes;
    *event_out = e->event;
    return true;
}

void
rpc_events_fini(struct rpc_events *q, const struct gsp_host *host)
{
    struct gsp_event event;

    while (rpc_events_pop(q, host, &event))
        ;
}
