/* SPDX-License-Identifier: MIT */
/** The vendor's published register headers -> schemas/hw/regs: names, offsets, strides, bit
 * fields and named values of the units that boot needs. */
#ifndef IMP_REGS_H
#define IMP_REGS_H

#include "util.h"

/**
 * Read the register headers of a checked-out tree and write one YAML file per unit below
 * `out`. `check` writes nothing and fails when a file would change. *count_out gets the number
 * of registers.
 */
bool imp_regs(const char *root, const char *out, bool check, size_t *count_out,
              struct imp_error *err);

/** The release that a tree's version.mk names. */
bool imp_version_mk(const char *root, char *out, size_t bytes, struct imp_error *err);

#endif
