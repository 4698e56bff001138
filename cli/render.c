/* SPDX-License-Identifier: MIT */
/*
 * Generic text: widths are measured first, so that columns line up.
 */
#include <stdlib.h>
#include <string.h>

#include "render.h"

enum { MOST_COLUMNS = 12, DEEPEST = 32, LINE = 512 };

const char *
render_scalar(const json_t *value, char *buf, size_t buf_bytes)
{
    char *text;

    if (json_is_string(value))
        return json_string_value(value);
    if (!value || json_is_null(value))
        return "-";
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
    snprintf(buf, buf_bytes, "%s", text ? text : "?");
    free(text);
    return buf;
}

/* Columns of a UTF-8 text: continuation bytes take none. */
static int
width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static bool
is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool
all_scalars(const json_t *array)
{
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (!is_scalar(item))
            return false;
    }
    return true;
}

/* Visits every line of a document as path and text. */
struct line_visitor {
    FILE *out; /* NULL while measuring */
    int width;
    const char *bold, *plain;
};

static void
visit_line(struct line_visitor *v, const char *path, const char *text)
{
    const int width = width_of(path);

    if (v->out)
        fprintf(v->out, "%s%s%s%*s = %s\n", v->bold, path, v->plain, v->width - width, "",
                text);
    else if (width > v->width)
        v->width = width;
}

static void visit(struct line_visitor *v, const char *prefix, const json_t *value, int depth);

static void
visit_list(struct line_visitor *v, const char *prefix, const json_t *list, int depth)
{
    const json_t *item;
    char path[LINE], scalar[LINE];
    size_t i;

    if (all_scalars(list)) {
        char *text = json_dumps(list, JSON_COMPACT);

        visit_line(v, prefix, text ? text : "?");
        free(text);
        return;
    }
    json_array_foreach(list, i, item)
    {
        snprintf(path, sizeof(path), "%s[%zu]", prefix, i);
        if (is_scalar(item))
            visit_line(v, path, render_scalar(item, scalar, sizeof(scalar)));
        else
            visit(v, path, item, depth + 1);
    }
}

static void
visit(struct line_visitor *v, const char *prefix, const json_t *value, int depth)
{
    char path[LINE], scalar[LINE];
    const char *key;
    json_t *item;

    if (depth > DEEPEST)
        return;
    if (json_is_array(value)) {
        visit_list(v, prefix, value, depth);
        return;
    }
    json_object_foreach((json_t *)value, key, item)
    {
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
        if (is_scalar(item))
            visit_line(v, path, render_scalar(item, scalar, sizeof(scalar)));
        else
            visit(v, path, item, depth + 1);
    }
}

static void
render_rows(struct cli *cli, const json_t *rows)
{
    struct render_column columns[MOST_COLUMNS + 1] = {0};
    const json_t *first = json_array_get(rows, 0);
    unsigned n = 0;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)first, key, value)
    {
        if (n < MOST_COLUMNS)
            columns[n++] = (struct render_column){key, key};
    }
    render_table(cli, rows, columns);
}

void
render_value(struct cli *cli, const json_t *value)
{
    struct line_visitor v = {.bold = cli_paint(cli, cli->out, "\033[1m"),
                             .plain = cli_paint(cli, cli->out, "\033[0m")};
    char scalar[LINE];

    if (is_scalar(value)) {
        fprintf(cli->out, "%s\n", render_scalar(value, scalar, sizeof(scalar)));
        return;
    }
    if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
        render_rows(cli, value);
        return;
    }
    visit(&v, "", value, 0);
    v.out = cli->out;
    visit(&v, "", value, 0);
}

/* A cell with the blanks behind it. Tables of ten thousand rows are common: no format here. */
static void
put_cell(FILE *out, const char *text, int blanks)
{
    static const char spaces[] = "                                ";

    fputs(text, out);
    for (; blanks > 0; blanks -= (int)sizeof(spaces) - 1)
        fwrite(spaces, 1, blanks < (int)sizeof(spaces) ? (size_t)blanks : sizeof(spaces) - 1,
               out);
}

void
render_table(struct cli *cli, const json_t *rows, const struct render_column *columns)
{
    int widths[MOST_COLUMNS] = {0};
    unsigned n = 0;
    char scalar[LINE];
    const json_t *row;
    size_t i;

    for (; columns[n].key && n < MOST_COLUMNS; n++)
        widths[n] = width_of(columns[n].title);
    json_array_foreach(rows, i, row)
    {
        for (unsigned k = 0; k < n; k++) {
            const int width = width_of(
                render_scalar(json_object_get(row, columns[k].key), scalar, sizeof(scalar)));

            if (width > widths[k])
                widths[k] = width;
        }
    }
    fputs(cli_paint(cli, cli->out, "\033[1m"), cli->out);
    for (unsigned k = 0; k < n; k++)
        fprintf(cli->out, "%s%s%*s", k ? "  " : "", columns[k].title,
                k + 1 < n ? widths[k] - width_of(columns[k].title) : 0, "");
    fprintf(cli->out, "%s\n", cli_paint(cli, cli->out, "\033[0m"));
    json_array_foreach(rows, i, row)
    {
        for (unsigned k = 0; k < n; k++) {
            const char *text =
                render_scalar(json_object_get(row, columns[k].key), scalar, sizeof(scalar));

            put_cell(cli->out, text, k + 1 < n ? widths[k] - width_of(text) + 2 : 0);
        }
        fputc('\n', cli->out);
    }
}
