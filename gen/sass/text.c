/* SPDX-License-Identifier: MIT */
/*
 * The text of a form: "{.X@74}{ROUND@78} Rd, ?=PT:Pd, -|A, -|B".
 *
 * Braces hold modifiers in the order of the text: {.FLAG@bit}, {.FLAG@bit=1} for a fixed one,
 * {.!FLAG@bit} for one that nvdisasm does not print,
 * {.TEXT} without bits, {SET@bits}, {GROUP=SET@bits}, {SET@bits=VALUE}. Operands follow, comma
 * between them: prefixes - | ~ ! for the signs that this form has; ?=PT: or ?=!PT: or ?=N:
 * before them hides the operand when it has that value, ?FLAG=...: unless the flag is set
 * (?FLAG==...: also then); a name from operands.yaml; -~ is a - that .X makes a ~; .SET@bits
 * for a suffix; /N or /WIDTH for registers. A name that begins with B, C or W is one of the
 * places whose kind the form's digit decides. u8@72, s24@40 are numbers, =SET@bits is a word of
 * a set, 'PR' is fixed text.
 */
#include "sassgen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <nvrm/sass_kinds.h>

struct cursor {
    struct model *m;
    struct form *f;
    const char *p;
    char digit;
    bool uniform;
};

static void
fail(struct cursor *c, const char *what)
{
    gen_error(c->m->g, c->f->pos, "%s: %s, at '%.20s'", c->f->op_name, what, c->p);
    gen_die(c->m->g);
}

static const char *
word(struct cursor *c)
{
    const char *start = c->p;

    while (isalnum((unsigned char)*c->p) || *c->p == '_')
        c->p++;
    if (c->p == start)
        fail(c, "a name is missing");
    return gen_intern(c->m->g, start, (size_t)(c->p - start));
}

static const char *
until(struct cursor *c, const char *stop)
{
    const size_t n = strcspn(c->p, stop);
    const char *text = gen_intern(c->m->g, c->p, n);

    c->p += n;
    return text;
}

void
sass_form_own(struct model *m, struct form *f, unsigned lo, unsigned len)
{
    for (unsigned i = lo; i < lo + len; i++) {
        const uint64_t bit = UINT64_C(1) << (i & 63);

        if (f->owned[i >> 6] & bit) {
            gen_error(m->g, f->pos, "%s %03x: bit %u is used twice", f->op_name, f->row.code,
                      i);
            return;
        }
        f->owned[i >> 6] |= bit;
    }
}

void
sass_form_fix(struct model *m, struct form *f, unsigned lo, unsigned len, uint64_t value)
{
    sass_form_own(m, f, lo, len);
    if (len < 64 && value >> len)
        gen_error(m->g, f->pos, "%s: %llu does not fit %u bits", f->op_name,
                  (unsigned long long)value, len);
    for (unsigned i = 0; i < len; i++) {
        const unsigned bit = lo + i;

        f->row.mask[bit >> 6] |= UINT64_C(1) << (bit & 63);
        f->row.match[bit >> 6] |= (value >> i & 1) << (bit & 63);
    }
}

static struct sass_field *
add_field(struct cursor *c, const struct bits *bits, uint8_t attr, uint8_t target)
{
    struct sass_field *field;

    if (c->f->row.n_fields == MAX_FORM_FIELDS)
        fail(c, "too many fields");
    field = &c->f->fields[c->f->row.n_fields++];
    *field = (struct sass_field){.attr = attr, .target = target, .set = 0xffff};
    for (unsigned i = 0; i < bits->n; i++) {
        field->lo[i] = bits->lo[i];
        field->len[i] = bits->len[i];
        sass_form_own(c->m, c->f, bits->lo[i], bits->len[i]);
    }
    return field;
}

/* The bits of an operand before: the same register is printed twice. */
static void
add_again(struct cursor *c, const struct bits *bits, uint8_t target)
{
    struct sass_field *field = &c->f->fields[c->f->row.n_fields++];

    *field = (struct sass_field){.attr = SASS_INDEX, .target = target, .set = 0xffff};
    field->lo[0] = bits->lo[0];
    field->len[0] = bits->len[0];
}

