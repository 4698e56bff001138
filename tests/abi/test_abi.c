/* SPDX-License-Identifier: MIT */
/* The tables that this program is built with: whatever the releases, look-ups agree with each
 * other. */
#include "test.h"

#include <nvrm/schema.h>

static const struct nvrm_schema *
tables(void)
{
    return nvrm_schema_builtin();
}

/* Run fn at every release whose ABI differs from the ones before. */
static void
each_abi(void (*fn)(struct nvrm_abi abi))
{
    unsigned next = 0;

    for (unsigned r = 0; r < nvrm_release_count(tables()); r++) {
        if (nvrm_release_abi(tables(), (nvrm_release)r) != next)
            continue;
        next++;
        fn((struct nvrm_abi){tables(), (nvrm_release)r});
    }
    assert_true(next > 0);
}

static void
check_fields(struct nvrm_abi abi, const struct nvrm_layout *l, bool canonical)
{
    const struct nvrm_field *f = nvrm_layout_fields(abi.schema, l);

    for (unsigned i = 0; i < l->fields; i++) {
        const uint64_t end =
            f[i].offset + (uint64_t)f[i].count * nvrm_field_elem_bytes(abi.schema, &f[i]);
        const struct nvrm_note *n = nvrm_note_at(abi.schema, f[i].note);

        assert_true(end <= l->size);
        assert_true(f[i].type <= NVRM_STRUCT);
        assert_int_equal(f[i].type == NVRM_STRUCT,
                         nvrm_layout_at(abi.schema, f[i].ref) != NULL);
        if (f[i].type == NVRM_STRUCT)
            assert_int_equal(
                !!(nvrm_layout_at(abi.schema, f[i].ref)->flags & NVRM_LAYOUT_CANON), canonical);
        if (!n)
            continue;
        assert_true(n->count == NVRM_NONE || n->count < l->fields);
        assert_true(n->tag == NVRM_NONE || n->tag < l->fields);
        assert_true(n->as == NVRM_NONE || n->as < l->fields);
        for (unsigned k = 0; k < n->cases; k++)
            assert_true(nvrm_case_at(abi.schema, (uint16_t)(n->first_case + k))->member <
                        nvrm_layout_at(abi.schema, f[i].ref)->fields);
        if (n->set_kind == NVRM_SET_ENUM || n->set_kind == NVRM_SET_BITS)
            assert_true(nvrm_set_count(abi.schema, n->set) > 0);
    }
}

static void
check_structs(struct nvrm_abi abi)
{
    unsigned found = 0;

    for (unsigned i = 0; i < nvrm_struct_count(abi.schema); i++) {
        const char *name = nvrm_struct_name(abi.schema, (uint16_t)i);
        const struct nvrm_layout *l = nvrm_struct_at(abi, (uint16_t)i);

        assert_int_equal(nvrm_struct_row(abi.schema, name), i);
        if (!l)
            continue;
        found++;
        assert_false(l->flags & NVRM_LAYOUT_CANON);
        assert_string_equal(nvrm_str(abi.schema, l->name), name);
        check_fields(abi, l, false);
    }
    assert_true(found > 0);
}

static void
structs_are_closed_and_their_fields_lie_inside(void **state)
{
    (void)state;
    each_abi(check_structs);
}

static void
core_types_are_closed_too(void **state)
{
    const struct nvrm_abi abi = {tables(), nvrm_release_newest(tables())};
    unsigned found = 0;

    (void)state;
    for (unsigned i = 0; i < nvrm_struct_count(abi.schema); i++) {
        const struct nvrm_layout *l = nvrm_struct_canon(abi.schema, (uint16_t)i);

        if (l)
            check_fields(abi, l, true);
        found += l != NULL;
    }
    assert_true(found > 0);
}

static void
check_calls(struct nvrm_abi abi)
{
    for (unsigned i = 0; i < nvrm_control_count(abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(abi, i);

        if (!c)
            continue;
        assert_ptr_equal(nvrm_control_find(abi, nvrm_str(abi.schema, c->name)), c);
        assert_int_equal(nvrm_control_by_id(abi, c->id)->id, c->id);
        assert_true(c->params == NVRM_NONE || nvrm_struct_at(abi, c->params));
    }
    for (unsigned i = 0; i < nvrm_class_count(abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(abi, i);

        if (!c)
            continue;
        assert_int_equal(nvrm_class_by_id(abi, c->id)->id, c->id);
        assert_true(c->params == NVRM_NONE || nvrm_struct_at(abi, c->params));
    }
    for (unsigned i = 0; i < nvrm_rpc_count(abi.schema); i++) {
        const struct nvrm_rpc *f = nvrm_rpc_at(abi, i);

        assert_true(!f || nvrm_rpc_by_id(abi, f->id)->id == f->id);
    }
}

static void
calls_are_found_by_id_and_their_params_exist(void **state)
{
    (void)state;
    each_abi(check_calls);
}

static void
check_status(struct nvrm_abi abi)
{
    for (unsigned i = 0; i < nvrm_status_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_status_at(abi, i);
        const struct nvrm_const *again;

        if (!c)
            continue;
        again = nvrm_status_find(abi, nvrm_status_name(abi, (uint32_t)c->value));
        assert_int_equal(again->value, c->value);
    }
    assert_string_equal(nvrm_status_name(abi, 0), "NV_OK");
}

static void
status_codes_have_names(void **state)
{
    (void)state;
    each_abi(check_status);
}

static void
releases_are_in_order_and_have_parents(void **state)
{
    (void)state;
    for (unsigned r = 0; r < nvrm_release_count(tables()); r++) {
        const char *name = nvrm_release_name(tables(), (nvrm_release)r);
        const nvrm_release parent = nvrm_release_parent(tables(), (nvrm_release)r);

        assert_int_equal(nvrm_release_find(tables(), name), r);
        assert_int_equal(nvrm_release_nearest(tables(), name), r);
        assert_true(r == 0 ? parent == NVRM_NO_RELEASE : parent < r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_are_in_order_and_have_parents),
        cmocka_unit_test(structs_are_closed_and_their_fields_lie_inside),
        cmocka_unit_test(core_types_are_closed_too),
        cmocka_unit_test(calls_are_found_by_id_and_their_params_exist),
        cmocka_unit_test(status_codes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
