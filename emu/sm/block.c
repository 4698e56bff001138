/* SPDX-License-Identifier: MIT */
/*
 * Blocks: their warps, shared and local memory, and the loop that executes.
 *
 * Warps take turns: each runs until it waits, exits, or had its slice. That order follows from
 * the program alone, so a block does the same each time.
 */
#include "ops.h"

enum { SLICE = 4096 };

static void
start_warp(struct sm_block *b, uint32_t index)
{
    const struct sm_grid *g = b->grid;
    const uint32_t threads = g->block[0] * g->block[1] * g->block[2];
    const uint32_t left = threads - index * SM_LANES;
    struct sm_warp *w = &b->warp[index];

    w->block = b;
    w->core = b->core;
    w->index = index;
    w->live = w->active = left >= SM_LANES ? UINT32_MAX : (1u << left) - 1;
    w->p[SM_PT] = UINT32_MAX;
    w->up = 1u << SM_PT;
    w->pc = w->next = g->program;
    w->meet = UINT64_MAX;
}

static void
place(struct sm_block *b, uint64_t linear)
{
    const struct sm_grid *g = b->grid;

    b->linear = linear;
    b->id[0] = (uint32_t)(linear % g->grid[0]);
    b->id[1] = (uint32_t)(linear / g->grid[0] % g->grid[1]);
    b->id[2] = (uint32_t)(linear / g->grid[0] / g->grid[1]);
    if (g->cluster[0] && g->cluster[1] && g->cluster[2])
        b->rank = b->id[0] % g->cluster[0] +
                  g->cluster[0] *
                      (b->id[1] % g->cluster[1] + g->cluster[1] * (b->id[2] % g->cluster[2]));
}

struct sm_block *
sm_block_create(struct sm_core *core, uint64_t linear)
{
    const struct sm_grid *g = core->grid;
    const uint32_t threads = g->block[0] * g->block[1] * g->block[2];
    const uint32_t warps = (threads + SM_LANES - 1) / SM_LANES;
    const uint64_t local = (uint64_t)warps * SM_LANES * (g->local_low + g->local_high);
    struct sm_block *b = sm_alloc(core->machine, sizeof(*b));

    if (!b)
        return NULL;
    b->core = core;
    b->grid = g;
    b->warps = b->live = warps;
    place(b, linear);
    b->warp = sm_alloc(core->machine, warps * sizeof(*b->warp));
    b->shared = sm_alloc(core->machine, g->shared_bytes + 16);
    b->local = sm_alloc(core->machine, local + 16);
    if (!b->warp || !b->shared || !b->local) {
        sm_block_destroy(b);
        return NULL;
    }
    for (uint32_t i = 0; i < warps; i++)
        start_warp(b, i);
    return b;
}

/* A warp as new, but for registers that the grid does not have: they stay as they are, zero. */
static void
clear_warp(struct sm_block *b, uint32_t index)
{
    struct sm_warp *w = &b->warp[index];
    const size_t after = offsetof(struct sm_warp, r) + sizeof(w->r);
    struct sm_timing *timing = w->timing;

    memset(w->r, 0, b->grid->registers * sizeof(w->r[0]));
    memset((uint8_t *)w + after, 0, sizeof(*w) - after);
    sm_free(b->core->machine, timing);
    start_warp(b, index);
}

void
sm_block_restart(struct sm_block *b, uint64_t linear)
{
    const struct sm_grid *g = b->grid;
    const uint64_t local = (uint64_t)b->warps * SM_LANES * (g->local_low + g->local_high);

    memset(b->bar, 0, sizeof(b->bar));
    b->bars = b->turn = 0;
    b->live = b->warps;
    b->next = NULL;
    place(b, linear);
    memset(b->shared, 0, g->shared_bytes);
    memset(b->local, 0, local);
    for (uint32_t i = 0; i < b->warps; i++)
        clear_warp(b, i);
}

