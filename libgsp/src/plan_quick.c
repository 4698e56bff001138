/* SPDX-License-Identifier: MIT */
/*
 * Short operations made quick.
 *
 * A program fills its target from front to back and leaves no byte out. So a copy may run over
 * its end, as long as it stays within both structs: what it spoils is written by a later
 * operation. That turns copies and zeroes of odd lengths into one load and store of a fixed
 * size. In a loop the bounds are those of one element.
 */
#include "plan_priv.h"

struct bounds {
    uint32_t canon, wire; /* bytes of the two structs */
};

static bool
has_room(const struct gsp_op *op, const struct bounds *b, uint32_t bytes)
{
    return op->count <= bytes && op->canon + bytes <= b->canon && op->wire + bytes <= b->wire;
}

static void
quicken_copy(struct gsp_op *op, const struct bounds *b)
{
    if (has_room(op, b, 32)) /* also for 16 and less: one kind in a row is quicker than two */
        op->kind = GSP_OP_RUN32;
    else if (has_room(op, b, 16))
        op->kind = GSP_OP_RUN16;
    else if (has_room(op, b, 64))
        op->kind = GSP_OP_RUN64;
}

/* The mask over one little-endian word; it sits in the two fields that only loops use. At the
 * end of the struct the word lies before the bytes that it is for. */
static void
quicken_check(struct gsp_op *op, const struct bounds *b)
{
    const uint32_t back = op->canon + 8 > b->canon ? op->canon + 8 - b->canon : 0;
    uint64_t mask;

    if (op->count + back > 8 || b->canon < 8)
        return;
    mask = UINT64_MAX >> (64 - op->count * 8) << back * 8;
    op->kind = GSP_OP_EMPTY8;
    op->canon -= back;
    op->canon_stride = (uint32_t)mask;
    op->wire_stride = (uint32_t)(mask >> 32);
}

static void quicken(struct gsp_op *ops, uint32_t count, const struct bounds *b, bool to_wire);

/* Loops over short copies and zeroes only need no dispatch: their operations stay exact. */
static bool
is_plain(const struct gsp_op *loop)
{
    for (uint32_t i = 1; i <= loop->body; i++)
        if ((loop[i].kind != GSP_OP_COPY && loop[i].kind != GSP_OP_ZERO) || loop[i].count > 64)
            return false;
    return true;
}

static void
quicken_one(struct gsp_op *op, const struct bounds *b, bool to_wire)
{
    const struct bounds element = {op->canon_stride, op->wire_stride};

    if (op->kind == GSP_OP_COPY)
        quicken_copy(op, b);
    else if (op->kind == GSP_OP_EMPTY)
        quicken_check(op, b);
    else if (op->kind == GSP_OP_ZERO && op->count <= 8 &&
             op->canon + 8 <= (to_wire ? b->wire : b->canon))
        op->kind = GSP_OP_ZERO8;
    else if (op->kind == GSP_OP_LOOP && is_plain(op))
        op->kind = GSP_OP_PLAIN;
    else if (op->kind == GSP_OP_LOOP || op->kind == GSP_OP_SWITCH)
        quicken(op + 1, op->body, &element, to_wire);
}

static void
quicken(struct gsp_op *ops, uint32_t count, const struct bounds *b, bool to_wire)
{
    for (uint32_t i = 0; i < count; i++) {
        const bool inner = ops[i].kind == GSP_OP_LOOP || ops[i].kind == GSP_OP_SWITCH;

        quicken_one(&ops[i], b, to_wire);
        i += inner ? ops[i].body : 0; /* a CASE is walked through */
    }
}

void
gsp_plan_quicken(struct gsp_plan *plan)
{
    const struct bounds b = {plan->canon_bytes, plan->wire_bytes};
    struct gsp_op *check = plan->ops, *encode = check + plan->check.count;
    struct gsp_op *decode = encode + plan->encode.count;

    quicken(check, plan->check.count, &b, false);
    quicken(encode, plan->encode.count, &b, true);
    quicken(decode, plan->decode.count, &b, false);
}
