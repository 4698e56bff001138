/* SPDX-License-Identifier: MIT */
/*
 * Entries as libnvmem writes and names them, beside the vendor's dev_mmu.h, which vendor_mmu.sh
 * puts before this file: VERSION is 2 or 3, FORMAT the format to try. Not part of the build.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/pt_read.h>

/* A field "hi:lo" of the vendor's. */
#define HI(field)       (1 ? field)
#define LO(field)       (0 ? field)
#define PUT(field, v)    ((uint64_t)(v) << LO(field))
#define HIGH(field, v)   ((uint64_t)(v) << (LO(field) - 64)) /* of the second word */
#define EXPECT(is, want) expect(__LINE__, #want, is, want)

static unsigned wrong, checks;

static void
expect(int line, const char *what, uint64_t is, uint64_t want)
{
    checks++;
    if (is == want)
        return;
    wrong++;
    printf("line %d: 0x%016llx is not 0x%016llx (%s)\n", line, (unsigned long long)is,
           (unsigned long long)want, what);
}

static void
expect_text(const char *is, const char *want)
{
    checks++;
    if (is && !strcmp(is, want))
        return;
    wrong++;
    printf("'%s' is not '%s'\n", is ? is : "(none)", want);
}

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    (void)bytes, (void)align;
    *memory_out = (struct nvmem_pt_memory){.aperture = *(enum nvmem_aperture *)ctx,
                                           .cpu = aligned_alloc(4096, 4096)};
    memory_out->addr = (uint64_t)(uintptr_t)memory_out->cpu & UINT64_C(0x1fffff000);
    memory_out->cookie[0] = (uint64_t)(uintptr_t)memory_out->cpu;
    return memory_out->cpu ? 0 : -12;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    (void)ctx;
    free(memory->cpu);
}

static const struct nvmem_pt_ops ops = {.table_alloc = table_alloc, .table_free = table_free};

static uint64_t
word_of(struct nvmem_target t)
{
    enum nvmem_aperture tables = NVMEM_VRAM;
    const struct nvmem_pt_config config = {.format = FORMAT, .ops = &ops, .ctx = &tables};
    struct nvmem_pt_entry e = {0};
    struct nvmem_pt *pt;

    if (nvmem_pt_create(&config, &pt, NULL) < 0 || nvmem_pt_map(pt, 0, 4096, &t, NULL) < 0)
        exit(2);
    nvmem_pt_walk(pt, 0, &e);
    nvmem_pt_destroy(pt);
    return e.word;
}

static const char *
field_text(unsigned level, uint64_t word, const char *name)
{
    const struct nvmem_pt_step step = {.level = level, .words = 1, .word = {word}};
    struct nvmem_pt_field f[NVMEM_PT_FIELDS];
    const unsigned count = nvmem_pt_fields(FORMAT, &step, f);

    for (unsigned i = 0; i < count; i++)
        if (!strcmp(f[i].name, name))
            return f[i].text;
    return NULL;
}

#define KIND(name) expect_text(nvmem_pt_kind_name(NV_MMU_PTE_KIND_##name), #name);

static void
kinds(void)
{
    KIND(PITCH)
    KIND(Z16)
    KIND(S8)
    KIND(S8Z24)
    KIND(ZF32_X24S8)
    KIND(Z24S8)
    KIND(GENERIC_MEMORY)
    KIND(INVALID)
    KIND(GENERIC_MEMORY_COMPRESSIBLE)
    KIND(GENERIC_MEMORY_COMPRESSIBLE_DISABLE_PLC)
    KIND(S8_COMPRESSIBLE_DISABLE_PLC)
    KIND(Z16_COMPRESSIBLE_DISABLE_PLC)
    KIND(S8Z24_COMPRESSIBLE_DISABLE_PLC)
    KIND(ZF32_X24S8_COMPRESSIBLE_DISABLE_PLC)
    KIND(Z24S8_COMPRESSIBLE_DISABLE_PLC)
    KIND(SMSKED_MESSAGE)
}

