/* SPDX-License-Identifier: MIT */
/**
 * RM at the other end of a pair of pipes: a backend that asks a broker, and the broker, which
 * answers from any backend. The format is described in docs/fleet.md.
 *
 * Frames are lines of JSON, so that any stream of bytes carries them; parameters are hex digits
 * of the release's wire layout. The broker speaks first: version, release, hash of the
 * release's schema, and what its backend can do. Each side takes the other's bytes as hostile.
 * What cannot travel is refused by name: mappings, descriptors, pointers behind pointers.
 */
#ifndef GSP_REMOTE_H
#define GSP_REMOTE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <gsp/backend.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GSP_REMOTE_VERSION = 1,
    GSP_REMOTE_FRAME_MAX = 32 << 20, /* bytes of a line */
};

/** A stream in each direction. Both functions move at least one byte, or return -EAGAIN when
 * none could be moved for timeout_ms (or a signal came), 0 at the end of the stream, or another
 * negative errno. */
struct gsp_remote_io {
    void *ctx;
    ssize_t (*read)(void *ctx, void *to, size_t bytes, int timeout_ms);
    ssize_t (*write)(void *ctx, const void *from, size_t bytes, int timeout_ms);
};

struct gsp_remote_config {
    struct gsp_remote_io io;
    const struct nvrm_schema *schema;
    /** NVRM_NO_RELEASE: the broker's; another one than the broker's is refused. */
    nvrm_release release;
    uint64_t hello_ns;           /* deadline of the first frame; 0 means 60 s */
    uint64_t timeout_ns;         /* per call; 0 means 15 s */
    const struct gsp_host *host; /* borrowed; may be NULL */
};

/**
 * Read the broker's hello and make a backend of it. The streams stay the caller's: they are
 * closed after the backend.
 *
 * @return 0; -ETIMEDOUT; -EPIPE (the peer ended); -EBADMSG (it is no broker); -EPROTO (another
 *         version, or another schema of the same release: both are named); -ENOENT (a release
 *         that the schema does not know); -EINVAL (not the release that was asked for); what
 *         the broker says it failed with
 */
GSP_MUST_CHECK int gsp_remote_open(const struct gsp_remote_config *config,
                                   struct gsp_backend **backend_out, struct gsp_error *err);
/** What the broker said it stands on ("AD102", "emu"); "" for other backends. */
const char *gsp_remote_chip(const struct gsp_backend *backend);
const char *gsp_remote_transport(const struct gsp_backend *backend);
/** RM's id of the broker's card where its RM has several; 0: it is the only one. */
uint32_t gsp_remote_gpu_id(const struct gsp_backend *backend);

struct gsp_broker_config {
    struct gsp_remote_io io;
    struct gsp_backend *backend;  /* borrowed */
    const char *chip, *transport; /* for the hello */
    uint32_t gpu_id;              /* likewise, of the card that is meant; 0: RM has one */
    const struct gsp_host *host;  /* borrowed; may be NULL */
    void *ctx;                    /* of the functions below, which may be NULL */
    /** The broker's own policy: 0, or a negative errno with *err filled. */
    int (*allow_control)(void *ctx, uint32_t cmd, struct gsp_error *err);
    int (*allow_class)(void *ctx, uint32_t hClass, struct gsp_error *err);
    int (*allow_rpc)(void *ctx, uint32_t function, const void *payload, size_t payload_bytes,
                     struct gsp_error *err);
};

/** Answer until the peer ends the stream between two frames (0) or breaks the protocol. */
GSP_MUST_CHECK int gsp_broker_serve(const struct gsp_broker_config *config,
                                    struct gsp_error *err);
/** Say that there is nothing to serve: the peer's gsp_remote_open() fails the same way. */
GSP_MUST_CHECK int gsp_broker_fail(const struct gsp_broker_config *config,
                                   const struct gsp_error *why, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
