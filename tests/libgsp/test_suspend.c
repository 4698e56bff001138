/* SPDX-License-Identifier: MIT */
/*
 * Suspend and resume on the emulated card, with power off in between: objects live on, and what
 * is not as booter, or the FMC, saved it is refused.
 */
#include "test.h"

#include <errno.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/boot.h>

enum {
    CLIENT = 0xc1d00001,
    DEVICE = 0xcaf00001,
    SUBDEVICE = 0xcaf00002,
    NAME_STRING = 0x20800110
};
enum { BLOCKS = 64 };
#define SR_MAGIC UINT64_C(0x8a3bb9e6c6c39d93)

static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                    "GH100", "GB100", "GB202"};
static const char *const releases[] = {"535.113.01", "550.54.14", "565.77",   "570.86.15",
                                       "570.144",    "580.65.06", "595.45.04"};
enum {
    CHIPS = sizeof(chips) / sizeof(chips[0]),
    RELEASES = sizeof(releases) / sizeof(releases[0]),
    BEFORE_HOPPER = 4, /* chips */
    WITH_FSP = 3,      /* the first release that can suspend the others */
};

/* A card with its firmware and a booted session. */
struct rig {
    struct emu_gpu *gpu;
    struct nvrm_abi abi;
    const char *chip;
    uint8_t *files[GSP_FW_ROLES];
    struct gsp_bus *bus;
    struct gsp_boot *boot;
    struct gsp_backend *b;
    struct gsp_error err;
};

/* The memory that the card can reach: a test damages what lies there. */
static struct gsp_dma blocks[BLOCKS];
static const struct gsp_bus_ops *real_ops;
static int allocs_left = -1; /* dma_alloc fails when it runs out; -1: never */

/* While nothing but a timeout can come, every look at the clock takes 10 ms and sleeps none. */
static bool hurry;
static uint64_t ahead_ns;

static uint64_t
hurried_now_ns(void *ctx)
{
    (void)ctx;
    ahead_ns += hurry ? 10000000 : 0;
    return gsp_host_now_ns(NULL) + ahead_ns;
}

static void
hurried_sleep_ns(void *ctx, uint64_t ns)
{
    (void)ctx;
    if (!hurry)
        gsp_host_sleep_ns(NULL, ns);
}

static const struct gsp_host host = {.now_ns = hurried_now_ns, .sleep_ns = hurried_sleep_ns};

static int
note_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *out)
{
    int rc = allocs_left == 0 ? -ENOMEM : real_ops->dma_alloc(bus, bytes, out);

    allocs_left -= allocs_left > 0;
    for (unsigned i = 0; rc == 0 && i < BLOCKS; i++)
        if (!blocks[i].cpu) {
            blocks[i] = *out;
            break;
        }
    return rc;
}

static void
note_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].cpu == dma->cpu)
            blocks[i] = (struct gsp_dma){0};
    real_ops->dma_free(bus, dma);
}

/* The GspFwSRMeta, or NULL. */
static uint64_t *
find_meta(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].cpu && *(uint64_t *)blocks[i].cpu == SR_MAGIC)
            return blocks[i].cpu;
    return NULL;
}

static const struct gsp_dma *
block_at(uint64_t bus_addr)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].cpu && blocks[i].bus_addr == bus_addr)
            return &blocks[i];
    return NULL;
}

static int
find(void *ctx, enum gsp_fw_role role, enum gsp_fw_family family, const char *release,
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
    struct rig *r = ctx;
    size_t bytes;
    int rc;

    (void)family, (void)err;
    free(r->files[role]);
    r->files[role] = NULL;
    rc = emu_synth_file(r->chip, release, kinds[role], &r->files[role], &bytes);
    if (rc == 0)
        *out = (struct gsp_fw_source){
            .name = gsp_fw_role_name(role), .data = r->files[role], .bytes = bytes};
    return rc;
}

static void
check(struct rig *r, int rc, const char *what)
{
    const char *note;

    if (rc >= 0)
        return;
    for (unsigned i = 0; (note = emu_gpu_note_at(r->gpu, i)); i++)
        print_message("  card: %s\n", note);
    fail_msg("%s: %s: %s", r->chip, what, r->err.text);
}

static void
boot(struct rig *r)
{
    check(r, gsp_boot_run(r->boot, NULL, &r->err), "boot");
    r->b = gsp_boot_backend(r->boot);
}

