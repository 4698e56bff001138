/* SPDX-License-Identifier: MIT */
/*
 * The memory that GSP-RM starts from: queues, RM arguments, the libos table and its logs.
 */
#include <errno.h>
#include <string.h>

#include <nvrm/regs.h>

#include "session_priv.h"
#include "wire_set_priv.h"

enum {
    PAGE = 0x1000,
    LIBOS_CONTIGUOUS = 1, /* LibosMemoryRegionKind */
    LIBOS_SYSMEM = 1,     /* LibosMemoryRegionLoc */
    PM_SUSPEND = 8,       /* GPU_STATE_FLAGS_PM_SUSPEND (gpu.h): from standby */
};

/*
 * The rings in the order of the table, LOGINIT first and libos' own kernel last, as
 * _kgspInitLibosLoggingStructures and nv-firmware-chip-family-select.h have them. `since` and
 * `libos2_until` are releases: from which on, and until which the older libos has it too.
 */
static const struct {
    const char *name;
    uint32_t bytes;
    const char *since, *libos2_until; /* "": all of them; libos2_until NULL: never there */
} log_rows[RM_LOGS] = {
    {"LOGINIT", 0x10000, "",          ""         },
    {"LOGINTR", 0x10000, "",          "575.51.02"},
    {"LOGRM",   0x10000, "",          ""         },
    {"LOGMNOC", 0x10000, "565.57.01", "575.51.02"},
    {"LOGDBG",  0x10000, "575.51.02", NULL       },
    {"LOGROOT", 0x1000,  "575.51.02", NULL       },
    {"LOGRMON", 0x1000,  "595.44.02", NULL       },
    {"LOGKRNL", 0x10000, "560.28.03", NULL       },
};

static bool
is_from(struct gsp_rm *rm, const char *release)
{
    const struct nvrm_abi abi = rm->base.abi;

    return !*release || abi.release >= nvrm_release_find(abi.schema, release);
}

static bool
has_log(struct gsp_rm *rm, unsigned row)
{
    const char *until = log_rows[row].libos2_until;

    if (!is_from(rm, log_rows[row].since))
        return false;
    return !rm->libos2 || (until && (!*until || !is_from(rm, until)));
}

static int
alloc_one(struct gsp_rm *rm, size_t bytes, struct gsp_dma *out, struct gsp_error *err)
{
    struct gsp_bus *bus = rm->config.bus;
    int rc = bus->ops->dma_alloc(bus, bytes, out);

    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no %zu bytes of system memory on bus %s",
                        bytes, bus->ops->name);
    return 0;
}

int
gsprm_alloc_memory(struct gsp_rm *rm, struct gsp_error *err)
{
    int rc = alloc_one(rm, GSP_MSGQ_BLOCK_BYTES, &rm->block, err);

    if (rc == 0)
        rc = alloc_one(rm, PAGE, &rm->rmargs, err);
    if (rc == 0)
        rc = alloc_one(rm, PAGE, &rm->libos, err);
    for (unsigned i = 0; i < RM_LOGS && rc == 0; i++) {
        if (!has_log(rm, i))
            continue;
        rm->logs[rm->log_count].name = log_rows[i].name;
        rc = alloc_one(rm, log_rows[i].bytes, &rm->logs[rm->log_count++].dma, err);
    }
    return rc;
}

static void
free_one(struct gsp_rm *rm, struct gsp_dma *dma)
{
    if (dma->cpu)
        rm->config.bus->ops->dma_free(rm->config.bus, dma);
    *dma = (struct gsp_dma){0};
}

void
gsprm_free_memory(struct gsp_rm *rm)
{
    while (rm->log_count)
        free_one(rm, &rm->logs[--rm->log_count].dma);
    free_one(rm, &rm->trace);
    free_one(rm, &rm->crash);
    free_one(rm, &rm->libos);
    free_one(rm, &rm->rmargs);
    free_one(rm, &rm->block);
}

/* Word 0 is GSP-RM's put pointer; behind it stand the addresses of the buffer's pages. */
static void
fill_log(const struct gsp_dma *log)
{
    uint64_t *words = log->cpu;

    for (size_t i = 0; i < log->bytes / PAGE; i++)
        words[1 + i] = log->bus_addr + i * PAGE;
}

/* Up to eight characters as one number, the first in the highest byte used. */
static uint64_t
region_id(const char *name)
{
    uint64_t id = 0;

    while (*name)
        id = id << 8 | (uint8_t)*name++;
    return id;
}

static int
add_region(struct gsp_rm *rm, unsigned index, const char *name, const struct gsp_dma *dma,
           struct gsp_error *err)
{
    const struct nvrm_layout *l =
        nvrm_struct_find(rm->base.abi, "LibosMemoryRegionInitArgument");
    const size_t at = index * (size_t)(l ? l->size : 0);
    struct wire w;

