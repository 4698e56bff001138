/* SPDX-License-Identifier: MIT */
/*
 * metrics: the text against the grammar of OpenMetrics, the file, the server.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

/* The grammar, as strict as the standard: every line is checked. */

struct family {
    char name[128], type[16], unit[32];
    bool has_help, has_samples;
};

/* Names: letters, digits, underscores; no digit first. */
static const char *
skip_name(const char *p)
{
    const char *from = p;

    assert_true(isalpha((unsigned char)*p) || *p == '_');
    while (isalnum((unsigned char)*p) || *p == '_')
        p++;
    assert_true(p > from);
    return p;
}

/* {a="b",c="d"} with the three escapes; returns what is behind it. */
static const char *
skip_labels(const char *p)
{
    assert_int_equal(*p, '{');
    do {
        p = skip_name(p + 1);
        assert_int_equal(p[0], '=');
        assert_int_equal(p[1], '"');
        for (p += 2; *p != '"'; p++) {
            assert_true(*p && *p != '\n');
            if (*p != '\\')
                continue;
            p++;
            assert_non_null(strchr("\\\"n", *p));
        }
        p++;
    } while (*p == ',');
    assert_int_equal(*p, '}');
    return p + 1;
}

static void
check_sample(struct family *f, const char *line)
{
    const size_t bytes = strlen(f->name);
    const char *p = skip_name(line), *value;
    char *end;

    assert_memory_equal(line, f->name, bytes);
    if (!strcmp(f->type, "counter"))
        assert_memory_equal(line + bytes, "_total{", 7);
    else
        assert_int_equal(line[bytes], '{');
    value = skip_labels(p);
    assert_int_equal(*value, ' ');
    assert_true(strtod(value + 1, &end) >= 0 && end > value + 1);
    assert_int_equal(*end, '\0'); /* no time: the collector knows it better */
    f->has_samples = true;
}

/* A family is one block: TYPE, UNIT, HELP, samples; its name ends in its unit. */
static void
check_head(struct family *f, const char *line)
{
    char what[8], name[128], rest[256];

    assert_int_equal(sscanf(line, "# %7s %127s %255[^\n]", what, name, rest), 3);
    if (!strcmp(what, "TYPE")) {
        assert_true(!f->name[0] || (f->has_help && f->has_samples));
        memset(f, 0, sizeof(*f));
        snprintf(f->name, sizeof(f->name), "%s", name);
        snprintf(f->type, sizeof(f->type), "%s", rest);
        assert_true(!strcmp(rest, "gauge") || !strcmp(rest, "counter"));
        assert_memory_equal(name, "nvrm_", 5);
        return;
    }
    assert_string_equal(name, f->name);
    assert_false(f->has_samples);
    if (!strcmp(what, "HELP")) {
        f->has_help = true;
        return;
    }
    assert_string_equal(what, "UNIT");
    assert_true(strlen(name) > strlen(rest) + 1);
    assert_string_equal(name + strlen(name) - strlen(rest), rest);
}

static unsigned
check_text(char *text)
{
    struct family f = {0};
    unsigned samples = 0;
    char *line, *next;

    assert_true(strlen(text) > 6);
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    text[strlen(text) - 6] = '\0';
    for (line = text; *line; line = next) {
        next = strchr(line, '\n');
        assert_non_null(next);
        *next++ = '\0';
        assert_true(*line);
        if (*line == '#') {
            check_head(&f, line);
        } else {
            check_sample(&f, line);
            samples++;
        }
    }
    assert_true(f.has_samples);
    return samples;
}

static void
every_line_is_of_the_grammar(void **state)
{
    char *out =
        cli_expect("nvrm-cli metrics emu:GH100 'emu?fault=xid:79' 'emu?fault=off-bus'", 0);

    (void)state;
    assert_non_null(strstr(out, "nvrm_up{card=\"2\",uuid=\"\",pci=\"\",name=\"\"} 0\n"));
    assert_non_null(strstr(out, ",xid=\"79\"} 1\n"));
    assert_null(strstr(out, "power")); /* RM does not tell it: no sample */
    assert_true(check_text(out) > 20);
    free(out);
}

static void
a_stranger_reads_it(void **state)
{
    static const char parse[] =
        "/usr/bin/python3 -c 'import sys; from prometheus_client.openmetrics import parser; "
        "n = len(list(parser.text_string_to_metric_families(sys.stdin.read()))); "
        "sys.exit(n < 10)'";
    char command[512];

    (void)state;
    if (system("/usr/bin/python3 -c 'import prometheus_client' 2> /dev/null") != 0)
        skip();
    snprintf(command, sizeof(command), "nvrm-cli metrics emu:GH100 'emu?fault=xid:79' | %s",
             parse);
    cli_expect_text(command, 0, NULL, NULL);
}

static void
json_has_the_readings(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j metrics emu:GH100 emu:TU102");

    (void)state;
    assert_int_equal(json_array_size(json_object_get(doc, "cards")), 2);
    json_decref(doc);
    cli_expect_text("nvrm-cli metrics > /dev/full", 1, NULL, "cannot write");
    cli_expect_text("nvrm-cli metrics | head -n 1", 0, "# TYPE nvrm_up gauge\n", NULL);
}

/* Files */

static void
the_file_is_there_as_a_whole_or_not_at_all(void **state)
{
    char *out = cli_expect("d=$(mktemp -d) && echo old > $d/a.prom && "
                           "nvrm-cli metrics --textfile $d/a.prom && ls $d && cat $d/a.prom; "
                           "rm -r $d",
                           0);

    (void)state;
    assert_memory_equal(out, "a.prom\n", 7); /* nothing beside it */
    check_text(out + 7);
    free(out);
}

