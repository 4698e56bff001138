/* SPDX-License-Identifier: MIT */
/*
 * Copy engines: methods, what a launch asks for, its checks, and what follows the transfer:
 * semaphore and interrupt. ce_copy.c moves the bytes.
 */
#include <string.h>

#include "ce_copy.h"
#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum { PHYS_PEER = 3, CLASS_WIDE = 0xc7b5, CLASS_HOPPER = 0xc8b5 };

/* Methods of all generations, sorted; a class of an older one lacks some. */
static const struct {
    uint16_t first, last, since;
} methods[] = {
    {CE_NOP,                         CE_NOP,                         0     },
    {CE_PM_TRIGGER,                  CE_PM_TRIGGER,                  0     },
    {0x21c,                          0x224,                          0xc7b5}, /* monitored fences */
    {CE_SET_SEMAPHORE_A,             CE_SET_SEMAPHORE_PAYLOAD,       0     },
    {CE_SET_SEMAPHORE_PAYLOAD_UPPER, CE_SET_SEMAPHORE_PAYLOAD_UPPER, 0xc7b5},
    {CE_SET_RENDER_ENABLE_A,         CE_SET_DST_PHYS_MODE,           0     },
    {CE_LAUNCH_DMA,                  CE_LAUNCH_DMA,                  0     },
    {CE_OFFSET_IN_UPPER,             CE_LINE_COUNT,                  0     },
    {0x500,                          0x53c,                          0xc8b5}, /* secure copies */
    {CE_SET_MEMORY_SCRUB_PARAMETERS, CE_SET_MEMORY_SCRUB_PARAMETERS, 0xc8b5},
    {CE_SET_REMAP_CONST_A,           0x720,                          0     },
    {CE_SET_SRC_BLOCK_SIZE,          0x73c,                          0     },
    {CE_SRC_ORIGIN_X,                CE_DST_ORIGIN_Y,                0     },
    {CE_REQ_ATTR,                    CE_REQ_ATTR,                    0xcab5},
    {CE_PM_TRIGGER_END,              CE_PM_TRIGGER_END,              0     },
};

static bool
is_method(uint32_t cls, uint32_t method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (method >= methods[i].first && method <= methods[i].last && cls >= methods[i].since)
            return true;
    return false;
}

static uint64_t
address(const uint32_t *m, uint32_t upper)
{
    return (uint64_t)(m[upper / 4] & 0x1ffffff) << 32 | m[upper / 4 + 1];
}

static void
refuse(struct emu_channel *ch, const struct emu_subchannel *s, const char *what)
{
    const struct emu_engine *e = emu_host_copy_engine(ch);

    emu_host_fail(ch, emu_host_copy_xid(e), "%s launch error, class 0x%04x: %s",
                  e ? e->name : "copy engine", s->cls, what);
}

/* What a launch asks for */

static const char *
set_physical(struct emu_ce_side *side, const struct emu_channel *ch, uint32_t mode)
{
    if (!ch->privileged)
        return "physical addresses on a channel without privilege";
    if ((mode & 3) == PHYS_PEER)
        return "another card's memory";
    side->view.physical = true;
    side->view.target = mode & 3 ? 1 : 0;
    return NULL;
}

static void
set_surface(struct emu_ce_side *side, const uint32_t *m, bool pitch, uint32_t pitch_at,
            uint32_t block_at, uint32_t origin_at)
{
    side->surface = (struct emu_surface){.pitch = (int32_t)m[pitch_at / 4]};
    if (pitch)
        return;
    emu_surface_read(&side->surface, &m[block_at / 4]);
    side->surface.x = m[origin_at / 4];
    side->surface.y = m[origin_at / 4 + 1];
}

