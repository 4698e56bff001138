/* SPDX-License-Identifier: MIT */
/*
 * broker: serves this machine's card to the nvrm-cli at the other end of stdin and stdout. What
 * -t ssh://HOST starts there; also what an authorized_keys line may force, with a --policy.
 */
#include <signal.h>
#include <unistd.h>

#include <gsp/remote.h>

#include "cmds.h"
#include "session.h"
#include "ssh.h"

static int
allow_control(void *ctx, uint32_t cmd, struct gsp_error *err)
{
    struct cli *cli = ctx;
    const struct nvrm_abi abi = session_abi(cli->session);

    return policy_control(cli, abi, nvrm_control_by_id(abi, cmd), cmd, err);
}

static int
allow_class(void *ctx, uint32_t hClass, struct gsp_error *err)
{
    struct cli *cli = ctx;
    const struct nvrm_abi abi = session_abi(cli->session);

    return policy_class(cli, abi, nvrm_class_by_id(abi, hClass), hClass, err);
}

static int
allow_rpc(void *ctx, uint32_t function, const void *payload, size_t payload_bytes,
          struct gsp_error *err)
{
    struct cli *cli = ctx;
    const struct nvrm_abi abi = session_abi(cli->session);

    return policy_rpc(cli, abi, nvrm_rpc_by_id(abi, function), function, payload, payload_bytes,
                      err);
}

static int
cmd_broker_run(struct cli *cli, int argc, char **argv)
{
    struct stream_pair streams = {STDIN_FILENO, STDOUT_FILENO};
    struct gsp_broker_config config = {.io = stream_io(&streams),
                                       .host = &cli->host,
                                       .ctx = cli,
                                       .allow_control = allow_control,
                                       .allow_class = allow_class,
                                       .allow_rpc = allow_rpc};
    struct gsp_error err = {0}, why = {0};
    struct cli_session *s;
    int rc = cli_check_args(cli, &cmd_broker, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (isatty(STDIN_FILENO))
        return cli_usage(cli, "-t ssh://HOST starts it where it is wanted",
                         "broker speaks to a program, not to a terminal");
    signal(SIGPIPE, SIG_IGN);
    if (session_get(cli, &s, &why) < 0) {
        rc = gsp_broker_fail(&config, &why, &err);
        return rc < 0 ? cli_fail(cli, &err) : cli_exit_code(&why);
    }
    config.backend = rm_client_backend(session_client(s));
    config.chip = session_chip(s);
    config.transport = session_transport(s);
    config.gpu_id = session_gpu_id(s);
    return gsp_broker_serve(&config, &err) < 0 ? cli_fail(cli, &err) : CLI_OK;
}

const struct nvrm_cmd cmd_broker = {
    .name = "broker",
    .args = "",
    .help = "serve the card of -t over stdin and stdout: what -t ssh://HOST runs there",
    .min_args = 0,
    .max_args = 0,
    .run = cmd_broker_run,
};
