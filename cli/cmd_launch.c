/* SPDX-License-Identifier: MIT */
/*
 * launch: a kernel of a cubin on the card, with typed arguments and buffers from and to files;
 * or, with --list, what the kernels of a cubin are and take.
 */
#include <stdlib.h>
#include <string.h>

#include <nvmem/compute.h>
#include <rm/name.h>
#include <sass/text.h>

#include "cmds.h"
#include "fw_file.h"
#include "launch_args.h"
#include "session.h"

struct request {
    const char *path, *kernel;
    struct nvmem_launch launch;
    uint32_t stack_bytes;
    bool list, force;
    struct launch_args args;
};

/* What is open on the card, in order. */
struct rig {
    struct nvmem_device *dev; /* the session's */
    struct nvmem_compute *compute;
    struct nvmem_module *module;
    struct nvmem_function *function;
};

/* ---- options ---- */

/* X[,Y[,Z]], each at least 1. */
static int
parse_three(struct cli *cli, int *argc, char **argv, const char *option, uint32_t *out)
{
    char *text = NULL, *end;
    int rc = cli_value(cli, argc, argv, option, &text);

    if (rc != CLI_OK || !text)
        return rc;
    end = text;
    for (unsigned i = 0; i < 3; i++) {
        const char *start = end;
        const unsigned long v = strtoul(start, &end, 0);

        if (end == start || *start == '-' || !v || v > UINT32_MAX)
            break;
        out[i] = (uint32_t)v;
        if (!*end)
            return CLI_OK;
        if (*end++ != ',')
            break;
    }
    return cli_usage(cli, "for example 128 or 16,16 or 4,4,2", "%s: '%s' is not X[,Y[,Z]]",
                     option, text);
}

static int
parse_bytes(struct cli *cli, int *argc, char **argv, const char *option, uint32_t *out)
{
    char *text = NULL, *end;
    unsigned long v;
    int rc = cli_value(cli, argc, argv, option, &text);

    if (rc != CLI_OK || !text)
        return rc;
    v = strtoul(text, &end, 0);
    if (end == text || *end || *text == '-' || v > UINT32_MAX)
        return cli_usage(cli, "a number of bytes", "%s: '%s' is not a number", option, text);
    *out = (uint32_t)v;
    return CLI_OK;
}

static int
parse(struct cli *cli, int *argc, char **argv, struct request *r)
{
    int rc = launch_args_take(cli, argc, argv, &r->args);

    if (rc == CLI_OK)
        rc = parse_three(cli, argc, argv, "--grid", r->launch.grid);
    if (rc == CLI_OK)
        rc = parse_three(cli, argc, argv, "--block", r->launch.block);
    if (rc == CLI_OK)
        rc = parse_three(cli, argc, argv, "--cluster", r->launch.cluster);
    if (rc == CLI_OK)
        rc = parse_bytes(cli, argc, argv, "--shared", &r->launch.shared_bytes);
    if (rc == CLI_OK)
        rc = parse_bytes(cli, argc, argv, "--stack", &r->stack_bytes);
    r->list = cli_flag(argc, argv, "--list");
    r->force = cli_flag(argc, argv, "--force");
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_launch, argc, argv);
    if (rc != CLI_OK)
        return rc;
    r->path = argv[1];
    r->kernel = *argc > 2 ? argv[2] : NULL;
    return CLI_OK;
}

/* ---- the list ---- */

static json_t *
three(const unsigned *values)
{
    return json_pack("[i,i,i]", (int)values[0], (int)values[1], (int)values[2]);
}

static json_t *
kernel_row(const struct nvmem_cubin_kernel *k)
{
    json_t *params = json_array();
    json_t *row;

    for (unsigned i = 0; i < k->param_count; i++)
        json_array_append_new(params, json_pack("{s:i, s:i}", "offset", (int)k->params[i].off,
                                                "bytes", (int)k->params[i].bytes));
    row = json_pack(
        "{s:s, s:I, s:i, s:i, s:I, s:o}", "kernel", k->name, "code_bytes",
        (json_int_t)k->code_bytes, "registers", (int)k->registers, "barriers", (int)k->barriers,
        "shared_bytes", (json_int_t)k->shared_bytes, "stack_bytes",
        k->stack_bytes == NVMEM_CUBIN_NONE ? json_null() : json_integer(k->stack_bytes));
    if (k->max_threads[0])
        json_object_set_new(row, "max_threads", three(k->max_threads));
    if (k->need_threads[0])
        json_object_set_new(row, "block", three(k->need_threads));
    if (k->cluster[0])
        json_object_set_new(row, "cluster", three(k->cluster));
    json_object_set_new(row, "params", params);
    return row;
}

