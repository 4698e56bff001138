/* SPDX-License-Identifier: MIT */
/* The frame of a trace record, shared by writer and reader. */
#ifndef GSP_TRACE_PRIV_H
#define GSP_TRACE_PRIV_H

#include <string.h>

#include <gsp/trace.h>

#define TRACE_SYNC 0x3154564eu /* "NVT1" */

/** A record's header as it lies in the file, little-endian. */
struct trace_frame {
    uint32_t sync;
    uint32_t header_crc;  /* CRC-32 of what follows, up to the payload */
    uint32_t payload_crc; /* CRC-32 of the payload */
    uint32_t length;      /* of the payload; a multiple of 8 */
    uint16_t type, flags;
    uint32_t tid;
    uint64_t time_ns, duration_ns;
    int32_t rc;
    uint32_t status;
};
_Static_assert(sizeof(struct trace_frame) == GSP_TRACE_HEADER, "docs/trace.md");

/** In front of a payload: then args numbers of 64 bits, the lengths of the pieces in 32 bits
 * each, and the pieces; each of the three is padded to 8 bytes, and so is every piece. */
struct trace_counts {
    uint16_t args, pieces;
    uint32_t zero;
};

static inline size_t
trace_pad(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/** Bytes that are ours to change, through a pointer that is const for everybody else. */
static inline uint8_t *
trace_writable(const void *p)
{
    uint8_t *writable;

    memcpy(&writable, &p, sizeof(writable));
    return writable;
}

/** CRC-32 as zlib and PNG have it. */
uint32_t trace_crc(const void *data, size_t bytes);

#endif
