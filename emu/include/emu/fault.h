/* SPDX-License-Identifier: MIT */
/**
 * The fault table: what can be made to go wrong on the emulated card, and what a client must
 * make of it.
 *
 * One row per fault. emu_config.inject takes its name, and ":ARGUMENT" where it has one; tests,
 * `list --faults` and docs/faults.md read the same rows.
 */
#ifndef EMU_FAULT_TABLE_H
#define EMU_FAULT_TABLE_H

#include <stdbool.h>

#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One fault. A name may stand twice, where what must be reported differs by release. */
struct emu_fault_row {
    const char *name;     /* "booter-error" */
    const char *group;    /* boot, vbios, queue, rm, execution, suspend */
    const char *argument; /* what may stand behind a colon: "CODE"; "" when nothing may */
    const char
        *examples;       /* arguments that tests try; the first one is meant when none stands */
    const char *trigger; /* when it happens */
    const char *effect;  /* what the card does */
    const char *run;     /* nvrm-cli verbs that meet it, "; " between them */
    int exit_code;       /* of the last verb that ran */
    const char *says;    /* what the output must hold; "%s" stands for the argument */
    const char *chips;   /* "all", "Turing to Ada", ... */
    const char *since;   /* releases from which on it exists, with spaces between; "": all */
    const char *until;   /* and from which on it does not */
};

/** The i-th row; no pointer in it is NULL. False past the end. */
bool emu_fault_row_at(unsigned i, struct emu_fault_row *row_out);

/** Does the fault exist on such a card, with GSP-RM of such a release? */
bool emu_fault_applies(const struct emu_fault_row *row, const char *chip, struct nvrm_abi abi);

/** When a fault happens, for TRIGGER=EFFECT: one line each; NULL past the end. */
const char *emu_fault_trigger_at(unsigned i);

#ifdef __cplusplus
}
#endif
#endif
