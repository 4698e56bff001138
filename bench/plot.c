/* SPDX-License-Identifier: MIT */
/*
 * Figures of a bench as a picture: lines of JSON whose case is PREFIX and a number, one curve
 * for each side, both axes logarithmic.
 *
 *     bench_nvmem --only 'cost by ranges' | bench_plot 'cost by ranges' 'TITLE' 'X AXIS'
 * >FILE.svg
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum {
    SERIES = 8,
    POINTS = 32,
    WIDTH = 640,
    HEIGHT = 360,
    LEFT = 64,
    TOP = 36,
    RIGHT = 112,
    BOTTOM = 48
};

struct series {
    char name[32];
    double x[POINTS], y[POINTS];
    unsigned count;
};

struct plot {
    struct series series[SERIES];
    unsigned count;
    double x0, x1, y0, y1; /* log10 of the axes' ends */
};

static struct series *
series_of(struct plot *p, const char *name)
{
    for (unsigned i = 0; i < p->count; i++)
        if (!strcmp(p->series[i].name, name))
            return &p->series[i];
    if (p->count == SERIES)
        return NULL;
    snprintf(p->series[p->count].name, sizeof(p->series[0].name), "%s", name);
    return &p->series[p->count++];
}

static void
add(struct plot *p, const char *prefix, const json_t *row)
{
    const char *which = json_string_value(json_object_get(row, "case"));
    const char *what = json_string_value(json_object_get(row, "what"));
    const char *unit = json_string_value(json_object_get(row, "unit"));
    struct series *s;
    char *end;
    double x;

    if (!which || !what || !unit || strcmp(unit, "ns") != 0 ||
        strncmp(which, prefix, strlen(prefix)) != 0)
        return;
    x = strtod(which + strlen(prefix), &end);
    s = *end ? NULL : series_of(p, what);
    if (!s || s->count == POINTS || x <= 0)
        return;
    s->x[s->count] = x;
    s->y[s->count++] = json_number_value(json_object_get(row, "value"));
}

static void
find_ends(struct plot *p)
{
    p->x0 = p->y0 = 1e9;
    p->x1 = p->y1 = -1e9;
    for (unsigned i = 0; i < p->count; i++)
        for (unsigned k = 0; k < p->series[i].count; k++) {
            p->x0 = fmin(p->x0, log10(p->series[i].x[k]));
            p->x1 = fmax(p->x1, log10(p->series[i].x[k]));
            p->y0 = fmin(p->y0, floor(log10(p->series[i].y[k])));
            p->y1 = fmax(p->y1, ceil(log10(p->series[i].y[k])));
        }
}

static double
at_x(const struct plot *p, double x)
{
    return LEFT + (log10(x) - p->x0) / fmax(p->x1 - p->x0, 1e-9) * (WIDTH - LEFT - RIGHT);
}

static double
at_y(const struct plot *p, double y)
{
    return HEIGHT - BOTTOM -
           (log10(y) - p->y0) / fmax(p->y1 - p->y0, 1e-9) * (HEIGHT - TOP - BOTTOM);
}

/* 1000000: "1M" */
static const char *
short_number(double v, char *text, size_t bytes, const char *const units[4])
{
    unsigned u = 0;

    for (; u < 3 && v >= 999.5; u++)
        v /= 1000;
    snprintf(text, bytes, "%.3g%s", v, units[u]);
    return text;
}

static void
axes(const struct plot *p, const char *title, const char *x_axis)
{
    static const char *const times[] = {" ns", " us", " ms", " s"};
    static const char *const counts[] = {"", "k", "M", "G"};
    char text[32];

    printf("<text x=\"%d\" y=\"18\" font-weight=\"bold\">%s</text>\n", LEFT, title);
    printf("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
           (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_axis);
    for (int e = (int)p->y0; e <= (int)p->y1; e++) {
        const double y = e, at = at_y(p, pow(10, y));

        printf("<path d=\"M%d %.1fH%d\" stroke=\"#dddddd\"/>\n", LEFT, at, WIDTH - RIGHT);
        printf("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6, at + 4,
               short_number(pow(10, y), text, sizeof(text), times));
    }
    for (unsigned k = 0; k < p->series[0].count; k++) {
        const double at = at_x(p, p->series[0].x[k]);

        printf("<path d=\"M%.1f %dV%d\" stroke=\"#eeeeee\"/>\n", at, TOP, HEIGHT - BOTTOM);
        printf("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", at,
               HEIGHT - BOTTOM + 16,
               short_number(p->series[0].x[k], text, sizeof(text), counts));
    }
}

static void
curve(const struct plot *p, const struct series *s, const char *colour)
{
    const unsigned last = s->count - 1;

    printf("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
    for (unsigned k = 0; k < s->count; k++)
        printf("%.1f,%.1f ", at_x(p, s->x[k]), at_y(p, s->y[k]));
    printf("\"/>\n<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n", at_x(p, s->x[last]) + 6,
           at_y(p, s->y[last]) + 4, colour, s->name);
}

int
main(int argc, char **argv)
{
    static const char *const colours[SERIES] = {"#1b6ca8", "#c8553d", "#4c9f70", "#8e5ea2",
                                                "#d4a017", "#3aa6a6", "#a0522d", "#708090"};
    static struct plot p;
    char line[1024];

    if (argc != 4) {
        fprintf(stderr, "usage: %s PREFIX TITLE X-AXIS <LINES >FILE.svg\n", argv[0]);
        return 2;
    }
    while (fgets(line, sizeof(line), stdin)) {
        json_t *row = json_loads(line, 0, NULL);

        if (row)
            add(&p, argv[1], row);
        json_decref(row);
    }
    if (!p.count) {
        fprintf(stderr, "%s: no line has the case '%s' and a number\n", argv[0], argv[1]);
        return 1;
    }
    find_ends(&p);
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
           "font-family=\"sans-serif\" font-size=\"12\">\n",
           WIDTH, HEIGHT);
    axes(&p, argv[2], argv[3]);
    for (unsigned i = 0; i < p.count; i++)
        curve(&p, &p.series[i], colours[i]);
    printf("</svg>\n");
    return 0;
}
