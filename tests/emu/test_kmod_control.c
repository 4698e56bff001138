/* SPDX-License-Identifier: MIT */
/* RM's controls behind the escapes: for whom they are, sizes and pointers, and what compute
 * clients ask for. */

#include "kmod_host.h"
#include "test.h"

enum {
    OK = 0,
    PERMISSIONS = 0x1b,
    BAD_ARGUMENT = 0x1f,
    BAD_CLIENT = 0x23,
    NOT_SUPPORTED = 0x56,
    NOT_FOUND = 0x57,
};

static const char *const releases[] = {"535.113.01", "570.144", "580.65.06", "595.45.04"};
#define RELEASES (sizeof(releases) / sizeof(*releases))

/* Rights */

static void
controls_are_for_whom_they_say(void **state)
{
    (void)state;
    for (int root = 0; root < 2; root++) {
        struct host h;
        struct tree t;
        struct arg a;

        host_open(&h, "570.144", NULL, 1, root);
        tree_open(&h, &t, 0);
        arg_init(&h, &a, "NV2080_CTRL_INTERNAL_STATIC_MIGMGR_GET_PROFILES_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_INTERNAL_STATIC_KMIGMGR_GET_PROFILES", &a),
                         NOT_SUPPORTED);
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ENGINE_RUNLIST_PRI_BASE_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_GPU_GET_ENGINE_RUNLIST_PRI_BASE",
                                &a) == PERMISSIONS,
                         !root);
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ID_PARAMS");
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_GPU_GET_ID", &a), OK);
        host_close(&h);
    }
}

static void
classes_are_for_whom_they_say(void **state)
{
    struct host h;
    struct tree t;
    unsigned refused = 0;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    for (unsigned i = 0; i < nvrm_class_count(h.abi.schema); i++) {
        const struct nvrm_class *cls = nvrm_class_at(h.abi, i);
        uint32_t status;

        if (!cls || !cls->impl || nvrm_struct_at(h.abi, cls->params))
            continue;
        status = rm_alloc(&h, t.ctl, t.client, t.subdevice, 0x99, cls->id, NULL, 0);
        refused += status == PERMISSIONS;
        rm_free(&h, t.ctl, t.client, 0x99);
    }
    assert_true(refused > 0);
    host_close(&h);
}

static void
sizes_and_addresses_of_controls_are_checked(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    uint32_t id;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ID_PARAMS");
    id = nvrm_control_find(h.abi, "NV2080_CTRL_CMD_GPU_GET_ID")->id;
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, NULL, 4), BAD_ARGUMENT);
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, a.data, 0), BAD_ARGUMENT);
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, a.data, 1 << 24),
                     BAD_ARGUMENT);
    assert_int_equal(rm_control(&h, t.ctl, t.client, t.subdevice, id, (void *)16, 4),
                     0x1e /* INVALID_ADDRESS */);
    assert_int_equal(rm_control(&h, t.ctl, t.client, 0x1234, id, a.data, 4), NOT_FOUND);
    assert_int_equal(rm_control(&h, t.ctl, 0x1234, t.subdevice, id, a.data, 4), BAD_CLIENT);
    assert_int_equal(rm_control(&h, t.ctl, 0x1234, 0x5678, 0x20800000, NULL, 0), OK); /* NULL */
    assert_int_equal(rm_control(&h, t.ctl, 0x1234, 0x5678, 0x20801300, NULL, 0), BAD_CLIENT);
    arg_init(&h, &a, "NVOS54_PARAMETERS");
    arg_set(&a, "hClient", t.client);
    arg_set(&a, "hObject", t.subdevice);
    arg_set(&a, "cmd", id);
    for (unsigned flag = 1; flag <= 2; flag++) { /* raised IRQL, lock bypass */
        arg_set(&a, "flags", flag);
        assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_CONTROL", &a), 0);
        assert_int_equal(arg_get(&a, "status"), BAD_ARGUMENT);
    }
    arg_init(&h, &a, "NVOS64_PARAMETERS");
    arg_set(&a, "hRoot", t.client);
    arg_set(&a, "hObjectParent", t.device);
    arg_set(&a, "hClass", 0x90f1);
    arg_set(&a, "pRightsRequested", 16);
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_ALLOC", &a), 0);
    assert_int_equal(arg_get(&a, "status"), 0x1e);
    arg_init(&h, &a, "NVOS21_PARAMETERS"); /* a client of whatever class is one of the one */
    assert_int_equal(host_call(&h, t.ctl, "NV_ESC_RM_ALLOC", &a), 0);
    assert_int_equal(arg_get(&a, "status"), OK);
    assert_int_equal(arg_get(&a, "hClass"), 0x41);
    host_close(&h);
}

