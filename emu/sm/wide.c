/* SPDX-License-Identifier: MIT */
/*
 * Integers of 64 bits in register pairs: what sm_120 computes in one instruction.
 */
#include "ops.h"

struct pair {
    uint64_t lane[SM_LANES];
};

/* Source k, negated where the instruction says so. */
static void
fetch(struct sm_warp *w, const struct sm_uop *u, unsigned k, struct pair *out)
{
    const uint32_t *low = sm_src(w, u, k), *high = sm_src_word(w, u, k, 1);

    for (unsigned i = 0; i < SM_LANES; i++) {
        const uint64_t x = sm_pair(low[i], high[i]);

        out->lane[i] = u->s[k].neg ? 0 - x : x;
    }
}

static void
store(struct sm_warp *w, const struct sm_uop *u, const struct pair *x, uint32_t mask)
{
    uint32_t *low = w->out[0], *high = w->out[1];

    for (unsigned i = 0; i < SM_LANES; i++) {
        low[i] = (uint32_t)x->lane[i];
        high[i] = (uint32_t)(x->lane[i] >> 32);
    }
    sm_blend(w->r[u->d], low, mask);
    sm_blend(w->r[u->d + 1], high, mask);
}

static bool
is_less(const struct sm_uop *u, uint64_t a, uint64_t b)
{
    return u->is_signed ? (int64_t)a < (int64_t)b : a < b;
}

SM_OP(iadd64)
{
    struct pair a, b;

    fetch(w, u, 0, &a);
    fetch(w, u, 1, &b);
    for (unsigned i = 0; i < SM_LANES; i++)
        a.lane[i] += b.lane[i];
    store(w, u, &a, mask);
}

/* pp[0]: what is combined */
SM_OP(isetp64)
{
    const uint32_t with = sm_pred(w, u, 0);
    uint32_t bits = 0;
    struct pair a, b;

    fetch(w, u, 0, &a);
    fetch(w, u, 1, &b);
    for (unsigned i = 0; i < SM_LANES; i++)
        bits |=
            (uint32_t)sm_holds(u->op, is_less(u, a.lane[i], b.lane[i]), a.lane[i] == b.lane[i])
            << i;
    sm_set_pred(w, u->pd[0], sm_combine(u->mod, bits, with), mask);
    sm_set_pred(w, u->pd[1], sm_combine(u->mod, ~bits, with), mask);
}

/* pp[0]: the minimum */
SM_OP(imnmx64)
{
    const uint32_t min = sm_pred(w, u, 0);
    struct pair a, b;

    fetch(w, u, 0, &a);
    fetch(w, u, 1, &b);
    for (unsigned i = 0; i < SM_LANES; i++)
        if (is_less(u, a.lane[i], b.lane[i]) != (min >> i & 1))
            a.lane[i] = b.lane[i];
    store(w, u, &a, mask);
}

/* pp[0]: the first */
SM_OP(sel64)
{
    const uint32_t first = sm_pred(w, u, 0);
    struct pair a, b;

    fetch(w, u, 0, &a);
    fetch(w, u, 1, &b);
    for (unsigned i = 0; i < SM_LANES; i++)
        if (!(first >> i & 1))
            a.lane[i] = b.lane[i];
    store(w, u, &a, mask);
}
