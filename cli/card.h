/* SPDX-License-Identifier: MIT */
/*
 * The card behind -t: a bus, and the firmware that boots what is on it.
 */
#ifndef NVRM_CLI_CARD_H
#define NVRM_CLI_CARD_H

#include <gsp/boot.h>

#include "fw_file.h"
#include "transport.h"

struct emu_gpu;

struct cli_card {
    struct gsp_bus *bus;
    struct emu_gpu *gpu; /* the bus is its; NULL: the bus is ours */
    char chip[32];       /* "AD102", or the PCI id of a chip without a name here */
    bool emulated;       /* boots the synthetic set */
    bool starts_itself;  /* GSP-RM needs no boot chain */
    uint8_t *synth[GSP_FW_ROLES];
    struct fw_file files[GSP_FW_ROLES];
};

/* host is borrowed until the card is closed. */
int cli_card_open(const struct transport_spec *spec, struct nvrm_abi abi,
                  const struct gsp_host *host, struct cli_card *card, struct gsp_error *err);
/* A card that was not opened, or only half, is fine. */
void cli_card_close(struct cli_card *card);
/* What boots it: borrows the card. */
struct gsp_boot_firmware cli_card_firmware(struct cli_card *card);

#endif
