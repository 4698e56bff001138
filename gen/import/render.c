/* SPDX-License-Identifier: MIT */
/* Turns parsed aggregates and enums into rows. Layout is checked here: what natural alignment
 * does not explain fails. */
#include "render.h"

#include <string.h>

struct render {
    struct imp_decls *d;
    struct imp_facts *f;
    struct imp_error *err;
};

static const char *
path_of(const struct render *r, uint16_t file)
{
    return r->d->unit->files[file];
}

static bool
in_sdk(const struct render *r, uint16_t file)
{
    return strstr(path_of(r, file), "sdk/nvidia/inc/");
}

/* The name that a field spells, when that alias is rendered as a struct of its own: overlays
 * say different things about NV2080_CTRL_FB_INFO and NV2080_CTRL_BUS_INFO, which share a
 * layout. */
static const char *
agg_name(const struct render *r, const struct imp_type *t)
{
    if (t->alias && in_sdk(r, t->alias_file))
        return t->alias;
    return t->agg->name;
}

/* The union of all messages only lends its alignment to the flexible tail of the message
 * header. */
static bool
is_message_union(const struct imp_type *t)
{
    return t->kind == TYPE_AGG && t->agg->name && t->flexible &&
           strcmp(t->agg->name, "rpc_generic_union") == 0;
}

static void
count_suffix(struct imp_buf *b, const struct imp_field *f)
{
    for (unsigned i = 0; i < f->type.dims; i++)
        imp_buf_printf(b, "*%llu", (unsigned long long)f->type.dim[i]);
    if (f->bits)
        imp_buf_printf(b, "/%u", f->bits);
}

static bool render_members(struct render *r, const struct imp_agg *agg, struct imp_buf *b);

static bool
render_type(struct render *r, const struct imp_agg *agg, const struct imp_field *f,
            struct imp_buf *b)
{
    const struct imp_type *t = &f->type;
    const bool fd = t->kind == TYPE_PRIM && strcmp(t->prim, "s32") == 0 && f->name &&
                    strcmp(f->name, "fd") == 0;

    if (is_message_union(t)) {
        imp_buf_str(b, "u64*0");
        return true;
    }
    if (t->kind == TYPE_AGG && !t->agg->name) {
        imp_buf_printf(b, "{%s", t->agg->is_union ? "union" : "struct");
        count_suffix(b, f);
        imp_buf_str(b, ": ");
        if (!render_members(r, t->agg, b))
            return false;
        imp_buf_str(b, "}");
        return true;
    }
    switch (t->kind) {
    case TYPE_PRIM:
        imp_buf_str(b, fd ? "fd" : t->prim);
        break;
    case TYPE_PTR:
        imp_buf_str(b, "ptr");
        break;
    case TYPE_ENUM:
        imp_buf_str(b, t->en->name ? t->en->name : "u32");
        break;
    case TYPE_AGG:
        imp_buf_str(b, agg_name(r, t));
        break;
    default:
        return imp_fail(r->err, path_of(r, agg->file), f->line, "field '%s' has %s", f->name,
                        t->why ? t->why : "no type");
    }
    count_suffix(b, f);
    return true;
}

static bool
render_members(struct render *r, const struct imp_agg *agg, struct imp_buf *b)
{
    unsigned anonymous = 0;

    imp_buf_str(b, "{");
    for (size_t i = 0; i < agg->count; i++) {
        const struct imp_field *f = &agg->fields[i];

        imp_buf_str(b, i ? ", " : "");
        if (f->name)
            imp_buf_str(b, f->name);
        else
            imp_buf_printf(b, "anonymous%u", ++anonymous);
        imp_buf_str(b, ": ");
        if (!render_type(r, agg, f, b))
            return false;
    }
    imp_buf_str(b, "}");
    return true;
}

/* pack: 1 when that alone explains the layout. */
static bool
layout_key(struct render *r, const struct imp_agg *agg, struct imp_buf *b)
{
    const bool packed = agg->packed || agg->pack == 1;

    if (agg->has_flex && agg->flex_offset != agg->size)
        imp_buf_printf(b, "tail: %llu, ", (unsigned long long)agg->flex_offset);
    if (imp_agg_is_natural(agg))
        return true;
    if (!packed)
        return imp_fail(r->err, path_of(r, agg->file), agg->line,
                        "the layout of '%s' is neither natural nor packed", agg->name);
    imp_buf_str(b, "pack: 1, ");
    return true;
}

