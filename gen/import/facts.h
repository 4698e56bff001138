/* SPDX-License-Identifier: MIT */
/** What one release says: rows of (section, name, vendor header, body), a body being canonical
 * flow YAML. */
#ifndef IMP_FACTS_H
#define IMP_FACTS_H

#include "util.h"

enum imp_section {
    SEC_STRUCTS,
    SEC_ENUMS,
    SEC_CONSTANTS,
    SEC_RANGES,
    SEC_CLASSES,
    SEC_CONTROLS,
    SEC_FUNCTIONS,
    SEC_EVENTS,
    SEC_STATUS,
    SEC_ESCAPES,
    SEC_CHIPS,
    SEC_PCI,
    SEC_COUNT
};

/** "structs", "enums", ... as in the YAML. */
const char *imp_section_name(enum imp_section s);
/** Variants of this section carry their body as `value:` (scalars, ranges, enums). */
bool imp_section_is_value(enum imp_section s);

struct imp_fact {
    const char *name;
    const char *path; /* vendor header, from the root of its tree */
    const char *body;
    uint32_t line;
};

struct imp_facts {
    struct imp_arena *arena;
    struct imp_map rows[SEC_COUNT]; /* name -> struct imp_fact */
    const char *release;
};

/** Add a row. The same row twice is fine, two bodies under one name are an error. */
bool imp_fact_add(struct imp_facts *f, enum imp_section s, const char *name, const char *path,
                  uint32_t line, const char *body, struct imp_error *err);
const struct imp_fact *imp_fact_get(const struct imp_facts *f, enum imp_section s,
                                    const char *name);
void imp_facts_fini(struct imp_facts *f);
/** Where a vendor header's rows go: "class/cl0080" for .../inc/class/cl0080.h,
 * "rpc/g_rpc-structures", ... */
char *imp_yaml_key(struct imp_arena *a, const char *path);

#endif
