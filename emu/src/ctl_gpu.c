/* SPDX-License-Identifier: MIT */
/*
 * NV2080 GPU and MC controls: names, ids, engines, GPC and TPC masks.
 */
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "hw.h"

enum { GPU_ID = 0x100 }; /* the first GPU is on bus 1: (bus << 8 | slot), as gpumgr makes ids */

static uint32_t
get_name(struct emu_call *c)
{
    const uint64_t flags = emu_get(&c->p, "gpuNameStringFlags");

    if (flags == 0) { /* ASCII */
        emu_set_text(&c->p, c->card->pub.product, "gpuNameString.ascii");
        return NV_OK;
    }
    if (flags != 1 || !emu_has(&c->p, "gpuNameString.unicode"))
        return NV_ERR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < emu_count(&c->p, "gpuNameString.unicode"); i++)
        emu_set(&c->p, i < strlen(c->card->pub.product) ? (uint8_t)c->card->pub.product[i] : 0,
                "gpuNameString.unicode[%u]", i);
    return NV_OK;
}

static uint32_t
get_short_name(struct emu_call *c)
{
    emu_set_text(&c->p, c->card->short_name, "gpuShortNameString");
    return NV_OK;
}

/* "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", or the 16 bytes themselves (gpuGetGidInfo) */
static uint32_t
get_gid(struct emu_call *c)
{
    const uint64_t flags = emu_get(&c->p, "flags");
    uint8_t u[16];
    char text[48];

    emu_card_uuid(c->card, u);
    switch (flags & 3) {
    case 0: /* ASCII; the length counts the NUL */
        snprintf(text, sizeof(text),
                 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
                 u[12], u[13], u[14], u[15]);
        emu_set_text(&c->p, text, "data");
        emu_set(&c->p, strlen(text) + 1, "length");
        return NV_OK;
    case 2: /* binary */
        emu_set_bytes(&c->p, u, sizeof(u), "data");
        emu_set(&c->p, sizeof(u), "length");
        return NV_OK;
    default:
        return NV_ERR_INVALID_ARGUMENT;
    }
}

static uint32_t
get_engines(struct emu_call *c)
{
    const unsigned room = emu_count(&c->p, "engineList");
    unsigned n = 0;

    for (uint32_t i = 0; i < c->card->engine_count && n < room; i++) {
        const uint32_t type = emu_engine_type(c->p.abi, &c->card->engines[i]);

        if (type)
            emu_set(&c->p, type, "engineList[%u]", n++);
    }
    emu_set(&c->p, n, "engineCount");
    return NV_OK;
}

/* GPU_GET_FERMI_*_INFO and their successors in GR. */
static uint32_t
get_gpc_mask(struct emu_call *c)
{
    emu_set(&c->p, emu_card_gpc_mask(c->card), "gpcMask");
    return NV_OK;
}

static uint32_t
get_tpc_mask(struct emu_call *c)
{
    const uint64_t gpc = emu_get(&c->p, "gpcId");

    if (gpc >= c->card->gpcs)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, (1u << c->card->tpcs[gpc]) - 1, "tpcMask");
    return NV_OK;
}

static uint32_t
get_id(struct emu_call *c)
{
    emu_set(&c->p, GPU_ID * (c->card->number + UINT64_C(1)), "gpuId");
    return NV_OK;
}

static uint32_t
get_sdm(struct emu_call *c)
{
    emu_set(&c->p, 1, "subdeviceMask");
    return NV_OK;
}

static uint32_t
get_simulation(struct emu_call *c)
{
    emu_set(&c->p, 0, "type"); /* RM believes that it runs on silicon */
    return NV_OK;
}

/* Falcons that RM built: the GSP's, which has no context buffer. */
static uint32_t
get_falcons(struct emu_call *c)
{
    static const char table[] = "constructedFalconsTable";

    emu_set(&c->p, 1, "numConstructedFalcons");
    emu_set(&c->p, 0x110000, "%s[0].registerBase", table);
    return NV_OK;
}

/* Every buffer must be one that RM told the size of; channel and client must exist. */
static uint32_t
promote_context(struct emu_call *c)
{
    const uint32_t client = (uint32_t)emu_get(&c->p, "hChanClient");
    const uint32_t channel = (uint32_t)emu_get(&c->p, "hObject");
    const uint64_t entries = emu_get(&c->p, "entryCount");
    const struct emu_object *o;

    if (entries > emu_count(&c->p, "promoteEntry"))
        return NV_ERR_INVALID_ARGUMENT;
    if (!emu_object_find(c->gpu, client, client))
        return NV_ERR_INVALID_CLIENT;
    o = emu_object_find(c->gpu, client, channel);
    if (!o)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!emu_class_is(o->impl, "KernelChannel") &&
        !emu_class_is(o->impl, "KernelChannelGroupApi"))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    return NV_OK;
}

static uint32_t
info_zero(struct emu_call *c)
{
    (void)c;
    return 0;
}

