/* SPDX-License-Identifier: MIT */
/**
 * The logging ELF of the emulated card's GSP-RM: what its log rings' messages say.
 *
 * The container is the public one of gsp_log_*.bin; the messages are our own words. No globals;
 * any thread may call it.
 */
#ifndef EMU_LOG_H
#define EMU_LOG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param release    "570.144"; releases from 580 on pack their metadata
 * @param bytes_out  allocated; free() it
 * @return 0, -EINVAL (the release is not a version number), -ENOMEM
 */
int emu_logging_elf(const char *release, uint8_t **bytes_out, size_t *size_out);

#ifdef __cplusplus
}
#endif
#endif
