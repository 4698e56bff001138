/* SPDX-License-Identifier: MIT */
/* The rules: one function each, which looks at an instruction and at what is under way before
 * it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lint_priv.h"

static const struct {
    const char *name, *doc;
} rules[SASS_RULES] = {
    [SASS_RULE_RAW] = {"raw",        "a result of fixed latency is read before it is there"                    },
    [SASS_RULE_PREDICATE] = {"predicate",  "a predicate is read before it is there"                                  },
    [SASS_RULE_UNIFORM] = {"uniform",    "a uniform register is read before it is there"                           },
    [SASS_RULE_SCOREBOARD] = {"scoreboard",
                       "a result is read without waiting for its scoreboard"                                   },
    [SASS_RULE_UNTRACKED] = {"untracked",  "a result is read that no scoreboard tells of"                            },
    [SASS_RULE_WAR] =
        {"war",        "a source is overwritten before the instruction that needs it has read it"},
    [SASS_RULE_WAW] = {"waw",        "a register is written again while an older result is under way"          },
    [SASS_RULE_EARLY_WAIT] = {"early-wait",
                       "a scoreboard is waited for before it can have been set"                                },
    [SASS_RULE_STALL] = {"stall",      "too few cycles behind an instruction"                                    },
    [SASS_RULE_REUSE] = {"reuse",      "the operand cache would keep an old value"                               },
    [SASS_RULE_REGISTER] = {"register",   "a register past the declared count"                                      },
    [SASS_RULE_CODE] = {"code",       "no instruction, or a path that leaves the section"                       },
};

const char *
sass_rule_name(unsigned rule)
{
    return rule < SASS_RULES ? rules[rule].name : NULL;
}

const char *
sass_rule_doc(unsigned rule)
{
    return rule < SASS_RULES ? rules[rule].doc : NULL;
}

static bool
known(const struct lint_report *r, const struct sass_finding *f)
{
    for (size_t i = r->n; i-- > 0 && r->found[i].addr == f->addr;)
        if (r->found[i].rule == f->rule && strcmp(r->found[i].where, f->where) == 0)
            return true;
    return false;
}

__attribute__((format(printf, 6, 7))) static void
report(struct lint_report *r, enum sass_rule rule, uint32_t at, uint32_t from, int res,
       const char *format, ...)
{
    struct sass_finding f = {.rule = rule,
                             .addr = 16ull * at,
                             .from = from == UINT32_MAX ? SASS_LINT_NOWHERE : 16ull * from},
                        *grown;
    va_list args;

    if (res >= 0)
        lint_res_name((unsigned)res, f.where);
    if (r->rc || known(r, &f))
        return;
    va_start(args, format);
    (void)vsnprintf(f.text, sizeof(f.text), format, args);
    va_end(args);
    if (r->n == r->cap) {
        const size_t cap = r->cap ? 2 * r->cap : 16;

        grown = gsp_host_realloc(r->p->host, r->found, cap * sizeof(*grown));
        if (!grown) {
            r->rc = -ENOMEM;
            return;
        }
        r->found = grown;
        r->cap = cap;
    }
    r->found[r->n++] = f;
}

static void
lacks(struct lint_report *r, int cycles)
{
    if (r->n)
        r->found[r->n - 1].lacks = (unsigned)cycles;
}

static const char *
name(unsigned res, char out[12])
{
    lint_res_name(res, out);
    return out;
}

static void
check_read(struct lint_report *r, const struct lint_state *s, uint32_t at,
           const struct lint_use *u)
{
    static const enum sass_rule by_file[LAT_FILES] = {SASS_RULE_RAW, SASS_RULE_PREDICATE,
                                                      SASS_RULE_UNIFORM, SASS_RULE_UNIFORM};
    const struct lint_cell *c = &s->cell[u->res];
    const int early = c->read[u->unit] - s->now;
    const uint8_t when = u->kind == USE_GUARD ? 0 : r->p->insns[at].when;
    unsigned boards = 0;
    char reg[12];

    if (early > 0 && lint_together(c->fixed_when, when)) {
        report(r, by_file[lint_file(u->res)], at, c->from, u->res,
               "%s is read %d cycle%s before the result of 0x%x is there", name(u->res, reg),
               early, early == 1 ? "" : "s", 16 * c->from);
        lacks(r, early);
    }
    if (!lint_flight_pending(&c->results, LAT_QUEUE_NONE, when, &boards))
        return;
    if (boards)
        report(r, SASS_RULE_SCOREBOARD, at, c->results.from, u->res,
               "%s is read without waiting for SB%d, which 0x%x sets when it is there",
               name(u->res, reg), __builtin_ctz(boards), 16 * c->results.from);
    else
        report(r, SASS_RULE_UNTRACKED, at, c->results.from, u->res,
               "%s is read, and no scoreboard tells when 0x%x has written it",
               name(u->res, reg), 16 * c->results.from);
}

static void
check_write(struct lint_report *r, const struct lint_state *s, uint32_t at,
            const struct lint_use *u)
{
    const struct lint_cell *c = &s->cell[u->res];
    const struct lint_insn *i = &r->p->insns[at];
    const int early = c->write[u->unit] - s->now;
    /* What ends in order cannot overtake itself. */
    const unsigned own = i->variable ? i->queue : LAT_QUEUE_NONE;
    char reg[12];

    if (early > 0 && lint_together(c->fixed_when, i->when)) {
        report(r, SASS_RULE_WAW, at, c->from, u->res,
               "%s is written %d cycle%s too early: 0x%x may write it later", name(u->res, reg),
               early, early == 1 ? "" : "s", 16 * c->from);
        lacks(r, early);
    }
    if (lint_flight_pending(&c->results, own, i->when, NULL))
        report(r, SASS_RULE_WAW, at, c->results.from, u->res,
               "%s is written while the result of 0x%x is under way", name(u->res, reg),
               16 * c->results.from);
    if (lint_flight_pending(&c->readers,
                            i->variable || i->reads_late ? i->read_queue : LAT_QUEUE_NONE,
                            i->when, NULL))
        report(r, SASS_RULE_WAR, at, c->readers.from, u->res,
               "%s is written before 0x%x is known to have read it", name(u->res, reg),
               16 * c->readers.from);
}

