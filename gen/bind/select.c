/* SPDX-License-Identifier: MIT */
/*
 * From names to everything they depend on, release by release.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "bind_priv.h"

bool
bind_set_has(const struct bind_set *s, nvrm_release r)
{
    return s->bits[r / 64] >> r % 64 & 1;
}

void
bind_set_add(struct bind_set *s, nvrm_release r)
{
    s->bits[r / 64] |= UINT64_C(1) << r % 64;
}

uint64_t
bind_hash(uint64_t h, const uint64_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h = (h ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

/* FNV-1a, 64 bits; the end of the text counts. */
uint64_t
bind_hash_text(uint64_t h, const char *text)
{
    do
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return h;
}

static uint64_t
hash_field(struct nvrm_bind *b, uint64_t h, const struct nvrm_field *f)
{
    const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f->ref);
    const uint64_t words[] = {
        f->offset, f->count,   f->inner,   f->type,
        f->flags,  f->bit_off, f->bit_len, inner ? bind_layout_hash(b, inner) : 0};

    h = bind_hash_text(h, nvrm_str(b->schema, f->name));
    return bind_hash(h, words, sizeof(words) / sizeof(words[0]));
}

/* Equal for layouts that a compiler could not tell apart, whatever the overlay says of them. */
uint64_t
bind_layout_hash(struct nvrm_bind *b, const struct nvrm_layout *l)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);
    const uint64_t words[] = {l->size, l->align, l->fields, l->flags & NVRM_LAYOUT_UNION};
    const uint16_t row = nvrm_layout_row(b->schema, l);
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    if (b->hashes[row])
        return b->hashes[row];
    if (!bind_in_place(b->schema, l))
        h = bind_hash_text(h, nvrm_str(b->schema, l->name));
    h = bind_hash(h, words, sizeof(words) / sizeof(words[0]));
    for (unsigned i = 0; i < l->fields; i++)
        h = hash_field(b, h, &f[i]);
    b->hashes[row] = h ? h : 1;
    return b->hashes[row];
}

static const char *
type_key(struct nvrm_bind *b, const struct nvrm_layout *l)
{
    return gen_internf(&b->g, "%s#%016llx", nvrm_str(b->schema, l->name),
                       (unsigned long long)bind_layout_hash(b, l));
}

struct bind_type *
bind_type_of(struct nvrm_bind *b, const struct nvrm_layout *l)
{
    const uint32_t i = gen_map_get(&b->type_of, type_key(b, l));

    return i == UINT32_MAX ? NULL : &b->types.p[i];
}

static void
add_type(struct nvrm_bind *b, nvrm_release r, const struct nvrm_layout *l)
{
    const char *name = nvrm_str(b->schema, l->name);
    struct bind_type *t = bind_type_of(b, l);

    if (!t) {
        gen_map_set(&b->g, &b->type_of, type_key(b, l), b->types.n);
        t = gen_push(&b->g, &b->types);
        *t = (struct bind_type){.name = gen_intern(&b->g, name, strlen(name)),
                                .layout = l,
                                .hash = bind_layout_hash(b, l),
                                .first = r};
    }
    bind_set_add(&t->in, r);
}

static void
add_number(struct nvrm_bind *b, nvrm_release r, const struct bind_number *number)
{
    const char *key = gen_internf(&b->g, "%s#%llx#%u.%u", number->name,
                                  (unsigned long long)number->value, number->hi, number->lo);
    const uint32_t i = gen_map_get(&b->number_of, key);
    struct bind_number *n;

    if (i == UINT32_MAX) {
        gen_map_set(&b->g, &b->number_of, key, b->numbers.n);
        n = gen_push(&b->g, &b->numbers);
        *n = *number;
        n->name = gen_intern(&b->g, number->name, strlen(number->name));
        n->first = r;
    } else {
        n = &b->numbers.p[i];
        n->implied &= number->implied;
    }
    bind_set_add(&n->in, r);
}

