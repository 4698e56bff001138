/* SPDX-License-Identifier: MIT */
/*
 * Opening a card once, and names for its objects.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/codec.h>
#include <gsp/nvidia.h>
#include <nvmem/device.h>
#include <rm/name.h>

#include "nearest.h"
#include "policy.h"
#include "session.h"
#include "transport.h"

/* What a verb keeps from line to line. */
struct kept {
    void (*fn)(void *ctx);
    void *ctx;
    struct kept *next;
};

struct cli_session {
    struct transport *transport; /* NULL when dry */
    struct gsp_backend *backend;
    bool dry;
    size_t dry_shown;
    struct rm_client *client;
    char kind[16]; /* of the transport */
    char transport_arg[128], device_arg[64], firmware_arg[64],
        record_arg[256]; /* as it was opened */
    json_t *names;       /* name -> handle */
    uint64_t start_ns;
    struct nvmem_device *nvmem;
    struct kept *kept;
};

/* The release of the kernel module, when it is one that the schema knows. */
static int
module_release(const struct cli *cli, nvrm_release *release_out, struct gsp_error *err)
{
    char text[64];
    int rc = gsp_nvidia_release(NULL, text, sizeof(text), err);

    return rc < 0 ? rc : rm_name_release(cli->schema, text, release_out, err);
}

/* -F and fw= name one release; when both are given they must agree, as on a real card. */
static int
choose_release(const struct cli *cli, const struct transport_spec *spec,
               nvrm_release *release_out, struct gsp_error *err)
{
    const char *wanted = cli->options.firmware;
    nvrm_release card = NVRM_NO_RELEASE;
    int rc = 0;

    if (wanted && !strcmp(wanted, "auto"))
        wanted = NULL;
    *release_out = nvrm_release_newest(cli->schema);
    if (wanted)
        rc = rm_name_release(cli->schema, wanted, release_out, err);
    else if (spec && !strcmp(spec->kind, "nvidia"))
        rc = module_release(cli, release_out, err);
    if (rc == 0 && spec && spec->fw) {
        rc = rm_name_release(cli->schema, spec->fw, &card, err);
        if (!wanted)
            *release_out = card;
    }
    if (rc < 0 || card == NVRM_NO_RELEASE || card == *release_out)
        return rc;
    gsp_fail(err, GSP_ORIGIN_RELEASE, -EINVAL, "the card runs %s and -F asks for %s", spec->fw,
             wanted);
    gsp_hint(err, "leave -F out: the card's release is used");
    return -EINVAL;
}

int
cli_abi(struct cli *cli, struct nvrm_abi *abi_out, struct gsp_error *err)
{
    struct transport_spec spec;
    nvrm_release release;
    int rc;

    if (!cli->options.firmware && cli->session) {
        *abi_out = cli->session->backend->abi;
        return 0;
    }
    rc = transport_spec_parse(&cli->options, &spec, err);
    if (rc < 0)
        return rc;
    rc = choose_release(cli, &spec, &release, err);
    transport_spec_fini(&spec);
    if (rc == 0)
        *abi_out = (struct nvrm_abi){cli->schema, release};
    return rc;
}

static int
open_backend(struct cli *cli, struct cli_session *s, struct gsp_error *err)
{
    struct transport_spec spec;
    struct nvrm_abi abi = {.schema = cli->schema};
    int rc = transport_spec_parse(&cli->options, &spec, err);

    if (rc < 0)
        return rc;
    snprintf(s->kind, sizeof(s->kind), "%s", spec.kind);
    rc = choose_release(cli, &spec, &abi.release, err);
    if (rc == 0 && s->dry) {
        s->backend = dry_backend_create(abi);
        rc = s->backend ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    } else if (rc == 0) {
        rc = transport_open(&cli->options, &spec, abi, &cli->host, &s->transport, err);
        if (rc == 0)
            s->backend = transport_backend(s->transport);
    }
    transport_spec_fini(&spec);
    return rc;
}

static int
close_backend(struct cli_session *s, struct gsp_error *err)
{
    if (s->transport)
        return transport_close(s->transport, err);
    if (s->backend)
        s->backend->ops->close(s->backend);
    return 0;
}

