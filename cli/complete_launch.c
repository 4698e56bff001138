/* SPDX-License-Identifier: MIT */
/*
 * Completion of kernels: their names are in the cubin that stands before.
 */
#include <nvmem/cubin.h>

#include "complete_priv.h"
#include "fw_file.h"

void
complete_kernels(struct wish *p)
{
    struct nvmem_cubin *cubin;
    struct fw_file f;

    if (p->at.argc < 2 || fw_file_map(p->at.argv[1], &f, NULL) < 0)
        return;
    if (nvmem_cubin_open(NULL, &f.src, &cubin, NULL) == 0) {
        for (unsigned i = 0; i < nvmem_cubin_kernel_count(cubin); i++)
            wish_offer(p, nvmem_cubin_kernel(cubin, i)->name);
        nvmem_cubin_close(cubin);
    }
    fw_file_free(&f);
}
