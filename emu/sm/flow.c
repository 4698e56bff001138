/* SPDX-License-Identifier: MIT */
/*
 * Where lanes go on: branches, calls, convergence barriers, and the choice of lanes that run.
 *
 * Each lane has an address of its own. Lanes with the same one run together, as the active
 * group; the others are ready, or wait at a convergence barrier, at a barrier of the block, or
 * have exited. The group with the lowest address goes first, since code that joins lies
 * behind; it gives way after some thousand instructions, so that no lane starves another one.
 *
 * A convergence barrier is kept per lane: the lanes that BSSY named. That is more than the
 * hardware's one mask per warp, and the same for all programs that keep their barriers apart.
 */
#include "ops.h"

enum { FAIR = 2048 }; /* instructions until others get their turn */

static void
find_meeting(struct sm_warp *w)
{
    w->meet = UINT64_MAX;
    for (uint32_t m = w->ready; m; m &= m - 1)
        if (w->lane_pc[sm_first(m)] < w->meet)
            w->meet = w->lane_pc[sm_first(m)];
}

static void
save(struct sm_warp *w, uint32_t lanes, uint64_t pc)
{
    for (uint32_t m = lanes; m; m &= m - 1)
        w->lane_pc[sm_first(m)] = pc;
}

static uint32_t
ready_at(const struct sm_warp *w, uint64_t pc)
{
    uint32_t found = 0;

    for (uint32_t m = w->ready; m; m &= m - 1)
        if (w->lane_pc[sm_first(m)] == pc)
            found |= m & -m;
    return found;
}

static bool
activate(struct sm_warp *w, uint64_t pc)
{
    w->active = ready_at(w, pc);
    w->ready &= ~w->active;
    w->pc = w->next = pc;
    w->since_switch = 0;
    find_meeting(w);
    return w->active != 0;
}

/* The active group joins those that are ready, and the group with the lowest address runs. */
bool
sm_regroup(struct sm_warp *w)
{
    save(w, w->active, w->next);
    w->ready |= w->active;
    w->active = 0;
    find_meeting(w);
    return w->ready && activate(w, w->meet);
}

/* The next group in order of addresses, after the one that ran. */
void
sm_yield(struct sm_warp *w)
{
    const uint64_t here = w->next;
    uint64_t best = UINT64_MAX;

    if (!w->ready) {
        w->since_switch = 0;
        return;
    }
    for (uint32_t m = w->ready; m; m &= m - 1) {
        const uint64_t pc = w->lane_pc[sm_first(m)];

        if (pc > here && pc < best)
            best = pc;
    }
    if (best == UINT64_MAX)
        best = w->meet;
    save(w, w->active, here);
    w->ready |= w->active;
    activate(w, best);
}

static void
go_to(struct sm_warp *w, uint32_t lanes, uint64_t target)
{
    if (target & 15) {
        sm_trap(w, SM_MISALIGNED_PC, sm_first(lanes), target, "branch target");
        return;
    }
    if (lanes == w->active) {
        w->next = target;
        if (target <= w->pc && ++w->since_switch > FAIR)
            sm_yield(w);
        return;
    }
    save(w, lanes, target);
    w->ready |= lanes;
    w->active &= ~lanes;
    sm_regroup(w);
}

/* Lanes go to addresses of their own. */
static void
scatter(struct sm_warp *w, uint32_t lanes, const uint64_t *target)
{
    const uint32_t stay = w->active & ~lanes;

    for (uint32_t m = lanes; m; m &= m - 1) {
        const unsigned i = sm_first(m);

        if (target[i] & 15) {
            sm_trap(w, SM_MISALIGNED_PC, i, target[i], "branch target");
            return;
        }
        w->lane_pc[i] = target[i];
    }
    w->ready |= lanes;
    w->active = stay;
    sm_regroup(w);
}

/* Branches, calls and returns: word[0] is the label; s[0], where there is one, is added to it.
 * pp[0] is a condition beside the guard. */

SM_OP(bra)
{
    const uint32_t lanes = mask & sm_pred(w, u, 0) & sm_pred(w, u, 1);
    uint64_t target[SM_LANES];
    const uint32_t *lo, *hi;

    if (!lanes)
        return;
    if (u->s[0].kind == SM_NONE) {
        go_to(w, lanes, u->word[0]);
        return;
    }
    lo = sm_src(w, u, 0);
    hi = sm_src_word(w, u, 0, 1);
    for (unsigned i = 0; i < SM_LANES; i++)
        target[i] = u->word[0] + sm_pair(lo[i], u->wide ? hi[i] : 0);
    scatter(w, lanes, target);
}

