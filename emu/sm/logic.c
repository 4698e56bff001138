/* SPDX-License-Identifier: MIT */
/*
 * Bits: logic by table, shifts, permutations, masks, counts; predicates as bits.
 */
#include "ops.h"

/* The table's rows that are set, as masks: row n is what comes out where a, b, c spell n. */
static inline uint32_t
lut(uint32_t a, uint32_t b, uint32_t c, uint32_t table)
{
    uint32_t x = 0;

    for (unsigned n = 0; n < 8; n++)
        x |= (table >> n & 1 ? UINT32_MAX : 0) & (n & 4 ? a : ~a) & (n & 2 ? b : ~b) &
             (n & 1 ? c : ~c);
    return x;
}

/* Tables that most code has, each as its own loop; the others by their eight rows. */
#define TABLE(table, expression)                                                               \
    case table:                                                                                \
        SM_EACH                                                                                \
        o[i] = expression;                                                                     \
        break;

SM_CLONES static void
lop3_lanes(uint32_t *o, const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t table)
{
    switch (table) {
        TABLE(0xc0, a[i] & b[i])
        TABLE(0xfc, a[i] | b[i])
        TABLE(0x3c, a[i] ^ b[i])
        TABLE(0x30, a[i] & ~b[i])
        TABLE(0x0c, ~a[i] & b[i])
        TABLE(0x0f, ~a[i])
        TABLE(0x33, ~b[i])
        TABLE(0x55, ~c[i])
        TABLE(0x96, a[i] ^ b[i] ^ c[i])
        TABLE(0x80, a[i] & b[i] & c[i])
        TABLE(0xfe, a[i] | b[i] | c[i])
        TABLE(0xf8, a[i] | (b[i] & c[i]))
        TABLE(0xea, c[i] | (a[i] & b[i]))
        TABLE(0xe2, (a[i] & b[i]) | (~b[i] & c[i]))
        TABLE(0xca, (a[i] & b[i]) | (~a[i] & c[i]))
        TABLE(0xb8, (b[i] & c[i]) | (~b[i] & a[i]))
        TABLE(0xac, (a[i] & c[i]) | (~a[i] & b[i]))
        TABLE(0xe4, (c[i] & a[i]) | (~c[i] & b[i]))
        TABLE(0xd8, (c[i] & b[i]) | (~c[i] & a[i]))
        TABLE(0xe8, (a[i] & b[i]) | (c[i] & (a[i] | b[i])))
        TABLE(0x78, a[i] ^ (b[i] & c[i]))
        TABLE(0x6a, c[i] ^ (a[i] & b[i]))
        TABLE(0x28, (a[i] ^ b[i]) & c[i])
        TABLE(0x48, (a[i] ^ c[i]) & b[i])
        TABLE(0x60, (b[i] ^ c[i]) & a[i])
        TABLE(0xa8, (a[i] | b[i]) & c[i])
        TABLE(0xe0, (b[i] | c[i]) & a[i])
        TABLE(0xc8, (a[i] | c[i]) & b[i])
    default: {
        uint32_t m[8];

        for (unsigned n = 0; n < 8; n++)
            m[n] = table >> n & 1 ? UINT32_MAX : 0;
        SM_EACH
        {
            const uint32_t x = a[i], y = b[i], z = c[i];
            const uint32_t p = (z & (m[0] ^ m[1])) ^ m[0], q = (z & (m[2] ^ m[3])) ^ m[2];
            const uint32_t r = (z & (m[4] ^ m[5])) ^ m[4], s = (z & (m[6] ^ m[7])) ^ m[6];
            const uint32_t low = (y & (p ^ q)) ^ p, high = (y & (r ^ s)) ^ r;

            o[i] = (x & (low ^ high)) ^ low;
        }
        break;
    }
    }
}

SM_CLONES static uint32_t
not_zero(const uint32_t *x)
{
    uint32_t set = 0;

    SM_EACH
    set |= (uint32_t)(x[i] != 0) << i;
    return set;
}

/* Where operand k is inverted, its rows of the table change places. */
static uint32_t
with_inversions(const struct sm_uop *u)
{
    uint32_t table = u->imm & 0xff;

    if (u->s[0].inv)
        table = table >> 4 | (table & 0x0f) << 4;
    if (u->s[1].inv)
        table = (table >> 2 & 0x33) | (table & 0x33) << 2;
    if (u->s[2].inv)
        table = (table >> 1 & 0x55) | (table & 0x55) << 1;
    return table;
}

