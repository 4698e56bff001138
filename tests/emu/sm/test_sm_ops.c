/* SPDX-License-Identifier: MIT */
/* Instructions at their edges, against C that computes the same another way. */
#include "ops.h"

#include <math.h>
#include <stdio.h>

#include "test.h"

#define EACH for (unsigned i = 0; i < SM_LANES; i++)

static struct one_warp o;

static int
setup(void **state)
{
    (void)state;
    one_warp_init(&o, 86);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    one_warp_fini(&o);
    return 0;
}

static void
equal(unsigned lane, const char *what, uint64_t got, uint64_t want)
{
    if (got != want)
        fail_msg("%s, lane %u: 0x%llx, not 0x%llx", what, lane, (unsigned long long)got,
                 (unsigned long long)want);
}

/* a in R4:R5, b in R6:R7, c in R8:R9, in many combinations */
static void
fill(unsigned round)
{
    for (unsigned r = 0; r < 6; r++)
        one_warp_fill(&o, 4 + r, round * (r + 3) + r * 7);
}

#define A32(i)     o.w->r[4][i]
#define B32(i)     o.w->r[6][i]
#define C32(i)     o.w->r[8][i]
#define R32(i)     o.w->r[0][i]
#define A64(i)     sm_pair(o.w->r[4][i], o.w->r[5][i])
#define B64(i)     sm_pair(o.w->r[6][i], o.w->r[7][i])
#define C64(i)     sm_pair(o.w->r[8][i], o.w->r[9][i])
#define R64(i)     sm_pair(o.w->r[0][i], o.w->r[1][i])
#define P(n, lane) (o.w->p[n] >> (lane)&1)

static void
sums_of_64_bits_carry(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 40; k++) {
        fill(k);
        one_warp_run(&o, "IADD3 R0, P0, R4, R6, RZ\nIADD3.X R1, R5, R7, RZ, P0, !PT\n");
        EACH equal(i, "sum", R64(i), A64(i) + B64(i));
        one_warp_run(&o, "IADD3 R0, P0, R4, -R6, RZ\nIADD3.X R1, R5, ~R7, RZ, P0, !PT\n");
        EACH equal(i, "difference", R64(i), A64(i) - B64(i));
        one_warp_run(&o, "IADD3 R0, P0, P1, R4, R6, R8\nIADD3.X R1, R5, R7, R9, P0, P1\n");
        EACH equal(i, "three", R64(i), A64(i) + B64(i) + C64(i));
    }
}

static void
products_have_both_halves(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 40; k++) {
        fill(k);
        one_warp_run(&o, "IMAD R0, R4, R6, R8\n");
        EACH equal(i, "low", R32(i), A32(i) * B32(i) + C32(i));
        one_warp_run(&o, "IMAD.WIDE.U32 R0, R4, R6, R8\n");
        EACH equal(i, "wide", R64(i), (uint64_t)A32(i) * B32(i) + C64(i));
        one_warp_run(&o, "IMAD.WIDE R0, R4, R6, R8\n");
        EACH equal(i, "signed wide", R64(i),
                   (uint64_t)((int64_t)(int32_t)A32(i) * (int32_t)B32(i)) + C64(i));
        one_warp_run(&o, "IMAD.HI.U32 R0, R4, R6, RZ\n");
        EACH equal(i, "high", R32(i), (uint64_t)A32(i) * B32(i) >> 32);
        one_warp_run(&o, "IMAD R0, R4, R6, -R8\n");
        EACH equal(i, "negated", R32(i), A32(i) * B32(i) - C32(i));
    }
}

static void
comparisons_of_64_bits_take_two(void **state)
{
    static const char *const ops[] = {"LT", "EQ", "LE", "GT", "NE", "GE"};

    (void)state;
    for (unsigned k = 0; k < 40; k++)
        for (unsigned n = 0; n < 6; n++) {
            char text[200];

            fill(k);
            snprintf(text, sizeof(text),
                     "ISETP.%s.U32.AND P0, PT, R4, R6, PT\nISETP.%s.AND.EX P1, P2, R5, R7, PT, "
                     "P0\n",
                     ops[n], ops[n]);
            one_warp_run(&o, text);
            EACH
            {
                const int64_t a = (int64_t)A64(i), b = (int64_t)B64(i);
                const bool want[] = {a<b, a == b, a <= b, a> b, a != b, a >= b};

                equal(i, text, P(1, i), want[n]);
                equal(i, "complement", P(2, i), !want[n]);
            }
        }
}

