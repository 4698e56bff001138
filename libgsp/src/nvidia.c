/* SPDX-License-Identifier: MIT */
/*
 * Opening nvidia.ko: which release it is, which cards it drives, and one of them.
 *
 * The order is that of every client: control node, version check, card list, the card's own
 * node, tied to the control node.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nvidia_priv.h"

enum { TEXT_BYTES = 4096 };

/* Text files of the kernel */

static bool
read_text(const struct gsp_nvidia_os *os, const char *path, char *text, size_t bytes)
{
    const ssize_t got = os->read(os->ctx, path, text, bytes - 1);

    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* The first word that looks like a release: 570.144, 535.113.01. */
static bool
find_release(const char *text, char *out, size_t bytes)
{
    for (const char *p = text; *p; p++) {
        size_t n = strspn(p, "0123456789.");

        if (n >= 6 && n < bytes && p[3] == '.' && (p == text || p[-1] == ' ')) {
            while (n && p[n - 1] == '.')
                n--;
            memcpy(out, p, n);
            out[n] = '\0';
            return true;
        }
        p += n ? n - 1 : 0;
    }
    return false;
}

static bool
release_from_files(const struct gsp_nvidia_os *os, char *out, size_t bytes)
{
    static const char *const paths[] = {"/sys/module/nvidia/version",
                                        "/proc/driver/nvidia/version"};
    char text[TEXT_BYTES];

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        if (read_text(os, paths[i], text, sizeof(text)) && find_release(text, out, bytes))
            return true;
    return false;
}

/* Errors of open() */

static void
hint_rights(const char *path, struct gsp_error *err)
{
    struct group entry, *group = NULL;
    struct stat st;
    char text[1024];

    if (stat(path, &st) == 0 && (st.st_mode & 0060) == 0060 &&
        getgrgid_r(st.st_gid, &entry, text, sizeof(text), &group) == 0 && group)
        gsp_hint(err, "%s is for the group %s: join it (usermod -aG %s USER) and log in anew",
                 path, group->gr_name, group->gr_name);
    else
        gsp_hint(err,
                 "%s is not for this user: see NVreg_DeviceFileUID, _GID and _Mode of the "
                 "module, or be root",
                 path);
}

static int
explain_open(const struct gsp_nvidia_os *os, const char *path, int rc, struct gsp_error *err)
{
    char text[TEXT_BYTES];
    const bool loaded = read_text(os, "/sys/module/nvidia/version", text, sizeof(text)) ||
                        read_text(os, "/proc/driver/nvidia/version", text, sizeof(text));

    switch (rc) {
    case -ENOENT:
    case -ENXIO:
    case -ENODEV:
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "%s: %s", path,
                 loaded ? "the module is loaded, but there is no such node"
                        : "the module nvidia is not loaded");
        gsp_hint(err, "%s",
                 loaded ? "nvidia-modprobe -c 0 makes the nodes, or: mknod with the major "
                          "number of nvidia in /proc/devices"
                        : "modprobe nvidia; without such a card: -t emu");
        return -ENODEV;
    case -EACCES:
    case -EPERM:
        gsp_fail(err, GSP_ORIGIN_POLICY, -EACCES, "%s: permission denied", path);
        hint_rights(path, err);
        return -EACCES;
    case -EIO:
        gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV, "%s: the module could not start the card",
                 path);
        gsp_hint(err, "dmesg has the module's reason (RmInitAdapter, Xid)");
        return -ENODEV;
    case -EMFILE:
    case -ENFILE:
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "%s: too many open files", path);
        gsp_hint(err, "raise the limit: ulimit -n");
        return rc;
    default:
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "%s: %s", path, strerror(-rc));
    }
}

static int
open_node(const struct gsp_nvidia_os *os, const char *path, struct gsp_error *err)
{
    const int fd = os->open(os->ctx, path, O_RDWR);

    return fd < 0 ? explain_open(os, path, fd, err) : fd;
}

