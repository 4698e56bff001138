/* SPDX-License-Identifier: MIT */
/**
 * The RM API for C: clients, objects, controls and events over any backend.
 *
 * A client is one RM root and everything below it. It picks handles, keeps the tree (parent,
 * class, parameters) and, when it is closed, reports what was left alive. Calls come in three
 * forms: by wire bytes, by canonical C type (generated rm/calls.h), and by name with JSON. One
 * caller at a time per client.
 */
#ifndef RM_RM_H
#define RM_RM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/backend.h>
#include <gsp/codec.h>
#include <gsp/host.h>
#include <gsp/json.h>
#include <rm/params.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t rm_handle;

struct rm_client;

/** Allocate NV01_ROOT on the backend. backend and host are borrowed. */
GSP_MUST_CHECK int rm_client_open(struct gsp_backend *backend, const struct gsp_host *host,
                                  struct rm_client **client_out, struct gsp_error *err);
/** Free the root and with it every object. leaks (may be NULL) receives one line per object
 * that was still alive below the root. */
void rm_client_close(struct rm_client *c, struct gsp_text *leaks);
rm_handle rm_client_handle(const struct rm_client *c);
struct gsp_backend *rm_client_backend(struct rm_client *c);
struct nvrm_abi rm_client_abi(const struct rm_client *c);

/* Wire bytes */

/** params in wire layout, updated in place. *handle_out: 0 picks a handle, else the caller's
 * choice. Set only on success. */
GSP_MUST_CHECK int rm_alloc(struct rm_client *c, rm_handle parent, uint32_t class_id,
                            void *params, uint32_t params_bytes, rm_handle *handle_out,
                            struct gsp_error *err);
GSP_MUST_CHECK int rm_control(struct rm_client *c, rm_handle object, uint32_t cmd, void *params,
                              uint32_t params_bytes, struct gsp_error *err);
GSP_MUST_CHECK int rm_free(struct rm_client *c, rm_handle object, struct gsp_error *err);
GSP_MUST_CHECK int rm_dup(struct rm_client *c, rm_handle parent, rm_handle src_client,
                          rm_handle src_object, rm_handle *handle_out, struct gsp_error *err);
/** The same for an object of this client, by way of a descriptor as another process would get
 * it; -EOPNOTSUPP where the backend has none. */
GSP_MUST_CHECK int rm_dup_by_descriptor(struct rm_client *c, rm_handle parent,
                                        rm_handle src_object, rm_handle *handle_out,
                                        struct gsp_error *err);

/** An object that came as a descriptor (gsp_backend_ops.export_fd), under a device of this
 * client. class_id: what it is, for the tree. fd stays the caller's. -EOPNOTSUPP as above. */
GSP_MUST_CHECK int rm_import(struct rm_client *c, rm_handle device, int fd, uint32_t class_id,
                             rm_handle *handle_out, struct gsp_error *err);

/**
 * Map a memory object into this process, where the backend can (nvidia).
 *
 * @param memory    a live object below a device
 * @param offset    into it; offset and bytes are multiples of the CPU's page
 * @param at_out    set only on success; ends with rm_unmap(), with the object, or with the
 * client
 * @return 0, -EOPNOTSUPP (this backend has no mappings), -ENOENT, -EINVAL, -EREMOTEIO
 */
GSP_MUST_CHECK int rm_map(struct rm_client *c, rm_handle memory, uint64_t offset,
                          uint64_t bytes, bool writable, void **at_out, struct gsp_error *err);
/** -EINVAL when nothing of this client is mapped there. */
GSP_MUST_CHECK int rm_unmap(struct rm_client *c, void *at, struct gsp_error *err);

/* Canonical C types: what generated rm/calls.h wraps */

GSP_MUST_CHECK int rm_alloc_typed(struct rm_client *c, rm_handle parent, const char *class_name,
                                  const void *params, rm_handle *handle_out,
                                  struct gsp_error *err);