static void
print_list(struct cli *cli, const json_t *doc)
{
    const json_t *row, *param;
    size_t i, j;

    fprintf(cli->out, "%s: sm_%lld\n", cli_str(doc, "file"),
            (long long)json_integer_value(json_object_get(doc, "sm")));
    json_array_foreach(json_object_get(doc, "kernels"), i, row)
    {
        fprintf(cli->out, "%s(", cli_str(row, "kernel"));
        json_array_foreach(json_object_get(row, "params"), j, param)
            fprintf(cli->out, "%s%lld", j ? ", " : "",
                    (long long)json_integer_value(json_object_get(param, "bytes")));
        fprintf(cli->out, ")  %lld instructions, %lld registers, %lld bytes shared\n",
                (long long)json_integer_value(json_object_get(row, "code_bytes")) / 16,
                (long long)json_integer_value(json_object_get(row, "registers")),
                (long long)json_integer_value(json_object_get(row, "shared_bytes")));
    }
}

static int
show_list(struct cli *cli, const struct nvmem_cubin *cubin)
{
    json_t *kernels = json_array();

    for (unsigned i = 0; i < nvmem_cubin_kernel_count(cubin); i++)
        json_array_append_new(kernels, kernel_row(nvmem_cubin_kernel(cubin, i)));
    return cli_emit(cli,
                    &(struct cli_doc){
                        .json = json_pack("{s:s, s:i, s:o}", "file", nvmem_cubin_name(cubin),
                                          "sm", (int)nvmem_cubin_sm(cubin), "kernels", kernels),
                        .text = print_list});
}

/* ---- buffers ---- */

static int
make_buffers(struct request *r, struct rig *rig, struct gsp_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < r->args.count && rc == 0; i++) {
        struct launch_arg *a = &r->args.arg[i];
        const struct nvmem_buffer_config config = {.name = "argument", .bytes = a->data_bytes};

        if (!a->is_buffer)
            continue;
        rc = nvmem_buffer_create(rig->dev, &config, &a->buffer, err);
        if (rc == 0)
            rc = nvmem_buffer_write(a->buffer, 0, a->data, a->data_bytes, err);
    }
    return rc;
}

static int
read_buffers(const struct request *r, struct gsp_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < r->args.count && rc == 0; i++) {
        const struct launch_arg *a = &r->args.arg[i];

        if (a->is_buffer && (a->out || a->print))
            rc = nvmem_buffer_read(a->buffer, 0, a->data, a->data_bytes, err);
        if (rc == 0 && a->is_buffer && a->out)
            rc = fw_file_write(a->out, a->data, a->data_bytes,
                               (struct fw_write){.force = r->force}, err);
    }
    return rc;
}

/* ---- the result ---- */

static json_t *
buffer_row(const struct launch_arg *a, unsigned i)
{
    uint64_t bytes = a->data_bytes;
    json_t *row = json_pack("{s:i, s:I}", "argument", (int)i + 1, "bytes", (json_int_t)bytes);

    if (a->out)
        json_object_set_new(row, "file", json_string(a->out));
    if (!a->print)
        return row;
    json_object_set_new(row, "type", json_string(launch_type_name(a->print)));
    if (a->print_count && a->print_count < LAUNCH_PRINT_MAX &&
        a->print_count * 8 < LAUNCH_PRINT_MAX) {
        const uint64_t wanted = a->print_count * launch_type_bytes(a->print);

        bytes = wanted < bytes ? wanted : bytes;
    }
    if (bytes > LAUNCH_PRINT_MAX)
        bytes = LAUNCH_PRINT_MAX;
    json_object_set_new(row, "values", launch_values(a->print, a->data, bytes));
    return row;
}

