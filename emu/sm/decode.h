/* SPDX-License-Identifier: MIT */
/* From instructions as the SASS tables take them apart to micro-ops: what the families share.
 */
#ifndef EMU_SM_DECODE_H
#define EMU_SM_DECODE_H

#include <nvrm/sass.h>

#include "ops.h"

struct sm_dec {
    const struct nvrm_sass_insn *in;
    struct sm_uop *u;
    unsigned sm;
    uint64_t va; /* of the instruction */
    unsigned sources, preds_in, preds_out;
    bool misaligned; /* a pair or quad that does not begin at a multiple of its size */
    const struct nvrm_sass_operand *addr, *label, *reg; /* the first of each, or NULL */
    const struct nvrm_sass_operand *src[6];             /* sources that are no predicates */
};

struct sm_row {
    const char *name;
    void (*map)(struct sm_dec *d);
    sm_exec run; /* and what executes it, unless map says otherwise */
};

/* Families; each ends with a row without a name. */
extern const struct sm_row sm_rows_alu[], sm_rows_float[], sm_rows_mem[], sm_rows_flow[];

/** The text of a modifier: "LT"; "" when the instruction lacks it. */
const char *sm_mod(const struct sm_dec *d, enum nvrm_sass_group group);
/** Is the flag set, or does the group have this value? */
bool sm_flag(const struct sm_dec *d, enum nvrm_sass_group group);
bool sm_mod_is(const struct sm_dec *d, enum nvrm_sass_group group, const char *value);
/** The modifier's place in a list of names that ends with NULL; -1: not there. */
int sm_mod_index(const struct sm_dec *d, enum nvrm_sass_group group, const char *const *names);
/** The place of an operand's suffix in such a list; -1: it has none of them. */
int sm_part(const struct nvrm_sass_operand *o, enum nvrm_sass_group group,
            const char *const *names);
/** The instruction exists, and this part of it is not modelled. */
void sm_refuse(struct sm_dec *d, const char *what);

/** Floats: signs of source k as masks of one number, of two halves, of a half. */
void sm_float_signs(struct sm_dec *d, uint32_t keep, uint32_t flip);
void sm_float_mods(struct sm_dec *d);
/** Immediates of doubles are the upper word. */
void sm_double_immediates(struct sm_dec *d);
/** An immediate source as the constant that it is. */
uint32_t sm_immediate(const struct sm_dec *d, unsigned k);
/** AND, OR, XOR; comparison */
void sm_compare_mods(struct sm_dec *d);

#endif
