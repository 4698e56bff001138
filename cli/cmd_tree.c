/* SPDX-License-Identifier: MIT */
/*
 * tree: the objects of this session or of a saved tree, what leaked, and differences.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmds.h"
#include "session.h"
#include "tree_doc.h"

enum { SLICE_MS = 50 };

struct view {
    struct tree_style style;
    struct tree_filter filter;
    bool diff, leaks, dot, watch;
    double seconds;
    unsigned long count;
    const char *from; /* file, or NULL: the session */
};

static int
load(struct cli *cli, const struct view *v, json_t **root_out, struct gsp_error *err)
{
    struct cli_session *s;
    rm_handle subdevice;

    *root_out = NULL;
    if (v->from) {
        *root_out = tree_of_file(v->from, err);
        return *root_out ? 0 : -1;
    }
    if (session_get(cli, &s, err) < 0)
        return -1;
    /* A fresh session would show a lone root. */
    if (!cli->keep_session && session_object(s, "subdevice", &subdevice, err) < 0)
        return -1;
    *root_out = tree_of_session(cli, s, err);
    return *root_out ? 0 : -1;
}

static void
print_leaks(struct cli *cli, const json_t *doc)
{
    const json_t *row, *object;
    size_t i, k;

    json_array_foreach(doc, i, row)
    {
        const json_t *objects = json_object_get(row, "objects");

        fprintf(cli->out, "%s left %zu objects", cli_str(row, "owner"),
                json_array_size(objects));
        if (json_integer_value(json_object_get(row, "bytes")))
            fprintf(cli->out, ", %lld bytes of memory",
                    (long long)json_integer_value(json_object_get(row, "bytes")));
        fputc('\n', cli->out);
        json_array_foreach(objects, k, object) fprintf(
            cli->out, "  %s %s%s%s\n", cli_str(object, "handle"), cli_str(object, "class"),
            *cli_str(object, "name") ? " " : "", cli_str(object, "name"));
    }
}

static int
emit_leaks(struct cli *cli, const json_t *root)
{
    json_t *leaks = tree_leaks(root);

    if (!json_array_size(leaks))
        cli_note(cli, "nothing is left of an owner that is gone");
    return cli_emit(cli, &(struct cli_doc){.json = leaks, .text = print_leaks});
}

/* Takes the tree. */
static int
emit(struct cli *cli, const struct view *v, json_t *root)
{
    int rc = CLI_OK;

    if (!tree_filter_is_empty(&v->filter) && !tree_prune(root, &v->filter)) {
        cli_note(cli, "no object matches");
        json_decref(root);
        return CLI_OK;
    }
    if (v->leaks) {
        rc = emit_leaks(cli, root);
    } else if (v->dot) {
        tree_draw_dot(cli, root);
    } else if (cli->options.format == CLI_TEXT) {
        tree_draw(cli, root, &v->style);
        cli_keep_result(cli, json_incref(root));
    } else {
        return cli_emit(cli, &(struct cli_doc){.json = root});
    }
    json_decref(root);
    return rc;
}

static int
show(struct cli *cli, const struct view *v)
{
    struct gsp_error err = {0};
    json_t *root;

    if (load(cli, v, &root, &err) < 0)
        return cli_fail(cli, &err);
    if (!v->from && session_is_dry(cli->session)) {
        json_decref(root);
        return session_emit_dry(cli, cli->session);
    }
    return emit(cli, v, root);
}

static void
print_diff(struct cli *cli, const json_t *doc)
{
    const json_t *line;
    size_t i;

    json_array_foreach(doc, i, line) fprintf(cli->out, "%s\n", json_string_value(line));
}

static json_t *
lines_of(const char *text)
{
    json_t *lines = json_array();

    while (text && *text) {
        const size_t bytes = strcspn(text, "\n");

        json_array_append_new(lines, json_stringn(text, bytes));
        text += bytes + (text[bytes] == '\n');
    }
    return lines;
}

/* The lines of the difference; NULL with *err. */
static json_t *
compare(const json_t *a, const json_t *b, struct gsp_error *err)
{
    char *a_text = json_dumps(a, JSON_ENCODE_ANY), *b_text = json_dumps(b, JSON_ENCODE_ANY);
    struct gsp_text text = {0};
    json_t *lines = NULL;

    if (a_text && b_text && rm_tree_diff(a_text, b_text, &text, err) == 0)
        lines = lines_of(text.data);
    gsp_text_fini(&text);
    free(a_text);
    free(b_text);
    return lines;
}

static int
diff_trees(struct cli *cli, const char *before, const char *after)
{
    struct gsp_error err = {0};
    json_t *a = cli_load_file(before, &err);
    json_t *b = a ? cli_load_file(after, &err) : NULL;
    json_t *lines = b ? compare(a, b, &err) : NULL;

    json_decref(a);
    json_decref(b);
    if (lines)
        return cli_emit(cli, &(struct cli_doc){.json = lines, .text = print_diff});
    if (!err.hint[0])
        gsp_hint(&err, "nvrm-cli -j tree writes such a dump");
    return cli_fail(cli, &err);
}

