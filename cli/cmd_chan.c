/* SPDX-License-Identifier: MIT */
/*
 * chan: channels, raw work for them, and faults on purpose.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <nvrm/cl/clc7b5.h>
#include <rm/name.h>

#include "cmds.h"
#include "subverb.h"
#include "work.h"

enum { WORDS_MAX = 4096 };

static int
check_words(struct cli *cli, int *argc, char **argv, int least, int most)
{
    int rc = cli_check_args(cli, &cmd_chan, argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (*argc < least)
        return cli_usage(cli, "nvrm-cli help chan", "chan %s needs more words", argv[1]);
    if (*argc > most)
        return cli_usage(cli, "nvrm-cli help chan", "chan %s: '%s' is one word too many",
                         argv[1], argv[most]);
    return CLI_OK;
}

static const char *const works[] = {"copy", "compute", "3d", NULL};

static bool
parse_work(const char *text, enum nvmem_work *out)
{
    for (unsigned i = 0; works[i]; i++)
        if (!strcmp(text, works[i])) {
            *out = (enum nvmem_work)i;
            return true;
        }
    return false;
}

static json_t *
row_of(const struct work_item *item)
{
    struct nvmem_channel_stat s;

    nvmem_channel_stat(item->channel, &s);
    return json_pack("{s:s, s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "name", item->name,
                     "handle", cli_hex32(nvmem_channel_handle(item->channel)), "engine",
                     (json_int_t)nvmem_channel_engine(item->channel), "token",
                     cli_hex32(nvmem_channel_token(item->channel)), "submitted",
                     (json_int_t)s.submitted, "done", (json_int_t)s.done, "get",
                     (json_int_t)s.get, "put", (json_int_t)s.put, "entries",
                     (json_int_t)s.entries, "xid", (json_int_t)s.xid);
}

/* A kind of work instead of a name makes a channel for this one command. */
static int
find(struct work *w, const char *word, struct work_item **item_out, struct gsp_error *err)
{
    struct nvmem_channel_config c = {0};
    struct nvmem_channel *ch = NULL;
    int rc;

    if (!parse_work(word, &c.work) || work_channel(w, word, item_out, NULL) == 0)
        return work_channel(w, word, item_out, err);
    c.name = word;
    rc = nvmem_channel_create(work_device(w), &c, &ch, err);
    return rc < 0 ? rc : work_add(w, NULL, NULL, ch, item_out, err);
}

/* create, free, list */

static int
small_option(struct cli *cli, int *argc, char **argv, const char *option, uint32_t *out)
{
    uint64_t value = *out;
    int rc = work_size_option(cli, argc, argv, option, &value);

    if (rc == CLI_OK && value > UINT32_MAX)
        return cli_usage(cli, "a smaller number", "%s: too large", option);
    *out = (uint32_t)value;
    return rc;
}

static int
create_options(struct cli *cli, int *argc, char **argv, struct nvmem_channel_config *c)
{
    const struct {
        const char *option;
        uint32_t *to;
    } rows[] = {
        {"--engine",    &c->engine      },
        {"--ring",      &c->ring_entries},
        {"--push",      &c->push_bytes  },
        {"--timeslice", &c->timeslice_us},
        {"--priority",  &c->priority    },
    };
    char *name = NULL;
    int rc = cli_value(cli, argc, argv, "--name", &name);

    c->name = name;
    c->lint = cli_flag(argc, argv, "--lint");
    c->bare = cli_flag(argc, argv, "--bare");
    for (size_t i = 0; rc == CLI_OK && i < sizeof(rows) / sizeof(*rows); i++)
        rc = small_option(cli, argc, argv, rows[i].option, rows[i].to);
    return rc;
}

static int
chan_create(struct cli *cli, int argc, char **argv)
{
    struct nvmem_channel_config c = {0};
    struct nvmem_channel *ch = NULL;
    struct gsp_error err = {0};
    struct work_item *item;
    struct work *w;
    int rc = create_options(cli, &argc, argv, &c);

    if (rc == CLI_OK)
        rc = check_words(cli, &argc, argv, 2, 3);
    if (rc != CLI_OK)
        return rc;
    if (argc > 2 && !parse_work(argv[2], &c.work))
        return cli_usage(cli, "copy, compute or 3d", "chan create: '%s' is no kind of work",
                         argv[2]);
    if (work_get(cli, &w, &err) < 0 ||
        nvmem_channel_create(work_device(w), &c, &ch, &err) < 0 ||
        work_add(w, c.name, NULL, ch, &item, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = row_of(item)});
}

static int
chan_free(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work_item *item;
    struct work *w;
    int rc = check_words(cli, &argc, argv, 3, 3);

    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0 || work_channel(w, argv[2], &item, &err) < 0 ||
        work_remove(w, item, &err) < 0)
        return cli_fail(cli, &err);
    return CLI_OK;
}

