/* SPDX-License-Identifier: MIT */
/* What kernels/float.cu, double.cu and convert.cu compute. Sums and products take the
 * processor's rounding modes; conversions are done in whole numbers. Built with
 * -frounding-math: operations stay where they are written. */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "cases.h"

CUDA_REFERENCE(float_round);
CUDA_REFERENCE(float_special);
CUDA_REFERENCE(float_div);
CUDA_REFERENCE(float_ftz);
CUDA_REFERENCE(double_round);
CUDA_REFERENCE(double_div);
CUDA_REFERENCE(double_compare);
CUDA_REFERENCE(convert_from_float);
CUDA_REFERENCE(convert_from_int);
CUDA_REFERENCE(convert_from_double);
CUDA_REFERENCE(convert_from_half);

static const int modes[4] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};

static uint32_t
bits_of(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

static uint64_t
bits_of64(double f)
{
    uint64_t u;

    memcpy(&u, &f, 8);
    return u;
}

CUDA_REFERENCE(float_round)
{
    const volatile float *a = p[0], *b = p[1], *z = p[2];
    volatile float *o = p[3];

    for (unsigned m = 0; m < 4; m++) {
        fesetround(modes[m]);
        for (uint32_t i = 0; i < c->args[4].value; i++) {
            o[12 * i + m] = a[i] + b[i];
            o[12 * i + 4 + m] = a[i] * b[i];
            o[12 * i + 8 + m] = fmaf(a[i], m == 3 ? -b[i] : b[i], z[i]);
        }
    }
    fesetround(FE_TONEAREST);
}

static float
min_float(float x, float y)
{
    if (x == 0 && y == 0)
        return signbit(x) ? x : y;
    return isnan(x) ? y : isnan(y) ? x : x < y ? x : y;
}

static float
max_float(float x, float y)
{
    if (x == 0 && y == 0)
        return signbit(x) ? y : x;
    return isnan(x) ? y : isnan(y) ? x : x < y ? y : x;
}

static float
saturate(float x)
{
    return isnan(x) || x < 0 ? 0 : x > 1 ? 1 : x;
}

/* One bit per relation, as the kernel packs them. */
static uint32_t
relations(float x, float y)
{
    bool unordered = isnan(x) || isnan(y), less = x<y, equal = x == y, more = x> y;
    uint32_t bits = less | (less || equal) << 1 | equal << 2 | !equal << 3 |
                    (more || equal) << 4 | more << 5;

    bits |= !less << 6 | !(more || equal) << 7 | unordered << 8 | !unordered << 9;
    return bits | (less || unordered) << 10 | (more || unordered) << 11 |
           (equal || unordered) << 12;
}

CUDA_REFERENCE(float_special)
{
    const float *a = p[0], *b = p[1];
    uint32_t *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 12) {
        float x = a[i], y = b[i];

        o[0] = bits_of(min_float(x, y));
        o[1] = bits_of(max_float(x, y));
        o[2] = bits_of(x) & 0x7fffffff;
        o[3] = bits_of(x) ^ 0x80000000;
        o[4] = bits_of(floorf(x));
        o[5] = bits_of(ceilf(x));
        o[6] = bits_of(truncf(x));
        o[7] = bits_of(rintf(x));
        o[8] = bits_of(saturate(x));
        o[9] = bits_of(saturate(x + y));
        o[10] = (bits_of(y) & 0x7fffffff) | (bits_of(x) & 0x80000000);
        o[11] = relations(x, y);
    }
}

CUDA_REFERENCE(float_div)
{
    const volatile float *a = p[0], *b = p[1];
    volatile float *o = p[2];

    for (unsigned m = 0; m < 4; m++) {
        fesetround(modes[m]);
        for (uint32_t i = 0; i < c->args[3].value; i++) {
            o[12 * i + m] = a[i] / b[i];
            o[12 * i + 4 + m] = sqrtf(a[i]);
            o[12 * i + 8 + m] = 1 / a[i];
        }
    }
    fesetround(FE_TONEAREST);
}

static float
flush(float x)
{
    return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x;
}

CUDA_REFERENCE(float_ftz)
{
    const float *a = p[0], *b = p[1], *d = p[2];
    float *o = p[3];

    for (uint32_t i = 0; i < c->args[4].value; i++, o += 8) {
        float x = flush(a[i]), y = flush(b[i]), z = flush(d[i]);

        o[0] = flush(x + y);
        o[1] = flush(x * y);
        o[2] = flush(fmaf(x, y, z));
        o[3] = min_float(x, y);
        o[4] = x < y ? b[i] : d[i];
        o[5] = flush(saturate(x + y));
        o[6] = a[i] + b[i];
        o[7] = fmaf(a[i], b[i], d[i]);
    }
}

