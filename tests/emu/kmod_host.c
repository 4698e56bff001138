/* SPDX-License-Identifier: MIT */
#include "kmod_host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/* What the module asks of its host */

static struct emu_kfile *
file_of(void *ctx, int fd)
{
    const struct host *h = ctx;

    return fd >= 0 && fd < HOST_FDS ? __atomic_load_n(&h->file[fd], __ATOMIC_ACQUIRE) : NULL;
}

static int
replace(void *ctx, int fd, int with)
{
    (void)ctx;
    return dup3(with, fd, O_CLOEXEC) < 0 ? -errno : 0;
}

static void
start(struct host *h, const char *release, struct emu_kmod_config config)
{
    char message[200] = "";

    memset(h, 0, sizeof(*h));
    h->abi.schema = nvrm_schema_builtin();
    h->abi.release = nvrm_release_find(h->abi.schema, release);
    assert_int_not_equal(h->abi.release, NVRM_NO_RELEASE);
    config.abi = h->abi;
    config.fb_bytes = UINT64_C(2) << 30;
    config.host = (struct emu_kmod_host){.ctx = h, .file = file_of, .replace = replace};
    if (emu_kmod_create(&config, &h->kmod, message, sizeof(message)) < 0)
        fail_msg("%s", message);
}

void
host_open(struct host *h, const char *release, const char *chip, unsigned cards, bool root)
{
    start(h, release, (struct emu_kmod_config){.chip = chip, .cards = cards, .root = root});
}

void
host_open_faulty(struct host *h, const char *release, const char *chip, const char *fault)
{
    start(h, release, (struct emu_kmod_config){.chip = chip, .cards = 1, .fault = fault});
}

void
host_close(struct host *h)
{
    for (int fd = 0; fd < HOST_FDS; fd++)
        if (h->file[fd])
            host_node_close(h, fd);
    emu_kmod_destroy(h->kmod);
}

int
host_node(struct host *h, enum emu_node node, unsigned minor)
{
    struct emu_kfile *f;
    const int rc = emu_kmod_open(h->kmod, node, minor, &f);
    int fd;

    if (rc < 0)
        return rc;
    fd = memfd_create("node", MFD_CLOEXEC);
    assert_in_range(fd, 0, HOST_FDS - 1);
    __atomic_store_n(&h->file[fd], f, __ATOMIC_RELEASE);
    return fd;
}

void
host_node_close(struct host *h, int fd)
{
    struct emu_kfile *f = __atomic_exchange_n(&h->file[fd], NULL, __ATOMIC_ACQ_REL);

    emu_kmod_close(f);
    close(fd);
}

int
host_card(struct host *h, int ctl, unsigned minor)
{
    const int fd = host_node(h, EMU_NODE_GPU, minor);
    struct arg a;

    assert_true(fd >= 0);
    arg_init(h, &a, "nv_ioctl_register_fd_t");
    arg_set(&a, "ctl_fd", (uint64_t)ctl);
    assert_int_equal(host_call(h, fd, "NV_ESC_REGISTER_FD", &a), 0);
    return fd;
}

/* Structs */

void
arg_init(struct host *h, struct arg *a, const char *name)
{
    memset(a, 0, sizeof(*a));
    a->abi = h->abi;
    a->layout = nvrm_struct_find(h->abi, name);
    if (!a->layout)
        fail_msg("no struct %s", name);
    assert_true(a->layout->size <= sizeof(a->data));
}

static uint32_t
number_at(const char *bracket)
{
    return bracket ? (uint32_t)strtoul(bracket + 1, NULL, 10) : 0;
}

static const struct nvrm_field *
find(const struct arg *a, const char *path, uint32_t *offset)
{
    const struct nvrm_layout *l = a->layout;
    const struct nvrm_field *f = NULL;
    char text[128], *save = NULL;

    snprintf(text, sizeof(text), "%s", path);
    *offset = 0;
    for (char *word = strtok_r(text, ".", &save); word; word = strtok_r(NULL, ".", &save)) {
        char *bracket = strchr(word, '[');
        const uint32_t i = number_at(bracket);

        if (bracket)
            *bracket = '\0';
        f = l ? nvrm_field_find(a->abi.schema, l, word) : NULL;
        if (!f)
            return NULL;
        l = f->ref != NVRM_NONE ? nvrm_layout_at(a->abi.schema, f->ref) : NULL;
        *offset += f->offset + i * nvrm_field_elem_bytes(a->abi.schema, f);
    }
    return f;
}

