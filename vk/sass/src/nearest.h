/* SPDX-License-Identifier: MIT */
/* The operation whose name is nearest to a misspelt one. */
#ifndef SASS_NEAREST_H
#define SASS_NEAREST_H

#include <stddef.h>

/** Writes "did you mean IADD3?" or nothing. */
void sass_nearest_op(const char *name, size_t n, char *hint, size_t hint_bytes);

#endif
