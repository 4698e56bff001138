/* SPDX-License-Identifier: MIT */
/*
 * What GSP-RM asks of the CPU before it reports INIT_DONE: to run the commands of a CPU
 * sequencer event (up to 590) or to load and run a signed binary (from 595 on).
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

bool
emu_seq_before_init_done(struct emu_gpu *gpu)
{
    (void)gpu;
    return false;
}

void
emu_seq_poll(struct emu_gpu *gpu)
{
    (void)gpu;
}

bool
emu_seq_resume(struct emu_gpu *gpu)
{
    (void)gpu;
    return false;
}
