/* SPDX-License-Identifier: MIT */
/* Every release that the schema knows: start, objects, controls, end; and the statuses that the
 * card gives. */
#include "../../emu/src/control.h"
#include "../../emu/src/status.h"
#include "raw_client.h"
#include "test.h"

static uint32_t
size_of(const struct raw *r, const char *name)
{
    const struct nvrm_layout *l = nvrm_struct_find(raw_abi(r->rel.name), name);

    if (!l)
        fail_msg("%s lacks %s", r->rel.name, name);
    return l->size;
}

static void
session(const char *release, const char *chip)
{
    uint8_t p[8192] = {0}, unload[8] = {0};
    uint32_t mask = 0;
    struct raw r;

    raw_boot(&r, release, chip, NULL);
    raw_tree(&r);
    assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_SUBDEVICE, 0x20800137, &mask, 4), 0);
    assert_int_not_equal(mask, 0);
    assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_SUBDEVICE, 0x20801112, p,
                                 size_of(&r, "NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS")),
                     0);
    memset(p, 0, sizeof(p));
    assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_SUBDEVICE, 0x20800170, p,
                                 size_of(&r, "NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS")),
                     0);
    assert_int_not_equal(p[0], 0);
    assert_int_equal(raw_rpc(&r, RAW_FN_STATIC_INFO, NULL, 0), 0);
    assert_int_equal(r.payload_bytes, size_of(&r, "GspStaticConfigInfo_t"));
    assert_int_equal(raw_free(&r, RAW_CLIENT, RAW_CLIENT), 0);
    assert_int_equal(raw_rpc(&r, RAW_FN_UNLOADING, unload, sizeof(unload)), 0);
    raw_close(&r);
}

static void
a_session_works_on_every_release(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    (void)state;
    assert_true(nvrm_release_count(s) >= 4);
    for (unsigned i = 0; i < nvrm_release_count(s); i++)
        session(nvrm_release_name(s, (nvrm_release)i), "AD102");
}

static void
a_session_works_on_every_chip_and_release_that_supports_it(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    unsigned refused = 0;

    (void)state;
    for (unsigned c = 0; c < emu_chip_count(); c++)
        for (unsigned i = 0; i < nvrm_release_count(s); i += 7) {
            struct emu_config config = {
                .chip = emu_chip_at(c)->name, .abi = {s, (nvrm_release)i}
            };
            struct emu_gpu *gpu;

            if (emu_gpu_create(&config, &gpu, NULL, 0) != 0) {
                assert_true(!strcmp(config.chip, "GB100") || !strcmp(config.chip, "GB202"));
                refused++;
                continue;
            }
            emu_gpu_destroy(gpu);
            session(nvrm_release_name(s, (nvrm_release)i), config.chip);
        }
    assert_int_not_equal(refused, 0);
}

/* What the hand-written layouts of the raw client say is what the tables say. */
static void
sizes_spelled_out_in_the_test_are_those_of_the_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct raw r = {.rel = raw_releases[i]};

        assert_int_equal(size_of(&r, "GspSystemInfo"), r.rel.system_info);
        assert_int_equal(size_of(&r, "NV0000_ALLOC_PARAMETERS"), r.rel.root_params);
        assert_int_equal(size_of(&r, "GSP_ARGUMENTS_CACHED"), r.rel.rmargs);
        assert_int_equal(size_of(&r, "rpc_gsp_rm_control_v03_00"), r.rel.control_header);
        assert_int_equal(size_of(&r, "rpc_gsp_rm_alloc_v03_00"), 32);
        assert_int_equal(size_of(&r, "rpc_message_header_v03_00"), 32);
    }
}

static void
statuses_have_their_number_in_every_release(void **state)
{
    static const struct {
        const char *name;
        uint32_t value;
    } list[] = {
#define ROW(name, value) {#name, value},
        EMU_STATUS_LIST(ROW)
#undef ROW
    };
    const struct nvrm_schema *s = nvrm_schema_builtin();

    (void)state;
    for (unsigned i = 0; i < nvrm_release_count(s); i++)
        for (size_t k = 0; k < sizeof(list) / sizeof(list[0]); k++) {
            const struct nvrm_abi abi = {s, (nvrm_release)i};
            const struct nvrm_const *c = nvrm_status_find(abi, list[k].name);

            assert_non_null(c);
            assert_int_equal(c->value, list[k].value);
        }
}

static const struct emu_control_list *const lists[] = {
    &emu_ctl_bus, &emu_ctl_device, &emu_ctl_event, &emu_ctl_fb,   &emu_ctl_fifo,
    &emu_ctl_gpu, &emu_ctl_gr,     &emu_ctl_misc,  &emu_ctl_root, &emu_ctl_thermal,
};

