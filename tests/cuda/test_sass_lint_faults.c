/* SPDX-License-Identifier: MIT */
/* Seeded faults: one instruction of sound code is changed so that a real SM would get it wrong,
 * and the lint must say so at that place by that rule. Each rule is tried at many places of the
 * corpus, on each SM. */
#include "test.h"

#include <nvrm/sass.h>
#include <sass/lint.h>

#include "corpus.h"

enum { PLACES = TEST_SANITIZED ? 8 : 40 }; /* per rule and SM */

static const unsigned sms[] = {75, 80, 86, 89, 90};

/* A section that a fault is put into, and one instruction decoded with its neighbours. */
struct patient {
    unsigned sm, registers;
    uint8_t *code;
    uint64_t bytes;
};

static bool
get(const struct patient *p, uint32_t i, struct nvrm_sass_insn *out)
{
    uint64_t words[2];

    if (16ull * i >= p->bytes)
        return false;
    memcpy(words, p->code + 16 * (size_t)i, 16);
    return nvrm_sass_decode(p->sm, words, 16ull * i, out);
}

static bool
put(struct patient *p, uint32_t i, const struct nvrm_sass_insn *insn)
{
    uint64_t words[2];

    if (!nvrm_sass_encode(p->sm, insn, 16ull * i, words, NULL))
        return false;
    nvrm_sass_ctl_set(words, &insn->ctl);
    memcpy(p->code + 16 * (size_t)i, words, 16);
    return true;
}

static void
put_ctl(struct patient *p, uint32_t i, const struct nvrm_sass_ctl *ctl)
{
    uint64_t words[2];

    memcpy(words, p->code + 16 * (size_t)i, 16);
    nvrm_sass_ctl_set(words, ctl);
    memcpy(p->code + 16 * (size_t)i, words, 16);
}

/* The register of kind that an instruction writes first, -1 for none. */
static int
written(const struct nvrm_sass_insn *insn, enum nvrm_sass_kind kind, unsigned none)
{
    for (unsigned i = 0; i < insn->n_operands; i++)
        if (insn->operands[i].kind == kind && insn->operands[i].role == NVRM_SASS_DST &&
            insn->operands[i].index != none)
            return insn->operands[i].index;
    return -1;
}

static bool
touches(const struct nvrm_sass_insn *insn, enum nvrm_sass_kind kind, int reg, bool write)
{
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const struct nvrm_sass_operand *o = &insn->operands[i];

        if (o->kind == kind && (o->role != NVRM_SASS_SRC) == write && reg >= o->index &&
            reg < o->index + (o->regs ? o->regs : 1))
            return true;
        if (!write && kind == NVRM_SASS_GPR && o->kind == NVRM_SASS_ADDR &&
            (reg == o->index || (o->wide && reg == o->index + 1)))
            return true;
    }
    return false;
}

static bool
fixed(const struct nvrm_sass_insn *insn)
{
    const enum nvrm_sass_class c = nvrm_sass_class(insn);

    return c == NVRM_SASS_ALU || c == NVRM_SASS_FMA;
}

static bool
is(const struct nvrm_sass_insn *insn, const char *op)
{
    return strcmp(nvrm_sass_op_name(insn->op), op) == 0;
}

/* Makes a fault at or behind instruction i. @return where the lint must find it; UINT32_MAX:
 * not possible here */
typedef uint32_t (*seed_fn)(struct patient *p, uint32_t i);
#define NOT_HERE UINT32_MAX

static uint32_t
one_cycle_between(struct patient *p, uint32_t i, const struct nvrm_sass_insn *a,
                  const struct nvrm_sass_insn *b)
{
    struct nvrm_sass_ctl ctl = a->ctl;

    (void)b;
    ctl.stall = 1;
    put_ctl(p, i, &ctl);
    return i + 1;
}

static uint32_t
seed_raw(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;
    int reg;

    if (!get(p, i, &a) || !get(p, i + 1, &b) || !fixed(&a) || !fixed(&b))
        return NOT_HERE;
    reg = written(&a, NVRM_SASS_GPR, NVRM_SASS_RZ);
    return reg >= 0 && touches(&b, NVRM_SASS_GPR, reg, false) ? one_cycle_between(p, i, &a, &b)
                                                              : NOT_HERE;
}

