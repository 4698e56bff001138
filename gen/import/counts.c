/* SPDX-License-Identifier: MIT */
/* Plain text counting over the tree, compared with what the importer found. Uses neither tokens
 * nor declarations. */
#include "counts.h"

#include "proc.h"

#include <ctype.h>
#include <string.h>

const char *
imp_counter_name(enum imp_counter c)
{
    static const char *const names[COUNT_TOTAL] = {
        [COUNT_CLASS_HEADERS] = "class headers",
        [COUNT_RS_ENTRY] = "external classes (RS_ENTRY)",
        [COUNT_ALLCLASSES] = "classes in g_allclasses.h",
        [COUNT_ALLOC_PARAMS] = "distinct alloc-param types",
        [COUNT_CONTROLS] = "control names in headers",
        [COUNT_CONTROL_ALIASES] = "- of which second names",
        [COUNT_CONTROLS_PARAMS] = "- with params struct",
        [COUNT_METHODS] = "exported methods (rows)",
        [COUNT_METHOD_IDS] = "exported methods (unique ids)",
        [COUNT_ROUTE_TO_PHYSICAL] = "- ROUTE_TO_PHYSICAL",
        [COUNT_INTERNAL] = "- of which INTERNAL",
        [COUNT_KERNEL_RM] = "- handled in kernel RM",
        [COUNT_NON_PRIVILEGED] = "- NON_PRIVILEGED",
        [COUNT_PRIVILEGED] = "- PRIVILEGED",
        [COUNT_NO_PRIVILEGE_BIT] = "- kernel only (no bit, not INTERNAL)",
        [COUNT_NO_METHOD] = "names in headers without a method",
        [COUNT_NO_HEADER] = "methods without a header name",
        [COUNT_FUNCTIONS] = "RPC functions",
        [COUNT_EVENTS] = "RPC events",
        [COUNT_STRUCTS_SDK] = "structs SDK",
        [COUNT_ALIASES] = "- of which second names",
        [COUNT_STRUCTS_OTHER] = "structs RPC/GSP/FSP/ioctl",
        [COUNT_INTERNAL_STRUCTS] = "driver structs left out (C pointers)",
        [COUNT_DEFINED_SDK] = "struct definitions SDK, nameless too",
        [COUNT_DEFINED_OTHER] = "struct definitions other, nameless too",
        [COUNT_ENUMS] = "enum types",
        [COUNT_ENUM_VALUES] = "enum values",
        [COUNT_ENUMS_SDK] = "enum definitions SDK, nameless too",
        [COUNT_CONSTANTS] = "constants",
        [COUNT_RANGES] = "ranges",
        [COUNT_STATUS] = "status codes",
        [COUNT_ESCAPES] = "escapes",
        [COUNT_CHIPS] = "chips",
        [COUNT_PCI] = "PCI ids",
    };

    return names[c];
}

static void
count_rows(struct imp_tree *t)
{
    size_t *n = t->counts->n;
    const struct imp_map *rows = t->facts->rows;

    for (size_t i = 0; i < t->sdk_count; i++)
        n[COUNT_CLASS_HEADERS] += imp_has_prefix(t->sdk_headers[i], "class/");
    for (size_t i = 0; i < rows[SEC_STRUCTS].count; i++) {
        const struct imp_fact *f = rows[SEC_STRUCTS].items[i].value;

        n[imp_has_prefix(f->path, IMP_SDK) ? COUNT_STRUCTS_SDK : COUNT_STRUCTS_OTHER]++;
    }
    n[COUNT_ENUMS] = rows[SEC_ENUMS].count;
    for (size_t i = 0; i < rows[SEC_ENUMS].count; i++) {
        const struct imp_fact *f = rows[SEC_ENUMS].items[i].value;

        for (const char *p = f->body; (p = strchr(p, ':')); p++)
            n[COUNT_ENUM_VALUES]++;
    }
    n[COUNT_CONSTANTS] = rows[SEC_CONSTANTS].count;
    n[COUNT_RANGES] = rows[SEC_RANGES].count;
}

/* Lines of a text that begin with `prefix` after blanks, except inside #if ... #endif when
 * outside_if. */
