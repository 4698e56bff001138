/* SPDX-License-Identifier: MIT */
/*
 * Several releases in one -F: "570.144,580.65.06", "570.86.15..570.144", "570.*", "all".
 */
#ifndef NVRM_CLI_RELEASES_H
#define NVRM_CLI_RELEASES_H

#include "cli.h"

struct cli_releases {
    nvrm_release at[256]; /* oldest first */
    unsigned count;
};
/* Those of -F, else those of `fallback` ("all"), else the one that cli_abi() says. 0, or a
 * negative errno with *err filled. */
int cli_releases(struct cli *cli, const char *fallback, struct cli_releases *out,
                 struct gsp_error *err);

#endif