static void
open_rig(struct rig *r, const char *chip, const char *release)
{
    static struct gsp_bus_ops ops;
    struct emu_config config = {.chip = chip};
    struct gsp_boot_config boot_config = {
        .firmware = {r, find}
    };

    *r = (struct rig){.chip = chip, .abi = {.schema = nvrm_schema_builtin()}};
    r->abi.release = nvrm_release_find(r->abi.schema, release);
    config.abi = r->abi;
    assert_int_equal(emu_gpu_create(&config, &r->gpu, NULL, 0), 0);
    r->bus = emu_gpu_bus(r->gpu);
    memset(blocks, 0, sizeof(blocks));
    real_ops = r->bus->ops;
    ops = *real_ops;
    ops.dma_alloc = note_alloc;
    ops.dma_free = note_free;
    r->bus->ops = &ops;
    boot_config.rm = (struct gsp_rm_config){.bus = r->bus, .abi = r->abi, .host = &host};
    check(r, gsp_boot_create(&boot_config, &r->boot, &r->err), "create");
    boot(r);
}

static void
close_rig(struct rig *r)
{
    gsp_boot_destroy(r->boot);
    emu_gpu_destroy(r->gpu);
    for (unsigned i = 0; i < GSP_FW_ROLES; i++)
        free(r->files[i]);
    for (unsigned i = 0; i < BLOCKS; i++)
        assert_null(blocks[i].cpu);
}

static int
alloc(struct rig *r, uint32_t parent, uint32_t object, uint32_t class_id, const char *name)
{
    const struct nvrm_layout *l = name ? nvrm_struct_find(r->abi, name) : NULL;
    uint64_t params[64] = {0};

    return r->b->ops->alloc(r->b, CLIENT, parent, object, class_id, name ? params : NULL,
                            l ? l->size : 0, &r->err);
}

static void
alloc_tree(struct rig *r)
{
    check(r, alloc(r, 0, CLIENT, 0, NULL), "client");
    check(r, alloc(r, CLIENT, DEVICE, 0x80, "NV0080_ALLOC_PARAMETERS"), "device");
    check(r, alloc(r, DEVICE, SUBDEVICE, 0x2080, "NV2080_ALLOC_PARAMETERS"), "subdevice");
}

/* Asks the subdevice for the card's name. */
static int
ask_name(struct rig *r)
{
    const struct nvrm_layout *l =
        nvrm_struct_find(r->abi, "NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS");
    uint64_t params[64] = {0};

    assert_non_null(l);
    return r->b->ops->control(r->b, CLIENT, SUBDEVICE, NAME_STRING, params, l->size, &r->err);
}

static void
suspend(struct rig *r)
{
    struct gsp_boot_status status;

    check(r, gsp_boot_suspend(r->boot, &r->err), "suspend");
    check(r, gsp_boot_status(r->boot, &status, &r->err), "status");
    assert_false(status.wpr2_up);
    assert_false(status.riscv_active);
}

static void
power_cycle(struct rig *r)
{
    assert_int_equal(r->bus->ops->reset(r->bus), 0);
}

static void
sleep_and_wake(struct rig *r)
{
    struct gsp_boot_status before, after;

    check(r, gsp_boot_status(r->boot, &before, &r->err), "status");
    suspend(r);
    /* flags, as WPR meta has them: booter was asked for raised clocks, from 545 on */
    assert_int_equal(find_meta()[20] & 0xff,
                     gsp_boot_family(r->boot) < GSP_FW_GH100 &&
                         r->abi.release >= nvrm_release_find(r->abi.schema, "545.23.06"));
    assert_int_equal(ask_name(r), -EBUSY);
    power_cycle(r);
    check(r, gsp_boot_resume(r->boot, &r->err), "resume");
    check(r, gsp_boot_status(r->boot, &after, &r->err), "status");
    assert_true(after.wpr2_up && after.riscv_active);
    assert_int_equal(after.wpr2_start, before.wpr2_start);
    assert_int_equal(after.wpr2_end, before.wpr2_end);
    assert_null(find_meta());
}

static void
two_suspends(const char *chip, const char *release)
{
    struct rig r;

    open_rig(&r, chip, release);
    alloc_tree(&r);
    for (unsigned round = 0; round < 2; round++) {
        sleep_and_wake(&r);
        check(&r, ask_name(&r), "name after resume");
    }
    assert_true(alloc(&r, CLIENT, DEVICE, 0x80, "NV0080_ALLOC_PARAMETERS") < 0);
    check(&r, r.b->ops->free(r.b, CLIENT, 0, CLIENT, &r.err), "free");
    assert_true(ask_name(&r) < 0);
    check(&r, gsp_boot_unload(r.boot, &r.err), "unload");
    close_rig(&r);
}

