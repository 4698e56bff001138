/* SPDX-License-Identifier: MIT */
/* A buffer goes into a card's memory and back through its copy engine, and is compared: through
 * nvidia.ko where there is one, else on an emulated card in this process.
 *
 *   cc -o copy copy.c $(pkg-config --cflags --libs --static nvrm-nvmem nvrm-emu)
 *   ./copy; nvrm-cli emu exec -- ./copy
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include <emu/emu.h>
#include <gsp/nvidia.h>
#include <gsp/session.h>
#include <nvmem/copy.h>

enum { BYTES = 4 << 20 };

static struct gsp_error why;
static unsigned char from[BYTES], to[BYTES];

static void
must(int rc)
{
    if (rc < 0)
        errx(1, "%s", why.text);
}

static struct gsp_backend *
open_backend(struct emu_gpu **gpu)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi any = {s, NVRM_NO_RELEASE}, newest = {s, nvrm_release_newest(s)};
    const struct gsp_nvidia_config module = {.abi = any};
    const struct emu_config card = {.chip = "AD102", .abi = newest};
    struct gsp_rm_config rm = {.abi = newest};
    struct gsp_backend *backend = NULL;

    if (gsp_nvidia_open(&module, &backend, &why) == 0)
        return backend;
    must(emu_gpu_create(&card, gpu, why.text, sizeof(why.text)));
    rm.bus = emu_gpu_bus(*gpu);
    must(gsp_rm_open(&rm, &backend, &why));
    return backend;
}

int
main(void)
{
    struct nvmem_buffer_config memory = {.bytes = BYTES};
    struct nvmem_device_config config = {0};
    struct emu_gpu *gpu = NULL;
    struct gsp_backend *backend = open_backend(&gpu);
    struct nvmem_device *dev = NULL;
    struct nvmem_channel *ch = NULL;
    struct nvmem_buffer *b[3];

    for (int i = 0; i < BYTES; i++)
        from[i] = (unsigned char)(i * 2654435761u >> 24);
    must(rm_client_open(backend, NULL, &config.client, &why));
    must(nvmem_device_open(&config, &dev, &why));
    must(nvmem_channel_create(dev, &(struct nvmem_channel_config){0}, &ch, &why));
    for (int i = 0; i < 3; i++)
        must(nvmem_buffer_create(dev, &memory, &b[i], &why)); /* in video memory */
    must(nvmem_buffer_write(b[0], 0, from, BYTES, &why));
    must(nvmem_copy(ch, b[1], 0, b[0], 0, BYTES, 0, &why));
    must(nvmem_copy(ch, b[2], 0, b[1], 0, BYTES, 0, &why));
    must(nvmem_channel_submit(ch, NULL, &why));
    must(nvmem_channel_destroy(ch, &why)); /* waits for its work */
    must(nvmem_buffer_read(b[2], 0, to, BYTES, &why));
    printf("%d bytes by way of the card (%s): %s\n", BYTES, backend->ops->name,
           memcmp(from, to, BYTES) == 0 ? "equal" : "different");
    for (int i = 0; i < 3; i++)
        must(nvmem_buffer_unref(b[i], &why));
    must(nvmem_device_close(dev, &why));
    rm_client_close(config.client, NULL);
    backend->ops->close(backend);
    emu_gpu_destroy(gpu);
    return 0;
}
