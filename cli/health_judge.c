/* SPDX-License-Identifier: MIT */
/*
 * The checks: a row each. What a reading does not say is unknown, never ok. Texts hold nothing
 * that differs between cards in the same state, so that clush -b can fold them.
 */
#include "health.h"

#include <stdarg.h>
#include <string.h>

struct judged {
    const struct health_rules *rules;
    const json_t *reading; /* NULL: the card could not be read */
    const struct gsp_error *err;
    enum health status;
    char text[200];
};

static void say(struct judged *j, enum health status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The worst finding of a check is its text. */
static void
say(struct judged *j, enum health status, const char *format, ...)
{
    va_list args;

    if (health_worse(j->status, status) == j->status && j->text[0])
        return;
    j->status = health_worse(j->status, status);
    va_start(args, format);
    vsnprintf(j->text, sizeof(j->text), format, args);
    va_end(args);
}

/* A figure; when it is unknown, so is the check. */
static bool
figure(struct judged *j, const char *key, double *value_out)
{
    if (j->reading && fleet_number(j->reading, key, value_out))
        return true;
    say(j, HEALTH_UNKNOWN, "%s", j->reading ? fleet_unknown(j->reading, key) : "not read");
    return false;
}

static double
limit(const struct judged *j, enum health_limit which)
{
    return j->rules->limit[which];
}

/* Whether the failure says something about the card, or only about the way to it. */
static void
check_card(struct judged *j)
{
    if (j->reading)
        say(j, HEALTH_OK, "answers");
    else if (j->err->origin == GSP_ORIGIN_LOST || j->err->origin == GSP_ORIGIN_PROTOCOL ||
             j->err->origin == GSP_ORIGIN_RM)
        say(j, HEALTH_CRITICAL, "%s", j->err->text);
    else
        say(j, HEALTH_UNKNOWN, "%s", j->err->text);
}

static void
check_gsp(struct judged *j)
{
    double ns;

    if (figure(j, "gsp_time_ns", &ns))
        say(j, HEALTH_OK, "GSP-RM answers");
}

/* Xids that the vendor's public list ends with a reset, a reboot or a replaced card. */
static bool
xid_is_fatal(unsigned long xid)
{
    static const unsigned fatal[] = {48,  61,  62,  64,  74,  79,  95,
                                     109, 119, 120, 136, 140, 143, 158};

    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        if (fatal[i] == xid)
            return true;
    }
    return false;
}

static void
check_xid(struct judged *j)
{
    const json_t *xids = j->reading ? json_object_get(j->reading, "xids") : NULL, *xid;
    double errors;
    size_t i;

    if (!xids) {
        say(j, HEALTH_UNKNOWN, "not read");
        return;
    }
    json_array_foreach(xids, i, xid)
    {
        const unsigned long n = (unsigned long)json_integer_value(xid);

        say(j, xid_is_fatal(n) ? HEALTH_CRITICAL : HEALTH_WARNING, "Xid %lu", n);
    }
    if (fleet_number(j->reading, "channel_errors", &errors) &&
        errors >= limit(j, LIMIT_CHANNEL_ERRORS_WARNING))
        say(j, HEALTH_WARNING, "%.0f recorded channel errors", errors);
    say(j, HEALTH_OK, "none came");
}

static void
check_recovery(struct judged *j)
{
    static const char *const names[] = {"none",
                                        "reset the GPU",
                                        "reboot the node",
                                        "drain peer-to-peer traffic",
                                        "drain and reset",
                                        "recover the IMEX domain"};
    const unsigned count = sizeof(names) / sizeof(names[0]);
    double action;

    if (!figure(j, "recovery_action", &action))
        return;
    if (action == 0)
        say(j, HEALTH_OK, "none needed");
    else if (action > 0 && action < count)
        say(j, HEALTH_CRITICAL, "RM asks: %s", names[(unsigned)action]);
    else
        say(j, HEALTH_CRITICAL, "RM asks for recovery action %.0f", action);
}

static void
check_ecc(struct judged *j)
{
    double corrected, uncorrected, units;

    if (!figure(j, "ecc_units", &units) || !figure(j, "ecc_corrected", &corrected) ||
        !figure(j, "ecc_uncorrected", &uncorrected))
        return;
    if (units == 0)
        say(j, HEALTH_OK, "no unit with ECC");
    if (uncorrected >= limit(j, LIMIT_ECC_UNCORRECTED_CRITICAL))
        say(j, HEALTH_CRITICAL, "%.0f uncorrected errors", uncorrected);
    else if (uncorrected >= limit(j, LIMIT_ECC_UNCORRECTED_WARNING))
        say(j, HEALTH_WARNING, "%.0f uncorrected errors", uncorrected);
    if (corrected >= limit(j, LIMIT_ECC_CORRECTED_WARNING))
        say(j, HEALTH_WARNING, "%.0f corrected errors", corrected);
    say(j, HEALTH_OK, "within limits");
}

