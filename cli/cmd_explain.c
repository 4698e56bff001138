/* SPDX-License-Identifier: MIT */
/*
 * explain: what a status, class, control, RPC or Xid is, by name or number; what a log or a
 * crash dump says.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "cmds.h"
#include "describe.h"
#include "explain.h"
#include "nearest.h"
#include "xid.h"

static void
print_docs(struct cli *cli, const json_t *doc)
{
    describe_print(cli, doc);
}

static int
emit(struct cli *cli, struct nvrm_abi abi, json_t *doc)
{
    json_object_set_new(doc, "release",
                        json_string(nvrm_release_name(abi.schema, abi.release)));
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_docs});
}

static int
no_row(struct cli *cli, struct nvrm_abi abi, const char *noun, uint32_t number)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_RELEASE, -ENOENT, "release %s has no %s 0x%x",
             nvrm_release_name(abi.schema, abi.release), noun, number);
    gsp_hint(&err, "-F chooses another release");
    return cli_fail(cli, &err);
}

static int
explain_status(struct cli *cli, struct nvrm_abi abi, const char *word)
{
    struct gsp_error err = {0};
    const char *name;
    uint32_t code;
    json_t *doc;

    if (rm_name_status(abi, word, &code, &err) < 0)
        return cli_fail(cli, &err);
    name = nvrm_status_name(abi, code);
    if (!name)
        return no_row(cli, abi, "status", code);
    doc = describe_const(abi, nvrm_status_find(abi, name));
    json_object_set_new(doc, "kind", json_string("status"));
    return emit(cli, abi, doc);
}

static int
explain_class(struct cli *cli, struct nvrm_abi abi, const char *word)
{
    const struct nvrm_class *cls;
    struct gsp_error err = {0};
    uint32_t id;

    if (rm_name_class(abi, word, &cls, &id, &err) < 0)
        return cli_fail(cli, &err);
    return cls ? emit(cli, abi, describe_class(abi, cls)) : no_row(cli, abi, "class", id);
}

/* What the bits of a control's number say, also when it has no row. */
static void
add_id_parts(json_t *doc, uint32_t id)
{
    json_object_set_new(doc, "id_class", cli_hex(id >> 16));
    json_object_set_new(doc, "id_category", cli_hex(id >> 8 & 0x3f));
    json_object_set_new(doc, "id_index", cli_hex(id & 0xff));
    if (id & 0x8000)
        json_object_set_new(doc, "legacy", json_true());
}

static int
explain_control(struct cli *cli, struct nvrm_abi abi, const char *word)
{
    const struct nvrm_control *control;
    struct gsp_error err = {0};
    uint32_t id;
    json_t *doc;

    if (rm_name_control(abi, word, &control, &id, &err) < 0)
        return cli_fail(cli, &err);
    if (!control && !(id & 0x8000))
        return no_row(cli, abi, "control", id);
    doc = control ? describe_control(abi, control)
                  : json_pack("{s:s, s:s, s:o, s:s}", "kind", "control", "name", "?", "id",
                              cli_hex32(id), "doc",
                              "A legacy control of GSP-RM: its parameters are not public.");
    add_id_parts(doc, id);
    return emit(cli, abi, doc);
}

static int
explain_rpc(struct cli *cli, struct nvrm_abi abi, const char *word)
{
    const struct nvrm_rpc *rpc;
    struct gsp_error err = {0};
    uint32_t id;

    if (rm_name_rpc(abi, word, &rpc, &id, &err) < 0)
        return cli_fail(cli, &err);
    return rpc ? emit(cli, abi, describe_rpc(abi, rpc)) : no_row(cli, abi, "RPC", id);
}

const struct nvrm_const *
explain_find_xid(struct nvrm_abi abi, const char *word)
{
    uint32_t number = 0;
    const bool is_number = rm_parse_u32(word, &number);

    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        const char *name = c ? describe_xid_name(abi, c) : NULL;

        if (!name)
            continue;
        if (is_number
                ? c->value == number
                : !strcasecmp(name, word) || !strcasecmp(nvrm_str(abi.schema, c->name), word))
            return c;
    }
    return NULL;
}

