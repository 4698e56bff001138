/* SPDX-License-Identifier: MIT */
/*
 * Events through nvidia.ko: the module delivers them to a descriptor as NvUnixEvent; callers of
 * a backend get POST_EVENT, as GSP-RM would send it.
 *
 * One descriptor serves all events of a client, and several clients are asked in turn. An event
 * object that a caller allocates for
 * POST_EVENT becomes one for that descriptor.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "nvidia_priv.h"

#define SLICE_NS            UINT64_C(5000000)
#define RPC_POST_EVENT      0x1003u
#define NV01_EVENT_OS_EVENT 0x79u
#define NOTIFY_CLIENT_RM    0x04000000u /* NV01_EVENT_CLIENT_RM: means GSP-RM's own delivery */

/* The client's descriptor, opened when it is first asked for. */
static int
open_events(struct nvidia *n, uint32_t hClient, int *fd_out, struct gsp_error *err)
{
    struct nvidia_call c;
    int fd, rc;

    for (unsigned i = 0; i < n->event_count; i++)
        if (n->events[i].client == hClient) {
            *fd_out = n->events[i].fd;
            return 0;
        }
    if (n->event_count == NVIDIA_EVENT_CLIENTS)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOSPC, "nvidia: events of %u clients at most",
                        NVIDIA_EVENT_CLIENTS);
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
    n->events[n->event_count++] = (struct nvidia_events){hClient, fd};
    *fd_out = fd;
    return 0;
}

void
nvidia_close_events(struct nvidia *n, uint32_t hClient)
{
    for (unsigned i = n->event_count; i-- > 0;) {
        if (hClient && n->events[i].client != hClient)
            continue;
        n->os.close(n->os.ctx, n->events[i].fd);
        n->events[i] = n->events[--n->event_count];
    }
}

int
nvidia_os_event_alloc(struct nvidia *n, uint32_t hClient, uint32_t hParent, uint32_t hObject,
                      void *params, uint32_t bytes, struct gsp_error *err)
{
    struct nvidia_call c;
    uint8_t own[64] __attribute__((aligned(8))) = {0};
    uint32_t offset, size, index = 0;
    struct wire w;
    int fd = -1, rc = open_events(n, hClient, &fd, err);

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
    wire_set(&w, "data", (uint32_t)fd);
    nvidia_begin(n, &c, ESC_RM_ALLOC, "NVOS21_PARAMETERS", err);
    wire_set(&c.w, "hRoot", hClient);
    wire_set(&c.w, "hObjectParent", hParent);
    wire_set(&c.w, "hObjectNew", hObject);
    wire_set(&c.w, "hClass", NV01_EVENT_OS_EVENT);
    wire_set(&c.w, "pAllocParms", (uintptr_t)own);
    wire_set(&c.w, "paramsSize", bytes);
    return w.rc < 0 ? w.rc
                    : nvidia_end(n, &c, fd, "status", "alloc NV01_EVENT_OS_EVENT", NULL,
                                 hObject, err);
}

/* NvUnixEvent as the payload of POST_EVENT. */
static int
translate(struct nvidia *n, uint32_t hClient, const struct nvidia_call *event,
          struct gsp_event *out, struct gsp_error *err)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(n->base.abi, RPC_POST_EVENT);
    const struct nvrm_layout *l = rpc ? nvrm_struct_at(n->base.abi, rpc->params) : NULL;
    struct wire w = {n->base.abi, l, n->event_payload, "POST_EVENT", err, 0};

    if (!l || l->size > sizeof(n->event_payload))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no layout of POST_EVENT");
    memset(n->event_payload, 0, sizeof(n->event_payload));
    wire_set(&w, "hClient", hClient);
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

/* One of the descriptors has an event: its index, or -EAGAIN. With several each gets a slice of
 * the wait. */
static int
wait_any(struct nvidia *n, uint64_t timeout_ns)
{
    const uint64_t start = gsp_host_now_ns(n->host);
    const uint64_t deadline_ns =
        timeout_ns > UINT64_MAX - start ? UINT64_MAX : start + timeout_ns;

    for (bool first = true;; first = false) {
        for (unsigned k = 0; k < n->event_count; k++) {
            const unsigned i = (n->event_turn + k) % n->event_count;
            const uint64_t now = gsp_host_now_ns(n->host);
            const uint64_t left = now < deadline_ns ? deadline_ns - now : 0;
            const uint64_t most = n->event_count == 1 ? left : first ? 0 : SLICE_NS;
            const uint64_t ms = ((left < most ? left : most) + 999999) / 1000000;
            int rc =
                n->os.poll(n->os.ctx, n->events[i].fd, ms > INT32_MAX ? INT32_MAX : (int)ms);

            if (rc != -EAGAIN)
                return rc < 0 ? rc : (int)i;
        }
        if (gsp_host_now_ns(n->host) >= deadline_ns)
            return -EAGAIN;
    }
}

int
nvidia_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    const struct nvidia_events *from;
    struct nvidia_call c, event;
    int rc;

    if (!n->event_count) {
        gsp_host_sleep_ns(n->host, timeout_ns);
        return -EAGAIN;
    }
    rc = wait_any(n, timeout_ns);
    if (rc == -EAGAIN || rc == -EINTR)
        return rc;
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "poll for events: %s", strerror(-rc));
    from = &n->events[rc];
    n->event_turn = (unsigned)rc + 1;
    nvidia_begin(n, &event, ESC_RM_GET_EVENT_DATA, "NvUnixEvent", err);
    nvidia_begin(n, &c, ESC_RM_GET_EVENT_DATA, "NVOS41_PARAMETERS", err);
    wire_set(&c.w, "pEvent", (uintptr_t)event.data);
    rc = nvidia_end(n, &c, from->fd, "status", "get event data", NULL, 0, err);
    if (rc == -EREMOTEIO) /* the wake-up carried no data, or somebody else took it */
        return -EAGAIN;
    return rc < 0 ? rc : translate(n, from->client, &event, event_out, err);
}
