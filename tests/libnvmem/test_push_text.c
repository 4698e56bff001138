/* SPDX-License-Identifier: MIT */
/* Push buffers as text: exact words back, errors with line and hint, and the linter's rules. */
#include <nvmem/push_text.h>
#include <nvrm/cl/clc56f.h>
#include <nvrm/cl/clc6c0.h>
#include <nvrm/cl/clc7b5.h>

#include "budget.h"
#include "test.h"

static struct gsp_text
assemble(const char *text)
{
    struct gsp_text words = {0};
    struct gsp_error err = {0};
    const int rc = nvmem_push_assemble(text, strlen(text), "t", &words, &err);

    if (rc < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    return words;
}

static void
expect_words(const char *text, const uint32_t *want, size_t count)
{
    struct gsp_text words = assemble(text);

    assert_int_equal(words.bytes, count * 4);
    assert_memory_equal(words.data, want, count * 4);
    gsp_text_fini(&words);
}

static void
expect_error(const char *text, const char *message, const char *hint)
{
    struct gsp_text words = {0};
    struct gsp_error err = {0};

    assert_int_equal(nvmem_push_assemble(text, strlen(text), "t", &words, &err), -EINVAL);
    assert_string_equal(err.text, message);
    assert_string_equal(err.hint, hint);
    gsp_text_fini(&words);
}

static void
expect_text(const uint32_t *words, size_t count, const char *want)
{
    struct nvmem_push_state s = {.host = nvrm_hw_class(0xc56f)};
    struct gsp_text out = {0};

    assert_int_equal(nvmem_push_disassemble(&s, words, count, &out), 0);
    assert_string_equal(out.data, want);
    gsp_text_fini(&out);
}

static void
a_copy_reads_as_methods_with_fields(void **state)
{
    static const uint32_t words[] = {0x20018000, 0xc7b5,     0x20028100, 1,
                                     0x2000,     0x800200c0, 0x200180c0, 0x182};

    (void)state;
    expect_text(words, 8,
                "4 c56f SET_OBJECT = { NVCLASS = AMPERE_DMA_COPY_B }\n"
                "4 c7b5 OFFSET_IN_UPPER = { UPPER = 1 }\n"
                "+      OFFSET_IN_LOWER = { VALUE = 0x2000 }\n"
                "0 ---- imm 0x0300 = 0x2\n"
                "4 c7b5 LAUNCH_DMA = { DATA_TRANSFER_TYPE = NON_PIPELINED, SRC_MEMORY_LAYOUT = "
                "PITCH, DST_MEMORY_LAYOUT = PITCH }\n");
}

static void
text_makes_the_words_it_names(void **state)
{
    static const uint32_t copy[] = {0x20018000, 0xc7b5, 0x20028100, 1, 0x2000};
    static const uint32_t others[] = {0x60020040, 5,          6, 0xa0020040, 7, 8,
                                      0x80010040, 0xe0000000, 0, 0x12345678};

    (void)state;
    expect_words("# a copy\n"
                 "4 AMPERE_CHANNEL_GPFIFO_A SET_OBJECT = { NVCLASS = c7b5 }\n"
                 "4 c7b5 OFFSET_IN_UPPER = { UPPER = 0x1 } # the address\n"
                 "+ OFFSET_IN_LOWER = 0x2000\r\n",
                 copy, 5);
    expect_words("0 ---- nonincr 0x100 = 5\n+ 0x100 = 6\n0 - once 0x100 = 7\n+ 0x104 = 8\n"
                 "0 c597 imm NO_OPERATION = { V = 1 }\n.end\n.nop\n.word 0x12345678",
                 others, 10);
}

static void
arrays_carry_their_index(void **state)
{
    static const uint32_t words[] = {0x20010230, 0x12, 0x20010a5f, 7};

    (void)state;
    expect_words("0 c597 SET_COLOR_TARGET_A[3] = { OFFSET_UPPER = 0x12 }\n"
                 "0 c597 SET_STREAM_OUT_LAYOUT_SELECT[2, 31] = 7\n",
                 words, 4);
}

static void
floats_read_as_floats(void **state)
{
    static const uint32_t words[] = {0x20030280, 0x43c80000, 0xbf000000, 0x3f7fffff,
                                     0x20020360, 0x3dcccccd, 0x00000001};

    (void)state;
    expect_words("0 c597 SET_VIEWPORT_SCALE_X[0] = { V = 400.0 }\n"
                 "+ SET_VIEWPORT_SCALE_Y[0] = { V = -0.5 }\n"
                 "+ SET_VIEWPORT_SCALE_Z[0] = { V = 0.99999994 }\n"
                 "0 c597 SET_COLOR_CLEAR_VALUE[0] = { V = 1e-1 }\n"
                 "+ SET_COLOR_CLEAR_VALUE[1] = { V = 1 }\n",
                 words, 7);
    {
        struct nvmem_push_state s = {.bound = {nvrm_hw_class(0xc597)}};
        struct gsp_text out = {0};

        assert_int_equal(nvmem_push_disassemble(&s, words, 7, &out), 0);
        assert_string_equal(out.data, "0 c597 SET_VIEWPORT_SCALE_X[0] = { V = 400.0 }\n"
                                      "+      SET_VIEWPORT_SCALE_Y[0] = { V = -0.5 }\n"
                                      "+      SET_VIEWPORT_SCALE_Z[0] = { V = 0.99999994 }\n"
                                      "0 c597 SET_COLOR_CLEAR_VALUE[0] = { V = 0.100000001 }\n"
                                      "+      SET_COLOR_CLEAR_VALUE[1] = { V = 1 }\n");
        gsp_text_fini(&out);
    }
}

static void
bits_of_no_field_survive(void **state)
{
    static const uint32_t words[] = {0x20018000, 0xff00c7b5};

    (void)state;
    expect_text(words, 2,
                "4 c56f SET_OBJECT = { NVCLASS = AMPERE_DMA_COPY_B, _ = 0xff000000 }\n");
    expect_words("4 c56f SET_OBJECT = { NVCLASS = AMPERE_DMA_COPY_B, _ = 0xff000000 }", words,
                 2);
}

static void
ring_entries_read_and_write(void **state)
{
    static const uint32_t words[] = {
        0x2000, 0x1f | 12 << 10, 0x3001, 0x80000200 | 5 << 10, 0x77, 2, 0x2002, 0x400};
    struct gsp_text out = {0};

    (void)state;
    assert_int_equal(nvmem_push_disassemble_ring(words, 8, &out), 0);
    assert_string_equal(out.data, "gp 0x1f00002000 12\n"
                                  "gp 0x3000 5 subroutine wait conditional\n"
                                  "gp GP_CRC 0x77\n"
                                  ".word 0x00002002\n.word 0x00000400\n");
    expect_words(out.data, words, 8);
    gsp_text_fini(&out);
}

/* Words that look like push buffers more often than chance would have it. */
static uint32_t
next_word(uint64_t *seed)
{
    static const uint32_t ops[] = {1, 1, 1, 3, 4, 5, 0, 7};
    uint64_t x = *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);

    x ^= x >> 29;
    if (x & 1)
        return (uint32_t)(x >> 32);
    if (x & 2)
        return UINT32_C(0x20018000) | (uint32_t)(x >> 8 & 7) << 13;
    return ops[x >> 8 & 7] << 29 | (uint32_t)(x >> 16 & 7) << 16 | (uint32_t)(x >> 24 & 0x9fff);
}

