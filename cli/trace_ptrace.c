/* SPDX-License-Identifier: MIT */
/*
 * The second method, for programs that a preloaded library does not reach.
 */
#include <errno.h>

#include "trace_exec.h"

int
trace_run_ptrace(const struct trace_program *p)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_TRANSPORT, -ENOSYS, "ptrace");
    return cli_fail(p->cli, &err);
}
