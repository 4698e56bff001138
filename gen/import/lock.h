/* SPDX-License-Identifier: MIT */
/** schemas/layout.lock: one line per struct variant, so that a moved byte shows up in review.
 */
#ifndef IMP_LOCK_H
#define IMP_LOCK_H

#include "model.h"

/** Check that every struct's declared size is its natural one, and write the lock. */
bool imp_lock_write(const struct imp_model *m, const char *path, struct imp_error *err);

#endif
