/* SPDX-License-Identifier: MIT */
/*
 * Bindings: what a choice brings along, and that strangers take the texts: gcc, clang, rustc
 * and Python check every size and offset that they state.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nvrm/bind.h>

#include "test.h"

static char dir[] = "/tmp/nvrm-bind-XXXXXX";

static struct nvrm_bind *
bind_of(const char *const *releases, const char *const *names)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct nvrm_bind *b;

    assert_int_equal(nvrm_bind_create(s, &b), 0);
    for (; *releases; releases++)
        assert_int_equal(nvrm_bind_release(b, nvrm_release_find(s, *releases)), 0);
    for (; *names; names++)
        assert_int_equal(nvrm_bind_name(b, *names, NULL), 0);
    return b;
}

static const char *
text_of(struct nvrm_bind *b, enum nvrm_bind_language language)
{
    const char *text;
    size_t bytes;

    assert_int_equal(nvrm_bind_text(b, language, &text, &bytes), 0);
    assert_int_equal(strlen(text), bytes);
    return text;
}

static void
write_as(const char *name, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

__attribute__((format(printf, 1, 2))) static int
run(const char *format, ...)
{
    char command[512], line[640];
    va_list args;
    int status;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    snprintf(line, sizeof(line), "cd %s && %s", dir, command);
    status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static bool
has(const char *program)
{
    return run("command -v %s >/dev/null 2>&1", program) == 0;
}

static const char *const one[] = {"570.144", NULL};
static const char *const several[] = {"535.54.03", "550.163.01", "570.144",
                                      "580.95.05", "595.45.04",  NULL};
static const char *const everything[] = {"*", NULL};
/* Bit-fields, a packed struct, a flexible tail at an odd place, unions, structs in place. */
static const char *const odd[] = {"pte_desc",
                                  "NVDM_PAYLOAD_COMMAND_RESPONSE",
                                  "rpc_post_event_v17_00",
                                  "GspFwWprMeta",
                                  "GspSystemInfo",
                                  "NV402C_CTRL_CMD_I2C_TRANSACTION",
                                  NULL};

/* What is chosen */

static void
a_control_brings_its_parameters_and_the_names_of_their_values(void **state)
{
    static const char *const names[] = {"NV2080_CTRL_CMD_FB_GET_INFO_V2", NULL};
    struct nvrm_bind *b = bind_of(one, names);
    const struct nvrm_bind_counts n = nvrm_bind_counts(b);
    const char *text = text_of(b, NVRM_BIND_C);

    (void)state;
    assert_int_equal(n.releases, 1);
    assert_int_equal(n.types, 2);
    assert_int_equal(n.ids, 1);
    assert_true(n.constants > 40);
    assert_non_null(strstr(text, "#define NV2080_CTRL_CMD_FB_GET_INFO_V2 0x20801303u"));
    assert_non_null(strstr(text, "struct NV2080_CTRL_FB_GET_INFO_V2_PARAMS {"));
    assert_non_null(strstr(text, "#define NV2080_CTRL_FB_INFO_INDEX_RAM_SIZE 0x7u"));
    assert_true(strstr(text, "struct NV2080_CTRL_FB_INFO {") <
                strstr(text, "struct NV2080_CTRL_FB_GET_INFO_V2_PARAMS {"));
    nvrm_bind_destroy(b);
}

static void
a_pointer_brings_what_it_points_to(void **state)
{
    static const char *const names[] = {"NV2080_CTRL_CMD_FB_GET_INFO", NULL};
    struct nvrm_bind *b = bind_of(one, names);

    (void)state;
    assert_non_null(strstr(text_of(b, NVRM_BIND_C), "struct NV2080_CTRL_FB_INFO {"));
    nvrm_bind_destroy(b);
}

