/* SPDX-License-Identifier: MIT */
/*
 * Filling struct gsp_error. Nothing here decides anything: callers choose the origin and the
 * errno.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <gsp/error.h>
#undef gsp_fail

int
gsp_fail(struct gsp_error *err, enum gsp_origin origin, int rc, const char *format, ...)
{
    va_list args;

    if (!err)
        return rc;
    err->origin = origin;
    err->rc = rc;
    err->nv_status = 0;
    err->hint[0] = '\0';
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    return rc;
}

int
gsp_fail_rm(struct gsp_error *err, struct nvrm_abi abi, const char *what, uint32_t nv_status)
{
    const char *name = nvrm_status_name(abi, nv_status);

    gsp_fail(err, GSP_ORIGIN_RM, -EREMOTEIO, "%s: %s (0x%x)", what, name ? name : "status",
             nv_status);
    if (err)
        err->nv_status = nv_status;
    return -EREMOTEIO;
}

void
gsp_hint(struct gsp_error *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return;
    va_start(args, format);
    vsnprintf(err->hint, sizeof(err->hint), format, args);
    va_end(args);
}
