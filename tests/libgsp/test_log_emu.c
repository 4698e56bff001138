/* SPDX-License-Identifier: MIT */
/* The emulated card's log rings, decoded with its logging ELF, in releases of both forms. */
#include <emu/emu.h>
#include <emu/log.h>
#include <errno.h>
#include <gsp/crash.h>
#include <gsp/log.h>
#include <gsp/session.h>

#include "test.h"

enum { NAME_STRING = 0x20800110 };

struct card {
    struct nvrm_abi abi;
    struct emu_gpu *gpu;
    struct gsp_backend *backend;
    struct gsp_log_elf *elf;
    uint8_t *elf_bytes;
};

static void
open_card(struct card *c, const char *release)
{
    struct gsp_rm_config config = {0};
    struct emu_config emu = {.chip = "AD102"};
    struct gsp_fw_source file = {.name = "gsp_log.bin"};
    struct gsp_error err = {0};
    size_t bytes;

    memset(c, 0, sizeof(*c));
    c->abi.schema = nvrm_schema_builtin();
    c->abi.release = nvrm_release_find(c->abi.schema, release);
    emu.abi = config.abi = c->abi;
    assert_int_equal(emu_gpu_create(&emu, &c->gpu, NULL, 0), 0);
    config.bus = emu_gpu_bus(c->gpu);
    if (gsp_rm_open(&config, &c->backend, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(emu_logging_elf(release, &c->elf_bytes, &bytes), 0);
    file.data = c->elf_bytes;
    file.bytes = bytes;
    if (gsp_log_elf_open(&file, NULL, &c->elf, &err) < 0)
        fail_msg("%s", err.text);
}

static void
close_card(struct card *c)
{
    gsp_log_elf_close(c->elf);
    free(c->elf_bytes);
    c->backend->ops->close(c->backend);
    emu_gpu_destroy(c->gpu);
}

/* All texts of one ring, each on a line. */
static char *
ring_text(const struct card *c, unsigned i, bool with_elf, struct gsp_log *log)
{
    const struct gsp_log_elf *elf = with_elf ? c->elf : NULL;
    struct gsp_fw_source file = {0};
    struct gsp_text text = {0};
    struct gsp_log_ring ring;
    size_t bytes;

    file.data = gsp_rm_log(c->backend, i, &file.name, &bytes);
    assert_non_null(file.data);
    file.bytes = bytes;
    assert_int_equal(gsp_log_ring_open(&file, &ring, NULL), 0);
    assert_int_equal(gsp_log_decode(&ring, elf, NULL, log, NULL), 0);
    for (unsigned k = 0; k < log->count; k++) {
        gsp_log_record_text(elf, &ring, &log->records[k], c->abi, &text);
        gsp_text_puts(&text, "\n");
    }
    assert_int_equal(text.rc, 0);
    return text.data ? text.data : strdup("");
}

static void
check_release(const char *release, enum gsp_log_form form)
{
    struct gsp_log log;
    struct card c;
    char want[64];
    char *text;

    open_card(&c, release);
    text = ring_text(&c, 0, true, &log);
    snprintf(want, sizeof(want), "emulated GSP-RM %s on architecture 0x19", release);
    assert_int_equal(log.form, form);
    assert_int_equal(log.bad_words, 0);
    assert_non_null(strstr(text, want));
    assert_non_null(strstr(text, "tasks are running"));
    free(text);
    gsp_log_fini(&log);
    text = ring_text(&c, 2, true, &log);
    assert_non_null(strstr(text, "queue block of 129 pages"));
    free(text);
    gsp_log_fini(&log);
    close_card(&c);
}

static void
start_up_is_logged_in_the_form_of_the_release(void **state)
{
    (void)state;
    check_release("535.113.01", GSP_LOG_FORM_ADDRESS);
    check_release("570.144", GSP_LOG_FORM_ADDRESS);
    check_release("580.65.06", GSP_LOG_FORM_PACKED);
    check_release("595.45.04", GSP_LOG_FORM_PACKED);
}

static void
the_same_records_are_found_without_the_elf(void **state)
{
    static const char *const releases[] = {"570.144", "595.45.04"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct gsp_log with, without;
        struct card c;

        open_card(&c, releases[i]);
        free(ring_text(&c, 0, true, &with));
        free(ring_text(&c, 0, false, &without));
        assert_int_equal(with.count, without.count);
        for (unsigned k = 0; k < with.count; k++) {
            assert_int_equal(with.records[k].time_ns, without.records[k].time_ns);
            assert_int_equal(with.records[k].message, without.records[k].message);
            assert_int_equal(with.records[k].arg_count, without.records[k].arg_count);
        }
        gsp_log_fini(&with);
        gsp_log_fini(&without);
        close_card(&c);
    }
}

static uint32_t
name_bytes(struct nvrm_abi abi)
{
    return nvrm_struct_find(abi, "NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS")->size;
}

/* More failures than the ring holds records: the newest are whole, the oldest counted. */
static void
failed_controls_fill_the_ring_and_go_round(void **state)
{
    static const char *const releases[] = {"570.144", "595.45.04"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct gsp_error err;
        struct gsp_log log;
        struct card c;
        uint8_t params[512];
        uint32_t bytes;
        char *text;

        open_card(&c, releases[i]);
        bytes = name_bytes(c.abi);
        for (unsigned k = 0; k < 2000; k++) {
            memset(params, 0, sizeof(params));
            assert_int_equal(c.backend->ops->control(c.backend, 0xc1d00001, k, NAME_STRING,
                                                     params, bytes, &err),
                             -EREMOTEIO);
        }
        text = ring_text(&c, 2, true, &log);
        assert_true(log.lost_words > 0);
        assert_true(log.bad_words < 5);
        assert_int_equal(log.records[log.count - 1].args[1], NAME_STRING);
        assert_int_equal(log.records[log.count - 1].args[2], 1999);
        assert_non_null(strstr(text, "Check failed: NV_ERR_INVALID_CLIENT"));
        free(text);
        gsp_log_fini(&log);
        close_card(&c);
    }
}

/* Every chip: the crash report that the halted core left is found, read and named. */
static void
a_crash_leaves_a_report_that_the_error_repeats(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                        "GH100", "GB100", "GB202"};

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        const struct nvrm_schema *s = nvrm_schema_builtin();
        const struct nvrm_abi abi = {s, nvrm_release_find(s, "570.144")};
        const struct emu_config emu = {
            .chip = chips[i], .abi = abi, .inject = "ctl:0x20800110=crash"};
        struct gsp_rm_config config = {.abi = abi, .timeout_ns = 300000000};
        struct gsp_fw_source packets = {.name = "queue"};
        struct gsp_crash_report report;
        struct gsp_backend *backend;
        struct gsp_error err = {0};
        struct emu_gpu *gpu;
        uint8_t bytes[1024] = {0};
        uint64_t off = 0;
        size_t used;

        assert_int_equal(emu_gpu_create(&emu, &gpu, NULL, 0), 0);
        config.bus = emu_gpu_bus(gpu);
        assert_int_equal(gsp_crash_fetch(config.bus, 0x110000, NULL, bytes, 1024, &used, &err),
                         -ENOENT);
        assert_int_equal(gsp_rm_open(&config, &backend, &err), 0);
        assert_int_equal(backend->ops->control(backend, 0xc1d00001, 1, NAME_STRING, bytes,
                                               name_bytes(abi), &err),
                         -ENODEV);
        if (!strstr(err.text, "task exception, load access fault, at pc 0x") ||
            !strstr(err.text, "(task 3)"))
            fail_msg("%s: %s", chips[i], err.text);
        assert_int_equal(gsp_crash_fetch(config.bus, 0x110000, NULL, bytes, 8, &used, &err),
                         -EMSGSIZE);
        assert_int_equal(gsp_crash_fetch(config.bus, 0x110000, NULL, bytes, 1024, &used, &err),
                         0);
        packets.data = bytes;
        packets.bytes = used;
        assert_int_equal(gsp_crash_report_next(&packets, &off, &report, &err), 0);
        assert_int_equal(report.writer, i < 2 ? GSP_CRASH_LIBOS2 : GSP_CRASH_LIBOS3);
        assert_int_equal(report.gprs.count, GSP_CRASH_GPRS);
        assert_int_equal(report.stack.count, 4);
        backend->ops->close(backend);
        emu_gpu_destroy(gpu);
    }
}

static void
an_unknown_release_has_no_logging_elf(void **state)
{
    uint8_t *bytes = NULL;
    size_t size;

    (void)state;
    assert_int_equal(emu_logging_elf("newest", &bytes, &size), -EINVAL);
    assert_int_equal(emu_logging_elf("", &bytes, &size), -EINVAL);
    assert_null(bytes);
}

static void
other_backends_have_no_rings(void **state)
{
    const struct gsp_backend_ops ops = {0};
    struct gsp_backend other = {.ops = &ops};
    const char *name;
    size_t bytes;

    (void)state;
    assert_null(gsp_rm_log(&other, 0, &name, &bytes));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_up_is_logged_in_the_form_of_the_release),
        cmocka_unit_test(the_same_records_are_found_without_the_elf),
        cmocka_unit_test(failed_controls_fill_the_ring_and_go_round),
        cmocka_unit_test(a_crash_leaves_a_report_that_the_error_repeats),
        cmocka_unit_test(an_unknown_release_has_no_logging_elf),
        cmocka_unit_test(other_backends_have_no_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
