/* SPDX-License-Identifier: MIT */
/*
 * Options. The global ones may stand anywhere on the line, as people type them; what is left
 * belongs to the verb. A lone "--" ends them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "nearest.h"

static int
set_text(const char **where, const char *value)
{
    *where = value;
    return 0;
}

static int
set_transport(struct cli_options *o, const char *value)
{
    return set_text(&o->transport, value);
}

static int
set_device(struct cli_options *o, const char *value)
{
    return set_text(&o->device, value);
}

static int
set_firmware(struct cli_options *o, const char *value)
{
    return set_text(&o->firmware, value);
}

static int
set_policy(struct cli_options *o, const char *value)
{
    return set_text(&o->policy, value);
}

static int
set_record(struct cli_options *o, const char *value)
{
    return set_text(&o->record, value);
}

static int
index_of(const char *const *list, const char *value)
{
    for (int i = 0; list[i]; i++) {
        if (!strcmp(list[i], value))
            return i;
    }
    return -1;
}

static const char *const formats[] = {"text", "json", "jsonl", "yaml", "csv", "raw", NULL};
static const char *const record_levels[] = {"backend", "rpc", "bus", "ioctl", NULL};
static const char *const colors[] = {"auto", "always", "never", NULL};

static int
set_format(struct cli_options *o, const char *value)
{
    const int i = index_of(formats, value);

    if (i < 0)
        return -EINVAL;
    o->format = (enum cli_format)i;
    return 0;
}

static int
set_record_level(struct cli_options *o, const char *value)
{
    const int i = index_of(record_levels, value);

    if (i < 0)
        return -EINVAL;
    o->record_level = (enum cli_record_level)i;
    return 0;
}

static int
set_color(struct cli_options *o, const char *value)
{
    const int i = index_of(colors, value);

    if (i < 0)
        return -EINVAL;
    o->color = (enum cli_color)i;
    return 0;
}

/* Seconds, with a fraction; "ms" and "s" are accepted as units. */
static int
set_timeout(struct cli_options *o, const char *value)
{
    char *end;
    double seconds = strtod(value, &end);

    if (!strcmp(end, "ms"))
        seconds /= 1000;
    else if (*end && strcmp(end, "s"))
        return -EINVAL;
    if (end == value || !(seconds > 0) || seconds > 1e6)
        return -EINVAL;
    o->timeout_ns = (uint64_t)(seconds * 1e9);
    return 0;
}

static int
set_json(struct cli_options *o, const char *value)
{
    (void)value;
    o->format = CLI_JSON;
    return 0;
}

static int
set_dry_run(struct cli_options *o, const char *value)
{
    (void)value;
    o->dry_run = true;
    return 0;
}

static int
set_unsafe(struct cli_options *o, const char *value)
{
    (void)value;
    o->unsafe = true;
    return 0;
}

static int
set_no_pager(struct cli_options *o, const char *value)
{
    (void)value;
    o->no_pager = true;
    return 0;
}

static int
set_quiet(struct cli_options *o, const char *value)
{
    (void)value;
    o->quiet = true;
    return 0;
}

static int
set_verbose(struct cli_options *o, const char *value)
{
    (void)value;
    o->verbose++;
    return 0;
}

/* A row per global option. */
struct option_row {
    const char *name;
    char letter;
    const char *value; /* what the value is called; NULL: a switch */
    const char *legal; /* what to write instead of a bad value */
    int (*set)(struct cli_options *o, const char *value);
};

