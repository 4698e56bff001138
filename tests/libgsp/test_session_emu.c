/* SPDX-License-Identifier: MIT */
/*
 * The gsp backend against the emulated card: every release, every chip, every fault of the
 * card's table that the queues and RPC can meet.
 */
#include "test.h"

#include <errno.h>

#include <emu/emu.h>
#include <gsp/bus_record.h>
#include <gsp/session.h>

enum { CLIENT = 0xc1d00001, DEVICE = 0x1001, SUBDEVICE = 0x1002, NAME_STRING = 0x20800110 };

struct fixture {
    struct emu_gpu *gpu;
    struct gsp_backend *b;
    struct gsp_error err;
    char message[256];
};

static int
open_fixture(struct fixture *f, struct nvrm_abi abi, const char *chip, const char *inject)
{
    const struct emu_config card = {.chip = chip, .abi = abi, .inject = inject};
    struct gsp_rm_config config = {.abi = abi, .timeout_ns = 1000000000};
    int rc;

    *f = (struct fixture){0};
    rc = emu_gpu_create(&card, &f->gpu, f->message, sizeof(f->message));
    if (rc < 0)
        return rc;
    config.bus = emu_gpu_bus(f->gpu);
    return gsp_rm_open(&config, &f->b, &f->err);
}

static void
close_fixture(struct fixture *f)
{
    if (f->b)
        f->b->ops->close(f->b);
    emu_gpu_destroy(f->gpu);
}

static struct nvrm_abi
abi_of(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_find(s, release)};
}

static int
alloc(struct fixture *f, uint32_t parent, uint32_t object, uint32_t class_id,
      const char *params_name)
{
    const struct nvrm_layout *l = nvrm_struct_find(f->b->abi, params_name);
    uint64_t params[64] = {0};

    assert_non_null(l);
    return f->b->ops->alloc(f->b, CLIENT, parent, object, class_id, params, l->size, &f->err);
}

static int
alloc_tree(struct fixture *f)
{
    int rc = f->b->ops->alloc(f->b, CLIENT, 0, CLIENT, 0, NULL, 0, &f->err);

    if (rc == 0)
        rc = alloc(f, CLIENT, DEVICE, 0x80, "NV0080_ALLOC_PARAMETERS");
    return rc < 0 ? rc : alloc(f, DEVICE, SUBDEVICE, 0x2080, "NV2080_ALLOC_PARAMETERS");
}

static int
ask_name(struct fixture *f, char *name, size_t name_bytes)
{
    const struct nvrm_control *c = nvrm_control_by_id(f->b->abi, NAME_STRING);
    const struct nvrm_layout *l = nvrm_struct_at(f->b->abi, c->params);
    uint8_t params[512] = {0};
    int rc;

    assert_true(l && l->size <= sizeof(params));
    rc = f->b->ops->control(f->b, CLIENT, SUBDEVICE, NAME_STRING, params, l->size, &f->err);
    snprintf(name, name_bytes, "%.63s", params + 4);
    return rc;
}

static void
run_session(struct nvrm_abi abi, const char *chip)
{
    struct fixture f;
    char name[64];
    size_t bytes;
    int rc = open_fixture(&f, abi, chip, NULL);

    if (rc == -ENOTSUP && !f.gpu)
        return; /* a chip younger than the release */
    if (rc == 0)
        rc = alloc_tree(&f);
    if (rc == 0)
        rc = ask_name(&f, name, sizeof(name));
    if (rc < 0)
        fail_msg("%s on %s: %s", nvrm_release_name(abi.schema, abi.release), chip, f.err.text);
    assert_true(name[0] >= ' ');
    assert_non_null(gsp_rm_static_info(f.b, &bytes));
    assert_int_equal(f.b->ops->dup(f.b, CLIENT, CLIENT, 0x1003, CLIENT, 0x7777, 0, &f.err),
                     -EREMOTEIO);
    assert_int_equal(f.b->ops->free(f.b, CLIENT, CLIENT, DEVICE, &f.err), 0);
    assert_int_equal(ask_name(&f, name, sizeof(name)), -EREMOTEIO);
    assert_int_equal(f.err.origin, GSP_ORIGIN_RM);
    close_fixture(&f);
}

static void
a_session_works_at_every_release(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    (void)state;
    for (unsigned r = 0; r < nvrm_release_count(s); r++)
        run_session((struct nvrm_abi){s, (nvrm_release)r}, "AD102");
}

