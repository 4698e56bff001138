/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the edit distance of two words, for the CLI's own words (verbs, options,
 * keys).
 */
#ifndef NVRM_CLI_NEAREST_H
#define NVRM_CLI_NEAREST_H

unsigned cli_distance(const char *a, const char *b);

#endif
