/* SPDX-License-Identifier: MIT */
/*
 * Two hands: the emulator writes firmware sets and ROMs with code of its own, the parsers of
 * libgsp read them. Every chip, every container, and every ROM that the emulator can spoil.
 */
#include <errno.h>

#include "test.h"

#include <emu/emu.h>
#include <emu/synth.h>
#include <gsp/vbios.h>

static const char *const releases[] = {"535.113.01", "550.163.01", "570.144", "595.45.04"};
enum { RELEASES = sizeof(releases) / sizeof(releases[0]) };

static const enum gsp_fw_kind kinds[EMU_SYNTH_KINDS] = {
    [EMU_SYNTH_GSP] = GSP_FW_KIND_GSP,        [EMU_SYNTH_BOOTLOADER] = GSP_FW_KIND_BOOTLOADER,
    [EMU_SYNTH_BOOTER_LOAD] = GSP_FW_KIND_HS, [EMU_SYNTH_BOOTER_UNLOAD] = GSP_FW_KIND_HS,
    [EMU_SYNTH_SCRUBBER] = GSP_FW_KIND_HS,    [EMU_SYNTH_GENERIC_BL] = GSP_FW_KIND_GENERIC_BL,
    [EMU_SYNTH_FMC] = GSP_FW_KIND_FMC,
};

static const enum gsp_fw_role roles[EMU_SYNTH_KINDS] = {
    [EMU_SYNTH_GSP] = GSP_FW_ROLE_GSP,
    [EMU_SYNTH_BOOTLOADER] = GSP_FW_ROLE_BOOTLOADER,
    [EMU_SYNTH_BOOTER_LOAD] = GSP_FW_ROLE_BOOTER_LOAD,
    [EMU_SYNTH_BOOTER_UNLOAD] = GSP_FW_ROLE_BOOTER_UNLOAD,
    [EMU_SYNTH_SCRUBBER] = GSP_FW_ROLE_SCRUBBER,
    [EMU_SYNTH_GENERIC_BL] = GSP_FW_ROLE_GENERIC_BL,
    [EMU_SYNTH_FMC] = GSP_FW_ROLE_FMC,
};

static void
assert_all_checks_pass(const struct gsp_fw_check *checks, unsigned count, const char *what)
{
    assert_true(count > 0);
    for (unsigned i = 0; i < count; i++) {
        if (!checks[i].ok)
            print_error("%s: %s: %s\n", what, checks[i].what, checks[i].detail);
        assert_true(checks[i].ok);
    }
}

static void
read_file(const char *chip, const char *release, enum emu_synth_kind kind, const uint8_t *data,
          size_t bytes)
{
    const enum gsp_fw_family family = gsp_fw_family_of_chip(chip);
    const struct gsp_fw_source src = {emu_synth_kind_name(kind), data, bytes, 0};
    struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
    const struct gsp_fw_signature *s;
    struct gsp_error err = {0};
    struct gsp_fw_file file;
    int rc = gsp_fw_open(&src, &file, &err);

    if (rc < 0)
        print_error("%s %s: %s\n", chip, release, err.text);
    assert_int_equal(rc, 0);
    assert_int_equal(file.kind, kinds[kind]);
    if (kind == EMU_SYNTH_GSP) {
        assert_string_equal(file.gsp.version, release);
        assert_int_equal(file.gsp.libos, gsp_fw_family_info(family)->libos);
        /* releases before 570 know no Blackwell */
        assert_int_equal(gsp_fw_gsp_signature(&file.gsp, family, false, &s, &err),
                         !strncmp(chip, "GB", 2) && atoi(release) < 570 ? -ENOENT : 0);
    }
    assert_all_checks_pass(checks, gsp_fw_verify(&file, checks, GSP_FW_CHECKS_MAX), chip);
}

