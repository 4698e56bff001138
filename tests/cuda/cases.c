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

#define U32(x)       {.kind = CUDA_U32, .value = (x)}
#define U64(x)       {.kind = CUDA_U64, .value = (x)}
#define F32(bits)    {.kind = CUDA_F32, .value = (bits)} /* by its bits */
#define BUF(n, with) {.kind = CUDA_BUFFER, .bytes = (n), .fill = fill_##with}
#define K(m, k)      .module = #m, .kernel = #k, .reference = ref_##k

/* N threads in a row, in blocks of 128; 300 leaves a block and a warp with threads to spare. */
#define ROW    .grid = {3, 1, 1}, .block = {128, 1, 1}
#define N      300u
#define WARP   .grid = {4, 1, 1}, .block = {32, 1, 1} /* four blocks of one warp */
#define WARP_N 128u

/* clang-format off: its aligned arrays fail on rows of unlike shape */
const struct cuda_case cuda_cases[] = {
    {K(saxpy, saxpy), .sms = CUDA_EVERY, ROW, .args = {U32(N), F32(0x40490fdb), BUF(4 * N, floats), BUF(4 * N, floats)}},

    {K(integer, int_arith32), .sms = CUDA_EVERY, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, bits), BUF(64 * N, zero), U32(N)}},
    {K(integer, int_div32), .sms = CUDA_EVERY, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, bits), BUF(32 * N, zero), U32(N)}},
    {K(integer, int_shift32), .sms = CUDA_EVERY, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, bits), BUF(64 * N, zero), U32(N)}},
    {K(integer, int_arith64), .sms = CUDA_EVERY, ROW, .args = {BUF(8 * N, bits64), BUF(8 * N, bits64), BUF(128 * N, zero), U32(N)}},
    {K(integer, int_div64), .sms = CUDA_EVERY, ROW, .args = {BUF(8 * N, bits64), BUF(8 * N, bits64), BUF(32 * N, zero), U32(N)}},
    {K(integer, int_sat_dot), .sms = CUDA_EVERY, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, bits), BUF(32 * N, zero), U32(N)}},
    {K(integer, int_narrow), .sms = CUDA_EVERY, ROW, .args = {BUF(N, bits), BUF(2 * N, bits), BUF(N, zero), BUF(4 * N, zero), U32(N)}},

    {K(float, float_round), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN32,
     .args = {BUF(4 * N, anyfloat0), BUF(4 * N, anyfloat), BUF(4 * N, anyfloat), BUF(48 * N, zero), U32(N)}},
    {K(float, float_special), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN32, .args = {BUF(4 * N, anyfloat), BUF(4 * N, anyfloat0), BUF(48 * N, zero), U32(N)}},
    {K(float, float_div), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN32, .args = {BUF(4 * N, anyfloat0), BUF(4 * N, anyfloat), BUF(48 * N, zero), U32(N)}},
    {K(float, float_ftz), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN32,
     .args = {BUF(4 * N, anyfloat), BUF(4 * N, anyfloat0), BUF(4 * N, anyfloat), BUF(32 * N, zero), U32(N)}},

    {K(double, double_round), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN64,
     .args = {BUF(8 * N, anydouble), BUF(8 * N, anydouble), BUF(8 * N, anydouble), BUF(96 * N, zero), U32(N)}},
    {K(double, double_div), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN64, .args = {BUF(8 * N, anydouble), BUF(8 * N, anydouble), BUF(32 * N, zero), U32(N)}},
    {K(double, double_compare), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN64,
     .args = {BUF(8 * N, anydouble), BUF(8 * N, anydouble), BUF(32 * N, zero), BUF(4 * N, zero), U32(N)}},

    {K(convert, convert_from_float), .sms = CUDA_FOUR, ROW, .args = {BUF(4 * N, convert), BUF(64 * N, zero), BUF(64 * N, zero), U32(N)}},
    {K(convert, convert_from_int), .sms = CUDA_FOUR, ROW, .args = {BUF(8 * N, bits64), BUF(64 * N, zero), BUF(64 * N, zero), BUF(8 * N, zero), U32(N)}},
    {K(convert, convert_from_double), .sms = CUDA_FOUR, ROW, .args = {BUF(8 * N, convert64), BUF(32 * N, zero), BUF(64 * N, zero), U32(N)}},
    {K(convert, convert_from_half), .sms = CUDA_FOUR, .grid = {40, 1, 1}, .block = {128, 1, 1}, .compare = CUDA_NAN32,
     .args = {BUF(2 * 5042, allhalves), BUF(4 * 5042, zero), BUF(8 * 5042, zero), U32(5042)}},

    {K(mufu, mufu_all), .sms = CUDA_FOUR, ROW, .compare = CUDA_MUFU, .args = {BUF(4 * N, mufu), BUF(32 * N, zero), U32(N)}},

    {K(half, half_pairs), .sms = CUDA_FOUR, ROW, .compare = CUDA_NAN16,
     .args = {BUF(4 * N, halves), BUF(4 * N, halves), BUF(4 * N, halves), BUF(32 * N, zero), U32(N)}},
    {K(half80, half_minmax), .sms = CUDA_AMPERE, ROW, .compare = CUDA_NAN16,
     .args = {BUF(4 * N, halves), BUF(4 * N, halves), BUF(4 * N, halves1), BUF(16 * N, zero), U32(N)}},
    {K(half80, bfloat_pairs), .sms = CUDA_AMPERE, ROW, .compare = CUDA_NANBF,
     .args = {BUF(4 * N, bits), BUF(4 * N, bits), BUF(4 * N, bits), BUF(16 * N, zero), U32(N)}},

    {K(control, control_nested), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},
    {K(control, control_loops), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * 256, bits), BUF(4 * 256, zero), U32(256)}},
    {K(control, control_switch), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},
    {K(control, control_recursion), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},
    {K(control, control_pointers), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},
    {K(control, control_calls), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},

    {K(warp, warp_shuffle), .sms = CUDA_FOUR, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 256, bits), BUF(32 * 256, zero)}},
    {K(warp, warp_vote), .sms = CUDA_FOUR, .grid = {8, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 1024, bits), BUF(32 * 1024, zero)}},
    {K(warp, warp_reduce), .sms = CUDA_FOUR, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 256, bits), BUF(64, zero), BUF(32, zero)}},
    {K(warp, warp_scan), .sms = CUDA_FOUR, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 256, bits), BUF(4 * 256, zero)}},

    {K(shared, shared_reduce), .sms = CUDA_EVERY, .grid = {3, 1, 1}, .block = {256, 1, 1}, .args = {BUF(4 * 5000, bits), BUF(12, zero), U32(5000)}},
    {K(shared, shared_scan), .sms = CUDA_EVERY, .grid = {2, 1, 1}, .block = {256, 1, 1}, .args = {BUF(4 * 512, bits), BUF(4 * 512, zero)}},
    {.module = "shared", .kernel = "shared_bitonic", .reference = ref_shared_sort, .sms = CUDA_EVERY, .grid = {2, 1, 1}, .block = {256, 1, 1},
     .args = {BUF(4 * 512, bits)}},
    {.module = "shared", .kernel = "shared_radix", .reference = ref_shared_sort, .sms = CUDA_EVERY, .grid = {2, 1, 1}, .block = {128, 1, 1},
     .args = {BUF(4 * 256, bits)}},
    {K(shared, shared_transpose), .sms = CUDA_EVERY, .grid = {3, 2, 1}, .block = {16, 16, 1},
     .args = {BUF(4 * 40 * 30, floats), BUF(4 * 40 * 30, zero), U32(40), U32(30)}},
    {K(shared, shared_histogram), .sms = CUDA_EVERY, .grid = {2, 1, 1}, .block = {256, 1, 1}, .args = {BUF(3000, bits), BUF(1024, zero), U32(3000)}},
    {K(shared, shared_dynamic), .sms = CUDA_EVERY, .grid = {2, 1, 1}, .block = {64, 1, 1}, .shared_bytes = 4 * 500,
     .args = {BUF(4 * 500, bits), BUF(8 * 500, zero), U32(500)}},

    {K(barrier, barrier_pipe), .sms = CUDA_FOUR, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 640, bits), BUF(4 * 640, zero), U32(5)}},
    {K(barrier, barrier_reduce), .sms = CUDA_FOUR, .grid = {3, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 384, bits), BUF(16 * 384, zero)}},
    {K(barrier, barrier_last_block), .sms = CUDA_FOUR, .grid = {5, 1, 1}, .block = {64, 1, 1}, .args = {BUF(4 * 320, bits), BUF(20, zero), BUF(4, zero)}},

    {K(atomic, atomic_global32), .sms = CUDA_FIVE, .grid = {3, 1, 1}, .block = {128, 1, 1},
     .args = {BUF(4 * 384, bits), BUF(64, cells), BUF(4 * 384, zero)}},
    {K(atomic, atomic_global64), .sms = CUDA_FIVE, .grid = {3, 1, 1}, .block = {128, 1, 1}, .args = {BUF(8 * 384, bits64), BUF(96, cells64)}},
    {K(atomic, atomic_shared), .sms = CUDA_FIVE, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 256, bits), BUF(128, zero), BUF(64, zero)}},

    {K(memory, memory_constant), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), BUF(8 * N, zero), U32(N)}},
    {K(memory, memory_globals), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},
    {K(memory, memory_local), .sms = CUDA_FIVE, ROW, .args = {BUF(4 * N, bits), BUF(4 * N, zero), U32(N)}},
    {K(memory, memory_generic), .sms = CUDA_FIVE, .grid = {3, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 384, bits), BUF(4 * 384, zero), U32(384)}},
    {K(memory, memory_wide), .sms = CUDA_FIVE, ROW, .args = {BUF(16 * N, bits), BUF(16 * N, zero), BUF(8 * N, zero), U32(N)}},
    {K(memory, memory_search), .sms = CUDA_FIVE, ROW, .args = {BUF(N, letters), U32(N), BUF(4, letters), U32(3), BUF(4, zero), BUF(4, ones)}},
    {K(memory, memory_unpack), .sms = CUDA_FIVE, .grid = {2, 1, 1}, .block = {32, 1, 1},
     .args = {BUF(48 * 41 + 512, bits), BUF(4 * 41, steps48), BUF(200 * 40, zero), U32(200), U32(40)}},
    {K(memory, memory_special), .sms = CUDA_FIVE, .grid = {3, 2, 1}, .block = {16, 4, 1}, .args = {BUF(48 * 384, zero)}},

    {K(hash, hash_crc32), .sms = CUDA_FIVE, WARP, .args = {BUF(37 * 100, bits), BUF(400, zero), U32(37), U32(100)}},
    {K(hash, hash_sha256), .sms = CUDA_FIVE, WARP, .args = {BUF(55 * 100 + 4, bits), BUF(32 * 100, zero), U32(100)}},
    {K(hash, hash_xxh32), .sms = CUDA_FIVE, WARP, .args = {BUF(4 * 12 * 100, bits), BUF(400, zero), U32(12), U32(100)}},
    {K(hash, hash_siphash), .sms = CUDA_FIVE, WARP,
     .args = {BUF(8 * 5 * 100, bits64), BUF(800, zero), U64(0x0706050403020100), U64(0x0f0e0d0c0b0a0908), U32(5), U32(100)}},
    {K(hash, hash_philox), .sms = CUDA_FIVE, WARP, .args = {BUF(1600, zero), U32(0x1234), U32(0xabcdef), U32(100)}},

    {K(stencil, stencil_1d), .sms = CUDA_FOUR, ROW, .args = {BUF(4 * N, floats), BUF(4 * N, zero), U32(N)}},
    {K(stencil, stencil_2d), .sms = CUDA_FOUR, .grid = {3, 5, 1}, .block = {16, 8, 1},
     .args = {BUF(4 * 45 * 37, floats), BUF(4 * 45 * 37, zero), U32(45), U32(37), F32(0x3e000000)}},
    {K(stencil, stencil_3d), .sms = CUDA_FOUR, .grid = {2, 3, 4}, .block = {8, 4, 3}, .args = {BUF(4 * 12 * 12 * 12, floats), BUF(4 * 12 * 12 * 12, zero), U32(12)}},
    {K(stencil, stencil_life), .sms = CUDA_FOUR, .grid = {3, 5, 1}, .block = {16, 8, 1}, .args = {BUF(45 * 37, bytes01), BUF(45 * 37, zero), U32(45), U32(37)}},

    {K(matmul, matmul_f32), .sms = CUDA_FOUR, .grid = {3, 3, 1}, .block = {16, 16, 1},
     .args = {BUF(4 * 48 * 48, floats), BUF(4 * 48 * 48, floats), BUF(4 * 48 * 48, zero), U32(48)}},
    {K(matmul, matmul_f64), .sms = CUDA_FOUR, .grid = {3, 5, 1}, .block = {16, 8, 1},
     .args = {BUF(8 * 37 * 37, doubles), BUF(8 * 37 * 37, doubles), BUF(8 * 37 * 37, zero), U32(37)}},

    {K(numeric, numeric_mandelbrot), .sms = CUDA_FOUR, .grid = {3, 5, 1}, .block = {16, 8, 1},
     .args = {BUF(4 * 45 * 37, zero), U32(45), U32(37), F32(0xc0000000), F32(0xbfa00000), F32(0x3d8b4396), U32(200)}},
    {K(numeric, numeric_nbody), .sms = CUDA_FOUR, .grid = {2, 1, 1}, .block = {64, 1, 1}, .args = {BUF(16 * 128, floats), BUF(16 * 128, zero), U32(128)}},
    {K(numeric, numeric_fft), .sms = CUDA_FOUR, .grid = {2, 1, 1}, .block = {64, 1, 1}, .args = {BUF(8 * 256, floats), BUF(8 * 64, twiddles)}},
    {K(numeric, numeric_inverse), .sms = CUDA_FOUR, .grid = {3, 1, 1}, .block = {64, 1, 1}, .args = {BUF(8 * 64 * 3, doubles), BUF(8 * 64 * 3, zero)}},
    {K(numeric, numeric_kahan), .sms = CUDA_FOUR, ROW, .args = {BUF(4 * N * 20, positive), BUF(4 * N, zero), U32(20), U32(N)}},

    {K(mma, mma_f16_f32), .sms = CUDA_FOUR, WARP, .args = {BUF(8 * WARP_N, int_f16), BUF(4 * WARP_N, int_f16), BUF(16 * WARP_N, int_f32), BUF(16 * WARP_N, zero)}},
    {K(mma, mma_f16_f16), .sms = CUDA_FOUR, WARP, .args = {BUF(8 * WARP_N, int_f16), BUF(4 * WARP_N, int_f16), BUF(8 * WARP_N, int_f16), BUF(8 * WARP_N, zero)}},
    {K(mma, mma_s8), .sms = CUDA_FOUR, WARP, .args = {BUF(4 * WARP_N, bits), BUF(4 * WARP_N, bits), BUF(8 * WARP_N, bits), BUF(8 * WARP_N, zero)}},
    {K(mma, mma_ldmatrix), .sms = CUDA_FOUR, .grid = {1, 1, 1}, .block = {32, 1, 1},
     .args = {BUF(512, int_f16), BUF(256, int_f16), BUF(512, zero), BUF(768, zero)}},
    {K(mma80, mma_f16_k16), .sms = CUDA_AMPERE, WARP,
     .args = {BUF(16 * WARP_N, int_f16), BUF(8 * WARP_N, int_f16), BUF(16 * WARP_N, int_f32), BUF(16 * WARP_N, zero)}},
    {K(mma80, mma_bf16_k16), .sms = CUDA_AMPERE, WARP,
     .args = {BUF(16 * WARP_N, int_bf16), BUF(8 * WARP_N, int_bf16), BUF(16 * WARP_N, int_f32), BUF(16 * WARP_N, zero)}},
    {K(mma80, mma_tf32_k8), .sms = CUDA_AMPERE, WARP,
     .args = {BUF(16 * WARP_N, int_f32), BUF(8 * WARP_N, int_f32), BUF(16 * WARP_N, int_f32), BUF(16 * WARP_N, zero)}},
    {K(mma80, mma_s8_k32), .sms = CUDA_AMPERE, WARP, .args = {BUF(16 * WARP_N, bits), BUF(8 * WARP_N, bits), BUF(16 * WARP_N, bits), BUF(16 * WARP_N, zero)}},
    {K(mma80, mma_f64), .sms = CUDA_AMPERE, WARP,
     .args = {BUF(8 * WARP_N, int_f64), BUF(8 * WARP_N, int_f64), BUF(16 * WARP_N, int_f64), BUF(16 * WARP_N, zero)}},

    {K(async, async_copy), .sms = CUDA_AMPERE, .grid = {2, 1, 1}, .block = {64, 1, 1}, .args = {BUF(1024 * 10, bits), BUF(512, zero), U32(5)}},
    {K(async, async_small), .sms = CUDA_AMPERE, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(16 * 256, bits), BUF(16 * 256, zero)}},
    {K(async, async_redux), .sms = CUDA_AMPERE, .grid = {2, 1, 1}, .block = {128, 1, 1}, .args = {BUF(4 * 256, bits), BUF(32 * 256, zero)}},
};
/* clang-format on */

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

/* A number format as a comparison sees it: how wide, and from which magnitude on it is no number. */
struct format {
    unsigned bytes;
    uint64_t magnitude, infinity;
};

/* clang-format off */
static const struct format formats[] = {
    [CUDA_EXACT] = {4, 0,                  0                 },
    [CUDA_NAN32] = {4, 0x7fffffff,         0x7f800000        },
    [CUDA_NAN64] = {8, 0x7fffffffffffffff, 0x7ff0000000000000},
    [CUDA_NAN16] = {2, 0x7fff,             0x7c00            },
    [CUDA_NANBF] = {2, 0x7fff,             0x7f80            },
};
/* clang-format on */

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
    return x == y || ((x & f->magnitude) > f->infinity && (y & f->magnitude) > f->infinity && f->infinity);
}

bool
cuda_case_compare(const struct cuda_case *c, unsigned arg, const void *card, const void *ours, char *why, size_t why_bytes)
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
        (void)snprintf(why, why_bytes, "argument %u, element %zu: the card says 0x%llx, it is 0x%llx", arg, at / f->bytes, (unsigned long long)x,
                       (unsigned long long)y);
        return false;
    }
    return true;
}
