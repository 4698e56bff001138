/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: eventfds that the client sets, and the edge that signals them.
 *
 * SET_IRQS does for MSI-X what a kernel does: a vector with an eventfd is unmasked in the
 * card's table; a client that masks it there keeps its message pending.
 *
 * The card's interrupts leave through MSI-X when the client set vector 0 of it, else through
 * MSI, else through INTx, which is masked by its own delivery until the client unmasks it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "device.h"

enum { CAP_MSI = 0x05, CAP_MSIX = 0x11, CAPS_AT = 0x34, MAX_CAPS = 48 };
enum { BUS_MASTER = 1 << 2, INTX_OFF = 1 << 10 }; /* of the command register */

void
vu_irq_init(struct vu_device *dev)
{
    memset(&dev->irqs, 0, sizeof(dev->irqs));
    memset(dev->irqs.fds, 0xff, sizeof(dev->irqs.fds));
}

static void
drop(struct vu_device *dev, uint32_t index, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        int *fd = &dev->irqs.fds[index][i];

        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        if (index == VU_IRQ_MSIX)
            emu_gpu_msix_use(dev->gpu, i, false);
    }
}

void
vu_irq_fini(struct vu_device *dev)
{
    for (uint32_t index = 0; index < VU_IRQS; index++)
        drop(dev, index, 0, VU_MAX_VECTORS);
    vu_irq_init(dev);
}

void
vu_irq_restore(struct vu_device *dev)
{
    for (unsigned i = 0; i < VU_MAX_VECTORS; i++)
        if (dev->irqs.fds[VU_IRQ_MSIX][i] >= 0)
            emu_gpu_msix_use(dev->gpu, i, true);
}

void
vu_irq_counts(struct gsp_bus *bus, uint32_t counts_out[VU_IRQS])
{
    uint32_t at = 0, header = 0;

    memset(counts_out, 0, VU_IRQS * sizeof(counts_out[0]));
    bus->ops->config_read(bus, 0x3d, 1, &header);
    counts_out[VU_IRQ_INTX] = header ? 1 : 0;
    bus->ops->config_read(bus, CAPS_AT, 1, &at);
    for (unsigned i = 0; at && i < MAX_CAPS; i++, at = header >> 8 & 0xfc) {
        bus->ops->config_read(bus, at & 0xfc, 4, &header);
        if ((header & 0xff) == CAP_MSI)
            counts_out[VU_IRQ_MSI] = 1u << (header >> 17 & 7);
        else if ((header & 0xff) == CAP_MSIX)
            counts_out[VU_IRQ_MSIX] = (header >> 16 & 0x7ff) + 1;
    }
    for (unsigned i = 0; i < VU_IRQS; i++)
        if (counts_out[i] > VU_MAX_VECTORS)
            counts_out[i] = VU_MAX_VECTORS;
}

uint32_t
vu_irq_flags(uint32_t index)
{
    if (index == VU_IRQ_INTX)
        return VU_IRQ_EVENTFD | VU_IRQ_MASKABLE | VU_IRQ_AUTOMASKED;
    return VU_IRQ_EVENTFD | VU_IRQ_NORESIZE;
}

/* An eventfd whose counter is full has been signalled: nothing is lost by EAGAIN. */
static bool
signal_fd(int fd)
{
    const uint64_t one = 1;

    return fd >= 0 && write(fd, &one, sizeof(one)) == (ssize_t)sizeof(one);
}

static bool
command_has(struct vu_device *dev, uint32_t bit)
{
    uint32_t command = 0;

    return dev->bus->ops->config_read(dev->bus, 4, 2, &command) == 0 && command & bit;
}

/* False: not yet. A message is a write to system memory, for which the card must master the
 * bus. */
static bool
deliver_message(struct vu_device *dev)
{
    if (dev->irqs.fds[VU_IRQ_MSIX][0] >= 0) {
        if (emu_gpu_msix_raise(dev->gpu, 0))
            signal_fd(dev->irqs.fds[VU_IRQ_MSIX][0]);
        return true; /* or it is pending in the card */
    }
    if (!command_has(dev, BUS_MASTER))
        return false;
    signal_fd(dev->irqs.fds[VU_IRQ_MSI][0]);
    return true;
}

