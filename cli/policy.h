/* SPDX-License-Identifier: MIT */
/*
 * The policy: which controls, allocations and raw RPCs may be sent. docs/safety.md is for
 * people.
 *
 * A profile is the base (read-only, standard, unsafe); a file may change grades and add rules.
 */
#ifndef NVRM_CLI_POLICY_H
#define NVRM_CLI_POLICY_H

#include "session.h"

enum policy_kind { POLICY_CONTROL, POLICY_CLASS, POLICY_RPC };

/* What is to be sent. One of the three rows is set when it has a name. */
struct policy_subject {
    enum policy_kind kind;
    struct nvrm_abi abi;
    const struct nvrm_control *control;
    const struct nvrm_class *cls;
    const struct nvrm_rpc *rpc;
    const char *name; /* "" without one */
    const char *chip; /* "" when it is not known */
    uint32_t id;
};

struct policy_verdict {
    bool allowed;
    enum nvrm_safety grade; /* of a control on this chip; unknown for the rest */
    const char *source;     /* public report behind the grade, or "" */
    char why[160];          /* "nobody has graded what it does" */
    char rule[160];         /* "standard sends read and write" */
    char hint[160];         /* what would allow it */
};

struct policy;

/** The policy that --policy, --unsafe and the transport ask for. */
int policy_open(const struct cli *cli, struct policy **policy_out, struct gsp_error *err);
/** A policy file's text; `name` is for messages. */
int policy_load_text(const char *text, size_t bytes, const char *name,
                     struct policy **policy_out, struct gsp_error *err);
void policy_close(struct policy *p);
/** The profile's name, or the file's. */
const char *policy_name(const struct policy *p);
/** The policy as a document, for `policy show`. New reference. */
json_t *policy_json(const struct policy *p);
void policy_judge(const struct policy *p, const struct policy_subject *subject,
                  struct policy_verdict *out);
/** The chip of the open card, or of the one that -t and -d name; "" when neither says. */
void policy_chip(const struct cli *cli, char *buf, size_t bytes);

#endif
