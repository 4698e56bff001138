/* SPDX-License-Identifier: MIT */
/*
 * Judging a reading of a card: which checks there are, where their limits lie, what each says.
 */
#ifndef NVRM_CLI_HEALTH_H
#define NVRM_CLI_HEALTH_H

#include "fleet.h"

/* Also the exit codes of the verb health, in place of the program's. */
enum health { HEALTH_OK = 0, HEALTH_WARNING = 1, HEALTH_CRITICAL = 2, HEALTH_UNKNOWN = 3 };
const char *health_name(enum health h); /* "warning" */
/* The worse of two: critical, then warning, then unknown, then ok. */
enum health health_worse(enum health a, enum health b);

enum health_limit {
    LIMIT_TEMPERATURE_WARNING,
    LIMIT_TEMPERATURE_CRITICAL,
    LIMIT_ECC_CORRECTED_WARNING,
    LIMIT_ECC_UNCORRECTED_WARNING,
    LIMIT_ECC_UNCORRECTED_CRITICAL,
    LIMIT_PAGES_WARNING,
    LIMIT_ROWS_WARNING,
    LIMIT_PCIE_GEN_MIN,
    LIMIT_PCIE_WIDTH_MIN,
    LIMIT_NVLINK_MIN,
    LIMIT_CHANNEL_ERRORS_WARNING,
    HEALTH_LIMITS,
};
enum { HEALTH_CHECKS = 10 };

struct health_rules {
    double limit[HEALTH_LIMITS];
    bool skip[HEALTH_CHECKS];
    bool require[HEALTH_CHECKS]; /* unknown is the verdict when this check is unknown */
};
void health_rules_init(struct health_rules *rules);
/* "temperature_warning=80" */
int health_set_limit(struct health_rules *rules, const char *text, struct gsp_error *err);
/* Names of checks with commas between, for one of the two lists. */
int health_mark(bool list[HEALTH_CHECKS], const char *names, const char *option,
                struct gsp_error *err);
/* A YAML or JSON file: limits: {NAME: N}, skip: [CHECK], require: [CHECK]. */
int health_load(struct health_rules *rules, const char *path, struct gsp_error *err);

/* {"status": "ok", "checks": {"ecc": {"status", "text"}}}. A NULL reading is a card that could
 * not be read, for the reason in err. */
json_t *health_judge(const struct health_rules *rules, const json_t *reading,
                     const struct gsp_error *err);
enum health health_of(const json_t *verdict);
const char *health_check_name(unsigned i);

/* The Xids of a kernel log since the module was loaded, by card ("0000:01:00"); NULL with *err
 * filled. */
json_t *health_log(const char *path, struct gsp_error *err);
/* Those of the card that was read, to the ones that came while this ran. */
void health_add_log(json_t *reading, const json_t *log);

#endif
