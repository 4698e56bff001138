/* SPDX-License-Identifier: MIT */
/* What the programs that `nvrm-cli emu exec` is tested with know of nvidia.ko: the layouts of
 * 570.144, spelled out. They include nothing else of this project. */
#ifndef NVRM_TEST_EXEC_H
#define NVRM_TEST_EXEC_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define CHECK(ok)                                                                              \
    do {                                                                                       \
        if (!(ok)) {                                                                           \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __func__, __LINE__, #ok, errno);         \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

struct alloc {
    uint32_t root, parent, handle, class_id;
    uint64_t params;
    uint32_t bytes, status;
};
struct control {
    uint32_t client, object, cmd, flags;
    uint64_t params;
    uint32_t bytes, status;
};
struct device_params {
    uint32_t id, share[3];
    uint64_t sizes[3];
    uint32_t mode, pad;
};

#define ESC(nr, type) _IOWR('F', nr, type)
enum { RM_ALLOC = 0x2b, RM_CONTROL = 0x2a, REGISTER_FD = 201 };

#endif
