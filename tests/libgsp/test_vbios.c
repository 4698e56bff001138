/* SPDX-License-Identifier: MIT */
/*
 * ROMs: a synthetic one of each form is followed from its first byte to FWSEC's DMEM; one-word
 * changes are refused with offset and reason.
 */
#include <errno.h>

#include "test.h"

#include <gsp/vbios.h>

#include "fw_make.h"

static struct gsp_fw_source
source(const struct fw_buf *b)
{
    return (struct gsp_fw_source){"rom", b->data, b->bytes, 0};
}

static const struct fw_rom v3 = {.desc_version = 3};
static const struct fw_rom v2 = {.desc_version = 2};

/* Where the extension image and FWSEC's descriptor stand without IFR. */
enum { EXT = FW_ROM_BASE + FW_ROM_EFI, TABLE = EXT + FW_ROM_TABLE, DESC = EXT + FW_ROM_DESC };
enum { DMEM3 = DESC + 44 + 768 + FW_ROM_IMEM, DMEM2 = DESC + 60 + FW_ROM_IMEM };

static void
rom_of_every_ifr_version_leads_to_the_same_tables(void **state)
{
    (void)state;
    for (unsigned ifr = 0; ifr < 4; ifr++) {
        const struct fw_rom knobs = {.ifr = ifr, .desc_version = 3, .long_tokens = ifr & 1};
        struct fw_buf b = fw_make_rom(&knobs);
        struct gsp_fw_source src = source(&b);
        struct gsp_vbios v;

        assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
        assert_int_equal(v.ifr_version, ifr);
        assert_int_equal(v.image_count, 3);
        assert_int_equal(v.images[1].code_type, GSP_VBIOS_CODE_EFI);
        assert_string_equal(v.images[2].signature, "NPDS");
        assert_int_equal(v.rom.off + v.rom.bytes, b.bytes);
        assert_int_equal(v.expansion_off, FW_ROM_EFI);
        assert_int_equal(v.bit_off, FW_ROM_BIT);
        assert_int_equal(v.token_count, 3);
        assert_string_equal(v.version, "95.02.18.80.01");
        assert_string_equal(gsp_vbios_token_name(v.tokens[1].id), "BIOSDATA");
        assert_string_equal(gsp_vbios_token_name(v.tokens[2].id), "FALCON_DATA");
        assert_string_equal(gsp_vbios_token_name(0xff), "");
        assert_int_equal(v.ucode_count, 2);
        assert_int_equal(v.ucodes[1].app_id, GSP_FWSEC_APP_PROD);
        assert_false(v.truncated);
        fw_buf_free(&b);
    }
}

static void
fwsec_of_descriptor_3_has_all_that_the_boot_rom_needs(void **state)
{
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_fw_source src = source(&b);
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, false, &f, NULL), 0);
    assert_int_equal(f.desc_version, 3);
    assert_int_equal(f.imem.bytes, FW_ROM_IMEM);
    assert_int_equal(f.imem.data[0], 0xc0);
    assert_int_equal(f.dmem.off, DMEM3);
    assert_int_equal(f.pkc_data_off, FW_ROM_PKC);
    assert_int_equal(f.engine_id_mask, 0x400);
    assert_int_equal(f.ucode_id, 9);
    assert_int_equal(f.signature_count, 2);
    assert_int_equal(f.interface_off, FW_ROM_INTERFACE);
    assert_int_equal(f.mapper.off, FW_ROM_MAPPER);
    assert_string_equal(f.mapper.signature, "DMAP");
    assert_int_equal(f.mapper.cmd_in_off, FW_ROM_COMMAND);
    assert_int_equal(f.mapper.cmd_in_bytes, 0x40);
    assert_int_equal(f.mapper.init_cmd_off, FW_ROM_MAPPER + 44);
    fw_buf_free(&b);
}

static void
fwsec_of_descriptor_2_splits_code_into_open_and_secure(void **state)
{
    struct fw_buf b = fw_make_rom(&v2);
    struct gsp_fw_source src = source(&b);
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, false, &f, NULL), 0);
    assert_int_equal(f.desc_version, 2);
    assert_int_equal(f.imem.bytes, FW_ROM_IMEM);
    assert_int_equal(f.imem_ns_bytes, 0x100);
    assert_int_equal(f.imem_sec_off, 0x100);
    assert_int_equal(f.imem_sec_bytes, 0x300);
    assert_int_equal(f.dmem.off, DMEM2);
    fw_buf_free(&b);
}

