/* SPDX-License-Identifier: MIT */
/*
 * The GSP's end of the queues for tests, written byte by byte from the facts and sharing
 * nothing with libgsp: what the two agree on was decided twice.
 */
#ifndef TEST_FAKE_GSP_H
#define TEST_FAKE_GSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FAKE_BLOCK = 0x81000,
    FAKE_CMD = 0x1000,
    FAKE_STAT = 0x41000,
    FAKE_PAGE = 0x1000,
    FAKE_SLOTS = 63,
    FAKE_RECORD = 0x10000,
};

struct fake_gsp {
    uint8_t *block;
    uint32_t hdr;   /* element header bytes: 8 or 48 */
    bool whole_sum; /* checksum over whole elements */
    uint32_t seq;   /* next status record */
};

/** One record, headers taken apart. */
struct fake_record {
    uint32_t sum, seq, count;            /* element header */
    uint32_t version, signature, length; /* RPC header */
    uint32_t function, result, private_result;
    uint32_t sequence, spare;
    uint8_t payload[FAKE_RECORD];
    uint32_t payload_bytes;
};

/** Zero the block and publish the status queue's header. */
void fake_gsp_init(struct fake_gsp *f, void *block, uint32_t hdr);
/** Take the oldest command; false when there is none. Fails the test when its bytes are wrong.
 */
bool fake_gsp_take(struct fake_gsp *f, struct fake_record *out);
/** Send a well-formed record. */
void fake_gsp_send(struct fake_gsp *f, uint32_t function, uint32_t result, uint32_t sequence,
                   const void *payload, uint32_t bytes);

/** The same in steps, to break something in between. The record has a right checksum when it is
 * made; fake_gsp_seal() makes it right again after a change. */
uint32_t fake_gsp_build(struct fake_gsp *f, uint8_t *record, uint32_t function, uint32_t result,
                        uint32_t sequence, const void *payload, uint32_t bytes);
void fake_gsp_seal(const struct fake_gsp *f, uint8_t *record, uint32_t bytes);
/** Copy `elems` elements into the ring and move the write pointer. */
void fake_gsp_post(struct fake_gsp *f, const uint8_t *record, uint32_t elems);

uint32_t fake_get(const uint8_t *p);
void fake_put(uint8_t *p, uint32_t value);
/** Header words of the queues, to read or to spoil. */
uint8_t *fake_cmd_word(struct fake_gsp *f, uint32_t offset);
uint8_t *fake_stat_word(struct fake_gsp *f, uint32_t offset);

#endif
