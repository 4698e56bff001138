/* SPDX-License-Identifier: MIT */
/**
 * Errors: functions return 0 or a negative errno; the detail travels in an optional struct
 * gsp_error.
 *
 * An NV_STATUS from RM is never folded into an errno: the return value is -EREMOTEIO and
 * err->nv_status holds what RM said. The struct is plain storage owned by the caller; nothing
 * in it needs to be freed.
 */
#ifndef GSP_ERROR_H
#define GSP_ERROR_H

#include <stdint.h>

#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GSP_MUST_CHECK __attribute__((warn_unused_result))

/** Who said no. Maps one to one onto nvrm-cli's exit codes. */
enum gsp_origin {
    GSP_ORIGIN_NONE,
    GSP_ORIGIN_LOCAL, /* this program: out of memory, a bug */
    GSP_ORIGIN_INPUT, /* what the caller asked for makes no sense: unknown name, bad value */
    GSP_ORIGIN_TRANSPORT, /* no device, no permission on it, peer gone */
    GSP_ORIGIN_POLICY,    /* refused before it was sent */
    GSP_ORIGIN_RM,        /* RM answered with a status: nv_status */
    GSP_ORIGIN_PROTOCOL,  /* bytes that make no sense, a deadline */
    GSP_ORIGIN_LOST,      /* the device is gone or crashed */
    GSP_ORIGIN_RELEASE,   /* the chosen release lacks it */
    GSP_ORIGIN_DIVERGED,  /* a replay: what came is not what was recorded */
};

struct gsp_error {
    enum gsp_origin origin;
    int rc;             /* the negative errno that was returned */
    uint32_t nv_status; /* GSP_ORIGIN_RM: as RM said it */
    char text[240];     /* what failed: "alloc NV20_SUBDEVICE_0: NV_ERR_INVALID_CLASS (0x22)" */
    char hint[240];     /* what to do about it, or "" */
};

/** Fill *err (which may be NULL) and return rc, so that a caller can write `return
 * gsp_fail(...)`. */
int gsp_fail(struct gsp_error *err, enum gsp_origin origin, int rc, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#ifdef __clang_analyzer__ /* what it returns is said above; an analyzer sees only this header  \
                           */
#define gsp_fail(err, origin, rc, ...) (gsp_fail(err, origin, rc, __VA_ARGS__), (rc))
#endif
/** RM's refusal of `what`; names the status at this release. Returns -EREMOTEIO. */
int gsp_fail_rm(struct gsp_error *err, struct nvrm_abi abi, const char *what,
                uint32_t nv_status);
/** Add a hint to an error that is already filled. err may be NULL. */
void gsp_hint(struct gsp_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