void
sm_block_destroy(struct sm_block *b)
{
    struct sm_machine *m;

    if (!b)
        return;
    m = b->core->machine;
    for (uint32_t i = 0; b->warp && i < b->warps; i++)
        sm_free(m, b->warp[i].timing);
    sm_free(m, b->warp);
    sm_free(m, b->shared);
    sm_free(m, b->local);
    sm_free(m, b);
}

static uint32_t
guard_of(const struct sm_warp *w, const struct sm_uop *u)
{
    uint32_t bits =
        u->guard_uniform ? (w->up >> u->guard & 1 ? UINT32_MAX : 0) : w->p[u->guard];

    return u->guard_neg ? ~bits : bits;
}

/* The instruction that comes next; NULL: a trap. */
static const struct sm_uop *
fetch(struct sm_warp *w)
{
    if (!w->chunk || w->pc - w->chunk->va >= SM_CHUNK_BYTES)
        w->chunk = sm_chunk_at(w->core, w->pc);
    if (!w->chunk) {
        sm_trap(w, SM_OUT_OF_MEMORY, 0, w->pc, "no memory for decoded code");
        return NULL;
    }
    if (w->pc - w->chunk->va + 16 > w->chunk->have) {
        sm_trap(w, SM_MMU_FAULT, sm_first(w->active), w->pc, "no code at 0x%llx",
                (unsigned long long)w->pc);
        w->core->trap->fault = w->chunk->fault;
        return NULL;
    }
    return &w->chunk->uops[(w->pc - w->chunk->va) / 16];
}

static bool
registers_exist(struct sm_warp *w, const struct sm_uop *u)
{
    if (u->top_row < w->core->grid->registers)
        return true;
    sm_trap(w, SM_OOR_REG, sm_first(w->active), w->pc, "R%u, the thread has %u registers",
            u->top_row, w->core->grid->registers);
    return false;
}

static void
too_long(struct sm_warp *w)
{
    sm_trap(w, SM_WATCHDOG, w->active ? sm_first(w->active) : 0, w->pc,
            "no end after %llu instructions of one warp", (unsigned long long)w->executed);
}

/* Run a warp. Returns how many instructions it executed. */
static uint64_t
run_warp(struct sm_warp *w, uint64_t slice)
{
    struct sm_core *core = w->core;
    const uint64_t limit = core->machine->config.watchdog;
    const bool timing = core->machine->config.timing;
    uint64_t n = 0;

    while (n < slice && w->active && !core->stop) {
        const struct sm_uop *u = fetch(w);
        uint32_t mask;

        if (!u || (u->top_row >= core->grid->registers && !registers_exist(w, u)))
            break;
        n++;
        core->clock++;
        w->op = u->op_name;
        w->next = w->pc + 16;
        mask = w->active & guard_of(w, u);
        if (timing)
            sm_timing_check(w, u, mask);
        if (mask)
            u->run(w, u, mask);
        if (w->active && w->next == w->meet)
            sm_regroup(w);
        if (!core->stop)
            w->pc = w->next;
    }
    w->executed += n;
    if (w->executed > limit)
        too_long(w);
    return n;
}

static void
hung(struct sm_block *b)
{
    for (uint32_t i = 0; i < b->warps; i++) {
        struct sm_warp *w = &b->warp[i];

        if (!w->live)
            continue;
        w->pc = w->lane_pc[sm_first(w->live)];
        sm_trap(w, SM_WATCHDOG, sm_first(w->live), w->pc,
                w->barred ? "waits at barrier %u for warps that never come"
                          : "waits at a convergence barrier for lanes that never come",
                w->bar_pending - 1);
        return;
    }
}

bool
sm_block_run(struct sm_block *b, uint64_t budget)
{
    uint64_t n = 0;

    while (b->live && n < budget) {
        uint64_t moved = 0;

        for (uint32_t i = 0; i < b->warps && !b->core->stop; i++)
            if (b->warp[i].active)
                moved += run_warp(&b->warp[i], SLICE);
        if (b->core->stop)
            return false;
        if (!moved && b->live) {
            hung(b);
            return false;
        }
        n += moved;
    }
    return b->live != 0;
}
