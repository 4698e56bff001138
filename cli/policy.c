/* SPDX-License-Identifier: MIT */
/*
 * The policy: what may be sent. Read-only is not safe by itself, so the overlay grades controls
 * and everything that it has not graded is refused unless --unsafe or a policy file allows it.
 *
 * A policy file is JSON or YAML: {"allow": ["read", "write"], "controls": {NAME: "allow"},
 * "rpcs": {NAME: "refuse"}}. Its names win over grades.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "session.h"

static const char *const grades[] = {"unknown",     "read",        "write",
                                     "destructive", "quarantined", NULL};

const char *
policy_safety_name(enum nvrm_safety safety)
{
    return grades[safety];
}

/* RPCs that only look, or that manage the caller's own objects. */
static const char *const harmless_rpcs[] = {"NOP",        "GSP_RM_ALLOC",        "FREE",
                                            "DUP_OBJECT", "GET_GSP_STATIC_INFO", NULL};

static bool
in_list(const char *const *list, const char *word)
{
    for (; *list; list++) {
        if (!strcmp(*list, word))
            return true;
    }
    return false;
}

static int
bad_policy(struct gsp_error *err, const char *path, const char *what)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %s", path, what);
    gsp_hint(err,
             "legal keys: allow (a list of read, write, unknown, destructive, quarantined), "
             "controls and rpcs (NAME: allow or refuse)");
    return -EINVAL;
}

static int
check_names(const json_t *names, const char *path, struct gsp_error *err)
{
    const char *key;
    json_t *value;

    if (names && !json_is_object(names))
        return bad_policy(err, path, "controls and rpcs map names to allow or refuse");
    json_object_foreach((json_t *)names, key, value)
    {
        const char *word = json_string_value(value);

        if (!word || (strcmp(word, "allow") && strcmp(word, "refuse")))
            return bad_policy(err, path, "a name must be set to allow or refuse");
    }
    return 0;
}

static int
load_policy(const char *path, json_t **policy_out, struct gsp_error *err)
{
    static const char *const keys[] = {"allow", "controls", "rpcs", NULL};
    json_t *policy = cli_load_file(path, err);
    const json_t *grade;
    const char *key;
    json_t *value;
    size_t i;
    int rc = 0;

    if (!policy)
        return -EINVAL;
    if (!json_is_object(policy))
        rc = bad_policy(err, path, "not an object");
    json_object_foreach(policy, key, value)
    {
        if (rc == 0 && !in_list(keys, key))
            rc = bad_policy(err, path, "an unknown key");
    }
    json_array_foreach(json_object_get(policy, "allow"), i, grade)
    {
        if (rc == 0 && (!json_is_string(grade) || !in_list(grades, json_string_value(grade))))
            rc = bad_policy(err, path, "allow lists an unknown grade");
    }
    if (rc == 0)
        rc = check_names(json_object_get(policy, "controls"), path, err);
    if (rc == 0)
        rc = check_names(json_object_get(policy, "rpcs"), path, err);
    if (rc < 0)
        json_decref(policy);
    else
        *policy_out = policy;
    return rc;
}

static bool
grade_allowed(const json_t *policy, enum nvrm_safety safety)
{
    const json_t *allow = json_object_get(policy, "allow");
    const json_t *grade;
    size_t i;

    if (!allow)
        return safety == NVRM_SAFETY_READ || safety == NVRM_SAFETY_WRITE;
    json_array_foreach(allow, i, grade)
    {
        if (!strcmp(json_string_value(grade), grades[safety]))
            return true;
    }
    return false;
}

/* 1 allowed by name, -1 refused by name, 0 not named. */
static int
by_name(const json_t *policy, const char *section, const char *name)
{
    const json_t *value = json_object_get(json_object_get(policy, section), name);

    if (!value)
        return 0;
    return strcmp(json_string_value(value), "allow") ? -1 : 1;
}

static int
refuse(struct gsp_error *err, const char *what, const char *why, const char *source)
{
    gsp_fail(err, GSP_ORIGIN_POLICY, -EPERM, "policy refuses %s: %s%s%s", what, why,
             *source ? ", see " : "", source);
    gsp_hint(err, "--unsafe sends it anyway; a --policy file can allow it by name");
    return -EPERM;
}

