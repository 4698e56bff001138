/* SPDX-License-Identifier: MIT */
/* Log rings and logging ELFs, laid out by hand from the public headers. */
#include <errno.h>

#include <gsp/log.h>

#include "test.h"

enum { RING_WORDS = 17 }; /* the put count and sixteen words */

static struct nvrm_abi
newest(void)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_newest(s)};
}

static struct gsp_log_ring
ring_of(const uint64_t *words, size_t count, const char *name)
{
    const struct gsp_fw_source file = {name, (const uint8_t *)words, count * 8, 0};
    struct gsp_log_ring ring;

    assert_int_equal(gsp_log_ring_open(&file, &ring, NULL), 0);
    return ring;
}

/* A task's ELF, byte by byte: .logging at 0x5000 holds two messages and their texts. */
struct task_elf {
    uint8_t header[64];
    uint8_t section_null[64], section_logging[64], section_names[64];
    uint8_t names[24];
    struct {
        uint64_t file, format;
        uint32_t line;
        uint8_t arg_count, level, special, pad;
    } messages[3];
    char text[160];
};

static void
put(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void
put_section(uint8_t *row, unsigned name, unsigned type, uint64_t va, uint64_t at,
            uint64_t bytes)
{
    put(row, name, 4);
    put(row + 4, type, 4);
    put(row + 16, va, 8);
    put(row + 24, at, 8);
    put(row + 32, bytes, 8);
}

#define TEXT_AT(elf, s) (0x5000 + sizeof((elf)->messages) + (uint64_t)((s) - (elf)->text))

static void
make_task_elf(struct task_elf *elf)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    static const char texts[] = "src/boot/start.c\0up after %u us, %s\n\0x == y\0a name";
    const size_t logging = offsetof(struct task_elf, messages);

    memset(elf, 0, sizeof(*elf));
    memcpy(elf->header, ident, sizeof(ident));
    put(elf->header + 40, offsetof(struct task_elf, section_null), 8);
    put(elf->header + 58, 64, 2);
    put(elf->header + 60, 3, 2);
    put(elf->header + 62, 2, 2);
    memcpy(elf->names, "\0.logging\0.shstrtab", 20);
    put_section(elf->section_logging, 1, 1, 0x5000, logging, sizeof(*elf) - logging);
    put_section(elf->section_names, 10, 3, 0, offsetof(struct task_elf, names), 20);
    memcpy(elf->text, texts, sizeof(texts));
    for (unsigned i = 0; i < 3; i++) {
        elf->messages[i].file = TEXT_AT(elf, elf->text);
        elf->messages[i].line = 40 + i;
        elf->messages[i].level = (uint8_t)(i + 1);
    }
    elf->messages[0].format = TEXT_AT(elf, elf->text + 17);
    elf->messages[0].arg_count = 2;
    elf->messages[1].format = TEXT_AT(elf, elf->text + 37);
    elf->messages[1].arg_count = 1;
    elf->messages[1].special = 2;
    elf->messages[2].format = 0x99990000;
}

static uint64_t
name_va(const struct task_elf *elf)
{
    return TEXT_AT(elf, elf->text + 44);
}

static struct gsp_log_elf *
open_elf(const void *bytes, size_t size)
{
    const struct gsp_fw_source file = {"log.elf", bytes, size, 0};
    struct gsp_log_elf *elf = NULL;
    struct gsp_error err = {0};

    if (gsp_log_elf_open(&file, NULL, &elf, &err) < 0)
        fail_msg("%s", err.text);
    return elf;
}

static void
expect_text(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
            const struct gsp_log_record *record, const char *want)
{
    struct gsp_text text = {0};

    gsp_log_record_text(elf, ring, record, newest(), &text);
    assert_string_equal(text.data ? text.data : "", want);
    gsp_text_fini(&text);
}

#define PACKED(task, words, offset)                                                            \
    ((uint64_t)(task) << 56 | (uint64_t)(words) << 48 | (offset))

