/* SPDX-License-Identifier: MIT */
/*
 * What a device is: architecture, classes, engines with their runlists, regions of video
 * memory.
 */
#include <errno.h>
#include <stdlib.h>

#include <nvrm/ids.h>
#include <nvrm/types.h>

#include "device_priv.h"

enum {
    ENGINE_GR0 = 1, /* NV2080_ENGINE_TYPE_* (cl2080.h) */
    ENGINE_GR7 = 8,
    ENGINE_COPY0 = 9,
    ENGINE_COPY9 = 18,
    INFO_RM_ENGINE_TYPE = 2, /* places in engineData[] (engine_info.h) */
    INFO_RUNLIST = 3,
    ARCH_HOPPER = 0x180, /* NV2080_CTRL_MC_ARCH_INFO_ARCHITECTURE_* */
    ARCH_ADA = 0x190,
    CE_CAPS_GRCE = 1, /* NV2080_CTRL_CE_CAPS_CE_GRCE, byte 0 */
    FB_RAM_SIZE = 8,  /* NV2080_CTRL_FB_INFO_INDEX_TOTAL_RAM_SIZE, KiB */
};

/* Classes by what they are for: the newest that the chip offers. */
static const uint32_t known[][8] = {
    {TURING_CHANNEL_GPFIFO_A, AMPERE_CHANNEL_GPFIFO_A, HOPPER_CHANNEL_GPFIFO_A,
     BLACKWELL_CHANNEL_GPFIFO_A,                                                                                   BLACKWELL_CHANNEL_GPFIFO_B},
    {TURING_DMA_COPY_A,                       AMPERE_DMA_COPY_A,                              AMPERE_DMA_COPY_B,              HOPPER_DMA_COPY_A,
     BLACKWELL_DMA_COPY_A, BLACKWELL_DMA_COPY_B},
    {TURING_COMPUTE_A,    AMPERE_COMPUTE_A,       AMPERE_COMPUTE_B,                              ADA_COMPUTE_A,                                                HOPPER_COMPUTE_A,
     BLACKWELL_COMPUTE_A, BLACKWELL_COMPUTE_B},
    {TURING_A,       AMPERE_A,           AMPERE_B,ADA_A,                                                                                          HOPPER_A, BLACKWELL_A, BLACKWELL_B},
    {TURING_USERMODE_A,                       AMPERE_USERMODE_A,                                       HOPPER_USERMODE_A,                                                BLACKWELL_USERMODE_A                                                              },
};

static uint32_t
newest(const uint32_t *wanted, const struct NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS *list)
{
    uint32_t best = 0;

    for (unsigned i = 0; i < list->numClasses && i < 200; i++)
        for (unsigned k = 0; k < 8 && wanted[k]; k++)
            if (list->classList[i] == wanted[k] && wanted[k] > best)
                best = wanted[k];
    return best;
}

static int
find_classes(struct nvmem_device *dev, struct gsp_error *err)
{
    struct NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS *list =
        gsp_host_alloc(dev->host, sizeof(*list));
    uint32_t *const to[] = {&dev->chip.channel_class, &dev->chip.copy_class,
                            &dev->chip.compute_class, &dev->chip.threed_class,
                            &dev->chip.usermode_class};
    int rc;

    if (!list)
        return nvmem_no_memory(err, "list of classes");
    rc = nvmem_rm_control(dev, dev->device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST_V2", list, err);
    for (size_t i = 0; rc == 0 && i < sizeof(to) / sizeof(*to); i++)
        *to[i] = newest(known[i], list);
    gsp_host_free(dev->host, list);
    if (rc == 0 &&
        (!dev->chip.channel_class || !dev->chip.copy_class || !dev->chip.usermode_class))
        rc = gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOTSUP,
                      "this chip has no channel, copy or doorbell class that we know");
    return rc;
}

static int
find_architecture(struct nvmem_device *dev, struct gsp_error *err)
{
    struct NV2080_CTRL_MC_GET_ARCH_INFO_PARAMS arch = {0};
    struct NV2080_CTRL_FB_GET_INFO_V2_PARAMS fb = {.fbInfoListSize = 1,
                                                   .fbInfoList[0].index = FB_RAM_SIZE};
    const int rc =
        nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_MC_GET_ARCH_INFO", &arch, err);
    struct nvmem_chip *c = &dev->chip;

    if (rc < 0)
        return rc;
    c->architecture = arch.architecture;
    c->implementation = arch.implementation;
    c->format = nvmem_pt_format_for(arch.architecture);
    c->va_bits = arch.architecture == ARCH_HOPPER || arch.architecture > ARCH_ADA ? 57 : 49;
    if (nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_FB_GET_INFO_V2", &fb, NULL) == 0)
        c->vram_bytes = (uint64_t)fb.fbInfoList[0].data << 10;
    return 0;
}

/* Engines */

static bool
is_graphics(uint32_t type)
{
    return type >= ENGINE_GR0 && type <= ENGINE_GR7;
}

static bool
is_copy(uint32_t type)
{
    return type >= ENGINE_COPY0 && type <= ENGINE_COPY9;
}

/* The runlist of an engine by RM's table: UINT32_MAX when it is not there. Up to COPY9 RM's own
 * numbers of engines are those of the API. */
static uint32_t
runlist_in(const struct NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS *table, uint32_t type)
{
    for (uint32_t i = 0; i < table->numEntries && i < 32; i++)
        if (table->entries[i].engineData[INFO_RM_ENGINE_TYPE] == type)
            return table->entries[i].engineData[INFO_RUNLIST];
    return UINT32_MAX;
}

/* A program on nvidia.ko may not read the table: it asks the copy engine itself. */
static bool
asks_shared(struct nvmem_device *dev, uint32_t type)
{
    struct NV2080_CTRL_CE_GET_CAPS_V2_PARAMS caps = {.ceEngineType = type};

    return nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_CE_GET_CAPS_V2", &caps,
                            NULL) == 0 &&
           caps.capsTbl[0] & CE_CAPS_GRCE;
}

