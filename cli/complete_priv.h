/* SPDX-License-Identifier: MIT */
/*
 * What the files of completion share.
 */
#ifndef NVRM_CLI_COMPLETE_PRIV_H
#define NVRM_CLI_COMPLETE_PRIV_H

#include "complete.h"
#include "place.h"

/* A word that is being completed. */
struct wish {
    struct place at;
    const char *text;
    bool anywhere; /* match inside the word, not only at its start */
    struct completions *out;
};

/* Whether the word starts with what is typed, or holds it, by the wish. */
bool wish_fits(const struct wish *p, const char *word, const char *typed);
/* Add a word; add it when it fits the whole typed text. */
void wish_take(struct wish *p, const char *word);
void wish_offer(struct wish *p, const char *word);
/* Fields of the call's parameters, and values behind '='. */
void complete_fields(struct wish *p);
/* Kernels of the cubin that stands before. */
void complete_kernels(struct wish *p);
/* Values of the verb's own option that stands before; false when none does. */
bool complete_own_value(struct wish *p);

#endif
