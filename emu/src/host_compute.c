/* SPDX-License-Identifier: MIT */
/*
 * Compute launches: SEND_PCAS and what follows from a QMD. The grid runs on the card's SMs
 * until it ends, then its semaphores are released and the QMDs that depend on it go; an error
 * of the SMs stops the channel.
 */
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"
#include "host_methods.h"
#include "host_qmd.h"
#include "hw.h"

enum {
    XID_GR_EXCEPTION = 13,
    BPT_INT = 0x10, /* of HWW_GLOBAL_ESR: stopped by a breakpoint or by the machine */
    XID_CTXSW_TIMEOUT = 109,
    MAX_CHAIN = 4096, /* QMDs that one launch may bring about */
    QMD_SCHEDULE = 1,
    QMD_INVALIDATE_COPY_SCHEDULE = 3,
    QMD_DECREMENT_DEPENDENCE = 4,
    PCAS_SCHEDULE = 2,
    PCAS_INVALIDATE_COPY_SCHEDULE = 3,
    PCAS_INCREMENT_PUT = 6,
    PCAS_DECREMENT_DEPENDENCE = 7,
    PCAS_PREFETCH_SCHEDULE = 9,
    PCAS_LAST = 0xb,
};

static void
refuse(struct emu_channel *ch, const struct emu_subchannel *s, const char *what)
{
    emu_host_fail(ch, XID_GR_EXCEPTION, "Graphics Exception: Class 0x%x, SKED error %s", s->cls,
                  what);
}

static uint64_t
pair(const struct emu_subchannel *s, uint32_t upper)
{
    return (uint64_t)s->regs[upper / 4] << 32 | s->regs[upper / 4 + 1];
}

/* The card's SMs */

static unsigned
sm_of(const struct emu_card *card)
{
    return (card->sm_version >> 8) * 10 + (card->sm_version & 0xff);
}

static uint32_t
shared_limit(unsigned sm)
{
    switch (sm) {
    case 75:
        return 64 << 10;
    case 80:
        return 164 << 10;
    case 90:
    case 100:
        return 228 << 10;
    default:
        return 100 << 10;
    }
}

static bool
memory_span(void *ctx, uint64_t va, enum sm_access access, uint8_t **p, uint64_t *n,
            uint32_t *fault_out)
{
    struct emu_fault_at fault = {.type = EMU_FAULT_NONE};
    const bool ok = emu_view_span(ctx, va, 4096, (enum emu_access)access, p, n, &fault);

    *fault_out = fault.type;
    return ok;
}

static uint64_t
memory_now(void *ctx)
{
    const struct emu_view *v = ctx;

    return emu_now_ns() - v->gpu->regs.reset_ns;
}

static struct sm_machine *
machine_of(struct emu_gpu *gpu)
{
    const struct sm_config config = {.sm = sm_of(gpu->card),
                                     .sms = emu_card_sms(gpu->card),
                                     .threads = gpu->host.sm_threads,
                                     .watchdog = gpu->host.sm_watchdog,
                                     .timing = gpu->host.sm_timing,
                                     .realloc = gpu->mem.realloc,
                                     .realloc_ctx = gpu->mem.ctx};

    if (!gpu->host.machine)
        gpu->host.machine = sm_machine_create(&config);
    return gpu->host.machine;
}

/* Decoded code belongs to an address space. */
static void
use_space(struct emu_gpu *gpu, struct emu_view *v)
{
    const struct sm_memory memory = {v, memory_span, memory_now};
    struct emu_host *h = &gpu->host;

    if (h->sm_space.pdb != v->space.pdb || h->sm_space.target != v->space.target)
        sm_machine_invalidate(h->machine);
    h->sm_space = v->space;
    sm_machine_set_memory(h->machine, &memory);
}

/* What went wrong */

/* SMs are counted through TPCs of GPCs. */
static void
locate(const struct emu_card *card, uint32_t sm, uint32_t *gpc, uint32_t *tpc, uint32_t *in_tpc)
{
    uint32_t t = sm / (card->sms_per_tpc ? card->sms_per_tpc : 1);

    *in_tpc = sm % (card->sms_per_tpc ? card->sms_per_tpc : 1);
    for (*gpc = 0; *gpc + 1 < card->gpcs && t >= card->tpcs[*gpc]; ++*gpc)
        t -= card->tpcs[*gpc];
    *tpc = t;
}

