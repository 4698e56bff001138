/* SPDX-License-Identifier: MIT */
/* Host: doorbells, GPFIFO, push buffers, semaphores, interrupts; compute classes. */
#include "exec_client.h"
#include "test.h"

enum { NON_STALL = 0x20 };

/* Any access to the card lets channels that wait look again. */
static void
touch(struct exec *x)
{
    x->r.bus->ops->rd32(x->r.bus, 0, 0);
}

/* Doorbells and GPFIFO */

static void
channels_run_when_they_are_scheduled_and_rung(void **state)
{
    uint8_t params[368];
    uint32_t token[2] = {0}, engine = EXEC_COPY2;
    uint16_t on = 1;
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_params(&x, &c, EXEC_COPY2, params);
    assert_int_equal(
        raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, c.handle, x.chip.channel, params, 368), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0104, &engine, 4), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xc36f0108, token, 4), 0);
    c.chid = token[0];
    c.runlist = 1;
    exec_release(&c, EXEC_DATA, 7);
    exec_put(&c);
    touch(&x);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0); /* no doorbell */
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0); /* not scheduled */
    assert_non_null(strstr(exec_last_note(&x), "not scheduled"));
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0103, &on, 2), 0);
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 7);
    exec_close(&x);
}

static void
doorbells_of_nobody_are_noted(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "GB202");
    exec_release(&c, EXEC_DATA, 1);
    exec_put(&c);
    x.r.bus->ops->wr32(x.r.bus, 0, 0xbb0090, c.chid | c.runlist << 16);
    assert_non_null(strstr(exec_last_note(&x), "bit 30"));
    x.r.bus->ops->wr32(x.r.bus, 0, 0xbb0090, (c.chid + 1) | c.runlist << 16 | 1u << 30);
    assert_non_null(strstr(exec_last_note(&x), "no channel"));
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1);
    exec_close(&x);
}

static void
the_ring_wraps_and_control_entries_do_nothing(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "TU102");
    for (uint32_t i = 1; i <= 3 * EXEC_RING; i++) {
        c.dwords = c.start = 0;
        if (i % 3 == 0)
            exec_entry(&c, 0); /* NOP */
        exec_release(&c, EXEC_DATA, i);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA), i);
        assert_int_equal(exec_get(&c), c.put);
    }
    exec_close(&x);
}

static void
bad_gpfifo_entries_stop_the_channel(void **state)
{
    char text[256];
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    for (uint32_t opcode = 1; opcode < 5; opcode++) {
        struct exec_channel c;
        uint32_t chid = 99;
        const uint32_t xid = opcode == 2 || opcode == 3 ? 0 : 32; /* CRCs are no errors */

        exec_channel(&x, &c, EXEC_COPY2, 0);
        exec_entry(&c, (uint64_t)opcode << 32);
        exec_release(&c, EXEC_DATA + opcode * 16, 1);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA + opcode * 16), !xid);
        assert_int_equal(exec_error(&x, &chid, text, sizeof(text)), xid);
        if (xid) {
            assert_int_equal(chid, c.chid);
            assert_non_null(strstr(text, "GPFIFO entry"));
        }
    }
    exec_close(&x);
}

static void
gpput_beyond_the_ring_stops_the_channel(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    exec_wr(&x, c.userd + 0x8c, EXEC_RING);
    exec_ring(&c);
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 32);
    exec_close(&x);
}

/* Above 40 bits of address the entry's own bits do not reach. */
static void
push_buffers_lie_high_from_hopper_on(void **state)
{
    const uint64_t high = UINT64_C(3) << 40;
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "GH100");
    exec_map(&x, high, 21, 0, 0x800000, 0); /* where channels lie */
    exec_release(&c, EXEC_DATA, 9);
    exec_entry(&c, (uint64_t)4 << 32 | 3 << 8);
    exec_entry(&c, (c.push - 0x800000) | (uint64_t)c.dwords << 42);
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 9);
    exec_close(&x);
}