static void
print_result(struct cli *cli, const json_t *doc)
{
    const json_t *row, *value;
    size_t i, j;

    json_array_foreach(json_object_get(doc, "buffers"), i, row)
    {
        const json_t *values = json_object_get(row, "values");

        if (json_object_get(row, "file"))
            fprintf(cli->out, "argument %lld: %lld bytes to %s\n",
                    (long long)json_integer_value(json_object_get(row, "argument")),
                    (long long)json_integer_value(json_object_get(row, "bytes")),
                    cli_str(row, "file"));
        json_array_foreach(values, j, value)
        {
            fputs(j ? " " : "", cli->out);
            if (json_is_real(value))
                fprintf(cli->out, "%.9g", json_real_value(value));
            else if (json_is_integer(value))
                fprintf(cli->out, "%lld", (long long)json_integer_value(value));
            else
                fputs(json_string_value(value), cli->out);
        }
        if (values)
            fputc('\n', cli->out);
    }
}

static int
show_result(struct cli *cli, const struct request *r, const struct rig *rig)
{
    const struct nvmem_cubin_kernel *k = nvmem_function_kernel(rig->function);
    json_t *buffers = json_array();

    for (unsigned i = 0; i < r->args.count; i++) {
        const struct launch_arg *a = &r->args.arg[i];

        if (a->is_buffer && (a->out || a->print))
            json_array_append_new(buffers, buffer_row(a, i));
    }
    return cli_emit(
        cli,
        &(struct cli_doc){.json = json_pack("{s:s, s:i, s:o, s:o, s:i, s:o}", "kernel", k->name,
                                            "sm", (int)nvmem_compute_limits(rig->compute)->sm,
                                            "grid", three(r->launch.grid), "block",
                                            three(r->launch.block), "shared_bytes",
                                            (int)r->launch.shared_bytes, "buffers", buffers),
                          .text = print_result});
}

/* ---- running ---- */

static int
check_policy(struct cli *cli, struct cli_session *s, const struct rig *rig,
             struct gsp_error *err)
{
    const struct nvmem_chip *chip = nvmem_device_chip(rig->dev);
    const uint32_t ids[] = {chip->channel_class, chip->compute_class};
    int rc = 0;

    for (unsigned i = 0; i < 2 && rc == 0; i++)
        rc = policy_class(cli, session_abi(s), nvrm_class_by_id(session_abi(s), ids[i]), ids[i],
                          err);
    return rc;
}

static int
open_rig(struct cli *cli, struct cli_session *s, const struct nvmem_cubin *cubin,
         const struct request *r, struct rig *rig, struct gsp_error *err)
{
    const struct nvmem_compute_config compute = {.name = "launch",
                                                 .stack_bytes = r->stack_bytes};
    int rc = session_nvmem(s, &rig->dev, err);

    if (rc == 0)
        rc = check_policy(cli, s, rig, err);
    if (rc == 0)
        rc = nvmem_compute_create(rig->dev, &compute, &rig->compute, err);
    if (rc == 0)
        rc = nvmem_module_load(rig->compute, cubin, &rig->module, err);
    return rc < 0 ? rc : nvmem_module_function(rig->module, r->kernel, &rig->function, err);
}

/* After a failure the channel may hang: then it is killed, which loses nothing. */
static void
close_rig(struct rig *rig, struct request *r, bool failed)
{
    if (failed && rig->compute)
        nvmem_compute_kill(rig->compute);
    launch_args_free(&r->args);
    nvmem_module_unload(rig->module, NULL);
    nvmem_compute_destroy(rig->compute, NULL);
}

/* The instruction that an SM stopped at, as a hint. */
static void
explain(const struct rig *rig, struct gsp_error *err)
{
    const unsigned sm = nvmem_cubin_sm(nvmem_module_cubin(rig->module));
    const struct sass_print how = {.sm = sm};
    struct nvmem_compute_fault f;
    struct nvrm_sass_insn insn;
    char line[SASS_LINE] = "no instruction of this SM";
    uint64_t code[2];

    if (!nvmem_compute_fault(rig->compute, &f) || !f.instruction)
        return;
    memcpy(code, f.instruction, sizeof(code));
    if (nvrm_sass_decode(sm, code, f.offset, &insn))
        sass_print(&how, &insn, line);
    gsp_hint(err, "%.80s+0x%llx: %.120s", nvmem_function_kernel(f.function)->name,
             (unsigned long long)f.offset, line);
}

static int
launch(const struct cli *cli, struct request *r, struct rig *rig, struct gsp_error *err)
{
    struct nvmem_fence fence;
    int rc = nvmem_launch(rig->function, &r->launch, &fence, err);

    if (rc == 0)
        rc = nvmem_launch_wait(rig->compute, &fence, cli->options.timeout_ns, err);
    if (rc < 0)
        explain(rig, err);
    return rc < 0 ? rc : read_buffers(r, err);
}

