/* SPDX-License-Identifier: MIT */
/*
 * YAML to tables: the input is up to four documents separated by lines "%%" (schemas/rm,
 * overlay, core.yaml, versions.yaml); whatever it is, nvrm-gen either refuses it with an error
 * or builds tables that can be walked and written out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"

struct input {
    const char *text[4];
    size_t n[4];
};

static void
split(struct input *in, const char *p, size_t size)
{
    for (int i = 0; i < 4; i++) {
        const char *end = i < 3 ? memmem(p, size, "\n%%\n", 4) : NULL;

        in->text[i] = p;
        in->n[i] = end ? (size_t)(end - p) : size;
        size -= end ? in->n[i] + 4 : size;
        p = end ? end + 4 : p;
        if (!end)
            break;
    }
}

static void
walk(const struct nvrm_schema *s)
{
    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        const struct nvrm_abi abi = {s, (nvrm_release)r};

        for (unsigned i = 0; i < nvrm_struct_count(s); i++) {
            const struct nvrm_layout *l = nvrm_struct_at(abi, (uint16_t)i);
            const struct nvrm_field *f = l ? nvrm_layout_fields(s, l) : NULL;

            for (unsigned k = 0; l && k < l->fields; k++) {
                const uint64_t end =
                    f[k].offset + (uint64_t)nvrm_field_elem_bytes(s, &f[k]) * f[k].count;

                if (end > l->size || !nvrm_field_find(s, l, nvrm_str(s, f[k].name)))
                    abort();
            }
        }
        for (unsigned i = 0; i < nvrm_control_count(s); i++) {
            const struct nvrm_control *c = nvrm_control_at(abi, i);

            if (c && !nvrm_control_by_id(abi, c->id))
                abort();
        }
        nvrm_nearest_name(abi, ~0u, "NV2080_CTRL_CMD");
    }
}

static void
compile(struct gen *g, void *ctx)
{
    static const char versions[] = "releases: {1.1: {}, 2.1: {parent: 1.1}}";
    const struct input *in = ctx;
    struct gen_model *m = gen_alloc(g, sizeof(*m));
    struct gen_text out = {0};
    struct gen_build *b;
    struct gen_node *root;

    root = gen_yaml(g, "versions", in->n[3] ? in->text[3] : versions,
                    in->n[3] ? in->n[3] : sizeof(versions) - 1);
    gen_stop_on_errors(g);
    gen_load_versions(g, m, root);
    root = gen_yaml(g, "rm", in->text[0], in->n[0]);
    gen_stop_on_errors(g);
    gen_load_rm(g, m, root);
    gen_stop_on_errors(g);
    gen_model_finish(g, m);
    if (in->n[1] && (root = gen_yaml(g, "overlay", in->text[1], in->n[1])))
        *gen_push(g, &m->overlays) = root;
    if (in->n[2] && (root = gen_yaml(g, "core", in->text[2], in->n[2])))
        gen_load_core(g, m, root);
    gen_stop_on_errors(g);
    b = gen_compile_model(g, m);
    walk(&b->schema);
    gen_emit_tables(b, "schema", &out);
    gen_emit_types(b, &out);
    gen_emit_ids(b, &out);
    gen_emit_calls(b, &out);
    gen_emit_wire_asserts(b, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {0};
    struct gen g;

    split(&in, (const char *)data, size);
    gen_init(&g);
    gen_try(&g, compile, &in);
    gen_fini(&g);
    return 0;
}
