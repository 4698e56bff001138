/* SPDX-License-Identifier: MIT */
/*
 * Integer arithmetic, comparisons and moves.
 *
 * Carries: an addend that is negated counts as ~x + 1 of 33 bits, so that a carry out of a
 * difference means "no borrow". With .X a negated addend is ~x, and the carries come in.
 */
#include "ops.h"

/* x, or -x, or ~x, as one xor and one addition */
struct sign {
    uint32_t flip, add;
};

static struct sign
sign_of(const struct sm_operand *o)
{
    return (struct sign){o->neg || o->inv ? UINT32_MAX : 0, o->neg ? 1 : 0};
}

SM_CLONES
SM_OP(mov)
{
    const uint32_t *a = sm_src(w, u, 0);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    o[i] = a[i];
    sm_commit(w, u->d, mask, 0);
    if (!u->wide)
        return;
    a = sm_src_word(w, u, 0, 1);
    o = sm_out(w, u->d + 1, mask, 1);
    SM_EACH
    o[i] = a[i];
    sm_commit(w, u->d + 1, mask, 1);
}

SM_CLONES
SM_OP(sel)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);
    const uint32_t p = sm_pred(w, u, 0);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    o[i] = p >> i & 1 ? (a[i] ^ sa.flip) + sa.add : (b[i] ^ sb.flip) + sb.add;
    sm_commit(w, u->d, mask, 0);
}

/* Without carries: most of all additions. */
SM_CLONES static void
add3(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]), sc = sign_of(&u->s[2]);
    const uint32_t add = sa.add + sb.add + sc.add;
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    o[i] = (a[i] ^ sa.flip) + (b[i] ^ sb.flip) + (c[i] ^ sc.flip) + add;
    sm_commit(w, u->d, mask, 0);
}

SM_OP(iadd3)
{
    uint32_t carry1 = 0, carry2 = 0, in1, in2;
    const uint32_t *a, *b, *c;
    struct sign s[3];
    uint32_t *o;

    if (!u->x && u->pd[0] == SM_PT && u->pd[1] == SM_PT) {
        add3(w, u, mask);
        return;
    }
    in1 = u->x ? sm_pred(w, u, 0) : 0;
    in2 = u->x ? sm_pred(w, u, 1) : 0;
    a = sm_src(w, u, 0);
    b = sm_src(w, u, 1);
    c = sm_src(w, u, 2);
    for (unsigned k = 0; k < 3; k++) {
        s[k] = sign_of(&u->s[k]);
        if (u->x)
            s[k].add = 0;
    }
    o = sm_out(w, u->d, mask, 0);
    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint64_t sum = (uint64_t)(a[i] ^ s[0].flip) + (b[i] ^ s[1].flip) +
                             (c[i] ^ s[2].flip) + s[0].add + s[1].add + s[2].add +
                             (in1 >> i & 1) + (in2 >> i & 1);

        o[i] = (uint32_t)sum;
        carry1 |= (uint32_t)(sum >> 32 >= 1) << i;
        carry2 |= (uint32_t)(sum >> 32 >= 2) << i;
    }
    sm_commit(w, u->d, mask, 0);
    sm_set_pred(w, u->pd[0], carry1, mask);
    sm_set_pred(w, u->pd[1], carry2, mask);
}

SM_CLONES
SM_OP(imad)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]), sc = sign_of(&u->s[2]);
    const uint32_t in = u->x ? sm_pred(w, u, 0) : 0;
    const uint32_t add = u->x ? 0 : sc.add;
    uint32_t *o = sm_out(w, u->d, mask, 0);

    if (!(sa.flip | sb.flip | sc.flip | in)) {
        SM_EACH
        o[i] = a[i] * b[i] + c[i];
        sm_commit(w, u->d, mask, 0);
        return;
    }
    SM_EACH
    o[i] = ((a[i] ^ sa.flip) + sa.add) * ((b[i] ^ sb.flip) + sb.add) + (c[i] ^ sc.flip) + add +
           (in >> i & 1);
    sm_commit(w, u->d, mask, 0);
}

static uint64_t
product(uint32_t a, uint32_t b, bool is_signed)
{
    return is_signed ? (uint64_t)((int64_t)(int32_t)a * (int32_t)b) : (uint64_t)a * b;
}

