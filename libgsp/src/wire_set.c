/* SPDX-License-Identifier: MIT */
/*
 * Filling a struct of the wire by field names, where the layout decides which fields there are.
 */
#include <errno.h>
#include <string.h>

#include "wire_set_priv.h"

bool
wire_find(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *path,
          uint32_t *offset_out, uint32_t *bytes_out)
{
    uint32_t offset = 0;

    while (layout) {
        const char *dot = strchr(path, '.');
        const size_t length = dot ? (size_t)(dot - path) : strlen(path);
        const struct nvrm_field *f;
        char name[64];

        if (length >= sizeof(name))
            return false;
        memcpy(name, path, length);
        name[length] = '\0';
        f = nvrm_field_find(abi.schema, layout, name);
        if (!f)
            return false;
        offset += f->offset;
        if (!dot) {
            *offset_out = offset;
            *bytes_out = nvrm_field_elem_bytes(abi.schema, f);
            return true;
        }
        layout = nvrm_layout_at(abi.schema, f->ref);
        path = dot + 1;
    }
    return false;
}

void
wire_init(struct wire *w, struct nvrm_abi abi, const char *name, void *data, size_t bytes,
          struct gsp_error *err)
{
    *w = (struct wire){abi, nvrm_struct_find(abi, name), data, name, err, 0};
    if (!w->layout)
        w->rc = gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no struct %s",
                         nvrm_release_name(abi.schema, abi.release), name);
    else if (w->layout->size > bytes)
        w->rc = gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOSPC, "%s takes %u bytes, there are %zu",
                         name, w->layout->size, bytes);
}

bool
wire_set_if(struct wire *w, const char *path, uint64_t value)
{
    uint32_t offset, bytes;

    if (w->rc < 0 || !wire_find(w->abi, w->layout, path, &offset, &bytes) || bytes > 8)
        return false;
    memcpy(w->data + offset, &value, bytes);
    return true;
}

void
wire_set(struct wire *w, const char *path, uint64_t value)
{
    if (!wire_set_if(w, path, value) && w->rc == 0)
        w->rc = gsp_fail(w->err, GSP_ORIGIN_RELEASE, -ENOENT, "%s of %s has no field %s",
                         w->name, nvrm_release_name(w->abi.schema, w->abi.release), path);
}
