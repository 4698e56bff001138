/* SPDX-License-Identifier: MIT */
/*
 * NV2080 and NV0080 controls that compute clients ask when they start: where the SMs are, how
 * large a context is, and what this card lacks: partitions, links to the CPU, a watchdog.
 */
#include "control.h"
#include "object.h"

enum { WRITE_BACK = 1, WATCHDOG_DISABLED = 1, NOT_PERSISTENT = 1 };

static uint32_t
nothing(struct emu_call *c)
{
    (void)c; /* what came in is zero but for what was asked */
    return NV_OK;
}

/* SMs count up through the first TPCs of all GPCs, then the second ones, and so on. */
static void
put_sm(struct emu_call *c, unsigned n, unsigned gpc, unsigned tpc, unsigned sm)
{
    emu_set(&c->p, gpc, "globalSmId[%u].gpcId", n);
    emu_set(&c->p, tpc, "globalSmId[%u].localTpcId", n);
    emu_set(&c->p, sm, "globalSmId[%u].localSmId", n);
    emu_set(&c->p, n / c->card->sms_per_tpc, "globalSmId[%u].globalTpcId", n);
    emu_set(&c->p, gpc, "globalSmId[%u].virtualGpcId", n);
    emu_set(&c->p, tpc, "globalSmId[%u].migratableTpcId", n);
}

static uint32_t
get_sm_order(struct emu_call *c)
{
    const uint64_t most = emu_count(&c->p, "globalSmId");
    unsigned n = 0;

    if (emu_card_sms(c->card) > most)
        return NV_ERR_BUFFER_TOO_SMALL;
    for (unsigned tpc = 0; tpc < c->card->max_tpcs_per_gpc; tpc++)
        for (unsigned gpc = 0; gpc < c->card->gpcs; gpc++)
            for (unsigned sm = 0; tpc < c->card->tpcs[gpc] && sm < c->card->sms_per_tpc; sm++)
                put_sm(c, n++, gpc, tpc, sm);
    emu_set(&c->p, n, "numSm");
    emu_set(&c->p, emu_card_tpcs(c->card), "numTpc");
    return NV_OK;
}

/* All buffers of the graphics context, each in whole pages. */
static uint32_t
get_context_bytes(struct emu_call *c)
{
    const struct emu_object *o =
        emu_object_find(c->gpu, c->object->client, (uint32_t)emu_get(&c->p, "hChannel"));
    uint64_t bytes = 0;

    if (!o)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!emu_class_is(o->impl, "KernelChannel"))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    for (unsigned i = 0; i < EMU_CTX_BUFFERS; i++)
        bytes += (c->card->ctx[i].bytes + UINT64_C(4095)) & ~UINT64_C(4095);
    emu_set(&c->p, bytes, "totalBufferSize");
    return NV_OK;
}

static uint32_t
get_gpc_tpcs(struct emu_call *c)
{
    const uint64_t gpc = emu_get(&c->p, "gpcId");

    if (gpc >= c->card->gpcs)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, c->card->tpcs[gpc], "numTpcs");
    return NV_OK;
}

static uint32_t
get_cache(struct emu_call *c)
{
    emu_set(&c->p, 0, "powerState"); /* on, not bypassed, all of it */
    emu_set(&c->p, WRITE_BACK, "writeMode");
    emu_set(&c->p, 0, "bypassMode");
    emu_set(&c->p, 0, "rcmState");
    return NV_OK;
}

/* One physical engine for each copy engine, by the same number. */
static uint32_t
get_copy_mask(struct emu_call *c)
{
    const uint64_t type = emu_get(&c->p, "ceEngineType");
    const uint64_t first = emu_constant(c->p.abi, "NV2080_ENGINE_TYPE_COPY0", 9);

    if (!emu_engine_by_type(c->p.abi, c->card, (uint32_t)type) || type < first ||
        type - first > 31)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, UINT64_C(1) << (type - first), "pceMask");
    return NV_OK;
}

static uint32_t
get_partitions(struct emu_call *c)
{
    emu_set(&c->p, 0, "partitionCount");
    return NV_OK;
}

static uint32_t
get_rules(struct emu_call *c)
{
    emu_set(&c->p, 0, "rules"); /* any number of contexts */
    return NV_OK;
}

static uint32_t
get_watchdog(struct emu_call *c)
{
    emu_set(&c->p, WATCHDOG_DISABLED, "watchdogStatusFlags");
    return NV_OK;
}

static uint32_t
get_persistence(struct emu_call *c)
{
    emu_set(&c->p, NOT_PERSISTENT, "swStatePersistence");
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_GR_GET_GLOBAL_SM_ORDER",             get_sm_order     },
    {"NV2080_CTRL_CMD_GR_GET_CTX_BUFFER_SIZE",             get_context_bytes},
    {"NV2080_CTRL_CMD_GR_GET_NUM_TPCS_FOR_GPC",            get_gpc_tpcs     },
    {"NV2080_CTRL_CMD_GR_GET_SM_ISSUE_RATE_MODIFIER",      nothing          }, /* full speed */
    {"NV2080_CTRL_CMD_FB_GET_GPU_CACHE_INFO",              get_cache        },
    {"NV2080_CTRL_CMD_CE_GET_CE_PCE_MASK",                 get_copy_mask    },
    {"NV2080_CTRL_CMD_GPU_GET_ACTIVE_PARTITION_IDS",       get_partitions   },
    {"NV2080_CTRL_CMD_GPU_QUERY_COMPUTE_MODE_RULES",       get_rules        },
    {"NV2080_CTRL_CMD_RC_GET_WATCHDOG_INFO",               get_watchdog     },
    {"NV2080_CTRL_CMD_RC_DISABLE_WATCHDOG",                nothing          },
    {"NV2080_CTRL_CMD_RC_ENABLE_WATCHDOG",                 nothing          },
    {"NV2080_CTRL_CMD_RC_SOFT_DISABLE_WATCHDOG",           nothing          },
    {"NV2080_CTRL_CMD_RC_RELEASE_WATCHDOG_REQUESTS",       nothing          },
    {"NV2080_CTRL_CMD_BUS_GET_C2C_INFO",                   nothing          },
    {"NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS", nothing          },
    {"NV0080_CTRL_CMD_GPU_QUERY_SW_STATE_PERSISTENCE",     get_persistence  },
};
const struct emu_control_list emu_ctl_compute = EMU_CONTROL_LIST(rows);
