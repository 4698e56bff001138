/* SPDX-License-Identifier: MIT */
/*
 * dup: a second handle for an object, under a parent of this client.
 */
#include <rm/name.h>

#include "cmds.h"
#include "save.h"
#include "session.h"

static void
print_handle(struct cli *cli, const json_t *doc)
{
    fprintf(cli->out, "%s\n", cli_str(doc, "handle"));
}

static int
dup_object(struct cli *cli, struct cli_session *s, char **argv, rm_handle src_client,
           const char *as, bool by_descriptor)
{
    struct gsp_error err = {0};
    rm_handle parent = 0, source = 0, handle = 0;
    int rc = session_object(s, argv[1], &parent, &err);

    if (rc == 0)
        rc = session_object(s, argv[2], &source, &err);
    if (rc == 0)
        rc = by_descriptor
                 ? rm_dup_by_descriptor(session_client(s), parent, source, &handle, &err)
                 : rm_dup(session_client(s), parent, src_client, source, &handle, &err);
    if (rc == 0 && as)
        rc = session_name_set(s, as, handle, &err);
    if (rc < 0)
        return cli_fail(cli, &err);
    save_step(cli, json_pack("{s:{s:s, s:s}, s:s*}", "dup", "parent", argv[1], "object",
                             argv[2], "as", as));
    if (session_is_dry(s))
        return session_emit_dry(cli, s);
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:o, s:o, s:o}", "handle", cli_hex32(handle),
                                                 "source", cli_hex32(source), "parent",
                                                 cli_hex32(parent)),
                               .text = print_handle});
}

static int
cmd_dup_run(struct cli *cli, int argc, char **argv)
{
    const bool by_descriptor = cli_flag(&argc, argv, "--descriptor");
    struct gsp_error err = {0};
    struct cli_session *s;
    rm_handle src_client;
    char *as = NULL, *client = NULL;
    int rc = cli_value(cli, &argc, argv, "--as", &as);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--client", &client);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_dup, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (session_get(cli, &s, &err) < 0)
        return cli_fail(cli, &err);
    src_client = rm_client_handle(session_client(s));
    if (client && !rm_parse_u32(client, &src_client))
        return cli_usage(cli, "for example --client 0xcaf00001",
                         "--client: '%s' is not a handle", client);
    if (client && by_descriptor)
        return cli_usage(cli, "leave --client out",
                         "--descriptor: of this session's own objects only");
    return dup_object(cli, s, argv, src_client, as, by_descriptor);
}

const struct nvrm_cmd cmd_dup = {
    .name = "dup",
    .args = "PARENT OBJECT",
    .options = "--as NAME, --client HANDLE, --descriptor",
    .help = "give an object a second handle and print it",
    .min_args = 2,
    .max_args = 2,
    .run = cmd_dup_run,
};
