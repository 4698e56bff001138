/* SPDX-License-Identifier: MIT */
/* What the card refuses on the way from reset to GSP-RM, and the faults of the boot. */
#include "boot_client.h"
#include "test.h"

static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                    "GH100", "GB100", "GB202"};

static void
notes(const struct boot *b)
{
    const char *note;

    for (unsigned i = 0; (note = emu_gpu_note_at(b->raw.gpu, i)); i++)
        print_message("card: %s\n", note);
}

static void
must_boot(struct boot *b)
{
    const char *step = boot_run(b);

    if (step)
        notes(b);
    assert_null(step);
    if (!boot_finish(b)) {
        notes(b);
        fail_msg("no INIT_DONE");
    }
}

/* Strictness */

static void
ends_at(struct boot *b, const char *what, const char *wanted)
{
    const char *step = boot_run(b);

    if (!step || strcmp(step, wanted) != 0) {
        notes(b);
        fail_msg("%s %s: ends at %s, not at %s", b->chip, what, step ? step : "the end",
                 wanted);
    }
}

static void
ucode_that_is_loaded_wrongly_does_not_run(void **state)
{
    static const char *const old_chips[] = {"TU102", "AD102"};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (unsigned way = 0; way < 5; way++) {
            struct boot b;
            const bool brom = i == 1;
            const char *wanted = brom ? "scrubber" : "wpr2";

            boot_open(&b, "570.144", old_chips[i], NULL);
            b.bad_tag = way == 0;
            b.insecure = way == 1;
            b.no_fbif = way == 2;
            b.no_scrub_wait = way == 3;
            b.signature = way == 4 ? 1 : 0;
            if (!brom && way == 1) /* FWSEC's loader is not secure: booter is */
                wanted = "booter";
            if (!brom && way == 4) { /* one signature: there is no other */
                wanted = "booter";
                b.signature = -1;
            }
            ends_at(&b,
                    way == 0   ? "tag"
                    : way == 1 ? "secure bit"
                    : way == 2 ? "FBIF"
                    : way == 3 ? "scrubbing"
                               : "signature",
                    wanted);
            boot_close(&b);
        }
}

/* Boots up to the point where booter is to run. */
static void
up_to_booter(struct boot *b, const char *chip)
{
    boot_open(b, "570.144", chip, NULL);
    assert_true(boot_wait_ready(b));
    assert_false(boot_wpr2_up(b));
    b->vram = (uint64_t)boot_rd(b, 0x1183a4) << 20;
    assert_true(boot_read_vbios(b));
    boot_prepare(b);
    if (b->family == BOOT_AD10X)
        boot_sec2(b, EMU_SYNTH_SCRUBBER, 0);
    assert_true(boot_fwsec(b, 0x15));
    assert_true(boot_wpr2_up(b));
    assert_true(boot_reset(b, 0x110000));
    boot_select_riscv(b);
    boot_wr(b, 0x110040, (uint32_t)b->raw.args.bus_addr);
    boot_wr(b, 0x110044, (uint32_t)(b->raw.args.bus_addr >> 32));
}

