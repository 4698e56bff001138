/* SPDX-License-Identifier: MIT */
/*
 * fw synth: writes the emulator's firmware set in linux-firmware's layout, and beside it each
 * chip's VBIOS. For the emulated card alone: no hardware accepts these bytes.
 */
#include "fw_synth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <emu/emu.h>
#include <emu/synth.h>
#include <rm/name.h>

static const struct nvrm_cmd synth_row = {
    .name = "fw synth", .args = "--to FOLDER", .min_args = 0, .max_args = 0};

static int
fail_with(struct gsp_error *err, const char *path)
{
    return gsp_fail(err, GSP_ORIGIN_LOCAL, -errno, "%s: %s", path, strerror(errno));
}

/* Every folder on the way to a file. */
static int
make_folders(char *path, struct gsp_error *err)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        int rc;

        *p = '\0';
        rc = mkdir(path, 0777) < 0 && errno != EEXIST ? fail_with(err, path) : 0;
        *p = '/';
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int
write_file(const char *path, const uint8_t *bytes, size_t n, struct gsp_error *err)
{
    FILE *f = fopen(path, "wb");
    const bool good = f && fwrite(bytes, 1, n, f) == n;

    if (f && fclose(f) != 0)
        return fail_with(err, path);
    return good ? 0 : fail_with(err, path);
}

struct synth {
    struct cli *cli;
    const char *chip, *release, *to; /* chip: NULL for all of them */
    json_t *files;
};

/* Takes the bytes. */
static int
put(const struct synth *s, const char *chip, const char *name, uint8_t *bytes, size_t n,
    struct gsp_error *err)
{
    char path[512];
    int rc = 0;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->to, name) >= sizeof(path)) {
        free(bytes);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENAMETOOLONG, "the folder's name is too long");
    }
    if (!s->cli->options.dry_run)
        rc = make_folders(path, err);
    if (rc == 0 && !s->cli->options.dry_run)
        rc = write_file(path, bytes, n, err);
    free(bytes);
    if (rc == 0)
        json_array_append_new(s->files, json_pack("{s:s, s:s, s:I}", "chip", chip, "file", path,
                                                  "bytes", (json_int_t)n));
    return rc;
}

static int
put_chip(const struct synth *s, const char *chip, struct gsp_error *err)
{
    char name[128];
    uint8_t *bytes = NULL;
    size_t n = 0;
    int rc = 0;

    for (unsigned k = 0; rc == 0 && k < EMU_SYNTH_KINDS; k++) {
        rc = emu_synth_file(chip, s->release, (enum emu_synth_kind)k, &bytes, &n);
        if (rc == -EINVAL)
            return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "'%s' is no release", s->release);
        emu_synth_path(chip, s->release, (enum emu_synth_kind)k, name, sizeof(name));
        rc = rc == -ENOENT ? 0
             : rc < 0      ? gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory")
                           : put(s, chip, name, bytes, n, err);
    }
    if (rc == 0 && emu_vbios(chip, EMU_VBIOS_SOUND, &bytes, &n) < 0)
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    else if (rc == 0) {
        snprintf(name, sizeof(name), "vbios-%s.rom", chip);
        rc = put(s, chip, name, bytes, n, err);
    }
    return rc;
}

static int
no_chip(const char *chip, struct gsp_error *err)
{
    char names[160] = "";
    size_t n = 0;

    for (unsigned i = 0; i < emu_chip_count() && n < sizeof(names) - 16; i++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.12s", i ? ", " : "",
                              emu_chip_at(i)->name);
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "there is no emulated chip '%s'", chip);
    gsp_hint(err, "known: %s; without --chip: all of them", names);
    return -ENOENT;
}

static int
put_set(const struct synth *s, struct gsp_error *err)
{
    bool found = false;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < emu_chip_count(); i++) {
        const char *name = emu_chip_at(i)->name;

        if (s->chip && strcasecmp(s->chip, name) != 0)
            continue;
        found = true;
        rc = put_chip(s, name, err);
    }
    return rc == 0 && !found ? no_chip(s->chip, err) : rc;
}

static void
print_files(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(doc, i, row)
    {
        fprintf(cli->out, "%-6s %9lld  %s\n", json_string_value(json_object_get(row, "chip")),
                (long long)json_integer_value(json_object_get(row, "bytes")),
                json_string_value(json_object_get(row, "file")));
    }
}

/* The emulator would sign any number; a client knows those of the schema. */
static int
check_release(const struct synth *s, struct gsp_error *err)
{
    nvrm_release release;

    return rm_name_release(s->cli->schema, s->release, &release, err);
}

int
fw_synth_run(struct cli *cli, int argc, char **argv)
{
    struct synth s = {.cli = cli};
    char *chip = NULL, *release = NULL, *to = NULL;
    struct gsp_error err = {0};
    int rc = cli_value(cli, &argc, argv, "--chip", &chip);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--release", &release);
    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--to", &to);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &synth_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!to)
        return cli_usage(cli, "fw synth --chip AD102 --release 570.144 --to FOLDER",
                         "fw synth needs --to FOLDER");
    s.chip = chip;
    s.release = release ? release : "570.144";
    s.to = to;
    if (check_release(&s, &err) < 0)
        return cli_fail(cli, &err);
    s.files = json_array();
    if (!s.files)
        return cli_out_of_memory(cli);
    if (put_set(&s, &err) < 0) {
        json_decref(s.files);
        return cli_fail(cli, &err);
    }
    return cli_emit(cli, &(struct cli_doc){.json = s.files, .text = print_files});
}
