/* SPDX-License-Identifier: MIT */
/* Controls: looked up on the right object, checked for size, and answers that agree with each
 * other on every chip. */
#include "raw_client.h"
#include "test.h"

static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                    "GH100", "GB100", "GB202"};

static uint32_t
word(const uint8_t *p, uint32_t offset)
{
    uint32_t v;

    memcpy(&v, p + offset, 4);
    return v;
}

static void
set_word(uint8_t *p, uint32_t offset, uint32_t v)
{
    memcpy(p + offset, &v, 4);
}

static uint32_t
call(struct raw *r, uint32_t cmd, void *params, uint32_t bytes)
{
    return raw_control(r, RAW_CLIENT, RAW_SUBDEVICE, cmd, params, bytes);
}

/* One NV2080_CTRL_*_INFO by index: {size, {index, data} x n} */
static uint32_t
info(struct raw *r, uint32_t cmd, uint32_t params_bytes, uint32_t index)
{
    uint8_t p[2048] = {0};

    set_word(p, 0, 1);
    set_word(p, 4, index);
    assert_int_equal(call(r, cmd, p, params_bytes), 0);
    return word(p, 8);
}

static uint32_t
params_of(const char *release, const char *name)
{
    const struct nvrm_layout *l = nvrm_struct_find(raw_abi(release), name);

    assert_non_null(l);
    return l->size;
}

static void
on_every_chip(void (*run)(struct raw *r, const struct emu_chip *chip))
{
    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
        struct raw r;

        raw_boot(&r, "595.45.04", chips[i], NULL);
        raw_tree(&r);
        assert_string_equal(emu_chip_at((unsigned)i)->name, chips[i]);
        run(&r, emu_chip_at((unsigned)i));
        raw_close(&r);
    }
}

static void
gpc_figures(struct raw *r, const struct emu_chip *chip)
{
    const uint32_t bytes = params_of(r->rel.name, "NV2080_CTRL_GR_GET_INFO_V2_PARAMS");
    uint32_t mask[2] = {0}, tpcs = 0, gpcs = 0;
    uint8_t gpc_mask[4] = {0};

    (void)chip;
    assert_int_equal(call(r, 0x20800137, gpc_mask, 4), 0);
    for (uint32_t gpc = 0; gpc < 32; gpc++) {
        mask[0] = gpc;
        if (!(word(gpc_mask, 0) >> gpc & 1)) {
            assert_int_equal(call(r, 0x20800138, mask, 8), 0x1f);
            continue;
        }
        assert_int_equal(call(r, 0x20800138, mask, 8), 0);
        tpcs += (uint32_t)__builtin_popcount(mask[1]);
        gpcs++;
    }
    assert_true(gpcs > 0 && tpcs >= gpcs);
    assert_int_equal(info(r, 0x20801228, bytes, 7), gpcs); /* SHADER_PIPE_COUNT */
    assert_int_equal(info(r, 0x20801228, bytes, 9), tpcs); /* SHADER_PIPE_SUB_COUNT */
    assert_true(info(r, 0x20801228, bytes, 0x14) >= gpcs); /* LITTER_NUM_GPCS */
    /* GPU_CORE_COUNT is SMs times cores an SM */
    assert_int_not_equal(info(r, 0x20801228, bytes, 0x1d), 0);
    assert_int_equal(info(r, 0x20801228, bytes, 0x1d) % tpcs, 0);
}

static void
graphics_figures_agree_on_every_chip(void **state)
{
    (void)state;
    on_every_chip(gpc_figures);
}

static void
memory_figures(struct raw *r, const struct emu_chip *chip)
{
    const uint32_t bytes = params_of(r->rel.name, "NV2080_CTRL_FB_GET_INFO_V2_PARAMS");
    const uint32_t total = info(r, 0x20801303, bytes, 8),
                   usable = info(r, 0x20801303, bytes, 0x20);
    uint8_t regions[1024] = {0};
    uint64_t base, limit, end = 0;

    assert_int_equal(total, chip->fb_bytes >> 10);
    assert_true(usable < total);
    assert_int_equal(
        call(r, 0x20801320, regions,
             params_of(r->rel.name, "NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS")),
        0);
    assert_int_equal(word(regions, 0), 2);
    for (uint32_t i = 0; i < 2; i++) {          /* they cover VRAM without a gap */
        memcpy(&base, regions + 8 + i * 56, 8); /* 48 before 580 */
        memcpy(&limit, regions + 16 + i * 56, 8);
        assert_int_equal(base, end);
        end = limit + 1;
        if (i == 0)
            assert_int_equal(end, (uint64_t)usable << 10);
    }
    assert_int_equal(end, chip->fb_bytes);
    assert_int_equal(r->bus->ops->rd32(r->bus, 0, 0x1183a4), chip->fb_bytes >> 20);
}