#define ADDR UINT64_C(0x123456000)

#if VERSION == 2

#define V2(field, v) PUT(NV_MMU_VER2_PTE_##field, v)
#define V2_PTE       (V2(VALID, 1) | V2(KIND, 6))

static void
pages(void)
{
    EXPECT(word_of((struct nvmem_target){.addr = ADDR, .kind = 6}),
           V2_PTE | V2(APERTURE, NV_MMU_VER2_PTE_APERTURE_VIDEO_MEMORY) |
               V2(ADDRESS_VID, ADDR >> NV_MMU_VER2_PTE_ADDRESS_SHIFT));
    EXPECT(word_of((struct nvmem_target){.addr = ADDR, .kind = 6, .aperture = NVMEM_SYSTEM}),
           V2_PTE | V2(APERTURE, NV_MMU_VER2_PTE_APERTURE_SYSTEM_COHERENT_MEMORY) |
               V2(ADDRESS_SYS, ADDR >> NV_MMU_VER2_PTE_ADDRESS_SHIFT));
    EXPECT(word_of((struct nvmem_target){
               .addr = ADDR, .kind = 6, .aperture = NVMEM_SYSTEM_NONCOHERENT}),
           V2_PTE | V2(APERTURE, NV_MMU_VER2_PTE_APERTURE_SYSTEM_NON_COHERENT_MEMORY) |
               V2(ADDRESS_SYS, ADDR >> NV_MMU_VER2_PTE_ADDRESS_SHIFT));
    EXPECT(word_of((struct nvmem_target){
               .addr = ADDR, .kind = 6, .aperture = NVMEM_PEER, .peer = 5}),
           V2_PTE | V2(APERTURE, NV_MMU_VER2_PTE_APERTURE_PEER_MEMORY) |
               V2(ADDRESS_VID, ADDR >> NV_MMU_VER2_PTE_ADDRESS_SHIFT) |
               V2(ADDRESS_VID_PEER, 5));
    EXPECT(word_of((struct nvmem_target){.kind = 6, .flags = NVMEM_MAP_READ_ONLY}),
           V2_PTE | V2(READ_ONLY, NV_MMU_VER2_PTE_READ_ONLY_TRUE));
    EXPECT(word_of((struct nvmem_target){.kind = 6, .flags = NVMEM_MAP_VOLATILE}),
           V2_PTE | V2(VOL, NV_MMU_VER2_PTE_VOL_TRUE));
    EXPECT(word_of((struct nvmem_target){.kind = 6, .flags = NVMEM_MAP_PRIVILEGED}),
           V2_PTE | V2(PRIVILEGE, NV_MMU_VER2_PTE_PRIVILEGE_TRUE));
    EXPECT(word_of((struct nvmem_target){.kind = 6, .flags = NVMEM_MAP_NO_ATOMICS}),
           V2_PTE | V2(ATOMIC_DISABLE, NV_MMU_VER2_PTE_ATOMIC_DISABLE_TRUE));
    EXPECT(word_of((struct nvmem_target){.flags = NVMEM_MAP_SPARSE}),
           V2(VALID, 0) | V2(VOL, NV_MMU_VER2_PTE_VOL_TRUE));
    expect_text(field_text(5, V2_PTE | V2(APERTURE, 1), "APERTURE"), "PEER_MEMORY");
    expect_text(field_text(5, V2_PTE | V2(ENCRYPTED, 1), "ENCRYPTED"), "TRUE");
}

