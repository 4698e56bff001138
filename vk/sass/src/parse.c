/* SPDX-License-Identifier: MIT */
/* One instruction from text: its form is the first of the mnemonic's forms that fits. */
#include "sass/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/sass_table.h>

#include "alias.h"
#include "nearest.h"
#include "read.h"

struct match {
    struct reader r;
    const struct sass_form *form;
    struct nvrm_sass_insn *insn;
    const char *operands; /* where they begin */
    const char *farthest; /* where the best form stopped */
    const char *why;      /* what the encoder said */
};

__attribute__((format(printf, 2, 3))) static int
fail(struct sass_error *err, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(err->text, sizeof(err->text), format, ap);
    va_end(ap);
    return -EINVAL;
}

/* Operands */

static void
set_default(const struct sass_operand_row *row, struct nvrm_sass_operand *o)
{
    *o = (struct nvrm_sass_operand){.kind = row->kind, .ur = NVRM_SASS_URZ};
    if (row->kind == NVRM_SASS_ENUM)
        o->part = row->hide_value;
    else if (row->kind <= NVRM_SASS_UPRED)
        o->index = row->hide_value;
    else
        o->value = row->hide_value;
    o->inv = row->hide & SASS_DEFAULT_INV ? 1 : 0;
}

static bool
at_end(struct match *m)
{
    sass_skip(&m->r);
    if (*m->r.p == ';')
        m->r.p++;
    sass_skip(&m->r);
    return *m->r.p == 0;
}

static bool
encodes(struct match *m)
{
    uint64_t code[2];
    const char *why;

    if (nvrm_sass_encode(m->r.how->sm, m->insn, m->r.how->addr, code, &why) &&
        nvrm_sass_decode(m->r.how->sm, code, m->r.how->addr, m->insn))
        return true;
    m->why = why;
    return false;
}

static bool
read_operands(struct match *m, unsigned i, bool first)
{
    const struct sass_operand_row *row = &sass_operands[m->form->first_operand + i];
    struct nvrm_sass_operand *o = &m->insn->operands[i];
    const struct reader here = m->r;
    const uint8_t reuse = m->insn->ctl.reuse;
    const bool may_hide = row->hide & (SASS_HIDE | SASS_HIDE_UNLESS);
    const bool must_hide = (row->hide & SASS_HIDE_UNLESS) && !m->insn->mods[row->hide_mod];

    if (m->r.p > m->farthest)
        m->farthest = m->r.p;
    if (i == m->form->n_operands)
        return at_end(m) && encodes(m);
    if (!must_hide && (first || sass_char(&m->r, ',')) &&
        sass_read_operand(&m->r, row, o, &m->insn->ctl.reuse) && read_operands(m, i + 1, false))
        return true;
    m->r = here;
    m->insn->ctl.reuse = reuse;
    if (!may_hide)
        return false;
    set_default(row, o);
    return read_operands(m, i + 1, first);
}

/* Modifiers */

static bool
ends_here(const char *p)
{
    return *p == '.' || *p == ' ' || *p == '\t' || *p == ';' || *p == 0;
}

static bool
read_mods(struct match *m, unsigned i, const char *p)
{
    const struct sass_mod_row *row = &sass_mods[m->form->first_mod + i];
    const struct sass_set *set;

    if (i == m->form->n_mods) {
        m->r.p = p;
        if (*p == '.')
            return false;
        sass_skip(&m->r);
        m->operands = m->r.p;
        return read_operands(m, 0, true);
    }
    set = &sass_sets[row->set];
    for (unsigned silent = 0; silent < 2; silent++)
        for (unsigned v = 0; v < set->count; v++) {
            const struct sass_value *value = &sass_values[set->first + v];
            const char *text = sass_text + value->text;
            const size_t n = strlen(text);

            if (!(value->flags & SASS_VALID) || (row->fixed != SASS_NONE && row->fixed != v) ||
                !(value->flags & SASS_SILENT) == (bool)silent)
                continue;
            m->insn->mods[i] = value->number;
            if (silent ? read_mods(m, i + 1, p)
                       : *p == '.' && !strncmp(p + 1, text, n) && ends_here(p + 1 + n) &&
                             read_mods(m, i + 1, p + 1 + n))
                return true;
        }
    if (p > m->farthest)
        m->farthest = p;
    return false;
}

/* The parts before the mnemonic */

static bool
read_scoreboard(struct reader *r, const char *name, uint8_t *out)
{
    const size_t n = strlen(name);

    if (strncmp(r->p, name, n))
        return false;
    r->p += n;
    if (*r->p == '-')
        *out = NVRM_SASS_NO_BARRIER;
    else if (*r->p >= '0' && *r->p <= '5')
        *out = (uint8_t)(*r->p - '0');
    else
        return false;
    r->p++;
    return true;
}

