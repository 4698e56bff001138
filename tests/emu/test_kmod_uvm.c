/* SPDX-License-Identifier: MIT */
/*
 * /dev/nvidia-uvm and address spaces of the emulated kernel module: what is registered, which
 * ranges may be mapped, and where the card's own page walk then leads.
 */
#include <emu/walk.h>
#include <errno.h>
#include <sys/mman.h>

#include "kmod_host.h"
#include "kmod_priv.h"
#include "object.h"
#include "test.h"

enum {
    NO_MAPPING = 0,
    SPARSE = 1,
    ILLEGAL = 0x16,
    BAD_ADDRESS = 0x1e,
    BAD_ARGUMENT = 0x1f,
    BAD_CLIENT = 0x23,
    BAD_DEVICE = 0x26,
    IN_USE = 0x68,
    MEMORY = 0x5c000010,
    VAS = 0x5c000020,
    PAGE = 4096,
    MB = 1 << 20,
};
#define BASE UINT64_C(0x200000000)

struct uvm {
    struct host h;
    struct tree t;
    int fd;
    uint8_t uuid[16];
};

static uint32_t
call(struct uvm *u, const char *name, struct arg *a)
{
    return (uint32_t)host_uvm(&u->h, u->fd, name, a);
}

static void
with_uuid(struct uvm *u, struct arg *a, const char *layout, const char *field)
{
    arg_init(&u->h, a, layout);
    memcpy(arg_at(a, field), u->uuid, sizeof(u->uuid));
}

static void
uvm_open(struct uvm *u, const char *release, const char *chip)
{
    struct arg a;

    host_open(&u->h, release, chip, 1, false);
    tree_open(&u->h, &u->t, 0);
    u->fd = host_node(&u->h, EMU_NODE_UVM, 0);
    arg_init(&u->h, &a, "UVM_INITIALIZE_PARAMS");
    assert_int_equal(call(u, "UVM_INITIALIZE", &a), 0);
    arg_init(&u->h, &a, "NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS");
    arg_set(&a, "gpuId", 0x100);
    arg_set(&a, "flags", 2);
    assert_int_equal(rm_ctl(&u->h, u->t.ctl, u->t.client, u->t.client,
                            "NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID", &a),
                     0);
    memcpy(u->uuid, arg_at(&a, "gpuUuid"), sizeof(u->uuid));
}

static uint32_t
register_vaspace(struct uvm *u, uint32_t client, uint32_t vas)
{
    struct arg a;

    with_uuid(u, &a, "UVM_REGISTER_GPU_VASPACE_PARAMS", "gpuUuid");
    arg_set(&a, "rmCtrlFd", (uint64_t)u->t.ctl);
    arg_set(&a, "hClient", client);
    arg_set(&a, "hVaSpace", vas);
    return call(u, "UVM_REGISTER_GPU_VASPACE", &a);
}

/* Everything up to a registered address space and 8 MiB of memory. */
static void
uvm_ready(struct uvm *u, const char *release, const char *chip)
{
    struct arg a;

    uvm_open(u, release, chip);
    arg_init(&u->h, &a, "NV_VASPACE_ALLOCATION_PARAMETERS");
    assert_int_equal(rm_alloc(&u->h, u->t.ctl, u->t.client, u->t.device, VAS, 0x90f1, a.data,
                              a.layout->size),
                     0);
    assert_int_equal(
        rm_memory(&u->h, u->t.ctl, u->t.client, u->t.device, MEMORY, false, 8 * MB), 0);
    with_uuid(u, &a, "UVM_REGISTER_GPU_PARAMS", "gpu_uuid");
    assert_int_equal(call(u, "UVM_REGISTER_GPU", &a), 0);
    assert_int_equal(register_vaspace(u, u->t.client, VAS), 0);
}

static uint32_t
create(struct uvm *u, uint64_t base, uint64_t bytes)
{
    struct arg a;

    arg_init(&u->h, &a, "UVM_CREATE_EXTERNAL_RANGE_PARAMS");
    arg_set(&a, "base", base);
    arg_set(&a, "length", bytes);
    return call(u, "UVM_CREATE_EXTERNAL_RANGE", &a);
}