CUDA_REFERENCE(double_round)
{
    const volatile double *a = p[0], *b = p[1], *z = p[2];
    volatile double *o = p[3];

    for (unsigned m = 0; m < 4; m++) {
        fesetround(modes[m]);
        for (uint32_t i = 0; i < c->args[4].value; i++) {
            o[12 * i + m] = a[i] + b[i];
            o[12 * i + 4 + m] = a[i] * b[i];
            o[12 * i + 8 + m] = fma(m == 3 ? -a[i] : a[i], b[i], z[i]);
        }
    }
    fesetround(FE_TONEAREST);
}

CUDA_REFERENCE(double_div)
{
    const volatile double *a = p[0], *b = p[1];
    volatile double *o = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++) {
        o[4 * i] = a[i] / b[i];
        o[4 * i + 1] = sqrt(a[i]);
        o[4 * i + 2] = 1 / b[i];
        fesetround(FE_TOWARDZERO);
        o[4 * i + 3] = b[i] / a[i];
        fesetround(FE_TONEAREST);
    }
}

static double
smaller(double x, double y, bool larger)
{
    if (x == 0 && y == 0)
        return (signbit(x) != 0) != larger ? x : y;
    return isnan(x) ? y : isnan(y) ? x : (x < y) != larger ? x : y;
}

CUDA_REFERENCE(double_compare)
{
    const double *a = p[0], *b = p[1];
    double *o = p[2];
    uint32_t *bits = p[3];

    for (uint32_t i = 0; i < c->args[4].value; i++, o += 4) {
        o[0] = smaller(a[i], b[i], false);
        o[1] = smaller(a[i], b[i], true);
        o[2] = fabs(a[i]);
        o[3] = rint(a[i]);
        bits[i] = (uint32_t)((a[i] < b[i]) | (a[i] <= b[i]) << 1 | (a[i] == b[i]) << 2 |
                             (a[i] != b[i]) << 3 | (a[i] >= b[i]) << 4 | (a[i] > b[i]) << 5);
    }
}

enum rounding { NEAREST, ZERO, UP, DOWN };

static double
whole(double x, enum rounding how)
{
    switch (how) {
    case NEAREST:
        return rint(x);
    case ZERO:
        return trunc(x);
    case UP:
        return ceil(x);
    default:
        return floor(x);
    }
}

/* A whole number of `bits`, held at its borders; what NaN becomes is the caller's. */
static uint64_t
to_int(double x, enum rounding how, unsigned bits, bool sign, uint64_t nan)
{
    double low = sign ? -ldexp(1, (int)bits - 1) : 0,
           high = ldexp(1, (int)bits - (sign ? 1 : 0));

    if (isnan(x))
        return nan;
    x = whole(x, how);
    if (x < low)
        x = low;
    if (x >= high)
        return sign ? (1ull << (bits - 1)) - 1 : bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
    return sign                         ? (uint64_t)(int64_t)x
           : x >= 9223372036854775808.0 ? (uint64_t)(x - 9223372036854775808.0) + (1ull << 63)
                                        : (uint64_t)x;
}

static uint32_t
to_int32(double x, enum rounding how, bool sign)
{
    return (uint32_t)to_int(x, how, 32, sign, 0);
}

CUDA_REFERENCE(convert_from_float)
{
    static const enum rounding how[4] = {NEAREST, ZERO, DOWN, UP};
    const float *in = p[0];
    uint32_t *o = p[1];
    uint64_t *w = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 16, w += 8) {
        double x = in[i];

        for (unsigned k = 0; k < 4; k++) {
            o[k] = to_int32(x, how[k], true);
            o[4 + k] = to_int32(x, how[k], false);
        }
        o[8] = (uint16_t)to_int(x, ZERO, 16, true, 0);
        o[9] = (uint16_t)to_int(x, ZERO, 16, false, 0);
        o[10] = (uint32_t)to_int(x, NEAREST, 8, true, 0);
        o[11] = (uint32_t)to_int(x, NEAREST, 8, false, 0);
        o[12] = ref_to_half(x, false);
        o[13] = ref_to_half(x, true);
        o[14] = to_int32(flush(in[i]), NEAREST, true);
        o[15] = 0;
        w[0] = to_int(x, NEAREST, 64, true, 1ull << 63);
        w[1] = to_int(x, ZERO, 64, true, 1ull << 63);
        w[2] = to_int(x, DOWN, 64, false, 1ull << 63);
        w[3] = to_int(x, UP, 64, false, 1ull << 63);
        w[4] = bits_of64(isnan(x) ? 1 : x);
        w[5] = w[6] = w[7] = 0;
    }
}

