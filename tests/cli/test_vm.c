/* SPDX-License-Identifier: MIT */
/* vm: page tables by hand, on every kind of card and through the emulated kernel module. */
#include "cli_run.h"
#include "test.h"

#define VM(chip, lines) "nvrm-cli -t emu:" chip " -j " lines

/* The last document of several. */
static json_t *
last_of(const char *command)
{
    char *text = cli_expect(command, 0);
    json_t *last = NULL, *doc;
    const char *at = text;
    json_error_t error;

    while ((doc = json_loads(at, JSON_DISABLE_EOF_CHECK, &error))) {
        json_decref(last);
        last = doc;
        at += error.position;
    }
    assert_non_null(last);
    free(text);
    return last;
}

static const char *
text_of(const json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));

    assert_non_null(text);
    return text;
}

static void
a_walk_names_every_field_and_the_card_agrees(void **state)
{
    static const struct {
        const char *command;
        size_t steps;
        const char *entry, *field, *value, *pages;
    } rows[] = {
        {VM("TU102", "-e 'vm map a 64K --read-only' -e 'vm walk a+0x5000'"),          5, "PTE_64K",
         "READ_ONLY",                                                                                      "TRUE",                            "64K" },
        {VM("AD102", "-e 'vm map a 2M --kind GENERIC_MEMORY' -e 'vm walk a'"),        4, "PDE0",
         "KIND",                                                                                           "GENERIC_MEMORY",                  "2M"  },
        {VM("AD102", "-e 'vm map a 512M --page 512M' -e 'vm walk a+0x1234'"),         3, "PDE1",
         "APERTURE",                                                                                       "VIDEO_MEMORY",                    "512M"},
        {VM("GH100", "-e 'vm map a 4K --no-atomics --memory system' -e 'vm walk a'"), 6,
         "PTE_4K",                                                                                  "PCF", "REGULAR_RW_NO_ATOMIC_CACHED_ACE", "4K"  },
        {VM("GB202", "-e 'vm map a 4K --privileged --no-counters' -e 'vm walk a'"),   6, "PTE_4K",
         "PCF",                                                                                            "PRIVILEGE_RW_ATOMIC_CACHED_ACD",  "4K"  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *doc = last_of(rows[i].command);
        const json_t *steps = json_object_get(doc, "steps"), *step;

        step = json_array_get(steps, json_array_size(steps) - 1);
        if (json_array_size(steps) != rows[i].steps)
            fail_msg("%s: %zu steps", rows[i].command, json_array_size(steps));
        assert_string_equal(text_of(step, "entry"), rows[i].entry);
        assert_string_equal(text_of(json_object_get(step, "fields"), rows[i].field),
                            rows[i].value);
        assert_string_equal(text_of(json_object_get(doc, "page"), "pages"), rows[i].pages);
        assert_true(json_is_true(json_object_get(doc, "agree")));
        assert_string_equal(text_of(json_object_get(doc, "page"), "address"),
                            text_of(json_object_get(doc, "card"), "address"));
        json_decref(doc);
    }
}

static void
a_dump_lists_runs_by_name(void **state)
{
    json_t *rows = last_of(VM("AD102", "-e 'vm map a 4M' -e 'vm map b 1M --memory system' "
                                       "-e 'vm map s 1G --sparse' "
                                       "-e 'vm unmap a --offset 64K --bytes 4K' -e 'vm dump'"));
    const json_t *row;
    uint64_t bytes[3] = {0};
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = text_of(row, "name");

        bytes[*name == 'a'   ? 0
              : *name == 'b' ? 1
                             : 2] += strtoull(text_of(row, "bytes"), NULL, 0);
    }
    assert_int_equal(bytes[0], (4 << 20) - 4096);
    assert_int_equal(bytes[1], 1 << 20);
    assert_int_equal(bytes[2], 1 << 30);
    json_decref(rows);
}

