/* SPDX-License-Identifier: MIT */
/* The table of launches, one row per kernel, and the comparison of results. */
#include "cases.h"

#include <stdio.h>
#include <string.h>

#include "compare.h"

#define REF(kernel) void ref_##kernel(const struct cuda_case *c, void *const *p)
REF(saxpy);
REF(int_arith32);
REF(int_div32);
REF(int_shift32);
REF(int_arith64);
REF(int_div64);
REF(int_sat_dot);
REF(int_narrow);
REF(float_round);
REF(float_special);
REF(float_div);
REF(float_ftz);
REF(double_round);
REF(double_div);
REF(double_compare);
REF(convert_from_float);
REF(convert_from_int);
REF(convert_from_double);
REF(convert_from_half);
REF(mufu_all);
REF(half_pairs);
REF(half_minmax);
REF(bfloat_pairs);
REF(control_nested);
REF(control_loops);
REF(control_switch);
REF(control_recursion);
REF(control_pointers);
REF(control_calls);
REF(warp_shuffle);
REF(warp_vote);
REF(warp_reduce);
REF(warp_scan);
REF(shared_reduce);
REF(shared_scan);
REF(shared_sort);
REF(shared_transpose);
REF(shared_histogram);
REF(shared_dynamic);
REF(barrier_pipe);
REF(barrier_reduce);
REF(barrier_last_block);
REF(atomic_global32);
REF(atomic_global64);
REF(atomic_shared);
REF(memory_constant);
REF(memory_globals);
REF(memory_local);
REF(memory_generic);
REF(memory_wide);
REF(memory_search);
REF(memory_unpack);
REF(memory_special);
REF(hash_crc32);
REF(hash_sha256);
REF(hash_xxh32);
REF(hash_siphash);
REF(hash_philox);
REF(stencil_1d);
REF(stencil_2d);
REF(stencil_3d);
REF(stencil_life);
REF(matmul_f32);
REF(matmul_f64);
REF(numeric_mandelbrot);
REF(numeric_nbody);
REF(numeric_fft);
REF(numeric_inverse);
REF(numeric_kahan);
REF(mma_f16_f32);
REF(mma_f16_f16);
REF(mma_s8);
REF(mma_ldmatrix);
REF(mma_f16_k16);
REF(mma_bf16_k16);
REF(mma_tf32_k8);
REF(mma_s8_k32);
REF(mma_f64);
REF(async_copy);
REF(async_small);
REF(async_redux);

#define U32(x)                                                                                 \
    {                                                                                          \
        .kind = CUDA_U32, .value = (x)                                                         \
    }
#define U64(x)                                                                                 \
    {                                                                                          \
        .kind = CUDA_U64, .value = (x)                                                         \
    }
#define F32(bits)                                                                              \
    {                                                                                          \
        .kind = CUDA_F32, .value = (bits)                                                      \
    } /* by its bits */
#define BUF(n, with)                                                                           \
    {                                                                                          \
        .kind = CUDA_BUFFER, .bytes = (n), .fill = fill_##with                                 \
    }
#define K(m, k) .module = #m, .kernel = #k, .reference = ref_##k

/* N threads in a row, in blocks of 128; 300 leaves a block and a warp with threads to spare. */
#define ROW    .grid = {3, 1, 1}, .block = {128, 1, 1}
#define N      300u
#define WARP   .grid = {4, 1, 1}, .block = {32, 1, 1} /* four blocks of one warp */
#define WARP_N 128u

const struct cuda_case cuda_cases[] = {
#include "cases.def"
};

const size_t cuda_cases_n = sizeof(cuda_cases) / sizeof(*cuda_cases);

unsigned
cuda_case_args(const struct cuda_case *c)
{
    unsigned n = 0;

    while (n < CUDA_ARGS_MAX && c->args[n].kind != CUDA_END)
        n++;
    return n;
}

uint32_t
cuda_case_threads(const struct cuda_case *c)
{
    return c->grid[0] * c->grid[1] * c->grid[2] * c->block[0] * c->block[1] * c->block[2];
}

/* A number format as a comparison sees it: how wide, and from which magnitude on it is no
 * number. */
struct format {
    unsigned bytes;
    uint64_t magnitude, infinity;
};

static const struct format formats[] = {
    [CUDA_EXACT] = {4, 0,                  0                 },
    [CUDA_NAN32] = {4, 0x7fffffff,         0x7f800000        },
    [CUDA_NAN64] = {8, 0x7fffffffffffffff, 0x7ff0000000000000},
    [CUDA_NAN16] = {2, 0x7fff,             0x7c00            },
    [CUDA_NANBF] = {2, 0x7fff,             0x7f80            },
};

static uint64_t
load(const void *from, size_t at, size_t bytes)
{
    uint64_t x = 0;

    memcpy(&x, (const uint8_t *)from + at, bytes);
    return x;
}

static bool
same(const struct format *f, uint64_t x, uint64_t y)
{
    return x == y || ((x & f->magnitude) > f->infinity && (y & f->magnitude) > f->infinity &&
                      f->infinity);
}

bool
cuda_case_compare(const struct cuda_case *c, unsigned arg, const void *card, const void *ours,
                  char *why, size_t why_bytes)
{
    size_t bytes = c->args[arg].bytes;
    const struct format *f = &formats[c->compare == CUDA_MUFU ? CUDA_NAN32 : c->compare];

    if (c->compare == CUDA_MUFU && bytes == 32 * N)
        return cuda_compare_mufu(card, ours, bytes / 4, why, why_bytes);
    for (size_t at = 0; at < bytes; at += f->bytes) {
        size_t n = bytes - at < f->bytes ? bytes - at : f->bytes;
        uint64_t x = load(card, at, n), y = load(ours, at, n);

        if (same(f, x, y))
            continue;
        (void)snprintf(why, why_bytes,
                       "argument %u, element %zu: the card says 0x%llx, it is 0x%llx", arg,
                       at / f->bytes, (unsigned long long)x, (unsigned long long)y);
        return false;
    }
    return true;
}
