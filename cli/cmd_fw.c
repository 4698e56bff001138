/* SPDX-License-Identifier: MIT */
/*
 * fw: firmware files taken apart, checked, compared and counted. No verb opens a card.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "fw_diff.h"
#include "fw_file.h"
#include "fw_synth.h"
#include "render.h"
#include "subverb.h"

static const struct nvrm_cmd info_row = {
    .name = "fw info", .args = "FILE...", .min_args = 1, .max_args = -1};
static const struct nvrm_cmd verify_row = {
    .name = "fw verify", .args = "FILE|FOLDER...", .min_args = 1, .max_args = -1};
static const struct nvrm_cmd list_row = {
    .name = "fw list", .args = "[FOLDER...]", .min_args = 0, .max_args = -1};
static const struct nvrm_cmd diff_row = {
    .name = "fw diff", .args = "FILE FILE|FOLDER FOLDER", .min_args = 2, .max_args = 2};
static const struct nvrm_cmd extract_row = {
    .name = "fw extract", .args = "FILE PART --to FILE", .min_args = 2, .max_args = 2};

/* ---- info ---- */

static void
print_parts(struct cli *cli, const json_t *doc)
{
    static const struct render_column columns[] = {
        {"name",   "PART"   },
        {"offset", "OFFSET" },
        {"bytes",  "BYTES"  },
        {"sha256", "SHA-256"},
        {NULL,     NULL     },
    };
    static const struct render_column members[] = {
        {"name",  "MEMBER"},
        {"bytes", "BYTES" },
        {NULL,    NULL    },
    };
    json_t *scalars = json_copy((json_t *)doc);

    json_object_del(scalars, "parts");
    json_object_del(scalars, "firmware");
    render_value(cli, scalars);
    json_decref(scalars);
    if (json_object_get(doc, "firmware"))
        render_table(cli, json_object_get(doc, "firmware"), members);
    if (json_object_get(doc, "parts"))
        render_table(cli, json_object_get(doc, "parts"), columns);
}

static void
print_infos(struct cli *cli, const json_t *docs)
{
    const json_t *doc;
    size_t i;

    json_array_foreach(docs, i, doc)
    {
        if (i)
            fputc('\n', cli->out);
        print_parts(cli, doc);
    }
}

static int
fw_info(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    json_t *docs;
    int rc = cli_check_args(cli, &info_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    docs = json_array();
    for (int i = 1; i < argc; i++) {
        json_t *doc = fw_doc_of(argv[i], &err);

        if (!doc) {
            json_decref(docs);
            return cli_fail(cli, &err);
        }
        json_array_append_new(docs, doc);
    }
    return cli_emit(cli, &(struct cli_doc){.json = docs, .text = print_infos});
}

/* ---- verify ---- */

static void
print_checks(struct cli *cli, const json_t *rows)
{
    const char *file = "";
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const bool ok = json_is_true(json_object_get(row, "ok"));

        if (strcmp(file, cli_str(row, "file")))
            fprintf(cli->out, "%s\n", file = cli_str(row, "file"));
        fprintf(cli->out, "  %s%s%s %-14s %s\n",
                cli_paint(cli, cli->out, ok ? "\033[32m" : "\033[1;31m"),
                ok ? "ok    " : "FAILED", cli_paint(cli, cli->out, "\033[0m"),
                cli_str(row, "check"), cli_str(row, "detail"));
    }
}

/* A file that does not parse is one failed check. */
static bool
verify_path(struct cli *cli, const char *path, json_t *rows)
{
    struct fw_file *f = calloc(1, sizeof(*f));
    struct gsp_error err = {0};
    bool ok = false;

    if (f && fw_file_open(path, f, &err) == 0) {
        ok = fw_checks(cli->schema, f, rows);
        fw_file_free(f);
    } else {
        json_array_append_new(rows, json_pack("{s:s, s:s, s:b, s:s}", "file", path, "check",
                                              "structure", "ok", 0, "detail", err.text));
    }
    free(f);
    return ok;
}

static int
collect(struct cli *cli, int argc, char **argv, struct fw_paths *paths)
{
    struct gsp_error err = {0};

    for (int i = 1; i < argc; i++) {
        if (fw_paths_add(paths, argv[i], &err) < 0)
            return cli_fail(cli, &err);
    }
    return CLI_OK;
}

static int
fw_verify(struct cli *cli, int argc, char **argv)
{
    struct fw_paths paths = {0};
    json_t *rows = json_array();
    bool ok = true;
    int rc = cli_check_args(cli, &verify_row, &argc, argv);

    if (rc == CLI_OK)
        rc = collect(cli, argc, argv, &paths);
    for (size_t i = 0; rc == CLI_OK && i < paths.count; i++)
        ok &= verify_path(cli, paths.path[i], rows);
    if (rc == CLI_OK && !paths.count)
        rc =
            cli_usage(cli, "firmware is called gsp*.bin, booter_*.bin, g_bindata_*.c and so on",
                      "no firmware file was found");
    fw_paths_free(&paths);
    if (rc != CLI_OK) {
        json_decref(rows);
        return rc;
    }
    rc = cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_checks});
    return rc == CLI_OK && !ok ? CLI_PROTOCOL : rc;
}

