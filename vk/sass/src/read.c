/* SPDX-License-Identifier: MIT */
/* Operands from text: the inverse of print.c. */
#include "read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

void
sass_skip(struct reader *r)
{
    r->p += strspn(r->p, " \t");
}

static bool
word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool
sass_word(struct reader *r, const char *word)
{
    const size_t n = strlen(word);

    if (strncmp(r->p, word, n) || word_char(r->p[n]))
        return false;
    r->p += n;
    return true;
}

bool
sass_char(struct reader *r, char c)
{
    sass_skip(r);
    if (*r->p != c)
        return false;
    r->p++;
    return true;
}

bool
sass_number(struct reader *r, int64_t *out)
{
    const bool neg = *r->p == '-';
    const char *p = r->p + neg;
    uint64_t v;
    char *end;

    if (!isdigit((unsigned char)*p))
        return false;
    v = strtoull(p, &end, 0);
    if (word_char(*end) || *end == '.')
        return false;
    *out = neg ? (int64_t)(0 - v) : (int64_t)v;
    r->p = end;
    return true;
}

/* PREFIX and a number up to `last`, or PREFIX and `zero` for the one behind it. */
static bool
indexed(struct reader *r, const char *prefix, const char *zero, unsigned last,
        uint16_t *index_out)
{
    const size_t n = strlen(prefix);
    const char *p = r->p;
    unsigned long v;
    char *end;

    if (strncmp(p, prefix, n))
        return false;
    p += n;
    if (!strncmp(p, zero, strlen(zero)) && !word_char(p[strlen(zero)])) {
        *index_out = (uint16_t)(last + 1);
        r->p = p + strlen(zero);
        return true;
    }
    if (!isdigit((unsigned char)*p))
        return false;
    v = strtoul(p, &end, 10);
    if (v > last || word_char(*end))
        return false;
    *index_out = (uint16_t)v;
    r->p = end;
    return true;
}

bool
sass_gpr(struct reader *r, uint16_t *index_out)
{
    return indexed(r, "R", "Z", 254, index_out);
}

bool
sass_ugpr(struct reader *r, uint16_t *index_out)
{
    return indexed(r, "UR", "Z", 254, index_out);
}

bool
sass_pred(struct reader *r, const char *prefix, uint16_t *index_out)
{
    if (*prefix && *r->p != *prefix)
        return false;
    r->p += *prefix != 0;
    return indexed(r, "P", "T", 6, index_out);
}

bool
sass_set_value(unsigned set, const char *text, size_t n, uint16_t *number_out)
{
    for (unsigned i = 0; i < sass_sets[set].count; i++) {
        const struct sass_value *v = &sass_values[sass_sets[set].first + i];
        const char *name = sass_text + v->text;

        if ((v->flags & SASS_VALID) && strlen(name) == n && !memcmp(name, text, n)) {
            *number_out = v->number;
            return true;
        }
    }
    return false;
}

/* ".H0_H0", or nothing where nothing is a legal suffix. */
static bool
read_part(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    if (row->set == 0xffff)
        return true;
    if (*r->p == '.') {
        const char *p = r->p + 1;
        size_t n = 0;

        while (word_char(p[n]))
            n++;
        if (n && sass_set_value(row->set, p, n, &out->part)) {
            r->p = p + n;
            return true;
        }
    }
    return sass_set_value(row->set, "", 0, &out->part);
}

static bool
read_behind(struct reader *r, const struct sass_operand_row *row)
{
    const char *behind = row->word == 0xffff ? "" : sass_text + row->word;
    const size_t n = strlen(behind);

    if (strncmp(r->p, behind, n) || (n && word_char(r->p[n])))
        return false;
    r->p += n;
    return true;
}

/* Signed fields take their bits written without a sign too. */
static int64_t
wrap(int64_t v, unsigned bits)
{
    if (bits && bits < 63 && v >= INT64_C(1) << (bits - 1) && v < INT64_C(1) << bits)
        return v - (INT64_C(1) << bits);
    return v;
}

static bool
read_offset(struct reader *r, int64_t *out)
{
    *out = 0;
    return !sass_char(r, '+') || sass_number(r, out);
}

/* Addresses */

static bool
read_base(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    uint16_t ur;

    if (row->uniform && !row->desc && sass_ugpr(r, &ur)) {
        out->ur = (uint8_t)ur;
        return read_offset(r, &out->value);
    }
    if (!sass_gpr(r, &out->index)) /* an offset alone */
        return !(row->uniform && !row->desc) && !row->desc && sass_number(r, &out->value);
    if (!read_behind(r, row) || !read_part(r, row, out))
        return false;
    if (row->uniform && !row->desc) {
        if (!sass_char(r, '+') || !sass_ugpr(r, &ur))
            return false;
        out->ur = (uint8_t)ur;
    }
    return read_offset(r, &out->value);
}