void
lint_check_waits(struct lint_report *r, const struct lint_state *s, uint32_t at)
{
    const struct lint_insn *i = &r->p->insns[at];

    for (unsigned b = 0; b < 6; b++) {
        const int early = s->board_set[b] - s->now;

        if (!(i->ctl.wait >> b & 1) || early <= 0)
            continue;
        report(r, SASS_RULE_EARLY_WAIT, at, s->board_from[b], -1,
               "SB%u is waited for %d cycle%s before 0x%x has set it", b, early,
               early == 1 ? "" : "s", 16 * s->board_from[b]);
        lacks(r, early);
    }
}

static void
check_stall(struct lint_report *r, uint32_t at)
{
    const struct lint_insn *i = &r->p->insns[at];

    if (i->ctl.stall >= i->least_stall)
        return;
    report(r, SASS_RULE_STALL, at, UINT32_MAX, -1, "stalls %u cycles; %s needs %u",
           i->ctl.stall, nvrm_sass_op_name(i->op), i->least_stall);
    lacks(r, i->least_stall - i->ctl.stall);
}

/* Does the instruction write a register that it reads through this slot? The cache would keep
 * the old value for the next instruction that asks for it there. */
static bool
stale(const struct lint_prog *p, uint32_t at, unsigned slot, unsigned *res_out)
{
    const struct lint_insn *i = &p->insns[at], *next = at + 1 < p->n ? i + 1 : NULL;

    for (unsigned k = 0; k < i->uses_n; k++) {
        const struct lint_use *u = &p->uses[i->uses + k];
        bool written = false, asked = false;

        if (u->kind != USE_READ || u->slot != slot || lint_file(u->res) != LAT_GPR)
            continue;
        for (unsigned w = 0; w < i->uses_n; w++)
            written |=
                p->uses[i->uses + w].kind == USE_WRITE && p->uses[i->uses + w].res == u->res;
        for (unsigned w = 0; next && next->ok && w < next->uses_n; w++) {
            const struct lint_use *v = &p->uses[next->uses + w];

            asked |= v->kind == USE_READ && v->slot == slot && v->res == u->res;
        }
        *res_out = u->res;
        if (written && asked)
            return true;
    }
    return false;
}

static void
check_reuse(struct lint_report *r, uint32_t at)
{
    const struct lint_insn *i = &r->p->insns[at];
    char reg[12];

    for (unsigned slot = 0; slot < 4; slot++) {
        unsigned res = 0;

        if (!(i->ctl.reuse >> slot & 1))
            continue;
        if (stale(r->p, at, slot, &res))
            report(r, SASS_RULE_REUSE, at, at, (int)res,
                   "%s is kept for the next instruction and overwritten by this one",
                   name(res, reg));
    }
}

static void
check_registers(struct lint_report *r, uint32_t at, const struct lint_use *u)
{
    char reg[12];

    if (r->p->registers && lint_file(u->res) == LAT_GPR && u->kind != USE_GUARD &&
        u->res >= r->p->registers)
        report(r, SASS_RULE_REGISTER, at, UINT32_MAX, u->res,
               "%s is used, but %u registers are declared", name(u->res, reg), r->p->registers);
}

void
lint_check(struct lint_report *r, const struct lint_state *s, uint32_t at)
{
    const struct lint_insn *i = &r->p->insns[at];

    check_stall(r, at);
    check_reuse(r, at);
    for (unsigned k = 0; k < i->uses_n; k++) {
        const struct lint_use *u = &r->p->uses[i->uses + k];

        check_registers(r, at, u);
        if (u->kind == USE_WRITE)
            check_write(r, s, at, u);
        else
            check_read(r, s, at, u);
    }
}

void
lint_check_code(struct lint_report *r, uint32_t block)
{
    const struct lint_block *b = &r->p->blocks[block];

    for (uint32_t i = b->first; i < b->end; i++) {
        if (!r->p->insns[i].ok) {
            report(r, SASS_RULE_CODE, i, UINT32_MAX, -1,
                   "these 128 bits are no instruction of sm_%u", r->p->sm);
            return;
        }
        if (r->p->insns[i].bad_target)
            report(r, SASS_RULE_CODE, i, UINT32_MAX, -1,
                   "it goes to an address outside the section");
    }
    if (b->outside)
        report(r, SASS_RULE_CODE, b->end - 1, UINT32_MAX, -1,
               "the code goes on past the end of the section");
}