static void
add_const(struct nvrm_bind *b, nvrm_release r, enum bind_kind kind, const struct nvrm_const *c,
          bool implied)
{
    struct bind_number n = {.kind = c->is_range ? BIND_RANGE : kind,
                            .name = nvrm_str(b->schema, c->name),
                            .value = c->is_range ? 0 : c->value,
                            .doc = c->doc,
                            .params = c->params,
                            .implied = implied};

    if (c->is_range) {
        n.hi = c->hi;
        n.lo = c->lo;
    }
    add_number(b, r, &n);
}

static void add_layout(struct nvrm_bind *b, struct nvrm_abi abi, const struct nvrm_layout *l);

/* What a field speaks of: the structs behind its pointer, the names of its values. */
static void
add_meaning(struct nvrm_bind *b, struct nvrm_abi abi, const struct nvrm_note *note)
{
    if ((note->flags & NVRM_NOTE_PTR) && note->ptr_type == NVRM_STRUCT)
        add_layout(b, abi, nvrm_layout_at(b->schema, note->ptr_ref));
    if (note->set_kind != NVRM_SET_ENUM && note->set_kind != NVRM_SET_BITS)
        return;
    for (unsigned i = 0; i < nvrm_set_count(b->schema, note->set); i++) {
        const struct nvrm_const *c = nvrm_set_at(abi, note->set, i);

        if (c)
            add_const(b, abi.release, BIND_CONSTANT, c, true);
    }
}

/* Inner structs first, so that every type stands behind those it is made of. */
static void
add_layout(struct nvrm_bind *b, struct nvrm_abi abi, const struct nvrm_layout *l)
{
    const struct nvrm_field *f;
    uint16_t row;

    if (!l)
        return;
    row = nvrm_layout_row(b->schema, l);
    if (b->seen[row] == abi.release + 1)
        return;
    b->seen[row] = (uint16_t)(abi.release + 1);
    f = nvrm_layout_fields(b->schema, l);
    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f[i].ref);

        add_layout(b, abi, inner);
        if (inner && !bind_in_place(b->schema, inner))
            bind_type_of(b, inner)->inside = true;
    }
    if (!bind_in_place(b->schema, l))
        add_type(b, abi.release, l);
    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_note *note = nvrm_note_at(b->schema, f[i].note);

        if (note)
            add_meaning(b, abi, note);
    }
}

/* The kinds of names, each a table of the schema. */

static void
add_control(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    const struct nvrm_control *c = row;

    add_layout(b, abi, nvrm_struct_at(abi, c->params));
    add_number(b, abi.release,
               &(struct bind_number){.kind = BIND_CONTROL,
                                     .name = nvrm_str(b->schema, c->name),
                                     .value = c->id,
                                     .doc = c->doc,
                                     .params = c->params});
}

/* NV01_ROOT is listed with a handle, but GSP-RM is sent the struct. */
static void
add_class(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    const struct nvrm_class *c = row;
    uint16_t params = c->params;

    if (!nvrm_struct_at(abi, params) &&
        !strncmp(nvrm_str(b->schema, c->name), "NV01_ROOT", strlen("NV01_ROOT")))
        params = nvrm_struct_row(b->schema, "NV0000_ALLOC_PARAMETERS");
    add_layout(b, abi, nvrm_struct_at(abi, params));
    add_number(b, abi.release,
               &(struct bind_number){.kind = BIND_CLASS,
                                     .name = nvrm_str(b->schema, c->name),
                                     .value = c->id,
                                     .doc = c->doc,
                                     .params = params});
}

static void
add_rpc(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    const struct nvrm_rpc *r = row;

    add_layout(b, abi, nvrm_struct_at(abi, r->params));
    add_number(b, abi.release,
               &(struct bind_number){.kind = BIND_RPC,
                                     .name = gen_internf(&b->g, "NV_VGPU_MSG_%s_%s",
                                                         r->is_event ? "EVENT" : "FUNCTION",
                                                         nvrm_str(b->schema, r->name)),
                                     .value = r->id,
                                     .doc = r->doc,
                                     .params = r->params});
}

static void
add_struct(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    add_layout(b, abi, row);
}

static void
add_status(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    add_const(b, abi.release, BIND_STATUS, row, false);
}

static void
add_escape(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    const struct nvrm_const *c = row;

    add_layout(b, abi, nvrm_struct_at(abi, c->params));
    add_const(b, abi.release, BIND_ESCAPE, c, false);
}

