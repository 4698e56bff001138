/* SPDX-License-Identifier: MIT */
/* Decoding and encoding of machine instructions, and names, over the generated rows. */
#include <nvrm/sass.h>

#include <string.h>

#include <nvrm/sass_table.h>

/* Bits */

static uint64_t
get_run(const uint64_t code[2], unsigned lo, unsigned len)
{
    uint64_t v = code[lo >> 6] >> (lo & 63);

    if ((lo & 63) + len > 64)
        v |= code[1] << (64 - (lo & 63));
    return len == 64 ? v : v & ((UINT64_C(1) << len) - 1);
}

static void
set_run(uint64_t code[2], unsigned lo, unsigned len, uint64_t v)
{
    for (unsigned i = lo; i < lo + len; i++, v >>= 1) {
        const uint64_t bit = UINT64_C(1) << (i & 63);

        code[i >> 6] = (v & 1) ? code[i >> 6] | bit : code[i >> 6] & ~bit;
    }
}

static unsigned
field_bits(const struct sass_field *f)
{
    return (unsigned)f->len[0] + f->len[1] + f->len[2];
}

static uint64_t
get_field(const uint64_t code[2], const struct sass_field *f)
{
    uint64_t v = 0;

    for (unsigned i = 0, at = 0; i < SASS_SEGMENTS && f->len[i]; at += f->len[i++])
        v |= get_run(code, f->lo[i], f->len[i]) << at;
    return v;
}

static void
set_field(uint64_t code[2], const struct sass_field *f, uint64_t v)
{
    for (unsigned i = 0; i < SASS_SEGMENTS && f->len[i]; i++) {
        set_run(code, f->lo[i], f->len[i], v);
        v = f->len[i] < 64 ? v >> f->len[i] : 0;
    }
}

int
nvrm_sass_sm_index(unsigned sm)
{
    static const uint8_t sms[] = {75, 80, 86, 89, 90, 100, 120};

    for (int i = 0; i < (int)sizeof(sms); i++)
        if (sms[i] == sm)
            return i;
    return -1;
}

struct nvrm_sass_ctl
nvrm_sass_ctl_get(const uint64_t code[2])
{
    const uint64_t c = code[1] >> 41;
    const struct nvrm_sass_ctl ctl = {.stall = c & 15,
                                      .yield = c >> 4 & 1,
                                      .wrbar = c >> 5 & 7,
                                      .rdbar = c >> 8 & 7,
                                      .wait = c >> 11 & 63,
                                      .reuse = c >> 17 & 15};

    return ctl;
}

void
nvrm_sass_ctl_set(uint64_t code[2], const struct nvrm_sass_ctl *ctl)
{
    const uint64_t c = (uint64_t)(ctl->stall & 15) | (uint64_t)(ctl->yield & 1) << 4 |
                       (uint64_t)(ctl->wrbar & 7) << 5 | (uint64_t)(ctl->rdbar & 7) << 8 |
                       (uint64_t)(ctl->wait & 63) << 11 | (uint64_t)(ctl->reuse & 15) << 17;

    code[1] = (code[1] & ~(UINT64_C(0x1fffff) << 41)) | c << 41;
}

/* Decoding */

static const struct sass_value *
value_row(unsigned set, uint64_t raw)
{
    const struct sass_set *s = &sass_sets[set];
    const struct sass_value *v;

    if (raw >= s->count)
        return NULL;
    v = &sass_values[s->first + raw];
    return v->flags & SASS_VALID ? v : NULL;
}

static int64_t
number(const struct sass_field *f, uint64_t raw, uint64_t addr)
{
    const unsigned bits = field_bits(f);
    int64_t v = (int64_t)raw;

    if ((f->flags & SASS_SIGNED) && bits < 64 && raw >> (bits - 1) & 1)
        v = (int64_t)(raw | ~UINT64_C(0) << bits);
    v = (int64_t)((uint64_t)v << f->shift);
    if (f->flags & SASS_RELATIVE)
        v = (int64_t)((uint64_t)v + addr + NVRM_SASS_BYTES);
    return v;
}

/* URZ has one number here, whatever the width of the field. */
static uint64_t
reg_of(const struct sass_field *f, uint64_t raw)
{
    return (f->flags & SASS_URZ63) && raw == 63 ? NVRM_SASS_URZ : raw;
}

