/* SPDX-License-Identifier: MIT */
/*
 * Escapes: the ioctl's number and size against the schema's struct at the module's release,
 * then the function that serves it.
 *
 * Follows nvidia_ioctl() of nv.c: a wrong size is -EINVAL, a bad address -EFAULT, a number that
 * the module does not have -EINVAL, and an escape of the control node on a card's node (or the
 * reverse) -EINVAL.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kmod_priv.h"
#include "release.h"

/* NV_ABSOLUTE_MAX_IOCTL_SIZE, nv-ioctl-numbers.h */
enum { STRUCT_MAX = 16384 };

/* Addresses of the process: through the kernel, so that a bad one is an error. */

int
kmod_copy_in(void *to, uint64_t from, size_t bytes)
{
    const struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)from, bytes};

    if (!bytes)
        return 0;
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

int
kmod_copy_out(uint64_t to, const void *from, size_t bytes)
{
    const struct iovec local = {(void *)(uintptr_t)from, bytes},
                       remote = {(void *)(uintptr_t)to, bytes};

    if (!bytes)
        return 0;
    return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)bytes ? 0
                                                                                   : -EFAULT;
}

/* Whether all pages can be read: one byte of each, many at a time. */
bool
kmod_pages_there(uint64_t at, uint64_t pages)
{
    enum { BATCH = 256 };
    struct iovec remote[BATCH], local;
    uint8_t bytes[BATCH];

    for (uint64_t i = 0; i < pages; i += BATCH) {
        const size_t n = pages - i < BATCH ? (size_t)(pages - i) : BATCH;

        for (size_t k = 0; k < n; k++)
            remote[k] = (struct iovec){(void *)(uintptr_t)(at + (i + k) * 4096), 1};
        local = (struct iovec){bytes, n};
        if (process_vm_readv(getpid(), &local, 1, remote, n, 0) != (ssize_t)n)
            return false;
    }
    return true;
}

/* The module's own escapes */

static int
serve_version(struct kmod_call *c)
{
    const char *release = nvrm_release_name(c->kmod->abi.schema, c->kmod->abi.release);
    const long at = emu_offset(&c->w, "versionString");
    const uint64_t cmd = emu_get(&c->w, "cmd");
    const char *said = (const char *)c->w.data + at;
    bool same;

    emu_set(&c->w, 1, "reply"); /* NV_RM_API_VERSION_REPLY_RECOGNIZED */
    if (cmd == '2') {
        emu_set_text(&c->w, release, "versionString");
        return 0;
    }
    /* Relaxed: the same up to the first point. */
    same = cmd == '1' ? strncmp(said, release, strcspn(release, ".") + 1) == 0
                      : strncmp(said, release, emu_count(&c->w, "versionString")) == 0;
    if (same)
        return 0;
    emu_set(&c->w, 0, "reply");
    emu_set_text(&c->w, release, "versionString");
    return -EINVAL;
}

static void
fill_card(const struct kmod_card *card, const struct emu_wire *row)
{
    const struct kmod_bar bar0 = kmod_bar(card, 0), bar1 = kmod_bar(card, 1);

    emu_set(row, 1, "valid");
    emu_set(row, card->domain, "pci_info.domain");
    emu_set(row, card->bus, "pci_info.bus");
    emu_set(row, card->slot, "pci_info.slot");
    emu_set(row, 0x10de, "pci_info.vendor_id");
    emu_set(row, card->gpu->card->pub.device, "pci_info.device_id");
    emu_set(row, card->gpu_id, "gpu_id");
    emu_set(row, kmod_irq(card), "interrupt_line");
    emu_set(row, bar0.at, "reg_address");
    emu_set(row, bar0.bytes, "reg_size");
    emu_set(row, bar1.at, "fb_address");
    emu_set(row, bar1.bytes, "fb_size");
    emu_set(row, card->minor, "minor_number");
}

