/* SPDX-License-Identifier: MIT */
/*
 * Memory: global through the channel's page tables, shared, local, constants, and what moves
 * between them. Each SM keeps translations for the time of a launch.
 */
#include <stdlib.h>

#include "ops.h"

enum { WINDOW = 1 << 24 };

static uint8_t zeroes[SM_PAGE]; /* what sparse memory reads as; never written */

void
sm_tlb_flush(struct sm_core *core)
{
    memset(core->tlb, 0, sizeof(core->tlb));
}

/* Host memory of a page; NULL: *fault. */
static uint8_t *
translate(struct sm_core *core, uint64_t page, enum sm_access access, uint32_t *fault)
{
    struct sm_machine *m = core->machine;
    const struct sm_memory *mem = &m->config.memory;
    uint8_t *p = NULL;
    uint64_t n = 0;
    bool ok;

    pthread_mutex_lock(&m->lock);
    ok = mem->span(mem->ctx, page * SM_PAGE, access, &p, &n, fault);
    pthread_mutex_unlock(&m->lock);
    if (!ok)
        return NULL;
    if (!p)
        return access == SM_READ ? zeroes : core->nowhere;
    return p;
}

static uint8_t *
page_at(struct sm_core *core, uint64_t page, enum sm_access access, uint32_t *fault)
{
    struct sm_tlb_entry *e = &core->tlb[page % SM_TLB];

    if (e->page != page + 1)
        *e = (struct sm_tlb_entry){.page = page + 1};
    if (!e->at[access])
        e->at[access] = translate(core, page, access, fault);
    return e->at[access];
}

static void
fault_at(struct sm_warp *w, unsigned lane, uint64_t va, enum sm_access access, uint32_t fault)
{
    const bool first = !w->core->stop;

    sm_trap(w, SM_MMU_FAULT, lane, va, "no access to 0x%llx", (unsigned long long)va);
    if (!first)
        return;
    w->core->trap->access = access;
    w->core->trap->fault = fault;
}

uint8_t *
sm_global(struct sm_warp *w, unsigned lane, uint64_t va, unsigned bytes, enum sm_access access)
{
    uint32_t fault = 0;
    uint8_t *p;

    if (va & (bytes - 1)) {
        sm_trap(w, SM_MISALIGNED_ADDR, lane, va, "%u bytes at 0x%llx", bytes,
                (unsigned long long)va);
        return NULL;
    }
    p = page_at(w->core, va / SM_PAGE, access, &fault);
    if (!p) {
        fault_at(w, lane, va, access, fault);
        return NULL;
    }
    return p + va % SM_PAGE;
}

bool
sm_read(struct sm_core *core, uint64_t va, void *out, uint32_t bytes, uint32_t *fault)
{
    uint8_t *to = out;

    while (bytes) {
        const uint64_t room = SM_PAGE - va % SM_PAGE, n = bytes < room ? bytes : room;
        const uint8_t *p = page_at(core, va / SM_PAGE, SM_READ, fault);

        if (!p)
            return false;
        memcpy(to, p + va % SM_PAGE, n);
        to += n;
        va += n;
        bytes -= (uint32_t)n;
    }
    return true;
}

uint8_t *
sm_shared(struct sm_warp *w, unsigned lane, uint32_t addr, unsigned bytes)
{
    const uint32_t size = w->core->grid->shared_bytes;

    if (w->core->machine->config.sm >= 90 && addr >> 24 == w->block->rank)
        addr &= WINDOW - 1;
    if (addr & (bytes - 1))
        sm_trap(w, SM_MISALIGNED_ADDR, lane, addr, "%u bytes of shared memory at 0x%x", bytes,
                addr);
    else if (addr >= size || bytes > size - addr)
        sm_trap(w, SM_OOR_ADDR, lane, addr, "shared memory at 0x%x, the block has %u bytes",
                addr, size);
    else
        return w->block->shared + addr;
    return NULL;
}

/* A thread's local memory begins at 0 and ends at 16 MiB, with a gap between. */
static uint8_t *
local_at(struct sm_warp *w, unsigned lane, uint32_t addr, unsigned bytes)
{
    const struct sm_grid *g = w->core->grid;
    const uint32_t high = WINDOW - g->local_high, size = g->local_low + g->local_high;
    uint8_t *mine = w->block->local + (uint64_t)(w->index * SM_LANES + lane) * size;

    if (addr & (bytes - 1))
        sm_trap(w, SM_MISALIGNED_ADDR, lane, addr, "%u bytes of local memory at 0x%x", bytes,
                addr);
    else if (addr < g->local_low && bytes <= g->local_low - addr)
        return mine + addr;
    else if (addr >= high && addr < WINDOW && bytes <= WINDOW - addr)
        return mine + g->local_low + (addr - high);
    else
        sm_trap(w, SM_OOR_ADDR, lane, addr,
                "local memory at 0x%x, the thread has 0x%x bytes from 0 on and 0x%x up to "
                "0x1000000",
                addr, g->local_low, g->local_high);
    return NULL;
}

