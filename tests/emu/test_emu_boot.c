/* SPDX-License-Identifier: MIT */
/* The card from reset to GSP_INIT_DONE and back, through its registers alone. */
#include "boot_client.h"
#include "test.h"

static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102", "GH100", "GB202"};

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

static void
every_chip_boots_and_unloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct boot b;
        const char *step;

        boot_open(&b, "570.144", chips[i], NULL);
        must_boot(&b);
        assert_int_equal(b.steps, b.family != BOOT_FSP);
        assert_int_equal(b.lockdown_notices, b.family == BOOT_FSP ? 2 : 0);
        step = boot_unload(&b);
        if (step) {
            notes(&b);
            fail_msg("%s: unload fails at %s", chips[i], step);
        }
        boot_close(&b);
    }
}

static void
every_release_boots_on_every_chip_that_it_knows(void **state)
{
    static const char *const releases[] = {"535.113.01", "580.126.20", "595.45.04"};

    (void)state;
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < 6; i++) {
            struct boot b;

            if (r == 0 && i == 5) /* Blackwell is younger */
                continue;
            boot_open(&b, releases[r], chips[i], NULL);
            must_boot(&b);
            assert_int_equal(b.steps, b.family != BOOT_FSP);
            assert_null(boot_unload(&b));
            boot_close(&b);
        }
}

/* Strictness
 * ------------------------------------------------------------------------------------------------------------------
 */

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
    static const char *const steps[] = {"wpr2", "booter", "frts", "scrubber", "fsp", "fsp"};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
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

/* Faults
 * ------------------------------------------------------------------------------------------------------------------
 */

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

static void
a_card_boots_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct boot b, again;

        boot_open(&b, "570.144", chips[i], NULL);
        must_boot(&b);
        assert_null(boot_unload(&b));
        boot_open(&again, "570.144", chips[i], NULL);
        boot_close(&again);
        b.raw.tx_seq = b.raw.rx_seq = 0;
        memset(b.raw.cmd + 16, 0, 4);
        memset(b.raw.cmd + 32, 0, 4);
        memset(b.raw.stat, 0, RAW_QUEUE_BYTES);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.radix3);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.sig);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.bl);
        b.raw.bus->ops->dma_free(b.raw.bus, &b.meta);
        if (b.fmc.cpu) {
            b.raw.bus->ops->dma_free(b.raw.bus, &b.fmc);
            b.raw.bus->ops->dma_free(b.raw.bus, &b.params);
        }
        must_boot(&b);
        boot_close(&b);
    }
}

/* A crash leaves a report: DEBUGINFO, scratch group B, and packets in DMEM. */
static void
a_crash_leaves_a_report(void **state)
{
    struct boot b;
    uint32_t l1, put, word[4];

    (void)state;
    boot_open(&b, "570.144", "AD102", "fn:GET_GSP_STATIC_INFO=crash");
    must_boot(&b);
    assert_int_equal(boot_rd(&b, 0x110094), 0);
    raw_send(&b.raw, RAW_FN_STATIC_INFO, NULL, 0);
    assert_int_equal(boot_rd(&b, 0x110008) & 0x10, 0x10);
    assert_false(boot_riscv_active(&b));
    assert_int_equal(boot_rd(&b, 0x110094), 0xdead | 1 << 16 | 2 << 20);
    l1 = boot_rd(&b, 0x110300);
    put = boot_rd(&b, 0x110308);
    assert_int_equal(l1 & 7, 2);      /* DMEM */
    assert_int_equal(l1 >> 3 & 3, 1); /* in KiB */
    assert_int_equal(boot_rd(&b, 0x11030c), 0);
    assert_in_range(put, 64, ((l1 >> 6 & 0xf) + 1) * 1024);
    boot_wr(&b, 0x1101c0, (l1 >> 10) * 1024 | 1u << 25);
    for (unsigned i = 0; i < 4; i++)
        word[i] = boot_rd(&b, 0x1101c4);
    assert_int_equal(word[0], 0xdead | 1 << 16 | 6 << 22);
    assert_int_equal(word[1], 0); /* a report */
    assert_memory_equal(&word[2], "1.3SOBIL", 8);
    boot_close(&b);
}