static uint32_t
seed_predicate(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;
    int reg;

    if (!get(p, i, &a) || !get(p, i + 1, &b) || !fixed(&a) || b.guard_uniform)
        return NOT_HERE;
    reg = written(&a, NVRM_SASS_PRED, NVRM_SASS_PT);
    return reg >= 0 && b.guard == reg ? one_cycle_between(p, i, &a, &b) : NOT_HERE;
}

static uint32_t
seed_uniform(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;
    int reg;

    if (!get(p, i, &a) || !get(p, i + 1, &b) || nvrm_sass_class(&a) != NVRM_SASS_UNIFORM)
        return NOT_HERE;
    reg = written(&a, NVRM_SASS_UGPR, NVRM_SASS_URZ);
    return reg >= 0 && touches(&b, NVRM_SASS_UGPR, reg, false) ? one_cycle_between(p, i, &a, &b)
                                                               : NOT_HERE;
}

/* The first instruction behind i that waits for a board, within straight code; NOT_HERE when
 * something else comes first. */
static uint32_t
waiter(const struct patient *p, uint32_t i, unsigned board, struct nvrm_sass_insn *out)
{
    for (uint32_t k = i + 1; k < i + 40 && get(p, k, out); k++) {
        if (out->ctl.wait >> board & 1)
            return k;
        if (nvrm_sass_class(out) == NVRM_SASS_CTRL || out->ctl.wait ||
            out->ctl.wrbar != NVRM_SASS_NO_BARRIER || out->ctl.rdbar != NVRM_SASS_NO_BARRIER)
            break;
    }
    return NOT_HERE;
}

static uint32_t
seed_scoreboard(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;
    uint32_t k;
    int reg;

    if (!get(p, i, &a) || a.ctl.wrbar == NVRM_SASS_NO_BARRIER)
        return NOT_HERE;
    reg = written(&a, NVRM_SASS_GPR, NVRM_SASS_RZ);
    k = waiter(p, i, a.ctl.wrbar, &b);
    if (k == NOT_HERE || reg < 0 || !touches(&b, NVRM_SASS_GPR, reg, false))
        return NOT_HERE;
    b.ctl.wait = 0;
    put_ctl(p, k, &b.ctl);
    return k;
}

static uint32_t
seed_untracked(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;
    uint32_t k;
    int reg;

    if (!get(p, i, &a) || a.ctl.wrbar == NVRM_SASS_NO_BARRIER ||
        nvrm_sass_class(&a) != NVRM_SASS_MEM)
        return NOT_HERE;
    reg = written(&a, NVRM_SASS_GPR, NVRM_SASS_RZ);
    k = waiter(p, i, a.ctl.wrbar, &b);
    if (k == NOT_HERE || reg < 0 || !touches(&b, NVRM_SASS_GPR, reg, false))
        return NOT_HERE;
    a.ctl.wrbar = NVRM_SASS_NO_BARRIER;
    put_ctl(p, i, &a.ctl);
    return k;
}

/* A source register of a memory operation: what a store stores. */
static int
source(const struct nvrm_sass_insn *insn)
{
    for (unsigned i = 0; i < insn->n_operands; i++)
        if (insn->operands[i].kind == NVRM_SASS_GPR &&
            insn->operands[i].role == NVRM_SASS_SRC && insn->operands[i].index != NVRM_SASS_RZ)
            return insn->operands[i].index;
    return -1;
}

/* Lets the instruction behind i write a register, without waiting for anything. */
static uint32_t
overwrite(struct patient *p, uint32_t i, int reg)
{
    struct nvrm_sass_insn b;

    if (!get(p, i + 1, &b) || !fixed(&b) || touches(&b, NVRM_SASS_GPR, reg, false))
        return NOT_HERE;
    for (unsigned k = 0; k < b.n_operands; k++)
        if (b.operands[k].kind == NVRM_SASS_GPR && b.operands[k].role == NVRM_SASS_DST &&
            b.operands[k].regs == 1) {
            b.operands[k].index = (uint16_t)reg;
            b.ctl.wait = 0;
            return put(p, i + 1, &b) ? i + 1 : NOT_HERE;
        }
    return NOT_HERE;
}

