/* SPDX-License-Identifier: MIT */
/* Recursive-descent parser for C declarations. Function bodies and initialisers are skipped,
 * expressions go to expr.c. */
#include "decl.h"

#include <stdlib.h>
#include <string.h>

static bool parse_specifier(struct imp_decls *d, struct imp_type *out, bool *is_typedef);
static bool parse_declarator(struct imp_decls *d, struct imp_type *type, const char **name);

static bool
is(const struct imp_decls *d, const char *text)
{
    return imp_tok_is(d->t, text);
}

static bool
accept(struct imp_decls *d, const char *text)
{
    if (!is(d, text))
        return false;
    d->t++;
    return true;
}

static bool
unexpected(struct imp_decls *d, const char *want)
{
    return imp_fail_at(d->err, d->unit, d->t, "expected %s before '%.*s'", want, (int)d->t->len,
                       d->t->s);
}

static bool
expect(struct imp_decls *d, const char *text)
{
    return accept(d, text) || unexpected(d, text);
}

/* From an opening bracket to just behind the one that closes it. */
static bool
skip_group(struct imp_decls *d)
{
    const struct imp_tok *open = d->t;
    int depth = 0;

    do {
        if (d->t->kind == TOK_END)
            return imp_fail_at(d->err, d->unit, open, "'%.*s' is never closed", (int)open->len,
                               open->s);
        if (d->t->kind == TOK_PUNCT && strchr("([{", *d->t->s))
            depth++;
        else if (d->t->kind == TOK_PUNCT && strchr(")]}", *d->t->s))
            depth--;
        d->t++;
    } while (depth > 0);
    return true;
}

static char *
text_of(struct imp_decls *d, const struct imp_tok *t)
{
    return imp_strndup(d->arena, t->s, t->len);
}

static bool
eval_range(struct imp_decls *d, const struct imp_tok *from, const struct imp_tok *to,
           struct imp_value *v)
{
    struct imp_scope scope = imp_decls_scope(d);

    return imp_eval(from, (size_t)(to - from), &scope, v);
}

/* __attribute__((...)): only `packed` and `aligned(n)` move bytes. */
static bool
parse_attribute(struct imp_decls *d, uint16_t *align, bool *packed)
{
    const struct imp_tok *start = d->t + 1;
    struct imp_value v;

    d->t++;
    if (!is(d, "(") || !skip_group(d))
        return unexpected(d, "'('");
    for (const struct imp_tok *t = start; t < d->t; t++) {
        if (imp_tok_is(t, "packed") || imp_tok_is(t, "__packed__"))
            *packed = true;
        if (!imp_tok_is(t, "aligned") && !imp_tok_is(t, "__aligned__"))
            continue;
        if (eval_range(d, t + 2, d->t - 3, &v) && v.bits <= 4096)
            *align = (uint16_t)v.bits;
        else
            return imp_fail_at(d->err, d->unit, t, "alignment is not a constant");
    }
    return true;
}

static bool
parse_attributes(struct imp_decls *d, uint16_t *align, bool *packed)
{
    for (;;) {
        if (is(d, "__attribute__") || is(d, "__attribute")) {
            if (!parse_attribute(d, align, packed))
                return false;
        } else if (is(d, "__asm__") || is(d, "asm")) {
            d->t++;
            if (!skip_group(d))
                return false;
        } else {
            return true;
        }
    }
}

static void
set_bad(struct imp_type *t, char *why)
{
    *t = (struct imp_type){.kind = TYPE_BAD, .why = why};
}

static struct imp_type
prim(const char *name, unsigned size)
{
    return (struct imp_type){.kind = TYPE_PRIM, .prim = name, .size = (uint8_t)size};
}

/* The vendor's scalar names that mean more than their width. */
static const struct {
    const char *name, *prim;
    unsigned size;
} scalars[] = {
    {"NvBool",    "bool",   1},
    {"NvHandle",  "handle", 4},
    {"NV_STATUS", "status", 4},
    {"NvP64",     "ptr",    8},
};

static bool
special_scalar(const char *name, const struct imp_type *t, struct imp_type *out)
{
    for (size_t i = 0; i < sizeof(scalars) / sizeof(*scalars); i++)
        if (strcmp(name, scalars[i].name) == 0 &&
            (t->kind == TYPE_PRIM || t->kind == TYPE_PTR)) {
            *out = prim(scalars[i].prim, scalars[i].size);
            return true;
        }
    return false;
}

