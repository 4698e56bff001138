/* SPDX-License-Identifier: MIT */
/*
 * The timing check: would a real SM have read the values that this one reads?
 *
 * Time of a warp is the sum of its stall counts: waits for scoreboards are taken to cost
 * nothing, which is the worst case. Each register remembers when its last result of fixed
 * latency was issued, and what is under way by queue: results and late readers, with the
 * scoreboards that tell of them. The latencies are the tables of the lint; the rules too, but
 * they look at the path that is run, not at all paths. A group of lanes that takes over from
 * another one begins with all fixed latencies over.
 */
#include <nvrm/sass.h>
#include <nvrm/sass_latency.h>

#include "ops.h"

enum {
    RES_PRED = 255, /* registers before it */
    RES_UGPR = 262,
    RES_UPRED = 517,
    RES_N = 524,
    MAX_USES = 40,
    QUEUES = 8,
    BOARDS = 6,
    SETTLED = 64, /* cycles after which all fixed latencies are over */
};

enum use_kind { READ, GUARD, WRITE };

struct use {
    uint16_t res;
    uint8_t kind, unit;
};

struct sm_hazard {
    struct use use[MAX_USES];
    uint8_t n, unit, queue, read_queue, least_stall, waits;
    bool variable, reads_late, drains, far;
    struct nvrm_sass_ctl ctl;
};

struct cell {
    int64_t issued; /* of the last result of fixed latency */
    uint32_t lanes; /* that it is for */
    uint8_t unit;
    uint8_t results, readers; /* queues that have some under way */
    uint8_t result_boards[QUEUES], reader_boards[QUEUES];
    uint32_t pending_lanes;
};

struct sm_timing {
    int64_t now, board_set[BOARDS];
    uint32_t active; /* the group of lanes that ran last */
    struct cell cell[RES_N];
};

/* What an instruction uses */

static void
add(struct sm_hazard *h, unsigned base, unsigned first, unsigned n, unsigned limit,
    enum use_kind kind)
{
    const bool pair = h->unit == lat_pair_unit && base == 0 && n == 2;

    for (unsigned i = first; i < first + n && i < limit && h->n < MAX_USES; i++) {
        const bool high = i > first;
        const uint8_t unit = !pair                  ? h->unit
                             : kind == WRITE        ? (high ? h->unit : lat_low_unit)
                             : kind == READ && high ? lat_high_unit
                                                    : h->unit;

        h->use[h->n++] = (struct use){(uint16_t)(base + i), (uint8_t)kind, unit};
    }
}

static void
add_role(struct sm_hazard *h, unsigned base, const struct nvrm_sass_operand *o, unsigned n,
         unsigned limit)
{
    if (o->role != NVRM_SASS_DST)
        add(h, base, o->index, n, limit, READ);
    if (o->role != NVRM_SASS_SRC)
        add(h, base, o->index, n, limit, WRITE);
}

static void
add_operand(struct sm_hazard *h, const struct nvrm_sass_operand *o)
{
    switch (o->kind) {
    case NVRM_SASS_GPR:
        add_role(h, 0, o, o->regs, SM_RZ);
        break;
    case NVRM_SASS_UGPR:
        add_role(h, RES_UGPR, o, o->regs, SM_URZ);
        break;
    case NVRM_SASS_PRED:
        add_role(h, RES_PRED, o, 1, SM_PT);
        break;
    case NVRM_SASS_UPRED:
        add_role(h, RES_UPRED, o, 1, SM_PT);
        break;
    case NVRM_SASS_CONSTR:
        add(h, 0, o->index, 1, SM_RZ, READ);
        break;
    case NVRM_SASS_ADDR:
        add(h, 0, o->index, o->wide ? 2 : 1, SM_RZ, READ);
        add(h, RES_UGPR, o->ur, o->desc || o->wide ? 2 : 1, SM_URZ, READ);
        break;
    case NVRM_SASS_CONSTU:
    case NVRM_SASS_CONSTX:
        add(h, RES_UGPR, o->ur, o->kind == NVRM_SASS_CONSTX ? 2 : 1, SM_URZ, READ);
        break;
    default:
        break;
    }
}

