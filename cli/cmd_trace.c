/* SPDX-License-Identifier: MIT */
/*
 * trace: a verb of verbs over files that --record made.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "subverb.h"
#include "trace_verbs.h"

static const struct cli_subverb verbs[] = {
    {"show",      trace_show     },
    {"stat",      trace_stat     },
    {"diff",      trace_diff     },
    {"replay",    trace_replay   },
    {"convert",   trace_convert  },
    {"dissector", trace_dissector},
    {"exec",      trace_exec     },
    {"learn",     trace_learn    },
};
enum { FLUSH_ABOVE = 64 << 10 };

static int
cmd_trace_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    if (verb)
        rc = verb->run(cli, argc - 1, argv + 1);
    cli_page_end(cli);
    return rc;
}

const struct nvrm_cmd cmd_trace = {
    .name = "trace",
    .args = "show|stat|diff|replay|convert|dissector|exec|learn ...",
    .options = "--filter WORDS, --raw, --ignore FIELDS, --to FORMAT, --follow, --summary, "
               "--method METHOD",
    .help = "show, count, compare, replay and convert what --record wrote; trace a program",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_trace_run,
};

/* Reading */

static void
tell_damage(void *ctx, const struct gsp_trace_damage *d)
{
    struct trace_input *in = ctx;

    cli_note(in->cli, "%s: %llu bytes at %llu, after record %llu, were skipped: %s", in->path,
             (unsigned long long)d->bytes, (unsigned long long)d->offset,
             (unsigned long long)d->after, d->what);
}

int
trace_input_open(struct cli *cli, const char *path, struct trace_input *in)
{
    const struct gsp_trace_reader_config config = {
        .schema = cli->schema, .damage = tell_damage, .ctx = in};
    const bool is_stdin = !strcmp(path, "-");
    struct gsp_error err = {0};
    int rc;

    *in = (struct trace_input){.cli = cli, .path = is_stdin ? "stdin" : path};
    rc = is_stdin ? gsp_trace_open_fd(STDIN_FILENO, &config, &in->reader, &err)
                  : gsp_trace_open(path, &config, &in->reader, &err);
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

int
trace_input_next(struct trace_input *in, struct gsp_trace_record *record_out)
{
    struct gsp_error err = {0};
    int rc;

    if (in->cli->interrupted && *in->cli->interrupted)
        return CLI_INTERRUPTED;
    rc = gsp_trace_next(in->reader, record_out, &err);
    if (rc == -ENODATA)
        return -1;
    return rc < 0 ? cli_fail(in->cli, &err) : CLI_OK;
}

void
trace_input_close(struct trace_input *in)
{
    gsp_trace_close(in->reader);
    in->reader = NULL;
}

/* Filters */

static bool
word_matches(const char *word, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(r->type);
    char room[64], reg[96];

    if (!strcmp(word, "error"))
        return r->rc < 0 || r->status;
    return (info && !strcmp(word, info->name)) ||
           !fnmatch(word, gsp_trace_name(abi, r, room), 0) ||
           (gsp_trace_register(r, reg) && !fnmatch(word, reg, 0)) ||
           (r->type >= GSP_TRACE_RPC && !fnmatch(word, gsp_trace_result(abi, r, room), 0));
}

bool
trace_matches(const char *filter, struct nvrm_abi abi, const struct gsp_trace_record *record)
{
    char word[128];

    if (!filter)
        return true;
    while (*filter) {
        const size_t n = strcspn(filter, ",");

        snprintf(word, sizeof(word), "%.*s", (int)n, filter);
        if (n && word_matches(word, abi, record))
            return true;
        filter += n + (filter[n] == ',');
    }
    return false;
}

/* Writing: text is collected and written in large pieces. */

static bool
flush(struct cli *cli, struct gsp_text *text, size_t above)
{
    if (text->rc < 0 || text->bytes <= above)
        return text->rc == 0;
    if (fwrite(text->data, 1, text->bytes, cli->out) != text->bytes)
        return false;
    text->bytes = 0;
    return above || fflush(cli->out) == 0;
}

int
trace_write_all(struct trace_input *in, const char *filter, trace_writer *write, void *ctx)
{
    struct gsp_trace_record record;
    struct gsp_text text = {0};
    struct gsp_error err = {0};
    int rc;

    while ((rc = trace_input_next(in, &record)) == CLI_OK) {
        if (record.type != GSP_TRACE_SECTION &&
            !trace_matches(filter, gsp_trace_abi(in->reader), &record))
            continue;
        if (write(ctx, in, &record, &text, &err) < 0)
            rc = cli_fail(in->cli, &err);
        else if (!flush(in->cli, &text, FLUSH_ABOVE))
            rc = cli_flush(in->cli);
        if (rc != CLI_OK)
            break;
    }
    if (rc < 0)
        rc = flush(in->cli, &text, 0) ? CLI_OK : cli_flush(in->cli);
    gsp_text_fini(&text);
    return rc;
}
