/* SPDX-License-Identifier: MIT */
/*
 * completion: the function that bash, zsh or fish load. It holds no names: at each Tab it asks
 * `complete`, which answers from the tables with the engine of the shell verb.
 */
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "complete.h"

#include "completion_bash.h"
#include "completion_fish.h"
#include "completion_zsh.h"

enum { MOST_REMARKS = 200 }; /* more words than anybody reads remarks of */

static const struct {
    const char *name;
    const unsigned char *text;
    size_t bytes;
} shells[] = {
    {"bash", completion_bash, sizeof(completion_bash)},
    {"fish", completion_fish, sizeof(completion_fish)},
    {"zsh",  completion_zsh,  sizeof(completion_zsh) },
};
enum { SHELLS = sizeof(shells) / sizeof(shells[0]) };

static int
cmd_completion_run(struct cli *cli, int argc, char **argv)
{
    const char *names[SHELLS + 1] = {0}, *nearest;
    char hint[64] = "bash, fish or zsh";
    int rc = cli_check_args(cli, &cmd_completion, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    for (size_t i = 0; i < SHELLS; i++) {
        names[i] = shells[i].name;
        if (!strcmp(argv[1], shells[i].name))
            return fwrite(shells[i].text, 1, shells[i].bytes, cli->out) == shells[i].bytes
                       ? CLI_OK
                       : CLI_INTERNAL;
    }
    nearest = cli_nearest(argv[1], names);
    if (nearest)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
    return cli_usage(cli, hint, "completion: '%s' is no shell that is known", argv[1]);
}

const struct nvrm_cmd cmd_completion = {
    .name = "completion",
    .args = "bash|fish|zsh",
    .help = "print what the shell loads to complete verbs, options and names",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_completion_run,
};

/* complete */

/* What stands behind a word in the list of a shell that shows remarks. */
static const char *
remark(struct cli *cli, const char *before, const char *word, char *buf, size_t bytes)
{
    const struct nvrm_cmd *cmd = cli_cmd_find(word);

    return cmd ? cmd->help : complete_remark(cli, before, word, buf, bytes);
}

/* Whether a verb would stand behind these words: nothing but global options is before it. */
static bool
verb_is_next(const char *before)
{
    char word[64] = "";
    int more = 0;

    for (const char *at = before; *(at += strspn(at, " ")); at += strcspn(at, " ")) {
        snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, " "), at);
        if (!more && *word != '-')
            return false;
        more = more ? 0 : cli_option_words(word) - 1;
    }
    return !more;
}

static void
print_words(struct cli *cli, const char *before, const struct completions *c)
{
    const bool is_verb = verb_is_next(before);
    char buf[256];

    for (size_t i = 0; i < c->count; i++) {
        const char *more = "";

        if (is_verb && !strcmp(c->words[i], "exit")) /* the shell verb's alone */
            continue;
        if (c->count <= MOST_REMARKS && (is_verb || strpbrk(c->words[i], "=.")))
            more = remark(cli, before, c->words[i], buf, sizeof(buf));
        fprintf(cli->out, "%s%s%s\n", c->words[i], *more ? "\t" : "", more);
    }
    if (c->no_space || c->files)
        fprintf(cli->out, ":%s%s%s\n", c->no_space ? "nospace" : "",
                c->no_space && c->files ? "," : "", c->files ? "files" : "");
}

/* Words inside quotes or JSON are the shell verb's: there they are one word, here they are the
 * outer shell's. */
static int
cmd_complete_run(struct cli *cli, int argc, char **argv)
{
    struct completions c;
    int rc = cli_check_args(cli, &cmd_complete, &argc, argv);
    char *text, *before;

    if (rc != CLI_OK)
        return rc;
    text = strrchr(argv[1], ' ') ? strrchr(argv[1], ' ') + 1 : argv[1];
    if (strpbrk(text, "'\"{"))
        return CLI_OK;
    before = strndup(argv[1], (size_t)(text - argv[1]));
    if (!before)
        return cli_out_of_memory(cli);
    complete_line(cli, before, text, &c);
    print_words(cli, before, &c);
    completions_fini(&c);
    free(before);
    return CLI_OK;
}

const struct nvrm_cmd cmd_complete = {
    .name = "complete",
    .args = "-- LINE",
    .help = "what could stand at the end of a line: a word each, a remark behind a tab",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_complete_run,
    .hidden = true,
};
