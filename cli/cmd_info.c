/* SPDX-License-Identifier: MIT */
/*
 * info: one page about the card. Everything comes from controls; what the card refuses is null
 * and, with -v, named on stderr.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>
#include <rm/params.h>

#include "cmds.h"
#include "fleet.h"
#include "session.h"

enum { MOST_INDICES = 16 };

struct info {
    struct cli *cli;
    struct cli_session *s;
    rm_handle subdevice;
    json_t *doc;
    struct gsp_error fatal; /* rc < 0: the card stopped answering, and nothing more is asked */
};

/* Build a control's parameters; false (noted with -v) when the release lacks it. */
static bool
begin(struct info *in, const char *control_name, struct rm_params *p, uint32_t *cmd)
{
    const struct nvrm_abi abi = session_abi(in->s);
    const struct nvrm_control *control;
    struct gsp_error err = {0};
    int rc = rm_name_control(abi, control_name, &control, cmd, &err);

    memset(p, 0, sizeof(*p));
    if (rc == 0)
        rc = policy_control(in->cli, abi, control, *cmd, &err);
    if (rc == 0)
        rc = rm_params_init(p, abi, control ? nvrm_struct_at(abi, control->params) : NULL, NULL,
                            &err);
    if (rc < 0 && in->cli->options.verbose)
        cli_note(in->cli, "%s", err.text);
    return rc == 0;
}

static bool
set(struct rm_params *p, const char *path, uint64_t value)
{
    return p->layout &&
           gsp_field_set(p->abi, p->layout, p->wire, p->bytes, path, value, NULL) == 0;
}

static bool
get(const struct rm_params *p, const char *path, uint64_t *value_out)
{
    return p->layout &&
           gsp_field_get(p->abi, p->layout, p->wire, p->bytes, path, value_out, NULL) == 0;
}

static bool
call(struct info *in, uint32_t cmd, struct rm_params *p)
{
    struct gsp_error err = {0};

    if (in->fatal.rc < 0)
        return false;
    if (rm_control_params(session_client(in->s), in->subdevice, cmd, p, &err) == 0)
        return true;
    if (err.origin == GSP_ORIGIN_PROTOCOL || err.origin == GSP_ORIGIN_LOST ||
        err.origin == GSP_ORIGIN_TRANSPORT)
        in->fatal = err;
    if (in->cli->options.verbose)
        cli_note(in->cli, "%s", err.text);
    return false;
}

static void
put(struct info *in, const char *key, json_t *value)
{
    json_object_set_new(in->doc, key, value ? value : json_null());
}

/* A control without inputs, whose text field (or array of characters) is one property. */
static void
add_text(struct info *in, const char *key, const char *control, const char *path)
{
    char text[256] = "", element[96];
    struct rm_params p;
    bool ok = false;
    uint32_t cmd;

    if (begin(in, control, &p, &cmd) && call(in, cmd, &p)) {
        for (size_t i = 0; i + 1 < sizeof(text); i++) {
            uint64_t c;

            snprintf(element, sizeof(element), "%s[%zu]", path, i);
            if (!get(&p, element, &c) || !c)
                break;
            text[i] = (char)c;
            ok = true;
        }
    }
    rm_params_fini(&p);
    put(in, key, ok ? json_string(text) : NULL);
}

static void
add_uuid(struct info *in)
{
    enum { BINARY = 2, BYTES = 16 }; /* NV2080_GPU_CMD_GPU_GET_GID_FLAGS_FORMAT_BINARY */
    char text[64] = "GPU-", element[32];
    struct rm_params p;
    bool ok;
    uint32_t cmd;

    ok = begin(in, "NV2080_CTRL_CMD_GPU_GET_GID_INFO", &p, &cmd) && set(&p, "flags", BINARY) &&
         call(in, cmd, &p);
    for (unsigned i = 0; i < BYTES && ok; i++) {
        const bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        const size_t used = strlen(text);
        uint64_t byte = 0;

        snprintf(element, sizeof(element), "data[%u]", i);
        ok = get(&p, element, &byte);
        snprintf(text + used, sizeof(text) - used, "%s%02x", dash ? "-" : "", (unsigned)byte);
    }
    rm_params_fini(&p);
    put(in, "uuid", ok ? json_string(text) : NULL);
}

