/* SPDX-License-Identifier: MIT */
/*
 * run --check: every name, field and value of a script against a release, without a card.
 *
 * Values that only a run knows stand as zero. The same problem in several releases is reported
 * once, with the releases it has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>
#include <rm/params.h>

#include "script.h"

struct checker {
    struct nvrm_abi abi;
    json_t *problems; /* {"step", "problem", "hint", "in": [release numbers]} */
    json_t *names;    /* what earlier steps defined: name -> struct name or "" */
    unsigned found;   /* at this release */
};

/* One step under the lens. */
struct lens {
    struct checker *k;
    char label[160];
    const struct nvrm_layout *layout; /* of the call's parameters; may be NULL */
};

static void
add_problem(struct lens *l, const char *text, const char *hint)
{
    struct checker *k = l->k;
    json_t *row, *in = NULL;
    size_t i;

    k->found++;
    json_array_foreach(k->problems, i, row)
    {
        /* A name that is missing reads differently in every release, its hint does not. */
        const bool same = *hint ? !strcmp(cli_str(row, "hint"), hint)
                                : !strcmp(cli_str(row, "problem"), text);

        if (same && !strcmp(cli_str(row, "step"), l->label)) {
            in = json_object_get(row, "in");
            break;
        }
    }
    if (!in) {
        in = json_array();
        json_array_append_new(k->problems, json_pack("{s:s, s:s, s:s, s:o}", "step", l->label,
                                                     "problem", text, "hint", hint, "in", in));
    }
    json_array_append_new(in, json_integer(k->abi.release));
}

static void
add_error(struct lens *l, const struct gsp_error *err)
{
    add_problem(l, err->text, err->hint);
}

/* "a.b[1]" names "a" first. */
static void
first_name(const char *path, char *out, size_t bytes)
{
    const size_t n = strcspn(path, ".[");

    snprintf(out, bytes, "%.*s", (int)(n < bytes ? n : bytes - 1), path);
}

static int
check_reference(void *ctx, const char *path)
{
    static const char *const always[] = {"root", "client", "device", "subdevice", "i"};
    struct lens *l = ctx;
    const char *key, *nearest, *names[64] = {0};
    char name[128], hint[160] = "";
    unsigned n = 0;
    json_t *value;

    first_name(path, name, sizeof(name));
    for (unsigned i = 0; i < 5; i++) {
        if (!strcmp(always[i], name))
            return 0;
    }
    if (json_object_get(l->k->names, name))
        return 0;
    json_object_foreach(l->k->names, key, value)
    {
        if (n < 63)
            names[n++] = key;
    }
    nearest = cli_nearest(name, names);
    if (nearest)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
    snprintf(name, sizeof(name), "no earlier step defines '%.100s'", path);
    add_problem(l, name, hint);
    return 0;
}

