/* SPDX-License-Identifier: MIT */
/*
 * --record: which recorders stand between the card and the client. They use the system's clock:
 * the program's own jumps when the user gives up a wait.
 */
#include "record.h"

#include <errno.h>
#include <stdlib.h>

struct recording {
    struct gsp_trace_writer *writer;
    struct gsp_record_rpc *rpc;
    struct gsp_record_os *os;
    enum cli_record_level level;
};

int
recording_open(const struct cli_options *options, struct nvrm_abi abi, const char *chip,
               struct recording **recording_out, struct gsp_error *err)
{
    static const uint32_t levels[] = {
        [CLI_RECORD_BACKEND] = GSP_TRACE_LEVEL_BACKEND,
        [CLI_RECORD_RPC] = GSP_TRACE_LEVEL_BACKEND | GSP_TRACE_LEVEL_RPC,
        [CLI_RECORD_IOCTL] = GSP_TRACE_LEVEL_BACKEND | GSP_TRACE_LEVEL_IOCTL,
        [CLI_RECORD_BUS] = GSP_TRACE_LEVEL_BACKEND | GSP_TRACE_LEVEL_RPC | GSP_TRACE_LEVEL_BUS,
    };
    const struct gsp_trace_writer_config config = {
        .abi = abi,
        .chip = chip,
        .transport = options->transport ? options->transport : "emu",
        .program = "nvrm-cli",
        .levels = levels[options->record_level],
    };
    struct recording *r;
    int rc;

    *recording_out = NULL;
    if (!options->record)
        return 0;
    r = calloc(1, sizeof(*r));
    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    r->level = options->record_level;
    rc = gsp_trace_writer_open(options->record, &config, &r->writer, err);
    if (rc == 0 && (r->level == CLI_RECORD_RPC || r->level == CLI_RECORD_BUS))
        rc = gsp_record_rpc_create(r->writer, NULL, &r->rpc, err);
    if (rc == 0 && r->level == CLI_RECORD_IOCTL)
        rc = gsp_record_os_create(NULL, abi, r->writer, NULL, &r->os, err);
    if (rc < 0) {
        (void)recording_close(r, NULL);
        return rc;
    }
    *recording_out = r;
    return 0;
}

int
recording_bus(struct recording *r, struct gsp_bus **bus, struct gsp_error *err)
{
    return r && r->level == CLI_RECORD_BUS ? gsp_record_bus(*bus, r->writer, NULL, bus, err)
                                           : 0;
}

const struct gsp_rpc_tap *
recording_tap(const struct recording *r)
{
    return r && r->rpc ? gsp_record_rpc_tap(r->rpc) : NULL;
}

const struct gsp_nvidia_os *
recording_os(const struct recording *r)
{
    return r && r->os ? gsp_record_os_table(r->os) : NULL;
}

int
recording_backend(struct recording *r, struct gsp_backend **backend, struct gsp_error *err)
{
    return r ? gsp_record_backend(*backend, r->writer, NULL, backend, err) : 0;
}

int
recording_close(struct recording *r, struct gsp_error *err)
{
    int rc;

    if (!r)
        return 0;
    gsp_record_rpc_destroy(r->rpc);
    gsp_record_os_destroy(r->os);
    rc = gsp_trace_writer_close(r->writer, err);
    free(r);
    return rc;
}
