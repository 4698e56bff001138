/* SPDX-License-Identifier: MIT */
/*
 * Controls of channels and their groups once they exist: time slice, interleave, preemption,
 * stop, reset, disabling a list of them, the last MMU fault (ctrla06c.h, ctrla06fgpfifo.h,
 * ctrl906f.h, ctrl2080fifo.h).
 */
#include "control.h"

enum {
    XID_RESET = 43,      /* ROBUST_CHANNEL_RESETCHANNEL_VERIF_ERROR */
    XID_REMOVED = 45,    /* ROBUST_CHANNEL_PREEMPTIVE_REMOVAL */
    DEFAULT_SLICE = 1024 /* microseconds: NV_RAMRL_ENTRY_TSG_TIMESLICE_TIMEOUT_128 << 3 */
};

static uint32_t
set_timeslice(struct emu_call *c)
{
    const uint64_t us = emu_get(&c->p, "timesliceUs");

    if (!us || us > UINT32_MAX)
        return NV_ERR_INVALID_ARGUMENT;
    c->object->u.channel.timeslice_us = (uint32_t)us;
    return NV_OK;
}

static uint32_t
get_timeslice(struct emu_call *c)
{
    const uint32_t us = c->object->u.channel.timeslice_us;

    emu_set(&c->p, us ? us : DEFAULT_SLICE, "timesliceUs");
    return NV_OK;
}

static uint32_t
set_interleave(struct emu_call *c)
{
    const uint64_t high = emu_constant(c->p.abi, "NVA06C_CTRL_INTERLEAVE_LEVEL_HIGH", 2);

    if (emu_get(&c->p, "tsgInterleaveLevel") > high ||
        emu_get(&c->p, "channelInterleaveLevel") > high)
        return NV_ERR_INVALID_ARGUMENT;
    return NV_OK;
}

/* Between two accesses to the card nothing runs: whoever asks finds the group at rest. */
static uint32_t
preempt(struct emu_call *c)
{
    const uint64_t most =
        emu_constant(c->p.abi, "NVA06C_CTRL_CMD_PREEMPT_MAX_MANUAL_TIMEOUT_US", 1000000);

    if (emu_get(&c->p, "bManualTimeout") && emu_get(&c->p, "timeoutUs") > most)
        return NV_ERR_INVALID_ARGUMENT;
    return NV_OK;
}

static uint32_t
stop_channel(struct emu_call *c)
{
    c->object->u.channel.scheduled = false;
    if (c->object->u.channel.host)
        c->object->u.channel.host->disabled = true;
    return NV_OK;
}

/* The owner gives the channel up: it stops as with an error. */
static uint32_t
reset_channel(struct emu_call *c)
{
    const uint64_t kill =
        emu_constant(c->p.abi, "NV906F_CTRL_CMD_RESET_CHANNEL_REASON_KILL_PROCESS", UINT64_MAX);
    struct emu_channel *ch = c->object->u.channel.host;

    if (!ch)
        return NV_ERR_INVALID_STATE;
    if (emu_get(&c->p, "resetReason") == kill)
        emu_host_fail(ch, XID_REMOVED, "channel removed with its process");
    else
        emu_host_fail(ch, XID_RESET, "channel reset by its owner");
    return NV_OK;
}

static uint32_t
get_mmu_fault(struct emu_call *c)
{
    const struct emu_channel *ch = c->object->u.channel.host;

    if (!ch || !ch->faulted)
        return NV_ERR_OBJECT_NOT_FOUND;
    emu_set(&c->p, ch->last_fault.va >> 32, "addrHi");
    emu_set(&c->p, (uint32_t)ch->last_fault.va, "addrLo");
    emu_set(&c->p, ch->last_fault.type, "faultType");
    emu_set_text(&c->p, emu_fault_type_name(ch->last_fault.type), "faultString");
    return NV_OK;
}

static struct emu_channel *
listed_channel(struct emu_call *c, uint64_t i)
{
    struct emu_object *o =
        emu_object_find(c->gpu, (uint32_t)emu_get(&c->p, "hClientList[%u]", (unsigned)i),
                        (uint32_t)emu_get(&c->p, "hChannelList[%u]", (unsigned)i));

    return o && emu_class_is(o->impl, "KernelChannel") ? o->u.channel.host : NULL;
}

static uint32_t
disable_channels(struct emu_call *c)
{
    const uint64_t n = emu_get(&c->p, "numChannels");
    const bool off = emu_get(&c->p, "bDisable") != 0;

    if (n > emu_count(&c->p, "hChannelList"))
        return NV_ERR_INVALID_ARGUMENT;
    for (uint64_t i = 0; i < n; i++)
        if (!listed_channel(c, i))
            return NV_ERR_OBJECT_NOT_FOUND;
    for (uint64_t i = 0; i < n; i++)
        listed_channel(c, i)->disabled = off;
    emu_host_run(c->gpu);
    return NV_OK;
}

static uint32_t
get_group_info(struct emu_call *c)
{
    emu_set(&c->p, c->object->handle & 0xfff, "tsgID");
    return NV_OK;
}

static uint32_t
accept(struct emu_call *c)
{
    (void)c;
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NVA06C_CTRL_CMD_SET_TIMESLICE",          set_timeslice   },
    {"NVA06C_CTRL_CMD_INTERNAL_SET_TIMESLICE", set_timeslice   },
    {"NVA06C_CTRL_CMD_GET_TIMESLICE",          get_timeslice   },
    {"NVA06C_CTRL_CMD_SET_INTERLEAVE_LEVEL",   set_interleave  },
    {"NVA06F_CTRL_CMD_SET_INTERLEAVE_LEVEL",   set_interleave  },
    {"NVA06C_CTRL_CMD_PREEMPT",                preempt         },
    {"NVA06C_CTRL_CMD_GET_INFO",               get_group_info  },
    {"NVA06C_CTRL_CMD_MAKE_REALTIME",          accept          },
    {"NVA06F_CTRL_CMD_STOP_CHANNEL",           stop_channel    },
    {"NV906F_CTRL_CMD_RESET_CHANNEL",          reset_channel   },
    {"NVA06F_CTRL_CMD_RESET_CHANNEL",          reset_channel   },
    {"NV906F_CTRL_CMD_GET_MMU_FAULT_INFO",     get_mmu_fault   },
    {"NVA06F_CTRL_CMD_GET_MMU_FAULT_INFO",     get_mmu_fault   },
    {"NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS",  disable_channels},
};
const struct emu_control_list emu_ctl_chan = EMU_CONTROL_LIST(rows);
