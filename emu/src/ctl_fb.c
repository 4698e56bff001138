/* SPDX-License-Identifier: MIT */
/*
 * NV2080 FB controls: sizes, regions, memory type, caches.
 */
#include "region.h"

#include <stdio.h>

#include "control.h"

/* Figures in KiB, as NV2080_CTRL_FB_INFO wants them. */
static uint32_t
total_kib(struct emu_call *c)
{
    return (uint32_t)(c->card->pub.fb_bytes >> 10);
}

static uint32_t
usable_kib(struct emu_call *c)
{
    return (uint32_t)(emu_region_usable_bytes(c->card) >> 10);
}

static uint32_t
bar1_kib(struct emu_call *c)
{
    return (uint32_t)(emu_config_bar1_bytes(c->gpu) >> 10);
}

static uint32_t
bus_width(struct emu_call *c)
{
    return c->card->bus_bits;
}

static uint32_t
ram_type(struct emu_call *c)
{
    char name[64];

    snprintf(name, sizeof(name), "NV2080_CTRL_FB_INFO_RAM_TYPE_%s", c->card->ram_type);
    return (uint32_t)emu_constant(c->p.abi, name,
                                  0); /* 0: UNKNOWN, for a type newer than the release */
}

static uint32_t
fbps(struct emu_call *c)
{
    return c->card->fbps;
}

static uint32_t
fbp_mask(struct emu_call *c)
{
    return (uint32_t)((UINT64_C(1) << c->card->fbps) - 1);
}

static uint32_t
l2_bytes(struct emu_call *c)
{
    return c->card->l2_kib << 10;
}

static uint32_t
ltcs(struct emu_call *c)
{
    return c->card->ltcs;
}

static uint32_t
slices(struct emu_call *c)
{
    return c->card->ltcs * c->card->slices_per_ltc;
}

static uint32_t
ltc_mask(struct emu_call *c)
{
    return (uint32_t)((UINT64_C(1) << c->card->ltcs) - 1);
}

static uint32_t
zero(struct emu_call *c)
{
    (void)c;
    return 0;
}

static uint32_t
get_info(struct emu_call *c)
{
    static const struct emu_info table[] = {
        {"RAM_SIZE",                       total_kib },
        {"TOTAL_RAM_SIZE",                 total_kib },
        {"USABLE_RAM_SIZE",                usable_kib},
        {"HEAP_SIZE",                      usable_kib},
        {"HEAP_FREE",                      usable_kib},
        {"LARGEST_FREE_REGION_SIZE_KB",    usable_kib},
        {"HEAP_START",                     zero      },
        {"HEAP_BASE_KB",                   zero      },
        {"LARGEST_FREE_REGION_BASE_KB",    zero      },
        {"BAR1_SIZE",                      bar1_kib  },
        {"BAR1_AVAIL_SIZE",                bar1_kib  },
        {"BAR1_MAX_CONTIGUOUS_AVAIL_SIZE", bar1_kib  },
        {"BUS_WIDTH",                      bus_width },
        {"RAM_TYPE",                       ram_type  },
        {"PARTITION_COUNT",                fbps      },
        {"FBP_COUNT",                      fbps      },
        {"PARTITION_MASK",                 fbp_mask  },
        {"FBP_MASK",                       fbp_mask  },
        {"L2CACHE_SIZE",                   l2_bytes  },
        {"LTC_COUNT",                      ltcs      },
        {"LTS_COUNT",                      slices    },
        {"LTC_MASK",                       ltc_mask  },
    };

    return emu_info_fill(c, "fbInfoListSize", "fbInfoList", "NV2080_CTRL_FB_INFO_INDEX_", table,
                         sizeof(table) / sizeof(table[0]));
}

static uint32_t
get_regions(struct emu_call *c)
{
    emu_region_fill(&c->p, c->card);
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_FB_GET_INFO",           get_info   },
    {"NV2080_CTRL_CMD_FB_GET_INFO_V2",        get_info   },
    {"NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO", get_regions},
};
const struct emu_control_list emu_ctl_fb = EMU_CONTROL_LIST(rows);
