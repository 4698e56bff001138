/* SPDX-License-Identifier: MIT */
/* Controls, classes, RPC functions, status codes, escapes, chips and PCI names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

uint16_t
gen_params_row(struct gen_build *b, const struct gen_variant *v, const char *name)
{
    uint32_t row;

    if (!name)
        return NVRM_NONE;
    row = gen_map_get(&b->struct_row, name);
    if (row != UINT32_MAX)
        return (uint16_t)row;
    gen_error(b->g, v->pos, "params: no release has a struct '%s'%s", name,
              gen_suggest(b->g, b->m, 1u << GEN_STRUCTS, name));
    return NVRM_NONE;
}

/* Flags: bit numbers are positions in the sorted list of all names that any release uses. */

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
collect(struct gen_build *b, struct gen_list *all, const struct gen_list *some)
{
    for (uint32_t i = 0; i < some->n; i++) {
        uint32_t k = 0;

        while (k < all->n && all->p[k] != some->p[i])
            k++;
        if (k == all->n)
            *gen_push(b->g, all) = some->p[i];
    }
}

static void
finish_flags(struct gen_build *b, struct gen_list *all, unsigned max, const char *what)
{
    if (all->n)
        qsort(all->p, all->n, sizeof(*all->p), by_text);
    if (all->n > max)
        gen_error(b->g, (struct gen_pos){"schema", 1},
                  "%u %s; %u is the most that the tables can hold", all->n, what, max);
    for (uint32_t i = 0; i < all->n; i++)
        *gen_push(b->g, &b->flag_names) = gen_str(b, all->p[i]);
}

static void
collect_flags(struct gen_build *b)
{
    const struct gen_table *controls = &b->m->t[GEN_CONTROLS], *classes = &b->m->t[GEN_CLASSES];

    for (uint32_t i = 0; i < controls->n; i++) {
        for (uint32_t v = 0; v < controls->p[i].n; v++) {
            if (controls->p[i].p[v].gone)
                continue;
            collect(b, &b->control_flags, &controls->p[i].p[v].control->flags);
            collect(b, &b->access, &controls->p[i].p[v].control->access);
        }
    }
    for (uint32_t i = 0; i < classes->n; i++) {
        for (uint32_t v = 0; v < classes->p[i].n; v++) {
            if (classes->p[i].p[v].gone)
                continue;
            collect(b, &b->class_flags, &classes->p[i].p[v].klass->flags);
            collect(b, &b->access, &classes->p[i].p[v].klass->access);
        }
    }
    finish_flags(b, &b->control_flags, 64, "control flags");
    finish_flags(b, &b->class_flags, 64, "class flags");
    finish_flags(b, &b->access, 32, "access rights");
    gen_stop_on_errors(b->g);
}

static uint64_t
flag_bits(const struct gen_list *all, const struct gen_list *some)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < some->n; i++) {
        const char **at = bsearch(&some->p[i], all->p, all->n, sizeof(*all->p), by_text);

        bits |= 1ull << (at - all->p);
    }
    return bits;
}

/* Ids */

static void
add_id(struct gen_build *b, unsigned kind, uint32_t id, uint32_t row)
{
    const uint32_t n = b->ids[kind].n;
    struct nvrm_id *at;

    for (uint32_t i = n; i-- > 0 && b->ids[kind].p[i].row == row;) {
        if (b->ids[kind].p[i].id == id)
            return;
    }
    at = gen_push(b->g, &b->ids[kind]);
    at->id = id;
    at->row = row;
}

static int
by_id(const void *a, const void *b)
{
    const struct nvrm_id *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Does a remark's safety hold in this release? "570" stands for the whole branch. */
static bool
remark_applies(const struct gen_remark *remark, const char *release)
{
    for (uint32_t i = 0; i < remark->releases.n; i++) {
        const char *r = remark->releases.p[i];
        const size_t n = strlen(r);

        if (strncmp(release, r, n) == 0 && (!release[n] || release[n] == '.'))
            return true;
    }
    return !remark->releases.n;
}

/* Rows */

static uint32_t
control_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
            uint32_t release)
{
    const struct gen_remark *remark = gen_remark_of(b->o, e->name);
    struct nvrm_control c = {
        .name = gen_str(b, e->name),
        .id = v->control->id,
        .on = gen_str(b, v->control->on),
        .access = (uint32_t)flag_bits(&b->access, &v->control->access),
        .flags = flag_bits(&b->control_flags, &v->control->flags),
        .header = gen_str(b, v->header),
        .params = gen_params_row(b, v, v->control->params),
    };

    if (remark) {
        c.doc = gen_str(b, remark->doc);
        if (remark_applies(remark, b->m->p[release].name)) {
            c.safety = remark->safety;
            c.safety_source = gen_str(b, remark->source);
            c.safety_chips = gen_str(b, remark->chips);
        }
    }
    return gen_row(b->g, &b->controls, &c);
}

