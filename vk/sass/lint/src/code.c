/* SPDX-License-Identifier: MIT */
/* Decodes a section and says of each instruction what the lint needs: its unit, what it reads
 * and writes, and where control goes. */
#include <errno.h>
#include <string.h>

#include <nvrm/sass_table.h>

#include "lint_priv.h"

void *
lint_grow(const struct gsp_host *host, void *p, uint32_t n, uint32_t *cap, size_t each)
{
    void *grown;

    if (n < *cap)
        return p;
    grown = gsp_host_realloc(host, p, (*cap ? 2 * (size_t)*cap : 16) * each);
    if (grown)
        *cap = *cap ? 2 * *cap : 16;
    return grown;
}

unsigned
lint_file(unsigned res)
{
    return res < RES_PRED    ? LAT_GPR
           : res < RES_UGPR  ? LAT_PRED
           : res < RES_UPRED ? LAT_UGPR
                             : LAT_UPRED;
}

void
lint_res_name(unsigned res, char out[12])
{
    static const char *const prefix[] = {"R", "P", "UR", "UP"};
    static const unsigned base[] = {RES_GPR, RES_PRED, RES_UGPR, RES_UPRED};
    unsigned file = lint_file(res), n = res - base[file];
    size_t at = strlen(prefix[file]);

    memcpy(out, prefix[file], at);
    if (n >= 100)
        out[at++] = (char)('0' + n / 100);
    if (n >= 10)
        out[at++] = (char)('0' + n / 10 % 10);
    out[at++] = (char)('0' + n % 10);
    out[at] = 0;
}

static bool
add_use(struct lint_prog *p, unsigned res, enum use_kind kind, unsigned slot)
{
    struct lint_use *grown =
        lint_grow(p->host, p->uses, p->uses_n, &p->uses_cap, sizeof(*grown));

    if (!grown)
        return false;
    p->uses = grown;
    p->uses[p->uses_n++] = (struct lint_use){(uint16_t)res, (uint8_t)kind, (uint8_t)slot, 0};
    return true;
}

/* Registers first..first+n-1 of a file that has `limit` of them, those past it being constants.
 */
static bool
add_uses(struct lint_prog *p, unsigned base, unsigned first, unsigned n, unsigned limit,
         unsigned role, unsigned slot)
{
    bool ok = true;

    for (unsigned i = first; i < first + n && first < limit; i++) {
        if (i >= limit)
            break;
        if (role != NVRM_SASS_DST)
            ok &= add_use(p, base + i, USE_READ, slot);
        if (role != NVRM_SASS_SRC)
            ok &= add_use(p, base + i, USE_WRITE, slot);
    }
    return ok;
}

static bool
add_address(struct lint_prog *p, const struct nvrm_sass_operand *o)
{
    bool ok =
        add_uses(p, RES_GPR, o->index, o->wide ? 2 : 1, NVRM_SASS_RZ, NVRM_SASS_SRC, 0xff);

    return ok && add_uses(p, RES_UGPR, o->ur, o->desc || o->wide ? 2 : 1, NVRM_SASS_URZ,
                          NVRM_SASS_SRC, 0xff);
}

static bool
add_operand(struct lint_prog *p, const struct nvrm_sass_operand *o, unsigned slot)
{
    switch ((enum nvrm_sass_kind)o->kind) {
    case NVRM_SASS_GPR:
        return add_uses(p, RES_GPR, o->index, o->regs, NVRM_SASS_RZ, o->role, slot);
    case NVRM_SASS_UGPR:
        return add_uses(p, RES_UGPR, o->index, o->regs, NVRM_SASS_URZ, o->role, slot);
    case NVRM_SASS_PRED:
        return add_uses(p, RES_PRED, o->index, 1, NVRM_SASS_PT, o->role, slot);
    case NVRM_SASS_UPRED:
        return add_uses(p, RES_UPRED, o->index, 1, NVRM_SASS_PT, o->role, slot);
    case NVRM_SASS_ADDR:
        return add_address(p, o);
    case NVRM_SASS_LABEL: /* with a register, it adds to it */
        return add_uses(p, RES_GPR, o->index, o->regs, NVRM_SASS_RZ, NVRM_SASS_SRC, slot);
    case NVRM_SASS_ATTR:
    case NVRM_SASS_CONSTR:
        return add_uses(p, RES_GPR, o->index, 1, NVRM_SASS_RZ, NVRM_SASS_SRC, slot);
    case NVRM_SASS_CONSTU:
        return add_uses(p, RES_UGPR, o->ur, 1, NVRM_SASS_URZ, NVRM_SASS_SRC, slot);
    case NVRM_SASS_CONSTX:
        return add_uses(p, RES_UGPR, o->ur, 2, NVRM_SASS_URZ, NVRM_SASS_SRC, slot);
    default:
        return true;
    }
}

