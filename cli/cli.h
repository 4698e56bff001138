/* SPDX-License-Identifier: MIT */
/*
 * What every file of nvrm-cli shares: the context of one run, the row that a verb is, and how
 * results and errors leave the program.
 *
 * stdout carries data and nothing else; every message goes to stderr. A verb builds one JSON
 * document and hands it to cli_emit(), which writes it in the format that was asked for.
 */
#ifndef NVRM_CLI_H
#define NVRM_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include <gsp/error.h>
#include <gsp/host.h>
#include <nvrm/schema.h>
#include <rm/rm.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_INTERNAL = 1,
    CLI_USAGE = 2,
    CLI_NO_DEVICE = 3,
    CLI_REFUSED = 4,
    CLI_RM_STATUS = 5,
    CLI_PROTOCOL = 6,
    CLI_LOST = 7,
    CLI_RELEASE = 8,
    CLI_EXPECTATION = 9,
    CLI_DIVERGED = 10,
    CLI_INTERRUPTED = 130,
};

enum cli_format { CLI_TEXT, CLI_JSON, CLI_JSONL, CLI_YAML, CLI_CSV, CLI_RAW };
/* What --record-level takes: calls; RPCs as well; the bus as well; or calls and ioctls. */
enum cli_record_level {
    CLI_RECORD_BACKEND,
    CLI_RECORD_RPC,
    CLI_RECORD_BUS,
    CLI_RECORD_IOCTL,
};
enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

/* The global options: one set for the program, a copy per line in the shell. */
struct cli_options {
    const char *transport; /* NULL: emu */
    const char *device;
    const char *firmware; /* release, "auto" or NULL */
    const char *policy;   /* file */
    const char *record;   /* file, or NULL */
    enum cli_record_level record_level;
    uint64_t timeout_ns; /* 0: the default of what is waited for */
    enum cli_format format;
    enum cli_color color;
    bool dry_run, unsafe, no_pager, quiet;
    int verbose;
};

struct cli_session;
struct cli_boot;

struct cli {
    struct cli_options options;
    const struct nvrm_schema *schema;
    FILE *out, *err;
    struct cli_session *session; /* opened by the first verb that needs a card */
    struct cli_boot *boot;       /* a card that is being booted: boot_rig.h */
    bool keep_session;           /* the shell and -e: results stay for the next line */
    FILE *pager;                 /* what is collected for the pager, else NULL */
    char *paged;
    size_t paged_bytes;
    json_t *vars;              /* variables by name: vars.h */
    json_t *result;            /* what the last line gave, when results stay */
    json_t *references;        /* this line's words that held variables: as sent -> as typed */
    json_t *lines;             /* lines so far with their exit codes: history */
    json_t *owners;            /* handle -> who allocated it: tree_doc.h */
    unsigned depth;            /* of source and rerun */
    json_t *steps;             /* what succeeded, for save; NULL: nothing yet */
    volatile int *interrupted; /* set by SIGINT while a wait goes on */
    bool write_failed;         /* and was reported */
    struct gsp_host host;      /* what the libraries get; its clock ends waits on SIGINT */
};

/* What Ctrl-C adds to the clock of the libraries. */
#define CLI_PAST_DEADLINES_NS (UINT64_C(1000000000) * 3600 * 24 * 365)

/* One verb. argv[0] is the verb itself; the return value is the exit code. */
struct nvrm_cmd {
    const char *name;
    const char *args;
    const char *help;
    int min_args, max_args; /* words after the verb, options not counted; -1: any number */
    int (*run)(struct cli *cli, int argc, char **argv);
    const char *options; /* the verb's own options, for help and completion; may be NULL */
    bool pages;          /* long output goes through the pager on a terminal */
    bool hidden;         /* for programs: found by name, listed nowhere; stands last */
};
const struct nvrm_cmd *cli_cmd_at(unsigned i); /* NULL past the end */
const struct nvrm_cmd *cli_cmd_find(const char *name);
/* Run one verb with its words; global options among them apply to this verb only. */
int cli_run(struct cli *cli, int argc, char **argv);
int cli_run_line(struct cli *cli, const char *line);

