/* SPDX-License-Identifier: MIT */
/* A device on an emulated card, or on whatever nvidia.ko there is. */
#include "rig.h"

#include <emu/emu.h>
#include <gsp/nvidia.h>
#include <gsp/session.h>
#include <nvrm/cl/clc7b5.h>

void
rig_ok(struct rig *r, int rc, const char *what, const char *file, int line)
{
    if (rc >= 0)
        return;
    print_error("%s:%d: %s: %d: %s (%s)\n", file, line, what, rc, r->err.text, r->err.hint);
    fail();
}

static void
open_card(struct rig *r, const char *chip, const char *release, const char *inject)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, release ? release : "570.144")};
    const struct emu_config config = {.chip = chip, .abi = abi, .inject = inject};
    struct gsp_rm_config rm = {.abi = abi};
    char message[200] = "";

    assert_int_not_equal(abi.release, NVRM_NO_RELEASE);
    if (emu_gpu_create(&config, &r->gpu, message, sizeof(message)) < 0)
        fail_msg("%s", message);
    rm.bus = emu_gpu_bus(r->gpu);
    RIG_OK(r, gsp_rm_open(&rm, &r->backend, &r->err));
}

bool
rig_is_module(void)
{
    const char *which = getenv("NVRM_RIG");

    return which && !strcmp(which, "nvidia");
}

static void
open_module(struct rig *r)
{
    const struct gsp_nvidia_config config = {
        .abi = {nvrm_schema_builtin(), NVRM_NO_RELEASE}
    };

    RIG_OK(r, gsp_nvidia_open(&config, &r->backend, &r->err));
}

void
rig_open(struct rig *r, const char *chip, const char *release, const char *inject,
         const struct nvmem_device_config *config)
{
    struct nvmem_device_config c = config ? *config : (struct nvmem_device_config){0};

    memset(r, 0, sizeof(*r));
    if (chip && !rig_is_module())
        open_card(r, chip, release, inject);
    else
        open_module(r);
    RIG_OK(r, rm_client_open(r->backend, NULL, &r->client, &r->err));
    c.client = r->client;
    RIG_OK(r, nvmem_device_open(&c, &r->dev, &r->err));
}

void
rig_close(struct rig *r)
{
    struct gsp_text leaks = {0};

    RIG_OK(r, nvmem_device_close(r->dev, &r->err));
    rm_client_close(r->client, &leaks);
    if (leaks.bytes)
        fail_msg("left alive:\n%s", leaks.data);
    gsp_text_fini(&leaks);
    r->backend->ops->close(r->backend);
    emu_gpu_destroy(r->gpu);
}

struct nvmem_buffer *
rig_buffer(struct rig *r, uint64_t bytes, enum nvmem_placement where)
{
    const struct nvmem_buffer_config config = {.bytes = bytes, .placement = where};
    struct nvmem_buffer *b = NULL;

    RIG_OK(r, nvmem_buffer_create(r->dev, &config, &b, &r->err));
    return b;
}

struct nvmem_channel *
rig_channel(struct rig *r, enum nvmem_work work)
{
    const struct nvmem_channel_config config = {.work = work};
    struct nvmem_channel *ch = NULL;

    RIG_OK(r, nvmem_channel_create(r->dev, &config, &ch, &r->err));
    return ch;
}

void
rig_copy(struct rig *r, struct nvmem_channel *ch, uint64_t to, uint64_t from, uint32_t bytes)
{
    const uint32_t words[] = {
        nvmem_push_header(NVMEM_PUSH_INC, NVMEM_SUBCH_COPY, NVC7B5_OFFSET_IN_UPPER, 4),
        (uint32_t)(from >> 32),
        (uint32_t)from,
        (uint32_t)(to >> 32),
        (uint32_t)to,
        nvmem_push_header(NVMEM_PUSH_INC, NVMEM_SUBCH_COPY, NVC7B5_LINE_LENGTH_IN, 1),
        bytes,
        nvmem_push_header(NVMEM_PUSH_INC, NVMEM_SUBCH_COPY, NVC7B5_LAUNCH_DMA, 1),
        0x182 | 1 << 2,
    };

    RIG_OK(r, nvmem_channel_push(ch, words, sizeof(words) / 4, &r->err));
}
