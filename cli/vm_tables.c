/* SPDX-License-Identifier: MIT */
/*
 * vm walk and dump: page tables read back from the card, beside what libnvmem wrote and,
 * on a card that is emulated in this process, beside the card's own walk.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <emu/walk.h>

#include "render.h"
#include "vm.h"

static const struct nvrm_cmd walk_row = {
    .name = "vm walk", .args = "ADDRESS|NAME[+OFFSET]", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd dump_row = {.name = "vm dump", .args = ""};

/* ---- which tables ---- */

static const struct {
    const char *name;
    enum nvmem_pt_format format;
} formats[] = {
    {"v2",      NVMEM_PT_V2     },
    {"v2-512m", NVMEM_PT_V2_512M},
    {"v3",      NVMEM_PT_V3     },
    {"v3-256g", NVMEM_PT_V3_256G},
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

const char *
vm_format_name(enum nvmem_pt_format format)
{
    for (unsigned i = 0; i < FORMATS; i++)
        if (formats[i].format == format)
            return formats[i].name;
    return "?";
}

int
vm_read_words(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
              size_t count)
{
    struct vm *vm = ctx;

    if (aperture == NVMEM_VRAM)
        return nvmem_device_vram_read(vm->dev, addr, words, count * 8, NULL);
    return nvmem_mmu_words(nvmem_device_mmu(vm->dev), aperture, addr, words, count);
}

static int
other_root(struct cli *cli, const char *text, struct nvmem_pt_reader *reader)
{
    const char *comma = strchr(text, ',');
    char number[32];

    snprintf(number, sizeof(number), "%.*s", comma ? (int)(comma - text) : 31, text);
    if (!vm_number(number, &reader->root) || reader->root % 4096 ||
        (comma && strcmp(comma + 1, "vram") != 0 && strcmp(comma + 1, "system") != 0))
        return cli_usage(cli, "for example 0x2efe00000 or 0x12345000,system",
                         "--root: '%s' is no address of a page directory", text);
    reader->root_aperture = comma && !strcmp(comma + 1, "system") ? NVMEM_SYSTEM : NVMEM_VRAM;
    return CLI_OK;
}

static int
other_format(struct cli *cli, const char *text, struct nvmem_pt_reader *reader)
{
    for (unsigned i = 0; i < FORMATS; i++)
        if (!strcmp(formats[i].name, text)) {
            reader->format = formats[i].format;
            return CLI_OK;
        }
    return cli_usage(cli, "legal: v2, v2-512m, v3, v3-256g", "--format: '%s' is no format",
                     text);
}

/* The module's tables are its own: where they are, nobody is told. */
int
vm_no_tables(struct cli *cli)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
             "nvidia.ko keeps the page tables, and shows them to nobody");
    gsp_hint(&err, "vm dump lists what was mapped; -t emu or -t pci:BDF have tables of ours");
    return cli_fail(cli, &err);
}

int
vm_reader(struct cli *cli, struct vm *vm, int *argc, char **argv,
          struct nvmem_pt_reader *reader, bool *own_out)
{
    const struct nvmem_chip *chip = nvmem_device_chip(vm->dev);
    char *root = NULL, *format = NULL;
    int code = cli_value(cli, argc, argv, "--root", &root);

    *reader = (struct nvmem_pt_reader){.format = chip->format,
                                       .read = vm_read_words,
                                       .ctx = vm,
                                       .vram_bytes = chip->vram_bytes};
    if (code == CLI_OK)
        code = cli_value(cli, argc, argv, "--format", &format);
    if (code == CLI_OK && format)
        code = other_format(cli, format, reader);
    if (code == CLI_OK && root)
        code = other_root(cli, root, reader);
    *own_out = !root;
    if (code == CLI_OK && !root && nvmem_vas_pt(vm->vas)) {
        reader->root = nvmem_pt_root(nvmem_vas_pt(vm->vas))->addr;
        reader->root_aperture = nvmem_pt_root(nvmem_vas_pt(vm->vas))->aperture;
    }
    return code;
}

/* ---- words for people ---- */

static const char *
is_name(enum nvmem_pt_is is)
{
    static const char *const names[] = {"invalid", "sparse", "table", "page"};

    return names[is];
}

