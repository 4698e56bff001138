/* SPDX-License-Identifier: MIT */
/*
 * An index of firmware files by release, role and chip.
 */
#ifndef NVRM_CLI_FW_INDEX_H
#define NVRM_CLI_FW_INDEX_H

#include "fw_file.h"

enum { FW_ITEM_TEXT = 40 };

struct fw_item {
    char release[FW_ITEM_TEXT], chip[FW_ITEM_TEXT];
    enum gsp_fw_role role;
    unsigned families; /* images: a bit per family whose signature is there */
    const char *path;  /* of the struct fw_paths that it was made from */
};
struct fw_index {
    struct fw_item *item; /* by release */
    size_t count;
};
void fw_index_make(const struct fw_paths *paths, struct fw_index *index_out);
void fw_index_free(struct fw_index *index);
/* NULL when there is none, or the family boots without that role. */
const struct fw_item *fw_index_find(const struct fw_index *index, const char *release,
                                    enum gsp_fw_role role, enum gsp_fw_family family);

#endif