static void
add_arch(struct info *in)
{
    uint64_t arch = 0, impl = 0, rev = 0;
    struct rm_params p;
    uint32_t cmd;
    bool ok = begin(in, "NV2080_CTRL_CMD_MC_GET_ARCH_INFO", &p, &cmd) && call(in, cmd, &p) &&
              get(&p, "architecture", &arch) && get(&p, "implementation", &impl) &&
              get(&p, "revision", &rev);

    rm_params_fini(&p);
    put(in, "architecture", ok ? cli_hex(arch) : NULL);
    put(in, "implementation", ok ? cli_hex(impl) : NULL);
    put(in, "revision", ok ? cli_hex(rev) : NULL);
}

static void
add_pci(struct info *in)
{
    uint64_t device = 0, subsystem = 0, revision = 0;
    struct rm_params p;
    uint32_t cmd;
    bool ok = begin(in, "NV2080_CTRL_CMD_BUS_GET_PCI_INFO", &p, &cmd) && call(in, cmd, &p) &&
              get(&p, "pciDeviceId", &device) && get(&p, "pciSubSystemId", &subsystem) &&
              get(&p, "pciRevisionId", &revision);

    rm_params_fini(&p);
    put(in, "pci_id",
        ok ? json_sprintf("%04x:%04x", (unsigned)(device & 0xffff), (unsigned)(device >> 16))
           : NULL);
    put(in, "pci_subsystem",
        ok ? json_sprintf("%04x:%04x", (unsigned)(subsystem & 0xffff),
                          (unsigned)(subsystem >> 16))
           : NULL);
    put(in, "pci_revision", ok ? cli_hex(revision) : NULL);
}

/* How the answer to a question is written. */
enum answer { NUMBER, KIB, HEX, SM_VERSION, NAMED };

/* One question to a control that answers a list of {index, data}. */
struct question {
    const char *key;   /* of the page */
    const char *index; /* constant behind the prefix */
    enum answer answer;
};

struct question_list {
    const char *control;
    const char *size_field, *list_field;
    const char *prefix; /* of the constants */
    struct question questions[MOST_INDICES];
};

static const struct question_list fb_questions = {
    "NV2080_CTRL_CMD_FB_GET_INFO_V2",
    "fbInfoListSize",
    "fbInfoList",
    "NV2080_CTRL_FB_INFO_INDEX_",
    {
      {"memory_bytes", "TOTAL_RAM_SIZE", KIB},
      {"memory_usable_bytes", "USABLE_RAM_SIZE", KIB},
      {"memory_heap_bytes", "HEAP_SIZE", KIB},
      {"memory_free_bytes", "HEAP_FREE", KIB},
      {"memory_bus_bits", "BUS_WIDTH", NUMBER},
      {"memory_type", "RAM_TYPE", NAMED},
      {"bar1_bytes", "BAR1_SIZE", KIB},
      {"l2_cache_bytes", "L2CACHE_SIZE", NUMBER},
      },
};

static const struct question_list gr_questions = {
    "NV2080_CTRL_CMD_GR_GET_INFO_V2",
    "grInfoListSize",
    "grInfoList",
    "NV0080_CTRL_GR_INFO_INDEX_",
    {
      {"gpcs", "SHADER_PIPE_COUNT", NUMBER},
      {"tpcs", "SHADER_PIPE_SUB_COUNT", NUMBER},
      {"sms_per_tpc", "LITTER_NUM_SM_PER_TPC", NUMBER},
      {"sm_version", "SM_VERSION", SM_VERSION},
      {"warps_per_sm", "MAX_WARPS_PER_SM", NUMBER},
      {"cuda_cores", "GPU_CORE_COUNT", NUMBER},
      {"tensor_cores", "TENSOR_CORE_COUNT", NUMBER},
      {"rt_cores", "RT_CORE_COUNT", NUMBER},
      },
};

