/* SPDX-License-Identifier: MIT */
/** Shared between decl.c (specifiers, declarators, top level) and decl_agg.c (bodies of enums,
 * structs and unions). */
#ifndef IMP_DECL_PRIV_H
#define IMP_DECL_PRIV_H

#include "decl.h"

/** Is the next token this text? accept also steps over it, expect fails when it is not there.
 */
bool decl_is(const struct imp_decls *d, const char *text);
bool decl_accept(struct imp_decls *d, const char *text);
bool decl_expect(struct imp_decls *d, const char *text);
/** Fails with "expected WANT before 'token'". */
bool decl_unexpected(struct imp_decls *d, const char *want);
/** From an opening bracket to just behind the one that closes it. */
bool decl_skip_group(struct imp_decls *d);
char *decl_text_of(struct imp_decls *d, const struct imp_tok *t);
bool decl_eval_range(struct imp_decls *d, const struct imp_tok *from, const struct imp_tok *to,
                     struct imp_value *v);
/** Any number of __attribute__((...)): only `packed` and `aligned(n)` move bytes. */
bool decl_attributes(struct imp_decls *d, uint16_t *align, bool *packed);
bool decl_specifier(struct imp_decls *d, struct imp_type *out, bool *is_typedef);
bool decl_declarator(struct imp_decls *d, struct imp_type *type, const char **name);
/** At the keyword `enum`, or `struct` or `union`. */
bool decl_enum(struct imp_decls *d, struct imp_type *out);
bool decl_agg(struct imp_decls *d, struct imp_type *out);

#endif
