/* SPDX-License-Identifier: MIT */
/* What nvrm-gen writes. Every function appends a whole file to a text. */
#ifndef GEN_EMIT_H
#define GEN_EMIT_H

#include "build.h"

/** The tables as C; `symbol` is the function that returns them (nvrm_schema_builtin). */
void gen_emit_tables(struct gen_build *b, const char *symbol, struct gen_text *out);
/** nvrm/flags.h, nvrm/ids.h, nvrm/types.h, rm/calls.h */
void gen_emit_flags(struct gen_build *b, struct gen_text *out);
void gen_emit_ids(struct gen_build *b, struct gen_text *out);
void gen_emit_types(struct gen_build *b, struct gen_text *out);
void gen_emit_calls(struct gen_build *b, struct gen_text *out);
/** Static asserts: canonical types against their rows; every release's wire layouts as plain C
 * structs. */
void gen_emit_canon_asserts(struct gen_build *b, struct gen_text *out);
void gen_emit_wire_asserts(struct gen_build *b, struct gen_text *out);
/** Asserts on the vendor's own structs at one release, of its SDK or of its driver headers.
 * Returns how many structs. */
unsigned gen_emit_vendor_asserts(struct gen_build *b, uint32_t release, bool sdk,
                                 struct gen_text *out);
/** Sizes of everything, for people. */
void gen_emit_stats(struct gen_build *b, struct gen_text *out);
/** JSON Schema of one struct at a release. */
void gen_emit_json_schema(struct gen *g, struct nvrm_abi abi, const struct nvrm_layout *l,
                          struct gen_text *out);

/** Reference pages. A control's family is the RM class that implements it, or its class id when
 * none does. */
const char *gen_control_family(struct gen *g, const struct nvrm_schema *s, unsigned row);
void gen_markdown_controls(struct gen *g, const struct nvrm_schema *s, const char *family,
                           struct gen_text *out);
void gen_markdown_classes(struct gen *g, const struct nvrm_schema *s, struct gen_text *out);
void gen_markdown_rpcs(struct gen *g, const struct nvrm_schema *s, struct gen_text *out);
void gen_markdown_status(struct gen *g, const struct nvrm_schema *s, struct gen_text *out);

#endif
