/* SPDX-License-Identifier: MIT */
/*
 * Differences between two calls: numbers, result, parameters, each by name. Handles are the
 * same when the objects behind them were made by the same allocation.
 */
#include "trace_compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
trace_pairs_fini(struct trace_pairs *p)
{
    gsp_handle_map_fini(&p->handles);
}

bool
trace_pairs_differ(const struct trace_pairs *p)
{
    return p->changed || p->only_a || p->only_b;
}

bool
trace_same_name(struct nvrm_abi abi_a, const struct gsp_trace_record *a, struct nvrm_abi abi_b,
                const struct gsp_trace_record *b)
{
    char room_a[64], room_b[64];

    return a->type == b->type &&
           !strcmp(gsp_trace_name(abi_a, a, room_a), gsp_trace_name(abi_b, b, room_b));
}

/* Sides */

static int
copy_params(struct trace_side *s, enum gsp_trace_exchange which, struct gsp_compare_side *to,
            struct gsp_error *err)
{
    void **wire = &s->owned[which];
    int rc = gsp_trace_params_copy(s->abi, s->record, which, NULL, wire, &to->bytes, err);

    to->abi = s->abi;
    to->layout = gsp_trace_layout(s->abi, s->record);
    to->wire = *wire;
    return rc;
}

int
trace_side_init(struct trace_side *s, struct nvrm_abi abi,
                const struct gsp_trace_record *record, struct gsp_error *err)
{
    int rc;

    *s = (struct trace_side){.abi = abi, .record = record};
    rc = copy_params(s, GSP_TRACE_IN, &s->in, err);
    return rc < 0 ? rc : copy_params(s, GSP_TRACE_OUT, &s->out, err);
}

void
trace_side_fini(struct trace_side *s)
{
    free(s->owned[GSP_TRACE_IN]);
    free(s->owned[GSP_TRACE_OUT]);
}

/* Printing */

static void
print_row(struct cli *cli, const json_t *row)
{
    const char *mark = cli_str(row, "mark");

    fprintf(cli->out, "%s %lld", mark,
            (long long)json_integer_value(json_object_get(row, *mark == '+' ? "b" : "a")));
    if (*mark == '!' && json_object_get(row, "b"))
        fprintf(cli->out, "/%lld", (long long)json_integer_value(json_object_get(row, "b")));
    fprintf(cli->out, " %s", cli_str(row, "type"));
    if (strcmp(cli_str(row, "type"), cli_str(row, "name")) != 0)
        fprintf(cli->out, " %s", cli_str(row, "name"));
    if (*mark == '!')
        fprintf(cli->out, ": %s: %s -> %s", cli_str(row, "field"), cli_str(row, "a_value"),
                cli_str(row, "b_value"));
    fputc('\n', cli->out);
}

static void
emit(struct trace_pairs *p, json_t *row)
{
    const int rc = cli_emit_row(p->cli, row, print_row);

    if (p->rc == CLI_OK)
        p->rc = rc;
}

static void
print_nothing(struct cli *cli, const json_t *row)
{
    (void)cli;
    (void)row;
}

void
trace_pairs_count(struct trace_pairs *p)
{
    const enum cli_format format = p->cli->options.format;
    json_t *row;
    int rc;

    if (format != CLI_JSON && format != CLI_JSONL && format != CLI_YAML)
        return;
    row = json_pack("{s:s, s:i, s:i, s:i, s:i}", "mark", "=", "agree", (int)p->same, "differ",
                    (int)p->changed, "only_a", (int)p->only_a, "only_b", (int)p->only_b);
    rc = cli_emit_row(p->cli, row, print_nothing);
    if (p->rc == CLI_OK)
        p->rc = rc;
}

static json_t *
row_of(const char *mark, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(r->type);
    char room[64];

    return json_pack("{s:s, s:s, s:s}", "mark", mark, "type", info ? info->name : "?", "name",
                     gsp_trace_name(abi, r, room));
}

void
trace_lone(struct trace_pairs *p, char side, struct nvrm_abi abi,
           const struct gsp_trace_record *record)
{
    json_t *row = row_of(side == 'a' ? "-" : "+", abi, record);

    json_object_set_new(row, side == 'a' ? "a" : "b", json_integer((json_int_t)record->number));
    *(side == 'a' ? &p->only_a : &p->only_b) += 1;
    emit(p, row);
}

/* One pair while it is compared. */
struct pair {
    struct trace_pairs *all;
    const struct trace_side *a, *b;
    const char *part; /* "in", "out" or NULL */
    unsigned differences;
};

