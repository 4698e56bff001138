/* SPDX-License-Identifier: MIT */
/*
 * Log records: what GSP-RM says while it starts and when something fails, encoded as the
 * release's libos does.
 *
 * A ring is a count of 64-bit words ever written and then the words; a record is its arguments,
 * a metadata word and the time (libos_log.h).
 */
#include "log_emit.h"

#include <stdlib.h>
#include <string.h>

#include "emu_priv.h"

enum {
    LIBOS_ROW_BYTES = 32, /* LibosMemoryRegionInitArgument */
    LIBOS_ROWS = EMU_PAGE_BYTES / LIBOS_ROW_BYTES,
    CONTIGUOUS = 1, /* its kind, and where it lies */
    SYSMEM = 1,
    INFO = 1,
    NOTICE = 2,
    ERROR = 4,
    ASSERTION = 1,    /* the format is an expression */
    CHECK_STATUS = 4, /* the same, and the first argument is a status */
};

#define INIT_FILE "emu/init.c"
#define RM_FILE   "emu/rm.c"

const struct emu_log_row emu_log_rows[EMU_LOG_MESSAGES] = {
    [EMU_LOG_BOOT] = {EMU_LOG_INIT, INFO,   0,            3, 12, INIT_FILE,
                      "emulated GSP-RM %s on architecture 0x%02x implementation 0x%x\n"             },
    [EMU_LOG_REGION] = {EMU_LOG_INIT, INFO,   0,            2, 31, INIT_FILE,
                      "log ring at 0x%llx, %u bytes\n"                                              },
    [EMU_LOG_TASKS] = {EMU_LOG_INIT, NOTICE, 0,            0, 48, INIT_FILE,    "tasks are running\n"},
    [EMU_LOG_RM_START] = {EMU_LOG_RM,   INFO,   0,            1, 20, RM_FILE,
                      "queue block of %u pages is mapped\n"                                         },
    [EMU_LOG_QUEUES] = {EMU_LOG_RM,   INFO,   0,            2, 27, RM_FILE,
                      "command entries at +0x%x, status entries at +0x%x\n"                         },
    [EMU_LOG_VECTOR] = {EMU_LOG_INTR, INFO,   0,            1, 9,  "emu/intr.c",
                      "%u engines have an interrupt\n"                                              },
    [EMU_LOG_CONTROL] = {EMU_LOG_RM,   ERROR,  CHECK_STATUS, 3, 77, RM_FILE,      "serve the control"  },
    [EMU_LOG_HALT] = {EMU_LOG_RM,   ERROR,  ASSERTION,    0, 90, RM_FILE,
                      "the queues can still be used"                                                },
};

bool
emu_log_packed(const char *release)
{
    return strtoul(release, NULL, 10) >= 580;
}

enum emu_log_task
emu_log_image(enum emu_log_task task)
{
    return task == EMU_LOG_INIT ? EMU_LOG_INIT : EMU_LOG_RM;
}

uint64_t
emu_log_base(enum emu_log_task image)
{
    return image == EMU_LOG_INIT ? 0x60000000 : 0x61000000;
}

unsigned
emu_log_count(enum emu_log_task image)
{
    unsigned n = 0;

    for (unsigned i = 0; i < EMU_LOG_MESSAGES; i++)
        n += emu_log_image(emu_log_rows[i].task) == image;
    return n;
}

unsigned
emu_log_index(enum emu_log_message message)
{
    const enum emu_log_task image = emu_log_image(emu_log_rows[message].task);
    unsigned n = 0;

    for (unsigned i = 0; i < (unsigned)message; i++)
        n += emu_log_image(emu_log_rows[i].task) == image;
    return n;
}

uint64_t
emu_log_texts(enum emu_log_task image, bool packed)
{
    return emu_log_base(image) +
           (packed ? EMU_LOG_TEXT_OFF
                   : (uint64_t)emu_log_count(image) * EMU_LOG_METADATA_BYTES);
}

static const char *
release_of(const struct emu_gpu *gpu)
{
    return nvrm_release_name(gpu->abi.schema, gpu->abi.release);
}

