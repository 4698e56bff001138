/* SPDX-License-Identifier: MIT */
/* Where RM's behaviour, not its layouts, changed between releases. */
#ifndef EMU_RELEASE_H
#define EMU_RELEASE_H

#include <stdbool.h>

#include <nvrm/schema.h>

enum emu_rule {
    EMU_RULE_CONTROL_SIZE_FIRST, /* a control's size is checked before its object is looked up
                                  */
    EMU_RULE_DEVICE_INSTANCE, /* device parameters are required, a missing GPU is a bad state */
    EMU_RULE_CLASS_SUPPORTED, /* a class that the chip lacks is "not supported" */
    EMU_RULE_IOCTL_SIZE_FIRST, /* nvidia.ko looks at a request's size before the caller's memory
                                */
    EMU_RULE_ENGINES_545,      /* engine numbers: the first change, */
    EMU_RULE_ENGINES_550,      /* and the second */
};
bool emu_rule(struct nvrm_abi abi, enum emu_rule rule);

#endif
