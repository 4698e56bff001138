/* SPDX-License-Identifier: MIT */
/*
 * vm: the session's address space: memory mapped, unmapped, split and joined by hand, and its
 * page tables shown (vm_tables.c). Mappings have names and live as long as the session.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "render.h"
#include "subverb.h"
#include "vm.h"

static const struct nvrm_cmd map_row = {
    .name = "vm map", .args = "NAME BYTES", .min_args = 2, .max_args = 2};
static const struct nvrm_cmd unmap_row = {
    .name = "vm unmap", .args = "NAME", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd split_row = {
    .name = "vm split", .args = "NAME --page SIZE", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd merge_row = {
    .name = "vm merge", .args = "NAME", .min_args = 1, .max_args = 1};

/* ---- the session's space ---- */

static void
release_row(struct vm *vm, struct vm_row *row)
{
    int rc;

    vm_enter(vm);
    rc = nvmem_vas_release(vm->vas, &row->range, NULL);
    if (!rc)
        rc = nvmem_vas_flush(vm->vas, NULL);
    vm_leave(vm);
    if (!rc)
        (void)nvmem_buffer_unref(row->buffer, NULL);
}

static void
close_vm(void *ctx)
{
    struct vm *vm = ctx;

    while (vm->count)
        release_row(vm, &vm->rows[--vm->count]);
    free(vm->rows);
    free(vm);
}

static int
open_vm(struct cli_session *s, struct vm **vm_out, struct gsp_error *err)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    int rc;

    if (!vm)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    vm->session = s;
    rc = session_nvmem(s, &vm->dev, err);
    if (!rc)
        rc = session_at_close(s, close_vm, vm, err);
    if (rc < 0) {
        free(vm);
        return rc;
    }
    vm->vas = nvmem_device_vas(vm->dev);
    *vm_out = vm;
    return 0;
}

/* Opening the space allocates; RM would take it, but the policy may not. */
static int
check_policy(struct cli *cli, struct cli_session *s, struct gsp_error *err)
{
    const struct nvrm_class *cls = nvrm_class_find(session_abi(s), "FERMI_VASPACE_A");

    return cls ? policy_class(cli, session_abi(s), cls, cls->id, err) : 0;
}

