/* SPDX-License-Identifier: MIT */
/*
 * fw synth: the synthetic firmware set as files.
 */
#ifndef NVRM_CLI_FW_SYNTH_H
#define NVRM_CLI_FW_SYNTH_H

#include "cli.h"

/* fw synth [--chip CHIP] [--release RELEASE] --to FOLDER */
int fw_synth_run(struct cli *cli, int argc, char **argv);

#endif