static const struct option_row rows[] = {
    {"--transport",    't', "TRANSPORT",
     "emu[:CHIP][?fw=RELEASE&fault=FAULT], nvidia[:N], pci:BDF, ssh://HOST",      set_transport   },
    {"--device",       'd', "DEVICE",    "a chip's name or its number in 'list'", set_device      },
    {"--firmware",     'F', "RELEASE",   "a release such as 570.144, or auto",    set_firmware    },
    {"--output",       'o', "FORMAT",    "text, json, jsonl, yaml, csv or raw",   set_format      },
    {"--json",         'j', NULL,        NULL,                                    set_json        },
    {"--dry-run",      0,   NULL,        NULL,                                    set_dry_run     },
    {"--record",       0,   "FILE",      "a file",                                set_record      },
    {"--record-level", 0,   "LEVEL",     "backend, rpc, bus or ioctl",            set_record_level},
    {"--policy",       0,   "POLICY",    "read-only, standard, unsafe or a file", set_policy      },
    {"--unsafe",       0,   NULL,        NULL,                                    set_unsafe      },
    {"--timeout",      0,   "SECONDS",   "seconds above 0, such as 2.5 or 500ms", set_timeout     },
    {"--color",        0,   "WHEN",      "auto, always or never",                 set_color       },
    {"--no-pager",     0,   NULL,        NULL,                                    set_no_pager    },
    {"--quiet",        'q', NULL,        NULL,                                    set_quiet       },
    {"--verbose",      'v', NULL,        NULL,                                    set_verbose     },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const char *
cli_option_name(unsigned i)
{
    return i < ROWS ? rows[i].name : NULL;
}

const char *
cli_nearest(const char *word, const char *const *list)
{
    const char *best = NULL;
    unsigned best_distance = (unsigned)strlen(word) / 3 + 1;

    for (unsigned i = 0; list[i]; i++) {
        const unsigned distance = cli_distance(word, list[i]);

        if (distance <= best_distance) {
            best_distance = distance;
            best = list[i];
        }
    }
    return best;
}

static const struct option_row *
find_row(const char *word, const char **inline_value)
{
    const size_t name_bytes = strcspn(word, "=");

    *inline_value = NULL;
    for (unsigned i = 0; i < ROWS; i++) {
        if (word[0] == '-' && rows[i].letter && word[1] == rows[i].letter) {
            *inline_value = word[2] ? word + 2 : NULL;
            return &rows[i];
        }
        if (!strncmp(rows[i].name, word, name_bytes) && !rows[i].name[name_bytes]) {
            *inline_value = word[name_bytes] ? word + name_bytes + 1 : NULL;
            return &rows[i];
        }
    }
    return NULL;
}

static int
unknown_option(struct cli *cli, const char *word)
{
    const char *names[ROWS + 1] = {0};
    const char *nearest;
    char hint[128] = "";

    for (unsigned i = 0; i < ROWS; i++)
        names[i] = rows[i].name;
    nearest = cli_nearest(word, names);
    if (nearest)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
    return cli_usage(cli, nearest ? hint : "nvrm-cli help lists the options",
                     "unknown option %s", word);
}

/* Switches of one letter may be joined: -jq. */
static int
set_joined(struct cli *cli, const struct option_row *row, const char *word)
{
    const char *value;

    row->set(&cli->options, NULL);
    for (const char *c = word + 2; *c; c++) {
        const char one[] = {'-', *c, '\0'};
        const struct option_row *next = find_row(one, &value);

        if (!next || next->value)
            return unknown_option(cli, word);
        next->set(&cli->options, NULL);
    }
    return CLI_OK;
}

/* Set the option at argv[i]; *used says how many words it took. */
static int
set_row(struct cli *cli, const struct option_row *row, int argc, char **argv, int i,
        const char *inline_value, int *used)
{
    const char *value = inline_value;
    const bool is_long = argv[i][1] == '-';

    *used = 1;
    if (!row->value && inline_value && !is_long)
        return set_joined(cli, row, argv[i]);
    if (!row->value && inline_value)
        return cli_usage(cli, "write the option alone", "%s takes no value", row->name);
    if (row->value && !value) {
        if (i + 1 >= argc)
            return cli_usage(cli, row->legal, "%s needs a value: %s", row->name, row->value);
        value = argv[i + 1];
        *used = 2;
    }
    if (row->set(&cli->options, value) < 0) {
        char hint[128];

        snprintf(hint, sizeof(hint), "legal: %s", row->legal);
        return cli_usage(cli, hint, "%s: '%s' is not a legal value", row->name, value);
    }
    return CLI_OK;
}

/* A word that starts with a dash and is not "-" or a negative number. */
static bool
looks_like_option(const char *word)
{
    return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9');
}

int
cli_option_words(const char *word)
{
    const char *inline_value;
    const struct option_row *row = find_row(word, &inline_value);

    return row && row->value && !inline_value ? 2 : 1;
}

const char *
cli_option_legal(const char *word)
{
    const char *inline_value;
    const struct option_row *row = find_row(word, &inline_value);

    return row && row->legal ? row->legal : "";
}

/* `trace exec -o FILE`, `trace learn -o FILE`: those verbs' own, as strace has it. */
static bool
belongs_to_verb(int kept, char **argv, const char *word)
{
    return kept >= 2 && !strcmp(word, "-o") && !strcmp(argv[0], "trace") &&
           (!strcmp(argv[1], "exec") || !strcmp(argv[1], "learn"));
}

int
cli_options_take(struct cli *cli, int *argc, char **argv, bool before_verb)
{
    int kept = 0;

    for (int i = 0; i < *argc;) {
        const char *value;
        const struct option_row *row;
        int used = 1, rc;

        if (!strcmp(argv[i], "--")) {
            while (i < *argc)
                argv[kept++] = argv[i++];
            break;
        }
        row = looks_like_option(argv[i]) && !belongs_to_verb(kept, argv, argv[i])
                  ? find_row(argv[i], &value)
                  : NULL;
        if (!row) {
            before_verb = before_verb && looks_like_option(argv[i]);
            if (before_verb)
                return unknown_option(cli, argv[i]);
            argv[kept++] = argv[i++];
            continue;
        }
        rc = set_row(cli, row, *argc, argv, i, value, &used);
        if (rc != CLI_OK)
            return rc;
        i += used;
    }
    argv[kept] = NULL;
    *argc = kept;
    return CLI_OK;
}

static void
remove_words(int *argc, char **argv, int at, int count)
{
    for (int i = at; i + count <= *argc; i++)
        argv[i] = argv[i + count];
    *argc -= count;
}

bool
cli_flag(int *argc, char **argv, const char *name)
{
    for (int i = 1; i < *argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], name)) {
            remove_words(argc, argv, i, 1);
            return true;
        }
    }
    return false;
}

