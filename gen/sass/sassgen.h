/* SPDX-License-Identifier: MIT */
/* nvrm-sass: what its parts share. See docs/sass.md for the language of the files. */
#ifndef NVRM_SASSGEN_H
#define NVRM_SASSGEN_H

#include <nvrm/sass_table.h>

#include "node.h"

enum { MAX_VALUES = 256, MAX_FORM_FIELDS = 48, MAX_FORM_MODS = 14, MAX_FORM_OPERANDS = 12 };

struct group {
    const char *name;
    const char **values;
    uint32_t n, cap; /* values[0] is NONE */
};

struct value {
    const char *text; /* behind the dot; NULL: not a legal value */
    const char *name;
    bool silent, ours; /* ours: nvdisasm does not print it */
};

struct set {
    const char *name;
    struct gen_pos pos;
    uint32_t group;
    unsigned bits, segments;
    uint8_t seg_bits[SASS_SEGMENTS];
    struct value values[MAX_VALUES];
    unsigned n;
};

/* One run of bits, or several that make one number. */
struct bits {
    uint8_t lo[SASS_SEGMENTS], len[SASS_SEGMENTS], n;
};

struct width {
    const char *name;
    uint32_t group;
    uint8_t other, n, value[8], regs[8];
};

struct opdef {
    const char *name;
    struct gen_pos pos;
    uint8_t kind, role, reuse, wide, desc, norz, again, flags, shift, regs;
    struct bits index, value, bank, ur;
    int neg, abs, inv; /* bit or -1 */
    const char *behind;
    const char *imm; /* number style, or NULL: the operation's */
};

struct form {
    struct sass_form row;
    struct gen_pos pos;
    const char *op_name;
    struct sass_field fields[MAX_FORM_FIELDS];
    struct sass_mod_row mods[MAX_FORM_MODS];
    struct sass_operand_row operands[MAX_FORM_OPERANDS];
    uint64_t owned[2];
    bool wide_ur, uses_ur; /* uniform registers have 8 bits; there are any */
    const char *imm;
    const char *doc;
};

struct model {
    struct gen *g;
    struct {
        struct group *p;
        uint32_t n, cap;
    } groups;
    struct {
        struct set **p;
        uint32_t n, cap;
    } sets;
    struct {
        struct width *p;
        uint32_t n, cap;
    } widths;
    struct {
        struct opdef *p;
        uint32_t n, cap;
    } opdefs;
    struct {
        struct form *p;
        uint32_t n, cap;
    } forms;
    struct {
        const char **p;
        uint32_t n, cap;
    } ops;
    struct gen_text text; /* all strings, each once */
    struct gen_map text_at;
};

/* sets.c */
void sass_read_sets(struct model *m, const struct gen_node *sets);
void sass_read_widths(struct model *m, const struct gen_node *widths);
void sass_read_operands(struct model *m, const struct gen_node *operands);
uint32_t sass_group_find(struct model *m, const char *name, bool add);
unsigned sass_group_value(struct model *m, uint32_t group, const char *name, bool add);
struct set *sass_set_find(struct model *m, const char *name, uint32_t *index_out);
uint32_t sass_set_flag(struct model *m, struct gen_pos pos, const char *name);
uint32_t sass_set_in_group(struct model *m, struct gen_pos pos, uint32_t set,
                           const char *group);
bool sass_bits(struct gen *g, struct gen_pos pos, const char *text, unsigned len,
               struct bits *out);

/* forms.c */
void sass_read_ops(struct model *m, const struct gen_node *ops);
unsigned sass_op_find(struct model *m, const char *name);
uint16_t sass_string(struct model *m, const char *text);

/* text.c */
void sass_form_text(struct model *m, struct form *f, const char *text, char digit,
                    bool uniform);
void sass_form_own(struct model *m, struct form *f, unsigned lo, unsigned len);
void sass_form_fix(struct model *m, struct form *f, unsigned lo, unsigned len, uint64_t value);

/* emit.c */
void sass_emit_header(struct model *m, struct gen_text *t);
void sass_emit_source(struct model *m, struct gen_text *t);

#endif
