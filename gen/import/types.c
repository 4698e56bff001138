/* SPDX-License-Identifier: MIT */
/* LP64 layout of parsed aggregates: natural alignment, packing, aligned attributes, bit-fields,
 * flexible tails. */
#include "types.h"

static bool
element_layout(const struct imp_type *t, uint64_t *size, unsigned *align)
{
    switch (t->kind) {
    case TYPE_PRIM:
        *size = *align = t->size;
        return true;
    case TYPE_ENUM:
        *size = *align = 4;
        return true;
    case TYPE_PTR:
        *size = *align = 8;
        return true;
    case TYPE_AGG:
        *size = t->agg->size;
        *align = t->agg->align;
        return t->agg->complete && !t->agg->why;
    default:
        return false;
    }
}

bool
imp_type_layout(const struct imp_type *t, uint64_t *size_out, unsigned *align_out)
{
    if (!element_layout(t, size_out, align_out))
        return false;
    for (unsigned i = 0; i < t->dims; i++)
        *size_out *= t->dim[i];
    if (t->align > *align_out)
        *align_out = t->align;
    return true;
}

static uint64_t
round_up(uint64_t n, unsigned align)
{
    return align ? (n + align - 1) / align * align : n;
}

struct cursor {
    uint64_t bit; /* first free bit */
    uint64_t size;
    unsigned align, pack;
    bool is_union;
};

static void
place_bits(struct cursor *c, struct imp_field *f, uint64_t size, unsigned align)
{
    uint64_t unit = size * 8;

    if (c->is_union)
        c->bit = 0;
    if (c->pack != 1 && c->bit % unit + f->bits > unit)
        c->bit = round_up(c->bit, (unsigned)unit);
    f->offset = c->bit / unit * size;
    f->bit_off = (unsigned)(c->bit % unit);
    c->bit += f->bits;
    if (align > c->align)
        c->align = align;
    if ((c->bit + 7) / 8 > c->size)
        c->size = (c->bit + 7) / 8;
}

static void
place(struct cursor *c, struct imp_field *f, uint64_t size, unsigned align)
{
    if (c->is_union)
        c->bit = 0;
    f->offset = round_up((c->bit + 7) / 8, align);
    c->bit = (f->offset + size) * 8;
    if (align > c->align)
        c->align = align;
    if (f->offset + size > c->size)
        c->size = f->offset + size;
}

static bool
lay_out(struct imp_field *fields, size_t count, bool is_union, unsigned pack, bool attributes,
        struct cursor *c, size_t *bad)
{
    *c = (struct cursor){.align = 1, .pack = pack, .is_union = is_union};
    for (size_t i = 0; i < count; i++) {
        struct imp_type t = fields[i].type;
        unsigned align, attribute = attributes ? t.align : 0;
        uint64_t size;

        t.align = 0;
        *bad = i;
        if (!imp_type_layout(&t, &size, &align))
            return false;
        if (pack && align > pack)
            align = pack;
        if (attribute > align)
            align = attribute;
        if (fields[i].bits)
            place_bits(c, &fields[i], size, align);
        else
            place(c, &fields[i], size, align);
    }
    c->size = round_up(c->size, c->align);
    return true;
}

void
imp_agg_layout(struct imp_agg *agg, struct imp_arena *a)
{
    struct cursor c;
    size_t bad = 0;

    agg->complete = true;
    if (!lay_out(agg->fields, agg->count, agg->is_union, agg->packed ? 1 : agg->pack, true, &c,
                 &bad)) {
        const struct imp_type *t = &agg->fields[bad].type;

        agg->why = imp_printf(a, "field '%s' has %s",
                              agg->fields[bad].name ? agg->fields[bad].name : "(anonymous)",
                              t->why                                ? t->why
                              : t->kind == TYPE_AGG && t->agg->why  ? t->agg->why
                              : t->kind == TYPE_AGG && t->agg->name ? t->agg->name
                                                                    : "an incomplete type");
        return;
    }
    agg->size = c.size;
    agg->align = c.align;
    if (agg->count && agg->fields[agg->count - 1].type.flexible && !agg->is_union) {
        agg->has_flex = true;
        agg->flex_offset = agg->fields[agg->count - 1].offset;
    }
}

bool
imp_agg_is_natural(const struct imp_agg *agg)
{
    struct imp_field copy;
    struct cursor c = {.align = 1, .is_union = agg->is_union};

    for (size_t i = 0; i < agg->count; i++) {
        struct imp_type t = agg->fields[i].type;
        unsigned align;
        uint64_t size;

        t.align = 0;
        if (!imp_type_layout(&t, &size, &align))
            return false;
        copy = agg->fields[i];
        if (copy.bits)
            place_bits(&c, &copy, size, align);
        else
            place(&c, &copy, size, align);
        if (copy.offset != agg->fields[i].offset || copy.bit_off != agg->fields[i].bit_off)
            return false;
    }
    return c.align == agg->align && round_up(c.size, c.align) == agg->size;
}