/* A recording begins with the session, and a dry run has none. */
static int
check_record(const struct cli *cli, struct gsp_error *err)
{
    if (!cli->options.record || !cli->options.dry_run)
        return 0;
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "--record and --dry-run do not go together");
    gsp_hint(err, "a dry run sends nothing: -j prints what would be sent");
    return -EINVAL;
}

static void
keep_arg(char *where, size_t bytes, const char *arg)
{
    snprintf(where, bytes, "%s", arg ? arg : "");
}

/* A line may repeat what the card was opened with, but not ask for another one. */
static int
check_same_card(const struct cli *cli, const struct cli_session *s, struct gsp_error *err)
{
    const struct {
        const char *option, *asked, *opened;
    } args[] = {
        {"-t",       cli->options.transport, s->transport_arg},
        {"-d",       cli->options.device,    s->device_arg   },
        {"-F",       cli->options.firmware,  s->firmware_arg },
        {"--record", cli->options.record,    s->record_arg   },
    };

    for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
        if (!args[i].asked || !strcmp(args[i].asked, args[i].opened))
            continue;
        gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY, "a card is open already: %s with GSP-RM %s",
                 s->transport ? transport_chip(s->transport) : "a dry run",
                 nvrm_release_name(cli->schema, s->backend->abi.release));
        gsp_hint(err, "give %s before the first command, or start another nvrm-cli",
                 args[i].option);
        return -EBUSY;
    }
    return 0;
}

/* Before anything is sent: a verb that asks for much and shows what it gets would show nothing.
 */
static int
check_policy(const struct cli *cli, struct gsp_error *err)
{
    struct policy *policy;
    const int rc = policy_open(cli, &policy, err);

    if (rc == 0)
        policy_close(policy);
    return rc;
}

static int
session_open(struct cli *cli, struct cli_session **session_out, struct gsp_error *err)
{
    struct cli_session *s;
    int rc = check_record(cli, err);

    if (rc == 0)
        rc = check_policy(cli, err);
    if (rc < 0)
        return rc;
    s = calloc(1, sizeof(*s));
    if (!s)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    s->dry = cli->options.dry_run;
    keep_arg(s->transport_arg, sizeof(s->transport_arg), cli->options.transport);
    keep_arg(s->device_arg, sizeof(s->device_arg), cli->options.device);
    keep_arg(s->firmware_arg, sizeof(s->firmware_arg), cli->options.firmware);
    keep_arg(s->record_arg, sizeof(s->record_arg), cli->options.record);
    s->start_ns = gsp_host_now_ns(NULL);
    s->names = json_object();
    rc = s->names ? open_backend(cli, s, err) : -ENOMEM;
    if (rc < 0)
        goto free_session;
    rc = rm_client_open(s->backend, NULL, &s->client, err);
    if (rc < 0)
        goto close_card;
    *session_out = s;
    return 0;

close_card:
    (void)close_backend(s, NULL);
free_session:
    json_decref(s->names);
    free(s);
    return rc;
}

int
session_get(struct cli *cli, struct cli_session **session_out, struct gsp_error *err)
{
    int rc = 0;

    if (!cli->session)
        rc = session_open(cli, &cli->session, err);
    else if (cli->options.dry_run != cli->session->dry) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                 "--dry-run cannot change while a card is open");
        gsp_hint(err, "give it before the first command");
        rc = -EINVAL;
    } else {
        rc = check_same_card(cli, cli->session, err);
    }
    *session_out = cli->session;
    return rc;
}

struct emu_gpu *
session_emulated(const struct cli_session *s)
{
    return s->transport ? transport_emulated(s->transport) : NULL;
}

int
session_nvmem(struct cli_session *s, struct nvmem_device **device_out, struct gsp_error *err)
{
    struct nvmem_device_config config = {.client = s->client};
    int rc = 0;

    if (s->dry)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "a dry run has no card whose memory could be used");
    if (!s->nvmem)
        rc = session_object(s, "device", &config.device, err);
    if (rc == 0 && !s->nvmem)
        rc = session_object(s, "subdevice", &config.subdevice, err);
    if (rc == 0 && !s->nvmem)
        rc = nvmem_device_open(&config, &s->nvmem, err);
    *device_out = s->nvmem;
    return rc;
}

