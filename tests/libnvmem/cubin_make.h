/* SPDX-License-Identifier: MIT */
/* A writer of small cubins in both forms, for tests: one kernel "k", a variable in
 * .nv.global.init, an address table in bank 4. Its fields say what the file claims, sense or
 * not. */
#ifndef CUBIN_MAKE_H
#define CUBIN_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cubin_make_section {
    MAKE_NULL,
    MAKE_NAMES,
    MAKE_STRINGS,
    MAKE_SYMBOLS,
    MAKE_INFO,
    MAKE_INFO_K,
    MAKE_BANK0,
    MAKE_BANK4,
    MAKE_RELOCS,
    MAKE_CODE,
    MAKE_SHARED,
    MAKE_GLOBAL,
    MAKE_GLOBAL_INIT,
    MAKE_SECTIONS,
};

enum { MAKE_FILE_MAX = 8192, MAKE_INFO_MAX = 512 };

struct cubin_make {
    bool cuda13;
    unsigned sm, type, machine; /* 0: 2 (linked), 190 */
    unsigned registers, barriers;
    const uint8_t *code; /* NULL: NOPs and an EXIT in name alone */
    unsigned code_bytes;
    unsigned params[8], param_count; /* sizes; each at its natural place */
    unsigned shared_bytes;
    unsigned reloc_type;          /* 0: 2 */
    bool undefined;               /* the variable is defined elsewhere */
    uint8_t extra[MAKE_INFO_MAX]; /* more records for .nv.info.k */
    unsigned extra_bytes;
};

struct cubin_made {
    uint8_t bytes[MAKE_FILE_MAX];
    size_t size;
    size_t row[MAKE_SECTIONS];     /* where each section header stands */
    size_t content[MAKE_SECTIONS]; /* and the section's first byte */
};

void cubin_make(const struct cubin_make *want, struct cubin_made *out);
/* The number at `off`, `bytes` long, becomes `value`. */
void cubin_poke(struct cubin_made *file, size_t off, unsigned bytes, uint64_t value);

#endif
