/* SPDX-License-Identifier: MIT */
/*
 * A card that waits to be booted. An emulated card boots the synthetic set only: the licence
 * of the real firmware does not allow more.
 */
#include "boot_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <emu/synth.h>

static int
find_file(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
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
    struct cli_boot *rig = ctx;
    size_t bytes;
    int rc;

    (void)family;
    free(rig->files[role]);
    rig->files[role] = NULL;
    rc = emu_synth_file(rig->chip, release, kinds[role], &rig->files[role], &bytes);
    if (rc == -ENOMEM)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory for firmware");
    if (rc < 0)
        return rc;
    *out = (struct gsp_fw_source){
        .name = gsp_fw_role_name(role), .data = rig->files[role], .bytes = bytes};
    return 0;
}

static int
create_card(struct cli_boot *rig, const char *inject, struct gsp_error *err)
{
    const struct emu_config config = {.chip = rig->chip, .abi = rig->abi, .inject = inject};
    char message[200] = "";
    int rc = emu_gpu_create(&config, &rig->gpu, message, sizeof(message));

    if (rc == 0)
        return 0;
    gsp_fail(err, rc == -EINVAL ? GSP_ORIGIN_INPUT : GSP_ORIGIN_TRANSPORT, rc,
             "the emulated card does not start: %s", message[0] ? message : strerror(-rc));
    if (rc == -EINVAL)
        gsp_hint(err, "list --faults names the faults that can be injected");
    return rc;
}

int
boot_rig_open(struct cli *cli, const char *chip, const char *inject, struct nvrm_abi abi,
              void (*observe)(void *ctx, const struct gsp_boot_report *report),
              void *observe_ctx, struct cli_boot **rig_out, struct gsp_error *err)
{
    struct cli_boot *rig = calloc(1, sizeof(*rig));
    struct gsp_boot_config config = {.observe = observe, .observe_ctx = observe_ctx};
    int rc;

    if (!rig)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    snprintf(rig->chip, sizeof(rig->chip), "%s", chip ? chip : "AD102");
    rig->abi = abi;
    rc = create_card(rig, inject, err);
    if (rc == 0) {
        config.rm = (struct gsp_rm_config){.bus = emu_gpu_bus(rig->gpu),
                                           .host = &cli->host,
                                           .abi = abi,
                                           .timeout_ns = cli->options.timeout_ns};
        config.firmware = (struct gsp_boot_firmware){rig, find_file};
        rc = gsp_boot_create(&config, &rig->boot, err);
    }
    if (rc < 0) {
        boot_rig_close(rig);
        return rc;
    }
    *rig_out = rig;
    return 0;
}

void
boot_rig_close(struct cli_boot *rig)
{
    if (!rig)
        return;
    gsp_boot_destroy(rig->boot);
    emu_gpu_destroy(rig->gpu);
    for (unsigned i = 0; i < GSP_FW_ROLES; i++)
        free(rig->files[i]);
    free(rig);
}

enum gsp_fw_family
boot_rig_family(const char *chip)
{
    return gsp_fw_family_of_chip(chip ? chip : "AD102");
}
