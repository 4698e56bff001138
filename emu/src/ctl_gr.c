/* SPDX-License-Identifier: MIT */
/*
 * NV2080 graphics-engine controls: counts, masks, context buffers.
 */
#include <stdio.h>

#include "control.h"

static uint32_t
gpcs(struct emu_call *c)
{
    return c->card->max_gpcs;
}

static uint32_t
max_tpcs(struct emu_call *c)
{
    return c->card->max_tpcs_per_gpc;
}

static uint32_t
sms_per_tpc(struct emu_call *c)
{
    return c->card->sms_per_tpc;
}

static uint32_t
live_gpcs(struct emu_call *c)
{
    return c->card->gpcs;
}

static uint32_t
live_tpcs(struct emu_call *c)
{
    return emu_card_tpcs(c->card);
}

static uint32_t
sm_version(struct emu_call *c)
{
    return c->card->sm_version;
}

static uint32_t
warps(struct emu_call *c)
{
    return c->card->max_warps_per_sm;
}

static uint32_t
threads(struct emu_call *c)
{
    (void)c;
    return 32;
}

static uint32_t
cores_per_sm(struct emu_call *c)
{
    return c->card->cores_per_sm;
}

static uint32_t
cores(struct emu_call *c)
{
    return emu_card_sms(c->card) * c->card->cores_per_sm;
}

static uint32_t
rt_cores(struct emu_call *c)
{
    return emu_card_sms(c->card) * c->card->rt_per_sm;
}

static uint32_t
tensor_cores(struct emu_call *c)
{
    return emu_card_sms(c->card) * c->card->tensor_per_sm;
}

static uint32_t
fbps(struct emu_call *c)
{
    return c->card->fbps;
}

static uint32_t
ltcs(struct emu_call *c)
{
    return c->card->ltcs;
}

static uint32_t
slices(struct emu_call *c)
{
    return c->card->slices_per_ltc;
}

static uint32_t
ltc_per_fbp(struct emu_call *c)
{
    return c->card->ltcs / c->card->fbps;
}

static uint32_t
rops(struct emu_call *c)
{
    return c->card->rops_per_gpc;
}

static uint32_t
one(struct emu_call *c)
{
    (void)c;
    return 1;
}

static uint32_t
subcontexts(struct emu_call *c)
{
    (void)c;
    return 64;
}

/* SHADER_PIPE is RM's old word for a GPC in use, its sub-unit for a TPC. */
static const struct emu_info table[] = {
    {"SHADER_PIPE_COUNT",         live_gpcs   },
    {"SHADER_PIPE_SUB_COUNT",     live_tpcs   },
    {"VPE_COUNT",                 live_tpcs   },
    {"SM_VERSION",                sm_version  },
    {"MAX_WARPS_PER_SM",          warps       },
    {"MAX_THREADS_PER_WARP",      threads     },
    {"MAX_SP_PER_SM",             cores_per_sm},
    {"GPU_CORE_COUNT",            cores       },
    {"RT_CORE_COUNT",             rt_cores    },
    {"TENSOR_CORE_COUNT",         tensor_cores},
    {"LITTER_NUM_GPCS",           gpcs        },
    {"LITTER_NUM_TPC_PER_GPC",    max_tpcs    },
    {"FAMILY_MAX_TPC_PER_GPC",    max_tpcs    },
    {"LITTER_NUM_SM_PER_TPC",     sms_per_tpc },
    {"LITTER_NUM_FBPS",           fbps        },
    {"LITTER_NUM_LTCS",           ltcs        },
    {"LITTER_NUM_SLICES_PER_LTC", slices      },
    {"LITTER_NUM_LTC_PER_FBP",    ltc_per_fbp },
    {"LITTER_NUM_ROP_PER_GPC",    rops        },
    {"LITTER_NUM_GRS",            one         },
    {"TIMESLICE_ENABLED",         one         },
    {"MAX_SUBCONTEXT_COUNT",      subcontexts },
};
enum { TABLE = sizeof(table) / sizeof(table[0]) };

static uint32_t
get_info(struct emu_call *c)
{
    return emu_info_fill(c, "grInfoListSize", "grInfoList", "NV2080_CTRL_GR_INFO_INDEX_", table,
                         TABLE);
}