static void
every_table_of_lop3_is_right(void **state)
{
    (void)state;
    fill(5);
    for (unsigned table = 0; table < 256; table++) {
        char text[100];

        snprintf(text, sizeof(text), "LOP3.LUT P0, R0, R4, R6, R8, 0x%x, !PT\n", table);
        one_warp_run(&o, text);
        EACH
        {
            uint32_t want = 0;

            for (unsigned bit = 0; bit < 32; bit++)
                want |= (table >> ((A32(i) >> bit & 1) << 2 | (B32(i) >> bit & 1) << 1 |
                                   (C32(i) >> bit & 1)) &
                         1)
                        << bit;
            equal(i, text, R32(i), want);
            equal(i, "not zero", P(0, i), want != 0);
        }
    }
}

static uint64_t
shift(uint64_t x, uint32_t n, bool right, bool is_signed, unsigned bits)
{
    n = n < bits ? n : bits;
    if (n == 64)
        return right && is_signed ? (uint64_t)((int64_t)x >> 63) : 0;
    if (!right)
        return x << n;
    return is_signed ? (uint64_t)((int64_t)x >> n) : x >> n;
}

static void
funnel_shifts_by_any_count(void **state)
{
    static const char *const types[] = {"U32", "S32", "U64", "S64"};

    (void)state;
    for (unsigned k = 0; k < 20; k++)
        for (unsigned n = 0; n < 16; n++) {
            const bool right = n & 1, hi = n & 2, is_signed = n & 4, wide = n & 8;
            const char *type = types[(is_signed ? 1 : 0) + (wide ? 2 : 0)];
            char text[100];

            fill(k);
            snprintf(text, sizeof(text), "SHF.%s.%s%s R0, R4, R6, R8\n", right ? "R" : "L",
                     type, hi ? ".HI" : "");
            one_warp_run(&o, text);
            EACH
            {
                const uint64_t y =
                    shift(sm_pair(A32(i), C32(i)), B32(i), right, is_signed, wide ? 64 : 32);

                equal(i, text, R32(i), hi ? y >> 32 : (uint32_t)y);
            }
        }
}

static void
bits_are_counted_found_and_moved(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 20; k++) {
        fill(k);
        one_warp_run(&o, "POPC R0, R4\nBREV R1, R4\nFLO.U32 R2, R4\nFLO.U32.SH R3, R4\n");
        EACH
        {
            uint32_t count = 0, reversed = 0, top = UINT32_MAX;

            for (unsigned b = 0; b < 32; b++) {
                count += A32(i) >> b & 1;
                reversed |= (A32(i) >> b & 1) << (31 - b);
                top = A32(i) >> b & 1 ? b : top;
            }
            equal(i, "popc", o.w->r[0][i], count);
            equal(i, "brev", o.w->r[1][i], reversed);
            equal(i, "flo", o.w->r[2][i], top);
            equal(i, "flo.sh", o.w->r[3][i], A32(i) ? 31 - top : UINT32_MAX);
        }
        one_warp_run(&o, "PRMT R0, R4, R6, R8\nSGXT R1, R4, R6\nBMSK R2, R4, R6\n");
        EACH
        {
            const uint64_t bytes = sm_pair(A32(i), C32(i));
            const uint32_t n = B32(i) < 32 ? B32(i) : 32;
            uint64_t ones = 0;
            uint32_t want = 0;

            for (unsigned b = 0; b < 4; b++) {
                const uint32_t s = B32(i) >> 4 * b & 15;
                const uint8_t byte = (uint8_t)(bytes >> 8 * (s & 7));

                want |= (uint32_t)(uint8_t)(s & 8 ? (byte & 0x80 ? 0xff : 0) : byte) << 8 * b;
            }
            equal(i, "prmt", o.w->r[0][i], want);
            want = n == 0 ? 0 : (uint32_t)((int32_t)(A32(i) << (32 - n)) >> (32 - n));
            equal(i, "sgxt", o.w->r[1][i], n == 32 ? A32(i) : want);
            for (uint64_t b = 0; b < n; b++)
                ones |= UINT64_C(1) << (b + (A32(i) < 32 ? A32(i) : 32));
            equal(i, "bmsk", o.w->r[2][i], (uint32_t)ones);
        }
    }
}

