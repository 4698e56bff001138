/* SPDX-License-Identifier: MIT */
/*
 * Typed calls: the caller's canonical struct is moved to the release's layout by a copy plan
 * and, for controls, moved back.
 */
#include <errno.h>

#include <rm/name.h>

#include "client_priv.h"

static int
plan_of(struct rm_client *c, uint16_t struct_row, const struct gsp_plan **plan_out,
        struct gsp_error *err)
{
    int rc = 0;

    *plan_out = NULL;
    if (struct_row == NVRM_NONE)
        return 0;
    if (!c->codec)
        rc = gsp_codec_create(c->backend->abi, c->host, &c->codec, err);
    if (rc < 0)
        return rc;
    *plan_out = gsp_codec_plan(c->codec, struct_row, err);
    if (*plan_out)
        return 0;
    return err && err->rc < 0 ? err->rc : -EINVAL;
}

static int
encode(struct rm_client *c, const struct gsp_plan *plan, const void *canon, void **wire_out,
       struct gsp_error *err)
{
    const size_t bytes = gsp_plan_wire_bytes(plan);
    void *wire = gsp_host_alloc(c->host, bytes);
    int rc;

    if (!wire)
        return rm_no_memory(err, "typed call");
    rc = gsp_encode(plan, canon, wire, bytes, err);
    if (rc < 0) {
        gsp_host_free(c->host, wire);
        return rc;
    }
    *wire_out = wire;
    return 0;
}

int
rm_alloc_typed(struct rm_client *c, rm_handle parent, const char *class_name,
               const void *params, rm_handle *handle_out, struct gsp_error *err)
{
    const struct nvrm_class *cls;
    const struct gsp_plan *plan;
    void *wire = NULL;
    uint32_t id;
    int rc = rm_name_class(c->backend->abi, class_name, &cls, &id, err);

    if (rc < 0)
        return rc;
    rc = plan_of(c, params && cls ? cls->params : NVRM_NONE, &plan, err);
    if (rc == 0 && plan)
        rc = encode(c, plan, params, &wire, err);
    if (rc == 0)
        rc = rm_alloc(c, parent, id, wire, plan ? (uint32_t)gsp_plan_wire_bytes(plan) : 0,
                      handle_out, err);
    gsp_host_free(c->host, wire);
    return rc;
}

int
rm_control_typed(struct rm_client *c, rm_handle object, const char *control_name, void *params,
                 struct gsp_error *err)
{
    const struct nvrm_control *control;
    const struct gsp_plan *plan;
    void *wire = NULL;
    uint32_t id, bytes;
    int rc = rm_name_control(c->backend->abi, control_name, &control, &id, err);

    if (rc < 0)
        return rc;
    rc = plan_of(c, params && control ? control->params : NVRM_NONE, &plan, err);
    if (rc < 0)
        return rc;
    bytes = plan ? (uint32_t)gsp_plan_wire_bytes(plan) : 0;
    if (plan)
        rc = encode(c, plan, params, &wire, err);
    if (rc == 0)
        rc = rm_control(c, object, id, wire, bytes, err);
    if (rc == 0 && plan)
        rc = gsp_decode(plan, wire, bytes, params, err);
    gsp_host_free(c->host, wire);
    return rc;
}