/* The release */

/* Ask the module itself; the struct has been the same in every release. */
static bool
ask_release(struct nvidia *n, char *out, size_t bytes)
{
    struct nvidia_call c;
    struct gsp_error none;
    uint32_t offset, length;

    nvidia_begin(n, &c, ESC_CHECK_VERSION_STR, "nv_ioctl_rm_api_version_t", &none);
    wire_set(&c.w, "cmd", '2'); /* NV_RM_API_VERSION_CMD_QUERY */
    if (nvidia_end(n, &c, n->ctl_fd, NULL, "", NULL, 0, &none) < 0 ||
        !wire_find(n->base.abi, c.w.layout, "versionString", &offset, &length))
        return false;
    return find_release((const char *)c.data + offset, out, bytes);
}

int
gsp_nvidia_release(const struct gsp_nvidia_os *os, char *text, size_t bytes,
                   struct gsp_error *err)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    struct nvidia n = {
        .os = os ? *os : nvidia_linux, .base.abi = {schema, nvrm_release_newest(schema)}
    };
    bool found;
    int rc = nvidia_find_escapes(&n, err);

    if (rc < 0)
        return rc;
    n.ctl_fd = open_node(&n.os, NVIDIA_CTL_PATH, err);
    if (n.ctl_fd < 0)
        return release_from_files(&n.os, text, bytes) ? 0 : n.ctl_fd;
    found = ask_release(&n, text, bytes) || release_from_files(&n.os, text, bytes);
    n.os.close(n.os.ctx, n.ctl_fd);
    if (found)
        return 0;
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "%s does not say its release",
             NVIDIA_CTL_PATH);
    gsp_hint(err, "say it with -F RELEASE; modinfo nvidia has it");
    return -ENODEV;
}

/* The release to speak: the module's, unless the caller insists on another. */
static int
choose_release(struct nvidia *n, const struct gsp_nvidia_config *config, struct gsp_error *err)
{
    const struct nvrm_schema *schema = config->abi.schema;
    const bool named = config->abi.release != NVRM_NO_RELEASE;
    char module[64];
    nvrm_release r;

    if (!ask_release(n, module, sizeof(module)) &&
        !release_from_files(&n->os, module, sizeof(module)))
        snprintf(module, sizeof(module), "unknown");
    r = nvrm_release_find(schema, module);
    if (named && (r == config->abi.release || config->force)) {
        n->base.abi = config->abi;
        return 0;
    }
    if (named) {
        gsp_fail(err, GSP_ORIGIN_RELEASE, -EINVAL, "the module is release %s, not %s", module,
                 nvrm_release_name(schema, config->abi.release));
        gsp_hint(err, "leave -F out to speak %s; nvidia?force insists on -F", module);
        return -EINVAL;
    }
    if (r == NVRM_NO_RELEASE) {
        const nvrm_release near = nvrm_release_nearest(schema, module);

        gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOTSUP, "the schema does not know release %s",
                 module);
        gsp_hint(err, "the nearest is %s: -t 'nvidia?force' -F %s if its layouts will do",
                 near == NVRM_NO_RELEASE ? "none" : nvrm_release_name(schema, near),
                 near == NVRM_NO_RELEASE ? "RELEASE" : nvrm_release_name(schema, near));
        return -ENOTSUP;
    }
    n->base.abi = (struct nvrm_abi){schema, r};
    return 0;
}

/* Cards */

static int
by_minor(const void *a, const void *b)
{
    const struct gsp_nvidia_card *x = a, *y = b;

    return x->minor < y->minor ? -1 : x->minor > y->minor;
}