/* Singles */

static uint32_t
canonical(float f)
{
    return isnan(f) ? 0x7fffffff : sm_u32(f);
}

static void
singles_round_once(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 60; k++) {
        fill(k);
        one_warp_run(&o, "FADD R0, R4, R6\nFMUL R1, R4, R6\nFFMA R2, R4, R6, R8\n"
                         "FADD R3, |R4|, -R6\n");
        EACH
        {
            const volatile float a = sm_f32(A32(i)), b = sm_f32(B32(i)), c = sm_f32(C32(i));

            equal(i, "fadd", o.w->r[0][i], canonical(a + b));
            equal(i, "fmul", o.w->r[1][i], canonical(a * b));
            equal(i, "ffma", o.w->r[2][i], canonical(fmaf(a, b, c)));
            equal(i, "|a| - b", o.w->r[3][i], canonical(fabsf(a) - b));
        }
    }
}

/* Down and up enclose the exact sum as neighbours, or agree. */
static void
directed_rounding_encloses_the_result(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 60; k++) {
        fill(k);
        one_warp_run(&o, "FADD.RM R0, R4, R6\nFADD.RP R1, R4, R6\nFADD.RZ R2, R4, R6\n"
                         "FADD R3, R4, R6\n");
        EACH
        {
            const float down = sm_f32(o.w->r[0][i]), up = sm_f32(o.w->r[1][i]);
            const float zero = sm_f32(o.w->r[2][i]), near = sm_f32(o.w->r[3][i]);

            if (isnan(near))
                continue;
            assert_true(down <= up && (near == down || near == up));
            assert_true(down == up || nextafterf(down, INFINITY) == up);
            assert_true(zero == (up > 0 ? down : up) || down == up);
        }
    }
}

static float
flush(uint32_t x)
{
    return sm_f32(x & 0x7f800000 ? x : x & 0x80000000);
}

static void
ftz_and_sat_change_operands_and_results(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 60; k++) {
        fill(k);
        one_warp_run(&o, "FADD.FTZ R0, R4, R6\nFMUL.SAT R1, R4, R6\n");
        EACH
        {
            const volatile float sum = flush(A32(i)) + flush(B32(i));
            const volatile float product = sm_f32(A32(i)) * sm_f32(B32(i));
            const float sat = product > 1 ? 1 : product >= 0 ? product : 0;

            equal(i, "ftz", o.w->r[0][i], isnan(sum) ? 0x7fffffff : sm_u32(flush(sm_u32(sum))));
            equal(i, "sat", o.w->r[1][i], sm_u32(sat));
        }
    }
}

static void
minima_order_zeroes_and_skip_nan(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 60; k++) {
        fill(k);
        one_warp_run(&o, "FMNMX R0, R4, R6, PT\nFMNMX R1, R4, R6, !PT\n");
        EACH
        {
            const float a = sm_f32(A32(i)), b = sm_f32(B32(i));
            const bool less = a < b || (a == b && signbit(a));
            const float min = isnan(a) ? b : isnan(b) ? a : less ? a : b;
            const bool more = a > b || (a == b && !signbit(a));
            const float max = isnan(a) ? b : isnan(b) ? a : more ? a : b;

            equal(i, "min", o.w->r[0][i], canonical(min));
            equal(i, "max", o.w->r[1][i], canonical(max));
        }
    }
}