static uint16_t
parents_row(struct gen_build *b, const struct gen_list *parents)
{
    uint32_t at = 0, i = 0;

    for (; at + parents->n <= b->parents.n; at++) {
        for (i = 0; i < parents->n && b->parents.p[at + i] == gen_str(b, parents->p[i]);)
            i++;
        if (i == parents->n)
            return (uint16_t)at;
    }
    at = b->parents.n;
    for (i = 0; i < parents->n; i++)
        *gen_push(b->g, &b->parents) = gen_str(b, parents->p[i]);
    return (uint16_t)at;
}

static uint32_t
class_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
          uint32_t release)
{
    const struct gen_remark *remark = gen_remark_of(b->o, e->name);
    const struct gen_class *from = v->klass;
    struct nvrm_class c = {
        .name = gen_str(b, e->name),
        .id = from->id,
        .impl = gen_str(b, from->impl),
        .access = (uint32_t)flag_bits(&b->access, &from->access),
        .flags = flag_bits(&b->class_flags, &from->flags),
        .doc = remark ? gen_str(b, remark->doc) : 0,
        .header = gen_str(b, v->header),
        .params = gen_params_row(b, v, from->params),
        .first_parent = parents_row(b, &from->parents),
        .parents = (uint8_t)from->parents.n,
        .multi = from->multi,
        .optional = from->optional,
    };

    (void)release;
    return gen_row(b->g, &b->classes, &c);
}

static uint32_t
rpc_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
        bool is_event)
{
    const struct gen_remark *remark = gen_remark_of(b->o, e->name);
    const struct nvrm_rpc f = {
        .name = gen_str(b, e->name),
        .id = v->rpc->id,
        .doc = remark ? gen_str(b, remark->doc) : 0,
        .params = gen_params_row(b, v, v->rpc->params),
        .is_event = is_event,
    };

    return gen_row(b->g, &b->rpcs, &f);
}

static uint32_t
function_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
             uint32_t release)
{
    (void)release;
    return rpc_row(b, e, v, false);
}

static uint32_t
event_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
          uint32_t release)
{
    (void)release;
    return rpc_row(b, e, v, true);
}

static uint32_t
value_row(struct gen_build *b, const struct gen_entry *e, uint64_t value, uint16_t params)
{
    const struct gen_remark *remark = gen_remark_of(b->o, e->name);
    const struct nvrm_const c = {
        .name = gen_str(b, e->name),
        .doc = remark ? gen_str(b, remark->doc) : 0,
        .value = value,
        .params = params,
    };

    return gen_row(b->g, &b->consts, &c);
}

static uint32_t
status_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
           uint32_t release)
{
    (void)release;
    return value_row(b, e, v->value, NVRM_NONE);
}

static uint32_t
escape_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
           uint32_t release)
{
    (void)release;
    return value_row(b, e, v->rpc->id, gen_params_row(b, v, v->rpc->params));
}

static uint32_t
chip_row(struct gen_build *b, const struct gen_entry *e, const struct gen_variant *v,
         uint32_t release)
{
    const uint32_t first = b->list_rows.n, count = v->list->n;
    struct nvrm_list *list;

    (void)e;
    (void)release;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t klass = gen_map_get(&b->m->t[GEN_CLASSES].by_name, v->list->p[i]);

        if (klass == UINT32_MAX)
            gen_error(b->g, v->pos, "no release has a class '%s'%s", v->list->p[i],
                      gen_suggest(b->g, b->m, 1u << GEN_CLASSES, v->list->p[i]));
        *gen_push(b->g, &b->list_rows) = klass;
    }
    for (uint32_t i = b->set_count; i < b->lists.n; i++) {
        if (b->lists.p[i].count == count &&
            (!count || memcmp(&b->list_rows.p[b->lists.p[i].first], &b->list_rows.p[first],
                              count * sizeof(*b->list_rows.p)) == 0)) {
            b->list_rows.n = first;
            return i;
        }
    }
    list = gen_push(b->g, &b->lists);
    list->first = first;
    list->count = count;
    return b->lists.n - 1;
}

typedef uint32_t row_fn(struct gen_build *b, const struct gen_entry *e,
                        const struct gen_variant *v, uint32_t release);

/* One name with its row at every release. A variant's row is computed once, unless the release
 * matters (by_release). */
static void
add_entry(struct gen_build *b, struct gen_names *names, const struct gen_entry *e, row_fn *fn,
          bool by_release)
{
    uint32_t row[GEN_RELEASES_MAX];
    const struct gen_variant *last = NULL;

    for (uint32_t r = 0; r < b->m->n; r++) {
        const struct gen_variant *v = gen_at(e, r);

        if (v && v == last && !by_release)
            row[r] = row[r - 1];
        else
            row[r] = v ? fn(b, e, v, r) : NVRM_RUN_NONE;
        last = v;
    }
    gen_name_add(b, names, e->name, row);
}

