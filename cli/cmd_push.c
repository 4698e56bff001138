/* SPDX-License-Identifier: MIT */
/*
 * push: push buffers and GPFIFO entries as text, text as push buffers, and a linter. Needs no
 * card.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <nvmem/push_text.h>

#include "cmds.h"
#include "render.h"
#include "subverb.h"

static const struct nvrm_cmd dis_row = {
    .name = "push dis", .args = "FILE|-", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd asm_row = {
    .name = "push asm", .args = "FILE|-", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd lint_row = {
    .name = "push lint", .args = "FILE|-", .min_args = 1, .max_args = 1};

/* ---- words in ---- */

struct input {
    struct nvmem_push_state state;
    uint32_t *words;
    size_t count;
    bool ring;
    const struct nvrm_hw_item *record; /* --as, or NULL */
};

static bool
is_text(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isxdigit((unsigned char)bytes[i]) && !isspace((unsigned char)bytes[i]) &&
            bytes[i] != 'x' && bytes[i] != ',')
            return false;
    return count > 0;
}

/* "0x20018000 c7b5, ..." */
static int
hex_words(char *text, const char *name, struct input *in, struct gsp_error *err)
{
    for (char *w = strtok(text, ", \t\r\n"); w; w = strtok(NULL, ", \t\r\n")) {
        char *end;
        const unsigned long long v = strtoull(w, &end, 16);

        if (*end || v > UINT32_MAX) {
            gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: '%.20s' is no word of 32 bits", name,
                     w);
            gsp_hint(err, "--binary takes the file as it is");
            return -EINVAL;
        }
        in->words[in->count++] = (uint32_t)v;
    }
    return 0;
}

static int
binary_words(const char *bytes, size_t count, const char *name, struct input *in,
             struct gsp_error *err)
{
    if (count % 4) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %zu bytes are not whole words", name,
                 count);
        gsp_hint(err, "a push buffer is little-endian words of 4 bytes, or text in hex");
        return -EINVAL;
    }
    for (size_t i = 0; i < count / 4; i++) {
        const unsigned char *b = (const unsigned char *)bytes + 4 * i;

        in->words[i] =
            (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    }
    in->count = count / 4;
    return 0;
}

static int
read_words(const char *path, bool binary, struct input *in, struct gsp_error *err)
{
    const char *name = strcmp(path, "-") ? path : "stdin";
    size_t bytes = 0;
    char *text = cli_read_file(path, &bytes, err);
    int rc = -EINVAL;

    if (!text)
        return rc;
    in->words = malloc((bytes / 2 + 1) * sizeof(*in->words));
    if (!in->words)
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    else if (!binary && is_text(text, bytes))
        rc = hex_words(text, name, in, err);
    else
        rc = binary_words(text, bytes, name, in, err);
    free(text);
    return rc;
}

/* ---- options ---- */

static int
no_class(struct cli *cli, const char *name)
{
    const char *near = nvrm_hw_nearest_class(name);
    char hint[128];

    snprintf(hint, sizeof(hint), near ? "did you mean %s?" : "such as c7b5%s",
             near ? near : "");
    return cli_usage(cli, hint, "there is no hardware class '%s'", name);
}

/* --bind 4=c7b5 */
static int
bind_one(struct cli *cli, const char *text, struct nvmem_push_state *s)
{
    const unsigned subch = (unsigned)(text[0] - '0');
    const struct nvrm_hw_class *c;

    if (!isdigit((unsigned char)text[0]) || text[1] != '=' || subch >= NVMEM_PUSH_SUBCHANNELS)
        return cli_usage(cli, "for example --bind 4=c7b5", "--bind: '%s' is not N=CLASS", text);
    c = nvrm_hw_class_named(text + 2);
    if (!c)
        return no_class(cli, text + 2);
    s->bound[subch] = c;
    s->bound_id[subch] = c->id;
    return CLI_OK;
}

