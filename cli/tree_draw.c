/* SPDX-License-Identifier: MIT */
/*
 * Drawing the document of a tree: with lines for people, and as a graph.
 */
#include <stdlib.h>
#include <string.h>

#include "tree_doc.h"

enum { INDENT_BYTES = 512 };

static void
draw_size(FILE *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;

    for (; unit < 4 && bytes >= 1024 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    fprintf(out, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static void
draw_node(struct cli *cli, const json_t *node, const struct tree_style *style)
{
    const json_t *params = json_object_get(node, "params");
    const char *name = cli_str(node, "name");
    const uint64_t bytes = (uint64_t)json_integer_value(json_object_get(node, "bytes"));

    fprintf(cli->out, "%s %s%s%s", cli_str(node, "handle"), cli_paint(cli, cli->out, "\033[1m"),
            cli_str(node, "class"), cli_paint(cli, cli->out, "\033[0m"));
    if (!strcmp(cli_str(node, "class"), "?"))
        fprintf(cli->out, " (%s)", cli_str(node, "class_id"));
    if (*name && strcmp(name, "device") && strcmp(name, "subdevice"))
        fprintf(cli->out, " (%s)", name);
    if (style->sizes && (bytes || tree_bytes(node))) {
        fputs(bytes ? "  " : "  below it ", cli->out);
        draw_size(cli->out, bytes ? bytes : tree_bytes(node));
    }
    if (style->owners && *cli_str(node, "owner"))
        fprintf(cli->out, "  %s%s", cli_str(node, "owner"),
                json_is_true(json_object_get(node, "owner_gone")) ? " (gone)" : "");
    if (style->params && json_object_size(params)) {
        fputc(' ', cli->out);
        json_dumpf(params, cli->out, JSON_COMPACT);
    }
    fputc('\n', cli->out);
}

/* `indent` holds the bars of the ancestors; it is put back before the return. */
static void
draw_below(struct cli *cli, const json_t *node, const struct tree_style *style, char *indent)
{
    const json_t *children = json_object_get(node, "children"), *child;
    const size_t used = strlen(indent);
    size_t i;

    json_array_foreach(children, i, child)
    {
        const bool last = i + 1 == json_array_size(children);

        fprintf(cli->out, "%s%s", indent, last ? "\u2514\u2500 " : "\u251c\u2500 ");
        draw_node(cli, child, style);
        snprintf(indent + used, INDENT_BYTES - used, "%s", last ? "   " : "\u2502  ");
        draw_below(cli, child, style, indent);
        indent[used] = '\0';
    }
}

void
tree_draw(struct cli *cli, const json_t *root, const struct tree_style *style)
{
    char indent[INDENT_BYTES] = "";

    draw_node(cli, root, style);
    draw_below(cli, root, style, indent);
}

static void
dot_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void
dot_nodes(FILE *out, const json_t *node, json_t *handles)
{
    const char *handle = cli_str(node, "handle");
    const json_t *child;
    size_t i;

    json_object_set_new(handles, handle, json_true());
    fprintf(out, "  \"%s\" [label=\"", handle);
    dot_text(out, cli_str(node, "class"));
    fprintf(out, "\\n%s", handle);
    if (*cli_str(node, "name")) {
        fputs("\\n", out);
        dot_text(out, cli_str(node, "name"));
    }
    if (json_object_get(node, "bytes")) {
        fputs("\\n", out);
        draw_size(out, (uint64_t)json_integer_value(json_object_get(node, "bytes")));
    }
    fprintf(out, "\"%s];\n",
            json_is_true(json_object_get(node, "owner_gone")) ? ", color=red" : "");
    json_array_foreach(json_object_get(node, "children"), i, child)
    {
        dot_nodes(out, child, handles);
        fprintf(out, "  \"%s\" -> \"%s\";\n", handle, cli_str(child, "handle"));
    }
}

/* A parameter that holds another object's handle. The client is everywhere and says nothing. */
static void
dot_references(FILE *out, const json_t *node, const json_t *handles, const char *root)
{
    const char *handle = cli_str(node, "handle"), *key;
    json_t *value;
    const json_t *child;
    size_t i;

    json_object_foreach(json_object_get(node, "params"), key, value)
    {
        const char *to = json_string_value(value);

        if (*key == 'h' && to && strcmp(to, root) && strcmp(to, handle) &&
            json_object_get(handles, to))
            fprintf(out, "  \"%s\" -> \"%s\" [style=dashed, label=\"%s\"];\n", handle, to, key);
    }
    json_array_foreach(json_object_get(node, "children"), i, child)
        dot_references(out, child, handles, root);
}

void
tree_draw_dot(struct cli *cli, const json_t *root)
{
    json_t *handles = json_object();

    fputs("digraph rm {\n  node [shape=box, fontname=monospace];\n", cli->out);
    dot_nodes(cli->out, root, handles);
    dot_references(cli->out, root, handles, cli_str(root, "handle"));
    fputs("}\n", cli->out);
    json_decref(handles);
}