static void
add_bit(struct cursor *c, unsigned bit, uint8_t attr, uint8_t target)
{
    const struct bits bits = {.lo = {(uint8_t)bit}, .len = {1}, .n = 1};

    add_field(c, &bits, attr, target);
}

/* "75,84" with the run lengths of the set, or with its own lengths "75+2,84+1". */
static struct bits
set_bits(struct cursor *c, const struct set *set, const char *text)
{
    struct bits bits;
    unsigned total = 0;

    if (!sass_bits(c->m->g, c->f->pos, text, 0, &bits))
        gen_die(c->m->g);
    for (unsigned i = 0; i < bits.n; i++)
        total += bits.len[i];
    if (total != set->bits)
        fail(c, "the set has another number of bits");
    return bits;
}

/* LOW[,LOW...]: lengths come from the set unless given. */
static struct bits
parse_bits(struct cursor *c, const struct set *set)
{
    char text[64] = "";
    unsigned run = 0;
    size_t n = 0;

    for (;;) {
        while (isdigit((unsigned char)*c->p) && n < sizeof(text) - 12)
            text[n++] = *c->p++;
        if (*c->p == '+') {
            text[n++] = *c->p++;
            while (isdigit((unsigned char)*c->p) && n < sizeof(text) - 12)
                text[n++] = *c->p++;
        } else {
            if (run >= set->segments)
                fail(c, "more runs of bits than the set has");
            text[n++] = '+';
            if (set->seg_bits[run] > 9)
                fail(c, "a run is too long");
            text[n++] = (char)('0' + set->seg_bits[run]);
        }
        run++;
        if (*c->p != ',' || !isdigit((unsigned char)c->p[1]))
            break;
        text[n++] = *c->p++;
    }
    text[n] = 0;
    return set_bits(c, set, text);
}

static unsigned
encoded(struct cursor *c, const struct set *set, const char *name)
{
    for (unsigned i = 0; i < set->n; i++)
        if (set->values[i].text && !strcmp(set->values[i].name, name))
            return i;
    fail(c, "the set has no such value");
    return 0;
}

static void
fix_bits(struct cursor *c, const struct bits *bits, unsigned value)
{
    for (unsigned i = 0, done = 0; i < bits->n; done += bits->len[i++])
        sass_form_fix(c->m, c->f, bits->lo[i], bits->len[i],
                      value >> done & ((1u << bits->len[i]) - 1));
}

static uint32_t
find_set(struct cursor *c, const char *name)
{
    uint32_t index;

    if (!sass_set_find(c->m, name, &index)) {
        gen_error(c->m->g, c->f->pos, "%s: no set is called '%s'", c->f->op_name, name);
        gen_die(c->m->g);
    }
    return index;
}

static void
modifier(struct cursor *c)
{
    struct sass_mod_row *row = &c->f->mods[c->f->row.n_mods];
    uint32_t set;

    if (c->f->row.n_mods == MAX_FORM_MODS)
        fail(c, "too many modifiers");
    if (*c->p == '.') {
        c->p++;
        set = sass_set_flag(c->m, c->f->pos, until(c, "@}"));
    } else {
        const char *name = word(c);

        if (*c->p == '=') {
            c->p++;
            set = sass_set_in_group(c->m, c->f->pos, find_set(c, word(c)), name);
        } else {
            set = find_set(c, name);
        }
    }
    *row = (struct sass_mod_row){.set = (uint16_t)set, .fixed = SASS_NONE};
    if (*c->p == '}') { /* text without bits */
        row->fixed = 1;
        row->always = 1;
    } else if (*c->p == '@') {
        struct bits bits;

        c->p++;
        bits = parse_bits(c, c->m->sets.p[set]);
        if (*c->p == '=') {
            const struct set *s = c->m->sets.p[set];

            c->p++;
            row->fixed = (uint8_t)(isdigit((unsigned char)*c->p) && s->bits == 1
                                       ? (unsigned)(*c->p++ - '0')
                                       : encoded(c, s, word(c)));
            fix_bits(c, &bits, row->fixed);
        } else {
            add_field(c, &bits, SASS_MOD, c->f->row.n_mods)->set = (uint16_t)set;
        }
    }
    if (*c->p++ != '}')
        fail(c, "'}' is missing");
    c->f->row.n_mods++;
}

