/* SPDX-License-Identifier: MIT */
/*
 * Variables: look-up, and their place in words.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"
#include "script.h"
#include "session.h"
#include "vars.h"

static size_t
name_bytes(const char *text)
{
    if (*text >= '0' && *text <= '9')
        return 0;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

int
vars_set(struct cli *cli, const char *name, json_t *value, struct gsp_error *err)
{
    static const char *const taken[] = {"root", "client", "device", "subdevice", "_"};
    bool bad = !*name || name[name_bytes(name)] || strlen(name) >= 64;

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        bad = bad || !strcmp(taken[i], name);
    if (bad) {
        json_decref(value);
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' cannot be the name of a variable", name);
        gsp_hint(err, "use letters, digits and underscores; root, client, device, subdevice "
                      "and _ are taken");
        return -EINVAL;
    }
    if (!cli->vars)
        cli->vars = json_object();
    if (json_object_set_new(cli->vars, name, value))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    return 0;
}

static const json_t *
whole_value(const struct cli *cli, const char *name)
{
    return strcmp(name, "_") ? json_object_get(cli->vars, name) : cli->result;
}

static json_t *
unknown_variable(struct cli *cli, const char *name, struct gsp_error *err)
{
    const char *names[64] = {0}, *key, *nearest;
    unsigned n = 0;
    json_t *value;

    json_object_foreach(cli->vars, key, value)
    {
        if (n < 63)
            names[n++] = key;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "there is no variable '%s'", name);
    nearest = cli_nearest(name, names);
    if (nearest)
        gsp_hint(err, "did you mean $%s?", nearest);
    else
        gsp_hint(err, "NAME = LINE makes one; vars lists them");
    return NULL;
}

/* What a value has instead of a part that it lacks. */
static json_t *
unknown_part(const char *name, const char *path, const json_t *value, struct gsp_error *err)
{
    const json_t *inner = json_object_get(value, "params");
    char keys[160] = "";
    const char *key;
    json_t *item;

    json_object_foreach(json_object_size(inner) ? (json_t *)inner : (json_t *)value, key, item)
    {
        const size_t used = strlen(keys);

        if (used + strlen(key) + 3 < sizeof(keys))
            snprintf(keys + used, sizeof(keys) - used, "%s%s", used ? ", " : "", key);
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s has no '%s'", name, path);
    if (*keys)
        gsp_hint(err, "it has %s", keys);
    else
        gsp_hint(err, "vars %s prints it", name);
    return NULL;
}

json_t *
vars_get(struct cli *cli, const char *path, struct gsp_error *err)
{
    const size_t bytes = name_bytes(path);
    const json_t *value, *part;
    rm_handle handle;
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)bytes, path);
    value = whole_value(cli, name);
    if (!value && !path[bytes] && cli->session && session_name_get(cli->session, name, &handle))
        return cli_hex32(handle);
    if (!value)
        return unknown_variable(cli, name, err);
    path += bytes;
    if (!*path) {
        part = json_object_get(value, "handle");
        return json_incref((json_t *)(part ? part : value));
    }
    path += *path == '.';
    part = script_path(value, path);
    if (!part)
        part = script_path(json_object_get(value, "params"), path);
    return part ? json_incref((json_t *)part) : unknown_part(name, path, value, err);
}

static json_t *
get_of_expression(void *ctx, const char *path, struct gsp_error *err)
{
    return vars_get(ctx, path, err);
}

static bool
constant_of_expression(void *ctx, const char *name, uint64_t *value_out)
{
    struct cli *cli = ctx;
    struct nvrm_abi abi;

    return cli_abi(cli, &abi, NULL) == 0 && nvrm_constant_find(abi, name, value_out);
}

json_t *
vars_eval(struct cli *cli, const char *text, struct gsp_error *err)
{
    const struct expr_env env = {
        .ctx = cli, .get = get_of_expression, .constant = constant_of_expression};

    return expr_eval(text, &env, err);
}

/* Bytes of "name.field[2]" at `text`; a dot at the end belongs to what follows. */
static size_t
path_bytes(const char *text)
{
    size_t bytes = name_bytes(text);

    while (bytes) {
        size_t more = 0;

        if (text[bytes] == '.')
            more = name_bytes(text + bytes + 1);
        else if (text[bytes] == '[')
            more = strspn(text + bytes + 1, "0123456789");
        if (!more)
            break;
        if (text[bytes] == '[' && text[bytes + 1 + more] != ']')
            break;
        bytes += 1 + more + (text[bytes] == '[');
    }
    return bytes;
}

/* The bytes of "${...}" with its end; 0 when it has none. */
static size_t
expression_bytes(const char *text)
{
    unsigned depth = 0;

    for (size_t i = 1; text[i]; i++) {
        depth += text[i] == '{';
        depth -= text[i] == '}';
        if (!depth)
            return i + 1;
    }
    return 0;
}

/* The value of the reference at `text`, and its bytes. NULL with *err 0 when it is none. */
static json_t *
take_reference(struct cli *cli, const char *text, size_t *bytes_out, struct gsp_error *err)
{
    char path[EXPR_LONGEST];
    rm_handle handle;
    size_t bytes;

    *bytes_out = 0;
    if (text[1] == '{') {
        bytes = expression_bytes(text);
        if (!bytes || bytes > sizeof(path)) {
            gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%.60s' is not closed", text);
            gsp_hint(err, "write ${EXPRESSION}; $$ stands for a dollar sign");
            return NULL;
        }
        snprintf(path, sizeof(path), "%.*s", (int)(bytes - 3), text + 2);
        *bytes_out = bytes;
        return vars_eval(cli, path, err);
    }
    bytes = path_bytes(text + 1);
    if (!bytes || bytes >= sizeof(path))
        return NULL;
    snprintf(path, sizeof(path), "%.*s", (int)bytes, text + 1);
    /* The session resolves names of objects, and `save` keeps them. */
    if (!path[name_bytes(path)] &&
        (!whole_value(cli, path) ||
         (cli->session && session_name_get(cli->session, path, &handle))))
        return NULL;
    *bytes_out = bytes + 1;
    return vars_get(cli, path, err);
}