static void
add_table(struct gen_build *b, enum gen_section s, struct gen_names *names, row_fn *fn)
{
    for (uint32_t i = 0; i < b->m->t[s].n; i++) {
        const struct gen_remark *remark = gen_remark_of(b->o, b->m->t[s].p[i].name);

        add_entry(b, names, &b->m->t[s].p[i], fn, remark && remark->releases.n);
    }
}

static void
id_lists(struct gen_build *b)
{
    const struct gen_table *t = b->m->t;

    for (uint32_t i = 0; i < t[GEN_CONTROLS].n; i++) {
        for (uint32_t v = 0; v < t[GEN_CONTROLS].p[i].n; v++) {
            if (!t[GEN_CONTROLS].p[i].p[v].gone)
                add_id(b, 0, t[GEN_CONTROLS].p[i].p[v].control->id, i);
        }
    }
    for (uint32_t i = 0; i < t[GEN_CLASSES].n; i++) {
        for (uint32_t v = 0; v < t[GEN_CLASSES].p[i].n; v++) {
            if (!t[GEN_CLASSES].p[i].p[v].gone)
                add_id(b, 1, t[GEN_CLASSES].p[i].p[v].klass->id, i);
        }
    }
    for (uint32_t i = 0; i < t[GEN_STATUS].n; i++) {
        for (uint32_t v = 0; v < t[GEN_STATUS].p[i].n; v++) {
            if (!t[GEN_STATUS].p[i].p[v].gone)
                add_id(b, 3, (uint32_t)t[GEN_STATUS].p[i].p[v].value, i);
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        if (b->ids[k].n)
            qsort(b->ids[k].p, b->ids[k].n, sizeof(*b->ids[k].p), by_id);
    }
}

/* Functions and events share one list; a name in both would hide one of them. */
static void
add_rpcs(struct gen_build *b)
{
    const struct gen_table *f = &b->m->t[GEN_FUNCTIONS], *e = &b->m->t[GEN_EVENTS];
    uint32_t i = 0, k = 0;

    while (i < f->n || k < e->n) {
        const int order = i == f->n ? 1 : k == e->n ? -1 : strcmp(f->p[i].name, e->p[k].name);
        const struct gen_entry *from = order <= 0 ? &f->p[i++] : &e->p[k++];

        if (order == 0)
            gen_error(b->g, from->pos, "%s is both a function and an event", from->name);
        for (uint32_t v = 0; v < from->n; v++) {
            if (!from->p[v].gone)
                add_id(b, 2, from->p[v].rpc->id, b->rpc_names.name.n);
        }
        add_entry(b, &b->rpc_names, from, order <= 0 ? function_row : event_row, false);
    }
}

/* "1EB8" or "1EB8.10DE.12A2" */
static void
add_pci(struct gen_build *b, const struct gen_entry *e)
{
    const struct gen_variant *v = NULL;
    unsigned device, vendor = 0, sub = 0;
    int used = 0;
    struct nvrm_pci *p;

    for (uint32_t r = 0; r < b->m->n; r++)
        v = gen_at(e, r) ? gen_at(e, r) : v;
    if (!v)
        return;
    if (sscanf(e->name, "%4x%n.%4x.%4x%n", &device, &used, &vendor, &sub, &used) < 1 ||
        e->name[used]) {
        gen_error(b->g, e->pos, "'%s' is not a PCI id (1EB8 or 1EB8.10DE.12A2)", e->name);
        return;
    }
    p = gen_push(b->g, &b->pci);
    p->device = (uint16_t)device;
    p->sub_vendor = (uint16_t)vendor;
    p->sub_device = (uint16_t)sub;
    p->name = gen_str(b, v->text);
}

static int
by_pci(const void *a, const void *b)
{
    const struct nvrm_pci *x = a, *y = b;
    const uint64_t x_key =
        (uint64_t)x->device << 32 | (uint64_t)x->sub_vendor << 16 | x->sub_device;
    const uint64_t y_key =
        (uint64_t)y->device << 32 | (uint64_t)y->sub_vendor << 16 | y->sub_device;

    return x_key < y_key ? -1 : x_key > y_key;
}

void
gen_build_rows(struct gen_build *b)
{
    collect_flags(b);
    add_table(b, GEN_CONTROLS, &b->control_names, control_row);
    add_table(b, GEN_CLASSES, &b->class_names, class_row);
    add_rpcs(b);
    add_table(b, GEN_STATUS, &b->statuses, status_row);
    add_table(b, GEN_ESCAPES, &b->escapes, escape_row);
    add_table(b, GEN_CHIPS, &b->chips, chip_row);
    id_lists(b);
    for (uint32_t i = 0; i < b->m->t[GEN_PCI].n; i++)
        add_pci(b, &b->m->t[GEN_PCI].p[i]);
    if (b->pci.n)
        qsort(b->pci.p, b->pci.n, sizeof(*b->pci.p), by_pci);
    gen_stop_on_errors(b->g);
}