static void
a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    cli_expect_text("d=$(mktemp -d) && echo old > $d/a.prom && (trap '' XFSZ; ulimit -f 0; "
                    "nvrm-cli metrics --textfile $d/a.prom; echo code $?) 2>&1 | "
                    "grep -o 'File too large\\|code.*'; ls $d; cat $d/a.prom; rm -r $d",
                    0, "File too large\ncode 1\na.prom\nold\n", NULL);
    cli_expect_text("nvrm-cli metrics --textfile /dev/full", 2, NULL, "/dev/full is no file");
    cli_expect_text("nvrm-cli metrics --textfile /no/such/folder/a.prom", 1, NULL,
                    "No such file or directory");
}

static void
options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli metrics --textfile /tmp/x --listen 1", 2, NULL,
                    "do not go together");
    cli_expect_text("nvrm-cli metrics --listen http", 2, NULL, "is not [ADDRESS:]PORT");
    cli_expect_text("nvrm-cli metrics --listen 70000", 2, NULL, "is not [ADDRESS:]PORT");
    cli_expect_text("nvrm-cli metrics --listen ::1:9", 2, NULL, "is not [ADDRESS:]PORT");
    cli_expect_text("nvrm-cli metrics --listen node1:9400", 2, NULL, "is not [ADDRESS:]PORT");
    cli_expect_text("nvrm-cli metrics --listen :9400", 2, NULL, "is not [ADDRESS:]PORT");
}

/* The server */

struct server {
    pid_t pid;
    uint16_t port;
};

/* It says its port on stderr once it listens. */
static void
serve(struct server *s)
{
    char line[256] = "";
    size_t used = 0;
    const char *port;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        execl(NVRM_CLI_DIR "/nvrm-cli", "nvrm-cli", "metrics", "--listen", "127.0.0.1:0",
              "emu:GH100", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    while (!strchr(line, '\n') && used + 1 < sizeof(line)) {
        const ssize_t n = read(fds[0], line + used, sizeof(line) - 1 - used);

        assert_true(n > 0);
        used += (size_t)n;
    }
    close(fds[0]);
    port = strstr(line, "port ");
    assert_non_null(port);
    s->port = (uint16_t)strtoul(port + 5, NULL, 10);
    assert_true(s->port > 0);
}

static int
stop(struct server *s, int signal_number)
{
    int status;

    kill(s->pid, signal_number);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What is answered to these bytes; to be freed. */
static char *
ask(const struct server *s, const char *request, size_t bytes)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(s->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char *answer = calloc(1, 1 << 16);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t used = 0;

    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(send(fd, request, bytes, MSG_NOSIGNAL), bytes);
    for (ssize_t n; (n = read(fd, answer + used, (1 << 16) - 1 - used)) > 0;)
        used += (size_t)n;
    close(fd);
    return answer;
}

static char *
ask_text(const struct server *s, const char *request)
{
    return ask(s, request, strlen(request));
}

static void
expect_answer(const struct server *s, const char *request, const char *status)
{
    char *answer = ask_text(s, request);

    if (strncmp(answer, status, strlen(status)) != 0)
        fail_msg("%s: answered %.60s", request, answer);
    free(answer);
}

static void
a_collector_gets_the_metrics(void **state)
{
    char *answer, *body;
    struct server s;

    (void)state;
    serve(&s);
    answer = ask_text(&s, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(answer, "Content-Type: application/openmetrics-text; "
                                   "version=1.0.0; charset=utf-8\r\n"));
    body = strstr(answer, "\r\n\r\n") + 4;
    assert_int_equal(strtoul(strstr(answer, "Content-Length: ") + 16, NULL, 10), strlen(body));
    assert_true(check_text(body) > 5);
    free(answer);
    assert_int_equal(stop(&s, SIGTERM), 0);
}

static void
other_requests_are_answered_too(void **state)
{
    struct server s;
    char *answer, *longer;

    (void)state;
    serve(&s);
    expect_answer(&s, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ");
    expect_answer(&s, "GET /metricsx HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ");
    expect_answer(&s, "POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ");
    expect_answer(&s, "hello\r\n\r\n", "HTTP/1.1 400 ");
    expect_answer(&s, "GET /metrics HTTP/3\r\n\r\n", "HTTP/1.1 400 ");
    answer = ask_text(&s, "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n");
    free(answer);
    longer = malloc(8192);
    memset(longer, 'a', 8192);
    answer = ask(&s, longer, 8192);
    assert_memory_equal(answer, "HTTP/1.1 431 ", 13);
    free(answer);
    free(longer);
    expect_answer(&s, "GET /metrics?a=b HTTP/1.0\n\n", "HTTP/1.1 200 ");
    assert_int_equal(stop(&s, SIGINT), 130);
}

static void
a_port_that_is_taken_is_told(void **state)
{
    char command[128];
    struct server s;

    (void)state;
    serve(&s);
    snprintf(command, sizeof(command), "nvrm-cli metrics --listen %u", s.port);
    cli_expect_text(command, 3, NULL, "another program has this port");
    assert_int_equal(stop(&s, SIGTERM), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_of_the_grammar),
        cmocka_unit_test(a_stranger_reads_it),
        cmocka_unit_test(json_has_the_readings),
        cmocka_unit_test(the_file_is_there_as_a_whole_or_not_at_all),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(a_collector_gets_the_metrics),
        cmocka_unit_test(other_requests_are_answered_too),
        cmocka_unit_test(a_port_that_is_taken_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
