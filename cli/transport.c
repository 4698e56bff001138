/* SPDX-License-Identifier: MIT */
/*
 * -t and -d, and the card behind them.
 */
#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <gsp/nvidia.h>
#include <gsp/remote.h>
#include <gsp/replay.h>
#include <gsp/session.h>

#include "card.h"
#include "record.h"
#include "ssh.h"

/* Transports of the design; those without a builder say so. */
static const struct {
    const char *kind;
    bool built;
} kinds[] = {
    {"emu",       true},
    {"nvidia",    true},
    {"pci",       true},
    {"vfio-user", true},
    {"replay",    true},
    {"ssh",       true},
};

/* What the way through ssh may take beyond what a call may. */
#define SSH_SLACK_NS (UINT64_C(2) * 1000000000)

struct transport {
    struct cli_card card;
    struct recording *recording; /* NULL without --record */
    struct gsp_bus *bus;         /* the card's, or a recorder around it */
    struct gsp_backend *backend;
    struct ssh *ssh; /* NULL but for ssh */
    uint32_t gpu_id; /* nvidia: the card that was asked for, among the module's;
                        ssh: likewise over there; else 0 */
};

static int
check_kind(const char *kind, struct gsp_error *err)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind))
            continue;
        if (kinds[i].built)
            return 0;
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP,
                 "the transport %s is not built into this version", kind);
        gsp_hint(err, "emu works: -t emu, -t emu:GH100, -t 'emu:TU102?fw=570.144'");
        return -EOPNOTSUPP;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "there is no transport '%s'", kind);
    gsp_hint(err, "legal: emu[:CHIP][?fw=RELEASE&fault=FAULT], nvidia[:N], pci:BDF[?unbind], "
                  "vfio-user:PATH, ssh://HOST[/TRANSPORT]");
    return -EINVAL;
}

static char *
take(const char *from, size_t bytes)
{
    return strndup(from, bytes);
}

/* A word of the part behind '?' that needs no value. */
static bool
set_word(struct transport_spec *spec, const char *item, size_t bytes)
{
    const struct {
        const char *word, *kind;
        bool *flag;
        enum gsp_pci_via via;
    } words[] = {
        {"debug-fused",   "emu",       &spec->debug_fused, GSP_PCI_AUTO },
        {"lenient",       "emu",       &spec->lenient,     GSP_PCI_AUTO },
        {"timing=strict", "emu",       &spec->sm_timing,   GSP_PCI_AUTO },
        {"preboot",       "vfio-user", &spec->preboot,     GSP_PCI_AUTO },
        {"unbind",        "pci",       &spec->unbind,      GSP_PCI_AUTO },
        {"sysfs",         "pci",       NULL,               GSP_PCI_SYSFS},
        {"vfio",          "pci",       NULL,               GSP_PCI_VFIO },
        {"force",         "nvidia",    &spec->force,       GSP_PCI_AUTO },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].kind, spec->kind) || strlen(words[i].word) != bytes ||
            strncmp(words[i].word, item, bytes))
            continue;
        if (words[i].flag)
            *words[i].flag = true;
        else
            spec->via = words[i].via;
        return true;
    }
    return false;
}

/* Faults of fault= and inject= add up. */
static char *
add_faults(char *faults, const char *item, size_t bytes)
{
    char *all = NULL;

    if (asprintf(&all, "%s%s%.*s", faults ? faults : "", faults ? "," : "", (int)bytes, item) <
        0)
        all = NULL;
    free(faults);
    return all;
}

/* A replay has one setting: which recording of the file. */
static int
set_section(struct transport_spec *spec, const char *item, size_t bytes, struct gsp_error *err)
{
    static const char key[] = "section=";
    const size_t n = sizeof(key) - 1;
    char *end = NULL;
    unsigned long value = 0;

    if (bytes > n && !strncmp(item, key, n) && item[n] >= '1' && item[n] <= '9')
        value = strtoul(item + n, &end, 10);
    if (value && value < 1000000 && end == item + bytes) {
        spec->section = (unsigned)value;
        return 0;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-t: '%.*s' is not a setting of replay",
             (int)bytes, item);
    gsp_hint(err, "legal: section=N; trace stat FILE shows the sections");
    return -EINVAL;
}

