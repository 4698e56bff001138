/* SPDX-License-Identifier: MIT */
/*
 * Files that the module makes in /proc/driver/nvidia, and those that PCI's core makes in /sys
 * for a card: one table of the module's, one of each card's.
 *
 * Words and spaces as nv-procfs.c and nv-caps.c print them; programs take them apart by those.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kmod_priv.h"

enum { CONFIG_BYTES = 4096, BARS = 13, MEMORY_BAR = 0x200, WIDE = 0x100000, PREFETCH = 0x2000 };

/* Text that is put together piece by piece; never longer than its room. */
struct text {
    char *to;
    size_t room, used;
};

__attribute__((format(printf, 2, 3))) static void
put(struct text *t, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(t->to + t->used, t->room - t->used, format, ap);
    va_end(ap);
    if (n > 0)
        t->used += (size_t)n < t->room - t->used ? (size_t)n : t->room - t->used - 1;
}

/* The module */

static const char *
release(const struct emu_kmod *k)
{
    return nvrm_release_name(k->abi.schema, k->abi.release);
}

static void
version(struct emu_kmod *k, struct text *t)
{
    put(t,
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build "
        " (nvrm, emulated)\nGCC version:  none\n",
        release(k));
}

static void
module_version(struct emu_kmod *k, struct text *t)
{
    put(t, "%s\n", release(k));
}

static void
live(struct emu_kmod *k, struct text *t)
{
    (void)k;
    put(t, "live\n");
}

static void
devices(struct emu_kmod *k, struct text *t)
{
    (void)k;
    put(t, "Character devices:\n  1 mem\n  5 /dev/tty\n195 nvidia\n195 nvidiactl\n510 "
           "nvidia-caps\n511 nvidia-uvm\n\nBlock devices:\n");
}

/* Parameters at their defaults (nv-reg.h of 570.144). */
static void
params(struct emu_kmod *k, struct text *t)
{
    static const struct {
        const char *name;
        unsigned value;
    } rows[] = {
        {"ResmanDebugLevel",                           UINT32_MAX},
        {"RmLogonRC",                                  1         },
        {"ModifyDeviceFiles",                          1         },
        {"DeviceFileUID",                              0         },
        {"DeviceFileGID",                              0         },
        {"DeviceFileMode",                             0666      },
        {"InitializeSystemMemoryAllocations",          1         },
        {"UsePageAttributeTable",                      UINT32_MAX},
        {"EnableMSI",                                  1         },
        {"EnablePCIeGen3",                             0         },
        {"MemoryPoolSize",                             0         },
        {"KMallocHeapMaxSize",                         0         },
        {"VMallocHeapMaxSize",                         0         },
        {"IgnoreMMIOCheck",                            0         },
        {"EnableStreamMemOPs",                         0         },
        {"EnableUserNUMAManagement",                   1         },
        {"NvLinkDisable",                              0         },
        {"RmProfilingAdminOnly",                       1         },
        {"PreserveVideoMemoryAllocations",             0         },
        {"EnableS0ixPowerManagement",                  0         },
        {"S0ixPowerManagementVideoMemoryThreshold",    256       },
        {"DynamicPowerManagement",                     3         },
        {"DynamicPowerManagementVideoMemoryThreshold", 200       },
        {"RegisterPCIDriver",                          1         },
        {"EnablePCIERelaxedOrderingMode",              0         },
        {"EnableResizableBar",                         0         },
        {"EnableGpuFirmware",                          18        },
        {"EnableGpuFirmwareLogs",                      2         },
        {"EnableDbgBreakpoint",                        0         },
        {"OpenRmEnableUnsupportedGpus",                1         },
        {"DmaRemapPeerMmio",                           1         },
    };
    static const char *const strings[] = {
        "RegistryDwords", "RegistryDwordsPerDevice", "RmMsg",
        "GpuBlacklist",   "TemporaryFilePath",       "ExcludedGpus"};

    (void)k;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        put(t, "%s: %u\n", rows[i].name, rows[i].value);
    for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++)
        put(t, "%s: \"\"\n", strings[i]);
}

static void
registry(struct emu_kmod *k, struct text *t)
{
    (void)k;
    put(t, "Binary: \"\"\n");
}

