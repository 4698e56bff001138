/* SPDX-License-Identifier: MIT */
/*
 * list: the cards that a transport offers.
 */
#include <string.h>

#include <emu/emu.h>
#include <emu/fault.h>
#include <gsp/nvidia.h>
#include <gsp/pci.h>

#include "cmds.h"
#include "render.h"
#include "transport.h"

static void
print_cards(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"number",    "NUMBER"   },
        {"device",    "DEVICE"   },
        {"product",   "PRODUCT"  },
        {"pci_id",    "PCI ID"   },
        {"memory",    "MEMORY"   },
        {"transport", "TRANSPORT"},
        {NULL,        NULL       },
    };

    render_table(cli, rows, columns);
}

static json_t *
card_row(unsigned i, const struct emu_chip *chip)
{
    json_t *row = json_object();

    json_object_set_new(row, "number", json_integer(i));
    json_object_set_new(row, "device", json_string(chip->name));
    json_object_set_new(row, "product", json_string(chip->product));
    json_object_set_new(row, "pci_id", json_sprintf("10de:%04x", chip->device));
    json_object_set_new(row, "memory",
                        json_sprintf("%llu MiB", (unsigned long long)chip->fb_bytes >> 20));
    json_object_set_new(row, "memory_bytes", cli_hex(chip->fb_bytes));
    json_object_set_new(row, "transport", json_sprintf("emu:%s", chip->name));
    return row;
}

/* Real cards of this system. Without libpci there is nothing to add, and nothing to refuse. */
static void
add_real_cards(json_t *rows)
{
    struct gsp_pci_device *devices;
    unsigned count;

    if (gsp_pci_scan(NULL, &devices, &count, NULL) < 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        json_t *row;

        if (devices[i].class_id >> 16 != 3)
            continue;
        row = pci_card_row(&devices[i]);
        json_object_set_new(row, "device", json_string(cli_str(row, "address")));
        json_object_set_new(row, "product", json_string(devices[i].name));
        json_object_set_new(row, "transport", json_sprintf("pci:%s", cli_str(row, "address")));
        json_array_append_new(rows, row);
    }
    gsp_pci_free_list(devices);
}

/* "Model: 		 NVIDIA ..." of the module's own file; "" without one. */
static void
model_of(const struct gsp_nvidia_card *card, char *text, size_t bytes)
{
    char path[96], line[160];
    FILE *f;

    text[0] = '\0';
    snprintf(path, sizeof(path), "/proc/driver/nvidia/gpus/%04x:%02x:%02x.%x/information",
             card->domain, card->bus, card->slot, card->function);
    f = fopen(path, "re");
    if (!f)
        return;
    while (!text[0] && fgets(line, sizeof(line), f))
        if (!strncmp(line, "Model:", 6))
            snprintf(text, bytes, "%.*s",
                     (int)strcspn(line + 6 + strspn(line + 6, " \t"), "\n"),
                     line + 6 + strspn(line + 6, " \t"));
    fclose(f);
}

/* Cards behind nvidia.ko, where that is loaded. */
static void
add_module_cards(json_t *rows)
{
    struct gsp_nvidia_card cards[GSP_NVIDIA_CARDS_MAX];
    char model[128];
    unsigned count;

    if (gsp_nvidia_list(NULL, cards, &count, NULL) < 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        model_of(&cards[i], model, sizeof(model));
        json_array_append_new(
            rows, json_pack("{s:o, s:s, s:o, s:o}", "device",
                            json_sprintf("%04x:%02x:%02x.%x", cards[i].domain, cards[i].bus,
                                         cards[i].slot, cards[i].function),
                            "product", model, "pci_id",
                            json_sprintf("%04x:%04x", cards[i].vendor, cards[i].device),
                            "transport", json_sprintf("nvidia:%u", i)));
    }
}

/* What is wide stays in the JSON: the verbs that meet a fault, and its releases. */
static void
print_faults(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"name",      "FAULT"   },
        {"argument",  "ARGUMENT"},
        {"group",     "GROUP"   },
        {"chips",     "CHIPS"   },
        {"exit_code", "EXIT"    },
        {"says",      "SAYS"    },
        {"effect",    "EFFECT"  },
        {NULL,        NULL      },
    };

    render_table(cli, rows, columns);
    fputs("\nTRIGGER=EFFECT puts an effect elsewhere; it is a fault of the groups queue and "
          "rm, or "
          "[once:]NV_ERR_* or a number, which RM answers with\n",
          cli->out);
    for (unsigned i = 0; emu_fault_trigger_at(i); i++)
        fprintf(cli->out, "%s\n", emu_fault_trigger_at(i));
}

static json_t *
fault_row(const struct emu_fault_row *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "name",
                     f->name, "group", f->group, "argument", f->argument, "examples",
                     f->examples, "trigger", f->trigger, "effect", f->effect, "run", f->run,
                     "exit_code", f->exit_code, "says", f->says, "chips", f->chips, "since",
                     f->since, "until", f->until);
}

static int
list_faults(struct cli *cli)
{
    json_t *rows = json_array();
    struct emu_fault_row row;

    for (unsigned i = 0; emu_fault_row_at(i, &row); i++)
        json_array_append_new(rows, fault_row(&row));
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_faults});
}

static int
cmd_list_run(struct cli *cli, int argc, char **argv)
{
    const bool faults = cli_flag(&argc, argv, "--faults");
    struct transport_spec spec;
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    json_t *rows;
    int rc = cli_check_args(cli, &cmd_list, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (faults)
        return list_faults(cli);
    /* The release does not change the list, but a wrong one is said at once. */
    if (cli_abi(cli, &abi, &err) < 0 || transport_spec_parse(&cli->options, &spec, &err) < 0)
        return cli_fail(cli, &err);
    rows = json_array();
    for (unsigned i = 0; i < emu_chip_count(); i++) {
        const struct emu_chip *chip = emu_chip_at(i);

        if (!spec.chip || !strcmp(spec.chip, chip->name))
            json_array_append_new(rows, card_row(i, chip));
    }
    if (!spec.chip) {
        add_module_cards(rows);
        add_real_cards(rows);
    }
    transport_spec_fini(&spec);
    return cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_cards});
}

const struct nvrm_cmd cmd_list = {
    .name = "list",
    .args = "",
    .options = "--faults",
    .help = "list the cards that can be opened, or the faults that can be injected",
    .min_args = 0,
    .max_args = 0,
    .pages = true,
    .run = cmd_list_run,
};