/* Text, or JSON where JSON is being written. */
static void
add_value(struct gsp_text *out, const json_t *value, bool as_json)
{
    char *text = as_json ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : expr_text(value);

    gsp_text_puts(out, text ? text : "");
    free(text);
}

char *
vars_expand(struct cli *cli, const char *word, struct gsp_error *err)
{
    const bool json = *word == '{' || *word == '[';
    struct gsp_text out = {0};
    bool quoted = false;

    gsp_text_puts(&out, "");
    while (*word) {
        struct gsp_error own = {0};
        json_t *value = NULL;
        size_t bytes = 0;

        if (word[0] == '$' && word[1] == '$')
            bytes = 2;
        else if (*word == '$')
            value = take_reference(cli, word, &bytes, &own);
        if (own.rc < 0) {
            *err = own;
            gsp_text_fini(&out);
            return NULL;
        }
        quoted ^= *word == '"';
        if (value)
            add_value(&out, value, json && !quoted);
        else
            gsp_text_add(&out, word, 1);
        word += bytes ? bytes : 1;
        json_decref(value);
    }
    if (out.rc < 0) {
        gsp_text_fini(&out);
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
        return NULL;
    }
    return out.data ? out.data : strdup("");
}

char *
vars_for_script(const char *text)
{
    const size_t bytes = *text == '$' ? path_bytes(text + 1) : 0;
    const size_t name = bytes ? name_bytes(text + 1) : 0;
    const char *rest = text + 1 + name;
    char *script = NULL;

    if (*text == '$' && text[1] == '{' && expression_bytes(text) == strlen(text))
        return strdup(text);
    if (!bytes || text[1 + bytes])
        return NULL;
    if (!strncmp(rest, ".params.", 8))
        rest += 7;
    if (asprintf(&script, *rest ? "${%.*s%s}" : "$%.*s%s", (int)name, text + 1, rest) < 0)
        return NULL;
    return script;
}

/* "base.key", with what must follow where the value goes on inside. */
static void
offer_keys(const char *base, const json_t *object, void (*offer)(void *, const char *),
           void *ctx)
{
    const char *key;
    json_t *value;
    char text[EXPR_LONGEST_PATH];

    json_object_foreach((json_t *)object, key, value)
    {
        const json_t *first = json_array_get(value, 0);

        snprintf(text, sizeof(text), "%s.%s%s%s", base, key, first ? "[0]" : "",
                 json_is_object(first ? first : value) ? "." : "");
        offer(ctx, text);
    }
}

void
vars_complete(struct cli *cli, const char *typed,
              void (*offer)(void *ctx, const char *reference), void *ctx)
{
    const char *dot = strrchr(typed, '.'), *name;
    char base[EXPR_LONGEST_PATH];
    const json_t *value;
    json_t *item;

    if (!dot) {
        json_object_foreach(cli->vars, name, item) offer(ctx, name);
        for (unsigned i = 0; cli->session && (name = session_name_at(cli->session, i)); i++) {
            if (!json_object_get(cli->vars, name))
                offer(ctx, name);
        }
        return;
    }
    snprintf(base, sizeof(base), "%.*s", (int)(dot - typed), typed);
    value = base[name_bytes(base)] ? NULL : whole_value(cli, base);
    item = value ? json_incref((json_t *)value) : vars_get(cli, base, NULL);
    offer_keys(base, item, offer, ctx);
    offer_keys(base, json_object_get(item, "params"), offer, ctx);
    json_decref(item);
}

static int
see_name(void *ctx, const char *path)
{
    (void)path;
    *(bool *)ctx = true;
    return 0;
}

char *
vars_expression_for_script(const char *text)
{
    struct gsp_text out = {0};
    bool names = false;

    gsp_text_puts(&out, "${");
    while (*text) {
        const size_t bytes = *text == '$' ? path_bytes(text + 1) : 0;
        char *script = NULL, *one = bytes ? strndup(text, bytes + 1) : NULL;

        script = one ? vars_for_script(one) : NULL;
        if (script && script[1] == '{')
            gsp_text_add(&out, script + 2, strlen(script) - 3);
        else if (script)
            gsp_text_puts(&out, script + 1);
        else if (text[0] == '$' && text[1] == '{')
            gsp_text_puts(&out, "(");
        else if (*text != '\n')
            gsp_text_add(&out, *text == '}' ? ")" : text, 1);
        text += script ? bytes + 1 : text[0] == '$' && text[1] == '{' ? 2 : 1;
        free(script);
        free(one);
    }
    if (out.rc < 0 || expr_walk(out.data + 2, see_name, &names, NULL) < 0 || !names) {
        gsp_text_fini(&out);
        return NULL;
    }
    gsp_text_puts(&out, "}");
    return out.data;
}

void
vars_fini(struct cli *cli)
{
    json_decref(cli->vars);
    json_decref(cli->result);
    json_decref(cli->references);
    json_decref(cli->lines);
    json_decref(cli->owners);
    cli->vars = cli->result = cli->references = cli->lines = cli->owners = NULL;
}
