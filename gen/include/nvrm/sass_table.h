/* SPDX-License-Identifier: MIT */
/*
 * Rows that nvrm-sass writes and that gen/src/sass*.c and vk/sass read. Not an interface for
 * others: use nvrm/sass.h.
 */
#ifndef NVRM_SASS_TABLE_H
#define NVRM_SASS_TABLE_H

#include <stdint.h>

enum { SASS_SEGMENTS = 3, SASS_NONE = 0xff };

/* What a field fills. */
enum sass_attr {
    SASS_MOD,   /* mods[target] */
    SASS_INDEX, /* operands[target].index ... */
    SASS_VALUE,
    SASS_BANK,
    SASS_UR,
    SASS_NEG,
    SASS_ABS,
    SASS_INV,
    SASS_PART,
};

/* Of fields. RELATIVE: to the next instruction; URZ63: a uniform register of 6 bits: 63 is URZ
 * there. */
enum { SASS_SIGNED = 1, SASS_RELATIVE = 2, SASS_URZ63 = 4 };

struct sass_field {
    uint8_t lo[SASS_SEGMENTS], len[SASS_SEGMENTS]; /* low segment first */
    uint8_t attr, target, flags, shift;
    uint16_t set; /* MOD, PART: row of sass_sets */
};

enum { SASS_VALID = 1, SASS_SILENT = 2, SASS_OURS = 4 }; /* OURS: not in nvdisasm's text */

struct sass_value {
    uint16_t text;   /* offset into sass_text */
    uint16_t number; /* within the group */
    uint8_t flags;
};

struct sass_set {
    uint16_t first, count; /* rows of sass_values, by encoded value */
    uint16_t group;
};

struct sass_mod_row {
    uint16_t set;
    uint8_t fixed;  /* encoded value when the form fixes it, SASS_NONE otherwise */
    uint8_t always; /* no bits: only text */
};

enum { SASS_HIDE = 1, SASS_HIDE_UNLESS = 2, SASS_DEFAULT_INV = 4 };
enum sass_number {
    SASS_HEX,
    SASS_HEX_SIGNED,
    SASS_F32,
    SASS_F64,
    SASS_F16,
    SASS_BF16,
    SASS_DEC,
    SASS_F16_ONE
};

struct sass_operand_row {
    uint8_t kind, role, regs;
    uint8_t width;       /* row of sass_widths, SASS_NONE: regs holds */
    uint8_t hide;        /* SASS_HIDE... */
    uint8_t hide_mod;    /* HIDE_UNLESS: slot of the modifier */
    uint16_t hide_value; /* index (registers) or value */
    uint16_t set;        /* PART, ENUM, SREG: row of sass_sets; 0xffff none */
    uint16_t word;       /* WORD: text; otherwise text put behind the operand; 0xffff none */
    uint8_t number;      /* enum sass_number */
    uint8_t reuse;       /* bit 0..3 of the reuse mask, SASS_NONE */
    uint8_t bits;        /* of the number */
    uint8_t uniform;     /* ADDR: has a uniform register; LABEL: is absolute */
    uint8_t wide, desc, norz; /* norz: RZ would read as another form;
                                  CONSTU: URZ is not printed */
    uint8_t invert;           /* slot of the modifier that makes its - a ~, SASS_NONE */
};

struct sass_width {
    uint16_t group;
    uint8_t other;    /* registers for values not listed */
    uint8_t value[8]; /* numbers within the group, 0xff ends */
    uint8_t regs[8];
};

struct sass_form {
    uint64_t mask[2], match[2]; /* decode: (code & mask) == match */
    uint16_t op, name;
    uint16_t first_field, first_mod, first_operand;
    uint8_t n_fields, n_mods, n_operands;
    uint8_t class_, sms, uniform;
    uint16_t code;
};

struct sass_group {
    uint16_t name, first, count; /* first: row of sass_group_values */
};

extern const struct sass_form sass_forms[];
extern const struct sass_field sass_fields[];
extern const struct sass_mod_row sass_mods[];
extern const struct sass_operand_row sass_operands[];
extern const struct sass_set sass_sets[];
extern const struct sass_value sass_values[];
extern const struct sass_width sass_widths[];
extern const struct sass_group sass_groups[];
extern const uint16_t sass_group_values[]; /* text offsets */
extern const uint16_t sass_index[4097];    /* low 12 bits -> first form */
extern const uint16_t sass_op_names[];
extern const char sass_text[];
extern const unsigned sass_form_count, sass_op_count, sass_group_count;
extern const uint16_t sass_sreg_set; /* names of special registers */

#endif