static void
float_comparisons_know_unordered(void **state)
{
    static const char *const ops[] = {"LT",  "EQ",  "LE",  "GT",  "NE",  "GE",  "NUM",
                                      "NAN", "LTU", "EQU", "LEU", "GTU", "NEU", "GEU"};

    (void)state;
    for (unsigned k = 0; k < 20; k++)
        for (unsigned n = 0; n < 14; n++) {
            char text[100];

            fill(k);
            snprintf(text, sizeof(text), "FSETP.%s.AND P0, P1, R4, R6, PT\n", ops[n]);
            one_warp_run(&o, text);
            EACH
            {
                const float a = sm_f32(A32(i)), b = sm_f32(B32(i));
                const bool u = isnan(a) || isnan(b);
                const bool want[] = {a<b, a == b, a <= b, a> b,
                                     a < b || a > b,
                                     a >= b,
                                     !u,
                                     u,
                                     a < b || u,
                                     a == b || u,
                                     a <= b || u,
                                     a > b || u,
                                     a != b,
                                     a >= b || u};

                equal(i, text, P(0, i), want[n]);
            }
        }
}

static void
conversions_clamp_and_name_nan(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 40; k++) {
        fill(k);
        one_warp_run(&o, "F2I.TRUNC.NTZ R0, R4\nF2I.U32.TRUNC.NTZ R1, R4\nI2F R2, R4\n"
                         "I2F.U32 R3, R4\n");
        EACH
        {
            const double x = sm_f32(A32(i));
            const int64_t s = isnan(x)            ? 0
                              : x >= 2147483647.0 ? INT32_MAX
                              : x <= -2147483648. ? INT32_MIN
                                                  : (int64_t)x;
            const uint64_t u = isnan(x) || x <= 0  ? 0
                               : x >= 4294967295.0 ? UINT32_MAX
                                                   : (uint64_t)x;

            equal(i, "f2i", o.w->r[0][i], (uint32_t)s);
            equal(i, "f2i.u32", o.w->r[1][i], u);
            equal(i, "i2f", o.w->r[2][i], sm_u32((float)(int32_t)A32(i)));
            equal(i, "i2f.u32", o.w->r[3][i], sm_u32((float)A32(i)));
        }
    }
}

static void
near(const char *what, float x, float got, double want, double ulps)
{
    const double step = ldexp(1.0, ilogb(want ? want : 1e-30) - 23);

    if (isnan(want)   ? !isnan(got)
        : isinf(want) ? got != (float)want
                      : fabs(got - want) > ulps * step)
        fail_msg("%s(%a) is %a, not %a", what, x, got, want);
}

static void
mufu_is_within_what_is_documented(void **state)
{
    const double pi2 = 6.283185307179586;

    (void)state;
    for (unsigned k = 0; k < 400; k++) {
        EACH A32(i) = sm_u32((float)(k * 32 + i + 1) * 0.00917f * (i & 1 ? -1.0f : 1.0f));
        one_warp_run(&o, "MUFU.RCP R0, R4\nMUFU.RSQ R1, |R4|\nMUFU.SQRT R2, |R4|\n"
                         "MUFU.LG2 R3, |R4|\nMUFU.EX2 R10, R4\nMUFU.SIN R11, R4\n"
                         "MUFU.COS R12, R4\nMUFU.TANH R13, R4\n");
        EACH
        {
            const float x = sm_f32(A32(i));
            const double a = fabs((double)x), turn = x - rint(x);

            near("rcp", x, sm_f32(o.w->r[0][i]), 1.0 / x, 0.51);
            near("rsq", x, sm_f32(o.w->r[1][i]), 1.0 / sqrt(a), 0.51);
            near("sqrt", x, sm_f32(o.w->r[2][i]), sqrt(a), 0.51);
            near("lg2", x, sm_f32(o.w->r[3][i]), log2(a), 0.51);
            near("tanh", x, sm_f32(o.w->r[13][i]), tanh(x), 0.51);
            if (x > -126)
                near("ex2", x, sm_f32(o.w->r[10][i]), exp2(x), 0.51);
            assert_true(fabs(sm_f32(o.w->r[11][i]) - sin(pi2 * turn)) < 0x1p-24);
            assert_true(fabs(sm_f32(o.w->r[12][i]) - cos(pi2 * turn)) < 0x1p-24);
        }
    }
}