static void
every_text_carries_the_notice_the_tags_and_what_was_asked(void **state)
{
    static const char *const names[] = {"NV01_DEVICE_0", "NV_ERR_*", NULL};
    struct nvrm_bind *b = bind_of(several, names);

    (void)state;
    for (unsigned i = 0; nvrm_bind_language_name(i); i++) {
        const char *text = text_of(b, (enum nvrm_bind_language)i);

        assert_non_null(strstr(text, "SPDX-License-Identifier: MIT"));
        assert_non_null(strstr(text, "NVIDIA CORPORATION & AFFILIATES"));
        assert_non_null(strstr(text, "Permission is hereby granted"));
        assert_non_null(strstr(text, "tags 535.54.03 550.163.01 570.144 580.95.05"));
        assert_non_null(strstr(text, "Chosen: NV01_DEVICE_0 NV_ERR_*"));
    }
    nvrm_bind_destroy(b);
}

static void
what_differs_gets_the_first_release_as_a_suffix_and_a_row_each(void **state)
{
    static const char *const releases[] = {"570.144", "570.148.08", "575.51.02", NULL};
    static const char *const names[] = {"GSP_RM_CONTROL", "NV01_DEVICE_0", NULL};
    struct nvrm_bind *b = bind_of(releases, names);
    const char *text = text_of(b, NVRM_BIND_C);

    (void)state;
    assert_non_null(strstr(text, "sizeof(struct rpc_gsp_rm_control_v03_00_r570_144) == 24"));
    assert_non_null(strstr(text, "sizeof(struct rpc_gsp_rm_control_v03_00_r575_51_02) == 40"));
    assert_null(strstr(text, "_r570_148_08"));
    assert_non_null(strstr(text, "sizeof(struct NV0080_ALLOC_PARAMETERS) == 56"));
    assert_non_null(strstr(text, "\"NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL\", 0x4c, "
                                 "\"rpc_gsp_rm_control_v03_00_r570_144\", 24, 0, 1}"));
    assert_non_null(strstr(text, "\"rpc_gsp_rm_control_v03_00_r575_51_02\", 40, 2, 2}"));
    nvrm_bind_destroy(b);
}

static void
an_id_that_moved_gets_a_suffix_too(void **state)
{
    static const char *const releases[] = {"535.113.01", "595.45.04", NULL};
    static const char *const names[] = {"NV0073_CTRL_CMD_SYSTEM_GET_SUPPORTED", NULL};
    struct nvrm_bind *b = bind_of(releases, names);
    const char *text = text_of(b, NVRM_BIND_C);

    (void)state;
    assert_non_null(strstr(text, "NV0073_CTRL_CMD_SYSTEM_GET_SUPPORTED_r535_113_01 0x730120u"));
    assert_non_null(strstr(text, "NV0073_CTRL_CMD_SYSTEM_GET_SUPPORTED_r595_45_04 0x730107u"));
    nvrm_bind_destroy(b);
}

static void
names_that_no_chosen_release_has_are_refused(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    struct nvrm_bind *b;
    unsigned missing = 0;

    (void)state;
    assert_int_equal(nvrm_bind_create(s, &b), 0);
    assert_int_equal(nvrm_bind_name(b, "NV01_DEVICE_0", NULL), -EINVAL);
    assert_int_equal(nvrm_bind_release(b, NVRM_NO_RELEASE), -EINVAL);
    assert_int_equal(nvrm_bind_release(b, nvrm_release_find(s, "535.113.01")), 0);
    assert_int_equal(nvrm_bind_name(b, "NV_NOTHING", NULL), -ENOENT);
    assert_int_equal(nvrm_bind_name(b, "nothing*", NULL), -ENOENT);
    assert_int_equal(nvrm_bind_release(b, nvrm_release_find(s, "595.45.04")), 0);
    assert_int_equal(nvrm_bind_name(b, "BLACKWELL_CHANNEL_GPFIFO_A", &missing), 0);
    assert_int_equal(missing, 1);
    assert_int_equal(nvrm_bind_release(b, nvrm_release_find(s, "570.144")), -EINVAL);
    nvrm_bind_destroy(b);
    nvrm_bind_destroy(NULL);
}