/* "QMDV03_00" of the newest class that has it, or "NVC6C0_QMDV03_00". */
static const struct nvrm_hw_item *
find_record(const char *name)
{
    char id[8] = "";

    if (!strncasecmp(name, "NV", 2) && strlen(name) > 7 && name[6] == '_') {
        memcpy(id, name + 2, 4);
        return nvrm_hw_class_named(id) ? nvrm_hw_record(nvrm_hw_class_named(id), name + 7)
                                       : NULL;
    }
    for (unsigned i = nvrm_hw_class_count(); i-- > 0;)
        for (unsigned k = 0; k < nvrm_hw_class_at(i)->record_count; k++) {
            const struct nvrm_hw_item *r = nvrm_hw_record_at(nvrm_hw_class_at(i), k);

            if (!strcmp(nvrm_hw_text(r->name), name))
                return r;
        }
    return NULL;
}

static int
take_record(struct cli *cli, int *argc, char **argv, struct input *in)
{
    char *name;
    int rc = cli_value(cli, argc, argv, "--as", &name);

    if (rc != CLI_OK || !name)
        return rc;
    in->record = find_record(name);
    return in->record ? CLI_OK
                      : cli_usage(cli, "such as QMDV03_00, TEXHEAD_BL or NVC797_SPHV4T1",
                                  "there is no record '%s'", name);
}

static int
take_options(struct cli *cli, int *argc, char **argv, struct input *in, bool *binary)
{
    char *text;
    int rc = cli_value(cli, argc, argv, "--host", &text);

    *binary = cli_flag(argc, argv, "--binary");
    in->ring = cli_flag(argc, argv, "--gpfifo");
    if (rc == CLI_OK && text) {
        in->state.host = nvrm_hw_class_named(text);
        if (!in->state.host)
            return no_class(cli, text);
    }
    rc = rc == CLI_OK ? take_record(cli, argc, argv, in) : rc;
    do {
        rc = rc == CLI_OK ? cli_value(cli, argc, argv, "--bind", &text) : rc;
        if (rc == CLI_OK && text)
            rc = bind_one(cli, text, &in->state);
    } while (rc == CLI_OK && text);
    return rc;
}

static int
open_input(struct cli *cli, const struct nvrm_cmd *row, int argc, char **argv, struct input *in)
{
    struct gsp_error err = {0};
    bool binary = false;
    int rc = take_options(cli, &argc, argv, in, &binary);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, row, &argc, argv);
    if (rc == CLI_OK && read_words(argv[1], binary, in, &err) < 0)
        rc = cli_fail(cli, &err);
    return rc;
}

/* ---- dis ---- */

static json_t *
fields_doc(const struct nvmem_push_call *c)
{
    json_t *o = json_object();

    for (unsigned k = 0; k < c->item->field_count; k++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(c->item, k);
        const uint64_t v = nvrm_hw_get(f, &c->data, 0, 0);
        const char *name = nvrm_hw_value_name(f, v);

        json_object_set_new(o, nvrm_hw_text(f->name),
                            name ? json_string(name) : json_integer((json_int_t)v));
    }
    return o;
}

static json_t *
call_doc(const struct nvmem_push_call *c)
{
    static const char *const ops[] = {[NVMEM_PUSH_INC] = "inc",
                                      [NVMEM_PUSH_NONINC] = "nonincr",
                                      [NVMEM_PUSH_IMM] = "imm",
                                      [NVMEM_PUSH_ONCE] = "once"};
    json_t *o = json_pack("{s:I}", "word", (json_int_t)c->word);

    if (c->kind != NVMEM_PUSH_CALL) {
        json_object_set_new(o, "raw", cli_hex32(c->raw));
        json_object_set_new(o, "kind",
                            json_string(c->kind == NVMEM_PUSH_NOP       ? "nop"
                                        : c->kind == NVMEM_PUSH_SEGMENT ? "end"
                                                                        : "word"));
        if (c->why)
            json_object_set_new(o, "why", json_string(c->why));
        return o;
    }
    json_object_set_new(o, "subchannel", json_integer(c->subch));
    if (c->cl)
        json_object_set_new(o, "class", json_string(nvrm_hw_text(c->cl->name)));
    json_object_set_new(o, "op", json_string(ops[c->op]));
    json_object_set_new(o, "address", cli_hex(c->method));
    json_object_set_new(o, "data", cli_hex32(c->data));
    if (!c->item)
        return o;
    json_object_set_new(o, "method", json_string(nvrm_hw_text(c->item->name)));
    if (c->item->step_j)
        json_object_set_new(o, "index", json_pack("[i, i]", (int)c->i, (int)c->j));
    else if (c->item->step_i)
        json_object_set_new(o, "index", json_pack("[i]", (int)c->i));
    json_object_set_new(o, "fields", fields_doc(c));
    return o;
}

