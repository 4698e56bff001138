/* SPDX-License-Identifier: MIT */
/*
 * OpenMetrics 1.0: families with HELP, TYPE and UNIT, a sample per card, "# EOF". What a card
 * does not say has no sample.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics.h"

/* A row per family. Counters end in _total; a unit ends the name. */
static const struct family {
    const char *name, *key, *type, *unit, *help;
    double scale;
} families[] = {
    {"nvrm_temperature_celsius",      "temperature_c",              "gauge",   "celsius", "Temperature of the GPU.",
     1                                                                                                                                },
    {"nvrm_memory_bytes",             "memory_bytes",               "gauge",   "bytes",   "Memory on the card.",                  1   },
    {"nvrm_memory_free_bytes",        "memory_free_bytes",          "gauge",   "bytes",
     "Memory that nobody has allocated.",                                                                                         1   },
    {"nvrm_utilisation_ratio",        "utilisation_percent",        "gauge",   "ratio",
     "Share of time in which the GPU was busy.",                                                                                  0.01},
    {"nvrm_memory_utilisation_ratio", "memory_utilisation_percent", "gauge",   "ratio",
     "Share of time in which the memory was busy.",                                                                               0.01},
    {"nvrm_performance_state",        "pstate",                     "gauge",   NULL,      "Performance state, 0 is the fastest.",
     1                                                                                                                                },
    {"nvrm_power_watts",              "power_w",                    "gauge",   "watts",   "Power that the card draws.",           1   },
    {"nvrm_pcie_link_generation",     "pcie_gen",                   "gauge",   NULL,      "Generation of the PCIe link.",         1   },
    {"nvrm_pcie_link_generation_max", "pcie_gen_max",               "gauge",   NULL,
     "Generation that the card's PCIe link can have.",                                                                            1   },
    {"nvrm_pcie_link_lanes",          "pcie_width",                 "gauge",   NULL,      "Lanes of the PCIe link.",              1   },
    {"nvrm_pcie_link_lanes_max",      "pcie_width_max",             "gauge",   NULL,
     "Lanes that the card's PCIe link can have.",                                                                                 1   },
    {"nvrm_nvlink_links",             "nvlink_links",               "gauge",   NULL,      "NVLinks that were found.",             1   },
    {"nvrm_nvlink_links_up",          "nvlink_links_up",            "gauge",   NULL,      "NVLinks that are enabled.",            1   },
    {"nvrm_ecc_corrected_errors",     "ecc_corrected",              "counter", NULL,
     "Errors that ECC corrected, since the driver was loaded.",                                                                   1   },
    {"nvrm_ecc_uncorrected_errors",   "ecc_uncorrected",            "counter", NULL,
     "Errors that ECC could not correct, since the driver was loaded.",                                                           1   },
    {"nvrm_retired_pages",            "pages_retired",              "gauge",   NULL,      "Pages that were retired.",             1   },
    {"nvrm_retired_pages_pending",    "pages_pending",              "gauge",   NULL,
     "Whether pages wait for a reset to be retired.",                                                                             1   },
    {"nvrm_remapped_rows",            "rows_remapped",              "gauge",   NULL,      "Memory rows that were remapped.",
     1                                                                                                                                },
    {"nvrm_remapped_rows_pending",    "rows_pending",               "gauge",   NULL,
     "Whether rows wait for a reset to be remapped.",                                                                             1   },
    {"nvrm_remapped_rows_failed",     "rows_failed",                "gauge",   NULL,
     "Whether a row could not be remapped.",                                                                                      1   },
    {"nvrm_recovery_action",          "recovery_action",            "gauge",   NULL,
     "What RM wants done after an error, 0 is nothing.",                                                                          1   },
    {"nvrm_channel_errors",           "channel_errors",             "counter", NULL,      "Recorded channel errors.",             1   },
    {"nvrm_events",                   "events",                     "counter", NULL,
     "Events that came from GSP-RM while this program listened.",                                                                 1   },
};

/* Label values are escaped: backslash, quote, newline. */
static void
put_label(struct gsp_text *out, const char *name, const char *value, bool first)
{
    gsp_text_printf(out, "%s%s=\"", first ? "" : ",", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            gsp_text_puts(out, "\\");
        if (*value == '\n')
            gsp_text_puts(out, "\\n");
        else
            gsp_text_add(out, value, 1);
    }
    gsp_text_puts(out, "\"");
}

/* The labels of a card, the same on each of its samples. */
static void
put_labels(struct gsp_text *out, const json_t *card)
{
    static const char *const keys[] = {"uuid", "pci", "name"};

    gsp_text_puts(out, "{");
    gsp_text_printf(out, "card=\"%lld\"",
                    (long long)json_integer_value(json_object_get(card, "card")));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        put_label(out, keys[i], cli_str(card, keys[i]), false);
}

