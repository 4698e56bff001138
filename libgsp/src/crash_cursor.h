/* SPDX-License-Identifier: MIT */
/*
 * A cursor over one line of text: every step either takes what it wants or leaves the cursor
 * where it was.
 */
#ifndef GSP_CRASH_CURSOR_H
#define GSP_CRASH_CURSOR_H

#include <ctype.h>
#include <string.h>

#include <gsp/crash.h>

struct cursor {
    const char *p, *end;
};

static inline size_t
left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

static inline struct gsp_crash_span
rest(const struct cursor *c)
{
    return (struct gsp_crash_span){c->p, left(c)};
}

static inline void
skip_blanks(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
        c->p++;
}

static inline bool
take(struct cursor *c, const char *text)
{
    const size_t n = strlen(text);

    if (left(c) < n || memcmp(c->p, text, n) != 0)
        return false;
    c->p += n;
    return true;
}

/* To just behind the next `text`. */
static inline bool
take_past(struct cursor *c, const char *text)
{
    const char *at = memmem(c->p, left(c), text, strlen(text));

    if (!at)
        return false;
    c->p = at + strlen(text);
    return true;
}

/* What comes before the next `text`, which is passed. */
static inline bool
take_until(struct cursor *c, const char *text, struct gsp_crash_span *out)
{
    struct cursor next = *c;

    if (!take_past(&next, text))
        return false;
    *out = (struct gsp_crash_span){c->p, (size_t)(next.p - c->p) - strlen(text)};
    *c = next;
    return true;
}

static inline int
digit_of(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : 16;
}

/* A decimal number, or a hexadecimal one with 0x; false on none or on overflow. */
static inline bool
take_number(struct cursor *c, uint64_t *out)
{
    struct cursor n = *c;
    const unsigned base = take(&n, "0x") ? 16 : 10;
    const char *first = n.p;
    uint64_t value = 0;

    for (; n.p < n.end && (unsigned)digit_of(*n.p) < base; n.p++) {
        if (value > (UINT64_MAX - 15) / base)
            return false;
        value = value * base + (unsigned)digit_of(*n.p);
    }
    if (n.p == first)
        return false;
    *out = value;
    *c = n;
    return true;
}

static inline bool
take_u32(struct cursor *c, uint32_t *out)
{
    struct cursor n = *c;
    uint64_t value;

    if (!take_number(&n, &value) || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    *c = n;
    return true;
}

/* A number with 0x before it. */
static inline bool
take_hex(struct cursor *c, uint64_t *out)
{
    return left(c) > 2 && c->p[0] == '0' && c->p[1] == 'x' && take_number(c, out);
}

static inline bool
is_name(char ch)
{
    return isalnum((unsigned char)ch) || ch == '_';
}

static inline bool
take_name(struct cursor *c, struct gsp_crash_span *out)
{
    const char *first = c->p;

    while (c->p < c->end && is_name(*c->p))
        c->p++;
    *out = (struct gsp_crash_span){first, (size_t)(c->p - first)};
    return out->bytes > 0;
}

#endif
