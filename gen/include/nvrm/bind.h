/* SPDX-License-Identifier: MIT */
/**
 * Bindings: chosen names of the schema, at chosen releases, as source text for other programs.
 *
 * A name brings everything it depends on: a control its parameters, a struct the structs inside
 * and behind its pointers, a field the constants that it takes. What several releases share is
 * written once; what differs gets the first release that has it as a suffix. The texts stand
 * alone and carry NVIDIA's notice. Nothing here reads or writes files. A handle belongs to one
 * thread.
 */
#ifndef NVRM_BIND_H
#define NVRM_BIND_H

#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

enum nvrm_bind_language {
    NVRM_BIND_C,
    NVRM_BIND_RUST,
    NVRM_BIND_PYTHON,
    NVRM_BIND_JSON_SCHEMA,
    NVRM_BIND_LANGUAGES
};
/** What the command line calls it ("json-schema"); NULL past the end. */
const char *nvrm_bind_language_name(unsigned language);
/** How a file of it is called by default ("nvrm_bindings.h"). */
const char *nvrm_bind_file_name(enum nvrm_bind_language language);

struct nvrm_bind;

/** 0 or -ENOMEM. */
int nvrm_bind_create(const struct nvrm_schema *s, struct nvrm_bind **out);
void nvrm_bind_destroy(struct nvrm_bind *b); /* NULL is fine */

/** Choose a release; all before the first name, in any order. 0, -EINVAL or -ENOMEM. */
int nvrm_bind_release(struct nvrm_bind *b, nvrm_release r);

/**
 * Choose a name: a control, class, struct, RPC function or event, status, escape or constant,
 * or a pattern (* ? []) over all of them, without regard to case.
 *
 * @param missing_out  optional: how many of the chosen releases lack it
 * @return 0, -ENOENT when no chosen release has it, -EINVAL without a release, -ENOMEM
 */
int nvrm_bind_name(struct nvrm_bind *b, const char *name, unsigned *missing_out);

/** The source text, which lives as long as the handle. 0 or -ENOMEM. */
int nvrm_bind_text(struct nvrm_bind *b, enum nvrm_bind_language language, const char **text_out,
                   size_t *bytes_out);

/** The notice that every text begins with: what it is, from which tags, whose, each line behind
 * `prefix`. For texts that are made elsewhere. 0 or -ENOMEM. */
int nvrm_bind_notice(struct nvrm_bind *b, const char *command, const char *prefix,
                     const char **text_out, size_t *bytes_out);

/** The JSON Schema of each chosen struct by itself, for a folder of files: `name` is the type's
 * name. A return value of fn other than 0 ends it and is returned. */
int nvrm_bind_schemas(struct nvrm_bind *b,
                      int (*fn)(void *ctx, const char *name, const char *text, size_t bytes),
                      void *ctx);

/** The JSON Schema of one struct at a release: what gsp_json_read() takes. Owned by the handle.
 */
int nvrm_bind_schema_of(struct nvrm_bind *b, struct nvrm_abi abi, const struct nvrm_layout *l,
                        const char **text_out, size_t *bytes_out);

struct nvrm_bind_counts {
    unsigned releases, types, ids, constants;
};
struct nvrm_bind_counts nvrm_bind_counts(const struct nvrm_bind *b);

/** A number that is equal when ids, fields, types and offsets of everything chosen are. */
uint64_t nvrm_bind_fingerprint(struct nvrm_bind *b);

/** Tests: the n-th allocation from now on fails. */
void nvrm_bind_fail_at(struct nvrm_bind *b, size_t n);

#ifdef __cplusplus
}
#endif
#endif
