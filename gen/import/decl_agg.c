/* SPDX-License-Identifier: MIT */
/* The bodies of enums, structs and unions: enumerators with their values, members with their
 * declarators and bit widths. */
#include "decl_priv.h"

#include <string.h>

static void **
tag_slot(struct imp_decls *d, const char *kind, const char *tag)
{
    return imp_map_at(&d->tags, imp_printf(d->arena, "%s %s", kind, tag));
}

static bool
define_enumerator(struct imp_decls *d, struct imp_enum *en, struct imp_value *next)
{
    const struct imp_tok *name = d->t++;
    struct imp_enumerator item = {.name = decl_text_of(d, name)};
    uint16_t align = 0;
    bool packed = false;

    if (name->kind != TOK_IDENT) {
        d->t--;
        return decl_unexpected(d, "an enumerator");
    }
    if (!decl_attributes(d, &align, &packed))
        return false;
    if (decl_accept(d, "=")) {
        const struct imp_tok *from = d->t;

        while (d->t->kind != TOK_END && !decl_is(d, ",") && !decl_is(d, "}")) {
            if (decl_is(d, "(")) {
                if (!decl_skip_group(d))
                    return false;
            } else {
                d->t++;
            }
        }
        if (!decl_eval_range(d, from, d->t, next))
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
    d->enums = imp_grow(d->enums, d->enum_count, &d->enum_cap, sizeof(void *));
    d->enums[d->enum_count++] = en;
    return en;
}

bool
decl_enum(struct imp_decls *d, struct imp_type *out)
{
    const struct imp_tok *start = d->t++;
    struct imp_value next = {0};
    struct imp_enum *en = NULL;
    const char *tag = NULL;
    uint16_t align = 0;
    bool packed = false;
    void **slot = NULL;

    if (!decl_attributes(d, &align, &packed))
        return false;
    if (d->t->kind == TOK_IDENT)
        tag = decl_text_of(d, d->t++);
    if (tag) {
        slot = tag_slot(d, "enum", tag);
        en = *slot;
    }
    if (!en)
        en = new_enum(d, start, tag);
    if (slot)
        *slot = en;
    *out = (struct imp_type){.kind = TYPE_ENUM, .en = en};
    if (!decl_accept(d, "{"))
        return tag ? true : decl_unexpected(d, "'{'");
    en->file = start->file;
    en->line = start->line;
    while (!decl_is(d, "}")) {
        if (!define_enumerator(d, en, &next))
            return false;
        if (!decl_accept(d, ","))
            break;
    }
    en->complete = true;
    return decl_expect(d, "}") && decl_attributes(d, &align, &packed) &&
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
    d->aggs = imp_grow(d->aggs, d->agg_count, &d->agg_cap, sizeof(void *));
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

    while (d->t->kind != TOK_END && !decl_is(d, ",") && !decl_is(d, ";") &&
           !decl_is(d, "__attribute__"))
        d->t++;
    if (!decl_eval_range(d, from, d->t, &v) || v.bits == 0 || v.bits > 64)
        return imp_fail_at(d->err, d->unit, from,
                           "bit-field width is not a constant from 1 to 64");
    f->bits = (unsigned)v.bits;
    if (f->type.dims || (f->type.kind != TYPE_PRIM && f->type.kind != TYPE_ENUM) ||
        f->bits > (f->type.kind == TYPE_ENUM ? 32u : f->type.size * 8u))
        return imp_fail_at(d->err, d->unit, from,
                           "bit-field wider than its type, or of no integer");
    return true;
}

/* One `specifier declarator, declarator;` inside a struct. */
static bool
parse_member(struct imp_decls *d, struct imp_agg *agg)
{
    struct imp_type base;
    bool is_typedef = false, packed = false;

    while (decl_accept(d, ";"))
        ;
    if (decl_is(d, "_Static_assert")) {
        d->t++;
        return decl_skip_group(d) && decl_expect(d, ";");
    }
    if (!decl_specifier(d, &base, &is_typedef))
        return false;
    if (decl_is(d, ";")) {
        struct imp_field f = {.type = base, .line = d->t->line};

        d->t++;
        if (base.kind == TYPE_AGG && !base.agg->tag)
            return add_field(d, agg, f);
        return true;
    }
    do {
        struct imp_field f = {.type = base, .line = d->t->line};

        if (!decl_is(d, ":") && !decl_declarator(d, &f.type, &f.name))
            return false;
        if (decl_accept(d, ":") && !parse_bit_width(d, &f))
            return false;
        if (!f.name)
            return imp_fail_at(d->err, d->unit, d->t, "a member without a name");
        if (!decl_attributes(d, &f.type.align, &packed) || !add_field(d, agg, f))
            return false;
    } while (decl_accept(d, ","));
    return decl_expect(d, ";");
}

static bool
parse_members(struct imp_decls *d, struct imp_agg *agg)
{
    const struct imp_tok *open = d->t - 1;

    if (++d->nesting > 64)
        return imp_fail_at(d->err, d->unit, open, "more than 64 levels of structs");
    while (!decl_is(d, "}")) {
        if (d->t->kind == TOK_END)
            return imp_fail_at(d->err, d->unit, open, "'{' is never closed");
        if (!parse_member(d, agg))
            return false;
        while (decl_accept(d, ";"))
            ;
    }
    d->nesting--;
    return decl_expect(d, "}");
}

bool
decl_agg(struct imp_decls *d, struct imp_type *out)
{
    const struct imp_tok *start = d->t;
    bool is_union = decl_accept(d, "union") || !decl_accept(d, "struct");
    const char *tag = NULL;
    struct imp_agg *agg = NULL;
    uint16_t align = 0;
    bool packed = false;
    void **slot;

    if (!decl_attributes(d, &align, &packed))
        return false;
    if (d->t->kind == TOK_IDENT)
        tag = decl_text_of(d, d->t++);
    if (tag) {
        slot = tag_slot(d, is_union ? "union" : "struct", tag);
        if (!*slot)
            *slot = new_agg(d, start, tag, is_union);
        agg = *slot;
    } else {
        agg = new_agg(d, start, NULL, is_union);
    }
    *out = (struct imp_type){.kind = TYPE_AGG, .agg = agg};
    if (!decl_is(d, "{"))
        return tag ? true : decl_unexpected(d, "'{'");
    if (agg->complete)
        return imp_fail_at(d->err, d->unit, start, "'%s' is defined twice", agg->name);
    agg->file = start->file;
    agg->line = start->line;
    agg->pack = d->t->pack;
    agg->nested = d->nesting > 0;
    d->t++;
    if (!parse_members(d, agg) || !decl_attributes(d, &align, &packed))
        return false;
    agg->packed = packed;
    imp_agg_layout(agg, d->arena);
    if (align > agg->align) {
        agg->align = align;
        agg->size = (agg->size + align - 1) / align * align;
    }
    return true;
}