int
session_at_close(struct cli_session *s, void (*fn)(void *ctx), void *ctx, struct gsp_error *err)
{
    struct kept *k = malloc(sizeof(*k));

    if (!k)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    *k = (struct kept){fn, ctx, s->kept};
    s->kept = k;
    return 0;
}

void *
session_kept(struct cli_session *s, void (*fn)(void *ctx))
{
    for (struct kept *k = s->kept; k; k = k->next)
        if (k->fn == fn)
            return k->ctx;
    return NULL;
}

static void
close_nvmem(struct cli *cli, struct cli_session *s)
{
    struct gsp_error err = {0};

    while (s->kept) {
        struct kept *k = s->kept;

        s->kept = k->next;
        k->fn(k->ctx);
        free(k);
    }
    if (s->nvmem && nvmem_device_close(s->nvmem, &err) < 0)
        cli_note(cli, "%s", err.text);
}

int
session_close(struct cli *cli, int code)
{
    struct cli_session *s = cli->session;
    struct gsp_text leaks = {0};
    struct gsp_error err = {0};
    int rc;

    if (!s)
        return code;
    cli->session = NULL;
    close_nvmem(cli, s);
    rm_client_close(s->client, cli->options.verbose ? &leaks : NULL);
    if (leaks.bytes)
        fprintf(cli->err, "still alive at the end, freed with the client:\n%s", leaks.data);
    gsp_text_fini(&leaks);
    rc = close_backend(s, &err);
    json_decref(s->names);
    free(s);
    return rc < 0 && code == CLI_OK ? cli_fail(cli, &err) : code;
}

struct rm_client *
session_client(struct cli_session *s)
{
    return s->client;
}

struct nvrm_abi
session_abi(const struct cli_session *s)
{
    return s->backend->abi;
}

const char *
session_chip(const struct cli_session *s)
{
    return s->transport ? transport_chip(s->transport) : "none (dry run)";
}

const char *
session_transport(const struct cli_session *s)
{
    return s->kind;
}

bool
session_is_dry(const struct cli_session *s)
{
    return s->dry;
}

uint64_t
session_start_ns(const struct cli_session *s)
{
    return s->start_ns;
}

json_t *
session_dry_calls(struct cli_session *s)
{
    const json_t *calls = dry_backend_calls(s->backend);
    json_t *fresh = json_array();

    for (; s->dry_shown < json_array_size(calls); s->dry_shown++)
        json_array_append(fresh, json_array_get(calls, s->dry_shown));
    return fresh;
}

int
session_emit_dry(struct cli *cli, struct cli_session *s)
{
    return cli_emit(cli, &(struct cli_doc){.json = session_dry_calls(s), .text = dry_print});
}

bool
session_name_get(struct cli_session *s, const char *name, rm_handle *handle_out)
{
    const json_t *value = json_object_get(s->names, name);
    struct rm_object object;

    if (!strcmp(name, "root") || !strcmp(name, "client")) {
        *handle_out = rm_client_handle(s->client);
        return true;
    }
    if (!value || !rm_object_get(s->client, (rm_handle)json_integer_value(value), &object))
        return false;
    *handle_out = object.handle;
    return true;
}

int
session_name_set(struct cli_session *s, const char *name, rm_handle handle,
                 struct gsp_error *err)
{
    uint32_t number;

    if (!strcmp(name, "root") || !strcmp(name, "client") || rm_parse_u32(name, &number) ||
        !*name || strpbrk(name, " $.{}[]=\"'")) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' cannot be the name of an object", name);
        gsp_hint(err, "use letters, digits and underscores, and not root or client");
        return -EINVAL;
    }
    json_object_set_new(s->names, name, json_integer(handle));
    return 0;
}

const char *
session_name_at(struct cli_session *s, unsigned i)
{
    void *at = json_object_iter(s->names);

    while (at && i--)
        at = json_object_iter_next(s->names, at);
    return at ? json_object_iter_key(at) : NULL;
}