/* The same figures for every graphics engine, one list an engine, indexed by position. */
static uint32_t
get_static_info(struct emu_call *c)
{
    char name[96];

    for (unsigned i = 0; i < emu_count(&c->p, "engineInfo[0].infoList"); i++) {
        emu_set(&c->p, i, "engineInfo[0].infoList[%u].index", i);
        emu_set(&c->p, 0, "engineInfo[0].infoList[%u].data", i);
    }
    for (unsigned i = 0; i < TABLE; i++) {
        uint64_t index;

        snprintf(name, sizeof(name), "NV2080_CTRL_GR_INFO_INDEX_%s", table[i].name);
        index = emu_constant(c->p.abi, name, UINT64_MAX);
        if (index != UINT64_MAX)
            emu_set(&c->p, table[i].value(c), "engineInfo[0].infoList[%u].data",
                    (unsigned)index);
    }
    return NV_OK;
}

static uint32_t
get_buffers(struct emu_call *c)
{
    static const char list[] = "engineContextBuffersInfo[0].engine";

    for (unsigned i = 0; i < emu_count(&c->p, "%s", list) && i < EMU_CTX_BUFFERS; i++) {
        const struct emu_ctx_buffer *b = &c->card->ctx[i];

        emu_set(&c->p, b->bytes ? b->bytes : UINT32_MAX, "%s[%u].size", list, i);
        emu_set(&c->p, b->bytes ? b->alignment : UINT32_MAX, "%s[%u].alignment", list, i);
    }
    return NV_OK;
}

/* One buffer by its number, on subdevice and device alike. */
static uint32_t
get_buffer(struct emu_call *c)
{
    const uint64_t id = emu_get(&c->p, "engineId");

    if (id >= EMU_CTX_BUFFERS || !c->card->ctx[id].bytes)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, c->card->ctx[id].bytes, "size");
    emu_set(&c->p, c->card->ctx[id].alignment, "alignment");
    emu_set(&c->p, 1, "bInfoPopulated");
    return NV_OK;
}

/* SMs are numbered TPC by TPC, the GPCs in turn. */
static uint32_t
get_sm_map(struct emu_call *c)
{
    const struct emu_card *card = c->card;
    unsigned sm = 0;

    for (uint32_t tpc = 0; tpc < card->max_tpcs_per_gpc; tpc++)
        for (uint32_t gpc = 0; gpc < card->gpcs; gpc++)
            for (uint32_t k = 0; tpc < card->tpcs[gpc] && k < card->sms_per_tpc; k++, sm++) {
                emu_set(&c->p, gpc, "smId[%u].gpcId", sm);
                emu_set(&c->p, tpc, "smId[%u].tpcId", sm);
            }
    emu_set(&c->p, sm, "smCount");
    return NV_OK;
}

static uint32_t
get_zcull(struct emu_call *c)
{
    const uint32_t n = c->card->gpcs;

    emu_set(&c->p, (uint64_t)n * 16, "widthAlignPixels");
    emu_set(&c->p, 32, "heightAlignPixels");
    emu_set(&c->p, (uint64_t)n * 2048, "pixelSquaresByAliquots");
    emu_set(&c->p, (uint64_t)n * 3072, "aliquotTotal");
    emu_set(&c->p, (uint64_t)n * 16, "zcullRegionByteMultiplier");
    emu_set(&c->p, 0xe0, "zcullRegionHeaderSize");
    emu_set(&c->p, 0xc0, "zcullSubregionHeaderSize");
    emu_set(&c->p, 16, "subregionCount");
    emu_set(&c->p, (uint64_t)n * 16, "subregionWidthAlignPixels");
    emu_set(&c->p, 64, "subregionHeightAlignPixels");
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_GR_GET_INFO",                                  get_info       },
    {"NV2080_CTRL_CMD_GR_GET_INFO_V2",                               get_info       },
    {"NV2080_CTRL_CMD_GR_GET_ENGINE_CONTEXT_PROPERTIES",             get_buffer     },
    {"NV0080_CTRL_CMD_FIFO_GET_ENGINE_CONTEXT_PROPERTIES",           get_buffer     },
    {"NV2080_CTRL_CMD_GR_GET_ZCULL_INFO",                            get_zcull      },
    {"NV2080_CTRL_CMD_GR_GET_SM_TO_GPC_TPC_MAPPINGS",                get_sm_map     },
    {"NV2080_CTRL_CMD_INTERNAL_STATIC_KGR_GET_INFO",                 get_static_info},
    {"NV2080_CTRL_CMD_INTERNAL_STATIC_KGR_GET_CONTEXT_BUFFERS_INFO", get_buffers    },
};
const struct emu_control_list emu_ctl_gr = EMU_CONTROL_LIST(rows);
