/* SPDX-License-Identifier: MIT */
/* A backend at the other end of a socket: the broker is a thread over a fake backend. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gsp/remote.h>
#include <gsp/trace.h>

#include "../rm-api/fake_backend.h"
#include "test.h"

static const char release[] = "570.144";

struct rig {
    struct fake_backend fake;
    struct gsp_broker_config broker;
    struct gsp_remote_config client;
    struct gsp_error err;
    struct gsp_backend *b;
    int fd[2];
    int served; /* what the broker returned */
    pthread_t thread;
};

static ssize_t
read_fd(void *ctx, void *to, size_t bytes, int timeout_ms)
{
    struct pollfd p = {.fd = *(int *)ctx, .events = POLLIN};

    if (poll(&p, 1, timeout_ms) <= 0)
        return -EAGAIN;
    return read(p.fd, to, bytes);
}

static ssize_t
write_fd(void *ctx, const void *from, size_t bytes, int timeout_ms)
{
    const ssize_t n = send(*(int *)ctx, from, bytes, MSG_NOSIGNAL);

    (void)timeout_ms;
    return n < 0 ? -errno : n;
}

static void *
serve(void *ctx)
{
    struct rig *r = ctx;

    r->served = gsp_broker_serve(&r->broker, NULL);
    shutdown(r->fd[1], SHUT_RDWR);
    return NULL;
}

static void
set_up(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    fake_init(&r->fake, release);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->fd), 0);
    r->broker = (struct gsp_broker_config){
        .io = {&r->fd[1], read_fd, write_fd},
        .backend = &r->fake.base,
        .chip = "GA102",
        .transport = "fake"
    };
    r->client = (struct gsp_remote_config){
        .io = {&r->fd[0], read_fd, write_fd},
        .schema = r->fake.base.abi.schema,
        .release = NVRM_NO_RELEASE,
        .hello_ns = 2000000000,
        .timeout_ns = 2000000000
    };
}

static void
connect_rig(struct rig *r)
{
    set_up(r);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
    assert_int_equal(gsp_remote_open(&r->client, &r->b, &r->err), 0);
}

static void
disconnect(struct rig *r)
{
    r->b->ops->close(r->b);
    shutdown(r->fd[0], SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->fd[0]);
    close(r->fd[1]);
}

/* A broker of fixed words. */
static int
open_against(struct rig *r, const char *words)
{
    int rc;

    set_up(r);
    assert_int_equal(write(r->fd[1], words, strlen(words)), strlen(words));
    shutdown(r->fd[1], SHUT_WR);
    rc = gsp_remote_open(&r->client, &r->b, &r->err);
    if (rc < 0) {
        close(r->fd[0]);
        close(r->fd[1]);
    }
    return rc;
}

static void
the_release_and_the_card_are_the_brokers(void **state)
{
    struct rig r;

    (void)state;
    connect_rig(&r);
    assert_string_equal(nvrm_release_name(r.b->abi.schema, r.b->abi.release), release);
    assert_string_equal(gsp_remote_chip(r.b), "GA102");
    assert_string_equal(gsp_remote_transport(r.b), "fake");
    assert_string_equal(gsp_remote_chip(&r.fake.base), "");
    disconnect(&r);
    assert_int_equal(r.served, 0);
}

static void
calls_arrive_as_they_were_made(void **state)
{
    uint8_t params[16] = {1, 2, 3, 0xff};
    struct rig r;

    (void)state;
    connect_rig(&r);
    assert_int_equal(r.b->ops->alloc(r.b, 0x10, 0x20, 0x30, 0x80, params, 16, &r.err), 0);
    assert_int_equal(fake_last(&r.fake)->op, 'a');
    assert_int_equal(fake_last(&r.fake)->client, 0x10);
    assert_int_equal(fake_last(&r.fake)->parent, 0x20);
    assert_int_equal(fake_last(&r.fake)->object, 0x30);
    assert_int_equal(fake_last(&r.fake)->id, 0x80);
    assert_memory_equal(fake_last(&r.fake)->params, params, 16);
    assert_int_equal(r.b->ops->dup(r.b, 1, 2, 3, 4, 5, 6, &r.err), 0);
    assert_int_equal(fake_last(&r.fake)->op, 'd');
    assert_int_equal(r.b->ops->free(r.b, 1, 2, 0xfffffffe, &r.err), 0);
    assert_int_equal(fake_last(&r.fake)->op, 'f');
    assert_int_equal(fake_last(&r.fake)->object, 0xfffffffe);
    disconnect(&r);
}

