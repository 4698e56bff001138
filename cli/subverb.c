/* SPDX-License-Identifier: MIT */
/* Finds the second word of a command, and says what is near or legal when there is none. */
#include "subverb.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 31 };

/* "did you mean trace show?", or "legal: show, stat". */
static void
write_hint(char *hint, size_t bytes, const struct cli_subverb *rows, size_t n, const char *verb,
           const char *word)
{
    const char *names[ROWS_MAX + 1] = {0};
    const char *near;
    size_t used;

    for (size_t i = 0; i < n && i < ROWS_MAX; i++)
        names[i] = rows[i].name;
    near = word ? cli_nearest(word, names) : NULL;
    if (near) {
        snprintf(hint, bytes, "did you mean %s %s?", verb, near);
        return;
    }
    used = (size_t)snprintf(hint, bytes, "legal: ");
    for (size_t i = 0; i < n && used < bytes; i++)
        used +=
            (size_t)snprintf(hint + used, bytes - used, "%s%s", i ? ", " : "", rows[i].name);
}

const struct cli_subverb *
cli_subverb(struct cli *cli, const struct cli_subverb *rows, size_t n, int argc, char **argv,
            int *rc_out)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    char hint[160];

    for (size_t i = 0; word && i < n; i++)
        if (!strcmp(rows[i].name, word))
            return &rows[i];
    write_hint(hint, sizeof(hint), rows, n, argv[0], word);
    *rc_out = word ? cli_usage(cli, hint, "%s has no verb '%s'", argv[0], word)
                   : cli_usage(cli, hint, "%s needs a verb", argv[0]);
    return NULL;
}
