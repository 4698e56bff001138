/* SPDX-License-Identifier: MIT */
/*
 * NV83DE, sessions of the SM debugger: what an application allocates to learn what its kernels
 * died of. Error registers of the SMs are what the SM model left with the channel; modes are
 * kept and nothing stops for them. Sources: kernel_sm_debugger_session.c, ctrl83dedebug.h.
 */
#include <stdio.h>

#include "class.h"
#include "control.h"

/* The object and its channel are looked up anew each time: when either is gone, so is the
 * session's state, but not the session. */
static const struct emu_object *
debugged(const struct emu_gpu *gpu, const struct emu_object *o)
{
    return emu_object_find(gpu, o->u.debugger.client, o->u.debugger.object);
}

uint32_t
emu_debugger_construct(struct emu_gpu *gpu, struct emu_object *o, const struct emu_alloc *a)
{
    struct emu_wire w;
    struct emu_object *object, *device;

    if (!emu_class_params(gpu, o, a, &w))
        return NV_ERR_INVALID_ARGUMENT;
    if (emu_get(&w, "hDebuggerClient_Obsolete"))
        return NV_ERR_INVALID_ARGUMENT;
    o->u.debugger.client = (uint32_t)emu_get(&w, "hAppClient");
    if (!o->u.debugger.client)
        o->u.debugger.client = a->client;
    o->u.debugger.object = (uint32_t)emu_get(&w, "hClass3dObject");
    object = emu_object_find(gpu, o->u.debugger.client, o->u.debugger.object);
    if (!object)
        return NV_ERR_INVALID_OBJECT_PARENT;
    if (!emu_class_is(object->impl, "KernelGraphicsObject"))
        return NV_ERR_INVALID_OBJECT;
    device = emu_object_up(object, "Device");
    for (const struct emu_object *c = device ? device->children : NULL; c; c = c->sibling)
        if (emu_class_is(c->impl, "Subdevice"))
            return NV_OK;
    return NV_ERR_OBJECT_NOT_FOUND;
}

/* The channel that the session is for, or that the call names. */
static struct emu_channel *
channel_of(struct emu_call *c)
{
    const struct emu_object *object = debugged(c->gpu, c->object);

    return object && emu_class_is(object->parent->impl, "KernelChannel")
               ? object->parent->u.channel.host
               : NULL;
}

static void
fill_state(struct emu_call *c, const struct emu_channel *ch, uint64_t sm, const char *at)
{
    const struct emu_sm_error *e = &ch->sm_error;

    if (!e->set || e->sm != sm)
        return;
    emu_set(&c->p, e->global_esr, "%s.hwwGlobalEsr", at);
    emu_set(&c->p, e->warp_esr, "%s.hwwWarpEsr", at);
    emu_set(&c->p, (uint32_t)e->pc, "%s.hwwWarpEsrPc", at);
    emu_set(&c->p, e->pc, "%s.hwwWarpEsrPc64", at);
    emu_set(&c->p, e->va, "%s.hwwEsrAddr", at);
}

/* Channels of a group share a context, and so its last MMU fault. */
static const struct emu_fault_at *
last_fault(const struct emu_channel *ch)
{
    const struct emu_object *group = ch->object->parent;
    const bool grouped = emu_class_is(group->impl, "KernelChannelGroupApi");

    for (const struct emu_channel *c = ch->gpu->host.channels; c; c = c->next)
        if (c->faulted && !c->fault_forgotten &&
            (c == ch || (grouped && c->object->parent == group)))
            return &c->last_fault;
    return NULL;
}

static void
forget_faults(struct emu_channel *ch)
{
    for (struct emu_channel *c = ch->gpu->host.channels; c; c = c->next)
        if (c->object->parent == ch->object->parent)
            c->fault_forgotten = true;
}

static uint32_t
read_all(struct emu_call *c)
{
    const struct emu_channel *ch = channel_of(c);
    const uint64_t n = emu_get(&c->p, "numSMsToRead");
    const uint64_t first = emu_get(&c->p, "startingSM");
    char at[40];

    if (!ch)
        return NV_ERR_INVALID_STATE;
    if (n > emu_count(&c->p, "smErrorStateArray"))
        return NV_ERR_INVALID_ARGUMENT;
    for (uint64_t i = 0; i < n; i++) {
        snprintf(at, sizeof(at), "smErrorStateArray[%u]", (unsigned)i);
        fill_state(c, ch, first + i, at);
    }
    emu_set(&c->p, last_fault(ch) != NULL, "mmuFault.valid");
    emu_set(&c->p, last_fault(ch) ? last_fault(ch)->type : 0, "mmuFault.faultInfo");
    return NV_OK;
}

static uint32_t
read_one(struct emu_call *c)
{
    const struct emu_channel *ch = channel_of(c);

    if (!ch)
        return NV_ERR_INVALID_STATE;
    if (emu_get(&c->p, "smID") >= emu_card_sms(c->card))
        return NV_ERR_INVALID_ARGUMENT;
    fill_state(c, ch, emu_get(&c->p, "smID"), "smErrorState");
    return NV_OK;
}

static uint32_t
clear_all(struct emu_call *c)
{
    struct emu_channel *ch = channel_of(c);

    if (!ch)
        return NV_ERR_INVALID_STATE;
    ch->sm_error.set = false;
    forget_faults(ch);
    return NV_OK;
}

