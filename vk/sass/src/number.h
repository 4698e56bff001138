/* SPDX-License-Identifier: MIT */
/* Floating-point immediates as nvdisasm prints them. */
#ifndef SASS_NUMBER_H
#define SASS_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** exact: NaNs as nvdisasm prints them, otherwise their bits. style: SASS_F32, SASS_F64 (bits
 * are the high half), SASS_F16 or SASS_BF16 (two, high first).
 */
void sass_float_text(unsigned style, uint32_t bits, bool exact, char *out, size_t n);

/** The inverse; a number with 0x is the bits themselves. false: not a number of that style. */
bool sass_float_read(unsigned style, const char **p, uint32_t *bits_out);

#endif