static void
doubles_round_once_and_keep_nan(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 60; k++) {
        fill(k);
        one_warp_run(&o, "DFMA R0, R4, R6, R8\nDSETP.LT.AND P0, PT, R4, R6, PT\n");
        EACH
        {
            const double a = sm_f64(A64(i)), b = sm_f64(B64(i)), c = sm_f64(C64(i));
            const double r = fma(a, b, c);

            equal(i, "dsetp", P(0, i), a < b);
            if (!isnan(r))
                equal(i, "dfma", R64(i), sm_u64(r));
            else if (isnan(a))
                equal(i, "nan of a", R64(i), A64(i) | UINT64_C(1) << 51);
            else
                assert_true(isnan(sm_f64(R64(i))));
        }
    }
}

static void
halves_come_in_pairs(void **state)
{
    (void)state;
    /* 1.5, -2.0 with 0.25, 3.0: sums, products, and a sum that overflows */
    EACH
    {
        A32(i) = i & 1 ? 0xc0003e00 : 0x7bff7bff;
        B32(i) = i & 1 ? 0x42003400 : 0x7bff0001;
    }
    one_warp_run(&o, "HADD2 R0, R4, R6\nHMUL2 R1, R4, R6\nHADD2.F32 R2, -RZ, R4.H1_H1\n"
                     "HFMA2 R3, R4, R6, R6\n");
    equal(1, "hadd2", o.w->r[0][1], 0x3c003f00);
    equal(1, "hmul2", o.w->r[1][1], 0xc6003600);
    equal(1, "f32", o.w->r[2][1], 0xc0000000);
    equal(1, "hfma2", o.w->r[3][1], 0xc2003900); /* -2 * 3 + 3, 1.5 / 4 + 0.25 */
    equal(0, "overflow", o.w->r[0][0], 0x7c007bff);
}

/* Lanes */

static void
shuffles_stay_within_their_segment(void **state)
{
    (void)state;
    EACH A32(i) = 100 + i;
    one_warp_run(&o, "SHFL.UP P0, R0, R4, 0x1, RZ\nSHFL.DOWN P1, R1, R4, 0x4, 0x1f\n"
                     "SHFL.BFLY P2, R2, R4, 0x3, 0x1f\nSHFL.IDX P3, R3, R4, 0x2, 0x181f\n");
    EACH
    {
        equal(i, "up", o.w->r[0][i], i ? 99 + i : 100);
        equal(i, "up's predicate", P(0, i), i > 0);
        equal(i, "down", o.w->r[1][i], i < 28 ? 104 + i : 100 + i);
        equal(i, "down's predicate", P(1, i), i < 28);
        equal(i, "butterfly", o.w->r[2][i], 100 + (i ^ 3));
        equal(i, "segments of eight", o.w->r[3][i], 100 + (i & 24) + 2);
    }
}

static void
votes_and_matches_see_active_lanes_alone(void **state)
{
    (void)state;
    EACH A32(i) = i % 3;
    o.w->active = 0x0000ffff;
    o.w->p[1] = 0x00ff00ff;
    one_warp_run(&o, "VOTE.ANY R0, P0, P1\nVOTE.ALL P2, P1\nMATCH.ANY R1, R4\n"
                     "REDUX.SUM UR4, R4\n");
    EACH
    {
        uint32_t same = 0;

        for (unsigned k = 0; k < 16; k++)
            same |= (uint32_t)(k % 3 == i % 3) << k;
        equal(i, "ballot", o.w->r[0][i], i < 16 ? 0xff : 0);
        equal(i, "match", o.w->r[1][i], i < 16 ? same : 0);
    }
    equal(0, "any", P(0, 0), 1);
    equal(0, "all", P(2, 0), 0);
    equal(0, "redux", o.w->ur[4], 15);
}

