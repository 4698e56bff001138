/* SPDX-License-Identifier: MIT */
/*
 * Real files, when the environment names some: NVRM_FW_DIR is a folder of firmware (Debian's
 * firmware-nvidia-graphics and firmware-nvidia-gsp, unpacked), NVRM_OGKM_DIR the vendor's open
 * kernel modules of a release. They are read and hashed, never run. Sizes are those that the
 * files of these releases are known to have.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>

#include "test.h"

#include <gsp/fw.h>

struct blob {
    uint8_t *data;
    size_t bytes;
};

static struct blob
load(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct blob b = {0};

    if (!f)
        return b;
    fseek(f, 0, SEEK_END);
    b.bytes = (size_t)ftell(f);
    rewind(f);
    b.data = malloc(b.bytes + 1);
    if (b.data && fread(b.data, 1, b.bytes, f) != b.bytes)
        b.bytes = 0;
    fclose(f);
    return b;
}

/* ---- the folder ---- */

enum { MOST = 4096 };
static char *found[MOST];
static unsigned found_count;

static int
note_path(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const size_t n = strlen(path);

    (void)st;
    (void)ftw;
    if (type == FTW_F && found_count < MOST && n > 4 && !strcmp(path + n - 4, ".bin"))
        found[found_count++] = strdup(path);
    return 0;
}

static int
find_files(void **state)
{
    const char *dir = getenv("NVRM_FW_DIR");

    (void)state;
    if (dir)
        nftw(dir, note_path, 16, FTW_PHYS);
    return 0;
}

static int
forget_files(void **state)
{
    (void)state;
    while (found_count)
        free(found[--found_count]);
    return 0;
}

/* The first file whose path ends so; NULL when the folder has none. */
static const char *
path_of(const char *end)
{
    for (unsigned i = 0; i < found_count; i++) {
        const size_t a = strlen(found[i]), b = strlen(end);

        if (a >= b && !strcmp(found[i] + a - b, end))
            return found[i];
    }
    return NULL;
}

static bool
is_gsp_firmware(const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return !strncmp(name, "gsp", 3) || strstr(path, "/gsp/") != NULL;
}

static void
every_firmware_file_parses_and_passes_its_checks(void **state)
{
    unsigned files = 0;

    (void)state;
    for (unsigned i = 0; i < found_count; i++) {
        struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
        struct gsp_error err = {0};
        struct gsp_fw_source src = {found[i], NULL, 0, 0};
        struct gsp_fw_file file;
        struct blob b;
        unsigned count;

        if (!is_gsp_firmware(found[i]))
            continue;
        b = load(found[i]);
        src.data = b.data;
        src.bytes = b.bytes;
        if (gsp_fw_open(&src, &file, &err) < 0)
            print_error("%s\n", err.text);
        assert_true(file.kind != GSP_FW_KIND_UNKNOWN && file.kind != GSP_FW_KIND_NVFW);
        count = gsp_fw_verify(&file, checks, GSP_FW_CHECKS_MAX);
        for (unsigned k = 0; k < count; k++) {
            if (!checks[k].ok)
                print_error("%s: %s: %s\n", found[i], checks[k].what, checks[k].detail);
            assert_true(checks[k].ok);
        }
        free(b.data);
        files++;
    }
    if (!files)
        skip();
}

