/* SPDX-License-Identifier: MIT */
/* Copy engines: bytes move between all kinds of memory and layouts; errors have names. */
#include "exec_client.h"
#include "test.h"

static void
fill(struct exec *x, uint64_t fb_off, uint32_t words, uint32_t seed)
{
    for (uint32_t i = 0; i < words; i++)
        exec_wr(x, fb_off + (uint64_t)i * 4, seed + i * 0x9e3779b1u);
}

static void
a_line_is_copied_and_its_semaphore_released(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct exec_channel c;
        struct exec x;

        exec_open(&x, exec_chips[i].name, NULL);
        exec_channel(&x, &c, EXEC_COPY2, 0);
        fill(&x, EXEC_DATA, 1024, 5);
        exec_bind_copy(&c);
        exec_copy(&c, DATA, DATA + 0x10004, 4096, DATA + 0x20000, 0xcafe);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x20000), 0xcafe);
        for (uint32_t w = 0; w < 1024; w++)
            assert_int_equal(exec_rd(&x, EXEC_DATA + 0x10004 + w * 4), 5 + w * 0x9e3779b1u);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x11004), 0);
        assert_int_equal(exec_get(&c), 1);
        exec_close(&x);
    }
}

enum {
    PIPELINED = 1,
    FLUSH = 1 << 2,
    ONE_WORD = 1 << 3,
    FOUR_WORD = 2 << 3,
    NON_BLOCKING = 2 << 5,
    SRC_PITCH = 1 << 7,
    DST_PITCH = 1 << 8,
    PITCH = SRC_PITCH | DST_PITCH,
    MULTI_LINE = 1 << 9,
    REMAP = 1 << 10,
    SRC_PHYS = 1 << 12,
    DST_PHYS = 1 << 13,
    TWO_WORD = 1 << 27,
};

static void
open_one(struct exec *x, struct exec_channel *c, const char *chip)
{
    exec_open(x, chip, NULL);
    exec_channel(x, c, EXEC_COPY2, 0);
    exec_bind_copy(c);
}

/* Addresses, pitches, line length and count, then the launch. */
static void
launch(struct exec_channel *c, uint64_t from, uint64_t to, uint32_t pitch_in,
       uint32_t pitch_out, uint32_t width, uint32_t lines, uint32_t flags)
{
    EXEC_METHOD(c, 4, 0x400, HI(from), LO(from), HI(to), LO(to), pitch_in, pitch_out, width,
                lines);
    EXEC_METHOD(c, 4, 0x300, flags);
}

static uint8_t
byte_at(struct exec *x, uint64_t fb_off)
{
    return (uint8_t)(exec_rd(x, fb_off & ~UINT64_C(3)) >> 8 * (fb_off & 3));
}

static uint8_t
pattern(uint64_t i)
{
    return (uint8_t)(i * 7 + (i >> 8) * 13 + 1);
}

/* Bytes that say where they are. */
static void
write_pattern(struct exec *x, uint64_t fb_off, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += 4)
        exec_wr(x, fb_off + i,
                pattern(i) | pattern(i + 1) << 8 | pattern(i + 2) << 16 |
                    (uint32_t)pattern(i + 3) << 24);
}

static void
every_pair_of_memories_is_copied(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct exec_channel c;
        struct exec x;
        uint8_t *sys;

        open_one(&x, &c, exec_chips[i].name);
        sys = x.sys.cpu;
        write_pattern(&x, EXEC_DATA, 0x6000);
        exec_copy(&c, DATA + 3, EXEC_SYS + 0xffd, 0x5000, 0, 0); /* local to system */
        exec_copy(&c, EXEC_SYS + 0xffd, EXEC_SYS + 0x20001, 0x5000, 0, 0);
        exec_copy(&c, EXEC_SYS + 0x20001, DATA + 0x40007, 0x5000, EXEC_SYS + 0x80000, 9);
        exec_kick(&c);
        for (uint32_t b = 0; b < 0x5000; b++) {
            assert_int_equal(sys[0xffd + b], pattern(b + 3));
            assert_int_equal(sys[0x20001 + b], pattern(b + 3));
        }
        for (uint32_t b = 0; b < 0x5000; b += 61)
            assert_int_equal(byte_at(&x, EXEC_DATA + 0x40007 + b), pattern(b + 3));
        assert_int_equal(sys[0x80000], 9);
        assert_int_equal(sys[0xffc], 0);
        assert_int_equal(sys[0xffd + 0x5000], 0);
        exec_close(&x);
    }
}

