/* SPDX-License-Identifier: MIT */
/*
 * The backend over nvidia.ko against a small kernel module of our own: it knows the escapes by
 * the numbers and offsets of the vendor's headers (nv-ioctl.h, nvos.h of 570.144), not by the
 * schema.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <gsp/nvidia.h>

#include "test.h"

#define IOCTL(nr, bytes) (0xc0000000u | (unsigned)(bytes) << 16 | 'F' << 8 | (nr))

enum { CTL_FD = 10, GPU_FD = 20, MAX_LOG = 32 };

struct module {
    const char *release, *files; /* what the ioctl says, and /sys/module/nvidia/version */
    int open_rc;                 /* of every open */
    unsigned cards;
    uint32_t status; /* of the next RM calls */
    int ioctl_rc;
    int opens, closes, maps, unmaps, registered;
    unsigned long log[MAX_LOG];
    unsigned logged;
    uint8_t last[128];
    char memory[4096];
    int events;
};

static void
put32(uint8_t *at, uint32_t v)
{
    memcpy(at, &v, 4);
}

static uint32_t
get32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, 4);
    return v;
}

static int
mod_open(void *ctx, const char *path, int flags)
{
    struct module *m = ctx;

    assert_int_equal(flags, O_RDWR);
    if (m->open_rc < 0)
        return m->open_rc;
    m->opens++;
    return strcmp(path, "/dev/nvidiactl") ? GPU_FD + m->opens : CTL_FD + m->opens;
}

static int
mod_close(void *ctx, int fd)
{
    ((struct module *)ctx)->closes++;
    return fd < 0 ? -EBADF : 0;
}

static void
card_info(const struct module *m, uint8_t *rows)
{
    for (unsigned i = 0; i < m->cards; i++) {
        uint8_t *row = rows + (size_t)72 * i;

        row[0] = 1;
        row[8] = (uint8_t)(1 + i);         /* pci_info.bus */
        put32(row + 12, 0x10de);           /* vendor; device below */
        row[14] = 0x84, row[15] = 0x26;    /* 0x2684 */
        put32(row + 16, 0x100 * (1 + i));  /* gpu_id */
        put32(row + 24, 0xf0000000);       /* reg_address */
        put32(row + 32, 16 << 20);         /* reg_size */
        put32(row + 56, m->cards - 1 - i); /* minor_number */
    }
}

static int
mod_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
    struct module *m = ctx;
    uint8_t *p = arg;

    assert_true(m->logged < MAX_LOG);
    m->log[m->logged++] = request;
    memcpy(m->last, p, (request >> 16 & 0x3fff) < 128 ? request >> 16 & 0x3fff : 128);
    if (m->ioctl_rc < 0)
        return m->ioctl_rc;
    switch (request) {
    case IOCTL(210, 72):
        if (!m->release)
            return -EINVAL;
        assert_int_equal(get32(p), '2');
        put32(p + 4, 1);
        memset(p + 8, 0, 64);
        memcpy(p + 8, m->release, strlen(m->release));
        return 0;
    case IOCTL(200, 72 * 32):
        card_info(m, p);
        return 0;
    case IOCTL(201, 4):
        assert_true(get32(p) > CTL_FD && get32(p) < GPU_FD);
        assert_int_not_equal(fd, (int)get32(p));
        m->registered++;
        return 0;
    case IOCTL(206, 16):
        put32(p + 12, 0);
        return 0;
    case IOCTL(0x2b, 32):
        if (get32(p + 12) == 0x41)
            put32(p + 8, 0xc1d00007);
        put32(p + 28, m->status);
        return 0;
    case IOCTL(0x2a, 32):
        put32(p + 28, m->status);
        return 0;
    case IOCTL(0x29, 16):
        put32(p + 12, m->status);
        return 0;
    case IOCTL(0x34, 28):
        put32(p + 24, m->status);
        return 0;
    case IOCTL(0x4e, 56):
        put32(p + 32, 0x1000);
        put32(p + 40, m->status);
        return 0;
    case IOCTL(0x4f, 32):
        assert_int_equal(get32(p + 16), 0x1000);
        put32(p + 24, m->status);
        return 0;
    case IOCTL(0x57, 56): /* NVOS46 before 580 */
        put32(p + 40, 0x2000);
        put32(p + 48, m->status);
        return 0;
    case IOCTL(0x58, 48):
        assert_int_equal(get32(p + 24), 0x2000);
        put32(p + 40, m->status);
        return 0;
    case IOCTL(0x52, 16): {
        uint64_t to;

        memcpy(&to, p, 8);
        put32((uint8_t *)(uintptr_t)to, 0xcaf10009);
        put32((uint8_t *)(uintptr_t)to + 4, 21);
        put32(p + 12, m->events-- > 0 ? 0 : 0xffff);
        return 0;
    }
    default:
        fail_msg("ioctl 0x%lx", request);
        return -EINVAL;
    }
}

