/* SPDX-License-Identifier: MIT */
/* One decoded instruction as nvdisasm's text. What is printed comes from the form's row: here
 * is only how each kind of operand looks. */
#include "sass/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/sass_table.h>

#include "alias.h"
#include "number.h"

struct out {
    char *p;
    size_t n;
    const struct sass_print *how;
    const struct nvrm_sass_insn *insn;
};

__attribute__((format(printf, 2, 3))) static void
put(struct out *o, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(o->p + o->n, SASS_LINE - o->n, format, ap);
    va_end(ap);
    if (n > 0)
        o->n += (size_t)n < SASS_LINE - o->n ? (size_t)n : SASS_LINE - 1 - o->n;
}

static void
put_hex(struct out *o, int64_t v)
{
    if (v < 0)
        put(o, "-0x%" PRIx64, 0 - (uint64_t)v);
    else
        put(o, "0x%" PRIx64, (uint64_t)v);
}

static void
put_gpr(struct out *o, unsigned index)
{
    if (index == NVRM_SASS_RZ)
        put(o, "RZ");
    else
        put(o, "R%u", index);
}

static void
put_ugpr(struct out *o, unsigned index)
{
    if (index == NVRM_SASS_URZ)
        put(o, "URZ");
    else
        put(o, "UR%u", index);
}

static void
put_pred(struct out *o, const char *prefix, unsigned index)
{
    if (index == NVRM_SASS_PT)
        put(o, "%sPT", prefix);
    else
        put(o, "%sP%u", prefix, index);
}

/* Text of a value of a set. */
static const struct sass_value *
find_value(unsigned set, unsigned number)
{
    for (unsigned i = 0; i < sass_sets[set].count; i++) {
        const struct sass_value *v = &sass_values[sass_sets[set].first + i];

        if ((v->flags & SASS_VALID) && v->number == number)
            return v;
    }
    return NULL;
}

static const char *
part_text(const struct sass_operand_row *row, unsigned part)
{
    const struct sass_value *v = row->set == 0xffff ? NULL : find_value(row->set, part);

    return v ? sass_text + v->text : "";
}

static void
put_part(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    const char *text;

    if (row->kind == NVRM_SASS_ENUM || row->kind == NVRM_SASS_SREG)
        return;
    text = part_text(row, op->part);
    if (*text)
        put(o, ".%s", text);
    if (row->word != 0xffff)
        put(o, "%s", sass_text + row->word);
}

static void
put_number(struct out *o, const struct sass_operand_row *row,
           const struct nvrm_sass_operand *op)
{
    char text[80];

    switch (row->number) {
    case SASS_HEX:
        put_hex(o, op->value);
        return;
    case SASS_HEX_SIGNED:
        put_hex(o, (int32_t)op->value == op->value ? op->value : (int32_t)op->value);
        return;
    case SASS_DEC:
        put(o, "%" PRId64, op->value);
        return;
    default:
        sass_float_text(row->number, (uint32_t)op->value, o->how->exact, text, sizeof(text));
        break;
    }
    put(o, "%s", text);
}

static void
put_offset(struct out *o, int64_t v)
{
    if (!v)
        return;
    put(o, "+");
    put_hex(o, v);
}

/* What stands before the offset: "R2.64+UR4", or nothing. */
static bool
put_base(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op,
         bool uniform)
{
    const bool old = o->how->sm < 90 || row->word == 0xffff;
    const char *part = part_text(row, op->part);
    bool some = false;

    if (op->index != NVRM_SASS_RZ || *part ||
        (!(uniform && old) && (op->desc || uniform || !op->value))) {
        put_gpr(o, op->index);
        put(o, "%s%s%s", row->word == 0xffff ? "" : sass_text + row->word, *part ? "." : "",
            part);
        some = true;
    }
    if (uniform) {
        put(o, some ? "+" : "");
        put_ugpr(o, op->ur);
        some = true;
    }
    return some;
}

