/* SPDX-License-Identifier: MIT */
/*
 * The two ways into the kernel's VFIO: a container with a group, and a character device of the
 * card's own over iommufd. Both end in a device descriptor and a space of bus addresses.
 */
#ifndef VFIO_ATTACH_H
#define VFIO_ATTACH_H

#include "pci_priv.h"

struct vfio_attach {
    int device, container, group; /* -1: none */
    int iommufd;                  /* >= 0: this way */
    uint32_t ioas;
};

int vfio_attach_open(struct vfio_attach *a, const struct pci_node *node, struct gsp_error *err);
void vfio_attach_close(struct vfio_attach *a);
/** 0 or a negative errno. */
int vfio_attach_map(const struct vfio_attach *a, void *cpu, uint64_t bus_addr, uint64_t bytes);
void vfio_attach_unmap(const struct vfio_attach *a, uint64_t bus_addr, uint64_t bytes);

#endif