static const char *
why_refused(enum nvrm_safety safety)
{
    switch (safety) {
    case NVRM_SAFETY_DESTRUCTIVE:
        return "it is destructive";
    case NVRM_SAFETY_QUARANTINED:
        return "it is known to take GSP-RM down";
    case NVRM_SAFETY_UNKNOWN:
        return "nobody has graded what it does";
    default:
        return "the policy file does not allow its grade";
    }
}

/* Whether a word of `chips` ("GA100 GB203") is the card that is open. */
static bool
names_our_chip(const struct cli *cli, const char *chips)
{
    const char *chip = cli->session ? session_chip(cli->session) : "";
    const size_t n = strlen(chip);

    for (; n && *chips; chips += strcspn(chips, " "), chips += strspn(chips, " ")) {
        if (strcspn(chips, " ") == n && !strncmp(chips, chip, n))
            return true;
    }
    return !n;
}

/* A grade that was given for some chips says nothing about the others. */
static enum nvrm_safety
grade_of(const struct cli *cli, struct nvrm_abi abi, const struct nvrm_control *control)
{
    if (!control || (control->safety_chips &&
                     !names_our_chip(cli, nvrm_str(abi.schema, control->safety_chips))))
        return NVRM_SAFETY_UNKNOWN;
    return (enum nvrm_safety)control->safety;
}

int
policy_control(struct cli *cli, struct nvrm_abi abi, const struct nvrm_control *control,
               uint32_t cmd, struct gsp_error *err)
{
    const enum nvrm_safety safety = grade_of(cli, abi, control);
    json_t *policy = NULL;
    char name[128];
    int rc = 0, named;

    if (cli->options.unsafe)
        return 0;
    if (cli->options.policy)
        rc = load_policy(cli->options.policy, &policy, err);
    if (rc < 0)
        return rc;
    if (control)
        snprintf(name, sizeof(name), "%s", nvrm_str(abi.schema, control->name));
    else
        snprintf(name, sizeof(name), "control 0x%08x", cmd);
    named = by_name(policy, "controls", name);
    if (named < 0)
        rc = refuse(err, name, "the policy file names it", "");
    else if (!named && !grade_allowed(policy, safety))
        rc = refuse(err, name, why_refused(safety),
                    control ? nvrm_str(abi.schema, control->safety_source) : "");
    json_decref(policy);
    return rc;
}

/* A raw GSP_RM_CONTROL is judged by the control inside it. */
static int
inner_control(struct cli *cli, struct nvrm_abi abi, const struct nvrm_rpc *rpc,
              const void *payload, size_t payload_bytes, struct gsp_error *err)
{
    const struct nvrm_layout *layout = nvrm_struct_at(abi, rpc->params);
    uint64_t cmd = 0;
    int rc;

    if (!layout)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "GSP_RM_CONTROL has no layout here");
    rc = gsp_field_get(abi, layout, payload, payload_bytes, "cmd", &cmd, err);
    if (rc < 0)
        return rc;
    return policy_control(cli, abi, nvrm_control_by_id(abi, (uint32_t)cmd), (uint32_t)cmd, err);
}

int
policy_rpc(struct cli *cli, struct nvrm_abi abi, const struct nvrm_rpc *rpc, uint32_t function,
           const void *payload, size_t payload_bytes, struct gsp_error *err)
{
    json_t *policy = NULL;
    char name[128];
    int rc = 0, named;

    if (cli->options.unsafe)
        return 0;
    if (rpc && !strcmp(nvrm_str(abi.schema, rpc->name), "GSP_RM_CONTROL"))
        return inner_control(cli, abi, rpc, payload, payload_bytes, err);
    if (cli->options.policy)
        rc = load_policy(cli->options.policy, &policy, err);
    if (rc < 0)
        return rc;
    snprintf(name, sizeof(name), "RPC %s", rpc ? nvrm_str(abi.schema, rpc->name) : "");
    if (!rpc)
        snprintf(name, sizeof(name), "RPC %u", function);
    named = by_name(policy, "rpcs", name + 4);
    if (named < 0)
        rc = refuse(err, name, "the policy file names it", "");
    else if (!named && !in_list(harmless_rpcs, name + 4))
        rc = refuse(err, name, "a raw RPC goes past RM's own checks", "");
    json_decref(policy);
    return rc;
}
