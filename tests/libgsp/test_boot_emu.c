/* SPDX-License-Identifier: MIT */
/*
 * The same boot on the emulated card, which was written from the facts alone: every chip at
 * four releases, up, used, unloaded and up again; and the faults that boot must tell.
 */
#include "test.h"

#include <errno.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/boot.h>
#include <gsp/crash.h>

static const char *const releases[] = {"535.113.01", "570.144", "580.126.20", "595.45.04"};

/* One card with its firmware set. */
struct rig {
    struct emu_gpu *gpu;
    struct nvrm_abi abi;
    const char *chip;
    struct emu_gpu *maker; /* whose firmware it is; NULL: the chip's for production */
    uint8_t *files[GSP_FW_ROLES];
};

static int
find(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
     struct gsp_fw_source *out, struct gsp_error *err)
{
    static const enum emu_synth_kind kinds[GSP_FW_ROLES] = {
        [GSP_FW_ROLE_GSP] = EMU_SYNTH_GSP,
        [GSP_FW_ROLE_BOOTLOADER] = EMU_SYNTH_BOOTLOADER,
        [GSP_FW_ROLE_BOOTER_LOAD] = EMU_SYNTH_BOOTER_LOAD,
        [GSP_FW_ROLE_BOOTER_UNLOAD] = EMU_SYNTH_BOOTER_UNLOAD,
        [GSP_FW_ROLE_GENERIC_BL] = EMU_SYNTH_GENERIC_BL,
        [GSP_FW_ROLE_SCRUBBER] = EMU_SYNTH_SCRUBBER,
        [GSP_FW_ROLE_FMC] = EMU_SYNTH_FMC,
    };
    struct rig *r = ctx;
    size_t bytes;
    int rc;

    (void)family, (void)err;
    free(r->files[role]);
    r->files[role] = NULL;
    rc = r->maker ? emu_gpu_synth_file(r->maker, kinds[role], &r->files[role], &bytes)
                  : emu_synth_file(r->chip, release, kinds[role], &r->files[role], &bytes);
    if (rc == 0)
        *out = (struct gsp_fw_source){
            .name = gsp_fw_role_name(role), .data = r->files[role], .bytes = bytes};
    return rc;
}

/* False when the release does not know the chip. */
static bool
open_rig(struct rig *r, const char *chip, const char *release, const char *inject)
{
    struct emu_config config = {.chip = chip, .inject = inject};
    char message[200] = "";
    int rc;

    *r = (struct rig){.chip = chip, .abi = {.schema = nvrm_schema_builtin()}};
    r->abi.release = nvrm_release_find(r->abi.schema, release);
    config.abi = r->abi;
    rc = emu_gpu_create(&config, &r->gpu, message, sizeof(message));
    if (rc < 0 && rc != -ENOTSUP)
        fail_msg("%s %s: %s", chip, release, message);
    return rc == 0;
}

static void
close_rig(struct rig *r)
{
    emu_gpu_destroy(r->gpu);
    for (unsigned i = 0; i < GSP_FW_ROLES; i++)
        free(r->files[i]);
}

static struct gsp_boot_config
config_of(struct rig *r)
{
    return (struct gsp_boot_config){
        .rm = {.bus = emu_gpu_bus(r->gpu), .abi = r->abi, .timeout_ns = 500000000},
        .firmware = {r,                          find                                      },
    };
}

static void
fail_with_notes(struct rig *r, const char *release, const char *what,
                const struct gsp_error *err)
{
    const char *note;

    for (unsigned i = 0; (note = emu_gpu_note_at(r->gpu, i)); i++)
        print_message("  card: %s\n", note);
    fail_msg("%s %s: %s: %s", r->chip, release, what, err->text);
}

static void
boot_twice(struct rig *r, const char *release)
{
    const struct gsp_boot_config config = config_of(r);
    struct gsp_boot_status status;
    struct gsp_error err = {0};
    struct gsp_boot *b;

    if (gsp_boot_create(&config, &b, &err) < 0)
        fail_with_notes(r, release, "create", &err);
    for (unsigned round = 0; round < 2; round++) {
        if (gsp_boot_run(b, NULL, &err) < 0)
            fail_with_notes(r, release, round ? "second boot" : "boot", &err);
        assert_non_null(gsp_boot_backend(b));
        assert_int_equal(gsp_boot_status(b, &status, &err), 0);
        assert_true(status.riscv_active && status.wpr2_up && !status.halted);
        if (gsp_boot_unload(b, &err) < 0)
            fail_with_notes(r, release, "unload", &err);
        assert_int_equal(gsp_boot_status(b, &status, &err), 0);
        assert_false(status.wpr2_up);
    }
    gsp_boot_destroy(b);
}

