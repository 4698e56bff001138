/* SPDX-License-Identifier: MIT */
/** Which register headers make which file of schemas/hw/regs, and what is taken from them. */
#ifndef IMP_REGS_UNITS_H
#define IMP_REGS_UNITS_H

struct imp_reg_unit {
    const char *file;    /* "tu102_fb": chip and unit */
    const char *headers; /* below the folder of published headers, separated by spaces */
    const char *take;    /* name prefixes, separated by spaces; NULL: all */
};

extern const struct imp_reg_unit imp_reg_units[]; /* ends with a NULL file */

#endif