/* Every card and every release takes part; every pair of them only with NVRM_TEST_ALL. */
static bool
takes_part(unsigned chip, unsigned release, unsigned chips_count)
{
    return getenv("NVRM_TEST_ALL") || release % chips_count == chip;
}

static void
objects_survive_two_suspends_before_hopper(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BEFORE_HOPPER; i++)
        for (unsigned n = 0; n < RELEASES; n++)
            if (takes_part(i, n, BEFORE_HOPPER))
                two_suspends(chips[i], releases[n]);
}

static void
objects_survive_two_suspends_from_hopper_on(void **state)
{
    (void)state;
    for (unsigned i = BEFORE_HOPPER; i < CHIPS; i++)
        for (unsigned n = WITH_FSP; n < RELEASES; n++)
            if (takes_part(i - BEFORE_HOPPER, n - WITH_FSP, CHIPS - BEFORE_HOPPER))
                two_suspends(chips[i], releases[n]);
}

/* What is damaged while power is off, and what booter and the FMC answer. Without its magic the
 * meta is none: a cold start then, and the core was not reset for one, or FSP not asked for
 * FRTS. */
static const struct {
    const char *what;
    unsigned word;
    uint64_t flip;
    unsigned booter, fmc;
} damage[] = {
    {"magic",            0,  1,      0x1b, 0x1a},
    {"revision",         1,  1,      0x13, 0x13},
    {"radix3's address", 2,  0x1000, 0x1f, 0x1f},
    {"size",             3,  0x1000, 0x14, 0x14},
    {"seal",             4,  1,      0x1f, 0x1f},
    {"flags",            20, 1,      0x1f, 0x1f},
};

static bool
has_fsp(const struct rig *r)
{
    return gsp_boot_family(r->boot) >= GSP_FW_GH100;
}

static void
expect_refusal(struct rig *r, const char *what, unsigned code)
{
    char words[60];
    int rc;

    power_cycle(r);
    rc = gsp_boot_resume(r->boot, &r->err);
    (void)snprintf(
        words, sizeof(words),
        has_fsp(r) ? "GSP_FMC_ERROR (0x0014dc) reads 0x%08x" : "MAILBOX0 reads 0x%x,", code);
    if (rc != -EPROTO || !strstr(r->err.text, "resume") || !strstr(r->err.text, words))
        fail_msg("%s %s: %d, '%s'", r->chip, what, rc, r->err.text);
    assert_int_equal(gsp_boot_resume(r->boot, &r->err), -ENOTCONN);
    boot(r); /* a cold start is always possible */
    close_rig(r);
}

static void
a_meta_that_is_not_as_it_was_left_is_refused_and_the_card_boots_again(void **state)
{
    (void)state;
    for (unsigned fsp = 0; fsp < 2; fsp++)
        for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
            struct rig r;

            open_rig(&r, chips[fsp ? BEFORE_HOPPER + i % 2 : i % BEFORE_HOPPER], "570.144");
            suspend(&r);
            assert_non_null(find_meta());
            find_meta()[damage[i].word] ^= damage[i].flip;
            expect_refusal(&r, damage[i].what, has_fsp(&r) ? damage[i].fmc : damage[i].booter);
        }
}

static void
saved_pages_and_page_tables_that_changed_are_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++)
        for (unsigned tables = 0; tables < 2; tables++) {
            const struct gsp_dma *data;
            uint64_t *words;
            struct rig r;

            open_rig(&r, chips[i], "570.144");
            suspend(&r);
            data = block_at(find_meta()[2]);
            assert_non_null(data);
            words = data->cpu;
            if (tables)
                words[512] = 0; /* the first page of the second level */
            else
                words[data->bytes / 8 - 512] ^= 1; /* the last page */
            expect_refusal(&r, tables ? "tables" : "page", tables ? 0x16 : 0x1f);
        }
}

static void
a_suspended_session_can_be_given_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct rig r;

        open_rig(&r, chips[i], "570.144");
        assert_int_equal(gsp_boot_resume(r.boot, &r.err), -ENOTCONN);
        suspend(&r);
        assert_int_equal(gsp_boot_suspend(r.boot, &r.err), -ENOTCONN);
        assert_int_equal(gsp_boot_unload(r.boot, &r.err), -ENOTCONN);
        close_rig(&r);
    }
}