static void
packed_records_need_no_elf_for_time_task_and_arguments(void **state)
{
    const uint64_t words[RING_WORDS] = {
        7, 0x11, 0x22, PACKED(3, 4, 0x48), 1000, 0x33, PACKED(2, 3, 0x18), 2000};
    const struct gsp_log_ring ring = ring_of(words, RING_WORDS, "dump/logrm");
    struct gsp_log log;

    (void)state;
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 2);
    assert_int_equal(log.form, GSP_LOG_FORM_PACKED);
    assert_int_equal(log.records[0].time_ns, 1000);
    assert_int_equal(log.records[0].task, 3);
    assert_int_equal(log.records[0].message, 0x48);
    assert_int_equal(log.records[0].arg_count, 2);
    assert_int_equal(log.records[0].args[1], 0x22);
    assert_string_equal(gsp_log_task_name(log.records[1].task), "INIT");
    assert_int_equal(log.records[1].args[0], 0x33);
    assert_int_equal(log.bad_words, 0);
    expect_text(NULL, &ring, &log.records[0], "0x11 0x22");
    gsp_log_fini(&log);
}

static void
an_elf_turns_packed_records_into_text(void **state)
{
    struct task_elf file;
    uint64_t words[RING_WORDS] = {7,   1234, 0, PACKED(3, 4, 0), 1000, 0x1f, PACKED(3, 3, 24),
                                  2000};
    struct gsp_log_message message;
    struct gsp_log_elf *elf;
    struct gsp_log_ring ring;
    struct gsp_log log;

    (void)state;
    make_task_elf(&file);
    words[2] = name_va(&file);
    elf = open_elf(&file, sizeof(file));
    ring = ring_of(words, RING_WORDS, "LOGRM");
    assert_int_equal(gsp_log_decode(&ring, elf, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 2);
    assert_true(gsp_log_message_find(elf, &ring, &log.records[0], &message));
    assert_string_equal(message.file, "start.c");
    assert_int_equal(message.line, 40);
    expect_text(elf, &ring, &log.records[0], "up after 1234 us, a name");
    expect_text(elf, &ring, &log.records[1],
                "Assertion failed: NV_ERR_INVALID_ARGUMENT (0x0000001f) returned from x == y");
    gsp_log_fini(&log);
    gsp_log_elf_close(elf);
}

static void
an_elf_gives_address_records_their_lengths(void **state)
{
    struct task_elf file;
    uint64_t words[RING_WORDS] = {9, 1234, 0, 0x5000, 1000, 0x5030, 1500, 0x65, 0x5018, 2000};
    struct gsp_log_elf *elf;
    struct gsp_log_ring ring;
    struct gsp_log log;

    (void)state;
    make_task_elf(&file);
    words[2] = 0x12; /* leads nowhere */
    elf = open_elf(&file, sizeof(file));
    ring = ring_of(words, RING_WORDS, "LOGINIT");
    assert_int_equal(gsp_log_decode(&ring, elf, NULL, &log, NULL), 0);
    assert_int_equal(log.form, GSP_LOG_FORM_ADDRESS);
    assert_int_equal(log.count, 3);
    expect_text(elf, &ring, &log.records[0], "up after 1234 us, <text at 0x12>");
    assert_int_equal(log.records[1].arg_count, 0);
    expect_text(elf, &ring, &log.records[1], "");
    assert_int_equal(log.records[2].args[0], 0x65);
    gsp_log_fini(&log);
    gsp_log_elf_close(elf);
}

static void
address_records_are_told_apart_without_an_elf(void **state)
{
    const uint64_t t = 1700000000000000000;
    const uint64_t words[RING_WORDS] = {9,          1234,  7,    0x60005000, t,
                                        0x60005030, t + 5, 0x65, 0x60005018, t + 9};
    const struct gsp_log_ring ring = ring_of(words, RING_WORDS, "loginit");
    struct gsp_log log;

    (void)state;
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 3);
    assert_true(log.records[0].guessed);
    assert_int_equal(log.records[0].arg_count, 2);
    assert_int_equal(log.records[0].args[0], 1234);
    assert_int_equal(log.records[1].arg_count, 0);
    assert_int_equal(log.records[2].args[0], 0x65);
    gsp_log_fini(&log);
}

