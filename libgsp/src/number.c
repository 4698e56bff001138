/* SPDX-License-Identifier: MIT */
/* Numbers as text: two digits at a time. */
#include "number_priv.h"

const char gsp_digit_pairs[201] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

char *
gsp_put_u64(char *p, uint64_t v)
{
    const uint64_t high = v / 100000000;
    const uint32_t low = (uint32_t)(v % 100000000);

    if (v <= UINT32_MAX)
        return gsp_put_u32(p, (uint32_t)v);
    p = gsp_put_u64(p, high);
    return gsp_put_four(gsp_put_four(p, low / 10000), low % 10000);
}

char *
gsp_put_hex(char *p, uint64_t v)
{
    unsigned digits = 1;

    while (digits < 16 && v >> (digits * 4))
        digits++;
    *p++ = '0';
    *p++ = 'x';
    for (unsigned i = digits; i-- > 0; v >>= 4)
        p[i] = "0123456789abcdef"[v & 15];
    return p + digits;
}
