/* SPDX-License-Identifier: MIT */
/*
 * --version, as a line or as a document.
 */
#ifndef NVRM_CLI_VERSION_H
#define NVRM_CLI_VERSION_H

#include "cli.h"

int version_print(struct cli *cli);

#endif