/* A number of the emulated card's SMs. True: it was one. */
static bool
set_number(struct transport_spec *spec, const char *item, size_t bytes)
{
    const struct {
        const char *key;
        uint32_t *where;
    } keys[] = {
        {"sm-threads=",  &spec->sm_threads },
        {"sm-watchdog=", &spec->sm_watchdog},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const size_t n = strlen(keys[i].key);
        unsigned long value;
        char *end;

        if (strcmp(spec->kind, "emu") != 0 || bytes <= n || strncmp(item, keys[i].key, n) != 0)
            continue;
        value = strtoul(item + n, &end, 10);
        if (item[n] < '0' || item[n] > '9' || end != item + bytes || value > UINT32_MAX)
            return false;
        *keys[i].where = (uint32_t)value;
        return true;
    }
    return false;
}

/* One KEY=VALUE of the part behind '?'. */
static int
set_query(struct transport_spec *spec, const char *item, size_t bytes, struct gsp_error *err)
{
    const struct {
        const char *key;
        char **where;
    } keys[] = {
        {"fw=",     &spec->fw    },
        {"fault=",  &spec->inject},
        {"inject=", &spec->inject},
    };

    if (set_word(spec, item, bytes) || set_number(spec, item, bytes))
        return 0;
    if (!strcmp(spec->kind, "replay"))
        return set_section(spec, item, bytes, err);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const size_t n = strlen(keys[i].key);

        if (keys[i].where == &spec->inject && strcmp(spec->kind, "emu"))
            continue;
        if (bytes <= n || strncmp(item, keys[i].key, n))
            continue;
        if (keys[i].where == &spec->inject) {
            spec->inject = add_faults(spec->inject, item + n, bytes - n);
        } else {
            free(*keys[i].where);
            *keys[i].where = take(item + n, bytes - n);
        }
        return *keys[i].where ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-t: '%.*s' is not a setting of %s", (int)bytes,
             item, spec->kind);
    if (!strcmp(spec->kind, "nvidia"))
        gsp_hint(err, "legal: force (speak -F, whatever release the module is)");
    else
        gsp_hint(err, "legal: fw=RELEASE%s",
                 !strcmp(spec->kind, "emu")
                     ? ", fault=FAULT, lenient, debug-fused, timing=strict, "
                       "sm-threads=N and sm-watchdog=N"
                 : !strcmp(spec->kind, "pci") ? ", vfio, sysfs and unbind"
                                              : " and preboot");
    return -EINVAL;
}

static int
set_queries(struct transport_spec *spec, const char *text, struct gsp_error *err)
{
    while (*text) {
        const size_t bytes = strcspn(text, "&");
        int rc = set_query(spec, text, bytes, err);

        if (rc < 0)
            return rc;
        text += bytes + (text[bytes] == '&');
    }
    return 0;
}

static int
unknown_chip(const char *chip, struct gsp_error *err)
{
    char known[160] = "";

    for (unsigned i = 0; i < emu_chip_count(); i++) {
        const size_t used = strlen(known);

        snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
                 emu_chip_at(i)->name);
    }
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOENT, "there is no emulated card '%s'", chip);
    gsp_hint(err, "known: %s", known);
    return -ENOENT;
}

