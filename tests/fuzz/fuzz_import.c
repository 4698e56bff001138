/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary text as preprocessed C: tokens, declarations, layouts and the schema text made of
 * them must neither crash nor disagree. What the parser lays out naturally, the reader of
 * schema text has to lay out the same way.
 */
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "natural.h"
#include "render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
want_all(void *ctx, const char *file)
{
    (void)ctx;
    (void)file;
    return true;
}

/* Every struct row, read back, has the size that the parser gave it. */
static void
check_rows(struct imp_facts *f, struct imp_arena *a)
{
    struct imp_model *m = calloc(1, sizeof(*m));
    struct imp_error err = {0};

    if (!m)
        return;
    f->release = "600.1";
    if (!imp_model_merge(m, f, &err))
        abort();
    for (size_t i = 0; i < f->rows[SEC_STRUCTS].count; i++) {
        struct imp_error e = {0};
        struct imp_natural n;

        if (imp_natural(m, 0, f->rows[SEC_STRUCTS].items[i].key, a, &n, &e) &&
            n.size != n.declared)
            abort();
        free(n.leaves);
    }
    imp_model_fini(m);
    free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_arena a = {0};
    struct imp_facts f = {.arena = &a};
    struct imp_render_stats stats = {0};
    struct imp_error err = {0};
    struct imp_decls d = {0};
    struct imp_unit u = {0};
    char *text = imp_strndup(&a, (const char *)data, size);

    if (imp_lex(&u, &a, text, "src/common/sdk/nvidia/inc/fuzz.h", &err) &&
        imp_parse(&d, &u, &a, want_all, NULL, &err) && imp_render(&d, &f, &stats, &err))
        check_rows(&f, &a);
    imp_decls_fini(&d);
    imp_unit_fini(&u);
    imp_facts_fini(&f);
    imp_arena_fini(&a);
    return 0;
}
