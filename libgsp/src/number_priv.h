/* SPDX-License-Identifier: MIT */
/* Numbers as text, in place: the caller has made room (20 characters for decimal, 18 for
 * "0x..."). */
#ifndef GSP_NUMBER_PRIV_H
#define GSP_NUMBER_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { GSP_DEC_MAX = 20, GSP_HEX_MAX = 18 };

extern const char gsp_digit_pairs[201]; /* "00" "01" ... "99" */

static inline char *
gsp_put_pair(char *p, uint32_t pair)
{
    memcpy(p, gsp_digit_pairs + 2 * (size_t)pair, 2);
    return p + 2;
}

/* 1 to 4 digits. */
static inline char *
gsp_put_short(char *p, uint32_t v)
{
    if (v < 10) {
        *p = (char)('0' + v);
        return p + 1;
    }
    if (v < 100)
        return gsp_put_pair(p, v);
    if (v < 1000) {
        *p = (char)('0' + v / 100);
        return gsp_put_pair(p + 1, v % 100);
    }
    return gsp_put_pair(gsp_put_pair(p, v / 100), v % 100);
}

static inline char *
gsp_put_four(char *p, uint32_t v)
{
    return gsp_put_pair(gsp_put_pair(p, v / 100), v % 100);
}

static inline char *
gsp_put_u32(char *p, uint32_t v)
{
    if (v < 10000)
        return gsp_put_short(p, v);
    if (v < 100000000)
        return gsp_put_four(gsp_put_short(p, v / 10000), v % 10000);
    p = gsp_put_short(p, v / 100000000);
    v %= 100000000;
    return gsp_put_four(gsp_put_four(p, v / 10000), v % 10000);
}

char *gsp_put_u64(char *p, uint64_t v);
char *gsp_put_hex(char *p, uint64_t v); /* with 0x, without leading zeros */

static inline char *
gsp_put_s64(char *p, uint64_t v)
{
    if ((int64_t)v >= 0)
        return gsp_put_u64(p, v);
    *p = '-';
    return gsp_put_u64(p + 1, 0 - v);
}

#endif
