/* SPDX-License-Identifier: MIT */
/*
 * The receiving half: a record is copied to where it is wanted straight from the ring, and the
 * checksum of exactly those bytes decides whether it counts.
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

/* Copy from the ring (dst NULL only folds). */
static void
ring_read(struct gsp_msgq_rx *rx, uint8_t *dst, size_t bytes)
{
    struct gsp_msgq *q = rx->q;
    const uint8_t *ring = q->rx_queue + GSP_MSGQ_PAGE;

    while (bytes) {
        uint32_t off;
        const uint32_t part = msgq_ring_part(q->rx_read, rx->pos, bytes, &off);

        rx->sum ^= gsp_sum_at(q->sum_copy(dst, ring + off, part), rx->pos);
        if (dst)
            dst += part;
        rx->pos += part;
        bytes -= part;
    }
}

static int
bad_record(const struct gsp_msgq *q, struct gsp_error *err, const char *what, uint32_t value,
           uint32_t limit)
{
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s: %s (%u, %u)", q->rx_name, what,
                    value, limit);
}

/* Elements that the peer says are there. */
static int
available(struct gsp_msgq *q, uint32_t *out, struct gsp_error *err)
{
    const uint32_t write = msgq_load(q->rx_queue + MSGQ_TX_WRITE_PTR);

    if (write >= GSP_MSGQ_ELEMENTS)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s: write pointer %u out of range 0..%u", q->rx_name, write,
                        GSP_MSGQ_ELEMENTS - 1);
    *out = write >= q->rx_read ? write - q->rx_read : write + GSP_MSGQ_ELEMENTS - q->rx_read;
    return 0;
}

/* Names what is wrong with a header. The bounds that keep us inside the block come first. */
static int
check_record(struct gsp_msgq_rx *rx, uint32_t count, uint32_t there, struct gsp_error *err)
{
    const struct gsp_msgq_geometry *g = &rx->q->geometry;
    const uint32_t length = rx->rpc.length;

    if (g->count_off != GSP_MSGQ_NO_FIELD && (!count || count > GSP_MSGQ_RECORD_ELEMENTS))
        return bad_record(rx->q, err, "elemCount out of range (got, limit)", count,
                          GSP_MSGQ_RECORD_ELEMENTS);
    if (length < GSP_RPC_HEADER_BYTES || length > gsp_msgq_record_cap(g))
        return bad_record(rx->q, err, "RPC length out of range (got, limit)", length,
                          gsp_msgq_record_cap(g));
    rx->elems = elements(g->elem_hdr_bytes + length);
    if (g->count_off != GSP_MSGQ_NO_FIELD && count != rx->elems)
        return bad_record(rx->q, err, "elemCount does not fit the length (got, needed)", count,
                          rx->elems);
    if (rx->elems > there)
        return bad_record(rx->q, err, "incomplete record (elements needed, there)", rx->elems,
                          there);
    if (rx->rpc.signature != GSP_RPC_SIGNATURE || rx->rpc.header_version != GSP_RPC_VERSION)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s: RPC header with signature 0x%x, version 0x%x", rx->q->rx_name,
                        rx->rpc.signature, rx->rpc.header_version);
    return 0;
}

/* Both headers, word by word, each loaded once: the start of a record never wraps. */
static void
read_headers(struct gsp_msgq_rx *rx, uint32_t *count_out)
{
    const struct gsp_msgq_geometry *g = &rx->q->geometry;
    const uint8_t *base = rx->q->rx_queue + msgq_slot_off(rx->q->rx_read);
    const uint32_t end = g->elem_hdr_bytes + GSP_RPC_HEADER_BYTES;
    uint64_t words[MSGQ_HEADERS_MAX / 8], sum = 0;

    for (uint32_t i = 0; i < end / 8; i++) {
        words[i] = __atomic_load_n((const uint64_t *)(const void *)base + i, __ATOMIC_RELAXED);
        sum ^= words[i];
    }
    rx->sum = sum;
    for (size_t i = 0; i < GSP_RPC_HEADER_BYTES / 8; i++)
        memcpy((uint8_t *)&rx->rpc + 8 * i, &words[g->elem_hdr_bytes / 8 + i], 8);
    rx->seq = (uint32_t)(words[g->sum_off / 8] >> 32);
    *count_out = 0;
    if (g->count_off != GSP_MSGQ_NO_FIELD)
        *count_out = (uint32_t)(words[g->count_off / 8] >> (g->count_off % 8 * 8));
    rx->pos = end;
}

