/* SPDX-License-Identifier: MIT */
/*
 * The handle: memory of one set of bindings, and the way into each language.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bind_priv.h"
#include "emit.h"

static const struct {
    const char *name, *file;
    void (*emit)(struct nvrm_bind *b, struct gen_text *out);
} languages[NVRM_BIND_LANGUAGES] = {
    [NVRM_BIND_C] = {"c",           "nvrm_bindings.h",    bind_emit_c          },
    [NVRM_BIND_RUST] = {"rust",        "nvrm_bindings.rs",   bind_emit_rust       },
    [NVRM_BIND_PYTHON] = {"python",      "nvrm_bindings.py",   bind_emit_python     },
    [NVRM_BIND_JSON_SCHEMA] = {"json-schema", "nvrm_bindings.json", bind_emit_json_schema},
};

const char *
nvrm_bind_language_name(unsigned language)
{
    return language < NVRM_BIND_LANGUAGES ? languages[language].name : NULL;
}

const char *
nvrm_bind_file_name(enum nvrm_bind_language language)
{
    return languages[language].file;
}

static void
create(struct gen *g, void *ctx)
{
    struct nvrm_bind *b = ctx;
    const unsigned rows = nvrm_layout_count(b->schema);

    b->hashes = gen_alloc(g, (rows + 1) * sizeof(*b->hashes));
    b->seen = gen_alloc(g, (rows + 1) * sizeof(*b->seen));
}

int
nvrm_bind_create(const struct nvrm_schema *s, struct nvrm_bind **out)
{
    struct nvrm_bind *b = calloc(1, sizeof(*b));
    int rc;

    if (!b)
        return -ENOMEM;
    gen_init(&b->g);
    b->schema = s;
    rc = gen_try(&b->g, create, b);
    if (rc < 0) {
        nvrm_bind_destroy(b);
        return rc;
    }
    *out = b;
    return 0;
}

void
nvrm_bind_destroy(struct nvrm_bind *b)
{
    if (!b)
        return;
    gen_fini(&b->g);
    free(b);
}

void
nvrm_bind_fail_at(struct nvrm_bind *b, size_t n)
{
    b->g.alloc_budget = n;
}

int
nvrm_bind_release(struct nvrm_bind *b, nvrm_release r)
{
    unsigned at = 0;

    if (r >= nvrm_release_count(b->schema) || b->asked.n)
        return -EINVAL;
    while (at < b->release_count && b->releases[at] < r)
        at++;
    if (at < b->release_count && b->releases[at] == r)
        return 0;
    memmove(&b->releases[at + 1], &b->releases[at],
            (b->release_count - at) * sizeof(b->releases[0]));
    b->releases[at] = r;
    b->release_count++;
    return 0;
}

struct choice {
    struct nvrm_bind *b;
    const char *name;
};

static void
choose(struct gen *g, void *ctx)
{
    const struct choice *c = ctx;

    (void)g;
    bind_select(c->b, c->name);
}

int
nvrm_bind_name(struct nvrm_bind *b, const char *name, unsigned *missing_out)
{
    struct choice c = {b, name};
    unsigned found = 0;
    int rc;

    if (!b->release_count)
        return -EINVAL;
    rc = gen_try(&b->g, choose, &c);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < b->release_count; i++)
        found += bind_set_has(&b->used_at, b->releases[i]);
    if (missing_out)
        *missing_out = b->release_count - found;
    if (!found)
        b->asked.n--;
    return found ? 0 : -ENOENT;
}

struct request {
    struct nvrm_bind *b;
    enum nvrm_bind_language language;
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    const char *command, *prefix;
    struct gen_text text;
};

static void
write_text(struct gen *g, void *ctx)
{
    struct request *r = ctx;

    (void)g;
    bind_name_all(r->b);
    languages[r->language].emit(r->b, &r->text);
}

static void
write_schema(struct gen *g, void *ctx)
{
    struct request *r = ctx;

    gen_emit_json_schema(g, r->abi, r->layout, &r->text);
}

static void
write_notice(struct gen *g, void *ctx)
{
    struct request *r = ctx;

    (void)g;
    bind_notice(r->b, r->command, r->prefix, &r->text);
}

int
nvrm_bind_notice(struct nvrm_bind *b, const char *command, const char *prefix,
                 const char **text_out, size_t *bytes_out)
{
    struct request r = {.b = b, .command = command, .prefix = prefix};
    const int rc = gen_try(&b->g, write_notice, &r);

    *text_out = r.text.p;
    *bytes_out = r.text.n;
    return rc;
}

int
nvrm_bind_text(struct nvrm_bind *b, enum nvrm_bind_language language, const char **text_out,
               size_t *bytes_out)
{
    struct request r = {.b = b, .language = language};
    const int rc = gen_try(&b->g, write_text, &r);

    *text_out = r.text.p;
    *bytes_out = r.text.n;
    return rc;
}

int
nvrm_bind_schema_of(struct nvrm_bind *b, struct nvrm_abi abi, const struct nvrm_layout *l,
                    const char **text_out, size_t *bytes_out)
{
    struct request r = {.b = b, .abi = abi, .layout = l};
    const int rc = gen_try(&b->g, write_schema, &r);

    *text_out = r.text.p;
    *bytes_out = r.text.n;
    return rc;
}

static void
name_all(struct gen *g, void *ctx)
{
    (void)g;
    bind_name_all(ctx);
}

int
nvrm_bind_schemas(struct nvrm_bind *b,
                  int (*fn)(void *ctx, const char *name, const char *text, size_t bytes),
                  void *ctx)
{
    int rc = gen_try(&b->g, name_all, b);

    for (uint32_t i = 0; rc == 0 && i < b->types.n; i++) {
        const struct bind_type *t = &b->types.p[i];
        const char *text;
        size_t bytes;

        rc = nvrm_bind_schema_of(b, (struct nvrm_abi){b->schema, t->first}, t->layout, &text,
                                 &bytes);
        if (rc == 0)
            rc = fn(ctx, t->ident, text, bytes);
    }
    return rc;
}

struct nvrm_bind_counts
nvrm_bind_counts(const struct nvrm_bind *b)
{
    struct nvrm_bind_counts counts = {.releases = b->release_count, .types = b->types.n};

    for (uint32_t i = 0; i < b->numbers.n; i++)
        *(b->numbers.p[i].kind < BIND_CONSTANT ? &counts.ids : &counts.constants) += 1;
    return counts;
}

/* Sums do not depend on the order in which names were given. */
uint64_t
nvrm_bind_fingerprint(struct nvrm_bind *b)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < b->types.n; i++)
        sum += bind_hash(bind_hash_text(1, b->types.p[i].name), &b->types.p[i].hash, 1);
    for (uint32_t i = 0; i < b->numbers.n; i++) {
        const struct bind_number *n = &b->numbers.p[i];
        const uint64_t words[] = {n->kind, n->value, n->hi, n->lo};
        const char *params =
            n->params == NVRM_NONE ? "" : nvrm_struct_name(b->schema, n->params);

        if (!n->implied)
            sum += bind_hash(bind_hash_text(bind_hash_text(2, n->name), params), words,
                             sizeof(words) / sizeof(words[0]));
    }
    return sum;
}
