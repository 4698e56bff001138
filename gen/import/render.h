/* SPDX-License-Identifier: MIT */
/** Parsed C types as rows of facts: bodies of structs, unions and enums in the grammar of
 * docs/schema.md. */
#ifndef IMP_RENDER_H
#define IMP_RENDER_H

#include "decl.h"
#include "facts.h"

/** What becomes of structs that hold C pointers in files outside the SDK: they are the driver's
 * own, not wire. */
struct imp_render_stats {
    size_t structs, enums, aliases, internal;
};

/** Rows for every aggregate and enum of the wanted files and for what they refer to. */
bool imp_render(struct imp_decls *d, struct imp_facts *f, struct imp_render_stats *stats,
                struct imp_error *err);
/** Mark a struct of an unwanted file (by name) as wanted; false when the unit does not have it.
 */
bool imp_want_struct(struct imp_decls *d, const char *name);

#endif
