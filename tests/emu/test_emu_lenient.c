/* SPDX-License-Identifier: MIT */
/* The same deviation on a strict card, which refuses it, and on a lenient one, which notes it
 * and goes on; and what a lenient card refuses as well. */
#include "boot_client.h"
#include "test.h"

static bool
noted(const struct raw *r, const char *what, bool accepted)
{
    const char *note;

    for (unsigned i = 0; (note = emu_gpu_note_at(r->gpu, i)); i++)
        if (strstr(note, what) && accepted == !strncmp(note, "accepted: ", 10))
            return true;
    return false;
}

static void
open_card(struct boot *b, const char *chip, bool lenient)
{
    const struct emu_config config = {
        .chip = chip, .abi = raw_abi("570.144"), .lenient = lenient};

    boot_open_with(b, "570.144", &config);
}

static void
expect(struct boot *b, const char *what, bool lenient, bool went_on)
{
    const char *note;

    if (went_on == lenient && noted(&b->raw, what, lenient))
        return;
    for (unsigned i = 0; (note = emu_gpu_note_at(b->raw.gpu, i)); i++)
        print_message("card: %s\n", note);
    fail_msg("%s, %s: %s", what, lenient ? "lenient" : "strict",
             went_on ? "goes on" : "is refused");
}

/* From reset to INIT_DONE */

static void
tags(struct boot *b)
{
    b->bad_tag = 1;
}

static void
secure_bits(struct boot *b)
{
    b->insecure = true;
}

static void
signature(struct boot *b)
{
    b->signature = 1;
}

static void
family(struct boot *b)
{
    b->gsp_family = b->family == BOOT_FSP ? "ad10x" : "gh100";
}

static void
cot_version(struct boot *b)
{
    b->fmc_version = 7;
}

/* hash, signature, key, image: the FMC's sections in their order */
static void
fmc_hash(struct boot *b)
{
    b->file[EMU_SYNTH_FMC].p[64] ^= 1;
}

static void
fmc_signature(struct boot *b)
{
    b->file[EMU_SYNTH_FMC].p[120] ^= 1;
}

static const struct {
    const char *chip, *note;
    void (*make)(struct boot *b);
} ways[] = {
    {"AD102", "tag of an IMEM block",                     tags         },
    {"TU102", "tag of an IMEM block",                     tags         },
    {"AD102", "an IMEM block is not secure",              secure_bits  },
    {"AD102", "the signature is not the fused version's", signature    },
    {"AD102", "the signature is not this family's",       family       },
    {"GH100", "the signature is not this family's",       family       },
    {"GB100", "version 7 of the command",                 cot_version  },
    {"GB202", "the FMC's hash",                           fmc_hash     },
    {"GB202", "the FMC's signature",                      fmc_signature},
};

static void
a_boot_that_deviates_ends_strictly_and_arrives_leniently(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        for (unsigned lenient = 0; lenient < 2; lenient++) {
            struct boot b;

            open_card(&b, ways[i].chip, lenient);
            ways[i].make(&b);
            expect(&b, ways[i].note, lenient, !boot_run(&b) && boot_finish(&b));
            boot_close(&b);
        }
}

/* The WPR meta */

static void
up_to_booter(struct boot *b, bool lenient)
{
    open_card(b, "AD102", lenient);
    assert_true(boot_wait_ready(b));
    b->vram = (uint64_t)boot_rd(b, 0x1183a4) << 20;
    assert_true(boot_read_vbios(b));
    boot_prepare(b);
    assert_int_not_equal(boot_sec2(b, EMU_SYNTH_SCRUBBER, 0), 0xffffffff);
    assert_true(boot_fwsec(b, 0x15));
    assert_true(boot_reset(b, 0x110000));
    boot_select_riscv(b);
    boot_wr(b, 0x110040, (uint32_t)b->raw.args.bus_addr);
    boot_wr(b, 0x110044, (uint32_t)(b->raw.args.bus_addr >> 32));
}

