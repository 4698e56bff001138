/* SPDX-License-Identifier: MIT */
/*
 * Hostile programs on the emulated SMs. The input picks an SM, a block and what is checked;
 * then each 18 bytes make an instruction: two choose a form of the tables (or none), the others
 * fill the bits that the form leaves free. Addresses lead into a small array often enough.
 */
#include <stdlib.h>
#include <string.h>

#include <nvrm/sass.h>
#include <nvrm/sass_table.h>

#include "sm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 16, CODE = 0x1000, BANK = 0x4000, MAX_INSNS = 300, HEAD = 4, EACH = 18 };
static const uint64_t base_va = 0x10000;

static bool
span(void *ctx, uint64_t va, enum sm_access access, uint8_t **p, uint64_t *n, uint32_t *fault)
{
    *fault = access;
    if (va < base_va || va >= base_va + MEMORY)
        return false;
    *p = va - base_va < 0x8000 || va - base_va >= 0xa000 ? (uint8_t *)ctx + (va - base_va)
                                                         : NULL;
    *n = 4096 - va % 4096;
    return true;
}

static void
put_instruction(uint8_t *to, const uint8_t *from)
{
    const unsigned choice = from[0] | (unsigned)from[1] << 8;
    uint64_t code[2];

    memcpy(code, from + 2, sizeof(code));
    if (choice < 0xf000) {
        const struct sass_form *f = &sass_forms[choice % nvrm_sass_form_count()];

        for (unsigned k = 0; k < 2; k++)
            code[k] = (code[k] & ~f->mask[k]) | f->match[k];
    }
    memcpy(to, code, sizeof(code));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sms[] = {75, 80, 86, 89, 90, 100, 120};
    uint8_t *memory;
    struct sm_config config = {.sms = 2, .watchdog = 3000};
    struct sm_grid g = {.program = base_va + CODE,
                        .registers = 255,
                        .barriers = 16,
                        .shared_bytes = 1024,
                        .local_low = 64,
                        .local_high = 256,
                        .shared_window = UINT64_C(1) << 32,
                        .local_window = UINT64_C(1) << 33};
    struct sm_machine *m;
    struct sm_trap t;

    if (size < HEAD + EACH)
        return 0;
    memory = aligned_alloc(4096, MEMORY);
    if (!memory)
        return 0;
    memset(memory, 0, MEMORY);
    config.sm = sms[data[0] % sizeof(sms)];
    config.timing = data[0] & 0x80;
    config.memory = (struct sm_memory){memory, span, NULL};
    for (unsigned i = 0; i < 3; i++) {
        g.grid[i] = 1 + (data[1] >> 2 * i & 1);
        g.block[i] =
            1 + (data[2 + i / 2] >> 4 * (i % 2) & (i == 0 ? 15 : 3)) * (i == 0 ? 5 : 1);
    }
    for (unsigned i = 0; i < 3; i++)
        g.bank[i] = (struct sm_bank){base_va + BANK + 0x1000 * i, 0x800, true};
    for (size_t i = 0; i < MAX_INSNS && HEAD + (i + 1) * EACH <= size; i++)
        put_instruction(memory + CODE + 16 * i, data + HEAD + i * EACH);
    memcpy(memory + BANK, data, size < 0x800 ? size : 0x800);
    for (unsigned at = 0x140; at < 0x400; at += 8) { /* parameters that lead somewhere */
        const uint64_t va = base_va + 0xa000 + 16u * data[at % size];

        memcpy(memory + BANK + at, &va, sizeof(va));
    }
    m = sm_machine_create(&config);
    if (m)
        sm_machine_run(m, &g, &t);
    sm_machine_destroy(m);
    free(memory);
    return 0;
}
