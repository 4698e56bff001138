/* SPDX-License-Identifier: MIT */
/*
 * The device's address space: ours over page tables that RM is told of (direct), or over RM's
 * (kernel).
 */
#include "device_priv.h"

/* Below lies what others have: 32-bit addresses, and the 512 MiB from 4 GiB on in which GSP-RM
 * puts its own. */
#define BASE (UINT64_C(1) << 36)
#define END  (UINT64_C(1) << 46)

static struct nvmem_vas_config
settings(const struct nvmem_device *dev)
{
    const uint64_t base = dev->va_base ? dev->va_base : BASE;

    return (struct nvmem_vas_config){
        .host = dev->host,
        .name = "addresses",
        .base = base,
        .bytes = dev->va_bytes ? dev->va_bytes : END - base,
        .threads = true,
        .times = true,
    };
}

static int
open_direct(struct nvmem_device *dev, struct gsp_error *err)
{
    const struct nvmem_vas_direct config = {
        .space = settings(dev),
        .format = dev->chip.format,
        .tables = nvmem_mmu_ops(),
        .ctx = dev->mmu,
    };
    int rc = nvmem_vas_create_direct(&config, &dev->vas, err);

    if (rc < 0)
        return rc;
    nvmem_device_lock(dev);
    rc = nvmem_vas_attach(dev->vas, dev->client, dev->device, &dev->space, err);
    nvmem_device_unlock(dev);
    return rc;
}

static int
open_kernel(struct nvmem_device *dev, struct gsp_error *err)
{
    const struct nvmem_vas_config config = settings(dev);
    struct nvmem_vas_objects objects = {0};
    int rc;

    nvmem_device_lock(dev);
    rc = nvmem_vas_open_kernel(&config, dev->client, dev->device, &objects, &dev->vas, err);
    nvmem_device_unlock(dev);
    dev->space = objects.vaspace;
    dev->window = objects.virt;
    return rc;
}

int
nvmem_device_space_open(struct nvmem_device *dev, struct gsp_error *err)
{
    return dev->bus ? open_direct(dev, err) : open_kernel(dev, err);
}

/* RM lets go of the directory before it goes; its mappings go before its objects. */
void
nvmem_device_space_close(struct nvmem_device *dev)
{
    if (dev->bus && dev->space) {
        nvmem_device_lock(dev);
        (void)nvmem_vas_detach(dev->vas, dev->client, dev->device, dev->space, NULL);
        nvmem_device_unlock(dev);
        dev->space = 0;
    }
    nvmem_space_enter(dev);
    nvmem_vas_destroy(dev->vas);
    nvmem_space_leave(dev);
    nvmem_rm_free(dev, dev->window);
    nvmem_rm_free(dev, dev->space);
}

/* What the space asks of RM (kernel), one caller at a time. */
void
nvmem_space_enter(struct nvmem_device *dev)
{
    if (!dev->bus)
        nvmem_device_lock(dev);
}

void
nvmem_space_leave(struct nvmem_device *dev)
{
    if (!dev->bus)
        nvmem_device_unlock(dev);
}