int
vm_get(struct cli *cli, struct vm **vm_out)
{
    struct gsp_error err = {0};
    struct cli_session *s;
    int rc = session_get(cli, &s, &err);

    if (rc == 0) {
        *vm_out = session_kept(s, close_vm);
        if (!*vm_out)
            rc = check_policy(cli, s, &err);
        if (rc == 0 && !*vm_out)
            rc = open_vm(s, vm_out, &err);
    }
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

void
vm_enter(struct vm *vm)
{
    if (nvmem_device_chip(vm->dev)->path == NVMEM_KERNEL)
        nvmem_device_lock(vm->dev);
}

void
vm_leave(struct vm *vm)
{
    if (nvmem_device_chip(vm->dev)->path == NVMEM_KERNEL)
        nvmem_device_unlock(vm->dev);
}

/* ---- map ---- */

struct map_request {
    uint64_t bytes, va, page_bytes, align;
    bool fixed;
    enum nvmem_placement placement;
    bool contiguous;
    uint32_t flags;
    uint8_t kind;
};

static int
parse_memory(struct cli *cli, int *argc, char **argv, struct map_request *r)
{
    static const struct {
        const char *name;
        enum nvmem_placement placement;
        bool contiguous;
    } rows[] = {
        {"vram",        NVMEM_PLACE_VRAM,     true },
        {"scattered",   NVMEM_PLACE_VRAM,     false},
        {"system",      NVMEM_PLACE_COHERENT, false},
        {"noncoherent", NVMEM_PLACE_SYSTEM,   false},
    };
    static const char *const names[] = {"vram", "scattered", "system", "noncoherent", NULL};
    const char *nearest;
    char *text = NULL, hint[80];
    int rc = cli_value(cli, argc, argv, "--memory", &text);

    r->contiguous = true;
    for (size_t i = 0; rc == CLI_OK && text && i < 4; i++)
        if (!strcmp(rows[i].name, text)) {
            r->placement = rows[i].placement;
            r->contiguous = rows[i].contiguous;
            return CLI_OK;
        }
    if (rc != CLI_OK || !text)
        return rc;
    nearest = cli_nearest(text, names);
    snprintf(hint, sizeof(hint), nearest ? "did you mean %s?" : "legal: vram, scattered, %s",
             nearest ? nearest : "system, noncoherent");
    return cli_usage(cli, hint, "--memory: '%s' is no memory", text);
}

static int
parse_kind(struct cli *cli, int *argc, char **argv, struct map_request *r)
{
    char *text = NULL;
    uint64_t number;
    int rc = cli_value(cli, argc, argv, "--kind", &text);

    if (rc != CLI_OK || !text)
        return rc;
    for (unsigned k = 0; k < 16; k++)
        if (!strcasecmp(text, nvmem_pt_kind_name((uint8_t)k))) {
            r->kind = (uint8_t)k;
            return CLI_OK;
        }
    if (!vm_number(text, &number) || number > 255)
        return cli_usage(cli, "for example PITCH, GENERIC_MEMORY, GENERIC_MEMORY_COMPRESSIBLE",
                         "--kind: '%s' is no kind of memory", text);
    r->kind = (uint8_t)number;
    return CLI_OK;
}

static int
parse_map(struct cli *cli, int *argc, char **argv, struct map_request *r)
{
    int rc = vm_take_number(cli, argc, argv, "--va", &r->va, &r->fixed);

    if (rc == CLI_OK)
        rc = vm_take_number(cli, argc, argv, "--page", &r->page_bytes, NULL);
    if (rc == CLI_OK)
        rc = vm_take_number(cli, argc, argv, "--align", &r->align, NULL);
    if (rc == CLI_OK)
        rc = parse_memory(cli, argc, argv, r);
    if (rc == CLI_OK)
        rc = parse_kind(cli, argc, argv, r);
    for (unsigned i = 0; i < VM_FLAGS; i++)
        if (cli_flag(argc, argv, vm_flags[i].option))
            r->flags |= vm_flags[i].flag;
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &map_row, argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!vm_number(argv[2], &r->bytes) || !r->bytes || r->bytes % 4096 || r->bytes >> 46)
        return cli_usage(cli, "for example 64K, 2M, 0x5000",
                         "'%s' is no size: a multiple of 4096 below 64T", argv[2]);
    if (strlen(argv[1]) >= sizeof(((struct vm_row *)0)->name) || !*argv[1] ||
        strpbrk(argv[1], "+ $") || (*argv[1] >= '0' && *argv[1] <= '9'))
        return cli_usage(cli, "use letters, digits and dashes, 31 at most, a letter first",
                         "'%s' cannot be the name of a mapping", argv[1]);
    return CLI_OK;
}

static int
make_buffer(struct vm *vm, const char *name, const struct map_request *r,
            struct nvmem_buffer **buffer_out, struct gsp_error *err)
{
    const struct nvmem_buffer_config config = {
        .name = name,
        .bytes = r->bytes,
        .placement = r->placement,
        .flags = NVMEM_BUFFER_NO_VA | (r->contiguous ? NVMEM_BUFFER_CONTIGUOUS : 0),
        .page_bytes = r->page_bytes > 2 << 20 ? 0 : r->page_bytes,
        .align = r->page_bytes > 2 << 20 ? r->page_bytes : 0,
        .kind = r->kind,
    };

    *buffer_out = NULL;
    return r->flags & NVMEM_MAP_SPARSE ? 0
                                       : nvmem_buffer_create(vm->dev, &config, buffer_out, err);
}

static struct nvmem_vas_memory
memory_of(struct nvmem_buffer *b)
{
    static const enum nvmem_aperture apertures[] = {
        [NVMEM_PLACE_VRAM] = NVMEM_VRAM,
        [NVMEM_PLACE_SYSTEM] = NVMEM_SYSTEM_NONCOHERENT,
        [NVMEM_PLACE_COHERENT] = NVMEM_SYSTEM,
    };
    struct nvmem_vas_memory m = {.bytes = nvmem_buffer_bytes(b),
                                 .aperture = apertures[nvmem_buffer_placement(b)],
                                 .hMemory = nvmem_buffer_handle(b)};

    m.extents = nvmem_buffer_extents(b, &m.extent_count);
    return m;
}

