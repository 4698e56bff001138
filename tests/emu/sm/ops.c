/* SPDX-License-Identifier: MIT */
/* Text to machine code to warps. */
#include "ops.h"

#include <stdlib.h>

#include <sass/text.h>

#include "test.h"

const uint32_t edge_words[SM_LANES] = {
    0,          1,          2,          3,          31,         32,         33,
    63,         64,         0x7f,       0x80,       0xff,       0x100,      0x7fff,
    0x8000,     0xffff,     0x10000,    0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fffffff,
    0x80000000, 0x80000001, 0x807fffff, 0x00800000, 0x3f800000, 0xbf800000, 0xff7fffff,
    0xff800000, 0xffc00000, 0xfffffffe, 0xffffffff,
};

static bool
no_memory(void *ctx, uint64_t va, enum sm_access access, uint8_t **p, uint64_t *n,
          uint32_t *fault)
{
    (void)ctx;
    (void)va;
    (void)access;
    (void)p;
    (void)n;
    *fault = 2;
    return false;
}

void
one_warp_init(struct one_warp *o, unsigned sm)
{
    const struct sm_config config = {
        .sm = sm, .memory = {NULL, no_memory, NULL}
    };

    memset(o, 0, sizeof(*o));
    o->machine = sm_machine_create(&config);
    o->core = calloc(1, sizeof(*o->core));
    o->w = aligned_alloc(64, sizeof(*o->w));
    memset(o->w, 0, sizeof(*o->w));
    o->grid = (struct sm_grid){
        .grid = {1,  1, 1},
          .block = {32, 1, 1},
          .registers = 255
    };
    *o->core = (struct sm_core){.machine = o->machine, .grid = &o->grid, .trap = &o->trap};
    o->block = (struct sm_block){
        .core = o->core, .grid = &o->grid, .warps = 1, .live = 1, .warp = o->w};
    o->w->block = &o->block;
    o->w->core = o->core;
    o->w->live = o->w->active = UINT32_MAX;
    o->w->p[SM_PT] = UINT32_MAX;
    o->w->up = 1u << SM_PT;
    o->w->meet = UINT64_MAX;
}

void
one_warp_fini(struct one_warp *o)
{
    sm_machine_destroy(o->machine);
    free(o->core);
    free(o->w);
}

void
one_warp_fill(struct one_warp *o, unsigned reg, unsigned turn)
{
    for (unsigned i = 0; i < SM_LANES; i++)
        o->w->r[reg][i] = edge_words[(i * (turn | 1) + turn) % SM_LANES];
}

static size_t
assemble(unsigned sm, const char *text, uint64_t **code)
{
    struct sass_error err = {0};
    size_t n = 0;

    if (sass_assemble(sm, text, strlen(text), code, &n, &err))
        fail_msg("line %u: %s (%s)", err.line, err.text, err.hint);
    return n;
}

void
one_warp_run(struct one_warp *o, const char *text)
{
    static struct sm_uop uops[SM_CHUNK];
    static uint8_t bytes[SM_CHUNK_BYTES];
    uint64_t *code;
    const size_t n = assemble(o->machine->config.sm, text, &code);

    assert_true(n <= SM_CHUNK);
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, code, n * 16);
    free(code);
    sm_decode(o->machine, 0x1000, bytes, uops);
    for (size_t i = 0; i < n && !o->core->stop; i++) {
        const struct sm_uop *u = &uops[i];
        uint32_t mask =
            u->guard_uniform ? (o->w->up >> u->guard & 1 ? UINT32_MAX : 0) : o->w->p[u->guard];

        o->w->op = u->op_name;
        mask = o->w->active & (u->guard_neg ? ~mask : mask);
        if (mask)
            u->run(o->w, u, mask);
    }
    if (o->core->stop)
        fail_msg("%s: %s: %s", text, sm_error_name(o->trap.error), o->trap.text);
}

/* Programs */

enum { MEMORY = 1 << 20, CODE = 0x1000, BANK = 0x8000, DATA_AT = 0x10000 };
static const uint64_t base_va = UINT64_C(0x100000000) - DATA_AT;

static bool
array_span(void *ctx, uint64_t va, enum sm_access access, uint8_t **p, uint64_t *n,
           uint32_t *fault)
{
    (void)access;
    *fault = 2;
    if (va < base_va || va >= base_va + MEMORY)
        return false;
    *p = (uint8_t *)ctx + (va - base_va);
    *n = MEMORY - (va - base_va);
    return true;
}

bool
program_run(unsigned sm, const char *text, uint32_t blocks, uint32_t threads, uint32_t *memory,
            size_t words, struct sm_trap *trap)
{
    uint8_t *bytes = aligned_alloc(4096, MEMORY);
    const struct sm_config config = {
        .sm = sm, .sms = 4, .watchdog = 1000000, .memory = {bytes, array_span, NULL}
    };
    struct sm_machine *m = sm_machine_create(&config);
    struct sm_grid g = {
        .program = base_va + CODE,
        .grid = {blocks,  1, 1},
        .block = {threads, 1, 1},
        .registers = 64,
        .barriers = 4,
        .shared_bytes = 4096
    };
    const uint64_t out = base_va + DATA_AT;
    uint64_t *code;
    const size_t n = assemble(sm, text, &code);
    bool ok;

    memset(bytes, 0, MEMORY);
    memcpy(bytes + CODE, code, n * 16);
    free(code);
    memcpy(bytes + BANK, g.block, 12);
    memcpy(bytes + BANK + 12, g.grid, 12);
    memcpy(bytes + BANK + 0x160, &out, 8);
    memcpy(bytes + DATA_AT, memory, words * 4);
    g.bank[0] = (struct sm_bank){base_va + BANK, 0x200, true};
    ok = sm_machine_run(m, &g, trap);
    memcpy(memory, bytes + DATA_AT, words * 4);
    sm_machine_destroy(m);
    free(bytes);
    return ok;
}
