/* SPDX-License-Identifier: MIT */
/* The card as PCI sees it: configuration space (lspci reads a dump of it), registers, DMA
 * memory, creation. */
#include "raw_client.h"
#include "test.h"

#include <unistd.h>

static struct emu_gpu *
make(const char *chip)
{
    const struct emu_config config = {.chip = chip, .abi = raw_abi("595.45.04")};
    struct emu_gpu *gpu;

    assert_int_equal(emu_gpu_create(&config, &gpu, NULL, 0), 0);
    return gpu;
}

static uint32_t
config_of(struct gsp_bus *bus, uint32_t offset, uint32_t width)
{
    uint32_t value;

    assert_int_equal(bus->ops->config_read(bus, offset, width, &value), 0);
    return value;
}

static void
bars_answer_with_their_size(void **state)
{
    struct emu_gpu *gpu = make("AD102");
    struct gsp_bus *bus = emu_gpu_bus(gpu);
    const uint32_t old = config_of(bus, 0x10, 4);

    (void)state;
    bus->ops->config_write(bus, 0x10, 4, 0xffffffff);
    assert_int_equal(config_of(bus, 0x10, 4), 0xff000000); /* 16 MiB */
    bus->ops->config_write(bus, 0x10, 4, old);
    bus->ops->config_write(bus, 0x18, 4, 0xffffffff);
    assert_int_equal(config_of(bus, 0x18, 4), 0xfffffff8); /* high half of a 32 GiB BAR */
    bus->ops->config_write(bus, 0x14, 4, 0xffffffff);
    assert_int_equal(config_of(bus, 0x14, 4), 0xc); /* 64-bit, prefetchable */
    emu_gpu_destroy(gpu);
}

static void
ids_are_read_only_and_the_command_register_is_not(void **state)
{
    struct emu_gpu *gpu = make("TU102");
    struct gsp_bus *bus = emu_gpu_bus(gpu);

    (void)state;
    bus->ops->config_write(bus, 0, 4, 0);
    assert_int_equal(config_of(bus, 0, 4), 0x1e0210de);
    bus->ops->config_write(bus, 4, 2, 0xffff);
    assert_int_equal(config_of(bus, 4, 2) & 6, 6);
    assert_int_equal(config_of(bus, 4, 2), 0x0547);
    assert_int_equal(bus->ops->reset(bus), 0);
    assert_int_equal(config_of(bus, 4, 2), 2); /* as the system's firmware leaves it */
    emu_gpu_destroy(gpu);
}

static void
config_accesses_must_be_sound(void **state)
{
    struct emu_gpu *gpu = make("TU102");
    struct gsp_bus *bus = emu_gpu_bus(gpu);
    uint32_t value;

    (void)state;
    assert_int_equal(bus->ops->config_read(bus, 1, 2, &value), -22);
    assert_int_equal(bus->ops->config_read(bus, 0, 3, &value), -22);
    assert_int_equal(bus->ops->config_read(bus, 4096, 1, &value), -22);
    assert_int_equal(bus->ops->config_read(bus, 0xfffffffc, 4, &value), -22);
    assert_int_equal(bus->ops->config_write(bus, 4094, 4, 0), -22);
    emu_gpu_destroy(gpu);
}

/* PM at 0x60, MSI behind it, PCI Express; MSI-X on cards without a display. */
static void
the_capability_list_has_power_msi_and_express(void **state)
{
    struct emu_gpu *gpu = make("GH100");
    struct gsp_bus *bus = emu_gpu_bus(gpu);
    uint32_t at = config_of(bus, 0x34, 1), ids = 0;

    (void)state;
    for (int i = 0; at && i < 8; i++) {
        ids = ids << 8 | config_of(bus, at, 1);
        at = config_of(bus, at + 1, 1);
    }
    assert_int_equal(ids, 0x01051011);
    emu_gpu_destroy(gpu);
}

static void
lspci_reads_the_dump(void **state)
{
    static const char *const chips[] = {"TU102", "GA100", "GA102", "AD102",
                                        "GH100", "GB100", "GB202"};
    char dump[16384], path[] = "/tmp/nvrm-lspci-XXXXXX", line[256], command[128];

    (void)state;
    if (system("command -v lspci >/dev/null 2>&1 || test -x /usr/bin/lspci || test -x "
               "/sbin/lspci"))
        skip();
    for (size_t i = 0; i < 7; i++) {
        struct emu_gpu *gpu = make(chips[i]);
        const size_t n = emu_gpu_config_dump(gpu, 4096, dump, sizeof(dump));
        const bool server = i == 1 || i == 4 || i == 5; /* GA100, GH100, GB100 */
        bool memory = false, express = false, msi = false, id = false, msix = false,
             aer = false, rebar = false, ats = false, odd = false;
        char wanted[16];
        FILE *f;
        int fd;

        assert_true(n < sizeof(dump));
        strcpy(path + strlen(path) - 6, "XXXXXX");
        fd = mkstemp(path);
        assert_true(fd >= 0 && write(fd, dump, n) == (ssize_t)n);
        close(fd);
        snprintf(command, sizeof(command),
                 "PATH=$PATH:/sbin:/usr/sbin lspci -F %s -vvvnn 2>/dev/null", path);
        snprintf(wanted, sizeof(wanted), "[10de:%04x]", emu_chip_at((unsigned)i)->device);
        f = popen(command, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
            id |= strstr(line, wanted) != NULL;
            memory |= strstr(line, "Memory at") != NULL;
            express |= strstr(line, "Express") != NULL;
            msi |= strstr(line, "MSI:") != NULL;
            msix |= strstr(line, "MSI-X: Enable- Count=6") != NULL;
            aer |= strstr(line, "Advanced Error Reporting") != NULL;
            rebar |= strstr(line, "Physical Resizable BAR") != NULL;
            ats |= strstr(line, "Address Translation Service") != NULL;
            odd |= strstr(line, "nknown") || strstr(line, "Null") || strstr(line, "broken");
        }
        assert_int_equal(pclose(f), 0);
        unlink(path);
        assert_true(id && memory && express && msi && aer);
        assert_int_equal(msix, server);
        assert_int_equal(ats, server);
        assert_int_equal(rebar, i != 0); /* Ampere on */
        assert_false(odd);
        emu_gpu_destroy(gpu);
    }
}