/* "B0-----:R-:W2:Y:S05", perhaps ":8" for reuse flags that no operand shows */
static bool
read_ctl(struct reader *r, struct nvrm_sass_ctl *ctl)
{
    int64_t v;

    *ctl = (struct nvrm_sass_ctl){
        .stall = 15, .wrbar = NVRM_SASS_NO_BARRIER, .rdbar = NVRM_SASS_NO_BARRIER};
    if (*r->p != 'B' || !strchr("0-", r->p[1]) || !memchr(r->p, ':', strcspn(r->p, " ")))
        return true;
    r->p++;
    for (int i = 0; i < 6; i++, r->p++) {
        if (*r->p != '-' && *r->p != '0' + i)
            return false;
        ctl->wait |= (uint8_t)(*r->p != '-') << i;
    }
    if (!read_scoreboard(r, ":R", &ctl->rdbar) || !read_scoreboard(r, ":W", &ctl->wrbar) ||
        (strncmp(r->p, ":Y:S", 4) && strncmp(r->p, ":-:S", 4)))
        return false;
    ctl->yield = r->p[1] == '-';
    r->p += 4;
    if (!isdigit((unsigned char)r->p[0]) || !isdigit((unsigned char)r->p[1]))
        return false;
    v = (r->p[0] - '0') * 10 + (r->p[1] - '0');
    r->p += 2;
    if (*r->p == ':' && r->p[1] >= '1' && r->p[1] <= '9') {
        ctl->reuse = (uint8_t)(r->p[1] - '0');
        r->p += 2;
    }
    ctl->stall = (uint8_t)v;
    sass_skip(r);
    return v < 16;
}

static bool
read_guard(struct reader *r, struct nvrm_sass_insn *insn)
{
    uint16_t index;

    insn->guard = NVRM_SASS_PT;
    if (!sass_char(r, '@'))
        return true;
    insn->guard_not = sass_char(r, '!');
    insn->guard_uniform = *r->p == 'U';
    if (!sass_pred(r, insn->guard_uniform ? "U" : "", &index))
        return false;
    insn->guard = (uint8_t)index;
    sass_skip(r);
    return true;
}

static bool
find_op(const char *name, size_t n, unsigned *op_out)
{
    for (unsigned i = 0; i < sass_op_count; i++)
        if (strlen(sass_text + sass_op_names[i]) == n &&
            !memcmp(sass_text + sass_op_names[i], name, n)) {
            *op_out = i;
            return true;
        }
    return false;
}

static const char *
skip_alias(const char *p)
{
    static const char *const aliases[] = {".MOV", ".SHL", ".IADD"};

    for (unsigned i = 0; i < 3; i++)
        if (!strncmp(p, aliases[i], strlen(aliases[i])) && ends_here(p + strlen(aliases[i])))
            return p + strlen(aliases[i]);
    return p;
}

static int
no_form(struct match *m, const char *name, size_t n, bool any, struct sass_error *err)
{
    const char *at = m->farthest ? m->farthest + strspn(m->farthest, ", ;") : "";

    if (!any)
        return fail(err, "sm_%u has no %.*s", m->r.how->sm, (int)n, name);
    if (m->why) {
        snprintf(err->hint, sizeof(err->hint), "%s", m->why);
        return fail(err, "%.*s cannot hold these operands", (int)n, name);
    }
    snprintf(err->hint, sizeof(err->hint),
             "nvrm-cli sass forms %.*s shows what it takes; modifiers keep the disassembler's "
             "order",
             (int)n, name);
    return fail(err, "no form of %.*s fits at '%.40s'", (int)n, name,
                *at ? at : "the end of the line");
}

static int
match_forms(struct match *m, unsigned op, const char *name, size_t n, const char *rest,
            struct sass_error *err)
{
    const int sm = nvrm_sass_sm_index(m->r.how->sm);
    const struct nvrm_sass_insn start = *m->insn;
    bool any = false;

    for (unsigned i = 0; i < sass_form_count; i++) {
        m->form = &sass_forms[i];
        if (m->form->op != op || !(m->form->sms >> sm & 1))
            continue;
        any = true;
        *m->insn = start;
        m->insn->form = (uint16_t)i;
        m->insn->op = (uint16_t)op;
        m->insn->n_mods = m->form->n_mods;
        m->insn->n_operands = m->form->n_operands;
        if (read_mods(m, 0, rest))
            return 0;
    }
    return no_form(m, name, n, any, err);
}

int
sass_parse(const struct sass_parse *how, const char *text, struct nvrm_sass_insn *out,
           struct sass_error *err)
{
    struct match m = {
        .r = {how, text},
          .insn = out
    };
    const char *name, *rest;
    unsigned op;
    size_t n;
    int rc;

    memset(out, 0, sizeof(*out));
    err->hint[0] = 0;
    if (nvrm_sass_sm_index(how->sm) < 0)
        return fail(err, "sm_%u is not known", how->sm);
    sass_skip(&m.r);
    if (!read_ctl(&m.r, &out->ctl)) {
        snprintf(err->hint, sizeof(err->hint), "it looks like B0-----:R-:W2:Y:S05");
        return fail(err, "the control column is not readable");
    }
    if (!read_guard(&m.r, out))
        return fail(err, "'%.20s' is no guard predicate", m.r.p);
    name = m.r.p;
    for (n = 0; isalnum((unsigned char)name[n]) || name[n] == '_'; n++)
        ;
    if (!find_op(name, n, &op)) {
        sass_nearest_op(name, n, err->hint, sizeof(err->hint));
        return fail(err, "no operation is called '%.*s'", (int)n, name);
    }
    rest = op == NVRM_SASS_OP_IMAD ? skip_alias(name + n) : name + n;
    rc = match_forms(&m, op, name, n, rest, err);
    if (rc == 0 && rest != name + n &&
        (strlen(sass_alias_text(out)) != (size_t)(rest - name) - n ||
         strncmp(sass_alias_text(out), name + n, (size_t)(rest - name) - n)))
        return fail(err, "these operands do not make a %.*s", (int)(rest - name), name);
    return rc;
}
