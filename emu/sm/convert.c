/* SPDX-License-Identifier: MIT */
/*
 * Conversions between integers and floats of all sizes. Out of range becomes the nearest
 * integer; no number becomes 0, and with 64 bits on either side 0x8000..0, as PTX says it.
 *
 * mod: the type that comes out, mod2: the type that goes in (enum sm_type).
 */
#include <math.h>

#include "ops.h"

static unsigned
bits_of(unsigned type)
{
    switch (type) {
    case SM_U8:
    case SM_S8:
        return 8;
    case SM_U16:
    case SM_S16:
    case SM_F16:
    case SM_BF16:
        return 16;
    case SM_U64:
    case SM_S64:
    case SM_F64:
        return 64;
    default:
        return 32;
    }
}

static bool
is_signed_type(unsigned type)
{
    return type == SM_S8 || type == SM_S16 || type == SM_S32 || type == SM_S64;
}

/* Operands */

static double
float_of(const struct sm_uop *u, uint32_t low, uint32_t high)
{
    const struct sm_operand *o = &u->s[0];
    uint32_t x = u->mod2 == SM_F64 ? (high & o->keep) ^ o->flip : (low & o->keep) ^ o->flip;

    switch (u->mod2) {
    case SM_F64:
        return sm_f64(sm_pair(low, x));
    case SM_F16:
        return sm_half_to_float((uint16_t)(o->part == 2 ? x >> 16 : x));
    case SM_BF16:
        return sm_bf16_to_float((uint16_t)(o->part == 2 ? x >> 16 : x));
    default:
        if (u->ftz && !(x & 0x7f800000))
            x &= 0x80000000;
        return sm_f32(x);
    }
}

static void
gather(struct sm_warp *w, const struct sm_uop *u, double *out)
{
    const uint32_t *lo = sm_src(w, u, 0);
    const uint32_t *hi = u->mod2 == SM_F64 ? sm_src_word(w, u, 0, 1) : lo;

    for (unsigned i = 0; i < SM_LANES; i++)
        out[i] = float_of(u, lo[i], hi[i]);
}

