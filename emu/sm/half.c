/* SPDX-License-Identifier: MIT */
/*
 * Half precision, IEEE's and bfloat16, two numbers to a register. An operation is computed in
 * double precision, with the last place marked when that was not exact, and rounded once.
 */
#include <math.h>

#include "ops.h"

enum { H1_H0, H0_H0, H1_H1, F32_PART };
enum { BF16 = 1, RELU = 2, HALF_NAN = 0x7fff };

/* A format of small floats */
struct format {
    unsigned fraction, exponent; /* bits */
};
static const struct format half = {10, 5}, bfloat = {7, 8};

double
sm_add_odd(double a, double b)
{
    const double s = a + b, bb = s - a, error = (a - (s - bb)) + (b - bb);
    uint64_t bits = sm_u64(s);

    if (!isfinite(s) || error == 0.0 || bits & 1)
        return s;
    return sm_f64((error < 0) == (s < 0) ? bits + 1 : bits - 1);
}

/* Does the magnitude grow, for a remainder `rest` of `half_way`*2? */
static bool
rounds_up(unsigned rnd, bool negative, bool odd, uint64_t rest, uint64_t half_way)
{
    switch (rnd) {
    case SM_RN:
        return rest > half_way || (rest == half_way && odd);
    case SM_RM:
        return negative && rest;
    case SM_RP:
        return !negative && rest;
    default:
        return false;
    }
}

static uint32_t
overflowed(const struct format *f, bool negative, unsigned rnd)
{
    const uint32_t infinity = ((1u << f->exponent) - 1) << f->fraction;
    const bool to_infinity =
        rnd == SM_RN || (rnd == SM_RM && negative) || (rnd == SM_RP && !negative);

    return to_infinity ? infinity : infinity - 1;
}

static uint16_t
narrow(const struct format *f, double x, unsigned rnd)
{
    const uint64_t bits = sm_u64(x);
    const bool negative = bits >> 63;
    const int bias = (1 << (f->exponent - 1)) - 1, e = (int)(bits >> 52 & 0x7ff) - 1023;
    const uint32_t sign = negative ? 0x8000 : 0;
    unsigned drop = 52 - f->fraction;
    uint64_t m = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1) << 52;
    uint64_t rest, kept;

    if (isnan(x))
        return HALF_NAN;
    if (isinf(x))
        return (uint16_t)(sign | ((1u << f->exponent) - 1) << f->fraction);
    if (x == 0.0)
        return (uint16_t)sign;
    if (e > bias)
        return (uint16_t)(sign | overflowed(f, negative, rnd));
    if (e < 1 - bias) /* subnormal: more bits go */
        drop += (unsigned)(1 - bias - e) < 60 - drop ? (unsigned)(1 - bias - e) : 60 - drop;
    kept = m >> drop;
    rest = m & ((UINT64_C(1) << drop) - 1);
    kept += rounds_up(rnd, negative, kept & 1, rest, UINT64_C(1) << (drop - 1));
    if (e >= 1 - bias) /* the hidden bit counts as one of the exponent */
        kept += (uint64_t)(e + bias - 1) << f->fraction;
    if (kept >= ((UINT64_C(1) << f->exponent) - 1) << f->fraction)
        return (uint16_t)(sign | overflowed(f, negative, rnd));
    return (uint16_t)(sign | kept);
}

uint16_t
sm_half_from_double(double x, unsigned rnd)
{
    return narrow(&half, x, rnd);
}

uint16_t
sm_bf16_from_double(double x, unsigned rnd)
{
    return narrow(&bfloat, x, rnd);
}

float
sm_half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h >> 10 & 0x1f, m = h & 0x3ff;

    if (e == 0x1f)
        return sm_f32(sign | 0x7f800000 | m << 13);
    if (e)
        return sm_f32(sign | (e + 112) << 23 | m << 13);
    return (sign ? -1.0f : 1.0f) * (float)m * 0x1p-24f;
}

float
sm_bf16_to_float(uint16_t h)
{
    return sm_f32((uint32_t)h << 16);
}

/* Operands and results */

static uint16_t
flushed(uint16_t h, bool ftz, bool bf16)
{
    return ftz && !(h & (bf16 ? 0x7f80 : 0x7c00)) ? h & 0x8000 : h;
}

/* One half of an operand, as a number. */
static double
half_of(const struct sm_uop *u, unsigned k, uint32_t word, unsigned which)
{
    const struct sm_operand *o = &u->s[k];
    const bool bf16 = u->mod & BF16;
    uint32_t x = (word & o->keep) ^ o->flip;

    if (o->part == F32_PART)
        return sm_f32(x);
    if (o->part == H1_H1 || (o->part == H1_H0 && which))
        x >>= 16;
    x = flushed((uint16_t)x, u->ftz, bf16);
    return bf16 ? sm_bf16_to_float((uint16_t)x) : sm_half_to_float((uint16_t)x);
}

