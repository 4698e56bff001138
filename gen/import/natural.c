/* SPDX-License-Identifier: MIT */
/* The reader's side of the layout rule: offsets from field order and types, as docs/schema.md
 * promises. */
#include "natural.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    const struct imp_model *m;
    unsigned release;
    struct imp_arena *a;
    struct imp_natural *out;
    struct imp_error *err;
    const char *name;
    int depth;
};

struct extent {
    uint64_t size, tail;
    unsigned align;
};

static const struct {
    const char *name;
    unsigned bytes;
} prims[] = {
    {"u8",     1},
    {"u16",    2},
    {"u32",    4},
    {"u64",    8},
    {"s8",     1},
    {"s16",    2},
    {"s32",    4},
    {"s64",    8},
    {"char",   1},
    {"bool",   1},
    {"ptr",    8},
    {"handle", 4},
    {"status", 4},
    {"fd",     4},
};

static bool aggregate(struct walk *w, const struct imp_flow *members, bool is_union,
                      unsigned pack, const char *prefix, uint64_t base, bool record,
                      struct extent *e);

static const char *
body_of(const struct walk *w, enum imp_section s, const char *name)
{
    const struct imp_entry *e = imp_map_get(&w->m->entries[s], name);

    return e ? e->body[w->release] : NULL;
}

static bool
bad(struct walk *w, const char *what, const char *which)
{
    return imp_fail(w->err, NULL, 0, "struct '%s' of %s: %s '%s'", w->name,
                    w->m->releases[w->release].name, what, which);
}

/* A struct, union or enum by name. */
static bool
named(struct walk *w, const char *type, struct extent *e)
{
    const char *body = body_of(w, SEC_STRUCTS, type);
    const struct imp_flow *f, *members, *pack;

    if (!body && body_of(w, SEC_ENUMS, type)) {
        *e = (struct extent){.size = 4, .align = 4};
        return true;
    }
    f = body ? imp_flow_parse(w->a, body) : NULL;
    members = imp_flow_get(f, "struct");
    if (!members)
        members = imp_flow_get(f, "union");
    if (!members || w->depth > 64)
        return bad(w, "unknown type", type);
    pack = imp_flow_get(f, "pack");
    w->depth++;
    if (!aggregate(w, members, strcmp(members->key, "union") == 0, pack ? 1 : 0, "", 0, false,
                   e))
        return false;
    w->depth--;
    return true;
}

/* "u32*4*2/3" -> the type, the product of its counts and the bit width. */
static char *
split_type(struct walk *w, const char *text, uint64_t *count, unsigned *bits)
{
    size_t n = strcspn(text, "*/");
    const char *p = text + n;

    *count = 1;
    *bits = 0;
    while (*p == '*' || *p == '/') {
        char *end;
        unsigned long value = strtoul(p + 1, &end, 10);

        if (*p == '*')
            *count *= value;
        else
            *bits = (unsigned)value;
        p = end;
    }
    return imp_strndup(w->a, text, n);
}

static bool
element(struct walk *w, const char *type, struct extent *e)
{
    for (size_t i = 0; i < sizeof(prims) / sizeof(*prims); i++)
        if (strcmp(type, prims[i].name) == 0) {
            *e = (struct extent){.size = prims[i].bytes, .align = prims[i].bytes};
            return true;
        }
    return named(w, type, e);
}

static void
record(struct walk *w, const char *prefix, const char *name, const char *type, uint64_t offset,
       uint64_t bytes, unsigned bits, bool tail)
{
    struct imp_natural *o = w->out;

    o->leaves = imp_grow(o->leaves, o->count, &o->cap, sizeof(*o->leaves));
    o->leaves[o->count++] = (struct imp_leaf){
        .name = imp_printf(w->a, "%s%s", prefix, name),
        .type = type,
        .offset = offset,
        .bytes = bytes,
        .bits = bits,
        .anonymous = imp_has_prefix(name, "anonymous"),
        .tail = tail,
    };
}

