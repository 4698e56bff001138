/* SPDX-License-Identifier: MIT */
/*
 * Reads schemas/overlay. A top-level key is a struct, or a control, class, RPC function, event,
 * status or escape; anything that the model does not know is an error with the nearest name.
 * Whether fields, siblings and union members exist depends on the release and is found out
 * while layouts are built; gen_check_overlay() reports what no release had.
 */
#include "overlay.h"

#include <string.h>

#include <nvrm/schema.h>

#include "nearest.h"

static const char *const remark_keys[] = {"doc",      "safety",    "source", "chips",
                                          "releases", "since_doc", NULL};
static const char *const struct_keys[] = {"doc", "finn", "like", "since_doc", NULL};
static const char *const ptr_keys[] = {"of", "count", "bytes", "max", "dir", NULL};

const char *
gen_suggest(struct gen *g, const struct gen_model *m, unsigned in, const char *name)
{
    const char *best = NULL;
    unsigned limit = NVRM_FAR;

    for (unsigned s = 0; s < GEN_SECTIONS; s++) {
        for (uint32_t i = 0; (in & (1u << s)) && i < m->t[s].n; i++) {
            const unsigned d = nvrm_name_distance(name, m->t[s].p[i].name, limit);

            if (d < limit) {
                limit = d;
                best = m->t[s].p[i].name;
            }
        }
    }
    return best ? gen_internf(g, "; did you mean '%s'?", best) : "";
}

struct gen_overlay *
gen_overlay_of(const struct gen_meaning *o, const char *name)
{
    uint32_t i = gen_map_get(&o->structs, name);
    struct gen_overlay *own = i == UINT32_MAX ? NULL : o->overlays.p[i];

    if (own && own->like.name) {
        i = gen_map_get(&o->structs, own->like.name);
        return i == UINT32_MAX ? NULL : o->overlays.p[i];
    }
    return own;
}

const struct gen_remark *
gen_remark_of(const struct gen_meaning *o, const char *name)
{
    const uint32_t i = gen_map_get(&o->remarks, name);

    return i == UINT32_MAX ? NULL : &o->remark_rows.p[i];
}

/* The line of documentation; what since_doc says about releases follows it in brackets. */
static const char *
read_doc(struct gen *g, const struct gen_node *map)
{
    const struct gen_node *doc = gen_get(map, "doc"), *since = gen_get(map, "since_doc");
    const char *text = doc ? gen_scalar(g, doc, "doc") : NULL;

    if (!since)
        return text;
    return gen_internf(g, text ? "%s (%s)" : "%s%s", text ? text : "",
                       gen_scalar(g, since, "since_doc"));
}

/* One of a NULL-terminated list of words; reports and returns 0 for another. */
static unsigned
read_word(struct gen *g, const struct gen_node *node, const char *what,
          const char *const *words)
{
    const char *text = gen_scalar(g, node, what);

    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
    }
    gen_error(g, node->pos, "'%s' is not a %s", text, what);
    return 0;
}

static uint8_t
read_dir(struct gen *g, const struct gen_node *node)
{
    static const char *const words[] = {"unknown", "in", "out", "inout", NULL};

    return (uint8_t)read_word(g, node, "direction (in, out, inout)", words);
}

static void
read_sibling(struct gen *g, const struct gen_node *node, struct gen_sibling *s)
{
    s->name = gen_scalar(g, node, "the name of a field");
    s->pos = node->pos;
}

/* A number or the name of a constant; the newest release that has it decides. */
static uint32_t
read_limit(struct gen *g, const struct gen_model *m, const struct gen_node *node)
{
    const char *text = gen_scalar(g, node, "a limit");
    uint64_t value = 0;
    const struct gen_entry *e = gen_find(m, GEN_CONSTANTS, text);

    if (!gen_number(text, &value)) {
        if (!e)
            gen_error(g, node->pos, "'%s' is neither a number nor a constant%s", text,
                      gen_suggest(g, m, 1u << GEN_CONSTANTS, text));
        for (uint32_t r = 0; e && r < m->n; r++)
            value = gen_at(e, r) ? gen_at(e, r)->value : value;
    }
    if (value > UINT32_MAX)
        gen_error(g, node->pos, "'%s' does not fit in 32 bits", text);
    return (uint32_t)value;
}

