/* SPDX-License-Identifier: MIT */
/*
 * Enumeration through libpci. The library is loaded when a scan starts and let go when it ends:
 * most programs never look at PCI, and there is no static libpci to link. Its error callback
 * must not return and gets no context, so that errors leave it by longjmp to a jump buffer of
 * this thread.
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>

#include "pci_priv.h"

struct libpci {
    void *handle;
    struct pci_access *(*alloc)(void);
    void (*init)(struct pci_access *);
    void (*cleanup)(struct pci_access *);
    void (*scan_bus)(struct pci_access *);
    int (*set_param)(struct pci_access *, char *, char *);
    int (*fill_info)(struct pci_dev *, int);
    int (*read_block)(struct pci_dev *, int, u8 *, int);
    char *(*get_string_property)(struct pci_dev *, u32);
    char *(*lookup_name)(struct pci_access *, char *, int, int, ...);
};

struct list {
    struct gsp_pci_device *devices;
    unsigned count, cap;
};

static _Thread_local struct {
    jmp_buf *jump;
    char text[160];
} complaint;

static void on_error(char *message, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void
on_error(char *message, ...)
{
    va_list ap;

    va_start(ap, message);
    vsnprintf(complaint.text, sizeof(complaint.text), message, ap);
    va_end(ap);
    longjmp(*complaint.jump, 1);
}

static void
on_message(char *message, ...) /* NOLINT(readability-non-const-parameter): libpci's type */
{
    (void)message; /* libraries are silent */
}

static int
load(struct libpci *lib, struct gsp_error *err)
{
    struct {
        const char *name;
        void *where;
    } symbols[] = {
        {"pci_alloc",               &lib->alloc              },
        {"pci_init",                &lib->init               },
        {"pci_cleanup",             &lib->cleanup            },
        {"pci_scan_bus",            &lib->scan_bus           },
        {"pci_set_param",           &lib->set_param          },
        {"pci_fill_info",           &lib->fill_info          },
        {"pci_read_block",          &lib->read_block         },
        {"pci_get_string_property", &lib->get_string_property},
        {"pci_lookup_name",         &lib->lookup_name        },
    };

    lib->handle = dlopen("libpci.so.3", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; lib->handle && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *symbol = dlsym(lib->handle, symbols[i].name);

        if (!symbol) {
            dlclose(lib->handle);
            lib->handle = NULL;
        }
        memcpy(symbols[i].where, &symbol, sizeof(symbol));
    }
    if (lib->handle)
        return 0;
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOSYS, "libpci is not installed: no look at PCI");
    gsp_hint(err, "Debian has it in libpci3");
    return -ENOSYS;
}

static void
copy_text(char *to, size_t bytes, const char *from)
{
    snprintf(to, bytes, "%s", from ? from : "");
}

static void
fill_names(const struct libpci *lib, struct pci_access *acc, struct gsp_pci_device *d)
{
    const int only_known = PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB;
    char text[96];

    copy_text(d->name, sizeof(d->name),
              lib->lookup_name(acc, text, sizeof(text), PCI_LOOKUP_DEVICE | only_known,
                               d->vendor, d->device));
    copy_text(d->sub_name, sizeof(d->sub_name),
              lib->lookup_name(acc, text, sizeof(text),
                               PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_VENDOR | only_known,
                               d->sub_vendor));
}