static void
booter_refuses_a_wpr_meta_that_does_not_fit(void **state)
{
    static const struct {
        const char *what;
        unsigned at;
        uint64_t add;
    } rows[] = {
        {"magic",                0x00, 1                   },
        {"revision",             0x08, 1                   },
        {"radix3 address",       0x10, 8                   },
        {"radix3 elsewhere",     0x10, 0x1000              },
        {"image size",           0x18, 1                   },
        {"bootloader address",   0x20, 0x10000000          },
        {"bootloader size",      0x28, 256                 },
        {"code offset",          0x30, 4                   },
        {"data offset",          0x38, 4                   },
        {"manifest offset",      0x40, 4                   },
        {"signature address",    0x48, 0x10000             },
        {"signature size",       0x50, (uint64_t)-2048     },
        {"reserved start",       0x58, 0x1000000           },
        {"heap outside",         0x60, 0x100001            },
        {"its size",             0x68, 0x200000            },
        {"WPR start",            0x70, 0x1000              },
        {"WPR start above heap", 0x70, 0x100000            },
        {"heap alignment",       0x78, 0x1000              },
        {"heap below WPR start", 0x78, (uint64_t)-0x200000 },
        {"heap too large",       0x80, 0x10000000          },
        {"heap too small",       0x80, (uint64_t)-0x6000000},
        {"firmware alignment",   0x88, 0x1000              },
        {"firmware in bootbin",  0x88, 0x100000            },
        {"bootbin alignment",    0x90, 0x10                },
        {"bootbin in FRTS",      0x90, 0x100000            },
        {"FRTS elsewhere",       0x98, 0x20000             },
        {"FRTS size",            0xa0, 0x20000             },
        {"WPR end",              0xa8, 0x20000             },
        {"memory size",          0xb0, 0x100000            },
        {"VGA workspace",        0xb8, 0x1000000           },
        {"VGA workspace size",   0xc0, (uint64_t)-0x20000  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct boot b;

        up_to_booter(&b, i % 2 ? "AD102" : "GA102");
        boot_put64(b.meta.cpu, rows[i].at, boot_get64(b.meta.cpu, rows[i].at) + rows[i].add);
        if (boot_sec2(&b, EMU_SYNTH_BOOTER_LOAD, b.meta.bus_addr) == 0)
            fail_msg("booter accepts: %s", rows[i].what);
        assert_false(boot_riscv_active(&b));
        assert_int_equal(boot_get64(b.meta.cpu, 0xf8), 0);
        boot_close(&b);
    }
}

static void
booter_refuses_firmware_that_differs(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 7; way++) {
        struct boot b;
        uint8_t *p;
        uint64_t meta;

        up_to_booter(&b, "AD102");
        p = b.radix3.cpu;
        meta = b.meta.bus_addr;
        if (way == 0)
            p[b.radix3.bytes - 4096 * 3] ^= 1; /* one bit of the image */
        else if (way == 1)
            boot_put64(p, 2 * 4096 + 17 * 8, 0); /* a page is missing */
        else if (way == 2)
            boot_put64(p, 4096 + 8, 0); /* half of the list is missing */
        else if (way == 3)
            ((uint8_t *)b.sig.cpu)[4095] ^= 0x80;
        else if (way == 4)
            ((uint8_t *)b.bl.cpu)[100] ^= 1;
        else if (way == 5)
            meta = 0x1000; /* no memory */
        else
            boot_wr(&b, 0x111668, 0); /* the core is not switched */
        assert_int_not_equal(boot_sec2(&b, EMU_SYNTH_BOOTER_LOAD, meta), 0);
        assert_false(boot_riscv_active(&b));
        boot_close(&b);
    }
}

static void
the_sound_meta_is_accepted_and_marked(void **state)
{
    struct boot b;

    (void)state;
    up_to_booter(&b, "AD102");
    assert_int_equal(boot_sec2(&b, EMU_SYNTH_BOOTER_LOAD, b.meta.bus_addr), 0);
    assert_true(boot_riscv_active(&b));
    assert_true(boot_get64(b.meta.cpu, 0xf8) == UINT64_C(0xa0a0a0a0a0a0a0a0));
    assert_int_equal(boot_rd(&b, 0x1fa824) >> 4, boot_get64(b.meta.cpu, 0x70) >> 12);
    assert_int_equal(boot_rd(&b, 0x1fa828) >> 4, boot_get64(b.meta.cpu, 0xa8) >> 12);
    boot_close(&b);
}

static void
production_fwsec_does_not_run_on_a_card_for_debugging(void **state)
{
    static const char *const old_chips[] = {"TU102", "GA102"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct emu_config config = {
            .chip = old_chips[i], .abi = raw_abi("570.144"), .debug_fused = true};
        struct boot b;

        boot_open_with(&b, "570.144", &config);
        assert_int_equal(boot_rd(&b, i ? 0x82074c : 0x2174c), 0);
        ends_at(&b, "FWSEC for production", "wpr2");
        boot_close(&b);
    }
}