bool
arg_has(const struct arg *a, const char *path)
{
    uint32_t offset;

    return find(a, path, &offset);
}

void *
arg_at(struct arg *a, const char *path)
{
    uint32_t offset;

    if (!find(a, path, &offset))
        fail_msg("no field %s", path);
    return a->data + offset;
}

void
arg_set(struct arg *a, const char *path, uint64_t value)
{
    uint32_t offset;
    const struct nvrm_field *f = find(a, path, &offset);

    if (!f)
        fail_msg("no field %s", path);
    memcpy(a->data + offset, &value, nvrm_field_elem_bytes(a->abi.schema, f));
}

uint64_t
arg_get(const struct arg *a, const char *path)
{
    uint32_t offset;
    const struct nvrm_field *f = find(a, path, &offset);
    uint64_t value = 0;

    if (!f)
        fail_msg("no field %s", path);
    memcpy(&value, a->data + offset, nvrm_field_elem_bytes(a->abi.schema, f));
    return value;
}

/* Calls */

static unsigned long
number_of(struct host *h, const char *name)
{
    for (unsigned i = 0; i < nvrm_escape_count(h->abi.schema); i++) {
        const struct nvrm_const *row = nvrm_escape_at(h->abi, i);

        if (row && !strcmp(nvrm_str(h->abi.schema, row->name), name))
            return (unsigned long)row->value;
    }
    fail_msg("no escape %s", name);
    return 0;
}

int
host_escape(struct host *h, int fd, const char *escape, void *data, size_t bytes)
{
    const unsigned long request =
        _IOC(_IOC_READ | _IOC_WRITE, 'F', number_of(h, escape), bytes);

    return emu_kmod_ioctl(file_of(h, fd), request, data);
}

int
host_call(struct host *h, int fd, const char *escape, struct arg *a)
{
    return host_escape(h, fd, escape, a->data, a->layout->size);
}

int64_t
host_uvm(struct host *h, int fd, const char *name, struct arg *a)
{
    const int rc = emu_kmod_ioctl(h->file[fd], number_of(h, name), a ? a->data : NULL);

    return rc < 0 ? rc : a ? (int64_t)arg_get(a, "rmStatus") : 0;
}

/* RM */

uint32_t
rm_client(struct host *h, int ctl)
{
    struct arg a;

    arg_init(h, &a, "NVOS21_PARAMETERS");
    arg_set(&a, "hClass", 0x41);
    assert_int_equal(host_call(h, ctl, "NV_ESC_RM_ALLOC", &a), 0);
    assert_int_equal(arg_get(&a, "status"), 0);
    return (uint32_t)arg_get(&a, "hObjectNew");
}

