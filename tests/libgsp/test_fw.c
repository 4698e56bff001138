/* SPDX-License-Identifier: MIT */
/*
 * Firmware containers: good synthetic ones are read back field by field, and for each format a
 * table of one-word changes that must be refused with file, offset and reason.
 */
#include <errno.h>

#include "test.h"

#include <gsp/fw.h>

#include "fw_make.h"

static struct gsp_fw_source
source(const struct fw_buf *b)
{
    return (struct gsp_fw_source){"file.bin", b->data, b->bytes, 0};
}

static void
assert_bytes(const struct gsp_fw_slice *s, unsigned byte, uint64_t bytes)
{
    assert_int_equal(s->bytes, bytes);
    for (uint64_t i = 0; i < bytes; i++)
        assert_int_equal(s->data[i], byte);
}

/* One word of a good file changed, and what the refusal has to say. */
struct variant {
    size_t off;
    uint64_t value;
    unsigned bytes;
    const char *says;
};

static void
assert_refused(const struct fw_buf *b, const char *says)
{
    struct gsp_fw_source src = source(b);
    struct gsp_error err = {0};
    struct gsp_fw_file file;
    int rc = gsp_fw_open(&src, &file, &err);

    if (rc != -EBADMSG || !strstr(err.text, says))
        print_error("wanted '%s', got %d '%s'\n", says, rc, err.text);
    assert_int_equal(rc, -EBADMSG);
    assert_int_equal(err.origin, GSP_ORIGIN_PROTOCOL);
    assert_non_null(strstr(err.text, says));
    assert_ptr_equal(strstr(err.text, "file.bin: at 0x"), err.text);
    assert_int_equal(file.kind, GSP_FW_KIND_UNKNOWN);
}

static void
assert_variants_refused(struct fw_buf (*make)(void), const struct variant *v, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct fw_buf b = make();

        fw_poke(&b, v[i].off, v[i].value, v[i].bytes);
        assert_refused(&b, v[i].says);
        fw_buf_free(&b);
    }
}
#define REFUSED(make, rows) assert_variants_refused(make, rows, sizeof(rows) / sizeof(rows[0]))

/* No prefix of a good file may be taken for one, whatever its length. */
static void
assert_no_prefix_opens(struct fw_buf b)
{
    for (size_t bytes = 0; bytes < b.bytes; bytes += bytes < 600 ? 1 : 37) {
        uint8_t *exact = malloc(bytes ? bytes : 1); /* so that ASan sees one byte too far */
        struct gsp_fw_source src = {"file.bin", exact, bytes, 0};
        struct gsp_fw_file file;
        struct gsp_error err = {0};

        memcpy(exact, b.data, bytes);
        assert_int_equal(gsp_fw_open(&src, &file, &err), -EBADMSG);
        assert_true(err.text[0]);
        free(exact);
    }
    fw_buf_free(&b);
}

/* ---- gsp_*.bin ---- */

static struct fw_buf
good_gsp(void)
{
    return fw_make_gsp(3, "570.144");
}

static struct fw_buf
good_old_gsp(void)
{
    return fw_make_gsp(2, "535.113.01");
}

static void
gsp_image_gives_release_signatures_and_build_id(void **state)
{
    struct fw_buf b = good_gsp();
    struct gsp_fw_source src = source(&b);
    const struct gsp_fw_signature *s;
    struct gsp_fw_gsp g;

    (void)state;
    assert_int_equal(gsp_fw_gsp_open(&src, &g, NULL), 0);
    assert_string_equal(g.version, "570.144");
    assert_int_equal(g.libos, 3);
    assert_bytes(&g.image, 0x97, 8192);
    assert_int_equal(g.image.off, 64);
    assert_int_equal(g.build_id.bytes, 8);
    assert_memory_equal(g.build_id.data, "\1\2\3\4\5\6\7\10", 8);
    assert_int_equal(g.signature_count, 4);
    assert_int_equal(gsp_fw_gsp_signature(&g, GSP_FW_AD10X, false, &s, NULL), 0);
    assert_string_equal(s->section, ".fwsignature_ad10x");
    assert_bytes(&s->data, 0x5a, 4096);
    assert_int_equal(gsp_fw_gsp_signature(&g, GSP_FW_GH100, true, &s, NULL), 0);
    assert_string_equal(s->section, ".fwsignature_cc_gh100");
    fw_buf_free(&b);
}

