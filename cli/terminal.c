/* SPDX-License-Identifier: MIT */
/*
 * readline's hooks: completion with remarks, the hint line below the cursor, Ctrl-C, history.
 *
 * The hint is drawn after readline has drawn the line and is wiped before the next key acts, so
 * readline never meets a screen that it does not know. Terminals that cannot move the cursor up
 * get none.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "complete.h"
#include "hint.h"
#include "history.h"
#include "line.h"
#include "terminal.h"

enum { HISTORY_LINES = 2000, MOST_SHOWN = 250 };

/* From the cursor to the line below the text: rows down, and the column to come back to. */
struct spot {
    int rows, column, width;
};

static char word_breaks[] = " \t\n";

/* readline's hooks carry no context; only one shell runs at a time. */
static struct {
    struct cli *cli;
    char *history; /* file, or NULL */
    char *before;  /* earlier lines of a command of several */
    bool hints;    /* the terminal can show them */
    bool shown;    /* a hint stands below the cursor, which has not moved since */
    struct spot at;
} shell;

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

/* What stands left of `end` on this line and the ones before it. */
static char *
text_before(int end)
{
    char *text = NULL;

    if (asprintf(&text, "%s%s%.*s", shell.before ? shell.before : "", shell.before ? " " : "",
                 end, rl_line_buffer) < 0)
        return NULL;
    return text;
}