static json_t *
target_json(const struct nvmem_target *t)
{
    const bool sparse = t->flags & NVMEM_MAP_SPARSE;
    char flags[80], page[16];
    json_t *doc;

    vm_flags_text(t->flags, flags, sizeof(flags));
    vm_size_text(t->page_bytes, page, sizeof(page));
    doc = json_pack("{s:s, s:s}", "pages", page, "flags", flags);
    if (sparse)
        return doc;
    json_object_set_new(doc, "memory", json_string(vm_aperture_name(t->aperture)));
    json_object_set_new(doc, "address", cli_hex(t->addr));
    if (t->aperture == NVMEM_PEER)
        json_object_set_new(doc, "peer", json_integer(t->peer));
    json_object_set_new(doc, "kind",
                        nvmem_pt_kind_name(t->kind) ? json_string(nvmem_pt_kind_name(t->kind))
                                                    : cli_hex(t->kind));
    return doc;
}

/* Whose mapping an address belongs to: one of vm map's, or a buffer. */

struct search {
    uint64_t va;
    const char *name;
};

static int
match_buffer(void *ctx, const struct nvmem_buffer *b)
{
    struct search *s = ctx;
    const uint64_t va = nvmem_buffer_gpu_va(b);

    if (!va || s->va < va || s->va - va >= nvmem_buffer_bytes(b))
        return 0;
    s->name = nvmem_buffer_name(b);
    return 1;
}

static const char *
name_at(struct vm *vm, uint64_t va)
{
    struct search s = {va, ""};

    for (size_t i = 0; i < vm->count; i++)
        if (va >= vm->rows[i].range.addr && va - vm->rows[i].range.addr < vm->rows[i].bytes)
            return vm->rows[i].name;
    nvmem_buffer_each(vm->dev, match_buffer, &s);
    return s.name;
}

/* ---- walk ---- */

static json_t *
fields_json(enum nvmem_pt_format format, const struct nvmem_pt_step *step)
{
    struct nvmem_pt_field f[NVMEM_PT_FIELDS];
    const unsigned count = nvmem_pt_fields(format, step, f);
    json_t *doc = json_object();

    for (unsigned i = 0; i < count; i++)
        json_object_set_new(doc, f[i].name,
                            f[i].text ? json_string(f[i].text) : cli_hex(f[i].value));
    return doc;
}

static json_t *
step_json(enum nvmem_pt_format format, const struct nvmem_pt_step *s)
{
    json_t *words = json_array();
    char covers[16];

    for (unsigned i = 0; i < s->words; i++) {
        char word[24];

        snprintf(word, sizeof(word), "0x%016" PRIx64, s->word[i]);
        json_array_append_new(words, json_string(word));
    }
    vm_size_text(s->bytes, covers, sizeof(covers));
    return json_pack("{s:s, s:s, s:o, s:I, s:s, s:o, s:s, s:o}", "entry", s->name, "memory",
                     vm_aperture_name(s->aperture), "table", cli_hex(s->table), "index",
                     (json_int_t)s->index, "covers", covers, "words", words, "is",
                     is_name(s->is), "fields", fields_json(format, s));
}

/* What the card says; NULL where it is not emulated in this process. */
static json_t *
card_json(struct vm *vm, const struct nvmem_pt_reader *reader, uint64_t va,
          struct emu_walk *walk)
{
    struct emu_gpu *gpu = session_emulated(vm->session);
    char page[16];

    if (!gpu)
        return NULL;
    emu_gpu_walk(gpu, reader->root_aperture != NVMEM_VRAM, reader->root, va, walk);
    if (!walk->mapped)
        return json_pack("{s:b, s:s}", "mapped", 0, "fault", walk->fault);
    if (walk->sparse)
        return json_pack("{s:b, s:b}", "mapped", 1, "sparse", 1);
    vm_size_text(walk->page_bytes, page, sizeof(page));
    return json_pack("{s:b, s:s, s:o, s:s, s:b, s:b, s:b}", "mapped", 1, "memory",
                     walk->system ? "system" : "vram", "address", cli_hex(walk->addr), "pages",
                     page, "read_only", walk->read_only, "privileged", walk->privileged,
                     "no_atomics", walk->no_atomics);
}

/* Whether the last step and the card say the same; peers are no memory to an emulated card. */
bool
vm_agrees(const struct nvmem_pt_step *last, uint64_t va, const struct emu_walk *w)
{
    const bool mapped = last->is == NVMEM_IS_PAGE || last->is == NVMEM_IS_SPARSE;
    const struct nvmem_target *t = &last->target;

    if (last->is == NVMEM_IS_PAGE && t->aperture == NVMEM_PEER)
        return !w->mapped;
    if (mapped != w->mapped || (last->is == NVMEM_IS_SPARSE) != (w->mapped && w->sparse))
        return false;
    return last->is != NVMEM_IS_PAGE ||
           (w->addr == t->addr + (va - last->va) && w->page_bytes == last->bytes &&
            w->system == (t->aperture != NVMEM_VRAM) &&
            w->read_only == ((t->flags & NVMEM_MAP_READ_ONLY) != 0) &&
            w->privileged == ((t->flags & NVMEM_MAP_PRIVILEGED) != 0) &&
            w->no_atomics == ((t->flags & NVMEM_MAP_NO_ATOMICS) != 0));
}