static void
userd_and_notifier_can_be_in_system_memory(void **state)
{
    uint8_t params[368];
    uint32_t token[2] = {0}, engine = EXEC_COPY2, v;
    uint16_t on = 1;
    const uint32_t sysmem = 1;
    struct exec_channel c;
    struct exec x;
    uint8_t *p;

    (void)state;
    exec_open(&x, "AD102", NULL);
    p = x.sys.cpu;
    exec_params(&x, &c, EXEC_COPY2, params);
    memcpy(params + 168, &x.sys.bus_addr, 8);
    memcpy(params + 184, &sysmem, 4);
    memcpy(params + 248, &(uint64_t){x.sys.bus_addr + 0x1000}, 8);
    memcpy(params + 264, &sysmem, 4);
    assert_int_equal(
        raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, c.handle, x.chip.channel, params, 368), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0104, &engine, 4), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xa06f0103, &on, 2), 0);
    assert_int_equal(raw_control(&x.r, RAW_CLIENT, c.handle, 0xc36f0108, token, 4), 0);
    c.chid = token[0];
    c.runlist = 1;
    EXEC_METHOD(&c, 0, 0x50, 0x1234); /* SET_REFERENCE */
    exec_release(&c, EXEC_DATA, 5);
    exec_put(&c);
    memcpy(p + 0x8c, &(uint32_t){1}, 4);
    exec_ring(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 5);
    memcpy(&v, p + 0x88, 4);
    assert_int_equal(v, 1);
    memcpy(&v, p + 0x48, 4);
    assert_int_equal(v, 0x1234);
    EXEC_METHOD(&c, 0, 0x04, 0); /* ILLEGAL */
    exec_put(&c);
    memcpy(p + 0x8c, &(uint32_t){2}, 4);
    exec_ring(&c);
    memcpy(&v, p + 0x1008, 4);
    assert_int_equal(v, 32);
    exec_close(&x);
}

/* Channels are numbered 8 to a page of USERD by whoever allocates them. */
static void
channel_numbers_come_from_the_flags(void **state)
{
    uint8_t params[368];
    struct exec_channel a, b, c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_channel(&x, &a, EXEC_COPY2, 1 << 21 | 2 << 12 | 5 << 8);
    assert_int_equal(a.chid, 21);
    exec_channel(&x, &b, EXEC_COPY2, 0);
    assert_int_not_equal(b.chid, 21);
    exec_params(&x, &c, EXEC_COPY2, params);
    memcpy(params + 20, &(uint32_t){1 << 21 | 2 << 12 | 5 << 8}, 4);
    assert_int_equal(
        raw_alloc(&x.r, RAW_CLIENT, RAW_DEVICE, c.handle, x.chip.channel, params, 368), 0x63);
    assert_int_equal(raw_free(&x.r, RAW_CLIENT, a.handle), 0);
    exec_channel(&x, &c, EXEC_COPY2, 1 << 21 | 2 << 12 | 5 << 8);
    assert_int_equal(c.chid, 21);
    exec_close(&x);
}

/* Push buffers */