/* Fields */

static void
read_set(struct gen *g, const struct gen_node *node, bool bits, struct gen_note *note)
{
    static const struct {
        const char *name;
        enum nvrm_set_kind kind;
    } built_in[] = {
        {"class",   NVRM_SET_CLASS  },
        {"control", NVRM_SET_CONTROL},
        {"status",  NVRM_SET_STATUS },
        {"rpc",     NVRM_SET_RPC    },
    };
    const char *text = gen_scalar(g, node, "a prefix");

    note->set_kind = bits ? NVRM_SET_BITS : NVRM_SET_ENUM;
    note->prefix = text;
    note->prefix_pos = node->pos;
    for (unsigned i = 0; !bits && i < sizeof(built_in) / sizeof(built_in[0]); i++) {
        if (strcmp(built_in[i].name, text) == 0) {
            note->set_kind = (uint8_t)built_in[i].kind;
            note->prefix = NULL;
        }
    }
    if (!bits && strcmp(text, "engine") == 0)
        note->prefix = gen_intern(g, "NV2080_ENGINE_TYPE", 18);
}

static void
read_cases(struct gen *g, const struct gen_node *node, struct gen_note *note)
{
    if (node->kind != GEN_MAP) {
        gen_error(g, node->pos, "cases is a map of values and members");
        return;
    }
    for (uint32_t i = 0; i < node->n; i++) {
        struct gen_case *c = gen_push(g, &note->cases);

        c->value = node->p[i].key;
        c->member = gen_scalar(g, node->p[i].value, "a union member");
        c->pos = node->p[i].pos;
    }
}

static void
read_as(struct gen *g, const struct gen_node *node, struct gen_note *note)
{
    static const char *const words[] = {"control", "class", "rpc"};
    static const uint8_t kinds[] = {NVRM_SET_CONTROL, NVRM_SET_CLASS, NVRM_SET_RPC};

    for (int i = 0; i < 3; i++) {
        const struct gen_node *sibling = gen_get(node, words[i]);

        if (sibling) {
            read_sibling(g, sibling, &note->as);
            note->as_kind = kinds[i];
        }
    }
    if (!note->as.name)
        gen_error(g, node->pos, "as: takes {control: FIELD}, {class: FIELD} or {rpc: FIELD}");
}

static void
read_ptr_type(struct gen *g, const struct gen_model *m, const struct gen_node *of,
              struct gen_note *note)
{
    const char *text = gen_scalar(g, of, "a type");

    note->ptr_type = NVRM_U8;
    if (strcmp(text, "void") == 0)
        return;
    for (unsigned t = 0; t < NVRM_ENUM; t++) {
        if (strcmp(nvrm_type_name((enum nvrm_type)t), text) == 0) {
            note->ptr_type = (uint8_t)t;
            return;
        }
    }
    note->ptr_type = NVRM_STRUCT;
    note->ptr_to = text;
    note->ptr_pos = of->pos;
    if (!gen_find(m, GEN_STRUCTS, text))
        gen_error(g, of->pos, "no release has a struct '%s'%s", text,
                  gen_suggest(g, m, 1u << GEN_STRUCTS, text));
}

static void
read_count(struct gen *g, const struct gen_node *map, struct gen_note *note)
{
    const struct gen_node *count = gen_get(map, "count"), *bytes = gen_get(map, "bytes");

    if (count && bytes)
        gen_error(g, bytes->pos, "%s has both count and bytes", note->path);
    if (bytes)
        note->flags |= NVRM_NOTE_BYTES;
    if (count || bytes)
        read_sibling(g, count ? count : bytes, &note->count);
}

static void
read_max(struct gen *g, const struct gen_model *m, const struct gen_node *map,
         struct gen_note *note)
{
    const struct gen_node *max = gen_get(map, "max");

    if (max) {
        note->max = read_limit(g, m, max);
        note->flags |= NVRM_NOTE_MAX;
    }
}

