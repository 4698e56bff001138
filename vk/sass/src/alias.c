/* SPDX-License-Identifier: MIT */
/* Names that follow from an instruction's operands and not from its bits. */
#include "alias.h"

#include <stdbool.h>

static bool
zero(const struct nvrm_sass_operand *o)
{
    return (o->kind == NVRM_SASS_GPR && o->index == NVRM_SASS_RZ) ||
           (o->kind == NVRM_SASS_IMM && !o->value);
}

static bool
one(const struct nvrm_sass_operand *o)
{
    return o->kind == NVRM_SASS_IMM && o->value == 1;
}

static bool
uniform(const struct nvrm_sass_operand *o)
{
    return o->kind == NVRM_SASS_UGPR || o->kind == NVRM_SASS_CONSTX;
}

static bool
power_of_two(const struct nvrm_sass_operand *o)
{
    return o->kind == NVRM_SASS_IMM && o->value > 1 && !(o->value & (o->value - 1)) &&
           o->value != 0x10000 && o->value != 0x80000000; /* these two stay IMAD */
}

const char *
sass_alias_text(const struct nvrm_sass_insn *insn)
{
    const struct nvrm_sass_operand *o = insn->operands;

    if (insn->op != NVRM_SASS_OP_IMAD || nvrm_sass_mod(insn, NVRM_SASS_MOD_WIDE) ||
        nvrm_sass_mod(insn, NVRM_SASS_MOD_HI) || nvrm_sass_mod(insn, NVRM_SASS_MOD_X))
        return "";
    if (uniform(&o[2]) || uniform(&o[3]))
        return "";
    if (zero(&o[1]) || zero(&o[2]) || (one(&o[2]) && zero(&o[3])))
        return ".MOV";
    if (zero(&o[3]) && power_of_two(&o[2]))
        return ".SHL";
    if (one(&o[2]))
        return ".IADD";
    return "";
}
