/* SPDX-License-Identifier: MIT */
/*
 * Static asserts on the vendor's own structs: size and offset of every field of every struct of
 * one release, to be compiled after the vendor's headers. A struct's name stands as "@struct
 * NAME@": whether the headers call it NAME or struct NAME is for the test to find out
 * (tests/abi/vendor_tables.sh).
 */
#include <string.h>

#include "emit.h"

struct asserts {
    struct gen_build *b;
    struct gen_text *out;
    const char *type; /* "@struct NAME@" */
};

/* Members without a name of their own are called anonymousN in the schema. */
static bool
is_anonymous(const char *name)
{
    return strncmp(name, "anonymous", 9) == 0 && name[9] >= '1' && name[9] <= '9';
}

static void
assert_fields(struct asserts *a, const struct nvrm_layout *l, const char *path, uint32_t base)
{
    const struct nvrm_schema *s = &a->b->schema;
    const struct nvrm_field *f = nvrm_layout_fields(s, l);

    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_layout *inner = nvrm_layout_at(s, f[i].ref);
        const char *name = nvrm_str(s, f[i].name);
        const bool in_place = inner && strchr(nvrm_str(s, inner->name), '.');

        if (f[i].bit_len)
            continue;
        if (inner && is_anonymous(name)) {
            assert_fields(a, inner, path, base + f[i].offset);
            continue;
        }
        gen_textf(a->b->g, a->out,
                  "_Static_assert(__builtin_offsetof(%s, %s%s) == %u, \"%s%s\");\n", a->type,
                  path, name, base + f[i].offset, path, name);
        if (in_place && !(f[i].flags & NVRM_FIELD_ARRAY))
            assert_fields(a, inner, gen_internf(a->b->g, "%s%s.", path, name),
                          base + f[i].offset);
    }
}

unsigned
gen_emit_vendor_asserts(struct gen_build *b, uint32_t release, bool sdk, struct gen_text *out)
{
    static const char sdk_path[] = "src/common/sdk/nvidia/inc/";
    const struct gen_table *t = &b->m->t[GEN_STRUCTS];
    unsigned structs = 0;

    for (uint32_t i = 0; i < t->n; i++) {
        const struct gen_variant *v = gen_at(&t->p[i], release);
        const struct nvrm_layout *l;
        struct asserts a = {.b = b, .out = out};

        if (!v || sdk != (v->header && strncmp(v->header, sdk_path, sizeof(sdk_path) - 1) == 0))
            continue;
        l = nvrm_layout_at(&b->schema, gen_layout_of(b, &t->p[i], release));
        a.type = gen_internf(b->g, "@%s %s@", l->flags & NVRM_LAYOUT_UNION ? "union" : "struct",
                             t->p[i].name);
        gen_textf(b->g, out, "_Static_assert(sizeof(%s) == %u, \"%s\");\n", a.type, l->size,
                  t->p[i].name);
        assert_fields(&a, l, "", 0);
        structs++;
    }
    return structs;
}