static bool
in_window(const struct sm_warp *w, uint64_t va, uint64_t base, uint32_t *off)
{
    const uint64_t size = w->core->machine->config.sm >= 90 ? UINT64_C(1) << 32 : WINDOW;

    if (!base || va < base || va - base >= size)
        return false;
    *off = (uint32_t)(va - base);
    return true;
}

uint8_t *
sm_generic(struct sm_warp *w, unsigned lane, uint64_t va, unsigned bytes, enum sm_access access)
{
    const struct sm_grid *g = w->core->grid;
    uint32_t off;

    if (in_window(w, va, g->shared_window, &off))
        return sm_shared(w, lane, off, bytes);
    if (in_window(w, va, g->local_window, &off))
        return local_at(w, lane, off, bytes);
    return sm_global(w, lane, va, bytes, access);
}

/* Addresses */

void
sm_addresses(struct sm_warp *w, const struct sm_uop *u, uint64_t *out)
{
    const uint32_t *lo = sm_src(w, u, 0);
    const uint32_t *hi = u->wide ? sm_src_word(w, u, 0, 1) : NULL;
    const int64_t off = (int32_t)u->imm;
    uint64_t base = (uint64_t)off;

    if (u->s[1].kind == SM_UREG)
        base += sm_pair(sm_scalar(w, u, 1, 0), u->hi ? sm_scalar(w, u, 1, 1) : 0);
    for (unsigned i = 0; i < SM_LANES; i++)
        out[i] = base + (sm_pair(lo[i], hi ? hi[i] : 0) << u->shift);
}

/* Loads and stores */

static inline void
take(struct sm_warp *w, const struct sm_uop *u, unsigned lane, const uint8_t *p)
{
    uint32_t x[4] = {0};

    memcpy(x, p, u->bytes);
    if (u->is_signed)
        x[0] = u->bytes == 1 ? (uint32_t)(int8_t)x[0] : (uint32_t)(int16_t)x[0];
    for (unsigned k = 0; k == 0 || k < u->bytes / 4u; k++)
        w->r[u->d + k][lane] = x[k];
}

/* s[2]: what is stored */
static inline void
give(struct sm_warp *w, const struct sm_uop *u, unsigned lane, uint8_t *p)
{
    const unsigned row = u->s[2].row;
    uint32_t x[4];

    for (unsigned k = 0; k == 0 || k < u->bytes / 4u; k++)
        x[k] = w->r[row == SM_RZ ? SM_RZ : row + k][lane];
    memcpy(p, x, u->bytes);
}

typedef uint8_t *(*place)(struct sm_warp *w, unsigned lane, uint64_t addr, unsigned bytes,
                          enum sm_access access);

static uint8_t *
shared_place(struct sm_warp *w, unsigned lane, uint64_t addr, unsigned bytes,
             enum sm_access access)
{
    (void)access;
    return sm_shared(w, lane, (uint32_t)addr, bytes);
}

static uint8_t *
local_place(struct sm_warp *w, unsigned lane, uint64_t addr, unsigned bytes,
            enum sm_access access)
{
    (void)access;
    return local_at(w, lane, (uint32_t)addr, bytes);
}

/* All of a load's addresses are good before any register changes. */
static void
load(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, place at)
{
    uint64_t addr[SM_LANES];
    uint8_t *p[SM_LANES];

    sm_addresses(w, u, addr);
    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);

        p[i] = at(w, i, addr[i], u->bytes, SM_READ);
        if (!p[i])
            return;
    }
    for (uint32_t m = mask; m; m &= m - 1)
        take(w, u, sm_first(m), p[sm_first(m)]);
}

static void
store(struct sm_warp *w, const struct sm_uop *u, uint32_t mask, place at)
{
    uint64_t addr[SM_LANES];
    uint8_t *p[SM_LANES];

    sm_addresses(w, u, addr);
    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);

        p[i] = at(w, i, addr[i], u->bytes, SM_WRITE);
        if (!p[i])
            return;
    }
    for (uint32_t m = mask; m; m &= m - 1)
        give(w, u, sm_first(m), p[sm_first(m)]);
}

SM_OP(ldg)
{
    load(w, u, mask, sm_global);
}

SM_OP(stg)
{
    store(w, u, mask, sm_global);
}

