/* SPDX-License-Identifier: MIT */
/*
 * Controls that RM itself has no more: the module turns them into their successors, which carry
 * a list inside instead of behind a pointer (rmapi_deprecated_control.c).
 */
#include <stdio.h>
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum { ROW_BYTES = 8, V2_MAX = 4096 };

static const struct {
    const char *name, *count, *list;
} lists[] = {
    {"NV2080_CTRL_CMD_BIOS_GET_INFO", "biosInfoListSize", "biosInfoList"},
    {"NV2080_CTRL_CMD_BUS_GET_INFO",  "busInfoListSize",  "busInfoList" },
    {"NV2080_CTRL_CMD_FB_GET_INFO",   "fbInfoListSize",   "fbInfoList"  },
    {"NV2080_CTRL_CMD_GPU_GET_INFO",  "gpuInfoListSize",  "gpuInfoList" },
};

static const struct nvrm_control *
successor(struct nvrm_abi abi, const char *name)
{
    char text[96];

    return (size_t)snprintf(text, sizeof(text), "%s_V2", name) < sizeof(text)
               ? nvrm_control_find(abi, text)
               : NULL;
}

/* The list goes into the successor's parameters, is answered there, and comes back. */
static uint32_t
convert(struct kmod_card *card, const struct kmod_object *o, uint32_t client, size_t i,
        const struct emu_wire *p)
{
    const struct nvrm_control *row = successor(p->abi, lists[i].name);
    const uint64_t n = emu_get(p, "%s", lists[i].count);
    const uint64_t user = emu_get(p, "%s", lists[i].list);
    uint8_t data[V2_MAX] = {0};
    struct emu_wire v2;
    uint32_t status;
    long at;

    if (!row || !emu_wire_init(&v2, p->abi, nvrm_struct_name(p->abi.schema, row->params), data,
                               sizeof(data)))
        return NV_ERR_NOT_SUPPORTED;
    at = emu_offset(&v2, "%s", lists[i].list);
    if (!n || n > emu_count(&v2, "%s", lists[i].list) || at < 0)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&v2, n, "%s", lists[i].count);
    if (kmod_copy_in(data + at, user, n * ROW_BYTES) < 0)
        return NV_ERR_INVALID_ADDRESS;
    status = kmod_gsp_control(
        card, &(struct kmod_control){client, o->handle, row->id, v2.layout->size}, data,
        v2.layout->size);
    if (status == NV_OK && kmod_copy_out(user, data + at, n * ROW_BYTES) < 0)
        status = NV_ERR_INVALID_ADDRESS;
    return status;
}

static uint32_t
build_version(const struct emu_wire *p)
{
    static const char *const buffers[] = {"pDriverVersionBuffer", "pVersionBuffer",
                                          "pTitleBuffer"};
    const char *release = nvrm_release_name(p->abi.schema, p->abi.release);
    const uint64_t room = emu_get(p, "sizeOfStrings");

    if (room <= strlen(release))
        return NV_ERR_INVALID_PARAM_STRUCT;
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++)
        if (kmod_copy_out(emu_get(p, "%s", buffers[i]), release, strlen(release) + 1) < 0)
            return NV_ERR_INVALID_ADDRESS;
    emu_set(p, strlen(release) + 1, "sizeOfStrings");
    return NV_OK;
}

bool
kmod_deprecated(struct kmod_call *c, struct kmod_client *client, uint32_t object, uint32_t cmd,
                const struct emu_wire *p, uint32_t *status_out)
{
    const struct nvrm_control *row = nvrm_control_by_id(c->kmod->abi, cmd);
    const char *name = row ? nvrm_str(c->kmod->abi.schema, row->name) : "";
    const struct kmod_object *o = kmod_object(client, object);

    if (!row || row->on || !p->layout)
        return false;
    if (!strcmp(name, "NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION")) {
        *status_out = object == client->handle ? build_version(p) : NV_ERR_OBJECT_NOT_FOUND;
        return true;
    }
    for (size_t i = 0; o && o->card && i < sizeof(lists) / sizeof(*lists); i++) {
        if (strcmp(lists[i].name, name))
            continue;
        *status_out = convert(o->card, o, client->handle, i, p);
        return true;
    }
    return false;
}
