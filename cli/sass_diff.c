/* SPDX-License-Identifier: MIT */
/* sass diff: two codes, function by function, as a list of what went and what came; sass
 * forms: what an operation takes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sass/text.h>

#include "cmds.h"
#include "sass_verbs.h"

static const struct nvrm_cmd diff_row = {
    .name = "sass diff", .args = "OLD NEW", .min_args = 2, .max_args = 2};
static const struct nvrm_cmd forms_row = {
    .name = "sass forms", .args = "OPERATION", .min_args = 1, .max_args = 1};

enum { MOST_CELLS = 64 << 20 };

/* Lines of one function. */
struct side {
    char **line;
    size_t n, cap;
};

static int
keep_line(void *ctx, const char *text)
{
    struct side *s = ctx;

    if (s->n == s->cap) {
        char **line = realloc(s->line, (s->cap ? 2 * s->cap : 256) * sizeof(*line));

        if (!line)
            return -ENOMEM;
        s->line = line;
        s->cap = s->cap ? 2 * s->cap : 256;
    }
    s->line[s->n] = strdup(text);
    return s->line[s->n++] ? 0 : -ENOMEM;
}

static void
free_side(struct side *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->line[i]);
    free(s->line);
}

static int
read_side(const struct sass_input *in, const char *name, bool ctl, struct side *out)
{
    const struct sass_list how = {.sm = in->sm, .ctl = ctl, .labels = false};

    for (size_t i = 0; i < in->n; i++)
        if (!name || !strcmp(in->code[i].name, name))
            return sass_disassemble(&how, in->code[i].words, in->code[i].count, keep_line, out);
    return 0;
}

static void
put(struct cli *cli, json_t *rows, const char *name, const char *what, const char *line,
    size_t at)
{
    json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:s}", "function", name, "change",
                                          what, "address", (json_int_t)(at * NVRM_SASS_BYTES),
                                          "text", line));
    if (cli->options.format == CLI_TEXT)
        fprintf(cli->out, "%s %04zx %s\n", !strcmp(what, "removed") ? "-" : "+",
                at * NVRM_SASS_BYTES, line);
}

/* Longest common subsequence, from the end; between what both begin and end with. */
static int
compare(struct cli *cli, json_t *rows, const char *name, const struct side *a,
        const struct side *b)
{
    size_t head = 0, an = a->n, bn = b->n, i, j;
    uint16_t *best;

    while (head < an && head < bn && !strcmp(a->line[head], b->line[head]))
        head++;
    while (an > head && bn > head && !strcmp(a->line[an - 1], b->line[bn - 1])) {
        an--;
        bn--;
    }
    if ((an - head + 1) * (bn - head + 1) > MOST_CELLS || an - head > 60000)
        return -E2BIG;
    best = calloc((an - head + 1) * (bn - head + 1), sizeof(*best));
    if (!best)
        return -ENOMEM;
#define AT(x, y) best[((x)-head) * (bn - head + 1) + ((y)-head)]
    for (i = an; i-- > head;)
        for (j = bn; j-- > head;) {
            const uint16_t skip = AT(i + 1, j) > AT(i, j + 1) ? AT(i + 1, j) : AT(i, j + 1);

            AT(i, j) =
                !strcmp(a->line[i], b->line[j]) ? (uint16_t)(AT(i + 1, j + 1) + 1) : skip;
        }
    for (i = j = head; i < an || j < bn;) {
        if (i < an && j < bn && !strcmp(a->line[i], b->line[j])) {
            i++;
            j++;
        } else if (i < an && (j == bn || AT(i + 1, j) >= AT(i, j + 1))) {
            put(cli, rows, name, "removed", a->line[i], i);
            i++;
        } else {
            put(cli, rows, name, "added", b->line[j], j);
            j++;
        }
    }
#undef AT
    free(best);
    return 0;
}

static int
diff_function(struct cli *cli, const struct sass_input *in, const char *name, bool ctl,
              json_t *rows)
{
    struct side side[2] = {{0}};
    const size_t before = json_array_size(rows);
    const char *title = name ? name : in[1].code[0].name;
    int rc = 0;

    for (int k = 0; rc == 0 && k < 2; k++)
        rc = read_side(&in[k], name, ctl, &side[k]);
    if (rc == 0)
        rc = compare(cli, rows, title, &side[0], &side[1]);
    free_side(&side[0]);
    free_side(&side[1]);
    if (rc == 0 && json_array_size(rows) > before && cli->options.format == CLI_TEXT)
        fprintf(cli->out, "# %s: %zu lines differ\n", title, json_array_size(rows) - before);
    return rc;
}

