/* SPDX-License-Identifier: MIT */
/*
 * fw and vbios on small files of our own bytes: what they print, what they write, and how they
 * refuse. sha256sum, cmp and tar stand beside them.
 */
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cli_run.h"
#include "test.h"

#define FW  "tests/fuzz/corpus/fw/"
#define ROM "tests/fuzz/corpus/vbios/"

static char folder[64];

static int
make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/nvrm-fw-XXXXXX");
    return mkdtemp(folder) ? setenv("T", folder, 1) : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    return system("rm -rf \"$T\"");
}

static const json_t *
named(const json_t *rows, const char *key, const char *name)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (!strcmp(cli_str(row, key), name))
            return row;
    }
    return NULL;
}

static void
info_agrees_with_sha256sum(void **state)
{
    json_t *docs = cli_expect_json("nvrm-cli fw info -j " FW "hs " FW "gsp");
    const json_t *first = json_array_get(docs, 0);
    char *sum = cli_expect("sha256sum " FW "hs | cut -c1-64", 0);
    char *image = cli_expect("tail -c +889 " FW "hs | sha256sum | cut -c1-64", 0);

    (void)state;
    assert_string_equal(cli_str(first, "kind"), "signed ucode");
    assert_memory_equal(cli_str(first, "sha256"), sum, 64);
    assert_memory_equal(
        cli_str(named(json_object_get(first, "parts"), "name", "image"), "sha256"), image, 64);
    assert_string_equal(cli_str(json_array_get(docs, 1), "release"), "570.144");
    free(sum);
    free(image);
    json_decref(docs);
}

static void
verify_fails_when_a_check_does(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli fw verify " FW "fmc", 6, "FAILED hash", NULL);
    cli_expect_text("nvrm-cli fw verify " FW "generic " FW "hs", 0, "fuse version 1", NULL);
    cli_expect_text("nvrm-cli fw verify " FW "generic /dev/null", 6, "FAILED structure", NULL);
    cli_expect_text("nvrm-cli fw verify " FW "arrays", 0, "7 arrays unpack", NULL);
}

static void
extract_writes_the_part_and_replaces_nothing(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli fw extract " FW "arrays container --to $T/hs", 0, "2424", NULL);
    cli_expect_text("cmp $T/hs " FW "hs", 0, NULL, NULL);
    cli_expect_text("nvrm-cli fw extract " FW "arrays image_prod --to $T/hs", 2, NULL,
                    "--force replaces it");
    cli_expect_text("cmp $T/hs " FW "hs", 0, NULL, NULL);
    cli_expect_text("nvrm-cli fw extract --force " FW "arrays image_prod --to $T/hs", 0, "1536",
                    NULL);
    cli_expect_text("nvrm-cli fw extract " FW "hs image --to - | cmp - $T/hs", 0, NULL, NULL);
    cli_expect_text("nvrm-cli fw extract " FW "hs nothing --to $T/x", 2, NULL,
                    "it has header, signatures, image");
    cli_expect_text("nvrm-cli fw extract " FW "hs image", 2, NULL, "needs --to FILE");
    cli_expect_text("test -e $T/x", 1, NULL, NULL);
}

static void
diff_names_what_changed(void **state)
{
    json_t *rows = cli_expect_json("nvrm-cli fw diff -j " FW "hs " FW "hs_turing");
    json_t *same = cli_expect_json("nvrm-cli fw diff -j " FW "arrays " FW "arrays");
    const json_t *row = named(rows, "what", "signature_bytes");

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(row, "a")), 384);
    assert_int_equal(json_integer_value(json_object_get(row, "b")), 16);
    assert_null(named(rows, "what", "parts.image.sha256"));
    assert_int_equal(json_array_size(same), 0);
    json_decref(rows);
    json_decref(same);
}

static void
diff_of_folders_goes_by_role(void **state)
{
    (void)state;
    cli_expect_text(
        "f=$(mktemp -d); for r in 570.144 535.113.01; do "
        "nvrm-cli -q fw synth --chip AD102 --release $r --to $f/$r >/dev/null; done; "
        "nvrm-cli fw diff $f/570.144 $f/535.113.01 && "
        "nvrm-cli fw diff $f/570.144 $f/570.144 && nvrm-cli fw diff $f $f; "
        "rc=$?; rm -r $f; exit $rc",
        2, "ad102 booter_load: parts.image.sha256", "of one release each");
    cli_expect_text("f=$(mktemp -d); nvrm-cli -q fw synth --chip AD102 --to $f/a >/dev/null; "
                    "nvrm-cli -q fw synth --chip TU102 --to $f/b >/dev/null; "
                    "nvrm-cli -o jsonl fw diff $f/a $f/b; rm -r $f",
                    0, "{\"what\":\"tu102 booter_load\",\"a\":null,", NULL);
}

/* A folder in linux-firmware's layout, complete for one family. */
static void
list_tells_what_boots_and_what_is_missing(void **state)
{
    json_t *rows;
    const json_t *row;

    (void)state;
    cli_expect_text("mkdir -p $T/fw/ga102/gsp && cp " FW
                    "gsp $T/fw/ga102/gsp/gsp-570.144.bin && "
                    "cp " FW "bootloader $T/fw/ga102/gsp/bootloader-570.144.bin && "
                    "cp " FW "hs $T/fw/ga102/gsp/booter_load-570.144.bin",
                    0, NULL, NULL);
    rows = cli_expect_json("NVRM_FW_DIR=$T/fw nvrm-cli fw list -j");
    row = named(rows, "family", "ga10x");
    assert_false(json_is_true(json_object_get(row, "boots")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(row, "missing"), 0)),
                        "booter_unload");
    json_decref(rows);
    cli_expect_text("cp " FW "hs $T/fw/ga102/gsp/booter_unload-570.144.bin", 0, NULL, NULL);
    rows = cli_expect_json("nvrm-cli fw list -j $T/fw");
    row = named(rows, "family", "ga10x");
    assert_true(json_is_true(json_object_get(row, "boots")));
    assert_string_equal(cli_str(row, "release"), "570.144");
    json_decref(rows);
    /* a container of another kind does not count */
    cli_expect_text("cp " FW "generic $T/fw/ga102/gsp/booter_unload-570.144.bin", 0, NULL,
                    NULL);
    cli_expect_text("nvrm-cli fw list $T/fw", 0, "booter_unload", NULL);
    cli_expect_text("nvrm-cli fw list $T/none", 2, NULL, "No such file");
}

