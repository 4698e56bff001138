/* SPDX-License-Identifier: MIT */
/* Numbers and their names: enums, bit sets, classes, controls, statuses, RPCs. */
#ifndef GSP_NAMES_PRIV_H
#define GSP_NAMES_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/json.h>
#include <nvrm/schema.h>

/** Which names a scalar's values have. */
struct gsp_set {
    uint8_t kind; /* enum nvrm_set_kind */
    uint16_t row; /* NVRM_SET_ENUM, NVRM_SET_BITS */
};

/** Where the last look-up in a set ended: neighbours in a list of values are neighbours in the
 * set. */
struct gsp_set_memo {
    uint16_t row;
    unsigned next;
};

struct gsp_set gsp_set_of(const struct nvrm_note *note, uint8_t type);
/** The name of a value, or NULL; not for NVRM_SET_BITS. memo may be NULL. */
const char *gsp_set_name(struct nvrm_abi abi, struct gsp_set set, uint64_t value,
                         struct gsp_set_memo *memo);
/** The value of a name (the set's prefix may be left out); for NVRM_SET_BITS one of its terms,
 * "RANGE=3" included. */
bool gsp_set_value(struct nvrm_abi abi, struct gsp_set set, const char *name, size_t bytes,
                   uint64_t *value_out, struct gsp_set_memo *memo);
/** The name of the set nearest to what was given, for hints; NULL when there is none. */
const char *gsp_set_nearest(struct nvrm_abi abi, struct gsp_set set, const char *name,
                            size_t bytes);

/** The terms of a bit set, one after the other. */
struct gsp_bits {
    struct nvrm_abi abi;
    uint16_t row;
    unsigned next;
    uint64_t rest; /* bits no term has named yet */
};
/** One term: its name, and a number behind it ("RANGE=3") unless `number` is false. */
struct gsp_bits_term {
    const char *name;
    bool number;
    uint64_t value;
};
void gsp_bits_init(struct gsp_bits *b, struct nvrm_abi abi, uint16_t row, uint64_t value);
/** False at the end; b->rest then holds what has no name. */
bool gsp_bits_next(struct gsp_bits *b, struct gsp_bits_term *term_out);

/** Add "0x..." */
void gsp_text_hex(struct gsp_text *t, uint64_t value);

#endif