static void
add_engine(struct nvmem_device *dev, uint32_t type,
           const struct NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS *table)
{
    struct nvmem_engine *e = &dev->engines[dev->engine_count];
    const uint32_t runlist = runlist_in(table, type);
    const uint32_t graphics = runlist_in(table, ENGINE_GR0);

    if (dev->engine_count == NVMEM_ENGINES || (!is_graphics(type) && !is_copy(type)))
        return;
    *e = (struct nvmem_engine){.type = type,
                               .runlist = runlist == UINT32_MAX ? 0 : runlist,
                               .graphics = is_graphics(type)};
    if (!e->graphics)
        e->shared = runlist == UINT32_MAX ? asks_shared(dev, type) : runlist == graphics;
    dev->engine_count++;
}

static int
rank(const struct nvmem_engine *e)
{
    return e->graphics ? 0 : e->shared ? 2 : 1;
}

static int
by_rank(const void *a, const void *b)
{
    const struct nvmem_engine *x = a, *y = b;

    return rank(x) != rank(y) ? rank(x) - rank(y) : (int)x->type - (int)y->type;
}

struct questions {
    struct NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS list;
    struct NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS table;
};

static int
find_engines(struct nvmem_device *dev, struct gsp_error *err)
{
    struct questions *q = gsp_host_alloc(dev->host, sizeof(*q));
    int rc;

    if (!q)
        return nvmem_no_memory(err, "list of engines");
    rc = nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_GPU_GET_ENGINES_V2", &q->list,
                          err);
    if (rc == 0 &&
        nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE",
                         &q->table, dev->bus ? err : NULL) < 0) {
        q->table.numEntries = 0;
        rc = dev->bus ? -EREMOTEIO : 0;
    }
    for (uint32_t i = 0; rc == 0 && i < q->list.engineCount && i < 84; i++)
        add_engine(dev, q->list.engineList[i], &q->table);
    qsort(dev->engines, dev->engine_count, sizeof(dev->engines[0]), by_rank);
    gsp_host_free(dev->host, q);
    return rc;
}

int
nvmem_device_identify(struct nvmem_device *dev, struct gsp_error *err)
{
    int rc = find_architecture(dev, err);

    if (rc == 0)
        rc = find_classes(dev, err);
    return rc < 0 ? rc : find_engines(dev, err);
}

/* Video memory */

enum { LOW = 1 << 20 /* nothing of ours at address 0 */, REGIONS = 16 };

/* RM keeps the end of a region for itself, or all of it. */
static struct nvmem_region
region_of(const struct NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO *r)
{
    const uint64_t base = r->base < LOW ? LOW : r->base;
    const uint64_t bytes = r->limit + 1 > base ? r->limit + 1 - base : 0;
    const bool taken = r->reserved >= bytes;

    return (struct nvmem_region){
        .base = base,
        .bytes = taken ? bytes : bytes - r->reserved,
        .flags = (r->supportCompressed ? NVMEM_COMPRESSED : 0u) |
                 (r->supportISO ? NVMEM_ISO : 0u) | (r->bProtected ? NVMEM_PROTECTED : 0u) |
                 (taken ? NVMEM_RESERVED : 0u),
        .performance = r->performance,
    };
}

static int
make_heap(struct nvmem_device *dev, struct gsp_error *err)
{
    struct NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS info = {0};
    const struct nvmem_heap_config config = {
        .host = dev->host, .name = "vram", .threads = true, .times = true};
    struct nvmem_region regions[REGIONS];
    unsigned n = 0;
    int rc = nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO",
                              &info, err);

    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < info.numFBRegions && n < REGIONS; i++) {
        regions[n] = region_of(&info.fbRegion[i]);
        n += regions[n].bytes != 0;
    }
    return nvmem_heap_create(&config, regions, n, &dev->card->vram, err);
}

static int
find_bar1(struct nvmem_device *dev, uint64_t *bytes_out, struct gsp_error *err)
{
    struct NV2080_CTRL_BUS_GET_PCI_BAR_INFO_PARAMS info = {0};
    const struct NV2080_CTRL_BUS_PCI_BAR_INFO *bar = &info.pciBarInfo[1];
    const int rc = nvmem_rm_control(dev, dev->subdevice, "NV2080_CTRL_CMD_BUS_GET_PCI_BAR_INFO",
                                    &info, err);

    *bytes_out = bar->barSizeBytes ? bar->barSizeBytes : (uint64_t)bar->barSize << 20;
    return rc;
}

int
nvmem_device_memory(struct nvmem_device *dev, struct gsp_error *err)
{
    uint64_t bar1 = 0;
    int rc;

    if (dev->card->bar1)
        return 0; /* another device of the card made them */
    dev->card->vram_bytes = dev->chip.vram_bytes;
    dev->card->format = dev->chip.format;
    rc = make_heap(dev, err);
    if (rc == 0)
        rc = find_bar1(dev, &bar1, err);
    return rc < 0 ? rc : nvmem_bar1_create(dev->card, bar1, &dev->card->bar1, err);
}