static uint32_t
seed_war(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a;
    int reg;

    if (!get(p, i, &a) || nvrm_sass_class(&a) != NVRM_SASS_MEM)
        return NOT_HERE;
    reg = source(&a);
    return reg >= 0 ? overwrite(p, i, reg) : NOT_HERE;
}

static uint32_t
seed_waw(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a;
    int reg;

    if (!get(p, i, &a) || nvrm_sass_class(&a) != NVRM_SASS_MEM ||
        a.ctl.wrbar == NVRM_SASS_NO_BARRIER)
        return NOT_HERE;
    reg = written(&a, NVRM_SASS_GPR, NVRM_SASS_RZ);
    return reg >= 0 ? overwrite(p, i, reg) : NOT_HERE;
}

static uint32_t
seed_early_wait(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;

    if (!get(p, i, &a) || !get(p, i + 1, &b) || a.ctl.wrbar == NVRM_SASS_NO_BARRIER ||
        is(&b, "DEPBAR"))
        return NOT_HERE;
    a.ctl.stall = 1;
    b.ctl.wait |= (uint8_t)(1u << a.ctl.wrbar);
    put_ctl(p, i, &a.ctl);
    put_ctl(p, i + 1, &b.ctl);
    return i + 1;
}

static uint32_t
seed_stall(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a;

    if (!get(p, i, &a) || !(is(&a, "EXIT") || is(&a, "BRA") || is(&a, "BSYNC")) ||
        a.ctl.stall < 2)
        return NOT_HERE;
    a.ctl.stall = 1;
    put_ctl(p, i, &a.ctl);
    return i;
}

/* Where an operand is kept for the next instruction, the instruction itself writes that
 * register. */
static uint32_t
seed_reuse(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a, b;
    int reg = -1;

    if (!get(p, i, &a) || !get(p, i + 1, &b) || !fixed(&a))
        return NOT_HERE;
    for (unsigned k = 0; k < a.n_operands && reg < 0; k++)
        for (unsigned m = 0; m < b.n_operands; m++)
            if (a.operands[k].kind == NVRM_SASS_GPR && a.operands[k].reuse &&
                b.operands[m].kind == NVRM_SASS_GPR && m == k && a.form == b.form &&
                a.operands[k].index == b.operands[m].index)
                reg = a.operands[k].index;
    for (unsigned k = 0; reg >= 0 && k < a.n_operands; k++)
        if (a.operands[k].kind == NVRM_SASS_GPR && a.operands[k].role == NVRM_SASS_DST &&
            a.operands[k].regs == 1) {
            a.operands[k].index = (uint16_t)reg;
            return put(p, i, &a) ? i : NOT_HERE;
        }
    return NOT_HERE;
}

static uint32_t
seed_register(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a;

    if (!get(p, i, &a) || !fixed(&a))
        return NOT_HERE;
    for (unsigned k = 0; k < a.n_operands; k++)
        if (a.operands[k].kind == NVRM_SASS_GPR && a.operands[k].index != NVRM_SASS_RZ &&
            a.operands[k].regs == 1) {
            a.operands[k].index = (uint16_t)p->registers;
            return put(p, i, &a) ? i : NOT_HERE;
        }
    return NOT_HERE;
}

static uint32_t
seed_code(struct patient *p, uint32_t i)
{
    struct nvrm_sass_insn a;

    if (!get(p, i, &a) || !fixed(&a))
        return NOT_HERE;
    memset(p->code + 16 * (size_t)i, 0xff, 8);
    return i;
}

