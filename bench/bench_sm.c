/* SPDX-License-Identifier: MIT */
/*
 * The emulated SMs: warp instructions a second on arithmetic, beside a C loop that does the
 * same for every thread.
 */
#include "bench.h"

#include "bench_sm_code.h"
#include "sm.h"

enum { LOOPS = 256, WARPS = 4, BLOCKS = 4, THREADS = WARPS * 32, BYTES = 1 << 20 };
enum { CODE = 0x1000, BANK = 0x8000, OUT = 0x10000, REGISTERS = 32 };
static const uint64_t base_va = UINT64_C(0x100000000);

struct rig {
    _Alignas(4096) uint8_t bytes[BYTES];
    struct sm_machine *m;
    struct sm_grid grid;
    uint32_t out[BLOCKS * THREADS];
    bool failed;
};

static bool
span(void *ctx, uint64_t va, enum sm_access access, uint8_t **p, uint64_t *n, uint32_t *fault)
{
    struct rig *r = ctx;

    (void)access;
    *fault = 0;
    if (va < base_va || va >= base_va + BYTES)
        return false;
    *p = r->bytes + (va - base_va);
    *n = BYTES - (va - base_va);
    return true;
}

static void
run_sm(void *ctx)
{
    struct rig *r = ctx;
    struct sm_trap trap;

    r->failed = r->failed || !sm_machine_run(r->m, &r->grid, &trap);
}

/* What one thread does. */
static uint32_t
thread(uint32_t t, uint32_t n, uint32_t a)
{
    uint32_t x = t * 2654435761u + a, y = x ^ 0x9e3779b9u, fb, gb;
    float f = (float)(x & 0xff), g = 0.5f;

    for (uint32_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        y = y * 1664525u + x;
        f = __builtin_fmaf(f, 0.75f, g);
        g = g * 0.5f + f;
        y = (y & x) | (~y & i);
        x += y;
    }
    memcpy(&fb, &f, 4);
    memcpy(&gb, &g, 4);
    return x ^ y ^ fb ^ gb;
}

static void
run_c(void *ctx)
{
    struct rig *r = ctx;

    for (uint32_t i = 0; i < BLOCKS * THREADS; i++)
        r->out[i] = thread(i % THREADS, LOOPS, 7);
}

static void
prepare(struct rig *r)
{
    const uint32_t params[4] = {LOOPS, 7, (uint32_t)(base_va + OUT), (uint32_t)(base_va >> 32)};
    const uint32_t dims[6] = {THREADS, 1, 1, BLOCKS, 1, 1};
    const struct sm_config config = {
        .sm = 86, .sms = 1, .memory = {r, span, NULL}
    };

    memcpy(r->bytes + CODE, alu_code, sizeof(alu_code));
    memcpy(r->bytes + BANK, dims, sizeof(dims));
    memcpy(r->bytes + BANK + 0x160, params, sizeof(params));
    r->grid = (struct sm_grid){
        .program = base_va + CODE,
        .grid = {BLOCKS,  1, 1},
        .block = {THREADS, 1, 1},
        .registers = REGISTERS,
        .barriers = 1
    };
    r->grid.bank[0] = (struct sm_bank){base_va + BANK, 0x170, true};
    r->m = sm_machine_create(&config);
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("sm", argc, argv);
    static struct rig r;
    struct bench_side sides[] = {
        {.name = "SMs",    .run = run_sm, .ctx = &r},
        {.name = "C loop", .run = run_c,  .ctx = &r}
    };
    uint64_t each;

    prepare(&r);
    run_sm(&r);
    run_c(&r);
    if (r.failed || memcmp(r.out, r.bytes + OUT, sizeof(r.out)) != 0) {
        fprintf(stderr, "bench_sm: the SMs compute something else than the C loop\n");
        return 1;
    }
    each = sm_machine_instructions(r.m);
    if (bench_compare(&b, "arithmetic, 16 warps", sides, 2))
        bench_print(&b, "arithmetic, 16 warps", "warp instructions",
                    (double)each * 1e3 / sides[0].best_ns, "M/s", each);
    sm_machine_destroy(r.m);
    return r.failed;
}
