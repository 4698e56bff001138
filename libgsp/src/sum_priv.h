/* SPDX-License-Identifier: MIT */
/*
 * The queues' checksum: an XOR over little-endian 64-bit words, folded to 32 bits so that the
 * whole record comes out as zero. Here it is made while bytes are copied, so that a record is
 * touched once and the bytes that were checked are the bytes that were kept.
 */
#ifndef GSP_SUM_PRIV_H
#define GSP_SUM_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Copy and return the XOR of the words of src, the last one padded with zeros. Every source
 * byte is read once. dst may be NULL: only the XOR. No alignment needed. */
typedef uint64_t (*gsp_sum_fn)(void *dst, const void *src, size_t bytes);

/* Two 32-bit loads make a word: headers are often stored field by field just before they are
 * sent, and a load wider than the store that feeds it stalls until that store has retired. */
static inline uint64_t
gsp_sum_load(const uint8_t *src)
{
    uint32_t low, high;

    memcpy(&low, src, 4);
    memcpy(&high, src + 4, 4);
    __asm__ volatile("" : "+r"(low), "+r"(high));
    return low | (uint64_t)high << 32;
}

/* The same as a gsp_sum_fn, for pieces too short to be worth a call. */
static inline uint64_t
gsp_sum_small(uint8_t *dst, const uint8_t *src, size_t bytes)
{
    uint64_t sum = 0;

    for (; bytes >= 8; bytes -= 8, src += 8) {
        const uint64_t word = gsp_sum_load(src);

        if (dst) {
            memcpy(dst, &word, 8);
            dst += 8;
        }
        sum ^= word;
    }
    for (unsigned i = 0; i < bytes; i++) {
        const uint8_t byte = *(const volatile uint8_t *)(src + i);

        if (dst)
            dst[i] = byte;
        sum ^= (uint64_t)byte << (8 * i);
    }
    return sum;
}

/** The best one for this processor. */
gsp_sum_fn gsp_sum_pick(void);

/** Move the XOR of a piece to where the piece starts in its record. */
static inline uint64_t
gsp_sum_at(uint64_t sum, uint32_t pos)
{
    const unsigned bits = (pos & 7) * 8;

    return bits ? sum << bits | sum >> (64 - bits) : sum;
}

static inline uint32_t
gsp_sum_fold(uint64_t sum)
{
    return (uint32_t)(sum >> 32) ^ (uint32_t)sum;
}

#endif