static uint32_t
clear_one(struct emu_call *c)
{
    struct emu_channel *ch = channel_of(c);

    if (!ch)
        return NV_ERR_INVALID_STATE;
    if (emu_get(&c->p, "smID") >= emu_card_sms(c->card))
        return NV_ERR_INVALID_ARGUMENT;
    if (ch->sm_error.sm == emu_get(&c->p, "smID"))
        ch->sm_error.set = false;
    return NV_OK;
}

static uint32_t
read_fault(struct emu_call *c)
{
    const struct emu_channel *ch = channel_of(c);
    const struct emu_fault_at *f;

    if (!ch)
        return NV_ERR_INVALID_STATE;
    f = last_fault(ch);
    emu_set(&c->p, f != NULL, "count");
    if (!f)
        return NV_OK;
    emu_set(&c->p, f->va, "mmuFaultInfoList[0].faultAddress");
    emu_set(&c->p, f->type, "mmuFaultInfoList[0].faultType");
    emu_set(&c->p, f->access, "mmuFaultInfoList[0].accessType");
    return NV_OK;
}

/* Modes: 1 switches on, 2 off, 3 lets go of what waits (nothing does). */

static uint32_t
set_mode(struct emu_call *c, unsigned bit)
{
    const uint64_t action = emu_get(&c->p, "action");

    if (action < 1 || action > 3)
        return NV_ERR_INVALID_ARGUMENT;
    if (action == 1)
        c->object->u.debugger.modes |= 1u << bit;
    if (action == 2)
        c->object->u.debugger.modes &= ~(1u << bit);
    return NV_OK;
}

static uint32_t
get_mode(struct emu_call *c, unsigned bit)
{
    emu_set(&c->p, c->object->u.debugger.modes >> bit & 1 ? 1 : 2, "value");
    return NV_OK;
}

static uint32_t
set_mmu(struct emu_call *c)
{
    return set_mode(c, 0);
}

static uint32_t
get_mmu(struct emu_call *c)
{
    return get_mode(c, 0);
}

static uint32_t
set_gcc(struct emu_call *c)
{
    return set_mode(c, 1);
}

static uint32_t
get_gcc(struct emu_call *c)
{
    return get_mode(c, 1);
}

/* The one mode whose constants are 0 and 1. */
static uint32_t
set_errbar(struct emu_call *c)
{
    const uint64_t action = emu_get(&c->p, "action");

    if (action > 1)
        return NV_ERR_INVALID_ARGUMENT;
    c->object->u.debugger.modes &= ~4u;
    c->object->u.debugger.modes |= (uint32_t)action << 2;
    return NV_OK;
}

static uint32_t
get_errbar(struct emu_call *c)
{
    emu_set(&c->p, c->object->u.debugger.modes >> 2 & 1, "value");
    return NV_OK;
}

static uint32_t
accept(struct emu_call *c)
{
    return channel_of(c) ? NV_OK : NV_ERR_INVALID_STATE;
}

static const struct emu_control rows[] = {
    {"NV83DE_CTRL_CMD_SM_DEBUG_MODE_ENABLE",                     accept    },
    {"NV83DE_CTRL_CMD_SM_DEBUG_MODE_DISABLE",                    accept    },
    {"NV83DE_CTRL_CMD_DEBUG_SET_MODE_MMU_DEBUG",                 set_mmu   },
    {"NV83DE_CTRL_CMD_DEBUG_GET_MODE_MMU_DEBUG",                 get_mmu   },
    {"NV83DE_CTRL_CMD_DEBUG_SET_MODE_MMU_GCC_DEBUG",             set_gcc   },
    {"NV83DE_CTRL_CMD_DEBUG_GET_MODE_MMU_GCC_DEBUG",             get_gcc   },
    {"NV83DE_CTRL_CMD_DEBUG_SET_MODE_ERRBAR_DEBUG",              set_errbar},
    {"NV83DE_CTRL_CMD_DEBUG_GET_MODE_ERRBAR_DEBUG",              get_errbar},
    {"NV83DE_CTRL_CMD_DEBUG_SET_EXCEPTION_MASK",                 accept    },
    {"NV83DE_CTRL_CMD_DEBUG_READ_SINGLE_SM_ERROR_STATE",         read_one  },
    {"NV83DE_CTRL_CMD_DEBUG_READ_ALL_SM_ERROR_STATES",           read_all  },
    {"NV83DE_CTRL_CMD_DEBUG_CLEAR_SINGLE_SM_ERROR_STATE",        clear_one },
    {"NV83DE_CTRL_CMD_DEBUG_CLEAR_ALL_SM_ERROR_STATES",          clear_all },
    {"NV83DE_CTRL_CMD_DEBUG_READ_MMU_FAULT_INFO",                read_fault},
    {"NV83DE_CTRL_CMD_DEBUG_SET_NEXT_STOP_TRIGGER_TYPE",         accept    },
    {"NV83DE_CTRL_CMD_DEBUG_SET_SINGLE_STEP_INTERRUPT_HANDLING", accept    },
};
const struct emu_control_list emu_ctl_debug = EMU_CONTROL_LIST(rows);
