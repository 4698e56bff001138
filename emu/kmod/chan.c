/* SPDX-License-Identifier: MIT */
/*
 * Channels as the module makes them: handles of memory become addresses before GSP-RM sees the
 * parameters, the work-submit token is complete, and a doorbell is a page that the program
 * maps.
 *
 * Nobody tells the module that a mapped page was written. A thread looks: a token in the page
 * is taken out, and every channel that may run is asked whether its ring has something new.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    DOORBELL = 0x90, /* NOTIFY_CHANNEL_PENDING, dev_usermode.h of the class headers */
    TIME_0 = 0x80,
    TIME_1 = 0x84,
    SPINS = 2000,
    SPACE_SYSMEM = 1,
    SPACE_FBMEM = 2,
};
#define NO_TOKEN 0xffffffffu

/* Parameters */

static void
describe(struct kmod_client *client, struct emu_wire *p, const char *to, uint32_t handle,
         uint64_t offset)
{
    const struct kmod_object *o = kmod_object(client, handle);
    const struct kmod_memory *m = o && o->kind == KMOD_MEMORY ? o->u.memory : NULL;

    if (!m || offset >= m->bytes)
        return;
    emu_set(p, m->addr + offset, "%s.base", to);
    emu_set(p, m->bytes - offset, "%s.size", to);
    emu_set(p, m->system ? SPACE_SYSMEM : SPACE_FBMEM, "%s.addressSpace", to);
    emu_set(p, 0, "%s.cacheAttrib", to);
}

/* A program's parameters never carry addresses: what it put there is not looked at. */
void
kmod_channel_params(struct kmod_client *client, struct emu_wire *p)
{
    static const char *const own[] = {"instanceMem", "userdMem", "ramfcMem", "mthdbufMem",
                                      "errorNotifierMem"};

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
        emu_set(p, 0, "%s.base", own[i]);
        emu_set(p, 0, "%s.size", own[i]);
        emu_set(p, 0, "%s.addressSpace", own[i]);
    }
    describe(client, p, "userdMem", (uint32_t)emu_get(p, "hUserdMemory[0]"),
             emu_get(p, "userdOffset[0]"));
    describe(client, p, "errorNotifierMem", (uint32_t)emu_get(p, "hObjectError"), 0);
}

static uint32_t
token_of(const struct emu_gpu *gpu, const struct emu_channel *ch)
{
    uint32_t token = ch->object->u.channel.chid;

    if (gpu->card->architecture >= 0x17)
        token |= ch->object->u.channel.runlist << 16;
    return token | (gpu->card->architecture >= 0x1b ? 1u << 30 : 0);
}

uint32_t
kmod_channel_token(struct kmod_card *card, uint32_t client, uint32_t handle)
{
    const struct emu_object *o = emu_object_find(card->gpu, client, handle);

    return o && o->u.channel.host ? token_of(card->gpu, o->u.channel.host) : NO_TOKEN;
}

/* The doorbell */

static void
let_run(struct kmod_card *card)
{
    struct emu_gpu *gpu = card->gpu;

    for (const struct emu_channel *ch = gpu->host.channels; ch; ch = ch->next)
        if (!ch->dead && emu_host_enabled(ch))
            emu_host_doorbell(gpu, token_of(gpu, ch));
}

static void
tell_time(struct kmod_card *card)
{
    const uint64_t now = emu_now_ns();

    ((_Atomic uint32_t *)card->doorbell)[TIME_1 / 4] = (uint32_t)(now >> 32);
    ((_Atomic uint32_t *)card->doorbell)[TIME_0 / 4] = (uint32_t)now;
}

static void
look(struct kmod_card *card, bool service)
{
    const bool rung =
        atomic_exchange((_Atomic uint32_t *)(card->doorbell + DOORBELL), NO_TOKEN) != NO_TOKEN;

    if (!rung && !service)
        return;
    pthread_mutex_lock(&card->kmod->lock);
    if (rung)
        let_run(card);
    else if (card->gpu->host.waiting)
        emu_host_service(card->gpu);
    kmod_nonstall_service(card);
    pthread_mutex_unlock(&card->kmod->lock);
}

static void *
watch(void *arg)
{
    struct kmod_card *card = arg;
    unsigned idle = 0;

    while (!atomic_load(&card->stop)) {
        const bool rung =
            atomic_load((_Atomic uint32_t *)(card->doorbell + DOORBELL)) != NO_TOKEN;
        const struct timespec nap = {0, idle < SPINS ? 20000 : 200000};

        idle = rung ? 0 : idle + 1;
        look(card, idle % 16 == 0);
        if (idle % 16 == 0)
            tell_time(card);
        if (idle > 64)
            nanosleep(&nap, NULL);
    }
    return NULL;
}

int
kmod_doorbell_file(struct kmod_card *card)
{
    const int fd = card->doorbell_fd >= 0 ? -1 : memfd_create("nvidia-usermode", MFD_CLOEXEC);

    if (card->doorbell_fd >= 0 || fd < 0)
        return card->doorbell_fd;
    card->doorbell =
        ftruncate(fd, KMOD_DOORBELL_BYTES) < 0
            ? MAP_FAILED
            : mmap(NULL, KMOD_DOORBELL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (card->doorbell == MAP_FAILED) {
        close(fd);
        return -1;
    }
    memset(card->doorbell + DOORBELL, 0xff, 4);
    tell_time(card);
    if (pthread_create(&card->watcher, NULL, watch, card) != 0) {
        munmap(card->doorbell, KMOD_DOORBELL_BYTES);
        close(fd);
        return -1;
    }
    card->doorbell_fd = fd;
    return fd;
}

void
kmod_doorbell_fini(struct kmod_card *card)
{
    if (card->doorbell_fd < 0)
        return;
    atomic_store(&card->stop, true);
    pthread_join(card->watcher, NULL);
    munmap(card->doorbell, KMOD_DOORBELL_BYTES);
    close(card->doorbell_fd);
    card->doorbell_fd = -1;
}