/* A chip by name or by its number in the list. */
static int
choose_chip(struct transport_spec *spec, const char *wanted, struct gsp_error *err)
{
    char *end;
    const unsigned long number = strtoul(wanted, &end, 10);
    const bool is_number = *wanted && !*end;

    for (unsigned i = 0; i < emu_chip_count(); i++) {
        const struct emu_chip *chip = emu_chip_at(i);

        if (is_number ? i != number : strcasecmp(chip->name, wanted) != 0)
            continue;
        free(spec->chip);
        spec->chip = strdup(chip->name);
        return spec->chip ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    return unknown_chip(wanted, err);
}

/* ":PATH" or ":BDF", then settings. */
static int
parse_path(const struct cli_options *options, struct transport_spec *spec, const char *rest,
           struct gsp_error *err)
{
    const size_t bytes = *rest == ':' ? strcspn(rest + 1, "?") : 0;

    if (!bytes) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-t %s needs %s", spec->kind,
                 !strcmp(spec->kind, "replay") ? "a file"
                 : strcmp(spec->kind, "pci")   ? "a socket"
                                               : "an address");
        gsp_hint(err, !strcmp(spec->kind, "replay") ? "such as replay:session.trace"
                      : strcmp(spec->kind, "pci")   ? "such as vfio-user:/tmp/card"
                                                    : "such as pci:0000:01:00.0; pci list");
        return -EINVAL;
    }
    if (options->device)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-d chooses among emulated cards only");
    spec->path = take(rest + 1, bytes);
    if (!spec->path)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rest += 1 + bytes;
    return *rest ? set_queries(spec, rest + 1, err) : 0;
}

/* A trace knows what it is a trace of. */
static int
look_into_trace(struct transport_spec *spec, struct gsp_error *err)
{
    const struct gsp_replay_config config = {
        .path = spec->path, .section = spec->section, .schema = nvrm_schema_builtin()};
    struct gsp_trace_section section;
    int rc = gsp_replay_section(&config, &section, err);

    if (rc < 0)
        return rc;
    spec->fw = strdup(section.release);
    spec->chip = strdup(section.chip);
    return spec->fw && spec->chip ? 0
                                  : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
}

/* nvidia[:N][?force]; -d N says the same. */
static int
parse_nvidia(const struct cli_options *options, struct transport_spec *spec, const char *rest,
             struct gsp_error *err)
{
    const char *number = *rest == ':' ? rest + 1 : options->device;
    char *end = NULL;

    if (number) {
        spec->gpu = (unsigned)strtoul(number, &end, 10);
        if (end == number || (*end && *end != '?')) {
            gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' is not the number of a card",
                     number);
            gsp_hint(err, "-t nvidia:0 is the first card of the kernel module");
            return -EINVAL;
        }
    }
    rest += strcspn(rest, "?");
    return *rest ? set_queries(spec, rest + 1, err) : 0;
}

/* ssh://HOST/TRANSPORT: looked into here, used when it is opened. */
static int
parse_ssh(const struct cli_options *options, struct transport_spec *spec, const char *rest,
          struct gsp_error *err)
{
    struct ssh_place place;
    int rc = ssh_place_parse(*rest == ':' ? rest + 1 : rest, &place, err);

    if (rc < 0)
        return rc;
    ssh_place_fini(&place);
    if (options->device) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-d chooses among the cards of this machine");
        gsp_hint(err,
                 "name the card behind the host: ssh://HOST/nvidia:1, ssh://HOST/emu:GH100");
        return -EINVAL;
    }
    spec->path = strdup(rest + 1);
    return spec->path ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
}

static int
parse(const struct cli_options *options, struct transport_spec *spec, struct gsp_error *err)
{
    const char *text = options->transport ? options->transport : "emu";
    const size_t kind_bytes = strcspn(text, ":?");
    const char *rest = text + kind_bytes;
    int rc;

    spec->kind = take(text, kind_bytes);
    if (!spec->kind)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = check_kind(spec->kind, err);
    if (rc < 0)
        return rc;
    if (!strcmp(spec->kind, "nvidia"))
        return parse_nvidia(options, spec, rest, err);
    if (!strcmp(spec->kind, "ssh"))
        return parse_ssh(options, spec, rest, err);
    if (strcmp(spec->kind, "emu"))
        return parse_path(options, spec, rest, err);
    if (*rest == ':') {
        const size_t chip_bytes = strcspn(++rest, "?");
        char *chip = take(rest, chip_bytes);

        rc = chip ? choose_chip(spec, chip, err) : -ENOMEM;
        free(chip);
        rest += chip_bytes;
    }
    if (rc == 0 && *rest == '?')
        rc = set_queries(spec, rest + 1, err);
    if (rc == 0 && options->device)
        rc = choose_chip(spec, options->device, err);
    return rc;
}

int
transport_spec_parse(const struct cli_options *options, struct transport_spec *spec,
                     struct gsp_error *err)
{
    int rc;

