/* SPDX-License-Identifier: MIT */
/*
 * One line of the shell: words, variables in them, the verb, and what becomes of its result.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "cmds.h"
#include "line.h"
#include "session.h"
#include "tree_doc.h"
#include "vars.h"

enum { MOST_LINES = 10000 };

static void
free_words(char **words, int count)
{
    for (int i = 0; i < count; i++)
        free(words[i]);
    free(words);
}

/* The words with their variables replaced; remembers which ones changed, for `save`. */
static char **
expand_words(struct cli *cli, int argc, char **argv, struct gsp_error *err)
{
    char **words = calloc((size_t)argc + 1, sizeof(*words));

    if (!words) {
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
        return NULL;
    }
    json_decref(cli->references);
    cli->references = json_object();
    for (int i = 0; i < argc; i++) {
        words[i] = vars_expand(cli, argv[i], err);
        if (!words[i]) {
            free_words(words, i);
            return NULL;
        }
        if (strcmp(words[i], argv[i]))
            json_object_set_new(cli->references, words[i], json_string(argv[i]));
    }
    return words;
}

/* cli_run() takes options out of the vector, so it gets a copy of the pointers. */
static int
run_words(struct cli *cli, int argc, char *const *words)
{
    char **copy = calloc((size_t)argc + 1, sizeof(*copy));
    int rc;

    if (!copy)
        return cli_out_of_memory(cli);
    memcpy(copy, words, (size_t)argc * sizeof(*copy));
    rc = cli_run(cli, argc, copy);
    free(copy);
    return rc;
}

static int
run_expanded(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    char **words = expand_words(cli, argc, argv, &err);
    int rc;

    if (!words)
        return cli_fail(cli, &err);
    rc = run_words(cli, argc, words);
    free_words(words, argc);
    return rc;
}

/* The step that was kept for this line gets the variable's name. */
static void
name_step(struct cli *cli, size_t steps_before, const char *name, bool is_object)
{
    const size_t steps = json_array_size(cli->steps);
    json_t *step = steps ? json_array_get(cli->steps, steps - 1) : NULL;

    if (steps <= steps_before)
        return;
    json_object_set_new(step, "name", json_string(name));
    if (is_object)
        json_object_set_new(step, "as", json_string(name));
}

/* "name = LINE" with a verb in the line. */
static int
assign_result(struct cli *cli, const char *name, int argc, char **argv)
{
    const size_t steps = json_array_size(cli->steps);
    struct gsp_error err = {0};
    const char *handle;
    uint32_t number;
    int rc;

    if (vars_set(cli, name, json_null(), &err) < 0)
        return cli_fail(cli, &err);
    json_object_del(cli->vars, name);
    json_decref(cli->result);
    cli->result = NULL;
    rc = run_expanded(cli, argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!cli->result)
        return cli_usage(cli, "ctl, alloc, info, schema and most other verbs have one",
                         "%s has no result that could be kept", argv[0]);
    handle = cli_str(cli->result, "handle");
    if (rm_parse_u32(handle, &number) && cli->session &&
        session_name_set(cli->session, name, number, &err) < 0)
        return cli_fail(cli, &err);
    name_step(cli, steps, name, *handle);
    return vars_set(cli, name, json_incref(cli->result), &err) < 0 ? cli_fail(cli, &err)
                                                                   : CLI_OK;
}

static json_t *
value_step(const char *name, const char *text, const json_t *value)
{
    char *script = vars_expression_for_script(text);
    json_t *step = script ? json_pack("{s:{s:s}}", "set", name, script)
                          : json_pack("{s:{s:O}}", "set", name, value);

    free(script);
    return step;
}

