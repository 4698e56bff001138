/* SPDX-License-Identifier: MIT */
/*
 * Examples of the verbs: what help prints and a test runs, from the root of the repository.
 */
#include <string.h>

#include "help_name.h"

static const struct {
    const char *verb, *line;
} examples[] = {
    {"list",       "list"                                                                     },
    {"list",       "list --faults"                                                            },
    {"info",       "-t emu:GH100 info"                                                        },
    {"info",       "-j -F 570.144 info"                                                       },
    {"schema",     "schema search '*FB_GET_INFO*'"                                            },
    {"schema",     "schema show NV2080_CTRL_CMD_FB_GET_INFO_V2"                               },
    {"schema",     "schema diff 570.144 580.65.06 'NV2080_CTRL_FB_*'"                         },
    {"explain",    "explain status 0x56"                                                      },
    {"explain",    "explain xid 13"                                                           },
    {"alloc",      "alloc FERMI_VASPACE_A"                                                    },
    {"alloc",      "-e 'vas = alloc device FERMI_VASPACE_A' -e tree -e 'free $vas'"           },
    {"free",       "-e 'alloc device FERMI_VASPACE_A --as vas' -e 'free vas'"                 },
    {"dup",        "-e 'alloc device FERMI_VASPACE_A --as vas' -e 'dup device vas --as twin'" },
    {"ctl",        "ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING"                        },
    {"ctl",        "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 fbInfoListSize=1 "
            "fbInfoList[0].index=TOTAL_RAM_SIZE"                                   },
    {"ctl",        "-j ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 '{\"fbInfoListSize\": 1}'"},
    {"rpc",        "--dry-run rpc GSP_RM_CONTROL cmd=0x20800110"                              },
    {"tree",       "tree --params"                                                            },
    {"tree",       "-e 'run tests/cli/data/leaks.json' -e 'tree --leaks'"                     },
    {"tree",       "tree --dot"                                                               },
    {"event",      "event watch --trigger --count 1"                                          },
    {"run",        "run examples/bringup.json"                                                },
    {"run",        "run --check -F all examples/bringup.json"                                 },
    {"health",     "health emu:AD102"                                                         },
    {"health",     "health --limit temperature_warning=80 --skip throttle emu:AD102"          },
    {"metrics",    "metrics emu:GH100"                                                        },
    {"metrics",    "metrics --textfile /tmp/nvrm.prom"                                        },
    {"top",        "top --once emu:GH100 emu:AD102"                                           },
    {"broker",     "broker < /dev/null"                                                       },
    {"boot",       "boot plan AD102"                                                          },
    {"boot",       "boot run --until riscv-active"                                            },
    {"log",        "log gsp --count"                                                          },
    {"pci",        "pci list"                                                                 },
    {"vbios",      "vbios info prom"                                                          },
    {"fw",         "fw synth --chip AD102 --release 570.144 --to /tmp/nvrm-synth"             },
    {"push",       "push dis tests/cli/data/copy.push"                                        },
    {"push",       "push asm tests/cli/data/copy.txt"                                         },
    {"push",       "push lint tests/cli/data/copy.push"                                       },
    {"sass",       "sass dis tests/cuda/cubin/saxpy.sm_89.cubin"                              },
    {"sass",       "sass asm --sm 86 tests/cli/data/countdown.sass"                           },
    {"sass",       "sass forms --sm 86 IADD3"                                                 },
    {"gen",        "gen c NV2080_CTRL_CMD_FB_GET_INFO_V2"                                     },
    {"launch",     "launch tests/cuda/cubin/saxpy.sm_89.cubin --list"                         },
    {"vm",         "-e 'vm map a 4M' -e 'vm walk a+0x1000' -e 'vm dump'"                      },
    {"vm",         "-t emu:GH100 -e 'vm map a 64K --sparse' -e 'vm check'"                    },
    {"mem",        "mem copy 16M 16M --verify"                                                },
    {"mem",        "-e 'mem alloc 64K --name a' -e 'mem write a 0xcafe' -e 'mem read a 16'"   },
    {"mem",        "mem heaps"                                                                },
    {"chan",       "-e 'chan create copy' -e 'chan list'"                                     },
    {"chan",       "chan inject-fault copy mmu"                                               },
    {"trace",      "--record /tmp/nvrm-example.trace info"                                    },
    {"trace",      "trace show /tmp/nvrm-example.trace"                                       },
    {"trace",      "-t replay:/tmp/nvrm-example.trace info"                                   },
    {"policy",     "policy show"                                                              },
    {"policy",     "policy check NV2080_CTRL_CMD_EVENT_SET_TRIGGER"                           },
    {"save",       "-e 'vas = alloc FERMI_VASPACE_A' -e 'save /dev/null'"                     },
    {"shell",      "shell < /dev/null"                                                        },
    {"vars",       "-e 'n = ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING' "
             "-e 'vars n.gpuNameString.ascii'"                                    },
    {"watch",      "watch -n 0.1 --count 3 ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING" },
    {"history",    "-e info -e history"                                                       },
    {"rerun",      "-e 'explain xid 13' -e rerun"                                             },
    {"source",     "source examples/first.nvrm"                                               },
    {"completion", "completion bash"                                                          },
    {"edit",       "edit examples/first.nvrm"                                                 },
    {"help",       "help NV2080_CTRL_CMD_FB_GET_INFO_V2"                                      },
    {"help",       "help GspSystemInfo"                                                       },
    {"help",       "help NV_PMC_BOOT_42=0x192000a1"                                           },
    {"help",       "help NVC7B5_LAUNCH_DMA=0x182"                                             },
    {"help",       "help xid 13"                                                              },
};

const char *
help_example(const char *verb, unsigned i)
{
    for (size_t k = 0; k < sizeof(examples) / sizeof(examples[0]); k++) {
        if (!strcmp(examples[k].verb, verb) && !i--)
            return examples[k].line;
    }
    return NULL;
}