static void
lists_behind_pointers_come_back(void **state)
{
    struct host h;
    struct tree t;
    struct arg a;
    uint32_t list[512] = {0};

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS");
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST", &a), OK);
    assert_in_range(arg_get(&a, "numClasses"), 10, 512);
    arg_set(&a, "classList", (uintptr_t)list);
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST", &a), OK);
    assert_int_not_equal(list[0], 0);
    assert_int_not_equal(list[arg_get(&a, "numClasses") - 1], 0);
    assert_int_equal(arg_get(&a, "classList"), (uintptr_t)list);
    arg_set(&a, "classList", 16);
    assert_int_equal(
        rm_ctl(&h, t.ctl, t.client, t.device, "NV0080_CTRL_CMD_GPU_GET_CLASSLIST", &a), 0x1e);
    host_close(&h);
}

static void
controls_of_old_are_turned_into_their_successors(void **state)
{
    (void)state;
    for (size_t r = 0; r < RELEASES; r++) {
        struct host h;
        struct tree t;
        struct arg a;
        char text[3][64] = {{0}};
        uint32_t list[2] = {0};
        uint64_t index = 0;

        host_open(&h, releases[r], NULL, 1, false);
        tree_open(&h, &t, 0);
        arg_init(&h, &a, "NV2080_CTRL_BUS_GET_INFO_PARAMS");
        assert_true(nvrm_constant_find(h.abi, "NV2080_CTRL_BUS_INFO_INDEX_BUS_NUMBER", &index));
        list[0] = (uint32_t)index;
        arg_set(&a, "busInfoListSize", 1);
        arg_set(&a, "busInfoList", (uintptr_t)list);
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_BUS_GET_INFO", &a), OK);
        assert_int_equal(list[1], 1);
        arg_set(&a, "busInfoList", 16);
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_BUS_GET_INFO", &a), 0x1e);
        arg_set(&a, "busInfoListSize", 0);
        assert_int_equal(
            rm_ctl(&h, t.ctl, t.client, t.subdevice, "NV2080_CTRL_CMD_BUS_GET_INFO", &a),
            BAD_ARGUMENT);
        arg_init(&h, &a, "NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS");
        arg_set(&a, "sizeOfStrings", 64);
        arg_set(&a, "pDriverVersionBuffer", (uintptr_t)text[0]);
        arg_set(&a, "pVersionBuffer", (uintptr_t)text[1]);
        arg_set(&a, "pTitleBuffer", (uintptr_t)text[2]);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client,
                                "NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION", &a),
                         OK);
        assert_string_equal(text[0], releases[r]);
        host_close(&h);
    }
}

/* Every SM once, a TPC's together; sums as GPC by GPC. */
static void
check_sm_order(struct host *h, const struct tree *t)
{
    struct arg order, gpc;
    uint64_t tpcs = 0;

    arg_init(h, &order, "NV2080_CTRL_GR_GET_GLOBAL_SM_ORDER_PARAMS");
    assert_int_equal(rm_ctl(h, t->ctl, t->client, t->subdevice,
                            "NV2080_CTRL_CMD_GR_GET_GLOBAL_SM_ORDER", &order),
                     0);
    for (uint64_t i = 0;; i++) {
        arg_init(h, &gpc, "NV2080_CTRL_GR_GET_NUM_TPCS_FOR_GPC_PARAMS");
        arg_set(&gpc, "gpcId", i);
        if (rm_ctl(h, t->ctl, t->client, t->subdevice,
                   "NV2080_CTRL_CMD_GR_GET_NUM_TPCS_FOR_GPC", &gpc))
            break;
        tpcs += arg_get(&gpc, "numTpcs");
    }
    assert_true(tpcs > 0);
    assert_int_equal(arg_get(&order, "numTpc"), tpcs);
    assert_int_equal(arg_get(&order, "numSm"), tpcs * 2);
    assert_int_equal(arg_get(&order, "globalSmId[1].localSmId"), 1);
    assert_int_equal(arg_get(&order, "globalSmId[1].globalTpcId"), 0);
    assert_int_equal(arg_get(&order, "globalSmId[2].gpcId"), 1);
    assert_int_equal(arg_get(&order, "globalSmId[2].localTpcId"), 0);
}

