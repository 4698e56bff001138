/* SPDX-License-Identifier: MIT */
/* values.yaml and operands.yaml: value sets of modifiers, register counts, operand places. */
#include "sassgen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <nvrm/sass_kinds.h>

/* Groups: a name and its values; 0 is always NONE. */

uint32_t
sass_group_find(struct model *m, const char *name, bool add)
{
    struct group *group;

    for (uint32_t i = 0; i < m->groups.n; i++)
        if (!strcmp(m->groups.p[i].name, name))
            return i;
    if (!add)
        return UINT32_MAX;
    group = gen_push(m->g, &m->groups);
    *group = (struct group){.name = name};
    sass_group_value(m, m->groups.n - 1, "NONE", true);
    return m->groups.n - 1;
}

unsigned
sass_group_value(struct model *m, uint32_t group, const char *name, bool add)
{
    struct group *gr = &m->groups.p[group];

    for (uint32_t i = 0; i < gr->n; i++)
        if (!strcmp(gr->values[i], name))
            return i;
    if (!add)
        return UINT32_MAX;
    if (gr->n == gr->cap)
        gr->values = gen_grow(m->g, gr->values, &gr->cap, sizeof(*gr->values));
    gr->values[gr->n++] = name;
    return gr->n - 1;
}

struct set *
sass_set_find(struct model *m, const char *name, uint32_t *index_out)
{
    for (uint32_t i = 0; i < m->sets.n; i++)
        if (!strcmp(m->sets.p[i]->name, name)) {
            *index_out = i;
            return m->sets.p[i];
        }
    return NULL;
}

static struct set *
new_set(struct model *m, struct gen_pos pos, const char *name)
{
    struct set *set = gen_alloc(m->g, sizeof(*set));

    *(struct set **)gen_push(m->g, &m->sets) = set;
    set->name = name;
    set->pos = pos;
    return set;
}

/* "16..19" style names cannot be C: dots become underscores. */
static const char *
c_name(struct gen *g, const char *text)
{
    char name[64];
    size_t n = strlen(text);

    if (n >= sizeof(name))
        n = sizeof(name) - 1;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];

        name[i] = '_';
        if (isalnum(c))
            name[i] = (char)toupper(c);
    }
    return gen_intern(g, name, n);
}

/* "LT" prints .LT; "=RN" prints nothing and is called RN; "" is NONE; "-" is not legal;
 * "TEXT=NAME" prints TEXT and is called NAME. */
static struct value
read_value(struct model *m, uint32_t group, const char *text)
{
    struct value v = {0};
    const char *equals = strchr(text, '=');

    if (!strcmp(text, "-"))
        return v;
    v.text = equals ? gen_intern(m->g, text, (size_t)(equals - text)) : text;
    v.silent = !*v.text;
    v.name = equals ? c_name(m->g, equals + 1) : *text ? c_name(m->g, text) : "NONE";
    sass_group_value(m, group, v.name, true);
    return v;
}

static void
set_widths(struct model *m, struct set *set, const struct gen_node *bits)
{
    if (bits->kind == GEN_SEQ) {
        for (uint32_t i = 0; i < bits->n && i < SASS_SEGMENTS; i++)
            set->seg_bits[i] = (uint8_t)gen_scalar_number(m->g, bits->p[i].value, "bits");
        set->segments = bits->n;
    } else {
        set->seg_bits[0] = (uint8_t)gen_scalar_number(m->g, bits, "bits");
        set->segments = 1;
    }
    for (unsigned i = 0; i < SASS_SEGMENTS; i++)
        set->bits += set->seg_bits[i];
    if (!set->segments || set->segments > SASS_SEGMENTS || !set->bits || set->bits > 8)
        gen_error(m->g, bits->pos, "a set has 1 to 8 bits in at most %d runs", SASS_SEGMENTS);
}

static void
read_set_values(struct model *m, struct set *set, const struct gen_node *values)
{
    if (values->kind == GEN_SEQ) {
        if (values->n > 1u << set->bits)
            gen_error(m->g, values->pos, "%u values in %u bits", values->n, set->bits);
        for (uint32_t i = 0; i < values->n && i < MAX_VALUES; i++)
            set->values[i] =
                read_value(m, set->group, gen_scalar(m->g, values->p[i].value, "value"));
        set->n = values->n;
        return;
    }
    for (uint32_t i = 0; i < values->n; i++) {
        uint64_t at = 0;

        if (!gen_number(values->p[i].key, &at) || at >= 1u << set->bits) {
            gen_error(m->g, values->p[i].pos, "'%s' is no value of %u bits", values->p[i].key,
                      set->bits);
            continue;
        }
        set->values[at] =
            read_value(m, set->group, gen_scalar(m->g, values->p[i].value, "value"));
        if (at >= set->n)
            set->n = (unsigned)at + 1;
    }
}

