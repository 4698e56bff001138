/* SPDX-License-Identifier: MIT */
/* RPC ids, ioctls, classes and status codes: enums, macros and X-macro lists of the driver as
 * rows. */
#include "rows.h"

#include "counts.h"
#include "proc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* RPC */

/* Messages whose parameters are not named after them: what the driver's RPC code casts the
 * payload to. A name that ends in
 * '_' is the stem of a versioned struct. */
static const struct {
    const char *message, *params;
} message_params[] = {
    {"GSP_SET_SYSTEM_INFO",  "GspSystemInfo"          },
    {"SET_REGISTRY",         "PACKED_REGISTRY_TABLE"  },
    {"GET_GSP_STATIC_INFO",  "GspStaticConfigInfo_t"  },
    {"VGPU_CONFIG",          "vgpu_config_event_"     },
    {"MIG_CI_CONFIG_UPDATE", "vgpu_gsp_mig_ci_config_"},
};

/* Is this rpc_<stem>v<hex>_<hex>? The stem ends in '_'. */
static bool
is_version_of(const char *name, const char *stem)
{
    static const char hex[] = "0123456789ABCDEFabcdef";
    size_t n;

    if (!imp_has_prefix(name, "rpc_") || !imp_has_prefix(name + 4, stem))
        return false;
    name += 4 + strlen(stem);
    if (*name++ != 'v')
        return false;
    n = strspn(name, hex);
    return n && name[n] == '_' && name[n + 1] && !name[n + 1 + strspn(name + n + 1, hex)];
}

/* The highest version; longer numbers are higher. */
static const char *
highest_version(struct imp_tree *t, const char *stem)
{
    const struct imp_map *rows = &t->facts->rows[SEC_STRUCTS];
    const char *best = NULL;

    for (size_t i = 0; i < rows->count; i++) {
        const char *name = rows->items[i].key;

        if (is_version_of(name, stem) &&
            (!best || strlen(name) > strlen(best) ||
             (strlen(name) == strlen(best) && strcmp(name, best) > 0)))
            best = name;
    }
    return best;
}

static const char *
params_of(struct imp_tree *t, const char *message)
{
    char stem[96];
    size_t n = 0;
    const char *found;

    for (size_t i = 0; i < sizeof(message_params) / sizeof(*message_params); i++)
        if (strcmp(message, message_params[i].message) == 0)
            return imp_has_suffix(message_params[i].params, "_")
                       ? highest_version(t, message_params[i].params)
                       : message_params[i].params;
    for (; message[n] && n < sizeof(stem) - 2; n++)
        stem[n] = (char)tolower((unsigned char)message[n]);
    stem[n++] = '_';
    stem[n] = '\0';
    found = highest_version(t, stem);
    return !found && imp_has_prefix(stem, "gsp_") ? highest_version(t, stem + 4) : found;
}

static bool
add_message(struct imp_tree *t, struct imp_decls *d, const struct imp_enum *en,
            const struct imp_enumerator *item)
{
    static const char function[] = "NV_VGPU_MSG_FUNCTION_", event[] = "NV_VGPU_MSG_EVENT_";
    const bool is_event = imp_has_prefix(item->name, event);
    const char *name = item->name + (is_event ? strlen(event) : strlen(function));
    const char *path = d->unit->files[en->file], *params, *body;

    if (!is_event && !imp_has_prefix(item->name, function))
        return imp_fail(t->err, path, en->line, "'%s' is neither an RPC function nor an event",
                        item->name);
    if (strcmp(name, "NUM_FUNCTIONS") == 0 || strcmp(name, "FIRST_EVENT") == 0 ||
        strcmp(name, "NUM_EVENTS") == 0)
        return true;
    params = params_of(t, name);
    if (params && !imp_fact_get(t->facts, SEC_STRUCTS, params))
        return imp_fail(t->err, path, en->line,
                        "message '%s' takes '%s', which is no known struct", name, params);
    body = imp_printf(t->arena, is_event ? "{id: 0x%x%s%s}" : "{id: %u%s%s}",
                      (unsigned)item->value.bits, params ? ", params: " : "",
                      params ? params : "");
    t->counts->n[is_event ? COUNT_EVENTS : COUNT_FUNCTIONS]++;
    return imp_fact_add(t->facts, is_event ? SEC_EVENTS : SEC_FUNCTIONS, name, path, en->line,
                        body, t->err);
}