static void
every_chip_boots_at_four_releases_unloads_and_boots_again(void **state)
{
    unsigned done = 0;

    (void)state;
    for (unsigned i = 0; i < emu_chip_count(); i++)
        for (size_t n = 0; n < sizeof(releases) / sizeof(releases[0]); n++) {
            struct rig r;

            if (open_rig(&r, emu_chip_at(i)->name, releases[n], NULL)) {
                boot_twice(&r, releases[n]);
                done++;
            }
            close_rig(&r);
        }
    assert_true(done >= 20);
}

/* A card for debugging takes ucode that is signed for it alone, and any other takes none of
 * that; FWSEC the client chooses by the fuse. */
static void
fuse_and_signatures_must_agree(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102", "GH100", "GB202"};

    (void)state;
    for (unsigned way = 0; way < 4 * sizeof(chips) / sizeof(chips[0]); way++) {
        const bool fused = way & 1, debug_set = way >> 1 & 1;
        struct emu_config config = {.chip = chips[way / 4]};
        struct gsp_boot_config boot_config;
        struct gsp_error err = {0};
        struct gsp_boot *b;
        struct rig r;
        int rc;

        assert_true(open_rig(&r, config.chip, "570.144", NULL));
        emu_gpu_destroy(r.gpu);
        config.abi = r.abi;
        config.debug_fused = fused;
        assert_int_equal(emu_gpu_create(&config, &r.gpu, NULL, 0), 0);
        config.debug_fused = debug_set;
        assert_int_equal(emu_gpu_create(&config, &r.maker, NULL, 0), 0);
        boot_config = config_of(&r);
        assert_int_equal(gsp_boot_create(&boot_config, &b, &err), 0);
        rc = gsp_boot_run(b, NULL, &err);
        if ((rc == 0) != (fused == debug_set))
            fail_with_notes(&r, fused ? "debug-fused" : "production",
                            debug_set ? "debug set" : "production set", &err);
        if (rc == 0 && gsp_boot_unload(b, &err) < 0) /* FWSEC-SB, booter_unload */
            fail_with_notes(&r, "570.144", "unload", &err);
        gsp_boot_destroy(b);
        emu_gpu_destroy(r.maker);
        close_rig(&r);
    }
}

/* A key that the vendor's client has too; and GH100's FSP is not asked at all. */
static void
clocks_are_raised_unless_a_key_says_no(void **state)
{
    static const struct gsp_regkey off = {"RmBootGspRmWithBoostClocks", 0};

    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct gsp_boot_config config;
        struct gsp_error err = {0};
        struct gsp_boot *b;
        struct rig r;

        assert_true(open_rig(&r, way == 2 ? "GH100" : "GB100", "595.45.04", NULL));
        config = config_of(&r);
        config.rm.regkeys = &off;
        config.rm.regkey_count = way == 1;
        assert_int_equal(gsp_boot_create(&config, &b, &err), 0);
        if (gsp_boot_run(b, NULL, &err) < 0)
            fail_with_notes(&r, "595.45.04", "run", &err);
        assert_null(emu_gpu_note_at(r.gpu, 0));
        gsp_boot_destroy(b);
        close_rig(&r);
    }
}

