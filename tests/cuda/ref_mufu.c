/* SPDX-License-Identifier: MIT */
/* The special functions in double precision, and how far from them a card may be: what NVIDIA's
 * PTX manual promises. */
#include <math.h>
#include <stdio.h>

#include "cases.h"
#include "compare.h"

CUDA_REFERENCE(mufu_all);

CUDA_REFERENCE(mufu_all)
{
    const float *in = p[0];
    float *o = p[1];

    for (uint32_t i = 0; i < c->args[2].value; i++, o += 8) {
        double x = in[i];

        o[0] = (float)exp2(x);
        o[1] = (float)log2(x);
        o[2] = (float)sin(x);
        o[3] = (float)cos(x);
        o[4] = (float)(1 / sqrt(x));
        o[5] = (float)(1 / x);
        o[6] = (float)sqrt(x);
        o[7] = (float)tanh(x);
    }
}

/* An error is allowed when it is below either border: absolute, or relative to the right value.
 */
static const struct {
    const char *name;
    double absolute, relative;
} promise[8] = {
    {"ex2",   0,       0x1p-22  },
    {"lg2",   0x1p-22, 0x1p-22  },
    {"sin",   0x1p-17, 0        }, /* inputs up to 40: the turns are rounded before MUFU */
    {"cos",   0x1p-17, 0        },
    {"rsqrt", 0,       0x1.2p-23},
    {"rcp",   0,       0x1p-23  },
    {"sqrt",  0,       0x1p-22  },
    {"tanh",  0x1p-20, 0x1p-10  },
};

static bool
close_enough(float card, float ours, double absolute, double relative)
{
    double off = fabs((double)card - (double)ours);

    if (isnan(ours) || isinf(ours) || isnan(card) || isinf(card))
        return (isnan(card) && isnan(ours)) || card == ours;
    return off <= absolute || off <= relative * fabs((double)ours);
}

bool
cuda_compare_mufu(const float *card, const float *ours, size_t n, char *why, size_t why_bytes)
{
    for (size_t i = 0; i < n; i++) {
        if (close_enough(card[i], ours[i], promise[i % 8].absolute, promise[i % 8].relative))
            continue;
        (void)snprintf(why, why_bytes, "%s of input %zu: the card says %a, it is %a",
                       promise[i % 8].name, i / 8, (double)card[i], (double)ours[i]);
        return false;
    }
    return true;
}