static void
a_dump_is_sized_like_snprintf(void **state)
{
    struct emu_gpu *gpu = make("AD102");
    char small[16];
    const size_t n = emu_gpu_config_dump(gpu, 4096, NULL, 0);

    (void)state;
    assert_int_equal(n, emu_gpu_config_dump(gpu, 100000, small, sizeof(small)));
    assert_int_equal(strlen(small), 15);
    assert_true(n > 4096 * 3);
    emu_gpu_destroy(gpu);
}

static void
registers_answer_and_holes_say_so(void **state)
{
    struct emu_gpu *gpu = make("AD102");
    struct gsp_bus *bus = emu_gpu_bus(gpu);
    uint32_t before, after;

    (void)state;
    assert_int_equal(bus->ops->rd32(bus, 0, 0x0), 0x192000a1);
    assert_int_equal(bus->ops->rd32(bus, 0, 0xa00), 0x192a1000);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x118234), 0xff);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x1183a4), 24564);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x88000), 0x268410de);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x92000) >> 16, 0xbadf);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x5) >> 16, 0xffff);
    assert_int_equal(bus->ops->rd32(bus, 0, 0x500000) >> 16, 0xbadf);
    assert_int_equal(bus->ops->rd32(bus, 0, UINT64_MAX - 3) >> 16, 0xbadf);
    assert_int_equal(bus->ops->rd32(bus, 5, 0), UINT32_MAX);
    before = bus->ops->rd32(bus, 0, 0x9400);
    usleep(1000);
    after = bus->ops->rd32(bus, 0, 0x9400);
    assert_true(after - before >= 1000000);
    bus->ops->wr32(bus, 0, 0x500000, 1);
    assert_non_null(emu_gpu_note_at(gpu, 0));
    emu_gpu_destroy(gpu);
}

static void
dma_memory_is_zeroed_apart_and_never_reused(void **state)
{
    struct emu_gpu *gpu = make("AD102");
    struct gsp_bus *bus = emu_gpu_bus(gpu);
    struct gsp_dma a, b, c;

    (void)state;
    assert_int_equal(bus->ops->dma_alloc(bus, 1, &a), 0);
    assert_int_equal(bus->ops->dma_alloc(bus, 0x81000, &b), 0);
    assert_int_equal(a.bytes, 4096);
    assert_int_equal((uintptr_t)b.cpu % 4096, 0);
    assert_true(b.bus_addr >= a.bus_addr + 2 * 4096);
    for (size_t i = 0; i < b.bytes; i++)
        assert_int_equal(((uint8_t *)b.cpu)[i], 0);
    bus->ops->dma_free(bus, &a);
    assert_null(a.cpu);
    bus->ops->dma_free(bus, &a);
    assert_int_equal(bus->ops->dma_alloc(bus, 4096, &c), 0);
    assert_true(c.bus_addr > b.bus_addr);
    assert_int_equal(bus->ops->dma_alloc(bus, SIZE_MAX, &a), -12);
    bus->ops->dma_free(bus, &b);
    emu_gpu_destroy(gpu); /* takes c along */
}

static void
unknown_chips_and_unsupported_releases_are_named(void **state)
{
    struct emu_config config = {.chip = "NV04", .abi = raw_abi("570.144")};
    struct emu_gpu *gpu = NULL;
    char message[256];

    (void)state;
    assert_int_equal(emu_gpu_create(&config, &gpu, message, sizeof(message)), -2);
    assert_non_null(strstr(message, "AD102"));
    config = (struct emu_config){.chip = "GB202", .abi = raw_abi("535.113.01")};
    assert_int_equal(emu_gpu_create(&config, &gpu, message, sizeof(message)), -95);
    assert_non_null(strstr(message, "570."));
    assert_null(gpu);
}

static void
waiting_without_an_interrupt_times_out(void **state)
{
    struct emu_gpu *gpu = make("AD102");
    struct gsp_bus *bus = emu_gpu_bus(gpu);

    (void)state;
    assert_int_equal(bus->ops->irq_wait(bus, 0), -110);
    assert_int_equal(bus->ops->irq_wait(bus, 2000000), -110);
    emu_gpu_destroy(gpu);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_answer_with_their_size),
        cmocka_unit_test(ids_are_read_only_and_the_command_register_is_not),
        cmocka_unit_test(config_accesses_must_be_sound),
        cmocka_unit_test(the_capability_list_has_power_msi_and_express),
        cmocka_unit_test(lspci_reads_the_dump),
        cmocka_unit_test(a_dump_is_sized_like_snprintf),
        cmocka_unit_test(registers_answer_and_holes_say_so),
        cmocka_unit_test(dma_memory_is_zeroed_apart_and_never_reused),
        cmocka_unit_test(unknown_chips_and_unsupported_releases_are_named),
        cmocka_unit_test(waiting_without_an_interrupt_times_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