static void
every_form_of_method_is_decoded(void **state)
{
    struct exec_channel c;
    const uint64_t va = DATA;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    exec_push(&c, 0);                              /* no operation */
    exec_push(&c, 3u << 29 | 2 << 16 | 0x50 >> 2); /* non-incrementing: the last counts */
    exec_push(&c, 1);
    exec_push(&c, 0x77);
    exec_push(&c, 5u << 29 | 3 << 16 | SEM_ADDR_LO >> 2); /* once: LO, then HI twice */
    exec_push(&c, LO(va));
    exec_push(&c, 5);
    exec_push(&c, HI(va));
    exec_push(&c, 4u << 29 | 0x123u << 16 | 0x64 >> 2); /* immediate: payload */
    exec_push(&c, 4u << 29 | RELEASE << 16 | SEM_EXECUTE >> 2);
    exec_push(&c, 1 << 18 | 0x64); /* the old incrementing form: payload */
    exec_push(&c, 0x456);
    exec_push(&c, 2u << 29 | 1 << 18 | SEM_ADDR_LO); /* and the old non-incrementing one */
    exec_push(&c, LO(va) + 4);
    exec_push(&c, 4u << 29 | RELEASE << 16 | SEM_EXECUTE >> 2);
    exec_push(&c, 7u << 29); /* end of segment */
    exec_push(&c, 6u << 29); /* never read */
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0x123);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 0x456);
    assert_int_equal(exec_rd(&x, c.userd + 0x48), 0x77);
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
    exec_close(&x);
}

static void
other_cards_methods_are_skipped(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    exec_push(&c, 1 << 16 | 2 << 4); /* SET_SUBDEVICE_MASK: the second card alone */
    exec_release(&c, EXEC_DATA, 1);
    exec_push(&c, 2 << 16 | 1 << 4); /* STORE */
    exec_push(&c, 3 << 16);          /* USE */
    exec_release(&c, EXEC_DATA + 4, 2);
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 2);
    exec_close(&x);
}

/* Semaphores */

static void
releases_have_three_sizes(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "GH100");
    for (uint32_t i = 0; i < 0x40; i += 4)
        exec_wr(&x, EXEC_DATA + i, 0xdddddddd);
    exec_semaphore(&c, DATA, 0x1122334455667788, RELEASE);
    exec_semaphore(&c, DATA + 0x10, 0x1122334455667788, RELEASE | WIDE);
    exec_semaphore(&c, DATA + 0x20, 0x1122334455667788, RELEASE | TIMESTAMP);
    exec_semaphore(&c, DATA + 0x30, 0x1122334455667788, RELEASE | TIMESTAMP | WIDE);
    exec_kick(&c);
    assert_int_equal(exec_rd64(&x, EXEC_DATA), 0xdddddddd55667788);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x10), 0x1122334455667788);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x18), 0xdddddddddddddddd);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x20), 0x55667788);
    assert_true(exec_rd64(&x, EXEC_DATA + 0x28) > 0);
    assert_true(exec_rd64(&x, EXEC_DATA + 0x28) < UINT64_C(1) << 50);
    assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x30), 0x1122334455667788);
    assert_true(exec_rd64(&x, EXEC_DATA + 0x38) >= exec_rd64(&x, EXEC_DATA + 0x28));
    exec_close(&x);
}

static void
reductions_change_what_is_there(void **state)
{
    static const struct {
        uint32_t op, is_unsigned, before, payload, after;
    } rows[] = {
        {0, 1, 5,          3,          3         }, /* IMIN */
        {0, 0, 5,          0xffffffff, 0xffffffff},
        {1, 0, 5,          0xffffffff, 5         }, /* IMAX */
        {1, 1, 5,          0xffffffff, 0xffffffff},
        {2, 1, 0xf0f0,     0xffff,     0x0f0f    }, /* IXOR */
        {3, 1, 0xf0f0,     0xff00,     0xf000    }, /* IAND */
        {4, 1, 0xf0f0,     0x0f00,     0xfff0    }, /* IOR */
        {5, 1, 0xffffffff, 2,          1         }, /* IADD */
        {6, 1, 3,          4,          4         }, /* INC */
        {6, 1, 4,          4,          0         },
        {7, 1, 0,          4,          4         }, /* DEC */
        {7, 1, 3,          4,          2         },
    };
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        c.dwords = c.start = 0;
        exec_wr(&x, EXEC_DATA, rows[i].before);
        exec_semaphore(&c, DATA, rows[i].payload,
                       REDUCTION | rows[i].op << 27 | rows[i].is_unsigned << 31);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA), rows[i].after);
    }
    exec_close(&x);
}

