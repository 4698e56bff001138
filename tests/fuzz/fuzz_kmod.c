/* SPDX-License-Identifier: MIT */
/*
 * Hostile programs for the emulated kernel module: the input picks a release and a chip, then
 * is a list of ioctls, of the schema's escapes or of any number, with any bytes in their
 * structs. Handles lead to objects that are there often enough, pointers into memory of ours or
 * to nowhere; descriptors are opened, duplicated by name and closed between.
 */
#include <emu/kmod.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 8, STEPS = 64, STRUCT_MAX = 16384, ARENA = 1 << 16, POINTEES = 512 };

struct world {
    struct emu_kmod *kmod;
    struct nvrm_abi abi;
    struct emu_kfile *file[FILES];
    int fd[FILES];
    uint32_t client;
    uint8_t *arena; /* what pointers point to: pages of its own */
    const uint8_t *p;
    size_t left;
};

static uint32_t
take(struct world *w, unsigned bytes)
{
    uint32_t v = 0;

    if (bytes > w->left)
        bytes = (unsigned)w->left;
    if (bytes)
        memcpy(&v, w->p, bytes);
    w->p += bytes;
    w->left -= bytes;
    return v;
}

/* The host: descriptors are numbers of our own table. */

static struct emu_kfile *
file_of(void *ctx, int fd)
{
    const struct world *w = ctx;

    return fd >= 0 && fd < FILES ? w->file[fd] : NULL;
}

static int
replace(void *ctx, int fd, int with)
{
    const struct world *w = ctx;

    return dup3(with, w->fd[fd], O_CLOEXEC) < 0 ? -errno : 0;
}

static void
open_file(struct world *w, int slot, enum emu_node node)
{
    if (w->file[slot]) {
        emu_kmod_close(w->file[slot]);
        w->file[slot] = NULL;
    }
    if (emu_kmod_open(w->kmod, node, 0, &w->file[slot]) < 0)
        w->file[slot] = NULL;
}

/* Structs */

static const struct nvrm_const *
escape_named(const struct world *w, const char *name)
{
    for (unsigned i = 0; i < nvrm_escape_count(w->abi.schema); i++) {
        const struct nvrm_const *row = nvrm_escape_at(w->abi, i);

        if (row && !strcmp(nvrm_str(w->abi.schema, row->name), name))
            return row;
    }
    return NULL;
}

/* 1 device, 2 subdevice, 3 memory, 4 address space, 5 system memory: what set_up() makes. */
static uint32_t
some_handle(const struct world *w, uint32_t v)
{
    return v % 8 == 0 ? w->client : v % 8 == 7 ? v : v % 8;
}

static uint64_t
some_pointer(const struct world *w, uint32_t v)
{
    if (v % 8 == 7)
        return v & 1 ? 16 : 0;
    return (uintptr_t)w->arena + v % (ARENA - POINTEES);
}

/* Fields by type: whoever draws them is kept on the way, the rest is any bytes. */
static void
steer(struct world *w, const struct nvrm_layout *l, uint8_t *data, unsigned depth)
{
    const struct nvrm_schema *s = w->abi.schema;

    for (unsigned i = 0; i < l->fields && depth < 4; i++) {
        const struct nvrm_field *f = &nvrm_layout_fields(s, l)[i];
        uint32_t v;
        uint64_t p;

        memcpy(&v, data + f->offset, f->type == NVRM_U8 ? 1 : 4 > l->size ? l->size : 4);
        if (f->type == NVRM_HANDLE) {
            v = some_handle(w, v);
            memcpy(data + f->offset, &v, 4);
        } else if (f->type == NVRM_PTR) {
            p = some_pointer(w, v);
            memcpy(data + f->offset, &p, 8);
        } else if (f->type == NVRM_FD) {
            v %= FILES;
            memcpy(data + f->offset, &v, 4);
        } else if (f->type == NVRM_STRUCT && f->ref != NVRM_NONE && f->count) {
            steer(w, nvrm_layout_at(s, f->ref), data + f->offset, depth + 1);
        }
    }
}

static void
fill(struct world *w, uint8_t *data, size_t bytes)
{
    size_t n = take(w, 1);

    memset(data, 0, bytes);
    n = n < bytes ? n : bytes;
    n = n < w->left ? n : w->left;
    memcpy(data, w->p, n);
    w->p += n;
    w->left -= n;
}

/* What pointers lead to: parameters of any class or control, a struct's own now and then. */
static void
fill_arena(struct world *w)
{
    const unsigned row = take(w, 2);
    const struct nvrm_layout *l = nvrm_struct_at(w->abi, (uint16_t)row);

    fill(w, w->arena, POINTEES);
    if (l && l->size <= POINTEES)
        steer(w, l, w->arena, 0);
}

static void
call_escape(struct world *w, struct emu_kfile *f, uint8_t *data)
{
    const unsigned row = take(w, 1), cut = take(w, 1);
    const struct nvrm_const *escape =
        nvrm_escape_at(w->abi, row % nvrm_escape_count(w->abi.schema));
    const struct nvrm_layout *l = escape ? nvrm_struct_at(w->abi, escape->params) : NULL;
    const size_t bytes = l && l->size <= STRUCT_MAX ? l->size : cut;
    unsigned long request;

    if (!escape)
        return;
    fill(w, data, bytes);
    if (l)
        steer(w, l, data, 0);
    request = !strncmp(nvrm_str(w->abi.schema, escape->name), "UVM_", 4)
                  ? (unsigned long)escape->value
                  : _IOC(3u, 'F', escape->value, bytes - (cut == 255 && bytes > 4 ? 4 : 0));
    (void)emu_kmod_ioctl(f, request, data);
}