static char **
on_complete(const char *text, int start, int end)
{
    char *before = text_before(start);
    struct completions c;
    char **matches = NULL;

    (void)end;
    rl_attempted_completion_over = 1;
    if (!before)
        return NULL;
    complete_line(shell.cli, before, text, &c);
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

/* Characters, not bytes: what the text takes on the screen. */
static int
columns_of(const char *text, int bytes)
{
    int columns = 0;
    bool escape = false;

    for (int i = 0; i < bytes && text[i]; i++) {
        if (text[i] == '\001' || text[i] == '\002')
            escape = text[i] == '\001';
        else if (!escape)
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return columns;
}

static bool
find_spot(struct spot *spot)
{
    const int prompt = columns_of(rl_display_prompt, (int)strlen(rl_display_prompt));
    const int cursor = prompt + columns_of(rl_line_buffer, rl_point);
    const int end = prompt + columns_of(rl_line_buffer, rl_end);
    int height;

    rl_get_screen_size(&height, &spot->width);
    if (spot->width < 20 || height < 3)
        return false;
    /* At the margin terminals differ in where the cursor is. */
    if (!(cursor % spot->width) || !(end % spot->width))
        return false;
    spot->rows = end / spot->width - cursor / spot->width + 1;
    spot->column = cursor % spot->width;
    return true;
}

static void
draw_below(const struct spot *spot, const char *text)
{
    for (int i = 0; i < spot->rows; i++)
        fputc('\n', rl_outstream);
    fprintf(rl_outstream, "\r%s\033[K\033[%dA\r\033[%dC", text, spot->rows, spot->column);
    fflush(rl_outstream);
}

static void
wipe_hint(void)
{
    if (shell.shown)
        draw_below(&shell.at, "");
    shell.shown = false;
}

/* Candidates with their remarks: for fields, the type and what it means. */
static void
on_display(char **matches, int count, int longest)
{
    char *before = text_before(rl_point);
    char *last = before ? strrchr(before, ' ') : NULL;
    char remark[256];
    bool remarks = false;

    wipe_hint();
    if (last)
        last[1] = '\0';
    for (int i = 1; i <= count && !remarks && before; i++)
        remarks = *complete_remark(shell.cli, before, matches[i], remark, sizeof(remark));
    if (count > MOST_SHOWN) {
        fprintf(rl_outstream, "\n%d names; a few more letters?\n", count);
    } else if (!remarks) {
        rl_display_match_list(matches, count, longest);
    } else {
        fputc('\n', rl_outstream);
        for (int i = 1; i <= count; i++)
            fprintf(rl_outstream, "  %-*s  %s\n", longest, matches[i],
                    complete_remark(shell.cli, before, matches[i], remark, sizeof(remark)));
    }
    free(before);
    rl_forced_update_display();
}

/* Cut at the width of the screen, between characters. */
static void
cut(char *text, int columns)
{
    int seen = 0;

    for (char *at = text; *at; at++) {
        seen += ((unsigned char)*at & 0xc0) != 0x80;
        if (seen <= columns)
            continue;
        *at = '\0';
        return;
    }
}

static bool
more_input(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static void
draw_hint(void)
{
    char text[HINT_BYTES], line[HINT_BYTES + 32];
    char *before = text_before(rl_point);

    if (before && find_spot(&shell.at) && *hint_line(shell.cli, before, text, sizeof(text))) {
        cut(text, shell.at.width - 3);
        snprintf(line, sizeof(line), "%s  %s%s", cli_paint(shell.cli, stdout, "\033[90m"), text,
                 cli_paint(shell.cli, stdout, "\033[0m"));
        draw_below(&shell.at, line);
        shell.shown = true;
    }
    free(before);
}

static void
on_redisplay(void)
{
    wipe_hint();
    rl_redisplay();
    if (shell.hints && !rl_done &&
        !(rl_readline_state & (RL_STATE_SEARCH | RL_STATE_ISEARCH)) && !more_input())
        draw_hint();
}

/* Ctrl-C at the prompt drops the line and nothing else. */
static int
on_signal(void)
{
    if (!*shell.cli->interrupted)
        return 0;
    *shell.cli->interrupted = 0;
    wipe_hint();
    free(shell.before);
    shell.before = NULL;
    fputc('\n', rl_outstream);
    rl_replace_line("", 0);
    rl_set_prompt("nvrm> ");
    rl_on_new_line();
    rl_redisplay();
    return 0;
}

/* A signal between two keys is handled by readline before it asks for the next one. */
static int
on_key(FILE *in)
{
    int key;

    on_signal();
    key = rl_getc(in);
    wipe_hint();
    return key;
}

/* Asked before bind_hooks(): with a redisplay function of ours, readline reads no terminal
 * database. */
static bool
can_hint(void)
{
    const char *term = getenv("TERM");
    char *up = term && *term && strcmp(term, "dumb") ? rl_get_termcap("up") : NULL;

    return isatty(STDOUT_FILENO) && up && !strcmp(up, "\033[A");
}

/* Enter: what the line prints must not meet a hint. */
static int
on_enter(int count, int key)
{
    wipe_hint();
    return rl_newline(count, key);
}

static void
bind_hooks(void)
{
    rl_attempted_completion_function = on_complete;
    rl_completion_display_matches_hook = on_display;
    rl_signal_event_hook = on_signal;
    rl_getc_function = on_key;
    rl_redisplay_function = on_redisplay;
    rl_completer_word_break_characters = word_breaks;
    rl_bind_key('\n', on_enter);
    rl_bind_key('\r', on_enter);
    rl_completer_quote_characters = "'\"";
    rl_variable_bind("completion-ignore-case", "on");
    rl_variable_bind("show-all-if-ambiguous", "on");
    rl_variable_bind("page-completions", "off");
    rl_variable_bind("enable-bracketed-paste", "off");
}

void
terminal_open(struct cli *cli)
{
    shell.cli = cli;
    shell.history = history_file();
    rl_readline_name = "nvrm-cli";
    rl_initialize();
    shell.hints = can_hint();
    bind_hooks();
    stifle_history(HISTORY_LINES);
    if (shell.history)
        read_history(shell.history);
}

void
terminal_close(void)
{
    free(shell.history);
    free(shell.before);
    memset(&shell, 0, sizeof(shell));
}

/* Lines that start with a blank are not kept, as in other shells; repetitions neither. */
static void
keep_line(const char *line)
{
    const HIST_ENTRY *last =
        history_length ? history_get(history_base + history_length - 1) : NULL;

    if (!line[strspn(line, " \t")] || *line == ' ' || (last && !strcmp(last->line, line)))
        return;
    add_history(line);
    if (shell.history)
        (void)history_append(shell.history, line, HISTORY_LINES);
}

static void
say_prompt(int status, char open, char *prompt, size_t bytes)
{
    const char *red = cli_paint(shell.cli, stdout, "\033[31m");

    if (open)
        snprintf(prompt, bytes, "   %c> ", open);
    else if (!status)
        snprintf(prompt, bytes, "nvrm> ");
    else if (*red)
        snprintf(prompt, bytes, "\001%s\002%d\001\033[0m\002 nvrm> ", red, status);
    else
        snprintf(prompt, bytes, "%d nvrm> ", status);
}

/* Add a line to the command; false when memory is short. */
static bool
join(char *line)
{
    char *all = NULL;
    size_t bytes;

    if (!shell.before) {
        shell.before = line;
        return true;
    }
    bytes = strlen(shell.before);
    if (bytes && shell.before[bytes - 1] == '\\')
        shell.before[bytes - 1] = '\0';
    if (asprintf(&all, "%s %s", shell.before, line) < 0)
        all = NULL;
    free(line);
    free(shell.before);
    shell.before = all;
    return all;
}

char *
terminal_read(int status)
{
    char prompt[64], open = '\0';
    char *line, *whole;

    do {
        say_prompt(status, open, prompt, sizeof(prompt));
        line = readline(prompt);
        if (!line || !join(line))
            break;
        open = line_open(shell.before);
    } while (open);
    whole = shell.before;
    shell.before = NULL;
    if (!line && open)
        fputc('\n', rl_outstream);
    if (!line && !open) {
        free(whole);
        return NULL;
    }
    if (whole)
        keep_line(whole);
    return whole;
}
