/* SPDX-License-Identifier: MIT */
/*
 * Decoding: the generated tables take instructions apart; rows by mnemonic make micro-ops of
 * them. Operands come in text order; which of them is what is the same for most instructions:
 * registers written, predicates written, sources, predicates read.
 */
#include "decode.h"

#include <string.h>

const char *
sm_mod(const struct sm_dec *d, enum nvrm_sass_group group)
{
    const unsigned v = nvrm_sass_mod(d->in, group);

    return v ? nvrm_sass_value_name(group, v) : "";
}

int
sm_part(const struct nvrm_sass_operand *o, enum nvrm_sass_group group, const char *const *names)
{
    const char *text = o->part ? nvrm_sass_value_name(group, o->part) : NULL;

    for (int i = 0; text && names[i]; i++)
        if (!strcmp(text, names[i]))
            return i;
    return -1;
}

bool
sm_flag(const struct sm_dec *d, enum nvrm_sass_group group)
{
    return !strcmp(sm_mod(d, group), "ON");
}

bool
sm_mod_is(const struct sm_dec *d, enum nvrm_sass_group group, const char *value)
{
    return !strcmp(sm_mod(d, group), value);
}

int
sm_mod_index(const struct sm_dec *d, enum nvrm_sass_group group, const char *const *names)
{
    const char *text = sm_mod(d, group);

    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], text))
            return i;
    return -1;
}

void
sm_refuse(struct sm_dec *d, const char *what)
{
    d->u->run = sm_op_refused;
    d->u->name = what;
}

uint32_t
sm_immediate(const struct sm_dec *d, unsigned k)
{
    return k < d->sources ? (uint32_t)d->src[k]->value : 0;
}

void
sm_float_signs(struct sm_dec *d, uint32_t keep, uint32_t flip)
{
    for (unsigned k = 0; k < 4; k++) {
        struct sm_operand *o = &d->u->s[k];

        o->keep = o->abs ? keep : UINT32_MAX;
        o->flip = o->neg ? flip : 0;
    }
}

void
sm_double_immediates(struct sm_dec *d)
{
    for (unsigned k = 0; k < d->sources && k < 4; k++)
        if (d->u->s[k].kind == SM_IMM && d->src[k]->kind == NVRM_SASS_IMM) {
            d->u->s[k].high = d->u->s[k].value;
            d->u->s[k].value = 0;
        }
}

void
sm_float_mods(struct sm_dec *d)
{
    static const char *const rounds[] = {"RN", "RM", "RP", "RZ", NULL};
    const int rnd = sm_mod_index(d, NVRM_SASS_MOD_ROUND, rounds);

    d->u->ftz = sm_mod_is(d, NVRM_SASS_MOD_FTZ, "FTZ") || sm_flag(d, NVRM_SASS_MOD_FTZ) ||
                sm_mod_is(d, NVRM_SASS_MOD_FTZ, "FMZ");
    d->u->sat = sm_flag(d, NVRM_SASS_MOD_SAT);
    d->u->rnd = rnd > 0 ? (uint8_t)rnd : SM_RN;
    sm_float_signs(d, 0x7fffffff, 0x80000000);
}

void
sm_compare_mods(struct sm_dec *d)
{
    static const char *const ops[] = {"F",   "LT",  "EQ",  "LE",  "GT",  "NE",
                                      "GE",  "NUM", "NAN", "LTU", "EQU", "LEU",
                                      "GTU", "NEU", "GEU", "T",   NULL};
    static const char *const bops[] = {"AND", "OR", "XOR", NULL};
    const int op = sm_mod_index(d, NVRM_SASS_MOD_CMP, ops),
              bop = sm_mod_index(d, NVRM_SASS_MOD_BOP, bops);

    d->u->op = op < 0 ? SM_CMP_F : (uint8_t)op;
    d->u->mod = bop < 0 ? SM_AND : (uint32_t)bop;
}

/* Operands */

static uint16_t
result_row(const struct nvrm_sass_operand *o)
{
    return o->index == NVRM_SASS_RZ ? SM_SINK : o->index;
}

static void
touch(struct sm_dec *d, unsigned index, unsigned n)
{
    if (index == NVRM_SASS_RZ || !n)
        return;
    if (index % n || index + n > NVRM_SASS_RZ)
        d->misaligned = true;
    if (index + n - 1 > d->u->top_row)
        d->u->top_row = (uint8_t)(index + n - 1);
}

static struct sm_operand
source(const struct nvrm_sass_operand *o)
{
    struct sm_operand s = {.kind = SM_REG,
                           .row = o->index,
                           .bank = o->bank,
                           .value = (uint32_t)o->value,
                           .keep = UINT32_MAX,
                           .neg = o->neg,
                           .abs = o->abs,
                           .inv = o->inv};

    switch (o->kind) {
    case NVRM_SASS_GPR:
        break;
    case NVRM_SASS_UGPR:
        s.kind = SM_UREG;
        break;
    case NVRM_SASS_CONST:
        s.kind = SM_CONST;
        break;
    case NVRM_SASS_IMM:
        s.kind = SM_IMM;
        s.high = (uint32_t)(o->value >> 32);
        break;
    case NVRM_SASS_FIMM:
        s.kind = SM_IMM;
        if (o->regs == 2) {
            s.high = s.value;
            s.value = 0;
        }
        break;
    default:
        s.kind = SM_IMM;
        break;
    }
    return s;
}

