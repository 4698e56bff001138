/* SPDX-License-Identifier: MIT */
/*
 * Controls of smaller families: copy engines, timer, GSP, BIOS, NVLink, performance, suspend.
 */
#include "control.h"

#include <string.h>
#include <time.h>

/* Copy engines */

/* Byte and bit of a capability are in its constant: 1:0x20 reads "byte 1, mask 0x20". */
enum { CE_CAPS_SYSMEM = 0x07, CE_GRCE = 0x01 };

static bool
is_copy(const struct emu_engine *e)
{
    return !strncmp(e->name, "COPY", 4);
}

/* Copy engines that share the graphics runlist are GRCEs. */
static uint8_t
copy_caps(const struct emu_card *card, const struct emu_engine *e)
{
    return (uint8_t)(e->runlist == card->engines[0].runlist ? CE_GRCE
                                                            : CE_CAPS_SYSMEM & ~CE_GRCE);
}

static uint32_t
get_ce_caps(struct emu_call *c)
{
    const struct emu_engine *e =
        emu_engine_by_type(c->p.abi, c->card, (uint32_t)emu_get(&c->p, "ceEngineType"));

    if (!e || !is_copy(e))
        return NV_ERR_NOT_SUPPORTED;
    emu_set(&c->p, copy_caps(c->card, e), "capsTbl[0]");
    return NV_OK;
}

static uint32_t
get_all_ce_caps(struct emu_call *c)
{
    uint64_t present = 0;
    unsigned n = 0;

    for (uint32_t i = 0; i < c->card->engine_count; i++) {
        if (!is_copy(&c->card->engines[i]))
            continue;
        emu_set(&c->p, copy_caps(c->card, &c->card->engines[i]), "capsTbl[%u]", n * 2);
        present |= UINT64_C(1) << n++;
    }
    emu_set(&c->p, present, "present");
    return NV_OK;
}

static uint32_t
get_fault_buffer(struct emu_call *c)
{
    uint32_t copies = 0;

    for (uint32_t i = 0; i < c->card->engine_count; i++)
        copies += is_copy(&c->card->engines[i]);
    emu_set(&c->p, (uint64_t)copies * 0x800, "size");
    return NV_OK;
}

/* Timer, GSP */

static uint32_t
get_time(struct emu_call *c)
{
    emu_set(&c->p, emu_now_ns() - c->gpu->regs.reset_ns, "time_nsec");
    return NV_OK;
}

