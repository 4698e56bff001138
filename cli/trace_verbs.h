/* SPDX-License-Identifier: MIT */
/*
 * The verbs below `trace`, and what they share.
 */
#ifndef NVRM_CLI_TRACE_VERBS_H
#define NVRM_CLI_TRACE_VERBS_H

#include <gsp/trace.h>

#include "cli.h"

int trace_show(struct cli *cli, int argc, char **argv);
int trace_stat(struct cli *cli, int argc, char **argv);
int trace_diff(struct cli *cli, int argc, char **argv);
int trace_replay(struct cli *cli, int argc, char **argv);
int trace_convert(struct cli *cli, int argc, char **argv);
int trace_dissector(struct cli *cli, int argc, char **argv);
int trace_learn(struct cli *cli, int argc, char **argv);
int trace_exec(struct cli *cli, int argc, char **argv);

/* A trace that is read from its start to its end; damage is told on stderr as it is met. */
struct trace_input {
    struct cli *cli;
    const char *path;
    struct gsp_trace_reader *reader;
};
/* path "-" is stdin. 0 or an exit code, with the error printed. */
int trace_input_open(struct cli *cli, const char *path, struct trace_input *in);
/* CLI_OK with a record; -1 at the end; else an exit code. */
int trace_input_next(struct trace_input *in, struct gsp_trace_record *record_out);
void trace_input_close(struct trace_input *in);

/* --filter: words with commas between, any of which may match: a type ("control"), a name with
 * wildcards, a status, or "error" for everything that failed. NULL matches all. */
bool trace_matches(const char *filter, struct nvrm_abi abi,
                   const struct gsp_trace_record *record);

/* Every record that the filter takes, in turn, as text that goes to stdout piece by piece. A
 * negative result ends it; *err says why. */
typedef int trace_writer(void *ctx, struct trace_input *in,
                         const struct gsp_trace_record *record, struct gsp_text *out,
                         struct gsp_error *err);
int trace_write_all(struct trace_input *in, const char *filter, trace_writer *write, void *ctx);

/* The blocks of a pcapng file (trace_pcapng.c). */
void pcapng_begin(struct gsp_text *out);
void pcapng_interface(struct gsp_text *out, const struct gsp_trace_section *section);
void pcapng_packet(struct gsp_text *out, unsigned interface, uint64_t time_ns, const void *data,
                   size_t bytes);

/* The text of a dissector that knows the parameters of these names (patterns too) at one
 * release, for gen wireshark. 0 or -ENOMEM. */
int trace_dissector_of(struct nvrm_abi abi, int names, char **name, struct gsp_text *out);

#endif