struct words {
    int longs, shorts, chars, ints, is_signed, is_unsigned, voids, floats, doubles, bools,
        other;
    int total;
};

static bool
count_word(struct words *w, const struct imp_tok *t)
{
    static const struct {
        const char *word;
        size_t where;
    } table[] = {
        {"long",              offsetof(struct words, longs)      },
        {"short",             offsetof(struct words, shorts)     },
        {"char",              offsetof(struct words, chars)      },
        {"int",               offsetof(struct words, ints)       },
        {"signed",            offsetof(struct words, is_signed)  },
        {"__signed__",        offsetof(struct words, is_signed)  },
        {"unsigned",          offsetof(struct words, is_unsigned)},
        {"void",              offsetof(struct words, voids)      },
        {"float",             offsetof(struct words, floats)     },
        {"double",            offsetof(struct words, doubles)    },
        {"_Bool",             offsetof(struct words, bools)      },
        {"__int128",          offsetof(struct words, other)      },
        {"_Float128",         offsetof(struct words, other)      },
        {"__builtin_va_list", offsetof(struct words, other)      },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (imp_tok_is(t, table[i].word)) {
            ++*(int *)(void *)((char *)w + table[i].where);
            w->total++;
            return true;
        }
    return false;
}

static void
builtin_type(struct imp_decls *d, const struct words *w, struct imp_type *out)
{
    if (w->voids)
        *out = (struct imp_type){.kind = TYPE_VOID, .why = "type void"};
    else if (w->floats || w->doubles || w->other)
        set_bad(out, imp_strdup(d->arena, "a floating-point or compiler-specific type"));
    else if (w->bools)
        *out = prim("bool", 1);
    else if (w->chars)
        *out = w->is_unsigned ? prim("u8", 1) : w->is_signed ? prim("s8", 1) : prim("char", 1);
    else if (w->shorts)
        *out = w->is_unsigned ? prim("u16", 2) : prim("s16", 2);
    else if (w->longs)
        *out = w->is_unsigned ? prim("u64", 8) : prim("s64", 8);
    else
        *out = w->is_unsigned ? prim("u32", 4) : prim("s32", 4);
}

static void **
tag_slot(struct imp_decls *d, const char *kind, const char *tag)
{
    return imp_map_at(&d->tags, imp_printf(d->arena, "%s %s", kind, tag));
}

static bool
define_enumerator(struct imp_decls *d, struct imp_enum *en, struct imp_value *next)
{
    const struct imp_tok *name = d->t++;
    struct imp_enumerator item = {.name = text_of(d, name)};
    uint16_t align = 0;
    bool packed = false;

    if (name->kind != TOK_IDENT) {
        d->t--;
        return unexpected(d, "an enumerator");
    }
    if (!parse_attributes(d, &align, &packed))
        return false;
    if (accept(d, "=")) {
        const struct imp_tok *from = d->t;

        while (d->t->kind != TOK_END && !is(d, ",") && !is(d, "}")) {
            if (is(d, "(")) {
                if (!skip_group(d))
                    return false;
            } else {
                d->t++;
            }
        }
        if (!eval_range(d, from, d->t, next))
            return imp_fail_at(d->err, d->unit, name,
                               "value of enumerator '%s' is not a constant", item.name);
    }
    item.value = *next;
    next->bits++;
    en->items = imp_grow(en->items, en->count, &en->cap, sizeof(item));
    en->items[en->count++] = item;
    struct imp_value *copy = imp_alloc(d->arena, sizeof(*copy));
    *copy = item.value;
    *imp_map_at(&d->values, item.name) = copy;
    return true;
}

static struct imp_enum *
new_enum(struct imp_decls *d, const struct imp_tok *at, const char *tag)
{
    struct imp_enum *en = imp_alloc(d->arena, sizeof(*en));

    en->tag = en->name = tag;
    en->file = at->file;
    en->line = at->line;
    d->enums = imp_grow(d->enums, d->enum_count, &d->enum_cap, sizeof(*d->enums));
    d->enums[d->enum_count++] = en;
    return en;
}

static bool
parse_enum(struct imp_decls *d, struct imp_type *out)
{
    const struct imp_tok *start = d->t++;
    struct imp_value next = {0};
    struct imp_enum *en = NULL;
    const char *tag = NULL;
    uint16_t align = 0;
    bool packed = false;
    void **slot = NULL;

    if (!parse_attributes(d, &align, &packed))
        return false;
    if (d->t->kind == TOK_IDENT)
        tag = text_of(d, d->t++);
    if (tag) {
        slot = tag_slot(d, "enum", tag);
        en = *slot;
    }
    if (!en)
        en = new_enum(d, start, tag);
    if (slot)
        *slot = en;
    *out = (struct imp_type){.kind = TYPE_ENUM, .en = en};
    if (!accept(d, "{"))
        return tag ? true : unexpected(d, "'{'");
    en->file = start->file;
    en->line = start->line;
    while (!is(d, "}")) {
        if (!define_enumerator(d, en, &next))
            return false;
        if (!accept(d, ","))
            break;
    }
    en->complete = true;
    return expect(d, "}") && parse_attributes(d, &align, &packed) &&
           (!packed || imp_fail_at(d->err, d->unit, start, "packed enum"));
}

static struct imp_agg *
new_agg(struct imp_decls *d, const struct imp_tok *at, const char *tag, bool is_union)
{
    struct imp_agg *agg = imp_alloc(d->arena, sizeof(*agg));

    agg->tag = agg->name = tag;
    agg->file = at->file;
    agg->line = at->line;
    agg->is_union = is_union;
    d->aggs = imp_grow(d->aggs, d->agg_count, &d->agg_cap, sizeof(*d->aggs));
    d->aggs[d->agg_count++] = agg;
    return agg;
}

static bool
add_field(struct imp_decls *d, struct imp_agg *agg, struct imp_field f)
{
    if (f.type.kind == TYPE_FUNC)
        return imp_fail_at(d->err, d->unit, d->t, "a member is a function");
    for (size_t i = 0; i < agg->count; i++)
        if (f.name && agg->fields[i].name && strcmp(f.name, agg->fields[i].name) == 0)
            return imp_fail_at(d->err, d->unit, d->t, "two members are named '%s'", f.name);
    agg->fields = imp_grow(agg->fields, agg->count, &agg->cap, sizeof(f));
    agg->fields[agg->count++] = f;
    return true;
}

static bool
parse_bit_width(struct imp_decls *d, struct imp_field *f)
{
    const struct imp_tok *from = d->t;
    struct imp_value v;

    while (d->t->kind != TOK_END && !is(d, ",") && !is(d, ";") && !is(d, "__attribute__"))
        d->t++;
    if (!eval_range(d, from, d->t, &v) || v.bits == 0 || v.bits > 64)
        return imp_fail_at(d->err, d->unit, from,
                           "bit-field width is not a constant from 1 to 64");
    f->bits = (unsigned)v.bits;
    return true;
}

/* One `specifier declarator, declarator;` inside a struct. */
static bool
parse_member(struct imp_decls *d, struct imp_agg *agg)
{
    struct imp_type base;
    bool is_typedef = false, packed = false;

    while (accept(d, ";"))
        ;
    if (is(d, "_Static_assert")) {
        d->t++;
        return skip_group(d) && expect(d, ";");
    }
    if (!parse_specifier(d, &base, &is_typedef))
        return false;
    if (is(d, ";")) {
        struct imp_field f = {.type = base, .line = d->t->line};

        d->t++;
        if (base.kind == TYPE_AGG && !base.agg->tag)
            return add_field(d, agg, f);
        return true;
    }
    do {
        struct imp_field f = {.type = base, .line = d->t->line};

        if (!is(d, ":") && !parse_declarator(d, &f.type, &f.name))
            return false;
        if (accept(d, ":") && !parse_bit_width(d, &f))
            return false;
        if (!f.name)
            return imp_fail_at(d->err, d->unit, d->t, "a member without a name");
        if (!parse_attributes(d, &f.type.align, &packed) || !add_field(d, agg, f))
            return false;
    } while (accept(d, ","));
    return expect(d, ";");
}

static bool
parse_members(struct imp_decls *d, struct imp_agg *agg)
{
    const struct imp_tok *open = d->t - 1;

    d->nesting++;
    while (!is(d, "}")) {
        if (d->t->kind == TOK_END)
            return imp_fail_at(d->err, d->unit, open, "'{' is never closed");
        if (!parse_member(d, agg))
            return false;
        while (accept(d, ";"))
            ;
    }
    d->nesting--;
    return expect(d, "}");
}

static bool
parse_agg(struct imp_decls *d, struct imp_type *out)
{
    const struct imp_tok *start = d->t;
    bool is_union = accept(d, "union") || !accept(d, "struct");
    const char *tag = NULL;
    struct imp_agg *agg = NULL;
    uint16_t align = 0;
    bool packed = false;
    void **slot;

    if (!parse_attributes(d, &align, &packed))
        return false;
    if (d->t->kind == TOK_IDENT)
        tag = text_of(d, d->t++);
    if (tag) {
        slot = tag_slot(d, is_union ? "union" : "struct", tag);
        if (!*slot)
            *slot = new_agg(d, start, tag, is_union);
        agg = *slot;
    } else {
        agg = new_agg(d, start, NULL, is_union);
    }
    *out = (struct imp_type){.kind = TYPE_AGG, .agg = agg};
    if (!is(d, "{"))
        return tag ? true : unexpected(d, "'{'");
    if (agg->complete)
        return imp_fail_at(d->err, d->unit, start, "'%s' is defined twice", agg->name);
    agg->file = start->file;
    agg->line = start->line;
    agg->pack = d->t->pack;
    agg->nested = d->nesting > 0;
    d->t++;
    if (!parse_members(d, agg) || !parse_attributes(d, &align, &packed))
        return false;
    agg->packed = packed;
    imp_agg_layout(agg, d->arena);
    if (align > agg->align) {
        agg->align = align;
        agg->size = (agg->size + align - 1) / align * align;
    }
    return true;
}

static bool
is_qualifier(const struct imp_decls *d)
{
    static const char *const words[] = {
        "const",    "volatile",      "restrict",   "__restrict",   "__restrict__",
        "__const",  "register",      "static",     "extern",       "inline",
        "__inline", "__inline__",    "_Noreturn",  "__volatile__", "_Thread_local",
        "__thread", "__extension__", "__volatile",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (is(d, words[i]))
            return true;
    return false;
}

/* A name in type position: a typedef, or something the parser has not seen. */
static void
named_type(struct imp_decls *d, struct imp_type *out)
{
    const char *name = text_of(d, d->t++);
    const struct imp_type *t = imp_map_get(&d->typedefs, name);

    if (t)
        *out = *t;
    else
        set_bad(out, imp_printf(d->arena, "the unknown type '%s'", name));
}

static bool
parse_specifier(struct imp_decls *d, struct imp_type *out, bool *is_typedef)
{
    struct words w = {0};
    uint16_t align = 0;
    bool have = false, packed = false;

    for (;;) {
        if (is(d, "typedef")) {
            *is_typedef = true;
            d->t++;
        } else if (is(d, "_Atomic") || is(d, "__typeof__") || is(d, "typeof")) {
            if ((d->t++)->len != 7 || is(d, "(")) {
                set_bad(out, imp_strdup(d->arena, "an _Atomic or typeof type"));
                have = true;
                if (!skip_group(d))
                    return false;
            }
        } else if (is_qualifier(d)) {
            d->t++;
        } else if (is(d, "__attribute__")) {
            if (!parse_attributes(d, &align, &packed))
                return false;
        } else if (is(d, "_Alignas")) {
            return imp_fail_at(d->err, d->unit, d->t, "_Alignas");
        } else if (!have && count_word(&w, d->t)) {
            d->t++;
        } else if (!have && !w.total && (is(d, "struct") || is(d, "union"))) {
            if (!parse_agg(d, out))
                return false;
            have = true;
        } else if (!have && !w.total && is(d, "enum")) {
            if (!parse_enum(d, out))
                return false;
            have = true;
        } else if (!have && !w.total && d->t->kind == TOK_IDENT) {
            named_type(d, out);
            have = true;
        } else {
            break;
        }
    }
    if (w.total)
        builtin_type(d, &w, out);
    else if (!have)
        return unexpected(d, "a type");
    if (align)
        out->align = align;
    return true;
}

/* [n][m]... behind a declarator: these dimensions come before those of the type. */
static bool
parse_dims(struct imp_decls *d, struct imp_type *type)
{
    uint64_t dim[IMP_MAX_DIMS];
    unsigned n = 0;
    bool flexible = false;

    while (is(d, "[")) {
        const struct imp_tok *open = d->t;
        struct imp_value v = {0};

        if (!skip_group(d))
            return false;
        if (d->t - open > 2 && !eval_range(d, open + 1, d->t - 1, &v)) {
            set_bad(type, imp_strdup(d->arena, "an array length that is not a constant"));
            continue;
        }
        if (n + type->dims >= IMP_MAX_DIMS || v.bits > UINT32_MAX)
            return imp_fail_at(d->err, d->unit, open,
                               "array of more than %d dimensions or 4 G elements",
                               IMP_MAX_DIMS);
        if (v.bits == 0 && n == 0)
            flexible = true;
        dim[n++] = v.bits;
    }
    if (!n || type->kind == TYPE_BAD)
        return true;
    memmove(type->dim + n, type->dim, type->dims * sizeof(*dim));
    memcpy(type->dim, dim, n * sizeof(*dim));
    type->dims = (uint8_t)(type->dims + n);
    type->flexible = flexible;
    return true;
}

/* (*name)(args) and (*name)[n]: always a pointer for the layout. */
static bool
parse_nested_declarator(struct imp_decls *d, struct imp_type *type, const char **name)
{
    struct imp_type inner = {.kind = TYPE_PTR};

    d->t++;
    while (is_qualifier(d) || is(d, "__attribute__")) {
        bool packed;
        uint16_t align;

        if (!is(d, "__attribute__"))
            d->t++;
        else if (!parse_attributes(d, &align, &packed))
            return false;
    }
    if (!is(d, "*")) {
        if (!parse_declarator(d, type, name) || !expect(d, ")"))
            return false;
    } else {
        if (!parse_declarator(d, &inner, name) || !expect(d, ")"))
            return false;
        inner.kind = inner.kind == TYPE_FUNC ? TYPE_FUNC : TYPE_PTR;
        *type = inner;
    }
    while (is(d, "(") || is(d, "["))
        if (!skip_group(d))
            return false;
    return true;
}

static bool
parse_declarator(struct imp_decls *d, struct imp_type *type, const char **name)
{
    uint16_t align = 0;
    bool packed = false;

    if (!parse_attributes(d, &align, &packed))
        return false;
    while (is(d, "*") || is_qualifier(d)) {
        if (is(d, "*"))
            *type = (struct imp_type){.kind = TYPE_PTR};
        d->t++;
        if (!parse_attributes(d, &align, &packed))
            return false;
    }
    if (is(d, "("))
        return parse_nested_declarator(d, type, name);
    if (d->t->kind == TOK_IDENT)
        *name = text_of(d, d->t++);
    if (is(d, "(")) {
        *type = (struct imp_type){.kind = TYPE_FUNC, .why = "a function type"};
        return skip_group(d);
    }
    if (!parse_dims(d, type))
        return false;
    if (align)
        type->align = align;
    return true;
}

static void
add_typedef(struct imp_decls *d, const char *name, const struct imp_type *type, uint16_t file)
{
    struct imp_type *copy = imp_alloc(d->arena, sizeof(*copy));
    struct imp_agg *agg = type->kind == TYPE_AGG && !type->dims ? type->agg : NULL;

    if (!special_scalar(name, type, copy))
        *copy = *type;
    *imp_map_at(&d->typedefs, name) = copy;
    if (type->kind == TYPE_ENUM && !type->dims && !type->en->typedef_named) {
        type->en->typedef_named = true;
        type->en->name = name;
    }
    if (!agg)
        return;
    if (!agg->typedef_named) {
        agg->typedef_named = true;
        /* a tag that is already spelled like a type stays the name */
        if (!agg->tag || !imp_has_suffix(agg->tag, "_t"))
            agg->name = name;
    } else if (strcmp(agg->name, name) != 0) {
        copy->alias = name;
        copy->alias_file = file;
        d->aliases = imp_grow(d->aliases, d->alias_count, &d->alias_cap, sizeof(*d->aliases));
        d->aliases[d->alias_count++] = (struct imp_alias){name, agg, file};
    }
}

/* Behind the declarator of a variable or function: its initialiser or body. */
static bool
skip_tail(struct imp_decls *d, bool *done)
{
    *done = false;
    if (is(d, "{")) {
        *done = true;
        return skip_group(d);
    }
    if (accept(d, "=")) {
        while (!is(d, ",") && !is(d, ";")) {
            if (d->t->kind == TOK_END)
                return unexpected(d, "';'");
            if (d->t->kind == TOK_PUNCT && strchr("([{", *d->t->s)) {
                if (!skip_group(d))
                    return false;
            } else {
                d->t++;
            }
        }
    }
    return true;
}

static bool
parse_top(struct imp_decls *d)
{
    const uint16_t file = d->t->file;
    struct imp_type base;
    bool is_typedef = false, packed = false, done;

    if (accept(d, ";"))
        return true;
    if (is(d, "_Static_assert") || is(d, "__asm__") || is(d, "asm")) {
        d->t++;
        return skip_group(d) && expect(d, ";");
    }
    if (!parse_specifier(d, &base, &is_typedef))
        return false;
    while (!is(d, ";")) {
        struct imp_type type = base;
        const char *name = NULL;

        if (!parse_declarator(d, &type, &name) || !parse_attributes(d, &type.align, &packed))
            return false;
        if (!name)
            return unexpected(d, "a name");
        if (is_typedef)
            add_typedef(d, name, &type, file);
        if (!skip_tail(d, &done))
            return false;
        if (done)
            return true;
        if (!accept(d, ","))
            break;
    }
    return expect(d, ";");
}

/* Go to the end of a declaration that could not be parsed. */
static void
resync(struct imp_decls *d, const struct imp_tok *start)
{
    int depth = 0;
    bool body = false;

    for (d->t = start; d->t->kind != TOK_END; d->t++) {
        if (d->t->kind != TOK_PUNCT)
            continue;
        if (strchr("([{", *d->t->s)) {
            if (depth == 0 && *d->t->s == '{')
                body = d->t > start && imp_tok_is(d->t - 1, ")");
            depth++;
        } else if (strchr(")]}", *d->t->s)) {
            depth--;
            if (depth == 0 && *d->t->s == '}' && body)
                break;
        } else if (*d->t->s == ';' && depth <= 0) {
            break;
        }
    }
    if (d->t->kind != TOK_END)
        d->t++;
}

bool
imp_parse(struct imp_decls *d, struct imp_unit *u, struct imp_arena *a,
          bool (*wanted)(void *ctx, const char *file), void *ctx, struct imp_error *err)
{
    struct imp_error local = {0};

    *d = (struct imp_decls){.unit = u, .arena = a, .err = &local, .t = u->toks};
    d->file_wanted = imp_alloc(a, u->file_count * sizeof(bool));
    for (size_t i = 0; i < u->file_count; i++)
        d->file_wanted[i] = wanted(ctx, u->files[i]);
    while (d->t->kind != TOK_END) {
        const struct imp_tok *start = d->t;

        if (parse_top(d))
            continue;
        if (d->file_wanted[start->file]) {
            *err = local;
            return false;
        }
        local.set = false;
        d->nesting = 0;
        resync(d, start);
    }
    d->err = err;
    return true;
}

void
imp_decls_fini(struct imp_decls *d)
{
    for (size_t i = 0; i < d->agg_count; i++)
        free(d->aggs[i]->fields);
    for (size_t i = 0; i < d->enum_count; i++)
        free(d->enums[i]->items);
    free(d->aggs);
    free(d->enums);
    free(d->aliases);
    imp_map_fini(&d->typedefs);
    imp_map_fini(&d->tags);
    imp_map_fini(&d->values);
}

static bool
scope_lookup(void *ctx, const char *name, size_t len, struct imp_value *out)
{
    struct imp_decls *d = ctx;
    char text[256];
    const struct imp_value *v;

    if (len >= sizeof(text))
        return false;
    memcpy(text, name, len);
    text[len] = '\0';
    v = imp_map_get(&d->values, text);
    if (v)
        *out = *v;
    return v;
}

/* A type name in parentheses: specifier, maybe pointers. */
static bool
scope_type(void *ctx, const struct imp_tok *t, size_t n, uint64_t *size_out, bool *unsigned_out)
{
    struct imp_decls *d = ctx, probe;
    struct imp_error quiet = {0};
    struct imp_type type;
    const char *name = NULL;
    bool is_typedef = false;
    unsigned align;
    char *word = text_of(d, t);
    struct words w = {0};

    if (!imp_tok_is(t, "struct") && !imp_tok_is(t, "union") && !imp_tok_is(t, "enum") &&
        !imp_tok_is(t, "const") && !count_word(&w, t) && !imp_map_get(&d->typedefs, word))
        return false;
    probe = *d;
    probe.t = t;
    probe.err = &quiet;
    if (!parse_specifier(&probe, &type, &is_typedef) ||
        !parse_declarator(&probe, &type, &name) || probe.t != t + n)
        return false;
    *unsigned_out = type.kind != TYPE_PRIM || *type.prim != 's';
    *size_out = 0;
    return imp_type_layout(&type, size_out, &align);
}

struct imp_scope
imp_decls_scope(struct imp_decls *d)
{
    return (struct imp_scope){.ctx = d, .lookup = scope_lookup, .type = scope_type};
}
