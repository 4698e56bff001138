/* SPDX-License-Identifier: MIT */
/*
 * One reading of a card: what RM answers about its state, and what it does not.
 */
#include "fleet.h"

#include <errno.h>
#include <string.h>

#include <gsp/event.h>
#include <rm/name.h>

struct reader {
    struct cli *cli;
    struct cli_session *s;
    rm_handle subdevice;
    json_t *doc, *unknown;
    struct gsp_error fatal; /* rc < 0: the card stopped answering, nothing more is asked */
};

/* One control under way. */
struct ask {
    struct reader *r;
    struct rm_params p;
    struct gsp_error err;
    uint32_t cmd;
    bool ok;
};

static void
begin(struct reader *r, struct ask *a, const char *name)
{
    const struct nvrm_abi abi = session_abi(r->s);
    const struct nvrm_control *control;
    int rc;

    memset(a, 0, sizeof(*a));
    a->r = r;
    rc = rm_name_control(abi, name, &control, &a->cmd, &a->err);
    if (rc == 0)
        rc = policy_control(r->cli, abi, control, a->cmd, &a->err);
    if (rc == 0)
        rc = rm_params_init(&a->p, abi, control ? nvrm_struct_at(abi, control->params) : NULL,
                            NULL, &a->err);
    a->ok = rc == 0 && a->p.layout;
}

static void
set(struct ask *a, const char *path, uint64_t value)
{
    a->ok = a->ok && gsp_field_set(a->p.abi, a->p.layout, a->p.wire, a->p.bytes, path, value,
                                   &a->err) == 0;
}

/* A number of the schema by name, for an input. */
static void
set_named(struct ask *a, const char *path, const char *constant)
{
    uint64_t value = 0;

    if (a->ok && !nvrm_constant_find(a->p.abi, constant, &value)) {
        gsp_fail(&a->err, GSP_ORIGIN_RELEASE, -ENOENT, "the release has no %s", constant);
        a->ok = false;
    }
    set(a, path, value);
}

/* False when the answer has no such field. */
static bool
look(const struct ask *a, const char *path, uint64_t *value_out)
{
    *value_out = 0;
    return a->ok && gsp_field_get(a->p.abi, a->p.layout, a->p.wire, a->p.bytes, path, value_out,
                                  NULL) == 0;
}

static uint64_t
get(const struct ask *a, const char *path)
{
    uint64_t value;

    (void)look(a, path, &value);
    return value;
}

static void
call(struct ask *a)
{
    struct reader *r = a->r;

    if (r->fatal.rc < 0)
        a->ok = false;
    if (!a->ok)
        return;
    a->ok = rm_control_params(session_client(r->s), r->subdevice, a->cmd, &a->p, &a->err) == 0;
    if (!a->ok && (a->err.origin == GSP_ORIGIN_PROTOCOL || a->err.origin == GSP_ORIGIN_LOST ||
                   a->err.origin == GSP_ORIGIN_TRANSPORT))
        r->fatal = a->err;
}

/* A figure: its value, or null and the reason. Takes the value. */
static void
put(struct ask *a, const char *key, json_t *value)
{
    struct reader *r = a->r;

    if (a->ok && value) {
        json_object_set_new(r->doc, key, value);
        return;
    }
    json_decref(value);
    json_object_set_new(r->doc, key, json_null());
    json_object_set_new(r->unknown, key,
                        json_string(a->err.text[0] ? a->err.text : "the card does not say"));
}

static void
put_number(struct ask *a, const char *key, uint64_t value)
{
    put(a, key, json_integer((json_int_t)value));
}

/* What no public control of RM tells, in any release. */
static void
put_silent(struct reader *r, const char *key)
{
    struct ask none = {.r = r};

    gsp_fail(&none.err, GSP_ORIGIN_RELEASE, -ENOENT, "no public control of RM tells it");
    put(&none, key, NULL);
}

static void
read_temperature(struct reader *r)
{
    static const char at[] = "instructionList[0].operands.getStatusSensorReading.value";
    json_t *value = NULL;
    uint64_t reading;
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_THERMAL_SYSTEM_EXECUTE_V2");
    set_named(&a, "clientAPIVersion", "THERMAL_SYSTEM_API_VER");
    set_named(&a, "clientAPIRevision", "THERMAL_SYSTEM_API_REV");
    if (a.ok) {
        const struct nvrm_layout *one =
            nvrm_struct_find(a.p.abi, "NV2080_CTRL_THERMAL_SYSTEM_INSTRUCTION");

        set(&a, "clientInstructionSizeOf", one ? one->size : 0);
    }
    set(&a, "instructionListSize", 1);
    set_named(&a, "instructionList[0].opcode",
              "NV2080_CTRL_THERMAL_SYSTEM_GET_STATUS_SENSOR_READING_OPCODE");
    call(&a);
    if (look(&a, at, &reading) && !get(&a, "instructionList[0].result"))
        value = json_integer((int32_t)reading);
    put(&a, "temperature_c", value);
    rm_params_fini(&a.p);
}