static int
map_buffer(struct vm *vm, struct vm_row *row, const struct map_request *r, uint32_t owner,
           struct gsp_error *err)
{
    const struct nvmem_request q = {.align =
                                        r->align > r->page_bytes ? r->align : r->page_bytes,
                                    .flags = r->fixed ? NVMEM_FIXED : 0,
                                    .fixed_addr = r->va,
                                    .owner = owner};
    const struct nvmem_vas_how how = {
        .bytes = r->bytes, .flags = r->flags, .kind = r->kind, .page_bytes = r->page_bytes};
    struct nvmem_vas_memory memory = {0};
    int rc;

    if (row->buffer)
        memory = memory_of(row->buffer);
    vm_enter(vm);
    rc = nvmem_vas_alloc(vm->vas, &q, row->buffer ? &memory : NULL, &how, &row->range, err);
    if (!rc)
        rc = nvmem_vas_flush(vm->vas, err);
    vm_leave(vm);
    return rc;
}

static json_t *
row_json(const struct vm_row *row)
{
    return json_pack("{s:s, s:o, s:I}", "name", row->name, "va", cli_hex(row->range.addr),
                     "bytes", (json_int_t)row->bytes);
}

static void
print_row(struct cli *cli, const json_t *doc)
{
    fprintf(cli->out, "%s at %s, %" JSON_INTEGER_FORMAT " bytes\n", cli_str(doc, "name"),
            cli_str(doc, "va"), json_integer_value(json_object_get(doc, "bytes")));
}

static int
add_row(struct vm *vm, const struct vm_row *row, struct gsp_error *err)
{
    struct vm_row *rows = realloc(vm->rows, (vm->count + 1) * sizeof(*rows));

    if (!rows)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    vm->rows = rows;
    vm->rows[vm->count++] = *row;
    return 0;
}

static int
vm_map(struct cli *cli, int argc, char **argv)
{
    struct map_request r = {0};
    struct vm_row row = {0};
    struct gsp_error err = {0};
    struct vm *vm = NULL;
    uint32_t owner = 0;
    int rc, code = parse_map(cli, &argc, argv, &r);

    if (code == CLI_OK)
        code = vm_get(cli, &vm);
    if (code != CLI_OK || !vm)
        return code;
    if (vm_find(vm, argv[1]))
        return cli_usage(cli, "vm unmap it, or choose another name",
                         "a mapping is called '%s' already", argv[1]);
    snprintf(row.name, sizeof(row.name), "%s", argv[1]);
    row.bytes = r.bytes;
    rc = nvmem_owner_add(nvmem_device_owners(vm->dev), row.name, &owner, &err);
    if (!rc)
        rc = make_buffer(vm, row.name, &r, &row.buffer, &err);
    if (!rc)
        rc = map_buffer(vm, &row, &r, owner, &err);
    if (!rc)
        rc = add_row(vm, &row, &err);
    if (rc < 0) {
        (void)nvmem_buffer_unref(row.buffer, NULL);
        return cli_fail(cli, &err);
    }
    return cli_emit(cli, &(struct cli_doc){.json = row_json(&row), .text = print_row});
}

/* ---- unmap, split, merge ---- */

static int
unmap_all(struct cli *cli, struct vm *vm, struct vm_row *row)
{
    struct gsp_error err = {0};
    json_t *doc = row_json(row);
    int rc;

    vm_enter(vm);
    rc = nvmem_vas_release(vm->vas, &row->range, &err);
    if (!rc)
        rc = nvmem_vas_flush(vm->vas, &err);
    vm_leave(vm);
    if (!rc)
        rc = nvmem_buffer_unref(row->buffer, &err);
    if (rc < 0) {
        json_decref(doc);
        return cli_fail(cli, &err);
    }
    *row = vm->rows[--vm->count];
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_row});
}

/* A part goes; the addresses stay reserved. */
static int
unmap_part(struct cli *cli, struct vm *vm, struct vm_row *row, uint64_t offset, uint64_t bytes)
{
    struct gsp_error err = {0};
    int rc;

    vm_enter(vm);
    rc = nvmem_vas_unmap(vm->vas, &row->range, offset, bytes, &err);
    if (!rc)
        rc = nvmem_vas_flush(vm->vas, &err);
    vm_leave(vm);
    if (rc < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli,
                    &(struct cli_doc){.json = json_pack("{s:s, s:o, s:I}", "name", row->name,
                                                        "va", cli_hex(row->range.addr + offset),
                                                        "bytes", (json_int_t)bytes),
                                      .text = print_row});
}

