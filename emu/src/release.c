/* SPDX-License-Identifier: MIT */
/*
 * Where RM's behaviour changed between releases: ranges of release numbers, found by comparing
 * the sources of all public releases.
 */
#include "release.h"

#include <stdlib.h>

/* From the first release on, up to (not including) the second; 0 means no end. */
static const struct {
    enum emu_rule rule;
    unsigned from, to;
} rules[] = {
  /* control.c, _rmapiRmControl: paramsSize against the method's size */
    {EMU_RULE_CONTROL_SIZE_FIRST, 535161007, 536000000},
    {EMU_RULE_CONTROL_SIZE_FIRST, 550054014, 0        },
 /* alloc_free.c, resservResourceFactory: NV0080_ALLOC_PARAMETERS */
    {EMU_RULE_DEVICE_INSTANCE,    550054014, 0        },
 /* alloc_free.c, resservResourceFactory: gpuIsClassSupported */
    {EMU_RULE_CLASS_SUPPORTED,    580065006, 0        },
 /* nv.c, nv_validate_ioctls() */
    {EMU_RULE_IOCTL_SIZE_FIRST,   595044002, 0        },
 /* gpu_engine_type.h, engine_idx.h */
    {EMU_RULE_ENGINES_545,        545000000, 0        },
    {EMU_RULE_ENGINES_550,        550000000, 0        },
};

/* 535.161.07 -> 535161007 */
static unsigned
release_number(struct nvrm_abi abi)
{
    const char *p = nvrm_release_name(abi.schema, abi.release);
    unsigned number = 0;

    for (int i = 0; i < 3; i++) {
        char *end;

        number = number * 1000 + (unsigned)strtoul(p, &end, 10);
        p = *end == '.' ? end + 1 : end;
    }
    return number;
}

bool
emu_rule(struct nvrm_abi abi, enum emu_rule rule)
{
    const unsigned number = release_number(abi);

    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].rule == rule && number >= rules[i].from &&
            (!rules[i].to || number < rules[i].to))
            return true;
    return false;
}
