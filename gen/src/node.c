/* SPDX-License-Identifier: MIT */
/* libyaml events -> tree. Refuses what schemas never need: anchors, duplicate keys, deep
 * nesting, tags that carry meaning. */
#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "nearest.h"

#define MAX_DEPTH 24

struct reader {
    struct gen *g;
    yaml_parser_t parser;
    yaml_event_t event;
    const char *file;
    struct gen_node *stack[MAX_DEPTH];
    const char *keys[MAX_DEPTH]; /* the key that waits for its value */
    struct gen_pos key_pos[MAX_DEPTH];
    struct gen_map seen[MAX_DEPTH]; /* keys of the map being read */
    unsigned depth;
    struct gen_node *root;
};

static struct gen_pos
event_pos(const struct reader *r, const yaml_event_t *e)
{
    return (struct gen_pos){r->file, (uint32_t)e->start_mark.line + 1};
}

static void
add_child(struct reader *r, struct gen_node *child)
{
    struct gen_node *parent;
    struct gen_pair *pair;

    if (!r->depth) {
        if (r->root)
            gen_error(r->g, child->pos, "one document per file, please");
        r->root = child;
        return;
    }
    parent = r->stack[r->depth - 1];
    pair = gen_push(r->g, parent);
    pair->key = r->keys[r->depth - 1];
    pair->pos = parent->kind == GEN_MAP ? r->key_pos[r->depth - 1] : child->pos;
    pair->value = child;
    r->keys[r->depth - 1] = NULL;
}

static struct gen_node *
new_node(struct reader *r, const yaml_event_t *e, enum gen_kind kind)
{
    struct gen_node *node = gen_alloc(r->g, sizeof(*node));

    node->kind = kind;
    node->pos = event_pos(r, e);
    return node;
}

static bool
expects_key(const struct reader *r)
{
    return r->depth && r->stack[r->depth - 1]->kind == GEN_MAP && !r->keys[r->depth - 1];
}

static void
read_key(struct reader *r, const yaml_event_t *e, const char *text)
{
    struct gen_map *seen = &r->seen[r->depth - 1];
    const uint32_t before = gen_map_get(seen, text);

    if (before != UINT32_MAX)
        gen_error(r->g, event_pos(r, e), "'%s' is here twice, first in line %u", text, before);
    gen_map_set(r->g, seen, text, event_pos(r, e).line);
    r->keys[r->depth - 1] = text;
    r->key_pos[r->depth - 1] = event_pos(r, e);
}

static void
read_scalar(struct reader *r, const yaml_event_t *e)
{
    const char *text =
        gen_intern(r->g, (const char *)e->data.scalar.value, e->data.scalar.length);
    struct gen_node *node;

    if (expects_key(r)) {
        read_key(r, e, text);
        return;
    }
    node = new_node(r, e, GEN_SCALAR);
    node->text = text;
    add_child(r, node);
}

static bool
open_node(struct reader *r, const yaml_event_t *e, enum gen_kind kind)
{
    struct gen_node *node;

    if (expects_key(r)) {
        gen_error(r->g, event_pos(r, e), "a key must be plain text");
        return false;
    }
    if (r->depth == MAX_DEPTH) {
        gen_error(r->g, event_pos(r, e), "nested too deeply (%d levels)", MAX_DEPTH);
        return false;
    }
    node = new_node(r, e, kind);
    add_child(r, node);
    r->stack[r->depth] = node;
    r->keys[r->depth] = NULL;
    r->seen[r->depth] = (struct gen_map){0};
    r->depth++;
    return true;
}

/* false: stop reading. */
static bool
read_event(struct reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        read_scalar(r, e);
        return true;
    case YAML_MAPPING_START_EVENT:
        return open_node(r, e, GEN_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(r, e, GEN_SEQ);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return true;
    case YAML_ALIAS_EVENT:
        gen_error(r->g, event_pos(r, e), "anchors and aliases are not part of the grammar");
        return false;
    case YAML_STREAM_END_EVENT:
        return false;
    default:
        return true;
    }
}

static void
yaml_problem(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;

    if (p->error == YAML_MEMORY_ERROR) {
        r->g->no_memory = true;
        gen_die(r->g);
    }
    gen_error(r->g, (struct gen_pos){r->file, (uint32_t)p->problem_mark.line + 1},
              "not YAML: %s", p->problem ? p->problem : "unreadable");
}