static bool
render_agg(struct render *r, const struct imp_agg *agg, const char *name, uint16_t file)
{
    struct imp_buf b = {0};
    bool ok = true;

    if (!agg->complete || agg->why)
        return imp_fail(r->err, path_of(r, agg->file), agg->line, "'%s' has no layout: %s",
                        name, agg->why ? agg->why : "it is never defined");
    imp_buf_printf(&b, "{size: %llu, ", (unsigned long long)agg->size);
    ok = layout_key(r, agg, &b);
    imp_buf_str(&b, agg->is_union ? "union: " : "struct: ");
    ok = ok && render_members(r, agg, &b);
    imp_buf_str(&b, "}");
    ok = ok &&
         imp_fact_add(r->f, SEC_STRUCTS, name, path_of(r, file), agg->line, b.data, r->err);
    imp_buf_fini(&b);
    return ok;
}

static bool
render_enum(struct render *r, const struct imp_enum *en)
{
    struct imp_buf b = {0};
    bool ok = true;

    if (en->name)
        imp_buf_str(&b, "{");
    for (size_t i = 0; i < en->count && ok; i++) {
        if (en->name) {
            imp_buf_printf(&b, "%s%s: ", i ? ", " : "", en->items[i].name);
            imp_value_print(&en->items[i].value, &b);
            continue;
        }
        b.len = 0;
        imp_value_print(&en->items[i].value, &b);
        ok = imp_fact_add(r->f, SEC_CONSTANTS, en->items[i].name, path_of(r, en->file),
                          en->line, b.data, r->err);
    }
    if (en->name) {
        imp_buf_str(&b, "}");
        ok = imp_fact_add(r->f, SEC_ENUMS, en->name, path_of(r, en->file), en->line, b.data,
                          r->err);
    }
    imp_buf_fini(&b);
    return ok;
}

static bool
holds_c_pointer(const struct imp_agg *agg)
{
    for (size_t i = 0; i < agg->count; i++) {
        const struct imp_type *t = &agg->fields[i].type;

        if (t->kind == TYPE_PTR ||
            (t->kind == TYPE_AGG && t->agg->complete && holds_c_pointer(t->agg)))
            return true;
    }
    return false;
}

/* Mark an aggregate and all that its members name. */
static void
want(struct imp_agg *agg)
{
    if (agg->wanted)
        return;
    agg->wanted = true;
    for (size_t i = 0; i < agg->count; i++) {
        const struct imp_type *t = &agg->fields[i].type;

        if (t->kind == TYPE_AGG && !is_message_union(t))
            want(t->agg);
        if (t->kind == TYPE_ENUM)
            t->en->wanted = true;
    }
}

static void
choose(struct render *r, struct imp_render_stats *stats)
{
    struct imp_decls *d = r->d;

    for (size_t i = 0; i < d->agg_count; i++) {
        struct imp_agg *agg = d->aggs[i];

        if (!d->file_wanted[agg->file] || !agg->complete || !agg->name)
            continue;
        if (strcmp(agg->name, "rpc_generic_union") == 0 ||
            strcmp(agg->name, "rpc_message_generic_union") == 0 ||
            (!in_sdk(r, agg->file) && holds_c_pointer(agg)))
            stats->internal++;
        else
            want(agg);
    }
    for (size_t i = 0; i < d->enum_count; i++)
        if (d->file_wanted[d->enums[i]->file] && d->enums[i]->complete)
            d->enums[i]->wanted = true;
}

bool
imp_want_struct(struct imp_decls *d, const char *name)
{
    const struct imp_type *t = imp_map_get(&d->typedefs, name);

    if (!t || t->kind != TYPE_AGG || !t->agg->complete)
        return false;
    want(t->agg);
    return true;
}

/* rpc_generic_union and the RPC enums are not rows of their own: functions and events hold
 * them. */
static bool
is_rpc_enum(const struct render *r, const struct imp_enum *en)
{
    return imp_has_suffix(path_of(r, en->file), "/rpc_global_enums.h");
}

bool
imp_render(struct imp_decls *d, struct imp_facts *f, struct imp_render_stats *stats,
           struct imp_error *err)
{
    struct render r = {d, f, err};

    choose(&r, stats);
    for (size_t i = 0; i < d->agg_count; i++) {
        const struct imp_agg *agg = d->aggs[i];

        if (!agg->wanted || !agg->name)
            continue;
        if (!render_agg(&r, agg, agg->name, agg->file))
            return false;
        stats->structs++;
    }
    for (size_t i = 0; i < d->enum_count; i++) {
        if (!d->enums[i]->wanted || is_rpc_enum(&r, d->enums[i]))
            continue;
        if (!render_enum(&r, d->enums[i]))
            return false;
        stats->enums++;
    }
    for (size_t i = 0; i < d->alias_count; i++) {
        const struct imp_alias *al = &d->aliases[i];

        if (!in_sdk(&r, al->file) || !al->agg->wanted || !d->file_wanted[al->file])
            continue;
        if (!render_agg(&r, al->agg, al->name, al->file))
            return false;
        stats->aliases++;
    }
    return true;
}
