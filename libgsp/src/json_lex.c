/* SPDX-License-Identifier: MIT */
/* JSON tokens: see json_lex.h. */
#include <string.h>

#include "json_lex.h"
#include "text_priv.h"

bool
gsp_lex_fail(struct gsp_lex *l, const char *trouble)
{
    if (!l->trouble)
        l->trouble = trouble;
    return false;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Steps over what follows a backslash. */
static bool
skip_escape(struct gsp_lex *l)
{
    char c = '\0';

    if (l->p < l->end)
        c = *l->p;
    if (c != '\0' && strchr("\"\\/bfnrt", c)) {
        l->p++;
        return true;
    }
    if (c != 'u' || l->end - l->p < 5)
        return gsp_lex_fail(l, "not an escape of JSON");
    for (int i = 1; i <= 4; i++)
        if (hex_digit(l->p[i]) < 0)
            return gsp_lex_fail(l, "\\u wants four hex digits");
    l->p += 5;
    return true;
}

bool
gsp_lex_string(struct gsp_lex *l, struct gsp_lex_string *string)
{
    if (!gsp_lex_take(l, '"'))
        return gsp_lex_fail(l, "a string was expected");
    string->s = l->p;
    string->escaped = false;
    while (l->p < l->end && gsp_json_plain((unsigned char)*l->p))
        l->p++;
    while (l->p < l->end && *l->p != '"') {
        const unsigned char c = (unsigned char)*l->p;

        if (c < 0x20)
            return gsp_lex_fail(l, "a control character must be escaped");
        l->p++;
        if (c == '\\') {
            string->escaped = true;
            if (!skip_escape(l))
                return false;
        }
    }
    if (l->p == l->end)
        return gsp_lex_fail(l, "the string does not end");
    string->bytes = (size_t)(l->p - string->s);
    l->p++;
    return true;
}

bool
gsp_lex_number(struct gsp_lex *l, uint64_t *magnitude, bool *negative)
{
    const char *start, *p;
    uint64_t value = 0;

    gsp_lex_peek(l);
    p = l->p;
    *negative = p < l->end && *p == '-';
    p += *negative;
    for (start = p; p < l->end && *p >= '0' && *p <= '9'; p++) {
        const unsigned digit = (unsigned)(*p - '0');

        if (p - start >= 19 && value > (UINT64_MAX - digit) / 10)
            return gsp_lex_fail(l, "the number does not fit into 64 bits");
        value = value * 10 + digit;
    }
    if (p == start)
        return gsp_lex_fail(l, "a value was expected");
    if (*start == '0' && p - start > 1)
        return gsp_lex_fail(
            l, "a number must not start with 0 (hex goes into a string: \"0x10\")");
    if (p < l->end && (*p == '.' || *p == 'e' || *p == 'E' || *p == 'x'))
        return gsp_lex_fail(l,
                            "a whole number was expected (hex goes into a string: \"0x10\")");
    l->p = p;
    *magnitude = value;
    return true;
}

char
gsp_lex_word(struct gsp_lex *l)
{
    static const char *const words[] = {"true", "false", "null"};

    gsp_lex_peek(l);
    for (int i = 0; i < 3; i++) {
        const size_t n = strlen(words[i]);

        if ((size_t)(l->end - l->p) >= n && memcmp(l->p, words[i], n) == 0) {
            l->p += n;
            return words[i][0];
        }
    }
    return '\0';
}

static bool
skip_scalar(struct gsp_lex *l, char c)
{
    struct gsp_lex_string string;
    bool negative;
    uint64_t value;

    if (c == '"')
        return gsp_lex_string(l, &string);
    if (c == 't' || c == 'f' || c == 'n')
        return gsp_lex_word(l) || gsp_lex_fail(l, "a value was expected");
    return gsp_lex_number(l, &value, &negative);
}

/* Brackets are only counted here: whoever reads the value for good sees whether they match. */
bool
gsp_lex_skip(struct gsp_lex *l)
{
    size_t depth = 0;

    do {
        const char c = gsp_lex_peek(l);

        if (l->p == l->end)
            return gsp_lex_fail(l, "the text ends too early");
        if (c == '{' || c == '[') {
            depth++;
            l->p++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return gsp_lex_fail(l, "a value was expected");
            depth--;
            l->p++;
        } else if (depth && (c == ',' || c == ':')) {
            l->p++;
        } else if (!skip_scalar(l, c)) {
            return false;
        }
    } while (depth);
    return true;
}

bool
gsp_lex_count(const struct gsp_lex *at, size_t *count)
{
    struct gsp_lex l = *at;

    *count = 0;
    if (!gsp_lex_take(&l, '['))
        return false;
    if (gsp_lex_take(&l, ']'))
        return true;
    do {
        if (!gsp_lex_skip(&l))
            return false;
        ++*count;
    } while (gsp_lex_take(&l, ','));
    return true;
}

static unsigned
hex_four(const char *s)
{
    unsigned code = 0;

    for (int i = 0; i < 4; i++)
        code = code << 4 | ((unsigned)hex_digit(s[i]) & 15);
    return code;
}

static size_t
put_utf8(char out[4], unsigned code)
{
    if (code < 0x100) { /* from 0x80 on: the writer's spelling of bytes that are not UTF-8 */
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* s points behind the backslash of a well-formed escape; returns how many characters it takes.
 */
static size_t
unescape_one(const char *s, const char *end, char out[4], size_t *bytes)
{
    static const char letters[] = "b\bf\fn\nr\rt\t";
    const char *letter = strchr(letters, *s);
    unsigned code, low;

    *bytes = 1;
    if (*s != 'u') {
        out[0] = *s;
        if (letter)
            out[0] = letter[1];
        return 1;
    }
    code = hex_four(s + 1);
    if (code >= 0xd800 && code < 0xdc00 && end - s >= 11 && s[5] == '\\' && s[6] == 'u') {
        low = hex_four(s + 7);
        if (low >= 0xdc00 && low < 0xe000) {
            *bytes = put_utf8(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
            return 11;
        }
    }
    *bytes = put_utf8(out, code);
    return 5;
}

size_t
gsp_lex_unescape(const struct gsp_lex_string *string, char *out, size_t cap)
{
    const char *s = string->s, *end = s + string->bytes;
    size_t n = 0;

    while (s < end) {
        char one[4] = {*s};
        size_t bytes = 1;

        s += *s == '\\' ? 1 + unescape_one(s + 1, end, one, &bytes) : 1;
        for (size_t i = 0; i < bytes; i++, n++)
            if (n < cap)
                out[n] = one[i];
    }
    return n;
}

void
gsp_lex_where(const struct gsp_lex *l, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    for (const char *p = l->text; p < l->p; p++) {
        ++*column;
        if (*p == '\n') {
            ++*line;
            *column = 1;
        }
    }
}