/* No row is dead: some release exports a control of that name. */
static void
every_row_names_a_control_of_some_release(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    (void)state;
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
        for (unsigned k = 0; k < lists[l]->count; k++) {
            bool exported = false;

            for (unsigned i = 0; i < nvrm_release_count(s) && !exported; i++) {
                const struct nvrm_abi abi = {s, (nvrm_release)i};
                const struct nvrm_control *c = nvrm_control_find(abi, lists[l]->rows[k].name);

                exported = c && c->on;
            }
            if (!exported)
                fail_msg("%s", lists[l]->rows[k].name);
        }
}

/* What known clients need of every release; the objects that they are called on. */
static void
the_controls_of_known_clients_are_served_in_every_release(void **state)
{
    static const struct {
        uint32_t object, cmd;
    } wave[] = {
        {RAW_SUBDEVICE, 0x20800137},
        {RAW_SUBDEVICE, 0x20800138},
        {RAW_SUBDEVICE, 0x20800a5c},
        {RAW_SUBDEVICE, 0x20801112},
        {RAW_SUBDEVICE, 0x20802a08},
        {RAW_SUBDEVICE, 0x208001b0},
        {RAW_SUBDEVICE, 0x20800a32},
        {RAW_SUBDEVICE, 0x20800a2a},
        {RAW_SUBDEVICE, 0x20801206},
        {RAW_SUBDEVICE, 0x2080012b},
        {RAW_SUBDEVICE, 0x20800ac2},
        {RAW_SUBDEVICE, 0x20800ac3},
        {RAW_DEVICE,    0x801813  },
        {0x70,          0x90f10106},
        {0xc0,          0xa06f0103},
        {0xc0,          0xa06f0104},
        {0xc0,          0xc36f0108},
        {0x90,          0xa06c0101},
        {RAW_SUBDEVICE, 0x2080200a},
        {RAW_SUBDEVICE, 0x20800110},
        {RAW_SUBDEVICE, 0x2080014a},
        {RAW_SUBDEVICE, 0x20800170},
        {RAW_SUBDEVICE, 0x20801303},
        {RAW_SUBDEVICE, 0x20801228},
        {RAW_SUBDEVICE, 0x20801801},
        {RAW_SUBDEVICE, 0x20800301},
    };
    const struct nvrm_schema *s = nvrm_schema_builtin();
    static uint8_t p[65536];

    (void)state;
    for (unsigned i = 0; i < nvrm_release_count(s); i++) {
        const struct nvrm_abi abi = {s, (nvrm_release)i};
        struct raw r;

        raw_boot(&r, nvrm_release_name(s, abi.release), "AD102", NULL);
        raw_tree(&r);
        memset(p, 0, sizeof(p));
        assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0x70, 0x90f1, p,
                                   size_of(&r, "NV_VASPACE_ALLOCATION_PARAMETERS")),
                         0);
        p[0x80] = 1; /* engineType of the channel */
        assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0xc0, 0xc56f, p,
                                   size_of(&r, "NV_CHANNEL_ALLOC_PARAMS")),
                         0);
        p[0x80] = 0;
        p[12] = 1; /* and of the group */
        assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0x90, 0xa06c, p,
                                   size_of(&r, "NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS")),
                         0);
        for (size_t k = 0; k < sizeof(wave) / sizeof(wave[0]); k++) {
            const struct nvrm_control *c = nvrm_control_by_id(abi, wave[k].cmd);
            const struct nvrm_layout *l = c ? nvrm_struct_at(abi, c->params) : NULL;
            uint32_t status;

            if (!l && wave[k].cmd == 0x208001b0)
                continue; /* not before 550 */
            if (!l)
                fail_msg("%s: 0x%08x", r.rel.name, wave[k].cmd);
            memset(p, 0, l->size);
            status = raw_control(&r, RAW_CLIENT, wave[k].object, wave[k].cmd, p, l->size);
            if (status == NV_ERR_NOT_SUPPORTED)
                fail_msg("%s: %s", r.rel.name, nvrm_str(s, c->name));
        }
        raw_close(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_works_on_every_release),
        cmocka_unit_test(a_session_works_on_every_chip_and_release_that_supports_it),
        cmocka_unit_test(sizes_spelled_out_in_the_test_are_those_of_the_schema),
        cmocka_unit_test(every_row_names_a_control_of_some_release),
        cmocka_unit_test(the_controls_of_known_clients_are_served_in_every_release),
        cmocka_unit_test(statuses_have_their_number_in_every_release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
