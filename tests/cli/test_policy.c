/* SPDX-License-Identifier: MIT */
/* What may be sent: profiles, files with rules, quarantine, and --dry-run of every verb. */
#include <stdbool.h>

#include "cli_run.h"
#include "test.h"

#define DATA    "tests/cli/data/policy/"
#define NAME    "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"
#define TRIGGER "NV2080_CTRL_CMD_EVENT_SET_TRIGGER"

static void
read_only_reads_and_says_what_would_allow_more(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli --policy read-only ctl subdevice " NAME, 0, "RTX 4090", NULL);
    cli_expect_text("nvrm-cli --policy read-only info", 0, "AD102", NULL);
    cli_expect_text("nvrm-cli --policy read-only event watch --timeout 0.05", 6, NULL,
                    "no event");
    cli_expect_text("nvrm-cli --policy read-only event watch --trigger --count 1", 4, NULL,
                    "policy refuses " TRIGGER ": it changes something");
    cli_expect_text("nvrm-cli --policy read-only ctl subdevice " TRIGGER, 4, NULL,
                    "policy refuses " TRIGGER ": it changes something");
    cli_expect_text("nvrm-cli -v --policy tests/cli/data/refuse-name.json info", 0, "AD102",
                    "policy refuses " NAME);
    cli_expect_text("nvrm-cli --policy read-only ctl subdevice " TRIGGER, 4, NULL,
                    "hint: --policy standard sends it (rule: read-only sends what is graded "
                    "read)");
    cli_expect_text("nvrm-cli --policy standard ctl subdevice " TRIGGER, 0, NULL, NULL);
    cli_expect_text("nvrm-cli --policy read-only alloc device FERMI_VASPACE_A", 4, NULL,
                    "read-only allocates only what reading needs");
    cli_expect_text("nvrm-cli --policy read-only rpc GSP_RM_ALLOC hClass=0x90f1", 4, NULL,
                    "policy refuses FERMI_VASPACE_A");
    cli_expect_text("nvrm-cli --policy read-only run examples/bringup.json", 4,
                    "policy refuses FERMI_VASPACE_A", NULL);
    cli_expect_text("nvrm-cli --policy read-only run examples/health.yaml", 0, "0 failed",
                    NULL);
}

static void
unsafe_sends_everything_and_says_so(void **state)
{
#define SMC "NV2080_CTRL_CMD_NVLINK_SYNC_LINK_MASKS_AND_VBIOS_INFO"
    (void)state;
    cli_expect_text("nvrm-cli --policy unsafe ctl subdevice 0x20809999", 5, NULL,
                    "NOT_SUPPORTED");
    cli_expect_text("nvrm-cli -t emu:GA100 ctl subdevice " SMC, 4, NULL,
                    "known to take GSP-RM down, see https://");
    cli_expect_text("nvrm-cli --unsafe -t emu:GA100 ctl subdevice " SMC, 5, NULL,
                    "unsafe: " SMC " is sent, and it is known to take GSP-RM down, see https");
}

static void
the_default_depends_on_what_may_be_behind_the_transport(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli policy show", 0, "policy  = standard", NULL);
    cli_expect_text("nvrm-cli -t pci:0000:01:00.0 policy show", 0, "policy  = read-only", NULL);
    cli_expect_text("nvrm-cli --unsafe policy show", 0, "policy  = unsafe", NULL);
    cli_expect_text("nvrm-cli -t pci:0000:01:00.0 policy check FERMI_VASPACE_A", 4, "refused",
                    NULL);
    cli_expect_text("nvrm-cli -t pci:0000:01:00.0 --policy standard policy check "
                    "FERMI_VASPACE_A",
                    0, "allowed", NULL);
}

