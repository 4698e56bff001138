/* SPDX-License-Identifier: MIT */
/* What nvrm-sass writes: names as enums, rows as constant arrays. */
#include "sassgen.h"

#include <string.h>

static void
upper(struct gen *g, struct gen_text *t, const char *s)
{
    for (; *s; s++) {
        const char c = *s;
        const bool ok =
            (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');

        gen_textf(g, t, "%c", c >= 'a' && c <= 'z' ? c - 'a' + 'A' : ok ? c : '_');
    }
}

static void
emit_group_enum(struct gen *g, struct gen_text *t, const struct group *group)
{
    gen_textf(g, t, "enum {");
    for (uint32_t i = 1; i < group->n; i++) {
        gen_textf(g, t, "%s NVRM_SASS_", i > 1 ? "," : "");
        upper(g, t, group->name);
        gen_textf(g, t, "_");
        upper(g, t, group->values[i]);
        gen_textf(g, t, " = %u", i);
    }
    gen_textf(g, t, " };\n");
}

static bool
named_before(const struct model *m, uint32_t group, uint32_t set, const char *name)
{
    for (uint32_t i = 0; i < set; i++)
        for (unsigned v = 0; m->sets.p[i]->group == group && v < m->sets.p[i]->n; v++)
            if (m->sets.p[i]->values[v].text && !strcmp(m->sets.p[i]->values[v].name, name))
                return true;
    return false;
}

/* Special registers by their numbers: NVRM_SASS_SR_TID_X. */
static void
emit_sregs(struct model *m, struct gen_text *t)
{
    const uint32_t group = sass_group_find(m, "SREG", true);

    gen_textf(m->g, t, "\nenum nvrm_sass_sreg {\n");
    for (uint32_t i = 0; i < m->sets.n; i++) {
        const struct set *set = m->sets.p[i];

        for (unsigned v = 0; set->group == group && v < set->n; v++)
            if (set->values[v].text && !named_before(m, group, i, set->values[v].name))
                gen_textf(m->g, t, "    NVRM_SASS_%s = %u,\n", set->values[v].name, v);
    }
    gen_textf(m->g, t, "};\n");
}

void
sass_emit_header(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;

    gen_textf(
        g, t,
        "/* SPDX-License-Identifier: MIT */\n/* Made by nvrm-sass from schemas/hw/sass. "
        "*/\n#ifndef NVRM_SASS_NAMES_H\n#define NVRM_SASS_NAMES_H\n\n"
        "/* Operations: the mnemonic up to its first modifier. */\nenum nvrm_sass_op {\n");
    for (uint32_t i = 0; i < m->ops.n; i++) {
        gen_textf(g, t, "    NVRM_SASS_OP_");
        upper(g, t, m->ops.p[i]);
        gen_textf(g, t, ",\n");
    }
    gen_textf(g, t,
              "    NVRM_SASS_OP_COUNT\n};\n\n/* Groups of modifiers. */\n"
              "enum nvrm_sass_group {\n");
    for (uint32_t i = 0; i < m->groups.n; i++) {
        gen_textf(g, t, "    NVRM_SASS_MOD_");
        upper(g, t, m->groups.p[i].name);
        gen_textf(g, t, ",\n");
    }
    gen_textf(g, t,
              "    NVRM_SASS_MOD_COUNT\n};\n\n"
              "/* Values of each group; 0 is none, or not there. */\n");
    for (uint32_t i = 0; i < m->groups.n; i++)
        if (m->groups.p[i].n > 1 && strcmp(m->groups.p[i].name, "SREG"))
            emit_group_enum(g, t, &m->groups.p[i]);
    emit_sregs(m, t);
    gen_textf(g, t, "\n#endif\n");
}

static void
emit_values(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;
    unsigned first = 0;

    gen_textf(g, t, "const struct sass_value sass_values[] = {\n");
    for (uint32_t i = 0; i < m->sets.n; i++) {
        const struct set *set = m->sets.p[i];

        for (unsigned v = 0; v < set->n; v++) {
            const struct value *val = &set->values[v];

            if (!val->text)
                gen_textf(g, t, "    {0, 0, 0},\n");
            else
                gen_textf(g, t, "    {%u, %u, %u},\n", sass_string(m, val->text),
                          sass_group_value(m, set->group, val->name, false),
                          SASS_VALID | (val->silent ? SASS_SILENT : 0) |
                              (val->ours ? SASS_OURS : 0));
        }
    }
    gen_textf(g, t, "};\nconst struct sass_set sass_sets[] = {\n");
    for (uint32_t i = 0; i < m->sets.n; first += m->sets.p[i++]->n)
        gen_textf(g, t, "    {%u, %u, %u}, /* %s */\n", first, m->sets.p[i]->n,
                  m->sets.p[i]->group, m->sets.p[i]->name);
    gen_textf(g, t, "};\n");
}

static void
emit_groups(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;
    unsigned first = 0;

    gen_textf(g, t, "const uint16_t sass_group_values[] = {\n");
    for (uint32_t i = 0; i < m->groups.n; i++)
        for (uint32_t v = 0; v < m->groups.p[i].n; v++)
            gen_textf(g, t, "    %u,\n", sass_string(m, m->groups.p[i].values[v]));
    gen_textf(g, t, "};\nconst struct sass_group sass_groups[] = {\n");
    for (uint32_t i = 0; i < m->groups.n; first += m->groups.p[i++].n)
        gen_textf(g, t, "    {%u, %u, %u},\n", sass_string(m, m->groups.p[i].name), first,
                  m->groups.p[i].n);
    gen_textf(g, t, "};\nconst unsigned sass_group_count = %u;\n", m->groups.n);
}

static void
emit_widths(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;

    gen_textf(g, t, "const struct sass_width sass_widths[] = {\n");
    for (uint32_t i = 0; i < m->widths.n; i++) {
        const struct width *w = &m->widths.p[i];

        gen_textf(g, t, "    {%u, %u, {", w->group, w->other);
        for (unsigned v = 0; v < 8; v++)
            gen_textf(g, t, "%u,", v < w->n ? w->value[v] : 0xff);
        gen_textf(g, t, "}, {");
        for (unsigned v = 0; v < 8; v++)
            gen_textf(g, t, "%u,", v < w->n ? w->regs[v] : 0);
        gen_textf(g, t, "}},\n");
    }
    gen_textf(g, t, "    {0},\n};\n");
}

static void
emit_field(struct gen *g, struct gen_text *t, const struct sass_field *f)
{
    gen_textf(g, t, "    {{%u,%u,%u},{%u,%u,%u},%u,%u,%u,%u,%u},\n", f->lo[0], f->lo[1],
              f->lo[2], f->len[0], f->len[1], f->len[2], f->attr, f->target, f->flags, f->shift,
              f->set);
}

static void
emit_rows(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;

    gen_textf(g, t, "const struct sass_field sass_fields[] = {\n");
    for (uint32_t i = 0; i < m->forms.n; i++)
        for (unsigned j = 0; j < m->forms.p[i].row.n_fields; j++)
            emit_field(g, t, &m->forms.p[i].fields[j]);
    gen_textf(g, t, "};\nconst struct sass_mod_row sass_mods[] = {\n");
    for (uint32_t i = 0; i < m->forms.n; i++)
        for (unsigned j = 0; j < m->forms.p[i].row.n_mods; j++) {
            const struct sass_mod_row *r = &m->forms.p[i].mods[j];

            gen_textf(g, t, "    {%u,%u,%u},\n", r->set, r->fixed, r->always);
        }
    gen_textf(g, t, "    {0},\n};\nconst struct sass_operand_row sass_operands[] = {\n");
    for (uint32_t i = 0; i < m->forms.n; i++)
        for (unsigned j = 0; j < m->forms.p[i].row.n_operands; j++) {
            const struct sass_operand_row *r = &m->forms.p[i].operands[j];

            gen_textf(g, t, "    {%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u},\n",
                      r->kind, r->role, r->regs, r->width, r->hide, r->hide_mod, r->hide_value,
                      r->set, r->word, r->number, r->reuse, r->bits, r->uniform, r->wide,
                      r->desc, r->norz, r->invert);
        }
    gen_textf(g, t, "    {0},\n};\n");
}

static void
emit_forms(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;
    unsigned field = 0, mod = 0, operand = 0;

    gen_textf(g, t, "const struct sass_form sass_forms[] = {\n");
    for (uint32_t i = 0; i < m->forms.n; i++) {
        const struct sass_form *f = &m->forms.p[i].row;

        gen_textf(
            g, t,
            "    {{0x%llxull, 0x%llxull}, {0x%llxull, 0x%llxull}, %u, %u, %u, %u, %u, %u, "
            "%u, %u, %u, %u, %u, 0x%x}, /* %s %s:%u */\n",
            (unsigned long long)f->mask[0], (unsigned long long)f->mask[1],
            (unsigned long long)f->match[0], (unsigned long long)f->match[1], f->op, f->name,
            field, mod, operand, f->n_fields, f->n_mods, f->n_operands, f->class_, f->sms,
            f->uniform, f->code, m->forms.p[i].op_name,
            strrchr(m->forms.p[i].pos.file, '/') ? strrchr(m->forms.p[i].pos.file, '/') + 1
                                                 : m->forms.p[i].pos.file,
            m->forms.p[i].pos.line);
        field += f->n_fields;
        mod += f->n_mods;
        operand += f->n_operands;
    }
    gen_textf(g, t,
              "};\nconst unsigned sass_form_count = %u;\nconst uint16_t sass_index[4097] = {",
              m->forms.n);
    for (unsigned code = 0, at = 0; code <= 4096; code++) {
        while (at < m->forms.n && m->forms.p[at].row.code < code)
            at++;
        gen_textf(g, t, "%s%u,", code % 16 ? "" : "\n    ", at);
    }
    gen_textf(g, t, "\n};\nconst uint16_t sass_op_names[] = {\n");
    for (uint32_t i = 0; i < m->ops.n; i++)
        gen_textf(g, t, "    %u,\n", sass_string(m, m->ops.p[i]));
    gen_textf(g, t, "};\nconst unsigned sass_op_count = %u;\n", m->ops.n);
}

static void
emit_strings(struct model *m, struct gen_text *t)
{
    struct gen *g = m->g;

    gen_textf(g, t, "const char sass_text[] =");
    for (size_t i = 0; i < m->text.n; i += strlen(m->text.p + i) + 1)
        gen_textf(g, t, "\n    \"%s\\0\"", m->text.p + i);
    gen_textf(g, t, ";\n");
}

void
sass_emit_source(struct model *m, struct gen_text *t)
{
    uint32_t sreg = 0;

    gen_textf(m->g, t,
              "/* SPDX-License-Identifier: MIT */\n/* Made by nvrm-sass from schemas/hw/sass. "
              "*/\n#include <nvrm/sass_table.h>\n\n");
    emit_values(m, t);
    emit_groups(m, t);
    emit_widths(m, t);
    emit_rows(m, t);
    emit_forms(m, t);
    emit_strings(m, t);
    if (!sass_set_find(m, "SREG90", &sreg))
        sreg = 0xffff;
    gen_textf(m->g, t, "const uint16_t sass_sreg_set = %u;\n", sreg);
}