static void
lines_follow_their_pitches(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "AD102");
    write_pattern(&x, EXEC_DATA, 0x1000);
    launch(&c, DATA, DATA + 0x10000, 100, 256, 100, 30, PIPELINED | PITCH | MULTI_LINE);
    launch(&c, DATA, DATA + 0x20000 + 9 * 128, 100, (uint32_t)-128, 100, 10,
           PIPELINED | PITCH | MULTI_LINE);                            /* upside down */
    launch(&c, DATA, DATA + 0x30000, 0, 0, 64, 99, PIPELINED | PITCH); /* one line */
    exec_kick(&c);
    for (uint32_t y = 0; y < 30; y++)
        for (uint32_t b = 0; b < 256; b += 33) {
            assert_int_equal(byte_at(&x, EXEC_DATA + 0x10000 + y * 256 + b),
                             b < 100 ? pattern(y * 100 + b) : 0);
            if (y < 10 && b < 100)
                assert_int_equal(byte_at(&x, EXEC_DATA + 0x20000 + (9 - y) * 128 + b),
                                 pattern(y * 100 + b));
        }
    assert_int_equal(byte_at(&x, EXEC_DATA + 0x3003f), pattern(63));
    assert_int_equal(byte_at(&x, EXEC_DATA + 0x30040), 0);
    exec_close(&x);
}

/* Block-linear, as drivers that run on cards compute it: x in bytes. */
static uint64_t
block_offset(uint32_t width, uint32_t height, uint32_t log2_h, uint32_t log2_d, uint32_t x,
             uint32_t y, uint32_t z)
{
    const uint32_t block_lines = 8u << log2_h, block_slices = 1u << log2_d;
    const uint64_t columns = (width + 63) / 64, rows = (height + block_lines - 1) / block_lines;
    const uint64_t block = (z / block_slices * rows + y / block_lines) * columns + x / 64;
    const uint32_t gob = z % block_slices * (1u << log2_h) + y % block_lines / 8;
    const uint32_t bx = x % 64, by = y % 8;

    return block * (512u << log2_h << log2_d) + gob * 512u + bx / 32 * 256 + by / 4 * 128 +
           bx % 32 / 16 * 64 + by % 4 * 16 + bx % 16;
}

static void
blocks_of_gobs_are_laid_out_as_on_cards(void **state)
{
    static const struct {
        uint32_t width, height, h, d, layer, x, y, w, lines;
    } rows[] = {
        {256, 64, 0, 0, 0, 0,  0, 256, 64},
        {256, 64, 3, 0, 0, 0,  0, 256, 64},
        {300, 70, 2, 0, 0, 5,  3, 290, 60}, /* neither starts nor ends at a GOB */
        {128, 32, 1, 2, 5, 17, 7, 64,  20},
    };
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "TU102");
    exec_kick(&c);
    write_pattern(&x, EXEC_DATA, 0x10000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint32_t w = rows[i].w, block = rows[i].h << 4 | rows[i].d << 8 | 1 << 12;
        const uint64_t tiled = EXEC_DATA + 0x100000 * (i + 1), back = tiled + 0x80000;

        c.dwords = c.start = 0;
        EXEC_METHOD(&c, 4, 0x70c, block, rows[i].width, rows[i].height, 8, rows[i].layer);
        EXEC_METHOD(&c, 4, 0x720, rows[i].x | rows[i].y << 16); /* SET_DST_ORIGIN */
        launch(&c, DATA, EXEC_VA + tiled, w, 0, w, rows[i].lines,
               PIPELINED | SRC_PITCH | MULTI_LINE);
        EXEC_METHOD(&c, 4, 0x728, block, rows[i].width, rows[i].height, 8, rows[i].layer);
        EXEC_METHOD(&c, 4, 0x744, rows[i].x, rows[i].y); /* SRC_ORIGIN_X, _Y */
        launch(&c, EXEC_VA + tiled, EXEC_VA + back, 0, w, w, rows[i].lines,
               PIPELINED | DST_PITCH | MULTI_LINE);
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
        for (uint32_t b = 0; b < w * rows[i].lines; b += 13) {
            const uint64_t at =
                block_offset(rows[i].width, rows[i].height, rows[i].h, rows[i].d,
                             rows[i].x + b % w, rows[i].y + b / w, rows[i].layer);

            if (byte_at(&x, tiled + at) != pattern(b) || byte_at(&x, back + b) != pattern(b))
                fail_msg("row %zu, byte %u", i, b);
        }
    }
    exec_close(&x);
}

