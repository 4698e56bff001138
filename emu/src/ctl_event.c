/* SPDX-License-Identifier: MIT */
/*
 * NV2080 EVENT controls (subdevice_ctrl_event_kernel.c).
 */
#include "control.h"

static bool
has_listener(struct emu_call *c)
{
    const struct emu_rm *rm = &c->gpu->gsp.rm;

    for (uint32_t i = 0; i < rm->buckets; i++)
        for (const struct emu_object *o = rm->hash[i]; o; o = o->hash_next)
            if ((emu_class_is(o->impl, "Event") || emu_class_is(o->impl, "EventApi")) &&
                o->u.event.client == c->object->client &&
                o->u.event.source == c->object->handle)
                return true;
    return false;
}

/* Off to on only: a notification that is on must be switched off before it can change. */
static uint32_t
set_notification(struct emu_call *c)
{
    const uint64_t disable =
        emu_constant(c->p.abi, "NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_DISABLE", 0);
    const uint64_t repeat =
        emu_constant(c->p.abi, "NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_REPEAT", 2);
    const uint64_t event = emu_get(&c->p, "event"), action = emu_get(&c->p, "action");
    uint8_t *state;

    if (!has_listener(c))
        return NV_ERR_INVALID_STATE;
    if (event >= emu_constant(c->p.abi, "NV2080_NOTIFIERS_MAXCOUNT", 0) ||
        event >= EMU_MAX_NOTIFIERS ||
        event == emu_constant(c->p.abi, "NV2080_NOTIFIERS_TIMER", UINT64_MAX))
        return NV_ERR_INVALID_ARGUMENT;
    if (action > repeat)
        return NV_ERR_INVALID_ARGUMENT;
    state = &c->object->u.notify->action[event];
    if (action != disable && *state != disable)
        return NV_ERR_INVALID_STATE;
    *state = (uint8_t)action;
    return NV_OK;
}

static uint32_t
set_trigger(struct emu_call *c)
{
    emu_notify_subdevice(c->gpu, c->object,
                         (uint32_t)emu_constant(c->p.abi, "NV2080_NOTIFIERS_SW", 0), 0);
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION", set_notification},
    {"NV2080_CTRL_CMD_EVENT_SET_TRIGGER",      set_trigger     },
};
const struct emu_control_list emu_ctl_event = EMU_CONTROL_LIST(rows);