static void
missing_signature_names_the_chip_family(void **state)
{
    struct fw_buf b = good_gsp();
    struct gsp_fw_source src = source(&b);
    const struct gsp_fw_signature *s;
    struct gsp_error err;
    struct gsp_fw_gsp g;

    (void)state;
    assert_int_equal(gsp_fw_gsp_open(&src, &g, NULL), 0);
    assert_int_equal(gsp_fw_gsp_signature(&g, GSP_FW_GB20X, false, &s, &err), -ENOENT);
    assert_null(s);
    assert_non_null(strstr(err.text, ".fwsignature_gb20x"));
    assert_int_equal(gsp_fw_gsp_signature(&g, GSP_FW_FAMILIES, false, &s, &err), -ENOENT);
    fw_buf_free(&b);
}

static void
libos2_image_is_an_elf_of_its_own(void **state)
{
    struct fw_buf b = good_old_gsp();
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_segment segment;
    struct gsp_fw_gsp g;

    (void)state;
    assert_int_equal(gsp_fw_gsp_open(&src, &g, NULL), 0);
    assert_int_equal(g.libos, 2);
    assert_int_equal(g.nested.entry, 0x4000010);
    assert_int_equal(g.nested.segments, 1);
    assert_int_equal(gsp_fw_elf_segment(&g.nested, 0, &segment, NULL), 0);
    assert_int_equal(segment.va, 0x4000000);
    assert_int_equal(segment.memory_bytes, 64);
    assert_bytes(&segment.data, 0x13, 32);
    assert_int_equal(segment.data.off, 64 + 120); /* in the outer file */
    assert_int_equal(gsp_fw_elf_segment(&g.nested, 1, &segment, NULL), -EINVAL);
    fw_buf_free(&b);
}

static void
nested_elf_with_a_bad_segment_is_refused_at_its_place_in_the_file(void **state)
{
    const struct variant rows[] = {
        {64 + 4,       9,       1, "ELF class 9"                                },
        {64 + 64 + 32, 1 << 20, 8, "segment of 0x100000 bytes ends past the end"},
        {64 + 54,      55,      2, "segment table rows have 55 bytes"           },
    };
    struct fw_buf b = good_old_gsp();
    struct gsp_error err;
    struct gsp_fw_file file;
    struct gsp_fw_source src;

    (void)state;
    REFUSED(good_old_gsp, rows);
    fw_poke(&b, 64 + 4, 9, 1);
    src = source(&b);
    assert_int_equal(gsp_fw_open(&src, &file, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "at 0x44:"));
    fw_buf_free(&b);
}

/* Where the n-th section header of good_gsp() stands. */
static size_t
section_at(unsigned n)
{
    struct fw_buf b = good_gsp();
    const size_t table = b.bytes - 64 * 9;

    fw_buf_free(&b);
    return table + 64 * n;
}

static void
broken_gsp_images_are_refused(void **state)
{
    const struct variant rows[] = {
        {5,                  2,              1, "not little endian"                         },
        {6,                  2,              1, "ELF version 2"                             },
        {18,                 62,             2, "not a 64-bit RISC-V ELF (machine 62)"      },
        {40,                 1 << 30,        8, "section table"                             },
        {40,                 UINT64_MAX,     8, "section table"                             },
        {58,                 63,             2, "section table rows have 63 bytes"          },
        {60,                 0xffff,         2, "section table"                             },
        {62,                 40,             2, "section names are in section 40 of 9"      },
        {section_at(1),      0x10000,        4, "has its name at 0x10000"                   },
        {section_at(1),      10,             4, ".note.gnu.build-id holds another note"     },
        {section_at(1) + 24, UINT64_MAX - 3, 8, ".fwimage of 0x2000 bytes ends past the end"},
        {section_at(1) + 32, UINT64_MAX,     8, ".fwimage of 0xffffffffffffffff bytes"      },
        {section_at(1) + 32, 0,              8, ".fwimage is empty"                         },
        {section_at(3) + 32, 7,              8, ".fwversion is not a short text"            },
        {section_at(3) + 32, 4000,           8, ".fwversion is not a short text"            },
        {section_at(4) + 32, 0,              8, ".fwsignature_cc_gh100 is empty"            },
        {section_at(2) + 32, 11,             8, "note header at +0x0 of 0xc bytes"          },
        {section_at(2) + 32, 20,             8, "build id at +0x10 of 0x8 bytes"            },
        {64 + 8192,          5,              4, "holds another note"                        },
        {64 + 8192 + 4,      0xfffffff0,     4, "build id at +0x10"                         },
        {64 + 8192 + 8,      1,              4, "holds another note"                        },
        {64 + 8192 + 12,     'X',            1, "not GNU's"                                 },
        {64 + 8192 + 24,     'v',            1, ".fwversion is not a release number"        },
    };

    (void)state;
    REFUSED(good_gsp, rows);
}