static void
compute_clients_learn_what_they_ask_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
        struct host h;
        struct tree t;
        struct arg a;

        host_open(&h, releases[i], NULL, 1, false);
        tree_open(&h, &t, 0);
        if (strcmp(releases[i], "535.113.01") != 0) /* counts of a GPC came later */
            check_sm_order(&h, &t);
        arg_init(&h, &a, "NV2080_CTRL_FB_GET_GPU_CACHE_INFO_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_FB_GET_GPU_CACHE_INFO", &a),
                         0);
        assert_int_equal(arg_get(&a, "writeMode"), 1); /* write-back */
        arg_init(&h, &a, "NV2080_CTRL_GR_GET_CTX_BUFFER_SIZE_PARAMS");
        arg_set(&a, "hChannel", t.device);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_GR_GET_CTX_BUFFER_SIZE", &a),
                         0x33); /* INVALID_OBJECT_HANDLE */
        arg_init(&h, &a, "NV2080_CTRL_GPU_GET_ACTIVE_PARTITION_IDS_PARAMS");
        arg_set(&a, "partitionCount", 7);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice,
                                "NV2080_CTRL_CMD_GPU_GET_ACTIVE_PARTITION_IDS", &a),
                         0);
        assert_int_equal(arg_get(&a, "partitionCount"), 0);
        arg_init(&h, &a, "NV0080_CTRL_GPU_QUERY_SW_STATE_PERSISTENCE_PARAMS");
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.device,
                                "NV0080_CTRL_CMD_GPU_QUERY_SW_STATE_PERSISTENCE", &a),
                         0);
        assert_int_equal(arg_get(&a, "swStatePersistence"), 1);
        host_close(&h);
    }
}

static void
time_of_cpu_and_card_come_in_pairs(void **state)
{
    static const char *const name = "NV2080_CTRL_CMD_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO";
    static const struct {
        unsigned clock, count;
        uint32_t status;
        unsigned filled;
    } rows[] = {
        {1,    4,  OK,            4 },
        {2,    16, OK,            16},
        {3,    5,  OK,            1 }, /* the platform's: one, whatever is asked for */
        {1,    17, BAD_ARGUMENT,  0 },
        {4,    1,  NOT_SUPPORTED, 0 }, /* the GSP's, of the CPU */
        {0x11, 3,  OK,            3 }, /* of the GSP */
        {0x12, 1,  NOT_SUPPORTED, 0 },
        {0x21, 1,  BAD_ARGUMENT,  0 },
    };
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    tree_open(&h, &t, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char cpu[32], gpu[32];
        uint64_t last[2] = {0};

        arg_init(&h, &a, "NV2080_CTRL_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO_PARAMS");
        arg_set(&a, "cpuClkId", rows[i].clock);
        arg_set(&a, "sampleCount", rows[i].count);
        assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.subdevice, name, &a), rows[i].status);
        for (unsigned n = 0; n < 16; n++) {
            snprintf(cpu, sizeof(cpu), "samples[%u].cpuTime", n);
            snprintf(gpu, sizeof(gpu), "samples[%u].gpuTime", n);
            assert_int_equal(arg_get(&a, cpu) != 0 && arg_get(&a, gpu) != 0,
                             n < rows[i].filled);
            if (n >= rows[i].filled)
                continue;
            assert_true(arg_get(&a, cpu) >= last[0] && arg_get(&a, gpu) >= last[1]);
            last[0] = arg_get(&a, cpu);
            last[1] = arg_get(&a, gpu);
        }
    }
    host_close(&h);
}

/* Twice, as clients ask: how many there are, then which. */
static unsigned
classes_of(struct host *h, struct tree *t, const char *engine, uint32_t *list)
{
    uint64_t type;
    struct arg a;

    assert_true(nvrm_constant_find(h->abi, engine, &type));
    arg_init(h, &a, "NV2080_CTRL_GPU_GET_ENGINE_CLASSLIST_PARAMS");
    arg_set(&a, "engineType", type);
    assert_int_equal(rm_ctl(h, t->ctl, t->client, t->subdevice,
                            "NV2080_CTRL_CMD_GPU_GET_ENGINE_CLASSLIST", &a),
                     OK);
    if (!arg_get(&a, "numClasses"))
        return 0;
    arg_set(&a, "classList", (uintptr_t)list);
    assert_int_equal(rm_ctl(h, t->ctl, t->client, t->subdevice,
                            "NV2080_CTRL_CMD_GPU_GET_ENGINE_CLASSLIST", &a),
                     OK);
    return (unsigned)arg_get(&a, "numClasses");
}

