/* SPDX-License-Identifier: MIT */
/*
 * gen: bindings of chosen names and releases, as source text for other programs. Needs no card.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <nvrm/bind.h>
#include <rm/name.h>

#include "cmds.h"
#include "fw_file.h"
#include "releases.h"
#include "trace_verbs.h"

/* The dissector's text is made with the traces, beside the languages of nvrm/bind.h. */
enum { WIRESHARK = NVRM_BIND_LANGUAGES, LANGUAGES };

struct job {
    struct cli *cli;
    struct nvrm_bind *bind;
    unsigned language; /* enum nvrm_bind_language, or WIRESHARK */
    struct gsp_text dissector;
    const char *to; /* NULL: stdout */
    bool force;
    json_t *files; /* what was written */
};

static const char *
language_name(unsigned language)
{
    return language == WIRESHARK ? "wireshark" : nvrm_bind_language_name(language);
}

static int
find_language(struct cli *cli, const char *word, unsigned *out)
{
    const char *names[LANGUAGES + 1] = {0};
    const char *nearest;
    char hint[96];

    for (unsigned i = 0; i < LANGUAGES; i++) {
        names[i] = language_name(i);
        if (!strcmp(names[i], word)) {
            *out = i;
            return CLI_OK;
        }
    }
    nearest = cli_nearest(word, names);
    snprintf(hint, sizeof(hint), nearest ? "did you mean gen %s?" : "legal: %s",
             nearest ? nearest : "c, rust, python, json-schema, wireshark");
    return cli_usage(cli, hint, "gen writes no '%s'", word);
}

static bool
has_name(struct nvrm_abi abi, const void *name)
{
    struct nvrm_bind *bind;
    bool found;

    if (nvrm_bind_create(abi.schema, &bind) < 0)
        return false;
    found = nvrm_bind_release(bind, abi.release) == 0 && nvrm_bind_name(bind, name, NULL) == 0;
    nvrm_bind_destroy(bind);
    return found;
}

/* Other releases may have it; else the name that was meant. */
static int
no_such_name(struct cli *cli, const struct cli_releases *releases, const char *name)
{
    const unsigned kinds = NVRM_NAME_STRUCT | NVRM_NAME_CONTROL | NVRM_NAME_CLASS |
                           NVRM_NAME_RPC | NVRM_NAME_STATUS;
    const struct nvrm_abi abi = {cli->schema, releases->at[releases->count - 1]};
    const char *nearest = nvrm_nearest_name(abi, kinds, name);
    struct gsp_error err = {0};
    char where[96] = "the chosen releases", ranges[120], pattern[112];

    if (releases->count == 1)
        snprintf(where, sizeof(where), "%s", nvrm_release_name(abi.schema, abi.release));
    if (rm_release_ranges(abi.schema, has_name, name, ranges, sizeof(ranges))) {
        gsp_fail(&err, GSP_ORIGIN_RELEASE, -ENOENT, "nothing in %s is called '%s'", where,
                 name);
        gsp_hint(&err, "it exists in %s", ranges);
        return cli_fail(cli, &err);
    }
    gsp_fail(&err, GSP_ORIGIN_INPUT, -ENOENT, "nothing in %s is called '%s'", where, name);
    snprintf(pattern, sizeof(pattern), "%.100s_*", name);
    if (has_name(abi, pattern)) {
        gsp_hint(&err, "names that begin so are found by '%s'", pattern);
        return cli_fail(cli, &err);
    }
    gsp_hint(&err, nearest ? "did you mean %s?" : "schema search PATTERN finds names%s",
             nearest ? nearest : "");
    return cli_fail(cli, &err);
}

/* What a number is called in the newest chosen release that knows it; the word itself when it
 * is no number. */
static const char *
name_of(const struct job *job, const struct cli_releases *releases, const char *word)
{
    const struct nvrm_schema *s = job->cli->schema;
    uint32_t id;

    if (!rm_parse_u32(word, &id))
        return word;
    for (unsigned i = releases->count; i-- > 0;) {
        const struct nvrm_abi abi = {s, releases->at[i]};
        const struct nvrm_control *c = nvrm_control_by_id(abi, id);
        const struct nvrm_class *k = nvrm_class_by_id(abi, id);

        if (c || k)
            return nvrm_str(s, c ? c->name : k->name);
    }
    return word;
}

static int
add_names(struct job *job, const struct cli_releases *releases, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        unsigned missing = 0;
        const int rc = nvrm_bind_name(job->bind, name_of(job, releases, argv[i]), &missing);

        if (rc == -ENOENT)
            return no_such_name(job->cli, releases, argv[i]);
        if (rc < 0)
            return cli_out_of_memory(job->cli);
        if (missing)
            cli_note(job->cli, "%s: %u of the %u chosen releases lack it", argv[i], missing,
                     releases->count);
    }
    return CLI_OK;
}

static int
write_file(struct job *job, const char *path, const char *text, size_t bytes)
{
    const struct fw_write how = {job->force, job->cli->options.dry_run};
    struct gsp_error err = {0};

    if (fw_file_write(path, text, bytes, how, &err) < 0) {
        if (err.rc == -ENOENT)
            gsp_hint(&err, "a folder ending in / is made, those above it are not");
        return cli_fail(job->cli, &err);
    }
    json_array_append_new(job->files, json_string(path));
    return CLI_OK;
}