/* INTx is a level, and can be turned off. */
static void
deliver_intx(struct vu_device *dev)
{
    if (dev->irqs.fds[VU_IRQ_INTX][0] < 0 || dev->irqs.intx_masked ||
        !emu_gpu_interrupt_line(dev->gpu) || command_has(dev, INTX_OFF))
        return;
    dev->irqs.intx_masked = true;
    signal_fd(dev->irqs.fds[VU_IRQ_INTX][0]);
}

void
vu_irq_check(struct vu_device *dev)
{
    const bool messages =
        dev->irqs.fds[VU_IRQ_MSIX][0] >= 0 || dev->irqs.fds[VU_IRQ_MSI][0] >= 0;

    if (emu_gpu_take_interrupt(dev->gpu))
        dev->irqs.news = true;
    if (emu_gpu_msix_release(dev->gpu, 0))
        signal_fd(dev->irqs.fds[VU_IRQ_MSIX][0]);
    if (!messages)
        deliver_intx(dev);
    else if (dev->irqs.news && deliver_message(dev))
        dev->irqs.news = false;
}

struct irq_set {
    uint32_t argsz, flags, index, start, count;
    const uint8_t *bools;
};

static bool
is_one_bit(uint32_t value)
{
    return value && !(value & (value - 1));
}

/* Everything that decides how much is touched is checked here. */
static int
parse(const struct vu_device *dev, const struct vu_message *in, struct irq_set *set)
{
    if (in->body_bytes < 20)
        return -EINVAL;
    memcpy(&set->argsz, in->body, 4);
    memcpy(&set->flags, in->body + 4, 4);
    memcpy(&set->index, in->body + 8, 4);
    memcpy(&set->start, in->body + 12, 4);
    memcpy(&set->count, in->body + 16, 4);
    set->bools = in->body + 20;
    if (set->argsz < 20 || set->flags & ~(uint32_t)(VU_SET_DATA | VU_SET_ACTION) ||
        !is_one_bit(set->flags & VU_SET_DATA) || !is_one_bit(set->flags & VU_SET_ACTION) ||
        set->index >= VU_IRQS)
        return -EINVAL;
    if (set->start > dev->vectors[set->index] ||
        set->count > dev->vectors[set->index] - set->start)
        return -EINVAL;
    if (set->flags & VU_SET_BOOL && in->body_bytes - 20 < set->count)
        return -EINVAL;
    if (!set->count && (set->start || !(set->flags & VU_SET_NONE)))
        return -EINVAL;
    if (set->flags & VU_SET_EVENTFD ? in->fd_count && in->fd_count != set->count
                                    : in->fd_count != 0)
        return -EINVAL;
    return 0;
}

/* No descriptors at all takes away what was there. */
static int
set_eventfds(struct vu_device *dev, struct vu_message *in, const struct irq_set *set)
{
    drop(dev, set->index, set->start, set->count);
    for (uint32_t i = 0; i < in->fd_count; i++) {
        dev->irqs.fds[set->index][set->start + i] = in->fds[i];
        in->fds[i] = -1;
        if (set->index == VU_IRQ_MSIX)
            emu_gpu_msix_use(dev->gpu, set->start + i, true);
    }
    dev->irqs.intx_masked = false;
    dev->irqs.news = emu_gpu_interrupt_line(dev->gpu); /* what is pending is news to it */
    return 0;
}

static void
trigger(struct vu_device *dev, const struct irq_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->flags & VU_SET_NONE || set->bools[i])
            signal_fd(dev->irqs.fds[set->index][set->start + i]);
}

static int
set_mask(struct vu_device *dev, const struct irq_set *set)
{
    if (set->index != VU_IRQ_INTX || set->flags & VU_SET_EVENTFD)
        return -ENOTSUP;
    if (set->flags & VU_SET_BOOL && !set->bools[0])
        return 0;
    dev->irqs.intx_masked = set->flags & VU_SET_MASK;
    return 0;
}

int
vu_irq_set(struct vu_device *dev, struct vu_message *in)
{
    struct irq_set set;
    int rc = parse(dev, in, &set);

    if (rc < 0)
        return rc;
    if (!set.count) {
        if (set.flags & VU_SET_TRIGGER)
            drop(dev, set.index, 0, VU_MAX_VECTORS);
        return 0;
    }
    if (!(set.flags & VU_SET_TRIGGER))
        return set_mask(dev, &set);
    if (set.flags & VU_SET_EVENTFD)
        return set_eventfds(dev, in, &set);
    trigger(dev, &set);
    return 0;
}