static void
acquires_wait_until_they_hold(void **state)
{
    static const struct {
        uint32_t op;
        uint64_t payload, not_yet, now;
    } rows[] = {
        {ACQUIRE,               5,                  6,                  5          },
        {ACQ_STRICT_GEQ,        5,                  4,                  6          },
        {ACQ_STRICT_GEQ,        0x80000000,         0x7fffffff,         0x80000000 },
        {ACQ_CIRC_GEQ,          0xfffffffe,         0xfffffffd,         1          },
        {ACQ_AND,               0x10,               0xef,               0x18       },
        {ACQ_NOR,               0xffff0000,         0xffff,             0xfffe     },
        {ACQUIRE | WIDE,        0x100000005,        5,                  0x100000005},
        {ACQ_STRICT_GEQ | WIDE, 0x100000005,        0xffffffff,         0x200000000},
        {ACQ_CIRC_GEQ | WIDE,   0xfffffffffffffffe, 0xfffffffffffffffd, 0          },
    };
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exec_channel c, other;

        exec_channel(&x, &c, EXEC_COPY2, 0);
        exec_channel(&x, &other, EXEC_COPY2, 0);
        exec_wr64(&x, EXEC_DATA, rows[i].not_yet);
        exec_wr64(&x, EXEC_DATA + 0x10, 0);
        exec_semaphore(&c, DATA, rows[i].payload, rows[i].op);
        exec_release(&c, EXEC_DATA + 0x10, 1);
        exec_kick(&c);
        exec_release(&other, EXEC_DATA + 0x14, 2);
        exec_kick(&other);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x10), 0);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x14), 2); /* others go on */
        exec_wr64(&x, EXEC_DATA, rows[i].now);
        touch(&x);
        if (exec_rd(&x, EXEC_DATA + 0x10) != 1)
            fail_msg("row %zu still waits", i);
        assert_int_equal(raw_free(&x.r, RAW_CLIENT, c.handle), 0);
        assert_int_equal(raw_free(&x.r, RAW_CLIENT, other.handle), 0);
        x.channels = 0;
    }
    exec_close(&x);
}

static void
channels_release_each_other(void **state)
{
    struct exec_channel a, b;
    struct exec x;

    (void)state;
    exec_open(&x, "TU102", NULL);
    exec_channel(&x, &a, EXEC_COPY2, 0);
    exec_channel(&x, &b, EXEC_GR0, 0);
    for (uint32_t i = 1; i <= 20; i++) {
        exec_release(&a, EXEC_DATA, i);
        exec_semaphore(&a, DATA + 4, i, ACQUIRE);
        exec_semaphore(&b, DATA, i, ACQUIRE);
        exec_release(&b, EXEC_DATA + 4, i);
    }
    exec_kick(&a);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 1); /* b was not rung */
    exec_kick(&b);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 20);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 20);
    exec_close(&x);
}

static void
a_waiting_channel_can_be_freed(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102");
    exec_semaphore(&c, DATA, 1, ACQUIRE);
    exec_release(&c, EXEC_DATA + 4, 1);
    exec_kick(&c);
    assert_int_equal(raw_free(&x.r, RAW_CLIENT, c.handle), 0);
    exec_wr(&x, EXEC_DATA, 1);
    touch(&x);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 0);
    exec_close(&x);
}

static void
an_acquire_gives_up_where_the_channel_asked_for_it(void **state)
{
    char text[256];
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "AD102", NULL);
    exec_channel(&x, &c, EXEC_COPY2, 1 << 27); /* PBDMA_ACQUIRE_TIMEOUT */
    exec_semaphore(&c, DATA, 1, ACQUIRE);
    exec_kick(&c);
    while (exec_rd(&x, c.notifier + 8) == 0)
        x.r.bus->ops->irq_wait(x.r.bus, 1000000);
    assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 32);
    assert_non_null(strstr(text, "acquire timeout"));
    exec_close(&x);
}