/* The Xid whose number is next to the one asked for. */
static const struct nvrm_const *
nearest_xid(struct nvrm_abi abi, uint32_t number)
{
    const struct nvrm_const *best = NULL;
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        uint64_t distance;

        if (!c || !describe_xid_name(abi, c))
            continue;
        distance = c->value > number ? c->value - number : number - c->value;
        if (distance < least) {
            least = distance;
            best = c;
        }
    }
    return best;
}

static void
hint_number(struct nvrm_abi abi, const char *word, struct gsp_error *err)
{
    uint32_t number;
    const struct nvrm_const *c = rm_parse_u32(word, &number) ? nearest_xid(abi, number) : NULL;

    if (c)
        gsp_hint(err, "the nearest is Xid %llu, %s", (unsigned long long)c->value,
                 describe_xid_name(abi, c));
    else
        gsp_hint(err, "a number, or a name such as GR_EXCEPTION");
}

static int
no_xid(struct cli *cli, struct nvrm_abi abi, const char *word)
{
    const char *best = NULL;
    struct gsp_error err = {0};
    unsigned limit = 4;

    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        const char *name = c ? describe_xid_name(abi, c) : NULL;
        const unsigned d = name ? cli_distance(word, name) : limit;

        if (d < limit) {
            limit = d;
            best = name;
        }
    }
    gsp_fail(&err, GSP_ORIGIN_INPUT, -ENOENT, "release %s has no Xid '%s'",
             nvrm_release_name(abi.schema, abi.release), word);
    if (best)
        gsp_hint(&err, "did you mean '%s'?", best);
    else
        hint_number(abi, word, &err);
    return cli_fail(cli, &err);
}

static int
explain_xid(struct cli *cli, struct nvrm_abi abi, const char *word)
{
    const struct nvrm_const *c = explain_find_xid(abi, word);
    uint32_t number = c ? (uint32_t)c->value : 0;
    json_t *doc;

    if (!c && (!rm_parse_u32(word, &number) || !xid_fact(number)))
        return no_xid(cli, abi, word);
    doc = c ? describe_const(abi, c)
            : json_pack("{s:s, s:I}", "kind", "xid", "decimal", (json_int_t)number);
    json_object_set_new(doc, "kind", json_string("xid"));
    xid_describe(number, doc);
    json_object_set_new(doc, "source", json_string(xid_source));
    return emit(cli, abi, doc);
}

static const struct {
    const char *name;
    int (*run)(struct cli *cli, struct nvrm_abi abi, const char *word);
} kinds[] = {
    {"status", explain_status },
    {"class",  explain_class  },
    {"ctl",    explain_control},
    {"rpc",    explain_rpc    },
    {"xid",    explain_xid    },
};

static int
cmd_explain_run(struct cli *cli, int argc, char **argv)
{
    const bool brief = cli_flag(&argc, argv, "--brief");
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    int rc = cli_check_args(cli, &cmd_explain, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (argc == 2 && !strcmp(argv[1], "crash"))
        return explain_crash_live(cli);
    if (argc == 2)
        return explain_file(cli, argv[1], NULL, brief);
    if (!strcmp(argv[1], "crash"))
        return explain_file(cli, argv[2], "crash", brief);
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strcasecmp(kinds[i].name, argv[1]))
            return kinds[i].run(cli, abi, argv[2]);
    }
    return cli_usage(cli, "legal: status, class, ctl, rpc, xid, crash, or a file alone",
                     "explain knows no kind '%s'", argv[1]);
}

const struct nvrm_cmd cmd_explain = {
    .name = "explain",
    .args = "status|class|ctl|rpc|xid NAME|NUMBER, crash [FILE], or FILE",
    .help = "what a status, class, control, RPC or Xid is, or what a kernel log or crash dump "
            "says",
    .min_args = 1,
    .max_args = 2,
    .pages = true,
    .run = cmd_explain_run,
};
