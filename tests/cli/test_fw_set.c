/* SPDX-License-Identifier: MIT */
/*
 * Firmware for a boot out of folders: linux-firmware's layout, a tree of the vendor's arrays,
 * and what is said when something is missing.
 */
#include <errno.h>
#include <unistd.h>

#include "cli_run.h"
#include "fw_set.h"
#include "test.h"

#define FW "tests/fuzz/corpus/fw/"

static char folder[64];

/* GSP-RM's image and bootloader as packages lay them out, the booter as the vendor's tree. */
static int
make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/nvrm-set-XXXXXX");
    if (!mkdtemp(folder) || setenv("T", folder, 1) < 0)
        return -1;
    cli_expect_text("mkdir -p $T/nvidia/ga102/gsp $T/tree/src/nvidia/generated && "
                    "cp " FW "gsp $T/nvidia/ga102/gsp/gsp-570.144.bin && "
                    "cp " FW "bootloader $T/nvidia/ga102/gsp/bootloader-570.144.bin && "
                    "cp " FW "arrays $T/tree/src/nvidia/generated/g_bindata_booter.c && "
                    "printf 'NVIDIA_VERSION = 570.144\\nOTHER = 1\\n' >$T/tree/version.mk",
                    0, NULL, NULL);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    return system("rm -rf \"$T\"");
}

static void
containers_are_found_by_role_family_and_release(void **state)
{
    char *const folders[] = {folder};
    struct gsp_error err = {0};
    struct gsp_fw_source src, again;
    struct gsp_fw_bootloader bl;
    struct gsp_fw_gsp gsp;
    struct fw_set *set;

    (void)state;
    assert_int_equal(fw_set_open(folders, 1, &set, &err), 0);
    assert_int_equal(fw_set_find(set, GSP_FW_ROLE_GSP, GSP_FW_GA10X, "570.144", &src, &err), 0);
    assert_int_equal(gsp_fw_gsp_open(&src, &gsp, &err), 0);
    assert_int_equal(fw_set_find(set, GSP_FW_ROLE_GSP, GSP_FW_GA10X, "570.144", &again, &err),
                     0);
    assert_ptr_equal(src.data, again.data); /* read once */
    assert_int_equal(
        fw_set_find(set, GSP_FW_ROLE_BOOTLOADER, GSP_FW_GA10X, "570.144", &src, &err), 0);
    assert_int_equal(gsp_fw_bootloader_open(&src, &bl, &err), 0);
    fw_set_close(set);
}

static void
arrays_of_a_tree_come_as_the_container(void **state)
{
    char *const folders[] = {folder};
    char *want = cli_expect("sha256sum " FW "hs | cut -c1-64", 0);
    struct gsp_error err = {0};
    struct gsp_fw_source src;
    struct fw_set *set;
    char hex[65];

    (void)state;
    assert_int_equal(fw_set_open(folders, 1, &set, &err), 0);
    assert_int_equal(
        fw_set_find(set, GSP_FW_ROLE_BOOTER_LOAD, GSP_FW_GA10X, "570.144", &src, &err), 0);
    assert_memory_equal(fw_sha256(src.data, src.bytes, hex), want, 64);
    free(want);
    fw_set_close(set);
}

static void
what_is_missing_is_named(void **state)
{
    char *const folders[] = {folder};
    struct gsp_error err = {0};
    struct gsp_fw_source src;
    struct fw_set *set;

    (void)state;
    assert_int_equal(fw_set_open(folders, 1, &set, &err), 0);
    assert_int_equal(
        fw_set_find(set, GSP_FW_ROLE_BOOTER_UNLOAD, GSP_FW_GA10X, "570.144", &src, &err),
        -ENOENT);
    assert_string_equal(err.text, "no booter_unload of release 570.144 for ga10x");
    assert_null(src.data);
    /* another release, a family without the signature, a role that a family has not */
    assert_int_equal(fw_set_find(set, GSP_FW_ROLE_GSP, GSP_FW_GA10X, "570.145", &src, &err),
                     -ENOENT);
    assert_int_equal(fw_set_find(set, GSP_FW_ROLE_GSP, GSP_FW_AD10X, "570.144", &src, &err),
                     -ENOENT);
    assert_int_equal(
        fw_set_find(set, GSP_FW_ROLE_BOOTER_LOAD, GSP_FW_GH100, "570.144", &src, &err),
        -ENOENT);
    fw_set_close(set);
}

static void
folder_that_is_not_there_is_refused_and_the_default_is_used(void **state)
{
    char *const none[] = {(char *)"/none/at/all"};
    struct gsp_error err = {0};
    struct gsp_fw_source src;
    struct fw_set *set;
    char both[200];

    (void)state;
    assert_int_equal(fw_set_open(none, 1, &set, &err), -ENOENT);
    assert_null(set);
    snprintf(both, sizeof(both), "%s/tree:%s/nvidia", folder, folder);
    setenv("NVRM_FW_DIR", both, 1);
    assert_int_equal(fw_set_open(NULL, 0, &set, &err), 0);
    assert_int_equal(fw_set_find(set, GSP_FW_ROLE_GSP, GSP_FW_GA10X, "570.144", &src, &err), 0);
    fw_set_close(set);
    setenv("NVRM_FW_DIR", "/none/at/all", 1);
    assert_int_equal(fw_set_open(NULL, 0, &set, &err), -ENOENT);
    assert_non_null(strstr(err.hint, "NVRM_FW_DIR"));
    unsetenv("NVRM_FW_DIR");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_found_by_role_family_and_release),
        cmocka_unit_test(arrays_of_a_tree_come_as_the_container),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(folder_that_is_not_there_is_refused_and_the_default_is_used),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