static int
chan_list(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work *w;
    json_t *rows;
    int rc = check_words(cli, &argc, argv, 2, 2);

    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0)
        return cli_fail(cli, &err);
    rows = json_array();
    for (const struct work_item *i = work_first(w); i; i = i->next)
        if (i->channel)
            json_array_append_new(rows, row_of(i));
    return work_emit_rows(cli, rows);
}

/* submit */

/* PLACE.hi and PLACE.lo: the halves of an address in a buffer, which is used from then on. */
static int
address_half(struct work *w, struct nvmem_channel *ch, const char *word, const char *dot,
             uint32_t *out, struct gsp_error *err)
{
    struct work_place p;
    uint64_t va;
    char place[80];
    int rc;

    snprintf(place, sizeof(place), "%.*s", (int)(dot - word), word);
    rc = work_place(w, place, &p, err);
    if (rc == 0)
        rc = nvmem_channel_use(ch, p.item->buffer, err);
    if (rc < 0)
        return rc;
    va = nvmem_buffer_gpu_va(p.item->buffer) + p.offset;
    *out = dot[1] == 'h' ? (uint32_t)(va >> 32) : (uint32_t)va;
    return 0;
}

static int
parse_word(struct work *w, struct nvmem_channel *ch, const char *word, uint32_t *out,
           struct gsp_error *err)
{
    const char *dot = strrchr(word, '.');
    int rc;

    if (dot && (!strcmp(dot, ".hi") || !strcmp(dot, ".lo")))
        return address_half(w, ch, word, dot, out, err);
    if (rm_parse_u32(word, out))
        return 0;
    rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' is no word of a push buffer", word);
    gsp_hint(err, "numbers of 32 bits; b1.hi and b1+64.lo are the halves of addresses");
    return rc;
}

static int
push_words(struct work *w, struct nvmem_channel *ch, int argc, char **argv,
           struct gsp_error *err)
{
    uint32_t words[WORDS_MAX];
    int rc = 0;

    for (int i = 0; i < argc && rc == 0; i++)
        rc = i < WORDS_MAX
                 ? parse_word(w, ch, argv[i], &words[i], err)
                 : gsp_fail(err, GSP_ORIGIN_INPUT, -E2BIG,
                            "more than %d words: --from FILE takes any number", WORDS_MAX);
    return rc < 0 ? rc : nvmem_channel_push(ch, words, (uint32_t)argc, err);
}

static int
push_file(struct nvmem_channel *ch, const char *path, struct gsp_error *err)
{
    size_t bytes = 0;
    char *data = cli_read_file(path, &bytes, err);
    int rc;

    if (!data)
        return err->rc;
    if (!bytes || bytes % 4)
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                      "%s has %zu bytes: a push buffer is words of 4", path, bytes);
    else
        rc = nvmem_channel_push(ch, (const uint32_t *)(const void *)data, (uint32_t)bytes / 4,
                                err);
    free(data);
    return rc;
}

static int
emit_fence(struct cli *cli, const struct work_item *item, const struct nvmem_fence *f)
{
    return cli_emit(cli,
                    &(struct cli_doc){
                        .json = json_pack("{s:s, s:I, s:b}", "channel", item->name, "fence",
                                          (json_int_t)f->value, "done", nvmem_fence_done(f))});
}

static int
chan_submit(struct cli *cli, int argc, char **argv)
{
    const bool wait = cli_flag(&argc, argv, "--wait");
    struct gsp_error err = {0};
    struct work_item *item;
    struct nvmem_fence f;
    char *path = NULL;
    struct work *w;
    int rc = cli_value(cli, &argc, argv, "--from", &path);

    if (rc == CLI_OK)
        rc = check_words(cli, &argc, argv, path ? 3 : 4, path ? 3 : argc);
    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0 || find(w, argv[2], &item, &err) < 0)
        return cli_fail(cli, &err);
    if ((path ? push_file(item->channel, path, &err)
              : push_words(w, item->channel, argc - 3, argv + 3, &err)) < 0) {
        nvmem_channel_abandon(item->channel);
        return cli_fail(cli, &err);
    }
    if (nvmem_channel_submit(item->channel, &f, &err) < 0 ||
        (wait && nvmem_fence_wait(&f, cli->options.timeout_ns, &err) < 0))
        return cli_fail(cli, &err);
    return emit_fence(cli, item, &f);
}

static int
chan_wait(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work_item *item;
    struct nvmem_fence f;
    uint64_t value = 0;
    struct work *w;
    int rc = work_size_option(cli, &argc, argv, "--fence", &value);

    if (rc == CLI_OK)
        rc = check_words(cli, &argc, argv, 3, 3);
    if (rc != CLI_OK)
        return rc;
    if (work_get(cli, &w, &err) < 0 || work_channel(w, argv[2], &item, &err) < 0)
        return cli_fail(cli, &err);
    f = nvmem_channel_last(item->channel);
    if (value > f.value)
        return cli_usage(cli, "chan list shows how far each is",
                         "chan wait: %s was given %" PRIu64 " submissions", item->name,
                         f.value);
    f.value = value ? value : f.value;
    if (nvmem_fence_wait(&f, cli->options.timeout_ns, &err) < 0)
        return cli_fail(cli, &err);
    return emit_fence(cli, item, &f);
}

