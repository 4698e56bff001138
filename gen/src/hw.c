/* SPDX-License-Identifier: MIT */
/* nvrm/hw.h over the generated tables. */
#include <nvrm/hw.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hw_priv.h"

const char *
nvrm_hw_text(uint32_t name)
{
    return nvrm_hw_pool + name;
}

unsigned
nvrm_hw_class_count(void)
{
    return nvrm_hw_classes_n;
}

const struct nvrm_hw_class *
nvrm_hw_class_at(unsigned index)
{
    return index < nvrm_hw_classes_n ? &nvrm_hw_classes[index] : NULL;
}

const struct nvrm_hw_class *
nvrm_hw_class(uint32_t id)
{
    for (unsigned i = 0; i < nvrm_hw_classes_n; i++)
        if (nvrm_hw_classes[i].id == id)
            return &nvrm_hw_classes[i];
    return NULL;
}

const struct nvrm_hw_class *
nvrm_hw_class_named(const char *name)
{
    const char *digits = strncasecmp(name, "NV", 2) ? name : name + 2;
    char *end;
    const unsigned long id = strtoul(digits, &end, 16);

    if (end == digits + 4 && !*end)
        return nvrm_hw_class((uint32_t)id);
    for (unsigned i = 0; i < nvrm_hw_classes_n; i++)
        if (nvrm_hw_classes[i].name && !strcasecmp(nvrm_hw_text(nvrm_hw_classes[i].name), name))
            return &nvrm_hw_classes[i];
    return NULL;
}

static const struct nvrm_hw_item *
item_at(unsigned first, unsigned count, unsigned index)
{
    return index < count ? &nvrm_hw_items[nvrm_hw_indexes[first + index]] : NULL;
}

const struct nvrm_hw_item *
nvrm_hw_method_at(const struct nvrm_hw_class *c, unsigned index)
{
    return item_at(c->method_first, c->method_count, index);
}

const struct nvrm_hw_item *
nvrm_hw_record_at(const struct nvrm_hw_class *c, unsigned index)
{
    return item_at(c->record_first, c->record_count, index);
}

/* The element of an array at an address. */
static bool
element_of(const struct nvrm_hw_item *m, uint32_t address, unsigned *i, unsigned *j)
{
    uint32_t off = address - m->at;
    const unsigned a = m->step_i ? off / m->step_i : 0;

    if (address < m->at || a >= m->n)
        return false;
    off -= a * m->step_i;
    if (m->step_j ? off % m->step_j || off / m->step_j >= m->m : off)
        return false;
    *i = a;
    *j = m->step_j ? off / m->step_j : 0;
    return true;
}

static const struct nvrm_hw_item *
plain_method(const struct nvrm_hw_class *c, uint32_t address)
{
    unsigned lo = 0, hi = c->array_first;

    while (lo < hi) {
        const unsigned mid = (lo + hi) / 2;
        const struct nvrm_hw_item *m = nvrm_hw_method_at(c, mid);

        if (m->at == address)
            return m;
        if (m->at < address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const struct nvrm_hw_item *
nvrm_hw_method(const struct nvrm_hw_class *c, uint32_t address, unsigned *i, unsigned *j)
{
    const struct nvrm_hw_item *m = plain_method(c, address);
    unsigned none;

    i = i ? i : &none;
    j = j ? j : &none;
    *i = *j = 0;
    if (m)
        return m;
    for (unsigned k = c->array_first; k < c->method_count; k++) {
        m = nvrm_hw_method_at(c, k);
        if (m->at > address)
            break;
        if (element_of(m, address, i, j))
            return m;
    }
    return NULL;
}

const struct nvrm_hw_item *
nvrm_hw_method_named(const struct nvrm_hw_class *c, const char *name)
{
    for (unsigned i = 0; i < c->method_count; i++) {
        const struct nvrm_hw_item *m = nvrm_hw_method_at(c, i);

        if (!strcmp(nvrm_hw_text(m->name), name))
            return m;
    }
    return NULL;
}

const struct nvrm_hw_item *
nvrm_hw_record(const struct nvrm_hw_class *c, const char *name)
{
    for (; c; c = c->parent ? nvrm_hw_class(c->parent) : NULL)
        for (unsigned i = 0; i < c->record_count; i++) {
            const struct nvrm_hw_item *r = nvrm_hw_record_at(c, i);

            if (!strcmp(nvrm_hw_text(r->name), name))
                return r;
        }
    return NULL;
}

const struct nvrm_hw_field *
nvrm_hw_field_at(const struct nvrm_hw_item *item, unsigned index)
{
    return index < item->field_count ? &nvrm_hw_fields[item->field_first + index] : NULL;
}

const struct nvrm_hw_field *
nvrm_hw_field_named(const struct nvrm_hw_item *item, const char *name)
{
    for (unsigned i = 0; i < item->field_count; i++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(item, i);

        if (!strcmp(nvrm_hw_text(f->name), name))
            return f;
    }
    return NULL;
}

const struct nvrm_hw_value *
nvrm_hw_value_at(const struct nvrm_hw_field *f, unsigned index)
{
    return index < f->value_count ? &nvrm_hw_values[f->value_first + index] : NULL;
}

const char *
nvrm_hw_value_name(const struct nvrm_hw_field *f, uint64_t value)
{
    for (unsigned i = f->value_count; i-- > 0;)
        if (nvrm_hw_value_at(f, i)->value == value)
            return nvrm_hw_text(nvrm_hw_value_at(f, i)->name);
    return NULL;
}

bool
nvrm_hw_value_named(const struct nvrm_hw_field *f, const char *name, uint32_t *value_out)
{
    for (unsigned i = 0; i < f->value_count; i++) {
        const struct nvrm_hw_value *v = nvrm_hw_value_at(f, i);

        if (!strcmp(nvrm_hw_text(v->name), name)) {
            *value_out = v->value;
            return true;
        }
    }
    return false;
}

const struct nvrm_hw_value *
nvrm_hw_constant_at(const struct nvrm_hw_class *c, unsigned index)
{
    return index < c->constant_count ? &nvrm_hw_constants[c->constant_first + index] : NULL;
}
