/* SPDX-License-Identifier: MIT */
/*
 * top: the cards of a node on a terminal, again and again. Keys: q ends, p pauses, s sorts by
 * the next column. --once prints one picture, for scripts.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cmds.h"
#include "top.h"

enum { SLICE_MS = 50 };

struct top {
    struct cli *cli;
    struct fleet fleet;
    struct top_view view;
    double seconds;
    unsigned long count; /* pictures; 0: until q */
    bool once, asked;    /* asked: q */
};

static int
count_object(void *ctx, const struct rm_object *o)
{
    (void)o;
    ++*(unsigned *)ctx;
    return 0;
}

/* The objects of this program's client: RM shows no client the objects of another. */
static json_t *
objects_of(struct cli_session *s)
{
    struct rm_client *client = session_client(s);
    unsigned n = 0;
    char name[16];

    (void)rm_tree_walk(client, count_object, &n);
    snprintf(name, sizeof(name), "0x%08x", rm_client_handle(client));
    return json_pack("{s:i}", name, (int)n);
}

static json_t *
read_cards(struct top *t)
{
    json_t *cards = json_array();

    for (unsigned i = 0; i < t->fleet.count; i++) {
        struct fleet_card *card = &t->fleet.cards[i];
        struct gsp_error err = {0};
        json_t *reading = fleet_card_read(t->cli, card, &err);

        if (reading)
            json_object_set_new(reading, "objects", objects_of(card->session));
        else
            reading = json_pack("{s:s}", "error", err.text);
        json_object_set_new(reading, "card", json_integer(i));
        json_array_append_new(cards, reading);
    }
    return cards;
}

static void
print_once(struct cli *cli, const json_t *doc)
{
    const struct top_view view = {
        .cards = json_object_get(doc, "cards"),
        .sort = (enum top_sort)json_integer_value(json_object_get(doc, "order"))};
    struct gsp_text text = {0};

    top_draw(&view, &text);
    if (text.bytes)
        fwrite(text.data, 1, text.bytes, cli->out);
    gsp_text_fini(&text);
}

/* The terminal */

static void
screen_size(struct top_view *view)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        view->width = size.ws_col;
        view->height = size.ws_row;
    }
}

static void
show(struct top *t)
{
    struct gsp_text text = {0};
    const char *line;

    screen_size(&t->view);
    top_draw(&t->view, &text);
    fputs("\033[H", t->cli->out);
    for (line = text.data; line && *line; line = strchr(line, '\n') + 1)
        fprintf(t->cli->out, "%.*s\033[K\r\n", (int)strcspn(line, "\n"), line);
    fputs("\033[Jq quit, p pause, s sort", t->cli->out);
    fflush(t->cli->out);
    gsp_text_fini(&text);
}

static bool
take_key(struct top *t)
{
    char key;

    if (read(STDIN_FILENO, &key, 1) != 1) {
        t->asked = true; /* the terminal is gone */
        return false;
    }
    switch (key) {
    case 'q':
    case 'Q':
        t->asked = true;
        return false;
    case 'p':
        t->view.paused = !t->view.paused;
        return true;
    case 's':
        t->view.sort = (t->view.sort + 1) % TOP_SORTS;
        return true;
    default:
        return false;
    }
}

/* Until the next reading is due; keys change the picture at once. */
static void
wait_for_keys(struct top *t)
{
    const uint64_t due_ns = gsp_host_now_ns(NULL) + (uint64_t)(t->seconds * 1e9);

    while (!t->asked && !*t->cli->interrupted &&
           (t->view.paused || gsp_host_now_ns(NULL) < due_ns)) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

        if (poll(&p, 1, SLICE_MS) > 0 && take_key(t))
            show(t);
    }
}

static int
run_screen(struct top *t)
{
    struct termios before, raw;
    const bool have = tcgetattr(STDIN_FILENO, &before) == 0;
    json_t *cards = NULL;

    if (have) {
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs("\033[?1049h\033[?25l", t->cli->out);
    for (unsigned long n = 1; !t->asked && !*t->cli->interrupted; n++) {
        json_t *next = read_cards(t);

        json_decref(cards);
        t->view.cards = cards = next;
        show(t);
        if (t->count && n >= t->count)
            break;
        wait_for_keys(t);
    }
    if (have)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    fputs("\033[?25h\033[?1049l", t->cli->out);
    fflush(t->cli->out);
    json_decref(cards);
    return *t->cli->interrupted ? CLI_INTERRUPTED : CLI_OK;
}

/* Options */

static int
set_sort(struct top *t, const char *name)
{
    const char *names[TOP_SORTS + 1] = {0};
    char hint[128];

    for (unsigned i = 0; i < TOP_SORTS; i++) {
        names[i] = top_sort_name((enum top_sort)i);
        if (strcmp(names[i], name))
            continue;
        t->view.sort = (enum top_sort)i;
        return CLI_OK;
    }
    snprintf(hint, sizeof(hint), "legal: card, utilisation, memory, temperature, events");
    return cli_usage(t->cli, hint, "--sort: there is no column '%s'", name);
}

static int
take_options(struct top *t, int *argc, char **argv)
{
    char *seconds = NULL, *count = NULL, *sort, *end = NULL;
    int rc = cli_value(t->cli, argc, argv, "--sort", &sort);

    if (rc == CLI_OK && sort)
        rc = set_sort(t, sort);
    if (rc == CLI_OK)
        rc = cli_value(t->cli, argc, argv, "--count", &count);
    if (rc == CLI_OK && count) {
        t->count = strtoul(count, &end, 10);
        if (*end || !t->count || *count == '-')
            return cli_usage(t->cli, NULL, "--count: '%s' is not a number above 0", count);
    }
    if (rc == CLI_OK)
        rc = cli_value(t->cli, argc, argv, "-n", &seconds);
    if (rc == CLI_OK && seconds) {
        t->seconds = strtod(seconds, &end);
        if (end == seconds || *end || !(t->seconds >= 0.1 && t->seconds <= 86400))
            return cli_usage(t->cli, "such as -n 0.5", "-n: '%s' is no time from 0.1 s on",
                             seconds);
    }
    t->once = cli_flag(argc, argv, "--once");
    return rc;
}

static int
run_once(struct top *t)
{
    json_t *doc = json_pack("{s:o, s:i}", "cards", read_cards(t), "order", (int)t->view.sort);

    return cli_emit(t->cli, &(struct cli_doc){.json = doc, .text = print_once});
}

static int
cmd_top_run(struct cli *cli, int argc, char **argv)
{
    struct top t = {.cli = cli, .seconds = 2};
    int rc = take_options(&t, &argc, argv);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_top, &argc, argv);
    if (rc == CLI_OK && !t.once && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
        rc = cli_usage(cli, "top --once prints one picture", "top needs a terminal");
    if (rc == CLI_OK)
        rc = fleet_open(cli, &t.fleet, argv + 1, (unsigned)argc - 1);
    if (rc != CLI_OK)
        return rc;
    rc = t.once ? run_once(&t) : run_screen(&t);
    fleet_close(cli, &t.fleet);
    return rc;
}

const struct nvrm_cmd cmd_top = {
    .name = "top",
    .args = "[--once] [-n SECONDS] [--count N] [--sort COLUMN] [TRANSPORT...]",
    .options = "--once, -n SECONDS, --count N, --sort COLUMN",
    .help = "the cards on a terminal, again and again: q quits, p pauses, s sorts",
    .min_args = 0,
    .max_args = FLEET_MOST_CARDS,
    .run = cmd_top_run,
};