/* imm: the table. pd[0]: is the result not 0, joined with pp[0] by mod (enum sm_bool) */
SM_OP(lop3)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    lop3_lanes(o, a, b, c, with_inversions(u));
    if (u->pd[0] != SM_PT)
        sm_set_pred(w, u->pd[0], sm_combine(u->mod, not_zero(o), sm_pred(w, u, 0)), mask);
    sm_commit(w, u->d, mask, 0);
}

static uint32_t
signs(struct sm_warp *w, const struct sm_uop *u, unsigned k)
{
    const uint32_t *a = sm_src(w, u, k);
    uint32_t bits = 0;

    for (unsigned i = 0; i < SM_LANES; i++)
        bits |= a[i] >> 31 << i;
    return bits;
}

/* imm, mod2: the tables of the two results; mod bit k: input k is a register's sign */
SM_OP(plop3)
{
    const uint32_t a = u->mod & 1 ? signs(w, u, 0) : sm_pred(w, u, 0);
    const uint32_t b = u->mod & 2 ? signs(w, u, 1) : sm_pred(w, u, 1);
    const uint32_t c = u->mod & 4 ? signs(w, u, 2) : sm_pred(w, u, 2);
    const uint32_t first = lut(a, b, c, u->imm), second = lut(a, b, c, u->mod2);

    sm_set_pred(w, u->pd[0], first, mask);
    sm_set_pred(w, u->pd[1], second, mask);
}

/* {c, a} by counts of 32 bits at most: words do. */
SM_CLONES static void
shf32(uint32_t *o, const struct sm_uop *u, const uint32_t *a, const uint32_t *b,
      const uint32_t *c)
{
    const bool right = u->mod & 1, is_signed = u->is_signed;
    const uint32_t wrap = u->mod & 2 ? 31 : UINT32_MAX;

    if (!right && !u->hi) {
        SM_EACH
        {
            const uint32_t n = b[i] & wrap;

            o[i] = n < 32 ? a[i] << (n & 31) : 0;
        }
    } else if (right && u->hi) {
        SM_EACH
        {
            const uint32_t n = b[i] & wrap;
            const uint32_t signs = (uint32_t)((int32_t)c[i] >> (n < 31 ? n : 31));

            o[i] = is_signed ? signs : n < 32 ? c[i] >> (n & 31) : 0;
        }
    } else { /* both words take part; left by n is right by 32 - n */
        SM_EACH
        {
            const uint32_t m = b[i] & wrap, n = m < 32 ? m : 32, r = right ? n : 32 - n;
            const uint32_t low = r < 32 ? a[i] >> (r & 31) : 0;
            const uint32_t high = r > 0 ? c[i] << ((32 - r) & 31) : 0;

            o[i] = r == 32 ? c[i] : r == 0 ? a[i] : low | high;
        }
    }
}

SM_CLONES static void
shf64(uint32_t *o, const struct sm_uop *u, const uint32_t *a, const uint32_t *b,
      const uint32_t *c)
{
    const bool right = u->mod & 1, wrap = u->mod & 2, is_signed = u->is_signed, hi = u->hi;

    SM_EACH
    {
        const uint64_t x = sm_pair(a[i], c[i]);
        const uint32_t n = wrap ? b[i] & 63 : b[i] < 64 ? b[i] : 64;
        const uint32_t n1 = n / 2, n2 = n - n1; /* 64 is more than C shifts by */
        const uint64_t left = x << n1 << n2;
        const uint64_t signs = (uint64_t)((int64_t)x >> n1 >> n2);
        const uint64_t zeroes = x >> n1 >> n2;
        const uint64_t y = !right ? left : is_signed ? signs : zeroes;

        o[i] = hi ? (uint32_t)(y >> 32) : (uint32_t)y;
    }
}

/* {c, a} by b; wide: 64-bit counts; mod bit 0: right, bit 1: counts wrap */
SM_OP(shf)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    (u->wide ? shf64 : shf32)(o, u, a, b, c);
    sm_commit(w, u->d, mask, 0);
}

SM_OP(shl)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t n = u->mod & 2 ? b[i] & 31 : b[i];

        w->out[0][i] = n < 32 ? a[i] << n : 0;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_OP(shr)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        uint32_t n = u->mod & 2 ? b[i] & 31 : b[i];

        if (u->is_signed)
            w->out[0][i] = (uint32_t)((int32_t)a[i] >> (n < 31 ? n : 31));
        else
            w->out[0][i] = n < 32 ? a[i] >> n : 0;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* PRMT */

enum { IDX, F4E, B4E, RC8, ECL, ECR, RC16 };

