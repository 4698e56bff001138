/* SPDX-License-Identifier: MIT */
/*
 * What the PCI files share.
 */
#ifndef PCI_PRIV_H
#define PCI_PRIV_H

#include <gsp/pci.h>

/** Fill caps, cap_count and features from config. */
void pci_read_caps(struct gsp_pci_device *device);

/** A card in sysfs, opened for one of the buses. */
struct pci_node {
    uint64_t bdf;
    char path[256];    /* its folder */
    char driver[32];   /* "" for none */
    int iommu_group;   /* -1: none */
    char vfio_dev[32]; /* "vfio0": its character device under /dev/vfio/devices; "" for none */
};

int bus_vfio_open(const struct gsp_pci_open_config *config, const struct pci_node *node,
                  struct gsp_bus **bus_out, struct gsp_error *err);
int bus_sysfs_open(const struct gsp_pci_open_config *config, const struct pci_node *node,
                   struct gsp_bus **bus_out, struct gsp_error *err);

#endif
