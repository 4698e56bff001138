/* SPDX-License-Identifier: MIT */
/** The tables of a tree that are not plain declarations: RPC ids, ioctls, classes, status
 * codes, chips, PCI names. */
#ifndef IMP_ROWS_H
#define IMP_ROWS_H

#include "macros.h"

/** Functions and events from the enums of rpc_global_enums.h, with their parameter structs. */
bool imp_rpc_rows(struct imp_tree *t, struct imp_decls *d);
/** NV_ESC_* among the driver's macros, with the struct that the ioctl handler casts to. */
bool imp_escape_rows(struct imp_tree *t, const struct imp_macro_value *m, size_t n);
/** The resource list, the class list and the status codes. */
bool imp_class_rows(struct imp_tree *t);
/** Chip -> classes and PCI id -> name. */
bool imp_device_rows(struct imp_tree *t);

#endif
