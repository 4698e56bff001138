/* SPDX-License-Identifier: MIT */
/*
 * The vendor tree's ucode arrays: read, unpacked, and packed into the container that a boot
 * reads; broken text and broken deflate are refused; every allocation may fail.
 */
#include <errno.h>

#include "test.h"

#include <gsp/fw.h>

#include "fw_make.h"

static struct gsp_fw_source
source(const struct fw_buf *b)
{
    return (struct gsp_fw_source){"file.c", b->data, b->bytes, 0};
}

static void
old_and_new_label_names_read_alike(void **state)
{
    static const char *const labels[] = {"image_prod", "header_prod", "sig_prod", "patch_loc",
                                         "patch_sig",  "patch_meta",  "num_sigs"};

    (void)state;
    for (int modern = 0; modern < 2; modern++) {
        struct fw_buf b = fw_make_arrays(modern);
        struct gsp_fw_source src = source(&b);
        struct gsp_fw_arrays arrays;
        struct gsp_fw_array a;

        gsp_fw_arrays_init(&src, &arrays);
        for (unsigned i = 0; i < 7; i++) {
            assert_int_equal(gsp_fw_arrays_next(&arrays, &a, NULL), 0);
            assert_string_equal(a.archive, "kgspGetBinArchiveBooterLoadUcode_GA102");
            assert_string_equal(a.label, labels[i]);
            assert_int_equal(a.compressed, i < 2);
        }
        assert_int_equal(gsp_fw_arrays_next(&arrays, &a, NULL), -ENOENT);
        fw_buf_free(&b);
    }
}

static void
packed_array_unpacks_to_its_bytes(void **state)
{
    struct fw_buf b = fw_make_arrays(0);
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array a;
    uint8_t data[0x600];

    (void)state;
    gsp_fw_arrays_init(&src, &arrays);
    assert_int_equal(gsp_fw_arrays_next(&arrays, &a, NULL), 0);
    assert_int_equal(a.data_bytes, sizeof(data));
    assert_int_equal(gsp_fw_array_unpack(&src, &a, NULL, data, sizeof(data), NULL), 0);
    assert_int_equal(data[0], 0xe0);
    assert_int_equal(data[0x100], 0xe1);
    assert_int_equal(data[0x5ff], 0xe2);
    assert_int_equal(gsp_fw_array_unpack(&src, &a, NULL, data, 5, NULL), -EINVAL);
    fw_buf_free(&b);
}

static void
arrays_pack_into_the_container_that_linux_firmware_has(void **state)
{
    struct fw_buf want = fw_make_hs(2, 384);

    (void)state;
    for (int modern = 0; modern < 2; modern++) {
        struct fw_buf b = fw_make_arrays(modern);
        struct gsp_fw_source src = source(&b);
        uint8_t *got;
        size_t bytes;

        assert_int_equal(gsp_fw_arrays_pack(&src, false, NULL, &got, &bytes, NULL), 0);
        assert_int_equal(bytes, want.bytes);
        assert_memory_equal(got, want.data, bytes);
        gsp_host_free(NULL, got);
        fw_buf_free(&b);
    }
    fw_buf_free(&want);
}

static void
debug_signed_ucode_is_asked_for_by_name(void **state)
{
    struct fw_buf b = fw_make_arrays(1);
    struct gsp_fw_source src = source(&b);
    struct gsp_error err;
    uint8_t *got;
    size_t bytes;

    (void)state;
    assert_int_equal(gsp_fw_arrays_pack(&src, true, NULL, &got, &bytes, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "no array image_dbg"));
    assert_null(got);
    fw_buf_free(&b);
}

/* Replace the first `from` by `to`. */
static void
replace(struct fw_buf *b, const char *from, const char *to)
{
    const uint8_t *at = memmem(b->data, b->bytes, from, strlen(from));
    struct fw_buf out = {0};
    size_t before;

    assert_non_null(at);
    before = (size_t)(at - b->data);
    fw_put(&out, b->data, before);
    fw_put(&out, to, strlen(to));
    fw_put(&out, at + strlen(from), b->bytes - before - strlen(from));
    fw_buf_free(b);
    *b = out;
}

