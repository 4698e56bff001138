/* SPDX-License-Identifier: MIT */
/**
 * Hazards of machine code: what a real SM would get wrong.
 *
 * The SM does not wait for results by itself. The code says in its control bits how long an
 * instruction holds up the next one and which scoreboards it waits for; when that is too
 * little, an old value is read. The lint follows every path through the control flow of a
 * section with the latencies of schemas/hw/sass/latency.yaml and reports each place where a
 * path reads, overwrites or leaves too early. docs/sass-lint.md describes the rules.
 *
 * Calls and branches whose target is in a register are taken to be longer than any fixed
 * latency; what is waited for by scoreboard stays pending across them. Functions reached that
 * way start with nothing pending.
 *
 * Nothing here keeps state: any thread may call.
 */
#ifndef SASS_LINT_H
#define SASS_LINT_H

#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sass_rule {
    SASS_RULE_RAW,        /* a fixed-latency result read too early */
    SASS_RULE_PREDICATE,  /* the same of a predicate */
    SASS_RULE_UNIFORM,    /* the same of the uniform datapath */
    SASS_RULE_SCOREBOARD, /* a variable-latency result read without waiting for it */
    SASS_RULE_UNTRACKED,  /* the same of a result that no scoreboard tells of */
    SASS_RULE_WAR,        /* a source overwritten before it was read */
    SASS_RULE_WAW,        /* two results that may arrive in the wrong order */
    SASS_RULE_EARLY_WAIT, /* a scoreboard waited for before it can have been set */
    SASS_RULE_STALL,      /* fewer cycles behind an instruction than it must have */
    SASS_RULE_REUSE,      /* operand cache: a flag where it keeps an old value */
    SASS_RULE_REGISTER,   /* a register past the declared count */
    SASS_RULE_CODE,       /* no instruction, or a path that leaves the section */
    SASS_RULES
};

/** "raw", "predicate"...; NULL past the end. */
const char *sass_rule_name(unsigned rule);
/** One sentence. NULL past the end. */
const char *sass_rule_doc(unsigned rule);

#define SASS_LINT_NOWHERE UINT64_MAX

struct sass_finding {
    enum sass_rule rule;
    uint64_t addr;  /* of the instruction that is too early */
    uint64_t from;  /* of the one it should have waited for; SASS_LINT_NOWHERE */
    char where[12]; /* "R4", "UP1", "SB2"; empty when no register matters */
    unsigned lacks; /* cycles more that would do; 0 when cycles do not help */
    char text[160];
};

struct sass_lint_code {
    unsigned sm;             /* 75, 80, 86, 89, 90 */
    const uint8_t *code;     /* borrowed for the call; 16 bytes per instruction */
    uint64_t bytes;          /* multiple of 16 */
    unsigned registers;      /* declared per thread; 0: not checked */
    const uint64_t *entries; /* where paths begin; borrowed */
    size_t entries_n;        /* 0: at address 0 */
};

/** Other than 0 ends the lint with that value. */
typedef int (*sass_lint_fn)(void *ctx, const struct sass_finding *finding);

/**
 * Find all hazards, in order of address, one per instruction, rule and register.
 *
 * @return 0, -ENOTSUP (an SM without latencies), -EINVAL (no whole instructions, an entry
 * outside), -ENOMEM, or what fn returned
 */
GSP_MUST_CHECK int sass_lint(const struct gsp_host *host, const struct sass_lint_code *code,
                             sass_lint_fn fn, void *ctx, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
