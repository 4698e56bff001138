/* SPDX-License-Identifier: MIT */
/* What both ends of a remote backend share: frames, the link, what may travel. */
#ifndef GSP_REMOTE_PRIV_H
#define GSP_REMOTE_PRIV_H

#include <stdbool.h>

#include <gsp/json.h>
#include <gsp/remote.h>
#include <gsp/trace.h>

enum { REMOTE_ARGS = 8 };

/** Every frame there is; a hello has a version, a request an op, a reply neither. */
struct remote_frame {
    uint64_t version, id;
    char op[16]; /* "control"; in a hello the operations, see ops */
    uint64_t arg[REMOTE_ARGS];
    unsigned args;
    uint64_t rc; /* a positive errno, or 0 */
    uint64_t status, origin;
    uint64_t gpu;             /* of a hello: see gsp_broker_config */
    uint8_t *params, *memory; /* in the link's buffer, until the next frame is read */
    size_t params_bytes, memory_bytes;
    char text[240], hint[240], ops[96], release[32], chip[64], transport[256], schema[24];
};

struct remote_link {
    struct gsp_remote_io io;
    const struct gsp_host *host;
    char *in; /* what was read; the frame at `start` is whole when `line` is set */
    size_t start, end, cap;
    struct gsp_text out;
};
void remote_link_fini(struct remote_link *l);

/** Parse one line in place. False: it is no frame. */
bool remote_parse(char *line, size_t bytes, struct remote_frame *f);
/** Next frame. -ETIMEDOUT, -EPIPE (the end, between frames), -EBADMSG, -EMSGSIZE, -ENOMEM.
 * deadline_ns 0: wait as long as it takes. */
int remote_receive(struct remote_link *l, struct remote_frame *f, uint64_t deadline_ns);
/** 0, -ETIMEDOUT, -EPIPE, -ENOMEM, -EMSGSIZE. */
int remote_send(struct remote_link *l, const struct remote_frame *f, uint64_t deadline_ns);

/** Layout of the parameters of a control or class; NULL when not known. */
const struct nvrm_layout *remote_layout(struct nvrm_abi abi, bool control, uint32_t id);
/** Whether the memory behind the parameters' pointers can be sent: 0 or -EOPNOTSUPP, with the
 * field that cannot. */
int remote_may_travel(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *params,
                      size_t bytes, struct gsp_error *err);
/** Make the marks of a struct that came from outside lead into the memory that came along. */
int remote_point(struct nvrm_abi abi, const struct nvrm_layout *layout, void *params,
                 size_t bytes, void *memory, size_t memory_bytes, struct gsp_error *err);
/** Pointers as they travel: 0 or 1. */
void remote_mark(struct nvrm_abi abi, const struct nvrm_layout *layout, void *params);
/** Take the pointers of another copy. */
void remote_pointers(struct nvrm_abi abi, const struct nvrm_layout *layout, void *params,
                     const void *from);

#endif
