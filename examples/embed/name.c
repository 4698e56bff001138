/* SPDX-License-Identifier: MIT */
/*
 * A program of its own on the libraries: an emulated card, RM on it, one control by its C type.
 * With an installed nvrm, nothing but pkg-config is needed; the Makefile beside it says how.
 */
#include <stdio.h>

#include <emu/emu.h>
#include <gsp/session.h>
#include <nvrm/types.h>
#include <rm/calls.h>
#include <rm/rm.h>

static int
say(const char *what, const struct gsp_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->text);
    return 1;
}

static int
print_name(struct rm_client *c, struct gsp_error *err)
{
    struct NV0080_ALLOC_PARAMETERS device = {.hClientShare = rm_client_handle(c)};
    struct NV2080_ALLOC_PARAMETERS subdevice = {0};
    struct NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS name = {0};
    rm_handle dev = 0, sub = 0;

    if (rm_alloc_NV01_DEVICE_0(c, rm_client_handle(c), &device, &dev, err) < 0)
        return say("device", err);
    if (rm_alloc_NV20_SUBDEVICE_0(c, dev, &subdevice, &sub, err) < 0)
        return say("subdevice", err);
    if (rm_ctl_NV2080_CTRL_CMD_GPU_GET_NAME_STRING(c, sub, &name, err) < 0)
        return say("name", err);
    printf("%.*s\n", (int)sizeof(name.gpuNameString.ascii), (char *)name.gpuNameString.ascii);
    return 0;
}

int
main(void)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, "570.144")};
    const struct emu_config config = {.chip = "GA102", .abi = abi};
    struct gsp_rm_config rm = {.abi = abi};
    struct gsp_backend *backend;
    struct gsp_error err = {0};
    struct rm_client *c;
    struct emu_gpu *gpu;
    int code;

    if (emu_gpu_create(&config, &gpu, err.text, sizeof(err.text)) < 0)
        return say("card", &err);
    rm.bus = emu_gpu_bus(gpu);
    if (gsp_rm_open(&rm, &backend, &err) < 0)
        return say("GSP-RM", &err);
    if (rm_client_open(backend, NULL, &c, &err) < 0)
        return say("client", &err);
    code = print_name(c, &err);
    rm_client_close(c, NULL);
    backend->ops->close(backend);
    emu_gpu_destroy(gpu);
    return code;
}
