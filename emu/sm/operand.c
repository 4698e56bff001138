/* SPDX-License-Identifier: MIT */
/*
 * Operands that all lanes share (constants, immediates, uniform registers), results that only
 * some lanes take, and traps.
 */
#include <stdarg.h>
#include <stdio.h>

#include "sm_priv.h"

uint32_t
sm_constant(struct sm_warp *w, unsigned bank, uint32_t offset)
{
    const struct sm_machine *m = w->core->machine;
    const struct sm_bank *b = bank < SM_BANKS ? &w->core->grid->bank[bank] : NULL;
    uint32_t x = 0;

    if (!b || !b->valid) {
        sm_trap(w, SM_INVALID_CONST_ADDR, 0, offset, "constant bank %u is not bound", bank);
        return 0;
    }
    if (offset & 3) {
        sm_trap(w, SM_MISALIGNED_ADDR, 0, offset, "c[%u][0x%x] is not aligned", bank, offset);
        return 0;
    }
    if (offset >= b->bytes) /* robust: 0 past the end */
        return 0;
    if (m->bank_missing[bank] >> (offset / SM_PAGE) & 1) {
        sm_trap(w, SM_MMU_FAULT, 0, b->va + offset, "c[%u][0x%x]", bank, offset);
        w->core->trap->fault = m->bank_fault;
        return 0;
    }
    memcpy(&x, m->bank[bank] + offset, 4);
    return x;
}

static uint32_t
word_of(struct sm_warp *w, const struct sm_operand *o, unsigned word)
{
    switch (o->kind) {
    case SM_IMM:
        return word ? o->high : o->value;
    case SM_CONST:
        return sm_constant(w, o->bank, o->value + 4 * word);
    case SM_UREG:
        return w->ur[o->row == SM_URZ ? SM_URZ : o->row + word];
    default:
        return 0;
    }
}

uint32_t
sm_scalar(struct sm_warp *w, const struct sm_uop *u, unsigned k, unsigned word)
{
    return word_of(w, &u->s[k], word);
}

const uint32_t *
sm_spread(struct sm_warp *w, const struct sm_operand *o, unsigned k, unsigned word)
{
    uint32_t *to = w->spread[2 * k + word];
    const uint32_t x = word_of(w, o, word);

    SM_EACH
    to[i] = x;
    return to;
}

SM_CLONES static void
blend(uint32_t *to, const uint32_t *from, uint32_t mask)
{
    SM_EACH
    to[i] = mask >> i & 1 ? from[i] : to[i];
}

void
sm_blend(uint32_t *to, const uint32_t *from, uint32_t mask)
{
    blend(to, from, mask);
}

/* Traps */

static void
name_thread(struct sm_trap *t, const struct sm_warp *w, unsigned lane)
{
    const uint32_t *n = w->block->grid->block;
    const uint32_t thread = w->index * SM_LANES + lane;

    t->thread[0] = thread % n[0];
    t->thread[1] = thread / n[0] % n[1];
    t->thread[2] = thread / n[0] / n[1];
    memcpy(t->block, w->block->id, sizeof(t->block));
}

void
sm_trap(struct sm_warp *w, enum sm_error error, unsigned lane, uint64_t address,
        const char *format, ...)
{
    struct sm_trap *t = w->core->trap;
    va_list ap;

    if (w->core->stop)
        return;
    w->core->stop = true;
    *t = (struct sm_trap){.error = error,
                          .pc = w->pc,
                          .op = w->op ? w->op : "fetch",
                          .address = address,
                          .sm = w->core->index,
                          .warp = w->index,
                          .lane = lane};
    name_thread(t, w, lane);
    va_start(ap, format);
    vsnprintf(t->text, sizeof(t->text), format, ap);
    va_end(ap);
}

const char *
sm_error_name(enum sm_error error)
{
    switch (error) {
    case SM_MISALIGNED_PC:
        return "Misaligned PC";
    case SM_MISALIGNED_REG:
        return "Misaligned Register";
    case SM_ILLEGAL_ENCODING:
        return "Illegal Instruction Encoding";
    case SM_ILLEGAL_PARAM:
        return "Illegal Instruction Parameter";
    case SM_OOR_REG:
        return "Out Of Range Register";
    case SM_OOR_ADDR:
        return "Out Of Range Address";
    case SM_MISALIGNED_ADDR:
        return "Misaligned Address";
    case SM_INVALID_ADDR_SPACE:
        return "Invalid Address Space";
    case SM_INVALID_CONST_ADDR:
        return "Invalid Constant Address";
    case SM_MMU_FAULT:
        return "MMU Fault";
    case SM_TRAP:
        return "Trap";
    case SM_WATCHDOG:
        return "Watchdog";
    case SM_HAZARD:
        return "Hazard";
    case SM_NOT_MODELLED:
        return "Not Modelled";
    case SM_OUT_OF_MEMORY:
        return "Out Of Memory";
    default:
        return "No Error";
    }
}
