/* SPDX-License-Identifier: MIT */
/*
 * Release tree and variants. Each section of a file in schemas/rm becomes entries; an entry's
 * `since` points are spread over the release tree here, once, so that everything after this
 * file sees plain arrays indexed by release.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "nearest.h"

struct gen_entry *
gen_find(const struct gen_model *m, enum gen_section s, const char *name)
{
    const uint32_t i = gen_map_get(&m->t[s].by_name, name);

    return i == UINT32_MAX ? NULL : &m->t[s].p[i];
}

const struct gen_variant *
gen_at(const struct gen_entry *e, uint32_t release)
{
    return e->at[release] == GEN_NO_VARIANT ? NULL : &e->p[e->at[release]];
}

/* Releases */

int
gen_release_order(const char *a, const char *b)
{
    while (*a && *b) {
        char *a_end, *b_end;
        const unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

        if (x != y)
            return x < y ? -1 : 1;
        if (a_end == a || b_end == b)
            return strcmp(a, b);
        a = *a_end == '.' ? a_end + 1 : a_end;
        b = *b_end == '.' ? b_end + 1 : b_end;
    }
    return *a ? 1 : *b ? -1 : 0;
}

static int
by_number(const void *a, const void *b)
{
    return gen_release_order(((const struct gen_release *)a)->name,
                             ((const struct gen_release *)b)->name);
}

static void
link_parents(struct gen *g, struct gen_model *m, const struct gen_node *map)
{
    uint32_t roots = 0;

    for (uint32_t i = 0; i < map->n; i++) {
        struct gen_release *r = &m->p[gen_map_get(&m->by_name, map->p[i].key)];
        const struct gen_node *parent = map->p[i].value;

        if (parent->kind == GEN_MAP)
            parent = gen_get(parent, "parent");
        r->parent = UINT32_MAX;
        if (!parent ||
            (parent->kind == GEN_SCALAR && (!*parent->text || !strcmp(parent->text, "~")))) {
            if (roots++)
                gen_error(g, r->pos, "release %s has no parent, but there is a root already",
                          r->name);
            continue;
        }
        r->parent = gen_map_get(&m->by_name, gen_scalar(g, parent, "a parent"));
        if (r->parent == UINT32_MAX)
            gen_error(g, parent->pos, "release %s has an unknown parent '%s'", r->name,
                      parent->text);
        else if (r->parent >= (uint32_t)(r - m->p))
            gen_error(g, parent->pos, "release %s cannot descend from the later %s", r->name,
                      m->p[r->parent].name);
    }
    if (!roots)
        gen_error(g, map->pos, "no release is the root of the tree");
}

void
gen_load_versions(struct gen *g, struct gen_model *m, const struct gen_node *root)
{
    const struct gen_node *map = gen_get(root, "releases");

    if (!map || map->kind != GEN_MAP || !map->n) {
        gen_error(g, root->pos, "a release tree needs a map `releases:`");
        gen_die(g);
    }
    if (map->n > GEN_RELEASES_MAX) {
        gen_error(g, map->pos, "%u releases; %u is the most that the tables can hold", map->n,
                  GEN_RELEASES_MAX);
        gen_die(g);
    }
    for (uint32_t i = 0; i < map->n; i++) {
        struct gen_release *r = gen_push(g, m);

        r->name = map->p[i].key;
        r->pos = map->p[i].pos;
        if (r->name[0] < '0' || r->name[0] > '9')
            gen_error(g, r->pos, "'%s' is not a release number", r->name);
    }
    gen_stop_on_errors(g);
    qsort(m->p, m->n, sizeof(*m->p), by_number);
    for (uint32_t i = 0; i < m->n; i++)
        gen_map_set(g, &m->by_name, m->p[i].name, i);
    link_parents(g, m, map);
    gen_stop_on_errors(g);
}

/* Variants */

static void
parse_const(struct gen *g, struct gen_variant *v)
{
    const struct gen_node *value =
        v->node->kind == GEN_MAP ? gen_get(v->node, "value") : v->node;

    if (!value)
        gen_error(g, v->pos, "a value is missing");
    else
        v->value = gen_scalar_number(g, value, "a value");
}

static void
parse_range(struct gen *g, struct gen_variant *v)
{
    const struct gen_node *value =
        v->node->kind == GEN_MAP ? gen_get(v->node, "value") : v->node;

    if (!value || value->kind != GEN_SEQ || value->n != 2) {
        gen_error(g, v->pos, "a bit range is [hi, lo]");
        return;
    }
    for (int i = 0; i < 2; i++) {
        const uint64_t bit = gen_scalar_number(g, value->p[i].value, "a bit number");

        if (bit > 255)
            gen_error(g, value->pos, "bit %llu is out of range", (unsigned long long)bit);
        v->range[i] = (uint8_t)bit;
    }
    if (v->range[0] < v->range[1] && !g->error_count)
        gen_error(g, value->pos, "a bit range is [hi, lo], highest bit first");
}

