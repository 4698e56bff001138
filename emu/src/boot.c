/* SPDX-License-Identifier: MIT */
/*
 * From the libos arguments to linked queues: what GSP-RM finds in system memory when booter
 * hands over.
 *
 * The table's format is LibosMemoryRegionInitArgument (32 bytes a row, ended by a row of
 * zeroes); RMARGS holds GSP_ARGUMENTS_CACHED in the layout of the release, which says where the
 * queues are.
 */
#include <errno.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "wire.h"

enum {
    LIBOS_ARG_BYTES = 32,
    LIBOS_MAX_ARGS = EMU_PAGE_BYTES / LIBOS_ARG_BYTES,
    LIBOS_KIND_CONTIGUOUS = 1,
    LIBOS_KIND_RADIX3 = 2,
    LIBOS_LOC_SYSMEM = 1,
};

struct libos_arg {
    uint64_t id, pa, size;
    uint8_t kind, loc;
};

/* Up to eight characters, the first one in the highest byte that is used. */
static uint64_t
libos_id(const char *name)
{
    uint64_t id = 0;

    while (*name)
        id = id << 8 | (uint8_t)*name++;
    return id;
}

static int
check_region(struct emu_gpu *gpu, unsigned i, const struct libos_arg *arg)
{
    if (arg->kind != LIBOS_KIND_CONTIGUOUS && arg->kind != LIBOS_KIND_RADIX3) {
        emu_note(gpu, "libos argument %u: kind %u", i, arg->kind);
        return -EINVAL;
    }
    if (arg->loc != LIBOS_LOC_SYSMEM || arg->kind == LIBOS_KIND_RADIX3)
        return 0; /* not used here */
    if (!arg->size || arg->pa % EMU_PAGE_BYTES || !emu_ram_at(&gpu->ram, arg->pa, arg->size)) {
        emu_note(gpu, "libos argument %u: 0x%llx + 0x%llx is no memory", i,
                 (unsigned long long)arg->pa, (unsigned long long)arg->size);
        return -EINVAL;
    }
    return 0;
}

/* Every region must be sound; the one called RMARGS is what we look for. */
static int
find_rmargs(struct emu_gpu *gpu, uint64_t table, struct libos_arg *rmargs_out)
{
    const uint64_t wanted = libos_id("RMARGS");
    bool found = false;

    for (unsigned i = 0; i < LIBOS_MAX_ARGS; i++) {
        const uint8_t *row =
            emu_ram_at(&gpu->ram, table + (uint64_t)i * LIBOS_ARG_BYTES, LIBOS_ARG_BYTES);
        struct libos_arg arg;

        if (!row)
            break;
        memcpy(&arg.id, row, 8);
        memcpy(&arg.pa, row + 8, 8);
        memcpy(&arg.size, row + 16, 8);
        arg.kind = row[24];
        arg.loc = row[25];
        if (!arg.id) {
            if (!found)
                emu_note(gpu, "libos arguments: no RMARGS");
            return found ? 0 : -EINVAL;
        }
        if (check_region(gpu, i, &arg) < 0)
            return -EINVAL;
        if (arg.id == wanted) {
            *rmargs_out = arg;
            found = true;
        }
    }
    emu_note(gpu, "libos arguments at 0x%llx: no terminating row", (unsigned long long)table);
    return -EINVAL;
}

/* The first page(s) of the block list the bus address of every page of it, their own included.
 */
static int
read_page_table(struct emu_gpu *gpu, uint64_t table, uint64_t count)
{
    struct emu_shm *shm = &gpu->gsp.shm;
    const uint64_t *entries;

    if (count < 3 || count > EMU_MAX_SHM_PAGES || table % EMU_PAGE_BYTES ||
        !(entries = emu_ram_at(&gpu->ram, table, count * sizeof(uint64_t)))) {
        emu_note(gpu, "queue page table: 0x%llx, %llu entries", (unsigned long long)table,
                 (unsigned long long)count);
        return -EINVAL;
    }
    shm->pages = emu_alloc(&gpu->mem, count * sizeof(uint64_t));
    if (!shm->pages)
        return -ENOMEM;
    memcpy(shm->pages, entries, count * sizeof(uint64_t));
    shm->page_count = (uint32_t)count;
    for (uint32_t i = 0; i < shm->page_count; i++) {
        if (shm->pages[i] % EMU_PAGE_BYTES == 0 &&
            emu_ram_at(&gpu->ram, shm->pages[i], EMU_PAGE_BYTES))
            continue;
        emu_note(gpu, "queue page table: entry %u is 0x%llx", i,
                 (unsigned long long)shm->pages[i]);
        return -EINVAL;
    }
    return 0;
}