static void
read_set(struct model *m, const struct gen_pair *pair)
{
    static const char *const keys[] = {"group", "bits", "values", "doc", NULL};
    const struct gen_node *group = gen_get(pair->value, "group");
    const struct gen_node *bits = gen_get(pair->value, "bits");
    const struct gen_node *values = gen_get(pair->value, "values");
    uint32_t index;
    struct set *set;

    gen_check_keys(m->g, pair->value, "set", keys);
    if (!bits || !values || values->kind == GEN_SCALAR) {
        gen_error(m->g, pair->pos, "a set has bits: and values:");
        return;
    }
    if (sass_set_find(m, pair->key, &index))
        gen_error(m->g, pair->pos, "set '%s' is there already, at line %u", pair->key,
                  m->sets.p[index]->pos.line);
    set = new_set(m, pair->pos, pair->key);
    set->group = sass_group_find(m, group ? gen_scalar(m->g, group, "group") : pair->key, true);
    set_widths(m, set, bits);
    read_set_values(m, set, values);
}

void
sass_read_sets(struct model *m, const struct gen_node *sets)
{
    for (uint32_t i = 0; i < sets->n; i++)
        read_set(m, &sets->p[i]);
}

/* A flag: one bit, no text or its own name. */
uint32_t
sass_set_flag(struct model *m, struct gen_pos pos, const char *name)
{
    const char *set_name = gen_internf(m->g, ".%s", name);
    const bool ours = *name == '!';
    uint32_t index;
    struct set *set = sass_set_find(m, set_name, &index);

    if (set)
        return index;
    name += ours;
    set = new_set(m, pos, set_name);
    set->group = sass_group_find(m, c_name(m->g, name), true);
    set->bits = set->seg_bits[0] = 1;
    set->segments = 1;
    set->n = 2;
    set->values[0] = (struct value){"", "NONE", true};
    set->values[1] = (struct value){name, "ON", false, ours};
    sass_group_value(m, set->group, "ON", true);
    return m->sets.n - 1;
}

/* The same values under another group: for operations with two of a kind. */
uint32_t
sass_set_in_group(struct model *m, struct gen_pos pos, uint32_t from, const char *group)
{
    const char *name = gen_internf(m->g, "%s=%s", group, m->sets.p[from]->name);
    uint32_t index;
    struct set *set = sass_set_find(m, name, &index);

    if (set)
        return index;
    set = new_set(m, pos, name);
    *set = *m->sets.p[from];
    set->name = name;
    set->group = sass_group_find(m, group, true);
    for (unsigned i = 0; i < set->n; i++)
        if (set->values[i].text)
            sass_group_value(m, set->group, set->values[i].name, true);
    return m->sets.n - 1;
}

/* Register counts */

static void
read_width(struct model *m, const struct gen_pair *pair)
{
    static const char *const keys[] = {"group", "values", "other", NULL};
    const struct gen_node *group = gen_get(pair->value, "group");
    const struct gen_node *values = gen_get(pair->value, "values");
    const struct gen_node *other = gen_get(pair->value, "other");
    struct width w = {.name = pair->key};

    gen_check_keys(m->g, pair->value, "width", keys);
    if (!group || !values || !other || values->kind != GEN_MAP || values->n > 8) {
        gen_error(m->g, pair->pos, "a width has group:, other: and at most 8 values:");
        return;
    }
    w.group = sass_group_find(m, gen_scalar(m->g, group, "group"), true);
    w.other = (uint8_t)gen_scalar_number(m->g, other, "other");
    for (uint32_t i = 0; i < values->n; i++) {
        const unsigned v = sass_group_value(m, w.group, c_name(m->g, values->p[i].key), true);

        w.value[w.n] = (uint8_t)v;
        w.regs[w.n++] = (uint8_t)gen_scalar_number(m->g, values->p[i].value, "registers");
    }
    *gen_push(m->g, &m->widths) = w;
}

void
sass_read_widths(struct model *m, const struct gen_node *widths)
{
    for (uint32_t i = 0; i < widths->n; i++)
        read_width(m, &widths->p[i]);
}

/* Operand places */

/* "24+8", "16+8,34+48": runs from low to high; "81": `len` bits. */
bool
sass_bits(struct gen *g, struct gen_pos pos, const char *text, unsigned len, struct bits *out)
{
    const char *p = text;

    *out = (struct bits){0};
    while (*p && out->n < SASS_SEGMENTS) {
        char *end;
        const unsigned long lo = strtoul(p, &end, 10);
        unsigned long n = len;

        if (end == p)
            break;
        if (*end == '+')
            n = strtoul(end + 1, &end, 10);
        if (lo > 127 || !n || lo + n > 128)
            break;
        out->lo[out->n] = (uint8_t)lo;
        out->len[out->n++] = (uint8_t)n;
        if (!*end)
            return true;
        if (*end != ',')
            break;
        p = end + 1;
    }
    gen_error(g, pos, "'%s' are no bits: write LOW+COUNT[,LOW+COUNT...]", text);
    return false;
}