    memset(spec, 0, sizeof(*spec));
    rc = parse(options, spec, err);
    if (rc == 0 && !strcmp(spec->kind, "replay"))
        rc = look_into_trace(spec, err);
    if (rc < 0)
        transport_spec_fini(spec);
    return rc;
}

void
transport_spec_fini(struct transport_spec *spec)
{
    free(spec->kind);
    free(spec->chip);
    free(spec->fw);
    free(spec->inject);
    free(spec->path);
    memset(spec, 0, sizeof(*spec));
}

void
transport_hint_release(const struct cli_options *options, struct nvrm_abi abi,
                       struct gsp_error *err)
{
    const size_t n = strlen(err->hint);

    if (err->origin != GSP_ORIGIN_PROTOCOL || !options->transport ||
        strncmp(options->transport, "vfio-user:", 10) ||
        (options->firmware && strcmp(options->firmware, "auto")))
        return;
    snprintf(err->hint + n, sizeof(err->hint) - n,
             "%sit was taken for %s: where nvrm-emu serves another, -F names it", n ? "; " : "",
             nvrm_release_name(abi.schema, abi.release));
}

/* RM on a card that starts by itself, or after its whole boot. */
static int
open_rm(struct transport *t, const struct gsp_rm_config *config, struct gsp_error *err)
{
    const struct gsp_boot_config boot = {.rm = *config,
                                         .firmware = cli_card_firmware(&t->card)};

    return t->card.starts_itself ? gsp_rm_open(config, &t->backend, err)
                                 : gsp_boot_open(&boot, &t->backend, err);
}

/* Answers from a trace: no card, no bus, no RPCs. */
static int
open_replay(struct transport *t, const struct cli_options *options,
            const struct transport_spec *spec, struct nvrm_abi abi, struct gsp_error *err)
{
    const struct gsp_replay_config config = {
        .path = spec->path, .section = spec->section, .schema = abi.schema};
    int rc;

    snprintf(t->card.chip, sizeof(t->card.chip), "%s", spec->chip);
    rc = recording_open(options, abi, t->card.chip, &t->recording, err);
    if (rc == 0)
        rc = gsp_replay_open(&config, &t->backend, err);
    return rc == 0 ? recording_backend(t->recording, &t->backend, err) : rc;
}

/* The card, its RM, and recorders around both. */
static int
open_all(struct transport *t, const struct cli_options *options,
         const struct transport_spec *spec, struct nvrm_abi abi, const struct gsp_host *host,
         struct gsp_error *err)
{
    struct gsp_rm_config config = {.abi = abi, .timeout_ns = options->timeout_ns, .host = host};
    int rc = cli_card_open(spec, abi, host, &t->card, err);

    t->bus = t->card.bus;
    if (rc == 0)
        rc = recording_open(options, abi, t->card.chip, &t->recording, err);
    if (rc == 0)
        rc = recording_bus(t->recording, &t->bus, err);
    config.bus = t->bus;
    config.tap = recording_tap(t->recording);
    if (rc == 0)
        rc = open_rm(t, &config, err);
    if (rc < 0)
        transport_hint_release(options, abi, err);
    return rc == 0 ? recording_backend(t->recording, &t->backend, err) : rc;
}

/* RM is the kernel module: no card of ours, no boot. */
static int
open_nvidia(struct transport *t, const struct cli_options *options,
            const struct transport_spec *spec, struct nvrm_abi abi, const struct gsp_host *host,
            struct gsp_error *err)
{
    struct gsp_nvidia_config config = {
        .gpu = spec->gpu, .abi = abi, .force = spec->force, .host = host};
    const bool ioctls = options->record_level == CLI_RECORD_IOCTL;
    unsigned cards;
    int rc = 0;

