/* SPDX-License-Identifier: MIT */
/* The values of schemas/rm entries: types, structs, enums, classes, controls, RPC functions,
 * chips. */
#include <string.h>

#include <nvrm/schema.h>

#include "model.h"

static const char *const struct_keys[] = {"since", "size", "struct", "union",
                                          "pack",  "tail", NULL};
static const char *const class_keys[] = {"since",  "id",       "impl",  "multi",  "parents",
                                         "params", "optional", "flags", "access", NULL};
static const char *const control_keys[] = {"since", "id",     "params", "on",
                                           "flags", "access", NULL};
static const char *const rpc_keys[] = {"since", "id", "params", NULL};
static const char *const chip_keys[] = {"since", "classes", NULL};

/* Types */

static void parse_agg(struct gen *g, const struct gen_node *map, bool is_union,
                      struct gen_agg *agg);

static bool
parse_count(const char **p, uint32_t *out)
{
    uint64_t value = 0;

    if (**p < '0' || **p > '9')
        return false;
    while (**p >= '0' && **p <= '9') {
        value = value * 10 + (uint64_t)(*(*p)++ - '0');
        if (value > 1u << 28)
            return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* "*4", "*2*3", "/2" after a type's name or an in-place aggregate's key. */
static bool
parse_suffix(const char *p, struct gen_type *t)
{
    uint64_t row = 1; /* elements per outer element */
    uint32_t bits;

    if (*p == '/') {
        p++;
        if (!parse_count(&p, &bits) || *p || !bits || bits > 64)
            return false;
        t->bits = (uint8_t)bits;
        return true;
    }
    while (*p == '*' && t->dims < GEN_DIMS) {
        p++;
        if (!parse_count(&p, &t->dim[t->dims++]))
            return false;
    }
    for (unsigned d = 0; t->dims > 1 && d < t->dims; d++) {
        if (!t->dim[d])
            return false;
        row *= d ? t->dim[d] : 1;
        if (row > UINT16_MAX)
            return false;
    }
    return !*p;
}

static bool
parse_scalar(const char *name, size_t n, struct gen_type *t)
{
    for (unsigned i = 0; i < NVRM_ENUM; i++) {
        const char *known = nvrm_type_name((enum nvrm_type)i);

        if (strlen(known) == n && memcmp(known, name, n) == 0) {
            t->scalar = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static void
parse_named_type(struct gen *g, const struct gen_node *node, struct gen_type *t)
{
    const size_t n = strcspn(node->text, "*/");

    if (!n || !parse_suffix(node->text + n, t)) {
        gen_error(g, node->pos, "'%s' is not a type", node->text);
        return;
    }
    if (parse_scalar(node->text, n, t)) {
        if (t->bits > 8 * nvrm_type_bytes((enum nvrm_type)t->scalar))
            gen_error(g, node->pos, "'%s' has more bits than its type", node->text);
        return;
    }
    if (t->bits)
        gen_error(g, node->pos, "'%s': only a plain integer can be a bit-field", node->text);
    t->name = gen_intern(g, node->text, n);
}

static void
parse_inline_type(struct gen *g, const struct gen_node *node, struct gen_type *t)
{
    const char *key = node->n == 1 ? node->p[0].key : "";
    const bool is_union = strncmp(key, "union", 5) == 0;

    if ((!is_union && strncmp(key, "struct", 6) != 0) ||
        !parse_suffix(key + (is_union ? 5 : 6), t) || t->bits ||
        node->p[0].value->kind != GEN_MAP) {
        gen_error(g, node->pos, "an aggregate in place is {struct: {...}} or {union: {...}}");
        return;
    }
    t->agg = gen_alloc(g, sizeof(*t->agg));
    parse_agg(g, node->p[0].value, is_union, t->agg);
}

static bool
is_tail(const struct gen_type *t)
{
    return t->dims && !t->dim[0];
}

static void
parse_agg(struct gen *g, const struct gen_node *map, bool is_union, struct gen_agg *agg)
{
    agg->is_union = is_union;
    for (uint32_t i = 0; i < map->n; i++) {
        struct gen_member *member = gen_push(g, agg);
        const struct gen_node *type = map->p[i].value;

        member->name = map->p[i].key;
        member->pos = map->p[i].pos;
        gen_check_name(g, member->pos, member->name);
        if (type->kind == GEN_SCALAR)
            parse_named_type(g, type, &member->type);
        else if (type->kind == GEN_MAP)
            parse_inline_type(g, type, &member->type);
        else
            gen_error(g, type->pos, "member %s has a list for a type", member->name);
        if (i + 1 < map->n && !is_union && is_tail(&member->type))
            gen_error(g, member->pos, "%s: a flexible tail must be the last field",
                      member->name);
    }
    if (agg->n > UINT16_MAX)
        gen_error(g, map->pos, "more than 65535 members");
}

/* Common pieces */

static bool
parse_map(struct gen *g, const struct gen_variant *v, const char *what, const char *const *keys)
{
    if (v->node->kind != GEN_MAP) {
        gen_error(g, v->pos, "%s must be a map", what);
        return false;
    }
    gen_check_keys(g, v->node, what, keys);
    return true;
}

static uint32_t
parse_id(struct gen *g, const struct gen_variant *v, const char *what)
{
    const struct gen_node *id = gen_get(v->node, "id");
    uint64_t value;

    if (!id) {
        gen_error(g, v->pos, "%s needs an id", what);
        return 0;
    }
    value = gen_scalar_number(g, id, "an id");
    if (value > UINT32_MAX)
        gen_error(g, id->pos, "id '%s' does not fit in 32 bits", id->text);
    return (uint32_t)value;
}

static const char *
parse_name(struct gen *g, const struct gen_variant *v, const char *key)
{
    const struct gen_node *node = gen_get(v->node, key);

    return node ? gen_scalar(g, node, key) : NULL;
}

static void
parse_list(struct gen *g, const struct gen_variant *v, const char *key, struct gen_list *out)
{
    const struct gen_node *node = gen_get(v->node, key);

    if (!node)
        return;
    if (node->kind != GEN_SEQ) {
        gen_error(g, node->pos, "%s must be a list", key);
        return;
    }
    for (uint32_t i = 0; i < node->n; i++)
        *gen_push(g, out) = gen_scalar(g, node->p[i].value, key);
}

static bool
parse_flag(struct gen *g, const struct gen_variant *v, const char *key)
{
    const struct gen_node *node = gen_get(v->node, key);

    return node && gen_bool(g, node);
}

/* Sections */

void
gen_parse_struct(struct gen *g, struct gen_variant *v)
{
    struct gen_struct *s = v->strukt = gen_alloc(g, sizeof(*s));
    const struct gen_node *size, *body, *pack, *tail;

    if (!parse_map(g, v, "a struct", struct_keys))
        return;
    size = gen_get(v->node, "size");
    pack = gen_get(v->node, "pack");
    tail = gen_get(v->node, "tail");
    body = gen_get(v->node, "struct");
    if (!body)
        body = gen_get(v->node, "union");
    if (!body || body->kind != GEN_MAP) {
        gen_error(g, v->pos, "a struct needs struct: {...} or union: {...}");
        return;
    }
    if (!size)
        gen_error(g, v->pos, "size is missing");
    s->size = size ? gen_scalar_number(g, size, "size") : 0;
    s->pack = pack ? (uint32_t)gen_scalar_number(g, pack, "pack") : 0;
    s->tail = tail ? (int64_t)gen_scalar_number(g, tail, "tail") : -1;
    if (s->pack != 0 && s->pack != 1 && s->pack != 2 && s->pack != 4)
        gen_error(g, pack->pos, "pack is 1, 2 or 4");
    parse_agg(g, body, gen_get(v->node, "union") != NULL, &s->agg);
}

void
gen_parse_enum(struct gen *g, struct gen_variant *v)
{
    struct gen_enum *e = v->enumeration = gen_alloc(g, sizeof(*e));
    const struct gen_node *map = v->node;

    if (v->since.n)
        map =
            gen_get(v->node, "value") ? gen_get(v->node, "value") : gen_get(v->node, "values");
    if (!map || map->kind != GEN_MAP) {
        gen_error(g, v->pos, "an enum is a map of names and values");
        return;
    }
    for (uint32_t i = 0; i < map->n; i++) {
        struct gen_named_value *value = gen_push(g, e);

        gen_check_name(g, map->p[i].pos, map->p[i].key);
        value->name = map->p[i].key;
        value->value = gen_scalar_number(g, map->p[i].value, "an enumerator");
    }
}

void
gen_parse_class(struct gen *g, struct gen_variant *v)
{
    struct gen_class *c = v->klass = gen_alloc(g, sizeof(*c));

    if (!parse_map(g, v, "a class", class_keys))
        return;
    c->id = parse_id(g, v, "a class");
    c->impl = parse_name(g, v, "impl");
    c->params = parse_name(g, v, "params");
    c->multi = parse_flag(g, v, "multi");
    c->optional = parse_flag(g, v, "optional");
    parse_list(g, v, "parents", &c->parents);
    parse_list(g, v, "flags", &c->flags);
    parse_list(g, v, "access", &c->access);
    if (c->parents.n > 255)
        gen_error(g, v->pos, "more than 255 parents");
}

void
gen_parse_control(struct gen *g, struct gen_variant *v)
{
    struct gen_control *c = v->control = gen_alloc(g, sizeof(*c));

    if (!parse_map(g, v, "a control", control_keys))
        return;
    c->id = parse_id(g, v, "a control");
    c->params = parse_name(g, v, "params");
    c->on = parse_name(g, v, "on");
    parse_list(g, v, "flags", &c->flags);
    parse_list(g, v, "access", &c->access);
}

void
gen_parse_rpc(struct gen *g, struct gen_variant *v)
{
    struct gen_rpc *f = v->rpc = gen_alloc(g, sizeof(*f));

    if (!parse_map(g, v, "an entry with an id", rpc_keys))
        return;
    f->id = parse_id(g, v, "an entry");
    f->params = parse_name(g, v, "params");
}

void
gen_parse_chip(struct gen *g, struct gen_variant *v)
{
    v->list = gen_alloc(g, sizeof(*v->list));
    if (parse_map(g, v, "a chip", chip_keys))
        parse_list(g, v, "classes", v->list);
}
