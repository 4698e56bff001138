/* SPDX-License-Identifier: MIT */
/* Joins what headers say about a control (name, id, parameters) with what the method tables say
 * (owner, flags, access). */
#include "controls.h"

#include "counts.h"
#include "proc.h"

#include <stdlib.h>
#include <string.h>

struct control {
    const char *name, *params, *path;
    uint32_t id, line;
};

struct method {
    uint32_t id, line;
    uint64_t flags, access;
    const char *owner, *params, *path;
};

struct flag {
    const char *name;
    uint64_t bit;
};

/* What a `finn: Evaluated from "(FINN_x_INTERFACE_ID << 8) | y_MESSAGE_ID"` comment says about
 * the macro before it. */
struct comment {
    const char *name, *message;
};

static const char *
word(struct imp_tree *t, const char *p, const char **end)
{
    size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    *end = p + n;
    return imp_strndup(t->arena, p, n);
}

/* Macro names of one header whose line carries an interface id, with the message's struct if it
 * names one. */
static bool
scan_header(struct imp_tree *t, const char *header, struct imp_map *comments)
{
    struct imp_buf text = {0};

    if (!imp_read_file(imp_tree_path(t, imp_printf(t->arena, IMP_SDK "%s", header)), &text,
                       t->err))
        return false;
    for (char *line = text.data, *next; line && *line; line = next) {
        char *finn, *message;
        struct comment *c;
        const char *end;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        finn = strstr(line, "finn: Evaluated from");
        if (!finn || !imp_has_prefix(line, "#define ") || !strstr(finn, "_INTERFACE_ID << 8"))
            continue;
        c = imp_alloc(t->arena, sizeof(*c));
        line += strlen("#define ");
        c->name = word(t, line + strspn(line, " "), &end);
        message = strstr(finn, "_MESSAGE_ID");
        if (message) {
            const char *start = message;

            while (start > finn && strchr(" (|\"", start[-1]) == NULL)
                start--;
            c->message = imp_strndup(t->arena, start, (size_t)(message - start));
        }
        *imp_map_at(comments, c->name) = c;
    }
    imp_buf_fini(&text);
    return true;
}

/* NV0080_CTRL_CMD_GPU_X -> NV0080_CTRL_GPU_X_PARAMS or NV0080_CTRL_CMD_GPU_X_PARAMS, if there
 * is such a struct. */
static const char *
guess_params(struct imp_tree *t, const char *name)
{
    const char *cmd = strstr(name, "_CMD_");
    char *guess = imp_printf(t->arena, "%s_PARAMS", name);

    if (cmd && !imp_fact_get(t->facts, SEC_STRUCTS, guess))
        guess = imp_printf(t->arena, "%.*s%s_PARAMS", (int)(cmd - name), name, cmd + 4);
    return imp_fact_get(t->facts, SEC_STRUCTS, guess) ? guess : NULL;
}

static void
add_control(struct imp_tree *t, const struct imp_macro_value *m, const char *message)
{
    struct control *c = imp_alloc(t->arena, sizeof(*c));

    *c = (struct control){
        .name = m->macro->name,
        .path = m->path,
        .line = m->macro->line,
        .id = (uint32_t)m->value.bits,
    };
    if (message && imp_fact_get(t->facts, SEC_STRUCTS, message))
        c->params = message;
    else
        c->params = guess_params(t, c->name);
    *imp_map_at(&t->controls, c->name) = c;
}

/* A macro that is nothing but the name of a control is a second name of it. */
static const struct control *
alias_of(const struct imp_tree *t, const struct imp_macro *m)
{
    char text[160];
    size_t n = m->body_len;

    while (n && strchr(" \t()", m->body[n - 1]))
        n--;
    if (!n || n >= sizeof(text))
        return NULL;
    memcpy(text, m->body, n);
    text[n] = '\0';
    return imp_map_get(&t->controls, text + strspn(text, "("));
}