static void
take_card(struct nvidia *n, const uint8_t *row, const struct nvrm_layout *l)
{
    struct gsp_nvidia_card *card = &n->list[n->cards];
    const struct {
        const char *path;
        void *to;
        size_t bytes;
    } fields[] = {
        {"gpu_id",             &card->gpu_id,     4},
        {"minor_number",       &card->minor,      4},
        {"interrupt_line",     &card->irq,        2},
        {"reg_address",        &card->bar0,       8},
        {"reg_size",           &card->bar0_bytes, 8},
        {"fb_address",         &card->bar1,       8},
        {"fb_size",            &card->bar1_bytes, 8},
        {"pci_info.domain",    &card->domain,     4},
        {"pci_info.bus",       &card->bus,        1},
        {"pci_info.slot",      &card->slot,       1},
        {"pci_info.function",  &card->function,   1},
        {"pci_info.vendor_id", &card->vendor,     2},
        {"pci_info.device_id", &card->device,     2},
    };
    uint32_t offset, bytes;

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (wire_find(n->base.abi, l, fields[i].path, &offset, &bytes) &&
            bytes == fields[i].bytes)
            memcpy(fields[i].to, row + offset, bytes);
    n->cards++;
}

static int
list_cards(struct nvidia *n, struct gsp_error *err)
{
    const struct nvrm_layout *l = nvrm_struct_find(n->base.abi, "nv_ioctl_card_info_t");
    uint32_t valid, bytes;
    uint8_t *rows;
    int rc;

    if (!l || !wire_find(n->base.abi, l, "valid", &valid, &bytes))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no layout of nv_ioctl_card_info_t");
    rows = gsp_host_alloc(n->host, (size_t)l->size * GSP_NVIDIA_CARDS_MAX);
    if (!rows)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "nvidia: out of memory");
    rc = nvidia_ioctl(n, n->ctl_fd, ESC_CARD_INFO, rows, (size_t)l->size * GSP_NVIDIA_CARDS_MAX,
                      err);
    for (unsigned i = 0; rc == 0 && i < GSP_NVIDIA_CARDS_MAX; i++)
        if (rows[i * l->size + valid])
            take_card(n, rows + (size_t)i * l->size, l);
    gsp_host_free(n->host, rows);
    qsort(n->list, n->cards, sizeof(*n->list), by_minor);
    return rc;
}

static int
choose_card(struct nvidia *n, unsigned gpu, struct gsp_error *err)
{
    if (gpu < n->cards) {
        n->card = gpu;
        return 0;
    }
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "the module has no card %u: it drives %u", gpu,
             n->cards);
    gsp_hint(err, n->cards ? "-t nvidia:0 is the first"
                           : "lspci -d 10de: shows the cards; dmesg says why none was taken");
    return -ENODEV;
}

int
nvidia_open_registered(struct nvidia *n, bool system, struct gsp_error *err)
{
    struct nvidia_call c;
    char path[32];
    int fd, rc;

    (void)snprintf(path, sizeof(path), "/dev/nvidia%u", n->list[n->card].minor);
    fd = open_node(&n->os, system ? NVIDIA_CTL_PATH : path, err);
    if (fd < 0)
        return fd;
    nvidia_begin(n, &c, ESC_REGISTER_FD, "nv_ioctl_register_fd_t", err);
    wire_set(&c.w, "ctl_fd", (uint32_t)n->ctl_fd);
    rc = nvidia_end(n, &c, fd, NULL, "register", NULL, 0, err);
    if (rc == 0)
        return fd;
    n->os.close(n->os.ctx, fd);
    return rc;
}

/* Calls */

static int
open_client(struct gsp_backend *b, uint32_t *hClient_out, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_call c;
    int rc;

    nvidia_begin(n, &c, ESC_RM_ALLOC, "NVOS21_PARAMETERS", err);
    wire_set(&c.w, "hClass", 0x41); /* NV01_ROOT_CLIENT */
    rc = nvidia_end(n, &c, n->ctl_fd, "status", "alloc NV01_ROOT_CLIENT", NULL, 0, err);
    if (rc == 0)
        *hClient_out = (uint32_t)nvidia_get(&c, "hObjectNew");
    return rc;
}

