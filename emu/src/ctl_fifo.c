/* SPDX-License-Identifier: MIT */
/*
 * Host and channel controls: the device table, work submit tokens, scheduling; interrupts of
 * the engines.
 */
#include "control.h"

/* engineData[] of the device table: ENGINE_INFO_TYPE_*, engine_info.h of the vendor's tree */
enum {
    INFO_ENG_DESC,
    INFO_FIFO_TAG,
    INFO_RM_ENGINE_TYPE,
    INFO_RUNLIST,
    INFO_MMU_FAULT_ID,
    INFO_RC_MASK,
    INFO_RESET,
    INFO_INTR,
    INFO_MC,
    INFO_DEV_TYPE,
    INFO_INSTANCE,
    INFO_RUNLIST_PRI_BASE,
    INFO_HOST_DRIVEN,
    INFO_RUNLIST_ENGINE,
    INFO_CHRAM_PRI_BASE,
};

/* Position of an engine within its runlist. */
static uint32_t
runlist_index(const struct emu_card *card, uint32_t engine)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < engine; i++)
        n += card->engines[i].runlist == card->engines[engine].runlist;
    return n;
}

static void
put_entry(struct emu_call *c, uint32_t engine, unsigned at)
{
    const struct emu_engine *e = &c->card->engines[engine];
    const uint32_t values[] = {
        [INFO_ENG_DESC] = engine,
        [INFO_FIFO_TAG] = engine,
        [INFO_RM_ENGINE_TYPE] = emu_engine_rm_type(c->p.abi, e),
        [INFO_RUNLIST] = e->runlist,
        [INFO_MMU_FAULT_ID] = e->fault_id,
        [INFO_RC_MASK] = 0,
        [INFO_RESET] = e->reset_id,
        [INFO_INTR] = e->stall,
        [INFO_MC] = engine,
        [INFO_DEV_TYPE] = 0,
        [INFO_INSTANCE] = emu_engine_instance(e->name),
        [INFO_RUNLIST_PRI_BASE] = e->runlist_base,
        [INFO_HOST_DRIVEN] = 1,
        [INFO_RUNLIST_ENGINE] = runlist_index(c->card, engine),
        [INFO_CHRAM_PRI_BASE] = e->runlist_base + 0x200,
    };

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        emu_set(&c->p, values[i], "entries[%u].engineData[%u]", at, i);
    emu_set(&c->p, e->pbdma, "entries[%u].pbdmaIds[0]", at);
    emu_set(&c->p, e->fault_id, "entries[%u].pbdmaFaultIds[0]", at);
    emu_set(&c->p, 1, "entries[%u].numPbdmas", at);
    emu_set_text(&c->p, e->name, "entries[%u].engineName", at);
}

/* 32 entries a call; the caller goes on at baseIndex while bMore says so. */
static uint32_t
get_device_table(struct emu_call *c)
{
    const uint64_t base = emu_get(&c->p, "baseIndex");
    const unsigned room = emu_count(&c->p, "entries");
    unsigned n = 0;

    if (base % 32 || base >= 256)
        return NV_ERR_INVALID_ARGUMENT;
    for (uint64_t i = base; i < c->card->engine_count && n < room; i++)
        put_entry(c, (uint32_t)i, n++);
    emu_set(&c->p, n, "numEntries");
    emu_set(&c->p, base + n < c->card->engine_count, "bMore");
    return NV_OK;
}

static uint32_t
groups(struct emu_call *c)
{
    return c->card->channels;
}

static uint32_t
channels_per_group(struct emu_call *c)
{
    (void)c;
    return 128;
}

static uint32_t
subcontexts(struct emu_call *c)
{
    (void)c;
    return 64;
}

static uint32_t
per_runlist(struct emu_call *c)
{
    return c->card->architecture >= 0x17;
}

static uint32_t
none(struct emu_call *c)
{
    (void)c;
    return 0;
}

