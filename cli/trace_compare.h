/* SPDX-License-Identifier: MIT */
/*
 * Two calls side by side: what trace diff and trace replay say about them.
 */
#ifndef NVRM_CLI_TRACE_COMPARE_H
#define NVRM_CLI_TRACE_COMPARE_H

#include <gsp/compare.h>
#include <gsp/handle_map.h>
#include <gsp/trace.h>

#include "cli.h"

/* The whole comparison of two traces, or of a trace and a card. */
struct trace_pairs {
    struct cli *cli;
    struct gsp_handle_map handles; /* of a -> of b */
    char *ignore;                  /* --ignore: FIELD or STRUCT.FIELD, with commas between */
    unsigned same, changed, only_a, only_b;
    int rc; /* an exit code, once something could not be written */
};
void trace_pairs_fini(struct trace_pairs *p);
/* The counts as the last row, for machines: text has them on stderr. */
void trace_pairs_count(struct trace_pairs *p);
/* How many differences make 0 or CLI_EXPECTATION, or what went wrong. */
bool trace_pairs_differ(const struct trace_pairs *p);

/* One side of a pair. The parameters' pointers lead somewhere in this process. */
struct trace_side {
    struct nvrm_abi abi;
    const struct gsp_trace_record *record;
    struct gsp_compare_side in, out;
    void *owned[2]; /* their copies, freed by trace_side_fini() */
};
/* Fills in and out with copies of what was recorded. 0 or -ENOMEM. */
int trace_side_init(struct trace_side *s, struct nvrm_abi abi,
                    const struct gsp_trace_record *record, struct gsp_error *err);
void trace_side_fini(struct trace_side *s);

/* Print what differs in two records of the same name; notes which handles stand for which. */
void trace_pair(struct trace_pairs *p, const struct trace_side *a, const struct trace_side *b);
/* Print a record that the other side lacks; side is 'a' or 'b'. */
void trace_lone(struct trace_pairs *p, char side, struct nvrm_abi abi,
                const struct gsp_trace_record *record);
/* Print any other remark about a record of a. */
void trace_remark(struct trace_pairs *p, struct nvrm_abi abi,
                  const struct gsp_trace_record *record, const char *what, const char *a,
                  const char *b);

/* Whether two records are of the same call: type and name. */
bool trace_same_name(struct nvrm_abi abi_a, const struct gsp_trace_record *a,
                     struct nvrm_abi abi_b, const struct gsp_trace_record *b);

#endif