/* Row r, columns 2c and 2c + 1 of an 8 x 8 matrix are in lane 4r + c. */
static void
matrices_are_transposed(void **state)
{
    (void)state;
    EACH A32(i) = (i / 4 * 8 + i % 4 * 2) | (i / 4 * 8 + i % 4 * 2 + 1) << 16;
    one_warp_run(&o, "MOVM.16.MT88 R0, R4\n");
    EACH equal(i, "movm", R32(i), (i % 4 * 16 + i / 4) | (i % 4 * 16 + 8 + i / 4) << 16);
}

/* Rows of A with n ones against a B of ones: XOR counts what is 0 in A, AND what is 1. */
static void
bits_of_matrices_are_counted(void **state)
{
    (void)state;
    EACH
    {
        A32(i) = i % 4 == 0 ? (1u << i / 4) - 1 : 0; /* row r begins with r ones */
        B32(i) = UINT32_MAX;
        o.w->r[8][i] = o.w->r[9][i] = 1000;
    }
    one_warp_run(&o, "BMMA.88128.XOR.POPC R0, R4.ROW, R6.COL, R8\n"
                     "BMMA.88128.AND.POPC R2, R4.ROW, R6.COL, R8\n");
    EACH
    {
        equal(i, "xor", o.w->r[0][i], 1000 + 128 - i / 4);
        equal(i, "and", o.w->r[3][i], 1000 + i / 4);
    }
}

static void
results_of_lanes_that_do_not_run_stay(void **state)
{
    (void)state;
    fill(3);
    EACH R32(i) = 0x1234;
    o.w->p[0] = 0xaaaaaaaa;
    one_warp_run(&o, "@P0 IADD3 R0, R4, R6, R8\n@!P0 MOV R2, 0x7\n");
    EACH equal(i, "guarded", R32(i), i & 1 ? A32(i) + B32(i) + C32(i) : 0x1234);
    EACH equal(i, "the others", o.w->r[2][i], i & 1 ? 0 : 7);
}

static void
the_uniform_datapath_is_one_lane(void **state)
{
    (void)state;
    o.w->ur[4] = 0xffffffff;
    o.w->ur[5] = 2;
    one_warp_run(
        &o, "UIADD3 UR6, UP0, UR4, UR5, URZ\nULEA UR7, UR5, UR4, 0x4\n"
            "USHF.L.U32 UR8, UR5, 0x1f, URZ\nUISETP.GT.U32.AND UP1, UPT, UR4, UR5, UPT\n"
            "ULOP3.LUT UR9, UR4, 0xf0, URZ, 0xc0, !UPT\nUIMAD.WIDE.U32 UR10, UR4, UR4, URZ\n");
    equal(0, "uiadd3", o.w->ur[6], 1);
    equal(0, "carry", o.w->up & 1, 1);
    equal(0, "ulea", o.w->ur[7], 31);
    equal(0, "ushf", o.w->ur[8], 0);
    equal(0, "uisetp", o.w->up >> 1 & 1, 1);
    equal(0, "ulop3", o.w->ur[9], 0xf0);
    equal(0, "uimad", sm_pair(o.w->ur[10], o.w->ur[11]), UINT64_C(0xfffffffe00000001));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(sums_of_64_bits_carry),
        T(products_have_both_halves),
        T(comparisons_of_64_bits_take_two),
        T(every_table_of_lop3_is_right),
        T(funnel_shifts_by_any_count),
        T(bits_are_counted_found_and_moved),
        T(singles_round_once),
        T(directed_rounding_encloses_the_result),
        T(ftz_and_sat_change_operands_and_results),
        T(minima_order_zeroes_and_skip_nan),
        T(float_comparisons_know_unordered),
        T(conversions_clamp_and_name_nan),
        T(mufu_is_within_what_is_documented),
        T(doubles_round_once_and_keep_nan),
        T(halves_come_in_pairs),
        T(shuffles_stay_within_their_segment),
        T(votes_and_matches_see_active_lanes_alone),
        T(matrices_are_transposed),
        T(bits_of_matrices_are_counted),
        T(results_of_lanes_that_do_not_run_stay),
        T(the_uniform_datapath_is_one_lane),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