bool
imp_header_controls(struct imp_tree *t, const struct imp_macro_value *m, size_t n)
{
    struct imp_map comments = {0};
    bool ok = true;

    for (size_t i = 0; i < t->sdk_count && ok; i++)
        if (imp_has_prefix(t->sdk_headers[i], "ctrl/"))
            ok = scan_header(t, t->sdk_headers[i], &comments);
    for (size_t i = 0; i < n && ok; i++) {
        const struct comment *c = imp_map_get(&comments, m[i].macro->name);

        if (c && (m[i].kind != MACRO_VALUE || m[i].value.bits > UINT32_MAX))
            ok = imp_fail(t->err, m[i].path, m[i].macro->line,
                          "control id '%s' is not a number", c->name);
        else if (c)
            add_control(t, &m[i], c->message);
    }
    for (size_t i = 0; i < n && ok; i++) {
        const struct control *c = strstr(m[i].path, "/ctrl/") ? alias_of(t, m[i].macro) : NULL;

        if (c && !imp_map_get(&t->controls, m[i].macro->name)) {
            add_control(t, &m[i], c->params);
            t->counts->n[COUNT_CONTROL_ALIASES]++;
        }
    }
    for (size_t i = 0; i < comments.count && ok; i++)
        if (!imp_map_get(&t->controls, comments.items[i].key))
            ok = imp_fail(t->err, t->root, 0, "control id '%s' is in a comment but not a macro",
                          comments.items[i].key);
    t->counts->n[COUNT_CONTROLS] = t->controls.count;
    imp_map_fini(&comments);
    return ok;
}

bool
imp_is_control(const struct imp_tree *t, const char *name)
{
    return imp_map_get(&t->controls, name);
}

/* Exported methods */

static bool
token_number(const struct imp_tok *t, size_t n, uint64_t *out)
{
    struct imp_value v;

    if (!imp_eval(t, n, NULL, &v))
        return false;
    *out = v.bits;
    return true;
}

#define METHOD_ITEMS 8

/* Split { a, b, ... } at its top-level commas. t is the opening brace; returns the token behind
 * the closing one. */
static const struct imp_tok *
split_row(const struct imp_tok *t, const struct imp_tok **start, size_t *len, size_t *count)
{
    int depth = 0;

    *count = 0;
    start[0] = t + 1;
    for (;; t++) {
        if (t->kind == TOK_END)
            return NULL;
        if (t->kind != TOK_PUNCT)
            continue;
        if (strchr("({[", *t->s)) {
            depth++;
        } else if (strchr(")}]", *t->s)) {
            depth--;
        }
        if (depth == 0 || (depth == 1 && *t->s == ',')) {
            len[*count] = (size_t)(t - start[*count]);
            if (len[*count] || depth)
                ++*count;
            if (depth == 0)
                return t + 1;
            if (*count >= METHOD_ITEMS + 2)
                return NULL;
            start[*count] = t + 1;
        }
    }
}

/* The last identifier before ".classInfo" is __nvoc_class_def_<Owner>. */
static const char *
owner_name(struct imp_tree *t, const struct imp_tok *tok, size_t n)
{
    static const char prefix[] = "__nvoc_class_def_";

    for (size_t i = 0; i < n; i++)
        if (tok[i].kind == TOK_IDENT && tok[i].len > strlen(prefix) &&
            strncmp(tok[i].s, prefix, strlen(prefix)) == 0)
            return imp_strndup(t->arena, tok[i].s + strlen(prefix),
                               tok[i].len - strlen(prefix));
    return NULL;
}

/* pFunc (twice: disabled and enabled), flags, accessRight, methodId, paramSize, class, name */
static bool
method_row(struct imp_tree *t, struct imp_unit *u, const struct imp_tok **cursor,
           struct method *m)
{
    const struct imp_tok *start[METHOD_ITEMS + 3], *row = *cursor;
    size_t len[METHOD_ITEMS + 3], n;
    uint64_t id = 0, zero = 1;
    const struct imp_tok *next = split_row(row, start, len, &n);

    *m = (struct method){.line = row->line, .path = u->files[row->file]};
    if (!next || n != METHOD_ITEMS || !token_number(start[2], len[2], &m->flags) ||
        !token_number(start[3], len[3], &m->access) || !token_number(start[4], len[4], &id))
        return imp_fail_at(t->err, u, row, "unknown form of an exported-method row");
    *cursor = next;
    m->id = (uint32_t)id;
    m->owner = owner_name(t, start[6], len[6]);
    if (len[5] == 4 && imp_tok_is(start[5], "sizeof"))
        m->params = imp_strndup(t->arena, start[5][2].s, start[5][2].len);
    else if (!token_number(start[5], len[5], &zero) || zero != 0)
        return imp_fail_at(t->err, u, row,
                           "parameter size of method 0x%x is neither sizeof() nor 0", m->id);
    return m->owner || imp_fail_at(t->err, u, row, "no class in the row of method 0x%x", m->id);
}