/* "name = EXPRESSION": the text behind the sign, with $name allowed for name. */
static int
assign_value(struct cli *cli, const char *name, const char *text)
{
    struct gsp_error err = {0};
    char *expanded = vars_expand(cli, text, &err);
    json_t *value = expanded ? vars_eval(cli, expanded, &err) : NULL;
    int rc;

    free(expanded);
    if (!value)
        return cli_fail(cli, &err);
    if (!cli->steps)
        cli->steps = json_array();
    rc = vars_set(cli, name, json_incref(value), &err);
    if (rc == 0 && cli->keep_session)
        json_array_append_new(cli->steps, value_step(name, text, value));
    json_decref(value);
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

static int
run_split(struct cli *cli, const char *line, int argc, char **argv)
{
    const char *text = strchr(line, '=');

    if (argc < 2 || strcmp(argv[1], "="))
        return run_expanded(cli, argc, argv);
    if (argc == 2)
        return cli_usage(cli, "NAME = LINE keeps a line's result, NAME = EXPRESSION a value",
                         "nothing stands behind '%s ='", argv[0]);
    if (cli_cmd_find(argv[2]) || *argv[2] == '-')
        return assign_result(cli, argv[0], argc - 2, argv + 2);
    text += 1 + strspn(text + 1, " \t");
    return assign_value(cli, argv[0], text);
}

/* The line as one: what was typed over several is joined by blanks. */
static char *
flatten(const char *line)
{
    char *flat = strdup(line);

    for (char *at = flat; at && *at; at++) {
        if (*at == '\n')
            *at = ' ';
    }
    for (size_t bytes = flat ? strlen(flat) : 0; bytes && flat[bytes - 1] == ' ';)
        flat[--bytes] = '\0';
    return flat;
}

/* Every line of the session with its exit code, for history and rerun; not those of a file. */
static void
keep_line(struct cli *cli, const char *line, int rc)
{
    if (!cli->keep_session || cli->depth)
        return;
    if (!cli->lines)
        cli->lines = json_array();
    if (json_array_size(cli->lines) == MOST_LINES)
        json_array_remove(cli->lines, 0);
    json_array_append_new(cli->lines, json_pack("{s:s, s:i}", "line", line, "exit", rc));
}

/* Who the new objects belong to: the script that ran, else the line. A verb that makes one
 * object says which, so that ten thousand lines do not walk the tree ten thousand times. */
static void
own_objects(struct cli *cli, const char *line, int argc, char **argv, int rc)
{
    const char *verb = argc && argv[0] ? argv[0] : "";
    const size_t number = json_array_size(cli->lines) + 1;
    const char *script = NULL;
    char owner[160];

    for (int i = 0; i + 1 < argc && argv[i] && !script; i++)
        script = !strcmp(argv[i], "run") ? argv[i + 1] : NULL;
    if (script)
        snprintf(owner, sizeof(owner), "run %s", script);
    else
        snprintf(owner, sizeof(owner), "line %zu: %s", number, line);
    if (!strcmp(verb, "alloc") || !strcmp(verb, "dup"))
        tree_own_one(cli, rc == CLI_OK ? cli_str(cli->result, "handle") : "", owner);
    else if (strcmp(verb, "ctl") && strcmp(verb, "free"))
        tree_own(cli, owner, script != NULL);
}

int
cli_run_line(struct cli *cli, const char *line)
{
    struct gsp_error err = {0};
    char *flat = flatten(line);
    char **argv;
    int argc = flat ? line_split(flat, &argv, &err) : -ENOMEM;
    int rc = CLI_OK;

    if (argc < 0) {
        free(flat);
        return err.rc ? cli_fail(cli, &err) : cli_out_of_memory(cli);
    }
    if (argc > 0) {
        const bool assigns = argc > 2 && !strcmp(argv[1], "=");

        rc = run_split(cli, flat, argc, argv);
        if (cli->keep_session)
            own_objects(cli, flat, assigns ? argc - 2 : argc, assigns ? argv + 2 : argv, rc);
        keep_line(cli, flat, rc);
    }
    line_free(argv);
    free(flat);
    return rc;
}