static const struct question_list bus_questions = {
    "NV2080_CTRL_CMD_BUS_GET_INFO_V2",
    "busInfoListSize",
    "busInfoList",
    "NV2080_CTRL_BUS_INFO_INDEX_",
    {
      {"pci_domain", "DOMAIN_NUMBER", NUMBER},
      {"pci_bus", "BUS_NUMBER", NUMBER},
      {"pci_device", "DEVICE_NUMBER", NUMBER},
      },
};

static const struct question_list bios_questions = {
    "NV2080_CTRL_CMD_BIOS_GET_INFO_V2",
    "biosInfoListSize",
    "biosInfoList",
    "NV2080_CTRL_BIOS_INFO_INDEX_",
    {
      {"vbios_revision", "REVISION", HEX},
      {"vbios_oem_revision", "OEM_REVISION", HEX},
      },
};

/* "NV2080_CTRL_FB_INFO_RAM_TYPE_GDDR6X" as "GDDR6X". */
static json_t *
ram_type(struct nvrm_abi abi, uint64_t value)
{
    static const char prefix[] = "NV2080_CTRL_FB_INFO_RAM_TYPE_";

    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        const char *name = c ? nvrm_str(abi.schema, c->name) : "";

        if (c && c->value == value && !c->is_range &&
            !strncmp(name, prefix, sizeof(prefix) - 1))
            return json_string(name + sizeof(prefix) - 1);
    }
    return json_integer((json_int_t)value);
}

static json_t *
answer_json(struct nvrm_abi abi, enum answer answer, uint64_t value)
{
    switch (answer) {
    case KIB:
        return json_integer((json_int_t)value << 10);
    case HEX:
        return json_sprintf("0x%08x", (unsigned)value);
    case SM_VERSION:
        return json_sprintf("%u.%u", (unsigned)(value >> 8 & 0xff), (unsigned)(value & 0xff));
    case NAMED:
        return ram_type(abi, value);
    default:
        return json_integer((json_int_t)value);
    }
}

/* Ask for the questions that `mask` names, in one call. */
static bool
ask(struct info *in, const struct question_list *list, unsigned mask, struct rm_params *p)
{
    char path[96], name[128];
    unsigned asked = 0;
    uint32_t cmd;

    if (!begin(in, list->control, p, &cmd))
        return false;
    for (unsigned i = 0; i < MOST_INDICES && list->questions[i].key; i++) {
        uint64_t index;

        snprintf(name, sizeof(name), "%s%s", list->prefix, list->questions[i].index);
        if (!(mask >> i & 1) || !nvrm_constant_find(p->abi, name, &index))
            continue;
        snprintf(path, sizeof(path), "%s[%u].index", list->list_field, asked++);
        if (!set(p, path, index))
            return false;
    }
    return asked && set(p, list->size_field, asked) && call(in, cmd, p);
}

/* The answer to question i is the one with its index: a card may answer in its own order. */
static json_t *
find_answer(const struct rm_params *p, const struct question_list *list, unsigned i)
{
    char path[96], name[128];
    uint64_t wanted, index, data, count = 0;

    snprintf(name, sizeof(name), "%s%s", list->prefix, list->questions[i].index);
    if (!nvrm_constant_find(p->abi, name, &wanted) || !get(p, list->size_field, &count))
        return NULL;
    for (uint64_t k = 0; k < count && k < MOST_INDICES; k++) {
        snprintf(path, sizeof(path), "%s[%u].index", list->list_field, (unsigned)k);
        if (!get(p, path, &index) || index != wanted)
            continue;
        snprintf(path, sizeof(path), "%s[%u].data", list->list_field, (unsigned)k);
        return get(p, path, &data) ? answer_json(p->abi, list->questions[i].answer, data)
                                   : NULL;
    }
    return NULL;
}

/* All questions at once; where the card refuses the whole list, one by one. */
static void
add_list(struct info *in, const struct question_list *list)
{
    struct rm_params all, one;
    const bool together = ask(in, list, ~0u, &all);

    for (unsigned i = 0; i < MOST_INDICES && list->questions[i].key; i++) {
        json_t *value = together ? find_answer(&all, list, i) : NULL;

        if (!together) {
            value = ask(in, list, 1u << i, &one) ? find_answer(&one, list, i) : NULL;
            rm_params_fini(&one);
        }
        put(in, list->questions[i].key, value);
    }
    rm_params_fini(&all);
}

