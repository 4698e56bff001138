/* SPDX-License-Identifier: MIT */
/*
 * Values of the JSON reader: numbers, names, bit sets, text and opaque bytes, each checked
 * against the width it goes into.
 */
#include <errno.h>

#include "json_read_priv.h"

/* A number before its width is known. */
struct number {
    uint64_t magnitude;
    bool negative;
    bool pattern; /* written in hex: the bits as they are, also for signed types */
};

static bool
out_of_range(struct gsp_reader *r, const struct number *n, uint8_t type, unsigned bits)
{
    const char *minus = n->negative ? "-" : "";

    if (type == NVRM_BOOL)
        return gsp_read_fail(r, -ERANGE, "%s%llu is out of range: false or true is wanted",
                             minus, (unsigned long long)n->magnitude);
    if (gsp_type_signed(type))
        return gsp_read_fail(r, -ERANGE, "%s%llu is out of range -%llu..%llu", minus,
                             (unsigned long long)n->magnitude, 1ull << (bits - 1),
                             (unsigned long long)gsp_mask(bits - 1));
    return gsp_read_fail(r, -ERANGE, "%s%llu is out of range 0..%llu", minus,
                         (unsigned long long)n->magnitude, (unsigned long long)gsp_mask(bits));
}

static bool
fit(struct gsp_reader *r, const struct number *n, uint8_t type, unsigned bits, uint64_t *value)
{
    uint64_t max = type == NVRM_BOOL ? 1 : gsp_mask(bits);

    if (gsp_type_signed(type) && !n->pattern)
        max = n->negative ? UINT64_C(1) << (bits - 1) : gsp_mask(bits - 1);
    else if (n->negative && n->magnitude)
        max = 0;
    if (n->magnitude > max)
        return out_of_range(r, n, type, bits);
    *value = (n->negative ? 0 - n->magnitude : n->magnitude) & gsp_mask(bits);
    return true;
}

bool
gsp_read_within(struct gsp_reader *r, const struct nvrm_note *note, uint64_t value)
{
    if (!note || (note->flags & NVRM_NOTE_PTR))
        return true;
    if ((note->flags & NVRM_NOTE_MAX) && value > note->max)
        return gsp_read_fail(r, -ERANGE, "%llu is out of range: at most %u",
                             (unsigned long long)value, note->max);
    if ((note->flags & NVRM_NOTE_MIN) && value < note->min)
        return gsp_read_fail(r, -ERANGE, "%llu is out of range: at least %u",
                             (unsigned long long)value, note->min);
    return true;
}

static int
digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static bool
parse_number(const char *s, size_t bytes, struct number *n)
{
    unsigned base = 10;
    size_t i = 0;

    n->magnitude = 0;
    n->negative = bytes > 0 && s[0] == '-';
    i += n->negative;
    n->pattern = bytes - i > 2 && s[i] == '0' && (s[i + 1] == 'x' || s[i + 1] == 'X');
    if (n->pattern) {
        base = 16;
        i += 2;
    }
    if (i == bytes)
        return false;
    for (; i < bytes; i++) {
        const unsigned digit = (unsigned)digit_of(s[i]);

        if (digit >= base || n->magnitude > (UINT64_MAX - digit) / base)
            return false;
        n->magnitude = n->magnitude * base + digit;
    }
    return true;
}

static bool
is_text(const char *s, size_t bytes, const char *text)
{
    return bytes == strlen(text) && memcmp(s, text, bytes) == 0;
}

/* One name or number in a string. */
static bool
read_term(struct gsp_reader *r, struct gsp_set set, uint8_t type, unsigned bits, const char *s,
          size_t bytes, uint64_t *value)
{
    struct number n;

    if (parse_number(s, bytes, &n))
        return fit(r, &n, type, bits, value);
    if (type == NVRM_BOOL && (is_text(s, bytes, "true") || is_text(s, bytes, "false"))) {
        *value = s[0] == 't';
        return true;
    }
    if (type == NVRM_PTR && is_text(s, bytes, "null")) {
        *value = 0;
        return true;
    }
    if (set.kind == NVRM_SET_NONE || !gsp_set_value(r->abi, set, s, bytes, value, &r->memo))
        return gsp_read_unknown_name(r, set, s, bytes);
    n.magnitude = *value;
    n.negative = false;
    n.pattern = true;
    return fit(r, &n, type, bits, value);
}

