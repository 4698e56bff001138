/* SPDX-License-Identifier: MIT */
/* Cubins of both forms: what they say is found, what does not fit is refused with its place. */
#include <dirent.h>
#include <errno.h>

#include <nvmem/cubin.h>

#include "cubin_make.h"
#include "test.h"

static const struct cubin_make usual = {
    .sm = 89,
    .registers = 24,
    .barriers = 1,
    .params = {4, 4, 8, 8},
    .param_count = 4,
    .shared_bytes = 512,
};

static int
open_made(const struct cubin_made *f, struct nvmem_cubin **c, struct gsp_error *err)
{
    const struct gsp_fw_source src = {"made.cubin", f->bytes, f->size, 0};

    memset(err, 0, sizeof(*err));
    return nvmem_cubin_open(NULL, &src, c, err);
}

static void
check_usual(const struct cubin_make *want)
{
    const struct nvmem_cubin_kernel *k;
    const struct nvmem_cubin_reloc *r;
    struct nvmem_cubin *c;
    struct cubin_made f;
    struct gsp_error err;

    cubin_make(want, &f);
    assert_int_equal(open_made(&f, &c, &err), 0);
    assert_int_equal(nvmem_cubin_sm(c), want->sm);
    assert_int_equal(nvmem_cubin_abi(c), want->cuda13 ? 0x41 : 0x33);
    assert_int_equal(nvmem_cubin_kernel_count(c), 1);
    assert_int_equal(nvmem_cubin_find(c, "k", &k, NULL), 0);
    assert_int_equal(k->registers, want->registers);
    assert_int_equal(k->barriers, want->barriers);
    assert_int_equal(k->shared_bytes, want->shared_bytes);
    assert_int_equal(k->stack_bytes, 16);
    assert_int_equal(k->param_off, want->sm >= 90 ? 0x210 : 0x160);
    assert_int_equal(k->param_bytes, 24);
    assert_int_equal(k->param_count, 4);
    assert_int_equal(k->params[2].off, 8);
    assert_int_equal(k->params[3].bytes, 8);
    assert_int_equal(k->code_bytes, 128);
    assert_ptr_equal(k->code, f.bytes + f.content[MAKE_CODE]);
    assert_int_equal(k->bank[0], MAKE_BANK0);
    assert_int_equal(k->bank[4], MAKE_BANK4);
    assert_int_equal(nvmem_cubin_reloc_count(c), 1);
    r = nvmem_cubin_reloc(c, 0);
    assert_int_equal(r->section, MAKE_BANK4);
    assert_int_equal(r->addend, want->cuda13 ? 4 : 0);
    assert_string_equal(nvmem_cubin_reloc_name(r->type), "R_CUDA_64");
    assert_string_equal(nvmem_cubin_symbol(c, r->symbol)->name, "variable");
    nvmem_cubin_close(c);
}

static void
both_forms_say_the_same_of_a_kernel(void **state)
{
    static const unsigned sms[] = {75, 80, 86, 89, 90};

    (void)state;
    for (unsigned form = 0; form < 2; form++) {
        for (unsigned i = 0; i < sizeof(sms) / sizeof(*sms); i++) {
            struct cubin_make want = usual;

            want.cuda13 = form;
            want.sm = sms[i];
            check_usual(&want);
        }
    }
}