static uint32_t
get_info(struct emu_call *c)
{
    static const struct emu_info table[] = {
        {"INSTANCE_TOTAL",                       none              },
        {"MAX_CHANNEL_GROUPS",                   groups            },
        {"MAX_CHANNELS_PER_GROUP",               channels_per_group},
        {"CHANNEL_GROUPS_IN_USE",                none              },
        {"MAX_SUBCONTEXT_PER_GROUP",             subcontexts       },
        {"IS_PER_RUNLIST_CHANNEL_RAM_SUPPORTED", per_runlist       },
        {"MAX_CHANNEL_GROUPS_PER_ENGINE",        groups            },
        {"CHANNEL_GROUPS_IN_USE_PER_ENGINE",     none              },
    };

    if (!emu_get(&c->p, "fifoInfoTblSize"))
        return NV_OK;
    if (emu_get(&c->p, "fifoInfoTblSize") > emu_count(&c->p, "fifoInfoTbl"))
        return NV_ERR_INVALID_PARAM_STRUCT;
    return emu_info_fill(c, "fifoInfoTblSize", "fifoInfoTbl", "NV2080_CTRL_FIFO_INFO_INDEX_",
                         table, sizeof(table) / sizeof(table[0]));
}

static uint32_t
get_channel_count(struct emu_call *c)
{
    const struct emu_rm *rm = &c->gpu->gsp.rm;
    uint32_t used = 0;

    for (uint32_t i = 0; i < rm->buckets; i++)
        for (const struct emu_object *o = rm->hash[i]; o; o = o->hash_next)
            used += emu_class_is(o->impl, "KernelChannel");
    emu_set(&c->p, c->card->channels, "physChannelCount");
    emu_set(&c->p, used, "physChannelCountInUse");
    return NV_OK;
}

/* A list of engine types, 0 in the places that are not used; the answers go into lists beside
 * it. */
static uint32_t
get_runlist_bases(struct emu_call *c)
{
    for (unsigned i = 0; i < emu_count(&c->p, "engineList"); i++) {
        const uint32_t type = (uint32_t)emu_get(&c->p, "engineList[%u]", i);
        const struct emu_engine *e = emu_engine_by_type(c->p.abi, c->card, type);

        emu_set(&c->p, e ? e->runlist_base : UINT32_MAX, "runlistPriBase[%u]", i);
        emu_set(&c->p, e ? e->runlist : UINT32_MAX, "runlistId[%u]", i);
    }
    return NV_OK;
}

static uint32_t
get_fault_info(struct emu_call *c)
{
    const struct emu_engine *e =
        emu_engine_by_type(c->p.abi, c->card, (uint32_t)emu_get(&c->p, "engineType"));

    if (!e)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, e->fault_id, "mmuFaultId");
    emu_set(&c->p, e->name[0] == 'G', "bSubcontextSupported");
    return NV_OK;
}

/* Channels */

static uint32_t
get_token(struct emu_call *c)
{
    emu_set(&c->p, c->object->u.channel.chid, "workSubmitToken");
    return NV_OK;
}

static uint32_t
bind_channel(struct emu_call *c)
{
    const struct emu_engine *e =
        emu_engine_by_type(c->p.abi, c->card, (uint32_t)emu_get(&c->p, "engineType"));

    if (!e)
        return NV_ERR_INVALID_ARGUMENT;
    c->object->u.channel.engine = emu_engine_type(c->p.abi, e);
    c->object->u.channel.runlist = e->runlist;
    c->object->u.channel.bound = true;
    return NV_OK;
}

static uint32_t
schedule(struct emu_call *c)
{
    if (!emu_host_struck(c->gpu, EMU_EXEC_NOT_SCHEDULED))
        c->object->u.channel.scheduled = emu_get(&c->p, "bEnable") != 0;
    if (c->object->u.channel.host && emu_get(&c->p, "bEnable"))
        c->object->u.channel.host->disabled = false;
    return NV_OK;
}

/* Interrupts */

static void
put_vector(struct emu_call *c, unsigned at, const char *name, uint32_t stall, uint32_t nonstall)
{
    emu_set(&c->p, emu_engine_mc_index(c->p.abi, name), "table[%u].engineIdx", at);
    emu_set(&c->p, 0, "table[%u].pmcIntrMask", at);
    emu_set(&c->p, stall, "table[%u].vectorStall", at);
    emu_set(&c->p, nonstall, "table[%u].vectorNonStall", at);
}

