/* SPDX-License-Identifier: MIT */
/*
 * The keys of a script as tables. script_form() checks documents by them, script_schema() turns
 * them into the JSON Schema that editors read.
 */
#ifndef NVRM_CLI_SCRIPT_KEYS_H
#define NVRM_CLI_SCRIPT_KEYS_H

#include <stdbool.h>

/* What a key may hold, as a mask. */
enum script_type {
    SCRIPT_TEXT = 1,
    SCRIPT_NUMBER = 2,
    SCRIPT_OBJECT = 4,
    SCRIPT_LIST = 8,
    SCRIPT_BOOL = 16,
    SCRIPT_NULL = 32,
    SCRIPT_ANY = 63,
    SCRIPT_STEPS = 64, /* a list of steps */
    SCRIPT_TEXTS = 128 /* a list of texts */
};

struct script_key {
    const char *name;
    unsigned types;
    bool needed;
    const char *doc;
    const struct script_key *keys;  /* of an object; NULL: any */
    const struct script_key *value; /* of every value of an object; NULL: any */
    const char *const *words;       /* the texts that are legal; NULL: any */
    double min, max;                /* of a number, when max is above 0 */
};

struct script_kind_row {
    const char *name;     /* the key that makes a step one of this kind */
    const char *needs[3]; /* keys that must stand beside it */
    const char *may[2];   /* and those that may */
};

/* Rows end with name NULL. */
extern const struct script_key script_keys[];
extern const struct script_key script_step_keys[];
/* What the value of an expectation may be: plain values, or an object of these rules. */
extern const struct script_key script_rule_keys[];
/* A variable that is declared with more than its value. */
extern const struct script_key script_var_keys[];
/* In the order of enum script_kind. */
extern const struct script_kind_row script_kinds[];

#endif
