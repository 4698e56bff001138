/* SPDX-License-Identifier: MIT */
/*
 * The second half of building a plan: pieces into programs.
 *
 * Pieces that keep their distance become one copy, and what is left uncovered becomes zeroes.
 * Padding between two fields that move together moves with them.
 */
#include <errno.h>
#include <string.h>

#include "plan_build.h"

static int
emit(struct builder *b, const struct gsp_op *op)
{
    struct gsp_op *ops = gsp_plan_grow(b, b->ops, b->op_count, &b->op_cap, sizeof(*ops));

    if (!ops)
        return b->rc;
    b->ops = ops;
    ops[b->op_count++] = *op;
    return 0;
}

static void
sort_pieces(struct level *l, bool by_canon)
{
    for (uint32_t i = 1; i < l->count; i++) {
        const struct piece p = l->pieces[i];
        const uint32_t key = by_canon ? p.op.canon : p.op.wire;
        uint32_t k = i;

        for (; k > 0 && (by_canon ? l->pieces[k - 1].op.canon : l->pieces[k - 1].op.wire) > key;
             k--)
            l->pieces[k] = l->pieces[k - 1];
        l->pieces[k] = p;
    }
}

/* Whether a field sits on the wire in [start, end). */
static bool
wire_has(const struct level *l, uint32_t start, uint32_t end)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const struct piece *p = &l->pieces[i];

        if (p->op.kind != GSP_OP_EMPTY && p->op.wire < end && p->wire_end > start)
            return true;
    }
    return false;
}

/* Whether the bytes from a's end to (canon, wire) are padding on both sides, so that one copy
 * can run through them. a is the last piece before `canon`. */
static bool
runs_on(const struct level *l, const struct piece *a, uint32_t canon, uint32_t wire)
{
    return a->op.kind == GSP_OP_COPY && canon >= a->canon_end && wire >= a->wire_end &&
           canon - a->canon_end == wire - a->wire_end && !wire_has(l, a->wire_end, wire);
}

/* Joins copies that keep their distance, and lets the last one run to the end of both structs.
 */
static void
join_copies(struct level *l)
{
    uint32_t kept = 0;

    sort_pieces(l, true);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct piece p = l->pieces[i];
        struct piece *last = kept ? &l->pieces[kept - 1] : NULL;

        if (last && p.op.kind == GSP_OP_COPY && runs_on(l, last, p.op.canon, p.op.wire)) {
            last->canon_end = p.canon_end;
            last->wire_end = p.wire_end;
            last->op.count = p.canon_end - last->op.canon;
        } else if (last && p.op.kind == GSP_OP_EMPTY && last->op.kind == GSP_OP_EMPTY &&
                   last->canon_end == p.op.canon) {
            last->canon_end = p.canon_end;
            last->op.count += p.op.count;
        } else {
            l->pieces[kept++] = p;
        }
    }
    l->count = kept;
    if (kept && runs_on(l, &l->pieces[kept - 1], l->canon_bytes, l->wire_bytes)) {
        struct piece *last = &l->pieces[kept - 1];

        last->canon_end = l->canon_bytes;
        last->wire_end = l->wire_bytes;
        last->op.count = last->canon_end - last->op.canon;
    }
}

static int
emit_zero(struct builder *b, uint32_t start, uint32_t end)
{
    const struct gsp_op op = {
        .kind = GSP_OP_ZERO, .canon = start, .wire = start, .count = end - start};

    return end > start ? emit(b, &op) : 0;
}

enum program { CHECK, ENCODE, DECODE };

static int emit_level(struct builder *b, uint32_t level, enum program which);

/* A loop whose body turns out empty (nothing to check) is taken back. */
static int
emit_loop(struct builder *b, const struct piece *p, enum program which)
{
    const uint32_t at = b->op_count;

    if (emit(b, &p->op) < 0 || emit_level(b, p->level, which) < 0)
        return b->rc;
    b->ops[at].body = b->op_count - at - 1;
    if (b->ops[at].body == 0)
        b->op_count = at;
    return 0;
}

/* Every case is emitted, also one without operations: a tag value that has none is an error. */
static int
emit_switch(struct builder *b, const struct piece *p, enum program which)
{
    const uint32_t at = b->op_count;

    if (emit(b, &p->op) < 0 || emit(b, &p->tag) < 0)
        return b->rc;
    for (uint16_t i = 0; i < p->cases; i++) {
        const struct union_case *c = &b->cases[p->first_case + i];
        const struct gsp_op op = {.kind = GSP_OP_CASE, .count = c->value};
        const uint32_t case_at = b->op_count;

        if (emit(b, &op) < 0 || emit_level(b, c->level, which) < 0)
            return b->rc;
        b->ops[case_at].body = b->op_count - case_at - 1;
    }
    b->ops[at].count = p->cases;
    b->ops[at].body = b->op_count - at - 1;
    return 0;
}