static void
blocks_are_copied_to_other_blocks(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "GH100");
    for (uint32_t y = 0; y < 32; y++)
        for (uint32_t b = 0; b < 128; b += 4)
            exec_wr(&x, EXEC_DATA + block_offset(128, 32, 0, 0, b, y, 0), y << 16 | b);
    EXEC_METHOD(&c, 4, 0x70c, 2 << 4 | 1 << 12, 192, 64, 1, 0);
    EXEC_METHOD(&c, 4, 0x728, 1 << 12, 128, 32, 1, 0);
    EXEC_METHOD(&c, 4, 0x744, 4, 1, 8, 2); /* from (4, 1) to (8, 2) */
    launch(&c, DATA, DATA + 0x10000, 0, 0, 100, 20, PIPELINED | MULTI_LINE);
    exec_kick(&c);
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
    for (uint32_t y = 0; y < 20; y++)
        for (uint32_t b = 0; b < 100; b += 4)
            assert_int_equal(
                exec_rd(&x, EXEC_DATA + 0x10000 + block_offset(192, 64, 2, 0, b + 8, y + 2, 0)),
                (y + 1) << 16 | (b + 4));
    exec_close(&x);
}

static void
constants_fill_memory(void **state)
{
    static const struct {
        uint32_t components; /* SET_REMAP_COMPONENTS */
        uint32_t bytes;      /* of an element */
        uint8_t expect[16];
    } rows[] = {
        {4,                                       1, {0x11}                                          }, /* A */
        {4 | 3 << 16,                             4, {0x11, 0x22, 0x33, 0x44}                        }, /* 4 bytes */
        {4 | 5 << 4 | 3 << 16 | 1 << 24,          8, {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}},
        {5 | 4 << 4 | 5 << 8 | 1 << 16 | 2 << 24, 6, {0x55, 0x66, 0x11, 0x22, 0x55, 0x66}            },
        {4 | 2 << 16,                             3, {0x11, 0x22, 0x33}                              },
    };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            const uint32_t n = 3000;
            struct exec_channel c;
            struct exec x;

            open_one(&x, &c, exec_chips[i].name);
            EXEC_METHOD(&c, 4, 0x700, 0x44332211, 0x88776655, rows[k].components);
            launch(&c, 0, DATA + 1, 0, 0x4000 * 2, n, 2,
                   PIPELINED | PITCH | REMAP | MULTI_LINE);
            exec_kick(&c);
            assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
            for (uint32_t b = 0; b < n * rows[k].bytes; b += 7)
                for (unsigned y = 0; y < 2; y++)
                    assert_int_equal(byte_at(&x, EXEC_DATA + 1 + y * 0x8000 + b),
                                     rows[k].expect[b % rows[k].bytes]);
            assert_int_equal(byte_at(&x, EXEC_DATA), 0);
            assert_int_equal(byte_at(&x, EXEC_DATA + 1 + n * rows[k].bytes), 0);
            exec_close(&x);
        }
}

/* Components change places, come from constants, or stay as they are. */
static void
components_are_remapped(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "AD102");
    write_pattern(&x, EXEC_DATA, 0x100);
    for (uint32_t i = 0; i < 0x100; i += 4)
        exec_wr(&x, EXEC_DATA + 0x1000 + i, 0xeeeeeeee);
    /* X from Z, Y from constant B, Z untouched, W from X; one byte each, 3 in, 4 out */
    EXEC_METHOD(&c, 4, 0x700, 0, 0x5b, 2 | 5 << 4 | 6 << 8 | 0 << 12 | 2 << 20 | 3 << 24);
    launch(&c, DATA, DATA + 0x1000, 0, 0, 20, 1, PIPELINED | PITCH | REMAP);
    exec_kick(&c);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x1000 + i * 4),
                         pattern(i * 3 + 2) | 0x5b00 | 0xee0000 |
                             (uint32_t)pattern(i * 3) << 24);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x1000 + 80), 0xeeeeeeee);
    exec_close(&x);
}

