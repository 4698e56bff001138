/* SPDX-License-Identifier: MIT */
/*
 * fw list: which chips can boot with the files that were found, release by release, and what
 * is missing.
 */
#include <string.h>

#include "fw_index.h"

/* Does anything of the release speak of this family? */
static bool
concerns(const struct fw_index *all, const char *release, enum gsp_fw_family family)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(family);
    bool has_image = false;

    for (size_t i = 0; i < all->count; i++) {
        if (all->item[i].role == GSP_FW_ROLE_GSP && !strcmp(all->item[i].release, release))
            has_image = true;
    }
    if (fw_index_find(all, release, GSP_FW_ROLE_GSP, family))
        return true;
    for (unsigned r = 0; r < GSP_FW_ROLES; r++) {
        if (r != GSP_FW_ROLE_GSP && info->folder[r] && !has_image &&
            fw_index_find(all, release, (enum gsp_fw_role)r, family))
            return true;
    }
    return false;
}

static json_t *
row_of(const struct nvrm_schema *schema, const struct fw_index *all, const char *release,
       enum gsp_fw_family family)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(family);
    const bool known = nvrm_release_find(schema, release) != NVRM_NO_RELEASE;
    json_t *missing = json_array(), *files = json_object();

    for (unsigned r = 0; r < GSP_FW_ROLES; r++) {
        const char *role = gsp_fw_role_name((enum gsp_fw_role)r);
        const struct fw_item *it;

        if (!info->folder[r])
            continue;
        it = fw_index_find(all, release, (enum gsp_fw_role)r, family);
        if (it)
            json_object_set_new(files, role, json_string(it->path));
        else
            json_array_append_new(missing, json_string(role));
    }
    if (!known)
        json_array_append_new(missing, json_string("schema"));
    if (!info->supported)
        json_array_append_new(missing, json_string("boot path"));
    return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "release", release, "family", info->name,
                     "chips", info->chips, "boots", json_array_size(missing) == 0, "missing",
                     missing, "files", files);
}

json_t *
fw_list(const struct nvrm_schema *schema, const struct fw_paths *paths)
{
    struct fw_index all;
    json_t *rows = json_array();
    const char *last = "";

    fw_index_make(paths, &all);
    for (size_t i = 0; i < all.count; i++) {
        const char *release = all.item[i].release;

        if (!strcmp(release, last))
            continue;
        last = release;
        for (unsigned family = 0; family < GSP_FW_FAMILIES; family++) {
            if (concerns(&all, release, (enum gsp_fw_family)family))
                json_array_append_new(
                    rows, row_of(schema, &all, release, (enum gsp_fw_family)family));
        }
    }
    fw_index_free(&all);
    return rows;
}