static bool
is_folder(const char *path)
{
    const size_t n = strlen(path);
    struct stat st;

    return (n && path[n - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static void
in_folder(const struct job *job, const char *name, const char *ending, char *path, size_t bytes)
{
    const size_t n = strlen(job->to);

    snprintf(path, bytes, "%s%s%s%s", job->to, n && job->to[n - 1] == '/' ? "" : "/", name,
             ending);
}

static int
write_schema(void *ctx, const char *name, const char *text, size_t bytes)
{
    struct job *job = ctx;
    char path[4096];

    in_folder(job, name, ".json", path, sizeof(path));
    return write_file(job, path, text, bytes);
}

static void
print_summary(struct cli *cli, const json_t *doc)
{
    const json_t *file;
    size_t i;

    json_array_foreach(json_object_get(doc, "files"), i, file)
        fprintf(cli->out, "%s\n", json_string_value(file));
}

/* Where it went and how much it is. */
static int
emit_summary(struct job *job)
{
    const struct nvrm_bind_counts n = nvrm_bind_counts(job->bind);
    json_t *doc =
        json_pack("{s:s, s:O, s:i, s:i, s:i, s:i}", "language", language_name(job->language),
                  "files", job->files, "releases", (int)n.releases, "types", (int)n.types,
                  "ids", (int)n.ids, "constants", (int)n.constants);

    return cli_emit(job->cli, &(struct cli_doc){.json = doc, .text = print_summary});
}

/* Tables of one release fit a dissector; it says which. */
static int
make_dissector(struct job *job, const struct cli_releases *releases, int names, char **name)
{
    const struct nvrm_abi abi = {job->cli->schema, releases->at[0]};
    const char *notice;
    size_t bytes;

    if (releases->count > 1)
        return cli_usage(job->cli, "-F with one release; a trace is of one as well",
                         "a dissector knows one release, not %u", releases->count);
    gsp_text_puts(&job->dissector, "-- SPDX-License-Identifier: MIT\n");
    if (nvrm_bind_notice(job->bind, "wireshark", "--", &notice, &bytes) < 0)
        return cli_out_of_memory(job->cli);
    gsp_text_add(&job->dissector, notice, bytes);
    return trace_dissector_of(abi, names, name, &job->dissector) < 0
               ? cli_out_of_memory(job->cli)
               : CLI_OK;
}

/* 0 or -ENOMEM. */
static int
source_text(struct job *job, const char **text_out, size_t *bytes_out)
{
    if (job->language != WIRESHARK)
        return nvrm_bind_text(job->bind, (enum nvrm_bind_language)job->language, text_out,
                              bytes_out);
    *text_out = job->dissector.data;
    *bytes_out = job->dissector.bytes;
    return 0;
}

static const char *
file_name(const struct job *job)
{
    return job->language == WIRESHARK
               ? "nvrm.lua"
               : nvrm_bind_file_name((enum nvrm_bind_language)job->language);
}

static int
write_out(struct job *job)
{
    struct cli *cli = job->cli;
    char path[4096];
    const char *text;
    size_t bytes;

    if (job->to && is_folder(job->to) && !cli->options.dry_run && mkdir(job->to, 0777) < 0 &&
        errno != EEXIST)
        return cli_usage(cli, "the folder above it must exist", "%s: %s", job->to,
                         strerror(errno));
    if (job->to && is_folder(job->to) && job->language == NVRM_BIND_JSON_SCHEMA) {
        const int rc = nvrm_bind_schemas(job->bind, write_schema, job);

        return rc == -ENOMEM ? cli_out_of_memory(cli) : rc ? rc : emit_summary(job);
    }
    if (source_text(job, &text, &bytes) < 0)
        return cli_out_of_memory(cli);
    if (!job->to) {
        cli_page(cli);
        fwrite(text, 1, bytes, cli->out);
        cli_page_end(cli);
        return CLI_OK;
    }
    snprintf(path, sizeof(path), "%s", job->to);
    if (is_folder(job->to))
        in_folder(job, file_name(job), "", path, sizeof(path));
    if (write_file(job, path, text, bytes) != CLI_OK)
        return CLI_USAGE;
    return emit_summary(job);
}

static int
run_job(struct job *job, const struct cli_releases *releases, int argc, char **argv)
{
    int rc;

    if (nvrm_bind_create(job->cli->schema, &job->bind) < 0)
        return cli_out_of_memory(job->cli);
    for (unsigned i = 0; i < releases->count; i++)
        if (nvrm_bind_release(job->bind, releases->at[i]) < 0)
            return cli_out_of_memory(job->cli);
    job->files = json_array();
    rc = add_names(job, releases, argc, argv);
    if (rc == CLI_OK && job->language == WIRESHARK)
        rc = make_dissector(job, releases, argc, argv);
    if (rc == CLI_OK)
        rc = write_out(job);
    json_decref(job->files);
    gsp_text_fini(&job->dissector);
    return rc;
}

static int
cmd_gen_run(struct cli *cli, int argc, char **argv)
{
    struct job job = {.cli = cli, .force = cli_flag(&argc, argv, "--force")};
    struct gsp_error err = {0};
    struct cli_releases releases;
    char *to = NULL;
    int rc = cli_value(cli, &argc, argv, "--to", &to);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_gen, &argc, argv);
    if (rc == CLI_OK)
        rc = find_language(cli, argv[1], &job.language);
    if (rc != CLI_OK)
        return rc;
    if (cli_releases(cli, NULL, &releases, &err) < 0)
        return cli_fail(cli, &err);
    job.to = to;
    rc = run_job(&job, &releases, argc - 2, argv + 2);
    nvrm_bind_destroy(job.bind);
    return rc;
}

const struct nvrm_cmd cmd_gen = {
    .name = "gen",
    .args = "c|rust|python|json-schema|wireshark NAME|PATTERN...",
    .options = "--to FILE|DIR/, --force; -F RELEASE,RELEASE..., OLDER..NEWER, 570.* or all",
    .help = "bindings of names and releases for other programs",
    .min_args = 2,
    .max_args = -1,
    .run = cmd_gen_run,
};