static uint32_t
map(struct uvm *u, uint64_t base, uint64_t bytes, uint64_t offset, unsigned type)
{
    struct arg a;

    with_uuid(u, &a, "UVM_MAP_EXTERNAL_ALLOCATION_PARAMS", "perGpuAttributes[0].gpuUuid");
    arg_set(&a, "base", base);
    arg_set(&a, "length", bytes);
    arg_set(&a, "offset", offset);
    arg_set(&a, "perGpuAttributes[0].gpuMappingType", type);
    arg_set(&a, "gpuAttributesCount", 1);
    arg_set(&a, "rmCtrlFd", (uint64_t)u->t.ctl);
    arg_set(&a, "hClient", u->t.client);
    arg_set(&a, "hMemory", MEMORY);
    return call(u, "UVM_MAP_EXTERNAL_ALLOCATION", &a);
}

static uint32_t
on_range(struct uvm *u, const char *name, const char *layout, uint64_t base, uint64_t bytes)
{
    struct arg a;

    with_uuid(u, &a, layout, "gpuUuid");
    arg_set(&a, "base", base);
    arg_set(&a, "length", bytes);
    return call(u, name, &a);
}

/* Where the card's walk ends: an offset into the memory object + 16, SPARSE or NO_MAPPING. */
static uint64_t
walk(struct uvm *u, uint64_t va, uint64_t *page_out)
{
    struct emu_gpu *gpu = u->h.kmod->card[0].gpu;
    const struct emu_object *vas = emu_object_find(gpu, u->t.client, VAS);
    struct kmod_client *client = kmod_client_any(u->h.kmod, u->t.client);
    const struct kmod_object *o = kmod_object(client, MEMORY);
    struct emu_walk w;

    if (!emu_gpu_walk(gpu, false, vas->u.vaspace.tables.pdb, va, &w))
        return w.sparse ? SPARSE : NO_MAPPING;
    if (page_out)
        *page_out = w.page_bytes;
    return w.sparse ? SPARSE : w.addr - o->u.memory->addr + 16;
}

/* A program's mmap() of the node, without the mapping itself. */
static int
ask_for(struct host *h, int fd, uint64_t at, uint64_t bytes, uint64_t offset, bool plain)
{
    const struct emu_kmod_uvm_request q = {at, bytes, offset, plain};
    struct emu_kmod_map map;
    int memory;

    return emu_kmod_uvm_mmap(h->file[fd], &q, &map, &memory);
}

/* With the mapping, wherever there is room for it. */
static uint8_t *
map_managed(struct uvm *u, uint64_t bytes)
{
    uint8_t *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct emu_kmod_uvm_request q = {(uintptr_t)at, bytes, (uintptr_t)at, true};
    struct emu_kmod_map map;
    int fd;

    assert_int_equal(emu_kmod_uvm_mmap(u->h.file[u->fd], &q, &map, &fd), 0);
    assert_ptr_equal(
        mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)map.at), at);
    return at;
}

/* The byte that the card reaches at an address; NULL: none. */
static const uint8_t *
reached(struct uvm *u, const uint8_t *va)
{
    struct emu_gpu *gpu = u->h.kmod->card[0].gpu;
    const struct emu_object *vas = emu_object_find(gpu, u->t.client, VAS);
    struct emu_walk w;

    if (!emu_gpu_walk(gpu, false, vas->u.vaspace.tables.pdb, (uintptr_t)va, &w))
        return NULL;
    return kmod_bus_lookup(u->h.kmod, w.addr, 1);
}

