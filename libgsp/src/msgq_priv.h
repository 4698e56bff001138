/* SPDX-License-Identifier: MIT */
/*
 * Inside of one queue end, shared by its sending and its receiving half.
 */
#ifndef GSP_MSGQ_PRIV_H
#define GSP_MSGQ_PRIV_H

#include <gsp/msgq.h>

#include "sum_priv.h"

/* msgqTxHeader and msgqRxHeader; gsp_msgq_geometry_at() compares them with the schema. */
enum {
    MSGQ_TX_VERSION = 0,
    MSGQ_TX_SIZE = 4,
    MSGQ_TX_MSG_SIZE = 8,
    MSGQ_TX_MSG_COUNT = 12,
    MSGQ_TX_WRITE_PTR = 16,
    MSGQ_TX_FLAGS = 20,
    MSGQ_TX_RX_HDR_OFF = 24,
    MSGQ_TX_ENTRY_OFF = 28,
    MSGQ_RX_HDR_OFF = 32, /* where we put our msgqRxHeader: readPtr is its only word */
};
enum { MSGQ_FLAGS_SWAP_RX = 1 };

enum {
    MSGQ_RING_BYTES = GSP_MSGQ_ELEMENTS * GSP_MSGQ_PAGE,
    MSGQ_HEADERS_MAX = 48 + GSP_RPC_HEADER_BYTES,
};

struct gsp_msgq {
    struct gsp_msgq_config config;
    struct gsp_msgq_geometry geometry;
    gsp_sum_fn sum_copy;
    const char *tx_name, *rx_name; /* "command queue", "status queue" */
    uint8_t *tx_queue, *rx_queue;  /* headers; elements start one page later */

    /* Sending. tx_read is the peer's read pointer as it was last looked at. */
    uint32_t tx_write, tx_read, tx_seq;

    /* Receiving. peer_read_off is where the peer keeps its read pointer within its queue. */
    uint32_t rx_read, rx_seq;
    uint32_t peer_read_off;
    bool linked;
    bool resync; /* take the next sequence number as it comes */

    uint32_t spin_ns; /* how long to spin next time */
    struct gsp_msgq_stats stats;
};

static inline uint32_t
msgq_load(const uint8_t *word)
{
    return __atomic_load_n((const uint32_t *)(const void *)word, __ATOMIC_ACQUIRE);
}

static inline void
msgq_store(void *word, uint32_t value)
{
    uint32_t *const at = word;

    __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* Where an element starts within a queue. */
static inline size_t
msgq_slot_off(uint32_t slot)
{
    return GSP_MSGQ_PAGE + (size_t)slot * GSP_MSGQ_PAGE;
}

/* A piece that is worth no call: short, and not across the ring's end. */
static inline bool
msgq_is_small(uint32_t slot, uint32_t pos, size_t bytes)
{
    return bytes <= 64 && slot * GSP_MSGQ_PAGE + pos + bytes <= MSGQ_RING_BYTES;
}

static inline uint32_t
msgq_step(uint32_t slot, uint32_t elems)
{
    slot += elems;
    return slot >= GSP_MSGQ_ELEMENTS ? slot - GSP_MSGQ_ELEMENTS : slot;
}

/* How many of `bytes` to move next and where they are in the ring: not past its end, and for
 * long pieces first up to a cache line, so that no vector of the rest lies across two. */
static inline uint32_t
msgq_ring_part(uint32_t slot, uint32_t pos, size_t bytes, uint32_t *ring_off_out)
{
    uint32_t off = slot * GSP_MSGQ_PAGE + pos;
    uint32_t run;

    if (off >= MSGQ_RING_BYTES)
        off -= MSGQ_RING_BYTES;
    *ring_off_out = off;
    run = bytes > 256 && off % 64 ? 64 - off % 64 : MSGQ_RING_BYTES - off;
    return bytes < run ? (uint32_t)bytes : run;
}

#endif
