/* SPDX-License-Identifier: MIT */
/* Which headers make up the two translation units, and which of their macros are constants
 * worth keeping. */
#include "units.h"

#include "controls.h"
#include "counts.h"
#include "macros.h"
#include "proc.h"
#include "render.h"
#include "rows.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The driver's own headers, by the end of their path. Those that a release lacks are left out.
 */
static const struct {
    const char *include, *path; /* how to include it, and where it is (either place) */
    const char *old_path;
    bool required;
} driver_headers[] = {
#define INC  "src/nvidia/inc/"
#define ARCH "src/nvidia/arch/nvalloc/common/inc/"
#define UNIX "src/nvidia/arch/nvalloc/unix/include/"
#define UVM  "kernel-open/nvidia-uvm/"
    {"vgpu/rpc_headers.h",              INC "kernel/vgpu/rpc_headers.h",
                                          "src/nvidia/kernel/inc/vgpu/rpc_headers.h",                                                      true },
    {"vgpu/rpc_global_enums.h",         INC "kernel/vgpu/rpc_global_enums.h",
                                          "src/nvidia/kernel/inc/vgpu/rpc_global_enums.h",                                                 true },
    {"vgpu/vgpu_version.h",             INC "kernel/vgpu/vgpu_version.h",
                                          "src/nvidia/kernel/inc/vgpu/vgpu_version.h",                                                     false},
    {"rmapi/control.h",                 INC "kernel/rmapi/control.h",                           NULL, true },
    {"gpu/gsp/message_queue_priv.h",    INC "kernel/gpu/gsp/message_queue_priv.h",              NULL, true },
    {"msgq/msgq_priv.h",                INC "libraries/msgq/msgq_priv.h",
                                          "src/common/shared/msgq/inc/msgq/msgq_priv.h",                                                   true },
    {"gpu/gsp/gsp_static_config.h",     INC "kernel/gpu/gsp/gsp_static_config.h",               NULL, true },
    {"gpu/gsp/gsp_init_args.h",         INC "kernel/gpu/gsp/gsp_init_args.h",                   NULL, true },
    {"gpu/gsp/gsp_fw_heap.h",           INC "kernel/gpu/gsp/gsp_fw_heap.h",                     NULL, false},
    {"gpu/fsp/kern_fsp.h",              INC "kernel/gpu/fsp/kern_fsp.h",                        NULL, false},
    {"gpu/fsp/kern_fsp_cot_payload.h",  INC "kernel/gpu/fsp/kern_fsp_cot_payload.h",            NULL,
                                          false                                                                                                 },
    {"gpu/fsp/kern_fsp_retval.h",       INC "kernel/gpu/fsp/kern_fsp_retval.h",                 NULL, false},
    {"rmgspseq.h",                      ARCH "rmgspseq.h",                                      NULL, false},
    {"rmRiscvUcode.h",                  ARCH "rmRiscvUcode.h",                                  NULL, true },
    {"gsp/gsp_fw_wpr_meta.h",           ARCH "gsp/gsp_fw_wpr_meta.h",                           NULL, true },
    {"gsp/gsp_fw_sr_meta.h",            ARCH "gsp/gsp_fw_sr_meta.h",                            NULL, false},
    {"gsp/gspifpub.h",                  ARCH "gsp/gspifpub.h",                                  NULL, false},
    {"fsp/fsp_caps_query_rpc.h",        ARCH "fsp/fsp_caps_query_rpc.h",                        NULL, false},
    {"fsp/fsp_clock_boost_rpc.h",       ARCH "fsp/fsp_clock_boost_rpc.h",                       NULL, false},
    {"fsp/fsp_emem_channels.h",         ARCH "fsp/fsp_emem_channels.h",                         NULL, false},
    {"fsp/fsp_mctp_format.h",           ARCH "fsp/fsp_mctp_format.h",                           NULL, false},
    {"fsp/fsp_nvdm_format.h",           ARCH "fsp/fsp_nvdm_format.h",                           NULL, false},
    {"fsp/nvdm_payload_cmd_response.h", ARCH "fsp/nvdm_payload_cmd_response.h",                 NULL, false},
    {"libos_init_args.h",               "src/common/uproc/os/common/include/libos_init_args.h", NULL, true },
    {"nv_escape.h",                     UNIX "nv_escape.h",                                     NULL, true },
    {"nv-ioctl.h",                      UNIX "nv-ioctl.h",                                      NULL, true },
    {"nv-ioctl-numbers.h",              UNIX "nv-ioctl-numbers.h",                              NULL, true },
    {"nv-ioctl-numa.h",                 UNIX "nv-ioctl-numa.h",                                 NULL, false},
    {"nv-ioctl-lockless-diag.h",        UNIX "nv-ioctl-lockless-diag.h",                        NULL, false},
    {"nv-unix-nvos-params-wrappers.h",  UNIX "nv-unix-nvos-params-wrappers.h",                  NULL, true },
    {"nvidia-uvm/uvm_ioctl.h",          UVM "uvm_ioctl.h",                                      NULL, false},
    {"nvidia-uvm/uvm_linux_ioctl.h",    UVM "uvm_linux_ioctl.h",                                NULL, false},
};
#define DRIVER_HEADERS (sizeof(driver_headers) / sizeof(*driver_headers))