static bool
read_addr(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    uint16_t ur = NVRM_SASS_URZ;

    out->index = NVRM_SASS_RZ;
    out->ur = NVRM_SASS_URZ;
    if (row->set != 0xffff && !sass_set_value(row->set, "", 0, &out->part))
        return false;
    if (row->desc) {
        if (!sass_word(r, "desc") || !sass_char(r, '[') || !sass_ugpr(r, &ur) ||
            !sass_char(r, ']'))
            return false;
        out->ur = (uint8_t)ur;
    }
    if (!sass_char(r, '['))
        return false;
    sass_skip(r);
    if (!read_base(r, row, out))
        return false;
    out->value = wrap(out->value, row->bits);
    return sass_char(r, ']');
}

/* c[0x0][0x160], c[0x0][R4+0x10], cx[UR4][0x10] */
static bool
read_const(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    const bool handle = row->kind == NVRM_SASS_CONSTX;
    int64_t bank = 0;
    uint16_t ur = NVRM_SASS_URZ;

    out->ur = NVRM_SASS_URZ;
    if (!sass_word(r, handle ? "cx" : "c") || !sass_char(r, '['))
        return false;
    if (handle ? !sass_ugpr(r, &ur) : !sass_number(r, &bank) || bank < 0 || bank > 31)
        return false;
    if (!sass_char(r, ']') || !sass_char(r, '['))
        return false;
    out->bank = (uint8_t)bank;
    out->ur = (uint8_t)ur;
    sass_skip(r);
    if (row->kind == NVRM_SASS_CONSTR)
        out->index = NVRM_SASS_RZ;
    if (row->kind == NVRM_SASS_CONSTR && sass_gpr(r, &out->index))
        return read_offset(r, &out->value) && sass_char(r, ']');
    if (row->kind == NVRM_SASS_CONSTU && sass_ugpr(r, &ur)) {
        out->ur = (uint8_t)ur;
        return read_offset(r, &out->value) && sass_char(r, ']');
    }
    if (row->kind == NVRM_SASS_CONSTU && !row->norz)
        return false;
    return sass_number(r, &out->value) && sass_char(r, ']');
}

/* a[0x80], a[R2+0x80], a[UR2] */
static bool
read_attr(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    uint16_t ur;

    out->index = NVRM_SASS_RZ;
    out->ur = NVRM_SASS_URZ;
    if (!sass_word(r, "a") || !sass_char(r, '['))
        return false;
    if (row->uniform && sass_ugpr(r, &ur)) {
        out->ur = (uint8_t)ur;
        return read_offset(r, &out->value) && sass_char(r, ']');
    }
    if (!row->uniform && sass_gpr(r, &out->index))
        return read_offset(r, &out->value) && sass_char(r, ']');
    return sass_number(r, &out->value) && sass_char(r, ']');
}

static bool
read_label(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    char name[96];
    uint64_t addr;
    size_t n;
    bool quoted;

    if (row->regs) {
        if (!sass_gpr(r, &out->index))
            return false;
        sass_skip(r);
        if (row->uniform && (*r->p == 0 || *r->p == ';'))
            return true; /* offset 0 is not printed */
    }
    if (sass_number(r, &out->value))
        return true;
    quoted = !strncmp(r->p, "`(", 2);
    r->p += quoted ? 2 : 0;
    for (n = 0; word_char(r->p[n]) || r->p[n] == '.' || r->p[n] == '$'; n++)
        ;
    if (!n || n >= sizeof(name) || !r->how->label)
        return false;
    memcpy(name, r->p, n);
    name[n] = 0;
    if (!r->how->label(r->how->ctx, name, &addr))
        return false;
    out->value = (int64_t)addr;
    r->p += n;
    return !quoted || sass_char(r, ')');
}

static bool
read_mask(struct reader *r, struct nvrm_sass_operand *out)
{
    int64_t bit;

    if (!sass_char(r, '{'))
        return false;
    do {
        sass_skip(r);
        if (!sass_number(r, &bit) || bit < 0 || bit > 62)
            return false;
        out->value |= INT64_C(1) << bit;
    } while (sass_char(r, ','));
    return sass_char(r, '}');
}

static bool
read_immediate(struct reader *r, const struct sass_operand_row *row,
               struct nvrm_sass_operand *out)
{
    uint32_t bits;

