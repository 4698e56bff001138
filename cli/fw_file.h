/* SPDX-License-Identifier: MIT */
/*
 * Files for the fw and vbios verbs: read or mapped whole, hashed, written without surprises.
 */
#ifndef NVRM_CLI_FW_FILE_H
#define NVRM_CLI_FW_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include <gsp/fw.h>

#include "cli.h"

struct fw_file {
    struct gsp_fw_source src; /* name is the path; bytes live until fw_file_free() */
    void *data;
    bool mapped;
    struct gsp_fw_file parsed; /* after fw_file_open() */
};
/* Read a whole file ("-" is stdin). */
int fw_file_read(const char *path, struct fw_file *f, struct gsp_error *err);
/* Map it: for a look into many large files. Falls back to reading. */
int fw_file_map(const char *path, struct fw_file *f, struct gsp_error *err);
/* Read and parse. */
int fw_file_open(const char *path, struct fw_file *f, struct gsp_error *err);
void fw_file_free(struct fw_file *f);
/* Refuses to replace a file unless forced; leaves nothing behind when it fails. A dry run is
 * refused alike, and writes nothing. */
struct fw_write {
    bool force, dry;
};
int fw_file_write(const char *path, const void *data, size_t bytes, struct fw_write how,
                  struct gsp_error *err);

char *fw_sha256(const void *data, size_t bytes, char hex[65]);
char *fw_sha384(const void *data, size_t bytes, char hex[97]);
/* Lower-case hex of short data; NULL for empty data. */
json_t *fw_hex(const struct gsp_fw_slice *s);

/* Files in a folder and below, sorted; what looks like no firmware is left out. */
struct fw_paths {
    char **path;
    size_t count;
};
int fw_paths_add(struct fw_paths *paths, const char *path, struct gsp_error *err);
/* NVRM_FW_DIR (folders split by ':'), else the system's folder. */
int fw_paths_default(struct fw_paths *paths, struct gsp_error *err);
void fw_paths_free(struct fw_paths *paths);

/* fw_doc.c: everything about a file as one document. */
json_t *fw_doc(const struct fw_file *f, struct gsp_error *err);
/* The document of one path; NULL with *err filled. */
json_t *fw_doc_of(const char *path, struct gsp_error *err);
/* Checks as rows {file, check, ok, detail}; false when one failed. */
bool fw_checks(const struct nvrm_schema *schema, const struct fw_file *f, json_t *rows);

/* fw_list.c */
json_t *fw_list(const struct nvrm_schema *schema, const struct fw_paths *paths);

/* fw_tar.c: members of a .run's archive, streamed. `want` decides by name and size; `data` gets
 * the bytes of a wanted member. Either may return a negative errno to stop. */
struct fw_tar_reader {
    void *ctx;
    int (*want)(void *ctx, const char *name, uint64_t bytes); /* 1, 0 or negative */
    int (*data)(void *ctx, const void *data, size_t bytes);
};
int fw_tar_read(const struct gsp_fw_source *src, const struct gsp_fw_run *run,
                const struct fw_tar_reader *reader, struct gsp_error *err);

#endif