/* Names of engine types, by number, in one pass over the constants. */
struct engine_names {
    const char *of[256];
};

static void
find_engine_names(struct nvrm_abi abi, struct engine_names *names)
{
    static const char prefix[] = "NV2080_ENGINE_TYPE_";

    memset(names, 0, sizeof(*names));
    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        const char *name = c ? nvrm_str(abi.schema, c->name) : "";
        const char *rest = name + sizeof(prefix) - 1;

        if (!c || c->is_range || c->value >= 256 || strncmp(name, prefix, sizeof(prefix) - 1) ||
            strchr(rest, '_'))
            continue;
        /* GRAPHICS is also called GR0, COPY0 CE0: numbered names win. */
        if (!names->of[c->value] ||
            (rest[strlen(rest) - 1] >= '0' && rest[strlen(rest) - 1] <= '9'))
            names->of[c->value] = rest;
    }
}

static void
add_engines(struct info *in)
{
    struct engine_names names;
    json_t *engines = NULL;
    char path[48];
    uint64_t count = 0, id;
    struct rm_params p;
    uint32_t cmd;

    if (begin(in, "NV2080_CTRL_CMD_GPU_GET_ENGINES_V2", &p, &cmd) && call(in, cmd, &p) &&
        get(&p, "engineCount", &count)) {
        engines = json_array();
        find_engine_names(p.abi, &names);
    }
    for (uint64_t i = 0; engines && i < count; i++) {
        snprintf(path, sizeof(path), "engineList[%llu]", (unsigned long long)i);
        if (!get(&p, path, &id))
            break;
        json_array_append_new(engines, id < 256 && names.of[id] ? json_string(names.of[id])
                                                                : cli_hex(id));
    }
    rm_params_fini(&p);
    put(in, "engines", engines);
}

static void
add_sms(struct info *in)
{
    const json_t *tpcs = json_object_get(in->doc, "tpcs");
    const json_t *per_tpc = json_object_get(in->doc, "sms_per_tpc");

    put(in, "sms",
        json_is_integer(tpcs) && json_is_integer(per_tpc)
            ? json_integer(json_integer_value(tpcs) * json_integer_value(per_tpc))
            : NULL);
}

/* Lines of the page; a row may join several keys. */
static const char *
size_text(const json_t *doc, const char *key, char *buf, size_t bytes)
{
    const json_t *value = json_object_get(doc, key);
    const long long n = json_integer_value(value);

    if (!json_is_integer(value))
        return "-";
    if (n >= 1 << 20 && n % (1 << 20) == 0)
        snprintf(buf, bytes, "%lld MiB", n >> 20);
    else
        snprintf(buf, bytes, "%lld KiB", n >> 10);
    return buf;
}

static const char *
number_text(const json_t *doc, const char *key, char *buf, size_t bytes)
{
    const json_t *value = json_object_get(doc, key);

    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_integer(value))
        return "-";
    snprintf(buf, bytes, "%lld", (long long)json_integer_value(value));
    return buf;
}

static void
line(struct cli *cli, const char *title, const char *text)
{
    fprintf(cli->out, "%s%-13s%s %s\n", cli_paint(cli, cli->out, "\033[1m"), title,
            cli_paint(cli, cli->out, "\033[0m"), text);
}

static void
print_memory(struct cli *cli, const json_t *doc)
{
    char text[256], a[32], b[32], c[32], d[32], e[32];

    snprintf(text, sizeof(text), "%s %s, %s bit, %s free of a heap of %s",
             size_text(doc, "memory_bytes", a, sizeof(a)),
             number_text(doc, "memory_type", b, sizeof(b)),
             number_text(doc, "memory_bus_bits", c, sizeof(c)),
             size_text(doc, "memory_free_bytes", d, sizeof(d)),
             size_text(doc, "memory_heap_bytes", e, sizeof(e)));
    line(cli, "memory", text);
    snprintf(text, sizeof(text), "L2 %s, BAR1 %s",
             size_text(doc, "l2_cache_bytes", a, sizeof(a)),
             size_text(doc, "bar1_bytes", b, sizeof(b)));
    line(cli, "cache", text);
}

