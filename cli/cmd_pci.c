/* SPDX-License-Identifier: MIT */
/*
 * pci: real cards as PCI shows them. list, configuration space, capabilities.
 */
#include <errno.h>
#include <string.h>

#include <gsp/pci.h>

#include "cmds.h"
#include "render.h"

/* Options of all three words: another sysfs, or a dump of lspci -x. */
static int
take_source(struct cli *cli, int *argc, char **argv, struct gsp_pci_source *source)
{
    char *sysfs = NULL, *dump = NULL;
    int rc = cli_value(cli, argc, argv, "--sysfs", &sysfs);

    if (rc == CLI_OK)
        rc = cli_value(cli, argc, argv, "--dump", &dump);
    *source = (struct gsp_pci_source){.sysfs = sysfs, .dump = dump};
    return rc;
}

static json_t *
links_of(const struct gsp_pci_features *f)
{
    json_t *link = json_object();

    json_object_set_new(link, "gen", json_integer(f->link_gen));
    json_object_set_new(link, "width", json_integer(f->link_width));
    json_object_set_new(link, "gen_max", json_integer(f->link_gen_max));
    json_object_set_new(link, "width_max", json_integer(f->link_width_max));
    return link;
}

/* What the BAR can be made, in MiB. */
static json_t *
sizes_of(uint64_t bits)
{
    json_t *sizes = json_array();

    for (unsigned n = 0; n < 44; n++)
        if (bits >> n & 1)
            json_array_append_new(sizes, json_integer((json_int_t)1 << n));
    return sizes;
}

static json_t *
bars_of(const struct gsp_pci_device *d)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < 6; i++) {
        const struct gsp_pci_bar *bar = &d->bars[i];
        json_t *row;

        if (!bar->address && !bar->bytes)
            continue;
        row = json_object();
        json_object_set_new(row, "bar", json_integer(i));
        json_object_set_new(row, "address", cli_hex(bar->address));
        json_object_set_new(row, "bytes", cli_hex(bar->bytes));
        json_object_set_new(row, "kind",
                            json_string(bar->io     ? "io"
                                        : bar->wide ? "mem64"
                                                    : "mem32"));
        json_object_set_new(row, "prefetchable", json_boolean(bar->prefetchable));
        if (d->features.rebar_sizes[i])
            json_object_set_new(row, "resizable_mib", sizes_of(d->features.rebar_sizes[i]));
        json_array_append_new(rows, row);
    }
    return rows;
}

json_t *
pci_card_row(const struct gsp_pci_device *d)
{
    json_t *row = json_object();
    char bdf[20];

    json_object_set_new(row, "address", json_string(gsp_pci_format_bdf(d->bdf, bdf)));
    json_object_set_new(row, "pci_id", json_sprintf("%04x:%04x", d->vendor, d->device));
    json_object_set_new(row, "subsystem",
                        json_sprintf("%04x:%04x", d->sub_vendor, d->sub_device));
    json_object_set_new(row, "name", json_string(d->name));
    json_object_set_new(row, "board_vendor", json_string(d->sub_name));
    json_object_set_new(row, "class", json_sprintf("%06x", d->class_id));
    json_object_set_new(row, "revision", json_sprintf("%02x", d->revision));
    json_object_set_new(row, "driver", d->driver[0] ? json_string(d->driver) : json_null());
    json_object_set_new(row, "iommu_group",
                        d->iommu_group < 0 ? json_null() : json_integer(d->iommu_group));
    json_object_set_new(row, "numa_node",
                        d->numa_node < 0 ? json_null() : json_integer(d->numa_node));
    json_object_set_new(row, "bars", bars_of(d));
    json_object_set_new(row, "link", links_of(&d->features));
    json_object_set_new(row, "flr", json_boolean(d->features.flr));
    json_object_set_new(row, "msi_vectors", json_integer(d->features.msi_vectors));
    json_object_set_new(row, "msix_vectors", json_integer(d->features.msix_vectors));
    json_object_set_new(row, "ats", json_boolean(d->features.ats));
    return row;
}

/* A number, or "-" for null: what a table shows. */
static void
as_word(json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);

    if (json_is_integer(value))
        json_object_set_new(row, key,
                            json_sprintf("%lld", (long long)json_integer_value(value)));
    else if (!json_is_string(value))
        json_object_set_new(row, key, json_string("-"));
}

static void
print_list(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"address",     "ADDRESS"    },
        {"pci_id",      "PCI ID"     },
        {"name",        "NAME"       },
        {"class",       "CLASS"      },
        {"driver",      "DRIVER"     },
        {"iommu_group", "IOMMU GROUP"},
        {NULL,          NULL         },
    };
    json_t *copy = json_deep_copy(rows), *row;
    size_t i;

    if (!json_array_size(rows))
        cli_note(cli, "no card of vendor 10de on this system");
    json_array_foreach(copy, i, row)
    {
        as_word(row, "driver");
        as_word(row, "iommu_group");
    }
    render_table(cli, copy, columns);
    json_decref(copy);
}

static int
pci_list(struct cli *cli, const struct gsp_pci_device *devices, unsigned count)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(rows, pci_card_row(&devices[i]));
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_list});
}

