/* SPDX-License-Identifier: MIT */
/*
 * C (C11, also C++ and Linux kernel code): one header, each type with asserts on its size and
 * offsets. The table of ids and layouts by release is there with NVRM_BINDINGS_TABLE defined.
 */
#include <inttypes.h>

#include "bind_priv.h"

static const char *const c_types[] = {
    [NVRM_U8] = "uint8_t",    [NVRM_U16] = "uint16_t",    [NVRM_U32] = "uint32_t",
    [NVRM_U64] = "uint64_t",  [NVRM_S8] = "int8_t",       [NVRM_S16] = "int16_t",
    [NVRM_S32] = "int32_t",   [NVRM_S64] = "int64_t",     [NVRM_CHAR] = "char",
    [NVRM_BOOL] = "uint8_t",  [NVRM_HANDLE] = "uint32_t", [NVRM_STATUS] = "uint32_t",
    [NVRM_FD] = "int32_t",    [NVRM_PTR] = "uint64_t",    [NVRM_ENUM] = "uint32_t",
    [NVRM_STRUCT] = "struct",
};

static const char *const keywords[] = {
    "auto",      "break",    "case",    "const",  "continue", "default",  "do",
    "else",      "enum",     "extern",  "for",    "goto",     "if",       "inline",
    "register",  "restrict", "return",  "signed", "sizeof",   "static",   "struct",
    "switch",    "typedef",  "union",   "void",   "volatile", "while",    "class",
    "new",       "delete",   "private", "public", "this",     "template", "operator",
    "namespace", "virtual",  "try",     NULL,
};

static const char *
member(struct nvrm_bind *b, const struct nvrm_field *f)
{
    const char *name = nvrm_str(b->schema, f->name);

    return bind_is_word_of(keywords, name) ? gen_internf(&b->g, "%s_", name) : name;
}

static const char *
keyword(const struct nvrm_layout *l)
{
    return l->flags & NVRM_LAYOUT_UNION ? "union" : "struct";
}

static void
indent(struct nvrm_bind *b, unsigned depth, struct gen_text *out)
{
    for (unsigned i = 0; i < depth; i++)
        gen_text_add(&b->g, out, "    ", 4);
}

/* Text of a comment must not end it. */
static void
comment(struct nvrm_bind *b, const char *text, struct gen_text *out)
{
    if (!*text)
        return;
    gen_textf(&b->g, out, " /* ");
    for (; *text; text++)
        gen_text_add(&b->g, out, *text == '*' && text[1] == '/' ? "x" : text, 1);
    gen_textf(&b->g, out, " */");
}

/* A flexible array may stand at the end of a struct that is no part of another; elsewhere it
 * has no elements. */
static void
dims(struct nvrm_bind *b, const struct nvrm_field *f, bool may_flex, struct gen_text *out)
{
    if (f->bit_len)
        gen_textf(&b->g, out, " : %u", f->bit_len);
    else if ((f->flags & NVRM_FIELD_ARRAY) && f->inner)
        gen_textf(&b->g, out, "[%u][%u]", f->count / f->inner, f->inner);
    else if ((f->flags & NVRM_FIELD_ARRAY) && f->count)
        gen_textf(&b->g, out, "[%u]", f->count);
    else if (f->flags & NVRM_FIELD_ARRAY)
        gen_textf(&b->g, out, may_flex ? "[]" : "[0]");
}

static void
members(struct nvrm_bind *b, const struct nvrm_layout *l, unsigned depth, bool may_flex,
        struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);

    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f[i].ref);

        indent(b, depth, out);
        if (inner && bind_in_place(b->schema, inner)) {
            gen_textf(&b->g, out, "%s {\n", keyword(inner));
            members(b, inner, depth + 1, false, out);
            indent(b, depth, out);
            gen_textf(&b->g, out, "}");
        } else if (inner) {
            gen_textf(&b->g, out, "%s %s", keyword(inner), bind_type_of(b, inner)->ident);
        } else {
            gen_textf(&b->g, out, "%s", c_types[f[i].type]);
        }
        gen_textf(&b->g, out, " %s", member(b, &f[i]));
        dims(b, &f[i], may_flex && i > 0, out);
        gen_textf(&b->g, out, ";");
        comment(b, bind_field_doc(b, &f[i]), out);
        gen_textf(&b->g, out, "\n");
    }
}

/* Members of structs in place are asserted from the outermost one. */
static void
asserts(struct nvrm_bind *b, const char *type, const struct nvrm_layout *l, const char *path,
        uint32_t base, struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);

    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f[i].ref);
        const char *name = gen_internf(&b->g, "%s%s", path, member(b, &f[i]));

        if (f[i].bit_len)
            continue;
        gen_textf(&b->g, out, "NVRM_BIND_ASSERT(offsetof(%s, %s) == %u, \"%s.%s\");\n", type,
                  name, base + f[i].offset, type, name);
        if (inner && bind_in_place(b->schema, inner) && !(f[i].flags & NVRM_FIELD_ARRAY))
            asserts(b, type, inner, gen_internf(&b->g, "%s.", name), base + f[i].offset, out);
    }
}

