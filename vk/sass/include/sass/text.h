/* SPDX-License-Identifier: MIT */
/* Machine code as text and back, in nvdisasm's syntax. */
#ifndef SASS_TEXT_H
#define SASS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/sass.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SASS_LINE = 256 }; /* longest text of one instruction, with its ending zero */

/** Gives the label of an address, or NULL to print the address. */
typedef const char *(*sass_label_fn)(void *ctx, uint64_t addr);

struct sass_print {
    unsigned sm;
    sass_label_fn label; /* optional */
    void *ctx;
    bool exact; /* as nvdisasm: before sm_90 it hides the register of a memory descriptor */
};

/**
 * One instruction as text, without ";": "@!P0 IADD3 R4, R4, 0x1, RZ".
 *
 * @param out  SASS_LINE bytes
 */
void sass_print(const struct sass_print *how, const struct nvrm_sass_insn *insn,
                char out[SASS_LINE]);

/** The control bits as a column: "B0-----:R-:W2:Y:S05": scoreboards waited for, scoreboard of
 * the sources, scoreboard of the result, Y = other warps may go first, stall cycles. Returns
 * its length. */
enum { SASS_CTL = 24 };
size_t sass_print_ctl(const struct nvrm_sass_ctl *ctl, char out[SASS_CTL]);

/** What was wrong with a text, and where. */
struct sass_error {
    unsigned line; /* from 1; 0: none */
    char text[200];
    char hint[200]; /* how to put it right; may be empty */
};

/** Finds a label: true and its address, or false. */
typedef bool (*sass_address_fn)(void *ctx, const char *name, uint64_t *addr_out);

struct sass_parse {
    unsigned sm;
    uint64_t addr; /* of this instruction */
    sass_address_fn label;
    void *ctx;
};

/**
 * The inverse of sass_print: one instruction, with or without control column and ";".
 *
 * Without a column the instruction stalls 15 cycles and uses no scoreboard.
 *
 * @return 0, or -EINVAL with err filled in but for the line
 */
int sass_parse(const struct sass_parse *how, const char *text, struct nvrm_sass_insn *out,
               struct sass_error *err);

/**
 * A program: one instruction a line, "name:" before a line, comments as in C and after "#".
 *
 * @param code_out   two words an instruction; free() it
 * @param count_out  instructions
 * @return 0, -EINVAL with err filled in, or -ENOMEM
 */
int sass_assemble(unsigned sm, const char *text, size_t bytes, uint64_t **code_out,
                  size_t *count_out, struct sass_error *err);

/** Gets one line of a listing, without newline. Another answer than 0 stops. */
typedef int (*sass_line_fn)(void *ctx, const char *line);

struct sass_list {
    unsigned sm;
    bool exact;   /* nvdisasm's text and nothing else: what it hides does not come back */
    bool ctl;     /* control column */
    bool address; /* comment with the address before each instruction */
    bool words;   /* comment with the two words behind it */
    bool labels;  /* names for branch targets instead of addresses */
};

/**
 * Code as text, line by line. What the tables do not describe becomes ".insn 0xLOW 0xHIGH",
 * which sass_assemble takes back.
 *
 * @return 0, what the callback returned, or -ENOMEM
 */
int sass_disassemble(const struct sass_list *how, const uint64_t *code, size_t count,
                     sass_line_fn line, void *ctx);

/** A form in one line: "IADD3[.X] R, [P], [P], [-]R, [-]0x0, [-]R"; brackets: may be left out.
 */
void sass_describe_form(unsigned form, char *out, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