static void
broken_text_is_refused(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"(\"image",           "[\"image",                     "FUNCTION is not ARCHIVE"       },
        {"(\"image_prod\")",   "(\"\")",                       "no legal name"                 },
        {"bytes): 1536",       "bytes): 1535",                 "is not one deflate stream"     },
        {"bytes): 1536",       "bytes): 1537",                 "fewer bytes than it says"      },
        {"bytes): 1536",       "bytes): 99999999",             "cannot unpack to 99999999"     },
        {"bytes): 1536",       "bytes): 99999999999999999999", "cannot unpack to 4294967295"   },
        {"SIZE (bytes): 1549", "SIZE (bytes): 1548",           "lists 1549 packed bytes"       },
        {"SIZE (bytes): 768",  "SIZE (bytes): 769",            "lists 768 bytes and says 769"  },
        {"{\n",                "(\n",                          "an array without braces"       },
        {"0xe0",               "0x1e0",                        "a number above 0xff"           },
        {"0xe0",               "0xg0",                         "not a number"                  },
        {"0xe0",               "?",                            "a character that is no number" },
        {"0xe0",               "{{{{{{0xe0",                   "braces nest deeper"            },
        {"COMPRESSION: YES",   "COMPRESSION: NO ",             "lists 1549 bytes and says 1536"},
        {"0xe0, 0xe0",         "0xe0, 0xe1",                   "a wrong CRC-32"                },
        {"0x01, 0x00, 0x06",   "0x07, 0x00, 0x06",             "is not one deflate stream"     },
        {"0x01, 0x00, 0x06",   "0x00, 0x00, 0x06",             "is not one deflate stream"     },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_buf b = fw_make_arrays(0);
        struct gsp_error err = {0};
        struct gsp_fw_source src;
        uint8_t *got;
        size_t bytes;

        replace(&b, rows[i].from, rows[i].to);
        src = source(&b);
        assert_int_equal(gsp_fw_arrays_pack(&src, false, NULL, &got, &bytes, &err), -EBADMSG);
        if (!strstr(err.text, rows[i].says))
            print_error("wanted '%s', got '%s'\n", rows[i].says, err.text);
        assert_non_null(strstr(err.text, rows[i].says));
        assert_ptr_equal(strstr(err.text, "file.c: at 0x"), err.text);
        assert_null(got);
        fw_buf_free(&b);
    }
}

static void
array_that_does_not_end_is_refused(void **state)
{
    struct fw_buf b = fw_make_arrays(0);
    struct gsp_error err = {0};
    struct gsp_fw_file file;
    struct gsp_fw_source src;

    (void)state;
    b.bytes = (size_t)((uint8_t *)memmem(b.data, b.bytes, "};", 2) - b.data);
    src = source(&b);
    assert_int_equal(gsp_fw_open(&src, &file, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "does not end"));
    fw_buf_free(&b);
}

static void
archives_tell_role_and_chip(void **state)
{
    static const struct {
        const char *name, *chip;
        enum gsp_fw_role role;
        bool debug, confidential;
    } rows[] = {
        {"kgspGetBinArchiveBooterUnloadUcode_TU116",       "tu116", GSP_FW_ROLE_BOOTER_UNLOAD, false,
         false                                                                                             },
        {"ksec2GetBinArchiveSecurescrubUcode_AD10X",       "ad102", GSP_FW_ROLE_SCRUBBER,      false,
         false                                                                                             },
        {"kgspGetBinArchiveGspRmFmcGfwDebugSigned_GB100",  "gb100", GSP_FW_ROLE_FMC,           true,
         false                                                                                             },
        {"kgspGetBinArchiveGspRmCcFmcGfwProdSigned_GH100", "gh100", GSP_FW_ROLE_FMC,           false,
         true                                                                                              },
        {"spdmGetBinArchiveL1Certificate_IMPL",            "",      GSP_FW_ROLES,              false, false},
        {"",                                               "",      GSP_FW_ROLES,              false, false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gsp_fw_archive_id id;

        gsp_fw_archive_identify(rows[i].name, &id);
        assert_int_equal(id.role, rows[i].role);
        assert_string_equal(id.chip, rows[i].chip);
        assert_int_equal(id.debug, rows[i].debug);
        assert_int_equal(id.confidential, rows[i].confidential);
    }
}

/* An allocator that says no once, at the chosen call, and counts what is alive. */
struct stingy {
    unsigned calls, fail_at;
    int alive;
};

static void *
stingy_realloc(void *ctx, void *old, size_t bytes)
{
    struct stingy *s = ctx;

    if (!bytes) {
        s->alive -= old != NULL;
        free(old);
        return NULL;
    }
    if (++s->calls == s->fail_at)
        return NULL;
    s->alive += old == NULL;
    return realloc(old, bytes);
}

static void
every_allocation_may_fail(void **state)
{
    struct fw_buf b = fw_make_arrays(0);
    struct gsp_fw_source src = source(&b);
    struct stingy s = {.fail_at = 0};
    const struct gsp_host host = {.ctx = &s, .realloc = stingy_realloc};
    unsigned failures = 0;
    uint8_t *got;
    size_t bytes;

    (void)state;
    for (;;) {
        struct gsp_error err = {0};
        int rc;

        s.calls = 0;
        s.fail_at++;
        rc = gsp_fw_arrays_pack(&src, false, &host, &got, &bytes, &err);
        if (rc == 0)
            break;
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(err.origin, GSP_ORIGIN_LOCAL);
        assert_int_equal(s.alive, 0);
        failures++;
    }
    assert_in_range(failures, 8, 100);
    assert_int_equal(s.alive, 1);
    gsp_host_free(&host, got);
    fw_buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_and_new_label_names_read_alike),
        cmocka_unit_test(packed_array_unpacks_to_its_bytes),
        cmocka_unit_test(arrays_pack_into_the_container_that_linux_firmware_has),
        cmocka_unit_test(debug_signed_ucode_is_asked_for_by_name),
        cmocka_unit_test(broken_text_is_refused),
        cmocka_unit_test(array_that_does_not_end_is_refused),
        cmocka_unit_test(archives_tell_role_and_chip),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