static void
a_descriptor_does_nothing_before_it_is_initialised(void **state)
{
    struct host h;
    struct arg a;
    int fd, other;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    fd = host_node(&h, EMU_NODE_UVM, 0);
    other = host_node(&h, EMU_NODE_UVM, 0);
    arg_init(&h, &a, "UVM_CREATE_EXTERNAL_RANGE_PARAMS");
    assert_int_equal(host_uvm(&h, fd, "UVM_CREATE_EXTERNAL_RANGE", &a), ILLEGAL);
    assert_int_equal(ask_for(&h, fd, PAGE, PAGE, PAGE, true), -EBADFD);
    arg_init(&h, &a, "UVM_MM_INITIALIZE_PARAMS");
    arg_set(&a, "uvmFd", (uint64_t)fd);
    assert_int_equal(host_uvm(&h, other, "UVM_MM_INITIALIZE", &a), BAD_ARGUMENT);
    arg_init(&h, &a, "UVM_INITIALIZE_PARAMS");
    assert_int_equal(host_uvm(&h, fd, "UVM_INITIALIZE", &a), 0);
    assert_int_equal(host_uvm(&h, fd, "UVM_INITIALIZE", &a), 0); /* says the same */
    arg_set(&a, "flags", 1);
    assert_int_equal(host_uvm(&h, fd, "UVM_INITIALIZE", &a), BAD_ARGUMENT);
    arg_init(&h, &a, "UVM_MM_INITIALIZE_PARAMS");
    arg_set(&a, "uvmFd", (uint64_t)fd);
    assert_int_equal(host_uvm(&h, other, "UVM_MM_INITIALIZE", &a), 0);
    assert_int_equal(ask_for(&h, fd, PAGE, PAGE, PAGE, true), 0);
    assert_int_equal(ask_for(&h, fd, PAGE, PAGE, PAGE, true), -EINVAL); /* there is one */
    assert_int_equal(ask_for(&h, fd, 2 * PAGE, PAGE, 0, true), -EINVAL);
    assert_int_equal(ask_for(&h, fd, 2 * PAGE, PAGE, 2 * PAGE, false), -EINVAL);
    assert_int_equal(ask_for(&h, host_node(&h, EMU_NODE_CTL, 0), PAGE, PAGE, PAGE, true),
                     -ENODEV);
    host_close(&h);
}

static void
numbers_and_addresses_are_checked(void **state)
{
    struct host h;
    int fd;

    (void)state;
    host_open(&h, "570.144", NULL, 1, false);
    fd = host_node(&h, EMU_NODE_UVM, 0);
    assert_int_equal(emu_kmod_ioctl(h.file[fd], 9999, NULL), -EINVAL);
    assert_int_equal(emu_kmod_ioctl(h.file[fd], 0x30000001, (void *)16), -EFAULT);
    assert_int_equal(host_uvm(&h, fd, "UVM_DEINITIALIZE", NULL), 0);
    host_close(&h);
}

static void
address_spaces_are_registered_once_and_by_their_owner(void **state)
{
    struct uvm u;
    struct arg a;

    (void)state;
    uvm_open(&u, "570.144", NULL);
    assert_int_equal(register_vaspace(&u, u.t.client, VAS), BAD_DEVICE); /* no GPU yet */
    host_close(&u.h);
    uvm_ready(&u, "570.144", NULL);
    assert_int_equal(register_vaspace(&u, u.t.client, VAS), BAD_DEVICE);
    assert_int_equal(register_vaspace(&u, 0x1234, VAS), BAD_CLIENT);
    with_uuid(&u, &a, "UVM_UNREGISTER_GPU_VASPACE_PARAMS", "gpuUuid");
    assert_int_equal(call(&u, "UVM_UNREGISTER_GPU_VASPACE", &a), 0);
    assert_int_equal(call(&u, "UVM_UNREGISTER_GPU_VASPACE", &a), BAD_DEVICE);
    u.uuid[3] ^= 1;
    with_uuid(&u, &a, "UVM_REGISTER_GPU_PARAMS", "gpu_uuid");
    assert_int_equal(call(&u, "UVM_REGISTER_GPU", &a), 0x12 /* GPU_UUID_NOT_FOUND */);
    host_close(&u.h);
}

