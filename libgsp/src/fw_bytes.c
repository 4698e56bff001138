/* SPDX-License-Identifier: MIT */
/*
 * Checked ranges and the one form that a parser's refusal has.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "fw_bytes_priv.h"
#undef fw_bad

const char *
fw_name(const struct gsp_fw_source *src)
{
    return src->name ? src->name : "firmware";
}

bool
fw_has(const struct gsp_fw_source *src, uint64_t off, uint64_t bytes)
{
    return off <= src->bytes && bytes <= src->bytes - off;
}

int
fw_bad(const struct gsp_fw_source *src, struct gsp_error *err, uint64_t off, const char *format,
       ...)
{
    char reason[160];
    va_list args;

    if (!err)
        return -EBADMSG;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    for (char *c = reason; *c; c++) { /* names out of the file may hold anything */
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s: at 0x%llx: %s", fw_name(src),
                    (unsigned long long)(src->base + off), reason);
}

int
fw_take(const struct gsp_fw_source *src, uint64_t off, uint64_t bytes, const char *what,
        struct gsp_fw_slice *out, struct gsp_error *err)
{
    if (!fw_has(src, off, bytes))
        return fw_bad(src, err, off, "%s of 0x%llx bytes ends past the end (0x%llx)", what,
                      (unsigned long long)bytes, (unsigned long long)(src->base + src->bytes));
    *out = (struct gsp_fw_slice){src->data + off, bytes, src->base + off};
    return 0;
}

int
fw_take_in(const struct gsp_fw_source *src, const struct gsp_fw_slice *in, uint64_t off,
           uint64_t bytes, const char *what, struct gsp_fw_slice *out, struct gsp_error *err)
{
    if (off > in->bytes || bytes > in->bytes - off)
        return fw_bad(src, err, in->off - src->base,
                      "%s at +0x%llx of 0x%llx bytes leaves its 0x%llx bytes", what,
                      (unsigned long long)off, (unsigned long long)bytes,
                      (unsigned long long)in->bytes);
    *out = (struct gsp_fw_slice){in->data + off, bytes, in->off + off};
    return 0;
}