/* inject-fault: work that a card stops a channel for */

#define COPY(method, count) (1u << 29 | (count) << 16 | NVMEM_SUBCH_COPY << 13 | (method) >> 2)

static const struct fault {
    const char *name, *what;
    uint32_t words[12];
    unsigned count;
} faults[] = {
    {"mmu",
     "a copy from an address where nothing is", {COPY(NVC7B5_OFFSET_IN_UPPER, 4), 0x7, 0xdead0000, 0x7, 0xdead1000,
      COPY(NVC7B5_LINE_LENGTH_IN, 1), 4, COPY(NVC7B5_LAUNCH_DMA, 1), 0x186},
     9                                                                                                                       },
    {"pbdma",  "a word that is no header",      {0xc0000000},                                                               1},
    {"class",  "a class that no card has",      {0x20010000 | 5 << 13, 0xffff},                                             2},
    {"launch",
     "a copy of no lines at all",               {COPY(NVC7B5_OFFSET_IN_UPPER, 4), 0x7, 0xdead0000, 0x7, 0xdead1000,
      COPY(NVC7B5_LINE_LENGTH_IN, 2), 4, 0, COPY(NVC7B5_LAUNCH_DMA, 1), 0x386},
     10                                                                                                                      },
};
enum { FAULTS = sizeof(faults) / sizeof(*faults) };

/* Other channels go on: a fill of a page on the one that copies go through. */
static bool
others_go_on(struct work *w)
{
    const struct nvmem_buffer_config config = {.bytes = 4096,
                                               .placement = NVMEM_PLACE_COHERENT};
    struct nvmem_buffer *b = NULL;
    struct nvmem_channel *ch;
    uint32_t got = 0;
    bool good;

    if (work_copies(w, &ch, NULL) < 0 ||
        nvmem_buffer_create(work_device(w), &config, &b, NULL) < 0)
        return false;
    good = nvmem_fill(ch, b, 0, 4096, 0x5a5a5a5a, 4, NULL) == 0 &&
           nvmem_channel_submit(ch, NULL, NULL) == 0 && nvmem_channel_idle(ch, 0, NULL) == 0 &&
           nvmem_buffer_read(b, 4092, &got, 4, NULL) == 0 && got == 0x5a5a5a5a;
    nvmem_buffer_unref(b, NULL);
    return good;
}

static int
strike(struct cli *cli, struct work *w, struct work_item *item, const struct fault *f)
{
    struct gsp_error err = {0};
    struct nvmem_channel_stat s;
    struct nvmem_channel *copies;
    int rc;

    if (work_copies(w, &copies, &err) < 0 || /* it was there before */
        nvmem_channel_push(item->channel, f->words, f->count, &err) < 0 ||
        nvmem_channel_submit(item->channel, NULL, &err) < 0)
        return cli_fail(cli, &err);
    rc = nvmem_channel_idle(item->channel, cli->options.timeout_ns, &err);
    if (rc == 0)
        gsp_fail(&err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s: the card did not mind %s",
                 item->name, f->what);
    if (rc != -EIO)
        return cli_fail(cli, &err);
    nvmem_channel_stat(item->channel, &s);
    return cli_emit(
        cli,
        &(struct cli_doc){.json = json_pack("{s:s, s:s, s:I, s:s, s:b}", "channel", item->name,
                                            "fault", f->what, "xid", (json_int_t)s.xid, "error",
                                            err.text, "others_go_on", others_go_on(w))});
}

static int
chan_inject(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct work_item *item;
    struct work *w;
    unsigned i = 0;
    int rc = check_words(cli, &argc, argv, 4, 4);

    if (rc != CLI_OK)
        return rc;
    while (i < FAULTS && strcmp(argv[3], faults[i].name) != 0)
        i++;
    if (i == FAULTS)
        return cli_usage(cli, "mmu, pbdma, class or launch",
                         "chan inject-fault: '%s' is no fault", argv[3]);
    if (work_get(cli, &w, &err) < 0 || find(w, argv[2], &item, &err) < 0)
        return cli_fail(cli, &err);
    return strike(cli, w, item, &faults[i]);
}

/* The table */

static const struct cli_subverb verbs[] = {
    {"create",       chan_create},
    {"submit",       chan_submit},
    {"wait",         chan_wait  },
    {"list",         chan_list  },
    {"inject-fault", chan_inject},
    {"free",         chan_free  },
};

static int
cmd_chan_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    return verb ? verb->run(cli, argc, argv) : rc;
}

const struct nvrm_cmd cmd_chan = {
    .name = "chan",
    .args = "create|submit|wait|list|inject-fault|free [ARGS...]",
    .options = "--name NAME, --engine N, --ring N, --push SIZE, --timeslice US, --priority N, "
               "--lint, --bare, --from FILE, --wait, --fence N",
    .help = "channels: make them, send words, wait, and provoke faults",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_chan_run,
};
