/* SPDX-License-Identifier: MIT */
/** Files and child processes: read a file, run a program and keep what it prints, make and
 * remove folders. */
#ifndef IMP_PROC_H
#define IMP_PROC_H

#include "util.h"

/** Whole file into *out. False when it cannot be read; err (optional) then names it. */
bool imp_read_file(const char *path, struct imp_buf *out, struct imp_error *err);
/** Write through a temporary name and rename; an unchanged file is left alone. Makes missing
 * folders. */
bool imp_write_file(const char *path, const void *data, size_t len, struct imp_error *err);
bool imp_exists(const char *path);
bool imp_is_dir(const char *path);
bool imp_mkdirs(const char *path, struct imp_error *err);
void imp_remove_tree(const char *path);
/** Names (not paths) in a folder, sorted; only those that end in suffix when it is not NULL. */
bool imp_list_dir(const char *path, const char *suffix, struct imp_arena *a,
                  const char ***names_out, size_t *count_out, struct imp_error *err);

/**
 * Run argv in folder cwd (NULL: here) and collect stdout in *out, stderr in *errors (both
 * optional). Returns the exit status, 127 when the program does not exist, 128+n for a signal.
 */
int imp_run(const char *const *argv, const char *cwd, struct imp_buf *out,
            struct imp_buf *errors);
/** `git -C repo archive tag -- paths... | tar -x -C dir`; paths that the tag lacks are left
 * out. */
bool imp_git_extract(const char *repo, const char *tag, const char *const *paths,
                     const char *dir, struct imp_error *err);

#endif
