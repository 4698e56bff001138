/* SPDX-License-Identifier: MIT */
/* What kernels/half.cu, half80.cu, mma.cu and mma80.cu compute. Half precision and bfloat16 are
 * done in double precision rounded to odd and then rounded once more, which is exact; matrices
 * hold small whole numbers, so that the order in which tensor cores add does not matter.
 * Fragments are laid out as the PTX manual says. */
#include <math.h>
#include <string.h>

#include "cases.h"

CUDA_REFERENCE(half_pairs);
CUDA_REFERENCE(half_minmax);
CUDA_REFERENCE(bfloat_pairs);
CUDA_REFERENCE(mma_f16_f32);
CUDA_REFERENCE(mma_f16_f16);
CUDA_REFERENCE(mma_s8);
CUDA_REFERENCE(mma_ldmatrix);
CUDA_REFERENCE(mma_f16_k16);
CUDA_REFERENCE(mma_bf16_k16);
CUDA_REFERENCE(mma_tf32_k8);
CUDA_REFERENCE(mma_s8_k32);
CUDA_REFERENCE(mma_f64);

/* A number of a small format: `digits` bits of fraction, exponent bias `bias`, largest exponent
 * field all ones. */
static double
unpack(uint32_t h, unsigned digits, unsigned exponent_bits)
{
    uint32_t fraction = h & ((1u << digits) - 1), ones = (1u << exponent_bits) - 1,
             exponent = h >> digits & ones;
    int bias = (int)(ones >> 1);
    double x;

    if (exponent == ones)
        x = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        x = ldexp(fraction, 1 - bias - (int)digits);
    else
        x = ldexp(fraction | 1u << digits, (int)exponent - bias - (int)digits);
    return h >> (digits + exponent_bits) & 1 ? -x : x;
}

static uint32_t
pack(double x, unsigned digits, unsigned exponent_bits, bool to_zero)
{
    uint32_t ones = (1u << exponent_bits) - 1, sign = (uint32_t)(signbit(x) != 0)
                                                      << (digits + exponent_bits);
    int bias = (int)(ones >> 1), exponent;
    double scaled, kept;

    if (isnan(x))
        return (1u << (digits + exponent_bits)) - 1;
    x = fabs(x);
    if (isinf(x))
        return sign | ones << digits;
    (void)frexp(x, &exponent);
    exponent = exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
    scaled = ldexp(x, (int)digits - exponent);
    kept = to_zero ? floor(scaled) : rint(scaled);
    if (kept >= ldexp(1, (int)digits + 1)) {
        kept /= 2;
        exponent++;
    }
    if (exponent > bias)
        return to_zero ? sign | ((ones << digits) - 1) : sign | ones << digits;
    if (kept < ldexp(1, (int)digits))
        return sign | (uint32_t)kept;
    return sign | (uint32_t)(exponent + bias) << digits |
           ((uint32_t)kept & ((1u << digits) - 1));
}

double
ref_from_half(uint16_t h)
{
    return unpack(h, 10, 5);
}

uint16_t
ref_to_half(double x, bool to_zero)
{
    return (uint16_t)pack(x, 10, 5, to_zero);
}

double
ref_from_bfloat(uint16_t h)
{
    return unpack(h, 7, 8);
}

uint16_t
ref_to_bfloat(double x)
{
    return (uint16_t)pack(x, 7, 8, false);
}

double
ref_add_odd(double x, double y)
{
    volatile double sum = x + y, back = sum - x;
    double lost = (x - (sum - back)) + (y - back);
    uint64_t bits;

    if (!isfinite(sum) || lost == 0)
        return sum;
    memcpy(&bits, (const void *)&sum, 8);
    if (bits & 1)
        return sum;
    /* Even, and bits were lost: the neighbour on the side of what was lost is odd. */
    return nextafter(sum, lost > 0 ? INFINITY : -INFINITY);
}

static double
flush_half(double x)
{
    return fabs(x) < 0x1p-14 ? copysign(0, x) : x;
}

static uint16_t
fma_half(double x, double y, double z)
{
    return ref_to_half(ref_add_odd(x * y, z), false);
}

static uint16_t
half_op(unsigned op, double x, double y, double z)
{
    uint16_t h;

    switch (op) {
    case 0:
        return ref_to_half(ref_add_odd(x, y), false);
    case 1:
        return ref_to_half(ref_add_odd(x, -y), false);
    case 2:
        return ref_to_half(x * y, false);
    case 3:
        return fma_half(x, y, z);
    case 4:
        h = ref_to_half(ref_add_odd(x, y), false);
        return isnan(ref_from_half(h)) || h >> 15 ? 0 : h > 0x3c00 ? 0x3c00 : h;
    case 5:
        h = fma_half(flush_half(x), flush_half(y), flush_half(z));
        return h & 0x7c00 ? h : h & 0x8000;
    default:
        return x < y ? 0x3c00 : 0;
    }
}

