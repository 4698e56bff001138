/* SPDX-License-Identifier: MIT */
/*
 * Matrices: D = A * B + C over a warp, in the fragments that PTX documents for mma. With
 * g = lane / 4 and t = lane % 4, a lane holds rows g and g + 8 of A, column g of B and columns
 * 2t and 2t + 1 of rows g and g + 8 of C and D.
 *
 * Products are exact. Floats are added to C in the order of k, in double precision, and the
 * sum is rounded once, to nearest; hardware keeps fewer bits on the way and may differ in the
 * last place. Integers are exact and wrap, or saturate with .SAT. Doubles are fused multiply
 * and adds in the order of k.
 */
#include <math.h>

#include "decode.h"

enum { ROWS = 16 };

/* What is at (row, k) of A: which lane has it, in which of its registers, at which bit. */
struct place {
    unsigned lane, reg, bit;
};

/* Elements of `bits` bits: a register holds 32 / bits of them, neighbours in k; registers go
 * by rows (g, g + 8) first, then by k. */
static struct place
place_a(unsigned row, unsigned k, unsigned bits, unsigned rows)
{
    const unsigned per = 32 / bits, span = 4 * per;

    return (struct place){.lane = row % 8 * 4 + k % span / per,
                          .reg = row / 8 + k / span * (rows / 8),
                          .bit = k % per * bits};
}

static struct place
place_b(unsigned k, unsigned column, unsigned bits)
{
    const unsigned per = 32 / bits, span = 4 * per;

    return (struct place){
        .lane = column * 4 + k % span / per, .reg = k / span, .bit = k % per * bits};
}

static uint32_t
fetch(const struct sm_warp *w, const struct sm_operand *o, struct place p, unsigned bits)
{
    const uint32_t x = o->row == SM_RZ ? 0 : w->r[o->row + p.reg][p.lane];

    return bits == 32 ? x : x >> p.bit & ((1u << bits) - 1);
}

/* Floats. mod: SM_F16, SM_BF16, SM_TF32; mod2: k; wide: the accumulator is single */

static double
factor(uint32_t x, unsigned type)
{
    if (type == SM_F16)
        return sm_half_to_float((uint16_t)x);
    if (type == SM_BF16)
        return sm_bf16_to_float((uint16_t)x);
    return sm_f32(x & 0xffffe000); /* TF32: 10 bits of fraction */
}

static double
accumulator(const struct sm_warp *w, const struct sm_uop *u, unsigned lane, unsigned n)
{
    const struct sm_operand *o = &u->s[2];

    if (o->row == SM_RZ)
        return 0.0;
    if (u->wide)
        return sm_f32(w->r[o->row + n][lane]);
    return sm_half_to_float((uint16_t)(w->r[o->row + n / 2][lane] >> 16 * (n % 2)));
}

static double
dot(const struct sm_warp *w, const struct sm_uop *u, unsigned row, unsigned column, double sum)
{
    const unsigned bits = u->mod == SM_TF32 ? 32 : 16;

    for (unsigned k = 0; k < u->mod2; k++)
        sum += factor(fetch(w, &u->s[0], place_a(row, k, bits, ROWS), bits), u->mod) *
               factor(fetch(w, &u->s[1], place_b(k, column, bits), bits), u->mod);
    return sum;
}

/* All or none of the lanes take part. */
static bool
whole_warp(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    if (mask == UINT32_MAX)
        return true;
    sm_trap(w, SM_ILLEGAL_PARAM, sm_first(mask), w->pc, "%s wants all lanes, 0x%08x run",
            u->op_name, mask);
    return false;
}