/* Scripts that pack with what is installed; a packer that is missing is no failure. */
static void
run_archive_gives_its_firmware(void **state)
{
    static const char *const packers[] = {"cat", "gzip -c", "xz -c", "zstd -qc"};
    char command[600];

    (void)state;
    cli_expect_text("mkdir -p $T/run/firmware && cp " FW
                    "gsp_old $T/run/firmware/gsp_tu10x.bin",
                    0, NULL, NULL);
    for (unsigned i = 0; i < 4; i++) {
        snprintf(command, sizeof(command),
                 "command -v %.4s >/dev/null || exit 0; "
                 "{ printf '#! /bin/sh\\nversion_string=570.144\\nskip=5\\nexit 0\\n'; "
                 "tar -C $T/run -c ./firmware | %s; } >$T/t.run; "
                 "nvrm-cli fw info -j $T/t.run | grep -q '\"release\": \"570.144\"' && "
                 "nvrm-cli fw extract --force $T/t.run gsp_tu10x.bin --to $T/m && "
                 "cmp $T/m " FW "gsp_old && echo fine",
                 packers[i], packers[i]);
        cli_expect_text(command, 0, NULL, NULL);
    }
    cli_expect_text("head -c 200 $T/t.run >$T/cut.run; nvrm-cli fw extract $T/cut.run "
                    "gsp_tu10x.bin --to $T/none",
                    6, NULL, "the archive inside");
    cli_expect_text("nvrm-cli fw extract $T/t.run nothing.bin --to $T/none", 2, NULL,
                    "no part 'nothing.bin'");
    cli_expect_text("test -e $T/none", 1, NULL, NULL);
}

static void
foreign_and_missing_files_are_named(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli fw info CMakeLists.txt", 6, NULL, "CMakeLists.txt: at 0x0");
    cli_expect_text("nvrm-cli fw info -j /none", 2, NULL, "\"hint\"");
    cli_expect_text("nvrm-cli fw info tests", 2, NULL, "Is a directory");
    cli_expect_text("nvrm-cli fw", 2, NULL, "legal: info, verify, list, diff, extract, synth");
    cli_expect_text("nvrm-cli vbios bogus", 2, NULL, "legal: info, verify, extract");
    cli_expect_text("nvrm-cli vbios info 7f:1f.7", 3, NULL, "is the card there?");
}

static void
rom_is_taken_apart(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli vbios info -j " ROM "ifr3");
    const json_t *fwsec = json_object_get(doc, "fwsec");

    (void)state;
    assert_string_equal(cli_str(doc, "version"), "95.02.18.80.01");
    assert_int_equal(json_integer_value(json_object_get(doc, "ifr_version")), 3);
    assert_int_equal(json_array_size(json_object_get(doc, "images")), 3);
    assert_int_equal(json_integer_value(json_object_get(fwsec, "descriptor_version")), 2);
    assert_string_equal(cli_str(json_object_get(fwsec, "mapper"), "signature"), "DMAP");
    json_decref(doc);
    cli_expect_text("nvrm-cli vbios extract " ROM "ifr0 rom --to - | cmp - " ROM "ifr0", 0,
                    NULL, NULL);
    cli_expect_text("nvrm-cli vbios verify " ROM "ifr0", 0, "FWSEC", NULL);
    cli_expect_text("nvrm-cli vbios verify " ROM "cut", 6, "FAILED whole", NULL);
    cli_expect_text("nvrm-cli vbios info " FW "hs", 6, NULL, "neither a PCI expansion ROM");
    cli_expect_text("nvrm-cli vbios extract " ROM "ifr0 x --to $T/x", 2, NULL, "it has rom,");
}

/* The emulated card's own ROM, through its registers. */
static void
prom_of_every_card_before_hopper_leads_to_fwsec(void **state)
{
    static const char *const cards[] = {"TU102", "GA100", "GA102", "AD102"};
    char command[96];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        json_t *doc;

        snprintf(command, sizeof(command), "nvrm-cli vbios verify prom -d %s", cards[i]);
        cli_expect_text(command, 0, "FWSEC", NULL);
        snprintf(command, sizeof(command), "nvrm-cli vbios info prom -j -d %s", cards[i]);
        doc = cli_expect_json(command);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(doc, "fwsec"),
                                                            "descriptor_version")),
                         i < 2 ? 2 : 3);
        json_decref(doc);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_agrees_with_sha256sum),
        cmocka_unit_test(verify_fails_when_a_check_does),
        cmocka_unit_test(extract_writes_the_part_and_replaces_nothing),
        cmocka_unit_test(diff_names_what_changed),
        cmocka_unit_test(diff_of_folders_goes_by_role),
        cmocka_unit_test(list_tells_what_boots_and_what_is_missing),
        cmocka_unit_test(run_archive_gives_its_firmware),
        cmocka_unit_test(foreign_and_missing_files_are_named),
        cmocka_unit_test(rom_is_taken_apart),
        cmocka_unit_test(prom_of_every_card_before_hopper_leads_to_fwsec),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