/* Operands */

static int
mod_slot(struct cursor *c, const char *name)
{
    for (unsigned i = 0; i < c->f->row.n_mods; i++) {
        const struct set *set = c->m->sets.p[c->f->mods[i].set];

        if (!strcmp(c->m->groups.p[set->group].name, name))
            return (int)i;
    }
    fail(c, "no modifier of this form has that name");
    return 0;
}

/* ?=PT: ?=!PT: ?=0: ?X=!PT: */
static void
parse_hide(struct cursor *c, struct sass_operand_row *row)
{
    if (*c->p != '?')
        return;
    c->p++;
    row->hide = SASS_HIDE;
    if (*c->p != '=') {
        row->hide = SASS_HIDE_UNLESS;
        row->hide_mod = (uint8_t)mod_slot(c, word(c));
    }
    if (*c->p++ != '=')
        fail(c, "'=' is missing");
    if (*c->p == '=') { /* hidden without the flag, and with it when it has the value */
        row->hide |= SASS_HIDE;
        c->p++;
    }
    if (*c->p == '!') {
        row->hide |= SASS_DEFAULT_INV;
        c->p++;
    }
    if (!strncmp(c->p, "PT", 2)) {
        row->hide_value = 7;
        c->p += 2;
    } else if (!strncmp(c->p, "RZ", 2) || !strncmp(c->p, "URZ", 3)) {
        row->hide_value = 255;
        c->p += *c->p == 'U' ? 3 : 2;
    } else {
        char *end;

        row->hide_value = (uint16_t)strtoul(c->p, &end, 0);
        c->p = end;
    }
    if (*c->p++ != ':')
        fail(c, "':' is missing");
}

static uint8_t
number_style(struct cursor *c, const char *name)
{
    static const char *const names[] = {"u32", "s32",  "f32", "f64",
                                        "f16", "bf16", "dec", "half"};

    for (unsigned i = 0; name && i < 8; i++)
        if (!strcmp(names[i], name))
            return (uint8_t)i;
    if (name)
        fail(c, "imm: is u32, s32, f32, f64, f16, bf16, dec or half");
    return SASS_HEX;
}

/* u8@72, s24@40, also in runs: u5@53 */
static bool
inline_number(struct cursor *c, struct sass_operand_row *row, uint8_t target)
{
    struct bits bits = {.n = 1};
    struct sass_field *field;
    char *end;
    unsigned long len, lo;

    if ((*c->p != 'u' && *c->p != 's') || !isdigit((unsigned char)c->p[1]))
        return false;
    len = strtoul(c->p + 1, &end, 10);
    if (*end != '@')
        fail(c, "a number is u8@72 or s24@40");
    lo = strtoul(end + 1, &end, 10);
    if (!len || lo + len > 105)
        fail(c, "no such bits");
    bits.lo[0] = (uint8_t)lo;
    bits.len[0] = (uint8_t)len;
    row->kind = NVRM_SASS_IMM;
    row->number = *c->p == 's' ? SASS_HEX_SIGNED : SASS_HEX;
    c->p = end;
    field = add_field(c, &bits, SASS_VALUE, target);
    if (row->number == SASS_HEX_SIGNED)
        field->flags = SASS_SIGNED;
    return true;
}

static void
set_operand(struct cursor *c, struct sass_operand_row *row, uint8_t target)
{
    uint32_t set;
    struct bits bits;
    bool sreg; /* any number is legal, names are for the text */

    c->p++;
    set = find_set(c, word(c));
    sreg = !strcmp(c->m->groups.p[c->m->sets.p[set]->group].name, "SREG");
    row->kind = sreg ? NVRM_SASS_SREG : NVRM_SASS_ENUM;
    row->set = (uint16_t)set;
    if (*c->p++ != '@')
        fail(c, "'@' is missing");
    bits = parse_bits(c, c->m->sets.p[set]);
    add_field(c, &bits, sreg ? SASS_INDEX : SASS_PART, target)->set = (uint16_t)set;
}

