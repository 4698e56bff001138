/* SPDX-License-Identifier: MIT */
/* Reading push buffers: headers, the methods they call, and the classes bound on the way. */
#include <nvmem/push.h>

#include "push_priv.h"

#define SET_OBJECT  0
#define HOST_END    0x100 /* methods below are the channel's own */
#define NEWEST_HOST 0xca6f

void
nvmem_push_open(struct nvmem_push_reader *r, struct nvmem_push_state *state,
                const uint32_t *words, size_t count)
{
    *r = (struct nvmem_push_reader){
        .state = state, .words = words, .count = count, .guess_host = state->host == NULL};
    if (!state->host)
        state->host = nvrm_hw_class(NEWEST_HOST);
}

/* Classes by the generation of the chips that have them. */
enum { TURING = 1, AMPERE = 2, HOPPER = 4, BLACKWELL_A = 8, BLACKWELL_B = 16 };

static const struct {
    uint16_t id, generation;
} classes[] = {
    {0xc5b5, TURING     },
    {0xc5c0, TURING     },
    {0xc597, TURING     },
    {0xc6b5, AMPERE     },
    {0xc6c0, AMPERE     },
    {0xc697, AMPERE     },
    {0xc7b5, AMPERE     },
    {0xc7c0, AMPERE     },
    {0xc797, AMPERE     },
    {0xc9c0, AMPERE     },
    {0xc997, AMPERE     },
    {0xc8b5, HOPPER     },
    {0xcbc0, HOPPER     },
    {0xcb97, HOPPER     },
    {0xc9b5, BLACKWELL_A},
    {0xcdc0, BLACKWELL_A},
    {0xcd97, BLACKWELL_A},
    {0xcab5, BLACKWELL_B},
    {0xcec0, BLACKWELL_B},
    {0xce97, BLACKWELL_B},
};

/* Channel classes, the newest last: chips from Hopper on take those of Ampere as well. */
static const struct {
    uint16_t id, generations;
} hosts[] = {
    {0xc46f, TURING                                     },
    {0xc76f, AMPERE                                     },
    {0xc56f, AMPERE | HOPPER | BLACKWELL_A | BLACKWELL_B},
    {0xc86f, HOPPER | BLACKWELL_A | BLACKWELL_B         },
    {0xc96f, BLACKWELL_A | BLACKWELL_B                  },
    {0xca6f, BLACKWELL_B                                },
};

/* 0 for classes that every generation has. */
static uint16_t
generation_of(uint32_t id)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (classes[i].id == id)
            return classes[i].generation;
    return 0;
}

bool
nvmem_push_goes_with(const struct nvrm_hw_class *host, const struct nvrm_hw_class *c)
{
    const uint16_t generation = generation_of(c->id);

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (hosts[i].id == host->id)
            return !generation || (hosts[i].generations & generation);
    return true;
}

/* A class that only some chips have says which channel class this is. */
static void
guess_host(struct nvmem_push_reader *r, uint32_t data)
{
    const uint16_t generation = generation_of(data & 0xffff);

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (hosts[i].generations & generation) {
            r->state->host = nvrm_hw_class(hosts[i].id);
            r->guess_host = false;
        }
}

static void
bind(struct nvmem_push_state *s, unsigned subch, uint32_t data)
{
    s->bound_id[subch] = (uint16_t)data;
    s->bound[subch] = nvrm_hw_class(data & 0xffff);
}

/* The words of a header that cannot be followed, and of its data, one at a time. */
static bool
bad(struct nvmem_push_reader *r, const char *why, size_t data_words,
    struct nvmem_push_call *out)
{
    *out = (struct nvmem_push_call){
        .kind = NVMEM_PUSH_BAD, .word = r->at, .raw = r->words[r->at], .why = why};
    r->at++;
    r->bad = (uint32_t)(data_words < r->count - r->at ? data_words : r->count - r->at);
    return true;
}

static bool
finish(struct nvmem_push_reader *r, uint32_t data, struct nvmem_push_call *out)
{
    struct nvmem_push_call *run = &r->run;

    run->data = data;
    if (run->method == SET_OBJECT && r->guess_host)
        guess_host(r, data);
    run->cl = run->method < HOST_END ? r->state->host : r->state->bound[run->subch];
    run->item = run->cl ? nvrm_hw_method(run->cl, run->method, &run->i, &run->j) : NULL;
    if (run->first)
        run->head = run->cl;
    if (run->method == SET_OBJECT)
        bind(r->state, run->subch, data);
    *out = *run;
    return true;
}

/* The next word of data. */
static bool
step(struct nvmem_push_reader *r, struct nvmem_push_call *out)
{
    struct nvmem_push_call *run = &r->run;
    bool ok;

    run->word = r->at++;
    r->left--;
    ok = finish(r, r->words[run->word], out);
    if (run->op == NVMEM_PUSH_INC || (run->op == NVMEM_PUSH_ONCE && run->first))
        run->method = (run->method + 4) & 0x3ffc;
    run->first = false;
    return ok;
}

static bool
header(struct nvmem_push_reader *r, struct nvmem_push_call *out)
{
    const uint32_t w = r->words[r->at];
    const uint32_t op = w >> 29, count = w >> 16 & NVMEM_PUSH_COUNT_MAX;

    *out = (struct nvmem_push_call){.word = r->at, .raw = w};
    if (w == 0 || w == UINT32_C(7) << 29) {
        out->kind = w ? NVMEM_PUSH_SEGMENT : NVMEM_PUSH_NOP;
        r->at = w ? r->count : r->at + 1;
        return true;
    }
    if (op == 0 || op == 2)
        return bad(r, "a header of the old forms (sub-device masks)", 0, out);
    if (op > 5)
        return bad(r, "no operation has this number", 0, out);
    if (w & 0x1000)
        return bad(r, "bit 12 of a header is reserved", op == NVMEM_PUSH_IMM ? 0 : count, out);
    r->run = (struct nvmem_push_call){.kind = NVMEM_PUSH_CALL,
                                      .word = r->at,
                                      .first = true,
                                      .op = (enum nvmem_push_op)op,
                                      .subch = w >> 13 & 7,
                                      .method = (w & 0xfff) << 2,
                                      .count = count};
    if (op == NVMEM_PUSH_IMM) {
        r->at++;
        return finish(r, count, out);
    }
    if (count == 0)
        return bad(r, "a header with a count of 0", 0, out);
    if (count > r->count - r->at - 1) {
        (void)bad(r, "the data of this header goes past the end", count, out);
        out->truncated = true;
        return true;
    }
    r->at++;
    r->left = count;
    return step(r, out);
}

bool
nvmem_push_next(struct nvmem_push_reader *r, struct nvmem_push_call *call_out)
{
    if (r->at >= r->count)
        return false;
    if (r->bad) {
        const uint32_t left = r->bad - 1;

        (void)bad(r, NULL, 0, call_out);
        r->bad = left;
        return true;
    }
    return r->left ? step(r, call_out) : header(r, call_out);
}