/* The other way: UR63 has no number in 6 bits. */
static uint64_t
raw_reg(const struct sass_field *f, uint64_t reg)
{
    if (!(f->flags & SASS_URZ63))
        return reg;
    return reg == NVRM_SASS_URZ ? 63 : reg == 63 ? UINT64_MAX : reg;
}

static bool
take_field(const struct sass_field *f, uint64_t raw, uint64_t addr, struct nvrm_sass_insn *out)
{
    struct nvrm_sass_operand *o = &out->operands[f->target];
    const struct sass_value *v;

    switch (f->attr) {
    case SASS_MOD:
    case SASS_PART:
        v = value_row(f->set, raw);
        if (!v)
            return false;
        if (f->attr == SASS_MOD)
            out->mods[f->target] = v->number;
        else
            o->part = v->number;
        break;
    case SASS_INDEX:
        o->index = (uint16_t)reg_of(f, raw);
        break;
    case SASS_VALUE:
        o->value = number(f, raw, addr);
        break;
    case SASS_BANK:
        o->bank = (uint8_t)raw;
        break;
    case SASS_UR:
        o->ur = (uint8_t)reg_of(f, raw);
        break;
    case SASS_NEG:
        o->neg = raw & 1;
        break;
    case SASS_ABS:
        o->abs = raw & 1;
        break;
    default:
        o->inv = raw & 1;
        break;
    }
    return true;
}

/* A modifier's value, or that of an operand that is a word of a set. */
static unsigned
value_of(const struct nvrm_sass_insn *insn, unsigned group)
{
    const struct sass_form *form = &sass_forms[insn->form];

    for (unsigned i = 0; i < form->n_operands; i++) {
        const struct sass_operand_row *row = &sass_operands[form->first_operand + i];

        if (row->kind == NVRM_SASS_ENUM && sass_sets[row->set].group == group)
            return insn->operands[i].part;
    }
    return nvrm_sass_mod(insn, (enum nvrm_sass_group)group);
}

static unsigned
row_regs(const struct sass_operand_row *row, const struct nvrm_sass_insn *insn)
{
    const struct sass_width *w;
    unsigned v;

    if (row->width == SASS_NONE)
        return row->regs;
    w = &sass_widths[row->width];
    v = value_of(insn, w->group);
    for (unsigned i = 0; i < sizeof(w->value) && w->value[i] != SASS_NONE; i++)
        if (w->value[i] == v)
            return w->regs[i];
    return w->other;
}

static bool
has_default(const struct sass_operand_row *row, const struct nvrm_sass_operand *o)
{
    const bool inv = row->hide & SASS_DEFAULT_INV;

    if (row->kind == NVRM_SASS_ENUM)
        return o->part == row->hide_value;
    if (row->kind <= NVRM_SASS_UPRED)
        return o->index == row->hide_value && o->inv == inv && !o->neg && !o->abs;
    return o->value == row->hide_value;
}

/* Hidden operands print nothing: they must hold the value that nothing stands for. */
static bool
hidden(const struct sass_operand_row *row, const struct nvrm_sass_insn *insn,
       const struct nvrm_sass_operand *o, bool *legal_out)
{
    *legal_out = true;
    if ((row->hide & SASS_HIDE_UNLESS) && !insn->mods[row->hide_mod]) {
        *legal_out = has_default(row, o);
        return true;
    }
    if (row->hide & SASS_HIDE)
        return has_default(row, o);
    return false;
}

static bool
finish_operands(const struct sass_form *form, struct nvrm_sass_insn *out)
{
    for (unsigned i = 0; i < form->n_operands; i++) {
        const struct sass_operand_row *row = &sass_operands[form->first_operand + i];
        struct nvrm_sass_operand *o = &out->operands[i];
        bool legal;

        o->kind = row->kind;
        o->role = row->role;
        o->wide = row->wide;
        o->desc = row->desc;
        o->regs = (uint8_t)row_regs(row, out);
        o->reuse = row->reuse != SASS_NONE && (out->ctl.reuse >> row->reuse & 1);
        if (row->invert != SASS_NONE && out->mods[row->invert] && o->neg) {
            o->neg = 0;
            o->inv = 1;
        }
        o->hide = hidden(row, out, o, &legal);
        if ((row->kind == NVRM_SASS_SB && o->index > 5) ||
            (row->kind == NVRM_SASS_ADDR && !row->uniform && o->part &&
             o->index == NVRM_SASS_RZ)) /* the text would not show the part */
            return false;
        if (!legal || (row->norz && o->index == NVRM_SASS_RZ))
            return false;
    }
    return true;
}

