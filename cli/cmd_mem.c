/* SPDX-License-Identifier: MIT */
/*
 * mem: buffers on the card. What they hold goes in and out through the CPU's mappings, and
 * from one to another through a copy engine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "mem.h"
#include "subverb.h"
#include "work.h"

enum { DUMP = 256, DUMP_MAX = 16 << 20, ROW = 16, OWNERS = 64 };

/* alloc, free, list */

static int
placement_option(struct cli *cli, int *argc, char **argv, enum nvmem_placement *out)
{
    static const char *const names[] = {"vram", "system", "coherent"};
    char *text = NULL;
    int rc = cli_value(cli, argc, argv, "--in", &text);

    for (unsigned i = 0; rc == CLI_OK && text && i < 3; i++)
        if (!strcmp(text, names[i])) {
            *out = (enum nvmem_placement)i;
            return CLI_OK;
        }
    return rc != CLI_OK || !text
               ? rc
               : cli_usage(cli, "vram, system or coherent", "--in: '%s' is no memory", text);
}

static int
mem_alloc(struct cli *cli, int argc, char **argv)
{
    struct nvmem_buffer_config c = {0};
    struct gsp_error err = {0};
    struct nvmem_buffer *b = NULL;
    struct work_item *item;
    char *name = NULL;
    struct work *w;
    int rc = placement_option(cli, &argc, argv, &c.placement);

    if (rc == CLI_OK)
        rc = cli_value(cli, &argc, argv, "--name", &name);
    if (rc == CLI_OK)
        rc = work_size_option(cli, &argc, argv, "--align", &c.align);
    if (rc == CLI_OK)
        rc = work_size_option(cli, &argc, argv, "--page", &c.page_bytes);
    if (rc == CLI_OK)
        rc = work_size_option(cli, &argc, argv, "--at", &c.gpu_va);
    if (rc == CLI_OK)
        rc = mem_check_words(cli, &argc, argv, 3, 3);
    if (rc != CLI_OK)
        return rc;
    if (!work_size(argv[2], &c.bytes))
        return cli_usage(cli, "for example mem alloc 16M", "mem alloc: '%s' is no size",
                         argv[2]);
    c.name = name;
    c.flags = c.gpu_va ? NVMEM_BUFFER_FIXED_VA : 0;
    if (work_get(cli, &w, &err) < 0 || nvmem_buffer_create(work_device(w), &c, &b, &err) < 0 ||
        work_add(w, name, b, NULL, &item, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = work_buffer_row(item)});
}

static int
mem_free(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work_item *item;
    struct work *w;
    int rc = mem_check_words(cli, &argc, argv, 3, 3);

    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0 || work_buffer(w, argv[2], &item, &err) < 0 ||
        work_remove(w, item, &err) < 0)
        return cli_fail(cli, &err);
    return CLI_OK;
}

static int
mem_list(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    json_t *rows = json_array();
    struct work *w;
    int rc = mem_check_words(cli, &argc, argv, 2, 2);

    if (rc == CLI_OK && work_get(cli, &w, &err) < 0)
        rc = cli_fail(cli, &err);
    if (rc != CLI_OK) {
        json_decref(rows);
        return rc;
    }
    for (const struct work_item *i = work_first(w); i; i = i->next)
        if (i->buffer)
            json_array_append_new(rows, work_buffer_row(i));
    return work_emit_rows(cli, rows);
}

/* read, write */

static void
print_dump(struct cli *cli, const json_t *doc)
{
    const char *hex = cli_str(doc, "data");
    uint64_t at = strtoull(cli_str(doc, "offset"), NULL, 0);

    for (; *hex; at += ROW) {
        fprintf(cli->out, "%08" PRIx64 " ", at);
        for (unsigned i = 0; i < ROW && *hex; i++, hex += 2)
            fprintf(cli->out, " %.2s", hex);
        fputc('\n', cli->out);
    }
}

static json_t *
hex_of(const uint8_t *data, uint64_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * bytes + 1);
    json_t *value;

    if (!text)
        return NULL;
    for (uint64_t i = 0; i < bytes; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * bytes] = '\0';
    value = json_string(text);
    free(text);
    return value;
}

static int
emit_bytes(struct cli *cli, const struct work_place *p, const uint8_t *data, uint64_t bytes)
{
    json_t *hex = hex_of(data, bytes);

    if (!hex)
        return cli_out_of_memory(cli);
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:s, s:o, s:I, s:o}", "buffer",
                                                 p->item->name, "offset", cli_hex(p->offset),
                                                 "bytes", (json_int_t)bytes, "data", hex),
                               .text = print_dump,
                               .raw = data,
                               .raw_bytes = bytes});
}