int
gsp_msgq_rx_begin(struct gsp_msgq *q, struct gsp_msgq_rx *rx, struct gsp_error *err)
{
    uint32_t there = 0, count;
    int rc;

    _Static_assert(sizeof(rx->rpc) == GSP_RPC_HEADER_BYTES, "the header as on the wire");
    if (!q->linked)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN, "%s is not linked", q->rx_name);
    rc = available(q, &there, err);
    if (rc < 0)
        return rc;
    if (!there)
        return -EAGAIN; /* the common case of a poll: no text */
    rx->q = q;
    read_headers(rx, &count);
    rc = check_record(rx, count, there, err);
    if (rc < 0)
        return rc;
    rx->rpc_end = q->geometry.elem_hdr_bytes + rx->rpc.length;
    rx->sum_end = q->geometry.whole_sum ? rx->elems * GSP_MSGQ_PAGE : (rx->rpc_end + 7) & ~7u;
    return 0;
}

uint32_t
gsp_msgq_rx_left(const struct gsp_msgq_rx *rx)
{
    return rx->rpc_end - rx->pos;
}

void
gsp_msgq_rx_get(struct gsp_msgq_rx *rx, void *data, size_t bytes)
{
    const struct gsp_msgq *q = rx->q;
    const uint8_t *piece;

    assert(bytes <= gsp_msgq_rx_left(rx));
    if (!msgq_is_small(q->rx_read, rx->pos, bytes)) {
        ring_read(rx, data, bytes);
        return;
    }
    piece = q->rx_queue + msgq_slot_off(q->rx_read) + rx->pos;
    rx->sum ^= gsp_sum_at(gsp_sum_small(data, piece, bytes), rx->pos);
    rx->pos += (uint32_t)bytes;
}

static void
consume(struct gsp_msgq *q, uint32_t elems)
{
    q->rx_read = msgq_step(q->rx_read, elems);
    msgq_store(q->tx_queue + MSGQ_RX_HDR_OFF, q->rx_read);
}

int
gsp_msgq_rx_end(struct gsp_msgq_rx *rx, struct gsp_error *err)
{
    struct gsp_msgq *q = rx->q;
    const uint32_t expected = q->rx_seq;

    if (rx->sum_end > rx->pos)
        ring_read(rx, NULL, rx->sum_end - rx->pos);
    if (gsp_sum_fold(rx->sum))
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s: bad checksum in record %u (function 0x%x, %u bytes)", q->rx_name,
                        rx->seq, rx->rpc.function, rx->rpc.length);
    consume(q, rx->elems);
    if (!q->resync && rx->seq < expected) {
        q->stats.stale++;
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -ESTALE,
                        "%s: record %u is older than %u, dropped", q->rx_name, rx->seq,
                        expected);
    }
    q->stats.received++;
    if (!q->resync && rx->seq != expected) {
        q->resync = true; /* lost records or a wrong number: the next one will tell */
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                        "%s: gap in sequence numbers: record %u, expected %u", q->rx_name,
                        rx->seq, expected);
    }
    q->rx_seq = rx->seq + 1;
    q->resync = false;
    return 0;
}

/* The oldest record's element count if it can be believed at all. */
static uint32_t
claimed_elements(struct gsp_msgq *q, uint32_t there)
{
    struct gsp_msgq_rx rx = {.q = q};
    uint32_t count;

    read_headers(&rx, &count);
    if (q->geometry.count_off == GSP_MSGQ_NO_FIELD && rx.rpc.length <= GSP_MSGQ_RECORD_BYTES)
        count = elements(q->geometry.elem_hdr_bytes + rx.rpc.length);
    return count && count <= there && count <= GSP_MSGQ_RECORD_ELEMENTS ? count : there;
}

void
gsp_msgq_rx_discard(struct gsp_msgq *q)
{
    uint32_t there = 0;

    if (available(q, &there, NULL) < 0 || !there)
        return;
    consume(q, claimed_elements(q, there));
    q->stats.discarded++;
    q->resync = true;
}