static void
image_without_its_main_sections_is_refused(void **state)
{
    const struct fw_section version = {".fwversion", "1.2", 4, 0};
    const struct fw_section image = {".fwimage", "xxxx", 4, 0};
    const struct fw_section twice[] = {image, version, image};
    struct fw_buf b = fw_make_elf(64, 243, &version, 1);

    (void)state;
    assert_refused(&b, "no .fwimage section");
    fw_buf_free(&b);
    b = fw_make_elf(64, 243, &image, 1);
    assert_refused(&b, "no .fwversion section");
    fw_buf_free(&b);
    b = fw_make_elf(64, 243, twice, 3);
    assert_refused(&b, "a second .fwimage");
    fw_buf_free(&b);
}

static void
names_out_of_a_file_reach_no_terminal(void **state)
{
    static const char *const names[] = {".fwsignature_\033[2J", ".fwsignature_",
                                        ".fwsignature_GA10X",
                                        ".fwsignature_a_family_with_a_long_name"};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const struct fw_section sections[] = {
            {".fwimage",   "xxxx", 4, 0},
            {".fwversion", "1.2",  4, 0},
            {names[i],     "x",    1, 0}
        };
        struct fw_buf b = fw_make_elf(64, 243, sections, 3);

        assert_refused(&b, i ? "for no family" : "for no family: .fwsignature_?[2J");
        fw_buf_free(&b);
    }
}

static void
too_many_signatures_are_refused(void **state)
{
    struct fw_section sections[40];
    char names[40][24];
    struct fw_buf b;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        snprintf(names[i], sizeof(names[i]), ".fwsignature_x%u", i);
        sections[i] = (struct fw_section){names[i], "x", 1, 0};
    }
    b = fw_make_elf(64, 243, sections, 40);
    assert_refused(&b, "more than 32 signatures");
    fw_buf_free(&b);
}

/* ---- nvfw wrappers ---- */

static struct fw_buf
good_bootloader(void)
{
    return fw_make_bootloader(23, 6);
}

static struct fw_buf
good_hs(void)
{
    return fw_make_hs(2, 384);
}

static void
bootloader_descriptors_of_all_sizes_are_read(void **state)
{
    static const struct {
        unsigned words, version;
    } rows[] = {
        {19, 4},
        {21, 5},
        {23, 6},
    };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct fw_buf b = fw_make_bootloader(rows[i].words, rows[i].version);
        struct gsp_fw_source src = source(&b);
        struct gsp_fw_bootloader bl;

        assert_int_equal(gsp_fw_bootloader_open(&src, &bl, NULL), 0);
        assert_int_equal(bl.desc.version, rows[i].version);
        assert_int_equal(bl.desc.desc_bytes, rows[i].words * 4);
        assert_int_equal(bl.desc.bootloaderOffset, 0xe00);
        assert_int_equal(bl.desc.appVersion, 7);
        assert_int_equal(bl.desc.manifestSize, 0x100);
        assert_int_equal(bl.desc.monitorDataOffset, 0x100);
        assert_int_equal(bl.desc.monitorCodeOffset, 0x300);
        assert_int_equal(bl.desc.monitorCodeSize, 0x400);
        assert_int_equal(bl.desc.swbromDataSize, 0x50);
        assert_int_equal(bl.desc.fbReservedSize, rows[i].words > 19 ? 0x2000 : 0);
        assert_int_equal(bl.desc.bIsSmp, rows[i].words > 21);
        assert_bytes(&bl.image, 0xb1, 4096);
        fw_buf_free(&b);
    }
}

