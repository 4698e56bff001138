/* SPDX-License-Identifier: MIT */
/*
 * Copy engines: methods, what a launch asks for, its checks, and what follows the transfer:
 * semaphore and interrupt. ce_copy.c moves the bytes.
 */
#include <string.h>

#include <nvrm/cl/clc8b5.h>
#include <nvrm/hw.h>
#include <nvrm/reg.h>

#include "ce_copy.h"
#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum { CLASS_WIDE = AMPERE_DMA_COPY_B, CLASS_HOPPER = HOPPER_DMA_COPY_A };

static bool
is_method(uint32_t cls, uint32_t method)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(cls);

    return c && nvrm_hw_method(c, method, NULL, NULL);
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
    const uint32_t target = NVRM_GET(mode, NVC7B5_SET_SRC_PHYS_MODE_TARGET);

    if (!ch->privileged)
        return "physical addresses on a channel without privilege";
    if (target == NVC7B5_SET_SRC_PHYS_MODE_TARGET_PEERMEM)
        return "another card's memory";
    side->view.physical = true;
    side->view.target = target ? 1 : 0;
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
    job->component = NVRM_GET(r, NVC7B5_SET_REMAP_COMPONENTS_COMPONENT_SIZE) + 1;
    job->src.components = NVRM_GET(r, NVC7B5_SET_REMAP_COMPONENTS_NUM_SRC_COMPONENTS) + 1;
    job->dst.components = NVRM_GET(r, NVC7B5_SET_REMAP_COMPONENTS_NUM_DST_COMPONENTS) + 1;
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
        .lines =
            NVRM_GET(launch, NVC7B5_LAUNCH_DMA_MULTI_LINE_ENABLE) ? m[CE_LINE_COUNT / 4] : 1,
        .remap = NVRM_GET(launch, NVC7B5_LAUNCH_DMA_REMAP_ENABLE),
        .component = 1,
        .src = {.access = EMU_READ,  .components = 1},
        .dst = {.access = EMU_WRITE, .components = 1}
    };
    if (!emu_host_view(ch, &job->src.view))
        return "no address space";
    job->dst.view = job->src.view;
    job->src.at = address(m, CE_OFFSET_IN_UPPER);
    job->dst.at = address(m, CE_OFFSET_OUT_UPPER);
    set_surface(&job->src, m, NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT),
                CE_PITCH_IN, CE_SET_SRC_BLOCK_SIZE, CE_SRC_ORIGIN_X);
    set_surface(&job->dst, m, NVRM_GET(launch, NVC7B5_LAUNCH_DMA_DST_MEMORY_LAYOUT),
                CE_PITCH_OUT, CE_SET_DST_BLOCK_SIZE, CE_DST_ORIGIN_X);
    if (job->remap)
        set_remap(job, m);
    if (s->cls >= CLASS_HOPPER && NVRM_GET(launch, NVC8B5_LAUNCH_DMA_MEMORY_SCRUB_ENABLE))
        set_scrub(job);
    if (NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SRC_TYPE))
        why = set_physical(&job->src, ch, m[CE_SET_SRC_PHYS_MODE / 4]);
    if (!why && NVRM_GET(launch, NVC7B5_LAUNCH_DMA_DST_TYPE))
        why = set_physical(&job->dst, ch, m[CE_SET_DST_PHYS_MODE / 4]);
    if (!why && s->cls >= CLASS_HOPPER &&
        NVRM_GET(launch, NVC8B5_LAUNCH_DMA_COPY_TYPE) == NVC8B5_LAUNCH_DMA_COPY_TYPE_SECURE)
        why = "secure copies are not modelled";
    return why;
}

/* Predication: RENDER_ENABLE of a report in memory. */
static bool
enabled(struct emu_channel *ch, const struct emu_subchannel *s)
{
    const uint64_t at = address(s->regs, CE_SET_RENDER_ENABLE_A);
    const uint32_t mode =
        NVRM_GET(s->regs[CE_SET_RENDER_ENABLE_C / 4], NVC7B5_SET_RENDER_ENABLE_C_MODE);
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
    const uint32_t type = NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE);
    const uint32_t op = NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_REDUCTION);
    const bool reduce = NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_ENABLE);
    const bool wide =
        s->cls >= CLASS_WIDE && NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_PAYLOAD_SIZE);
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
    if (reduce && op > RED_DEC) {
        refuse(ch, s, "floating-point reductions are not modelled");
        return;
    }
    done = emu_host_view(ch, &v) &&
           (reduce ? emu_sem_update(
                         ch, &v, &r, op,
                         !NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_SIGN), &fault)
                   : emu_sem_release(ch, &v, &r, &fault));
    if (!done)
        emu_host_fail_mmu(ch, emu_host_copy_engine(ch), &fault);
}

static void
interrupt(struct emu_channel *ch, uint32_t launch)
{
    const uint32_t type = NVRM_GET(launch, NVC7B5_LAUNCH_DMA_INTERRUPT_TYPE);
    const bool conditional =
        NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE) == CE_SEMAPHORE_CONDITIONAL_INTR;
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
    const uint32_t type = NVRM_GET(launch, NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE);

    if (type == CE_TRANSFER_PREFETCH && s->cls < 0xcab5)
        refuse(ch, s, "transfer type 3");
    else if (type != CE_TRANSFER_NONE && type != CE_TRANSFER_PREFETCH && enabled(ch, s))
        transfer(ch, s, launch);
    if (!ch->dead && NVRM_GET(launch, NVC7B5_LAUNCH_DMA_SEMAPHORE_TYPE) != CE_SEMAPHORE_NONE)
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
