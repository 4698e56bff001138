/* SPDX-License-Identifier: MIT */
/*
 * run --check: every name, field and value of a script against a release, without a card.
 *
 * Variables have their first value until something changes them; what only a run knows stands
 * as zero.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>
#include <rm/params.h>

#include "script_check_priv.h"
#include "script_priv.h"

static void
add_error(struct lens *l, const struct gsp_error *err)
{
    script_problem(l, err->text, err->hint);
}

/* "a.b[1]" names "a" first. */
static void
first_name(const char *path, char *out, size_t bytes)
{
    const size_t n = strcspn(path, ".[");

    snprintf(out, bytes, "%.*s", (int)(n < bytes ? n : bytes - 1), path);
}

static bool
is_known(const struct lens *l, const char *name)
{
    static const char *const always[] = {"root", "client", "device", "subdevice", "i"};
    uint64_t value;
    uint32_t status;

    for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (!strcmp(always[i], name))
            return true;
    }
    return json_object_get(l->k->names, name) || nvrm_constant_find(l->k->abi, name, &value) ||
           (!strncmp(name, "NV_", 3) && rm_name_status(l->k->abi, name, &status, NULL) == 0);
}

static void
unknown_reference(struct lens *l, const char *path, const char *name)
{
    const char *key, *nearest, *names[64] = {0};
    char text[160], hint[160] = "";
    unsigned n = 0;
    json_t *value;

    json_object_foreach(l->k->names, key, value)
    {
        if (n < 63)
            names[n++] = key;
    }
    nearest = cli_nearest(name, names);
    if (nearest)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
    snprintf(text, sizeof(text), "no earlier step defines '%.100s'", path);
    script_problem(l, text, hint);
}

/* A field of an earlier step's result, as far as its struct is known. */
static void
check_field(struct lens *l, const char *path, const char *name)
{
    const json_t *known = json_object_get(l->k->names, name);
    const struct nvrm_schema *s = l->k->abi.schema;
    const struct nvrm_layout *layout;
    const char *rest = path + strlen(name), *nearest;
    char field[128], text[256], hint[160] = "";

    if (!json_is_integer(known) || *rest != '.')
        return;
    layout = nvrm_layout_at(s, (uint16_t)json_integer_value(known));
    first_name(rest + 1, field, sizeof(field));
    if (!layout || !strcmp(field, "status") || !strcmp(field, "handle") ||
        nvrm_field_find(s, layout, field))
        return;
    nearest = nvrm_nearest_field(s, layout, field);
    if (nearest)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
    snprintf(text, sizeof(text), "'%.60s': %s has no field %.80s", path,
             nvrm_str(s, layout->name), field);
    script_problem(l, text, hint);
}

static int
check_reference(void *ctx, const char *path)
{
    struct lens *l = ctx;
    char name[128];

    first_name(path, name, sizeof(name));
    if (is_known(l, name))
        check_field(l, path, name);
    else if (strchr(path, '-')) /* a difference, and no name with a dash */
        (void)expr_walk(path, check_reference, l, NULL);
    else
        unknown_reference(l, path, name);
    return 0;
}

static void
check_expression(struct lens *l, const char *text)
{
    struct gsp_error err = {0};

    if (text && expr_walk(text, check_reference, l, &err) < 0)
        add_error(l, &err);
}

static void
check_values(struct lens *l, const json_t *value)
{
    (void)script_references(value, check_reference, l);
}

/* What a text with references is before anything ran; NULL when only a run knows. */
static json_t *
known_value(struct checker *k, const json_t *text)
{
    struct script_env env = {.vars = k->values, .results = k->nothing, .abi = k->abi};
    json_t *value = script_substitute(&env, text, NULL);

    if (json_is_string(value) || json_is_number(value) || json_is_boolean(value))
        return value;
    json_decref(value);
    return NULL;
}

/* A copy with values in place of references. What only a run knows stands as zero, or is left
 * out: a count of zero would contradict its list. */
