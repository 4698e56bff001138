/* SPDX-License-Identifier: MIT */
/*
 * From an address to a bus: what has the card now, what may be done about it, and which way in
 * fits. Every refusal says what to do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci_priv.h"

int
gsp_pci_parse_bdf(const char *text, uint64_t *bdf_out, struct gsp_error *err)
{
    unsigned domain = 0, bus, device, function;
    int used = -1;

    if (sscanf(text, "%x:%x:%x.%x%n", &domain, &bus, &device, &function, &used) != 4 ||
        used < 0) {
        domain = 0;
        used = -1;
        if (sscanf(text, "%x:%x.%x%n", &bus, &device, &function, &used) != 3)
            used = -1;
    }
    if (used < 0 || text[used] || text[strspn(text, "0123456789abcdefABCDEF:.")] ||
        bus > 0xff || device > 0x1f || function > 7) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' is no PCI address", text);
        gsp_hint(err, "such as 0000:01:00.0; pci list shows them");
        return -EINVAL;
    }
    *bdf_out = (uint64_t)domain << 32 | bus << 8 | device << 3 | function;
    return 0;
}

char *
gsp_pci_format_bdf(uint64_t bdf, char text[20])
{
    snprintf(text, 20, "%04x:%02x:%02x.%x", (unsigned)(bdf >> 32), (unsigned)(bdf >> 8 & 0xff),
             (unsigned)(bdf >> 3 & 0x1f), (unsigned)(bdf & 7));
    return text;
}

/* The last word of a link's target; "" when there is no link. */
static void
link_name(const char *dir, const char *name, char *out, size_t bytes)
{
    char path[300], target[256];
    const char *word;
    size_t length;
    ssize_t n;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    n = readlink(path, target, sizeof(target) - 1);
    target[n > 0 ? n : 0] = 0;
    word = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
    length = strnlen(word, bytes - 1);
    memcpy(out, word, length);
    out[length] = 0;
}

static unsigned
hex_file(const char *dir, const char *name)
{
    char path[300], text[16] = "";
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, text, sizeof(text) - 1) < 0)
            text[0] = 0;
        close(fd);
    }
    return (unsigned)strtoul(text, NULL, 16);
}

/* The card's node of the newer interface: vfio-dev/vfioN. */
static void
find_vfio_dev(struct pci_node *node)
{
    char path[300];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/vfio-dev", node->path);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        if (!strncmp(entry->d_name, "vfio", 4) && strlen(entry->d_name) < 24)
            snprintf(node->vfio_dev, sizeof(node->vfio_dev), "%.24s", entry->d_name);
    if (dir)
        closedir(dir);
}

static int
look_at(const struct gsp_pci_open_config *config, struct pci_node *node, struct gsp_error *err)
{
    char bdf[20], group[16];
    unsigned vendor;

    memset(node, 0, sizeof(*node));
    node->bdf = config->bdf;
    snprintf(node->path, sizeof(node->path), "%.200s/devices/%s",
             config->sysfs ? config->sysfs : "/sys/bus/pci",
             gsp_pci_format_bdf(config->bdf, bdf));
    if (access(node->path, F_OK) < 0) {
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "there is no PCI device %s", bdf);
        gsp_hint(err, "pci list shows the cards of this system");
        return -ENODEV;
    }
    vendor = hex_file(node->path, "vendor");
    if (vendor != GSP_PCI_VENDOR)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV,
                        "%s is of vendor %04x, not NVIDIA's (10de)", bdf, vendor);
    link_name(node->path, "driver", node->driver, sizeof(node->driver));
    link_name(node->path, "iommu_group", group, sizeof(group));
    node->iommu_group = group[0] ? atoi(group) : -1;
    find_vfio_dev(node);
    return 0;
}

static int
write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

static int
unbind(struct pci_node *node, struct gsp_error *err)
{
    char path[300], bdf[20];
    int rc;

    snprintf(path, sizeof(path), "%s/driver/unbind", node->path);
    rc = write_file(path, gsp_pci_format_bdf(node->bdf, bdf));
    if (rc < 0) {
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "%s: unbinding it from %s: %s", bdf,
                 node->driver, strerror(-rc));
        gsp_hint(err, "unbinding takes root");
        return rc;
    }
    node->driver[0] = 0;
    return 0;
}

/* Somebody else's driver: said, and left alone. */
static int
fail_busy(const struct pci_node *node, struct gsp_error *err)
{
    char bdf[20];

    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EBUSY, "%s: driver %s has the card",
             gsp_pci_format_bdf(node->bdf, bdf), node->driver);
    gsp_hint(err,
             "as root: echo %s > /sys/bus/pci/drivers/%s/unbind (pci:%s?unbind does it); then "
             "bind it to vfio-pci (driver_override), IOMMU group %d",
             bdf, node->driver, bdf, node->iommu_group);
    return -EBUSY;
}

static bool
has_vfio(const struct pci_node *node)
{
    return !strcmp(node->driver, "vfio-pci");
}

int
gsp_pci_open(const struct gsp_pci_open_config *config, struct gsp_bus **bus_out,
             struct gsp_error *err)
{
    struct pci_node node;
    int rc = look_at(config, &node, err);

    if (rc < 0)
        return rc;
    if (node.driver[0] && !has_vfio(&node)) {
        if (!config->unbind)
            return fail_busy(&node, err);
        rc = unbind(&node, err);
        if (rc < 0)
            return rc;
    }
    if (config->via == GSP_PCI_VFIO || (config->via == GSP_PCI_AUTO && has_vfio(&node)))
        return bus_vfio_open(config, &node, bus_out, err);
    return bus_sysfs_open(config, &node, bus_out, err);
}
