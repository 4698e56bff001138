/* SPDX-License-Identifier: MIT */
/*
 * When a channel goes wrong: robust channel recovery as GSP-RM does it. The channel's whole
 * group stops, every notifier of it is written, the host gets OS_ERROR_LOG (the Xid) and
 * RC_TRIGGERED; MMU faults also go into the fault buffer. Other channels go on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "wire.h"

enum {
    XID_MMU_FAULT = 31, /* ROBUST_CHANNEL_* (nverror.h) */
    NOTIFIER_STATUS = 0xffff,
    SCOPE_TSG = 1,
    FAULT_ENTRY = 32,      /* NVC369_BUF_SIZE */
    FAULT_BUFFER = 0x3000, /* NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_*(0) */
    FAULT_CLIENT_HOST = 6, /* NV_PFAULT_CLIENT_HUB_HOST */
    FAULT_CLIENT_T1_0 = 1, /* NV_PFAULT_CLIENT_GPC_T1_0, _T1_1 is 4 */
};

bool
emu_host_struck(struct emu_gpu *gpu, enum emu_exec_fault fault)
{
    return gpu->host.faults[fault] && !--gpu->host.faults[fault];
}

void
emu_host_set_fault(struct emu_gpu *gpu, enum emu_exec_fault fault, uint32_t nth)
{
    if (fault == EMU_EXEC_STALE_TLB)
        gpu->host.tlb.on = true;
    gpu->host.faults[fault] = nth;
}

void
emu_host_interrupt(struct emu_gpu *gpu, uint32_t vector)
{
    if (vector == UINT32_MAX)
        return;
    if (emu_host_struck(gpu, EMU_EXEC_LOST_INTERRUPT)) {
        emu_note(gpu, "fault: the interrupt of vector %u is lost", vector);
        return;
    }
    emu_hw_raise(gpu, vector);
}

uint32_t
emu_host_copy_xid(const struct emu_engine *engine)
{
    static const uint8_t xids[] = {39,  40,  41,  70,  71,  72,  75,  76,  77,  85,
                                   126, 127, 128, 129, 130, 131, 132, 133, 134, 135};
    const uint32_t i = engine ? emu_engine_instance(engine->name) : 0;

    return xids[i < sizeof(xids) ? i : 0];
}

/* Recovery is GSP-RM's work: while it is dead, the channel stops and nobody says so. */
static bool
rm_runs(const struct emu_gpu *gpu)
{
    return gpu->gsp.state == EMU_GSP_RUNNING;
}

struct notifier {
    uint64_t time_ns;
    uint32_t info32;
    uint16_t info16, status;
};

/* NvNotification: time, info32, info16, status; the status comes last. */
static void
write_notifier(const struct emu_channel *ch, uint32_t xid, uint32_t engine_type)
{
    const struct notifier n = {emu_now_ns() - ch->gpu->regs.reset_ns, xid,
                               (uint16_t)engine_type, NOTIFIER_STATUS};
    void *p;

    if (!ch->notifier.set)
        return;
    p = emu_hw_target(ch->gpu, ch->notifier.target, ch->notifier.addr, sizeof(n));
    if (p) {
        memcpy(p, &n, offsetof(struct notifier, status));
        __atomic_store_n((uint16_t *)(void *)((uint8_t *)p + offsetof(struct notifier, status)),
                         n.status, __ATOMIC_RELEASE);
    } else {
        emu_note(ch->gpu, "error notifier of channel %u: no memory at 0x%llx",
                 ch->object->u.channel.chid, (unsigned long long)ch->notifier.addr);
    }
}

static void
stop(struct emu_channel *ch)
{
    ch->gpu->host.waiting -= ch->wait.on;
    ch->wait.on = false;
    ch->dead = true;
}

static void
stop_and_tell(struct emu_channel *ch, uint32_t xid, uint32_t engine_type)
{
    stop(ch);
    if (rm_runs(ch->gpu))
        write_notifier(ch, xid, engine_type);
}

/* The whole group, or the channel alone. */
static void
stop_group(struct emu_channel *ch, uint32_t xid, uint32_t engine_type)
{
    const struct emu_object *group = ch->object->parent;

    stop_and_tell(ch, xid, engine_type);
    if (!emu_class_is(group->impl, "KernelChannelGroupApi"))
        return;
    for (struct emu_channel *c = ch->gpu->host.channels; c; c = c->next)
        if (c->object->parent == group && !c->dead)
            stop_and_tell(c, xid, engine_type);
}