static void
ranges_do_not_overlap_and_are_freed_by_their_base(void **state)
{
    struct uvm u;
    struct arg a;

    (void)state;
    uvm_ready(&u, "570.144", NULL);
    assert_int_equal(create(&u, BASE + 1, PAGE), BAD_ADDRESS);
    assert_int_equal(create(&u, BASE, 0), BAD_ADDRESS);
    assert_int_equal(create(&u, UINT64_MAX - PAGE + 1, 2 * PAGE), BAD_ADDRESS);
    assert_int_equal(create(&u, BASE, 8 * MB), 0);
    assert_int_equal(create(&u, BASE + MB, PAGE), IN_USE);
    arg_init(&u.h, &a, "UVM_VALIDATE_VA_RANGE_PARAMS");
    arg_set(&a, "base", BASE);
    arg_set(&a, "length", 8 * MB);
    assert_int_equal(call(&u, "UVM_VALIDATE_VA_RANGE", &a), 0);
    arg_set(&a, "length", MB);
    assert_int_equal(call(&u, "UVM_VALIDATE_VA_RANGE", &a), BAD_ADDRESS);
    arg_init(&u.h, &a, "UVM_FREE_PARAMS");
    arg_set(&a, "base", BASE + PAGE);
    arg_set(&a, "length", PAGE);
    assert_int_equal(call(&u, "UVM_FREE", &a), BAD_ADDRESS);
    arg_set(&a, "base", BASE);
    assert_int_equal(call(&u, "UVM_FREE", &a), BAD_ADDRESS); /* not in part */
    arg_set(&a, "length", 8 * MB);
    assert_int_equal(call(&u, "UVM_FREE", &a), 0);
    assert_int_equal(call(&u, "UVM_FREE", &a), BAD_ADDRESS);
    host_close(&u.h);
}

/* Both formats of page tables, and the releases whose attribute arrays differ. */
static const struct {
    const char *release, *chip;
} cards[] = {
    {"535.113.01", "TU102"},
    {"570.144",    "AD102"},
    {"580.65.06",  "GH100"},
    {"595.45.04",  "GB202"},
};
#define CARDS (sizeof(cards) / sizeof(*cards))

static void
what_is_mapped_is_where_the_card_finds_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < CARDS; i++) {
        struct uvm u;
        uint64_t page = 0;

        uvm_ready(&u, cards[i].release, cards[i].chip);
        assert_int_equal(map(&u, BASE, 8 * MB, 0, 1), BAD_ADDRESS); /* no range yet */
        assert_int_equal(create(&u, BASE, 8 * MB), 0);
        assert_int_equal(map(&u, BASE, 16 * MB, 0, 1), BAD_ADDRESS);
        assert_int_equal(map(&u, BASE, 8 * MB, PAGE, 1), BAD_ARGUMENT);
        assert_int_equal(map(&u, BASE, 8 * MB, 0, 1), 0);
        assert_int_equal(walk(&u, BASE + 5 * MB + 123, &page), 5 * MB + 123 + 16);
        assert_int_equal(page, 2 * MB);
        host_close(&u.h);
    }
}

static void
a_part_of_a_large_page_goes_and_the_rest_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < CARDS; i++) {
        struct uvm u;
        uint64_t page = 0;

        uvm_ready(&u, cards[i].release, cards[i].chip);
        assert_int_equal(create(&u, BASE, 8 * MB), 0);
        assert_int_equal(map(&u, BASE, 8 * MB, 0, 1), 0);
        assert_int_equal(on_range(&u, "UVM_UNMAP_EXTERNAL", "UVM_UNMAP_EXTERNAL_PARAMS",
                                  BASE + 3 * MB, 16 * PAGE),
                         0);
        assert_int_equal(walk(&u, BASE + 3 * MB, NULL), NO_MAPPING);
        assert_int_equal(walk(&u, BASE + 3 * MB + 15 * PAGE, NULL), NO_MAPPING);
        assert_int_equal(walk(&u, BASE + 3 * MB - 1, &page), 3 * MB - 1 + 16);
        assert_int_equal(page, 16 * PAGE);
        assert_int_equal(walk(&u, BASE + 3 * MB + 16 * PAGE, NULL), 3 * MB + 16 * PAGE + 16);
        assert_int_equal(walk(&u, BASE + 4 * MB, &page), 4 * MB + 16);
        assert_int_equal(page, 2 * MB);
        /* Another place of the memory instead. */
        assert_int_equal(map(&u, BASE + 3 * MB, 4 * PAGE, 7 * MB, 1), 0);
        assert_int_equal(walk(&u, BASE + 3 * MB + PAGE, NULL), 7 * MB + PAGE + 16);
        assert_int_equal(walk(&u, BASE + 3 * MB + 4 * PAGE, NULL), NO_MAPPING);
        host_close(&u.h);
    }
}