int
cli_value(struct cli *cli, int *argc, char **argv, const char *name, char **value_out)
{
    const size_t bytes = strlen(name);

    *value_out = NULL;
    for (int i = 1; i < *argc && strcmp(argv[i], "--"); i++) {
        if (strncmp(argv[i], name, bytes))
            continue;
        if (argv[i][bytes] == '=') {
            *value_out = argv[i] + bytes + 1;
            remove_words(argc, argv, i, 1);
            return CLI_OK;
        }
        if (argv[i][bytes])
            continue;
        if (i + 1 >= *argc)
            return cli_usage(cli, NULL, "%s needs a value", name);
        *value_out = argv[i + 1];
        remove_words(argc, argv, i, 2);
        return CLI_OK;
    }
    return CLI_OK;
}

int
cli_check_args(struct cli *cli, const struct nvrm_cmd *cmd, int *argc, char **argv)
{
    char hint[256];

    snprintf(hint, sizeof(hint), "usage: nvrm-cli %s %s", cmd->name, cmd->args);
    for (int i = 1; i < *argc; i++) {
        if (!strcmp(argv[i], "--")) {
            remove_words(argc, argv, i, 1);
            break;
        }
        if (looks_like_option(argv[i]))
            return cli_usage(cli, hint, "%s has no option %s", cmd->name, argv[i]);
    }
    if (*argc - 1 < cmd->min_args)
        return cli_usage(cli, hint, "%s needs more words", cmd->name);
    if (cmd->max_args >= 0 && *argc - 1 > cmd->max_args)
        return cli_usage(cli, hint, "%s: '%s' is one word too many", cmd->name,
                         argv[cmd->max_args + 1]);
    return CLI_OK;
}
