/* SPDX-License-Identifier: MIT */
/*
 * shell: lines from a terminal with history and completion, or from a pipe without. One session
 * for all of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "cmds.h"
#include "complete.h"
#include "session.h"

enum { HISTORY_LINES = 2000, MOST_SHOWN = 250 };

/* readline's hooks carry no context; only one shell runs at a time. */
static struct cli *shell_cli;

static char *
history_path(void)
{
    const char *own = getenv("NVRM_HISTORY"), *home = getenv("HOME");
    char *path = NULL;

    if (own)
        return strdup(own);
    if (home && asprintf(&path, "%s/.nvrm_history", home) < 0)
        return NULL;
    return path;
}

static void
add_match(char **matches, size_t *n, const char *word)
{
    matches[*n] = strdup(word);
    *n += matches[*n] != NULL;
}

/* The longest start that all words share, readline's first match. */
static char *
common_start(const struct completions *c, const char *text)
{
    size_t bytes = strlen(c->words[0]);

    for (size_t i = 1; i < c->count; i++) {
        size_t same = 0;

        while (same < bytes && c->words[i][same] == c->words[0][same])
            same++;
        bytes = same;
    }
    /* Words that merely contain the text must not eat what was typed. */
    return bytes < strlen(text) || strncasecmp(c->words[0], text, strlen(text))
               ? strdup(text)
               : strndup(c->words[0], bytes);
}

static char **
to_matches(const struct completions *c, const char *text)
{
    char **matches = calloc(c->count + 2, sizeof(*matches));
    size_t n = 0;

    if (!matches)
        return NULL;
    if (c->count == 1) {
        add_match(matches, &n, c->words[0]);
        return matches;
    }
    matches[n++] = common_start(c, text);
    for (size_t i = 0; i < c->count; i++)
        add_match(matches, &n, c->words[i]);
    return matches;
}

static char **
on_complete(const char *text, int start, int end)
{
    char *before = strndup(rl_line_buffer, (size_t)start);
    struct completions c;
    char **matches = NULL;

    (void)end;
    rl_attempted_completion_over = 1;
    if (!before)
        return NULL;
    complete_line(shell_cli, before, text, &c);
    if (c.files)
        rl_attempted_completion_over = 0;
    if (c.count) {
        matches = to_matches(&c, text);
        rl_completion_append_character = c.no_space ? '\0' : ' ';
    }
    completions_fini(&c);
    free(before);
    return matches;
}

/* Candidates with their remarks: for fields, the type and what it means. */
static void
on_display(char **matches, int count, int longest)
{
    char *before = strndup(rl_line_buffer, (size_t)rl_point);
    char *last = before ? strrchr(before, ' ') : NULL;
    char remark[256];
    bool remarks = false;

    if (last)
        last[1] = '\0';
    for (int i = 1; i <= count && !remarks && before; i++)
        remarks = *complete_remark(shell_cli, before, matches[i], remark, sizeof(remark));
    if (count > MOST_SHOWN) {
        fprintf(rl_outstream, "\n%d names; a few more letters?\n", count);
    } else if (!remarks) {
        rl_display_match_list(matches, count, longest);
    } else {
        fputc('\n', rl_outstream);
        for (int i = 1; i <= count; i++)
            fprintf(rl_outstream, "  %-*s  %s\n", longest, matches[i],
                    complete_remark(shell_cli, before, matches[i], remark, sizeof(remark)));
    }
    free(before);
    rl_forced_update_display();
}

/* Ctrl-C at the prompt drops the line and nothing else. */
static int
on_signal(void)
{
    if (!*shell_cli->interrupted)
        return 0;
    *shell_cli->interrupted = 0;
    fputc('\n', rl_outstream);
    rl_replace_line("", 0);
    rl_on_new_line();
    rl_redisplay();
    return 0;
}

/* A signal between two keys is handled by readline before it asks for the next one. */
static int
on_key(FILE *in)
{
    on_signal();
    return rl_getc(in);
}

static void
set_up(struct cli *cli)
{
    shell_cli = cli;
    rl_readline_name = "nvrm-cli";
    rl_attempted_completion_function = on_complete;
    rl_completion_display_matches_hook = on_display;
    rl_signal_event_hook = on_signal;
    rl_getc_function = on_key;
    rl_basic_word_break_characters = " \t\n";
    rl_completer_quote_characters = "'\"";
    rl_variable_bind("completion-ignore-case", "on");
    rl_variable_bind("show-all-if-ambiguous", "on");
    rl_variable_bind("page-completions", "off");
    rl_variable_bind("enable-bracketed-paste", "off");
}

static bool
ends_shell(const char *line)
{
    line += strspn(line, " \t");
    return !strncmp(line, "exit", 4) && !line[4 + strspn(line + 4, " \t")];
}

static int
read_terminal(struct cli *cli)
{
    char *history = history_path();
    char *line;

    set_up(cli);
    if (history)
        read_history(history);
    cli_note(cli, "help lists the verbs, Tab completes, exit or Ctrl-D leaves");
    while ((line = readline("nvrm> ")) && !ends_shell(line)) {
        if (line[strspn(line, " \t")]) {
            add_history(line);
            (void)cli_run_line(cli, line);
            *cli->interrupted = 0;
        }
        free(line);
    }
    if (!line)
        fputc('\n', cli->out);
    free(line);
    if (history) {
        write_history(history);
        history_truncate_file(history, HISTORY_LINES);
    }
    free(history);
    return CLI_OK;
}

/* A pipe has nobody to correct a line: the first failure ends it. */
static int
read_pipe(struct cli *cli)
{
    char *line = NULL;
    size_t cap = 0;
    int rc = CLI_OK;

    while (rc == CLI_OK && getline(&line, &cap, stdin) >= 0 && !ends_shell(line))
        rc = cli_run_line(cli, line);
    free(line);
    return rc;
}

static int
cmd_shell_run(struct cli *cli, int argc, char **argv)
{
    int rc = cli_check_args(cli, &cmd_shell, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (cli->keep_session)
        return cli_usage(cli, "exit leaves it", "this is the shell already");
    cli->keep_session = true;
    rc = isatty(STDIN_FILENO) ? read_terminal(cli) : read_pipe(cli);
    cli->keep_session = false;
    return rc;
}

const struct nvrm_cmd cmd_shell = {
    .name = "shell",
    .args = "",
    .help = "read lines in one session: completion and history on a terminal",
    .min_args = 0,
    .max_args = 0,
    .run = cmd_shell_run,
};