static void
another_family_s_signature_is_refused(void **state)
{
    static const struct {
        const char *chip, *family, *step;
    } rows[] = {
        {"AD102", "ga10x", "booter"  },
        {"TU102", "tu11x", "booter"  },
        {"GB202", "gh100", "lockdown"}
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct boot b;

        boot_open(&b, "570.144", rows[i].chip, NULL);
        b.gsp_family = rows[i].family;
        ends_at(&b, rows[i].family, rows[i].step);
        boot_close(&b);
    }
}

static void
fsp_refuses_what_is_not_its_fmc(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct boot b;

        boot_open(&b, "570.144", "GB202", NULL);
        if (way == 0) {
            b.fmc_version = 1;
        } else {
            /* The sections come in this order: hash, signature, key, image. */
            const unsigned at = way == 1 ? 64 : way == 2 ? 120 : 220;

            b.file[EMU_SYNTH_FMC].p[at] ^= 1;
        }
        ends_at(&b, "FMC", "fsp");
        boot_close(&b);
    }
}

static void
a_card_that_is_no_bus_master_reaches_no_memory(void **state)
{
    static const char *const steps[] = {"wpr2", "booter", "frts", "scrubber",
                                        "fsp",  "fsp",    "fsp"};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct boot b;

        boot_open(&b, "570.144", chips[i], NULL);
        b.raw.bus->ops->config_write(b.raw.bus, 4, 2, 2);
        ends_at(&b, "bus master", steps[i]);
        boot_close(&b);
    }
}

/* A release's firmware on the card, another one in the client's memory. */
static void
firmware_of_another_release_does_not_boot(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "AD102", NULL);
    for (unsigned k = 0; k < EMU_SYNTH_KINDS; k++) {
        free(b.file[k].p);
        b.file[k].p = NULL;
        emu_synth_file("AD102", "580.126.20", (enum emu_synth_kind)k, &b.file[k].p,
                       &b.file[k].n);
    }
    ends_at(&b, "release", "scrubber");
    boot_close(&b);
}

/* Faults */

static const struct {
    const char *chip, *fault, *step;
} faults[] = {
    {"AD102", "gfw-stuck",           "ready"   },
    {"TU102", "gfw-stuck",           "ready"   },
    {"GH100", "gfw-stuck",           "ready"   },
    {"GB202", "gfw-stuck",           "ready"   },
    {"AD102", "wpr2-up",             "wpr2-up" },
    {"GH100", "wpr2-up",             "wpr2-up" },
    {"AD102", "scrub-stuck",         "scrubber"},
    {"TU102", "scrub-stuck",         "frts"    },
    {"GA102", "dma-stuck",           "frts"    },
    {"TU102", "halt-stuck",          "frts"    },
    {"GA102", "halt-stuck",          "frts"    },
    {"AD102", "fwsec-error:0x11",    "frts"    },
    {"TU102", "fwsec-error",         "frts"    },
    {"AD102", "frts-wrong",          "wpr2"    },
    {"TU102", "frts-missing",        "wpr2"    },
    {"AD102", "scrubber-fails",      "scrubber"},
    {"AD102", "booter-error:0x1f",   "booter"  },
    {"GA100", "booter-error",        "booter"  },
    {"AD102", "riscv-dead",          "riscv"   },
    {"TU102", "riscv-dead",          "riscv"   },
    {"GH100", "riscv-dead",          "riscv"   },
    {"GH100", "fsp-error",           "fsp"     },
    {"GB202", "fsp-silent",          "fsp"     },
    {"GB202", "fsp-truncated",       "fsp"     },
    {"GH100", "fsp-bad-tag",         "fsp"     },
    {"GH100", "fmc-error",           "lockdown"},
    {"GB202", "target-locked",       "lockdown"},
    {"GB202", "lockdown-stuck",      "lockdown"},
    {"AD102", "vbios:no-bit",        "vbios"   },
    {"AD102", "vbios:no-fwsec",      "vbios"   },
    {"TU102", "vbios:bad-signature", "vbios"   },
    {"GA102", "vbios:table-outside", "vbios"   },
};

