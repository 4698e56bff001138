/* SPDX-License-Identifier: MIT */
/**
 * The message queues between a CPU and GSP-RM: one end of a queue pair in shared memory.
 *
 * The block is [page table][command queue][status queue]; each queue is a header page and 63
 * elements of 4 KiB. A record is an element header, an RPC header and a payload, at most 64
 * KiB, and may wrap. Records are written piece by piece straight into the ring and their
 * checksum is folded while the bytes move, once, in both directions.
 *
 * The peer may write any word of the block at any time. Every shared word is read once, checked
 * and never read again; whatever the bytes are, no access leaves the block and no loop depends
 * on the peer. What is wrong has a name in err->text.
 *
 * One thread at a time per end; the two ends need no lock between them. Offsets and rules were
 * taken from message_queue_cpu.c and msgq.c of the open kernel modules; those that differ
 * between releases are in struct gsp_msgq_geometry. docs/wire.md draws the picture.
 */
#ifndef GSP_MSGQ_H
#define GSP_MSGQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GSP_MSGQ_PAGE = 0x1000,          /* bytes of an element, and of every page */
    GSP_MSGQ_TABLE_BYTES = 0x1000,   /* page table in front of the queues */
    GSP_MSGQ_QUEUE_BYTES = 0x40000,  /* one queue with its header page */
    GSP_MSGQ_BLOCK_BYTES = 0x81000,  /* page table and both queues */
    GSP_MSGQ_PAGES = 0x81,           /* entries of the page table: it lists itself too */
    GSP_MSGQ_ELEMENTS = 63,          /* per queue; 62 can be in flight */
    GSP_MSGQ_RECORD_ELEMENTS = 16,   /* of one record */
    GSP_MSGQ_RECORD_BYTES = 0x10000, /* of one record with both headers */
    GSP_MSGQ_CMD_OFF = 0x1000,       /* command queue from the start of the block */
    GSP_MSGQ_STAT_OFF = 0x41000,     /* status queue */
    GSP_RPC_HEADER_BYTES = 0x20,     /* rpc_message_header, the same in every release */
};

/** What differs between releases. gsp_msgq_geometry_at() fills it from the schema. */
struct gsp_msgq_geometry {
    uint32_t elem_hdr_bytes; /* before the RPC header: 8 in 535.54.03, 48 since */
    uint32_t sum_off;        /* checkSum within the element header */
    uint32_t seq_off;        /* seqNum */
    uint32_t count_off;      /* elemCount, or GSP_MSGQ_NO_FIELD: derived from the length */
    bool whole_sum; /* the checksum covers whole elements, not just header and length */
};
#define GSP_MSGQ_NO_FIELD 0xffffffffu

/** The geometry of a release. -ENOENT with origin RELEASE when the schema's queue structs are
 * not the ones this code knows. */
GSP_MUST_CHECK int gsp_msgq_geometry_at(struct nvrm_abi abi, struct gsp_msgq_geometry *out,
                                        struct gsp_error *err);
/** Largest RPC header + payload of one record. */
uint32_t gsp_msgq_record_cap(const struct gsp_msgq_geometry *g);

enum gsp_msgq_end { GSP_MSGQ_CPU /* writes commands */, GSP_MSGQ_GSP /* writes status */ };

/** One end of a queue pair. */
struct gsp_msgq;

struct gsp_msgq_config {
    void *block;           /* GSP_MSGQ_BLOCK_BYTES, page-aligned; borrowed */
    enum gsp_msgq_end end; /* which end this is */
    struct gsp_msgq_geometry geometry;
    const struct gsp_host *host; /* borrowed; may be NULL */

    /** Optional: tell the peer that its queue has something. Called after every commit. */
    void (*kick)(void *ctx);
    /** Optional: sleep until the peer may have written, at most timeout_ns. 0 to look again,
     * -ETIMEDOUT when nothing will come in that time, another errno to give up. */
    int (*sleep)(void *ctx, uint64_t timeout_ns);
    void *ctx;
    uint32_t spin_ns; /* longest spin before sleep(); 0 never spins */
};

/** What the queue has seen since it was made. */
struct gsp_msgq_stats {
    uint64_t sent, received; /* whole records */
    uint64_t stale;          /* records below the expected sequence number, dropped */
    uint64_t discarded;      /* records given up on after gsp_msgq_rx_discard() */
    uint64_t spun, slept;    /* waits that ended while spinning; calls of sleep() */
};

/** Write the page table: entry i is bus_addr + i * 4096. The block must be zeroed. */
void gsp_msgq_page_table(void *block, uint64_t bus_addr);

