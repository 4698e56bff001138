/* SPDX-License-Identifier: MIT */
/* Plain text counting over the tree, compared with what the importer found. */
#include "counts.h"

#include "proc.h"

#include <string.h>

const char *
imp_counter_name(enum imp_counter c)
{
    static const char *const names[COUNT_TOTAL] = {
        [COUNT_CLASS_HEADERS] = "class headers",
        [COUNT_RS_ENTRY] = "external classes (RS_ENTRY)",
        [COUNT_ALLCLASSES] = "classes in g_allclasses.h",
        [COUNT_ALLOC_PARAMS] = "distinct alloc-param types",
        [COUNT_CONTROLS] = "control ids in headers",
        [COUNT_CONTROL_ALIASES] = "- of which second names",
        [COUNT_CONTROLS_PARAMS] = "- with params struct",
        [COUNT_METHODS] = "exported methods",
        [COUNT_METHOD_IDS] = "exported methods (unique ids)",
        [COUNT_ROUTE_TO_PHYSICAL] = "- ROUTE_TO_PHYSICAL",
        [COUNT_INTERNAL] = "- INTERNAL",
        [COUNT_NON_PRIVILEGED] = "- NON_PRIVILEGED",
        [COUNT_PRIVILEGED] = "- PRIVILEGED",
        [COUNT_NO_PRIVILEGE_BIT] = "- kernel only (no bit)",
        [COUNT_NO_METHOD] = "in headers but no method",
        [COUNT_NO_HEADER] = "method but not in headers",
        [COUNT_FUNCTIONS] = "RPC functions",
        [COUNT_EVENTS] = "RPC events",
        [COUNT_STRUCTS_SDK] = "structs SDK",
        [COUNT_STRUCTS_OTHER] = "structs RPC/GSP/ioctl",
        [COUNT_ENUMS] = "enum types",
        [COUNT_ENUM_VALUES] = "enum values",
        [COUNT_CONSTANTS] = "constants",
        [COUNT_RANGES] = "ranges",
        [COUNT_STATUS] = "status codes",
        [COUNT_ESCAPES] = "escapes",
        [COUNT_CHIPS] = "chips",
        [COUNT_PCI] = "PCI names",
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

bool
imp_counts_check(struct imp_tree *t)
{
    count_rows(t);
    return true;
}