static void
parse_pci(struct gen *g, struct gen_variant *v)
{
    const struct gen_node *value =
        v->node->kind == GEN_MAP ? gen_get(v->node, "value") : v->node;

    v->text = value ? gen_scalar(g, value, "a device name") : "";
    if (!value)
        gen_error(g, v->pos, "a value is missing");
}

static const struct {
    const char *name;
    void (*parse)(struct gen *g, struct gen_variant *v);
} sections[GEN_SECTIONS] = {
    [GEN_STRUCTS] = {"structs",   gen_parse_struct },
    [GEN_ENUMS] = {"enums",     gen_parse_enum   },
    [GEN_CONSTANTS] = {"constants", parse_const      },
    [GEN_RANGES] = {"ranges",    parse_range      },
    [GEN_CLASSES] = {"classes",   gen_parse_class  },
    [GEN_CONTROLS] = {"controls",  gen_parse_control},
    [GEN_FUNCTIONS] = {"functions", gen_parse_rpc    },
    [GEN_EVENTS] = {"events",    gen_parse_rpc    },
    [GEN_STATUS] = {"status",    parse_const      },
    [GEN_ESCAPES] = {"escapes",   gen_parse_rpc    },
    [GEN_CHIPS] = {"chips",     gen_parse_chip   },
    [GEN_PCI] = {"pci",       parse_pci        },
};

static bool
is_variant_list(const struct gen_node *node)
{
    return node->kind == GEN_SEQ && node->n && node->p[0].value->kind == GEN_MAP;
}

static void
read_since(struct gen *g, struct gen_model *m, struct gen_variant *v)
{
    const struct gen_node *since = gen_get(v->node, "since");
    const struct gen_node *gone = gen_get(v->node, "gone");

    if (!since || since->kind != GEN_SEQ || !since->n) {
        gen_error(g, v->pos, "a variant needs since: [RELEASE, ...]");
        return;
    }
    for (uint32_t i = 0; i < since->n; i++) {
        const char *name = gen_scalar(g, since->p[i].value, "a release");

        if (gen_map_get(&m->by_name, name) == UINT32_MAX)
            gen_error(g, since->p[i].pos, "unknown release '%s'", name);
        else
            *gen_push(g, &v->since) = name;
    }
    v->gone = gone && gen_bool(g, gone);
}

static void
add_variant(struct gen *g, struct gen_model *m, enum gen_section s, struct gen_entry *e,
            const struct gen_node *node, bool has_since, const char *header)
{
    struct gen_variant *v = gen_push(g, e);

    v->node = node;
    v->pos = node->pos;
    v->header = header;
    if (e->n >= GEN_NO_VARIANT) {
        gen_error(g, v->pos, "%s has too many variants", e->name);
        gen_die(g);
    }
    if (has_since)
        read_since(g, m, v);
    if (!v->gone)
        sections[s].parse(g, v);
}

static void
load_entry(struct gen *g, struct gen_model *m, enum gen_section s, const struct gen_pair *pair,
           const char *header)
{
    struct gen_table *t = &m->t[s];
    const struct gen_node *node = pair->value;
    struct gen_entry *e = gen_find(m, s, pair->key);

    if (e) {
        gen_error(g, pair->pos, "%s is defined twice, first at %s:%u", pair->key, e->pos.file,
                  e->pos.line);
        return;
    }
    if (s != GEN_PCI)
        gen_check_name(g, pair->pos, pair->key);
    gen_map_set(g, &t->by_name, pair->key, t->n);
    e = gen_push(g, t);
    e->name = pair->key;
    e->pos = pair->pos;
    if (is_variant_list(node)) {
        for (uint32_t i = 0; i < node->n; i++)
            add_variant(g, m, s, e, node->p[i].value, true, header);
    } else {
        add_variant(g, m, s, e, node, gen_get(node, "since") != NULL, header);
    }
}