static bool
is(const struct nvrm_sass_insn *in, const char *op)
{
    return !strcmp(nvrm_sass_op_name(in->op), op);
}

static unsigned
unit_of(const struct nvrm_sass_insn *in, int sm)
{
    struct nvrm_sass_form_info info = {0};

    nvrm_sass_form(in->form, &info);
    for (unsigned i = 0; i < lat_members_n; i++) {
        const struct lat_member *m = &lat_members[i];

        if ((m->sms >> sm & 1) && is(in, m->op) &&
            (!m->code || m->code == (info.opcode & 0x1ff)))
            return m->unit;
    }
    return lat_class_unit[nvrm_sass_class(in)];
}

static void
set_limits(struct sm_hazard *h, const struct nvrm_sass_insn *in, int sm)
{
    h->least_stall = 1;
    for (unsigned i = 0; i < lat_stalls_n; i++)
        if ((lat_stalls[i].sms >> sm & 1) && is(in, lat_stalls[i].op))
            h->least_stall = lat_stalls[i].cycles;
    for (unsigned i = 0; i < lat_drains_n; i++)
        if ((lat_drains[i].sms >> sm & 1) && is(in, lat_drains[i].op))
            h->drains = true;
}

/* DEPBAR waits for one scoreboard that comes to 0, or for a set of them. */
static void
set_waits(struct sm_hazard *h, const struct nvrm_sass_insn *in)
{
    const struct nvrm_sass_operand *board = NULL, *count = NULL;

    h->waits = in->ctl.wait;
    if (!is(in, "DEPBAR"))
        return;
    for (unsigned i = 0; i < in->n_operands; i++) {
        const struct nvrm_sass_operand *o = &in->operands[i];

        if (o->kind == NVRM_SASS_SB)
            board = o;
        else if (o->kind == NVRM_SASS_IMM)
            count = o;
        else if (o->kind == NVRM_SASS_MASK)
            h->waits |= (uint8_t)o->value & 0x3f;
    }
    if (board && (!count || !count->value))
        h->waits |= (uint8_t)(1u << board->index);
}

/* P2R reads and R2P writes several predicates at once. */
static void
add_masked(struct sm_hazard *h, const struct nvrm_sass_insn *in)
{
    uint64_t mask = 0x7f;

    for (unsigned i = 0; i < in->n_operands; i++)
        if (in->operands[i].kind == NVRM_SASS_IMM)
            mask = (uint64_t)in->operands[i].value;
    for (unsigned i = 0; i < 7; i++)
        if (mask >> i & 1)
            add(h, RES_PRED, i, 1, SM_PT, is(in, "P2R") ? READ : WRITE);
}

struct sm_hazard *
sm_hazard_make(struct sm_machine *m, const struct nvrm_sass_insn *in)
{
    const int index = nvrm_sass_sm_index(m->config.sm);
    struct sm_hazard *h = sm_alloc(m, sizeof(*h));
    bool branch = false;

    if (!h)
        return NULL;
    h->unit = (uint8_t)unit_of(in, index);
    h->queue = lat_units[h->unit].queue;
    h->read_queue = lat_units[h->unit].read_queue;
    h->variable = lat_units[h->unit].variable >> index & 1;
    h->reads_late = lat_units[h->unit].reads_late >> index & 1;
    h->ctl = in->ctl;
    set_limits(h, in, index);
    set_waits(h, in);
    for (unsigned i = 0; i < in->n_operands; i++) {
        const struct nvrm_sass_operand *o = &in->operands[i];

        add_operand(h, o);
        branch = branch || (o->kind == NVRM_SASS_LABEL && !is(in, "BSSY"));
        h->far = h->far || (o->kind == NVRM_SASS_LABEL && o->regs);
    }
    if (is(in, "P2R") || is(in, "R2P"))
        add_masked(h, in);
    if (in->guard != NVRM_SASS_PT && h->n < MAX_USES)
        h->use[h->n++] =
            (struct use){(uint16_t)((in->guard_uniform ? RES_UPRED : RES_PRED) + in->guard),
                         GUARD, branch ? lat_branch_unit : lat_guard_unit};
    return h;
}

/* The check */