static void
read_ptr(struct gen *g, const struct gen_model *m, const struct gen_node *node,
         struct gen_note *note)
{
    const struct gen_node *of = gen_get(node, "of"), *dir = gen_get(node, "dir");

    if (node->kind != GEN_MAP || !of) {
        gen_error(g, node->pos, "ptr: takes {of: TYPE, count: FIELD, max: N, dir: DIR}");
        return;
    }
    gen_check_keys(g, node, "ptr", ptr_keys);
    note->flags |= NVRM_NOTE_PTR;
    read_ptr_type(g, m, of, note);
    read_count(g, node, note);
    read_max(g, m, node, note);
    if (dir)
        note->dir = read_dir(g, dir);
}

static void
read_note_flags(struct gen *g, const struct gen_node *map, struct gen_note *note)
{
    static const struct {
        const char *key;
        uint16_t flag;
    } rows[] = {
        {"hex",  NVRM_NOTE_HEX },
        {"text", NVRM_NOTE_TEXT},
        {"fd",   NVRM_NOTE_FD  }
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct gen_node *node = gen_get(map, rows[i].key);

        if (node && gen_bool(g, node))
            note->flags |= rows[i].flag;
    }
}

static void
read_note(struct gen *g, const struct gen_model *m, const struct gen_node *map,
          struct gen_note *note)
{
    static const char *const keys[] = {"doc",   "dir",   "unit",  "enum", "bits",      "hex",
                                       "text",  "count", "bytes", "max",  "min",       "ptr",
                                       "union", "cases", "fd",    "as",   "since_doc", NULL};
    const struct gen_node *node;

    gen_check_keys(g, map, note->path, keys);
    note->has_text = true;
    note->doc = read_doc(g, map);
    if ((node = gen_get(map, "unit")))
        note->unit = gen_scalar(g, node, "unit");
    if ((node = gen_get(map, "ptr")))
        read_ptr(g, m, node, note);
    else
        read_count(g, map, note);
    read_max(g, m, map, note);
    if ((node = gen_get(map, "dir")))
        note->dir = read_dir(g, node);
    if ((node = gen_get(map, "min"))) {
        note->min = read_limit(g, m, node);
        note->flags |= NVRM_NOTE_MIN;
    }
    if ((node = gen_get(map, "enum")))
        read_set(g, node, false, note);
    if ((node = gen_get(map, "bits")))
        read_set(g, node, true, note);
    if ((node = gen_get(map, "as")))
        read_as(g, node, note);
    if ((node = gen_get(map, "union")))
        read_sibling(g, node, &note->tag);
    if ((node = gen_get(map, "cases")))
        read_cases(g, node, note);
    if (gen_get(map, "union") && !note->cases.n)
        gen_error(g, map->pos, "%s: a union needs cases", note->path);
    read_note_flags(g, map, note);
}

static struct gen_note *
note_named(struct gen *g, struct gen_overlay *o, const char *name, struct gen_pos pos)
{
    const uint32_t known = gen_map_get(&o->by_name, name);
    struct gen_note *note;

    if (known != UINT32_MAX)
        return o->p[known];
    note = gen_alloc(g, sizeof(*note));
    note->name = name;
    note->pos = pos;
    gen_map_set(g, &o->by_name, name, o->n);
    *gen_push(g, o) = note;
    return note;
}

/* "entries.data": walk down through aggregates in place. */
static struct gen_note *
note_at_path(struct gen *g, struct gen_overlay *o, const struct gen_pair *pair)
{
    const char *p = pair->key;
    struct gen_note *note;

    for (;;) {
        const size_t n = strcspn(p, ".");

        note = note_named(g, o, gen_intern(g, p, n), pair->pos);
        note->path = gen_intern(g, pair->key, (size_t)(p - pair->key) + n);
        if (!p[n])
            return note;
        if (!note->members)
            note->members = gen_alloc(g, sizeof(*note->members));
        o = note->members;
        p += n + 1;
    }
}

