/* SPDX-License-Identifier: MIT */
/** The lint over the sections of a cubin: paths begin at each function of a section, and the
 * kernel's register count is the limit. */
#ifndef SASS_LINT_CUBIN_H
#define SASS_LINT_CUBIN_H

#include <nvmem/cubin.h>
#include <sass/lint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * All hazards of one code section.
 *
 * @param section  number of a section with code
 * @return as sass_lint(); -EINVAL for a section without code
 */
GSP_MUST_CHECK int sass_lint_section(const struct gsp_host *host,
                                     const struct nvmem_cubin *cubin, unsigned section,
                                     sass_lint_fn fn, void *ctx, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