static void
limits_and_clusters_are_read_from_attributes(void **state)
{
    static const uint8_t extra[] = {
        4, 0x05, 12,  0, 0,    1,    0,    0,
        1, 0,    0,   0, 1,    0,    0,    0, /* MAX_THREADS 256 1 1 */
        4, 0x10, 12,  0, 32,   0,    0,    0,
        2, 0,    0,   0, 1,    0,    0,    0, /* REQNTID 32 2 1 */
        4, 0x3d, 12,  0, 2,    0,    0,    0,
        1, 0,    0,   0, 1,    0,    0,    0,    /* CTA_PER_CLUSTER 2 1 1 */
        1, 0x3e, 0,   0,                         /* EXPLICIT_CLUSTER */
        3, 0x1b, 128, 0,                         /* MAXREG_COUNT */
        4, 0x1e, 4,   0, 0xff, 0xff, 0xff, 0xff, /* CRS_STACK_SIZE */
        4, 0x7e, 4,   0, 1,    2,    3,    4,    /* nobody's: passed over */
    };
    struct cubin_make want = usual;
    const struct nvmem_cubin_kernel *k;
    struct nvmem_cubin *c;
    struct cubin_made f;
    struct gsp_error err;

    (void)state;
    memcpy(want.extra, extra, sizeof(extra));
    want.extra_bytes = sizeof(extra);
    cubin_make(&want, &f);
    assert_int_equal(open_made(&f, &c, &err), 0);
    k = nvmem_cubin_kernel(c, 0);
    assert_int_equal(k->max_threads[0], 256);
    assert_int_equal(k->need_threads[1], 2);
    assert_int_equal(k->cluster[0], 2);
    assert_true(k->explicit_cluster);
    assert_int_equal(k->max_registers, 128);
    assert_int_equal(k->crs_bytes, NVMEM_CUBIN_NONE);
    nvmem_cubin_close(c);
}

/* ---- relocations ---- */

