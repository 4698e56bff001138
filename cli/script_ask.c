/* SPDX-License-Identifier: MIT */
/*
 * run --step: show each step and ask. Questions go to stderr and answers come from stdin, a
 * terminal or not.
 */
#include <stdlib.h>

#include "script_priv.h"

static void
show(const struct runner *r, const char *what, const json_t *value)
{
    json_t *masked = script_masked(&r->env, value);
    char *text = json_dumps(masked, JSON_COMPACT | JSON_ENCODE_ANY);

    fprintf(r->cli->err, "%s%s\n", what, text ? text : "?");
    free(text);
    json_decref(masked);
}

/* The step as it stands in the script, without what it holds. */
static void
show_step(const struct runner *r, const json_t *doc, const char *number)
{
    json_t *copy = json_copy((json_t *)doc);
    char label[160], place[160];

    json_object_del(copy, SCRIPT_INCLUDED);
    json_object_del(copy, SCRIPT_FILE);
    json_object_del(copy, "steps");
    fprintf(r->cli->err, "%s: %s\n", script_where(r->script, number, place, sizeof(place)),
            script_step_label(doc, number, label, sizeof(label)));
    show(r, "  ", copy);
    json_decref(copy);
}

enum script_answer
script_ask(struct runner *r, const json_t *doc, const char *number)
{
    char line[80];

    show_step(r, doc, number);
    for (;;) {
        fputs("[y]es, [s]kip, [c]ontinue without asking, [v]ariables, [q]uit: ", r->cli->err);
        fflush(r->cli->err);
        if (*r->cli->interrupted || !fgets(line, sizeof(line), stdin)) {
            fputc('\n', r->cli->err);
            return SCRIPT_QUIT;
        }
        switch (line[0]) {
        case 'c':
            r->ask = false;
            return SCRIPT_GO;
        case 'y':
        case '\n':
            return SCRIPT_GO;
        case 's':
            return SCRIPT_SKIP;
        case 'q':
            return SCRIPT_QUIT;
        case 'v':
            show(r, "  ", r->env.vars);
            break;
        default:
            break;
        }
    }
}
