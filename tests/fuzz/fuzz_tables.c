/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as page tables: the first says which format, the rest is memory that every address
 * leads into. Whatever is found as a run must be where a walk ends; entries have no more fields
 * than there is room for; a visit ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/pt_read.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TABLES = 64, MAX_RUNS = 200, MAX_FINDINGS = 500 };

struct memory {
    const uint8_t *data;
    size_t size;
    struct nvmem_pt_reader reader;
    unsigned runs, findings;
};

static void
must(bool truth)
{
    if (!truth)
        abort();
}

/* Memory repeats; one address in 256 has none. */
static int
read_words(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
           size_t count)
{
    const struct memory *m = ctx;

    must(count <= 512 && (unsigned)aperture <= NVMEM_SYSTEM_NONCOHERENT);
    if (addr >> 12 & 0xff ? 0 : addr >> 20 & 1)
        return -EFAULT;
    for (size_t at = 0, n; at < count * 8; at += n) {
        const size_t from = (addr + at) % m->size;

        n = m->size - from < count * 8 - at ? m->size - from : count * 8 - at;
        memcpy((uint8_t *)words + at, m->data + from, n);
    }
    return 0;
}

/* All fields of a walk's steps. */
static void
look(const struct nvmem_pt_reader *r, const struct nvmem_pt_step *step, unsigned count)
{
    must(count <= NVMEM_PT_STEPS);
    for (unsigned i = 0; i < count; i++) {
        struct nvmem_pt_field f[NVMEM_PT_FIELDS];
        const unsigned fields = nvmem_pt_fields(r->format, &step[i], f);

        must(fields > 0 && fields <= NVMEM_PT_FIELDS && step[i].name);
        for (unsigned k = 0; k < fields; k++)
            must(f[k].name && (!f[k].text || strlen(f[k].text) > 0));
    }
}

static int
see_run(void *ctx, const struct nvmem_pt_entry *run)
{
    struct memory *m = ctx;
    const uint64_t places[] = {run->va, run->va + run->bytes - 1};

    for (unsigned i = 0; i < 2; i++) {
        struct nvmem_pt_step step[NVMEM_PT_STEPS];
        const struct nvmem_pt_step *last;
        unsigned count;

        must(nvmem_pt_read_walk(&m->reader, places[i], step, &count, NULL) == 0);
        look(&m->reader, step, count);
        last = &step[count - 1];
        must(last->is == NVMEM_IS_PAGE || last->is == NVMEM_IS_SPARSE);
        must(last->target.flags == run->target.flags &&
             last->target.page_bytes == run->target.page_bytes);
        if (last->is == NVMEM_IS_PAGE)
            must(last->target.addr - (last->va - run->va) == run->target.addr);
    }
    return ++m->runs == MAX_RUNS;
}

static int
see_finding(void *ctx, const struct nvmem_pt_finding *f)
{
    struct memory *m = ctx;

    must(f->rule && *f->text && strlen(f->text) < sizeof(f->text));
    look(&m->reader, &f->step, 1);
    return ++m->findings == MAX_FINDINGS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory m = {.data = data + 1, .size = size - 1};
    struct nvmem_pt_step step[NVMEM_PT_STEPS];
    unsigned count;
    int rc;

    if (size < 9)
        return 0;
    m.reader = (struct nvmem_pt_reader){.format = (enum nvmem_pt_format)(data[0] & 3),
                                        .root_aperture = NVMEM_VRAM,
                                        .read = read_words,
                                        .ctx = &m,
                                        .vram_bytes = UINT64_C(1) << 34,
                                        .max_tables = MAX_TABLES};
    for (unsigned i = 0; i < 4; i++) {
        uint64_t va;

        memcpy(&va, data + 1 + i % (size - 8), 8);
        rc = nvmem_pt_read_walk(&m.reader, va >> (i * 4), step, &count, NULL);
        must(rc == 0 || rc == -ERANGE || rc == -EIO);
        if (rc == 0)
            look(&m.reader, step, count);
    }
    rc = nvmem_pt_read_each(&m.reader, see_run, &m, NULL);
    must(rc == 0 || rc == 1 || rc == -E2BIG || rc == -EIO);
    rc = nvmem_pt_read_check(&m.reader, see_finding, &m, NULL, NULL, NULL);
    must(rc == 0 || rc == 1 || rc == -E2BIG || rc == -EIO);
    return 0;
}
