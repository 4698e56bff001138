/* SPDX-License-Identifier: MIT */
/*
 * Arguments of a kernel as words: TYPE:VALUE, and buffers that come from and go to files.
 */
#ifndef NVRM_CLI_LAUNCH_ARGS_H
#define NVRM_CLI_LAUNCH_ARGS_H

#include <nvmem/compute.h>

#include "cli.h"

enum { LAUNCH_ARGS_MAX = 128, LAUNCH_VALUE_MAX = 4096, LAUNCH_PRINT_MAX = 1 << 20 };

struct launch_type;

/* One --arg. A buffer's bytes live here before the launch and, read back, after it. */
struct launch_arg {
    const char *word; /* as typed */
    uint8_t value[LAUNCH_VALUE_MAX];
    uint32_t bytes; /* of the argument: 8 for a buffer */
    bool is_buffer;
    uint8_t *data; /* of a buffer */
    uint64_t data_bytes;
    const char *out;                 /* file, or NULL */
    const struct launch_type *print; /* or NULL */
    uint64_t print_count;            /* 0: all of it */
    struct nvmem_buffer *buffer;
};

struct launch_args {
    struct launch_arg *arg;
    unsigned count;
};

/* Take every --arg out of argv. CLI_OK, or an exit code after a message. */
int launch_args_take(struct cli *cli, int *argc, char **argv, struct launch_args *args);
void launch_args_free(struct launch_args *args);
/* The arguments as the kernel lays them out; CLI_USAGE with its layout when sizes differ. */
int launch_args_pack(struct cli *cli, const struct launch_args *args,
                     const struct nvmem_cubin_kernel *kernel, uint8_t *params);
/* "s32 n, u64 x": what each parameter of a kernel takes, by size. */
void launch_args_layout(const struct nvmem_cubin_kernel *kernel, char *out, size_t bytes);
/* Elements of a buffer as an array. */
json_t *launch_values(const struct launch_type *type, const uint8_t *data, uint64_t bytes);
const char *launch_type_name(const struct launch_type *type);
unsigned launch_type_bytes(const struct launch_type *type);

#endif
