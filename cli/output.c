/* SPDX-License-Identifier: MIT */
/*
 * Results: one JSON document in the format that was asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "render.h"

const char *
cli_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

json_t *
cli_hex32(uint32_t value)
{
    return json_sprintf("0x%08x", value);
}

json_t *
cli_hex(uint64_t value)
{
    return json_sprintf("0x%llx", (unsigned long long)value);
}

json_t *
cli_json_of(struct gsp_text *text)
{
    json_t *value = text->rc < 0 || !text->data
                        ? NULL
                        : json_loadb(text->data, text->bytes, JSON_DECODE_ANY, NULL);

    gsp_text_fini(text);
    memset(text, 0, sizeof(*text));
    return value;
}

static void
csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void
csv_value(FILE *out, const json_t *value)
{
    char *text;

    if (!value || json_is_null(value))
        return;
    if (json_is_string(value)) {
        csv_text(out, json_string_value(value));
        return;
    }
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
    csv_text(out, text ? text : "");
    free(text);
}

static void
csv_rows(FILE *out, const json_t *rows)
{
    const json_t *first = json_array_get(rows, 0);
    const json_t *row;
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)first, key, value) fprintf(
        out, "%s%s",
        value == json_object_iter_value(json_object_iter((json_t *)first)) ? "" : ",", key);
    fputc('\n', out);
    json_array_foreach(rows, i, row)
    {
        const char *comma = "";

        json_object_foreach((json_t *)first, key, value)
        {
            fputs(comma, out);
            csv_value(out, json_object_get(row, key));
            comma = ",";
        }
        fputc('\n', out);
    }
}

static void
csv_path(const char *prefix, const json_t *value, FILE *out)
{
    fputs("", out);
    csv_text(out, prefix);
    fputc(',', out);
    csv_value(out, value);
    fputc('\n', out);
}

static void csv_flat(const char *prefix, const json_t *value, FILE *out, unsigned depth);

static void
csv_flat_object(const char *prefix, const json_t *object, FILE *out, unsigned depth)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        char path[512];

        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
        csv_flat(path, value, out, depth);
    }
}

static void
csv_flat(const char *prefix, const json_t *value, FILE *out, unsigned depth)
{
    const json_t *item;
    size_t i;

    if (depth > 32 || (!json_is_object(value) && !json_is_array(value))) {
        csv_path(prefix, value, out);
        return;
    }
    if (json_is_object(value)) {
        csv_flat_object(prefix, value, out, depth + 1);
        return;
    }
    json_array_foreach(value, i, item)
    {
        char path[512];

        snprintf(path, sizeof(path), "%s[%zu]", prefix, i);
        csv_flat(path, item, out, depth + 1);
    }
}

/* Arrays of objects become rows under a header, everything else `path,value`. */
static void
write_csv(FILE *out, const json_t *doc)
{
    if (json_is_array(doc) && json_is_object(json_array_get(doc, 0))) {
        csv_rows(out, doc);
        return;
    }
    if (json_is_array(doc) && !json_array_size(doc))
        return;
    fputs("path,value\n", out);
    csv_flat("", doc, out, 0);
}

static void
write_lines(FILE *out, const json_t *doc)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(doc)) {
        json_dumpf(doc, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        fputc('\n', out);
        return;
    }
    json_array_foreach(doc, i, item)
    {
        json_dumpf(item, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        fputc('\n', out);
    }
}

static int
write_raw(struct cli *cli, const struct cli_doc *doc)
{
    if (!doc->raw && !doc->raw_bytes)
        return cli_usage(cli, "text, json, jsonl, yaml and csv work for every verb",
                         "this result has no raw bytes");
    fwrite(doc->raw, 1, doc->raw_bytes, cli->out);
    return CLI_OK;
}

static int
write_doc(struct cli *cli, const struct cli_doc *doc)
{
    switch (cli->options.format) {
    case CLI_JSON:
        json_dumpf(doc->json, cli->out,
                   JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        fputc('\n', cli->out);
        return CLI_OK;
    case CLI_JSONL:
        write_lines(cli->out, doc->json);
        return CLI_OK;
    case CLI_YAML:
        return cli_yaml_write(doc->json, cli->out) < 0 ? cli_out_of_memory(cli) : CLI_OK;
    case CLI_CSV:
        write_csv(cli->out, doc->json);
        return CLI_OK;
    case CLI_RAW:
        return write_raw(cli, doc);
    default:
        break;
    }
    if (doc->text)
        doc->text(cli, doc->json);
    else
        render_value(cli, doc->json);
    return CLI_OK;
}

void
cli_keep_result(struct cli *cli, json_t *doc)
{
    json_decref(cli->result);
    cli->result = doc;
}

int
cli_flush(struct cli *cli)
{
    struct gsp_error err = {0};

    if (cli->write_failed)
        return CLI_INTERNAL;
    errno = 0;
    if (!fflush(cli->out) && !ferror(cli->out))
        return CLI_OK;
    cli->write_failed = true;
    gsp_fail(&err, GSP_ORIGIN_LOCAL, -EIO, "cannot write the result%s%s", errno ? ": " : "",
             errno ? strerror(errno) : ""); /* an earlier write may have met it */
    gsp_hint(&err, "stdout is a full disk, or closed");
    return cli_fail(cli, &err);
}

int
cli_emit(struct cli *cli, const struct cli_doc *doc)
{
    int rc = doc->json ? write_doc(cli, doc) : cli_out_of_memory(cli);

    if (cli->keep_session && doc->json)
        cli_keep_result(cli, json_incref(doc->json));
    json_decref(doc->json);
    return rc == CLI_OK ? cli_flush(cli) : rc;
}

int
cli_emit_row(struct cli *cli, json_t *row, void (*text)(struct cli *, const json_t *))
{
    const enum cli_format asked = cli->options.format;
    int rc;

    if (asked == CLI_JSON)
        cli->options.format = CLI_JSONL;
    if (asked == CLI_YAML)
        fputs("---\n", cli->out);
    rc = cli_emit(cli, &(struct cli_doc){.json = row, .text = text});
    cli->options.format = asked;
    return rc;
}