/* Up to four words are checked one by one, which is quicker than a scan. */
static int
emit_empty(struct builder *b, const struct gsp_op *empty)
{
    struct gsp_op op = *empty;

    if (op.count > 32)
        return emit(b, &op);
    for (uint32_t left = empty->count; left && b->rc == 0; left -= op.count, op.canon += 8) {
        op.count = left < 8 ? left : 8;
        emit(b, &op);
    }
    return b->rc;
}

static int
emit_check(struct builder *b, const struct piece *p)
{
    struct gsp_op op = p->op;

    if (op.kind == GSP_OP_SWITCH)
        return emit_switch(b, p, CHECK);
    if (op.kind == GSP_OP_LOOP)
        return emit_loop(b, p, CHECK);
    if (op.kind == GSP_OP_EMPTY)
        return emit_empty(b, &op);
    op.kind = GSP_OP_FIT;
    return p->op.kind == GSP_OP_CONVERT && (op.wire_bytes < op.canon_bytes || op.bit_len)
               ? emit(b, &op)
               : 0;
}

/* Bit-fields share a storage unit: it is zeroed before the first of them and never after. */
static int
emit_move(struct builder *b, const struct piece *p, enum program which, uint32_t *done)
{
    const uint32_t start = which == ENCODE ? p->op.wire : p->op.canon;
    const uint32_t end = which == ENCODE ? p->wire_end : p->canon_end;
    const bool shared = which == ENCODE && p->op.bit_len;

    if (emit_zero(b, *done, shared && end > *done ? end : start) < 0)
        return b->rc;
    if (end > *done)
        *done = end;
    if (p->op.kind == GSP_OP_LOOP)
        return emit_loop(b, p, which);
    return p->op.kind == GSP_OP_SWITCH ? emit_switch(b, p, which) : emit(b, &p->op);
}

static int
emit_level(struct builder *b, uint32_t level, enum program which)
{
    struct level *l = &b->levels[level];
    uint32_t done = 0;

    sort_pieces(l, which != ENCODE);
    for (uint32_t i = 0; i < l->count && b->rc == 0; i++) {
        const struct piece *p = &l->pieces[i];

        if (which == CHECK)
            emit_check(b, p);
        else if (p->op.kind != GSP_OP_EMPTY)
            emit_move(b, p, which, &done);
    }
    if (which != CHECK && b->rc == 0)
        emit_zero(b, done, which == ENCODE ? l->wire_bytes : l->canon_bytes);
    return b->rc;
}

static struct gsp_plan *
finish(struct builder *b, const struct nvrm_layout *canon, const struct nvrm_layout *wire,
       const uint32_t ends[3])
{
    struct gsp_plan *plan =
        gsp_host_alloc(b->host, sizeof(*plan) + b->op_count * sizeof(plan->ops[0]));

    if (!plan) {
        gsp_plan_no_memory(b);
        return NULL;
    }
    plan->abi = b->abi;
    plan->canon = canon;
    plan->wire = wire;
    plan->canon_bytes = canon->size;
    plan->wire_bytes = wire->size;
    if (b->op_count)
        memcpy(plan->ops, b->ops, b->op_count * sizeof(plan->ops[0]));
    plan->check = (struct gsp_program){plan->ops, ends[CHECK]};
    plan->encode = (struct gsp_program){plan->ops + ends[CHECK], ends[ENCODE] - ends[CHECK]};
    plan->decode = (struct gsp_program){plan->ops + ends[ENCODE], ends[DECODE] - ends[ENCODE]};
    gsp_plan_quicken(plan);
    return plan;
}

static struct gsp_plan *
build(struct builder *b, const struct nvrm_layout *canon, const struct nvrm_layout *wire)
{
    struct level *top = gsp_plan_add_level(b, canon->size, wire->size);
    uint32_t ends[3];

    if (!top || gsp_plan_match(b, top, canon, wire, 0, 0) < 0)
        return NULL;
    for (uint32_t i = 0; i < b->level_count; i++)
        join_copies(&b->levels[i]);
    for (enum program which = CHECK; which <= DECODE; which++) {
        if (emit_level(b, 0, which) < 0)
            return NULL;
        ends[which] = b->op_count;
    }
    return finish(b, canon, wire, ends);
}

struct gsp_plan *
gsp_plan_create(struct nvrm_abi abi, const struct gsp_host *host,
                const struct nvrm_layout *canon, const struct nvrm_layout *wire,
                struct gsp_error *err)
{
    struct builder *b = gsp_host_alloc(host, sizeof(*b));
    struct gsp_plan *plan;

    if (!b) {
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a copy plan");
        return NULL;
    }
    b->abi = abi;
    b->host = host;
    b->err = err;
    plan = build(b, canon, wire);
    for (uint32_t i = 0; i < b->level_count; i++)
        gsp_host_free(host, b->levels[i].pieces);
    gsp_host_free(host, b->ops);
    gsp_host_free(host, b);
    return plan;
}
