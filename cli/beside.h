/* SPDX-License-Identifier: MIT */
/*
 * Files that come with nvrm-cli: libraries that it preloads, programs that it runs. They lie
 * beside it, as built or as installed, unless a variable of the environment names another.
 */
#ifndef NVRM_CLI_BESIDE_H
#define NVRM_CLI_BESIDE_H

#include <limits.h>

#include <gsp/error.h>

/**
 * @param env     variable whose value, when set, is the file and nothing else
 * @param places  paths from the folder of this program, NULL at the end; the first that is
 * there
 * @param out     absolute path without links
 * @return 0, or -ENOENT: what the variable names is not there, or the file is in no place
 */
int cli_find_beside(const char *env, const char *const *places, char out[PATH_MAX],
                    struct gsp_error *err);

#endif