/* NV2080_CTRL_PERF_PSTATES_P<n> is bit n. */
static void
read_pstate(struct reader *r)
{
    struct ask a;
    uint64_t bits;
    unsigned n = 0;

    begin(r, &a, "NV2080_CTRL_CMD_PERF_GET_CURRENT_PSTATE");
    call(&a);
    bits = get(&a, "currPstate");
    while (n < 16 && !(bits >> n & 1))
        n++;
    put(&a, "pstate", n < 16 ? json_integer(n) : NULL);
    rm_params_fini(&a.p);
}

static void
read_ecc(struct reader *r)
{
    uint64_t corrected = 0, uncorrected = 0, supported;
    unsigned units = 0;
    struct ask a;
    char path[64];

    begin(r, &a, "NV2080_CTRL_CMD_GPU_QUERY_ECC_STATUS");
    call(&a);
    for (unsigned i = 0; a.ok && i < 256; i++) {
        snprintf(path, sizeof(path), "units[%u].supported", i);
        if (!look(&a, path, &supported))
            break;
        if (!supported)
            continue;
        units++;
        snprintf(path, sizeof(path), "units[%u].dbe.count", i);
        uncorrected += get(&a, path);
        snprintf(path, sizeof(path), "units[%u].sbe.count", i);
        corrected += get(&a, path);
    }
    put_number(&a, "ecc_units", units);
    put_number(&a, "ecc_corrected", corrected);
    put_number(&a, "ecc_uncorrected", uncorrected);
    rm_params_fini(&a.p);
}

static void
read_pages(struct reader *r)
{
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_FB_GET_OFFLINED_PAGES");
    call(&a);
    put_number(&a, "pages_retired", get(&a, "validEntries"));
    put(&a, "pages_pending",
        json_boolean(get(&a, "bRetirementPending") || get(&a, "retirementPending")));
    rm_params_fini(&a.p);
}

static void
read_rows(struct reader *r)
{
    enum { PENDING = 1, FAILURE = 2 }; /* NV2080_CTRL_FB_GET_REMAPPED_ROWS_FLAGS_* */
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_FB_GET_REMAPPED_ROWS");
    call(&a);
    put_number(&a, "rows_remapped", get(&a, "entryCount"));
    put(&a, "rows_pending", json_boolean(get(&a, "flags") & PENDING));
    put(&a, "rows_failed", json_boolean(get(&a, "flags") & FAILURE));
    rm_params_fini(&a.p);
}

/* As the PCIe capability has them: capabilities have speed 3:0 and width 9:4, status has them
 * 16 bits higher. */
static void
read_pcie(struct reader *r)
{
    uint64_t caps, status;
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_BUS_GET_INFO_V2");
    set(&a, "busInfoListSize", 2);
    set_named(&a, "busInfoList[0].index", "NV2080_CTRL_BUS_INFO_INDEX_PCIE_GPU_LINK_CAPS");
    set_named(&a, "busInfoList[1].index",
              "NV2080_CTRL_BUS_INFO_INDEX_PCIE_GPU_LINK_CTRL_STATUS");
    call(&a);
    caps = get(&a, "busInfoList[0].data");
    status = get(&a, "busInfoList[1].data") >> 16;
    put_number(&a, "pcie_gen_max", caps & 0xf);
    put_number(&a, "pcie_width_max", caps >> 4 & 0x3f);
    put_number(&a, "pcie_gen", status & 0xf);
    put_number(&a, "pcie_width", status >> 4 & 0x3f);
    rm_params_fini(&a.p);
}

static void
read_nvlink(struct reader *r)
{
    uint64_t discovered, enabled;
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS");
    call(&a);
    discovered = get(&a, "discoveredLinkMask");
    enabled = get(&a, "enabledLinkMask");
    put_number(&a, "nvlink_links", (unsigned)__builtin_popcountll(discovered));
    put_number(&a, "nvlink_links_up", (unsigned)__builtin_popcountll(discovered & enabled));
    rm_params_fini(&a.p);
}

static void
read_channel_errors(struct reader *r)
{
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_RC_GET_ERROR_COUNT");
    call(&a);
    put_number(&a, "channel_errors", get(&a, "errorCount"));
    rm_params_fini(&a.p);
}

/* What RM wants done: 0 is nothing. */
static void
read_recovery(struct reader *r)
{
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_GPU_GET_RECOVERY_ACTION");
    call(&a);
    put_number(&a, "recovery_action", get(&a, "action"));
    rm_params_fini(&a.p);
}