/* 595 tells the firmware its element sizes; others are not what this firmware was built for. */
static int
check_element_sizes(struct emu_gpu *gpu, const struct emu_wire *q)
{
    static const struct {
        const char *field;
        uint64_t value;
    } wanted[] = {
        {"queueElementSizeMin", EMU_PAGE_BYTES},
        {"queueElementSizeMax", EMU_RECORD_MAX},
        {"queueHeaderAlign",    4             },
        {"queueElementAlign",   12            },
    };

    if (!emu_has(q, "queueElementHdrSize"))
        return 0;
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (emu_get(q, "%s", wanted[i].field) != wanted[i].value &&
            !emu_accepts(gpu, "RMARGS: %s is %llu", wanted[i].field,
                         (unsigned long long)emu_get(q, "%s", wanted[i].field)))
            return -EINVAL;
    }
    if (emu_get(q, "queueElementHdrSize") == gpu->gsp.headers.element_bytes)
        return 0;
    emu_note(gpu, "RMARGS: queueElementHdrSize");
    return -EINVAL;
}

static int
link_queues(struct emu_gpu *gpu, const struct emu_wire *q)
{
    const uint64_t cmd = emu_get(q, "cmdQueueOffset"), stat = emu_get(q, "statQueueOffset");
    const uint32_t total = gpu->gsp.shm.page_count * EMU_PAGE_BYTES;
    const uint32_t limits[] = {(uint32_t)cmd, (uint32_t)stat,
                               (uint32_t)emu_get(q, "locklessCmdQueueOffset"),
                               (uint32_t)emu_get(q, "locklessStatQueueOffset"), total};

    if (cmd >= total || stat >= total || cmd % EMU_PAGE_BYTES || stat % EMU_PAGE_BYTES ||
        cmd == stat || !cmd || !stat) {
        emu_note(gpu, "RMARGS: queue offsets 0x%llx and 0x%llx", (unsigned long long)cmd,
                 (unsigned long long)stat);
        return -EINVAL;
    }
    return emu_queue_link(gpu, (uint32_t)cmd, (uint32_t)stat, limits,
                          sizeof(limits) / sizeof(limits[0]));
}

static int
read_rmargs(struct emu_gpu *gpu, const struct libos_arg *region)
{
    void *bytes = emu_ram_at(&gpu->ram, region->pa, region->size);
    struct emu_wire args, q;
    int rc;

    if (!emu_wire_init(&args, gpu->abi, "GSP_ARGUMENTS_CACHED", bytes, region->size) ||
        !emu_sub(&args, &q, "messageQueueInitArguments")) {
        emu_note(gpu, "RMARGS: too small for GSP_ARGUMENTS_CACHED");
        return -EINVAL;
    }
    if (emu_get(&args, "srInitArguments.bInPMTransition") &&
        !emu_accepts(gpu, "RMARGS: bInPMTransition at a cold start"))
        return -EINVAL;
    rc = check_element_sizes(gpu, &q);
    if (rc == 0)
        rc = read_page_table(gpu, emu_get(&q, "sharedMemPhysAddr"),
                             emu_get(&q, "pageTableEntryCount"));
    return rc == 0 ? link_queues(gpu, &q) : rc;
}

int
emu_gsp_start(struct emu_gpu *gpu, uint64_t libos_args)
{
    struct emu_gsp *gsp = &gpu->gsp;
    struct libos_arg rmargs;
    int rc;

    if (gpu->lost)
        return -ENODEV;
    if (gsp->state == EMU_GSP_STARTING || gsp->state == EMU_GSP_RUNNING)
        return -EBUSY;
    emu_gsp_drop(gpu);
    gpu->regs.mailbox[0] = (uint32_t)libos_args;
    gpu->regs.mailbox[1] = (uint32_t)(libos_args >> 32);
    emu_hw_set_irqstat(gpu, 0);
    rc = find_rmargs(gpu, libos_args, &rmargs);
    if (rc == 0)
        rc = read_rmargs(gpu, &rmargs);
    if (rc == 0)
        rc = emu_rm_init(gpu);
    if (rc < 0) {
        emu_gsp_drop(gpu);
        return rc;
    }
    gsp->state = EMU_GSP_STARTING;
    emu_log_start(gpu, libos_args);
    emu_gsp_service(gpu);
    return 0;
}

/* GSP-RM reads RMARGS again: kgspPopulateGspRmInitArgs of 570.144 tells it there that this is
 * no cold start. The queues are as they were left, and INIT_DONE says that it is back
 * (kgspWaitForRmInitDone at the end of kgspBootstrap, in every boot mode). */
int
emu_gsp_resume(struct emu_gpu *gpu, uint64_t libos_args)
{
    struct libos_arg region;
    struct emu_wire args;
    int rc = find_rmargs(gpu, libos_args, &region);

    if (rc < 0)
        return rc;
    if (!emu_wire_init(&args, gpu->abi, "GSP_ARGUMENTS_CACHED",
                       emu_ram_at(&gpu->ram, region.pa, region.size), region.size) ||
        (!emu_get(&args, "srInitArguments.bInPMTransition") &&
         !emu_accepts(gpu, "RMARGS: a resume without bInPMTransition")))
        return -EINVAL;
    gpu->gsp.suspending = false;
    gpu->gsp.sr_meta = 0;
    gpu->gsp.state = EMU_GSP_STARTING;
    emu_rpc_init_done(gpu, NV_OK);
    emu_gsp_service(gpu);
    return 0;
}