static void
print_fields(struct cli *cli, const json_t *fields)
{
    const char *name, *gap = "";
    json_t *value;
    char text[64];

    fputs("      ", cli->out);
    json_object_foreach((json_t *)fields, name, value)
    {
        fprintf(cli->out, "%s%s=%s", gap, name, render_scalar(value, text, sizeof(text)));
        gap = "  ";
    }
    fputc('\n', cli->out);
}

static void
print_target(struct cli *cli, const char *title, const json_t *doc)
{
    const char *name;
    json_t *value;
    char text[64];

    fprintf(cli->out, "%s:", title);
    json_object_foreach((json_t *)doc, name, value)
    {
        const char *word = render_scalar(value, text, sizeof(text));

        if (*word)
            fprintf(cli->out, " %s %s", name, word);
    }
    fputc('\n', cli->out);
}

static void
print_walk(struct cli *cli, const json_t *doc)
{
    const json_t *step, *words;
    size_t i;

    fprintf(cli->out, "%s  %s  page directory at %s in %s\n", cli_str(doc, "va"),
            cli_str(doc, "format"), cli_str(doc, "root"), cli_str(doc, "root_memory"));
    json_array_foreach(json_object_get(doc, "steps"), i, step)
    {
        words = json_object_get(step, "words");
        fprintf(cli->out, "  %-7s [%3" JSON_INTEGER_FORMAT "] of %s %-11s %-4s %-7s %s%s%s\n",
                cli_str(step, "entry"), json_integer_value(json_object_get(step, "index")),
                cli_str(step, "table"), cli_str(step, "memory"), cli_str(step, "covers"),
                cli_str(step, "is"), json_string_value(json_array_get(words, 0)),
                json_array_size(words) > 1 ? " " : "",
                json_array_size(words) > 1 ? json_string_value(json_array_get(words, 1)) : "");
        print_fields(cli, json_object_get(step, "fields"));
    }
    if (json_object_get(doc, "page"))
        print_target(cli, "leads to", json_object_get(doc, "page"));
    else
        fprintf(cli->out, "leads nowhere\n");
    if (json_object_get(doc, "card"))
        print_target(cli, "the card", json_object_get(doc, "card"));
}

static json_t *
walk_json(struct vm *vm, const struct nvmem_pt_reader *r, uint64_t va,
          const struct nvmem_pt_step *step, unsigned count, bool *agree_out)
{
    const struct nvmem_pt_step *last = &step[count - 1];
    json_t *steps = json_array(), *doc, *card;
    struct emu_walk walk = {0};

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(steps, step_json(r->format, &step[i]));
    doc = json_pack("{s:o, s:s, s:o, s:s, s:o}", "va", cli_hex(va), "format",
                    vm_format_name(r->format), "root", cli_hex(r->root), "root_memory",
                    vm_aperture_name(r->root_aperture), "steps", steps);
    if (last->is == NVMEM_IS_PAGE || last->is == NVMEM_IS_SPARSE) {
        struct nvmem_target t = last->target;

        t.addr += va - last->va;
        json_object_set_new(doc, "page", target_json(&t));
    }
    *agree_out = true;
    card = card_json(vm, r, va, &walk);
    if (card) {
        *agree_out = vm_agrees(last, va, &walk);
        json_object_set_new(doc, "card", card);
        json_object_set_new(doc, "agree", json_boolean(*agree_out));
    }
    return doc;
}

/* What RM was asked for, where the tables are the module's. */
static int
walk_kernel(struct cli *cli, struct vm *vm, uint64_t va)
{
    struct nvmem_pt_entry e;
    bool mapped;

    vm_enter(vm);
    mapped = nvmem_vas_walk(vm->vas, va, &e);
    vm_leave(vm);
    if (!mapped)
        return cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:o, s:b}", "va",
                                                                 cli_hex(va), "mapped", 0)});
    return cli_emit(
        cli, &(struct cli_doc){
                 .json = json_pack("{s:o, s:b, s:o, s:I, s:o, s:o}", "va", cli_hex(va),
                                   "mapped", 1, "mapping", cli_hex(e.va), "bytes",
                                   (json_int_t)e.bytes, "object", cli_hex32((uint32_t)e.word),
                                   "offset", cli_hex(e.target.addr + (va - e.va)))});
}