static void
call_control(struct world *w, struct emu_kfile *f, uint8_t *data)
{
    const struct nvrm_const *escape = escape_named(w, "NV_ESC_RM_CONTROL");
    const struct nvrm_control *c =
        nvrm_control_at(w->abi, take(w, 2) % nvrm_control_count(w->abi.schema));
    const struct nvrm_layout *l = c ? nvrm_struct_at(w->abi, c->params) : NULL;
    struct {
        uint32_t client, object, cmd, flags;
        uint64_t params;
        uint32_t bytes, status;
    } call = {.client = w->client, .object = some_handle(w, take(w, 1))};

    if (!c || !l || l->size > STRUCT_MAX)
        return;
    fill(w, data, l->size);
    steer(w, l, data, 0);
    call.cmd = c->id;
    call.params = (uintptr_t)data;
    call.bytes = l->size;
    (void)emu_kmod_ioctl(f, _IOC(3u, 'F', escape->value, sizeof(call)), &call);
}

static uint32_t
alloc(struct world *w, struct emu_kfile *f, uint32_t parent, uint32_t handle, uint32_t class_id,
      void *params, uint32_t bytes)
{
    struct {
        uint32_t root, parent, handle, class_id;
        uint64_t params;
        uint32_t bytes, status;
    } a = {w->client, parent, handle, class_id, (uintptr_t)params, bytes, 0};

    (void)emu_kmod_ioctl(f, _IOC(3u, 'F', 0x2b, sizeof(a)), &a);
    return a.handle;
}

static void
call_alloc(struct world *w, struct emu_kfile *f, uint8_t *data)
{
    const struct nvrm_class *cls =
        nvrm_class_at(w->abi, take(w, 2) % nvrm_class_count(w->abi.schema));
    const struct nvrm_layout *l = cls ? nvrm_struct_at(w->abi, cls->params) : NULL;
    const uint32_t parent = some_handle(w, take(w, 1)), handle = some_handle(w, take(w, 1));

    if (!cls || (l && l->size > STRUCT_MAX))
        return;
    if (l) {
        fill(w, data, l->size);
        steer(w, l, data, 0);
    }
    (void)alloc(w, f, parent, handle, cls->id, l ? data : NULL, l ? l->size : 0);
}

static void
set_up(struct world *w)
{
    static const enum emu_node nodes[] = {EMU_NODE_CTL, EMU_NODE_GPU, EMU_NODE_UVM,
                                          EMU_NODE_CTL, EMU_NODE_GPU};
    uint8_t params[256] = {0};
    int own = 0;

    for (int i = 0; i < FILES; i++)
        w->fd[i] = memfd_create("node", MFD_CLOEXEC);
    for (int i = 0; i < 5; i++)
        open_file(w, i, nodes[i]);
    (void)emu_kmod_ioctl(w->file[1], _IOC(3u, 'F', 201, 4), &own);
    w->client = alloc(w, w->file[0], 0, 0, 0x41, NULL, 0);
    (void)alloc(w, w->file[0], w->client, 1, 0x80, params, 0);
    (void)alloc(w, w->file[0], 1, 2, 0x2080, params, 0);
    memset(params + 64, 0, 8);
    params[64 + 2] = 1; /* size 64 KiB */
    (void)alloc(w, w->file[0], 1, 3, 0x40, params, 0);
    memset(params, 0, sizeof(params));
    (void)alloc(w, w->file[0], 1, 4, 0x90f1, params, 0);
    (void)emu_kmod_ioctl(w->file[2], 0x30000001, params);
}

static void
step(struct world *w, uint8_t *data)
{
    const unsigned what = take(w, 1), slot = take(w, 1) % FILES;
    struct emu_kfile *f = w->file[slot];

    if (what % 16 == 15) {
        open_file(w, (int)slot, (enum emu_node)(take(w, 1) % 5));
    } else if (what % 16 == 14) {
        fill_arena(w);
    } else if (f && what % 4 == 1) {
        call_control(w, w->file[0] ? w->file[0] : f, data);
    } else if (f && what % 4 == 2) {
        call_alloc(w, w->file[0] ? w->file[0] : f, data);
    } else if (f && what % 16 == 3) {
        fill(w, data, 64);
        (void)emu_kmod_ioctl(f, take(w, 4), data);
    } else if (f) {
        call_escape(w, f, data);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const releases[] = {"535.113.01", "570.144", "595.45.04"};
    static const char *const chips[] = {"TU102", "AD102", "GH100"};
    struct world w = {.p = data, .left = size};
    struct emu_kmod_config config = {.fb_bytes = UINT64_C(2) << 30};
    static uint8_t scratch[STRUCT_MAX] __attribute__((aligned(8)));

    w.abi.schema = nvrm_schema_builtin();
    w.abi.release = nvrm_release_find(w.abi.schema, releases[take(&w, 1) % 3]);
    config.abi = w.abi;
    config.chip = chips[take(&w, 1) % 3];
    config.root = take(&w, 1) & 1;
    config.host = (struct emu_kmod_host){&w, file_of, replace, NULL};
    w.arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (w.arena == MAP_FAILED)
        abort();
    if (emu_kmod_create(&config, &w.kmod, NULL, 0) < 0)
        abort();
    set_up(&w);
    for (int i = 0; i < STEPS && w.left; i++)
        step(&w, scratch);
    for (int i = 0; i < FILES; i++) {
        if (w.file[i])
            emu_kmod_close(w.file[i]);
        close(w.fd[i]);
    }
    emu_kmod_destroy(w.kmod);
    munmap(w.arena, ARENA);
    return 0;
}
