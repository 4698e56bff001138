/* SPDX-License-Identifier: MIT */
/**
 * Completeness: what was imported, beside an independent count of the same tree that does not
 * use the parser. A difference is an error.
 */
#ifndef IMP_COUNTS_H
#define IMP_COUNTS_H

#include "tree.h"

enum imp_counter {
    COUNT_CLASS_HEADERS,
    COUNT_RS_ENTRY,
    COUNT_ALLCLASSES,
    COUNT_ALLOC_PARAMS,
    COUNT_CONTROLS,
    COUNT_CONTROL_ALIASES,
    COUNT_CONTROLS_PARAMS,
    COUNT_METHODS,
    COUNT_METHOD_IDS,
    COUNT_ROUTE_TO_PHYSICAL,
    COUNT_INTERNAL,
    COUNT_KERNEL_RM,
    COUNT_NON_PRIVILEGED,
    COUNT_PRIVILEGED,
    COUNT_NO_PRIVILEGE_BIT,
    COUNT_NO_METHOD,
    COUNT_NO_HEADER,
    COUNT_FUNCTIONS,
    COUNT_EVENTS,
    COUNT_STRUCTS_SDK,
    COUNT_ALIASES,
    COUNT_STRUCTS_OTHER,
    COUNT_INTERNAL_STRUCTS,
    COUNT_DEFINED_SDK, /* struct and union definitions, nameless ones included */
    COUNT_DEFINED_OTHER,
    COUNT_ENUMS,
    COUNT_ENUM_VALUES,
    COUNT_ENUMS_SDK, /* enum definitions, nameless ones included */
    COUNT_CONSTANTS,
    COUNT_RANGES,
    COUNT_STATUS,
    COUNT_ESCAPES,
    COUNT_CHIPS,
    COUNT_PCI,
    COUNT_TOTAL
};

struct imp_counts {
    size_t n[COUNT_TOTAL];
};

const char *imp_counter_name(enum imp_counter c);
/** Count the tree's text again and compare. */
bool imp_counts_check(struct imp_tree *t);

#endif