static void
memory_figures_agree_on_every_chip(void **state)
{
    (void)state;
    on_every_chip(memory_figures);
}

static void
identity(struct raw *r, const struct emu_chip *chip)
{
    uint8_t name[132] = {0}, pci[16] = {0}, gid[268] = {0}, text[268] = {0}, arch[16] = {0};
    uint32_t config, boot_42;

    assert_int_equal(call(r, 0x20800110, name, 68), 0); /* 132 before 595 */
    assert_string_equal((char *)name + 4, chip->product);
    assert_int_equal(call(r, 0x20801801, pci, 16), 0);
    assert_int_equal(r->bus->ops->config_read(r->bus, 0, 4, &config), 0);
    assert_int_equal(word(pci, 0), config);
    assert_int_equal(config, (uint32_t)chip->device << 16 | 0x10de);
    assert_int_equal(r->bus->ops->config_read(r->bus, 0x2c, 4, &config), 0);
    assert_int_equal(word(pci, 4), config);
    set_word(gid, 4, 2); /* binary */
    assert_int_equal(call(r, 0x2080014a, gid, 268), 0);
    assert_int_equal(word(gid, 8), 16);
    assert_int_equal(call(r, 0x2080014a, text, 268), 0);
    assert_int_equal(word(text, 8), 41);
    assert_memory_equal(text + 12, "GPU-454d55", 10); /* "EMU" */
    assert_int_equal(call(r, 0x20801701, arch, 16), 0);
    boot_42 = r->bus->ops->rd32(r->bus, 0, 0xa00);
    assert_int_equal(word(arch, 0) >> 4, boot_42 >> 24);
    assert_int_equal(word(arch, 4), boot_42 >> 20 & 0xf);
}

static void
identity_agrees_on_every_chip(void **state)
{
    (void)state;
    on_every_chip(identity);
}

/* Every engine of the list is in the device table; one runlist base a runlist; every engine has
 * a vector. */
static void
engine_figures(struct raw *r, const struct emu_chip *chip)
{
    const uint32_t list_bytes = params_of(r->rel.name, "NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS");
    const uint32_t table_bytes =
        params_of(r->rel.name, "NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS");
    const uint32_t intr_bytes =
        params_of(r->rel.name, "NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS");
    uint8_t list[1024] = {0}, table[8192] = {0}, intr[8192] = {0};
    const uint32_t bases_bytes =
        params_of(r->rel.name, "NV2080_CTRL_GPU_GET_ENGINE_RUNLIST_PRI_BASE_PARAMS");
    const uint32_t third = bases_bytes / 12; /* engineList, runlistPriBase, runlistId */
    uint8_t asked[2048] = {0}, vectors[2052] = {0};
    uint32_t bases[64] = {0}, fault[3] = {0}, n;

    (void)chip;
    assert_int_equal(call(r, 0x20800170, list, list_bytes), 0);
    assert_int_equal(call(r, 0x20801112, table, table_bytes), 0);
    assert_int_equal(call(r, 0x20800a5c, intr, intr_bytes), 0);
    n = word(list, 0);
    assert_int_equal(n, word(table, 4));
    assert_true(word(intr, 0) >= n);
    assert_int_equal(word(list, 4), 1); /* NV2080_ENGINE_TYPE_GR0 */
    memcpy(asked, list + 4, n * 4);
    assert_int_equal(call(r, 0x20800179, asked, bases_bytes), 0);
    assert_int_equal(call(r, 0x2080170d, vectors, sizeof(vectors)), 0);
    assert_int_equal(word(vectors, 0), n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *entry = table + 12 + i * 100;
        const uint32_t runlist = word(entry, 12), base = word(entry, 44);

        assert_in_range(runlist, 0, 63);
        assert_int_equal(word(asked, (third + i) * 4), base);
        assert_int_equal(word(asked, (2 * third + i) * 4), runlist);
        assert_int_equal(word(vectors, 4 + i * 8), word(list, 4 + i * 4));
        assert_int_equal(word(vectors, 8 + i * 8), word(intr, 4 + i * 16 + 12));
        fault[0] = word(list, 4 + i * 4);
        assert_int_equal(call(r, 0x20800125, fault, sizeof(fault)), 0);
        assert_int_equal(fault[1], word(entry, 16));
        assert_int_not_equal(base, 0);
        if (bases[runlist])
            assert_int_equal(bases[runlist], base);
        for (uint32_t k = 0; k < 64; k++)
            assert_true(k == runlist || bases[k] != base);
        bases[runlist] = base;
    }
}