static json_t *
calls_doc(struct input *in)
{
    json_t *rows = json_array();
    struct nvmem_push_reader r;
    struct nvmem_push_call c;

    nvmem_push_open(&r, &in->state, in->words, in->count);
    while (nvmem_push_next(&r, &c))
        json_array_append_new(rows, call_doc(&c));
    return rows;
}

/* Lines, as an array or as they are. */
static json_t *
lines_doc(const char *text)
{
    json_t *rows = json_array();

    while (*text) {
        const size_t n = strcspn(text, "\n");

        json_array_append_new(rows, json_stringn(text, n));
        text += n + (text[n] ? 1 : 0);
    }
    return rows;
}

static json_t *
record_doc(const struct nvrm_hw_item *r, const uint32_t *words)
{
    json_t *o = json_object();
    uint32_t turned[NVMEM_PUSH_RECORD_WORDS];

    for (unsigned i = 0; r->at && i < r->words && r->words <= NVMEM_PUSH_RECORD_WORDS; i++)
        turned[i] = words[r->words - 1 - i];
    words = r->at ? turned : words;
    for (unsigned k = 0; k < r->field_count; k++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(r, k);
        json_t *list = f->step_i ? json_array() : NULL;

        for (unsigned n = 0; n < (unsigned)f->n * f->m; n++) {
            const uint64_t v = nvrm_hw_get(f, words, n / f->m, n % f->m);
            const char *name = nvrm_hw_value_name(f, v);
            json_t *value = name             ? json_string(name)
                            : v <= INT64_MAX ? json_integer((json_int_t)v)
                                             : cli_hex(v);

            if (list)
                json_array_append_new(list, value);
            else
                json_object_set_new(o, nvrm_hw_text(f->name), value);
        }
        if (list)
            json_object_set_new(o, nvrm_hw_text(f->name), list);
    }
    return o;
}

/* Whole records only. */
static int
check_records(struct cli *cli, const struct input *in)
{
    const unsigned words = in->record->words;

    return in->count && in->count % words == 0
               ? CLI_OK
               : cli_usage(cli, "records lie one behind the other",
                           "%zu words are not whole records of %u words", in->count, words);
}

static int
dis_records(struct cli *cli, const struct input *in)
{
    const struct nvrm_hw_item *r = in->record;
    const size_t count = in->count / r->words;
    struct gsp_text text = {0};
    json_t *rows;
    int rc = check_records(cli, in);

    if (rc != CLI_OK)
        return rc;
    if (cli->options.format != CLI_TEXT) {
        rows = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(rows, record_doc(r, in->words + i * r->words));
        return cli_emit(cli, &(struct cli_doc){.json = rows});
    }
    rc = nvmem_push_write_records(r, in->words, count, &text) < 0 ? cli_out_of_memory(cli)
                                                                  : CLI_OK;
    fputs(rc == CLI_OK && text.data ? text.data : "", cli->out);
    gsp_text_fini(&text);
    return rc;
}

static int
push_dis(struct cli *cli, int argc, char **argv)
{
    struct input in = {0};
    struct gsp_text text = {0};
    int rc = open_input(cli, &dis_row, argc, argv, &in);

    if (rc == CLI_OK && in.record) {
        rc = dis_records(cli, &in);
    } else if (rc == CLI_OK && cli->options.format != CLI_TEXT && !in.ring) {
        rc = cli_emit(cli, &(struct cli_doc){.json = calls_doc(&in)});
    } else if (rc == CLI_OK) {
        if ((in.ring ? nvmem_push_disassemble_ring(in.words, in.count, &text)
                     : nvmem_push_disassemble(&in.state, in.words, in.count, &text)) < 0)
            rc = cli_out_of_memory(cli);
        else if (cli->options.format == CLI_TEXT)
            fputs(text.data ? text.data : "", cli->out);
        else
            rc =
                cli_emit(cli, &(struct cli_doc){.json = lines_doc(text.data ? text.data : "")});
    }
    gsp_text_fini(&text);
    free(in.words);
    return rc;
}

