/* SPDX-License-Identifier: MIT */
/*
 * What is told to GSP-RM when it starts, asked once it has, and said when it is to stop.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "session_priv.h"
#include "wire_set_priv.h"

/* PCI configuration space. */
enum {
    PCI_IDS = 0x00,
    PCI_REVISION = 0x08,
    PCI_BAR0 = 0x10,
    PCI_BARS = 6,
    PCI_SUBSYSTEM = 0x2c,
};

enum {
    REG_DWORD = 1,          /* PACKED_REGISTRY_ENTRY.type */
    GUEST_TEXT_BYTES = 256, /* NV0000_CTRL_CMD_SYSTEM_GET_VGX_SYSTEM_INFO_BUFFER_SIZE */
    TRACE_BYTES = 4096,     /* 50 records of 32 bytes, and the rest of their page */
};

/* The card's addresses by kind, in the order of its BARs: registers, VRAM window, instance
 * memory window; and the I/O ports. */
struct bars {
    uint64_t mem[3], io;
};

static int
config_read(struct gsp_rm *rm, uint32_t offset, uint32_t *out, struct gsp_error *err)
{
    struct gsp_bus *bus = rm->config.bus;

    if (bus->ops->config_read(bus, offset, 4, out) < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EIO,
                        "PCI configuration word 0x%x of bus %s", offset, bus->ops->name);
    return 0;
}

static int
read_bars(struct gsp_rm *rm, struct bars *out, struct gsp_error *err)
{
    unsigned mem = 0;

    *out = (struct bars){0};
    for (unsigned i = 0; i < PCI_BARS; i++) {
        uint32_t low, high = 0;
        int rc = config_read(rm, PCI_BAR0 + 4 * i, &low, err);

        if (rc == 0 && !(low & 1) && (low & 6) == 4 && ++i < PCI_BARS)
            rc = config_read(rm, PCI_BAR0 + 4 * i, &high, err);
        if (rc < 0)
            return rc;
        if (low & 1)
            out->io = low & ~3u;
        else if (mem < 3 && (low & ~15u || high))
            out->mem[mem++] = (uint64_t)high << 32 | (low & ~15u);
    }
    return 0;
}

/* Hopper, and Blackwell from GB10x on, mirror configuration space at 0x92000; Ada as before. */
static uint32_t
config_mirror(uint32_t arch)
{
    return arch == 0x18 || arch >= 0x1a ? 0x92000 : 0x88000;
}

int
gsprm_post_system_info(struct gsp_rm *rm, struct gsp_error *err)
{
    uint32_t ids = 0, revision = 0, subsystem = 0, function;
    uint64_t info[4096 / 8] = {0};
    struct bars bars = {0};
    struct wire w;
    int rc = gsprm_function(rm->base.abi, "GSP_SET_SYSTEM_INFO", &function, err);

    if (rc == 0)
        rc = read_bars(rm, &bars, err);
    if (rc == 0)
        rc = config_read(rm, PCI_IDS, &ids, err);
    if (rc == 0)
        rc = config_read(rm, PCI_REVISION, &revision, err);
    if (rc == 0)
        rc = config_read(rm, PCI_SUBSYSTEM, &subsystem, err);
    if (rc < 0)
        return rc;
    wire_init(&w, rm->base.abi, "GspSystemInfo", info, sizeof(info), err);
    wire_set(&w, "gpuPhysAddr", bars.mem[0]);
    wire_set(&w, "gpuPhysFbAddr", bars.mem[1]);
    wire_set(&w, "gpuPhysInstAddr", bars.mem[2]);
    wire_set_if(&w, "gpuPhysIoAddr", bars.io);
    wire_set(&w, "nvDomainBusDeviceFunc", rm->config.bus->bdf);
    wire_set(&w, "pciConfigMirrorBase", config_mirror(rm->chip_arch));
    wire_set(&w, "pciConfigMirrorSize", 0x1000);
    wire_set_if(&w, "PCIDeviceID", ids);
    wire_set_if(&w, "PCISubDeviceID", subsystem);
    wire_set_if(&w, "PCIRevisionID", revision & 0xff);
    wire_set(&w, "maxUserVa", 0x7ffffffff000);
    wire_set(&w, "bIsPassthru", 1);
    wire_set_if(&w, "hostPageSize", 4096);
    wire_set_if(&w, "bClockBoostSupported", rm->clock_boost);
    if (w.rc < 0)
        return w.rc;
    return gsp_rpc_post(rm->rpc, function, &(struct gsp_piece){info, w.layout->size}, 1, err);
}