static void
differ(void *ctx, const char *path, const char *a, const char *b)
{
    struct pair *p = ctx;
    json_t *row = row_of("!", p->a->abi, p->a->record);

    json_object_set_new(row, "a", json_integer((json_int_t)p->a->record->number));
    if (p->b->record->number)
        json_object_set_new(row, "b", json_integer((json_int_t)p->b->record->number));
    json_object_set_new(
        row, "field", json_sprintf("%s%s%s", p->part ? p->part : "", p->part ? "." : "", path));
    json_object_set_new(row, "a_value", json_string(a));
    json_object_set_new(row, "b_value", json_string(b));
    p->differences++;
    emit(p->all, row);
}

void
trace_remark(struct trace_pairs *p, struct nvrm_abi abi, const struct gsp_trace_record *record,
             const char *what, const char *a, const char *b)
{
    const struct gsp_trace_record none = {.type = record->type};
    const struct trace_side side_a = {.abi = abi, .record = record};
    const struct trace_side side_b = {.abi = abi, .record = &none};
    struct pair pair = {.all = p, .a = &side_a, .b = &side_b};

    differ(&pair, what, a, b);
    p->changed++;
}

/* Comparing */

static bool
same_handle(void *ctx, uint32_t a, uint32_t b)
{
    const struct pair *p = ctx;

    return gsp_handle_map_to(&p->all->handles, a) == b;
}

static bool
in_list(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *at = list; at && *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] != 0))
        if (strcspn(at, ",") == n && !strncmp(at, word, n))
            return true;
    return false;
}

static bool
ignore(void *ctx, const char *struct_name, const char *field)
{
    const struct pair *p = ctx;
    char full[160];

    if (gsp_trace_is_noise(struct_name, field))
        return true;
    snprintf(full, sizeof(full), "%s.%s", struct_name, field);
    return in_list(p->all->ignore, field) || in_list(p->all->ignore, full);
}

static bool
is_new_handle(const struct gsp_trace_record *r, unsigned i)
{
    return (r->type == GSP_TRACE_ALLOC || r->type == GSP_TRACE_DUP) && i == 2;
}

/* Numbers that mean nothing in another process. */
static bool
is_private(const struct gsp_trace_record *r, unsigned i)
{
    const char *name = gsp_trace_type_info(r->type)->arg[i].name;

    return !strcmp(name, "address") || !strcmp(name, "argument") || !strcmp(name, "fd") ||
           !strcmp(name, "lost") || !strcmp(name, "result");
}

static void
compare_numbers(struct pair *p)
{
    const struct gsp_trace_record *a = p->a->record, *b = p->b->record;
    const struct gsp_trace_type_info *info = gsp_trace_type_info(a->type);
    char ta[24], tb[24];

    if (!info) /* of a later version: what its numbers are is not known */
        return;
    for (unsigned i = 0; i < a->args && i < b->args && info->arg[i].name; i++) {
        const enum gsp_trace_kind kind = info->arg[i].kind;
        const bool same = kind == GSP_TRACE_HANDLE
                              ? same_handle(p, (uint32_t)a->arg[i], (uint32_t)b->arg[i])
                              : a->arg[i] == b->arg[i];

        if (same || is_private(a, i) || kind == GSP_TRACE_CLASS ||
            kind == GSP_TRACE_CONTROL_ID || kind == GSP_TRACE_FUNCTION)
            continue;
        snprintf(ta, sizeof(ta), "0x%llx", (unsigned long long)a->arg[i]);
        snprintf(tb, sizeof(tb), "0x%llx", (unsigned long long)b->arg[i]);
        differ(p, info->arg[i].name, ta, tb);
    }
}

static void
compare_part(struct pair *p, const char *part, const struct gsp_compare_side *a,
             const struct gsp_compare_side *b)
{
    const struct gsp_compare_config config = {
        .same_handle = same_handle, .ignore = ignore, .differ = differ, .ctx = p};

    p->part = part;
    if (a->bytes && b->bytes)
        (void)gsp_compare(&config, a, b);
    else if (a->bytes || b->bytes)
        differ(p, "parameters", a->bytes ? "present" : "none", b->bytes ? "present" : "none");
    p->part = NULL;
}

void
trace_pair(struct trace_pairs *all, const struct trace_side *a, const struct trace_side *b)
{
    struct pair p = {.all = all, .a = a, .b = b};
    char room_a[64], room_b[64];
    const char *result_a = gsp_trace_result(a->abi, a->record, room_a);
    const char *result_b = gsp_trace_result(b->abi, b->record, room_b);

    for (unsigned i = 0; i < a->record->args && i < b->record->args; i++)
        if (is_new_handle(a->record, i) &&
            gsp_handle_map_add(&all->handles, (uint32_t)a->record->arg[i],
                               (uint32_t)b->record->arg[i]) < 0)
            all->rc = cli_out_of_memory(all->cli);
    compare_numbers(&p);
    compare_part(&p, "in", &a->in, &b->in);
    if (strcmp(result_a, result_b) != 0)
        differ(&p, "result", result_a, result_b);
    else
        compare_part(&p, "out", &a->out, &b->out);
    *(p.differences ? &all->changed : &all->same) += 1;
}
