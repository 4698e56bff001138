/* SPDX-License-Identifier: MIT */
/*
 * The client side of vfio-user: whole boots of cards in another process, deaths on either side,
 * and servers that do not keep to the protocol.
 */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <emu/synth.h>
#include <gsp/boot.h>
#include <gsp/bus_record.h>
#include <gsp/bus_vfio_user.h>

#include "vu_fixture.h"

struct set {
    const char *chip;
    uint8_t *files[GSP_FW_ROLES];
};

static int
find_file(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
          struct gsp_fw_source *out, struct gsp_error *err)
{
    static const enum emu_synth_kind kinds[GSP_FW_ROLES] = {
        [GSP_FW_ROLE_GSP] = EMU_SYNTH_GSP,
        [GSP_FW_ROLE_BOOTLOADER] = EMU_SYNTH_BOOTLOADER,
        [GSP_FW_ROLE_BOOTER_LOAD] = EMU_SYNTH_BOOTER_LOAD,
        [GSP_FW_ROLE_BOOTER_UNLOAD] = EMU_SYNTH_BOOTER_UNLOAD,
        [GSP_FW_ROLE_GENERIC_BL] = EMU_SYNTH_GENERIC_BL,
        [GSP_FW_ROLE_SCRUBBER] = EMU_SYNTH_SCRUBBER,
        [GSP_FW_ROLE_FMC] = EMU_SYNTH_FMC,
    };
    struct set *set = ctx;
    size_t bytes;
    int rc;

    (void)family;
    (void)err;
    free(set->files[role]);
    set->files[role] = NULL;
    rc = emu_synth_file(set->chip, release, kinds[role], &set->files[role], &bytes);
    if (rc == 0)
        *out = (struct gsp_fw_source){.name = "set", .data = set->files[role], .bytes = bytes};
    return rc;
}

static void
free_set(struct set *set)
{
    for (unsigned i = 0; i < GSP_FW_ROLES; i++)
        free(set->files[i]);
}

static struct nvrm_abi
abi_of(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_find(s, release)};
}

static struct gsp_bus *
connect_to(const struct vu_fixture *f, bool preboot)
{
    const struct gsp_vfio_user_config config = {.path = f->paths[0], .preboot = preboot};
    struct gsp_error err = {0};
    struct gsp_bus *bus = NULL;

    if (gsp_bus_vfio_user_open(&config, &bus, &err) < 0)
        fail_msg("%s", err.text);
    return bus;
}

static int
boot(struct gsp_bus *bus, struct set *set, const char *release, struct gsp_backend **b_out,
     struct gsp_error *err)
{
    const struct gsp_boot_config config = {
        .rm = {.bus = bus, .abi = abi_of(release), .timeout_ns = UINT64_C(20000000000)},
        .firmware = {set,          find_file                             },
    };

    return gsp_boot_open(&config, b_out, err);
}

static void
boot_and_unload(const struct vu_fixture *f, const char *chip, const char *release)
{
    struct set set = {.chip = chip};
    struct gsp_error err = {0};
    struct gsp_bus *bus = connect_to(f, false);
    struct gsp_backend *b;

    if (boot(bus, &set, release, &b, &err) < 0)
        fail_msg("%s %s: %s", chip, release, err.text);
    b->ops->close(b);
    bus->ops->close(bus);
    free_set(&set);
}

