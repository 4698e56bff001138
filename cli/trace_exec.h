/* SPDX-License-Identifier: MIT */
/*
 * Inside of `trace exec`: trace_exec.c is the verb, trace_ring.c and trace_ptrace.c run the
 * program and bring its calls, and the sink does with each what was asked for.
 */
#ifndef NVRM_CLI_TRACE_EXEC_H
#define NVRM_CLI_TRACE_EXEC_H

#include <stdio.h>

#include <gsp/trace.h>

#include "cli.h"

/* Objects of the traced programs by client and handle (trace_objects.c). */
struct trace_objects;
struct trace_objects *trace_objects_create(void); /* NULL: out of memory */
void trace_objects_destroy(struct trace_objects *o);
/* A call that succeeded: what it made or freed. */
void trace_objects_note(struct trace_objects *o, const struct gsp_trace_record *call);
/* The class of an object; false when its allocation was not seen. */
bool trace_objects_class(const struct trace_objects *o, uint32_t hClient, uint32_t hObject,
                         uint32_t *hClass_out);
/* "0xc1d00001/device/subdevice"; the handle alone when its allocation was not seen. */
void trace_objects_path(const struct trace_objects *o, struct nvrm_abi abi, uint32_t hClient,
                        uint32_t hObject, struct gsp_text *out);

/* Names (trace_line.c) */

/* What a record is called; of a release that is not known, what all releases call it. */
const char *trace_call_name(const struct nvrm_schema *schema, struct nvrm_abi abi,
                            const struct gsp_trace_record *record, char room[96]);
/* "GSS_LEGACY 0x20808159", "BINAPI 0x20810108": controls that no public header has; NULL for
 * others. */
const char *trace_unknown_control(struct nvrm_abi abi, uint32_t cmd, char room[64]);
/* One line as strace has it, without a newline. */
int trace_line(const struct nvrm_schema *schema, struct nvrm_abi abi,
               const struct trace_objects *objects, const struct gsp_trace_record *record,
               struct gsp_text *out);

/* What is done with records (trace_sink.c) */

struct trace_sink_config {
    struct cli *cli;
    struct nvrm_abi abi; /* NVRM_NO_RELEASE: seen in the traffic, or never */
    const char *path;    /* trace file, or NULL */
    const char *filter;  /* may be NULL */
    const char *program;
    bool summary, json, follow;
};
struct trace_sink;
int trace_sink_create(const struct trace_sink_config *config, struct trace_sink **sink_out,
                      struct gsp_error *err);
/* time_ns is CLOCK_MONOTONIC. Errors of writing stay until the end. */
void trace_sink_take(struct trace_sink *s, const struct gsp_trace_record *record, uint32_t pid);
/* Nothing is to be taken for now: what was held back is written. */
void trace_sink_rest(struct trace_sink *s);
struct nvrm_abi trace_sink_abi(const struct trace_sink *s);
/* The summary, and what could not be written. An exit code. */
int trace_sink_finish(struct trace_sink *s);
void trace_sink_destroy(struct trace_sink *s);

/* Running a program: the exit code is its own, or 128 and its signal. */

struct trace_program {
    struct cli *cli;
    struct trace_sink *sink;
    char **argv;
    const char *library; /* for the preloaded method */
    bool follow;
};
int trace_run_ring(const struct trace_program *p);
int trace_run_ptrace(const struct trace_program *p);
/* A program that a preloaded library would not reach (trace_program.c). */
bool trace_program_is_static(const char *name);

/* In the child: what execvp() says. Does not return. */
void trace_program_start(char **argv) __attribute__((noreturn));
/* SIGINT is the program's; SIGTERM and SIGHUP are passed on to it. */
void trace_signals_begin(void);
void trace_signals_child(int pid); /* whom they are passed on to */
void trace_signals_end(void);
void trace_signals_reset(void); /* in the child */

#endif