/* What is said after INIT_DONE, newest releases with 228. */
static void
gsp_rm_is_told_its_client_before_it_is_asked(void **state)
{
    static const struct {
        const char *release;
        unsigned count;
        uint32_t functions[5];
    } rows[] = {
        {"535.113.01", 4, {72, 73, 1, 65}     },
        {"570.144",    4, {72, 73, 1, 65}     },
        {"580.142",    5, {72, 73, 1, 65, 228}},
        {"590.48.01",  4, {72, 73, 1, 65}     },
        {"595.45.04",  5, {72, 73, 1, 65, 228}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gsp_rpc_record records[8];
        struct gsp_boot_config config;
        struct gsp_backend *backend;
        struct gsp_error err = {0};
        struct rig r;

        assert_true(open_rig(&r, "GH100", rows[i].release, NULL));
        config = config_of(&r);
        if (gsp_boot_open(&config, &backend, &err) < 0)
            fail_with_notes(&r, rows[i].release, "open", &err);
        assert_int_equal(gsp_rm_history(backend, records, 8), rows[i].count);
        for (unsigned k = 0; k < rows[i].count; k++)
            assert_int_equal(records[k].function, rows[i].functions[k]);
        backend->ops->close(backend);
        close_rig(&r);
    }
}

static void
a_backend_opened_by_boot_answers_and_unloads_when_closed(void **state)
{
    struct gsp_boot_config config;
    struct gsp_backend *backend;
    struct gsp_error err = {0};
    struct gsp_bus *bus;
    struct rig r;
    size_t bytes;

    (void)state;
    assert_true(open_rig(&r, "AD102", "570.144", NULL));
    config = config_of(&r);
    if (gsp_boot_open(&config, &backend, &err) < 0)
        fail_with_notes(&r, "570.144", "open", &err);
    assert_non_null(gsp_rm_static_info(backend, &bytes));
    assert_true(bytes > 1000);
    backend->ops->close(backend);
    bus = emu_gpu_bus(r.gpu);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x1fa828) >> 4, 0);
    close_rig(&r);
}

/* GA10x and later report to memory that WPR meta offered; older ones to their DMEM. */
static void
a_crash_is_reported_where_the_boot_asked_for_it(void **state)
{
    static const struct {
        const char *chip, *release;
        bool memory;
    } rows[] = {
        {"TU102", "570.144",    false},
        {"GA100", "570.144",    false},
        {"GA102", "570.144",    true },
        {"AD102", "535.54.03",  false},
        {"AD102", "535.113.01", true },
        {"GH100", "570.144",    true },
        {"GB202", "595.45.04",  true }
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gsp_fw_source packets = {.name = "queue"};
        struct gsp_crash_report report;
        struct gsp_boot_config config;
        struct gsp_error err = {0};
        struct gsp_backend *b;
        uint8_t bytes[1024] = {0};
        uint64_t off = 0;
        struct rig r;
        size_t used;

        assert_true(open_rig(&r, rows[i].chip, rows[i].release, "ctl:0x20800110=crash"));
        config = config_of(&r);
        assert_int_equal(gsp_boot_open(&config, &b, &err), 0);
        assert_int_equal(b->ops->control(b, 1, 2, 0x20800110, bytes, 64, &err), -ENODEV);
        if (!strstr(err.text, "load access fault, at pc 0x"))
            fail_msg("%s %s: %s", rows[i].chip, rows[i].release, err.text);
        assert_int_equal(
            gsp_crash_fetch(config.rm.bus, 0x110000, NULL, bytes, sizeof(bytes), &used, &err),
            rows[i].memory ? -EOPNOTSUPP : 0);
        assert_int_equal(gsp_rm_crash_fetch(b, bytes, sizeof(bytes), &used, &err), 0);
        packets.data = bytes;
        packets.bytes = used;
        assert_int_equal(gsp_crash_report_next(&packets, &off, &report, &err), 0);
        assert_int_equal(report.gprs.count, GSP_CRASH_GPRS);
        b->ops->close(b);
        close_rig(&r);
    }
}

static void
the_card_knows_a_page_to_flush_through(void **state)
{
    static const struct {
        const char *chip;
        uint32_t low, high;
    } rows[] = {
        {"TU102", 0x100c10, 0       },
        {"AD102", 0x100c10, 0x100c40},
        {"GH100", 0x100a34, 0x100a38}
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct gsp_boot_config config;
        struct gsp_error err = {0};
        struct gsp_backend *b;
        struct gsp_bus *bus;
        uint64_t addr;
        struct rig r;

        assert_true(open_rig(&r, rows[i].chip, "570.144", NULL));
        config = config_of(&r);
        bus = config.rm.bus;
        assert_int_equal(gsp_boot_open(&config, &b, &err), 0);
        addr = (uint64_t)bus->ops->rd32(bus, 0, rows[i].low) << 8;
        if (rows[i].high)
            addr |= (uint64_t)bus->ops->rd32(bus, 0, rows[i].high) << 40;
        assert_true(addr != 0 && addr % 4096 == 0);
        b->ops->close(b);
        close_rig(&r);
    }
}

