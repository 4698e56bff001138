/* SPDX-License-Identifier: MIT */
/* Reading pieces of a line of machine code text. */
#ifndef SASS_READ_H
#define SASS_READ_H

#include "sass/text.h"

#include <nvrm/sass_table.h>

struct reader {
    const struct sass_parse *how;
    const char *p;
};

void sass_skip(struct reader *r); /* blanks */
/** Takes `word` when it stands here and no letter, digit or underscore follows. */
bool sass_word(struct reader *r, const char *word);
bool sass_char(struct reader *r, char c); /* blanks before it are skipped */
bool sass_number(struct reader *r, int64_t *out);
bool sass_gpr(struct reader *r, uint16_t *index_out);
bool sass_ugpr(struct reader *r, uint16_t *index_out);
bool sass_pred(struct reader *r, const char *prefix, uint16_t *index_out);

/** One operand as the row has it. The reader stands behind it afterwards; false: it is
 * something else. */
bool sass_read_operand(struct reader *r, const struct sass_operand_row *row,
                       struct nvrm_sass_operand *out, uint8_t *reuse);

/** Value of a set whose text is exactly `text`; false when there is none. */
bool sass_set_value(unsigned set, const char *text, size_t n, uint16_t *number_out);

#endif
