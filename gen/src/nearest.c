/* SPDX-License-Identifier: MIT */
/*
 * Name distance for suggestions: containment first, then a banded edit distance that gives up
 * as soon as no better answer than the caller's best is possible. Works in a fixed buffer, so
 * that it can be called from anywhere.
 */
#include "nearest.h"

#include <string.h>

#define NAME_MAX_BYTES 160

static char
lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static int
contains(const char *hay, size_t hay_len, const char *needle, size_t needle_len)
{
    for (size_t i = 0; i + needle_len <= hay_len; i++) {
        size_t k = 0;

        while (k < needle_len && lower(hay[i + k]) == lower(needle[k]))
            k++;
        if (k == needle_len)
            return 1;
    }
    return 0;
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

static unsigned
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit)
{
    unsigned char row[NAME_MAX_BYTES + 1];

    for (size_t j = 0; j <= b_len; j++)
        row[j] = (unsigned char)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];
        unsigned best = (unsigned)i;

        row[0] = (unsigned char)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned cost = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));

            diagonal = row[j];
            row[j] = (unsigned char)min3(cost, row[j] + 1u, row[j - 1] + 1u);
            if (row[j] < best)
                best = row[j];
        }
        if (best >= limit)
            return NVRM_FAR;
    }
    return row[b_len];
}

unsigned
nvrm_name_distance(const char *typed, const char *candidate, unsigned limit)
{
    const size_t a = strlen(typed), b = strlen(candidate);
    const size_t gap = a > b ? a - b : b - a;
    unsigned bound = (unsigned)(a / 3 + 2), d = NVRM_FAR;

    if (!a || !b || a > NAME_MAX_BYTES || b > NAME_MAX_BYTES)
        return NVRM_FAR;
    /* Part of a longer name: the less is missing, the better; always before a typing mistake of
     * four letters. */
    if (a >= 4 && b >= a && contains(candidate, b, typed, a))
        d = gap ? (unsigned)(1 + gap / 16) : 0;
    if (bound > limit)
        bound = limit;
    if (d == NVRM_FAR && gap < bound)
        d = edit_distance(typed, a, candidate, b, bound);
    return d < limit ? d : NVRM_FAR;
}
