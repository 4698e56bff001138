/* SPDX-License-Identifier: MIT */
/*
 * Readings as a table for a terminal. A figure that RM does not tell is a dash.
 */
#include <stdlib.h>
#include <string.h>

#include "top.h"

enum { MOST_LINE = 512 };

static const struct {
    const char *name, *key;
    bool down; /* the largest first */
} sorts[TOP_SORTS] = {
    [TOP_CARD] = {"card",        "card",                false},
    [TOP_UTILISATION] = {"utilisation", "utilisation_percent", true },
    [TOP_MEMORY] = {"memory",      "memory_used_bytes",   true },
    [TOP_TEMPERATURE] = {"temperature", "temperature_c",       true },
    [TOP_EVENTS] = {"events",      "events",              true },
};

const char *
top_sort_name(enum top_sort sort)
{
    return sorts[sort].name;
}

/* One line, cut where the screen ends; false when there is no row left. */
static bool
put_line(const struct top_view *view, struct gsp_text *out, unsigned *row, const char *line)
{
    size_t bytes = strlen(line);

    if (view->height && *row + 1 >= view->height)
        return false;
    (*row)++;
    if (view->width && bytes > view->width)
        bytes = view->width;
    gsp_text_add(out, line, bytes);
    gsp_text_puts(out, "\n");
    return true;
}

static const char *
number(const json_t *card, const char *key, double scale, const char *unit, char *buf,
       size_t bytes)
{
    double value;

    if (!fleet_number(card, key, &value))
        return "-";
    snprintf(buf, bytes, "%.0f%s", value * scale, unit);
    return buf;
}

static const char *
memory(const json_t *card, char *buf, size_t bytes)
{
    double all, left;

    if (!fleet_number(card, "memory_bytes", &all) ||
        !fleet_number(card, "memory_free_bytes", &left))
        return "-";
    snprintf(buf, bytes, "%.0f/%.0f MiB", (all - left) / (1 << 20), all / (1 << 20));
    return buf;
}

static const char *
pcie(const json_t *card, char *buf, size_t bytes)
{
    double gen, width;

    if (!fleet_number(card, "pcie_gen", &gen) || !fleet_number(card, "pcie_width", &width))
        return "-";
    snprintf(buf, bytes, "gen%.0f x%.0f", gen, width);
    return buf;
}

static const char *
ecc(const json_t *card, char *buf, size_t bytes)
{
    double corrected, uncorrected, units;

    if (!fleet_number(card, "ecc_units", &units) || units == 0 ||
        !fleet_number(card, "ecc_corrected", &corrected) ||
        !fleet_number(card, "ecc_uncorrected", &uncorrected))
        return "-";
    snprintf(buf, bytes, "%.0f/%.0f", corrected, uncorrected);
    return buf;
}

static const char *
events(const json_t *card, char *buf, size_t bytes)
{
    const json_t *xids = json_object_get(card, "xids");
    const size_t n = json_array_size(xids);
    const long long count = (long long)json_integer_value(json_object_get(card, "events"));

    if (n)
        snprintf(buf, bytes, "%lld, Xid %lld", count,
                 (long long)json_integer_value(json_array_get(xids, n - 1)));
    else
        snprintf(buf, bytes, "%lld", count);
    return buf;
}

static bool
put_card(const struct top_view *view, struct gsp_text *out, unsigned *row, const json_t *card)
{
    char line[MOST_LINE], a[32], b[32], c[48], d[32], e[32], f[32], g[32], h[32], i[48];

    if (json_object_get(card, "error")) {
        snprintf(line, sizeof(line), "%4s  %s", number(card, "card", 1, "", a, sizeof(a)),
                 cli_str(card, "error"));
        return put_line(view, out, row, line);
    }
    snprintf(line, sizeof(line), "%4s  %-28.28s %5s %5s %18s %5s %4s %6s %9s %7s  %s",
             number(card, "card", 1, "", a, sizeof(a)), cli_str(card, "name"),
             number(card, "utilisation_percent", 1, "%", b, sizeof(b)),
             number(card, "memory_utilisation_percent", 1, "%", d, sizeof(d)),
             memory(card, c, sizeof(c)), number(card, "temperature_c", 1, "C", e, sizeof(e)),
             number(card, "pstate", 1, "", f, sizeof(f)),
             number(card, "power_w", 1, "W", g, sizeof(g)), pcie(card, h, sizeof(h)),
             ecc(card, (char[32]){0}, 32), events(card, i, sizeof(i)));
    return put_line(view, out, row, line);
}

/* Sorting */

static double
sort_value(const json_t *card, enum top_sort sort)
{
    double value, left;

    if (sort == TOP_MEMORY && fleet_number(card, "memory_bytes", &value) &&
        fleet_number(card, "memory_free_bytes", &left))
        return left - value;
    if (!fleet_number(card, sorts[sort].key, &value))
        return 1e300; /* what is unknown comes last */
    return sorts[sort].down ? -value : value;
}

struct place {
    const json_t *card;
    double value;
    size_t at;
};

static int
by_value(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* Objects of each client that this program knows: its own tree. */
static void
put_objects(const struct top_view *view, struct gsp_text *out, unsigned *row,
            const json_t *card)
{
    json_t *clients = json_object_get(card, "objects");
    char line[MOST_LINE];
    const char *name;
    json_t *count;

    json_object_foreach(clients, name, count)
    {
        snprintf(line, sizeof(line), "%4lld  client %s: %lld objects",
                 (long long)json_integer_value(json_object_get(card, "card")), name,
                 (long long)json_integer_value(count));
        if (!put_line(view, out, row, line))
            return;
    }
}

void
top_draw(const struct top_view *view, struct gsp_text *out)
{
    struct place places[FLEET_MOST_CARDS];
    const size_t n = json_array_size(view->cards);
    char line[MOST_LINE];
    unsigned row = 0;

    for (size_t i = 0; i < n && i < FLEET_MOST_CARDS; i++) {
        places[i].card = json_array_get(view->cards, i);
        places[i].value = sort_value(places[i].card, view->sort);
        places[i].at = i;
    }
    qsort(places, n, sizeof(places[0]), by_value);
    snprintf(line, sizeof(line), "%zu card%s, by %s%s", n, n == 1 ? "" : "s",
             top_sort_name(view->sort), view->paused ? ", paused" : "");
    put_line(view, out, &row, line);
    snprintf(line, sizeof(line), "%4s  %-28s %5s %5s %18s %5s %4s %6s %9s %7s  %s", "CARD",
             "NAME", "GPU", "MEM", "MEMORY", "TEMP", "P", "POWER", "PCIE", "ECC", "EVENTS");
    put_line(view, out, &row, line);
    for (size_t i = 0; i < n; i++)
        put_card(view, out, &row, places[i].card);
    for (size_t i = 0; i < n; i++)
        put_objects(view, out, &row, places[i].card);
}
