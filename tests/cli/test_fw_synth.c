/* SPDX-License-Identifier: MIT */
/* fw synth: the set on disk, judged by the verbs that read firmware and by readelf. */
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

static char folder[64];

static int
make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/nvrm-synth-XXXXXX");
    return mkdtemp(folder) && setenv("T", folder, 1) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    return system("rm -rf \"$T\"");
}

static void
the_set_verifies_and_boots_its_chips(void **state)
{
    static const char *const families[] = {"tu10x", "ga100", "ga10x",
                                           "ad10x", "gh100", "gb20x"};
    char *list;

    (void)state;
    cli_expect_text("nvrm-cli fw synth --release 570.144 --to $T/a", 0, "AD102", NULL);
    cli_expect_text("nvrm-cli fw verify $T/a/nvidia", 0, "signature", NULL);
    list = cli_expect("nvrm-cli fw list $T/a", 0);
    for (size_t i = 0; i < 6; i++) {
        const char *row = strstr(list, families[i]);

        assert_non_null(row);
        assert_memory_equal(row + 8, "yes", 3);
    }
    free(list);
    cli_expect_text("nvrm-cli vbios verify $T/a/vbios-TU102.rom", 0, "FWSEC", NULL);
}

static void
one_chip_gets_its_own_files(void **state)
{
    json_t *files =
        cli_expect_json("nvrm-cli -j fw synth --chip GH100 --release 580.126.20 --to $T/b");

    (void)state;
    assert_int_equal(json_array_size(files), 4);
    json_decref(files);
    cli_expect_text("test -e $T/b/nvidia/gh100/gsp/fmc-580.126.20.bin && "
                    "grep -q 'SYNTHETIC' $T/b/nvidia/580.126.20/gsp_ga10x.bin",
                    0, NULL, NULL);
}

static void
readelf_accepts_image_and_fmc(void **state)
{
    (void)state;
    if (system("command -v readelf >/dev/null 2>&1") != 0)
        skip();
    cli_expect_text("nvrm-cli fw synth --chip GH100 --to $T/c >/dev/null && "
                    "readelf -W -S $T/c/nvidia/570.144/gsp_ga10x.bin",
                    0, ".fwsignature_gh100", "");
    cli_expect_text("readelf -W -S $T/c/nvidia/gh100/gsp/fmc-570.144.bin", 0, "publickey", "");
}

static void
mistakes_are_refused(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli fw synth", 2, NULL, "--to FOLDER");
    cli_expect_text("nvrm-cli fw synth --chip AD999 --to $T/d", 2, NULL, "known: TU102");
    cli_expect_text("nvrm-cli fw synth --release newest --to $T/d", 8, NULL,
                    "nearest known release");
    cli_expect_text("nvrm-cli fw synth --to /proc/none", 1, NULL, "/proc/none");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_verifies_and_boots_its_chips),
        cmocka_unit_test(one_chip_gets_its_own_files),
        cmocka_unit_test(readelf_accepts_image_and_fmc),
        cmocka_unit_test(mistakes_are_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