static const struct {
    enum sass_rule rule;
    seed_fn seed;
} faults[] = {
    {SASS_RULE_RAW,        seed_raw       },
    {SASS_RULE_PREDICATE,  seed_predicate },
    {SASS_RULE_UNIFORM,    seed_uniform   },
    {SASS_RULE_SCOREBOARD, seed_scoreboard},
    {SASS_RULE_UNTRACKED,  seed_untracked },
    {SASS_RULE_WAR,        seed_war       },
    {SASS_RULE_WAW,        seed_waw       },
    {SASS_RULE_EARLY_WAIT, seed_early_wait},
    {SASS_RULE_STALL,      seed_stall     },
    {SASS_RULE_REUSE,      seed_reuse     },
    {SASS_RULE_REGISTER,   seed_register  },
    {SASS_RULE_CODE,       seed_code      },
};

enum { FAULTS = sizeof(faults) / sizeof(*faults) };

struct wanted {
    enum sass_rule rule;
    uint64_t addr;
    bool found;
};

static int
look(void *ctx, const struct sass_finding *f)
{
    struct wanted *w = ctx;

    w->found |= f->rule == w->rule && f->addr == w->addr;
    return 0;
}

/* Code that no path reaches cannot go wrong: faults are put before the last EXIT only. */
static uint32_t
reachable(const struct patient *p)
{
    struct nvrm_sass_insn insn;
    uint32_t end = 0;

    for (uint32_t i = 0; get(p, i, &insn); i++)
        if (is(&insn, "EXIT")) {
            end = i;
            break;
        }
    return end;
}

static unsigned
try_places(struct patient *p, const char *name, unsigned fault, unsigned most)
{
    const uint32_t end = reachable(p);
    unsigned tried = 0;
    uint8_t *sound = malloc(p->bytes);

    assert_non_null(sound);
    memcpy(sound, p->code, p->bytes);
    for (uint32_t i = 0; i < end && tried < most; i++) {
        struct sass_lint_code code = {
            .sm = p->sm, .code = p->code, .bytes = p->bytes, .registers = p->registers};
        const uint32_t at = faults[fault].seed(p, i);
        struct wanted w = {faults[fault].rule, 16ull * at, false};

        if (at != NOT_HERE) {
            assert_int_equal(sass_lint(NULL, &code, look, &w, NULL), 0);
            if (!w.found)
                fail_msg("%s on sm_%u: a fault of rule %s at 0x%x was not found", name, p->sm,
                         sass_rule_name(w.rule), 16 * at);
            tried++;
        }
        memcpy(p->code, sound, p->bytes);
    }
    free(sound);
    return tried;
}

struct ward {
    unsigned done[5][FAULTS];
};

static int
visit(void *ctx, const struct corpus_cubin *c)
{
    struct ward *w = ctx;
    unsigned s = 0;

    while (s < 5 && sms[s] != c->sm)
        s++;
    for (unsigned k = 0; s < 5 && k < nvmem_cubin_kernel_count(c->cubin); k++) {
        const struct nvmem_cubin_kernel *kernel = nvmem_cubin_kernel(c->cubin, k);
        const struct nvmem_cubin_section *text = nvmem_cubin_section(c->cubin, kernel->section);
        struct patient p = {c->sm, kernel->registers, malloc(text->bytes), text->bytes};

        assert_non_null(p.code);
        memcpy(p.code, text->data, text->bytes);
        for (unsigned f = 0; f < FAULTS; f++)
            if (w->done[s][f] < PLACES)
                w->done[s][f] +=
                    try_places(&p, kernel->name, f,
                               PLACES - w->done[s][f] < 4 ? PLACES - w->done[s][f] : 4);
        free(p.code);
    }
    return 0;
}

static void
every_seeded_fault_is_found_by_its_rule_on_every_sm(void **state)
{
    struct ward *w = calloc(1, sizeof(*w));

    (void)state;
    assert_non_null(w);
    assert_int_equal(FAULTS, SASS_RULES);
    assert_true(corpus_each(visit, w) > 0);
    for (unsigned s = 0; s < 5; s++)
        for (unsigned f = 0; f < FAULTS; f++) {
            print_message("sm_%u %s: %u\n", sms[s], sass_rule_name(faults[f].rule),
                          w->done[s][f]);
            assert_true(w->done[s][f] > 0);
        }
    free(w);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seeded_fault_is_found_by_its_rule_on_every_sm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
