/* SPDX-License-Identifier: MIT */
/* Verdicts on readings that no card at hand gives, and how they are drawn. */
#include "health.h"
#include "metrics.h"
#include "test.h"
#include "top.h"

/* A card without a fault; `change` is laid over it. */
static json_t *
reading(const char *change)
{
    json_t *doc = json_pack(
        "{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:i, s:b, s:b, s:i, s:i, s:i, s:i, s:i, "
        "s:i, s:i, s:i, s:i, s:[], s:i}",
        "name", "card", "card", 0, "gsp_time_ns", 1, "temperature_c", 40, "pstate", 0,
        "ecc_units", 4, "ecc_corrected", 0, "ecc_uncorrected", 0, "pages_pending", 0,
        "rows_remapped", 0, "rows_pending", 0, "rows_failed", 0, "pages_retired", 0, "pcie_gen",
        5, "pcie_gen_max", 5, "pcie_width", 16, "pcie_width_max", 16, "nvlink_links", 18,
        "nvlink_links_up", 18, "recovery_action", 0, "throttle", 0, "xids", "channel_errors",
        0);
    json_t *over = json_loads(change, 0, NULL);

    assert_non_null(doc);
    assert_non_null(over);
    assert_int_equal(json_object_update(doc, over), 0);
    json_decref(over);
    return doc;
}

struct row {
    const char *change, *check;
    enum health status;
    const char *text;
};

static void
expect(const struct health_rules *rules, const struct row *row)
{
    json_t *doc = reading(row->change);
    json_t *verdict = health_judge(rules, doc, NULL);
    const json_t *check = json_object_get(json_object_get(verdict, "checks"), row->check);

    if (strcmp(cli_str(check, "status"), health_name(row->status)) != 0 ||
        strcmp(cli_str(check, "text"), row->text) != 0)
        fail_msg("%s: %s is %s: %s", row->change, row->check, cli_str(check, "status"),
                 cli_str(check, "text"));
    if (row->status != HEALTH_UNKNOWN)
        assert_int_equal(health_of(verdict), row->status);
    json_decref(verdict);
    json_decref(doc);
}

static void
each_finding_has_its_verdict(void **state)
{
    static const struct row rows[] = {
        {"{}",                                                                         "ecc",         HEALTH_OK,       "within limits"             },
        {"{\"temperature_c\": 84}",                                                    "temperature", HEALTH_OK,       "within limits"             },
        {"{\"temperature_c\": 85}",                                                    "temperature", HEALTH_WARNING,  "at or above 85 C"          },
        {"{\"temperature_c\": 99}",                                                    "temperature", HEALTH_CRITICAL, "at or above 95 C"          },
        {"{\"ecc_corrected\": 1000}",                                                  "ecc",         HEALTH_WARNING,  "1000 corrected errors"     },
        {"{\"ecc_corrected\": 1000, \"ecc_uncorrected\": 1}",                          "ecc",         HEALTH_CRITICAL,
         "1 uncorrected errors"                                                                                                                    },
        {"{\"ecc_units\": 0}",                                                         "ecc",         HEALTH_OK,       "no unit with ECC"          },
        {"{\"pages_retired\": 60}",                                                    "pages",       HEALTH_WARNING,  "60 retired pages"          },
        {"{\"pages_pending\": true}",                                                  "pages",       HEALTH_WARNING,  "a repair waits for a reset"},
        {"{\"rows_remapped\": 8}",                                                     "pages",       HEALTH_WARNING,  "8 remapped rows"           },
        {"{\"rows_failed\": true, \"rows_pending\": true}",                            "pages",       HEALTH_CRITICAL,
         "a row could not be remapped"                                                                                                             },
        {"{\"rows_remapped\": null, \"pages_retired\": 1}",                            "pages",       HEALTH_OK,
         "within limits"                                                                                                                           },
        {"{\"pcie_gen\": 1}",                                                          "pcie",        HEALTH_WARNING,  "generation 1 of 5"         },
        {"{\"pcie_gen\": 1, \"pstate\": 8}",                                           "pcie",        HEALTH_OK,       "within limits"             },
        {"{\"pcie_width\": 8, \"pstate\": 8}",                                         "pcie",        HEALTH_WARNING,  "8 lanes of 16"             },
        {"{\"nvlink_links_up\": 17}",                                                  "nvlink",      HEALTH_WARNING,  "17 links of 18"            },
        {"{\"nvlink_links_up\": 0}",                                                   "nvlink",      HEALTH_OK,       "no link is up"             },
        {"{\"recovery_action\": 1}",                                                   "recovery",    HEALTH_CRITICAL, "RM asks: reset the GPU"    },
        {"{\"recovery_action\": 77}",                                                  "recovery",    HEALTH_CRITICAL,
         "RM asks for recovery action 77"                                                                                                          },
        {"{\"xids\": [13, 79, 31]}",                                                   "xid",         HEALTH_CRITICAL, "Xid 79"                    },
        {"{\"xids\": [13, 31]}",                                                       "xid",         HEALTH_WARNING,  "Xid 13"                    },
        {"{\"channel_errors\": 2}",                                                    "xid",         HEALTH_WARNING,  "2 recorded channel errors" },
        {"{\"temperature_c\": null, \"unknown\": {\"temperature_c\": \"no sensor\"}}",
         "temperature",                                                                               HEALTH_UNKNOWN,  "no sensor"                 },
    };
    struct health_rules rules;

    (void)state;
    health_rules_init(&rules);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rules, &rows[i]);
}