static void
note_trap(struct emu_gpu *gpu, const struct sm_trap *t)
{
    emu_note(gpu, "%s: %s at PC 0x%llx, SM %u, block (%u,%u,%u), thread (%u,%u,%u), lane %u",
             sm_error_name(t->error), t->op, (unsigned long long)t->pc, t->sm, t->block[0],
             t->block[1], t->block[2], t->thread[0], t->thread[1], t->thread[2], t->lane);
}

static void
warp_exception(struct emu_channel *ch, const struct sm_trap *t)
{
    uint32_t gpc, tpc, sm;

    locate(ch->gpu->card, t->sm, &gpc, &tpc, &sm);
    ch->sm_error = (struct emu_sm_error){
        .set = true,
        .sm = t->sm,
        .warp_esr = t->error < 0x100 ? t->error : 0,
        .pc = t->pc,
        .va = t->address,
    };
    emu_host_fail(ch, XID_GR_EXCEPTION,
                  "Graphics SM Warp Exception on (GPC %u, TPC %u, SM %u): %s, ESR 0x%x, PC "
                  "0x%llx, %s: %s",
                  gpc, tpc, sm, sm_error_name(t->error), t->error < 0x100 ? t->error : 0,
                  (unsigned long long)t->pc, t->op, t->text);
}

static void
fail(struct emu_channel *ch, const struct sm_trap *t)
{
    struct emu_fault_at fault = {
        .type = t->fault, .access = t->access, .va = t->address, .gpc = true};
    uint32_t in_tpc;

    note_trap(ch->gpu, t);
    ch->sm_error = (struct emu_sm_error){.set = true,
                                         .sm = t->sm,
                                         .warp_esr = t->error < 0x100 ? t->error : 0,
                                         .global_esr = t->error < 0x100 ? 0 : BPT_INT,
                                         .pc = t->pc,
                                         .va = t->error == SM_MMU_FAULT ? t->address : 0};
    switch (t->error) {
    case SM_MMU_FAULT:
        locate(ch->gpu->card, t->sm, &fault.gpc_id, &fault.tpc, &in_tpc);
        emu_host_fail_mmu(ch, emu_host_engine(ch), &fault);
        break;
    case SM_WATCHDOG:
        emu_host_fail(ch, XID_CTXSW_TIMEOUT, "CTX SWITCH TIMEOUT: PC 0x%llx, %s: %s",
                      (unsigned long long)t->pc, t->op, t->text);
        break;
    default:
        warp_exception(ch, t);
        break;
    }
}

/* What follows the last block */

static void
release(struct emu_channel *ch, const struct emu_view *v, const struct emu_qmd_release *r)
{
    static const uint8_t op_of[] = {RED_IADD, RED_IMIN, RED_IMAX, RED_INC,
                                    RED_DEC,  RED_IAND, RED_IOR,  RED_IXOR};
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_WRITE, r->to.va};
    const struct emu_engine *e = emu_host_engine(ch);
    const bool done =
        r->reduce ? emu_sem_update(ch, v, &r->to, op_of[r->op & 7], r->is_signed, &fault)
                  : emu_sem_release(ch, v, &r->to, &fault);

    if (!done)
        emu_host_fail_mmu(ch, e, &fault);
    else if (r->interrupt)
        emu_host_interrupt(ch->gpu, e ? e->nonstall : UINT32_MAX);
}

static bool
check(struct emu_channel *ch, struct emu_subchannel *s, const struct emu_qmd *q)
{
    const struct emu_card *card = ch->gpu->card;
    const struct emu_qmd_limits limits = {
        .sm = sm_of(card),
        .shared_bytes = shared_limit(sm_of(card)),
        .sms_per_tpc = card->sms_per_tpc,
        .max_warps = card->max_warps_per_sm,
        .local_base = pair(s, GR_SET_SHADER_LOCAL_MEMORY_A),
        .local_per_tpc = pair(s, GR_SET_SHADER_LOCAL_MEMORY_NON_THROTTLED_A)};
    char text[120];

    if (!emu_qmd_check(q, &limits, text, sizeof(text)))
        return true;
    refuse(ch, s, text);
    return false;
}