static void
semaphores_follow_the_transfer(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "AD102");
    for (uint32_t i = 0; i < 0x40; i += 4)
        exec_wr(&x, EXEC_DATA + i, 0xdddddddd);
    EXEC_METHOD(&c, 4, 0x240, HI(DATA), LO(DATA), 0x11, 0x22);
    EXEC_METHOD(&c, 4, 0x300, FLUSH | ONE_WORD); /* no transfer at all */
    EXEC_METHOD(&c, 4, 0x244, LO(DATA) + 0x10);
    EXEC_METHOD(&c, 4, 0x300, FLUSH | FOUR_WORD);
    EXEC_METHOD(&c, 4, 0x244, LO(DATA) + 0x20);
    EXEC_METHOD(&c, 4, 0x300, FLUSH | ONE_WORD | TWO_WORD);
    EXEC_METHOD(&c, 4, 0x244, LO(DATA));
    EXEC_METHOD(&c, 4, 0x300, ONE_WORD | 5 << 14 | 1 << 19 | 1 << 18); /* IADD */
    exec_kick(&c);
    assert_int_equal(exec_rd64(&x, EXEC_DATA), 0xdddddddd00000022);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x10), 0x11);
    assert_true(exec_rd64(&x, EXEC_DATA + 0x18) < UINT64_C(1) << 50);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x20), 0x2200000011);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x28), 0xdddddddddddddddd);
    exec_close(&x);
}

static void
a_transfer_can_interrupt(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "AD102");
    EXEC_METHOD(&c, 4, 0x300, NON_BLOCKING);
    exec_kick(&c);
    assert_int_equal(x.r.bus->ops->rd32(x.r.bus, 0, 0xb81000), 1 << 3); /* COPY2: vector 3 */
    exec_close(&x);
}

static void
predicates_switch_transfers_off(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "AD102");
    exec_wr(&x, EXEC_DATA, 0x1234);
    EXEC_METHOD(&c, 4, 0x254, HI(DATA + 0x100), LO(DATA + 0x100), 0); /* FALSE */
    exec_copy(&c, DATA, DATA + 0x1000, 4, DATA + 0x10, 1);
    EXEC_METHOD(&c, 4, 0x25c, 2); /* CONDITIONAL: the report is 0 */
    exec_copy(&c, DATA, DATA + 0x1004, 4, DATA + 0x10, 2);
    EXEC_METHOD(&c, 4, 0x25c, 3); /* RENDER_IF_EQUAL */
    exec_copy(&c, DATA, DATA + 0x1008, 4, DATA + 0x10, 3);
    exec_kick(&c);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x1000), 0);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x1008), 0x1234);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x10), 3);
    exec_close(&x);
}

static void
physical_addresses_need_privilege(void **state)
{
    char text[256] = "";
    struct exec_channel c, p;
    struct exec x;
    uint32_t v;

    (void)state;
    open_one(&x, &c, "AD102");
    exec_channel(&x, &p, EXEC_COPY2, PRIVILEGED_CHANNEL);
    exec_bind_copy(&p);
    exec_wr(&x, EXEC_DATA, 0x4711);
    EXEC_METHOD(&p, 4, 0x260, 0, 1); /* from local to coherent system memory */
    launch(&p, EXEC_DATA, x.sys.bus_addr + 8, 0, 0, 4, 1,
           PIPELINED | PITCH | SRC_PHYS | DST_PHYS);
    exec_kick(&p);
    memcpy(&v, (uint8_t *)x.sys.cpu + 8, 4);
    assert_int_equal(v, 0x4711);
    launch(&c, EXEC_DATA, DATA, 0, 0, 4, 1, PIPELINED | PITCH | SRC_PHYS);
    exec_kick(&c);
    assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 41); /* CE2 */
    assert_non_null(strstr(text, "without privilege"));
    exec_close(&x);
}

static void
launches_that_make_no_sense_are_errors(void **state)
{
    static const struct {
        uint32_t pitch_in, pitch_out, width, lines, flags;
        const char *says;
    } rows[] = {
        {0,        0,        64,       0,        PIPELINED | PITCH | MULTI_LINE, "line count 0"         },
        {0,        0,        0,        1,        PIPELINED | PITCH,              "line length 0"        },
        {1u << 31, 1u << 31, 1u << 31, 1u << 31, PIPELINED | PITCH | MULTI_LINE, "more bytes"           },
        {32,       128,      64,       2,        PIPELINED | PITCH | MULTI_LINE, "longer than its pitch"},
        {128,      32,       64,       2,        PIPELINED | PITCH | MULTI_LINE, "longer than its pitch"},
        {128,      0,        64,       1,        PIPELINED | SRC_PITCH,          "layer is outside"     },
        {0,        0,        64,       1,        PIPELINED | PITCH | REMAP,      "source lacks"         },
        {0,        0,        64,       1,        3 | PITCH,                      "transfer type 3"      },
        {0,        0,        64,       1,        ONE_WORD | TWO_WORD,            "misaligned semaphore" },
    };

    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        char text[256] = "";
        struct exec_channel c;
        struct exec x;

        open_one(&x, &c, "AD102");
        EXEC_METHOD(&c, 4, 0x240, HI(DATA), LO(DATA) + 4);
        EXEC_METHOD(&c, 4, 0x708, 3); /* X from W of one component */
        launch(&c, DATA, DATA + 0x1000, rows[k].pitch_in, rows[k].pitch_out, rows[k].width,
               rows[k].lines, rows[k].flags);
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 41);
        if (!strstr(text, rows[k].says))
            fail_msg("'%s' does not say '%s'", text, rows[k].says);
        exec_close(&x);
    }
}

