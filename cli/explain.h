/* SPDX-License-Identifier: MIT */
/*
 * The parts of explain: names (cmd_explain.c), kernel logs (explain_file.c: files,
 * explain_find.c: lines, explain_links.c: what belongs together), what the numbers of RPC
 * histories mean (explain_rpc.c), CrashCat dumps (explain_crash.c).
 */
#ifndef NVRM_CLI_EXPLAIN_H
#define NVRM_CLI_EXPLAIN_H

#include <gsp/crash.h>

#include "cli.h"
#include "fw_file.h"

/* The Xid of a name or number, or NULL. */
const struct nvrm_const *explain_find_xid(struct nvrm_abi abi, const char *word);

/* A kernel log, a bug report or a CrashCat dump. `kind`: NULL to find out, or "crash". `brief`:
 * what happened, without every line. */
int explain_file(struct cli *cli, const char *path, const char *kind, bool brief);

/* A log on its way: findings in the order of its lines. */
struct explain_reading {
    struct nvrm_abi abi;
    bool fixed; /* the release was asked for with -F */
    json_t *doc, *findings, *xids;
    json_t *table, *crash; /* what the next rows and registers belong to; borrowed */
    char part[96];         /* of a bug report; "" outside */
};
/* For gsp_crash_scan(); ctx is the reading. */
int explain_find(void *ctx, const struct gsp_crash_line *line);
/* What happened, oldest first: findings that belong together, and what follows from what. */
json_t *explain_links(const json_t *findings);

/* Text of the input as a JSON string: what is not printable ASCII becomes '?'. */
json_t *explain_span(struct gsp_crash_span span);

/* An RPC of a history or a timeout: names beside its numbers. */
void explain_rpc_data(struct nvrm_abi abi, const struct gsp_crash_rpc *rpc, json_t *row);

/* What the GSP of the open card, or of the card behind -t, reported when it crashed. */
int explain_crash_live(struct cli *cli);

/* Reports of a dump as a document; NULL with *err filled. */
json_t *explain_crash_reports(const struct fw_file *f, struct gsp_error *err);
/* Who crashed and why, in one line and in words. */
void explain_crash_source(const struct gsp_crash_line *line, json_t *finding);

/* Text for people. */
void explain_print_crash(struct cli *cli, const json_t *report);
void explain_print_log(struct cli *cli, const json_t *doc);

#endif