/* Cards have one of the two: older ones retire pages, newer ones remap rows. */
static void
check_pages(struct judged *j)
{
    double pages = 0, rows = 0, pending = 0, failed = 0;
    const bool have_pages = j->reading && fleet_number(j->reading, "pages_retired", &pages);
    const bool have_rows = j->reading && fleet_number(j->reading, "rows_remapped", &rows);

    if (!have_pages && !have_rows) {
        (void)figure(j, "pages_retired", &pages);
        return;
    }
    if (have_rows && fleet_number(j->reading, "rows_failed", &failed) && failed > 0)
        say(j, HEALTH_CRITICAL, "a row could not be remapped");
    if ((fleet_number(j->reading, "rows_pending", &pending) && pending > 0) ||
        (fleet_number(j->reading, "pages_pending", &pending) && pending > 0))
        say(j, HEALTH_WARNING, "a repair waits for a reset");
    if (have_pages && pages >= limit(j, LIMIT_PAGES_WARNING))
        say(j, HEALTH_WARNING, "%.0f retired pages", pages);
    if (have_rows && rows >= limit(j, LIMIT_ROWS_WARNING))
        say(j, HEALTH_WARNING, "%.0f remapped rows", rows);
    say(j, HEALTH_OK, "within limits");
}

static void
check_temperature(struct judged *j)
{
    double c;

    if (!figure(j, "temperature_c", &c))
        return;
    if (c >= limit(j, LIMIT_TEMPERATURE_CRITICAL))
        say(j, HEALTH_CRITICAL, "at or above %g C", limit(j, LIMIT_TEMPERATURE_CRITICAL));
    else if (c >= limit(j, LIMIT_TEMPERATURE_WARNING))
        say(j, HEALTH_WARNING, "at or above %g C", limit(j, LIMIT_TEMPERATURE_WARNING));
    say(j, HEALTH_OK, "within limits");
}

/* Cards lower the speed of an idle link to save power: unless a limit says otherwise, it counts
 * in the fastest performance state only. The width always counts. */
static void
check_pcie(struct judged *j)
{
    double gen, gen_max, width, width_max, pstate, least;

    if (!figure(j, "pcie_gen", &gen) || !figure(j, "pcie_gen_max", &gen_max) ||
        !figure(j, "pcie_width", &width) || !figure(j, "pcie_width_max", &width_max))
        return;
    least = limit(j, LIMIT_PCIE_WIDTH_MIN);
    least = least > 0 ? least : width_max;
    if (width < least)
        say(j, HEALTH_WARNING, "%.0f lanes of %.0f", width, least);
    least = limit(j, LIMIT_PCIE_GEN_MIN);
    if (least == 0 && fleet_number(j->reading, "pstate", &pstate) && pstate == 0)
        least = gen_max;
    if (gen < least)
        say(j, HEALTH_WARNING, "generation %.0f of %.0f", gen, least);
    say(j, HEALTH_OK, "within limits");
}

static void
check_throttle(struct judged *j)
{
    double reasons;

    if (figure(j, "throttle", &reasons))
        say(j, reasons > 0 ? HEALTH_WARNING : HEALTH_OK, "reasons 0x%.0f", reasons);
}

/* A card without any link up may well be one without a bridge: nvlink_min says what is wanted.
 */
static void
check_nvlink(struct judged *j)
{
    double links, up, least = limit(j, LIMIT_NVLINK_MIN);

    if (!figure(j, "nvlink_links", &links) || !figure(j, "nvlink_links_up", &up))
        return;
    if (least == 0 && up > 0)
        least = links;
    if (up < least)
        say(j, HEALTH_WARNING, "%.0f links of %.0f", up, least);
    say(j, HEALTH_OK, up > 0 ? "within limits" : "no link is up");
}

static const struct {
    const char *name;
    void (*judge)(struct judged *j);
} checks[HEALTH_CHECKS] = {
    {"card",        check_card       },
    {"gsp",         check_gsp        },
    {"xid",         check_xid        },
    {"recovery",    check_recovery   },
    {"ecc",         check_ecc        },
    {"pages",       check_pages      },
    {"temperature", check_temperature},
    {"pcie",        check_pcie       },
    {"throttle",    check_throttle   },
    {"nvlink",      check_nvlink     },
};

const char *
health_check_name(unsigned i)
{
    return checks[i].name;
}

const char *
health_name(enum health h)
{
    static const char *const names[] = {"ok", "warning", "critical", "unknown"};

    return names[h];
}

enum health
health_worse(enum health a, enum health b)
{
    static const int rank[] = {0, 2, 3, 1};

    return rank[a] >= rank[b] ? a : b;
}

json_t *
health_judge(const struct health_rules *rules, const json_t *reading,
             const struct gsp_error *err)
{
    enum health worst = HEALTH_OK;
    json_t *list = json_object();

    for (unsigned i = 0; i < HEALTH_CHECKS; i++) {
        struct judged j = {.rules = rules, .reading = reading, .err = err};

        if (rules->skip[i])
            continue;
        checks[i].judge(&j);
        if (j.status != HEALTH_UNKNOWN || rules->require[i])
            worst = health_worse(worst, j.status);
        json_object_set_new(
            list, checks[i].name,
            json_pack("{s:s, s:s}", "status", health_name(j.status), "text", j.text));
    }
    return json_pack("{s:s, s:o}", "status", health_name(worst), "checks", list);
}

enum health
health_of(const json_t *verdict)
{
    const char *status = cli_str(verdict, "status");

    for (unsigned h = HEALTH_OK; h <= HEALTH_UNKNOWN; h++) {
        if (!strcmp(status, health_name((enum health)h)))
            return (enum health)h;
    }
    return HEALTH_UNKNOWN;
}
