/* SPDX-License-Identifier: MIT */
/*
 * A channel as a program makes it through the kernel module: ring, USERD and doorbell in memory
 * that it maps, work that runs when the doorbell is rung, and what it hears when work fails.
 * Methods and offsets are spelled out (clc36f.h, clc56f.h).
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kmod_host.h"
#include "test.h"

enum {
    MEMORY = 0x5c000010,
    NOTIFIER,
    VAS,
    VIRTUAL,
    GROUP,
    CHANNEL,
    USERMODE,
    EVENT,
    MORE_EVENTS,
    BYTES = 2 << 20,
    RING = 0,
    USERD = 0x1000,
    PUSH = 0x2000,
    SEMAPHORE = 0x3000,
    GP_PUT = 0x8c,
    DOORBELL = 0x90,
    NON_STALL_INTERRUPT = 0x20,
    SEM_ADDR_LO = 0x5c,
    RELEASE = 1,
};
#define VA UINT64_C(0x300000000)

static const struct {
    const char *release, *chip;
    uint32_t channel, usermode;
} cards[] = {
    {"535.113.01", "TU102", 0xc46f, 0xc461},
    {"570.144",    "AD102", 0xc56f, 0xc461},
    {"580.65.06",  "GH100", 0xc86f, 0xc661},
    {"595.45.04",  "GB202", 0xca6f, 0xc661},
};

struct channel {
    struct host h;
    struct tree t;
    uint8_t *at, *doorbell;
    uint32_t token, put;
    uint8_t *notifier;
};

static uint32_t
make(struct channel *c, uint32_t parent, uint32_t handle, uint32_t class_id, struct arg *a)
{
    return rm_alloc(&c->h, c->t.ctl, c->t.client, parent, handle, class_id, a ? a->data : NULL,
                    a ? a->layout->size : 0);
}

static void *
map(struct channel *c, uint32_t object, uint64_t bytes)
{
    uint32_t status;
    void *at = rm_map(&c->h, c->t.ctl, c->t.client, c->t.device, object,
                      host_card(&c->h, c->t.ctl, 0), bytes, &status);

    assert_int_equal(status, 0);
    return at;
}

static uint32_t
map_dma(struct channel *c, uint32_t object, uint64_t va, uint64_t bytes)
{
    struct arg a;

    arg_init(&c->h, &a, "NVOS46_PARAMETERS");
    arg_set(&a, "hClient", c->t.client);
    arg_set(&a, "hDevice", c->t.device);
    arg_set(&a, "hDma", VIRTUAL);
    arg_set(&a, "hMemory", object);
    arg_set(&a, "length", bytes);
    arg_set(&a, "flags", 1 << 15); /* at dmaOffset */
    arg_set(&a, "dmaOffset", va);
    assert_int_equal(host_call(&c->h, c->t.ctl, "NV_ESC_RM_MAP_MEMORY_DMA", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

static void
make_memory(struct channel *c)
{
    struct arg a;

    assert_int_equal(rm_memory(&c->h, c->t.ctl, c->t.client, c->t.device, MEMORY, false, BYTES),
                     0);
    assert_int_equal(
        rm_memory(&c->h, c->t.ctl, c->t.client, c->t.device, NOTIFIER, false, 65536), 0);
    arg_init(&c->h, &a, "NV_VASPACE_ALLOCATION_PARAMETERS");
    assert_int_equal(make(c, c->t.device, VAS, 0x90f1, &a), 0);
    arg_init(&c->h, &a, "NV_MEMORY_VIRTUAL_ALLOCATION_PARAMS");
    arg_set(&a, "hVASpace", VAS);
    assert_int_equal(make(c, c->t.device, VIRTUAL, 0x70, &a), 0);
    assert_int_equal(map_dma(c, MEMORY, VA, BYTES), 0);
    assert_int_equal(map_dma(c, 0x4242, VA, BYTES), 0x57 /* OBJECT_NOT_FOUND */);
    c->at = map(c, MEMORY, BYTES);
    c->notifier = map(c, NOTIFIER, 4096);
}

static void
make_channel(struct channel *c, uint32_t class_id)
{
    struct arg a;

    arg_init(&c->h, &a, "NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS");
    arg_set(&a, "hVASpace", VAS);
    arg_set(&a, "engineType", 1); /* graphics */
    assert_int_equal(make(c, c->t.device, GROUP, 0xa06c, &a), 0);
    arg_init(&c->h, &a, "NV_CHANNEL_ALLOC_PARAMS");
    arg_set(&a, "hObjectError", NOTIFIER);
    arg_set(&a, "hObjectBuffer", MEMORY);
    arg_set(&a, "gpFifoOffset", VA + RING);
    arg_set(&a, "gpFifoEntries", 32);
    arg_set(&a, "hUserdMemory[0]", MEMORY);
    arg_set(&a, "userdOffset[0]", USERD);
    assert_int_equal(make(c, GROUP, CHANNEL, class_id, &a), 0);
}

static void
channel_open(struct channel *c, size_t i, const char *fault)
{
    struct arg a;

    memset(c, 0, sizeof(*c));
    host_open_faulty(&c->h, cards[i].release, cards[i].chip, fault);
    tree_open(&c->h, &c->t, 0);
    make_memory(c);
    make_channel(c, cards[i].channel);
    arg_init(&c->h, &a, "NVA06C_CTRL_GPFIFO_SCHEDULE_PARAMS");
    arg_set(&a, "bEnable", 1);
    assert_int_equal(
        rm_ctl(&c->h, c->t.ctl, c->t.client, GROUP, "NVA06C_CTRL_CMD_GPFIFO_SCHEDULE", &a), 0);
    arg_init(&c->h, &a, "NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN_PARAMS");
    assert_int_equal(rm_ctl(&c->h, c->t.ctl, c->t.client, CHANNEL,
                            "NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN", &a),
                     0);
    c->token = (uint32_t)arg_get(&a, "workSubmitToken");
    assert_int_equal(make(c, c->t.subdevice, USERMODE, cards[i].usermode, NULL), 0);
    c->doorbell = map(c, USERMODE, 65536);
}

static void
channel_close(struct channel *c)
{
    munmap(c->at, BYTES);
    munmap(c->notifier, 4096);
    munmap(c->doorbell, 65536);
    host_close(&c->h);
}

static void
submit_words(struct channel *c, const uint32_t *words, unsigned count)
{
    const uint64_t push = VA + PUSH + c->put * 64;
    const uint64_t entry = push | (uint64_t)count << 42;
    uint32_t next = c->put + 1;

    memcpy(c->at + PUSH + c->put * 64, words, count * 4);
    memcpy(c->at + RING + c->put * 8, &entry, 8);
    memcpy(c->at + USERD + GP_PUT, &next, 4);
    c->put = next;
    atomic_store((_Atomic uint32_t *)(c->doorbell + DOORBELL), c->token);
}

/* One semaphore release to `va`, and a non-stall interrupt behind it. */
static void
submit_with(struct channel *c, uint64_t va, uint32_t payload, bool interrupt)
{
    const uint32_t words[] = {
        1u << 29 | 5 << 16 | SEM_ADDR_LO >> 2,
        (uint32_t)va,
        (uint32_t)(va >> 32),
        payload,
        0,
        RELEASE,
        1u << 29 | 1 << 16 | NON_STALL_INTERRUPT >> 2,
        0,
    };

    submit_words(c, words, interrupt ? 8 : 6);
}

static void
submit(struct channel *c, uint64_t va, uint32_t payload)
{
    submit_with(c, va, payload, false);
}

static bool
wait_for(const void *at, uint32_t mask, uint32_t value)
{
    for (int i = 0; i < 5000; i++) {
        if ((atomic_load((const _Atomic uint32_t *)at) & mask) == value)
            return true;
        usleep(1000);
    }
    return false;
}

static uint32_t
idle(struct channel *c, uint32_t flags, uint32_t channel)
{
    struct arg a;

    arg_init(&c->h, &a, "NVOS30_PARAMETERS");
    arg_set(&a, "hClient", c->t.client);
    arg_set(&a, "hDevice", c->t.device);
    arg_set(&a, "hChannel", channel);
    arg_set(&a, "flags", flags);
    assert_int_equal(host_call(&c->h, c->t.ctl, "NV_ESC_RM_IDLE_CHANNELS", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

static void
work_runs_when_the_doorbell_is_rung(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cards) / sizeof(*cards); i++) {
        struct channel c;
        struct arg a;

        channel_open(&c, i, NULL);
        for (uint32_t n = 1; n < 4; n++) {
            submit(&c, VA + SEMAPHORE, n);
            assert_true(wait_for(c.at + SEMAPHORE, UINT32_MAX, n));
        }
        assert_int_equal(idle(&c, 1 << 4, CHANNEL), 0);
        assert_int_equal(idle(&c, 0, 0), 0); /* a list of none */
        assert_int_equal(idle(&c, 1 << 4, MEMORY), 0x21 /* INVALID_CHANNEL */);
        assert_int_equal(idle(&c, 5 << 4, CHANNEL), 0x29 /* INVALID_FLAGS */);
        arg_init(&c.h, &a, "NV2080_CTRL_GR_GET_CTX_BUFFER_SIZE_PARAMS");
        arg_set(&a, "hChannel", CHANNEL);
        assert_int_equal(rm_ctl(&c.h, c.t.ctl, c.t.client, c.t.subdevice,
                                "NV2080_CTRL_CMD_GR_GET_CTX_BUFFER_SIZE", &a),
                         0);
        assert_true(arg_get(&a, "totalBufferSize") > 0);
        channel_close(&c);
    }
}

/* A descriptor that events can come to. */
static int
open_events(struct channel *c)
{
    const int fd = host_card(&c->h, c->t.ctl, 0);
    struct arg a;

    arg_init(&c->h, &a, "nv_ioctl_alloc_os_event_t");
    arg_set(&a, "hClient", c->t.client);
    arg_set(&a, "fd", (uint64_t)fd);
    assert_int_equal(host_call(&c->h, fd, "NV_ESC_ALLOC_OS_EVENT", &a), 0);
    return fd;
}

static uint32_t
make_event(struct channel *c, uint32_t handle, uint32_t source, uint32_t index, int fd)
{
    struct arg a;

    arg_init(&c->h, &a, "NV0005_ALLOC_PARAMETERS");
    arg_set(&a, "hParentClient", c->t.client);
    arg_set(&a, "hSrcResource", source);
    arg_set(&a, "hClass", 0x79);
    arg_set(&a, "notifyIndex", index);
    arg_set(&a, "data", (uint64_t)fd);
    return make(c, source, handle, 0x79, &a);
}

/* A descriptor that hears of the channel's recovery. */
static int
listen_to(struct channel *c)
{
    const int fd = open_events(c);

    assert_int_equal(make_event(c, EVENT, CHANNEL, 0, fd), 0);
    return fd;
}

/* An errno, or RM's status. What came was alone. */
static int
fetch(struct channel *c, int fd)
{
    struct arg a;
    int rc;

    arg_init(&c->h, &a, "NVOS41_PARAMETERS");
    arg_set(&a, "pEvent", (uintptr_t)(a.data + 64));
    rc = host_call(&c->h, fd, "NV_ESC_RM_GET_EVENT_DATA", &a);
    assert_int_equal(arg_get(&a, "MoreEvents"), 0);
    return rc < 0 ? rc : (int)arg_get(&a, "status");
}

/* The notifier that the channel was made with: info32 is the Xid, status is 0xffff. */
static void
work_that_faults_writes_the_notifier_and_wakes_listeners(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cards) / sizeof(*cards); i++) {
        struct channel c;
        int fd;

        channel_open(&c, i, NULL);
        fd = listen_to(&c);
        submit(&c, VA + BYTES, 1); /* behind the end */
        assert_true(wait_for(c.notifier + 12, 0xffff0000, 0xffff0000));
        assert_int_equal(*(uint32_t *)(c.notifier + 8), 31);
        usleep(20000);
        assert_int_equal(fetch(&c, fd), 0);
        channel_close(&c);
    }
}

/* Listeners of the engine hear, and those of all engines; those of another do not. */
static void
a_non_stall_interrupt_wakes_who_sleeps(void **state)
{
    enum {
        NONSTALL = 0x8000000, /* NV01_EVENT_* */
        WITHOUT_DATA = 0x10000000,
        GR0 = 12, /* NV2080_NOTIFIERS_* */
        CE0 = 23,
        ANY_ENGINE = 35,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cards) / sizeof(*cards); i++) {
        struct channel c;
        int own, any, other;

        channel_open(&c, i, NULL);
        own = open_events(&c);
        any = open_events(&c);
        other = open_events(&c);
        assert_int_equal(make_event(&c, EVENT, CHANNEL, GR0 | NONSTALL, own), 0x1f);
        assert_int_equal(make_event(&c, EVENT, c.t.subdevice, 1 | NONSTALL, own), 0x56);
        assert_int_equal(make_event(&c, EVENT, c.t.subdevice, GR0 | NONSTALL, own), 0);
        assert_int_equal(make_event(&c, MORE_EVENTS, c.t.subdevice,
                                    ANY_ENGINE | NONSTALL | WITHOUT_DATA, any),
                         0);
        assert_int_equal(make_event(&c, MORE_EVENTS + 1, c.t.subdevice, CE0 | NONSTALL, other),
                         0);
        submit(&c, VA + SEMAPHORE, 1);
        assert_true(wait_for(c.at + SEMAPHORE, UINT32_MAX, 1));
        assert_int_not_equal(fetch(&c, own), 0); /* no interrupt yet */
        submit_with(&c, VA + SEMAPHORE, 2, true);
        assert_int_equal(poll(&(struct pollfd){own, POLLIN, 0}, 1, 5000), 1);
        assert_int_equal(poll(&(struct pollfd){any, POLLIN, 0}, 1, 5000), 1);
        assert_int_equal(*(uint32_t *)(c.at + SEMAPHORE), 2); /* it was done before */
        assert_int_equal(fetch(&c, own), 0);
        assert_int_not_equal(fetch(&c, own), 0);
        assert_int_equal(poll(&(struct pollfd){other, POLLIN, 0}, 1, 0), 0);
        channel_close(&c);
    }
}

