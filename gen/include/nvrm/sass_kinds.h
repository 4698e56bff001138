/* SPDX-License-Identifier: MIT */
/* Kinds and roles of operands and latency classes: what nvrm/sass.h and the generator of its
 * tables share. */
#ifndef NVRM_SASS_KINDS_H
#define NVRM_SASS_KINDS_H

/* What an operand is. */
enum nvrm_sass_kind {
    NVRM_SASS_GPR,    /* index, 255 = RZ */
    NVRM_SASS_UGPR,   /* index, 255 = URZ */
    NVRM_SASS_PRED,   /* index, 7 = PT; inv = "!" */
    NVRM_SASS_UPRED,  /* index, 7 = UPT; inv = "!" */
    NVRM_SASS_IMM,    /* value */
    NVRM_SASS_FIMM,   /* value: IEEE bits; regs 1: single, 2: the high half of a double */
    NVRM_SASS_HIMM,   /* value: two halves, the low one in bits 15:0 */
    NVRM_SASS_CONST,  /* c[bank][value], value in bytes */
    NVRM_SASS_CONSTR, /* c[bank][R index + value] (LDC) */
    NVRM_SASS_CONSTU, /* c[bank][UR ur + value] (ULDC with an index) */
    NVRM_SASS_CONSTX, /* cx[UR ur][value]: bank handle in UR ur, UR ur+1 */
    NVRM_SASS_ADDR,  /* [R index + UR ur + value]; index and ur 255 when absent; .desc, .wide */
    NVRM_SASS_ATTR,  /* a[R index + value]: shader attributes; index 255 when absent */
    NVRM_SASS_LABEL, /* value: absolute byte address within the section */
    NVRM_SASS_BREG,  /* convergence barrier B0..B15: index */
    NVRM_SASS_SB,    /* scoreboard SB0..SB5: index */
    NVRM_SASS_SREG,  /* special register: index = enum nvrm_sass_sreg's number */
    NVRM_SASS_ENUM,  /* a word such as 2D or PPPPPPPP: value of a group, see the form */
    NVRM_SASS_MASK,  /* a set of bits: value */
    NVRM_SASS_WORD,  /* fixed text such as PR; nothing encoded */
};

enum nvrm_sass_role { NVRM_SASS_SRC, NVRM_SASS_DST, NVRM_SASS_SRCDST };

/* Which unit runs it and so how its result becomes ready. */
enum nvrm_sass_class {
    NVRM_SASS_ALU,     /* integer, logic, compare: fixed latency */
    NVRM_SASS_FMA,     /* FFMA, FMUL, FADD, IMAD: fixed latency */
    NVRM_SASS_FMAWIDE, /* IMAD.WIDE, IMAD.HI: fixed latency, the high half later */
    NVRM_SASS_HALF,    /* packed half precision: fixed latency */
    NVRM_SASS_DOUBLE,  /* double precision: fixed on GA100 and GH100, by scoreboard elsewhere */
    NVRM_SASS_TENSOR,  /* matrix operations: fixed latency */
    NVRM_SASS_XU,      /* conversions, MUFU, POPC...: scoreboard */
    NVRM_SASS_UNIFORM, /* uniform datapath: fixed latency */
    NVRM_SASS_MEM,     /* memory, shuffles, attributes, textures: scoreboard */
    NVRM_SASS_CTRL,    /* branches, barriers, EXIT, NOP */
    NVRM_SASS_MOVE,    /* S2R, S2UR, R2UR, CS2R, B2R, R2B, BMOV: see the latency tables */
};

#endif