static const char *
name(unsigned res, char out[12])
{
    static const char *const prefix[] = {"R", "P", "UR", "UP"};
    static const unsigned base[] = {0, RES_PRED, RES_UGPR, RES_UPRED};
    const unsigned file = res < RES_PRED    ? LAT_GPR
                          : res < RES_UGPR  ? LAT_PRED
                          : res < RES_UPRED ? LAT_UGPR
                                            : LAT_UPRED;
    unsigned n = res - base[file];
    char *p = out;

    for (const char *s = prefix[file]; *s; s++)
        *p++ = *s;
    if (n >= 100)
        *p++ = (char)('0' + n / 100);
    if (n >= 10)
        *p++ = (char)('0' + n / 10 % 10);
    *p++ = (char)('0' + n % 10);
    *p = 0;
    return out;
}

static unsigned
file_of(unsigned res)
{
    return res < RES_PRED    ? LAT_GPR
           : res < RES_UGPR  ? LAT_PRED
           : res < RES_UPRED ? LAT_UGPR
                             : LAT_UPRED;
}

static void
hazard(struct sm_warp *w, uint32_t mask, const char *rule, unsigned res, const char *what)
{
    char reg[12];

    sm_trap(w, SM_HAZARD, mask ? sm_first(mask) : 0, w->pc, "%s: %s %s", rule, name(res, reg),
            what);
}

static void
check_read(struct sm_warp *w, const struct lat_sm *lat, const struct use *u, uint32_t mask)
{
    static const char *const rules[] = {"raw", "predicate", "uniform", "uniform"};
    const struct sm_timing *t = w->timing;
    const struct cell *c = &t->cell[u->res];
    const unsigned file = file_of(u->res);
    const bool mine = file >= LAT_UGPR || c->lanes & mask;

    if (mine && t->now - c->issued < lat->raw[file][c->unit][u->unit])
        hazard(w, mask, rules[file], u->res, "is read before its result is there");
    if (c->results && (file >= LAT_UGPR || c->pending_lanes & mask)) {
        const unsigned q = sm_first(c->results);

        hazard(w, mask, c->result_boards[q] ? "scoreboard" : "untracked", u->res,
               "is read without waiting for its scoreboard");
    }
}

static unsigned
queue_bit(unsigned q)
{
    return q < QUEUES ? 1u << q : 0;
}

static void
check_write(struct sm_warp *w, const struct lat_sm *lat, const struct sm_hazard *h,
            const struct use *u, uint32_t mask)
{
    const struct sm_timing *t = w->timing;
    const struct cell *c = &t->cell[u->res];
    const uint8_t others = (uint8_t)~queue_bit(h->queue);
    const bool mine = file_of(u->res) >= LAT_UGPR || c->lanes & mask;
    const bool pending = file_of(u->res) >= LAT_UGPR || c->pending_lanes & mask;

    if (c->readers & (uint8_t)~queue_bit(h->read_queue) && pending)
        hazard(w, mask, "war", u->res, "is overwritten before it was read");
    if (c->results & others && pending)
        hazard(w, mask, "waw", u->res, "is written while an older result is under way");
    if (mine && t->now - c->issued < lat->waw[c->unit][u->unit])
        hazard(w, mask, "waw", u->res, "is written too soon after an older result");
}

static void
wait_for(struct sm_warp *w, const struct lat_sm *lat, const struct sm_hazard *h)
{
    struct sm_timing *t = w->timing;
    const unsigned boards = h->waits;

    for (unsigned b = 0; b < BOARDS; b++)
        if (h->ctl.wait >> b & 1 && t->now - t->board_set[b] < lat->wait)
            sm_trap(w, SM_HAZARD, sm_first(w->active), w->pc,
                    "early-wait: SB%u is waited for before it can have been set", b);
    for (unsigned i = 0; i < RES_N; i++) {
        struct cell *c = &t->cell[i];

        for (unsigned q = 0; q < QUEUES && (c->results || c->readers); q++) {
            if (c->result_boards[q] & boards)
                c->results &= (uint8_t) ~(1u << q);
            if (c->reader_boards[q] & boards)
                c->readers &= (uint8_t) ~(1u << q);
        }
    }
}