static void
sizes_and_places_in_the_meta_are_noted_leniently(void **state)
{
    static const struct {
        unsigned at;
        uint64_t add;
        const char *note;
    } rows[] = {
        {0x08, 1,                    "revision"                   },
        {0x18, 1,                    "sizeOfRadix3Elf"            },
        {0x30, 4,                    "offsets in the bootloader"  },
        {0x50, (uint64_t)-2048,      "signature's address or size"},
        {0x60, 0x100001,             "heap outside WPR"           },
        {0x80, (uint64_t)-0x6000000, "heap is too small"          },
        {0x88, 0x1000,               "gspFwOffset"                },
        {0x90, 0x10,                 "bootBinOffset"              },
        {0xb0, 0x100000,             "fbSize"                     },
        {0xb8, 0x1000000,            "VGA workspace"              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned lenient = 0; lenient < 2; lenient++) {
            struct boot b;

            up_to_booter(&b, lenient);
            boot_put64(b.meta.cpu, rows[i].at,
                       boot_get64(b.meta.cpu, rows[i].at) + rows[i].add);
            expect(&b, rows[i].note, lenient,
                   boot_sec2(&b, EMU_SYNTH_BOOTER_LOAD, b.meta.bus_addr) == 0 &&
                       boot_riscv_active(&b));
            boot_close(&b);
        }
}

static void
firmware_that_differs_is_noted_once_leniently(void **state)
{
    struct boot b;
    unsigned notes = 0;
    const char *note;

    (void)state;
    up_to_booter(&b, true);
    memset((uint8_t *)b.radix3.cpu + b.radix3.bytes - 4096 * 8, 0x5a, 4096 * 8);
    ((uint8_t *)b.bl.cpu)[100] ^= 1;
    assert_int_equal(boot_sec2(&b, EMU_SYNTH_BOOTER_LOAD, b.meta.bus_addr), 0);
    for (unsigned i = 0; (note = emu_gpu_note_at(b.raw.gpu, i)); i++)
        notes += strstr(note, "the image differs") != NULL;
    assert_int_equal(notes, 1);
    assert_true(noted(&b.raw, "the bootloader differs", true));
    boot_close(&b);
}

/* Nothing sensible can follow: memory that is not there, what is no meta at all. */
static void
what_cannot_be_gone_on_with_is_refused_leniently_too(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct boot b;
        uint64_t meta;

        up_to_booter(&b, true);
        meta = b.meta.bus_addr;
        if (way == 0)
            meta = 0x1000;
        else if (way == 1)
            boot_put64(b.meta.cpu, 0, 1);
        else if (way == 2)
            boot_put64(b.radix3.cpu, 4096 + 8, 0);
        else
            b.raw.bus->ops->config_write(b.raw.bus, 4, 2, 2); /* no bus master */
        assert_int_not_equal(boot_sec2(&b, EMU_SYNTH_BOOTER_LOAD, meta), 0);
        assert_false(boot_riscv_active(&b));
        boot_close(&b);
    }
}

/* The queue */

static void
open_rm(struct raw *r, bool lenient)
{
    const struct emu_config config = {
        .chip = "AD102", .abi = raw_abi("570.144"), .lenient = lenient};

    raw_open_with(r, &config);
    raw_send_system_info(r);
    raw_send_registry(r);
    assert_int_equal(raw_start(r), 0);
    assert_true(raw_answer(r, RAW_EV_INIT_DONE, 0));
}

static void
records_that_deviate_are_answered_leniently(void **state)
{
    /* Offsets in the record: checksum and sequence number of the element, the RPC header. */
    static const struct {
        unsigned at;
        bool seal;
        const char *note;
    } rows[] = {
        {32, false, "bad checksum"                 },
        {36, true,  "sequence number ahead of time"},
        {48, true,  "rpc header_version"           },
        {52, true,  "rpc signature"                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned lenient = 0; lenient < 2; lenient++) {
            struct raw r;
            uint8_t none[4] = {0};
            bool answered;

            open_rm(&r, lenient);
            raw_make(&r, RAW_FN_STATIC_INFO, none, 4);
            r.out[rows[i].at] += 3;
            if (rows[i].seal)
                raw_seal(&r);
            raw_put(&r, 1);
            raw_ring(&r);
            answered = raw_answer(&r, RAW_FN_STATIC_INFO, 0);
            if (answered != lenient || !noted(&r, rows[i].note, lenient))
                fail_msg("%s, %s", rows[i].note, lenient ? "lenient" : "strict");
            raw_close(&r);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_boot_that_deviates_ends_strictly_and_arrives_leniently),
        cmocka_unit_test(sizes_and_places_in_the_meta_are_noted_leniently),
        cmocka_unit_test(firmware_that_differs_is_noted_once_leniently),
        cmocka_unit_test(what_cannot_be_gone_on_with_is_refused_leniently_too),
        cmocka_unit_test(records_that_deviate_are_answered_leniently),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
