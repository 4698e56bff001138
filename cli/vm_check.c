/* SPDX-License-Identifier: MIT */
/*
 * vm check: every entry that can be reached, beside the rules, beside what was written, and
 * beside the walk of a card that is emulated in this process.
 */
#include <errno.h>
#include <inttypes.h>

#include <emu/walk.h>

#include "render.h"
#include "vm.h"

static const struct nvrm_cmd check_row = {.name = "vm check", .args = ""};

enum { FINDINGS_SHOWN = 100 };

struct check {
    struct vm *vm;
    const struct nvmem_pt_reader *reader;
    json_t *findings;
    uint64_t bad, harmless, runs, disagree;
};

static int
add_finding(void *ctx, const struct nvmem_pt_finding *f)
{
    struct check *c = ctx;

    c->bad += !f->harmless;
    c->harmless += f->harmless;
    if (json_array_size(c->findings) < FINDINGS_SHOWN)
        json_array_append_new(c->findings,
                              json_pack("{s:s, s:s, s:o, s:s, s:o, s:I, s:s}", "rule", f->rule,
                                        "severity", f->harmless ? "harmless" : "error", "va",
                                        cli_hex(f->step.va), "entry", f->step.name, "table",
                                        cli_hex(f->step.table), "index",
                                        (json_int_t)f->step.index, "text", f->text));
    return 0;
}

/* The first and the last byte of a run, as the card finds them. */
static int
ask_card(void *ctx, const struct nvmem_pt_entry *run)
{
    struct check *c = ctx;
    struct emu_gpu *gpu = session_emulated(c->vm->session);
    const uint64_t places[] = {run->va, run->va + run->bytes - 1};

    c->runs++;
    for (unsigned i = 0; gpu && i < 2; i++) {
        struct nvmem_pt_step step[NVMEM_PT_STEPS];
        struct emu_walk walk;
        unsigned count;

        emu_gpu_walk(gpu, c->reader->root_aperture != NVMEM_VRAM, c->reader->root, places[i],
                     &walk);
        if (nvmem_pt_read_walk(c->reader, places[i], step, &count, NULL) < 0 ||
            !vm_agrees(&step[count - 1], places[i], &walk))
            c->disagree++;
    }
    return 0;
}

static int
read_shadow(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words, size_t count)
{
    struct vm *vm = ctx;

    return vm_read_words(vm, memory->aperture, memory->addr, words, count);
}

static void
print_check(struct cli *cli, const json_t *doc)
{
    static const struct render_column columns[] = {
        {"severity", "SEVERITY"},
        {"rule",     "RULE"    },
        {"va",       "ADDRESS" },
        {"entry",    "ENTRY"   },
        {"text",     "WHAT"    },
        {NULL,       NULL      },
    };
    json_t *scalars = json_copy((json_t *)doc);

    json_object_del(scalars, "findings");
    render_value(cli, scalars);
    json_decref(scalars);
    if (json_array_size(json_object_get(doc, "findings")))
        render_table(cli, json_object_get(doc, "findings"), columns);
}

/* The document; false when something is wrong, with *err. */
static bool
check_all(struct vm *vm, const struct nvmem_pt_reader *r, bool own, json_t **doc_out,
          struct gsp_error *err)
{
    struct check c = {.vm = vm, .reader = r, .findings = json_array()};
    struct gsp_error differs = {0};
    uint64_t tables = 0, entries = 0;
    int rc = nvmem_pt_read_check(r, add_finding, &c, &tables, &entries, err), written = 0;

    if (rc == 0)
        rc = nvmem_pt_read_each(r, ask_card, &c, err);
    if (own)
        written = nvmem_pt_check(nvmem_vas_pt(vm->vas), read_shadow, vm, &differs);
    *doc_out = json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o}", "format",
                         vm_format_name(r->format), "root", cli_hex(r->root), "tables",
                         (json_int_t)tables, "entries", (json_int_t)entries, "runs",
                         (json_int_t)c.runs, "errors", (json_int_t)c.bad, "harmless",
                         (json_int_t)c.harmless, "findings", c.findings);
    if (session_emulated(vm->session))
        json_object_set_new(*doc_out, "card_disagrees", json_integer((json_int_t)c.disagree));
    if (own)
        json_object_set_new(*doc_out, "as_written", json_boolean(written == 0));
    if (rc == 0 && written < 0)
        *err = differs;
    else if (rc == 0 && (c.bad || c.disagree))
        gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                 "%" PRIu64 " entries are wrong, and the card disagrees on %" PRIu64
                 " addresses",
                 c.bad, c.disagree);
    return rc == 0 && written == 0 && !c.bad && !c.disagree;
}

int
vm_check(struct cli *cli, int argc, char **argv)
{
    struct nvmem_pt_reader reader;
    struct gsp_error err = {0};
    struct vm *vm;
    json_t *doc;
    bool own, fine;
    int code = vm_get(cli, &vm);

    if (code == CLI_OK)
        code = vm_reader(cli, vm, &argc, argv, &reader, &own);
    if (code == CLI_OK)
        code = cli_check_args(cli, &check_row, &argc, argv);
    if (code == CLI_OK && !nvmem_vas_pt(vm->vas))
        code = vm_no_tables(cli);
    if (code != CLI_OK)
        return code;
    fine = check_all(vm, &reader, own, &doc, &err);
    code = cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_check});
    return code == CLI_OK && !fine ? cli_fail(cli, &err) : code;
}
