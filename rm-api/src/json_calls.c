/* SPDX-License-Identifier: MIT */
/*
 * Calls by name with JSON: look the name up at the client's release, build the wire parameters,
 * call, and write what came back.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>
#include <rm/params.h>

#include "client_priv.h"

static int
read_params(struct rm_params *p, const char *json, struct gsp_error *err)
{
    if (!json || !*json)
        return 0;
    return rm_params_read(p, json, strlen(json), err);
}

int
rm_alloc_params(struct rm_client *c, rm_handle parent, uint32_t class_id, struct rm_params *p,
                rm_handle *handle_out, struct gsp_error *err)
{
    return rm_alloc(c, parent, class_id, p->wire, (uint32_t)p->bytes, handle_out, err);
}

int
rm_control_params(struct rm_client *c, rm_handle object, uint32_t cmd, struct rm_params *p,
                  struct gsp_error *err)
{
    int rc = rm_params_pointers(p, err);

    return rc < 0 ? rc : rm_control(c, object, cmd, p->wire, (uint32_t)p->bytes, err);
}

/* A class whose parameters are optional is allocated without any when none were given. */
static bool
send_none(const struct nvrm_class *cls, const char *json)
{
    return (!json || !*json) && (!cls || cls->optional);
}

int
rm_alloc_json(struct rm_client *c, rm_handle parent, const char *class_name,
              const char *params_json, rm_handle *handle_out, struct gsp_text *result,
              struct gsp_error *err)
{
    const struct nvrm_abi abi = c->backend->abi;
    const struct nvrm_layout *layout;
    const struct nvrm_class *cls;
    struct rm_params p;
    uint32_t id;
    int rc = rm_name_class(abi, class_name, &cls, &id, err);

    if (rc < 0)
        return rc;
    layout = send_none(cls, params_json) ? NULL : rm_class_layout(abi, cls);
    rc = rm_params_init(&p, abi, layout, c->host, err);
    if (rc == 0)
        rc = read_params(&p, params_json, err);
    if (rc == 0)
        rc = rm_alloc_params(c, parent, id, &p, handle_out, err);
    if (rc == 0 && result)
        rc = rm_params_write(&p, 0, result, err);
    rm_params_fini(&p);
    return rc;
}

int
rm_control_json(struct rm_client *c, rm_handle object, const char *control_name,
                const char *params_json, unsigned flags, struct gsp_text *result,
                struct gsp_error *err)
{
    const struct nvrm_abi abi = c->backend->abi;
    const struct nvrm_control *control;
    struct rm_params p;
    uint32_t id;
    int rc = rm_name_control(abi, control_name, &control, &id, err);

    if (rc < 0)
        return rc;
    rc = rm_params_init(&p, abi, control ? nvrm_struct_at(abi, control->params) : NULL, c->host,
                        err);
    if (rc == 0)
        rc = read_params(&p, params_json, err);
    if (rc == 0)
        rc = rm_control_params(c, object, id, &p, err);
    if (rc == 0 && result)
        rc = rm_params_write(&p, flags | GSP_JSON_POINTERS, result, err);
    rm_params_fini(&p);
    return rc;
}