static uint64_t
fingerprint(const char *release, const char *name)
{
    const char *const releases[] = {release, NULL}, *const names[] = {name, NULL};
    struct nvrm_bind *b = bind_of(releases, names);
    const uint64_t print = nvrm_bind_fingerprint(b);

    nvrm_bind_destroy(b);
    return print;
}

static void
fingerprints_are_equal_where_layouts_are(void **state)
{
    (void)state;
    assert_true(fingerprint("550.54.14", "*") == fingerprint("550.54.15", "*"));
    assert_true(fingerprint("570.144", "NV01_DEVICE_0") ==
                fingerprint("595.45.04", "NV01_DEVICE_0"));
    /* 936 bytes in both: only a field moved. */
    assert_true(fingerprint("580.82.09", "GspSystemInfo") !=
                fingerprint("580.95.05", "GspSystemInfo"));
    assert_true(fingerprint("570.144", "NV01_DEVICE_0") !=
                fingerprint("570.144", "NV20_SUBDEVICE_0"));
}

/* Strangers */

static void
compile_c(const char *compiler)
{
    if (!has(compiler)) {
        print_message("%s is not installed: not tried\n", compiler);
        return;
    }
    assert_int_equal(run("%s -std=c11 -Wall -Wextra -Werror -DNVRM_BINDINGS_TABLE "
                         "-Wno-unused-variable -Wno-unused-const-variable -c user.c -o user.o",
                         compiler),
                     0);
}

static void
c_compiles_alone_with_its_asserts(void **state)
{
    static const char *const *const releases[] = {one, several}; /* all releases: 1.5 s more */

    (void)state;
    write_as("user.c", "#include \"bindings.h\"\nextern int user;\nint user;\n");
    for (unsigned i = 0; i < 2; i++) {
        struct nvrm_bind *b = bind_of(releases[i], everything);

        write_as("bindings.h", text_of(b, NVRM_BIND_C));
        compile_c("gcc");
        compile_c("clang");
        nvrm_bind_destroy(b);
    }
}

/* As C++ too, with names such as `class` for fields and without a type in a type. */
static void
the_header_is_cpp_as_well(void **state)
{
    struct nvrm_bind *b;

    (void)state;
    if (!has("g++")) {
        print_message("g++ is not installed: not tried\n");
        skip();
    }
    b = bind_of(several, everything);
    write_as("bindings.h", text_of(b, NVRM_BIND_C));
    write_as("user.cc", "#include \"bindings.h\"\n");
    assert_int_equal(run("g++ -std=c++11 -Wall -Wextra -Werror -c user.cc -o user.o"), 0);
    nvrm_bind_destroy(b);
}

/* The asserts are no decoration: a wrong field breaks the compilation. */
static void
c_with_a_wrong_field_does_not_compile(void **state)
{
    static const char *const names[] = {"NV0080_ALLOC_PARAMETERS", NULL};
    struct nvrm_bind *b = bind_of(one, names);
    char *text = strdup(text_of(b, NVRM_BIND_C));
    char *field = strstr(text, "uint32_t hClientShare");

    (void)state;
    assert_non_null(field);
    memcpy(field, "uint64_t", 8);
    write_as("bindings.h", text);
    write_as("user.c", "#include \"bindings.h\"\n");
    assert_int_equal(run("gcc -c user.c -o user.o 2>/dev/null"), 1);
    free(text);
    nvrm_bind_destroy(b);
}

static const char *
rust_compiler(void)
{
    if (has("rustc"))
        return "rustc";
    return access("/root/.cargo/bin/rustc", X_OK) == 0 ? "/root/.cargo/bin/rustc" : NULL;
}

static void
compile_rust(const char *const *releases, const char *const *names)
{
    const char *compiler = rust_compiler();
    struct nvrm_bind *b;

    if (!compiler) {
        print_message("rustc is not installed (Debian: rustc): not tried\n");
        skip();
    }
    write_as("old.rs", "pub struct S(u8);\nconst _: usize = core::mem::offset_of!(S, 0);\n");
    if (run("%s --crate-type lib --emit metadata old.rs 2>/dev/null", compiler)) {
        print_message("this rustc is older than 1.77, which has offset_of!: not tried\n");
        skip();
    }
    b = bind_of(releases, names);
    write_as("bindings.rs", text_of(b, NVRM_BIND_RUST));
    write_as("lib.rs", "#![no_std]\n#![deny(warnings)]\npub mod bindings;\n");
    assert_int_equal(run("%s --edition 2021 --crate-type lib --emit metadata lib.rs", compiler),
                     0);
    nvrm_bind_destroy(b);
}