/* As many rows as the caller has room for. */
static int
serve_card_info(struct kmod_call *c)
{
    const size_t row_bytes = c->w.layout->size;

    memset(c->w.data, 0, c->w.bytes);
    if (c->w.bytes / row_bytes < c->kmod->cards)
        return -EINVAL;
    for (unsigned i = 0; i < c->kmod->cards; i++) {
        const struct emu_wire row = {c->w.abi, c->w.layout, c->w.data + i * row_bytes,
                                     row_bytes};

        fill_card(&c->kmod->card[i], &row);
    }
    return 0;
}

static int
serve_register_fd(struct kmod_call *c)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    struct emu_kfile *ctl = host->file(host->ctx, (int)emu_get(&c->w, "ctl_fd"));

    if (!ctl || ctl->node != EMU_NODE_CTL || ctl == c->file || ctl->ctl || c->file->ctl ||
        c->file->named)
        return -EINVAL;
    c->file->ctl = ctl;
    ctl->refs++;
    return 0;
}

enum where { ANY, CTL, GPU };

static const struct escape {
    const char *name;
    const char *layout; /* NULL: bytes as they come */
    int (*serve)(struct kmod_call *c);
    enum where where;
    bool list;             /* several structs */
    const char *or_layout; /* a second size that the module takes */
} escapes[] = {
    {"NV_ESC_CHECK_VERSION_STR",             "nv_ioctl_rm_api_version_t",          serve_version,           CTL, false, NULL               },
    {"NV_ESC_CARD_INFO",                     "nv_ioctl_card_info_t",               serve_card_info,         CTL, true,  NULL               },
    {"NV_ESC_REGISTER_FD",                   "nv_ioctl_register_fd_t",             serve_register_fd,       ANY, false, NULL               },
    {"NV_ESC_SYS_PARAMS",                    "nv_ioctl_sys_params_t",              kmod_sys_params,         CTL, false, NULL               },
    {"NV_ESC_WAIT_OPEN_COMPLETE",            "nv_ioctl_wait_open_complete_t",      kmod_wait_open_complete, ANY,
     false,                                                                                                             NULL               },
    {"NV_ESC_ATTACH_GPUS_TO_FD",             NULL,                                 kmod_attach,             CTL, true,  NULL               },
    {"NV_ESC_QUERY_DEVICE_INTR",             "nv_ioctl_query_device_intr",         kmod_query_intr,         GPU, false,
     NULL                                                                                                                                  },
    {"NV_ESC_STATUS_CODE",                   "nv_ioctl_status_code_t",             kmod_status_code,        CTL, false, NULL               },
    {"NV_ESC_NUMA_INFO",                     "nv_ioctl_numa_info_t",               kmod_numa_info,          GPU, false, NULL               },
    {"NV_ESC_SET_NUMA_STATUS",               "nv_ioctl_set_numa_status_t",         kmod_set_numa_status,    GPU, false,
     NULL                                                                                                                                  },
    {"NV_ESC_EXPORT_TO_DMABUF_FD",           "nv_ioctl_export_to_dma_buf_fd_t",    kmod_no_dmabuf,          GPU,
     false,                                                                                                             NULL               },
    {"NV_ESC_ALLOC_OS_EVENT",                "nv_ioctl_alloc_os_event_t",          kmod_alloc_os_event,     ANY, false,
     NULL                                                                                                                                  },
    {"NV_ESC_FREE_OS_EVENT",                 "nv_ioctl_free_os_event_t",           kmod_free_os_event,      ANY, false, NULL               },
    {"NV_ESC_RM_GET_EVENT_DATA",             "NVOS41_PARAMETERS",                  kmod_get_event_data,     ANY, false, NULL               },
    {"NV_ESC_RM_ALLOC",                      "NVOS21_PARAMETERS",                  kmod_rm_alloc,           ANY, false, "NVOS64_PARAMETERS"},
    {"NV_ESC_RM_ALLOC_OBJECT",               "NVOS05_PARAMETERS",                  kmod_rm_alloc_object,    CTL, false, NULL               },
    {"NV_ESC_RM_FREE",                       "NVOS00_PARAMETERS",                  kmod_rm_free,            CTL, false, NULL               },
    {"NV_ESC_RM_CONTROL",                    "NVOS54_PARAMETERS",                  kmod_rm_control,         CTL, false, NULL               },
    {"NV_ESC_RM_DUP_OBJECT",                 "NVOS55_PARAMETERS",                  kmod_rm_dup,             CTL, false, NULL               },
    {"NV_ESC_RM_SHARE",                      "NVOS57_PARAMETERS",                  kmod_rm_share,           CTL, false, NULL               },
    {"NV_ESC_RM_ALLOC_MEMORY",               "nv_ioctl_nvos02_parameters_with_fd", kmod_rm_alloc_memory,    GPU,
     false,                                                                                                             NULL               },
    {"NV_ESC_RM_VID_HEAP_CONTROL",           "NVOS32_PARAMETERS",                  kmod_vid_heap,           CTL, false, NULL               },
    {"NV_ESC_RM_MAP_MEMORY",                 "nv_ioctl_nvos33_parameters_with_fd", kmod_rm_map_memory,      CTL,
     false,                                                                                                             NULL               },
    {"NV_ESC_RM_UNMAP_MEMORY",               "NVOS34_PARAMETERS",                  kmod_rm_unmap_memory,    CTL, false, NULL               },
    {"NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO", "NVOS56_PARAMETERS",                  kmod_update_mapping,     CTL,
     false,                                                                                                             NULL               },
    {"NV_ESC_RM_MAP_MEMORY_DMA",             "NVOS46_PARAMETERS",                  kmod_rm_map_dma,         CTL, false, NULL               },
    {"NV_ESC_RM_UNMAP_MEMORY_DMA",           "NVOS47_PARAMETERS",                  kmod_rm_unmap_dma,       CTL, false, NULL               },
    {"NV_ESC_RM_ALLOC_CONTEXT_DMA2",         "NVOS39_PARAMETERS",                  kmod_alloc_context_dma,  CTL, false,
     NULL                                                                                                                                  },
    {"NV_ESC_RM_BIND_CONTEXT_DMA",           "NVOS49_PARAMETERS",                  kmod_bind_context_dma,   CTL, false,
     NULL                                                                                                                                  },
    {"NV_ESC_RM_IDLE_CHANNELS",              "NVOS30_PARAMETERS",                  kmod_idle_channels,      CTL, false, NULL               },
    {"NV_ESC_RM_ACCESS_REGISTRY",            "NVOS38_PARAMETERS",                  kmod_access_registry,    CTL, false, NULL               },
    {"NV_ESC_RM_I2C_ACCESS",                 "NVOS_I2C_ACCESS_PARAMS",             kmod_no_i2c,             GPU, false, NULL               },
    {"NV_ESC_RM_LOCKLESS_DIAGNOSTIC",        "NV_LOCKLESS_DIAGNOSTIC_PARAMS",      kmod_no_diagnostic,      CTL,
     false,                                                                                                             NULL               },
};