    if (row->number >= SASS_F32 && row->number != SASS_DEC) {
        if (!sass_float_read(row->number, &r->p, &bits))
            return false;
        out->value = bits;
        return true;
    }
    if (!sass_number(r, &out->value))
        return false;
    if (row->bits == 32 && out->value < 0 && out->value >= INT32_MIN)
        out->value = (uint32_t)out->value;
    return true;
}

static bool
read_enum(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    size_t n = 0;

    while (word_char(r->p[n]) || r->p[n] == '.')
        n++;
    if (!n || !sass_set_value(row->set, r->p, n, &out->part))
        return false;
    r->p += n;
    return true;
}

static bool
read_sreg(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    const struct sass_set *s = &sass_sets[row->set];
    size_t n = 0;

    while (word_char(r->p[n]) || r->p[n] == '.')
        n++;
    for (unsigned i = 0; i < s->count; i++) {
        const struct sass_value *v = &sass_values[s->first + i];

        if ((v->flags & SASS_VALID) && strlen(sass_text + v->text) == n &&
            !memcmp(sass_text + v->text, r->p, n)) {
            out->index = (uint16_t)i;
            r->p += n;
            return true;
        }
    }
    return indexed(r, "SR", "?", 255, &out->index);
}

static bool
read_value(struct reader *r, const struct sass_operand_row *row, struct nvrm_sass_operand *out)
{
    switch (row->kind) {
    case NVRM_SASS_GPR:
        return sass_gpr(r, &out->index);
    case NVRM_SASS_UGPR:
        return sass_ugpr(r, &out->index);
    case NVRM_SASS_PRED:
        return sass_pred(r, "", &out->index);
    case NVRM_SASS_UPRED:
        return sass_pred(r, "U", &out->index);
    case NVRM_SASS_IMM:
        return read_immediate(r, row, out);
    case NVRM_SASS_CONST:
    case NVRM_SASS_CONSTR:
    case NVRM_SASS_CONSTU:
    case NVRM_SASS_CONSTX:
        return read_const(r, row, out);
    case NVRM_SASS_ADDR:
        return read_addr(r, row, out);
    case NVRM_SASS_ATTR:
        return read_attr(r, row, out);
    case NVRM_SASS_LABEL:
        return read_label(r, row, out);
    case NVRM_SASS_BREG:
        return indexed(r, "B", "?", 15, &out->index);
    case NVRM_SASS_SB:
        return indexed(r, "SB", "?", 5, &out->index);
    case NVRM_SASS_SREG:
        return read_sreg(r, row, out);
    case NVRM_SASS_ENUM:
        return read_enum(r, row, out);
    case NVRM_SASS_MASK:
        return read_mask(r, out);
    default:
        return sass_word(r, sass_text + row->word);
    }
}

static bool
read_reuse(struct reader *r, const struct sass_operand_row *row, uint8_t *reuse)
{
    if (strncmp(r->p, ".reuse", 6) || word_char(r->p[6]))
        return true;
    if (row->reuse == SASS_NONE)
        return false;
    *reuse |= (uint8_t)(1u << row->reuse);
    r->p += 6;
    return true;
}

bool
sass_read_operand(struct reader *r, const struct sass_operand_row *row,
                  struct nvrm_sass_operand *out, uint8_t *reuse)
{
    const bool pred = row->kind == NVRM_SASS_PRED || row->kind == NVRM_SASS_UPRED;
    const bool sign = row->kind <= NVRM_SASS_UGPR ||
                      (row->kind >= NVRM_SASS_CONST && row->kind <= NVRM_SASS_CONSTX);
    bool suffixed = row->kind == NVRM_SASS_ADDR || row->kind == NVRM_SASS_ENUM ||
                    row->kind == NVRM_SASS_SREG || row->kind == NVRM_SASS_WORD;

    *out = (struct nvrm_sass_operand){.kind = row->kind};
    sass_skip(r);
    out->neg = sign && sass_char(r, '-');
    out->inv = sass_char(r, pred ? '!' : '~');
    out->abs = sass_char(r, '|');
    if (!read_value(r, row, out))
        return false;
    if (!suffixed && *r->p == '.' && strncmp(r->p, ".reuse", 6)) {
        if (!read_part(r, row, out) || !read_behind(r, row))
            return false;
        suffixed = true;
    }
    if (out->abs && !sass_char(r, '|'))
        return false;
    if (!read_reuse(r, row, reuse))
        return false;
    return suffixed || (read_part(r, row, out) && read_behind(r, row));
}
