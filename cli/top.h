/* SPDX-License-Identifier: MIT */
/*
 * The picture that top draws: a table of readings, a row a card.
 */
#ifndef NVRM_CLI_TOP_H
#define NVRM_CLI_TOP_H

#include "fleet.h"

enum top_sort { TOP_CARD, TOP_UTILISATION, TOP_MEMORY, TOP_TEMPERATURE, TOP_EVENTS, TOP_SORTS };
const char *top_sort_name(enum top_sort sort);

struct top_view {
    const json_t *cards; /* readings, as metrics has them; with "objects" per client */
    enum top_sort sort;
    bool paused;
    unsigned width, height; /* of the terminal; 0: no limit */
};
/* Lines, each cut at the terminal's width. */
void top_draw(const struct top_view *view, struct gsp_text *out);

#endif