static uint64_t
bits(const uint8_t *p, unsigned at, unsigned count)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < count; i++)
        v |= (uint64_t)(p[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return v;
}

static void
relocation_types_put_their_bits_where_instructions_want_them(void **state)
{
    const uint64_t address = 0x123456789abcdef0, code = 0x0000345678123400;
    uint8_t image[16];
    struct nvmem_cubin *c;
    struct cubin_made f;
    struct gsp_error err;
    struct nvmem_cubin_reloc r;

    (void)state;
    cubin_make(&usual, &f);
    assert_int_equal(open_made(&f, &c, &err), 0);
    r = *nvmem_cubin_reloc(c, 0);
    r.off = 0;
#define APPLY(number, value)                                                                   \
    memset(image, 0xff, sizeof(image));                                                        \
    r.type = number;                                                                           \
    assert_int_equal(nvmem_cubin_relocate(c, &r, image, sizeof(image), value, NULL), 0)
    APPLY(0x02, address);
    assert_int_equal(bits(image, 0, 64), address);
    APPLY(0x38, address);
    assert_int_equal(bits(image, 32, 32), 0x9abcdef0);
    assert_int_equal(bits(image, 0, 32), 0xffffffff);
    assert_int_equal(bits(image, 64, 64), UINT64_MAX);
    APPLY(0x39, address);
    assert_int_equal(bits(image, 32, 32), 0x12345678);
    APPLY(0x3a, code); /* CALL.ABS before Hopper: units of 4 bytes from bit 34 on */
    assert_int_equal(bits(image, 34, 47), code >> 2);
    assert_int_equal(bits(image, 0, 34), 0x3ffffffff);
    APPLY(0x4b, code); /* and on Hopper, its low 8 bits apart */
    assert_int_equal(bits(image, 16, 8), code >> 2 & 0xff);
    assert_int_equal(bits(image, 34, 47), code >> 10);
    assert_int_equal(bits(image, 24, 10), 0x3ff);
#undef APPLY
    r.type = 0x66;
    assert_int_equal(nvmem_cubin_relocate(c, &r, image, sizeof(image), 0, &err), -ENOTSUP);
    assert_string_equal(err.text, "made.cubin: .nv.constant4 at 0x0: relocation R_CUDA_UNIFIED "
                                  "(0x66) of 'variable'");
    r.type = 0x02;
    r.off = 9;
    assert_int_equal(nvmem_cubin_relocate(c, &r, image, sizeof(image), 0, &err), -EBADMSG);
    nvmem_cubin_close(c);
}

/* ---- refusals ---- */

struct poke {
    unsigned section; /* MAKE_NULL with in_header: the ELF header */
    bool in_row;
    unsigned off, bytes;
    uint64_t value;
    const char *says; /* part of the message */
};

static void
each_broken_field_is_refused_with_its_section_and_offset(void **state)
{
    static const struct poke pokes[] = {
        {MAKE_NULL,    false, 7,           1, 3,           "made.cubin: ELF header at 0x7: ABI 0x3"             },
        {MAKE_NULL,    false, 48,          4, 0x1204,      "flags 0x1204 say SM 18"                             },
        {MAKE_NULL,    false, 60,          2, 3000,        "section table"                                      },
        {MAKE_CODE,    true,  32,          8, 120,         ".text.k at 0x78: code ends inside an instruction"   },
        {MAKE_CODE,    true,  4,           4, 8,           ".text.k at 0x0: code without bytes"                 },
        {MAKE_CODE,    true,  24,          8, 0x100000,    "past the end"                                       },
        {MAKE_CODE,    true,  48,          8, 3,           "alignment 0x3"                                      },
        {MAKE_BANK0,   true,  32,          8, 0x100,       "leave bank 0"                                       },
        {MAKE_BANK0,   true,  44,          4, 99,          "belongs to section 99 of 13"                        },
        {MAKE_SYMBOLS, true,  40,          4, 77,          "its names are in section 77"                        },
        {MAKE_SYMBOLS, true,  32,          8, 95,          "not a whole number of symbols"                      },
        {MAKE_SYMBOLS, false, 24,          4, 0x7000,      "symbol 1 has its name at 0x7000"                    },
        {MAKE_SYMBOLS, false, 24 + 6,      2, 55,          "symbol 1 lies in section 55"                        },
        {MAKE_SYMBOLS, false, 24 + 6,      2, MAKE_GLOBAL, "'k' leaves its section .nv.global"                  },
        {MAKE_SYMBOLS, false, 24 + 6,      2, 0,           "kernel 'k' has no code"                             },
        {MAKE_SYMBOLS, false, 24 + 16,     8, 24,          "'k' is not whole instructions"                      },
        {MAKE_SYMBOLS, false, 48 + 8,      8, 1000,        "'variable' leaves its section"                      },
        {MAKE_INFO,    false, 0,           1, 9,           ".nv.info at 0x0: attribute 0x2f in format 9"        },
        {MAKE_INFO,    false, 2,           2, 4,           "attribute 0x2f has 0x4 bytes, not 0x8"              },
        {MAKE_INFO,    false, 2,           2, 900,         "of 0x384 bytes leaves its section"                  },
        {MAKE_INFO,    false, 4,           4, 99,          "attribute 0x2f of symbol 99"                        },
        {MAKE_INFO,    false, 8,           4, 256,         "'k' has 256 registers"                              },
        {MAKE_INFO_K,  false, 12 + 4 + 8,  2, 9,           ".nv.info.k at 0x10: parameter 9 of 4"               },
        {MAKE_INFO_K,  false, 12 + 4 + 10, 2, 12,          "parameter 3 is missing or overlaps"                 },
        {MAKE_INFO_K,  false, 12 + 4 + 12, 4, 0,           "parameter 3 has no size or two"                     },
        {MAKE_INFO_K,  false, 12 + 2,      2, 20,          "parameters end at 0x18 of 0x14"                     },
        {MAKE_RELOCS,  false, 0,           8, 8,           "relocation at 0x8 of the 0x8 bytes of .nv.constant4"},
        {MAKE_RELOCS,  false, 12,          4, 44,          "relocation of symbol 44"                            },
        {MAKE_RELOCS,  true,  32,          8, 9,           "not a whole number of relocations"                  },
        {MAKE_STRINGS, true,  32,          8, 4,           "names do not end with a zero byte"                  },
        {MAKE_GLOBAL,  true,  4,           4, 2,           "a second symbol table"                              },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(pokes) / sizeof(*pokes); i++) {
        const struct poke *p = &pokes[i];
        struct cubin_make want = usual;
        struct nvmem_cubin *c;
        struct cubin_made f;
        struct gsp_error err;

        want.cuda13 = true;
        cubin_make(&want, &f);
        cubin_poke(&f,
                   p->off + (p->section == MAKE_NULL ? 0
                             : p->in_row             ? f.row[p->section]
                                                     : f.content[p->section]),
                   p->bytes, p->value);
        assert_int_equal(open_made(&f, &c, &err), -EBADMSG);
        assert_null(c);
        if (!strstr(err.text, p->says))
            fail_msg("row %u: '%s' instead of '%s'", i, err.text, p->says);
    }
}

static void
a_file_cut_anywhere_is_refused(void **state)
{
    struct nvmem_cubin *c;
    struct cubin_made f;
    struct gsp_error err;
    size_t whole;

    (void)state;
    cubin_make(&usual, &f);
    whole = f.size;
    for (f.size = 0; f.size < whole; f.size++) {
        /* a copy of exact size, so that a sanitizer sees a read past it */
        uint8_t *copy = malloc(f.size ? f.size : 1);
        const struct gsp_fw_source src = {"cut.cubin", copy, f.size, 0};

        memcpy(copy, f.bytes, f.size);
        assert_true(nvmem_cubin_open(NULL, &src, &c, &err) < 0);
        free(copy);
    }
}

static void
other_kinds_of_files_are_named(void **state)
{
    static const char ptx[] = "//\n// Generated\n\n.version 9.0\n.target sm_75\n";
    static const uint8_t fatbin[] = {0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0};
    const struct gsp_fw_source text = {"a.ptx", (const uint8_t *)ptx, sizeof(ptx) - 1, 0};
    const struct gsp_fw_source fat = {"a.fatbin", fatbin, sizeof(fatbin), 0};
    struct cubin_make want = usual;
    struct nvmem_cubin *c;
    struct cubin_made f;
    struct gsp_error err;

    (void)state;
    assert_int_equal(nvmem_cubin_open(NULL, &text, &c, &err), -ENOEXEC);
    assert_string_equal(err.text, "a.ptx: this is PTX, not machine code");
    assert_non_null(strstr(err.hint, "ptxas"));
    assert_int_equal(nvmem_cubin_open(NULL, &fat, &c, &err), -ENOEXEC);
    assert_string_equal(err.text, "a.fatbin: this is a fat binary, not a cubin");
    want.machine = 62;
    cubin_make(&want, &f);
    assert_int_equal(open_made(&f, &c, &err), -ENOEXEC);
    assert_non_null(strstr(err.text, "another machine"));
    want = usual;
    want.type = 1;
    cubin_make(&want, &f);
    assert_int_equal(open_made(&f, &c, &err), -ENOTSUP);
    assert_non_null(strstr(err.hint, "nvlink"));
}

static void
an_unknown_kernel_is_answered_with_those_that_there_are(void **state)
{
    const struct nvmem_cubin_kernel *k;
    struct nvmem_cubin *c;
    struct cubin_made f;
    struct gsp_error err;

    (void)state;
    cubin_make(&usual, &f);
    assert_int_equal(open_made(&f, &c, &err), 0);
    assert_int_equal(nvmem_cubin_find(c, "kk", &k, &err), -ENOENT);
    assert_string_equal(err.text, "made.cubin: no kernel 'kk'");
    assert_string_equal(err.hint, "it has: k");
    assert_null(nvmem_cubin_kernel(c, 1));
    assert_null(nvmem_cubin_section(c, MAKE_SECTIONS));
    assert_null(nvmem_cubin_symbol(c, 99));
    assert_null(nvmem_cubin_symbol_by_name(c, "nothing"));
    assert_non_null(nvmem_cubin_symbol_by_name(c, "variable"));
    nvmem_cubin_close(c);
}

static void
code_runs_on_its_own_major_version_and_later_minors(void **state)
{
    (void)state;
    assert_true(nvmem_cubin_runs_on(80, 86));
    assert_true(nvmem_cubin_runs_on(89, 89));
    assert_false(nvmem_cubin_runs_on(86, 80));
    assert_false(nvmem_cubin_runs_on(75, 80));
    assert_false(nvmem_cubin_runs_on(100, 120));
}

/* ---- memory ---- */

static void *
failing_realloc(void *ctx, void *old, size_t bytes)
{
    long *left = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    return (*left)-- > 0 ? realloc(old, bytes) : NULL;
}

static void
memory_that_runs_out_is_said(void **state)
{
    long left = 0;
    const struct gsp_host host = {.ctx = &left, .realloc = failing_realloc};
    struct nvmem_cubin *c = NULL;
    struct cubin_made f;
    unsigned failures = 0;

    (void)state;
    cubin_make(&usual, &f);
    for (long budget = 0; !c; budget++) {
        const struct gsp_fw_source src = {"made.cubin", f.bytes, f.size, 0};
        struct gsp_error err = {0};
        int rc;

        left = budget;
        rc = nvmem_cubin_open(&host, &src, &c, &err);
        assert_true(rc == 0 || rc == -ENOMEM);
        failures += rc < 0;
    }
    assert_int_equal(failures, 6);
    nvmem_cubin_close(c);
}

/* ---- files that ptxas wrote, beside readelf ---- */

static uint8_t *
read_file(const char *path, size_t *bytes_out)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *bytes_out = (size_t)ftell(f);
    rewind(f);
    data = malloc(*bytes_out + 1);
    assert_int_equal(fread(data, 1, *bytes_out, f), *bytes_out);
    fclose(f);
    return data;
}

