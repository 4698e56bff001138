/* SPDX-License-Identifier: MIT */
/** The model on disk: schemas/versions.yaml, schemas/rm/ and schemas/layout.lock. */
#ifndef IMP_STORE_H
#define IMP_STORE_H

#include "model.h"

/** Read versions.yaml and rm/ of a schema folder; an empty or missing folder gives an empty
 * model. */
bool imp_store_read(struct imp_model *m, const char *dir, struct imp_error *err);
/** Write versions.yaml, rm/ and layout.lock below dir, which should be empty. */
bool imp_store_write(struct imp_model *m, const char *dir, struct imp_error *err);
/** Put what is in `from` in the place of dir's files: unchanged files keep their time, files
 * that are gone are removed. */
bool imp_store_replace(const char *from, const char *dir, struct imp_error *err);
/** Names of files that differ between two schema folders, at most a few; "" when there is no
 * difference. */
bool imp_store_same(const char *a, const char *b, struct imp_buf *names_out,
                    struct imp_error *err);

#endif
