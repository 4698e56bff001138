/* SPDX-License-Identifier: MIT */
/*
 * Mappings through nvidia.ko: into this process, into a GPU's address space, and objects that
 * travel between processes as descriptors.
 *
 * A CPU mapping takes a descriptor of its own: the module hangs what may be mapped on it, and
 * the mapping itself keeps the file alive.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "nvidia_priv.h"

enum { ACCESS_READ_ONLY = 1 /* NVOS33_FLAGS_ACCESS, bits 1:0 */ };

static int
unmap_memory(struct nvidia *n, const struct nvidia_mapping *m, struct gsp_error *err)
{
    struct nvidia_call c;

    nvidia_begin(n, &c, ESC_RM_UNMAP_MEMORY, "NVOS34_PARAMETERS", err);
    wire_set(&c.w, "hClient", m->hClient);
    wire_set(&c.w, "hDevice", m->hDevice);
    wire_set(&c.w, "hMemory", m->hMemory);
    wire_set(&c.w, "pLinearAddress", m->linear);
    return nvidia_end(n, &c, n->ctl_fd, "status", "unmap", NULL, m->hMemory, err);
}

static int
map_memory(struct nvidia *n, const struct gsp_map *map, int fd, uint64_t *linear_out,
           struct gsp_error *err)
{
    struct nvidia_call c;
    int rc;

    nvidia_begin(n, &c, ESC_RM_MAP_MEMORY, "nv_ioctl_nvos33_parameters_with_fd", err);
    wire_set(&c.w, "params.hClient", map->hClient);
    wire_set(&c.w, "params.hDevice", map->hDevice);
    wire_set(&c.w, "params.hMemory", map->hMemory);
    wire_set(&c.w, "params.offset", map->offset);
    wire_set(&c.w, "params.length", map->bytes);
    wire_set(&c.w, "params.flags", map->flags);
    wire_set(&c.w, "fd", (uint32_t)fd);
    rc = nvidia_end(n, &c, n->ctl_fd, "params.status", "map", NULL, map->hMemory, err);
    *linear_out = nvidia_get(&c, "params.pLinearAddress");
    return rc;
}

/* Map what the module hung on fd; undo the module's half when the kernel refuses. */
static int
map_here(struct nvidia *n, struct nvidia_mapping *m, int fd, bool writable,
         struct gsp_error *err)
{
    int rc, undone;

    m->at = n->os.map(n->os.ctx, fd, (size_t)m->bytes, writable, &rc);
    if (m->at)
        return 0;
    undone = unmap_memory(n, m, NULL); /* that mmap failed is the news */
    (void)undone;
    return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "mmap of object 0x%x: %s", m->hMemory,
                    strerror(-rc));
}

int
nvidia_map(struct gsp_backend *b, const struct gsp_map *map, void **at_out,
           struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_mapping *m = gsp_host_alloc(n->host, sizeof(*m));
    int fd, rc;

    if (!m)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "map: out of memory");
    *m = (struct nvidia_mapping){.bytes = map->bytes,
                                 .hClient = map->hClient,
                                 .hDevice = map->hDevice,
                                 .hMemory = map->hMemory};
    fd = nvidia_open_registered(n, map->system, err);
    rc = fd < 0 ? fd : map_memory(n, map, fd, &m->linear, err);
    if (rc == 0)
        rc = map_here(n, m, fd, (map->flags & 3) != ACCESS_READ_ONLY, err);
    if (fd >= 0)
        n->os.close(n->os.ctx, fd);
    if (rc < 0) {
        gsp_host_free(n->host, m);
        return rc;
    }
    m->next = n->mappings;
    n->mappings = m;
    *at_out = m->at;
    return 0;
}

int
nvidia_unmap(struct gsp_backend *b, void *at, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;

    for (struct nvidia_mapping **where = &n->mappings; *where; where = &(*where)->next) {
        struct nvidia_mapping *m = *where;
        int rc;

        if (m->at != at)
            continue;
        *where = m->next;
        n->os.unmap(n->os.ctx, m->at, (size_t)m->bytes);
        rc = unmap_memory(n, m, err);
        gsp_host_free(n->host, m);
        return rc;
    }
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "unmap: nothing was mapped at %p", at);
}