bool
imp_rpc_rows(struct imp_tree *t, struct imp_decls *d)
{
    for (size_t i = 0; i < d->enum_count; i++) {
        const struct imp_enum *en = d->enums[i];

        if (!imp_has_suffix(d->unit->files[en->file], "/rpc_global_enums.h"))
            continue;
        for (size_t k = 0; k < en->count; k++)
            if (!add_message(t, d, en, &en->items[k]))
                return false;
    }
    return (t->counts->n[COUNT_FUNCTIONS] && t->counts->n[COUNT_EVENTS]) ||
           imp_fail(t->err, t->root, 0, "no RPC functions or no events in rpc_global_enums.h");
}

/* Escapes */

/* `case NV_ESC_X:` ... the first struct of ours that is named before the next case is what the
 * handler expects. */
static bool
scan_cases(struct imp_tree *t, const char *path, struct imp_map *params)
{
    struct imp_unit u = {0};
    char *current = NULL;

    if (!imp_tree_has(t, path))
        return true;
    if (!imp_tree_tokens(t, path, &u))
        return false;
    for (const struct imp_tok *tok = u.toks; tok->kind != TOK_END; tok++) {
        const char *name;

        if (imp_tok_is(tok, "case") || imp_tok_is(tok, "default"))
            current = imp_strndup(t->arena, tok[1].s, tok[1].len);
        if (!current || !imp_has_prefix(current, "NV_ESC_") || tok->kind != TOK_IDENT)
            continue;
        name = imp_strndup(t->arena, tok->s, tok->len);
        if (imp_fact_get(t->facts, SEC_STRUCTS, name) && !imp_map_get(params, current))
            *imp_map_at(params, current) = imp_value_of(name);
    }
    imp_unit_fini(&u);
    return true;
}

/* UVM_IOCTL_BASE(n), and the two plain numbers of uvm_linux_ioctl.h. */
static bool
is_uvm_ioctl(const struct imp_macro_value *m)
{
    static const char base[] = "UVM_IOCTL_BASE(";

    return imp_has_prefix(m->macro->name, "UVM_") &&
           (imp_has_suffix(m->path, "/uvm_linux_ioctl.h") ||
            (m->macro->body_len > strlen(base) &&
             memcmp(m->macro->body, base, strlen(base)) == 0));
}

/* UVM_X takes UVM_X_PARAMS, where there is one. */
static const char *
uvm_params(struct imp_tree *t, const char *name)
{
    const char *params = imp_printf(t->arena, "%s_PARAMS", name);

    return imp_fact_get(t->facts, SEC_STRUCTS, params) ? params : NULL;
}

bool
imp_escape_rows(struct imp_tree *t, const struct imp_macro_value *m, size_t n)
{
    /* handled by functions that take the argument as bytes */
    static const char *const fixed[][2] = {
        {"NV_ESC_CARD_INFO",          "nv_ioctl_card_info_t"         },
        {"NV_ESC_CHECK_VERSION_STR",  "nv_ioctl_rm_api_version_t"    },
        {"NV_ESC_IOCTL_XFER_CMD",     "nv_ioctl_xfer_t"              },
        {"NV_ESC_WAIT_OPEN_COMPLETE", "nv_ioctl_wait_open_complete_t"},
    };
    struct imp_map params = {0};
    bool ok = scan_cases(t, "src/nvidia/arch/nvalloc/unix/src/escape.c", &params) &&
              scan_cases(t, "src/nvidia/arch/nvalloc/unix/src/osapi.c", &params) &&
              scan_cases(t, "kernel-open/nvidia/nv.c", &params);

    for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
        if (imp_fact_get(t->facts, SEC_STRUCTS, fixed[i][1]))
            *imp_map_at(&params, fixed[i][0]) = imp_value_of(fixed[i][1]);
    for (size_t i = 0; i < n && ok; i++) {
        const char *name = m[i].macro->name, *p;

        if (m[i].kind != MACRO_VALUE ||
            (!imp_has_prefix(name, "NV_ESC_") && !is_uvm_ioctl(&m[i])))
            continue;
        p = imp_has_prefix(name, "UVM_") ? uvm_params(t, name) : imp_map_get(&params, name);
        t->counts->n[COUNT_ESCAPES]++;
        ok = imp_fact_add(t->facts, SEC_ESCAPES, name, m[i].path, m[i].macro->line,
                          imp_printf(t->arena, "{id: 0x%x%s%s}", (unsigned)m[i].value.bits,
                                     p ? ", params: " : "", p ? p : ""),
                          t->err);
    }
    imp_map_fini(&params);
    return ok;
}

/* Classes and status codes */

struct resource {
    const char *impl, *params, *parents, *flags, *access;
    uint32_t line;
    bool multi, optional;
};