static int
to_file(struct cli *cli, const char *path, const struct work_place *p, const uint8_t *data,
        uint64_t bytes)
{
    struct gsp_error err = {0};
    FILE *f = fopen(path, "wb");
    const bool ok = f && fwrite(data, 1, bytes, f) == bytes;

    if ((f && fclose(f) != 0) || !ok) {
        gsp_fail(&err, GSP_ORIGIN_INPUT, -errno, "%s: cannot write: %s", path, strerror(errno));
        return cli_fail(cli, &err);
    }
    return cli_emit(
        cli, &(struct cli_doc){.json = json_pack("{s:s, s:I, s:s}", "buffer", p->item->name,
                                                 "bytes", (json_int_t)bytes, "file", path)});
}

static int
show(struct cli *cli, const struct work_place *p, uint64_t bytes, const char *path)
{
    struct gsp_error err = {0};
    uint8_t *data = malloc(bytes ? bytes : 1);
    int rc;

    if (!data)
        return cli_out_of_memory(cli);
    if (nvmem_buffer_read(p->item->buffer, p->offset, data, bytes, &err) < 0)
        rc = cli_fail(cli, &err);
    else
        rc = path ? to_file(cli, path, p, data, bytes) : emit_bytes(cli, p, data, bytes);
    free(data);
    return rc;
}

static int
mem_read(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work_place p;
    uint64_t bytes = 0, rest;
    char *path = NULL;
    struct work *w;
    int rc = cli_value(cli, &argc, argv, "--to", &path);

    if (rc == CLI_OK)
        rc = mem_check_words(cli, &argc, argv, 3, 4);
    if (rc != CLI_OK)
        return rc;
    if (argc > 3 && !work_size(argv[3], &bytes))
        return cli_usage(cli, "for example mem read b1+0x100 64",
                         "mem read: '%s' is no number of bytes", argv[3]);
    if (work_get(cli, &w, &err) < 0 || work_place(w, argv[2], &p, &err) < 0)
        return cli_fail(cli, &err);
    rest = nvmem_buffer_bytes(p.item->buffer);
    rest = rest > p.offset ? rest - p.offset : 0;
    if (argc <= 3)
        bytes = path || rest < DUMP ? rest : DUMP;
    if (!path && bytes > DUMP_MAX)
        return cli_usage(cli, "--to FILE takes any number",
                         "mem read: %" PRIu64 " bytes are too many to print", bytes);
    return show(cli, &p, bytes, path);
}

static int
put(struct cli *cli, const struct work_place *p, const uint8_t *data, uint64_t bytes)
{
    struct gsp_error err = {0};

    if (nvmem_buffer_write(p->item->buffer, p->offset, data, bytes, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli,
                    &(struct cli_doc){
                        .json = json_pack("{s:s, s:o, s:I}", "buffer", p->item->name, "offset",
                                          cli_hex(p->offset), "bytes", (json_int_t)bytes)});
}

static int
mem_write(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work_place p;
    uint8_t *data = NULL;
    size_t bytes = 0;
    char *path = NULL;
    struct work *w;
    int rc = cli_value(cli, &argc, argv, "--from", &path);

    if (rc == CLI_OK)
        rc = mem_check_words(cli, &argc, argv, path ? 3 : 4, path ? 3 : 4);
    if (rc != CLI_OK)
        return rc;
    if (path) {
        data = (uint8_t *)cli_read_file(path, &bytes, &err);
        if (!data)
            return cli_fail(cli, &err);
    } else {
        data = mem_parse_bytes(argv[3], &bytes);
        if (!data)
            return cli_usage(cli, "for example mem write b1 0xcafe, or 00 ff as 00ff",
                             "mem write: '%s' is not pairs of hex digits", argv[3]);
    }
    if (work_get(cli, &w, &err) < 0 || work_place(w, argv[2], &p, &err) < 0)
        rc = cli_fail(cli, &err);
    else
        rc = put(cli, &p, data, bytes);
    free(data);
    return rc;
}

/* heaps, leaks, stat */

static json_t *
heap_row(const char *name, struct nvmem_heap *heap)
{
    struct nvmem_heap_stat s;

    nvmem_heap_stat(heap, &s);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "heap", name, "total_bytes",
                     (json_int_t)s.total_bytes, "used_bytes", (json_int_t)s.used_bytes,
                     "peak_bytes", (json_int_t)s.peak_bytes, "largest_free_bytes",
                     (json_int_t)s.largest_free_bytes, "used_ranges", (json_int_t)s.used_ranges,
                     "free_ranges", (json_int_t)s.free_ranges);
}

static int
write_text(void *ctx, const char *text, size_t bytes)
{
    return fwrite(text, 1, bytes, ctx) == bytes ? 0 : -EIO;
}