/* Twenty words went through a ring of sixteen: the record that begins in the overwritten part
 * is lost, the four behind it are whole. */
static void
a_wrapped_ring_loses_its_oldest_record_only(void **state)
{
    uint64_t words[RING_WORDS] = {20};
    struct gsp_log_ring ring;
    struct gsp_log log;

    (void)state;
    for (uint64_t record = 0; record < 5; record++) {
        const uint64_t at = record * 4;

        words[1 + at % 16] = record;
        words[1 + (at + 1) % 16] = record * 2;
        words[1 + (at + 2) % 16] = PACKED(3, 4, 8 * record);
        words[1 + (at + 3) % 16] = 100 + record;
    }
    words[0] = 22; /* two words more than that */
    words[1 + 4] = PACKED(3, 2, 0x80);
    words[1 + 5] = 200;
    ring = ring_of(words, RING_WORDS, "LOGRM");
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 4);
    assert_int_equal(log.lost_words, 6);
    assert_int_equal(log.bad_words, 2);
    assert_int_equal(log.records[0].time_ns, 102);
    assert_int_equal(log.records[3].arg_count, 0);
    gsp_log_fini(&log);
}

static void
hostile_rings_end_with_what_could_be_read(void **state)
{
    uint64_t words[RING_WORDS] = {0};
    struct gsp_log_ring ring;
    struct gsp_log log;

    (void)state;
    ring = ring_of(words, RING_WORDS, NULL);
    words[0] = UINT64_MAX; /* a put count beyond everything */
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 0);
    assert_int_equal(log.bad_words, 16);
    words[0] = 2;
    words[1] = PACKED(3, 22, 0); /* twenty arguments, none of which was written */
    words[2] = 5;
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 0);
    assert_int_equal(log.bad_words, 2);
    words[1] = PACKED(3, 23, 0); /* more than any record has */
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    gsp_log_fini(&log);
    words[0] = 1; /* half a record */
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(log.bad_words, 1);
}

static void
a_put_count_that_no_ring_reaches_is_refused(void **state)
{
    uint64_t words[RING_WORDS] = {16 + (UINT64_C(1) << 40)};
    const struct gsp_fw_source file = {"x.bin", (const uint8_t *)words, sizeof(words), 0};
    struct gsp_log_ring ring;
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(gsp_log_ring_open(&file, &ring, &err), 0);
    words[0]++;
    assert_int_equal(gsp_log_ring_open(&file, &ring, &err), -EBADMSG);
    assert_string_equal(err.text,
                        "x.bin: at 0x0: no ring of 16 words was written 0x10000000011 words");
    words[0] = UINT64_MAX;
    assert_int_equal(gsp_log_ring_open(&file, &ring, &err), -EBADMSG);
}

static void
files_that_are_no_ring_are_refused_by_name(void **state)
{
    uint8_t bytes[100] = {0};
    struct gsp_fw_source file = {"x.bin", bytes, 12, 0};
    struct gsp_log_ring ring;
    struct gsp_error err = {0};

    (void)state;
    assert_int_equal(gsp_log_ring_open(&file, &ring, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "x.bin"));
    file.bytes = 97;
    assert_int_equal(gsp_log_ring_open(&file, &ring, &err), -EBADMSG);
    file.bytes = 88;
    bytes[8] = 2;
    memcpy(bytes + 16, "RM", 2);
    bytes[12] = 33; /* a build id longer than its field */
    assert_int_equal(gsp_log_ring_open(&file, &ring, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "build id"));
}