static void
read_struct(struct gen *g, const struct gen_model *m, struct gen_meaning *all,
            const struct gen_pair *pair)
{
    struct gen_overlay *o = gen_alloc(g, sizeof(*o));
    const struct gen_node *map = pair->value, *self = gen_get(map, "$"), *node;

    o->pos = pair->pos;
    gen_map_set(g, &all->structs, pair->key, all->overlays.n);
    *gen_push(g, &all->overlays) = o;
    if (self && self->kind == GEN_MAP) {
        gen_check_keys(g, self, "$", struct_keys);
        o->doc = read_doc(g, self);
        if ((node = gen_get(self, "finn")))
            o->finn = gen_bool(g, node);
        if ((node = gen_get(self, "like")))
            read_sibling(g, node, &o->like);
        if (o->like.name && (map->n > 1 || self->n > 1))
            gen_error(g, self->pos, "%s is like %s: nothing else can be said about it",
                      pair->key, o->like.name);
    } else if (self) {
        gen_error(g, self->pos, "$ must be a map");
    }
    for (uint32_t i = 0; i < map->n; i++) {
        struct gen_note *note;

        if (strcmp(map->p[i].key, "$") == 0)
            continue;
        note = note_at_path(g, o, &map->p[i]);
        if (map->p[i].value->kind != GEN_MAP)
            gen_error(g, map->p[i].value->pos, "what is said about %s must be a map",
                      note->path);
        else
            read_note(g, m, map->p[i].value, note);
    }
}

/* Everything that is not a struct */

/* [GA100, GB203] as one text. */
static const char *
read_chips(struct gen *g, const struct gen_model *m, const struct gen_node *list)
{
    const char *chips = NULL;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const char *chip = gen_scalar(g, list->p[i].value, "a chip");

        if (m->t[GEN_CHIPS].n && !gen_find(m, GEN_CHIPS, chip))
            gen_error(g, list->p[i].pos, "no release knows a chip '%s'%s", chip,
                      gen_suggest(g, m, 1u << GEN_CHIPS, chip));
        chips = chips ? gen_internf(g, "%s %s", chips, chip) : chip;
    }
    return chips;
}

static void
read_remark(struct gen *g, const struct gen_model *m, struct gen_meaning *all,
            const struct gen_pair *pair)
{
    static const char *const words[] = {"unknown",     "read",        "write",
                                        "destructive", "quarantined", NULL};
    struct gen_remark *r = gen_push(g, &all->remark_rows);
    const struct gen_node *node;

    gen_map_set(g, &all->remarks, pair->key, all->remark_rows.n - 1);
    r->pos = pair->pos;
    gen_check_keys(g, pair->value, pair->key, remark_keys);
    r->doc = read_doc(g, pair->value);
    if ((node = gen_get(pair->value, "source")))
        r->source = gen_scalar(g, node, "source");
    if ((node = gen_get(pair->value, "safety")))
        r->safety = (uint8_t)read_word(g, node,
                                       "safety (read, write, destructive, quarantined)", words);
    r->chips = read_chips(g, m, gen_get(pair->value, "chips"));
    node = gen_get(pair->value, "releases");
    for (uint32_t i = 0; node && i < node->n; i++)
        *gen_push(g, &r->releases) = gen_scalar(g, node->p[i].value, "a release");
    if (r->safety == NVRM_SAFETY_QUARANTINED && !r->source)
        gen_error(g, pair->pos, "%s is quarantined without a source", pair->key);
}