static void
cards_in_another_process_boot_like_any(void **state)
{
    static const struct {
        const char *chip, *release;
    } rows[] = {
        {"TU102", "535.113.01"},
        {"GA100", "570.144"   },
        {"GA102", "570.144"   },
        {"AD102", "595.45.04" },
        {"GH100", "570.144"   },
        {"GB202", "595.45.04" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vu_fixture f;
        int status;

        vu_fixture_start(
            &f, &(struct vu_fixture_card){.chip = rows[i].chip, .release = rows[i].release}, 1);
        boot_and_unload(&f, rows[i].chip, rows[i].release);
        boot_and_unload(&f, rows[i].chip, rows[i].release); /* and again */
        status = vu_fixture_stop(&f, SIGTERM);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static void
gsp_rm_may_start_at_its_mailboxes(void **state)
{
    const struct vu_fixture_card card = {.chip = "AD102", .preboot = true};
    struct gsp_rm_config config = {.abi = abi_of("570.144")};
    struct gsp_error err = {0};
    struct gsp_backend *b;
    struct vu_fixture f;
    struct gsp_bus *bus;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    config.bus = bus = connect_to(&f, true);
    if (gsp_rm_open(&config, &b, &err) < 0)
        fail_msg("%s", err.text);
    b->ops->close(b);
    bus->ops->close(bus);
    vu_fixture_stop(&f, SIGTERM);
}

struct waits {
    unsigned served;
};

static void
count_waits(void *ctx, const struct gsp_bus_access *a)
{
    struct waits *w = ctx;

    w->served += a->operation == GSP_BUS_IRQ_WAIT && a->rc == 0;
}

/* The answer comes late, when the client sleeps: only the eventfd can wake it in time. */
static void
interrupts_arrive_over_the_eventfd(void **state)
{
    const struct vu_fixture_card card = {
        .chip = "AD102", .preboot = true, .inject = "rpc:3=slow:80"};
    struct gsp_rm_config config = {.abi = abi_of("570.144")};
    struct waits waits = {0};
    uint8_t params[64] = {0};
    struct gsp_event event;
    struct gsp_bus_record_config record = {.access = count_waits, .ctx = &waits};
    struct gsp_backend *b;
    struct vu_fixture f;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    record.bus = connect_to(&f, true);
    assert_int_equal(record.bus->ops->irq_wait(record.bus, 0), -ETIMEDOUT);
    assert_int_equal(record.bus->ops->irq_wait(record.bus, 1000000), -ETIMEDOUT);
    assert_int_equal(gsp_bus_record(&record, &config.bus, NULL), 0);
    assert_int_equal(gsp_rm_open(&config, &b, NULL), 0);
    assert_int_equal(b->ops->event_next(b, &event, 1, NULL), -EAGAIN); /* asks for the vector */
    waits.served = 0;
    assert_int_equal(b->ops->control(b, 1, 2, 0x20800110, params, sizeof(params), NULL),
                     -EREMOTEIO); /* no such client, after 80 ms */
    assert_in_range(waits.served, 1, 3);
    b->ops->close(b);
    config.bus->ops->close(config.bus);
    vu_fixture_stop(&f, SIGTERM);
}

static void
a_killed_server_is_a_lost_card(void **state)
{
    const struct vu_fixture_card card = {.chip = "AD102", .release = "570.144"};
    struct set set = {.chip = "AD102"};
    struct gsp_error err = {0};
    struct gsp_backend *b;
    struct gsp_event event;
    struct vu_fixture f;
    struct gsp_bus *bus;
    struct gsp_dma dma;
    uint32_t value;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    bus = connect_to(&f, false);
    assert_int_equal(boot(bus, &set, "570.144", &b, &err), 0);
    vu_fixture_stop(&f, SIGKILL);
    assert_true(b->ops->event_next(b, &event, UINT64_C(2000000000), &err) < 0);
    assert_int_equal(bus->ops->rd32(bus, 0, 0), 0xffffffff);
    assert_int_equal(bus->ops->config_read(bus, 0, 4, &value), 0);
    assert_int_equal(value, 0xffffffff);
    assert_int_equal(bus->ops->irq_wait(bus, UINT64_C(2000000000)), -ENODEV);
    assert_int_equal(bus->ops->dma_alloc(bus, 4096, &dma), -ENOMEM);
    b->ops->close(b);
    bus->ops->close(bus);
    free_set(&set);
}

/* At any moment of a boot: the next client finds a card that boots. */
static void
a_killed_client_leaves_a_card_that_boots(void **state)
{
    const struct vu_fixture_card card = {.chip = "AD102", .release = "570.144"};
    struct vu_fixture f;

    (void)state;
    vu_fixture_start(&f, &card, 1);
    for (unsigned i = 0; i < 8; i++) {
        const pid_t pid = fork();

        if (!pid) {
            struct set set = {.chip = "AD102"};
            struct gsp_backend *b;
            struct gsp_bus *bus;

            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) {
                bus = connect_to(&f, false);
                if (boot(bus, &set, "570.144", &b, NULL) < 0)
                    _exit(1);
                b->ops->close(b);
                bus->ops->close(bus);
            }
        }
        usleep(3000 + 9000 * i);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        usleep(20000);
        assert_true(vu_fixture_lives(&f));
        boot_and_unload(&f, "AD102", "570.144");
    }
    vu_fixture_stop(&f, SIGTERM);
}

static void
missing_and_dead_servers_have_a_remedy(void **state)
{
    struct gsp_vfio_user_config config = {.path = "/tmp/nvrm-no-such-socket"};
    const struct vu_fixture_card card = {.chip = "AD102"};
    struct gsp_error err = {0};
    struct gsp_bus *bus, *first;
    struct vu_fixture f;

    (void)state;
    assert_int_equal(gsp_bus_vfio_user_open(&config, &bus, &err), -ENOENT);
    assert_non_null(strstr(err.hint, "nvrm-emu"));
    vu_fixture_start(&f, &card, 1);
    first = connect_to(&f, false);
    config.path = f.paths[0];
    assert_int_equal(gsp_bus_vfio_user_open(&config, &bus, &err), -ECONNRESET);
    assert_non_null(strstr(err.hint, "one client"));
    first->ops->close(first);
    kill(f.pid, SIGKILL);
    waitpid(f.pid, NULL, 0);
    assert_int_equal(gsp_bus_vfio_user_open(&config, &bus, &err), -ECONNREFUSED);
    assert_true(err.hint[0]);
    unlink(f.paths[0]);
    rmdir(f.dir);
}

/* A server that answers the first message with given bytes, then waits. */
static pid_t
false_server(const char *path, const void *bytes, size_t count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t pid;

    strcpy(address.sun_path, path);
    unlink(path);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid = fork();
    if (!pid) {
        const int fd = accept(listener, NULL, NULL);
        char waste[256];

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (read(fd, waste, sizeof(waste)) > 0 && write(fd, bytes, count) == (ssize_t)count)
            pause();
        _exit(0);
    }
    close(listener);
    return pid;
}

static void
servers_that_break_the_protocol_are_refused_in_time(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
        int rc;
    } rows[] = {
  /* id 1, VERSION, size, reply */
        {"",                                          0,  -ETIMEDOUT},
        {"\1\0\1\0",                                  4,  -ETIMEDOUT},
        {"\2\0\1\0\20\0\0\0\1\0\0\0\0\0\0\0",         16, -EPROTO   }, /* another id */
        {"\1\0\2\0\20\0\0\0\1\0\0\0\0\0\0\0",         16, -EPROTO   }, /* another command */
        {"\1\0\1\0\17\0\0\0\1\0\0\0\0\0\0\0",         16, -EPROTO   }, /* shorter than itself */
        {"\1\0\1\0\377\377\377\377\1\0\0\0\0\0\0\0",  16, -EPROTO   }, /* 4 GiB */
        {"\1\0\1\0\20\0\0\0\1\0\0\0\0\0\0\0",         16, -EPROTO   }, /* no version in it */
        {"\1\0\1\0\24\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0", 20, -EPROTO   }, /* another major */
        {"\1\0\1\0\20\0\0\0\41\0\0\0\26\0\0\0",       16, -EINVAL   }, /* refused: EINVAL */
        {"\5\0\13\0\40\0\0\0\0\0\0\0\0\0\0\0",        16, -ETIMEDOUT}, /* half a command */
    };
    char path[] = "/tmp/nvrm-false-XXXXXX";

    (void)state;
    close(mkstemp(path));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const pid_t pid = false_server(path, rows[i].bytes, rows[i].count);
        const struct gsp_vfio_user_config config = {.path = path, .timeout_ns = 100000000};
        struct gsp_error err = {0};
        struct gsp_bus *bus;

        assert_int_equal(gsp_bus_vfio_user_open(&config, &bus, &err), rows[i].rc);
        assert_true(err.text[0]);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards_in_another_process_boot_like_any),
        cmocka_unit_test(gsp_rm_may_start_at_its_mailboxes),
        cmocka_unit_test(interrupts_arrive_over_the_eventfd),
        cmocka_unit_test(a_killed_server_is_a_lost_card),
        cmocka_unit_test(a_killed_client_leaves_a_card_that_boots),
        cmocka_unit_test(missing_and_dead_servers_have_a_remedy),
        cmocka_unit_test(servers_that_break_the_protocol_are_refused_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
