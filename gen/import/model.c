/* SPDX-License-Identifier: MIT */
/* The merged model: entries by release, and the tree that keeps variants few. */
#include "model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int
imp_release_compare(const char *a, const char *b)
{
    while (*a || *b) {
        char *end_a, *end_b;
        unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);

        if (x != y)
            return x < y ? -1 : 1;
        if (*end_a == '\0' || *end_b == '\0')
            return (*end_a != '\0') - (*end_b != '\0');
        a = end_a + 1;
        b = end_b + 1;
    }
    return 0;
}

bool
imp_release_valid(const char *name)
{
    size_t dots = 0;

    for (const char *p = name; *p; p++) {
        if (*p == '.' && (p == name || !isdigit((unsigned char)p[1])))
            return false;
        if (*p != '.' && !isdigit((unsigned char)*p))
            return false;
        dots += *p == '.';
    }
    return dots >= 1 && dots <= 3 && strlen(name) < 32;
}

int
imp_model_find(const struct imp_model *m, const char *release)
{
    for (unsigned i = 0; i < m->count; i++)
        if (strcmp(m->releases[i].name, release) == 0)
            return (int)i;
    return -1;
}

static void
shift_bodies(struct imp_model *m, unsigned at)
{
    for (int s = 0; s < SEC_COUNT; s++)
        for (size_t i = 0; i < m->entries[s].count; i++) {
            struct imp_entry *e = m->entries[s].items[i].value;

            memmove(&e->body[at + 1], &e->body[at], (m->count - at) * sizeof(*e->body));
            e->body[at] = NULL;
        }
}

int
imp_model_add_release(struct imp_model *m, const char *release)
{
    int found = imp_model_find(m, release);
    unsigned at = 0;

    if (found >= 0)
        return found;
    if (m->count == IMP_MAX_RELEASES)
        return -1;
    while (at < m->count && imp_release_compare(m->releases[at].name, release) < 0)
        at++;
    shift_bodies(m, at);
    memmove(&m->releases[at + 1], &m->releases[at], (m->count - at) * sizeof(*m->releases));
    m->releases[at] = (struct imp_release){imp_strdup(&m->arena, release), -1};
    m->count++;
    for (size_t i = 0; i < m->entries[SEC_PCI].count; i++) {
        struct imp_entry *e = m->entries[SEC_PCI].items[i].value;

        e->body[at] = e->body[at ? 0 : m->count - 1];
    }
    return (int)at;
}

const char *
imp_model_intern(struct imp_model *m, const char *body)
{
    const char *old = imp_map_get(&m->bodies, body);
    char *copy;

    if (old)
        return old;
    copy = imp_strdup(&m->arena, body);
    *imp_map_at(&m->bodies, copy) = copy;
    return copy;
}

struct imp_entry *
imp_model_entry(struct imp_model *m, enum imp_section s, const char *name)
{
    struct imp_entry *e = imp_map_get(&m->entries[s], name);

    if (e)
        return e;
    e = imp_alloc(&m->arena, sizeof(*e));
    e->name = imp_strdup(&m->arena, name);
    *imp_map_at(&m->entries[s], e->name) = e;
    return e;
}

/* Is release r the newest that has the entry? Then its header is where the entry lives. */
static bool
is_newest(const struct imp_model *m, const struct imp_entry *e, unsigned r)
{
    for (unsigned i = r + 1; i < m->count; i++)
        if (e->body[i])
            return false;
    return true;
}

/* Names of cards are no ABI: one name for all releases, the newest one's. */
static void
merge_name(struct imp_model *m, const struct imp_fact *f, unsigned r)
{
    struct imp_entry *e = imp_model_entry(m, SEC_PCI, f->name);

    if (e->file && r + 1 != m->count)
        return;
    e->file = imp_yaml_key(&m->arena, f->path);
    *imp_map_at(&m->paths, e->file) = imp_strdup(&m->arena, f->path);
    for (unsigned i = 0; i < m->count; i++)
        e->body[i] = imp_model_intern(m, f->body);
}