/* Some writers align the data: the header is then longer than any descriptor. */
static void
padded_headers_are_read_by_their_version(void **state)
{
    (void)state;
    for (unsigned version = 4; version < 7; version++) {
        static const unsigned words[] = {19, 21, 23};
        struct fw_buf b = fw_make_bootloader(58, version);
        struct gsp_fw_source src = source(&b);
        struct gsp_fw_file file;

        assert_int_equal(gsp_fw_open(&src, &file, NULL), 0);
        assert_int_equal(file.kind, GSP_FW_KIND_BOOTLOADER);
        assert_int_equal(file.bootloader.desc.desc_bytes, 4 * words[version - 4]);
        assert_int_equal(file.bootloader.desc.fbReservedSize, version > 4 ? 0x2000 : 0);
        fw_buf_free(&b);
    }
}

static void
broken_bootloaders_are_refused(void **state)
{
    const struct variant rows[] = {
        {4,  2,          4, "wrapper version 2"             },
        {8,  0x100,      4, "total of 0x100 bytes"          },
        {12, 20,         4, "header at 0x14"                },
        {16, 10,         4, "data at 0xa"                   },
        {16, 0x7fffffff, 4, "is less than"                  },
        {20, 0xffffffff, 4, "is less than"                  },
        {20, 4097,       4, "nvfw data of 0x1001 bytes"     },
        {24, 3,          4, "descriptor version 3"          },
        {28, 0xfffffff0, 4, "bootloader code at +0xfffffff0"},
        {60, 0x1001,     4, "manifest at +0x0 of 0x1001"    },
        {64, 0xffffffff, 4, "monitor data at"               },
        {72, 0xffffffff, 4, "monitor code at"               },
    };

    (void)state;
    REFUSED(good_bootloader, rows);
}

static void
generic_bootloader_gives_tag_code_and_data(void **state)
{
    const struct variant rows[] = {
        {36, 0x301,      4, "code at +0x0 of 0x301 bytes"  },
        {36, 0,          4, "the code is empty"            },
        {40, 0x280,      4, "data at +0x280 of 0x100 bytes"},
        {44, 0xffffffff, 4, "data at"                      },
    };
    struct fw_buf b = fw_make_generic_bl();
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_generic_bl g;

    (void)state;
    assert_int_equal(gsp_fw_generic_bl_open(&src, &g, NULL), 0);
    assert_int_equal(g.start_tag, 0xfd);
    assert_bytes(&g.code, 0xc0, 0x200);
    assert_bytes(&g.data, 0xda, 0x100);
    fw_buf_free(&b);
    REFUSED(fw_make_generic_bl, rows);
}

static void
signed_ucode_gives_all_that_a_boot_loads(void **state)
{
    struct fw_buf b = good_hs();
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_hs hs;

    (void)state;
    assert_int_equal(gsp_fw_hs_open(&src, &hs, NULL), 0);
    assert_int_equal(hs.signature_count, 2);
    assert_int_equal(hs.signature_bytes, 384);
    assert_int_equal(hs.fuse_version, 1);
    assert_int_equal(hs.engine_id, 1);
    assert_int_equal(hs.ucode_id, 3);
    assert_int_equal(hs.os_code_bytes, 0x100);
    assert_int_equal(hs.os_data_off, 0x300);
    assert_int_equal(hs.app_code_off, 0x100);
    assert_int_equal(hs.app_code_bytes, 0x200);
    assert_int_equal(hs.patch_off, 0x310);
    assert_int_equal(hs.pkc_data_off, 0x10);
    assert_int_equal(hs.image.bytes, 0x600);
    fw_buf_free(&b);
}