static void
set_remap(struct emu_ce_job *job, const uint32_t *m)
{
    const uint32_t r = m[CE_SET_REMAP_COMPONENTS / 4];

    for (unsigned i = 0; i < 4; i++)
        job->select[i] = r >> 4 * i & 7;
    job->component = (r >> 16 & 3) + 1;
    job->src.components = (r >> 20 & 3) + 1;
    job->dst.components = (r >> 24 & 3) + 1;
    job->constant[0] = m[CE_SET_REMAP_CONST_A / 4];
    job->constant[1] = m[CE_SET_REMAP_CONST_B / 4];
}

/* Hopper and later: fill with zeroes, whatever the remap says. */
static void
set_scrub(struct emu_ce_job *job)
{
    job->remap = true;
    job->component = job->src.components = job->dst.components = 1;
    job->select[0] = EMU_CE_CONST_A;
    job->constant[0] = 0;
}

static const char *
read_job(const struct emu_channel *ch, const struct emu_subchannel *s, uint32_t launch,
         struct emu_ce_job *job)
{
    const uint32_t *m = s->regs;
    const char *why = NULL;

    *job = (struct emu_ce_job){
        .width = m[CE_LINE_LENGTH_IN / 4],
        .lines = launch >> 9 & 1 ? m[CE_LINE_COUNT / 4] : 1,
        .remap = launch >> 10 & 1,
        .component = 1,
        .src = {.access = EMU_READ,  .components = 1},
        .dst = {.access = EMU_WRITE, .components = 1}
    };
    if (!emu_host_view(ch, &job->src.view))
        return "no address space";
    job->dst.view = job->src.view;
    job->src.at = address(m, CE_OFFSET_IN_UPPER);
    job->dst.at = address(m, CE_OFFSET_OUT_UPPER);
    set_surface(&job->src, m, launch >> 7 & 1, CE_PITCH_IN, CE_SET_SRC_BLOCK_SIZE,
                CE_SRC_ORIGIN_X);
    set_surface(&job->dst, m, launch >> 8 & 1, CE_PITCH_OUT, CE_SET_DST_BLOCK_SIZE,
                CE_DST_ORIGIN_X);
    if (job->remap)
        set_remap(job, m);
    if (s->cls >= CLASS_HOPPER && launch >> 23 & 1)
        set_scrub(job);
    if (launch >> 12 & 1)
        why = set_physical(&job->src, ch, m[CE_SET_SRC_PHYS_MODE / 4]);
    if (!why && launch >> 13 & 1)
        why = set_physical(&job->dst, ch, m[CE_SET_DST_PHYS_MODE / 4]);
    if (!why && s->cls >= CLASS_HOPPER && (launch >> 20 & 3) == 1)
        why = "secure copies are not modelled";
    return why;
}

/* Predication: RENDER_ENABLE of a report in memory. */
static bool
enabled(struct emu_channel *ch, const struct emu_subchannel *s)
{
    const uint64_t at = address(s->regs, CE_SET_RENDER_ENABLE_A);
    const uint32_t mode = s->regs[CE_SET_RENDER_ENABLE_C / 4] & 7;
    struct emu_fault_at fault;
    struct emu_view v;
    uint32_t report[8] = {0};

    if (mode < 2)
        return mode;
    if (!emu_host_view(ch, &v) ||
        !emu_view_read(&v, at, report, mode == 2 ? 4 : sizeof(report), &fault)) {
        emu_host_fail_mmu(ch, emu_host_copy_engine(ch), &fault);
        return false;
    }
    if (mode == 2)
        return report[0] != 0;
    return !memcmp(report, report + 4, 8) == (mode == 3);
}

static void
transfer(struct emu_channel *ch, struct emu_subchannel *s, uint32_t launch)
{
    struct emu_ce_job job;
    const char *why = read_job(ch, s, launch, &job);

    if (emu_host_struck(ch->gpu, EMU_EXEC_CE_LINE_COUNT))
        job.lines = 0;
    if (!why)
        why = emu_ce_check(&job);
    job.fault = (struct emu_fault_at){EMU_FAULT_PTE, EMU_WRITE, job.dst.at};
    if (why)
        refuse(ch, s, why);
    else if (emu_host_struck(ch->gpu, EMU_EXEC_MMU_FAULT) || !emu_ce_run(&job))
        emu_host_fail_mmu(ch, emu_host_copy_engine(ch), &job.fault);
}