static void
an_answer_fills_the_parameters(void **state)
{
    static const uint8_t answer[8] = {9, 8, 7, 6, 5, 4, 3, 2};
    uint8_t params[8] = {0};
    struct rig r;

    (void)state;
    connect_rig(&r);
    r.fake.answer = answer;
    r.fake.answer_bytes = sizeof(answer);
    assert_int_equal(r.b->ops->control(r.b, 1, 2, 0x20800403, params, 8, &r.err), 0);
    assert_memory_equal(params, answer, 8);
    disconnect(&r);
}

static void
a_status_of_rm_stays_what_rm_said(void **state)
{
    uint8_t params[8] = {0};
    struct rig r;

    (void)state;
    connect_rig(&r);
    r.fake.refuse_op = 'c';
    r.fake.refuse_status = 0x56;
    assert_int_equal(r.b->ops->control(r.b, 1, 2, 0x20800403, params, 8, &r.err), -EREMOTEIO);
    assert_int_equal(r.err.origin, GSP_ORIGIN_RM);
    assert_int_equal(r.err.nv_status, 0x56);
    assert_non_null(strstr(r.err.text, "NV_ERR_NOT_SUPPORTED"));
    disconnect(&r);
}

/* NV2080_CTRL_CMD_FB_GET_INFO: a count, and a pointer to as many pairs. */
struct fb_info {
    uint32_t size, pad;
    uint64_t list;
};

static int
double_list(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
            void *params, uint32_t bytes, struct gsp_error *err)
{
    struct fb_info p;
    uint32_t pair[2];

    (void)b;
    (void)hClient;
    (void)hObject;
    (void)cmd;
    (void)err;
    assert_int_equal(bytes, sizeof(p));
    memcpy(&p, params, sizeof(p));
    for (uint32_t i = 0; p.list && i < p.size; i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)p.list + i * sizeof(pair);

        memcpy(pair, at, sizeof(pair));
        pair[1] = pair[0] * 2;
        memcpy(at, pair, sizeof(pair));
    }
    return 0;
}

static void
what_pointers_lead_to_travels_both_ways(void **state)
{
    uint32_t list[6] = {1, 0, 2, 0, 21, 0};
    struct fb_info p = {.size = 3, .list = (uintptr_t)list};
    struct rig r;

    (void)state;
    connect_rig(&r);
    r.fake.ops.control = double_list;
    assert_int_equal(r.b->ops->control(r.b, 1, 2, 0x20801301, &p, sizeof(p), &r.err), 0);
    assert_int_equal(list[1], 2);
    assert_int_equal(list[5], 42);
    assert_true(p.list == (uintptr_t)list);
    p = (struct fb_info){.size = 0};
    assert_int_equal(r.b->ops->control(r.b, 1, 2, 0x20801301, &p, sizeof(p), &r.err), 0);
    disconnect(&r);
}

static void
pointers_that_cannot_travel_are_refused_by_name(void **state)
{
    uint8_t params[4096], *at = params;
    const struct nvrm_control *c;
    const struct nvrm_field *f;
    struct rig r;
    unsigned refused = 0;
    uint64_t value;

    (void)state;
    connect_rig(&r);
    for (unsigned i = 0; i < nvrm_control_count(r.b->abi.schema); i++) {
        const struct nvrm_layout *l;

        c = nvrm_control_at(r.b->abi, i);
        l = c ? nvrm_struct_at(r.b->abi, c->params) : NULL;
        if (!l || !(l->flags & NVRM_LAYOUT_PTR) || l->size > sizeof(params))
            continue;
        memset(params, 0, sizeof(params));
        value = (uintptr_t)at;
        f = nvrm_layout_fields(r.b->abi.schema, l);
        for (unsigned k = 0; k < l->fields; k++) { /* counts stay 0 */
            if (f[k].type == NVRM_PTR)
                memcpy(params + f[k].offset, &value, 8);
        }
        r.err.text[0] = '\0';
        if (r.b->ops->control(r.b, 1, 2, c->id, params, l->size, &r.err) != -EOPNOTSUPP)
            continue;
        assert_non_null(strstr(r.err.text, "cannot travel to another machine"));
        refused++;
    }
    assert_true(refused > 0);
    disconnect(&r);
}

static void
an_event_comes_once(void **state)
{
    struct gsp_event e;
    struct rig r;

    (void)state;
    connect_rig(&r);
    r.fake.event =
        (struct gsp_event){.function = 0x1006, .lost = 2, .payload = "abc", .payload_bytes = 3};
    assert_int_equal(r.b->ops->event_next(r.b, &e, 1000000000, &r.err), 0);
    assert_int_equal(e.function, 0x1006);
    assert_int_equal(e.lost, 2);
    assert_int_equal(e.payload_bytes, 3);
    assert_memory_equal(e.payload, "abc", 3);
    assert_int_equal(r.b->ops->event_next(r.b, &e, 0, &r.err), -EAGAIN);
    disconnect(&r);
}

