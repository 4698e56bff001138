/* SPDX-License-Identifier: MIT */
/* Memory that runs out while expressions, scripts and policies are read: an error or a result,
 * never a crash. Every allocation of JSON values fails once. */
#include <stdbool.h>

#include "expr.h"
#include "policy.h"
#include "script.h"
#include "test.h"

static long left;

static void *
scarce(size_t bytes)
{
    return left-- > 0 ? malloc(bytes) : NULL;
}

static json_t *
get(void *ctx, const char *path, struct gsp_error *err)
{
    (void)ctx;
    if (!strcmp(path, "list[0]"))
        return json_integer(1);
    if (!strcmp(path, "list"))
        return json_pack("[i,s]", 1, "0x20");
    gsp_fail(err, GSP_ORIGIN_INPUT, -2, "nothing is called '%s'", path);
    return NULL;
}

static bool
run_expression(struct gsp_error *err)
{
    const struct expr_env env = {NULL, get, NULL};
    json_t *value = expr_eval("len(list) + max([1, 2, list[0]]) > 2 ? text(list) + 'x' : "
                              "range(3)",
                              &env, err);

    json_decref(value);
    return value != NULL;
}

static const char script[] =
    "vars: {a: 1, key: {secret: true, value: topsecret}}\n"
    "steps:\n"
    "- {name: fb, ctl: {object: subdevice, control: NV2080_CTRL_CMD_FB_GET_INFO_V2, params: "
    "{fbInfoListSize: 1}}, expect: {fbInfoLst: 1}}\n"
    "- while: a < 3\n"
    "  steps: [{set: {a: \"${a + 1}\"}}, {print: \"$key ${fb.fbInfoList[0].data}\"}]\n"
    "finally: [{assert: a == b}]\n";

static bool
run_script(struct gsp_error *err)
{
    static volatile int interrupted;
    struct cli cli = {.schema = nvrm_schema_builtin(), .interrupted = &interrupted};
    char place[160];
    struct script s;

    if (script_load_text(script, sizeof(script) - 1, "scarce", &s, err) < 0)
        return false;
    (void)script_where(&s, "2.1", place, sizeof(place));
    cli.out = cli.err = fopen("/dev/null", "w");
    assert_non_null(cli.out);
    cli.options.format = CLI_JSON;
    (void)script_check(&cli, &s, "570.144");
    fclose(cli.out);
    script_fini(&s);
    return true;
}

static bool
run_masks(struct gsp_error *err)
{
    struct script_env env = {.vars = json_object(), .results = json_object()};
    json_t *doc = json_pack("{s:s, s:[i,s]}", "a", "has topsecret", "b", 4096, "0x1000");
    json_t *word = json_pack("[s,i]", "topsecret", 4096), *shown;

    if (word)
        script_secret(&env, word);
    shown = doc ? script_masked(&env, doc) : NULL;
    json_decref(shown);
    json_decref(doc);
    json_decref(word);
    json_decref(env.vars);
    json_decref(env.results);
    json_decref(env.secrets);
    (void)err;
    return shown != NULL;
}

static bool
run_policy(struct gsp_error *err)
{
    static const char text[] = "base: read-only\nrules: [{deny: \"*\", why: no}]\n";
    struct policy *p;

    if (policy_load_text(text, sizeof(text) - 1, "scarce", &p, err) < 0)
        return false;
    json_decref(policy_json(p));
    policy_close(p);
    return true;
}

static void
survive(bool (*run)(struct gsp_error *err))
{
    bool done = false;
    long allocations;

    json_set_alloc_funcs(scarce, free);
    for (long n = 0; n < 20000 && !done; n += n < 2000 ? 1 : 37) {
        struct gsp_error err = {0};

        left = n;
        done = run(&err) && left >= 0;
    }
    allocations = left;
    json_set_alloc_funcs(malloc, free);
    assert_true(done);
    assert_true(allocations >= 0);
}

static void
expressions_survive(void **state)
{
    (void)state;
    survive(run_expression);
}

static void
scripts_survive(void **state)
{
    (void)state;
    survive(run_script);
}

static void
masks_survive(void **state)
{
    (void)state;
    survive(run_masks);
}

static void
policies_survive(void **state)
{
    (void)state;
    survive(run_policy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_survive),
        cmocka_unit_test(scripts_survive),
        cmocka_unit_test(masks_survive),
        cmocka_unit_test(policies_survive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
