/* SPDX-License-Identifier: MIT */
/*
 * The uniform datapath: what the vector instruction of the same name does, on one lane, with
 * uniform registers and predicates.
 */
#include "ops.h"

enum { RESULT = SM_SINK + 1 }; /* a row that no program sees, and the one behind it */

/* The twin reads and writes uniform predicates as if they were the first lane's. */
static void
swap_in(struct sm_warp *w, uint32_t *kept)
{
    memcpy(kept, w->p, sizeof(w->p));
    for (unsigned i = 0; i < 8; i++)
        w->p[i] = w->up >> i & 1 ? UINT32_MAX : 0;
}

static void
swap_out(struct sm_warp *w, const uint32_t *kept)
{
    w->up = 0x80;
    for (unsigned i = 0; i < 7; i++)
        w->up |= (w->p[i] & 1) << i;
    memcpy(w->p, kept, sizeof(w->p));
}

static void
set(struct sm_warp *w, unsigned row, uint32_t x)
{
    if (row < SM_URZ)
        w->ur[row] = x;
}

SM_OP(uniform)
{
    struct sm_uop twin = *u;
    uint32_t kept[8];

    (void)mask;
    twin.d = RESULT;
    swap_in(w, kept);
    u->twin(w, &twin, 1);
    swap_out(w, kept);
    if (u->d_uniform == SM_URZ)
        return;
    set(w, u->d_uniform, w->r[RESULT][0]);
    if (u->wide && u->twin != sm_op_shf)
        set(w, u->d_uniform + 1u, w->r[RESULT + 1][0]);
}

/* From a constant bank: s[0] an index, imm the offset, mod2 the bank */
SM_OP(uldc)
{
    const uint32_t at = sm_scalar(w, u, 0, 0) + u->imm;
    uint32_t x;

    (void)mask;
    if (u->bytes < 4) {
        x = sm_constant(w, u->mod2, at & ~3u) >> 8 * (at & 3);
        x &= u->bytes == 1 ? 0xff : 0xffff;
        if (u->is_signed)
            x = u->bytes == 1 ? (uint32_t)(int8_t)x : (uint32_t)(int16_t)x;
        set(w, u->d_uniform, x);
        return;
    }
    for (unsigned k = 0; k < u->bytes / 4u; k++)
        set(w, u->d_uniform == SM_URZ ? SM_URZ : u->d_uniform + k,
            sm_constant(w, u->mod2, at + 4 * k));
}

/* A byte of s[0] into the uniform predicates that s[1] names; op: which byte */
SM_OP(ur2up)
{
    const uint32_t bits = sm_scalar(w, u, 0, 0) >> 8 * u->op;
    const uint32_t which = sm_scalar(w, u, 1, 0) & 0x7f;

    (void)mask;
    w->up = (w->up & ~which) | (bits & which);
}

/* The uniform predicates that s[1] names, as bits of s[0] */
SM_OP(up2ur)
{
    const uint32_t keep = sm_scalar(w, u, 0, 0), which = sm_scalar(w, u, 1, 0);

    (void)mask;
    set(w, u->d_uniform, (keep & ~which) | (w->up & 0x7f & which));
}
