/* SPDX-License-Identifier: MIT */
/*
 * Text that the module shows in /proc and /sys.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kmod_priv.h"

static int
version(struct emu_kmod *k, char *to, size_t bytes)
{
    return snprintf(
        to, bytes,
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build "
        " (nvrm, emulated)\nGCC version:  none\n",
        nvrm_release_name(k->abi.schema, k->abi.release));
}

static int
module_version(struct emu_kmod *k, char *to, size_t bytes)
{
    return snprintf(to, bytes, "%s\n", nvrm_release_name(k->abi.schema, k->abi.release));
}

static int
live(struct emu_kmod *k, char *to, size_t bytes)
{
    (void)k;
    return snprintf(to, bytes, "live\n");
}

static int
devices(struct emu_kmod *k, char *to, size_t bytes)
{
    (void)k;
    return snprintf(to, bytes,
                    "Character devices:\n  1 mem\n  5 /dev/tty\n195 nvidia\n195 nvidiactl\n510 "
                    "nvidia-caps\n511 nvidia-uvm\n\nBlock devices:\n");
}

static const struct {
    const char *path;
    int (*write)(struct emu_kmod *k, char *to, size_t bytes);
} files[] = {
    {"/proc/driver/nvidia/version",      version       },
    {"/sys/module/nvidia/version",       module_version},
    {"/sys/module/nvidia/initstate",     live          },
    {"/sys/module/nvidia_uvm/initstate", live          },
    {"/proc/devices",                    devices       },
};

const char *
emu_kmod_file_path(struct emu_kmod *k, unsigned i)
{
    (void)k;
    return i < sizeof(files) / sizeof(*files) ? files[i].path : NULL;
}

ssize_t
emu_kmod_file_read(struct emu_kmod *k, unsigned i, void *to, size_t bytes)
{
    return i < sizeof(files) / sizeof(*files) ? files[i].write(k, to, bytes) : -ENOENT;
}