static void
a_session_works_on_every_chip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < emu_chip_count(); i++) {
        run_session(abi_of("570.144"), emu_chip_at(i)->name);
        run_session(abi_of("595.45.04"), emu_chip_at(i)->name);
    }
}

/* One call under a fault, and one after it. */
static void
expect_fault(const char *release, const char *inject, int want, const char *text)
{
    struct fixture f;
    char name[64];
    int rc = open_fixture(&f, abi_of(release), "AD102", inject);

    if (rc == 0)
        rc = alloc_tree(&f);
    if (rc < 0)
        fail_msg("%s: %s %s", inject, f.message, f.err.text);
    f.err.text[0] = '\0';
    rc = ask_name(&f, name, sizeof(name));
    if (rc != want || !strstr(f.err.text, text))
        fail_msg("%s at %s: %d \"%s\", not %d \"%s\"", inject, release, rc, f.err.text, want,
                 text);
    close_fixture(&f);
}

static void
every_fault_of_the_queues_has_a_name(void **state)
{
    static const struct {
        const char *effect;
        int want;
        const char *text;
    } rows[] = {
        {"bad-checksum",   -EBADMSG,   "bad checksum in record"                      },
        {"wrong-seq",      -EPROTO,    "gap in sequence numbers"                     },
        {"wrong-sequence", -EPROTO,    "reply to unknown call: GSP_RM_CONTROL"       },
        {"duplicate",      0,          ""                                            },
        {"elements:0",     -EBADMSG,   "elemCount out of range (got, limit) (0, 16)" },
        {"elements:17",    -EBADMSG,   "elemCount out of range (got, limit) (17, 16)"},
        {"elements:3",     -EBADMSG,   "elemCount does not fit the length"           },
        {"hostile-length", -EBADMSG,   "RPC length out of range"                     },
        {"lost",           -ETIMEDOUT, "no reply to GSP_RM_CONTROL (76)"             },
        {"slow:20",        0,          ""                                            },
        {"storm:100",      0,          ""                                            },
        {"storm:400",      0,          ""                                            },
        {"xid:79",         0,          ""                                            },
        {"crash",          -ENODEV,    "GSP-RM has crashed"                          },
        {"off-bus",        -ENODEV,    "fallen off the bus"                          },
        {"0x56",           -EREMOTEIO, "NV_ERR_NOT_SUPPORTED"                        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char inject[64];

        snprintf(inject, sizeof(inject), "ctl:0x%x=%s", NAME_STRING, rows[i].effect);
        expect_fault("595.45.04", inject, rows[i].want, rows[i].text);
    }
    expect_fault("570.144", "ctl:0x20800110=wrong-sequence", 0, "");
}

static void
a_call_after_a_broken_record_works(void **state)
{
    static const char *const effects[] = {"bad-checksum", "wrong-seq",  "wrong-sequence",
                                          "duplicate",    "elements:0", "hostile-length",
                                          "lost"};

    (void)state;
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        struct fixture f;
        char inject[64], name[64];

        snprintf(inject, sizeof(inject), "ctl:0x%x=%s", NAME_STRING, effects[i]);
        assert_int_equal(open_fixture(&f, abi_of("595.45.04"), "AD102", inject), 0);
        assert_int_equal(alloc_tree(&f), 0);
        ask_name(&f, name, sizeof(name));
        if (ask_name(&f, name, sizeof(name)) < 0)
            fail_msg("after %s: %s", effects[i], f.err.text);
        close_fixture(&f);
    }
}

static void
a_storm_of_events_is_kept_or_counted(void **state)
{
    struct fixture f;
    struct gsp_event e;
    char name[64];
    uint64_t seen = 0, lost = 0;

    (void)state;
    assert_int_equal(open_fixture(&f, abi_of("570.144"), "AD102", "ctl:0x20800110=storm:100"),
                     0);
    assert_int_equal(alloc_tree(&f), 0);
    assert_int_equal(ask_name(&f, name, sizeof(name)), 0);
    while (f.b->ops->event_next(f.b, &e, 0, NULL) == 0) {
        seen++;
        lost += e.lost;
    }
    assert_in_range(seen + lost, 100, 120);
    close_fixture(&f);
}

