/* SPDX-License-Identifier: MIT */
/*
 * What RM reports of its own when something goes wrong: channel errors, records for the crash
 * journal, notifications of a subdevice.
 */
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"
#include "wire.h"

enum {
    JOURNAL_ENGINE = 2, /* NV2080_NOCAT_JOURNAL_REC_TYPE_ENGINE */
    CHANNEL = 5,
    FAULT_VA = 0x7f400000,
};

void
emu_fault_send_rc(struct emu_gpu *gpu, uint32_t xid)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_find(gpu->abi, "RC_TRIGGERED");
    const struct nvrm_layout *l = rpc ? nvrm_struct_at(gpu->abi, rpc->params) : NULL;
    uint8_t payload[256] = {0};
    struct emu_wire w = {
        .abi = gpu->abi, .layout = l, .data = payload, .bytes = sizeof(payload)};

    if (!l || l->size > sizeof(payload))
        return;
    emu_set(&w, emu_constant(gpu->abi, "NV2080_ENGINE_TYPE_GR0", 1), "nv2080EngineType");
    emu_set(&w, CHANNEL, "chid");
    emu_set(&w, 2, "exceptLevel"); /* fatal for the channel */
    emu_set(&w, xid, "exceptType");
    emu_set(&w, FAULT_VA, "mmuFaultAddrLo");
    emu_event_send(gpu, "RC_TRIGGERED", payload, l->size, NV_OK);
}

void
emu_fault_send_nocat(struct emu_gpu *gpu, uint32_t error)
{
    static const char name[] = "NV2080CtrlNocatJournalInsertRecord";
    const struct nvrm_layout *l = nvrm_struct_find(gpu->abi, name);
    static const uint8_t diagnosis[] = "emulated";
    uint8_t payload[2048] = {0};
    struct emu_wire w;
    long at;

    if (!l || !emu_wire_init(&w, gpu->abi, name, payload, sizeof(payload)))
        return;
    emu_set(&w, emu_now_ns(), "timestamp");
    emu_set(&w, emu_constant(gpu->abi, "NV2080_NOCAT_JOURNAL_REC_TYPE_ENGINE", JOURNAL_ENGINE),
            "recType");
    emu_set_text(&w, "GSP-RM", "source");
    emu_set(&w, error, "errorCode");
    emu_set_text(&w, "GR0", "faultingEngine");
    emu_set(&w, sizeof(diagnosis), "diagBufferLen");
    at = emu_offset(&w, "diagBuffer");
    if (at > 0)
        memcpy(payload + at, diagnosis, sizeof(diagnosis));
    emu_event_send(gpu, "GSP_POST_NOCAT_RECORD", payload, l->size, NV_OK);
}

/* To whoever listens at a subdevice. */
void
emu_fault_notify(struct emu_gpu *gpu, const char *notifier, uint32_t data)
{
    const struct emu_rm *rm = &gpu->gsp.rm;
    const uint32_t index = (uint32_t)emu_constant(gpu->abi, notifier, UINT32_MAX);

    for (uint32_t i = 0; i < rm->buckets; i++)
        for (struct emu_object *o = rm->hash[i]; o; o = o->hash_next)
            if (!strcmp(o->impl, "Subdevice"))
                emu_notify_subdevice(gpu, o, index, data);
}
