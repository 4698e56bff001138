/* SPDX-License-Identifier: MIT */
/*
 * Output for a terminal is collected first; what is longer than the screen goes through the
 * pager, the rest is written as it is.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

void
cli_page(struct cli *cli)
{
    if (cli->pager || cli->options.no_pager || cli->out != stdout || !isatty(STDOUT_FILENO) ||
        cli->options.format == CLI_RAW)
        return;
    fflush(stdout);
    cli->pager = open_memstream(&cli->paged, &cli->paged_bytes);
    if (cli->pager)
        cli->out = cli->pager;
}

/* Rows that the text takes, long lines folded; escape sequences take none. */
static size_t
rows_of(const char *text, size_t bytes, unsigned width)
{
    size_t rows = 0, column = 0;
    bool escape = false;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\033')
            escape = true;
        else if (escape)
            escape = text[i] != 'm';
        else if (text[i] == '\n' || column == width)
            rows++, column = 0;
        else
            column += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return rows + (column > 0);
}

static bool
fits_screen(const char *text, size_t bytes)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    /* One row is for the next prompt. */
    return rows_of(text, bytes, size.ws_col) < size.ws_row;
}

/* Whoever leaves the pager early, or presses Ctrl-C in it, ends the pager and not us. */
static bool
write_paged(const char *text, size_t bytes)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction pipe_before, interrupt_before;
    const char *pager = getenv("PAGER");
    int status;
    FILE *f = popen(pager && *pager ? pager : "less -FRX", "w");

    if (!f)
        return false;
    sigaction(SIGPIPE, &ignore, &pipe_before);
    sigaction(SIGINT, &ignore, &interrupt_before);
    fwrite(text, 1, bytes, f);
    status = pclose(f);
    sigaction(SIGINT, &interrupt_before, NULL);
    sigaction(SIGPIPE, &pipe_before, NULL);
    /* The shell found no such program. */
    return !WIFEXITED(status) || WEXITSTATUS(status) != 127;
}

void
cli_page_end(struct cli *cli)
{
    if (!cli->pager)
        return;
    fclose(cli->pager);
    cli->pager = NULL;
    cli->out = stdout;
    if (cli->paged && (fits_screen(cli->paged, cli->paged_bytes) ||
                       !write_paged(cli->paged, cli->paged_bytes)))
        fwrite(cli->paged, 1, cli->paged_bytes, stdout);
    fflush(stdout);
    free(cli->paged);
    cli->paged = NULL;
}