static void
fused_version_chooses_the_signature_from_the_end(void **state)
{
    struct fw_buf b = good_hs();
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_slice s;
    struct gsp_error err;
    struct gsp_fw_hs hs;

    (void)state;
    assert_int_equal(gsp_fw_hs_open(&src, &hs, NULL), 0);
    assert_int_equal(gsp_fw_hs_signature(&hs, 0, &s, NULL), 0);
    assert_bytes(&s, 0x52, 384);
    assert_int_equal(gsp_fw_hs_signature(&hs, 1, &s, NULL), 0);
    assert_bytes(&s, 0x51, 384);
    assert_int_equal(gsp_fw_hs_signature(&hs, 2, &s, &err), -ERANGE);
    assert_non_null(strstr(err.text, "fuse version 2"));
    assert_null(s.data);
    fw_buf_free(&b);
}

static void
turing_ucode_has_one_short_signature_for_every_chip(void **state)
{
    struct fw_buf b = fw_make_hs(1, 16);
    struct gsp_fw_source src = source(&b);
    struct gsp_fw_slice s;
    struct gsp_fw_hs hs;

    (void)state;
    assert_int_equal(gsp_fw_hs_open(&src, &hs, NULL), 0);
    assert_int_equal(gsp_fw_hs_signature(&hs, 5, &s, NULL), 0);
    assert_bytes(&s, 0x51, 16);
    fw_buf_free(&b);
}

static void
broken_signed_ucodes_are_refused(void **state)
{
    enum { LOC = 60 + 768, META = LOC + 8, COUNT = META + 12, LOAD = COUNT + 4 };
    const struct variant rows[] = {
        {24 + 4,    0xffffffff, 4, "signatures of 0xffffffff bytes"    },
        {24 + 8,    0xfffffffe, 4, "patch location of 0x4 bytes"       },
        {24 + 12,   0xffffffff, 4, "patch signature of 0x4 bytes"      },
        {24 + 16,   0x7fffffff, 4, "patch metadata of 0xc bytes"       },
        {24 + 20,   16,         4, "patch metadata of 16 bytes, not 12"},
        {24 + 24,   0x10000,    4, "number of signatures"              },
        {24 + 28,   0x10000,    4, "load header of 0x24 bytes"         },
        {24 + 32,   40,         4, "load header of 40 bytes, not 36"   },
        {LOC,       0x600,      4, "the patch location at +0x600"      },
        {LOC,       0xffffffff, 4, "the patch location at +0xffffffff" },
        {LOC,       0x200,      4, "lies below the data"               },
        {LOC + 4,   1,          4, "patch signature index 1"           },
        {COUNT,     0,          4, "0 signatures in 768 bytes"         },
        {COUNT,     5,          4, "5 signatures in 768 bytes"         },
        {COUNT,     3,          4, "signatures of 256 bytes"           },
        {LOAD,      0x10000,    4, "OS code at +0x10000"               },
        {LOAD + 8,  0x400,      4, "OS data at +0x400 of 0x300 bytes"  },
        {LOAD + 12, 0,          4, "no secure code or no data"         },
        {LOAD + 16, 2,          4, "2 applications, not 1"             },
        {LOAD + 20, 0xffffff00, 4, "application code at +0xffffff00"   },
        {LOAD + 32, 0x10000,    4, "application data at"               },
    };

    (void)state;
    REFUSED(good_hs, rows);
}

/* ---- FMC ---- */

static struct fw_buf
good_fmc(void)
{
    return fw_make_fmc(0);
}

static void
fmc_gives_hash_signature_key_and_image(void **state)
{
    (void)state;
    for (int ecc = 0; ecc < 2; ecc++) {
        struct fw_buf b = fw_make_fmc(ecc);
        struct gsp_fw_source src = source(&b);
        struct gsp_fw_fmc f;

        assert_int_equal(gsp_fw_fmc_open(&src, &f, NULL), 0);
        assert_bytes(&f.hash, 0xf0, 48);
        assert_bytes(&f.signature, 0xf1, ecc ? 96 : 384);
        assert_bytes(&f.public_key, 0xf2, ecc ? 97 : 384);
        assert_bytes(&f.image, 0xf3, 1000);
        assert_true(f.crc_known);
        fw_buf_free(&b);
    }
}

