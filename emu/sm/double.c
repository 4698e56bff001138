/* SPDX-License-Identifier: MIT */
/*
 * Double precision. No flushing; an operand that is no number comes out, made quiet, and where
 * an operation makes one it is 0xfff8000000000000.
 */
#include <math.h>

#include "ops.h"

static const uint64_t default_nan = UINT64_C(0xfff8000000000000);
static const uint64_t quiet = UINT64_C(1) << 51;
static const uint64_t infinity = UINT64_C(0x7ff0000000000000);
static const uint64_t sign_bit = UINT64_C(1) << 63;

static bool
is_nan(uint64_t x)
{
    return (x & ~sign_bit) > infinity;
}

struct lanes {
    uint64_t x[3][SM_LANES];
};

/* An operand's sign bits live in the upper word. */
static void
gather(struct sm_warp *w, const struct sm_uop *u, unsigned n, struct lanes *out)
{
    for (unsigned k = 0; k < n; k++) {
        const uint32_t *lo = sm_src(w, u, k), *hi = sm_src_word(w, u, k, 1);
        const struct sm_operand *o = &u->s[k];

        for (unsigned i = 0; i < SM_LANES; i++)
            out->x[k][i] = sm_pair(lo[i], (hi[i] & o->keep) ^ o->flip);
    }
}

static uint64_t
finish(double r, const struct lanes *l, unsigned n, unsigned lane)
{
    if (!isnan(r))
        return sm_u64(r);
    for (unsigned k = 0; k < n; k++)
        if (is_nan(l->x[k][lane]))
            return l->x[k][lane] | quiet;
    return default_nan;
}

static void
scatter(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, const double *r,
        const struct lanes *l, unsigned n)
{
    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint64_t x = finish(r[i], l, n, i);

        w->out[0][i] = (uint32_t)x;
        w->out[1][i] = (uint32_t)(x >> 32);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_blend(w->r[u->d + 1], w->out[1], mask);
}

SM_CLONES static void
add(const struct lanes *l, double *r)
{
    SM_EACH
    r[i] = sm_f64(l->x[0][i]) + sm_f64(l->x[1][i]);
}

SM_CLONES static void
multiply(const struct lanes *l, double *r)
{
    SM_EACH
    r[i] = sm_f64(l->x[0][i]) * sm_f64(l->x[1][i]);
}

SM_CLONES static void
fused(const struct lanes *l, double *r)
{
    SM_EACH
    r[i] = __builtin_fma(sm_f64(l->x[0][i]), sm_f64(l->x[1][i]), sm_f64(l->x[2][i]));
}

static void
run(struct sm_warp *w, const struct sm_uop *u, uint32_t mask,
    void (*f)(const struct lanes *, double *), unsigned n)
{
    struct lanes l;
    double r[SM_LANES];

    gather(w, u, n, &l);
    sm_round_begin(u->rnd);
    f(&l, r);
    sm_round_end();
    scatter(w, u, mask, r, &l, n);
}

SM_OP(dadd)
{
    run(w, u, mask, add, 2);
}

SM_OP(dmul)
{
    run(w, u, mask, multiply, 2);
}

SM_OP(dfma)
{
    run(w, u, mask, fused, 3);
}

/* .MIN, .MAX: the first operand is it; neither is a number. */
static void
choose(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, const struct lanes *l)
{
    uint32_t first = 0, neither = 0;

    for (unsigned i = 0; i < SM_LANES; i++) {
        const double x = sm_f64(l->x[0][i]), y = sm_f64(l->x[1][i]);
        const bool same = x == y, below = same ? l->x[0][i] >> 63 : x < y;
        const bool above = same ? !(l->x[0][i] >> 63) : x > y;
        const bool it = u->mod2 == 1 ? below : above;

        first |= (uint32_t)(isnan(y) ? !isnan(x) : !isnan(x) && it) << i;
        neither |= (uint32_t)(isnan(x) && isnan(y)) << i;
    }
    sm_set_pred(w, u->pd[0], sm_combine(u->mod, first, sm_pred(w, u, 0)), mask);
    sm_set_pred(w, u->pd[1], sm_combine(u->mod, neither, sm_pred(w, u, 0)), mask);
}

SM_OP(dsetp)
{
    uint32_t bits = 0;
    struct lanes l;

    gather(w, u, 2, &l);
    for (unsigned i = 0; i < SM_LANES; i++) {
        const double x = sm_f64(l.x[0][i]), y = sm_f64(l.x[1][i]);
        const unsigned is = x < y ? 1 : x == y ? 2 : x > y ? 4 : 8;

        bits |= (uint32_t)((u->op & is) != 0) << i;
    }
    if (u->mod2) {
        choose(w, u, mask, &l);
        return;
    }
    sm_set_pred(w, u->pd[0], sm_combine(u->mod, bits, sm_pred(w, u, 0)), mask);
    sm_set_pred(w, u->pd[1], sm_combine(u->mod, ~bits, sm_pred(w, u, 0)), mask);
}

SM_OP(dmnmx)
{
    const uint32_t min = sm_pred(w, u, 0);
    double r[SM_LANES];
    struct lanes l;

    gather(w, u, 2, &l);
    for (unsigned i = 0; i < SM_LANES; i++) {
        const double x = sm_f64(l.x[0][i]), y = sm_f64(l.x[1][i]);
        const bool less = x < y || (x == y && l.x[0][i] >> 63 && !(l.x[1][i] >> 63));

        r[i] = isnan(x) ? y : isnan(y) ? x : less == (min >> i & 1) ? x : y;
    }
    scatter(w, u, mask, r, &l, 2);
}
