/* SPDX-License-Identifier: MIT */
/* Recursive-descent parser for C declarations. Function bodies and initialisers are skipped,
 * expressions go to expr.c. */
#include "decl.h"

#include "decl_priv.h"

#include <stdlib.h>
#include <string.h>

bool
decl_is(const struct imp_decls *d, const char *text)
{
    return imp_tok_is(d->t, text);
}

bool
decl_accept(struct imp_decls *d, const char *text)
{
    if (!decl_is(d, text))
        return false;
    d->t++;
    return true;
}

bool
decl_unexpected(struct imp_decls *d, const char *want)
{
    return imp_fail_at(d->err, d->unit, d->t, "expected %s before '%.*s'", want, (int)d->t->len,
                       d->t->s);
}

bool
decl_expect(struct imp_decls *d, const char *text)
{
    return decl_accept(d, text) || decl_unexpected(d, text);
}

/* From an opening bracket to just behind the one that closes it. */
bool
decl_skip_group(struct imp_decls *d)
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

char *
decl_text_of(struct imp_decls *d, const struct imp_tok *t)
{
    return imp_strndup(d->arena, t->s, t->len);
}

bool
decl_eval_range(struct imp_decls *d, const struct imp_tok *from, const struct imp_tok *to,
                struct imp_value *v)
{
    struct imp_scope scope = imp_decls_scope(d);

    return to > from && imp_eval(from, (size_t)(to - from), &scope, v);
}

/* __attribute__((...)): only `packed` and `aligned(n)` move bytes. */
static bool
parse_attribute(struct imp_decls *d, uint16_t *align, bool *packed)
{
    const struct imp_tok *start = d->t + 1;
    struct imp_value v;

    d->t++;
    if (!decl_is(d, "(") || !decl_skip_group(d))
        return decl_unexpected(d, "'('");
    for (const struct imp_tok *t = start; t < d->t; t++) {
        if (imp_tok_is(t, "packed") || imp_tok_is(t, "__packed__"))
            *packed = true;
        if (!imp_tok_is(t, "aligned") && !imp_tok_is(t, "__aligned__"))
            continue;
        if (decl_eval_range(d, t + 2, d->t - 3, &v) && v.bits <= 4096)
            *align = (uint16_t)v.bits;
        else
            return imp_fail_at(d->err, d->unit, t, "alignment is not a constant");
    }
    return true;
}

bool
decl_attributes(struct imp_decls *d, uint16_t *align, bool *packed)
{
    for (;;) {
        if (decl_is(d, "__attribute__") || decl_is(d, "__attribute")) {
            if (!parse_attribute(d, align, packed))
                return false;
        } else if (decl_is(d, "__asm__") || decl_is(d, "asm")) {
            d->t++;
            if (!decl_skip_group(d))
                return false;
        } else {
            return true;
        }
    }
}

static void
set_bad(struct imp_type *t, const char *why)
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
        if (decl_is(d, words[i]))
            return true;
    return false;
}

/* A name in type position: a typedef, or something the parser has not seen. */
static void
named_type(struct imp_decls *d, struct imp_type *out)
{
    const char *name = decl_text_of(d, d->t++);
    const struct imp_type *t = imp_map_get(&d->typedefs, name);

    if (t)
        *out = *t;
    else
        set_bad(out, imp_printf(d->arena, "the unknown type '%s'", name));
}

