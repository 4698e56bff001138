/* SPDX-License-Identifier: MIT */
/*
 * help NAME for hardware classes: NVC7B5_LAUNCH_DMA, NVC7B5_LAUNCH_DMA=0x182,
 * NVC6C0_QMDV03_00, NVC6C0_QMDV03_00_QMD_TYPE.
 */
#ifndef NVRM_CLI_HELP_HW_H
#define NVRM_CLI_HELP_HW_H

#include "cli.h"

/* What goes by the name (or method of any class, by its name alone), as documents; value is the
 * text behind '=' or NULL. An empty array when nothing does. */
json_t *help_hw(const char *name, const char *value);
/* Rows of methods and records whose full name matches (describe_match()), each at the first
 * class that has it so. */
void help_hw_search(const char *pattern, json_t *rows);
/* Every full name of a method and record that begins with text, for completion. */
void help_hw_names(const char *text, void (*take)(void *ctx, const char *name), void *ctx);

#endif
