/* SPDX-License-Identifier: MIT */
/*
 * Names: device nodes, and the /proc and /sys files that `nvrm-cli emu exec` has written into a
 * folder.
 */
#include "preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned
cards(void)
{
    const char *text = getenv("NVRM_EMU_CARDS");

    return text ? (unsigned)strtoul(text, NULL, 10) : 1;
}

bool
preload_node(const char *path, enum emu_node *node_out, unsigned *minor_out)
{
    static const struct {
        const char *name;
        enum emu_node node;
        bool numbered;
    } nodes[] = {
        {"/dev/nvidiactl",              EMU_NODE_CTL,       false},
        {"/dev/nvidia-uvm-tools",       EMU_NODE_UVM_TOOLS, false},
        {"/dev/nvidia-uvm",             EMU_NODE_UVM,       false},
        {"/dev/nvidia-caps/nvidia-cap", EMU_NODE_CAP,       true },
        {"/dev/nvidia",                 EMU_NODE_GPU,       true },
    };

    *minor_out = 0;
    for (size_t i = 0; path && i < sizeof(nodes) / sizeof(*nodes); i++) {
        const size_t n = strlen(nodes[i].name);
        char *end = NULL;

        if (strncmp(path, nodes[i].name, n))
            continue;
        *node_out = nodes[i].node;
        if (!nodes[i].numbered && !path[n])
            return true;
        if (!nodes[i].numbered || path[n] < '0' || path[n] > '9')
            continue;
        *minor_out = (unsigned)strtoul(path + n, &end, 10);
        if (!*end)
            return nodes[i].node != EMU_NODE_GPU || *minor_out < cards();
    }
    return false;
}

const char *
preload_file(const char *path, char *to, size_t bytes)
{
    static const char *const roots[] = {
        "/proc/driver/nvidia",  "/proc/driver/nvidia-uvm", "/proc/driver/nvidia-caps",
        "/sys/module/nvidia",   "/sys/module/nvidia_uvm",  "/proc/devices",
        "/sys/bus/pci/devices",
    };
    const char *tree = getenv("NVRM_EMU_TREE");

    if (!tree || !path)
        return NULL;
    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
        const size_t n = strlen(roots[i]);

        if (strncmp(path, roots[i], n) || (path[n] && path[n] != '/'))
            continue;
        if ((size_t)snprintf(to, bytes, "%s%s", tree, path) >= bytes)
            return NULL;
        return to;
    }
    return NULL;
}
