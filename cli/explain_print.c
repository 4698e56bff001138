/* SPDX-License-Identifier: MIT */
/*
 * What explain found in a log, for people.
 */
#include <string.h>

#include "explain.h"

static long long
number(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

/* What the two data words mean, or the words themselves. */
static void
print_meaning(struct cli *cli, const json_t *o)
{
    static const char *const keys[] = {"control", "class",  "notifier", "record",
                                       "engine",  "object", "xid"};
    bool any = false;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!*cli_str(o, keys[i]))
            continue;
        fprintf(cli->out, " %s", cli_str(o, keys[i]));
        any = true;
    }
    if (!any)
        fprintf(cli->out, " %s %s", cli_str(o, "data0"), cli_str(o, "data1"));
}

static void
print_xid(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "Xid %lld %s on %s", number(o, "xid"),
            *cli_str(o, "name") ? cli_str(o, "name") : "(unknown)", cli_str(o, "device"));
    if (json_object_get(o, "pid"))
        fprintf(cli->out, ", pid %lld", number(o, "pid"));
    if (*cli_str(o, "process"))
        fprintf(cli->out, " (%s)", cli_str(o, "process"));
    fputc('\n', cli->out);
    if (*cli_str(o, "doc"))
        fprintf(cli->out, "      %s\n", cli_str(o, "doc"));
    if (json_object_get(o, "caused_by"))
        fprintf(cli->out, "      follows Xid %lld\n", number(o, "caused_by"));
    fprintf(cli->out, "      %s\n", cli_str(o, "message"));
}

static void
print_call(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "%s (%lld)", cli_str(o, "name"), number(o, "function"));
    if (json_object_get(o, "sequence"))
        fprintf(cli->out, " #%lld", number(o, "sequence"));
    print_meaning(cli, o);
}

static void
print_timeout(struct cli *cli, const json_t *o)
{
    fputs("no answer from GSP", cli->out);
    if (json_object_get(o, "seconds"))
        fprintf(cli->out, " for %lld s", number(o, "seconds"));
    if (*cli_str(o, "status"))
        fprintf(cli->out, " (%s)", cli_str(o, "status"));
    fputs(" to ", cli->out);
    print_call(cli, o);
    fputc('\n', cli->out);
    if (*cli_str(o, "doc"))
        fprintf(cli->out, "      %s\n", cli_str(o, "doc"));
}

static void
print_buffer(struct cli *cli, const json_t *o)
{
    fputs("RPC buffer holds ", cli->out);
    print_call(cli, o);
    fputc('\n', cli->out);
}

static void
print_history(struct cli *cli, const json_t *o)
{
    const json_t *row;
    size_t i;

    fprintf(cli->out, "RPC history, %s\n", cli_str(o, "direction"));
    json_array_foreach(json_object_get(o, "rows"), i, row)
    {
        fprintf(cli->out, "      %4lld  ", -number(row, "entry"));
        print_call(cli, row);
        if (json_is_true(json_object_get(row, "pending")))
            fputs("  not answered", cli->out);
        else if (json_object_get(row, "duration_us"))
            fprintf(cli->out, "  %lld us", number(row, "duration_us"));
        if (json_is_true(json_object_get(row, "during_pending_rpc")))
            fputs("  during an unanswered call", cli->out);
        fputc('\n', cli->out);
    }
}

static void
print_failure(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "%s failed: %s",
            !strcmp(cli_str(o, "kind"), "check") ? "check" : "assertion",
            cli_str(o, "expression"));
    if (*cli_str(o, "status"))
        fprintf(cli->out, " gave %s", cli_str(o, "status"));
    if (*cli_str(o, "where"))
        fprintf(cli->out, " at %s", cli_str(o, "where"));
    fputc('\n', cli->out);
}

static void
print_init(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "initialisation failed: %s gave %s (%s:%s:%lld)\n", cli_str(o, "stage"),
            cli_str(o, "status"), cli_str(o, "stage_code"), cli_str(o, "status_code"),
            number(o, "source_line"));
}

static void
print_lost(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "GPU %s has fallen off the bus\n", cli_str(o, "device"));
}

static void
print_all_channels(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "all channels are given up for Xid %lld\n", number(o, "xid"));
}

static void
print_mismatch(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "a client of version %s does not fit the module\n", cli_str(o, "client"));
}

static void
print_sxid(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "SXid %lld on %s\n      %s\n", number(o, "sxid"), cli_str(o, "device"),
            cli_str(o, "message"));
}

static void
print_load(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "driver %s was loaded\n", cli_str(o, "driver"));
}

static void
print_state(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "%s\n", cli_str(o, "state"));
}

static void
print_event(struct cli *cli, const json_t *o)
{
    if (*cli_str(o, "status"))
        fprintf(cli->out, "event %s failed: %s\n", cli_str(o, "name"), cli_str(o, "status"));
    else
        fprintf(cli->out, "event %s was not expected\n", cli_str(o, "name"));
}