static void
head(struct gsp_text *out, const char *name, const char *type, const char *unit,
     const char *help)
{
    gsp_text_printf(out, "# TYPE %s %s\n", name, type);
    if (unit)
        gsp_text_printf(out, "# UNIT %s %s\n", name, unit);
    gsp_text_printf(out, "# HELP %s %s\n", name, help);
}

static void
put_family(struct gsp_text *out, const struct family *f, const json_t *cards)
{
    const json_t *card;
    bool any = false;
    double value;
    size_t i;

    json_array_foreach(cards, i, card)
    {
        if (!fleet_number(card, f->key, &value))
            continue;
        if (!any)
            head(out, f->name, f->type, f->unit, f->help);
        any = true;
        gsp_text_printf(out, "%s%s", f->name, strcmp(f->type, "counter") ? "" : "_total");
        put_labels(out, card);
        gsp_text_printf(out, "} %.17g\n", value * f->scale);
    }
}

/* Whether a card answers, and what it is. */
static void
put_cards(struct gsp_text *out, const json_t *cards)
{
    const json_t *card;
    size_t i;

    head(out, "nvrm_up", "gauge", NULL, "Whether the card answers.");
    json_array_foreach(cards, i, card)
    {
        gsp_text_puts(out, "nvrm_up");
        put_labels(out, card);
        gsp_text_printf(out, "} %d\n", !json_object_get(card, "error"));
    }
    /* A gauge: collectors of the older text format refuse a file with a type that they lack. */
    head(out, "nvrm_card_info", "gauge", NULL, "What the card is.");
    json_array_foreach(cards, i, card)
    {
        if (json_object_get(card, "error"))
            continue;
        gsp_text_puts(out, "nvrm_card_info");
        put_labels(out, card);
        put_label(out, "chip", cli_str(card, "chip"), false);
        put_label(out, "release", cli_str(card, "release"), false);
        put_label(out, "transport", cli_str(card, "transport"), false);
        gsp_text_puts(out, "} 1\n");
    }
}

/* How often each Xid came: a label with its number. */
static void
put_xids(struct gsp_text *out, const json_t *cards)
{
    const json_t *card, *xid;
    bool any = false;
    size_t i, k, n;

    json_array_foreach(cards, i, card)
    {
        const json_t *xids = json_object_get(card, "xids");

        json_array_foreach(xids, k, xid)
        {
            unsigned count = 0;
            bool seen = false;

            for (n = 0; n < json_array_size(xids); n++) {
                const bool same = json_equal(xid, json_array_get(xids, n));

                count += same;
                seen = seen || (same && n < k);
            }
            if (seen)
                continue;
            if (!any)
                head(out, "nvrm_xids", "counter", NULL,
                     "Xids that came while this program listened.");
            any = true;
            gsp_text_puts(out, "nvrm_xids_total");
            put_labels(out, card);
            gsp_text_printf(out, ",xid=\"%lld\"} %u\n", (long long)json_integer_value(xid),
                            count);
        }
    }
}

void
metrics_text(const json_t *cards, struct gsp_text *out)
{
    put_cards(out, cards);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        put_family(out, &families[i], cards);
    put_xids(out, cards);
    gsp_text_puts(out, "# EOF\n");
}

/* Files */

static int
write_fd(int fd, const struct gsp_text *text)
{
    size_t done = 0;

    while (done < text->bytes) {
        const ssize_t n = write(fd, text->data + done, text->bytes - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int
save_at(const char *beside, const char *path, const struct gsp_text *text)
{
    const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int rc;

    if (fd < 0)
        return -errno;
    rc = write_fd(fd, text);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(beside, path) < 0)
        rc = -errno;
    if (rc < 0)
        (void)unlink(beside);
    return rc;
}

int
metrics_save(const char *path, const struct gsp_text *text, struct gsp_error *err)
{
    struct gsp_text beside = {0};
    struct stat st;
    int rc;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s is no file: it cannot be replaced at once",
                 path);
        gsp_hint(err, "without --textfile the text goes to stdout");
        return -EINVAL;
    }
    /* The collector reads *.prom: this name is none. */
    gsp_text_printf(&beside, "%s.%d", path, (int)getpid());
    rc = beside.rc < 0 ? beside.rc : save_at(beside.data, path, text);
    gsp_text_fini(&beside);
    if (rc < 0)
        gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "%s: %s", path, strerror(-rc));
    return rc;
}
