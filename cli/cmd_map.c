/* SPDX-License-Identifier: MIT */
/*
 * map: what lies in a memory object, read through a mapping into this process.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rm/name.h>

#include "cmds.h"
#include "session.h"

enum { BYTES = 256, BYTES_MAX = 1 << 20, ROW = 16 };

struct range {
    uint64_t offset, bytes;
};

static void
print_bytes(struct cli *cli, const json_t *doc)
{
    const char *hex = cli_str(doc, "data");
    uint64_t at = strtoull(cli_str(doc, "offset"), NULL, 0);

    for (; *hex; at += ROW) {
        fprintf(cli->out, "%08llx ", (unsigned long long)at);
        for (unsigned i = 0; i < ROW && *hex; i++, hex += 2)
            fprintf(cli->out, " %.2s", hex);
        fputc('\n', cli->out);
    }
}

/* Word by word: what is mapped may be registers or write-combined memory. */
static json_t *
hex_of(const volatile uint8_t *from, uint64_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * bytes + 1);
    json_t *value;

    if (!text)
        return NULL;
    for (uint64_t i = 0; i < bytes; i += 4) {
        const uint32_t word = *(const volatile uint32_t *)(const volatile void *)(from + i);

        for (unsigned k = 0; k < 4; k++) {
            const unsigned byte = word >> 8 * k & 0xff;

            text[2 * (i + k)] = digits[byte >> 4];
            text[2 * (i + k) + 1] = digits[byte & 15];
        }
    }
    text[2 * bytes] = '\0';
    value = json_string(text);
    free(text);
    return value;
}

/* Whole pages are mapped around what is asked for. */
static int
show(struct cli *cli, struct cli_session *s, rm_handle object, const struct range *r)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const uint64_t first = r->offset & ~(page - 1);
    const uint64_t last = (r->offset + r->bytes + page - 1) & ~(page - 1);
    struct gsp_error err = {0};
    json_t *data;
    void *at;

    if (rm_map(session_client(s), object, first, last - first, false, &at, &err) < 0)
        return cli_fail(cli, &err);
    data = hex_of((uint8_t *)at + (r->offset - first), r->bytes);
    if (rm_unmap(session_client(s), at, &err) < 0) {
        json_decref(data);
        return cli_fail(cli, &err);
    }
    if (!data)
        return cli_out_of_memory(cli);
    return cli_emit(cli, &(struct cli_doc){
                             .json = json_pack("{s:o, s:o, s:I, s:o}", "object",
                                               cli_hex32(object), "offset", cli_hex(r->offset),
                                               "bytes", (json_int_t)r->bytes, "data", data),
                             .text = print_bytes});
}

static int
parse_range(struct cli *cli, int *argc, char **argv, struct range *r)
{
    const struct {
        const char *option;
        uint64_t *to;
    } rows[] = {
        {"--offset", &r->offset},
        {"--bytes",  &r->bytes },
    };

    for (size_t i = 0; i < 2; i++) {
        char *text = NULL, *end;
        int rc = cli_value(cli, argc, argv, rows[i].option, &text);

        if (rc != CLI_OK)
            return rc;
        if (!text)
            continue;
        *rows[i].to = strtoull(text, &end, 0);
        if (end == text || *end || *text == '-')
            return cli_usage(cli, "for example --bytes 0x1000", "%s: '%s' is not a number",
                             rows[i].option, text);
    }
    if (!r->bytes || r->bytes > BYTES_MAX || r->bytes % 4 || r->offset % 4 || r->offset >> 48)
        return cli_usage(cli, "for example --offset 0x100 --bytes 64",
                         "map: offset and bytes are multiples of 4, and bytes 4 to %u",
                         BYTES_MAX);
    return CLI_OK;
}

static int
cmd_map_run(struct cli *cli, int argc, char **argv)
{
    struct range r = {0, BYTES};
    struct gsp_error err = {0};
    struct cli_session *s;
    rm_handle object;
    int rc = parse_range(cli, &argc, argv, &r);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_map, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (session_get(cli, &s, &err) < 0 || session_object(s, argv[1], &object, &err) < 0)
        return cli_fail(cli, &err);
    return session_is_dry(s) ? session_emit_dry(cli, s) : show(cli, s, object, &r);
}

const struct nvrm_cmd cmd_map = {
    .name = "map",
    .args = "OBJECT",
    .options = "--offset N, --bytes N",
    .help = "bytes of a memory object, through a mapping into this process",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_map_run,
};
