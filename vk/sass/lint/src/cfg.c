/* SPDX-License-Identifier: MIT */
/* Control flow: blocks and where each goes. A return goes to all instructions behind calls of
 * functions that it belongs to; a branch through a register goes to every block that nothing
 * else leads to. */
#include <errno.h>
#include <string.h>

#include "lint_priv.h"

static void
mark(uint8_t *leader, uint32_t n, uint32_t at)
{
    if (at < n)
        leader[at] = 1;
}

static int
make_blocks(struct lint_prog *p, struct gsp_error *err)
{
    uint8_t *leader = gsp_host_alloc(p->host, p->n + 1);

    p->block_of = gsp_host_alloc(p->host, p->n * sizeof(*p->block_of));
    p->blocks = gsp_host_alloc(p->host, p->n * sizeof(*p->blocks));
    if (!leader || !p->block_of || !p->blocks) {
        gsp_host_free(p->host, leader);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM,
                        "no memory for the blocks of %u instructions", p->n);
    }
    for (uint32_t i = 0; i < p->entries_n; i++)
        mark(leader, p->n, p->entries[i]);
    mark(leader, p->n, 0);
    for (uint32_t i = 0; i < p->n; i++) {
        mark(leader, p->n, p->insns[i].target);
        if (p->insns[i].go != GO_NEXT)
            mark(leader, p->n, i + 1);
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if (leader[i])
            p->blocks[p->blocks_n++].first = i;
        p->block_of[i] = p->blocks_n - 1;
        p->blocks[p->blocks_n - 1].end = i + 1;
    }
    gsp_host_free(p->host, leader);
    return 0;
}

static bool
add_succ(struct lint_prog *p, struct lint_block *b, uint32_t at)
{
    uint32_t *grown;

    if (at >= p->n) {
        b->outside = true;
        return true;
    }
    grown = lint_grow(p->host, p->succ, p->succ_n, &p->succ_cap, sizeof(*grown));
    if (!grown)
        return false;
    p->succ = grown;
    p->succ[p->succ_n++] = p->block_of[at];
    b->succ_n++;
    return true;
}

static const struct lint_insn *
last(const struct lint_prog *p, const struct lint_block *b)
{
    return &p->insns[b->end - 1];
}

/* Where a block goes without looking beyond it: for finding the returns of a function, a call
 * goes on. */
static unsigned
within(const struct lint_prog *p, const struct lint_block *b, uint32_t next[2])
{
    const struct lint_insn *i = last(p, b);
    unsigned n = 0;

    if (i->go == GO_BRANCH && i->target != UINT32_MAX)
        next[n++] = i->target;
    if (i->go == GO_NEXT || i->go == GO_CALL || i->go == GO_FAR_CALL || i->conditional)
        next[n++] = b->end;
    return n;
}

/* Adds the instruction behind a call to every return that the called function can reach. */
struct walk {
    uint32_t *stack, n;
    uint8_t *seen;
};

static void
visit(struct lint_prog *p, struct walk *w, uint32_t at)
{
    if (at < p->n && !w->seen[p->block_of[at]]) {
        w->seen[p->block_of[at]] = 1;
        w->stack[w->n++] = p->block_of[at];
    }
}

typedef bool (*return_fn)(struct lint_prog *p, uint32_t block, uint32_t back, void *ctx);

static bool
each_return(struct lint_prog *p, struct walk *w, uint32_t callee, uint32_t back, return_fn fn,
            void *ctx)
{
    uint32_t next[2];

    memset(w->seen, 0, p->blocks_n);
    visit(p, w, callee);
    while (w->n) {
        const uint32_t b = w->stack[--w->n];
        const unsigned n = within(p, &p->blocks[b], next);

        if (last(p, &p->blocks[b])->go == GO_RETURN && !fn(p, b, back, ctx))
            return false;
        for (unsigned i = 0; i < n; i++)
            visit(p, w, next[i]);
    }
    return true;
}

