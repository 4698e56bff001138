/* SPDX-License-Identifier: MIT */
/*
 * vbios: a card's ROM taken apart: from a file, from a card's sysfs `rom` by its address, or
 * from the PROM of the card behind -t.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsp/vbios.h>
#include <nvrm/regs.h>

#include "card.h"
#include "cmds.h"
#include "fw_file.h"
#include "render.h"
#include "subverb.h"

static const struct nvrm_cmd info_row = {
    .name = "vbios info", .args = "FILE|BDF|prom", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd verify_row = {
    .name = "vbios verify", .args = "FILE|BDF|prom", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd extract_row = {.name = "vbios extract",
                                            .args = "FILE|BDF|prom PART --to FILE",
                                            .min_args = 2,
                                            .max_args = 2};

struct rom {
    struct fw_file file;
    struct gsp_vbios vbios;
    struct gsp_fwsec fwsec[2]; /* production, debug */
    bool has_fwsec[2];
    struct gsp_fw_part part[GSP_VBIOS_IMAGES_MAX + 12];
    unsigned part_count;
};

/* ---- where the bytes come from ---- */

/* DDDD:BB:DD.F or BB:DD.F, as lspci prints them. */
static bool
is_address(const char *word)
{
    size_t n = 0;

    for (; word[n]; n++) {
        if (!isxdigit((unsigned char)word[n]) && word[n] != ':' && word[n] != '.')
            return false;
    }
    return (n == 7 || n == 12) && word[n - 2] == '.' && word[n - 5] == ':';
}

static int
switch_rom(const char *path, const char *value, struct gsp_error *err)
{
    struct gsp_error why = {0};
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd < 0 || write(fd, value, 1) != 1 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return 0;
    gsp_fail(&why, GSP_ORIGIN_TRANSPORT, rc, "%s: %s", path, strerror(-rc));
    gsp_hint(&why, rc == -EACCES || rc == -EPERM ? "reading a card's ROM needs root"
                                                 : "is the card there? lspci -d 10de: lists "
                                                   "them");
    if (err)
        *err = why;
    return rc;
}

/* The kernel shows the ROM only while it is switched on. */
/* A card's ROM is switched on to be read, and the PROM is read through registers. */
static int
refuse_dry(const struct cli *cli, const char *word, struct gsp_error *err)
{
    if (!cli->options.dry_run)
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
             "vbios would read the ROM of %s, and --dry-run opens no card", word);
    gsp_hint(err, "name a file, or leave --dry-run out");
    return -EINVAL;
}

static int
read_card(const char *word, char *path, size_t path_bytes, struct fw_file *f,
          struct gsp_error *err)
{
    int rc;

    snprintf(path, path_bytes, "/sys/bus/pci/devices/%s%s/rom",
             strlen(word) == 7 ? "0000:" : "", word);
    rc = switch_rom(path, "1", err);
    if (rc < 0)
        return rc;
    rc = fw_file_read(path, f, err);
    (void)switch_rom(path, "0", NULL);
    return rc;
}

/* A card needs no GSP-RM to show its ROM. */
static int
copy_prom(struct gsp_bus *bus, struct fw_file *f, struct gsp_error *err)
{
    uint8_t *data = malloc(GSP_VBIOS_PROM_BYTES);

    if (!data)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    for (uint32_t at = 0; at < GSP_VBIOS_PROM_BYTES; at += 4) {
        const uint32_t word = bus->ops->rd32(bus, 0, NV_PROM_DATA(at));

        for (unsigned i = 0; i < 4; i++)
            data[at + i] = (uint8_t)(word >> (8 * i));
    }
    f->data = data;
    f->src = (struct gsp_fw_source){"PROM", data, GSP_VBIOS_PROM_BYTES, 0};
    return 0;
}

static int
read_prom(struct cli *cli, struct fw_file *f, struct gsp_error *err)
{
    struct transport_spec spec;
    struct cli_card card;
    struct nvrm_abi abi;
    int rc = transport_spec_parse(&cli->options, &spec, err);

    if (rc < 0)
        return rc;
    rc = cli_abi(cli, &abi, err);
    if (rc == 0)
        rc = cli_card_open(&spec, abi, &cli->host, &card, err);
    if (rc == 0) {
        rc = copy_prom(card.bus, f, err);
        cli_card_close(&card);
    }
    transport_spec_fini(&spec);
    return rc;
}

/* ---- parts ---- */

static void
add_part(struct rom *rom, const char *name, const struct gsp_fw_slice *data)
{
    struct gsp_fw_part *part = &rom->part[rom->part_count];

    if (!data->bytes)
        return;
    snprintf(part->name, sizeof(part->name), "%s", name);
    part->data = *data;
    rom->part_count++;
}