static void
any_words_come_back_bit_for_bit(void **state)
{
    static const uint16_t ids[] = {0xc7b5, 0xc597, 0xc6c0, 0x902d, 0xa140, 0xce97};
    uint64_t seed = 42;
    const unsigned rounds = TEST_SANITIZED ? 300 : 3000;

    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        uint32_t words[64];
        struct nvmem_push_state s = {0};
        struct gsp_text out = {0}, back;

        for (unsigned i = 0; i < 64; i++)
            words[i] = next_word(&seed);
        for (unsigned i = 0; i < 8; i++)
            s.bound[i] = nvrm_hw_class(ids[(round + i) % 6]);
        assert_int_equal(nvmem_push_disassemble(&s, words, 64, &out), 0);
        back = assemble(out.data);
        assert_int_equal(back.bytes, sizeof(words));
        assert_memory_equal(back.data, words, sizeof(words));
        gsp_text_fini(&back);
        out.bytes = 0;
        assert_int_equal(nvmem_push_disassemble_ring(words, 64, &out), 0);
        back = assemble(out.data);
        assert_memory_equal(back.data, words, sizeof(words));
        gsp_text_fini(&back);
        gsp_text_fini(&out);
    }
}

static void
errors_name_the_line_and_what_to_write(void **state)
{
    (void)state;
    expect_error("\n4 c7b5 LAUCH_DMA = 1", "t:2: class c7b5 has no method 'LAUCH_DMA'",
                 "did you mean LAUNCH_DMA?");
    expect_error("4 c7b5 LAUNCH_DMA = { SRC_TYP = 1 }",
                 "t:1: the method has no field 'SRC_TYP'", "did you mean SRC_TYPE?");
    expect_error("4 c7b5 LAUNCH_DMA = { SRC_TYPE = PHYSICA }",
                 "t:1: the field has no value 'PHYSICA'", "did you mean PHYSICAL?");
    expect_error("4 c7b5 LAUNCH_DMA = { SRC_TYPE = 2 }",
                 "t:1: SRC_TYPE: 2 does not fit into 1 bits", "");
    expect_error("9 c7b5 LAUNCH_DMA = 1", "t:1: '9' is no subchannel (0 to 7)",
                 "a line is: SUBCHANNEL CLASS METHOD = { FIELD = VALUE, ... }");
    expect_error("4 AMPERE_DMA_COPY_C LAUNCH_DMA = 1",
                 "t:1: there is no class 'AMPERE_DMA_COPY_C'",
                 "did you mean AMPERE_DMA_COPY_A?");
    expect_error("+ LAUNCH_DMA = 1", "t:1: there is no header to go on with",
                 "write SUBCHANNEL CLASS in front");
    expect_error("4 c7b5 OFFSET_IN_UPPER = 1\n+ LAUNCH_DMA = 1",
                 "t:2: the header goes on at 0x404, and LAUNCH_DMA lies at 0x300",
                 "begin a header of its own: SUBCHANNEL CLASS METHOD = ...");
    expect_error("4 c7b5 imm LAUNCH_DMA = 0x2000",
                 "t:1: 0x2000 does not fit into the 13 bits of an immediate",
                 "leave imm out: the data then gets a word of its own");
    expect_error("4 c7b5 LAUNCH_DMA = { SRC_TYPE = 1", "t:1: a } is missing",
                 "{ FIELD = VALUE, ... }");
    expect_error("4 c7b5 LAUNCH_DMA 1", "t:1: a = is missing behind LAUNCH_DMA",
                 "METHOD = { FIELD = VALUE, ... }");
    expect_error("4 c7b5 LAUNCH_DMA = 1 2", "t:1: '2' is too much here",
                 "one method a line; # begins a comment");
    expect_error("4 c7b5 LAUNCH_DMA = many", "t:1: the data is missing, here is 'many'",
                 "numbers are 12 or 0x1f");
    expect_error("0 c597 SET_COLOR_TARGET_A = 1", "t:1: this is an array",
                 "write [0] behind its name");
    expect_error("0 c597 SET_COLOR_TARGET_A[8] = 1", "t:1: the index 8 is past 0x7", "");
    expect_error("0 ---- LAUNCH_DMA = 1", "t:1: method 'LAUNCH_DMA' of no class",
                 "give its address as a number, or the class instead of ----");
    expect_error("0 ---- 0x102 = 1", "t:1: no method lies at 0x102",
                 "addresses are 0 to 0x3ffc in steps of 4");
    expect_error(".byte 1", "t:1: there is no '.byte'", ".nop, .end and .word 0x... are known");
    expect_error("gp 0x10000000000 4", "t:1: no push buffer lies at 0x10000000000",
                 "a multiple of 4 below 2^40");
    expect_error("gp 0x1000 0", "t:1: an entry of 0 words is a control entry",
                 "gp NOP 0 does nothing");
    expect_error("gp NOPE 0", "t:1: no GPFIFO operation is called 'NOPE'", "did you mean NOP?");
    expect_error("gp 0x1000 4 now", "t:1: an entry is not 'now'",
                 "subroutine, wait, conditional");
}