#define PDE(field, v)   PUT(NV_MMU_VER2_PDE_##field, v)
#define BIG(field, v)   PUT(NV_MMU_VER2_DUAL_PDE_##field, v)
#define SMALL(field, v) HIGH(NV_MMU_VER2_DUAL_PDE_##field, v)
#define SHIFT           NV_MMU_VER2_PDE_ADDRESS_SHIFT
#define BIG_SHIFT       NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_SHIFT
#define PDE_ADDRESS     ADDRESS_SYS
#define BIG_ADDRESS     ADDRESS_BIG_SYS
#define SMALL_ADDRESS   ADDRESS_SMALL_SYS
#define PDE_MORE        PDE(VOL, NV_MMU_VER2_PDE_VOL_TRUE)
#define BIG_MORE        BIG(VOL_BIG, NV_MMU_VER2_DUAL_PDE_VOL_BIG_TRUE)
#define SMALL_MORE      SMALL(VOL_SMALL, NV_MMU_VER2_DUAL_PDE_VOL_SMALL_TRUE)
#define COHERENT        NV_MMU_VER2_PDE_APERTURE_SYSTEM_COHERENT_MEMORY

#else

#define V3(field, v)  PUT(NV_MMU_VER3_PTE_##field, v)
#define PCF(name)     V3(PCF, NV_MMU_VER3_PTE_PCF_##name)
#define V3_PTE        (V3(VALID, 1) | V3(KIND, 6))
#define WITH(f)       word_of((struct nvmem_target){.kind = 6, .flags = f})
#define NAME(name)    expect_text(field_text(6, 1 | PCF(name), "PCF"), #name)
#define INVALID(name) expect_text(field_text(6, PCF(name), "PCF"), #name)

enum {
    RO = NVMEM_MAP_READ_ONLY,
    VOL = NVMEM_MAP_VOLATILE,
    PRIV = NVMEM_MAP_PRIVILEGED,
    NOAT = NVMEM_MAP_NO_ATOMICS,
    NOCNT = NVMEM_MAP_NO_COUNTERS,
};

