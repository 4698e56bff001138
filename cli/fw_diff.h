/* SPDX-License-Identifier: MIT */
/*
 * What differs between two documents that describe files.
 */
#ifndef NVRM_CLI_FW_DIFF_H
#define NVRM_CLI_FW_DIFF_H

#include "cli.h"

/* Rows {what, a, b}; empty when nothing but "file" differs. */
json_t *fw_diff(const json_t *a, const json_t *b);

bool fw_is_folder(const char *path);
/* The same for two folders of one release each, "CHIP ROLE: " before each row. NULL with *err
 * filled. */
json_t *fw_diff_folders(const char *a, const char *b, struct gsp_error *err);

#endif