static void
print_pcie(struct cli *cli, const json_t *o)
{
    fprintf(cli->out, "PCIe: %s\n", cli_str(o, "message"));
}

static const struct {
    const char *kind;
    void (*print)(struct cli *cli, const json_t *finding);
} printers[] = {
    {"xid",              print_xid          },
    {"rpc-timeout",      print_timeout      },
    {"rpc-buffer",       print_buffer       },
    {"rpc-history",      print_history      },
    {"assert",           print_failure      },
    {"check",            print_failure      },
    {"crash",            explain_print_crash},
    {"driver-loaded",    print_load         },
    {"gsp-state",        print_state        },
    {"event-failed",     print_event        },
    {"event-unexpected", print_event        },
    {"init-failed",      print_init         },
    {"lost",             print_lost         },
    {"all-channels",     print_all_channels },
    {"version-mismatch", print_mismatch     },
    {"sxid",             print_sxid         },
    {"pcie",             print_pcie         },
};

/* "lines 3, 7-12, 40" */
static void
print_lines(struct cli *cli, const json_t *lines)
{
    const size_t n = json_array_size(lines);
    const char *before = "";

    fprintf(cli->out, "      line%s ", n > 1 ? "s" : "");
    for (size_t i = 0; i < n; i++) {
        const long long first = (long long)json_integer_value(json_array_get(lines, i));
        long long last = first;

        while (i + 1 < n && json_integer_value(json_array_get(lines, i + 1)) == last + 1) {
            last++;
            i++;
        }
        fprintf(cli->out, last > first ? "%s%lld-%lld" : "%s%lld", before, first, last);
        before = ", ";
    }
    fputc('\n', cli->out);
}

static void
print_words(struct cli *cli, const char *label, const json_t *words)
{
    const json_t *word;
    size_t i;

    if (!json_array_size(words))
        return;
    fprintf(cli->out, "      %s: ", label);
    json_array_foreach(words, i, word)
        fprintf(cli->out, "%s%s", i ? ", " : "", json_string_value(word));
    fputc('\n', cli->out);
}

static void
print_incident(struct cli *cli, const json_t *in, size_t n)
{
    static const size_t most = 6;
    const json_t *evidence = json_object_get(in, "evidence"), *line;
    size_t i;

    fprintf(cli->out, "%s%2zu. ", cli_paint(cli, cli->out, "\033[1m"), n);
    if (*cli_str(in, "device"))
        fprintf(cli->out, "%s: ", cli_str(in, "device"));
    fprintf(cli->out, "%s%s\n", cli_str(in, "title"), cli_paint(cli, cli->out, "\033[0m"));
    if (json_object_get(in, "follows"))
        fprintf(cli->out, "      follows from %lld\n", number(in, "follows"));
    if (*cli_str(in, "doc"))
        fprintf(cli->out, "      %s\n", cli_str(in, "doc"));
    if (*cli_str(in, "call_doc"))
        fprintf(cli->out, "      the call: %s\n", cli_str(in, "call_doc"));
    json_array_foreach(evidence, i, line)
    {
        if (i < most)
            fprintf(cli->out, "      - %s\n", json_string_value(line));
    }
    if (json_array_size(evidence) > most)
        fprintf(cli->out, "      - and %zu more\n", json_array_size(evidence) - most);
    if (!json_object_get(in, "follows"))
        print_words(cli, "possible causes", json_object_get(in, "causes"));
    if (*cli_str(in, "recovery"))
        fprintf(cli->out, "      the driver asks for: %s\n", cli_str(in, "recovery"));
    else if (*cli_str(in, "action") && !json_object_get(in, "follows"))
        fprintf(cli->out, "      what to do: %s\n", cli_str(in, "action"));
    print_lines(cli, json_object_get(in, "lines"));
}

/* What happened first; then every line that was understood. */
void
explain_print_log(struct cli *cli, const json_t *doc)
{
    const json_t *finding, *in, *gpu;
    size_t i;

    json_array_foreach(json_object_get(doc, "gpus"), i, gpu)
        fprintf(cli->out, "GPU %s is %s\n", cli_str(gpu, "device"), cli_str(gpu, "uuid"));
    json_array_foreach(json_object_get(doc, "incidents"), i, in) print_incident(cli, in, i + 1);
    if (i && json_array_size(json_object_get(doc, "findings")))
        fputs("\nline by line:\n", cli->out);
    json_array_foreach(json_object_get(doc, "findings"), i, finding)
    {
        fprintf(cli->out, "%4lld: ", number(finding, "line"));
        for (size_t k = 0; k < sizeof(printers) / sizeof(printers[0]); k++)
            if (!strcmp(printers[k].kind, cli_str(finding, "kind")))
                printers[k].print(cli, finding);
    }
    if (json_array_size(json_object_get(doc, "findings")))
        fprintf(cli->out, "names are those of %s\n", cli_str(doc, "release"));
}
