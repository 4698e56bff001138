/* SPDX-License-Identifier: MIT */
/*
 * MUFU: reciprocals, roots, powers and logarithms of two, sine, cosine, tanh.
 *
 * Computed in double precision with the basic operations alone and rounded once, so that every
 * host gives the same bits. The results are within 0.51 ulp, nearer than the hardware's tables;
 * where subnormal numbers become zero is the hardware's. docs/sm.md has the figures.
 */
#include <math.h>

#include "ops.h"

static double
rounded(double x)
{
    const double big = 6755399441055744.0; /* 1.5 * 2^52 */

    return x + big - big;
}

/* 2^n for normal results */
static double
power_of_two(int n)
{
    return sm_f64((uint64_t)(1023 + n) << 52);
}

/* 2^f, |f| <= 1/2: the series of exp(f ln 2); its 14th term is below 1e-17. */
static double
exp2_part(double f)
{
    const double t = f * 0.69314718055994530942;
    double sum = 1.0;

    for (int k = 14; k > 0; k--)
        sum = 1.0 + t * sum / k;
    return sum;
}

static double
exp2_of(double x)
{
    double n;

    if (x >= 128)
        return HUGE_VAL;
    if (x < -150)
        return 0.0;
    n = rounded(x);
    return exp2_part(x - n) * power_of_two((int)n);
}

/* log2 of a positive normal double: m in [1/sqrt 2, sqrt 2), atanh((m-1)/(m+1)) by its series
 */
static double
log2_of(double x)
{
    uint64_t bits = sm_u64(x);
    int n = (int)(bits >> 52) - 1023;
    double m, s, s2, sum = 0.0;

    bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
    m = sm_f64(bits);
    if (m > 1.41421356237309504880) {
        m *= 0.5;
        n++;
    }
    s = (m - 1.0) / (m + 1.0);
    s2 = s * s;
    for (int k = 23; k > 0; k -= 2)
        sum = 1.0 / k + s2 * sum;
    return n + 2.0 * s * sum * 1.44269504088896340736;
}

/* sin(2 pi x) and cos(2 pi x), |x| <= 1/8 */
static double
sine_series(double x)
{
    const double t = x * 6.28318530717958647693, t2 = t * t;
    double sum = 1.0;

    for (int k = 18; k > 0; k -= 2)
        sum = 1.0 - t2 * sum / (k * (k + 1));
    return t * sum;
}

static double
cosine_series(double x)
{
    const double t = x * 6.28318530717958647693, t2 = t * t;
    double sum = 1.0;

    for (int k = 19; k > 0; k -= 2)
        sum = 1.0 - t2 * sum / (k * (k + 1));
    return sum;
}

/* quarter: 0 for sine, 1 for cosine. The argument counts whole turns. */
static double
turn(double x, int quarter)
{
    double r;
    int q;

    if (!(x < 4503599627370496.0 && x > -4503599627370496.0))
        return x - x; /* no number for infinities */
    x -= rounded(x);
    q = (int)rounded(4.0 * x);
    r = x - q * 0.25;
    switch ((q + quarter) & 3) {
    case 0:
        return sine_series(r);
    case 1:
        return cosine_series(r);
    case 2:
        return -sine_series(r);
    default:
        return -cosine_series(r);
    }
}

static double
tanh_of(double x)
{
    const double a = fabs(x), y = -2.0 * a * 1.44269504088896340736, n = rounded(y);
    double e, r;

    if (a < 1e-4)
        return x - x * x * x / 3.0;
    if (a > 20.0)
        return x < 0 ? -1.0 : 1.0;
    e = exp2_part(y - n) * power_of_two((int)n);
    r = (1.0 - e) / (1.0 + e);
    return x < 0 ? -r : r;
}

static double
flush(float x)
{
    return (sm_u32(x) & 0x7f800000) ? (double)x : (double)sm_f32(sm_u32(x) & 0x80000000);
}

float
sm_mufu(enum sm_mufu f, float x)
{
    const double d = flush(x);

    if (isnan(x))
        return x;
    switch (f) {
    case SM_MUFU_COS:
        return (float)turn(d, 1);
    case SM_MUFU_SIN:
        return d == 0.0 ? (float)d : (float)turn(d, 0);
    case SM_MUFU_EX2:
        return d < -126.0 ? 0.0f : (float)exp2_of(d);
    case SM_MUFU_LG2:
        if (d <= 0.0)
            return d == 0.0 ? -INFINITY : NAN;
        return isinf(x) ? x : (float)log2_of(d);
    case SM_MUFU_RCP:
        return (float)(1.0 / d);
    case SM_MUFU_RSQ:
        return (float)(1.0 / sqrt(d));
    case SM_MUFU_SQRT:
        return (float)sqrt(d);
    case SM_MUFU_TANH:
        return (float)tanh_of(x);
    default:
        return 0.0f;
    }
}

/* The upper word of a double in, that of the result out: 20 bits of fraction. */
static uint32_t
of_double(enum sm_mufu f, uint32_t high)
{
    const double d = high & 0x7ff00000 ? sm_f64((uint64_t)high << 32)
                                       : sm_f64((uint64_t)(high & 0x80000000) << 32);
    const double r = f == SM_MUFU_RCP64H ? 1.0 / d : 1.0 / sqrt(d);
    const uint32_t x = (uint32_t)(sm_u64(r) >> 32);

    return isnan(r) ? 0x7fffffff : x;
}

/* op: enum sm_mufu; wide: a half in, a half out (the lower one) */
SM_OP(mufu)
{
    const uint32_t *a = sm_src(w, u, 0);
    const struct sm_operand *o = &u->s[0];

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t x = (a[i] & o->keep) ^ o->flip;

        if (u->op == SM_MUFU_RCP64H || u->op == SM_MUFU_RSQ64H)
            w->out[0][i] = of_double(u->op, x);
        else if (u->wide)
            w->out[0][i] =
                sm_half_from_double(sm_mufu(u->op, sm_half_to_float((uint16_t)x)), SM_RN);
        else
            w->out[0][i] = sm_f32_result(sm_mufu(u->op, sm_f32(x)), false);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}