/* The picture of the card's memory, or of the addresses where RM keeps the memory. */
static int
draw(struct cli *cli, struct nvmem_device *dev, const char *path)
{
    struct nvmem_heap *heap = nvmem_device_vram(dev);
    struct gsp_error err = {0};
    FILE *f = fopen(path, "w");
    int rc = f ? 0
               : gsp_fail(&err, GSP_ORIGIN_INPUT, -errno, "%s: cannot write: %s", path,
                          strerror(errno));

    if (rc == 0)
        rc = nvmem_heap_svg(heap ? heap : nvmem_vas_heap(nvmem_device_vas(dev)),
                            nvmem_device_owners(dev), write_text, f, &err);
    if (f && fclose(f) != 0 && rc == 0)
        rc = gsp_fail(&err, GSP_ORIGIN_INPUT, -EIO, "%s: cannot write", path);
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

static int
mem_heaps(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct nvmem_device *dev;
    char *path = NULL;
    struct work *w;
    json_t *rows;
    int rc = cli_value(cli, &argc, argv, "--svg", &path);

    if (rc == CLI_OK)
        rc = mem_check_words(cli, &argc, argv, 2, 2);
    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0)
        return cli_fail(cli, &err);
    dev = work_device(w);
    rc = path ? draw(cli, dev, path) : CLI_OK;
    if (rc != CLI_OK)
        return rc;
    rows = json_array();
    if (nvmem_device_vram(dev))
        json_array_append_new(rows, heap_row("vram", nvmem_device_vram(dev)));
    json_array_append_new(rows, heap_row("addresses", nvmem_vas_heap(nvmem_device_vas(dev))));
    return work_emit_rows(cli, rows);
}

static void
add_leaks(json_t *rows, const char *name, struct nvmem_heap *heap, struct nvmem_device *dev)
{
    struct nvmem_leak leaks[OWNERS];
    unsigned n = heap ? nvmem_heap_leaks(heap, leaks, OWNERS) : 0;

    for (unsigned i = 0; i < n && i < OWNERS; i++)
        json_array_append_new(
            rows,
            json_pack("{s:s, s:s, s:I, s:I, s:o}", "heap", name, "owner",
                      nvmem_owner_name(nvmem_device_owners(dev), leaks[i].owner), "ranges",
                      (json_int_t)leaks[i].ranges, "bytes", (json_int_t)leaks[i].bytes,
                      "first_at", cli_hex(leaks[i].first_addr)));
}

static int
mem_leaks(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct nvmem_device *dev;
    struct work *w;
    json_t *rows;
    int rc = mem_check_words(cli, &argc, argv, 2, 2);

    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0)
        return cli_fail(cli, &err);
    dev = work_device(w);
    rows = json_array();
    add_leaks(rows, "vram", nvmem_device_vram(dev), dev);
    add_leaks(rows, "addresses", nvmem_vas_heap(nvmem_device_vas(dev)), dev);
    return work_emit_rows(cli, rows);
}

static int
mem_stat(struct cli *cli, int argc, char **argv)
{
    struct nvmem_device_stat s;
    struct gsp_error err = {0};
    const struct nvmem_chip *chip;
    struct work *w;
    int rc = mem_check_words(cli, &argc, argv, 2, 2);

    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0)
        return cli_fail(cli, &err);
    nvmem_device_stat(work_device(w), &s);
    chip = nvmem_device_chip(work_device(w));
    return cli_emit(
        cli, &(struct cli_doc){
                 .json = json_pack(
                     "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "path", chip->path == NVMEM_DIRECT ? "direct" : "kernel", "card_bytes",
                     (json_int_t)chip->vram_bytes, "buffers", (json_int_t)s.buffers, "channels",
                     (json_int_t)s.channels, "vram_bytes", (json_int_t)s.vram_bytes,
                     "vram_peak_bytes", (json_int_t)s.vram_peak_bytes, "system_bytes",
                     (json_int_t)s.system_bytes, "mapped_bytes", (json_int_t)s.mapped_bytes,
                     "cpu_mapped_bytes", (json_int_t)s.cpu_mapped_bytes, "imported",
                     (json_int_t)s.imported, "windows", (json_int_t)s.windows, "window_hits",
                     (json_int_t)s.window_hits, "window_misses", (json_int_t)s.window_misses)});
}

/* The table */

static const struct cli_subverb verbs[] = {
    {"alloc", mem_alloc},
    {"free",  mem_free },
    {"list",  mem_list },
    {"read",  mem_read },
    {"write", mem_write},
    {"copy",  mem_copy },
    {"fill",  mem_fill },
    {"heaps", mem_heaps},
    {"leaks", mem_leaks},
    {"stat",  mem_stat },
};

static int
cmd_mem_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    return verb ? verb->run(cli, argc, argv) : rc;
}

const struct nvrm_cmd cmd_mem = {
    .name = "mem",
    .args = "alloc|free|list|read|write|copy|fill|heaps|leaks|stat [ARGS...]",
    .options =
        "--in MEMORY, --name NAME, --align SIZE, --page SIZE, --at ADDRESS, --from FILE, "
        "--to FILE, --verify, --svg FILE",
    .help = "buffers on the card: allocate, read, write, copy by engine, heaps and leaks",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_mem_run,
    .pages = true,
};
