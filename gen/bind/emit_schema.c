/* SPDX-License-Identifier: MIT */
/*
 * JSON Schema: the page of a single struct as it is, or a bundle in which each type is a schema
 * of its own and any of them fits.
 */
#include <string.h>

#include "bind_priv.h"
#include "emit.h"

static void
put_notice(struct nvrm_bind *b, struct gen_text *out)
{
    struct gen_text notice = {0};

    bind_notice(b, "json-schema", "", &notice);
    gen_textf(&b->g, out, "  \"$comment\": \"SPDX-License-Identifier: MIT\\n");
    for (size_t i = 0; i < notice.n; i++) {
        const char c = notice.p[i];

        if (c == '\n')
            gen_textf(&b->g, out, "\\n");
        else if (c == '"' || c == '\\')
            gen_textf(&b->g, out, "\\%c", c);
        else
            gen_text_add(&b->g, out, &c, 1);
    }
    gen_textf(&b->g, out, "\",\n");
}

static void
put_ids(struct nvrm_bind *b, struct gen_text *out)
{
    gen_textf(&b->g, out, "  \"anyOf\": [");
    for (uint32_t i = 0; i < b->types.n; i++)
        gen_textf(&b->g, out, "%s\n    {\"$ref\": \"urn:nvrm:%s:%s\"}", i ? "," : "",
                  nvrm_release_name(b->schema, b->types.p[i].first), b->types.p[i].name);
    gen_textf(&b->g, out, "\n  ],\n");
}

void
bind_emit_json_schema(struct nvrm_bind *b, struct gen_text *out)
{
    gen_textf(&b->g, out,
              "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
              "  \"$id\": \"urn:nvrm:bindings\",\n");
    put_notice(b, out);
    if (b->types.n)
        put_ids(b, out);
    gen_textf(&b->g, out, "  \"$defs\": {");
    for (uint32_t i = 0; i < b->types.n; i++) {
        const struct bind_type *t = &b->types.p[i];

        gen_textf(&b->g, out, "%s\n\"%s\": ", i ? "," : "", t->ident);
        gen_emit_json_schema(&b->g, (struct nvrm_abi){b->schema, t->first}, t->layout, out);
        if (out->p[out->n - 1] == '\n')
            out->n--;
    }
    gen_textf(&b->g, out, "\n  }\n}\n");
}