static void
broken_fmcs_are_refused(void **state)
{
    struct fw_buf b = good_fmc();
    const size_t table = b.bytes - 40 * 6;
    const struct variant rows[] = {
        {32,               0xffffffff, 4, "section table"                         },
        {table + 40 + 20,  47,         4, "hash of 47 bytes"                      },
        {table + 80 + 20,  96,         4, "signature of 96 and key of 384 bytes"  },
        {table + 120 + 20, 0,          4, "no section 'publickey'"                },
        {table + 160 + 16, 0xffffffff, 4, "image of 0x3e8 bytes ends past the end"},
        {table + 160,      1,          4, "a second hash"                         },
    };

    (void)state;
    fw_buf_free(&b);
    REFUSED(good_fmc, rows);
}

static void
corrupt_fmc_fails_its_crc(void **state)
{
    struct gsp_fw_check checks[16];
    struct gsp_fw_file file;
    struct fw_buf b = good_fmc();
    struct gsp_fw_source src = source(&b);
    unsigned bad = 0, count;

    (void)state;
    fw_poke(&b, 52 + 48 + 768 + 500, 0, 1);
    assert_int_equal(gsp_fw_open(&src, &file, NULL), 0);
    count = gsp_fw_verify(&file, checks, 16);
    for (unsigned i = 0; i < count; i++)
        bad += !checks[i].ok;
    assert_int_equal(bad, 1);
    fw_buf_free(&b);
}

/* ---- .run ---- */

static void
run_archive_tells_release_packing_and_payload(void **state)
{
    static const struct {
        const char *magic;
        size_t bytes;
        enum gsp_fw_packing packing;
    } rows[] = {
        {"\xfd"
         "7zXZ\0",  6, GSP_FW_PACKED_XZ  },
        {"\x28\xb5\x2f\xfd", 4, GSP_FW_PACKED_ZSTD},
        {"\x1f\x8b",         2, GSP_FW_PACKED_GZIP},
    };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct fw_buf b = fw_make_run(rows[i].magic, rows[i].bytes);
        struct gsp_fw_source src = source(&b);
        struct gsp_fw_run run;

        assert_int_equal(gsp_fw_run_open(&src, &run, NULL), 0);
        assert_string_equal(run.release, "570.144");
        assert_int_equal(run.packing, rows[i].packing);
        assert_int_equal(run.payload.bytes, rows[i].bytes + 100);
        assert_int_equal(run.script.bytes + run.payload.bytes, b.bytes);
        fw_buf_free(&b);
    }
}

static void
scripts_without_an_archive_are_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"#! /bin/sh\necho hello\n",          "does not say where"   },
        {"#! /bin/sh\nskip=3\nnot packed\n",  "no archive of a known"},
        {"#! /bin/sh\nskip=99999999999999\n", "does not say where"   },
        {"#! /bin/sh\nskip=1.5\n",            "does not say where"   },
        {"#!",                                "does not say where"   },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_buf b = {0};

        fw_put(&b, rows[i].text, strlen(rows[i].text));
        assert_refused(&b, rows[i].says);
        fw_buf_free(&b);
    }
}

/* ---- all kinds ---- */

static void
no_prefix_of_a_container_is_one(void **state)
{
    (void)state;
    assert_no_prefix_opens(good_gsp());
    assert_no_prefix_opens(good_old_gsp());
    assert_no_prefix_opens(good_bootloader());
    assert_no_prefix_opens(good_hs());
    assert_no_prefix_opens(fw_make_generic_bl());
    assert_no_prefix_opens(good_fmc());
}

static void
kinds_are_told_apart_and_parts_lie_inside(void **state)
{
    static const enum gsp_fw_kind kinds[] = {
        GSP_FW_KIND_GSP, GSP_FW_KIND_BOOTLOADER, GSP_FW_KIND_HS, GSP_FW_KIND_GENERIC_BL,
        GSP_FW_KIND_FMC, GSP_FW_KIND_ARRAYS,     GSP_FW_KIND_RUN};
    struct fw_buf files[] = {good_gsp(),           good_bootloader(), good_hs(),
                             fw_make_generic_bl(), good_fmc(),        fw_make_arrays(1),
                             fw_make_run("BZh", 3)};

    (void)state;
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct gsp_fw_source src = source(&files[i]);
        struct gsp_fw_file file;

        assert_int_equal(gsp_fw_open(&src, &file, NULL), 0);
        assert_int_equal(file.kind, kinds[i]);
        for (unsigned k = 0; k < file.part_count; k++) {
            assert_in_range(file.parts[k].data.off, 0, files[i].bytes);
            assert_in_range(file.parts[k].data.bytes, 1,
                            files[i].bytes - file.parts[k].data.off);
            assert_ptr_equal(file.parts[k].data.data, files[i].data + file.parts[k].data.off);
        }
        fw_buf_free(&files[i]);
    }
}

