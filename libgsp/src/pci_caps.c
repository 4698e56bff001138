/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: the two lists of the configuration space, names of their ids, and what the
 * entries that matter for a GPU say. Ids and fields after the PCI and PCI Express base
 * specifications. The bytes may be anybody's: both walks are bounded.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pci_priv.h"

enum {
    CAP_PM = 0x01,
    CAP_MSI = 0x05,
    CAP_EXPRESS = 0x10,
    CAP_MSIX = 0x11,
    EXT_ATS = 0x0f,
    EXT_REBAR = 0x15,
};

static const struct {
    uint16_t id;
    const char *name;
} classic_names[] = {
    {0x01, "Power Management"   },
    {0x03, "Vital Product Data" },
    {0x05, "MSI"                },
    {0x09, "Vendor Specific"    },
    {0x10, "PCI Express"        },
    {0x11, "MSI-X"              },
    {0x13, "Advanced Features"  },
    {0x14, "Enhanced Allocation"},
};

static const struct {
    uint16_t id;
    const char *name;
} extended_names[] = {
    {0x01, "Advanced Error Reporting"      },
    {0x02, "Virtual Channel"               },
    {0x03, "Device Serial Number"          },
    {0x04, "Power Budgeting"               },
    {0x0b, "Vendor Specific"               },
    {0x0d, "Access Control Services"       },
    {0x0e, "Alternative Routing-ID"        },
    {0x0f, "Address Translation Services"  },
    {0x10, "Single Root I/O Virtualization"},
    {0x13, "Page Request Interface"        },
    {0x15, "Physical Resizable BAR"        },
    {0x18, "Latency Tolerance Reporting"   },
    {0x19, "Secondary PCI Express"         },
    {0x1b, "Process Address Space ID"      },
    {0x1e, "L1 PM Substates"               },
    {0x1f, "Precision Time Measurement"    },
    {0x23, "Designated Vendor-Specific"    },
    {0x24, "VF Resizable BAR"              },
    {0x25, "Data Link Feature"             },
    {0x26, "Physical Layer 16.0 GT/s"      },
    {0x27, "Lane Margining at the Receiver"},
    {0x2a, "Physical Layer 32.0 GT/s"      },
};

const char *
gsp_pci_cap_name(uint16_t id, bool extended)
{
    if (extended) {
        for (size_t i = 0; i < sizeof(extended_names) / sizeof(extended_names[0]); i++)
            if (extended_names[i].id == id)
                return extended_names[i].name;
        return NULL;
    }
    for (size_t i = 0; i < sizeof(classic_names) / sizeof(classic_names[0]); i++)
        if (classic_names[i].id == id)
            return classic_names[i].name;
    return NULL;
}

/* 0 outside of what could be read. */
static uint32_t
at(const struct gsp_pci_device *d, unsigned offset, unsigned width)
{
    uint32_t value = 0;

    if (offset <= d->config_bytes && width <= d->config_bytes - offset)
        memcpy(&value, d->config + offset, width);
    return value;
}

static void
walk_classic(struct gsp_pci_device *d)
{
    unsigned offset = at(d, 6, 2) & 0x10 ? at(d, 0x34, 1) & 0xfc : 0;

    while (offset >= 0x40 && offset < d->config_bytes && d->cap_count < GSP_PCI_CAPS_MAX / 2) {
        struct gsp_pci_cap *cap = &d->caps[d->cap_count++];

        *cap = (struct gsp_pci_cap){.id = (uint16_t)at(d, offset, 1), .at = (uint16_t)offset};
        offset = at(d, offset + 1, 1) & 0xfc;
    }
}

static void
walk_extended(struct gsp_pci_device *d)
{
    unsigned offset = 0x100;

    while (offset >= 0x100 && offset + 4 <= d->config_bytes &&
           d->cap_count < GSP_PCI_CAPS_MAX) {
        const uint32_t header = at(d, offset, 4);

        if (!header || header == UINT32_MAX)
            return;
        d->caps[d->cap_count++] = (struct gsp_pci_cap){.id = (uint16_t)header,
                                                       .at = (uint16_t)offset,
                                                       .extended = true,
                                                       .version = header >> 16 & 0xf};
        offset = header >> 20 & 0xffc;
    }
}

static void
read_rebar(struct gsp_pci_device *d, unsigned offset)
{
    const unsigned count = at(d, offset + 8, 4) >> 5 & 7;

    for (unsigned i = 0; i < count; i++) {
        const uint32_t control = at(d, offset + 8 + 8 * i, 4);

        if ((control & 7) < 6)
            d->features.rebar_sizes[control & 7] =
                at(d, offset + 4 + 8 * i, 4) >> 4 | (uint64_t)(control >> 16) << 28;
    }
}