static int
run_on(struct cli *cli, struct cli_session *s, const struct nvmem_cubin *cubin,
       const struct nvmem_cubin_kernel *k, struct request *r, uint8_t *params)
{
    struct gsp_error err = {0};
    struct rig rig = {0};
    int rc = open_rig(cli, s, cubin, r, &rig, &err);
    int code = CLI_OK;

    if (rc == 0)
        rc = make_buffers(r, &rig, &err);
    if (rc == 0) {
        code = launch_args_pack(cli, &r->args, k, params);
        r->launch.params = params;
        r->launch.param_bytes = k->param_bytes;
        rc = code == CLI_OK ? launch(cli, r, &rig, &err) : 0;
    }
    if (code == CLI_OK)
        code = rc < 0 ? cli_fail(cli, &err) : show_result(cli, r, &rig);
    close_rig(&rig, r, rc < 0);
    return code;
}

static int
choose_kernel(struct cli *cli, const struct nvmem_cubin *cubin, struct request *r,
              const struct nvmem_cubin_kernel **kernel_out)
{
    struct gsp_error err = {0};

    if (!r->kernel && nvmem_cubin_kernel_count(cubin) == 1)
        r->kernel = nvmem_cubin_kernel(cubin, 0)->name;
    if (!r->kernel)
        return cli_usage(cli, "launch FILE --list shows the kernels",
                         "%s has %u kernels, which one?", r->path,
                         nvmem_cubin_kernel_count(cubin));
    return nvmem_cubin_find(cubin, r->kernel, kernel_out, &err) < 0 ? cli_fail(cli, &err)
                                                                    : CLI_OK;
}

static int
run(struct cli *cli, const struct nvmem_cubin *cubin, struct request *r)
{
    const struct nvmem_cubin_kernel *k = NULL;
    struct gsp_error err = {0};
    struct cli_session *s;
    uint8_t *params;
    int code = choose_kernel(cli, cubin, r, &k);

    if (code != CLI_OK || !k)
        return code;
    params = malloc(k->param_bytes + 1);
    if (!params)
        return cli_out_of_memory(cli);
    code = launch_args_pack(cli, &r->args, k, params); /* before a card is opened */
    if (code == CLI_OK && session_get(cli, &s, &err) < 0)
        code = cli_fail(cli, &err);
    else if (code == CLI_OK)
        code = run_on(cli, s, cubin, k, r, params);
    free(params);
    return code;
}

static int
with_file(struct cli *cli, struct request *r)
{
    struct nvmem_cubin *cubin = NULL;
    struct gsp_error err = {0};
    struct fw_file f;
    int code;

    if (fw_file_read(r->path, &f, &err) < 0)
        return cli_fail(cli, &err);
    if (nvmem_cubin_open(NULL, &f.src, &cubin, &err) < 0)
        code = cli_fail(cli, &err);
    else
        code = r->list ? show_list(cli, cubin) : run(cli, cubin, r);
    nvmem_cubin_close(cubin);
    fw_file_free(&f);
    return code;
}

static int
cmd_launch_run(struct cli *cli, int argc, char **argv)
{
    struct request r = {
        .launch = {.grid = {1, 1, 1}, .block = {1, 1, 1}}
    };
    int code = parse(cli, &argc, argv, &r);

    if (code == CLI_OK && cli->options.dry_run && !r.list)
        code = cli_fail(
            cli, &(struct gsp_error){.origin = GSP_ORIGIN_TRANSPORT,
                                     .text = "a launch needs a card, and --dry-run opens none",
                                     .hint = "launch FILE --list shows what the kernels take"});
    else if (code == CLI_OK)
        code = with_file(cli, &r);
    launch_args_free(&r.args);
    return code;
}

const struct nvrm_cmd cmd_launch = {
    .name = "launch",
    .args = "FILE.cubin [KERNEL]",
    .options = "--grid X[,Y[,Z]], --block X[,Y[,Z]], --cluster X[,Y[,Z]], --shared BYTES, "
               "--stack BYTES, --arg TYPE:VALUE, --force, --list",
    .help = "run a kernel of a cubin",
    .min_args = 1,
    .max_args = 2,
    .run = cmd_launch_run,
};