/* A whole number with `digits` bits of precision. */
static double
from_int(uint64_t magnitude, bool negative, unsigned digits, enum rounding how)
{
    unsigned drop = 0;

    while (magnitude >> drop >> digits)
        drop++;
    uint64_t keep = magnitude >> drop, lost = magnitude - (keep << drop),
             tie = drop ? 1ull << (drop - 1) : 0;
    bool up = how == UP ? !negative && lost
              : how == DOWN
                  ? negative && lost
                  : how == NEAREST && drop && (lost > tie || (lost == tie && keep & 1));
    double x = ldexp((double)(keep + up), (int)drop);

    return negative ? -x : x;
}

static double
from_signed(int64_t x, unsigned digits, enum rounding how)
{
    return from_int(x < 0 ? 0 - (uint64_t)x : (uint64_t)x, x < 0, digits, how);
}

static void
floats_from_int(uint64_t q, float *o)
{
    static const enum rounding how[4] = {NEAREST, ZERO, DOWN, UP};
    uint32_t x = (uint32_t)q;

    for (unsigned k = 0; k < 4; k++) {
        o[k] = (float)from_signed((int32_t)x, 24, how[k]);
        o[4 + k] = (float)from_int(x, false, 24, how[k]);
    }
    o[8] = (float)from_signed((int64_t)q, 24, NEAREST);
    o[9] = (float)from_signed((int64_t)q, 24, ZERO);
    o[10] = (float)from_int(q, false, 24, NEAREST);
    o[11] = (float)from_int(q, false, 24, UP);
    o[12] = (int16_t)x;
    o[13] = (uint16_t)x;
    o[14] = (uint8_t)(x >> 24);
    o[15] = (int8_t)x;
}

CUDA_REFERENCE(convert_from_int)
{
    const uint64_t *in = p[0];
    float *o = p[1];
    double *w = p[2];
    uint16_t *h = p[3];

    for (uint32_t i = 0; i < c->args[4].value; i++, o += 16, w += 8, h += 4) {
        uint64_t q = in[i];
        uint32_t x = (uint32_t)q;

        floats_from_int(q, o);
        w[0] = (int32_t)x;
        w[1] = x;
        w[2] = from_signed((int64_t)q, 53, NEAREST);
        w[3] = from_int(q, false, 53, NEAREST);
        w[4] = from_signed((int64_t)q, 53, ZERO);
        w[5] = from_signed((int64_t)q, 53, DOWN);
        w[6] = from_int(q, false, 53, UP);
        w[7] = from_int(q, false, 53, ZERO);
        h[0] = ref_to_half((int32_t)x >> 12, false);
        h[1] = ref_to_half(x >> 13, false);
        h[2] = ref_to_half((int16_t)x, false);
        h[3] = ref_to_half((uint16_t)x, true);
    }
}

/* Single precision from double by the processor's own rounding. */
static uint32_t
narrow(double x, int mode)
{
    volatile double in = x;
    volatile float out;

    fesetround(mode);
    out = (float)in;
    fesetround(FE_TONEAREST);
    return bits_of(out);
}

CUDA_REFERENCE(convert_from_double)
{
    const double *in = p[0];
    uint32_t *o = p[1];
    uint64_t *w = p[2];
    const uint64_t nan64 = 1ull << 63, nan32 = 1ull << 31;

    for (uint32_t i = 0; i < c->args[3].value; i++, o += 8, w += 8) {
        double x = in[i], y = isnan(x) ? 1 : x;

        o[0] = (uint32_t)to_int(x, NEAREST, 32, true, nan32);
        o[1] = (uint32_t)to_int(x, ZERO, 32, true, nan32);
        o[2] = (uint32_t)to_int(x, DOWN, 32, false, nan32);
        o[3] = (uint32_t)to_int(x, UP, 32, false, nan32);
        o[4] = narrow(y, FE_TONEAREST);
        o[5] = narrow(y, FE_TOWARDZERO);
        o[6] = narrow(y, FE_DOWNWARD);
        o[7] = narrow(y, FE_UPWARD);
        w[0] = to_int(x, NEAREST, 64, true, nan64);
        w[1] = to_int(x, ZERO, 64, true, nan64);
        w[2] = to_int(x, DOWN, 64, false, nan64);
        w[3] = to_int(x, UP, 64, false, nan64);
        w[4] = bits_of64(floor(y));
        w[5] = bits_of64(ceil(y));
        w[6] = bits_of64(trunc(y));
        w[7] = bits_of64(rint(y));
    }
}

CUDA_REFERENCE(convert_from_half)
{
    const uint16_t *in = p[0];
    float *out = p[1];
    uint32_t *ints = p[2];

    for (uint32_t i = 0; i < c->args[3].value; i++) {
        double x = ref_from_half(in[i]);

        out[i] = (float)x;
        ints[2 * i] = to_int32(x, NEAREST, true);
        ints[2 * i + 1] = to_int32(x, ZERO, false);
    }
}