/* Semaphore: after the transfer, before the interrupt. */
static void
signal(struct emu_channel *ch, struct emu_subchannel *s, uint32_t launch)
{
    const uint32_t type = launch >> 3 & 3, op = launch >> 14 & 0xf;
    const bool wide = s->cls >= CLASS_WIDE && launch >> 27 & 1;
    const struct emu_release r = {
        .va = address(s->regs, CE_SET_SEMAPHORE_A),
        .payload = (wide ? (uint64_t)s->regs[CE_SET_SEMAPHORE_PAYLOAD_UPPER / 4] << 32 : 0) |
                   s->regs[CE_SET_SEMAPHORE_PAYLOAD / 4],
        .wide = wide,
        .timestamp = type == CE_SEMAPHORE_FOUR_WORD};
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_WRITE, r.va};
    struct emu_view v;
    bool done;

    if (r.va & (r.timestamp ? 15 : wide ? 7 : 3)) {
        refuse(ch, s, "misaligned semaphore");
        return;
    }
    if (launch >> 19 & 1 && op > RED_DEC) {
        refuse(ch, s, "floating-point reductions are not modelled");
        return;
    }
    done = emu_host_view(ch, &v) &&
           (launch >> 19 & 1 ? emu_sem_update(ch, &v, &r, op, !(launch >> 18 & 1), &fault)
                             : emu_sem_release(ch, &v, &r, &fault));
    if (!done)
        emu_host_fail_mmu(ch, emu_host_copy_engine(ch), &fault);
}

static void
interrupt(struct emu_channel *ch, uint32_t launch)
{
    const uint32_t type = launch >> 5 & 3;
    const bool conditional = (launch >> 3 & 3) == CE_SEMAPHORE_CONDITIONAL_INTR;
    const struct emu_engine *e = type || conditional ? emu_host_copy_engine(ch) : NULL;

    if (!e)
        return;
    if (type == CE_INTERRUPT_BLOCKING)
        emu_host_interrupt(ch->gpu, e->stall);
    else if (type == CE_INTERRUPT_NON_BLOCKING || conditional)
        emu_host_interrupt(ch->gpu, e->nonstall);
}

static void
launch_dma(struct emu_channel *ch, struct emu_subchannel *s, uint32_t launch)
{
    const uint32_t type = launch & 3;

    if (type == CE_TRANSFER_PREFETCH && s->cls < 0xcab5)
        refuse(ch, s, "transfer type 3");
    else if (type != CE_TRANSFER_NONE && type != CE_TRANSFER_PREFETCH && enabled(ch, s))
        transfer(ch, s, launch);
    if (!ch->dead && (launch >> 3 & 3) != CE_SEMAPHORE_NONE)
        signal(ch, s, launch);
    if (!ch->dead)
        interrupt(ch, launch);
}

void
emu_ce_method(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method, uint32_t data)
{
    const uint32_t src = CE_SET_SRC_BLOCK_SIZE + CE_SURFACE_ORIGIN;
    const uint32_t dst = CE_SET_DST_BLOCK_SIZE + CE_SURFACE_ORIGIN;

    if (!is_method(s->cls, method)) {
        refuse(ch, s, "a method that the class lacks");
        emu_note(ch->gpu, "method 0x%04x, data 0x%08x", method, data);
        return;
    }
    s->regs[method / 4] = data;
    if (method == src || method == dst) { /* both halves in one word; the wide form holds */
        const uint32_t wide = method == src ? CE_SRC_ORIGIN_X : CE_DST_ORIGIN_X;

        s->regs[wide / 4] = data & 0xffff;
        s->regs[wide / 4 + 1] = data >> 16;
    }
    if (method == CE_LAUNCH_DMA)
        launch_dma(ch, s, data);
}