static void
pages_are_as_large_as_all_of_a_mapping_is_aligned_to(void **state)
{
    static const struct {
        uint64_t base, bytes, offset, page;
    } rows[] = {
        {0,         4 * MB,             0,         2 * MB  },
        {0,         4 * MB,             64 * PAGE, 64 << 10},
        {16 * PAGE, 4 * MB,             0,         64 << 10},
        {0,         2 * MB + 48 * PAGE, 0,         64 << 10},
        {0,         2 * MB + 8 * PAGE,  0,         PAGE    },
        {8 * PAGE,  2 * MB,             0,         PAGE    },
    };

    (void)state;
    for (size_t i = 0; i < CARDS * (sizeof(rows) / sizeof(*rows)); i++) {
        const size_t row = i / CARDS;
        const uint64_t base = BASE + rows[row].base;
        struct uvm u;
        uint64_t page = 0;

        uvm_ready(&u, cards[i % CARDS].release, cards[i % CARDS].chip);
        assert_int_equal(create(&u, BASE, 8 * MB), 0);
        assert_int_equal(map(&u, base, rows[row].bytes, rows[row].offset, 1), 0);
        for (uint64_t at = 0; at < rows[row].bytes; at += 8 * PAGE) {
            assert_int_equal(walk(&u, base + at + 5, &page), rows[row].offset + at + 5 + 16);
            assert_int_equal(page, rows[row].page);
        }
        assert_int_equal(walk(&u, base + rows[row].bytes, NULL), NO_MAPPING);
        host_close(&u.h);
    }
}

static void
sparse_parts_lead_nowhere_without_a_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < CARDS; i++) {
        struct uvm u;

        uvm_ready(&u, cards[i].release, cards[i].chip);
        assert_int_equal(create(&u, BASE, 8 * MB), 0);
        assert_int_equal(on_range(&u, "UVM_MAP_EXTERNAL_SPARSE",
                                  "UVM_MAP_EXTERNAL_SPARSE_PARAMS", BASE, 16 * MB),
                         BAD_ADDRESS);
        assert_int_equal(on_range(&u, "UVM_MAP_EXTERNAL_SPARSE",
                                  "UVM_MAP_EXTERNAL_SPARSE_PARAMS", BASE, 8 * MB),
                         0);
        assert_int_equal(walk(&u, BASE + 5 * MB, NULL), SPARSE);
        assert_int_equal(map(&u, BASE + MB, 16 * PAGE, 0, 1), 0);
        assert_int_equal(walk(&u, BASE + MB, NULL), 16);
        assert_int_equal(walk(&u, BASE + MB - PAGE, NULL), SPARSE);
        assert_int_equal(walk(&u, BASE + MB + 16 * PAGE, NULL), SPARSE);
        host_close(&u.h);
    }
}

/* The whole of an address space, with little in it. */
static void
taking_away_everything_takes_no_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < CARDS; i++) {
        const uint64_t all = UINT64_C(1) << (i < 2 ? 48 : 56);
        struct uvm u;

        uvm_ready(&u, cards[i].release, cards[i].chip);
        assert_int_equal(create(&u, BASE, all), 0);
        assert_int_equal(map(&u, BASE, 8 * MB, 0, 1), 0);
        assert_int_equal(on_range(&u, "UVM_MAP_EXTERNAL_SPARSE",
                                  "UVM_MAP_EXTERNAL_SPARSE_PARAMS", BASE, all),
                         0x51 /* NO_MEMORY */);
        assert_int_equal(walk(&u, BASE, NULL), 16);
        assert_int_equal(
            on_range(&u, "UVM_UNMAP_EXTERNAL", "UVM_UNMAP_EXTERNAL_PARAMS", BASE, all), 0);
        assert_int_equal(walk(&u, BASE, NULL), NO_MAPPING);
        host_close(&u.h);
    }
}

/* Memory of a range that was cut lives until its last piece is gone. */
static void
pieces_of_a_mapping_keep_its_memory(void **state)
{
    struct uvm u;
    struct arg a;
    uint64_t before;

    (void)state;
    uvm_ready(&u, "570.144", NULL);
    before = kmod_vram_used(&u.h.kmod->card[0]);
    assert_int_equal(create(&u, BASE, 8 * MB), 0);
    assert_int_equal(map(&u, BASE, 8 * MB, 0, 1), 0);
    assert_int_equal(
        on_range(&u, "UVM_UNMAP_EXTERNAL", "UVM_UNMAP_EXTERNAL_PARAMS", BASE + MB, 6 * MB), 0);
    assert_int_equal(rm_free(&u.h, u.t.ctl, u.t.client, MEMORY), 0);
    assert_true(kmod_vram_used(&u.h.kmod->card[0]) >= before);
    arg_init(&u.h, &a, "UVM_FREE_PARAMS");
    arg_set(&a, "base", BASE);
    arg_set(&a, "length", 8 * MB);
    assert_int_equal(call(&u, "UVM_FREE", &a), 0);
    assert_true(kmod_vram_used(&u.h.kmod->card[0]) + 7 * MB < before);
    host_close(&u.h);
}