SM_CLONES
SM_OP(imad_wide)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const uint32_t *c1 = sm_src_word(w, u, 2, 1);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);
    const uint64_t flip = u->s[2].neg || u->s[2].inv ? UINT64_MAX : 0;
    const uint64_t add = u->s[2].neg && !u->x;
    const uint32_t in = u->x ? sm_pred(w, u, 0) : 0;
    uint32_t *lo = w->out[0], *hi = w->out[1], carry = 0;
    const bool is_signed = u->is_signed;

    SM_EACH
    {
        const uint64_t p =
            product((a[i] ^ sa.flip) + sa.add, (b[i] ^ sb.flip) + sb.add, is_signed);
        const uint64_t x = (sm_pair(c[i], c1[i]) ^ flip) + add + (in >> i & 1);
        const uint64_t sum = p + x;

        lo[i] = (uint32_t)sum;
        hi[i] = (uint32_t)(sum >> 32);
        carry |= (uint32_t)(sum < p) << i;
    }
    sm_blend(w->r[u->d], lo, mask);
    sm_blend(w->r[u->d == SM_SINK ? SM_SINK : u->d + 1], hi, mask);
    sm_set_pred(w, u->pd[0], carry, mask);
}

/* The upper half of the product, and of a pair that is added to it. */
SM_CLONES
SM_OP(imad_hi)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const uint32_t *c1 = sm_src_word(w, u, 2, 1);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);
    const uint64_t flip = u->s[2].neg || u->s[2].inv ? UINT64_MAX : 0;
    const uint64_t add = u->s[2].neg && !u->x;
    const uint32_t in = u->x ? sm_pred(w, u, 0) : 0;
    const bool is_signed = u->is_signed;
    uint32_t *o = w->out[0], carry = 0;

    SM_EACH
    {
        const uint64_t p =
            product((a[i] ^ sa.flip) + sa.add, (b[i] ^ sb.flip) + sb.add, is_signed);
        const uint64_t sum = p + (sm_pair(c[i], c1[i]) ^ flip) + add + (in >> i & 1);

        o[i] = (uint32_t)(sum >> 32);
        carry |= (uint32_t)(sum < p) << i;
    }
    sm_blend(w->r[u->d], o, mask);
    sm_set_pred(w, u->pd[0], carry, mask);
}

/* Signed numbers compare as unsigned ones with the sign bit turned over. */
SM_CLONES static void
compare_words(const uint32_t *a, const uint32_t *b, uint32_t turn, uint32_t *less_out,
              uint32_t *equal_out)
{
    uint32_t less = 0, equal = 0;

    SM_EACH
    {
        less |= (uint32_t)((a[i] ^ turn) < (b[i] ^ turn)) << i;
        equal |= (uint32_t)(a[i] == b[i]) << i;
    }
    *less_out = less;
    *equal_out = equal;
}

static uint32_t
select_bits(unsigned op, uint32_t less, uint32_t equal)
{
    const uint32_t greater = ~(less | equal);

    return (sm_holds(op, true, false) ? less : 0) | (sm_holds(op, false, true) ? equal : 0) |
           (sm_holds(op, false, false) ? greater : 0);
}

/* pp[0]: what is combined; pp[1], with .EX: how the lower words compared */
SM_OP(isetp)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    uint32_t less, equal, bits, na[SM_LANES], nb[SM_LANES];
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);

    if (sa.flip || sb.flip) {
        for (unsigned i = 0; i < SM_LANES; i++) {
            na[i] = (a[i] ^ sa.flip) + sa.add;
            nb[i] = (b[i] ^ sb.flip) + sb.add;
        }
        a = na;
        b = nb;
    }
    compare_words(a, b, u->is_signed ? UINT32_C(1) << 31 : 0, &less, &equal);
    bits = select_bits(u->op, less, equal);
    if (u->x)
        bits = (bits & ~equal) | (sm_pred(w, u, 1) & equal);
    sm_set_pred(w, u->pd[0], sm_combine(u->mod, bits, sm_pred(w, u, 0)), mask);
    sm_set_pred(w, u->pd[1], sm_combine(u->mod, ~bits, sm_pred(w, u, 0)), mask);
}

/* (a << imm) + b; .HI: the upper word of {c, a} << imm, c the sign of a with .SX32 */
SM_CLONES
SM_OP(lea)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);
    const uint32_t in = u->x ? sm_pred(w, u, 0) : 0;
    const unsigned shift = u->imm & 31;
    uint32_t *o = w->out[0], carry = 0;
    const bool hi = u->hi, sx32 = u->mod & 1, x = u->x;

    SM_EACH
    {
        const uint32_t high = sx32 ? 0 - (a[i] >> 31) : c[i];
        uint64_t v = hi ? sm_pair(a[i], high) << shift >> 32 : (uint64_t)a[i] << shift;
        uint64_t sum;

        v = (uint32_t)v ^ sa.flip;
        sum = (uint64_t)(uint32_t)v + (b[i] ^ sb.flip) + (x ? 0 : sa.add + sb.add) +
              (in >> i & 1);
        o[i] = (uint32_t)sum;
        carry |= (uint32_t)(sum >> 32 != 0) << i;
    }
    sm_blend(w->r[u->d], o, mask);
    sm_set_pred(w, u->pd[0], carry, mask);
}