/* Structs that sit in large headers of which nothing else is wanted. */
static const char *const single_structs[] = {
    "PACKED_REGISTRY_ENTRY",
    "PACKED_REGISTRY_TABLE",
    "NVDM_PAYLOAD_COT",
    "MCTP_HEADER",
};

bool
imp_sdk_file(void *ctx, const char *file)
{
    (void)ctx;
    return imp_has_prefix(file, IMP_SDK);
}

bool
imp_driver_file(void *ctx, const char *file)
{
    (void)ctx;
    if (imp_has_prefix(file, "src/nvidia/generated/g_rpc-") ||
        imp_has_prefix(file, "src/nvidia/generated/g_sdk-") ||
        imp_has_suffix(file, "/vgpu/sdk-structures.h"))
        return true;
    for (size_t i = 0; i < DRIVER_HEADERS; i++)
        if ((strcmp(file, driver_headers[i].path) == 0 ||
             (driver_headers[i].old_path && strcmp(file, driver_headers[i].old_path) == 0)) &&
            !imp_has_suffix(file, "/kern_fsp.h") && !imp_has_suffix(file, "/control.h"))
            return true;
    return false;
}

/* Headers that describe the machine or the language instead of the interface. */
static bool
is_plumbing(const char *name)
{
    static const char *const names[] = {
        "nvtypes.h",      "nvmisc.h",    "cpuopsys.h",
        "nvfixedtypes.h", "nv_stdarg.h", "cc_drv.h",
        "nvcd.h",         "rmcd.h",      "nv-kernel-interface-api.h",
        "nvdeprecated.h", "nvcfg_sdk.h", "xapi-sdk.h",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* class/clXXXX.h, clXXXXtex.h or clXXXXqmd.h of a channel or engine class, with more macros
 * than software needs. */
static bool
is_method_header(struct imp_tree *t, const char *file)
{
    const char *name = strrchr(file, '/') + 1;
    struct imp_buf text = {0};
    size_t defines = 0;

    if (!strstr(file, "/class/cl") || strlen(name) < 8 || strtoul(name + 2, NULL, 16) < 0x5000)
        return false;
    if (strcmp(name + 6, ".h") != 0 && strcmp(name + 6, "tex.h") != 0 &&
        strcmp(name + 6, "qmd.h") != 0)
        return false;
    if (!imp_read_file(imp_tree_path(t, file), &text, NULL))
        return false;
    for (const char *p = text.data; (p = strstr(p, "#define")); p++)
        defines++;
    imp_buf_fini(&text);
    return defines > 24;
}

static bool
sdk_constants(struct imp_tree *t, const char *file)
{
    const char *name = strrchr(file, '/');

    return imp_has_prefix(file, IMP_SDK) && !is_plumbing(name + 1) &&
           !is_method_header(t, file) && strcmp(name, "/nvstatuscodes.h") != 0;
}

static bool
driver_constants(struct imp_tree *t, const char *file)
{
    return imp_driver_file(t, file) || imp_has_suffix(file, "/rmapi/control.h");
}

/* Message numbers and interface ids of the serialiser repeat what control ids say. */
static bool
is_redundant(const char *name)
{
    return imp_has_suffix(name, "_MESSAGE_ID") || imp_has_suffix(name, "_INTERFACE_ID") ||
           imp_has_prefix(name, "RMCTRL_FLAGS_");
}

static bool
add_macro(struct imp_tree *t, const struct imp_macro_value *m)
{
    struct imp_buf b = {0};
    bool ok = true;

    if (m->kind == MACRO_VALUE) {
        imp_value_print(&m->value, &b);
        ok = imp_fact_add(t->facts, SEC_CONSTANTS, m->macro->name, m->path, m->macro->line,
                          b.data, t->err);
    } else if (m->kind == MACRO_RANGE && m->hi.bits <= 255 && m->lo.bits <= m->hi.bits) {
        imp_buf_printf(&b, "[%u, %u]", (unsigned)m->hi.bits, (unsigned)m->lo.bits);
        ok = imp_fact_add(t->facts, SEC_RANGES, m->macro->name, m->path, m->macro->line, b.data,
                          t->err);
    }
    imp_buf_fini(&b);
    return ok;
}

static bool
add_macros(struct imp_tree *t, const struct imp_macro_value *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_redundant(m[i].macro->name) || imp_is_control(t, m[i].macro->name) ||
            imp_fact_get(t->facts, SEC_CONSTANTS, m[i].macro->name) ||
            imp_fact_get(t->facts, SEC_ESCAPES, m[i].macro->name) ||
            imp_fact_get(t->facts, SEC_CLASSES, m[i].macro->name))
            continue;
        if (!add_macro(t, &m[i]))
            return false;
    }
    return true;
}