static void
put_type(struct nvrm_bind *b, const struct bind_type *t, struct gen_text *out)
{
    const struct nvrm_layout *l = t->layout;
    const struct nvrm_note *note = nvrm_note_at(b->schema, l->note);
    const bool is_union = l->flags & NVRM_LAYOUT_UNION;
    const char *type = gen_internf(&b->g, "%s %s", keyword(l), t->ident);

    gen_textf(&b->g, out, "\n");
    if (note && note->doc) {
        comment(b, nvrm_str(b->schema, note->doc), out);
        gen_textf(&b->g, out, "\n");
    }
    gen_textf(&b->g, out, "typedef %s %s;\n%s {\n", type, t->ident, type);
    members(b, l, 1, !t->inside && !is_union, out);
    gen_textf(&b->g, out, "}");
    if (bind_is_packed(b->schema, l))
        gen_textf(&b->g, out, " __attribute__((packed, aligned(%u)))", l->align);
    gen_textf(&b->g, out, ";\nNVRM_BIND_ASSERT(sizeof(%s) == %u, \"%s\");\n", type, l->size,
              type);
    asserts(b, type, l, "", 0, out);
}

static void
put_number(struct nvrm_bind *b, const struct bind_number *n, struct gen_text *out)
{
    if (n->kind == BIND_RANGE) {
        gen_textf(&b->g, out, "#define %s__SHIFT %u\n", n->ident, n->lo);
        if (n->hi < 64)
            gen_textf(&b->g, out, "#define %s__MASK 0x%" PRIx64 "%s\n", n->ident,
                      (UINT64_MAX >> (63 - n->hi)) & (UINT64_MAX << n->lo),
                      n->hi < 32 ? "u" : "ull");
        return;
    }
    gen_textf(&b->g, out, "#define %s 0x%" PRIx64 "%s", n->ident, n->value,
              n->value > UINT32_MAX ? "ull" : "u");
    comment(b, nvrm_str(b->schema, n->doc), out);
    gen_textf(&b->g, out, "\n");
}

static void
put_row(struct nvrm_bind *b, const struct bind_row *row, struct gen_text *out)
{
    gen_textf(&b->g, out, "    {\"%s\", \"%s\", 0x%" PRIx64 ", ", row->kind, row->name,
              row->id ? row->id->value : 0);
    if (row->params)
        gen_textf(&b->g, out, "\"%s\", %u", row->params->ident, row->params->layout->size);
    else
        gen_textf(&b->g, out, "0, 0");
    gen_textf(&b->g, out, ", %u, %u},\n", row->from, row->to);
}

static void
put_table(struct nvrm_bind *b, struct gen_text *out)
{
    gen_textf(&b->g, out,
              "\n#ifdef NVRM_BINDINGS_TABLE\n"
              "/* The chosen releases; rows speak of them by index. */\n"
              "static const char *const nvrm_bind_releases[] = {\n");
    for (unsigned i = 0; i < b->release_count; i++)
        gen_textf(&b->g, out, "    \"%s\",\n", nvrm_release_name(b->schema, b->releases[i]));
    gen_textf(
        &b->g, out,
        "};\n\n/* What a name is from release `from` to release `to`: its id, and the type "
        "that it takes or is. */\n"
        "struct nvrm_bind_row {\n"
        "    const char *kind, *name;\n    uint64_t id;\n    const char *type;\n"
        "    uint32_t size_bytes;\n    uint16_t from, to;\n};\n"
        "static const struct nvrm_bind_row nvrm_bind_rows[] = {\n");
    bind_rows(b, put_row, out);
    gen_textf(&b->g, out, "};\n#endif\n");
}

void
bind_emit_c(struct nvrm_bind *b, struct gen_text *out)
{
    gen_textf(&b->g, out, "/* SPDX-License-Identifier: MIT */\n/*\n");
    bind_notice(b, "c", " *", out);
    gen_textf(&b->g, out,
              " */\n#ifndef NVRM_BINDINGS_H\n#define NVRM_BINDINGS_H\n\n"
              "#ifdef __KERNEL__\n#include <linux/stddef.h>\n#include <linux/types.h>\n"
              "#else\n#include <stddef.h>\n#include <stdint.h>\n#endif\n\n"
              "#ifdef __cplusplus\n#define NVRM_BIND_ASSERT(what, text) static_assert(what, "
              "text)\n#else\n#define NVRM_BIND_ASSERT(what, text) _Static_assert(what, "
              "text)\n#endif\n\n");
    for (uint32_t i = 0; i < b->numbers.n; i++)
        put_number(b, &b->numbers.p[i], out);
    for (uint32_t i = 0; i < b->types.n; i++)
        put_type(b, &b->types.p[i], out);
    put_table(b, out);
    gen_textf(&b->g, out, "\n#endif\n");
}