CUDA_REFERENCE(half_pairs)
{
    const uint16_t *a = p[0], *b = p[1], *d = p[2];
    uint16_t *o = p[3];

    for (uint32_t i = 0; i < c->args[4].value; i++, o += 16) {
        for (unsigned op = 0; op < 7; op++)
            for (unsigned k = 0; k < 2; k++)
                o[2 * op + k] =
                    half_op(op, ref_from_half(a[2 * i + k]), ref_from_half(b[2 * i + k]),
                            ref_from_half(d[2 * i + k]));
        o[14] = fma_half(ref_from_half(a[2 * i]), ref_from_half(b[2 * i + 1]),
                         ref_from_half(a[2 * i]));
        o[15] = 0;
    }
}

static double
pick(double x, double y, bool larger, bool nan)
{
    if (isnan(x) || isnan(y))
        return nan ? NAN : isnan(x) ? y : x;
    if (x == y)
        return (signbit(x) != 0) != larger ? x : y;
    return (x < y) != larger ? x : y;
}

CUDA_REFERENCE(half_minmax)
{
    const uint16_t *a = p[0], *b = p[1], *d = p[2];
    uint16_t *o = p[3];

    for (uint32_t i = 0; i < 2 * c->args[4].value; i++) {
        uint16_t *out = o + 8 * (i / 2) + i % 2;
        double x = ref_from_half(a[i]), y = ref_from_half(b[i]),
               relu = ref_from_half(fma_half(x, y, ref_from_half(d[i])));

        out[0] = ref_to_half(pick(x, y, false, false), false);
        out[2] = ref_to_half(pick(x, y, true, false), false);
        out[4] = ref_to_half(pick(x, y, true, true), false);
        out[6] = ref_to_half(relu < 0 ? 0 : relu, false);
    }
}

CUDA_REFERENCE(bfloat_pairs)
{
    const uint16_t *a = p[0], *b = p[1], *d = p[2];
    uint16_t *o = p[3];

    for (uint32_t i = 0; i < 2 * c->args[4].value; i++) {
        uint16_t *out = o + 8 * (i / 2) + i % 2;
        double x = ref_from_bfloat(a[i]), y = ref_from_bfloat(b[i]);
        float wide;

        out[0] = ref_to_bfloat(ref_add_odd(x * y, ref_from_bfloat(d[i])));
        out[2] = ref_to_bfloat(pick(x, y, false, false));
        out[4] = ref_to_bfloat(pick(x, y, true, false));
        memcpy(&wide, (i & 1 ? a : b) + (i & ~1u), 4);
        out[6] = ref_to_bfloat(wide);
    }
}

/* Products of matrices: read out of the lanes' registers into plain matrices, multiply, and
 * write back. */
struct tile {
    double a[16][32], b[32][8], c[16][8];
};

static void
multiply(struct tile *t, unsigned rows, unsigned depth)
{
    for (unsigned r = 0; r < rows; r++)
        for (unsigned col = 0; col < 8; col++)
            for (unsigned k = 0; k < depth; k++)
                t->c[r][col] += t->a[r][k] * t->b[k][col];
}

enum element { HALF, BFLOAT, WORD_FLOAT, BYTE };

/* Element e of register word w. */
static double
element(uint32_t w, enum element kind, unsigned e)
{
    float f;

    switch (kind) {
    case HALF:
        return ref_from_half((uint16_t)(w >> 16 * e));
    case BFLOAT:
        return ref_from_bfloat((uint16_t)(w >> 16 * e));
    case BYTE:
        return (int8_t)(w >> 8 * e);
    default:
        memcpy(&f, &w, 4);
        return f;
    }
}

/* A register holds `each` neighbours of a row of A (or column of B); four lanes make a row of 4
 * * each. Registers of A go down by eight rows first when there are 16, then on to the next
 * columns. */
static void
read_fragments(struct tile *t, const uint32_t *a, const uint32_t *b, unsigned rows,
               unsigned a_regs, unsigned b_regs, enum element kind)
{
    unsigned each = kind == BYTE ? 4 : kind == WORD_FLOAT ? 1 : 2, down = rows / 8;

    for (unsigned lane = 0; lane < 32; lane++) {
        unsigned group = lane / 4, first = lane % 4 * each;

        for (unsigned e = 0; e < each; e++) {
            for (unsigned r = 0; r < a_regs; r++)
                t->a[group + 8 * (r % down)][first + e + 4 * each * (r / down)] =
                    element(a[a_regs * lane + r], kind, e);
            for (unsigned r = 0; r < b_regs; r++)
                t->b[first + e + 4 * each * r][group] = element(b[b_regs * lane + r], kind, e);
        }
    }
}

/* Register r of a lane of C: two columns, then eight rows further down. */
static double *
result(struct tile *t, unsigned lane, unsigned r)
{
    return &t->c[lane / 4 + 8 * (r / 2)][lane % 4 * 2 + r % 2];
}

static unsigned
warps(const struct cuda_case *c)
{
    return cuda_case_threads(c) / 32;
}