static void
methods_of_later_classes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct exec_channel c;
        struct exec x;

        open_one(&x, &c, exec_chips[i].name);
        EXEC_METHOD(&c, 4, 0x24c, 0); /* SET_SEMAPHORE_PAYLOAD_UPPER: Ampere's B class on */
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, NULL, 0), i == 0 ? 41 : 0);
        exec_close(&x);
    }
}

static void
a_fault_in_the_middle_names_its_address(void **state)
{
    char text[256] = "";
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "AD102");
    exec_unmap(&x, EXEC_SYS + 0x3000, 12);
    write_pattern(&x, EXEC_DATA, 0x4000);
    exec_copy(&c, DATA, EXEC_SYS, 0x4000, DATA + 0x8000, 1);
    exec_kick(&c);
    assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 31);
    assert_non_null(strstr(text, "ENGINE CE2 HUBCLIENT_CE2 faulted @ 0x3_00003000"));
    assert_non_null(strstr(text, "FAULT_PTE ACCESS_TYPE_VIRT_WRITE"));
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x8000), 0); /* no release */
    exec_close(&x);
}

static void
sparse_memory_reads_as_zero(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "GH100");
    exec_map(&x, UINT64_C(0x4000000000), 12, 0, 0, EXEC_SPARSE);
    write_pattern(&x, EXEC_DATA, 0x100);
    exec_copy(&c, DATA, UINT64_C(0x4000000000), 0x100, 0, 0);
    exec_copy(&c, UINT64_C(0x4000000000), DATA, 0x80, 0, 0);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
    assert_int_equal(byte_at(&x, EXEC_DATA + 0x80), pattern(0x80));
    exec_close(&x);
}

static void
graphics_channels_copy_with_an_engine_of_their_runlist(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_channel(&x, &c, EXEC_GR0, 0);
    exec_bind_copy(&c);
    exec_wr(&x, EXEC_DATA, 0x99);
    exec_copy(&c, DATA, DATA + 0x100, 4, 0, 0);
    EXEC_METHOD(&c, 4, 0x300, NON_BLOCKING);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x100), 0x99);
    assert_int_equal(x.r.bus->ops->rd32(x.r.bus, 0, 0xb81000), 1 << 1); /* COPY0: vector 1 */
    exec_close(&x);
}

static void
scrubs_write_zeroes(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    open_one(&x, &c, "GH100");
    write_pattern(&x, EXEC_DATA, 0x100);
    launch(&c, 0, DATA, 0, 0, 0x80, 1, PIPELINED | PITCH | 1 << 23);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x7c), 0);
    assert_int_equal(byte_at(&x, EXEC_DATA + 0x80), pattern(0x80));
    exec_close(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_copied_and_its_semaphore_released),
        cmocka_unit_test(every_pair_of_memories_is_copied),
        cmocka_unit_test(lines_follow_their_pitches),
        cmocka_unit_test(blocks_of_gobs_are_laid_out_as_on_cards),
        cmocka_unit_test(blocks_are_copied_to_other_blocks),
        cmocka_unit_test(constants_fill_memory),
        cmocka_unit_test(components_are_remapped),
        cmocka_unit_test(semaphores_follow_the_transfer),
        cmocka_unit_test(a_transfer_can_interrupt),
        cmocka_unit_test(predicates_switch_transfers_off),
        cmocka_unit_test(physical_addresses_need_privilege),
        cmocka_unit_test(launches_that_make_no_sense_are_errors),
        cmocka_unit_test(methods_of_later_classes_are_refused),
        cmocka_unit_test(a_fault_in_the_middle_names_its_address),
        cmocka_unit_test(sparse_memory_reads_as_zero),
        cmocka_unit_test(graphics_channels_copy_with_an_engine_of_their_runlist),
        cmocka_unit_test(scrubs_write_zeroes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
