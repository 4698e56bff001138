/* SPDX-License-Identifier: MIT */
/* The lock file. Its checksum covers names, types and computed offsets of a struct and of
 * everything inside it. */
#include "lock.h"

#include "natural.h"
#include "proc.h"

#include <stdlib.h>
#include <string.h>

struct line {
    uint64_t size;
    unsigned align;
    uint32_t crc;
};

/* What a variant hashes to at one release: its own leaves and the hashes of the structs it
 * names. */
static bool
measure(const struct imp_model *m, unsigned r, const char *name, struct imp_arena *a,
        struct imp_map *done, struct line *out, struct imp_error *err)
{
    struct imp_natural n;
    struct line *known = imp_map_get(done, name);
    bool ok;

    if (known) {
        *out = *known;
        return true;
    }
    ok = imp_natural(m, r, name, a, &n, err);
    if (ok && (n.size != n.declared || (n.declared_tail && n.tail != n.declared_tail)))
        ok = imp_fail(err, NULL, 0, "struct '%s' of %s: natural size %llu, declared %llu", name,
                      m->releases[r].name, (unsigned long long)n.size,
                      (unsigned long long)n.declared);
    *out = (struct line){n.size, n.align, 0};
    for (size_t i = 0; i < n.count && ok; i++) {
        const struct imp_leaf *l = &n.leaves[i];
        char *text =
            imp_printf(a, "%s %s %llu %llu %u\n", l->name, l->type,
                       (unsigned long long)l->offset, (unsigned long long)l->bytes, l->bits);
        struct line inner;

        out->crc = imp_crc32(out->crc, text, strlen(text));
        if (!imp_map_get(&m->entries[SEC_STRUCTS], l->type))
            continue;
        ok = measure(m, r, l->type, a, done, &inner, err);
        out->crc = imp_crc32(out->crc, &inner.crc, sizeof(inner.crc));
    }
    free(n.leaves);
    if (ok) {
        known = imp_alloc(a, sizeof(*known));
        *known = *out;
        *imp_map_at(done, name) = known;
    }
    return ok;
}

bool
imp_lock_write(const struct imp_model *m, const char *path, struct imp_error *err)
{
    const struct imp_map *structs = &m->entries[SEC_STRUCTS];
    struct line *last = imp_realloc(NULL, (structs->count + 1) * m->count * sizeof(*last));
    struct imp_buf *lines = calloc(structs->count + 1, sizeof(*lines));
    struct imp_buf all = {0};
    bool ok = lines != NULL;

    for (unsigned r = 0; r < m->count && ok; r++) {
        const int parent = m->releases[r].parent;
        struct imp_arena a = {0};
        struct imp_map done = {0};

        for (size_t i = 0; i < structs->count && ok; i++) {
            const struct imp_entry *e = structs->items[i].value;
            struct line *now = &last[i * m->count + r];

            *now = (struct line){0};
            if (!e->body[r])
                continue;
            ok = measure(m, r, e->name, &a, &done, now, err);
            if (ok && (parent < 0 ||
                       memcmp(now, &last[i * m->count + (unsigned)parent], sizeof(*now)) != 0))
                imp_buf_printf(&lines[i], "%s %s size=%llu align=%u crc=%08x\n", e->name,
                               m->releases[r].name, (unsigned long long)now->size, now->align,
                               now->crc);
        }
        imp_map_fini(&done);
        imp_arena_fini(&a);
    }
    imp_buf_add(&all, "", 0);
    for (size_t i = 0; i < structs->count && lines; i++) {
        if (lines[i].data)
            imp_buf_str(&all, lines[i].data);
        imp_buf_fini(&lines[i]);
    }
    ok = ok && imp_write_file(path, all.data, all.len, err);
    imp_buf_fini(&all);
    free(lines);
    free(last);
    return ok;
}
