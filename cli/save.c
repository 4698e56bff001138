/* SPDX-License-Identifier: MIT */
/*
 * save: the lines of a session that succeeded become a script.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "args.h"
#include "cmds.h"
#include "save.h"
#include "vars.h"

static bool
is_zero(struct nvrm_abi abi, const json_t *value)
{
    const char *text = json_string_value(value);
    uint64_t number;

    if (json_is_object(value) || json_is_array(value))
        return !json_object_size(value) && !json_array_size(value);
    if (!text)
        return !json_is_true(value) && json_number_value(value) == 0;
    return !*text || (!strncmp(text, "0x", 2) && !text[2 + strspn(text + 2, "0")]) ||
           (nvrm_constant_find(abi, text, &number) && !number);
}

/* "hVASpace": 0xcaf10001 as "$vas", when an object of that name has the handle. */
static json_t *
named_handle(struct cli_session *s, const char *key, const json_t *value)
{
    const char *name, *text = json_string_value(value);
    rm_handle handle, wanted;

    if (!key || *key != 'h' || !text || !rm_parse_u32(text, &wanted))
        return NULL;
    if (wanted == rm_client_handle(session_client(s)))
        return json_string("$root");
    for (unsigned i = 0; (name = session_name_at(s, i)); i++) {
        if (session_name_get(s, name, &handle) && handle == wanted)
            return json_sprintf("$%s", name);
    }
    return NULL;
}

static json_t *
prune(struct cli_session *s, const char *key, const json_t *value)
{
    const struct nvrm_abi abi = session_abi(s);
    json_t *copy = named_handle(s, key, value), *item;
    const char *name;
    size_t i;

    if (copy)
        return copy;
    if (!json_is_object(value) && !json_is_array(value))
        return json_copy((json_t *)value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_object_foreach((json_t *)value, name, item)
    {
        json_t *one = prune(s, name, item);

        if (is_zero(abi, one))
            json_decref(one);
        else
            json_object_set_new(copy, name, one);
    }
    json_array_foreach(value, i, item) json_array_append_new(copy, prune(s, NULL, item));
    while (json_array_size(copy) &&
           is_zero(abi, json_array_get(copy, json_array_size(copy) - 1)))
        json_array_remove(copy, json_array_size(copy) - 1);
    return copy;
}

json_t *
save_params(struct cli_session *s, const struct rm_params *p)
{
    struct gsp_error err = {0};
    json_t *all = p->bytes ? args_result(p, &err) : json_object();
    json_t *rest = all ? prune(s, NULL, all) : json_object();

    json_decref(all);
    return rest;
}

/* Strings that a variable stood for become references again: parents, objects. */
static void
restore_words(const json_t *references, json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    json_array_foreach(value, i, item) restore_words(references, item);
    json_object_foreach(value, key, item)
    {
        const json_t *typed =
            json_is_string(item) ? json_object_get(references, json_string_value(item)) : NULL;
        char *script = typed ? vars_for_script(json_string_value(typed)) : NULL;

        if (script)
            json_object_set_new(value, key, json_string(script));
        else
            restore_words(references, item);
        free(script);
    }
}

/* One level of a path into parameters, made when it was left out as zero. */
static json_t *
descend(json_t *at, const char *name, bool is_index, bool next_is_index)
{
    const size_t index = is_index ? strtoul(name, NULL, 10) : 0;
    json_t *inner = is_index ? json_array_get(at, index) : json_object_get(at, name);

    if (json_is_object(inner) || json_is_array(inner))
        return inner;
    if (index > 256)
        return NULL;
    inner = next_is_index ? json_array() : json_object();
    if (!is_index)
        json_object_set_new(at, name, inner);
    while (is_index && json_array_size(at) < index)
        json_array_append_new(at, next_is_index ? json_array() : json_object());
    if (is_index)
        json_array_append_new(at, inner);
    return inner;
}

/* "a[0].b" in the parameters becomes the text. Elements of arrays of numbers stay numbers. */
static void
set_path(json_t *at, const char *path, const char *text)
{
    bool is_index = false;
    char name[128];

    while (at && *path) {
        const size_t bytes = strcspn(path, ".[]");
        const char *rest = path + bytes + (path[bytes] == ']');
        const bool next_is_index = *rest == '[';

        if (bytes >= sizeof(name))
            return;
        memcpy(name, path, bytes);
        name[bytes] = '\0';
        rest += *rest != '\0';
        if (!*rest && !is_index)
            json_object_set_new(at, name, json_string(text));
        if (!*rest)
            return;
        at = descend(at, name, is_index, next_is_index);
        is_index = next_is_index;
        path = rest;
    }
}

/* FIELD=$x.y keeps its reference. */
static void
restore_params(const json_t *references, json_t *step)
{
    json_t *call = json_object_get(step, "alloc");
    const char *sent;
    json_t *typed, *params;

    call = call ? call : json_object_get(step, "ctl");
    params = json_object_get(call, "params");
    json_object_foreach((json_t *)references, sent, typed)
    {
        const char *word = json_string_value(typed), *equals = strchr(word, '=');
        char *script = equals ? vars_for_script(equals + 1) : NULL;
        char path[256];

        if (call && script && equals - word < (long)sizeof(path)) {
            if (!params) {
                params = json_object();
                json_object_set_new(call, "params", params);
            }
            snprintf(path, sizeof(path), "%.*s", (int)(equals - word), word);
            set_path(params, path, script);
        }
        free(script);
    }
}

void
save_step(struct cli *cli, json_t *step)
{
    if (!cli->keep_session) {
        json_decref(step);
        return;
    }
    if (!cli->steps)
        cli->steps = json_array();
    restore_words(cli->references, step);
    restore_params(cli->references, step);
    json_array_append_new(cli->steps, step);
}

static void
print_saved(struct cli *cli, const json_t *doc)
{
    cli_note(cli, "%lld steps in %s",
             (long long)json_integer_value(json_object_get(doc, "steps")),
             cli_str(doc, "file"));
}

static int
cmd_save_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    json_t *script;
    int rc = cli_check_args(cli, &cmd_save, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (!json_array_size(cli->steps))
        return cli_usage(cli, "alloc, ctl, free and dup are saved once they succeeded",
                         "there is nothing to save yet");
    script = json_pack("{s:s, s:O}", "name", "saved session", "steps", cli->steps);
    if (json_dump_file(script, argv[1], JSON_INDENT(2))) {
        gsp_fail(&err, GSP_ORIGIN_INPUT, -EIO, "%s: cannot be written: %s", argv[1],
                 strerror(errno));
        rc = cli_fail(cli, &err);
    } else {
        json_t *doc = json_pack("{s:s, s:I}", "file", argv[1], "steps",
                                (json_int_t)json_array_size(cli->steps));

        rc = cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_saved});
    }
    json_decref(script);
    return rc;
}

const struct nvrm_cmd cmd_save = {
    .name = "save",
    .args = "FILE",
    .help = "write what succeeded in this session as a script",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_save_run,
};
