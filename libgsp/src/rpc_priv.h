/* SPDX-License-Identifier: MIT */
/*
 * Inside of RPC: the history ring, the event queue and the receive path, each in its own file.
 */
#ifndef GSP_RPC_PRIV_H
#define GSP_RPC_PRIV_H

#include <gsp/rpc.h>

#include "wire_facts_priv.h"

struct rpc_history {
    struct gsp_rpc_record ring[GSP_RPC_HISTORY];
    uint64_t made; /* records ever; the newest is made - 1 */
};

struct gsp_rpc_record *rpc_history_add(struct rpc_history *h, uint32_t function,
                                       uint32_t sequence, uint32_t bytes,
                                       const uint32_t data[2], uint64_t now_ns);
/** The newest unanswered record of this function (and sequence, when match). NULL for none. */
struct gsp_rpc_record *rpc_history_unanswered(struct rpc_history *h, uint32_t function,
                                              bool match, uint32_t sequence);
unsigned rpc_history_copy(const struct rpc_history *h, struct gsp_rpc_record *out,
                          unsigned max);
/** "GSP_RM_ALLOC 41 us, GSP_RM_CONTROL unanswered": the newest calls before `skip`. */
void rpc_history_text(const struct rpc_history *h, struct nvrm_abi abi,
                      const struct gsp_rpc_record *skip, char *text, size_t text_bytes);
/** "GSP_RM_CONTROL", or "function". */
const char *rpc_name(struct nvrm_abi abi, uint32_t function);

struct rpc_event {
    struct rpc_event *next;
    struct gsp_event event;
    uint8_t payload[];
};

struct rpc_events {
    struct rpc_event *first, *last;
    struct rpc_event *current; /* lent to the caller of gsp_rpc_event_next() */
    unsigned count;
    size_t bytes;
    uint64_t lost; /* since the last one that was queued */
};

/** Room for one event, or NULL: too many wait already, or memory ran out. */
struct rpc_event *rpc_events_reserve(struct rpc_events *q, const struct gsp_host *host,
                                     size_t payload_bytes);
void rpc_events_push(struct rpc_events *q, struct rpc_event *e);
/** Lends the oldest one out; false when there is none. */
bool rpc_events_pop(struct rpc_events *q, const struct gsp_host *host,
                    struct gsp_event *event_out);
void rpc_events_fini(struct rpc_events *q, const struct gsp_host *host);

struct gsp_rpc {
    struct gsp_rpc_config config;
    struct gsp_wire_facts facts;
    uint32_t record_cap; /* RPC header and payload of one record */
    uint32_t sequence;   /* of the next record */
    bool broken;         /* a message was sent in part: nothing after it would be understood */
    struct rpc_history history;
    struct rpc_events events;
    struct gsp_rpc_stats stats;
};

/** What a receive is looking for, and where its payload goes. */
struct rpc_want {
    uint32_t function, sequence;
    bool match_sequence;
    const struct gsp_slice *slices;
    unsigned count;
    size_t at; /* bytes into the slices where this record's payload starts */

    struct gsp_rpc_header header; /* of the record that was found */
};

/** Read one record. 1: what was wanted; 0: something else, dealt with; -EAGAIN: there is none;
 * another negative errno: err says what. */
int rpc_receive(struct gsp_rpc *rpc, struct rpc_want *want, struct gsp_error *err);
/** Wait for a record. 0; -ETIMEDOUT and -ENODEV without a text; another errno with one. */
int rpc_wait(struct gsp_rpc *rpc, uint64_t deadline_ns, struct gsp_error *err);
/** Receive until what is wanted came or the deadline passed (-ETIMEDOUT, without a text). */
int rpc_receive_until(struct gsp_rpc *rpc, struct rpc_want *want, uint64_t deadline_ns,
                      struct gsp_error *err);

#endif