struct findings {
    unsigned n[NVMEM_PUSH_RULES];
    char last[200];
};

static int
take_finding(void *ctx, const struct nvmem_push_finding *f)
{
    struct findings *all = ctx;

    all->n[f->rule]++;
    memcpy(all->last, f->text, sizeof(all->last));
    return 0;
}

static void
lint(const char *text, struct findings *out)
{
    struct gsp_text words = assemble(text);
    struct nvmem_push_state s = {.host = nvrm_hw_class(0xc56f)};

    memset(out, 0, sizeof(*out));
    nvmem_push_lint(&s, (const uint32_t *)words.data, words.bytes / 4, take_finding, out);
    gsp_text_fini(&words);
}

#define BIND "4 c56f SET_OBJECT = { NVCLASS = c7b5 }\n"

static void
every_rule_finds_its_fault_and_only_that(void **state)
{
    static const struct {
        enum nvmem_push_rule rule;
        const char *text;
    } rows[] = {
        {NVMEM_PUSH_BAD_HEADER,     ".word 0xc0000000"                                   },
        {NVMEM_PUSH_TRUNCATED,      ".word 0x20020040\n.word 1"                          },
        {NVMEM_PUSH_NO_OBJECT,      "4 c7b5 LAUNCH_DMA = 0"                              },
        {NVMEM_PUSH_UNKNOWN_CLASS,  "4 c56f SET_OBJECT = { NVCLASS = 0x9039 }"           },
        {NVMEM_PUSH_FOREIGN_CLASS,  "4 c56f SET_OBJECT = { NVCLASS = c5b5 }"             },
        {NVMEM_PUSH_UNKNOWN_METHOD, BIND "4 c7b5 0x3000 = 0"                             },
        {NVMEM_PUSH_NEWER_METHOD,   BIND "4 c8b5 SET_MEMORY_SCRUB_PARAMETERS = 0"        },
        {NVMEM_PUSH_RESERVED_BITS,  BIND "4 c7b5 OFFSET_IN_UPPER = { _ = 0x80000000 }"   },
        {NVMEM_PUSH_BAD_VALUE,      BIND "4 c7b5 LAUNCH_DMA = { DATA_TRANSFER_TYPE = 3 }"},
        {NVMEM_PUSH_UNREAD,         ".end\n.nop"                                         },
    };
    struct findings f;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        lint(rows[i].text, &f);
        for (unsigned k = 0; k < NVMEM_PUSH_RULES; k++)
            if (f.n[k] != (k == rows[i].rule))
                fail_msg("%s: %u of %s: %s", rows[i].text, f.n[k],
                         nvmem_push_rule_name((enum nvmem_push_rule)k), f.last);
    }
}

