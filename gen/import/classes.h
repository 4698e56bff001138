/* SPDX-License-Identifier: MIT */
/** The vendor's published class headers -> schemas/hw/{classes,qmd,tex,sph}: methods, fields
 * and values of the engines' classes, and the records (QMD, texture and shader headers) that
 * engines read from memory. */
#ifndef IMP_CLASSES_H
#define IMP_CLASSES_H

#include "util.h"

/** What to import: folders with the vendor's trees. sdk may be NULL; its classes are then left
 * as they are and nothing that builds on them is imported. */
struct imp_class_source {
    const char *doc, *sdk;
    const char *doc_commit, *sdk_tag; /* for `source:` */
};

/** What the headers held, in all. */
struct imp_class_counts {
    size_t headers, methods, records, fields, values, constants, defines;
};

/** Read every header and write one YAML file for each below out. check writes nothing and fails
 * when a file would change; report (may be NULL) gets a Markdown table of the counts. */
bool imp_classes(const struct imp_class_source *src, const char *out, bool check,
                 struct imp_class_counts *counts, struct imp_buf *report,
                 struct imp_error *err);

/** Paths for imp_git_extract(). */
extern const char *const imp_class_paths[];

#endif
