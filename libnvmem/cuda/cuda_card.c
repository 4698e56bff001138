/* SPDX-License-Identifier: MIT */
/*
 * The card behind NVRM_TRANSPORT: an emulated one in this process, one of nvidia.ko, or one
 * that nvrm-emu --preboot serves.
 */
#include "cuda_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/boot.h>
#include <gsp/bus_vfio_user.h>
#include <gsp/nvidia.h>
#include <gsp/session.h>

/* "emu:AD102?fw=570.144" in parts; the strings are cut out of a copy. */
struct spec {
    char text[256];
    const char *kind, *place, *fw;
};

static int
parse(const char *transport, struct spec *s, struct gsp_error *err)
{
    char *place, *query;

    if (strlen(transport) >= sizeof(s->text))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "NVRM_TRANSPORT is too long");
    memcpy(s->text, transport, strlen(transport) + 1);
    query = strchr(s->text, '?');
    if (query)
        *query++ = 0;
    place = strchr(s->text, ':');
    if (place)
        *place++ = 0;
    s->kind = s->text;
    s->place = place;
    s->fw = query && !strncmp(query, "fw=", 3) ? query + 3 : NULL;
    if (query && !s->fw)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "NVRM_TRANSPORT: '%.80s' is not fw=RELEASE", query);
    return 0;
}

static int
find_release(const struct spec *s, struct nvrm_abi *abi_out, struct gsp_error *err)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();

    *abi_out = (struct nvrm_abi){schema, s->fw ? nvrm_release_find(schema, s->fw)
                                               : nvrm_release_newest(schema)};
    if (abi_out->release == NVRM_NO_RELEASE)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT,
                        "NVRM_TRANSPORT: release '%.40s' is not known", s->fw);
    return 0;
}

static int
open_emulated(struct cuda_card *card, const struct spec *s, struct gsp_error *err)
{
    struct emu_config config = {.chip = s->place};
    struct gsp_rm_config rm = {0};
    char message[200] = "";
    int rc = find_release(s, &config.abi, err);

    if (rc < 0)
        return rc;
    if (emu_gpu_create(&config, &card->gpu, message, sizeof(message)) < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV,
                        "the emulated card does not start: %.160s", message);
    rm.abi = config.abi;
    rm.bus = emu_gpu_bus(card->gpu);
    return gsp_rm_open(&rm, &card->backend, err);
}

static int
open_module(struct cuda_card *card, const struct spec *s, struct gsp_error *err)
{
    const struct gsp_nvidia_config config = {
        .gpu = s->place ? (unsigned)strtoul(s->place, NULL, 10) : 0,
        .abi = {nvrm_schema_builtin(), NVRM_NO_RELEASE},
    };

    return gsp_nvidia_open(&config, &card->backend, err);
}

/* Which chip a bus leads to, by its PCI id. */
static const char *
chip_of(struct gsp_bus *bus)
{
    uint32_t ids = 0;

    bus->ops->config_read(bus, 0, 4, &ids);
    for (unsigned i = 0; i < emu_chip_count(); i++) {
        if ((ids & 0xffff) == 0x10de && emu_chip_at(i)->device == ids >> 16)
            return emu_chip_at(i)->name;
    }
    return NULL;
}

static int
find_firmware(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
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
    struct cuda_card *card = ctx;
    const char *chip = chip_of(card->bus);
    size_t bytes = 0;
    int rc;

    (void)family;
    free(card->firmware[role]);
    card->firmware[role] = NULL;
    if (!chip)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "a card that is not emulated");
    rc = emu_synth_file(chip, release, kinds[role], &card->firmware[role], &bytes);
    *out = (struct gsp_fw_source){gsp_fw_role_name(role), card->firmware[role], bytes, 0};
    return rc == -ENOMEM ? gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory") : rc;
}

static int
open_served(struct cuda_card *card, const struct spec *s, struct gsp_error *err)
{
    const struct gsp_vfio_user_config config = {.path = s->place};
    struct gsp_boot_config boot = {
        .firmware = {card, find_firmware}
    };
    int rc = find_release(s, &boot.rm.abi, err);

    if (rc == 0 && !s->place)
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                      "NVRM_TRANSPORT: vfio-user needs a socket, vfio-user:/tmp/card");
    if (rc == 0)
        rc = gsp_bus_vfio_user_open(&config, &card->bus, err);
    boot.rm.bus = card->bus;
    return rc < 0 ? rc : gsp_boot_open(&boot, &card->backend, err);
}

static int
open_backend(struct cuda_card *card, const struct spec *s, struct gsp_error *err)
{
    static const struct {
        const char *kind;
        int (*open)(struct cuda_card *card, const struct spec *s, struct gsp_error *err);
    } kinds[] = {
        {"emu",       open_emulated},
        {"nvidia",    open_module  },
        {"vfio-user", open_served  },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!strcmp(kinds[i].kind, s->kind))
            return kinds[i].open(card, s, err);
    }
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                    "NVRM_TRANSPORT: '%.80s' is not emu, nvidia or vfio-user", s->kind);
}

int
cuda_card_open(struct cuda_card *card, const char *transport, struct gsp_error *err)
{
    struct nvmem_device_config config = {0};
    struct spec spec;
    int rc = parse(transport, &spec, err);

    *card = (struct cuda_card){0};
    if (rc == 0)
        rc = open_backend(card, &spec, err);
    if (rc == 0)
        rc = rm_client_open(card->backend, NULL, &card->client, err);
    config.client = card->client;
    if (rc == 0)
        rc = nvmem_device_open(&config, &card->dev, err);
    if (rc < 0)
        cuda_card_close(card);
    return rc;
}

void
cuda_card_close(struct cuda_card *card)
{
    if (card->dev)
        nvmem_device_close(card->dev, NULL);
    if (card->client)
        rm_client_close(card->client, NULL);
    if (card->backend)
        card->backend->ops->close(card->backend);
    emu_gpu_destroy(card->gpu);
    if (card->bus)
        card->bus->ops->close(card->bus);
    for (unsigned i = 0; i < GSP_FW_ROLES; i++)
        free(card->firmware[i]);
    *card = (struct cuda_card){0};
}
