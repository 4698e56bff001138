/* SPDX-License-Identifier: MIT */
/*
 * metrics: readings of the cards as OpenMetrics text, printed, saved, or served.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "metrics.h"

struct metrics {
    struct cli *cli;
    struct fleet *fleet;
};

/* SIGTERM is how such a server is ended, and Ctrl-C; the answer that is under way is sent. */
static volatile int ended_by;

static void
on_end(int signal_number)
{
    ended_by = signal_number;
}

static json_t *
read_cards(struct metrics *m)
{
    json_t *cards = json_array();

    for (unsigned i = 0; i < m->fleet->count; i++) {
        struct gsp_error err = {0};
        json_t *reading = fleet_card_read(m->cli, &m->fleet->cards[i], &err);

        if (!reading)
            reading = json_pack("{s:s}", "error", err.text);
        json_object_set_new(reading, "card", json_integer(i));
        json_array_append_new(cards, reading);
    }
    return cards;
}

static int
make(void *ctx, struct gsp_text *out)
{
    json_t *cards = read_cards(ctx);

    metrics_text(cards, out);
    json_decref(cards);
    return out->rc;
}

static void
print_text(struct cli *cli, const json_t *doc)
{
    struct gsp_text text = {0};

    metrics_text(json_object_get(doc, "cards"), &text);
    fwrite(text.data, 1, text.bytes, cli->out);
    gsp_text_fini(&text);
}

static int
save(struct metrics *m, const char *path)
{
    struct gsp_text text = {0};
    struct gsp_error err = {0};
    int rc = make(m, &text);

    if (rc == 0)
        rc = metrics_save(path, &text, &err);
    else
        gsp_fail(&err, GSP_ORIGIN_LOCAL, rc, "out of memory");
    gsp_text_fini(&text);
    return rc < 0 ? cli_fail(m->cli, &err) : CLI_OK;
}

static int
listen_on(struct metrics *m, const char *where)
{
    const struct metrics_source source = {m, make};
    const struct sigaction action = {.sa_handler = on_end};
    struct sigaction term, interrupt;
    struct gsp_error err = {0};
    uint16_t port;
    int rc, fd = metrics_listen(where, &port, &err);

    if (fd < 0)
        return cli_fail(m->cli, &err);
    ended_by = 0;
    sigaction(SIGTERM, &action, &term);
    sigaction(SIGINT, &action, &interrupt);
    cli_note(m->cli, "serving /metrics on port %u", port);
    rc = metrics_serve(fd, &source, &ended_by, &err);
    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGINT, &interrupt, NULL);
    close(fd);
    if (rc < 0)
        return cli_fail(m->cli, &err);
    return ended_by == SIGINT ? CLI_INTERRUPTED : CLI_OK;
}

static int
cmd_metrics_run(struct cli *cli, int argc, char **argv)
{
    char *textfile, *where = NULL;
    struct fleet fleet;
    struct metrics m = {cli, &fleet};
    int rc = cli_value(cli, &argc, argv, "--textfile", &textfile);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--listen", &where);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_metrics, &argc, argv);
    if (rc == CLI_OK && textfile && where)
        rc = cli_usage(cli, "start it twice, or let a timer write the file",
                       "--textfile and --listen do not go together");
    if (rc == CLI_OK)
        rc = fleet_open(cli, &fleet, argv + 1, (unsigned)argc - 1);
    if (rc != CLI_OK)
        return rc;
    if (textfile)
        rc = save(&m, textfile);
    else if (where)
        rc = listen_on(&m, where);
    else
        rc =
            cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:o}", "cards", read_cards(&m)),
                                            .text = print_text});
    fleet_close(cli, &fleet);
    return rc;
}

const struct nvrm_cmd cmd_metrics = {
    .name = "metrics",
    .args = "[--textfile FILE | --listen [ADDRESS:]PORT] [TRANSPORT...]",
    .options = "--textfile FILE, --listen [ADDRESS:]PORT",
    .help = "readings of cards as OpenMetrics text: printed, saved at once, or served",
    .min_args = 0,
    .max_args = FLEET_MOST_CARDS,
    .run = cmd_metrics_run,
};
