/* SPDX-License-Identifier: MIT */
/* Edit distance over the names of operations. */
#include "nearest.h"

#include <stdio.h>
#include <string.h>

#include <nvrm/sass.h>

enum { LONGEST = 24 };

static unsigned
distance(const char *a, size_t n, const char *b)
{
    unsigned row[LONGEST + 1];
    const size_t m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned left = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            const unsigned change = left + (a[i - 1] != b[j - 1]);
            const unsigned insert = row[j - 1] + 1, drop = row[j] + 1;

            left = row[j];
            row[j] = change < insert ? change : insert;
            row[j] = row[j] < drop ? row[j] : drop;
        }
    }
    return row[m];
}

void
sass_nearest_op(const char *name, size_t n, char *hint, size_t hint_bytes)
{
    unsigned best = 3;
    const char *found = NULL;

    for (unsigned i = 0; nvrm_sass_op_name(i); i++) {
        const unsigned d = distance(name, n, nvrm_sass_op_name(i));

        if (d < best) {
            best = d;
            found = nvrm_sass_op_name(i);
        }
    }
    if (found)
        snprintf(hint, hint_bytes, "did you mean %s?", found);
}
