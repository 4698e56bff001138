/* SPDX-License-Identifier: MIT */
/*
 * Which file is what: release, role and chip of every firmware file that was found. GSP-RM
 * images say their release themselves; linux-firmware puts chip, role and release into the
 * path; the vendor's arrays belong to the tree around them, whose version.mk names it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fw_index.h"

enum { MOST_ITEMS = 4096 };

static void
add(struct fw_index *all, const struct fw_item *item)
{
    struct fw_item *more =
        all->count < MOST_ITEMS ? realloc(all->item, (all->count + 1) * sizeof(*more)) : NULL;

    if (!more)
        return;
    all->item = more;
    all->item[all->count++] = *item;
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* GSP-RM's image: release and families are inside. */
static void
look_at_image(const char *path, struct fw_index *all)
{
    struct fw_item item = {.role = GSP_FW_ROLE_GSP, .path = path};
    struct gsp_fw_gsp g;
    struct fw_file f;

    if (fw_file_map(path, &f, NULL) < 0)
        return;
    if (gsp_fw_gsp_open(&f.src, &g, NULL) == 0 && g.image.bytes) {
        snprintf(item.release, sizeof(item.release), "%s", g.version);
        for (unsigned i = 0; i < g.signature_count; i++) {
            if (!g.signatures[i].confidential && g.signatures[i].family < GSP_FW_FAMILIES)
                item.families |= 1u << g.signatures[i].family;
        }
        add(all, &item);
    }
    fw_file_free(&f);
}

static enum gsp_fw_role
role_of(const char *name, size_t bytes)
{
    for (unsigned r = 0; r < GSP_FW_ROLES; r++) {
        const char *role = gsp_fw_role_name((enum gsp_fw_role)r);

        if (strlen(role) == bytes && !memcmp(role, name, bytes))
            return (enum gsp_fw_role)r;
    }
    return GSP_FW_ROLES;
}

/* .../CHIP/gsp/ROLE-RELEASE.bin */
static bool
split_path(const char *path, struct fw_item *item)
{
    const char *name = base_name(path), *dash = strchr(name, '-'), *chip = name - 5;
    size_t bytes;

    if (!dash || name - path < 6 || memcmp(name - 5, "/gsp/", 5))
        return false;
    item->role = role_of(name, (size_t)(dash - name));
    bytes = strlen(dash + 1);
    if (item->role == GSP_FW_ROLES || bytes < 5 || bytes - 4 >= FW_ITEM_TEXT)
        return false;
    snprintf(item->release, sizeof(item->release), "%.*s", (int)bytes - 4, dash + 1);
    while (chip > path && chip[-1] != '/')
        chip--;
    snprintf(item->chip, sizeof(item->chip), "%.*s", (int)(name - 5 - chip), chip);
    return true;
}

/* A container counts when it parses as what its role needs. */
static bool
is_sound(const char *path, enum gsp_fw_role role)
{
    static const enum gsp_fw_kind kinds[GSP_FW_ROLES] = {
        [GSP_FW_ROLE_GSP] = GSP_FW_KIND_GSP,
        [GSP_FW_ROLE_BOOTLOADER] = GSP_FW_KIND_BOOTLOADER,
        [GSP_FW_ROLE_BOOTER_LOAD] = GSP_FW_KIND_HS,
        [GSP_FW_ROLE_BOOTER_UNLOAD] = GSP_FW_KIND_HS,
        [GSP_FW_ROLE_GENERIC_BL] = GSP_FW_KIND_GENERIC_BL,
        [GSP_FW_ROLE_SCRUBBER] = GSP_FW_KIND_HS,
        [GSP_FW_ROLE_FMC] = GSP_FW_KIND_FMC,
    };
    struct gsp_fw_file *parsed = calloc(1, sizeof(*parsed));
    struct fw_file f;
    bool sound = false;

    if (parsed && fw_file_map(path, &f, NULL) == 0) {
        sound = gsp_fw_open(&f.src, parsed, NULL) == 0 && parsed->kind == kinds[role];
        fw_file_free(&f);
    }
    free(parsed);
    return sound;
}

/* NVIDIA_VERSION of the tree: version.mk stands three folders above generated/. */
static bool
tree_release(const char *path, char *release, size_t release_bytes)
{
    char mk[4096];
    const char *at;
    struct fw_file f;
    size_t n = 0;

    if (snprintf(mk, sizeof(mk), "%.*s../../../version.mk", (int)(base_name(path) - path),
                 path) >= (int)sizeof(mk) ||
        fw_file_read(mk, &f, NULL) < 0)
        return false;
    at = memmem(f.src.data, f.src.bytes, "NVIDIA_VERSION", 14);
    at = at ? at + 14 : NULL;
    for (const char *end = (const char *)f.src.data + f.src.bytes;
         at && at < end && *at != '\n' && n + 1 < release_bytes; at++) {
        if (isdigit((unsigned char)*at) || *at == '.')
            release[n++] = *at;
    }
    release[n] = '\0';
    fw_file_free(&f);
    return n > 0;
}

static void
look_at_arrays(const char *path, struct fw_index *all)
{
    struct gsp_fw_archive_id id;
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array array;
    struct fw_item item = {.path = path};
    struct fw_file f;

    if (fw_file_map(path, &f, NULL) < 0)
        return;
    gsp_fw_arrays_init(&f.src, &arrays);
    if (gsp_fw_arrays_next(&arrays, &array, NULL) == 0) {
        gsp_fw_archive_identify(array.archive, &id);
        item.role = id.role;
        snprintf(item.chip, sizeof(item.chip), "%s", id.chip);
        if (id.role != GSP_FW_ROLES && !id.debug && !id.confidential &&
            tree_release(path, item.release, sizeof(item.release)))
            add(all, &item);
    }
    fw_file_free(&f);
}

static void
look_at(const char *path, struct fw_index *all)
{
    const char *name = base_name(path);
    struct fw_item item = {.path = path};

    if (!strncmp(name, "g_bindata_", 10))
        look_at_arrays(path, all);
    else if (!strncmp(name, "gsp", 3))
        look_at_image(path, all);
    else if (split_path(path, &item) && is_sound(path, item.role))
        add(all, &item);
}

/* Releases sort by their numbers: 535.54.03 before 535.104.05. */
static int
by_release(const void *a, const void *b)
{
    const struct fw_item *left = a, *right = b;

    return strverscmp(left->release, right->release);
}

void
fw_index_make(const struct fw_paths *paths, struct fw_index *index_out)
{
    *index_out = (struct fw_index){0};
    for (size_t i = 0; i < paths->count; i++)
        look_at(paths->path[i], index_out);
    if (index_out->count)
        qsort(index_out->item, index_out->count, sizeof(*index_out->item), by_release);
}

void
fw_index_free(struct fw_index *index)
{
    free(index->item);
    *index = (struct fw_index){0};
}

const struct fw_item *
fw_index_find(const struct fw_index *index, const char *release, enum gsp_fw_role role,
              enum gsp_fw_family family)
{
    const struct gsp_fw_family_info *info = gsp_fw_family_info(family);

    for (size_t i = 0; info && info->folder[role] && i < index->count; i++) {
        const struct fw_item *it = &index->item[i];

        if (it->role != role || strcmp(it->release, release))
            continue;
        if (role == GSP_FW_ROLE_GSP ? it->families & 1u << family
                                    : !strcmp(it->chip, info->folder[role]))
            return it;
    }
    return NULL;
}