static void
read_classic(struct gsp_pci_device *d, const struct gsp_pci_cap *cap)
{
    struct gsp_pci_features *f = &d->features;
    const uint32_t control = at(d, cap->at + 2u, 2);

    if (cap->id == CAP_MSI) {
        f->msi_vectors = (uint16_t)(1u << (control >> 1 & 7));
        f->msi_on = control & 1;
    } else if (cap->id == CAP_MSIX) {
        f->msix_vectors = (uint16_t)((control & 0x7ff) + 1);
        f->msix_on = control >> 15;
    } else if (cap->id == CAP_EXPRESS) {
        f->flr = at(d, cap->at + 4u, 4) >> 28 & 1;
        f->link_gen_max = at(d, cap->at + 12u, 4) & 0xf;
        f->link_width_max = at(d, cap->at + 12u, 4) >> 4 & 0x3f;
        f->link_gen = at(d, cap->at + 18u, 2) & 0xf;
        f->link_width = at(d, cap->at + 18u, 2) >> 4 & 0x3f;
    }
}

void
pci_read_caps(struct gsp_pci_device *d)
{
    d->cap_count = 0;
    memset(&d->features, 0, sizeof(d->features));
    walk_classic(d);
    walk_extended(d);
    for (unsigned i = 0; i < d->cap_count; i++) {
        const struct gsp_pci_cap *cap = &d->caps[i];

        if (!cap->extended) {
            read_classic(d, cap);
        } else if (cap->id == EXT_ATS) {
            d->features.ats = true;
            d->features.ats_on = at(d, cap->at + 6u, 2) >> 15;
        } else if (cap->id == EXT_REBAR) {
            read_rebar(d, cap->at);
        }
    }
}

/* Text of one capability */

struct line {
    char *text;
    size_t cap, used;
};

static void say(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct line *l, const char *format, ...)
{
    va_list ap;
    int n;

    if (l->used >= l->cap)
        return;
    va_start(ap, format);
    n = vsnprintf(l->text + l->used, l->cap - l->used, format, ap);
    va_end(ap);
    l->used += n > 0 ? (size_t)n : 0;
}

static const char *
gts(unsigned gen)
{
    static const char *const rates[] = {"?", "2.5", "5", "8", "16", "32", "64"};

    return rates[gen < 7 ? gen : 0];
}

static void
say_express(const struct gsp_pci_device *d, struct line *l)
{
    const struct gsp_pci_features *f = &d->features;

    say(l, "link %s GT/s x%u of %s GT/s x%u%s", gts(f->link_gen), f->link_width,
        gts(f->link_gen_max), f->link_width_max, f->flr ? ", function-level reset" : "");
}

static void
say_rebar(const struct gsp_pci_device *d, struct line *l)
{
    for (unsigned bar = 0; bar < 6; bar++) {
        bool first = true;

        for (unsigned bit = 0; bit < 44; bit++) {
            if (!(d->features.rebar_sizes[bar] >> bit & 1))
                continue;
            say(l, "%s%u %s", first ? (l->used ? "; BAR " : "BAR ") : ", ",
                first ? bar : 1u << bit % 10, first ? "can be " : "");
            if (first)
                say(l, "%u ", 1u << bit % 10);
            say(l, "%s", bit < 10 ? "MiB" : bit < 20 ? "GiB" : "TiB");
            first = false;
        }
    }
}

char *
gsp_pci_cap_text(const struct gsp_pci_device *d, const struct gsp_pci_cap *cap, char *text,
                 size_t text_bytes)
{
    const struct gsp_pci_features *f = &d->features;
    struct line l = {.cap = text_bytes};

    l.text = text;
    if (text_bytes)
        text[0] = 0;
    if (cap->extended && cap->id == EXT_REBAR)
        say_rebar(d, &l);
    else if (cap->extended && cap->id == EXT_ATS)
        say(&l, "%s", f->ats_on ? "on" : "off");
    else if (cap->extended)
        say(&l, "version %u", cap->version);
    else if (cap->id == CAP_EXPRESS)
        say_express(d, &l);
    else if (cap->id == CAP_MSI)
        say(&l, "%u vectors, %s", f->msi_vectors, f->msi_on ? "on" : "off");
    else if (cap->id == CAP_MSIX)
        say(&l, "%u vectors, %s", f->msix_vectors, f->msix_on ? "on" : "off");
    else if (cap->id == CAP_PM)
        say(&l, "D%u", at(d, cap->at + 4u, 2) & 3);
    return text;
}
