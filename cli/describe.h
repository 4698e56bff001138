/* SPDX-License-Identifier: MIT */
/*
 * Rows of the schema as JSON documents: what `schema` and `explain` print.
 */
#ifndef NVRM_CLI_DESCRIBE_H
#define NVRM_CLI_DESCRIBE_H

#include "cli.h"

/* "u32", "u8[16]", "NV2080_CTRL_FB_INFO[55]", "u32:4" into buf; returns buf. */
const char *describe_type(const struct nvrm_schema *s, const struct nvrm_field *f, char *buf,
                          size_t buf_bytes);
uint64_t describe_field_bytes(const struct nvrm_schema *s, const struct nvrm_field *f);
/* Size, alignment and fields; members of nested structs with `deep`. */
json_t *describe_layout(struct nvrm_abi abi, const struct nvrm_layout *layout, bool deep);
json_t *describe_control(struct nvrm_abi abi, const struct nvrm_control *c);
json_t *describe_class(struct nvrm_abi abi, const struct nvrm_class *c);
json_t *describe_rpc(struct nvrm_abi abi, const struct nvrm_rpc *r);
json_t *describe_const(struct nvrm_abi abi, const struct nvrm_const *c);
/* What the Xid is called, without ROBUST_CHANNEL_; NULL when the constant is no Xid. */
const char *describe_xid_name(struct nvrm_abi abi, const struct nvrm_const *c);
/* Names of the bits that are set. */
json_t *describe_bits(const struct nvrm_schema *s, uint64_t bits,
                      const char *(*name)(const struct nvrm_schema *s, unsigned bit));
/* Name of a params row, or NULL. */
const char *describe_params(const struct nvrm_schema *s, uint16_t row);

/* Text for people. */
void describe_print_layout(struct cli *cli, const json_t *layout);
void describe_print(struct cli *cli, const json_t *doc);

/* Glob without regard to case; a pattern without wildcards matches anywhere in the text. */
bool describe_match(const char *pattern, const char *text);

#endif
