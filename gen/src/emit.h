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
/** Sizes of everything, for people. */
void gen_emit_stats(struct gen_build *b, struct gen_text *out);
/** JSON Schema of one control's or class's params at a release; false when there are none. */
void gen_emit_json_schema(struct gen *g, struct nvrm_abi abi, const struct nvrm_layout *l,
                          const char *title, struct gen_text *out);
/** Reference pages; see emit_markdown.c. */
void gen_emit_markdown(struct gen *g, const struct nvrm_schema *s, const char *family,
                       struct gen_text *out);

#endif