/* Which of the eight bytes each result byte takes; bit 3: its sign, eight times. */
static uint32_t
selector(unsigned mode, uint32_t s)
{
    const uint32_t n = s & 3;

    switch (mode) {
    case F4E:
        return n | (n + 1) << 4 | (n + 2) << 8 | (n + 3) << 12;
    case B4E:
        return n | ((n + 7) & 7) << 4 | ((n + 6) & 7) << 8 | ((n + 5) & 7) << 12;
    case RC8:
        return n * 0x1111;
    case ECL:
        return (n > 0 ? n : 0) | (n > 1 ? n : 1) << 4 | (n > 2 ? n : 2) << 8 | 3 << 12;
    case ECR:
        return 0 | (n < 1 ? n : 1) << 4 | (n < 2 ? n : 2) << 8 | (n < 3 ? n : 3) << 12;
    case RC16:
        return n & 1 ? 0x3232 : 0x1010;
    default:
        return s;
    }
}

static uint32_t
permute(uint32_t a, uint32_t c, uint32_t s)
{
    const uint64_t bytes = sm_pair(a, c);
    uint32_t x = 0;

    for (unsigned k = 0; k < 4; k++) {
        const uint32_t n = s >> 4 * k & 0xf;
        const uint32_t byte = (uint32_t)(bytes >> 8 * (n & 7)) & 0xff;

        x |= (n & 8 ? (byte >> 7) * 0xff : byte) << 8 * k;
    }
    return x;
}

/* a: the lower bytes, b: which, c: the upper bytes; op: the mode */
SM_OP(prmt)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);

    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = permute(a[i], c[i], selector(u->op, b[i]));
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* b ones from bit a on; mod bit 1: both counts wrap */
SM_OP(bmsk)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t at = u->mod & 2 ? a[i] & 31 : a[i] < 32 ? a[i] : 32;
        const uint32_t n = u->mod & 2 ? b[i] & 31 : b[i] < 32 ? b[i] : 32;

        w->out[0][i] = (uint32_t)(((UINT64_C(1) << n) - 1) << at);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

static uint32_t
reversed(uint32_t x)
{
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(x);
}

SM_CLONES
SM_OP(brev)
{
    const uint32_t *a = sm_src(w, u, 0), flip = u->s[0].inv ? UINT32_MAX : 0;
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    o[i] = reversed(a[i] ^ flip);
    sm_commit(w, u->d, mask, 0);
}

/* The highest bit that is set (of a negative number: that is not); ~0 for none. mod bit 0: how
 * far it is to shift. pd[0]: there is one. */
SM_OP(flo)
{
    const uint32_t *a = sm_src(w, u, 0), flip = u->s[0].inv ? UINT32_MAX : 0;
    uint32_t found = 0;

    for (unsigned i = 0; i < SM_LANES; i++) {
        uint32_t x = a[i] ^ flip;

        if (u->is_signed && x >> 31)
            x = ~x;
        found |= (uint32_t)(x != 0) << i;
        if (!x)
            w->out[0][i] = UINT32_MAX;
        else
            w->out[0][i] =
                u->mod & 1 ? (uint32_t)__builtin_clz(x) : 31 - (uint32_t)__builtin_clz(x);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_set_pred(w, u->pd[0], found, mask);
}

SM_OP(popc)
{
    const uint32_t *a = sm_src(w, u, 0), flip = u->s[0].inv ? UINT32_MAX : 0;

    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = (uint32_t)__builtin_popcount(a[i] ^ flip);
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* The lower b bits, with their sign or zeroes above; mod bit 1: b wraps */
SM_OP(sgxt)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t n = u->mod & 2 ? b[i] & 31 : b[i] < 32 ? b[i] : 32;
        const uint32_t ones = (uint32_t)((UINT64_C(1) << n) - 1), x = a[i] & ones;
        const bool negative = u->is_signed && n && x >> (n - 1) & 1;

        w->out[0][i] = negative ? x | ~ones : x;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* The predicates as bits of a byte: op says which byte of a is replaced; b: which of them. */
SM_OP(p2r)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        uint32_t bits = 0;

        for (unsigned p = 0; p < 7; p++)
            bits |= (w->p[p] >> i & 1) << p;
        w->out[0][i] = (a[i] & ~(b[i] << 8 * u->op)) | (bits & b[i]) << 8 * u->op;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_OP(r2p)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);

    for (unsigned p = 0; p < 7; p++) {
        uint32_t bits = 0, which = 0;

        for (unsigned i = 0; i < SM_LANES; i++) {
            bits |= (a[i] >> (8 * u->op + p) & 1) << i;
            which |= (b[i] >> p & 1) << i;
        }
        sm_set_pred(w, p, bits, mask & which);
    }
}