static size_t
count_lines(const char *text, const char *prefix, bool outside_if)
{
    size_t n = 0, depth = 0;

    for (const char *p = text; *p; p += *p == '\n') {
        const char *line = p + strspn(p, " \t");

        if (imp_has_prefix(line, "#if"))
            depth++;
        else if (imp_has_prefix(line, "#endif") && depth)
            depth--;
        else if (imp_has_prefix(line, prefix) && !(outside_if && depth))
            n++;
        p += strcspn(p, "\n");
    }
    return n;
}

static size_t
count_text(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static bool
identifier_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Behind a keyword: an optional name, then an opening brace? */
static bool
opens_body(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    while (identifier_char(*p))
        p++;
    while (isspace((unsigned char)*p))
        p++;
    return *p == '{';
}

/* Is the file that a line marker names one whose definitions count? */
static bool
marker_counts(const struct imp_tree *t, const char *line, bool sdk)
{
    const char *quote = strchr(line, '"');
    char path[512];
    size_t n;

    if (!quote)
        return false;
    quote += imp_has_prefix(quote, "\"./") ? 3 : 1;
    n = strcspn(quote, "\"");
    if (n >= sizeof(path))
        return false;
    memcpy(path, quote, n);
    path[n] = '\0';
    if (imp_has_suffix(path, "/nvmisc.h")) /* inline functions with unions inside */
        return false;
    return sdk ? imp_has_prefix(path, IMP_SDK) : imp_map_get(&t->driver_files, path) != NULL;
}

/* `keyword [name] {` in the preprocessed text of the files that count. */
static size_t
count_definitions(const struct imp_tree *t, const char *p, const char *keyword, bool sdk)
{
    const size_t len = strlen(keyword);
    bool counts = false;
    char before = '\n';
    size_t n = 0;

    while (*p) {
        if (before == '\n' && *p == '#') {
            if (imp_has_prefix(p, "# "))
                counts = marker_counts(t, p, sdk);
            p += strcspn(p, "\n");
            before = ' ';
        } else {
            if (counts && !identifier_char(before) && strncmp(p, keyword, len) == 0 &&
                !identifier_char(p[len]))
                n += opens_body(p + len);
            before = *p++;
        }
    }
    return n;
}

struct check {
    struct imp_tree *t;
    size_t expected[COUNT_TOTAL];
};

static bool
read_text(struct check *c, const char *path, struct imp_buf *text)
{
    text->len = 0;
    return imp_read_file(imp_tree_path(c->t, path), text, c->t->err);
}

static bool
count_sdk(struct check *c)
{
    struct imp_buf text = {0};
    bool ok = true;

    for (size_t i = 0; i < c->t->sdk_count && ok; i++) {
        const char *name = c->t->sdk_headers[i];

        if (strcmp(name, "g_finn_rm_api.h") == 0)
            continue;
        ok = read_text(c, imp_printf(c->t->arena, IMP_SDK "%s", name), &text);
        if (!ok)
            break;
        if (imp_has_prefix(name, "ctrl/"))
            c->expected[COUNT_CONTROLS] += count_text(text.data, "_INTERFACE_ID << 8");
        if (strcmp(name, "nvstatuscodes.h") == 0)
            c->expected[COUNT_STATUS] = count_lines(text.data, "NV_STATUS_CODE(", false);
    }
    imp_buf_fini(&text);
    return ok;
}

/* Lines that define an ioctl of nvidia-uvm, but for those of Windows. */
static size_t
count_uvm(const char *text)
{
    bool windows = false;
    size_t n = 0;

    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *base = strstr(line, "UVM_IOCTL_BASE(");

        if (imp_has_prefix(line, "#if defined(WIN32)"))
            windows = true;
        if (imp_has_prefix(line, "#else") || imp_has_prefix(line, "#endif"))
            windows = false;
        n += !windows && imp_has_prefix(line, "#define UVM_") && base &&
             (size_t)(base - line) < strcspn(line, "\n");
    }
    return n;
}

