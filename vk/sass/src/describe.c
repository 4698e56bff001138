/* SPDX-License-Identifier: MIT */
/* A form of an operation in one line: "IADD3[.X] Rd, [Pd], [Pe], [-]Ra, [-]imm, [-]Rc". */
#include "sass/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/sass_table.h>

struct out {
    char *p;
    size_t n, bytes;
};

__attribute__((format(printf, 2, 3))) static void
put(struct out *o, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(o->p + o->n, o->bytes - o->n, format, ap);
    va_end(ap);
    if (n > 0)
        o->n += (size_t)n < o->bytes - o->n ? (size_t)n : o->bytes - 1 - o->n;
}

/* ".U8|.S8", at most eight of them */
static void
put_set(struct out *o, const struct sass_set *set)
{
    unsigned shown = 0;

    for (unsigned i = 0; i < set->count; i++) {
        const struct sass_value *v = &sass_values[set->first + i];

        if (!(v->flags & SASS_VALID) || v->flags & SASS_SILENT)
            continue;
        if (shown++ == 8) {
            put(o, "|...");
            return;
        }
        put(o, "%s.%s", shown > 1 ? "|" : "", sass_text + v->text);
    }
}

static bool
may_be_silent(const struct sass_set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        if (sass_values[set->first + i].flags & SASS_SILENT)
            return true;
    return false;
}

static void
put_mod(struct out *o, const struct sass_mod_row *row)
{
    const struct sass_set *set = &sass_sets[row->set];

    if (row->fixed != SASS_NONE) {
        const struct sass_value *v = &sass_values[set->first + row->fixed];

        if (!(v->flags & SASS_SILENT))
            put(o, ".%s", sass_text + v->text);
        return;
    }
    put(o, may_be_silent(set) ? "[" : "{");
    put_set(o, set);
    put(o, may_be_silent(set) ? "]" : "}");
}

static const char *const kinds[] = {
    [NVRM_SASS_GPR] = "R",
    [NVRM_SASS_UGPR] = "UR",
    [NVRM_SASS_PRED] = "P",
    [NVRM_SASS_UPRED] = "UP",
    [NVRM_SASS_IMM] = "0x0",
    [NVRM_SASS_CONST] = "c[0x0][0x0]",
    [NVRM_SASS_CONSTR] = "c[0x0][R+0x0]",
    [NVRM_SASS_CONSTU] = "c[0x0][UR+0x0]",
    [NVRM_SASS_CONSTX] = "cx[UR][0x0]",
    [NVRM_SASS_ATTR] = "a[0x0]",
    [NVRM_SASS_LABEL] = "LABEL",
    [NVRM_SASS_BREG] = "B",
    [NVRM_SASS_SB] = "SB",
    [NVRM_SASS_SREG] = "SR_NAME",
    [NVRM_SASS_ENUM] = "WORD",
    [NVRM_SASS_MASK] = "{1,0}",
};

static const char *
kind_text(const struct sass_operand_row *row)
{
    static const char *const floats[] = {[SASS_F32] = "1.5",
                                         [SASS_F64] = "1.5",
                                         [SASS_F16] = "1.5, 1.5",
                                         [SASS_BF16] = "1.5, 1.5",
                                         [SASS_F16_ONE] = "1.5"};

    if (row->kind == NVRM_SASS_IMM && row->number >= SASS_F32 && row->number != SASS_DEC)
        return floats[row->number];
    return row->kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[row->kind] ? kinds[row->kind]
                                                                            : "";
}

static void
put_addr(struct out *o, const struct sass_operand_row *row)
{
    const char *behind = row->word == 0xffff ? "" : sass_text + row->word;

    put(o, "%s[R%s", row->desc ? "desc[UR]" : "", behind);
    if (row->set != 0xffff) {
        put(o, "[");
        put_set(o, &sass_sets[row->set]);
        put(o, "]");
    }
    put(o, "%s+0x0]", row->uniform && !row->desc ? "+UR" : "");
}

/* Signs that the form has for this operand. */
static void
put_signs(struct out *o, const struct sass_form *form, unsigned operand)
{
    for (unsigned i = 0; i < form->n_fields; i++) {
        const struct sass_field *f = &sass_fields[form->first_field + i];
        const uint8_t kind = sass_operands[form->first_operand + operand].kind;

        if (f->target != operand)
            continue;
        if (f->attr == SASS_NEG)
            put(o, "[-]");
        else if (f->attr == SASS_ABS)
            put(o, "[||]");
        else if (f->attr == SASS_INV)
            put(o, kind == NVRM_SASS_PRED || kind == NVRM_SASS_UPRED ? "[!]" : "[~]");
    }
}

static void
put_operand(struct out *o, const struct sass_form *form, unsigned i)
{
    const struct sass_operand_row *row = &sass_operands[form->first_operand + i];

    put(o, row->hide ? "[" : "");
    put_signs(o, form, i);
    if (row->kind == NVRM_SASS_ADDR) {
        put_addr(o, row);
    } else if (row->kind == NVRM_SASS_WORD) {
        put(o, "%s", sass_text + row->word);
    } else {
        put(o, "%s%s", row->kind == NVRM_SASS_LABEL && row->regs ? "R " : "", kind_text(row));
        if (row->set != 0xffff && row->kind != NVRM_SASS_ENUM && row->kind != NVRM_SASS_SREG) {
            put(o, "[");
            put_set(o, &sass_sets[row->set]);
            put(o, "]");
        }
    }
    put(o, row->hide ? "]" : "");
}

void
sass_describe_form(unsigned number, char *out, size_t bytes)
{
    const struct sass_form *form;
    struct out o = {out, 0, bytes};

    if (number >= sass_form_count || !bytes)
        return;
    form = &sass_forms[number];
    out[0] = 0;
    put(&o, "%s", sass_text + form->name);
    for (unsigned i = 0; i < form->n_mods; i++)
        put_mod(&o, &sass_mods[form->first_mod + i]);
    for (unsigned i = 0; i < form->n_operands; i++) {
        put(&o, i ? ", " : " ");
        put_operand(&o, form, i);
    }
}