static void
the_old_semaphores_work_as_well(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "TU102");
    EXEC_METHOD(&c, 0, 0x10, HI(DATA), LO(DATA), 0x42, 2 | 1 << 24); /* release, 4 bytes */
    EXEC_METHOD(&c, 0, 0x10, HI(DATA), LO(DATA), 0x41, 4);           /* acquire, >= */
    EXEC_METHOD(&c, 0, 0x10, HI(DATA), LO(DATA) + 0x10, 0x43, 2);    /* release, 16 bytes */
    EXEC_METHOD(&c, 0, 0x10, HI(DATA), LO(DATA), 3, 16 | 1 << 24 | 5u << 27 | 1u << 31);
    EXEC_METHOD(&c, 0, 0x10, HI(DATA), LO(DATA), 0x45, 1); /* acquire */
    exec_kick(&c);
    assert_int_equal(exec_rd(&x, EXEC_DATA), 0x45);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 4), 0);
    assert_int_equal(exec_rd(&x, EXEC_DATA + 0x10), 0x43);
    assert_true(exec_rd64(&x, EXEC_DATA + 0x18) > 0);
    assert_int_equal(exec_error(&x, NULL, NULL, 0), 0);
    exec_close(&x);
}

/* Interrupts */

static void
a_channel_can_raise_its_engines_interrupt(void **state)
{
    struct exec_channel c;
    struct gsp_bus *bus;
    struct exec x;

    (void)state;
    exec_open_one(&x, &c, "AD102"); /* COPY2: vector 3 */
    bus = x.r.bus;
    bus->ops->wr32(bus, 0, 0x110004, 0x40); /* no message of GSP-RM's is pending */
    bus->ops->wr32(bus, 0, 0xb81608, 1);
    bus->ops->wr32(bus, 0, 0xb81200, 1 << 3);
    assert_int_equal(bus->ops->irq_wait(bus, 0), -110);
    EXEC_METHOD(&c, 0, NON_STALL, 0);
    exec_kick(&c);
    assert_int_equal(bus->ops->irq_wait(bus, 0), 0);
    assert_int_equal(bus->ops->rd32(bus, 0, 0xb81600), 1);
    assert_int_equal(bus->ops->rd32(bus, 0, 0xb81000), 1 << 3);
    bus->ops->wr32(bus, 0, 0xb81000, 1 << 3);
    assert_int_equal(bus->ops->irq_wait(bus, 0), -110);
    exec_close(&x);
}

/* Graphics channels */

static void
compute_classes_write_memory_and_refuse_a_qmd_without_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char text[256] = "";
        struct exec_channel c;
        struct exec x;

        exec_open(&x, exec_chips[i].name, NULL);
        exec_channel(&x, &c, EXEC_GR0, 0);
        EXEC_METHOD(&c, 1, 0, x.chip.compute);
        EXEC_METHOD(&c, 1, 0x1b00, HI(DATA), LO(DATA), 0x51, 1 << 28); /* one word */
        EXEC_METHOD(&c, 1, 0x1b00, HI(DATA), LO(DATA) + 0x10, 0x52, 0);
        EXEC_METHOD(&c, 1, 0x180, 10, 1, HI(DATA), LO(DATA) + 0x20); /* inline: 10 bytes */
        EXEC_METHOD(&c, 1, 0x1b0, 1);
        exec_push(&c, 3u << 29 | 3 << 16 | 1 << 13 | 0x1b4 >> 2);
        exec_push(&c, 0x03020100);
        exec_push(&c, 0x07060504);
        exec_push(&c, 0xffff0908);
        exec_kick(&c);
        assert_int_equal(exec_rd(&x, EXEC_DATA), 0x51);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x10), 0x52);
        assert_true(exec_rd64(&x, EXEC_DATA + 0x18) > 0);
        assert_int_equal(exec_rd64(&x, EXEC_DATA + 0x20), 0x0706050403020100);
        assert_int_equal(exec_rd(&x, EXEC_DATA + 0x28), 0x0908);
        EXEC_METHOD(&c, 1, 0x2b4, LO((DATA + 0x1000) >> 8)); /* SEND_PCAS_A */
        EXEC_METHOD(&c, 1, 0x2bc, 2); /* SEND_SIGNALING_PCAS_B: schedule */
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 13);
        assert_non_null(strstr(text, "SKED error QMD_VERSION"));
        exec_close(&x);
    }
}