void
emu_host_stop_all(struct emu_gpu *gpu, uint32_t xid)
{
    for (struct emu_channel *c = gpu->host.channels; c; c = c->next) {
        const struct emu_engine *e = emu_host_engine(c);

        if (c->dead)
            continue;
        stop(c);
        write_notifier(c, xid, e ? emu_engine_type(gpu->abi, e) : 0);
    }
}

static void
send_log(const struct emu_channel *ch, uint32_t xid, const char *text)
{
    uint8_t payload[512] = {0};
    struct emu_wire w;

    if (!emu_wire_init(&w, ch->gpu->abi, "rpc_os_error_log_v17_00", payload, sizeof(payload)))
        return;
    emu_set(&w, xid, "exceptType");
    emu_set(&w, ch->object->u.channel.runlist, "runlistId");
    emu_set(&w, ch->object->u.channel.chid, "chid");
    emu_set_text(&w, text, "errString");
    emu_event_send(ch->gpu, "OS_ERROR_LOG", payload, w.layout->size, NV_OK);
}

static void
send_rc(const struct emu_channel *ch, uint32_t xid, uint32_t engine_type,
        const struct emu_fault_at *fault)
{
    uint8_t payload[128] = {0};
    struct emu_wire w;

    if (!emu_wire_init(&w, ch->gpu->abi, "rpc_rc_triggered_v17_02", payload, sizeof(payload)))
        return;
    emu_set(&w, engine_type, "nv2080EngineType");
    emu_set(&w, ch->object->u.channel.chid, "chid");
    emu_set(&w, 1, "exceptLevel"); /* ROBUST_CHANNEL_ERROR_RECOVERY_LEVEL_NON_FATAL */
    emu_set(&w, xid, "exceptType");
    emu_set(&w, SCOPE_TSG, "scope");
    if (fault) {
        emu_set(&w, (uint32_t)fault->va, "mmuFaultAddrLo");
        emu_set(&w, fault->va >> 32, "mmuFaultAddrHi");
        emu_set(&w, fault->type, "mmuFaultType");
    }
    emu_event_send(ch->gpu, "RC_TRIGGERED", payload, w.layout->size, NV_OK);
}

static void
fail(struct emu_channel *ch, const struct emu_engine *engine, uint32_t xid, const char *text,
     const struct emu_fault_at *fault)
{
    const uint32_t type = engine ? emu_engine_type(ch->gpu->abi, engine) : 0;

    if (ch->dead)
        return;
    emu_note(ch->gpu, "Xid %u: %s", xid, text);
    stop_group(ch, xid, type);
    if (rm_runs(ch->gpu)) {
        send_log(ch, xid, text);
        send_rc(ch, xid, type, fault);
    }
    if (engine)
        emu_hw_raise(ch->gpu, engine->stall);
}

void
emu_host_fail(struct emu_channel *ch, uint32_t xid, const char *format, ...)
{
    char reason[300], text[320];
    va_list ap;

    va_start(ap, format);
    vsnprintf(reason, sizeof(reason), format, ap);
    va_end(ap);
    snprintf(text, sizeof(text), "Ch %08x, %s", ch->object->u.channel.chid, reason);
    fail(ch, emu_host_engine(ch), xid, text, NULL);
}

/* MMU faults */

const char *
emu_fault_type_name(enum emu_mmu_fault type)
{
    static const char *const names[] = {
        [EMU_FAULT_PDE] = "PDE",
        [EMU_FAULT_PDE_SIZE] = "PDE_SIZE",
        [EMU_FAULT_PTE] = "PTE",
        [EMU_FAULT_VA_LIMIT] = "VA_LIMIT_VIOLATION",
        [EMU_FAULT_UNBOUND_INST_BLOCK] = "UNBOUND_INST_BLOCK",
        [EMU_FAULT_PRIV] = "PRIV_VIOLATION",
        [EMU_FAULT_RO] = "RO_VIOLATION",
        [EMU_FAULT_UNSUPPORTED_APERTURE] = "UNSUPPORTED_APERTURE",
        [EMU_FAULT_REGION] = "REGION_VIOLATION",
        [EMU_FAULT_ATOMIC] = "ATOMIC_VIOLATION",
    };

    return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "UNKNOWN";
}

static const char *
access_name(uint32_t access)
{
    static const char *const names[] = {"READ", "WRITE", "ATOMIC"};

    return names[(access & 7) % 3];
}

