/* SPDX-License-Identifier: MIT */
/*
 * Calls of the card's GSP-RM for a client. A card that is lost, or whose GSP-RM is, refuses
 * them; what the module keeps itself is freed all the same.
 */
#include "embed.h"
#include "kmod_priv.h"
#include "object.h"
#include "status.h"

static const char control_rpc[] = "GSP_RM_CONTROL", alloc_rpc[] = "GSP_RM_ALLOC";

uint32_t
kmod_gsp_alloc(struct kmod_card *card, struct emu_alloc *a)
{
    const struct emu_embed_call call = {alloc_rpc, a->cls, a->client, a->parent};
    uint32_t status;

    if (!emu_embed_begin(card->gpu, &call, &status))
        return status;
    return emu_embed_end(card->gpu, &call, emu_rm_alloc(card->gpu, a));
}

/* RM forgets the object whatever becomes of the call. */
uint32_t
kmod_gsp_free(struct kmod_card *card, uint32_t client, uint32_t handle)
{
    const struct emu_embed_call call = {"FREE", handle, client, handle};
    const bool known = emu_object_find(card->gpu, client, handle);
    uint32_t status;

    if (emu_embed_begin(card->gpu, &call, &status))
        return emu_embed_end(card->gpu, &call, emu_rm_free(card->gpu, client, handle));
    (void)emu_rm_free(card->gpu, client, handle);
    return known ? NV_OK : NV_ERR_OBJECT_NOT_FOUND;
}

uint32_t
kmod_gsp_dup(struct kmod_card *card, uint32_t client, uint32_t parent, uint32_t *handle,
             uint32_t client_src, uint32_t handle_src)
{
    const struct emu_embed_call call = {"DUP_OBJECT", handle_src, client_src, handle_src};
    uint32_t status;

    if (!emu_embed_begin(card->gpu, &call, &status))
        return status;
    return emu_embed_end(card->gpu, &call,
                         emu_rm_dup(card->gpu, client, parent, handle, client_src, handle_src));
}

uint32_t
kmod_gsp_control(struct kmod_card *card, const struct kmod_control *k, uint8_t *params,
                 uint32_t room)
{
    const struct emu_embed_call call = {control_rpc, k->cmd, k->client, k->object};
    uint32_t status;

    if (!emu_embed_begin(card->gpu, &call, &status))
        return status;
    return emu_embed_end(
        card->gpu, &call,
        emu_rm_control_plain(card->gpu, k->client, k->object, k->cmd, params, k->bytes, room));
}