static void
a_clean_copy_has_no_findings(void **state)
{
    struct findings f;

    (void)state;
    lint(BIND "4 c7b5 OFFSET_IN_UPPER = 1\n+ OFFSET_IN_LOWER = 2\n+ OFFSET_OUT_UPPER = 1\n"
              "+ OFFSET_OUT_LOWER = 3\n+ PITCH_IN = 4\n+ PITCH_OUT = 4\n+ LINE_LENGTH_IN = 4\n"
              "+ LINE_COUNT = 1\n4 c7b5 LAUNCH_DMA = { SRC_MEMORY_LAYOUT = PITCH }\n"
              "0 c56f SEM_ADDR_LO = 0x1000\n+ SEM_ADDR_HI = 1\n.nop",
         &f);
    for (unsigned k = 0; k < NVMEM_PUSH_RULES; k++)
        assert_int_equal(f.n[k], 0);
}

static int
stop_at_once(void *ctx, const struct nvmem_push_finding *f)
{
    (void)f;
    ++*(unsigned *)ctx;
    return 1;
}

static void
a_reader_may_stop_at_the_first_finding(void **state)
{
    static const uint32_t words[] = {0xc0000000, 0xc0000000};
    struct nvmem_push_state s = {0};
    unsigned calls = 0;

    (void)state;
    assert_int_equal(nvmem_push_lint(&s, words, 2, stop_at_once, &calls), 1);
    assert_int_equal(calls, 1);
    s = (struct nvmem_push_state){0};
    assert_int_equal(nvmem_push_lint(&s, words, 2, NULL, NULL), 2);
}

