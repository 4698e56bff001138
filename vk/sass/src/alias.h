/* SPDX-License-Identifier: MIT */
/* Names that nvdisasm gives to what an instruction amounts to: IMAD.MOV, IMAD.SHL, IMAD.IADD.
 */
#ifndef SASS_ALIAS_H
#define SASS_ALIAS_H

#include <nvrm/sass.h>

/** ".MOV" or "". */
const char *sass_alias_text(const struct nvrm_sass_insn *insn);

/** The bit of ctl.reuse that an operand's ".reuse" stands for. */
unsigned sass_reuse_bit(const struct nvrm_sass_insn *insn, unsigned operand);

#endif