/* ---- list ---- */

/* ["a","b"] as "a, b". */
static json_t *
words_of(const json_t *list)
{
    char text[200] = "";
    const json_t *word;
    size_t i, n = 0;

    json_array_foreach(list, i, word)
    {
        if (n < sizeof(text) - 32)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.24s", i ? ", " : "",
                                  json_string_value(word));
    }
    return json_string(text);
}

static void
print_list(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"release", "RELEASE"},
        {"family",  "FAMILY" },
        {"boots",   "BOOTS"  },
        {"chips",   "CHIPS"  },
        {"missing", "MISSING"},
        {NULL,      NULL     },
    };
    json_t *copy = json_deep_copy(rows), *row;
    size_t i;

    json_array_foreach(copy, i, row)
        json_object_set_new(row, "missing", words_of(json_object_get(row, "missing")));
    render_table(cli, copy, columns);
    json_decref(copy);
}

static int
default_folders(struct cli *cli, struct fw_paths *paths)
{
    struct gsp_error err = {0};

    return fw_paths_default(paths, &err) < 0 ? cli_fail(cli, &err) : CLI_OK;
}

static int
fw_list_run(struct cli *cli, int argc, char **argv)
{
    struct fw_paths paths = {0};
    json_t *rows;
    int rc = cli_check_args(cli, &list_row, &argc, argv);

    if (rc == CLI_OK)
        rc = argc > 1 ? collect(cli, argc, argv, &paths) : default_folders(cli, &paths);
    if (rc != CLI_OK) {
        fw_paths_free(&paths);
        return rc;
    }
    rows = fw_list(cli->schema, &paths);
    fw_paths_free(&paths);
    if (!json_array_size(rows))
        cli_note(cli, "no firmware of GSP-RM there");
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_list});
}

/* ---- diff ---- */

static void
print_diff(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"what", "WHAT"},
        {"a",    "A"   },
        {"b",    "B"   },
        {NULL,   NULL  },
    };

    if (json_array_size(rows))
        render_table(cli, rows, columns);
    else
        fprintf(cli->out, "no difference\n");
}

static int
fw_diff_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    json_t *a, *b, *rows;
    int rc = cli_check_args(cli, &diff_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (fw_is_folder(argv[1]) != fw_is_folder(argv[2]))
        return cli_usage(cli, "name two files, or two folders",
                         "fw diff cannot compare a file and a folder");
    if (fw_is_folder(argv[1])) {
        rows = fw_diff_folders(argv[1], argv[2], &err);
        return rows ? cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_diff})
                    : cli_fail(cli, &err);
    }
    a = fw_doc_of(argv[1], &err);
    b = a ? fw_doc_of(argv[2], &err) : NULL;
    if (!b) {
        json_decref(a);
        return cli_fail(cli, &err);
    }
    rows = fw_diff(a, b);
    json_decref(a);
    json_decref(b);
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_diff});
}

/* ---- extract ---- */

struct extract {
    const char *part, *to;
    struct fw_write how;
    bool debug;
    uint64_t bytes; /* written */
    char found[256];
};

static int
no_part(const struct fw_file *f, const struct extract *x, struct gsp_error *err)
{
    char names[200] = "";
    size_t n = 0;

    for (unsigned i = 0; i < f->parsed.part_count && n < sizeof(names) - 48; i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "",
                              f->parsed.parts[i].name);
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s has no part '%s'", f->src.name, x->part);
    if (n)
        gsp_hint(err, "it has %s", names);
    else
        gsp_hint(err, "fw info lists the parts");
    return -ENOENT;
}

static int
extract_part(const struct fw_file *f, struct extract *x, struct gsp_error *err)
{
    for (unsigned i = 0; i < f->parsed.part_count; i++) {
        const struct gsp_fw_part *part = &f->parsed.parts[i];

        if (strcmp(part->name, x->part))
            continue;
        x->bytes = part->data.bytes;
        return fw_file_write(x->to, part->data.data, part->data.bytes, x->how, err);
    }
    return no_part(f, x, err);
}

static int
extract_container(const struct fw_file *f, struct extract *x, struct gsp_error *err)
{
    uint8_t *data;
    size_t bytes;
    int rc = gsp_fw_arrays_pack(&f->src, x->debug, NULL, &data, &bytes, err);

    if (rc < 0)
        return rc;
    x->bytes = bytes;
    rc = fw_file_write(x->to, data, bytes, x->how, err);
    gsp_host_free(NULL, data);
    return rc;
}

