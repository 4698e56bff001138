/* SPDX-License-Identifier: MIT */
/*
 * What lanes of a warp tell each other, and special registers.
 */
#include "ops.h"

/* Shuffles. op: IDX, UP, DOWN, BFLY; s[0]: value, s[1]: lane or distance, s[2]: clamp and
 * segment mask. pd[0]: the source is within the segment. A source that does not run gives its
 * own register's value, as it stands. */
enum { SHFL_IDX, SHFL_UP, SHFL_DOWN, SHFL_BFLY };

static int
source_lane(unsigned op, int lane, uint32_t b, uint32_t c, bool *in_range)
{
    const int n = (int)(b & 31), clamp = (int)(c & 31), segment = (int)(c >> 8 & 31);
    const int max = (lane & segment) | (clamp & ~segment), min = lane & segment;
    int j;

    switch (op) {
    case SHFL_UP:
        j = lane - n;
        *in_range = j >= max;
        break;
    case SHFL_DOWN:
        j = lane + n;
        *in_range = j <= max;
        break;
    case SHFL_BFLY:
        j = lane ^ n;
        *in_range = j <= max;
        break;
    default:
        j = min | (n & ~segment);
        *in_range = j <= max;
        break;
    }
    return *in_range ? j & 31 : lane;
}

