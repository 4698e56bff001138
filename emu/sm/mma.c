/* SPDX-License-Identifier: MIT */
#include "decode.h"

sm_exec
sm_mma_of(struct sm_dec *d)
{
    (void)d;
    return NULL;
}