static void
pages(void)
{
    EXPECT(word_of((struct nvmem_target){.addr = ADDR, .kind = 6}),
           V3_PTE | V3(ADDRESS, ADDR >> NV_MMU_VER3_PTE_ADDRESS_SHIFT) |
               PCF(REGULAR_RW_ATOMIC_CACHED_ACE));
    EXPECT(word_of((struct nvmem_target){.addr = ADDR, .kind = 6, .aperture = NVMEM_SYSTEM}),
           V3_PTE | V3(ADDRESS, ADDR >> NV_MMU_VER3_PTE_ADDRESS_SHIFT) |
               V3(APERTURE, NV_MMU_VER3_PTE_APERTURE_SYSTEM_COHERENT_MEMORY));
    EXPECT(word_of((struct nvmem_target){
               .addr = ADDR, .kind = 6, .aperture = NVMEM_SYSTEM_NONCOHERENT}),
           V3_PTE | V3(ADDRESS, ADDR >> NV_MMU_VER3_PTE_ADDRESS_SHIFT) |
               V3(APERTURE, NV_MMU_VER3_PTE_APERTURE_SYSTEM_NON_COHERENT_MEMORY));
    EXPECT(word_of((struct nvmem_target){
               .addr = ADDR, .kind = 6, .aperture = NVMEM_PEER, .peer = 5}),
           V3_PTE | V3(ADDRESS, ADDR >> NV_MMU_VER3_PTE_ADDRESS_SHIFT) |
               V3(APERTURE, NV_MMU_VER3_PTE_APERTURE_PEER_MEMORY) | V3(PEER_ID, 5));
    EXPECT(WITH(RO), V3_PTE | PCF(REGULAR_RO_ATOMIC_CACHED_ACE));
    EXPECT(WITH(VOL), V3_PTE | PCF(REGULAR_RW_ATOMIC_UNCACHED_ACE));
    EXPECT(WITH(PRIV), V3_PTE | PCF(PRIVILEGE_RW_ATOMIC_CACHED_ACE));
    EXPECT(WITH(NOAT), V3_PTE | PCF(REGULAR_RW_NO_ATOMIC_CACHED_ACE));
    EXPECT(WITH(NOCNT), V3_PTE | PCF(REGULAR_RW_ATOMIC_CACHED_ACD));
    EXPECT(WITH(RO | VOL | PRIV), V3_PTE | PCF(PRIVILEGE_RO_ATOMIC_UNCACHED_ACE));
    EXPECT(WITH(RO | VOL | PRIV | NOAT | NOCNT),
           V3_PTE | PCF(PRIVILEGE_RO_NO_ATOMIC_UNCACHED_ACD));
    EXPECT(word_of((struct nvmem_target){.flags = NVMEM_MAP_SPARSE}),
           V3(VALID, 0) | PCF(SPARSE));
    INVALID(INVALID);
    INVALID(SPARSE);
    INVALID(MAPPING_NOWHERE);
    INVALID(NO_VALID_4KB_PAGE);
    NAME(REGULAR_RW_ATOMIC_CACHED_ACE);
    NAME(REGULAR_RW_ATOMIC_UNCACHED_ACE);
    NAME(PRIVILEGE_RW_ATOMIC_CACHED_ACE);
    NAME(PRIVILEGE_RW_ATOMIC_UNCACHED_ACE);
    NAME(REGULAR_RO_ATOMIC_CACHED_ACE);
    NAME(REGULAR_RO_ATOMIC_UNCACHED_ACE);
    NAME(PRIVILEGE_RO_ATOMIC_CACHED_ACE);
    NAME(PRIVILEGE_RO_ATOMIC_UNCACHED_ACE);
    NAME(REGULAR_RW_NO_ATOMIC_CACHED_ACE);
    NAME(REGULAR_RW_NO_ATOMIC_UNCACHED_ACE);
    NAME(PRIVILEGE_RW_NO_ATOMIC_CACHED_ACE);
    NAME(PRIVILEGE_RW_NO_ATOMIC_UNCACHED_ACE);
    NAME(REGULAR_RO_NO_ATOMIC_CACHED_ACE);
    NAME(REGULAR_RO_NO_ATOMIC_UNCACHED_ACE);
    NAME(PRIVILEGE_RO_NO_ATOMIC_CACHED_ACE);
    NAME(PRIVILEGE_RO_NO_ATOMIC_UNCACHED_ACE);
    NAME(REGULAR_RW_ATOMIC_CACHED_ACD);
    NAME(REGULAR_RW_ATOMIC_UNCACHED_ACD);
    NAME(PRIVILEGE_RW_ATOMIC_CACHED_ACD);
    NAME(PRIVILEGE_RW_ATOMIC_UNCACHED_ACD);
    NAME(REGULAR_RO_ATOMIC_CACHED_ACD);
    NAME(REGULAR_RO_ATOMIC_UNCACHED_ACD);
    NAME(PRIVILEGE_RO_ATOMIC_CACHED_ACD);
    NAME(PRIVILEGE_RO_ATOMIC_UNCACHED_ACD);
    NAME(REGULAR_RW_NO_ATOMIC_CACHED_ACD);
    NAME(REGULAR_RW_NO_ATOMIC_UNCACHED_ACD);
    NAME(PRIVILEGE_RW_NO_ATOMIC_CACHED_ACD);
    NAME(PRIVILEGE_RW_NO_ATOMIC_UNCACHED_ACD);
    NAME(REGULAR_RO_NO_ATOMIC_CACHED_ACD);
    NAME(REGULAR_RO_NO_ATOMIC_UNCACHED_ACD);
    NAME(PRIVILEGE_RO_NO_ATOMIC_CACHED_ACD);
    NAME(PRIVILEGE_RO_NO_ATOMIC_UNCACHED_ACD);
}

