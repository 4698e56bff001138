/* SPDX-License-Identifier: MIT */
/*
 * Enumeration against a tree that looks like sysfs and against dumps, both made here out of an
 * emulated card's configuration space; opening against the same tree; the recorder.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <emu/emu.h>
#include <gsp/bus_record.h>
#include <gsp/pci.h>

struct tree {
    char root[32];
};

static struct emu_gpu *
make_card(const char *chip)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct emu_config config = {
        .chip = chip, .abi = {s, nvrm_release_newest(s)}
    };
    struct emu_gpu *gpu;

    assert_int_equal(emu_gpu_create(&config, &gpu, NULL, 0), 0);
    return gpu;
}

static void
read_config(const char *chip, uint8_t config[4096])
{
    struct emu_gpu *gpu = make_card(chip);
    struct gsp_bus *bus = emu_gpu_bus(gpu);

    for (uint32_t at = 0; at < 4096; at += 4)
        assert_int_equal(bus->ops->config_read(bus, at, 4, (uint32_t *)(void *)(config + at)),
                         0);
    emu_gpu_destroy(gpu);
}

static void
put(const char *dir, const char *name, const void *bytes, size_t count)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, count), count);
    close(fd);
}

static void
put_text(const char *dir, const char *name, const char *text)
{
    put(dir, name, text, strlen(text));
}

/* One function in the tree. driver NULL: none; group < 0: none. */
static void
add_function(const struct tree *t, const char *bdf, const char *chip, uint16_t vendor,
             const char *driver, int group, unsigned config_bytes)
{
    static const char resource[] = "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
                                   "0x0000004000000000 0x00000047ffffffff 0x000000000014220c\n"
                                   "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                                   "0x0000004fe0000000 0x0000004fe1ffffff 0x000000000014220c\n"
                                   "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                                   "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                                   "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
    uint8_t config[4096];
    char dir[128], text[32], link[192];

    snprintf(dir, sizeof(dir), "%s/devices/%s", t->root, bdf);
    assert_int_equal(mkdir(dir, 0700), 0);
    read_config(chip, config);
    memcpy(config, &vendor, 2);
    put(dir, "config", config, config_bytes);
    snprintf(text, sizeof(text), "0x%04x\n", vendor);
    put_text(dir, "vendor", text);
    snprintf(text, sizeof(text), "0x%02x%02x\n", config[3], config[2]);
    put_text(dir, "device", text);
    snprintf(text, sizeof(text), "0x%02x%02x%02x\n", config[11], config[10], config[9]);
    put_text(dir, "class", text);
    put_text(dir, "irq", "16\n");
    put_text(dir, "numa_node", "1\n");
    put_text(dir, "resource", resource);
    if (driver) {
        snprintf(link, sizeof(link), "%s/driver", dir);
        snprintf(text, sizeof(text), "../../drivers/%s", driver);
        assert_int_equal(symlink(text, link), 0);
    }
    if (group >= 0) {
        snprintf(link, sizeof(link), "%s/iommu_group", dir);
        snprintf(text, sizeof(text), "../../groups/%d", group);
        assert_int_equal(symlink(text, link), 0);
    }
}