/* A copy in which everything that refers to something stands as zero. */
static json_t *
with_zeros(const json_t *value)
{
    json_t *copy, *item;
    const char *key;
    size_t i;

    if (json_is_string(value) && strchr(json_string_value(value), '$'))
        return json_string("0x0");
    if (!json_is_object(value) && !json_is_array(value))
        return json_copy((json_t *)value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_array_foreach(value, i, item) json_array_append_new(copy, with_zeros(item));
    json_object_foreach((json_t *)value, key, item)
        json_object_set_new(copy, key, with_zeros(item));
    return copy;
}

static void
check_params(struct lens *l, const json_t *object)
{
    const json_t *params = json_object_get(object, "params");
    struct gsp_error err = {0};
    struct rm_params p;
    json_t *zeros;
    char *text;
    int rc;

    if (!params)
        return;
    zeros = with_zeros(params);
    text = json_dumps(zeros, JSON_COMPACT);
    rc = rm_params_init(&p, l->k->abi, l->layout, NULL, &err);
    if (rc == 0 && text)
        rc = rm_params_read(&p, text, strlen(text), &err);
    if (rc < 0)
        add_error(l, &err);
    rm_params_fini(&p);
    free(text);
    json_decref(zeros);
}

/* An object is a reference, a handle, or a name that an earlier step defines. */
static void
check_object(struct lens *l, const json_t *value)
{
    const char *text = json_string_value(value);
    uint32_t number;

    if (text && *text != '$' && !rm_parse_u32(text, &number))
        check_reference(l, text);
}

static const char *
text_of(const json_t *value, char *buf, size_t bytes)
{
    if (json_is_string(value))
        return json_string_value(value);
    snprintf(buf, bytes, "%lld", (long long)json_integer_value(value));
    return buf;
}

static void
check_alloc(struct lens *l, const json_t *step)
{
    const json_t *o = json_object_get(step, "alloc");
    const json_t *name = json_object_get(o, "class");
    const struct nvrm_class *cls = NULL;
    struct gsp_error err = {0};
    char buf[32];
    uint32_t id;

    check_object(l, json_object_get(o, "parent"));
    if (json_is_string(name) && strchr(json_string_value(name), '$'))
        return;
    if (rm_name_class(l->k->abi, text_of(name, buf, sizeof(buf)), &cls, &id, &err) < 0) {
        add_error(l, &err);
        return;
    }
    l->layout = rm_class_layout(l->k->abi, cls);
    check_params(l, o);
}

static void
check_ctl(struct lens *l, const json_t *step)
{
    const json_t *o = json_object_get(step, "ctl");
    const json_t *name = json_object_get(o, "control");
    const struct nvrm_control *control = NULL;
    struct gsp_error err = {0};
    char buf[32];
    uint32_t id;

    check_object(l, json_object_get(o, "object"));
    if (json_is_string(name) && strchr(json_string_value(name), '$'))
        return;
    if (rm_name_control(l->k->abi, text_of(name, buf, sizeof(buf)), &control, &id, &err) < 0) {
        add_error(l, &err);
        return;
    }
    l->layout = control ? nvrm_struct_at(l->k->abi, control->params) : NULL;
    check_params(l, o);
}

static void
check_rpc(struct lens *l, const json_t *step)
{
    const json_t *o = json_object_get(step, "rpc");
    const struct nvrm_rpc *rpc = NULL;
    struct gsp_error err = {0};
    char buf[32];
    uint32_t id;

    if (rm_name_rpc(l->k->abi, text_of(json_object_get(o, "function"), buf, sizeof(buf)), &rpc,
                    &id, &err) < 0) {
        add_error(l, &err);
        return;
    }
    l->layout = rpc ? nvrm_struct_at(l->k->abi, rpc->params) : NULL;
    check_params(l, o);
}

static void
check_free(struct lens *l, const json_t *step)
{
    check_object(l, json_object_get(step, "free"));
}

static void
check_dup(struct lens *l, const json_t *step)
{
    const json_t *o = json_object_get(step, "dup");

    check_object(l, json_object_get(o, "parent"));
    check_object(l, json_object_get(o, "object"));
}

static void
check_event(struct lens *l, const json_t *step)
{
    static const char prefix[] = "NV2080_NOTIFIERS_";
    const json_t *o = json_object_get(step, "event");
    const char *word = json_string_value(json_object_get(o, "subscribe"));
    char name[160], text[224];
    uint64_t value;
    uint32_t number;

    if (json_object_get(o, "object"))
        check_object(l, json_object_get(o, "object"));
    if (!word || strchr(word, '$') || rm_parse_u32(word, &number))
        return;
    snprintf(name, sizeof(name), "%s%.100s",
             strncmp(word, prefix, sizeof(prefix) - 1) ? prefix : "", word);
    if (nvrm_constant_find(l->k->abi, name, &value))
        return;
    snprintf(text, sizeof(text), "there is no notifier %s", name);
    add_problem(l, text, "schema search 'NV2080_NOTIFIERS_*' lists them");
}

static void (*const checks[SCRIPT_KINDS])(struct lens *l, const json_t *step) = {
    [SCRIPT_ALLOC] = check_alloc, [SCRIPT_CTL] = check_ctl, [SCRIPT_RPC] = check_rpc,
    [SCRIPT_FREE] = check_free,   [SCRIPT_DUP] = check_dup, [SCRIPT_EVENT] = check_event,
};

/* Status names in expect, by themselves or in a rule. */
static void
check_status(struct lens *l, const json_t *value)
{
    struct gsp_error err = {0};
    json_t *item;
    uint32_t code;
    size_t i;

    if (json_is_string(value) && !strchr(json_string_value(value), '$') &&
        rm_name_status(l->k->abi, json_string_value(value), &code, &err) < 0)
        add_error(l, &err);
    json_array_foreach(json_object_get(value, "in"), i, item) check_status(l, item);
    if (json_object_get(value, "not"))
        check_status(l, json_object_get(value, "not"));
}

static void
check_expect(struct lens *l, const json_t *step)
{
    const struct nvrm_schema *s = l->k->abi.schema;
    const char *path, *nearest;
    char name[128], text[256], hint[160] = "";
    json_t *value;

    json_object_foreach(json_object_get(step, "expect"), path, value)
    {
        first_name(path, name, sizeof(name));
        if (!strcmp(name, "status"))
            check_status(l, value);
        if (!strcmp(name, "status") || !strcmp(name, "handle") || !l->layout ||
            nvrm_field_find(s, l->layout, name))
            continue;
        nearest = nvrm_nearest_field(s, l->layout, name);
        if (nearest)
            snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
        snprintf(text, sizeof(text), "expect: %s has no field %.80s",
                 nvrm_str(s, l->layout->name), name);
        add_problem(l, text, hint);
    }
}

static void
define(struct checker *k, const char *name)
{
    if (*name)
        json_object_set_new(k->names, name, json_true());
}

static void check_steps(struct checker *k, const json_t *steps, const char *outer);

static void
check_step(struct checker *k, const json_t *step, const char *number)
{
    const enum script_kind kind = script_step_kind(step);
    struct lens l = {.k = k};
    const char *key;
    json_t *value;

    script_step_label(step, number, l.label, sizeof(l.label));
    if (kind == SCRIPT_REPEAT || kind == SCRIPT_FOR) {
        script_references(json_object_get(step, kind == SCRIPT_FOR ? "in" : "repeat"),
                          check_reference, &l);
        if (kind == SCRIPT_FOR)
            define(k, cli_str(step, "for"));
        check_steps(k, json_object_get(step, "steps"), number);
        return;
    }
    script_references(json_object_get(step, script_kind_name(kind)), check_reference, &l);
    if (checks[kind])
        checks[kind](&l, step);
    if (kind == SCRIPT_SET) {
        json_object_foreach(json_object_get(step, "set"), key, value) define(k, key);
    }
    check_expect(&l, step);
    define(k, cli_str(step, "name"));
    define(k, cli_str(step, "as"));
}

static void
check_steps(struct checker *k, const json_t *steps, const char *outer)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        char number[96];

        snprintf(number, sizeof(number), "%s%s%zu", outer, *outer ? "." : "", i + 1);
        if (script_applies(k->abi, step))
            check_step(k, step, number);
    }
}