/* Only the GSP's own clock is GSP-RM's to read; it counts real time. */
static uint32_t
get_time_pairs(struct emu_call *c)
{
    const uint64_t clock = emu_get(&c->p, "cpuClkId"), count = emu_get(&c->p, "sampleCount");
    struct timespec t;

    if (count > emu_count(&c->p, "samples") ||
        clock >> 4 !=
            emu_constant(c->p.abi, "NV2080_TIMER_GPU_CPU_TIME_CPU_CLK_ID_PROCESSOR_GSP", 1))
        return NV_ERR_INVALID_ARGUMENT;
    if ((clock & 15) !=
        emu_constant(c->p.abi, "NV2080_TIMER_GPU_CPU_TIME_CPU_CLK_ID_OSTIME", 1))
        return NV_ERR_NOT_SUPPORTED;
    for (unsigned i = 0; i < count; i++) {
        clock_gettime(CLOCK_REALTIME, &t);
        emu_set(&c->p, (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000,
                "samples[%u].cpuTime", i);
        emu_set(&c->p, emu_now_ns() - c->gpu->regs.reset_ns, "samples[%u].gpuTime", i);
    }
    return NV_OK;
}

static uint32_t
get_gsp_features(struct emu_call *c)
{
    emu_set(&c->p, 1, "gspFeatures"); /* UVM */
    emu_set(&c->p, 1, "bValid");
    emu_set(&c->p, 1, "bDefaultGspRmGpu");
    emu_set_text(&c->p, nvrm_release_name(c->p.abi.schema, c->p.abi.release),
                 "firmwareVersion");
    return NV_OK;
}

/* BIOS, NVLink, performance */

static uint32_t
get_sku(struct emu_call *c)
{
    emu_set_text(&c->p, c->card->short_name, "chipSKU");
    emu_set_text(&c->p, c->card->board_id, "project");
    return NV_OK;
}

/* "95.02.18.80.01": four bytes of version and an OEM byte */
static uint32_t
vbios_byte(const struct emu_card *card, unsigned index)
{
    const char *p = card->vbios_version;
    uint32_t value = 0;

    for (; index && *p; p++)
        index -= *p == '.';
    for (; *p && *p != '.'; p++)
        value = value << 4 | (uint32_t)(*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
    return value & 0xff;
}

static uint32_t
bios_revision(struct emu_call *c)
{
    return vbios_byte(c->card, 0) << 24 | vbios_byte(c->card, 1) << 16 |
           vbios_byte(c->card, 2) << 8 | vbios_byte(c->card, 3);
}

static uint32_t
bios_oem_revision(struct emu_call *c)
{
    return vbios_byte(c->card, 4);
}

static uint32_t
get_bios_info(struct emu_call *c)
{
    static const struct emu_info table[] = {
        {"REVISION",     bios_revision    },
        {"OEM_REVISION", bios_oem_revision},
    };

    return emu_info_fill(c, "biosInfoListSize", "biosInfoList", "NV2080_CTRL_BIOS_INFO_INDEX_",
                         table, sizeof(table) / sizeof(table[0]));
}

static uint32_t
get_nvlink_caps(struct emu_call *c)
{
    const uint32_t links = c->card->nvlinks;

    if (!links)
        return NV_ERR_NOT_SUPPORTED;
    emu_set(&c->p, (UINT64_C(1) << links) - 1, "discoveredLinkMask");
    emu_set(&c->p, 0, "enabledLinkMask"); /* nothing is at the other end */
    return NV_OK;
}

static uint32_t
boost(struct emu_call *c)
{
    const uint64_t flags = emu_get(&c->p, "flags");

    return (flags & 3) == 3 ? NV_ERR_INVALID_ARGUMENT : NV_OK; /* CLEAR, TO_LEVEL or TO_MAX */
}

/* Suspend: the memory that will hold the firmware's state must exist. From 570.86.15 on the
 * address of the GspFwSRMeta comes along, for the FMC. */
static uint32_t
init_fbsr(struct emu_call *c)
{
    const uint32_t client = (uint32_t)emu_get(&c->p, "hClient");

    if (!emu_object_find(c->gpu, client, client))
        return NV_ERR_INVALID_CLIENT;
    if (!emu_object_find(c->gpu, client, (uint32_t)emu_get(&c->p, "hSysMem")))
        return NV_ERR_OBJECT_NOT_FOUND;
    c->gpu->gsp.sr_meta = emu_get(&c->p, "sysmemAddrOfSuspendResumeData");
    return NV_OK;
}

/* Up to 550 VRAM to be saved is named piece by piece. */
static uint32_t
send_fbsr_region(struct emu_call *c)
{
    const uint32_t client = (uint32_t)emu_get(&c->p, "hClient");
    const uint64_t offset = emu_get(&c->p, "vidOffset"), size = emu_get(&c->p, "size");

    if (!emu_object_find(c->gpu, client, client))
        return NV_ERR_INVALID_CLIENT;
    if (offset > c->card->pub.fb_bytes || size > c->card->pub.fb_bytes - offset)
        return NV_ERR_INVALID_ARGUMENT;
    return emu_object_find(c->gpu, client, (uint32_t)emu_get(&c->p, "hVidMem"))
               ? NV_OK
               : NV_ERR_OBJECT_NOT_FOUND;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_CE_GET_CAPS_V2",                          get_ce_caps     },
    {"NV2080_CTRL_CMD_CE_GET_ALL_CAPS",                         get_all_ce_caps },
    {"NV2080_CTRL_CMD_CE_GET_FAULT_METHOD_BUFFER_SIZE",         get_fault_buffer},
    {"NV2080_CTRL_CMD_TIMER_GET_TIME",                          get_time        },
    {"NV2080_CTRL_CMD_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO", get_time_pairs  },
    {"NV2080_CTRL_CMD_GSP_GET_FEATURES",                        get_gsp_features},
    {"NV2080_CTRL_CMD_BIOS_GET_SKU_INFO",                       get_sku         },
    {"NV2080_CTRL_CMD_BIOS_GET_INFO_V2",                        get_bios_info   },
    {"NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS",                  get_nvlink_caps },
    {"NV2080_CTRL_CMD_PERF_BOOST",                              boost           },
    {"NV2080_CTRL_CMD_INTERNAL_FBSR_INIT",                      init_fbsr       },
    {"NV2080_CTRL_CMD_INTERNAL_FBSR_SEND_REGION_INFO",          send_fbsr_region},
};
const struct emu_control_list emu_ctl_misc = EMU_CONTROL_LIST(rows);