static void
product_f32(const struct cuda_case *c, void *const *p, unsigned a_regs, unsigned b_regs,
            unsigned depth, enum element kind)
{
    for (unsigned w = 0; w < warps(c); w++) {
        const float *in = (const float *)p[2] + 128 * w;
        float *out = (float *)p[3] + 128 * w;
        struct tile t = {0};

        read_fragments(&t, (const uint32_t *)p[0] + 32 * a_regs * w,
                       (const uint32_t *)p[1] + 32 * b_regs * w, 16, a_regs, b_regs, kind);
        for (unsigned i = 0; i < 128; i++)
            *result(&t, i / 4, i % 4) = in[i];
        multiply(&t, 16, depth);
        for (unsigned i = 0; i < 128; i++)
            out[i] = (float)*result(&t, i / 4, i % 4);
    }
}

static void
product_s32(const struct cuda_case *c, void *const *p, unsigned rows, unsigned a_regs,
            unsigned b_regs, unsigned depth)
{
    unsigned each = rows / 4;

    for (unsigned w = 0; w < warps(c); w++) {
        const int32_t *in = (const int32_t *)p[2] + 32 * each * w;
        int32_t *out = (int32_t *)p[3] + 32 * each * w;
        struct tile t = {0};

        read_fragments(&t, (const uint32_t *)p[0] + 32 * a_regs * w,
                       (const uint32_t *)p[1] + 32 * b_regs * w, rows, a_regs, b_regs, BYTE);
        multiply(&t, rows, depth);
        for (unsigned i = 0; i < 32 * each; i++)
            out[i] =
                (int32_t)((uint32_t)in[i] + (uint32_t)(int32_t)*result(&t, i / each, i % each));
    }
}

CUDA_REFERENCE(mma_f16_f32)
{
    product_f32(c, p, 2, 1, 8, HALF);
}

CUDA_REFERENCE(mma_f16_k16)
{
    product_f32(c, p, 4, 2, 16, HALF);
}

CUDA_REFERENCE(mma_bf16_k16)
{
    product_f32(c, p, 4, 2, 16, BFLOAT);
}

CUDA_REFERENCE(mma_tf32_k8)
{
    product_f32(c, p, 4, 2, 8, WORD_FLOAT);
}

CUDA_REFERENCE(mma_s8)
{
    product_s32(c, p, 8, 1, 1, 16);
}

CUDA_REFERENCE(mma_s8_k32)
{
    product_s32(c, p, 16, 4, 2, 32);
}

CUDA_REFERENCE(mma_f16_f16)
{
    for (unsigned w = 0; w < warps(c); w++) {
        const uint16_t *in = (const uint16_t *)p[2] + 128 * w;
        uint16_t *out = (uint16_t *)p[3] + 128 * w;
        struct tile t = {0};

        read_fragments(&t, (const uint32_t *)p[0] + 64 * w, (const uint32_t *)p[1] + 32 * w, 16,
                       2, 1, HALF);
        for (unsigned i = 0; i < 128; i++)
            *result(&t, i / 4, i % 4) = ref_from_half(in[i]);
        multiply(&t, 16, 8);
        for (unsigned i = 0; i < 128; i++)
            out[i] = ref_to_half(*result(&t, i / 4, i % 4), false);
    }
}

CUDA_REFERENCE(mma_f64)
{
    for (unsigned w = 0; w < warps(c); w++) {
        const double *a = (const double *)p[0] + 32 * w, *b = (const double *)p[1] + 32 * w,
                     *in = (const double *)p[2] + 64 * w;
        double *out = (double *)p[3] + 64 * w;
        struct tile t = {0};

        for (unsigned lane = 0; lane < 32; lane++) {
            t.a[lane / 4][lane % 4] = a[lane];
            t.b[lane % 4][lane / 4] = b[lane];
            *result(&t, lane, 0) = in[2 * lane];
            *result(&t, lane, 1) = in[2 * lane + 1];
        }
        multiply(&t, 8, 4);
        for (unsigned i = 0; i < 64; i++)
            out[i] = *result(&t, i / 2, i % 2);
    }
}

CUDA_REFERENCE(mma_ldmatrix)
{
    const uint16_t *a = p[0], *b = p[1];
    float *d = p[2];
    uint16_t *raw = p[3];
    struct tile t = {0};

    (void)c;
    for (unsigned i = 0; i < 256; i++)
        t.a[i / 16][i % 16] = ref_from_half(a[i]);
    for (unsigned i = 0; i < 128; i++)
        t.b[i / 8][i % 8] = ref_from_half(b[i]);
    multiply(&t, 16, 16);
    for (unsigned lane = 0; lane < 32; lane++) {
        unsigned group = lane / 4, first = lane % 4 * 2;

        for (unsigned r = 0; r < 4; r++) {
            d[4 * lane + r] = (float)*result(&t, lane, r);
            memcpy(raw + 12 * lane + 2 * r,
                   a + 16 * (group + 8 * (r % 2)) + first + 8 * (r / 2), 4);
        }
        for (unsigned r = 0; r < 2; r++)
            for (unsigned e = 0; e < 2; e++)
                raw[12 * lane + 8 + 2 * r + e] = b[8 * (first + e + 8 * r) + group];
    }
}