static void
add_fwsec(struct rom *rom, bool debug)
{
    static const char *const names[2][4] = {
        {"fwsec-descriptor",       "fwsec-imem",       "fwsec-dmem",       "fwsec-signatures"},
        {"fwsec-debug-descriptor", "fwsec-debug-imem", "fwsec-debug-dmem",
         "fwsec-debug-signatures"                                                            },
    };
    struct gsp_fwsec *f = &rom->fwsec[debug];

    rom->has_fwsec[debug] = gsp_vbios_fwsec(&rom->vbios, debug, f, NULL) == 0;
    if (!rom->has_fwsec[debug])
        return;
    add_part(rom, names[debug][0], &f->desc);
    add_part(rom, names[debug][1], &f->imem);
    add_part(rom, names[debug][2], &f->dmem);
    add_part(rom, names[debug][3], &f->signatures);
}

static void
add_parts(struct rom *rom)
{
    char name[24];

    add_part(rom, "rom", &rom->vbios.rom);
    for (unsigned i = 0; i < rom->vbios.image_count; i++) {
        snprintf(name, sizeof(name), "image-%u", i);
        add_part(rom, name, &rom->vbios.images[i].data);
    }
    add_fwsec(rom, false);
    add_fwsec(rom, true);
}

static void
rom_close(struct rom *rom)
{
    fw_file_free(&rom->file);
    free(rom);
}

static int
read_rom(struct cli *cli, const char *word, char *path, size_t path_bytes, struct fw_file *f,
         struct gsp_error *err)
{
    if ((!strcmp(word, "prom") || is_address(word)) && refuse_dry(cli, word, err) < 0)
        return -EINVAL;
    if (!strcmp(word, "prom"))
        return read_prom(cli, f, err);
    return is_address(word) ? read_card(word, path, path_bytes, f, err)
                            : fw_file_read(word, f, err);
}

/* The path buffer names the file in errors and outlives the ROM. */
static struct rom *
rom_open(struct cli *cli, const char *word, char *path, size_t path_bytes,
         struct gsp_error *err)
{
    struct rom *rom = calloc(1, sizeof(*rom));
    int rc;

    if (!rom) {
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
        return NULL;
    }
    rc = read_rom(cli, word, path, path_bytes, &rom->file, err);
    if (rc == 0)
        rc = gsp_vbios_open(&rom->file.src, &rom->vbios, err);
    if (rc == -EBADMSG)
        gsp_hint(err, "a ROM starts with 55 aa, or NVGI on boards that carry IFR data");
    if (rc < 0) {
        rom_close(rom);
        return NULL;
    }
    add_parts(rom);
    return rom;
}

/* ---- info ---- */

static const char *
code_type_name(uint8_t type)
{
    switch (type) {
    case GSP_VBIOS_CODE_BASE:
        return "base";
    case GSP_VBIOS_CODE_EFI:
        return "EFI";
    case GSP_VBIOS_CODE_EXT:
        return "extension";
    default:
        return "other";
    }
}

static json_t *
image_rows(const struct gsp_vbios *v)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < v->image_count; i++) {
        const struct gsp_vbios_image *image = &v->images[i];

        json_array_append_new(
            rows, json_pack("{s:o, s:I, s:s, s:s, s:o, s:o, s:b, s:b}", "offset",
                            cli_hex(image->data.off), "bytes", (json_int_t)image->data.bytes,
                            "type", code_type_name(image->code_type), "structure",
                            image->signature, "code_type", cli_hex(image->code_type), "pci_id",
                            json_sprintf("%04x:%04x", image->vendor, image->device), "extended",
                            image->extended, "last", image->last));
    }
    return rows;
}

static json_t *
token_rows(const struct gsp_vbios *v)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < v->token_count; i++) {
        const struct gsp_vbios_token *t = &v->tokens[i];
        json_array_append_new(rows, json_pack("{s:o, s:s, s:i, s:i, s:o}", "id", cli_hex(t->id),
                                              "name", gsp_vbios_token_name(t->id), "version",
                                              t->version, "bytes", t->bytes, "pointer",
                                              cli_hex(t->ptr)));
    }
    return rows;
}