/* Tokens up to the next ';' (or '}' at the end), and step over it. */
static size_t
item_length(const struct imp_tok *t)
{
    size_t n = 0;

    while (t[n].kind != TOK_END && !imp_tok_is(&t[n], ";"))
        n++;
    return n;
}

/* Identifiers of an item as "[A, B]", without a prefix and without those that only wrap or say
 * "none". */
static char *
name_list(struct imp_tree *t, const struct imp_tok *tok, size_t n, const char *prefix)
{
    struct imp_buf b = {0};
    bool first = true;
    char *out;

    imp_buf_str(&b, "[");
    for (size_t i = 0; i < n; i++) {
        char *name;

        if (tok[i].kind != TOK_IDENT || imp_tok_is(&tok[i], "RS_LIST") ||
            imp_tok_is(&tok[i], "classId"))
            continue;
        name = imp_strndup(t->arena, tok[i].s, tok[i].len);
        if (imp_has_prefix(name, prefix))
            name += strlen(prefix);
        if (*prefix && strcmp(name, "NONE") == 0)
            continue;
        imp_buf_printf(&b, "%s%s", first ? "" : ", ", name);
        first = false;
    }
    imp_buf_str(&b, "]");
    out = imp_strdup(t->arena, b.data);
    imp_buf_fini(&b);
    return out;
}

#define RS_ITEMS 8

/* nvrm_rs class; internal; multi; parents; alloc; priority; flags; access; */
static bool
resource_row(struct imp_tree *t, struct imp_unit *u, const struct imp_tok *tok,
             struct imp_map *list)
{
    const struct imp_tok *item[RS_ITEMS], *at = tok + 1;
    struct resource *r = imp_alloc(t->arena, sizeof(*r));
    size_t len[RS_ITEMS];
    char *name;

    for (int i = 0; i < RS_ITEMS; i++) {
        item[i] = at;
        len[i] = item_length(at);
        if (!len[i] || at[len[i]].kind == TOK_END)
            return imp_fail_at(t->err, u, tok, "unknown form of an RS_ENTRY");
        at += len[i] + 1;
    }
    name = imp_strndup(t->arena, item[0]->s, item[0]->len);
    r->impl = imp_strndup(t->arena, item[1]->s, item[1]->len);
    r->line = tok->line;
    r->multi = imp_tok_is(item[2], "NV_TRUE");
    r->optional = imp_tok_is(item[4], "RS_OPTIONAL");
    if (r->optional || imp_tok_is(item[4], "RS_REQUIRED"))
        r->params = imp_strndup(t->arena, item[4][2].s, item[4][2].len);
    else if (!imp_tok_is(item[4], "RS_NONE"))
        return imp_fail_at(
            t->err, u, item[4],
            "parameters of '%s' are neither RS_NONE, RS_OPTIONAL nor RS_REQUIRED", name);
    r->parents = name_list(t, item[3], len[3], "");
    r->flags = name_list(t, item[6], len[6], "RS_FLAGS_");
    r->access = name_list(t, item[7], len[7], "RS_ACCESS_");
    if (*imp_map_at(list, name))
        return imp_fail_at(t->err, u, tok, "'%s' has two RS_ENTRY rows", name);
    *imp_map_at(list, name) = r;
    t->counts->n[COUNT_RS_ENTRY]++;
    return true;
}

static bool
status_row(struct imp_tree *t, struct imp_unit *u, const struct imp_tok *tok)
{
    struct imp_value v;

    if (tok[1].kind != TOK_IDENT || !imp_eval(tok + 2, 1, NULL, &v))
        return imp_fail_at(t->err, u, tok, "unknown form of an NV_STATUS_CODE");
    t->counts->n[COUNT_STATUS]++;
    return imp_fact_add(t->facts, SEC_STATUS, imp_strndup(t->arena, tok[1].s, tok[1].len),
                        u->files[tok->file], tok->line,
                        imp_printf(t->arena, "0x%llx", (unsigned long long)v.bits), t->err);
}

/* Parameters of a class: NV01_ROOT's NvHandle is what the kernel takes, the GSP is sent the
 * struct. */
static const char *
class_params(struct imp_tree *t, const char *name, const struct resource *r, bool *ok)
{
    const char *params = r->params;

    if (params && strcmp(params, "NvHandle") == 0)
        params = strncmp(name, "NV01_ROOT", 9) == 0 ? "NV0000_ALLOC_PARAMETERS" : NULL;
    if (params && !imp_fact_get(t->facts, SEC_STRUCTS, params))
        *ok = imp_fail(t->err, "src/nvidia/src/kernel/rmapi/resource_list.h", r->line,
                       "class '%s' takes '%s', which is no known struct", name, params);
    return params;
}

