/* SPDX-License-Identifier: MIT */
/*
 * Events through nvidia.ko: the module delivers them to a descriptor as NvUnixEvent; callers of
 * a backend get POST_EVENT, as GSP-RM would send it.
 *
 * One descriptor serves all events of a client. An event object that a caller allocates for
 * POST_EVENT becomes one for that descriptor.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "nvidia_priv.h"

#define RPC_POST_EVENT      0x1003u
#define NV01_EVENT_OS_EVENT 0x79u
#define NOTIFY_CLIENT_RM    0x04000000u /* NV01_EVENT_CLIENT_RM: means GSP-RM's own delivery */

static int
open_events(struct nvidia *n, uint32_t hClient, struct gsp_error *err)
{
    struct nvidia_call c;
    int fd, rc;

    if (n->event_fd >= 0 && n->event_client == hClient)
        return 0;
    if (n->event_fd >= 0)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY,
                        "nvidia: events of one client at a time; 0x%x has them",
                        n->event_client);
    fd = nvidia_open_registered(n, false, err);
    if (fd < 0)
        return fd;
    nvidia_begin(n, &c, ESC_ALLOC_OS_EVENT, "nv_ioctl_alloc_os_event_t", err);
    wire_set(&c.w, "hClient", hClient);
    wire_set(&c.w, "fd", (uint32_t)fd);
    rc = nvidia_end(n, &c, fd, "Status", "alloc OS event", NULL, hClient, err);
    if (rc < 0) {
        n->os.close(n->os.ctx, fd);
        return rc;
    }
    n->event_fd = fd;
    n->event_client = hClient;
    return 0;
}

int
nvidia_os_event_alloc(struct nvidia *n, uint32_t hClient, uint32_t hParent, uint32_t hObject,
                      void *params, uint32_t bytes, struct gsp_error *err)
{
    struct nvidia_call c;
    uint8_t own[64] __attribute__((aligned(8))) = {0};
    uint32_t offset, size, index = 0;
    struct wire w;
    int rc = open_events(n, hClient, err);

    if (rc < 0)
        return rc;
    wire_init(&w, n->base.abi, "NV0005_ALLOC_PARAMETERS", own, sizeof(own), err);
    if (w.rc < 0)
        return w.rc;
    if (bytes != w.layout->size)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "alloc NV01_EVENT: %u bytes of parameters, NV0005_ALLOC_PARAMETERS "
                        "takes %u",
                        bytes, w.layout->size);
    memcpy(own, params, bytes);
    if (wire_find(n->base.abi, w.layout, "notifyIndex", &offset, &size))
        memcpy(&index, own + offset, sizeof(index));
    wire_set(&w, "hClass", NV01_EVENT_OS_EVENT);
    wire_set(&w, "notifyIndex", index & ~NOTIFY_CLIENT_RM);
    wire_set(&w, "data", (uint32_t)n->event_fd);
    nvidia_begin(n, &c, ESC_RM_ALLOC, "NVOS21_PARAMETERS", err);
    wire_set(&c.w, "hRoot", hClient);
    wire_set(&c.w, "hObjectParent", hParent);
    wire_set(&c.w, "hObjectNew", hObject);
    wire_set(&c.w, "hClass", NV01_EVENT_OS_EVENT);
    wire_set(&c.w, "pAllocParms", (uintptr_t)own);
    wire_set(&c.w, "paramsSize", bytes);
    return w.rc < 0 ? w.rc
                    : nvidia_end(n, &c, n->event_fd, "status", "alloc NV01_EVENT_OS_EVENT",
                                 NULL, hObject, err);
}

/* NvUnixEvent as the payload of POST_EVENT. */
static int
translate(struct nvidia *n, const struct nvidia_call *event, struct gsp_event *out,
          struct gsp_error *err)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(n->base.abi, RPC_POST_EVENT);
    const struct nvrm_layout *l = rpc ? nvrm_struct_at(n->base.abi, rpc->params) : NULL;
    struct wire w = {n->base.abi, l, n->event_payload, "POST_EVENT", err, 0};

    if (!l || l->size > sizeof(n->event_payload))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no layout of POST_EVENT");
    memset(n->event_payload, 0, sizeof(n->event_payload));
    wire_set(&w, "hClient", n->event_client);
    wire_set(&w, "hEvent", nvidia_get(event, "hObject"));
    wire_set(&w, "notifyIndex", nvidia_get(event, "NotifyIndex"));
    wire_set(&w, "data", nvidia_get(event, "info32"));
    wire_set(&w, "info16", nvidia_get(event, "info16"));
    *out = (struct gsp_event){
        .function = RPC_POST_EVENT,
        .time_ns = gsp_host_now_ns(n->host),
        .payload_bytes = l->size,
        .payload = n->event_payload,
    };
    return w.rc;
}

int
nvidia_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    const uint64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
    struct nvidia_call c, event;
    int rc;

    if (n->event_fd < 0) {
        gsp_host_sleep_ns(n->host, timeout_ns);
        return -EAGAIN;
    }
    rc = n->os.poll(n->os.ctx, n->event_fd, ms > 0x7fffffff ? 0x7fffffff : (int)ms);
    if (rc == -EAGAIN || rc == -EINTR)
        return rc;
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "poll for events: %s", strerror(-rc));
    nvidia_begin(n, &event, ESC_RM_GET_EVENT_DATA, "NvUnixEvent", err);
    nvidia_begin(n, &c, ESC_RM_GET_EVENT_DATA, "NVOS41_PARAMETERS", err);
    wire_set(&c.w, "pEvent", (uintptr_t)event.data);
    rc = nvidia_end(n, &c, n->event_fd, "status", "get event data", NULL, 0, err);
    if (rc == -EREMOTEIO) /* the wake-up carried no data, or somebody else took it */
        return -EAGAIN;
    return rc < 0 ? rc : translate(n, &event, event_out, err);
}