static json_t *
ucode_rows(const struct gsp_vbios *v)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < v->ucode_count; i++) {
        const struct gsp_vbios_ucode *u = &v->ucodes[i];
        const char *name = u->app_id == GSP_FWSEC_APP_PROD     ? "FWSEC"
                           : u->app_id == GSP_FWSEC_APP_DEBUG  ? "FWSEC, debug"
                           : u->app_id == GSP_FWSEC_APP_LEGACY ? "FWSEC, legacy"
                                                               : "";

        json_array_append_new(rows,
                              json_pack("{s:o, s:o, s:o, s:s}", "application",
                                        cli_hex(u->app_id), "target", cli_hex(u->target_id),
                                        "descriptor", cli_hex(u->desc_ptr), "name", name));
    }
    return rows;
}

static json_t *
mapper_doc(const struct gsp_fwsec_mapper *m)
{
    return json_pack("{s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "offset", cli_hex(m->off),
                     "signature", m->signature, "version", m->version, "init_cmd",
                     cli_hex(m->init_cmd_off), "cmd_in", cli_hex(m->cmd_in_off), "cmd_in_bytes",
                     cli_hex(m->cmd_in_bytes), "cmd_out", cli_hex(m->cmd_out_off),
                     "cmd_out_bytes", cli_hex(m->cmd_out_bytes));
}

static json_t *
fwsec_doc(const struct gsp_fwsec *f)
{
    json_t *o = json_pack("{s:o, s:i, s:b, s:o, s:o, s:o, s:o}", "application",
                          cli_hex(f->app_id), "descriptor_version", f->desc_version,
                          "encrypted", f->encrypted, "imem_bytes", cli_hex(f->imem.bytes),
                          "dmem_bytes", cli_hex(f->dmem.bytes), "interface_offset",
                          cli_hex(f->interface_off), "mapper", mapper_doc(&f->mapper));

    if (f->desc_version == 2) {
        json_object_set_new(o, "imem_secure_offset", cli_hex(f->imem_sec_off));
        json_object_set_new(o, "imem_secure_bytes", cli_hex(f->imem_sec_bytes));
        return o;
    }
    json_object_set_new(o, "engine_id_mask", cli_hex(f->engine_id_mask));
    json_object_set_new(o, "ucode_id", json_integer(f->ucode_id));
    json_object_set_new(o, "signatures", json_integer(f->signature_count));
    json_object_set_new(o, "signature_versions", cli_hex(f->signature_versions));
    json_object_set_new(o, "pkc_data_offset", cli_hex(f->pkc_data_off));
    return o;
}

static json_t *
part_rows(const struct rom *rom)
{
    json_t *rows = json_array();
    char hex[65];

    for (unsigned i = 0; i < rom->part_count; i++) {
        const struct gsp_fw_slice *data = &rom->part[i].data;

        json_array_append_new(rows, json_pack("{s:s, s:o, s:I, s:s}", "name", rom->part[i].name,
                                              "offset", cli_hex(data->off), "bytes",
                                              (json_int_t)data->bytes, "sha256",
                                              fw_sha256(data->data, data->bytes, hex)));
    }
    return rows;
}

static json_t *
rom_doc(const struct rom *rom)
{
    const struct gsp_vbios *v = &rom->vbios;
    char hex[65];
    json_t *o = json_pack("{s:s, s:I, s:s, s:s, s:i, s:b}", "file", rom->file.src.name, "bytes",
                          (json_int_t)rom->file.src.bytes, "sha256",
                          fw_sha256(rom->file.src.data, rom->file.src.bytes, hex), "version",
                          v->version, "ifr_version", v->ifr_version, "truncated", v->truncated);

    if (v->has_bit)
        json_object_set_new(o, "bit_offset", cli_hex(v->bit_off));
    if (v->has_ucodes)
        json_object_set_new(o, "ucode_table_offset", cli_hex(v->ucode_table_off));
    json_object_set_new(o, "expansion_offset", cli_hex(v->expansion_off));
    if (rom->has_fwsec[0])
        json_object_set_new(o, "fwsec", fwsec_doc(&rom->fwsec[0]));
    if (rom->has_fwsec[1])
        json_object_set_new(o, "fwsec_debug", fwsec_doc(&rom->fwsec[1]));
    json_object_set_new(o, "images", image_rows(v));
    json_object_set_new(o, "tokens", token_rows(v));
    json_object_set_new(o, "ucodes", ucode_rows(v));
    json_object_set_new(o, "parts", part_rows(rom));
    return o;
}

