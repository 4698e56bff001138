/* SPDX-License-Identifier: MIT */
/*
 * A whole boot in process, from reset to GSP_INIT_DONE and back, on the emulated card with its
 * synthetic firmware; beside it, what cannot be less: reading the same files and one checksum
 * over their bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/boot.h>

#include "bench.h"

struct rig {
    const char *chip, *release;
    struct emu_gpu *gpu;
    struct nvrm_abi abi;
    uint8_t *files[EMU_SYNTH_KINDS];
    size_t bytes[EMU_SYNTH_KINDS];
    int fd[EMU_SYNTH_KINDS];
    uint8_t *buffer;
    uint32_t sum;
};

static void
must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_boot: %s\n", what);
        exit(1);
    }
}

static int
find(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
     struct gsp_fw_source *out, struct gsp_error *err)
{
    static const enum emu_synth_kind kinds[GSP_FW_ROLES] = {
        [GSP_FW_ROLE_GSP] = EMU_SYNTH_GSP,
        [GSP_FW_ROLE_BOOTLOADER] = EMU_SYNTH_BOOTLOADER,
        [GSP_FW_ROLE_BOOTER_LOAD] = EMU_SYNTH_BOOTER_LOAD,
        [GSP_FW_ROLE_BOOTER_UNLOAD] = EMU_SYNTH_BOOTER_UNLOAD,
        [GSP_FW_ROLE_GENERIC_BL] = EMU_SYNTH_GENERIC_BL,
        [GSP_FW_ROLE_SCRUBBER] = EMU_SYNTH_SCRUBBER,
        [GSP_FW_ROLE_FMC] = EMU_SYNTH_FMC,
    };
    const struct rig *r = ctx;
    const enum emu_synth_kind kind = kinds[role];

    (void)family, (void)release, (void)err;
    if (!r->files[kind])
        return -ENOENT;
    *out = (struct gsp_fw_source){.data = r->files[kind], .bytes = r->bytes[kind]};
    return 0;
}

static void
boot_and_unload(void *ctx)
{
    struct rig *r = ctx;
    const struct gsp_boot_config config = {
        .rm = {.bus = emu_gpu_bus(r->gpu), .abi = r->abi},
          .firmware = {r,                          find         }
    };
    struct gsp_error err = {0};
    struct gsp_boot *b;

    must(gsp_boot_create(&config, &b, &err) == 0, err.text);
    must(gsp_boot_run(b, NULL, &err) == 0, err.text);
    must(gsp_boot_unload(b, &err) == 0, err.text);
    gsp_boot_destroy(b);
}

static void
read_and_hash(void *ctx)
{
    struct rig *r = ctx;

    for (unsigned i = 0; i < EMU_SYNTH_KINDS; i++) {
        if (!r->files[i])
            continue;
        must(pread(r->fd[i], r->buffer, r->bytes[i], 0) == (ssize_t)r->bytes[i], "short read");
        r->sum = (uint32_t)crc32(r->sum, r->buffer, (unsigned)r->bytes[i]);
    }
    bench_use(&r->sum);
}

static void
open_rig(struct rig *r)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    struct emu_config config = {.chip = r->chip};
    size_t most = 0;

    r->abi = (struct nvrm_abi){schema, nvrm_release_find(schema, r->release)};
    config.abi = r->abi;
    must(emu_gpu_create(&config, &r->gpu, NULL, 0) == 0, "no card");
    for (unsigned i = 0; i < EMU_SYNTH_KINDS; i++) {
        char path[] = "/tmp/bench_boot_XXXXXX";

        if (emu_synth_file(r->chip, r->release, (enum emu_synth_kind)i, &r->files[i],
                           &r->bytes[i]) < 0)
            continue;
        r->fd[i] = mkstemp(path);
        must(r->fd[i] >= 0 && unlink(path) == 0, "no temporary file");
        must(write(r->fd[i], r->files[i], r->bytes[i]) == (ssize_t)r->bytes[i], "short write");
        most = r->bytes[i] > most ? r->bytes[i] : most;
    }
    r->buffer = malloc(most);
    must(r->buffer != NULL, "out of memory");
}

static void
close_rig(struct rig *r)
{
    emu_gpu_destroy(r->gpu);
    for (unsigned i = 0; i < EMU_SYNTH_KINDS; i++) {
        if (r->files[i])
            close(r->fd[i]);
        free(r->files[i]);
    }
    free(r->buffer);
}

int
main(int argc, char **argv)
{
    static const char *const chips[] = {"TU102", "AD102", "GH100", "GB202"};
    const struct bench b = bench_init("boot", argc, argv);

    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
        struct rig r = {.chip = chips[i], .release = "595.45.04"};
        struct bench_side sides[] = {
            {.name = "boot and unload", .run = boot_and_unload, .ctx = &r},
            {.name = "read and hash",   .run = read_and_hash,   .ctx = &r},
        };

        open_rig(&r);
        bench_compare(&b, chips[i], sides, 2);
        close_rig(&r);
    }
    return 0;
}