/* Vectors come in leaves of 32, leaves in pairs: one bit of a subtree mask each. */
static void
put_subtrees(struct emu_call *c, uint64_t stall, uint64_t nonstall)
{
    enum {
        CATEGORY_STALL = 0,
        CATEGORY_NONSTALL = 3
    }; /* ESCHED_DRIVEN_ENGINE and its notification */

    for (unsigned i = 0; i < emu_count(&c->p, "subtreeMap"); i++) {
        const uint64_t mask = i == CATEGORY_STALL      ? stall
                              : i == CATEGORY_NONSTALL ? nonstall
                                                       : 0;

        if (!emu_set(&c->p, mask, "subtreeMap[%u].subtreeMask", i)) {
            emu_set(&c->p, mask ? 0 : 1, "subtreeMap[%u].subtreeStart", i);
            emu_set(&c->p, 0, "subtreeMap[%u].subtreeEnd", i);
        }
    }
}

static uint32_t
get_interrupts(struct emu_call *c)
{
    const unsigned room = emu_count(&c->p, "table");
    uint64_t stall = 0, nonstall = 0;
    unsigned n = 0;

    for (uint32_t i = 0; i < c->card->engine_count && n < room; i++) {
        const struct emu_engine *e = &c->card->engines[i];

        put_vector(c, n++, e->name, e->stall, e->nonstall);
        stall |= UINT64_C(1) << e->stall / 64 % 64;
        if (e->nonstall != UINT32_MAX)
            nonstall |= UINT64_C(1) << e->nonstall / 64 % 64;
    }
    if (n < room)
        put_vector(c, n++, "GSP", EMU_GSP_VECTOR, UINT32_MAX);
    if (n < room)
        put_vector(c, n++, "NON_REPLAYABLE_FAULT", EMU_FAULT_VECTOR, UINT32_MAX);
    emu_set(&c->p, n, "tableLen");
    put_subtrees(c, stall, nonstall);
    return NV_OK;
}

static uint32_t
get_notification_vectors(struct emu_call *c)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < c->card->engine_count && n < emu_count(&c->p, "entries"); i++) {
        const struct emu_engine *e = &c->card->engines[i];

        if (e->nonstall == UINT32_MAX)
            continue;
        emu_set(&c->p, emu_engine_type(c->p.abi, e), "entries[%u].nv2080EngineType", n);
        emu_set(&c->p, e->nonstall, "entries[%u].notificationIntrVector", n++);
    }
    emu_set(&c->p, n, "numEntries");
    return NV_OK;
}

static uint32_t
accept(struct emu_call *c)
{
    (void)c;
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE",                     get_device_table        },
    {"NV2080_CTRL_CMD_FIFO_GET_INFO",                                  get_info                },
    {"NV2080_CTRL_CMD_FIFO_GET_PHYSICAL_CHANNEL_COUNT",                get_channel_count       },
    {"NV2080_CTRL_CMD_GPU_GET_ENGINE_RUNLIST_PRI_BASE",                get_runlist_bases       },
    {"NV2080_CTRL_CMD_GPU_GET_ENGINE_FAULT_INFO",                      get_fault_info          },
    {"NV2080_CTRL_CMD_MC_GET_ENGINE_NOTIFICATION_INTR_VECTORS",        get_notification_vectors},
    {"NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN",                   get_token               },
    {"NVA06F_CTRL_CMD_BIND",                                           bind_channel            },
    {"NVA06F_CTRL_CMD_GPFIFO_SCHEDULE",                                schedule                },
    {"NVA06C_CTRL_CMD_GPFIFO_SCHEDULE",                                schedule                },
    {"NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE",                 get_interrupts          },
    {"NV2080_CTRL_CMD_INTERNAL_FIFO_TOGGLE_ACTIVE_CHANNEL_SCHEDULING", accept                  },
};
const struct emu_control_list emu_ctl_fifo = EMU_CONTROL_LIST(rows);