static void
a_missing_operation_is_missing_here_too(void **state)
{
    struct rig r;

    (void)state;
    set_up(&r);
    r.fake.ops.rpc = NULL;
    r.fake.ops.event_next = NULL;
    assert_int_equal(pthread_create(&r.thread, NULL, serve, &r), 0);
    assert_int_equal(gsp_remote_open(&r.client, &r.b, &r.err), 0);
    assert_null(r.b->ops->rpc);
    assert_null(r.b->ops->event_next);
    disconnect(&r);
}

static int
deny(void *ctx, uint32_t cmd, struct gsp_error *err)
{
    (void)ctx;
    return gsp_fail(err, GSP_ORIGIN_POLICY, -EPERM, "not 0x%x here", cmd);
}

static void
the_broker_has_a_policy_of_its_own(void **state)
{
    uint8_t params[8] = {0};
    struct rig r;

    (void)state;
    set_up(&r);
    r.broker.allow_control = deny;
    assert_int_equal(pthread_create(&r.thread, NULL, serve, &r), 0);
    assert_int_equal(gsp_remote_open(&r.client, &r.b, &r.err), 0);
    assert_int_equal(r.b->ops->control(r.b, 1, 2, 0x20800403, params, 8, &r.err), -EPERM);
    assert_int_equal(r.err.origin, GSP_ORIGIN_POLICY);
    assert_string_equal(r.err.text, "not 0x20800403 here");
    assert_int_equal(fake_count(&r.fake, 'c'), 0);
    disconnect(&r);
}

static void
a_broker_that_cannot_open_its_card_says_why(void **state)
{
    struct gsp_error why = {.origin = GSP_ORIGIN_TRANSPORT, .rc = -ENODEV, .text = "no card"};
    struct rig r;

    (void)state;
    set_up(&r);
    r.broker.backend = NULL;
    assert_int_equal(gsp_broker_fail(&r.broker, &why, NULL), 0);
    assert_int_equal(gsp_remote_open(&r.client, &r.b, &r.err), -ENODEV);
    assert_int_equal(r.err.origin, GSP_ORIGIN_TRANSPORT);
    assert_string_equal(r.err.text, "no card");
    close(r.fd[0]);
    close(r.fd[1]);
}

static void
another_version_is_named(void **state)
{
    struct rig r;

    (void)state;
    assert_int_equal(open_against(&r, "{\"nvrm\":7}\n"), -EPROTO);
    assert_non_null(strstr(r.err.text, "version 7"));
    assert_non_null(strstr(r.err.text, "version 1"));
}

static void
another_schema_is_named(void **state)
{
    struct rig r;

    (void)state;
    assert_int_equal(
        open_against(&r, "{\"nvrm\":1,\"release\":\"570.144\",\"schema\":\"0x12\"}\n"),
        -EPROTO);
    assert_non_null(strstr(r.err.text, "0x12"));
    assert_int_equal(open_against(&r, "{\"nvrm\":1,\"release\":\"1.2\"}\n"), -ENOENT);
    assert_non_null(strstr(r.err.text, "1.2"));
}

static void
another_release_than_the_wanted_one_is_refused(void **state)
{
    struct rig r;

    (void)state;
    set_up(&r);
    r.client.release = nvrm_release_find(r.client.schema, "535.113.01");
    assert_int_equal(pthread_create(&r.thread, NULL, serve, &r), 0);
    assert_int_equal(gsp_remote_open(&r.client, &r.b, &r.err), -EINVAL);
    assert_non_null(strstr(r.err.text, "570.144"));
    assert_non_null(strstr(r.err.text, "535.113.01"));
    shutdown(r.fd[0], SHUT_RDWR);
    pthread_join(r.thread, NULL);
    close(r.fd[0]);
    close(r.fd[1]);
}

static void
what_is_no_broker_is_refused(void **state)
{
    struct rig r;

    (void)state;
    assert_int_equal(open_against(&r, "Welcome to node1!\n"), -EBADMSG);
    assert_non_null(strstr(r.err.hint, "shell"));
    assert_int_equal(open_against(&r, ""), -EPIPE);
    assert_int_equal(open_against(&r, "{\"nvrm\":"), -EBADMSG);
}

static void
a_silent_broker_costs_no_more_than_the_deadline(void **state)
{
    struct rig r;

    (void)state;
    set_up(&r);
    r.client.hello_ns = 200000000;
    assert_int_equal(gsp_remote_open(&r.client, &r.b, &r.err), -ETIMEDOUT);
    assert_int_equal(r.err.origin, GSP_ORIGIN_PROTOCOL);
    close(r.fd[0]);
    close(r.fd[1]);
}