static void
put64(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, const uint64_t *x, bool wide)
{
    for (unsigned i = 0; i < SM_LANES; i++) {
        w->out[0][i] = (uint32_t)x[i];
        w->out[1][i] = (uint32_t)(x[i] >> 32);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
    if (wide)
        sm_blend(w->r[u->d == SM_SINK ? SM_SINK : u->d + 1], w->out[1], mask);
}

static double
to_integer(double x, unsigned rnd)
{
    switch (rnd) {
    case SM_RN:
        return nearbyint(x); /* the host rounds to nearest even */
    case SM_RM:
        return floor(x);
    case SM_RP:
        return ceil(x);
    default:
        return trunc(x);
    }
}

static uint64_t
clamped(double x, unsigned to, unsigned from)
{
    const unsigned bits = bits_of(to);
    const bool is_signed = is_signed_type(to);
    const double top = ldexp(1.0, (int)bits - is_signed);
    const uint64_t max = UINT64_MAX >> (64 - bits + is_signed);

    if (isnan(x))
        return bits == 64 || from == SM_F64 ? UINT64_C(1) << (bits - 1) : 0;
    if (x >= top)
        return max;
    if (!is_signed)
        return x <= 0.0 ? 0 : (uint64_t)x;
    return x <= -top ? ~max : (uint64_t)(int64_t)x;
}

SM_OP(f2i)
{
    uint64_t r[SM_LANES];
    double x[SM_LANES];

    gather(w, u, x);
    for (unsigned i = 0; i < SM_LANES; i++)
        r[i] = clamped(to_integer(x[i], u->rnd), u->mod, u->mod2);
    put64(w, u, mask, r, bits_of(u->mod) == 64);
}

SM_OP(frnd)
{
    uint64_t r[SM_LANES];
    double x[SM_LANES];

    gather(w, u, x);
    for (unsigned i = 0; i < SM_LANES; i++) {
        const double y = to_integer(x[i], u->rnd);

        r[i] = u->mod == SM_F64   ? sm_u64(y)
               : u->mod == SM_F16 ? sm_half_from_double(y, SM_RN)
                                  : sm_f32_result((float)y, u->ftz);
    }
    put64(w, u, mask, r, u->mod == SM_F64);
}

/* A part of a register as an integer. */
static uint64_t
integer_of(const struct sm_uop *u, uint32_t low, uint32_t high)
{
    const struct sm_operand *o = &u->s[0];
    const unsigned bits = bits_of(u->mod2);
    uint64_t x = bits == 64 ? sm_pair(low, high) : low;

    if (bits < 32)
        x = x >> (bits * o->part) & ((UINT64_C(1) << bits) - 1);
    if (bits < 64 && is_signed_type(u->mod2) && x >> (bits - 1) & 1)
        x |= UINT64_MAX << bits;
    if (o->inv)
        x = ~x;
    if (o->abs && (int64_t)x < 0)
        x = 0 - x;
    return o->neg ? 0 - x : x;
}

/* Volatile: the conversion stays between the two changes of the rounding mode. */
static float
to_single(double x, unsigned rnd)
{
    volatile double in = x;
    volatile float out;

    sm_round_begin(rnd);
    out = (float)in;
    sm_round_end();
    return out;
}

static double
double_from(uint64_t x, bool is_signed, unsigned rnd)
{
    volatile uint64_t in = x;
    volatile double out;

    sm_round_begin(rnd);
    out = is_signed ? (double)(int64_t)in : (double)in;
    sm_round_end();
    return out;
}

static float
single_from(uint64_t x, bool is_signed, unsigned rnd)
{
    volatile uint64_t in = x;
    volatile float out;

    sm_round_begin(rnd);
    out = is_signed ? (float)(int64_t)in : (float)in;
    sm_round_end();
    return out;
}

static uint64_t
float_from(uint64_t x, bool is_signed, const struct sm_uop *u)
{
    const int64_t s = (int64_t)x;

    switch (u->mod) {
    case SM_F64:
        return sm_u64(double_from(x, is_signed, u->rnd));
    case SM_F16:
        return sm_half_from_double(is_signed ? (double)s : (double)x, u->rnd);
    case SM_BF16:
        return sm_bf16_from_double(is_signed ? (double)s : (double)x, u->rnd);
    default:
        return sm_u32(single_from(x, is_signed, u->rnd));
    }
}

SM_OP(i2f)
{
    const uint32_t *lo = sm_src(w, u, 0);
    const uint32_t *hi = bits_of(u->mod2) == 64 ? sm_src_word(w, u, 0, 1) : lo;
    uint64_t r[SM_LANES];

    for (unsigned i = 0; i < SM_LANES; i++)
        r[i] = float_from(integer_of(u, lo[i], hi[i]), is_signed_type(u->mod2), u);
    put64(w, u, mask, r, u->mod == SM_F64);
}

/* The integers that I2I, I2IP and F2IP make have 8 or 16 bits. */
static unsigned
small_bits(unsigned type)
{
    return type == SM_U8 || type == SM_S8 ? 8 : 16;
}

static int64_t
saturated(int64_t x, unsigned type)
{
    const bool is_signed = is_signed_type(type);
    const int64_t values = INT64_C(1) << small_bits(type);
    const int64_t low = is_signed ? -(values / 2) : 0;
    const int64_t high = (is_signed ? values / 2 : values) - 1;

    return x < low ? low : x > high ? high : x;
}

SM_OP(i2i)
{
    const uint32_t *a = sm_src(w, u, 0);
    uint64_t r[SM_LANES];

    for (unsigned i = 0; i < SM_LANES; i++) {
        const int64_t x = (int64_t)integer_of(u, a[i], 0);

        r[i] = (uint64_t)(u->sat ? saturated(x, u->mod) : x);
    }
    put64(w, u, mask, r, false);
}

/* Floats */

static uint64_t
quiet_double(uint64_t x)
{
    const uint64_t inf = UINT64_C(0x7ff0000000000000), sign = UINT64_C(1) << 63;

    return (x & ~sign) > inf ? UINT64_C(0xfff8000000000000) : x;
}

static uint64_t
convert(double x, const struct sm_uop *u)
{
    if (u->sat)
        x = x > 1.0 ? 1.0 : x >= 0.0 ? x : 0.0;
    switch (u->mod) {
    case SM_F64:
        return quiet_double(sm_u64(x));
    case SM_F16:
        return sm_half_from_double(x, u->rnd);
    case SM_BF16:
        return sm_bf16_from_double(x, u->rnd);
    default:
        return sm_f32_result(to_single(x, u->rnd), u->ftz);
    }
}

/* op 1: to an integer of the same format first */
SM_OP(f2f)
{
    uint64_t r[SM_LANES];
    double x[SM_LANES];

    gather(w, u, x);
    for (unsigned i = 0; i < SM_LANES; i++)
        r[i] = convert(u->op ? to_integer(x[i], u->rnd) : x[i], u);
    put64(w, u, mask, r, u->mod == SM_F64);
}

/* Two singles become two halves of a register: the first one the upper half. mod: the type;
 * op bit 0: .RELU, bit 1: the lower half alone, the upper one of c */
SM_OP(f2fp)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        double x[2] = {sm_f32((b[i] & u->s[1].keep) ^ u->s[1].flip),
                       sm_f32((a[i] & u->s[0].keep) ^ u->s[0].flip)};
        uint32_t h[2];

        for (unsigned k = 0; k < 2; k++) {
            if (u->op & 1 && x[k] < 0.0)
                x[k] = 0.0;
            h[k] = u->mod == SM_BF16 ? sm_bf16_from_double(x[k], u->rnd)
                                     : sm_half_from_double(x[k], u->rnd);
        }
        w->out[0][i] = h[0] | h[1] << 16;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* Two singles, clamped to 8 or 16 bits, behind a half of c. */
SM_OP(f2ip)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const unsigned bits = small_bits(u->mod);
    const uint32_t ones = (1u << bits) - 1;

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t v[2] = {(b[i] & u->s[1].keep) ^ u->s[1].flip,
                               (a[i] & u->s[0].keep) ^ u->s[0].flip};
        uint32_t x = 0;

        for (unsigned k = 0; k < 2; k++)
            x |= ((uint32_t)clamped(to_integer(sm_f32(v[k]), u->rnd), u->mod, SM_F32) & ones)
                 << bits * k;
        w->out[0][i] = bits == 16 ? x : x | c[i] >> 16 * u->s[2].part << 16;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* Two 32-bit integers, clamped to 8 or 16 bits, behind a half of c. */
SM_OP(i2ip)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const unsigned bits = small_bits(u->mod);
    const uint32_t ones = (1u << bits) - 1;

    for (unsigned i = 0; i < SM_LANES; i++) {
        const int64_t v[2] = {(int32_t)b[i], (int32_t)a[i]};
        uint32_t x = 0;

        for (unsigned k = 0; k < 2; k++)
            x |= ((uint32_t)saturated(v[k], u->mod) & ones) << bits * k;
        w->out[0][i] = bits == 16 ? x : x | c[i] >> 16 * u->s[2].part << 16;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}