bool
decl_specifier(struct imp_decls *d, struct imp_type *out, bool *is_typedef)
{
    struct words w = {0};
    uint16_t align = 0;
    bool have = false, packed = false;

    for (;;) {
        if (decl_is(d, "typedef")) {
            *is_typedef = true;
            d->t++;
        } else if (decl_is(d, "_Atomic") || decl_is(d, "__typeof__") || decl_is(d, "typeof")) {
            if ((d->t++)->len != 7 || decl_is(d, "(")) {
                set_bad(out, imp_strdup(d->arena, "an _Atomic or typeof type"));
                have = true;
                if (!decl_skip_group(d))
                    return false;
            }
        } else if (is_qualifier(d) || (!have && count_word(&w, d->t))) {
            d->t++;
        } else if (decl_is(d, "__attribute__")) {
            if (!decl_attributes(d, &align, &packed))
                return false;
        } else if (decl_is(d, "_Alignas")) {
            return imp_fail_at(d->err, d->unit, d->t, "_Alignas");
        } else if (!have && !w.total && (decl_is(d, "struct") || decl_is(d, "union"))) {
            if (!decl_agg(d, out))
                return false;
            have = true;
        } else if (!have && !w.total && decl_is(d, "enum")) {
            if (!decl_enum(d, out))
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
        return decl_unexpected(d, "a type");
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

    while (decl_is(d, "[")) {
        const struct imp_tok *open = d->t;
        struct imp_value v = {0};

        if (!decl_skip_group(d))
            return false;
        if (d->t - open > 2 && !decl_eval_range(d, open + 1, d->t - 1, &v)) {
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
    uint16_t align = 0;
    bool packed = false, pointer;

    d->t++;
    if (++d->nesting > 64)
        return imp_fail_at(d->err, d->unit, d->t, "more than 64 levels of declarators");
    while (is_qualifier(d))
        d->t++;
    if (!decl_attributes(d, &align, &packed))
        return false;
    pointer = decl_is(d, "*");
    if (!decl_declarator(d, pointer ? &inner : type, name) || !decl_expect(d, ")"))
        return false;
    if (pointer)
        *type = inner;
    while (decl_is(d, "(") || decl_is(d, "["))
        if (!decl_skip_group(d))
            return false;
    d->nesting--;
    return true;
}

bool
decl_declarator(struct imp_decls *d, struct imp_type *type, const char **name)
{
    uint16_t align = 0;
    bool packed = false;

    if (!decl_attributes(d, &align, &packed))
        return false;
    while (decl_is(d, "*") || is_qualifier(d)) {
        if (decl_is(d, "*"))
            *type = (struct imp_type){.kind = TYPE_PTR};
        d->t++;
        if (!decl_attributes(d, &align, &packed))
            return false;
    }
    if (decl_is(d, "("))
        return parse_nested_declarator(d, type, name);
    if (d->t->kind == TOK_IDENT)
        *name = decl_text_of(d, d->t++);
    if (decl_is(d, "(")) {
        *type = (struct imp_type){.kind = TYPE_FUNC, .why = "a function type"};
        return decl_skip_group(d);
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
    if (decl_is(d, "{")) {
        *done = true;
        return decl_skip_group(d);
    }
    if (decl_accept(d, "=")) {
        while (!decl_is(d, ",") && !decl_is(d, ";")) {
            if (d->t->kind == TOK_END)
                return decl_unexpected(d, "';'");
            if (d->t->kind == TOK_PUNCT && strchr("([{", *d->t->s)) {
                if (!decl_skip_group(d))
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

    if (decl_accept(d, ";"))
        return true;
    if (decl_is(d, "_Static_assert") || decl_is(d, "__asm__") || decl_is(d, "asm")) {
        d->t++;
        return decl_skip_group(d) && decl_expect(d, ";");
    }
    if (!decl_specifier(d, &base, &is_typedef))
        return false;
    while (!decl_is(d, ";")) {
        struct imp_type type = base;
        const char *name = NULL;

        if (!decl_declarator(d, &type, &name) || !decl_attributes(d, &type.align, &packed))
            return false;
        if (!name)
            return decl_unexpected(d, "a name");
        if (is_typedef)
            add_typedef(d, name, &type, file);
        if (!skip_tail(d, &done))
            return false;
        if (done)
            return true;
        if (!decl_accept(d, ","))
            break;
    }
    return decl_expect(d, ";");
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
type_name(struct imp_decls *d, const struct imp_tok *t, size_t n, struct imp_type *type)
{
    const struct imp_tok *next = d->t;
    struct imp_error quiet = {0}, *err = d->err;
    const int nesting = d->nesting;
    const char *name = NULL;
    bool is_typedef = false, ok;

    d->t = t;
    d->err = &quiet;
    ok = decl_specifier(d, type, &is_typedef) && decl_declarator(d, type, &name) &&
         d->t == t + n;
    d->t = next;
    d->err = err;
    d->nesting = nesting;
    return ok;
}

static bool
scope_type(void *ctx, const struct imp_tok *t, size_t n, uint64_t *size_out, bool *unsigned_out)
{
    struct imp_decls *d = ctx;
    struct imp_type type;
    struct words w = {0};
    unsigned align;

    if (!imp_tok_is(t, "struct") && !imp_tok_is(t, "union") && !imp_tok_is(t, "enum") &&
        !imp_tok_is(t, "const") && !count_word(&w, t) &&
        !imp_map_get(&d->typedefs, decl_text_of(d, t)))
        return false;
    if (!type_name(d, t, n, &type))
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
