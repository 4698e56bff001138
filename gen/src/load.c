/* SPDX-License-Identifier: MIT */
/* Finds the files of a schema folder. They are read in path order, so that the same folder
 * always gives the same tables. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model.h"

static bool
has_suffix(const char *name, const char *suffix)
{
    const size_t n = strlen(name), k = strlen(suffix);

    return n > k && strcmp(name + n - k, suffix) == 0;
}

static void
find_files(struct gen *g, const char *dir, struct gen_list *files, unsigned depth)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    struct gen_list names = {0};

    if (!d)
        return; /* a folder that is not there holds nothing */
    g->dir = d; /* in case that memory runs out */
    while ((entry = readdir(d)) && names.n < 65536) {
        if (entry->d_name[0] != '.')
            *gen_push(g, &names) = gen_internf(g, "%s/%s", dir, entry->d_name);
    }
    g->dir = NULL;
    closedir(d);
    for (uint32_t i = 0; i < names.n; i++) {
        struct stat st;

        if (stat(names.p[i], &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < 8)
            find_files(g, names.p[i], files, depth + 1);
        else if (S_ISREG(st.st_mode) && has_suffix(names.p[i], ".yaml"))
            *gen_push(g, files) = names.p[i];
    }
}

static int
by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct gen_list
files_of(struct gen *g, const char *dir, const char *sub)
{
    struct gen_list files = {0};

    find_files(g, gen_internf(g, "%s/%s", dir, sub), &files, 0);
    if (files.n)
        qsort(files.p, files.n, sizeof(*files.p), by_path);
    return files;
}

void
gen_load_dir(struct gen *g, struct gen_model *m, const char *dir)
{
    const char *core = gen_internf(g, "%s/core.yaml", dir);
    const struct gen_list rm = files_of(g, dir, "rm"), overlay = files_of(g, dir, "overlay");
    struct gen_node *root = gen_yaml_file(g, gen_internf(g, "%s/versions.yaml", dir));
    struct stat st;

    gen_stop_on_errors(g);
    gen_load_versions(g, m, root);
    for (uint32_t i = 0; i < rm.n; i++) {
        root = gen_yaml_file(g, rm.p[i]);
        if (root)
            gen_load_rm(g, m, root);
    }
    if (!rm.n)
        gen_error(g, (struct gen_pos){dir, 1}, "there is no rm/*.yaml in this folder");
    gen_stop_on_errors(g);
    gen_model_finish(g, m);
    for (uint32_t i = 0; i < overlay.n; i++) {
        root = gen_yaml_file(g, overlay.p[i]);
        if (root)
            *gen_push(g, &m->overlays) = root;
    }
    if (stat(core, &st) == 0 && (root = gen_yaml_file(g, core)))
        gen_load_core(g, m, root);
    gen_stop_on_errors(g);
}