static void
boot_faults_stop_the_boot_until_a_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct boot b, again;

        boot_open(&b, "570.144", faults[i].chip, faults[i].fault);
        ends_at(&b, faults[i].fault, faults[i].step);
        assert_int_equal(b.raw.bus->ops->reset(b.raw.bus), 0);
        b.raw.bus->ops->config_write(b.raw.bus, 4, 2, 6);
        again = b; /* the same card; what lies in memory is made anew */
        memset(&again.radix3, 0, sizeof(again.radix3));
        memset(&again.sig, 0, sizeof(again.sig));
        memset(&again.bl, 0, sizeof(again.bl));
        memset(&again.meta, 0, sizeof(again.meta));
        again.rom = (struct boot_file){0};
        must_boot(&again);
        free(again.rom.p);
        boot_close(&b);
    }
}

static void
unload_faults_show(void **state)
{
    static const struct {
        const char *chip, *fault, *step;
    } rows[] = {
        {"AD102", "sb-error",      "sb"           },
        {"TU102", "sb-error",      "sb"           },
        {"AD102", "unload-error",  "booter-unload"},
        {"GA100", "wpr2-stays",    "wpr2"         },
        {"GH100", "wpr2-stays",    "wpr2"         },
        {"AD102", "suspend-stuck", "suspend"      },
        {"GH100", "suspend-stuck", "halt"         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct boot b;
        const char *step;

        boot_open(&b, "570.144", rows[i].chip, rows[i].fault);
        must_boot(&b);
        step = boot_unload(&b);
        assert_non_null(step);
        assert_string_equal(step, rows[i].step);
        boot_close(&b);
    }
}

/* Memory */

struct failing {
    long left;
    bool armed, hit;
};

/* Whole pages are the client's DMA memory, which it needs; everything else is the card's. */
static void *
fail_once(void *ctx, void *old, size_t bytes)
{
    struct failing *f = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    if (f->armed && bytes % 4096 && !f->hit && f->left-- == 0) {
        f->hit = true;
        return NULL;
    }
    return realloc(old, bytes);
}

/* The list of DMA blocks gets all the room that it will need. */
static void
make_room(struct boot *b)
{
    const struct gsp_bus_ops *ops = b->raw.bus->ops;
    struct gsp_dma blocks[32];

    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(ops->dma_alloc(b->raw.bus, 4096, &blocks[i]), 0);
    for (unsigned i = 0; i < 32; i++)
        ops->dma_free(b->raw.bus, &blocks[i]);
}

/* The boot may fail then, and nothing else happens. */
static void
a_card_that_runs_out_of_memory_refuses(void **state)
{
    static const char *const three[] = {"TU102", "AD102", "GH100"};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (long n = 0;; n++) {
            struct failing f = {.left = n};
            const struct emu_config config = {.chip = three[i],
                                              .abi = raw_abi("570.144"),
                                              .realloc = fail_once,
                                              .realloc_ctx = &f};
            struct boot b;
            const char *step;

            boot_open_with(&b, "570.144", &config);
            make_room(&b);
            f.armed = true;
            step = boot_run(&b);
            f.armed = false;
            if (!f.hit) {
                assert_null(step);
                assert_true(n > 5);
                boot_close(&b);
                break;
            }
            boot_close(&b);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ucode_that_is_loaded_wrongly_does_not_run),
        cmocka_unit_test(booter_refuses_a_wpr_meta_that_does_not_fit),
        cmocka_unit_test(booter_refuses_firmware_that_differs),
        cmocka_unit_test(the_sound_meta_is_accepted_and_marked),
        cmocka_unit_test(production_fwsec_does_not_run_on_a_card_for_debugging),
        cmocka_unit_test(another_family_s_signature_is_refused),
        cmocka_unit_test(fsp_refuses_what_is_not_its_fmc),
        cmocka_unit_test(a_card_that_is_no_bus_master_reaches_no_memory),
        cmocka_unit_test(firmware_of_another_release_does_not_boot),
        cmocka_unit_test(boot_faults_stop_the_boot_until_a_reset),
        cmocka_unit_test(unload_faults_show),
        cmocka_unit_test(a_card_that_runs_out_of_memory_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