static void
foreign_files_are_refused(void **state)
{
    struct fw_buf b = {0};

    (void)state;
    fw_text(&b, "hello");
    assert_refused(&b, "not a firmware file of a known kind");
    fw_buf_free(&b);
}

static void
families_follow_chips_and_registers(void **state)
{
    (void)state;
    assert_int_equal(gsp_fw_family_of(0x16, 6), GSP_FW_TU10X);
    assert_int_equal(gsp_fw_family_of(0x16, 8), GSP_FW_TU11X);
    assert_int_equal(gsp_fw_family_of(0x17, 0), GSP_FW_GA100);
    assert_int_equal(gsp_fw_family_of(0x17, 2), GSP_FW_GA10X);
    assert_int_equal(gsp_fw_family_of(0x19, 2), GSP_FW_AD10X);
    assert_int_equal(gsp_fw_family_of(0x1a, 0xb), GSP_FW_GB10Y);
    assert_int_equal(gsp_fw_family_of(0x1b, 2), GSP_FW_GB20X);
    assert_int_equal(gsp_fw_family_of(0x15, 0), GSP_FW_FAMILIES);
    assert_int_equal(gsp_fw_family_of_chip("ad103"), GSP_FW_AD10X);
    assert_int_equal(gsp_fw_family_of_chip("TU117"), GSP_FW_TU11X);
    assert_int_equal(gsp_fw_family_of_chip("GB20C"), GSP_FW_GB20Y);
    assert_int_equal(gsp_fw_family_of_chip("GP102"), GSP_FW_FAMILIES);
    assert_int_equal(gsp_fw_family_of_chip(""), GSP_FW_FAMILIES);
    for (unsigned i = 0; i < GSP_FW_FAMILIES; i++) {
        const struct gsp_fw_family_info *info = gsp_fw_family_info((enum gsp_fw_family)i);

        assert_int_equal(gsp_fw_family_by_name(info->name, strlen(info->name)), i);
    }
    assert_null(gsp_fw_family_info(GSP_FW_FAMILIES));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gsp_image_gives_release_signatures_and_build_id),
        cmocka_unit_test(missing_signature_names_the_chip_family),
        cmocka_unit_test(libos2_image_is_an_elf_of_its_own),
        cmocka_unit_test(nested_elf_with_a_bad_segment_is_refused_at_its_place_in_the_file),
        cmocka_unit_test(broken_gsp_images_are_refused),
        cmocka_unit_test(image_without_its_main_sections_is_refused),
        cmocka_unit_test(names_out_of_a_file_reach_no_terminal),
        cmocka_unit_test(too_many_signatures_are_refused),
        cmocka_unit_test(bootloader_descriptors_of_all_sizes_are_read),
        cmocka_unit_test(padded_headers_are_read_by_their_version),
        cmocka_unit_test(broken_bootloaders_are_refused),
        cmocka_unit_test(generic_bootloader_gives_tag_code_and_data),
        cmocka_unit_test(signed_ucode_gives_all_that_a_boot_loads),
        cmocka_unit_test(fused_version_chooses_the_signature_from_the_end),
        cmocka_unit_test(turing_ucode_has_one_short_signature_for_every_chip),
        cmocka_unit_test(broken_signed_ucodes_are_refused),
        cmocka_unit_test(fmc_gives_hash_signature_key_and_image),
        cmocka_unit_test(broken_fmcs_are_refused),
        cmocka_unit_test(corrupt_fmc_fails_its_crc),
        cmocka_unit_test(run_archive_tells_release_packing_and_payload),
        cmocka_unit_test(scripts_without_an_archive_are_refused),
        cmocka_unit_test(no_prefix_of_a_container_is_one),
        cmocka_unit_test(kinds_are_told_apart_and_parts_lie_inside),
        cmocka_unit_test(foreign_files_are_refused),
        cmocka_unit_test(families_follow_chips_and_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
