/* SPDX-License-Identifier: MIT */
/** Check schemas against the vendor: compile its raw headers with the size and offset of every
 * field asserted. */
#ifndef IMP_VERIFY_H
#define IMP_VERIFY_H

#include "model.h"
#include "tree.h"

/** Offsets come from the model alone (natural.c); the tree's compiler judges. Adds the number
 * of asserts to *asserts. */
bool imp_verify(const struct imp_model *m, struct imp_tree *t, size_t *asserts);

#endif
