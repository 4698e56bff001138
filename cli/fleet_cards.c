/* SPDX-License-Identifier: MIT */
/*
 * The cards that a verb of many cards is about, each with a session of its own.
 */
#include "fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *
nothing_seen(void)
{
    return json_pack("{s:i, s:[]}", "events", 0, "xids");
}

/* The session of the program, which stays open for the next line. */
static void
open_own(struct cli *cli, struct fleet_card *card)
{
    card->seen = nothing_seen();
    if (session_get(cli, &card->session, &card->err) < 0)
        card->session = NULL;
}

/* A session beside the program's. */
static void
open_other(struct cli *cli, struct fleet_card *card, const char *transport)
{
    const struct cli_options options = cli->options;
    struct cli_session *const own = cli->session;

    card->seen = nothing_seen();
    card->transport = strdup(transport);
    cli->session = NULL;
    cli->options.transport = card->transport ? card->transport : transport;
    cli->options.device = NULL;
    if (session_get(cli, &card->session, &card->err) < 0)
        card->session = NULL;
    cli->session = own;
    cli->options = options;
}

static bool
is_whole_module(const struct cli_options *o)
{
    return o->transport && !strcmp(o->transport, "nvidia") && !o->device;
}

/* Every card of the module; the first stays in the list even when it cannot be opened. */
static void
open_module(struct cli *cli, struct fleet *fleet)
{
    char transport[32];

    for (unsigned i = 0; i < FLEET_MOST_CARDS; i++) {
        struct fleet_card *card = &fleet->cards[fleet->count];

        snprintf(transport, sizeof(transport), "nvidia:%u", i);
        open_other(cli, card, transport);
        fleet->count++;
        if (card->session)
            continue;
        if (i && card->err.rc == -ENODEV) { /* past the last one */
            json_decref(card->seen);
            free(card->transport);
            memset(card, 0, sizeof(*card));
            fleet->count--;
        }
        if (!i || card->err.rc == 0)
            break;
    }
}

int
fleet_open(struct cli *cli, struct fleet *fleet, char **transports, unsigned count)
{
    memset(fleet, 0, sizeof(*fleet));
    if (cli->options.dry_run)
        return cli_usage(cli, "leave it out: a reading changes nothing on a card",
                         "readings come from cards, and --dry-run opens none");
    if (count > FLEET_MOST_CARDS)
        return cli_usage(cli, NULL, "at most %d cards at once", FLEET_MOST_CARDS);
    for (; fleet->count < count; fleet->count++)
        open_other(cli, &fleet->cards[fleet->count], transports[fleet->count]);
    if (count)
        return CLI_OK;
    if (is_whole_module(&cli->options))
        open_module(cli, fleet);
    else
        open_own(cli, &fleet->cards[fleet->count++]);
    return CLI_OK;
}

void
fleet_close(struct cli *cli, struct fleet *fleet)
{
    struct cli_session *const own = cli->session;

    for (unsigned i = 0; i < fleet->count; i++) {
        struct fleet_card *card = &fleet->cards[i];

        if (card->transport) {
            cli->session = card->session;
            (void)session_close(cli, CLI_OK);
        }
        json_decref(card->seen);
        free(card->transport);
    }
    cli->session = own;
    memset(fleet, 0, sizeof(*fleet));
}

json_t *
fleet_card_read(struct cli *cli, struct fleet_card *card, struct gsp_error *err)
{
    json_t *reading;

    if (!card->session) {
        *err = card->err;
        return NULL;
    }
    reading = fleet_read(cli, card->session, err);
    if (reading && fleet_events(cli, card->session, card->seen, err) < 0) {
        json_decref(reading);
        return NULL;
    }
    if (reading)
        json_object_update_missing(reading, card->seen);
    return reading;
}