static void
missing_debug_fwsec_is_said_so(void **state)
{
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_fw_source src = source(&b);
    struct gsp_error err;
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, true, &f, &err), -ENOENT);
    assert_non_null(strstr(err.text, "no debug-signed FWSEC"));
    b.data[TABLE + 12] = GSP_FWSEC_APP_LEGACY; /* serves both */
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, true, &f, NULL), 0);
    fw_buf_free(&b);
}

static void
fuse_register_becomes_a_version(void **state)
{
    (void)state;
    assert_int_equal(gsp_fwsec_fuse_version(0), 0);
    assert_int_equal(gsp_fwsec_fuse_version(1), 1);
    assert_int_equal(gsp_fwsec_fuse_version(3), 2);
    assert_int_equal(gsp_fwsec_fuse_version(0x80000000), 32);
}

static void
fused_version_counts_the_signatures_below_it(void **state)
{
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_slice s;
    struct gsp_error err;
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, false, &f, NULL), 0);
    assert_int_equal(gsp_fwsec_signature(&f, 1, &s, NULL), 0);
    assert_int_equal(s.data[0], 0xa1);
    assert_int_equal(gsp_fwsec_signature(&f, 2, &s, NULL), 0);
    assert_int_equal(s.data[0], 0xa2);
    assert_int_equal(gsp_fwsec_signature(&f, 0, &s, &err), -ERANGE);
    assert_non_null(strstr(err.text, "fuse version 0"));
    assert_int_equal(gsp_fwsec_signature(&f, 32, &s, &err), -ERANGE);
    fw_buf_free(&b);
}

static uint32_t
word(const uint8_t *p)
{
    return (uint32_t)(p[0] | p[1] << 8 | p[2] << 16) | (uint32_t)p[3] << 24;
}

static void
frts_command_and_signature_land_in_dmem(void **state)
{
    static const uint32_t want[] = {1, 24, 0, 0, 0, 2, 1, 20, 0xffe00, 0x100, 2};
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_fw_source src = source(&b);
    uint8_t dmem[FW_ROM_DMEM];
    struct gsp_fw_slice s;
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, false, &f, NULL), 0);
    assert_int_equal(gsp_fwsec_signature(&f, 2, &s, NULL), 0);
    assert_int_equal(gsp_fwsec_dmem(&f, GSP_FWSEC_FRTS, 0xffe00000, &s, dmem, NULL), 0);
    assert_int_equal(word(dmem + FW_ROM_MAPPER + 44), 0x15);
    for (unsigned i = 0; i < 11; i++)
        assert_int_equal(word(dmem + FW_ROM_COMMAND + 4 * i), want[i]);
    for (unsigned i = 0; i < 384; i++)
        assert_int_equal(dmem[FW_ROM_PKC + i], 0xa2);
    assert_int_equal(dmem[FW_ROM_COMMAND + 44], 0xd0);
    assert_int_equal(dmem[FW_ROM_PKC + 384], 0xd0);
    assert_int_equal(b.data[DMEM3 + FW_ROM_PKC], 0xd0); /* the ROM stays as it was */
    assert_int_equal(gsp_fwsec_dmem(&f, GSP_FWSEC_SB, 0, &s, dmem, NULL), 0);
    assert_int_equal(word(dmem + FW_ROM_MAPPER + 44), 0x19);
    assert_int_equal(dmem[FW_ROM_COMMAND + 24], 0xd0);
    fw_buf_free(&b);
}

