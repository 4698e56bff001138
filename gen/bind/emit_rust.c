/* SPDX-License-Identifier: MIT */
/*
 * Rust (1.77 on, no_std): a module of repr(C) types with const asserts. Structs in place get a
 * name of their own; bit-fields become their storage unit with a reader and a writer each.
 */
#include <inttypes.h>
#include <string.h>

#include "bind_priv.h"

static const char *const rust_types[] = {
    [NVRM_U8] = "u8",   [NVRM_U16] = "u16", [NVRM_U32] = "u32",    [NVRM_U64] = "u64",
    [NVRM_S8] = "i8",   [NVRM_S16] = "i16", [NVRM_S32] = "i32",    [NVRM_S64] = "i64",
    [NVRM_CHAR] = "u8", [NVRM_BOOL] = "u8", [NVRM_HANDLE] = "u32", [NVRM_STATUS] = "u32",
    [NVRM_FD] = "i32",  [NVRM_PTR] = "u64", [NVRM_ENUM] = "u32",   [NVRM_STRUCT] = "()",
};

static const char *const keywords[] = {
    "as",       "async",   "await", "become", "box",    "break",    "const",
    "continue", "do",      "dyn",   "else",   "enum",   "extern",   "false",
    "final",    "fn",      "for",   "gen",    "if",     "impl",     "in",
    "let",      "loop",    "macro", "match",  "mod",    "move",     "mut",
    "override", "priv",    "pub",   "ref",    "return", "static",   "struct",
    "trait",    "true",    "try",   "type",   "typeof", "unsafe",   "unsized",
    "use",      "virtual", "where", "while",  "yield",  "abstract", NULL,
};

static const char *
member(struct nvrm_bind *b, const struct nvrm_field *f)
{
    const char *name = nvrm_str(b->schema, f->name);

    if (!strcmp(name, "self") || !strcmp(name, "super") || !strcmp(name, "crate"))
        return gen_internf(&b->g, "%s_", name);
    return bind_is_word_of(keywords, name) ? gen_internf(&b->g, "r#%s", name) : name;
}

/* Types in place are called after the path to them. */
static const char *
inner_name(struct nvrm_bind *b, const char *outer, const struct nvrm_field *f)
{
    return gen_internf(&b->g, "%s__%s", outer, nvrm_str(b->schema, f->name));
}

static const char *
type_of(struct nvrm_bind *b, const char *outer, const struct nvrm_field *f)
{
    const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f->ref);
    const char *one = !inner                            ? rust_types[f->type]
                      : bind_in_place(b->schema, inner) ? inner_name(b, outer, f)
                                                        : bind_type_of(b, inner)->ident;

    if (!(f->flags & NVRM_FIELD_ARRAY))
        return one;
    if (f->inner)
        return gen_internf(&b->g, "[[%s; %u]; %u]", one, f->inner, f->count / f->inner);
    return gen_internf(&b->g, "[%s; %u]", one, f->count);
}

/* The first field of each storage unit stands for it. */
static bool
opens_unit(const struct nvrm_layout *l, const struct nvrm_field *f, unsigned i)
{
    (void)l;
    return !f[i].bit_len || !i || !f[i - 1].bit_len || f[i - 1].offset != f[i].offset;
}

static const char *
slot(struct nvrm_bind *b, const struct nvrm_field *f)
{
    return f->bit_len ? gen_internf(&b->g, "bits_%u", f->offset) : member(b, f);
}

static void
doc_line(struct nvrm_bind *b, const char *indent, const char *text, struct gen_text *out)
{
    if (*text)
        gen_textf(&b->g, out, "%s/// %s\n", indent, text);
}

static void
accessors(struct nvrm_bind *b, const char *name, const struct nvrm_layout *l,
          struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);
    bool any = false;

    for (unsigned i = 0; i < l->fields; i++) {
        const char *type = rust_types[f[i].type];
        const uint64_t mask = f[i].bit_len ? UINT64_MAX >> (64 - f[i].bit_len) : 0;

        if (!f[i].bit_len)
            continue;
        if (!any)
            gen_textf(&b->g, out, "impl %s {\n", name);
        any = true;
        gen_textf(&b->g, out,
                  "    pub fn %s(&self) -> %s { (self.bits_%u >> %u) & 0x%" PRIx64 " }\n"
                  "    pub fn set_%s(&mut self, value: %s) {\n"
                  "        self.bits_%u = (self.bits_%u & !(0x%" PRIx64
                  " << %u)) | ((value & 0x%" PRIx64 ") << %u);\n    }\n",
                  member(b, &f[i]), type, f[i].offset, f[i].bit_off, mask,
                  nvrm_str(b->schema, f[i].name), type, f[i].offset, f[i].offset, mask,
                  f[i].bit_off, mask, f[i].bit_off);
    }
    if (any)
        gen_textf(&b->g, out, "}\n");
}