/** Make one end and publish its queue header. The block must be zeroed before the first end is
 * made. 0, -ENOMEM, -EINVAL (geometry that cannot be). */
GSP_MUST_CHECK int gsp_msgq_create(const struct gsp_msgq_config *config,
                                   struct gsp_msgq **q_out, struct gsp_error *err);
void gsp_msgq_destroy(struct gsp_msgq *q);

/** Look for the peer's queue header. 0 once it is valid; -EAGAIN while it is still zero;
 * -EBADMSG (text names the field) when it is something else, which may just mean that it is
 * being written: try again until a deadline. Receiving needs this, sending does not. */
GSP_MUST_CHECK int gsp_msgq_link(struct gsp_msgq *q, struct gsp_error *err);

const struct gsp_msgq_stats *gsp_msgq_stats(const struct gsp_msgq *q);

/* Sending */

/** rpc_message_header, the same in every release. */
struct gsp_rpc_header {
    uint32_t header_version, signature;
    uint32_t length; /* of this header and the payload */
    uint32_t function;
    uint32_t rpc_result, rpc_result_private; /* GSP_RPC_PENDING in a request */
    uint32_t sequence, spare;
};
#define GSP_RPC_VERSION   0x03000000u
#define GSP_RPC_SIGNATURE 0x43505256u /* "VRPC" */
#define GSP_RPC_PENDING   0xffffffffu

/** A record that is being written; plain storage, abandoned by forgetting it. */
struct gsp_msgq_tx {
    struct gsp_msgq *q;
    uint32_t pos, end; /* record bytes written, and in all, from the element header on */
    uint64_t sum;
};

/** Reserve room for one record of rpc->length bytes and write its headers. 0, -EAGAIN (ring
 * full), -EMSGSIZE, -EBADMSG (the peer's read pointer is out of range). */
GSP_MUST_CHECK int gsp_msgq_tx_begin(struct gsp_msgq *q, const struct gsp_rpc_header *rpc,
                                     struct gsp_msgq_tx *tx, struct gsp_error *err);
/** Append bytes; all puts together must make the payload. */
void gsp_msgq_tx_put(struct gsp_msgq_tx *tx, const void *data, size_t bytes);
/** Publish the record and kick the peer. */
void gsp_msgq_tx_commit(struct gsp_msgq_tx *tx);

/* Receiving */

/** A record that is being read; plain storage. Nothing in it is verified before
 * gsp_msgq_rx_end(), but length and elems are already within bounds. */
struct gsp_msgq_rx {
    struct gsp_msgq *q;
    struct gsp_rpc_header rpc;
    uint32_t elems;   /* elements the record takes */
    uint32_t seq;     /* element header's seqNum */
    uint32_t pos;     /* record bytes read, from the element header on */
    uint32_t sum_end; /* record bytes that the checksum covers */
    uint32_t rpc_end; /* record bytes up to the end of the payload */
    uint64_t sum;
};

/** Start reading the oldest record. 0, -EAGAIN (none), -EBADMSG (a header that cannot be:
 * write pointer, elemCount, length, signature). After -EBADMSG the record is still there. */
GSP_MUST_CHECK int gsp_msgq_rx_begin(struct gsp_msgq *q, struct gsp_msgq_rx *rx,
                                     struct gsp_error *err);
/** Payload bytes not read yet. */
uint32_t gsp_msgq_rx_left(const struct gsp_msgq_rx *rx);
/** Copy the next payload bytes; at most gsp_msgq_rx_left(). */
void gsp_msgq_rx_get(struct gsp_msgq_rx *rx, void *data, size_t bytes);
/** Verify and consume; payload that was not read is skipped. 0; -EBADMSG (bad checksum: the
 * record stays, read it again or discard it); -ESTALE (a sequence number that has already
 * passed: dropped); -EPROTO (a gap in sequence numbers: consumed, and the next number is
 * accepted as it comes). */
GSP_MUST_CHECK int gsp_msgq_rx_end(struct gsp_msgq_rx *rx, struct gsp_error *err);
/** Give up on the oldest record, whatever it is: step over it, or over all that is there when
 * its element count makes no sense, and accept the next sequence number as it comes. */
void gsp_msgq_rx_discard(struct gsp_msgq *q);

/** True when a record waits (or the peer's write pointer makes no sense). */
bool gsp_msgq_rx_ready(struct gsp_msgq *q);
/** Wait for a record: spin as long as spinning has paid off lately, then sleep(). 0,
 * -ETIMEDOUT, or what sleep() said. deadline_ns is in host time. */
GSP_MUST_CHECK int gsp_msgq_wait(struct gsp_msgq *q, uint64_t deadline_ns);

#ifdef __cplusplus
}
#endif
#endif
