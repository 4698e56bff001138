/* SPDX-License-Identifier: MIT */
/*
 * Limits and lists of checks, from options and files.
 */
#include "health.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row per limit: 0 means that the card's own maximum counts. */
static const struct {
    const char *name;
    double value;
} limits[HEALTH_LIMITS] = {
    [LIMIT_TEMPERATURE_WARNING] = {"temperature_warning",      85  },
    [LIMIT_TEMPERATURE_CRITICAL] = {"temperature_critical",     95  },
    [LIMIT_ECC_CORRECTED_WARNING] = {"ecc_corrected_warning",    1000},
    [LIMIT_ECC_UNCORRECTED_WARNING] = {"ecc_uncorrected_warning",  1   },
    [LIMIT_ECC_UNCORRECTED_CRITICAL] = {"ecc_uncorrected_critical", 1   },
    [LIMIT_PAGES_WARNING] = {"pages_warning",            60  },
    [LIMIT_ROWS_WARNING] = {"rows_warning",             8   },
    [LIMIT_PCIE_GEN_MIN] = {"pcie_gen_min",             0   },
    [LIMIT_PCIE_WIDTH_MIN] = {"pcie_width_min",           0   },
    [LIMIT_NVLINK_MIN] = {"nvlink_min",               0   },
    [LIMIT_CHANNEL_ERRORS_WARNING] = {"channel_errors_warning",   1   },
};

void
health_rules_init(struct health_rules *rules)
{
    memset(rules, 0, sizeof(*rules));
    for (unsigned i = 0; i < HEALTH_LIMITS; i++)
        rules->limit[i] = limits[i].value;
    (void)health_mark(rules->require, "card,gsp", "", NULL);
}

static int
unknown_limit(const char *name, struct gsp_error *err)
{
    const char *names[HEALTH_LIMITS + 1] = {0};
    const char *nearest;

    for (unsigned i = 0; i < HEALTH_LIMITS; i++)
        names[i] = limits[i].name;
    nearest = cli_nearest(name, names);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "there is no limit '%s'", name);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    else
        gsp_hint(err, "such as temperature_warning; docs/fleet.md lists them");
    return -EINVAL;
}

static int
set_limit(struct health_rules *rules, const char *name, double value, struct gsp_error *err)
{
    for (unsigned i = 0; i < HEALTH_LIMITS; i++) {
        if (strcmp(limits[i].name, name))
            continue;
        if (!(value >= 0 && value <= 1e15))
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                            "limit %s: a number from 0 on is needed", name);
        rules->limit[i] = value;
        return 0;
    }
    return unknown_limit(name, err);
}

int
health_set_limit(struct health_rules *rules, const char *text, struct gsp_error *err)
{
    const char *equals = strchr(text, '=');
    char name[64], *end = NULL;
    double value = equals ? strtod(equals + 1, &end) : 0;

    if (!equals || !equals[1] || *end) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "--limit: '%s' is not NAME=NUMBER", text);
        gsp_hint(err, "for example --limit temperature_warning=80");
        return -EINVAL;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
    return set_limit(rules, name, value, err);
}

static int
mark_one(bool list[HEALTH_CHECKS], const char *name, const char *option, struct gsp_error *err)
{
    const char *names[HEALTH_CHECKS + 1] = {0};
    const char *nearest;

    for (unsigned i = 0; i < HEALTH_CHECKS; i++) {
        names[i] = health_check_name(i);
        if (strcmp(names[i], name))
            continue;
        list[i] = true;
        return 0;
    }
    nearest = cli_nearest(name, names);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: there is no check '%s'", option, name);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    else
        gsp_hint(err, "checks: card, gsp, xid, recovery, ecc, pages, temperature, pcie, "
                      "throttle, nvlink");
    return -EINVAL;
}

int
health_mark(bool list[HEALTH_CHECKS], const char *names, const char *option,
            struct gsp_error *err)
{
    char name[64];
    int rc = 0;

    while (rc == 0) {
        const size_t bytes = strcspn(names, ",");

        snprintf(name, sizeof(name), "%.*s", (int)bytes, names);
        rc = mark_one(list, name, option, err);
        if (!names[bytes])
            break;
        names += bytes + 1;
    }
    return rc;
}

static int
load_list(bool list[HEALTH_CHECKS], const json_t *names, const char *key, struct gsp_error *err)
{
    const json_t *name;
    size_t i;
    int rc = 0;

    if (!json_is_array(names))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s is not a list of checks", key);
    memset(list, 0, HEALTH_CHECKS * sizeof(*list));
    json_array_foreach(names, i, name)
    {
        if (rc == 0)
            rc = mark_one(list, json_is_string(name) ? json_string_value(name) : "?", key, err);
    }
    return rc;
}

static int
load_limits(struct health_rules *rules, json_t *object, struct gsp_error *err)
{
    const char *name;
    json_t *value;
    int rc = 0;

    if (!json_is_object(object))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "limits is not an object");
    json_object_foreach(object, name, value)
    {
        if (rc == 0)
            rc = set_limit(rules, name, json_is_number(value) ? json_number_value(value) : NAN,
                           err);
    }
    return rc;
}

static int
load_key(struct health_rules *rules, const char *key, json_t *value, struct gsp_error *err)
{
    if (!strcmp(key, "limits"))
        return load_limits(rules, value, err);
    if (!strcmp(key, "skip"))
        return load_list(rules->skip, value, key, err);
    if (!strcmp(key, "require"))
        return load_list(rules->require, value, key, err);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "there is no key '%s'", key);
    gsp_hint(err, "legal: limits, skip and require");
    return -EINVAL;
}

int
health_load(struct health_rules *rules, const char *path, struct gsp_error *err)
{
    json_t *doc = cli_load_file(path, err), *value;
    const char *key;
    char what[240];
    int rc = 0;

    if (!doc)
        return -EINVAL;
    if (!json_is_object(doc))
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "not an object with limits");
    json_object_foreach(doc, key, value)
    {
        if (rc == 0)
            rc = load_key(rules, key, value, err);
    }
    json_decref(doc);
    if (rc < 0 && err) {
        snprintf(what, sizeof(what), "%s", err->text);
        snprintf(err->text, sizeof(err->text), "%.80s: %.150s", path, what);
    }
    return rc;
}