static void
capability(struct text *t, unsigned minor)
{
    put(t, "DeviceFileMinor: %u\nDeviceFileMode: %u\nDeviceFileModify: 1\n", minor, 0400u);
}

static void
mig_config(struct emu_kmod *k, struct text *t)
{
    (void)k;
    capability(t, 1);
}

static void
mig_monitor(struct emu_kmod *k, struct text *t)
{
    (void)k;
    capability(t, 2);
}

static void
mig_minors(struct emu_kmod *k, struct text *t)
{
    (void)k;
    put(t, "config 1\nmonitor 2\n");
}

/* A card */

static void
information(struct kmod_card *card, struct text *t)
{
    uint8_t uuid[16];
    const struct emu_card *chip = card->gpu->card;

    kmod_uuid(card, uuid);
    put(t, "Model: \t\t %s\nIRQ:   \t\t %u\nGPU UUID: \t GPU-", chip->pub.product,
        kmod_irq(card));
    for (int i = 0; i < 16; i++)
        put(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    put(t, "\nVideo BIOS: \t %s\nBus Type: \t PCIe\n", chip->vbios_version);
    put(t, "DMA Size: \t %d bits\nDMA Mask: \t 0x%llx\n", 47, (1ULL << 47) - 1);
    put(t, "Bus Location: \t %04x:%02x:%02x.0\nDevice Minor: \t %u\n", card->domain, card->bus,
        card->slot, card->minor);
    put(t, "GPU Firmware: \t %s\nGPU Excluded:\t No\n", release(card->kmod));
}

static void
card_registry(struct kmod_card *card, struct text *t)
{
    registry(card->kmod, t);
}

static void
power(struct kmod_card *card, struct text *t)
{
    (void)card;
    put(t,
        "Runtime D3 status:          Disabled by default\n"
        "Video Memory:               Active\n\nGPU Hardware Support:\n"
        " Video Memory Self Refresh: Not Supported\n"
        " Video Memory Off:          Not Supported\n\nS0ix Power Management:\n"
        " Platform Support:          Not Supported\n"
        " Status:                    Disabled\n\nNotebook Dynamic Boost:     Not Supported\n");
}

static uint32_t
config32(const struct kmod_card *card, uint32_t offset)
{
    uint32_t value = 0;

    (void)emu_config_read(card->gpu, offset, 4, &value);
    return value;
}

static void
config(struct kmod_card *card, struct text *t)
{
    for (uint32_t off = 0; off < CONFIG_BYTES && t->used + 4 <= t->room; off += 4) {
        const uint32_t value = config32(card, off);

        memcpy(t->to + t->used, &value, 4);
        t->used += 4;
    }
}

static void
vendor_id(struct kmod_card *card, struct text *t)
{
    put(t, "0x%04x\n", config32(card, 0) & 0xffff);
}

static void
device_id(struct kmod_card *card, struct text *t)
{
    put(t, "0x%04x\n", config32(card, 0) >> 16);
}

static void
subsystem_vendor(struct kmod_card *card, struct text *t)
{
    put(t, "0x%04x\n", config32(card, 0x2c) & 0xffff);
}

static void
subsystem_device(struct kmod_card *card, struct text *t)
{
    put(t, "0x%04x\n", config32(card, 0x2c) >> 16);
}

static void
class_id(struct kmod_card *card, struct text *t)
{
    put(t, "0x%06x\n", config32(card, 8) >> 8);
}

static void
revision(struct kmod_card *card, struct text *t)
{
    put(t, "0x%02x\n", config32(card, 8) & 0xff);
}

static void
irq(struct kmod_card *card, struct text *t)
{
    put(t, "%u\n", kmod_irq(card));
}

static void
numa_node(struct kmod_card *card, struct text *t)
{
    (void)card;
    put(t, "-1\n");
}

static void
enable(struct kmod_card *card, struct text *t)
{
    (void)card;
    put(t, "1\n");
}

/* BAR0 is registers; BAR1 and BAR3, of two words each, show memory. */
static void
resource(struct kmod_card *card, struct text *t)
{
    for (unsigned i = 0; i < BARS; i++) {
        const struct kmod_bar bar = kmod_bar(card, i);

        put(t, "0x%016llx 0x%016llx 0x%016llx\n", (unsigned long long)bar.at,
            (unsigned long long)(bar.bytes ? bar.at + bar.bytes - 1 : 0),
            bar.bytes ? MEMORY_BAR | (i ? WIDE | PREFETCH | 0xcULL : 0) : 0ULL);
    }
}

static void
uevent(struct kmod_card *card, struct text *t)
{
    const uint32_t ids = config32(card, 0), sub = config32(card, 0x2c);

    put(t, "DRIVER=nvidia\nPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n",
        config32(card, 8) >> 8, ids & 0xffff, ids >> 16, sub & 0xffff, sub >> 16);
    put(t, "PCI_SLOT_NAME=%04x:%02x:%02x.0\n", card->domain, card->bus, card->slot);
}

/* The tables */

static const struct {
    const char *path;
    void (*write)(struct emu_kmod *k, struct text *t);
} files[] = {
    {"/proc/driver/nvidia/version",                  version       },
    {"/proc/driver/nvidia/params",                   params        },
    {"/proc/driver/nvidia/registry",                 registry      },
    {"/proc/driver/nvidia/capabilities/mig/config",  mig_config    },
    {"/proc/driver/nvidia/capabilities/mig/monitor", mig_monitor   },
    {"/proc/driver/nvidia-caps/mig-minors",          mig_minors    },
    {"/sys/module/nvidia/version",                   module_version},
    {"/sys/module/nvidia/initstate",                 live          },
    {"/sys/module/nvidia_uvm/initstate",             live          },
    {"/proc/devices",                                devices       },
};

static const struct {
    const char *folder, *name;
    void (*write)(struct kmod_card *card, struct text *t);
} card_files[] = {
    {"/proc/driver/nvidia/gpus", "information",      information     },
    {"/proc/driver/nvidia/gpus", "registry",         card_registry   },
    {"/proc/driver/nvidia/gpus", "power",            power           },
    {"/sys/bus/pci/devices",     "config",           config          },
    {"/sys/bus/pci/devices",     "vendor",           vendor_id       },
    {"/sys/bus/pci/devices",     "device",           device_id       },
    {"/sys/bus/pci/devices",     "subsystem_vendor", subsystem_vendor},
    {"/sys/bus/pci/devices",     "subsystem_device", subsystem_device},
    {"/sys/bus/pci/devices",     "class",            class_id        },
    {"/sys/bus/pci/devices",     "revision",         revision        },
    {"/sys/bus/pci/devices",     "resource",         resource        },
    {"/sys/bus/pci/devices",     "irq",              irq             },
    {"/sys/bus/pci/devices",     "numa_node",        numa_node       },
    {"/sys/bus/pci/devices",     "enable",           enable          },
    {"/sys/bus/pci/devices",     "uevent",           uevent          },
};

enum {
    OF_MODULE = sizeof(files) / sizeof(*files),
    OF_CARD = sizeof(card_files) / sizeof(*card_files),
};

const char *
emu_kmod_file_path(struct emu_kmod *k, unsigned i)
{
    const unsigned n = i - OF_MODULE;
    const struct kmod_card *card;

    if (i < OF_MODULE)
        return files[i].path;
    if (n / OF_CARD >= k->cards)
        return NULL;
    card = &k->card[n / OF_CARD];
    (void)snprintf(k->path, sizeof(k->path), "%s/%04x:%02x:%02x.0/%s",
                   card_files[n % OF_CARD].folder, card->domain, card->bus, card->slot,
                   card_files[n % OF_CARD].name);
    return k->path;
}

ssize_t
emu_kmod_file_read(struct emu_kmod *k, unsigned i, void *to, size_t bytes)
{
    struct text t = {to, bytes, 0};
    const unsigned n = i - OF_MODULE;

    if (!bytes)
        return 0;
    if (i < OF_MODULE)
        files[i].write(k, &t);
    else if (n / OF_CARD < k->cards)
        card_files[n % OF_CARD].write(&k->card[n / OF_CARD], &t);
    else
        return -ENOENT;
    return (ssize_t)t.used;
}
