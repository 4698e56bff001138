/* SPDX-License-Identifier: MIT */
/*
 * VFIO's containers, groups and iommufd. Numbers of <linux/vfio.h>; those of iommufd and of the
 * character devices (Linux 6.2 and 6.6) are spelled out, since older headers lack them.
 */
#include "vfio_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct bind_iommufd {
    uint32_t argsz, flags;
    int32_t iommufd;
    uint32_t device_id;
};
struct attach_pt {
    uint32_t argsz, flags, pt_id;
};
struct ioas_alloc {
    uint32_t size, flags, ioas_id;
};
struct ioas_map {
    uint32_t size, flags, ioas_id, reserved;
    uint64_t user_va, bytes, iova;
};
struct ioas_unmap {
    uint32_t size, ioas_id;
    uint64_t iova, bytes;
};

#define DEVICE_BIND_IOMMUFD      _IO(VFIO_TYPE, VFIO_BASE + 18)
#define DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#define IOAS_ALLOC               _IO(';', 0x81)
#define IOAS_MAP                 _IO(';', 0x85)
#define IOAS_UNMAP               _IO(';', 0x86)

enum { MAP_FIXED_READ_WRITE = 7 };

static int
fail_open(const char *path, const struct pci_node *node, int rc, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "%s: %s", path, strerror(-rc));
    if (rc == -EACCES || rc == -EPERM)
        gsp_hint(err, "give your user read and write permission on %s", path);
    else if (rc == -ENOENT)
        gsp_hint(err, "load vfio-pci and bind the card to it (IOMMU group %d)",
                 node->iommu_group);
    else if (rc == -EBUSY)
        gsp_hint(err, "another program has the card open");
    return rc;
}

static int
open_node(const char *path, int *fd_out)
{
    *fd_out = open(path, O_RDWR | O_CLOEXEC);
    return *fd_out < 0 ? -errno : 0;
}

/* The newer way. -ENOENT when kernel or card do not have it. */
static int
open_iommufd(struct vfio_attach *a, const struct pci_node *node, struct gsp_error *err)
{
    struct bind_iommufd bind = {.argsz = sizeof(bind)};
    struct ioas_alloc ioas = {.size = sizeof(ioas)};
    struct attach_pt attach = {.argsz = sizeof(attach)};
    char path[64];
    int rc;

    if (!node->vfio_dev[0] || access("/dev/iommu", F_OK) < 0)
        return -ENOENT;
    snprintf(path, sizeof(path), "/dev/vfio/devices/%s", node->vfio_dev);
    rc = open_node(path, &a->device);
    if (rc < 0)
        return rc == -ENOENT ? rc : fail_open(path, node, rc, err);
    rc = open_node("/dev/iommu", &a->iommufd);
    if (rc < 0)
        return fail_open("/dev/iommu", node, rc, err);
    bind.iommufd = a->iommufd;
    if (ioctl(a->device, DEVICE_BIND_IOMMUFD, &bind) < 0 ||
        ioctl(a->iommufd, IOAS_ALLOC, &ioas) < 0)
        return fail_open(path, node, -errno, err);
    a->ioas = attach.pt_id = ioas.ioas_id;
    if (ioctl(a->device, DEVICE_ATTACH_IOMMUFD_PT, &attach) < 0)
        return fail_open(path, node, -errno, err);
    return 0;
}

static int
check_group(const struct vfio_attach *a, const char *path, const struct pci_node *node,
            struct gsp_error *err)
{
    struct vfio_group_status status = {.argsz = sizeof(status)};

    if (ioctl(a->group, VFIO_GROUP_GET_STATUS, &status) < 0)
        return fail_open(path, node, -errno, err);
    if (status.flags & VFIO_GROUP_FLAGS_VIABLE)
        return 0;
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EBUSY, "%s: a driver has another device of the group",
             path);
    gsp_hint(err,
             "bind every device of IOMMU group %d to vfio-pci, or leave it without a "
             "driver (/sys/kernel/iommu_groups/%d/devices)",
             node->iommu_group, node->iommu_group);
    return -EBUSY;
}

static int
open_group(struct vfio_attach *a, const struct pci_node *node, struct gsp_error *err)
{
    char path[64], bdf[20];
    int rc;

    if (node->iommu_group < 0) {
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "%s is in no IOMMU group",
                 gsp_pci_format_bdf(node->bdf, bdf));
        gsp_hint(err,
                 "switch the IOMMU on (firmware setup; intel_iommu=on), or use "
                 "pci:%s?sysfs as root",
                 bdf);
        return -EOPNOTSUPP;
    }
    snprintf(path, sizeof(path), "/dev/vfio/%d", node->iommu_group);
    rc = open_node("/dev/vfio/vfio", &a->container);
    if (rc < 0)
        return fail_open("/dev/vfio/vfio", node, rc, err);
    rc = open_node(path, &a->group);
    if (rc < 0)
        return fail_open(path, node, rc, err);
    rc = check_group(a, path, node, err);
    if (rc < 0)
        return rc;
    if (ioctl(a->group, VFIO_GROUP_SET_CONTAINER, &a->container) < 0 ||
        ioctl(a->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
        return fail_open(path, node, -errno, err);
    a->device = ioctl(a->group, VFIO_GROUP_GET_DEVICE_FD, gsp_pci_format_bdf(node->bdf, bdf));
    return a->device < 0 ? fail_open(path, node, -errno, err) : 0;
}

int
vfio_attach_open(struct vfio_attach *a, const struct pci_node *node, struct gsp_error *err)
{
    int rc;

    *a = (struct vfio_attach){.device = -1, .container = -1, .group = -1, .iommufd = -1};
    rc = open_iommufd(a, node, err);
    if (rc == -ENOENT)
        rc = open_group(a, node, err);
    if (rc < 0)
        vfio_attach_close(a);
    return rc;
}

void
vfio_attach_close(struct vfio_attach *a)
{
    int *const fds[] = {&a->device, &a->group, &a->container, &a->iommufd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

int
vfio_attach_map(const struct vfio_attach *a, void *cpu, uint64_t bus_addr, uint64_t bytes)
{
    struct ioas_map new_map = {.size = sizeof(new_map),
                               .flags = MAP_FIXED_READ_WRITE,
                               .ioas_id = a->ioas,
                               .user_va = (uintptr_t)cpu,
                               .bytes = bytes,
                               .iova = bus_addr};
    struct vfio_iommu_type1_dma_map old_map = {.argsz = sizeof(old_map),
                                               .flags = VFIO_DMA_MAP_FLAG_READ |
                                                        VFIO_DMA_MAP_FLAG_WRITE,
                                               .vaddr = (uintptr_t)cpu,
                                               .iova = bus_addr,
                                               .size = bytes};
    const int rc = a->iommufd >= 0 ? ioctl(a->iommufd, IOAS_MAP, &new_map)
                                   : ioctl(a->container, VFIO_IOMMU_MAP_DMA, &old_map);

    return rc < 0 ? -errno : 0;
}

void
vfio_attach_unmap(const struct vfio_attach *a, uint64_t bus_addr, uint64_t bytes)
{
    struct ioas_unmap new_unmap = {
        .size = sizeof(new_unmap), .ioas_id = a->ioas, .iova = bus_addr, .bytes = bytes};
    struct vfio_iommu_type1_dma_unmap old_unmap = {
        .argsz = sizeof(old_unmap), .iova = bus_addr, .size = bytes};

    if (a->iommufd >= 0)
        ioctl(a->iommufd, IOAS_UNMAP, &new_unmap);
    else
        ioctl(a->container, VFIO_IOMMU_UNMAP_DMA, &old_unmap);
}