static void
a_saved_nvlog_buffer_reads_back_with_its_chip_and_task(void **state)
{
    const uint64_t words[RING_WORDS] = {2, PACKED(4, 2, 0x30), 77};
    struct gsp_log_ring ring = ring_of(words, RING_WORDS, "LOGINTR"), back;
    uint8_t saved[GSP_LOG_NVLOG_HEADER + sizeof(words)];
    const struct gsp_fw_source file = {"saved", saved, sizeof(saved), 0};

    (void)state;
    ring.gpu_arch = 0x19;
    ring.gpu_impl = 2;
    ring.form = GSP_LOG_FORM_PACKED;
    ring.build_id_bytes = 20;
    memset(ring.build_id, 0xab, 20);
    gsp_log_nvlog_write(&ring, saved);
    /* LIBOS_LOG_NVLOG_BUFFER_V2, field by field */
    assert_int_equal(saved[0], 0x19);
    assert_int_equal(saved[4], 2);
    assert_int_equal(saved[8], 2);
    assert_int_equal(saved[12], 20);
    assert_memory_equal(saved + 16, "INTR\0\0\0\0", 8);
    assert_int_equal(saved[32], 0xab);
    assert_int_equal(saved[64], 1);
    assert_memory_equal(saved + 72, words, sizeof(words));
    assert_int_equal(gsp_log_ring_open(&file, &back, NULL), 0);
    assert_int_equal(back.nvlog_version, 2);
    assert_int_equal(back.form, GSP_LOG_FORM_PACKED);
    assert_string_equal(gsp_log_task_name(back.task), "INTR");
    assert_int_equal(back.bytes, sizeof(words));
    saved[8] = 1; /* version 1 has no flags: its data begin eight bytes earlier */
    assert_int_equal(gsp_log_ring_open(&file, &back, NULL), 0);
    assert_int_equal(back.form, GSP_LOG_FORM_ADDRESS);
    assert_int_equal(back.bytes, sizeof(words) + 8);
}

static void
the_histogram_counts_messages_and_what_it_left_out(void **state)
{
    const uint64_t words[RING_WORDS] = {10, PACKED(3, 2, 8),  1, PACKED(3, 2, 0),
                                        2,  PACKED(3, 2, 8),  3, PACKED(3, 2, 8),
                                        4,  PACKED(3, 2, 16), 5};
    const struct gsp_log_ring ring = ring_of(words, RING_WORDS, "LOGRM");
    struct gsp_log_count counts[2];
    struct gsp_log log;
    unsigned others;

    (void)state;
    assert_int_equal(gsp_log_decode(&ring, NULL, NULL, &log, NULL), 0);
    assert_int_equal(gsp_log_histogram(&log, counts, 2, &others), 2);
    assert_int_equal(counts[0].message, 8);
    assert_int_equal(counts[0].count, 3);
    assert_int_equal(counts[0].first_ns, 1);
    assert_int_equal(counts[0].last_ns, 4);
    assert_int_equal(others, 1);
    gsp_log_fini(&log);
}

static void
format_is(const char *want, const char *format, unsigned count, const uint64_t *values)
{
    struct task_elf file;
    uint64_t words[64] = {count + 2};
    struct gsp_log_elf *elf;
    struct gsp_log_ring ring;
    struct gsp_log log;

    make_task_elf(&file);
    snprintf(file.text, sizeof(file.text), "%s", format);
    file.messages[0].format = TEXT_AT(&file, file.text);
    file.messages[0].arg_count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++)
        words[1 + i] = values[i];
    words[1 + count] = PACKED(3, 2 + count, 0);
    words[2 + count] = 9;
    elf = open_elf(&file, sizeof(file));
    ring = ring_of(words, 64, "LOGRM");
    assert_int_equal(gsp_log_decode(&ring, elf, NULL, &log, NULL), 0);
    assert_int_equal(log.count, 1);
    expect_text(elf, &ring, &log.records[0], want);
    gsp_log_fini(&log);
    gsp_log_elf_close(elf);
}