uint32_t
rm_alloc(struct host *h, int fd, uint32_t client, uint32_t parent, uint32_t handle,
         uint32_t class_id, void *params, uint32_t bytes)
{
    struct arg a;

    arg_init(h, &a, "NVOS64_PARAMETERS");
    arg_set(&a, "hRoot", client);
    arg_set(&a, "hObjectParent", parent);
    arg_set(&a, "hObjectNew", handle);
    arg_set(&a, "hClass", class_id);
    arg_set(&a, "pAllocParms", (uintptr_t)params);
    arg_set(&a, "paramsSize", bytes);
    assert_int_equal(host_call(h, fd, "NV_ESC_RM_ALLOC", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

uint32_t
rm_free(struct host *h, int ctl, uint32_t client, uint32_t handle)
{
    struct arg a;

    arg_init(h, &a, "NVOS00_PARAMETERS");
    arg_set(&a, "hRoot", client);
    arg_set(&a, "hObjectOld", handle);
    assert_int_equal(host_call(h, ctl, "NV_ESC_RM_FREE", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

uint32_t
rm_control(struct host *h, int ctl, uint32_t client, uint32_t object, uint32_t cmd,
           void *params, uint32_t bytes)
{
    struct arg a;

    arg_init(h, &a, "NVOS54_PARAMETERS");
    arg_set(&a, "hClient", client);
    arg_set(&a, "hObject", object);
    arg_set(&a, "cmd", cmd);
    arg_set(&a, "params", (uintptr_t)params);
    arg_set(&a, "paramsSize", bytes);
    assert_int_equal(host_call(h, ctl, "NV_ESC_RM_CONTROL", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

uint32_t
rm_ctl(struct host *h, int ctl, uint32_t client, uint32_t object, const char *name,
       struct arg *a)
{
    const struct nvrm_control *row = nvrm_control_find(h->abi, name);

    if (!row)
        fail_msg("no control %s", name);
    return rm_control(h, ctl, client, object, row->id, a ? a->data : NULL,
                      a ? a->layout->size : 0);
}

uint32_t
rm_dup(struct host *h, int ctl, uint32_t client, uint32_t parent, uint32_t handle,
       uint32_t client_src, uint32_t object_src)
{
    struct arg a;

    arg_init(h, &a, "NVOS55_PARAMETERS");
    arg_set(&a, "hClient", client);
    arg_set(&a, "hParent", parent);
    arg_set(&a, "hObject", handle);
    arg_set(&a, "hClientSrc", client_src);
    arg_set(&a, "hObjectSrc", object_src);
    assert_int_equal(host_call(h, ctl, "NV_ESC_RM_DUP_OBJECT", &a), 0);
    return (uint32_t)arg_get(&a, "status");
}

uint32_t
rm_memory(struct host *h, int ctl, uint32_t client, uint32_t device, uint32_t handle,
          bool system, uint64_t bytes)
{
    struct arg a;

    arg_init(h, &a, "NV_MEMORY_ALLOCATION_PARAMS");
    arg_set(&a, "owner", client);
    arg_set(&a, "size", bytes);
    if (system)
        arg_set(&a, "attr", 1u << 25); /* NVOS32_ATTR_LOCATION_PCI */
    return rm_alloc(h, ctl, client, device, handle, system ? 0x3e : 0x40, a.data,
                    a.layout->size);
}

void *
rm_map(struct host *h, int ctl, uint32_t client, uint32_t device, uint32_t memory, int fd,
       uint64_t bytes, uint32_t *status_out)
{
    struct emu_kmod_map map;
    struct arg a;
    void *at;

    arg_init(h, &a, "nv_ioctl_nvos33_parameters_with_fd");
    arg_set(&a, "params.hClient", client);
    arg_set(&a, "params.hDevice", device);
    arg_set(&a, "params.hMemory", memory);
    arg_set(&a, "params.length", bytes);
    arg_set(&a, "fd", (uint64_t)(uint32_t)fd);
    assert_int_equal(host_call(h, ctl, "NV_ESC_RM_MAP_MEMORY", &a), 0);
    *status_out = (uint32_t)arg_get(&a, "params.status");
    if (*status_out)
        return NULL;
    assert_int_equal(emu_kmod_mmap(h->file[fd], bytes, 0, &map), 0);
    at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.at);
    assert_ptr_not_equal(at, MAP_FAILED);
    return at;
}

/* RM's number for a card that is up. */
static uint64_t
instance_of(struct host *h, struct tree *t, unsigned card)
{
    struct arg a;

    arg_init(h, &a, "NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS");
    arg_set(&a, "gpuId", 0x100 * (card + 1));
    assert_int_equal(
        rm_ctl(h, t->ctl, t->client, t->client, "NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2", &a), 0);
    return arg_get(&a, "deviceInstance");
}

void
tree_open(struct host *h, struct tree *t, unsigned card)
{
    struct arg a;

    t->ctl = host_node(h, EMU_NODE_CTL, 0);
    t->gpu = host_card(h, t->ctl, card);
    t->client = rm_client(h, t->ctl);
    t->device = 0x5c000001;
    t->subdevice = 0x5c000002;
    arg_init(h, &a, "NV0080_ALLOC_PARAMETERS");
    arg_set(&a, "deviceId", instance_of(h, t, card));
    assert_int_equal(
        rm_alloc(h, t->ctl, t->client, t->client, t->device, 0x80, a.data, a.layout->size), 0);
    arg_init(h, &a, "NV2080_ALLOC_PARAMETERS");
    assert_int_equal(
        rm_alloc(h, t->ctl, t->client, t->device, t->subdevice, 0x2080, a.data, a.layout->size),
        0);
}