/* [R2.64+UR4+0x10], desc[UR4][R2.64+0x10] */
static void
put_addr(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    const bool uniform = row->uniform && !op->desc;
    const int64_t raw = op->value & (int64_t)((UINT64_C(1) << row->bits) - 1);

    if (op->desc && (o->how->sm >= 90 || !o->how->exact ||
                     nvrm_sass_mod(o->insn, NVRM_SASS_MOD_CACHE_HINT))) {
        put(o, "desc[");
        put_ugpr(o, op->ur);
        put(o, "]");
    }
    put(o, "[");
    if (put_base(o, row, op, uniform))
        put_offset(o, op->index == NVRM_SASS_RZ && row->number == SASS_DEC ? raw : op->value);
    else if (row->number == SASS_HEX_SIGNED)
        put_hex(o, op->value);
    else
        put_hex(o, raw);
    put(o, "]");
}

static void
put_label(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    const char *name;

    if (op->regs) {
        put_gpr(o, op->index);
        if (row->uniform && row->number == SASS_HEX && !op->value)
            return;
        put(o, " ");
    }
    name = o->how->label ? o->how->label(o->how->ctx, (uint64_t)op->value) : NULL;

    if (name)
        put(o, "`(%s)", name);
    else
        put_hex(o, op->value);
}

static void
put_sreg(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    const struct sass_set *s = &sass_sets[row->set];

    if (op->index < s->count && (sass_values[s->first + op->index].flags & SASS_VALID))
        put(o, "%s", sass_text + sass_values[s->first + op->index].text);
    else
        put(o, "SR%u", op->index);
}

/* {3,1,0} */
static void
put_mask(struct out *o, uint64_t mask)
{
    const char *comma = "";

    put(o, "{");
    for (int i = 63; i >= 0; i--)
        if (mask >> i & 1) {
            put(o, "%s%d", comma, i);
            comma = ",";
        }
    put(o, "}");
}

static void
put_const(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    const bool half = row->number == SASS_F16;

    if (op->kind == NVRM_SASS_CONSTX) {
        put(o, "cx[");
        put_ugpr(o, op->ur);
    } else {
        put(o, "c[0x%x", op->bank);
    }
    put(o, half ? "] [" : "][");
    if (op->kind == NVRM_SASS_CONSTR && (op->index != NVRM_SASS_RZ || !op->value)) {
        put_gpr(o, op->index);
        put_offset(o, op->value);
    } else if (op->kind == NVRM_SASS_CONSTU && !(row->norz && op->ur == NVRM_SASS_URZ)) {
        put_ugpr(o, op->ur);
        put_offset(o, op->value);
    } else {
        put_hex(o, op->value);
    }
    put(o, "]");
}

static void
put_attr(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    const bool ur = row->uniform && (op->ur != NVRM_SASS_URZ || !op->value);

    put(o, "a[");
    if (ur)
        put_ugpr(o, op->ur);
    else if (op->index != NVRM_SASS_RZ)
        put_gpr(o, op->index);
    if (!ur && op->index == NVRM_SASS_RZ)
        put_hex(o, op->value);
    else
        put_offset(o, op->value);
    put(o, "]");
}

static void
put_value(struct out *o, const struct sass_operand_row *row, const struct nvrm_sass_operand *op)
{
    switch (op->kind) {
    case NVRM_SASS_GPR:
        put_gpr(o, op->index);
        break;
    case NVRM_SASS_UGPR:
        put_ugpr(o, op->index);
        break;
    case NVRM_SASS_PRED:
        put_pred(o, "", op->index);
        break;
    case NVRM_SASS_UPRED:
        put_pred(o, "U", op->index);
        break;
    case NVRM_SASS_IMM:
        put_number(o, row, op);
        break;
    case NVRM_SASS_CONST:
    case NVRM_SASS_CONSTR:
    case NVRM_SASS_CONSTU:
    case NVRM_SASS_CONSTX:
        put_const(o, row, op);
        break;
    case NVRM_SASS_ADDR:
        put_addr(o, row, op);
        return;
    case NVRM_SASS_ATTR:
        put_attr(o, row, op);
        break;
    case NVRM_SASS_LABEL:
        put_label(o, row, op);
        break;
    case NVRM_SASS_BREG:
        put(o, "B%u", op->index);
        break;
    case NVRM_SASS_SB:
        put(o, "SB%u", op->index);
        break;
    case NVRM_SASS_SREG:
        put_sreg(o, row, op);
        break;
    case NVRM_SASS_ENUM:
        put(o, "%s", part_text(row, op->part));
        break;
    case NVRM_SASS_MASK:
        put_mask(o, (uint64_t)op->value);
        break;
    default:
        put(o, "%s", sass_text + row->word);
        return;
    }
}

