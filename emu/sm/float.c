/* SPDX-License-Identifier: MIT */
/*
 * Single precision. Every result is the IEEE one, rounded once; results that are no number are
 * 0x7fffffff; .FTZ takes subnormal operands as zero and gives zero for subnormal results, with
 * their signs.
 *
 * The other rounding modes are the host's: they are on around the lanes of one instruction.
 */
#include <fenv.h>
#include <math.h>

#include "ops.h"

enum { EXPONENT = 0x7f800000, MAGNITUDE = 0x7fffffff, NOT_A_NUMBER = 0x7fffffff };
static const uint32_t sign_bit = UINT32_C(1) << 31;

void
sm_round_begin(unsigned rnd)
{
    static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

    if (rnd != SM_RN)
        fesetround(modes[rnd & 3]);
    __asm__ volatile("" ::: "memory");
}

void
sm_round_end(void)
{
    __asm__ volatile("" ::: "memory");
    fesetround(FE_TONEAREST);
}

static inline uint32_t
flushed(uint32_t x, uint32_t ftz)
{
    return x & EXPONENT ? x : x & ~(ftz & MAGNITUDE);
}

/* Lanes as numbers: three loops (bits, numbers, bits), since compilers do not vectorise one
 * that goes between the two. */
static inline const float *
take(uint32_t *x, const uint32_t *a, const struct sm_operand *o, uint32_t ftz)
{
    const uint32_t keep = o->keep, flip = o->flip;

    if (keep == UINT32_MAX && !flip && !ftz)
        return (const float *)a; /* built without strict aliasing */
    SM_EACH
    x[i] = flushed((a[i] & keep) ^ flip, ftz);
    return (const float *)x;
}

static inline uint32_t
finished(float f, uint32_t ftz)
{
    const uint32_t x = sm_u32(f);

    return (x & MAGNITUDE) > EXPONENT ? NOT_A_NUMBER : flushed(x, ftz);
}

/* Negative and no numbers are 0; -0 is not below 0 and stays. */
static inline uint32_t
saturated(uint32_t x)
{
    const uint32_t low = x > sign_bit || x == NOT_A_NUMBER ? 0 : x;

    return low > 0x3f800000 && low != sign_bit ? 0x3f800000 : low;
}

static inline void
give(uint32_t *o, const float *r, uint32_t ftz, bool sat)
{
    uint32_t x[SM_LANES];

    memcpy(x, r, sizeof(x));
    SM_EACH
    {
        const uint32_t y = (x[i] & MAGNITUDE) > EXPONENT ? NOT_A_NUMBER : x[i];

        o[i] = flushed(y, ftz);
    }
    for (unsigned i = 0; sat && i < SM_LANES; i++)
        o[i] = saturated(o[i]);
}

uint32_t
sm_f32_result(float x, bool ftz)
{
    return finished(x, ftz ? UINT32_MAX : 0);
}

/* One expression for all lanes, in the rounding mode that the instruction asks for; last: its
 * last operand. */
#define LANES_OF(name, last, expression)                                                       \
    SM_CLONES static void name##_lanes(const struct sm_uop *u, const uint32_t *a,              \
                                       const uint32_t *b, const uint32_t *c, uint32_t *o)      \
    {                                                                                          \
        const uint32_t ftz = u->ftz ? UINT32_MAX : 0;                                          \
        uint32_t t[3][SM_LANES];                                                               \
        const float *x = take(t[0], a, &u->s[0], ftz), *y = take(t[1], b, &u->s[1], ftz);      \
        const float *z = take(t[2], c, &u->s[last], ftz);                                      \
        float r[SM_LANES];                                                                     \
                                                                                               \
        (void)z;                                                                               \
        SM_EACH                                                                                \
        r[i] = (expression);                                                                   \
        give(o, r, ftz, u->sat);                                                               \
    }                                                                                          \
    SM_OP(name)                                                                                \
    {                                                                                          \
        const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);                             \
        const uint32_t *c = (last) > 1 ? sm_src(w, u, 2) : b;                                  \
        uint32_t *o = sm_out(w, u->d, mask, 0);                                                \
                                                                                               \
        if (u->rnd != SM_RN)                                                                   \
            sm_round_begin(u->rnd);                                                            \
        name##_lanes(u, a, b, c, o);                                                           \
        if (u->rnd != SM_RN)                                                                   \
            sm_round_end();                                                                    \
        sm_commit(w, u->d, mask, 0);                                                           \
    }

LANES_OF(fadd, 1, x[i] + y[i])
LANES_OF(fmul, 1, x[i] * y[i])
LANES_OF(ffma, 2, __builtin_fmaf(x[i], y[i], z[i]))

/* -0 is below +0; the smaller one of a number and no number is the number. */
static inline bool
below(uint32_t x, uint32_t y)
{
    const int32_t a = (int32_t)(x >> 31 ? ~(x & MAGNITUDE) : x);
    const int32_t b = (int32_t)(y >> 31 ? ~(y & MAGNITUDE) : y);

    return a < b;
}