/* The address of the next instruction, or of a label */
SM_OP(lepc)
{
    const uint64_t pc = u->mod & 1 ? u->word[0] : w->pc;

    for (unsigned i = 0; i < SM_LANES; i++) {
        w->out[0][i] = (uint32_t)pc;
        w->out[1][i] = (uint32_t)(pc >> 32);
    }
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_blend(w->r[u->d + 1], w->out[1], mask);
}

/* Convergence barriers */

/* The lanes that wait at the same barrier. */
static uint32_t
waiting_at(const struct sm_warp *w, unsigned b)
{
    uint32_t there = 0;

    for (uint32_t m = w->waits; m; m &= m - 1)
        if (w->lane_wait[sm_first(m)] == b)
            there |= m & -m;
    return there;
}

/* Lanes go on when all those they wait for are there, or will not come any more. */
static void
release(struct sm_warp *w)
{
    uint32_t go = 0;

    for (uint32_t m = w->waits; m; m &= m - 1) {
        const unsigned i = sm_first(m), b = w->lane_wait[i];

        if (!(w->cbar[b][i] & w->live & ~waiting_at(w, b)))
            go |= m & -m;
    }
    w->waits &= ~go;
    w->ready |= go;
    if (go)
        find_meeting(w);
}

void
sm_lanes_exit(struct sm_warp *w, uint32_t mask)
{
    w->live &= ~mask;
    w->active &= ~mask;
    release(w);
    if (!w->active)
        sm_regroup(w);
    if (!w->live)
        w->block->live--;
    sm_barriers_check(w->block);
}

static void
wait_at(struct sm_warp *w, uint32_t lanes, unsigned b)
{
    for (uint32_t m = lanes; m; m &= m - 1)
        w->lane_wait[sm_first(m)] = (uint8_t)b;
    save(w, lanes, w->next);
    w->waits |= lanes;
    w->active &= ~lanes;
    release(w);
    sm_regroup(w);
}

/* imm: which barrier */
SM_OP(bssy)
{
    const uint32_t lanes = mask & sm_pred(w, u, 0);

    for (uint32_t m = lanes; m; m &= m - 1)
        w->cbar[u->imm][sm_first(m)] = lanes;
}

SM_OP(bsync)
{
    const uint32_t lanes = mask & sm_pred(w, u, 0);

    if (lanes)
        wait_at(w, lanes, u->imm);
}

SM_OP(break)
{
    const uint32_t lanes = mask & sm_pred(w, u, 0);
    uint32_t with = 0;

    for (uint32_t m = lanes; m; m &= m - 1)
        with |= w->cbar[u->imm][sm_first(m)];
    for (unsigned i = 0; i < SM_LANES; i++)
        if ((with | lanes) >> i & 1)
            w->cbar[u->imm][i] &= ~lanes;
    release(w);
}

SM_OP(warpsync)
{
    const uint32_t *a = sm_src(w, u, 0);
    const uint32_t lanes = mask & sm_pred(w, u, 0);

    for (uint32_t m = lanes; m; m &= m - 1) {
        const unsigned i = sm_first(m);

        w->cbar[SM_WARPSYNC][i] = u->mod & 1 ? UINT32_MAX : a[i];
    }
    if (lanes)
        wait_at(w, lanes, SM_WARPSYNC);
}

SM_OP(yield)
{
    (void)u;
    (void)mask;
    sm_yield(w);
}

/* mod bit 0: .CLEAR */
SM_OP(bmov_to_r)
{
    uint32_t *b = w->cbar[u->imm & 15];

    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);

        w->out[0][i] = b[i];
        if (u->mod & 1)
            b[i] = 0;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

SM_OP(bmov_to_b)
{
    const uint32_t *a = sm_src(w, u, 0);

    for (uint32_t m = mask; m; m &= m - 1)
        w->cbar[u->imm & 15][sm_first(m)] = a[sm_first(m)];
}

/* The end */

SM_OP(exit)
{
    const uint32_t lanes = mask & sm_pred(w, u, 0);

    if (lanes)
        sm_lanes_exit(w, lanes);
}

SM_OP(kill)
{
    sm_op_exit(w, u, mask);
}

SM_OP(nop)
{
    (void)w;
    (void)u;
    (void)mask;
}

SM_OP(bpt)
{
    (void)u;
    sm_trap(w, SM_TRAP, sm_first(mask), w->pc, "the program's own trap");
}

SM_OP(illegal)
{
    sm_trap(w, SM_ILLEGAL_ENCODING, mask ? sm_first(mask) : 0, w->pc,
            "0x%016llx%016llx is no instruction", (unsigned long long)u->word[1],
            (unsigned long long)u->word[0]);
}