static void
add_source(struct sm_dec *d, const struct nvrm_sass_operand *o)
{
    if (d->sources < 6)
        d->src[d->sources] = o;
    if (d->sources < 4)
        d->u->s[d->sources] = source(o);
    d->sources++;
    if (o->kind == NVRM_SASS_GPR)
        touch(d, o->index, o->regs);
}

static void
add_predicate(struct sm_dec *d, const struct nvrm_sass_operand *o)
{
    struct sm_uop *u = d->u;

    if (o->role == NVRM_SASS_DST) {
        if (d->preds_out < 2)
            u->pd[d->preds_out] = (uint8_t)o->index;
        d->preds_out++;
        return;
    }
    if (d->preds_in < 3) {
        u->pp[d->preds_in] = (uint8_t)o->index;
        u->pp_neg[d->preds_in] = o->inv;
        u->pp_uniform |= (uint8_t)((o->kind == NVRM_SASS_UPRED) << d->preds_in);
    }
    d->preds_in++;
}

static void
add_address(struct sm_dec *d, const struct nvrm_sass_operand *o)
{
    if (!d->addr)
        d->addr = o;
    touch(d, o->index, o->wide ? 2 : 1);
}

static void
add_operand(struct sm_dec *d, const struct nvrm_sass_operand *o)
{
    switch (o->kind) {
    case NVRM_SASS_PRED:
    case NVRM_SASS_UPRED:
        add_predicate(d, o);
        break;
    case NVRM_SASS_GPR:
        if (o->role == NVRM_SASS_SRC) {
            add_source(d, o);
            break;
        }
        d->u->d = result_row(o);
        touch(d, o->index, o->regs);
        break;
    case NVRM_SASS_UGPR:
        if (o->role == NVRM_SASS_SRC)
            add_source(d, o);
        else
            d->u->d_uniform = o->index;
        break;
    case NVRM_SASS_ADDR:
    case NVRM_SASS_CONSTR:
    case NVRM_SASS_CONSTU:
        add_address(d, o);
        break;
    case NVRM_SASS_LABEL:
        d->label = o;
        touch(d, o->index, o->regs);
        break;
    case NVRM_SASS_BREG:
    case NVRM_SASS_SREG:
        if (!d->reg)
            d->reg = o;
        break;
    case NVRM_SASS_SB:
    case NVRM_SASS_WORD:
        break;
    default:
        add_source(d, o);
        break;
    }
}

static const struct sm_row *
find_row(const char *name)
{
    static const struct sm_row *const families[] = {sm_rows_alu, sm_rows_float, sm_rows_mem,
                                                    sm_rows_flow};

    for (unsigned f = 0; f < sizeof(families) / sizeof(families[0]); f++)
        for (const struct sm_row *r = families[f]; r->name; r++)
            if (!strcmp(r->name, name))
                return r;
    return NULL;
}

static void
begin(struct sm_uop *u)
{
    *u = (struct sm_uop){
        .run = sm_op_illegal,
        .op_name = "illegal",
        .guard = SM_PT,
        .pd = {SM_PT,  SM_PT},
        .pp = { SM_PT, SM_PT, SM_PT},
        .d = SM_SINK,
        .d_uniform = SM_URZ
    };
    for (unsigned k = 0; k < 4; k++)
        u->s[k] = (struct sm_operand){.kind = SM_REG, .row = SM_RZ, .keep = UINT32_MAX};
}

static void
map(struct sm_dec *d)
{
    const struct nvrm_sass_insn *in = d->in;
    const char *name = nvrm_sass_op_name(in->op);
    const struct sm_row *row = name ? find_row(name) : NULL;

    d->u->op_name = name;
    d->u->guard = in->guard;
    d->u->guard_neg = in->guard_not;
    d->u->guard_uniform = in->guard_uniform;
    for (unsigned i = 0; i < in->n_operands; i++)
        add_operand(d, &in->operands[i]);
    if (!row) {
        sm_refuse(d, name);
        return;
    }
    d->u->run = row->run;
    if (row->map)
        row->map(d);
}

static void
decode_one(struct sm_machine *m, uint64_t va, const uint8_t *bytes, struct sm_uop *u)
{
    const unsigned sm = m->config.sm;
    struct sm_dec d = {.u = u, .sm = sm, .va = va};
    struct nvrm_sass_insn in;
    uint64_t code[2];

    memcpy(code, bytes, sizeof(code));
    begin(u);
    if (!nvrm_sass_decode(sm, code, va, &in)) {
        memcpy(u->word, code, sizeof(code));
        return;
    }
    d.in = &in;
    map(&d);
    if (d.misaligned)
        u->run = sm_op_bad_register;
    if (m->config.timing)
        u->hazard = sm_hazard_make(m, &in);
}

void
sm_decode(struct sm_machine *machine, uint64_t va, const uint8_t *bytes, struct sm_uop *out)
{
    for (size_t i = 0; i < SM_CHUNK; i++)
        decode_one(machine, va + 16 * i, bytes + 16 * i, &out[i]);
}