/* Faults that are asked for: what the launch would end with. False: none struck. */
static bool
struck(struct emu_channel *ch, const struct sm_grid *g)
{
    static const struct {
        enum emu_exec_fault fault;
        enum sm_error error;
    } faults[] = {
        {EMU_EXEC_SM_ILLEGAL,    SM_ILLEGAL_ENCODING},
        {EMU_EXEC_SM_MISALIGNED, SM_MISALIGNED_ADDR },
        {EMU_EXEC_SM_RANGE,      SM_OOR_ADDR        },
        {EMU_EXEC_SM_ENDLESS,    SM_WATCHDOG        },
        {EMU_EXEC_SM_MMU_FAULT,  SM_MMU_FAULT       },
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct sm_trap t = {.error = faults[i].error,
                                  .fault = EMU_FAULT_PTE,
                                  .pc = g->program,
                                  .address = g->program,
                                  .op = "injected",
                                  .text = "a fault that was asked for"};

        if (!emu_host_struck(ch->gpu, faults[i].fault))
            continue;
        fail(ch, &t);
        return true;
    }
    return false;
}

static void
run_grid(struct emu_channel *ch, struct emu_subchannel *s, struct emu_view *v,
         struct emu_qmd *q)
{
    struct emu_gpu *gpu = ch->gpu;
    struct sm_machine *m = machine_of(gpu);
    struct sm_trap trap;

    if (!m) {
        refuse(ch, s, "the emulator is out of memory");
        return;
    }
    q->grid.shared_window = pair(s, GR_SET_SHADER_SHARED_MEMORY_WINDOW_A);
    q->grid.local_window = pair(s, GR_SET_SHADER_LOCAL_MEMORY_WINDOW_A);
    q->grid.id = ++gpu->host.grids;
    use_space(gpu, v);
    if (q->invalidate_code)
        sm_machine_invalidate(m);
    else if (sm_machine_refresh(m))
        emu_note(gpu, "code changed since it ran last and nobody invalidated the instruction "
                      "caches: a real card may run the old one");
    if (!struck(ch, &q->grid) && !sm_machine_run(m, &q->grid, &trap))
        fail(ch, &trap);
}

/* One QMD. False: the channel is dead. */
static bool
launch(struct emu_channel *ch, struct emu_subchannel *s, uint64_t va, struct emu_qmd *q)
{
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_READ, va};
    uint32_t words[EMU_QMD_WORDS] = {0};
    struct emu_view v;
    char text[80];

    if (!emu_host_view(ch, &v) || !emu_view_read(&v, va, words, 256, &fault) ||
        (s->cls >= CLASS_HOPPER_COMPUTE &&
         !emu_view_read(&v, va + 256, words + 64, 128, &fault))) {
        emu_host_fail_mmu(ch, emu_host_engine(ch), &fault);
        return false;
    }
    if (!emu_qmd_read(s->cls, words, q)) {
        snprintf(text, sizeof(text), "QMD_VERSION: %u.%u at 0x%llx", q->major, q->minor,
                 (unsigned long long)va);
        refuse(ch, s, text);
        return false;
    }
    if (q->dependence_counter) {
        q->releases = 0;
        memset(q->dependent, 0, sizeof(q->dependent));
        return true; /* waits for QMDs before it */
    }
    if (check(ch, s, q) && q->grid.grid[0] && q->grid.grid[1] && q->grid.grid[2])
        run_grid(ch, s, &v, q);
    for (unsigned i = 0; i < q->releases && !ch->dead; i++)
        release(ch, &v, &q->release[i]);
    return !ch->dead;
}

/* Counts down in memory. True: it is that QMD's turn. */
static bool
decrement(struct emu_channel *ch, const struct emu_subchannel *s, uint64_t va)
{
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_WRITE, va};
    uint32_t words[EMU_QMD_WORDS] = {0};
    struct emu_qmd q;
    struct emu_view v;

    if (!emu_host_view(ch, &v) || !emu_view_read(&v, va, words, 256, &fault)) {
        emu_host_fail_mmu(ch, emu_host_engine(ch), &fault);
        return false;
    }
    if (!emu_qmd_read(s->cls, words, &q) || !q.dependence_counter)
        return true; /* launch() says what is wrong with it */
    emu_qmd_set_counter(s->cls, words, q.dependence_counter - 1);
    if (!emu_view_write(&v, va, words, 256, &fault))
        emu_host_fail_mmu(ch, emu_host_engine(ch), &fault);
    return !ch->dead && q.dependence_counter == 1;
}

