/* SPDX-License-Identifier: MIT */
/* Comparing the approximate functions, for cases.c. */
#ifndef NVRM_TESTS_CUDA_COMPARE_H
#define NVRM_TESTS_CUDA_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/** Eight functions of each input, in the order of kernels/mufu.cu; why says which is too far
 * off. */
bool cuda_compare_mufu(const float *card, const float *ours, size_t n, char *why,
                       size_t why_bytes);

#endif