static void
fill_bars(const struct pci_dev *p, struct gsp_pci_device *d)
{
    for (unsigned i = 0; i < 6; i++) {
        const uint64_t base = p->base_addr[i];
        struct gsp_pci_bar *bar = &d->bars[i];

        bar->io = base & PCI_BASE_ADDRESS_SPACE_IO;
        bar->address = base & (bar->io ? PCI_ADDR_IO_MASK : PCI_ADDR_MEM_MASK);
        bar->bytes = p->size[i];
        bar->wide =
            !bar->io && (base & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
        bar->prefetchable = !bar->io && base & PCI_BASE_ADDRESS_MEM_PREFETCH;
    }
}

/* As much as the caller may read: the extended part takes root. */
static void
fill_config(const struct libpci *lib, struct pci_dev *p, struct gsp_pci_device *d)
{
    static const unsigned sizes[] = {4096, 256, 64};

    for (unsigned i = 0; i < 3; i++)
        if (lib->read_block(p, 0, d->config, (int)sizes[i])) {
            d->config_bytes = sizes[i];
            return;
        }
}

static uint32_t
config_at(const struct gsp_pci_device *d, unsigned at, unsigned width)
{
    uint32_t value = 0;

    memcpy(&value, d->config + at, width);
    return value;
}

static void
fill(const struct libpci *lib, struct pci_access *acc, struct pci_dev *p,
     struct gsp_pci_device *d)
{
    const char *group;

    lib->fill_info(p, PCI_FILL_IDENT | PCI_FILL_BASES | PCI_FILL_SIZES | PCI_FILL_CLASS |
                          PCI_FILL_NUMA_NODE | PCI_FILL_DRIVER | PCI_FILL_IOMMU_GROUP);
    d->bdf = (uint64_t)(unsigned)p->domain << 32 | (uint64_t)p->bus << 8 |
             (uint64_t)p->dev << 3 | p->func;
    d->vendor = p->vendor_id;
    d->device = p->device_id;
    fill_config(lib, p, d);
    d->sub_vendor = (uint16_t)config_at(d, 0x2c, 2);
    d->sub_device = (uint16_t)config_at(d, 0x2e, 2);
    d->revision = (uint8_t)config_at(d, 8, 1);
    d->class_id = (uint32_t)p->device_class << 8 | config_at(d, 9, 1);
    d->numa_node = p->known_fields & PCI_FILL_NUMA_NODE ? p->numa_node : -1;
    copy_text(d->driver, sizeof(d->driver), lib->get_string_property(p, PCI_FILL_DRIVER));
    group = lib->get_string_property(p, PCI_FILL_IOMMU_GROUP);
    d->iommu_group = group ? atoi(group) : -1;
    fill_bars(p, d);
    fill_names(lib, acc, d);
    pci_read_caps(d);
}

static int
add(const struct libpci *lib, struct pci_access *acc, struct pci_dev *p, struct list *list)
{
    lib->fill_info(p, PCI_FILL_IDENT);
    if (p->vendor_id != GSP_PCI_VENDOR)
        return 0;
    if (list->count == list->cap) {
        const unsigned cap = list->cap ? 2 * list->cap : 4;
        struct gsp_pci_device *grown = realloc(list->devices, cap * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        list->devices = grown;
        list->cap = cap;
    }
    memset(&list->devices[list->count], 0, sizeof(list->devices[0]));
    fill(lib, acc, p, &list->devices[list->count++]);
    return 0;
}

static void
configure(const struct libpci *lib, struct pci_access *acc, const struct gsp_pci_source *source)
{
    acc->error = on_error;
    acc->warning = on_message;
    acc->debug = on_message;
    if (source && source->dump) {
        acc->method = PCI_ACCESS_DUMP;
        lib->set_param(acc, (char *)"dump.name", (char *)source->dump);
    } else if (source && source->sysfs) {
        acc->method = PCI_ACCESS_SYS_BUS_PCI;
        lib->set_param(acc, (char *)"sysfs.path", (char *)source->sysfs);
    }
}

/* All that may longjmp happens in here; the list keeps what was found before. */
static int
scan(const struct libpci *lib, struct pci_access *acc, const struct gsp_pci_source *source,
     struct list *list)
{
    jmp_buf jump;

    if (setjmp(jump))
        return -EIO;
    complaint.jump = &jump;
    configure(lib, acc, source);
    lib->init(acc);
    lib->scan_bus(acc);
    for (struct pci_dev *p = acc->devices; p; p = p->next)
        if (add(lib, acc, p, list) < 0)
            return -ENOMEM;
    return 0;
}

static void
clean_up(const struct libpci *lib, struct pci_access *acc)
{
    jmp_buf jump;

    if (setjmp(jump))
        return;
    complaint.jump = &jump;
    lib->cleanup(acc);
}

/* Displays before their sound and USB functions, then by address. */
static int
compare(const void *a, const void *b)
{
    const struct gsp_pci_device *x = a, *y = b;
    const bool x_display = x->class_id >> 16 == 3, y_display = y->class_id >> 16 == 3;

    if (x_display != y_display)
        return x_display ? -1 : 1;
    return x->bdf < y->bdf ? -1 : x->bdf > y->bdf;
}

int
gsp_pci_scan(const struct gsp_pci_source *source, struct gsp_pci_device **devices_out,
             unsigned *count_out, struct gsp_error *err)
{
    struct libpci lib;
    struct list list = {0};
    struct pci_access *acc;
    int rc = load(&lib, err);

    if (rc < 0)
        return rc;
    acc = lib.alloc();
    rc = scan(&lib, acc, source, &list);
    clean_up(&lib, acc);
    dlclose(lib.handle);
    if (rc < 0) {
        free(list.devices);
        return rc == -EIO
                   ? gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "libpci: %s", complaint.text)
                   : gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory for a list of cards");
    }
    if (list.count)
        qsort(list.devices, list.count, sizeof(list.devices[0]), compare);
    *devices_out = list.devices;
    *count_out = list.count;
    return 0;
}

void
gsp_pci_free_list(struct gsp_pci_device *devices)
{
    free(devices);
}
