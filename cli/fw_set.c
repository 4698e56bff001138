/* SPDX-License-Identifier: MIT */
/*
 * See fw_set.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw_index.h"
#include "fw_set.h"

/* One file that was asked for. */
struct opened {
    struct opened *next;
    const struct fw_item *item;
    struct fw_file file;
    uint8_t *packed; /* a container made of arrays */
    size_t packed_bytes;
};

struct fw_set {
    struct fw_paths paths;
    struct fw_index index;
    struct opened *opened;
};

int
fw_set_open(char *const *folders, unsigned count, struct fw_set **set_out,
            struct gsp_error *err)
{
    struct fw_set *set = calloc(1, sizeof(*set));
    int rc = 0;

    *set_out = NULL;
    if (!set)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    for (unsigned i = 0; rc == 0 && i < count; i++)
        rc = fw_paths_add(&set->paths, folders[i], err);
    if (!count)
        rc = fw_paths_default(&set->paths, err);
    if (rc < 0) {
        fw_set_close(set);
        return rc;
    }
    fw_index_make(&set->paths, &set->index);
    *set_out = set;
    return 0;
}

static int
no_item(enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
        struct gsp_error *err)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(family);

    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "no %s of release %s for %s",
             gsp_fw_role_name(role), release, info ? info->name : "this chip");
    gsp_hint(err, "nvrm-cli fw list shows what a folder can boot");
    return -ENOENT;
}

/* Read it; arrays become the container that a boot reads. */
static int
open_item(const struct fw_item *item, struct opened *o, struct gsp_error *err)
{
    int rc = fw_file_read(item->path, &o->file, err);

    o->item = item;
    if (rc == 0 && gsp_fw_kind_of(&o->file.src) == GSP_FW_KIND_ARRAYS)
        rc = gsp_fw_arrays_pack(&o->file.src, false, NULL, &o->packed, &o->packed_bytes, err);
    return rc;
}

static void
opened_free(struct opened *o)
{
    gsp_host_free(NULL, o->packed);
    fw_file_free(&o->file);
    free(o);
}

static int
get_opened(struct fw_set *set, const struct fw_item *item, struct opened **out,
           struct gsp_error *err)
{
    struct opened *o = set->opened;
    int rc;

    while (o && o->item != item)
        o = o->next;
    *out = o;
    if (o)
        return 0;
    o = calloc(1, sizeof(*o));
    if (!o)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = open_item(item, o, err);
    if (rc < 0) {
        opened_free(o);
        return rc;
    }
    o->next = set->opened;
    set->opened = *out = o;
    return 0;
}

int
fw_set_find(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
            struct gsp_fw_source *out, struct gsp_error *err)
{
    struct fw_set *set = ctx;
    const struct fw_item *item = fw_index_find(&set->index, release, role, family);
    struct opened *o;
    int rc;

    *out = (struct gsp_fw_source){0};
    if (!item)
        return no_item(role, family, release, err);
    rc = get_opened(set, item, &o, err);
    if (rc < 0)
        return rc;
    *out = o->file.src;
    if (o->packed) {
        out->data = o->packed;
        out->bytes = o->packed_bytes;
    }
    return 0;
}

void
fw_set_close(struct fw_set *set)
{
    struct opened *o, *next;

    if (!set)
        return;
    for (o = set->opened; o; o = next) {
        next = o->next;
        opened_free(o);
    }
    fw_index_free(&set->index);
    fw_paths_free(&set->paths);
    free(set);
}