static const struct escape *
find_escape(const struct emu_kmod *k, unsigned number)
{
    for (unsigned i = 0; i < nvrm_escape_count(k->abi.schema); i++) {
        const struct nvrm_const *row = nvrm_escape_at(k->abi, i);

        if (!row || row->value != number ||
            strncmp(nvrm_str(k->abi.schema, row->name), "NV_ESC_", 7))
            continue;
        for (size_t j = 0; j < sizeof(escapes) / sizeof(*escapes); j++)
            if (!strcmp(escapes[j].name, nvrm_str(k->abi.schema, row->name)))
                return &escapes[j];
    }
    return NULL;
}

/* How many rows there are is the escape's business; a rest behind them was once let pass. */
static bool
fits_list(const struct emu_kmod *k, const struct emu_wire *w, size_t bytes)
{
    return !emu_rule(k->abi, EMU_RULE_IOCTL_SIZE_FIRST) ||
           (bytes && bytes % w->layout->size == 0);
}

/* Which of the escape's structs has this size. */
static bool
choose_layout(const struct emu_kmod *k, const struct escape *e, size_t bytes,
              struct emu_wire *w)
{
    const char *const names[] = {e->layout, e->or_layout};

    w->abi = k->abi;
    w->bytes = bytes;
    for (size_t i = 0; i < 2 && e->layout; i++) {
        w->layout = names[i] ? nvrm_struct_find(k->abi, names[i]) : NULL;
        if (w->layout && (bytes == w->layout->size || (e->list && fits_list(k, w, bytes))))
            return true;
    }
    return !e->layout;
}