SM_OP(bad_register)
{
    sm_trap(w, SM_MISALIGNED_REG, sm_first(mask), w->pc,
            "%s of registers that do not begin a pair or a quad", u->op_name);
}

SM_OP(refused)
{
    sm_trap(w, SM_NOT_MODELLED, mask ? sm_first(mask) : 0, w->pc, "%s is not modelled",
            u->name);
}

/* Barriers of the block */

/* mod: 0 SYNC, 1 ARV, 2 RED; op: POPC, AND, OR; s[0]: which, s[1]: threads, kind SM_NONE: all
 */
enum { BAR_SYNC, BAR_ARV, BAR_RED };
enum { RED_POPC, RED_AND, RED_OR };

static void
contribute(struct sm_barrier *b, uint32_t votes, uint32_t lanes)
{
    if (!b->arrived && !b->count)
        b->all = true;
    b->count += (uint32_t)__builtin_popcount(votes);
    b->all = b->all && votes == lanes;
    b->any = b->any || votes;
}

static bool
bar_arguments(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, uint32_t *id,
              uint32_t *threads)
{
    const unsigned lane = sm_first(mask);

    *id = sm_src(w, u, 0)[lane] & 0xff;
    *threads = u->s[1].kind == SM_NONE ? 0 : sm_src(w, u, 1)[lane] & 0xfff;
    if (u->s[1].kind != SM_NONE && *threads % SM_LANES)
        sm_trap(w, SM_ILLEGAL_PARAM, lane, *threads, "barrier of %u threads: no multiple of %u",
                *threads, SM_LANES);
    else if (*id >= SM_BARRIERS || *id >= w->core->grid->barriers)
        sm_trap(w, SM_ILLEGAL_PARAM, lane, *id, "barrier %u of %u", *id,
                w->core->grid->barriers);
    else
        return true;
    return false;
}

SM_OP(bar)
{
    struct sm_barrier *b;
    uint32_t id, threads;

    if (!bar_arguments(w, u, mask, &id, &threads))
        return;
    b = &w->block->bar[id];
    w->block->bars |= 1u << id;
    if (u->mod == BAR_RED)
        contribute(b, sm_pred(w, u, 0) & mask, mask);
    if (u->mod == BAR_ARV) {
        b->expected = threads / SM_LANES;
        b->arrived++;
        sm_barriers_check(w->block);
        return;
    }
    b->expected = threads / SM_LANES;
    w->bar_pending = id + 1;
    w->bar_red = u->mod == BAR_RED;
    w->bar_result = u->op;
    save(w, mask, w->next);
    w->barred |= mask;
    w->active &= ~mask;
    if (!w->active)
        sm_regroup(w);
    sm_barriers_check(w->block);
}

static uint32_t
red_result(const struct sm_barrier *b, unsigned op)
{
    return op == RED_POPC ? b->count : op == RED_AND ? b->all : b->any;
}

static void
let_go(struct sm_block *block, struct sm_barrier *b, uint32_t id)
{
    for (uint32_t i = 0; i < block->warps; i++) {
        struct sm_warp *w = &block->warp[i];

        if (w->bar_pending != id + 1 || !w->barred)
            continue;
        if (w->bar_red) {
            w->bar_result = red_result(b, w->bar_result);
            w->bar_predicate = w->bar_result != 0;
        }
        w->ready |= w->barred;
        w->barred = 0;
        w->bar_pending = 0;
        sm_regroup(w);
    }
    *b = (struct sm_barrier){0};
    block->bars &= ~(1u << id);
}

/* A warp has arrived when all its lanes that live have. */
void
sm_barriers_check(struct sm_block *block)
{
    for (uint32_t ids = block->bars; ids; ids &= ids - 1) {
        const uint32_t id = sm_first(ids);
        struct sm_barrier *b = &block->bar[id];
        uint32_t here = 0;

        for (uint32_t i = 0; i < block->warps; i++) {
            const struct sm_warp *w = &block->warp[i];

            here += w->bar_pending == id + 1 && w->live && w->barred == w->live;
        }
        if (here && here + b->arrived >= (b->expected ? b->expected : block->live))
            let_go(block, b, id);
    }
}

/* The result of BAR.RED: a number, or a predicate */
SM_OP(b2r)
{
    for (unsigned i = 0; i < SM_LANES; i++)
        w->out[0][i] = w->bar_result;
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_set_pred(w, u->pd[0], w->bar_predicate ? UINT32_MAX : 0, mask);
}
