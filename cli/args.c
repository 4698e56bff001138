/* SPDX-License-Identifier: MIT */
/*
 * FIELD=VALUE words, JSON, stdin and files to wire parameters, and back to text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/json.h>

#include "args.h"

static int
no_memory(struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
}

/* The handle behind "$name" as JSON text; other strings give NULL without an error. */
static json_t *
resolve_word(struct cli_session *s, const json_t *value, struct gsp_error *err, int *rc)
{
    const char *word = json_string_value(value);
    rm_handle handle;

    *rc = 0;
    if (!word || *word != '$')
        return NULL;
    *rc = session_object(s, word, &handle, err);
    return *rc < 0 ? NULL : cli_hex32(handle);
}

static int
resolve_object(struct cli_session *s, json_t *object, struct gsp_error *err)
{
    const char *key;
    json_t *value;
    int rc;

    json_object_foreach(object, key, value)
    {
        json_t *handle = resolve_word(s, value, err, &rc);

        if (handle)
            json_object_set_new(object, key, handle);
        else if (rc == 0)
            rc = args_resolve(s, value, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int
args_resolve(struct cli_session *s, json_t *value, struct gsp_error *err)
{
    json_t *item;
    size_t i;
    int rc;

    if (json_is_object(value))
        return resolve_object(s, value, err);
    if (!json_is_array(value))
        return 0;
    json_array_foreach(value, i, item)
    {
        json_t *handle = resolve_word(s, item, err, &rc);

        if (handle)
            json_array_set_new(value, i, handle);
        else if (rc == 0)
            rc = args_resolve(s, item, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Takes the document. */
static int
read_document(struct cli_session *s, struct rm_params *p, json_t *doc, struct gsp_error *err)
{
    char *text = NULL;
    int rc;

    if (!doc)
        return -EINVAL;
    rc = args_resolve(s, doc, err);
    if (rc == 0) {
        text = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
        rc = text ? rm_params_read(p, text, strlen(text), err) : no_memory(err);
    }
    free(text);
    json_decref(doc);
    return rc;
}

/* One FIELD=VALUE. */
static int
assign(struct cli_session *s, struct rm_params *p, char *word, struct gsp_error *err)
{
    char *equals = strchr(word, '=');
    char handle_text[16];
    const char *value;
    rm_handle handle;
    int rc;

    if (!equals) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' is not FIELD=VALUE", word);
        gsp_hint(err, "parameters are FIELD=VALUE words, one JSON object, @FILE or -");
        return -EINVAL;
    }
    value = equals + 1;
    *equals = '\0';
    rc = *value == '$' ? -EINVAL : rm_params_assign(p, word, value, err);
    /* What is no value of the field may be the name of an object. */
    if (rc < 0 && session_object(s, value, &handle, *value == '$' ? err : NULL) == 0) {
        snprintf(handle_text, sizeof(handle_text), "0x%08x", handle);
        rc = rm_params_assign(p, word, handle_text, err);
    }
    *equals = '=';
    return rc;
}

static int
read_words(struct cli_session *s, struct rm_params *p, int argc, char **argv,
           struct gsp_error *err)
{
    if (argc == 1 && *argv[0] == '{')
        return read_document(s, p, cli_load_text(argv[0], strlen(argv[0]), "parameters", err),
                             err);
    if (argc == 1 && !strcmp(argv[0], "-"))
        return read_document(s, p, cli_load_file("-", err), err);
    if (argc == 1 && *argv[0] == '@')
        return read_document(s, p, cli_load_file(argv[0] + 1, err), err);
    for (int i = 0; i < argc; i++) {
        int rc = assign(s, p, argv[i], err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int
args_params(struct cli_session *s, struct rm_params *p, int argc, char **argv,
            struct gsp_error *err)
{
    int rc = read_words(s, p, argc, argv, err);

    if (rc < 0 && err->origin == GSP_ORIGIN_INPUT && !err->hint[0]) {
        if (p->layout)
            gsp_hint(err, "schema show %s lists the fields and what they take",
                     nvrm_str(p->abi.schema, p->layout->name));
        else
            gsp_hint(err, "raw=HEX gives the bytes");
    }
    return rc;
}

json_t *
args_result(const struct rm_params *p, struct gsp_error *err)
{
    struct gsp_text text = {0};
    json_t *value;

    if (rm_params_write(p, GSP_JSON_POINTERS, &text, err) < 0) {
        gsp_text_fini(&text);
        return NULL;
    }
    value = cli_json_of(&text);
    if (!value)
        no_memory(err);
    return value;
}

int
args_print(struct cli *cli, const struct rm_params *p)
{
    struct gsp_error err = {0};
    struct gsp_text text = {0};
    int rc;

    if (p->layout)
        rc = gsp_text_write(p->abi, p->layout, p->wire, p->bytes, GSP_JSON_POINTERS, &text,
                            &err);
    else
        rc = rm_params_write(p, 0, &text, &err);
    if (rc == 0 && text.bytes) {
        fputs(text.data, cli->out);
        if (text.data[text.bytes - 1] != '\n')
            fputc('\n', cli->out);
    }
    gsp_text_fini(&text);
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}