#define PDE(field, v)   PUT(NV_MMU_VER3_PDE_##field, v)
#define BIG(field, v)   PUT(NV_MMU_VER3_DUAL_PDE_##field, v)
#define SMALL(field, v) HIGH(NV_MMU_VER3_DUAL_PDE_##field, v)
#define SHIFT           NV_MMU_VER3_PDE_ADDRESS_SHIFT
#define BIG_SHIFT       NV_MMU_VER3_DUAL_PDE_ADDRESS_BIG_SHIFT
#define PDE_ADDRESS     ADDRESS
#define BIG_ADDRESS     ADDRESS_BIG
#define SMALL_ADDRESS   ADDRESS_SMALL
#define PDE_MORE        PDE(PCF, NV_MMU_VER3_PDE_PCF_VALID_UNCACHED_ATS_NOT_ALLOWED)
#define BIG_MORE        BIG(PCF_BIG, NV_MMU_VER3_DUAL_PDE_PCF_BIG_VALID_UNCACHED_ATS_NOT_ALLOWED)
#define SMALL_MORE                                                                             \
    SMALL(PCF_SMALL, NV_MMU_VER3_DUAL_PDE_PCF_SMALL_VALID_UNCACHED_ATS_NOT_ALLOWED)
#define COHERENT NV_MMU_VER3_PDE_APERTURE_SYSTEM_COHERENT_MEMORY

#endif

#define PDE_PUT(name, v)   PDE(name, v)
#define BIG_PUT(name, v)   BIG(name, v)
#define SMALL_PUT(name, v) SMALL(name, v)

/* Tables are found by the low bits of where they are for the CPU: there is one of each. */
struct tables {
    uint64_t *at[16];
    uint64_t addr[16];
    unsigned count;
};

static struct tables known;

static int
remember(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    const int rc = table_alloc(ctx, bytes, align, memory_out);

    if (rc == 0) {
        known.at[known.count] = memory_out->cpu;
        known.addr[known.count++] = memory_out->addr;
    }
    return rc;
}

static int
read_words(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
           size_t count)
{
    (void)ctx, (void)aperture;
    for (unsigned i = 0; i < known.count; i++)
        if (addr >= known.addr[i] && addr < known.addr[i] + 4096) {
            memcpy(words, (char *)known.at[i] + (addr - known.addr[i]), count * 8);
            return 0;
        }
    return -14;
}

static void
directories(void)
{
    static const struct nvmem_pt_ops remembering = {.table_alloc = remember,
                                                    .table_free = table_free};
    enum nvmem_aperture tables = NVMEM_SYSTEM;
    const struct nvmem_pt_config config = {
        .format = FORMAT, .ops = &remembering, .ctx = &tables};
    struct nvmem_pt_step big[NVMEM_PT_STEPS], small[NVMEM_PT_STEPS];
    struct nvmem_pt_reader r = {.format = FORMAT, .read = read_words};
    unsigned bigs, smalls;
    struct nvmem_pt *pt;

    if (nvmem_pt_create(&config, &pt, NULL) < 0 ||
        nvmem_pt_map(pt, 0, 65536, &(struct nvmem_target){.addr = 65536}, NULL) < 0 ||
        nvmem_pt_map(pt, 65536, 4096, &(struct nvmem_target){.addr = 4096}, NULL) < 0)
        exit(2);
    r.root = nvmem_pt_root(pt)->addr;
    r.root_aperture = NVMEM_SYSTEM;
    if (nvmem_pt_read_walk(&r, 0, big, &bigs, NULL) < 0 ||
        nvmem_pt_read_walk(&r, 65536, small, &smalls, NULL) < 0 || smalls != bigs + 1)
        exit(2);
    EXPECT(big[0].word[0],
           PDE(APERTURE, COHERENT) | PDE_MORE | PDE_PUT(PDE_ADDRESS, big[1].table >> SHIFT));
    EXPECT(big[bigs - 2].word[0], BIG(APERTURE_BIG, COHERENT) | BIG_MORE |
                                      BIG_PUT(BIG_ADDRESS, big[bigs - 1].table >> BIG_SHIFT));
    EXPECT(big[bigs - 2].word[1],
           SMALL(APERTURE_SMALL, COHERENT) | SMALL_MORE |
               SMALL_PUT(SMALL_ADDRESS, small[smalls - 1].table >> SHIFT));
    nvmem_pt_destroy(pt);
}

int
main(void)
{
    kinds();
    pages();
    directories();
    printf("version %d: %u checks, %u wrong\n", VERSION, checks, wrong);
    return wrong != 0;
}