GSP_MUST_CHECK int rm_control_typed(struct rm_client *c, rm_handle object,
                                    const char *control_name, void *params,
                                    struct gsp_error *err);

/* By name, with JSON */

/** class_name may be a name or a number; params_json NULL or "" means none. result (may be
 * NULL) gets the parameters after the call. */
GSP_MUST_CHECK int rm_alloc_json(struct rm_client *c, rm_handle parent, const char *class_name,
                                 const char *params_json, rm_handle *handle_out,
                                 struct gsp_text *result, struct gsp_error *err);
/** flags are GSP_JSON_*. A control without a public struct takes and returns {"raw": "hex
 * bytes"}. */
GSP_MUST_CHECK int rm_control_json(struct rm_client *c, rm_handle object,
                                   const char *control_name, const char *params_json,
                                   unsigned flags, struct gsp_text *result,
                                   struct gsp_error *err);

/** The same with parameters that the caller built (rm/params.h): updated in place. Output
 * pointers of a control are given buffers. */
GSP_MUST_CHECK int rm_alloc_params(struct rm_client *c, rm_handle parent, uint32_t class_id,
                                   struct rm_params *params, rm_handle *handle_out,
                                   struct gsp_error *err);
GSP_MUST_CHECK int rm_control_params(struct rm_client *c, rm_handle object, uint32_t cmd,
                                     struct rm_params *params, struct gsp_error *err);

/* Events */

/** A POST_EVENT that belongs to an object of this client, or (hEvent 0) any other RPC event of
 * the device. */
struct rm_event {
    rm_handle event;       /* the NV01_EVENT object, 0 for device events */
    uint32_t function;     /* RPC event id */
    uint32_t notify_index; /* NV2080_NOTIFIERS_* */
    uint32_t data;
    uint16_t info16;
    uint32_t status;
    uint64_t time_ns;
    const void *payload; /* whole RPC payload, wire layout; borrowed until the next call */
    size_t payload_bytes;
};
/** Allocate an event object under `source` for notify_index and switch its notification on
 * (repeat). */
GSP_MUST_CHECK int rm_event_subscribe(struct rm_client *c, rm_handle subdevice,
                                      uint32_t notify_index, rm_handle *event_out,
                                      struct gsp_error *err);
/** 0; -EAGAIN when nothing came within timeout_ns. */
GSP_MUST_CHECK int rm_event_next(struct rm_client *c, struct rm_event *event_out,
                                 uint64_t timeout_ns, struct gsp_error *err);

/* The tree */

struct rm_object {
    rm_handle handle, parent;
    uint32_t class_id;
    const char *class_name; /* static; "?" for an unknown id */
    const void *params;     /* wire bytes as sent, borrowed; NULL when none */
    uint32_t params_bytes;
    unsigned depth; /* 0: the root */
};
/** Walk in tree order (parents before children, siblings by age). fn returns non-zero to stop;
 * that value is returned. */
int rm_tree_walk(struct rm_client *c, int (*fn)(void *ctx, const struct rm_object *o),
                 void *ctx);
/** false when the handle is not alive. */
bool rm_object_get(struct rm_client *c, rm_handle handle, struct rm_object *object_out);
/** {"handle": "0x..", "class": "...", "params": {...}, "children": [...]} */
GSP_MUST_CHECK int rm_tree_json(struct rm_client *c, unsigned flags, struct gsp_text *out,
                                struct gsp_error *err);
/** Drawn with lines for people. */
GSP_MUST_CHECK int rm_tree_text(struct rm_client *c, bool with_params, struct gsp_text *out,
                                struct gsp_error *err);
/** Compare two rm_tree_json() texts: one line per object that appeared (+), went (-) or changed
 * (~). 0 or -EINVAL (not such a text). */
GSP_MUST_CHECK int rm_tree_diff(const char *before_json, const char *after_json,
                                struct gsp_text *out, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