static void
engine_tables_agree_on_every_chip(void **state)
{
    (void)state;
    on_every_chip(engine_figures);
}

static void
static_info(struct raw *r, const struct emu_chip *chip)
{
    const uint32_t bytes = params_of(r->rel.name, "GspStaticConfigInfo_t");
    uint32_t mask = 0, internal[3];
    uint8_t *info_bytes, name[132] = {0};

    assert_int_equal(raw_rpc(r, RAW_FN_STATIC_INFO, NULL, 0), 0);
    assert_int_equal(r->payload_bytes, bytes);
    info_bytes = malloc(bytes);
    memcpy(info_bytes, r->payload, bytes);
    assert_non_null(memmem(info_bytes, bytes, chip->product, strlen(chip->product)));
    /* RM's own handles work in controls. */
    memcpy(internal,
           info_bytes +
               nvrm_field_find(nvrm_schema_builtin(),
                               nvrm_struct_find(raw_abi(r->rel.name), "GspStaticConfigInfo_t"),
                               "hInternalClient")
                   ->offset,
           12);
    assert_int_equal(raw_control(r, internal[0], internal[2], 0x20800137, &mask, 4), 0);
    assert_int_equal(raw_control(r, internal[0], internal[2], 0x20800110, name, 68), 0);
    free(info_bytes);
}

static void
static_info_and_controls_agree_on_every_chip(void **state)
{
    (void)state;
    on_every_chip(static_info);
}

static void
a_control_answers_only_on_objects_of_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t p[16] = {0};
        struct raw r;

        raw_boot(&r, raw_releases[i].name, NULL, NULL);
        raw_tree(&r);
        assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_DEVICE, 0x20800137, p, 4), 0x56);
        assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_CLIENT, 0x20800137, p, 4), 0x56);
        assert_int_equal(raw_control(&r, RAW_CLIENT, 0x999, 0x20800137, p, 4), 0x57);
        assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_SUBDEVICE, 0x800280, p, 4), 0x56);
        assert_int_equal(raw_control(&r, RAW_CLIENT, RAW_DEVICE, 0x800280, p, 4), 0);
        assert_int_equal(word(p, 0), 1);
        raw_close(&r);
    }
}

static void
the_null_command_is_fine_anywhere(void **state)
{
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    raw_tree(&r);
    assert_int_equal(call(&r, 0, NULL, 0), 0);
    assert_int_equal(call(&r, 0x20800000, NULL, 0), 0);
    assert_int_equal(raw_control(&r, 0xbad, 0xbad, 0x800000, NULL, 0), 0);
    raw_close(&r);
}

/* 535.161.07 and 550.54.14 moved the check before the look-up of the object, with another
 * status. */
static void
a_wrong_size_is_refused_as_the_release_refuses_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const bool old = i == 0;
        uint8_t p[64] = {0};
        struct raw r;

        raw_boot(&r, raw_releases[i].name, NULL, NULL);
        raw_tree(&r);
        assert_int_equal(call(&r, 0x20800137, p, 8), old ? 0x3a : 0x1f);
        assert_int_equal(call(&r, 0x20800137, p, 0), old ? 0x3a : 0x1f);
        assert_int_equal(raw_control(&r, RAW_CLIENT, 0x999, 0x20800137, p, 8),
                         old ? 0x57 : 0x1f);
        raw_close(&r);
    }
}

static void
unknown_and_unserved_controls_are_not_supported(void **state)
{
    struct raw r;
    uint8_t p[4096] = {0};

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    raw_tree(&r);
    assert_int_equal(call(&r, 0x2080ffff, p, 4), 0x56);
    assert_int_equal(call(&r, 0xdead0001, p, 4), 0x56);
    /* NV2080_CTRL_CMD_FB_GET_OFFLINED_PAGES exists and is not modelled */
    assert_int_equal(call(&r, 0x20801322, p,
                          params_of("570.144", "NV2080_CTRL_FB_GET_OFFLINED_PAGES_PARAMS")),
                     0x56);
    assert_non_null(emu_gpu_note_at(r.gpu, 0));
    raw_close(&r);
}

static void
lists_are_bounded_and_unknown_indices_refused(void **state)
{
    const uint32_t bytes = params_of("570.144", "NV2080_CTRL_FB_GET_INFO_V2_PARAMS");
    uint8_t p[2048] = {0};
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    raw_tree(&r);
    assert_int_equal(call(&r, 0x20801303, p, bytes), 0x1f); /* an empty list */
    set_word(p, 0, 0x80000000);
    assert_int_equal(call(&r, 0x20801303, p, bytes), 0x1f);
    set_word(p, 0, 2);
    set_word(p, 4, 8);
    set_word(p, 12, 0x7777);
    assert_int_equal(call(&r, 0x20801303, p, bytes), 0x1f);
    raw_close(&r);
}

