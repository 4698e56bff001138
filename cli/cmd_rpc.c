/* SPDX-License-Identifier: MIT */
/*
 * rpc: one raw RPC by name, its reply decoded by the schema.
 */
#include <errno.h>
#include <stdlib.h>

#include <rm/name.h>

#include "args.h"
#include "cmds.h"

enum { REPLY_CAP = 1 << 20 };

static json_t *
decode(struct nvrm_abi abi, const struct nvrm_layout *layout, const uint8_t *reply,
       size_t bytes)
{
    struct gsp_text text = {0};

    if (layout && bytes >= layout->size &&
        gsp_json_write(abi, layout, reply, bytes, 0, &text, NULL) == 0)
        return cli_json_of(&text);
    gsp_text_fini(&text);
    gsp_text_puts(&text, "{\"raw\":\"");
    for (size_t i = 0; i < bytes; i++)
        gsp_text_printf(&text, "%02x", reply[i]);
    gsp_text_puts(&text, "\"}");
    return cli_json_of(&text);
}

static int
send_rpc(struct cli *cli, struct cli_session *s, const struct nvrm_rpc *rpc, uint32_t function,
         const struct rm_params *p)
{
    struct gsp_backend *b = rm_client_backend(session_client(s));
    uint8_t *reply = malloc(REPLY_CAP);
    struct gsp_error err = {0};
    size_t bytes = 0;
    json_t *doc;
    int rc;

    if (!reply)
        return cli_out_of_memory(cli);
    rc = b->ops->rpc(b, function, p->wire, p->bytes, reply, REPLY_CAP, &bytes, &err);
    if (rc < 0 || session_is_dry(s)) {
        free(reply);
        return rc < 0 ? cli_fail(cli, &err) : session_emit_dry(cli, s);
    }
    if (bytes > REPLY_CAP)
        bytes = REPLY_CAP;
    doc = json_object();
    json_object_set_new(doc, "function",
                        json_string(rpc ? nvrm_str(cli->schema, rpc->name) : "?"));
    json_object_set_new(doc, "id", json_integer(function));
    json_object_set_new(doc, "reply_bytes", json_integer((json_int_t)bytes));
    json_object_set_new(doc, "reply", decode(session_abi(s), p->layout, reply, bytes));
    rc = cli_emit(cli, &(struct cli_doc){.json = doc, .raw = reply, .raw_bytes = bytes});
    free(reply);
    return rc;
}

/* Requests name their client; when the caller did not, it is ours. */
static int
fill_client(struct cli_session *s, struct rm_params *p, struct gsp_error *err)
{
    static const char *const fields[] = {"hClient", "hRoot"};
    const rm_handle client = rm_client_handle(session_client(s));
    uint64_t value;

    for (unsigned i = 0; p->layout && i < 2; i++) {
        int rc;

        if (!nvrm_field_find(p->abi.schema, p->layout, fields[i]))
            continue;
        rc = gsp_field_get(p->abi, p->layout, p->wire, p->bytes, fields[i], &value, err);
        if (rc == 0 && !value)
            rc = gsp_field_set(p->abi, p->layout, p->wire, p->bytes, fields[i], client, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int
build(struct cli *cli, struct cli_session *s, int argc, char **argv, struct rm_params *p,
      const struct nvrm_rpc **rpc, uint32_t *function, struct gsp_error *err)
{
    const struct nvrm_abi abi = session_abi(s);
    int rc = rm_name_rpc(abi, argv[1], rpc, function, err);

    if (rc < 0)
        return rc;
    rc = rm_params_init(p, abi, *rpc ? nvrm_struct_at(abi, (*rpc)->params) : NULL, NULL, err);
    if (rc == 0)
        rc = args_params(s, p, argc - 2, argv + 2, err);
    if (rc == 0)
        rc = fill_client(s, p, err);
    return rc == 0 ? policy_rpc(cli, abi, *rpc, *function, p->wire, p->bytes, err) : rc;
}

static int
cmd_rpc_run(struct cli *cli, int argc, char **argv)
{
    const struct nvrm_rpc *rpc = NULL;
    struct rm_params p = {0};
    struct gsp_error err = {0};
    struct cli_session *s;
    uint32_t function = 0;
    int rc = cli_check_args(cli, &cmd_rpc, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (session_get(cli, &s, &err) < 0)
        return cli_fail(cli, &err);
    if (!rm_client_backend(session_client(s))->ops->rpc)
        return cli_usage(cli, "emu has them", "this transport takes no raw RPCs");
    if (build(cli, s, argc, argv, &p, &rpc, &function, &err) < 0)
        rc = cli_fail(cli, &err);
    else
        rc = send_rpc(cli, s, rpc, function, &p);
    rm_params_fini(&p);
    return rc;
}

const struct nvrm_cmd cmd_rpc = {
    .name = "rpc",
    .args = "FUNCTION [FIELD=VALUE... | JSON | @FILE | -]",
    .help = "send one raw RPC and decode its reply",
    .min_args = 1,
    .max_args = -1,
    .pages = true,
    .run = cmd_rpc_run,
};