static void
rust_compiles_with_its_asserts(void **state)
{
    (void)state;
    compile_rust(several, odd);
}

static void
python_loads_and_checks_every_size_and_offset(void **state)
{
    struct nvrm_bind *b;

    (void)state;
    if (!has("python3")) {
        print_message("python3 is not installed: not tried\n");
        skip();
    }
    b = bind_of(several, everything);
    write_as("bindings.py", text_of(b, NVRM_BIND_PYTHON));
    write_as("user.py", "import bindings as b\n"
                        "assert b.NV2080_CTRL_CMD_FB_GET_INFO_V2 == 0x20801303\n"
                        "old = b.row('GspSystemInfo', '570.144')[3]\n"
                        "new = b.row('GspSystemInfo', '580.95.05')[3]\n"
                        "assert old is not new\n"
                        "assert b.row('BLACKWELL_CHANNEL_GPFIFO_A', '535.54.03') is None\n"
                        "p = b.NV0080_ALLOC_PARAMETERS(deviceId=3)\n"
                        "assert bytes(p)[:4] == b'\\x03\\0\\0\\0' and len(bytes(p)) == 56\n"
                        "d = b.pte_desc(idr=1, length=0x1234)\n"
                        "assert bytes(d)[:4] == (1 | 0x1234 << 16).to_bytes(4, 'little')\n");
    assert_int_equal(run("python3 -B user.py"), 0);
    nvrm_bind_destroy(b);
}

/* Out of memory, at every allocation. */
static void
running_out_of_memory_is_said_and_leaves_nothing(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    unsigned failed = 0;
    int rc;

    (void)state;
    for (size_t n = 1;; n += 7) {
        struct nvrm_bind *b;
        const char *text;
        size_t bytes;

        assert_int_equal(nvrm_bind_create(s, &b), 0);
        assert_int_equal(nvrm_bind_release(b, nvrm_release_newest(s)), 0);
        nvrm_bind_fail_at(b, n);
        rc = nvrm_bind_name(b, "NV2080_CTRL_CMD_FB_GET_INFO_V2", NULL);
        for (unsigned i = 0; rc == 0 && i < NVRM_BIND_LANGUAGES; i++)
            rc = nvrm_bind_text(b, (enum nvrm_bind_language)i, &text, &bytes);
        nvrm_bind_destroy(b);
        if (rc == 0)
            break;
        assert_int_equal(rc, -ENOMEM);
        failed++;
    }
    assert_true(failed > 20);
}

static int
make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
    (void)state;
    return run("rm -rf %s", dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_brings_its_parameters_and_the_names_of_their_values),
        cmocka_unit_test(a_pointer_brings_what_it_points_to),
        cmocka_unit_test(every_text_carries_the_notice_the_tags_and_what_was_asked),
        cmocka_unit_test(what_differs_gets_the_first_release_as_a_suffix_and_a_row_each),
        cmocka_unit_test(an_id_that_moved_gets_a_suffix_too),
        cmocka_unit_test(names_that_no_chosen_release_has_are_refused),
        cmocka_unit_test(fingerprints_are_equal_where_layouts_are),
        cmocka_unit_test(c_compiles_alone_with_its_asserts),
        cmocka_unit_test(the_header_is_cpp_as_well),
        cmocka_unit_test(c_with_a_wrong_field_does_not_compile),
        cmocka_unit_test(rust_compiles_with_its_asserts),
        cmocka_unit_test(python_loads_and_checks_every_size_and_offset),
        cmocka_unit_test(running_out_of_memory_is_said_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