static void
run_hmma(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    uint32_t d[4][SM_LANES] = {0};

    if (!whole_warp(w, u, mask))
        return;
    for (unsigned i = 0; i < SM_LANES; i++)
        for (unsigned n = 0; n < 4; n++) {
            const double x =
                dot(w, u, i / 4 + n / 2 * 8, i % 4 * 2 + n % 2, accumulator(w, u, i, n));

            if (u->wide)
                d[n][i] = sm_f32_result((float)x, false);
            else
                d[n / 2][i] |= (uint32_t)sm_half_from_double(x, SM_RN) << 16 * (n % 2);
        }
    for (unsigned n = 0; n < (u->wide ? 4 : 2); n++)
        memcpy(w->r[u->d == SM_SINK ? SM_SINK : u->d + n], d[n], sizeof(d[n]));
}

/* Integers. bytes: bits of a factor; is_signed: of A; mod: B is signed; imm: rows; mod2: k */

static int64_t
integer(uint32_t x, unsigned bits, bool is_signed)
{
    return is_signed && x >> (bits - 1) ? (int64_t)x - (INT64_C(1) << bits) : (int64_t)x;
}

static uint32_t
idot(const struct sm_warp *w, const struct sm_uop *u, unsigned row, unsigned column, int32_t c)
{
    int64_t sum = c;

    for (unsigned k = 0; k < u->mod2; k++)
        sum += integer(fetch(w, &u->s[0], place_a(row, k, u->bytes, u->imm), u->bytes),
                       u->bytes, u->is_signed) *
               integer(fetch(w, &u->s[1], place_b(k, column, u->bytes), u->bytes), u->bytes,
                       u->mod);
    if (u->sat)
        sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
    return (uint32_t)sum;
}

static void
run_imma(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    const unsigned regs = u->imm / 4;
    uint32_t d[4][SM_LANES];

    if (!whole_warp(w, u, mask))
        return;
    for (unsigned i = 0; i < SM_LANES; i++)
        for (unsigned n = 0; n < regs; n++) {
            const unsigned c = u->s[2].row;

            d[n][i] = idot(w, u, i / 4 + n / 2 * 8, i % 4 * 2 + n % 2,
                           c == SM_RZ ? 0 : (int32_t)w->r[c + n][i]);
        }
    for (unsigned n = 0; n < regs; n++)
        memcpy(w->r[u->d == SM_SINK ? SM_SINK : u->d + n], d[n], sizeof(d[n]));
}

/* Bits: how many products are 1; op 0: XOR, 1: AND */

static uint32_t
bit_dot(const struct sm_warp *w, const struct sm_uop *u, unsigned row, unsigned column)
{
    uint32_t count = 0;

    for (unsigned k = 0; k < u->mod2; k++) {
        const uint32_t a = fetch(w, &u->s[0], place_a(row, k, 1, u->imm), 1);
        const uint32_t b = fetch(w, &u->s[1], place_b(k, column, 1), 1);

        count += u->op ? a & b : a ^ b;
    }
    return count;
}

static void
run_bmma(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    const unsigned regs = u->imm / 4, c = u->s[2].row;
    uint32_t d[4][SM_LANES];

    if (!whole_warp(w, u, mask))
        return;
    for (unsigned i = 0; i < SM_LANES; i++)
        for (unsigned n = 0; n < regs; n++)
            d[n][i] = (c == SM_RZ ? 0 : w->r[c + n][i]) +
                      bit_dot(w, u, i / 4 + n / 2 * 8, i % 4 * 2 + n % 2);
    for (unsigned n = 0; n < regs; n++)
        memcpy(w->r[u->d == SM_SINK ? SM_SINK : u->d + n], d[n], sizeof(d[n]));
}

