/* SPDX-License-Identifier: MIT */
/*
 * What operators of many cards ask: the cards of a node one after another, and one reading of
 * each. health, metrics and top are three ways to show the same reading.
 */
#ifndef NVRM_CLI_FLEET_H
#define NVRM_CLI_FLEET_H

#include "session.h"

/*
 * One reading: an object with a key per figure. What RM does not say is null, and "unknown" has
 * the reason under the same key; nothing is ever guessed. NULL with *err filled when the card
 * stopped answering.
 */
json_t *fleet_read(struct cli *cli, struct cli_session *s, struct gsp_error *err);
/* Events that came since the session was opened or since the last time, added to `seen`: an
 * object {"events": N, "xids": [N, ...]}. */
int fleet_events(struct cli *cli, struct cli_session *s, json_t *seen, struct gsp_error *err);
/* The reason why a figure is null; "" when it is not. */
const char *fleet_unknown(const json_t *reading, const char *key);
/* A figure; false when it is unknown. */
bool fleet_number(const json_t *reading, const char *key, double *value_out);

/* The cards that a verb is about: those named by transports on its line; without one the card
 * of -t, or every card of nvidia.ko when -t names none of them. */
enum { FLEET_MOST_CARDS = 64 };
struct fleet_card {
    char *transport;             /* "nvidia:1"; NULL: the session's own */
    struct cli_session *session; /* NULL: it could not be opened */
    struct gsp_error err;        /* why */
    json_t *seen;                /* events so far */
};
struct fleet {
    struct fleet_card cards[FLEET_MOST_CARDS];
    unsigned count;
};
/* Never fails as a whole: a card that cannot be opened has its error. */
int fleet_open(struct cli *cli, struct fleet *fleet, char **transports, unsigned count);
void fleet_close(struct cli *cli, struct fleet *fleet);
/* A reading of one card, with what came as events; NULL with *err filled. */
json_t *fleet_card_read(struct cli *cli, struct fleet_card *card, struct gsp_error *err);

/* Everything about the card that does not change (cmd_info.c). NULL with *err filled. */
json_t *info_read(struct cli *cli, struct cli_session *s, struct gsp_error *err);

#endif
