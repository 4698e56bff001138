/* SPDX-License-Identifier: MIT */
/* Floating-point immediates as nvdisasm prints them. */
#ifndef SASS_NUMBER_H
#define SASS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/** style: SASS_F32, SASS_F64 (bits are the high half), SASS_F16 or SASS_BF16 (two, high first).
 */
void sass_float_text(unsigned style, uint32_t bits, char *out, size_t n);

#endif
