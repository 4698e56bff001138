/* SPDX-License-Identifier: MIT */
/* Reads schemas back into a model, by libyaml documents. Bodies become canonical flow text
 * again. */
#include "store.h"

#include "flow.h"
#include "proc.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    struct imp_model *m;
    const char *path; /* of the file being read */
    const char *key;
    yaml_document_t doc;
    struct imp_error *err;
};

static yaml_node_t *
node(struct reader *r, int index)
{
    return yaml_document_get_node(&r->doc, index);
}

static const char *
text(const yaml_node_t *n)
{
    return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static bool
fail_at(struct reader *r, const yaml_node_t *n, const char *what)
{
    return imp_fail(r->err, r->path, n ? (unsigned)n->start_mark.line + 1 : 1, "%s", what);
}

/* A node as flow text. first: leave out the pair with this key ("since"). */
static void
to_flow(struct reader *r, const yaml_node_t *n, struct imp_buf *b, const char *leave_out)
{
    bool comma = false;

    if (n->type == YAML_SCALAR_NODE) {
        imp_flow_scalar(b, (const char *)n->data.scalar.value);
        return;
    }
    imp_buf_str(b, n->type == YAML_MAPPING_NODE ? "{" : "[");
    if (n->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
             p++) {
            const char *key = text(node(r, p->key));

            if (!key || (leave_out && strcmp(key, leave_out) == 0))
                continue;
            imp_buf_str(b, comma ? ", " : "");
            imp_flow_scalar(b, key);
            imp_buf_str(b, ": ");
            to_flow(r, node(r, p->value), b, NULL);
            comma = true;
        }
    } else {
        for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
             i++) {
            imp_buf_str(b, comma ? ", " : "");
            to_flow(r, node(r, *i), b, NULL);
            comma = true;
        }
    }
    imp_buf_str(b, n->type == YAML_MAPPING_NODE ? "}" : "]");
}

static yaml_node_t *
get(struct reader *r, const yaml_node_t *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const char *k = text(node(r, p->key));

        if (k && strcmp(k, key) == 0)
            return node(r, p->value);
    }
    return NULL;
}

static const char *
body_text(struct reader *r, const yaml_node_t *n, const char *leave_out)
{
    struct imp_buf b = {0};
    const char *body;

    to_flow(r, n, &b, leave_out);
    body = imp_model_intern(r->m, b.data);
    imp_buf_fini(&b);
    return body;
}

static bool
variant(struct reader *r, enum imp_section s, const yaml_node_t *n, const char **point_body)
{
    const yaml_node_t *since = get(r, n, "since"), *value = get(r, n, "value");
    const char *body = NULL;

    if (!since || since->type != YAML_SEQUENCE_NODE)
        return fail_at(r, n, "a variant without 'since: [release, ...]'");
    if (!get(r, n, "gone"))
        body = imp_section_is_value(s) ? value ? body_text(r, value, NULL) : NULL
                                       : body_text(r, n, "since");
    if (imp_section_is_value(s) && !body && !get(r, n, "gone"))
        return fail_at(r, n, "a variant without 'value:'");
    for (yaml_node_item_t *i = since->data.sequence.items.start;
         i < since->data.sequence.items.top; i++) {
        const char *name = text(node(r, *i));
        int release = name ? imp_model_find(r->m, name) : -1;

        if (release < 0)
            return fail_at(r, since,
                           "'since' names a release that versions.yaml does not have");
        point_body[release] = body ? body : "";
    }
    return true;
}

/* Fill the column: a point's body holds until another point of the entry. "" stands for gone.
 */
static void
spread(const struct imp_model *m, const char *const *point_body, struct imp_entry *e)
{
    for (unsigned i = 0; i < m->count; i++) {
        const int parent = m->releases[i].parent;

        if (point_body[i])
            e->body[i] = *point_body[i] ? point_body[i] : NULL;
        else
            e->body[i] = parent < 0 ? NULL : e->body[parent];
    }
}

static bool
is_variants(struct reader *r, const yaml_node_t *n)
{
    const yaml_node_t *first;

    if (n->type != YAML_SEQUENCE_NODE ||
        n->data.sequence.items.start == n->data.sequence.items.top)
        return false;
    first = node(r, *n->data.sequence.items.start);
    return first->type == YAML_MAPPING_NODE && get(r, first, "since");
}

static bool
read_entry(struct reader *r, enum imp_section s, const char *name, const yaml_node_t *n)
{
    const char *points[IMP_MAX_RELEASES] = {0};
    struct imp_entry *e;

    if (imp_map_get(&r->m->entries[s], name))
        return fail_at(r, n, "a name that another file defines as well");
    e = imp_model_entry(r->m, s, name);
    e->file = r->key;
    if (!is_variants(r, n)) {
        const char *body = body_text(r, n, NULL);

        for (unsigned i = 0; i < r->m->count; i++)
            e->body[i] = body;
        return true;
    }
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
         i++)
        if (!variant(r, s, node(r, *i), points))
            return false;
    spread(r->m, points, e);
    return true;
}

