/* SPDX-License-Identifier: MIT */
/*
 * What differs between two documents that describe files.
 */
#ifndef NVRM_CLI_FW_DIFF_H
#define NVRM_CLI_FW_DIFF_H

#include "cli.h"

/* Rows {what, a, b}; empty when nothing but "file" differs. */
json_t *fw_diff(const json_t *a, const json_t *b);

#endif
