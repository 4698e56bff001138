/* SPDX-License-Identifier: MIT */
/*
 * Cards by transport. An emulated card, here or in another process, boots the synthetic set
 * only: the licence of the real firmware does not allow more. A real one boots files of
 * NVRM_FW_DIR or of the system's folder.
 */
#include "card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/bus_vfio_user.h>
#include <gsp/pci.h>

static int
open_emulated(const struct transport_spec *spec, struct nvrm_abi abi, struct cli_card *card,
              struct gsp_error *err)
{
    const struct emu_config config = {.chip = spec->chip,
                                      .abi = abi,
                                      .inject = spec->inject,
                                      .lenient = spec->lenient,
                                      .debug_fused = spec->debug_fused,
                                      .sm_timing = spec->sm_timing,
                                      .sm_threads = spec->sm_threads,
                                      .sm_watchdog = spec->sm_watchdog};
    char message[200] = "";
    int rc = emu_gpu_create(&config, &card->gpu, message, sizeof(message));

    snprintf(card->chip, sizeof(card->chip), "%s", spec->chip ? spec->chip : "AD102");
    if (rc == 0) {
        card->bus = emu_gpu_bus(card->gpu);
        card->emulated = card->starts_itself = true;
        return 0;
    }
    gsp_fail(err, rc == -EINVAL ? GSP_ORIGIN_INPUT : GSP_ORIGIN_TRANSPORT, rc,
             "the emulated card does not start: %s", message[0] ? message : strerror(-rc));
    if (rc == -EINVAL)
        gsp_hint(err, "list --faults names the faults that can be injected");
    return rc;
}

/* Which chip a bus leads to, by its PCI id. */
static void
name_chip(struct cli_card *card)
{
    uint32_t ids = 0;

    card->bus->ops->config_read(card->bus, 0, 4, &ids);
    snprintf(card->chip, sizeof(card->chip), "%04x:%04x", ids & 0xffff, ids >> 16);
    for (unsigned i = 0; card->emulated && i < emu_chip_count(); i++)
        if ((ids & 0xffff) == 0x10de && emu_chip_at(i)->device == ids >> 16)
            snprintf(card->chip, sizeof(card->chip), "%s", emu_chip_at(i)->name);
}

static int
open_vfio_user(const struct transport_spec *spec, const struct gsp_host *host,
               struct cli_card *card, struct gsp_error *err)
{
    const struct gsp_vfio_user_config config = {
        .path = spec->path, .host = host, .preboot = spec->preboot};
    int rc = gsp_bus_vfio_user_open(&config, &card->bus, err);

    card->emulated = true;
    card->starts_itself = spec->preboot;
    return rc;
}

static int
open_pci(const struct transport_spec *spec, const struct gsp_host *host, struct cli_card *card,
         struct gsp_error *err)
{
    struct gsp_pci_open_config config = {
        .host = host, .unbind = spec->unbind, .via = spec->via};
    int rc = gsp_pci_parse_bdf(spec->path, &config.bdf, err);

    return rc < 0 ? rc : gsp_pci_open(&config, &card->bus, err);
}

int
cli_card_open(const struct transport_spec *spec, struct nvrm_abi abi,
              const struct gsp_host *host, struct cli_card *card, struct gsp_error *err)
{
    int rc;

    memset(card, 0, sizeof(*card));
    if (!strcmp(spec->kind, "emu"))
        return open_emulated(spec, abi, card, err);
    rc = strcmp(spec->kind, "pci") ? open_vfio_user(spec, host, card, err)
                                   : open_pci(spec, host, card, err);
    if (rc == 0)
        name_chip(card);
    return rc;
}

void
cli_card_close(struct cli_card *card)
{
    if (card->gpu)
        emu_gpu_destroy(card->gpu);
    else if (card->bus)
        card->bus->ops->close(card->bus);
    for (unsigned i = 0; i < GSP_FW_ROLES; i++) {
        free(card->synth[i]);
        fw_file_free(&card->files[i]);
    }
    memset(card, 0, sizeof(*card));
}

/* Firmware */

static int
make_synthetic(struct cli_card *card, enum gsp_fw_role role, const char *release,
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
    size_t bytes;
    int rc;

    free(card->synth[role]);
    card->synth[role] = NULL;
    rc = card->gpu
             ? emu_gpu_synth_file(card->gpu, kinds[role], &card->synth[role], &bytes)
             : emu_synth_file(card->chip, release, kinds[role], &card->synth[role], &bytes);
    if (rc == -ENOMEM)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory for firmware");
    if (rc < 0)
        return rc;
    *out = (struct gsp_fw_source){
        .name = gsp_fw_role_name(role), .data = card->synth[role], .bytes = bytes};
    return 0;
}

/* As linux-firmware files it, or as NVIDIA's own packages do. */
static bool
find_in(const char *dir, size_t dir_bytes, enum gsp_fw_role role,
        const struct gsp_fw_family_info *family, const char *release, char path[512])
{
    const int n = (int)dir_bytes;

    snprintf(path, 512, "%.*s/%s/gsp/%s-%s.bin", n, dir, family->folder[role],
             gsp_fw_role_name(role), release);
    if (access(path, R_OK) == 0)
        return true;
    if (role != GSP_FW_ROLE_GSP)
        return false;
    snprintf(path, 512, "%.*s/%s/%s.bin", n, dir, release, family->gsp_name);
    return access(path, R_OK) == 0;
}

static int
find_real(struct cli_card *card, enum gsp_fw_role role, enum gsp_fw_family family,
          const char *release, struct gsp_fw_source *out, struct gsp_error *err)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(family);
    const char *dirs = getenv("NVRM_FW_DIR"), *at;
    char path[512];
    int rc;

    if (!info || !info->folder[role])
        return -ENOENT;
    if (!dirs || !*dirs)
        dirs = "/lib/firmware/nvidia";
    for (at = dirs; *at;) {
        const size_t n = strcspn(at, ":");

        if (n && find_in(at, n, role, info, release, path)) {
            fw_file_free(&card->files[role]);
            rc = fw_file_read(path, &card->files[role], err);
            if (rc == 0)
                *out = card->files[role].src;
            return rc;
        }
        at += n + (at[n] == ':');
    }
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOENT, "no %s of release %s for %s in %s",
             gsp_fw_role_name(role), release, info->name, dirs);
    gsp_hint(err, "fw list shows which releases a folder can boot; NVRM_FW_DIR names folders");
    return -ENOENT;
}

static int
find_file(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
          struct gsp_fw_source *out, struct gsp_error *err)
{
    struct cli_card *card = ctx;

    return card->emulated ? make_synthetic(card, role, release, out, err)
                          : find_real(card, role, family, release, out, err);
}

struct gsp_boot_firmware
cli_card_firmware(struct cli_card *card)
{
    return (struct gsp_boot_firmware){card, find_file};
}