static unsigned
board(unsigned b)
{
    return b < BOARDS ? 1u << b : 0;
}

/* Units of a queue end in order: this one's scoreboards tell of what came before it too. */
static void
cover(struct sm_timing *t, const struct sm_hazard *h)
{
    const unsigned q = h->queue, rq = h->read_queue, wr = board(h->ctl.wrbar);
    const unsigned any = wr | board(h->ctl.rdbar);

    if (!any || (!h->variable && !h->reads_late))
        return;
    for (unsigned i = 0; i < RES_N; i++) {
        if (q < QUEUES)
            t->cell[i].result_boards[q] |= (uint8_t)wr;
        if (rq < QUEUES)
            t->cell[i].reader_boards[rq] |= (uint8_t)any;
    }
}

static void
record_one(struct sm_timing *t, const struct sm_hazard *h, const struct use *u, uint32_t mask)
{
    const unsigned q = h->queue, rq = h->read_queue, wr = board(h->ctl.wrbar);
    struct cell *c = &t->cell[u->res];

    if (u->kind == WRITE && !h->variable) {
        c->issued = t->now;
        c->unit = u->unit;
        c->lanes = mask;
        return;
    }
    /* uniform registers and predicates are read at issue */
    if (u->kind == GUARD || (u->kind == READ && (u->res >= RES_PRED || !h->reads_late)))
        return;
    c->pending_lanes = c->results | c->readers ? c->pending_lanes | mask : mask;
    if (u->kind == WRITE && q < QUEUES) {
        c->results |= (uint8_t)(1u << q);
        c->result_boards[q] = (uint8_t)wr;
    } else if (u->kind == READ && rq < QUEUES) {
        c->readers |= (uint8_t)(1u << rq);
        c->reader_boards[rq] = (uint8_t)(wr | board(h->ctl.rdbar));
    }
}

static void
record(struct sm_timing *t, const struct sm_hazard *h, uint32_t mask)
{
    const unsigned any = board(h->ctl.wrbar) | board(h->ctl.rdbar);

    for (unsigned k = 0; k < h->n; k++)
        record_one(t, h, &h->use[k], mask);
    for (unsigned b = 0; b < BOARDS; b++)
        if (any >> b & 1)
            t->board_set[b] = t->now;
}

static struct sm_timing *
timing_of(struct sm_warp *w)
{
    struct sm_timing *t = w->timing;

    if (t)
        return t;
    t = w->timing = sm_alloc(w->core->machine, sizeof(*t));
    if (!t) {
        sm_trap(w, SM_OUT_OF_MEMORY, 0, w->pc, "no memory for the timing check");
        return NULL;
    }
    t->now = SETTLED;
    t->active = w->active;
    return t;
}

void
sm_timing_check(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    const int sm = nvrm_sass_sm_index(w->core->machine->config.sm);
    const struct sm_hazard *h = u->hazard;
    const struct lat_sm *lat = sm >= 0 && (unsigned)sm < lat_sms_n ? &lat_sms[sm] : NULL;
    struct sm_timing *t = timing_of(w);

    if (!t || !h || !lat || !lat->wait)
        return; /* no latencies are known of this SM */
    if (w->active & ~t->active)
        t->now += SETTLED;
    t->active = w->active;
    wait_for(w, lat, h);
    for (unsigned k = 0; k < h->n && !w->core->stop; k++)
        if (h->use[k].kind == GUARD || (mask && h->use[k].kind == READ))
            check_read(w, lat, &h->use[k], h->use[k].kind == GUARD ? w->active : mask);
    for (unsigned k = 0; mask && k < h->n && !w->core->stop; k++)
        if (h->use[k].kind == WRITE)
            check_write(w, lat, h, &h->use[k], mask);
    if (h->ctl.stall < h->least_stall)
        sm_trap(w, SM_HAZARD, sm_first(w->active), w->pc, "stall: %u cycles, %u at least",
                h->ctl.stall, h->least_stall);
    for (unsigned i = 0; h->drains && i < RES_N; i++)
        t->cell[i].readers = 0;
    cover(t, h);
    if (mask)
        record(t, h, mask);
    t->now += h->far ? SETTLED : h->ctl.stall ? h->ctl.stall : 1;
}