struct chain {
    uint64_t va[MAX_CHAIN];
    unsigned at, end;
};

static void
follow(struct emu_channel *ch, struct emu_subchannel *s, const struct emu_qmd *q,
       struct chain *c)
{
    for (unsigned i = 0; i < EMU_QMD_DEPENDENTS && !ch->dead; i++) {
        const struct emu_qmd_dependent *d = &q->dependent[i];

        if (!d->on)
            continue;
        if (d->action == QMD_DECREMENT_DEPENDENCE) {
            if (!decrement(ch, s, d->va))
                continue;
        } else if (d->action != QMD_SCHEDULE && d->action != QMD_INVALIDATE_COPY_SCHEDULE) {
            refuse(ch, s, "DEPENDENT_QMD_ACTION: queues are not modelled");
            return;
        }
        if (c->end == MAX_CHAIN)
            refuse(ch, s, "DEPENDENT_QMD_POINTER: a chain without an end");
        else
            c->va[c->end++] = d->va;
    }
}

static void
schedule(struct emu_channel *ch, struct emu_subchannel *s, uint64_t va)
{
    struct chain *c = emu_alloc(&ch->gpu->mem, sizeof(*c));
    struct emu_qmd q;

    if (!c) {
        refuse(ch, s, "the emulator is out of memory");
        return;
    }
    c->va[0] = va;
    c->at = 0;
    c->end = 1;
    while (c->at < c->end && launch(ch, s, c->va[c->at], &q)) {
        c->at++;
        follow(ch, s, &q, c);
    }
    emu_free(&ch->gpu->mem, c);
}

/* SEND_SIGNALING_PCAS_B: bit 0 invalidates, bit 1 schedules. PCAS2_B: an action. */
static void
send_pcas(struct emu_channel *ch, struct emu_subchannel *s, bool actions, uint32_t data)
{
    const uint64_t va = (uint64_t)s->regs[GR_SEND_PCAS_A / 4] << 8;
    const uint32_t action = actions ? data & 0xf : data & 2 ? PCAS_SCHEDULE : 0;

    if (action == PCAS_INCREMENT_PUT || action > PCAS_LAST) {
        refuse(ch, s, "PCAS_ACTION: queues are not modelled");
        return;
    }
    if (action == PCAS_DECREMENT_DEPENDENCE
            ? decrement(ch, s, va)
            : action == PCAS_SCHEDULE || action == PCAS_INVALIDATE_COPY_SCHEDULE ||
                  action >= PCAS_PREFETCH_SCHEDULE)
        schedule(ch, s, va);
}

void
emu_compute_method(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method,
                   uint32_t data)
{
    switch (method) {
    case GR_SEND_SIGNALING_PCAS_B:
        send_pcas(ch, s, false, data);
        break;
    case GR_SEND_SIGNALING_PCAS2_B:
        if (s->cls >= CLASS_AMPERE_COMPUTE)
            send_pcas(ch, s, true, data);
        else
            emu_host_fail(
                ch, XID_GR_EXCEPTION,
                "Graphics Exception: Class 0x%x, Offset 0x%x, Data 0x%x: the class has "
                "no such method",
                s->cls, method, data);
        break;
    case GR_SEND_PCAS_B:
        refuse(ch, s, "SEND_PCAS_B: queues are not modelled");
        break;
    case GR_INVALIDATE_SHADER_CACHES:
    case GR_INVALIDATE_SHADER_CACHES_NO_WFI:
        if (data & 1 && ch->gpu->host.machine)
            sm_machine_invalidate(ch->gpu->host.machine);
        break;
    default:
        break;
    }
}

void
emu_compute_fini(struct emu_gpu *gpu)
{
    sm_machine_destroy(gpu->host.machine);
    gpu->host.machine = NULL;
}