static void
impossible_commands_are_refused(void **state)
{
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_fw_source src = source(&b);
    uint8_t dmem[FW_ROM_DMEM];
    struct gsp_fw_slice s;
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_int_equal(gsp_vbios_fwsec(&v, false, &f, NULL), 0);
    assert_int_equal(gsp_fwsec_signature(&f, 1, &s, NULL), 0);
    assert_int_equal(gsp_fwsec_dmem(&f, 7, 0x1000, &s, dmem, NULL), -EINVAL);
    assert_int_equal(gsp_fwsec_dmem(&f, GSP_FWSEC_FRTS, 0, &s, dmem, NULL), -EINVAL);
    assert_int_equal(gsp_fwsec_dmem(&f, GSP_FWSEC_FRTS, 0x1001, &s, dmem, NULL), -EINVAL);
    assert_int_equal(gsp_fwsec_dmem(&f, GSP_FWSEC_FRTS, 0x1000, NULL, dmem, NULL), -EINVAL);
    f.mapper.cmd_in_bytes = 43;
    assert_int_equal(gsp_fwsec_dmem(&f, GSP_FWSEC_FRTS, 0x1000, &s, dmem, NULL), -EBADMSG);
    fw_buf_free(&b);
}

static void
rom_that_is_cut_behind_the_base_image_still_lists_it(void **state)
{
    const struct fw_rom knobs = {.no_extension = 1};
    struct fw_buf b = fw_make_rom(&knobs);
    struct gsp_fw_source src = source(&b);
    struct gsp_error err;
    struct gsp_vbios v;
    struct gsp_fwsec f;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    assert_true(v.truncated);
    assert_string_equal(v.version, "95.02.18.80.01");
    assert_int_equal(gsp_vbios_fwsec(&v, false, &f, &err), -ENOENT);
    assert_non_null(strstr(err.text, "cut before its extension"));
    fw_buf_free(&b);
}

static void
bit_needs_its_checksum(void **state)
{
    const struct fw_rom bad = {.desc_version = 3, .bad_bit_sum = 1};
    const struct fw_rom none = {.desc_version = 3, .no_bit = 1};
    const struct fw_rom *const roms[] = {&bad, &none};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fw_buf b = fw_make_rom(roms[i]);
        struct gsp_fw_source src = source(&b);
        struct gsp_vbios v;

        assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
        assert_false(v.has_bit);
        assert_int_equal(v.token_count, 0);
        fw_buf_free(&b);
    }
}

/* One word changed, and what the refusal of the ROM or of its FWSEC has to say. */
struct variant {
    const struct fw_rom *rom;
    size_t off;
    uint64_t value;
    unsigned bytes;
    const char *says;
};

static const struct fw_rom ifr1 = {.ifr = 1, .desc_version = 3};
static const struct fw_rom ifr3 = {.ifr = 3, .desc_version = 3};

