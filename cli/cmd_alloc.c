/* SPDX-License-Identifier: MIT */
/*
 * alloc: allocate an RM object by class name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "args.h"
#include "cmds.h"
#include "save.h"

static void
print_handle(struct cli *cli, const json_t *doc)
{
    fprintf(cli->out, "%s\n", cli_str(doc, "handle"));
}

/* What was asked for, as far as names go. */
struct request {
    struct cli_session *s;
    const struct nvrm_class *cls;
    uint32_t class_id;
    rm_handle parent, handle;
    const char *as, *parent_word, *class_word;
};

static int
parse(struct cli *cli, char **argv, const char *handle, struct request *r,
      struct gsp_error *err)
{
    int rc = session_get(cli, &r->s, err);

    if (rc == 0)
        rc = rm_name_class(session_abi(r->s), argv[2], &r->cls, &r->class_id, err);
    if (rc == 0)
        rc = policy_class(cli, session_abi(r->s), r->cls, r->class_id, err);
    if (rc == 0)
        rc = session_object(r->s, argv[1], &r->parent, err);
    if (rc == 0 && handle && !rm_parse_u32(handle, &r->handle))
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "--handle: '%s' is not a 32-bit number",
                      handle);
    return rc;
}

static int
emit(struct cli *cli, const struct request *r, const struct rm_params *p)
{
    const struct nvrm_schema *s = cli->schema;
    struct gsp_error err = {0};
    json_t *doc = json_object();

    if (session_is_dry(r->s)) {
        json_decref(doc);
        return session_emit_dry(cli, r->s);
    }
    json_object_set_new(doc, "handle", cli_hex32(r->handle));
    json_object_set_new(doc, "class", json_string(r->cls ? nvrm_str(s, r->cls->name) : "?"));
    json_object_set_new(doc, "class_id", cli_hex(r->class_id));
    json_object_set_new(doc, "parent", cli_hex32(r->parent));
    if (r->as)
        json_object_set_new(doc, "name", json_string(r->as));
    if (json_object_set_new(doc, "params", args_result(p, &err)) && err.rc < 0) {
        json_decref(doc);
        return cli_fail(cli, &err);
    }
    return cli_emit(
        cli, &(struct cli_doc){
                 .json = doc, .text = print_handle, .raw = p->wire, .raw_bytes = p->bytes});
}

/* The step that does the same in a script. Handles are this session's, so they are left out. */
static void
keep(struct cli *cli, const struct request *r, json_t *given)
{
    json_t *call = json_pack("{s:s, s:s}", "parent", r->parent_word, "class", r->class_word);
    json_t *step = json_pack("{s:o}", "alloc", call);

    if (json_object_size(given))
        json_object_set(call, "params", given);
    if (r->as)
        json_object_set_new(step, "as", json_string(r->as));
    save_step(cli, step);
}

static int
alloc(struct cli *cli, struct request *r, int argc, char **argv)
{
    const bool bare = !argc && (!r->cls || r->cls->optional);
    const struct nvrm_abi abi = session_abi(r->s);
    struct gsp_error err = {0};
    struct rm_params p;
    json_t *given = NULL;
    int rc = rm_params_init(&p, abi, bare ? NULL : rm_class_layout(abi, r->cls), NULL, &err);

    if (rc == 0)
        rc = args_params(r->s, &p, argc, argv, &err);
    if (rc == 0 && cli->keep_session)
        given = save_params(r->s, &p);
    if (rc == 0)
        rc =
            rm_alloc_params(session_client(r->s), r->parent, r->class_id, &p, &r->handle, &err);
    if (rc == 0 && r->as)
        rc = session_name_set(r->s, r->as, r->handle, &err);
    if (rc == 0)
        keep(cli, r, given);
    json_decref(given);
    rc = rc < 0 ? cli_fail(cli, &err) : emit(cli, r, &p);
    rm_params_fini(&p);
    return rc;
}

/* The object that is always there and may be the class's parent. */
static const char *
usual_parent(const struct nvrm_schema *s, const struct nvrm_class *cls)
{
    static const struct {
        const char *implementation, *object;
    } usual[] = {
        {"RmClientResource", "root"     },
        {"Device",           "device"   },
        {"Subdevice",        "subdevice"},
    };
    const char *parent;

    for (unsigned i = 0; (parent = nvrm_class_parent(s, cls, i)); i++) {
        for (size_t k = 0; k < sizeof(usual) / sizeof(usual[0]); k++) {
            if (!strcmp(usual[k].implementation, parent))
                return usual[k].object;
        }
    }
    return NULL;
}

static int
alloc_words(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct request r = {0};
    char *as = NULL, *handle = NULL;
    int rc = cli_value(cli, &argc, argv, "--as", &as);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--handle", &handle);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_alloc, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    r.as = as;
    r.parent_word = argv[1];
    r.class_word = argv[2];
    if (parse(cli, argv, handle, &r, &err) < 0)
        return cli_fail(cli, &err);
    return alloc(cli, &r, argc - 3, argv + 3);
}

/* "alloc CLASS ...": the class, when the parent was left out. */
static const struct nvrm_class *
lone_class(struct cli *cli, int argc, char **argv)
{
    const struct nvrm_class *cls;
    struct nvrm_abi abi;

    if (argc < 2 || cli_abi(cli, &abi, NULL) < 0)
        return NULL;
    cls = nvrm_class_find(abi, argv[1]);
    return argc > 2 && nvrm_class_find(abi, argv[2]) ? NULL : cls;
}

static int
cmd_alloc_run(struct cli *cli, int argc, char **argv)
{
    const struct nvrm_class *cls = lone_class(cli, argc, argv);
    const char *parent = cls ? usual_parent(cli->schema, cls) : NULL;
    char **words;
    int rc;

    if (!cls)
        return alloc_words(cli, argc, argv);
    if (!parent)
        return cli_usage(cli, "usage: nvrm-cli alloc PARENT CLASS; explain class says which",
                         "%s needs a parent: it is none of root, device and subdevice",
                         argv[1]);
    words = calloc((size_t)argc + 2, sizeof(*words));
    if (!words)
        return cli_out_of_memory(cli);
    words[0] = argv[0];
    words[1] = (char *)parent;
    memcpy(words + 2, argv + 1, (size_t)(argc - 1) * sizeof(*words));
    rc = alloc_words(cli, argc + 1, words);
    free(words);
    return rc;
}

const struct nvrm_cmd cmd_alloc = {
    .name = "alloc",
    .args = "[PARENT] CLASS [FIELD=VALUE... | JSON | @FILE | -]",
    .options = "--as NAME, --handle HANDLE",
    .help = "allocate an RM object and print its handle",
    .min_args = 2,
    .max_args = -1,
    .pages = true,
    .run = cmd_alloc_run,
};
