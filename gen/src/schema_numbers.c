/* SPDX-License-Identifier: MIT */
/*
 * Look-ups over numbers: status codes, escapes, constants, sets, chips, PCI names; and the
 * search for the name that somebody probably meant.
 */
#include "schema_priv.h"

#include <string.h>

#include "lookup.h"
#include "nearest.h"

static const struct nvrm_const *
const_at(struct nvrm_abi abi, const struct nvrm_names *names, uint32_t row)
{
    const uint32_t found = nvrm_names_at(abi, names, row);

    return found == NVRM_RUN_NONE ? NULL : &abi.schema->const_rows[found];
}

/* Status codes and escapes */

const char *
nvrm_status_name(struct nvrm_abi abi, uint32_t status)
{
    const struct nvrm_schema *s = abi.schema;

    for (uint32_t i = nvrm_ids_find(s->status_ids, s->status_id_count, status);
         i < s->status_id_count && s->status_ids[i].id == status; i++) {
        const struct nvrm_const *c = const_at(abi, &s->statuses, s->status_ids[i].row);

        if (c && c->value == status)
            return nvrm_str(s, c->name);
    }
    return NULL;
}

unsigned
nvrm_status_count(const struct nvrm_schema *s)
{
    return s->statuses.count;
}

const struct nvrm_const *
nvrm_status_at(struct nvrm_abi abi, unsigned row)
{
    return const_at(abi, &abi.schema->statuses, row);
}

const struct nvrm_const *
nvrm_status_find(struct nvrm_abi abi, const char *name)
{
    return nvrm_status_at(abi, nvrm_names_find(abi.schema, &abi.schema->statuses, name));
}

unsigned
nvrm_escape_count(const struct nvrm_schema *s)
{
    return s->escapes.count;
}

const struct nvrm_const *
nvrm_escape_at(struct nvrm_abi abi, unsigned row)
{
    return const_at(abi, &abi.schema->escapes, row);
}

/* Constants and sets */

unsigned
nvrm_constant_count(const struct nvrm_schema *s)
{
    return s->numbers.count;
}

const struct nvrm_const *
nvrm_constant_at(struct nvrm_abi abi, unsigned row)
{
    return const_at(abi, &abi.schema->numbers, row);
}

bool
nvrm_constant_find(struct nvrm_abi abi, const char *name, uint64_t *value_out)
{
    const struct nvrm_const *c =
        nvrm_constant_at(abi, nvrm_names_find(abi.schema, &abi.schema->numbers, name));

    if (!c || c->is_range)
        return false;
    *value_out = c->value;
    return true;
}

unsigned
nvrm_set_count(const struct nvrm_schema *s, uint16_t set)
{
    return set < s->set_count ? s->lists[set].count : 0;
}

const struct nvrm_const *
nvrm_set_at(struct nvrm_abi abi, uint16_t set, unsigned row)
{
    const struct nvrm_schema *s = abi.schema;

    if (row >= nvrm_set_count(s, set))
        return NULL;
    return nvrm_constant_at(abi, s->list_rows[s->lists[set].first + row]);
}

const char *
nvrm_set_prefix(const struct nvrm_schema *s, uint16_t set)
{
    return set < s->set_count ? nvrm_str(s, s->lists[set].name) : "";
}

/* Chips and PCI names */

unsigned
nvrm_chip_classes(struct nvrm_abi abi, const char *chip, uint32_t *ids_out, unsigned max)
{
    const struct nvrm_schema *s = abi.schema;
    const uint32_t found = nvrm_names_at(abi, &s->chips, nvrm_names_find(s, &s->chips, chip));
    unsigned n = 0;

    if (found == NVRM_RUN_NONE)
        return 0;
    for (uint32_t i = 0; i < s->lists[found].count; i++) {
        const struct nvrm_class *c =
            nvrm_class_at(abi, s->list_rows[s->lists[found].first + i]);

        if (!c)
            continue;
        if (n < max)
            ids_out[n] = c->id;
        n++;
    }
    return n;
}

unsigned
nvrm_chip_count(const struct nvrm_schema *s)
{
    return s->chips.count;
}

const char *
nvrm_chip_name(const struct nvrm_schema *s, unsigned row)
{
    return row < s->chips.count ? nvrm_str(s, s->chips.name[row]) : NULL;
}

static int
pci_order(const struct nvrm_pci *row, uint16_t device, uint16_t sub_vendor, uint16_t sub_device)
{
    if (row->device != device)
        return row->device < device ? -1 : 1;
    if (row->sub_vendor != sub_vendor)
        return row->sub_vendor < sub_vendor ? -1 : 1;
    if (row->sub_device != sub_device)
        return row->sub_device < sub_device ? -1 : 1;
    return 0;
}

static const char *
pci_find(const struct nvrm_schema *s, uint16_t device, uint16_t sub_vendor, uint16_t sub_device)
{
    uint32_t lo = 0, hi = s->pci_count;

    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        const int order = pci_order(&s->pci[mid], device, sub_vendor, sub_device);

        if (order == 0)
            return nvrm_str(s, s->pci[mid].name);
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const char *
nvrm_pci_name(const struct nvrm_schema *s, uint16_t device, uint16_t sub_vendor,
              uint16_t sub_device)
{
    const char *exact = pci_find(s, device, sub_vendor, sub_device);

    return exact ? exact : pci_find(s, device, 0, 0);
}

/* Suggestions */

static void
nearest_in(struct nvrm_abi abi, const struct nvrm_names *names, const char *typed,
           const char **best, unsigned *limit)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const char *name = nvrm_str(abi.schema, names->name[i]);
        unsigned d;

        if (nvrm_names_at(abi, names, i) == NVRM_RUN_NONE)
            continue;
        d = nvrm_name_distance(typed, name, *limit);
        if (d < *limit) {
            *limit = d;
            *best = name;
        }
    }
}

const char *
nvrm_nearest_name(struct nvrm_abi abi, unsigned kinds, const char *name)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_names *const lists[] = {&s->structs, &s->controls, &s->classes, &s->rpcs,
                                              &s->statuses};
    const char *best = NULL;
    unsigned limit = NVRM_FAR;

    for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (kinds & (1u << i))
            nearest_in(abi, lists[i], name, &best, &limit);
    }
    return best;
}

const char *
nvrm_nearest_field(const struct nvrm_schema *s, const struct nvrm_layout *l, const char *name)
{
    const struct nvrm_field *f = nvrm_layout_fields(s, l);
    const char *best = NULL;
    unsigned limit = NVRM_FAR;

    for (unsigned i = 0; i < l->fields; i++) {
        const char *field = nvrm_str(s, f[i].name);
        const unsigned d = nvrm_name_distance(name, field, limit);

        if (d < limit || !best) {
            limit = d < limit ? d : limit;
            best = field;
        }
    }
    return best;
}