/* "A|B|0x10"; an empty string is 0. */
static bool
read_terms(struct gsp_reader *r, struct gsp_set set, uint8_t type, unsigned bits, const char *s,
           size_t bytes, uint64_t *value)
{
    const char *end = s + bytes;

    *value = 0;
    while (s < end) {
        const char *bar = memchr(s, '|', (size_t)(end - s)), *stop = bar ? bar : end;
        uint64_t one = 0;

        while (s < stop && *s == ' ')
            s++;
        while (stop > s && stop[-1] == ' ')
            stop--;
        if (!read_term(r, set, type, bits, s, (size_t)(stop - s), &one))
            return false;
        *value |= one;
        s = bar ? bar + 1 : end;
    }
    return true;
}

static bool
read_string_scalar(struct gsp_reader *r, struct gsp_set set, uint8_t type, unsigned bits,
                   uint64_t *value)
{
    struct gsp_lex_string string;
    char text[512];
    size_t bytes;

    if (!gsp_lex_string(&r->lex, &string))
        return false;
    if (!string.escaped && set.kind != NVRM_SET_BITS)
        return read_term(r, set, type, bits, string.s, string.bytes, value);
    bytes = gsp_lex_unescape(&string, text, sizeof(text));
    if (bytes > sizeof(text))
        return gsp_read_fail(r, -EINVAL, "a string of %zu bytes is no name", bytes);
    if (set.kind == NVRM_SET_BITS)
        return read_terms(r, set, type, bits, text, bytes, value);
    return read_term(r, set, type, bits, text, bytes, value);
}

static bool
read_plain_number(struct gsp_reader *r, uint8_t type, unsigned bits, uint64_t *value)
{
    struct number n = {.pattern = false};

    return gsp_lex_number(&r->lex, &n.magnitude, &n.negative) && fit(r, &n, type, bits, value);
}

/* A bit set as an array of names and numbers. */
static bool
read_bit_list(struct gsp_reader *r, struct gsp_set set, uint8_t type, unsigned bits,
              uint64_t *value)
{
    uint64_t one = 0;

    *value = 0;
    gsp_lex_take(&r->lex, '[');
    if (gsp_lex_take(&r->lex, ']'))
        return true;
    do {
        const bool string = gsp_lex_peek(&r->lex) == '"';

        if (!(string ? read_string_scalar(r, set, type, bits, &one)
                     : read_plain_number(r, type, bits, &one)))
            return false;
        *value |= one;
    } while (gsp_lex_take(&r->lex, ','));
    return gsp_lex_take(&r->lex, ']') || gsp_lex_fail(&r->lex, "',' or ']' was expected");
}

static bool
read_word(struct gsp_reader *r, uint8_t type, uint64_t *value)
{
    const char word = gsp_lex_word(&r->lex);

    *value = word == 't';
    if (!word)
        return gsp_lex_fail(&r->lex, "a value was expected");
    if (word == 'n' ? type == NVRM_PTR : type == NVRM_BOOL)
        return true;
    return gsp_read_fail(r, -EINVAL, "%s is wanted here",
                         type == NVRM_BOOL ? "true or false" : "a number or a name");
}

bool
gsp_read_scalar(struct gsp_reader *r, const struct nvrm_note *note, uint8_t type, unsigned bits,
                uint64_t *value)
{
    const char c = gsp_lex_peek(&r->lex);
    const struct gsp_set set = gsp_set_of(note, type);

    if (c == '"')
        return read_string_scalar(r, set, type, bits, value);
    if (c == 't' || c == 'f' || c == 'n')
        return read_word(r, type, value);
    if (c == '[' && set.kind == NVRM_SET_BITS)
        return read_bit_list(r, set, type, bits, value);
    if (c == '[' || c == '{')
        return gsp_read_fail(r, -EINVAL, "one value is wanted, not %s",
                             c == '[' ? "an array" : "an object");
    return read_plain_number(r, type, bits, value);
}

/* The loop itself, made once for each width. *text moves behind the last comma or bracket
 * taken. */