static void
a_dead_broker_ends_every_later_call(void **state)
{
    uint8_t params[8] = {0};
    struct rig r;

    (void)state;
    connect_rig(&r);
    shutdown(r.fd[1], SHUT_RDWR);
    assert_int_equal(r.b->ops->control(r.b, 1, 2, 0x20800403, params, 8, &r.err), -EPIPE);
    assert_int_equal(r.err.origin, GSP_ORIGIN_TRANSPORT);
    memset(&r.err, 0, sizeof(r.err));
    assert_int_equal(r.b->ops->free(r.b, 1, 2, 3, &r.err), -EPIPE);
    assert_non_null(strstr(r.err.text, "gone"));
    disconnect(&r);
}

static void
a_request_that_makes_no_sense_is_answered(void **state)
{
    static const char request[] =
        "{\"id\":4,\"op\":\"fly\"}\n{\"id\":5,\"op\":\"free\",\"args\":"
        "[1]}\n";
    char answer[2048] = "";
    size_t got = 0;
    struct rig r;

    (void)state;
    set_up(&r);
    assert_int_equal(pthread_create(&r.thread, NULL, serve, &r), 0);
    assert_int_equal(write(r.fd[0], request, strlen(request)), strlen(request));
    shutdown(r.fd[0], SHUT_WR);
    for (ssize_t n; (n = read(r.fd[0], answer + got, sizeof(answer) - 1 - got)) > 0;)
        got += (size_t)n;
    pthread_join(r.thread, NULL);
    assert_int_equal(r.served, 0);
    assert_non_null(strstr(answer, "no operation 'fly'"));
    assert_non_null(strstr(answer, "free with wrong arguments"));
    close(r.fd[0]);
    close(r.fd[1]);
}

/* Every allocation fails once: no leak, no crash, and the error says so. */
struct budget {
    unsigned left;
};

static void *
limited(void *ctx, void *old, size_t bytes)
{
    struct budget *b = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    if (!b->left)
        return NULL;
    b->left--;
    return realloc(old, bytes);
}

static int
try_within(struct rig *r, struct budget *budget)
{
    const struct gsp_host host = {.ctx = budget, .realloc = limited};
    uint32_t list[2] = {1, 0};
    struct fb_info p = {.size = 1, .list = (uintptr_t)list};
    int rc;

    set_up(r);
    r->client.host = &host;
    r->fake.ops.control = double_list;
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
    rc = gsp_remote_open(&r->client, &r->b, &r->err);
    if (rc == 0) {
        rc = r->b->ops->control(r->b, 1, 2, 0x20801301, &p, sizeof(p), &r->err);
        disconnect(r);
    } else {
        shutdown(r->fd[0], SHUT_RDWR);
        pthread_join(r->thread, NULL);
        close(r->fd[0]);
        close(r->fd[1]);
    }
    return rc;
}

static void
running_out_of_memory_is_an_error(void **state)
{
    struct budget budget;
    struct rig r;
    unsigned n = 0;
    int rc;

    (void)state;
    do {
        budget.left = n;
        rc = try_within(&r, &budget);
        assert_true(rc == 0 || rc == -ENOMEM);
    } while (rc < 0 && ++n < 64);
    assert_int_equal(rc, 0);
    assert_true(n > 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_release_and_the_card_are_the_brokers),
        cmocka_unit_test(calls_arrive_as_they_were_made),
        cmocka_unit_test(an_answer_fills_the_parameters),
        cmocka_unit_test(a_status_of_rm_stays_what_rm_said),
        cmocka_unit_test(what_pointers_lead_to_travels_both_ways),
        cmocka_unit_test(pointers_that_cannot_travel_are_refused_by_name),
        cmocka_unit_test(an_event_comes_once),
        cmocka_unit_test(a_missing_operation_is_missing_here_too),
        cmocka_unit_test(the_broker_has_a_policy_of_its_own),
        cmocka_unit_test(a_broker_that_cannot_open_its_card_says_why),
        cmocka_unit_test(another_version_is_named),
        cmocka_unit_test(another_schema_is_named),
        cmocka_unit_test(another_release_than_the_wanted_one_is_refused),
        cmocka_unit_test(what_is_no_broker_is_refused),
        cmocka_unit_test(a_silent_broker_costs_no_more_than_the_deadline),
        cmocka_unit_test(a_dead_broker_ends_every_later_call),
        cmocka_unit_test(a_request_that_makes_no_sense_is_answered),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
