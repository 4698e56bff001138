/* SPDX-License-Identifier: MIT */
/*
 * ssh://[USER@]HOST[:PORT][/TRANSPORT]: a broker on another machine, reached through ssh.
 */
#ifndef NVRM_CLI_SSH_H
#define NVRM_CLI_SSH_H

#include <gsp/remote.h>

#include "cli.h"

/* The part behind "ssh:" taken apart. Text is owned by the caller: free(). */
struct ssh_place {
    char *host;      /* "user@node1" */
    char *port;      /* NULL: ssh's own choice */
    char *transport; /* of the other side; NULL: its default */
};
int ssh_place_parse(const char *text, struct ssh_place *place, struct gsp_error *err);
void ssh_place_fini(struct ssh_place *place);

struct ssh;
/* Start ssh and the broker behind it. Nothing is known yet about whether they work: that comes
 * with the broker's greeting. */
int ssh_open(const struct ssh_place *place, const struct cli_options *options,
             struct ssh **ssh_out, struct gsp_error *err);
struct gsp_remote_io ssh_io(struct ssh *s);
/* Close the streams, which ends the broker, and wait for ssh, but not for long. */
void ssh_close(struct ssh *s);

/* The same two functions for any pair of descriptors. */
struct stream_pair {
    int in, out;
};
struct gsp_remote_io stream_io(struct stream_pair *pair);

#endif
