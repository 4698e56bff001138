/* SPDX-License-Identifier: MIT */
/* Which RM implementation class derives from which. */
#ifndef EMU_CLASS_BASE_H
#define EMU_CLASS_BASE_H

struct emu_class_base {
    const char *impl, *base;
};
extern const struct emu_class_base emu_class_bases[];
extern const unsigned emu_class_base_count;

#endif
