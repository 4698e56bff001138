/* SPDX-License-Identifier: MIT */
/*
 * fw diff of two folders: the files that have the same role for the same chip, whatever their
 * releases and names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fw_diff.h"
#include "fw_index.h"

struct folder {
    struct fw_paths paths;
    struct fw_index index;
};

bool
fw_is_folder(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* A folder of several releases has several files of one role: which is meant? */
static int
folder_open(const char *path, struct folder *f, struct gsp_error *err)
{
    int rc = fw_paths_add(&f->paths, path, err);

    if (rc < 0)
        return rc;
    fw_index_make(&f->paths, &f->index);
    if (!f->index.count) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: no firmware of GSP-RM there", path);
        gsp_hint(err, "fw list FOLDER shows what a folder has");
        return -ENOENT;
    }
    for (size_t i = 1; i < f->index.count; i++) {
        if (!strcmp(f->index.item[i].release, f->index.item[0].release))
            continue;
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: has files of %s and of %s", path,
                 f->index.item[0].release, f->index.item[i].release);
        gsp_hint(err, "fw diff compares files, or folders of one release each");
        return -EINVAL;
    }
    return 0;
}

static void
folder_close(struct folder *f)
{
    fw_index_free(&f->index);
    fw_paths_free(&f->paths);
}

static const struct fw_item *
same_role(const struct folder *f, const struct fw_item *of)
{
    for (size_t i = 0; i < f->index.count; i++) {
        const struct fw_item *it = &f->index.item[i];

        if (it->role == of->role && !strcmp(it->chip, of->chip) &&
            (it->families == of->families || it->families & of->families))
            return it;
    }
    return NULL;
}

/* "tu102 booter_load"; images of GSP-RM have no chip in their path. */
static json_t *
title(const struct fw_item *it)
{
    const char *role = gsp_fw_role_name(it->role);

    return *it->chip ? json_sprintf("%s %s", it->chip, role) : json_string(role);
}

static void
lone(json_t *rows, const struct fw_item *it, const char *side)
{
    json_t *row = json_pack("{s:o, s:n, s:n}", "what", title(it), "a", "b");

    json_object_set_new(row, side, json_string(it->path));
    json_array_append_new(rows, row);
}

static int
pair(json_t *rows, const struct fw_item *a, const struct fw_item *b, struct gsp_error *err)
{
    json_t *left = fw_doc_of(a->path, err);
    json_t *right = left ? fw_doc_of(b->path, err) : NULL;
    json_t *found = right ? fw_diff(left, right) : NULL, *row, *name = title(a);
    size_t i;

    json_array_foreach(found, i, row)
    {
        json_object_set_new(row, "what",
                            json_sprintf("%s: %s", json_string_value(name),
                                         json_string_value(json_object_get(row, "what"))));
        json_array_append(rows, row);
    }
    json_decref(name);
    json_decref(left);
    json_decref(right);
    json_decref(found);
    return found ? 0 : -EBADMSG;
}

json_t *
fw_diff_folders(const char *a, const char *b, struct gsp_error *err)
{
    struct folder left = {0}, right = {0};
    json_t *rows = json_array();
    int rc = folder_open(a, &left, err);

    if (rc == 0)
        rc = folder_open(b, &right, err);
    for (size_t i = 0; rc == 0 && i < left.index.count; i++) {
        const struct fw_item *it = &left.index.item[i], *other = same_role(&right, it);

        if (other)
            rc = pair(rows, it, other, err);
        else
            lone(rows, it, "a");
    }
    for (size_t i = 0; rc == 0 && i < right.index.count; i++)
        if (!same_role(&left, &right.index.item[i]))
            lone(rows, &right.index.item[i], "b");
    folder_close(&left);
    folder_close(&right);
    if (rc == 0)
        return rows;
    json_decref(rows);
    return NULL;
}