static bool
count_driver(struct check *c)
{
    struct imp_buf text = {0};
    bool ok = true;

    for (size_t i = 0; i < c->t->driver_files.count && ok; i++) {
        const char *path = c->t->driver_files.items[i].key;

        ok = read_text(c, path, &text);
        if (!ok)
            break;
        c->expected[COUNT_ESCAPES] += count_lines(text.data, "#define NV_ESC_", false);
        if (imp_has_suffix(path, "/uvm_ioctl.h"))
            c->expected[COUNT_ESCAPES] += count_uvm(text.data);
        if (imp_has_suffix(path, "/uvm_linux_ioctl.h"))
            c->expected[COUNT_ESCAPES] += count_lines(text.data, "#define UVM_", false);
        if (!imp_has_suffix(path, "/rpc_global_enums.h"))
            continue;
        c->expected[COUNT_FUNCTIONS] =
            count_lines(text.data, "X(", false) - 1; /* NUM_FUNCTIONS */
        c->expected[COUNT_EVENTS] =
            count_lines(text.data, "E(", false) - 2; /* FIRST_EVENT, NUM_EVENTS */
    }
    imp_buf_fini(&text);
    return ok;
}

static bool
count_generated(struct check *c)
{
    const char **names;
    struct imp_buf text = {0};
    size_t n;
    bool ok = imp_list_dir(imp_tree_path(c->t, "src/nvidia/generated"), "_nvoc.c", c->t->arena,
                           &names, &n, c->t->err);

    for (size_t i = 0; i < n && ok; i++) {
        ok = read_text(c, imp_printf(c->t->arena, "src/nvidia/generated/%s", names[i]), &text);
        c->expected[COUNT_METHODS] += ok ? count_text(text.data, "/*methodId=*/") : 0;
    }
    if (ok && (ok = read_text(c, "src/nvidia/src/kernel/rmapi/resource_list.h", &text)))
        c->expected[COUNT_RS_ENTRY] = count_lines(text.data, "RS_ENTRY(", true);
    if (ok && (ok = read_text(c, "src/nvidia/generated/g_allclasses.h", &text)))
        c->expected[COUNT_ALLCLASSES] = count_text(text.data, "(0x");
    if (ok && (ok = read_text(c, "src/nvidia/generated/g_nv_name_released.h", &text)))
        c->expected[COUNT_PCI] = count_lines(text.data, "{ 0x", false);
    if (ok && (ok = read_text(c, "src/nvidia/generated/g_gpu_class_list.c", &text)))
        c->expected[COUNT_CHIPS] = count_text(text.data, "gpuGetEngClassDescriptorList_") +
                                   count_text(text.data, "\ngpuGetClassDescriptorList_");
    imp_buf_fini(&text);
    return ok;
}

static bool
compare(struct check *c, enum imp_counter which)
{
    size_t have = c->t->counts->n[which];

    if (which == COUNT_CONTROLS)
        have -= c->t->counts->n[COUNT_CONTROL_ALIASES];
    return have == c->expected[which] ||
           imp_fail(c->t->err, c->t->root, 0,
                    "%s: imported %zu, but the text of the tree has %zu",
                    imp_counter_name(which), have, c->expected[which]);
}

bool
imp_counts_check(struct imp_tree *t)
{
    static const enum imp_counter checked[] = {
        COUNT_RS_ENTRY,      COUNT_ALLCLASSES, COUNT_CONTROLS, COUNT_METHODS,
        COUNT_FUNCTIONS,     COUNT_EVENTS,     COUNT_STATUS,   COUNT_DEFINED_SDK,
        COUNT_DEFINED_OTHER, COUNT_ENUMS_SDK,  COUNT_ESCAPES,  COUNT_CHIPS,
        COUNT_PCI,
    };
    struct check c = {.t = t};

    count_rows(t);
    c.expected[COUNT_DEFINED_SDK] = count_definitions(t, t->sdk_text, "struct", true) +
                                    count_definitions(t, t->sdk_text, "union", true);
    c.expected[COUNT_ENUMS_SDK] = count_definitions(t, t->sdk_text, "enum", true);
    c.expected[COUNT_DEFINED_OTHER] = count_definitions(t, t->driver_text, "struct", false) +
                                      count_definitions(t, t->driver_text, "union", false);
    if (!count_sdk(&c) || !count_driver(&c) || !count_generated(&c))
        return false;
    for (size_t i = 0; i < sizeof(checked) / sizeof(*checked); i++)
        if (!compare(&c, checked[i]))
            return false;
    return true;
}