static const char *
class_name(struct nvidia *n, uint32_t id)
{
    const struct nvrm_class *row = nvrm_class_by_id(n->base.abi, id);

    return row ? nvrm_str(n->base.abi.schema, row->name) : NULL;
}

static bool
is_rm_event(struct nvidia *n, uint32_t hClass)
{
    const char *name = class_name(n, hClass);

    return name && !strcmp(name, "NV01_EVENT_KERNEL_CALLBACK_EX");
}

static int
nvidia_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
             uint32_t hClass, void *params, uint32_t bytes, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_call c;

    if (is_rm_event(n, hClass))
        return nvidia_os_event_alloc(n, hClient, hParent, hObject, params, bytes, err);
    nvidia_begin(n, &c, ESC_RM_ALLOC, "NVOS21_PARAMETERS", err);
    wire_set(&c.w, "hRoot", hClient);
    wire_set(&c.w, "hObjectParent", hParent);
    wire_set(&c.w, "hObjectNew", hObject);
    wire_set(&c.w, "hClass", hClass);
    wire_set(&c.w, "pAllocParms", bytes ? (uintptr_t)params : 0);
    wire_set(&c.w, "paramsSize", bytes);
    return nvidia_end(n, &c, n->ctl_fd, "status", "alloc", class_name(n, hClass), hClass, err);
}

static int
nvidia_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
               void *params, uint32_t bytes, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    const struct nvrm_control *row = nvrm_control_by_id(n->base.abi, cmd);
    struct nvidia_call c;

    nvidia_begin(n, &c, ESC_RM_CONTROL, "NVOS54_PARAMETERS", err);
    wire_set(&c.w, "hClient", hClient);
    wire_set(&c.w, "hObject", hObject);
    wire_set(&c.w, "cmd", cmd);
    wire_set(&c.w, "params", bytes ? (uintptr_t)params : 0);
    wire_set(&c.w, "paramsSize", bytes);
    return nvidia_end(n, &c, n->ctl_fd, "status", "control",
                      row ? nvrm_str(n->base.abi.schema, row->name) : NULL, cmd, err);
}

static int
nvidia_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
            struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_call c;
    int rc;

    nvidia_begin(n, &c, ESC_RM_FREE, "NVOS00_PARAMETERS", err);
    wire_set(&c.w, "hRoot", hClient);
    wire_set(&c.w, "hObjectParent", hParent);
    wire_set(&c.w, "hObjectOld", hObject);
    rc = nvidia_end(n, &c, n->ctl_fd, "status", "free", NULL, hObject, err);
    if (rc == 0)
        nvidia_forget_mappings(n, hClient, hObject);
    if (rc == 0 && hObject == hClient)
        nvidia_close_events(n, hClient);
    return rc;
}

static int
nvidia_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    struct nvidia *n = (struct nvidia *)b;
    struct nvidia_call c;

    nvidia_begin(n, &c, ESC_RM_DUP_OBJECT, "NVOS55_PARAMETERS", err);
    wire_set(&c.w, "hClient", hClient);
    wire_set(&c.w, "hParent", hParent);
    wire_set(&c.w, "hObject", hObject);
    wire_set(&c.w, "hClientSrc", hClientSrc);
    wire_set(&c.w, "hObjectSrc", hObjectSrc);
    wire_set(&c.w, "flags", flags);
    return nvidia_end(n, &c, n->ctl_fd, "status", "dup", NULL, hObjectSrc, err);
}

/* Opening and closing */

static void
close_fd(struct nvidia *n, int fd)
{
    if (fd >= 0)
        n->os.close(n->os.ctx, fd);
}

