/* SPDX-License-Identifier: MIT */
/* Writes a model as schemas: one line per entry or variant, sorted, so that a point release is
 * a diff of a few lines. */
#include "store.h"

#include "lock.h"
#include "proc.h"

#include <stdlib.h>
#include <string.h>

static const char notice[] =
    "# SPDX-License-Identifier: MIT\n"
    "# Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights reserved.\n"
    "# Used under the permission notice in LICENSE. Imported by nvrm-import; do not edit.\n";

struct output {
    const struct imp_model *m;
    struct imp_map files; /* YAML key -> struct out_file */
    struct imp_arena arena;
};

struct out_file {
    struct imp_buf text[SEC_COUNT];
    unsigned newest; /* release in which an entry last changed */
};

static struct out_file *
file_of(struct output *o, const char *key)
{
    void **slot = imp_map_at(&o->files, key);

    if (!*slot)
        *slot = imp_alloc(&o->arena, sizeof(struct out_file));
    return *slot;
}

static void
put_variant(struct imp_buf *b, const struct imp_model *m, enum imp_section s, const char *body,
            const unsigned *points, unsigned n, const struct imp_entry *e)
{
    bool first = true;

    imp_buf_str(b, "  - {since: [");
    for (unsigned i = 0; i < n; i++) {
        if (e->body[points[i]] != body)
            continue;
        imp_buf_printf(b, "%s%s", first ? "" : ", ", m->releases[points[i]].name);
        first = false;
    }
    imp_buf_str(b, "]");
    if (!body)
        imp_buf_str(b, ", gone: true}\n");
    else if (imp_section_is_value(s))
        imp_buf_printf(b, ", value: %s}\n", body);
    else if (strcmp(body, "{}") == 0)
        imp_buf_str(b, "}\n");
    else
        imp_buf_printf(b, ", %s\n", body + 1);
}

static void
put_entry(struct output *o, enum imp_section s, const struct imp_entry *e)
{
    const struct imp_model *m = o->m;
    unsigned points[IMP_MAX_RELEASES], n = imp_entry_points(m, e, points);
    struct out_file *f;
    struct imp_buf *b;

    if (!n)
        return;
    f = file_of(o, e->file);
    b = &f->text[s];
    if (points[n - 1] > f->newest)
        f->newest = points[n - 1];
    if (n == 1 && points[0] == 0) {
        imp_buf_printf(b, "  %s: %s\n", e->name, e->body[0]);
        return;
    }
    imp_buf_printf(b, "  %s:\n", e->name);
    for (unsigned i = 0; i < n; i++) {
        const char *body = e->body[points[i]];
        bool seen = false;

        for (unsigned k = 0; k < i; k++)
            seen |= e->body[points[k]] == body;
        if (!seen && body)
            put_variant(b, m, s, body, points, n, e);
    }
    for (unsigned i = 0; i < n; i++)
        if (!e->body[points[i]]) {
            put_variant(b, m, s, NULL, points, n, e);
            break;
        }
}

static bool
write_one(struct output *o, const char *dir, const char *key, struct out_file *f,
          struct imp_error *err)
{
    const char *path = imp_map_get(&o->m->paths, key);
    struct imp_buf b = {0};
    bool ok;

    imp_buf_printf(&b, "%ssource: {tree: open-gpu-kernel-modules, path: %s, tag: %s}\n", notice,
                   path ? path : "?", o->m->releases[f->newest].name);
    for (int s = 0; s < SEC_COUNT; s++)
        if (f->text[s].len) {
            imp_buf_printf(&b, "\n%s:\n", imp_section_name((enum imp_section)s));
            imp_buf_add(&b, f->text[s].data, f->text[s].len);
        }
    ok = imp_write_file(imp_printf(&o->arena, "%s/rm/%s.yaml", dir, key), b.data, b.len, err);
    imp_buf_fini(&b);
    return ok;
}

static bool
write_versions(struct output *o, const char *dir, struct imp_error *err)
{
    const struct imp_model *m = o->m;
    struct imp_buf b = {0};
    bool ok;

    imp_buf_str(&b, "# SPDX-License-Identifier: MIT\n"
                    "# The release tree. A `since` point of a schema holds for a release and "
                    "its descendants.\n"
                    "# `skip` lists tags that are not production releases, by prefix; "
                    "nvrm-import --all leaves them out.\n");
    imp_buf_str(&b, "skip: [");
    for (unsigned i = 0; i < m->skip_count; i++)
        imp_buf_printf(&b, "%s%s", i ? ", " : "", m->skip[i]);
    imp_buf_str(&b, "]\nreleases:\n");
    for (unsigned i = 0; i < m->count; i++) {
        if (m->releases[i].parent < 0)
            imp_buf_printf(&b, "  %s: {}\n", m->releases[i].name);
        else
            imp_buf_printf(&b, "  %s: {parent: %s}\n", m->releases[i].name,
                           m->releases[m->releases[i].parent].name);
    }
    ok = imp_write_file(imp_printf(&o->arena, "%s/versions.yaml", dir), b.data, b.len, err);
    imp_buf_fini(&b);
    return ok;
}

