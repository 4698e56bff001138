/* SPDX-License-Identifier: MIT */
/*
 * Names of CrashCat's numbers, in our own words.
 */
#include <gsp/crash.h>

#define UNKNOWN "unknown"

enum { INTERRUPT_SHIFT = 63 };

/* The i-th name of a table with holes. */
static const char *
name_at(const char *const *names, size_t count, uint64_t i)
{
    return i < count && names[i] ? names[i] : UNKNOWN;
}
#define NAME_AT(names, i) name_at(names, sizeof(names) / sizeof((names)[0]), i)

const char *
gsp_crash_aperture_name(enum gsp_crash_aperture aperture)
{
    static const char *const names[] = {"system memory", "FB", "DMEM", "EMEM"};

    return NAME_AT(names, aperture);
}

const char *
gsp_crash_writer_name(enum gsp_crash_writer writer)
{
    static const char *const names[] = {UNKNOWN, "libos 2", "libos 3"};

    return NAME_AT(names, writer);
}

const char *
gsp_crash_mode_name(enum gsp_crash_writer writer, enum gsp_crash_mode mode)
{
    static const char *const names[] = {"unspecified", "monitor", "kernel", "task"};

    if (writer == GSP_CRASH_LIBOS2 && mode == GSP_CRASH_MODE_M)
        return "kernel"; /* libos 2 runs its kernel in machine mode */
    return NAME_AT(names, mode);
}

const char *
gsp_crash_cause_name(enum gsp_crash_cause cause)
{
    static const char *const names[] = {"exception", "timeout", "panic", "watchdog"};

    return NAME_AT(names, cause);
}

static const char *const reasons2[] = {
    "unspecified",
    "a task crashed beyond recovery",
    "a state that is not handled",
    "an invalid configuration",
    "a fatal hardware error",
    "not enough resources",
    "a timeout",
    "an environment call failed",
    "the stack was overwritten",
    "a memory access outside of its object",
    "a test",
    "a programming error",
    "an assertion failed",
};

static const char *const reasons3[] = {
    [0x0] = "unspecified",
    [0x1] = "a state that is not handled",
    [0x2] = "an invalid configuration",
    [0x3] = "a fatal hardware error",
    [0x4] = "not enough resources",
    [0x5] = "a timeout",
    [0x6] = "an environment call failed",
    [0x8] = "a memory access outside of its object",
    [0xa] = "a programming error",
    [0xb] = "an assertion failed",
    [0xc] = "a trap that the kernel does not handle",
    [0xd] = "an instruction could not be fetched",
};

const char *
gsp_crash_reason_name(enum gsp_crash_writer writer, unsigned reason)
{
    if (writer == GSP_CRASH_LIBOS2)
        return NAME_AT(reasons2, reason);
    return writer == GSP_CRASH_LIBOS3 ? NAME_AT(reasons3, reason) : UNKNOWN;
}

const char *
gsp_crash_containment_name(unsigned containment)
{
    static const char *const names[16] = {
        "unspecified", "machine mode", "supervisor mode",
        "user mode",   "one core",     [15] = "uncontained",
    };

    return NAME_AT(names, containment);
}

const char *
gsp_crash_riscv_cause_name(uint64_t cause)
{
    static const char *const interrupts[] = {
        "user software interrupt",           "supervisor software interrupt",
        [3] = "machine software interrupt",  [4] = "user timer interrupt",
        [5] = "supervisor timer interrupt",  [7] = "machine timer interrupt",
        [8] = "user external interrupt",     [9] = "supervisor external interrupt",
        [11] = "machine external interrupt",
    };
    static const char *const exceptions[] = {
        "instruction address misaligned",
        "instruction access fault",
        "illegal instruction",
        "breakpoint",
        "load address misaligned",
        "load access fault",
        "store address misaligned",
        "store access fault",
        "call from user mode",
        "call from supervisor mode",
        [11] = "call from machine mode",
        [12] = "instruction page fault",
        [13] = "load page fault",
        [15] = "store page fault",
    };
    const uint64_t code = cause & ~(1ull << INTERRUPT_SHIFT);

    return cause >> INTERRUPT_SHIFT ? NAME_AT(interrupts, code) : NAME_AT(exceptions, code);
}

const char *
gsp_crash_gpr_name(unsigned i)
{
    static const char *const names[GSP_CRASH_GPRS] = {
        "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0", "a1",
        "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5", "s6",
        "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    };

    return NAME_AT(names, i);
}

const char *
gsp_crash_csr_name(enum gsp_crash_mode mode, unsigned i)
{
    static const char *const names[][GSP_CRASH_CSRS] = {
        {"xstatus", "xie", "xip", "xepc", "xtval",    "xcause", "xscratch"},
        {"mstatus", "mie", "mip", "mepc", "mbadaddr", "mcause", "mscratch"},
        {"sstatus", "sie", "sip", "sepc", "stval",    "scause", "sscratch"},
    };
    const unsigned row = mode == GSP_CRASH_MODE_M ? 1 : mode == GSP_CRASH_MODE_S ? 2 : 0;

    return NAME_AT(names[row], i);
}

/* osinit.c numbers its stages in groups of sixteen. */
const char *
gsp_crash_init_name(uint32_t stage)
{
    static const struct {
        uint32_t stage;
        const char *name;
    } stages[] = {
        {0x10, "mapping the registers"                          },
        {0x11, "preparing the system's resources"               },
        {0x20, "creating the GPU object"                        },
        {0x21, "creating the device object"                     },
        {0x22, "attaching the GPU"                              },
        {0x23, "preparing the engines"                          },
        {0x24, "initialising the engines"                       },
        {0x25, "loading the engines"                            },
        {0x26, "setting up DMA (535: checking the GPU)"         },
        {0x27, "making all memory visible (535: setting up DMA)"},
        {0x30, "reading the VBIOS"                              },
        {0x31, "running the VBIOS"                              },
        {0x32, "emulating the VBIOS"                            },
        {0x40, "setting up several GPUs as one"                 },
        {0x41, "starting the watchdog"                          },
        {0x42, "allocating RM's own client"                     },
        {0x43, "asking RM about the GPU"                        },
        {0x60, "deciding about GSP firmware"                    },
        {0x61, "finding GSP firmware"                           },
        {0x62, "starting GSP firmware"                          },
    };

    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
        if (stages[i].stage == stage)
            return stages[i].name;
    return NULL;
}
