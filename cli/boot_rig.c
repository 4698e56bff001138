/* SPDX-License-Identifier: MIT */
/*
 * A card that waits to be booted.
 */
#include "boot_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A boot makes no calls: what there is to record are the bus and the RPCs, whatever the level.
 */
static int
record_boot(struct cli_boot *rig, struct gsp_error *err)
{
    struct cli_options options = rig->cli->options;
    int rc;

    options.record_level = CLI_RECORD_BUS;
    rig->bus = rig->card.bus;
    rc = recording_open(&options, rig->abi, rig->card.chip, &rig->recording, err);
    return rc < 0 ? rc : recording_bus(rig->recording, &rig->bus, err);
}

int
boot_rig_open(struct cli *cli, const struct transport_spec *spec, struct nvrm_abi abi,
              void (*observe)(void *ctx, const struct gsp_boot_report *report),
              void *observe_ctx, struct cli_boot **rig_out, struct gsp_error *err)
{
    struct cli_boot *rig = calloc(1, sizeof(*rig));
    struct gsp_boot_config config = {.observe = observe, .observe_ctx = observe_ctx};
    int rc;

    if (!rig)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rig->cli = cli;
    rig->abi = abi;
    rc = cli_card_open(spec, abi, &cli->host, &rig->card, err);
    if (rc == 0)
        rc = record_boot(rig, err);
    if (rc == 0) {
        config.rm = (struct gsp_rm_config){.bus = rig->bus,
                                           .tap = recording_tap(rig->recording),
                                           .host = &cli->host,
                                           .abi = abi,
                                           .timeout_ns = cli->options.timeout_ns};
        config.firmware = cli_card_firmware(&rig->card);
        rc = gsp_boot_create(&config, &rig->boot, err);
    }
    if (rc < 0) {
        boot_rig_close(rig);
        return rc;
    }
    *rig_out = rig;
    return 0;
}

int
boot_rig_close(struct cli_boot *rig)
{
    struct gsp_error err = {0};
    int rc;

    if (!rig)
        return CLI_OK;
    gsp_boot_destroy(rig->boot);
    if (rig->bus && rig->bus != rig->card.bus) { /* a recorder closes what it took */
        rig->bus->ops->close(rig->bus);
        rig->card.bus = NULL;
    }
    rc = recording_close(rig->recording, &err) < 0 ? cli_fail(rig->cli, &err) : CLI_OK;
    cli_card_close(&rig->card);
    free(rig);
    return rc;
}

enum gsp_fw_family
boot_rig_family(const char *chip)
{
    return gsp_fw_family_of_chip(chip ? chip : "AD102");
}