/* The word that names a message: its address, or its offset below length and task. */
static uint64_t
metadata_word(const struct emu_gpu *gpu, enum emu_log_message message)
{
    const struct emu_log_row *row = &emu_log_rows[message];
    const uint64_t off = (uint64_t)emu_log_index(message) * EMU_LOG_METADATA_BYTES;

    if (!emu_log_packed(release_of(gpu)))
        return emu_log_base(emu_log_image(row->task)) + off;
    return off | (uint64_t)(row->args + 2) << 48 | (uint64_t)row->task << 56;
}

static void
put_word(uint64_t *ring, uint64_t entries, uint64_t *put, uint64_t word)
{
    ring[1 + *put % entries] = word;
    ++*put;
}

void
emu_log(struct emu_gpu *gpu, enum emu_log_message message, const uint64_t *args)
{
    const struct emu_log_row *row = &emu_log_rows[message];
    const unsigned i = row->task - EMU_LOG_INIT;
    const uint64_t entries = gpu->logs.rings[i].bytes / 8 - 1;
    uint64_t *put = &gpu->logs.rings[i].put;
    uint64_t *ring;

    if (gpu->logs.rings[i].bytes < EMU_PAGE_BYTES ||
        !(ring = emu_ram_at(&gpu->ram, gpu->logs.rings[i].pa, gpu->logs.rings[i].bytes)))
        return;
    for (unsigned k = 0; args && k < row->args; k++)
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): as many as the row has */
        put_word(ring, entries, put, args[k]);
    put_word(ring, entries, put, metadata_word(gpu, message));
    put_word(ring, entries, put, emu_now_ns() - gpu->regs.reset_ns + 1);
    ring[0] = *put;
}

static uint64_t
id_of(const char *name)
{
    uint64_t id = 0;

    while (*name)
        id = id << 8 | (uint8_t)*name++;
    return id;
}

static void
find_rings(struct emu_gpu *gpu, uint64_t table)
{
    static const char *const names[EMU_LOG_RINGS] = {"LOGINIT", "LOGRM", "LOGINTR"};

    memset(&gpu->logs, 0, sizeof(gpu->logs));
    for (unsigned row = 0; row < LIBOS_ROWS; row++) {
        const uint8_t *bytes =
            emu_ram_at(&gpu->ram, table + (uint64_t)row * LIBOS_ROW_BYTES, LIBOS_ROW_BYTES);
        uint64_t words[3];

        if (!bytes)
            return;
        memcpy(words, bytes, sizeof(words));
        if (!words[0])
            return;
        if (bytes[24] != CONTIGUOUS || bytes[25] != SYSMEM)
            continue;
        for (unsigned i = 0; i < EMU_LOG_RINGS; i++) {
            if (words[0] != id_of(names[i]))
                continue;
            gpu->logs.rings[i].pa = words[1];
            gpu->logs.rings[i].bytes = words[2] & ~7ull;
        }
    }
}

void
emu_log_start(struct emu_gpu *gpu, uint64_t libos_args)
{
    const struct emu_gsp *gsp = &gpu->gsp;
    const uint64_t release = emu_log_texts(EMU_LOG_INIT, emu_log_packed(release_of(gpu)));
    const uint64_t pages = gsp->shm.page_count, engines = gpu->card->engine_count;

    find_rings(gpu, libos_args);
    emu_log(gpu, EMU_LOG_BOOT,
            (const uint64_t[]){release, gpu->card->architecture, gpu->card->implementation});
    for (unsigned i = 0; i < EMU_LOG_RINGS; i++)
        emu_log(gpu, EMU_LOG_REGION,
                (const uint64_t[]){gpu->logs.rings[i].pa, gpu->logs.rings[i].bytes});
    emu_log(gpu, EMU_LOG_TASKS, NULL);
    emu_log(gpu, EMU_LOG_RM_START, &pages);
    emu_log(gpu, EMU_LOG_QUEUES, (const uint64_t[]){gsp->cmd.entries, gsp->stat.entries});
    emu_log(gpu, EMU_LOG_VECTOR, &engines);
}
