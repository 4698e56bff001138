/* SPDX-License-Identifier: MIT */
/**
 * Real cards: which there are, what PCI says about them, and a bus to one.
 *
 * Enumeration goes through libpci (loaded when it is first needed), so that it works on a
 * running system, on any tree that looks like sysfs, and on a dump that `lspci -x` wrote.
 * Nothing here writes to a device before gsp_pci_open(), and that unbinds or resets nothing
 * unless its caller says so. One caller at a time: libpci's errors arrive by longjmp.
 */
#ifndef GSP_PCI_H
#define GSP_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/bus.h>
#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GSP_PCI_VENDOR = 0x10de, GSP_PCI_CONFIG_MAX = 4096, GSP_PCI_CAPS_MAX = 48 };

/** Where to look. All NULL: this system. */
struct gsp_pci_source {
    const char *sysfs; /* in place of /sys/bus/pci */
    const char *dump;  /* a file of `lspci -x`, -xxx or -xxxx */
};

struct gsp_pci_bar {
    uint64_t address, bytes; /* bytes 0: absent; a dump does not know sizes */
    bool io, wide, prefetchable;
};

/** One capability, classic or extended. */
struct gsp_pci_cap {
    uint16_t id, at;
    bool extended;
    uint8_t version; /* extended ones */
};

/** What the capabilities say that a GPU's user asks for. */
struct gsp_pci_features {
    uint8_t link_gen, link_width;         /* now; 0: no PCIe capability */
    uint8_t link_gen_max, link_width_max; /* of the card */
    bool flr;                             /* function-level reset */
    uint16_t msi_vectors, msix_vectors;   /* 0: absent */
    bool msi_on, msix_on;
    bool ats, ats_on;
    uint64_t rebar_sizes[6]; /* bit n: the BAR can be 2^n MiB; 0: not resizable */
};

struct gsp_pci_device {
    uint64_t bdf; /* as in struct gsp_bus */
    uint16_t vendor, device, sub_vendor, sub_device;
    uint32_t class_id; /* 0x030000 */
    uint8_t revision;
    char name[96];     /* of the device, from pci.ids; "" when unknown */
    char sub_name[96]; /* of the board's vendor */
    char driver[32];   /* in use; "" for none */
    int iommu_group;   /* -1: none */
    int numa_node;     /* -1: unknown */
    struct gsp_pci_bar bars[6];
    uint8_t config[GSP_PCI_CONFIG_MAX];
    unsigned config_bytes; /* that could be read: 64 without the right to read more */
    struct gsp_pci_cap caps[GSP_PCI_CAPS_MAX];
    unsigned cap_count;
    struct gsp_pci_features features;
};

/**
 * Cards of vendor 0x10DE, display controllers first come first.
 *
 * @param source       NULL: this system
 * @param devices_out  free with gsp_pci_free_list()
 * @return 0 (also for none), -ENOSYS (libpci is not installed), -EIO (libpci's complaint is in
 *         *err), -ENOMEM
 */
GSP_MUST_CHECK int gsp_pci_scan(const struct gsp_pci_source *source,
                                struct gsp_pci_device **devices_out, unsigned *count_out,
                                struct gsp_error *err);
void gsp_pci_free_list(struct gsp_pci_device *devices);

/** "0000:01:00.0" or "01:00.0". 0 or -EINVAL. */
int gsp_pci_parse_bdf(const char *text, uint64_t *bdf_out, struct gsp_error *err);
/** The other way; returns text. */
char *gsp_pci_format_bdf(uint64_t bdf, char text[20]);

/** "MSI-X", "Physical Resizable BAR"; NULL when the id has no name here. */
const char *gsp_pci_cap_name(uint16_t id, bool extended);
/** What a capability says, in one line. Returns text. */
char *gsp_pci_cap_text(const struct gsp_pci_device *device, const struct gsp_pci_cap *cap,
                       char *text, size_t text_bytes);

/** How to reach a card's registers. */
enum gsp_pci_via {
    GSP_PCI_AUTO,  /* VFIO when vfio-pci has the card, else sysfs */
    GSP_PCI_VFIO,  /* its character device over iommufd, else container and group */
    GSP_PCI_SYSFS, /* resource files: root, and DMA without an IOMMU in between */
};

struct gsp_pci_open_config {
    uint64_t bdf;
    enum gsp_pci_via via;
    bool unbind;                 /* take the card from the driver that has it */
    const struct gsp_host *host; /* borrowed for the life of the bus; may be NULL */
    const char *sysfs;           /* NULL: /sys/bus/pci */
};

/**
 * A bus to one card.
 *
 * @return 0, -ENODEV (no such card, or not NVIDIA's), -EBUSY (a driver has it), -EACCES (the
 *         hint says which right is missing), -EOPNOTSUPP (no way to do DMA), or what the kernel
 *         said
 */
GSP_MUST_CHECK int gsp_pci_open(const struct gsp_pci_open_config *config,
                                struct gsp_bus **bus_out, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
