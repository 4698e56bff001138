/* SPDX-License-Identifier: MIT */
/*
 * Where in a line the next word would stand: which verb, which struct, which field. Completion
 * and the hint line both start here.
 */
#ifndef NVRM_CLI_PLACE_H
#define NVRM_CLI_PLACE_H

#include "cli.h"

/* The words of a line up to the one that is being typed. */
struct place {
    struct cli *cli;
    struct nvrm_abi abi; /* of -F on the line, else the session's */
    int argc;            /* words before the typed one, from the verb on */
    char **argv;
    const char *option; /* global option whose value is being typed, else NULL */
    char text[512];  /* what is typed; inside JSON the path of the field: "list[0].index=4" */
    bool json;       /* `text` was JSON */
    char given[512]; /* JSON: " a b " for the keys that the innermost object has already */
    char **words;    /* owned */
};

/* Read a line up to the cursor. False when a quote is open or memory is short; the place needs
 * no place_fini() then. */
bool place_find(struct cli *cli, const char *line, struct place *out);
void place_fini(struct place *p);

/* The struct whose fields the call takes; NULL when the place is not in a call's parameters. */
const struct nvrm_layout *place_layout(const struct place *p);
/* Follow "a[0].b." of a path into the layouts; *rest_out is what stands behind the last dot. */
const struct nvrm_layout *place_walk(const struct place *p, const struct nvrm_layout *layout,
                                     const char *path, const char **rest_out);
/* The field that "path", "path=" or "path=value" names; NULL when there is none. */
const struct nvrm_field *place_field(const struct place *p, const char *path);

/* Unfinished JSON as the path of the field that would come next: {"a": [{"b": 1, "in is
 * "a[0].in"; behind a colon, "a[0].in=" and the value so far. `given` (may be NULL) gets " a b
 * " for the keys before it in the same object. False when it is no object. */
bool place_of_json(const char *json, char *path, size_t path_bytes, char *given,
                   size_t given_bytes);

#endif
