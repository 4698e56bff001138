/* SPDX-License-Identifier: MIT */
/*
 * NVIDIA's .run: a shell script (makeself's) with a packed tar behind it. The script says by
 * `skip=N` on which line the tar starts; nothing of it is executed here.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"

enum { SCRIPT_MAX = 1 << 20, LINES_MAX = 20000, TAR_MAGIC_OFF = 257 };

static const struct {
    const char *name;
    const char *magic;
    uint8_t bytes;
    uint16_t off;
} packings[] = {
    [GSP_FW_PACKED_UNKNOWN] = {"unknown", "",                 0, 0            },
    [GSP_FW_PACKED_TAR] = {"none",    "ustar",            5, TAR_MAGIC_OFF},
    [GSP_FW_PACKED_GZIP] = {"gzip",    "\x1f\x8b",         2, 0            },
    [GSP_FW_PACKED_BZIP2] = {"bzip2",   "BZh",              3, 0            },
    [GSP_FW_PACKED_XZ] = {"xz",
                               "\xfd"
                          "7zXZ",                             5, 0            },
    [GSP_FW_PACKED_ZSTD] = {"zstd",    "\x28\xb5\x2f\xfd", 4, 0            },
};
enum { PACKINGS = sizeof(packings) / sizeof(packings[0]) };

const char *
gsp_fw_packing_name(enum gsp_fw_packing packing)
{
    return packings[(unsigned)packing < PACKINGS ? packing : 0].name;
}

static enum gsp_fw_packing
packing_at(const struct gsp_fw_source *src, uint64_t at)
{
    for (unsigned i = 1; i < PACKINGS; i++) {
        if (fw_has(src, at + packings[i].off, packings[i].bytes) &&
            !memcmp(src->data + at + packings[i].off, packings[i].magic, packings[i].bytes))
            return (enum gsp_fw_packing)i;
    }
    return GSP_FW_PACKED_UNKNOWN;
}

/* One variable of the script: `name=value` or `name="value"` at the start of a line. */
static bool
variable(const char *line, size_t line_bytes, const char *name, char *value, size_t value_bytes)
{
    const size_t name_bytes = strlen(name);
    size_t n = 0;

    if (line_bytes <= name_bytes || memcmp(line, name, name_bytes) || line[name_bytes] != '=')
        return false;
    for (size_t i = name_bytes + 1; i < line_bytes && n + 1 < value_bytes; i++) {
        if (line[i] == '"' && n == 0)
            continue;
        if ((line[i] < '0' || line[i] > '9') && line[i] != '.')
            break;
        value[n++] = line[i];
    }
    value[n] = '\0';
    return n > 0;
}

struct script {
    unsigned lines;     /* read so far */
    unsigned skip;      /* 0 until seen */
    uint64_t starts[2]; /* of line `skip` and of the one behind it */
};

static unsigned
small_number(const char *text)
{
    unsigned value = 0;

    while (*text >= '0' && *text <= '9' && value < LINES_MAX)
        value = value * 10 + (unsigned)(*text++ - '0');
    return *text ? 0 : value;
}

/* One line; false when the script has been read far enough. */
static bool
read_line(struct gsp_fw_run *run, struct script *s, const char *line, size_t bytes, uint64_t at)
{
    char value[24];

    s->lines++;
    if (s->skip && s->lines >= s->skip && s->lines - s->skip < 2)
        s->starts[s->lines - s->skip] = at;
    if (!s->skip && variable(line, bytes, "skip", value, sizeof(value)))
        s->skip = small_number(value);
    if (!run->release[0] && variable(line, bytes, "version_string", value, sizeof(value)))
        memcpy(run->release, value, sizeof(run->release));
    return s->lines < LINES_MAX && !(s->skip && s->lines > s->skip);
}

static void
read_script(const struct gsp_fw_source *src, struct gsp_fw_run *run, struct script *s)
{
    const uint64_t most = src->bytes < SCRIPT_MAX ? src->bytes : SCRIPT_MAX;
    uint64_t at = 0;

    while (at < most) {
        const char *line = (const char *)src->data + at;
        const char *end = memchr(line, '\n', most - at);
        const size_t bytes = end ? (size_t)(end - line) : most - at;

        if (!read_line(run, s, line, bytes, at) || !end)
            return;
        at += bytes + 1;
    }
}

int
gsp_fw_run_open(const struct gsp_fw_source *src, struct gsp_fw_run *out, struct gsp_error *err)
{
    struct gsp_fw_run run = {0};
    struct script s = {0};

    memset(out, 0, sizeof(*out));
    if (!fw_has(src, 0, 2) || memcmp(src->data, "#!", 2))
        return fw_bad(src, err, 0, "not a .run archive: no script at its front");
    read_script(src, &run, &s);
    if (!s.skip)
        return fw_bad(src, err, 0, "the script does not say where its archive starts (skip=)");
    for (unsigned i = 0; i < 2; i++) {
        const enum gsp_fw_packing packing = packing_at(src, s.starts[i]);

        if (!s.starts[i] || packing == GSP_FW_PACKED_UNKNOWN)
            continue;
        run.packing = packing;
        run.script = (struct gsp_fw_slice){src->data, s.starts[i], src->base};
        run.payload = (struct gsp_fw_slice){src->data + s.starts[i], src->bytes - s.starts[i],
                                            src->base + s.starts[i]};
        *out = run;
        return 0;
    }
    return fw_bad(src, err, s.starts[0], "no archive of a known packing on line %u", s.skip);
}