static int
mod_poll(void *ctx, int fd, int timeout_ms)
{
    (void)fd;
    (void)timeout_ms;
    return ((struct module *)ctx)->events > 0 ? 0 : -EAGAIN;
}

static void *
mod_map(void *ctx, int fd, size_t bytes, bool writable, int *rc_out)
{
    struct module *m = ctx;

    assert_true(fd > CTL_FD && bytes == sizeof(m->memory) && writable);
    m->maps++;
    *rc_out = 0;
    return m->memory;
}

static int
mod_unmap(void *ctx, void *at, size_t bytes)
{
    struct module *m = ctx;

    assert_ptr_equal(at, m->memory);
    assert_int_equal(bytes, sizeof(m->memory));
    m->unmaps++;
    return 0;
}

static ssize_t
mod_read(void *ctx, const char *path, char *text, size_t bytes)
{
    const struct module *m = ctx;

    if (!m->files || strcmp(path, "/proc/driver/nvidia/version"))
        return -ENOENT;
    snprintf(text, bytes, "%s", m->files);
    return (ssize_t)strlen(m->files);
}

static struct gsp_nvidia_os
os_of(struct module *m)
{
    return (struct gsp_nvidia_os){m,        mod_open, mod_close, mod_ioctl,
                                  mod_poll, mod_map,  mod_unmap, mod_read};
}

static int
open_module(struct module *m, const char *release, unsigned gpu, struct gsp_backend **b,
            struct gsp_error *err)
{
    static struct gsp_nvidia_os os;
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    const struct gsp_nvidia_config config = {
        .gpu = gpu,
        .abi = {schema, release ? nvrm_release_find(schema, release) : NVRM_NO_RELEASE},
        .os = &os,
    };

    os = os_of(m);
    return gsp_nvidia_open(&config, b, err);
}

static void
the_release_is_the_modules_and_cards_are_in_order_of_minor(void **state)
{
    struct module m = {.release = "570.144", .cards = 2};
    struct gsp_nvidia_card rows[GSP_NVIDIA_CARDS_MAX];
    struct gsp_nvidia_os os;
    struct gsp_backend *b;
    struct gsp_error err;
    unsigned count;

    (void)state;
    os = os_of(&m);
    assert_int_equal(gsp_nvidia_list(&os, rows, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].minor, 1);
    assert_int_equal(rows[1].gpu_id, 0x100);
    assert_int_equal(m.opens, 1); /* the control node: no card is started */
    assert_int_equal(m.closes, 1);
    assert_int_equal(open_module(&m, NULL, 1, &b, &err), 0);
    assert_string_equal(nvrm_release_name(b->abi.schema, b->abi.release), "570.144");
    assert_int_equal(gsp_nvidia_cards(b, &count)[0].minor, 0);
    assert_int_equal(count, 2);
    assert_int_equal(gsp_nvidia_card(b)->minor, 1);
    assert_int_equal(gsp_nvidia_card(b)->gpu_id, 0x100);
    assert_int_equal(gsp_nvidia_card(b)->vendor, 0x10de);
    assert_int_equal(gsp_nvidia_card(b)->device, 0x2684);
    assert_int_equal(m.registered, 1);
    b->ops->close(b);
    assert_int_equal(m.opens, m.closes);
}