static void
a_record_reads_and_writes_by_field(void **state)
{
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xc6c0), "QMDV03_00");
    uint32_t qmd[NVC6C0_QMDV03_00__WORDS] = {0};
    struct gsp_text text = {0}, back = {0};

    (void)state;
    NVRM_HW_SET(qmd, NVC6C0_QMDV03_00_QMD_MAJOR_VERSION, 3);
    NVRM_HW_SET_AT(qmd, NVC6C0_QMDV03_00_CONSTANT_BUFFER_VALID, 1, 2);
    NVRM_HW_SET(qmd, NVC6C0_QMDV03_00_RELEASE0_REDUCTION_OP,
                NVC6C0_QMDV03_00_RELEASE0_REDUCTION_OP_RED_MAX);
    assert_int_equal(nvmem_push_write_records(r, qmd, 1, &text), 0);
    assert_non_null(strstr(text.data, "QMD_MAJOR_VERSION = 3\n"));
    assert_non_null(strstr(text.data, "CONSTANT_BUFFER_VALID[2] = TRUE\n"));
    assert_non_null(strstr(text.data, "RELEASE0_REDUCTION_OP = RED_MAX\n"));
    assert_int_equal(nvmem_push_read_records(r, text.data, text.bytes, "t", &back, NULL), 0);
    assert_int_equal(back.bytes, sizeof(qmd));
    assert_memory_equal(back.data, qmd, sizeof(qmd));
    gsp_text_fini(&back);
    gsp_text_fini(&text);
}

static void
any_words_come_back_as_records(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (unsigned k = 0; k < nvrm_hw_class_count(); k++)
        for (unsigned n = 0; n < nvrm_hw_class_at(k)->record_count; n++) {
            const struct nvrm_hw_item *r = nvrm_hw_record_at(nvrm_hw_class_at(k), n);
            struct gsp_text text = {0}, back = {0};
            uint32_t words[3 * 128];

            assert_true(r->words <= 128);
            for (unsigned i = 0; i < 3u * r->words; i++)
                words[i] = next_word(&seed);
            assert_int_equal(nvmem_push_write_records(r, words, 3, &text), 0);
            assert_int_equal(
                nvmem_push_read_records(r, text.data, text.bytes, "t", &back, NULL), 0);
            assert_int_equal(back.bytes, 3u * r->words * 4);
            assert_memory_equal(back.data, words, 3u * r->words * 4);
            gsp_text_fini(&back);
            gsp_text_fini(&text);
        }
}

static void
ring_entries_are_linted(void **state)
{
    static const struct {
        uint32_t words[2];
        enum nvmem_push_rule rule;
    } rows[] = {
        {{0x2002, 12 << 10},         NVMEM_PUSH_RESERVED_BITS},
        {{0x2000, 0x100 | 12 << 10}, NVMEM_PUSH_RESERVED_BITS},
        {{0, 0x80000000},            NVMEM_PUSH_RESERVED_BITS},
        {{0, 9},                     NVMEM_PUSH_BAD_VALUE    },
    };
    static const uint32_t good[] = {0x2000, 0x1f | 12 << 10, 0x3001, 0x80000200 | 5 << 10, 0,
                                    0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct findings f = {0};

        assert_int_equal(nvmem_push_lint_ring(rows[i].words, 2, take_finding, &f), 1);
        assert_int_equal(f.n[rows[i].rule], 1);
    }
    assert_int_equal(nvmem_push_lint_ring(good, 6, NULL, NULL), 0);
    assert_int_equal(nvmem_push_lint_ring(good, 5, NULL, NULL), 1);
}

static void
a_record_is_linted_element_by_element(void **state)
{
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xc6c0), "QMDV03_00");
    uint32_t qmd[2 * NVC6C0_QMDV03_00__WORDS] = {0};
    struct findings f = {0};

    (void)state;
    NVRM_HW_SET(qmd, NVC6C0_QMDV03_00_QMD_MAJOR_VERSION, 3);
    NVRM_HW_SET(qmd, NVC6C0_QMDV03_00_RELEASE0_REDUCTION_OP, 7);
    NVRM_HW_SET(qmd + 64, NVC6C0_QMDV03_00_CWD_MEMBAR_TYPE, 3);
    assert_int_equal(nvmem_push_lint_records(r, qmd, 2, take_finding, &f), 0);
    NVRM_HW_SET(qmd + 64, NVC6C0_QMDV03_00_DEPENDENT_QMD0_ACTION, 5);
    assert_int_equal(nvmem_push_lint_records(r, qmd, 2, take_finding, &f), 1);
    assert_int_equal(f.n[NVMEM_PUSH_BAD_VALUE], 1);
    assert_string_equal(f.last, "QMDV03_00: DEPENDENT_QMD0_ACTION has no value 0x5");
}

