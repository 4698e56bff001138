/* SPDX-License-Identifier: MIT */
/* The synthetic firmware set: formats spelled out by hand, and readelf's opinion. */
#include <emu/synth.h>

#include <unistd.h>

#include <emu/emu.h>

#include "test.h"

static uint32_t
rd32(const uint8_t *p, size_t at)
{
    uint32_t v;

    memcpy(&v, p + at, 4);
    return v;
}

static uint64_t
rd64(const uint8_t *p, size_t at)
{
    uint64_t v;

    memcpy(&v, p + at, 8);
    return v;
}

static uint16_t
rd16(const uint8_t *p, size_t at)
{
    uint16_t v;

    memcpy(&v, p + at, 2);
    return v;
}

static uint8_t *
make(const char *chip, const char *release, enum emu_synth_kind kind, size_t *n_out)
{
    uint8_t *p = NULL;

    assert_int_equal(emu_synth_file(chip, release, kind, &p, n_out), 0);
    return p;
}

/* Offset and size of an ELF64 section. */
static const uint8_t *
section(const uint8_t *p, const char *name, size_t *n_out)
{
    const uint64_t table = rd64(p, 40);
    const unsigned count = rd16(p, 60), names = rd16(p, 62);
    const uint64_t strings = rd64(p, table + names * 64 + 24);

    for (unsigned i = 1; i < count; i++) {
        const size_t row = table + i * 64;

        if (strcmp((const char *)p + strings + rd32(p, row), name) != 0)
            continue;
        *n_out = rd64(p, row + 32);
        return p + rd64(p, row + 24);
    }
    return NULL;
}

static void
the_image_of_gsp_rm_has_version_and_a_signature_for_each_family(void **state)
{
    static const char *const wanted[] = {".fwsignature_ga10x", ".fwsignature_ad10x",
                                         ".fwsignature_gh100", ".fwsignature_cc_gh100",
                                         ".fwsignature_gb20x"};
    size_t n, m;
    uint8_t *p = make("AD102", "570.144", EMU_SYNTH_GSP, &n);

    (void)state;
    assert_memory_equal(p,
                        "\x7f"
                        "ELF\2\1\1",
                        7);
    assert_int_equal(rd16(p, 18), 243); /* RISC-V */
    assert_string_equal((const char *)section(p, ".fwversion", &m), "570.144");
    assert_int_equal(m, 8);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(section(p, wanted[i], &m));
        assert_int_equal(m, 4096);
    }
    assert_non_null(section(p, ".note.gnu.build-id", &m));
    assert_memory_equal(section(p, ".fwimage", &m), "SYNTHETIC", 9);
    assert_true(m > 512 * 4096);
    free(p);
    p = make("AD102", "535.113.01", EMU_SYNTH_GSP, &n);
    assert_null(section(p, ".fwsignature_gb20x", &m));
    assert_null(section(p, ".note.gnu.build-id", &m));
    free(p);
}

static void
turing_has_an_elf_inside_the_elf(void **state)
{
    size_t n, m;
    uint8_t *p = make("TU102", "570.144", EMU_SYNTH_GSP, &n);
    const uint8_t *image = section(p, ".fwimage", &m);

    (void)state;
    assert_memory_equal(image,
                        "\x7f"
                        "ELF\2",
                        5);
    assert_int_equal(rd16(image, 16), 2); /* executable */
    assert_non_null(section(p, ".fwsignature_tu10x", &m));
    assert_null(section(p, ".fwsignature_ga10x", &m));
    free(p);
}

static void
booter_points_at_its_signatures_and_its_image(void **state)
{
    size_t n;
    uint8_t *p = make("AD102", "570.144", EMU_SYNTH_BOOTER_LOAD, &n);
    const uint32_t header = rd32(p, 12), data = rd32(p, 16), bytes = rd32(p, 20);
    const uint32_t load = rd32(p, header + 28), patch = rd32(p, rd32(p, header + 8));

    (void)state;
    assert_int_equal(rd32(p, 0), 0x10de);
    assert_int_equal(data + bytes, n);
    assert_int_equal(rd32(p, header), 60);
    assert_int_equal(rd32(p, header + 4), 768);
    assert_int_equal(rd32(p, rd32(p, header + 24)), 2);     /* signatures */
    assert_int_equal(rd32(p, rd32(p, header + 16) + 8), 3); /* ucode id */
    assert_int_equal(patch, rd32(p, load + 8) + 0x10);
    assert_int_equal(rd32(p, load + 16), 1); /* applications */
    assert_true(rd32(p, load + 8) + rd32(p, load + 12) <= bytes);
    assert_memory_equal(p + data, "SYNTHETIC", 9);
    free(p);
}

static void
every_chip_gets_what_it_boots_with_and_nothing_else(void **state)
{
    static const struct {
        const char *chip;
        unsigned kinds; /* one bit each */
    } rows[] = {
        {"TU102", 0x2f},
        {"GA100", 0x2f},
        {"GA102", 0x0f},
        {"AD102", 0x1f},
        {"GH100", 0x43},
        {"GB100", 0x43},
        {"GB202", 0x43}
    };

    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (unsigned k = 0; k < EMU_SYNTH_KINDS; k++) {
            uint8_t *p = NULL;
            size_t n = 0;
            char path[128];
            const bool wanted = rows[i].kinds >> k & 1;

            assert_int_equal(
                emu_synth_file(rows[i].chip, "570.144", (enum emu_synth_kind)k, &p, &n),
                wanted ? 0 : -2);
            assert_int_equal(emu_synth_path(rows[i].chip, "570.144", (enum emu_synth_kind)k,
                                            path, sizeof(path)) > 0,
                             wanted);
            free(p);
        }
}

