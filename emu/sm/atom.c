/* SPDX-License-Identifier: MIT */
/*
 * Atomics and reductions: lanes one after the other, from the first on.
 *
 * op: enum sm_red; mod: enum sm_type; s[2]: the operand, s[3]: with CAS, the new value. In
 * float additions of global memory subnormal numbers count as zero where the instruction says
 * .FTZ.
 */
#include <math.h>

#include "ops.h"

static uint32_t
add_halves(uint32_t a, uint32_t b, bool bf16)
{
    uint32_t r = 0;

    for (unsigned k = 0; k < 32; k += 16) {
        const uint16_t x = (uint16_t)(a >> k), y = (uint16_t)(b >> k);
        const double sum = bf16 ? sm_add_odd(sm_bf16_to_float(x), sm_bf16_to_float(y))
                                : sm_half_to_float(x) + (double)sm_half_to_float(y);

        r |=
            (uint32_t)(bf16 ? sm_bf16_from_double(sum, SM_RN) : sm_half_from_double(sum, SM_RN))
            << k;
    }
    return r;
}

static uint32_t
flushed(uint32_t x, bool ftz)
{
    return ftz && !(x & 0x7f800000) ? x & 0x80000000 : x;
}

static uint64_t
add(unsigned type, uint64_t a, uint64_t b, bool ftz)
{
    double r;

    switch (type) {
    case SM_F32:
        return sm_f32_result(
            sm_f32(flushed((uint32_t)a, ftz)) + sm_f32(flushed((uint32_t)b, ftz)), ftz);
    case SM_F64:
        r = sm_f64(a) + sm_f64(b);
        return isnan(r) ? UINT64_C(0xfff8000000000000) : sm_u64(r);
    case SM_F16X2:
    case SM_BF16X2:
        return add_halves((uint32_t)a, (uint32_t)b, type == SM_BF16X2);
    default:
        return a + b;
    }
}

static double
half_of(uint32_t x, unsigned k, bool bf16)
{
    const uint16_t h = (uint16_t)(x >> 16 * k);

    return bf16 ? sm_bf16_to_float(h) : sm_half_to_float(h);
}

static uint64_t
pick_halves(uint32_t a, uint32_t b, bool min, bool bf16)
{
    uint32_t r = 0;

    for (unsigned k = 0; k < 2; k++) {
        const double x = half_of(a, k, bf16), y = half_of(b, k, bf16);
        const bool first = isnan(y) || (min ? x <= y : x >= y);

        r |= ((first ? a : b) >> 16 * k & 0xffff) << 16 * k;
    }
    return r;
}

static uint64_t
pick(unsigned type, uint64_t a, uint64_t b, bool min)
{
    bool less;

    switch (type) {
    case SM_S32:
        less = (int32_t)a < (int32_t)b;
        break;
    case SM_S64:
        less = (int64_t)a < (int64_t)b;
        break;
    case SM_F32:
        less = sm_f32((uint32_t)a) < sm_f32((uint32_t)b);
        break;
    case SM_F16X2:
    case SM_BF16X2:
        return pick_halves((uint32_t)a, (uint32_t)b, min, type == SM_BF16X2);
    default:
        less = a < b;
        break;
    }
    return less == min ? a : b;
}

static uint64_t
apply(const struct sm_uop *u, uint64_t a, uint64_t b, uint64_t c)
{
    switch (u->op) {
    case SM_RED_ADD:
        return add(u->mod, a, b, u->ftz);
    case SM_RED_MIN:
        return pick(u->mod, a, b, true);
    case SM_RED_MAX:
        return pick(u->mod, a, b, false);
    case SM_RED_INC:
        return a >= b ? 0 : a + 1;
    case SM_RED_DEC:
        return !a || a > b ? b : a - 1;
    case SM_RED_AND:
        return a & b;
    case SM_RED_OR:
        return a | b;
    case SM_RED_XOR:
        return a ^ b;
    case SM_RED_CAS:
        return a == b ? c : a;
    default:
        return b;
    }
}

static uint64_t
change32(const struct sm_uop *u, uint8_t *p, uint64_t b, uint64_t c)
{
    uint32_t *at = (uint32_t *)(void *)p, old = __atomic_load_n(at, __ATOMIC_RELAXED), now;

    do
        now = (uint32_t)apply(u, old, b, c);
    while (
        !__atomic_compare_exchange_n(at, &old, now, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return old;
}

static uint64_t
change64(const struct sm_uop *u, uint8_t *p, uint64_t b, uint64_t c)
{
    uint64_t *at = (uint64_t *)(void *)p, old = __atomic_load_n(at, __ATOMIC_RELAXED), now;

    do
        now = apply(u, old, b, c);
    while (
        !__atomic_compare_exchange_n(at, &old, now, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return old;
}

static uint64_t
operand(const struct sm_warp *w, const struct sm_operand *o, unsigned lane, bool wide)
{
    if (o->kind != SM_REG)
        return o->value;
    return sm_pair(w->r[o->row][lane], wide && o->row != SM_RZ ? w->r[o->row + 1][lane] : 0);
}

static void
change(struct sm_warp *w, const struct sm_uop *u, unsigned lane, uint8_t *p)
{
    const bool wide = u->bytes == 8;
    const uint64_t b = operand(w, &u->s[2], lane, wide);
    const uint64_t c = u->op == SM_RED_CAS ? operand(w, &u->s[3], lane, wide) : 0;
    const uint64_t old = wide ? change64(u, p, b, c) : change32(u, p, b, c);

    w->r[u->d][lane] = (uint32_t)old;
    if (wide)
        w->r[u->d + 1][lane] = (uint32_t)(old >> 32);
}

/* ATOM, ATOMG, RED: in global memory, or where a generic address leads (mod2) */
SM_OP(atom)
{
    uint64_t addr[SM_LANES];

    sm_addresses(w, u, addr);
    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);
        uint8_t *p = u->mod2 ? sm_generic(w, i, addr[i], u->bytes, SM_ATOMIC)
                             : sm_global(w, i, addr[i], u->bytes, SM_ATOMIC);

        if (!p)
            return;
        change(w, u, i, p);
    }
    sm_set_pred(w, u->pd[0], UINT32_MAX, mask);
}

/* .CAST: the register or predicate says whether the exchange took place. */
static void
swap_if(struct sm_warp *w, const struct sm_uop *u, unsigned lane, uint8_t *p)
{
    const bool wide = u->bytes == 8;
    const uint64_t b = operand(w, &u->s[2], lane, wide);
    const uint64_t c = operand(w, &u->s[3], lane, wide);
    const uint64_t old = wide ? change64(u, p, b, c) : change32(u, p, b, c);

    w->r[u->d][lane] = old == b;
    if (wide)
        w->r[u->d + 1][lane] = 0;
    sm_set_pred(w, u->pd[0], old == b ? UINT32_MAX : 0, UINT32_C(1) << lane);
}

SM_OP(atoms)
{
    uint64_t addr[SM_LANES];

    sm_addresses(w, u, addr);
    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);
        uint8_t *p = sm_shared(w, i, (uint32_t)addr[i], u->bytes);

        if (!p)
            return;
        if (u->mod2)
            swap_if(w, u, i, p);
        else
            change(w, u, i, p);
    }
}

/* POPC.INC: as many as there are lanes, one each at its address. */
SM_OP(atoms_popc)
{
    struct sm_uop one = *u;

    one.s[2] = (struct sm_operand){.kind = SM_IMM, .value = 1};
    sm_op_atoms(w, &one, mask);
}