static void
make_tree(struct tree *t)
{
    static const char *const folders[] = {
        "slots",          "drivers",      "drivers/nouveau", "drivers/vfio-pci",
        "drivers/nvidia", "drivers/i915", "groups",          "groups/1",
        "groups/17",      "groups/18",    "groups/99999"};
    char path[64];

    strcpy(t->root, "/tmp/nvrm-pci-XXXXXX");
    assert_non_null(mkdtemp(t->root));
    snprintf(path, sizeof(path), "%s/devices", t->root);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", t->root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void
remove_tree(const struct tree *t)
{
    nftw(t->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool
have_libpci(void)
{
    struct gsp_pci_device *devices = NULL;
    struct tree t;
    unsigned count;
    int rc;

    make_tree(&t);
    rc = gsp_pci_scan(&(struct gsp_pci_source){.sysfs = t.root}, &devices, &count, NULL);
    gsp_pci_free_list(devices);
    remove_tree(&t);
    return rc != -ENOSYS;
}

static void
cards_of_the_vendor_are_found_with_driver_and_group(void **state)
{
    struct gsp_pci_device *d;
    struct gsp_error err;
    struct tree t;
    unsigned count;

    (void)state;
    if (!have_libpci())
        skip();
    make_tree(&t);
    add_function(&t, "0000:00:02.0", "TU102", 0x8086, "i915", 1, 256);
    add_function(&t, "0000:65:00.0", "GH100", 0x10de, NULL, -1, 4096);
    add_function(&t, "0001:01:00.0", "AD102", 0x10de, "nouveau", 17, 4096);
    assert_int_equal(gsp_pci_scan(&(struct gsp_pci_source){.sysfs = t.root}, &d, &count, &err),
                     0);
    assert_int_equal(count, 2);
    assert_int_equal(d[0].bdf, 0x6500);
    assert_int_equal(d[0].device, 0x2330);
    assert_string_equal(d[0].driver, "");
    assert_int_equal(d[0].iommu_group, -1);
    assert_int_equal(d[1].bdf, UINT64_C(0x100000100));
    assert_int_equal(d[1].device, 0x2684);
    assert_int_equal(d[1].class_id, 0x030000);
    assert_string_equal(d[1].driver, "nouveau");
    assert_int_equal(d[1].iommu_group, 17);
    assert_int_equal(d[1].numa_node, 1);
    assert_int_equal(d[1].config_bytes, 4096);
    gsp_pci_free_list(d);
    remove_tree(&t);
}

static void
bars_have_address_size_and_kind(void **state)
{
    struct gsp_pci_device *d;
    struct tree t;
    unsigned count;

    (void)state;
    if (!have_libpci())
        skip();
    make_tree(&t);
    add_function(&t, "0000:01:00.0", "AD102", 0x10de, NULL, -1, 4096);
    assert_int_equal(gsp_pci_scan(&(struct gsp_pci_source){.sysfs = t.root}, &d, &count, NULL),
                     0);
    assert_int_equal(d->bars[0].address, 0xf6000000);
    assert_int_equal(d->bars[0].bytes, 16 << 20);
    assert_false(d->bars[0].wide || d->bars[0].io);
    assert_int_equal(d->bars[1].address, UINT64_C(0x4000000000));
    assert_int_equal(d->bars[1].bytes, UINT64_C(32) << 30);
    assert_true(d->bars[1].wide && d->bars[1].prefetchable);
    assert_int_equal(d->bars[2].bytes, 0);
    assert_int_equal(d->bars[3].bytes, 32 << 20);
    gsp_pci_free_list(d);
    remove_tree(&t);
}

static void
capabilities_say_link_interrupts_and_reset(void **state)
{
    struct gsp_pci_device *d;
    struct tree t;
    char text[160];
    unsigned count, seen = 0;

    (void)state;
    if (!have_libpci())
        skip();
    make_tree(&t);
    add_function(&t, "0000:01:00.0", "AD102", 0x10de, NULL, -1, 4096);
    assert_int_equal(gsp_pci_scan(&(struct gsp_pci_source){.sysfs = t.root}, &d, &count, NULL),
                     0);
    assert_int_equal(d->features.link_gen_max, 4);
    assert_int_equal(d->features.link_width_max, 16);
    assert_int_equal(d->features.msi_vectors, 1);
    assert_true(d->features.flr);
    for (unsigned i = 0; i < d->cap_count; i++) {
        gsp_pci_cap_text(d, &d->caps[i], text, sizeof(text));
        if (!d->caps[i].extended && d->caps[i].id == 0x10) {
            assert_string_equal(gsp_pci_cap_name(0x10, false), "PCI Express");
            assert_non_null(strstr(text, "of 16 GT/s x16, function-level reset"));
            seen++;
        }
    }
    assert_int_equal(seen, 1);
    gsp_pci_free_list(d);
    remove_tree(&t);
}

/* What an ordinary user may read: 64 bytes, and no capability in them. */
static void
a_card_of_which_little_can_be_read_is_still_listed(void **state)
{
    struct gsp_pci_device *d;
    struct tree t;
    unsigned count;

    (void)state;
    if (!have_libpci())
        skip();
    make_tree(&t);
    add_function(&t, "0000:01:00.0", "GB202", 0x10de, NULL, -1, 64);
    assert_int_equal(gsp_pci_scan(&(struct gsp_pci_source){.sysfs = t.root}, &d, &count, NULL),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(d->config_bytes, 64);
    assert_int_equal(d->cap_count, 0);
    assert_int_equal(d->features.link_width, 0);
    gsp_pci_free_list(d);
    remove_tree(&t);
}

static void
a_dump_is_as_good_as_a_system(void **state)
{
    struct emu_gpu *gpu = make_card("GA100");
    struct gsp_pci_device *d;
    static char dump[32768];
    struct tree t;
    char path[64];
    unsigned count;

    (void)state;
    if (!have_libpci())
        skip();
    make_tree(&t);
    put(t.root, "dump", dump, emu_gpu_config_dump(gpu, 4096, dump, sizeof(dump)));
    emu_gpu_destroy(gpu);
    snprintf(path, sizeof(path), "%s/dump", t.root);
    assert_int_equal(gsp_pci_scan(&(struct gsp_pci_source){.dump = path}, &d, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_equal(d->bdf, 0x100);
    assert_int_equal(d->vendor, 0x10de);
    assert_int_equal(d->class_id >> 8, 0x0302);
    assert_true(d->features.flr);
    gsp_pci_free_list(d);
    remove_tree(&t);
}

static void
what_libpci_complains_of_is_an_error_and_not_an_exit(void **state)
{
    struct gsp_pci_device *d = NULL;
    struct gsp_error err = {0};
    unsigned count;

    (void)state;
    if (!have_libpci())
        skip();
    assert_int_equal(
        gsp_pci_scan(&(struct gsp_pci_source){.dump = "/nonexistent/dump"}, &d, &count, &err),
        -EIO);
    assert_non_null(strstr(err.text, "/nonexistent/dump"));
    assert_int_equal(
        gsp_pci_scan(&(struct gsp_pci_source){.sysfs = "/nonexistent"}, &d, &count, &err),
        -EIO);
    assert_non_null(strstr(err.text, "libpci"));
}

/* Lists that bite their own tail, and capabilities at the very end. */
static void
hostile_capability_lists_end(void **state)
{
    struct gsp_pci_device *d;
    struct tree t;
    uint8_t config[4096];
    char dir[128];
    unsigned count;

    (void)state;
    if (!have_libpci())
        skip();
    make_tree(&t);
    add_function(&t, "0000:01:00.0", "AD102", 0x10de, NULL, -1, 4096);
    read_config("AD102", config);
    memset(config + 0x40, 0x40, 0xc0); /* every pointer leads to 0x40 */
    config[0x34] = 0x40;
    for (unsigned at = 0x100; at < 4096; at += 4)
        memcpy(config + at, "\x15\x00\xc1\xff", 4); /* ReBAR; next at 0xffc */
    snprintf(dir, sizeof(dir), "%s/devices/0000:01:00.0", t.root);
    put(dir, "config", config, sizeof(config));
    assert_int_equal(gsp_pci_scan(&(struct gsp_pci_source){.sysfs = t.root}, &d, &count, NULL),
                     0);
    assert_in_range(d->cap_count, 2, GSP_PCI_CAPS_MAX);
    for (unsigned i = 0; i < d->cap_count; i++) {
        char text[32];

        gsp_pci_cap_text(d, &d->caps[i], text, sizeof(text));
        assert_in_range(strlen(text), 0, sizeof(text) - 1);
    }
    gsp_pci_free_list(d);
    remove_tree(&t);
}

static void
addresses_are_read_and_written(void **state)
{
    static const char *const wrong[] = {"",        "01",       "01:00",         "01:20.0",
                                        "01:00.8", "100:00.0", "0000:01:00.0x", "x"};
    uint64_t bdf;
    char text[20];

    (void)state;
    assert_int_equal(gsp_pci_parse_bdf("0001:65:1f.7", &bdf, NULL), 0);
    assert_string_equal(gsp_pci_format_bdf(bdf, text), "0001:65:1f.7");
    assert_int_equal(gsp_pci_parse_bdf("01:00.0", &bdf, NULL), 0);
    assert_int_equal(bdf, 0x100);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(gsp_pci_parse_bdf(wrong[i], &bdf, NULL), -EINVAL);
}

static int
try_open(const struct tree *t, uint64_t bdf, enum gsp_pci_via via, bool unbind,
         struct gsp_error *err)
{
    const struct gsp_pci_open_config config = {
        .bdf = bdf, .via = via, .unbind = unbind, .sysfs = t->root};
    struct gsp_bus *bus;

    *err = (struct gsp_error){0};
    return gsp_pci_open(&config, &bus, err);
}

static void
what_is_in_the_way_is_named_with_its_remedy(void **state)
{
    struct gsp_error err;
    struct tree t;

    (void)state;
    make_tree(&t);
    add_function(&t, "0000:00:02.0", "TU102", 0x8086, NULL, 1, 256);
    add_function(&t, "0000:01:00.0", "AD102", 0x10de, "nouveau", 17, 4096);
    add_function(&t, "0000:02:00.0", "AD102", 0x10de, "vfio-pci", 99999, 4096);
    add_function(&t, "0000:03:00.0", "AD102", 0x10de, NULL, 18, 4096);
    add_function(&t, "0000:04:00.0", "AD102", 0x10de, NULL, -1, 4096);
    assert_int_equal(try_open(&t, 0x500, GSP_PCI_AUTO, false, &err), -ENODEV);
    assert_non_null(strstr(err.text, "0000:05:00.0"));
    assert_int_equal(try_open(&t, 0x10, GSP_PCI_AUTO, false, &err), -ENODEV);
    assert_non_null(strstr(err.text, "8086"));
    assert_int_equal(try_open(&t, 0x100, GSP_PCI_AUTO, false, &err), -EBUSY);
    assert_non_null(strstr(err.text, "nouveau"));
    assert_non_null(strstr(err.hint, "nouveau/unbind"));
    assert_non_null(strstr(err.hint, "IOMMU group 17"));
    assert_true(try_open(&t, 0x200, GSP_PCI_AUTO, false, &err) < 0);
    assert_non_null(strstr(err.text, "/dev/vfio"));
    assert_true(err.hint[0]);
    assert_int_equal(try_open(&t, 0x300, GSP_PCI_AUTO, false, &err), -EOPNOTSUPP);
    assert_non_null(strstr(err.text, "IOMMU group 18"));
    assert_int_equal(try_open(&t, 0x400, GSP_PCI_VFIO, false, &err), -EOPNOTSUPP);
    assert_non_null(strstr(err.hint, "?sysfs"));
    assert_int_equal(try_open(&t, 0x400, GSP_PCI_SYSFS, false, &err), -ENODEV); /* no BAR0 */
    remove_tree(&t);
}

/* The tree's driver has no unbind file: the attempt is made, fails and says so; without the
 * option it is not even made. */
static void
a_driver_is_only_unbound_when_asked(void **state)
{
    struct gsp_error err;
    struct tree t;
    char dir[128], link[192], text[64] = "";
    int fd;

    (void)state;
    make_tree(&t);
    add_function(&t, "0000:01:00.0", "AD102", 0x10de, "nvidia", -1, 4096);
    snprintf(dir, sizeof(dir), "%s/drivers/nvidia", t.root);
    assert_int_equal(try_open(&t, 0x100, GSP_PCI_SYSFS, true, &err), -ENOENT);
    assert_non_null(strstr(err.text, "unbinding"));
    put(dir, "unbind", "", 0);
    snprintf(link, sizeof(link), "%s/unbind", dir);
    assert_int_equal(try_open(&t, 0x100, GSP_PCI_SYSFS, false, &err), -EBUSY);
    fd = open(link, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof(text)), 0);
    assert_int_equal(try_open(&t, 0x100, GSP_PCI_SYSFS, true, &err), -ENODEV); /* no BAR0 */
    assert_int_equal(pread(fd, text, sizeof(text), 0), 12);
    assert_memory_equal(text, "0000:01:00.0", 12);
    close(fd);
    remove_tree(&t);
}

/* resource0 as a file: what is written through the bus is in it. */
static void
registers_behind_sysfs_are_read_and_written(void **state)
{
    const struct gsp_pci_open_config base = {.bdf = 0x100};
    struct gsp_pci_open_config config = base;
    struct gsp_error err = {0};
    static uint32_t bar[4096 / 4];
    struct gsp_bus *bus;
    struct tree t;
    char dir[128];
    uint32_t value;

    (void)state;
    make_tree(&t);
    add_function(&t, "0000:01:00.0", "AD102", 0x10de, NULL, -1, 4096);
    snprintf(dir, sizeof(dir), "%s/devices/0000:01:00.0", t.root);
    bar[0] = 0x192000a1;
    put(dir, "resource0", bar, sizeof(bar));
    config.sysfs = t.root;
    assert_int_equal(gsp_pci_open(&config, &bus, &err), 0);
    assert_string_equal(bus->ops->name, "sysfs");
    assert_int_equal(bus->bdf, 0x100);
    assert_int_equal(bus->ops->rd32(bus, 0, 0), 0x192000a1);
    bus->ops->wr32(bus, 0, 0x40, 0x12345678);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x40), 0x12345678);
    assert_int_equal(bus->ops->rd32(bus, 0, 4096), 0xffffffff);
    assert_int_equal(bus->ops->rd32(bus, 0, UINT64_MAX - 3), 0xffffffff);
    assert_int_equal(bus->ops->rd32(bus, 1, 0), 0xffffffff);
    assert_int_equal(bus->ops->rd32(bus, 77, 0), 0xffffffff);
    assert_int_equal(bus->ops->config_read(bus, 0, 4, &value), 0);
    assert_int_equal(value, 0x268410de);
    assert_int_equal(bus->ops->config_read(bus, 4, 2, &value), 0);
    assert_int_equal(value & 6, 6); /* memory and bus mastering were switched on */
    assert_int_equal(bus->ops->config_read(bus, 3, 2, &value), -EINVAL);
    assert_int_equal(bus->ops->reset(bus), -EOPNOTSUPP);
    assert_int_equal(bus->ops->irq_wait(bus, 0), -ETIMEDOUT);
    assert_int_equal(bus->ops->irq_wait(bus, 1000000000), 0); /* look for yourself */
    bus->ops->close(bus);
    remove_tree(&t);
}

struct log {
    struct gsp_bus_access rows[16];
    unsigned count;
};

static void
keep(void *ctx, const struct gsp_bus_access *access)
{
    struct log *log = ctx;

    assert_true(access->end_ns >= access->start_ns);
    log->rows[log->count++ % 16] = *access;
}

static void
a_recorder_tells_what_went_by_and_changes_nothing(void **state)
{
    struct emu_gpu *gpu = make_card("AD102");
    struct log log = {0};
    const struct gsp_bus_record_config config = {
        .bus = emu_gpu_bus(gpu), .access = keep, .ctx = &log};
    struct gsp_bus *bus;
    struct gsp_dma dma;
    uint32_t value, boot;

    (void)state;
    boot = config.bus->ops->rd32(config.bus, 0, 0);
    assert_int_equal(gsp_bus_record(&config, &bus, NULL), 0);
    assert_string_equal(bus->ops->name, "emu");
    assert_int_equal(bus->ops->rd32(bus, 0, 0), boot);
    bus->ops->wr32(bus, 0, 0x110040, 5);
    assert_int_equal(bus->ops->config_read(bus, 2, 2, &value), 0);
    assert_int_equal(bus->ops->config_read(bus, 3, 2, &value), -EINVAL);
    assert_int_equal(bus->ops->dma_alloc(bus, 100, &dma), 0);
    bus->ops->dma_free(bus, &dma);
    assert_int_equal(bus->ops->irq_wait(bus, 0), -ETIMEDOUT);
    assert_int_equal(bus->ops->reset(bus), 0);
    assert_int_equal(log.count, 8);
    assert_int_equal(log.rows[0].operation, GSP_BUS_RD32);
    assert_int_equal(log.rows[0].value, boot);
    assert_int_equal(log.rows[1].at, 0x110040);
    assert_int_equal(log.rows[1].value, 5);
    assert_int_equal(log.rows[2].value, 0x2684);
    assert_int_equal(log.rows[2].width, 2);
    assert_int_equal(log.rows[3].rc, -EINVAL);
    assert_int_equal(log.rows[4].value, 100);
    assert_int_equal(log.rows[4].at, log.rows[5].at);
    assert_int_equal(log.rows[6].rc, -ETIMEDOUT);
    assert_string_equal(gsp_bus_operation_name(log.rows[7].operation), "reset");
    bus->ops->close(bus);
    emu_gpu_destroy(gpu);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards_of_the_vendor_are_found_with_driver_and_group),
        cmocka_unit_test(bars_have_address_size_and_kind),
        cmocka_unit_test(capabilities_say_link_interrupts_and_reset),
        cmocka_unit_test(a_card_of_which_little_can_be_read_is_still_listed),
        cmocka_unit_test(a_dump_is_as_good_as_a_system),
        cmocka_unit_test(what_libpci_complains_of_is_an_error_and_not_an_exit),
        cmocka_unit_test(hostile_capability_lists_end),
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(what_is_in_the_way_is_named_with_its_remedy),
        cmocka_unit_test(a_driver_is_only_unbound_when_asked),
        cmocka_unit_test(registers_behind_sysfs_are_read_and_written),
        cmocka_unit_test(a_recorder_tells_what_went_by_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