    if (ioctls) /* from the first one on, when the card is not known yet */
        rc = recording_open(options, abi, "a card of nvidia.ko", &t->recording, err);
    config.os = recording_os(t->recording);
    if (rc == 0)
        rc = gsp_nvidia_open(&config, &t->backend, err);
    if (rc < 0)
        return rc;
    snprintf(t->card.chip, sizeof(t->card.chip), "%04x:%04x",
             gsp_nvidia_card(t->backend)->vendor, gsp_nvidia_card(t->backend)->device);
    (void)gsp_nvidia_cards(t->backend, &cards);
    t->gpu_id = cards > 1 ? gsp_nvidia_card(t->backend)->gpu_id : 0;
    if (!ioctls)
        rc = recording_open(options, abi, t->card.chip, &t->recording, err);
    return rc == 0 ? recording_backend(t->recording, &t->backend, err) : rc;
}

/* RM of another machine. Without -F its release is the one that is spoken. */
static int
open_ssh(struct transport *t, const struct cli_options *options,
         const struct transport_spec *spec, struct nvrm_abi abi, const struct gsp_host *host,
         struct gsp_error *err)
{
    const bool named = options->firmware && strcmp(options->firmware, "auto");
    struct gsp_remote_config config = {.schema = abi.schema,
                                       .release = named ? abi.release : NVRM_NO_RELEASE,
                                       .hello_ns = options->timeout_ns,
                                       .host = host};
    struct ssh_place place;
    int rc = ssh_place_parse(spec->path, &place, err);

    if (rc < 0)
        return rc;
    if (options->timeout_ns) /* the broker has it too, and says what did not answer */
        config.timeout_ns = options->timeout_ns + SSH_SLACK_NS;
    rc = ssh_open(&place, options, &t->ssh, err);
    ssh_place_fini(&place);
    if (rc < 0)
        return rc;
    config.io = ssh_io(t->ssh);
    rc = gsp_remote_open(&config, &t->backend, err);
    if (rc < 0)
        return rc;
    snprintf(t->card.chip, sizeof(t->card.chip), "%s", gsp_remote_chip(t->backend));
    t->gpu_id = gsp_remote_gpu_id(t->backend);
    rc = recording_open(options, t->backend->abi, t->card.chip, &t->recording, err);
    return rc == 0 ? recording_backend(t->recording, &t->backend, err) : rc;
}

/* Ways to RM that are no card on a bus; the rest goes through open_all(). */
static int
open_kind(struct transport *t, const struct cli_options *options,
          const struct transport_spec *spec, struct nvrm_abi abi, const struct gsp_host *host,
          struct gsp_error *err)
{
    if (!strcmp(spec->kind, "replay"))
        return open_replay(t, options, spec, abi, err);
    if (!strcmp(spec->kind, "nvidia"))
        return open_nvidia(t, options, spec, abi, host, err);
    if (!strcmp(spec->kind, "ssh"))
        return open_ssh(t, options, spec, abi, host, err);
    return open_all(t, options, spec, abi, host, err);
}

int
transport_open(const struct cli_options *options, const struct transport_spec *spec,
               struct nvrm_abi abi, const struct gsp_host *host,
               struct transport **transport_out, struct gsp_error *err)
{
    struct transport *t = calloc(1, sizeof(*t));
    int rc;

    if (!t)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = open_kind(t, options, spec, abi, host, err);
    if (rc < 0) {
        (void)transport_close(t, NULL);
        return rc;
    }
    *transport_out = t;
    return 0;
}

int
transport_close(struct transport *t, struct gsp_error *err)
{
    int rc, diverged = 0;

    if (!t)
        return 0;
    if (t->backend) {
        diverged = gsp_replay_check(t->backend, err);
        t->backend->ops->close(t->backend);
    }
    ssh_close(t->ssh);
    if (t->bus != t->card.bus) { /* a recorder closes what it took */
        t->bus->ops->close(t->bus);
        t->card.bus = NULL;
    }
    rc = recording_close(t->recording, diverged < 0 ? NULL : err);
    cli_card_close(&t->card);
    free(t);
    return diverged < 0 ? diverged : rc;
}

struct gsp_backend *
transport_backend(struct transport *t)
{
    return t->backend;
}

const char *
transport_chip(const struct transport *t)
{
    return t->card.chip;
}

struct emu_gpu *
transport_emulated(const struct transport *t)
{
    return t->card.gpu;
}

uint32_t
transport_gpu_id(const struct transport *t)
{
    return t->gpu_id;
}