/* 7 and b are 6 and a with the constant bank in a uniform register. */
static char
kind_of(char digit)
{
    if (strchr("48", digit))
        return 'i';
    if (strchr("6a", digit))
        return 'c';
    return strchr("7b", digit) ? 'x' : 'u';
}

/* B, C, W and what follows: the place that the digit says. "Wh" with an immediate is "Wih". */
static const char *
resolve(struct cursor *c, const char *name)
{
    const char d = c->digit, *rest = name + 1;
    const char *u = c->uniform ? "U" : "";
    bool wide = *name == 'W' || *name == 'V', reg = d == '2';
    char kind = 'r';

    if (!d || !strchr("BCVW", *name) || isupper((unsigned char)*rest))
        return name;
    if (*name == 'B')
        wide = strchr("28abc", d) != NULL;
    if (*name == 'C')
        wide = strchr("467e", d) != NULL;
    if (!wide)
        return gen_internf(c->m->g, "%sX%s", u, rest);
    if (!reg)
        kind = kind_of(d);
    return gen_internf(c->m->g, "%sW%c%s", kind == 'r' ? u : "", kind, rest);
}

static const struct opdef *
find_operand(struct cursor *c, const char *name)
{
    for (uint32_t i = 0; i < c->m->opdefs.n; i++)
        if (!strcmp(c->m->opdefs.p[i].name, name))
            return &c->m->opdefs.p[i];
    gen_error(c->m->g, c->f->pos, "%s: no operand is called '%s'", c->f->op_name, name);
    gen_die(c->m->g);
}

struct signs {
    bool neg, abs, inv, not_;
};

static struct signs
parse_signs(struct cursor *c)
{
    struct signs s = {0};

    for (;; c->p++)
        if (*c->p == '-')
            s.neg = true;
        else if (*c->p == '|')
            s.abs = true;
        else if (*c->p == '~')
            s.inv = true;
        else if (*c->p == '!')
            s.not_ = true;
        else
            return s;
}

static void
add_signs(struct cursor *c, const struct opdef *d, struct signs s, uint8_t target)
{
    if (s.neg && d->neg >= 0)
        add_bit(c, (unsigned)d->neg, SASS_NEG, target);
    if (s.abs && d->abs >= 0)
        add_bit(c, (unsigned)d->abs, SASS_ABS, target);
    if (s.neg && s.inv)
        c->f->operands[target].invert = (uint8_t)mod_slot(c, "X");
    else if (s.inv && d->neg >= 0)
        add_bit(c, (unsigned)d->neg, SASS_INV, target);
    if (s.not_ && d->inv >= 0)
        add_bit(c, (unsigned)d->inv, SASS_INV, target);
}

/* 6 bits, 8 from sm_100 on. */
static void
add_ureg(struct cursor *c, const struct bits *bits, uint8_t attr, uint8_t target)
{
    struct bits b = *bits;

    c->f->uses_ur = true;
    if (c->f->wide_ur)
        b.len[0] = 8;
    add_field(c, &b, attr, target)->flags = c->f->wide_ur ? 0 : SASS_URZ63;
}

