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

/** The control bits as a column: "B0-:R-:W2:Y:S05". Returns its length. */
enum { SASS_CTL = 24 };
size_t sass_print_ctl(const struct nvrm_sass_ctl *ctl, char out[SASS_CTL]);

#ifdef __cplusplus
}
#endif
#endif