static bool
is(const struct nvrm_sass_insn *insn, const char *op)
{
    return strcmp(nvrm_sass_op_name(insn->op), op) == 0;
}

/* Several predicates at once: PR in the text, and a mask that says which when it is a number.
 */
static bool
add_masked(struct lint_prog *p, const struct nvrm_sass_insn *insn)
{
    const enum use_kind kind = is(insn, "P2R") ? USE_READ : USE_WRITE;
    uint64_t mask = 0x7f;
    bool ok = true;

    for (unsigned i = 0; i < insn->n_operands; i++)
        if (insn->operands[i].kind == NVRM_SASS_IMM)
            mask = (uint64_t)insn->operands[i].value;
    for (unsigned i = 0; i < 7; i++)
        if (mask >> i & 1)
            ok &= add_use(p, RES_PRED + i, kind, 0xff);
    return ok;
}

/* Which unit makes or takes each register: halves of a product of 64 bits come and go apart. */
static void
set_units(struct lint_prog *p, const struct lint_insn *insn)
{
    for (unsigned k = 0; k < insn->uses_n; k++) {
        struct lint_use *u = &p->uses[insn->uses + k];
        const bool again =
            k && u[-1].kind == u->kind && u[-1].slot == u->slot && u[-1].res + 1 == u->res;
        const bool paired = k + 1 < insn->uses_n && u[1].kind == u->kind &&
                            u[1].slot == u->slot && u->res + 1 == u[1].res;

        u->unit = insn->unit;
        if (u->kind == USE_GUARD)
            u->unit = insn->go == GO_NEXT ? lat_guard_unit : lat_branch_unit;
        else if (insn->unit == lat_pair_unit && lint_file(u->res) == LAT_GPR)
            u->unit = u->kind == USE_WRITE && paired ? lat_low_unit
                      : u->kind == USE_READ && again ? lat_high_unit
                                                     : insn->unit;
    }
}

static bool
add_all_uses(struct lint_prog *p, const struct nvrm_sass_insn *insn, struct lint_insn *out)
{
    const struct sass_operand_row *rows = &sass_operands[sass_forms[insn->form].first_operand];
    bool ok = true;

    out->uses = p->uses_n;
    if (insn->guard != NVRM_SASS_PT)
        ok &= add_use(p, (insn->guard_uniform ? RES_UPRED : RES_PRED) + insn->guard, USE_GUARD,
                      0xff);
    for (unsigned i = 0; i < insn->n_operands; i++)
        ok &= add_operand(p, &insn->operands[i], rows[i].reuse);
    if (is(insn, "P2R") || is(insn, "R2P"))
        ok &= add_masked(p, insn);
    out->uses_n = (uint16_t)(p->uses_n - out->uses);
    set_units(p, out);
    return ok;
}

static unsigned
unit_of(const struct lint_prog *p, const struct nvrm_sass_insn *insn)
{
    for (unsigned i = 0; i < lat_members_n; i++) {
        const struct lat_member *m = &lat_members[i];

        if ((m->sms >> p->sm_index & 1) && is(insn, m->op) &&
            (!m->code || m->code == (sass_forms[insn->form].code & 0x1ff)))
            return m->unit;
    }
    return lat_class_unit[nvrm_sass_class(insn)];
}

static unsigned
least_stall(const struct lint_prog *p, const struct nvrm_sass_insn *insn)
{
    for (unsigned i = 0; i < lat_stalls_n; i++)
        if ((lat_stalls[i].sms >> p->sm_index & 1) && is(insn, lat_stalls[i].op))
            return lat_stalls[i].cycles;
    return 1;
}

static bool
drains(const struct lint_prog *p, const struct nvrm_sass_insn *insn)
{
    for (unsigned i = 0; i < lat_drains_n; i++)
        if ((lat_drains[i].sms >> p->sm_index & 1) && is(insn, lat_drains[i].op))
            return true;
    return false;
}

static const struct nvrm_sass_operand *
operand(const struct nvrm_sass_insn *insn, enum nvrm_sass_kind kind)
{
    for (unsigned i = 0; i < insn->n_operands; i++)
        if (insn->operands[i].kind == kind)
            return &insn->operands[i];
    return NULL;
}

/* A predicate operand other than PT makes a branch conditional, as a guard does; so does asking
 * which lanes are there. */
static bool
conditional(const struct nvrm_sass_insn *insn, enum lint_go go)
{
    if (insn->guard != NVRM_SASS_PT || go == GO_NEXT)
        return insn->guard != NVRM_SASS_PT;
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const struct nvrm_sass_operand *o = &insn->operands[i];

        if ((o->kind == NVRM_SASS_PRED || o->kind == NVRM_SASS_UPRED) &&
            (o->index != NVRM_SASS_PT || o->inv))
            return true;
    }
    return operand(insn, NVRM_SASS_UGPR) || is(insn, "WARPSYNC"); /* BRA.DIV; .COLLECTIVE */
}

