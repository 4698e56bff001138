/* SPDX-License-Identifier: MIT */
/*
 * Escapes: an ioctl of magic 'F' whose number and struct come from the schema, and what its
 * errno and its status mean. Request encoding as nv-ioctl-numbers.h: _IOWR('F', number, size).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "nvidia_priv.h"

enum { NV_IOCTL_MAGIC = 'F' };

static const char *const names[NVIDIA_ESCAPES] = {
    [ESC_CHECK_VERSION_STR] = "NV_ESC_CHECK_VERSION_STR",
    [ESC_CARD_INFO] = "NV_ESC_CARD_INFO",
    [ESC_REGISTER_FD] = "NV_ESC_REGISTER_FD",
    [ESC_ATTACH_GPUS_TO_FD] = "NV_ESC_ATTACH_GPUS_TO_FD",
    [ESC_ALLOC_OS_EVENT] = "NV_ESC_ALLOC_OS_EVENT",
    [ESC_FREE_OS_EVENT] = "NV_ESC_FREE_OS_EVENT",
    [ESC_RM_ALLOC] = "NV_ESC_RM_ALLOC",
    [ESC_RM_FREE] = "NV_ESC_RM_FREE",
    [ESC_RM_CONTROL] = "NV_ESC_RM_CONTROL",
    [ESC_RM_DUP_OBJECT] = "NV_ESC_RM_DUP_OBJECT",
    [ESC_RM_MAP_MEMORY] = "NV_ESC_RM_MAP_MEMORY",
    [ESC_RM_UNMAP_MEMORY] = "NV_ESC_RM_UNMAP_MEMORY",
    [ESC_RM_MAP_MEMORY_DMA] = "NV_ESC_RM_MAP_MEMORY_DMA",
    [ESC_RM_UNMAP_MEMORY_DMA] = "NV_ESC_RM_UNMAP_MEMORY_DMA",
    [ESC_RM_GET_EVENT_DATA] = "NV_ESC_RM_GET_EVENT_DATA",
    [ESC_RM_ALLOC_MEMORY] = "NV_ESC_RM_ALLOC_MEMORY",
    [ESC_RM_IDLE_CHANNELS] = "NV_ESC_RM_IDLE_CHANNELS",
    [ESC_RM_UPDATE_DEVICE_MAPPING_INFO] = "NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO",
};

const char *
nvidia_escape_name(enum nvidia_escape escape)
{
    return names[escape];
}

static const struct nvrm_const *
find(struct nvrm_abi abi, const char *name)
{
    for (unsigned i = 0; i < nvrm_escape_count(abi.schema); i++) {
        const struct nvrm_const *row = nvrm_escape_at(abi, i);

        if (row && !strcmp(nvrm_str(abi.schema, row->name), name))
            return row;
    }
    return NULL;
}

int
nvidia_find_escapes(struct nvidia *n, struct gsp_error *err)
{
    const struct nvrm_abi abi = n->base.abi;

    for (unsigned i = 0; i < NVIDIA_ESCAPES; i++) {
        const struct nvrm_const *row = find(abi, names[i]);

        if (!row)
            return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no %s",
                            nvrm_release_name(abi.schema, abi.release), names[i]);
        n->escape[i] = (uint32_t)row->value;
    }
    return 0;
}

static int
explain_errno(enum nvidia_escape escape, int rc, struct gsp_error *err)
{
    static const struct {
        int rc;
        enum gsp_origin origin;
        const char *hint;
    } rows[] = {
        {-EINVAL, GSP_ORIGIN_TRANSPORT,
         "the module did not take the call: another release than -F says, or a card that is "
         "lost; dmesg has the module's reason"                                           },
        {-EIO,    GSP_ORIGIN_LOST,
         "the module could not start the card, or lost it; dmesg has the reason (Xid)"   },
        {-ENODEV, GSP_ORIGIN_LOST,      "the card is gone; dmesg has the reason (Xid 79)"},
        {-EACCES, GSP_ORIGIN_POLICY,    "this call is for root (CAP_SYS_ADMIN)"          },
        {-EPERM,  GSP_ORIGIN_POLICY,    "this call is for root (CAP_SYS_ADMIN)"          },
        {-ENOTTY, GSP_ORIGIN_TRANSPORT, "this is no device of nvidia.ko"                 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].rc != rc)
            continue;
        gsp_fail(err, rows[i].origin, rc, "ioctl %s: %s", names[escape], strerror(-rc));
        gsp_hint(err, "%s", rows[i].hint);
        return rc;
    }
    return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "ioctl %s: %s", names[escape],
                    strerror(-rc));
}

int
nvidia_ioctl(struct nvidia *n, int fd, enum nvidia_escape escape, void *data, size_t bytes,
             struct gsp_error *err)
{
    const unsigned long request =
        _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, n->escape[escape], bytes);
    const int rc = n->os.ioctl(n->os.ctx, fd, request, data);

    return rc < 0 ? explain_errno(escape, rc, err) : 0;
}

void
nvidia_begin(struct nvidia *n, struct nvidia_call *c, enum nvidia_escape escape,
             const char *name, struct gsp_error *err)
{
    memset(c, 0, sizeof(*c));
    c->escape = escape;
    wire_init(&c->w, n->base.abi, name, c->data, sizeof(c->data), err);
}

uint64_t
nvidia_get(const struct nvidia_call *c, const char *path)
{
    uint32_t offset, bytes;
    uint64_t value = 0;

    if (c->w.layout && wire_find(c->w.abi, c->w.layout, path, &offset, &bytes) && bytes <= 8)
        memcpy(&value, c->data + offset, bytes);
    return value;
}

int
nvidia_refused(struct nvidia *n, uint32_t status, const char *what, struct gsp_error *err)
{
    const char *name = nvrm_status_name(n->base.abi, status);

    if (!name || (strcmp(name, "NV_ERR_GPU_IS_LOST") && strcmp(name, "NV_ERR_RESET_REQUIRED")))
        return gsp_fail_rm(err, n->base.abi, what, status);
    gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV, "%s: %s (0x%x)", what, name, status);
    gsp_hint(err, "the card is lost or needs a reset: dmesg has the reason (Xid 79, 119, 154); "
                  "then reset it or start the machine anew");
    if (err)
        err->nv_status = status;
    return -ENODEV;
}

int
nvidia_end(struct nvidia *n, struct nvidia_call *c, int fd, const char *status,
           const char *what, const char *id_name, uint32_t id, struct gsp_error *err)
{
    char text[128];
    uint32_t nv_status;
    int rc = c->w.rc;

    if (rc == 0)
        rc = nvidia_ioctl(n, fd, c->escape, c->data, c->w.layout->size, err);
    if (rc < 0 || !status)
        return rc;
    nv_status = (uint32_t)nvidia_get(c, status);
    if (nv_status == 0)
        return 0;
    if (id_name)
        (void)snprintf(text, sizeof(text), "%s %s", what, id_name);
    else
        (void)snprintf(text, sizeof(text), "%s 0x%x", what, id);
    return nvidia_refused(n, nv_status, text, err);
}