/* A matrix of 8 x 8 halves, transposed: lane 4r + c holds (r, 2c) and (r, 2c + 1). */
SM_OP(movm)
{
    const uint32_t *a = sm_src(w, u, 0);

    if (!whole_warp(w, u, mask))
        return;
    for (unsigned i = 0; i < SM_LANES; i++) {
        const unsigned column = i / 4, row = i % 4 * 2;
        uint32_t x = 0;

        for (unsigned k = 0; k < 2; k++)
            x |= (a[(row + k) * 4 + column / 2] >> 16 * (column % 2) & 0xffff) << 16 * k;
        w->out[0][i] = x;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
}

/* Doubles: 8 x 8 x 4; lane 4g + t has A(g, t), B(t, g), C(g, 2t) and C(g, 2t + 1). */

static double
double_at(const struct sm_warp *w, const struct sm_operand *o, unsigned n, unsigned lane)
{
    if (o->row == SM_RZ)
        return o->flip ? -0.0 : 0.0;
    return sm_f64(sm_pair(w->r[o->row + 2 * n][lane],
                          (w->r[o->row + 2 * n + 1][lane] & o->keep) ^ o->flip));
}

static void
run_dmma(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    double d[2][SM_LANES];

    if (!whole_warp(w, u, mask))
        return;
    sm_round_begin(u->rnd);
    for (unsigned i = 0; i < SM_LANES; i++)
        for (unsigned n = 0; n < 2; n++) {
            d[n][i] = double_at(w, &u->s[2], n, i);
            for (unsigned k = 0; k < 4; k++)
                d[n][i] =
                    __builtin_fma(double_at(w, &u->s[0], 0, i / 4 * 4 + k),
                                  double_at(w, &u->s[1], 0, (i % 4 * 2 + n) * 4 + k), d[n][i]);
        }
    sm_round_end();
    for (unsigned n = 0; n < 2 && u->d != SM_SINK; n++)
        for (unsigned i = 0; i < SM_LANES; i++) {
            const uint64_t x = isnan(d[n][i]) ? UINT64_C(0xfff8000000000000) : sm_u64(d[n][i]);

            w->r[u->d + 2 * n][i] = (uint32_t)x;
            w->r[u->d + 2 * n + 1][i] = (uint32_t)(x >> 32);
        }
}

/* Which of them: the number of A's registers says how long k is. */

static sm_exec
hmma_of(struct sm_dec *d)
{
    struct sm_uop *u = d->u;
    const unsigned regs = d->src[0]->regs;

    u->mod = sm_flag(d, NVRM_SASS_MOD_BF16)   ? SM_BF16
             : sm_flag(d, NVRM_SASS_MOD_TF32) ? SM_TF32
                                              : SM_F16;
    u->wide = sm_mod_is(d, NVRM_SASS_MOD_MMADST, "F32");
    u->mod2 = u->mod == SM_TF32 ? regs * 2 : regs * 4;
    return run_hmma;
}

static sm_exec
imma_of(struct sm_dec *d)
{
    const char *a = sm_mod(d, NVRM_SASS_MOD_IMMAA), *b = sm_mod(d, NVRM_SASS_MOD_IMMAB);
    const unsigned bits = a[0] && a[1] == '4' ? 4 : 8, regs = d->src[0]->regs;
    struct sm_uop *u = d->u;

    u->is_signed = a[0] == 'S';
    u->mod = b[0] == 'S';
    u->bytes = (uint8_t)bits;
    u->sat = sm_flag(d, NVRM_SASS_MOD_SAT);
    u->imm = d->src[2]->regs == 2 ? 8 : 16;
    u->mod2 = 128 / bits * regs / (u->imm / 8);
    return run_imma;
}

static sm_exec
bmma_of(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    u->imm = d->src[2]->regs == 2 ? 8 : 16;
    u->mod2 = 128 * d->src[0]->regs / (u->imm / 8);
    u->op = sm_mod_is(d, NVRM_SASS_MOD_BMMAOP, "AND");
    return run_bmma;
}

sm_exec
sm_mma_of(struct sm_dec *d)
{
    const char *name = nvrm_sass_op_name(d->in->op);

    if (d->sources < 3)
        return NULL;
    if (!strcmp(name, "HMMA"))
        return hmma_of(d);
    if (!strcmp(name, "IMMA"))
        return imma_of(d);
    if (!strcmp(name, "BMMA"))
        return bmma_of(d);
    sm_float_mods(d);
    return run_dmma;
}
