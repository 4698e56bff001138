/* SPDX-License-Identifier: MIT */
/* The three searches that every look-up is made of. */
#ifndef NVRM_LOOKUP_H
#define NVRM_LOOKUP_H

#include "schema_priv.h"

/** Row of a name in a sorted list, or NVRM_RUN_NONE. */
uint32_t nvrm_names_find(const struct nvrm_schema *s, const struct nvrm_names *n,
                         const char *name);
/** What name row `row` stands for at this release: a row of its kind, or NVRM_RUN_NONE. */
uint32_t nvrm_names_at(struct nvrm_abi abi, const struct nvrm_names *n, uint32_t row);
/** First entry whose id is not below `id`. */
uint32_t nvrm_ids_find(const struct nvrm_id *ids, uint32_t count, uint32_t id);

#endif