static void
report_semaphores_have_a_second_form_from_hopper_on(void **state)
{
    struct exec_channel c;
    struct exec x;

    (void)state;
    exec_open(&x, "GB202", NULL);
    exec_channel(&x, &c, EXEC_GR0, 0);
    EXEC_METHOD(&c, 1, 0, x.chip.compute);
    EXEC_METHOD(&c, 1, 0x158, 0x11, 0x22, LO(DATA), HI(DATA), 2 << 3 | 1 << 12); /* 64 bits */
    EXEC_METHOD(&c, 1, 0x158, 3, 0, LO(DATA), HI(DATA), 1 << 3 | 1 << 6);        /* + 3 */
    exec_kick(&c);
    assert_int_equal(exec_rd64(&x, EXEC_DATA), 0x2200000014);
    exec_close(&x);
}

static void
a_method_that_the_class_lacks_is_a_graphics_exception(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char text[256] = "", want[64];
        struct exec_channel c;
        struct exec x;

        exec_open(&x, exec_chips[i].name, NULL);
        exec_channel(&x, &c, EXEC_GR0, 0);
        EXEC_METHOD(&c, 1, 0, x.chip.compute);
        EXEC_METHOD(&c, 1, 0x100, 0); /* NO_OPERATION */
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 0);
        EXEC_METHOD(&c, 1, 0x304, 0x77);
        exec_kick(&c);
        assert_int_equal(exec_error(&x, NULL, text, sizeof(text)), 13);
        snprintf(want, sizeof(want), "Class 0x%x, Offset 0x304, Data 0x77: illegal method",
                 (unsigned)x.chip.compute);
        assert_non_null(strstr(text, want));
        exec_close(&x);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_run_when_they_are_scheduled_and_rung),
        cmocka_unit_test(doorbells_of_nobody_are_noted),
        cmocka_unit_test(the_ring_wraps_and_control_entries_do_nothing),
        cmocka_unit_test(bad_gpfifo_entries_stop_the_channel),
        cmocka_unit_test(gpput_beyond_the_ring_stops_the_channel),
        cmocka_unit_test(push_buffers_lie_high_from_hopper_on),
        cmocka_unit_test(userd_and_notifier_can_be_in_system_memory),
        cmocka_unit_test(channel_numbers_come_from_the_flags),
        cmocka_unit_test(every_form_of_method_is_decoded),
        cmocka_unit_test(other_cards_methods_are_skipped),
        cmocka_unit_test(releases_have_three_sizes),
        cmocka_unit_test(reductions_change_what_is_there),
        cmocka_unit_test(acquires_wait_until_they_hold),
        cmocka_unit_test(channels_release_each_other),
        cmocka_unit_test(a_waiting_channel_can_be_freed),
        cmocka_unit_test(an_acquire_gives_up_where_the_channel_asked_for_it),
        cmocka_unit_test(the_old_semaphores_work_as_well),
        cmocka_unit_test(a_channel_can_raise_its_engines_interrupt),
        cmocka_unit_test(compute_classes_write_memory_and_refuse_a_qmd_without_version),
        cmocka_unit_test(a_method_that_the_class_lacks_is_a_graphics_exception),
        cmocka_unit_test(report_semaphores_have_a_second_form_from_hopper_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