static void
broken_roms_are_refused(void **state)
{
    enum { BIT = FW_ROM_BIT, PCIR = 0x20, NPDE = 0x40 };
    static const struct variant rows[] = {
        {&v3,   0,                             0x1234,                    2, "neither a PCI expansion ROM nor an IFR header"},
        {&ifr1, 4,                             9 << 8,                    4, "IFR version 9"                                },
        {&ifr1, 6,                             0x7fff,                    2, "IFR data of 0x4 bytes"                        },
        {&ifr1, 0x104,                         0x402,                     4, "not 4-byte aligned"                           },
        {&ifr1, 0x104,                         0x600,                     4, "no ROM signature"                             },
        {&ifr1, 0x104,                         0x7ffffff0,                4, "ROM signature of 0x2 bytes"                   },
        {&ifr3, 8,                             0xfffff,                   4, "flash status of 0x4 bytes"                    },
        {&ifr3, 0x200,                         0xffffffff,                4, "ROM directory of 0x4 bytes"                   },
        {&ifr3, 0x2000,                        0,                         4, "no ROM directory"                             },
        {&v3,   0x18,                          0xffff,                    2, "PCI data structure of 0x18 bytes"             },
        {&v3,   PCIR,                          0,                         1, "no PCI data structure"                        },
        {&v3,   NPDE + 8,                      0xffff,                    2, "image of 0x1fffe00 bytes"                     },
        {&v3,   NPDE + 8,                      0,                         2, "an image of no length"                        },
        {&v3,   NPDE + 8,                      1,                         2, "no PCI data structure"                        },
        {&v3,   BIT + 12 + 6 + 4,              0xffff,                    2, "BIOS data at +0xffff"                         },
        {&v3,   BIT + 12 + 12 + 4,             0xffff,                    2, "falcon data at +0xffff"                       },
        {&v3,   0x310,                         0xffffffff,                4, "ucode table header at"                        },
        {&v3,   TABLE,                         2,                         1, "ucode table version 2"                        },
        {&v3,   TABLE + 1,                     5,                         1, "header 5"                                     },
        {&v3,   TABLE + 2,                     5,                         1, "rows 5 bytes"                                 },
        {&v3,   TABLE + 14,                    0xfffffff0,                4, "FWSEC descriptor at"                          },
        {&v3,   DESC,                          0x032c0400 | 1,            4, "version 4 of 812 bytes"                       },
        {&v3,   DESC,                          0x032c0300,                4, "version 0"                                    },
        {&v3,   DESC,                          40u << 16 | 0x301,         4, "version 3 of 40 bytes"                        },
        {&v3,   DESC,                          0xffff0301,                4, "FWSEC descriptor at"                          },
        {&v3,   DESC,                          (44u + 383) << 16 | 0x301, 4, "FWSEC signatures at"                          },
        {&v3,   DESC + 4,                      0x400,                     4, "exceed the stored 0x400 bytes"                },
        {&v3,   DESC + 8,                      0x300,                     4, "the signature goes to 0x300"                  },
        {&v3,   DESC + 8,                      0xffffffff,                4, "the signature goes to 0xffffffff"             },
        {&v3,   DESC + 12,                     0x3ff,                     4, "application interface at +0x3ff"              },
        {&v3,   DESC + 20,                     0xffffffff,                4, "exceed the stored"                            },
        {&v3,   DESC + 39,                     3,                         1, "FWSEC signatures at"                          },
        {&v3,   DESC + 39,                     0,                         1, "0 signatures for the versions 0x0006"         },
        {&v3,   DESC + 40,                     0x7,                       2, "2 signatures for the versions 0x0007"         },
        {&v3,   DMEM3 + FW_ROM_INTERFACE + 1,  3,                         1, "header 3 bytes"                               },
        {&v3,   DMEM3 + FW_ROM_INTERFACE + 2,  7,                         1, "2 rows of 7"                                  },
        {&v3,   DMEM3 + FW_ROM_INTERFACE + 3,  1,                         1, "1 rows of 8"                                  },
        {&v3,   DMEM3 + FW_ROM_INTERFACE + 3,  255,                       1, "application interface at"                     },
        {&v3,   DMEM3 + FW_ROM_INTERFACE + 12, 5,                         4, "no DMEM mapper among 2"                       },
        {&v3,   DMEM3 + FW_ROM_INTERFACE + 16, 0x3c1,                     4, "DMEM mapper at +0x3c1"                        },
        {&v3,   DMEM3 + FW_ROM_MAPPER + 8,     0x3f0,                     4, "command buffer at +0x3f0"                     },
        {&v3,   DMEM3 + FW_ROM_MAPPER + 12,    0xffffffff,                4, "command buffer at"                            },
        {&v2,   DESC + 20,                     0x100,                     4, "code loads at 0x100"                          },
        {&v2,   DESC + 24,                     0xffffffff,                4, "FWSEC code at"                                },
        {&v2,   DESC + 28,                     0x200,                     4, "secure code 0x100"                            },
        {&v2,   DESC + 36,                     0x500,                     4, "does not fit code"                            },
        {&v2,   DESC + 40,                     0xfffffff0,                4, "FWSEC data at"                                },
        {&v2,   DESC + 44,                     0x200,                     4, "data loads at 0x200"                          },
        {&v2,   DESC + 48,                     0x10000,                   4, "FWSEC data at"                                },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_buf b = fw_make_rom(rows[i].rom);
        struct gsp_fw_source src = source(&b);
        struct gsp_error err = {0};
        struct gsp_vbios v;
        struct gsp_fwsec f;
        int rc;

        fw_poke(&b, rows[i].off, rows[i].value, rows[i].bytes);
        rc = gsp_vbios_open(&src, &v, &err);
        if (rc == 0)
            rc = gsp_vbios_fwsec(&v, false, &f, &err);
        if (rc != -EBADMSG || !strstr(err.text, rows[i].says))
            print_error("row %u: wanted '%s', got %d '%s'\n", i, rows[i].says, rc, err.text);
        assert_int_equal(rc, -EBADMSG);
        assert_non_null(strstr(err.text, rows[i].says));
        assert_ptr_equal(strstr(err.text, "rom: at 0x"), err.text);
        fw_buf_free(&b);
    }
}