static const struct gsp_bus_ops *low_ops;

static int
high_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    int rc = low_ops->dma_alloc(bus, bytes, dma_out);

    dma_out->bus_addr += rc == 0 ? UINT64_C(1) << 50 : 0;
    return rc;
}

static void
high_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    dma->bus_addr -= dma->cpu ? UINT64_C(1) << 50 : 0;
    low_ops->dma_free(bus, dma);
}

static void
memory_that_the_card_cannot_address_is_refused(void **state)
{
    struct gsp_boot_config config;
    struct gsp_error err = {0};
    struct gsp_bus_ops high;
    struct gsp_backend *b;
    struct rig r;

    (void)state;
    assert_true(open_rig(&r, "AD102", "570.144", NULL));
    config = config_of(&r);
    low_ops = config.rm.bus->ops;
    high = *low_ops;
    high.dma_alloc = high_alloc;
    high.dma_free = high_free;
    config.rm.bus->ops = &high;
    assert_int_equal(gsp_boot_open(&config, &b, &err), -ERANGE);
    assert_non_null(strstr(err.text, "the card addresses 47 bits"));
    config.rm.bus->ops = low_ops;
    close_rig(&r);
}

static void
a_boot_given_up_at_any_state_leaves_a_card_that_boots(void **state)
{
    static const char *const chips[] = {"TU102", "AD102", "GH100"};

    (void)state;
    for (unsigned i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
        struct rig r;
        struct gsp_boot_config config;

        assert_true(open_rig(&r, chips[i], "570.144", NULL));
        config = config_of(&r);
        for (unsigned at = 0;; at++) {
            struct gsp_error err = {0};
            struct gsp_boot *b;
            const struct gsp_boot_state *s;

            assert_int_equal(gsp_boot_create(&config, &b, &err), 0);
            s = gsp_boot_state_at(gsp_boot_family(b), at);
            if (s && gsp_boot_run(b, s->name, &err) < 0)
                fail_with_notes(&r, "570.144", s->name, &err);
            gsp_boot_destroy(b);
            if (!s)
                break;
        }
        close_rig(&r);
    }
}

