/* SPDX-License-Identifier: MIT */
/* Legal instructions made from the tables. */
#ifndef TESTS_SASS_RANDOM_H
#define TESTS_SASS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <nvrm/sass.h>

#include <nvrm/sass_table.h>

static inline uint64_t
sass_rnd(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

static inline void
sass_set_bits(uint64_t code[2], unsigned lo, unsigned len, uint64_t v)
{
    for (unsigned i = lo; i < lo + len; i++, v >>= 1) {
        code[i >> 6] &= ~(UINT64_C(1) << (i & 63));
        code[i >> 6] |= (v & 1) << (i & 63);
    }
}

/* A field's value: often 0 or all ones, as compilers write, otherwise anything. */
static inline void
sass_random_field(uint64_t *seed, const struct sass_field *f, uint64_t code[2])
{
    const uint64_t style = sass_rnd(seed) >> 60;
    uint64_t v = sass_rnd(seed) >> 11;

    if (style == 0)
        v = 0;
    else if (style == 1 || (style < 4 && f->attr == SASS_INDEX))
        v = ~UINT64_C(0);
    else if (style < 9 && f->attr == SASS_VALUE)
        v &= 63;
    for (unsigned i = 0; i < SASS_SEGMENTS && f->len[i]; i++) {
        sass_set_bits(code, f->lo[i], f->len[i], v);
        v = f->len[i] < 64 ? v >> f->len[i] : 0;
    }
}

/** A random instruction of a form; false when none was found in 2,000 attempts. */
static inline bool
sass_random_insn(uint64_t *seed, unsigned sm, unsigned number, uint64_t addr, uint64_t code[2])
{
    const struct sass_form *form = &sass_forms[number];
    struct nvrm_sass_insn insn;
    struct nvrm_sass_ctl ctl = {.stall = (uint8_t)(1 + sass_rnd(seed) % 8),
                                .yield = 1,
                                .wrbar = 7,
                                .rdbar = 7,
                                .wait = (uint8_t)(sass_rnd(seed) % 64)};

    for (int attempt = 0; attempt < 2000; attempt++) {
        code[0] = form->match[0];
        code[1] = form->match[1];
        sass_set_bits(code, 12, 4, sass_rnd(seed) % 4 ? 7 : sass_rnd(seed) >> 60);
        nvrm_sass_ctl_set(code, &ctl);
        for (unsigned i = 0; i < form->n_fields; i++)
            sass_random_field(seed, &sass_fields[form->first_field + i], code);
        if (nvrm_sass_decode(sm, code, addr, &insn) && insn.form == number)
            return true;
    }
    return false;
}

#endif