SM_CLONES
SM_OP(imnmx)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);
    const uint32_t turn = u->is_signed ? UINT32_C(1) << 31 : 0, min = sm_pred(w, u, 0);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    {
        const uint32_t x = (a[i] ^ sa.flip) + sa.add, y = (b[i] ^ sb.flip) + sb.add;
        const uint32_t less = (x ^ turn) < (y ^ turn);

        o[i] = less == (min >> i & 1) ? x : y;
    }
    sm_commit(w, u->d, mask, 0);
}

SM_CLONES
SM_OP(iabs)
{
    const uint32_t *a = sm_src(w, u, 0);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    o[i] = a[i] >> 31 ? 0 - a[i] : a[i];
    sm_commit(w, u->d, mask, 0);
}

static int64_t
element(uint32_t x, unsigned bits, unsigned k, bool is_signed)
{
    const uint32_t v = x >> (k * bits % 32) & (uint32_t)((1u << bits) - 1);

    return is_signed && v >> (bits - 1) ? (int64_t)v - (1 << bits) : (int64_t)v;
}

/* IDP.4A: four bytes by four; .2A: two 16-bit numbers by two bytes (mod2: the upper two).
 * is_signed: of a; mod bit 0: b is signed; wide: 2A */
SM_OP(idp)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const struct sign sc = sign_of(&u->s[2]);
    const unsigned n = u->wide ? 2 : 4, bits = u->wide ? 16 : 8;

    for (unsigned i = 0; i < SM_LANES; i++) {
        int64_t sum = (int32_t)((c[i] ^ sc.flip) + sc.add);

        for (unsigned k = 0; k < n; k++)
            sum += element(a[i], bits, k, u->is_signed) *
                   element(b[i], 8, k + (u->mod2 ? 2 : 0), u->mod & 1);
        w->out[0][i] = (uint32_t)sum;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* |a - b| + c; mod 1: of bytes, added up; mod 2: of bytes, one by one */
SM_OP(vabsdiff)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const int64_t x = u->is_signed ? (int32_t)a[i] : (int64_t)a[i];
        const int64_t y = u->is_signed ? (int32_t)b[i] : (int64_t)b[i];
        uint32_t sum = u->mod == 2 ? 0 : c[i];

        for (unsigned k = 0; u->mod && k < 4; k++) {
            const int64_t e = element(a[i], 8, k, u->is_signed);
            const int64_t f = element(b[i], 8, k, u->is_signed);

            sum += (uint32_t)(e < f ? f - e : e - f) << (u->mod == 2 ? 8 * k : 0);
        }
        w->out[0][i] = u->mod ? sum : sum + (uint32_t)(x < y ? y - x : x - y);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_CLONES
SM_OP(viadd)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    SM_EACH
    o[i] = (a[i] ^ sa.flip) + (b[i] ^ sb.flip) + sa.add + sb.add;
    sm_commit(w, u->d, mask, 0);
}

/* Signed, to the nearest number that there is */
SM_OP(viadd_sat)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1);
    uint32_t *o = sm_out(w, u->d, mask, 0);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const int64_t x = (int32_t)a[i], y = (int32_t)b[i];
        const int64_t sum = (u->s[0].neg ? -x : x) + (u->s[1].neg ? -y : y);

        o[i] = sum > INT32_MAX   ? (uint32_t)INT32_MAX
               : sum < INT32_MIN ? (uint32_t)INT32_MIN
                                 : (uint32_t)sum;
    }
    sm_commit(w, u->d, mask, 0);
}

/* min(a + b, c) or max; pp[0]: min; mod bit 0: below 0 becomes 0 */
SM_OP(viaddmnmx)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const struct sign sa = sign_of(&u->s[0]), sb = sign_of(&u->s[1]), sc = sign_of(&u->s[2]);
    const uint32_t turn = u->is_signed ? UINT32_C(1) << 31 : 0, min = sm_pred(w, u, 0);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t sum = (a[i] ^ sa.flip) + (b[i] ^ sb.flip) + sa.add + sb.add;
        const uint32_t z = (c[i] ^ sc.flip) + sc.add;
        const uint32_t less = (sum ^ turn) < (z ^ turn);
        const uint32_t x = less == (min >> i & 1) ? sum : z;

        w->out[0][i] = u->mod & 1 && x >> 31 ? 0 : x;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_OP(vimnmx3)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    const uint32_t turn = u->is_signed ? UINT32_C(1) << 31 : 0, min = sm_pred(w, u, 0);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint32_t first = ((a[i] ^ turn) < (b[i] ^ turn)) == (min >> i & 1) ? a[i] : b[i];

        w->out[0][i] = ((first ^ turn) < (c[i] ^ turn)) == (min >> i & 1) ? first : c[i];
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}