static void
add_constant(struct nvrm_bind *b, struct nvrm_abi abi, const void *row)
{
    add_const(b, abi.release, BIND_CONSTANT, row, false);
}

static const void *
struct_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_struct_at(abi, (uint16_t)row);
}
static const void *
control_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_control_at(abi, row);
}
static const void *
class_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_class_at(abi, row);
}
static const void *
rpc_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_rpc_at(abi, row);
}
static const void *
status_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_status_at(abi, row);
}
static const void *
escape_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_escape_at(abi, row);
}
static const void *
constant_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_constant_at(abi, row);
}

/* The name is the first member of every kind of row. */
static const struct {
    unsigned (*count)(const struct nvrm_schema *s);
    const void *(*at)(struct nvrm_abi abi, unsigned row);
    void (*add)(struct nvrm_bind *b, struct nvrm_abi abi, const void *row);
} kinds[] = {
    {nvrm_control_count,  control_at,  add_control },
    {nvrm_class_count,    class_at,    add_class   },
    {nvrm_struct_count,   struct_at,   add_struct  },
    {nvrm_rpc_count,      rpc_at,      add_rpc     },
    {nvrm_status_count,   status_at,   add_status  },
    {nvrm_escape_count,   escape_at,   add_escape  },
    {nvrm_constant_count, constant_at, add_constant},
};

static const char *
row_name(struct nvrm_bind *b, const void *row)
{
    uint32_t name;

    memcpy(&name, row, sizeof(name));
    return nvrm_str(b->schema, name);
}

static bool
matches(const char *name, bool pattern, const char *text)
{
    if (!strcmp(name, "*"))
        return true;
    return pattern ? fnmatch(name, text, FNM_CASEFOLD) == 0 : strcmp(name, text) == 0;
}

static void
select_at(struct nvrm_bind *b, struct nvrm_abi abi, const char *name)
{
    const bool pattern = strpbrk(name, "*?[") != NULL;

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (unsigned i = 0; i < kinds[k].count(b->schema); i++) {
            const void *row = kinds[k].at(abi, i);

            if (!row || !matches(name, pattern, row_name(b, row)))
                continue;
            kinds[k].add(b, abi, row);
            bind_set_add(&b->used_at, abi.release);
        }
    }
}

void
bind_select(struct nvrm_bind *b, const char *name)
{
    memset(&b->used_at, 0, sizeof(b->used_at));
    for (unsigned i = 0; i < b->release_count; i++)
        select_at(b, (struct nvrm_abi){b->schema, b->releases[i]}, name);
    *gen_push(&b->g, &b->asked) = gen_intern(&b->g, name, strlen(name));
}

/* Identifiers */

static const char *
with_suffix(struct nvrm_bind *b, const char *name, nvrm_release first)
{
    char release[64];

    snprintf(release, sizeof(release), "%s", nvrm_release_name(b->schema, first));
    for (char *p = release; *p; p++)
        if (*p == '.')
            *p = '_';
    return gen_internf(&b->g, "%s_r%s", name, release);
}

static void
count_name(struct nvrm_bind *b, struct gen_map *variants, const char *name)
{
    const uint32_t n = gen_map_get(variants, name);

    gen_map_set(&b->g, variants, name, n == UINT32_MAX ? 1 : n + 1);
}

void
bind_name_all(struct nvrm_bind *b)
{
    struct gen_map types = {0}, numbers = {0};

    for (uint32_t i = 0; i < b->types.n; i++)
        count_name(b, &types, b->types.p[i].name);
    for (uint32_t i = 0; i < b->numbers.n; i++)
        count_name(b, &numbers, b->numbers.p[i].name);
    for (uint32_t i = 0; i < b->types.n; i++) {
        struct bind_type *t = &b->types.p[i];

        t->ident =
            gen_map_get(&types, t->name) > 1 ? with_suffix(b, t->name, t->first) : t->name;
    }
    for (uint32_t i = 0; i < b->numbers.n; i++) {
        struct bind_number *n = &b->numbers.p[i];

        n->ident =
            gen_map_get(&numbers, n->name) > 1 ? with_suffix(b, n->name, n->first) : n->name;
    }
}