static void
images_have_the_sizes_of_their_releases(void **state)
{
    static const struct {
        const char *end, *version;
        uint64_t file_bytes, image_bytes;
        unsigned libos, signatures, build_id;
    } rows[] = {
        {"ga102/gsp/gsp-570.144.bin",    "570.144",    63571696, 0x3c99000, 3, 7, 20},
        {"tu102/gsp/gsp-570.144.bin",    "570.144",    28542040, 0x1b34ea0, 2, 3, 20},
        {"ga102/gsp/gsp-535.113.01.bin", "535.113.01", 38061600, 0x2448000, 3, 4, 0 },
        {"tu102/gsp/gsp-535.113.01.bin", "535.113.01", 23750944, 0,         2, 3, 0 },
        {"535.309.01/gsp_ga10x.bin",     "535.309.01", 38262304, 0,         3, 4, 0 },
        {"535.309.01/gsp_tu10x.bin",     "535.309.01", 23877920, 0x16c2350, 2, 3, 0 },
        {"550.163.01/gsp_ga10x.bin",     "550.163.01", 37340704, 0x2398000, 3, 4, 0 },
        {"550.163.01/gsp_tu10x.bin",     "550.163.01", 24618648, 0,         2, 3, 0 },
    };
    unsigned seen = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *path = path_of(rows[i].end);
        struct gsp_fw_source src = {path, NULL, 0, 0};
        struct gsp_fw_gsp g;
        struct blob b;

        if (!path)
            continue;
        b = load(path);
        src.data = b.data;
        src.bytes = b.bytes;
        assert_int_equal(b.bytes, rows[i].file_bytes);
        assert_int_equal(gsp_fw_gsp_open(&src, &g, NULL), 0);
        assert_string_equal(g.version, rows[i].version);
        assert_int_equal(g.libos, rows[i].libos);
        assert_int_equal(g.signature_count, rows[i].signatures);
        assert_int_equal(g.build_id.bytes, rows[i].build_id);
        if (rows[i].image_bytes)
            assert_int_equal(g.image.bytes, rows[i].image_bytes);
        free(b.data);
        seen++;
    }
    if (!seen)
        skip();
}

static void
small_ucodes_of_570_have_their_known_numbers(void **state)
{
    static const struct {
        const char *end;
        uint64_t image_bytes;
        uint32_t desc_bytes, manifest_bytes, data_off, data_bytes, code_off, code_bytes;
    } rows[] = {
        {"ga102/gsp/bootloader-570.144.bin",    24576, 84, 0x800, 0x800, 0x1000, 0x1800, 0x2900},
        {"ad102/gsp/bootloader-570.144.bin",    36864, 84, 0x800, 0x800, 0x4000, 0x4800, 0x2900},
        {"tu102/gsp/bootloader-535.113.01.bin", 4096,  76, 0,     0,     0,      0,      0     },
    };
    const char *booter = path_of("ga102/gsp/booter_load-570.144.bin");
    struct gsp_fw_source src;
    struct gsp_fw_hs hs;
    struct blob b;

    (void)state;
    if (!booter)
        skip();
    b = load(booter);
    src = (struct gsp_fw_source){booter, b.data, b.bytes, 0};
    assert_int_equal(gsp_fw_hs_open(&src, &hs, NULL), 0);
    assert_int_equal(hs.patch_off, 0x8a10);
    assert_int_equal(hs.pkc_data_off, 0x10);
    assert_int_equal(hs.signature_count, 2);
    assert_int_equal(hs.ucode_id, 3);
    assert_int_equal(hs.fuse_version, 1);
    assert_int_equal(hs.engine_id, 1);
    free(b.data);
    for (unsigned i = 0; i < 3; i++) {
        struct gsp_fw_bootloader bl;

        if (!path_of(rows[i].end))
            continue;
        b = load(path_of(rows[i].end));
        src = (struct gsp_fw_source){rows[i].end, b.data, b.bytes, 0};
        assert_int_equal(gsp_fw_bootloader_open(&src, &bl, NULL), 0);
        assert_int_equal(bl.image.bytes, rows[i].image_bytes);
        assert_int_equal(bl.desc.desc_bytes, rows[i].desc_bytes);
        assert_int_equal(bl.desc.manifestSize, rows[i].manifest_bytes);
        assert_int_equal(bl.desc.monitorDataOffset, rows[i].data_off);
        assert_int_equal(bl.desc.monitorDataSize, rows[i].data_bytes);
        assert_int_equal(bl.desc.monitorCodeOffset, rows[i].code_off);
        assert_int_equal(bl.desc.monitorCodeSize, rows[i].code_bytes);
        free(b.data);
    }
}

/* ---- the vendor's tree ---- */

static char tree[2048];
static char tree_release[32];

/* One checked-out release: the folder of its arrays, and the release in version.mk. */
static bool
enter_tree(const char *dir)
{
    char path[2100], line[128];
    FILE *f;

    snprintf(path, sizeof(path), "%.2000s/version.mk", dir);
    f = fopen(path, "r");
    if (!f)
        return false;
    tree_release[0] = '\0';
    while (fgets(line, sizeof(line), f) &&
           sscanf(line, "NVIDIA_VERSION = %31s", tree_release) != 1)
        continue;
    fclose(f);
    snprintf(tree, sizeof(tree), "%.2000s/src/nvidia/generated", dir);
    return tree_release[0] != '\0';
}