/* What the card does wrong, and what boot says about it. */
static const struct {
    const char *chip, *inject, *state, *words;
    int rc;
} faults[] = {
    {"AD102", "gfw-stuck",            "gfw-boot",     "GFW has not booted",          -ETIMEDOUT},
    {"AD102", "wpr2-up",              "wpr2-down",    "WPR2 is up",                  -EBUSY    },
    {"AD102", "scrub-stuck",          "scrubber",     "not scrubbed after reset",    -ETIMEDOUT},
    {"TU102", "scrub-stuck",          "fwsec-frts",   "not scrubbed after reset",    -ETIMEDOUT},
    {"AD102", "dma-stuck",            "scrubber",     "NV_PFALCON_FALCON_DMATRFCMD", -ETIMEDOUT},
    {"AD102", "halt-stuck",           "scrubber",     "does not halt",               -ETIMEDOUT},
    {"GA102", "halt-stuck",           "fwsec-frts",   "does not halt",               -ETIMEDOUT},
    {"GA100", "halt-stuck",           "booter-load",  "does not halt",               -ETIMEDOUT},
    {"AD102", "fwsec-error:5",        "fwsec-frts",   "0x00050000",                  -EPROTO   },
    {"TU102", "fwsec-error:5",        "fwsec-frts",   "0x00050000",                  -EPROTO   },
    {"AD102", "frts-wrong",           "fwsec-frts",   "instead of",                  -EPROTO   },
    {"AD102", "frts-missing",         "fwsec-frts",   "WPR2 is not up",              -EPROTO   },
    {"AD102", "scrubber-fails",       "scrubber",     "memory is not scrubbed",      -EPROTO   },
    {"AD102", "booter-error:49",      "booter-load",  "MAILBOX0 reads 0x31",         -EPROTO   },
    {"TU102", "booter-error:49",      "booter-load",  "MAILBOX0 reads 0x31",         -EPROTO   },
    {"AD102", "riscv-dead",           "riscv-active", "not active",                  -ETIMEDOUT},
    {"TU102", "riscv-dead",           "riscv-active", "not active",                  -ETIMEDOUT},
    {"AD102", "gsp-silent",           "status-queue", "status queue",                -ETIMEDOUT},
    {"AD102", "init=lost",            "init-done",    "GSP_INIT_DONE did not come",  -ETIMEDOUT},
    {"AD102", "vbios:no-bit",         "vbios",        "FWSEC",                       -ENOENT   },
    {"AD102", "vbios:bad-checksum",   "vbios",        "PROM",                        0         },
    {"AD102", "vbios:truncated",      "vbios",        "PROM",                        0         },
    {"AD102", "vbios:no-mapper",      "vbios",        "PROM",                        0         },
    {"AD102", "vbios:wrong-desc",     "vbios",        "PROM",                        0         },
    {"AD102", "vbios:old-signatures", "fwsec-frts",   "no signature for fuse",       0         },
    {"GH100", "gfw-stuck",            "fsp-boot",     "FSP has not booted",          -ETIMEDOUT},
    {"GB202", "gfw-stuck",            "fsp-boot",     "FSP has not booted",          -ETIMEDOUT},
    {"GH100", "fsp-error:7",          "cot",          "error 0x7",                   -EPROTO   },
    {"GH100", "fsp-silent",           "cot",          "does not answer",             -ETIMEDOUT},
    {"GH100", "fsp-truncated",        "cot",          "8 bytes",                     -EBADMSG  },
    {"GH100", "fsp-bad-tag",          "cot",          "tag",                         -EBADMSG  },
    {"GH100", "fmc-error",            "target-mask",  "GSP_FMC_ERROR",               -EPROTO   },
    {"GH100", "target-locked",        "target-mask",  "0xbadf4100",                  -ETIMEDOUT},
    {"GB202", "lockdown-stuck",       "lockdown",     "locked down",                 -ETIMEDOUT},
    {"GH100", "riscv-dead",           "riscv-active", "not active",                  -ETIMEDOUT},
    {"AD102", "sb-error",             "unload",       "FWSEC-SB failed",             -EPROTO   },
    {"AD102", "unload-error",         "unload",       "booter_unload failed",        -EPROTO   },
    {"AD102", "wpr2-stays",           "unload",       "WPR2 is still up",            -EPROTO   },
    {"AD102", "suspend-stuck",        "unload",       "give up its core",            -ETIMEDOUT},
    {"GH100", "suspend-stuck",        "unload",       "give up its core",            -ETIMEDOUT},
};

static void
expect_fault(size_t i)
{
    struct gsp_boot_config config;
    struct gsp_boot *b;
    struct gsp_error err = {0};
    struct rig r;
    int rc;

    assert_true(open_rig(&r, faults[i].chip, "570.144", faults[i].inject));
    config = config_of(&r);
    config.rm.timeout_ns = 150000000;
    assert_int_equal(gsp_boot_create(&config, &b, &err), 0);
    rc = gsp_boot_run(b, NULL, &err);
    if (rc == 0)
        rc = gsp_boot_unload(b, &err);
    if (!strstr(err.text, faults[i].state) || !strstr(err.text, faults[i].words) ||
        (faults[i].rc && rc != faults[i].rc) || rc == 0)
        fail_msg("%s %s: %d, '%s'", faults[i].chip, faults[i].inject, rc, err.text);
    assert_true(err.hint[0] || err.rc == -ETIMEDOUT);
    gsp_boot_destroy(b);
    close_rig(&r);
}

static void
every_fault_is_told_with_its_state_and_register(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        expect_fault(i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_boots_at_four_releases_unloads_and_boots_again),
        cmocka_unit_test(fuse_and_signatures_must_agree),
        cmocka_unit_test(clocks_are_raised_unless_a_key_says_no),
        cmocka_unit_test(gsp_rm_is_told_its_client_before_it_is_asked),
        cmocka_unit_test(a_backend_opened_by_boot_answers_and_unloads_when_closed),
        cmocka_unit_test(a_crash_is_reported_where_the_boot_asked_for_it),
        cmocka_unit_test(the_card_knows_a_page_to_flush_through),
        cmocka_unit_test(memory_that_the_card_cannot_address_is_refused),
        cmocka_unit_test(a_boot_given_up_at_any_state_leaves_a_card_that_boots),
        cmocka_unit_test(every_fault_is_told_with_its_state_and_register),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
