/* SPDX-License-Identifier: MIT */
/*
 * Copying bytes at full speed whatever the addresses. Short runs are moved in line; long ones
 * go through gsp_copy_long(), which knows when a forward copy would stumble.
 */
#ifndef GSP_COPY_PRIV_H
#define GSP_COPY_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Any length; the ranges do not overlap. */
void gsp_copy_long(void *dst, const void *src, size_t bytes);

/* The last block overlaps the one before it, so that no length needs a byte loop. */
static inline void
gsp_copy_blocks(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    unsigned char tail[16], block[16];
    size_t i = 0;

    memcpy(tail, src + bytes - 16, 16);
    for (; i + 16 < bytes; i += 16) {
        memcpy(block, src + i, 16);
        memcpy(dst + i, block, 16);
    }
    memcpy(dst + bytes - 16, tail, 16);
}

static inline void
gsp_copy_small(unsigned char *dst, const unsigned char *src, size_t bytes)
{
    uint64_t a, b;
    uint32_t c, d;

    if (bytes >= 8) {
        memcpy(&a, src, 8);
        memcpy(&b, src + bytes - 8, 8);
        memcpy(dst, &a, 8);
        memcpy(dst + bytes - 8, &b, 8);
    } else if (bytes >= 4) {
        memcpy(&c, src, 4);
        memcpy(&d, src + bytes - 4, 4);
        memcpy(dst, &c, 4);
        memcpy(dst + bytes - 4, &d, 4);
    } else {
        for (size_t i = 0; i < bytes; i++)
            dst[i] = src[i];
    }
}

/* The C library's copy. Its length is hidden: compilers that know a bound turn the call into
 * `rep movs`, which is many times slower for bytes that are not aligned. */
static inline void
gsp_copy_call(void *dst, const void *src, size_t bytes)
{
    __asm__("" : "+r"(bytes));
    memcpy(dst, src, bytes);
}

/** Any length; the ranges do not overlap. */
static inline void
gsp_copy(void *dst, const void *src, size_t bytes)
{
    if (bytes <= 16)
        gsp_copy_small(dst, src, bytes);
    else if (bytes <= 128)
        gsp_copy_blocks(dst, src, bytes);
    else if (bytes <= 2048)
        gsp_copy_call(dst, src, bytes);
    else
        gsp_copy_long(dst, src, bytes);
}

#endif