static bool
class_row(struct imp_tree *t, const char *name, const char *path, uint32_t line, uint64_t id,
          const struct resource *r)
{
    struct imp_buf b = {0};
    const char *params;
    bool ok = true;

    imp_buf_printf(&b, "{id: 0x%llx", (unsigned long long)id);
    if (r) {
        params = class_params(t, name, r, &ok);
        imp_buf_printf(&b, ", impl: %s", r->impl);
        if (r->multi)
            imp_buf_str(&b, ", multi: true");
        imp_buf_printf(&b, ", parents: %s", r->parents);
        if (params)
            imp_buf_printf(&b, ", params: %s", params);
        if (params && r->optional)
            imp_buf_str(&b, ", optional: true");
        imp_buf_printf(&b, ", flags: %s", r->flags);
        if (strcmp(r->access, "[]") != 0)
            imp_buf_printf(&b, ", access: %s", r->access);
    }
    imp_buf_str(&b, "}");
    ok = ok && imp_fact_add(t->facts, SEC_CLASSES, name, path, line, b.data, t->err);
    imp_buf_fini(&b);
    return ok;
}

/* A class id sits in the class header if there is one, else in the generated list. */
static bool
add_classes(struct imp_tree *t, struct imp_unit *u, const struct imp_map *resources)
{
    for (size_t i = 0; i < u->macro_count; i++) {
        const struct imp_macro *m = &u->macros[i];
        const char *path = imp_map_get(&t->class_paths, m->name);
        struct imp_value v;
        struct imp_unit one = {0};
        bool ok;

        if (!imp_has_suffix(u->files[m->file], "/g_allclasses.h") || m->function_like ||
            !m->body_len)
            continue;
        ok = imp_lex(&one, t->arena, imp_strndup(t->arena, m->body, m->body_len),
                     u->files[m->file], t->err) &&
             imp_eval(one.toks, one.tok_count - 1, NULL, &v);
        imp_unit_fini(&one);
        if (!ok)
            continue; /* SDK_ALL_CLASSES_... switches */
        t->counts->n[COUNT_ALLCLASSES]++;
        if (!class_row(t, m->name, path ? path : u->files[m->file], m->line, v.bits,
                       imp_map_get(resources, m->name)))
            return false;
    }
    for (size_t i = 0; i < resources->count; i++)
        if (!imp_fact_get(t->facts, SEC_CLASSES, resources->items[i].key))
            return imp_fail(t->err, "src/nvidia/src/kernel/rmapi/resource_list.h",
                            ((const struct resource *)resources->items[i].value)->line,
                            "class '%s' has no id in g_allclasses.h", resources->items[i].key);
    for (size_t i = 0; i < t->class_ids.count; i++) {
        const struct imp_macro *m = t->class_ids.items[i].value;
        const char *path = imp_map_get(&t->class_paths, m->name);

        if (!imp_fact_get(t->facts, SEC_CLASSES, m->name) &&
            !class_row(t, m->name, path, m->line, strtoul(strrchr(path, '/') + 3, NULL, 16),
                       NULL))
            return false;
    }
    return true;
}

static void
count_alloc_params(struct imp_tree *t, const struct imp_map *resources)
{
    struct imp_map seen = {0};

    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *r = resources->items[i].value;

        if (r->params)
            *imp_map_at(&seen, r->params) = t;
    }
    t->counts->n[COUNT_ALLOC_PARAMS] = seen.count;
    imp_map_fini(&seen);
}

bool
imp_class_rows(struct imp_tree *t)
{
    static const char text[] =
        "#define RS_ENTRY(a, b, c, d, e, f, g, h) nvrm_rs a; b; c; d; e; f; g; h;\n"
        "#include \"src/nvidia/src/kernel/rmapi/resource_list.h\"\n"
        "#define NV_STATUS_CODE(name, code, text) nvrm_status name code;\n"
        "#include \"nvstatuscodes.h\"\n"
        "#include \"src/nvidia/generated/g_allclasses.h\"\n";
    struct imp_map resources = {0};
    struct imp_unit u = {0};
    bool ok = imp_tree_preprocess(t, "tables.c", text, false, &u);

    for (const struct imp_tok *tok = u.toks; ok && tok->kind != TOK_END; tok++) {
        if (imp_tok_is(tok, "nvrm_rs"))
            ok = resource_row(t, &u, tok, &resources);
        else if (imp_tok_is(tok, "nvrm_status"))
            ok = status_row(t, &u, tok);
    }
    ok = ok && add_classes(t, &u, &resources);
    count_alloc_params(t, &resources);
    imp_map_fini(&resources);
    imp_unit_fini(&u);
    return ok;
}
