/* SPDX-License-Identifier: MIT */
/* How far apart two names are, for "did you mean". */
#ifndef NVRM_NEAREST_H
#define NVRM_NEAREST_H

#define NVRM_FAR 1000u /* too different to be worth a suggestion */

/**
 * Distance between what was typed and a candidate, upper and lower case alike: 0 for equal
 * text, small for a name that contains the typed text, else the edit distance. Anything not
 * better than `limit` comes back as NVRM_FAR.
 */
unsigned nvrm_name_distance(const char *typed, const char *candidate, unsigned limit);

#endif