static void
expect_rule(const char *name, const char *chip, bool allowed, const char *rule)
{
    char command[256];
    json_t *rows;
    struct cli_result r;

    snprintf(command, sizeof(command),
             "nvrm-cli -j -t emu:%s --policy " DATA "rules.yaml policy check %s", chip, name);
    r = cli_run_command(command);
    assert_int_equal(r.code, allowed ? 0 : 4);
    rows = json_loads(r.out, 0, NULL);
    if (!strstr(r.out, rule))
        print_error("%s\nnot '%s' in\n%s\n", command, rule, r.out);
    assert_non_null(
        strstr(json_string_value(json_object_get(json_array_get(rows, 0), "rule")), rule));
    json_decref(rows);
    cli_result_free(&r);
}

static void
rules_fit_names_classes_flags_and_chips_in_order(void **state)
{
    (void)state;
    expect_rule("NV2080_CTRL_CMD_FB_GET_INFO_V2", "AD102", false, "rule 1 of");
    expect_rule("NV2080_CTRL_CMD_FB_GET_INFO", "AD102", true, "controls of");
    expect_rule("NV2080_CTRL_CMD_ECC_INJECT_ERROR", "GA102", true, "rule 2 of");
    expect_rule("NV2080_CTRL_CMD_ECC_INJECT_ERROR", "AD102", false, "rule 3 of");
    expect_rule("FERMI_VASPACE_A", "AD102", false, "rule 4 of");
    expect_rule("NV2080_CTRL_CMD_TIMER_GET_TIME", "AD102", false, "rule 5 of");
    expect_rule("NV01_MEMORY_LOCAL_USER", "AD102", true, "standard allocates everything");
    expect_rule("KEPLER_CHANNEL_GROUP_A", "AD102", false, "classes of");
    expect_rule("SET_REGISTRY", "AD102", true, "rule 6 of");
    cli_expect_text("nvrm-cli --policy " DATA "rules.yaml ctl subdevice "
                    "NV2080_CTRL_CMD_FB_GET_INFO_V2",
                    4, NULL, "memory is none of your business");
    cli_expect_text("nvrm-cli --policy " DATA "looser.yaml ctl subdevice " TRIGGER, 0, NULL,
                    NULL);
    cli_expect_text("nvrm-cli --policy " DATA "looser.yaml alloc device FERMI_VASPACE_A", 0,
                    "0x", NULL);
    cli_expect_text("nvrm-cli --policy " DATA "looser.yaml alloc device NV01_MEMORY_SYSTEM", 4,
                    NULL, "policy refuses NV01_MEMORY_SYSTEM");
}

static void
a_flag_of_the_schema_decides(void **state)
{
    json_t *rows = NULL, *row;
    struct cli_result r = cli_run_command("nvrm-cli -j --policy " DATA
                                          "rules.yaml policy check 'NV2080_CTRL_CMD_*'");
    unsigned by_flag = 0;
    size_t i;

    (void)state;
    rows = json_loads(r.out, 0, NULL);
    json_array_foreach(rows, i, row) by_flag +=
        strncmp(json_string_value(json_object_get(row, "rule")), "rule 3 ", 7) == 0;
    assert_true(by_flag > 0 && by_flag < json_array_size(rows));
    json_decref(rows);
    cli_result_free(&r);
}

static void
a_broken_file_is_refused_with_its_line(void **state)
{
#define WITH(file) "nvrm-cli --policy " DATA file " ctl subdevice " NAME
    (void)state;
    cli_expect_text(WITH("bad-key.json"), 2, NULL, "bad-key.json:1:13: there is no key 'alow'");
    cli_expect_text(WITH("bad-base.json"), 2, NULL, "legal: read-only, standard, unsafe");
    cli_expect_text(WITH("both.yaml"), 2, NULL, "both.yaml:3:3: a rule has either allow or");
    cli_expect_text(WITH("bad-kind.json"), 2, NULL, "there is no kind 'thing'");
    cli_expect_text("nvrm-cli --policy strict info", 2, "", "strict: No such file");
    cli_expect_text("nvrm-cli --policy strict ctl subdevice " NAME, 2, NULL,
                    "legal: read-only, standard, unsafe, or a readable file");
}