void
gen_load_rm(struct gen *g, struct gen_model *m, const struct gen_node *root)
{
    const char *header = NULL;

    for (uint32_t i = 0; i < root->n; i++) {
        const struct gen_pair *section = &root->p[i];
        unsigned s = 0;

        if (root->kind != GEN_MAP)
            break;
        if (strcmp(section->key, "source") == 0) {
            const struct gen_node *path = gen_get(section->value, "path");

            header = path ? gen_scalar(g, path, "a path") : NULL;
            continue;
        }
        while (s < GEN_SECTIONS && strcmp(sections[s].name, section->key) != 0)
            s++;
        if (s == GEN_SECTIONS) {
            gen_error(g, section->pos, "'%s' is not a section", section->key);
            continue;
        }
        if (section->value->kind != GEN_MAP) {
            gen_error(g, section->pos, "section %s must be a map", section->key);
            continue;
        }
        for (uint32_t k = 0; k < section->value->n; k++)
            load_entry(g, m, s, &section->value->p[k], header);
    }
    if (root->kind != GEN_MAP)
        gen_error(g, root->pos, "a schema file is a map of sections");
}

/* Spread the since points over the tree. Parents come before children. */
static void
resolve_entry(struct gen *g, const struct gen_model *m, struct gen_entry *e)
{
    e->at = gen_alloc(g, m->n);
    memset(e->at, GEN_NO_VARIANT, m->n);
    for (uint32_t i = 0; i < e->n; i++) {
        struct gen_variant *v = &e->p[i];

        if (!v->since.n && e->n == 1)
            memset(e->at, 0, m->n);
        for (uint32_t k = 0; k < v->since.n; k++) {
            const uint32_t r = gen_map_get(&m->by_name, v->since.p[k]);

            if (e->at[r] != GEN_NO_VARIANT)
                gen_error(g, v->pos, "%s has two variants since %s", e->name, v->since.p[k]);
            e->at[r] = (uint8_t)i;
        }
    }
    for (uint32_t r = 0; r < m->n; r++) {
        if (e->at[r] == GEN_NO_VARIANT && m->p[r].parent != UINT32_MAX)
            e->at[r] = e->at[m->p[r].parent];
    }
}

static void
drop_gone(const struct gen_model *m, struct gen_entry *e)
{
    for (uint32_t r = 0; r < m->n; r++) {
        if (e->at[r] != GEN_NO_VARIANT && e->p[e->at[r]].gone)
            e->at[r] = GEN_NO_VARIANT;
    }
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct gen_entry *)a)->name, ((const struct gen_entry *)b)->name);
}

/* Names that are enumerators of some enum: the overlay may speak of them. */
static void
index_enumerators(struct gen *g, struct gen_model *m)
{
    for (uint32_t i = 0; i < m->t[GEN_ENUMS].n; i++) {
        const struct gen_entry *e = &m->t[GEN_ENUMS].p[i];

        for (uint32_t v = 0; v < e->n; v++) {
            for (uint32_t k = 0; !e->p[v].gone && k < e->p[v].enumeration->n; k++)
                gen_map_set(g, &m->enumerators, e->p[v].enumeration->p[k].name, i);
        }
    }
}

void
gen_model_finish(struct gen *g, struct gen_model *m)
{
    for (unsigned s = 0; s < GEN_SECTIONS; s++) {
        struct gen_table *t = &m->t[s];

        if (t->n)
            qsort(t->p, t->n, sizeof(*t->p), by_name);
        for (uint32_t i = 0; i < t->n; i++) {
            gen_map_set(g, &t->by_name, t->p[i].name, i);
            resolve_entry(g, m, &t->p[i]);
            drop_gone(m, &t->p[i]);
        }
    }
    index_enumerators(g, m);
    gen_stop_on_errors(g);
}

/* core.yaml */

static void
load_names(struct gen *g, struct gen_core *core, const struct gen_node *list,
           struct gen_list *out)
{
    if (list->kind != GEN_SEQ) {
        gen_error(g, list->pos, "expected a list of names");
        return;
    }
    for (uint32_t i = 0; i < list->n; i++) {
        const char *name = gen_scalar(g, list->p[i].value, "a name");

        *gen_push(g, out) = name;
        gen_map_set(g, &core->pos, name, list->p[i].pos.line);
    }
}

void
gen_load_core(struct gen *g, struct gen_model *m, const struct gen_node *root)
{
    static const char *const keys[] = {"types", "controls", "classes", NULL};
    struct gen_list *const lists[] = {&m->core.types, &m->core.controls, &m->core.classes};

    if (root->kind != GEN_MAP) {
        gen_error(g, root->pos,
                  "the list of core types is a map of types, controls and classes");
        return;
    }
    gen_check_keys(g, root, "the list of core types", keys);
    m->core.file = root->pos.file;
    for (int i = 0; keys[i]; i++) {
        const struct gen_node *list = gen_get(root, keys[i]);

        if (list)
            load_names(g, &m->core, list, lists[i]);
    }
}