/* ---- asm ---- */

static void
print_words(struct cli *cli, const json_t *doc)
{
    const json_t *w;
    size_t i;

    json_array_foreach(json_object_get(doc, "words"), i, w)
        fprintf(cli->out, "%s%s", json_string_value(w), i % 8 == 7 ? "\n" : " ");
    if (json_array_size(json_object_get(doc, "words")) % 8)
        fputc('\n', cli->out);
}

static int
emit_words(struct cli *cli, const struct gsp_text *words)
{
    json_t *list = json_array();

    for (size_t i = 0; i + 4 <= words->bytes; i += 4) {
        uint32_t w;

        memcpy(&w, words->data + i, 4);
        json_array_append_new(list, cli_hex32(w));
    }
    return cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:o}", "words", list),
                                           .text = print_words,
                                           .raw = words->data ? words->data : "",
                                           .raw_bytes = words->bytes});
}

static int
push_asm(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct gsp_text words = {0};
    struct input in = {0};
    const char *name;
    char *text;
    size_t bytes = 0;
    int rc = take_record(cli, &argc, argv, &in);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &asm_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    name = strcmp(argv[1], "-") ? argv[1] : "stdin";
    text = cli_read_file(argv[1], &bytes, &err);
    if (!text ||
        (in.record ? nvmem_push_read_records(in.record, text, bytes, name, &words, &err)
                   : nvmem_push_assemble(text, bytes, name, &words, &err)) < 0)
        rc = cli_fail(cli, &err);
    else
        rc = emit_words(cli, &words);
    gsp_text_fini(&words);
    free(text);
    return rc;
}

/* ---- lint ---- */

static int
add_finding(void *ctx, const struct nvmem_push_finding *f)
{
    json_t *row = json_pack("{s:I, s:s, s:s}", "word", (json_int_t)f->word, "rule",
                            nvmem_push_rule_name(f->rule), "text", f->text);

    if (f->hint[0])
        json_object_set_new(row, "hint", json_string(f->hint));
    json_array_append_new(ctx, row);
    return 0;
}

static void
print_findings(struct cli *cli, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *hint = cli_str(row, "hint");

        fprintf(cli->out, "word %lld: %s: %s%s%s%s\n",
                (long long)json_integer_value(json_object_get(row, "word")),
                cli_str(row, "rule"), cli_str(row, "text"), *hint ? " (" : "", hint,
                *hint ? ")" : "");
    }
}

static int
push_lint(struct cli *cli, int argc, char **argv)
{
    struct input in = {0};
    json_t *rows;
    size_t found;
    int rc = open_input(cli, &lint_row, argc, argv, &in);

    if (rc == CLI_OK && in.record)
        rc = check_records(cli, &in);
    if (rc != CLI_OK) {
        free(in.words);
        return rc;
    }
    rows = json_array();
    found = in.record ? nvmem_push_lint_records(in.record, in.words,
                                                in.count / in.record->words, add_finding, rows)
            : in.ring ? nvmem_push_lint_ring(in.words, in.count, add_finding, rows)
                      : nvmem_push_lint(&in.state, in.words, in.count, add_finding, rows);
    free(in.words);
    rc = cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_findings});
    return rc == CLI_OK && found ? CLI_EXPECTATION : rc;
}

/* ---- the verb ---- */

static const struct cli_subverb verbs[] = {
    {"dis",  push_dis },
    {"asm",  push_asm },
    {"lint", push_lint},
};

static int
cmd_push_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    return verb ? verb->run(cli, argc - 1, argv + 1) : rc;
}

const struct nvrm_cmd cmd_push = {
    .name = "push",
    .args = "dis|asm|lint FILE|-",
    .options = "--host CLASS, --bind N=CLASS, --as NAME, --gpfifo, --binary",
    .help = "push buffers: to text, from text, and what is wrong in one",
    .min_args = 1,
    .max_args = -1,
    .pages = true,
    .run = cmd_push_run,
};