static bool
add_method(struct imp_tree *t, struct imp_map *methods, const struct method *m)
{
    char *key = imp_printf(t->arena, "%08x", m->id);
    void **slot = imp_map_at(methods, key);
    struct method *old = *slot;

    t->counts->n[COUNT_METHODS]++;
    if (m->params && !imp_fact_get(t->facts, SEC_STRUCTS, m->params))
        return imp_fail(t->err, m->path, m->line,
                        "method 0x%x takes '%s', which is no known struct", m->id, m->params);
    if (!old) {
        *slot = imp_alloc(t->arena, sizeof(*m));
        *(struct method *)*slot = *m;
        return true;
    }
    if (old->flags != m->flags || old->access != m->access || !old->params != !m->params ||
        (m->params && strcmp(old->params, m->params) != 0))
        return imp_fail(t->err, m->path, m->line, "method 0x%x differs between %s and %s",
                        m->id, old->owner, m->owner);
    if (m->owner && old->owner && strcmp(m->owner, old->owner) < 0)
        old->owner = m->owner;
    return true;
}

static bool
read_table(struct imp_tree *t, const char *path, struct imp_map *methods)
{
    struct imp_unit u = {0};
    bool ok = imp_tree_tokens(t, path, &u);

    for (const struct imp_tok *tok = u.toks; ok && tok->kind != TOK_END; tok++) {
        if (!imp_tok_is(tok, "NVOC_EXPORTED_METHOD_DEF") || !imp_tok_is(tok + 2, "["))
            continue;
        while (tok->kind != TOK_END && !imp_tok_is(tok, "{"))
            tok++;
        tok++;
        while (ok && imp_tok_is(tok, "{")) {
            struct method m;

            ok = method_row(t, &u, &tok, &m) && add_method(t, methods, &m);
            if (ok && imp_tok_is(tok, ","))
                tok++;
        }
        if (ok && !imp_tok_is(tok, "}"))
            ok = imp_fail_at(t->err, &u, tok, "expected '}' after the exported methods");
        if (!ok)
            break;
    }
    imp_unit_fini(&u);
    return ok;
}

static bool
read_tables(struct imp_tree *t, struct imp_map *methods)
{
    const char **names;
    size_t n;

    if (!imp_list_dir(imp_tree_path(t, "src/nvidia/generated"), "_nvoc.c", t->arena, &names, &n,
                      t->err))
        return false;
    for (size_t i = 0; i < n; i++) {
        char *path = imp_printf(t->arena, "src/nvidia/generated/%s", names[i]);
        struct imp_buf text = {0};
        bool has, ok;

        ok = imp_read_file(imp_tree_path(t, path), &text, t->err);
        has = ok && strstr(text.data, "struct NVOC_EXPORTED_METHOD_DEF ");
        imp_buf_fini(&text);
        if (!ok || (has && !read_table(t, path, methods)))
            return false;
    }
    return methods->count > 0 ||
           imp_fail(t->err, imp_tree_path(t, "src/nvidia/generated"), 0, "no exported methods");
}

/* Names of single bits, sorted; names of several bits are combinations. */
static size_t
flag_names(const struct imp_macro_value *m, size_t n, struct flag *flags, size_t max)
{
    static const char prefix[] = "RMCTRL_FLAGS_";
    size_t count = 0;

    for (size_t i = 0; i < n && count < max; i++) {
        uint64_t bit = m[i].value.bits;

        if (m[i].kind == MACRO_VALUE && imp_has_prefix(m[i].macro->name, prefix) && bit &&
            (bit & (bit - 1)) == 0)
            flags[count++] = (struct flag){m[i].macro->name + strlen(prefix), bit};
    }
    return count;
}

static int
by_flag_name(const void *a, const void *b)
{
    return strcmp(((const struct flag *)a)->name, ((const struct flag *)b)->name);
}

static bool
put_flags(struct imp_tree *t, const struct method *m, const struct flag *flags, size_t n,
          struct imp_buf *b)
{
    uint64_t left = m->flags;
    bool first = true;

    imp_buf_str(b, ", flags: [");
    for (size_t i = 0; i < n; i++) {
        if (!(left & flags[i].bit))
            continue;
        imp_buf_printf(b, "%s%s", first ? "" : ", ", flags[i].name);
        left &= ~flags[i].bit;
        first = false;
    }
    imp_buf_str(b, "]");
    return left == 0 ||
           imp_fail(t->err, m->path, m->line, "flag bits 0x%llx of method 0x%x have no name",
                    (unsigned long long)left, m->id);
}