static void
a_check_finds_nothing_after_splits_and_joins(void **state)
{
    static const char *const commands[] = {
        VM("TU102", "-e 'vm map a 4M' -e 'vm split a' -e 'vm merge a' -e 'vm check'"),
        VM("AD102", "-e 'vm map a 1G --page 512M --memory scattered' "
                    "-e 'vm split a --page 2M' -e 'vm merge a' -e 'vm check'"),
        VM("GH100", "-e 'vm map a 4M --memory system' -e 'vm split a --page 64K' "
                    "-e 'vm unmap a --offset 1M --bytes 64K' -e 'vm check'"),
        VM("GB202", "-e 'vm map a 3M' -e 'vm unmap a' -e 'vm map b 300G --sparse' "
                    "-e 'vm check'"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        json_t *doc = last_of(commands[i]);

        assert_int_equal(json_integer_value(json_object_get(doc, "errors")), 0);
        assert_int_equal(json_integer_value(json_object_get(doc, "card_disagrees")), 0);
        assert_true(json_is_true(json_object_get(doc, "as_written")));
        json_decref(doc);
    }
}

static void
tables_of_another_format_are_found_wrong(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -e 'vm map a 4M' -e 'vm check --format v3'", 6, NULL,
                    "entries are wrong");
}

static void
mistakes_in_a_session_are_named(void **state)
{
    static const struct {
        const char *lines, *says;
    } rows[] = {
        {"-e 'vm map a 4K' -e 'vm map a 4K'",                                     "a mapping is called 'a' already"  },
        {"-e 'vm map a 4K --va 0x1000000000' -e 'vm map b 4K --va 0x1000000000'",
         "0x1000000000 .. 0x1000000fff is not free"                                                                  },
        {"-e 'vm map a 64K' -e 'vm unmap a --offset 60K --bytes 8K'",
         "the reservation at 0x1000000000 has 0x10000"                                                               },
        {"-e 'vm map a 64K' -e 'vm unmap a --offset 4K --bytes 4K' "
         "-e 'vm unmap a --offset 4K --bytes 4K'",                       "nothing is mapped at 0x1000001000"},
        {"-e 'vm map a 64K' -e 'vm split a --page 12K'",                          "no pages of 0x3000 bytes"         },
        {"-e 'vm map a 64K' -e 'vm walk a+b'",                                    "'b' is no offset"                 },
        {"-e 'vm map rings 64K' -e 'vm merge ring'",                              "did you mean rings?"              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char command[256];

        snprintf(command, sizeof(command), "nvrm-cli %s", rows[i].lines);
        cli_expect_text(command, 2, NULL, rows[i].says);
    }
}

static void
the_kernel_modules_mappings_are_listed(void **state)
{
    (void)state;
#ifndef HAVE_EMU_EXEC
    skip();
#endif
    cli_expect_text(
        "nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard -e 'vm map a 4M' "
        "-e 'vm unmap a --offset 64K --bytes 4K' -e 'vm dump'",
        0, "4028K  vram", NULL);
    cli_expect_text(
        "nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard -e 'vm map a 64K "
        "--memory system --read-only' -e 'vm walk a+0x3000'",
        0, "offset  = 0x3000", NULL);
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard -e 'vm map a "
                    "4K' -e 'vm check'",
                    2, NULL, "nvidia.ko keeps the page tables");
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard -e 'vm map a 4K "
                    "--volatile' -e 'vm dump'",
                    2, NULL, "nvidia.ko cannot be asked for a mapping that is volatile");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_names_every_field_and_the_card_agrees),
        cmocka_unit_test(a_dump_lists_runs_by_name),
        cmocka_unit_test(a_check_finds_nothing_after_splits_and_joins),
        cmocka_unit_test(tables_of_another_format_are_found_wrong),
        cmocka_unit_test(mistakes_in_a_session_are_named),
        cmocka_unit_test(the_kernel_modules_mappings_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
