/* SPDX-License-Identifier: MIT */
/*
 * The public list of Xids. Names and facts: NVIDIA, "Xid Errors" (docs.nvidia.com/deploy), and
 * its catalogue; the words are ours.
 */
#include "xid.h"

const char xid_source[] = "NVIDIA, Xid Errors: docs.nvidia.com/deploy/xid-errors";

#define HW   XID_HARDWARE
#define DRV  XID_DRIVER
#define APP  XID_PROGRAM
#define SYS  XID_SYSTEM_MEMORY
#define BUS  XID_BUS
#define HEAT XID_HEAT
#define VRAM XID_VIDEO_MEMORY

static const char restart[] = "restart the program; if it comes back, debug the program first";
static const char debug[] =
    "debug the program (compute-sanitizer, cuda-memcheck), then restart it";
static const char reset[] = "end all programs on the GPU and reset it (nvidia-smi -r)";
static const char reboot[] = "restart the node; if it comes back, have the hardware checked";
static const char support[] =
    "update the driver; if it comes back, report it with a bug report";
static const char watch[] = "nothing at once; watch whether it comes back";
static const char links[] =
    "check both ends of the link, its bridge or switch; then reset the GPUs";
static const char replace[] = "run field diagnostics; the board may have to be replaced";

/* clang-format off */
static const struct xid_fact facts[] = {
    {1, 1, XID_OTHER, DRV | SYS | BUS | VRAM, restart, "ROBUST_CHANNEL_FIFO_ERROR_FIFO_METHOD",
     "Xid 1: a damaged command stream; GPUs of today do not report it."},
    {2, 2, XID_OTHER, DRV | SYS | BUS | VRAM, restart, "ROBUST_CHANNEL_FIFO_ERROR_SW_METHOD",
     "Xid 2: a damaged command stream; GPUs of today do not report it."},
    {3, 3, XID_OTHER, DRV | SYS | BUS | VRAM, restart, "ROBUST_CHANNEL_FIFO_ERROR_UNK_METHOD",
     "Xid 3: a damaged command stream; GPUs of today do not report it."},
    {4, 4, XID_OTHER, DRV | APP | SYS | BUS | VRAM, restart, "ROBUST_CHANNEL_FIFO_ERROR_CHANNEL_BUSY",
     "Xid 4: a damaged command stream or a semaphore that nobody released; old GPUs only."},
    {5, 5, XID_OTHER, DRV, support, "ROBUST_CHANNEL_FIFO_ERROR_RUNOUT_OVERFLOW",
     "Xid 5: not used by GPUs of today."},
    {6, 6, XID_OTHER, DRV | SYS | BUS | VRAM, restart, "ROBUST_CHANNEL_FIFO_ERROR_PARSE_ERR",
     "Xid 6: a command stream that cannot be parsed; old GPUs only."},
    {7, 7, XID_OTHER, DRV | BUS | VRAM, restart, "ROBUST_CHANNEL_FIFO_ERROR_PTE_ERR",
     "Xid 7: a command stream at an address that is not mapped; old GPUs only."},
    {8, 8, XID_OTHER, DRV | APP | BUS | HEAT, restart, "ROBUST_CHANNEL_FIFO_ERROR_IDLE_TIMEOUT",
     "Xid 8: a channel did no work for too long; often a kernel that runs beyond the watchdog's time."},
    {9, 9, XID_OTHER, DRV, support, "ROBUST_CHANNEL_GR_ERROR_INSTANCE",
     "Xid 9: the driver programmed the graphics engine wrongly; old GPUs only."},
    {10, 10, XID_OTHER, DRV, support, "ROBUST_CHANNEL_GR_ERROR_SINGLE_STEP",
     "Xid 10: not used by GPUs of today."},
    {11, 11, XID_OTHER, DRV | APP | SYS | BUS | VRAM, restart, "ROBUST_CHANNEL_GR_ERROR_MISSING_HW",
     "Xid 11: commands for a unit that this GPU lacks, or a damaged command stream."},
    {12, 12, XID_OTHER, DRV, support, "ROBUST_CHANNEL_GR_ERROR_SW_METHOD",
     "Xid 12: the driver failed at handling a GPU exception; old GPUs only."},
    {13, 13, XID_SHADER, APP | DRV | HW | SYS | BUS | HEAT | VRAM, debug, NULL, NULL},
    {14, 14, XID_NOTICE, 0, NULL, NULL, NULL},
    {16, 16, XID_OTHER, DRV, support, NULL, NULL},
    {18, 18, XID_OTHER, DRV | BUS, reboot, NULL,
     "Xid 18: bus mastering was switched off in the GPU's PCI configuration."},
    {19, 19, XID_OTHER, DRV, support, NULL, NULL},
    {20, 20, XID_OTHER, DRV | SYS | BUS | VRAM, restart, NULL,
     "Xid 20: damaged commands for the MPEG decoder; old GPUs only."},
    {21, 21, XID_OTHER, DRV | SYS | BUS | VRAM, restart, NULL,
     "Xid 21: damaged commands for the motion estimator; old GPUs only."},
    {22, 22, XID_OTHER, DRV | SYS | BUS | VRAM, restart, NULL,
     "Xid 22: damaged commands for the video processor; old GPUs only."},
    {23, 23, XID_NOTICE, 0, NULL, NULL, NULL},
    {24, 24, XID_OTHER, DRV | APP | SYS | BUS | HEAT | VRAM, restart, NULL,
     "Xid 24: a GPU semaphore was waited for in vain."},
    {25, 25, XID_OTHER, DRV | APP | SYS | BUS | VRAM, restart, NULL,
     "Xid 25: an illegal command stream."},
    {26, 26, XID_OTHER, DRV, support, NULL, "Xid 26: video memory did not answer in time."},
    {27, 29, XID_OTHER, DRV, support, NULL, "Xid 27 to 29: the old video processor failed."},
    {30, 30, XID_OTHER, DRV, support, NULL, "Xid 30: an error at access to a GPU semaphore."},
    {31, 31, XID_FAULT, APP | DRV | HW, debug, NULL, NULL},
    {32, 32, XID_OTHER, DRV | SYS | BUS | HEAT | VRAM, restart, NULL, NULL},
    {33, 33, XID_OTHER, DRV, support, NULL, NULL},
    {34, 36, XID_OTHER, DRV, support, NULL, "Xid 34 to 36: the old video processor failed."},
    {37, 38, XID_OTHER, DRV, support, NULL, "Xid 37, 38: an error in firmware that the driver loads."},
    {39, 41, XID_FAULT, APP | DRV | HW, restart, NULL, NULL},
    {42, 42, XID_OTHER, DRV, support, NULL, NULL},
    {43, 43, XID_CLEANUP, APP | DRV, "look at the program and at the Xid before it; the GPU is fine", NULL, NULL},
    {44, 44, XID_OTHER, DRV, support, NULL, NULL},
    {45, 45, XID_CLEANUP, 0, "look at the Xid before it; alone it means a program that was killed", NULL, NULL},
    {46, 46, XID_OTHER, DRV | HW, reset, NULL, "Xid 46: the GPU stopped working on its channels."},
    {47, 47, XID_OTHER, DRV, support, NULL, NULL},
    {48, 48, XID_MEMORY, HW, reset, NULL, NULL},
    {54, 54, XID_OTHER, HW, "plug in the board's power cables and check the power supply", NULL,
     "Xid 54: the board's extra power connector is not connected."},
    {56, 56, XID_OTHER, HW | DRV, support, NULL, "Xid 56: the display engine failed."},
    {57, 57, XID_OTHER, HW | DRV | VRAM, replace, NULL,
     "Xid 57: the interface to video memory could not be programmed."},
    {58, 58, XID_MEMORY, HW | DRV | VRAM, replace, NULL, NULL},
    {59, 59, XID_OTHER, DRV, support, NULL, NULL},
    {60, 60, XID_OTHER, DRV, support, NULL, NULL},
    {61, 61, XID_OTHER, HW | DRV, reset, NULL, NULL},
    {62, 62, XID_OTHER, HW | DRV | HEAT, reset, NULL, NULL},
    {63, 63, XID_MEMORY, HW | VRAM, "let programs end, then reset the GPU to use the spare row", NULL, NULL},
    {64, 64, XID_MEMORY, HW | VRAM, replace, NULL, NULL},
    {65, 65, XID_OTHER, HW | DRV, support, NULL, NULL},
    {66, 67, XID_OTHER, DRV | APP, support, NULL, "Xid 66, 67: the driver touched something it may not."},
    {68, 68, XID_OTHER, HW | DRV | APP, support, NULL, NULL},
    {69, 69, XID_SHADER, DRV | APP | HW, restart, NULL, NULL},
    {70, 72, XID_FAULT, HW | DRV | APP, restart, NULL, NULL},
    {73, 73, XID_OTHER, HW | DRV, support, NULL, NULL},
    {74, 74, XID_LINK, HW | DRV | BUS, links, NULL, NULL},
    {75, 77, XID_FAULT, HW | DRV | APP, restart, NULL, NULL},
    {78, 78, XID_OTHER, DRV, support, NULL, NULL},
    {79, 79, XID_LOST, HW | DRV | SYS | BUS | HEAT,
     "restart the node (a power cycle, not a reset); check power, seat, risers and temperature", NULL, NULL},
    {80, 80, XID_OTHER, HW | DRV | SYS | BUS | VRAM, replace, NULL, NULL},
    {81, 81, XID_OTHER, HW, support, NULL, NULL},
    {82, 84, XID_OTHER, HW | DRV, support, NULL, NULL},
    {85, 85, XID_FAULT, HW | DRV | APP, restart, NULL, NULL},
    {86, 86, XID_OTHER, HW | DRV, support, NULL, NULL},
    {87, 87, XID_NOTICE, 0, NULL, NULL, NULL},
    {88, 90, XID_OTHER, HW | DRV, support, NULL, NULL},
    {92, 92, XID_MEMORY, HW | HEAT | VRAM, "run diagnostics when the node is free", NULL, NULL},
    {93, 93, XID_NOTICE, HW | DRV, watch, NULL, NULL},
    {94, 94, XID_MEMORY, HW | VRAM, "restart the program that was hit; the others go on", NULL, NULL},
    {95, 95, XID_MEMORY, HW | VRAM, reset, NULL, NULL},
    {96, 105, XID_OTHER, HW | DRV, support, NULL, NULL},
    {106, 107, XID_NOTICE, 0, NULL, NULL, "Xid 106, 107: tests of the board's management interface."},
    {108, 108, XID_LINK, HW | DRV | APP, restart, NULL, NULL},
    {109, 109, XID_OTHER, APP | DRV | HW, restart, NULL,
     "Xid 109: a context switch did not end in time; a kernel that cannot be preempted or an engine that hangs."},
    {110, 110, XID_OTHER, HW, reboot, NULL, NULL},
    {119, 119, XID_GSP, HW | DRV, "reset the GPU; report the RPC history if it comes back", NULL, NULL},
    {120, 120, XID_GSP, HW | DRV, "reset the GPU; report the crash if it comes back", NULL, NULL},
    {121, 121, XID_LINK, HW | BUS, watch, NULL, NULL},
    {122, 124, XID_OTHER, HW | DRV, reset, NULL, NULL},
    {125, 125, XID_OTHER, HW, replace, NULL, NULL},
    {126, 135, XID_FAULT, HW | DRV | APP, restart, NULL, "Xid 126 to 135: copy engines 10 to 19 failed."},
    {136, 136, XID_LINK, HW | BUS, links, NULL, NULL},
    {137, 137, XID_LINK, APP | DRV | HW, debug, NULL, NULL},
    {138, 139, XID_OTHER, HW | DRV, support, NULL, NULL},
    {140, 140, XID_MEMORY, HW | VRAM, reset, NULL, NULL},
    {141, 142, XID_OTHER, HW | DRV, restart, NULL, NULL},
    {143, 143, XID_OTHER, HW | DRV, reset, NULL, NULL},
    {144, 150, XID_LINK, HW | BUS, links, NULL, NULL},
    {151, 151, XID_OTHER, DRV | APP, restart, NULL, NULL},
    {154, 154, XID_NOTICE, 0, "do what it says: the text names the recovery that the GPU needs", NULL, NULL},
    {155, 155, XID_LINK, HW | BUS | DRV, links, NULL, NULL},
    {156, 156, XID_MEMORY, HW | VRAM, reset, NULL, NULL},
    {157, 157, XID_MEMORY, HW | VRAM, replace, NULL, NULL},
    {158, 159, XID_OTHER, HW | DRV | BUS, reset, NULL, NULL},
    {160, 160, XID_MEMORY, HW | VRAM, reset, NULL, NULL},
    {161, 161, XID_MEMORY, HW | VRAM, replace, NULL, NULL},
    {162, 165, XID_NOTICE, HW, watch, NULL, NULL},
    {166, 166, XID_LINK, HW | DRV, links, NULL, NULL},
    {167, 167, XID_OTHER, HW | BUS, reboot, NULL, NULL},
    {168, 168, XID_MEMORY, HW | VRAM, watch, NULL, NULL},
    {169, 169, XID_OTHER, HW | DRV, reset, NULL, NULL},
    {170, 170, XID_LINK, HW | DRV, links, NULL, NULL},
    {171, 172, XID_MEMORY, HW | VRAM, "do what the Xids beside it say (48, 63, 64, 94, 95); it adds detail", NULL, NULL},
    {173, 173, XID_LINK, HW | BUS, reboot, NULL, NULL},
    {174, 174, XID_CLEANUP, APP | DRV, restart, NULL, NULL},
    {175, 175, XID_MEMORY, HW | VRAM, reset, NULL, NULL},
    {176, 176, XID_OTHER, HW | BUS, watch, NULL, NULL},
};
/* clang-format on */

const struct xid_fact *
xid_fact(uint32_t number)
{
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        if (number >= facts[i].first && number <= facts[i].last)
            return &facts[i];
    return NULL;
}

void
xid_describe(uint32_t number, json_t *o)
{
    static const char *const words[] = {"hardware", "driver", "program",     "system memory",
                                        "bus",      "heat",   "video memory"};
    const struct xid_fact *f = xid_fact(number);
    json_t *causes;

    if (!f)
        return;
    if (f->name && !json_object_get(o, "name"))
        json_object_set_new(o, "name", json_string(f->name));
    if (f->doc && !*cli_str(o, "doc"))
        json_object_set_new(o, "doc", json_string(f->doc));
    causes = json_array();
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (f->causes >> i & 1)
            json_array_append_new(causes, json_string(words[i]));
    if (json_array_size(causes))
        json_object_set(o, "causes", causes);
    json_decref(causes);
    if (f->action)
        json_object_set_new(o, "action", json_string(f->action));
}