static void
print_rom(struct cli *cli, const json_t *doc)
{
    static const char *const tables[] = {"images", "tokens", "ucodes", "parts"};
    json_t *scalars = json_copy((json_t *)doc);

    for (unsigned i = 0; i < 4; i++)
        json_object_del(scalars, tables[i]);
    render_value(cli, scalars);
    json_decref(scalars);
    for (unsigned i = 0; i < 4; i++) {
        const json_t *rows = json_object_get(doc, tables[i]);

        if (!json_array_size(rows))
            continue;
        fprintf(cli->out, "\n%s:\n", tables[i]);
        render_value(cli, rows);
    }
}

static int
vbios_info(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct rom *rom;
    char path[128];
    json_t *doc;
    int rc = cli_check_args(cli, &info_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rom = rom_open(cli, argv[1], path, sizeof(path), &err);
    if (!rom)
        return cli_fail(cli, &err);
    doc = rom_doc(rom);
    rom_close(rom);
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_rom});
}

/* ---- verify ---- */

static void
print_checks(struct cli *cli, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const bool ok = json_is_true(json_object_get(row, "ok"));

        fprintf(cli->out, "%s%s%s %-14s %s\n",
                cli_paint(cli, cli->out, ok ? "\033[32m" : "\033[1;31m"),
                ok ? "ok    " : "FAILED", cli_paint(cli, cli->out, "\033[0m"),
                cli_str(row, "check"), cli_str(row, "detail"));
    }
}

static int
vbios_verify(struct cli *cli, int argc, char **argv)
{
    struct gsp_fw_check checks[GSP_FW_CHECKS_MAX];
    struct gsp_error err = {0};
    struct rom *rom;
    char path[128];
    json_t *rows;
    unsigned count;
    bool ok = true;
    int rc = cli_check_args(cli, &verify_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rom = rom_open(cli, argv[1], path, sizeof(path), &err);
    if (!rom)
        return cli_fail(cli, &err);
    rows = json_array();
    count = gsp_vbios_verify(&rom->vbios, checks, GSP_FW_CHECKS_MAX);
    for (unsigned i = 0; i < count; i++) {
        ok &= checks[i].ok;
        json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "check", checks[i].what, "ok",
                                              checks[i].ok, "detail", checks[i].detail));
    }
    rom_close(rom);
    rc = cli_emit(cli, &(struct cli_doc){.json = rows, .text = print_checks});
    return rc == CLI_OK && !ok ? CLI_PROTOCOL : rc;
}

/* ---- extract ---- */

static int
write_part(const struct rom *rom, const char *name, const char *to, struct fw_write how,
           uint64_t *bytes_out, struct gsp_error *err)
{
    char names[200] = "";
    size_t n = 0;

    for (unsigned i = 0; i < rom->part_count; i++) {
        const struct gsp_fw_part *part = &rom->part[i];

        *bytes_out = part->data.bytes;
        if (!strcmp(part->name, name))
            return fw_file_write(to, part->data.data, part->data.bytes, how, err);
        if (n < sizeof(names) - sizeof(part->name) - 2)
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "",
                                  part->name);
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s has no part '%s'", rom->file.src.name, name);
    gsp_hint(err, "it has %s", names);
    return -ENOENT;
}

static int
vbios_extract(struct cli *cli, int argc, char **argv)
{
    const struct fw_write how = {cli_flag(&argc, argv, "--force"), cli->options.dry_run};
    struct gsp_error err = {0};
    struct rom *rom;
    char path[128], *to = NULL;
    uint64_t bytes = 0;
    int rc = cli_value(cli, &argc, argv, "--to", &to);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &extract_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!to)
        return cli_usage(cli, "--to - writes to stdout", "vbios extract needs --to FILE");
    rom = rom_open(cli, argv[1], path, sizeof(path), &err);
    if (!rom)
        return cli_fail(cli, &err);
    rc = write_part(rom, argv[2], to, how, &bytes, &err);
    rom_close(rom);
    if (rc < 0)
        return cli_fail(cli, &err);
    if (!strcmp(to, "-"))
        return CLI_OK;
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:s, s:s, s:I}", "part", argv[2], "file", to,
                                                 "bytes", (json_int_t)bytes)});
}

/* ---- the verb ---- */

static const struct cli_subverb verbs[] = {
    {"info",    vbios_info   },
    {"verify",  vbios_verify },
    {"extract", vbios_extract},
};

static int
cmd_vbios_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    return verb ? verb->run(cli, argc - 1, argv + 1) : rc;
}

const struct nvrm_cmd cmd_vbios = {
    .name = "vbios",
    .args = "info|verify|extract FILE|BDF|prom ...",
    .options = "--to FILE, --force",
    .help = "a card's ROM: images, tables, FWSEC",
    .min_args = 1,
    .max_args = -1,
    .pages = true,
    .run = cmd_vbios_run,
};