static void
groups_of_the_method_expander_have_their_high_word_first(void **state)
{
    static const char text[] = "END_NEXT = 1\nALU0_OP = ADDC\nALU0_DST = R2\n"
                               "OUT1_EMIT = IMMED32_0\n";
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xc997), "MME64");
    struct gsp_text words = {0}, again = {0};
    uint32_t w[3];

    (void)state;
    assert_non_null(r);
    assert_int_equal(nvmem_push_read_records(r, text, strlen(text), "t", &words, NULL), 0);
    assert_int_equal(words.bytes, sizeof(w));
    memcpy(w, words.data, sizeof(w));
    assert_int_equal(w[0], 0xa0000000);
    assert_int_equal(w[1], 0);
    assert_int_equal(w[2], 1 | 1 << 10 | 2 << 15);
    assert_int_equal(nvmem_push_write_records(r, w, 1, &again), 0);
    assert_string_equal(again.data, text);
    gsp_text_fini(&again);
    gsp_text_fini(&words);
}

static void
a_bad_field_of_a_record_is_named(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"QMD_MAJOR = 3",            "t:1: the record has no field 'QMD_MAJOR'"           },
        {"\nQMD_MAJOR_VERSION = 16", "t:2: QMD_MAJOR_VERSION: 16 does not fit into 4 bits"},
        {"_[64] = 1",                "t:1: the index 64 is past 0x3f"                     },
        {"QMD_MAJOR_VERSION 3",      "t:1: a = is missing behind QMD_MAJOR_VERSION"       },
        {"QMD_MAJOR_VERSION = 3 4",  "t:1: '4' is too much here"                          },
    };
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xc6c0), "QMDV03_00");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gsp_text words = {0};
        struct gsp_error err = {0};

        assert_int_equal(
            nvmem_push_read_records(r, rows[i].text, strlen(rows[i].text), "t", &words, &err),
            -EINVAL);
        assert_string_equal(err.text, rows[i].message);
        gsp_text_fini(&words);
    }
}

static void
memory_that_runs_out_is_an_error_and_nothing_leaks(void **state)
{
    static const char text[] = BIND "4 c7b5 OFFSET_IN_UPPER = 1\n+ OFFSET_IN_LOWER = 2\n";
    static uint32_t words[2000];
    unsigned failures = 0;

    (void)state;
    for (long left = 0;; left++) {
        struct budget b = {.left = left};
        const struct gsp_host host = {.ctx = &b, .realloc = counting_realloc};
        struct gsp_text out = {.host = &host}, dis = {.host = &host};
        struct nvmem_push_state s = {0};
        struct gsp_error err = {0};
        const int rc = nvmem_push_assemble(text, strlen(text), "t", &out, &err);
        const int dis_rc = nvmem_push_disassemble(&s, words, 2000, &dis);

        gsp_text_fini(&out);
        gsp_text_fini(&dis);
        assert_int_equal(b.live, 0);
        if (rc == 0 && dis_rc == 0)
            break;
        assert_true(rc == 0 || rc == -ENOMEM);
        assert_true(dis_rc == 0 || dis_rc == -ENOMEM);
        failures++;
    }
    assert_true(failures > 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_reads_as_methods_with_fields),
        cmocka_unit_test(text_makes_the_words_it_names),
        cmocka_unit_test(arrays_carry_their_index),
        cmocka_unit_test(floats_read_as_floats),
        cmocka_unit_test(bits_of_no_field_survive),
        cmocka_unit_test(ring_entries_read_and_write),
        cmocka_unit_test(any_words_come_back_bit_for_bit),
        cmocka_unit_test(errors_name_the_line_and_what_to_write),
        cmocka_unit_test(every_rule_finds_its_fault_and_only_that),
        cmocka_unit_test(a_clean_copy_has_no_findings),
        cmocka_unit_test(a_record_reads_and_writes_by_field),
        cmocka_unit_test(any_words_come_back_as_records),
        cmocka_unit_test(ring_entries_are_linted),
        cmocka_unit_test(a_record_is_linted_element_by_element),
        cmocka_unit_test(groups_of_the_method_expander_have_their_high_word_first),
        cmocka_unit_test(a_bad_field_of_a_record_is_named),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_nothing_leaks),
        cmocka_unit_test(a_reader_may_stop_at_the_first_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
