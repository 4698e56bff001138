/* SPDX-License-Identifier: MIT */
/* ops: in the other files: operations and their forms. */
#include "sassgen.h"

#include <stdlib.h>
#include <string.h>

#include <nvrm/sass_kinds.h>

static const char *const class_names[] = {"alu",    "fma",    "fmawide", "half",
                                          "double", "tensor", "xu",      "uniform",
                                          "mem",    "ctrl",   "move"};
static const unsigned sms[] = {75, 80, 86, 89, 90, 100, 120};
enum { SMS = 7, WIDE_UR = 0x60 /* of sms[]: uniform registers have 8 bits */ };

/* Every text once. */
uint16_t
sass_string(struct model *m, const char *text)
{
    const char *key = gen_intern(m->g, text, strlen(text));
    uint32_t at = gen_map_get(&m->text_at, key);

    if (at != UINT32_MAX)
        return (uint16_t)at;
    at = (uint32_t)m->text.n;
    if (at + strlen(text) + 1 > 0xfffe)
        gen_die(m->g);
    gen_text_add(m->g, &m->text, text, strlen(text) + 1);
    gen_map_set(m->g, &m->text_at, key, at);
    return (uint16_t)at;
}

unsigned
sass_op_find(struct model *m, const char *name)
{
    for (uint32_t i = 0; i < m->ops.n; i++)
        if (!strcmp(m->ops.p[i], name))
            return i;
    *gen_push(m->g, &m->ops) = name;
    return m->ops.n - 1;
}

/* "75-89", "80-", "75,86": bits in the order of sms[]. All without a node. */
static uint8_t
sm_mask(struct model *m, const struct gen_node *n)
{
    const char *p;
    uint8_t mask = 0;

    if (!n)
        return (uint8_t)((1u << SMS) - 1);
    p = gen_scalar(m->g, n, "sm");
    while (*p) {
        char *end;
        const unsigned long from = strtoul(p, &end, 10);
        unsigned long to = from;

        if (end == p) {
            gen_error(m->g, n->pos, "sm is like 75-89, 80- or 75,86");
            return 0;
        }
        if (*end == '-') {
            to = strtoul(end + 1, &end, 10);
            to = to ? to : 999;
        }
        for (unsigned i = 0; i < SMS; i++)
            if (sms[i] >= from && sms[i] <= to)
                mask |= (uint8_t)(1u << i);
        p = *end == ',' ? end + 1 : end;
        if (*end && *end != ',') {
            gen_error(m->g, n->pos, "sm is like 75-89, 80- or 75,86");
            return 0;
        }
    }
    return mask;
}

/* "80=1 81+3=7"; "64=URZ": the uniform register there */
static void
apply_fix(struct model *m, struct form *f, const char *text)
{
    const char *p = text;

    while (*p) {
        char *end;
        const unsigned long lo = strtoul(p, &end, 10);
        unsigned long len = 1;
        unsigned long long value;

        if (*end == '+')
            len = strtoul(end + 1, &end, 10);
        if (*end != '=' || lo + len > 128 || !len) {
            gen_error(m->g, f->pos, "fix is like '80=1 81+3=7', not '%s'", text);
            return;
        }
        if (!strncmp(end, "=URZ", 4)) {
            f->uses_ur = true;
            len = f->wide_ur ? 8 : 6;
            value = (1u << len) - 1;
            end += 4;
        } else {
            value = strtoull(end + 1, &end, 0);
        }
        sass_form_fix(m, f, (unsigned)lo, (unsigned)len, value);
        for (p = end; *p == ' ';)
            p++;
    }
}

/* What nothing owns must be zero. */
static void
close_form(struct form *f)
{
    for (int i = 0; i < 2; i++)
        f->row.mask[i] |= ~f->owned[i];
}

struct source {
    const char *op, *text, *fix, *imm, *datapath, *guard;
    uint8_t sms, class_;
    struct gen_pos pos;
};

static void
make_form(struct model *m, const struct source *s, unsigned code, char digit, struct form *f)
{
    const bool uniform = s->datapath && !strcmp(s->datapath, "uniform");

    f->pos = s->pos;
    f->op_name = s->op;
    f->imm = s->imm;
    f->row.op = (uint16_t)sass_op_find(m, s->op);
    f->row.name = sass_string(m, s->op);
    f->row.class_ = s->class_;
    f->row.sms = s->sms;
    f->row.code = (uint16_t)code;
    f->row.uniform = uniform || (s->guard && !strcmp(s->guard, "uniform"));
    sass_form_fix(m, f, 0, 12, code);
    sass_form_own(m, f, 12, 4);
    sass_form_own(m, f, 105, 17);
    sass_form_own(m, f, 122, 4);
    if (uniform || (digit && strchr("ce7b", digit)))
        sass_form_fix(m, f, 91, 1, 1);
    if (s->fix)
        apply_fix(m, f, s->fix);
    sass_form_text(m, f, s->text, digit, uniform);
    close_form(f);
}

