/* SPDX-License-Identifier: MIT */
/* Writes _Static_asserts behind the vendor's own headers. The parser only helps to spell a type
 * (typedef or tag). */
#include "verify.h"

#include "natural.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

struct unit_check {
    const char *name;
    bool driver;
    bool (*text)(struct imp_tree *t, struct imp_buf *text);
    bool (*file)(void *ctx, const char *file);
};

/* "T", "struct T" or "union T"; NULL when this unit does not have it. */
static const char *
spelling(struct imp_tree *t, const struct imp_decls *d, const char *name)
{
    static const char *const kinds[] = {"struct", "union"};
    const struct imp_type *type = imp_map_get(&d->typedefs, name);

    if (type)
        return type->kind == TYPE_AGG ? name : NULL;
    for (size_t i = 0; i < 2; i++) {
        char *tagged = imp_printf(t->arena, "%s %s", kinds[i], name);
        const struct imp_agg *agg = imp_map_get(&d->tags, tagged);

        if (agg && agg->complete)
            return tagged;
    }
    return NULL;
}

static size_t
put_asserts(struct imp_buf *b, const char *c_name, const struct imp_natural *n)
{
    size_t count = 1;

    imp_buf_printf(b, "_Static_assert(sizeof(%s) == %llu, \"size of %s\");\n", c_name,
                   (unsigned long long)n->declared, c_name);
    for (size_t i = 0; i < n->count; i++) {
        const struct imp_leaf *l = &n->leaves[i];

        if (l->bits || l->anonymous)
            continue;
        imp_buf_printf(
            b, "_Static_assert(__builtin_offsetof(%s, %s) == %llu, \"offset of %s in %s\");\n",
            c_name, l->name, (unsigned long long)l->offset, l->name, c_name);
        count++;
        if (l->tail)
            continue;
        imp_buf_printf(b,
                       "_Static_assert(sizeof(((%s *)0)->%s) == %llu, \"size of %s in %s\");\n",
                       c_name, l->name, (unsigned long long)l->bytes, l->name, c_name);
        count++;
    }
    return count;
}

/* Asserts for every struct of the release that this unit knows and an earlier one did not. */
static bool
unit_asserts(const struct imp_model *m, unsigned r, struct imp_tree *t,
             const struct imp_decls *d, struct imp_map *done, struct imp_buf *b,
             size_t *asserts)
{
    const struct imp_map *structs = &m->entries[SEC_STRUCTS];

    for (size_t i = 0; i < structs->count; i++) {
        const struct imp_entry *e = structs->items[i].value;
        const char *c_name;
        struct imp_natural n;
        bool ok;

        if (!e->body[r] || imp_map_get(done, e->name))
            continue;
        c_name = spelling(t, d, e->name);
        if (!c_name)
            continue;
        *imp_map_at(done, e->name) = t;
        ok = imp_natural(m, r, e->name, t->arena, &n, t->err);
        if (ok)
            *asserts += put_asserts(b, c_name, &n);
        free(n.leaves);
        if (!ok)
            return false;
    }
    return true;
}

static bool
verify_unit(const struct imp_model *m, unsigned r, struct imp_tree *t,
            const struct unit_check *c, struct imp_map *done, size_t *asserts)
{
    struct imp_buf text = {0};
    struct imp_decls d = {0};
    struct imp_unit u = {0};
    bool ok = c->text(t, &text) && imp_tree_preprocess(t, c->name, text.data, c->driver, &u) &&
              imp_parse(&d, &u, t->arena, c->file, NULL, t->err) &&
              unit_asserts(m, r, t, &d, done, &text, asserts) &&
              imp_tree_compile(t, c->name, text.data, c->driver);

    imp_decls_fini(&d);
    imp_unit_fini(&u);
    imp_buf_fini(&text);
    return ok;
}

bool
imp_verify(const struct imp_model *m, struct imp_tree *t, size_t *asserts)
{
    static const struct unit_check units[] = {
        {"sdk_asserts.c",    false, imp_sdk_text,    imp_sdk_file   },
        {"driver_asserts.c", true,  imp_driver_text, imp_driver_file},
    };
    const int r = imp_model_find(m, t->release);
    const struct imp_map *structs = &m->entries[SEC_STRUCTS];
    struct imp_map done = {0};
    bool ok = r >= 0 ||
              imp_fail(t->err, t->root, 0, "the schemas do not have release %s", t->release);

    for (size_t i = 0; i < 2 && ok; i++)
        ok = verify_unit(m, (unsigned)r, t, &units[i], &done, asserts);
    for (size_t i = 0; i < structs->count && ok; i++) {
        const struct imp_entry *e = structs->items[i].value;

        if (e->body[r] && !imp_map_get(&done, e->name))
            ok = imp_fail(t->err, t->root, 0, "the tree has no struct '%s'", e->name);
    }
    imp_map_fini(&done);
    return ok;
}