/* The newest sample; hundredths of a percent. */
static void
read_utilisation(struct reader *r)
{
    json_t *compute = NULL, *memory = NULL;
    uint64_t newest = 0;
    struct ask a;
    char path[64];

    begin(r, &a, "NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2");
    set(&a, "bufSize", a.ok ? a.p.layout->size - 16 : 0);
    call(&a);
    for (unsigned i = 0; a.ok && i < 72 && i < get(&a, "count"); i++) {
        snprintf(path, sizeof(path), "samples[%u].base.timeStamp", i);
        if (get(&a, path) < newest)
            continue;
        newest = get(&a, path);
        json_decref(compute);
        json_decref(memory);
        snprintf(path, sizeof(path), "samples[%u].gr.util", i);
        compute = json_real((double)get(&a, path) / 100);
        snprintf(path, sizeof(path), "samples[%u].fb.util", i);
        memory = json_real((double)get(&a, path) / 100);
    }
    put(&a, "utilisation_percent", compute);
    put(&a, "memory_utilisation_percent", memory);
    rm_params_fini(&a.p);
}

/* GSP-RM's clock: that it moves is its heartbeat. */
static void
read_heartbeat(struct reader *r)
{
    struct ask a;

    begin(r, &a, "NV2080_CTRL_CMD_TIMER_GET_TIME");
    call(&a);
    put_number(&a, "gsp_time_ns", get(&a, "time_nsec"));
    rm_params_fini(&a.p);
}

/* What stays as it is, under the names of info. */
static bool
add_identity(struct reader *r)
{
    static const char *const keys[] = {
        "name", "uuid", "chip", "release", "transport", "memory_bytes", "memory_free_bytes"};
    json_t *info = info_read(r->cli, r->s, &r->fatal), *bus;

    if (!info)
        return false;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        json_t *value = json_object_get(info, keys[i]);

        json_object_set(r->doc, keys[i], value ? value : json_null());
        if (!value || json_is_null(value))
            json_object_set_new(r->unknown, keys[i], json_string("the card does not say"));
    }
    bus = json_object_get(info, "pci_bus");
    json_object_set_new(
        r->doc, "pci",
        json_is_integer(bus)
            ? json_sprintf("%04x:%02x:%02x.0",
                           (unsigned)json_integer_value(json_object_get(info, "pci_domain")),
                           (unsigned)json_integer_value(bus),
                           (unsigned)json_integer_value(json_object_get(info, "pci_device")))
            : json_null());
    json_decref(info);
    return true;
}

json_t *
fleet_read(struct cli *cli, struct cli_session *s, struct gsp_error *err)
{
    static void (*const figures[])(struct reader *) = {
        read_heartbeat, read_temperature, read_pstate,         read_ecc,
        read_pages,     read_rows,        read_pcie,           read_nvlink,
        read_recovery,  read_utilisation, read_channel_errors,
    };
    static const char *const silent[] = {"power_w", "throttle"};
    struct reader r = {.cli = cli, .s = s, .doc = json_object(), .unknown = json_object()};

    if (session_object(s, "subdevice", &r.subdevice, &r.fatal) == 0 && add_identity(&r)) {
        for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && r.fatal.rc >= 0; i++)
            figures[i](&r);
        for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
            put_silent(&r, silent[i]);
    }
    json_object_set_new(r.doc, "unknown", r.unknown);
    if (r.fatal.rc >= 0)
        return r.doc;
    *err = r.fatal;
    json_decref(r.doc);
    return NULL;
}

int
fleet_events(struct cli *cli, struct cli_session *s, json_t *seen, struct gsp_error *err)
{
    enum { MOST = 4096 };
    json_t *xids = json_object_get(seen, "xids");
    struct gsp_event_summary summary;
    struct rm_event e;
    int rc = 0;

    (void)cli;
    for (unsigned i = 0; i < MOST; i++) {
        rc = rm_event_next(session_client(s), &e, 0, err);
        if (rc < 0)
            break;
        json_object_set_new(
            seen, "events",
            json_integer(json_integer_value(json_object_get(seen, "events")) + 1));
        if (gsp_event_summarize(session_abi(s), e.function, e.payload, e.payload_bytes,
                                &summary) &&
            summary.xid)
            json_array_append_new(xids, json_integer(summary.xid));
    }
    return rc == -EAGAIN || rc == -EOPNOTSUPP ? 0 : rc;
}

const char *
fleet_unknown(const json_t *reading, const char *key)
{
    return cli_str(json_object_get(reading, "unknown"), key);
}

bool
fleet_number(const json_t *reading, const char *key, double *value_out)
{
    const json_t *value = json_object_get(reading, key);

    *value_out = json_is_boolean(value) ? json_boolean_value(value) : json_number_value(value);
    return json_is_number(value) || json_is_boolean(value);
}