static void
merge_row(struct imp_model *m, enum imp_section s, const struct imp_fact *f, unsigned r,
          struct imp_map *newer)
{
    struct imp_entry *e = imp_model_entry(m, s, f->name);
    char *key;

    e->body[r] = imp_model_intern(m, f->body);
    if (e->file && !is_newest(m, e, r))
        return;
    key = imp_yaml_key(&m->arena, f->path);
    e->file = key;
    if (!imp_map_get(&m->paths, key) || !imp_map_get(newer, key))
        *imp_map_at(&m->paths, key) = imp_strdup(&m->arena, f->path);
}

/* Files that a newer release also has keep the path that the newer one gave them. */
static void
newer_files(const struct imp_model *m, unsigned r, struct imp_map *newer)
{
    for (int s = 0; s < SEC_COUNT; s++)
        for (size_t i = 0; i < m->entries[s].count; i++) {
            const struct imp_entry *e = m->entries[s].items[i].value;

            for (unsigned k = r + 1; k < m->count; k++)
                if (e->body[k] && e->file)
                    *imp_map_at(newer, e->file) = imp_value_of(m);
        }
}

bool
imp_model_merge(struct imp_model *m, const struct imp_facts *f, struct imp_error *err)
{
    int r = imp_model_add_release(m, f->release);
    struct imp_map newer = {0};

    if (r < 0)
        return imp_fail(err, NULL, 0, "more than %d releases", IMP_MAX_RELEASES);
    newer_files(m, (unsigned)r, &newer);
    for (int s = 0; s < SEC_COUNT; s++) {
        for (size_t i = 0; i < m->entries[s].count && s != SEC_PCI; i++)
            ((struct imp_entry *)m->entries[s].items[i].value)->body[r] = NULL;
        for (size_t i = 0; i < f->rows[s].count; i++)
            if (s == SEC_PCI)
                merge_name(m, f->rows[s].items[i].value, (unsigned)r);
            else
                merge_row(m, (enum imp_section)s, f->rows[s].items[i].value, (unsigned)r,
                          &newer);
    }
    imp_map_fini(&newer);
    return true;
}

static unsigned long
branch(const struct imp_model *m, unsigned r)
{
    return strtoul(m->releases[r].name, NULL, 10);
}

/* Structs that differ between two releases. */
static size_t
difference(const struct imp_model *m, unsigned a, unsigned b)
{
    const struct imp_map *structs = &m->entries[SEC_STRUCTS];
    size_t n = 0;

    for (size_t i = 0; i < structs->count; i++) {
        const struct imp_entry *e = structs->items[i].value;

        n += e->body[a] != e->body[b];
    }
    return n;
}

void
imp_model_parents(struct imp_model *m)
{
    for (unsigned r = 0; r < m->count; r++) {
        size_t best = SIZE_MAX;

        m->releases[r].parent = (int)r - 1;
        if (r == 0 || branch(m, r) == branch(m, r - 1))
            continue;
        for (unsigned k = 0; k < r; k++) {
            size_t n;

            if (branch(m, k) != branch(m, r - 1))
                continue;
            n = difference(m, k, r);
            if (n < best) {
                best = n;
                m->releases[r].parent = (int)k;
            }
        }
    }
}

unsigned
imp_entry_points(const struct imp_model *m, const struct imp_entry *e, unsigned *points)
{
    unsigned n = 0;

    for (unsigned r = 0; r < m->count; r++) {
        const int p = m->releases[r].parent;

        if (e->body[r] != (p < 0 ? NULL : e->body[p]))
            points[n++] = r;
    }
    return n;
}

void
imp_model_fini(struct imp_model *m)
{
    for (int s = 0; s < SEC_COUNT; s++)
        imp_map_fini(&m->entries[s]);
    imp_map_fini(&m->paths);
    imp_map_fini(&m->bodies);
    imp_arena_fini(&m->arena);
    free(m->skip);
    *m = (struct imp_model){0};
}