static void
files_are_the_same_every_time_and_differ_between_releases(void **state)
{
    size_t n, m;
    uint8_t *a = make("AD102", "570.144", EMU_SYNTH_BOOTER_UNLOAD, &n);
    uint8_t *b = make("AD102", "570.144", EMU_SYNTH_BOOTER_UNLOAD, &m);

    (void)state;
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(b);
    b = make("AD102", "580.126.20", EMU_SYNTH_BOOTER_UNLOAD, &m);
    assert_int_equal(n, m);
    assert_memory_not_equal(a, b, n);
    free(a);
    free(b);
    assert_int_equal(emu_synth_file("AD999", "570.144", EMU_SYNTH_GSP, &a, &n), -2);
    assert_int_equal(emu_synth_file("AD102", "none", EMU_SYNTH_GSP, &a, &n), -22);
}

/* The FMC's ELF carries the SHA-384 of its image: sha384sum must agree. */
static void
strangers_accept_the_files(void **state)
{
    static const enum emu_synth_kind kinds[] = {EMU_SYNTH_GSP, EMU_SYNTH_FMC};
    char name[] = "/tmp/emu-synth-XXXXXX", line[256];
    int fd;

    (void)state;
    if (system("command -v readelf >/dev/null 2>&1") != 0)
        skip();
    fd = mkstemp(name);
    assert_true(fd >= 0);
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        uint8_t *p = make("GH100", "570.144", kinds[i], &n);

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, p, n, 0), n);
        snprintf(line, sizeof(line), "readelf -h -S -n %s 2>&1 | grep -iq 'warn\\|error'",
                 name);
        assert_int_not_equal(system(line), 0);
        snprintf(line, sizeof(line), "readelf -S %s | grep -q '%s'", name,
                 i ? "publickey" : "fwimage");
        assert_int_equal(system(line), 0);
        free(p);
    }
    close(fd);
    unlink(name);
}

/* Follows a client's way through the ROM to FWSEC. */
static void
the_vbios_leads_to_fwsec(void **state)
{
    static const struct {
        const char *chip;
        unsigned version;
    } rows[] = {
        {"TU102", 2},
        {"GA100", 2},
        {"GA102", 3},
        {"AD102", 3}
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t *p = NULL;
        size_t n = 0, base = 0, at, expansion = 0, base_bytes = 0, token, table, desc;
        uint8_t total = 0;

        assert_int_equal(emu_vbios(rows[i].chip, EMU_VBIOS_SOUND, &p, &n), 0);
        if (rd32(p, 0) == 0x4947564e) {
            const unsigned ifr = rd32(p, 4) >> 8 & 0xff;

            base = ifr < 3 ? rd32(p, (rd32(p, 4) >> 16 & 0x7fff) + 4)
                           : rd32(p, rd32(p, rd32(p, 8) & 0xfffff) + 4096 + 8);
        }
        for (at = base;;) {
            const size_t pcir = at + rd16(p, at + 0x18);
            const size_t bytes = rd16(p, pcir + 0x10) * 512u;

            assert_int_equal(rd16(p, at), 0xaa55);
            assert_memory_equal(p + pcir, "PCIR", 4);
            if (p[pcir + 0x14] == 0)
                base_bytes = bytes;
            if (p[pcir + 0x14] == 0xe0)
                expansion = at - base - base_bytes;
            at += bytes;
            if (p[pcir + 0x15] & 0x80)
                break;
        }
        assert_int_equal(at, n);
        assert_memory_equal(p + base + 0x1b0,
                            "\xff\xb8"
                            "BIT",
                            6);
        for (unsigned b = 0; b < p[base + 0x1b8]; b++)
            total = (uint8_t)(total + p[base + 0x1b0 + b]);
        assert_int_equal(total, 0);
        for (token = base + 0x1bc; p[token] != 'p'; token += 6)
            ;
        table = base + expansion + rd32(p, base + rd16(p, token + 4));
        assert_int_equal(p[table], 1);
        assert_int_equal(p[table + 6 + 6], 0x45);  /* signed for debugging, */
        assert_int_equal(p[table + 6 + 12], 0x85); /* and for production */
        desc = base + expansion + rd32(p, table + 6 + 6 + 2);
        assert_int_equal(rd32(p, desc) >> 8 & 0xff, rows[i].version);
        desc = base + expansion + rd32(p, table + 6 + 12 + 2);
        assert_int_equal(rd32(p, desc) >> 8 & 0xff, rows[i].version);
        assert_memory_equal(p + desc + (rd32(p, desc) >> 16), "SYNTHETIC", 9);
        free(p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_of_gsp_rm_has_version_and_a_signature_for_each_family),
        cmocka_unit_test(turing_has_an_elf_inside_the_elf),
        cmocka_unit_test(booter_points_at_its_signatures_and_its_image),
        cmocka_unit_test(every_chip_gets_what_it_boots_with_and_nothing_else),
        cmocka_unit_test(files_are_the_same_every_time_and_differ_between_releases),
        cmocka_unit_test(strangers_accept_the_files),
        cmocka_unit_test(the_vbios_leads_to_fwsec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