/* RM takes the mappings of a freed object, and of a freed client's, away itself. */
void
nvidia_forget_mappings(struct nvidia *n, uint32_t hClient, uint32_t hObject)
{
    for (struct nvidia_mapping **where = &n->mappings; *where;) {
        struct nvidia_mapping *m = *where;

        if (m->hClient != hClient ||
            (hObject != hClient && hObject != m->hMemory && hObject != m->hDevice)) {
            where = &m->next;
            continue;
        }
        *where = m->next;
        n->os.unmap(n->os.ctx, m->at, (size_t)m->bytes);
        gsp_host_free(n->host, m);
    }
}

int
nvidia_map_dma(struct gsp_backend *b, struct gsp_map_dma *map, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_call c;
    int rc;

    nvidia_begin(n, &c, ESC_RM_MAP_MEMORY_DMA, "NVOS46_PARAMETERS", err);
    wire_set(&c.w, "hClient", map->hClient);
    wire_set(&c.w, "hDevice", map->hDevice);
    wire_set(&c.w, "hDma", map->hDma);
    wire_set(&c.w, "hMemory", map->hMemory);
    wire_set(&c.w, "offset", map->offset);
    wire_set(&c.w, "length", map->bytes);
    wire_set(&c.w, "flags", map->flags);
    wire_set(&c.w, "dmaOffset", map->gpu_va);
    rc = nvidia_end(n, &c, n->ctl_fd, "status", "map to the GPU", NULL, map->hMemory, err);
    if (rc == 0)
        map->gpu_va = nvidia_get(&c, "dmaOffset");
    return rc;
}

int
nvidia_unmap_dma(struct gsp_backend *b, const struct gsp_map_dma *map, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_call c;

    nvidia_begin(n, &c, ESC_RM_UNMAP_MEMORY_DMA, "NVOS47_PARAMETERS", err);
    wire_set(&c.w, "hClient", map->hClient);
    wire_set(&c.w, "hDevice", map->hDevice);
    wire_set(&c.w, "hDma", map->hDma);
    wire_set(&c.w, "hMemory", map->hMemory);
    wire_set(&c.w, "dmaOffset", map->gpu_va);
    return nvidia_end(n, &c, n->ctl_fd, "status", "unmap from the GPU", NULL, map->hMemory,
                      err);
}

/* Objects as descriptors: controls of the client, with the object named in full */

struct exported {
    const char *control, *params;
    uint32_t hDevice, hParent, hObject;
    int fd;
};

static int
call_export(struct nvidia *n, uint32_t hClient, const struct exported *e, struct gsp_error *err)
{
    const struct nvrm_control *row = nvrm_control_find(n->base.abi, e->control);
    uint8_t data[64] __attribute__((aligned(8))) = {0};
    struct wire w;

    if (!row)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "this release has no %s", e->control);
    wire_init(&w, n->base.abi, e->params, data, sizeof(data), err);
    wire_set(&w, "object.type", 1); /* NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TYPE_RM */
    wire_set(&w, "object.data.rmObject.hDevice", e->hDevice);
    wire_set(&w, "object.data.rmObject.hParent", e->hParent);
    wire_set(&w, "object.data.rmObject.hObject", e->hObject);
    wire_set(&w, "fd", (uint32_t)e->fd);
    if (w.rc < 0)
        return w.rc;
    return n->base.ops->control(&n->base, hClient, hClient, row->id, data, w.layout->size, err);
}

int
nvidia_export_fd(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice, uint32_t hObject,
                 int *fd_out, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    const int fd = n->os.open(n->os.ctx, NVIDIA_CTL_PATH, O_RDWR);
    const struct exported e = {
        "NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD",
        "NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS",
        .hDevice = hDevice,
        .hParent = hDevice,
        .hObject = hObject,
        .fd = fd,
    };
    int rc;

    if (fd < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, fd, "%s: %s", NVIDIA_CTL_PATH,
                        strerror(-fd));
    rc = call_export(n, hClient, &e, err);
    if (rc < 0)
        n->os.close(n->os.ctx, fd);
    else
        *fd_out = fd;
    return rc;
}

int
nvidia_import_fd(struct gsp_backend *b, int fd, uint32_t hClient, uint32_t hDevice,
                 uint32_t hParent, uint32_t hObject, struct gsp_error *err)
{
    const struct exported e = {
        "NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD",
        "NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS",
        .hDevice = hDevice,
        .hParent = hParent,
        .hObject = hObject,
        .fd = fd,
    };

    return call_export((struct nvidia *)b, hClient, &e, err);
}
