/* SPDX-License-Identifier: MIT */
/*
 * A program's life on the emulated kernel module while one allocation fails, each in its turn:
 * calls are refused, nothing is lost and nothing crashes. The linker gives this program its own
 * malloc(), see CMakeLists.txt.
 */
#include <emu/kmod.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static long left; /* allocations until the one that fails; negative: none fails */

static bool
fails(void)
{
    return left >= 0 && left-- == 0;
}

void *
__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *
__wrap_calloc(size_t n, size_t bytes)
{
    return fails() ? NULL : __real_calloc(n, bytes);
}

void *
__wrap_realloc(void *old, size_t bytes)
{
    return bytes && fails() ? NULL : __real_realloc(old, bytes);
}

/* The layouts of 570.144, spelled out. */
struct alloc {
    uint32_t root, parent, handle, class_id;
    uint64_t params;
    uint32_t bytes, status;
};
struct control {
    uint32_t client, object, cmd, flags;
    uint64_t params;
    uint32_t bytes, status;
};
struct dup_object {
    uint32_t client, parent, handle, client_src, object_src, flags, status;
};
struct map {
    uint32_t client, device, memory, pad;
    uint64_t offset, length, linear;
    uint32_t status, flags;
    int32_t fd, pad2;
};
struct os_event {
    uint32_t client, device, fd, status;
};

struct life {
    struct emu_kmod *kmod;
    struct emu_kfile *file[4];
    int fd[4];
    unsigned refused;
};

static struct emu_kfile *
file_of(void *ctx, int fd)
{
    const struct life *l = ctx;

    return fd >= 0 && fd < 4 ? l->file[fd] : NULL;
}

static int
replace(void *ctx, int fd, int with)
{
    const struct life *l = ctx;

    return dup3(with, l->fd[fd], O_CLOEXEC) < 0 ? -errno : 0;
}

/* Refused is fine; the errno of it is -ENOMEM, never another. */
static void
call(struct life *l, int file, unsigned long request, void *arg, const uint32_t *status)
{
    const int rc = l->file[file] ? emu_kmod_ioctl(l->file[file], request, arg) : -EBADF;

    if (l->file[file] && rc < 0 && rc != -ENOMEM)
        fail_msg("ioctl 0x%lx: %s", request, strerror(-rc));
    l->refused += rc < 0 || *status;
}

static uint32_t
make(struct life *l, uint32_t client, uint32_t parent, uint32_t handle, uint32_t class_id,
     void *params)
{
    struct alloc a = {client, parent, handle, class_id, (uintptr_t)params, 0, 0};

    call(l, 0, _IOWR('F', 0x2b, struct alloc), &a, &a.status);
    return a.handle;
}

static void
use_objects(struct life *l, uint32_t client)
{
    uint64_t memory[16] = {[8] = 65536}, event[3] = {0};
    uint32_t ids[64];
    struct control c = {client, client, 0x214, 0, (uintptr_t)ids, sizeof(ids), 0};
    struct dup_object d = {client, 1, 5, client, 3, 0, 0};
    struct map m = {.client = client, .device = 1, .memory = 3, .length = 4096, .fd = 1};
    struct os_event e = {client, 0, 2, 0};

    make(l, client, 1, 3, 0x40, memory);
    make(l, client, 1, 4, 0x90f1, (uint64_t[16]){0});
    call(l, 0, _IOWR('F', 0x2a, struct control), &c, &c.status);
    call(l, 0, _IOWR('F', 0x34, struct dup_object), &d, &d.status);
    call(l, 0, _IOWR('F', 0x4e, struct map), &m, &m.status);
    call(l, 2, _IOWR('F', 206, struct os_event), &e, &e.status);
    event[0] = client | UINT64_C(2) << 32;
    event[1] = 0x79;
    event[2] = 2;
    make(l, client, 2, 6, 0x79, event);
}

static void
live(struct life *l)
{
    static const enum emu_node nodes[] = {EMU_NODE_CTL, EMU_NODE_GPU, EMU_NODE_GPU,
                                          EMU_NODE_UVM};
    uint64_t params[16] = {0};
    int ctl = 0;
    const uint32_t ok = 0;
    uint32_t client;

    for (int i = 0; i < 4; i++)
        if (emu_kmod_open(l->kmod, nodes[i], 0, &l->file[i]) < 0) {
            l->file[i] = NULL;
            l->refused++;
        }
    if (l->file[0])
        call(l, 1, _IOWR('F', 201, int), &ctl, &ok);
    call(l, 3, 0x30000001, params, &ok);
    client = make(l, 0, 0, 0, 0x41, NULL);
    make(l, client, client, 1, 0x80, params);
    make(l, client, 1, 2, 0x2080, params);
    use_objects(l, client);
    for (int i = 0; i < 4; i++)
        if (l->file[i])
            emu_kmod_close(l->file[i]);
}

/* True when the failing one was not reached. */
static bool
live_once(long nth, unsigned *refused_out)
{
    struct life l = {0};
    struct emu_kmod_config config = {.fb_bytes = UINT64_C(2) << 30};
    int rc;

    config.abi.schema = nvrm_schema_builtin();
    config.abi.release = nvrm_release_find(config.abi.schema, "570.144");
    config.host = (struct emu_kmod_host){&l, file_of, replace, NULL};
    for (int i = 0; i < 4; i++)
        l.fd[i] = memfd_create("node", MFD_CLOEXEC);
    left = nth;
    rc = emu_kmod_create(&config, &l.kmod, NULL, 0);
    assert_true(rc == 0 || rc == -ENOMEM);
    if (rc == 0) {
        live(&l);
        emu_kmod_destroy(l.kmod);
    }
    for (int i = 0; i < 4; i++)
        close(l.fd[i]);
    *refused_out = l.refused + (rc < 0);
    rc = left >= 0;
    left = -1;
    return rc;
}

static void
every_allocation_may_fail(void **state)
{
    unsigned refused, runs = 0;

    (void)state;
    assert_true(live_once(1000000, &refused));
    assert_int_equal(refused, 0);
    while (!live_once(runs, &refused)) {
        if (refused == 0)
            fail_msg("allocation %u failed and nobody said so", runs);
        runs++;
    }
    assert_in_range(runs, 50, 1000000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };

    left = -1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