/* One row, or two where uniform registers have another width on some of the SMs. */
static void
add_form(struct model *m, const struct source *s, unsigned code, char digit)
{
    const uint8_t wide = s->sms & WIDE_UR;
    struct form f = {.wide_ur = wide == s->sms};

    make_form(m, s, code, digit, &f);
    if (f.uses_ur && wide && wide != s->sms) {
        struct form other = {.wide_ur = true};

        make_form(m, s, code, digit, &other);
        other.row.sms = wide;
        f.row.sms &= (uint8_t)~wide;
        *gen_push(m->g, &m->forms) = f;
        f = other;
    }
    *gen_push(m->g, &m->forms) = f;
}

static const char *
optional(struct model *m, const struct gen_node *form, const struct gen_node *op,
         const char *key)
{
    const struct gen_node *n = gen_get(form, key);

    n = n ? n : gen_get(op, key);
    return n ? gen_scalar(m->g, n, key) : NULL;
}

static uint8_t
class_of(struct model *m, const struct gen_node *op, struct gen_pos pos, const char *name)
{
    for (unsigned i = 0; name && i < sizeof(class_names) / sizeof(class_names[0]); i++)
        if (!strcmp(class_names[i], name))
            return (uint8_t)i;
    (void)op;
    gen_error(m->g, pos, "class is missing or unknown");
    return 0;
}

static void
read_form(struct model *m, const char *name, const struct gen_node *op,
          const struct gen_node *form)
{
    static const char *const keys[] = {"code",     "kinds", "text",  "fix",   "sm", "imm",
                                       "datapath", "doc",   "class", "guard", NULL};
    const struct gen_node *code = gen_get(form, "code"), *sm = gen_get(form, "sm");
    const char *kinds = optional(m, form, op, "kinds");
    struct source s = {.op = name,
                       .text = optional(m, form, op, "text"),
                       .fix = optional(m, form, op, "fix"),
                       .imm = optional(m, form, op, "imm"),
                       .datapath = optional(m, form, op, "datapath"),
                       .guard = optional(m, form, op, "guard"),
                       .pos = form->pos};
    unsigned number;

    gen_check_keys(m->g, form, "form", keys);
    s.sms = sm_mask(m, sm ? sm : gen_get(op, "sm"));
    s.class_ = class_of(m, op, form->pos, optional(m, form, op, "class"));
    code = code ? code : gen_get(op, "code");
    if (!code || !s.text) {
        gen_error(m->g, form->pos, "a form of %s lacks code: or text:", name);
        return;
    }
    number = (unsigned)gen_scalar_number(m->g, code, "code");
    if (number > 0xfff)
        gen_error(m->g, code->pos, "0x%x is more than 12 bits", number);
    if (!kinds || !strcmp(kinds, "-"))
        add_form(m, &s, number, 0);
    for (const char *k = kinds; k && *k && strcmp(kinds, "-"); k++) {
        const char digit[2] = {*k, 0};
        const unsigned d = (unsigned)strtoul(digit, NULL, 16);

        if (!strchr("2468ace", *k))
            gen_error(m->g, form->pos, "kinds are digits of 2468ace");
        add_form(m, &s, (number & 0x1ff) | d << 8, *k);
        if (*k == '6' || *k == 'a')
            add_form(m, &s, (number & 0x1ff) | d << 8, *k == '6' ? '7' : 'b');
    }
}

void
sass_read_ops(struct model *m, const struct gen_node *ops)
{
    static const char *const keys[] = {"doc",   "class", "code",     "kinds", "text",  "fix",
                                       "forms", "sm",    "datapath", "imm",   "guard", NULL};

    for (uint32_t i = 0; i < ops->n; i++) {
        const struct gen_node *op = ops->p[i].value, *forms = gen_get(op, "forms");

        gen_check_keys(m->g, op, "operation", keys);
        if (!forms || forms->kind != GEN_SEQ) {
            gen_error(m->g, ops->p[i].pos, "%s has no list of forms", ops->p[i].key);
            continue;
        }
        if (!gen_get(op, "doc"))
            gen_error(m->g, ops->p[i].pos, "%s has no doc", ops->p[i].key);
        for (uint32_t j = 0; j < forms->n; j++)
            read_form(m, ops->p[i].key, op, forms->p[j].value);
    }
}