/* Known to be wanted by GSP-RM outside of NVIDIA's own kernel module. */
static const struct gsp_regkey default_keys[] = {
    {"RMForcePcieConfigSave", 1},
    {"RMSecBusResetEnable",   1},
};

struct registry {
    uint8_t *data;
    uint32_t entry_at, name_at;
};

static void
add_key(struct registry *r, const struct gsp_regkey *key)
{
    const uint32_t entry[4] = {r->name_at, REG_DWORD, key->value, 4};
    const size_t name_bytes = strlen(key->name) + 1;

    memcpy(r->data + r->entry_at, entry, sizeof(entry));
    memcpy(r->data + r->name_at, key->name, name_bytes);
    r->entry_at += sizeof(entry);
    r->name_at += (uint32_t)name_bytes;
}

/* PACKED_REGISTRY_TABLE: size, count; entries of 16 bytes; names behind them. */
int
gsprm_post_registry(struct gsp_rm *rm, struct gsp_error *err)
{
    enum { DEFAULTS = sizeof(default_keys) / sizeof(default_keys[0]) };
    const uint32_t count = DEFAULTS + rm->config.regkey_count;
    size_t bytes = 8 + 16 * (size_t)count;
    struct registry r = {.entry_at = 8, .name_at = (uint32_t)bytes};
    uint32_t header[2], function;
    int rc = gsprm_function(rm->base.abi, "SET_REGISTRY", &function, err);

    for (unsigned i = 0; i < count; i++)
        bytes += strlen(i < DEFAULTS ? default_keys[i].name
                                     : rm->config.regkeys[i - DEFAULTS].name) +
                 1;
    r.data = rc < 0 ? NULL : gsp_host_alloc(rm->config.host, bytes);
    if (!r.data)
        return rc < 0 ? rc
                      : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for registry");
    header[0] = (uint32_t)bytes;
    header[1] = count;
    memcpy(r.data, header, sizeof(header));
    for (unsigned i = 0; i < count; i++)
        add_key(&r, i < DEFAULTS ? &default_keys[i] : &rm->config.regkeys[i - DEFAULTS]);
    rc = gsp_rpc_post(rm->rpc, function, &(struct gsp_piece){r.data, bytes}, 1, err);
    gsp_host_free(rm->config.host, r.data);
    return rc;
}

int
gsprm_fetch_static_info(struct gsp_rm *rm, struct gsp_error *err)
{
    const struct nvrm_layout *l = nvrm_struct_find(rm->base.abi, "GspStaticConfigInfo_t");
    size_t got = 0;
    uint32_t function;
    int rc = gsprm_function(rm->base.abi, "GET_GSP_STATIC_INFO", &function, err);

    if (rc < 0)
        return rc;
    if (!l)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no GspStaticConfigInfo_t at %s",
                        nvrm_release_name(rm->base.abi.schema, rm->base.abi.release));
    rm->static_info = gsp_host_alloc(rm->config.host, l->size);
    if (!rm->static_info)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for static info");
    rc = gsprm_rpc(&rm->base, function, rm->static_info, l->size, rm->static_info, l->size,
                   &got, err);
    if (rc == 0 && got < l->size)
        rc = gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                      "GET_GSP_STATIC_INFO: %zu bytes, GspStaticConfigInfo_t of %s has %u", got,
                      nvrm_release_name(rm->base.abi.schema, rm->base.abi.release), l->size);
    if (rc == 0)
        rm->static_info_bytes = l->size;
    return rc;
}

