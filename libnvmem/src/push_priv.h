/* SPDX-License-Identifier: MIT */
/* What the decoder and the linter share. */
#ifndef NVMEM_PUSH_PRIV_H
#define NVMEM_PUSH_PRIV_H

#include <nvmem/push.h>

/** Whether chips with this channel class have that class; classes of every generation always
 * do. */
bool nvmem_push_goes_with(const struct nvrm_hw_class *host, const struct nvrm_hw_class *c);

#endif
