/* SPDX-License-Identifier: MIT */
/* The generated tables behind nvrm/hw.h. */
#ifndef NVRM_HW_PRIV_H
#define NVRM_HW_PRIV_H

#include <nvrm/hw.h>

extern const struct nvrm_hw_class nvrm_hw_classes[]; /* by id */
extern const unsigned nvrm_hw_classes_n;
extern const uint16_t nvrm_hw_indexes[]; /* methods and records of classes */
extern const struct nvrm_hw_item nvrm_hw_items[];
extern const struct nvrm_hw_field nvrm_hw_fields[];
extern const struct nvrm_hw_value nvrm_hw_values[], nvrm_hw_constants[];
extern const char nvrm_hw_pool[];

#endif