/* As lspci -x prints it, so that lspci -F reads it back. */
static void
print_config(struct cli *cli, const json_t *doc)
{
    const char *hex = cli_str(doc, "bytes");
    const size_t bytes = strlen(hex) / 2;

    fprintf(cli->out, "%s %s: %s\n", cli_str(doc, "address"), cli_str(doc, "class"),
            cli_str(doc, "name"));
    for (size_t at = 0; at < bytes; at++)
        fprintf(cli->out, "%s%.2s%s", at % 16 ? "" : (fprintf(cli->out, "%02zx: ", at), ""),
                hex + 2 * at, at % 16 == 15 || at + 1 == bytes ? "\n" : " ");
}

static int
pci_config(struct cli *cli, const struct gsp_pci_device *d)
{
    char hex[2 * GSP_PCI_CONFIG_MAX + 1] = "", bdf[20];
    json_t *doc = json_object();

    for (unsigned i = 0; i < d->config_bytes; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", d->config[i]);
    json_object_set_new(doc, "address", json_string(gsp_pci_format_bdf(d->bdf, bdf)));
    json_object_set_new(doc, "class", json_sprintf("%04x", d->class_id >> 8));
    json_object_set_new(doc, "name", json_string(d->name));
    json_object_set_new(doc, "bytes", json_string(hex));
    if (d->config_bytes < 256)
        cli_note(cli, "only %u bytes can be read: the rest takes root", d->config_bytes);
    return cli_emit(cli, &(struct cli_doc){.json = doc,
                                           .text = print_config,
                                           .raw = d->config,
                                           .raw_bytes = d->config_bytes});
}

static void
print_caps(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"at",   "AT"        },
        {"id",   "ID"        },
        {"name", "CAPABILITY"},
        {"text", ""          },
        {NULL,   NULL        },
    };

    render_table(cli, rows, columns);
}

static int
pci_caps(struct cli *cli, const struct gsp_pci_device *d)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < d->cap_count; i++) {
        const struct gsp_pci_cap *cap = &d->caps[i];
        const char *name = gsp_pci_cap_name(cap->id, cap->extended);
        json_t *row = json_object();
        char text[160];

        json_object_set_new(row, "at", json_sprintf("0x%03x", cap->at));
        json_object_set_new(row, "id", json_sprintf(cap->extended ? "%04x" : "%02x", cap->id));
        json_object_set_new(row, "extended", json_boolean(cap->extended));
        json_object_set_new(row, "name", json_string(name ? name : "unknown"));
        json_object_set_new(row, "text",
                            json_string(gsp_pci_cap_text(d, cap, text, sizeof(text))));
        json_array_append_new(rows, row);
    }
    if (d->config_bytes < 256)
        cli_note(cli,
                 "only %u bytes of configuration space can be read: capabilities take root",
                 d->config_bytes);
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_caps});
}

/* The card of an address; without one, the only card. */
static const struct gsp_pci_device *
choose(const struct gsp_pci_device *devices, unsigned count, const char *address,
       struct gsp_error *err)
{
    uint64_t bdf = 0;

    if (address && gsp_pci_parse_bdf(address, &bdf, err) < 0)
        return NULL;
    for (unsigned i = 0; i < count; i++)
        if (address ? devices[i].bdf == bdf : count == 1)
            return &devices[i];
    if (address)
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "there is no NVIDIA card at %s", address);
    else
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "there are %u cards: which one?", count);
    gsp_hint(err, "pci list shows the cards and their addresses");
    return NULL;
}

static int
run_word(struct cli *cli, const char *word, const char *address,
         const struct gsp_pci_device *devices, unsigned count)
{
    struct gsp_error err = {0};
    const struct gsp_pci_device *d;

    if (!strcmp(word, "list"))
        return pci_list(cli, devices, count);
    d = choose(devices, count, address, &err);
    if (!d)
        return cli_fail(cli, &err);
    return strcmp(word, "caps") ? pci_config(cli, d) : pci_caps(cli, d);
}

static int
cmd_pci_run(struct cli *cli, int argc, char **argv)
{
    static const char *const words[] = {"list", "config", "caps", NULL};
    struct gsp_pci_device *devices;
    struct gsp_pci_source source;
    struct gsp_error err = {0};
    unsigned count, known = 0;
    int rc = take_source(cli, &argc, argv, &source);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_pci, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    while (words[known] && strcmp(words[known], argv[1]))
        known++;
    if (!words[known])
        return cli_usage(cli, "pci list, pci config BDF or pci caps BDF", "pci has no '%s'",
                         argv[1]);
    if (known == 0 && argc > 2)
        return cli_usage(cli, "pci list shows all of them", "pci list takes no '%s'", argv[2]);
    if (gsp_pci_scan(&source, &devices, &count, &err) < 0)
        return cli_fail(cli, &err);
    rc = run_word(cli, argv[1], argc > 2 ? argv[2] : NULL, devices, count);
    gsp_pci_free_list(devices);
    return rc;
}

const struct nvrm_cmd cmd_pci = {
    .name = "pci",
    .args = "list|config|caps [BDF]",
    .options = "--sysfs PATH, --dump FILE",
    .help = "real cards: list, configuration space, capabilities",
    .min_args = 1,
    .max_args = 2,
    .pages = true,
    .run = cmd_pci_run,
};
