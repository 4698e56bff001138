/* SPDX-License-Identifier: MIT */
/*
 * Methods: the host's own below 0x100, the bound engine's above; SET_OBJECT binds.
 */
#include <string.h>

#include <nvrm/reg.h>

#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum {
    XID_PBDMA = 32,
    XID_CLASS = 69,         /* ROBUST_CHANNEL_GR_CLASS_ERROR */
    USERD_REFERENCE = 0x48, /* NV_RAMUSERD_REF */
};

typedef void (*engine_method)(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method,
                              uint32_t data);

/* What a class drives; NULL where nothing is modelled. */
static engine_method
engine_of(uint32_t cls)
{
    switch (cls & 0xff) {
    case CLASS_COPY:
        return emu_ce_method;
    case CLASS_COMPUTE:
    case CLASS_3D:
    case CLASS_2D:
    case CLASS_INLINE:
        return emu_gr_method;
    default:
        return NULL;
    }
}

static bool
has_graphics(const struct emu_channel *ch)
{
    const struct emu_engine *e = emu_host_engine(ch);

    return e && !strncmp(e->name, "GR", 2);
}

/* Why this class cannot be bound here; NULL when it can. */
static const char *
refusal(const struct emu_channel *ch, uint32_t cls)
{
    if (!emu_class_offered(ch->gpu, cls) || !nvrm_class_by_id(ch->gpu->abi, cls))
        return "the chip has no such class";
    if (!engine_of(cls))
        return "the emulated card does not execute this class";
    if ((cls & 0xff) == CLASS_COPY)
        return emu_host_copy_engine(ch) ? NULL : "no copy engine serves this runlist";
    return has_graphics(ch) ? NULL : "the channel is not a graphics channel";
}

static void
set_object(struct emu_channel *ch, uint32_t subch, uint32_t data)
{
    struct emu_subchannel *s = &ch->subch[subch];
    const uint32_t cls = NVRM_GET(data, NVC56F_SET_OBJECT_NVCLASS);
    const char *why = NVRM_GET(data, NVC56F_SET_OBJECT_ENGINE) == NVC56F_SET_OBJECT_ENGINE_SW
                          ? NULL
                          : refusal(ch, cls);

    if (why) {
        emu_host_fail(ch, XID_CLASS, "class error: SET_OBJECT 0x%04x on subchannel %u: %s", cls,
                      subch, why);
        return;
    }
    if (!s->regs)
        s->regs = emu_alloc(&ch->gpu->mem, EMU_METHODS * sizeof(*s->regs));
    if (!s->regs) {
        emu_host_fail(ch, XID_PBDMA, "the emulator is out of memory");
        return;
    }
    if (s->cls != cls) {
        memset(s->regs, 0, EMU_METHODS * sizeof(*s->regs));
        if ((cls & 0xff) == CLASS_COPY)
            s->regs[CE_SET_RENDER_ENABLE_C / 4] = 1; /* MODE_TRUE */
    }
    s->cls = cls;
    s->inline_bytes = s->inline_done = 0;
}

static void
set_reference(struct emu_channel *ch, uint32_t data)
{
    void *p = ch->userd.set ? emu_hw_target(ch->gpu, ch->userd.target,
                                            ch->userd.addr + USERD_REFERENCE, sizeof(data))
                            : NULL;

    if (p)
        memcpy(p, &data, sizeof(data));
}

/* MEM_OP_D orders; A to C hold what it works on. Barriers hold by themselves here. */
static void
mem_op(struct emu_channel *ch)
{
    const uint32_t c = ch->host[HOST_MEM_OP_C / 4], d = ch->host[HOST_MEM_OP_D / 4];
    const uint32_t op = NVRM_GET(d, NVC56F_MEM_OP_D_OPERATION);
    const struct emu_space space = {
        NVRM_GET(c, NVC56F_MEM_OP_C_TLB_INVALIDATE_PDB_APERTURE) ? 1 : 0,
        (uint64_t)NVRM_GET(d, NVC56F_MEM_OP_D_TLB_INVALIDATE_PDB_ADDR_HI) << 32 |
            (c & 0xfffff000u)};

    if (op == MEM_OP_MMU_TLB_INVALIDATE || op == MEM_OP_MMU_TLB_INVALIDATE_TARGETED)
        emu_tlb_level(ch->gpu, NVRM_GET(c, NVC56F_MEM_OP_C_TLB_INVALIDATE_PDB) ? NULL : &space,
                      NVRM_GET(c, NVC56F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL));
    else if (op < MEM_OP_MEMBAR || op > 0x16)
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: MEM_OP_D operation 0x%x", op);
}

static void
non_stall_interrupt(struct emu_channel *ch)
{
    const struct emu_engine *engine = emu_host_engine(ch);

    emu_host_interrupt(ch->gpu, engine ? engine->nonstall : UINT32_MAX);
}

static void
host_method(struct emu_channel *ch, uint32_t subch, uint32_t method, uint32_t data)
{
    ch->host[method / 4] = data;
    switch (method) {
    case HOST_SET_OBJECT:
        set_object(ch, subch, data);
        break;
    case HOST_SEMAPHORED:
        emu_sem_execute_old(ch);
        break;
    case HOST_SEM_EXECUTE:
        emu_sem_execute(ch);
        break;
    case HOST_NON_STALL_INTERRUPT:
        non_stall_interrupt(ch);
        break;
    case HOST_MEM_OP_D:
        mem_op(ch);
        break;
    case HOST_SET_REFERENCE:
        set_reference(ch, data);
        break;
    case HOST_NOP:
    case HOST_SEMAPHOREA:
    case HOST_SEMAPHOREB:
    case HOST_SEMAPHOREC:
    case HOST_FB_FLUSH:
    case HOST_MEM_OP_A:
    case HOST_MEM_OP_B:
    case HOST_MEM_OP_C:
    case HOST_SEM_ADDR_LO:
    case HOST_SEM_ADDR_HI:
    case HOST_SEM_PAYLOAD_LO:
    case HOST_SEM_PAYLOAD_HI:
    case HOST_WFI:
    case HOST_CRC_CHECK:
    case HOST_YIELD:
    case HOST_CLEAR_FAULTED:
        break;
    default:
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: host method 0x%03x, data 0x%08x", method,
                      data);
        break;
    }
}

void
emu_host_method(struct emu_channel *ch, uint32_t subch, uint32_t method, uint32_t data)
{
    struct emu_subchannel *s = &ch->subch[subch];
    engine_method run;

    if (ch->dead)
        return;
    if (method < HOST_METHODS_END) {
        host_method(ch, subch, method, data);
        return;
    }
    run = s->regs ? engine_of(s->cls) : NULL;
    if (run)
        run(ch, s, method, data);
    else
        emu_host_fail(ch, XID_PBDMA,
                      "PBDMA error: method 0x%04x on subchannel %u, which has no object",
                      method, subch);
}