static void
limits_of_the_card_give_way_to_the_operators(void **state)
{
    static const struct row idle = {"{\"pcie_gen\": 1, \"pstate\": 8}", "pcie", HEALTH_WARNING,
                                    "generation 1 of 4"};
    static const struct row dark = {"{\"nvlink_links_up\": 0}", "nvlink", HEALTH_WARNING,
                                    "0 links of 12"};
    struct health_rules rules;

    (void)state;
    health_rules_init(&rules);
    assert_int_equal(health_set_limit(&rules, "pcie_gen_min=4", NULL), 0);
    assert_int_equal(health_set_limit(&rules, "nvlink_min=12", NULL), 0);
    expect(&rules, &idle);
    expect(&rules, &dark);
}

static void
a_lost_card_is_critical_and_a_lost_way_to_it_unknown(void **state)
{
    static const struct {
        enum gsp_origin origin;
        enum health status;
    } rows[] = {
        {GSP_ORIGIN_LOST,      HEALTH_CRITICAL},
        {GSP_ORIGIN_PROTOCOL,  HEALTH_CRITICAL},
        {GSP_ORIGIN_TRANSPORT, HEALTH_UNKNOWN },
        {GSP_ORIGIN_POLICY,    HEALTH_UNKNOWN },
    };
    struct health_rules rules;

    (void)state;
    health_rules_init(&rules);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct gsp_error err = {.origin = rows[i].origin, .rc = -5, .text = "gone"};
        json_t *verdict = health_judge(&rules, NULL, &err);

        assert_int_equal(health_of(verdict), rows[i].status);
        json_decref(verdict);
    }
}

static void
critical_is_worse_than_warning_than_unknown_than_ok(void **state)
{
    (void)state;
    assert_int_equal(health_worse(HEALTH_CRITICAL, HEALTH_UNKNOWN), HEALTH_CRITICAL);
    assert_int_equal(health_worse(HEALTH_UNKNOWN, HEALTH_WARNING), HEALTH_WARNING);
    assert_int_equal(health_worse(HEALTH_OK, HEALTH_UNKNOWN), HEALTH_UNKNOWN);
}

static void
label_values_are_escaped(void **state)
{
    json_t *cards = json_pack("[o]", reading("{\"name\": \"a\\\"b\\\\c\\nd\"}"));
    struct gsp_text out = {0};

    (void)state;
    metrics_text(cards, &out);
    assert_non_null(strstr(out.data, "name=\"a\\\"b\\\\c\\nd\"} 1\n"));
    gsp_text_fini(&out);
    json_decref(cards);
}

static void
a_ratio_is_between_0_and_1(void **state)
{
    json_t *cards = json_pack("[o]", reading("{\"utilisation_percent\": 25}"));
    struct gsp_text out = {0};

    (void)state;
    metrics_text(cards, &out);
    assert_non_null(strstr(out.data, "nvrm_utilisation_ratio{"));
    assert_non_null(strstr(out.data, "} 0.25\n"));
    gsp_text_fini(&out);
    json_decref(cards);
}

static void
a_picture_fits_its_screen(void **state)
{
    json_t *cards = json_array();
    struct top_view view = {.width = 40, .height = 10};
    struct gsp_text out = {0};
    unsigned lines = 0;

    (void)state;
    for (int i = 0; i < 30; i++)
        json_array_append_new(cards, reading("{}"));
    view.cards = cards;
    top_draw(&view, &out);
    for (const char *line = out.data; *line; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") <= 40);
        lines++;
    }
    assert_int_equal(lines, 9); /* the last row says which keys there are */
    gsp_text_fini(&out);
    json_decref(cards);
}

static void
rows_without_the_figure_come_last(void **state)
{
    json_t *cards =
        json_pack("[o, o, o]", reading("{\"name\": \"dark\", \"temperature_c\": null}"),
                  reading("{\"name\": \"cool\", \"temperature_c\": 20}"),
                  reading("{\"name\": \"warm\", \"temperature_c\": 70}"));
    const struct top_view view = {.cards = cards, .sort = TOP_TEMPERATURE};
    struct gsp_text out = {0};

    (void)state;
    top_draw(&view, &out);
    assert_true(strstr(out.data, "warm") < strstr(out.data, "cool"));
    assert_true(strstr(out.data, "cool") < strstr(out.data, "dark"));
    gsp_text_fini(&out);
    json_decref(cards);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_finding_has_its_verdict),
        cmocka_unit_test(limits_of_the_card_give_way_to_the_operators),
        cmocka_unit_test(a_lost_card_is_critical_and_a_lost_way_to_it_unknown),
        cmocka_unit_test(critical_is_worse_than_warning_than_unknown_than_ok),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(a_ratio_is_between_0_and_1),
        cmocka_unit_test(a_picture_fits_its_screen),
        cmocka_unit_test(rows_without_the_figure_come_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
