/* SPDX-License-Identifier: MIT */
/* Static asserts on a vendor header: every address, range and value that the YAML file of the
 * header stands for. Names of the parent that a partial header lacks are left out by the
 * preprocessor. */
#include "hw.h"

#include <inttypes.h>
#include <string.h>

struct asserts {
    struct gen *g;
    struct gen_text *t;
    const char *cl; /* "NVC7B5" */
    bool partial;
    uint64_t word_bits; /* where the word begins that the header's bits are of */
    unsigned count;
};

/* "(1, 2)", "(1)" or "", for elements of arrays. */
static const char *
index_of(struct asserts *a, const struct hw_lin *at, unsigned i, unsigned j)
{
    return !at->step_i  ? ""
           : at->step_j ? gen_internf(a->g, "(%u, %u)", i, j)
                        : gen_internf(a->g, "(%u)", i);
}

static void
begin(struct asserts *a, const char *name)
{
    if (a->partial)
        gen_textf(a->g, a->t, "#ifdef %s_%s\n", a->cl, name);
    a->count++;
}

static void
end(struct asserts *a)
{
    if (a->partial)
        gen_textf(a->g, a->t, "#endif\n");
}

static void
assert_number(struct asserts *a, const char *name, const char *args, uint64_t value)
{
    begin(a, name);
    gen_textf(a->g, a->t, "_Static_assert(%s_%s%s == 0x%" PRIx64 ", \"%s%s\");\n", a->cl, name,
              args, value, name, args);
    end(a);
}

static void
assert_field(struct asserts *a, const char *head, const struct hw_field *f)
{
    const char *name = gen_internf(a->g, "%s%s", head, f->name);

    for (unsigned i = 0; i < (f->lo.step_i ? 2u : 1u); i++) {
        const char *args = index_of(a, &f->lo, i, 2 * i);
        const uint64_t off = f->lo.step_i * i + f->lo.step_j * 2 * i - a->word_bits;

        begin(a, name);
        gen_textf(a->g, a->t,
                  "_Static_assert((1 ? %s_%s%s) == %" PRIu64 " && (0 ? %s_%s%s) == %" PRIu64
                  ", \"%s%s\");\n",
                  a->cl, name, args, f->hi + off, a->cl, name, args, f->lo.at + off, name,
                  args);
        end(a);
    }
    for (uint32_t k = 0; k < f->values.n; k++)
        assert_number(a, gen_internf(a->g, "%s_%s", name, f->values.p[k].name), "",
                      f->values.p[k].value);
}

static void
assert_fields(struct asserts *a, const char *head, const struct hw_item *item)
{
    for (uint32_t i = 0; i < item->fields.n; i++) {
        const struct hw_field *f = &item->fields.p[i];

        a->word_bits = item->prefix && !item->prefix[0] ? f->lo.at / 32 * 32 : 0;
        assert_field(a, head, f);
    }
}

unsigned
hw_emit_asserts(struct gen *g, const struct hw_sheet *s, const char *path, bool partial,
                struct gen_text *out)
{
    struct asserts a = {g, out, gen_internf(g, "NV%04" PRIX64, s->id), partial, 0, 0};

    gen_textf(g, out, "#include \"%s\"\n#define MW(range) range\n", path);
    for (uint32_t i = 0; i < s->constants.n; i++)
        assert_number(&a, s->constants.p[i].name, "", s->constants.p[i].value);
    for (uint32_t i = 0; i < s->methods.n; i++) {
        const struct hw_item *m = &s->methods.p[i];

        for (unsigned k = 0; k < (m->at.step_i ? 2u : 1u); k++)
            assert_number(&a, m->name, index_of(&a, &m->at, k, 2 * k),
                          m->at.at + (uint64_t)k * m->at.step_i + 2ull * k * m->at.step_j);
        assert_fields(&a, gen_internf(g, "%s_", m->name), m);
    }
    for (uint32_t i = 0; i < s->records.n; i++)
        assert_fields(&a, s->records.p[i].prefix, &s->records.p[i]);
    return a.count;
}