/* Where the fault buffer's bytes are: its address is physical, or one of BAR2 (BAR3 here). */
static uint8_t *
buffer_at(struct emu_gpu *gpu, uint32_t entry)
{
    const uint32_t low = emu_hw_vf(gpu, FAULT_BUFFER);
    const uint64_t addr = ((uint64_t)emu_hw_vf(gpu, FAULT_BUFFER + 4) << 32 | (low & ~0xfffu)) +
                          (uint64_t)entry * FAULT_ENTRY;

    if (low & 1) /* ADDR_MODE_PHYSICAL; APERTURE in bits 2:1 */
        return emu_hw_target(gpu, low >> 1 & 3 ? 1 : 0, addr, FAULT_ENTRY);
    return emu_hw_bar_at(gpu, 3, addr);
}

static void
put_entry(const struct emu_channel *ch, const struct emu_engine *engine,
          const struct emu_fault_at *f, uint8_t *to)
{
    const uint64_t now = emu_now_ns() - ch->gpu->regs.reset_ns;
    const uint64_t inst = ch->instance.addr | (ch->instance.target ? 2u << 8 : 0);
    const uint64_t va = f->va & ~UINT64_C(0xfff);
    const uint32_t client = f->gpc ? FAULT_CLIENT_T1_0 + 3 * f->tpc : FAULT_CLIENT_HOST;
    const uint32_t tail[2] = {engine ? engine->fault_id : 0,
                              (uint32_t)f->type | (client & 0x7f) << 8 |
                                  (f->access & 0xf) << 16 | (f->gpc ? 0 : 1u << 20) |
                                  (f->gpc_id & 0x1f) << 24 | 1u << 31};

    memcpy(to, &inst, 8);
    memcpy(to + 8, &va, 8);
    memcpy(to + 16, &now, 8);
    memcpy(to + 24, tail, 8);
}

/* The non-replayable buffer, where a client has one: an entry, PUT moves on, an interrupt. */
static void
queue_fault(struct emu_channel *ch, const struct emu_engine *engine,
            const struct emu_fault_at *f)
{
    struct emu_gpu *gpu = ch->gpu;
    const uint32_t size = emu_hw_vf(gpu, FAULT_BUFFER + 0x10);
    const uint32_t get = emu_hw_vf(gpu, FAULT_BUFFER + 8) & 0xfffff;
    const uint32_t put = emu_hw_vf(gpu, FAULT_BUFFER + 0xc);
    const uint32_t entries = size & 0xfffff, next = entries ? (put + 1) % entries : 0;
    uint8_t *to;

    if (!(size >> 31) || !entries || put >= entries)
        return;
    if (next == get) {
        emu_hw_set_vf(gpu, FAULT_BUFFER + 0xc, put | 1u << 31); /* PUT_OVERFLOW */
        emu_note(gpu, "the MMU fault buffer is full");
        return;
    }
    to = buffer_at(gpu, put);
    if (!to) {
        emu_note(gpu, "the MMU fault buffer is no memory");
        return;
    }
    put_entry(ch, engine, f, to);
    emu_hw_set_vf(gpu, FAULT_BUFFER + 0xc, next);
    emu_hw_raise(gpu, EMU_FAULT_VECTOR);
    if (rm_runs(gpu))
        emu_event_send(gpu, "MMU_FAULT_QUEUED", NULL, 0, NV_OK);
}

void
emu_host_fail_mmu(struct emu_channel *ch, const struct emu_engine *engine,
                  const struct emu_fault_at *f)
{
    const char *name = engine ? engine->name : "HOST";
    const bool copy = !strncmp(name, "COPY", 4);
    char text[240], unit[24], client[40];

    snprintf(unit, sizeof(unit), "%s%s", copy ? "CE" : "", copy ? name + 4 : name);
    snprintf(client, sizeof(client), "HUBCLIENT_%s", unit);
    if (f->gpc) {
        snprintf(unit, sizeof(unit), "GRAPHICS");
        snprintf(client, sizeof(client), "GPCCLIENT_T1_%u", f->tpc);
    }
    snprintf(text, sizeof(text),
             "Ch %08x, intr 00000000. MMU Fault: ENGINE %s %s faulted @ 0x%x_%08x. "
             "Fault is of type FAULT_%s ACCESS_TYPE_%s_%s",
             ch->object->u.channel.chid, unit, client, (uint32_t)(f->va >> 32), (uint32_t)f->va,
             emu_fault_type_name(f->type), f->access & EMU_PHYSICAL ? "PHYS" : "VIRT",
             access_name(f->access));
    ch->faulted = true;
    ch->last_fault = *f;
    queue_fault(ch, engine, f);
    fail(ch, engine, XID_MMU_FAULT, text, f);
}