static uint32_t
policy(struct uvm *u, const char *name, const void *at, uint64_t bytes, const char *uuid)
{
    char layout[80];
    struct arg a;

    snprintf(layout, sizeof(layout), "%s_PARAMS", name);
    arg_init(&u->h, &a, layout);
    arg_set(&a, "requestedBase", (uintptr_t)at);
    arg_set(&a, "length", bytes);
    if (uuid)
        memcpy(arg_at(&a, uuid), u->uuid, sizeof(u->uuid));
    return call(u, name, &a);
}

static uint32_t
migrate(struct uvm *u, const void *at, uint64_t bytes, uint64_t flags, const void *semaphore)
{
    struct arg a;

    with_uuid(u, &a, "UVM_MIGRATE_PARAMS", "destinationUuid");
    arg_set(&a, "base", (uintptr_t)at);
    arg_set(&a, "length", bytes);
    arg_set(&a, "flags", flags);
    arg_set(&a, "semaphoreAddress", (uintptr_t)semaphore);
    arg_set(&a, "semaphorePayload", semaphore ? 77 : 0);
    return call(u, "UVM_MIGRATE", &a);
}

static void
managed_memory_is_one_for_program_and_card(void **state)
{
    static const struct {
        const char *release, *chip;
    } rows[] = {
        {"535.113.01", "TU102"},
        {"570.144",    "AD102"},
        {"595.45.04",  "GB202"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct uvm u;
        struct arg a;
        uint8_t *before, *at;

        uvm_ready(&u, rows[i].release, rows[i].chip);
        at = map_managed(&u, 4 * MB);
        memset(at, 0x5a, 4 * MB);
        assert_int_equal(*reached(&u, at + 3 * MB + 5), 0x5a);
        with_uuid(&u, &a, "UVM_UNREGISTER_GPU_VASPACE_PARAMS", "gpuUuid");
        assert_int_equal(call(&u, "UVM_UNREGISTER_GPU_VASPACE", &a), 0);
        assert_null(reached(&u, at));
        before = map_managed(&u, PAGE); /* before the card's space comes */
        *before = 9;
        assert_int_equal(register_vaspace(&u, u.t.client, VAS), 0);
        assert_int_equal(*reached(&u, before), 9);
        assert_int_equal(*reached(&u, at), 0x5a);
        /* A piece in the middle goes, and something of the program's lies there. */
        emu_kmod_munmap(u.h.kmod, (uintptr_t)at + MB, MB);
        assert_null(reached(&u, at + MB));
        assert_int_equal(*reached(&u, at + MB - 1), 0x5a);
        assert_int_equal(*reached(&u, at + 2 * MB), 0x5a);
        assert_int_equal(create(&u, (uintptr_t)at + MB, MB), 0);
        assert_int_equal(create(&u, (uintptr_t)at, PAGE), IN_USE);
        host_node_close(&u.h, u.fd); /* the mappings keep the file */
        assert_int_equal(*reached(&u, at), 0x5a);
        emu_kmod_munmap(u.h.kmod, (uintptr_t)at, 4 * MB);
        assert_int_equal(*reached(&u, before), 9);
        emu_kmod_munmap(u.h.kmod, (uintptr_t)before, 1);
        assert_null(reached(&u, before));
        host_close(&u.h);
        munmap(at, 4 * MB);
        munmap(before, PAGE);
    }
}

static void
policies_are_for_managed_memory(void **state)
{
    static const struct {
        const char *name, *uuid;
    } rows[] = {
        {"UVM_SET_PREFERRED_LOCATION",   "preferredLocation"},
        {"UVM_UNSET_PREFERRED_LOCATION", NULL               },
        {"UVM_SET_ACCESSED_BY",          "accessedByUuid"   },
        {"UVM_UNSET_ACCESSED_BY",        "accessedByUuid"   },
        {"UVM_ENABLE_READ_DUPLICATION",  NULL               },
        {"UVM_DISABLE_READ_DUPLICATION", NULL               },
    };
    struct uvm u;
    uint8_t *at;

    (void)state;
    uvm_ready(&u, "570.144", "AD102");
    at = map_managed(&u, MB);
    assert_int_equal(create(&u, BASE, MB), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *name = rows[i].name, *uuid = rows[i].uuid;

        assert_int_equal(policy(&u, name, at + PAGE, 3 * PAGE, uuid), 0);
        assert_int_equal(policy(&u, name, at, MB, uuid), 0);
        assert_int_equal(policy(&u, name, at, MB + PAGE, uuid), BAD_ADDRESS);
        assert_int_equal(policy(&u, name, at + 1, PAGE, uuid), BAD_ADDRESS);
        assert_int_equal(policy(&u, name, (void *)BASE, MB, uuid), BAD_ADDRESS); /* external */
        u.uuid[0] ^= 1;
        if (uuid)
            assert_int_equal(policy(&u, name, at, MB, uuid), BAD_DEVICE);
        u.uuid[0] ^= 1;
    }
    host_close(&u.h);
    munmap(at, MB);
}

static void
a_migration_is_checked_and_tells_its_semaphore(void **state)
{
    struct uvm u;
    struct arg a;
    uint8_t *at, *pool;

    (void)state;
    uvm_ready(&u, "570.144", "AD102");
    at = map_managed(&u, MB);
    pool = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    arg_init(&u.h, &a, "UVM_ALLOC_SEMAPHORE_POOL_PARAMS");
    arg_set(&a, "base", (uintptr_t)pool);
    arg_set(&a, "length", PAGE);
    assert_int_equal(call(&u, "UVM_ALLOC_SEMAPHORE_POOL", &a), 0);
    assert_non_null(reached(&u, pool));
    assert_int_equal(migrate(&u, at, MB, 0, NULL), 0);
    assert_int_equal(migrate(&u, at, MB, 0, pool), BAD_ARGUMENT); /* it is synchronous */
    assert_int_equal(migrate(&u, at, MB, 1, pool + 8), 0);
    assert_int_equal(*(const uint32_t *)(reached(&u, pool) + 8), 77);
    assert_int_equal(migrate(&u, NULL, 0, 1, pool), 0); /* the semaphore alone */
    assert_int_equal(migrate(&u, at, MB, 1, at), BAD_ADDRESS);
    assert_int_equal(migrate(&u, at, MB, 2, NULL), BAD_ARGUMENT);
    assert_int_equal(migrate(&u, at, 0, 0, NULL), BAD_ADDRESS);
    assert_int_equal(migrate(&u, pool, PAGE, 0, NULL), BAD_ADDRESS);
    u.uuid[0] ^= 1;
    assert_int_equal(migrate(&u, at, MB, 0, NULL), BAD_DEVICE);
    host_close(&u.h);
    munmap(at, MB);
    munmap(pool, PAGE);
}

static uint32_t
group_call(struct uvm *u, const char *name, uint64_t id)
{
    char layout[80];
    struct arg a;

    snprintf(layout, sizeof(layout), "%s_PARAMS", name);
    arg_init(&u->h, &a, layout);
    if (arg_has(&a, "numGroupIds")) {
        arg_set(&a, "rangeGroupIds[0]", id);
        arg_set(&a, "numGroupIds", id != 0);
    } else {
        arg_set(&a, "rangeGroupId", id);
    }
    if (arg_has(&a, "destinationUuid"))
        memcpy(arg_at(&a, "destinationUuid"), u->uuid, sizeof(u->uuid));
    return call(u, name, &a);
}

static uint32_t
set_group(struct uvm *u, uint64_t id, const void *at, uint64_t bytes)
{
    struct arg a;

    arg_init(&u->h, &a, "UVM_SET_RANGE_GROUP_PARAMS");
    arg_set(&a, "rangeGroupId", id);
    arg_set(&a, "requestedBase", (uintptr_t)at);
    arg_set(&a, "length", bytes);
    return call(u, "UVM_SET_RANGE_GROUP", &a);
}

static void
what_must_stay_needs_a_place(void **state)
{
    struct uvm u;
    struct arg a;
    uint64_t id;
    uint8_t *at;

    (void)state;
    uvm_ready(&u, "595.45.04", "AD102");
    at = map_managed(&u, MB);
    arg_init(&u.h, &a, "UVM_CREATE_RANGE_GROUP_PARAMS");
    assert_int_equal(call(&u, "UVM_CREATE_RANGE_GROUP", &a), 0);
    id = arg_get(&a, "rangeGroupId");
    assert_int_not_equal(id, 0);
    assert_int_equal(set_group(&u, id + 1, at, MB), 0x57 /* OBJECT_NOT_FOUND */);
    assert_int_equal(set_group(&u, id, at + MB, PAGE), BAD_ADDRESS);
    assert_int_equal(set_group(&u, id, at, PAGE), 0);
    assert_int_equal(group_call(&u, "UVM_PREVENT_MIGRATION_RANGE_GROUPS", id), BAD_DEVICE);
    assert_int_equal(set_group(&u, id, at + PAGE, PAGE), BAD_ADDRESS); /* no place to stay */
    assert_int_equal(policy(&u, "UVM_SET_PREFERRED_LOCATION", at, MB, "preferredLocation"), 0);
    assert_int_equal(set_group(&u, id, at + PAGE, PAGE), 0);
    assert_int_equal(group_call(&u, "UVM_PREVENT_MIGRATION_RANGE_GROUPS", id), 0);
    assert_int_equal(group_call(&u, "UVM_PREVENT_MIGRATION_RANGE_GROUPS", 0), BAD_ARGUMENT);
    assert_int_equal(group_call(&u, "UVM_ALLOW_MIGRATION_RANGE_GROUPS", id), 0);
    assert_int_equal(group_call(&u, "UVM_MIGRATE_RANGE_GROUP", id), 0);
    assert_int_equal(group_call(&u, "UVM_DESTROY_RANGE_GROUP", id), 0);
    assert_int_equal(group_call(&u, "UVM_DESTROY_RANGE_GROUP", id), 0x57);
    assert_int_equal(group_call(&u, "UVM_MIGRATE_RANGE_GROUP", id), 0x57);
    host_close(&u.h);
    munmap(at, MB);
}

static void
a_region_of_dynamic_parallelism_is_one_page(void **state)
{
    static const char name[] = "UVM_MAP_DYNAMIC_PARALLELISM_REGION",
                      layout[] = "UVM_MAP_DYNAMIC_PARALLELISM_REGION_PARAMS";
    struct uvm u;

    (void)state;
    uvm_ready(&u, "570.144", "AD102");
    assert_int_equal(on_range(&u, name, layout, BASE, 65536), 0);
    assert_int_equal(on_range(&u, name, layout, BASE, 65536), IN_USE);
    assert_int_equal(on_range(&u, name, layout, BASE + MB, 8192), BAD_ADDRESS);
    assert_int_equal(on_range(&u, name, layout, BASE + MB + PAGE, 65536), BAD_ADDRESS);
    host_close(&u.h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_does_nothing_before_it_is_initialised),
        cmocka_unit_test(managed_memory_is_one_for_program_and_card),
        cmocka_unit_test(policies_are_for_managed_memory),
        cmocka_unit_test(a_migration_is_checked_and_tells_its_semaphore),
        cmocka_unit_test(what_must_stay_needs_a_place),
        cmocka_unit_test(a_region_of_dynamic_parallelism_is_one_page),
        cmocka_unit_test(numbers_and_addresses_are_checked),
        cmocka_unit_test(address_spaces_are_registered_once_and_by_their_owner),
        cmocka_unit_test(ranges_do_not_overlap_and_are_freed_by_their_base),
        cmocka_unit_test(what_is_mapped_is_where_the_card_finds_it),
        cmocka_unit_test(a_part_of_a_large_page_goes_and_the_rest_stays),
        cmocka_unit_test(pages_are_as_large_as_all_of_a_mapping_is_aligned_to),
        cmocka_unit_test(sparse_parts_lead_nowhere_without_a_fault),
        cmocka_unit_test(taking_away_everything_takes_no_time),
        cmocka_unit_test(pieces_of_a_mapping_keep_its_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