static void
what_stands_in_the_way_is_named(void **state)
{
    static const struct {
        struct module m;
        const char *release;
        unsigned gpu;
        int rc;
        const char *text, *hint;
    } rows[] = {
        {{.open_rc = -ENOENT},                                                          NULL, 0, -ENODEV,  "not loaded",          "modprobe nvidia"},
        {{.open_rc = -ENOENT, .files = "NVRM version: NVIDIA UNIX x86_64  570.144  x"},
         NULL,                                                                                0,
         -ENODEV,
         "no such node",                                                                                                          "nvidia-modprobe"},
        {{.open_rc = -EACCES},                                                          NULL, 0, -EACCES,  "permission denied",   "/dev/nvidiactl" },
        {{.open_rc = -EIO},                                                             NULL, 0, -ENODEV,  "could not start",     "dmesg"          },
        {{.open_rc = -EMFILE},                                                          NULL, 0, -EMFILE,  "too many open files", "ulimit"         },
        {{.release = "571.33", .cards = 1},                                             NULL, 0, -ENOTSUP, "571.33",              "force"          },
        {{.release = "570.144", .cards = 1},
         "580.65.06",                                                                         0,
         -EINVAL,
         "the module is release 570.144, not 580.65.06",                                                                          "leave -F out"   },
        {{.release = "570.144", .cards = 1},                                            NULL, 3, -ENODEV,  "no card 3",           "nvidia:0"       },
        {{.release = "570.144"},                                                        NULL, 0, -ENODEV,  "drives 0",            "lspci"          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct module m = rows[i].m;
        struct gsp_backend *b = NULL;
        struct gsp_error err = {0};

        assert_int_equal(open_module(&m, rows[i].release, rows[i].gpu, &b, &err), rows[i].rc);
        assert_non_null(strstr(err.text, rows[i].text));
        assert_non_null(strstr(err.hint, rows[i].hint));
        assert_null(b);
        assert_int_equal(m.opens, m.closes);
    }
}

static void
calls_carry_their_handles_and_statuses_come_back_by_name(void **state)
{
    struct module m = {.release = "570.144", .cards = 1};
    uint32_t params = 7, root = 0;
    struct gsp_backend *b;
    struct gsp_error err;

    (void)state;
    assert_int_equal(open_module(&m, "570.144", 0, &b, &err), 0);
    assert_int_equal(b->ops->open_client(b, &root, &err), 0);
    assert_int_equal(root, 0xc1d00007);
    assert_int_equal(b->ops->alloc(b, root, root, 0xa, 0x80, &params, 4, &err), 0);
    assert_int_equal(get32(m.last), root);
    assert_int_equal(get32(m.last + 8), 0xa);
    assert_int_equal(get32(m.last + 12), 0x80);
    assert_int_equal(get32(m.last + 24), 4);
    m.status = 0x1f;
    assert_int_equal(b->ops->control(b, root, 0xa, 0x20800110, &params, 4, &err), -EREMOTEIO);
    assert_int_equal(get32(m.last + 8), 0x20800110);
    assert_int_equal(err.nv_status, 0x1f);
    assert_non_null(strstr(err.text, "NV_ERR_INVALID_ARGUMENT"));
    assert_non_null(strstr(err.text, "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"));
    m.status = 0xf;
    assert_int_equal(b->ops->dup(b, root, 0xa, 0xb, root, 0xc, 0, &err), -ENODEV);
    assert_int_equal(err.origin, GSP_ORIGIN_LOST);
    assert_int_equal(get32(m.last + 16), 0xc);
    m.status = 0;
    assert_int_equal(b->ops->free(b, root, root, 0xa, &err), 0);
    m.ioctl_rc = -EIO;
    assert_int_equal(b->ops->free(b, root, root, 0xa, &err), -EIO);
    assert_int_equal(err.origin, GSP_ORIGIN_LOST);
    b->ops->close(b);
    assert_int_equal(m.opens, m.closes);
}

static void
mappings_end_with_unmap_with_their_object_or_with_the_backend(void **state)
{
    struct module m = {.release = "570.144", .cards = 1};
    const struct gsp_map map = {1, 2, 3, 0, 4096, 0, false};
    struct gsp_map_dma dma = {1, 2, 3, 4, 0, 4096, 0, 0};
    struct gsp_backend *b;
    struct gsp_error err;
    void *at;

    (void)state;
    assert_int_equal(open_module(&m, NULL, 0, &b, &err), 0);
    assert_int_equal(b->ops->map(b, &map, &at, &err), 0);
    assert_int_equal(m.opens - m.closes, 2);
    assert_int_equal(b->ops->unmap(b, at, &err), 0);
    assert_int_equal(b->ops->unmap(b, at, &err), -EINVAL);
    assert_int_equal(b->ops->map(b, &map, &at, &err), 0);
    assert_int_equal(b->ops->free(b, 1, 2, 3, &err), 0);
    assert_int_equal(m.unmaps, 2);
    m.status = 0x1f;
    assert_int_equal(b->ops->map(b, &map, &at, &err), -EREMOTEIO);
    assert_int_equal(m.maps, 2);
    m.status = 0;
    assert_int_equal(b->ops->map(b, &map, &at, &err), 0);
    assert_int_equal(b->ops->map_dma(b, &dma, &err), 0);
    assert_int_equal(dma.gpu_va, 0x2000);
    assert_int_equal(b->ops->unmap_dma(b, &dma, &err), 0);
    b->ops->close(b);
    assert_int_equal(m.unmaps, 3);
    assert_int_equal(m.opens, m.closes);
}

static void
events_come_as_post_event(void **state)
{
    struct module m = {.release = "570.144", .cards = 1};
    uint8_t params[24] = {0};
    struct gsp_backend *b;
    struct gsp_event e;
    struct gsp_error err;

    (void)state;
    put32(params + 8, 0x7e);
    put32(params + 12, 0x04000015);
    assert_int_equal(open_module(&m, NULL, 0, &b, &err), 0);
    assert_int_equal(b->ops->event_next(b, &e, 0, &err), -EAGAIN);
    assert_int_equal(b->ops->alloc(b, 1, 2, 0xcaf10009, 0x7e, params, 24, &err), 0);
    assert_int_equal(get32(m.last + 12), 0x79);
    assert_int_equal(b->ops->event_next(b, &e, 0, &err), -EAGAIN);
    m.events = 1;
    assert_int_equal(b->ops->event_next(b, &e, 1000000, &err), 0);
    assert_int_equal(e.function, 0x1003);
    assert_int_equal(get32((const uint8_t *)e.payload + 4), 0xcaf10009);
    assert_int_equal(get32((const uint8_t *)e.payload + 8), 21);
    assert_int_equal(b->ops->alloc(b, 1, 2, 4, 0x7e, params, 8, &err), -EINVAL);
    b->ops->close(b);
    assert_int_equal(m.opens, m.closes);
}

static void
the_release_is_known_without_the_right_to_open_the_node(void **state)
{
    struct module m = {
        .open_rc = -EACCES,
        .files = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.144  Release"};
    const struct gsp_nvidia_os os = os_of(&m);
    struct gsp_error err;
    char text[32];

    (void)state;
    assert_int_equal(gsp_nvidia_release(&os, text, sizeof(text), &err), 0);
    assert_string_equal(text, "570.144");
    m.files = NULL;
    assert_int_equal(gsp_nvidia_release(&os, text, sizeof(text), &err), -EACCES);
    m.open_rc = 0;
    assert_int_equal(gsp_nvidia_release(&os, text, sizeof(text), &err), -ENODEV);
}

static void *
fail_at(void *ctx, void *old, size_t bytes)
{
    int *left = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    return (*left)-- > 0 ? realloc(old, bytes) : NULL;
}

static void
out_of_memory_leaves_nothing_open(void **state)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();

    (void)state;
    for (int at = 0; at < 3; at++) {
        struct module m = {.release = "570.144", .cards = 1};
        const struct gsp_map map = {1, 2, 3, 0, 4096, 0, false};
        const struct gsp_nvidia_os os = os_of(&m);
        int left = at;
        const struct gsp_host host = {.ctx = &left, .realloc = fail_at};
        const struct gsp_nvidia_config config = {
            .abi = {schema, NVRM_NO_RELEASE},
              .os = &os, .host = &host
        };
        struct gsp_backend *b = NULL;
        struct gsp_error err;
        void *to;
        int rc = gsp_nvidia_open(&config, &b, &err);

        if (rc == 0) {
            rc = b->ops->map(b, &map, &to, &err);
            b->ops->close(b);
        }
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(m.opens, m.closes);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_release_is_the_modules_and_cards_are_in_order_of_minor),
        cmocka_unit_test(what_stands_in_the_way_is_named),
        cmocka_unit_test(calls_carry_their_handles_and_statuses_come_back_by_name),
        cmocka_unit_test(mappings_end_with_unmap_with_their_object_or_with_the_backend),
        cmocka_unit_test(events_come_as_post_event),
        cmocka_unit_test(the_release_is_known_without_the_right_to_open_the_node),
        cmocka_unit_test(out_of_memory_leaves_nothing_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
