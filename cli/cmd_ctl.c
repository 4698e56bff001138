/* SPDX-License-Identifier: MIT */
/*
 * ctl: call a control by name, with typed parameters in and out.
 */
#include <errno.h>

#include <rm/name.h>

#include "args.h"
#include "cmds.h"
#include "save.h"

struct call {
    struct cli_session *s;
    const struct nvrm_control *control;
    const char *word; /* the control as it was typed */
    uint32_t cmd;
    rm_handle object;
};

static int
parse(struct cli *cli, char **argv, struct call *call, struct gsp_error *err)
{
    int rc = session_get(cli, &call->s, err);

    if (rc == 0)
        rc = rm_name_control(session_abi(call->s), argv[2], &call->control, &call->cmd, err);
    if (rc == 0)
        rc = policy_control(cli, session_abi(call->s), call->control, call->cmd, err);
    return rc;
}

/* The call as one document; NULL with *err. */
static json_t *
result_of(struct cli *cli, const struct call *call, const struct rm_params *p,
          struct gsp_error *err)
{
    const struct nvrm_schema *s = cli->schema;
    json_t *params = args_result(p, err);
    json_t *doc = params ? json_object() : NULL;

    if (!doc) {
        if (params)
            gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
        json_decref(params);
        return NULL;
    }
    json_object_set_new(doc, "control",
                        json_string(call->control ? nvrm_str(s, call->control->name) : "?"));
    json_object_set_new(doc, "id", cli_hex32(call->cmd));
    json_object_set_new(doc, "object", cli_hex32(call->object));
    json_object_set_new(doc, "status", json_string("NV_OK"));
    json_object_set_new(doc, "params", params);
    return doc;
}

static int
emit(struct cli *cli, const struct call *call, const struct rm_params *p)
{
    const bool text = cli->options.format == CLI_TEXT;
    struct gsp_error err = {0};
    json_t *doc;

    if (session_is_dry(call->s))
        return session_emit_dry(cli, call->s);
    doc = text && !cli->keep_session ? NULL : result_of(cli, call, p, &err);
    if (err.rc < 0)
        return cli_fail(cli, &err);
    if (text) {
        cli_keep_result(cli, doc);
        return args_print(cli, p);
    }
    return cli_emit(cli, &(struct cli_doc){.json = doc,
                                           .raw = p->wire ? (const void *)p->wire : "",
                                           .raw_bytes = p->bytes});
}

static void
keep(struct cli *cli, const char *object, const char *control, json_t *given)
{
    json_t *o = json_pack("{s:s, s:s}", "object", object, "control", control);

    if (json_object_size(given))
        json_object_set(o, "params", given);
    save_step(cli, json_pack("{s:o}", "ctl", o));
}

static int
call_control(struct cli *cli, struct call *call, int argc, char **argv, const char *object)
{
    const struct nvrm_abi abi = session_abi(call->s);
    const struct nvrm_layout *layout =
        call->control ? nvrm_struct_at(abi, call->control->params) : NULL;
    struct gsp_error err = {0};
    struct rm_params p;
    json_t *given = NULL;
    int rc = rm_params_init(&p, abi, layout, NULL, &err);

    if (rc == 0)
        rc = args_params(call->s, &p, argc, argv, &err);
    if (rc == 0)
        rc = session_object(call->s, object, &call->object, &err);
    if (rc == 0 && cli->keep_session)
        given = save_params(call->s, &p);
    if (rc == 0)
        rc = rm_control_params(session_client(call->s), call->object, call->cmd, &p, &err);
    if (rc == 0)
        keep(cli, object, call->word, given);
    json_decref(given);
    rc = rc < 0 ? cli_fail(cli, &err) : emit(cli, call, &p);
    rm_params_fini(&p);
    return rc;
}

static int
cmd_ctl_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct call call = {0};
    int rc = cli_check_args(cli, &cmd_ctl, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    call.word = argv[2];
    if (parse(cli, argv, &call, &err) < 0)
        return cli_fail(cli, &err);
    return call_control(cli, &call, argc - 3, argv + 3, argv[1]);
}

const struct nvrm_cmd cmd_ctl = {
    .name = "ctl",
    .args = "OBJECT CONTROL [FIELD=VALUE... | JSON | @FILE | -]",
    .help = "call a control and print its parameters",
    .min_args = 2,
    .max_args = -1,
    .pages = true,
    .run = cmd_ctl_run,
};