/* Compare with the file of the same name, release and chip, if the folder has it. */
static bool
compare_with_package(const struct gsp_fw_archive_id *id, const uint8_t *data, size_t bytes)
{
    char end[96];
    const char *path;
    struct blob b;

    snprintf(end, sizeof(end), "%s/gsp/%s-%s.bin", id->chip, gsp_fw_role_name(id->role),
             tree_release);
    path = path_of(end);
    if (!path || id->debug || id->confidential)
        return false;
    b = load(path);
    assert_int_equal(b.bytes, bytes);
    assert_memory_equal(b.data, data, bytes);
    free(b.data);
    return true;
}

static void
pack_one(const char *name, unsigned *packed, unsigned *same)
{
    struct gsp_fw_archive_id id;
    struct gsp_fw_arrays arrays;
    struct gsp_fw_array array;
    struct gsp_error err = {0};
    char path[4096];
    struct gsp_fw_source src = {name, NULL, 0, 0};
    struct gsp_fw_file file;
    struct blob b;
    uint8_t *container;
    size_t bytes;

    snprintf(path, sizeof(path), "%s/%s", tree, name);
    b = load(path);
    src.data = b.data;
    src.bytes = b.bytes;
    gsp_fw_arrays_init(&src, &arrays);
    assert_int_equal(gsp_fw_arrays_next(&arrays, &array, &err), 0);
    gsp_fw_archive_identify(array.archive, &id);
    if (gsp_fw_arrays_pack(&src, id.debug, NULL, &container, &bytes, &err) == 0) {
        const struct gsp_fw_source packed_src = {name, container, bytes, 0};

        if (gsp_fw_open(&packed_src, &file, &err) < 0)
            print_error("%s\n", err.text);
        assert_true(file.kind != GSP_FW_KIND_UNKNOWN && file.kind != GSP_FW_KIND_NVFW);
        *same += compare_with_package(&id, container, bytes);
        ++*packed;
        gsp_host_free(NULL, container);
    } else {
        assert_int_equal(id.role, GSP_FW_ROLES);
    }
    free(b.data);
}

static void
pack_tree(void)
{
    unsigned packed = 0, same = 0;
    struct dirent *entry;
    DIR *dir = opendir(tree);

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (!strncmp(entry->d_name, "g_bindata_k", 11))
            pack_one(entry->d_name, &packed, &same);
    }
    closedir(dir);
    print_message("%s: %u containers, %u byte-identical with packaged ones\n", tree_release,
                  packed, same);
    assert_in_range(packed, 15, 100);
    if (path_of("ga102/gsp/gsp-570.144.bin") && !strcmp(tree_release, "570.144"))
        assert_in_range(same, 15, packed);
}

/* NVRM_OGKM_DIR is one release or a folder of releases. */
static void
arrays_of_the_vendor_tree_pack_into_what_packages_ship(void **state)
{
    const char *dir = getenv("NVRM_OGKM_DIR");
    char path[2048];
    struct dirent *entry;
    unsigned trees = 0;
    DIR *folder;

    (void)state;
    if (dir && enter_tree(dir)) {
        pack_tree();
        return;
    }
    folder = dir ? opendir(dir) : NULL;
    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof(path), "%.1024s/%.255s", dir, entry->d_name);
        if (entry->d_name[0] == '.' || !enter_tree(path))
            continue;
        pack_tree();
        trees++;
    }
    if (folder)
        closedir(folder);
    if (!trees)
        skip();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_firmware_file_parses_and_passes_its_checks),
        cmocka_unit_test(images_have_the_sizes_of_their_releases),
        cmocka_unit_test(small_ucodes_of_570_have_their_known_numbers),
        cmocka_unit_test(arrays_of_the_vendor_tree_pack_into_what_packages_ship),
    };

    if (!getenv("NVRM_FW_DIR") && !getenv("NVRM_OGKM_DIR")) {
        print_message("skipped: set NVRM_FW_DIR to a folder of firmware, NVRM_OGKM_DIR to the "
                      "vendor's open kernel modules\n");
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, find_files, forget_files);
}