static void
print_compute(struct cli *cli, const json_t *doc)
{
    char text[256], a[32], b[32], c[32], d[32];

    snprintf(text, sizeof(text), "%s GPCs, %s TPCs, %s SMs, SM version %s",
             number_text(doc, "gpcs", a, sizeof(a)), number_text(doc, "tpcs", b, sizeof(b)),
             number_text(doc, "sms", c, sizeof(c)),
             number_text(doc, "sm_version", d, sizeof(d)));
    line(cli, "compute", text);
}

static void
print_engines(struct cli *cli, const json_t *engines)
{
    char text[1024] = "";
    const json_t *one;
    size_t i;

    json_array_foreach(engines, i, one)
    {
        const size_t used = strlen(text);

        snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "",
                 json_string_value(one));
    }
    line(cli, "engines", json_is_array(engines) ? text : "-");
}

static void
print_info(struct cli *cli, const json_t *doc)
{
    char text[256], a[32], b[32], c[32];

    line(cli, "name", number_text(doc, "name", a, sizeof(a)));
    snprintf(text, sizeof(text), "%s, architecture %s implementation %s revision %s",
             cli_str(doc, "chip"), number_text(doc, "architecture", a, sizeof(a)),
             number_text(doc, "implementation", b, sizeof(b)),
             number_text(doc, "revision", c, sizeof(c)));
    line(cli, "chip", text);
    snprintf(text, sizeof(text), "GSP-RM %s over %s", cli_str(doc, "release"),
             cli_str(doc, "transport"));
    line(cli, "firmware", text);
    line(cli, "uuid", number_text(doc, "uuid", a, sizeof(a)));
    snprintf(text, sizeof(text), "%s, subsystem %s, revision %s",
             number_text(doc, "pci_id", a, sizeof(a)),
             number_text(doc, "pci_subsystem", b, sizeof(b)),
             number_text(doc, "pci_revision", c, sizeof(c)));
    line(cli, "pci", text);
    print_memory(cli, doc);
    print_compute(cli, doc);
    print_engines(cli, json_object_get(doc, "engines"));
    line(cli, "vbios", number_text(doc, "vbios_revision", a, sizeof(a)));
}

static void
collect(struct info *in)
{
    const struct nvrm_abi abi = session_abi(in->s);

    add_text(in, "name", "NV2080_CTRL_CMD_GPU_GET_NAME_STRING", "gpuNameString.ascii");
    add_text(in, "short_name", "NV2080_CTRL_CMD_GPU_GET_SHORT_NAME_STRING",
             "gpuShortNameString");
    put(in, "chip", json_string(session_chip(in->s)));
    put(in, "transport", json_string(session_transport(in->s)));
    put(in, "release", json_string(nvrm_release_name(abi.schema, abi.release)));
    add_uuid(in);
    add_arch(in);
    add_pci(in);
    add_list(in, &bus_questions);
    add_list(in, &fb_questions);
    add_list(in, &gr_questions);
    add_sms(in);
    add_engines(in);
    add_list(in, &bios_questions);
}

json_t *
info_read(struct cli *cli, struct cli_session *s, struct gsp_error *err)
{
    struct info in = {.cli = cli, .s = s};

    if (session_object(s, "subdevice", &in.subdevice, err) < 0)
        return NULL;
    in.doc = json_object();
    collect(&in);
    if (in.fatal.rc >= 0)
        return in.doc;
    *err = in.fatal;
    json_decref(in.doc);
    return NULL;
}

static int
cmd_info_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct cli_session *s;
    json_t *doc;
    int rc = cli_check_args(cli, &cmd_info, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (session_get(cli, &s, &err) < 0)
        return cli_fail(cli, &err);
    doc = info_read(cli, s, &err);
    if (!doc)
        return cli_fail(cli, &err);
    if (!session_is_dry(s))
        return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_info});
    json_decref(doc);
    return session_emit_dry(cli, s);
}

const struct nvrm_cmd cmd_info = {
    .name = "info",
    .args = "",
    .help = "one page about the card",
    .min_args = 0,
    .max_args = 0,
    .pages = true,
    .run = cmd_info_run,
};