static uint32_t
info_sm_version(struct emu_call *c)
{
    return c->card->sm_version;
}

static uint32_t
info_display(struct emu_call *c)
{
    return c->card->display;
}

static uint32_t
get_info(struct emu_call *c)
{
    static const struct emu_info table[] = {
        {"GPU_SM_VERSION",  info_sm_version},
        {"DISPLAY_ENABLED", info_display   },
        {"SYSMEM_ACCESS",   info_zero      },
    };

    return emu_info_fill(c, "gpuInfoListSize", "gpuInfoList", "NV2080_CTRL_GPU_INFO_INDEX_",
                         table, sizeof(table) / sizeof(table[0]));
}

/* 2 MiB pages, 512 MiB ones from Hopper on */
static uint32_t
get_page_size(struct emu_call *c)
{
    emu_set(&c->p, c->card->mmu_version >= 3 ? 512u << 20 : 2u << 20, "maxSupportedPageSize");
    return NV_OK;
}

static uint32_t
get_arch(struct emu_call *c)
{
    emu_set(&c->p, (uint64_t)c->card->architecture << 4, "architecture");
    emu_set(&c->p, c->card->implementation, "implementation");
    emu_set(&c->p, c->card->revision, "revision");
    return NV_OK;
}

/* Data-centre cards have ECC. Only the GSP's unit has a number in the vendor's public headers:
 * the others say that they are not there. */
static uint32_t
get_ecc(struct emu_call *c)
{
    const struct emu_hw *hw = c->gpu->hw;
    const uint64_t unit = emu_constant(c->p.abi, "NV2080_CTRL_GPU_ECC_UNIT_GSP", UINT64_MAX);
    const bool here = c->card->pci_class == 0x030200 && unit < emu_count(&c->p, "units");

    for (unsigned i = 0; i < emu_count(&c->p, "units"); i++) {
        const bool on = here && i == unit;
        const uint32_t errors = on && emu_hw_fault(c->gpu, EMU_BOOT_ECC_ERRORS)
                                    ? hw->fault_arg[EMU_BOOT_ECC_ERRORS]
                                    : 0;

        emu_set(&c->p, on, "units[%u].enabled", i);
        emu_set(&c->p, on, "units[%u].scrubComplete", i);
        emu_set(&c->p, on, "units[%u].supported", i);
        emu_set(&c->p, errors, "units[%u].dbe.count", i);
        emu_set(&c->p, errors, "units[%u].dbeNonResettable.count", i);
        emu_set(&c->p, 0, "units[%u].sbe.count", i);
        emu_set(&c->p, 0, "units[%u].sbeNonResettable.count", i);
    }
    emu_set(&c->p, 0, "bFatalPoisonError");
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_GPU_QUERY_ECC_STATUS",                 get_ecc        },
    {"NV2080_CTRL_CMD_GPU_GET_NAME_STRING",                  get_name       },
    {"NV2080_CTRL_CMD_GPU_GET_SHORT_NAME_STRING",            get_short_name },
    {"NV2080_CTRL_CMD_GPU_GET_GID_INFO",                     get_gid        },
    {"NV2080_CTRL_CMD_GPU_GET_ENGINES_V2",                   get_engines    },
    {"NV2080_CTRL_CMD_GR_GET_GPC_MASK",                      get_gpc_mask   },
    {"NV2080_CTRL_CMD_GR_GET_TPC_MASK",                      get_tpc_mask   },
    {"NV2080_CTRL_CMD_GPU_GET_FERMI_GPC_INFO",               get_gpc_mask   },
    {"NV2080_CTRL_CMD_GPU_GET_FERMI_TPC_INFO",               get_tpc_mask   },
    {"NV2080_CTRL_CMD_GPU_GET_ID",                           get_id         },
    {"NV2080_CTRL_CMD_GPU_GET_SDM",                          get_sdm        },
    {"NV2080_CTRL_CMD_GPU_GET_SIMULATION_INFO",              get_simulation },
    {"NV2080_CTRL_CMD_GPU_GET_CONSTRUCTED_FALCON_INFO",      get_falcons    },
    {"NV2080_CTRL_CMD_INTERNAL_GET_CONSTRUCTED_FALCON_INFO", get_falcons    },
    {"NV2080_CTRL_CMD_GPU_PROMOTE_CTX",                      promote_context},
    {"NV2080_CTRL_CMD_GPU_GET_INFO_V2",                      get_info       },
    {"NV2080_CTRL_CMD_GPU_GET_CACHED_INFO",                  get_info       },
    {"NV2080_CTRL_CMD_GPU_GET_MAX_SUPPORTED_PAGE_SIZE",      get_page_size  },
    {"NV2080_CTRL_CMD_MC_GET_ARCH_INFO",                     get_arch       },
};
const struct emu_control_list emu_ctl_gpu = EMU_CONTROL_LIST(rows);