static enum lint_go
way(const struct nvrm_sass_insn *insn)
{
    const struct nvrm_sass_operand *reg = operand(insn, NVRM_SASS_GPR),
                                   *ureg = operand(insn, NVRM_SASS_UGPR);
    const struct nvrm_sass_operand *label = operand(insn, NVRM_SASS_LABEL);
    const bool far = (reg && reg->index != NVRM_SASS_RZ) ||
                     (ureg && ureg->index != NVRM_SASS_URZ) ||
                     (label && label->regs && label->index != NVRM_SASS_RZ);

    if (is(insn, "EXIT") || is(insn, "KILL"))
        return GO_EXIT;
    if (is(insn, "RET"))
        return GO_RETURN;
    if (is(insn, "CALL"))
        return far || !label ? GO_FAR_CALL : GO_CALL;
    if (is(insn, "BRX") || is(insn, "BRXU") || is(insn, "JMX") || is(insn, "JMXU") ||
        is(insn, "RTT"))
        return GO_FAR;
    if (is(insn, "BSSY") || is(insn, "BSSYU"))
        return GO_NEXT;
    return label ? GO_BRANCH : GO_NEXT;
}

static void
find_target(const struct lint_prog *p, const struct nvrm_sass_insn *insn, struct lint_insn *out)
{
    const struct nvrm_sass_operand *label = operand(insn, NVRM_SASS_LABEL);

    out->target = UINT32_MAX;
    if (!label || (out->go != GO_BRANCH && out->go != GO_CALL))
        return;
    out->bad_target = label->value < 0 || label->value % NVRM_SASS_BYTES ||
                      label->value / NVRM_SASS_BYTES >= p->n;
    if (!out->bad_target)
        out->target = (uint32_t)(label->value / NVRM_SASS_BYTES);
}

/* DEPBAR.LE SBn, 0 waits for one; DEPBAR {..} for a set. With a count above 0 some may still be
 * under way. */
static unsigned
waits(const struct nvrm_sass_insn *insn)
{
    const struct nvrm_sass_operand *board = operand(insn, NVRM_SASS_SB),
                                   *count = operand(insn, NVRM_SASS_IMM);
    const struct nvrm_sass_operand *set = operand(insn, NVRM_SASS_MASK);
    unsigned mask = insn->ctl.wait;

    if (!is(insn, "DEPBAR"))
        return mask;
    if (board && (!count || count->value == 0))
        mask |= 1u << board->index;
    return set ? mask | ((unsigned)set->value & 0x3f) : mask;
}

static bool
decode_one(struct lint_prog *p, const uint8_t *bytes, uint32_t at)
{
    struct lint_insn *out = &p->insns[at];
    struct nvrm_sass_insn insn;
    uint64_t words[2];

    memcpy(words, bytes + (size_t)NVRM_SASS_BYTES * at, sizeof(words));
    out->ctl = nvrm_sass_ctl_get(words);
    out->target = UINT32_MAX;
    out->queue = out->read_queue = LAT_QUEUE_NONE;
    out->least_stall = 0;
    out->ok = nvrm_sass_decode(p->sm, words, (uint64_t)NVRM_SASS_BYTES * at, &insn);
    if (!out->ok)
        return true;
    out->op = insn.op;
    out->unit = (uint8_t)unit_of(p, &insn);
    out->queue = lat_units[out->unit].queue;
    out->read_queue = lat_units[out->unit].read_queue;
    if (insn.guard != NVRM_SASS_PT && !insn.guard_uniform)
        out->when = (uint8_t)(0x80 | (insn.guard_not ? 0x40 : 0) | insn.guard);
    out->variable = lat_units[out->unit].variable >> p->sm_index & 1;
    out->reads_late = lat_units[out->unit].reads_late >> p->sm_index & 1;
    out->least_stall = (uint8_t)least_stall(p, &insn);
    out->drains = drains(p, &insn);
    out->go = (uint8_t)way(&insn);
    out->conditional = conditional(&insn, (enum lint_go)out->go);
    out->waits = (uint8_t)waits(&insn);
    find_target(p, &insn, out);
    return add_all_uses(p, &insn, out);
}

int
lint_decode(struct lint_prog *p, const struct sass_lint_code *code, struct gsp_error *err)
{
    p->n = (uint32_t)(code->bytes / NVRM_SASS_BYTES);
    p->insns = gsp_host_alloc(p->host, p->n * sizeof(*p->insns));
    if (!p->insns)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "no memory for %u instructions", p->n);
    for (uint32_t i = 0; i < p->n; i++)
        if (!decode_one(p, code->code, i))
            return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "no memory for operands");
    return 0;
}