static void
put_asserts(struct nvrm_bind *b, const char *name, const struct nvrm_layout *l,
            struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);

    gen_textf(&b->g, out, "const _: () = {\n    assert!(core::mem::size_of::<%s>() == %u);\n",
              name, l->size);
    for (unsigned i = 0; i < l->fields; i++)
        if (opens_unit(l, f, i))
            gen_textf(&b->g, out, "    assert!(core::mem::offset_of!(%s, %s) == %u);\n", name,
                      slot(b, &f[i]), f[i].offset);
    gen_textf(&b->g, out, "};\n");
}

static void
put_layout(struct nvrm_bind *b, const char *name, const struct nvrm_layout *l,
           struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);
    const struct nvrm_note *note = nvrm_note_at(b->schema, l->note);

    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f[i].ref);

        if (inner && bind_in_place(b->schema, inner))
            put_layout(b, inner_name(b, name, &f[i]), inner, out);
    }
    gen_textf(&b->g, out, "\n");
    doc_line(b, "", note ? nvrm_str(b->schema, note->doc) : "", out);
    if (bind_is_packed(b->schema, l))
        gen_textf(&b->g, out, "#[repr(C, packed(%u))]\n", l->align);
    else
        gen_textf(&b->g, out, "#[repr(C)]\n");
    gen_textf(&b->g, out, "#[derive(Clone, Copy)]\npub %s %s {\n",
              l->flags & NVRM_LAYOUT_UNION ? "union" : "struct", name);
    for (unsigned i = 0; i < l->fields; i++) {
        if (!opens_unit(l, f, i))
            continue;
        doc_line(b, "    ", f[i].bit_len ? "" : bind_field_doc(b, &f[i]), out);
        gen_textf(&b->g, out, "    pub %s: %s,\n", slot(b, &f[i]), type_of(b, name, &f[i]));
    }
    gen_textf(&b->g, out,
              "}\nimpl Default for %s {\n    /// All bytes zero, which every field can be.\n"
              "    fn default() -> Self {\n        unsafe { core::mem::zeroed() }\n    }\n}\n",
              name);
    accessors(b, name, l, out);
    put_asserts(b, name, l, out);
}

static void
put_number(struct nvrm_bind *b, const struct bind_number *n, struct gen_text *out)
{
    if (n->kind == BIND_RANGE) {
        gen_textf(&b->g, out, "pub const %s__SHIFT: u32 = %u;\n", n->ident, n->lo);
        if (n->hi < 64)
            gen_textf(&b->g, out, "pub const %s__MASK: %s = 0x%" PRIx64 ";\n", n->ident,
                      n->hi < 32 ? "u32" : "u64",
                      (UINT64_MAX >> (63 - n->hi)) & (UINT64_MAX << n->lo));
        return;
    }
    doc_line(b, "", nvrm_str(b->schema, n->doc), out);
    gen_textf(&b->g, out, "pub const %s: %s = 0x%" PRIx64 ";\n", n->ident,
              n->value > UINT32_MAX ? "u64" : "u32", n->value);
}

static void
put_row(struct nvrm_bind *b, const struct bind_row *row, struct gen_text *out)
{
    gen_textf(&b->g, out,
              "    Row { kind: \"%s\", name: \"%s\", id: 0x%" PRIx64
              ", type_name: \"%s\", size: %u, from: %u, to: %u },\n",
              row->kind, row->name, row->id ? row->id->value : 0,
              row->params ? row->params->ident : "",
              row->params ? row->params->layout->size : 0, row->from, row->to);
}

void
bind_emit_rust(struct nvrm_bind *b, struct gen_text *out)
{
    gen_textf(&b->g, out, "// SPDX-License-Identifier: MIT\n");
    bind_notice(b, "rust", "//", out);
    gen_textf(&b->g, out,
              "#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals, "
              "dead_code)]\n\n");
    for (uint32_t i = 0; i < b->numbers.n; i++)
        put_number(b, &b->numbers.p[i], out);
    for (uint32_t i = 0; i < b->types.n; i++)
        put_layout(b, b->types.p[i].ident, b->types.p[i].layout, out);
    gen_textf(&b->g, out,
              "\n/// The chosen releases; rows speak of them by index.\n"
              "pub const RELEASES: &[&str] = &[\n");
    for (unsigned i = 0; i < b->release_count; i++)
        gen_textf(&b->g, out, "    \"%s\",\n", nvrm_release_name(b->schema, b->releases[i]));
    gen_textf(
        &b->g, out,
        "];\n\n/// What a name is from release `from` to release `to`: its id, and the type "
        "that it takes or is.\n#[derive(Clone, Copy, Debug)]\npub struct Row {\n"
        "    pub kind: &'static str,\n    pub name: &'static str,\n    pub id: u64,\n"
        "    pub type_name: &'static str,\n    pub size: u32,\n    pub from: u16,\n"
        "    pub to: u16,\n}\npub const ROWS: &[Row] = &[\n");
    bind_rows(b, put_row, out);
    gen_textf(&b->g, out, "];\n");
}
