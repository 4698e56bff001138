/* SPDX-License-Identifier: MIT */
/*
 * A policy inside: policy_file.c reads it, policy.c judges by it.
 */
#ifndef NVRM_CLI_POLICY_PRIV_H
#define NVRM_CLI_POLICY_PRIV_H

#include "policy.h"

struct policy_profile {
    const char *name, *doc;
    unsigned grades;            /* bit per enum nvrm_safety: of controls */
    const char *const *classes; /* patterns of what may be allocated; NULL: everything */
    const char *const *rpcs;    /* raw RPCs; NULL: everything */
    const char *more;           /* the option that allows more; NULL: there is none */
};

struct policy {
    char *name;
    const struct policy_profile *base;
    json_t *doc; /* of a file; NULL for a plain profile */
};

const struct policy_profile *policy_profile(const char *name); /* NULL: no such profile */
unsigned policy_grades(const struct policy *p);
const char *policy_kind_name(enum policy_kind kind);

#endif