/* Access rights are bit numbers: RS_ACCESS_<name>. */
static bool
put_access(struct imp_tree *t, const struct method *m, struct imp_buf *b)
{
    bool first = true;

    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = NULL;

        if (!(m->access & (1u << bit)))
            continue;
        for (size_t i = 0; i < t->facts->rows[SEC_CONSTANTS].count && !name; i++) {
            const struct imp_fact *f = t->facts->rows[SEC_CONSTANTS].items[i].value;

            if (imp_has_prefix(f->name, "RS_ACCESS_") &&
                strcmp(f->name, "RS_ACCESS_COUNT") != 0 && strtoul(f->body, NULL, 0) == bit)
                name = f->name + strlen("RS_ACCESS_");
        }
        if (!name)
            return imp_fail(t->err, m->path, m->line,
                            "access right %u of method 0x%x has no name", bit, m->id);
        imp_buf_printf(b, "%s%s", first ? ", access: [" : ", ", name);
        first = false;
    }
    imp_buf_str(b, first ? "" : "]");
    return true;
}

static bool
add_row(struct imp_tree *t, const struct control *c, const struct method *m,
        const struct flag *flags, size_t n)
{
    const char *params = m ? m->params : c->params;
    struct imp_buf b = {0};
    bool ok = true;

    imp_buf_printf(&b, "{id: 0x%x", c->id);
    if (params)
        imp_buf_printf(&b, ", params: %s", params);
    if (m) {
        imp_buf_printf(&b, ", on: %s", m->owner);
        ok = put_flags(t, m, flags, n, &b) && put_access(t, m, &b);
    }
    imp_buf_str(&b, "}");
    ok = ok && imp_fact_add(t->facts, SEC_CONTROLS, c->name, c->path, c->line, b.data, t->err);
    imp_buf_fini(&b);
    return ok;
}

static void
count_method(struct imp_tree *t, const struct method *m, const struct flag *flags, size_t n)
{
    size_t *count = t->counts->n;
    bool non = false, priv = false, physical = false, internal = false;

    for (size_t i = 0; i < n; i++) {
        if (!(m->flags & flags[i].bit))
            continue;
        non |= strcmp(flags[i].name, "NON_PRIVILEGED") == 0;
        priv |= strcmp(flags[i].name, "PRIVILEGED") == 0;
        physical |= strcmp(flags[i].name, "ROUTE_TO_PHYSICAL") == 0;
        internal |= strcmp(flags[i].name, "INTERNAL") == 0;
    }
    count[COUNT_ROUTE_TO_PHYSICAL] += physical;
    count[COUNT_INTERNAL] += physical && internal;
    count[COUNT_KERNEL_RM] += !physical;
    count[COUNT_NON_PRIVILEGED] += non;
    count[COUNT_PRIVILEGED] += priv;
    count[COUNT_NO_PRIVILEGE_BIT] += !non && !priv && !internal;
}

static bool
add_rows(struct imp_tree *t, struct imp_map *methods, const struct flag *flags,
         size_t flag_count)
{
    struct imp_map named = {0};
    bool ok = true;

    for (size_t i = 0; i < t->controls.count && ok; i++) {
        const struct control *c = t->controls.items[i].value;
        const char *key = imp_printf(t->arena, "%08x", c->id);
        const struct method *m = imp_map_get(methods, key);

        if (!m)
            t->counts->n[COUNT_NO_METHOD]++;
        *imp_map_at(&named, key) = imp_value_of(c);
        t->counts->n[COUNT_CONTROLS_PARAMS] += (m ? m->params : c->params) != NULL;
        ok = add_row(t, c, m, flags, flag_count);
    }
    for (size_t i = 0; i < methods->count && ok; i++) {
        const struct method *m = methods->items[i].value;

        count_method(t, m, flags, flag_count);
        if (!imp_map_get(&named, methods->items[i].key)) {
            struct control c = {
                .name = imp_printf(t->arena, "CTRL_%08x", m->id),
                .path = IMP_SDK "ctrl/unlisted.h",
                .id = m->id,
                .line = m->line,
            };

            t->counts->n[COUNT_NO_HEADER]++;
            ok = add_row(t, &c, m, flags, flag_count);
        }
    }
    imp_map_fini(&named);
    return ok;
}

bool
imp_exported_methods(struct imp_tree *t, const struct imp_macro_value *m, size_t n)
{
    struct imp_map methods = {0};
    struct flag flags[64];
    size_t flag_count = flag_names(m, n, flags, 64);
    bool ok;

    qsort(flags, flag_count, sizeof(*flags), by_flag_name);
    ok = (flag_count > 0 ||
          imp_fail(t->err, imp_tree_path(t, "src/nvidia/inc/kernel/rmapi/control.h"), 0,
                   "no RMCTRL_FLAGS_ names")) &&
         read_tables(t, &methods);
    if (ok)
        imp_map_sort(&methods);
    ok = ok && add_rows(t, &methods, flags, flag_count);
    t->counts->n[COUNT_METHOD_IDS] = methods.count;
    imp_map_fini(&methods);
    return ok;
}
