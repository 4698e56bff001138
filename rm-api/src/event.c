/* SPDX-License-Identifier: MIT */
/*
 * Events: an event object and its notification switch, and what POST_EVENT carries.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "client_priv.h"

#define RPC_POST_EVENT       0x1003u
#define NV20_SUBDEVICE_ID    0x2080u
#define EVENT_CLASS          "NV01_EVENT_KERNEL_CALLBACK_EX"
#define EVENT_PARAMS         "NV0005_ALLOC_PARAMETERS"
#define SET_NOTIFICATION     "NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION"
#define NOTIFY_CLIENT_RM     0x04000000u /* NV01_EVENT_CLIENT_RM: delivered by POST_EVENT */
#define NOTIFY_ACTION_REPEAT 2u          /* NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_REPEAT */

/* One field and the value it gets. */
struct setting {
    const char *path;
    uint64_t value;
};

static int
fill(struct rm_client *c, const struct nvrm_layout *layout, void *wire,
     const struct setting *settings, unsigned count, struct gsp_error *err)
{
    for (unsigned i = 0; i < count; i++) {
        int rc = gsp_field_set(c->backend->abi, layout, wire, layout->size, settings[i].path,
                               settings[i].value, err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int
alloc_event(struct rm_client *c, rm_handle source, uint32_t notify_index, rm_handle *event_out,
            struct gsp_error *err)
{
    const struct nvrm_layout *layout = NULL;
    const struct nvrm_class *cls;
    uint32_t id;
    void *wire;
    int rc = rm_name_class(c->backend->abi, EVENT_CLASS, &cls, &id, err);

    if (rc == 0)
        rc = rm_name_struct(c->backend->abi, EVENT_PARAMS, &layout, err);
    if (rc < 0 || !layout)
        return rc;
    wire = gsp_host_alloc(c->host, layout->size);
    if (!wire)
        return rm_no_memory(err, "event");
    const struct setting settings[] = {
        {"hParentClient", c->root->handle                },
        {"hSrcResource",  source                         },
        {"hClass",        id                             },
        {"notifyIndex",   notify_index | NOTIFY_CLIENT_RM},
    };

    rc = fill(c, layout, wire, settings, 4, err);
    if (rc == 0)
        rc = rm_alloc(c, source, id, wire, layout->size, event_out, err);
    gsp_host_free(c->host, wire);
    return rc;
}

static int
switch_on(struct rm_client *c, rm_handle subdevice, uint32_t notify_index,
          struct gsp_error *err)
{
    const struct nvrm_control *control;
    const struct nvrm_layout *layout;
    uint32_t id;
    void *wire;
    int rc = rm_name_control(c->backend->abi, SET_NOTIFICATION, &control, &id, err);

    if (rc < 0)
        return rc;
    layout = control ? nvrm_struct_at(c->backend->abi, control->params) : NULL;
    if (!layout)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no parameters here",
                        SET_NOTIFICATION);
    wire = gsp_host_alloc(c->host, layout->size);
    if (!wire)
        return rm_no_memory(err, "event");
    const struct setting settings[] = {
        {"event",  notify_index        },
        {"action", NOTIFY_ACTION_REPEAT},
    };

    rc = fill(c, layout, wire, settings, 2, err);
    if (rc == 0)
        rc = rm_control(c, subdevice, id, wire, layout->size, err);
    gsp_host_free(c->host, wire);
    return rc;
}

int
rm_event_subscribe(struct rm_client *c, rm_handle subdevice, uint32_t notify_index,
                   rm_handle *event_out, struct gsp_error *err)
{
    const struct rm_node *source = rm_objects_find(c, subdevice);
    rm_handle event = 0;
    int rc = alloc_event(c, subdevice, notify_index, &event, err);

    if (rc < 0)
        return rc;
    /* Only the subdevice has such a switch: other sources notify as soon as there is an event.
     */
    if (source && source->class_id == NV20_SUBDEVICE_ID)
        rc = switch_on(c, subdevice, notify_index, err);
    if (rc < 0) {
        /* What made it fail is the news; the event object goes with the client at the latest.
         */
        const int undone = rm_free(c, event, NULL);

        (void)undone;
        return rc;
    }
    *event_out = event;
    return 0;
}

static int
decode_post_event(struct rm_client *c, struct rm_event *e, struct gsp_error *err)
{
    const struct nvrm_abi abi = c->backend->abi;
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(abi, RPC_POST_EVENT);
    const struct nvrm_layout *layout = rpc ? nvrm_struct_at(abi, rpc->params) : NULL;
    static const char *const paths[] = {"hEvent", "notifyIndex", "data", "info16", "status"};
    uint64_t values[5] = {0};

    if (!layout)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no layout of POST_EVENT");
    for (unsigned i = 0; i < 5; i++) {
        int rc =
            gsp_field_get(abi, layout, e->payload, e->payload_bytes, paths[i], &values[i], err);

        if (rc < 0)
            return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                            "POST_EVENT of %zu bytes ends before %s", e->payload_bytes,
                            paths[i]);
    }
    e->event = (rm_handle)values[0];
    e->notify_index = (uint32_t)values[1];
    e->data = (uint32_t)values[2];
    e->info16 = (uint16_t)values[3];
    e->status = (uint32_t)values[4];
    return 0;
}

int
rm_event_next(struct rm_client *c, struct rm_event *event_out, uint64_t timeout_ns,
              struct gsp_error *err)
{
    struct gsp_event raw = {0};
    struct rm_event e = {0};
    int rc;

    if (!c->backend->ops->event_next) {
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "the %s backend has no events",
                 c->backend->ops->name);
        return -EOPNOTSUPP;
    }
    rc = c->backend->ops->event_next(c->backend, &raw, timeout_ns, err);
    if (rc < 0)
        return rc;
    e.function = raw.function;
    e.time_ns = raw.time_ns;
    e.payload = raw.payload;
    e.payload_bytes = raw.payload_bytes;
    if (raw.function == RPC_POST_EVENT)
        rc = decode_post_event(c, &e, err);
    if (rc == 0)
        *event_out = e;
    return rc;
}