/* Every "[Nr] Name Type Address Off Size" row of readelf against ours. */
static void
compare_readelf(const char *path, const struct nvmem_cubin *c)
{
    char command[1100], line[512], name[128];
    unsigned long long off, size;
    unsigned nr, rows = 0;
    FILE *p;

    snprintf(command, sizeof(command), "readelf -SW '%s' 2>/dev/null", path);
    p = popen(command, "r");
    assert_non_null(p);
    while (fgets(line, sizeof(line), p)) {
        if (sscanf(line, " [%u] %127s %*s %*x %llx %llx", &nr, name, &off, &size) != 4 || !nr)
            continue;
        assert_string_equal(nvmem_cubin_section(c, nr)->name, name);
        assert_int_equal(nvmem_cubin_section(c, nr)->bytes, size);
        assert_int_equal(nvmem_cubin_section(c, nr)->off, off);
        rows++;
    }
    pclose(p);
    assert_int_equal(rows, nvmem_cubin_section_count(c) - 1);
}

static void
sections_of_real_cubins_are_those_that_readelf_lists(void **state)
{
    const char *folder = NVRM_SOURCE_DIR "/tests/cuda/cubin";
    DIR *dir = opendir(folder);
    unsigned files = 0;

    (void)state;
    if (!dir || system("readelf --version >/dev/null 2>&1") != 0) {
        if (dir)
            closedir(dir);
        print_message("no readelf\n");
        skip();
    }
    for (struct dirent *e; (e = readdir(dir));) {
        char path[1024];
        struct nvmem_cubin *c;
        struct gsp_error err = {0};
        size_t bytes;
        uint8_t *data;

        if (!strstr(e->d_name, ".cubin"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        data = read_file(path, &bytes);
        if (nvmem_cubin_open(NULL, &(struct gsp_fw_source){e->d_name, data, bytes, 0}, &c,
                             &err) < 0)
            fail_msg("%s", err.text);
        assert_true(nvmem_cubin_kernel_count(c) > 0);
        for (unsigned i = 0; i < nvmem_cubin_kernel_count(c); i++)
            assert_in_range(nvmem_cubin_kernel(c, i)->registers, 1, 255);
        compare_readelf(path, c);
        nvmem_cubin_close(c);
        free(data);
        files++;
    }
    closedir(dir);
    assert_true(files > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_say_the_same_of_a_kernel),
        cmocka_unit_test(limits_and_clusters_are_read_from_attributes),
        cmocka_unit_test(relocation_types_put_their_bits_where_instructions_want_them),
        cmocka_unit_test(each_broken_field_is_refused_with_its_section_and_offset),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(other_kinds_of_files_are_named),
        cmocka_unit_test(an_unknown_kernel_is_answered_with_those_that_there_are),
        cmocka_unit_test(code_runs_on_its_own_major_version_and_later_minors),
        cmocka_unit_test(memory_that_runs_out_is_said),
        cmocka_unit_test(sections_of_real_cubins_are_those_that_readelf_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