static bool
right_node(const struct emu_kfile *f, const struct escape *e)
{
    return e->where == ANY || (e->where == CTL) == (f->node == EMU_NODE_CTL);
}

static int
dispatch(struct emu_kfile *f, unsigned number, struct kmod_call *c, size_t bytes)
{
    const struct escape *e = find_escape(f->kmod, number);
    int rc;

    if (!e || !right_node(f, e) || !choose_layout(f->kmod, e, bytes, &c->w))
        return -EINVAL;
    pthread_mutex_lock(&f->kmod->lock);
    rc = f->card && f->card->gpu->lost ? -EINVAL : e->serve(c);
    pthread_mutex_unlock(&f->kmod->lock);
    return rc;
}

/* The struct goes back even when the escape failed, as nvidia_ioctl() does it. */
static int
serve(struct emu_kfile *f, unsigned number, size_t bytes, void *arg)
{
    struct kmod_call c = {.kmod = f->kmod, .file = f};
    int rc;

    if (bytes > STRUCT_MAX)
        return -EINVAL;
    c.w.data = malloc(bytes ? bytes : 1);
    if (!c.w.data)
        return -ENOMEM;
    rc = kmod_copy_in(c.w.data, (uintptr_t)arg, bytes);
    if (rc == 0) {
        rc = dispatch(f, number, &c, bytes);
        if (kmod_copy_out((uintptr_t)arg, c.w.data, bytes) < 0)
            rc = -EFAULT;
    }
    free(c.w.data);
    return rc;
}

/* A struct that is too large for the request's 14 bits comes by reference. */
static int
unwrap(struct emu_kfile *f, void *arg)
{
    struct {
        uint32_t cmd, size;
        uint64_t ptr;
    } xfer; /* nv_ioctl_xfer_t, the same in every release */

    if (kmod_copy_in(&xfer, (uintptr_t)arg, sizeof(xfer)) < 0)
        return -EFAULT;
    return serve(f, xfer.cmd, xfer.size, (void *)(uintptr_t)xfer.ptr);
}

/* The module looks at the request's number and size, and not at its letter. */
int
emu_kmod_ioctl(struct emu_kfile *f, unsigned long request, void *arg)
{
    enum { XFER = 211 };

    if (f->node == EMU_NODE_UVM)
        return kmod_uvm_ioctl(f, request, arg);
    if (f->node == EMU_NODE_CAP)
        return -ENOTTY;
    if (f->node != EMU_NODE_CTL && f->node != EMU_NODE_GPU)
        return -EINVAL;
    if (_IOC_NR(request) == XFER)
        return _IOC_SIZE(request) == 16 ? unwrap(f, arg) : -EINVAL;
    if (emu_rule(f->kmod->abi, EMU_RULE_IOCTL_SIZE_FIRST)) {
        const struct escape *e = find_escape(f->kmod, _IOC_NR(request));
        struct emu_wire w;

        if (!e || !choose_layout(f->kmod, e, _IOC_SIZE(request), &w))
            return -EINVAL;
    }
    return serve(f, _IOC_NR(request), _IOC_SIZE(request), arg);
}
