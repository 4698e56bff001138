/* SPDX-License-Identifier: MIT */
/*
 * The sending half: a record is written in place, its checksum made on the way, and published
 * with one store to the write pointer.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "msgq_priv.h"

static uint32_t
elements(uint32_t bytes)
{
    return (bytes + GSP_MSGQ_PAGE - 1) / GSP_MSGQ_PAGE;
}

/* Copy into the ring (src NULL writes zeros, which do not change the sum). */
static void
ring_write(struct gsp_msgq_tx *tx, const uint8_t *src, size_t bytes)
{
    struct gsp_msgq *q = tx->q;
    uint8_t *ring = q->tx_queue + GSP_MSGQ_PAGE;

    while (bytes) {
        uint32_t off;
        const uint32_t part = msgq_ring_part(q->tx_write, tx->pos, bytes, &off);

        if (src) {
            tx->sum ^= gsp_sum_at(q->sum_copy(ring + off, src, part), tx->pos);
            src += part;
        } else {
            memset(ring + off, 0, part);
        }
        tx->pos += part;
        bytes -= part;
    }
}

static int
refresh_read_pointer(struct gsp_msgq *q, struct gsp_error *err)
{
    const uint32_t read = msgq_load(q->rx_queue + q->peer_read_off);

    if (read >= GSP_MSGQ_ELEMENTS)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s: peer's read pointer %u out of range 0..%u", q->tx_name, read,
                        GSP_MSGQ_ELEMENTS - 1);
    q->tx_read = read;
    return 0;
}

static uint32_t
free_elements(const struct gsp_msgq *q)
{
    const uint32_t used = q->tx_write >= q->tx_read
                              ? q->tx_write - q->tx_read
                              : q->tx_write + GSP_MSGQ_ELEMENTS - q->tx_read;

    return GSP_MSGQ_ELEMENTS - 1 - used;
}

static int
reserve(struct gsp_msgq *q, uint32_t elems, struct gsp_error *err)
{
    int rc = refresh_read_pointer(q, err);

    if (rc < 0)
        return rc;
    if (free_elements(q) >= elems)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN,
                    "%s is full: %u elements free, %u needed", q->tx_name, free_elements(q),
                    elems);
}

/* Both headers, in words. Word i of the record is at base + 8 * i: the start of a record never
 * wraps. The word with the checksum and the sequence number is left for the commit. */
static void
write_headers(struct gsp_msgq_tx *tx, uint32_t elems, const struct gsp_rpc_header *rpc)
{
    const struct gsp_msgq *q = tx->q;
    const uint32_t count_off = q->geometry.count_off;
    uint8_t *base = q->tx_queue + msgq_slot_off(q->tx_write);
    uint8_t *to = base + q->geometry.elem_hdr_bytes;
    uint64_t sum = (uint64_t)q->tx_seq << 32;

    for (unsigned i = 0; i < GSP_RPC_HEADER_BYTES; i += 8) {
        const uint64_t word = gsp_sum_load((const uint8_t *)rpc + i);

        memcpy(to + i, &word, 8);
        sum ^= word;
    }
    for (uint32_t i = 0; i < q->geometry.elem_hdr_bytes; i += 8)
        memset(base + i, 0, 8);
    if (count_off != GSP_MSGQ_NO_FIELD) {
        const uint64_t word = (uint64_t)elems << (count_off % 8 * 8);

        memcpy(base + (count_off & ~7u), &word, 8);
        sum ^= word;
    }
    tx->sum = sum;
    tx->pos = q->geometry.elem_hdr_bytes + GSP_RPC_HEADER_BYTES;
}

int
gsp_msgq_tx_begin(struct gsp_msgq *q, const struct gsp_rpc_header *rpc, struct gsp_msgq_tx *tx,
                  struct gsp_error *err)
{
    uint32_t elems;

    if (rpc->length < GSP_RPC_HEADER_BYTES || rpc->length > gsp_msgq_record_cap(&q->geometry))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -EMSGSIZE,
                        "record of %u bytes does not fit: %u..%u", rpc->length,
                        GSP_RPC_HEADER_BYTES, gsp_msgq_record_cap(&q->geometry));
    elems = elements(q->geometry.elem_hdr_bytes + rpc->length);
    if (free_elements(q) < elems) {
        int rc = reserve(q, elems, err);

        if (rc < 0)
            return rc;
    }
    tx->q = q;
    tx->end = q->geometry.elem_hdr_bytes + rpc->length;
    write_headers(tx, elems, rpc);
    return 0;
}

void
gsp_msgq_tx_put(struct gsp_msgq_tx *tx, const void *data, size_t bytes)
{
    struct gsp_msgq *q = tx->q;
    uint8_t *piece;

    assert(bytes <= tx->end - tx->pos);
    if (!msgq_is_small(q->tx_write, tx->pos, bytes)) {
        ring_write(tx, data, bytes);
        return;
    }
    piece = q->tx_queue + msgq_slot_off(q->tx_write) + tx->pos;
    tx->sum ^= gsp_sum_at(gsp_sum_small(piece, data, bytes), tx->pos);
    tx->pos += (uint32_t)bytes;
}

/* checkSum and seqNum are neighbours. They are stored as the one word that a reader on this
 * core loads: a narrower store would make that load wait for the whole record to reach memory.
 */
static void
write_sum(const struct gsp_msgq_tx *tx, uint8_t *element)
{
    const uint32_t words[2] = {gsp_sum_fold(tx->sum), tx->q->tx_seq};
    uint64_t both;

    memcpy(&both, words, 8);
    memcpy(element + tx->q->geometry.sum_off, &both, 8);
}

void
gsp_msgq_tx_commit(struct gsp_msgq_tx *tx)
{
    struct gsp_msgq *q = tx->q;
    uint8_t *element = q->tx_queue + msgq_slot_off(q->tx_write);
    const uint32_t elems = elements(tx->end);

    assert(tx->pos == tx->end);
    /* Stale ring bytes must not reach the checksum: pad to what it covers. */
    ring_write(tx, NULL,
               q->geometry.whole_sum ? elems * GSP_MSGQ_PAGE - tx->end : -tx->end & 7);
    write_sum(tx, element);
    q->tx_write = msgq_step(q->tx_write, elems);
    q->tx_seq++;
    q->stats.sent++;
    msgq_store(q->tx_queue + MSGQ_TX_WRITE_PTR, q->tx_write);
    if (q->config.kick)
        q->config.kick(q->config.ctx);
}