bool
imp_store_write(struct imp_model *m, const char *dir, struct imp_error *err)
{
    struct output o = {.m = m};
    bool ok;

    for (int s = 0; s < SEC_COUNT; s++) {
        imp_map_sort(&m->entries[s]);
        for (size_t i = 0; i < m->entries[s].count; i++)
            put_entry(&o, (enum imp_section)s, m->entries[s].items[i].value);
    }
    ok = write_versions(&o, dir, err) &&
         imp_lock_write(m, imp_printf(&o.arena, "%s/layout.lock", dir), err);
    for (size_t i = 0; i < o.files.count; i++) {
        struct out_file *f = o.files.items[i].value;

        ok = ok && write_one(&o, dir, o.files.items[i].key, f, err);
        for (int s = 0; s < SEC_COUNT; s++)
            imp_buf_fini(&f->text[s]);
    }
    imp_map_fini(&o.files);
    imp_arena_fini(&o.arena);
    return ok;
}

/* Every file below a folder, as paths relative to it. */
static bool
list_files(const char *dir, const char *prefix, struct imp_arena *a, struct imp_map *out,
           struct imp_error *err)
{
    const char **names;
    size_t n;

    if (!imp_is_dir(dir))
        return true;
    if (!imp_list_dir(dir, NULL, a, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        char *path = imp_printf(a, "%s/%s", dir, names[i]);
        char *name = imp_printf(a, "%s%s", prefix, names[i]);

        if (imp_is_dir(path)) {
            if (!list_files(path, imp_printf(a, "%s/", name), a, out, err))
                return false;
        } else {
            *imp_map_at(out, name) = path;
        }
    }
    return true;
}

/* The importer's own files of a schema folder: rm/, versions.yaml, layout.lock. */
static bool
list_store(const char *dir, struct imp_arena *a, struct imp_map *out, struct imp_error *err)
{
    static const char *const single[] = {"versions.yaml", "layout.lock"};

    for (size_t i = 0; i < 2; i++) {
        char *path = imp_printf(a, "%s/%s", dir, single[i]);

        if (imp_exists(path))
            *imp_map_at(out, single[i]) = path;
    }
    return list_files(imp_printf(a, "%s/rm", dir), "rm/", a, out, err);
}

bool
imp_store_replace(const char *from, const char *dir, struct imp_error *err)
{
    struct imp_arena a = {0};
    struct imp_map fresh = {0}, old = {0};
    bool ok = list_store(from, &a, &fresh, err) && list_store(dir, &a, &old, err);

    for (size_t i = 0; i < fresh.count && ok; i++) {
        struct imp_buf b = {0};

        ok = imp_read_file(fresh.items[i].value, &b, err) &&
             imp_write_file(imp_printf(&a, "%s/%s", dir, fresh.items[i].key), b.data, b.len,
                            err);
        imp_buf_fini(&b);
    }
    for (size_t i = 0; i < old.count && ok; i++)
        if (!imp_map_get(&fresh, old.items[i].key))
            imp_remove_tree(old.items[i].value);
    imp_map_fini(&fresh);
    imp_map_fini(&old);
    imp_arena_fini(&a);
    return ok;
}

static bool
same_file(const char *a, const char *b)
{
    struct imp_buf x = {0}, y = {0};
    bool same = imp_read_file(a, &x, NULL) && imp_read_file(b, &y, NULL) && x.len == y.len &&
                memcmp(x.data, y.data, x.len) == 0;

    imp_buf_fini(&x);
    imp_buf_fini(&y);
    return same;
}

bool
imp_store_same(const char *a_dir, const char *b_dir, struct imp_buf *names_out,
               struct imp_error *err)
{
    struct imp_arena a = {0};
    struct imp_map x = {0}, y = {0};
    bool ok = list_store(a_dir, &a, &x, err) && list_store(b_dir, &a, &y, err);

    for (size_t i = 0; i < x.count && ok; i++) {
        const char *other = imp_map_get(&y, x.items[i].key);

        if (!other || !same_file(x.items[i].value, other))
            imp_buf_printf(names_out, "%s\n", x.items[i].key);
    }
    for (size_t i = 0; i < y.count && ok; i++)
        if (!imp_map_get(&x, y.items[i].key))
            imp_buf_printf(names_out, "%s\n", y.items[i].key);
    imp_map_fini(&x);
    imp_map_fini(&y);
    imp_arena_fini(&a);
    return ok;
}