void
session_names_prune(struct cli_session *s)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(s->names, next, name, value)
    {
        struct rm_object object;

        if (!rm_object_get(s->client, (rm_handle)json_integer_value(value), &object))
            json_object_del(s->names, name);
    }
}

static int
alloc_named(struct cli_session *s, rm_handle parent, const char *class_name, const char *json,
            const char *name, rm_handle *handle_out, struct gsp_error *err)
{
    int rc;

    *handle_out = 0;
    rc = rm_alloc_json(s->client, parent, class_name, json, handle_out, NULL, err);
    return rc < 0 ? rc : session_name_set(s, name, *handle_out, err);
}

uint32_t
session_gpu_id(const struct cli_session *s)
{
    return s->transport ? transport_gpu_id(s->transport) : 0;
}

/* Which of RM's devices is the card that was opened: 0 where there is one. */
static int
device_instance(struct cli_session *s, uint64_t *instance_out, struct gsp_error *err)
{
    const struct nvrm_abi abi = session_abi(s);
    const struct nvrm_control *row =
        nvrm_control_find(abi, "NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2");
    const struct nvrm_layout *l = row ? nvrm_struct_at(abi, row->params) : NULL;
    const uint32_t gpu = session_gpu_id(s);
    uint8_t wire[128] = {0};
    int rc;

    *instance_out = 0;
    if (!gpu || !l || l->size > sizeof(wire))
        return 0;
    rc = gsp_field_set(abi, l, wire, l->size, "gpuId", gpu, err);
    if (rc == 0)
        rc = rm_control(s->client, rm_client_handle(s->client), row->id, wire, l->size, err);
    return rc < 0 ? rc
                  : gsp_field_get(abi, l, wire, l->size, "deviceInstance", instance_out, err);
}

/* device and subdevice come into being when they are first named. */
static int
make_well_known(struct cli_session *s, const char *name, rm_handle *handle_out,
                struct gsp_error *err)
{
    rm_handle device = 0;
    uint64_t instance;
    char json[96];
    int rc = 0;

    if (strcmp(name, "device") && strcmp(name, "subdevice"))
        return -ENOENT;
    if (!session_name_get(s, "device", &device)) {
        rc = device_instance(s, &instance, err);
        if (rc < 0)
            return rc;
        snprintf(json, sizeof(json), "{\"deviceId\": %u, \"hClientShare\": \"0x%08x\"}",
                 (unsigned)instance, rm_client_handle(s->client));
        rc = alloc_named(s, rm_client_handle(s->client), "NV01_DEVICE_0", json, "device",
                         &device, err);
    }
    *handle_out = device;
    if (rc < 0 || !strcmp(name, "device"))
        return rc;
    return alloc_named(s, device, "NV20_SUBDEVICE_0", "{\"subDeviceId\": 0}", "subdevice",
                       handle_out, err);
}

/* A live object's name, one or two letters away. */
static const char *
nearest_object(struct cli_session *s, const char *word)
{
    static const char *const known[] = {"root", "client", "device", "subdevice"};
    const char *best = NULL, *name;
    unsigned limit = 3;

    for (unsigned i = 0; i < 4 || session_name_at(s, i - 4); i++) {
        unsigned d;

        name = i < 4 ? known[i] : session_name_at(s, i - 4);
        d = cli_distance(word, name);
        if (d < limit && d < strlen(word)) {
            limit = d;
            best = name;
        }
    }
    return best;
}

int
session_object(struct cli_session *s, const char *word, rm_handle *handle_out,
               struct gsp_error *err)
{
    const char *name = *word == '$' ? word + 1 : word, *nearest;
    int rc;

    if (rm_parse_u32(name, handle_out) || session_name_get(s, name, handle_out))
        return 0;
    rc = make_well_known(s, name, handle_out, err);
    if (rc != -ENOENT)
        return rc;
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "no live object is called '%s'", name);
    nearest = nearest_object(s, name);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    else
        gsp_hint(err,
                 "root, device and subdevice are always there; others are named with --as");
    return -ENOENT;
}
