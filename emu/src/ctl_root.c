/* SPDX-License-Identifier: MIT */
/*
 * NV0000 controls on a client: the one GPU that GSP-RM knows.
 */
#include "control.h"

enum { GPU_ID = 0x100, NO_GPU = 0xffffffffu };

static void
put_ids(struct emu_call *c, const char *list)
{
    emu_set(&c->p, GPU_ID, "%s[0]", list);
    for (unsigned i = 1; i < emu_count(&c->p, "%s", list); i++)
        emu_set(&c->p, NO_GPU, "%s[%u]", list, i);
}

static uint32_t
get_attached(struct emu_call *c)
{
    put_ids(c, "gpuIds");
    return NV_OK;
}

static uint32_t
get_probed(struct emu_call *c)
{
    put_ids(c, "gpuIds");
    for (unsigned i = 0; i < emu_count(&c->p, "excludedGpuIds"); i++)
        emu_set(&c->p, NO_GPU, "excludedGpuIds[%u]", i);
    return NV_OK;
}

static uint32_t
get_id_info(struct emu_call *c)
{
    if (emu_get(&c->p, "gpuId") != GPU_ID)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, 0, "deviceInstance");
    emu_set(&c->p, 0, "subDeviceInstance");
    emu_set(&c->p, 0, "gpuInstance");
    emu_set(&c->p, 0, "boardId");
    emu_set(&c->p, UINT32_MAX, "numaId");
    return NV_OK;
}

static uint32_t
get_build_version(struct emu_call *c)
{
    const char *release = nvrm_release_name(c->p.abi.schema, c->p.abi.release);

    emu_set_text(&c->p, release, "driverVersionBuffer");
    emu_set_text(&c->p, release, "versionBuffer");
    emu_set_text(&c->p, "nvrm emulated GSP-RM", "titleBuffer");
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS",        get_attached     },
    {"NV0000_CTRL_CMD_GPU_GET_PROBED_IDS",          get_probed       },
    {"NV0000_CTRL_CMD_GPU_GET_ID_INFO",             get_id_info      },
    {"NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2",          get_id_info      },
    {"NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION_V2", get_build_version},
};
const struct emu_control_list emu_ctl_root = EMU_CONTROL_LIST(rows);
