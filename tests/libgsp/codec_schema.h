/* SPDX-License-Identifier: MIT */
/* The little schema of schema/: three releases, every construct that the codec must handle. */
#ifndef CODEC_SCHEMA_H
#define CODEC_SCHEMA_H

#include <nvrm/schema.h>

#include "test.h"

const struct nvrm_schema *codec_schema(void);

/** The schema at one of its releases. */
static inline struct nvrm_abi
abi_at(const char *release)
{
    const struct nvrm_abi abi = {codec_schema(), nvrm_release_find(codec_schema(), release)};

    assert_true(abi.release != NVRM_NO_RELEASE);
    return abi;
}

/** A struct that the release must have. */
static inline const struct nvrm_layout *
layout_of(struct nvrm_abi abi, const char *name)
{
    const struct nvrm_layout *layout = nvrm_struct_find(abi, name);

    if (!layout)
        fail_msg("no struct %s", name);
    return layout;
}

#endif
