/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a cubin: whatever opens has its code, banks and parameters inside the input, and
 * takes its relocations without leaving the images.
 */
#include <stdlib.h>
#include <string.h>

#include <nvmem/cubin.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void
touch(const uint8_t *p, uint64_t bytes, const uint8_t *data, size_t size)
{
    if (!p || !bytes)
        return;
    if (p < data || bytes > size || (size_t)(p - data) > size - bytes)
        abort();
    sink = p[0] ^ p[bytes - 1];
}

static void
walk_kernel(const struct nvmem_cubin *c, const struct nvmem_cubin_kernel *k,
            const uint8_t *data, size_t size)
{
    const struct nvmem_cubin_kernel *found;

    if (k->code_bytes % NVMEM_CUBIN_INSTRUCTION_BYTES)
        abort();
    touch(k->code, k->code_bytes, data, size);
    for (unsigned i = 0; i < k->param_count; i++) {
        if ((uint64_t)k->params[i].off + k->params[i].bytes > k->param_bytes)
            abort();
    }
    if (nvmem_cubin_find(c, k->name, &found, NULL) < 0)
        abort();
}

static void
relocate_all(const struct nvmem_cubin *c)
{
    for (unsigned i = 0; i < nvmem_cubin_reloc_count(c) && i < 256; i++) {
        const struct nvmem_cubin_reloc *r = nvmem_cubin_reloc(c, i);
        const struct nvmem_cubin_section *s = nvmem_cubin_section(c, r->section);
        uint8_t *image = malloc(s->bytes ? s->bytes : 1);

        if (s->data)
            memcpy(image, s->data, s->bytes);
        sink = (uint8_t)nvmem_cubin_relocate(c, r, image, s->bytes, 0x1234567800, NULL);
        free(image);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gsp_fw_source src = {"fuzz", data, size, 0};
    struct nvmem_cubin *c;
    struct gsp_error err;

    if (nvmem_cubin_open(NULL, &src, &c, &err) < 0)
        return 0;
    for (unsigned i = 0; i < nvmem_cubin_section_count(c); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(c, i);

        touch(s->data, s->bytes, data, size);
    }
    for (unsigned i = 0; i < nvmem_cubin_kernel_count(c); i++)
        walk_kernel(c, nvmem_cubin_kernel(c, i), data, size);
    relocate_all(c);
    nvmem_cubin_close(c);
    return 0;
}
