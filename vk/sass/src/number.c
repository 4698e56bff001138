/* SPDX-License-Identifier: MIT */
/* Floating-point immediates as nvdisasm prints them: 20 digits, +INF, +QNAN. */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/sass_table.h>

static double
half(uint16_t h)
{
    const int e = h >> 10 & 31, m = h & 0x3ff;
    const double sign = h >> 15 ? -1.0 : 1.0;

    return sign * (e ? ldexp(1024 + m, e - 25) : ldexp(m, -24));
}

static double
single(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

static double
high_of_double(uint32_t bits)
{
    const uint64_t v = (uint64_t)bits << 32;
    double d;

    memcpy(&d, &v, sizeof(d));
    return d;
}

/* `exponent`: its mask in place; `quiet`: its bit, or 0 where all NaNs are quiet ones. */
static void
one(double v, uint32_t bits, uint32_t sign, uint32_t exponent, uint32_t quiet, char *out,
    size_t n)
{
    const char first = bits & sign ? '-' : '+';

    if ((bits & exponent) != exponent && !(bits & ~sign))
        snprintf(out, n, "%s", bits ? "-0.0" : "0");
    else if ((bits & exponent) != exponent)
        snprintf(out, n, fabs(v) < 1e9 ? "%.20g" : "%.20e", v);
    else if (!(bits & ~(sign | exponent)))
        snprintf(out, n, "%cINF ", first);
    else
        snprintf(out, n, "%c%cNAN ", first, !quiet || bits & quiet ? 'Q' : 'S');
}

static void
half_text(unsigned style, uint16_t h, char *out, size_t n)
{
    if (style == SASS_F16)
        one(half(h), h, 0x8000, 0x7c00, 0, out, n);
    else
        one(single((uint32_t)h << 16), (uint32_t)h << 16, 0x80000000, 0x7f800000, 0, out, n);
}

void
sass_float_text(unsigned style, uint32_t bits, char *out, size_t n)
{
    if (style == SASS_F32) {
        one(single(bits), bits, 0x80000000, 0x7f800000, 0, out, n);
    } else if (style == SASS_F64) {
        one(high_of_double(bits), bits, 0x80000000, 0x7ff00000, 0x80000, out, n);
    } else if (style == SASS_F16_ONE) {
        half_text(SASS_F16, (uint16_t)bits, out, n);
    } else {
        half_text(style, (uint16_t)(bits >> 16), out, n);
        snprintf(out + strlen(out), n - strlen(out), ", ");
        half_text(style, (uint16_t)bits, out + strlen(out), n - strlen(out));
    }
}