static void
formats_are_those_of_printf_within_bounds(void **state)
{
    const uint64_t minus = (uint64_t)-5;
    const uint64_t two[] = {0xbeef, 42}, wide[] = {1000000, 7};

    (void)state;
    format_is("-5|", "%d|", 1, &minus);
    format_is("0x0000beef 42", "0x%08x %u", 2, two);
    format_is("0xbeef|   42", "%#llx|%5d", 2, two);
    format_is("beef 100%", "%x 100%%", 1, two);
    format_is("BEEF *", "%lX %c", 2, two);
    format_is("0xbeef", "%p", 1, two);
    format_is("<text at 0xbeef>", "%s", 1, two);
    format_is("beef and ", "%x and %x", 1, two);
    format_is("wide", "wide%99999999x\x01", 0, NULL);
    format_is("..", "\x1b\x07", 0, NULL);
    format_is("end", "end%", 0, NULL);
    {
        char want[140];

        snprintf(want, sizeof(want), "%128d", 7); /* a width from the ring is cut to 128 */
        format_is(want, "%*d", 2, wide);
    }
}

/* The container that gsp_log_*.bin carries is another ELF inside an ELF. */
static void
an_elf_without_messages_is_refused(void **state)
{
    struct task_elf file;
    struct gsp_fw_source source = {"log.elf", (const uint8_t *)&file, sizeof(file), 0};
    struct gsp_log_elf *elf;
    struct gsp_error err = {0};

    (void)state;
    make_task_elf(&file);
    memcpy(file.names + 1, ".nothing", 8);
    assert_int_equal(gsp_log_elf_open(&source, NULL, &elf, &err), -EBADMSG);
    assert_non_null(strstr(err.text, ".logging"));
    memcpy(file.names + 1, ".fwloggi", 8);
    source.bytes = 40;
    assert_int_equal(gsp_log_elf_open(&source, NULL, &elf, &err), -EBADMSG);
    assert_null(elf);
}

static void *
no_memory(void *ctx, void *old, size_t bytes)
{
    int *left = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    return (*left)-- > 0 ? realloc(old, bytes) : NULL;
}

static void
running_out_of_memory_leaves_nothing_behind(void **state)
{
    const uint64_t words[RING_WORDS] = {2, PACKED(3, 2, 0), 77};
    const struct gsp_log_ring ring = ring_of(words, RING_WORDS, "LOGRM");
    struct task_elf file;
    const struct gsp_fw_source source = {"log.elf", (const uint8_t *)&file, sizeof(file), 0};
    struct gsp_log_elf *elf;
    struct gsp_log log;
    int left = 0;
    const struct gsp_host host = {.ctx = &left, .realloc = no_memory};

    (void)state;
    make_task_elf(&file);
    assert_int_equal(gsp_log_elf_open(&source, &host, &elf, NULL), -ENOMEM);
    assert_null(elf);
    assert_int_equal(gsp_log_decode(&ring, NULL, &host, &log, NULL), -ENOMEM);
    assert_null(log.records);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_records_need_no_elf_for_time_task_and_arguments),
        cmocka_unit_test(an_elf_turns_packed_records_into_text),
        cmocka_unit_test(an_elf_gives_address_records_their_lengths),
        cmocka_unit_test(address_records_are_told_apart_without_an_elf),
        cmocka_unit_test(a_wrapped_ring_loses_its_oldest_record_only),
        cmocka_unit_test(hostile_rings_end_with_what_could_be_read),
        cmocka_unit_test(a_put_count_that_no_ring_reaches_is_refused),
        cmocka_unit_test(files_that_are_no_ring_are_refused_by_name),
        cmocka_unit_test(a_saved_nvlog_buffer_reads_back_with_its_chip_and_task),
        cmocka_unit_test(the_histogram_counts_messages_and_what_it_left_out),
        cmocka_unit_test(formats_are_those_of_printf_within_bounds),
        cmocka_unit_test(an_elf_without_messages_is_refused),
        cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