static const struct {
    const char *name;
    uint8_t kind, bits;
} kinds[] = {
    {"gpr",    NVRM_SASS_GPR,    8},
    {"ugpr",   NVRM_SASS_UGPR,   6},
    {"pred",   NVRM_SASS_PRED,   3},
    {"upred",  NVRM_SASS_UPRED,  3},
    {"imm",    NVRM_SASS_IMM,    1},
    {"const",  NVRM_SASS_CONST,  1},
    {"constr", NVRM_SASS_CONSTR, 8},
    {"constu", NVRM_SASS_CONSTU, 1},
    {"constx", NVRM_SASS_CONSTX, 1},
    {"addr",   NVRM_SASS_ADDR,   8},
    {"attr",   NVRM_SASS_ATTR,   8},
    {"label",  NVRM_SASS_LABEL,  1},
    {"breg",   NVRM_SASS_BREG,   4},
    {"sb",     NVRM_SASS_SB,     3},
    {"sreg",   NVRM_SASS_SREG,   8},
    {"mask",   NVRM_SASS_MASK,   1},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int
kind_row(struct model *m, const struct gen_node *n)
{
    const char *name = gen_scalar(m->g, n, "kind");

    for (int i = 0; i < KINDS; i++)
        if (!strcmp(kinds[i].name, name))
            return i;
    gen_error(m->g, n->pos, "no kind of operand is called '%s'", name);
    return 0;
}

static int
bit_of(struct model *m, const struct gen_node *map, const char *key)
{
    const struct gen_node *n = gen_get(map, key);

    return n ? (int)(gen_scalar_number(m->g, n, key) & 127) : -1;
}

static void
bits_of(struct model *m, const struct gen_node *map, const char *key, unsigned len,
        struct bits *out)
{
    const struct gen_node *n = gen_get(map, key);

    if (n)
        sass_bits(m->g, n->pos, gen_scalar(m->g, n, key), len, out);
}

static bool
yes(struct model *m, const struct gen_node *map, const char *key)
{
    const struct gen_node *n = gen_get(map, key);

    return n && gen_bool(m->g, n);
}

static void
read_operand(struct model *m, const struct gen_pair *pair)
{
    static const char *const keys[] = {"kind",   "at",    "value",  "bank",     "ur",   "neg",
                                       "abs",    "not",   "reuse",  "role",     "wide", "desc",
                                       "signed", "shift", "behind", "relative", "regs", "imm",
                                       "doc",    "norz",  "again",  NULL};
    const struct gen_node *map = pair->value, *n = gen_get(map, "kind");
    struct opdef d = {.name = pair->key, .pos = pair->pos, .reuse = SASS_NONE, .regs = 1};
    int kind;

    gen_check_keys(m->g, map, "operand", keys);
    if (!n) {
        gen_error(m->g, pair->pos, "an operand has a kind:");
        return;
    }
    kind = kind_row(m, n);
    d.kind = kinds[kind].kind;
    bits_of(m, map, "at", kinds[kind].bits, &d.index);
    bits_of(m, map, "value", 1, &d.value);
    bits_of(m, map, "bank", 5, &d.bank);
    bits_of(m, map, "ur", 6, &d.ur);
    d.neg = bit_of(m, map, "neg");
    d.abs = bit_of(m, map, "abs");
    d.inv = bit_of(m, map, "not");
    if (gen_get(map, "reuse"))
        d.reuse = (uint8_t)(bit_of(m, map, "reuse") - 122);
    if (gen_get(map, "shift"))
        d.shift = (uint8_t)bit_of(m, map, "shift");
    if (gen_get(map, "regs"))
        d.regs = (uint8_t)bit_of(m, map, "regs");
    d.flags = (uint8_t)((yes(m, map, "signed") ? SASS_SIGNED : 0) |
                        (yes(m, map, "relative") ? SASS_RELATIVE : 0));
    d.wide = yes(m, map, "wide");
    d.desc = yes(m, map, "desc");
    d.norz = yes(m, map, "norz");
    d.again = yes(m, map, "again");
    n = gen_get(map, "role");
    if (n)
        d.role = strcmp(gen_scalar(m->g, n, "role"), "dst") ? NVRM_SASS_SRCDST : NVRM_SASS_DST;
    n = gen_get(map, "behind");
    d.behind = n ? gen_scalar(m->g, n, "behind") : NULL;
    n = gen_get(map, "imm");
    d.imm = n ? gen_scalar(m->g, n, "imm") : NULL;
    *gen_push(m->g, &m->opdefs) = d;
}

void
sass_read_operands(struct model *m, const struct gen_node *operands)
{
    for (uint32_t i = 0; i < operands->n; i++)
        read_operand(m, &operands->p[i]);
}