/* Faults of the table strike at the module's calls of GSP-RM. When the card or its GSP-RM is
 * gone, every channel's notifier says so, and nothing is served again. */
static void
a_card_that_is_lost_in_the_middle_is_told_to_everyone(void **state)
{
    static const struct {
        const char *fault;
        uint32_t status, xid;
    } rows[] = {
        {"ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=off-bus", 0x0f, 79 }, /* GPU_IS_LOST */
        {"ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=crash",   0x62, 120}, /* RESET_REQUIRED */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct channel c;
        struct arg a;
        int fd;

        channel_open(&c, 1, rows[i].fault);
        fd = listen_to(&c);
        arg_init(&c.h, &a, "NV2080_CTRL_TIMER_GET_TIME_PARAMS");
        for (int n = 0; n < 2; n++)
            assert_int_equal(rm_ctl(&c.h, c.t.ctl, c.t.client, c.t.subdevice,
                                    "NV2080_CTRL_CMD_TIMER_GET_TIME", &a),
                             rows[i].status);
        assert_int_equal(*(uint32_t *)(c.notifier + 8), rows[i].xid);
        assert_int_equal(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 0), 1);
        /* A lost card's own node takes no escape any more. */
        assert_int_equal(fetch(&c, fd), rows[i].xid == 79 ? -EINVAL : 0);
        assert_int_not_equal(fetch(&c, fd), 0); /* told once */
        assert_int_equal(rm_memory(&c.h, c.t.ctl, c.t.client, c.t.device, 0x77, false, 4096),
                         rows[i].status);
        assert_int_equal(rm_free(&c.h, c.t.ctl, c.t.client, CHANNEL), 0);
        assert_int_not_equal(rm_free(&c.h, c.t.ctl, c.t.client, CHANNEL), 0);
        channel_close(&c);
    }
}

static void
a_lost_card_does_not_start_again(void **state)
{
    struct host h;
    struct tree t;

    (void)state;
    host_open_faulty(&h, "570.144", "AD102", "ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=off-bus");
    tree_open(&h, &t, 0);
    assert_int_equal(
        rm_control(&h, t.ctl, t.client, t.subdevice, 0x20800403, (uint64_t[1]){0}, 8), 0x0f);
    assert_true(host_node(&h, EMU_NODE_GPU, 0) >= 0); /* it is up */
    for (int fd = 0; fd < HOST_FDS; fd++)
        if (h.file[fd])
            host_node_close(&h, fd);
    assert_int_equal(host_node(&h, EMU_NODE_GPU, 0), -EIO);
    assert_true(host_node(&h, EMU_NODE_CTL, 0) >= 0);
    host_close(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_runs_when_the_doorbell_is_rung),
        cmocka_unit_test(work_that_faults_writes_the_notifier_and_wakes_listeners),
        cmocka_unit_test(a_non_stall_interrupt_wakes_who_sleeps),
        cmocka_unit_test(a_card_that_is_lost_in_the_middle_is_told_to_everyone),
        cmocka_unit_test(a_lost_card_does_not_start_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
