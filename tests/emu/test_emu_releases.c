/* SPDX-License-Identifier: MIT */
/* Every release that the schema knows: start, objects, controls, end; and the statuses that the
 * card gives. */
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
                assert_string_equal(config.chip, "GB202"); /* not before 570 */
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_works_on_every_release),
        cmocka_unit_test(a_session_works_on_every_chip_and_release_that_supports_it),
        cmocka_unit_test(sizes_spelled_out_in_the_test_are_those_of_the_schema),
        cmocka_unit_test(statuses_have_their_number_in_every_release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