static void
a_missing_continuation_record_ends_in_a_timeout(void **state)
{
    struct fixture f;
    const uint32_t bytes = 100000;
    uint8_t *params = calloc(1, bytes);

    (void)state;
    assert_int_equal(
        open_fixture(&f, abi_of("595.45.04"), "AD102", "ctl:0x20800110=missing-continuation"),
        0);
    assert_int_equal(alloc_tree(&f), 0);
    assert_int_equal(
        f.b->ops->control(f.b, CLIENT, SUBDEVICE, NAME_STRING, params, bytes, &f.err),
        -ETIMEDOUT);
    assert_non_null(strstr(f.err.text, "missing continuation record"));
    /* Whatever RM thinks of such a size, the answer comes whole. */
    assert_int_equal(
        f.b->ops->control(f.b, CLIENT, SUBDEVICE, NAME_STRING, params, bytes, &f.err),
        -EREMOTEIO);
    close_fixture(&f);
    free(params);
}

struct waits {
    unsigned taken, slept;
};

static void
count_waits(void *ctx, const struct gsp_bus_access *a)
{
    struct waits *w = ctx;

    if (a->operation != GSP_BUS_IRQ_WAIT)
        return;
    w->taken += a->rc == 0;
    w->slept += a->rc != 0;
}

/* Two slow answers: for the first the session looks every ms, for the second the card wakes it,
 * and on Turing, whose line holds its leaf, not once more than that either. */
static void
a_session_that_waits_is_woken_by_the_card(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "AD102", "GH100", "GB202"};
    static const char *const names[] = {"570.144", "535.113.01", "595.45.04"};

    (void)state;
    for (size_t i = 0; i < 5 + 2; i++) {
        const struct nvrm_abi abi = abi_of(names[i < 5 ? 0 : i - 4]);
        const struct emu_config card = {
            .chip = i < 5 ? chips[i] : "AD102", .abi = abi, .inject = "ctl:0x20800110=slow:30"};
        struct waits w = {0};
        struct gsp_bus_record_config record = {.access = count_waits, .ctx = &w};
        struct gsp_rm_config config = {.abi = abi};
        struct fixture f = {0};
        char name[64];

        assert_int_equal(emu_gpu_create(&card, &f.gpu, NULL, 0), 0);
        record.bus = emu_gpu_bus(f.gpu);
        assert_int_equal(gsp_bus_record(&record, &config.bus, NULL), 0);
        assert_int_equal(gsp_rm_open(&config, &f.b, &f.err), 0);
        assert_int_equal(alloc_tree(&f), 0);
        w = (struct waits){0};
        assert_int_equal(ask_name(&f, name, sizeof(name)), 0);
        assert_int_equal(w.taken, 0);
        assert_true(w.slept >= 1);
        assert_int_equal(emu_gpu_inject(f.gpu, "ctl:0x20800110=slow:30", NULL, 0), 0);
        w = (struct waits){0};
        assert_int_equal(ask_name(&f, name, sizeof(name)), 0);
        assert_in_range(w.taken, 1, 2); /* what was there when it was enabled, and the answer */
        assert_in_range(w.slept, 0, 2);
        f.b->ops->close(f.b);
        assert_int_equal(record.bus->ops->rd32(record.bus, 0, 0xb81210), 0);
        assert_int_equal(record.bus->ops->rd32(record.bus, 0, 0xb81608), 0);
        config.bus->ops->close(config.bus);
        emu_gpu_destroy(f.gpu);
    }
}

static void
a_failed_start_is_reported(void **state)
{
    static const struct {
        const char *inject;
        int want;
        const char *text;
    } rows[] = {
        {"init=lost",    -ETIMEDOUT, "no event GSP_INIT_DONE"},
        {"init=crash",   -ENODEV,    "GSP-RM has crashed"    },
        {"init=off-bus", -ENODEV,    "fallen off the bus"    },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        int rc = open_fixture(&f, abi_of("570.144"), "AD102", rows[i].inject);

        if (rc != rows[i].want || !strstr(f.err.text, rows[i].text))
            fail_msg("%s: %d \"%s\" %s", rows[i].inject, rc, f.err.text, f.message);
        close_fixture(&f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_works_at_every_release),
        cmocka_unit_test(a_session_works_on_every_chip),
        cmocka_unit_test(every_fault_of_the_queues_has_a_name),
        cmocka_unit_test(a_call_after_a_broken_record_works),
        cmocka_unit_test(a_storm_of_events_is_kept_or_counted),
        cmocka_unit_test(a_missing_continuation_record_ends_in_a_timeout),
        cmocka_unit_test(a_session_that_waits_is_woken_by_the_card),
        cmocka_unit_test(a_failed_start_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