/* Pairs of (block that returns, instruction to return to). */
struct pairs {
    struct pair {
        uint32_t block, back;
    } * p;
    uint32_t n, cap;
};

static bool
add_pair(struct lint_prog *p, uint32_t block, uint32_t back, void *ctx)
{
    struct pairs *pairs = ctx;
    struct pair *grown = lint_grow(p->host, pairs->p, pairs->n, &pairs->cap, sizeof(*grown));

    if (!grown)
        return false;
    pairs->p = grown;
    pairs->p[pairs->n++] = (struct pair){block, back};
    return true;
}

static bool
find_returns(struct lint_prog *p, struct pairs *pairs)
{
    struct walk w = {gsp_host_alloc(p->host, p->blocks_n * sizeof(uint32_t)), 0,
                     gsp_host_alloc(p->host, p->blocks_n)};
    bool ok = w.stack && w.seen;

    for (uint32_t i = 0; ok && i < p->n; i++)
        if (p->insns[i].go == GO_CALL && p->insns[i].target != UINT32_MAX && i + 1 < p->n)
            ok = each_return(p, &w, p->insns[i].target, i + 1, add_pair, pairs);
    gsp_host_free(p->host, w.stack);
    gsp_host_free(p->host, w.seen);
    return ok;
}

/* Blocks that no label and no fall-through leads to are where branches through registers go. */
static bool
add_far(struct lint_prog *p, struct lint_block *b, const uint8_t *led)
{
    for (uint32_t i = 1; i < p->blocks_n; i++)
        if (!led[i] && !add_succ(p, b, p->blocks[i].first))
            return false;
    return true;
}

static bool
link_block(struct lint_prog *p, struct lint_block *b, const struct pairs *returns,
           const uint8_t *led)
{
    const struct lint_insn *i = last(p, b);
    const uint32_t self = (uint32_t)(b - p->blocks);
    bool ok = true;

    b->succ = p->succ_n;
    if ((i->go == GO_BRANCH || i->go == GO_CALL) && i->target != UINT32_MAX)
        ok &= add_succ(p, b, i->target);
    if (i->go == GO_FAR)
        ok &= add_far(p, b, led);
    if (i->go == GO_RETURN)
        for (uint32_t k = 0; k < returns->n; k++)
            if (returns->p[k].block == self)
                ok &= add_succ(p, b, returns->p[k].back);
    if (i->go == GO_NEXT || i->go == GO_FAR_CALL || i->conditional)
        ok &= add_succ(p, b, b->end);
    return ok;
}

static void
mark_led(const struct lint_prog *p, uint8_t *led)
{
    uint32_t next[2];

    for (uint32_t b = 0; b < p->blocks_n; b++) {
        const struct lint_insn *i = last(p, &p->blocks[b]);
        const unsigned n = within(p, &p->blocks[b], next);

        for (unsigned k = 0; k < n; k++)
            if (next[k] < p->n)
                led[p->block_of[next[k]]] = 1;
        if (i->go == GO_CALL && i->target != UINT32_MAX)
            led[p->block_of[i->target]] = 1;
    }
    for (uint32_t e = 0; e < p->entries_n; e++)
        led[p->block_of[p->entries[e]]] = 1;
}

int
lint_cfg(struct lint_prog *p, struct gsp_error *err)
{
    struct pairs returns = {NULL, 0, 0};
    uint8_t *led;
    int rc = make_blocks(p, err);
    bool ok;

    if (rc < 0)
        return rc;
    led = gsp_host_alloc(p->host, p->blocks_n);
    ok = led && find_returns(p, &returns);
    if (ok)
        mark_led(p, led);
    for (uint32_t b = 0; ok && b < p->blocks_n; b++)
        ok = link_block(p, &p->blocks[b], &returns, led);
    gsp_host_free(p->host, led);
    gsp_host_free(p->host, returns.p);
    return ok ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "no memory for the control flow");
}