int
vm_walk(struct cli *cli, int argc, char **argv)
{
    struct nvmem_pt_step step[NVMEM_PT_STEPS];
    struct nvmem_pt_reader reader;
    struct gsp_error err = {0};
    unsigned count;
    struct vm *vm;
    uint64_t va;
    bool own, agree;
    int code = vm_get(cli, &vm);

    if (code == CLI_OK)
        code = vm_reader(cli, vm, &argc, argv, &reader, &own);
    if (code == CLI_OK)
        code = cli_check_args(cli, &walk_row, &argc, argv);
    if (code == CLI_OK)
        code = vm_address(cli, vm, argv[1], &va);
    if (code != CLI_OK)
        return code;
    if (own && !nvmem_vas_pt(vm->vas))
        return walk_kernel(cli, vm, va);
    if (!nvmem_vas_pt(vm->vas))
        return vm_no_tables(cli);
    if (nvmem_pt_read_walk(&reader, va, step, &count, &err) < 0)
        return cli_fail(cli, &err);
    code =
        cli_emit(cli, &(struct cli_doc){.json = walk_json(vm, &reader, va, step, count, &agree),
                                        .text = print_walk});
    if (code == CLI_OK && !agree)
        return cli_fail(cli,
                        &(struct gsp_error){.origin = GSP_ORIGIN_PROTOCOL,
                                            .text = "the card's own walk ends somewhere else"});
    return code;
}

/* ---- dump ---- */

struct dump {
    struct vm *vm;
    json_t *rows;
};

/* What RM was asked to map. */
static json_t *
mapping_json(const struct nvmem_pt_entry *run)
{
    char flags[80];

    vm_flags_text(run->target.flags, flags, sizeof(flags));
    return json_pack("{s:s, s:o, s:o, s:s}", "memory", vm_aperture_name(run->target.aperture),
                     "object", cli_hex32((uint32_t)run->word), "offset",
                     cli_hex(run->target.addr), "flags", flags);
}

static int
add_run(void *ctx, const struct nvmem_pt_entry *run)
{
    struct dump *d = ctx;
    json_t *target, *row;
    char size[16];

    vm_size_text(run->bytes, size, sizeof(size));
    row = json_pack("{s:o, s:o, s:s, s:s}", "va", cli_hex(run->va), "bytes",
                    cli_hex(run->bytes), "size", size, "name", name_at(d->vm, run->va));
    target = nvmem_vas_pt(d->vm->vas) ? target_json(&run->target) : mapping_json(run);
    json_object_update(row, target);
    json_decref(target);
    return json_array_append_new(d->rows, row);
}

static void
print_dump(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"va",      "ADDRESS"},
        {"size",    "SIZE"   },
        {"pages",   "PAGES"  },
        {"memory",  "MEMORY" },
        {"address", "AT"     },
        {"kind",    "KIND"   },
        {"flags",   "FLAGS"  },
        {"name",    "NAME"   },
        {NULL,      NULL     },
    };

    render_table(cli, rows, columns);
}

static void
print_mappings(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"va",     "ADDRESS"},
        {"size",   "SIZE"   },
        {"memory", "MEMORY" },
        {"object", "OBJECT" },
        {"offset", "OFFSET" },
        {"flags",  "FLAGS"  },
        {"name",   "NAME"   },
        {NULL,     NULL     },
    };

    render_table(cli, rows, columns);
}

int
vm_dump(struct cli *cli, int argc, char **argv)
{
    struct dump d = {.rows = json_array()};
    struct nvmem_pt_reader reader;
    struct gsp_error err = {0};
    bool own = true;
    int rc, code = vm_get(cli, &d.vm);

    if (code == CLI_OK)
        code = vm_reader(cli, d.vm, &argc, argv, &reader, &own);
    if (code == CLI_OK)
        code = cli_check_args(cli, &dump_row, &argc, argv);
    if (code == CLI_OK && !own && !nvmem_vas_pt(d.vm->vas))
        code = vm_no_tables(cli);
    if (code != CLI_OK) {
        json_decref(d.rows);
        return code;
    }
    vm_enter(d.vm);
    rc = nvmem_vas_pt(d.vm->vas) ? nvmem_pt_read_each(&reader, add_run, &d, &err)
                                 : nvmem_vas_each(d.vm->vas, add_run, &d);
    vm_leave(d.vm);
    if (rc < 0) {
        json_decref(d.rows);
        return cli_fail(cli, &err);
    }
    return cli_emit(
        cli, &(struct cli_doc){.json = d.rows,
                               .text = nvmem_vas_pt(d.vm->vas) ? print_dump : print_mappings});
}