static void
check_release(struct checker *k, const json_t *doc)
{
    json_t *vars = json_object_get(doc, "vars");
    const char *key;
    json_t *value;

    k->names = json_object();
    json_object_foreach(vars, key, value) define(k, key);
    check_steps(k, json_object_get(doc, "steps"), "");
    json_decref(k->names);
}

static bool
in_list(struct nvrm_abi abi, const void *ctx)
{
    const json_t *item;
    size_t i;

    json_array_foreach((const json_t *)ctx, i, item)
    {
        if (json_integer_value(item) == abi.release)
            return true;
    }
    return false;
}

static void
print_check(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(doc, "problems"), i, row)
    {
        fprintf(cli->out, "%s: %s\n", cli_str(row, "step"), cli_str(row, "problem"));
        fprintf(cli->out, "  in %s\n", cli_str(row, "releases"));
        if (*cli_str(row, "hint"))
            fprintf(cli->out, "  hint: %s\n", cli_str(row, "hint"));
    }
    fprintf(cli->out, "%s: %lld of %lld releases fit, %zu problems\n", cli_str(doc, "script"),
            (long long)json_integer_value(json_object_get(doc, "fit")),
            (long long)json_integer_value(json_object_get(doc, "checked")),
            json_array_size(json_object_get(doc, "problems")));
}

static int
emit(struct cli *cli, struct checker *k, const char *name, int checked, int fit)
{
    json_t *row;
    char ranges[512];
    size_t i;
    int rc;

    json_array_foreach(k->problems, i, row)
    {
        rm_release_ranges(cli->schema, in_list, json_object_get(row, "in"), ranges,
                          sizeof(ranges));
        json_object_del(row, "in");
        json_object_set_new(row, "releases", json_string(ranges));
    }
    rc = cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:s, s:i, s:i, s:o}", "script",
                                                           name, "checked", checked, "fit", fit,
                                                           "problems", k->problems),
                                         .text = print_check});
    return rc == CLI_OK && fit < checked ? CLI_EXPECTATION : rc;
}

int
script_check(struct cli *cli, const json_t *doc, const char *name, const char *release)
{
    struct checker k = {.abi.schema = cli->schema};
    struct gsp_error err = {0};
    int checked = 0, fit = 0;

    if (release && rm_name_release(cli->schema, release, &k.abi.release, &err) < 0)
        return cli_fail(cli, &err);
    k.problems = json_array();
    for (unsigned r = 0; r < nvrm_release_count(cli->schema); r++) {
        if (release && r != k.abi.release)
            continue;
        k.abi.release = (nvrm_release)r;
        k.found = 0;
        check_release(&k, doc);
        checked++;
        fit += !k.found;
        if (release)
            break;
    }
    return emit(cli, &k, *cli_str(doc, "name") ? cli_str(doc, "name") : name, checked, fit);
}
