/* SPDX-License-Identifier: MIT */
/*
 * What `boot` works on: a card without GSP-RM, its firmware set, and a boot of it. The shell
 * keeps one between lines, so that a boot can be stepped.
 */
#ifndef NVRM_CLI_BOOT_RIG_H
#define NVRM_CLI_BOOT_RIG_H

#include <gsp/boot.h>

#include "card.h"
#include "record.h"

struct cli_boot {
    struct cli *cli;
    struct cli_card card;        /* borrowed by the boot */
    struct recording *recording; /* NULL without --record */
    struct gsp_bus *bus;         /* the card's, or a recorder around it */
    struct nvrm_abi abi;
    struct gsp_boot *boot;
};

/* Open the card of -t and -d at a release. observe may be NULL. */
int boot_rig_open(struct cli *cli, const struct transport_spec *spec, struct nvrm_abi abi,
                  void (*observe)(void *ctx, const struct gsp_boot_report *report),
                  void *observe_ctx, struct cli_boot **rig_out, struct gsp_error *err);
/* Unloads a GSP-RM that runs. NULL is fine. Returns an exit code: that of a trace that could
 * not be written to its end. */
int boot_rig_close(struct cli_boot *rig);
/* The family of an emulated card by its name. */
enum gsp_fw_family boot_rig_family(const char *chip);

#endif
