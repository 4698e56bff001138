/* SPDX-License-Identifier: MIT */
/* What every kernel of this folder uses: short type names, the index of the thread, and nothing
 * of a library. */
#ifndef NVRM_TESTS_CUDA_KERNEL_H
#define NVRM_TESTS_CUDA_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

#define KERNEL extern "C" __global__ void
#define THREAD (blockIdx.x * blockDim.x + threadIdx.x)

#endif
