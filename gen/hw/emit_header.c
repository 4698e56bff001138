/* SPDX-License-Identifier: MIT */
/* nvrm/cl/clXXXX.h: constants of a class for the compiler, and for each method a struct of its
 * fields with the function that packs them. */
#include "hw.h"

#include <inttypes.h>
#include <string.h>

struct out {
    struct gen *g;
    struct gen_text *t;
    char cl[8]; /* "NVC7B5" */
};

/* "(0x800u + (i) * 64u)" and the parameters that go with it. */
static void
emit_place(struct out *o, const char *name, const char *suffix, const struct hw_lin *at)
{
    const char *args = !at->step_i ? "" : at->step_j ? "(i, j)" : "(i)";

    gen_textf(o->g, o->t, "#define %s_%s%s%s ", o->cl, name, suffix, args);
    if (!at->step_i)
        gen_textf(o->g, o->t, "0x%" PRIx64 "u\n", at->at);
    else if (!at->step_j)
        gen_textf(o->g, o->t, "(0x%" PRIx64 "u + (i) * %" PRIu64 "u)\n", at->at, at->step_i);
    else
        gen_textf(o->g, o->t, "(0x%" PRIx64 "u + (i) * %" PRIu64 "u + (j) * %" PRIu64 "u)\n",
                  at->at, at->step_i, at->step_j);
}

static void
emit_values(struct out *o, const char *head, const struct hw_field *f)
{
    for (uint32_t i = 0; i < f->values.n; i++)
        gen_textf(o->g, o->t, "#define %s_%s%s_%s 0x%" PRIx64 "u\n", o->cl, head, f->name,
                  f->values.p[i].name, f->values.p[i].value);
}

static uint64_t
mask_of(const struct hw_field *f)
{
    const uint64_t width = f->hi - f->lo.at + 1;

    return width < 32 ? (UINT64_C(1) << width) - 1 : UINT32_MAX;
}

static void
emit_method(struct out *o, const struct hw_item *m)
{
    const char *head = gen_internf(o->g, "%s_", m->name);

    emit_place(o, m->name, "", &m->at);
    if (m->at.step_i)
        gen_textf(o->g, o->t, "#define %s_%s__N %" PRIu64 "u\n", o->cl, m->name,
                  m->at.n * m->at.m);
    for (uint32_t i = 0; i < m->fields.n; i++) {
        const struct hw_field *f = &m->fields.p[i];

        gen_textf(o->g, o->t,
                  "#define %s_%s%s__SHIFT %" PRIu64 "\n#define %s_%s%s__MASK 0x%" PRIx64 "u\n",
                  o->cl, head, f->name, f->lo.at, o->cl, head, f->name, mask_of(f) << f->lo.at);
        emit_values(o, head, f);
    }
    if (!m->fields.n)
        return;
    gen_textf(o->g, o->t, "struct %s_%s__FIELDS {\n    uint32_t ", o->cl, m->name);
    for (uint32_t i = 0; i < m->fields.n; i++)
        gen_textf(o->g, o->t, "%s%s", i ? ", " : "", m->fields.p[i].name);
    gen_textf(o->g, o->t,
              ";\n};\nstatic inline uint32_t\n%s_%s__PACK(const struct %s_%s__FIELDS f)\n"
              "{\n    return ",
              o->cl, m->name, o->cl, m->name);
    for (uint32_t i = 0; i < m->fields.n; i++) {
        const struct hw_field *f = &m->fields.p[i];

        gen_textf(o->g, o->t, i ? " |\n           " : "");
        gen_textf(o->g, o->t,
                  f->lo.at ? "(f.%s & 0x%" PRIx64 "u) << %" PRIu64 : "(f.%s & 0x%" PRIx64 "u)",
                  f->name, mask_of(f), f->lo.at);
    }
    gen_textf(o->g, o->t, ";\n}\n");
}

static void
emit_record(struct out *o, const struct hw_item *r)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < r->fields.n; i++) {
        const struct hw_field *f = &r->fields.p[i];
        const char *name = gen_internf(o->g, "%s%s", r->prefix, f->name);
        const uint64_t last =
            f->hi + (f->lo.n - 1) * f->lo.step_i + (f->lo.m - 1) * f->lo.step_j;

        emit_place(o, name, "__LO", &f->lo);
        gen_textf(o->g, o->t, "#define %s_%s__WIDTH %" PRIu64 "u\n", o->cl, name,
                  f->hi - f->lo.at + 1);
        if (f->lo.step_i)
            gen_textf(o->g, o->t, "#define %s_%s__N %" PRIu64 "u\n", o->cl, name,
                      f->lo.n * f->lo.m);
        emit_values(o, r->prefix, f);
        end = last + 1 > end ? last + 1 : end;
    }
    gen_textf(o->g, o->t, "#define %s_%s__WORDS %" PRIu64 "u\n", o->cl, r->name,
              (end + 31) / 32);
}

static void
emit_sheet(struct out *o, const struct hw_sheet *s)
{
    gen_textf(o->g, o->t, "\n/* %s */\n", s->file);
    for (uint32_t i = 0; i < s->constants.n; i++)
        gen_textf(o->g, o->t, "#define %s_%s 0x%" PRIx64 "u\n", o->cl, s->constants.p[i].name,
                  s->constants.p[i].value);
    for (uint32_t i = 0; i < s->methods.n; i++)
        emit_method(o, &s->methods.p[i]);
    for (uint32_t i = 0; i < s->records.n; i++)
        emit_record(o, &s->records.p[i]);
}

void
hw_emit_header(struct gen *g, const struct hw_set *set, uint64_t id, struct gen_text *out)
{
    struct out o = {.g = g, .t = out};
    const char *cl = gen_internf(g, "NV%04" PRIX64, id);

    memcpy(o.cl, cl, 7);
    gen_textf(
        g, out,
        "/* SPDX-License-Identifier: MIT */\n"
        "/* Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights "
        "reserved.\n"
        " * Used under the permission notice in LICENSE. Made by nvrm-hw from schemas/hw. "
        "*/\n"
        "#ifndef NVRM_CL_%s_H\n#define NVRM_CL_%s_H\n\n#include <stdint.h>\n",
        cl, cl);
    for (uint32_t i = 0; i < set->n; i++) {
        const struct hw_sheet *s = &set->p[i];

        if (s->id != id)
            continue;
        if (s->name[0])
            gen_textf(g, out, "\n#define %s 0x%04" PRIx64 "u\n", s->name, s->id);
        emit_sheet(&o, s);
    }
    gen_textf(g, out, "\n#endif\n");
}
