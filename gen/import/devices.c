/* SPDX-License-Identifier: MIT */
/* The driver's lists of devices: which classes a chip offers, and what a PCI id is called. */
#include "rows.h"

#include "counts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct chip {
    struct imp_map classes;
};

/* "halTU102ClassDescriptorList" -> "TU102"; "" for the list that all chips share; NULL for
 * something else. */
static char *
chip_name(struct imp_tree *t, const struct imp_tok *tok)
{
    static const char suffix[] = "ClassDescriptorList";
    char *name = imp_strndup(t->arena, tok->s, tok->len);

    if (tok->kind != TOK_IDENT || !imp_has_suffix(name, suffix))
        return NULL;
    name[tok->len - strlen(suffix)] = '\0';
    if (strcmp(name, "generic") == 0)
        return name + strlen(name);
    return imp_has_prefix(name, "hal") ? name + 3 : NULL;
}

/* Entries are NAME or { NAME, ENGINE }. */
static bool
chip_list(struct imp_tree *t, struct imp_unit *u, const struct imp_tok **cursor,
          struct chip *chip)
{
    const struct imp_tok *tok = *cursor;
    int depth = 0;
    bool want = true;

    for (;; tok++) {
        if (tok->kind == TOK_END)
            return imp_fail_at(t->err, u, *cursor, "class list without an end");
        if (imp_tok_is(tok, "{") || imp_tok_is(tok, "(")) {
            want = want || depth == 0;
            depth++;
        } else if (imp_tok_is(tok, "}") || imp_tok_is(tok, ")")) {
            if (--depth == 0)
                break;
        } else if (imp_tok_is(tok, ",")) {
            want = depth == 1;
        } else if (want && tok->kind == TOK_IDENT) {
            char *name = imp_strndup(t->arena, tok->s, tok->len);

            if (!imp_fact_get(t->facts, SEC_CLASSES, name))
                return imp_fail_at(t->err, u, tok, "class '%s' has no id", name);
            *imp_map_at(&chip->classes, name) = chip;
            want = false;
        }
    }
    *cursor = tok;
    return true;
}

static bool
chip_row(struct imp_tree *t, const char *name, struct chip *chip, const struct chip *generic,
         const char *path)
{
    struct imp_buf b = {0};
    bool ok;

    for (size_t i = 0; generic && i < generic->classes.count; i++)
        *imp_map_at(&chip->classes, generic->classes.items[i].key) = chip;
    imp_map_sort(&chip->classes);
    imp_buf_str(&b, "{classes: [");
    for (size_t i = 0; i < chip->classes.count; i++)
        imp_buf_printf(&b, "%s%s", i ? ", " : "", chip->classes.items[i].key);
    imp_buf_str(&b, "]}");
    t->counts->n[COUNT_CHIPS]++;
    ok = imp_fact_add(t->facts, SEC_CHIPS, name, path, 1, b.data, t->err);
    imp_buf_fini(&b);
    return ok;
}

static bool
chips(struct imp_tree *t)
{
    static const char path[] = "src/nvidia/generated/g_gpu_class_list.c";
    struct imp_map list = {0};
    struct imp_unit u = {0};
    bool ok = imp_tree_tokens(t, path, &u);

    for (const struct imp_tok *tok = u.toks; ok && tok->kind != TOK_END; tok++) {
        char *name = imp_tok_is(tok, "static") ? chip_name(t, tok + 3) : NULL;
        void **slot;

        if (!name || !imp_tok_is(tok + 4, "["))
            continue;
        slot = imp_map_at(&list, name);
        if (!*slot)
            *slot = imp_alloc(t->arena, sizeof(struct chip));
        while (tok->kind != TOK_END && !imp_tok_is(tok, "{"))
            tok++;
        ok = chip_list(t, &u, &tok, *slot);
    }
    for (size_t i = 0; i < list.count && ok; i++)
        if (*list.items[i].key)
            ok = chip_row(t, list.items[i].key, list.items[i].value, imp_map_get(&list, ""),
                          path);
    for (size_t i = 0; i < list.count; i++)
        imp_map_fini(&((struct chip *)list.items[i].value)->classes);
    imp_map_fini(&list);
    imp_unit_fini(&u);
    return ok &&
           (t->counts->n[COUNT_CHIPS] || imp_fail(t->err, path, 1, "no class lists of chips"));
}

/* { 0x1E02, 0x0000, 0x0000, "name" }: device, subsystem device, subsystem vendor */
static bool
pci_row(struct imp_tree *t, struct imp_unit *u, const struct imp_tok *tok, const char *path)
{
    unsigned long id[3];
    struct imp_buf b = {0};
    const struct imp_tok *name = tok + 7;
    char *key;
    bool ok, quote;

    for (int i = 0; i < 3; i++)
        id[i] = strtoul(tok[1 + 2 * i].s, NULL, 16);
    if (tok[3].kind != TOK_NUM || tok[5].kind != TOK_NUM || name->kind != TOK_STR)
        return imp_fail_at(t->err, u, tok, "unknown form of a PCI id row");
    key = id[1] || id[2] ? imp_printf(t->arena, "%04lX.%04lX.%04lX", id[0], id[2], id[1])
                         : imp_printf(t->arena, "%04lX", id[0]);
    t->counts->n[COUNT_PCI]++;
    if (name->len == strlen("\"(null)\"") && strncmp(name->s, "\"(null)\"", name->len) == 0)
        return true; /* an id whose name is not public */
    quote = false;
    for (uint32_t i = 1; i + 1 < name->len; i++)
        quote |= !isalnum((unsigned char)name->s[i]) && !strchr(" ._/()+-", name->s[i]);
    imp_buf_add(&b, name->s + !quote, name->len - (quote ? 0u : 2u));
    ok = imp_fact_add(t->facts, SEC_PCI, key, path, tok->line, b.data, t->err);
    imp_buf_fini(&b);
    return ok;
}

static bool
pci_names(struct imp_tree *t)
{
    static const char path[] = "src/nvidia/generated/g_nv_name_released.h";
    struct imp_unit u = {0};
    bool ok = imp_tree_tokens(t, path, &u);

    for (const struct imp_tok *tok = u.toks; ok && tok->kind != TOK_END; tok++)
        if (imp_tok_is(tok, "{") && tok[1].kind == TOK_NUM)
            ok = pci_row(t, &u, tok, path);
    imp_unit_fini(&u);
    return ok && (t->counts->n[COUNT_PCI] || imp_fail(t->err, path, 1, "no PCI ids"));
}

bool
imp_device_rows(struct imp_tree *t)
{
    return chips(t) && pci_names(t);
}
