/* SPDX-License-Identifier: MIT */
/** Controls: ids and parameter structs from the ctrl headers, owner and flags from the
 * exported-method tables. */
#ifndef IMP_CONTROLS_H
#define IMP_CONTROLS_H

#include "macros.h"

/** Find the control ids among the SDK's macros (into t->controls). Needs the structs. */
bool imp_header_controls(struct imp_tree *t, const struct imp_macro_value *m, size_t n);
/** Read the method tables and add all control rows. m are the driver's macros (RMCTRL_FLAGS_*).
 */
bool imp_exported_methods(struct imp_tree *t, const struct imp_macro_value *m, size_t n);
/** Is this macro a control id? */
bool imp_is_control(const struct imp_tree *t, const char *name);

#endif
