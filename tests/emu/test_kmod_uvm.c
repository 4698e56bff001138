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
    assert_int_equal(emu_kmod_uvm_mmap(h.file[fd], PAGE, PAGE, true), -EBADFD);
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
    assert_int_equal(emu_kmod_uvm_mmap(h.file[fd], PAGE, PAGE, true), 0);
    assert_int_equal(emu_kmod_uvm_mmap(h.file[fd], PAGE, 0, true), -EINVAL);
    assert_int_equal(emu_kmod_uvm_mmap(h.file[fd], PAGE, PAGE, false), -EINVAL);
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
    assert_int_equal(call(&u, "UVM_FREE", &a), BAD_ADDRESS);
    arg_set(&a, "base", BASE);
    assert_int_equal(call(&u, "UVM_FREE", &a), 0);
    assert_int_equal(call(&u, "UVM_FREE", &a), BAD_ADDRESS);
    host_close(&u.h);
}

static void
policies_of_managed_ranges_find_none(void **state)
{
    struct uvm u;
    struct arg a;

    (void)state;
    uvm_ready(&u, "580.65.06", NULL);
    arg_init(&u.h, &a, "UVM_MIGRATE_PARAMS");
    arg_set(&a, "base", BASE);
    arg_set(&a, "length", PAGE);
    assert_int_equal(call(&u, "UVM_MIGRATE", &a), BAD_ADDRESS);
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
        assert_int_equal(page, PAGE);
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
    assert_int_equal(call(&u, "UVM_FREE", &a), 0);
    assert_true(kmod_vram_used(&u.h.kmod->card[0]) + 7 * MB < before);
    host_close(&u.h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_does_nothing_before_it_is_initialised),
        cmocka_unit_test(numbers_and_addresses_are_checked),
        cmocka_unit_test(address_spaces_are_registered_once_and_by_their_owner),
        cmocka_unit_test(ranges_do_not_overlap_and_are_freed_by_their_base),
        cmocka_unit_test(policies_of_managed_ranges_find_none),
        cmocka_unit_test(what_is_mapped_is_where_the_card_finds_it),
        cmocka_unit_test(a_part_of_a_large_page_goes_and_the_rest_stays),
        cmocka_unit_test(sparse_parts_lead_nowhere_without_a_fault),
        cmocka_unit_test(taking_away_everything_takes_no_time),
        cmocka_unit_test(pieces_of_a_mapping_keep_its_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
