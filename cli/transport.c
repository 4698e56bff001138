/* SPDX-License-Identifier: MIT */
/*
 * -t and -d, and the emulated card behind them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <gsp/session.h>

#include "transport.h"

/* Transports of the design; those without a builder say so. */
static const struct {
    const char *kind;
    bool built;
} kinds[] = {
    {"emu",       true },
    {"nvidia",    false},
    {"pci",       false},
    {"vfio-user", false},
    {"replay",    false},
    {"ssh",       false},
};

struct transport {
    struct emu_gpu *gpu;
    struct gsp_backend *backend;
    char chip[32];
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
    gsp_hint(err, "legal: emu[:CHIP][?fw=RELEASE&inject=FAULT]");
    return -EINVAL;
}

static char *
take(const char *from, size_t bytes)
{
    return strndup(from, bytes);
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
        {"inject=", &spec->inject},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const size_t n = strlen(keys[i].key);

        if (bytes <= n || strncmp(item, keys[i].key, n))
            continue;
        free(*keys[i].where);
        *keys[i].where = take(item + n, bytes - n);
        return *keys[i].where ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-t: '%.*s' is not a setting of the emulated card",
             (int)bytes, item);
    gsp_hint(err, "legal: fw=RELEASE and inject=FAULT");
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
    memset(spec, 0, sizeof(*spec));
}

static int
create_card(struct transport *t, const struct transport_spec *spec, struct nvrm_abi abi,
            struct gsp_error *err)
{
    const struct emu_config config = {.chip = spec->chip, .abi = abi, .inject = spec->inject};
    char message[200] = "";
    int rc = emu_gpu_create(&config, &t->gpu, message, sizeof(message));

    if (rc == 0)
        return 0;
    gsp_fail(err, rc == -EINVAL ? GSP_ORIGIN_INPUT : GSP_ORIGIN_TRANSPORT, rc,
             "the emulated card does not start: %s", message[0] ? message : strerror(-rc));
    if (rc == -EINVAL && emu_fault_at(0))
        gsp_hint(err, "list --faults names the faults that can be injected");
    return rc;
}

int
transport_open(const struct transport_spec *spec, struct nvrm_abi abi, uint64_t timeout_ns,
               const struct gsp_host *host, struct transport **transport_out,
               struct gsp_error *err)
{
    struct gsp_rm_config config = {.abi = abi, .timeout_ns = timeout_ns, .host = host};
    struct transport *t = calloc(1, sizeof(*t));
    int rc;

    if (!t)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    snprintf(t->chip, sizeof(t->chip), "%s", spec->chip ? spec->chip : "AD102");
    rc = create_card(t, spec, abi, err);
    if (rc < 0)
        goto free_transport;
    config.bus = emu_gpu_bus(t->gpu);
    rc = gsp_rm_open(&config, &t->backend, err);
    if (rc < 0)
        goto destroy_card;
    *transport_out = t;
    return 0;

destroy_card:
    emu_gpu_destroy(t->gpu);
free_transport:
    free(t);
    return rc;
}

void
transport_close(struct transport *t)
{
    if (!t)
        return;
    t->backend->ops->close(t->backend);
    emu_gpu_destroy(t->gpu);
    free(t);
}

struct gsp_backend *
transport_backend(struct transport *t)
{
    return t->backend;
}

const char *
transport_chip(const struct transport *t)
{
    return t->chip;
}
