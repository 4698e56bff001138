/* SPDX-License-Identifier: MIT */
/*
 * What stopped a channel: the error notifier that RM wrote, and the address of an MMU fault.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gsp/codec.h>

#include "channel_priv.h"

enum { STATUS_AT = 14, INFO32_AT = 8, FAULT_BYTES = 256, XID_MMU = 31 };

/* ROBUST_CHANNEL_* that stop channels (nverror.h). */
static const struct {
    uint32_t xid;
    const char *text;
} xids[] = {
    {8,   "the engine stopped answering"               },
    {13,  "graphics engine exception"                  },
    {31,  "MMU fault"                                  },
    {32,  "push buffer or ring that makes no sense"    },
    {39,  "copy engine 0: a launch that makes no sense"},
    {40,  "copy engine 1: a launch that makes no sense"},
    {41,  "copy engine 2: a launch that makes no sense"},
    {43,  "reset by its owner"                         },
    {45,  "removed"                                    },
    {69,  "graphics engine: class error"               },
    {70,  "copy engine 3: a launch that makes no sense"},
    {71,  "copy engine 4: a launch that makes no sense"},
    {72,  "copy engine 5: a launch that makes no sense"},
    {109, "work that does not end"                     },
};

static const char *
text_of(uint32_t xid)
{
    for (size_t i = 0; i < sizeof(xids) / sizeof(*xids); i++)
        if (xids[i].xid == xid)
            return xids[i].text;
    return "channel error";
}

/* NvNotification: the status is written last. */
uint32_t
nvmem_channel_xid(struct nvmem_channel *ch)
{
    const uint8_t *n = ch->cpu + NVMEM_AT_NOTIFIER;
    uint32_t xid = atomic_load_explicit(&ch->xid, memory_order_relaxed);

    if (xid)
        return xid;
    if (!atomic_load_explicit((const _Atomic uint16_t *)(const void *)(n + STATUS_AT),
                              memory_order_acquire))
        return 0;
    xid = *(const volatile uint32_t *)(const void *)(n + INFO32_AT);
    xid = xid ? xid : 1;
    atomic_store_explicit(&ch->xid, xid, memory_order_relaxed);
    return xid;
}

struct fault {
    uint64_t addr;
    char type[40];
};

static uint64_t
field(struct nvrm_abi abi, const struct nvrm_layout *l, const uint8_t *data, const char *path)
{
    uint64_t value = 0;

    return gsp_field_get(abi, l, data, l->size, path, &value, NULL) < 0 ? 0 : value;
}

static void
read_text(struct nvrm_abi abi, const struct nvrm_layout *l, const uint8_t *data,
          struct fault *f)
{
    for (unsigned i = 0; i + 1 < sizeof(f->type); i++) {
        char path[32];

        snprintf(path, sizeof(path), "faultString[%u]", i);
        f->type[i] = (char)field(abi, l, data, path);
        if (!f->type[i])
            break;
    }
}

/* Which address: RM keeps the last one of every channel. */
static bool
ask_fault(struct nvmem_channel *ch, struct fault *out)
{
    const struct nvrm_abi abi = nvmem_device_abi(ch->dev);
    const struct nvrm_control *c = nvrm_control_find(abi, "NV906F_CTRL_CMD_GET_MMU_FAULT_INFO");
    const struct nvrm_layout *l =
        nvrm_struct_find(abi, "NV906F_CTRL_GET_MMU_FAULT_INFO_PARAMS");
    uint8_t data[FAULT_BYTES] __attribute__((aligned(8))) = {0};
    int rc;

    if (!c || !l || l->size > sizeof(data))
        return false;
    nvmem_device_lock(ch->dev);
    rc = rm_control(ch->dev->client, ch->handle, c->id, data, l->size, NULL);
    nvmem_device_unlock(ch->dev);
    if (rc < 0)
        return false;
    out->addr = field(abi, l, data, "addrHi") << 32 | field(abi, l, data, "addrLo");
    read_text(abi, l, data, out);
    return true;
}

int
nvmem_channel_explain(struct nvmem_channel *ch, struct gsp_error *err)
{
    const uint32_t xid = nvmem_channel_xid(ch);
    struct fault f = {0};

    if (xid == XID_MMU && ask_fault(ch, &f))
        return gsp_fail(err, GSP_ORIGIN_LOST, -EIO,
                        "channel '%s' was stopped by Xid %u: MMU fault at 0x%" PRIx64 " (%s)",
                        ch->name, xid, f.addr, f.type);
    return gsp_fail(err, GSP_ORIGIN_LOST, -EIO, "channel '%s' was stopped by Xid %u: %s",
                    ch->name, xid, text_of(xid));
}

int
nvmem_channel_check(struct nvmem_channel *ch, struct gsp_error *err)
{
    return nvmem_channel_xid(ch) ? nvmem_channel_explain(ch, err) : 0;
}
