/* SPDX-License-Identifier: MIT */
/*
 * sass: machine code of the SM as text and back, two codes compared, what operations take.
 * Needs no card.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sass/text.h>

#include "cmds.h"
#include "sass_verbs.h"
#include "subverb.h"

static const struct cli_subverb verbs[] = {
    {"dis",   cli_sass_dis  },
    {"asm",   cli_sass_asm  },
    {"diff",  cli_sass_diff },
    {"forms", cli_sass_forms},
    {"lint",  cli_sass_lint },
};

static const struct nvrm_cmd dis_row = {
    .name = "sass dis", .args = "FILE|-", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd asm_row = {
    .name = "sass asm", .args = "FILE|-", .min_args = 1, .max_args = 1};

static int
cmd_sass_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    if (verb)
        rc = verb->run(cli, argc - 1, argv + 1);
    cli_page_end(cli);
    return rc;
}

const struct nvrm_cmd cmd_sass = {
    .name = "sass",
    .args = "dis|asm|diff|forms|lint ...",
    .options = "--sm SM, --kernel NAME, --exact, --no-ctl, --words, --addresses",
    .help = "machine code of the SM: to text, from text, compared, checked for hazards",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_sass_run,
};

/* ---- dis ---- */

static int
print_line(void *ctx, const char *line)
{
    struct cli *cli = ctx;

    fprintf(cli->out, "%s%s\n", line[strlen(line) - 1] == ':' ? "" : "    ", line);
    return 0;
}

static json_t *
insn_doc(unsigned sm, const uint64_t code[2], uint64_t addr)
{
    const struct sass_print how = {.sm = sm};
    struct nvrm_sass_insn insn;
    char text[SASS_LINE], ctl[SASS_CTL];
    json_t *o = json_pack("{s:I, s:[o,o]}", "address", (json_int_t)addr, "words",
                          cli_hex(code[0]), cli_hex(code[1]));

    if (!nvrm_sass_decode(sm, code, addr, &insn)) {
        json_object_set_new(o, "text", json_null());
        return o;
    }
    sass_print(&how, &insn, text);
    sass_print_ctl(&insn.ctl, ctl);
    json_object_set_new(o, "text", json_string(text));
    json_object_set_new(o, "op", json_string(nvrm_sass_op_name(insn.op)));
    json_object_set_new(o, "control", json_string(ctl));
    return o;
}

static int
dis_json(struct cli *cli, const struct sass_input *in)
{
    json_t *kernels = json_array();

    for (size_t i = 0; i < in->n; i++) {
        json_t *rows = json_array();

        for (size_t k = 0; k < in->code[i].count; k++)
            json_array_append_new(
                rows, insn_doc(in->sm, in->code[i].words + 2 * k, k * NVRM_SASS_BYTES));
        json_array_append_new(kernels,
                              json_pack("{s:s, s:o}", "name", in->code[i].name, "code", rows));
    }
    return cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:i, s:o}", "sm", (int)in->sm,
                                                             "functions", kernels)});
}

static int
dis_text(struct cli *cli, const struct sass_input *in, struct sass_list how)
{
    int rc = CLI_OK;

    cli_page(cli);
    how.sm = in->sm;
    for (size_t i = 0; rc == CLI_OK && i < in->n; i++) {
        fprintf(cli->out, "%s# %s, sm_%u\n", i ? "\n" : "", in->code[i].name, in->sm);
        if (sass_disassemble(&how, in->code[i].words, in->code[i].count, print_line, cli) < 0)
            rc = cli_out_of_memory(cli);
    }
    return rc == CLI_OK ? cli_flush(cli) : rc;
}

int
cli_sass_dis(struct cli *cli, int argc, char **argv)
{
    struct sass_list how = {.labels = !cli_flag(&argc, argv, "--addresses")};
    struct sass_input in;
    char *kernel = NULL;
    unsigned sm;
    int rc;

    how.exact = cli_flag(&argc, argv, "--exact");
    how.ctl = !cli_flag(&argc, argv, "--no-ctl") && !how.exact;
    how.address = !how.labels;
    how.words = cli_flag(&argc, argv, "--words");
    rc = sass_take_sm(cli, &argc, argv, &sm);
    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--kernel", &kernel);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &dis_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    rc = sass_input_open(cli, argv[1], sm, kernel, &in);
    if (rc == CLI_OK)
        rc = cli->options.format == CLI_TEXT ? dis_text(cli, &in, how) : dis_json(cli, &in);
    sass_input_close(&in);
    return rc;
}

/* ---- asm ---- */

static void
print_words(struct cli *cli, const json_t *doc)
{
    const json_t *w;
    size_t i;

    json_array_foreach(json_object_get(doc, "words"), i, w)
        fprintf(cli->out, "%s%s", json_string_value(w), i % 2 ? "\n" : " ");
}

static int
emit_code(struct cli *cli, unsigned sm, const uint64_t *code, size_t count)
{
    json_t *words = json_array();
    char text[24];

    for (size_t i = 0; i < 2 * count; i++) {
        snprintf(text, sizeof(text), "0x%016llx", (unsigned long long)code[i]);
        json_array_append_new(words, json_string(text));
    }
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:i, s:o}", "sm", (int)sm, "words", words),
                               .text = print_words,
                               .raw = code,
                               .raw_bytes = count * NVRM_SASS_BYTES});
}

int
cli_sass_asm(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct sass_error wrong;
    uint64_t *code = NULL;
    size_t bytes = 0, count = 0;
    const char *name;
    unsigned sm;
    char *text;
    int rc = sass_take_sm(cli, &argc, argv, &sm);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &asm_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!sm)
        return cli_usage(cli, "for example --sm 80", "sass asm needs --sm");
    name = strcmp(argv[1], "-") ? argv[1] : "stdin";
    text = cli_read_file(argv[1], &bytes, &err);
    if (!text)
        return cli_fail(cli, &err);
    rc = sass_assemble(sm, text, bytes, &code, &count, &wrong);
    free(text);
    if (rc == -ENOMEM)
        return cli_out_of_memory(cli);
    if (rc < 0)
        return cli_usage(cli, *wrong.hint ? wrong.hint : NULL, "%s:%u: %s", name, wrong.line,
                         wrong.text);
    rc = emit_code(cli, sm, code, count);
    free(code);
    return rc;
}