static bool
has(const struct sass_input *in, const char *name)
{
    for (size_t i = 0; i < in->n; i++)
        if (!strcmp(in->code[i].name, name))
            return true;
    return false;
}

/* Functions of both, then those that only the new one has. Raw code has one. */
static int
diff_all(struct cli *cli, const struct sass_input *in, bool ctl, json_t *rows)
{
    int rc = 0;

    if (!in[0].cubin || !in[1].cubin)
        return in[0].n == 1 && in[1].n == 1 ? diff_function(cli, in, NULL, ctl, rows) : -EINVAL;
    for (size_t i = 0; rc == 0 && i < in[0].n; i++)
        rc = diff_function(cli, in, in[0].code[i].name, ctl, rows);
    for (size_t i = 0; rc == 0 && i < in[1].n; i++)
        if (!has(&in[0], in[1].code[i].name))
            rc = diff_function(cli, in, in[1].code[i].name, ctl, rows);
    return rc;
}

static int
finish_diff(struct cli *cli, int rc, json_t *rows)
{
    if (rc == -ENOMEM)
        return cli_out_of_memory(cli);
    if (rc == -E2BIG)
        return cli_usage(cli, "--kernel NAME compares one", "the functions differ too much");
    if (rc < 0)
        return cli_usage(cli, "--kernel NAME picks one function of a cubin",
                         "a cubin with several functions and raw code do not compare");
    rc = json_array_size(rows) ? CLI_EXPECTATION : CLI_OK;
    if (cli->options.format != CLI_TEXT) {
        const int wrote = cli_emit(cli, &(struct cli_doc){.json = json_incref(rows)});

        return wrote == CLI_OK ? rc : wrote;
    }
    return cli_flush(cli) == CLI_OK ? rc : CLI_INTERNAL;
}

int
cli_sass_diff(struct cli *cli, int argc, char **argv)
{
    const bool ctl = !cli_flag(&argc, argv, "--no-ctl");
    struct sass_input in[2] = {{.n = 0}};
    char *kernel = NULL;
    json_t *rows;
    unsigned sm;
    int rc = sass_take_sm(cli, &argc, argv, &sm);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--kernel", &kernel);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &diff_row, &argc, argv);
    for (int k = 0; rc == CLI_OK && k < 2; k++)
        rc = sass_input_open(cli, argv[1 + k], sm, kernel, &in[k]);
    if (rc == CLI_OK) {
        rows = json_array();
        rc = finish_diff(cli, diff_all(cli, in, ctl, rows), rows);
        json_decref(rows);
    }
    sass_input_close(&in[0]);
    sass_input_close(&in[1]);
    return rc;
}

/* ---- forms ---- */

static json_t *
form_doc(unsigned form)
{
    struct nvrm_sass_form_info info;
    char text[SASS_LINE * 2];
    json_t *sms = json_array();

    nvrm_sass_form(form, &info);
    sass_describe_form(form, text, sizeof(text));
    for (unsigned i = 0; i < 7; i++) {
        static const int names[] = {75, 80, 86, 89, 90, 100, 120};

        if (info.sm_mask >> i & 1)
            json_array_append_new(sms, json_integer(names[i]));
    }
    return json_pack("{s:s, s:I, s:o, s:s}", "operation", info.mnemonic, "opcode",
                     (json_int_t)info.opcode, "sm", sms, "text", text);
}

static void
print_forms(struct cli *cli, const json_t *doc)
{
    const json_t *row, *sm;
    size_t i, k;

    json_array_foreach(doc, i, row)
    {
        fprintf(cli->out, "0x%03x  %s  # sm",
                (unsigned)json_integer_value(json_object_get(row, "opcode")),
                cli_str(row, "text"));
        json_array_foreach(json_object_get(row, "sm"), k, sm)
            fprintf(cli->out, " %d", (int)json_integer_value(sm));
        fputc('\n', cli->out);
    }
}

int
cli_sass_forms(struct cli *cli, int argc, char **argv)
{
    struct nvrm_sass_form_info info;
    json_t *rows;
    unsigned sm;
    int rc = sass_take_sm(cli, &argc, argv, &sm);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &forms_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    rows = json_array();
    for (unsigned i = 0; nvrm_sass_form(i, &info); i++)
        if (!strcmp(info.mnemonic, argv[1]) &&
            (!sm || info.sm_mask >> nvrm_sass_sm_index(sm) & 1))
            json_array_append_new(rows, form_doc(i));
    if (!json_array_size(rows)) {
        json_decref(rows);
        return cli_usage(cli, "for example sass forms IADD3", "no operation is called '%s'",
                         argv[1]);
    }
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_forms});
}