/* The one text that the release decides stands for all three: the others name a build. */
int
gsprm_send_guest_info(struct gsp_rm *rm, struct gsp_error *err)
{
    const struct nvrm_abi abi = rm->base.abi;
    const char *release = nvrm_release_name(abi.schema, abi.release);
    uint64_t major = 0, minor = 0, info[1024 / 8] = {0};
    uint32_t function, offset, bytes;
    struct wire w;
    size_t got;
    int rc = gsprm_function(abi, "SET_GUEST_SYSTEM_INFO", &function, err);

    if (rc < 0)
        return rc;
    (void)nvrm_constant_find(abi, "VGX_MAJOR_VERSION_NUMBER", &major);
    (void)nvrm_constant_find(abi, "VGX_MINOR_VERSION_NUMBER", &minor);
    wire_init(&w, abi, "rpc_set_guest_system_info_v03_00", info, sizeof(info), err);
    wire_set(&w, "vgxVersionMajorNum", major);
    wire_set(&w, "vgxVersionMinorNum", minor);
    wire_set(&w, "guestDriverVersionBufferLength", GUEST_TEXT_BYTES);
    wire_set(&w, "guestVersionBufferLength", GUEST_TEXT_BYTES);
    wire_set(&w, "guestTitleBufferLength", GUEST_TEXT_BYTES);
    if (w.rc == 0 && wire_find(abi, w.layout, "guestDriverVersion", &offset, &bytes))
        (void)snprintf((char *)info + offset, GUEST_TEXT_BYTES, "%s", release);
    return w.rc < 0 ? w.rc
                    : gsprm_rpc(&rm->base, function, info, w.layout->size, info, sizeof(info),
                                &got, err);
}

int
gsprm_send_trace_buffer(struct gsp_rm *rm, struct gsp_error *err)
{
    static const char name[] = "rpc_init_gsp_trace_crash_buffer_v03_00";
    const struct nvrm_rpc *row = nvrm_rpc_find(rm->base.abi, "INIT_GSP_TRACE_CRASH_BUFFER");
    struct gsp_bus *bus = rm->config.bus;
    uint64_t params[4] = {0};
    struct wire w;
    size_t got;
    int rc;

    if (!row || !nvrm_struct_find(rm->base.abi, name))
        return 0;
    rc = bus->ops->dma_alloc(bus, TRACE_BYTES, &rm->trace);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no memory for traces of a crash");
    wire_init(&w, rm->base.abi, name, params, sizeof(params), err);
    wire_set(&w, "pa", rm->trace.bus_addr);
    wire_set(&w, "size", rm->trace.bytes);
    return w.rc < 0 ? w.rc
                    : gsprm_rpc(&rm->base, row->id, params, w.layout->size, params,
                                sizeof(params), &got, err);
}

int
gsprm_unload(struct gsp_rm *rm, uint32_t level, struct gsp_error *err)
{
    const struct nvrm_rpc *row = nvrm_rpc_find(rm->base.abi, "UNLOADING_GUEST_DRIVER");
    const struct nvrm_layout *l = row ? nvrm_struct_at(rm->base.abi, row->params) : NULL;
    uint64_t params[8] = {0};
    struct wire w;
    size_t got;

    if (!l || l->size > sizeof(params))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no UNLOADING_GUEST_DRIVER");
    wire_init(&w, rm->base.abi, nvrm_str(rm->base.abi.schema, l->name), params, sizeof(params),
              err);
    wire_set(&w, "bInPMTransition", level != 0);
    wire_set(&w, "newLevel", level);
    if (w.rc < 0)
        return w.rc;
    return gsprm_rpc(&rm->base, row->id, params, l->size, params, sizeof(params), &got, err);
}