static void
every_container_of_the_synthetic_set_is_sound(void **state)
{
    unsigned files = 0;

    (void)state;
    for (unsigned c = 0; c < emu_chip_count(); c++) {
        const char *chip = emu_chip_at(c)->name;
        const struct gsp_fw_family_info *info = gsp_fw_family_info(gsp_fw_family_of_chip(chip));

        assert_non_null(info);
        for (unsigned i = 0; i < RELEASES * EMU_SYNTH_KINDS; i++) {
            const enum emu_synth_kind kind = (enum emu_synth_kind)(i % EMU_SYNTH_KINDS);
            const char *release = releases[i / EMU_SYNTH_KINDS];
            uint8_t *data;
            size_t bytes;
            int rc = emu_synth_file(chip, release, kind, &data, &bytes);

            /* the emulator and the table of families agree on what a chip boots with */
            assert_int_equal(rc == 0, info->folder[roles[kind]] != NULL);
            if (rc < 0)
                continue;
            read_file(chip, release, kind, data, bytes);
            free(data);
            files++;
        }
    }
    assert_true(files > 60);
}

static void
every_sound_rom_leads_to_fwsec(void **state)
{
    unsigned roms = 0;

    (void)state;
    for (unsigned c = 0; c < emu_chip_count(); c++) {
        const char *chip = emu_chip_at(c)->name;
        struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
        struct gsp_error err = {0};
        struct gsp_fw_source src = {chip, NULL, 0, 0};
        struct gsp_vbios v;
        struct gsp_fwsec f;
        uint8_t *data;
        size_t bytes;

        if (emu_vbios(chip, EMU_VBIOS_SOUND, &data, &bytes) < 0)
            continue;
        src.data = data;
        src.bytes = bytes;
        if (gsp_vbios_open(&src, &v, &err) < 0)
            print_error("%s\n", err.text);
        assert_int_equal(gsp_vbios_open(&src, &v, &err), 0);
        assert_int_equal(v.bit_off, 0x1b0);
        if (gsp_fw_family_info(gsp_fw_family_of_chip(chip))->folder[GSP_FW_ROLE_BOOTER_LOAD]) {
            assert_int_equal(gsp_vbios_fwsec(&v, false, &f, &err), 0);
            assert_int_equal(f.desc_version,
                             gsp_fw_family_info(gsp_fw_family_of_chip(chip))->libos == 2 ? 2
                                                                                         : 3);
            assert_all_checks_pass(checks, gsp_vbios_verify(&v, checks, GSP_FW_CHECKS_MAX),
                                   chip);
        }
        free(data);
        roms++;
    }
    assert_true(roms > 0);
}

/* What each spoiled ROM has to end in, before any card is touched. */
static void
every_spoiled_rom_is_refused(void **state)
{
    (void)state;
    for (unsigned k = EMU_VBIOS_SOUND + 1; k < EMU_VBIOS_KNOBS; k++) {
        struct gsp_error err = {0};
        struct gsp_fw_source src = {"rom", NULL, 0, 0};
        struct gsp_fw_slice s;
        struct gsp_vbios v;
        struct gsp_fwsec f;
        uint8_t *data;
        size_t bytes;
        int rc;

        assert_int_equal(emu_vbios("AD102", (enum emu_vbios_knob)k, &data, &bytes), 0);
        src.data = data;
        src.bytes = bytes;
        rc = gsp_vbios_open(&src, &v, &err);
        if (rc == 0)
            rc = gsp_vbios_fwsec(&v, false, &f, &err);
        if (rc == 0 && k == EMU_VBIOS_OLD_SIGNATURES) {
            struct gsp_vbios sound;
            struct gsp_fwsec good;
            uint8_t *other;
            size_t other_bytes;

            assert_int_equal(emu_vbios("AD102", EMU_VBIOS_SOUND, &other, &other_bytes), 0);
            src.data = other;
            src.bytes = other_bytes;
            assert_int_equal(gsp_vbios_open(&src, &sound, NULL), 0);
            assert_int_equal(gsp_vbios_fwsec(&sound, false, &good, NULL), 0);
            rc = gsp_fwsec_signature(&f, 31 - (unsigned)__builtin_clz(good.signature_versions),
                                     &s, &err);
            free(other);
        }
        if (rc == 0)
            print_error("%s was accepted\n", emu_vbios_knob_name((enum emu_vbios_knob)k));
        assert_int_not_equal(rc, 0);
        assert_true(err.text[0]);
        free(data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_container_of_the_synthetic_set_is_sound),
        cmocka_unit_test(every_sound_rom_leads_to_fwsec),
        cmocka_unit_test(every_spoiled_rom_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