static void
named_operand(struct cursor *c, struct sass_operand_row *row, uint8_t target, struct signs s)
{
    const char *name = word(c);
    const struct opdef *d = find_operand(c, resolve(c, name));
    struct sass_field *field;

    row->kind = d->kind;
    row->role = d->role;
    row->reuse = d->reuse;
    if (d->reuse != SASS_NONE && c->digit && strchr("BCV", *name))
        row->reuse = *name == 'B' ? 1 : 2; /* it counts the operand, not the place */
    row->wide = d->wide;
    row->desc = d->desc;
    row->norz = d->norz;
    row->uniform = d->ur.n != 0 || (d->kind == NVRM_SASS_LABEL && !(d->flags & SASS_RELATIVE));
    row->regs =
        d->kind <= NVRM_SASS_UPRED || (d->kind == NVRM_SASS_LABEL && d->index.n) ? d->regs : 0;
    row->number = number_style(c, d->imm || d->kind != NVRM_SASS_IMM ? d->imm : c->f->imm);
    row->bits = (uint8_t)(d->value.len[0] + d->value.len[1] + d->value.len[2]);
    if (d->behind)
        row->word = sass_string(c->m, d->behind);
    if (d->index.n && d->again)
        add_again(c, &d->index, target);
    else if (d->index.n && d->kind == NVRM_SASS_UGPR)
        add_ureg(c, &d->index, SASS_INDEX, target);
    else if (d->index.n)
        add_field(c, &d->index, SASS_INDEX, target);
    if (d->value.n) {
        field = add_field(c, &d->value, SASS_VALUE, target);
        field->flags = d->flags;
        field->shift = d->shift;
    }
    if (d->bank.n)
        add_field(c, &d->bank, SASS_BANK, target);
    if (d->ur.n)
        add_ureg(c, &d->ur, SASS_UR, target);
    add_signs(c, d, s, target);
}

static void
parse_part(struct cursor *c, struct sass_operand_row *row, uint8_t target)
{
    struct bits bits;
    uint32_t set;

    c->p++;
    set = find_set(c, word(c));
    if (*c->p++ != '@')
        fail(c, "'@' is missing");
    bits = parse_bits(c, c->m->sets.p[set]);
    row->set = (uint16_t)set;
    add_field(c, &bits, SASS_PART, target)->set = (uint16_t)set;
}

static void
parse_width(struct cursor *c, struct sass_operand_row *row)
{
    const char *name;

    c->p++;
    name = word(c);
    if (isdigit((unsigned char)*name)) {
        if (row->kind <= NVRM_SASS_UGPR)
            row->regs = (uint8_t)strtoul(name, NULL, 10);
        return;
    }
    for (uint32_t i = 0; i < c->m->widths.n; i++)
        if (!strcmp(c->m->widths.p[i].name, name)) {
            if (row->kind <= NVRM_SASS_UGPR)
                row->width = (uint8_t)i;
            return;
        }
    fail(c, "no width has that name");
}

static void
operand(struct cursor *c)
{
    const uint8_t target = c->f->row.n_operands;
    struct sass_operand_row *row = &c->f->operands[target];
    struct signs signs;

    if (target == MAX_FORM_OPERANDS)
        fail(c, "too many operands");
    *row = (struct sass_operand_row){.width = SASS_NONE,
                                     .set = 0xffff,
                                     .word = 0xffff,
                                     .reuse = SASS_NONE,
                                     .hide_mod = SASS_NONE,
                                     .invert = SASS_NONE};
    parse_hide(c, row);
    signs = parse_signs(c);
    if (*c->p == '\'') {
        c->p++;
        row->kind = NVRM_SASS_WORD;
        row->word = sass_string(c->m, until(c, "'"));
        c->p++;
    } else if (*c->p == '=') {
        set_operand(c, row, target);
    } else if (!inline_number(c, row, target)) {
        named_operand(c, row, target, signs);
    }
    if (*c->p == '.')
        parse_part(c, row, target);
    if (*c->p == '/')
        parse_width(c, row);
    c->f->row.n_operands++;
}

void
sass_form_text(struct model *m, struct form *f, const char *text, char digit, bool uniform)
{
    struct cursor c = {m, f, text, digit, uniform};

    while (*c.p == '{') {
        c.p++;
        modifier(&c);
    }
    while (*c.p == ' ')
        c.p++;
    while (*c.p) {
        operand(&c);
        if (!*c.p)
            break;
        if (*c.p != ',')
            fail(&c, "',' is missing");
        for (c.p++; *c.p == ' ';)
            c.p++;
    }
}
