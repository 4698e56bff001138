/* SPDX-License-Identifier: MIT */
/*
 * Edit distance with one row of memory; letters of either case are equal, long words are cut.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "nearest.h"

enum { LONGEST = 64 };

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
    const unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static bool
equal_letters(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned
cli_distance(const char *a, const char *b)
{
    const size_t a_len = strnlen(a, LONGEST), b_len = strnlen(b, LONGEST);
    unsigned row[LONGEST + 1];

    for (unsigned j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            const bool same = equal_letters(a[i - 1], b[j - 1]);
            const unsigned above = row[j];

            row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[b_len];
}
