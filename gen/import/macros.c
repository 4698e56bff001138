/* SPDX-License-Identifier: MIT */
/* Lets the preprocessor expand every macro of interest behind the unit's own text and evaluates
 * what comes out. */
#include "macros.h"

#include <stdlib.h>
#include <string.h>

#define MARK "nvrm_value"

static size_t
choose(struct imp_tree *t, struct imp_decls *d, bool (*take)(struct imp_tree *, const char *),
       struct imp_macro_value *out)
{
    struct imp_unit *u = d->unit;
    bool *file_taken = imp_alloc(t->arena, u->file_count);
    struct imp_map seen = {0};
    size_t n = 0;

    for (size_t i = 0; i < u->file_count; i++)
        file_taken[i] = take(t, u->files[i]);
    for (size_t i = 0; i < u->macro_count; i++) {
        const struct imp_macro *m = &u->macros[i];
        void **slot;

        if (m->function_like || !m->body_len || !file_taken[m->file])
            continue;
        slot = imp_map_at(&seen, m->name);
        if (*slot)
            continue;
        *slot = imp_value_of(m);
        out[n++] = (struct imp_macro_value){.macro = m, .path = u->files[m->file]};
    }
    imp_map_fini(&seen);
    return n;
}

/* The ':' of hi:lo, unless the expression has a '?'. */
static const struct imp_tok *
find_colon(const struct imp_tok *t, size_t n)
{
    const struct imp_tok *colon = NULL;

    for (size_t i = 0; i < n; i++) {
        if (imp_tok_is(&t[i], "?"))
            return NULL;
        if (imp_tok_is(&t[i], ":"))
            colon = &t[i];
    }
    return colon;
}

static void
evaluate(struct imp_macro_value *m, const struct imp_tok *t, size_t n,
         const struct imp_scope *scope)
{
    const struct imp_tok *colon = find_colon(t, n);

    /* (hi:lo) in parentheses is the same range */
    if (colon && n > 2 && imp_tok_is(t, "(") && imp_tok_is(&t[n - 1], ")") &&
        !imp_eval(t, (size_t)(colon - t), scope, &m->hi)) {
        t++;
        n -= 2;
    }
    if (colon) {
        if (imp_eval(t, (size_t)(colon - t), scope, &m->hi) &&
            imp_eval(colon + 1, (size_t)(t + n - colon - 1), scope, &m->lo))
            m->kind = MACRO_RANGE;
    } else if (imp_eval(t, n, scope, &m->value)) {
        m->kind = MACRO_VALUE;
    }
}

bool
imp_eval_macros(struct imp_tree *t, struct imp_decls *d, const char *name, const char *text,
                bool driver, bool (*take)(struct imp_tree *t, const char *file),
                struct imp_macro_value **out, size_t *count_out)
{
    struct imp_macro_value *m = imp_alloc(t->arena, (d->unit->macro_count + 1) * sizeof(*m));
    struct imp_scope scope = imp_decls_scope(d);
    struct imp_buf source = {0};
    struct imp_unit u;
    size_t n = choose(t, d, take, m);
    bool ok;

    imp_buf_str(&source, text);
    for (size_t i = 0; i < n; i++)
        imp_buf_printf(&source, "\n" MARK " %zu %s", i, m[i].macro->name);
    imp_buf_str(&source, "\n" MARK "\n");
    ok = imp_tree_preprocess(t, name, source.data, driver, &u);
    imp_buf_fini(&source);
    if (!ok)
        return false;
    for (size_t i = 0; i + 1 < u.tok_count; i++) {
        size_t from, index;

        if (!imp_tok_is(&u.toks[i], MARK) || u.toks[i + 1].kind != TOK_NUM)
            continue;
        index = strtoul(u.toks[i + 1].s, NULL, 10);
        from = i += 2;
        while (i < u.tok_count && !imp_tok_is(&u.toks[i], MARK))
            i++;
        if (index < n)
            evaluate(&m[index], u.toks + from, i - from, &scope);
        i--;
    }
    imp_unit_fini(&u);
    *out = m;
    *count_out = n;
    return true;
}