static int
extract_array(const struct fw_file *f, struct extract *x, struct gsp_error *err)
{
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array a;
    void *data;
    int rc;

    if (!strcmp(x->part, "container"))
        return extract_container(f, x, err);
    gsp_fw_arrays_init(&f->src, &arrays);
    while ((rc = gsp_fw_arrays_next(&arrays, &a, err)) == 0 && strcmp(a.label, x->part))
        continue;
    if (rc < 0)
        return rc == -ENOENT ? no_part(f, x, err) : rc;
    data = malloc(a.data_bytes ? a.data_bytes : 1);
    if (!data)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    x->bytes = a.data_bytes;
    rc = gsp_fw_array_unpack(&f->src, &a, NULL, data, a.data_bytes, err);
    if (rc == 0)
        rc = fw_file_write(x->to, data, a.data_bytes, x->how, err);
    free(data);
    return rc;
}

/* A member goes through memory, so that a broken archive leaves no half file. */
struct member {
    const char *part;
    uint8_t *data;
    size_t bytes, room;
    bool found;
};

static int
want_member(void *ctx, const char *name, uint64_t bytes)
{
    struct member *m = ctx;
    const char *slash = strrchr(name, '/');

    (void)bytes;
    if (m->found || (strcmp(name, m->part) && strcmp(slash ? slash + 1 : name, m->part)))
        return 0;
    m->found = true;
    return 1;
}

static int
keep_member(void *ctx, const void *data, size_t bytes)
{
    struct member *m = ctx;

    if (m->room - m->bytes < bytes) {
        const size_t room = 2 * m->room + bytes;
        uint8_t *more = realloc(m->data, room);

        if (!more)
            return -ENOMEM;
        m->data = more;
        m->room = room;
    }
    memcpy(m->data + m->bytes, data, bytes);
    m->bytes += bytes;
    return 0;
}

static int
extract_member(const struct fw_file *f, struct extract *x, struct gsp_error *err)
{
    struct member m = {.part = x->part};
    const struct fw_tar_reader reader = {&m, want_member, keep_member};
    int rc = fw_tar_read(&f->src, &f->parsed.run, &reader, err);

    if (rc == -ENOMEM)
        gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory");
    if (rc == 0 && !m.found)
        rc = no_part(f, x, err);
    if (rc == 0)
        rc = fw_file_write(x->to, m.data, m.bytes, x->how, err);
    x->bytes = m.bytes;
    free(m.data);
    return rc;
}

static int
extract_any(const struct fw_file *f, struct extract *x, struct gsp_error *err)
{
    if (f->parsed.kind == GSP_FW_KIND_ARRAYS)
        return extract_array(f, x, err);
    if (f->parsed.kind == GSP_FW_KIND_RUN && strcmp(x->part, "script") &&
        strcmp(x->part, "payload"))
        return extract_member(f, x, err);
    return extract_part(f, x, err);
}

static int
fw_extract(struct cli *cli, int argc, char **argv)
{
    struct extract x = {
        .how = {cli_flag(&argc, argv, "--force"), cli->options.dry_run},
        .debug = cli_flag(&argc, argv, "--debug")
    };
    struct fw_file *f;
    struct gsp_error err = {0};
    char *to = NULL;
    int rc = cli_value(cli, &argc, argv, "--to", &to);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &extract_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!to)
        return cli_usage(cli, "--to - writes to stdout", "fw extract needs --to FILE");
    x.part = argv[2];
    x.to = to;
    f = calloc(1, sizeof(*f));
    if (!f)
        return cli_out_of_memory(cli);
    rc = fw_file_open(argv[1], f, &err);
    if (rc == 0) {
        rc = extract_any(f, &x, &err);
        fw_file_free(f);
    }
    free(f);
    if (rc < 0)
        return cli_fail(cli, &err);
    if (!strcmp(to, "-"))
        return CLI_OK;
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:s, s:s, s:I}", "part", argv[2], "file", to,
                                                 "bytes", (json_int_t)x.bytes)});
}

/* ---- the verb ---- */

static const struct cli_subverb verbs[] = {
    {"info",    fw_info     },
    {"verify",  fw_verify   },
    {"list",    fw_list_run },
    {"diff",    fw_diff_run },
    {"extract", fw_extract  },
    {"synth",   fw_synth_run},
};

static int
cmd_fw_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    if (!verb)
        return rc;
    if (strcmp(verb->name, "extract"))
        cli_page(cli);
    rc = verb->run(cli, argc - 1, argv + 1);
    cli_page_end(cli);
    return rc;
}

const struct nvrm_cmd cmd_fw = {
    .name = "fw",
    .args = "info|verify|list|diff|extract|synth ...",
    .options = "--to FILE, --force, --debug, --chip CHIP, --release R",
    .help = "firmware files: what is in them, which chips they boot",
    .min_args = 1,
    .max_args = -1,
    .pages = true,
    .run = cmd_fw_run,
};
