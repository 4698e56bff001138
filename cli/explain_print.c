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

static const struct {
    const char *kind;
    void (*print)(struct cli *cli, const json_t *finding);
} printers[] = {
    {"xid",         print_xid          },
    {"rpc-timeout", print_timeout      },
    {"rpc-buffer",  print_buffer       },
    {"rpc-history", print_history      },
    {"assert",      print_failure      },
    {"check",       print_failure      },
    {"crash",       explain_print_crash},
};

void
explain_print_log(struct cli *cli, const json_t *doc)
{
    const json_t *finding;
    size_t i;

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