struct gen_node *
gen_yaml(struct gen *g, const char *file, const char *text, size_t n)
{
    struct reader *r = gen_alloc(g, sizeof(*r));
    const unsigned errors = g->error_count;
    bool more = true;

    r->g = g;
    r->file = gen_intern(g, file, strlen(file));
    if (!yaml_parser_initialize(&r->parser)) {
        g->no_memory = true;
        gen_die(g);
    }
    g->yaml = &r->parser;
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, n);
    g->yaml_event = &r->event;
    while (more) {
        if (!yaml_parser_parse(&r->parser, &r->event)) {
            yaml_problem(r);
            break;
        }
        more = read_event(r, &r->event);
        yaml_event_delete(&r->event);
    }
    g->yaml_event = NULL;
    yaml_parser_delete(&r->parser);
    g->yaml = NULL;
    if (g->error_count > errors)
        return NULL;
    if (!r->root)
        gen_error(g, (struct gen_pos){r->file, 1}, "the file is empty");
    return r->root;
}

struct gen_node *
gen_yaml_file(struct gen *g, const char *path)
{
    const struct gen_pos pos = {gen_intern(g, path, strlen(path)), 1};
    struct gen_text text = {0};
    char block[65536];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f) {
        gen_error(g, pos, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    g->file = f; /* in case that memory runs out */
    while ((n = fread(block, 1, sizeof(block), f)) > 0)
        gen_text_add(g, &text, block, n);
    if (ferror(f)) {
        gen_error(g, pos, "cannot be read");
        text.n = 0;
    }
    g->file = NULL;
    fclose(f);
    return gen_yaml(g, path, text.n ? text.p : "", text.n);
}

const struct gen_node *
gen_get(const struct gen_node *map, const char *key)
{
    if (!map || map->kind != GEN_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->n; i++) {
        if (map->p[i].key == key || strcmp(map->p[i].key, key) == 0)
            return map->p[i].value;
    }
    return NULL;
}

bool
gen_number(const char *text, uint64_t *value_out)
{
    const bool negative = *text == '-';
    const bool hex =
        text[negative] == '0' && (text[negative + 1] == 'x' || text[negative + 1] == 'X');
    const unsigned base = hex ? 16 : 10;
    const char *p = text + negative + (hex ? 2 : 0);
    uint64_t value = 0;

    if (!*p)
        return false;
    for (; *p; p++) {
        unsigned digit;

        if (*p >= '0' && *p <= '9')
            digit = (unsigned)(*p - '0');
        else if (hex && (*p | 32) >= 'a' && (*p | 32) <= 'f')
            digit = (unsigned)((*p | 32) - 'a') + 10;
        else
            return false;
        if (value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *value_out = negative ? 0 - value : value;
    return true;
}

const char *
gen_scalar(struct gen *g, const struct gen_node *node, const char *what)
{
    if (node->kind == GEN_SCALAR)
        return node->text;
    gen_error(g, node->pos, "%s must be plain text", what);
    return gen_intern(g, "", 0);
}

uint64_t
gen_scalar_number(struct gen *g, const struct gen_node *node, const char *what)
{
    uint64_t value = 0;

    if (node->kind != GEN_SCALAR || !gen_number(node->text, &value))
        gen_error(g, node->pos, "%s must be a number, not '%s'", what,
                  node->kind == GEN_SCALAR ? node->text : "a list or map");
    return value;
}

bool
gen_bool(struct gen *g, const struct gen_node *node)
{
    const char *text = gen_scalar(g, node, "a switch");

    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        gen_error(g, node->pos, "'%s' must be true or false", text);
    return strcmp(text, "true") == 0;
}

void
gen_check_name(struct gen *g, struct gen_pos pos, const char *name)
{
    const size_t n =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    if (!n || name[n] || (name[0] >= '0' && name[0] <= '9') || n > 200)
        gen_error(g, pos, "'%.200s' is not a name that C can use", name);
}

void
gen_check_keys(struct gen *g, const struct gen_node *map, const char *what,
               const char *const *keys)
{
    for (uint32_t i = 0; i < map->n; i++) {
        const char *best = keys[0];
        unsigned limit = NVRM_FAR;
        bool known = false;

        for (const char *const *k = keys; *k && !known; k++) {
            const unsigned d = nvrm_name_distance(map->p[i].key, *k, limit);

            known = strcmp(map->p[i].key, *k) == 0;
            if (d < limit) {
                limit = d;
                best = *k;
            }
        }
        if (!known)
            gen_error(g, map->p[i].pos, "%s has no key '%s'; the nearest is '%s'", what,
                      map->p[i].key, best);
    }
}