static int
vm_unmap(struct cli *cli, int argc, char **argv)
{
    uint64_t offset = 0, bytes = 0;
    struct vm_row *row = NULL;
    struct vm *vm = NULL;
    int code = vm_take_number(cli, &argc, argv, "--offset", &offset, NULL);

    if (code == CLI_OK)
        code = vm_take_number(cli, &argc, argv, "--bytes", &bytes, NULL);
    if (code == CLI_OK)
        code = cli_check_args(cli, &unmap_row, &argc, argv);
    if (code == CLI_OK)
        code = vm_get(cli, &vm);
    if (code == CLI_OK && vm)
        code = vm_need_row(cli, vm, argv[1], &row);
    if (code != CLI_OK || !row)
        return code;
    if (!offset && !bytes)
        return unmap_all(cli, vm, row);
    if (!bytes && offset < row->bytes)
        bytes = row->bytes - offset;
    return unmap_part(cli, vm, row, offset, bytes);
}

static void
print_pages(struct cli *cli, const json_t *doc)
{
    fprintf(cli->out, "%s: %" JSON_INTEGER_FORMAT " larger pages\n", cli_str(doc, "name"),
            json_integer_value(json_object_get(doc, "pages")));
}

static int
vm_merge(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct vm_row *row = NULL;
    uint64_t pages = 0;
    struct vm *vm = NULL;
    int rc, code = cli_check_args(cli, &merge_row, &argc, argv);

    if (code == CLI_OK)
        code = vm_get(cli, &vm);
    if (code == CLI_OK && vm)
        code = vm_need_row(cli, vm, argv[1], &row);
    if (code != CLI_OK || !row)
        return code;
    vm_enter(vm);
    rc = nvmem_vas_merge(vm->vas, &row->range, &pages, &err);
    if (!rc)
        rc = nvmem_vas_flush(vm->vas, &err);
    vm_leave(vm);
    if (rc < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:s, s:I}", "name", row->name,
                                                             "pages", (json_int_t)pages),
                                           .text = print_pages});
}

static int
vm_split(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    uint64_t page = 4096;
    struct vm_row *row = NULL;
    struct vm *vm = NULL;
    int rc, code = vm_take_number(cli, &argc, argv, "--page", &page, NULL);

    if (code == CLI_OK)
        code = cli_check_args(cli, &split_row, &argc, argv);
    if (code == CLI_OK)
        code = vm_get(cli, &vm);
    if (code == CLI_OK && vm)
        code = vm_need_row(cli, vm, argv[1], &row);
    if (code != CLI_OK || !row)
        return code;
    vm_enter(vm);
    rc = nvmem_vas_split(vm->vas, &row->range, page, &err);
    if (!rc)
        rc = nvmem_vas_flush(vm->vas, &err);
    vm_leave(vm);
    if (rc < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = row_json(row), .text = print_row});
}

/* ---- the verb ---- */

static const struct cli_subverb verbs[] = {
    {"map",   vm_map  },
    {"unmap", vm_unmap},
    {"split", vm_split},
    {"merge", vm_merge},
    {"walk",  vm_walk },
    {"dump",  vm_dump },
    {"check", vm_check},
};

static int
cmd_vm_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    return verb ? verb->run(cli, argc - 1, argv + 1) : rc;
}

const struct nvrm_cmd cmd_vm = {
    .name = "vm",
    .args = "map|unmap|split|merge|walk|dump|check ...",
    .options = "--va ADDRESS, --memory vram|scattered|system|noncoherent, --page SIZE, "
               "--align SIZE, --kind KIND, --read-only, --volatile, --privileged, "
               "--no-atomics, --no-counters, --sparse, --offset N, --bytes N, "
               "--root ADDRESS[,system], --format FORMAT",
    .help = "the card's page tables: memory mapped by hand, walks, dumps, checks",
    .min_args = 1,
    .max_args = -1,
    .pages = true,
    .run = cmd_vm_run,
};
