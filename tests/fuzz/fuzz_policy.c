/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as a policy file: what is accepted judges every control of one release. */
#include <stdlib.h>

#include "policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    const struct nvrm_abi abi = {schema, nvrm_release_newest(schema)};
    struct gsp_error err = {0};
    struct policy_verdict v;
    struct policy *p;

    if (policy_load_text((const char *)data, size, "fuzz", &p, &err) < 0)
        return err.rc < 0 && err.text[0] ? 0 : (abort(), 0);
    json_decref(policy_json(p));
    for (unsigned i = 0; i < nvrm_control_count(schema); i += 50) {
        const struct nvrm_control *c = nvrm_control_at(abi, i);
        struct policy_subject s = {POLICY_CONTROL, abi, .control = c, .name = "",
                                   .chip = "AD102"};

        if (c) {
            s.name = nvrm_str(schema, c->name);
            s.id = c->id;
        }
        policy_judge(p, &s, &v);
        if (!v.rule[0] || (!v.allowed && (!v.why[0] || !v.hint[0])))
            abort();
    }
    policy_close(p);
    return 0;
}