static void
an_engine_names_its_classes(void **state)
{
    static const struct {
        const char *release, *chip, *engine;
        uint32_t has;
        unsigned count; /* without the buffers of the kernel, which newer lists have */
    } rows[] = {
        {"535.113.01", "TU102", "NV2080_ENGINE_TYPE_GR0",    0xc5c0, 4},
        {"570.144",    "GA100", "NV2080_ENGINE_TYPE_GR0",    0xc6c0, 4},
        {"595.45.04",  "GB202", "NV2080_ENGINE_TYPE_GR0",    0xcec0, 4},
        {"570.144",    "GH100", "NV2080_ENGINE_TYPE_COPY0",  0xc8b5, 1},
        {"570.144",    "AD102", "NV2080_ENGINE_TYPE_NVDEC0", 0xc9b0, 1},
        {"570.144",    "AD102", "NV2080_ENGINE_TYPE_NVENC0", 0xc9b7, 1},
        {"570.144",    "GA100", "NV2080_ENGINE_TYPE_NVENC0", 0,      0},
    };
    uint32_t list[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct host h;
        struct tree t;
        unsigned n, seen = 0, kernel = 0;

        host_open(&h, rows[i].release, rows[i].chip, 1, false);
        tree_open(&h, &t, 0);
        n = classes_of(&h, &t, rows[i].engine, list);
        for (unsigned k = 0; k < n; k++) {
            seen += list[k] == rows[i].has;
            kernel += list[k] == 0xc365 || list[k] == 0xc369;
        }
        assert_int_equal(seen, rows[i].has != 0);
        assert_int_equal(n - kernel, rows[i].count);
        host_close(&h);
    }
}

static void
no_card_reaches_another(void **state)
{
    static const char *const name = "NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_MATRIX";
    struct host h;
    struct tree t;
    struct arg a;

    (void)state;
    host_open(&h, "570.144", NULL, 2, false);
    tree_open(&h, &t, 0);
    arg_init(&h, &a, "NV0000_CTRL_SYSTEM_GET_P2P_CAPS_MATRIX_PARAMS");
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), BAD_ARGUMENT);
    arg_set(&a, "grpACount", 2);
    arg_set(&a, "gpuIdGrpA[0]", 0x100);
    arg_set(&a, "gpuIdGrpA[1]", 0x999);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), BAD_ARGUMENT);
    arg_set(&a, "gpuIdGrpA[1]", 0x200);
    memset(arg_at(&a, "p2pCaps"), 0xff, 4 * 64);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), OK);
    assert_int_equal(arg_get(&a, "p2pCaps[0]"), 0);
    assert_int_equal(arg_get(&a, "p2pCaps[8]"), 0);
    assert_int_equal(arg_get(&a, "p2pCaps[9]"), 0);
    assert_int_equal(arg_get(&a, "p2pCaps[1]"), 0xffffffff); /* told as 1 to 0 */
    arg_set(&a, "grpBCount", 1);
    arg_set(&a, "gpuIdGrpB[0]", 0x200);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), OK);
    assert_int_equal(arg_get(&a, "p2pCaps[1]"), 0xffffffff); /* one column */
    arg_set(&a, "grpBCount", 9);
    assert_int_equal(rm_ctl(&h, t.ctl, t.client, t.client, name, &a), BAD_ARGUMENT);
    host_close(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_are_for_whom_they_say),
        cmocka_unit_test(classes_are_for_whom_they_say),
        cmocka_unit_test(sizes_and_addresses_of_controls_are_checked),
        cmocka_unit_test(lists_behind_pointers_come_back),
        cmocka_unit_test(controls_of_old_are_turned_into_their_successors),
        cmocka_unit_test(compute_clients_learn_what_they_ask_for),
        cmocka_unit_test(time_of_cpu_and_card_come_in_pairs),
        cmocka_unit_test(an_engine_names_its_classes),
        cmocka_unit_test(no_card_reaches_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