/* "(0xc797)" or "(0x00000080U)" -> the number; false for anything else. */
static bool
plain_number(const struct imp_macro *m, unsigned long *out)
{
    const char *p = m->body, *end = m->body + m->body_len;
    char *after;

    p += *p == '(';
    if (p >= end || !isdigit((unsigned char)*p))
        return false;
    *out = strtoul(p, &after, 0);
    after += *after == 'U' || *after == 'u';
    after += *after == ')';
    while (after < end && *after == ' ')
        after++;
    return after >= end;
}

/* Which class header defines which macro; a macro whose value is the number in the header's
 * name is a class id. */
static bool
class_macros(struct imp_tree *t, struct imp_unit *u)
{
    for (size_t i = 0; i < u->macro_count; i++) {
        const struct imp_macro *m = &u->macros[i];
        const char *path = u->files[m->file], *name = strrchr(path, '/');
        unsigned long id;

        if (!imp_has_prefix(path, IMP_SDK "class/") || m->function_like)
            continue;
        *imp_map_at(&t->class_paths, m->name) = imp_value_of(path);
        if (imp_has_prefix(name, "/cl") && strlen(name) == strlen("/cl0080.h") &&
            plain_number(m, &id) && id != 0 && id == strtoul(name + 3, NULL, 16) &&
            !strchr(m->name, '(') && !imp_has_suffix(m->name, "_MESSAGE_ID"))
            *imp_map_at(&t->class_ids, m->name) = imp_value_of(m);
    }
    return true;
}

/* Definitions in the wanted files, for the completeness check. */
static void
count_definitions(struct imp_tree *t, const struct imp_decls *d,
                  const struct imp_render_stats *stats, enum imp_counter which)
{
    for (size_t i = 0; i < d->agg_count; i++)
        t->counts->n[which] += d->aggs[i]->complete && d->file_wanted[d->aggs[i]->file];
    for (size_t i = 0; i < d->enum_count && which == COUNT_DEFINED_SDK; i++)
        t->counts->n[COUNT_ENUMS_SDK] +=
            d->enums[i]->complete && d->file_wanted[d->enums[i]->file];
    *(which == COUNT_DEFINED_SDK ? &t->sdk_text : &t->driver_text) = d->unit->text;
    t->counts->n[COUNT_ALIASES] += stats->aliases;
    t->counts->n[COUNT_INTERNAL_STRUCTS] += stats->internal;
    for (size_t i = 0; i < d->unit->file_count && which == COUNT_DEFINED_OTHER; i++)
        if (d->file_wanted[i])
            *imp_map_at(&t->driver_files, d->unit->files[i]) = t;
}

