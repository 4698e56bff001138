/* SPDX-License-Identifier: MIT */
/* What instructions do: one function each, chosen by decode.c. */
#ifndef EMU_SM_OPS_H
#define EMU_SM_OPS_H

#include "sm_priv.h"

#define SM_OP(name) void sm_op_##name(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)

/* Comparisons, as SASS numbers them; from 8 on: true for unordered too. */
enum sm_cmp {
    SM_CMP_F,
    SM_CMP_LT,
    SM_CMP_EQ,
    SM_CMP_LE,
    SM_CMP_GT,
    SM_CMP_NE,
    SM_CMP_GE,
    SM_CMP_NUM,
    SM_CMP_NAN,
    SM_CMP_LTU,
    SM_CMP_EQU,
    SM_CMP_LEU,
    SM_CMP_GTU,
    SM_CMP_NEU,
    SM_CMP_GEU,
    SM_CMP_T,
};
enum sm_bool { SM_AND, SM_OR, SM_XOR };
enum sm_red {
    SM_RED_ADD,
    SM_RED_MIN,
    SM_RED_MAX,
    SM_RED_INC,
    SM_RED_DEC,
    SM_RED_AND,
    SM_RED_OR,
    SM_RED_XOR,
    SM_RED_EXCH,
    SM_RED_CAS,
};
/* Formats of numbers */
enum sm_type {
    SM_U8,
    SM_S8,
    SM_U16,
    SM_S16,
    SM_U32,
    SM_S32,
    SM_U64,
    SM_S64,
    SM_F16,
    SM_F32,
    SM_F64,
    SM_BF16,
    SM_F16X2,
    SM_BF16X2,
    SM_TF32,
};

/* A predicate combined with another as SETP and its like do. */
static inline uint32_t
sm_combine(enum sm_bool op, uint32_t a, uint32_t b)
{
    return op == SM_AND ? a & b : op == SM_OR ? a | b : a ^ b;
}

/* wide.c */
SM_OP(iadd64);
SM_OP(isetp64);
SM_OP(imnmx64);
SM_OP(sel64);

/* integer.c */
SM_OP(viadd_sat);
SM_OP(mov);
SM_OP(sel);
SM_OP(iadd3);
SM_OP(imad);
SM_OP(imad_wide);
SM_OP(imad_hi);
SM_OP(isetp);
SM_OP(lea);
SM_OP(imnmx);
SM_OP(iabs);
SM_OP(idp);
SM_OP(vabsdiff);
SM_OP(viadd);
SM_OP(viaddmnmx);
SM_OP(vimnmx3);

/* logic.c */
SM_OP(lop3);
SM_OP(plop3);
SM_OP(shf);
SM_OP(shl);
SM_OP(shr);
SM_OP(prmt);
SM_OP(bmsk);
SM_OP(brev);
SM_OP(flo);
SM_OP(popc);
SM_OP(sgxt);
SM_OP(p2r);
SM_OP(r2p);

/* float.c */
SM_OP(fadd);
SM_OP(fmul);
SM_OP(ffma);
SM_OP(fmnmx);
SM_OP(fsetp);
SM_OP(fset);
SM_OP(fsel);
SM_OP(fchk);
SM_OP(fswzadd);
/** Flush, and the one NaN. */
uint32_t sm_f32_result(float x, bool ftz);
void sm_round_begin(unsigned rnd);
void sm_round_end(void);

/* mufu.c */
enum sm_mufu {
    SM_MUFU_COS,
    SM_MUFU_SIN,
    SM_MUFU_EX2,
    SM_MUFU_LG2,
    SM_MUFU_RCP,
    SM_MUFU_RSQ,
    SM_MUFU_RCP64H,
    SM_MUFU_RSQ64H,
    SM_MUFU_SQRT,
    SM_MUFU_TANH,
};
SM_OP(mufu);
float sm_mufu(enum sm_mufu f, float x);

/* double.c */
SM_OP(dadd);
SM_OP(dmul);
SM_OP(dfma);
SM_OP(dsetp);
SM_OP(dmnmx);

/* half.c */
SM_OP(hadd2);
SM_OP(hmul2);
SM_OP(hfma2);
SM_OP(hmnmx2);
SM_OP(hsetp2);
SM_OP(hset2);
float sm_half_to_float(uint16_t h);
uint16_t sm_half_from_double(double x, unsigned rnd);
float sm_bf16_to_float(uint16_t h);
uint16_t sm_bf16_from_double(double x, unsigned rnd);
/** The sum, in the last place marked when it is not exact: rounded once more it is right. */
double sm_add_odd(double a, double b);

/* convert.c */
SM_OP(f2i);
SM_OP(i2f);
SM_OP(f2f);
SM_OP(frnd);
SM_OP(i2i);
SM_OP(f2fp);
SM_OP(f2ip);
SM_OP(i2ip);

/* warp.c */
SM_OP(shfl);
SM_OP(vote);
SM_OP(match);
SM_OP(redux);
SM_OP(s2r);
SM_OP(s2ur);
SM_OP(cs2ur);
SM_OP(r2ur);
SM_OP(cs2r);
SM_OP(elect);

SM_OP(voteu);

/* uniform.c */
SM_OP(uniform); /* the twin, on one lane */
SM_OP(uldc);
SM_OP(up2ur);
SM_OP(ur2up);

/* flow.c */
SM_OP(bra);
SM_OP(exit);
SM_OP(kill);
SM_OP(bssy);
SM_OP(bsync);
SM_OP(break);
SM_OP(warpsync);
SM_OP(yield);
SM_OP(bmov_to_r);
SM_OP(bmov_to_b);
SM_OP(bar);
SM_OP(b2r);
SM_OP(lepc);
SM_OP(nop);
SM_OP(bpt);
SM_OP(illegal);
SM_OP(bad_register);
SM_OP(refused);

/* mem.c */
SM_OP(ldg);
SM_OP(stg);
SM_OP(ldl);
SM_OP(stl);
SM_OP(lds);
SM_OP(sts);
SM_OP(ld);
SM_OP(st);
SM_OP(ldc);
SM_OP(ldgsts);
SM_OP(ldsm);
SM_OP(qspc);

/* atom.c */
SM_OP(atom);
SM_OP(atoms);
SM_OP(atoms_popc);

/* mma.c */
struct sm_dec;
/** What executes this matrix instruction; NULL: not modelled. */
sm_exec sm_mma_of(struct sm_dec *d);
SM_OP(movm);

/* Whether an SM_CMP_* of integers holds, given how they stand to each other. */
static inline bool
sm_holds(unsigned op, bool less, bool equal)
{
    switch (op) {
    case SM_CMP_LT:
        return less;
    case SM_CMP_EQ:
        return equal;
    case SM_CMP_LE:
        return less || equal;
    case SM_CMP_GT:
        return !less && !equal;
    case SM_CMP_NE:
        return !equal;
    case SM_CMP_GE:
        return !less;
    default:
        return op == SM_CMP_T;
    }
}

#endif