void
gen_read_overlay(struct gen *g, const struct gen_model *m, struct gen_meaning *all,
                 const struct gen_node *root)
{
    static const unsigned remark_sections =
        1u << GEN_CONTROLS | 1u << GEN_CLASSES | 1u << GEN_FUNCTIONS | 1u << GEN_EVENTS |
        1u << GEN_STATUS | 1u << GEN_ESCAPES | 1u << GEN_CONSTANTS;

    if (root->kind != GEN_MAP) {
        gen_error(g, root->pos, "an overlay is a map of names");
        return;
    }
    for (uint32_t i = 0; i < root->n; i++) {
        const struct gen_pair *pair = &root->p[i];
        bool known = gen_map_get(&m->enumerators, pair->key) != UINT32_MAX;

        for (unsigned s = 0; s < GEN_SECTIONS; s++)
            known |= (remark_sections & (1u << s)) && gen_find(m, s, pair->key);
        if (pair->value->kind != GEN_MAP)
            gen_error(g, pair->value->pos, "what is said about %s must be a map", pair->key);
        else if (gen_map_get(&all->structs, pair->key) != UINT32_MAX ||
                 gen_remark_of(all, pair->key))
            gen_error(g, pair->pos, "%s is described in another place already", pair->key);
        else if (gen_find(m, GEN_STRUCTS, pair->key))
            read_struct(g, m, all, pair);
        else if (known)
            read_remark(g, m, all, pair);
        else
            gen_error(g, pair->pos, "no release has anything named '%s'%s", pair->key,
                      gen_suggest(g, m, remark_sections | 1u << GEN_STRUCTS, pair->key));
    }
}

/* What resolved nowhere */

static const char *
suggest_member(struct gen *g, const struct gen_model *m, const char *owner, const char *name)
{
    const struct gen_entry *e = gen_find(m, GEN_STRUCTS, owner);
    const char *best = NULL;
    unsigned limit = NVRM_FAR;

    for (uint32_t v = 0; e && v < e->n; v++) {
        for (uint32_t i = 0; !e->p[v].gone && i < e->p[v].strukt->agg.n; i++) {
            const char *member = e->p[v].strukt->agg.p[i].name;
            const unsigned d = nvrm_name_distance(name, member, limit);

            if (d < limit) {
                limit = d;
                best = member;
            }
        }
    }
    return best ? gen_internf(g, "; did you mean '%s'?", best) : "";
}

static void
check_sibling(struct gen *g, const struct gen_model *m, const char *owner,
              const struct gen_sibling *s)
{
    if (s->name && !s->found)
        gen_error(g, s->pos, "no release has a field '%s' beside it in %s%s", s->name, owner,
                  suggest_member(g, m, owner, s->name));
}

static void
check_notes(struct gen *g, const struct gen_model *m, const char *owner,
            const struct gen_overlay *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        const struct gen_note *note = o->p[i];

        if (!note->found) {
            gen_error(g, note->pos, "no release has a field '%s' in %s%s", note->path, owner,
                      suggest_member(g, m, owner, note->name));
            continue;
        }
        check_sibling(g, m, owner, &note->count);
        check_sibling(g, m, owner, &note->tag);
        check_sibling(g, m, owner, &note->as);
        for (uint32_t k = 0; k < note->cases.n; k++) {
            const struct gen_case *c = &note->cases.p[k];

            if (!c->value_found)
                gen_error(g, c->pos, "'%s' is neither a number nor a name with a value%s",
                          c->value, gen_suggest(g, m, 1u << GEN_CONSTANTS, c->value));
            else if (!c->member_found)
                gen_error(g, c->pos, "no release has a member '%s' in the union %s.%s",
                          c->member, owner, note->path);
        }
        if (note->members && !note->members->elsewhere)
            check_notes(g, m, owner, note->members);
    }
}

/* `like` names a struct that is described itself, and not by another `like`. */
static void
check_likes(struct gen *g, const struct gen_meaning *all)
{
    for (uint32_t i = 0; i < all->overlays.n; i++) {
        const struct gen_sibling *like = &all->overlays.p[i]->like;
        const uint32_t to = like->name ? gen_map_get(&all->structs, like->name) : i;

        if (to == UINT32_MAX || (like->name && all->overlays.p[to]->like.name))
            gen_error(g, like->pos, "no overlay describes a struct '%s'", like->name);
    }
}

void
gen_check_overlay(struct gen *g, const struct gen_model *m, const struct gen_meaning *all)
{
    check_likes(g, all);
    for (uint32_t i = 0; i < m->t[GEN_STRUCTS].n; i++) {
        const char *name = m->t[GEN_STRUCTS].p[i].name;
        const struct gen_overlay *o = gen_overlay_of(all, name);

        if (o)
            check_notes(g, m, name, o);
    }
    gen_stop_on_errors(g);
}