SM_OP(ld)
{
    load(w, u, mask, sm_generic);
}

SM_OP(st)
{
    store(w, u, mask, sm_generic);
}

SM_OP(lds)
{
    load(w, u, mask, shared_place);
}

SM_OP(sts)
{
    store(w, u, mask, shared_place);
}

SM_OP(ldl)
{
    load(w, u, mask, local_place);
}

SM_OP(stl)
{
    store(w, u, mask, local_place);
}

/* Constants by a lane's index: s[0], imm; mod2: the bank */
SM_OP(ldc)
{
    const uint32_t *a = sm_src(w, u, 0);

    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);
        const uint32_t at = a[i] + u->imm;
        uint32_t x[4] = {0};

        if (at & (u->bytes - 1u)) {
            sm_trap(w, SM_MISALIGNED_ADDR, i, at, "c[%u][0x%x] of %u bytes", u->mod2, at,
                    u->bytes);
            return;
        }
        for (unsigned k = 0; k == 0 || k < u->bytes / 4u; k++)
            x[k] = sm_constant(w, u->mod2, (at & ~3u) + 4 * k);
        x[0] >>= 8 * (at & 3);
        take(w, u, i, (const uint8_t *)x);
    }
}

/* From global to shared memory. s[0], s[1], imm: the source; s[2] and mod: the destination and
 * its offset; pp[0]: zeroes are written where it is false */
SM_OP(ldgsts)
{
    const uint32_t base = u->mod + (u->s[3].kind == SM_UREG ? sm_scalar(w, u, 3, 0) : 0);
    const uint32_t *to = sm_src(w, u, 2);
    const uint32_t copies = sm_pred(w, u, 0);
    static const uint8_t nothing[16];
    uint64_t addr[SM_LANES];

    sm_addresses(w, u, addr);
    for (uint32_t m = mask; m; m &= m - 1) {
        const unsigned i = sm_first(m);
        uint8_t *d = sm_shared(w, i, to[i] + base, u->bytes);
        const uint8_t *s =
            d && copies >> i & 1 ? sm_global(w, i, addr[i], u->bytes, SM_READ) : nothing;

        if (!d || !s)
            return;
        memcpy(d, s, u->bytes);
    }
}

/* The n-th matrix of 8 x 8 halves: lanes 8n to 8n + 7 name its rows. */
static bool
load_matrix(struct sm_warp *w, const struct sm_uop *u, unsigned n, uint32_t *out)
{
    const uint32_t *a = sm_src(w, u, 0);
    const uint32_t base = u->mod2 + (u->s[1].kind == SM_UREG ? sm_scalar(w, u, 1, 0) : 0);
    uint16_t x[8][8];

    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *row = sm_shared(w, 8 * n + i, a[8 * n + i] + base, sizeof(x[i]));

        if (!row)
            return false;
        memcpy(x[i], row, sizeof(x[i]));
    }
    for (unsigned i = 0; i < SM_LANES; i++) {
        const unsigned line = i / 4, pair = i % 4 * 2;

        out[i] = u->mod ? x[pair][line] | (uint32_t)x[pair + 1][line] << 16
                        : x[line][pair] | (uint32_t)x[line][pair + 1] << 16;
    }
    return true;
}

/* A lane gets two neighbours of a row of every matrix, with mod (.T) of a column. imm: how many
 * matrices; the offset is in mod2. */
SM_OP(ldsm)
{
    if (mask != UINT32_MAX) {
        sm_trap(w, SM_ILLEGAL_PARAM, sm_first(mask), w->pc, "LDSM wants all lanes");
        return;
    }
    for (unsigned n = 0; n < u->imm; n++)
        if (!load_matrix(w, u, n, w->out[n]))
            return;
    for (unsigned n = 0; n < u->imm; n++)
        memcpy(w->r[u->d + n], w->out[n], sizeof(w->out[n]));
}

/* Is the generic address in a space: op 0 shared, 1 local, 2 global? As a predicate and as a
 * number. */
SM_OP(qspc)
{
    const struct sm_grid *g = w->core->grid;
    uint64_t addr[SM_LANES];
    uint32_t bits = 0, off;

    sm_addresses(w, u, addr);
    for (unsigned i = 0; i < SM_LANES; i++) {
        const bool shared = in_window(w, addr[i], g->shared_window, &off);
        const bool local = !shared && in_window(w, addr[i], g->local_window, &off);
        const bool is = u->op == 0 ? shared : u->op == 1 ? local : !shared && !local;

        bits |= (uint32_t)is << i;
        w->out[0][i] = is;
    }
    sm_blend(w->r[u->d], w->out[0], mask);
    sm_set_pred(w, u->pd[0], bits, mask);
}
