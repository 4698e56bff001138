/* SPDX-License-Identifier: MIT */
/* Follows all paths until nothing new is under way anywhere, then looks at each instruction
 * once with what that left. */
#include <errno.h>
#include <string.h>

#include "lint_priv.h"

static void
write_fixed(const struct lint_prog *p, const struct lint_insn *i, struct lint_cell *c,
            const struct lint_use *use, int32_t now)
{
    const uint8_t *raw = p->lat->raw[lint_file(use->res)][use->unit],
                  *waw = p->lat->waw[use->unit];

    for (unsigned u = 0; u < lat_units_n; u++) {
        const int16_t read = (int16_t)(now + raw[u]), write = (int16_t)(now + waw[u]);

        if (!i->conditional || read > c->read[u])
            c->read[u] = read;
        if (!i->conditional || write > c->write[u])
            c->write[u] = write;
    }
}

/* Is a result of fixed latency under way? */
static bool
settling(const struct lint_cell *c, int32_t now)
{
    for (unsigned u = 0; u < lat_units_n; u++)
        if (c->read[u] > now || c->write[u] > now)
            return true;
    return false;
}

static void
write_one(const struct lint_prog *p, const struct lint_insn *i, struct lint_cell *c,
          const struct lint_use *use, int32_t now, uint32_t at)
{
    if (!i->conditional) {
        memset(c->read, 0, sizeof(c->read));
        memset(c->write, 0, sizeof(c->write));
        lint_flight_clear(&c->results);
    }
    if (!i->variable) {
        c->fixed_when =
            !i->conditional || !settling(c, now) || c->fixed_when == i->when ? i->when : 0;
        write_fixed(p, i, c, use, now);
        c->from = at;
        return;
    }
    lint_flight_add(&c->results, i->queue, lint_board(i->ctl.wrbar), i->when, at);
}

static void
set_board(const struct lint_prog *p, struct lint_state *s, unsigned b, uint32_t at)
{
    if (b >= 6)
        return;
    s->board_set[b] = (int16_t)(s->now + p->lat->wait);
    s->board_from[b] = at;
}

void
lint_step(const struct lint_prog *p, struct lint_state *s, uint32_t at)
{
    const struct lint_insn *i = &p->insns[at];

    if ((i->variable || i->reads_late) && i->queue != LAT_QUEUE_NONE &&
        (i->ctl.wrbar < 6 || i->ctl.rdbar < 6))
        lint_state_cover(s, i);
    for (unsigned k = 0; k < i->uses_n; k++) {
        const struct lint_use *u = &p->uses[i->uses + k];

        /* Uniform registers and predicates are read when the instruction issues. */
        if (u->kind == USE_READ && i->reads_late && lint_file(u->res) == LAT_GPR)
            lint_flight_add(&lint_cell(s, u->res)->readers, i->read_queue,
                            lint_board(i->ctl.rdbar) | lint_board(i->ctl.wrbar), i->when, at);
    }
    for (unsigned k = 0; k < i->uses_n; k++) {
        const struct lint_use *u = &p->uses[i->uses + k];

        if (u->kind != USE_WRITE)
            continue;
        write_one(p, i, lint_cell(s, u->res), u, s->now, at);
        if (lint_file(u->res) == LAT_PRED)
            lint_state_new_predicate(s, u->res - RES_PRED);
    }
    if (i->drains)
        lint_state_drain(s);
    set_board(p, s, i->ctl.wrbar, at);
    set_board(p, s, i->ctl.rdbar, at);
    s->now += i->ctl.stall ? i->ctl.stall : 1;
    if (i->go == GO_FAR_CALL || i->go == GO_FAR)
        lint_state_settle(s);
}

struct flow {
    struct lint_prog *p;
    struct lint_saved *in; /* by block */
    struct lint_state at, met;
    uint32_t *stack, n;
    bool poor; /* out of memory */
};

static void
push(struct flow *f, uint32_t b)
{
    if (f->p->blocks[b].queued)
        return;
    f->p->blocks[b].queued = true;
    f->stack[f->n++] = b;
}

static void
run_block(struct flow *f, uint32_t b, struct lint_report *report)
{
    struct lint_block *block = &f->p->blocks[b];

    lint_state_load(&f->at, &f->in[b]);
    for (uint32_t i = block->first; i < block->end && f->p->insns[i].ok; i++) {
        if (report)
            lint_check_waits(report, &f->at, i);
        if (f->p->insns[i].waits)
            lint_state_wait(&f->at, f->p->insns[i].waits);
        if (report)
            lint_check(report, &f->at, i);
        lint_step(f->p, &f->at, i);
        if (f->at.now > 8000)
            lint_state_rebase(&f->at, lat_units_n);
    }
}

static void
spread(struct flow *f, uint32_t b)
{
    const struct lint_block *block = &f->p->blocks[b];

    if (!f->p->insns[block->end - 1].ok)
        return;
    lint_state_rebase(&f->at, lat_units_n);
    for (uint32_t k = 0; k < block->succ_n; k++) {
        const uint32_t to = f->p->succ[block->succ + k];
        const bool first = !f->p->blocks[to].reached;

        f->p->blocks[to].reached = true;
        lint_state_load(&f->met, &f->in[to]);
        if (!lint_state_merge(&f->met, &f->at, lat_units_n) && !first)
            continue;
        f->poor |= !lint_state_save(f->p->host, &f->in[to], &f->met);
        push(f, to);
    }
}

static void
settle(struct flow *f)
{
    for (uint32_t e = 0; e < f->p->entries_n; e++) {
        const uint32_t b = f->p->block_of[f->p->entries[e]];

        f->p->blocks[b].reached = true;
        push(f, b);
    }
    while (f->n && !f->poor) {
        const uint32_t b = f->stack[--f->n];

        f->p->blocks[b].queued = false;
        run_block(f, b, NULL);
        spread(f, b);
    }
}

static void
close_flow(struct flow *f)
{
    const struct gsp_host *host = f->p->host;

    for (uint32_t b = 0; f->in && b < f->p->blocks_n; b++)
        gsp_host_free(host, f->in[b].kept);
    gsp_host_free(host, f->in);
    gsp_host_free(host, f->stack);
    gsp_host_free(host, f);
}

static struct flow *
open_flow(struct lint_prog *p)
{
    struct flow *f = gsp_host_alloc(p->host, sizeof(*f));

    if (!f)
        return NULL;
    f->p = p;
    f->in = gsp_host_alloc(p->host, p->blocks_n * sizeof(*f->in));
    f->stack = gsp_host_alloc(p->host, (p->blocks_n + 1) * sizeof(*f->stack));
    lint_state_init(&f->at);
    lint_state_init(&f->met);
    if (f->in && f->stack)
        return f;
    close_flow(f);
    return NULL;
}

int
lint_flow(struct lint_prog *p, struct lint_report *report, struct gsp_error *err)
{
    struct flow *f = open_flow(p);
    bool poor = !f;

    if (f) {
        settle(f);
        poor = f->poor;
        for (uint32_t b = 0; b < p->blocks_n && !poor && report->rc == 0; b++)
            if (p->blocks[b].reached) {
                run_block(f, b, report);
                lint_check_code(report, b);
            }
        close_flow(f);
    }
    return poor ? gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM,
                           "no memory for the states of %u blocks", p->blocks_n)
                : 0;
}