bool
imp_sdk_text(struct imp_tree *t, struct imp_buf *text)
{
    for (size_t i = 0; i < t->sdk_count; i++)
        if (strcmp(t->sdk_headers[i], "g_finn_rm_api.h") != 0)
            imp_buf_printf(text, "#include \"%s\"\n", t->sdk_headers[i]);
    return t->sdk_count > 0;
}

bool
imp_read_sdk(struct imp_tree *t)
{
    struct imp_render_stats stats = {0};
    struct imp_macro_value *m = NULL;
    struct imp_buf text = {0};
    struct imp_decls d = {0};
    struct imp_unit u = {0};
    size_t n = 0;
    bool ok;

    ok = imp_sdk_text(t, &text) && imp_tree_preprocess(t, "sdk.c", text.data, false, &u) &&
         imp_parse(&d, &u, t->arena, imp_sdk_file, NULL, t->err) &&
         imp_render(&d, t->facts, &stats, t->err) && class_macros(t, &u) && imp_class_rows(t) &&
         imp_eval_macros(t, &d, "sdk_values.c", text.data, false, sdk_constants, &m, &n) &&
         imp_header_controls(t, m, n) && add_macros(t, m, n);
    if (ok)
        count_definitions(t, &d, &stats, COUNT_DEFINED_SDK);
    imp_decls_fini(&d);
    imp_unit_fini(&u);
    imp_buf_fini(&text);
    return ok;
}

bool
imp_driver_text(struct imp_tree *t, struct imp_buf *text)
{
    imp_buf_str(
        text,
        "#include <stdatomic.h>\n#include \"core/core.h\"\n#include \"gpu/gpu.h\"\n#include "
        "\"gpu/gsp/message_queue.h\"\n"
        "#define RPC_STRUCTURES\n#define RPC_GENERIC_UNION\n#include \"g_rpc-structures.h\"\n"
        "#undef RPC_STRUCTURES\n#undef RPC_GENERIC_UNION\n"
        "#define RPC_MESSAGE_STRUCTURES\n#define RPC_MESSAGE_GENERIC_UNION\n"
        "#include \"g_rpc-message-header.h\"\n"
        "#undef RPC_MESSAGE_STRUCTURES\n#undef RPC_MESSAGE_GENERIC_UNION\n");
    for (size_t i = 0; i < DRIVER_HEADERS; i++) {
        const char *path = driver_headers[i].path, *old = driver_headers[i].old_path;

        if (imp_tree_has(t, path) || (old && imp_tree_has(t, old)))
            imp_buf_printf(text, "#include \"%s\"\n", driver_headers[i].include);
        else if (driver_headers[i].required)
            return imp_fail(t->err, imp_tree_path(t, path), 1, "missing header");
    }
    return true;
}

bool
imp_read_driver(struct imp_tree *t)
{
    struct imp_render_stats stats = {0};
    struct imp_macro_value *m = NULL;
    struct imp_buf text = {0};
    struct imp_decls d = {0};
    struct imp_unit u = {0};
    size_t n = 0;
    bool ok;

    ok = imp_driver_text(t, &text) && imp_tree_preprocess(t, "driver.c", text.data, true, &u) &&
         imp_parse(&d, &u, t->arena, imp_driver_file, NULL, t->err);
    for (size_t i = 0; ok && i < sizeof(single_structs) / sizeof(*single_structs); i++)
        (void)imp_want_struct(&d, single_structs[i]);
    ok = ok && imp_render(&d, t->facts, &stats, t->err) &&
         imp_eval_macros(t, &d, "driver_values.c", text.data, true, driver_constants, &m, &n) &&
         imp_rpc_rows(t, &d) && imp_escape_rows(t, m, n) && imp_exported_methods(t, m, n) &&
         add_macros(t, m, n);
    if (ok)
        count_definitions(t, &d, &stats, COUNT_DEFINED_OTHER);
    imp_decls_fini(&d);
    imp_unit_fini(&u);
    imp_buf_fini(&text);
    return ok;
}
