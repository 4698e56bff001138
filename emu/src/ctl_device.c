/* SPDX-License-Identifier: MIT */
/*
 * NV0080 controls on a device, the classes of one engine, and controls of address spaces.
 */
#include <string.h>

#include "control.h"

/* What serves which class: lists of the chips in g_gpu_class_list.c. */
static bool
serves(struct nvrm_abi abi, const char *engine, uint32_t class_id)
{
    static const struct {
        const char *engine, *impl;
    } rows[] = {
        {"GR",     "KernelGraphicsObject"},
        {"GR",     "AccessCounterBuffer" },
        {"GR",     "MmuFaultBuffer"      },
        {"COPY",   "KernelCeContext"     },
        {"NVDEC",  "NvdecContext"        },
        {"NVENC",  "MsencContext"        },
        {"NVJPEG", "NvjpgContext"        },
        {"OFA",    "OfaContext"          },
        {"SEC2",   "Sec2Context"         },
    };
    const struct nvrm_class *cls = nvrm_class_by_id(abi, class_id);
    const char *impl = cls ? nvrm_str(abi.schema, cls->impl) : "";

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (!strncmp(engine, rows[i].engine, strlen(rows[i].engine)) &&
            !strcmp(impl, rows[i].impl))
            return true;
    return false;
}

/* The classes of the chip, or of one engine, each once, as far as there is room; how many there
 * are. */
static unsigned
list_classes(const struct emu_call *c, const char *engine, uint8_t *list, unsigned room)
{
    const struct emu_rm *rm = &c->gpu->gsp.rm;
    unsigned n = 0;

    for (uint32_t i = 0; i < rm->offered_count; i++) {
        if (i && rm->offered[i] == rm->offered[i - 1])
            continue;
        if (engine && !serves(c->p.abi, engine, rm->offered[i]))
            continue;
        if (n < room)
            memcpy(list + (size_t)n * 4, &rm->offered[i], 4);
        n++;
    }
    return n;
}

/* Asked with a null pointer, it says how many there are. */
static uint32_t
fill_class_list(struct emu_call *c, const char *engine)
{
    const unsigned room = (unsigned)emu_get(&c->p, "numClasses");
    const bool asks = emu_get(&c->p, "classList") == 0;
    uint8_t *list = asks ? NULL : emu_pointee(c, "classList", (uint64_t)room * 4);
    unsigned n;

    if (!asks && !list)
        return NV_ERR_INVALID_ADDRESS;
    n = list_classes(c, engine, list, asks ? 0 : room);
    if (!asks && n > room)
        return NV_ERR_INVALID_PARAM_STRUCT;
    emu_set(&c->p, n, "numClasses");
    return NV_OK;
}

static uint32_t
get_class_list_old(struct emu_call *c)
{
    return fill_class_list(c, NULL);
}

/* An engine that the card lacks has no classes; a number of no engine is refused. */
static uint32_t
get_engine_class_list(struct emu_call *c)
{
    const uint64_t type = emu_get(&c->p, "engineType");
    const struct emu_engine *e = emu_engine_by_type(c->p.abi, c->card, (uint32_t)type);

    if (!type || type >= emu_constant(c->p.abi, "NV2080_ENGINE_TYPE_LAST", 0))
        return NV_ERR_INVALID_ARGUMENT;
    return fill_class_list(c, e ? e->name : "");
}

static uint32_t
get_class_list(struct emu_call *c)
{
    const unsigned room = emu_count(&c->p, "classList");
    const long at = emu_offset(&c->p, "classList");
    const unsigned n = at < 0 ? 0 : list_classes(c, NULL, c->p.data + at, room);

    emu_set(&c->p, n < room ? n : room, "numClasses");
    return n <= room ? NV_OK : NV_ERR_INVALID_PARAM_STRUCT;
}

static uint32_t
get_subdevices(struct emu_call *c)
{
    emu_set(&c->p, 1, "numSubDevices");
    return NV_OK;
}

static uint32_t
get_virtualization(struct emu_call *c)
{
    emu_set(&c->p, 0, "virtualizationMode"); /* none */
    emu_set(&c->p, 0, "isGridBuild");
    return NV_OK;
}

/* Capability bits: none that a client could lean on and find missing. */
static uint32_t
get_caps(struct emu_call *c)
{
    for (unsigned i = 0; i < emu_count(&c->p, "capsTbl"); i++)
        emu_set(&c->p, 0, "capsTbl[%u]", i);
    emu_set(&c->p, 1, "bCapsPopulated");
    return NV_OK;
}

static uint32_t
set_page_directory(struct emu_call *c)
{
    return emu_set_page_directory(c->gpu, c->object, &c->p, "", true);
}

static uint32_t
unset_page_directory(struct emu_call *c)
{
    return emu_set_page_directory(c->gpu, c->object, &c->p, "", false);
}

enum { GMMU_APERTURE_PEER = 2 }; /* gmmu_fmt.h: invalid, video, peer, system */

/* The window must be whole pages, and its levels must have somewhere to be. */
static uint32_t
copy_reserved_pdes(struct emu_call *c)
{
    const uint64_t page = emu_get(&c->p, "pageSize");
    const uint64_t lo = emu_get(&c->p, "virtAddrLo"), hi = emu_get(&c->p, "virtAddrHi");
    const uint64_t levels = emu_get(&c->p, "numLevelsToCopy");

    if (!page || page & (page - 1) || lo & (page - 1) || (hi + 1) & (page - 1) || hi < lo)
        return NV_ERR_INVALID_ARGUMENT;
    if (!levels || levels > emu_count(&c->p, "levels"))
        return NV_ERR_INVALID_ARGUMENT;
    emu_host_set_tables(c->gpu, c->object,
                        &(struct emu_page_tables){
                            .set = true,
                            .target = emu_get(&c->p, "levels[0].aperture") > GMMU_APERTURE_PEER,
                            .pdb = emu_get(&c->p, "levels[0].physAddress")});
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV0080_CTRL_CMD_GPU_GET_CLASSLIST",                 get_class_list_old   },
    {"NV0080_CTRL_CMD_GPU_GET_CLASSLIST_V2",              get_class_list       },
    {"NV2080_CTRL_CMD_GPU_GET_ENGINE_CLASSLIST",          get_engine_class_list},
    {"NV0080_CTRL_CMD_GPU_GET_NUM_SUBDEVICES",            get_subdevices       },
    {"NV0080_CTRL_CMD_GPU_GET_VIRTUALIZATION_MODE",       get_virtualization   },
    {"NV0080_CTRL_CMD_FB_GET_CAPS_V2",                    get_caps             },
    {"NV0080_CTRL_CMD_FIFO_GET_CAPS_V2",                  get_caps             },
    {"NV0080_CTRL_CMD_GR_GET_CAPS_V2",                    get_caps             },
    {"NV0080_CTRL_CMD_HOST_GET_CAPS_V2",                  get_caps             },
    {"NV2080_CTRL_CMD_GR_GET_CAPS_V2",                    get_caps             },
    {"NV0080_CTRL_CMD_DMA_SET_PAGE_DIRECTORY",            set_page_directory   },
    {"NV0080_CTRL_CMD_DMA_UNSET_PAGE_DIRECTORY",          unset_page_directory },
    {"NV90F1_CTRL_CMD_VASPACE_COPY_SERVER_RESERVED_PDES", copy_reserved_pdes   },
};
const struct emu_control_list emu_ctl_device = EMU_CONTROL_LIST(rows);