static void
start_operands(const struct sass_form *form, struct nvrm_sass_insn *out)
{
    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < form->n_operands; i++) {
        const uint8_t kind = sass_operands[form->first_operand + i].kind;

        out->operands[i].index = kind == NVRM_SASS_ADDR || kind == NVRM_SASS_ATTR ? 255 : 0;
        out->operands[i].ur = NVRM_SASS_URZ;
    }
}

static bool
decode_form(unsigned number_of_form, const uint64_t code[2], uint64_t addr,
            struct nvrm_sass_insn *out)
{
    const struct sass_form *form = &sass_forms[number_of_form];

    start_operands(form, out);
    out->form = (uint16_t)number_of_form;
    out->op = form->op;
    out->guard = code[0] >> 12 & 7;
    out->guard_not = code[0] >> 15 & 1;
    out->guard_uniform = form->uniform;
    out->n_operands = form->n_operands;
    out->n_mods = form->n_mods;
    out->ctl = nvrm_sass_ctl_get(code);
    for (unsigned i = 0; i < form->n_mods; i++) {
        const struct sass_mod_row *row = &sass_mods[form->first_mod + i];

        if (row->fixed != SASS_NONE)
            out->mods[i] = sass_values[sass_sets[row->set].first + row->fixed].number;
    }
    for (unsigned i = 0; i < form->n_fields; i++) {
        const struct sass_field *f = &sass_fields[form->first_field + i];

        if (!take_field(f, get_field(code, f), addr, out))
            return false;
    }
    return finish_operands(form, out);
}

bool
nvrm_sass_decode(unsigned sm, const uint64_t code[2], uint64_t addr, struct nvrm_sass_insn *out)
{
    const int index = nvrm_sass_sm_index(sm);
    const unsigned low = code[0] & 0xfff;

    if (index < 0)
        return false;
    for (unsigned i = sass_index[low]; i < sass_index[low + 1]; i++) {
        const struct sass_form *f = &sass_forms[i];

        if ((f->sms >> index & 1) && (code[0] & f->mask[0]) == f->match[0] &&
            (code[1] & f->mask[1]) == f->match[1] && decode_form(i, code, addr, out))
            return true;
    }
    return false;
}

/* Encoding */

static bool
raw_value(unsigned set, unsigned value, uint64_t *raw_out)
{
    const struct sass_set *s = &sass_sets[set];

    for (unsigned i = 0; i < s->count; i++) {
        const struct sass_value *v = &sass_values[s->first + i];

        if ((v->flags & SASS_VALID) && v->number == value) {
            *raw_out = i;
            return true;
        }
    }
    return false;
}

static bool
raw_number(const struct sass_field *f, int64_t value, uint64_t addr, uint64_t *raw_out,
           const char **why)
{
    const unsigned bits = field_bits(f);
    const uint64_t mask = bits == 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1;
    uint64_t v = (uint64_t)value;

    if (f->flags & SASS_RELATIVE)
        v -= addr + NVRM_SASS_BYTES;
    if (v & ((UINT64_C(1) << f->shift) - 1)) {
        *why = "a number is not a multiple of what the field counts in";
        return false;
    }
    v = (uint64_t)((int64_t)v >> f->shift);
    *raw_out = v & mask;
    if (number(f, *raw_out, addr) != value) {
        *why = "a number does not fit its field";
        return false;
    }
    return true;
}

/* The field's - stands for ~ here. */
static bool
inverted(const struct sass_field *f, const struct nvrm_sass_insn *insn)
{
    const struct sass_form *form = &sass_forms[insn->form];
    const uint8_t mod = sass_operands[form->first_operand + f->target].invert;

    return mod != SASS_NONE && insn->mods[mod];
}

static bool
raw_of(const struct sass_field *f, const struct nvrm_sass_insn *insn, uint64_t addr,
       uint64_t *raw, const char **why)
{
    const struct nvrm_sass_operand *o = &insn->operands[f->target];

    switch (f->attr) {
    case SASS_MOD:
        *why = "a modifier has a value that the form lacks";
        return raw_value(f->set, insn->mods[f->target], raw);
    case SASS_PART:
        *why = "an operand has a suffix that the form lacks";
        return raw_value(f->set, o->part, raw);
    case SASS_VALUE:
        return raw_number(f, o->value, addr, raw, why);
    case SASS_INDEX:
        *raw = raw_reg(f, o->index);
        break;
    case SASS_BANK:
        *raw = o->bank;
        break;
    case SASS_UR:
        *raw = raw_reg(f, o->ur);
        break;
    case SASS_NEG:
        *raw = inverted(f, insn) ? o->inv : o->neg;
        break;
    case SASS_ABS:
        *raw = o->abs;
        break;
    default:
        *raw = o->inv;
        break;
    }
    *why = "a register number does not fit its field";
    return *raw >> field_bits(f) == 0;
}