/* Memory controls live in a base class of what is allocated. */
static void
controls_of_a_base_class_answer_on_derived_objects(void **state)
{
    const uint8_t vaspace[48] = {0};
    uint8_t channel[368] = {0}, token[4] = {0};
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    raw_tree(&r);
    set_word(channel, 0x80, 1); /* engineType: GR0 */
    assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0x70, 0x90f1, vaspace, 48), 0);
    assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0xc0, 0xc56f, channel, 368), 0);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0xc0, 0xc36f0108, token, 4), 0);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0x70, 0xc36f0108, token, 4), 0x56);
    raw_close(&r);
}

static void
channels_are_numbered_bound_and_scheduled(void **state)
{
    const uint32_t gr0 = 1, nonsense = 0x3f;
    uint8_t channel[368] = {0}, group[20] = {0}, token[4] = {0}, on[4] = {1};
    uint32_t first;
    struct raw r;

    (void)state;
    raw_boot(&r, "570.144", NULL, NULL);
    raw_tree(&r);
    set_word(group, 12, gr0);
    assert_int_equal(raw_alloc(&r, RAW_CLIENT, RAW_DEVICE, 0x90, 0xa06c, group, 20), 0);
    assert_int_equal(raw_alloc(&r, RAW_CLIENT, 0x90, 0xc0, 0xc56f, channel, 368), 0);
    assert_int_equal(raw_alloc(&r, RAW_CLIENT, 0x90, 0xc1, 0xc56f, channel, 368), 0);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0xc0, 0xc36f0108, token, 4), 0);
    first = word(token, 0);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0xc1, 0xc36f0108, token, 4), 0);
    assert_int_not_equal(first, word(token, 0));
    set_word(token, 0, gr0);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0xc0, 0xa06f0104, token, 4), 0);
    set_word(token, 0, nonsense);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0xc0, 0xa06f0104, token, 4), 0x1f);
    assert_int_equal(raw_control(&r, RAW_CLIENT, 0x90, 0xa06c0101, on,
                                 params_of("570.144", "NVA06C_CTRL_GPFIFO_SCHEDULE_PARAMS")),
                     0);
    raw_close(&r);
}

/* THERMAL_SYSTEM_EXECUTE_V2, 575 on: {version, revision, size, flags, successful, n, {result,
 * executed, opcode, operands}} */
static void
thermal_instructions_run_until_one_fails(void **state)
{
    uint8_t p[1432] = {0};
    struct raw r;

    (void)state;
    raw_boot(&r, "595.45.04", NULL, NULL);
    raw_tree(&r);
    set_word(p, 20, 3);
    set_word(p, 24 + 8, 0x500);           /* sensors available */
    set_word(p, 24 + 44 + 8, 0x1500);     /* reading */
    set_word(p, 24 + 2 * 44 + 8, 0x9999); /* no such thing */
    assert_int_equal(call(&r, 0x20800513, p, sizeof(p)), 0x56);
    assert_int_equal(word(p, 16), 2);
    assert_int_equal(word(p, 24 + 12), 1);
    assert_in_range(word(p, 24 + 44 + 16), 20, 60);
    set_word(p, 12, 1); /* ignore failures */
    assert_int_equal(call(&r, 0x20800513, p, sizeof(p)), 0);
    assert_int_equal(word(p, 24 + 2 * 44), 0x56);
    set_word(p, 20, 33);
    assert_int_equal(call(&r, 0x20800513, p, sizeof(p)), 0x1f);
    raw_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphics_figures_agree_on_every_chip),
        cmocka_unit_test(memory_figures_agree_on_every_chip),
        cmocka_unit_test(identity_agrees_on_every_chip),
        cmocka_unit_test(engine_tables_agree_on_every_chip),
        cmocka_unit_test(static_info_and_controls_agree_on_every_chip),
        cmocka_unit_test(a_control_answers_only_on_objects_of_its_class),
        cmocka_unit_test(the_null_command_is_fine_anywhere),
        cmocka_unit_test(a_wrong_size_is_refused_as_the_release_refuses_it),
        cmocka_unit_test(unknown_and_unserved_controls_are_not_supported),
        cmocka_unit_test(lists_are_bounded_and_unknown_indices_refused),
        cmocka_unit_test(controls_of_a_base_class_answer_on_derived_objects),
        cmocka_unit_test(channels_are_numbered_bound_and_scheduled),
        cmocka_unit_test(thermal_instructions_run_until_one_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
