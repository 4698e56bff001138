/* SPDX-License-Identifier: MIT */
/*
 * What nvidia.ko can do beyond the table of a backend: allocate with rights, take pages of this
 * process, wait for channels, follow a mapping that moved, keep other cards up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "nvidia_priv.h"

static struct nvidia *
of(struct gsp_backend *b)
{
    while (b->behind)
        b = b->behind;
    return (struct nvidia *)b;
}

/* A constant of nvos.h, which must exist. */
static uint32_t
constant(struct nvidia *n, struct wire *w, const char *name)
{
    uint64_t value = 0;

    if (w->rc == 0 && !nvrm_constant_find(n->base.abi, name, &value))
        w->rc = gsp_fail(w->err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no %s",
                         nvrm_release_name(n->base.abi.schema, n->base.abi.release), name);
    return (uint32_t)value;
}

int
gsp_nvidia_alloc_rights(struct gsp_backend *b, uint32_t hClient, uint32_t hParent,
                        uint32_t hObject, uint32_t hClass, void *params, uint32_t bytes,
                        uint32_t rights, struct gsp_error *err)
{
    struct nvidia *n = of(b);
    uint32_t mask = rights; /* RS_ACCESS_MASK has one limb */
    struct nvidia_call c;

    nvidia_begin(n, &c, ESC_RM_ALLOC, "NVOS64_PARAMETERS", err);
    wire_set(&c.w, "hRoot", hClient);
    wire_set(&c.w, "hObjectParent", hParent);
    wire_set(&c.w, "hObjectNew", hObject);
    wire_set(&c.w, "hClass", hClass);
    wire_set(&c.w, "pAllocParms", bytes ? (uintptr_t)params : 0);
    wire_set(&c.w, "paramsSize", bytes);
    wire_set(&c.w, "pRightsRequested", rights ? (uintptr_t)&mask : 0);
    return nvidia_end(n, &c, n->ctl_fd, "status", "alloc with rights", NULL, hClass, err);
}

/* Scattered pages that the CPU caches, and no mapping of RM's own: the caller has one. */
int
gsp_nvidia_alloc_pages(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice,
                       uint32_t hObject, void *at, uint64_t bytes, struct gsp_error *err)
{
    enum { PHYSICALITY = 4, COHERENCY = 12, MAPPING = 30 };
    struct nvidia *n = of(b);
    const struct nvrm_class *row =
        nvrm_class_find(n->base.abi, "NV01_MEMORY_SYSTEM_OS_DESCRIPTOR");
    struct nvidia_call c;
    uint32_t flags;

    if (!bytes || bytes % 4096 || (uintptr_t)at % 4096)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "pages of this process: address and size are multiples of 4096");
    nvidia_begin(n, &c, ESC_RM_ALLOC_MEMORY, "nv_ioctl_nvos02_parameters_with_fd", err);
    flags = constant(n, &c.w, "NVOS02_FLAGS_PHYSICALITY_NONCONTIGUOUS") << PHYSICALITY |
            constant(n, &c.w, "NVOS02_FLAGS_COHERENCY_CACHED") << COHERENCY |
            constant(n, &c.w, "NVOS02_FLAGS_MAPPING_NO_MAP") << MAPPING;
    wire_set(&c.w, "params.hRoot", hClient);
    wire_set(&c.w, "params.hObjectParent", hDevice);
    wire_set(&c.w, "params.hObjectNew", hObject);
    wire_set(&c.w, "params.hClass", row ? row->id : 0);
    wire_set(&c.w, "params.flags", flags);
    wire_set(&c.w, "params.pMemory", (uintptr_t)at);
    wire_set(&c.w, "params.limit", bytes - 1);
    wire_set(&c.w, "fd", UINT32_MAX);
    return nvidia_end(n, &c, n->gpu_fd, "params.status", "alloc of pages", NULL, hObject, err);
}

int
gsp_nvidia_idle_channel(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice,
                        uint32_t hChannel, uint32_t timeout_us, struct gsp_error *err)
{
    enum { CHANNEL = 4 };
    struct nvidia *n = of(b);
    struct nvidia_call c;
    uint32_t flags;

    nvidia_begin(n, &c, ESC_RM_IDLE_CHANNELS, "NVOS30_PARAMETERS", err);
    flags = constant(n, &c.w, "NVOS30_FLAGS_CHANNEL_SINGLE") << CHANNEL;
    wire_set(&c.w, "hClient", hClient);
    wire_set(&c.w, "hDevice", hDevice);
    wire_set(&c.w, "hChannel", hChannel);
    wire_set(&c.w, "numChannels", 1);
    wire_set(&c.w, "flags", flags);
    wire_set(&c.w, "timeout", timeout_us);
    return nvidia_end(n, &c, n->ctl_fd, "status", "idle channel", NULL, hChannel, err);
}

int
gsp_nvidia_mapping_moved(struct gsp_backend *b, void *from, void *to, struct gsp_error *err)
{
    struct nvidia *n = of(b);
    struct nvidia_mapping *m = n->mappings;
    struct nvidia_call c;
    int rc;

    while (m && m->at != from)
        m = m->next;
    if (!m)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "nothing was mapped at %p", from);
    nvidia_begin(n, &c, ESC_RM_UPDATE_DEVICE_MAPPING_INFO, "NVOS56_PARAMETERS", err);
    wire_set(&c.w, "hClient", m->hClient);
    wire_set(&c.w, "hDevice", m->hDevice);
    wire_set(&c.w, "hMemory", m->hMemory);
    wire_set(&c.w, "pOldCpuAddress", m->linear);
    wire_set(&c.w, "pNewCpuAddress", (uintptr_t)to);
    rc = nvidia_end(n, &c, n->ctl_fd, "status", "update mapping of", NULL, m->hMemory, err);
    if (rc == 0) {
        m->at = to;
        m->linear = (uintptr_t)to;
    }
    return rc;
}

int
gsp_nvidia_attach(struct gsp_backend *b, const uint32_t *gpu_ids, unsigned count,
                  struct gsp_error *err)
{
    struct nvidia *n = of(b);
    uint32_t ids[GSP_NVIDIA_CARDS_MAX];

    if (!count || count > GSP_NVIDIA_CARDS_MAX)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "attach: %u cards, 1 to %u are possible", count, GSP_NVIDIA_CARDS_MAX);
    memcpy(ids, gpu_ids, count * sizeof(*ids));
    return nvidia_ioctl(n, n->ctl_fd, ESC_ATTACH_GPUS_TO_FD, ids, count * sizeof(*ids), err);
}

int
gsp_nvidia_open_capability(struct gsp_backend *b, unsigned minor, int *fd_out,
                           struct gsp_error *err)
{
    struct nvidia *n = of(b);
    char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "/dev/nvidia-caps/nvidia-cap%u", minor);
    fd = n->os.open(n->os.ctx, path, O_RDONLY);
    if (fd < 0) {
        gsp_fail(err, fd == -EACCES ? GSP_ORIGIN_POLICY : GSP_ORIGIN_TRANSPORT, fd, "%s: %s",
                 path, strerror(-fd));
        gsp_hint(err, "/proc/driver/nvidia/capabilities names the minors, nvidia-modprobe -f "
                      "makes a node");
        return fd;
    }
    *fd_out = fd;
    return 0;
}
