/* SPDX-License-Identifier: MIT */
/*
 * free: free an object and everything below it.
 */
#include "cmds.h"
#include "save.h"
#include "session.h"

struct gone {
    json_t *list;
    rm_handle top;
    unsigned top_depth;
    bool inside;
};

/* The object and what is below it, while it is still there. */
static int
collect(void *ctx, const struct rm_object *o)
{
    struct gone *gone = ctx;

    if (o->handle == gone->top) {
        gone->inside = true;
        gone->top_depth = o->depth;
    } else if (gone->inside && o->depth <= gone->top_depth) {
        return 1;
    }
    if (gone->inside)
        json_array_append_new(
            gone->list,
            json_pack("{s:o, s:s}", "handle", cli_hex32(o->handle), "class", o->class_name));
    return 0;
}

static void
print_gone(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(doc, i, row)
        fprintf(cli->out, "freed %s %s\n", cli_str(row, "handle"), cli_str(row, "class"));
}

static int
cmd_free_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct cli_session *s;
    struct gone gone = {0};
    int rc = cli_check_args(cli, &cmd_free, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (session_get(cli, &s, &err) < 0 || session_object(s, argv[1], &gone.top, &err) < 0)
        return cli_fail(cli, &err);
    gone.list = json_array();
    rm_tree_walk(session_client(s), collect, &gone);
    if (rm_free(session_client(s), gone.top, &err) < 0) {
        json_decref(gone.list);
        return cli_fail(cli, &err);
    }
    session_names_prune(s);
    save_step(cli, json_pack("{s:s}", "free", argv[1]));
    if (session_is_dry(s)) {
        json_decref(gone.list);
        return session_emit_dry(cli, s);
    }
    return cli_emit(cli, &(struct cli_doc){.json = gone.list, .text = print_gone});
}

const struct nvrm_cmd cmd_free = {
    .name = "free",
    .args = "OBJECT",
    .help = "free an object and everything below it",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_free_run,
};
