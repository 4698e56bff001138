/* SPDX-License-Identifier: MIT */
/**
 * Remote procedure calls to GSP-RM over a pair of message queues.
 *
 * A message larger than a record is sent, and received, as a first record with the function's
 * number and continuation records (function 71) behind it. Events (functions from 0x1000 on)
 * that arrive while a reply is awaited are kept in order for gsp_rpc_event_next(). Replies are
 * matched by function and, from 570.190 and 580.82.07 on, by sequence number. The last calls
 * are remembered with their times for crash reports.
 *
 * One caller at a time. Everything that comes from the peer is bounded; what cannot be is
 * refused with an error that names it.
 */
#ifndef GSP_RPC_H
#define GSP_RPC_H

#include <gsp/backend.h>
#include <gsp/msgq.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GSP_RPC_EVENT_FIRST = 0x1000,
    GSP_RPC_INIT_DONE = 0x1001,
    GSP_RPC_CONTINUATION = 71,
    GSP_RPC_TRIES = 3,        /* reads of a record before it is given up */
    GSP_RPC_EVENTS_MAX = 256, /* queued; more are counted and dropped */
    GSP_RPC_EVENT_BYTES_MAX = 1 << 20,
    GSP_RPC_HISTORY = 64,           /* calls that are remembered */
    GSP_RPC_PAYLOAD_MAX = 16 << 20, /* of one message */
};

/** One record of the RPC history, newest last: kept for crash reports. */
struct gsp_rpc_record {
    uint64_t start_ns, end_ns; /* host clock; end 0 while unanswered */
    uint32_t function, sequence, result, bytes;
    uint32_t data[2]; /* first payload words that identify it: class or control id, object */
};

/** Bytes to send, and where bytes received go, in order. */
struct gsp_piece {
    const void *data;
    size_t bytes;
};
struct gsp_slice {
    void *data;
    size_t bytes;
};

struct gsp_rpc_stats {
    uint64_t calls, events;
    uint64_t events_lost; /* the event queue was full, or memory ran out */
    uint64_t late;        /* replies to calls that had already timed out, dropped */
    uint64_t retries;     /* records that had to be read again */
};

struct gsp_rpc;

/** Who listens in: a recorder. Called in the caller's thread; must not use the RPC. */
struct gsp_rpc_tap {
    void *ctx;
    /** A message is about to be sent. */
    void (*sent)(void *ctx, uint32_t function, const struct gsp_piece *send, unsigned sends);
    /** What came of it: rc, and when that is 0 the result and the reply, of which reply_bytes
     * arrived and the slices hold what fitted. slices is 0 for a message without an answer. */
    void (*done)(void *ctx, int rc, const struct gsp_rpc_record *record, bool answered,
                 const struct gsp_slice *reply, unsigned slices, size_t reply_bytes);
    /** An event arrived. */
    void (*event)(void *ctx, const struct gsp_event *event);
};

struct gsp_rpc_config {
    struct gsp_msgq *queue;      /* the CPU's end; borrowed */
    const struct gsp_host *host; /* borrowed; may be NULL */
    struct nvrm_abi abi;
    uint64_t timeout_ns; /* of one call, there and back; 0 means 6 s */
    /** Optional: asked before a timeout is reported. Returns 0, or a negative errno with *err
     * filled when it knows better ("the GPU has fallen off the bus"). */
    int (*health)(void *ctx, struct gsp_error *err);
    void *ctx;
    const struct gsp_rpc_tap *tap; /* borrowed; may be NULL */
};

GSP_MUST_CHECK int gsp_rpc_create(const struct gsp_rpc_config *config, struct gsp_rpc **rpc_out,
                                  struct gsp_error *err);
void gsp_rpc_destroy(struct gsp_rpc *rpc);

/** A call. Fill the first part; the second is filled when 0 is returned. */
struct gsp_rpc_call {
    uint32_t function;
    unsigned sends, slices;
    const struct gsp_piece *send;
    const struct gsp_slice *reply; /* may overlap what is sent; a longer reply is cut off */
    bool continued;    /* the reply to a message of several records has as many (only
                          GSP_RM_CONTROL); otherwise it is one */
    size_t echo_bytes; /* this many bytes of send[0] come back at the start of the reply: a
                          reply in which they differ belongs to an older call */
    uint32_t data[2];  /* for the history */

    uint32_t rpc_result;
    size_t reply_bytes; /* payload that the peer sent, also when it did not fit */
};

/** Send and wait for the answer, at most the configured timeout. 0 (see rpc_result), -ETIMEDOUT
 * (text: what was awaited; hint: what went before), -EBADMSG and -EPROTO (queue or record
 * broken, text names it), -EMSGSIZE, -ENODEV, -EINTR (the bus was interrupted; the answer is
 * dropped when it comes). On error the reply slices may be half-written. */
GSP_MUST_CHECK int gsp_rpc_call(struct gsp_rpc *rpc, struct gsp_rpc_call *call,
                                struct gsp_error *err);
/** Send without waiting: for the functions that have no answer (72, 73). */
GSP_MUST_CHECK int gsp_rpc_post(struct gsp_rpc *rpc, uint32_t function,
                                const struct gsp_piece *send, unsigned sends,
                                struct gsp_error *err);
/** Wait for one particular event; others are queued. Its payload is dropped. */
GSP_MUST_CHECK int gsp_rpc_wait_event(struct gsp_rpc *rpc, uint32_t function,
                                      uint64_t timeout_ns, uint32_t *rpc_result_out,
                                      struct gsp_error *err);
/** As gsp_backend_ops.event_next. */
GSP_MUST_CHECK int gsp_rpc_event_next(struct gsp_rpc *rpc, struct gsp_event *event_out,
                                      uint64_t timeout_ns, struct gsp_error *err);

const struct gsp_rpc_stats *gsp_rpc_stats(const struct gsp_rpc *rpc);
/** Copies the newest records, oldest of them first, at most max; returns how many. */
unsigned gsp_rpc_history(const struct gsp_rpc *rpc, struct gsp_rpc_record *records_out,
                         unsigned max);

#ifdef __cplusplus
}
#endif
#endif