static void
rom_that_goes_on_into_nothing_is_refused(void **state)
{
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_error err;
    struct gsp_fw_source src;
    struct gsp_vbios v;

    (void)state;
    fw_poke(&b, EXT + 0x20 + 0x15, 0, 1); /* more follows, and a byte does */
    fw_put8(&b, 0);
    src = source(&b);
    assert_int_equal(gsp_vbios_open(&src, &v, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "image header of 0x1a bytes ends past the end"));
    fw_buf_free(&b);
}

static void
endless_chain_of_images_is_refused(void **state)
{
    struct fw_buf one = fw_make_rom(&(struct fw_rom){.no_extension = 1}), b = {0};
    struct gsp_error err;
    struct gsp_fw_source src;
    struct gsp_vbios v;

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        fw_put(&b, one.data, one.bytes);
    src = source(&b);
    assert_int_equal(gsp_vbios_open(&src, &v, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "more than 16 images"));
    fw_buf_free(&one);
    fw_buf_free(&b);
}

static void
no_prefix_of_a_rom_gives_fwsec(void **state)
{
    struct fw_buf b = fw_make_rom(&(struct fw_rom){.ifr = 1, .desc_version = 3});

    (void)state;
    for (size_t bytes = 0; bytes < b.bytes; bytes += bytes % 512 < 300 ? 7 : 1) {
        uint8_t *exact = malloc(bytes ? bytes : 1);
        struct gsp_fw_source src = {"rom", exact, bytes, 0};
        struct gsp_vbios v;
        struct gsp_fwsec f;

        memcpy(exact, b.data, bytes);
        if (gsp_vbios_open(&src, &v, NULL) == 0)
            assert_int_not_equal(gsp_vbios_fwsec(&v, false, &f, NULL), 0);
        free(exact);
    }
    fw_buf_free(&b);
}

static void
sound_rom_passes_every_check(void **state)
{
    struct fw_buf b = fw_make_rom(&v3);
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
    struct gsp_vbios v;
    unsigned count;

    (void)state;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    count = gsp_vbios_verify(&v, checks, GSP_FW_CHECKS_MAX);
    assert_in_range(count, 10, GSP_FW_CHECKS_MAX);
    for (unsigned i = 0; i < count; i++) {
        if (!checks[i].ok)
            print_error("%s: %s\n", checks[i].what, checks[i].detail);
        assert_true(checks[i].ok);
    }
    assert_int_equal(gsp_vbios_verify(&v, checks, 3), 3);
    b.data[0x350] ^= 1;
    assert_int_equal(gsp_vbios_open(&src, &v, NULL), 0);
    gsp_vbios_verify(&v, checks, 1);
    assert_string_equal(checks[0].what, "checksum");
    assert_false(checks[0].ok);
    fw_buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rom_of_every_ifr_version_leads_to_the_same_tables),
        cmocka_unit_test(fwsec_of_descriptor_3_has_all_that_the_boot_rom_needs),
        cmocka_unit_test(fwsec_of_descriptor_2_splits_code_into_open_and_secure),
        cmocka_unit_test(missing_debug_fwsec_is_said_so),
        cmocka_unit_test(fuse_register_becomes_a_version),
        cmocka_unit_test(fused_version_counts_the_signatures_below_it),
        cmocka_unit_test(frts_command_and_signature_land_in_dmem),
        cmocka_unit_test(impossible_commands_are_refused),
        cmocka_unit_test(rom_that_is_cut_behind_the_base_image_still_lists_it),
        cmocka_unit_test(bit_needs_its_checksum),
        cmocka_unit_test(broken_roms_are_refused),
        cmocka_unit_test(rom_that_goes_on_into_nothing_is_refused),
        cmocka_unit_test(endless_chain_of_images_is_refused),
        cmocka_unit_test(no_prefix_of_a_rom_gives_fwsec),
        cmocka_unit_test(sound_rom_passes_every_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