static bool
read_section(struct reader *r, const char *name, const yaml_node_t *map)
{
    int s = 0;

    while (s < SEC_COUNT && strcmp(name, imp_section_name((enum imp_section)s)) != 0)
        s++;
    if (s == SEC_COUNT || map->type != YAML_MAPPING_NODE)
        return fail_at(r, map, "unknown section");
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const char *key = text(node(r, p->key));

        if (!key || !read_entry(r, (enum imp_section)s, key, node(r, p->value)))
            return key ? false : fail_at(r, map, "a name that is not a scalar");
    }
    return true;
}

static bool
load(struct reader *r)
{
    struct imp_buf file = {0};
    yaml_parser_t parser;
    bool ok;

    if (!imp_read_file(r->path, &file, r->err))
        return false;
    if (!yaml_parser_initialize(&parser)) {
        imp_buf_fini(&file);
        return imp_fail(r->err, r->path, 0, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)file.data, file.len);
    ok = yaml_parser_load(&parser, &r->doc);
    if (!ok)
        imp_fail(r->err, r->path, (unsigned)parser.problem_mark.line + 1, "%s",
                 parser.problem ? parser.problem : "not YAML");
    yaml_parser_delete(&parser);
    imp_buf_fini(&file);
    return ok;
}

static bool
read_file(struct imp_model *m, const char *path, const char *key, struct imp_error *err)
{
    struct reader r = {.m = m, .path = path, .key = key, .err = err};
    const yaml_node_t *root;
    bool ok = true;

    if (!load(&r))
        return false;
    root = yaml_document_get_root_node(&r.doc);
    if (!root || root->type != YAML_MAPPING_NODE) {
        ok = fail_at(&r, root, "not a mapping");
    } else {
        const char *vendor = text(get(&r, get(&r, root, "source"), "path"));

        if (vendor)
            *imp_map_at(&m->paths, key) = imp_strdup(&m->arena, vendor);
        for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
             p < root->data.mapping.pairs.top && ok; p++) {
            const char *name = text(node(&r, p->key));

            if (name && strcmp(name, "source") != 0)
                ok = read_section(&r, name, node(&r, p->value));
        }
    }
    yaml_document_delete(&r.doc);
    return ok;
}

static bool
read_folder(struct imp_model *m, const char *dir, const char *prefix, struct imp_error *err)
{
    const char **names;
    size_t n;

    if (!imp_list_dir(dir, NULL, &m->arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        char *path = imp_printf(&m->arena, "%s/%s", dir, names[i]);
        bool ok;

        if (imp_is_dir(path))
            ok = read_folder(m, path, imp_printf(&m->arena, "%s%s/", prefix, names[i]), err);
        else if (imp_has_suffix(path, ".yaml"))
            ok = read_file(
                m, path,
                imp_printf(&m->arena, "%s%.*s", prefix, (int)strlen(names[i]) - 5, names[i]),
                err);
        else
            ok = true;
        if (!ok)
            return false;
    }
    return true;
}

static bool
read_releases(struct reader *r, const yaml_node_t *map)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return fail_at(r, map, "no 'releases:'");
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const char *name = text(node(r, p->key));

        if (!name || !imp_release_valid(name) || imp_model_add_release(r->m, name) < 0)
            return fail_at(r, node(r, p->key), "not a release number");
    }
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *value = node(r, p->value);
        const char *parent = text(get(r, value, "parent"));
        const int release = imp_model_find(r->m, text(node(r, p->key)));

        r->m->releases[release].parent = parent ? imp_model_find(r->m, parent) : -1;
        if (parent &&
            (r->m->releases[release].parent < 0 || r->m->releases[release].parent >= release))
            return fail_at(r, value, "'parent' is not an older release of this file");
    }
    return true;
}

static void
read_skip(struct reader *r, const yaml_node_t *list)
{
    size_t cap = 0;

    if (!list || list->type != YAML_SEQUENCE_NODE)
        return;
    for (yaml_node_item_t *i = list->data.sequence.items.start;
         i < list->data.sequence.items.top; i++) {
        const char *prefix = text(node(r, *i));

        r->m->skip = imp_grow(r->m->skip, r->m->skip_count, &cap, sizeof(*r->m->skip));
        if (prefix)
            r->m->skip[r->m->skip_count++] = imp_strdup(&r->m->arena, prefix);
    }
}

static bool
read_versions(struct imp_model *m, const char *path, struct imp_error *err)
{
    struct reader r = {.m = m, .path = path, .err = err};
    const yaml_node_t *root;
    bool ok;

    if (!load(&r))
        return false;
    root = yaml_document_get_root_node(&r.doc);
    ok = read_releases(&r, get(&r, root, "releases"));
    read_skip(&r, get(&r, root, "skip"));
    yaml_document_delete(&r.doc);
    return ok;
}

bool
imp_store_read(struct imp_model *m, const char *dir, struct imp_error *err)
{
    char *versions = imp_printf(&m->arena, "%s/versions.yaml", dir);
    char *rm = imp_printf(&m->arena, "%s/rm", dir);

    if (!imp_exists(versions))
        return true;
    return read_versions(m, versions, err) && (!imp_is_dir(rm) || read_folder(m, rm, "", err));
}