static uint64_t
round_up(uint64_t n, unsigned align)
{
    return (n + align - 1) / align * align;
}

/* First bit of a field, given the first free bit. */
static uint64_t
place(uint64_t bit, unsigned bits, const struct extent *e, unsigned align, bool packed)
{
    const uint64_t unit = e->size * 8;

    if (!bits)
        return round_up((bit + 7) / 8, align) * 8;
    if (!packed && unit && bit % unit + bits > unit)
        return round_up(bit, (unsigned)unit);
    return bit;
}

/* How C names the members of an inline aggregate: "f.", "f[0][0]." or nothing new when it has
 * no name. */
static const char *
inner_prefix(struct walk *w, const char *prefix, const struct imp_flow *f, const char *type)
{
    char *text;

    if (imp_has_prefix(f->key, "anonymous"))
        return prefix;
    text = imp_printf(w->a, "%s%s", prefix, f->key);
    for (const char *p = f->first->key + strlen(type); *p; p++)
        if (*p == '*')
            text = imp_printf(w->a, "%s[0]", text);
    return imp_printf(w->a, "%s.", text);
}

static bool
aggregate(struct walk *w, const struct imp_flow *members, bool is_union, unsigned pack,
          const char *prefix, uint64_t base, bool keep, struct extent *out)
{
    uint64_t bit = 0, end = 0;

    *out = (struct extent){.align = 1};
    for (const struct imp_flow *f = members->first; f; f = f->next) {
        const struct imp_flow *inner = f->kind == FLOW_MAP ? f->first : NULL;
        struct extent e;
        uint64_t count, start;
        unsigned bits, align;
        char *type = split_type(w, inner ? inner->key : f->text ? f->text : "", &count, &bits);
        const bool inner_union = inner && strcmp(type, "union") == 0;

        if (inner ? !aggregate(w, inner, inner_union, pack, "", 0, false, &e)
                  : !element(w, type, &e))
            return inner ? false : bad(w, "a field with the type of", f->key);
        align = pack && e.align > pack ? pack : e.align;
        start = place(is_union ? 0 : bit, bits, &e, align, pack == 1);
        bit = bits ? start + bits : start + e.size * count * 8;
        if (align > out->align)
            out->align = align;
        if ((bit + 7) / 8 > end)
            end = (bit + 7) / 8;
        if (!f->next && !is_union && count == 0)
            out->tail = start / 8;
        if (!keep)
            continue;
        record(w, prefix, f->key, inner ? "" : type, base + start / 8, e.size * count, bits,
               count == 0);
        if (inner && !aggregate(w, inner, inner_union, pack, inner_prefix(w, prefix, f, type),
                                base + start / 8, true, &e))
            return false;
    }
    out->size = round_up(end, out->align);
    return true;
}

static uint64_t
number(const struct imp_flow *f, const char *key)
{
    const struct imp_flow *n = imp_flow_get(f, key);

    return n && n->text ? strtoull(n->text, NULL, 0) : 0;
}

bool
imp_natural(const struct imp_model *m, unsigned release, const char *name, struct imp_arena *a,
            struct imp_natural *out, struct imp_error *err)
{
    struct walk w = {.m = m, .release = release, .a = a, .out = out, .err = err, .name = name};
    const char *body = body_of(&w, SEC_STRUCTS, name);
    const struct imp_flow *f = body ? imp_flow_parse(a, body) : NULL, *members;
    struct extent e;

    *out = (struct imp_natural){0};
    members = imp_flow_get(f, "struct");
    if (!members)
        members = imp_flow_get(f, "union");
    if (!members)
        return bad(&w, "no layout for", name);
    if (!aggregate(&w, members, strcmp(members->key, "union") == 0,
                   imp_flow_get(f, "pack") ? 1 : 0, "", 0, true, &e))
        return false;
    out->size = e.size;
    out->align = e.align;
    out->tail = e.tail;
    out->declared = number(f, "size");
    out->declared_tail = number(f, "tail");
    return true;
}