static uint16_t
finished(const struct sm_uop *u, double r)
{
    if (u->sat)
        r = r > 1.0 ? 1.0 : r > 0.0 ? r : 0.0;
    if (u->mod & RELU && r < 0.0)
        r = 0.0;
    if (u->mod & BF16)
        return flushed(sm_bf16_from_double(r, SM_RN), u->ftz, true);
    return flushed(sm_half_from_double(r, SM_RN), u->ftz, false);
}

typedef double (*half_fn)(double a, double b, double c);

static double
sum(double a, double b, double c)
{
    (void)c;
    return sm_add_odd(a, b);
}

static double
product(double a, double b, double c)
{
    (void)c;
    return a * b;
}

static double
fused(double a, double b, double c)
{
    return sm_add_odd(a * b, c);
}

/* hi: the result is a single, of the lower halves. */
static void
run(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, half_fn f, unsigned n)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    const uint32_t *c = n > 2 ? sm_src(w, u, 2) : a;

    for (unsigned i = 0; i < SM_LANES; i++) {
        uint32_t x[2] = {0, 0};

        for (unsigned k = 0; k < 2; k++) {
            const double z = n > 2 ? half_of(u, 2, c[i], k) : 0.0;
            const double r = f(half_of(u, 0, a[i], k), half_of(u, 1, b[i], k), z);

            x[k] = u->hi ? sm_f32_result((float)r, u->ftz) : finished(u, r);
        }
        w->out[0][i] = u->hi ? x[0] : x[0] | x[1] << 16;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_OP(hadd2)
{
    run(w, u, mask, sum, 2);
}

SM_OP(hmul2)
{
    run(w, u, mask, product, 2);
}

SM_OP(hfma2)
{
    run(w, u, mask, fused, 3);
}

/* Minimum or maximum: mod2 bit 0: .NAN, bit 1: .XORSIGN */
SM_OP(hmnmx2)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), min = sm_pred(w, u, 0);

    for (unsigned i = 0; i < SM_LANES; i++) {
        uint32_t both = 0;

        for (unsigned k = 0; k < 2; k++) {
            const double x0 = half_of(u, 0, a[i], k), y0 = half_of(u, 1, b[i], k);
            const double x = u->mod2 & 2 ? fabs(x0) : x0, y = u->mod2 & 2 ? fabs(y0) : y0;
            const bool less = x < y || (x == y && signbit(x) && !signbit(y));
            double r = less == (min >> i & 1) ? x : y;

            r = isnan(x) ? y : isnan(y) ? x : r;
            if (u->mod2 & 1 && (isnan(x) || isnan(y)))
                r = NAN;
            if (u->mod2 & 2)
                r = copysign(r, signbit(x0) != signbit(y0) ? -1.0 : 1.0);
            both |= (uint32_t)finished(u, r) << 16 * k;
        }
        w->out[0][i] = both;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

static uint32_t
compared(struct sm_warp *w, const struct sm_uop *u, unsigned which)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    uint32_t bits = 0;

    for (unsigned i = 0; i < SM_LANES; i++) {
        const double x = half_of(u, 0, a[i], which), y = half_of(u, 1, b[i], which);
        const unsigned is = x < y ? 1 : x == y ? 2 : x > y ? 4 : 8;

        bits |= (uint32_t)((u->op & is) != 0) << i;
    }
    return bits;
}

/* mod2: how the result is combined with pp[0] (enum sm_bool); hi: .H_AND, both halves at once
 */
SM_OP(hsetp2)
{
    uint32_t low = compared(w, u, 0), high = compared(w, u, 1);
    const uint32_t p = sm_pred(w, u, 0);

    if (u->hi) {
        low &= high;
        high = ~low;
    }
    sm_set_pred(w, u->pd[0], sm_combine(u->mod2, low, p), mask);
    sm_set_pred(w, u->pd[1], sm_combine(u->mod2, high, p), mask);
}

/* imm: what a half is for true */
SM_OP(hset2)
{
    const uint32_t p = sm_pred(w, u, 0);
    const uint32_t low = sm_combine(u->mod2, compared(w, u, 0), p);
    const uint32_t high = sm_combine(u->mod2, compared(w, u, 1), p);

    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = (low >> i & 1 ? u->imm : 0) | (high >> i & 1 ? u->imm << 16 : 0);
    sm_blend(w->r[u->d], w->out[0], mask);
}
