/* SPDX-License-Identifier: MIT */
#include "sm_priv.h"

void
sm_timing_check(struct sm_warp *w, const struct sm_uop *u, uint32_t mask)
{
    (void)w;
    (void)u;
    (void)mask;
}