static bool
pause_for(const struct cli *cli, double seconds)
{
    const uint64_t end_ns = gsp_host_now_ns(NULL) + (uint64_t)(seconds * 1e9);

    while (gsp_host_now_ns(NULL) < end_ns && !*cli->interrupted) {
        const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};

        nanosleep(&slice, NULL);
    }
    return !*cli->interrupted;
}

static void
print_change(struct cli *cli, const json_t *row)
{
    print_diff(cli, json_object_get(row, "changes"));
}

/* The tree once, then what changes in it. A file is read again each time. */
static int
watch(struct cli *cli, const struct view *v)
{
    struct gsp_error err = {0};
    json_t *before = NULL, *now;
    int rc = show(cli, v);

    fflush(cli->out);
    if (rc == CLI_OK && load(cli, v, &before, &err) < 0)
        return cli_fail(cli, &err);
    for (unsigned long turn = 1; rc == CLI_OK && (!v->count || turn < v->count); turn++) {
        json_t *lines;

        if (!pause_for(cli, v->seconds)) {
            rc = CLI_INTERRUPTED;
            break;
        }
        if (load(cli, v, &now, &err) < 0) {
            rc = cli_fail(cli, &err);
            break;
        }
        lines = compare(before, now, &err);
        if (json_array_size(lines))
            rc = cli_emit_row(cli, json_pack("{s:O}", "changes", lines), print_change);
        json_decref(lines);
        json_decref(before);
        before = now;
    }
    json_decref(before);
    return rc;
}

static int
take_numbers(struct cli *cli, struct view *v, const char *seconds, const char *count)
{
    char *end;

    v->seconds = seconds ? strtod(seconds, &end) : 2;
    if (seconds && (*end || end == seconds || !(v->seconds >= 0.05) || v->seconds > 86400))
        return cli_usage(cli, "seconds from 0.05 to 86400", "-n: '%s' is not a legal value",
                         seconds);
    v->count = count ? strtoul(count, &end, 10) : 0;
    if (count && (*end || end == count || !v->count))
        return cli_usage(cli, "how many times to look", "--count: '%s' is not a number above 0",
                         count);
    return CLI_OK;
}

static int
take_options(struct cli *cli, struct view *v, int *argc, char **argv)
{
    struct {
        const char *option;
        char *value;
    } values[] = {{"--class"}, {"--name"}, {"--owner"}, {"--from"}, {"-n"}, {"--count"}};
    int rc = CLI_OK;

    v->style.params = cli_flag(argc, argv, "--params");
    v->style.sizes = cli_flag(argc, argv, "--sizes");
    v->style.owners = cli_flag(argc, argv, "--owners");
    v->diff = cli_flag(argc, argv, "--diff");
    v->leaks = cli_flag(argc, argv, "--leaks");
    v->dot = cli_flag(argc, argv, "--dot");
    v->watch = cli_flag(argc, argv, "--watch");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) && rc == CLI_OK; i++)
        rc = cli_value(cli, argc, argv, values[i].option, &values[i].value);
    v->filter = (struct tree_filter){
        .cls = values[0].value, .name = values[1].value, .owner = values[2].value};
    v->from = values[3].value;
    return rc == CLI_OK ? take_numbers(cli, v, values[4].value, values[5].value) : rc;
}

static int
cmd_tree_run(struct cli *cli, int argc, char **argv)
{
    struct view v = {0};
    int rc = take_options(cli, &v, &argc, argv);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_tree, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (v.diff && argc != 3)
        return cli_usage(cli, "usage: nvrm-cli tree --diff BEFORE AFTER",
                         "tree --diff compares two files");
    if (v.diff)
        return diff_trees(cli, argv[1], argv[2]);
    if (v.dot && (v.leaks || v.watch))
        return cli_usage(cli, "draw the graph alone",
                         "--dot goes with neither --leaks nor "
                         "--watch");
    v.filter.words = argv + 1;
    v.filter.word_count = argc - 1;
    return v.watch ? watch(cli, &v) : show(cli, &v);
}

const struct nvrm_cmd cmd_tree = {
    .name = "tree",
    .args = "[PATTERN...] | --diff BEFORE AFTER",
    .options = "--params, --sizes, --owners, --class GLOB, --name GLOB, --owner GLOB, --leaks, "
               "--dot, --from FILE, --watch [-n SECONDS] [--count N], --diff BEFORE AFTER",
    .help = "draw the tree of objects, what leaked, a graph, or the difference of two",
    .min_args = 0,
    .max_args = -1,
    .run = cmd_tree_run,
};