static void
put_operand(struct out *o, const struct sass_operand_row *row,
            const struct nvrm_sass_operand *op)
{
    const bool pred = op->kind == NVRM_SASS_PRED || op->kind == NVRM_SASS_UPRED;
    const bool outside = op->kind == NVRM_SASS_GPR && row->set != 0xffff &&
                         sass_sets[row->set].group == NVRM_SASS_MOD_SWZ; /* |R1|.H0_H0 */

    if (op->neg)
        put(o, "-");
    if (op->inv)
        put(o, pred ? "!" : "~");
    if (op->abs)
        put(o, "|");
    put_value(o, row, op);
    if (op->abs && (outside || op->reuse))
        put(o, "|");
    if (op->reuse)
        put(o, ".reuse");
    if (op->kind != NVRM_SASS_ADDR && op->kind != NVRM_SASS_WORD)
        put_part(o, row, op);
    if (op->abs && !outside && !op->reuse)
        put(o, "|");
}

static void
put_mods(struct out *o, const struct sass_form *form)
{
    for (unsigned i = 0; i < form->n_mods; i++) {
        const struct sass_mod_row *row = &sass_mods[form->first_mod + i];
        const struct sass_value *v = find_value(row->set, o->insn->mods[i]);

        if (v && !(v->flags & SASS_SILENT) && !(v->flags & SASS_OURS && o->how->exact))
            put(o, ".%s", sass_text + v->text);
    }
}

static void
put_guard(struct out *o)
{
    if (o->insn->guard == NVRM_SASS_PT && !o->insn->guard_not)
        return;
    put(o, o->insn->guard_not ? "@!" : "@");
    put_pred(o, o->insn->guard_uniform ? "U" : "", o->insn->guard);
    put(o, " ");
}

/* nvdisasm hides the first of two predicates even when the second is there. */
static bool
needed(const struct sass_print *how, const struct sass_form *form,
       const struct nvrm_sass_insn *insn, unsigned i)
{
    const struct sass_operand_row *row = &sass_operands[form->first_operand + i];

    return !how->exact && i + 1u < insn->n_operands && row->hide == SASS_HIDE &&
           row[1].hide == SASS_HIDE && row[1].kind == row->kind && !insn->operands[i + 1].hide;
}

void
sass_print(const struct sass_print *how, const struct nvrm_sass_insn *insn, char out[SASS_LINE])
{
    const struct sass_form *form = &sass_forms[insn->form];
    struct out o = {.p = out, .how = how, .insn = insn};
    const char *between = " ";

    out[0] = 0;
    put_guard(&o);
    put(&o, "%s", sass_text + form->name);
    put(&o, "%s", sass_alias_text(insn));
    put_mods(&o, form);
    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (insn->operands[i].hide && !needed(how, form, insn, i))
            continue;
        put(&o, "%s", between);
        between = ", ";
        put_operand(&o, &sass_operands[form->first_operand + i], &insn->operands[i]);
    }
    if (o.n && out[o.n - 1] == ' ')
        out[o.n - 1] = 0;
}

size_t
sass_print_ctl(const struct nvrm_sass_ctl *ctl, char out[SASS_CTL])
{
    char wait[8] = "------";
    int n;

    for (int i = 0; i < 6; i++)
        if (ctl->wait >> i & 1)
            wait[i] = (char)('0' + i);
    n = snprintf(out, SASS_CTL, "B%s:R%c:W%c:%c:S%02u", wait,
                 ctl->rdbar == NVRM_SASS_NO_BARRIER ? '-' : (char)('0' + ctl->rdbar),
                 ctl->wrbar == NVRM_SASS_NO_BARRIER ? '-' : (char)('0' + ctl->wrbar),
                 ctl->yield ? '-' : 'Y', ctl->stall);
    return (size_t)n;
}

unsigned
sass_reuse_bit(const struct nvrm_sass_insn *insn, unsigned operand)
{
    const struct sass_form *form = &sass_forms[insn->form];
    const uint8_t bit = sass_operands[form->first_operand + operand].reuse;

    return bit == SASS_NONE ? 0 : 1u << bit;
}