/* Registers
 * ------------------------------------------------------------------------------------------------------------------
 */

static void
interrupts_follow_the_tree(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "AD102", NULL);
    must_boot(&b);
    boot_wr(&b, 0xb81200 + 5 * 4, 1);
    boot_wr(&b, 0xb81608, 0xffffffff);
    assert_int_equal(boot_rd(&b, 0x110008) & 0x40, 0x40);
    assert_int_equal(boot_rd(&b, 0xb81600), 1 << 2); /* leaf 5 is in the third subtree */
    boot_wr(&b, 0xb81610, 0xffffffff);
    assert_int_equal(boot_rd(&b, 0xb81608), 0);
    assert_int_equal(boot_rd(&b, 0xb81014), 1);
    boot_wr(&b, 0x110004, 0x40);
    boot_wr(&b, 0xb81014, 1);
    boot_wr(&b, 0x1103e8, 1);
    assert_int_equal(boot_rd(&b, 0xb81014), 0);
    assert_int_equal(boot_rd(&b, 0xb81600), 0);
    boot_wr(&b, 0xb81640, 35); /* raised by software */
    assert_int_equal(boot_rd(&b, 0xb81004), 1 << 3);
    assert_int_equal(boot_rd(&b, 0xb81600), 0); /* not enabled */
    boot_wr(&b, 0xb81204, 8);
    assert_int_equal(boot_rd(&b, 0xb81600), 1);
    boot_close(&b);
}

static void
pramin_and_bar1_show_the_same_memory(void **state)
{
    static const struct {
        const char *chip;
        uint32_t window;
    } rows[] = {
        {"TU102", 0x1700  },
        {"AD102", 0x1700  },
        {"GB202", 0x10fd40}
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct boot b;

        boot_open(&b, "570.144", rows[i].chip, NULL);
        boot_wr(&b, rows[i].window, 0x1234000 >> 16);
        boot_wr(&b, 0x700000 + 0x4010, 0xcafe0000 + (uint32_t)i);
        assert_int_equal(b.raw.bus->ops->rd32(b.raw.bus, 1, 0x1234010),
                         0xcafe0000 + (uint32_t)i);
        b.raw.bus->ops->wr32(b.raw.bus, 1, 0x1230000, 77);
        assert_int_equal(boot_rd(&b, 0x700000), 77);
        boot_wr(&b, rows[i].window, 0xffffff);
        assert_int_equal(boot_rd(&b, 0x7ffffc) >> 16, 0xbadf);
        boot_wr(&b, 0xb830b0, 0x80000043);
        assert_int_equal(boot_rd(&b, 0xb830b0) >> 31, 0);
        boot_close(&b);
    }
}

/* Eight bytes into memory through PRAMIN. */
static void
poke(struct boot *b, uint64_t addr, uint64_t value)
{
    boot_wr(b, b->family == BOOT_FSP ? 0x10fd40 : 0x1700, (uint32_t)(addr >> 16));
    boot_wr(b, 0x700000 + (addr & 0xffff), (uint32_t)value);
    boot_wr(b, 0x700004 + (addr & 0xffff), (uint32_t)(value >> 32));
}

/*
 * Page tables by hand: instance block at 16 MiB, directories behind it, one page each. Version
 * 2 keeps an address in bits 8 and up (in 4 KiB), version 3 in place.
 */