/* Options (options.c): takes the global ones out of argv. Returns CLI_OK or CLI_USAGE. */
int cli_options_take(struct cli *cli, int *argc, char **argv, bool before_verb);
/* A verb's own options; true when present, and taken out of argv. */
bool cli_flag(int *argc, char **argv, const char *name);
/* CLI_OK with *value_out NULL when absent; CLI_USAGE when the value is missing. */
int cli_value(struct cli *cli, int *argc, char **argv, const char *name, char **value_out);
/* After a verb took its options: nothing that looks like one may be left, and the number of
 * words must fit. */
int cli_check_args(struct cli *cli, const struct nvrm_cmd *cmd, int *argc, char **argv);
const char *cli_nearest(const char *word, const char *const *list);
const char *cli_option_name(unsigned i); /* global options, for completion; NULL past the end */
/* 2 when the word is a global option whose value is the next word, else 1. */
int cli_option_words(const char *word);
const char *cli_option_legal(const char *word); /* what its value may be, in words */

/* Errors (report.c) */
int cli_fail(struct cli *cli, const struct gsp_error *err); /* prints, returns the exit code */
int cli_usage(struct cli *cli, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int cli_out_of_memory(struct cli *cli);
void cli_note(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_exit_code(const struct gsp_error *err);
const char *cli_paint(const struct cli *cli, FILE *to,
                      const char *code); /* "" without colour */

/* Results (output.c) */
struct cli_doc {
    json_t *json;                                     /* owned by cli_emit() */
    void (*text)(struct cli *cli, const json_t *doc); /* NULL: a generic rendering */
    const void *raw;                                  /* -o raw: bytes; may be NULL */
    size_t raw_bytes;
};
int cli_emit(struct cli *cli, const struct cli_doc *doc);
/* Whether everything that was printed could be written; says so once when not. */
int cli_flush(struct cli *cli);
/* One row of a stream, written at once: a JSON line in every JSON-like format. */
int cli_emit_row(struct cli *cli, json_t *row, void (*text)(struct cli *, const json_t *));
/* On a terminal: output until cli_page_end() that is longer than the screen goes through
 * $PAGER. */
void cli_page(struct cli *cli);
void cli_page_end(struct cli *cli);
/* Keep what a verb printed as the line's result; cli_emit() does it by itself. Takes the
 * document. */
void cli_keep_result(struct cli *cli, json_t *doc);
json_t *cli_hex32(uint32_t value);                          /* "0x00000080" */
json_t *cli_hex(uint64_t value);                            /* "0x80" */
const char *cli_str(const json_t *object, const char *key); /* "" when absent */
/* JSON text made by the libraries as a value; NULL when out of memory. Takes the text. */
json_t *cli_json_of(struct gsp_text *text);

/* Documents (yaml.c): JSON or YAML in a file ("-" is stdin). NULL with *err filled. */
json_t *cli_load_text(const char *text, size_t bytes, const char *name, struct gsp_error *err);
json_t *cli_load_file(const char *path, struct gsp_error *err);
/* The bytes of a file ("-" is stdin) and a 0 behind them, to be freed; NULL with *err filled.
 */
char *cli_read_file(const char *path, size_t *bytes_out, struct gsp_error *err);
int cli_yaml_write(const json_t *value, FILE *out);
/* Line and column, from 1, of what a pointer such as "steps/0/name" leads to in a document that
 * could be read (yaml_where.c); of what is nearest when it leads nowhere. */
bool cli_yaml_where(const char *text, size_t bytes, const char *pointer, unsigned *line_out,
                    unsigned *column_out);

/* The release that schema verbs speak of: -F, else the card's, else the newest. */
int cli_abi(struct cli *cli, struct nvrm_abi *abi_out, struct gsp_error *err);

#endif