/* Pages for WPR2, the meta, and what GSP-RM has besides: each may be refused. */
static void
a_suspend_without_memory_gives_everything_back_and_the_card_boots_again(void **state)
{
    static const char *const some[] = {"AD102", "GH100"};

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        for (int n = 0; n < 3; n++) {
            struct rig r;

            open_rig(&r, some[i], "595.45.04");
            allocs_left = n;
            assert_int_equal(gsp_boot_suspend(r.boot, &r.err), -ENOMEM);
            allocs_left = -1;
            for (unsigned k = 0; k < BLOCKS; k++)
                assert_null(blocks[k].cpu);
            boot(&r);
            close_rig(&r);
        }
}

/* The FMC learns where the meta is from a control that 570.86.15 extended. */
static void
hopper_before_570_says_why_it_cannot_be_suspended_and_runs_on(void **state)
{
    (void)state;
    for (unsigned n = 0; n < WITH_FSP; n++) {
        struct rig r;

        open_rig(&r, "GH100", releases[n]);
        alloc_tree(&r);
        assert_int_equal(gsp_boot_suspend(r.boot, &r.err), -ENOTSUP);
        assert_int_equal(r.err.origin, GSP_ORIGIN_RELEASE);
        assert_non_null(strstr(r.err.text, releases[n]));
        assert_non_null(strstr(r.err.text, "sysmemAddrOfSuspendResumeData"));
        check(&r, ask_name(&r), "name");
        close_rig(&r);
    }
}

/* A fault that comes into force while GSP-RM runs, or sleeps, and what is said of it. */
static const struct {
    const char *fault, *text;
    bool asleep;
    bool fsp;
} trouble[] = {
    {"suspend-stuck",  "does not give up its core",    false, true },
    {"fsp-error",      "FSP refused command 0x14",     true,  true },
    {"fsp-silent",     "FSP does not answer",          true,  true },
    {"fmc-error",      "the FMC reports an error",     true,  true },
    {"lockdown-stuck", "the GSP stays locked down",    true,  true },
    {"target-locked",  "FSP does not release the GSP", true,  true },
    {"gfw-stuck",      "has not booted",               true,  true },
    {"wpr2-up",        "WPR2 is up",                   true,  true },
    {"wpr2-up",        "WPR2 is up",                   true,  false},
    {"booter-error",   "booter_load failed",           true,  false},
    {"riscv-dead",     "RISC-V core is not active",    true,  false},
    {"init-lost",      "GSP_INIT_DONE did not come",   true,  true },
};

static void
a_suspend_or_resume_that_fails_says_so_and_the_card_boots_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++) {
        struct rig r;
        int rc;

        open_rig(&r, trouble[i].fsp ? "GH100" : "AD102", "595.45.04");
        if (trouble[i].asleep) {
            suspend(&r);
            power_cycle(&r);
        }
        assert_int_equal(emu_gpu_inject(r.gpu, trouble[i].fault, NULL, 0), 0);
        hurry = true;
        rc = trouble[i].asleep ? gsp_boot_resume(r.boot, &r.err)
                               : gsp_boot_suspend(r.boot, &r.err);
        hurry = false;
        if (rc >= 0 || !strstr(r.err.text, trouble[i].text))
            fail_msg("%s: %d, '%s'", trouble[i].fault, rc, r.err.text);
        assert_int_equal(gsp_boot_resume(r.boot, &r.err), -ENOTCONN);
        boot(&r);
        sleep_and_wake(&r);
        close_rig(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_survive_two_suspends_before_hopper),
        cmocka_unit_test(objects_survive_two_suspends_from_hopper_on),
        cmocka_unit_test(a_meta_that_is_not_as_it_was_left_is_refused_and_the_card_boots_again),
        cmocka_unit_test(saved_pages_and_page_tables_that_changed_are_refused),
        cmocka_unit_test(a_suspended_session_can_be_given_up),
        cmocka_unit_test(
            a_suspend_without_memory_gives_everything_back_and_the_card_boots_again),
        cmocka_unit_test(hopper_before_570_says_why_it_cannot_be_suspended_and_runs_on),
        cmocka_unit_test(a_suspend_or_resume_that_fails_says_so_and_the_card_boots_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