static void
bar1_walks_page_tables(void **state)
{
    static const char *const names[] = {"TU102", "AD102", "GH100", "GB202"};
    const uint64_t base = 16 << 20, page = 0x2345000, big = 0x2560000, huge = 0x4000000;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct boot b;
        const bool v3 = i >= 2;
        const unsigned shift = v3 ? 0 : 4; /* from an address to its place in an entry */
        const struct gsp_bus_ops *ops;
        struct gsp_dma sysmem;
        uint64_t at = base + 0x1000;

        boot_open(&b, "570.144", names[i], NULL);
        ops = b.raw.bus->ops;
        assert_int_equal(ops->dma_alloc(b.raw.bus, 4096, &sysmem), 0);
        memcpy(sysmem.cpu, "memory!", 8);
        poke(&b, base + 0x200, at);
        for (unsigned level = 0; level < (v3 ? 4u : 3u); level++, at += 0x1000)
            poke(&b, at, (at + 0x1000) >> shift | 1 << 1);
        /* First dual entry: big pages at +0x1000, small ones at +0x2000. Big tables are counted
         * in 256 bytes: four bits lower. The second is a page of 2 MiB. */
        poke(&b, at, (v3 ? at + 0x1000 : (at + 0x1000) >> 4) | 1 << 1);
        poke(&b, at + 8, (at + 0x2000) >> shift | 1 << 1);
        poke(&b, at + 16, huge >> shift | 1);
        poke(&b, at + 0x1000 + 8, big >> shift | 1);
        poke(&b, at + 0x2000, page >> shift | 1);
        poke(&b, at + 0x2000 + 8, sysmem.bus_addr >> shift | 2 << 1 | 1);
        poke(&b, at + 0x2000 + 16, page >> shift | (v3 ? 0 : 1 << 6) | 1);
        if (v3)
            boot_wr(&b, 0xb80f60, (uint32_t)base | 1 << 9);
        else
            boot_wr(&b, 0x1704, (uint32_t)(base >> 12) | 1u << 31);
        ops->wr32(b.raw.bus, 1, 0x10, 0x1111);     /* 4 KiB page */
        ops->wr32(b.raw.bus, 1, 0x10020, 0x2222);  /* 64 KiB page */
        ops->wr32(b.raw.bus, 1, 0x230000, 0x3333); /* 2 MiB page */
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x1000), 0x6f6d656d);
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x10), 0x1111);
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x3000) >> 16, 0xbadf);
        assert_int_equal(ops->rd32(b.raw.bus, 1, 0x600000) >> 16, 0xbadf);
        if (!v3) {
            ops->wr32(b.raw.bus, 1, 0x2010, 5); /* read-only */
            assert_int_equal(ops->rd32(b.raw.bus, 1, 0x2010), 0x1111);
        }
        boot_wr(&b, v3 ? 0xb80f60 : 0x1704, 0); /* physical again */
        assert_int_equal(ops->rd32(b.raw.bus, 1, page + 0x10), 0x1111);
        assert_int_equal(ops->rd32(b.raw.bus, 1, big + 0x20), 0x2222);
        assert_int_equal(ops->rd32(b.raw.bus, 1, huge + 0x30000), 0x3333);
        ops->dma_free(b.raw.bus, &sysmem);
        boot_close(&b);
    }
}

static void
wpr2_is_not_for_pramin(void **state)
{
    struct boot b;

    (void)state;
    boot_open(&b, "570.144", "AD102", NULL);
    must_boot(&b);
    boot_wr(&b, 0x1700, (boot_rd(&b, 0x1fa824) >> 4) >> 4);
    boot_wr(&b, 0x700000 + 0x10000, 5);
    assert_int_equal(boot_rd(&b, 0x700000 + 0x10000) >> 16, 0xbadf);
    boot_close(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_boots_and_unloads),
        cmocka_unit_test(every_release_boots_on_every_chip_that_it_knows),
        cmocka_unit_test(ucode_that_is_loaded_wrongly_does_not_run),
        cmocka_unit_test(booter_refuses_a_wpr_meta_that_does_not_fit),
        cmocka_unit_test(booter_refuses_firmware_that_differs),
        cmocka_unit_test(the_sound_meta_is_accepted_and_marked),
        cmocka_unit_test(another_family_s_signature_is_refused),
        cmocka_unit_test(fsp_refuses_what_is_not_its_fmc),
        cmocka_unit_test(a_card_that_is_no_bus_master_reaches_no_memory),
        cmocka_unit_test(firmware_of_another_release_does_not_boot),
        cmocka_unit_test(boot_faults_stop_the_boot_until_a_reset),
        cmocka_unit_test(unload_faults_show),
        cmocka_unit_test(a_card_boots_twice),
        cmocka_unit_test(a_crash_leaves_a_report),
        cmocka_unit_test(interrupts_follow_the_tree),
        cmocka_unit_test(pramin_and_bar1_show_the_same_memory),
        cmocka_unit_test(bar1_walks_page_tables),
        cmocka_unit_test(wpr2_is_not_for_pramin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