static void
the_quarantine_names_chip_releases_and_source(void **state)
{
    json_t *rows = cli_expect_json("nvrm-cli -j policy quarantine"), *row;
    size_t i;

    (void)state;
    assert_true(json_array_size(rows) >= 2);
    json_array_foreach(rows, i, row)
    {
        assert_non_null(strstr(json_string_value(json_object_get(row, "source")), "https://"));
        assert_non_null(strstr(json_string_value(json_object_get(row, "releases")), " .. "));
        assert_true(*json_string_value(json_object_get(row, "chips")));
    }
    json_decref(rows);
    cli_expect_text("nvrm-cli -t emu:AD102 policy check " SMC, 4, "nobody has graded", NULL);
}

static void
a_check_says_which_steps_a_policy_refuses(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli run --check -F all --policy read-only examples/events.yaml", 9,
                    "step 4.1 \"trigger\": policy read-only refuses " TRIGGER, NULL);
    cli_expect_text("nvrm-cli run --check -F all --policy read-only examples/events.yaml", 9,
                    "hint: --policy standard sends it", NULL);
    cli_expect_text("nvrm-cli run --check -F all --policy read-only examples/health.yaml", 0,
                    "94 of 94", NULL);
}

static void
policy_words_are_checked(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli policy chekc", 2, NULL, "did you mean check?");
    cli_expect_text("nvrm-cli policy check", 2, NULL, "needs names or patterns");
    cli_expect_text("nvrm-cli policy show x", 2, NULL, "what is 'x'?");
    cli_expect_text("nvrm-cli policy check NV2080_CTRL_CMD_GPU_GET_NAME_STRNG", 2, NULL,
                    "did you mean NV2080_CTRL_CMD_GPU_GET_NAME_STRING?");
}

/* A dry run opens no card: a fault that stops every card from starting is not noticed. */
static void
no_verb_opens_a_card_in_a_dry_run(void **state)
{
    static const struct {
        const char *verb;
        int code;
        const char *says; /* on either stream */
    } rows[] = {
        {"info",                         0, "NV20_SUBDEVICE_0"       },
        {"tree",                         0, "NV01_DEVICE_0"          },
        {"tree --watch --count 1",       0, "NV01_ROOT"              },
        {"tree --leaks",                 0, "NV01_ROOT"              },
        {"event watch",                  0, "EVENT"                  },
        {"alloc device FERMI_VASPACE_A", 0, "FERMI_VASPACE_A"        },
        {"dup device device",            0, "dup"                    },
        {"-e 'free device'",             0, "free"                   },
        {"ctl subdevice " NAME,          0, NAME                     },
        {"rpc NOP",                      0, "NOP"                    },
        {"run examples/memory.yaml",     0, "LOCAL_USER"             },
        {"boot run",                     0, "identify"               },
        {"boot step",                    0, "identify"               },
        {"boot status",                  2, "--dry-run opens none"   },
        {"boot unload",                  2, "--dry-run opens none"   },
        {"boot suspend",                 2, "--dry-run opens none"   },
        {"boot resume",                  2, "--dry-run opens none"   },
        {"log gsp",                      2, "--dry-run opens no card"},
        {"vbios info prom",              2, "--dry-run opens no card"},
        {"vbios info 0000:01:00.0",      2, "--dry-run opens no card"},
    };
    char command[192];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(command, sizeof(command),
                 "nvrm-cli -j --dry-run -t 'emu?inject=init-lost' %s 2>&1", rows[i].verb);
        cli_expect_text(command, rows[i].code, rows[i].says, NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_only_reads_and_says_what_would_allow_more),
        cmocka_unit_test(unsafe_sends_everything_and_says_so),
        cmocka_unit_test(the_default_depends_on_what_may_be_behind_the_transport),
        cmocka_unit_test(rules_fit_names_classes_flags_and_chips_in_order),
        cmocka_unit_test(a_flag_of_the_schema_decides),
        cmocka_unit_test(a_broken_file_is_refused_with_its_line),
        cmocka_unit_test(the_quarantine_names_chip_releases_and_source),
        cmocka_unit_test(a_check_says_which_steps_a_policy_refuses),
        cmocka_unit_test(policy_words_are_checked),
        cmocka_unit_test(no_verb_opens_a_card_in_a_dry_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