SM_OP(shfl)
{
    const uint32_t *a = sm_src(w, u, 0), *b = sm_src(w, u, 1), *c = sm_src(w, u, 2);
    uint32_t bits = 0;

    for (unsigned i = 0; i < SM_LANES; i++) {
        bool in_range;
        const int from = source_lane(u->op, (int)i, b[i], c[i], &in_range);

        w->out[0][i] = a[from];
        bits |= (uint32_t)in_range << i;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_set_pred(w, u->pd[0], bits, mask);
}

/* op: ALL, ANY, EQ; over the lanes that execute it */
enum { VOTE_ALL, VOTE_ANY, VOTE_EQ };

static bool
vote(unsigned op, uint32_t votes, uint32_t mask)
{
    switch (op) {
    case VOTE_ALL:
        return votes == mask;
    case VOTE_ANY:
        return votes != 0;
    default:
        return votes == mask || !votes;
    }
}

SM_OP(vote)
{
    const uint32_t votes = sm_pred(w, u, 0) & mask;

    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = votes;
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_set_pred(w, u->pd[0], vote(u->op, votes, mask) ? UINT32_MAX : 0, mask);
}

SM_OP(voteu)
{
    const uint32_t votes = sm_pred(w, u, 0) & mask;

    w->ur[u->d_uniform] = votes;
    w->ur[SM_URZ] = 0;
    if (u->pd[0] != SM_PT)
        w->up = (w->up & ~(1u << u->pd[0])) | (uint32_t)vote(u->op, votes, mask) << u->pd[0];
}

/* op 0: ALL, with a predicate; 1: ANY. wide: 64-bit values */
SM_OP(match)
{
    const uint32_t *a = sm_src(w, u, 0), *a1 = u->wide ? sm_src_word(w, u, 0, 1) : a;
    uint32_t all = mask;

    for (unsigned i = 0; i < SM_LANES; i++) {
        uint32_t same = 0;

        for (uint32_t m = mask; m; m &= m - 1) {
            const unsigned k = sm_first(m);

            if (a[k] == a[i] && a1[k] == a1[i])
                same |= m & -m;
        }
        w->out[0][i] = same;
        if (mask >> i & 1 && same != mask)
            all = 0;
    }
    if (u->op == 0)
        for (unsigned i = 0; i < SM_LANES; i++)
            w->out[0][i] = all;
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_set_pred(w, u->pd[0], all ? UINT32_MAX : 0, mask);
}

/* op: enum sm_red; into a uniform register */
SM_OP(redux)
{
    const uint32_t *a = sm_src(w, u, 0);
    const uint32_t turn = u->is_signed ? UINT32_C(1) << 31 : 0;
    uint32_t x = a[sm_first(mask)];

    for (uint32_t m = mask & (mask - 1); m; m &= m - 1) {
        const uint32_t y = a[sm_first(m)];

        switch (u->op) {
        case SM_RED_ADD:
            x += y;
            break;
        case SM_RED_MIN:
            x = (x ^ turn) < (y ^ turn) ? x : y;
            break;
        case SM_RED_MAX:
            x = (x ^ turn) > (y ^ turn) ? x : y;
            break;
        case SM_RED_AND:
            x &= y;
            break;
        case SM_RED_OR:
            x |= y;
            break;
        default:
            x ^= y;
            break;
        }
    }
    if (u->d_uniform != SM_URZ)
        w->ur[u->d_uniform] = x;
}

/* The first lane of those that run. */
SM_OP(elect)
{
    const unsigned lane = sm_first(mask);

    if (u->d_uniform != SM_URZ)
        w->ur[u->d_uniform] = lane;
    sm_set_pred(w, u->pd[0], 1u << lane, mask);
}

/* Special registers, numbered as in S2R's field */
enum {
    SR_LANEID = 0x00,
    SR_CLOCK = 0x01,
    SR_VIRTCFG = 0x02,
    SR_VIRTID = 0x03,
    SR_TID = 0x20,
    SR_TID_X = 0x21,
    SR_TID_Y = 0x22,
    SR_TID_Z = 0x23,
    SR_CTAID_X = 0x25,
    SR_CTAID_Y = 0x26,
    SR_CTAID_Z = 0x27,
    SR_NTID = 0x28,
    SR_CIRQUEUEINCRMINUSONE = 0x29,
    SR_NLATC = 0x2a,
    SR_GRIDID = 0x2c,
    SR_LWINHI = 0x2e,
    SR_SWINHI = 0x2f,
    SR_SWINLO = 0x30,
    SR_SWINSZ = 0x31,
    SR_SMEMSZ = 0x32,
    SR_SMEMBANKS = 0x33,
    SR_LWINLO = 0x34,
    SR_LWINSZ = 0x35,
    SR_LMEMLOSZ = 0x36,
    SR_LMEMHIOFF = 0x37,
    SR_EQMASK = 0x38,
    SR_LTMASK = 0x39,
    SR_LEMASK = 0x3a,
    SR_GTMASK = 0x3b,
    SR_GEMASK = 0x3c,
    SR_REGALLOC = 0x3d,
    SR_GLOBALERRORSTATUS = 0x40,
    SR_WARPERRORSTATUS = 0x42,
    SR_VIRTUALSMID = 0x43,
    SR_CLOCKLO = 0x50,
    SR_CLOCKHI = 0x51,
    SR_GLOBALTIMERLO = 0x52,
    SR_GLOBALTIMERHI = 0x53,
    SR_CGACTAID = 0x88,
    SR_SRZ = 0xff,
};

static uint64_t
timer(const struct sm_warp *w)
{
    const struct sm_memory *m = &w->core->machine->config.memory;

    return m->now_ns ? m->now_ns(m->ctx) : 0;
}

static uint32_t
thread_index(const struct sm_warp *w, unsigned lane, unsigned axis)
{
    const uint32_t *n = w->core->grid->block, t = w->index * SM_LANES + lane;

    return axis == 0 ? t % n[0] : axis == 1 ? t / n[0] % n[1] : t / n[0] / n[1];
}

static uint32_t
virtual_id(const struct sm_warp *w)
{
    return w->core->index << 20 | (w->block->turn & 0xf) << 8 | w->index;
}

static uint32_t
special(const struct sm_warp *w, unsigned sr, unsigned lane, bool *known)
{
    const struct sm_grid *g = w->core->grid;

    *known = true;
    switch (sr) {
    case SR_LANEID:
        return lane;
    case SR_CLOCK:
    case SR_CLOCKLO:
        return (uint32_t)w->core->clock;
    case SR_CLOCKHI:
        return (uint32_t)(w->core->clock >> 32);
    case SR_GLOBALTIMERLO:
        return (uint32_t)timer(w);
    case SR_GLOBALTIMERHI:
        return (uint32_t)(timer(w) >> 32);
    case SR_VIRTID:
        return virtual_id(w);
    case SR_VIRTUALSMID:
        return w->core->index;
    case SR_TID:
        return thread_index(w, lane, 0) | thread_index(w, lane, 1) << 16 |
               thread_index(w, lane, 2) << 26;
    case SR_TID_X:
    case SR_TID_Y:
    case SR_TID_Z:
        return thread_index(w, lane, sr - SR_TID_X);
    case SR_CTAID_X:
    case SR_CTAID_Y:
    case SR_CTAID_Z:
        return w->block->id[sr - SR_CTAID_X];
    case SR_NTID:
        return g->block[0] * g->block[1] * g->block[2];
    case SR_GRIDID:
        return (uint32_t)g->id;
    case SR_SWINHI:
        return (uint32_t)(g->shared_window >> 32);
    case SR_LWINHI:
        return (uint32_t)(g->local_window >> 32);
    case SR_SWINLO:
        return (uint32_t)g->shared_window;
    case SR_LWINLO:
        return (uint32_t)g->local_window;
    case SR_SWINSZ:
    case SR_LWINSZ:
        return 1u << 24;
    case SR_SMEMSZ:
        return g->shared_bytes;
    case SR_LMEMLOSZ:
        return g->local_low;
    case SR_LMEMHIOFF:
        return (1u << 24) - g->local_high;
    case SR_EQMASK:
        return 1u << lane;
    case SR_LTMASK:
        return (1u << lane) - 1;
    case SR_LEMASK:
        return (2u << lane) - 1;
    case SR_GTMASK:
        return ~((2u << lane) - 1);
    case SR_GEMASK:
        return ~((1u << lane) - 1);
    case SR_REGALLOC:
        return g->registers;
    case SR_CGACTAID:
        return w->block->rank;
    case SR_VIRTCFG:
    case SR_CIRQUEUEINCRMINUSONE:
    case SR_NLATC:
    case SR_SMEMBANKS:
    case SR_GLOBALERRORSTATUS:
    case SR_WARPERRORSTATUS:
    case SR_SRZ:
        return 0;
    default:
        *known = false;
        return 0;
    }
}

static uint32_t
read_special(struct sm_warp *w, const struct sm_uop *u, unsigned lane)
{
    bool known;
    const uint32_t x = special(w, u->imm, lane, &known);

    if (!known)
        sm_trap(w, SM_NOT_MODELLED, lane, w->pc, "special register 0x%x is not modelled",
                u->imm);
    return x;
}

SM_OP(s2r)
{
    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = read_special(w, u, i);
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_OP(s2ur)
{
    if (u->d_uniform != SM_URZ)
        w->ur[u->d_uniform] = read_special(w, u, sm_first(mask ? mask : 1));
}

/* wide: the upper half is the register that follows in number */
SM_OP(cs2ur)
{
    struct sm_uop second = *u;

    sm_op_s2ur(w, u, mask);
    second.imm++;
    second.d_uniform++;
    if (u->wide && u->d_uniform != SM_URZ)
        sm_op_s2ur(w, &second, mask);
}

/* wide: two registers of 32 bits, the upper one of what follows in number */
SM_OP(cs2r)
{
    struct sm_uop second = *u;

    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = read_special(w, u, i);
    sm_blend(w->r[u->d], w->out[0], mask);
    if (!u->wide)
        return;
    if (u->imm == SR_CLOCKLO || u->imm == SR_GLOBALTIMERLO)
        second.imm++;
    else
        second.imm = SR_SRZ;
    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = read_special(w, &second, i);
    sm_blend(w->r[u->d + 1], w->out[0], mask);
}

/* A lane's value becomes everybody's: of the first lane that runs. pd[0]: all have the same */
SM_OP(r2ur)
{
    const uint32_t *a = sm_src(w, u, 0);
    const uint32_t x = a[sm_first(mask)];
    bool same = true;

    for (uint32_t m = mask; m; m &= m - 1)
        same = same && a[sm_first(m)] == x;
    if (u->d_uniform != SM_URZ)
        w->ur[u->d_uniform] = x;
    sm_set_pred(w, u->pd[0], same ? UINT32_MAX : 0, mask);
}