static inline bool
is_nan(uint32_t x)
{
    return (x & MAGNITUDE) > EXPONENT;
}

/* mod bit 0: .NAN, no number wins; bit 1: .XORSIGN */
SM_CLONES
SM_OP(fmnmx)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    const struct sm_operand sa = u->s[0], sb = u->s[1];
    const uint32_t ftz = u->ftz ? UINT32_MAX : 0, min = sm_pred(w, u, 0);
    const bool nan_wins = u->mod & 1, xorsign = u->mod & 2;
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    {
        const uint32_t x0 = flushed((a[i] & sa.keep) ^ sa.flip, ftz);
        const uint32_t y0 = flushed((b[i] & sb.keep) ^ sb.flip, ftz);
        const uint32_t x = xorsign ? x0 & MAGNITUDE : x0, y = xorsign ? y0 & MAGNITUDE : y0;
        uint32_t r = below(x, y) == (min >> i & 1) ? x : y;

        r = is_nan(x) ? y : is_nan(y) ? x : r;
        if (nan_wins ? is_nan(x) || is_nan(y) : is_nan(r))
            r = NOT_A_NUMBER;
        else if (xorsign)
            r = (r & MAGNITUDE) | ((x0 ^ y0) & sign_bit);
        o[i] = r;
    }
    sm_commit(w, u->d, mask, 0);
}

/* Comparisons */

SM_CLONES static void
compare_floats(const struct sm_uop *u, const uint32_t *a, const uint32_t *b, uint32_t *less_out,
               uint32_t *equal_out, uint32_t *greater_out)
{
    const uint32_t ftz = u->ftz ? UINT32_MAX : 0;
    uint32_t less = 0, equal = 0, greater = 0;
    uint32_t t[2][SM_LANES];
    const float *x = take(t[0], a, &u->s[0], ftz), *y = take(t[1], b, &u->s[1], ftz);

    SM_EACH
    {
        less |= (uint32_t)(x[i] < y[i]) << i;
        equal |= (uint32_t)(x[i] == y[i]) << i;
        greater |= (uint32_t)(x[i] > y[i]) << i;
    }
    *less_out = less;
    *equal_out = equal;
    *greater_out = greater;
}

/* The comparison's number says what it holds for: less 1, equal 2, greater 4, unordered 8. */
static uint32_t
compared(struct sm_warp *w, const struct sm_uop *u)
{
    uint32_t less, equal, greater;

    compare_floats(u, sm_src(w, u, 0), sm_src(w, u, 1), &less, &equal, &greater);
    return (u->op & 1 ? less : 0) | (u->op & 2 ? equal : 0) | (u->op & 4 ? greater : 0) |
           (u->op & 8 ? ~(less | equal | greater) : 0);
}

SM_OP(fsetp)
{
    const uint32_t bits = compared(w, u), p = sm_pred(w, u, 0);

    sm_set_pred(w, u->pd[0], sm_combine(u->mod, bits, p), mask);
    sm_set_pred(w, u->pd[1], sm_combine(u->mod, ~bits, p), mask);
}

/* imm: what is written for true */
SM_OP(fset)
{
    const uint32_t bits = sm_combine(u->mod, compared(w, u), sm_pred(w, u, 0));

    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = bits >> i & 1 ? u->imm : 0;
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_CLONES
SM_OP(fsel)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    const uint32_t ftz = u->ftz ? UINT32_MAX : 0, p = sm_pred(w, u, 0);
    const struct sm_operand sa = u->s[0], sb = u->s[1];
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    {
        const uint32_t x = (a[i] & sa.keep) ^ sa.flip, y = (b[i] & sb.keep) ^ sb.flip;

        o[i] = flushed(p >> i & 1 ? x : y, ftz);
    }
    sm_commit(w, u->d, mask, 0);
}

/* Is a / b safe without scaling? Exponents that are far from both ends, of operands and
 * quotient; everything else takes the slow path, which is right for all. */
static bool
needs_care(uint32_t a, uint32_t b)
{
    const int ea = (int)(a >> 23 & 0xff), eb = (int)(b >> 23 & 0xff), eq = ea - eb + 127;

    return ea < 26 || ea > 252 || eb < 3 || eb > 251 || eq < 3 || eq > 251;
}

SM_OP(fchk)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    uint32_t bits = 0;

    for (unsigned i = 0; i < SM_LANES; i++)
        bits |= (uint32_t)needs_care(a[i], b[i]) << i;
    sm_set_pred(w, u->pd[0], bits, mask);
}

/* Differences within a quad: two bits of imm for each of four lanes say a + b, a - b, b - a, 0
 */
SM_OP(fswzadd)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const float x = sm_f32(a[i]), y = sm_f32(b[i]);
        const unsigned how = u->imm >> 2 * (i & 3) & 3;
        const float r = how == 0 ? x + y : how == 1 ? x - y : how == 2 ? y - x : 0.0f;

        w->out[0][i] = finished(r, u->ftz ? UINT32_MAX : 0);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}