static inline __attribute__((always_inline)) uint32_t
simple_run(const char **text, const char *stop, uint64_t max, uint32_t bytes, uint8_t *at,
           uint32_t room)
{
    const char *p = *text;
    uint32_t count = 0;

    while (count < room && p < stop) {
        const char *start = p;
        uint64_t value;
        unsigned digits;

        if (__builtin_expect(*start == ' ',
                             0)) /* a branch: a conditional move would wait for the load */
            start++;
        digits = gsp_lex_simple(start, &value);
        start += digits;
        if (digits == 0 || value > max || (*start != ',' && *start != ']'))
            break;
        gsp_store(at + (size_t)count * bytes, bytes, value);
        count++;
        p = start + 1;
        if (*start == ']')
            break;
    }
    *text = p;
    return count;
}

uint32_t
gsp_read_numbers(struct gsp_reader *r, uint8_t type, uint32_t bytes, uint8_t *at, uint32_t room,
                 bool *closed_out)
{
    const bool enough = r->lex.end - r->lex.p > GSP_LEX_SIMPLE_BYTES;
    const char *stop = enough ? r->lex.end - GSP_LEX_SIMPLE_BYTES : r->lex.p;
    const uint64_t max = gsp_mask(bytes * 8 - gsp_type_signed(type));
    const char **text = &r->lex.p;
    uint32_t count = 0;

    if (type == NVRM_BOOL)
        stop = *text;
    if (bytes == 4)
        count = simple_run(text, stop, max, 4, at, room);
    else if (bytes == 2)
        count = simple_run(text, stop, max, 2, at, room);
    else if (bytes == 1)
        count = simple_run(text, stop, max, 1, at, room);
    else
        count = simple_run(text, stop, max, 8, at, room);
    *closed_out = count && r->lex.p[-1] == ']';
    return count;
}

bool
gsp_read_simple(struct gsp_reader *r, uint64_t max, uint64_t *value)
{
    const char *p = r->lex.p;
    unsigned digits;

    if (r->lex.end - p <= GSP_LEX_SIMPLE_BYTES + 1)
        return false;
    if (*p == ' ')
        p++;
    digits = gsp_lex_simple(p, value);
    p += digits;
    if (digits == 0 || *value > max || (*p != ',' && *p != '}'))
        return false;
    r->lex.p = p;
    return true;
}

bool
gsp_read_text(struct gsp_reader *r, const struct gsp_elems *e, uint8_t *at, uint32_t *count)
{
    struct gsp_lex_string string;
    size_t bytes;

    if (!gsp_lex_string(&r->lex, &string))
        return false;
    bytes = string.escaped ? gsp_lex_unescape(&string, (char *)at, e->room) : string.bytes;
    if (bytes >= e->room && bytes > 0)
        return gsp_read_fail(r, -ERANGE, "text of %zu bytes, at most %u fit", bytes,
                             e->room ? e->room - 1 : 0);
    if (!string.escaped && bytes)
        memcpy(at, string.s, bytes);
    memset(at + bytes, 0, e->room - bytes);
    if (bytes && memchr(at, 0, bytes))
        return gsp_read_fail(r, -EINVAL, "text must not hold a NUL");
    *count = (uint32_t)bytes;
    return true;
}

bool
gsp_read_blob(struct gsp_reader *r, uint8_t *at, size_t room, size_t *count)
{
    struct gsp_lex_string string;

    if (!gsp_lex_string(&r->lex, &string))
        return false;
    if (string.bytes < 2 || string.bytes % 2 || memcmp(string.s, "0x", 2) != 0)
        return gsp_read_fail(r, -EINVAL,
                             "bytes are written as \"0x\" and two hex digits a byte");
    *count = string.bytes / 2 - 1;
    if (*count > room)
        return gsp_read_fail(r, -ERANGE, "%zu bytes, at most %zu fit", *count, room);
    for (size_t i = 0; i < *count; i++) {
        const int high = digit_of(string.s[2 + 2 * i]), low = digit_of(string.s[3 + 2 * i]);

        if (high > 15 || low > 15)
            return gsp_read_fail(r, -EINVAL, "byte %zu is not two hex digits", i);
        at[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
