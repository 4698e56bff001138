/* SPDX-License-Identifier: MIT */
/*
 * Machine instructions of the SM, taken apart and put together, over tables that nvrm-sass
 * makes from schemas/hw/sass.
 *
 * An instruction is 128 bits. Its form (which operation with which kinds of operands) decides
 * what the other bits mean. Decoding refuses what the tables do not describe: a form nobody
 * knows, a value that the form does not allow, a set bit that the form does not own. So
 * encoding what was decoded gives the same 128 bits.
 *
 * Modifiers (".FTZ", ".LT", ".64") are values of groups. A group means the same in every
 * operation: NVRM_SASS_CMP_LT is less-than in ISETP and in HSETP2, whatever the bits are. The
 * generated nvrm/sass_names.h lists operations, groups and values.
 */
#ifndef NVRM_SASS_H
#define NVRM_SASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/sass_kinds.h>
#include <nvrm/sass_names.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NVRM_SASS_BYTES = 16,
    NVRM_SASS_OPERANDS = 12,
    NVRM_SASS_MODS = 14,
    NVRM_SASS_RZ = 255,
    NVRM_SASS_URZ = 255, /* before sm_100 its number is 63 in the code */
    NVRM_SASS_PT = 7,
    NVRM_SASS_NO_BARRIER = 7, /* wrbar, rdbar: none */
};

struct nvrm_sass_operand {
    uint8_t kind;      /* enum nvrm_sass_kind */
    uint8_t role;      /* enum nvrm_sass_role */
    uint8_t regs;      /* 32-bit registers from index on; 0 for what is no register */
    uint8_t hide : 1;  /* has its default value and is not printed */
    uint8_t neg : 1;   /* -x */
    uint8_t abs : 1;   /* |x| */
    uint8_t inv : 1;   /* ~x, or !p */
    uint8_t reuse : 1; /* operand cache flag */
    uint8_t wide : 1;  /* ADDR: R index, R index+1 hold a 64-bit address */
    uint8_t desc : 1;  /* ADDR: UR ur, UR ur+1 hold a memory descriptor, not an offset */
    uint16_t index;    /* register; SREG: number */
    uint8_t bank;      /* CONST: bank */
    uint8_t ur;        /* ADDR, CONSTX: uniform register */
    uint16_t part;     /* suffix, a value of group `part_group`: H0_H0, B1, ROW, X4... */
    int64_t value;     /* immediate, offset, label; sign extended when the field is signed */
};

/* What the scheduler wrote: bits 125:105. */
struct nvrm_sass_ctl {
    uint8_t stall; /* 0..15 cycles */
    uint8_t yield; /* bit as encoded; nvdisasm-style "Y" is its inverse */
    uint8_t wrbar; /* scoreboard set at write back, 7 = none */
    uint8_t rdbar; /* scoreboard set when sources were read, 7 = none */
    uint8_t wait;  /* 6-bit mask of scoreboards waited for */
    uint8_t reuse; /* 4-bit mask by slot */
};

struct nvrm_sass_insn {
    uint16_t form; /* row of the table: nvrm_sass_form() */
    uint16_t op;   /* enum nvrm_sass_op: one per mnemonic stem */
    uint8_t guard, guard_not;
    uint8_t guard_uniform; /* guard is UPn */
    uint8_t n_operands, n_mods;
    struct nvrm_sass_ctl ctl;
    uint16_t mods[NVRM_SASS_MODS]; /* values of the form's groups, in text order */
    struct nvrm_sass_operand operands[NVRM_SASS_OPERANDS]; /* in text order */
};

/* One row of the table, for readers. */
struct nvrm_sass_form_info {
    const char *mnemonic;        /* "IADD3" */
    uint16_t op, opcode;         /* enum nvrm_sass_op; the low 12 bits */
    enum nvrm_sass_class class_; /* latency class */
    uint16_t sm_mask;            /* bit per NVRM_SASS_SM index, see nvrm_sass_sm_index() */
    uint8_t n_mods, n_operands;
};

/** 75, 80, 86, 89, 90, 100, 120 as 0.. ; -1 for another SM. */
int nvrm_sass_sm_index(unsigned sm);

/**
 * Take one instruction apart.
 *
 * @param sm    75, 80, 86, 89, 90, 100 or 120
 * @param code  two little-endian words, the low one first
 * @param addr  its byte address in the section: labels are relative to it
 * @return false when the tables do not describe these 128 bits on this SM
 */
bool nvrm_sass_decode(unsigned sm, const uint64_t code[2], uint64_t addr,
                      struct nvrm_sass_insn *out);

/**
 * Put one together: the inverse of decode. insn->form decides; operands and modifiers must be
 * what that form has.
 *
 * @param why  NULL, or gets a static sentence when the answer is false
 */
bool nvrm_sass_encode(unsigned sm, const struct nvrm_sass_insn *insn, uint64_t addr,
                      uint64_t code[2], const char **why);

/** Value of a modifier group: of NVRM_SASS_MOD_CMP one of NVRM_SASS_CMP_LT...; 0 = none, or not
 * in this form. Flags are 0 or 1 (NVRM_SASS_SAT_ON). */
unsigned nvrm_sass_mod(const struct nvrm_sass_insn *insn, enum nvrm_sass_group group);

/** Control bits alone: they stand at the same place in every instruction. */
struct nvrm_sass_ctl nvrm_sass_ctl_get(const uint64_t code[2]);
void nvrm_sass_ctl_set(uint64_t code[2], const struct nvrm_sass_ctl *ctl);

/* Names and rows. NULL or false past the end. */
unsigned nvrm_sass_form_count(void);
bool nvrm_sass_form(unsigned form, struct nvrm_sass_form_info *out);
const char *nvrm_sass_op_name(unsigned op);                       /* "IADD3" */
const char *nvrm_sass_group_name(unsigned group);                 /* "CMP" */
const char *nvrm_sass_value_name(unsigned group, unsigned value); /* "LT" */
enum nvrm_sass_class nvrm_sass_class(const struct nvrm_sass_insn *insn);
const char *nvrm_sass_sreg_name(unsigned sreg); /* "SR_TID.X" */

#ifdef __cplusplus
}
#endif
#endif