    wire_init(&w, rm->base.abi, "LibosMemoryRegionInitArgument", (uint8_t *)rm->libos.cpu + at,
              rm->libos.bytes - at, err);
    wire_set(&w, "id8", region_id(name));
    wire_set(&w, "pa", dma->bus_addr);
    wire_set(&w, "size", dma->bytes);
    wire_set(&w, "kind", LIBOS_CONTIGUOUS);
    wire_set(&w, "loc", LIBOS_SYSMEM);
    return w.rc;
}

static int
fill_libos_table(struct gsp_rm *rm, struct gsp_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < rm->log_count && rc == 0; i++) {
        fill_log(&rm->logs[i].dma);
        rc = add_region(rm, i, rm->logs[i].name, &rm->logs[i].dma, err);
    }
    return rc < 0 ? rc : add_region(rm, rm->log_count, "RMARGS", &rm->rmargs, err);
}

/* GSP_ARGUMENTS_CACHED. What a release lacks is not needed there: the element sizes came with
 * 595, bDmemStack with 570. Suspend and resume (srInitArguments) stay zero: a cold start. */
static int
fill_rmargs(struct gsp_rm *rm, struct gsp_error *err)
{
    struct wire w;

    wire_init(&w, rm->base.abi, "GSP_ARGUMENTS_CACHED", rm->rmargs.cpu, rm->rmargs.bytes, err);
    wire_set(&w, "messageQueueInitArguments.sharedMemPhysAddr", rm->block.bus_addr);
    wire_set(&w, "messageQueueInitArguments.pageTableEntryCount", GSP_MSGQ_PAGES);
    wire_set(&w, "messageQueueInitArguments.cmdQueueOffset", GSP_MSGQ_CMD_OFF);
    wire_set(&w, "messageQueueInitArguments.statQueueOffset", GSP_MSGQ_STAT_OFF);
    wire_set_if(&w, "messageQueueInitArguments.queueElementHdrSize",
                rm->geometry.elem_hdr_bytes);
    wire_set_if(&w, "messageQueueInitArguments.queueElementSizeMin", GSP_MSGQ_PAGE);
    wire_set_if(&w, "messageQueueInitArguments.queueElementSizeMax", GSP_MSGQ_RECORD_BYTES);
    wire_set_if(&w, "messageQueueInitArguments.queueHeaderAlign", 4);
    wire_set_if(&w, "messageQueueInitArguments.queueElementAlign", 12);
    wire_set_if(&w, "bDmemStack", 1);
    return w.rc;
}

/* As kgspPopulateGspRmInitArgs does before a resume. */
int
gsprm_resume_args(struct gsp_rm *rm, uint32_t level, struct gsp_error *err)
{
    struct wire w;

    wire_init(&w, rm->base.abi, "GSP_ARGUMENTS_CACHED", rm->rmargs.cpu, rm->rmargs.bytes, err);
    wire_set(&w, "srInitArguments.oldLevel", level);
    wire_set(&w, "srInitArguments.flags", PM_SUSPEND);
    wire_set(&w, "srInitArguments.bInPMTransition", 1);
    return w.rc;
}

int
gsprm_fill_args(struct gsp_rm *rm, struct gsp_error *err)
{
    int rc;

    gsp_msgq_page_table(rm->block.cpu, rm->block.bus_addr);
    rc = fill_rmargs(rm, err);
    return rc < 0 ? rc : fill_libos_table(rm, err);
}

const void *
gsp_rm_log(struct gsp_backend *b, unsigned i, const char **name_out, size_t *bytes_out)
{
    const struct gsp_rm *rm = gsprm_of(b);

    if (!rm || i >= rm->log_count || !rm->logs[i].dma.cpu)
        return NULL;
    *name_out = rm->logs[i].name;
    *bytes_out = rm->logs[i].dma.bytes;
    return rm->logs[i].dma.cpu;
}

void
gsp_rm_chip(struct gsp_backend *b, uint32_t *arch_out, uint32_t *impl_out)
{
    const struct gsp_rm *rm = gsprm_of(b);
    uint32_t boot_42 = 0;

    if (rm)
        boot_42 = rm->config.bus->ops->rd32(rm->config.bus, 0, NV_PMC_BOOT_42);
    *arch_out = NVRM_GET(boot_42, NV_PMC_BOOT_42_ARCHITECTURE);
    *impl_out = NVRM_GET(boot_42, NV_PMC_BOOT_42_IMPLEMENTATION);
}

struct gsp_bus *
gsp_rm_bus(struct gsp_backend *b)
{
    const struct gsp_rm *rm = gsprm_of(b);

    return rm ? rm->config.bus : NULL;
}
