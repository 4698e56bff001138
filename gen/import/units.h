/* SPDX-License-Identifier: MIT */
/** The two translation units of a tree: all SDK headers, and the driver's RPC, GSP, FSP and
 * ioctl headers. */
#ifndef IMP_UNITS_H
#define IMP_UNITS_H

#include "decl.h"
#include "tree.h"

/** Structs, enums, constants, ranges and header controls of the SDK. */
bool imp_read_sdk(struct imp_tree *t);
/** The same of the driver's own headers, RPC functions and events. */
bool imp_read_driver(struct imp_tree *t);

/** The text and the wanted files of the two units, for imp_tree_preprocess() and imp_parse().
 */
bool imp_sdk_text(struct imp_tree *t, struct imp_buf *text);
bool imp_driver_text(struct imp_tree *t, struct imp_buf *text);
bool imp_sdk_file(void *ctx, const char *file);
bool imp_driver_file(void *ctx, const char *file);

#endif
