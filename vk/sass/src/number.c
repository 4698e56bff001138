/* SPDX-License-Identifier: MIT */
/* Floating-point immediates as nvdisasm prints them: 20 digits, +INF, +QNAN. */
#include "number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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
/* A number of some format: its value, its bits and what they mean. */
struct number {
    double value;
    uint32_t bits, sign, exponent;
    uint32_t quiet; /* 0 where all NaNs are quiet ones */
    uint32_t shown; /* the bits as they stand in the instruction */
};

static void
one(const struct number *v, bool exact, char *out, size_t n)
{
    const char first = v->bits & v->sign ? '-' : '+';
    const bool finite = (v->bits & v->exponent) != v->exponent;

    if (finite && !(v->bits & ~v->sign))
        snprintf(out, n, "%s%s", v->bits ? "-0.0" : "0", v->bits && exact ? " " : "");
    else if (finite)
        snprintf(out, n, fabs(v->value) < 1e9 ? "%.20g" : "%.20e", v->value);
    else if (!(v->bits & ~(v->sign | v->exponent)))
        snprintf(out, n, "%cINF%s", first, exact ? " " : "");
    else if (exact)
        snprintf(out, n, "%c%cNAN ", first, !v->quiet || v->bits & v->quiet ? 'Q' : 'S');
    else
        snprintf(out, n, "0x%x", v->shown);
}

static void
half_text(unsigned style, uint16_t h, bool exact, char *out, size_t n)
{
    const uint32_t up = (uint32_t)h << 16;
    const struct number f16 = {half(h), h, 0x8000, 0x7c00, 0, h};
    const struct number bf16 = {single(up), up, 0x80000000, 0x7f800000, 0, h};

    one(style == SASS_BF16 ? &bf16 : &f16, exact, out, n);
}

void
sass_float_text(unsigned style, uint32_t bits, bool exact, char *out, size_t n)
{
    const struct number f32 = {single(bits), bits, 0x80000000, 0x7f800000, 0, bits};
    const struct number f64 = {high_of_double(bits), bits,    0x80000000,
                               0x7ff00000,           0x80000, bits};

    if (style == SASS_F32 || style == SASS_F64) {
        one(style == SASS_F32 ? &f32 : &f64, exact, out, n);
    } else if (style == SASS_F16_ONE) {
        half_text(SASS_F16, (uint16_t)bits, exact, out, n);
    } else {
        half_text(style, (uint16_t)(bits >> 16), exact, out, n);
        snprintf(out + strlen(out), n - strlen(out), ", ");
        half_text(style, (uint16_t)bits, exact, out + strlen(out), n - strlen(out));
    }
}

/* Reading */

static uint32_t
to_single(double v)
{
    const float f = (float)v;
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

static bool
to_high_of_double(double v, uint32_t *out)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    *out = (uint32_t)(bits >> 32);
    return !(uint32_t)bits;
}

/* Nearest even. */
static uint32_t
to_half(double v)
{
    const uint32_t sign = signbit(v) ? 0x8000 : 0;
    const double a = fabs(v);
    int e;

    if (a >= 65520.0)
        return sign | 0x7c00;
    if (a < ldexp(1, -14))
        return sign | (uint32_t)nearbyint(ldexp(a, 24));
    frexp(a, &e);
    return sign + ((uint32_t)(e + 13) << 10) + (uint32_t)nearbyint(ldexp(a, 11 - e));
}

static bool
value_to_bits(unsigned style, double v, uint32_t *out)
{
    uint32_t bits;

    switch (style) {
    case SASS_F32:
        *out = to_single(v);
        return true;
    case SASS_F64:
        return to_high_of_double(v, out);
    case SASS_BF16:
        bits = to_single(v);
        *out = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        return true;
    default:
        *out = to_half(v);
        return true;
    }
}

static bool
read_one(unsigned style, const char **p, uint32_t *out)
{
    char *end;
    double v;

    *p += strspn(*p, " \t");
    if (!strncmp(*p, "0x", 2)) {
        const unsigned long long bits = strtoull(*p, &end, 16);

        *out = (uint32_t)bits;
        *p = end;
        return bits <= UINT32_MAX;
    }
    if (!strncmp(*p, "+INF", 4) || !strncmp(*p, "-INF", 4)) {
        v = **p == '-' ? -(double)INFINITY : (double)INFINITY;
        *p += 4;
        return value_to_bits(style, v, out);
    }
    if (strcspn(*p, "0123456789") > 2 || **p == 'n' || **p == 'i')
        return false;
    v = strtod(*p, &end);
    end -= end > *p && end[-1] == '.' && isalpha((unsigned char)*end); /* "0.H1" */
    if (end == *p || isalpha((unsigned char)*end))
        return false;
    *p = end;
    return value_to_bits(style, v, out);
}

bool
sass_float_read(unsigned style, const char **p, uint32_t *bits_out)
{
    uint32_t high, low;

    if (style != SASS_F16 && style != SASS_BF16)
        return read_one(style == SASS_F16_ONE ? SASS_F16 : style, p, bits_out);
    if (!read_one(style, p, &high))
        return false;
    *p += strspn(*p, " \t");
    if (*(*p)++ != ',' || !read_one(style, p, &low))
        return false;
    *bits_out = high << 16 | (low & 0xffff);
    return high <= 0xffff;
}