static bool
same_operand(const struct nvrm_sass_operand *a, const struct nvrm_sass_operand *b)
{
    const bool addr = b->kind == NVRM_SASS_ADDR || b->kind == NVRM_SASS_ATTR;

    return a->neg == b->neg && a->abs == b->abs && a->inv == b->inv && a->part == b->part &&
           a->value == b->value && a->bank == b->bank && a->index == b->index &&
           (!addr || a->ur == b->ur);
}

bool
nvrm_sass_encode(unsigned sm, const struct nvrm_sass_insn *insn, uint64_t addr,
                 uint64_t code[2], const char **why)
{
    const int index = nvrm_sass_sm_index(sm);
    const struct sass_form *form;
    struct nvrm_sass_insn back;
    const char *unused;

    why = why ? why : &unused;
    *why = "the SM lacks this form";
    if (index < 0 || insn->form >= sass_form_count)
        return false;
    form = &sass_forms[insn->form];
    if (!(form->sms >> index & 1))
        return false;
    code[0] = form->match[0];
    code[1] = form->match[1];
    set_run(code, 12, 3, insn->guard);
    set_run(code, 15, 1, insn->guard_not);
    nvrm_sass_ctl_set(code, &insn->ctl);
    for (unsigned i = 0; i < form->n_fields; i++) {
        const struct sass_field *f = &sass_fields[form->first_field + i];
        uint64_t raw;

        if (!raw_of(f, insn, addr, &raw, why))
            return false;
        set_field(code, f, raw);
    }
    *why = "an operand has a value that the form forbids or hides";
    if (!decode_form(insn->form, code, addr, &back))
        return false;
    *why = "an operand has a sign, a register or a number that the form has no place for";
    for (unsigned i = 0; i < form->n_operands; i++)
        if (!same_operand(&insn->operands[i], &back.operands[i]))
            return false;
    return true;
}

/* Names */

unsigned
nvrm_sass_mod(const struct nvrm_sass_insn *insn, enum nvrm_sass_group group)
{
    const struct sass_form *form = &sass_forms[insn->form];

    for (unsigned i = 0; i < form->n_mods; i++)
        if (sass_sets[sass_mods[form->first_mod + i].set].group == (unsigned)group)
            return insn->mods[i];
    return 0;
}

unsigned
nvrm_sass_form_count(void)
{
    return sass_form_count;
}

bool
nvrm_sass_form(unsigned form, struct nvrm_sass_form_info *out)
{
    const struct sass_form *f;

    if (form >= sass_form_count)
        return false;
    f = &sass_forms[form];
    *out = (struct nvrm_sass_form_info){.mnemonic = sass_text + f->name,
                                        .op = f->op,
                                        .opcode = f->code,
                                        .class_ = (enum nvrm_sass_class)f->class_,
                                        .sm_mask = f->sms,
                                        .n_mods = f->n_mods,
                                        .n_operands = f->n_operands};
    return true;
}

const char *
nvrm_sass_op_name(unsigned op)
{
    return op < sass_op_count ? sass_text + sass_op_names[op] : NULL;
}

const char *
nvrm_sass_group_name(unsigned group)
{
    return group < sass_group_count ? sass_text + sass_groups[group].name : NULL;
}

const char *
nvrm_sass_value_name(unsigned group, unsigned value)
{
    if (group >= sass_group_count || value >= sass_groups[group].count)
        return NULL;
    return sass_text + sass_group_values[sass_groups[group].first + value];
}

enum nvrm_sass_class
nvrm_sass_class(const struct nvrm_sass_insn *insn)
{
    return (enum nvrm_sass_class)sass_forms[insn->form].class_;
}

const char *
nvrm_sass_sreg_name(unsigned sreg)
{
    const struct sass_value *v;

    if (sass_sreg_set == 0xffff)
        return NULL;
    v = value_row(sass_sreg_set, sreg);
    return v ? sass_text + v->text : NULL;
}