static json_t *
with_values(struct checker *k, const json_t *value, bool leave_out)
{
    json_t *copy, *item;
    const char *key;
    size_t i;

    if (json_is_string(value) && strchr(json_string_value(value), '$')) {
        copy = known_value(k, value);
        return copy || leave_out ? copy : json_string("0x0");
    }
    if (!json_is_object(value) && !json_is_array(value))
        return json_copy((json_t *)value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_array_foreach(value, i, item)
    {
        json_t *one = with_values(k, item, leave_out);

        json_array_append_new(copy, one ? one : json_string("0x0"));
    }
    json_object_foreach((json_t *)value, key, item)
    {
        json_t *one = with_values(k, item, leave_out);

        if (one)
            json_object_set_new(copy, key, one);
    }
    return copy;
}

static int
read_params(struct lens *l, const json_t *params, bool leave_out, struct gsp_error *err)
{
    json_t *known = with_values(l->k, params, leave_out);
    char *text = json_dumps(known, JSON_COMPACT);
    struct rm_params p;
    int rc = rm_params_init(&p, l->k->abi, l->layout, NULL, err);

    if (rc == 0 && text)
        rc = rm_params_read(&p, text, strlen(text), err);
    rm_params_fini(&p);
    free(text);
    json_decref(known);
    return rc;
}

static void
check_params(struct lens *l, const json_t *object)
{
    const json_t *params = json_object_get(object, "params");
    struct gsp_error err = {0}, without = {0};

    if (!params || read_params(l, params, false, &err) == 0)
        return;
    if (strstr(err.text, "elements are given") && read_params(l, params, true, &without) == 0)
        return; /* the count is one that only a run knows */
    add_error(l, &err);
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

/* With --policy a check also says what would be refused. */
static void
check_policy(struct lens *l, struct policy_subject subject)
{
    struct policy_verdict v;
    char text[256];

    if (!l->k->policy)
        return;
    subject.abi = l->k->abi;
    subject.chip = l->k->chip;
    policy_judge(l->k->policy, &subject, &v);
    if (v.allowed)
        return;
    snprintf(text, sizeof(text), "policy %.60s refuses %.90s: %.70s", policy_name(l->k->policy),
             subject.name, v.why);
    script_problem(l, text, v.hint);
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
    check_policy(
        l, (struct policy_subject){POLICY_CLASS, .cls = cls, .id = id,
                                   .name = cls ? nvrm_str(l->k->abi.schema, cls->name) : ""});
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
    check_policy(l, (struct policy_subject){
                        POLICY_CONTROL, .control = control, .id = id,
                        .name = control ? nvrm_str(l->k->abi.schema, control->name) : ""});
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
    check_policy(
        l, (struct policy_subject){POLICY_RPC, .rpc = rpc, .id = id,
                                   .name = rpc ? nvrm_str(l->k->abi.schema, rpc->name) : ""});
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
    script_problem(l, text, "schema search 'NV2080_NOTIFIERS_*' lists them");
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
check_reason(struct lens *l, const char *word)
{
    struct gsp_error err = {0};
    uint32_t code;

    if (strcmp(word, "expect") && strcmp(word, "timeout") &&
        rm_name_status(l->k->abi, word, &code, &err) < 0)
        add_error(l, &err);
}

/* In "that" the value itself is a name, and constants are. */
static int
check_that(void *ctx, const char *path)
{
    struct lens *l = ctx;
    char name[128], text[192];
    uint64_t value;

    first_name(path, name, sizeof(name));
    if (strcmp(name, "value") && !nvrm_constant_find(l->k->abi, name, &value)) {
        snprintf(text, sizeof(text), "expect: '%.100s' is no constant", path);
        script_problem(l, text, "the value that is judged is called value");
    }
    return 0;
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
        if (*cli_str(value, "that"))
            (void)expr_walk(cli_str(value, "that"), check_that, l, NULL);
        if (!strcmp(name, "status") || !strcmp(name, "handle") || !l->layout ||
            nvrm_field_find(s, l->layout, name))
            continue;
        nearest = nvrm_nearest_field(s, l->layout, name);
        if (nearest)
            snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
        snprintf(text, sizeof(text), "expect: %s has no field %.80s",
                 nvrm_str(s, l->layout->name), name);
        script_problem(l, text, hint);
    }
}

/* What a name stands for: a struct by its number, or anything. */
static void
define(struct checker *k, const char *name, const struct nvrm_layout *layout)
{
    (void)json_object_del(k->values, name);
    if (*name)
        json_object_set_new(k->names, name,
                            layout ? json_integer(nvrm_layout_row(k->abi.schema, layout))
                                   : json_true());
}

static void
define_all(struct checker *k, json_t *values)
{
    const char *key;
    json_t *value;

    json_object_foreach(values, key, value) define(k, key, NULL);
}

/* Variables of a script: their values are known until something changes them. */
static void
define_vars(struct checker *k, json_t *vars)
{
    const char *key;
    json_t *value;

    json_object_foreach(vars, key, value)
    {
        if (json_object_get(k->names, key))
            continue;
        define(k, key, NULL);
        /* A secret is not known here: a message could show it. */
        if (!script_is_declaration(value) && !json_is_null(value))
            json_object_set(k->values, key, value);
    }
}

static void
check_retry(struct lens *l, const json_t *step)
{
    const json_t *on = json_object_get(json_object_get(step, "retry"), "on"), *item;
    size_t i;

    if (json_is_string(on))
        check_reason(l, json_string_value(on));
    json_array_foreach(on, i, item) check_reason(l, json_string_value(item));
}

static void check_sections(struct checker *k, const json_t *doc, const char *outer);
static void check_steps(struct checker *k, const json_t *steps, const char *outer);

static void
check_loop(struct lens *l, const json_t *step, enum script_kind kind)
{
    struct checker *k = l->k;

    if (kind == SCRIPT_WHILE)
        check_expression(l, cli_str(step, "while"));
    else
        check_values(l, json_object_get(step, kind == SCRIPT_FOR ? "in" : "repeat"));
    if (kind == SCRIPT_FOR)
        define(k, cli_str(step, "for"), NULL);
    check_steps(k, json_object_get(step, "steps"), l->number);
}

static void
check_include(struct lens *l, const json_t *step)
{
    const json_t *inner = json_object_get(step, SCRIPT_INCLUDED);

    check_values(l, json_object_get(step, "with"));
    define_all(l->k, json_object_get(step, "with"));
    define_vars(l->k, json_object_get(inner, "vars"));
    check_sections(l->k, inner, l->number);
}

static void
check_call(struct lens *l, const json_t *step, enum script_kind kind)
{
    const json_t *all = json_object_get(step, "assert"), *item;
    size_t i;

    if (kind == SCRIPT_ASSERT) {
        check_expression(l, json_string_value(all));
        json_array_foreach(all, i, item) check_expression(l, json_string_value(item));
    } else {
        check_values(l, json_object_get(step, script_kind_name(kind)));
    }
    if (checks[kind])
        checks[kind](l, step);
    if (kind == SCRIPT_SET)
        define_all(l->k, json_object_get(step, "set"));
    check_values(l, json_object_get(step, "expect"));
    check_expect(l, step);
    check_retry(l, step);
    define(l->k, cli_str(step, "name"), l->layout);
    define(l->k, cli_str(step, "as"), NULL);
}

static void
check_step(struct checker *k, const json_t *step, const char *number)
{
    const enum script_kind kind = script_step_kind(step);
    struct lens l = {.k = k, .number = number};

    script_step_label(step, number, l.label, sizeof(l.label));
    check_expression(&l, script_condition(step));
    if (kind == SCRIPT_INCLUDE)
        check_include(&l, step);
    else if (kind == SCRIPT_REPEAT || kind == SCRIPT_FOR || kind == SCRIPT_WHILE)
        check_loop(&l, step, kind);
    else
        check_call(&l, step, kind);
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
check_sections(struct checker *k, const json_t *doc, const char *outer)
{
    static const char *const sections[] = {"cleanup", "finally"};
    char number[96];

    check_steps(k, json_object_get(doc, "steps"), outer);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(number, sizeof(number), "%s%s%s", outer, *outer ? "." : "", sections[i]);
        check_steps(k, json_object_get(doc, sections[i]), number);
    }
}

static void
check_release(struct checker *k, const json_t *doc)
{
    k->names = json_object();
    k->values = json_object();
    k->nothing = json_object();
    define_vars(k, json_object_get(doc, "vars"));
    check_sections(k, doc, "");
    json_decref(k->names);
    json_decref(k->values);
    json_decref(k->nothing);
}

/* One release, or all. */
static int
check_all(struct cli *cli, struct checker *k, const char *release)
{
    int checked = 0, fit = 0;

    for (unsigned r = 0; r < nvrm_release_count(cli->schema); r++) {
        if (release && r != k->abi.release)
            continue;
        k->abi.release = (nvrm_release)r;
        k->found = 0;
        check_release(k, k->script->doc);
        checked++;
        fit += !k->found;
        if (release)
            break;
    }
    return script_report(cli, k, script_title(k->script), checked, fit);
}

int
script_check(struct cli *cli, const struct script *script, const char *release)
{
    struct checker k = {.abi.schema = cli->schema, .script = script};
    struct gsp_error err = {0};
    struct policy *policy = NULL;
    int rc = 0;

    if (release)
        rc = rm_name_release(cli->schema, release, &k.abi.release, &err);
    if (rc == 0 && cli->options.policy)
        rc = policy_open(cli, &policy, &err);
    if (rc < 0)
        return cli_fail(cli, &err);
    k.policy = policy;
    policy_chip(cli, k.chip, sizeof(k.chip));
    k.problems = json_array();
    rc = check_all(cli, &k, release);
    policy_close(policy);
    return rc;
}

json_t *
script_problems(const struct script *s, struct nvrm_abi abi)
{
    struct checker k = {.abi = abi, .script = s, .problems = json_array()};
    json_t *row;
    size_t i;

    check_release(&k, s->doc);
    json_array_foreach(k.problems, i, row) json_object_del(row, "in");
    return k.problems;
}
