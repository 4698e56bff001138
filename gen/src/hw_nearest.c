/* SPDX-License-Identifier: MIT */
/* "Did you mean" for names of hardware classes. */
#include <nvrm/hw.h>

#include "nearest.h"

struct best {
    const char *typed, *name;
    unsigned distance;
};

static void
offer(struct best *b, const char *candidate)
{
    const unsigned d = nvrm_name_distance(b->typed, candidate, b->distance);

    if (d < b->distance) {
        b->distance = d;
        b->name = candidate;
    }
}

const char *
nvrm_hw_nearest_class(const char *name)
{
    struct best b = {name, NULL, NVRM_FAR};

    for (unsigned i = 0; i < nvrm_hw_class_count(); i++)
        if (nvrm_hw_class_at(i)->name)
            offer(&b, nvrm_hw_text(nvrm_hw_class_at(i)->name));
    return b.name;
}

const char *
nvrm_hw_nearest_method(const struct nvrm_hw_class *c, const char *name)
{
    struct best b = {name, NULL, NVRM_FAR};

    for (unsigned i = 0; i < c->method_count; i++)
        offer(&b, nvrm_hw_text(nvrm_hw_method_at(c, i)->name));
    return b.name;
}

const char *
nvrm_hw_nearest_field(const struct nvrm_hw_item *item, const char *name)
{
    struct best b = {name, NULL, NVRM_FAR};

    for (unsigned i = 0; i < item->field_count; i++)
        offer(&b, nvrm_hw_text(nvrm_hw_field_at(item, i)->name));
    return b.name;
}

const char *
nvrm_hw_nearest_value(const struct nvrm_hw_field *f, const char *name)
{
    struct best b = {name, NULL, NVRM_FAR};

    for (unsigned i = 0; i < f->value_count; i++)
        offer(&b, nvrm_hw_text(nvrm_hw_value_at(f, i)->name));
    return b.name;
}