/* Objects that are still there go with the control descriptor. */
static void
nvidia_close(struct gsp_backend *b)
{
    struct nvidia *n = (struct nvidia *)b;

    if (!n)
        return;
    while (n->mappings) {
        struct nvidia_mapping *m = n->mappings;

        n->mappings = m->next;
        n->os.unmap(n->os.ctx, m->at, (size_t)m->bytes);
        gsp_host_free(n->host, m);
    }
    nvidia_close_events(n, 0);
    close_fd(n, n->gpu_fd);
    close_fd(n, n->ctl_fd);
    gsp_host_free(n->host, n);
}

static const struct gsp_backend_ops ops = {
    .name = "nvidia",
    .alloc = nvidia_alloc,
    .control = nvidia_control,
    .free = nvidia_free,
    .dup = nvidia_dup,
    .event_next = nvidia_event_next,
    .open_client = open_client,
    .map = nvidia_map,
    .unmap = nvidia_unmap,
    .map_dma = nvidia_map_dma,
    .unmap_dma = nvidia_unmap_dma,
    .export_fd = nvidia_export_fd,
    .import_fd = nvidia_import_fd,
    .close = nvidia_close,
};

/* The module starts a card when its node is first opened, and keeps it up while one is open. */
static int
open_card(struct nvidia *n, const struct gsp_nvidia_config *config, struct gsp_error *err)
{
    int rc = list_cards(n, err);

    if (rc == 0)
        rc = choose_card(n, config->gpu, err);
    if (rc < 0)
        return rc;
    n->gpu_fd = nvidia_open_registered(n, false, err);
    return n->gpu_fd < 0 ? n->gpu_fd : 0;
}

int
gsp_nvidia_open(const struct gsp_nvidia_config *config, struct gsp_backend **backend_out,
                struct gsp_error *err)
{
    struct nvidia *n = gsp_host_alloc(config->host, sizeof(*n));
    int rc;

    if (!n)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "nvidia: out of memory");
    *n = (struct nvidia){
        .base = {&ops, {config->abi.schema, nvrm_release_newest(config->abi.schema)}},
        .host = config->host,
        .os = config->os ? *config->os : nvidia_linux,
        .ctl_fd = -1,
        .gpu_fd = -1,
    };
    rc = nvidia_find_escapes(n, err);
    if (rc == 0) {
        n->ctl_fd = open_node(&n->os, NVIDIA_CTL_PATH, err);
        rc = n->ctl_fd < 0 ? n->ctl_fd : choose_release(n, config, err);
    }
    if (rc == 0)
        rc = nvidia_find_escapes(n, err);
    if (rc == 0)
        rc = open_card(n, config, err);
    if (rc < 0) {
        nvidia_close(&n->base);
        return rc;
    }
    *backend_out = &n->base;
    return 0;
}

int
gsp_nvidia_list(const struct gsp_nvidia_os *os, struct gsp_nvidia_card *rows,
                unsigned *count_out, struct gsp_error *err)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    struct nvidia n = {
        .os = os ? *os : nvidia_linux, .base.abi = {schema, nvrm_release_newest(schema)}
    };
    int rc = nvidia_find_escapes(&n, err);

    *count_out = 0;
    if (rc < 0)
        return rc;
    n.ctl_fd = open_node(&n.os, NVIDIA_CTL_PATH, err);
    if (n.ctl_fd < 0)
        return n.ctl_fd;
    rc = list_cards(&n, err);
    close_fd(&n, n.ctl_fd);
    memcpy(rows, n.list, n.cards * sizeof(*rows));
    *count_out = n.cards;
    return rc;
}

const struct gsp_nvidia_card *
gsp_nvidia_cards(const struct gsp_backend *backend, unsigned *count_out)
{
    const struct nvidia *n = (const struct nvidia *)backend;

    *count_out = n->cards;
    return n->list;
}

const struct gsp_nvidia_card *
gsp_nvidia_card(const struct gsp_backend *backend)
{
    const struct nvidia *n = (const struct nvidia *)backend;

    return &n->list[n->card];
}
